"""Rows of batches: those that wait, with what to do about each, and those of one batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select

from shop.kernel import tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.kernel.money import vnd
from shop.kernel.wording import gettext
from shop.remittances.models import (
    QUEUE_NAMES,
    ROW_STATE_NAMES,
    SURPLUS_NAMES,
    CodParcel,
    CodState,
    Holder,
    Queue,
    Remittance,
    Row,
    RowState,
    Surplus,
)
from shop.remittances.queries.parcels import HERE, ParcelRow, holder_options, parcel_row, parcels_with, steps_of


@dataclass(frozen=True, slots=True)
class Offer:
    """What one click would do about a row: `act` is the address's last word, `fields` what its form carries."""

    said: str
    label: str
    act: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RowView:
    """A row as lists show it."""

    row: Row
    batch: str
    holder: str
    sent_at: Any
    parcel: ParcelRow | None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)

    @property
    def state_name(self) -> str:
        """State, or the queue of an open row, in the reader's language."""
        row = self.row
        return gettext(QUEUE_NAMES[Queue(row.queue)] if row.queue else ROW_STATE_NAMES[row.state])

    @property
    def why_said(self) -> str:
        """Why it could not be read."""
        why = self.row.why
        return gettext(why[0], **why[1]) if why else ""

    @property
    def ended(self) -> str:
        """What became of a done one."""
        row = self.row
        parts = []
        if row.parcel_amount:
            parts.append(gettext("%(n)s cho kiện", n=vnd(row.parcel_amount)))
        if row.written_amount:
            parts.append(gettext("bỏ %(n)s còn thiếu", n=vnd(row.written_amount)))
        if row.surplus:
            parts.append(f"{gettext(SURPLUS_NAMES[Surplus(row.surplus)])} {vnd(row.surplus_amount)}")
        return "; ".join(parts)

    @property
    def offer(self) -> Offer | None:
        """The suggestion about an open row."""
        row, parcel = self.row, self.parcel
        if row.state is not RowState.OPEN:
            return None
        owed = ("surplus", Surplus.OWED.value)
        if parcel is None:
            return None
        left = parcel.parcel.open_amount
        if row.queue == Queue.REFUSED:
            if parcel.parcel.state is CodState.REFUSED:
                said = gettext("Nơi giao nộp tiền cho kiện báo từ chối: khách đã nhận sau đó")
                fields: tuple[tuple[str, str], ...] = (("rest", "claim"), owed)
                return Offer(said, gettext("Ghi là đã thu"), "credit", fields)
            said = gettext("Hàng đã về kho: trả lại %(n)s cho nơi nộp", n=vnd(row.amount))
            return Offer(said, gettext("Trả lại nơi nộp"), "aside", (owed, ("reason", said)))
        if not left:
            said = gettext("Kiện đã nộp đủ: trả lại %(n)s cho nơi nộp", n=vnd(row.amount))
            return Offer(said, gettext("Trả lại nơi nộp"), "aside", (owed, ("reason", said)))
        if row.amount < left:
            said = gettext("Ghi %(n)s, đòi tiếp %(left)s", n=vnd(row.amount), left=vnd(left - row.amount))
            return Offer(said, gettext("Ghi và đòi tiếp"), "credit", (("rest", "claim"),))
        if row.amount > left:
            said = gettext("Ghi %(n)s, trả lại nơi nộp %(left)s", n=vnd(left), left=vnd(row.amount - left))
            return Offer(said, gettext("Ghi và trả phần thừa"), "credit", (owed,))
        return Offer(gettext("Đúng số tiền của kiện"), gettext("Ghi cho kiện"), "credit", ())


def _rows(found: Sequence[Any]) -> list[RowView]:
    """(row, batch, holder, sent) with the parcels of all of them; one more statement."""
    ids = sorted({r[0].parcel_id for r in found if r[0].parcel_id is not None})
    known: dict[int, ParcelRow] = {}
    if ids:
        known = {r[0].id: parcel_row(r) for r in session().execute(parcels_with().where(CodParcel.id.in_(ids)))}
    return [RowView(r[0], r[1], r[2], r[3], known.get(r[0].parcel_id or 0)) for r in found]


def _row_statement() -> Any:
    return (
        select(Row, Remittance.reference, Holder.name, func.coalesce(Remittance.opened_at, Remittance.created_at))
        .join(Remittance, Remittance.id == Row.remittance_id)
        .join(Holder, Holder.id == Remittance.holder_id)
    )


_AGE = func.coalesce(Remittance.opened_at, Remittance.created_at)
WAITING = tables.Table(
    name="thu-ho-cho",
    columns=(
        tables.Column("batch", N_("Đợt nộp"), sort=(Remittance.reference, Row.number)),
        tables.Column("told", N_("Nội dung")),
        tables.Column("amount", N_("Số tiền"), "num", sort=(Row.amount,)),
        tables.Column("queue", N_("Việc"), sort=(Row.queue,), value="state_name"),
        tables.Column("suggestion", N_("Gợi ý"), value=lambda r: r.offer.said if r.offer else ""),
        tables.Column("age", N_("Đã chờ"), sort=(_AGE,), value="sent_at"),
        tables.Column("taken_label", N_("Người nhận việc"), sort=(Row.taken_label,)),
    ),
    order="age",
    tie=Row.id,
    filters=(
        tables.Filter("queue", N_("Việc"), lambda v: Row.queue == v, [(q.value, n) for q, n in QUEUE_NAMES.items()]),
        tables.Filter("holder", N_("Nơi nộp"), lambda v: Remittance.holder_id == int(v), holder_options),
        tables.Filter(
            "owner", N_("Người nhận việc"), lambda v: Row.taken_key.is_(None) if v == "none" else Row.taken_key.is_not(None),
            [("none", N_("chưa ai nhận")), ("some", N_("đã có người nhận"))],
        ),
    ),
    search=lambda q: or_(Row.told.ilike(f"%{text.clean(q)}%"), Remittance.reference == q.strip().upper()),
)  # fmt: skip


def _opened(table: tables.Table, args: Mapping[str, str], here: str, statement: Any) -> tables.View:
    view = table.open(args, here, statement, make=lambda r: _rows([r])[0] if "format" in args else r)
    view.rows = _rows(view.rows) if not view.export else view.rows
    return view


def rows_waiting(args: Mapping[str, str]) -> tables.View:
    """Rows that wait for people, each with its suggestion."""
    return _opened(WAITING, args, HERE, _row_statement().where(Row.state == RowState.OPEN))


ROWS = tables.Table(
    name="dot-nop",
    columns=(
        tables.Column("number", N_("Dòng số"), "num", sort=(Row.number,)),
        tables.Column("told", N_("Nội dung")),
        tables.Column("parcel", N_("Kiện"), value=lambda r: r.parcel.key if r.parcel else ""),
        tables.Column("amount", N_("Số tiền"), "num", sort=(Row.amount,)),
        tables.Column("fee_amount", N_("Phí"), "num", sort=(Row.fee_amount,)),
        tables.Column("state", N_("Kết quả"), sort=(Row.state,), value="state_name"),
        tables.Column("ended", N_("Đã ghi")),
    ),
    order="number",
    tie=Row.id,
    filters=(
        tables.Filter("state", N_("Kết quả"), lambda v: Row.state == v, [(s.value, n) for s, n in ROW_STATE_NAMES.items()]),
    ),
    search=lambda q: Row.told.ilike(f"%{text.clean(q)}%"),
)  # fmt: skip


def rows_of(args: Mapping[str, str], batch: Remittance) -> tables.View:
    """The rows of a batch with what each came to."""
    statement = _row_statement().where(Row.remittance_id == batch.id)
    return _opened(ROWS, args, f"{HERE}/batches/{batch.reference}", statement)


@dataclass(frozen=True, slots=True)
class RowFile:
    """All of one row."""

    view: RowView
    steps: list[tuple[str, str, Any]]


def row_file(batch: str, number: int) -> RowFile:
    """Everything of one row.

    Raises:
        NotFound.
    """
    found = session().execute(_row_statement().where(Remittance.reference == batch, Row.number == number)).first()
    if found is None:
        raise NotFound
    return RowFile(_rows([found])[0], steps_of("row", found[0].id))
