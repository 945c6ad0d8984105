"""Each invariant of listings holds after ordinary work and fires on a fault planted in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shop.kernel import clock, invariants
from shop.kernel.db import session, transaction
from shop.listings.models import Picture, State, Step, Submission
from tests.factories import make_producer, make_variant
from tests.listings.goods import approve, put


def _broken() -> list[str]:
    return [check.name for check in invariants.run("listings") if not check.ok]


def _state_without_step(s: Any, row: Submission) -> None:
    s.get(Submission, row.id).state = State.DROPPED


def _gap(s: Any, row: Submission) -> None:
    s.delete(s.query(Step).filter_by(submission_id=row.id, state_to=State.SENT).one())


def _own_approval(s: Any, row: Submission) -> None:
    s.query(Step).filter_by(submission_id=row.id).update({"actor_key": "user:41"})


def _foreign(s: Any, row: Submission) -> None:
    found, other = s.get(Submission, row.id), make_producer("Khác")
    s.flush()
    found.producer_id, found.closed_at = other.id, None


def _no_bytes(s: Any, row: Submission) -> None:
    files = {"jpeg": {"320": "photos/no/ne.jpg"}}
    s.add(
        Picture(
            reference="AAAA-2222", product_id=row.product_id, width=1, height=1, files=files, created_at=clock.now(),
            created_by="user:41",
        )
    )  # fmt: skip


@pytest.mark.usefixtures("ctx")
@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (_state_without_step, "listings.steps-are-a-chain"),
        (_gap, "listings.steps-are-a-chain"),
        (_own_approval, "listings.nobody-approves-his-own"),
        (_foreign, "listings.own-goods-only"),
        (_no_bytes, "listings.pictures-have-their-bytes"),
    ],
)
def test_it_fires(fault: Callable[[Any, Submission], None], name: str) -> None:
    maker = make_producer("Bavabi thử")
    pack = make_variant("Ruốc", producer=maker)
    approve(str(put(maker.id, pack.product_id, {"name": "Ruốc hàu"}).reference))
    row = session().query(Submission).one()
    assert _broken() == []
    with transaction() as s:
        fault(s, row)
    session().expire_all()
    assert _broken() == [name]
