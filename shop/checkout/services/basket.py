"""Commands of the basket. A basket holds no goods back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import String, bindparam, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from shop.catalog import queries as catalog
from shop.checkout import errors, plan, pricing, queries, rules
from shop.checkout.events import BasketShort
from shop.checkout.models import Basket, BasketLine
from shop.checkout.queries import BasketRow
from shop.kernel import clock
from shop.kernel.db import UtcDateTime, transaction
from shop.kernel.errors import NotFound
from shop.kernel.events import publish
from shop.kernel.prepared import Prepared
from shop.stock import queries as stock

LARGEST_LINE = 9999
MOST_LINES = 60


@dataclass(frozen=True, slots=True)
class Added:
    """What adding gave: units of the line now, units asked for, units of the whole basket, units that one order may have."""

    quantity: int
    asked: int
    name: str
    units: int
    limit: int

    @property
    def cut(self) -> bool:
        return self.quantity < self.asked

    @property
    def limited(self) -> bool:
        """Whether there are more, but not for one order."""
        return self.cut and self.quantity >= self.limit


def _checked(quantity: int, *, low: int = 1) -> int:
    if not low <= quantity <= LARGEST_LINE:
        raise errors.WrongQuantity(field="quantity", high=f"{LARGEST_LINE:,}".replace(",", "."))
    return quantity


_TOUCH = Prepared(
    update(Basket)
    .where(Basket.id == bindparam("basket_id"), Basket.closed_at.is_(None))
    .values(
        updated_at=bindparam("now"),
        expires_at=bindparam("until"),
        age_confirmed_at=func.coalesce(Basket.age_confirmed_at, bindparam("aged_at", type_=UtcDateTime)),
    )
    .returning(Basket.id)
)
_INSERT_BASKET = Prepared(insert(Basket).returning(Basket.id))
_INSERT_LINE = Prepared(insert(BasketLine))
_SET_LINE = Prepared(
    update(BasketLine)
    .where(BasketLine.basket_id == bindparam("in_basket"), BasketLine.variant_id == bindparam("of_variant"))
    .values(
        quantity=bindparam("units"),
        seen_amount=bindparam("seen"),
        origin=func.coalesce(bindparam("met_at", type_=String), BasketLine.origin),
    )
)


def _opened(basket: BasketRow | None, token: str, user_id: int | None, *, adult: bool) -> int:
    """The id of the visitor's open basket, made if there is none. Runs inside a transaction."""
    now = clock.now()
    until = now + _kept()
    if basket is not None and basket.closed_at is None:
        values = {"basket_id": basket.id, "now": now, "until": until, "aged_at": now if adult else None}
        if _TOUCH.first(values) is not None:
            return basket.id
    values = {
        "token_hash": queries.token_hash(token),
        "user_id": user_id,
        "created_at": now,
        "updated_at": now,
        "expires_at": until,
        "age_confirmed_at": now if adult else None,
    }
    return int(_INSERT_BASKET.first(values)[0])


def _kept() -> timedelta:
    return timedelta(days=int(rules.BASKET_DAYS.get()))


def add(token: str, user_id: int | None, sku: str, quantity: int, *, adult: bool, origin: str | None = None) -> Added:
    """Put `quantity` more units of `sku` into the visitor's basket (made if there is none).

    No goods are held. More than there is, or than one order may have, is cut to what can be had, and the answer says so.
    `origin` is where the buyer met the goods (an opaque reference of a room above); the line and its order keep the last one.

    Raises:
        UnknownVariant, WrongQuantity: the input makes no sense.
        AgeRequired: alcohol, and the visitor has not said that he is of age.
        NotForSale, CertificateLapsed, PapersLapsed, ProducerNotReady, BasketSoldOutWhole: it cannot be sold now.
    """
    _checked(quantity)
    try:
        try:
            return _add(token, user_id, sku, quantity, adult=adult, origin=origin)
        except IntegrityError:
            # Two first clicks at once: the other one has made the basket, or put the line in.
            return _add(token, user_id, sku, quantity, adult=adult, origin=origin)
    except errors.BasketSoldOutWhole:
        _tell_sold_out(sku, quantity)
        raise


def _tell_sold_out(sku: str, quantity: int) -> None:
    """Tell of what was refused whole: the transaction that refused it is undone, and with it what it told."""
    with transaction():
        goods = catalog.sellable_by_sku([sku], clock.now()).get(sku)
        if goods is not None:
            publish(BasketShort(goods.variant_id, min(quantity, plan.limit_of(goods)), 0))


def _add(token: str, user_id: int | None, sku: str, quantity: int, *, adult: bool, origin: str | None) -> Added:
    with transaction():
        goods = catalog.sellable_by_sku([sku], clock.now()).get(sku)
        if goods is None:
            raise errors.UnknownVariant(field="variant")
        basket = queries.find(token, user_id)
        if goods.is_alcohol and not adult:
            raise errors.AgeRequired
        refusal = goods.refusal
        if refusal is not None:
            raise errors.of_goods(refusal, goods.name)
        count = stock.availability([goods.variant_id]).get(goods.variant_id, stock.NONE_LEFT)
        kept = _kept_units(basket, goods.variant_id)
        most = min(count.total + kept, plan.limit_of(goods), LARGEST_LINE)
        if count.total + kept <= 0:
            raise errors.BasketSoldOutWhole(name=goods.name)
        basket_id = _opened(basket, token, user_id, adult=adult and goods.is_alcohol)
        is_open = basket is not None and basket.id == basket_id
        there = {v: n for v, n, _seen in basket.lines} if basket is not None and is_open else {}
        before = there.get(goods.variant_id, 0)
        if not before and len(there) >= MOST_LINES:
            raise errors.LimitReached(name=goods.name, limit=MOST_LINES)
        now_units = min(before + quantity, most)
        wanted = min(before + quantity, plan.limit_of(goods), LARGEST_LINE)
        if wanted > count.total + kept:
            publish(BasketShort(goods.variant_id, wanted, count.total + kept))
        if before:
            _SET_LINE.all(
                {
                    "in_basket": basket_id,
                    "of_variant": goods.variant_id,
                    "units": now_units,
                    "seen": pricing.asked([goods]).get(goods.variant_id),
                    "met_at": origin,
                }
            )
        else:
            _INSERT_LINE.all(
                {
                    "basket_id": basket_id,
                    "variant_id": goods.variant_id,
                    "quantity": now_units,
                    "seen_amount": pricing.asked([goods]).get(goods.variant_id),
                    "added_at": clock.now(),
                    "origin": origin,
                }
            )
        units = sum(there.values()) - before + now_units
        limit = min(plan.limit_of(goods), LARGEST_LINE)
        return Added(now_units, before + quantity, goods.name, units, limit)


def _kept_units(basket: BasketRow | None, variant_id: int) -> int:
    """Units that stock keeps for the basket's line of a variant."""
    reference = basket.claims.get(variant_id) if basket is not None and basket.closed_at is None else None
    return sum(level.free for level in stock.claimed_levels([reference])) if reference else 0


def put_claimed(
    token: str, user_id: int | None, variant_id: int, quantity: int, reference: str, *, adult: bool
) -> None:
    """Put goods that stock keeps under `reference` into the visitor's basket (made if there is none): a line of at least
    `quantity` units, tied to the claim. The same claim again changes nothing.

    Raises:
        AgeRequired: alcohol, and the visitor has not said that he is of age.
        NotForSale, CertificateLapsed, PapersLapsed, ProducerNotReady: it cannot be sold now.
        OtherClaim: other goods are kept for that line already.
        LimitReached: the basket has as many lines as one can have.
        NotFound: there is no such variant.
    """
    _checked(quantity)
    with transaction() as s:
        goods = catalog.sellable([variant_id], clock.now()).get(variant_id)
        if goods is None:
            raise NotFound
        if goods.is_alcohol and not adult:
            raise errors.AgeRequired
        if goods.refusal is not None:
            raise errors.of_goods(goods.refusal, goods.name)
        basket = queries.find(token, user_id)
        basket_id = _opened(basket, token, user_id, adult=adult and goods.is_alcohol)
        is_open = basket is not None and basket.id == basket_id
        there = {v: n for v, n, _seen in basket.lines} if basket is not None and is_open else {}
        before = basket.claims.get(variant_id) if basket is not None and is_open else None
        if before not in {None, reference} and stock.claims_under([str(before)]):
            raise errors.OtherClaim(name=goods.name)
        if variant_id not in there and len(there) >= MOST_LINES:
            raise errors.LimitReached(name=goods.name, limit=MOST_LINES)
        if variant_id in there:
            s.execute(
                update(BasketLine)
                .where(BasketLine.basket_id == basket_id, BasketLine.variant_id == variant_id)
                .values(
                    # What was in the basket without goods behind it was the same wish.
                    quantity=quantity if before is None else max(quantity, there[variant_id]),
                    seen_amount=pricing.asked([goods]).get(variant_id),
                    claim_reference=reference,
                )
                .execution_options(synchronize_session=False)
            )
            return
        s.execute(
            insert(BasketLine).values(
                basket_id=basket_id,
                variant_id=variant_id,
                quantity=quantity,
                seen_amount=pricing.asked([goods]).get(variant_id),
                added_at=clock.now(),
                claim_reference=reference,
            )
        )


def change(token: str | None, user_id: int | None, changes: dict[str, int]) -> list[tuple[str, int]]:
    """Set units per SKU in the visitor's basket (0 takes the line out); return the names of lines that were cut, with what one
    order may have where that was the reason (else 0: there are no more). SKUs not in the basket are ignored: another tab may
    have taken them out.

    Raises:
        WrongQuantity: a count is negative or absurd; nothing changed.
    """
    for quantity in changes.values():
        _checked(quantity, low=0)
    with transaction() as s:
        basket = queries.find(token, user_id)
        if basket is None or basket.closed_at is not None:
            return []
        goods = catalog.sellable([v for v, _n, _seen in basket.lines], clock.now())
        counts = stock.availability(list(goods))
        asked = pricing.asked(goods.values())
        cut = []
        for variant_id, before, _seen in basket.lines:
            if variant_id not in goods or goods[variant_id].sku not in changes:
                continue
            wanted = changes[goods[variant_id].sku]
            limit = plan.limit_of(goods[variant_id])
            there = counts.get(variant_id, stock.NONE_LEFT).total + _kept_units(basket, variant_id)
            most = min(there, limit)
            if min(wanted, limit) > there and goods[variant_id].refusal is None:
                publish(BasketShort(variant_id, min(wanted, limit), there))
            if wanted > most > 0:
                wanted = most
                cut.append((goods[variant_id].name, limit if limit <= there else 0))
            line = (BasketLine.basket_id == basket.id) & (BasketLine.variant_id == variant_id)
            if wanted == 0:
                s.execute(delete(BasketLine).where(line).execution_options(synchronize_session=False))
            elif wanted != before or variant_id in asked:
                seen = asked.get(variant_id)
                s.execute(
                    update(BasketLine)
                    .where(line)
                    .values(quantity=wanted, **({"seen_amount": seen} if seen else {}))
                    .execution_options(synchronize_session=False)
                )
        s.execute(
            update(Basket)
            .where(Basket.id == basket.id)
            .values(updated_at=clock.now(), expires_at=clock.now() + _kept())
            .execution_options(synchronize_session=False)
        )
        return cut


def merge_at_login(token: str | None, user_id: int) -> None:
    """After log-in the browser's basket and the account's become one: the browser's, with the account's lines added.

    Of a variant in both the larger count stays. Joined to the log-in's transaction.
    """
    with transaction() as s:
        mine = queries.find(None, user_id)
        theirs = queries.find(token) if token else None
        if theirs is None or theirs.closed_at is not None or (theirs.user_id not in (None, user_id)):
            return
        s.execute(
            update(Basket)
            .where(Basket.id == theirs.id)
            .values(user_id=user_id)
            .execution_options(synchronize_session=False)
        )
        if mine is None or mine.id == theirs.id:
            return
        there = {v: n for v, n, _seen in theirs.lines}
        for variant_id, quantity, seen in mine.lines:
            if variant_id not in there:
                s.execute(
                    insert(BasketLine).values(
                        basket_id=theirs.id,
                        variant_id=variant_id,
                        quantity=quantity,
                        seen_amount=seen,
                        added_at=clock.now(),
                        claim_reference=mine.claims.get(variant_id),
                        origin=mine.origins.get(variant_id),
                    )
                )
                continue
            if variant_id in mine.claims and variant_id not in theirs.claims:
                s.execute(
                    update(BasketLine)
                    .where(BasketLine.basket_id == theirs.id, BasketLine.variant_id == variant_id)
                    .values(claim_reference=mine.claims[variant_id])
                    .execution_options(synchronize_session=False)
                )
            if quantity > there[variant_id]:
                s.execute(
                    update(BasketLine)
                    .where(BasketLine.basket_id == theirs.id, BasketLine.variant_id == variant_id)
                    .values(quantity=quantity)
                    .execution_options(synchronize_session=False)
                )
        s.execute(
            update(Basket)
            .where(Basket.id == mine.id)
            .values(closed_at=clock.now())
            .execution_options(synchronize_session=False)
        )


def forget_baskets(limit: int = 2000) -> int:
    """Delete baskets past their term, and ordered ones a day after; return how many."""
    now = clock.now()
    with transaction() as s:
        old = list(
            s.scalars(
                select(Basket.id)
                .where((Basket.expires_at < now) | (Basket.closed_at < now - timedelta(days=2)))
                .limit(limit)
            )
        )
        if old:
            s.execute(
                delete(BasketLine).where(BasketLine.basket_id.in_(old)).execution_options(synchronize_session=False)
            )
            s.execute(delete(Basket).where(Basket.id.in_(old)).execution_options(synchronize_session=False))
        return len(old)
