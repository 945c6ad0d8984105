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
from shop.programme.models.ntm import (
    NtmAssessment,
    NtmCriterion,
    NtmGroup,
    NtmPeriod,
    NtmRecord,
    NtmState,
    NtmStatus,
    ProgrammeFigure,
)
from shop.programme.queries import ntm as queries
from shop.programme.services.scoring import DATA


def _lines(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _day(raw: str) -> date | None:
    return date.fromisoformat(raw) if raw else None


def load_registry() -> int:
    """Load the periods with their criteria and groups, and the figures of sources; return how many rows are new. A name or
    source that a file spells otherwise by now is mended; nothing is taken away."""
    with transaction():
        return _load_periods() + _load_figures()


def _load_periods() -> int:
    s, new = session(), 0
    periods = {p.decision: p for p in s.scalars(select(NtmPeriod))}
    for line in _lines("ntm_periods.csv"):
        told = {
            "first_year": int(line["first_year"]), "last_year": int(line["last_year"]),
            "issued_on": _day(line["issued_on"]), "in_force_on": _day(line["in_force_on"]),
            "targets": int(line["targets"]) if line["targets"] else None, "source_url": line["source_url"],
        }  # fmt: skip
        if (period := periods.get(line["decision"])) is None:
            period = periods[line["decision"]] = NtmPeriod(decision=line["decision"])
            s.add(period)
            new += 1
        _tell(period, told)
    s.flush()
    files: tuple[tuple[type[Any], str, str], ...] = (
        (NtmCriterion, "ntm_criteria.csv", "name"),
        (NtmGroup, "ntm_groups.csv", "meaning"),
    )
    for model, name, word in files:
        known: dict[tuple[int, int], Any] = {(row.period_id, row.number): row for row in s.scalars(select(model))}
        for line in _lines(name):
            key = (periods[line["decision"]].id, int(line["number"]))
            if (row := known.get(key)) is None:
                row = model(period_id=key[0], number=key[1])
                s.add(row)
                new += 1
            _tell(row, {word: line[word], "source_url": line["source_url"]})
    return new


def _tell(row: Any, told: dict[str, Any]) -> None:
    for name, value in told.items():
        if getattr(row, name) != value:
            setattr(row, name, value)


def _load_figures() -> int:
    f = ProgrammeFigure
    told = {tuple(row) for row in session().execute(select(f.subject, f.as_of, f.source_title, f.written))}
    new = [
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
        for line in _lines("figures.csv")
        if (line["subject"], date.fromisoformat(line["as_of"]), line["source_title"], line["written"]) not in told
    ]
    session().add_all(new)
    return len(new)


def register(
    actor: Actor,
    commune_code: str,
    target_year: int,
    registered_on: date | None,
    op_key: str,
    *,
    group: int | None = None,
    source_url: str | None = None,
    is_demo: bool = False,
) -> str:
    """A commune aims at a year; return its code. The unit must exist at the end of that year, or today if the year is not over.
    `group`: its group among those of the period, None while it is not known.

    Raises:
        Invalid: no such commune in that year, a year without criteria, no such group, a day after today.
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
    _check_group(target_year, group)

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
            group_number=group,
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

    body = {"commune": commune_code, "year": target_year, "on": registered_on, "group": group}
    return str(operations.once(op_key, "ntm.register", actor.key, body, command)["code"])


def _check_group(year: int, group: int | None) -> None:
    if group is not None and group not in {g.number for g in queries.groups(year)}:
        raise Invalid(N_("Giai đoạn này không có nhóm xã đó."), field="group")


def put_in_group(actor: Actor, commune_code: str, target_year: int, group: int | None) -> None:
    """Say in which group of the period the commune is; None: not known. The same once more is not a change.

    Raises:
        NotFound: no such commune in that year.
        Invalid: the period has no such group.
        NtmMovedOn: the commune is recognised or has withdrawn.
    """
    _check_group(target_year, group)
    with transaction():
        row = queries.locked_record(commune_code, target_year)
        if row.group_number == group:
            return
        if row.state is not NtmState.REGISTERED:
            raise NtmMovedOn
        before, row.group_number, row.updated_at = row.group_number, group, clock.now()
        audit.record(actor, "ntm.group", f"ntm:{target_year}:{commune_code}", before=before, after=group)


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
    """A decision recognises the commune. All criteria of its period must stand as passed (or not considered), and where the
    period has groups its own must be known.

    Raises:
        NotFound: no such commune in that year.
        Invalid: no number, a day after today, criteria that are not passed, or no group.
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
        if row.group_number is None and queries.groups(target_year):
            raise Invalid(N_("Hãy chọn nhóm xã trước khi ghi quyết định công nhận."), field="decision_number")
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
