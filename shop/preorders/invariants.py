"""What must hold of windows and pre-orders (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby

from sqlalchemy import and_, exists, func, or_, select

from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.kernel.jobs import Job
from shop.kernel.mail import Letter
from shop.ledger import sources
from shop.orders.models import DEPOSIT, PREORDER, Order, OrderLine, OrderStatus
from shop.payments.models import Payment, PaymentState
from shop.preorders import sharing
from shop.preorders.models import ENDED, LIVE, WINDOW_ALLOWED, HarvestWindow, Preorder, S, W, WindowStep
from shop.stock.models import StockHold

GRACE = timedelta(minutes=15)


@invariant("preorders.taken-is-what-lives")
def taken() -> Iterator[str]:
    """A window counts exactly the units of its living pre-orders."""
    live = (
        select(Preorder.window_id, func.sum(Preorder.quantity).label("n"))
        .where(Preorder.state.in_(LIVE))
        .group_by(Preorder.window_id)
        .subquery()
    )
    yield from session().scalars(
        select(HarvestWindow.reference)
        .outerjoin(live, live.c.window_id == HarvestWindow.id)
        .where(HarvestWindow.taken != func.coalesce(live.c.n, 0))
    )


@invariant("preorders.history-is-unbroken")
def history() -> Iterator[str]:
    """A window's steps begin with nothing, take only allowed ones (its days may move within a state) and end in its state."""
    s = session()
    ends: dict[int, str] = {}
    wrong: set[int] = set()
    rows = s.execute(
        select(WindowStep.window_id, WindowStep.from_state, WindowStep.to_state).order_by(
            WindowStep.window_id, WindowStep.id
        )
    )
    for window_id, steps in groupby(rows, key=lambda row: row[0]):
        at = ""
        for _window, before, after in steps:
            moved = before == after and before in {W.OPEN, W.CLOSED, W.HARVESTED}
            if before != at or not (moved or after in WINDOW_ALLOWED[before]):
                wrong.add(window_id)
            at = after
        ends[window_id] = at
    for window_id, reference, state in s.execute(
        select(HarvestWindow.id, HarvestWindow.reference, HarvestWindow.state)
    ):
        if window_id in wrong or ends.get(window_id) != state:
            yield reference


@invariant("preorders.shares-add-up")
def shares() -> Iterator[str]:
    """What a shared window gave is the smaller of its harvest and what was wanted, and each got what the published rule says;
    before that nobody has got anything."""
    rows = session().execute(
        select(HarvestWindow, Preorder)
        .join(Preorder, Preorder.window_id == HarvestWindow.id)
        .where(Preorder.state == S.SHARED)
        .order_by(HarvestWindow.id, Preorder.id)
    )
    for _id, found in groupby(rows, key=lambda row: row[0].id):
        pairs = list(found)
        window, asked = pairs[0][0], [p for _w, p in pairs]
        if window.state not in {W.SHARED, W.DONE} or window.harvested is None:
            yield window.reference
            continue
        if sum(p.allotted or 0 for p in asked) != min(window.harvested, sum(p.quantity for p in asked)):
            yield window.reference
            continue
        if window.rule is not sharing.Rule.LOCALS_FIRST:  # where people lived is forgotten after a term
            wants = [sharing.Want(p.reference, p.quantity) for p in asked]
            got = sharing.share(window.rule, window.harvested, wants, seed=window.seed)
            if [g.units for g in got] != [p.allotted for p in asked]:
                yield window.reference


@invariant("preorders.a-draws-seed-was-sealed")
def seeds() -> Iterator[str]:
    """A window's seed is the one whose seal was published."""
    for reference, seed, seal in session().execute(
        select(HarvestWindow.reference, HarvestWindow.seed, HarvestWindow.seed_hash)
    ):
        if sharing.commitment(seed) != seal:
            yield reference


@invariant("preorders.deposits-are-used-or-go-back")
def deposits() -> Iterator[str]:
    """Of a pre-order that was confirmed and has ended every đồng of its deposit is used, goes back, waits for the next
    window or went there; of one that is confirmed none is."""
    parts = (
        Preorder.used_amount - Preorder.returned_amount + Preorder.back_amount + Preorder.credit_amount
        + Preorder.moved_amount
    )  # fmt: skip
    yield from session().scalars(
        select(Preorder.reference).where(
            or_(
                and_(Preorder.state.in_(ENDED), Preorder.confirmed_at.is_not(None), parts != Preorder.deposit_amount),
                and_(or_(Preorder.state.not_in(ENDED), Preorder.confirmed_at.is_(None)), parts != 0),
            )
        )
    )


@invariant("preorders.what-is-due-is-sent")
def due() -> Iterator[str]:
    """What goes back to a buyer is asked for within a quarter of an hour, and what was asked for was refunded or is on its
    way."""
    s = session()
    yield from s.scalars(
        select(Preorder.reference).where(
            Preorder.back_amount > Preorder.sent_amount, Preorder.updated_at < clock.now() - GRACE
        )
    )
    sent = (
        select(Preorder.deposit_order_id, func.sum(Preorder.sent_amount).label("n"))
        .where(Preorder.deposit_order_id.is_not(None))
        .group_by(Preorder.deposit_order_id)
        .subquery()
    )
    # Refunds that failed are before a person (`payments`): they are set free there and counted here as asked for.
    asked = select(Payment.order_id, func.sum(Payment.captured_amount).label("n")).group_by(Payment.order_id).subquery()
    yield from s.scalars(
        select(Order.reference)
        .join(sent, sent.c.deposit_order_id == Order.id)
        .join(asked, asked.c.order_id == Order.id)
        .where(sent.c.n > asked.c.n)
    )


@invariant("preorders.a-deposit-has-its-pre-order")
def deposit_orders() -> Iterator[str]:
    """Every deposit is of one pre-order and of its amount; whoever's places are his by a deposit has paid it."""
    s = session()
    # Those brought over from an earlier window are paid by what is left of the first one's.
    first = exists().where(
        Preorder.deposit_order_id == Order.id, Preorder.carried_from_id.is_(None),
        Preorder.deposit_amount == Order.total_amount,
    )  # fmt: skip
    yield from s.scalars(select(Order.reference).where(Order.channel == DEPOSIT, ~first))
    paid = exists().where(
        Payment.order_id == Preorder.deposit_order_id, Payment.state == PaymentState.CAPTURED,
        Payment.captured_amount >= Preorder.deposit_amount,
    )  # fmt: skip
    yield from s.scalars(
        select(Preorder.reference).where(
            Preorder.state.in_([S.CONFIRMED, S.SHARED]), Preorder.deposit_amount > 0, ~paid
        )
    )


@invariant("preorders.an-order-of-goods-is-what-was-allotted")
def goods() -> Iterator[str]:
    """A pre-order that got goods has one order of exactly those, at its harvest's price, its deposit taken off; and every order
    of that channel is such a one."""
    units = (
        select(OrderLine.order_id, func.sum(OrderLine.quantity).label("n"))
        .group_by(OrderLine.order_id)
        .subquery()
    )  # fmt: skip
    s = session()
    yield from s.scalars(
        select(Preorder.reference)
        .join(HarvestWindow, HarvestWindow.id == Preorder.window_id)
        .outerjoin(Order, Order.id == Preorder.order_id)
        .outerjoin(units, units.c.order_id == Order.id)
        .where(
            Preorder.state == S.SHARED,
            or_(
                func.coalesce(units.c.n, 0) != Preorder.allotted,
                and_(
                    Order.id.is_not(None),
                    or_(
                        Order.channel != PREORDER,
                        Order.discount_amount != Preorder.used_amount,
                        Order.goods_amount != Preorder.allotted * HarvestWindow.final_price_amount,
                    ),
                ),
            ),
        )
    )
    yield from s.scalars(
        select(Order.reference).where(Order.channel == PREORDER, ~exists().where(Preorder.order_id == Order.id))
    )


@invariant("preorders.an-ended-order-of-goods-keeps-no-deposit")
def ended_orders() -> Iterator[str]:
    """Of an order of goods that was cancelled the whole deposit goes back."""
    yield from session().scalars(
        select(Preorder.reference)
        .join(Order, Order.id == Preorder.order_id)
        .where(Order.status == OrderStatus.CANCELLED, Preorder.used_amount != Preorder.returned_amount)
    )


@invariant("preorders.nobody-waits-past-his-term")
def terms() -> Iterator[str]:
    """No pre-order keeps its places longer than five minutes past its term without being confirmed."""
    yield from session().scalars(
        select(Preorder.reference).where(
            Preorder.state == S.WAITING, Preorder.hold_until < clock.now() - timedelta(minutes=5)
        )
    )


@invariant("preorders.everybody-is-told")
def letters() -> Iterator[str]:
    """Every pre-order has its letter, or the job that writes it, within a quarter of an hour."""
    letter = exists().where(
        or_(
            Letter.key == "preorder-placed:" + Preorder.reference,
            Letter.key == "preorder-carried:" + Preorder.reference,
        )
    )
    waiting = exists().where(
        Job.name.like("preorders.letter-%"), Job.state != "done", Job.created_at >= Preorder.placed_at
    )
    yield from session().scalars(
        select(Preorder.reference).where(
            Preorder.email.is_not(None), Preorder.is_demo.is_(False), Preorder.placed_at < clock.now() - GRACE, ~letter,
            ~waiting,
        )
    )  # fmt: skip


@invariant("preorders.goods-are-set-aside-only-until-they-are-shared")
def set_aside() -> Iterator[str]:
    """Goods are claimed for a window only while its harvest is known and not shared."""
    waits = exists().where(
        StockHold.reference == "harvest:" + HarvestWindow.reference, HarvestWindow.state == W.HARVESTED
    )
    yield from session().scalars(
        select(StockHold.reference)
        .where(StockHold.reference.startswith("harvest:"), StockHold.outcome.is_(None), ~waits)
        .distinct()
    )


@invariant("preorders.ledger-says-the-same")
def ledger_agrees() -> Iterator[str]:
    """Each deposit that became a part of delivered goods stands so in the ledger."""
    yield from sources.compare("deposit-used")
