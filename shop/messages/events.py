"""What happens to messages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """Somebody wrote to the shop."""

    message_id: int


@dataclass(frozen=True, slots=True)
class MessageAnswered:
    """Staff answered by letter; `step_id` holds the words."""

    message_id: int
    step_id: int
