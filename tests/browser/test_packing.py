"""A producer's clerk with a phone: an order comes in, is confirmed, packed and handed over; its buyer follows and writes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from shop.kernel.db import db, session
from shop.points.models import PointKind
from shop.producers.models import Producer
from tests import factories
from tests.conftest import Run, _build
from tests.orders.conftest import Store, one_parcel
from tests.pages.test_order_desk import Shelf
from tests.servers import LiveServer, Seeded


@pytest.fixture(scope="module")
def live_server(seeded: Seeded, run: Run) -> Iterator[LiveServer]:
    with LiveServer.on_copy(seeded, run) as server:
        yield server


@pytest.fixture
def reference(live_server: LiveServer, run: Run, tmp_path: Any) -> Iterator[str]:
    """An order whose one parcel leaves the store of the producer of the seed's clerk."""
    app = _build(live_server.database_url, tmp_path)
    with app.app_context():
        producer = session().get(Producer, int(live_server.user("producer_member")["scope"].partition(":")[2]))
        assert producer is not None
        point = factories.make_point("Kho của cơ sở", kind=PointKind.PRODUCER_STORE, producer_id=producer.id)
        shelves = []
        for goods in ("Chả mực thử", "Trà hoa vàng thử"):
            variant = factories.make_variant(goods, producer=producer)
            level = factories.put_in(variant, point, 20, owner=f"producer:{producer.id}")
            shelves.append(Shelf(variant, point, level))
        yield one_parcel(Store(producer, point, *shelves), note="Gọi trước khi giao").reference
        session().close()
        db.engine.dispose()


def test_from_the_word_to_the_carrier_on_a_phone(
    phone: Page,
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, str], None],
    axe: Any,
    fits: Any,
    reference: str,
) -> None:
    buyer = open_page(viewport={"width": 360, "height": 740})
    buyer.goto("/tra-cuu")
    buyer.locator("input[name=reference]").fill(reference)
    buyer.locator("input[name=phone]").fill("0912 345 678")
    buyer.locator("main form button").first.click()
    buyer.locator("#trao-doi-1 summary").click()
    buyer.locator("textarea[name=words]").fill("Gói kỹ giúp, số tôi 0987 654 321")
    buyer.get_by_test_id("send-words").click()
    expect(buyer.get_by_test_id("talk")).to_contain_text("số tôi •••")
    fits(buyer)
    axe(buyer)

    sign_in(phone, "producer_member")
    phone.goto("/producer")
    expect(phone.get_by_text("Khách nhắn, chưa đọc")).to_be_visible()
    phone.goto("/producer/orders?state=confirm")
    fits(phone)
    axe(phone)
    phone.get_by_role("link", name=f"{reference}/1").first.click()
    expect(phone.get_by_test_id("receiver")).to_contain_text("0912 345 678")
    fits(phone)
    axe(phone)
    phone.get_by_test_id("confirm").click()
    phone.get_by_test_id("pack").click()
    expect(phone.get_by_test_id("parcel-status")).to_have_attribute("data-status", "packed")
    phone.locator("input[name=carrier]").fill("Viettel Post")
    phone.locator("input[name=tracking_number]").fill("VTP 01")
    photo = io.BytesIO()
    Image.new("RGB", (640, 480), (20, 90, 90)).save(photo, "JPEG")
    phone.locator("input[name=photo]").set_input_files(
        files=[{"name": "kien.jpg", "mimeType": "image/jpeg", "buffer": photo.getvalue()}]
    )
    fits(phone)
    axe(phone)
    phone.get_by_test_id("hand-over").click()
    expect(phone.get_by_test_id("parcel-status")).to_have_attribute("data-status", "handed_over")
    expect(phone.get_by_role("link", name="Ảnh lúc giao kiện")).to_be_visible()
    phone.goto(f"/producer/conversations/{reference}/1")
    phone.locator("textarea[name=words]").fill("Dạ, đã gửi sáng nay ạ")
    phone.get_by_test_id("send-words").click()
    expect(phone.get_by_test_id("talk")).to_contain_text("Dạ, đã gửi sáng nay ạ")
    fits(phone)
    axe(phone)

    buyer.reload()
    expect(buyer.get_by_text("Viettel Post").first).to_be_visible()
    expect(buyer.get_by_test_id("talk")).to_contain_text("Dạ, đã gửi sáng nay ạ")
