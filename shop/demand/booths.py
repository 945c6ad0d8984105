"""How much a booth without goods did not sell: hours empty during opening times the pace before. Pure, without a database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

# A booth that sold ten packs in its first ten minutes had no pace of sixty an hour: the first hour is a whole one.
LEAST_HOURS = 1.0
HOUR = timedelta(hours=1)

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Move:
    """A change of what lay at the booth. `sold`: it left by a sale (or came back from one)."""

    at: datetime
    quantity: int
    sold: bool


@dataclass(frozen=True, slots=True)
class Emptiness:
    """Open hours of the day without goods, units sold per open hour while there were some, and their product."""

    hours: float
    pace: float

    @property
    def units(self) -> float:
        return self.hours * self.pace


def emptiness(moves: Sequence[Move], before: Sequence[Span], day: Span) -> Emptiness:
    """How long a booth was empty in the opening span `day`, and the pace it had; `before`: opening spans of the days before.

    Spans are half-open and ordered. Only goods that sold out count: what was never there, or was carried away, written off or
    counted out, is no booth that ran empty. The pace is of all open hours with goods up to the end of `day`.
    """
    ordered = sorted(moves, key=lambda m: (m.at, m.quantity < 0))
    with_goods = empty = timedelta()
    sold = 0
    balance, ran_empty, since = 0, False, before[0][0] if before else day[0]
    ends = [(m.at, m) for m in ordered if m.at < day[1]]
    for at, move in [*ends, (day[1], None)]:
        if at > since:
            if balance > 0:
                with_goods += sum((_meet((since, at), span) for span in (*before, day)), timedelta())
            elif ran_empty:
                empty += _meet((since, at), day)
            since = at
        if move is None:
            break
        balance += move.quantity
        sold -= move.quantity if move.sold else 0
        if balance > 0:
            ran_empty = False
        elif move.quantity < 0:
            ran_empty = move.sold
    return Emptiness(empty / HOUR, max(sold, 0) / max(with_goods / HOUR, LEAST_HOURS))


def _meet(a: Span, b: Span) -> timedelta:
    return max(min(a[1], b[1]) - max(a[0], b[0]), timedelta())
