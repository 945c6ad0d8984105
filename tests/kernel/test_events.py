"""Facts told at once, and gathered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from shop.kernel import events
from shop.kernel.db import transaction


@dataclass(frozen=True)
class Happened:
    number: int


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    found: list[int] = []
    monkeypatch.setitem(events._now, Happened, [lambda fact: found.append(fact.number)])
    return found


def test_each_fact_once_at_the_end(ctx: Any, heard: list[int]) -> None:
    with transaction():
        with events.gathered():
            for number in (2, 1, 2):
                events.publish(Happened(number))
            with events.gathered():
                events.publish(Happened(1))
            assert heard == []
        assert heard == [2, 1]
        events.publish(Happened(3))
    assert heard == [2, 1, 3]


def test_a_failed_block_tells_nothing(ctx: Any, heard: list[int]) -> None:
    with pytest.raises(ValueError, match="x"), transaction(), events.gathered():
        events.publish(Happened(1))
        raise ValueError("x")
    with transaction():
        events.publish(Happened(2))
    assert heard == [2]
    with pytest.raises(RuntimeError):
        events.publish(Happened(3))


def test_the_lowest_room_hears_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever order the rooms were loaded in."""
    told: list[str] = []

    def hears(room: str) -> Callable[[Any], None]:
        def handler(fact: Any) -> None:
            told.append(room)

        handler.__module__ = f"shop.{room}.handlers"
        return handler

    monkeypatch.setattr(events, "_now", {Happened: [hears("checkout"), hears("demand"), hears("accounts")]})
    events.in_order(["accounts", "checkout", "demand"])
    for handler in events._now[Happened]:
        handler(Happened(1))
    assert told == ["accounts", "checkout", "demand"]
