"""Units by date: loading, counts, lists, display, checking codes, finding by typing."""

from __future__ import annotations

import time
from datetime import date

import pytest
from sqlalchemy import func, select, update

from shop.kernel import invariants
from shop.kernel.actor import Actor
from shop.kernel.audit import AuditRow
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from shop.places import names, queries, services
from shop.places.errors import UnitsOverlap
from shop.places.models import Level, Succession, Unit, UnitType
from tests.statements import statements

STAFF = Actor("user", "Cán bộ", 7)
BEFORE = date(2025, 6, 30)
REFORM = date(2025, 7, 1)
NOW = date(2026, 11, 24)


def levels(on: date) -> list[int]:
    units = queries.on_day(on).by_code.values()
    return [sum(u.level is level for u in units) for level in Level]


def test_a_load_gives_the_counts_of_the_law_and_a_second_does_nothing(ctx):
    began = time.process_time()
    done = services.load()
    assert time.process_time() - began < 10
    assert (done.added, done.removed) == (14_171, 0)
    assert levels(BEFORE) == [63, 696, 10_051]
    assert levels(REFORM) == [34, 0, 3_321]
    assert len(queries.communes("22", REFORM)) == 54
    assert sorted(u.type for u in queries.communes("22", REFORM)) == sorted(
        [UnitType.WARD] * 30 + [UnitType.COMMUNE] * 22 + [UnitType.SPECIAL_ZONE] * 2
    )
    assert session().scalar(select(func.count()).select_from(Succession)) == 10_565 + 5
    assert services.load().unchanged
    forced = services.load(force=True)
    assert (forced.unchanged, forced.added, forced.changed, forced.removed) == (False, 0, 0, 0)
    assert [f for f in invariants.run("places") if not f.ok] == []


def test_a_damaged_database_is_mended_by_a_forced_load(gazetteer):
    with transaction() as s:
        s.execute(update(Unit).where(Unit.code == "22").values(short="Quang Ninh"))
        s.delete(s.scalars(select(Unit).where(Unit.code == "06688", Unit.valid_to.is_(None))).one())
    mended = services.load(force=True)
    assert (mended.added, mended.changed, mended.removed) == (1, 3, 0)


def test_a_bad_file_changes_nothing(gazetteer, tmp_path):
    for name in services.FILES:
        (tmp_path / name).write_bytes((services.DATA / name).read_bytes())
    with (tmp_path / "units_2025.csv").open("a", encoding="utf-8") as stream:
        stream.write("99999,Vô danh,xã,commune,22,2025-07-01\n")
    with pytest.raises(ValueError, match="Vô danh"):
        services.load(folder=tmp_path)
    assert queries.unit("99999") is None
    assert services.load().unchanged


@pytest.mark.race
def test_of_two_loads_at_once_the_second_finds_all_done(ctx, together):
    outcomes = together(ctx, services.load, times=3)
    assert [o.error for o in outcomes] == [None] * 3
    assert sorted(o.value.unchanged for o in outcomes) == [False, True, True]


def test_names_by_date(gazetteer):
    assert queries.unit("22", BEFORE).name == "Tỉnh Quảng Ninh"
    assert queries.unit("22", REFORM).name == "Tỉnh Quảng Ninh"
    assert queries.unit("22", date(2026, 9, 19)).name == "Tỉnh Quảng Ninh"
    city = queries.unit("22", NOW)
    assert (city.name, city.type, city.from_exact) == ("Thành phố Quảng Ninh", UnitType.CENTRAL_CITY, False)
    assert {queries.unit(code, NOW).name for code in ("24", "75")} == {"Thành phố Bắc Ninh", "Thành phố Đồng Nai"}
    assert queries.display("06688", NOW) == "Phường Hạ Long, Thành phố Quảng Ninh"
    assert queries.display("06688", REFORM) == "Phường Hạ Long, Tỉnh Quảng Ninh"
    assert queries.display("06892", BEFORE) == "Xã Đồng Rui, Huyện Tiên Yên, Tỉnh Quảng Ninh"
    assert queries.display("nothing") == ""
    assert queries.unit("205", date(2024, 10, 31)).name == "Thị xã Đông Triều"
    assert queries.unit("205", date(2024, 11, 1)).name == "Thành phố Đông Triều"
    # Under one code another commune before and after the reform.
    assert queries.unit("06667", BEFORE) != queries.unit("06667", REFORM)


def test_lists_are_in_dictionary_order_and_for_the_picker(gazetteer):
    shorts = [label for _code, label in queries.province_choices()]
    assert (shorts[0], shorts[-1], len(shorts)) == ("An Giang", "Vĩnh Long", 34)
    assert shorts.index("Cà Mau") < shorts.index("Cao Bằng") < shorts.index("Cần Thơ") < shorts.index("Đà Nẵng")
    assert ("06688", "Phường Hạ Long") in queries.commune_choices("22")
    assert queries.commune_choices(None) == queries.commune_choices("99") == []


def test_the_lists_are_read_once_per_process_and_forgotten_when_they_change(gazetteer):
    queries.provinces()
    with statements() as seen:
        for _ in range(50):
            queries.provinces()
            queries.communes("22")
            queries.check_address("22", "06688")
            queries.find("ha long", province="22")
    assert len(seen) <= 1, seen
    edition = queries.edition()
    services.change_rank(STAFF, "06688", kind=UnitType.WARD, short="Vịnh Hạ Long", valid_from=date(2026, 10, 1))
    assert queries.unit("06688", NOW).name == "Phường Vịnh Hạ Long"
    assert queries.edition() > edition


def test_a_change_by_another_process_is_noticed(gazetteer, make_app):
    assert queries.unit("22", date(2026, 8, 1)).name == "Tỉnh Quảng Ninh"
    other = make_app()
    row = session().scalar(select(Unit.id).where(Unit.code == "22", Unit.valid_to.is_(None)))
    import contextvars

    def elsewhere() -> None:
        with other.app_context():
            services.change_start(STAFF, row, date(2026, 7, 15))

    contextvars.Context().run(elsewhere)
    gazetteer.extensions["shop_places"].checked_at = -1e9  # FRESH_SECONDS later
    session().rollback()
    assert queries.unit("22", date(2026, 8, 1)).name == "Thành phố Quảng Ninh"


@pytest.mark.parametrize(
    ("province", "commune", "field"),
    [
        ("", "", "province"),
        (None, None, "province"),
        ("99", "06688", "province"),
        ("06688", "06688", "province"),
        ("22", "", "commune"),
        ("22", "99999", "commune"),
        ("22", "22", "commune"),
        ("22", "06892", "commune"),  # Đồng Rui, no longer there
        ("01", "06688", "commune"),
        ("22", "<script>", "commune"),
        ("22", "06688" * 5000, "commune"),
    ],
)
def test_wrong_codes_are_refused_at_their_field(gazetteer, province, commune, field):
    with pytest.raises(Invalid) as refused:
        queries.check_address(province, commune, NOW)
    assert refused.value.field == field
    assert str(refused.value)


def test_good_codes(gazetteer):
    found = queries.check_address(" 22 ", "06688", NOW)
    assert found.text == "Phường Hạ Long, Thành phố Quảng Ninh"
    assert queries.check_address("22", "06892", BEFORE).commune.name == "Xã Đồng Rui"  # through its district


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("ha long", ["Phường Hạ Long"]),
        ("HẠ LONG", ["Phường Hạ Long"]),
        ("phường hạ", ["Phường Hạ Long", "Phường Hà An", "Phường Hà Lầm", "Phường Hà Tu"]),
        ("mong cai", ["Phường Móng Cái 1", "Phường Móng Cái 2", "Phường Móng Cái 3"]),
        ("m cai 2", ["Phường Móng Cái 2"]),
        ("chau", ["Phường Tuần Châu"]),
        ("ha logn", ["Phường Hạ Long"]),
        ("tuan cahu", ["Phường Tuần Châu"]),
        ("dac khu", ["Đặc khu Cô Tô", "Đặc khu Vân Đồn"]),
        ("ba chẽ", ["Xã Ba Chẽ"]),
        ("q", ["Xã Quảng Đức", "Xã Quảng Hà", "Phường Quang Hanh", "Xã Quảng La"]),
        ("xyzzy", []),
        ("%", None),
        ("'; drop table place_units; --", []),
    ],
)
def test_typing(gazetteer, typed, expected):
    found = [u.name for u in queries.find(typed, province="22", on=NOW)]
    assert expected is None or found[: len(expected)] == expected
    if expected == []:
        assert found == []


def test_provinces_are_found_by_what_people_call_them(gazetteer):
    assert [u.short for u in queries.find("tphcm", level=Level.PROVINCE)] == ["Hồ Chí Minh"]
    assert [u.short for u in queries.find("dak lak", level=Level.PROVINCE)] == ["Đắk Lắk"]
    assert queries.find("quang ninh", level=Level.PROVINCE)[0].code == "22"


def test_the_exact_day_moves_the_border_between_two_names(gazetteer):
    row = session().scalar(select(Unit.id).where(Unit.code == "22", Unit.valid_to.is_(None)))
    services.change_start(STAFF, row, date(2026, 9, 1), note="Nghị quyết về thành phố Quảng Ninh")
    assert queries.unit("22", date(2026, 8, 31)).name == "Tỉnh Quảng Ninh"
    assert queries.unit("22", date(2026, 9, 1)).name == "Thành phố Quảng Ninh"
    assert queries.unit("22", date(2026, 9, 1)).from_exact
    # A load of the files does not undo it.
    done = services.load(force=True)
    assert done.kept == ("22",)
    assert queries.unit("22", date(2026, 9, 1)).name == "Thành phố Quảng Ninh"
    assert [f for f in invariants.run("places") if not f.ok] == []
    told = session().scalars(select(AuditRow).where(AuditRow.action == "places.change-start")).one()
    assert (told.actor_key, told.target) == ("user:7", "places:22")
    assert told.detail["before"] == {"valid_from": "2026-09-20", "exact": False}


@pytest.mark.race
def test_of_many_new_ranks_at_once_one_is_taken(gazetteer, together):

    def change() -> int:
        return services.change_rank(STAFF, "06862", kind=UnitType.WARD, short="Tiên Yên", valid_from=date(2027, 1, 1))

    outcomes = together(gazetteer, change, times=6)
    assert sum(o.error is None for o in outcomes) == 1
    assert all(isinstance(o.error, Invalid) for o in outcomes if o.error)
    assert [f for f in invariants.run("places") if not f.ok] == []


def test_impossible_days_are_refused(gazetteer):
    rows = session().execute(select(Unit.id, Unit.valid_to).where(Unit.code == "22").order_by(Unit.valid_from)).all()
    newest = next(i for i, to in rows if to is None)
    with pytest.raises(UnitsOverlap):
        services.change_start(STAFF, newest, date(2025, 7, 1))
    with pytest.raises(UnitsOverlap):
        services.change_rank(STAFF, "22", kind=UnitType.PROVINCE, short="Quảng Ninh", valid_from=date(2026, 9, 20))
    with pytest.raises(NotFound):
        services.change_start(STAFF, 10**9, date(2026, 9, 1))
    with pytest.raises(NotFound):
        services.change_rank(STAFF, "193", kind=UnitType.CITY, short="Hạ Long", valid_from=NOW)
    with pytest.raises(Invalid) as refused:
        services.change_rank(STAFF, "22", kind=UnitType.WARD, short="Quảng Ninh", valid_from=NOW)
    assert refused.value.field == "type"
    with pytest.raises(Invalid) as refused:
        services.change_rank(STAFF, "22", kind=UnitType.CENTRAL_CITY, short=" Quảng Ninh", valid_from=NOW)
    assert refused.value.field == "short"
    with pytest.raises(Invalid):
        services.change_rank(STAFF, "22", kind=UnitType.CENTRAL_CITY, short="", valid_from=NOW)
    assert queries.unit("22", NOW).name == "Thành phố Quảng Ninh"


def test_the_checks_see_planted_faults(gazetteer):
    with transaction() as s:
        s.execute(update(Unit).where(Unit.code == "24", Unit.valid_to == date(2026, 9, 20)).values(valid_to=NOW))
        s.execute(update(Unit).where(Unit.code == "06688", Unit.valid_to.is_(None)).values(parent_code="98"))
        s.execute(update(Succession).where(Succession.old_code == "06892").values(new_code="00000"))
    broken = {f.name: f.offenders for f in invariants.run("places")}
    assert broken == {
        "places.one unit per code and day": ["24"],
        "places.every unit lies in another of its time": ["06688"],
        "places.every successor exists": ["06892"],
    }


def test_names():
    assert names.fold("M’Drắk") == names.fold("M'drak") == "mdrak"
    assert names.marked("Thuận Hoà") == names.marked("thuận hòa")
    assert names.marked("Hạ Long") != names.marked("Hà Long")
    assert names.parts("Thành Phố Bắc Kạn", Level.DISTRICT) == (UnitType.CITY, "Bắc Kạn")
    assert names.full(UnitType.CENTRAL_CITY, "Quảng Ninh") == "Thành phố Quảng Ninh"
    with pytest.raises(ValueError):
        names.parts("Quảng Ninh", Level.PROVINCE)
