"""The button that takes a part back is there only while it can be taken back."""

from __future__ import annotations

from typing import Any

import pytest

from shop.accounts.permissions import Role
from shop.banking.errors import CannotUndo
from shop.banking.services import handling
from shop.payments import services as payments
from tests.banking.conftest import CLERK, key, lines, only, parts, place, send, statement, told
from tests.people import sign_in


def shown(client: Any, reference: str) -> bool:
    return 'data-testid="undo"' in client.get(f"/office/bank/lines/{reference}").get_data(as_text=True)


def test_not_where_money_of_the_order_goes_back(account: str, client: Any) -> None:
    sign_in(client, Role.ORDER_DESK)
    placed = place("vietqr")
    send(account, statement(told(185_000, f"{placed.code}")))
    line = only()
    assert shown(client, line.reference)
    payments.request_refund(CLERK, placed.payment_id, 20_000, "Thiếu một gói", key())
    assert not shown(client, line.reference)
    with pytest.raises(CannotUndo):
        handling.undo(CLERK, line.reference, parts(line)[0].id, line.version, op_key=key())


def test_not_where_the_surplus_was_sent(account: str, client: Any) -> None:
    sign_in(client, Role.ORDER_DESK)
    placed = place("vietqr")
    send(account, statement(told(185_000, f"{placed.code}"), told(185_000, f"{placed.code}")))
    again = lines()[1]
    handling.give_back(CLERK, again.reference, placed.code or "", "Trả hai lần", again.version, op_key=key())
    again = lines()[1]
    assert shown(client, again.reference)
    refund = int(parts(again)[0].target or 0)
    payments.settle_refund(CLERK, refund, "FT26999001", key())
    assert not shown(client, again.reference)
    with pytest.raises(CannotUndo):
        handling.undo(CLERK, again.reference, parts(again)[0].id, again.version, op_key=key())
