"""Commands on products: create, correct, show, hide."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from shop.catalog.errors import NoSuchProduct
from shop.catalog.events import ProductChanged
from shop.catalog.models import Cold, Product, ProductKind, ProductSet, ProductState
from shop.catalog.services import codes
from shop.kernel import audit, clock, db, events, facts, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction, unique
from shop.kernel.errors import N_, Busy, Conflict, Invalid
from shop.producers.models import Producer

# What may be said of a product, and how each value is read. `producer_id` and `set_id` are looked up besides.
FIELDS: dict[str, facts.Check] = {
    "name": facts.needed_line,
    "name_en": facts.line,
    "kind": facts.one_of(ProductKind),
    "producer_id": facts.whole(1, 2**53),
    "set_id": facts.whole(1, 2**53),
    "summary": facts.prose,
    "story": facts.prose,
    "story_en": facts.prose,
    "ingredients": facts.prose,
    "storage_note": facts.prose,
    "shelf_life_days": facts.whole(1, 7300),
    "allergens": codes.allergens,
    "is_alcohol": facts.yes_no,
    "alcohol_percent": facts.decimal("0", "100", 2),
    "cold": facts.one_of(Cold),
    "season_months": facts.whole(0, 4095),
    "needs_certificate": facts.yes_no,
    "province_code": facts.place_code(2),
    "commune_code": facts.place_code(5),
    "locality_text": facts.line,
    "source_url": facts.prose,
    "evidence": facts.line,
    "stated_stars": facts.whole(1, 5),
    "stated_year": facts.whole(2013, 2100),
    "is_demo": facts.yes_no,
}


def locked(product_id: int) -> Product:
    """The row, locked until the end of the transaction.

    Raises:
        NoSuchProduct.
    """
    return db.locked(Product, product_id, NoSuchProduct)


def target(product: Product) -> str:
    """How the audit log names a product."""
    return f"product:{product.slug}"


def free_slug(name: str) -> str:
    """An address for `name` that no product has."""
    stem = text.slugify(name, limit=70)
    taken = set(session().scalars(select(Product.slug).where(Product.slug.startswith(stem, autoescape=True))))
    slug, number = stem, 2
    while slug in taken:
        slug, number = f"{stem}-{number}", number + 1
    return slug


def agree(values: dict[str, Any], row: Product | None = None) -> None:
    """Check what facts say of each other and of the facts of `row`; goods of a set of alcohol or services are so themselves.

    Raises:
        Invalid: no such set or producer, or a strength of something that is not called alcohol.
    """
    if values.get("producer_id") is not None and session().get(Producer, values["producer_id"]) is None:
        raise Invalid(N_("Không có nhà sản xuất này."), field="producer_id")
    set_id = values.get("set_id", row.set_id if row else None)
    found = session().get(ProductSet, set_id) if set_id is not None else None
    if found is None:
        raise Invalid(N_("Hãy chọn bộ sản phẩm."), field="set_id")
    if found.is_alcohol:
        values["is_alcohol"] = True
    if found.is_service:
        values["kind"] = ProductKind.SERVICE
    alcohol = values.get("is_alcohol", row.is_alcohol if row else False)
    percent = values.get("alcohol_percent", row.alcohol_percent if row else None)
    if percent and not alcohol:
        raise Invalid(N_("Hàng có độ cồn phải được đánh dấu là đồ uống có cồn."), field="alcohol_percent")


def create_product(
    actor: Actor, *, name: str, set_id: int, show: bool = False, slug: str | None = None, **more: Any
) -> int:
    """Add a product with what is known of it (`FIELDS`); it is a draft unless `show`. Returns its id.

    Raises:
        Invalid: a fact cannot be read or disagrees with another; `field` names it.
        Busy: somebody took the same address at the same moment; trying again is safe.
    """
    values = facts.checked(FIELDS, {"name": name, "set_id": set_id, **more})
    now = clock.now()
    with unique("products.slug", otherwise=Busy), transaction() as s:
        agree(values)
        made = Product(
            slug=slug or free_slug(values["name"]),
            sort_name=text.sort_key(values["name"]),
            state=ProductState.SHOWN if show else ProductState.DRAFT,
            published_at=now if show else None,
            created_at=now,
            updated_at=now,
            **({"kind": ProductKind.GOODS, "allergens": [], "season_months": 0} | _without_none(values)),
        )
        s.add(made)
        s.flush()
        audit.record(actor, "catalog.create", target(made), **_without_none(values), state=made.state)
        events.publish(ProductChanged(made.id))
        return made.id


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def update_product(actor: Actor, product_id: int, *, seen: datetime | None = None, **changes: Any) -> bool:
    """Correct facts of a product; returns whether anything changed. Its address stays.

    `seen` is the `updated_at` of what the person looked at: a change by somebody else in between is not overwritten.

    Raises:
        NoSuchProduct, Invalid.
        Conflict: the product was changed after `seen`.
    """
    values = facts.checked(FIELDS, changes)
    if values.get("season_months", 0) is None:
        values["season_months"] = 0
    with transaction():
        row = locked(product_id)
        if seen is not None and row.updated_at != seen:
            raise Conflict
        agree(values, row)
        before, after = facts.apply(row, values)
        if not before:
            return False
        row.sort_name = text.sort_key(row.name)
        touch(row)
        audit.record(actor, "catalog.update", target(row), before=before, after=after)
        return True


def touch(row: Product) -> None:
    """Note that the product has changed and tell it; call inside the transaction that changed it."""
    row.updated_at = clock.now()
    session().flush()
    events.publish(ProductChanged(row.id))


def set_state(actor: Actor, product_id: int, state: ProductState) -> bool:
    """Make a product a draft, shown or hidden; returns whether anything changed.

    Raises:
        NoSuchProduct.
    """
    with transaction():
        row = locked(product_id)
        if row.state is state:
            return False
        before, row.state = row.state, state
        if state is ProductState.SHOWN and row.published_at is None:
            row.published_at = clock.now()
        touch(row)
        audit.record(actor, "catalog.state", target(row), before=before, after=state)
        return True


def show(actor: Actor, product_id: int) -> bool:
    """Open the product's page to customers; returns whether it was closed before.

    Raises:
        NoSuchProduct.
    """
    return set_state(actor, product_id, ProductState.SHOWN)


def hide(actor: Actor, product_id: int) -> bool:
    """Close the product's page; its record is kept. Returns whether it was open before.

    Raises:
        NoSuchProduct.
    """
    return set_state(actor, product_id, ProductState.HIDDEN)
