"""Each invariant of closed fairs fires when its fault is planted, and on nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from shop.exhibitions.models.closing import FairReport, Sheet, SheetState, SheetVersion, Signature
from shop.exhibitions.queries import reporting
from shop.exhibitions.services import finishing
from shop.exhibitions.services import reporting as services
from shop.kernel import clock, invariants
from shop.kernel.db import session, transaction
from shop.points.models import Point
from shop.settlement.models import Entry, EntryKind
from shop.stock.models import StockLevel
from tests.exhibitions.closing_made import STAFF, Made, fairs_broken, key, make_fair


@pytest.fixture
def fair(make_app: Callable[..., Flask]) -> Iterator[Made]:
    """A fair of two booths, closed and reported."""
    app = make_app(bank_bin="970436", bank_account="9889559357", bank_account_name="CHO BEN")
    with app.app_context():
        made = make_fair(app)
        made.booth("A1", "Mực")
        made.booth("A2", "Trà")
        made.bring("A1", "Mực", 6)
        till = made.till("A1")
        till.send(till.open(), till.sale(till.line(made.goods["Mực"], 2)), till.close(740_000))
        made.close("A1")
        made.close("A2")
        finishing.close_fair(STAFF, made.slug, op_key=key())
        services.freeze(STAFF, made.slug, "", services.seen(reporting.compute(made.fair)), op_key=key())
        yield made


def goods_left(fair: Made) -> Any:
    level = select(StockLevel.id).where(StockLevel.point_id == fair.points["A1"].id)
    return (
        update(StockLevel).where(StockLevel.id.in_(level)).values(on_hand=3, updated_at=clock.now() - timedelta(days=2))
    )


def figures_changed(fair: Made) -> Any:
    version = session().scalars(select(SheetVersion).order_by(SheetVersion.id)).first()
    assert version is not None
    figures = version.figures | {"totals": version.figures["totals"] | {"sold": 99}}
    return update(SheetVersion).where(SheetVersion.id == version.id).values(figures=figures)


# The ledger sees it as well, where the settlement's own sums are held against it.
BOOKS = {"settlement.ledger-says-the-same", "settlement.producers-account"}
FAULTS: dict[str, tuple[set[str], Callable[[Made], Any]]] = {
    "goods left": (
        {"exhibitions.closed-fair-holds-no-goods", "stock.on-hand-is-its-movements", "stock.running-balance"}, goods_left,
    ),
    "point open": (
        {"exhibitions.closed-fair-is-closed"},
        lambda fair: update(Point).where(Point.id == fair.points["A1"].id).values(closed_on=None),
    ),
    "sheet open": (
        {"exhibitions.closed-fair-is-closed", "exhibitions.frozen-sheets-are-signed"},
        lambda fair: update(Sheet).where(Sheet.id == fair.sheet("A1", "Mực").sheet.id).values(state=SheetState.OPEN),
    ),
    "figures changed": ({"exhibitions.sheets-add-up", "exhibitions.sheets-keep-their-seal"}, figures_changed),
    "name changed": (
        {"exhibitions.sheets-keep-their-seal"},
        lambda fair: update(Signature).values(name="Người khác"),
    ),
    "signature gone": (
        {"exhibitions.frozen-sheets-are-signed", "exhibitions.sheets-keep-their-seal"},
        lambda fair: delete(Signature).where(Signature.sheet_id == fair.sheet("A1", "Mực").sheet.id),
    ),
    "charged wrongly": (
        {"exhibitions.booths-are-charged-once", *BOOKS},
        lambda fair: update(Entry).where(Entry.kind == EntryKind.BOOTH).values(amount=-1),
    ),
    "not charged": (
        {"exhibitions.booths-are-charged-once", *BOOKS},
        lambda fair: delete(Entry).where(Entry.kind == EntryKind.BOOTH),
    ),
    "charged without signatures": (
        {"exhibitions.booths-are-charged-once", "exhibitions.sheets-keep-their-seal"},
        lambda fair: update(SheetVersion).values(reason="không ai ký"),
    ),
    "report changed": (
        {"exhibitions.reports-keep-their-figures"},
        lambda fair: update(FairReport).values(digest="0" * 64),
    ),
    "report gone": ({"exhibitions.reports-keep-their-figures"}, lambda fair: delete(FairReport)),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_seen(fair, name):
    assert fairs_broken() == []
    wanted, plant = FAULTS[name]
    statement = plant(fair)
    with transaction() as s:
        s.execute(statement.execution_options(synchronize_session=False))
    session().expire_all()
    fired = {f.name for f in invariants.run() if not f.ok}
    assert wanted >= fired >= {n for n in wanted if n.startswith("exhibitions.")}
