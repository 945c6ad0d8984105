"""Figures are sums of their rows, in old districts and new communes alike; the province's summary adds them up."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from shop.cycle import localities
from shop.cycle.localities import UNKNOWN, Finder
from shop.cycle.services import figures as told
from shop.kernel import clock, invariants
from shop.kernel.actor import GUEST
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid
from shop.places.models import Succession, UnitType
from shop.programme.services import ntm
from shop.reports import document, rules, sheet
from shop.reports.errors import SummaryMovedOn
from shop.reports.figures import FIGURES
from shop.reports.models import ProvinceReport
from shop.reports.queries import counting, province
from shop.reports.services import monthly
from shop.reports.services import province as services
from tests import factories
from tests.reports.conftest import MONG_CAI, OFFICER, PROVINCE, VAN_DON, Place, make_maker, submitted

MONTH = rules.latest()
PAPER = {
    "organ_above": "Ủy ban nhân dân tỉnh", "organ": "Văn phòng điều phối nông thôn mới", "number": "12/BC-VPĐP",
    "place": "Hạ Long", "day": "2026-01-05", "signer_office": "Phó Chánh Văn phòng", "signer": "Nguyễn Văn An",
    "recipients": "UBND tỉnh (b/c);\nLưu: VT.", "assessment": "Tiến độ chung đạt yêu cầu.", "proposals": "",
}  # fmt: skip


def test_the_reform_changes_who_reports(gazetteer: Any) -> None:
    before, after = localities.of_day(date(2025, 6, 30)), localities.of_day(date(2025, 7, 1))
    assert (len(before), len(after)) == (13, 54)
    assert all(found.kind in {UnitType.CITY, UnitType.TOWN, UnitType.DISTRICT} for found in before)
    assert sum(found.kind is UnitType.SPECIAL_ZONE for found in after) == 2
    assert len(localities.of_day(date(2014, 12, 31))) == 14


def test_a_place_is_found_in_both_times(gazetteer: Any) -> None:
    old, new = Finder(date(2025, 6, 30)), Finder(date(2025, 7, 1))

    def name(finder: Finder, code: str | None, words: str | None) -> str:
        found = finder.of(code, words)
        return finder.by_code[found].short if found else ""

    assert name(old, VAN_DON, None) == "Vân Đồn" == name(new, VAN_DON, None)
    assert name(old, MONG_CAI, None) == "Móng Cái"
    # Words of a source: an old commune and its district. Only a special zone holds a whole old district.
    assert name(old, None, "Đồng Rui, Tiên Yên") == "Tiên Yên" and name(new, None, "Đồng Rui, Tiên Yên") == ""
    assert name(new, None, "Cô Tô") == "Cô Tô"
    assert name(new, None, "Hạ Long") == "", "the old city is not today's ward of the same name"
    assert name(new, "99999", None) == "" == name(old, None, None)


def test_who_kept_the_code_of_a_ceased_commune_counts_for_its_one_heir(gazetteer: Any) -> None:
    now = Finder(date(2025, 7, 1))
    heirs: dict[str, set[str]] = {}
    for old, new in session().execute(sa.select(Succession.old_code, Succession.new_code)):
        heirs.setdefault(old, set()).add(new)
    gone = {old: new for old, new in heirs.items() if old not in now.by_code and new <= set(now.by_code)}
    one = next(old for old, new in sorted(gone.items()) if len(new) == 1)
    two = next(old for old, new in sorted(gone.items()) if len(new) > 1)
    assert now.of(one, None) == next(iter(heirs[one]))
    assert now.of(two, None) == UNKNOWN, "nobody can tell which of them"


def test_every_commune_of_today_lay_in_a_district_or_in_two(gazetteer: Any) -> None:
    day = date(2025, 6, 30)
    old = Finder(day)
    unclear = [x.short for x in localities.of_day(date(2025, 7, 1)) if old.of(x.code, None) == UNKNOWN]
    assert len(unclear) <= 6, unclear
    mixed = next(x for x in localities.of_day(date(2025, 7, 1)) if old.of(x.code, None) == UNKNOWN)
    assert any(old.of(mixed.code, found.short) == found.code for found in old.all), "the source's words decide"


def test_figures_are_the_sums_of_their_rows(place: Place) -> None:
    factories.make_producer("Không rõ nơi")
    ntm.load_registry()
    found = counting.count(MONTH, rules.end_of(MONTH))
    assert set(found) >= {x.code for x in localities.of_day(MONTH)}
    for counted in found.values():
        stored = counted.stored()
        assert stored["figures"].keys() == FIGURES.keys() - counting.TOLD_FIGURES, "of jobs nobody has told"
        for key, value in stored["figures"].items():
            assert value == sum(row[2] for row in stored["rows"].get(key, []))


def test_what_nobody_can_count_is_left_out_and_not_nought(place: Place) -> None:
    """No decision sets the criteria of the year: how many communes aim at them is not known."""
    assert "ntm.registered" not in counting.count(MONTH, rules.end_of(MONTH))[VAN_DON].figures
    summary = province.summary(MONTH)
    assert "ntm.registered" not in summary["totals"] and summary["totals"]["boards"] == 0
    lines = {line[0]: line[1:] for line in sheet.lines_of(summary, "programme")}
    assert lines["Xã đăng ký nông thôn mới trong năm"][0] == "–" and lines["Ban chỉ đạo OCOP"][0] == "0"


def test_parts_make_the_whole(place: Place) -> None:
    figures = counting.count(MONTH, rules.end_of(MONTH))[VAN_DON].figures
    for whole in ("producers", "stars", "sales"):
        assert figures[whole] == sum(figures[f.key] for f in FIGURES.values() if f.beneath == whole)


def _sell(place: Place, quantity: int, at: Any, province_code: str = "22") -> None:
    from shop.catalog.models import Price
    from shop.kernel import operations
    from shop.orders import services as orders
    from shop.orders.models import DeliveryKind, Order, PaymentMethod

    point = factories.make_point()
    level = factories.put_in(place.goods, point, quantity)
    price = session().scalars(sa.select(Price).where(Price.variant_id == place.goods.id)).one()
    line = orders.DraftLine(
        place.goods.id, place.maker.id, place.goods.sku, "Ruốc hàu", "Gói", quantity, price.amount, price.id, False, None,
        False, "none", 500,
    )  # fmt: skip
    from shop.stock.services import Take

    parcel = orders.DraftParcel(point.id, DeliveryKind.SHIP, (line,), (Take(level, quantity),), 30_000, 500)
    draft = orders.Draft(
        op_key=operations.new_key(), op_digest="x", basket_key=None, user_id=None, locale="vi",
        payment_method=PaymentMethod.COD, delivery=DeliveryKind.SHIP, name="Khách", phone="+84912345678", email=None,
        parcels=(parcel,), pay_until=None, province_code=province_code, province_name="", commune_code="06661",
        commune_name="", street="1 Lê Lợi",
    )  # fmt: skip
    with transaction() as s:
        placed = orders.place(GUEST, draft, key="test")
        s.execute(sa.update(Order).where(Order.id == placed.order_id).values(placed_at=at))


def test_sales_stand_in_their_month_and_their_locality(place: Place) -> None:
    last = clock.start_of(rules.end_of(MONTH)) - timedelta(seconds=1)
    _sell(place, 2, last)
    _sell(place, 3, clock.start_of(MONTH), province_code="01")
    _sell(place, 4, clock.start_of(rules.end_of(MONTH)))  # the first moment of the month after
    figures = counting.count(MONTH, rules.end_of(MONTH))[VAN_DON].figures
    assert figures["sales"] == figures["sales.web"] == 5 * 120_000
    assert figures["sales.outside"] == 3 * 120_000
    assert figures["selling"] == 1


# --- the province ------------------------------------------------------------------------------------------------


def freeze(why: str = "", **paper: str) -> int:
    seen = province.seen(province.summary(MONTH))
    return services.freeze(PROVINCE, MONTH, PAPER | paper, why, seen)


def test_the_summary_holds_locked_versions_and_counts_the_rest(place: Place) -> None:
    submitted()
    make_maker("HTX Thêm Sau", VAN_DON, clock.start_of(MONTH))
    assert _figure(VAN_DON, "producers") == 2, "not locked yet: counted now"
    monthly.lock(PROVINCE, VAN_DON, MONTH, seen=1)
    assert _figure(VAN_DON, "producers") == 1, "the locked version counts"
    content = province.summary(MONTH)
    assert (
        content["totals"]["producers"]
        == sum(p["figures"]["producers"] for p in content["localities"]) + content["unknown"]["producers"]
    )
    assert content["own"]["jobs"] == 12 and content["own_from"]["jobs"] == 1
    assert [row[0] for _code, _name, row in province.behind(content, "producers")] == ["HTX Ruốc Cái Rồng"]


def _figure(code: str, key: str) -> int:
    return next(p["figures"][key] for p in province.summary(MONTH)["localities"] if p["code"] == code)


def test_the_summary_is_frozen_as_it_was_seen(place: Place) -> None:
    seen = province.seen(province.summary(MONTH))
    make_maker("HTX Vừa Vào", MONG_CAI, clock.start_of(MONTH))
    with pytest.raises(SummaryMovedOn):
        services.freeze(PROVINCE, MONTH, PAPER, "", seen)
    for name in ("organ", "number", "signer_office", "recipients"):
        with pytest.raises(Invalid) as refused:
            freeze(**{name: " "})
        assert refused.value.field == name
    assert freeze() == 1
    with pytest.raises(Invalid) as refused:
        freeze()
    assert refused.value.field == "why"
    assert freeze("Bổ sung số quyết định") == 2
    assert [v.version for v in province.versions(MONTH)] == [2, 1]
    assert invariants.look("reports.summaries-are-what-was-frozen").ok
    with transaction() as s:
        s.execute(sa.update(ProvinceReport).where(ProvinceReport.version == 1).values(digest="x"))
    session().expire_all()
    assert invariants.look("reports.summaries-are-what-was-frozen").offenders == [f"{rules.spelt(MONTH)}:1"]


def test_two_freeze_at_once(gazetteer: Any, place: Place, together: Any) -> None:
    seen = province.seen(province.summary(MONTH))
    told = together(gazetteer, lambda: services.freeze(PROVINCE, MONTH, PAPER, "", seen), times=2)
    assert sum(one.error is None for one in told) == 1
    session().rollback()
    assert len(province.versions(MONTH)) == 1


def test_the_sheet_is_one_that_an_official_would_sign(place: Place) -> None:
    import io
    import zipfile
    from xml.etree import ElementTree

    from tests.pdftext import words

    freeze(assessment="Có <dấu> & ký tự lạ.")
    version = province.version(MONTH, 1)
    text = " ".join(words(sheet.pdf(MONTH, version, version.content)).split())
    for piece in (
        sheet.NATION,
        sheet.MOTTO,
        "12/BC-VPĐP",
        "PHÓ CHÁNH VĂN PHÒNG",
        "Lưu: VT",
    ):
        assert piece.replace(" ", "") in text.replace(" ", ""), piece
    made = io.BytesIO()
    document.write(made, sheet.facts(MONTH, version, version.content))
    with zipfile.ZipFile(made) as opened:
        tree = ElementTree.fromstring(opened.read("word/document.xml"))
        numbered = opened.read("word/header1.xml").decode()
        assert " PAGE " in numbered and "header1.xml" in opened.read("word/_rels/document.xml.rels").decode()
        assert opened.read("word/document.xml").decode().count("<w:headerReference") == 2, "both halves count on"
    said = "".join(tree.itertext())
    assert "Có <dấu> & ký tự lạ." in said and "PHÓ CHÁNH VĂN PHÒNG" in said and "Đặc khu Vân Đồn" in said
    draft = sheet.facts(MONTH, None, version.content)
    assert draft["draft"] and not draft["digest"]


def test_jobs_and_turnover_are_those_told_up_to_the_day(place: Place) -> None:
    first, end = place.month, rules.end_of(place.month)
    last = end - timedelta(days=1)
    counted = counting.count(first, end)
    assert not {"told.jobs", "told.turnover"} & counted[VAN_DON].figures.keys(), "nobody told: not 0"
    for day, jobs, turnover in (
        (last - timedelta(days=400), 7, 900),
        (last - timedelta(days=40), 9, None),
        (end, 50, 5),
    ):
        told.say(OFFICER, place.maker.id, day, jobs, turnover, "Phiếu khảo sát", seen=0)
    here = counting.count(first, end)[VAN_DON]
    assert (here.figures["told.jobs"], here.figures["told.turnover"]) == (9, 900)
    (row,) = here.rows["told.jobs"]
    assert row.path == f"/office/producer-figures/{place.maker.slug}" and "Phiếu khảo sát" in row.note
    assert counting.count(end, rules.end_of(end))[VAN_DON].figures["told.jobs"] == 50
    assert "told.jobs" not in counting.count(first, end)[MONG_CAI].figures
