"""A producer with goods, a member and a reviewer: what the tests of listings begin with."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from PIL import Image

from shop.catalog.models import Product
from shop.kernel import operations
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.listings import queries
from shop.listings import services as listings
from shop.listings.services import Submitted

MEMBER = Actor("user", "Trần Văn Hải", 41)
OTHER = Actor("user", "Nguyễn Thị Thu", 42)
OFFICER = Actor("user", "Hoàng Thị Mai", 51)


def picture(width: int = 640, height: int = 480, kind: str = "JPEG") -> bytes:
    """A photograph whose left half is red and whose right half is blue."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("blue", (width // 2, 0, width, height))
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def put(producer_id: int, product_id: int | None, facts: Mapping[str, Any], **more: Any) -> Submitted:
    """Send facts as the member."""
    return listings.submit(MEMBER, producer_id, product_id, facts, op_key=operations.new_key(), **more)


def product(product_id: int) -> Product:
    """The row as it is now."""
    session().expire_all()
    found = session().get(Product, product_id)
    assert found is not None
    return found


def approve(reference: str, **more: Any) -> bool:
    """Approve as the officer what the submission says now."""
    session().expire_all()
    row = queries.submission(reference)
    assert row is not None
    more = {"revision": row.revision, "op_key": operations.new_key()} | more
    return listings.approve(OFFICER, reference, **more)


def send_back(reference: str, reasons: Mapping[str, str], **more: Any) -> None:
    """Send back as the officer."""
    session().expire_all()
    row = queries.submission(reference)
    assert row is not None
    listings.send_back(OFFICER, reference, reasons, revision=row.revision, op_key=operations.new_key(), **more)
