"""That something was seeded stands in the audit log, once and for good; a second run finds it there."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, text

from shop.kernel import audit
from shop.kernel.actor import SYSTEM
from shop.kernel.audit import AuditRow
from shop.kernel.db import is_sqlite, session

ACTION = "seed.load"
# Two seedings of one database at a time would make everything twice.
_LOCK = 7_202_615


def take_turns() -> None:
    """Let one seeding of a database run at a time, until its transaction ends (SQLite has one writer anyway)."""
    if not is_sqlite():
        session().execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK})


def found(target: str) -> dict[str, Any] | None:
    """What was noted when `target` (`seed:demo`, `seed:holdout:7`) was loaded; None if it never was."""
    return session().scalar(
        select(AuditRow.detail)
        .where(AuditRow.target == target, AuditRow.action == ACTION)
        .order_by(AuditRow.id)
        .limit(1)
    )


def note(target: str, **detail: Any) -> None:
    """Note in the open transaction that `target` is loaded."""
    audit.record(SYSTEM, ACTION, target, **detail)
