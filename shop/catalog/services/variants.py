"""Commands on variants, the packs that are sold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from shop.catalog.errors import GtinTaken, NoSuchSku, SkuTaken
from shop.catalog.models import Variant, VariantState
from shop.catalog.services import codes, products
from shop.kernel import audit, clock, db, facts
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction, unique
from shop.kernel.errors import N_, Conflict, Invalid

# What may be said of a variant, and how each value is read. The SKU is fixed once given: orders and labels carry it.
FIELDS: dict[str, facts.Check] = {
    "gtin": codes.gtin,
    "pack": facts.needed_line,
    "pack_en": facts.line,
    "net_content": facts.decimal("0.001", "999999999", 3),
    "net_unit": codes.net_unit,
    "weight_g": facts.whole(1, 2_000_000),
    "length_mm": facts.whole(1, 5000),
    "width_mm": facts.whole(1, 5000),
    "height_mm": facts.whole(1, 5000),
    "order_limit": facts.whole(1, 9999),
    "position": facts.whole(0, 9999),
    "is_demo": facts.yes_no,
}


def agree(values: dict[str, Any], row: Variant | None = None) -> None:
    """Check what facts say of each other and of the facts of `row`.

    Raises:
        Invalid: content without unit, or unit without content.
        GtinTaken.
    """
    content = values.get("net_content", row.net_content if row else None)
    unit = values.get("net_unit", row.net_unit if row else None)
    if (content is None) != (unit is None):
        raise Invalid(
            N_("Hãy ghi cả khối lượng tịnh và đơn vị, hoặc để trống cả hai."),
            field="net_unit" if unit is None else "net_content",
        )
    gtin = values.get("gtin")
    if gtin is not None:
        other = session().scalar(select(Variant.id).where(Variant.gtin == gtin, Variant.id != (row.id if row else 0)))
        if other is not None:
            raise GtinTaken(field="gtin")


@contextmanager
def _own_codes() -> Iterator[None]:
    with (
        unique("variants.sku", otherwise=lambda: SkuTaken(field="sku")),
        unique("variants.gtin", otherwise=lambda: GtinTaken(field="gtin")),
    ):
        yield


def free(sku: str) -> None:
    """Refuse a SKU that a pack has.

    Raises:
        SkuTaken.
    """
    if session().scalar(select(Variant.id).where(Variant.sku == sku)) is not None:
        raise SkuTaken(field="sku")


def add_variant(actor: Actor, product_id: int, *, sku: str, pack: str, **more: Any) -> int:
    """Add a pack to a product (`FIELDS`; weights in grams, sizes in millimetres). Returns the variant's id.

    Raises:
        NoSuchProduct, SkuTaken, GtinTaken.
        Invalid: a fact cannot be read or disagrees with another; `field` names it.
    """
    sku = codes.sku(sku, "sku")
    values = facts.checked(FIELDS, {"pack": pack, **more})
    now = clock.now()
    with _own_codes(), transaction() as s:
        product = products.locked(product_id)
        free(sku)
        agree(values)
        if values.get("position") is None:
            last = s.scalar(select(func.max(Variant.position)).where(Variant.product_id == product_id))
            values["position"] = 0 if last is None else last + 1
        made = Variant(product_id=product_id, sku=sku, created_at=now, updated_at=now, **values)
        s.add(made)
        products.touch(product)
        audit.record(actor, "catalog.add-variant", products.target(product), sku=sku, **values)
        return made.id


def locked(variant_id: int) -> Variant:
    """The row, locked until the end of the transaction.

    Raises:
        NoSuchSku.
    """
    return db.locked(Variant, variant_id, NoSuchSku)


def update_variant(actor: Actor, variant_id: int, *, seen: datetime | None = None, **changes: Any) -> bool:
    """Correct facts of a variant; returns whether anything changed.

    Raises:
        NoSuchSku, GtinTaken, Invalid.
        Conflict: the variant was changed after `seen`.
    """
    values = facts.checked(FIELDS, changes)
    if values.get("position", 0) is None:
        del values["position"]
    with _own_codes(), transaction():
        row = locked(variant_id)
        if seen is not None and row.updated_at != seen:
            raise Conflict
        agree(values, row)
        before, after = facts.apply(row, values)
        if not before:
            return False
        row.updated_at = clock.now()
        products.touch(row.product)
        audit.record(
            actor, "catalog.update-variant", products.target(row.product), sku=row.sku, before=before, after=after
        )
        return True


def _set_state(actor: Actor, variant_id: int, state: VariantState) -> bool:
    with transaction():
        row = locked(variant_id)
        if row.state is state:
            return False
        row.state, row.updated_at = state, clock.now()
        products.touch(row.product)
        audit.record(actor, "catalog.variant-state", products.target(row.product), sku=row.sku, after=state)
        return True


def show_variant(actor: Actor, variant_id: int) -> bool:
    """Offer the pack again; returns whether anything changed. Raises NoSuchSku."""
    return _set_state(actor, variant_id, VariantState.SHOWN)


def hide_variant(actor: Actor, variant_id: int) -> bool:
    """Stop offering the pack; its stock and history stay. Returns whether anything changed. Raises NoSuchSku."""
    return _set_state(actor, variant_id, VariantState.HIDDEN)
