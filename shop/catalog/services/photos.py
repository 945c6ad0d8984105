"""Commands on photographs of products."""

from __future__ import annotations

from sqlalchemy import func, select

from shop.catalog import pictures
from shop.catalog.models import Photo
from shop.catalog.pictures import Encoded
from shop.catalog.services import products
from shop.kernel import audit, clock, facts
from shop.kernel.actor import Actor
from shop.kernel.db import locked, transaction
from shop.kernel.errors import N_, Conflict, Invalid, NotFound

MOST = 12


def _alt(value: str | None) -> str:
    found = facts.line(value, "alt")
    if found is None:
        raise Invalid(N_("Hãy mô tả ảnh bằng lời cho người không nhìn thấy ảnh."), field="alt")
    return found


def add_photo(actor: Actor, product_id: int, content: bytes, alt: str, alt_en: str | None = None) -> int:
    """Re-encode `content` and put it behind the product's other photographs; returns the photograph's id.

    Encoding happens before the transaction: it takes about a second, and no writer should wait for it.

    Raises:
        NoSuchProduct, BadPicture.
        Invalid: `alt`, the description in words, is missing.
        Conflict: the product has twelve photographs.
    """
    alt, alt_en = _alt(alt), facts.line(alt_en, "alt_en")
    return add_encoded(actor, product_id, pictures.encode(content), alt, alt_en)


def add_encoded(actor: Actor, product_id: int, made: Encoded, alt: str, alt_en: str | None = None) -> int:
    """Put a photograph that was encoded before behind the product's others; returns the photograph's id.

    Raises:
        NoSuchProduct.
        Invalid: `alt`, the description in words, is missing.
        Conflict: the product has twelve photographs.
    """
    alt, alt_en = _alt(alt), facts.line(alt_en, "alt_en")
    with transaction() as s:
        product = products.locked(product_id)
        count, last = s.execute(
            select(func.count(Photo.id), func.max(Photo.position)).where(Photo.product_id == product_id)
        ).one()
        if count >= MOST:
            raise Conflict(N_("Mỗi sản phẩm có nhiều nhất %(n)s ảnh."), field="photo", n=MOST)
        row = Photo(
            product_id=product_id,
            position=0 if last is None else last + 1,
            alt=alt,
            alt_en=alt_en,
            width=made.width,
            height=made.height,
            files=made.files,
            created_at=clock.now(),
        )
        s.add(row)
        products.touch(product)
        audit.record(actor, "catalog.add-photo", products.target(product), photo=row.id, alt=alt)
        return row.id


def change_photo(
    actor: Actor, photo_id: int, alt: str, alt_en: str | None = None, *, position: int | None = None
) -> bool:
    """Describe a photograph anew and, if given, put it at place `position` (0 is the first, the one that lists show).

    Returns whether anything changed.

    Raises:
        NotFound.
        Invalid: the description is missing.
    """
    values = {"alt": _alt(alt), "alt_en": facts.line(alt_en, "alt_en")}
    with transaction() as s:
        row = locked(Photo, photo_id, NotFound)
        product = products.locked(row.product_id)
        before, after = facts.apply(row, values)
        order = list(s.scalars(select(Photo).where(Photo.product_id == product.id).order_by(Photo.position, Photo.id)))
        was = order.index(row)
        if position is not None and position != was:
            order.remove(row)
            order.insert(max(0, min(position, len(order))), row)
        for place, photo in enumerate(order):
            photo.position = place
        if not before and row.position == was:
            return False
        products.touch(product)
        audit.record(
            actor, "catalog.change-photo", products.target(product), photo=photo_id,
            before=before | {"position": was}, after=after | {"position": row.position},
        )  # fmt: skip
        return True


def remove_photo(actor: Actor, photo_id: int) -> None:
    """Take a photograph off the product. Its files stay in storage: other rows may share their keys, and backups use them.

    Raises:
        NotFound.
    """
    with transaction() as s:
        row = locked(Photo, photo_id, NotFound)
        product = products.locked(row.product_id)
        s.delete(row)
        products.touch(product)
        audit.record(actor, "catalog.remove-photo", products.target(product), photo=photo_id, files=row.files)
