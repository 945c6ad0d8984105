"""What must hold of counters (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import Any

from sqlalchemy import and_, case, func, or_, select

from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.ledger import sources
from shop.orders.models import TILL, Order
from shop.payments.models import Payment, Refund
from shop.promotions.models import Use
from shop.stock.models import MovementKind, StockMovement
from shop.till.models import (
    Coupon,
    CouponState,
    Device,
    EventKind,
    EventState,
    Gap,
    GapKind,
    Purpose,
    Shortage,
    ShortageState,
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


@invariant("till.numbers-without-gaps")
def numbers() -> Iterator[str]:
    """Each device's receipts are numbered 1, 2, 3 …; what is missing stands in a gap that a person sees."""
    s = session()
    gaps: dict[int, list[tuple[int, int]]] = {}
    for device_id, first, last in s.execute(
        select(Gap.device_id, Gap.first, Gap.last).where(Gap.kind == GapKind.NUMBER).order_by(Gap.device_id, Gap.first)
    ):
        gaps.setdefault(device_id, []).append((first, last))
    codes = {i: (code, last) for i, code, last in s.execute(select(Device.id, Device.code, Device.last_number))}
    rows = s.execute(select(TillSale.device_id, TillSale.sequence).order_by(TillSale.device_id, TillSale.sequence))
    used = {device_id: [n for _d, n in found] for device_id, found in groupby(rows, key=lambda row: row[0])}
    for device_id, (code, last) in sorted(codes.items()):
        for before, after in pairwise([0, *used.get(device_id, []), last + 1]):
            if after > before + 1 and not _covered(before + 1, after - 1, gaps.get(device_id, [])):
                yield f"{code}-{before + 1:06d} to {code}-{after - 1:06d}"


def _covered(first: int, last: int, gaps: list[tuple[int, int]]) -> bool:
    at = first
    for low, high in gaps:
        if low <= at <= high:
            at = high + 1
    return at > last


@invariant("till.sessions-balance")
def balances() -> Iterator[str]:
    """Every count of a drawer: expected is the float and the cash until then, the variance what is over or missing. What came
    after the books had closed a session is marked late, and nothing else is."""
    cash = (
        select(func.coalesce(func.sum(TillTender.amount), 0))
        .where(
            TillTender.session_id == TillClosing.session_id,
            TillTender.kind == TenderKind.CASH,
            TillTender.id <= TillClosing.tenders_until,
        )
        .correlate(TillClosing)
        .scalar_subquery()
    )
    rows = session().execute(
        select(TillSession.uuid)
        .join(TillClosing, TillClosing.session_id == TillSession.id)
        .where(
            or_(
                TillClosing.expected_amount != TillClosing.float_amount + cash,
                TillClosing.variance_amount != TillClosing.counted_amount - TillClosing.expected_amount,
                TillSession.closed_at.is_(None),
            )
        )
        .distinct()
    )
    yield from (f"session {uuid}" for (uuid,) in rows)
    closed = TillSession.close_received_at
    late = session().execute(
        select(TillSession.uuid)
        .join(TillTender, TillTender.session_id == TillSession.id)
        .where(
            or_(
                and_(TillTender.late, or_(TillSession.closed_at.is_(None), TillTender.received_at < closed)),
                and_(~TillTender.late, TillTender.received_at > closed),
            )
        )
        .distinct()
    )  # fmt: skip
    yield from (f"session {uuid}: late" for (uuid,) in late)


@invariant("till.each-event-once")
def once() -> Iterator[str]:
    """What was taken in left exactly its own rows: a sale its sale, a return its return; what was refused left none."""
    rows = {
        EventKind.SALE: select(func.count()).where(TillSale.event_id == TillEvent.id),
        EventKind.RETURN: select(func.count()).where(TillReturn.event_id == TillEvent.id),
        EventKind.CASH: select(func.count()).where(
            TillTender.event_id == TillEvent.id, TillTender.purpose == Purpose.DRAWER
        ),
        EventKind.SESSION_CLOSE: select(func.count()).where(TillClosing.event_id == TillEvent.id),
    }
    for kind, count in rows.items():
        found: Any = count.correlate(TillEvent).scalar_subquery()
        wanted = case((TillEvent.state == EventState.DONE, 1), else_=0)
        yield from session().scalars(
            select(TillEvent.uuid).where(TillEvent.kind == kind, found != wanted).order_by(TillEvent.id)
        )
    orders = select(TillSale.id).where(TillSale.order_id == Order.id).exists()
    for reference in session().scalars(select(Order.reference).where((Order.channel == TILL) != orders)):
        yield f"order {reference}"


@invariant("till.tenders-make-the-total")
def tenders() -> Iterator[str]:
    """The tenders of a sale are its total and its payments; those of a return what was given back and its refunds; and no
    more came back than was sold."""
    s = session()
    paid = _sum(TillTender.amount, TillTender.sale_id == TillSale.id, TillSale)
    taken = _sum(Payment.captured_amount, Payment.order_id == TillSale.order_id, TillSale)
    nets = _sum(TillLine.net_amount, TillLine.sale_id == TillSale.id, TillSale)
    yield from s.scalars(
        select(TillSale.number)
        .join(Order, Order.id == TillSale.order_id)
        .where(
            or_(
                paid != Order.total_amount,
                taken != Order.total_amount,
                nets != Order.total_amount,
                Order.reference != TillSale.number,
            )
        )
    )
    given = _sum(TillTender.amount, TillTender.return_id == TillReturn.id, TillReturn)
    refunded = (
        select(func.coalesce(func.sum(Refund.amount), 0))
        .join(TillTender, TillTender.refund_id == Refund.id)
        .where(TillTender.return_id == TillReturn.id)
        .correlate(TillReturn)
        .scalar_subquery()
    )
    worth = _sum(TillReturnLine.net_amount, TillReturnLine.return_id == TillReturn.id, TillReturn)
    for number in s.scalars(
        select(TillSale.number)
        .join(TillReturn, TillReturn.sale_id == TillSale.id)
        .where(or_(given != -TillReturn.amount, refunded != TillReturn.amount, worth < TillReturn.amount))
    ):
        yield f"return of {number}"
    back = _sum(TillReturnLine.quantity, TillReturnLine.line_id == TillLine.id, TillLine)
    for line_id in s.scalars(
        select(TillLine.id).where(or_(back != TillLine.returned, TillLine.returned > TillLine.quantity))
    ):
        yield f"line {line_id}"


def _sum(column: Any, condition: Any, of: Any) -> Any:
    return select(func.coalesce(func.sum(column), 0)).where(condition).correlate(of).scalar_subquery()


@invariant("till.shortages-are-booked")
def shortages() -> Iterator[str]:
    """A shortage was booked in once with its quantity, and what was settled as really short went off again."""
    name = "shortage:" + Shortage.reference

    def moved(sign: Any) -> Any:
        return (
            select(func.coalesce(func.sum(StockMovement.quantity), 0))
            .where(StockMovement.reference == name, StockMovement.kind == MovementKind.ADJUSTMENT, sign)
            .correlate(Shortage)
            .scalar_subquery()
        )

    yield from session().scalars(
        select(Shortage.reference).where(
            or_(
                moved(StockMovement.quantity > 0) != Shortage.quantity,
                moved(StockMovement.quantity < 0) != -Shortage.settled,
                and_(Shortage.state == ShortageState.SHORT, Shortage.settled != Shortage.quantity),
                and_(Shortage.state.in_([ShortageState.OPEN, ShortageState.FOUND]), Shortage.settled != 0),
            )
        )
    )
    known = select(Shortage.id).where(StockMovement.reference == name).exists()
    for reference in session().scalars(
        select(StockMovement.reference).where(StockMovement.reference.like("shortage:%"), ~known).distinct()
    ):
        yield str(reference)


@invariant("till.codes-are-counted")
def coupons() -> Iterator[str]:
    """What a basket holds of a code is counted as used, what was let go is not; a grant that was used names its sale."""
    held = "till:" + Coupon.uuid
    left = (
        select(func.coalesce(func.sum(Use.amount - Use.back_amount), 0))
        .where(Use.reference == held)
        .correlate(Coupon)
        .scalar_subquery()
    )
    yield from session().scalars(
        select(Coupon.uuid).where(
            or_(
                and_(Coupon.state == CouponState.HELD, left != Coupon.amount),
                and_(Coupon.state != CouponState.HELD, left != 0),
                and_(Coupon.state == CouponState.USED, Coupon.sale_id.is_(None)),
            )
        )
    )
    known = select(Coupon.id).where(held == Use.reference).exists()
    for reference in session().scalars(select(Use.reference).where(Use.reference.like("till:%"), ~known).distinct()):
        yield str(reference)


@invariant("till.ledger-says-the-same")
def ledger_agrees() -> Iterator[str]:
    """All money through sessions, their floats and what was counted stand in the ledger, as they are."""
    yield from sources.compare("till-tender", "till-float", "till-closing")
