"""What happens in conversations."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MessageWritten:
    """`side` wrote; `tell_…`: that side had read everything before, so that a letter says that there is something new."""

    conversation_id: int
    message_id: int
    side: str
    tell_buyer: bool
    tell_maker: bool
    tell_office: bool
