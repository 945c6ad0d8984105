"""An event while it is being taken in, and what every kind of event has to ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from shop.kernel.db import execute
from shop.till import forms, rules
from shop.till.errors import NumberForeign
from shop.till.models import Notice


@dataclass(slots=True)
class Taking:
    """An event being taken in: what the handlers of its kind need. `result` is what the device will be told; `by_person`
    says that somebody of the office takes in what was refused, and answers for what a keeper may not do; `is_demo` that the
    sale is made up."""

    event_id: int
    uuid: str
    device_id: int
    device_code: str
    point_id: int
    at: datetime
    now: datetime
    result: dict[str, Any]
    by_person: bool = False
    is_demo: bool = False

    def notice(self, kind: str, session_id: int | None = None, **detail: Any) -> None:
        """Tell a person of something that was taken in all the same."""
        execute(
            insert(Notice).values(
                kind=kind, device_id=self.device_id, event_id=self.event_id, session_id=session_id, detail=detail,
                opened_at=self.now,
            )
        )  # fmt: skip

    @property
    def trusted_at(self) -> datetime:
        """When it happened: by the device's clock unless that is far off."""
        return self.at if self.now - rules.BEHIND <= self.at <= self.now + rules.AHEAD else self.now


def check_number(taking: Taking, number: str) -> int:
    """The running number of a till number of this device.

    Raises:
        NumberForeign: it is another device's.
    """
    code, sequence = forms.sequence_of(number)
    if code != taking.device_code or sequence < 1:
        raise NumberForeign(number=number)
    return sequence
