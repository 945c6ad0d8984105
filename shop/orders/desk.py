"""What staff do with orders and parcels: each step once for its form's key; steps for many tell how each one went."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from shop.catalog import pictures
from shop.kernel import operations
from shop.kernel.actor import Actor
from shop.kernel.db import savepoint, session
from shop.kernel.errors import N_, Conflict, Invalid, NotFound
from shop.orders import services as orders
from shop.orders.errors import SendDayTooLate
from shop.orders.models import ALLOWED, TILL, Fulfilment, FulfilmentStatus, Order, OrderStatus, RefusalWhy
from shop.orders.services import parcels, returns

MOST_AT_ONCE = 100
PHOTO_WIDTH = 1280
TOO_MANY = N_("Mỗi lần chỉ làm được nhiều nhất %(n)s dòng.")

# --- what may be done now ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ParcelSteps:
    """Which steps a parcel may take now. `confirm` is the word of whoever sends it; `refuse_lines` while it is not packed."""

    confirm: bool
    refuse: bool
    refuse_lines: bool
    pack: bool
    hand_over: bool
    deliver: bool
    take_back: bool


def may_confirm(order: Order) -> bool:
    """Whether the order waits for the desk's word."""
    return order.status == OrderStatus.PLACED


def may_cancel(order: Order) -> bool:
    """Whether nothing of the order has left and it is not over."""
    waiting = {FulfilmentStatus.PENDING, FulfilmentStatus.PACKED, FulfilmentStatus.CANCELLED}
    return OrderStatus.CANCELLED in ALLOWED["order"][order.status] and all(
        f.status in waiting for f in order.fulfilments
    )


def parcel_steps(order: Order, parcel: Fulfilment) -> ParcelSteps:
    """Which steps `parcel` of `order` may take now; the services decide again when they are asked."""
    refuse = parcels.may_refuse(order, parcel)
    return ParcelSteps(
        confirm=parcels.may_confirm(order, parcel),
        refuse=refuse,
        refuse_lines=refuse and parcel.status == FulfilmentStatus.PENDING,
        pack=orders.may_pack(order, parcel),
        hand_over=parcel.status == FulfilmentStatus.PACKED,
        deliver=parcel.status == FulfilmentStatus.HANDED_OVER,
        take_back=FulfilmentStatus.RETURNED in ALLOWED["fulfilment"][parcel.status] and order.channel != TILL,
    )


# --- one order, one parcel ---------------------------------------------------------------------------------------


def _once(actor: Actor, op_key: str, kind: str, body: Sequence[Any], command: Callable[[], None]) -> None:
    def run() -> dict[str, Any]:
        command()
        return {}

    operations.once(op_key, kind, actor.key, list(body), run)


def confirm(actor: Actor, order_id: int, op_key: str) -> None:
    """As `services.confirm`, once for `op_key`."""
    _once(actor, op_key, "orders.confirm", [order_id], lambda: orders.confirm(actor, order_id))


def cancel(actor: Actor, order_id: int, reason: str, op_key: str) -> None:
    """As `services.cancel`, once for `op_key`; the buyer is told the reason.

    Raises:
        Invalid: no reason.
    """
    reason = reason.strip()
    if len(reason) < 2:
        raise Invalid(N_("Hãy ghi lý do hủy đơn, ít nhất 2 ký tự."), field="reason")
    _once(actor, op_key, "orders.cancel", [order_id, reason], lambda: orders.cancel(actor, order_id, reason))


def confirm_parcel(actor: Actor, fulfilment_id: int, send_on: date, op_key: str) -> None:
    """As `parcels.confirm_parcel`, once for `op_key`."""
    _once(
        actor,
        op_key,
        "orders.confirm_parcel",
        [fulfilment_id, send_on.isoformat()],
        lambda: parcels.confirm_parcel(actor, fulfilment_id, send_on),
    )


def refuse(
    actor: Actor,
    fulfilment_id: int,
    quantities: Mapping[int, int] | None,
    why: RefusalWhy,
    reason: str,
    op_key: str,
) -> None:
    """As `parcels.refuse`, once for `op_key`: a double click refuses once."""
    body = [fulfilment_id, sorted(quantities.items()) if quantities is not None else None, why.value, reason]
    _once(
        actor,
        op_key,
        "orders.refuse",
        body,
        lambda: _told(parcels.refuse(actor, fulfilment_id, quantities, why, reason)),
    )


def _told(_refusal_id: int) -> None:
    """A refusal is looked up by its parcel."""


def pack(actor: Actor, fulfilment_id: int, op_key: str) -> None:
    """As `services.pack`, once for `op_key`."""
    _once(actor, op_key, "orders.pack", [fulfilment_id], lambda: orders.pack(actor, fulfilment_id))


def hand_over(
    actor: Actor,
    fulfilment_id: int,
    carrier: str,
    tracking_number: str,
    op_key: str,
    *,
    photo: bytes | None = None,
    note: str | None = None,
) -> None:
    """As `services.hand_over`, once for `op_key`. A photograph is encoded anew: what else its file held is gone.

    Raises:
        Invalid: the photograph cannot be taken.
    """
    photo_key = None
    if photo:
        made = pictures.encode(photo, widths=(PHOTO_WIDTH,), kinds=("jpeg",), folder="parcels")
        photo_key = next(iter(made.files["jpeg"].values()))
    _once(
        actor,
        op_key,
        "orders.hand_over",
        [fulfilment_id, carrier, tracking_number],
        lambda: orders.hand_over(
            actor, fulfilment_id, carrier=carrier, tracking_number=tracking_number, photo_key=photo_key, note=note
        ),
    )


def deliver(actor: Actor, fulfilment_id: int, op_key: str) -> None:
    """As `services.deliver`, once for `op_key`."""
    _once(actor, op_key, "orders.deliver", [fulfilment_id], lambda: orders.deliver(actor, fulfilment_id))


def take_back(
    actor: Actor,
    fulfilment_id: int,
    reason: str,
    op_key: str,
    *,
    restock: bool,
    bad: Mapping[int, int] | None = None,
) -> None:
    """As `returns.take_back`, once for `op_key`."""
    _once(
        actor,
        op_key,
        "orders.take_back",
        [fulfilment_id, reason, restock, sorted(bad.items()) if bad is not None else None],
        lambda: returns.take_back(actor, fulfilment_id, restock=restock, reason=reason, bad=bad),
    )


# --- many --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one of many went: `refusal` is why not (a Vietnamese msgid), None if it was done."""

    name: str
    refusal: str | None


def _each(
    actor: Actor, op_key: str, kind: str, chosen: Sequence[tuple[str, int]], step: Callable[[Actor, int], None]
) -> list[Outcome]:
    """Take `step` for each (name, id), in id order, in one transaction; who is refused does not stop the others."""
    if not chosen:
        raise Invalid(N_("Hãy chọn ít nhất một dòng."))
    if len(chosen) > MOST_AT_ONCE:
        raise Invalid(TOO_MANY, n=MOST_AT_ONCE)

    def run() -> dict[str, Any]:
        told: list[list[str | None]] = []
        for name, row_id in sorted(chosen, key=lambda pair: pair[1]):
            try:
                with savepoint():
                    step(actor, row_id)
            except (Conflict, SendDayTooLate) as error:
                told.append([name, error.title])
            else:
                told.append([name, None])
        return {"told": told}

    done = operations.once(op_key, kind, actor.key, sorted(row_id for _name, row_id in chosen), run)
    return [Outcome(name, refusal) for name, refusal in done["told"]]


def confirm_all(actor: Actor, references: Iterable[str], op_key: str) -> list[Outcome]:
    """Confirm every order of `references`, once for `op_key`; an order that cannot be is told, the others are confirmed.

    Raises:
        Invalid: nothing is chosen, or too much.
        NotFound: there is no order of such a reference.
    """
    wanted = list(dict.fromkeys(references))
    rows = session().execute(select(Order.reference, Order.id).where(Order.reference.in_(wanted[: MOST_AT_ONCE + 1])))
    found: dict[str, int] = dict(rows.all())
    if len(wanted) > MOST_AT_ONCE:
        raise Invalid(TOO_MANY, n=MOST_AT_ONCE)
    if len(found) < len(wanted):
        raise NotFound
    return _each(actor, op_key, "orders.confirm_all", list(found.items()), orders.confirm)


def confirm_parcels(actor: Actor, chosen: Sequence[tuple[str, int]], send_on: date, op_key: str) -> list[Outcome]:
    """Confirm every parcel of `chosen` (name, id) for the same day, once for `op_key`; one that cannot be is told, the
    others are confirmed.

    Raises:
        Invalid: nothing is chosen, or too much, or the day is over.
    """
    return _each(
        actor, op_key, "orders.confirm_parcels", list(chosen), lambda who, i: parcels.confirm_parcel(who, i, send_on)
    )


def pack_all(actor: Actor, chosen: Sequence[tuple[str, int]], op_key: str) -> list[Outcome]:
    """Pack every parcel of `chosen` (name, id), once for `op_key`; one that cannot be is told, the others are packed.

    Raises:
        Invalid: nothing is chosen, or too much.
    """
    return _each(actor, op_key, "orders.pack_all", list(chosen), orders.pack)
