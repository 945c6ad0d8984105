"""Who refused parcels at the door twice pays the rest of a pre-order beforehand too."""

from __future__ import annotations

import pytest

from shop.checkout.errors import PayAhead
from shop.orders.models import PaymentMethod
from shop.remittances.services import buyers
from tests.preorders.conftest import OFFICE, Orchard, broken, key, row
from tests.preorders.test_doors import text_of, typed
from tests.remittances.conftest import Shelf, fresh, refuse

PHONE = "+84912345678"


@pytest.fixture
def refused(orchard: Orchard) -> str:
    """An order of this buyer that came back; the second one of his."""
    shelf = Shelf(orchard.point, orchard.variant, orchard.arrive(10))
    first, second = (refuse(shelf.sent(phone=PHONE)[0]) for _ in range(2))
    assert first.order_id != second.order_id
    return str(fresh(type(second), second.id).order_id)


def test_who_refused_twice_takes_no_place_that_is_paid_at_the_door(orchard: Orchard, refused: str) -> None:
    window = orchard.open()
    with pytest.raises(PayAhead) as told:
        orchard.place(window, orchard.wish(2, phone=PHONE))
    assert told.value.field == "rest"
    assert row(window).taken == 0
    orchard.place(window, orchard.wish(2))  # somebody else
    orchard.place(window, orchard.wish(1, phone=PHONE, rest=PaymentMethod.VIETQR))
    assert row(window).taken == 3
    assert broken() == []


def test_the_form_says_so_at_its_place_and_keeps_what_was_typed(orchard: Orchard, refused: str) -> None:
    form = f"/mua-vu/{orchard.open()}/dat"
    answer = orchard.client.fill(form, form=form, **typed(orchard))
    assert answer.status_code == 409
    page = text_of(answer)
    assert "cần trả trước bằng chuyển khoản. " in page  # no card account is set
    assert "Nguyễn Thị Na" in page
    assert 'id="f-rest-error"' in page
    assert orchard.client.fill(form, form=form, **typed(orchard, rest="vietqr")).status_code == 303


def test_one_refusal_or_a_lifted_one_leaves_the_choice(orchard: Orchard, refused: str) -> None:
    from shop.orders.models import Order

    window = orchard.open()
    buyers.lift(OFFICE, fresh(Order, int(refused)).reference, "Người nhà đổi số", op_key=key())
    orchard.place(window, orchard.wish(1, phone=PHONE))
    shelf = Shelf(orchard.point, orchard.variant, orchard.arrive(10))
    refuse(shelf.sent(phone=PHONE)[0])
    orchard.place(window, orchard.wish(1, phone=PHONE, name="Người cùng số"))
    assert row(window).taken == 2
