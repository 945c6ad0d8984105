"""Rules of trade that staff change in the office: typed, bounded, with a default, read through a short-lived copy."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

from flask import current_app
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from shop.kernel import audit, clock, events, text
from shop.kernel.actor import Actor
from shop.kernel.db import Base, Instant, Json, Str40, Str80, after_commit, session, transaction
from shop.kernel.errors import N_, Conflict, Invalid, NotFound

FRESH_SECONDS = 5.0


class SettingRow(Base):
    """A value that staff have set; a setting without a row has its default."""

    __tablename__ = "settings"

    key: Mapped[Str80] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(Json)
    updated_at: Mapped[Instant]
    updated_by: Mapped[Str40]


@dataclass(frozen=True, slots=True)
class SettingChanged:
    """Staff have set a rule; rooms that keep what follows from it make that anew."""

    key: str


@dataclass(frozen=True, slots=True)
class Setting:
    """What may be set: `kind` is int, bool or str; `low`/`high` bound numbers and lengths of text.

    `choices` (value → label, marked with `N_`) are all that a text may be, if given.
    """

    key: str
    kind: type
    default: Any
    label: str
    hint: str = ""
    low: int | None = None
    high: int | None = None
    choices: dict[str, str] | None = None

    def get(self) -> Any:
        """The value in force (at most `FRESH_SECONDS` old)."""
        return _values().get(self.key, self.default)


known: dict[str, Setting] = {}


def define(
    key: str,
    default: Any,
    label: str,
    *,
    hint: str = "",
    low: int | None = None,
    high: int | None = None,
    choices: dict[str, str] | None = None,
) -> Setting:
    """Declare a setting; `label` and `hint` are Vietnamese, marked with `N_`."""
    setting = Setting(key, type(default), default, label, hint, low, high, choices)
    known[key] = setting
    return setting


_lock = threading.Lock()


def _values() -> dict[str, Any]:
    cache: dict[str, Any] = current_app.extensions.setdefault("shop_settings", {"at": -1e9, "values": {}})
    if time.monotonic() - cache["at"] > FRESH_SECONDS:
        values = {row.key: row.value for row in session().execute(select(SettingRow.key, SettingRow.value))}
        with _lock:
            cache["values"], cache["at"] = values, time.monotonic()
    return cache["values"]  # type: ignore[no-any-return]


def forget() -> None:
    """Drop the copy; the next read asks the database."""
    current_app.extensions.pop("shop_settings", None)


def change(actor: Actor, key: str, raw: str) -> None:
    """Set `key` from the text `raw` a person typed.

    Raises:
        NotFound: there is no such setting.
        Invalid: the text is not of the setting's kind, out of its bounds or none of its choices.
        Conflict: somebody else set it for the first time at the same moment.
    """
    setting = known.get(key)
    if setting is None:
        raise NotFound
    value: Any = raw.strip()
    if setting.kind is bool:
        value = value.lower() in {"1", "true", "on", "yes"}
    elif setting.kind is int:
        below = value.startswith("-")
        if (found := text.whole(value.removeprefix("-"))) is None:
            raise Invalid(N_("Giá trị phải là số nguyên."), field=key)
        value = -found if below else found
    if setting.choices is not None and value not in setting.choices:
        raise Invalid(N_("Giá trị này không có trong danh sách."), field=key)
    size = value if setting.kind is int else len(value) if setting.kind is str else None
    if size is not None and (
        (setting.low is not None and size < setting.low) or (setting.high is not None and size > setting.high)
    ):
        raise Invalid(N_("Giá trị phải từ %(low)s đến %(high)s."), field=key, low=setting.low, high=setting.high)
    try:
        with transaction() as s:
            row = s.get(SettingRow, key, with_for_update=True)
            before = row.value if row else setting.default
            if row is None:
                row = SettingRow(key=key)
                s.add(row)
            row.value, row.updated_at, row.updated_by = value, clock.now(), actor.key
            audit.record(actor, "settings.change", f"settings:{key}", before=before, after=value)
            if value != before:
                events.publish(SettingChanged(key))
            after_commit(forget)
    except IntegrityError:
        raise Conflict from None  # somebody else set it for the first time at the same moment
