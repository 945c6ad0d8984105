"""What each parcel brings, who holds how much, and how much waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, or_, select

from shop.kernel import clock, tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.kernel.money import vnd
from shop.kernel.wording import gettext
from shop.orders.models import Fulfilment, Order
from shop.remittances import rules
from shop.remittances.models import (
    COD_STATE_NAMES,
    CodParcel,
    CodState,
    Holder,
    HolderKind,
    Remittance,
    RemittanceState,
    Row,
    RowState,
    Step,
)
from shop.remittances.queries import buyers

HERE = "/office/remittances"
# Parcels of which something is awaited: cash, goods that come back, a compensation.
_AWAITED = or_(
    CodParcel.state.in_([CodState.OUT, CodState.COLLECTED, CodState.REFUSED]),
    and_(CodParcel.state == CodState.LOST, CodParcel.settled_at.is_(None)),
)
open_amount = CodParcel.owed_amount - CodParcel.remitted_amount - CodParcel.written_amount


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits for people."""

    rows: dict[str, int]
    overdue: int
    refused: int
    batches: int

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.rows.values()) + self.overdue + self.batches


def waiting() -> Waiting:
    """Rows by queue, late parcels, goods that are to come back, batches whose money has not come. Three statements."""
    s = session()
    rows = {str(q): int(n) for q, n in s.execute(
        select(Row.queue, func.count()).where(Row.state == RowState.OPEN).group_by(Row.queue)
    )}  # fmt: skip
    late, refused = s.execute(
        select(
            func.count().filter(_AWAITED, CodParcel.due_on < clock.today()),
            func.count().filter(CodParcel.state == CodState.REFUSED),
        ).select_from(CodParcel)
    ).one()
    batches = s.scalar(select(func.count()).select_from(Remittance).where(Remittance.state == RemittanceState.OPEN))
    return Waiting(rows, int(late), int(refused), int(batches or 0))


def holders() -> list[Holder]:
    """Everybody who takes cash, by name."""
    return list(session().scalars(select(Holder).order_by(Holder.name, Holder.id)))


@dataclass(frozen=True, slots=True)
class HolderRow:
    """Somebody who takes cash, with what he holds: parcels and đồng, of which late."""

    holder: Holder
    parcels: int
    amount: int
    late_amount: int


def holder_rows() -> list[HolderRow]:
    """Everybody with what he owes, most first."""
    rows = session().execute(
        select(
            Holder,
            func.count(CodParcel.id),
            func.coalesce(func.sum(open_amount), 0),
            func.coalesce(func.sum(open_amount).filter(CodParcel.due_on < clock.today()), 0),
        )
        .outerjoin(
            CodParcel,
            and_(
                CodParcel.holder_id == Holder.id,
                CodParcel.state.in_([CodState.OUT, CodState.COLLECTED, CodState.LOST]),
                open_amount > 0,
            ),
        )
        .group_by(Holder.id)
    )
    found = [HolderRow(h, int(n), int(amount), int(late)) for h, n, amount, late in rows]
    return sorted(found, key=lambda r: (-r.amount, r.holder.name))


def holder_options() -> list[tuple[str, str]]:
    """Everybody who takes cash, to choose from."""
    return [(str(h.id), h.name) for h in holders()]


def carriers() -> list[tuple[str, str]]:
    """Carriers to send a file of."""
    return [(str(h.id), h.name) for h in holders() if h.kind is HolderKind.CARRIER]


# --- parcels ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ParcelRow:
    """A parcel's cash as lists show it."""

    parcel: CodParcel
    order: str
    number: int
    tracking: str
    holder: str
    delivered_at: Any
    is_demo: bool

    def __getattr__(self, name: str) -> Any:
        return getattr(self.parcel, name)

    @property
    def key(self) -> str:
        """`HX7K-3M2P/1`."""
        return f"{self.order}/{self.number}"

    @property
    def row_class(self) -> str:
        """How the list marks it."""
        return "late" if self.days_late > 0 else ""

    @property
    def days_late(self) -> int:
        """How many days it is late; 0 if it is not, or nothing is awaited."""
        p = self.parcel
        done = p.state in {CodState.SETTLED, CodState.RETURNED} or (
            p.state is CodState.LOST and p.settled_at is not None
        )
        return 0 if done else max(0, (clock.today() - p.due_on).days)

    @property
    def state_name(self) -> str:
        """In the reader's language."""
        return gettext(COD_STATE_NAMES[self.parcel.state])

    @property
    def suggestion(self) -> str:
        """What to do next, in the reader's language."""
        state, late = self.parcel.state, self.days_late
        if state is CodState.REFUSED:
            return gettext("Kiểm hàng khi kiện về kho")
        if not late:
            return ""
        if state is CodState.OUT and self.delivered_at is None:
            return gettext("Hỏi nơi giao: khách nhận, từ chối hay thất lạc")
        if state is CodState.LOST:
            return gettext("Đòi tiền bồi thường")
        return gettext("Đòi tiền thu hộ")


_PARCEL: tuple[Any, ...] = (
    CodParcel, Order.reference, Fulfilment.number, Fulfilment.tracking_number, Holder.name, Fulfilment.delivered_at,
    Order.is_demo,
)  # fmt: skip


def parcels_with() -> Any:
    """SELECT of parcels with what `parcel_row` needs."""
    return (
        select(*_PARCEL)
        .join(Order, Order.id == CodParcel.order_id)
        .join(Fulfilment, Fulfilment.id == CodParcel.fulfilment_id)
        .join(Holder, Holder.id == CodParcel.holder_id)
    )


def parcel_row(r: Any) -> ParcelRow:
    """A row of `parcels_with`."""
    return ParcelRow(r[0], r[1], r[2], r[3] or "", r[4], r[5], r[6])


def _search(q: str) -> Any:
    raw = q.strip()
    return or_(
        Order.reference == text.normal_reference(raw[:40]),
        func.upper(Fulfilment.tracking_number) == raw.upper(),
        Order.search_name.contains(text.fold(raw), autoescape=True),
    )


def _what(value: str) -> Any:
    today = clock.today()
    return {
        "late": and_(_AWAITED, CodParcel.due_on < today),
        "cash": and_(CodParcel.state.in_([CodState.OUT, CodState.COLLECTED]), open_amount > 0),
        "awaited": _AWAITED,
    }[value]


PARCELS = tables.Table(
    name="thu-ho",
    columns=(
        tables.Column("key", N_("Kiện"), sort=(Order.reference, Fulfilment.number)),
        tables.Column("holder", N_("Người giữ tiền"), sort=(Holder.name,)),
        tables.Column("tracking", N_("Mã vận đơn"), on_page=False),
        tables.Column("expected_amount", N_("Phải thu"), "num", sort=(CodParcel.expected_amount,)),
        tables.Column("open_amount", N_("Còn phải nộp"), "num", sort=(open_amount,)),
        tables.Column("remitted_amount", N_("Đã nộp"), "num", on_page=False),
        tables.Column("state", N_("Trạng thái"), sort=(CodParcel.state,), value="state_name"),
        tables.Column("due_on", N_("Hạn"), sort=(CodParcel.due_on,)),
        tables.Column("suggestion", N_("Gợi ý")),
        tables.Column("taken_label", N_("Người nhận việc"), on_page=False),
    ),
    order="due_on",
    tie=CodParcel.id,
    filters=(
        tables.Filter(
            "what", N_("Việc"), _what,
            [("late", N_("quá hạn")), ("cash", N_("còn tiền phải nộp")), ("awaited", N_("chưa xong"))],
        ),
        tables.Filter(
            "state", N_("Trạng thái"), lambda v: CodParcel.state == v, [(s.value, n) for s, n in COD_STATE_NAMES.items()]
        ),
        tables.Filter("holder", N_("Người giữ tiền"), lambda v: CodParcel.holder_id == int(v), holder_options),
    ),
    search=_search,
)  # fmt: skip


def parcel_list(args: Mapping[str, str]) -> tables.View:
    """The cash of parcels; what is not done unless the address asks for something."""
    statement = parcels_with()
    if not any(args.get(name) for name in ("what", "state", "q")):
        statement = statement.where(_AWAITED)
    return PARCELS.open(args, f"{HERE}/parcels", statement, make=parcel_row)


@dataclass(frozen=True, slots=True)
class ParcelFile:
    """All of one parcel's cash."""

    row: ParcelRow
    buyer: str
    steps: list[tuple[str, str, Any]]
    brought: list[tuple[str, int, int]]
    refusals: int
    ahead: bool


def parcel_file(order: str, number: int) -> ParcelFile:
    """Everything of one parcel's cash.

    Raises:
        NotFound.
    """
    s = session()
    found = s.execute(parcels_with().where(Order.reference == order, Fulfilment.number == number)).first()
    if found is None:
        raise NotFound
    row = parcel_row(found)
    told = s.execute(select(Order.name, Order.phone, Order.user_id).where(Order.reference == order)).one()
    brought = [
        (reference, n, amount)
        for reference, n, amount in s.execute(
            select(Remittance.reference, Row.number, Row.parcel_amount)
            .join(Remittance, Remittance.id == Row.remittance_id)
            .where(Row.parcel_id == row.parcel.id, Row.state == RowState.DONE)
            .order_by(Row.id)
        )
    ]
    refusals = buyers.refusals_of(told.phone, told.user_id)
    ahead = bool(rules.REFUSALS.get()) and refusals >= int(rules.REFUSALS.get())
    return ParcelFile(row, told.name, steps_of("parcel", row.parcel.id), brought, refusals, ahead)


STEP_NAMES = {
    "collected": N_("Đã thu tiền"),
    "changed": N_("Số phải thu đổi theo đơn"),
    "refused": N_("Khách không nhận"),
    "unrefused": N_("Bỏ ghi từ chối"),
    "returned": N_("Hàng về, đã kiểm"),
    "lost": N_("Thất lạc"),
    "written-off": N_("Bỏ phần còn thiếu"),
    "undone": N_("Gỡ khoản đã nộp"),
    "taken": N_("Nhận việc"),
    "left": N_("Trả việc"),
    "matched": N_("Máy ghi vì khớp đúng"),
    "waits": N_("Chuyển cho người xử lý"),
    "assign": N_("Chỉ ra kiện"),
    "credit": N_("Ghi cho kiện"),
    "aside": N_("Không thuộc kiện nào"),
    "undo": N_("Hoàn tác"),
    "sent": N_("Gửi tệp"),
    "rematch": N_("Ghép cột lại"),
    "dropped": N_("Bỏ tệp"),
    "opened": N_("Ghi đợt nộp"),
    "paid": N_("Tiền về"),
    "unpaid": N_("Gỡ tiền đã về"),
    "adjusted": N_("Khép phần chênh lệch"),
    "unadjusted": N_("Mở lại phần chênh lệch"),
}


def steps_of(subject: str, subject_id: int) -> list[tuple[str, str, Any]]:
    """(what, who, when) of a history, first to last, in the reader's language."""
    rows = session().scalars(
        select(Step).where(Step.subject == subject, Step.subject_id == subject_id).order_by(Step.id)
    )
    return [(_said(row), row.actor_label, row.at) for row in rows]


def _said(step: Step) -> str:
    said = gettext(STEP_NAMES[step.what])
    amount, reason = step.detail.get("amount"), step.detail.get("reason")
    more = [vnd(amount)] if isinstance(amount, int) else []
    more += [step.detail["parcel"]] if "parcel" in step.detail else []
    more += [reason] if reason else []
    return f"{said}: {', '.join(more)}" if more else said
