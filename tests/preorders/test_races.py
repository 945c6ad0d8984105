"""Many buyers at once: real threads, real connections."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from shop.checkout import services as checkout
from shop.kernel.db import session
from shop.payments import services as payments
from shop.payments.models import Payment
from shop.preorders.errors import HouseholdLimit, NoPlaces, WindowMovedOn
from shop.preorders.models import Preorder, S, W
from shop.preorders.services import places, running, windows
from shop.stock.models import StockLevel
from tests.preorders.conftest import BUYER, OFFICE, Orchard, broken, claim, key, later, order, row, work


def test_the_last_places_go_to_exactly_as_many_as_there_are(orchard: Orchard, together: Callable[..., Any]) -> None:
    window = orchard.open(limit_units=10)
    wishes = [orchard.wish(3) for _ in range(12)]
    session().rollback()

    def one(wish: Any) -> Callable[[], Any]:
        return lambda: orchard.place(window, wish)

    came = together(orchard.app, [one(w) for w in wishes])
    assert Counter(type(o.error) for o in came) == {type(None): 3, NoPlaces: 9}
    assert (row(window).taken, session().query(Preorder).count()) == (9, 3)
    assert broken() == []


def test_one_house_asking_at_the_same_moment_stays_within_its_limit(
    orchard: Orchard, together: Callable[..., Any]
) -> None:
    window = orchard.open()
    phone = orchard.wish().phone
    wishes = [orchard.wish(2, phone=phone) for _ in range(6)]
    session().rollback()
    came = together(orchard.app, [lambda w=w: orchard.place(window, w) for w in wishes])
    assert Counter(type(o.error) for o in came) == {type(None): 2, HouseholdLimit: 4}
    assert (row(window).taken, broken()) == (4, [])


def test_money_the_sweep_a_leaver_and_a_closing_window_meet(orchard: Orchard, together: Callable[..., Any]) -> None:
    window = orchard.open()
    paid, lapsed, leaving = orchard.place(window, 3), orchard.place(window, 3), orchard.place(window, 3)
    orchard.pay(leaving)
    for placed in (paid, lapsed):
        later(placed.reference, minutes=1)
    found = session().query(Payment).filter_by(order_id=order(paid.deposit_reference or "").id).one()
    payment_id, amount = found.id, found.amount
    session().rollback()
    came = together(
        orchard.app,
        [
            lambda: payments.confirm_transfer(OFFICE, payment_id, amount, "FT-RACE-1", key()),
            checkout.cancel_overdue,
            checkout.cancel_overdue,
            lambda: places.leave(BUYER, leaving.reference),
            lambda: windows.close(OFFICE, window, key()),
        ],
    )
    assert not [o.error for o in came if o.error and type(o.error).__name__ not in {"CannotLeave"}]
    work()
    assert row(window).state is W.CLOSED
    assert claim(paid.reference).state is S.CONFIRMED  # in time or late: there is room either way
    assert claim(lapsed.reference).state is S.LAPSED
    assert broken() == []


def test_two_officers_share_the_same_harvest(orchard: Orchard, together: Callable[..., Any]) -> None:
    window = orchard.open()
    orchard.bought(window, 4, 4, 4)
    orchard.harvest(window, 7)
    stamp = running.preview(window).stamp
    session().rollback()
    came = together(orchard.app, lambda: running.run(OFFICE, window, stamp, key()), times=4)
    assert Counter(type(o.error) for o in came) == {type(None): 1, WindowMovedOn: 3}
    work()
    assert session().query(StockLevel).one().allocated == 7
    assert broken() == []
