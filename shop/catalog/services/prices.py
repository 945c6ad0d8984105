"""Commands on prices. A variant's spans never overlap, and what was charged before now is never rewritten."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from shop.catalog.errors import InThePast, SpanTaken
from shop.catalog.models import Price
from shop.catalog.services import products, variants
from shop.kernel import audit, clock, money
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Invalid, NotFound


def _check(amount: int, compare_amount: int | None, start: datetime, end: datetime | None) -> None:
    if not 1 <= amount <= money.LARGEST_AMOUNT:
        raise Invalid(N_("Giá phải từ 1 đồng."), field="amount")
    if compare_amount is not None and not amount < compare_amount <= money.LARGEST_AMOUNT:
        raise Invalid(N_("Giá so sánh phải cao hơn giá bán."), field="compare_amount")
    if end is not None and end <= start:
        raise Invalid(N_("Thời điểm kết thúc phải sau thời điểm bắt đầu."), field="valid_to")


def _spans(variant_id: int) -> list[Price]:
    return list(
        session().scalars(
            select(Price)
            .where(Price.variant_id == variant_id)
            .order_by(Price.valid_from)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def _holds(price: Price, at: datetime) -> bool:
    return price.valid_from <= at and (price.valid_to is None or price.valid_to > at)


def set_price(
    actor: Actor,
    variant_id: int,
    amount: int,
    valid_from: datetime | None = None,
    *,
    valid_to: datetime | None = None,
    compare_amount: int | None = None,
    is_demo: bool = False,
    source: str | None = None,
    history: bool = False,
) -> int:
    """Let one sale unit cost `amount` đồng from `valid_from` (now, if not given); returns the price's id.

    The price in force at that instant ends there. Without `valid_to` the new one lasts until the next price that is already
    planned, else for good. With `valid_to` what held before comes back afterwards. A planned price that begins at the same
    instant is replaced. A price that would say what already holds changes nothing. `history` lets loaders write past spans.

    Raises:
        NoSuchSku.
        Invalid: the amounts or the span make no sense.
        InThePast: `valid_from` is before now.
        SpanTaken: a price that has begun starts at the same instant, or a planned one begins before `valid_to`.
    """
    now = clock.now()
    start = valid_from or now
    _check(amount, compare_amount, start, valid_to)
    if start < now and not history:
        raise InThePast(field="valid_from")
    with transaction() as s:
        variant = variants.locked(variant_id)
        spans = _spans(variant_id)
        same = next((p for p in spans if p.valid_from == start), None)
        if same is not None and start <= now and same.valid_from <= now and not history:
            raise SpanTaken(field="valid_from")
        later = next((p for p in spans if p.valid_from > start), None)
        if later is not None and valid_to is not None and later.valid_from < valid_to:
            raise SpanTaken(field="valid_to")
        cut = next((p for p in spans if p is not same and _holds(p, start)), None)
        holding = same or cut
        until = valid_to if valid_to is not None else (later.valid_from if later is not None else None)
        if (
            holding is not None
            and holding.amount == amount
            and holding.compare_amount == compare_amount
            and holding.valid_to == until
        ):
            return holding.id
        if same is not None:
            end_of_same = same.valid_to
            same.amount, same.compare_amount, same.valid_to = amount, compare_amount, until
            same.is_demo, same.source, same.created_by = is_demo, source, actor.key
            made, back, back_to = same, None, end_of_same
        else:
            back, back_to = cut, (cut.valid_to if cut is not None else None)
            if cut is not None:
                cut.valid_to = start
            s.flush()
            made = Price(
                variant_id=variant_id,
                amount=amount,
                compare_amount=compare_amount,
                valid_from=start,
                valid_to=until,
                is_demo=is_demo,
                source=source,
                created_by=actor.key,
            )
            s.add(made)
        if back is not None and valid_to is not None and (back_to is None or back_to > valid_to):
            s.add(
                Price(
                    variant_id=variant_id,
                    amount=back.amount,
                    compare_amount=back.compare_amount,
                    valid_from=valid_to,
                    valid_to=back_to,
                    is_demo=back.is_demo,
                    source=back.source,
                    created_by=actor.key,
                )
            )
        s.flush()
        products.touch(variant.product)
        audit.record(
            actor,
            "catalog.set-price",
            products.target(variant.product),
            sku=variant.sku,
            amount=amount,
            compare_amount=compare_amount,
            valid_from=start,
            valid_to=until,
            before=holding.amount if holding is not None and holding is not made else None,
        )
        return made.id


def end_price(actor: Actor, variant_id: int, at: datetime | None = None) -> bool:
    """End the price in force at `at` (now, if not given) and drop those planned after it: the pack is no longer sold.

    Returns whether there was anything to end.

    Raises:
        NoSuchSku.
        InThePast: `at` is before now.
    """
    now = clock.now()
    end = at or now
    if end < now:
        raise InThePast(field="valid_to")
    with transaction() as s:
        variant = variants.locked(variant_id)
        changed = False
        for price in _spans(variant_id):
            if price.valid_from >= end:
                s.delete(price)
                changed = True
            elif price.valid_to is None or price.valid_to > end:
                price.valid_to = end
                changed = True
        if changed:
            s.flush()
            products.touch(variant.product)
            audit.record(actor, "catalog.end-price", products.target(variant.product), sku=variant.sku, at=end)
        return changed


def cancel_price(actor: Actor, price_id: int) -> None:
    """Drop a planned price; the one before it lasts until the dropped one would have ended.

    Raises:
        NotFound: there is no such price.
        InThePast: it has begun.
    """
    now = clock.now()
    with transaction() as s:
        found = s.get(Price, price_id)
        if found is None:
            raise NotFound
        variant = variants.locked(found.variant_id)
        spans = _spans(found.variant_id)
        price = next((p for p in spans if p.id == price_id), None)
        if price is None:
            raise NotFound
        if price.valid_from <= now:
            raise InThePast
        before = next((p for p in spans if p.valid_to == price.valid_from), None)
        end = price.valid_to
        s.delete(price)
        s.flush()
        if before is not None:
            before.valid_to = end
        products.touch(variant.product)
        audit.record(
            actor, "catalog.cancel-price", products.target(variant.product), sku=variant.sku,
            amount=price.amount, valid_from=price.valid_from,
        )  # fmt: skip


def add_pack(actor: Actor, product_id: int, *, sku: str, pack: str, amount: int | None, **more: Any) -> int:
    """Add a pack and, if `amount` (đồng) is given, its first price from now on; both or neither. Returns its id.

    Raises:
        as `add_variant` and `set_price`.
    """
    with transaction():
        variant_id = variants.add_variant(actor, product_id, sku=sku, pack=pack, **more)
        if amount is not None:
            set_price(actor, variant_id, amount)
        return variant_id
