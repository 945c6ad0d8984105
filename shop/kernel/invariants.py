"""What must always be true of the books: each room registers its checks, `flask audit` runs them and repairs nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

Check = Callable[[], Iterable[str]]
_checks: dict[str, Check] = {}


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check: the offenders are public references or ids, at most a hundred."""

    name: str
    ok: bool
    offenders: list[str]


def invariant(name: str) -> Callable[[Check], Check]:
    """Register a check called `<room>.<what holds>`; it yields one line for each offender."""

    def register(check: Check) -> Check:
        _checks[name] = check
        return check

    return register


def names(*rooms: str) -> list[str]:
    """The checks of these rooms, or all, in the order of their names."""
    return sorted(name for name in _checks if not rooms or name.partition(".")[0] in rooms)


def look(name: str) -> Finding:
    """Run one check."""
    offenders = [str(offender) for offender in islice(_checks[name](), 100)]
    return Finding(name, not offenders, offenders)


def run(*rooms: str) -> list[Finding]:
    """Run the checks of these rooms, or all, in the order of their names."""
    return [look(name) for name in names(*rooms)]
