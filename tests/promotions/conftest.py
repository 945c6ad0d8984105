"""A shop that sells, with codes and sales that are on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shop.kernel import clock, invariants
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session
from shop.kernel.operations import new_key
from shop.promotions import queries
from shop.promotions.models import Kind, Measure, Payer, Promotion
from shop.promotions.services import editing
from tests.checkout.conftest import Bench, bench, bench_with

__all__ = ["Bench", "bench", "bench_with"]


def make_code(code: str = "CHOBEN10", **values: Any) -> Promotion:
    """A code of ten per cent that is on, changed by `values`."""
    now = clock.now()
    terms: dict[str, Any] = {
        "kind": Kind.CODE, "name": "Ưu đãi thử", "name_en": "Trial offer", "starts_at": now - timedelta(hours=1),
        "ends_at": now + timedelta(days=1), "payer": Payer.SHOP, "code": code, "measure": Measure.PERCENT, "value": 1_000,
    } | values  # fmt: skip
    return _made(editing.Terms(**terms))


def make_sale(*offers: tuple[int, int, int], **values: Any) -> Promotion:
    """A timed sale that is on: (variant id, price, quota) of each pack."""
    now = clock.now()
    terms: dict[str, Any] = {
        "kind": Kind.SALE, "name": "Giá cuối tuần", "starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(days=1),
        "payer": Payer.SHOP, "offers": offers,
    } | values  # fmt: skip
    return _made(editing.Terms(**terms))


def _made(terms: editing.Terms) -> Promotion:
    reference = editing.draft(SYSTEM, terms, new_key())
    editing.open_it(SYSTEM, reference, 1, new_key())
    queries.forget()
    return session().query(Promotion).filter_by(reference=reference).one()


@pytest.fixture
def audit_clean() -> Callable[[], None]:
    """Every invariant holds."""

    def check() -> None:
        session().rollback()
        assert [(found.name, found.offenders) for found in invariants.run() if not found.ok] == []

    return check
