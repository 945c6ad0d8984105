"""The demonstration's dossiers: one closed round with its council, one open round with dossiers at several states. Made up."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from shop.accounts import passwords
from shop.accounts import queries as accounts_read
from shop.accounts import services as accounts
from shop.accounts.models import Grant
from shop.accounts.permissions import Role
from shop.catalog.models import Certificate, Product, ProductState
from shop.kernel import clock
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import ShopError
from shop.producers.models import Producer
from shop.programme.models.councils import Hearing, Seat
from shop.programme.models.dossiers import Dossier, RoundLevel
from shop.programme.queries import dossiers as read
from shop.programme.queries import scoring as sheets
from shop.programme.services import ballots, councils, dossiers, evidence, results, rounds
from shop.programme.sheets import Sheet
from shop.seed.joining import paper_file
from shop.seed.logins import Login
from shop.seed.then import Past

COUNCIL_MEMBER = "hoidong@example.vn"
_SEATS = (
    (
        "hoidong.chutich@example.vn",
        "Phạm Quốc Khánh (minh họa)",
        Seat.CHAIR,
        "Phó Giám đốc Sở Nông nghiệp và Môi trường",
    ),
    (COUNCIL_MEMBER, "Trần Thị Ngọc Lan (minh họa)", Seat.MEMBER, "Trưởng phòng, Sở Công Thương"),
    ("hoidong.2@example.vn", "Lê Văn Bình (minh họa)", Seat.MEMBER, "Chuyên viên chính, Sở Khoa học và Công nghệ"),
    ("hoidong.3@example.vn", "Đặng Thu Hà (minh họa)", Seat.MEMBER, "Phó Chủ tịch Liên minh Hợp tác xã tỉnh"),
    ("hoidong.4@example.vn", "Ngô Minh Tuấn (minh họa)", Seat.MEMBER, "Chi cục An toàn vệ sinh thực phẩm"),
    ("hoidong.thuky@example.vn", "Vũ Thị Yến (minh họa)", Seat.SECRETARY, "Văn phòng điều phối nông thôn mới tỉnh"),
)
_REPORT = {"origin": "met", "material": "met", "labour": "met", "idea": "met", "identity": "partly", "samples": 5,
           "identity_note": "Bao bì chưa kể câu chuyện của địa phương"}  # fmt: skip


def login() -> list[Login]:
    """The log-in of a council's member, to be printed; none in a shop that was filled before councils came. His account is made
    with the others of his council, and his latest seat is his scope."""
    user = accounts_read.by_username(COUNCIL_MEMBER)
    if user is None:
        return []
    here = (Grant.user_id == user.id, Grant.role == Role.COUNCIL_MEMBER)
    scope = session().scalar(select(Grant.scope).where(*here).order_by(Grant.id.desc()).limit(1))
    if scope is None:
        return []
    return [Login(Role.COUNCIL_MEMBER.value, scope, COUNCIL_MEMBER, passwords.DEMO, None, user.name)]


class _Life:
    """What happens, with one source of chance."""

    def __init__(self, seed: int, now: datetime, people: dict[str, Actor], producer_id: int, commune: str) -> None:
        self.rng = random.Random(f"demo:dossiers:{seed}")
        self.past, self.now, self.people = Past(self.rng), now, people
        self.producer_id, self.commune = producer_id, commune

    def key(self) -> str:
        return f"seed:demo:{self.rng.getrandbits(64):016x}"

    def at(self, days: int) -> Any:
        return self.past.at(self.now - timedelta(days=days, hours=2))

    def goods(self) -> list[Product]:
        """Goods of producers without a certificate that is in force, the demonstration's own producer first."""
        certified = select(Certificate.product_id).where(Certificate.expires_on >= clock.today())
        rows = session().scalars(
            select(Product)
            .join(Producer, Producer.id == Product.producer_id)
            .where(Product.state != ProductState.HIDDEN, Product.id.not_in(certified))
            .order_by((Product.producer_id != self.producer_id), Product.id)
        )
        return [p for p in rows if sheets.sheet_of(p.id, clock.today()) is not None]

    def maker(self, product: Product) -> Actor:
        """Who files for it: the person with the log-in for his own producer, nobody in particular for others."""
        return self.people["owner"] if product.producer_id == self.producer_id else SYSTEM

    def filled(self, product: Product) -> Dossier | None:
        who = self.maker(product)
        try:
            code = dossiers.open_dossier(who, product.id, "first", commune_code=self.commune, is_demo=True)
        except ShopError:
            return None
        found = read.by_code(code)
        for line in read.standing(found):
            if line.requirement.needed:
                dossiers.add_paper(
                    who, found.id, line.requirement.code, self.file_key,
                    number=f"{self.rng.randint(10, 99)}/2026", ends_on=clock.today() + timedelta(days=400),
                )  # fmt: skip
        evidence.take(who, found.id)
        return found

    def proposed(self, product: Product, days: int) -> Dossier | None:
        with self.at(days):
            found = self.filled(product)
            if found is not None:
                dossiers.submit(self.maker(product), found.id)
        if found is None:
            return None
        with self.at(days - 6):
            dossiers.complete(self.people["commune"], found.id)
            dossiers.propose(self.people["commune"], found.id, _REPORT, "Đề nghị tỉnh đánh giá, phân hạng.")
        return found

    @property
    def file_key(self) -> str:
        if not hasattr(self, "_file_key"):
            self._file_key = dossiers.keep_file(paper_file("HO SO OCOP"))
        return self._file_key


def _sheet(rng: random.Random, sheet: Sheet, well: float) -> dict[str, int]:
    """A member's answers: the best one with the chance `well`, else one below it."""
    found = {}
    for q in sheet.questions:
        order = sorted(range(len(q.options)), key=lambda i: (-q.options[i].points, i))
        found[q.code] = order[0] if rng.random() < well or len(order) == 1 else order[1]
    return found


def load(seed: int, now: datetime, people: dict[str, Actor], producer_id: int, commune: str) -> None:
    """Make them in the open transaction. `people`: `office` (programme), `owner` (of the producer), `commune` (its officer)."""
    life = _Life(seed, now, people, producer_id, commune)
    goods = life.goods()
    if len(goods) < 8:
        return
    office = people["office"]
    seats = []
    for email, name, seat, office_held in _SEATS:
        user_id = accounts.create(SYSTEM, name=name, email=email, password=passwords.DEMO, confirmed=True)
        seats.append((email, Actor("user", name, user_id), seat, office_held))
    today = clock.business_day(now)
    with life.at(110):
        first = rounds.open_round(
            office, RoundLevel.PROVINCE, today.year, today - timedelta(days=60), today - timedelta(days=20), life.key(),
            is_demo=True,
        )  # fmt: skip
    heard = [d for p in goods[:3] if (d := life.proposed(p, 80)) is not None]
    _council(life, first, heard, seats, 30, closed=True)
    with life.at(24):
        rounds.close_round(office, read_round(first))
        second = rounds.open_round(
            office, RoundLevel.PROVINCE, today.year, today + timedelta(days=20), today + timedelta(days=60), life.key(),
            is_demo=True,
        )  # fmt: skip
    before_council = [d for p in goods[3:5] if (d := life.proposed(p, 18)) is not None]
    _council(life, second, before_council, seats, 2, closed=False)
    life.proposed(goods[5], 12)
    with life.at(9):
        waiting = life.filled(goods[6])
        if waiting is not None:
            dossiers.submit(life.maker(goods[6]), waiting.id)
    with life.at(14):
        back = life.filled(goods[7])
        if back is not None:
            dossiers.submit(life.maker(goods[7]), back.id)
    if back is not None:
        with life.at(10):
            dossiers.give_back(
                people["commune"], back.id, "Mẫu 01 chưa ký; phiếu kiểm nghiệm chưa có dấu đơn vị thử nghiệm."
            )
    with transaction() as s:
        s.execute(update(Dossier).values(is_demo=True))


def read_round(code: str) -> int:
    """The id of a round."""
    from shop.programme.queries import rounds as queries

    return queries.by_code(code).id


def _council(life: _Life, code: str, heard: list[Dossier], seats: list[Any], days: int, *, closed: bool) -> None:
    office, rng = life.people["office"], life.rng
    with life.at(days + 5):
        council_id = councils.create(
            office, read_round(code), f"Hội đồng đánh giá sản phẩm OCOP đợt {code}", f"{rng.randint(900, 999)}/QĐ-UBND",
            clock.today(), life.key(), is_demo=True,
        )  # fmt: skip
        for email, _actor, seat, office_held in seats:
            councils.seat(office, council_id, email, seat, office_held)
    with life.at(days):
        meeting = councils.plan_session(
            office, council_id, clock.today(), "Trụ sở Sở Nông nghiệp và Môi trường, phường Hồng Gai", life.key()
        )
        hearings = [councils.hear(office, meeting, d.id) for d in heard]
        if not hearings:
            return
        councils.open_session(office, meeting)
        scorers = [actor for _email, actor, seat, _office in seats if seat is not Seat.SECRETARY]
        for n, hearing_id in enumerate(hearings):
            hearing = session().get_one(Hearing, hearing_id)
            sheet = sheets.sheet_by_id(hearing.sheet_id).sheet
            # In the open session the member with the log-in has still to score, the chair too.
            who = scorers if closed else scorers[2:]
            for actor in who:
                ballots.save(
                    actor, hearing_id, hearing.sheet_id, _sheet(rng, sheet, 0.85 - 0.2 * n), [],
                    {sheet.questions[0].code: "Xem minh chứng trong hồ sơ."}, seen=0, hand_in=True,
                )  # fmt: skip
        if closed:
            ballots.close(scorers[0], meeting, "Hội đồng thống nhất kết quả từng hồ sơ.")
    if closed and heard:
        with life.at(days - 2):
            dossier = session().get_one(Dossier, heard[0].id, populate_existing=True)
            if dossier.state.value == "scored":
                results.accept(life.people["owner"], dossier.id)
