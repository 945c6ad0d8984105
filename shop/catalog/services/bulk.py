"""Many goods written at once: what the commands on products, packs and prices do one by one, with a few statements for all.

For spreadsheets of producers. The caller has planned each row on what the transaction itself has read (`intake`), so that
nothing is checked here that `plan_row` has checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, or_, select, update

from shop.catalog import intake, listing
from shop.catalog.errors import SkuTaken
from shop.catalog.events import ListingsRebuilt
from shop.catalog.models import Price, Product, ProductKind, ProductSet, ProductState, Variant, VariantState
from shop.catalog.services import prices
from shop.kernel import audit, clock, events, text
from shop.kernel.actor import Actor
from shop.kernel.db import in_batches, session, unique
from shop.kernel.errors import Busy

_PRICES: Any = Price.__table__


@dataclass(slots=True)
class Wish:
    """What is to be written of one product, and of one pack of it if `pack` is given.

    A product or pack without an id is made; the ids are set on `goods` and `pack`. `price` is (amount, former amount) in đồng
    from `starts` (now, if None); an amount of None ends the price. `note` stands in the audit row.
    """

    goods: intake.Goods
    product: dict[str, Any] = field(default_factory=dict)
    state: ProductState | None = None
    sku: str = ""
    pack: intake.Pack | None = None
    variant: dict[str, Any] = field(default_factory=dict)
    pack_state: VariantState | None = None
    price: tuple[int | None, int | None] | None = None
    starts: datetime | None = None
    note: Any = None


def write(actor: Actor, action: str, target: str, wishes: Sequence[Wish]) -> None:
    """Write all of it in the open transaction, tell what changed, and leave one audit row with the notes.

    Raises:
        Busy: another took an address, SKU or bar code at the same moment; nothing of the transaction is kept.
        SkuTaken: as Busy, found before writing.
    """
    now = clock.now()
    wishes = [w for w in wishes if w.product or w.state or w.variant or w.pack_state or w.price or _is_new(w)]
    with (
        unique("products.slug", "variants.sku", "variants.gtin", "prices.variant_id", otherwise=Busy),
        listing.gathered(),
        events.gathered(),
    ):
        known = sorted({w.goods.product_id for w in wishes if w.goods.product_id is not None})
        for batch in in_batches(known):
            session().execute(select(Product.id).where(Product.id.in_(batch)).order_by(Product.id).with_for_update())
        _products(wishes, now)
        _variants(wishes, now)
        _prices(actor, wishes, now)
        session().flush()
    ids = sorted({w.goods.product_id for w in wishes if w.goods.product_id is not None})
    if ids:  # what `ProductChanged` of each would do, for all at once
        listing.refresh(ids)
        events.publish(ListingsRebuilt(tuple(ids)))
    if wishes:
        audit.record(actor, action, target, rows=[w.note for w in wishes if w.note is not None], n=len(wishes))


def _is_new(wish: Wish) -> bool:
    return wish.goods.product_id is None or (wish.pack is not None and wish.pack.variant_id is None)


# --- products ----------------------------------------------------------------------------------------------------


def _products(wishes: Sequence[Wish], now: datetime) -> None:
    said: dict[int, dict[str, Any]] = {}
    states: dict[int, ProductState] = {}
    goods: dict[int, intake.Goods] = {}
    for wish in wishes:
        key = id(wish.goods)
        goods[key] = wish.goods
        said.setdefault(key, {}).update(wish.product)
        if wish.state is not None:
            states[key] = wish.state
    _follow_sets(said.values())
    new = [key for key, one in goods.items() if one.product_id is None]
    if new:
        blank = intake.blank_goods().facts | {"kind": ProductKind.GOODS, "is_demo": False}
        slugs = _free_slugs([str(said[key]["name"]) for key in new])
        for key, slug in zip(new, slugs, strict=True):
            state = states.get(key, ProductState.DRAFT)
            said[key] |= {
                "slug": slug,
                "sort_name": text.sort_key(said[key]["name"]),
                "state": state,
                "published_at": now if state is ProductState.SHOWN else None,
                "created_at": now,
                "updated_at": now,
            }
        session().execute(insert(Product), _even([said[key] for key in new], blank))
        made: dict[str, int] = {}
        for batch in in_batches(slugs):
            made |= dict(session().execute(select(Product.slug, Product.id).where(Product.slug.in_(batch))).all())
        for key, slug in zip(new, slugs, strict=True):
            goods[key].product_id = made[slug]
    changed = []
    for key, one in goods.items():
        if key in new:
            continue
        values = dict(said[key])
        if "name" in values:
            values["sort_name"] = text.sort_key(values["name"])
        if key in states:
            values["state"] = states[key]
            if states[key] is ProductState.SHOWN and not one.was_shown:
                values["published_at"] = now
        changed.append({"id": one.product_id, "updated_at": now} | values)
    update_rows(Product, changed)


def _follow_sets(said: Iterable[dict[str, Any]]) -> None:
    """Goods of a set of alcohol or services are so themselves."""
    flags = {
        s.id: (s.is_alcohol, s.is_service)
        for s in session().execute(select(ProductSet.id, ProductSet.is_alcohol, ProductSet.is_service))
    }
    for values in said:
        alcohol, service = flags.get(values.get("set_id"), (False, False))
        if alcohol:
            values["is_alcohol"] = True
        if service:
            values["kind"] = ProductKind.SERVICE


def _free_slugs(names: Sequence[str]) -> list[str]:
    """Addresses that no product has, one for each name: the name's own, with a number if that is taken."""
    stems = [text.slugify(name, limit=70) for name in names]
    wanted = sorted({s for stem in stems for s in (stem, *(f"{stem}-{n}" for n in range(2, 6)))})
    taken: set[str] = set()
    for batch in in_batches(wanted):
        taken |= set(session().scalars(select(Product.slug).where(Product.slug.in_(batch))))
    found = []
    for stem in stems:
        slug = next((s for s in (stem, *(f"{stem}-{n}" for n in range(2, 6))) if s not in taken), "")
        slug = slug or f"{stem}-{text.reference(1, 6).lower()}"
        taken.add(slug)
        found.append(slug)
    return found


# --- packs and prices --------------------------------------------------------------------------------------------


def _variants(wishes: Sequence[Wish], now: datetime) -> None:
    new = [w for w in wishes if w.pack is not None and w.pack.variant_id is None]
    if new:
        skus = [w.sku for w in new]
        for batch in in_batches(skus):
            if session().scalar(select(Variant.id).where(Variant.sku.in_(batch)).limit(1)) is not None:
                raise SkuTaken(field="sku")
        last: dict[int, int] = {}
        ids = sorted({w.goods.product_id for w in new if w.goods.product_id is not None})
        for portion in in_batches(ids):
            rows = select(Variant.product_id, func.max(Variant.position)).where(Variant.product_id.in_(portion))
            last |= dict(session().execute(rows.group_by(Variant.product_id)).all())
        rows_new = []
        for w in new:
            product_id = int(w.goods.product_id or 0)
            last[product_id] = last.get(product_id, -1) + 1
            rows_new.append(
                w.variant
                | {
                    "product_id": product_id,
                    "sku": w.sku,
                    "position": last[product_id],
                    "state": w.pack_state or VariantState.SHOWN,
                    "created_at": now,
                    "updated_at": now,
                }
            )
        session().execute(insert(Variant), _even(rows_new, {}))
        made: dict[str, int] = {}
        for batch in in_batches(skus):
            made |= dict(session().execute(select(Variant.sku, Variant.id).where(Variant.sku.in_(batch))).all())
        for w in new:
            if w.pack is not None:
                w.pack.variant_id = made[w.sku]
    fresh = {id(w) for w in new}
    changed = []
    for w in wishes:
        if w.pack is None or id(w) in fresh or not (w.variant or w.pack_state):
            continue
        values = dict(w.variant)
        if w.pack_state is not None:
            values["state"] = w.pack_state
        changed.append({"id": w.pack.variant_id, "updated_at": now} | values)
    update_rows(Variant, changed)


def _prices(actor: Actor, wishes: Sequence[Wish], now: datetime) -> None:
    wanted = [w for w in wishes if w.price is not None and w.pack is not None]
    spans: dict[int, list[Any]] = {}
    for batch in in_batches(sorted({int(w.pack.variant_id or 0) for w in wanted if w.pack is not None})):
        rows = select(Price.id, Price.variant_id, Price.valid_from, Price.valid_to).where(
            Price.variant_id.in_(batch), or_(Price.valid_to.is_(None), Price.valid_to > now)
        )
        for row in session().execute(rows.order_by(Price.id).with_for_update()):
            spans.setdefault(row.variant_id, []).append(row)
    ended, made, slow = [], [], []
    for w in wanted:
        variant_id, (amount, compare) = int(w.pack.variant_id or 0), w.price or (None, None)  # type: ignore[union-attr]
        there = spans.get(variant_id, [])
        plain = all(row.valid_from < now and row.valid_to is None for row in there) and len(there) <= 1
        if amount is None or w.starts is not None or not plain:
            slow.append(w)
            continue
        ended += [{"id": row.id, "valid_to": now} for row in there]
        made.append(
            {
                "variant_id": variant_id,
                "amount": amount,
                "compare_amount": compare,
                "valid_from": now,
                "created_by": actor.key,
            }
        )
    update_rows(Price, ended)
    if made:
        session().execute(insert(_PRICES), made)
    for w in slow:
        variant_id, (amount, compare) = int(w.pack.variant_id or 0), w.price or (None, None)  # type: ignore[union-attr]
        if amount is None:
            prices.end_price(actor, variant_id)
        else:
            prices.set_price(actor, variant_id, amount, w.starts, compare_amount=compare)


# --- statements --------------------------------------------------------------------------------------------------


def _even(rows: list[dict[str, Any]], blank: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows with the same columns each, so that one statement writes them all."""
    names = sorted({name for row in rows for name in row})
    return [{name: row[name] if name in row else blank.get(name) for name in names} for row in rows]


def update_rows(kind: Any, rows: list[dict[str, Any]]) -> None:
    """Update rows by `id`, one statement for each set of columns."""
    table = kind.__table__
    shapes: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        shapes.setdefault(tuple(sorted(n for n in row if n != "id")), []).append(row)
    for names, alike in shapes.items():
        statement = (
            update(table)
            .where(table.c.id == bindparam("row_id"))
            .values({n: bindparam(f"new_{n}", type_=table.c[n].type) for n in names})
        )
        session().connection().execute(
            statement, [{"row_id": r["id"]} | {f"new_{n}": r[n] for n in names} for r in alike]
        )
