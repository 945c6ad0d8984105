"""`/office/remittances` for the desk: pages and forms without JavaScript, refusals, exports."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import Flask

from shop.accounts.permissions import Role
from shop.checkout import services as checkout
from shop.kernel.db import session
from shop.orders.models import Order, PaymentStatus
from shop.remittances.models import CodParcel, CodState, Remittance, RemittanceState, Row, RowState
from tests.people import sign_in
from tests.remittances.conftest import PRICE, Shelf, broken, content, fresh, holder, key, name_of, refuse

HERE = "/office/remittances"


@pytest.fixture
def desk(client: Any, ctx: Flask) -> Any:
    sign_in(client, Role.ORDER_DESK)
    return client


def post(client: Any, path: str, *, page: str = f"{HERE}/holders", **fields: Any) -> Any:
    """Post a form with a token and a fresh key; `file` is (content, name)."""
    sent = {"csrf_token": client.token(page), "op_key": key()} | fields
    if "file" in sent:
        sent["file"] = (io.BytesIO(sent["file"][0]), sent["file"][1])
    return client.post(path, data=sent)


def test_a_file_from_the_form_to_the_last_row(desk: Any, shelf: Shelf) -> None:
    (cash,), (short,) = shelf.sent(tracking="GHN1"), shelf.sent(tracking="GHN2")
    body = content(["GHN1", "", PRICE, 0], ["GHN2", "", 90_000, 0], ["", "", 9, ""])
    answer = post(desk, f"{HERE}/batches", holder=holder(), file=(body, "a.csv"))
    batch = answer.headers["Location"]
    assert "GHN1" in desk.get(batch).get_data(as_text=True)
    assert post(desk, f"{batch}/columns", **{"column-0": "tracking", "column-2": "fee"}).status_code == 422
    good = {"column-0": "tracking", "column-2": "amount", "column-3": "fee"}
    assert post(desk, f"{batch}/columns", **good).status_code == 303
    assert fresh(CodParcel, cash.id).state is CodState.OUT
    assert post(desk, f"{batch}/apply").status_code == 303
    assert post(desk, f"{batch}/apply").status_code == 409
    assert fresh(Order, cash.order_id).payment_status is PaymentStatus.PAID
    again = post(desk, f"{HERE}/batches", holder=holder(), file=(body, "b.csv"))
    assert (again.status_code, "cod-file-known" in again.get_data(as_text=True)) == (409, True)
    waits = session().query(Row).filter_by(state=RowState.OPEN).one()
    address = f"{batch}/rows/{waits.number}"
    page = desk.get(HERE).get_data(as_text=True)
    assert "Ghi và đòi tiếp" in page
    assert address in page
    assert post(desk, f"{address}/take").status_code == 303
    version = fresh(Row, waits.id).version
    answer = post(desk, f"{address}/credit", version=version, rest="claim", back=HERE)
    assert (answer.status_code, answer.headers["Location"]) == (303, HERE)
    stale = post(desk, f"{address}/undo", version=version)
    assert (stale.status_code, 'content="cod-changed"' in stale.get_data(as_text=True)) == (409, True)
    assert post(desk, f"{address}/undo", version=version + 1).status_code == 303
    assert fresh(CodParcel, short.id).open_amount == PRICE
    made = session().query(Remittance).one()
    assert (made.state, made.net_amount) == (RemittanceState.OPEN, 190_000)
    assert post(desk, f"{batch}/adjust", version=made.version, reason="").status_code == 422
    assert post(desk, f"{batch}/adjust", version=made.version, reason="Bù trừ kỳ sau").status_code == 303
    assert fresh(Remittance, made.id).state is RemittanceState.PAID
    for path in (HERE, f"{HERE}/parcels", f"{HERE}/batches", f"{HERE}/holders", f"{HERE}/buyers", batch, address):
        assert desk.get(path).status_code == 200
    for path in (HERE, f"{HERE}/parcels", f"{HERE}/batches", batch):
        assert desk.get(f"{path}?format=csv").status_code == 200
    assert broken() == []


def test_a_parcels_page_takes_each_of_its_steps(desk: Any, shelf: Shelf) -> None:
    (cash,), (other,) = shelf.sent(), shelf.sent()
    page = f"{HERE}/parcels/{name_of(cash)}"
    assert 'data-testid="lost"' in desk.get(page).get_data(as_text=True)
    assert post(desk, f"{page}/refused", version=0, reason="").status_code == 422
    assert post(desk, f"{page}/refused", version=0, reason="Không nghe máy", by_buyer="1").status_code == 303
    assert 'data-testid="inspect"' in desk.get(page).get_data(as_text=True)
    parcel = f"/office/fulfilments/{name_of(cash)}"
    line = fresh(Order, cash.order_id).lines[0].id
    wrong = post(desk, f"{parcel}/returned", page=parcel, goods="part", reason="Bẹp")
    assert (wrong.status_code, "Hãy ghi số hỏng" in wrong.get_data(as_text=True)) == (422, True)
    fields = {f"bad-{line}": "1"}
    assert post(desk, f"{parcel}/returned", page=parcel, goods="part", reason="Bẹp", **fields).status_code == 303
    assert fresh(CodParcel, cash.id).state is CodState.RETURNED
    lost = f"{HERE}/parcels/{name_of(other)}"
    assert post(desk, f"{lost}/lost", version=0, amount="x", reason="Mất").status_code == 422
    assert post(desk, f"{lost}/lost", version=0, amount="80.000", reason="Mất").status_code == 303
    assert post(desk, f"{lost}/write-off", version=1, reason="Không đòi được").status_code == 303
    assert post(desk, f"{lost}/collected", version=2).status_code == 409
    assert broken() == []


def test_staff_lift_what_makes_a_buyer_pay_ahead(desk: Any, shelf: Shelf) -> None:
    first, second = shelf.sent()[0], shelf.sent()[0]
    refuse(first)
    refuse(second)
    page = desk.get(f"{HERE}/buyers").get_data(as_text=True)
    assert "phải trả trước" in page
    reference = fresh(Order, second.order_id).reference
    assert checkout.pays_ahead("+84900000003", None)
    assert post(desk, f"{HERE}/buyers/{reference}/lift", reason="").status_code == 422
    assert post(desk, f"{HERE}/buyers/{reference}/lift", reason="Nhầm số").status_code == 303
    assert not checkout.pays_ahead("+84900000003", None)
