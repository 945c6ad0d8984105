"""What parties, causes and channels are called: the rooms above know what they mean, and say so here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from flask_babel import gettext

from shop.kernel.errors import N_


@dataclass(frozen=True, slots=True)
class Named:
    """What people call it, and the page that shows it ('': none), a path without language."""

    label: str
    path: str = ""


# The names of some of one kind: those that are known.
Namer = Callable[[Collection[str]], dict[str, Named]]
_namers: dict[str, Namer] = {}

# Channels that are no party of anything.
FIXED = {
    "web": N_("Đơn trên mạng"),
    "cod": N_("Thu hộ (COD)"),
    "transfers": N_("Chuyển khoản của khách"),
    "settlement": N_("Đối soát, chi trả cơ sở"),
}


def register(kind: str, namer: Namer) -> None:
    """Let what is called `<kind>:<name>` be told; the same kind twice is the later one."""
    _namers[kind] = namer


def numbers(told: Iterable[str]) -> list[int]:
    """Those names that are numbers of rows."""
    return [int(one) for one in told if one.isdigit()]


def of(told: Iterable[str | None]) -> dict[str, Named]:
    """The names of parties, causes or channels, one question for each kind; what nobody knows is called as it is kept."""
    wanted: dict[str, set[str]] = defaultdict(set)
    found: dict[str, Named] = {}
    for one in {x for x in told if x}:
        kind, colon, name = one.partition(":")
        found[one] = Named(gettext(FIXED[one]) if one in FIXED else one)
        if colon:
            wanted[kind].add(name)
    for kind, some in wanted.items():
        if kind in _namers:
            found |= {f"{kind}:{name}": named for name, named in _namers[kind](some).items()}
    return found
