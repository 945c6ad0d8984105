"""Scarce goods shared in a browser: chosen, worked out, changed by hand, approved; on a phone and for everybody."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from shop.catalog.models import Variant
from shop.kernel.actor import SYSTEM
from shop.kernel.db import db, session
from shop.points import queries as points
from shop.points.models import PointKind
from shop.transfers.services import targets
from tests import factories
from tests.conftest import Run, _build
from tests.servers import LiveServer, Seeded


@pytest.fixture(scope="module")
def live_server(seeded: Seeded, run: Run) -> Iterator[LiveServer]:
    with LiveServer.on_copy(seeded, run) as server:
        yield server


@pytest.fixture(scope="module")
def goods(live_server: LiveServer, run: Run, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The SKU of a pack of which a warehouse has twenty and two points should have fifty."""
    app = _build(live_server.database_url, tmp_path_factory.mktemp("sharing"))
    with app.app_context():
        store = next((p for p in points.open_points() if p.kind is PointKind.WAREHOUSE), None)
        source = store.id if store else factories.make_point("Kho chia hàng", kind=PointKind.WAREHOUSE).id
        variant = factories.make_variant("Sá sùng khô chia hàng")
        factories.put_in(variant, factories_point(source), 20)
        kinds = (PointKind.WAREHOUSE, PointKind.PRODUCER_STORE)
        for n, point in enumerate([p for p in points.open_points() if p.kind not in kinds][:2]):
            targets.set_targets(SYSTEM, point.id, {variant.id: (5, 20 + 10 * n)}, f"browser-sharing-{n}")
        sku = str(session().get_one(Variant, variant.id).sku)
        session().close()
        db.engine.dispose()
    return sku


def factories_point(point_id: int) -> Any:
    """The point with this id as its row."""
    from shop.points.models import Point

    return session().get_one(Point, point_id)


def test_plan_edit_approve(
    page: Page, live_server: LiveServer, goods: str, sign_in: Callable[..., None], axe: Callable[[Page], None]
) -> None:
    sign_in(page, "promotion_staff")
    page.goto(f"{live_server.url}/office/sharing")
    page.get_by_test_id("new-sharing").click()
    for _ in range(12):  # the shop reads its points every five seconds, and the warehouse is new
        if page.locator('input[name="givers"]:checked').count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    ticked = page.locator('input[name="goods"]:checked')
    while ticked.count():
        ticked.first.uncheck()
    page.locator('[name="skus"]').fill(goods)
    axe(page)
    page.get_by_test_id("make-sharing").click()
    expect(page.get_by_test_id("plan-state")).to_have_text("Bản nháp")
    axe(page)
    inputs = page.locator("input.level-field")
    had = [int(box.input_value()) for box in inputs.all()]
    assert sum(had) == 20
    most = had.index(max(had))
    inputs.nth(most).fill("99")
    page.get_by_test_id("save-sharing").click()
    expect(page.get_by_test_id("error").first).to_contain_text("chỉ có 20")
    expect(inputs.nth(most)).to_have_value("99")
    inputs.nth(most).fill(str(had[most] - 3))
    page.get_by_test_id("save-sharing").click()
    expect(page.get_by_text(f"máy tính: {had[most]}")).to_be_visible()
    page.get_by_test_id("approve").click()
    page.get_by_test_id("approve-yes").click()
    expect(page.get_by_test_id("plan-state")).to_have_text("Đã duyệt")
    made = page.get_by_role("link", name=re.compile(r"^C-"))
    expect(made.first).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 740})
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    made.first.click()
    expect(page.locator("main")).to_contain_text("Chia hàng S-")
