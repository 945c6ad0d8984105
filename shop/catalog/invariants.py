"""What must always be true of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from shop.catalog.models import Certificate, Photo, Price, Product, ProductKind, ProductSet, Variant
from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.kernel.storage import storage


@invariant("catalog.price-spans-do-not-overlap")
def price_spans_do_not_overlap() -> Iterator[str]:
    """At any instant a variant has at most one price."""
    a, b = aliased(Price), aliased(Price)
    rows = session().execute(
        select(Variant.sku, a.id, b.id)
        .join(a, a.variant_id == Variant.id)
        .join(b, and_(b.variant_id == a.variant_id, b.id != a.id, b.valid_from >= a.valid_from))
        .where(or_(a.valid_to.is_(None), a.valid_to > b.valid_from), or_(b.valid_from > a.valid_from, b.id > a.id))
        .order_by(Variant.sku)
    )
    for sku, first, second in rows:
        yield f"{sku}: prices {first} and {second}"


@invariant("catalog.photos-have-their-bytes")
def photos_have_their_bytes() -> Iterator[str]:
    """Every file that a photograph names is in storage."""
    kept = storage()
    for row in session().execute(select(Photo.id, Photo.files).order_by(Photo.id)):
        keys = [key for widths in row.files.values() for key in widths.values()]
        if not keys:
            yield f"photo {row.id}: no files"
        for key in keys:
            if not kept.exists(key):
                yield f"photo {row.id}: {key}"


@invariant("catalog.certificates-have-their-bytes")
def certificates_have_their_bytes() -> Iterator[str]:
    """Every paper that a certificate names is in storage."""
    kept = storage()
    rows = session().execute(
        select(Certificate.number, Certificate.file_key)
        .where(Certificate.file_key.is_not(None))
        .order_by(Certificate.id)
    )
    for number, key in rows:
        if not kept.exists(str(key)):
            yield f"{number}: {key}"


@invariant("catalog.goods-are-what-their-set-says")
def goods_are_what_their_set_says() -> Iterator[str]:
    """Goods of a set of alcohol are marked as alcohol, those of a set of services as services."""
    rows = session().scalars(
        select(Product.slug)
        .join(ProductSet, ProductSet.id == Product.set_id)
        .where(
            or_(
                and_(ProductSet.is_alcohol, Product.is_alcohol.is_(False)),
                and_(ProductSet.is_service, Product.kind != ProductKind.SERVICE),
            )
        )
        .order_by(Product.slug)
    )
    yield from rows
