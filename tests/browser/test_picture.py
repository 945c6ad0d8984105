"""The picture on a phone of 360 px: every page fits, axe finds nothing, and two taps lead from a gap to an ask that is sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from shop.accounts import queries as accounts
from shop.catalog.models import Product, ProductState, Variant
from shop.demand.models.forecasts import WEB
from shop.kernel import clock
from shop.kernel.db import db, session
from shop.points import queries as points
from shop.points.models import Point
from tests.conftest import Run, _build
from tests.demand.test_picture import forecast, says
from tests.factories import put_in
from tests.servers import LiveServer, Seeded


@pytest.fixture(scope="module")
def live_server(seeded: Seeded, run: Run) -> Iterator[LiveServer]:
    with LiveServer.on_copy(seeded, run) as server:
        yield server


@pytest.fixture(scope="module")
def goods(live_server: LiveServer, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Goods of the seeded producer that will lack, some of which will not be sold in time at one point."""
    app = _build(live_server.database_url, tmp_path_factory.mktemp("picture"))
    with app.app_context():
        user = live_server.user("producer_owner")
        assert accounts.by_username(user["username"]) is not None
        producer_id = int(user["scope"].partition(":")[2])
        product = session().scalars(
            select(Product).where(Product.producer_id == producer_id, Product.state == ProductState.SHOWN)
        ).first()  # fmt: skip
        assert product is not None
        variant = session().scalars(select(Variant).where(Variant.product_id == product.id)).first()
        assert variant is not None
        here, there = [session().get_one(Point, p.id) for p in points.open_points()[:2]]
        put_in(variant, here, 60, lot_code="HSD-GAN", expires_on=clock.today() + timedelta(days=20))
        forecast(
            {(variant.id, WEB): [90.0] * 13, (variant.id, here.id): [1.0] * 13, (variant.id, there.id): [9.0] * 13}
        )
        says(variant, 10, 90)
        found = {"slug": product.slug, "name": product.name, "id": variant.id, "point": here.slug}
        session().close()
        yield found
        db.engine.dispose()


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("role", "addresses"),
    [
        ("promotion_staff", "/office/demand /office/demand/start /office/demand/start/ask /office/demand/unsold "
         "/office/demand/fairs /office/demand/products/{slug} /en/office/demand"),
        ("producer_owner", "/producer/demand /en/producer/demand"),
    ],
)  # fmt: skip
def test_every_page_fits_a_phone(
    role: str, addresses: str, goods: dict[str, Any], phone: Page, sign_in: Any, axe: Any, fits: Any
) -> None:
    sign_in(phone, role)
    wrong = []
    for address in addresses.split():
        address = address.format(**goods)
        answer = phone.goto(address)
        assert answer is not None
        if answer.status != 200:
            wrong.append(f"{address}: {answer.status}")
            continue
        for check in (axe, fits):
            try:
                check(phone)
            except AssertionError as error:
                wrong.append(str(error)[:800])
    assert not wrong, "\n".join(wrong)


def test_from_a_gap_to_an_ask(goods: dict[str, Any], phone: Page, sign_in: Any, live_server: LiveServer) -> None:
    sign_in(phone, "programme_officer")
    phone.goto("/office/demand/start?q=" + goods["name"])
    row = phone.locator("tr", has=phone.locator(f"input[name=v][value='{goods['id']}']"))
    expect(row).to_contain_text("Quá hạn bắt đầu")
    row.locator("input[name=v]").check()
    phone.get_by_test_id("ask-chosen").click()
    phone.wait_for_url("**/office/asks/new**")
    wanted = phone.locator(f"input[name='quantity-{goods['id']}']")
    assert int(wanted.input_value()) > 0
    wanted.fill("25")
    phone.locator("select[name=point]").select_option(goods["point"])
    phone.get_by_test_id("ask").click()
    phone.wait_for_url("**/office/asks/Y-*")
    phone.goto("/office/demand/start?q=" + goods["name"])
    expect(phone.locator("tr", has=phone.locator(f"input[name=v][value='{goods['id']}']"))).to_contain_text("25")
