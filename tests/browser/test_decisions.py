"""A decision is signed: the badge is in the shop. Nobody renews it: the badge is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from shop.catalog import services as catalog
from shop.catalog.models import Certificate, Product, ProductKind, ProductState
from shop.decisions.models import Decision
from shop.kernel import clock
from shop.kernel.db import db, session, transaction
from tests.browser.waits import leaves, stands, until
from tests.conftest import Run, _build
from tests.decisions.conftest import PDF
from tests.servers import LiveServer, Seeded


@pytest.fixture(scope="module")
def live_server(seeded: Seeded, run: Run) -> Iterator[LiveServer]:
    with LiveServer.on_copy(seeded, run) as server:
        yield server


@pytest.fixture
def books(live_server: LiveServer, tmp_path: Path) -> Iterator[None]:
    """The server's own tables."""
    app = _build(live_server.database_url, tmp_path / "books")
    with app.app_context():
        yield
        session().close()
        db.engine.dispose()


def test_signed_then_not_renewed(
    live_server: LiveServer, books: None, open_page: Callable[..., Page], phone: Page, sign_in: Any, axe: Any, fits: Any,
    tmp_path: Path,
) -> None:  # fmt: skip
    certified = select(Certificate.product_id)
    product = session().scalars(
        select(Product)
        .where(
            Product.state == ProductState.SHOWN, Product.kind == ProductKind.GOODS, ~Product.is_alcohol,
            Product.id.not_in(certified),
        )
        .order_by(Product.id)
    ).first()  # fmt: skip
    assert product is not None
    slug, product_id = product.slug, product.id
    session().rollback()
    desk = open_page()
    sign_in(desk, "programme_officer")
    desk.goto("/office/decisions/new/grant")
    stands(desk)
    for name, words in (
        ("number", "99/QĐ-UBND"),
        ("decided_on", clock.today().isoformat()),
        ("signer", "Phó Chủ tịch"),
    ):
        desk.locator(f"#f-{name}").fill(words)
    with leaves(desk):
        desk.get_by_test_id("save-draft").click()
    stands(desk)
    desk.get_by_test_id("line-product").fill(slug)
    desk.locator("#f-score").fill("78,5")
    desk.locator("#f-stars").select_option("4")
    desk.locator("#f-certificate_number").fill("QN 99 01")
    with leaves(desk):
        desk.get_by_test_id("add-line").click()
    stands(desk)
    paper = tmp_path / "quyet-dinh.pdf"
    paper.write_bytes(PDF)
    desk.locator("#f-file").set_input_files(paper)
    with leaves(desk):
        desk.get_by_test_id("upload").click()
    stands(desk)
    axe(desk)
    with leaves(desk):
        desk.get_by_test_id("sign").click()
    expect(desk.get_by_test_id("state")).to_have_text("Đã ký")

    def starred() -> bool:
        phone.goto(f"/san-pham/{slug}")
        return "QN 99 01" in phone.content()

    until(starred, "the badge in the shop")
    phone.goto("/so-dang-ky-ocop?q=qn+99+01")
    stands(phone)
    fits(phone)
    axe(phone)
    expect(phone.locator(".register")).to_contain_text("Còn hiệu lực")

    # Three years and a day go by without a renewal: what a moved clock does to the days.
    with transaction() as s:
        row = s.scalars(select(Certificate).where(Certificate.product_id == product_id)).one()
        decision = s.scalars(select(Decision).where(Decision.number == "99/QĐ-UBND")).one()
        row.issued_on = decision.decided_on = row.issued_on - timedelta(days=1200)
        row.expires_on = clock.today() - timedelta(days=1)
    catalog.tell_certificates()
    session().close()
    until(lambda: not starred(), "the badge gone")
    phone.goto("/chung-nhan/QN-99-01")
    expect(phone.get_by_text("Đã hết hiệu lực", exact=True)).to_be_visible()
    until(
        lambda: phone.goto("/so-dang-ky-ocop?q=qn+99+01&tinh-trang=lapsed") and "QN 99 01" in phone.content(),
        "the register",
    )
    assert live_server.audit()["ok"]
