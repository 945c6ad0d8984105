"""Entries by hand: two people, a reason, a paper; never to a closed day; undone by their opposite."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from shop.accounts.permissions import Role
from shop.kernel import clock, invariants
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid
from shop.kernel.operations import new_key
from shop.ledger import queries
from shop.ledger import services as ledger
from shop.ledger.chart import ACCOUNTS, BY_HAND
from shop.ledger.errors import DayClosed, HandDecided, HandSamePerson
from shop.ledger.models import Entry, HandEntry, HandState, Posting
from shop.ledger.services import Line, days, hand
from tests.people import make_user, open_session, sign_in

ONE, TWO = Actor("user", "Vũ Thị Hạnh", 11), Actor("user", "Bùi Đức Long", 12)


@pytest.fixture(autouse=True)
def web(ctx: Flask) -> None:
    """Something was posted to the web."""
    with transaction():
        ledger.post(
            SYSTEM, "receipt", "x:1", [Line("cod-in-transit", 1, "order:X"), Line("buyers", -1, "order:X")], key="x:1",
            channel="web", at=clock.now() - timedelta(days=3),
        )  # fmt: skip


def write(actor: Actor = ONE, **values: Any) -> str:
    given: dict[str, Any] = {
        "day": clock.today(), "channel": "web", "debit": "bank-fees", "credit": "elsewhere", "amount": 55_000,
        "reason": "Phí cấp sổ phụ", "paper_name": "GBN 12, 29/11/2026", "op_key": new_key(),
    }  # fmt: skip
    return hand.write(actor, **(given | values))


def row(reference: str) -> HandEntry:
    session().rollback()
    return (
        session()
        .scalars(
            select(HandEntry).where(HandEntry.reference == reference), execution_options={"populate_existing": True}
        )
        .one()
    )


def balance(account: str) -> int:
    return int(
        session().scalar(select(func.coalesce(func.sum(Posting.amount), 0)).where(Posting.account == account)) or 0
    )


def sound() -> None:
    session().rollback()
    session().expire_all()
    assert {f.name: f.offenders for f in invariants.run("ledger") if not f.ok} == {}


def close(day: date) -> None:
    days.close(ONE, "web", day, queries.digest(queries.figures("web", day)), "", op_key=new_key())


def test_it_counts_once_another_person_has_approved_it(ctx: Flask) -> None:
    reference = write()
    assert (balance("bank-fees"), row(reference).state) == (0, HandState.WAITING)
    with pytest.raises(HandSamePerson):
        hand.approve(ONE, reference, op_key=new_key())
    hand.approve(TWO, reference, op_key=new_key())
    assert (balance("bank-fees"), balance("elsewhere")) == (55_000, -55_000)
    with pytest.raises(HandDecided):
        hand.approve(TWO, reference, op_key=new_key())
    entry = session().scalars(select(Entry).where(Entry.kind == "hand")).one()
    assert (entry.day, entry.actor_label, entry.note) == (clock.today(), TWO.label, "Phí cấp sổ phụ")
    sound()


def test_refused_and_withdrawn_count_nothing(ctx: Flask) -> None:
    refused, withdrawn = write(), write()
    hand.refuse(TWO, refused, "Sai tài khoản", op_key=new_key())
    hand.refuse(ONE, withdrawn, "Lập nhầm", op_key=new_key())
    assert (row(refused).state, row(withdrawn).state) == (HandState.REFUSED, HandState.WITHDRAWN)
    with pytest.raises(HandDecided):
        hand.approve(TWO, refused, op_key=new_key())
    assert balance("bank-fees") == 0
    sound()


def test_it_is_undone_by_its_opposite_of_two_people_once(ctx: Flask) -> None:
    reference = write()
    with pytest.raises(HandDecided):
        hand.undo(ONE, reference, clock.today(), "Ghi nhầm", op_key=new_key())
    hand.approve(TWO, reference, op_key=new_key())
    back = hand.undo(TWO, reference, clock.today(), "Ghi nhầm", op_key=new_key())
    with pytest.raises(HandDecided):
        hand.undo(ONE, reference, clock.today(), "Ghi nhầm lần nữa", op_key=new_key())
    with pytest.raises(HandSamePerson):
        hand.approve(TWO, back, op_key=new_key())
    hand.approve(ONE, back, op_key=new_key())
    assert (balance("bank-fees"), balance("elsewhere")) == (0, 0)
    first, second = session().scalars(select(Entry).where(Entry.kind == "hand").order_by(Entry.id)).all()
    assert second.reverses_id == first.id
    sound()


def test_a_refused_opposite_may_be_written_anew(ctx: Flask) -> None:
    reference = write()
    hand.approve(TWO, reference, op_key=new_key())
    hand.refuse(
        ONE, hand.undo(TWO, reference, clock.today(), "Ghi nhầm", op_key=new_key()), "Đúng rồi", op_key=new_key()
    )
    hand.approve(ONE, hand.undo(TWO, reference, clock.today(), "Ghi nhầm thật", op_key=new_key()), op_key=new_key())
    assert balance("bank-fees") == 0
    sound()


def test_never_to_a_closed_day(ctx: Flask) -> None:
    day = clock.today() - timedelta(days=3)
    waiting = write(day=day)
    close(day)
    with pytest.raises(DayClosed):
        write(day=day)
    with pytest.raises(DayClosed):
        write(day=day - timedelta(days=5))
    with pytest.raises(DayClosed):
        hand.approve(TWO, waiting, op_key=new_key())
    assert row(waiting).state is HandState.WAITING
    days.reopen(ONE, "web", day, "Thiếu bút toán", op_key=new_key())
    hand.approve(TWO, waiting, op_key=new_key())
    assert session().scalars(select(Entry.day).where(Entry.kind == "hand")).all() == [day]
    sound()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"debit": "bank"}, "debit"), ({"credit": "buyers"}, "credit"), ({"credit": "bank-fees"}, "credit"),
        ({"amount": 0}, "amount"), ({"reason": "x"}, "reason"), ({"paper_name": ""}, "paper_name"),
        ({"channel": "nowhere"}, "channel"), ({"day": date(2999, 1, 1)}, "day"),
    ],
)  # fmt: skip
def test_bad_words_are_refused_at_their_place(ctx: Flask, values: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        write(**values)
    assert refused.value.field == field
    assert session().scalar(select(func.count()).select_from(HandEntry)) == 0


def test_accounts_that_follow_rows_are_not_for_hands() -> None:
    theirs = {"bank", "transit", "gateway", "buyers", "producers", "suspense", "cash-till", "cod-in-transit", "sales"}
    assert not set(BY_HAND) & theirs
    assert set(BY_HAND) <= set(ACCOUNTS)


@pytest.mark.race
def test_four_who_decide_at_once(ctx: Flask, app: Flask, together: Callable[..., Any]) -> None:
    reference = write()
    tasks = [lambda: hand.approve(TWO, reference, op_key=new_key())] * 2
    tasks += [lambda: hand.refuse(TWO, reference, "Không đúng", op_key=new_key())] * 2
    outcomes = together(app, tasks)
    assert sorted(type(o.error).__name__ for o in outcomes) == ["HandDecided"] * 3 + ["NoneType"]
    assert balance("bank-fees") in (0, 55_000)
    sound()


def test_on_the_page(ctx: Flask, client: Any, app: Flask) -> None:
    sign_in(client, Role.ORDER_DESK)
    bad = client.fill("/office/ledger/hand", form="/office/ledger/hand", reason="Phí tháng 11", amount="55.000")
    assert bad.status_code == 422
    assert "Phí tháng 11" in bad.get_data(as_text=True)
    good = {
        "day": clock.today().isoformat(), "channel": "web", "debit": "bank-fees", "credit": "elsewhere", "amount": "55.000",
        "reason": "Phí cấp sổ phụ", "paper_name": "GBN 12", "file": (io.BytesIO(b"%PDF-1.4\n%%EOF\n"), "gbn.pdf"),
    }  # fmt: skip
    made = client.fill("/office/ledger/hand", form="/office/ledger/hand", **good)
    assert made.status_code == 303, made.get_data(as_text=True)
    reference = made.location.rsplit("/", 1)[1]
    page = client.get(f"/office/ledger/hand/{reference}").get_data(as_text=True)
    assert "Bạn lập bút toán này" in page
    assert client.get(f"/office/ledger/hand/{reference}/paper").data.startswith(b"%PDF-")
    other = app.test_client()
    open_session(other, make_user("Bùi Đức Long", Role.ORDER_DESK))
    done = other.fill(f"/office/ledger/hand/{reference}", form=f"/office/ledger/hand/{reference}/approve")
    assert done.status_code == 303
    assert row(reference).state is HandState.POSTED
    assert "Bút toán tay" in other.get(
        f"/office/ledger/entries/{session().scalar(select(Entry.id).where(Entry.kind == 'hand'))}"
    ).get_data(as_text=True)


def test_a_fault_is_seen(ctx: Flask) -> None:
    reference = write()
    hand.approve(TWO, reference, op_key=new_key())
    with transaction() as s:
        s.execute(
            update(HandEntry).values(
                lines=[["bank-fees", f"hand:{reference}", 1], ["elsewhere", f"hand:{reference}", -1]]
            )
        )
    assert "ledger.hand-entries-have-two-people" in {f.name for f in invariants.run("ledger") if not f.ok}
