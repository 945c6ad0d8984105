"""Differences → the catalogue's own commands: nothing here writes a table of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shop.catalog import services as catalog
from shop.catalog.models import Product, ProductState, VariantState
from shop.catalog.pictures import Encoded
from shop.catalog.services import products as catalog_products
from shop.catalog.services import variants as catalog_variants
from shop.catalog.services.products import FIELDS as OF_PRODUCTS
from shop.catalog.services.variants import FIELDS as OF_VARIANTS
from shop.kernel import facts
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.errors import ShopError
from shop.listings import queries
from shop.listings.facts import PHOTOS, PRODUCT, Today, sku_of

Wanted = Iterable[tuple[str, str, Any]]


def to_catalogue(
    actor: Actor, now: Today, wanted: Wanted, *, places: Mapping[str, int] | None = None, is_demo: bool = False
) -> None:
    """Write the wanted (subject, field, value) into the catalogue, in the open transaction.

    `places` says at which place of what was sent a pack stood, so that a refusal names its field.

    Raises:
        what the catalogue's commands raise; the fields of packs are named `variant-<n>-<field>`.
    """
    of_product: dict[str, Any] = {}
    of_packs: dict[str, dict[str, Any]] = {}
    photos: list[dict[str, Any]] | None = None
    for subject, name, value in wanted:
        if subject == PRODUCT:
            of_product[name] = value
        elif subject == PHOTOS:
            photos = value
        else:
            of_packs.setdefault(sku_of(subject), {})[name] = value
    product = now.product
    state = of_product.pop("state", None)
    if of_product:
        catalog.update_product(actor, product.id, **of_product)
    for sku, values in of_packs.items():
        try:
            _pack(actor, now, sku, values, is_demo=is_demo)
        except ShopError as error:
            raise at_place(error, (places or {}).get(sku)) from error
    if photos is not None:
        _photos(actor, product, photos)
    if state == ProductState.SHOWN:
        catalog.show(actor, product.id)


def at_place(error: ShopError, place: int | None) -> ShopError:
    """The refusal with the field named as that of the pack at this place of what was sent."""
    if place is not None and error.field and not error.field.startswith("variant-"):
        for one in error.all if isinstance(error, facts.Refused) else [error]:
            one.field = f"variant-{place}-{'price' if one.field == 'amount' else one.field}"
        if isinstance(error, facts.Refused):
            error.field = error.all[0].field
    return error


def _pack(actor: Actor, now: Today, sku: str, values: dict[str, Any], *, is_demo: bool) -> None:
    made = values.pop("new", None)
    if made is not None and sku not in now.packs:
        said = dict(made)
        amount = said.pop("price", None)
        if not said.get("pack"):
            said["pack"] = ""  # the catalogue says at its field that it may not be blank
        catalog.add_pack(actor, now.product.id, sku=sku, amount=amount, is_demo=is_demo, **said)
        return
    pack = now.packs[sku]
    price, state = values.pop("price", None), values.pop("state", None)
    if values:
        catalog.update_variant(actor, pack.variant.id, **values)
    if price is not None and price != pack.price:
        catalog.set_price(actor, pack.variant.id, price, is_demo=is_demo)
    if state == VariantState.HIDDEN:
        catalog.hide_variant(actor, pack.variant.id)
    elif state == VariantState.SHOWN:
        catalog.show_variant(actor, pack.variant.id)


def _photos(actor: Actor, product: Product, wanted: list[dict[str, Any]]) -> None:
    present = {f"c{photo.photo_id}" for photo in queries.photos_of(product.id)}
    sent = queries.pictures(product.id, [one["key"] for one in wanted])
    for key in sorted(present - {one["key"] for one in wanted}):
        catalog.remove_photo(actor, int(key[1:]))
    place = 0
    for one in wanted:
        if one["key"] in present:
            catalog.change_photo(actor, int(one["key"][1:]), one["alt"], one.get("alt_en"), position=place)
        elif one["key"] in sent:
            row = sent[one["key"]]
            encoded = Encoded(row.width, row.height, row.files)
            photo_id = catalog.add_encoded(actor, product.id, encoded, one["alt"], one.get("alt_en"))
            catalog.change_photo(actor, photo_id, one["alt"], one.get("alt_en"), position=place)
        else:
            continue
        place += 1
    session().flush()


def check(now: Today, wanted: Wanted, places: Mapping[str, int]) -> None:
    """Refuse now what the catalogue would refuse at the approval: facts that disagree, codes of other packs.

    Raises:
        as the catalogue's commands; the fields of packs are named `variant-<n>-<field>`.
    """
    of_product: dict[str, Any] = {}
    of_packs: dict[str, dict[str, Any]] = {}
    for subject, name, value in wanted:
        if subject == PRODUCT and name != "state":
            of_product[name] = OF_PRODUCTS[name](value, name)
        elif subject not in (PRODUCT, PHOTOS):
            of_packs.setdefault(sku_of(subject), {})[name] = value
    if of_product:
        catalog_products.agree(of_product, now.product)
    for sku, values in of_packs.items():
        try:
            _check_pack(now, sku, values)
        except ShopError as error:
            raise at_place(error, places.get(sku)) from error


def _check_pack(now: Today, sku: str, values: dict[str, Any]) -> None:
    said = {name: value for name, value in (values.get("new") or values).items() if name in OF_VARIANTS}
    if "new" in values:
        catalog_variants.free(sku)
        said.setdefault("pack", "")
    typed = facts.checked(OF_VARIANTS, said)
    pack = now.packs.get(sku)
    catalog_variants.agree(typed, pack.variant if pack else None)
