"""What must hold of cash on delivery (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import aliased

from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.kernel.storage import storage
from shop.ledger import sources
from shop.ledger.models import Posting
from shop.orders.models import Fulfilment, FulfilmentStatus, Order, PaymentMethod, PaymentStatus
from shop.payments.models import Payment, PaymentReceipt
from shop.remittances import books
from shop.remittances.bag_models import BagArrival, CashBag
from shop.remittances.models import (
    Arrival,
    CodParcel,
    CodState,
    Remittance,
    RemittanceState,
    Row,
    RowState,
)
from shop.remittances.services import bags

PROMISED = timedelta(minutes=15)
_KEEPS = [RowState.UNREAD, RowState.ASIDE]


@invariant("remittances.parcel-is-its-rows")
def parcels() -> Iterator[str]:
    """What was handed in for a parcel is what its done rows brought, never more than is owed; settled means nothing is open,
    and what is not settled says so."""
    of_parcel = (
        select(Row.parcel_id, func.sum(Row.parcel_amount).label("n"), func.sum(Row.written_amount).label("w"))
        .where(Row.state == RowState.DONE)
        .group_by(Row.parcel_id)
        .subquery()
    )
    open_amount = CodParcel.owed_amount - CodParcel.remitted_amount - CodParcel.written_amount
    rows = session().execute(
        select(Order.reference, Fulfilment.number)
        .join(CodParcel, CodParcel.order_id == Order.id)
        .join(Fulfilment, Fulfilment.id == CodParcel.fulfilment_id)
        .outerjoin(of_parcel, of_parcel.c.parcel_id == CodParcel.id)
        .where(
            or_(
                CodParcel.remitted_amount != func.coalesce(of_parcel.c.n, 0),
                CodParcel.written_amount < func.coalesce(of_parcel.c.w, 0),
                open_amount < 0,
                and_(CodParcel.state == CodState.SETTLED, open_amount != 0),
                and_(CodParcel.state == CodState.COLLECTED, open_amount == 0),
                and_(CodParcel.state.in_([CodState.REFUSED, CodState.RETURNED]), CodParcel.owed_amount != 0),
                and_(CodParcel.state == CodState.OUT, CodParcel.owed_amount != CodParcel.expected_amount),
            )
        )
    )
    yield from (f"parcel {reference}/{n}" for reference, n in rows)


@invariant("remittances.each-row-once")
def rows_once() -> Iterator[str]:
    """A row is one of its batch and puts all of its money somewhere once it is done; a file is taken once."""
    s = session()
    rows = s.execute(
        select(Remittance.reference, Row.number)
        .join(Remittance, Remittance.id == Row.remittance_id)
        .where(
            or_(
                and_(Row.state == RowState.DONE, Row.amount != Row.parcel_amount + Row.surplus_amount),
                and_(
                    Row.state != RowState.DONE,
                    or_(Row.parcel_amount != 0, Row.surplus_amount != 0, Row.written_amount != 0),
                ),
                (Row.state == RowState.OPEN) != Row.queue.is_not(None),
                and_(Row.parcel_amount > 0, Row.parcel_id.is_(None)),
            )
        )
    )
    yield from (f"row {reference}/{n}" for reference, n in rows)
    doubled = (
        select(Row.remittance_id, Row.number)
        .group_by(Row.remittance_id, Row.number)
        .having(func.count() > 1)
        .subquery()
    )
    yield from (
        f"row {r}/{n}"
        for r, n in s.execute(
            select(Remittance.reference, doubled.c.number).join(doubled, doubled.c.remittance_id == Remittance.id)
        )
    )
    twice = (
        select(func.min(Remittance.reference))
        .where(Remittance.digest.is_not(None), Remittance.state != RemittanceState.DROPPED)
        .group_by(Remittance.digest)
        .having(func.count() > 1)
    )
    yield from (f"file {r}" for r in s.scalars(twice))


@invariant("remittances.cash-collected-once")
def collected_once() -> Iterator[str]:
    """Where an order's parcels were collected, its payment holds no more than one receipt from here that stands, and the
    parcels bring together what the payment asks for; the order of a collected parcel that is whole is paid."""
    s = session()
    back = aliased(PaymentReceipt)
    receipts = (
        select(PaymentReceipt.payment_id, func.count().label("n"))
        .where(
            PaymentReceipt.reference.like("cod:%"),
            PaymentReceipt.reverses_id.is_(None),
            ~select(back.id).where(back.reverses_id == PaymentReceipt.id).exists(),
        )
        .group_by(PaymentReceipt.payment_id)
        .subquery()
    )
    yield from (
        f"order {r}"
        for r in s.scalars(
            select(Order.reference)
            .join(Payment, Payment.order_id == Order.id)
            .join(receipts, receipts.c.payment_id == Payment.id)
            .where(receipts.c.n > 1)
        )
    )
    gone = [FulfilmentStatus.CANCELLED, FulfilmentStatus.RETURNED]
    unheld = (
        select(Fulfilment.id)
        .outerjoin(CodParcel, CodParcel.fulfilment_id == Fulfilment.id)
        .where(
            Fulfilment.order_id == Order.id,
            Fulfilment.status.not_in(gone),
            or_(CodParcel.id.is_(None), CodParcel.state.not_in([CodState.COLLECTED, CodState.SETTLED])),
        )
        .correlate(Order)
        .exists()
    )
    brought = (
        select(func.sum(CodParcel.expected_amount))
        .join(Fulfilment, Fulfilment.id == CodParcel.fulfilment_id)
        .where(CodParcel.order_id == Order.id, Fulfilment.status.not_in(gone))
        .correlate(Order)
        .scalar_subquery()
    )
    rows = s.scalars(
        select(Order.reference)
        .join(Payment, Payment.order_id == Order.id)
        .where(
            Order.payment_method == PaymentMethod.COD,
            Order.id.in_(select(CodParcel.order_id)),
            ~unheld,
            or_(
                Order.payment_status == PaymentStatus.DUE,
                and_(
                    Payment.captured_amount > 0,
                    Order.payment_status == PaymentStatus.PAID,
                    brought != Payment.amount + Payment.waived_amount,
                ),
            ),
        )
        .distinct()
    )
    yield from (f"order {r}" for r in rows)


@invariant("remittances.left-with-its-cash-expected")
def expected() -> Iterator[str]:
    """Every parcel that left and is to be paid in cash is put down here, a quarter of an hour after it left at the latest."""
    rows = session().execute(
        select(Order.reference, Fulfilment.number)
        .join(Fulfilment, Fulfilment.order_id == Order.id)
        .outerjoin(CodParcel, CodParcel.fulfilment_id == Fulfilment.id)
        .where(
            Order.payment_method == PaymentMethod.COD,
            Order.payment_status == PaymentStatus.DUE,
            Fulfilment.status.in_([FulfilmentStatus.HANDED_OVER, FulfilmentStatus.DELIVERED]),
            Fulfilment.handed_over_at < clock.now() - PROMISED,
            CodParcel.id.is_(None),
        )
    )
    yield from (f"parcel {reference}/{n}" for reference, n in rows)


@invariant("remittances.batch-is-its-rows")
def batches() -> Iterator[str]:
    """Gross and fees of a batch are the sums of its rows, net is the one less the other; what came for it is the sum of its
    arrivals, and one that is paid is explained to the last đồng."""
    s = session()
    sums = (
        select(Row.remittance_id, func.sum(Row.amount).label("gross"), func.sum(Row.fee_amount).label("fee"))
        .where(Row.state.not_in(_KEEPS))
        .group_by(Row.remittance_id)
        .subquery()
    )
    came = select(Arrival.remittance_id, func.sum(Arrival.amount).label("n")).group_by(Arrival.remittance_id).subquery()
    rows = s.scalars(
        select(Remittance.reference)
        .outerjoin(sums, sums.c.remittance_id == Remittance.id)
        .outerjoin(came, came.c.remittance_id == Remittance.id)
        .where(
            or_(
                Remittance.gross_amount != func.coalesce(sums.c.gross, 0),
                Remittance.fee_amount != func.coalesce(sums.c.fee, 0) + Remittance.batch_fee_amount,
                Remittance.net_amount != Remittance.gross_amount - Remittance.fee_amount,
                Remittance.paid_amount != func.coalesce(came.c.n, 0),
                and_(
                    Remittance.state == RemittanceState.PAID,
                    Remittance.net_amount != Remittance.paid_amount + Remittance.adjusted_amount,
                ),
                and_(Remittance.adjusted_amount != 0, Remittance.adjust_reason.is_(None)),
            ),
            Remittance.state.not_in([RemittanceState.DROPPED, RemittanceState.MATCHING]),
        )
    )
    yield from (f"batch {r}" for r in rows)


@invariant("remittances.sorted-in-time")
def sorted_in_time() -> Iterator[str]:
    """The machine's own rows are credited, or before a person, after 15 minutes."""
    rows = session().execute(
        select(Remittance.reference, Row.number)
        .join(Remittance, Remittance.id == Row.remittance_id)
        .where(Row.state == RowState.NEW, Remittance.opened_at < clock.now() - PROMISED)
    )
    yield from (f"row {reference}/{n}" for reference, n in rows)


@invariant("remittances.files-have-their-bytes")
def files() -> Iterator[str]:
    """The bytes of every file that is kept are there."""
    wanted = select(Remittance.reference, Remittance.file_key).where(Remittance.file_key.is_not(None))
    for reference, key in session().execute(wanted):
        if not storage().exists(str(key)):
            yield f"batch {reference}"


@invariant("remittances.ledger-says-the-same")
def ledger_agrees() -> Iterator[str]:
    """Rows, what was given up, fees, differences and counted cash stand in the ledger as they are."""
    yield from sources.compare(*books.KINDS)


@invariant("remittances.paid-batches-leave-nothing-in-transit")
def nothing_left() -> Iterator[str]:
    """Of a batch of which every row is done and whose money has come, nothing is left in transit."""
    waits = (
        select(Row.id).where(Row.remittance_id == Remittance.id, Row.state.in_([RowState.OPEN, RowState.NEW])).exists()
    )
    left = (
        select(Posting.party, func.sum(Posting.amount).label("n"))
        .where(Posting.account == books.TRANSIT, Posting.party.like("remittance:%"))
        .group_by(Posting.party)
        .subquery()
    )
    rows = session().scalars(
        select(Remittance.reference)
        .outerjoin(left, left.c.party == "remittance:" + Remittance.reference)
        .where(Remittance.state == RemittanceState.PAID, ~waits, func.coalesce(left.c.n, 0) != 0)
    )
    yield from (f"batch {r}" for r in rows)


@invariant("remittances.open-cash-is-its-parcels")
def open_cash() -> Iterator[str]:
    """What the ledger says is out of an order's cash is what its parcels still owe: taken at the door, not handed in. While not
    all of an order is taken, its buyer has not paid yet, and what was handed in for a part of it stands against him."""
    s = session()
    in_hand = CodParcel.remitted_amount + CodParcel.written_amount
    owed = (
        select(
            Order.reference,
            func.sum(case((Payment.captured_amount > 0, CodParcel.owed_amount - in_hand), else_=-in_hand)),
        )
        .join(CodParcel, CodParcel.order_id == Order.id)
        .join(Payment, Payment.id == CodParcel.payment_id)
        .where(CodParcel.state.in_([CodState.COLLECTED, CodState.SETTLED]))
        .group_by(Order.reference)
    )
    wanted = {reference: int(n) for reference, n in s.execute(owed) if n}
    posted = (
        select(Posting.party, func.sum(Posting.amount))
        .where(Posting.account == books.TRANSIT, Posting.party.like("order:%"))
        .group_by(Posting.party)
        .having(func.sum(Posting.amount) != 0)
    )
    there = {str(party).removeprefix("order:"): int(n) for party, n in s.execute(posted)}
    for reference in sorted(wanted.keys() | there.keys()):
        if wanted.get(reference, 0) != there.get(reference, 0):
            yield f"order {reference}: {there.get(reference, 0)} in the ledger, {wanted.get(reference, 0)} with holders"


@invariant("remittances.bags-add-up")
def bags_add_up() -> Iterator[str]:
    """What a bag has brought is the sum of its arrivals, and each bag stands in the ledger as it is."""
    total = select(BagArrival.bag_id, func.sum(BagArrival.amount).label("n")).group_by(BagArrival.bag_id).subquery()
    rows = session().scalars(
        select(CashBag.reference)
        .outerjoin(total, total.c.bag_id == CashBag.id)
        .where(CashBag.arrived_amount != func.coalesce(total.c.n, 0))
    )
    yield from (f"bag {r}" for r in rows)
    yield from sources.compare(bags.SOURCE.kind)
