"""Statements and their lines: lists, one statement with its sums, what waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from flask_babel import gettext
from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import aliased

from shop.kernel import clock, tables
from shop.kernel.dates import span
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.points.models import Point
from shop.producers.models import Producer
from shop.receipts.models import Delivery, Receipt, ReceiptLine, Terms
from shop.settlement.models import (
    CHANNELS,
    CORRECTION_STATE_NAMES,
    ENTRY_NAMES,
    LIVE,
    LOSS_NAMES,
    STATEMENT_STATE_NAMES,
    Agreement,
    AgreementState,
    Correction,
    CorrectionState,
    Entry,
    EntryKind,
    Payout,
    PayoutState,
    Remark,
    Statement,
    StatementLine,
    StatementState,
    Step,
)
from shop.settlement.queries.agreements import percent
from shop.settlement.services.finding import lines_of
from shop.settlement.services.statements import listed, sums

TO_ANSWER = (StatementState.CLOSED, StatementState.ANSWERED)
STATE_KINDS = {"open": "", "closed": "info", "disputed": "bad", "answered": "info", "agreed": "warn", "paid": "ok"}


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A statement as lists show it (đồng); of an open one the amounts are what stands today."""

    reference: str
    producer_id: int
    producer: str
    producer_slug: str
    from_on: date
    to_on: date
    state: StatementState
    lines: int
    closing_amount: int
    due_on: date | None
    is_demo: bool

    @property
    def period(self) -> str:
        """From which day to which, as short as it can be read."""
        return span(self.from_on, self.to_on)

    @property
    def due_to_close(self) -> bool:
        """Whether its period is over and nobody has closed it."""
        return self.state is StatementState.OPEN and self.to_on < clock.today()


def _waiting(what: Any) -> Any:
    """The sum or count of what waits for an open statement."""
    return (
        select(what)
        .where(
            Entry.producer_id == Statement.producer_id,
            Entry.happened_on <= Statement.to_on,
            ~select(StatementLine.entry_id).where(StatementLine.entry_id == Entry.id).exists(),
        )
        .correlate(Statement)
        .scalar_subquery()
    )


_open = Statement.state == StatementState.OPEN
_lines = case((_open, _waiting(func.count())), else_=Statement.lines)
_closing = case(
    (_open, Statement.opening_amount + _waiting(func.coalesce(func.sum(Entry.amount), 0))),
    else_=Statement.closing_amount,
)


def rows() -> Any:
    """SELECT of `StatementRow`."""
    t = Statement
    return select(
        t.reference, t.producer_id, Producer.name, Producer.slug, t.from_on, t.to_on, t.state, _lines, _closing, t.due_on,
        t.is_demo,
    ).join(Producer, Producer.id == t.producer_id)  # fmt: skip


def _in_state(value: str) -> Any:
    if value == "due":
        return and_(_open, Statement.to_on < clock.today())
    if value == "to_pay":
        return payable()
    return Statement.state == StatementState(value)


def payable() -> Any:
    """The condition that a statement is agreed, owed something and in nobody's hands."""
    return and_(
        Statement.state == StatementState.AGREED,
        Statement.closing_amount > 0,
        ~select(Payout.id).where(Payout.statement_id == Statement.id, Payout.state.in_(LIVE)).exists(),
    )


COLUMNS = (
    tables.Column("reference", N_("Bảng")),
    tables.Column("producer", N_("Cơ sở sản xuất"), sort=(Producer.sort_name,)),
    tables.Column("period", N_("Kỳ"), sort=(Statement.to_on,), value="period"),
    tables.Column("lines", N_("Số dòng"), "num"),
    tables.Column("closing", N_("Phải trả cơ sở"), "num", value="closing_amount"),
    tables.Column("due_on", N_("Hạn trả"), sort=(Statement.due_on,)),
    tables.Column("state", N_("Tình trạng"), sort=(Statement.state,), value=lambda r: gettext(STATEMENT_STATE_NAMES[r.state])),
)  # fmt: skip
STATES = [("due", N_("Hết kỳ, chờ chốt")), ("to_pay", N_("Chờ chi trả"))] + [
    (s.value, x) for s, x in STATEMENT_STATE_NAMES.items()
]
TABLE = tables.Table(
    name="doi-soat",
    order="-period",
    tie=Statement.id,
    columns=COLUMNS,
    filters=[tables.Filter("state", N_("Tình trạng"), _in_state, STATES)],
    search=lambda q: or_(Producer.name.icontains(q, autoescape=True), Statement.reference.contains(q.upper(), autoescape=True)),
)  # fmt: skip
MINE = tables.Table(
    name="doi-soat",
    order="-period",
    tie=Statement.id,
    # What is owed comes first: that is all that a phone shows without being pushed.
    columns=[
        c for key in ("reference", "closing", "period", "state", "due_on", "lines") for c in COLUMNS if c.key == key
    ],
    filters=[tables.Filter("state", N_("Tình trạng"), _in_state, STATES[2:])],
)


def table(args: Mapping[str, str]) -> tables.View:
    """The office's list."""
    return TABLE.open(args, "/office/statements", rows(), make=lambda row: StatementRow(*tuple(row)))


def mine(args: Mapping[str, str], producer_id: int) -> tables.View:
    """The list of one producer."""
    wanted = rows().where(Statement.producer_id == producer_id)
    return MINE.open(args, "/producer/statements", wanted, make=lambda row: StatementRow(*tuple(row)))


def scope_of(reference: str) -> str | None:
    """The producer's scope."""
    found = session().scalar(select(Statement.producer_id).where(Statement.reference == reference))
    return None if found is None else f"producer:{found}"


# --- one statement -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of the lines of one kind, channel and point: units, đồng, and the filters that open them."""

    kind: EntryKind
    channel: str
    point_id: int | None
    point: str
    lines: int
    units: int
    amount: int

    @property
    def name(self) -> str:
        """What it is, in the reader's language."""
        return str(gettext(ENTRY_NAMES[self.kind]))

    @property
    def place(self) -> str:
        """Where: the channel, and the point of a counter."""
        return _place(self.channel, self.point)

    @property
    def query(self) -> str:
        """The filters of the lines it adds up."""
        return f"kind={self.kind.value}" + (f"&channel={self.channel}" if self.channel else "")


@dataclass(frozen=True, slots=True)
class Whole:
    """A statement with its producer and its sums."""

    row: Statement
    producer: Producer
    totals: tuple[Total, ...]

    @property
    def is_open(self) -> bool:
        """Whether it is not closed yet."""
        return self.row.state is StatementState.OPEN

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return sum(t.lines for t in self.totals)

    @property
    def closing_amount(self) -> int:
        """What is owed at its end, or stands today (đồng)."""
        return self.row.opening_amount + sum(t.amount for t in self.totals)

    @property
    def groups(self) -> list[tuple[EntryKind, str, int, int]]:
        """(kind, its name, lines, đồng) in the order in which people read a statement."""
        found = []
        for kind in EntryKind:
            mine = [t for t in self.totals if t.kind is kind]
            if mine:
                found.append(
                    (kind, gettext(ENTRY_NAMES[kind]), sum(t.lines for t in mine), sum(t.amount for t in mine))
                )
        return found


def whole(reference: str) -> Whole:
    """A statement; of an open one the sums are those of today.

    Raises:
        NotFound.
    """
    s = session()
    found = s.execute(
        select(Statement, Producer)
        .join(Producer, Producer.id == Statement.producer_id)
        .where(Statement.reference == reference)
    ).first()
    if found is None:
        raise NotFound
    row = found[0]
    raw: Sequence[Any] = (
        row.totals
        if row.totals is not None
        else [listed(t) for t in s.execute(sums().where(lines_of(row.producer_id, row.to_on)))]
    )
    totals = [Total(EntryKind(k), c or "", p, name or "", n, units, amount) for k, c, p, name, n, units, amount in raw]
    rank = {kind: n for n, kind in enumerate(EntryKind)}
    return Whole(row, found[1], tuple(sorted(_by_place(totals), key=lambda t: (rank[t.kind], t.channel, t.point))))


def _by_place(totals: Sequence[Total]) -> list[Total]:
    """One sum for what a reader sees as one place: the web is one, whichever shelf its goods came from."""
    found: dict[tuple[EntryKind, str, int | None], Total] = {}
    for t in totals:
        point = (None, "") if t.channel == "web" else (t.point_id, t.point)
        key = (t.kind, t.channel, point[0])
        had = found.get(key)
        n, units, amount = (had.lines, had.units, had.amount) if had else (0, 0, 0)
        found[key] = Total(t.kind, t.channel, *point, n + t.lines, units + t.units, amount + t.amount)
    return list(found.values())


class Line(NamedTuple):
    """An entry as a statement shows it: `name` (what it is), `where` (channel and point) and `how` (a rate of a base, or why)
    are words of the reader's language."""

    id: int
    happened_on: date
    kind: EntryKind
    name: str
    where: str
    how: str
    reference: str
    label: str
    quantity: int
    unit_amount: int | None
    base_amount: int | None
    rate_bp: int | None
    amount: int

    @property
    def title(self) -> str:
        """What a box to tick is called."""
        return f"{self.name} {self.reference} {self.label}"


class _Words:
    """Makes lines of rows; words are looked up once for each kind, place and rate, as there may be fifty thousand lines."""

    def __init__(self) -> None:
        self.names = {kind: str(gettext(name)) for kind, name in ENTRY_NAMES.items()}
        self.losses = {loss.value: str(gettext(name)) for loss, name in LOSS_NAMES.items()}
        self.places: dict[tuple[str | None, str | None], str] = {}
        self.rates: dict[int, str] = {}

    def line(self, row: Any) -> Line:
        row_id, on, kind, channel, point, reference, label, quantity, unit, base, rate_bp, amount, reason = row
        where = self.places.get((channel, point))
        if where is None:
            where = self.places[channel, point] = _place(channel, point)
        if kind is EntryKind.LOSS and reason in self.losses:
            how = self.losses[reason]
        elif rate_bp is not None:
            how = self.rates.get(rate_bp) or self.rates.setdefault(rate_bp, percent(rate_bp))
        else:
            how = reason or ""
        return Line(
            row_id, on, kind, self.names[kind], where, how, reference, label, quantity, unit, base, rate_bp, amount
        )


def _place(channel: str | None, point: str | None) -> str:
    """The channel, and the point of a counter."""
    name = gettext(CHANNELS[channel]) if channel else ""
    return " · ".join(part for part in (name, point if channel != "web" else "") if part)


LINES = tables.Table(
    name="bang-doi-soat",
    order="day",
    tie=Entry.id,
    columns=[
        tables.Column("day", N_("Ngày"), sort=(Entry.happened_on,), value="happened_on"),
        tables.Column("kind", N_("Khoản"), sort=(Entry.kind,), value="name"),
        tables.Column("label", N_("Nội dung"), sort=(Entry.label,)),
        tables.Column("reference", N_("Chứng từ"), sort=(Entry.reference,)),
        tables.Column("where", N_("Nơi bán")),
        tables.Column("quantity", N_("SL"), "num"),
        tables.Column("unit_amount", N_("Đơn giá"), "num"),
        tables.Column("base_amount", N_("Tính trên"), "num", on_page=False),
        tables.Column("how", N_("Mức, lý do"), on_page=False),
        tables.Column("amount", N_("Số tiền"), "num", sort=(Entry.amount,)),
    ],
    filters=[
        tables.Filter("kind", N_("Khoản"), lambda v: Entry.kind == EntryKind(v),
                      [(k.value, x) for k, x in ENTRY_NAMES.items()]),
        tables.Filter("channel", N_("Kênh"), lambda v: Entry.channel == v, list(CHANNELS.items())),
    ],
    search=lambda q: or_(Entry.reference.contains(q.upper(), autoescape=True), Entry.label.icontains(q, autoescape=True)),
)  # fmt: skip


def _line_rows(row: Statement) -> Any:
    e = Entry
    wanted = select(
        e.id, e.happened_on, e.kind, e.channel, Point.name, e.reference, e.label, e.quantity, e.unit_amount, e.base_amount,
        e.rate_bp, e.amount, e.reason,
    ).outerjoin(Point, Point.id == e.point_id)  # fmt: skip
    if row.state is StatementState.OPEN:
        return wanted.where(lines_of(row.producer_id, row.to_on))
    return wanted.join(StatementLine, StatementLine.entry_id == e.id).where(StatementLine.statement_id == row.id)


def lines(args: Mapping[str, str], row: Statement, here: str) -> tables.View:
    """The lines of a statement, a page of them or the file."""
    return LINES.open(args, here, _line_rows(row), make=_Words().line)


def all_lines(row: Statement, limit: int) -> list[Line]:
    """The first lines of a statement in the order of days, for paper."""
    found = session().execute(_line_rows(row).order_by(Entry.happened_on, Entry.id).limit(limit))
    make = _Words().line
    return [make(r) for r in found]


@dataclass(frozen=True, slots=True)
class RemarkView:
    """What a producer found wrong and what was answered."""

    reference: str
    about: str
    reason: str
    made_at: datetime
    made_label: str
    answer: str | None
    answered_at: datetime | None
    answered_label: str | None
    amount: int | None
    correction: str | None
    correction_state: CorrectionState | None


def remarks(statement_id: int) -> list[RemarkView]:
    """The remarks on a statement, first to last."""
    found = session().execute(
        select(Remark, Entry, Correction.amount, Correction.reference, Correction.state)
        .outerjoin(Entry, Entry.id == Remark.entry_id)
        .outerjoin(Correction, Correction.id == Remark.correction_id)
        .where(Remark.statement_id == statement_id)
        .order_by(Remark.id)
    )
    return [
        RemarkView(
            r.reference,
            f"{gettext(ENTRY_NAMES[e.kind])} · {e.label} · {e.reference}" if e is not None else "",
            r.reason, r.made_at, r.made_label, r.answer, r.answered_at, r.answered_label, amount, ref, state,
        )
        for r, e, amount, ref, state in found
    ]  # fmt: skip


def remark_scope(reference: str) -> str | None:
    """The statement a remark is about."""
    return session().scalar(
        select(Statement.reference)
        .join(Remark, Remark.statement_id == Statement.id)
        .where(Remark.reference == reference)
    )


def steps_of(subject: str, row_id: int) -> list[Step]:
    """The history of an agreement, a statement, a batch or a payout."""
    wanted = select(Step).where(Step.subject == subject, Step.row_id == row_id).order_by(Step.id)
    return list(session().scalars(wanted))


# --- corrections -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """A correction as the list shows it."""

    reference: str
    producer: str
    amount: int
    reason: str
    state: CorrectionState
    asked_at: datetime
    asked_by: str
    asked_label: str
    decided_label: str | None
    decision_note: str | None
    about: str | None


CORRECTIONS = tables.Table(
    name="dieu-chinh",
    order="-asked_at",
    tie=Correction.id,
    columns=[
        tables.Column("reference", N_("Điều chỉnh")),
        tables.Column("producer", N_("Cơ sở sản xuất"), sort=(Producer.sort_name,)),
        tables.Column("amount", N_("Số tiền"), "num", sort=(Correction.amount,)),
        tables.Column("reason", N_("Lý do")),
        tables.Column("asked_at", N_("Lập lúc"), sort=(Correction.asked_at,)),
        tables.Column("state", N_("Tình trạng"), sort=(Correction.state,),
                      value=lambda r: gettext(CORRECTION_STATE_NAMES[r.state])),
        tables.Column("do", "", "do"),
    ],
    filters=[
        tables.Filter("state", N_("Tình trạng"), lambda v: Correction.state == CorrectionState(v),
                      [(s.value, x) for s, x in CORRECTION_STATE_NAMES.items()]),
    ],
    search=lambda q: or_(Producer.name.icontains(q, autoescape=True),
                         Correction.reference.contains(q.upper(), autoescape=True)),
)  # fmt: skip


def corrections(args: Mapping[str, str]) -> tables.View:
    """The office's list of corrections."""
    c = Correction
    wanted = (
        select(
            c.reference, Producer.name, c.amount, c.reason, c.state, c.asked_at, c.asked_by, c.asked_label, c.decided_label,
            c.decision_note, Entry.reference.label("about"),
        )
        .join(Producer, Producer.id == c.producer_id)
        .outerjoin(Entry, Entry.id == c.entry_id)
    )  # fmt: skip
    return CORRECTIONS.open(args, "/office/statements/corrections", wanted, make=lambda row: CorrectionRow(*tuple(row)))


# --- what waits --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """Numbers of a morning in the office."""

    to_close: int
    disputed: int
    corrections: int
    to_pay: int
    to_approve: int
    without_agreement: int
    unpriced: int


def waiting() -> Waiting:
    """What waits for the office."""
    s = session()
    states = s.execute(
        select(
            func.count(case((and_(_open, Statement.to_on < clock.today()), 1))),
            func.count(case((Statement.state == StatementState.DISPUTED, 1))),
            func.count(case((payable(), 1))),
        )
    ).one()
    return Waiting(
        states[0],
        states[1],
        s.scalar(select(func.count()).select_from(Correction).where(Correction.state == CorrectionState.ASKED)) or 0,
        states[2],
        s.scalar(select(func.count(Payout.batch_id.distinct())).where(Payout.state == PayoutState.PREPARED)) or 0,
        len(without_agreement()),
        s.scalar(select(func.count()).select_from(unpriced().subquery())) or 0,
    )


def without_agreement() -> list[tuple[str, str]]:
    """(slug, name) of producers for whom goods were sold without anything agreed."""
    agreed = select(Agreement.producer_id).where(Agreement.state == AgreementState.AGREED)
    rows = session().execute(
        select(Producer.slug, Producer.name)
        .where(
            Producer.id.in_(select(Entry.producer_id).where(Entry.kind == EntryKind.SALE)), Producer.id.not_in(agreed)
        )
        .order_by(Producer.sort_name)
    )
    return [(slug, name) for slug, name in rows]


def unpriced() -> Any:
    """Goods bought outright whose cost was never written down and that nobody has priced since."""
    known = aliased(Entry)
    return (
        select(
            ReceiptLine.id, ReceiptLine.quantity, ReceiptLine.lot_code, Delivery.reference, Producer.name,
            Receipt.received_at,
        )
        .join(Receipt, Receipt.id == ReceiptLine.receipt_id)
        .join(Delivery, Delivery.id == Receipt.delivery_id)
        .join(Producer, Producer.id == Delivery.producer_id)
        .where(
            Delivery.terms == Terms.PURCHASE,
            ReceiptLine.quantity > 0,
            ReceiptLine.unit_cost_amount.is_(None),
            ~select(known.id).where(known.cause == func.concat("receipt-line:", ReceiptLine.id)).exists(),
        )
        .order_by(ReceiptLine.id)
    )  # fmt: skip


def unpriced_lines(limit: int = 50) -> list[Any]:
    """The first of them, with what was received."""
    return list(session().execute(unpriced().limit(limit)))


def to_answer(producer_id: int) -> int:
    """Statements that wait for the producer's word."""
    return (
        session().scalar(
            select(func.count())
            .select_from(Statement)
            .where(Statement.producer_id == producer_id, Statement.state.in_(TO_ANSWER))
        )
        or 0
    )


def entry_ids(statement_id: int, among: Sequence[str]) -> list[int]:
    """The lines of a statement that a form ticked; others are left out."""
    ids = [int(raw) for raw in among if raw.isascii() and raw.isdigit() and len(raw) < 16]
    wanted = select(StatementLine.entry_id).where(
        StatementLine.statement_id == statement_id, StatementLine.entry_id.in_(ids)
    )
    return sorted(session().scalars(wanted))
