"""The audit log: who did what to which thing, when; each row seals the one before it (a hash chain)."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import Index, insert, select, text
from sqlalchemy.orm import Mapped, mapped_column

from shop.kernel import clock
from shop.kernel.actor import Actor
from shop.kernel.db import Base, Id, Instant, Json, Str40, Str80, Str255, in_transaction, is_sqlite, session, streamed
from shop.kernel.prepared import Prepared

GENESIS = "0" * 64
# One number for all shops' chains in a database: writers of the log take turns until their commit.
_LOCK = 7_202_614


class AuditRow(Base):
    """One sealed line. `target` is `<room>:<public reference or id>`; `detail` holds before and after, no secrets."""

    __tablename__ = "audit_log"
    __table_args__ = (Index("ix_audit_log_target", "target"), Index("ix_audit_log_actor", "actor_key"))

    id: Mapped[Id]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    address: Mapped[Str80 | None]
    action: Mapped[Str80]
    target: Mapped[Str255]
    detail: Mapped[dict[str, Any]] = mapped_column(Json)
    previous: Mapped[str] = mapped_column()
    seal: Mapped[str] = mapped_column(unique=True)


_TURN = text("SELECT pg_advisory_xact_lock(:n)")
_LAST = Prepared(select(AuditRow.seal).order_by(AuditRow.id.desc()).limit(1))
_INSERT = Prepared(insert(AuditRow))


def seal_of(previous: str, at: datetime, actor_key: str, action: str, target: str, detail: dict[str, Any]) -> str:
    """SHA-256 (hex) over the previous seal and the row's own facts in a fixed spelling."""
    body = json.dumps([previous, at.isoformat(), actor_key, action, target, detail], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(body.encode()).hexdigest()


def record(actor: Actor, action: str, target: str, /, **detail: Any) -> None:
    """Append a row in the open transaction. `action` reads `<room>.<verb>`, e.g. `stock.adjust`.

    Raises:
        RuntimeError: no transaction is open.
    """
    if not in_transaction():
        raise RuntimeError("the audit log is written inside the transaction it tells of")
    if not is_sqlite():
        session().execute(_TURN, {"n": _LOCK})
    last = _LAST.first({})
    previous = last[0] if last else GENESIS
    at = clock.now()
    detail = json.loads(json.dumps(detail, ensure_ascii=False, default=str))
    _INSERT.all(
        {
            "at": at,
            "actor_key": actor.key,
            "actor_label": actor.label,
            "address": actor.address,
            "action": action,
            "target": target,
            "detail": detail,
            "previous": previous,
            "seal": seal_of(previous, at, actor.key, action, target, detail),
        }
    )


def broken_links(limit: int = 20) -> list[str]:
    """Return a line for each row whose seal or link is wrong; an untouched log gives an empty list."""
    found: list[str] = []
    previous = GENESIS
    for row in streamed(select(AuditRow).order_by(AuditRow.id), size=1000).scalars():
        if row.previous != previous or row.seal != seal_of(
            row.previous, row.at, row.actor_key, row.action, row.target, row.detail
        ):
            found.append(f"audit row {row.id}")
            if len(found) >= limit:
                break
        previous = row.seal
    return found
