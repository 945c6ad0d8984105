"""Days of channels: closed on the figures that were seen, closed to what comes late, opened again with a reason."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from python_calamine import load_workbook
from sqlalchemy import select, update

from shop.accounts.permissions import Role
from shop.kernel import clock, invariants, operations
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid
from shop.ledger import queries
from shop.ledger import services as ledger
from shop.ledger.errors import DayClosed, DayNotOver, DayOpen, FiguresMoved, LaterDayClosed
from shop.ledger.models import Closing, Entry
from shop.ledger.services import Line, days
from tests import people

CLERK = Actor("user", "Vũ Thị Hạnh", 11)
HERE = "point:3"

NEAR = ("ledger.",)


def yesterday() -> date:
    return clock.today() - timedelta(days=1)


def sell(key: str, amount: int = 50_000, *, ago: int = 1, channel: str = HERE) -> date:
    """Money of some days ago; returns the day that it counts for."""
    at = clock.start_of(clock.today() - timedelta(days=ago)) + timedelta(hours=9)
    lines = [Line("counter", amount, "point:3"), Line("sales", -amount, f"order:{key}")]
    with transaction():
        ledger.post(SYSTEM, "till-tender", f"till-tender:{key}", lines, key=key, channel=channel, at=at)
    return session().execute(select(Entry.day).where(Entry.key == key)).scalar_one()


def close(day: date | None = None, digest: str | None = None, **more: Any) -> None:
    day = day or yesterday()
    seen = queries.digest(queries.figures(HERE, day)) if digest is None else digest
    session().rollback()
    days.close(CLERK, HERE, day, seen, "", **({"op_key": operations.new_key()} | more))


def broken() -> set[str]:
    """The checks of these rooms that find something."""
    session().rollback()
    return {name for name, check in invariants._checks.items() if name.startswith(NEAR) and any(check())}


def test_a_day_is_closed_once_on_what_was_seen_and_late_money_counts_for_the_next(ctx: Flask) -> None:
    assert sell("first") == yesterday()
    seen = queries.digest(queries.figures(HERE, yesterday()))
    sell("second", 20_000)
    with pytest.raises(FiguresMoved):
        close(digest=seen)
    with pytest.raises(DayNotOver):
        close(clock.today())
    same = operations.new_key()
    close(op_key=same)
    close(op_key=same)
    with pytest.raises(DayClosed):
        close()
    assert sell("late") == clock.today()
    assert sell("older", ago=2) == clock.today()
    assert sell("elsewhere", channel="point:4") == yesterday()
    assert broken() == set()


def test_a_day_is_opened_again_with_a_reason_and_closed_anew(ctx: Flask) -> None:
    sell("first")
    with pytest.raises(DayOpen):
        days.reopen(CLERK, HERE, yesterday(), "nhầm", op_key=operations.new_key())
    close()
    with pytest.raises(Invalid):
        days.reopen(CLERK, HERE, yesterday(), " ", op_key=operations.new_key())
    days.reopen(CLERK, HERE, yesterday(), "quầy gửi muộn", op_key=operations.new_key())
    assert sell("late") == yesterday()
    close()
    rows = queries.closings(HERE, yesterday())
    assert [row.reopen_reason for row in rows] == [None, "quầy gửi muộn"]
    assert [row.figures["accounts"][0][2] for row in rows] == [100_000, 50_000]
    assert broken() == set()


def test_a_day_before_a_closed_one_stays_closed(ctx: Flask) -> None:
    sell("older", ago=2)
    sell("first")
    older = yesterday() - timedelta(days=1)
    close(older)
    close()
    with pytest.raises(LaterDayClosed):
        days.reopen(CLERK, HERE, older, "nhầm", op_key=operations.new_key())
    assert broken() == set()


def test_who_posts_while_a_day_is_closed_is_in_it_or_after_it(app: Flask, together: Callable[..., Any]) -> None:
    with app.app_context():
        sell("first")
        seen = queries.digest(queries.figures(HERE, yesterday()))
    posts = [lambda n=n: sell(f"racer-{n}") for n in range(4)]
    together(app, [*posts[:2], lambda: close(digest=seen), *posts[2:]])
    with app.app_context():
        assert broken() == set()
        assert session().scalars(select(Entry.key).where(Entry.key.like("racer-%"))).all()


@pytest.mark.parametrize(
    "plant",
    [
        lambda: update(Entry).where(Entry.key == "late").values(day=yesterday()),
        lambda: update(Entry).where(Entry.key == "first").values(day=clock.today()),
        lambda: update(Closing).values(digest="0" * 64),
    ],
)
def test_a_planted_fault_is_seen(ctx: Flask, plant: Callable[[], Any]) -> None:
    sell("first")
    close()
    sell("late")
    assert broken() == set()
    with transaction() as s:
        s.execute(plant())
    assert broken() == {"ledger.closed-days-stand"}


def test_the_office_reads_the_books_and_closes_a_day(ctx: Flask, client: Any) -> None:
    sell("first")
    people.sign_in(client, Role.ORDER_DESK)
    page = client.get("/office/ledger").get_data(as_text=True)
    assert "Thẻ và chuyển khoản nhận tại quầy" in page
    assert 'data-testid="balanced">Cân' in page
    book = client.get(f"/office/ledger?from={yesterday()}&to={clock.today()}&format=xlsx").get_data()
    rows = load_workbook(io.BytesIO(book)).get_sheet_by_index(0).to_python()
    assert [row[-1] for row in rows[1:]] == [50_000, -50_000, 0]
    address = f"/office/ledger/days/{yesterday()}/{HERE}"
    answer = client.fill(address, form=f"{address}/close", digest="x")
    assert (answer.status_code, "figures-moved" in answer.get_data(as_text=True)) == (409, True)
    assert client.fill(address, form=f"{address}/close", note="đủ").status_code == 303
    page = client.get(f"{address}").get_data(as_text=True)
    assert 'data-testid="reopen"' in page
    assert client.get(f"{address}/report.pdf").get_data().startswith(b"%PDF")
    entry = session().scalars(select(Entry.id)).one()
    for path in (
        f"{address}/entries", f"{address}/report.xlsx", f"/office/ledger/entries/{entry}", "/office/ledger/days?state=closed",
        "/office/ledger/accounts/sales?format=csv", "/en/office/ledger/accounts/sales/parties",
    ):  # fmt: skip
        assert client.get(path).status_code == 200, path
    for path in (
        "/office/ledger/accounts/gold",
        f"/office/ledger/days/{yesterday()}/nowhere",
        "/office/ledger/entries/999",
    ):
        assert client.get(path).status_code == 404, path
