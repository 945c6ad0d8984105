"""Limits on how often a thing may be done.

Two kinds. `limiter` (flask-limiter) slows a door by network address, with Redis when there is one and this process's memory
otherwise. `take` counts in the database, so the count is exact for all workers together: for what must not be guessed
(passwords, codes, references of orders). `RATE_LIMITS=off` switches both off.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import current_app
from flask_limiter import Limiter
from sqlalchemy import case, delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from shop.kernel import clock, jobs
from shop.kernel.db import Base, Instant, Str255, is_sqlite, session, transaction
from shop.kernel.errors import TooManyRequests
from shop.kernel.web import client_address


def network(address: str | None) -> str:
    """What is counted as one caller: an IPv4 address, or the /64 of an IPv6 one, which a single line has for itself."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return address or "?"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


limiter = Limiter(
    key_func=lambda: network(client_address()),
    default_limits=[],
    in_memory_fallback_enabled=True,
    swallow_errors=True,
    headers_enabled=False,
)
LONGEST = timedelta(days=1)


class LimitCount(Base):
    """How often `key` was taken since `started_at`; a window that is over starts again with the next taking."""

    __tablename__ = "limit_counts"

    key: Mapped[Str255] = mapped_column(primary_key=True)
    started_at: Mapped[Instant]
    count: Mapped[int]


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` takings of `key` in a window of `per` (at most a day) that the first taking opens."""

    key: str
    most: int
    per: timedelta


def take(*limits: Limit, refusal: type[TooManyRequests] = TooManyRequests) -> None:
    """Count one taking of each of `limits`, or none of them if one is used up.

    Raises:
        TooManyRequests: as `refusal`; nothing was counted.
    """
    if not current_app.extensions["shop_config"].rate_limits:
        return
    now = clock.now()
    with transaction() as s:
        # One order of keys for everybody, so that two takers never wait for each other in a ring.
        for limit in sorted(limits, key=lambda each: each.key):
            over = LimitCount.started_at <= now - limit.per
            new: Any = (sqlite if is_sqlite() else postgresql).insert(LimitCount)
            statement = (
                new.values(key=limit.key, started_at=now, count=1)
                .on_conflict_do_update(
                    index_elements=[LimitCount.key],
                    set_={
                        "count": case((over, 1), else_=LimitCount.count + 1),
                        "started_at": case((over, now), else_=LimitCount.started_at),
                    },
                )
                .returning(LimitCount.count)
            )
            if s.execute(statement).scalar_one() > limit.most:
                raise refusal


def give_back(keys: Iterable[str]) -> None:
    """Take back one taking of each of `keys`: it was no guess after all. Call inside a transaction."""
    session().execute(
        update(LimitCount)
        .where(LimitCount.key.in_(list(keys)), LimitCount.count > 0)
        .values(count=LimitCount.count - 1)
        .execution_options(synchronize_session=False)
    )


def forget(*keys: str) -> None:
    """Forget all takings of `keys`. Call inside a transaction."""
    session().execute(delete(LimitCount).where(LimitCount.key.in_(keys)).execution_options(synchronize_session=False))


@jobs.every(timedelta(days=1), name="limits.forget", group="retention")
def _forget_old() -> None:
    with transaction() as s:
        s.execute(delete(LimitCount).where(LimitCount.started_at < clock.now() - LONGEST))
