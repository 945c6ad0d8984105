"""Two producers with packs, a store of the first one's own, a point and a fair."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from shop.catalog.models import Variant
from shop.kernel import clock, invariants, operations
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.points.models import Point, PointKind
from shop.producers.models import Producer
from shop.receipts.models import Terms
from shop.supply.models import SupplyAsk
from shop.supply.queries import asks as asks_read
from shop.supply.services import asks
from shop.supply.services.asks import Answer, Errand
from tests import factories

MAKER = Actor("user", "Người làm", 801, "127.0.0.1")
OFFICE = Actor("user", "Cán bộ", 802, "127.0.0.1")


def key() -> str:
    return operations.new_key()


def in_days(n: int) -> date:
    return clock.today() + timedelta(days=n)


NEAR = ("supply.", "receipts.", "stock.", "counts.", "kernel.audit-log")


def broken() -> list[str]:
    """The invariants of supply, and of the rooms it writes into, that do not hold."""
    session().rollback()
    session().expire_all()
    return [name for name, check in sorted(invariants._checks.items()) if name.startswith(NEAR) and any(check())]


@dataclass
class Supply:
    """What the tests of supply work with."""

    producer: Producer
    other: Producer
    store: Point
    point: Point
    hen: Variant
    egg: Variant
    foreign: Variant

    @property
    def scope(self) -> str:
        return f"producer:{self.producer.id}"

    def ask(self, wanted: dict[int, int] | None = None, *, op_key: str = "", **more: Any) -> str:
        """Ask for hens and eggs in ten days; return the reference."""
        wanted = {self.hen.id: 20, self.egg.id: 60} if wanted is None else wanted
        values = {"point_id": self.point.id, "terms": Terms.PURCHASE, "wanted_on": in_days(10), "reason": "Hội chợ"}
        return asks.ask(OFFICE, self.producer.id, Errand(**(values | more)), wanted, op_key=op_key or key())

    def answers(self, reference: str, **said: Answer) -> dict[int, Answer]:
        """Answers by line: `hen=…, egg=…`."""
        lines = {line.variant_id: line.line_id for line in asks_read.lines(row(reference).id)}
        return {lines[getattr(self, name).id]: one for name, one in said.items()}


def row(reference: str) -> SupplyAsk:
    session().rollback()
    return asks_read.ask(reference)[0]


def second_pack(variant: Variant, pack: str = "Hộp 1 kg") -> Variant:
    """Another pack of the same product."""
    now = clock.now()
    with transaction() as s:
        made = Variant(
            product_id=variant.product_id, sku=f"{variant.sku}-B", pack=pack, net_content=1, net_unit="KGM",
            weight_g=1050, position=1, created_at=now, updated_at=now,
        )  # fmt: skip
        s.add(made)
    return made


@pytest.fixture
def supply(ctx: Any) -> Supply:
    producer, other = factories.make_producer("HTX Đầm Hà"), factories.make_producer("HTX khác")
    own = {"kind": PointKind.PRODUCER_STORE, "producer_id": producer.id, "ships": False, "pickup": False}
    return Supply(
        producer=producer,
        other=other,
        store=factories.make_point("Kho HTX Đầm Hà", **own),
        point=factories.make_point("Cửa hàng Hạ Long"),
        hen=factories.make_variant("Gà Tiên Yên", producer=producer),
        egg=factories.make_variant("Trứng gà", producer=producer),
        foreign=factories.make_variant("Chè", producer=other),
    )
