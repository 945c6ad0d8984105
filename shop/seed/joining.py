"""The demonstration's producer with papers and members, and people who ask to sell: all of it made up and marked so."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from shop.accounts import passwords
from shop.accounts import services as accounts
from shop.kernel import clock
from shop.kernel.actor import SYSTEM, Actor
from shop.places.models import HOME_PROVINCE
from shop.producers import queries
from shop.producers.models import PaperKind
from shop.producers.services import joining, members, papers
from shop.seed.then import Past

MARK = "(minh họa)"
PHONE = "+849000002{:02d}"  # of the closed block that the buyers have, none of whom has these


def paper_file(line: str) -> bytes:
    """A PDF of one page that says in plain letters what it is: the same bytes for the same line."""
    words = f"GIAY TO MINH HOA / SAMPLE PAPER - {line}".encode("ascii")
    stream = b"BT /F1 16 Tf 60 760 Td (" + words + b") Tj ET"
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    made, places = b"%PDF-1.4\n", []
    for n, part in enumerate(parts, start=1):
        places.append(len(made))
        made += b"%d 0 obj%s endobj\n" % (n, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return made + b"xref\n0 6\n0000000000 65535 f \n%strailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        table, len(made),
    )  # fmt: skip


class _Life:
    """What happens, in the order of time, with one source of chance."""

    def __init__(self, seed: int, now: datetime, office: Actor) -> None:
        self.rng = random.Random(f"demo:joining:{seed}")
        self.past = Past(self.rng)
        self.now, self.office = now, office

    def ago(self, days: int, hours: int = 2) -> datetime:
        return self.now - timedelta(days=days, hours=hours)

    def key(self) -> str:
        return f"seed:demo:{self.rng.getrandbits(64):016x}"

    def person(self, name: str, word: str, phone: int) -> Actor:
        user_id = accounts.create(
            SYSTEM, name=f"{name} {MARK}", email=f"{word}@example.vn", phone=PHONE.format(phone), password=passwords.DEMO,
            confirmed=True,
        )  # fmt: skip
        return Actor("user", f"{name} {MARK}", user_id)

    def paper(
        self,
        actor: Actor,
        owner: papers.Owner,
        kind: PaperKind,
        number: str,
        issuer: str,
        *,
        age: int,
        ends: int | None,
    ) -> str:
        today = clock.business_day(self.now)
        return papers.hand_in(
            actor,
            owner,
            paper_file(number),
            op_key=self.key(),
            is_demo=True,
            kind=kind,
            number=f"{number}-MINH-HOA",
            issuer=f"{issuer} {MARK}",
            issued_on=today - timedelta(days=age),
            expires_on=today + timedelta(days=ends) if ends is not None else None,
        )


def live(seed: int, now: datetime, producer_id: int, office: Actor, owner_id: int) -> None:
    """The papers and members of a producer, and three applications. In the open transaction, after everything else."""
    life = _Life(seed, now, office)
    owner = Actor("user", f"Nguyễn Thị Thu {MARK}", owner_id)
    _papers(life, papers.Owner(producer_id=producer_id), owner)
    _members(life, producer_id, owner)
    _fresh(life)
    _again(life)
    _returned(life)


def _papers(life: _Life, whose: papers.Owner, owner: Actor) -> None:
    with life.past.at(life.ago(200)):
        accepted = [
            life.paper(owner, whose, PaperKind.REGISTRATION, "DKKD-01", "Sở Tài chính", age=2100, ends=None),
            life.paper(
                owner, whose, PaperKind.FOOD_SAFETY, "ATTP-02", "Sở Nông nghiệp và Môi trường", age=330, ends=765
            ),
            life.paper(owner, whose, PaperKind.DECLARATION, "TCB-03", "Cơ sở tự công bố", age=300, ends=None),
            # Nothing rests on this one: the demonstration goes on selling after it has ended.
            life.paper(owner, whose, PaperKind.OTHER, "KSK-04", "Trung tâm Y tế", age=340, ends=25),
        ]
    with life.past.at(life.ago(198)):
        for reference in accepted:
            papers.accept(life.office, reference)
    with life.past.at(life.ago(3)):
        life.paper(owner, whose, PaperKind.TRADEMARK, "NH-05", "Cục Sở hữu trí tuệ", age=20, ends=3630)


def _members(life: _Life, producer_id: int, owner: Actor) -> None:
    with life.past.at(life.ago(60)):
        packer = life.person("Phạm Văn Đông", "donggoi", 1)
        taken = members.invite(owner, producer_id, "donggoi@example.vn", "producer_packing", op_key=life.key())
    with life.past.at(life.ago(59)):
        members.join(packer, taken)
    with life.past.at(life.ago(1)):
        members.invite(owner, producer_id, "ketoan.minhhoa@example.vn", "producer_money", op_key=life.key())


def _begin(
    life: _Life, actor: Actor, days: int, name: str, form: str, tax_code: str, commune: str, **more: object
) -> str:
    with life.past.at(life.ago(days)):
        reference = joining.begin(actor, is_demo=True)
        person = actor.label.removesuffix(MARK).strip()
        facts = {
            "name": f"{name} {MARK}", "legal_form": form, "tax_code": tax_code, "representative": person,
            "province": HOME_PROVINCE, "commune": commune,
            "street": "Thôn Bến (địa chỉ minh họa)", "makes_food": True, "makes_alcohol": False,
        }  # fmt: skip
        joining.save_who(actor, reference, **(facts | more))  # type: ignore[arg-type]
        joining.save_bank(actor, reference, "999999", f"00{tax_code}", person)
    return reference


def _both(life: _Life, actor: Actor, days: int, number: int) -> list[str]:
    whose = papers.Owner(application_id=queries.open_application(actor.user_id or 0).id)
    with life.past.at(life.ago(days)):
        return [
            life.paper(actor, whose, PaperKind.REGISTRATION, f"DKKD-{number}", "Ủy ban nhân dân xã", age=700, ends=None),
            life.paper(actor, whose, PaperKind.FOOD_SAFETY, f"ATTP-{number}", "Sở Nông nghiệp và Môi trường", age=90, ends=990),
        ]  # fmt: skip


def _fresh(life: _Life) -> None:
    """Just sent: everything is still to be looked at."""
    actor = life.person("Hoàng Thị Sim", "xinban1", 2)
    reference = _begin(
        life, actor, 5, "Hộ kinh doanh Mật ong Sim Bến", "household", "9900000011", "06994", phone="0900000202"
    )
    _both(life, actor, 4, 11)
    with life.past.at(life.ago(2)):
        joining.submit(actor, reference)


def _again(life: _Life) -> None:
    """Given back once, sent again; papers accepted, identity checked: ready to be approved."""
    actor = life.person("Lý Văn Quế", "xinban2", 3)
    reference = _begin(
        life, actor, 20, "Tổ hợp tác Miến dong Khe Bến", "tht", "9900000022", "06994", phone="0900000203"
    )
    kept = _both(life, actor, 19, 22)
    with life.past.at(life.ago(18)):
        joining.submit(actor, reference)
    with life.past.at(life.ago(16)):
        joining.give_back(life.office, reference, "Xin ghi thêm câu chuyện của tổ để khách biết ai làm ra miến.")
    with life.past.at(life.ago(15)):
        joining.save_who(
            actor, reference, province=HOME_PROVINCE, commune="06994",
            story="Mười hai hộ trồng dong riềng ven suối, làm miến phơi nắng từ tháng 11 đến Tết. (minh họa)",
        )  # fmt: skip
        joining.submit(actor, reference)
    with life.past.at(life.ago(1, 5)):
        for paper in kept:
            papers.accept(life.office, paper)
        joining.check_identity(life.office, reference, "citizen_card", "0022")


def _returned(life: _Life) -> None:
    """Waits for its applicant."""
    actor = life.person("Bùi Thị Mơ", "xinban3", 4)
    reference = _begin(
        life,
        actor,
        12,
        "Cơ sở Rượu mơ Bến Non",
        "household",
        "9900000033",
        "06994",
        phone="0900000204",
        makes_alcohol=True,
    )
    _both(life, actor, 11, 33)
    whose = papers.Owner(application_id=queries.open_application(actor.user_id or 0).id)
    with life.past.at(life.ago(11, 1)):
        life.paper(actor, whose, PaperKind.ALCOHOL_MAKING, "GP-34", "Phòng Kinh tế", age=1400, ends=40)
        joining.submit(actor, reference)
    with life.past.at(life.ago(8)):
        joining.give_back(
            life.office,
            reference,
            "Ảnh giấy phép sản xuất rượu bị mờ, không đọc được ngày hết hạn. Xin chụp lại đủ bốn góc.",
        )
