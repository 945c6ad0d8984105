"""What a buyer's bank takes of a card payment shows on its order, in the ledger and at the office; what it gives back too."""

from __future__ import annotations

import random
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from shop.accounts.permissions import Role
from shop.checkout import disputed
from shop.kernel import invariants, jobs
from shop.kernel.db import session, transaction
from shop.kernel.mail import Letter
from shop.kernel.operations import new_key
from shop.ledger.models import Posting
from shop.orders import services as orders
from shop.orders.errors import MoneyIsDisputed
from shop.orders.models import Fulfilment, Order, OrderTransition, PaymentMethod
from shop.payments import services as payments
from shop.payments.fake_stripe import FakeStripe
from shop.payments.models import Dispute, Payment
from shop.settlement.services import posting
from tests import factories
from tests.payments.conftest import CLERK, Placed, begin, place
from tests.people import make_user
from tests.remittances.conftest import Shelf


def wrong() -> dict[str, Any]:
    session().rollback()
    session().expire_all()
    return {f.name: f.offenders for f in invariants.run("payments", "orders", "stock", "ledger") if not f.ok}


def money_of(placed: Placed) -> str:
    session().rollback()
    return session().get_one(Order, placed.order_id, populate_existing=True).payment_status.value


def balance(account: str) -> int:
    return int(
        session().scalar(select(func.coalesce(func.sum(Posting.amount), 0)).where(Posting.account == account)) or 0
    )


def bought(stripe: FakeStripe) -> tuple[Placed, str]:
    """An order of one pack with goods, paid by card; its PaymentIntent."""
    point, good = factories.make_point("Kho Thử"), factories.make_variant(amount=185_000)
    shelf = Shelf(point, good, factories.put_in(good, point, 5))
    from tests.banking.test_together import bought as by_transfer

    placed = by_transfer(shelf)
    with transaction() as s:
        s.execute(update(Payment).where(Payment.id == placed.payment_id).values(state="cancelled"))
        s.execute(update(Order).where(Order.id == placed.order_id).values(payment_method=PaymentMethod.CARD))
        until = s.scalar(select(Order.pay_until).where(Order.id == placed.order_id))
        opened = payments.open_payment(placed.order_id, placed.reference, PaymentMethod.CARD, 185_000, until)
    card = Placed(placed.order_id, placed.reference, opened.id, None, 185_000)
    session = begin(card)
    stripe.pay(session)
    stripe.settle()
    return card, stripe.sessions[session]["payment_intent"]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("end", ["won", "lost", ""])
def test_in_any_order_the_same_end(ctx: Flask, stripe: FakeStripe, seed: int, end: str) -> None:
    """The word of the payment among those of the dispute, each thrice, shuffled."""
    stripe.hold = True
    placed = place("card")
    reference = begin(placed)
    stripe.pay(reference)
    made = stripe.dispute(stripe.sessions[reference]["payment_intent"])
    if end:
        stripe.rule(made["id"], end)
    stripe.release(shuffle=random.Random(seed), times=3)
    stripe.hold = False
    from shop.payments.services import provider

    provider.catch_up()
    assert money_of(placed) == {"won": "paid", "lost": "charged_back", "": "disputed"}[end]
    assert {name for name in wrong() if not name.startswith("orders.")} == set()  # the order has no lines


def test_a_lost_one_costs_the_shop_and_not_the_producer(ctx: Flask, stripe: FakeStripe) -> None:
    placed, intent = bought(stripe)
    orders.confirm(CLERK, placed.order_id)
    parcel = session().scalars(select(Fulfilment.id).where(Fulfilment.order_id == placed.order_id)).one()
    orders.pack(CLERK, parcel)
    orders.hand_over(CLERK, parcel, carrier="GHN")
    made = stripe.dispute(intent)
    stripe.settle()
    assert money_of(placed) == "disputed"
    assert (balance("disputed"), balance("chargebacks")) == (185_000, 150_000)
    orders.deliver(CLERK, parcel)
    order = session().get_one(Order, placed.order_id, populate_existing=True)
    assert order.status == "completed"
    owed = posting.of_order(placed.order_id)
    stripe.rule(made["id"], "lost")
    stripe.settle()
    assert money_of(placed) == "charged_back"
    assert (balance("disputed"), balance("chargebacks")) == (0, 335_000)
    assert posting.of_order(placed.order_id) == 0  # what the producer is owed stays as it is
    assert owed >= 0
    reasons = session().scalars(select(OrderTransition.reason).where(OrderTransition.subject == "payment")).all()
    assert reasons[-1] == "Cửa hàng thua khiếu nại thẻ"
    assert wrong() == {}


def test_a_won_one_gives_it_back(ctx: Flask, stripe: FakeStripe) -> None:
    placed, intent = bought(stripe)
    made = stripe.dispute(intent)
    stripe.settle()
    stripe.rule(made["id"], "won")
    stripe.settle()
    assert money_of(placed) == "paid"
    assert (balance("disputed"), balance("chargebacks")) == (0, 0)
    assert wrong() == {}


def test_goods_do_not_leave_while_their_money_is_away(ctx: Flask, stripe: FakeStripe) -> None:
    placed, intent = bought(stripe)
    orders.confirm(CLERK, placed.order_id)
    parcel = session().scalars(select(Fulfilment.id).where(Fulfilment.order_id == placed.order_id)).one()
    made = stripe.dispute(intent)
    stripe.settle()
    session().rollback()
    with pytest.raises(MoneyIsDisputed):
        orders.pack(CLERK, parcel)
    stripe.rule(made["id"], "won")
    stripe.settle()
    session().rollback()
    orders.pack(CLERK, parcel)
    assert wrong() == {}


def test_an_order_given_up_while_disputed_sends_nothing_back_twice(ctx: Flask, stripe: FakeStripe) -> None:
    placed, intent = bought(stripe)
    made = stripe.dispute(intent)
    stripe.settle()
    session().rollback()
    orders.cancel(CLERK, placed.order_id, "Khách khiếu nại thẻ")
    stripe.rule(made["id"], "lost")
    stripe.settle()
    assert stripe.refunds == {}
    order = session().get_one(Order, placed.order_id, populate_existing=True)
    assert (order.status, order.payment_status) == ("cancelled", "charged_back")
    with transaction() as s:
        s.execute(update(Payment).values(captured_at=order.placed_at.replace(year=2020)))
    assert wrong() == {}


def test_an_inquiry_changes_nothing(ctx: Flask, stripe: FakeStripe) -> None:
    placed, intent = bought(stripe)
    made = stripe.dispute(intent, inquiry=True)
    stripe.settle()
    assert money_of(placed) == "paid"
    stripe.rule(made["id"], "warning_closed")
    stripe.settle()
    assert money_of(placed) == "paid"
    assert wrong() == {}


def test_the_office_hears_what_follows(ctx: Flask, stripe: FakeStripe) -> None:
    make_user("Kế toán", Role.ORDER_DESK)
    placed, intent = bought(stripe)
    made = stripe.dispute(intent)
    stripe.rule(made["id"], "lost")
    stripe.settle()
    jobs.dispatch()
    session().rollback()
    told = session().scalars(select(Letter).where(Letter.kind == "dispute.ended")).all()
    assert told
    assert all("Cửa hàng thua" in letter.body_text and "điều chỉnh" in letter.body_text for letter in told)
    assert money_of(placed) == "charged_back"


def test_an_order_that_does_not_say_so_is_seen_and_put_right(ctx: Flask, stripe: FakeStripe) -> None:
    placed, intent = bought(stripe)
    stripe.dispute(intent)
    stripe.settle()
    with transaction() as s:  # as a shop before these words left it
        s.execute(update(Order).where(Order.id == placed.order_id).values(payment_status="paid"))
        s.execute(OrderTransition.__table__.delete().where(OrderTransition.to_status == "disputed"))
    assert list(wrong()) == ["payments.disputes-show-on-their-orders"]
    assert disputed.follow_all() == 1
    assert (money_of(placed), disputed.follow_all()) == ("disputed", 0)
    assert wrong() == {}
    with transaction() as s:
        s.execute(update(Dispute).values(withdrawn_amount=0))
    assert "payments.disputes-show-on-their-orders" in wrong()


def test_money_kept_twice_by_one_key_is_paid_once(ctx: Flask, stripe: FakeStripe) -> None:
    """A refund asked for while a part is disputed takes only what is here."""
    placed, intent = bought(stripe)
    stripe.dispute(intent, 100_000)
    stripe.settle()
    session().rollback()
    payments.request_refund(CLERK, placed.payment_id, 85_000, "Hoàn phần còn lại", new_key())
    jobs.dispatch()
    assert money_of(placed) == "disputed"
    assert wrong() == {}
