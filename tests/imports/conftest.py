"""A producer with lists of sets, and the way of a table from its file to the goods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from shop.catalog.models import Product, ProductSet, Variant
from shop.imports import queries, services
from shop.imports.models import Import, ImportRow, Mode, State
from shop.kernel import invariants, operations
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from tests import factories

CLERK = Actor("user", "Người nhập", 801, "127.0.0.1")


@dataclass
class Shop:
    """What tests ask of a producer's imports."""

    producer_id: int

    def send(self, content: bytes, name: str = "bang-gia.xlsx", key: str = "") -> Import:
        """Upload and, where the head is a guess, agree to it; every row is tried then."""
        reference = services.upload(CLERK, self.producer_id, content, name, op_key=key or operations.new_key())
        row = queries.by_reference(reference)
        if row.state is State.MATCHING:
            services.match(CLERK, row.id, row.columns, [], None)
        services.check(CLERK, row.id, queries.by_id(row.id).work)
        return queries.by_id(row.id)

    def write(self, row: Import, mode: Mode = Mode.EACH) -> Import:
        """Write what is new or changed."""
        services.start(CLERK, row.id, mode)
        services.apply(CLERK, row.id, queries.by_id(row.id).work)
        return queries.by_id(row.id)

    def undo(self, row: Import) -> Import:
        """Take it back."""
        services.start_undo(CLERK, row.id)
        services.undo(CLERK, row.id, queries.by_id(row.id).work)
        return queries.by_id(row.id)

    @staticmethod
    def rows(row: Import) -> list[ImportRow]:
        """Its rows in order."""
        session().expire_all()
        return list(
            session().scalars(select(ImportRow).where(ImportRow.import_id == row.id).order_by(ImportRow.position))
        )

    def outcomes(self, row: Import) -> list[str]:
        """What each row came to."""
        return [r.outcome.value for r in self.rows(row)]

    @staticmethod
    def variant(sku: str) -> Variant | None:
        """The pack as it is."""
        session().expire_all()
        return session().scalar(select(Variant).where(Variant.sku == sku))

    def products(self) -> list[Product]:
        """The producer's products."""
        session().expire_all()
        return list(
            session().scalars(select(Product).where(Product.producer_id == self.producer_id).order_by(Product.id))
        )


def broken() -> list[str]:
    """The invariants that do not hold."""
    return [check.name for check in invariants.run() if not check.ok]


@pytest.fixture
def shop(ctx: Any) -> Shop:
    """A producer, sets 8 and 15 (alcohol)."""
    factories.make_set(8)
    drinks = factories.make_set(15).id
    with transaction() as s:
        s.get_one(ProductSet, drinks).is_alcohol = True
    return Shop(factories.make_producer("HTX Bến Giang").id)
