"""What must hold of fairs and plans: each planted fault is found, and nothing without one."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from shop.exhibitions.models.fairs import Booth, Exhibition, ExhibitionStep, FairState, Feature
from shop.exhibitions.services import records
from shop.kernel import invariants
from shop.kernel.db import session, transaction
from tests.exhibitions.plan_made import fair, planned, row


def broken():
    session().rollback()
    return {f.name: f.offenders for f in invariants.run() if not f.ok}


@pytest.fixture
def made(ctx):
    found = fair(announced=True)
    planned(found)
    records.load()
    assert broken() == {}
    return row(found.slug)


@pytest.mark.parametrize(
    ("table", "values", "name"),
    [
        (Booth, {"x": 4}, "exhibitions.plans-are-drawn-right"),
        (Booth, {"y": 4}, "exhibitions.plans-are-drawn-right"),
        (Feature, {"columns": 100}, "exhibitions.plans-are-drawn-right"),
        (Exhibition, {"columns": 8}, "exhibitions.plans-are-drawn-right"),
        (Exhibition, {"state": FairState.RUNNING}, "exhibitions.history-is-unbroken"),
    ],
)
def test_a_planted_fault_is_found(made, table, values, name):
    with transaction() as s:
        s.execute(
            update(table).where((table.id if table is Exhibition else table.exhibition_id) == made.id).values(**values)
        )
    found = broken()
    assert set(found) == {name}
    assert made.slug in found[name][0]


def test_a_step_that_is_missing_is_found(made):
    with transaction() as s:
        s.query(ExhibitionStep).filter_by(exhibition_id=made.id, to_state="draft").delete()
    assert broken() == {"exhibitions.history-is-unbroken": [made.slug]}


def test_a_booth_of_another_fairs_type_is_found(made):
    other = fair()
    _zone, type_id = planned(other)
    with transaction() as s:
        s.execute(update(Booth).where(Booth.exhibition_id == made.id, Booth.code == "A1").values(type_id=type_id))
    assert broken() == {"exhibitions.plans-are-of-one-fair": [f"{made.slug}: A1"]}
