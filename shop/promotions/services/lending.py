"""Units of timed sales that counters hold, so that they may sell them without a network and no quota is ever passed.

A counter asks for units while it has a network. What it holds counts as gone for everybody else. What it sells comes off what
it holds, whenever the sale arrives; only what it sold beyond that is taken from what is left for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, insert, or_, select, update

from shop.kernel.db import session, transaction
from shop.promotions import rules
from shop.promotions.models import Kind, Loan, Offer, Promotion, State, Use

# A counter is given units of what begins within this time.
AHEAD = timedelta(hours=24)


def lend(holder: str, variant_ids: Sequence[int], at: datetime) -> dict[int, int]:
    """Give a counter some units of each offer that is on, or begins soon, for these packs; return what it holds by offer id.

    It gets what it lacks of `promotions.till_units`, and never holds more than half of what is left, so that one counter does
    not take a small quota from the web and from the others. What it holds of sales that are over or stopped is taken home.
    """
    with transaction() as s:
        mine = Loan.holder == holder
        soon = Promotion.starts_at <= at + AHEAD
        # Rows are locked in the order of taking: promotions, then their offers.
        wanted = s.execute(
            select(Promotion.id)
            .join(Offer, Offer.promotion_id == Promotion.id)
            .outerjoin(Loan, and_(Loan.offer_id == Offer.id, mine))
            .where(
                Promotion.kind == Kind.SALE,
                or_(
                    and_(
                        Promotion.state == State.OPEN, Promotion.ends_at > at, soon, Offer.variant_id.in_(variant_ids)
                    ),
                    Loan.units > Loan.used,
                ),
            )
            .distinct()
        ).scalars()
        found: dict[int, int] = {}
        for promotion_id in sorted(wanted):
            promotion = s.get(Promotion, promotion_id, with_for_update=True, populate_existing=True)
            if promotion is None:
                continue
            on = promotion.state is State.OPEN and promotion.ends_at > at
            offers = select(Offer).where(Offer.promotion_id == promotion_id).order_by(Offer.id).with_for_update()
            for offer in s.scalars(offers.execution_options(populate_existing=True)).all():
                loan = s.scalars(select(Loan).where(mine, Loan.offer_id == offer.id)).one_or_none()
                held = loan.units - loan.used if loan else 0
                if not on:
                    _returned(offer, loan)
                    continue
                if offer.variant_id in variant_ids:
                    free = offer.quota - offer.sold - offer.lent
                    more = min(int(rules.TILL_UNITS.get()), (free + held + 1) // 2, free + held) - held
                    if more > 0:
                        offer.lent += more
                        if loan is None:
                            s.add(Loan(offer_id=offer.id, holder=holder, units=more, used=0, at=at))
                        else:
                            loan.units, loan.at = loan.units + more, at
                        held += more
                if held:
                    found[offer.id] = held
            s.flush()
        return found


def _returned(offer: Offer, loan: Loan | None) -> None:
    if loan is not None and loan.units > loan.used:
        offer.lent -= loan.units - loan.used
        loan.units = loan.used


def take_home(holder: str) -> None:
    """A counter sells no more: what it holds is everybody's again. Call inside a transaction."""
    s = session()
    loans = s.scalars(select(Loan).where(Loan.holder == holder, Loan.units > Loan.used).order_by(Loan.offer_id)).all()
    for loan in loans:
        promotion_id = s.scalar(select(Offer.promotion_id).where(Offer.id == loan.offer_id))
        s.get(Promotion, promotion_id, with_for_update=True)
        offer = s.get(Offer, loan.offer_id, with_for_update=True, populate_existing=True)
        s.refresh(loan)
        if offer is not None:
            _returned(offer, loan)
    s.flush()


@dataclass(frozen=True, slots=True)
class Sold:
    """Units of an offer that a counter has sold at its price, taking `off` đồng off each."""

    offer_id: int
    units: int
    unit_off: int


def sell(holder: str, reference: str, sold: Sequence[Sold], at: datetime) -> Mapping[int, int]:
    """Count what a counter sold at `at` under `reference`; return by offer id how many units the promotion has room for, fewer
    than were sold where the quota is used up or the sale was not on. Call inside a transaction, after its goods were taken.
    """
    s = session()
    rows = s.execute(select(Offer.id, Offer.promotion_id).where(Offer.id.in_([x.offer_id for x in sold])))
    promotions: dict[int, int] = {row[0]: row[1] for row in rows}
    granted: dict[int, int] = {}
    for promotion_id in sorted(set(promotions.values())):
        promotion = s.get_one(Promotion, promotion_id, with_for_update=True, populate_existing=True)
        was_on = (
            promotion.state in (State.OPEN, State.STOPPED)
            and promotion.starts_at <= at < promotion.ends_at
            and (promotion.stopped_at is None or at <= promotion.stopped_at)
        )
        uses: list[dict[str, Any]] = []
        for one in sorted((x for x in sold if promotions.get(x.offer_id) == promotion_id), key=lambda x: x.offer_id):
            offer = s.get_one(Offer, one.offer_id, with_for_update=True, populate_existing=True)
            loan = s.scalars(
                select(Loan)
                .where(Loan.holder == holder, Loan.offer_id == offer.id)
                .execution_options(populate_existing=True)
            ).one_or_none()
            own = min(one.units, loan.units - loan.used) if loan is not None else 0
            room = min(one.units, own + offer.quota - offer.sold - offer.lent) if was_on else 0
            granted[one.offer_id] = room
            if loan is not None and own:
                # What was held is gone with the goods, whoever bears it.
                loan.used += own
                offer.lent -= own
            if room:
                offer.sold += room
                uses.append(
                    {
                        "promotion_id": promotion_id, "offer_id": offer.id, "slot": offer.id, "reference": reference,
                        "user_id": None, "person_key": None, "units": room, "back_units": 0,
                        "amount": room * one.unit_off, "back_amount": 0, "at": at,
                    }
                )  # fmt: skip
        s.flush()
        if uses:
            s.execute(
                update(Promotion)
                .where(Promotion.id == promotion_id)
                .values(
                    uses=Promotion.uses + 1,
                    spent_amount=Promotion.spent_amount + sum(u["amount"] for u in uses),
                )
                .execution_options(synchronize_session=False)
            )
            s.execute(insert(Use), uses)
    return granted
