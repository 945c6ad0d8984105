"""Commands on photographs: taken in, turned, cut, described, put in order. They stand in the draft until they are approved."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from shop.catalog import pictures
from shop.catalog.errors import NoSuchProduct
from shop.catalog.pictures import Cut, Encoded
from shop.kernel import clock, facts, operations, storage, text
from shop.kernel.actor import Actor
from shop.kernel.db import leave_database, session
from shop.kernel.errors import N_, Conflict, Invalid, NotFound
from shop.listings import queries
from shop.listings.facts import MOST_PHOTOS
from shop.listings.models import Picture
from shop.listings.services import write

Entry = dict[str, Any]


def add_picture(
    actor: Actor,
    producer_id: int,
    product_id: int,
    content: bytes,
    alt: str,
    alt_en: str | None = None,
    *,
    cut: Cut = pictures.AS_IT_IS,
    op_key: str,
    is_demo: bool = False,
) -> str:
    """Take a photograph in behind the others of the product's draft; returns its key. Encoded before the transaction.

    Raises:
        NoSuchProduct, ProducerSuspended, BadPicture.
        Invalid: the description in words is missing; ClaimNotHeld: it speaks of stars.
        Conflict: the product has twelve photographs.
    """
    said = facts.line(alt, "alt")
    if said is None:
        raise Invalid(N_("Hãy mô tả ảnh bằng lời cho người không nhìn thấy ảnh."), field="alt")
    _mine(producer_id, product_id)
    leave_database()
    made = pictures.encode(content, cut=cut)
    body = [product_id, hashlib.sha256(content).hexdigest(), cut.told, said, alt_en]

    def change(arranged: list[Entry], key: str) -> list[Entry]:
        if len(arranged) >= MOST_PHOTOS:
            raise Conflict(N_("Mỗi sản phẩm có nhiều nhất %(n)s ảnh."), field="photo", n=MOST_PHOTOS)
        return [*arranged, {"key": key, "alt": said, "alt_en": alt_en}]

    return _rearrange(actor, producer_id, product_id, op_key, body, change, made, is_demo=is_demo)


def cut_picture(actor: Actor, producer_id: int, product_id: int, key: str, cut: Cut, *, op_key: str) -> str:
    """Turn or cut a photograph of the draft; returns the key of what came of it, which stands where it stood.

    Raises:
        NoSuchProduct, ProducerSuspended; NotFound: no such photograph there; BadPicture: too little is left.
    """
    _mine(producer_id, product_id)
    files = _files(product_id, key)
    leave_database()
    widths = files.get("jpeg") or next(iter(files.values()))
    made = pictures.encode(storage.storage().get(widths[max(widths, key=int)]), cut=cut)

    def change(arranged: list[Entry], new: str) -> list[Entry]:
        if all(one["key"] != key for one in arranged):
            raise NotFound
        return [one | {"key": new} if one["key"] == key else one for one in arranged]

    return _rearrange(actor, producer_id, product_id, op_key, [product_id, key, cut.told], change, made)


def change_picture(
    actor: Actor,
    producer_id: int,
    product_id: int,
    key: str,
    *,
    op_key: str,
    alt: str | None = None,
    alt_en: str | None = None,
    place: int | None = None,
    away: bool = False,
) -> None:
    """Describe a photograph of the draft anew, put it at `place` (0 is the first, which lists show), or take it `away`.

    Raises:
        NoSuchProduct, ProducerSuspended; NotFound: no such photograph there.
        Invalid: the description is missing; ClaimNotHeld: it speaks of stars.
    """

    def change(arranged: list[Entry], _new: str) -> list[Entry]:
        at = next((i for i, one in enumerate(arranged) if one["key"] == key), None)
        if at is None:
            raise NotFound
        one = arranged.pop(at)
        if away:
            return arranged
        if alt is not None:
            one = one | {"alt": alt, "alt_en": alt_en}
        arranged.insert(at if place is None else max(0, min(place, len(arranged))), one)
        return arranged

    _rearrange(actor, producer_id, product_id, op_key, [product_id, key, alt, alt_en, place, away], change, None)


def _mine(producer_id: int, product_id: int) -> None:
    if queries.product_of(producer_id, product_id) is None:
        raise NoSuchProduct


def _files(product_id: int, key: str) -> dict[str, dict[str, str]]:
    found = queries.files_of(product_id, key)
    if found is None:
        raise NotFound
    return found


def _rearrange(
    actor: Actor,
    producer_id: int,
    product_id: int,
    op_key: str,
    body: list[Any],
    change: Callable[[list[Entry], str], list[Entry]],
    made: Encoded | None,
    *,
    is_demo: bool = False,
) -> str:
    """Keep what was `made` and save the draft with the changed arrangement; returns the key of the picture that was kept."""

    def command() -> dict[str, Any]:
        product = write.owned(producer_id, product_id)
        key = ""
        if made is not None:
            key = text.reference()
            session().add(
                Picture(
                    reference=key, product_id=product.id, width=made.width, height=made.height, files=made.files,
                    created_at=clock.now(), created_by=actor.key,
                )
            )  # fmt: skip
            session().flush()
        arranged = change(queries.arranged(product), key)
        inner = f"picture:{hashlib.sha256(op_key.encode()).hexdigest()[:40]}"
        write.save_draft(actor, producer_id, product_id, {"photos": arranged}, op_key=inner, is_demo=is_demo)
        return {"key": key}

    return str(operations.once(op_key, "listings.picture", actor.key, body, command)["key"])
