"""Work for later: reset letters, and forgetting what has had its day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, or_

from shop.accounts import services as accounts
from shop.accounts.models import OneTimeLink, UserSession
from shop.kernel import clock, jobs
from shop.kernel.db import transaction

FORGET_AFTER = timedelta(days=30)


@jobs.job("accounts.reset-letter")
def _reset_letter(payload: dict[str, Any]) -> None:
    if payload["user_id"] is not None:
        accounts.post_reset(payload["user_id"])


@jobs.every(timedelta(days=1), name="accounts.forget", group="retention")
def forget_old() -> None:
    """Sessions that ended and links that no longer work are deleted a month later: they hold network addresses."""
    before = clock.now() - FORGET_AFTER
    with transaction() as s:
        s.execute(delete(UserSession).where(or_(UserSession.expires_at < before, UserSession.revoked_at < before)))
        s.execute(delete(OneTimeLink).where(OneTimeLink.expires_at < before))
