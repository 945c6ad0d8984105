"""The counter's app in a real browser, with a real service worker, against a real server."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import create_engine, text

from shop.accounts import queries as accounts
from shop.kernel.db import db, engine_options
from shop.points import queries as points
from shop.till.services import devices
from tests.browser.conftest import (  # noqa: F401 - fixtures
    LONGEST_SECONDS,
    axe,
    browser_type_launch_args,
    chromium,
    fits,
    open_page,
    second_factors,
    watch,
)
from tests.conftest import Run, _build
from tests.servers import LiveServer, Seeded
from tests.till.conftest import BOSS

PIN = "2580"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/till/app/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(LONGEST_SECONDS))
            if chromium() is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine (.ci/chromium says how)"))


@pytest.fixture(scope="module")
def live_server(seeded: Seeded, run: Run) -> Iterator[LiveServer]:
    """A shop with a bank account."""
    bank = {"BANK_BIN": "970436", "BANK_ACCOUNT": "9889559357", "BANK_ACCOUNT_NAME": "CHO BEN"}
    with LiveServer.on_copy(seeded, run, **bank) as server:
        yield server


class Office:
    """What people in the office do, and what the database says; beside the server, on its data."""

    numbers = itertools.count(1)

    def __init__(self, app: Flask, server: LiveServer) -> None:
        self.app = app
        options = engine_options(server.database_url)
        self.engine = create_engine(
            server.database_url, **{k: v for k, v in options.items() if k in {"module", "connect_args"}}
        )
        keeper = server.user("point_keeper")
        self.point_id = int(keeper["scope"].partition(":")[2])
        with app.app_context():
            user = accounts.by_username(keeper["username"])
            assert user is not None
            devices.set_pin(BOSS, user.id, PIN)
            self.point = next(p for p in points.all_points() if p.id == self.point_id)

    def sql(self, statement: str, **values: Any) -> list[Any]:
        """Ask or change the shop's data; the rows if there are any."""
        with self.engine.begin() as connection:
            found = connection.execute(text(statement), values)
            return list(found.all()) if found.returns_rows else []

    def device(self) -> str:
        """Make a device known; its code."""
        code = f"A{next(self.numbers)}"
        with self.app.app_context():
            devices.create(BOSS, code, f"Máy {code}", self.point_id)
        return code

    def enrol_code(self, code: str) -> str:
        """A new enrolment code for a device."""
        with self.app.app_context():
            return devices.new_code(BOSS, self._id(code)).code

    def revoke(self, code: str) -> None:
        with self.app.app_context():
            devices.revoke(BOSS, self._id(code), "mất máy")

    def _id(self, code: str) -> int:
        return int(self.sql("SELECT id FROM till_devices WHERE code = :c", c=code)[0][0])

    def goods(self, condition: str = "1 = 1", at_least: int = 5) -> list[Any]:
        """Goods that lie at the point: variant id, SKU, name, stock; the fullest first."""
        return self.sql(
            "SELECT v.id, v.sku, p.name, SUM(l.on_hand - l.held - l.allocated) AS n, p.id AS product_id"
            " FROM variants v JOIN products p ON p.id = v.product_id JOIN stock_levels l ON l.variant_id = v.id"
            f" WHERE l.point_id = :point AND {condition} GROUP BY v.id, v.sku, p.name, p.id"
            " HAVING SUM(l.on_hand - l.held - l.allocated) >= :n ORDER BY v.id",
            point=self.point_id, n=at_least,
        )  # fmt: skip

    def alcohol(self, sku: str, yes: bool) -> None:
        """Make goods alcohol, or not, behind the device's back."""
        self.sql(
            "UPDATE products SET is_alcohol = :yes WHERE id = (SELECT product_id FROM variants WHERE sku = :sku)",
            yes=yes, sku=sku,
        )  # fmt: skip

    def close(self) -> None:
        self.engine.dispose()
        with self.app.app_context():
            db.engine.dispose()


@pytest.fixture(scope="module")
def office(live_server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(_build(live_server.database_url, tmp_path_factory.mktemp("office")), live_server)
    yield made
    made.close()


class Till:
    """One device as its keeper uses it."""

    def __init__(self, page: Page, office: Office) -> None:
        self.page = page
        self.office = office
        self.code = ""

    def opened(self) -> None:
        """The app stands."""
        self.page.wait_for_selector("html[data-ready]")

    def enrol(self, code: str = "") -> Till:
        """Enrol by the office's QR code; the service worker holds the shell afterwards."""
        self.code = code or self.office.device()
        self.page.goto("/till#code=" + self.office.enrol_code(self.code))
        self.opened()
        self.page.get_by_role("button", name="Ghi danh máy").click()
        expect(self.page.get_by_label("Mã PIN")).to_be_visible()
        self.held()
        return self

    def held(self) -> None:
        """The service worker has the page."""
        self.page.evaluate(
            """async () => {
              const worker = navigator.serviceWorker;
              await worker.ready;
              if (!worker.controller) await new Promise((done) => worker.addEventListener("controllerchange", done));
            }"""
        )

    def enter(self, pin: str = PIN) -> Till:
        self.page.get_by_label("Mã PIN").fill(pin)
        self.page.keyboard.press("Enter")
        return self

    def start(self, float_amount: int = 500_000) -> Till:
        """Open a session."""
        self.page.get_by_test_id("till-float").fill(str(float_amount))
        self.page.get_by_role("button", name="Mở ca").click()
        expect(self.page.get_by_test_id("till-card").first).to_be_visible()
        return self

    def ready(self) -> Till:
        return self.enrol().enter().start()

    def add(self, sku: str) -> None:
        """Find goods by SKU and touch them; waits until they lie in the basket or a question is asked."""
        before = self.count()
        self.page.get_by_test_id("till-search").fill(sku)
        self.page.locator(f'[data-testid="till-card"][data-sku="{sku}"]').click()
        more = self.page.locator(f'.till-main:not([data-count="{before}"])')
        expect(self.page.locator("dialog[open]").or_(more).first).to_be_attached()

    def count(self) -> int:
        """Units in the basket."""
        return int(self.page.locator("#main").get_attribute("data-count") or 0)

    def pay(self) -> None:
        self.page.locator('[data-testid="till-pay"]:visible, [data-testid="till-pay-bar"]:visible').first.click()

    def pay_exactly(self) -> str:
        """Take the exact sum in cash; the number of the receipt."""
        self.pay()
        self.page.get_by_test_id("till-note").first.click()
        number = self.page.get_by_test_id("till-number").inner_text()
        self.page.get_by_test_id("till-next").click()
        return number

    def sell(self, *skus: str) -> str:
        for sku in skus:
            self.add(sku)
        return self.pay_exactly()

    def go(self, name: str) -> None:
        self.page.get_by_role("navigation").get_by_role("button", name=name).click()

    def status(self) -> Any:
        return self.page.locator(".till-status")

    def synced(self) -> None:
        """Everything that waited has been answered."""
        expect(self.status()).not_to_contain_text("chờ gửi")
        expect(self.status()).to_contain_text("Có mạng")
        expect(self.status()).to_have_attribute("aria-busy", "false")

    def scan(self, code: str) -> None:
        """What a hand scanner does: keys 5 ms apart by their own time, however slow this machine is."""
        keyboard = self.page.context.new_cdp_session(self.page)
        began = time.time()
        for n, key in enumerate([*code, "Enter"]):
            at = {"key": key, "timestamp": began + n * 0.005}
            if key == "Enter":
                at |= {"windowsVirtualKeyCode": 13, "code": "Enter"}
            typed = "\r" if key == "Enter" else key
            keyboard.send("Input.dispatchKeyEvent", {"type": "keyDown", "text": typed, **at})
            keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", **at})
        keyboard.detach()


@pytest.fixture
def till(open_page: Callable[..., Page], office: Office) -> Callable[..., Till]:  # noqa: F811
    """`till()` is a browser of its own at a counter; `till(viewport=…)`."""
    return lambda **options: Till(open_page(**options), office)
