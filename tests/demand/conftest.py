"""A shop that can sell, with goods that are sold out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from shop.catalog.models import Price, Variant
from shop.demand.models.waiting import Choice, WaitEntry, WaitOffer
from shop.demand.services import waiting
from shop.demand.services.waiting import Wish
from shop.kernel import clock, invariants
from shop.kernel.actor import GUEST
from shop.kernel.db import session, transaction
from shop.points.models import Point
from tests import factories
from tests.checkout.conftest import Bench, bench_with  # noqa: F401 - a fixture


def broken() -> list[str]:
    """What the audit finds wrong."""
    return [f"{f.name}: {', '.join(f.offenders)}" for f in invariants.run() if not f.ok]


def second_pack(variant: Variant, *, grams: int = 500, position: int = 1) -> Variant:
    """Another pack of the same product with a price in force."""
    now = clock.now()
    with transaction() as s:
        made = Variant(
            product_id=variant.product_id, sku=f"{variant.sku}-{position}", pack=f"Hộp {grams} g", net_content=grams,
            net_unit="GRM", weight_g=grams + 60, position=position, created_at=now, updated_at=now,
        )  # fmt: skip
        s.add(made)
        s.flush()
        s.add(Price(variant_id=made.id, amount=130_000, valid_from=clock.now(), created_by="system"))
    return made


@dataclass
class Shelf:
    """A shop whose `variant` is sold out at `point`."""

    bench: Bench
    variant: Variant
    point: Point

    @property
    def app(self) -> Any:
        return self.bench.app

    def wait(self, who: str = "mot", quantity: int = 1, *, confirmed: bool = True, **wish: Any) -> WaitEntry:
        """Somebody joins (and confirms); returns his entry."""
        values = {"sku": self.variant.sku, "quantity": quantity, "choice": Choice.ALIKE, "partial": True} | wish
        contact = who if who.startswith("0") else f"{who}@example.vn"
        joined = waiting.join(GUEST, Wish(**values), contact, locale="vi", adult=False)
        if confirmed:
            waiting.confirm(GUEST, joined.reference)
        return self.entry(joined.reference)

    def come(self, quantity: int, variant: Variant | None = None, point: Point | None = None, **values: Any) -> int:
        """Goods come."""
        return factories.put_in(variant or self.variant, point or self.point, quantity, **values)

    def entry(self, reference: str) -> WaitEntry:
        """The entry as it is now."""
        session().expire_all()
        return session().scalars(select(WaitEntry).where(WaitEntry.reference == reference)).one()

    def offers(self, entry: WaitEntry | None = None) -> list[WaitOffer]:
        """All offers (of an entry), oldest first."""
        session().expire_all()
        wanted = select(WaitOffer).order_by(WaitOffer.id)
        return list(session().scalars(wanted if entry is None else wanted.where(WaitOffer.entry_id == entry.id)))


@pytest.fixture
def shelf(bench_with: Callable[..., Bench]) -> Shelf:  # noqa: F811 - the fixture
    """Goods that are sold out."""
    bench = bench_with()
    return Shelf(bench, factories.make_variant("Chả mực đang hết"), bench.point)
