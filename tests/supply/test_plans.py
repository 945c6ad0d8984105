"""Capacities, seasons and harvests as they are said, said anew and read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from shop.kernel.operations import KeyUsedOtherwise
from shop.supply import queries
from shop.supply.errors import HarvestMovedOn
from shop.supply.models import Capacity, Harvest, HarvestState, HarvestWord, Per, Season, SeasonCalendar
from shop.supply.services import plans
from shop.supply.services.plans import Expects, Makes
from tests.supply.conftest import MAKER, Supply, broken, in_days, key, second_pack


def say(supply: Supply, *, variant: int | None = None, op_key: str = "", **more: Any) -> int:
    values = {"units": 70, "per": Per.WEEK, "from_on": in_days(0)} | more
    return plans.state(MAKER, supply.producer.id, supply.hen.product_id, variant, Makes(**values), op_key or key())


def held() -> list[tuple[int, int, int | None]]:
    """(units, days until it begins, days until it ends) of what holds."""
    session().rollback()
    rows = session().query(Capacity).filter(Capacity.withdrawn_at.is_(None)).order_by(Capacity.from_on).all()
    return [(c.units, (c.from_on - in_days(0)).days, c.to_on and (c.to_on - in_days(0)).days) for c in rows]


def test_a_new_word_takes_the_place_of_the_old_for_its_days(supply: Supply) -> None:
    say(supply, units=10)
    say(supply, units=20, from_on=in_days(30), to_on=in_days(60), lead_days=5)
    assert held() == [(10, 0, 30), (20, 30, 60), (10, 60, None)]
    say(supply, units=30, from_on=in_days(20), to_on=in_days(40))
    assert held() == [(10, 0, 20), (30, 20, 40), (20, 40, 60), (10, 60, None)]
    say(supply, units=40)
    assert held() == [(40, 0, None)]
    assert session().query(Capacity).count() >= 7, "nothing that was said is lost"
    say(supply, units=5, variant=supply.hen.id)  # of a pack: another subject
    assert held() == [(40, 0, None), (5, 0, None)]
    assert broken() == []


def test_taken_back(supply: Supply) -> None:
    number = say(supply, units=10, from_on=in_days(-10))
    with pytest.raises(NotFound):
        plans.end(MAKER, supply.other.id, number, in_days(0))
    plans.end(MAKER, supply.producer.id, number, in_days(0))
    assert held() == [(10, -10, 0)]
    with pytest.raises(NotFound):
        plans.end(MAKER, supply.producer.id, number, in_days(0))
    assert broken() == []


def test_the_same_form_twice_is_one_word(supply: Supply) -> None:
    op = key()
    assert say(supply, op_key=op) == say(supply, op_key=op)
    with pytest.raises(KeyUsedOtherwise):
        say(supply, units=71, op_key=op)
    assert session().query(Capacity).count() == 1


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("units", {"units": 0}),
        ("units", {"units": -3}),
        ("units", {"units": 10**9}),
        ("to_on", {"from_on": in_days(5), "to_on": in_days(5)}),
        ("to_on", {"from_on": in_days(5), "to_on": in_days(1)}),
        ("from_on", {"from_on": in_days(-12_000)}),
        ("from_on", {"from_on": in_days(20_000)}),
        ("lead_days", {"lead_days": -1}),
        ("lead_days", {"lead_days": 9999}),
        ("smallest_batch", {"smallest_batch": 0}),
        ("note", {"note": "x" * 501}),
    ],
)
def test_nonsense_is_refused_at_its_field(supply: Supply, field: str, more: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        say(supply, **more)
    assert refused.value.field == field
    assert session().query(Capacity).count() == 0


def test_nobody_speaks_for_others(supply: Supply) -> None:
    with pytest.raises(NotFound):
        plans.state(MAKER, supply.producer.id, supply.foreign.product_id, None, Makes(1, Per.WEEK, in_days(0)), key())
    with pytest.raises(NotFound):
        say(supply, variant=supply.egg.id)
    with pytest.raises(NotFound):
        plans.set_season(MAKER, supply.producer.id, supply.foreign.product_id, "2" * 12)
    with pytest.raises(NotFound):
        plans.expect(
            MAKER, supply.producer.id, supply.foreign.product_id, None, Expects(1, 2, in_days(1), in_days(1)), key()
        )


def test_two_words_at_once_do_not_overlap(app: Any, supply: Supply, together: Any) -> None:
    product, producer = supply.hen.product_id, supply.producer.id
    session().rollback()

    def act(n: int) -> None:
        plans.state(MAKER, producer, product, None, Makes(n, Per.WEEK, in_days(n)), key())

    outcomes = together(app, [lambda n=n: act(n) for n in (1, 2, 3, 4)])
    assert [o.error for o in outcomes] == [None] * 4
    assert "supply.capacity-spans-do-not-overlap" not in broken()


# --- seasons -----------------------------------------------------------------------------------------------------


def test_the_newest_calendar_holds_and_the_others_are_kept(supply: Supply) -> None:
    product = supply.hen.product_id
    plans.set_season(MAKER, supply.producer.id, product, "001122332211", note="theo mùa")
    plans.set_season(MAKER, supply.producer.id, product, "001122332211", note="theo mùa")
    plans.set_season(MAKER, supply.producer.id, product, "222222222233")
    assert queries.seasons({product, supply.egg.product_id}) == {product: "222222222233"}
    assert session().query(SeasonCalendar).count() == 2
    for wrong in ("2" * 11, "2" * 13, "22222222222x", "0" * 12, ""):
        with pytest.raises(Invalid) as refused:
            plans.set_season(MAKER, supply.producer.id, product, wrong)
        assert refused.value.field == "months"


# --- harvests ----------------------------------------------------------------------------------------------------


def harvest(supply: Supply, low: int = 100, high: int = 200, first: int = 3, last: int = 5, **more: Any) -> str:
    expects = Expects(low, high, in_days(first), in_days(last))
    return plans.expect(MAKER, supply.producer.id, supply.hen.product_id, None, expects, key(), **more)


def one() -> Harvest:
    session().rollback()
    return session().query(Harvest).one()


def test_a_harvest_is_expected_then_said_anew_then_comes(supply: Supply) -> None:
    reference = harvest(supply)
    plans.expect_anew(MAKER, reference, Expects(80, 120, in_days(0), in_days(9)), key(), note="mưa nhiều")
    assert (one().low, one().high, one().to_on) == (80, 120, in_days(10))
    plans.came(MAKER, reference, 95, key())
    assert (one().state, one().came) == (HarvestState.CAME, 95)
    plans.came(MAKER, reference, 97, key(), note="cân lại")
    with pytest.raises(HarvestMovedOn):
        plans.expect_anew(MAKER, reference, Expects(1, 2, in_days(1), in_days(1)), key())
    with pytest.raises(HarvestMovedOn):
        plans.give_up(MAKER, reference, "hết", key())
    assert [w.came for w in session().query(HarvestWord).order_by(HarvestWord.id)] == [None, None, 95, 97]
    assert broken() == []


def test_a_harvest_given_up(supply: Supply) -> None:
    reference = harvest(supply)
    with pytest.raises(Invalid) as early:
        plans.came(MAKER, reference, 5, key())
    assert early.value.field == "came"
    with pytest.raises(Invalid):
        plans.give_up(MAKER, reference, "", key())
    plans.give_up(MAKER, reference, "bão", key())
    with pytest.raises(HarvestMovedOn):
        plans.came(MAKER, reference, 5, key())
    with pytest.raises(NotFound):
        plans.came(MAKER, "V-NONE-NONE", 5, key())
    assert one().state is HarvestState.GIVEN_UP
    assert broken() == []


@pytest.mark.parametrize(
    ("field", "low", "high", "first", "last"),
    [
        ("high", 5, 4, 1, 2),
        ("low", -1, 4, 1, 2),
        ("high", 0, 0, 1, 2),
        ("high", 0, 10**9, 1, 2),
        ("low", 10**9, 10**9, 1, 2),
        ("last_on", 1, 2, 5, 4),
        ("last_on", 1, 2, 1, 500),
        ("from_on", 1, 2, -20_000, 1),
    ],
)
def test_a_harvest_that_cannot_be(supply: Supply, field: str, low: int, high: int, first: int, last: int) -> None:
    with pytest.raises(Invalid) as refused:
        harvest(supply, low, high, first, last)
    assert refused.value.field == field
    reference = harvest(supply)
    with pytest.raises(Invalid):
        plans.expect_anew(MAKER, reference, Expects(low, high, in_days(first), in_days(last)), key())


# --- what it comes to --------------------------------------------------------------------------------------------


def test_capacity_by_weeks(supply: Supply) -> None:
    big = second_pack(supply.hen)
    today = in_days(0)
    start = today + timedelta(days=7 - today.weekday())  # a Monday
    end = start + timedelta(days=28)
    say(supply, units=70, from_on=start, lead_days=4, smallest_batch=10)
    say(supply, units=35, variant=supply.hen.id, from_on=start, lead_days=9)
    found = queries.capacity([supply.hen.id, big.id, supply.egg.id], start, end)
    hen, large, egg = found[supply.hen.id], found[big.id], found[supply.egg.id]
    assert [w.high for w in hen.weeks] == [35] * 4
    assert [w.high for w in large.weeks] == [70] * 4 == [w.high for w in large.pool]
    assert hen.pool == large.pool
    assert (hen.lead_days, large.lead_days, egg.lead_days) == (9, 4, None)
    assert (hen.smallest_batch, large.smallest_batch) == (None, 10)
    assert (hen.stated, egg.stated, egg.high) == (True, False, 0)
    plans.expect(MAKER, supply.producer.id, supply.hen.product_id, None, Expects(50, 100, start, start), key())
    again = queries.capacity([big.id], start, end)[big.id]
    assert [(w.low, w.high) for w in again.weeks] == [(70, 100), (70, 70), (70, 70), (70, 70)]
    plans.set_season(MAKER, supply.producer.id, supply.hen.product_id, Season.NONE * 11 + "1")
    assert queries.capacity([], start, end) == {}
    with pytest.raises(ValueError):
        queries.capacity([big.id], end, start)


def test_what_came_takes_the_place_of_what_was_expected(supply: Supply) -> None:
    reference = harvest(supply, 100, 200, 0, 0)
    ahead = queries.capacity([supply.hen.id], in_days(0), in_days(1))[supply.hen.id]
    assert (ahead.low, ahead.high) == (100, 200)
    plans.came(MAKER, reference, 130, key())
    ahead = queries.capacity([supply.hen.id], in_days(0), in_days(1))[supply.hen.id]
    assert (ahead.low, ahead.high) == (130, 130)


def test_faults_are_found_by_the_audit(supply: Supply) -> None:
    harvest(supply)
    say(supply)
    with transaction() as s:
        s.query(Harvest).one().high = 999
    assert "supply.a-harvest-is-its-last-word" in broken()
    with transaction() as s:
        s.query(HarvestWord).delete()
        held_now = s.query(Capacity).one()
        s.add(
            Capacity(
                producer_id=supply.producer.id, product_id=supply.hen.product_id, per=Per.WEEK, units=1,
                from_on=in_days(3), said_at=held_now.said_at, said_by="x", said_label="x",
            )
        )  # fmt: skip
    assert {"supply.histories-are-unbroken", "supply.capacity-spans-do-not-overlap"} <= set(broken())
