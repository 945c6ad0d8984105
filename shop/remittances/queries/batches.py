"""Batches: what is handed in at once, and what came for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from shop.kernel import tables
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.kernel.wording import gettext
from shop.remittances import reading
from shop.remittances.models import (
    REMITTANCE_KIND_NAMES,
    REMITTANCE_STATE_NAMES,
    Arrival,
    CodParcel,
    CodState,
    Holder,
    Remittance,
    Row,
)
from shop.remittances.queries.parcels import (
    HERE,
    ParcelRow,
    holder_options,
    open_amount,
    parcel_row,
    parcels_with,
    steps_of,
)


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch as lists show it."""

    batch: Remittance
    holder: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.batch, name)

    @property
    def state_name(self) -> str:
        """In the reader's language."""
        return gettext(REMITTANCE_STATE_NAMES[self.batch.state])

    @property
    def kind_name(self) -> str:
        """In the reader's language."""
        return gettext(REMITTANCE_KIND_NAMES[self.batch.kind])


BATCHES = tables.Table(
    name="dot-nop-thu-ho",
    columns=(
        tables.Column("reference", N_("Đợt nộp"), sort=(Remittance.id,)),
        tables.Column("holder", N_("Nơi nộp"), sort=(Holder.name,)),
        tables.Column("kind", N_("Cách nộp"), value="kind_name"),
        tables.Column("gross_amount", N_("Tiền thu hộ"), "num", sort=(Remittance.gross_amount,)),
        tables.Column("fee_amount", N_("Phí"), "num", sort=(Remittance.fee_amount,)),
        tables.Column("net_amount", N_("Phải về"), "num", sort=(Remittance.net_amount,)),
        tables.Column("paid_amount", N_("Đã về"), "num", sort=(Remittance.paid_amount,)),
        tables.Column("adjusted_amount", N_("Chênh lệch đã khép"), "num", on_page=False),
        tables.Column("state", N_("Trạng thái"), sort=(Remittance.state,), value="state_name"),
        tables.Column("created_at", N_("Ghi lúc"), sort=(Remittance.created_at,)),
        tables.Column("created_label", N_("Người ghi"), on_page=False),
        tables.Column("taken_label", N_("Người nhận việc"), on_page=False),
    ),
    order="-created_at",
    tie=Remittance.id,
    filters=(
        tables.Filter(
            "state", N_("Trạng thái"), lambda v: Remittance.state == v,
            [(s.value, n) for s, n in REMITTANCE_STATE_NAMES.items()],
        ),
        tables.Filter("holder", N_("Nơi nộp"), lambda v: Remittance.holder_id == int(v), holder_options),
    ),
    search=lambda q: Remittance.reference == q.strip().upper(),
)  # fmt: skip


def _batch_row(r: Any) -> BatchRow:
    return BatchRow(r[0], r[1])


def batch_list(args: Mapping[str, str]) -> tables.View:
    """All batches."""
    statement = select(Remittance, Holder.name).join(Holder, Holder.id == Remittance.holder_id)
    return BATCHES.open(args, f"{HERE}/batches", statement, make=_batch_row)


@dataclass(frozen=True, slots=True)
class BatchFile:
    """All of one batch but its rows."""

    batch: Remittance
    holder: Holder
    counts: dict[str, int]
    arrivals: list[Arrival]
    steps: list[tuple[str, str, Any]]


def batch_file(reference: str) -> BatchFile:
    """Everything of one batch but its rows.

    Raises:
        NotFound.
    """
    s = session()
    batch = s.scalar(select(Remittance).where(Remittance.reference == reference))
    if batch is None:
        raise NotFound
    counts = s.execute(select(Row.state, func.count()).where(Row.remittance_id == batch.id).group_by(Row.state))
    arrivals = s.scalars(select(Arrival).where(Arrival.remittance_id == batch.id).order_by(Arrival.id))
    return BatchFile(
        batch,
        s.get_one(Holder, batch.holder_id),
        {state.value: int(n) for state, n in counts},
        list(arrivals),
        steps_of("batch", batch.id),
    )


def columns_of(batch: Remittance) -> list[tuple[int, str, list[str], str]]:
    """(number, head, samples, what it is) of each column of a file that is to be matched."""
    layout = batch.layout or {}
    return [
        (n, head or gettext("(không tên)"), layout["samples"][n] if n < len(layout["samples"]) else [], key or "")
        for n, (head, key) in enumerate(zip(layout["head"], layout["columns"], strict=True))
    ]


def column_options() -> list[tuple[str, str]]:
    """What a column can be."""
    return [(key, gettext(name)) for key, name in reading.COLUMNS.items()]


def to_hand_in(holder_id: int) -> tuple[Holder, list[ParcelRow]]:
    """A holder and the parcels whose cash he has or may have by now, oldest first, as many as a list by hand takes.

    Raises:
        NotFound.
    """
    holder = session().get(Holder, holder_id)
    if holder is None:
        raise NotFound
    found = session().execute(
        parcels_with()
        .where(
            CodParcel.holder_id == holder_id,
            CodParcel.state.in_([CodState.OUT, CodState.COLLECTED, CodState.LOST]),
            open_amount > 0,
        )
        .order_by(CodParcel.due_on, CodParcel.id)
        .limit(200)
    )
    return holder, [parcel_row(r) for r in found]
