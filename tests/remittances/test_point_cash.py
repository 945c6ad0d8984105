"""Keepers put their points' cash into bags: sealed, counted by a second person who has not seen the sum, on its way."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from shop.accounts.permissions import Role
from shop.kernel import invariants
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.points.models import Point
from shop.remittances.bag_models import BagState, CashBag
from shop.remittances.errors import BagStep, CountsDiffer, LessCash, SamePerson
from shop.remittances.services import bags
from tests import factories
from tests.banking.conftest import app, key
from tests.people import sign_in
from tests.remittances.test_bags import bag, balance, safe

__all__ = ["app", "safe"]
KEEPER, OTHER = Actor("user", "Lê Thị Quầy", 91), Actor("user", "Phạm Văn Tú", 92)


def seal(point_id: int, amount: int = 2_000_000, **values: Any) -> str:
    given: dict[str, Any] = {"bag_number": "NP 0043", "carried_by": "Phạm Văn Tú", "op_key": key()} | values
    return bags.seal(KEEPER, point_id=point_id, amount=amount, **given)


def test_nothing_leaves_before_a_second_person_has_counted_the_same(safe: int) -> None:
    reference = seal(safe)
    assert (bag(reference).state, balance("cash-point"), balance("cash-carried")) == (BagState.SEALED, 5_000_000, 0)
    with pytest.raises(SamePerson):
        bags.count_again(KEEPER, reference, 2_000_000, 0, op_key=key())
    with pytest.raises(CountsDiffer):
        bags.count_again(OTHER, reference, 1_999_000, 0, op_key=key())
    assert (bag(reference).state, balance("cash-carried")) == (BagState.SEALED, 0)
    again = key()
    for _n in range(2):  # a double click
        bags.count_again(OTHER, reference, 2_000_000, 0, op_key=again)
    found = bag(reference)
    assert (found.state, found.counted_by, found.second_label) == (BagState.CARRIED, "Lê Thị Quầy", "Phạm Văn Tú")
    assert (balance("cash-point"), balance("cash-carried")) == (3_000_000, 2_000_000)
    with pytest.raises(BagStep):
        bags.count_again(OTHER, reference, 2_000_000, found.version, op_key=key())
    assert all(f.ok for f in invariants.run("remittances"))


def test_what_is_sealed_is_not_there_twice_and_an_opened_bag_gives_it_back(safe: int) -> None:
    reference = seal(safe, 4_000_000)
    with pytest.raises(LessCash):
        seal(safe, 1_000_001)
    with pytest.raises(LessCash):
        bags.carry(
            OTHER, point_id=safe, bag_number="NP 1", amount=1_000_001, counted_by="Mai", carried_by="Tú", op_key=key()
        )
    bags.bring_back(KEEPER, reference, "Đếm nhầm", 0, op_key=key())
    assert (bag(reference).state, balance("cash-point")) == (BagState.BACK, 5_000_000)
    seal(safe, 5_000_000)
    assert all(f.ok for f in invariants.run("remittances"))


def test_the_database_itself_wants_two_people(safe: int) -> None:
    reference = seal(safe)
    with pytest.raises(IntegrityError), transaction() as s:
        s.execute(
            update(CashBag).where(CashBag.reference == reference).values(state=BagState.CARRIED, second_key=KEEPER.key)
        )


def test_a_keeper_writes_his_points_bag_and_another_counts_it_unseen(client: Any, safe: int) -> None:
    scope = f"point:{safe}"
    name = session().get_one(Point, safe).name
    sign_in(client, (Role.POINT_KEEPER, scope))
    page = client.get("/office/point-cash").get_data(as_text=True)
    assert name in page and "5.000.000" in page
    wrong = client.fill("/office/point-cash", point=str(safe), amount="5000001", bag_number="NP 7", carried_by="Tú Xe")
    assert (wrong.status_code, "NP 7" in wrong.get_data(as_text=True)) == (422, True), "what was typed stays"
    other = factories.make_point("Điểm bán Khác").id
    assert (
        client.fill("/office/point-cash", point=str(other), amount="1000", bag_number="N", carried_by="T").status_code
        == 422
    )
    done = client.fill("/office/point-cash", point=str(safe), amount="1.234.000", bag_number="NP 7", carried_by="Tú Xe")
    assert done.status_code == 303
    reference = session().scalars(select(CashBag.reference)).one()
    here = f"/office/point-cash/{reference}"
    own = client.get(here).get_data(as_text=True)
    assert "1.234.000" in own and f"{here}/count" not in own
    sign_in(client, (Role.POINT_KEEPER, scope))
    for path in (here, "/office/point-cash", "/office/point-cash?format=csv"):
        assert "1.234.000" not in client.get(path).get_data(as_text=True), path
    differs = client.fill(here, form=f"{here}/count", amount="1.233.000")
    assert (differs.status_code, "Số bạn đếm khác" in differs.get_data(as_text=True)) == (422, True)
    assert client.fill(here, form=f"{here}/count", amount="1.234.000").status_code == 303
    assert 'data-testid="bag-state">Đang mang nộp<' in client.get(here).get_data(as_text=True)
    sign_in(client, (Role.POINT_KEEPER, f"point:{other}"))
    assert client.get(here).status_code == 404
    sign_in(client, Role.ORDER_DESK)
    assert client.get(here).status_code == 200
