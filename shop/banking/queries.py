"""Reads about accounts, statements and lines, for staff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext
from sqlalchemy import func, or_, select

from shop.banking import layouts
from shop.banking.models import (
    CATEGORY_NAMES,
    FILE_STATE_NAMES,
    FOR_PEOPLE,
    LINE_STATE_NAMES,
    QUEUE_NAMES,
    ROW_OUTCOME_NAMES,
    USE_NAMES,
    Allocation,
    BankFile,
    BankLine,
    BankRow,
    Category,
    LineState,
    LineStep,
    Queue,
    ShopAccount,
    Use,
)
from shop.banking.offers import Offer, hints_of, offers_of, orders_of, reasons
from shop.kernel import banks, tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.orders.models import Order
from shop.payments import gateway, incoming, memo, outgoing
from shop.payments.gateways.vietqr import BankTransfer
from shop.payments.models import REFUND_LIVE, Payment, Refund

HERE = "/office/bank"
OWN = "own"


def accounts() -> list[ShopAccount]:
    """The shop's accounts, first to last."""
    return list(session().scalars(select(ShopAccount).order_by(ShopAccount.id)))


def account_label(bank_bin: str, number: str) -> str:
    """An account as staff speak of it: its bank and its last digits."""
    return f"{banks.name(bank_bin)} …{number[-4:]}"


def _account_of(row: Any) -> str:
    _thing, bank_bin, number = row
    return account_label(bank_bin, number)


def account_choices() -> list[tuple[str, str]]:
    """Accounts to choose from; the one of VietQR is offered before anything was written of it, under the name `own`."""
    found = [(a.reference, account_label(a.bank_bin, a.number)) for a in accounts()]
    way = next((g for g in gateway.offered().values() if isinstance(g, BankTransfer)), None)
    there = {(a.bank_bin, a.number) for a in accounts()}
    if way is not None and (way.bank_bin, way.account.upper()) not in there:
        found.insert(0, (OWN, account_label(way.bank_bin, way.account)))
    return found


def waiting() -> dict[str, int]:
    """How many lines wait for people, by queue."""
    rows = session().execute(
        select(BankLine.queue, func.count()).where(BankLine.queue.in_(FOR_PEOPLE)).group_by(BankLine.queue)
    )
    return {str(queue): int(n) for queue, n in rows}


# --- lists of lines ----------------------------------------------------------------------------------------------


def _account_options() -> list[tuple[str, str]]:
    return [(a.reference, account_label(a.bank_bin, a.number)) for a in accounts()]


def _search(q: str) -> Any:
    """Bank's or our own number, words of the memo or the payer, an order's reference or code."""
    raw, like = q.strip(), f"%{text.clean(q).strip()}%"
    order = (
        select(Allocation.id)
        .join(Payment, Payment.id == Allocation.payment_id)
        .join(Order, Order.id == Payment.order_id)
        .where(
            Allocation.line_id == BankLine.id,
            or_(Order.reference == text.normal_reference(raw), Payment.code.in_(memo.codes_in(raw))),
        )
        .exists()
    )
    return or_(
        BankLine.reference == raw.upper(),
        BankLine.bank_reference == raw.upper(),
        BankLine.memo.ilike(like),
        BankLine.payer_name.ilike(like),
        BankLine.payer_account == raw.upper(),
        order,
    )


def _direction(value: str) -> Any:
    return BankLine.amount > 0 if value == "in" else BankLine.amount < 0


_FILTERS = (
    tables.Filter("account", N_("Tài khoản"), lambda v: ShopAccount.reference == v, _account_options),
    tables.Filter("way", N_("Chiều tiền"), _direction, [("in", N_("tiền vào")), ("out", N_("tiền ra"))]),
    tables.Filter("from", N_("Từ ngày"), lambda day: BankLine.booked_on >= day, kind="day"),
    tables.Filter("to", N_("Đến ngày"), lambda day: BankLine.booked_on <= day, kind="day"),
)
_AMOUNTS = (
    tables.Column("amount", N_("Số tiền"), "num", sort=(BankLine.amount,)),
    tables.Column("memo", N_("Nội dung")),
)
WAITING = tables.Table(
    name="bank-waiting",
    columns=(
        tables.Column("reference", N_("Dòng"), sort=(BankLine.id,)),
        tables.Column("booked_on", N_("Ngày"), on_page=False),
        *_AMOUNTS,
        tables.Column(
            "queue", N_("Việc"), sort=(BankLine.queue,), value=lambda r: gettext(QUEUE_NAMES[Queue(r.queue)])
        ),
        tables.Column("rest", N_("Còn lại"), "num", on_page=False),
        tables.Column("suggestion", N_("Gợi ý"), value=lambda r: r.offer.said if r.offer else ""),
        tables.Column("age", N_("Đã chờ"), sort=(BankLine.seen_at,), value="seen_at"),
        tables.Column("taken_label", N_("Người nhận việc"), sort=(BankLine.taken_label,)),
    ),
    order="age",
    tie=BankLine.id,
    filters=(
        tables.Filter(
            "queue", N_("Việc"), lambda v: BankLine.queue == v, [(q.value, QUEUE_NAMES[q]) for q in FOR_PEOPLE]
        ),
        tables.Filter(
            "owner",
            N_("Người nhận việc"),
            lambda v: BankLine.taken_key.is_(None) if v == "none" else BankLine.taken_key.is_not(None),
            [("none", N_("chưa ai nhận")), ("some", N_("đã có người nhận"))],
        ),
        *_FILTERS,
    ),
    search=_search,
)
LINES = tables.Table(
    name="bank-lines",
    columns=(
        tables.Column("reference", N_("Dòng"), sort=(BankLine.id,)),
        tables.Column("booked_on", N_("Ngày"), sort=(BankLine.booked_on, BankLine.id)),
        tables.Column("account", N_("Tài khoản")),
        *_AMOUNTS,
        tables.Column("state", N_("Trạng thái"), sort=(BankLine.state,), value=lambda r: gettext(r.state_name)),
        tables.Column("handled", N_("Đã phân"), "num", value="handled_amount"),
        tables.Column("bank_reference", N_("Mã giao dịch"), on_page=False),
        tables.Column("payer_name", N_("Tên đối ứng"), on_page=False),
        tables.Column("payer_account", N_("Tài khoản đối ứng"), on_page=False),
        tables.Column("taken_label", N_("Người nhận việc"), on_page=False),
    ),
    order="-booked_on",
    tie=BankLine.id,
    filters=(
        tables.Filter(
            "state",
            N_("Trạng thái"),
            lambda v: BankLine.state == v,
            [(s.value, n) for s, n in LINE_STATE_NAMES.items()],
        ),
        *_FILTERS,
    ),
    search=_search,
)
_LINE: tuple[Any, ...] = (BankLine, ShopAccount.bank_bin, ShopAccount.number)


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line as lists show it."""

    line: BankLine
    account: str
    offer: Offer | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.line, name)

    @property
    def rest(self) -> int:
        """What still waits, in đồng."""
        return self.line.rest_amount

    @property
    def state_name(self) -> str:
        """State, or the queue of an open line, to be translated."""
        line = self.line
        return QUEUE_NAMES[Queue(line.queue)] if line.queue else LINE_STATE_NAMES[line.state]


def _rows(found: Sequence[Any]) -> list[LineRow]:
    lines = [row[0] for row in found]
    offers = offers_of(lines)
    return [LineRow(line, account_label(b, n), offers.get(line.id)) for line, b, n in found]


def lines_waiting(args: Mapping[str, str]) -> tables.View:
    """Lines that wait for people, each with its suggestion."""
    statement = (
        select(*_LINE).join(ShopAccount, ShopAccount.id == BankLine.account_id).where(BankLine.queue.in_(FOR_PEOPLE))
    )
    view = WAITING.open(args, HERE, statement, make=lambda row: _rows([row])[0] if "format" in args else row)
    view.rows = _rows(view.rows) if not view.export else view.rows
    return view


def lines(args: Mapping[str, str]) -> tables.View:
    """All lines."""
    statement = select(*_LINE).join(ShopAccount, ShopAccount.id == BankLine.account_id)
    return LINES.open(args, f"{HERE}/lines", statement, make=lambda row: LineRow(row[0], _account_of(row)))


# --- one line ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a line's money as its page shows it; `may_undo`: it was not taken back, and is not a reversal."""

    id: int
    use: str
    amount: int
    order: str | None
    payment_id: int | None
    note: str
    actor: str
    at: Any
    may_undo: bool
    is_back: bool
    undo_act: str
    undo_permission: str


# The last word of the address that takes a part back, and the right it needs.
_UNDO_PART = ("undo", "bank:handle")
_UNDO = {Use.REFUND: ("undo-refund", "refund:make"), Use.PAYOUT: ("undo-payout", "payout:make")}


def _followed(rows: Sequence[Allocation]) -> set[int]:
    """The parts that cannot be taken back: money of their order has gone back, or is asked to, or the surplus has been sent."""
    s = session()
    payments = {r.payment_id for r in rows if r.payment_id is not None and r.use is Use.PAYMENT and not r.adopted}
    spent = set(s.scalars(select(Payment.id).where(Payment.id.in_(payments), Payment.refunded_amount > 0)))
    sent = {int(r.target or 0) for r in rows if r.use is Use.RETURN and (r.target or "").isdigit()}
    gone = set(s.scalars(select(Refund.id).where(Refund.id.in_(sent), Refund.state.not_in(REFUND_LIVE))))
    return {
        r.id
        for r in rows
        if (r.use is Use.PAYMENT and r.payment_id in spent)
        or (r.use is Use.RETURN and (r.target or "").isdigit() and int(r.target or 0) in gone)
    }


@dataclass(frozen=True, slots=True)
class LineFile:
    """All that is known of one line."""

    line: BankLine
    account: str
    offer: Offer | None
    why: str
    parts: list[Part]
    steps: list[tuple[str, str, Any]]
    expected: list[outgoing.Expected]
    batches: list[incoming.Awaited]
    others: list[tuple[incoming.Awaited, int]]
    last_order: str
    source: str


STEP_NAMES = {
    "seen": N_("Nhận từ %(source)s"),
    "seen-again": N_("Thấy lại trong %(source)s"),
    "sorted": N_("Máy xếp vào: %(queue)s"),
    "matched": N_("Máy ghi vì khớp đúng"),
    "taken": N_("Nhận việc"),
    "left": N_("Trả việc"),
    "credit": N_("Ghi vào đơn"),
    "adopt": N_("Nối với khoản đã ghi tay"),
    "return": N_("Hoàn lại người chuyển"),
    "keep": N_("Giữ lại"),
    "aside": N_("Không thuộc đơn nào"),
    "confirm": N_("Khớp với khoản đã chuyển"),
    "remit": N_("Ghi cho khoản chờ về"),
    "undo": N_("Hoàn tác"),
}


_OTHERS_SHOWN = 20


def _awaited(rest: int, q: str) -> tuple[list[incoming.Awaited], list[tuple[incoming.Awaited, int]]]:
    """What is awaited of exactly `rest` đồng, and what of other sums, each with how much more or less the line brings: those
    that `q` names, else the nearest."""
    exact = [one for source in incoming.sources().values() for one in source.waiting([rest])]
    words = text.fold(q).split()
    found = [
        (one, rest - one.amount)
        for source in incoming.sources().values()
        for one in source.waiting()
        if one.amount != rest
        and all(word in text.fold(" ".join([one.reference, one.holder, *one.words])) for word in words)
    ]
    return exact, sorted(found, key=lambda pair: abs(pair[1]))[:_OTHERS_SHOWN]


def line_file(reference: str, q: str = "") -> LineFile:
    """Everything of one line; `q` looks among what is awaited of other sums.

    Raises:
        NotFound.
    """
    s = session()
    found = s.execute(
        select(*_LINE).join(ShopAccount, ShopAccount.id == BankLine.account_id).where(BankLine.reference == reference)
    ).first()
    if found is None:
        raise NotFound
    line = found[0]
    rows = s.scalars(select(Allocation).where(Allocation.line_id == line.id).order_by(Allocation.id)).all()
    orders = orders_of(r.payment_id for r in rows if r.payment_id is not None)
    back, followed = {r.reverses_id for r in rows}, _followed(rows)
    parts = [
        Part(
            r.id, gettext(USE_NAMES[r.use]), r.amount, orders.get(r.payment_id or 0), r.payment_id,
            r.note or (gettext(CATEGORY_NAMES[Category(r.category)]) if r.category else _told_of(r)), r.actor_label, r.at,
            r.reverses_id is None and r.id not in back and r.id not in followed,
            r.reverses_id is not None, *_UNDO.get(r.use, _UNDO_PART),
        )
        for r in rows
    ]  # fmt: skip
    steps = s.scalars(select(LineStep).where(LineStep.line_id == line.id).order_by(LineStep.id)).all()
    expected = []
    batches: list[incoming.Awaited] = []
    others: list[tuple[incoming.Awaited, int]] = []
    if line.amount > 0 and line.state is LineState.OPEN:
        batches, others = _awaited(line.rest_amount, q)
    if line.amount < 0 and line.state is LineState.OPEN:
        expected = [one for source in outgoing.sources().values() for one in source.waiting([-line.amount])][:50]
    return LineFile(
        line,
        account_label(found[1], found[2]),
        offers_of([line]).get(line.id),
        reasons(hints_of([line]).get(line.id, {})),
        parts,
        [(_step(step), step.actor_label, step.at) for step in steps],
        expected,
        batches,
        others,
        next((p.order for p in reversed(parts) if p.order and not p.is_back), ""),
        gettext("sao kê") if line.file_id else gettext("thông báo của ngân hàng"),
    )


def _told_of(part: Allocation) -> str:
    """What a part is for beside an order: a refund's or a payout's name, a batch's."""
    target = part.target or ""
    return target.split(":")[1] if part.use is Use.REMITTANCE else target


def _step(step: LineStep) -> str:
    detail = step.detail
    source = detail.get("source", "")
    said = gettext(
        STEP_NAMES[step.what],
        source=gettext("thông báo của ngân hàng") if source == "notice" else gettext("sao kê %(r)s", r=source),
        queue=gettext(QUEUE_NAMES[Queue(detail["queue"])]) if detail.get("queue") else "",
    )
    reason = detail.get("reason")
    return f"{said}: {reason}" if reason else said


# --- statements --------------------------------------------------------------------------------------------------

FILES = tables.Table(
    name="bank-files",
    columns=(
        tables.Column("reference", N_("Sao kê"), sort=(BankFile.id,)),
        tables.Column("file_name", N_("Tên tệp"), sort=(BankFile.file_name,)),
        tables.Column("account", N_("Tài khoản")),
        tables.Column(
            "state", N_("Trạng thái"), sort=(BankFile.state,), value=lambda r: gettext(FILE_STATE_NAMES[r.state])
        ),
        tables.Column("new", N_("Dòng mới"), "num"),
        tables.Column("known", N_("Đã có"), "num"),
        tables.Column("refused", N_("Bị từ chối"), "num"),
        tables.Column("created_at", N_("Gửi lúc"), sort=(BankFile.created_at,)),
        tables.Column("created_label", N_("Người gửi"), on_page=False),
    ),
    order="-created_at",
    tie=BankFile.id,
    filters=(
        tables.Filter("account", N_("Tài khoản"), lambda v: ShopAccount.reference == v, _account_options),
        tables.Filter(
            "state",
            N_("Trạng thái"),
            lambda v: BankFile.state == v,
            [(s.value, n) for s, n in FILE_STATE_NAMES.items()],
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class FileRow:
    """A statement as the list shows it."""

    file: BankFile
    account: str

    def __getattr__(self, name: str) -> Any:
        if name in {"new", "known", "refused"}:
            return self.file.counts.get(name, 0)
        return getattr(self.file, name)


def files(args: Mapping[str, str]) -> tables.View:
    """All statements."""
    statement = select(BankFile, ShopAccount.bank_bin, ShopAccount.number).join(
        ShopAccount, ShopAccount.id == BankFile.account_id
    )
    return FILES.open(args, f"{HERE}/files", statement, make=lambda row: FileRow(row[0], _account_of(row)))


def file_named(reference: str) -> BankFile:
    """A statement.

    Raises:
        NotFound.
    """
    found = session().scalar(select(BankFile).where(BankFile.reference == reference))
    if found is None:
        raise NotFound
    return found


ROWS = tables.Table(
    name="bank-rows",
    columns=(
        tables.Column("number", N_("Dòng số"), "num", sort=(BankRow.number,)),
        tables.Column(
            "outcome", N_("Kết quả"), sort=(BankRow.outcome,), value=lambda r: gettext(ROW_OUTCOME_NAMES[r.outcome])
        ),
        tables.Column("booked_on", N_("Ngày"), sort=(BankRow.booked_on,)),
        tables.Column("amount", N_("Số tiền"), "num", sort=(BankRow.amount,)),
        tables.Column("memo", N_("Nội dung")),
        tables.Column("bank_reference", N_("Mã giao dịch"), sort=(BankRow.bank_reference,)),
        tables.Column("why", N_("Lý do"), value=lambda r: said(r.why)),
    ),
    order="number",
    tie=BankRow.id,
    filters=(
        tables.Filter(
            "outcome",
            N_("Kết quả"),
            lambda v: BankRow.outcome == v,
            [(o.value, n) for o, n in ROW_OUTCOME_NAMES.items()],
        ),
    ),
    search=lambda q: or_(BankRow.memo.ilike(f"%{text.clean(q)}%"), BankRow.bank_reference == q.strip().upper()),
)


def said(why: Sequence[Any] | None) -> str:
    """Why a row is refused or ignored, in the reader's language."""
    return gettext(why[0], **why[1]) if why else ""


def rows(args: Mapping[str, str], row: BankFile) -> tables.View:
    """The rows of a statement with what each came to."""
    statement = (
        select(
            BankRow.number, BankRow.outcome, BankRow.booked_on, BankRow.amount, BankRow.memo, BankRow.bank_reference,
            BankRow.why, BankLine.reference.label("line"),
        )
        .outerjoin(BankLine, BankLine.id == BankRow.line_id)
        .where(BankRow.file_id == row.id)
    )  # fmt: skip
    return ROWS.open(args, f"{HERE}/files/{row.reference}", statement)


@dataclass(frozen=True, slots=True)
class HeadColumn:
    """A column of a statement to be matched."""

    n: int
    head: str
    samples: list[str]
    value: str


def columns_of(row: BankFile) -> tuple[list[HeadColumn], list[tuple[str, str]]]:
    """The columns to match, and what each can be."""
    found = [
        HeadColumn(n, head or gettext("(không tên)"), row.samples[n] if n < len(row.samples) else [], key or "")
        for n, (head, key) in enumerate(zip(row.head, row.columns, strict=True))
    ]
    return found, [(key, gettext(name)) for key, name in layouts.COLUMNS.items()]
