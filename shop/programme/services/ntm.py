"""Commands of the new-rural communes: registered, assessed, recognised, withdrawn; the registry of criteria and figures."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select, update

from shop.kernel import audit, clock, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Invalid
from shop.places import queries as places
from shop.programme import ntm
from shop.programme.errors import NtmMovedOn, NtmRegistered
from shop.programme.models.ntm import NtmAssessment, NtmCriterion, NtmRecord, NtmState, NtmStatus, ProgrammeFigure
from shop.programme.queries import ntm as queries
from shop.programme.services.scoring import DATA


def _lines(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def load_registry() -> int:
    """Load the criteria by period and the figures of sources; return how many rows are new. What is there stays."""
    criteria, figures = _lines("ntm_criteria.csv"), _lines("figures.csv")
    known = {tuple(row) for row in session().execute(select(NtmCriterion.decision, NtmCriterion.number))}
    told = {
        (row.subject, row.as_of, row.source_title, row.written)
        for row in session().execute(
            select(
                ProgrammeFigure.subject, ProgrammeFigure.as_of, ProgrammeFigure.source_title, ProgrammeFigure.written
            )
        )
    }
    new: list[Any] = [
        NtmCriterion(
            decision=line["decision"],
            number=int(line["number"]),
            name=line["name"],
            valid_from=date.fromisoformat(line["valid_from"]),
            valid_to=date.fromisoformat(line["valid_to"]) if line["valid_to"] else None,
            source_url=line["source_url"],
        )
        for line in criteria
        if (line["decision"], int(line["number"])) not in known
    ]
    new += [
        ProgrammeFigure(
            subject=line["subject"],
            as_of=date.fromisoformat(line["as_of"]),
            as_of_text=line["as_of_text"],
            value=int(line["value"]) if line["value"] else None,
            written=line["written"],
            note=line["note"] or None,
            source_title=line["source_title"],
            source_url=line["source_url"] or None,
        )
        for line in figures
        if (line["subject"], date.fromisoformat(line["as_of"]), line["source_title"], line["written"]) not in told
    ]
    if new:
        with transaction() as s:
            s.add_all(new)
    return len(new)


def register(
    actor: Actor,
    commune_code: str,
    target_year: int,
    registered_on: date | None,
    op_key: str,
    *,
    source_url: str | None = None,
    is_demo: bool = False,
) -> str:
    """A commune aims at a year; return its code. The unit must exist at the end of that year, or today if the year is not over.

    Raises:
        Invalid: no such commune in that year, a year without criteria, a day after today.
        NtmRegistered: it is registered for that year already.
    """
    today = clock.today()
    day = min(date(target_year, 12, 31), today) if 2009 <= target_year <= 2100 else today
    unit = places.unit(commune_code, day)
    if not queries.criteria(target_year):
        raise Invalid(N_("Chưa có danh mục tiêu chí của năm này."), field="target_year")
    if unit is None or not ntm.may_aim(unit.type):
        raise Invalid(N_("Năm đó không có xã này."), field="commune")
    if registered_on is not None and registered_on > today:
        raise Invalid(N_("Ngày đăng ký không thể ở sau hôm nay."), field="registered_on")

    def command() -> dict[str, Any]:
        if queries.find(commune_code, target_year) is not None:
            raise NtmRegistered
        above = places.on_day(day).by_code.get(unit.parent_code or "")
        row = NtmRecord(
            commune_code=commune_code,
            commune_name=unit.name,
            sort_name=text.sort_key(unit.short),
            district_name=above.name if above is not None and above.level.value == "district" else None,
            on_day=day,
            target_year=target_year,
            state=NtmState.REGISTERED,
            registered_on=registered_on,
            source_url=source_url,
            created_at=clock.now(),
            updated_at=clock.now(),
            is_demo=is_demo,
        )
        session().add(row)
        session().flush()
        audit.record(actor, "ntm.register", f"ntm:{target_year}:{commune_code}", registered_on=registered_on)
        return {"code": commune_code}

    body = {"commune": commune_code, "year": target_year, "on": registered_on}
    return str(operations.once(op_key, "ntm.register", actor.key, body, command)["code"])


@dataclass(frozen=True, slots=True)
class Finding:
    """What is said of one criterion."""

    status: NtmStatus
    value: str | None = None
    threshold: str | None = None
    evidence: str | None = None
    assessed_on: date | None = None


def assess(actor: Actor, commune_code: str, target_year: int, number: int, finding: Finding, *, seen: int) -> None:
    """Write down how a criterion stands; the word before stays to be read. `seen` is the id of the word that the reader had
    before him (0: none). The same once more is not a change.

    Raises:
        NotFound: no such commune in that year, no such criterion.
        Invalid: passed or failed without a day, a day after today.
        NtmMovedOn: somebody else has said something of it since, or the commune is recognised or has withdrawn.
    """
    if finding.status in (NtmStatus.PASSED, NtmStatus.FAILED) and finding.assessed_on is None:
        raise Invalid(N_("Hãy ghi ngày đánh giá."), field="assessed_on")
    if finding.assessed_on is not None and finding.assessed_on > clock.today():
        raise Invalid(N_("Ngày đánh giá không thể ở sau hôm nay."), field="assessed_on")
    if finding.status is NtmStatus.FAILED and not (finding.value or finding.evidence):
        raise Invalid(N_("Chưa đạt thì hãy ghi số liệu hoặc vướng mắc."), field="evidence")
    with transaction() as s:
        row = queries.locked_record(commune_code, target_year)
        criterion = queries.criterion(target_year, number)
        before = s.scalar(
            select(NtmAssessment).where(
                NtmAssessment.record_id == row.id,
                NtmAssessment.criterion_id == criterion.id,
                NtmAssessment.replaced_at.is_(None),
            )
        )
        said = (finding.status, finding.value, finding.threshold, finding.evidence, finding.assessed_on)
        if before is not None and said == (
            before.status, before.value, before.threshold, before.evidence, before.assessed_on,
        ):  # fmt: skip
            return
        if row.state is not NtmState.REGISTERED or (before.id if before else 0) != seen:
            raise NtmMovedOn
        now = clock.now()
        if before is not None:
            s.execute(update(NtmAssessment).where(NtmAssessment.id == before.id).values(replaced_at=now))
        s.add(
            NtmAssessment(
                record_id=row.id,
                criterion_id=criterion.id,
                status=finding.status,
                value=finding.value,
                threshold=finding.threshold,
                evidence=finding.evidence,
                assessed_on=finding.assessed_on,
                said_at=now,
                said_by=actor.key,
                said_label=actor.label,
            )
        )
        row.updated_at = now
        s.flush()
        audit.record(
            actor, "ntm.assess", f"ntm:{target_year}:{commune_code}", criterion=number, status=finding.status.value
        )


def recognise(actor: Actor, commune_code: str, target_year: int, decision_number: str, recognised_on: date) -> None:
    """A decision recognises the commune. All nineteen criteria must stand as passed (or not considered).

    Raises:
        NotFound: no such commune in that year.
        Invalid: no number, a day after today, or criteria that are not passed.
        NtmMovedOn: it is recognised or withdrawn already.
    """
    if not decision_number:
        raise Invalid(N_("Hãy ghi số quyết định."), field="decision_number")
    if recognised_on > clock.today():
        raise Invalid(N_("Ngày công nhận không thể ở sau hôm nay."), field="recognised_on")
    with transaction():
        row = queries.locked_record(commune_code, target_year)
        if row.state is not NtmState.REGISTERED:
            raise NtmMovedOn
        open_ones = [c.number for c in queries.standing(row) if not ntm.counts(c.status)]
        if open_ones:
            raise Invalid(
                N_("Còn tiêu chí chưa đạt: %(numbers)s."), field="decision_number",
                numbers=", ".join(str(n) for n in open_ones),
            )  # fmt: skip
        row.state, row.decision_number, row.recognised_on = NtmState.RECOGNISED, decision_number, recognised_on
        row.updated_at = clock.now()
        audit.record(actor, "ntm.recognise", f"ntm:{target_year}:{commune_code}", decision=decision_number)


def withdraw(actor: Actor, commune_code: str, target_year: int, why: str) -> None:
    """The commune no longer aims at this year; what was assessed stays to be read.

    Raises:
        NotFound: no such commune in that year.
        Invalid: no reason.
        NtmMovedOn: it is recognised or withdrawn already.
    """
    if not why:
        raise Invalid(N_("Hãy ghi lý do."), field="why")
    with transaction():
        row = queries.locked_record(commune_code, target_year)
        if row.state is not NtmState.REGISTERED:
            raise NtmMovedOn
        row.state, row.withdrawn_why, row.updated_at = NtmState.WITHDRAWN, why, clock.now()
        audit.record(actor, "ntm.withdraw", f"ntm:{target_year}:{commune_code}", reason=why)
