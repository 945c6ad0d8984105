"""Returns are made and goods that came back are looked at. Lock order: the order, its payment, the goods.

What a unit is worth is what was really paid for it: its price less its share of what was taken off the order, so that all
units of a line together make exactly what the line cost, to the đồng.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from shop.kernel import audit, clock, db, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.events import publish
from shop.kernel.money import LARGEST_AMOUNT, vnd
from shop.orders.models import DEPOSIT, TILL, Fulfilment, FulfilmentStatus, Order, OrderLine
from shop.orders.services import hold_reference
from shop.payments import services as payments
from shop.payments.errors import NotCaptured
from shop.payments.models import Payment, PaymentState
from shop.returns import queries
from shop.returns.errors import FreightTooLarge, GoodsNotThere, LookedAt, NothingChosen, TooManyUnits
from shop.returns.events import GoodsLookedAt, ReturnMade
from shop.returns.models import Return, ReturnLine, ReturnWhy
from shop.stock.services import counter


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a return: its refund `waits` for a second person, or is made `by_hand`, or is on its way."""

    reference: str
    waits: bool
    by_hand: bool


@dataclass(frozen=True, slots=True)
class Units:
    """So many units of a line; `comes_back`: they are awaited and looked at."""

    quantity: int
    comes_back: bool


def make(
    actor: Actor,
    order_id: int,
    units: Mapping[int, Units],
    freight_amount: int,
    why: str,
    note: str,
    op_key: str,
    *,
    to: payments.Account | None = None,
    is_demo: bool = False,
) -> Made:
    """Send back what was paid for some units by line, and `freight_amount` đồng of the freight; the same key twice is one.

    The order is locked while it is counted what is left, so that clerks who act together never give back a unit, or a đồng,
    twice.

    Raises:
        NotFound: no such order or line. NotCaptured: it is not paid, or it was sold at a counter, which has its own returns.
        NothingChosen, TooManyUnits, FreightTooLarge, Invalid: what was asked for.
        GoodsNotThere: goods are awaited that the buyer has not.
        RefundTooLarge, MoneyDisputed: less is left of the money.
    """
    note = text.clean(note)[:1000]
    if why not in set(ReturnWhy):
        raise Invalid(N_("Hãy chọn lý do."), field="why")
    if len(note) < 2:
        raise Invalid(N_("Hãy ghi lý do, ít nhất 2 ký tự."), field="note")
    if not 0 <= freight_amount <= LARGEST_AMOUNT:
        raise Invalid(N_("Số tiền phải lớn hơn 0."), field="freight")
    units = {line_id: u for line_id, u in units.items() if u.quantity}
    if not units and not freight_amount:
        raise NothingChosen

    def command() -> dict[str, Any]:
        order = db.locked(Order, order_id, NotFound)
        if order.channel in {TILL, DEPOSIT}:
            raise NotCaptured
        s = session()
        left = {x.line_id: x for x in queries.left_of(order)}
        made = []
        for line_id, wanted in sorted(units.items()):
            found = left.get(line_id)
            if found is None or wanted.quantity < 0:
                raise NotFound
            if wanted.quantity > found.quantity:
                raise TooManyUnits(field=f"units-{line_id}", name=found.name, left=found.quantity)
            if wanted.comes_back and found.status is not FulfilmentStatus.DELIVERED:
                raise GoodsNotThere(field=f"units-{line_id}")
            made.append((line_id, wanted, found.worth(wanted.quantity)))
        freight = queries.freight_left(order)
        if freight_amount > freight:
            raise FreightTooLarge(field="freight", left=vnd(freight))
        goods = sum(amount for _id, _u, amount in made)
        payment_id = _payment(order_id)
        asked = payments.request_refund(actor, payment_id, goods + freight_amount, note, f"return:{op_key}"[:80], to=to)
        row = Return(
            reference=f"H-{text.reference()}", order_id=order_id, payment_id=payment_id, refund_id=asked.id,
            why=ReturnWhy(why), note=note, goods_amount=goods, freight_amount=freight_amount,
            amount=goods + freight_amount, created_at=clock.now(), actor_key=actor.key, actor_label=actor.label,
            is_demo=is_demo,
        )  # fmt: skip
        row.lines = [
            ReturnLine(line_id=line_id, quantity=u.quantity, amount=amount, comes_back=u.comes_back)
            for line_id, u, amount in made
        ]
        s.add(row)
        s.flush()
        publish(ReturnMade(row.id, order_id))
        audit.record(
            actor, "returns.make", f"order:{order_id}", reference=row.reference, amount=row.amount, why=why,
            units={str(line_id): u.quantity for line_id, u, _a in made}, freight=freight_amount,
        )  # fmt: skip
        return {"reference": row.reference, "waits": asked.waits, "by_hand": asked.by_hand}

    body = [
        order_id, sorted((i, u.quantity, u.comes_back) for i, u in units.items()), freight_amount, why, note,
        [to.bank, to.number, to.holder] if to else None,
    ]  # fmt: skip
    done = operations.once(op_key, "returns.make", actor.key, body, command)
    return Made(done["reference"], done["waits"], done["by_hand"])


def _payment(order_id: int) -> int:
    """The paid payment of an order of which most is left."""
    rest = Payment.captured_amount - Payment.refunded_amount - Payment.disputed_amount
    found = session().scalar(
        select(Payment.id)
        .where(Payment.order_id == order_id, Payment.state == PaymentState.CAPTURED)
        .order_by(rest.desc(), Payment.id)
        .limit(1)
    )
    if found is None:
        raise NotCaptured
    return int(found)


def look_at(actor: Actor, reference: str, line_id: int, good: int, bad: int, op_key: str) -> None:
    """Goods of a return came back and were looked at: `good` units go to the shelf of the point that had sent them, `bad` ones
    are written off there; the rest of what was awaited never came.

    Raises:
        NotFound: nothing is awaited of that line. LookedAt: that was said before. Invalid: more than were awaited.
        GoodsNotThere: the whole parcel was taken back meanwhile.
    """

    def command() -> dict[str, Any]:
        s = session()
        found = s.execute(
            select(ReturnLine.id, Return.order_id, Return.id)
            .join(Return, Return.id == ReturnLine.return_id)
            .where(Return.reference == reference, ReturnLine.line_id == line_id, ReturnLine.comes_back)
        ).first()
        if found is None:
            raise NotFound
        order = db.locked(Order, found[1], NotFound)
        row = db.locked(ReturnLine, found[0], NotFound)
        if row.looked_at is not None:
            raise LookedAt
        if good < 0 or bad < 0 or good + bad > row.quantity:
            raise Invalid(N_("Tốt và hỏng cộng lại không quá số đã hẹn trả."), field="good")
        line = s.get_one(OrderLine, line_id)
        parcel = s.get_one(Fulfilment, line.fulfilment_id)
        if parcel.status is not FulfilmentStatus.DELIVERED:
            raise GoodsNotThere
        backs = [counter.Back(line.variant_id, n, restock) for n, restock in ((good, True), (bad, False)) if n]
        if backs:
            why = N_("Khách trả hàng")
            counter.take_back(
                actor, parcel.point_id, backs, reference=hold_reference(order.reference, parcel.number), reason=why,
                op_key=f"return:{row.id}",
            )  # fmt: skip
        row.good_quantity, row.bad_quantity = good, bad
        row.looked_at, row.looked_by = clock.now(), actor.label
        s.flush()
        publish(GoodsLookedAt(found[2], order.id, line_id))
        audit.record(actor, "returns.look", f"order:{order.id}", reference=reference, line=line_id, good=good, bad=bad)
        return {}

    operations.once(op_key, "returns.look", actor.key, [reference, line_id, good, bad], command)


def own(actor: Actor, reference: str, *, mine: bool) -> None:
    """Take a return to look after its goods and its money, or leave it to others again.

    Raises:
        NotFound.
    """
    with transaction() as s:
        row = s.scalar(select(Return).where(Return.reference == reference).with_for_update())
        if row is None:
            raise NotFound
        row.owner_id = actor.user_id if mine else None
        audit.record(actor, "returns.owner", f"return:{reference}", mine=mine)
