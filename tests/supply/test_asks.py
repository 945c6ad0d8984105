"""Asks: made, answered line by line, agreed to, withdrawn; each settled once, with one delivery."""

from __future__ import annotations

from typing import Any

import pytest

from shop.accounts.permissions import Role
from shop.kernel import jobs
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from shop.kernel.mail import Letter
from shop.kernel.operations import KeyUsedOtherwise
from shop.points.models import Point
from shop.producers.models import Producer, ProducerState
from shop.receipts import queries as receipts
from shop.receipts.models import Delivery, DeliveryLine, Terms
from shop.supply import queries
from shop.supply.errors import AskMovedOn
from shop.supply.events import AskAnswered, AskMade, AskRefused
from shop.supply.models import A, Per, Reply, SupplyAsk, SupplyAskLine, SupplyAskStep
from shop.supply.queries import asks as reads
from shop.supply.services import announcements, asks, own_store, plans
from shop.supply.services.asks import Answer, Errand
from shop.supply.services.plans import Makes
from shop.transfers.services import targets
from tests import factories
from tests.people import make_user
from tests.supply.conftest import MAKER, OFFICE, Supply, broken, in_days, key, row

YES, NO = Answer(Reply.ACCEPTED), Answer(Reply.REFUSED, refusal="hết giống")


def delivered(reference: str) -> dict[int, int]:
    """The goods of the one delivery behind an ask, by variant."""
    number = row(reference).delivery_id
    return {line.variant_id: line.quantity for line in session().query(DeliveryLine).filter_by(delivery_id=number)}


def answer(supply: Supply, reference: str, *, op_key: str = "", on: Any = None, **said: Answer) -> A:
    return asks.answer(MAKER, reference, supply.answers(reference, **said), on=on, op_key=op_key or key())


def test_a_yes_is_one_expected_delivery(supply: Supply) -> None:
    reference = supply.ask()
    assert answer(supply, reference, hen=YES, egg=YES) is A.ACCEPTED
    assert delivered(reference) == {supply.hen.id: 20, supply.egg.id: 60}
    found = session().query(Delivery).one()
    assert (found.point_id, found.terms, found.expected_on) == (supply.point.id, Terms.PURCHASE, in_days(10))
    with pytest.raises(AskMovedOn):
        answer(supply, reference, hen=YES, egg=YES)
    with pytest.raises(AskMovedOn):
        asks.withdraw(OFFICE, reference, "thôi", key())
    with pytest.raises(AskMovedOn):
        asks.agree(OFFICE, reference, key())
    assert session().query(Delivery).count() == 1
    assert broken() == []


def test_a_part_refused_is_told_as_unmet(supply: Supply, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []
    monkeypatch.setattr(asks, "publish", heard.append)
    reference = supply.ask()
    [line] = [line.line_id for line in reads.lines(row(reference).id) if line.variant_id == supply.egg.id]
    assert answer(supply, reference, hen=YES, egg=NO) is A.ACCEPTED
    number = row(reference).id
    assert heard == [AskMade(number), AskAnswered(number), AskRefused(number, (line,))]
    assert delivered(reference) == {supply.hen.id: 20}
    assert broken() == []


def test_all_refused_brings_nothing(supply: Supply) -> None:
    reference = supply.ask()
    assert answer(supply, reference, hen=NO, egg=NO) is A.REFUSED
    assert session().query(Delivery).count() == 0
    with pytest.raises(AskMovedOn):
        asks.withdraw(OFFICE, reference, "thôi", key())
    assert broken() == []


def test_another_number_or_day_waits_for_the_office(supply: Supply) -> None:
    reference = supply.ask()
    fewer = Answer(Reply.CHANGED, 45, "chỉ còn chừng này")
    assert answer(supply, reference, hen=YES, egg=fewer, on=in_days(12)) is A.CHANGED
    assert session().query(Delivery).count() == 0
    assert reads.waiting() == (0, 1)
    delivery = asks.agree(OFFICE, reference, key())
    assert delivered(reference) == {supply.hen.id: 20, supply.egg.id: 45}
    assert receipts.delivery(delivery)[0].expected_on == in_days(12)
    with pytest.raises(AskMovedOn):
        asks.agree(OFFICE, reference, key())
    again = supply.ask()
    answer(supply, again, hen=Answer(Reply.CHANGED, 20), egg=YES, on=in_days(10))  # the same number and day: a yes
    assert row(again).status is A.ACCEPTED
    gone = supply.ask()
    assert answer(supply, gone, hen=YES, egg=YES, on=in_days(9)) is A.CHANGED
    asks.withdraw(OFFICE, gone, "tìm được nơi khác", key())
    with pytest.raises(AskMovedOn):
        asks.agree(OFFICE, gone, key())
    assert broken() == []


def test_costs_go_into_the_delivery(supply: Supply) -> None:
    what = Errand(supply.point.id, Terms.PURCHASE, in_days(5), "sắp hết")
    reference = asks.ask(
        OFFICE, supply.producer.id, what, {supply.hen.id: 4}, costs={supply.hen.id: 85_000}, op_key=key()
    )
    answer(supply, reference, hen=YES)
    assert session().query(DeliveryLine).one().unit_cost_amount == 85_000


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("lines", {"wanted": {}}),
        ("reason", {"reason": " "}),
        ("wanted_on", {"wanted_on": in_days(-1)}),
        ("answer_by", {"answer_by": in_days(11)}),
        ("answer_by", {"answer_by": in_days(-1)}),
        ("point", {"point_id": 10**9}),
    ],
)
def test_what_cannot_be_asked(supply: Supply, field: str, more: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        supply.ask(**more)
    assert refused.value.field == field
    assert session().query(SupplyAsk).count() == 0


def test_whom_one_cannot_ask(supply: Supply) -> None:
    with pytest.raises(Invalid):
        supply.ask({supply.foreign.id: 1})
    for n in (0, -1, 10**9):
        with pytest.raises(Invalid) as number:
            supply.ask({supply.hen.id: n})
        assert number.value.field == f"quantity-{supply.hen.id}"
    with transaction() as s:
        s.get(Point, supply.point.id).closed_on = in_days(5)
    from shop.points import queries as points

    points.forget()
    with pytest.raises(Invalid) as closed:
        supply.ask()
    assert closed.value.field == "wanted_on"
    supply.ask(wanted_on=in_days(4))
    with transaction() as s:
        s.get(Producer, supply.producer.id).state = ProducerState.SUSPENDED
    with pytest.raises(Invalid):
        supply.ask(wanted_on=in_days(4))


def test_what_cannot_be_answered(supply: Supply) -> None:
    reference = supply.ask()
    for said, start in (
        ({"hen": YES}, "reply-"),
        ({"hen": YES, "egg": Answer(Reply.CHANGED, 0)}, "quantity-"),
        ({"hen": YES, "egg": Answer(Reply.CHANGED, 10**9)}, "quantity-"),
        ({"hen": YES, "egg": Answer(Reply.REFUSED)}, "refusal-"),
    ):
        with pytest.raises(Invalid) as refused:
            answer(supply, reference, **said)
        assert str(refused.value.field).startswith(start)
    with pytest.raises(Invalid) as early:
        answer(supply, reference, hen=YES, egg=YES, on=in_days(-1))
    assert early.value.field == "on"
    with pytest.raises(NotFound):
        asks.answer(MAKER, reference, supply.answers(reference, hen=YES, egg=YES) | {10**9: YES}, op_key=key())
    with pytest.raises(NotFound):
        asks.answer(MAKER, "Y-NONE-NONE", {}, op_key=key())
    assert row(reference).status is A.ASKED
    assert {line.reply for line in row(reference).lines} == {None}
    assert broken() == []


def test_the_same_key_asks_and_answers_once(supply: Supply) -> None:
    op, reply = key(), key()
    reference = supply.ask(op_key=op)
    assert supply.ask(op_key=op) == reference
    with pytest.raises(KeyUsedOtherwise):
        supply.ask({supply.hen.id: 1}, op_key=op)
    first = answer(supply, reference, hen=YES, egg=YES, op_key=reply)
    assert answer(supply, reference, hen=YES, egg=YES, op_key=reply) is first
    assert session().query(SupplyAsk).count() == session().query(Delivery).count() == 1


def test_late_answers_stand_out_and_may_still_come(supply: Supply) -> None:
    reference = supply.ask()
    with transaction() as s:
        one = s.query(SupplyAsk).one()
        one.answer_by = one.wanted_on = in_days(-1)
    assert reads.to_answer(supply.producer.id) == (1, 1)
    assert reads.to_answer(supply.other.id) == (0, 0)
    assert reads.waiting() == (1, 0)
    assert reads.ask(reference)[1].late
    with pytest.raises(Invalid) as past:
        answer(supply, reference, hen=YES, egg=YES)
    assert past.value.field == "on"
    assert answer(supply, reference, hen=YES, egg=YES, on=in_days(2)) is A.CHANGED
    asks.agree(OFFICE, reference, key())
    assert broken() == []


# --- at one moment -----------------------------------------------------------------------------------------------


def test_two_answers_at_once_settle_it_once(app: Any, supply: Supply, together: Any) -> None:
    reference = supply.ask()
    yes = supply.answers(reference, hen=YES, egg=YES)
    no = supply.answers(reference, hen=NO, egg=NO)
    session().rollback()
    acts = [lambda said=said: asks.answer(MAKER, reference, said, op_key=key()) for said in (yes, no, yes)]
    outcomes = together(app, acts)
    assert sorted(type(o.error).__name__ for o in outcomes) == ["AskMovedOn", "AskMovedOn", "NoneType"]
    assert session().query(Delivery).count() == (1 if row(reference).status is A.ACCEPTED else 0)
    assert session().query(SupplyAskStep).count() == 2
    assert broken() == []


def test_a_double_click_answers_once(app: Any, supply: Supply, together: Any) -> None:
    reference, op = supply.ask(), key()
    yes = supply.answers(reference, hen=YES, egg=YES)
    session().rollback()
    outcomes = together(app, lambda: asks.answer(MAKER, reference, yes, op_key=op), times=4)
    assert [o.error for o in outcomes] == [None] * 4
    assert session().query(Delivery).count() == 1
    assert broken() == []


def test_accepted_while_it_is_withdrawn(app: Any, supply: Supply, together: Any) -> None:
    reference = supply.ask()
    yes = supply.answers(reference, hen=YES, egg=YES)
    session().rollback()
    acts = [
        lambda: asks.answer(MAKER, reference, yes, op_key=key()),
        lambda: asks.withdraw(OFFICE, reference, "thôi", key()),
    ]
    outcomes = together(app, acts)
    assert sorted(type(o.error).__name__ for o in outcomes) == ["AskMovedOn", "NoneType"]
    settled = row(reference).status
    assert settled in (A.ACCEPTED, A.WITHDRAWN)
    assert session().query(Delivery).count() == (1 if settled is A.ACCEPTED else 0)
    assert broken() == []


# --- beside it ---------------------------------------------------------------------------------------------------


def test_whether_it_can_be_made_in_time(supply: Supply) -> None:
    wanted, by = {supply.hen.id: 50}, in_days(9)

    def verdict() -> str:
        return queries.in_time(supply.producer.id, wanted, by)[supply.hen.id].verdict

    assert verdict() == ""
    plans.state(
        MAKER, supply.producer.id, supply.hen.product_id, None, Makes(35, Per.WEEK, in_days(0), lead_days=2), key()
    )
    can = queries.in_time(supply.producer.id, wanted, by)[supply.hen.id]
    assert (can.high, can.lead_days, can.verdict) == (40, 2, "bad")  # eight days at five a day
    own_store.make(MAKER, supply.producer.id, supply.store.id, supply.hen.id, 10, lot_code="G1", op_key=key())
    assert verdict() == "ok"
    other = supply.ask({supply.hen.id: 5}, wanted_on=in_days(3))
    answer(supply, other, hen=YES)
    can = queries.in_time(supply.producer.id, wanted, by)[supply.hen.id]
    assert (can.here, can.promised, can.verdict) == (10, 5, "bad")
    assert queries.in_time(supply.producer.id, wanted, in_days(1))[supply.hen.id].high == 0  # nothing so soon
    assert queries.in_time(supply.producer.id, wanted, in_days(-3))[supply.hen.id].verdict == "bad"


def test_what_points_lack_of_whom(supply: Supply) -> None:
    targets.set_targets(OFFICE, supply.point.id, {supply.hen.id: (5, 30), supply.foreign.id: (5, 10)}, key())
    factories.put_in(supply.hen, supply.point, 2)
    shorts = {s.producer_slug: s for s in reads.below_minimum(None)}
    assert shorts[supply.producer.slug].lines[0][2] == 28
    assert shorts[supply.other.slug].units == 10
    supply.ask({supply.hen.id: 28})
    assert {s.producer_slug for s in reads.below_minimum(None)} == {supply.other.slug}, "what is asked for is coming"
    assert reads.below_minimum([]) == []


def test_letters_reach_those_whom_it_concerns(supply: Supply) -> None:
    member = make_user(
        "Chị Thu",
        (Role.PRODUCER_LISTINGS, supply.scope),
        email="thu@example.vn",
        email_confirmed_at=supply.hen.created_at,
    )
    make_user(
        "Kế toán",
        (Role.PRODUCER_MONEY, supply.scope),
        email="tien@example.vn",
        email_confirmed_at=supply.hen.created_at,
    )
    make_user("Chưa xác nhận", (Role.PRODUCER_OWNER, supply.scope), email="chua@example.vn")
    asker = make_user(
        "Anh Minh", Role.PROMOTION_STAFF, email="minh@example.vn", email_confirmed_at=supply.hen.created_at
    )
    from shop.kernel.actor import Actor

    what = Errand(supply.point.id, Terms.CONSIGNMENT, in_days(5), "Hội chợ Tết")
    reference = asks.ask(
        Actor("user", asker.name, asker.id), supply.producer.id, what, {supply.hen.id: 4}, op_key=key()
    )
    jobs.dispatch()
    answer(supply, reference, hen=Answer(Reply.CHANGED, 3))
    jobs.dispatch()
    session().rollback()
    letters = session().query(Letter).order_by(Letter.id).all()
    assert [letter.recipient for letter in letters] == [member.email, asker.email]
    assert "Hội chợ Tết" in letters[0].body_text
    assert f"/producer/asks/{reference}" in letters[0].body_text
    assert "3" in letters[1].body_text


def test_faults_are_found_by_the_audit(supply: Supply) -> None:
    reference = supply.ask()
    answer(supply, reference, hen=YES, egg=YES)
    silent = supply.ask()
    with transaction() as s:
        s.query(SupplyAskLine).filter_by(ask_id=row_id(s, reference), variant_id=supply.egg.id).one().offered = 59
        s.query(SupplyAskStep).filter_by(ask_id=row_id(s, silent)).delete()
        line = s.query(SupplyAskLine).filter_by(ask_id=row_id(s, silent), variant_id=supply.hen.id).one()
        line.reply, line.offered = Reply.ACCEPTED, 20
    assert {
        "supply.an-accepted-ask-is-one-delivery",
        "supply.histories-are-unbroken",
        "supply.answers-are-whole",
    } <= set(broken())


def row_id(s: Any, reference: str) -> int:
    return int(s.query(SupplyAsk.id).filter_by(reference=reference).scalar())


def test_an_announcement_without_its_goods_is_found(supply: Supply) -> None:
    offer = announcements.announce(
        MAKER, supply.producer.id, supply.point.id, Terms.PURCHASE, in_days(2), {supply.hen.id: 3}, op_key=key()
    )
    announcements.accept(OFFICE, offer, key())
    assert broken() == []
    with transaction() as s:
        s.query(DeliveryLine).one().quantity = 4
    assert broken() == ["supply.an-accepted-announcement-is-one-delivery"]
