"""How long certificates hold and when their renewal is filed, as the law of each day has it. Pure: dated data, no database.

Decision 26/2026/QĐ-TTg: a certificate holds for 36 months (art. 4.3); its renewal is filed from 180 to 120 days before its
end and decided within 45 days (7.6); who files later, but before the end, keeps the certificate until the outcome, at most 180
days past its end (12.3, as docs/adr/0020 reads it); a revocation is decided within 15 days of the finding (8.2). Laws before it
are known for their 36 months alone: what the sources do not say stays empty.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path

from shop.catalog.models import CertificateLevel
from shop.kernel import clock
from shop.kernel.errors import N_

DATA = Path(__file__).parent / "data" / "terms.csv"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a law says, from `valid_from` until before `valid_to`; days are counted from the last day of a certificate."""

    law: str
    valid_from: date
    valid_to: date | None
    months: int
    opens_days: int | None
    closes_days: int | None
    tolerance_days: int | None
    decide_days: int | None
    revoke_days: int | None
    stars_of: dict[CertificateLevel, tuple[int, ...]]
    source_url: str


def _number(raw: str) -> int | None:
    return int(raw) if raw else None


@cache
def laws() -> tuple[Terms, ...]:
    """All laws known, oldest first."""
    with DATA.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return tuple(
        Terms(
            row["law"],
            date.fromisoformat(row["valid_from"]),
            date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            int(row["months"]),
            _number(row["opens_days"]),
            _number(row["closes_days"]),
            _number(row["tolerance_days"]),
            _number(row["decide_days"]),
            _number(row["revoke_days"]),
            {
                level: tuple(int(n) for n in row[f"{level}_stars"].split())
                for level in (CertificateLevel.PROVINCE, CertificateLevel.MINISTRY)
                if row[f"{level}_stars"]
            },
            row["source_url"],
        )
        for row in rows
    )


def on(day: date) -> Terms:
    """The law in force on `day`; before the first one known, that one."""
    return next((t for t in reversed(laws()) if t.valid_from <= day), laws()[0])


def ends(decided_on: date) -> date:
    """The last day of a certificate decided on `decided_on`."""
    return clock.add_months(decided_on, on(decided_on).months)


class Window(StrEnum):
    """Where a day lies in the time for filing a renewal."""

    EARLY = "early"
    OPEN = "open"
    LATE = "late"
    ENDED = "ended"
    UNKNOWN = "unknown"


WINDOW_NAMES = {
    Window.EARLY: N_("Chưa đến hạn nộp"),
    Window.OPEN: N_("Đang trong hạn nộp"),
    Window.LATE: N_("Nộp muộn"),
    Window.ENDED: N_("Hết hạn chứng nhận"),
    Window.UNKNOWN: N_("Chưa rõ quy định"),
}


@dataclass(frozen=True, slots=True)
class Renewal:
    """The days that matter for the renewal of a certificate whose term ends on `term_ends_on`; all are included.

    `opens_on` to `closes_on` is the time for filing; `last_on` is how long the certificate holds at most once a renewal has
    been filed and is not decided.
    """

    term_ends_on: date
    opens_on: date
    closes_on: date
    last_on: date

    def window(self, day: date) -> Window:
        """Where `day` lies."""
        if day < self.opens_on:
            return Window.EARLY
        if day <= self.closes_on:
            return Window.OPEN
        return Window.LATE if day <= self.term_ends_on else Window.ENDED


def renewal(term_ends_on: date, day: date) -> Renewal | None:
    """The days for renewing a certificate that ends on `term_ends_on`, by the law of `day`; None if that law gives none."""
    law = on(day)
    if law.opens_days is None or law.closes_days is None or law.tolerance_days is None:
        return None
    return Renewal(
        term_ends_on,
        term_ends_on - timedelta(days=law.opens_days),
        term_ends_on - timedelta(days=law.closes_days),
        term_ends_on + timedelta(days=law.tolerance_days),
    )
