"""Rates in the database: zones, refusals, validity, history, regions, what comes with the shop."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import delete, func, select, update

from shop.delivery import fees, queries, services
from shop.delivery.errors import ColdNotDeliverable, NoRate, RatesChanged, TooHeavy
from shop.delivery.fees import Line
from shop.delivery.models import ProvinceRegion, RateTable, Region, Zone, ZoneRate
from shop.kernel import clock, invariants
from shop.kernel.actor import Actor
from shop.kernel.audit import AuditRow
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from tests.statements import statements

STAFF = Actor("user", "Cán bộ", 7)
JAR = [Line(1, 700)]


@pytest.fixture
def loaded(gazetteer):
    services.load_regions()
    services.load_demo_rates()
    return gazetteer


def newest() -> int | None:
    return session().scalar(select(func.max(RateTable.id)).where(RateTable.origin_code == "22"))


def draft(first_amount: int = 20_000) -> services.Draft:
    table = queries.book(fresh=True).table("22", clock.today())
    zones = tuple(replace(z, first_amount=first_amount) for z in table.zones)
    return services.Draft("Hợp đồng mới", table.terms, zones, "HĐ 12/2026")


def change(first_amount: int, day: date) -> int:
    return services.change_rates(STAFF, "22", draft(first_amount), valid_from=day, seen_id=newest())


def first_fee(day: date) -> int:
    return queries.quote(JAR, "22", "22", on=day).total_amount


def test_what_comes_with_the_shop_is_marked_and_loaded_once(loaded):
    assert services.load_regions() == services.load_demo_rates() == 0
    table = queries.current_table()
    assert table.is_demo
    assert queries.quote(JAR, "22", "22").is_demo
    by_region = queries.provinces_by_region()
    assert {region: len(found) for region, found in by_region.items()} == {
        Region.NORTH: 15, Region.CENTRAL: 11, Region.SOUTH: 8,
    }  # fmt: skip


def test_zones(loaded):
    fee = {to: queries.quote(JAR, "22", to) for to in ("22", "01", "31", "38", "79")}
    assert {to: q.zone for to, q in fee.items()} == {
        "22": Zone.SAME_PROVINCE, "01": Zone.SAME_REGION, "31": Zone.SAME_REGION,
        "38": Zone.OTHER_REGION, "79": Zone.OTHER_REGION,
    }  # fmt: skip
    assert [fee[to].total_amount for to in ("22", "01", "79")] == [20_000, 33_000, 44_000]
    assert (fee["79"].days_from, fee["79"].days_to) == (3, 5)
    assert fee["79"].arrives(date(2026, 12, 4)) == (date(2026, 12, 8), date(2026, 12, 10))


def test_a_province_without_a_region_is_far(loaded):
    with transaction() as s:
        s.execute(delete(ProvinceRegion).where(ProvinceRegion.province_code == "01"))
    queries.forget()
    assert queries.quote(JAR, "22", "01").zone is Zone.OTHER_REGION
    assert [p.code for p in queries.provinces_by_region()[None]] == ["01"]


def test_refusals(loaded):
    with pytest.raises(ColdNotDeliverable) as cold:
        queries.quote(JAR, "22", "79", cold=True)
    assert (cold.value.code, cold.value.field) == ("cold-not-deliverable", "province")
    assert "Thành phố Hồ Chí Minh" in str(cold.value)
    assert queries.quote(JAR, "22", "01", cold=True).fee.cold_amount == 25_000
    with pytest.raises(NoRate):
        queries.quote(JAR, "01", "22")
    with pytest.raises(NoRate):
        queries.quote(JAR, "22", "22", on=date(2025, 6, 30))
    with pytest.raises(TooHeavy) as heavy:
        queries.quote([Line(51, 1000)], "22", "22")
    assert "51 kg" in str(heavy.value)
    for unknown in ("", "99", "06688", "22'--"):
        with pytest.raises(Invalid) as invalid:
            queries.quote(JAR, "22", unknown)
        assert invalid.value.field == "province"


def test_unknown_weights_are_taken_as_the_setting_says(loaded):
    assert not queries.quote(JAR, "22", "22").assumed
    assumed = queries.quote([Line(2)], "22", "22")
    assert (assumed.assumed, assumed.weight_g) == (True, 2000)


def test_free_from_and_collecting(loaded):
    quote = queries.quote(JAR, "22", "22", cod=True, goods_amount=400_000)
    assert quote.parts() == [("base", 20_000), ("cod", 8_000), ("free", -20_000)]
    assert quote.total_amount == 8_000


def test_a_change_is_a_new_row_and_the_past_stays(loaded):
    today = clock.today()
    tomorrow = today + timedelta(days=1)
    new = change(25_000, tomorrow)
    assert (first_fee(today), first_fee(tomorrow)) == (20_000, 25_000)
    old = queries.book(fresh=True).table("22", today)
    assert (old.valid_to, old.is_demo) == (tomorrow, True)
    table = queries.book(fresh=True).table("22", tomorrow)
    assert (table.id, table.valid_to, table.created_by, table.is_demo) == (new, None, "Cán bộ", False)
    told = session().scalars(select(AuditRow).where(AuditRow.target == "rates:22").order_by(AuditRow.id)).all()
    assert (told[-1].action, told[-1].actor_key) == ("delivery.change-rates", "user:7")
    assert told[-1].detail["zones"][0]["first_amount"] == 25_000
    assert [f for f in invariants.run("delivery") if not f.ok] == []


def test_two_changes_on_one_day_keep_both_rows(loaded):
    today = clock.today()
    first = change(25_000, today)
    second = change(30_000, today)
    assert first_fee(today) == 30_000
    tables = {t.id: t for t in queries.book(fresh=True).tables}
    assert tables[first].replaced
    assert tables[second].on(today)
    assert first_fee(today - timedelta(days=1)) == 20_000
    assert [f for f in invariants.run("delivery") if not f.ok] == []


def test_a_planned_change_stays_planned(loaded):
    today = clock.today()
    change(40_000, today + timedelta(days=10))
    change(30_000, today + timedelta(days=5))
    fees_by_day = [first_fee(today + timedelta(days=n)) for n in (0, 4, 5, 9, 10, 99)]
    assert fees_by_day == [20_000, 20_000, 30_000, 30_000, 40_000, 40_000]


def test_a_planned_table_can_be_withdrawn_a_used_one_not(loaded):
    today = clock.today()
    planned = change(40_000, today + timedelta(days=10))
    services.withdraw_rates(STAFF, planned)
    assert first_fee(today + timedelta(days=10)) == 20_000
    with pytest.raises(NotFound):
        services.withdraw_rates(STAFF, planned)
    with pytest.raises(NotFound):
        services.withdraw_rates(STAFF, 10**9)
    with pytest.raises(Invalid):
        services.withdraw_rates(STAFF, queries.current_table().id)
    again = change(50_000, today + timedelta(days=10))
    assert first_fee(today + timedelta(days=10)) == 50_000
    assert again != planned


def test_who_saw_an_older_table_is_told(loaded):
    seen = newest()
    services.change_rates(STAFF, "22", draft(1), valid_from=clock.today(), seen_id=seen)
    with pytest.raises(RatesChanged):
        services.change_rates(STAFF, "22", draft(2), valid_from=clock.today(), seen_id=seen)
    assert first_fee(clock.today()) == 1


@pytest.mark.race
def test_of_many_changes_at_once_one_is_taken(loaded, together):
    seen, today, wanted = newest(), clock.today(), draft(99_000)

    def change_it() -> int:
        return services.change_rates(STAFF, "22", wanted, valid_from=today, seen_id=seen)

    outcomes = together(loaded, change_it, times=8)
    assert sum(o.error is None for o in outcomes) == 1
    assert all(isinstance(o.error, RatesChanged) for o in outcomes if o.error)
    session().rollback()
    assert session().scalar(select(func.count()).select_from(RateTable)) == 2
    assert [f for f in invariants.run("delivery") if not f.ok] == []


@pytest.mark.race
def test_of_many_first_tables_at_once_one_is_taken(loaded, together):
    wanted, today = draft(), clock.today()

    def make() -> int:
        return services.change_rates(STAFF, "01", wanted, valid_from=today, seen_id=None)

    outcomes = together(loaded, make, times=6)
    assert sum(o.error is None for o in outcomes) == 1
    assert all(isinstance(o.error, RatesChanged) for o in outcomes if o.error)


@pytest.mark.race
def test_of_many_moves_of_a_province_at_once_one_is_taken(loaded, together):
    day = clock.today() + timedelta(days=1)
    outcomes = together(loaded, lambda: services.change_region(STAFF, "38", Region.NORTH, valid_from=day), times=6)
    assert sum(o.error is None for o in outcomes) == 1
    assert all(isinstance(o.error, Invalid) for o in outcomes if o.error)
    session().rollback()
    assert session().scalar(select(func.count()).where(ProvinceRegion.province_code == "38")) == 2


def test_figures_that_cannot_be_meant_are_refused(loaded):
    good, today = draft(), clock.today()

    def refused(changed: services.Draft, day: date = today, origin: str = "22") -> str | None:
        with pytest.raises(Invalid) as refusal:
            services.change_rates(STAFF, origin, changed, valid_from=day, seen_id=newest())
        return refusal.value.field

    assert refused(good, today - timedelta(days=1)) == "valid_from"
    assert refused(good, origin="06688") == "origin"
    assert refused(replace(good, name=" ")) == "name"
    assert refused(replace(good, terms=replace(good.terms, divisor=0))) == "divisor"
    assert refused(replace(good, terms=replace(good.terms, cold_amount=-1))) == "cold_amount"
    assert refused(replace(good, terms=replace(good.terms, cod_per_10000=10_001))) == "cod_per_10000"
    assert refused(replace(good, zones=good.zones[:2])) is None

    def with_zone(**changes: int) -> services.Draft:
        return replace(good, zones=(replace(good.zones[0], **changes), *good.zones[1:]))

    assert refused(with_zone(first_g=0)) == "same_province-first_g"
    assert refused(with_zone(step_amount=-5)) == "same_province-step_amount"
    assert refused(with_zone(days_from=9, days_to=2)) == "same_province-days_to"
    assert first_fee(today) == 20_000


def test_a_province_moves_to_another_region(loaded):
    today = clock.today()
    later = today + timedelta(days=3)
    services.change_region(STAFF, "38", Region.NORTH, valid_from=later)
    zone = {n: queries.quote(JAR, "22", "38", on=today + timedelta(days=n)).zone for n in (0, 2, 3)}
    assert zone == {0: Zone.OTHER_REGION, 2: Zone.OTHER_REGION, 3: Zone.SAME_REGION}
    services.change_region(STAFF, "38", Region.SOUTH, valid_from=later)  # the same day again: corrected
    assert queries.quote(JAR, "22", "38", on=later).zone is Zone.OTHER_REGION
    for province, region, day, field in (
        ("38", Region.SOUTH, later, "region"),
        ("38", Region.NORTH, today, "valid_from"),
        ("01", Region.SOUTH, today - timedelta(days=1), "valid_from"),
        ("99", Region.SOUTH, today, "province"),
    ):
        with pytest.raises(Invalid) as refusal:
            services.change_region(STAFF, province, region, valid_from=day)
        assert refusal.value.field == field


def test_the_checks_see_planted_faults(loaded):
    change(25_000, clock.today() + timedelta(days=2))
    with transaction() as s:
        s.execute(update(RateTable).where(RateTable.is_demo).values(valid_to=None))
        s.execute(delete(ZoneRate).where(ZoneRate.table_id == newest(), ZoneRate.zone == Zone.OTHER_REGION))
    broken = {f.name: f.offenders for f in invariants.run("delivery")}
    assert broken == {
        "delivery.one rate table per origin and day": ["22"],
        "delivery.every rate table has all zones": [str(newest())],
    }


def test_rates_are_read_once_for_pages_and_sales(loaded):
    queries.quote(JAR, "22", "01")
    with statements() as seen:
        for _ in range(30):
            queries.quote(JAR, "22", "01")
    assert len(seen) <= 3, seen
    with statements() as seen, transaction():
        assert queries.quote(JAR, "22", "01").total_amount == 33_000
    assert not len(seen), f"a sale rests on rates that are a few seconds old at most: tables begin on a day\n{seen}"


def test_fee_parts_have_names():
    assert set(fees.PART_NAMES) == {"base", "bulky", "cold", "cod", "free"}
    assert (queries.kilograms(1250), queries.kilograms(500), queries.kilograms(20_000)) == (
        "1,25 kg",
        "0,5 kg",
        "20 kg",
    )
