"""Who acts: the first argument of every command."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """The person or machine behind a command.

    `kind` is `user`, `guest` or `system`; `label` is what staff read in histories (never an e-mail or phone number).
    `user_id` is set for users only. `address` is the network address, kept in the audit log for staff actions.
    """

    kind: str
    label: str
    user_id: int | None = None
    address: str | None = None

    @property
    def key(self) -> str:
        """A stable short name: `user:7`, `guest`, `system`."""
        return f"user:{self.user_id}" if self.user_id is not None else self.kind


SYSTEM = Actor("system", "Hệ thống")
GUEST = Actor("guest", "Khách")
