"""What somebody would try with codes: strange letters, the last use, stacking, money back, nothing left to pay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from shop.kernel import settings
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session
from shop.kernel.operations import new_key
from shop.orders import services as orders
from shop.orders.models import Order, OrderLineDiscount, OrderStatus
from shop.payments import services as payments
from shop.payments.errors import RefundTooLarge
from shop.payments.models import Payment, Refund
from shop.promotions import rules
from shop.promotions.models import Measure, Use
from shop.promotions.reckon import code_key
from shop.returns import services as returns
from shop.returns.errors import TooManyUnits
from tests import factories
from tests.checkout.conftest import code
from tests.promotions.conftest import Bench, make_code, make_sale
from tests.promotions.test_books import CLERK, deliver, paid

STRANGE = [
    "", " ", "​", "‮CHOBEN10", "ＣＨＯＢＥＮ１０", "CHOBEN10\x00", "CHOBEN10; DROP TABLE promotions", "%", "_", "' OR 1=1 --",
    "💰💰💰💰", "a" * 5_000,
    "choben10 ", "C\tH\tO\tB\tE\tN\t1\t0", "Chợ Bến 10", "CHO‑BEN‑10", "ch0ben1o", "CH0BENlO", "\u0301CHOBEN10",
]  # fmt: skip


@pytest.mark.parametrize("typed", STRANGE, ids=range(len(STRANGE)))
def test_strange_letters_are_the_code_or_none_and_never_an_error(bench: Bench, typed: str) -> None:
    make_code()
    bench.add()
    answer = bench.order(code=typed)
    assert answer.status_code in (303, 409, 422), code(answer)
    is_it = code_key(typed) == code_key("CHOBEN10")
    used = session().query(Use).count()
    # What reads like the code is it, whatever stands between its letters; anything else takes nothing off.
    assert used == int(is_it and answer.status_code == 303)
    if not is_it and typed.strip():
        assert code(answer) in ("code-unknown", "invalid", "none (303)")


def test_one_code_for_an_order_however_it_is_sent(bench: Bench, audit_clean: Callable[[], None]) -> None:
    make_code()
    make_code("THEMNUA20", value=2_000)
    bench.add(quantity=2)
    order = bench.placed(bench.order(code=["CHOBEN10", "THEMNUA20"]))
    assert order.discount_amount == 24_000
    assert session().query(Use).count() == 1
    audit_clean()


def test_money_back_is_never_more_than_was_paid(bench: Bench, audit_clean: Callable[[], None]) -> None:
    make_sale((bench.variant.id, 90_001, 2))
    make_code(measure=Measure.SUM, value=100_001)
    order = paid(bench, 3, code="CHOBEN10")
    whole = order.total_amount
    deliver(order)
    line = order.lines[0].id
    payment = session().query(Payment).filter_by(order_id=order.id).one().id
    for n in range(3):
        made = returns.make(CLERK, order.id, {line: returns.Units(1, False)}, 0, "damaged", "Hỏng", new_key())
        refund = session().scalars(select(Refund.id).order_by(Refund.id.desc())).first()
        assert made and refund is not None
        payments.settle_refund(CLERK, refund, f"FT9990{n}", new_key())
        session().expire_all()
    with pytest.raises(TooManyUnits):
        returns.make(CLERK, order.id, {line: returns.Units(1, False)}, 0, "damaged", "Hỏng", new_key())
    back = session().scalar(select(func.sum(Refund.amount)))
    assert back == whole - order.delivery_amount  # the goods' share to the đồng, and no đồng of freight
    with pytest.raises(RefundTooLarge):
        payments.request_refund(CLERK, payment, order.delivery_amount + 1, "thêm", new_key())
    assert session().scalar(select(func.sum(Use.amount - Use.back_amount))) == 0
    audit_clean()


def test_discounts_of_lines_add_up_to_the_whole(bench: Bench, audit_clean: Callable[[], None]) -> None:
    """Seven lines at odd prices, an odd sum off them."""
    for n, amount in enumerate((10_001, 33_333, 7, 99_999, 123_457, 1_111)):
        more = factories.make_variant(f"Món lẻ {n}", amount=amount)
        factories.put_in(more, bench.point, 10)
        bench.add(more, quantity=n + 1)
    bench.add()
    make_code(measure=Measure.SUM, value=100_003)
    order = bench.placed(bench.order(code="CHOBEN10"))
    rows = session().scalars(select(OrderLineDiscount)).all()
    assert sum(r.amount for r in rows) == order.discount_amount == 100_003
    amounts = {line.id: line.line_amount for line in order.lines}
    assert all(0 < r.amount <= amounts[r.line_id or 0] for r in rows)
    audit_clean()


def test_an_order_whose_whole_is_taken_off_still_costs_its_least(bench: Bench, audit_clean: Callable[[], None]) -> None:
    # As deep as a programme of the state may go; of 120,000 đồng one per cent is more than the least.
    settings.change(SYSTEM, rules.DEEPEST_PERCENT.key, "99")
    settings.change(SYSTEM, rules.LEAST_AMOUNT.key, "5000")
    make_code(measure=Measure.SUM, value=9_000_000)
    bench.add()
    pickup: dict[str, Any] = {"delivery": "pickup", "point": bench.point.slug}
    order = bench.placed(bench.order(code="CHOBEN10", **pickup, payment="vietqr"))
    assert (order.total_amount, order.discount_amount) == (5_000, 115_000)
    payment = session().query(Payment).filter_by(order_id=order.id).one()
    payments.confirm_transfer(SYSTEM, payment.id, 5_000, "FT26328009", new_key())
    session().expire_all()
    assert session().get_one(Order, order.id).status is OrderStatus.PLACED
    orders.confirm(SYSTEM, order.id)
    audit_clean()
