"""Fairs as everybody sees them: the coming ones, the past ones, the next one."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import current_app
from sqlalchemy import select

from shop.exhibitions.models.fairs import Exhibition, FairState
from shop.exhibitions.queries import fairs as reads
from shop.kernel import db
from shop.kernel.db import session

# How old the copy may be that a process keeps for its pages.
FRESH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class FairView:
    """A fair in a list. Days as `Exhibition` has them: `to_on` is the day after the last."""

    id: int
    slug: str
    name: str
    name_en: str | None
    state: FairState
    from_on: date | None
    to_on: date | None
    last_on: date | None
    date_text: str | None
    venue: str
    address: str | None
    description: str | None
    description_en: str | None
    call_from_on: date | None
    call_to_on: date | None
    updated_at: datetime
    is_demo: bool

    @property
    def year(self) -> int:
        """The year of its first day, as far as it is known."""
        return self.from_on.year if self.from_on else int((self.date_text or "0")[:4])

    @property
    def month(self) -> date | None:
        """The first of its month, where only that is known."""
        text = self.date_text or ""
        return date.fromisoformat(f"{text}-01") if len(text) == 7 else None

    def is_coming(self, on: date) -> bool:
        """Whether it is still to come, or running, on the day `on`."""
        return (
            self.state in (FairState.ANNOUNCED, FairState.ALLOTTED, FairState.RUNNING)
            and self.to_on is not None
            and self.to_on > on
        )

    def takes_applications(self, on: date) -> bool:
        """Whether producers may apply on the day `on`."""
        return (
            self.state in (FairState.ANNOUNCED, FairState.ALLOTTED)
            and self.call_from_on is not None
            and self.call_to_on is not None
            and self.call_from_on <= on < self.call_to_on
        )


_NAMES = tuple(FairView.__dataclass_fields__)


def _read() -> tuple[FairView, ...]:
    rows = session().scalars(select(Exhibition).where(reads.seen()))
    found = [FairView(**{name: getattr(row, name) for name in _NAMES}) for row in rows]
    return tuple(sorted(found, key=lambda f: (str(f.from_on or f.date_text), f.id), reverse=True))


def fairs() -> tuple[FairView, ...]:
    """Every fair that everybody may see, the latest first; at most `FRESH_SECONDS` old, exact inside a transaction."""
    if db.in_transaction():
        return _read()
    kept: dict[str, Any] | None = current_app.extensions.get("shop_fairs")
    if kept is None or time.monotonic() - kept["at"] > FRESH_SECONDS:
        kept = {"at": time.monotonic(), "fairs": _read()}
        current_app.extensions["shop_fairs"] = kept
    found: tuple[FairView, ...] = kept["fairs"]
    return found


def forget() -> None:
    """Drop the copy; the next read asks the database."""
    current_app.extensions.pop("shop_fairs", None)


def coming(on: date) -> list[FairView]:
    """The fairs that are running or still to come on `on`, the next first."""
    return sorted((f for f in fairs() if f.is_coming(on)), key=lambda f: (f.from_on or on, f.id))


def called_off(on: date) -> list[FairView]:
    """The fairs that were to be open on `on` or later and were called off, the next first."""
    off = [f for f in fairs() if f.state is FairState.CANCELLED and f.to_on is not None and f.to_on > on]
    return sorted(off, key=lambda f: (f.from_on or on, f.id))


def upcoming(on: date) -> FairView | None:
    """The next fair (or the one that is running on `on`); None while none has been announced."""
    return next(iter(coming(on)), None)
