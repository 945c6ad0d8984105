"""How a browser test waits: for what it will look at, never for time to pass and never for a page that is being left.

| | waits until |
|---|---|
| `expect(…)` of Playwright | something on the page is as wanted: the first choice |
| `with leaves(page):` | what is done inside has led to another document, and that one is loaded |
| `stands(page)` | the page's scripts have taken hold of what they were written for |
| `refused(page, code)` | the page says this refusal |
| `summed(page)` | the checkout's sum belongs to what the form says now |
| `until(look, what)` | `look()` is something: a letter, a row, what no page shows |

After a click that leads to another page a read sees the old one, or nothing, on a slow machine; `wait_for_load_state` returns
at once then, because the old page is loaded. A key that is pressed does not even wait for the request to be sent. A string
given to `wait_for_function` is refused by the shop's CSP as soon as it must be asked twice.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from playwright.sync_api import Page, expect

# A machine with other work to do is no reason to fail: only what never comes is.
PATIENCE_MS = 120_000
PATIENCE_SECONDS = 120.0

_STANDS = """async () => {
  const app = document.querySelector('script[type=module][src*="/js/app"]');
  if (!app) return;
  const names = [...document.querySelectorAll("[data-controller]")].flatMap((e) => e.dataset.controller.split(" "));
  await Promise.all(names.map((name) => import(new URL(`./${name}.js`, app.src)).catch(() => {})));
}"""


def stands(page: Page) -> None:
    """The page is loaded, and every script that it names has run: what is clicked now is heard by it.

    Modules are imported after the page is loaded, each once; whoever imports one again waits for the same, behind the page.
    """
    page.wait_for_load_state()
    page.evaluate(_STANDS)


@contextlib.contextmanager
def leaves(page: Page) -> Iterator[None]:
    """What is done inside leads to another document (the same address counts): wait until that is loaded."""
    with page.expect_navigation(timeout=PATIENCE_MS):
        yield


def refused(page: Page, code: str) -> None:
    """The page carries the code of this refusal."""
    expect(page.locator('meta[name="error-code"]')).to_have_attribute("content", code)


def summed(page: Page) -> None:
    """At the checkout: the sum beside the form is what the shop says of the form as it stands; no answer is on its way."""
    expect(page.locator("[data-summary-box]")).not_to_have_attribute("aria-busy", "true")


def until(look: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """Ask `look` until it answers with something; that answer. `what` says what is missing when it never comes."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"it did not come: {what}"
        time.sleep(0.25)
    return found
