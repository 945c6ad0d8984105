"""Facts told by supply."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AskMade:
    ask_id: int


@dataclass(frozen=True, slots=True)
class AskAnswered:
    """The producer has answered; the ask's status says how."""

    ask_id: int


@dataclass(frozen=True, slots=True)
class AskAgreed:
    """The office said yes to what the producer offered instead."""

    ask_id: int


@dataclass(frozen=True, slots=True)
class AskWithdrawn:
    ask_id: int


@dataclass(frozen=True, slots=True)
class AskRefused:
    """The producer refused these lines: somebody wanted goods that nobody will bring."""

    ask_id: int
    line_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AnnouncementDecided:
    """A point accepted or refused what a producer offered to bring."""

    announcement_id: int
