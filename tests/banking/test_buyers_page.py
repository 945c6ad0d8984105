"""Who paid short, over or late by transfer reads it on his order's page, guest or not, before and after a person decides."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from shop.banking.models import Queue
from shop.banking.services import handling
from shop.kernel import clock
from shop.kernel.db import session
from shop.orders import services as orders
from shop.orders.models import Order, OrderStatus
from shop.payments import queries
from shop.payments import services as payments
from shop.payments.models import Payment, Refund
from tests.banking.conftest import CLERK, key, lines, number, only, parts, send, statement, told
from tests.checkout.conftest import BANK, Bench, bench, bench_with
from tests.checkout.test_ordering import text_of

__all__ = ["bench", "bench_with"]


@pytest.fixture
def app(make_app: Callable[..., Any]) -> Any:
    return make_app(**BANK)


@pytest.fixture
def account(bench: Bench) -> str:
    from shop.banking.models import ShopAccount
    from shop.banking.services import accounts

    accounts.own()
    return session().query(ShopAccount).one().reference


class Buyer:
    """A guest who ordered by transfer, and his page."""

    def __init__(self, bench: Bench) -> None:
        bench.add()
        self.bench = bench
        self.order: Order = bench.placed(bench.order(payment="vietqr"))
        payment = session().query(Payment).filter_by(order_id=self.order.id).one()
        self.payment_id, self.code, self.due = payment.id, payment.code or "", payment.amount

    def page(self) -> str:
        session().rollback()
        text = text_of(self.bench.client.get(f"/don-hang/{self.order.reference}"))
        return text.replace("\xa0", " ")

    def notices(self) -> set[str]:
        return set(re.findall(r'data-testid="(money-[a-z]+)"', self.page()))

    def qr_amount(self) -> int:
        found = re.search(r'data-testid="vietqr-text">([^<]+)<', self.page())
        assert found, "no VietQR"
        amount = re.search(r"5303704540(\d)(\d+?)5802VN", found[1])
        wide = re.search(r"530370454(\d\d)(\d+)", found[1])
        assert amount or wide
        assert wide
        return int(wide[2][: int(wide[1])])


def vnd(amount: int) -> str:
    return f"{amount:,}".replace(",", ".") + " ₫"


def test_short_is_said_before_and_after_a_person_credits_it(bench: Bench, account: str) -> None:
    buyer = Buyer(bench)
    assert buyer.notices() == set()
    assert buyer.qr_amount() == buyer.due
    lacks = 45_000
    send(account, statement(told(buyer.due - lacks, f"{buyer.code}")))
    assert only().queue == Queue.SHORT
    for _time in range(2):
        page = buyer.page()
        assert buyer.notices() == {"money-short"}
        assert f"Đã nhận {vnd(buyer.due - lacks)}, còn thiếu {vnd(lacks)}" in page
        assert buyer.qr_amount() == lacks
        picture = bench.client.get(f"/don-hang/{buyer.order.reference}/vietqr.png")
        assert picture.mimetype == "image/png"
        line = only()
        if not line.handled_amount:
            handling.credit(CLERK, line.reference, [(buyer.code, line.amount)], line.version, op_key=key())
    send(account, statement(told(lacks, f"{buyer.code}")))
    assert buyer.notices() == set()
    session().refresh(buyer.order)
    assert buyer.order.status is OrderStatus.PLACED


def test_the_page_of_a_short_order_speaks_english_too(bench: Bench, account: str) -> None:
    buyer = Buyer(bench)
    send(account, statement(told(buyer.due - 1_000, f"{buyer.code}")))
    page = text_of(bench.client.get(f"/en/don-hang/{buyer.order.reference}"))
    assert "still missing" in page


def test_over_is_said_and_what_becomes_of_it(bench: Bench, account: str) -> None:
    buyer = Buyer(bench)
    send(account, statement(told(buyer.due + 15_000, f"{buyer.code}")))
    assert only().queue == Queue.OVER
    assert buyer.notices() == {"money-seen", "money-over"}  # nobody has said anything yet
    assert f"Bạn đã chuyển thừa {vnd(15_000)}" in buyer.page()
    assert "vietqr-image" not in buyer.page()
    handling.credit(CLERK, only().reference, [(buyer.code, buyer.due)], only().version, op_key=key())
    assert buyer.notices() == {"money-over"}
    handling.give_back(CLERK, only().reference, buyer.code, "trả thừa", only().version, op_key=key())
    assert buyer.notices() == {"money-returning"}
    refund = session().query(Refund).one()
    payments.settle_refund(CLERK, refund.id, number(), key())
    assert buyer.notices() == {"money-returned"}


def test_what_is_kept_is_said_with_its_reason(bench: Bench, account: str) -> None:
    buyer = Buyer(bench)
    send(account, statement(told(buyer.due + 2_000, f"{buyer.code}")))
    handling.credit(CLERK, only().reference, [(buyer.code, buyer.due)], only().version, op_key=key())
    handling.keep(CLERK, only().reference, "khách cho", only().version, op_key=key())
    assert buyer.notices() == {"money-kept"}
    assert "khách cho" in buyer.page()
    handling.undo(CLERK, only().reference, parts(only())[-1].id, only().version, op_key=key())
    assert buyer.notices() == {"money-over"}


def test_too_much_written_by_hand_and_too_little(bench: Bench, account: str) -> None:
    buyer = Buyer(bench)
    payments.confirm_transfer(CLERK, buyer.payment_id, buyer.due + 9_000, number(), key())
    assert buyer.notices() == {"money-seen", "money-over"}
    assert vnd(9_000) in buyer.page()
    other = Buyer(bench)
    payments.confirm_transfer(CLERK, other.payment_id, other.due - 9_000, number(), key())
    assert other.notices() == {"money-short"}
    assert other.qr_amount() == 9_000


def test_after_the_order_ended(bench: Bench, account: str) -> None:
    buyer = Buyer(bench)
    orders.cancel(CLERK, buyer.order.id, "Hết hạn thanh toán")
    send(account, statement(told(buyer.due - 1_000, f"{buyer.code}")))
    assert only().queue == Queue.LATE
    assert buyer.notices() == {"money-over"}
    assert "sau khi đơn kết thúc" in buyer.page()


def test_a_second_telling_of_the_same_transfer_is_not_said_to_be_over(bench: Bench, account: str) -> None:
    buyer = Buyer(bench)
    send(account, statement(told(buyer.due, f"{buyer.code}")))
    send(account, statement(told(buyer.due, f"{buyer.code} ct den", "")))
    assert lines()[-1].queue == Queue.AGAIN
    assert buyer.notices() == set()


def test_anothers_money_is_not_told(bench: Bench, account: str) -> None:
    one, two = Buyer(bench), Buyer(bench)
    send(account, statement(told(one.due + two.due + 50_000, f"{one.code} {two.code}")))
    line = only()
    handling.credit(CLERK, line.reference, [(one.code, one.due), (two.code, two.due)], line.version, op_key=key())
    assert one.notices() == two.notices() == set()
    assert queries.transfer_of(one.order.id) is None
    assert clock.today()
