"""Telling a user that something a thief would change was changed."""

from __future__ import annotations

import secrets

from shop.accounts.events import SecurityChanged
from shop.accounts.models import User
from shop.kernel.events import publish


def tell(user: User, what: str, *, email: str | None = None) -> None:
    """Publish that `what` (a key of `letters.NOTICES`) happened; it goes to `email`, else to the user's own address."""
    reader = email or user.email
    if reader is not None:
        publish(SecurityChanged(user.id, what, reader, secrets.token_urlsafe(9)))
