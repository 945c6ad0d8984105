"""What must hold of inspections (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from shop.inspections.models import Finding
from shop.kernel.db import session
from shop.kernel.invariants import invariant
from shop.kernel.storage import storage


@invariant("inspections.photographs-have-their-bytes")
def photographs() -> Iterator[str]:
    """Every photograph that a finding names is in storage."""
    kept = storage()
    rows = session().execute(select(Finding.id, Finding.photo_key).where(Finding.photo_key.is_not(None)))
    yield from (f"finding {i}" for i, key in rows if not kept.exists(str(key)))
