"""The wait list at the room's door: who is offered what, what becomes of it, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select, text

from shop.accounts.events import UserErased
from shop.checkout import services as checkout
from shop.demand import events
from shop.demand.errors import NotSoldOut, OfferInUse, OfferOver, WaitOver
from shop.demand.models.waiting import Choice, OfferState, WaitEntry, WaitState
from shop.demand.queries import waiting as queries
from shop.demand.rules import waiting as rules
from shop.demand.services import offers, waiting
from shop.demand.services.waiting import Wish
from shop.kernel import clock, jobs
from shop.kernel import events as facts
from shop.kernel.actor import GUEST, Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, ShopError
from shop.kernel.mail import Letter
from shop.stock import queries as stock
from shop.stock import services as goods
from shop.stock.models import Outcome, StockHold
from shop.stock.services import lots
from tests import factories
from tests.demand.conftest import Shelf, broken, second_pack
from tests.people import make_user

STAFF = Actor("user", "Lan", 1)


def later(hours: float) -> Any:
    return time_machine.travel(clock.now() + timedelta(hours=hours), tick=True)


def states(*entries: WaitEntry) -> list[str]:
    session().expire_all()
    return [e.state.value for e in entries]


def web_can_buy(shelf: Shelf) -> int:
    return stock.availability([shelf.variant.id]).get(shelf.variant.id, stock.NONE_LEFT).total


def test_goods_are_offered_in_order_in_the_transaction_that_brings_them(shelf: Shelf) -> None:
    first, second, third = shelf.wait("mot"), shelf.wait("hai"), shelf.wait("ba")
    with transaction():
        shelf.come(2)
        # Not committed yet, and already nothing is left for the web.
        assert web_can_buy(shelf) == 0
    assert states(first, second, third) == ["offered", "offered", "waiting"]
    assert queries.place(third) == (1, 1)
    assert [o.quantity for o in shelf.offers()] == [1, 1]
    assert not broken()


def test_what_nobody_waits_for_is_for_the_web(shelf: Shelf) -> None:
    shelf.wait("mot", 2)
    shelf.come(5)
    assert web_can_buy(shelf) == 3
    assert not broken()


def test_an_unconfirmed_address_is_offered_nothing(shelf: Shelf) -> None:
    unsure, sure = shelf.wait("mot", confirmed=False), shelf.wait("hai")
    shelf.come(1)
    assert states(unsure, sure) == ["unconfirmed", "offered"]
    # Confirming counts from now; goods that lie free are offered at once.
    shelf.come(1)
    assert web_can_buy(shelf) == 1
    waiting.confirm(GUEST, unsure.reference)
    assert states(unsure) == ["offered"]
    assert web_can_buy(shelf) == 0


def test_fewer_are_offered_to_who_takes_fewer_and_the_rest_keeps_its_place(shelf: Shelf) -> None:
    whole, some, last = shelf.wait("mot", 4, partial=False), shelf.wait("hai", 5), shelf.wait("ba", 1)
    shelf.come(3)
    assert states(whole, some, last) == ["waiting", "offered", "waiting"]
    offer = shelf.offers(some)[0]
    assert (offer.quantity, offer.passed_over) == (3, whole.reference)
    assert not broken()
    buy(shelf, offer)
    entry = shelf.entry(some.reference)
    assert (entry.state, entry.quantity, entry.bought) == (WaitState.WAITING, 2, 3)
    assert queries.place(entry)[0] == 2  # behind the one who wants four, before the last
    shelf.come(6)
    assert states(whole, some, last) == ["offered", "offered", "waiting"]
    assert not broken()


def test_alike_packs_are_one_queue_and_other_sizes_only_by_choice(shelf: Shelf) -> None:
    alike, large = second_pack(shelf.variant), second_pack(shelf.variant, grams=1000, position=2)
    only, same, anything = shelf.wait("mot", choice=Choice.THIS), shelf.wait("hai"), shelf.wait("ba", choice=Choice.ANY)
    shelf.come(1, alike)
    assert states(only, same, anything) == ["waiting", "offered", "waiting"]
    shelf.come(1, large)
    assert states(only, same, anything) == ["waiting", "offered", "offered"]
    assert shelf.offers(anything)[0].variant_id == large.id
    assert not broken()


def test_who_collects_waits_for_goods_at_his_point(shelf: Shelf) -> None:
    far = factories.make_point("Quầy xa", ships=False)
    there = shelf.wait("mot", point_id=far.id)
    parcel = shelf.wait("hai")
    shelf.come(1, point=far)
    assert states(there, parcel) == ["offered", "waiting"]
    shelf.come(1)
    assert states(parcel) == ["offered"]


def test_the_reserve_of_a_counter_is_not_offered(shelf: Shelf) -> None:
    with transaction():
        session().execute(text("UPDATE points SET web_reserve = 2 WHERE id = :i"), {"i": shelf.point.id})
    goods.refresh_availability()
    entry = shelf.wait("mot")
    shelf.come(2)
    assert states(entry) == ["waiting"]
    shelf.come(1)
    assert states(entry) == ["offered"]
    assert not broken()


# --- joining -----------------------------------------------------------------------------------------------------


def test_a_contact_stands_in_a_queue_once(shelf: Shelf) -> None:
    entry = shelf.wait("mot")
    again = waiting.join(GUEST, Wish(shelf.variant.sku, 5), " MOT@Example.vn ", locale="vi", adult=False)
    assert (again.reference, again.known, again.own) == (entry.reference, True, False)
    assert shelf.entry(entry.reference).quantity == 1
    waiting.leave(GUEST, entry.reference)
    anew = waiting.join(GUEST, Wish(shelf.variant.sku, 5), "mot@example.vn", locale="vi", adult=False)
    assert not anew.known


def test_joining_at_one_moment_makes_one_entry(shelf: Shelf, together: Any) -> None:
    wish = Wish(shelf.variant.sku, 1)
    outcomes = together(
        shelf.app, lambda: waiting.join(GUEST, wish, "mot@example.vn", locale="vi", adult=False).reference, times=6
    )
    assert not [o.error for o in outcomes if o.error]
    assert len({o.value for o in outcomes}) == 1


@pytest.mark.parametrize(
    ("contact", "quantity", "field"),
    [
        ("", 1, "contact"), ("mot@", 1, "contact"), ("12", 1, "contact"), ("mot@example.vn", 0, "quantity"),
        ("mot@example.vn", 10**6, "quantity"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_at_its_field(shelf: Shelf, contact: str, quantity: int, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        waiting.join(GUEST, Wish(shelf.variant.sku, quantity), contact, locale="vi", adult=False)
    assert refusal.value.field == field
    assert session().scalars(select(WaitEntry)).all() == []


def test_nobody_waits_for_what_is_there(shelf: Shelf) -> None:
    shelf.come(3)
    with pytest.raises(NotSoldOut):
        waiting.join(GUEST, Wish(shelf.variant.sku, 3), "mot@example.vn", locale="vi", adult=False)
    assert not waiting.join(
        GUEST, Wish(shelf.variant.sku, 4, partial=False), "mot@example.vn", locale="vi", adult=False
    ).known


def test_an_account_vouches_for_its_own_contact(shelf: Shelf) -> None:
    user = make_user(email="lan@example.vn", email_confirmed_at=clock.now())
    actor = Actor("user", user.name, user.id)
    mine = waiting.join(actor, Wish(shelf.variant.sku, 1), "", locale="vi", adult=False)
    assert (mine.state, mine.own) == (WaitState.WAITING, True)
    other = waiting.join(actor, Wish(shelf.variant.sku, 1), "khac@example.vn", locale="vi", adult=False)
    assert other.state is WaitState.UNCONFIRMED
    unsure = make_user(email="chua@example.vn")
    told = waiting.join(Actor("user", "Chưa", unsure.id), Wish(shelf.variant.sku, 1), "", locale="vi", adult=False)
    assert told.state is WaitState.UNCONFIRMED


def test_a_phone_is_confirmed_by_a_call_and_keeps_its_place(shelf: Shelf) -> None:
    by_phone = shelf.wait("0912345678", confirmed=False)
    by_letter = shelf.wait("mot")
    assert [c.reference for c in queries.calls()] == [by_phone.reference]
    waiting.confirm(STAFF, by_phone.reference, by_staff=True)
    assert queries.place(shelf.entry(by_phone.reference))[0] == 1
    assert queries.place(shelf.entry(by_letter.reference))[0] == 2
    shelf.come(1)
    (call,) = queries.calls()
    offers.told(STAFF, str(call.offer))
    assert queries.calls()[0].told_at is not None
    assert queries.to_call() == 0


def test_the_join_is_told_once_when_it_is_confirmed(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []
    entry = shelf.wait("mot", 3, confirmed=False)
    monkeypatch.setattr(waiting, "publish", heard.append)
    waiting.confirm(GUEST, entry.reference)
    waiting.confirm(GUEST, entry.reference)
    assert heard == [events.WaitJoined(entry.id, entry.product_id, entry.variant_id, 3)]


# --- changing and leaving ----------------------------------------------------------------------------------------


def test_more_moves_to_the_end_and_fewer_keeps_the_place(shelf: Shelf) -> None:
    first, second = shelf.wait("mot", 3), shelf.wait("hai")
    waiting.change(GUEST, first.reference, 2, partial=True)
    assert queries.place(shelf.entry(first.reference))[0] == 1
    waiting.change(GUEST, first.reference, 4, partial=True)
    assert queries.place(shelf.entry(first.reference))[0] == 2
    shelf.come(1)
    assert states(first, second) == ["waiting", "offered"]
    with pytest.raises(WaitOver):
        waiting.change(GUEST, second.reference, 2, partial=True)


def test_who_leaves_passes_his_goods_on(shelf: Shelf) -> None:
    first, second = shelf.wait("mot"), shelf.wait("hai")
    shelf.come(1)
    waiting.leave(GUEST, first.reference)
    waiting.leave(GUEST, first.reference)
    assert states(first, second) == ["left", "offered"]
    assert shelf.offers(first)[0].state is OfferState.DECLINED
    assert web_can_buy(shelf) == 0
    assert not broken()


# --- lapsing -----------------------------------------------------------------------------------------------------


def test_an_offer_that_lapses_goes_to_the_next_and_its_owner_to_the_end(shelf: Shelf) -> None:
    first, second, third = shelf.wait("mot"), shelf.wait("hai"), shelf.wait("ba")
    shelf.come(1)
    until = shelf.offers(first)[0].until
    with time_machine.travel(until + timedelta(seconds=1), tick=True):
        # Stock's own sweep comes first and finds nothing: the claim outlives the offer's term.
        assert goods.lapse_due() == 0
        assert offers.sweep() == (1, 0)
        assert states(first, second, third) == ["waiting", "offered", "waiting"]
        assert web_can_buy(shelf) == 0
        assert queries.place(shelf.entry(first.reference))[0] == 2
        assert shelf.offers(first)[0].state is OfferState.LAPSED
        assert not broken()


def test_who_lets_two_offers_lapse_loses_his_place(shelf: Shelf) -> None:
    entry = shelf.wait("mot")
    shelf.come(1)
    with later(100):
        offers.sweep()
        assert states(entry) == ["offered"]  # he alone waits: the goods are his again
        with later(100):
            offers.sweep()
            assert states(entry) == ["ended"]
            assert web_can_buy(shelf) == 1
            assert not broken()


def test_goods_that_cannot_be_sold_do_not_count_as_a_lapse(shelf: Shelf) -> None:
    entry = shelf.wait("mot")
    shelf.come(1)
    with transaction():
        session().execute(
            text("UPDATE prices SET valid_to = :t WHERE variant_id = :v"), {"t": clock.now(), "v": shelf.variant.id}
        )
    with later(100):
        offers.sweep()
        found = shelf.entry(entry.reference)
        assert (found.state, found.lapses) == (WaitState.WAITING, 0)
        assert shelf.offers()[0].state is OfferState.WITHDRAWN


def test_the_sweep_offers_what_came_while_the_queue_was_busy(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = shelf.wait("mot")
    with monkeypatch.context() as patch:
        patch.setattr(offers, "lock_queue", lambda _product_id, wait=True: wait)
        shelf.come(1)
    assert states(entry) == ["waiting"]
    assert offers.sweep() == (0, 1)
    assert states(entry) == ["offered"]


def test_a_stopped_lot_is_changed_for_another_or_the_offer_withdrawn(shelf: Shelf) -> None:
    first, second = shelf.wait("mot"), shelf.wait("hai")
    level = shelf.come(2, lot_code="L1")
    shelf.come(1, lot_code="L2")
    lot_id = session().execute(text("SELECT lot_id FROM stock_levels WHERE id = :i"), {"i": level}).scalar_one()
    lots.stop_lot(STAFF, lot_id, "Nghi nhiễm khuẩn", op_key="stop-lot-1")
    jobs.dispatch()
    assert states(first, second) == ["offered", "waiting"]
    assert sorted(o.state.value for o in shelf.offers()) == ["open", "withdrawn"]
    assert shelf.entry(second.reference).lapses == 0
    assert not broken()


# --- buying ------------------------------------------------------------------------------------------------------


def buy(shelf: Shelf, offer: Any, client: Any = None, **fields: Any) -> Any:
    """Take an offer by its link in a browser of its own and order."""
    client = client or shelf.app.test_client()
    secret = waiting.secret_for(str(shelf.app.secret_key), offer.reference)
    answer = client.fill(f"/giu-hang/{offer.reference}?k={secret}", form=f"/giu-hang/{offer.reference}")
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return shelf.bench.placed(shelf.bench.order(client, **fields))


def test_a_point_that_closes_takes_its_offers_back_and_nobodys_place(shelf: Shelf) -> None:
    """Goods that cannot be collected any more are no offer; whoever waits there is not the one who missed it, and may have them
    elsewhere without losing his place."""
    from shop.points import services as points
    from shop.stock import queries as stock_read

    corner = factories.make_point("Cửa hàng góc", ships=False)
    first = shelf.wait("mot", point_id=corner.id)
    second = shelf.wait("hai")
    shelf.come(2, point=corner)
    assert states(first, second) == ["offered", "waiting"]
    points.close(STAFF, corner.id, clock.today(), "hết hợp đồng")
    assert offers.sweep() == (1, 0)
    assert states(first, second) == ["waiting", "waiting"]
    entry = shelf.entry(first.reference)
    assert (entry.lapses, queries.view(entry).point_open, queries.view(shelf.entry(second.reference)).point_open) == (
        0, False, True,
    )  # fmt: skip
    (letter,) = letters("withdrawn")
    assert "giữ nguyên chỗ" in letter.body_text
    with pytest.raises(Invalid):
        waiting.change(GUEST, first.reference, 1, partial=True, point_id=corner.id)
    session().rollback()
    waiting.change(GUEST, first.reference, 1, partial=True, point_id=None)
    shelf.come(1)
    assert states(first, second) == ["offered", "waiting"]
    assert sum(level.free for level in stock_read.free_levels([shelf.variant.id], web=True)) == 0
    assert not broken()


def test_the_link_leads_to_an_order_of_the_goods_that_were_kept(shelf: Shelf) -> None:
    entry = shelf.wait("mot", 2)
    shelf.come(2)
    (offer,) = shelf.offers()
    assert web_can_buy(shelf) == 0
    assert shelf.bench.add(shelf.variant).status_code == 409  # nobody else
    order = buy(shelf, offer)
    (offer,) = shelf.offers()
    assert (offer.state, offer.order_id) == (OfferState.BOUGHT, order.id)
    assert states(entry) == ["bought"]
    assert [line.quantity for line in order.lines] == [2]
    holds = session().scalars(select(StockHold).where(StockHold.reference == offer.claim)).all()
    assert [h.outcome for h in holds] == [Outcome.RELEASED]
    assert not broken()


def test_buying_fewer_gives_the_others_to_the_next(shelf: Shelf) -> None:
    first, second = shelf.wait("mot", 3), shelf.wait("hai")
    shelf.come(3)
    client = shelf.app.test_client()
    (offer,) = shelf.offers()
    secret = waiting.secret_for(str(shelf.app.secret_key), offer.reference)
    client.fill(f"/giu-hang/{offer.reference}?k={secret}", form=f"/giu-hang/{offer.reference}")
    client.fill("/gio-hang", form="/gio-hang", quantity="2")
    shelf.bench.placed(shelf.bench.order(client))
    assert states(first, second) == ["bought", "offered"]
    assert shelf.entry(first.reference).bought == 2
    assert not broken()


def test_more_than_is_kept_is_cut_to_what_there_is(shelf: Shelf) -> None:
    shelf.wait("mot", 2)
    shelf.come(2)
    client = shelf.app.test_client()
    (offer,) = shelf.offers()
    secret = waiting.secret_for(str(shelf.app.secret_key), offer.reference)
    client.fill(f"/giu-hang/{offer.reference}?k={secret}", form=f"/giu-hang/{offer.reference}")
    client.fill("/gio-hang", form="/gio-hang", quantity="7")
    order = shelf.bench.placed(shelf.bench.order(client))
    assert [line.quantity for line in order.lines] == [2]


def test_a_basket_whose_claim_is_over_cannot_be_ordered(shelf: Shelf) -> None:
    shelf.wait("mot")
    shelf.come(1)
    client = shelf.app.test_client()
    (offer,) = shelf.offers()
    secret = waiting.secret_for(str(shelf.app.secret_key), offer.reference)
    client.fill(f"/giu-hang/{offer.reference}?k={secret}", form=f"/giu-hang/{offer.reference}")
    shelf.wait("hai")
    with later(60):
        offers.sweep()
        answer = shelf.bench.order(client)
        assert answer.status_code == 409
        page = client.get(f"/giu-hang/{offer.reference}?k={secret}")
        assert "không còn được giữ" in page.get_data(as_text=True)
        assert not broken()


def test_the_link_works_in_one_browser(shelf: Shelf) -> None:
    shelf.wait("mot")
    shelf.come(1)
    (offer,) = shelf.offers()
    offers.put_in_basket(offer.reference, "browser-number-one", None, adult=False)
    offers.put_in_basket(offer.reference, "browser-number-one", None, adult=False)
    with pytest.raises(OfferInUse):
        offers.put_in_basket(offer.reference, "browser-number-two", None, adult=False)
    with later(60), pytest.raises(OfferOver):
        offers.put_in_basket(offer.reference, "browser-number-one", None, adult=False)


def test_a_cancelled_order_gives_its_goods_to_who_waits(shelf: Shelf) -> None:
    shelf.come(1)
    client = shelf.app.test_client()
    shelf.bench.add(shelf.variant, client=client)
    order = shelf.bench.placed(shelf.bench.order(client))
    entry = shelf.wait("mot")
    checkout.cancel_by_buyer(GUEST, order.reference, "Đổi ý")
    assert states(entry) == ["offered"]
    assert web_can_buy(shelf) == 0


# --- the race ----------------------------------------------------------------------------------------------------


def test_offers_holds_and_web_buyers_over_the_last_units(shelf: Shelf, together: Any) -> None:
    """Goods come bit by bit while people buy from the shelf, take their offers, leave and let them lapse: never more than there
    is, and nobody stands before somebody who came earlier."""
    queue = [shelf.wait(f"cho{n}", 1 + n % 3) for n in range(6)]
    references = [e.reference for e in queue]
    sku = shelf.variant.sku

    def bring(n: int) -> Any:
        return lambda: factories.put_in(shelf.variant, shelf.point, 1 + n % 2)

    def web(n: int) -> Any:
        def go() -> Any:
            try:
                checkout.add(f"web-browser-{n:06d}-{sku}", None, sku, 1, adult=False)
            except ShopError as error:
                return error.code
            client = shelf.app.test_client()
            client.set_cookie("visitor", f"web-browser-{n:06d}-{sku}")
            return shelf.bench.order(client, phone=f"09123456{n:02d}").status_code

        return go

    def take(n: int) -> Any:
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

    work = [bring(n) for n in range(4)] + [web(n) for n in range(3)] + [take(n) for n in range(3)]
    work.append(lambda: waiting.leave(GUEST, references[4]))
    outcomes = together(shelf.app, work)
    errors = [o.error for o in outcomes if o.error is not None]
    assert all(getattr(e, "code", "") == "busy" for e in errors), errors
    assert not [o.value for o in outcomes if isinstance(o.value, int) and o.value >= 500]
    offers.sweep()
    session().rollback()
    assert not broken()
    brought = sum(1 + n % 2 for n, o in zip(range(4), outcomes, strict=False) if o.error is None)
    sold, kept = session().execute(
        text("SELECT (SELECT COALESCE(SUM(quantity), 0) FROM order_lines), "
             "(SELECT COALESCE(SUM(quantity), 0) FROM wait_offers WHERE state = 'open')")
    ).one()  # fmt: skip
    left = (
        session()
        .execute(
            text("SELECT SUM(on_hand - held - allocated) FROM stock_levels WHERE variant_id = :v"),
            {"v": shelf.variant.id},
        )
        .scalar_one()
    )
    assert brought == sold + kept + left
    still = [e for e in map(shelf.entry, references) if e.state is WaitState.WAITING]
    assert not still or left == 0


# --- letters, forgetting -----------------------------------------------------------------------------------------


def letters(kind: str) -> list[Letter]:
    jobs.dispatch()
    return list(session().scalars(select(Letter).where(Letter.kind == f"waiting.{kind}").order_by(Letter.id)))


def test_each_fact_has_its_letter_once_in_its_readers_language(shelf: Shelf) -> None:
    entry = shelf.wait("mot", confirmed=False)
    for _ in range(2):
        waiting.join(GUEST, Wish(shelf.variant.sku, 1), "mot@example.vn", locale="vi", adult=False)
    (asked,) = letters("confirm")
    secret = waiting.secret_for(str(shelf.app.secret_key), entry.reference)
    assert f"/cho-hang/{entry.reference}?k={secret}" in asked.body_text
    waiting.confirm(GUEST, entry.reference)
    assert "đứng thứ 1" in letters("joined")[0].body_text
    with transaction():
        session().execute(text("UPDATE wait_entries SET locale = 'en'"))
    shelf.come(1)
    (told,) = letters("offer")
    assert "is kept for you" in told.body_text or "are kept for you" in told.body_text
    assert "/en/giu-hang/" in told.body_text
    with later(100):
        offers.sweep()
        assert len(letters("lapsed")) == 1


def test_an_unconfirmed_address_ends_and_contacts_go_after_their_term(shelf: Shelf) -> None:
    entry, kept, phone = (
        shelf.wait("mot", confirmed=False),
        shelf.wait("hai"),
        shelf.wait("0912345678", confirmed=False),
    )
    with later(int(rules.CONFIRM_HOURS.get()) + 1):
        waiting.forget_unconfirmed()
        assert states(entry, kept, phone) == ["ended", "waiting", "unconfirmed"]
        with later(24 * 91):
            assert waiting.blank_old() == 1
            found = shelf.entry(entry.reference)
            assert (found.email, found.contact_key) == (None, None)
            assert shelf.entry(kept.reference).email
    assert not broken()


def test_the_erased_leave_their_queues(shelf: Shelf) -> None:
    user = make_user(email="lan@example.vn", email_confirmed_at=clock.now())
    actor = Actor("user", user.name, user.id)
    mine = waiting.join(actor, Wish(shelf.variant.sku, 1), "", locale="vi", adult=False)
    other = shelf.wait("hai")
    shelf.come(1)
    with transaction():
        facts.publish(UserErased(user.id))
    found = shelf.entry(mine.reference)
    assert (found.state, found.email, found.user_id) == (WaitState.LEFT, None, None)
    assert {step.actor_label for step in found.steps} == {"Khách", "Hệ thống"}
    assert states(other) == ["offered"]
    assert not broken()


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ("UPDATE wait_offers SET quantity = quantity + 1", "waiting.offers-keep-their-goods"),
        ("UPDATE stock_holds SET reference = 'offer:XXXX-XXXX'", "waiting.offers-keep-their-goods"),
        ("UPDATE wait_offers SET until = '2020-01-01 00:00:00+00:00'", "waiting.offers-end"),
        ("UPDATE wait_entries SET state = 'waiting' WHERE state = 'offered'", "waiting.offered-means-an-offer"),
        ("UPDATE wait_entries SET queued_at = '2020-01-01 00:00:00+00:00', waiting_since = '2020-01-01 00:00:00+00:00' "
         "WHERE state = 'waiting'", "waiting.in-order"),
        ("DELETE FROM wait_steps WHERE to_state = 'waiting'", "waiting.history-is-a-chain"),
    ],
)  # fmt: skip
def test_the_audit_sees(shelf: Shelf, fault: str, name: str) -> None:
    shelf.wait("mot"), shelf.wait("hai")
    shelf.come(1)
    assert not broken()
    with transaction():
        session().execute(text(fault))
    assert any(found.startswith(name) for found in broken())
