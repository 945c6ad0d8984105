"""Two points with goods of several lots and owners, and the steps of a transfer."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from shop.kernel import clock, invariants
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session
from shop.points.models import Point
from shop.stock.models import Passage, StockLevel
from shop.transfers import services as transfers
from shop.transfers.models import Transfer
from shop.transfers.services import Count
from tests import factories

_numbers = itertools.count(1)


def key() -> str:
    """A fresh operation key."""
    return f"transfer-key-{next(_numbers):06d}"


def fresh() -> Any:
    """The session, with nothing remembered."""
    session().rollback()
    session().expire_all()
    return session()


def level(level_id: int) -> StockLevel:
    found = fresh().get(StockLevel, level_id)
    assert found is not None
    return found


def transfer(reference: str) -> Transfer:
    return fresh().scalars(select(Transfer).where(Transfer.reference == reference)).one()


def road(reference: str) -> dict[int, Passage]:
    """The passages of a transfer by the level they left."""
    rows = fresh().scalars(select(Passage).where(Passage.reference == f"transfer:{reference}"))
    return {p.level_id: p for p in rows}


def total() -> int:
    """All goods there are: on hand anywhere and on the road."""
    s = fresh()
    return int(s.scalar(select(func.coalesce(func.sum(StockLevel.on_hand), 0)))) + int(
        s.scalar(select(func.coalesce(func.sum(Passage.on_road), 0)))
    )


def broken() -> list[str]:
    fresh()
    return [f"{f.name}: {f.offenders}" for f in invariants.run("stock", "transfers") if not f.ok]


def at_point(point: Point) -> dict[tuple[int, str, str], int]:
    """On hand by variant, lot and owner."""
    from shop.stock.models import Lot

    rows = fresh().execute(
        select(StockLevel.variant_id, Lot.code, StockLevel.owner, StockLevel.on_hand)
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(StockLevel.point_id == point.id)
    )
    return {(v, code, owner): n for v, code, owner, n in rows}


@dataclass
class Shelves:
    """Goods at `here`: `squid` in two lots (the first expires earlier), `tea` of a producer on consignment."""

    here: Point
    there: Point
    squid: Any
    tea: Any
    early: int
    late: int
    consigned: int
    owner: str

    def asked(self, lines: Mapping[int, int] | None = None) -> str:
        return transfers.ask(SYSTEM, self.here.id, self.there.id, lines or {self.squid.id: 8, self.tea.id: 3}, key())

    def approved(self, lines: Mapping[int, int] | None = None) -> str:
        reference = self.asked(lines)
        transfers.approve(SYSTEM, reference, {}, key())
        return reference

    def packed(self) -> str:
        reference = self.approved()
        transfers.pack(SYSTEM, reference, {self.early: 6, self.late: 2, self.consigned: 3}, key())
        return reference

    def sent(self) -> str:
        reference = self.packed()
        transfers.dispatch(SYSTEM, reference, key())
        return reference

    def counts(self, reference: str) -> list[Count]:
        """Everything that is on the road came whole."""
        return [Count(p.id, p.on_road) for p in road(reference).values() if p.on_road]


def stop(code: str, *, stopped: bool = True) -> None:
    """Stop the lot of this code, or let it go again."""
    from shop.stock.models import Lot
    from shop.stock.services import lots

    lot_id = fresh().scalars(select(Lot.id).where(Lot.code == code)).one()
    (lots.stop_lot if stopped else lots.resume_lot)(SYSTEM, lot_id, "Thu hồi", key())


@pytest.fixture
def make_shelves() -> Callable[[], Shelves]:
    def make() -> Shelves:
        producer = factories.make_producer()
        here, there = factories.make_point("Kho Bến"), factories.make_point("Quầy Vân Đồn")
        squid, tea = (
            factories.make_variant("Chả mực Hạ Long"),
            factories.make_variant("Trà hoa vàng", producer=producer),
        )
        owner, today = f"producer:{producer.id}", clock.today()
        early = factories.put_in(squid, here, 6, lot_code="SỚM", expires_on=today + timedelta(days=20))
        late = factories.put_in(squid, here, 10, lot_code="MUỘN", expires_on=today + timedelta(days=90))
        consigned = factories.put_in(tea, here, 5, lot_code="T1", owner=owner, expires_on=today + timedelta(days=60))
        return Shelves(here, there, squid, tea, early, late, consigned, owner)

    return make


@pytest.fixture
def shelves(ctx: Flask, make_shelves: Callable[[], Shelves]) -> Shelves:
    return make_shelves()
