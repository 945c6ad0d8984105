"""What devices send: sales become orders of their kind, each event once, whatever the network does."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.orders.models import Order
from shop.payments.models import Payment, PaymentReceipt
from shop.stock.models import StockLevel, StockMovement
from shop.till.models import Ask, Gap, Notice, TillClosing, TillEvent, TillSale, TillSession, TillTender
from tests import factories
from tests.till.conftest import DAY, Counter, Device, audit_clean, uid


def on_hand(counter: Counter) -> int:
    session().rollback()
    return sum(x.on_hand for x in session().query(StockLevel).filter_by(variant_id=counter.goods.id))


def codes(results: list[dict[str, Any]]) -> list[str]:
    return [r.get("code") or r["status"] for r in results]


def test_a_day_at_the_counter(counter: Counter) -> None:
    d, goods = counter.device, counter.goods
    opened = d.open()
    sold = d.sale(d.line(goods, 2))
    results = d.send(opened, sold, d.cash(-100_000, "trả tiền đá lạnh"), d.close(641_000))
    assert codes(results) == ["done"] * 4
    assert results[1]["reference"] == "A1-000001"
    assert (results[3]["expected"], results[3]["variance"]) == (640_000, 1_000)
    order = session().query(Order).filter_by(reference="A1-000001").one()
    assert (order.channel, order.status, order.payment_status) == ("till", "completed", "paid")
    assert (order.payment_method, order.delivery, order.total_amount) == ("cash", "pickup", 240_000)
    assert order.pickup_point_id == counter.point.id
    assert on_hand(counter) == 18
    assert codes(d.send(opened, sold)) == ["again", "again"]
    assert session().query(Order).count() == session().query(TillClosing).count() == 1
    audit_clean()


def test_several_tenders_are_several_payments(counter: Counter) -> None:
    d = counter.device
    tenders = [
        {"kind": "cash", "amount": 40_000, "given": 50_000}, {"kind": "vietqr", "amount": 50_000},
        {"kind": "terminal", "amount": 30_000, "note": "0042"},
    ]  # fmt: skip
    opened = d.open()
    sale = d.sale(d.line(counter.goods), tenders=tenders)
    assert codes(d.send(opened, sale)) == ["done", "done"]
    order = session().query(Order).one()
    assert order.payment_method == "mixed"
    found = session().query(Payment).order_by(Payment.id).all()
    assert [(p.method, p.amount, p.captured_amount, p.provider) for p in found] == [
        ("cash", 40_000, 40_000, "till"), ("vietqr", 50_000, 50_000, "till"), ("terminal", 30_000, 30_000, "till"),
    ]  # fmt: skip
    assert {p.evidence for p in found} == {f"till:{sale['uuid']}"}
    assert session().query(PaymentReceipt).count() == 3
    audit_clean()


def test_what_a_device_holds(counter: Counter) -> None:
    told = counter.device.get("/till/api/catalogue")
    assert told.status_code == 200
    found = told.get_json()
    (variant,) = found["variants"]
    assert (variant["stock"], variant["price"]["amount"], variant["fold"]) == (20, 120_000, "cha muc quay goi 500 g")
    assert found["keepers"][0]["name"] == "Lê Thị Quầy"
    assert found["keepers"][0]["pin"]["rounds"] > 0
    assert found["keepers"][0]["discount_percent"] == 5
    assert found["shop"]["bank"]["account"] == "9889559357"
    assert counter.device.get(f"/till/api/catalogue?since={found['version']}").status_code == 304
    state = counter.device.get("/till/api/state").get_json()
    assert (state["session"], state["last_number"], state["last_seq"]) == (None, 0, 0)
    d = counter.device
    d.send(d.open(), d.sale(d.line(counter.goods)))
    assert counter.device.get(f"/till/api/catalogue?since={found['version']}").status_code == 200
    state = counter.device.get("/till/api/state").get_json()
    assert (state["session"]["uuid"], state["last_number"], state["last_seq"]) == (d.session, 1, 2)


# --- refusals ----------------------------------------------------------------------------------------------------


def test_each_refusal_and_the_next_goes_on(counter: Counter) -> None:
    d, goods = counter.device, counter.goods
    wine = factories.make_variant("Rượu ba kích", amount=200_000, is_alcohol=True)
    other = factories.make_variant("Miến dong", amount=120_000)
    lapsed = factories.make_variant("Nước mắm", amount=90_000, needs_certificate=True)
    factories.make_certificate(lapsed, issued_on=clock.today() - 1100 * DAY, expires_on=clock.today() - 3 * DAY)
    line = d.line(goods)
    opened = d.open()
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("variant-unknown", d.sale(line | {"variant_id": 987_654})),
        ("price-unknown", d.sale(line | {"price_id": d.line(other)["price_id"]})),
        ("price-unknown", d.sale(line | {"unit_price_amount": 1_000})),
        ("sum-wrong", d.sale(line, total_amount=1)),
        ("sum-wrong", d.sale(line, tenders=[{"kind": "cash", "amount": 1_000}])),
        ("sum-wrong", d.sale(line, tenders=[{"kind": "cash", "amount": 120_000, "given": 100_000}])),
        ("age-required", d.sale(d.line(wine))),
        ("certificate-lapsed", d.sale(d.line(lapsed))),
        ("discount-without-reason", d.sale(line, discount=5_000)),
        ("discount-too-large", d.sale(line, discount=7_000, reason="khách quen")),
        ("number-foreign", d.sale(line, number="B7-000001")),
        ("invalid", d.sale(line, number="A1-1")),
        ("invalid", d.sale(line | {"quantity": 0})),
        ("invalid", d.sale(line | {"quantity": -3})),
        ("invalid", d.sale(line | {"quantity": 10**9})),
        ("invalid", d.sale(line | {"quantity": True})),
        ("invalid", d.sale(line, secret_hash="short")),
        ("invalid", d.sale(tenders=[])),
        ("invalid", d.cash(0)),
        ("keeper-unknown", d.event("session-open", {"session": uid(), "keeper_id": 99_999, "float_amount": 0})),
        ("invalid", d.event("session-close", {"session": uid(), "counted": {"500000": 2}, "counted_amount": 5})),
        ("sale-unknown", d.back("A1-000999", {"variant_id": goods.id, "quantity": 1, "restock": True}, amount=1)),
        ("invalid", d.event("ask", {"session": None, "variant_id": None, "text": None, "quantity": 1})),
    ]
    good = d.sale(line, number="A1-000050")
    results = d.send(opened, *(e for _code, e in wrong), good)
    assert codes(results) == ["done", *(code for code, _e in wrong), "done"]
    assert all(r["message"] for r in results[1:-1])
    assert session().query(TillSale).count() == 1
    assert session().query(TillEvent).filter_by(state="refused").count() == len(wrong)
    audit_clean()


def test_alcohol_with_age_and_discount_within_the_limit(counter: Counter) -> None:
    d = counter.device
    wine = factories.make_variant("Rượu mơ", amount=200_000, is_alcohol=True)
    factories.put_in(wine, counter.point, 5)
    opened = d.open()
    sale = d.sale(d.line(wine), discount=10_000, reason="chai móp", age_confirmed=True)
    assert codes(d.send(opened, sale)) == ["done", "done"]
    order = session().query(Order).one()
    assert order.age_confirmed_at is not None
    assert (order.discount_amount, order.total_amount) == (10_000, 190_000)
    audit_clean()


def test_a_lapsed_certificate_by_one_clock_only_is_shown_to_a_person(counter: Counter) -> None:
    d = counter.device
    sauce = factories.make_variant("Nước mắm Cái Rồng", amount=90_000, needs_certificate=True)
    factories.put_in(sauce, counter.point, 9)
    factories.make_certificate(sauce, issued_on=clock.today() - 1000 * DAY, expires_on=clock.today() - DAY)
    opened = d.open(at=clock.now() - 2 * DAY)
    sold = d.sale(d.line(sauce), at=clock.now() - 2 * DAY)
    assert codes(d.send(opened, sold)) == ["done", "done"]  # it was good on the day of the sale
    audit_clean()
    new = factories.make_variant("Nước mắm mới", amount=90_000, needs_certificate=True)
    factories.put_in(new, counter.point, 9)
    factories.make_certificate(new, issued_on=clock.today())
    assert codes(d.send(d.sale(d.line(new), at=clock.now() - 2 * DAY))) == ["done"]
    assert [n.kind for n in session().query(Notice)] == ["certificate-clock"]
    audit_clean()


def test_the_printed_price_holds(counter: Counter) -> None:
    from shop.catalog.services import prices
    from shop.kernel.actor import SYSTEM

    d = counter.device
    old = d.line(counter.goods)
    prices.set_price(SYSTEM, counter.goods.id, 150_000, None)
    opened, sold = d.open(), d.sale(old)
    assert d.line(counter.goods)["unit_price_amount"] == 150_000
    assert codes(d.send(opened, sold)) == ["done", "done"]
    assert session().query(Order).one().total_amount == 120_000
    audit_clean()


def test_both_clocks_are_kept_and_a_far_one_is_shown(counter: Counter) -> None:
    d = counter.device
    opened = d.open()
    ahead = d.sale(d.line(counter.goods), at=clock.now() + timedelta(hours=3))
    old = d.sale(d.line(counter.goods), at=clock.now() - 40 * DAY)
    assert codes(d.send(opened, ahead, old)) == ["done"] * 3
    assert sorted(n.kind for n in session().query(Notice)) == ["clock-ahead", "clock-behind"]
    first, second = session().query(TillSale).order_by(TillSale.id)
    assert first.at > clock.now() + timedelta(hours=2)
    assert second.at < clock.now() - 39 * DAY
    for order in session().query(Order):
        assert abs(order.placed_at - clock.now()) < timedelta(minutes=1)
    audit_clean()


# --- each once ---------------------------------------------------------------------------------------------------


def test_another_body_under_a_known_uuid_is_refused(counter: Counter) -> None:
    d = counter.device
    opened, sold = d.open(), d.sale(d.line(counter.goods))
    d.send(opened, sold)
    forged = sold | {"body": sold["body"] | {"age_confirmed": True}}
    assert codes(d.send(forged)) == ["op-key-reused"]
    twice = d.sale(d.line(counter.goods), number="A1-000001")
    assert codes(d.send(twice)) == ["number-used"]
    assert session().query(Order).count() == 1
    audit_clean()


def test_a_refused_event_may_be_sent_again(counter: Counter) -> None:
    d, goods = counter.device, counter.goods
    opened, sale = d.open(), d.sale(d.line(goods, 2))
    back = d.back("A1-000001", {"variant_id": goods.id, "quantity": 1, "restock": True}, amount=120_000)
    back["body"]["session"] = sale["body"]["session"] = d.session
    assert codes(d.send(opened, back)) == ["done", "sale-unknown"]
    assert codes(d.send(sale)) == ["done"]
    assert codes(d.send(back)) == ["done"]
    assert codes(d.send(back)) == ["again"]
    assert on_hand(counter) == 19
    audit_clean()


def test_jumps_are_gaps_until_they_are_filled(counter: Counter) -> None:
    d = counter.device
    opened = d.open()
    first, missing, last = (d.sale(d.line(counter.goods)) for _ in range(3))
    assert codes(d.send(opened, first, last)) == ["done"] * 3
    gaps = session().query(Gap).order_by(Gap.kind).all()
    assert [(g.kind, g.first, g.last, g.closed_at) for g in gaps] == [("number", 2, 2, None), ("seq", 3, 3, None)]
    audit_clean()  # a gap that a person sees is no fault of the books
    assert codes(d.send(missing)) == ["done"]
    session().rollback()
    assert all(g.closed_at is not None for g in session().query(Gap))
    audit_clean()


def test_two_tabs_with_one_counting(counter: Counter) -> None:
    d = counter.device
    opened = d.open()
    one = d.sale(d.line(counter.goods), number="A1-000001", event={"seq": 2})
    two = d.sale(d.line(counter.goods), number="A1-000002", event={"seq": 2})
    assert codes(d.send(opened, one, two)) == ["done"] * 3
    assert [n.kind for n in session().query(Notice)] == ["seq-twice"]
    audit_clean()


def test_events_before_their_session_and_a_second_opening(counter: Counter) -> None:
    d = counter.device
    opened = d.open(300_000)
    sale, closed = d.sale(d.line(counter.goods)), d.close(420_000)
    assert codes(d.send(sale)) == ["done"]
    assert codes(d.send(opened)) == ["done"]
    assert codes(d.send(closed)) == ["done"]
    found = session().query(TillSession).one()
    assert (found.float_amount, found.keeper_name) == (300_000, "Lê Thị Quầy")
    assert session().query(TillClosing).one().variance_amount == 0
    left = d.open()
    again = d.open()
    assert codes(d.send(left, again)) == ["done", "done"]
    assert "session-left-open" in {n.kind for n in session().query(Notice)}
    assert session().query(TillSession).filter_by(closed_at=None).count() == 1
    audit_clean()


def test_what_comes_after_the_close_is_booked_late(counter: Counter) -> None:
    d = counter.device
    opened, closed = d.open(), None
    late = d.sale(d.line(counter.goods))
    closed = d.close(500_000)
    assert codes(d.send(opened, closed)) == ["done", "done"]
    assert codes(d.send(late)) == ["done"]
    assert session().query(TillSale).one().late
    assert session().query(TillTender).one().late
    assert session().query(TillClosing).one().expected_amount == 500_000
    audit_clean()


def test_asked_for_and_not_had(counter: Counter) -> None:
    d = counter.device
    by_words = d.event("ask", {"session": None, "variant_id": None, "text": "Sá sùng  khô", "quantity": 3})
    by_goods = d.event("ask", {"session": None, "variant_id": counter.goods.id, "text": None, "quantity": 1})
    unknown = d.event("ask", {"session": None, "variant_id": 999_999, "text": None, "quantity": 1})
    assert codes(d.send(by_words, by_goods, unknown)) == ["done", "done", "variant-unknown"]
    assert [(a.folded, a.quantity) for a in session().query(Ask).order_by(Ask.id)] == [("sa sung kho", 3), (None, 1)]


@pytest.mark.parametrize("odd", [{"quantity": 999_999_999}, {"quantity": 0}, {"text": "sá sùng " * 70}])
def test_what_nobody_asks_for_is_kept_for_a_person_as_it_was_sent(counter: Counter, odd: dict[str, Any]) -> None:
    d = counter.device
    sent = d.event("ask", {"session": None, "variant_id": None, "text": "Sá sùng khô", "quantity": 3} | odd)
    (result,) = d.send(sent)
    assert (result["status"], result["code"]) == ("refused", "invalid")
    assert session().query(Ask).count() == 0
    row = session().query(TillEvent).filter_by(uuid=sent["uuid"]).one()
    assert row.state == "refused"
    assert row.body == sent["body"]


def test_what_is_malformed_is_said_in_our_words(counter: Counter) -> None:
    d = counter.device
    opened = d.open()
    line = d.line(counter.goods)
    wrong = {
        "thiếu mục này": d.event("cash", {"session": uid(), "amount": 5}),
        "phải là số nguyên": d.sale(line | {"variant_id": "2"}),
        "lớn hơn mức cho phép": d.sale(line | {"quantity": 10**9}),
        "nhỏ hơn mức cho phép": d.event("session-open", {"session": uid(), "keeper_id": 1, "float_amount": -5}),
        "quá ngắn hoặc quá dài": d.event("cash", {"session": uid(), "amount": 5, "reason": "x" * 300}),
        "viết không đúng dạng": d.sale(line, secret_hash="short"),
        "giá trị không hợp lệ": d.cash(0),
    }
    for words, result in zip(wrong, d.send(opened, *wrong.values())[1:], strict=True):
        assert words in result["message"], result
    told = d.app.test_client().post("/till/api/sync", json={"events": []}, headers=d.headers)
    assert "“device”: thiếu mục này" in told.get_json()["title"]


@pytest.mark.parametrize(
    ("street", "locality", "address"),
    [
        ("Số 1 Lê Lợi, TP Hạ Long", "Hạ Long", "Số 1 Lê Lợi, TP Hạ Long"),
        ("Số 1 Lê Lợi", "Hạ Long", "Số 1 Lê Lợi, Hạ Long"),
        ("Chợ Hạ Long 1", "Hạ Longa, Quảng Ninh", "Chợ Hạ Long 1, Hạ Longa, Quảng Ninh"),
        ("", "Ba Chẽ", "Ba Chẽ"),
        ("Khu 2", "", "Khu 2"),
    ],
)
def test_a_receipt_does_not_name_a_place_twice(street: str, locality: str, address: str) -> None:
    from shop.till.queries import catalogue

    assert catalogue._address(street, locality) == address


# --- batches -----------------------------------------------------------------------------------------------------


def test_batches_are_bounded(counter: Counter) -> None:
    d = counter.device
    assert d.post([d.cash(1_000) for _ in range(101)]).status_code == 413
    assert d.post([{"x": "y" * 600_000}]).status_code == 413
    assert d.post([], device="Z9").status_code == 422
    assert d.app.test_client().post("/till/api/sync", data=b"{", headers=d.headers).status_code == 422
    assert d.app.test_client().post("/till/api/sync", data=b"[" * 100_000, headers=d.headers).status_code == 422
    assert d.app.test_client().post("/till/api/sync", json=[1], headers=d.headers).status_code == 422
    assert session().query(TillEvent).count() == 0
    odd = [
        1,
        None,
        "x",
        {},
        {"uuid": "no"},
        {"uuid": uid(), "kind": "sale", "at": "0001-01-01T00:00:00+14:00", "seq": 1, "body": {}},
    ]
    answer = d.post(odd)
    assert answer.status_code == 200
    assert {r["code"] for r in answer.get_json()["results"]} == {"invalid"}


def plan(d: Device, counter: Counter) -> list[dict[str, Any]]:
    """A small day: two sessions with sales, cash and an ask."""
    events = []
    for _ in range(2):
        events.append(d.open())
        events += [d.sale(d.line(counter.goods, n)) for n in (1, 2)]
        events.append(d.cash(20_000))
        events.append(d.close(1_000_000))
    events.append(d.event("ask", {"session": None, "variant_id": None, "text": "mực một nắng", "quantity": 1}))
    return events


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_any_order_of_repeated_and_cut_batches_books_each_event_once(counter: Counter, seed: int) -> None:
    """Whatever order, however often, wherever cut: each event once, nothing lost, books whole."""
    chance = random.Random(seed)
    with transaction():
        code = f"{chance.choice('BCDEFGH')}{chance.randint(1, 999)}"
    from shop.till.models import Device as Row

    if session().query(Row).filter_by(code=code).count():
        return
    d = counter.make_device(code)
    events = plan(d, counter)
    sent = [*events, *chance.choices(events, k=8)]
    chance.shuffle(sent)
    while sent:
        n = chance.randint(1, 6)
        batch, sent = sent[:n], sent[n:]
        for result in d.send(*batch):
            assert result["status"] in {"done", "again"}, result
    session().rollback()
    mine = session().query(TillEvent).filter_by(device_id=d.id)
    assert mine.count() == len(events) == mine.filter_by(state="done").count()
    assert session().query(TillSale).filter_by(device_id=d.id).count() == 4
    assert session().query(Gap).filter_by(device_id=d.id, closed_at=None).count() == 0
    sold = session().query(StockMovement).filter(StockMovement.reference.like(f"order:{code}-%")).all()
    assert sum(m.quantity for m in sold) == -6
    audit_clean()


@pytest.mark.parametrize("cut", range(1, 25, 3))
def test_a_batch_cut_at_any_statement_is_whole_or_not_there(counter: Counter, cut: int) -> None:
    """The server dies before one of its statements: sent again, everything is there once."""
    from sqlalchemy import event

    from shop.kernel.db import db

    d = counter.device
    events = [d.open(), d.sale(d.line(counter.goods, 2)), d.close(740_000)]
    seen = 0

    def stop(*_rest: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == cut:
            raise SystemError("cut")

    event.listen(db.engine, "before_cursor_execute", stop)
    try:
        answer = d.post(events)
    finally:
        event.remove(db.engine, "before_cursor_execute", stop)
    assert answer.status_code == 500
    audit_clean()
    assert {r["status"] for r in d.send(*events)} <= {"done", "again"}
    assert session().query(Order).count() == 1
    assert on_hand(counter) == 18
    audit_clean()
