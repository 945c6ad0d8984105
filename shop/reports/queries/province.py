"""The province's summary of a month: all localities, their blockers, what to compare it with; its frozen versions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import force_locale
from sqlalchemy import func, select

from shop.cycle.localities import UNKNOWN
from shop.cycle.models.steps import Blocker
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.errors import NotFound
from shop.reports import figures, rules
from shop.reports.figures import FIGURES, OWN
from shop.reports.models import ProvinceReport, ReportState
from shop.reports.queries import counting, monthly

ALL = frozenset({"*"})


def summary(month: date) -> dict[str, Any]:
    """Everything that the summary of a month says, as plain values, as the books are now.

    A locality's figures are those of its locked version; where there is none yet, what the system counts. `rows` are those
    behind each figure, by locality.
    """
    end = rules.end_of(month)
    with force_locale("vi"):  # what is kept is read by everybody
        counted, frozen = counting.count(month, end), monthly.locked(month)
    places: list[dict[str, Any]] = []
    rows: dict[str, Any] = {}
    for line in monthly.lines(month, ALL):
        code, version = line.locality.code, frozen.get(line.locality.code)
        held = version.content if version is not None else counted[code].stored()
        places.append(
            {
                "code": code, "name": line.locality.name, "state": line.state, "late": line.is_late,
                "version": version.number if version is not None else 0,
                "figures": {key: int(held["figures"][key]) for key in FIGURES if key in held["figures"]},
                "own": dict(held.get("own", {})), "differs": dict(held.get("differs", {})),
            }
        )  # fmt: skip
        rows[code] = held["rows"]
    nowhere = counted[UNKNOWN].stored()
    rows[UNKNOWN] = nowhere["rows"]
    others = monthly.beside(month)
    return {
        "month": rules.spelt(month),
        "as_of": clock.now().isoformat(),
        "localities": places,
        "unknown": nowhere["figures"],
        "totals": figures.total([*(p["figures"] for p in places), nowhere["figures"]]),
        "own": {key: sum(p["own"].get(key, 0) for p in places) for key in OWN},
        "own_from": {key: sum(1 for p in places if key in p["own"]) for key in OWN},
        "before": figures.total(others.before.values()),
        "year_ago": figures.total(others.year_ago.values()),
        **_plans(places, others),
        "blockers": _blockers(month, end - timedelta(days=1)),
        "rows": rows,
    }


def _plans(places: list[dict[str, Any]], others: monthly.Beside) -> dict[str, Any]:
    """The year's plans: their sums, of how many localities, and what those localities have reached so far."""
    found: dict[str, dict[str, int]] = {"plans": {}, "planned_by": {}, "reached": {}}
    for p in places:
        for key, x in monthly.compared(p["code"], p["figures"], others).items():
            if x.plan is not None:
                for name, value in (("plans", x.plan), ("planned_by", 1), ("reached", x.reached or 0)):
                    found[name][key] = found[name].get(key, 0) + value
    return found


def _blockers(first: date, last: date) -> list[dict[str, Any]]:
    rows = session().scalars(
        select(Blocker)
        .where(Blocker.opened_on <= last, Blocker.solved_on.is_(None) | (Blocker.solved_on >= first))
        .order_by(Blocker.step, Blocker.sort_name, Blocker.id)
    )
    return [
        {
            "reference": b.reference, "locality": b.locality_name, "step": b.step, "what": b.what,
            "support": b.support or "", "answer": b.answer or "", "solved_how": b.solved_how or "",
        }
        for b in rows
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Changed:
    """A figure with what it was the month before; `percent` is none where it was nothing."""

    key: str
    label: str
    now: int
    before: int

    @property
    def percent(self) -> int | None:
        """By how much, in whole percent of the month before, rounded towards nothing."""
        return int((self.now - self.before) * 100 / self.before) if self.before else None


@dataclass(frozen=True, slots=True)
class First:
    """What a reader of a summary looks at first."""

    late: list[dict[str, Any]]
    handed: int
    unanswered: int
    differing: list[dict[str, Any]]
    changed: list[Changed]


def first_of_all(content: dict[str, Any], most: int = 6) -> First:
    """Who is late, what waits for an answer, where a locality says other numbers, and the `most` figures that changed most (by
    a tenth or more; what appeared or vanished first)."""
    places = content["localities"]
    found = [
        Changed(key, f.label, now, before)
        for key, f in FIGURES.items()
        # What nobody counted then is not zero.
        if not f.beneath
        and (now := content["totals"].get(key)) is not None
        and (before := content["before"].get(key)) is not None
    ]
    moved = [x for x in found if x.now != x.before and (x.percent is None or abs(x.percent) >= 10)]
    return First(
        [p for p in places if p["late"]],
        sum(1 for p in places if p["state"] in (ReportState.SUBMITTED, ReportState.LOCKED)),
        sum(1 for b in content["blockers"] if not b["answer"]),
        [p for p in places if p["differs"]],
        sorted(moved, key=lambda x: (x.percent is not None, -abs(x.percent or 0)))[:most],
    )


def seen(content: dict[str, Any]) -> str:
    """What a reader has seen of a summary: the SHA-256 of everything but the instant."""
    return figures.digest({key: value for key, value in content.items() if key != "as_of"})


def versions(month: date) -> list[ProvinceReport]:
    """The frozen versions of a month, the latest first."""
    mine = select(ProvinceReport).where(ProvinceReport.month == month)
    return list(session().scalars(mine.order_by(ProvinceReport.version.desc())))


def version(month: date, number: int) -> ProvinceReport:
    """One frozen version.

    Raises:
        NotFound.
    """
    found = session().scalar(
        select(ProvinceReport).where(ProvinceReport.month == month, ProvinceReport.version == number)
    )
    if found is None:
        raise NotFound
    return found


def last_paper() -> dict[str, Any]:
    """What stood on the sheet of the version frozen last; empty before the first."""
    newest = select(func.max(ProvinceReport.id))
    return dict(
        session().scalar(select(ProvinceReport.paper).where(ProvinceReport.id == newest.scalar_subquery())) or {}
    )


def behind(content: dict[str, Any], key: str) -> list[tuple[str, str, list[Any]]]:
    """The rows behind one figure of a summary: (code of the locality, its name, row)."""
    names = {p["code"]: p["name"] for p in content["localities"]}
    return [
        (code, names.get(code, ""), row)
        for code in (*names, UNKNOWN)
        for row in content["rows"].get(code, {}).get(key, [])
    ]
