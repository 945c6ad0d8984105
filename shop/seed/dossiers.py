"""The demonstration's dossiers: a round that is over, the present one with dossiers at several states, rounds of
the ministry beside them; all on the days of the law. Made up."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select, update

from shop.accounts import passwords
from shop.accounts import queries as accounts_read
from shop.accounts import services as accounts
from shop.accounts.models import Grant
from shop.accounts.permissions import Role
from shop.catalog.models import Certificate, CertificateLevel, Product, ProductState
from shop.decisions import results as decisions_read
from shop.decisions.models import Kind, Source
from shop.decisions.services import drafting
from shop.kernel import clock
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import ShopError
from shop.producers.models import Producer
from shop.programme.models.councils import Hearing, Seat
from shop.programme.models.dossiers import Dossier, DossierState, Round, RoundLevel
from shop.programme.queries import dossiers as read
from shop.programme.queries import scoring as sheets
from shop.programme.services import ballots, councils, dossiers, evidence, results, rounds
from shop.programme.sheets import Sheet
from shop.seed.joining import paper_file
from shop.seed.logins import Login
from shop.seed.then import Past

# The scoring sheets hold from this day.
_LAW_FROM = date(2026, 5, 22)
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

    def on(self, day: date, hour: int = 9) -> Any:
        """On a day, in the morning unless another `hour` is given."""
        return self.past.at(min(clock.start_of(day) + timedelta(hours=hour), self.now))

    def opened(self, level: RoundLevel, span: Span) -> str:
        """A round of those days, opened now unless it is there."""
        known = session().scalar(select(Round.code).where(Round.level == level, Round.cut_off == span.cut_off))
        return known or rounds.open_round(
            self.people["office"], level, span.ends_on.year, span.cut_off, span.ends_on, self.key(), is_demo=True
        )

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
                    number=f"{self.rng.randint(10, 99)}/{clock.today().year}", ends_on=clock.today() + timedelta(days=400),
                )  # fmt: skip
        evidence.take(who, found.id)
        return found

    def proposed(self, product: Product, day: date) -> Dossier | None:
        """Handed in on `day`, proposed by the commune six days later."""
        with self.on(day):
            found = self.filled(product)
            if found is not None:
                dossiers.submit(self.maker(product), found.id)
        if found is None:
            return None
        with self.on(day + timedelta(days=6)):
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


@dataclass(frozen=True, slots=True)
class Span:
    """A round: files proposed through `cut_off`, results through `ends_on`."""

    cut_off: date
    ends_on: date


def calendar(today: date) -> tuple[Span, Span]:
    """The province's round before the present one, and the present one: files through 30 April, results through 30 June; 30
    October, 30 December (26/2026/QĐ-TTg art. 5). Before its first date after the law came, a round that the province held
    besides: the law asks for two at least."""
    years = range(today.year - 1, today.year + 2)
    by_law = [Span(date(y, m, 30), date(y, n, 30)) for y in years for m, n in ((4, 6), (10, 12))]
    n = next(i for i, span in enumerate(by_law) if span.ends_on >= today)
    before = by_law[n - 1]
    return before if before.cut_off > _LAW_FROM else Span(date(2026, 6, 30), date(2026, 7, 30)), by_law[n]


def following(span: Span) -> Span:
    """The province's round after one of the law's."""
    y = span.cut_off.year
    return (
        Span(date(y, 10, 30), date(y, 12, 30))
        if span.cut_off.month == 4
        else Span(date(y + 1, 4, 30), date(y + 1, 6, 30))
    )


def ministry(day: date) -> Span:
    """The ministry's round for what is sent on `day`: files through 30 January, results through 30 March; 30 July, 30
    September (art. 5)."""
    both = [Span(date(y, m, 30), date(y, n, 30)) for y in (day.year, day.year + 1) for m, n in ((1, 3), (7, 9))]
    return next(span for span in both if span.cut_off >= day)


def load(seed: int, now: datetime, people: dict[str, Actor], producer_id: int, commune: str) -> None:
    """Make them in the open transaction. `people`: `office` (programme), `owner` (of the producer), `commune` (its officer)."""
    life = _Life(seed, now, people, producer_id, commune)
    goods = life.goods()
    if len(goods) < 13:
        return
    seats = []
    for email, name, seat, office_held in _SEATS:
        user_id = accounts.create(SYSTEM, name=name, email=email, password=passwords.DEMO, confirmed=True)
        seats.append((email, Actor("user", name, user_id), seat, office_held))
    today, day = clock.business_day(now), timedelta(days=1)
    before, present = calendar(today)
    _round_before(life, before, goods[8:12], seats)
    # The last files of the present round came before its cut-off, if that is over.
    last = min(present.cut_off, today - 12 * day)
    with life.on(last - 25 * day):
        code = life.opened(RoundLevel.PROVINCE, present)
        life.opened(RoundLevel.MINISTRY, ministry(today))
    heard = [d for p in goods[:3] if (d := life.proposed(p, last - 14 * day)) is not None]
    before_council = [d for p in goods[3:5] if (d := life.proposed(p, last - 7 * day)) is not None]
    with life.on(today - 11 * day):
        council = _council(life, code, seats)
    _session(life, council, seats, heard, today - 9 * day, closed=True, well=(0.92, 0.65, 0.5))
    if heard:
        with life.on(today - 7 * day):
            dossier = session().get_one(Dossier, heard[1].id, populate_existing=True)
            if dossier.state is DossierState.SCORED:
                results.accept(life.maker(goods[1]), dossier.id)
    _session(life, council, seats, before_council, today - 2 * day, closed=False)
    if present.cut_off < today:
        with life.on(today - 13 * day):
            life.opened(RoundLevel.PROVINCE, following(present))
    life.proposed(goods[5], today - 12 * day)
    with life.on(today - 9 * day):
        waiting = life.filled(goods[6])
        if waiting is not None:
            dossiers.submit(life.maker(goods[6]), waiting.id)
    with life.on(today - 14 * day):
        back = life.filled(goods[7])
        if back is not None:
            dossiers.submit(life.maker(goods[7]), back.id)
    if back is not None:
        with life.on(today - 10 * day):
            dossiers.give_back(
                people["commune"], back.id, "Mẫu 01 chưa ký; phiếu kiểm nghiệm chưa có dấu đơn vị thử nghiệm."
            )
    with transaction() as s:
        s.execute(update(Dossier).values(is_demo=True))


def _round_before(life: _Life, span: Span, goods: list[Product], seats: list[Any]) -> None:
    """A round that is over: heard, one product of 90 points or more sent to the ministry, a decision on the others drafted."""
    day, ahead = timedelta(days=1), ministry(span.cut_off + 18 * timedelta(days=1))
    with life.on(span.cut_off - 30 * day):
        code = life.opened(RoundLevel.PROVINCE, span)
        sent_to = life.opened(RoundLevel.MINISTRY, ahead)
    heard = [d for p in goods if (d := life.proposed(p, span.cut_off - 25 * day)) is not None]
    with life.on(span.cut_off + 5 * day):
        council = _council(life, code, seats)
    _session(life, council, seats, heard, span.cut_off + 18 * day, closed=True, well=(0.93, 0.7, 0.6, 0.5))
    with life.on(span.ends_on - 2 * day):
        _drafted(life)
        rounds.close_round(life.people["office"], read_round(code))
    told = ahead.ends_on - 3 * day
    if told >= clock.business_day(life.now):
        return
    with life.on(told):
        for d in session().scalars(select(Dossier).where(Dossier.state == DossierState.FORWARDED)):
            results.tell_ministry(life.people["office"], d.id, Decimal("91.40"), 5, f"DEMO-{sent_to}/BNNMT")
        rounds.close_round(life.people["office"], read_round(sent_to))


def _drafted(life: _Life) -> None:
    """A decision on what the province's council found, laid before its signer. It stays a draft: real goods get no stars from a
    demonstration that no source gives them."""
    office = life.people["office"]
    mine = tuple(r.dossier_id for r in decisions_read.ready() if r.level == RoundLevel.PROVINCE.value)
    if not mine:
        return
    head = drafting.Head(
        CertificateLevel.PROVINCE, signer="Phó Chủ tịch", summary="Quyết định minh họa, không do cơ quan nào ban hành."
    )
    made = drafting.draft(office, Kind.GRANT, Source.RESULTS, head, life.key(), result_ids=mine, is_demo=True)
    paper = {
        "place": "Quảng Ninh", "basis": "Quyết định số 26/2026/QĐ-TTg ngày 22 tháng 5 năm 2026 của Thủ tướng Chính phủ",
        "proposer": "Giám đốc Sở Nông nghiệp và Môi trường", "recipients": "Như Điều 3\nBộ Nông nghiệp và Môi trường (để b/c)",
    }  # fmt: skip
    drafting.set_paper(office, made, paper, 1, life.key())


def read_round(code: str) -> int:
    """The id of a round."""
    from shop.programme.queries import rounds as queries

    return queries.by_code(code).id


def _council(life: _Life, code: str, seats: list[Any]) -> int:
    """The council of a round, set up today."""
    office = life.people["office"]
    council_id = councils.create(
        office, read_round(code), f"Hội đồng đánh giá sản phẩm OCOP đợt {code}", f"{life.rng.randint(900, 999)}/QĐ-UBND",
        clock.today(), life.key(), is_demo=True,
    )  # fmt: skip
    for email, _actor, seat, office_held in seats:
        councils.seat(office, council_id, email, seat, office_held)
    return council_id


def _session(
    life: _Life, council_id: int, seats: list[Any], heard: list[Dossier], on: date, *, closed: bool,
    well: tuple[float, ...] = (0.85, 0.65),
) -> None:  # fmt: skip
    """A session of a council, on the last working day through `on`; `well`: how good each dossier is found. An open one has
    sheets still to come."""
    office, rng = life.people["office"], life.rng
    with life.on(on - timedelta(days=max(0, on.weekday() - 4))):
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
                    actor, hearing_id, hearing.sheet_id, _sheet(rng, sheet, well[n]), [],
                    {sheet.questions[0].code: "Xem minh chứng trong hồ sơ."}, seen=0, hand_in=True,
                )  # fmt: skip
        if closed:
            ballots.close(scorers[0], meeting, "Hội đồng thống nhất kết quả từng hồ sơ.")
