"""One session in figures: by tender, by owner of the goods, by keeper; what was counted, and what came after the close."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from shop.kernel.db import in_batches, session
from shop.kernel.errors import NotFound
from shop.kernel.money import split
from shop.orders.models import Order
from shop.orders.services import hold_reference
from shop.stock.models import MovementKind, StockLevel, StockMovement
from shop.till.models import (
    Purpose,
    TenderKind,
    TillClosing,
    TillEvent,
    TillLine,
    TillReturn,
    TillReturnLine,
    TillSale,
    TillSession,
    TillTender,
)


@dataclass(frozen=True, slots=True)
class TenderRow:
    """One way of paying: what came for sales, what went back, and what is left (đồng)."""

    kind: TenderKind
    sales: int
    returned: int

    @property
    def left(self) -> int:
        return self.sales - self.returned


@dataclass(slots=True)
class OwnerRow:
    """Whose goods: sale units and đồng after discount, sold and come back."""

    owner: str
    sold: int = 0
    sold_amount: int = 0
    back: int = 0
    back_amount: int = 0

    @property
    def net_amount(self) -> int:
        return self.sold_amount - self.back_amount


@dataclass(slots=True)
class KeeperRow:
    """Who sold: receipts, đồng, discounts given."""

    name: str
    sales: int = 0
    amount: int = 0
    discount: int = 0


@dataclass(frozen=True, slots=True)
class SaleRow:
    """A receipt of the session."""

    number: str
    at: datetime
    keeper: str
    method: str
    total_amount: int
    discount_amount: int
    discount_reason: str | None
    late: bool


@dataclass(frozen=True, slots=True)
class ReturnRow:
    """Goods that came back in the session."""

    number: str
    at: datetime
    keeper: str
    amount: int
    quantity: int
    reason: str
    late: bool


@dataclass(frozen=True, slots=True)
class Report:
    """All of a session. `expected_now` is the float and all cash, the late ones too; `expected` what the first count met."""

    session: TillSession
    closings: list[TillClosing]
    tenders: list[TenderRow]
    drawer: list[TillTender]
    owners: list[OwnerRow]
    keepers: list[KeeperRow]
    sales: list[SaleRow]
    returns: list[ReturnRow]
    cash_sales: int
    expected_now: int
    late_cash: int

    @property
    def last(self) -> TillClosing | None:
        """The count that counts: the last one."""
        return self.closings[-1] if self.closings else None

    @property
    def sold_amount(self) -> int:
        return sum(row.total_amount for row in self.sales)

    @property
    def discount_amount(self) -> int:
        return sum(row.discount_amount for row in self.sales)

    @property
    def returned_amount(self) -> int:
        return sum(row.amount for row in self.returns)

    @property
    def late_sales(self) -> list[SaleRow]:
        """Receipts that reached the books after the session was over: the addendum."""
        return [row for row in self.sales if row.late]

    @property
    def late_returns(self) -> list[ReturnRow]:
        return [row for row in self.returns if row.late]

    @property
    def has_addendum(self) -> bool:
        """Whether something was booked after the close."""
        return bool(self.late_sales or self.late_returns or any(t.late for t in self.drawer))


def report(session_id: int) -> Report:
    """The report of a session; a fixed number of statements.

    Raises:
        NotFound: there is no such session.
    """
    s = session()
    found = s.scalar(
        select(TillSession)
        .where(TillSession.id == session_id)
        .options(joinedload(TillSession.device), joinedload(TillSession.point))
    )
    if found is None:
        raise NotFound
    closings = list(s.scalars(select(TillClosing).where(TillClosing.session_id == session_id).order_by(TillClosing.id)))
    tenders = list(s.scalars(select(TillTender).where(TillTender.session_id == session_id).order_by(TillTender.id)))
    sales = s.execute(
        select(TillSale, Order)
        .join(Order, Order.id == TillSale.order_id)
        .where(TillSale.session_id == session_id)
        .order_by(TillSale.at, TillSale.id)
    ).all()
    returns = _returns(session_id)
    cash = [t for t in tenders if t.kind is TenderKind.CASH]
    return Report(
        session=found,
        closings=closings,
        tenders=_by_kind(tenders),
        drawer=[t for t in tenders if t.purpose is Purpose.DRAWER],
        owners=_owners(session_id, [sale.number for sale, _order in sales]),
        keepers=_keepers(sales),
        sales=[
            SaleRow(
                sale.number, sale.at, sale.keeper_name, order.payment_method.value, order.total_amount,
                order.discount_amount, sale.discount_reason, sale.late,
            )
            for sale, order in sales
        ],
        returns=returns,
        cash_sales=sum(t.amount for t in cash if t.purpose is Purpose.SALE),
        expected_now=found.float_amount + sum(t.amount for t in cash),
        late_cash=sum(t.amount for t in cash if t.late),
    )  # fmt: skip


def _by_kind(tenders: Sequence[TillTender]) -> list[TenderRow]:
    came: dict[TenderKind, int] = defaultdict(int)
    went: dict[TenderKind, int] = defaultdict(int)
    for tender in tenders:
        if tender.purpose is Purpose.SALE:
            came[tender.kind] += tender.amount
        elif tender.purpose is Purpose.RETURN:
            went[tender.kind] -= tender.amount
    return [TenderRow(kind, came[kind], went[kind]) for kind in TenderKind if came[kind] or went[kind]]


def _keepers(sales: Sequence[Any]) -> list[KeeperRow]:
    rows: dict[str, KeeperRow] = {}
    for sale, order in sales:
        row = rows.setdefault(sale.keeper_name, KeeperRow(sale.keeper_name))
        row.sales += 1
        row.amount += order.total_amount
        row.discount += order.discount_amount
    return sorted(rows.values(), key=lambda row: row.name)


def _returns(session_id: int) -> list[ReturnRow]:
    units = (
        select(func.sum(TillReturnLine.quantity))
        .where(TillReturnLine.return_id == TillReturn.id)
        .correlate(TillReturn)
        .scalar_subquery()
    )
    rows = session().execute(
        select(
            TillSale.number,
            TillReturn.at,
            TillReturn.keeper_name,
            TillReturn.amount,
            units,
            TillReturn.reason,
            TillReturn.late,
        )
        .join(TillSale, TillSale.id == TillReturn.sale_id)
        .where(TillReturn.session_id == session_id)
        .order_by(TillReturn.at, TillReturn.id)
    )
    return [ReturnRow(*tuple(row)) for row in rows]


# --- whose goods -------------------------------------------------------------------------------------------------


def _moved(references: Sequence[str], kind: MovementKind) -> Iterator[tuple[str, str, int, str, int]]:
    """(reference, key, variant, owner, units) of what moved under `references`."""
    for batch in in_batches(list(references)):
        rows = session().execute(
            select(
                StockMovement.reference,
                StockMovement.op_key,
                StockLevel.variant_id,
                StockLevel.owner,
                StockMovement.quantity,
            )
            .join(StockLevel, StockLevel.id == StockMovement.level_id)
            .where(StockMovement.reference.in_(batch), StockMovement.kind == kind)
            .order_by(StockMovement.id)
        )
        for reference, key, variant_id, owner, quantity in rows:
            yield str(reference), key, variant_id, owner, abs(quantity)


def _owners(session_id: int, numbers: Sequence[str]) -> list[OwnerRow]:
    """What was sold and what came back, by whose goods they were: a line's money is shared by the units of each owner."""
    s = session()
    rows: dict[str, OwnerRow] = {}
    nets: dict[tuple[str, int], int] = defaultdict(int)
    for number, variant_id, net in s.execute(
        select(TillSale.number, TillLine.variant_id, TillLine.net_amount)
        .join(TillSale, TillSale.id == TillLine.sale_id)
        .where(TillSale.session_id == session_id)
    ):
        nets[hold_reference(number, 1), variant_id] += net
    units: dict[tuple[str, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for reference, _key, variant_id, owner, n in _moved([hold_reference(n, 1) for n in numbers], MovementKind.SALE):
        units[reference, variant_id][owner] += n
    for key, by_owner in units.items():
        for (owner, n), amount in zip(by_owner.items(), split(nets[key], list(by_owner.values())), strict=True):
            row = rows.setdefault(owner, OwnerRow(owner))
            row.sold += n
            row.sold_amount += amount
    _owners_back(session_id, rows)
    return sorted(rows.values(), key=lambda row: (row.owner != "shop", row.owner))


def _owners_back(session_id: int, rows: dict[str, OwnerRow]) -> None:
    given: dict[tuple[str, int], int] = defaultdict(int)
    uuids: dict[str, str] = {}
    for number, uuid, variant_id, worth, total, amount in session().execute(
        select(
            TillSale.number, TillEvent.uuid, TillLine.variant_id, TillReturnLine.net_amount,
            func.sum(TillReturnLine.net_amount).over(partition_by=TillReturn.id), TillReturn.amount,
        )
        .join(TillReturn, TillReturn.id == TillReturnLine.return_id)
        .join(TillLine, TillLine.id == TillReturnLine.line_id)
        .join(TillSale, TillSale.id == TillReturn.sale_id)
        .join(TillEvent, TillEvent.id == TillReturn.event_id)
        .where(TillReturn.session_id == session_id)
        .order_by(TillReturnLine.id)
    ):  # fmt: skip
        # Less may have been given back than the goods were worth: each line its share.
        given[uuid, variant_id] += worth if total == amount else worth * amount // (int(total) or 1)
        uuids[uuid] = hold_reference(number, 1)
    units: dict[tuple[str, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for _reference, key, variant_id, owner, n in _moved(sorted(set(uuids.values())), MovementKind.RETURN):
        uuid = key.split(":")[1] if key.startswith("till:") else ""
        if uuid in uuids:
            units[uuid, variant_id][owner] += n
    for pair, by_owner in units.items():
        for (owner, n), amount in zip(by_owner.items(), split(given[pair], list(by_owner.values())), strict=True):
            row = rows.setdefault(owner, OwnerRow(owner))
            row.back += n
            row.back_amount += amount
