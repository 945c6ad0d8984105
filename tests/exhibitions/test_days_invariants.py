"""Each invariant of a fair's days is broken once and seen to fire."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from shop.accounts.models import Grant
from shop.exhibitions.models.calls import ApplicationGoods
from shop.exhibitions.models.days import Contact, ContactKind, ContactOutcome, OutcomeKind, Paper, PaperKind, Visits
from shop.exhibitions.models.fairs import Booth, Exhibition
from shop.exhibitions.queries import days as queries
from shop.exhibitions.services import booths, days, goods, replenishing
from shop.exhibitions.services.days import Met
from shop.exhibitions.services.goods import Sends, Word
from shop.exhibitions.services.replenishing import More
from shop.kernel import clock, invariants
from shop.kernel.db import session, transaction
from tests.exhibitions.days_made import BOSS, MAKER, Fair, key, running, somebody


def broken() -> list[str]:
    """The invariants of fairs that do not hold."""
    session().rollback()
    session().expire_all()
    names = [n for n in sorted(invariants._checks) if n.startswith("exhibitions.")]
    return [name for name in names if any(invariants._checks[name]())]


@pytest.fixture
def fair(ctx: object) -> Fair:
    """A fair that has done a bit of everything, and nothing is wrong with it."""
    made = running()
    one = made.places[0]
    goods.commit(MAKER, one.application.reference, {one.goods.id: Word(9)}, key())
    goods.send(BOSS, made.id, one.stand.id, Sends({one.variant.id: 2}, {one.variant.id: 3}), None, key())
    soon = clock.now() + timedelta(hours=1)
    replenishing.replenish(BOSS, one.booth.id, More(one.variant.id, 4, soon, PaperKind.ASK), key())
    booths.add_keeper(BOSS, one.booth.id, somebody().id)
    gate = queries.gates(made.id)[0]
    days.tap(BOSS, made.id, gate.id, 5, key())
    hour = clock.now().astimezone(clock.VIETNAM).hour
    reference = days.read_file(BOSS, made.id, "a.csv", f"Ngày,Giờ,Số khách\n{clock.today()},{hour},7\n".encode())
    days.apply_file(BOSS, made.id, reference)
    buyer = Met(one.producer.id, ContactKind.CONTACT, "Đỗ Thị Mua", "hỏi giá")
    days.meet(BOSS, made.id, buyer, consent=days.CONSENT, op_key=key())
    assert broken() == []
    return made


def run(statement: Any) -> None:
    with transaction() as s:
        s.execute(statement)


def test_a_running_booth_without_a_point(fair: Fair) -> None:
    run(update(Booth).where(Booth.id == fair.places[1].booth.id).values(point_id=None))
    assert broken() == ["exhibitions.running-booths-have-points"]


def test_a_commitment_changed_behind_the_producers_back(fair: Fair) -> None:
    run(update(ApplicationGoods).where(ApplicationGoods.id == fair.places[0].goods.id).values(committed=1))
    assert broken() == ["exhibitions.commitments-hold"]


def test_a_paper_of_another_booth_and_one_that_is_lost(fair: Fair) -> None:
    run(update(Paper).where(Paper.kind == PaperKind.TRANSFER).values(booth_id=fair.places[1].booth.id))
    assert broken() == ["exhibitions.papers-are-there"]
    run(update(Paper).values(booth_id=fair.places[0].booth.id))
    assert broken() == []
    run(delete(Paper).where(Paper.kind == PaperKind.ASK))
    assert broken() == ["exhibitions.papers-are-there"]


def test_a_keeper_without_right_and_a_right_that_stayed(fair: Fair) -> None:
    scope = f"point:{fair.places[0].point_id}"
    kept = session().query(Grant).filter_by(scope=scope).one()
    user_id, role = kept.user_id, kept.role
    run(delete(Grant).where(Grant.scope == scope))
    assert broken() == ["exhibitions.keepers-have-rights"]
    booths.end_keeper(BOSS, fair.places[0].booth.id, user_id)
    assert broken() == []
    with transaction() as s:
        s.add(Grant(user_id=user_id, role=role, scope=scope, granted_at=clock.now()))
    assert broken() == ["exhibitions.keepers-have-rights"]


def test_visitors_on_another_day(fair: Fair) -> None:
    early = clock.start_of(clock.today() - timedelta(days=3))
    run(update(Visits).where(Visits.source == "tap").values(hour=early))
    assert broken() == ["exhibitions.visits-in-the-fair"]


def test_a_sensors_file_that_does_not_count(fair: Fair) -> None:
    run(delete(Visits).where(Visits.source == "sensor"))
    assert broken() == ["exhibitions.sensor-files-count-once"]


def test_a_buyer_kept_too_long(fair: Fair) -> None:
    run(update(Contact).values(erase_on=clock.today() - timedelta(days=3)))
    assert broken() == ["exhibitions.buyers-erased"]


def test_an_outcome_before_its_day(fair: Fair) -> None:
    with transaction() as s:
        contact = s.query(Contact).one()
        s.add(
            ContactOutcome(
                contact_id=contact.id, after_days=30, kind=OutcomeKind.TALKING, amount=0, at=clock.now(), actor_label="x"
            )
        )  # fmt: skip
    assert broken() == ["exhibitions.outcomes-in-time"]
    old = clock.today() - timedelta(days=40)
    run(update(Exhibition).values(from_on=old, to_on=old + timedelta(days=1)))
    assert "exhibitions.outcomes-in-time" not in broken()
