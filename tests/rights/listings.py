"""Makers of what producers write about their goods."""

from __future__ import annotations

from typing import Any

from shop.listings.services import pictures
from tests.listings.goods import MEMBER, put
from tests.rights.house import House, key, maker, picture, shared


@maker("/office/listings/<reference>", of="locality")
@shared
def submission(house: House) -> dict[str, Any]:
    """A new name, sent."""
    sent = put(house.producer.id, house.variant.product_id, {"name": f"Chả mực {house.name} mới"})
    return {"reference": sent.reference}


@maker("/producer/listings/<slug>", of="producer")
def listing(house: House) -> dict[str, Any]:
    submission(house)
    return {"slug": house.slug}


@maker("/producer/listings/<slug>/photos/<key>", of="producer")
def picture_of_listing(house: House) -> dict[str, Any]:
    listing(house)
    kept = pictures.add_picture(
        MEMBER, house.producer.id, house.variant.product_id, picture(), "Ảnh chả mực", op_key=key()
    )
    return {"slug": house.slug, "key": kept}
