"""Deposits that wait for the next window of the same pack: brought over before it opens to everybody, or as soon as they wait
if it is open already, or given back."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import exists, func, select

from shop.kernel import audit, clock, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.events import publish
from shop.orders import services as orders
from shop.orders.models import DeliveryKind
from shop.preorders import rules
from shop.preorders.errors import PreorderMovedOn
from shop.preorders.events import PreorderConfirmed
from shop.preorders.models import LIVE, HarvestWindow, Preorder, S, W
from shop.preorders.services import deposits, places, windows


def bring_over(window: HarvestWindow) -> int:
    """Give places in the locked `window`, which takes orders, to whoever kept his deposit for it, in the order in which
    they ordered; return how many. Who cannot be served in his way of delivery, or finds no place, waits on."""
    waiting = session().scalars(
        select(Preorder)
        .where(Preorder.variant_id == window.variant_id, Preorder.credit_amount > 0, Preorder.window_id != window.id)
        .order_by(Preorder.id)
        .with_for_update()
    ).all()  # fmt: skip
    pickups = {p.point_id for p in window.pickups}
    left, brought = window.limit_units - window.taken, 0
    for old in waiting:
        served = window.ships if old.delivery is DeliveryKind.SHIP else old.pickup_point_id in pickups
        had = session().scalar(
            select(func.coalesce(func.sum(Preorder.quantity), 0)).where(
                Preorder.window_id == window.id, Preorder.state.in_(LIVE), Preorder.phone == old.phone
            )
        )
        units = min(old.credit_units, left, window.household_limit - int(had or 0))
        if not old.name or not served or units <= 0 or not places.take_late(window.id, units):
            continue
        left -= units
        _one(window, old, units)
        brought += 1
    return brought


def bring_over_late(limit: int = 50) -> int:
    """Bring over what waits for a next window that was open before it began to wait; return how many found places there."""
    now = clock.now()
    waits = exists().where(
        Preorder.variant_id == HarvestWindow.variant_id,
        Preorder.credit_amount > 0,
        Preorder.window_id != HarvestWindow.id,
    )
    due = (
        session()
        .scalars(
            select(HarvestWindow.id)
            .where(
                HarvestWindow.state == W.OPEN,
                HarvestWindow.opens_at <= now,
                HarvestWindow.closes_at > now,
                HarvestWindow.taken < HarvestWindow.limit_units,
                waits,
            )
            .order_by(HarvestWindow.harvest_from, HarvestWindow.id)
            .limit(limit)
        )
        .all()
    )
    brought = 0
    for window_id in due:
        with transaction():
            window = windows.lock_id(window_id)
            if window.state is W.OPEN and window.closes_at > clock.now():
                brought += bring_over(window)
    return brought


def _one(window: HarvestWindow, old: Preorder, units: int) -> None:
    """A pre-order in `window` from what `old` kept; what its deposit does not need goes back."""
    now, part = clock.now(), min(old.credit_amount, units * window.deposit_amount)
    reference = f"P-{text.reference()}"
    new = Preorder(
        reference=reference, secret_hash=orders.secret_hash(places.secret_of(reference)), window_id=window.id,
        variant_id=window.variant_id, state=S.CONFIRMED, quantity=units, user_id=old.user_id, locale=old.locale,
        name=old.name, phone=old.phone, email=old.email, delivery=old.delivery, province_code=old.province_code,
        province_name=old.province_name, commune_code=old.commune_code, commune_name=old.commune_name, street=old.street,
        address_folded=old.address_folded, pickup_point_id=old.pickup_point_id, fee_amount=old.fee_amount,
        rest_method=old.rest_method, on_short=old.on_short, deposit_order_id=old.deposit_order_id if part else None,
        deposit_amount=part, carried_from_id=old.id, placed_at=now, confirmed_at=now, updated_at=now, is_demo=old.is_demo,
    )  # fmt: skip
    session().add(new)
    close_credit(old, moved=part)
    publish(PreorderConfirmed(new.id, carried=True))


def close_credit(old: Preorder, *, moved: int) -> None:
    """What the locked `old` kept for a later window is used up: `moved` đồng went there, the rest goes back."""
    back = old.credit_amount - moved
    old.moved_amount += moved
    old.back_amount += back
    old.credit_amount, old.credit_units, old.updated_at = 0, 0, clock.now()
    session().flush()
    if back:
        deposits.give_back_later(old.id)


def release(actor: Actor, reference: str) -> None:
    """The buyer does not want to wait for the next window: his deposit goes back.

    Raises:
        NoSuchPreorder; PreorderMovedOn: nothing waits any more.
    """
    with transaction():
        _window, row = places.lock(reference)
        if not row.credit_amount:
            raise PreorderMovedOn
        close_credit(row, moved=0)
        audit.record(actor, "preorders.release", f"preorder:{reference}")


def release_old(limit: int = 200) -> int:
    """Deposits that found no next window within the shop's term go back; return how many."""
    before = clock.now() - timedelta(days=int(rules.CREDIT_DAYS.get()))
    due = session().scalars(
        select(Preorder.reference)
        .where(Preorder.credit_amount > 0, Preorder.ended_at < before)
        .order_by(Preorder.id)
        .limit(limit)
    ).all()  # fmt: skip
    for reference in due:
        with transaction():
            _window, row = places.lock(reference)
            if row.credit_amount:
                close_credit(row, moved=0)
    return len(due)
