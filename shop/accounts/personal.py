"""All the house knows of a person: each room above adds its part to the file a person may take along."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Part = Callable[[int], Any]
_parts: dict[str, Part] = {}


def part(name: str) -> Callable[[Part], Part]:
    """Register `part(user_id)`, which returns what a room keeps of a user as plain values (JSON), under `name`."""

    def register(read: Part) -> Part:
        _parts[name] = read
        return read

    return register


def parts() -> dict[str, Part]:
    """All parts by name."""
    return dict(sorted(_parts.items()))
