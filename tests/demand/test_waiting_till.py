"""The last units are wanted by those who wait, by the web and over a counter at one moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select

from shop.accounts.permissions import Role
from shop.checkout import services as checkout
from shop.demand.models.waiting import OfferState, WaitEntry, WaitOffer, WaitState
from shop.demand.queries import waiting as queries
from shop.demand.services import offers, waiting
from shop.kernel.db import session
from shop.kernel.errors import ShopError
from shop.orders.models import Order, OrderLine
from shop.stock.models import StockLevel
from shop.till.models import Shortage
from shop.till.services import devices
from tests import people
from tests.demand.conftest import Shelf, broken
from tests.till.conftest import BOSS, Device


def till_at(shelf: Shelf, code: str) -> Device:
    """An enrolled device at the shelf's point, its session open."""
    keeper = people.make_user(f"Quầy {code}", (Role.POINT_KEEPER, f"point:{shelf.point.id}"))
    devices.set_pin(BOSS, keeper.id, "2580")
    device_id = devices.create(BOSS, code, f"Máy {code}", shelf.point.id)
    made = devices.new_code(BOSS, device_id)
    answer = shelf.app.test_client().post("/till/api/enrol", json={"code": made.code, "device_name": "thử"})
    found = Device(shelf.app, code, answer.get_json()["token"], device_id, keeper)
    assert found.send(found.open())[0]["status"] == "done"
    return found


def test_a_counter_sells_while_offers_baskets_and_the_web_want_the_same_units(
    shelf: Shelf, together: Callable[..., list[Any]]
) -> None:
    """Whoever holds the goods at the counter has them; what others have a claim on stays theirs, and what the books lack for
    that is shown, to the last unit."""
    references = [shelf.wait(f"cho{n}", 1 + n % 2).reference for n in range(4)]
    sku = shelf.variant.sku
    tills = [till_at(shelf, code) for code in ("C1", "C2")]
    shelf.come(3)  # offers to the first who wait stand when the others begin
    sales = [(d, [d.sale(d.line(shelf.variant, 1 + n % 2)) for n in range(3)]) for d in tills]

    def web(n: int) -> Callable[[], Any]:
        def go() -> Any:
            token = f"web-browser-{n:06d}-{sku}"
            try:
                checkout.add(token, None, sku, 1, adult=False)
            except ShopError as error:
                return error.code
            client = shelf.app.test_client()
            client.set_cookie("visitor", token)
            return shelf.bench.order(client, phone=f"09123456{n:02d}").status_code

        return go

    def take(n: int) -> Callable[[], Any]:
        def go() -> Any:
            client = shelf.app.test_client()
            for _ in range(4):
                session().rollback()
                entry = session().scalars(select(WaitEntry).where(WaitEntry.reference == references[n])).one()
                found = queries.view(entry).offer
                session().rollback()
                if found is None:
                    offers.sweep()
                    continue
                secret = waiting.secret_for(str(shelf.app.secret_key), found.reference)
                answer = client.fill(f"/giu-hang/{found.reference}?k={secret}", form=f"/giu-hang/{found.reference}")
                if answer.status_code == 303:
                    return shelf.bench.order(client, phone=f"09223456{n:02d}").status_code
            return None

        return go

    def bring(n: int) -> Callable[[], Any]:
        return lambda: shelf.come(2, lot_code=f"L{n}")

    # Each device sends its batch twice at once: the reply to the first was lost.
    work = [lambda d=d, batch=batch: d.send(*batch) for d, batch in sales * 2]
    work += [bring(n) for n in range(2)] + [web(n) for n in range(3)] + [take(n) for n in range(3)]
    session().rollback()
    assert shelf.variant.id and shelf.point.id
    session().expunge_all()  # loaded and nobody's: many threads read them
    outcomes = together(shelf.app, work)
    errors = [o.error for o in outcomes if o.error is not None]
    assert all(getattr(e, "code", "") == "busy" for e in errors), errors
    assert not [o.value for o in outcomes if isinstance(o.value, int) and o.value >= 500]
    for outcome in outcomes[:4]:
        assert {r["status"] for r in outcome.value} <= {"done", "again"}
    offers.sweep()
    session().rollback()
    session().expire_all()
    assert not broken()
    on_hand, held, allocated = session().execute(
        select(func.sum(StockLevel.on_hand), func.sum(StockLevel.held), func.sum(StockLevel.allocated)).where(
            StockLevel.variant_id == shelf.variant.id
        )
    ).one()  # fmt: skip

    def units(channel: str) -> int:
        return int(
            session().scalar(
                select(func.coalesce(func.sum(OrderLine.quantity), 0))
                .join(Order, Order.id == OrderLine.order_id)
                .where(Order.channel == channel)
            )
        )

    brought = 3 + 2 * sum(o.error is None for o in outcomes[4:6])
    lacked = sum(x.quantity for x in session().scalars(select(Shortage)))
    kept = sum(x.quantity for x in session().scalars(select(WaitOffer).where(WaitOffer.state == OfferState.OPEN)))
    assert units("till") == 8
    assert (held, allocated) == (kept, units("web"))
    assert on_hand == brought + lacked - 8
    assert kept + units("web") <= on_hand
    still = [r for r in references if shelf.entry(r).state is WaitState.WAITING]
    assert not still or on_hand == held + allocated
