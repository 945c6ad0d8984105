"""Once: every form or call that creates or moves money or goods carries an operation key, unique in the database."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from shop.kernel import clock, jobs
from shop.kernel.db import Base, Instant, Json, Str40, Str80, session, transaction
from shop.kernel.errors import N_, Conflict, Invalid


class Operation(Base):
    """A key that was used, what for (`digest` of kind, owner and body) and what came of it."""

    __tablename__ = "operations"

    key: Mapped[Str80] = mapped_column(primary_key=True)
    kind: Mapped[Str40]
    digest: Mapped[str] = mapped_column()
    result: Mapped[dict[str, Any] | None] = mapped_column(Json)
    created_at: Mapped[Instant]


class KeyUsedOtherwise(Conflict):
    code = "op-key-reused"
    title = N_("Biểu mẫu này đã được gửi với nội dung khác. Vui lòng tải lại trang và thử lại.")


def new_key() -> str:
    """A fresh key for a form's hidden field `op_key`."""
    return secrets.token_urlsafe(18)


_SHAPE = re.compile(r"[A-Za-z0-9_:.-]{8,80}")


def checked_key(key: str | None) -> str:
    """Return `key` if it has the shape of an operation key.

    Raises:
        Invalid: it is missing, too short or has strange symbols.
    """
    if not key or not _SHAPE.fullmatch(key):
        raise Invalid(N_("Biểu mẫu thiếu mã thao tác. Vui lòng tải lại trang và thử lại."), field="op_key")
    return key


def digest_of(kind: str, owner: str, body: object) -> str:
    """SHA-256 (hex) of what is being asked, by whom."""
    return hashlib.sha256(json.dumps([kind, owner, body], sort_keys=True, default=str).encode()).hexdigest()


def once(key: str, kind: str, owner: str, body: object, command: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Run `command` in one transaction with the note that `key` is used, or return what the first run returned.

    Raises:
        KeyUsedOtherwise: the key was used for another kind, by another owner or with another body.
    """
    digest = digest_of(kind, owner, body)
    key = checked_key(key)
    try:
        with transaction() as s:
            before = s.get(Operation, key)
            if before is None:
                s.execute(insert(Operation).values(key=key, kind=kind, digest=digest, created_at=clock.now()))
                result = command()
                s.execute(update(Operation).where(Operation.key == key).values(result=result))
                return result
    except IntegrityError:
        # Another request used the key between our look and our insert, or the command itself broke a rule of the database.
        before = session().scalar(select(Operation).where(Operation.key == key))
        if before is None:
            raise
    if before.digest != digest:
        raise KeyUsedOtherwise
    return before.result or {}


def result_of(key: str, kind: str, owner: str, body: object) -> dict[str, Any] | None:
    """What a run with `key` returned, for commands that read much before their transaction; None: it was not used.

    Raises:
        KeyUsedOtherwise: the key was used for another kind, by another owner or with another body.
    """
    before = session().scalar(select(Operation).where(Operation.key == checked_key(key)))
    if before is None:
        return None
    if before.digest != digest_of(kind, owner, body):
        raise KeyUsedOtherwise
    return before.result or {}


@jobs.every(timedelta(days=1), name="operations.forget", group="retention")
def _forget() -> None:
    with transaction() as s:
        s.execute(delete(Operation).where(Operation.created_at < clock.now() - timedelta(days=400)))
