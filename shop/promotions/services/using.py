"""Taking and giving back, inside the transaction of the order. Each limit is one conditional UPDATE.

Whoever takes does so after its goods (levels of stock), promotions in the order of their ids, each before its offers: one order
of locks everywhere. The row that was updated stays locked until the order is written, so that the count of what one buyer had,
read after it, is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, or_, select, update

from shop.kernel.db import changed, session
from shop.promotions import errors
from shop.promotions.models import Kind, Offer, Promotion, State, Use
from shop.promotions.queries import Buyer, is_his, used_by


@dataclass(frozen=True, slots=True)
class Take:
    """What an order takes of one promotion: đồng, and for a sale the units of the offer `slot` (0: a code)."""

    promotion_id: int
    slot: int
    units: int
    amount: int


def take(reference: str, takes: Sequence[Take], who: Buyer, at: datetime) -> None:
    """Count what the order `reference` takes at `at`. Call inside its transaction, after its goods were taken.

    Raises:
        OfferGone: a limit, a budget or a quota is used up, or the promotion is not on.
    """
    s = session()
    for promotion_id in sorted({t.promotion_id for t in takes}):
        mine = [t for t in takes if t.promotion_id == promotion_id]
        amount = sum(t.amount for t in mine)
        row = s.execute(
            _more(promotion_id, amount)
            .where(Promotion.state == State.OPEN, Promotion.starts_at <= at, Promotion.ends_at > at)
            .returning(Promotion.kind, Promotion.person_limit)
        ).first()
        if row is None:
            raise errors.OfferGone
        _take_units(mine)
        if row.person_limit is not None and who:
            _check_person(row.kind, row.person_limit, promotion_id, mine, who)
        s.execute(
            insert(Use),
            [
                {
                    "promotion_id": promotion_id, "offer_id": t.slot or None, "slot": t.slot, "reference": reference,
                    "user_id": who.user_id, "person_key": who.person_key, "units": t.units, "back_units": 0,
                    "amount": t.amount, "back_amount": 0, "at": at,
                }
                for t in mine
            ],
        )  # fmt: skip


def _more(promotion_id: int, amount: int) -> Any:
    """One more use of `amount` đồng, if there is room for it."""
    return (
        update(Promotion)
        .where(
            Promotion.id == promotion_id,
            or_(Promotion.uses_limit.is_(None), Promotion.uses < Promotion.uses_limit),
            or_(Promotion.budget_amount.is_(None), Promotion.spent_amount + amount <= Promotion.budget_amount),
        )
        .values(uses=Promotion.uses + 1, spent_amount=Promotion.spent_amount + amount)
        .execution_options(synchronize_session=False)
    )


def _take_units(takes: Sequence[Take]) -> None:
    for t in sorted((t for t in takes if t.slot), key=lambda t: t.slot):
        done: Any = session().execute(
            update(Offer)
            .where(
                Offer.id == t.slot,
                Offer.promotion_id == t.promotion_id,
                Offer.sold + Offer.lent + t.units <= Offer.quota,
            )
            .values(sold=Offer.sold + t.units)
            .execution_options(synchronize_session=False)
        )
        if not changed(done):
            raise errors.OfferGone


def _check_person(kind: Kind, most: int, promotion_id: int, takes: Sequence[Take], who: Buyer) -> None:
    if kind is Kind.CODE:
        if used_by(promotion_id, who) >= most:
            raise errors.OfferGone
        return
    had = dict(
        session()
        .execute(
            select(Use.slot, func.sum(Use.units - Use.back_units))
            .where(Use.promotion_id == promotion_id, is_his(who))
            .group_by(Use.slot)
        )
        .all()
    )
    if any(int(had.get(t.slot, 0)) + t.units > most for t in takes):
        raise errors.OfferGone


def hand_on(reference: str, to: str) -> None:
    """What was taken under one reference is another's from now on: a counter's basket has become an order."""
    session().execute(
        update(Use).where(Use.reference == reference).values(reference=to).execution_options(synchronize_session=False)
    )


def let_go(reference: str) -> None:
    """Nothing came of what was taken under this reference: all of it goes back. Doing it again does nothing."""
    rows = session().execute(
        select(Use.promotion_id, Use.slot, Use.units - Use.back_units, Use.amount - Use.back_amount)
        .where(Use.reference == reference)
        .order_by(Use.promotion_id, Use.slot)
    )
    for promotion_id, slot, units, amount in rows.all():
        give_back(reference, promotion_id, slot, units, amount)


def give_back(reference: str, promotion_id: int, slot: int, units: int, amount: int) -> None:
    """Units and đồng of a use that did not happen after all go back to their promotion. Call inside a transaction, with the
    order locked; a use that came back whole counts for nobody any more."""
    s = session()
    promotion = s.get(Promotion, promotion_id, with_for_update=True, populate_existing=True)
    use = s.scalar(
        select(Use)
        .where(Use.promotion_id == promotion_id, Use.reference == reference, Use.slot == slot)
        .execution_options(populate_existing=True)
    )
    if promotion is None or use is None or not (units or amount):
        return
    use.back_units += units
    use.back_amount += amount
    promotion.spent_amount -= amount
    if slot and units:
        s.execute(
            update(Offer)
            .where(Offer.id == slot)
            .values(sold=Offer.sold - units)
            .execution_options(synchronize_session=False)
        )
    s.flush()
    left = s.scalar(
        select(func.count())
        .select_from(Use)
        .where(Use.promotion_id == promotion_id, Use.reference == reference, Use.back_amount < Use.amount)
    )
    if not left:
        promotion.uses -= 1
    s.flush()


def take_again(reference: str) -> None:
    """An order that had ended lives again (its money came late): what it gave back is taken again, whatever the day. Its price
    was agreed within the span. Call inside its transaction, after its goods were taken.

    Raises:
        OfferGone: somebody else has it by now.
    """
    s = session()
    uses = list(s.scalars(select(Use).where(Use.reference == reference).order_by(Use.promotion_id, Use.slot)))
    for promotion_id in sorted({u.promotion_id for u in uses}):
        mine = [u for u in uses if u.promotion_id == promotion_id and u.back_amount]
        if not mine:
            continue
        if not changed(s.execute(_more(promotion_id, sum(u.back_amount for u in mine)))):
            raise errors.OfferGone
        _take_units([Take(promotion_id, u.slot, u.back_units, u.back_amount) for u in mine])
        for use in mine:
            use.back_units = use.back_amount = 0
    s.flush()
