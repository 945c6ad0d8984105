"""The nightly run and what people see of it: lists, reasons, quality, history that is brought, who may see what."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from flask import Flask

from shop.accounts.permissions import Role
from shop.catalog.models import Product, ProductState, Variant
from shop.demand.errors import ForecastRunning
from shop.demand.invariants import forecasts as checks
from shop.demand.models.forecasts import WEB, WHOLE, DemandHeir, ForecastLine, ForecastRun, ForecastTotal, Of
from shop.demand.queries import forecasts as reads
from shop.demand.services import forecasts
from shop.demand.tasks import forecasts as tasks
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid
from shop.points.models import PointKind
from tests import factories
from tests.demand.books import at, moves, row, sale, weeks, weeks_ago
from tests.people import sign_in
from tests.statements import statements

RNG = np.random.default_rng(11)


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return str(answer.get_data(as_text=True))


@pytest.fixture
def goods(ctx: Flask) -> dict[str, Any]:
    """Two producers' goods at two counters and on the web, with two years of weeks."""
    maker, other = factories.make_producer("HTX Mực Cô Tô"), factories.make_producer("HTX Khác", commune_code="07093")
    fish = factories.make_variant("Chả mực Cô Tô", producer=maker, commune_code="06661")
    tea = factories.make_variant("Trà hoa vàng", producer=other, set_number=9, commune_code="07093")
    a, b = factories.make_point("Quầy Hạ Long"), factories.make_point("Quầy Móng Cái")
    empty = [WHOLE] * 100 + [6000, 0, 7000, 4000]
    for variant, level in ((fish, 12), (tea, 4)):
        weeks(variant, WEB, RNG.poisson(level * 2, 104).tolist())
        weeks(
            variant, a.id, (RNG.poisson(level, 104) * np.array(empty) / WHOLE).astype(int).tolist(), exposure=empty,
            asked=[0] * 100 + [2, 4, 1, 2],
        )  # fmt: skip
    weeks(fish, b.id, [3, 2])
    return {"maker": maker, "other": other, "fish": fish, "tea": tea, "a": a, "b": b}


def slug(variant: Variant) -> str:
    product = session().get(Product, variant.product_id)
    assert product is not None
    return product.slug


def line(variant: Variant, place: int) -> ForecastLine | None:
    session().rollback()
    run = reads.newest()
    assert run is not None
    return session().get(ForecastLine, (run.id, variant.id, place))


def test_a_run_leaves_lines_totals_and_what_it_measured(goods: dict[str, Any]) -> None:
    run_id = forecasts.make(SYSTEM)
    run = session().get(ForecastRun, run_id)
    assert run and (run.series, run.weeks, run.first_on) == (5, 104, weeks_ago(0))
    assert run.took_ms and run.memory_mb
    assert run.measured["methods"]["chosen"]["error"] < 1
    fish = line(goods["fish"], WEB)
    assert fish and 18 < fish.mean[0] < 30
    counter = line(goods["fish"], goods["a"].id)
    assert counter and counter.lost_4 > 10
    assert ["empty", 12, 14] in counter.reasons or any(r[0] == "empty" and 6 <= r[1] <= 12 for r in counter.reasons)
    new = line(goods["fish"], goods["b"].id)
    assert new and any(r[0] == "new" and r[1] == 2 for r in new.reasons)
    totals = {t.key_id: t for t in session().query(ForecastTotal).filter_by(run_id=run_id, of=Of.VARIANT)}
    three = [line(goods["fish"], p).mean[0] for p in (WEB, goods["a"].id, goods["b"].id)]
    assert totals[goods["fish"].id].mean[0] == pytest.approx(sum(three), abs=0.002)
    assert list(checks.ranges()) == list(checks.totals()) == []
    assert not forecasts.due()


def test_the_audit_sees_ranges_upside_down_and_sums_that_are_none(goods: dict[str, Any]) -> None:
    """`demand.forecast-lines-are-ranges`, `demand.forecast-totals-are-sums`."""
    run_id = forecasts.make(SYSTEM)
    key = (run_id, goods["fish"].id, WEB)
    with transaction() as s:
        found = s.get(ForecastLine, key)
        found.low, found.units_13 = [9e9, *found.low[1:]], found.units_13 + 50
    assert list(checks.ranges()) == [f"{goods['fish'].id}@0: a range is upside down"]
    assert set(checks.totals()) == {"place 0", "shop"}
    with transaction() as s:
        s.get(ForecastLine, key).high = [1.0] * 12
    assert list(checks.ranges()) == [f"{goods['fish'].id}@0: not 13 weeks"]


def test_old_lines_go_and_a_killed_run_keeps_nobody_out_for_long(goods: dict[str, Any]) -> None:
    with transaction() as s:
        killed = ForecastRun(first_on=weeks_ago(0), weeks=1, series=0, made_at=clock.now(), measured={})
        s.add(killed)
        s.flush()
        dead = killed.id
    with pytest.raises(ForecastRunning):
        forecasts.make(SYSTEM)
    with transaction() as s:
        s.get(ForecastRun, dead).made_at = clock.now() - timedelta(hours=2)
    made = [forecasts.make(SYSTEM) for _ in range(5)]
    session().rollback()
    assert {run for (run,) in session().query(ForecastLine.run_id).distinct()} == set(made[-3:])
    assert session().get(ForecastRun, dead) is None
    assert session().query(ForecastRun).count() == 5, "what they measured stays"


def test_the_first_night_does_not_wait(goods: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "NIGHT", ())
    tasks.nightly()
    first = reads.newest()
    assert first is not None
    tasks.nightly()
    assert reads.newest().id == first.id
    with transaction() as s:
        s.get(ForecastRun, first.id).made_at = clock.now() - timedelta(hours=30)
    tasks.nightly()
    assert reads.newest().id == first.id, "there is one for this week: the next night is soon enough"
    monkeypatch.setattr(tasks, "NIGHT", range(24))
    tasks.nightly()
    assert reads.newest().id > first.id


def test_from_the_books_to_the_forecast(ctx: Flask) -> None:
    """Goods, orders, an empty shelf: counted and forecast in one night."""
    variant, counter = factories.make_variant("Sá sùng khô"), factories.make_point("Quầy", ships=False)
    moves(variant, counter, [(at(12), 200), (at(1), -200)])
    for n in range(12, 1, -1):
        sale(variant, counter, 10, at(n, 2, 9), channel="till", kind="pickup")
    assert forecasts.nightly(SYSTEM)
    made = line(variant, counter.id)
    assert made and made.mean[0] == pytest.approx(10, rel=0.35), "the empty week is no zero"
    assert made.lost_4 == pytest.approx(10, rel=0.5)
    assert list(checks.weeks()) == list(checks.ranges()) == []


# --- bad input ----------------------------------------------------------------------------------------------------


def test_no_history_one_sale_zeros_closed_hidden(ctx: Flask) -> None:
    ones, zeros, gone, hidden = (factories.make_variant(n) for n in ("Một lần", "Không bán", "Điểm đóng", "Đã ẩn"))
    open_, shut = factories.make_point("Mở"), factories.make_point("Đóng", closed_on=weeks_ago(1))
    weeks(ones, open_.id, [0] * 30 + [1] + [0] * 20)
    weeks(zeros, open_.id, [0] * 60)
    weeks(gone, shut.id, [5] * 60)
    weeks(hidden, open_.id, [5] * 60)
    with transaction() as s:
        s.get(Product, hidden.product_id).state = ProductState.HIDDEN
    forecasts.make(SYSTEM)
    assert line(gone, shut.id) is None
    assert line(hidden, open_.id) is None
    once, never = line(ones, open_.id), line(zeros, open_.id)
    assert once and never
    assert sum(never.mean) < sum(once.mean) < 3
    assert ["one-sale"] in once.reasons
    assert any(r[0] == "no-sale" for r in never.reasons)
    assert list(checks.ranges()) == []


def test_the_next_fair_learns_from_the_former_and_one_called_off_is_not_forecast(ctx: Flask) -> None:
    fish, shelf = factories.make_variant("Chả mực"), factories.make_point("Quầy")
    former = factories.make_point(
        "Hội chợ trước", kind=PointKind.FAIR, opened_on=weeks_ago(20), closed_on=weeks_ago(19)
    )
    off = factories.make_point("Hội chợ hủy", kind=PointKind.FAIR, opened_on=weeks_ago(6), closed_on=weeks_ago(5))
    coming = factories.make_point("Hội chợ tới", kind=PointKind.FAIR, opened_on=weeks_ago(-3), closed_on=weeks_ago(-4))
    weeks(fish, shelf.id, [5] * 60)
    weeks(fish, former.id, [90], week_on=weeks_ago(20))
    sale(fish, former, 90, at(20, 2), channel="till", kind="pickup")
    forecasts.make(SYSTEM)
    made = line(fish, coming.id)
    assert made is not None
    assert made.mean[3] > 15, "a booth sells more than a counter"
    assert [bool(m) for m in made.mean] == [i == 3 for i in range(13)], "only while it is open"
    assert any(r[0] == "no-history" for r in made.reasons)
    assert line(fish, former.id) is None
    assert line(fish, off.id) is None
    there = line(fish, shelf.id)
    assert there and any(r[0] == "fair" and r[1] == 3 for r in there.reasons)


def test_merged_and_split_goods_carry_their_history_on(goods: dict[str, Any]) -> None:
    heir = factories.make_variant("Chả mực gói nhỏ", producer=goods["maker"])
    forecasts.inherit(SYSTEM, heir.id, goods["fish"].id, 200)
    with pytest.raises(Invalid):
        forecasts.inherit(SYSTEM, goods["fish"].id, heir.id, 100)
    with pytest.raises(Invalid):
        forecasts.inherit(SYSTEM, heir.id, heir.id, 100)
    forecasts.make(SYSTEM)
    made, old = line(heir, WEB), line(goods["fish"], WEB)
    assert made and old and made.mean[0] == pytest.approx(2 * old.mean[0], rel=0.15)
    forecasts.inherit(SYSTEM, heir.id, goods["fish"].id, 0)
    assert session().query(DemandHeir).count() == 0
    forecasts.make(SYSTEM)
    assert line(heir, WEB) is None


def test_a_new_name_changes_nothing(goods: dict[str, Any]) -> None:
    forecasts.make(SYSTEM)
    before = line(goods["fish"], WEB).mean
    with transaction() as s:
        s.get(Product, goods["fish"].product_id).name = "Chả mực giã tay"
    forecasts.make(SYSTEM)
    assert line(goods["fish"], WEB).mean == before


# --- pages --------------------------------------------------------------------------------------------------------


@pytest.fixture
def office(client: Any, goods: dict[str, Any]) -> Any:
    sign_in(client, Role.PROMOTION_STAFF)
    return client


def test_before_the_first_run_the_pages_say_so(office: Any, goods: dict[str, Any]) -> None:
    assert "Chưa có dự báo nào" in text_of(office.get("/office/demand/forecast"))
    assert "Chưa có dự báo" in text_of(office.get(f"/office/demand/forecast/products/{slug(goods['fish'])}"))
    fish = goods["fish"]
    assert "Chưa có dự báo nào" in text_of(office.get(f"/office/demand/forecast/products/{slug(fish)}/{fish.sku}/0"))
    assert "Chưa đủ lịch sử" in text_of(office.get("/office/demand/forecast/quality"))


def test_the_list_narrows_by_place_locality_set_and_words_and_goes_away_as_a_file(
    office: Any, goods: dict[str, Any]
) -> None:
    forecasts.make(SYSTEM)
    here = "/office/demand/forecast"
    page = text_of(office.get(here))
    assert "Chả mực Cô Tô" in page and "Trà hoa vàng" in page
    assert "<svg" in page and "Khoảng 80 %" in page
    only = text_of(office.get(f"{here}?place={goods['b'].id}"))
    assert "Chả mực Cô Tô" in only and "Trà hoa vàng" not in only
    factories.make_places()
    assert "Trà hoa vàng" not in text_of(office.get(f"{here}?commune=06661"))
    set_id = session().get(Product, goods["tea"].product_id).set_id
    assert "Chả mực Cô Tô" not in text_of(office.get(f"{here}?set={set_id}"))
    assert "Chả mực Cô Tô" not in text_of(office.get(f"{here}?q=tra hoa"))
    for junk in ("place=x", "place=-1", "place=99999999999999999999", "set=a", "page=0", "sort=nothing"):
        text_of(office.get(f"{here}?{junk}"))
    file = text_of(office.get(f"{here}?format=csv"))
    assert "THU-" in file and "W13 90 %" in file
    assert len(file.splitlines()) == 3
    with statements() as seen:
        text_of(office.get(here))
    assert len(seen) < 30


def test_one_series_tells_its_past_and_its_reasons_in_both_languages(office: Any, goods: dict[str, Any]) -> None:
    forecasts.make(SYSTEM)
    fish, a = goods["fish"], goods["a"]
    page = text_of(office.get(f"/office/demand/forecast/products/{slug(fish)}"))
    assert "Quầy Hạ Long" in page and "Trên mạng" in page
    path = f"/office/demand/forecast/products/{slug(fish)}/{fish.sku}/{a.id}"
    page = text_of(office.get(path))
    assert "Mức thường: khoảng" in page and "gói mỗi tuần" in page
    assert re.search(r"Hết hàng \d+ trên 14 ngày", page)
    assert "chart-shade" in page and "chart-range" in page
    assert not re.search(r"\bnan\b", page.lower())
    english = text_of(office.get("/en" + path))
    assert "Usual level: about" in english
    assert "Out of stock on" in english
    for wrong in (f"{slug(fish)}/{fish.sku}/987654", f"{slug(fish)}/KHAC/0", f"khong-co/{fish.sku}/0"):
        assert office.get(f"/office/demand/forecast/products/{wrong}").status_code == 404


def test_quality_is_told_beside_what_people_do_without(office: Any, goods: dict[str, Any]) -> None:
    forecasts.make(SYSTEM)
    page = text_of(office.get("/office/demand/forecast/quality"))
    for words in (
        "Dự báo này",
        "Lấy bốn tuần vừa qua",
        "Lấy cùng tuần năm ngoái",
        "Trung bình nửa năm",
        "Riêng hàng hay hết",
    ):
        assert words in page or words == "Riêng hàng hay hết"
    assert "Cách nào được chọn" in page
    assert 'data-testid="yearless"' not in page  # two years of weeks


def test_a_year_that_is_not_known_is_not_compared_with(client: Any, ctx: Flask) -> None:
    """With a year of books the days it is tried on have no year before them: that the line is no last year's is said."""
    variant, point = factories.make_variant("Chả mực một năm"), factories.make_point("Quầy Một Năm")
    weeks(variant, point.id, RNG.poisson(6, 52).tolist())
    forecasts.make(SYSTEM)
    sign_in(client, Role.PROMOTION_STAFF)
    page = text_of(client.get("/office/demand/forecast/quality"))
    assert 'data-testid="yearless"' in page and "vì vậy hai dòng bằng nhau" in page


def test_a_pack_carries_on_another_by_a_form(office: Any, goods: dict[str, Any]) -> None:
    forecasts.make(SYSTEM)
    tea = goods["tea"]
    path = f"/office/demand/forecast/products/{slug(tea)}/{tea.sku}/0"
    wrong = office.fill(path, form=path + "/inherit", **{"from": "KHONG-CO", "weight": "2"})
    assert wrong.status_code == 422 and 'value="KHONG-CO"' in wrong.get_data(as_text=True)
    wrong = office.fill(path, form=path + "/inherit", **{"from": goods["fish"].sku, "weight": "nhiều"})
    assert wrong.status_code == 422
    done = office.fill(path, form=path + "/inherit", **{"from": goods["fish"].sku.lower(), "weight": "0,5"})
    assert done.status_code == 303
    assert session().query(DemandHeir).one().weight == 50
    assert goods["fish"].sku in text_of(office.get(path))


def test_old_sales_are_tried_and_then_taken(office: Any, goods: dict[str, Any]) -> None:
    fish, here = goods["fish"], "/office/demand/history"
    content = f"sku,place,week,sold\n{fish.sku},web,{weeks_ago(120).isoformat()},31\nX,web,2025-01-01,3\n".encode()
    nothing = office.fill(here, form=here, do="try")
    assert nothing.status_code == 422
    tried = office.fill(here, form=here, do="try", file=(io.BytesIO(content), "cu.csv"))
    page = text_of(tried)
    assert "Thử xong, chưa ghi gì" in page and "Không có mã hàng X" in page
    assert row(fish, WEB, 120) is None
    kept = re.search(r'name="kept" value="([^"]+)"', page)
    assert kept
    page = text_of(office.fill(here, form=here, do="take", kept=kept[1]))
    assert "Đã đưa vào" in page
    assert row(fish, WEB, 120).sold == 31
    for bad in ("!!!", "AAAA", kept[1][:-9] + "xxxx"):
        assert office.fill(here, form=here, do="take", kept=bad).status_code == 422
    assert office.fill(here, form=here + "/take-back").status_code == 303
    assert row(fish, WEB, 120) is None


def test_a_producer_sees_his_own_goods_alone(client: Any, goods: dict[str, Any]) -> None:
    forecasts.make(SYSTEM)
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{goods['maker'].id}"))
    here = "/producer/demand/forecast"
    page = text_of(client.get(here))
    assert "Chả mực Cô Tô" in page and "Trà hoa vàng" not in page
    fish, tea = goods["fish"], goods["tea"]
    assert "Quầy Hạ Long" in text_of(client.get(f"{here}/{slug(fish)}"))
    assert "Mức thường" in text_of(client.get(f"{here}/{slug(fish)}/{fish.sku}/0"))
    assert client.get(f"{here}/{slug(tea)}").status_code == 404
    assert client.get(f"{here}/{slug(tea)}/{tea.sku}/0").status_code == 404
    assert "Trà hoa vàng" not in text_of(client.get(f"{here}?format=csv"))


def test_an_officer_of_a_commune_sees_its_goods(client: Any, goods: dict[str, Any]) -> None:
    forecasts.make(SYSTEM)
    sign_in(client, (Role.LOCALITY_OFFICER, "locality:06661"))
    page = text_of(client.get("/office/demand/forecast"))
    assert "Chả mực Cô Tô" in page and "Trà hoa vàng" not in page
    assert client.get(f"/office/demand/forecast/products/{slug(goods['tea'])}").status_code == 404
    assert client.get("/office/demand/forecast/quality").status_code == 404
    assert client.get("/office/demand/history").status_code in {403, 404}
