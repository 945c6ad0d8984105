"""What has come for an order that is paid by bank transfer, as its page tells the buyer: short, over, what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass

from shop.orders.models import OrderStatus, PaymentMethod
from shop.orders.queries import Bought
from shop.payments import queries as money
from shop.payments import seen
from shop.payments.queries import TransferFacts


@dataclass(frozen=True, slots=True)
class Received:
    """Whole đồng. `got` has come of what an unpaid order is due, `missing` is still to come; `over` is more than was due and
    waits for the shop, which sends it back (`returning`, `returned`) or keeps it (`kept`) for `reasons`. `ended`: the order
    waits for nothing any more.
    """

    got: int = 0
    missing: int = 0
    over: int = 0
    returning: int = 0
    returned: int = 0
    kept: int = 0
    reasons: tuple[str, ...] = ()
    ended: bool = False
    # Seen at the bank and not in the order's books yet.
    seen: int = 0

    @property
    def short(self) -> bool:
        """Whether something has come, and not all."""
        return bool(self.got and self.missing)

    @property
    def whole(self) -> bool:
        """Whether all that was due has come, and a person has not said so yet."""
        return bool(self.got and not self.missing)

    @property
    def more(self) -> bool:
        """Whether more has come than was due."""
        return bool(self.over or self.returning or self.returned or self.kept)


NOTHING = Received()


def of_order(order: Bought) -> Received:
    """How the money of an order stands; nothing is asked of the database where none comes by transfer."""
    if order.payment_method != PaymentMethod.VIETQR:
        return NOTHING
    told, awaited = seen.told_of(order.id), money.awaited_of(order.id)
    here = sum(captured - refunded for _amount, captured, refunded, _going in awaited)
    if told == seen.NOTHING and not here and not any(going for *_sums, going in awaited):
        return NOTHING
    lacks = sum(max(0, amount - captured + refunded) for amount, captured, refunded, _going in awaited)
    held_over = sum(max(0, captured - refunded - amount) for amount, captured, refunded, _going in awaited)
    returning = told.returning + sum(going for *_sums, going in awaited)
    ended = order.status == OrderStatus.CANCELLED
    if ended:
        return Received(
            over=told.waiting + here, returning=returning, returned=told.returned, kept=told.kept,
            reasons=told.reasons, ended=True,
        )  # fmt: skip
    there = min(told.waiting, lacks)
    return Received(
        got=here - held_over + there, missing=lacks - there, over=told.waiting - there + held_over, returning=returning,
        returned=told.returned, kept=told.kept, reasons=told.reasons, seen=there,
    )  # fmt: skip


def transfer(order: Bought, received: Received) -> TransferFacts | None:
    """How to send what is still missing; None if nothing is to be sent."""
    return money.transfer_of(order.id, less=received.seen)
