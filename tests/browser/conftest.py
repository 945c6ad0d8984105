"""Browser tests: the system's Chromium against a real server.

| fixture | gives |
|---|---|
| `page` | a desktop window (1280 × 900), Vietnamese |
| `phone` | the same on a phone (360 × 740, touch) |
| `page_without_js` | a browser with scripts switched off |
| `axe` | `axe(page)` fails if axe-core finds anything on the page |
| `sign_in` | `sign_in(page, "order_desk")` logs in with the seeded account of a role, second factor included |

How a test waits: tests/browser/waits.py.

A page that writes an error to its console, throws, asks another machine for something or gets a 5xx fails its test.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import waits
from tests.conftest import Run
from tests.servers import LiveServer

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
PATIENCE_MS = waits.PATIENCE_MS
expect.set_options(timeout=PATIENCE_MS)
# A whole fair takes a minute on a quiet machine; what hangs is ended all the same.
LONGEST_SECONDS = 1200
# Rules of WCAG 2.2 AA and axe's good practice; nothing is switched off.
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def chromium() -> str | None:
    """The browser of this machine."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("CHROMIUM") or next((found for name in names if (found := shutil.which(name))), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = os.path.dirname(__file__)
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(LONGEST_SECONDS))
            if chromium() is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine (.ci/chromium says how)"))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {
        "executable_path": chromium(),
        "headless": True,
        "args": [
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-default-apps",
            "--disable-domain-reliability",
            "--disable-sync",
            "--disable-client-side-phishing-detection",
            "--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication",
            "--no-first-run",
            "--no-pings",
            "--metrics-recording-only",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
        ],
    }


class Watch:
    """What went wrong behind a page's back."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self.wrong: list[str] = []

    def over(self, context: BrowserContext) -> BrowserContext:
        """Watch every page of the context."""
        context.on("page", self._page)
        context.on("response", self._response)
        context.on("request", self._request)
        return context

    def _page(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.wrong.append(f"script error: {error}"))
        page.on("console", self._console)

    def _console(self, message: Any) -> None:
        # A refusal (4xx) is an answer, not an accident; the browser logs it all the same.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.wrong.append(f"console: {message.text}")

    def _response(self, response: Any) -> None:
        if response.status >= 500:
            self.wrong.append(f"{response.status} from {response.url}")

    def _request(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname not in {"localhost", "127.0.0.1"}:
            self.wrong.append(f"asked another machine: {request.url}")


@pytest.fixture
def watch(live_server: LiveServer) -> Iterator[Watch]:
    """Fails the test at its end if anything went wrong; `watch.wrong.clear()` forgives what a test provoked."""
    made = Watch(live_server)
    yield made
    assert not made.wrong, "\n".join(made.wrong)


@pytest.fixture
def open_page(browser: Browser, live_server: LiveServer, watch: Watch) -> Iterator[Callable[..., Page]]:
    """A page in a browser of its own (cookies not shared): `open_page(viewport=…, java_script_enabled=False)`."""
    contexts: list[BrowserContext] = []

    def make(**options: Any) -> Page:
        settings: dict[str, Any] = {
            "base_url": live_server.url,
            "locale": "vi-VN",
            "timezone_id": "Asia/Ho_Chi_Minh",
            "viewport": DESKTOP,
            "reduced_motion": "reduce",
        }
        context = watch.over(browser.new_context(**(settings | options)))
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        if options.get("java_script_enabled", True):
            _stand_when_opened(page)
        return page

    yield make
    for context in contexts:
        context.close()


def _stand_when_opened(page: Page) -> None:
    """Opening an address or loading it anew ends when the scripts of the page stand."""
    for name in ("goto", "reload"):

        def opened(*args: Any, plain: Callable[..., Any] = getattr(page, name), **options: Any) -> Any:
            answer = plain(*args, **options)
            waits.stands(page)
            return answer

        setattr(page, name, opened)


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


@pytest.fixture
def phone(open_page: Callable[..., Page]) -> Page:
    return open_page(viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2)


@pytest.fixture
def page_without_js(open_page: Callable[..., Page]) -> Page:
    return open_page(java_script_enabled=False)


@pytest.fixture
def axe(live_server: LiveServer, run: Run, request: pytest.FixtureRequest) -> Callable[..., None]:
    """`axe(page)` runs axe-core on the page and fails on any finding.

    It looks at a page's text, which is the same on every database: a test that runs on several asks it on the first.
    """
    again = request.node.get_closest_marker("every_database") and live_server.kind != run.chosen[0]

    from axe_playwright_python.sync_playwright import Axe

    runner = Axe()

    def check(page: Page, *, context: str | None = None) -> None:
        waits.stands(page)
        if again:
            return
        found = runner.run(page, context=context, options={"runOnly": {"type": "tag", "values": AXE_TAGS}})
        violations = found.response["violations"]
        assert not violations, f"{page.url}\n" + json.dumps(
            [{"rule": v["id"], "says": v["help"], "at": [n["html"][:200] for n in v["nodes"][:5]]} for v in violations],
            ensure_ascii=False,
            indent=1,
        )

    return check


def no_sideways_scroll(page: Page) -> None:
    """The page is not wider than the window: nothing forces a person to pan."""
    waits.stands(page)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} is {wide} px wider than its window"


@pytest.fixture
def fits() -> Callable[[Page], None]:
    """`fits(page)`: no sideways scroll."""
    return no_sideways_scroll


@pytest.fixture(scope="module")
def second_factors() -> dict[str, Any]:
    """The cookies of the roles that have entered with a one-time code: a code opens the door once."""
    return {}


@pytest.fixture
def sign_in(live_server: LiveServer, second_factors: dict[str, Any]) -> Callable[[Page, str], None]:
    """Log the page in with the seeded account of a role."""

    def go(page: Page, role: str) -> None:
        if role in second_factors:
            page.context.add_cookies(second_factors[role])
            return
        user = live_server.user(role)
        page.goto("/dang-nhap")
        page.locator("input[name=username]").fill(user["username"])
        page.locator("input[name=password]").fill(user["password"])
        with waits.leaves(page):
            page.locator("form:has(input[name=password]) button").first.click()
        if user.get("totp"):
            import pyotp

            code = page.locator("input[autocomplete=one-time-code]")
            # A code lapses within a minute: on a busy machine the answer may come too late for it.
            for _again in range(4):
                code.fill(pyotp.TOTP(user["totp"]).now())
                with waits.leaves(page):
                    page.locator("form:has(input[autocomplete=one-time-code]) button").first.click()
                if not code.is_visible():
                    break
        expect(page).not_to_have_url(re.compile("/dang-nhap"))
        if user.get("totp"):
            second_factors[role] = page.context.cookies()

    return go
