"""Commands of monthly reports: saved, handed in, returned, locked, put right. Handing in freezes a version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from shop.cycle.localities import Locality
from shop.cycle.services.steps import in_force
from shop.kernel import audit, clock, db, events, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.reports import figures, rules
from shop.reports.errors import ReportLocked, ReportMovedOn
from shop.reports.events import ReportMoved
from shop.reports.figures import FIGURES, MAY_BE_PLANNED, MAY_DIFFER, OWN, TEXTS
from shop.reports.models import (
    ALLOWED,
    WRITABLE,
    MonthlyReport,
    ReportPlan,
    ReportState,
    ReportStep,
    ReportVersion,
)
from shop.reports.queries import monthly as queries

LARGEST = 10**13
LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Said:
    """What the locality writes: words, numbers that only it knows, and numbers beside the system's, each with a reason."""

    texts: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, int] = field(default_factory=dict)
    differs: Mapping[str, tuple[int, str]] = field(default_factory=dict)

    def stored(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "texts": {k: text.clean(v) for k, v in self.texts.items() if text.clean(v)},
            "figures": dict(self.own),
            "differs": {k: {"value": value, "why": text.clean(why)} for k, (value, why) in self.differs.items()},
        }


def _checked(said: Said) -> dict[str, Any]:
    """The stored form, once every number and word is within bounds.

    Raises:
        Invalid: `field` names the place.
    """
    if not set(said.texts) <= set(TEXTS) or not set(said.own) <= set(OWN) or not set(said.differs) <= set(MAY_DIFFER):
        raise Invalid
    for key, words in said.texts.items():
        if len(words) > LONGEST:
            raise Invalid(N_("Nhiều nhất %(n)s ký tự."), field=key, n=LONGEST)
    for key, value in said.own.items():
        if not 0 <= value <= LARGEST:
            raise Invalid(N_("Số này lớn quá."), field=key)
    for key, (value, why) in said.differs.items():
        if not 0 <= value <= 1_000_000:
            raise Invalid(N_("Số này lớn quá."), field=f"differs_{key}")
        if len(text.clean(why)) < 5:
            raise Invalid(N_("Số khác với hệ thống thì hãy ghi vì sao (ít nhất 5 ký tự)."), field=f"why_{key}")
    return said.stored()


def _here(code: str, month: date) -> Locality:
    if month > clock.today():
        raise NotFound
    return in_force(code, queries.last_day(month))


def save(actor: Actor, code: str, month: date, said: Said, *, seen: int, is_demo: bool = False) -> int:
    """Keep what a locality has written so far; `seen` is the turn that its form was made from (0: nobody had begun). Return the
    new turn.

    Raises:
        NotFound; LocalityCeased. Invalid: a number out of bounds, a different number without a reason.
        ReportLocked: it was handed in or locked. ReportMovedOn: somebody else has saved since.
    """
    here = _here(code, month)
    stored = _checked(said)
    try:
        with transaction():
            row = _row(actor, here, month, seen, is_demo=is_demo)
            if row.said == stored and row.turn > 1:
                return row.turn
            row.said, row.turn, row.updated_at = stored, row.turn + 1, clock.now()
            return row.turn
    except IntegrityError:
        raise ReportMovedOn from None  # two began it at once


def _row(actor: Actor, here: Locality, month: date, seen: int, *, is_demo: bool) -> MonthlyReport:
    """The report, locked and writable; begun if nobody had."""
    found = session().scalar(
        select(MonthlyReport)
        .where(MonthlyReport.locality_code == here.code, MonthlyReport.month == month)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        if seen != 0:
            raise ReportMovedOn
        found = MonthlyReport(
            month=month, locality_code=here.code, locality_name=here.name, sort_name=here.sort_key, state=ReportState.DRAFT,
            due_on=rules.due_on(month), said={}, turn=1, version=0, created_at=clock.now(), updated_at=clock.now(),
            is_demo=is_demo,
        )  # fmt: skip
        session().add(found)
        session().flush()
        _step(actor, found, None, ReportState.DRAFT, None)
        return found
    if found.state not in WRITABLE:
        raise ReportLocked
    if found.turn != seen:
        raise ReportMovedOn
    return found


def _step(actor: Actor, row: MonthlyReport, before: ReportState | None, after: ReportState, reason: str | None) -> None:
    if after not in ALLOWED[before]:
        raise ReportMovedOn
    step = ReportStep(
        report_id=row.id, from_state=before.value if before else None, to_state=after.value, version=row.version,
        at=clock.now(), actor_key=actor.key, actor_label=actor.label, reason=reason,
    )  # fmt: skip
    session().add(step)
    session().flush()
    audit.record(
        actor, f"reports.{after.value}", f"report:{rules.spelt(row.month)}:{row.locality_code}", version=row.version
    )
    events.publish(ReportMoved(row.id, step.id))


def submit(actor: Actor, code: str, month: date, said: Said, why: str = "", *, seen: int, is_demo: bool = False) -> int:
    """Hand a report in: what the system knows now and what the locality writes are frozen as a version; return its number.

    Raises:
        NotFound; LocalityCeased; ReportLocked; ReportMovedOn, as when saving.
        Invalid: the month is not over; nothing was written of what was done; numbers that contradict each other; a further
        version without a word of what was put right.
    """
    here = _here(code, month)
    stored = _checked(said)
    if clock.today() < rules.end_of(month):
        raise Invalid(N_("Tháng này chưa hết nên chưa nộp được báo cáo. Bạn vẫn lưu nháp được."))
    if len(stored["texts"].get("done", "")) < 10:
        raise Invalid(N_("Hãy ghi việc đã làm trong tháng (ít nhất 10 ký tự)."), field="done")
    # Counted before the transaction: it reads much; the instant says what belongs to it.
    content = queries.content(code, month, stored)
    differs = {key: found["value"] for key, found in stored["differs"].items()}
    for where, sentence in figures.contradictions(content["figures"], stored["figures"], differs):
        raise Invalid(sentence, field=where)
    why = text.clean(why)
    try:
        with transaction() as s:
            row = _row(actor, here, month, seen, is_demo=is_demo)
            if row.version and len(why) < 5:
                raise Invalid(N_("Hãy ghi đã sửa gì so với bản trước (ít nhất 5 ký tự)."), field="why")
            before, now = row.state, clock.now()
            row.said, row.turn, row.version, row.updated_at = stored, row.turn + 1, row.version + 1, now
            row.state, row.return_reason = ReportState.SUBMITTED, None
            row.submitted_on = row.submitted_on or clock.today()
            s.add(
                ReportVersion(
                    report_id=row.id, number=row.version, content=content, digest=figures.digest(content),
                    why=why or None if row.version > 1 else None, frozen_at=now, frozen_by=actor.key,
                    frozen_label=actor.label,
                )
            )  # fmt: skip
            s.flush()
            _step(actor, row, before, ReportState.SUBMITTED, why or None)
            return row.version
    except IntegrityError:
        raise ReportMovedOn from None


def _known(code: str, month: date) -> int:
    found = queries.find(code, month)
    if found is None:
        raise NotFound
    return found.id


def give_back(actor: Actor, code: str, month: date, reason: str, *, seen: int) -> None:
    """The province returns a report that was handed in; `seen` is the version that was read.

    Raises:
        NotFound. Invalid: no reason. ReportMovedOn: another version, or it does not wait any more.
    """
    reason = text.clean(reason)
    if len(reason) < 5:
        raise Invalid(N_("Hãy ghi vì sao trả lại (ít nhất 5 ký tự)."), field="reason")
    row_id = _known(code, month)
    with transaction():
        row = db.locked(MonthlyReport, row_id, NotFound)
        if row.state is not ReportState.SUBMITTED or row.version != seen:
            raise ReportMovedOn
        row.state, row.return_reason, row.turn, row.updated_at = (
            ReportState.RETURNED, reason, row.turn + 1, clock.now()
        )  # fmt: skip
        _step(actor, row, ReportState.SUBMITTED, ReportState.RETURNED, reason)


def lock(actor: Actor, code: str, month: date, *, seen: int) -> None:
    """The province locks the version `seen` of a report: it counts from now on.

    Raises:
        NotFound. ReportMovedOn: another version, or it does not wait any more.
    """
    row_id = _known(code, month)
    with transaction():
        row = db.locked(MonthlyReport, row_id, NotFound)
        if row.state is not ReportState.SUBMITTED or row.version != seen:
            raise ReportMovedOn
        row.state, row.locked_version, row.turn, row.updated_at = (
            ReportState.LOCKED, row.version, row.turn + 1, clock.now()
        )  # fmt: skip
        _step(actor, row, ReportState.SUBMITTED, ReportState.LOCKED, None)


def correct(actor: Actor, code: str, month: date, reason: str, *, seen: int) -> None:
    """Open a locked report to put it right; its locked version counts until another one is locked.

    Raises:
        NotFound. Invalid: no reason. ReportMovedOn: it is not locked, or another version is.
    """
    reason = text.clean(reason)
    if len(reason) < 5:
        raise Invalid(N_("Hãy ghi cần đính chính gì (ít nhất 5 ký tự)."), field="reason")
    row_id = _known(code, month)
    with transaction():
        row = db.locked(MonthlyReport, row_id, NotFound)
        if row.state is not ReportState.LOCKED or row.version != seen:
            raise ReportMovedOn
        row.state, row.turn, row.updated_at = ReportState.CORRECTING, row.turn + 1, clock.now()
        _step(actor, row, ReportState.LOCKED, ReportState.CORRECTING, reason)


def plan(
    actor: Actor, year: int, code: str, wanted: Mapping[str, int | None], decision: str | None, *, is_demo: bool = False
) -> None:
    """Set what a locality is meant to reach in a year; None takes a figure out of the plan.

    Raises:
        Invalid: a figure that is not planned, a number out of bounds. LocalityCeased.
    """
    if not 2014 <= year <= clock.today().year + 1:
        raise Invalid(N_("Năm phải từ 2014 đến năm sau."), field="year")
    in_force(code, max(date(year, 1, 1), min(date(year, 12, 31), clock.today())) if year <= clock.today().year
             else clock.today())  # fmt: skip
    for key, value in wanted.items():
        if key not in MAY_BE_PLANNED or key not in FIGURES:
            raise Invalid
        if value is not None and not 0 <= value <= LARGEST:
            raise Invalid(N_("Số này lớn quá."), field=f"plan_{key}")
    with transaction() as s:
        s.execute(
            delete(ReportPlan).where(
                ReportPlan.year == year, ReportPlan.locality_code == code, ReportPlan.figure.in_(sorted(wanted))
            )
        )
        s.add_all(
            ReportPlan(
                year=year, locality_code=code, figure=key, value=value, decision_number=decision, set_at=clock.now(),
                set_label=actor.label, is_demo=is_demo,
            )
            for key, value in sorted(wanted.items())
            if value is not None
        )  # fmt: skip
        s.flush()
        audit.record(actor, "reports.plan", f"plan:{year}:{code}", **dict(wanted))
