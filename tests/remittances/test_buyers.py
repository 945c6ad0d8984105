"""Who refused twice pays ahead: by number and by account, until staff lift it, and only for what he refused himself."""

from __future__ import annotations

import pytest

from shop.kernel.errors import Invalid, NotFound
from shop.orders.models import Order
from shop.remittances.queries.buyers import must_pay_ahead, refusers
from shop.remittances.services import buyers
from tests.remittances.conftest import CLERK, Shelf, fresh, key, refuse

PHONE = "+84900000003"


def test_two_refusals_of_his_own_make_a_buyer_pay_ahead_until_it_is_lifted(shelf: Shelf) -> None:
    for by_buyer in (True, False):
        refuse(shelf.sent()[0], by_buyer=by_buyer)
    both = shelf.sent(shelf.parcel(), shelf.parcel())
    assert not must_pay_ahead(PHONE, None)
    for parcel in both:  # two parcels of one order are one refusal
        refuse(fresh(type(parcel), parcel.id))
    assert must_pay_ahead(PHONE, None)
    assert not must_pay_ahead("+84900000004", None)
    order = fresh(Order, both[0].order_id)
    with pytest.raises(Invalid):
        buyers.lift(CLERK, order.reference, " ", op_key=key())
    with pytest.raises(NotFound):
        buyers.lift(CLERK, "HX7K-3M2P", "Nhầm số", op_key=key())
    assert [(r.orders, r.ahead) for r in refusers()] == [(2, True)]
    buyers.lift(CLERK, order.reference, "Người nhà đổi số", op_key=key())
    assert not must_pay_ahead(PHONE, None)
    assert refusers() == []
    refuse(shelf.sent()[0])
    assert not must_pay_ahead(PHONE, None)
