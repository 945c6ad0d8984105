"""The budget of a fair: lines planned and actual, sums, what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shop.accounts.permissions import Role
from shop.exhibitions.errors import FairChanged, FairMovedOn
from shop.exhibitions.models.fairs import BudgetLine, BudgetSide
from shop.exhibitions.services import budget, records
from shop.exhibitions.services.budget import LineDraft
from shop.kernel.db import session
from shop.kernel.errors import Invalid, NotFound
from tests.exhibitions.plan_made import STAFF, fair, key, post, row
from tests.people import sign_in

RENT = LineDraft(BudgetSide.COST, "Thuê mặt bằng", 600_000_000, funder="Ngân sách tỉnh")
FEES = LineDraft(BudgetSide.INCOME, "Phí gian", 144_000_000, 120_000_000)
HERE = "/office/exhibitions"


def test_lines_and_sums(ctx):
    made, once = fair(), key()
    rent = budget.add(STAFF, made.id, RENT, once)
    assert budget.add(STAFF, made.id, RENT, once) == rent
    budget.add(STAFF, made.id, FEES, key())
    sums = budget.sums(budget.lines(made.id))
    assert (sums[BudgetSide.COST].planned_amount, sums[BudgetSide.COST].actual_amount) == (600_000_000, 0)
    assert sums[BudgetSide.COST].open_lines == 1
    assert sums[BudgetSide.INCOME].actual_amount == 120_000_000
    line = session().get(BudgetLine, rent)
    before = line.updated_at.isoformat()
    budget.change(STAFF, made.id, rent, replace(RENT, actual_amount=590_000_000), seen=before)
    with pytest.raises(FairChanged):
        budget.change(STAFF, made.id, rent, replace(RENT, actual_amount=1), seen=before)
    line = session().get(BudgetLine, rent, populate_existing=True)
    assert line.actual_amount == 590_000_000
    budget.remove(STAFF, made.id, rent, seen=line.updated_at.isoformat())
    assert len(budget.lines(made.id)) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"planned_amount": -1}, "planned_amount"),
        ({"actual_amount": -1}, "actual_amount"),
        ({"planned_amount": 10**13}, "planned_amount"),
        ({"funder": "a" * 256}, "funder"),
    ],
)
def test_a_line_of_no_sense_is_refused(ctx, changes, field):
    with pytest.raises(Invalid) as refused:
        budget.add(STAFF, fair().id, replace(RENT, **changes), key())
    assert refused.value.field == field


def test_another_fairs_line_is_not_there(ctx):
    mine, other = fair(), fair()
    line = budget.add(STAFF, other.id, RENT, key())
    seen = session().get(BudgetLine, line).updated_at.isoformat()
    for command in (
        lambda: budget.change(STAFF, mine.id, line, FEES, seen=seen),
        lambda: budget.remove(STAFF, mine.id, line, seen=seen),
    ):
        with pytest.raises(NotFound):
            command()


def test_a_fair_of_the_sources_has_no_budget(ctx):
    records.load()
    with pytest.raises(FairMovedOn):
        budget.add(STAFF, row("hoi-cho-2015").id, RENT, key())


def test_the_page(ctx, client):
    sign_in(client, Role.PROMOTION_STAFF)
    made = fair()
    here = f"{HERE}/{made.slug}/budget"
    line = {
        "side": "cost",
        "name": "Thuê mặt bằng",
        "planned_amount": "600.000.000",
        "actual_amount": "",
        "funder": "Tỉnh",
    }
    assert client.get(here).status_code == 200
    assert post(client, here, **line, op_key=key()).status_code == 302
    page = client.get(here).get_data(as_text=True)
    assert "600.000.000" in page
    assert "còn 1 khoản chưa có số" in page
    found = session().query(BudgetLine).one()
    seen = found.updated_at.isoformat()
    assert f'value="{seen}"' in client.get(f"{here}?line={found.id}").get_data(as_text=True)
    paid = line | {"actual_amount": "598500000", "id": found.id}
    assert post(client, here, **paid, seen=seen).status_code == 302
    late = post(client, here, **(paid | {"name": "Tên đã gõ"}), seen=seen)
    assert late.status_code == 409
    assert "Tên đã gõ" in late.get_data(as_text=True)
    assert post(client, here, **(line | {"planned_amount": "nhiều"}), op_key=key()).status_code == 422
    assert post(client, here, **(line | {"planned_amount": ""}), op_key=key()).status_code == 422
    assert post(client, here, **(line | {"side": ""}), op_key=key()).status_code == 422
    file = client.get(f"{here}?format=csv").get_data(as_text=True)
    assert "598500000" in file
    now = session().query(BudgetLine).one().updated_at.isoformat()
    assert post(client, here, do="remove", id=found.id, seen=now).status_code == 302
    assert session().query(BudgetLine).count() == 0
