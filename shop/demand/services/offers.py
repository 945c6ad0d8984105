"""Offers: goods that come are kept for those who wait, in the order of the queue, before anybody else can see them.

Locks are taken in the order queue, basket, claims and levels, offer, entry. Whoever holds levels already (he has just brought
the goods) does not wait for a queue that is busy: the one who is busy with it, or the sweep a minute later, shares them out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import literal, select, true, update

from shop.catalog import queries as catalog
from shop.catalog.models import Variant, VariantState
from shop.checkout import services as checkout
from shop.checkout.queries import token_hash
from shop.demand import queue
from shop.demand.errors import OfferInUse, OfferOver
from shop.demand.events import OfferEnded, OfferMade
from shop.demand.models.waiting import (
    ALLOWED,
    CLAIMS,
    Choice,
    OfferState,
    WaitEntry,
    WaitOffer,
    WaitQueue,
    WaitState,
    WaitStep,
    claim_of,
)
from shop.demand.rules import waiting as rules
from shop.kernel import audit, clock, text, web
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import after_commit, insert_missing, is_sqlite, savepoint, session, transaction
from shop.kernel.errors import N_, NotFound
from shop.kernel.events import publish
from shop.points import queries as points
from shop.stock import queries as stock_read
from shop.stock import services as stock
from shop.stock.errors import SoldOut
from shop.stock.models import Outcome, StockHold, StockLevel
from shop.stock.services import lots

TRIES = 3
# So many who wait are looked at for one arrival of goods; the others when the next come.
LONGEST_LOOK = 1000


def lock_queue(product_id: int, *, wait: bool = True) -> bool:
    """Lock a product's queue until the transaction ends (made where there is none); without `wait`, return whether it was
    free."""
    if wait:
        insert_missing(WaitQueue, [{"product_id": product_id}], ["product_id"])
    row = select(WaitQueue.product_id).where(WaitQueue.product_id == product_id)
    if not is_sqlite():
        row = row.with_for_update(skip_locked=not wait)
    return session().scalar(row) is not None


def locked_entry(entry_id: int) -> WaitEntry:
    """The entry as it is now, locked.

    Raises:
        NotFound.
    """
    found = session().get(WaitEntry, entry_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound
    return found


def _locked_offer(offer_id: int) -> WaitOffer:
    found = session().get(WaitOffer, offer_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound
    return found


def move(actor: Actor, entry: WaitEntry, to: WaitState, note: str | None = None) -> None:
    """Take the entry one step, written down.

    Raises:
        ValueError: the step is not allowed (a defect of the caller).
    """
    if to not in ALLOWED[entry.state]:
        raise ValueError(f"{entry.reference}: {entry.state} → {to}")
    now, before = clock.now(), entry.state
    entry.state = to
    if to is WaitState.WAITING:
        entry.waiting_since = now
    if not ALLOWED[to]:
        entry.ended_at = now
    s = session()
    s.add(
        WaitStep(
            entry_id=entry.id, from_state=before.value, to_state=to.value, at=now,
            actor_key=actor.key, actor_label=actor.label, note=note,
        )
    )  # fmt: skip
    s.flush()
    after_commit(web.forget_pages)  # product pages tell how many wait


def accepted(product_id: int) -> tuple[dict[int, tuple[Any, Any]], list[int]]:
    """The shown packs of a product with their net content, and those of them that may be sold now, in the product's order."""
    rows = session().execute(
        select(Variant.id, Variant.net_content, Variant.net_unit)
        .where(Variant.product_id == product_id, Variant.state == VariantState.SHOWN)
        .order_by(Variant.position, Variant.id)
    )
    packs = {variant_id: (net, unit) for variant_id, net, unit in rows}
    sellable = catalog.sellable(list(packs), clock.now())
    return packs, [v for v in packs if v in sellable and sellable[v].refusal is None]


def takes_of(choice: Choice, variant_id: int, packs: dict[int, tuple[Any, Any]]) -> tuple[int, ...]:
    """The packs that somebody takes who looked at `variant_id`: that one first."""
    if choice is Choice.THIS:
        return (variant_id,)
    mine = packs.get(variant_id)
    others = [
        v
        for v, content in packs.items()
        if v != variant_id and (choice is Choice.ANY or (mine is not None and mine[0] is not None and content == mine))
    ]
    return (variant_id, *others)


def offer_goods(product_id: int, *, wait: bool = True) -> int:
    """Offer what can be sold of the product's packs to those who wait, in order; return how many offers were made.

    Call inside a transaction; without `wait` nothing is done while somebody else is busy with the queue.
    """
    if not lock_queue(product_id, wait=wait):
        return 0
    for _ in range(TRIES):
        try:
            with savepoint():
                return _share_out(product_id)
        except SoldOut:  # somebody was faster at a level: look again
            continue
    return 0


def _share_out(product_id: int) -> int:
    s = session()
    entries = {
        e.reference: e
        for e in s.scalars(
            select(WaitEntry)
            .where(WaitEntry.product_id == product_id, WaitEntry.state == WaitState.WAITING)
            .order_by(WaitEntry.queued_at, WaitEntry.id)
            .limit(LONGEST_LOOK)
            .execution_options(populate_existing=True)
        )
    }
    if not entries:
        return 0
    packs, sold = accepted(product_id)
    levels = stock_read.free_levels(sold, web=True) if sold else []
    if not levels:
        return 0
    waits = [
        queue.Wait(
            e.reference, tuple(v for v in takes_of(e.choice, e.variant_id, packs) if v in sold), e.quantity, e.partial,
            e.point_id,
        )
        for e in entries.values()
    ]  # fmt: skip
    shares = queue.share(waits, levels)
    now = clock.now()
    until = rules.until(now, int(rules.OFFER_HOURS.get()))
    for found in shares:
        entry = entries[found.reference]
        offer = WaitOffer(
            reference=text.reference(), entry_id=entry.id, variant_id=found.variant_id, quantity=found.quantity,
            state=OfferState.OPEN, passed_over=" ".join(found.passed_over), made_at=now, until=until,
        )  # fmt: skip
        s.add(offer)
        s.flush()
        stock.take(offer.claim, found.takes, until=until + rules.GRACE, web=True)
        move(SYSTEM, entry, WaitState.OFFERED)
        publish(OfferMade(offer.id))
    return len(shares)


def goods_came(variant_ids: Sequence[int]) -> int:
    """There is more of these packs: offer it to who waits for them, in the open transaction; return how many offers."""
    waiting = (
        select(WaitEntry.product_id)
        .where(
            WaitEntry.state == WaitState.WAITING,
            WaitEntry.product_id.in_(select(Variant.product_id).where(Variant.id.in_(list(variant_ids)))),
        )
        .distinct()
        .order_by(WaitEntry.product_id)
    )
    return sum(offer_goods(product_id, wait=False) for product_id in session().scalars(waiting).all())


# --- what becomes of an offer ------------------------------------------------------------------------------------


def put_in_basket(reference: str, token: str, user_id: int | None, *, adult: bool) -> None:
    """Put the goods of an offer with their claim into the visitor's basket. A second time in the same browser changes nothing.

    Raises:
        OfferOver: the goods are no longer kept.
        OfferInUse: they lie in a basket of another browser.
        AgeRequired, NotForSale, CertificateLapsed, …: see `checkout.services.put_claimed`.
        NotFound: there is no such offer.
    """
    mine = token_hash(token)
    with transaction() as s:
        offer = s.scalar(select(WaitOffer).where(WaitOffer.reference == reference))
        if offer is None:
            raise NotFound
        if offer.state is not OfferState.OPEN:
            raise OfferOver
        owner = s.scalar(select(WaitEntry.user_id).where(WaitEntry.id == offer.entry_id))
        own_account = user_id is not None and owner == user_id
        if offer.basket_hash not in {None, mine} and not own_account:
            raise OfferInUse
        checkout.put_claimed(token, user_id, offer.variant_id, offer.quantity, offer.claim, adult=adult)
        free = true() if own_account else WaitOffer.basket_hash.is_(None) | (WaitOffer.basket_hash == mine)
        changed = s.execute(
            update(WaitOffer)
            .where(
                WaitOffer.id == offer.id,
                WaitOffer.state == OfferState.OPEN,
                WaitOffer.until > clock.now(),
                free,
            )
            .values(basket_hash=mine, basket_at=clock.now())
            .returning(WaitOffer.id)
            .execution_options(synchronize_session=False)
        ).first()
        if changed is None:
            s.expire(offer)
            raise OfferInUse if offer.state is OfferState.OPEN and offer.until > clock.now() else OfferOver


def bought(claim: str, order_id: int, quantity: int) -> None:
    """The goods of an offer became part of an order, in the order's own transaction. What is still wanted keeps its place."""
    if not claim.startswith(CLAIMS):
        return
    s = session()
    offer_id = s.scalar(select(WaitOffer.id).where(WaitOffer.reference == claim.removeprefix(CLAIMS)))
    if offer_id is None:
        return
    offer = _locked_offer(offer_id)
    if offer.state is not OfferState.OPEN:
        raise SoldOut(offer.variant_id)
    entry = locked_entry(offer.entry_id)
    offer.state, offer.closed_at, offer.order_id = OfferState.BOUGHT, clock.now(), order_id
    taken = min(quantity, offer.quantity)
    entry.bought += taken
    left = entry.quantity - offer.quantity
    if left > 0:
        entry.quantity = left
        move(SYSTEM, entry, WaitState.WAITING, N_("Đã mua một phần, phần còn lại giữ nguyên chỗ"))
    else:
        move(SYSTEM, entry, WaitState.BOUGHT)
    if taken < offer.quantity or left > 0:
        offer_goods(entry.product_id, wait=False)


def _close(offer: WaitOffer, state: OfferState) -> None:
    offer.state, offer.closed_at = state, clock.now()
    session().flush()


def end(actor: Actor, offer_id: int, state: OfferState) -> bool:
    """End an open offer and pass its goods on in the same transaction; return whether it was open.

    Lapsed: the entry goes to the end of its queue, or loses its place after as many lapses as staff set; goods that could not
    be sold at that time do not count. Withdrawn: the entry keeps its place. Declined: its owner leaves the queue.
    """
    with transaction() as s:
        product_id = s.scalar(
            select(WaitEntry.product_id)
            .join(WaitOffer, WaitOffer.entry_id == WaitEntry.id)
            .where(WaitOffer.id == offer_id, WaitOffer.state == OfferState.OPEN)
        )
        if product_id is None:
            return False
        lock_queue(product_id)
        reference = s.scalar(select(WaitOffer.reference).where(WaitOffer.id == offer_id)) or ""
        # Others are served while this entry still counts as offered; an order that has just used the claim went first.
        stock.release(claim_of(reference), Outcome.LAPSED if state is OfferState.LAPSED else Outcome.RELEASED)
        offer = _locked_offer(offer_id)
        if offer.state is not OfferState.OPEN:
            return False
        entry = locked_entry(offer.entry_id)
        if state is OfferState.LAPSED and offer.variant_id not in accepted(product_id)[1]:
            state = OfferState.WITHDRAWN
        _close(offer, state)
        if state is OfferState.DECLINED:
            move(actor, entry, WaitState.LEFT)
        elif state is OfferState.WITHDRAWN:
            move(actor, entry, WaitState.WAITING, N_("Cửa hàng thu lại phần đang giữ, giữ nguyên chỗ"))
        else:
            entry.lapses += 1
            if entry.lapses >= int(rules.MOST_LAPSES.get()):
                move(actor, entry, WaitState.ENDED, N_("Hết hạn giữ hàng mà chưa mua, hết lượt"))
            else:
                entry.queued_at = clock.now()
                move(actor, entry, WaitState.WAITING, N_("Hết hạn giữ hàng mà chưa mua, chuyển xuống cuối hàng chờ"))
        if state in {OfferState.LAPSED, OfferState.WITHDRAWN}:
            publish(OfferEnded(offer.id))
        offer_goods(product_id)
        return True


def lot_stopped(lot_id: int) -> None:
    """Goods kept of a lot that may not be sold are changed for others of the same shelf; where there are none, the offer is
    withdrawn and its entry keeps its place. Each offer in a transaction of its own; again is harmless."""
    s = session()
    stopped = (
        select(StockHold.reference)
        .join(StockLevel, StockLevel.id == StockHold.level_id)
        .where(
            StockLevel.lot_id == lot_id,
            StockHold.outcome.is_(None),
            StockHold.reference.startswith(CLAIMS, autoescape=True),
        )
    )
    # In the order of the queue: who stands first is the first to have other goods instead.
    found = s.execute(
        select(WaitOffer.id, WaitOffer.reference)
        .join(WaitEntry, WaitEntry.id == WaitOffer.entry_id)
        .where(WaitOffer.state == OfferState.OPEN, (literal(CLAIMS) + WaitOffer.reference).in_(stopped))
        .order_by(WaitEntry.queued_at, WaitEntry.id)
    ).all()
    for offer_id, reference in found:
        _moved, missing = lots.swap(SYSTEM, claim_of(reference))
        if missing:
            end(SYSTEM, offer_id, OfferState.WITHDRAWN)


def told(actor: Actor, reference: str) -> None:
    """Write down that somebody without an e-mail address was called about his offer; a second time changes nothing.

    Raises:
        NotFound: there is no such offer.
        OfferOver: it is over.
    """
    with transaction() as s:
        offer = s.scalar(select(WaitOffer).where(WaitOffer.reference == reference).with_for_update())
        if offer is None:
            raise NotFound
        if offer.state is not OfferState.OPEN:
            raise OfferOver
        if offer.told_at is None:
            offer.told_at, offer.told_by = clock.now(), actor.label
            audit.record(actor, "waiting.told", f"offer:{reference}")


def _shut() -> Sequence[int]:
    """Open offers of goods that lie at a point which has closed: nothing leaves from there any more."""
    today = clock.today()
    closed = [p.id for p in points.all_points() if p.closed_on is not None and p.closed_on <= today]
    if not closed:
        return []
    return (
        session()
        .scalars(
            select(WaitOffer.id)
            .join(StockHold, StockHold.reference == literal(CLAIMS) + WaitOffer.reference)
            .join(StockLevel, StockLevel.id == StockHold.level_id)
            .where(WaitOffer.state == OfferState.OPEN, StockHold.outcome.is_(None), StockLevel.point_id.in_(closed))
            .distinct()
            .order_by(WaitOffer.id)
        )
        .all()
    )


def sweep() -> tuple[int, int]:
    """End offers whose term is over, and those whose point has closed (their entries keep their place); then offer what lies
    free to those who wait: the safety net behind `goods_came`. Returns how many offers ended and how many were made."""
    s = session()
    shut = sum(end(SYSTEM, offer_id, OfferState.WITHDRAWN) for offer_id in _shut())
    due = s.scalars(
        select(WaitOffer.id)
        .where(WaitOffer.state == OfferState.OPEN, WaitOffer.until <= clock.now())
        .order_by(WaitOffer.until, WaitOffer.id)
        .limit(500)
    ).all()
    ended = shut + sum(end(SYSTEM, offer_id, OfferState.LAPSED) for offer_id in due)
    made = 0
    waiting = select(WaitEntry.product_id).where(WaitEntry.state == WaitState.WAITING).distinct()
    for product_id in session().scalars(waiting.order_by(WaitEntry.product_id)).all():
        _packs, sold = accepted(product_id)
        if sold and stock_read.free_levels(sold, web=True):
            with transaction():
                made += offer_goods(product_id)
    return ended, made
