"""What must always be true of the books: each room registers its checks, `flask audit` runs them and repairs nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

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


def run() -> list[Finding]:
    """Run all checks in the order of their names."""
    found = []
    for name in sorted(_checks):
        offenders: list[str] = []
        for offender in _checks[name]():
            offenders.append(str(offender))
            if len(offenders) >= 100:
                break
        found.append(Finding(name, not offenders, offenders))
    return found
