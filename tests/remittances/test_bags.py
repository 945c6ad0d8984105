"""Cash carried to the bank in numbered bags: never more than lies there, shown by the bank's line, short or brought back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from shop.accounts.permissions import Role
from shop.banking import offers
from shop.banking.models import LineState, Queue
from shop.banking.services import handling
from shop.kernel import invariants
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid
from shop.ledger import services as ledger
from shop.ledger.models import Posting
from shop.ledger.services import Line
from shop.remittances.bag_models import BagState, CashBag
from shop.remittances.errors import BagStep, LessCash
from shop.remittances.services import bags
from tests import factories
from tests.banking.conftest import CLERK, account, app, key, only, parts, send, statement, told
from tests.people import sign_in

__all__ = ["account", "app"]


@pytest.fixture
def safe(ctx: Flask) -> int:
    """A point with five million in its safe."""
    point = factories.make_point("Điểm bán Thử")
    with transaction():
        lines = [Line("cash-point", 5_000_000, f"point:{point.id}"), Line("sales", -5_000_000, "order:X")]
        ledger.post(SYSTEM, "till-tender", "x:1", lines, key="x:1", channel=f"point:{point.id}")
    return int(point.id)


def carry(point_id: int | None, amount: int = 2_000_000, **values: Any) -> str:
    given: dict[str, Any] = {
        "bag_number": "NP 0042",
        "counted_by": "Đỗ Thị Mai",
        "carried_by": "Phạm Văn Tú",
        "op_key": key(),
    }
    return bags.carry(CLERK, point_id=point_id, amount=amount, **(given | values))


def bag(reference: str) -> CashBag:
    session().rollback()
    session().expire_all()
    return session().scalars(select(CashBag).where(CashBag.reference == reference)).one()


def balance(code: str) -> int:
    session().rollback()
    return int(session().scalar(select(func.coalesce(func.sum(Posting.amount), 0)).where(Posting.account == code)) or 0)


def wrong() -> set[str]:
    session().rollback()
    session().expire_all()
    return {f.name for f in invariants.run("remittances", "banking") if not f.ok}


def test_the_banks_line_takes_it_from_its_way_and_can_be_undone(safe: int, account: str) -> None:
    reference = carry(safe)
    assert (balance("cash-point"), balance("cash-carried")) == (3_000_000, 2_000_000)
    send(account, statement(told(2_000_000, "NOP TIEN MAT TUI NP 0042")))
    line = only()
    assert line.hint is not None
    assert (line.hint["kind"], line.hint["reference"]) == ("cash-bag", reference)
    handling.remit(CLERK, line.reference, "cash-bag", reference, line.version, op_key=key())
    assert (only().state, bag(reference).state, balance("cash-carried")) == (LineState.CREDITED, BagState.ARRIVED, 0)
    assert wrong() == set()
    line = only()
    handling.undo(CLERK, line.reference, parts(line)[0].id, line.version, op_key=key())
    assert (bag(reference).state, balance("cash-carried")) == (BagState.CARRIED, 2_000_000)
    assert wrong() == set()


def test_the_bank_counts_less(safe: int, account: str) -> None:
    reference = carry(safe)
    with pytest.raises(BagStep):  # nothing has come: it may still be on its way
        bags.close(CLERK, reference, "Thiếu", bag(reference).version, op_key=key())
    send(account, statement(told(1_950_000, "NOP TIEN MAT")))
    line = only()
    handling.remit(CLERK, line.reference, "cash-bag", reference, line.version, "đếm thiếu", op_key=key())
    bags.close(CLERK, reference, "Ngân hàng đếm thiếu một tờ", bag(reference).version, op_key=key())
    assert (bag(reference).state, balance("cash-carried"), balance("cash-differences")) == (BagState.ARRIVED, 0, 50_000)
    assert wrong() == set()


def test_brought_back_it_lies_where_it_was(safe: int, account: str) -> None:
    reference = carry(safe)
    bags.bring_back(CLERK, reference, "Ngân hàng đóng cửa", 0, op_key=key())
    assert (bag(reference).state, balance("cash-point"), balance("cash-carried")) == (BagState.BACK, 5_000_000, 0)
    with pytest.raises(BagStep):
        bags.bring_back(CLERK, reference, "Lần nữa", 1, op_key=key())
    assert wrong() == set()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"amount": 0}, "amount"), ({"bag_number": ""}, "bag_number"), ({"counted_by": ""}, "counted_by"),
        ({"carried_by": "đỗ thị mai"}, "carried_by"), ({"amount": 5_000_001}, "amount"),
    ],
)  # fmt: skip
def test_refused_at_its_place(safe: int, account: str, values: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        carry(safe, **values)
    assert refused.value.field == field
    assert balance("cash-point") == 5_000_000


@pytest.mark.race
def test_two_who_empty_one_safe(safe: int, account: str, app: Flask, together: Callable[..., Any]) -> None:
    outcomes = together(app, [lambda: carry(safe, 3_000_000)] * 4)
    assert sorted(type(o.error).__name__ for o in outcomes) == ["LessCash"] * 3 + ["NoneType"]
    assert issubclass(LessCash, Invalid)
    assert balance("cash-point") == 2_000_000
    assert wrong() == set()


def test_on_the_page(safe: int, account: str, client: Any) -> None:
    sign_in(client, Role.ORDER_DESK)
    here = "/office/remittances/cash"
    fields = {"point": str(safe), "amount": "9.000.000", "bag_number": "NP 7", "counted_by": "Mai", "carried_by": "Tú"}
    bad = client.fill(here, form=here, **fields)
    assert bad.status_code == 422
    assert "5.000.000" in bad.get_data(as_text=True)
    assert "NP 7" in bad.get_data(as_text=True)
    made = client.fill(here, form=here, **(fields | {"amount": "1.000.000"}))
    assert made.status_code == 303
    page = client.get(made.location)
    assert "NP 7" in page.get_data(as_text=True)
    assert client.fill(made.location, form=f"{made.location}/back", reason="Ngân hàng đóng cửa").status_code == 303
    assert balance("cash-point") == 5_000_000


def test_a_fault_is_seen(safe: int, account: str) -> None:
    carry(safe)
    with transaction() as s:
        s.execute(update(CashBag).values(amount=1_999_999))
    assert wrong() == {"remittances.bags-add-up"}


def test_an_exact_sum_is_suggested_and_another_needs_a_reason(safe: int, account: str, client: Any) -> None:
    reference = carry(safe)
    send(account, statement(told(2_000_000, "nop tien mat")))
    line = only()
    assert line.queue == Queue.REMITTED
    offer = offers.offers_of([line])[line.id]
    assert offer.act == "remit"
    assert "đúng số tiền" in offer.said
    other = carry(safe, 1_500_000, bag_number="NP 0043")
    sign_in(client, Role.ORDER_DESK)
    address = f"/office/bank/lines/{line.reference}"
    page = client.get(address).get_data(as_text=True)
    assert page.index("đúng số tiền này") < page.index("có số tiền khác") < page.index(other)
    assert "thừa 500.000" in page
    assert other not in client.get(f"{address}?awaited=0042").get_data(as_text=True)
    assert other in client.get(f"{address}?awaited=np+0043").get_data(as_text=True)
    fields = {"version": line.version, "kind": "cash-bag", "target": other}
    answer = client.fill(address, form=f"{address}/remit", **fields, why=" ")
    assert answer.status_code == 422
    assert "ít nhất 2 ký tự" in answer.get_data(as_text=True)
    assert bag(other).arrived_amount == 0
    # Two of one sum: both are shown, neither is suggested.
    carry(safe, 1_000_000, bag_number="NP 0044")
    bags.bring_back(CLERK, other, "đếm lại", bag(other).version, op_key=key())
    carry(safe, 2_000_000, bag_number="NP 0045")
    assert line.id not in offers.offers_of([only()])
    handling.remit(CLERK, line.reference, "cash-bag", reference, only().version, op_key=key())
    assert bag(reference).state is BagState.ARRIVED
    assert wrong() == set()
