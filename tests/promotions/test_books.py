"""What promotions are in the ledger: what the shop bears of what is sold, of nothing else, and of no đồng more than is kept."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from shop.kernel import invariants
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, ShopError
from shop.kernel.operations import new_key
from shop.ledger import sources
from shop.ledger.models import Entry, Posting
from shop.orders import services as orders
from shop.orders.models import Order, OrderStatus, RefusalWhy
from shop.orders.services import parcels
from shop.payments import services as payments
from shop.payments.models import Payment, PaymentIssue, Refund
from shop.payments.services import issues
from shop.promotions.models import Measure, Payer, Promotion
from shop.returns import services as returns
from tests import factories
from tests.promotions.conftest import Bench, make_code, make_sale

CLERK = Actor("user", "Nguyễn Thị Lan", 7)
NEAR = ("orders.", "payments.", "ledger.", "promotions.")


def balance(account: str, party: str | None = None) -> int:
    session().rollback()
    wanted = select(func.coalesce(func.sum(Posting.amount), 0)).where(Posting.account == account)
    return int(session().scalar(wanted if party is None else wanted.where(Posting.party == party)) or 0)


def broken() -> list[str]:
    session().rollback()
    return [name for name, check in invariants._checks.items() if name.startswith(NEAR) and any(check())]


def paid(bench: Bench, quantity: int = 2, **fields: Any) -> Order:
    """An order by transfer whose money has come."""
    bench.client = bench.app.test_client()
    bench.add(quantity=quantity)
    order = bench.placed(bench.order(**({"payment": "vietqr", "email": "khach@example.vn"} | fields)))
    payment = session().query(Payment).filter_by(order_id=order.id).one()
    payments.confirm_transfer(SYSTEM, payment.id, order.total_amount, f"FT{order.id:08d}", new_key())
    session().expire_all()
    return order


def deliver(order: Order) -> None:
    orders.confirm(SYSTEM, order.id)
    parcel = order.fulfilments[0].id
    orders.pack(SYSTEM, parcel)
    orders.hand_over(SYSTEM, parcel, carrier="Bưu điện")
    orders.deliver(SYSTEM, parcel)
    session().expire_all()


def give_back(order: Order, quantity: int) -> int:
    """Ask that the money of some units goes back; returns the refund's id."""
    made = returns.make(
        CLERK, order.id, {order.lines[0].id: returns.Units(quantity, False)}, 0, "damaged", "Hỏng", new_key()
    )
    session().expire_all()
    return int(session().scalars(select(Refund.id).order_by(Refund.id.desc())).first() or 0) if made else 0


def test_what_the_shop_bears_is_an_expense_once_the_goods_are_the_buyers(bench: Bench) -> None:
    promotion = make_code(value=1_000)
    order = paid(bench, code="CHOBEN10")
    assert balance("promotions") == 0  # nothing is sold yet
    deliver(order)
    party = f"order:{order.reference}"
    assert balance("promotions", f"promotion:{promotion.reference}") == 24_000
    # Goods stand at what they cost, delivery at its fee.
    assert (balance("sales", party), balance("freight", party)) == (-240_000, -order.delivery_amount)
    assert balance("buyers", party) == 0
    assert broken() == []
    refund = give_back(order, 1)
    assert balance("promotions") == 24_000  # it may yet be given up
    payments.settle_refund(CLERK, refund, "FT26328009", new_key())
    assert (balance("promotions"), balance("sales", party)) == (12_000, -120_000)
    session().refresh(promotion)
    assert promotion.spent_amount == 12_000
    assert broken() == []


def test_a_refund_that_is_given_up_gives_nothing_back_to_the_promotion(bench: Bench) -> None:
    promotion = make_code(value=1_000)
    order = paid(bench, quantity=3, code="CHOBEN10")
    deliver(order)
    payments.give_up_refund(CLERK, give_back(order, 1), "Nhầm", new_key())
    session().refresh(promotion)
    assert (promotion.spent_amount, balance("promotions")) == (36_000, 36_000)
    payments.settle_refund(CLERK, give_back(order, 1), "FT26328009", new_key())
    session().refresh(promotion)
    assert (promotion.spent_amount, balance("promotions")) == (24_000, 24_000)
    payments.settle_refund(CLERK, give_back(order, 2), "FT26328010", new_key())
    session().refresh(promotion)
    assert (promotion.uses, promotion.spent_amount, balance("promotions"), balance("sales")) == (0, 0, 0, 0)
    assert broken() == []


def test_what_a_producer_bears_is_no_expense_of_the_shop(bench: Bench) -> None:
    producer = bench.variant.product.producer_id or factories.make_producer().id
    with transaction() as s:
        s.execute(update(type(bench.variant.product)).values(producer_id=producer))
    promotion = make_code(payer=Payer.PRODUCER, producer_id=producer)
    from shop.promotions import queries
    from shop.promotions.services import editing

    editing.agree(CLERK, promotion.reference, 1, new_key())
    queries.forget()
    deliver(paid(bench, code="CHOBEN10"))
    assert (balance("promotions"), balance("sales")) == (0, -216_000)
    assert broken() == []


def test_what_was_before_is_brought_in_and_a_fault_is_seen(bench: Bench) -> None:
    make_code(on_freight=True, measure=Measure.SUM, value=10_000)
    deliver(paid(bench, code="CHOBEN10"))
    with transaction() as s:
        gone = select(Entry.id).where(Entry.kind == "promotion-borne")
        s.execute(delete(Posting).where(Posting.entry_id.in_(gone)))
        s.execute(delete(Entry).where(Entry.kind == "promotion-borne"))
    assert broken() == ["orders.ledger-says-who-bears"]
    assert (sources.bring_in(), sources.bring_in()) == (1, 0)
    assert (balance("promotions"), broken()) == (10_000, [])
    with transaction() as s:
        s.execute(update(Posting).where(Posting.account == "promotions").values(amount=Posting.amount + 1))
    assert "orders.ledger-says-who-bears" in broken()


COUNT = itertools.count(100)
STEPS = st.lists(
    st.tuples(st.sampled_from(["deliver", "cancel", "refuse", "return", "settle", "give-up"]), st.integers(1, 3)),
    min_size=2,
    max_size=7,
)


@given(quantity=st.integers(1, 4), with_sale=st.booleans(), percent=st.integers(1, 50), steps=STEPS)
@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_whatever_becomes_of_an_order_its_books_say_what_was_kept(
    bench: Bench, quantity: int, with_sale: bool, percent: int, steps: list[tuple[str, int]]
) -> None:
    """Every order by itself: of a completed one sales are the kept units at their price, what came off is an expense."""
    with transaction() as s:
        s.execute(
            update(Promotion).values(
                state="stopped", stopped_at=func.coalesce(Promotion.stopped_at, Promotion.starts_at)
            )
        )
    session().expire_all()
    factories.put_in(bench.variant, bench.point, 10)
    if with_sale:
        make_sale((bench.variant.id, 90_001, 3))
    n = next(COUNT)
    made = make_code(f"MAY{n:05d}", value=percent * 100)
    order = paid(bench, quantity, code=made.code, phone=f"0912{n:06d}")
    for what, n in steps:
        try:
            _step(order, what, n)
        except ShopError:
            session().rollback()
        session().expire_all()
    assert [name for name in broken() if name != "promotions.used-within-their-span"] == []
    party, kept = f"order:{order.reference}", _kept(order)
    if order.status is OrderStatus.COMPLETED:
        # Money and discounts are shared by units each by itself: an odd đồng of each may fall on the other side.
        assert abs(balance("sales", party) + kept * order.lines[0].unit_price_amount) <= 1 + with_sale
    else:
        assert balance("sales", party) == 0


def _step(order: Order, what: str, n: int) -> None:
    waiting = session().scalars(
        select(Refund.id).join(Payment).where(Payment.order_id == order.id, Refund.state == "pending")
    )
    open_refunds = list(waiting)
    if what == "deliver":
        deliver(order)
    elif what == "cancel":
        orders.cancel(SYSTEM, order.id, "thử")
    elif what == "refuse":
        parcels.refuse(SYSTEM, order.fulfilments[0].id, {order.lines[0].id: n}, RefusalWhy.SOLD_OUT, "hết hàng")
    elif what == "return":
        give_back(order, n)
    elif open_refunds and what == "settle":
        payments.settle_refund(CLERK, open_refunds[0], f"FT{next(COUNT):08d}", new_key())
    elif open_refunds:
        payments.give_up_refund(CLERK, open_refunds[0], "Nhầm", new_key())


def _kept(order: Order) -> int:
    """Units of the order's one line that were neither refused nor whose money has gone back."""
    from shop.returns.models import Return, ReturnLine

    back = session().scalar(
        select(func.coalesce(func.sum(ReturnLine.quantity), 0))
        .join(Return, Return.id == ReturnLine.return_id)
        .join(Refund, Refund.id == Return.refund_id)
        .where(Return.order_id == order.id, Refund.state == "succeeded")
    )
    return int(order.lines[0].quantity - order.lines[0].refused_quantity - int(back or 0))


def test_refused_goods_stay_somebodys_work_when_their_refund_is_given_up(bench: Bench) -> None:
    factories.put_in(bench.variant, bench.point, 10)
    order = paid(bench, 4)
    _step(order, "refuse", 2)
    _step(order, "give-up", 0)
    assert broken() == []
    case = session().query(PaymentIssue).one()
    assert (case.kind, case.closed_at) == ("refund_failed", None)
    with pytest.raises(Invalid):
        issues.settle(CLERK, case.id, "close", "Khách không cần", new_key())
    issues.settle(CLERK, case.id, "return", "Gửi lại cho khách", new_key())
    payment = session().query(Payment).one()
    session().refresh(payment)
    assert payment.captured_amount - payment.refunded_amount == payment.amount
    assert broken() == []
