"""What a grant may be for. Rooms above that own points, producers or localities say here how to name and find theirs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from shop.accounts.errors import BadScope
from shop.accounts.permissions import SCOPE_KIND, Role
from shop.kernel.errors import N_

_SHAPE = re.compile(r"(producer|point|exhibition|locality|council):([0-9]{1,18})")
KIND_NAMES = {
    "producer": N_("Cơ sở sản xuất"),
    "point": N_("Điểm bán"),
    "exhibition": N_("Hội chợ"),
    "locality": N_("Xã, phường, đặc khu"),
    "council": N_("Hội đồng OCOP"),
}


@dataclass(frozen=True, slots=True)
class ScopeSource:
    """How a room names its things: `label(key)` gives the name or None if there is no such thing; `choices()` all of them."""

    label: Callable[[str], str | None]
    choices: Callable[[], list[tuple[str, str]]]


_sources: dict[str, ScopeSource] = {}


def register(kind: str, *, label: Callable[[str], str | None], choices: Callable[[], list[tuple[str, str]]]) -> None:
    """Say how scopes `<kind>:<key>` are named. `choices` gives (key, name) pairs of what may be chosen today."""
    _sources[kind] = ScopeSource(label, choices)


def label(scope: str) -> str | None:
    """The name of what `scope` is for; None for `*`, the scope itself if nobody can name it."""
    if scope == "*":
        return None
    kind, _, key = scope.partition(":")
    source = _sources.get(kind)
    return (source.label(key) if source else None) or scope


def choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """All scopes to choose from: (name of the kind, [(scope, name), …])."""
    return [
        (KIND_NAMES[kind], [(f"{kind}:{key}", name) for key, name in source.choices()])
        for kind, source in sorted(_sources.items())
        if kind in KIND_NAMES
    ]


def checked(role: Role, scope: str) -> str:
    """Return `scope` if a grant of `role` may have it.

    Raises:
        BadScope: another kind than the role needs, a strange spelling, or a thing that does not exist.
    """
    scope = scope.strip() or "*"
    needed = SCOPE_KIND.get(role)
    if scope == "*":
        if needed is not None:
            raise BadScope(N_("Vai trò này phải gắn với một nơi cụ thể."), field="scope")
        return scope
    shape = _SHAPE.fullmatch(scope)
    if shape is None or role in {Role.ADMINISTRATOR, Role.CUSTOMER} or (needed is not None and shape[1] != needed):
        raise BadScope(field="scope")
    source = _sources.get(shape[1])
    if source is not None and source.label(shape[2]) is None:
        raise BadScope(N_("Không có nơi này."), field="scope")
    return scope
