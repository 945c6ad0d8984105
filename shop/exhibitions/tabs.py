"""The pages of one fair in the office, as tabs; each module of `office` adds its own."""

from __future__ import annotations

from dataclasses import dataclass

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.exhibitions.models.fairs import Exhibition, FairState
from shop.kernel import web


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab: its place in the row, the last part of its address (empty: the fair itself), its label (a msgid), who may see
    it, and in which states there is anything to see."""

    place: int
    part: str
    label: str
    permission: Permission
    states: frozenset[FairState]


_tabs: list[Tab] = []


def add(
    place: int, part: str, label: str, permission: Permission, states: frozenset[FairState] = frozenset(FairState)
) -> None:
    """Add a tab at `/office/exhibitions/<slug>/<part>`. A fair known only from sources has none but those that name it."""
    _tabs.append(Tab(place, part, label, permission, states))
    _tabs.sort(key=lambda tab: tab.place)


def of(fair: Exhibition) -> list[tuple[str, str, str]]:
    """The tabs of `fair` that the present user may open: (part, address, label)."""
    scope = f"exhibition:{fair.id}"
    here = f"/office/exhibitions/{fair.slug}"
    return [
        (tab.part, web.path(f"{here}/{tab.part}" if tab.part else here), tab.label)
        for tab in _tabs
        if fair.state in tab.states and guards.may(tab.permission, scope)
    ]
