"""A statement on a phone: closed by the office, found wrong by the producer, answered with a correction, agreed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import db, session, transaction
from shop.settlement.models import EntryKind, Statement
from shop.settlement.services import entries
from tests.conftest import Run, _build
from tests.servers import LiveServer, Seeded


@pytest.fixture(scope="module")
def live_server(seeded: Seeded, run: Run) -> Iterator[LiveServer]:
    with LiveServer.on_copy(seeded, run) as server:
        yield server


@pytest.fixture
def reference(live_server: LiveServer, tmp_path: Any) -> Iterator[str]:
    """Last month's statement of the producer whose owner has a log-in: two deliveries bought outright."""
    scope = live_server.user("producer_owner")["scope"]
    app = _build(live_server.database_url, tmp_path)
    with app.app_context():
        day = clock.today().replace(day=1) - timedelta(days=9)
        with transaction():
            entries.post(
                SYSTEM,
                [
                    {
                        "cause": f"receipt-line:90{n}", "producer_id": int(scope.partition(":")[2]), "kind": EntryKind.PURCHASE,
                        "quantity": n, "unit_amount": 50_000, "amount": n * 50_000, "reference": f"N-TEST-000{n}",
                        "label": f"Hàng thử số {n}, hộp 500 g", "happened_at": clock.start_of(day),
                    }
                    for n in (3, 4)
                ],
            )  # fmt: skip
        found = session().query(Statement.reference).scalar()
        yield str(found)
        session().close()
        db.engine.dispose()


def test_closed_disputed_corrected_agreed(
    open_page: Callable[..., Page], phone: Page, reference: str, sign_in: Any, axe: Any, fits: Any
) -> None:
    desk, mine = open_page(), phone
    sign_in(desk, "order_desk")
    desk.goto(f"/office/statements/{reference}")
    expect(desk.get_by_test_id("closing")).to_contain_text("350.000")
    axe(desk)
    desk.get_by_test_id("close").click()
    expect(desk.get_by_test_id("state")).to_contain_text("Đã chốt")

    sign_in(mine, "producer_owner")
    mine.goto("/producer/statements")
    fits(mine)
    axe(mine)
    mine.get_by_role("link", name=reference).click()
    fits(mine)
    axe(mine)
    mine.get_by_role("checkbox", name="số 3").check()
    mine.locator("#f-reason").fill("Hôm đó tôi giao bốn hộp chứ không phải ba")
    mine.get_by_test_id("dispute").click()
    expect(mine.get_by_test_id("state")).to_contain_text("Cơ sở có ý kiến")
    expect(mine.locator("#y-kien")).to_contain_text("N-TEST-0003")

    desk.reload()
    axe(desk)
    desk.locator("textarea[name=answer]").fill("Đúng là bốn hộp, cửa hàng ghi thiếu")
    desk.locator("input[name=amount]").fill("50.000")
    desk.get_by_test_id("answer").click()
    expect(desk.get_by_test_id("state")).to_contain_text("Đã trả lời")

    mine.reload()
    expect(mine.locator("#y-kien")).to_contain_text("cửa hàng ghi thiếu")
    expect(mine.get_by_test_id("closing")).to_contain_text("350.000")
    mine.get_by_test_id("agree").click()
    expect(mine.get_by_test_id("state")).to_contain_text("Hai bên đã đồng ý")
    mine.goto("/producer/statements")
    expect(mine.locator("table.grid")).to_contain_text("50.000")
    desk.goto("/office/payouts/new")
    fits(desk)
    axe(desk)
    expect(desk.get_by_role("checkbox", name=reference)).to_be_checked()
