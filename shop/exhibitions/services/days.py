"""The days of a fair: booths ask for more goods, visitors are counted, trade buyers are written down, incidents put right."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from shop.exhibitions import rules, sensors
from shop.exhibitions.errors import ConsentMissing, FairMovedOn, SameFileAgain
from shop.exhibitions.models.calls import Stand
from shop.exhibitions.models.days import (
    Contact,
    ContactKind,
    ContactOutcome,
    CountedBy,
    Gate,
    Incident,
    IncidentKind,
    OutcomeKind,
    Severity,
    VisitFile,
    Visits,
)
from shop.exhibitions.models.fairs import Booth, Exhibition, FairState
from shop.kernel import audit, clock, operations, text
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import changed, insert_missing, locked, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.money import LARGEST_AMOUNT

MOST_UNITS = 100_000
OPEN_FAIR = (FairState.ALLOTTED, FairState.RUNNING)
# What was counted or met may be put right while the report is written.
DAYS_OF_FAIR = (FairState.RUNNING, FairState.CLOSED, FairState.REPORTED)


def line(raw: str | None, limit: int, field: str, *, needed: str = "") -> str:
    """What was typed, on one line.

    Raises:
        Invalid: it is too long, or nothing where something is `needed` (these words).
    """
    found = text.clean(raw or "").replace("\n", " ")
    if len(found) > limit:
        raise Invalid(N_("Nhiều nhất %(n)s ký tự."), field=field, n=limit)
    if needed and len(found) < 2:
        raise Invalid(needed, field=field)
    return found


# --- visitors ----------------------------------------------------------------------------------------------------


def add_gate(actor: Actor, exhibition_id: int, name: str) -> int:
    """Another gate at which visitors are counted; its id. A name that is there already is that gate.

    Raises:
        NotFound: no such fair; Invalid: no name.
    """
    name = line(name, 80, "name")
    if not name:
        raise Invalid(N_("Hãy ghi tên cổng."), field="name")
    with transaction() as s:
        fair = locked(Exhibition, exhibition_id, NotFound)
        insert_missing(Gate, [{"exhibition_id": fair.id, "name": name}], ["exhibition_id", "name"])
        audit.record(actor, "exhibitions.gate", f"exhibition:{fair.slug}", gate=name)
        return s.scalars(select(Gate.id).where(Gate.exhibition_id == fair.id, Gate.name == name)).one()


TAPS = (1, 5, 10)


def tap(actor: Actor, exhibition_id: int, gate_id: int, visitors: int, op_key: str) -> int:
    """Count visitors who come in now; return how many this hour has by taps. A tap sent twice under one `op_key` counts once.

    The tap's own key is its only trace: a line of the audit log for each would make a queue of the gate.

    Raises:
        NotFound: no such gate of this fair; Invalid: none of the numbers that can be tapped.
        FairMovedOn: the fair is not running.
    """
    if visitors not in TAPS:
        raise Invalid(N_("Chỉ bấm được +1, +5, +10."), field="visitors")

    def command() -> dict[str, Any]:
        s = session()
        gate = s.get(Gate, gate_id)
        if gate is None or gate.exhibition_id != exhibition_id:
            raise NotFound
        if s.scalar(select(Exhibition.state).where(Exhibition.id == exhibition_id)) is not FairState.RUNNING:
            raise FairMovedOn
        now = clock.now()
        hour = sensors.hour_of(now)
        key = {"exhibition_id": exhibition_id, "gate_id": gate_id, "hour": hour, "source": CountedBy.TAP}
        insert_missing(
            Visits,
            [key | {"visitors": 0, "updated_at": now, "updated_label": actor.label}],
            ["exhibition_id", "gate_id", "hour", "source"],
        )
        of_hour = (
            Visits.exhibition_id == exhibition_id, Visits.gate_id == gate_id, Visits.hour == hour,
            Visits.source == CountedBy.TAP,
        )  # fmt: skip
        s.execute(
            update(Visits)
            .where(*of_hour)
            .values(visitors=Visits.visitors + visitors, updated_at=now, updated_label=actor.label)
            .execution_options(synchronize_session=False)
        )
        return {"visitors": int(s.scalars(select(Visits.visitors).where(*of_hour)).one())}

    made = operations.once(op_key, "exhibitions.tap", actor.key, [exhibition_id, gate_id, visitors], command)
    return int(made["visitors"])


def type_hours(actor: Actor, exhibition_id: int, gate_id: int, day: date, numbers: Mapping[int, int | None]) -> int:
    """Write visitors of a gate by the hour of a day (0–23); None takes a number back. Return how many hours changed.

    Raises:
        NotFound: no such gate of this fair; FairMovedOn: the fair has not begun.
        Invalid: a day that is not the fair's, an hour or number that cannot be (field `hour-<h>`).
    """
    for hour, n in numbers.items():
        if not 0 <= hour <= 23:
            raise Invalid(N_("Giờ phải từ 0 đến 23."), field=f"hour-{hour}")
        if n is not None and not 0 <= n <= sensors.MOST_AN_HOUR:
            raise Invalid(N_("Số khách phải từ 0 đến %(n)s."), field=f"hour-{hour}", n=sensors.MOST_AN_HOUR)
    with transaction() as s:
        fair = locked(Exhibition, exhibition_id, NotFound)
        gate = s.get(Gate, gate_id)
        if gate is None or gate.exhibition_id != exhibition_id:
            raise NotFound
        if fair.state not in DAYS_OF_FAIR:
            raise FairMovedOn
        _fair_day(fair, day)
        now, changes = clock.now(), 0
        known = {
            row.hour: row
            for row in s.scalars(
                select(Visits).where(
                    Visits.exhibition_id == exhibition_id, Visits.gate_id == gate_id, Visits.source == CountedBy.TYPED
                )
            )
        }
        for hour, n in sorted(numbers.items()):
            at = clock.start_of(day) + timedelta(hours=hour)
            row = known.get(at)
            if (row.visitors if row else None) == n:
                continue
            changes += 1
            if n is None and row is not None:
                s.delete(row)
            elif row is not None and n is not None:
                row.visitors, row.updated_at, row.updated_label = n, now, actor.label
            elif n is not None:
                s.add(
                    Visits(
                        exhibition_id=exhibition_id, gate_id=gate_id, hour=at, source=CountedBy.TYPED, visitors=n,
                        updated_at=now, updated_label=actor.label,
                    )
                )  # fmt: skip
        s.flush()
        if changes:
            audit.record(
                actor, "exhibitions.visitors", f"exhibition:{fair.slug}", gate=gate.name, day=day, hours=changes
            )
        return changes


def _fair_day(fair: Exhibition, day: date) -> None:
    if fair.from_on is None or fair.to_on is None or not fair.from_on <= day < fair.to_on:
        raise Invalid(N_("Ngày này không phải ngày hội chợ."), field="day")


def read_file(actor: Actor, exhibition_id: int, name: str, content: bytes) -> str:
    """Read a sensor's file (CSV or XLSX) and keep what it says, without counting anything; return the reference under which it
    can be looked at and applied. The same file again is the one that was read.

    Raises:
        NotFound: no such fair; FairMovedOn: it has not begun.
        BadTable, Invalid: it cannot be read, or lacks a column.
    """
    digest = hashlib.sha256(content).hexdigest()
    fair = session().get(Exhibition, exhibition_id)
    if fair is None:
        raise NotFound
    if fair.state not in DAYS_OF_FAIR or fair.from_on is None or fair.to_on is None:
        raise FairMovedOn
    gates = set(session().scalars(select(Gate.name).where(Gate.exhibition_id == exhibition_id)))
    rows = sensors.read(name, content, gates, fair.from_on, fair.to_on)
    with transaction() as s:
        locked(Exhibition, exhibition_id, NotFound)
        of_file = (VisitFile.exhibition_id == exhibition_id, VisitFile.sha256 == digest)
        known = s.scalar(select(VisitFile).where(*of_file))
        if known is not None:
            if known.applied_at is None:
                known.rows = rows
            return known.reference
        made = VisitFile(
            reference=text.reference(), exhibition_id=exhibition_id, name=text.clean(name)[:255] or "-", sha256=digest,
            rows=rows, read_at=clock.now(), read_label=actor.label,
        )  # fmt: skip
        s.add(made)
        s.flush()
        return made.reference


def apply_file(actor: Actor, exhibition_id: int, reference: str) -> int:
    """Let the good rows of a file that was read count; return how many hours changed. Gates it names and nobody knew are made.

    Raises:
        NotFound: no such file of this fair.
        SameFileAgain: it counts already.
    """
    with transaction() as s:
        fair = locked(Exhibition, exhibition_id, NotFound)
        row = s.scalar(
            select(VisitFile).where(VisitFile.reference == reference, VisitFile.exhibition_id == exhibition_id)
        )
        if row is None:
            raise NotFound
        if row.applied_at is not None:
            raise SameFileAgain
        good = [r for r in row.rows if not r["why"] and "into" not in r]
        names = sorted({str(r["gate"]) for r in good})
        insert_missing(Gate, [{"exhibition_id": fair.id, "name": n} for n in names], ["exhibition_id", "name"])
        gates = {g.name: g.id for g in s.scalars(select(Gate).where(Gate.exhibition_id == fair.id))}
        known = {
            (v.gate_id, v.hour): v
            for v in s.scalars(select(Visits).where(Visits.exhibition_id == fair.id, Visits.source == CountedBy.SENSOR))
        }
        now, changes = clock.now(), 0
        for one in good:
            key = (gates[str(one["gate"])], datetime.fromisoformat(str(one["hour"])))
            there, n = known.get(key), int(one["visitors"])
            if there is not None and there.visitors == n:
                continue
            changes += 1
            if there is not None:
                there.visitors, there.updated_at, there.updated_label = n, now, actor.label
            else:
                known[key] = made = Visits(
                    exhibition_id=fair.id, gate_id=key[0], hour=key[1], source=CountedBy.SENSOR, visitors=n, updated_at=now,
                    updated_label=actor.label,
                )  # fmt: skip
                s.add(made)
        row.applied_at = now
        s.flush()
        audit.record(
            actor, "exhibitions.visitor-file", f"exhibition:{fair.slug}", file=row.name, hours=changes,
            refused=sum(1 for r in row.rows if r["why"]),
        )  # fmt: skip
        return changes


# --- trade buyers ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Met:
    """What is written down of a trade buyer: whom he met, what about, worth `value_amount` đồng (None: not said)."""

    producer_id: int
    kind: ContactKind
    name: str
    what: str
    company: str = ""
    phone: str = ""
    email: str = ""
    booth_id: int | None = None
    value_amount: int | None = None
    follow_on: date | None = None


CONSENT = N_(
    "Tôi đồng ý để ban tổ chức và cơ sở sản xuất lưu tên, công ty, điện thoại, thư điện tử của tôi để liên hệ về việc này."
)


def meet(actor: Actor, exhibition_id: int, met: Met, *, consent: str, op_key: str, is_demo: bool = False) -> str:
    """Write a trade buyer down with the words of `consent` that he agreed to; return the reference.

    Raises:
        ConsentMissing: he did not agree, so nothing of him is kept.
        NotFound: no such fair, or the producer has no stand in it.
        FairMovedOn: it has not begun.
        Invalid: no name, nothing about what, an amount or day that cannot be.
    """
    if not consent:
        raise ConsentMissing(field="consent")
    name = line(met.name, 120, "name", needed=N_("Hãy ghi tên người mua."))
    what = line(met.what, 1000, "what", needed=N_("Hãy ghi nội dung."))
    if met.value_amount is not None and not 0 <= met.value_amount <= LARGEST_AMOUNT:
        raise Invalid(N_("Số tiền chưa đúng."), field="value_amount")
    if met.kind is ContactKind.AGREEMENT and not met.value_amount:
        raise Invalid(N_("Thỏa thuận thì ghi giá trị, dù là ước tính."), field="value_amount")

    def command() -> dict[str, Any]:
        s = session()
        fair = locked(Exhibition, exhibition_id, NotFound)
        if fair.state not in DAYS_OF_FAIR or fair.to_on is None:
            raise FairMovedOn
        stands = list(
            s.scalars(select(Stand).where(Stand.exhibition_id == exhibition_id, Stand.producer_id == met.producer_id))
        )
        if not stands or (met.booth_id is not None and met.booth_id not in {row.booth_id for row in stands}):
            raise NotFound
        if met.follow_on is not None and not fair.from_on <= met.follow_on <= fair.to_on + timedelta(days=730):  # type: ignore[operator]
            raise Invalid(N_("Ngày hẹn chưa đúng."), field="follow_on")
        now = clock.now()
        made = Contact(
            reference=f"M-{text.reference()}", exhibition_id=fair.id, booth_id=met.booth_id or stands[-1].booth_id,
            producer_id=met.producer_id, kind=met.kind, name=name, company=line(met.company, 200, "company") or None,
            phone=line(met.phone, 20, "phone") or None, email=line(met.email, 200, "email") or None, consent=consent,
            consented_at=now, what=what, value_amount=met.value_amount, follow_on=met.follow_on,
            erase_on=fair.to_on + timedelta(days=int(rules.CONTACT_DAYS.get())), made_at=now, made_label=actor.label,
            is_demo=is_demo,
        )  # fmt: skip
        s.add(made)
        s.flush()
        # The log says what was agreed, not with whom: it is never erased.
        audit.record(
            actor, "exhibitions.contact", f"contact:{made.reference}", kind=met.kind.value, value=met.value_amount
        )
        return {"reference": made.reference}

    body = [
        exhibition_id, met.producer_id, met.kind.value, name, what, met.company, met.phone, met.email, met.booth_id,
        met.value_amount, met.follow_on,
    ]  # fmt: skip
    return str(operations.once(op_key, "exhibitions.contact", actor.key, body, command)["reference"])


def outcome(actor: Actor, reference: str, after_days: int, kind: OutcomeKind, amount: int, note: str) -> None:
    """Write what came of a contact 30 or 90 days after the fair; said again, the last word holds.

    Raises:
        NotFound: no such contact.
        Invalid: neither 30 nor 90 days, or asked before that day; an amount without goods bought, or none with.
    """
    note = line(note, 500, "note")
    if after_days not in (30, 90):
        raise Invalid(N_("Chỉ ghi kết quả sau 30 và 90 ngày."), field="after_days")
    if not 0 <= amount <= LARGEST_AMOUNT:
        raise Invalid(N_("Số tiền chưa đúng."), field="amount")
    if (kind is OutcomeKind.ORDERED) != (amount > 0):
        raise Invalid(N_("Đã mua thì ghi số tiền; chưa mua thì để 0."), field="amount")
    with transaction() as s:
        row = _contact(reference)
        fair = s.get_one(Exhibition, row.exhibition_id)
        if fair.to_on is not None and clock.today() < fair.to_on + timedelta(days=after_days):
            raise Invalid(N_("Chưa đến ngày ghi kết quả này."), field="after_days")
        known = s.scalar(
            select(ContactOutcome).where(ContactOutcome.contact_id == row.id, ContactOutcome.after_days == after_days)
        )
        values = {"kind": kind, "amount": amount, "note": note or None, "at": clock.now(), "actor_label": actor.label}
        if known is None:
            s.add(ContactOutcome(contact_id=row.id, after_days=after_days, **values))
        else:
            for column, value in values.items():
                setattr(known, column, value)
        s.flush()
        audit.record(
            actor, "exhibitions.outcome", f"contact:{reference}", days=after_days, kind=kind.value, amount=amount
        )


def _contact(reference: str) -> Contact:
    row = session().scalar(
        select(Contact).where(Contact.reference == reference).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if row is None:
        raise NotFound
    return row


def withdraw_consent(actor: Actor, reference: str) -> None:
    """A trade buyer takes his consent back: name, company and numbers go at once; what was agreed stays without them.

    Raises:
        NotFound: there is no such contact.
    """
    with transaction():
        row = _contact(reference)
        if row.erased_at is None:
            _erase(row, "withdrawn")
            audit.record(actor, "exhibitions.contact-erase", f"contact:{reference}", why="withdrawn")


def _erase(row: Contact, why: str) -> None:
    row.name = row.company = row.phone = row.email = row.consent = None
    row.consented_at = None
    row.erased_at, row.erased_why = clock.now(), why
    session().flush()


def erase_due(limit: int = 500) -> int:
    """Erase trade buyers whose term is over; return how many."""
    with transaction() as s:
        rows = s.scalars(
            select(Contact)
            .where(Contact.erased_at.is_(None), Contact.erase_on <= clock.today())
            .order_by(Contact.id)
            .limit(limit)
            .with_for_update()
        ).all()
        for row in rows:
            _erase(row, "term")
        if rows:
            audit.record(SYSTEM, "exhibitions.contacts-erase", "contacts", rows=len(rows))
        return len(rows)


# --- incidents ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Happened:
    """What went wrong, where (None: in the hall), how badly, and when (None: now)."""

    kind: IncidentKind
    severity: Severity
    what: str
    booth_id: int | None = None
    at: datetime | None = None


def report_incident(actor: Actor, exhibition_id: int, told: Happened, op_key: str) -> str:
    """Write an incident down; return its reference.

    Raises:
        NotFound: no such fair, or a booth of another.
        FairMovedOn: its booths are not published.
        Invalid: nothing said, a time to come.
    """
    what = line(told.what, 1000, "what", needed=N_("Hãy ghi chuyện gì đã xảy ra."))

    def command() -> dict[str, Any]:
        s = session()
        fair = locked(Exhibition, exhibition_id, NotFound)
        if fair.state not in (*OPEN_FAIR, *DAYS_OF_FAIR):
            raise FairMovedOn
        if told.booth_id is not None:
            booth = s.get(Booth, told.booth_id)
            if booth is None or booth.exhibition_id != exhibition_id:
                raise NotFound
        now = clock.now()
        if told.at is not None and told.at > now + timedelta(minutes=1):
            raise Invalid(N_("Giờ xảy ra chưa đến."), field="at")
        made = Incident(
            reference=f"SC-{text.reference()}", exhibition_id=exhibition_id, booth_id=told.booth_id, kind=told.kind,
            severity=told.severity, what=what, at=told.at or now, told_label=actor.label,
        )  # fmt: skip
        s.add(made)
        s.flush()
        audit.record(
            actor,
            "exhibitions.incident",
            f"incident:{made.reference}",
            kind=told.kind.value,
            severity=told.severity.value,
        )
        return {"reference": made.reference}

    body = [exhibition_id, told.kind.value, told.severity.value, what, told.booth_id, told.at]
    return str(operations.once(op_key, "exhibitions.incident", actor.key, body, command)["reference"])


def resolve(actor: Actor, reference: str, resolution: str) -> None:
    """Say how an incident was put right; one that was already stays as it is.

    Raises:
        NotFound: there is no such incident; Invalid: nothing said.
    """
    said = line(resolution, 1000, "resolution", needed=N_("Hãy ghi đã xử lý thế nào."))
    with transaction() as s:
        done = s.execute(
            update(Incident)
            .where(Incident.reference == reference, Incident.resolved_at.is_(None))
            .values(resolved_at=clock.now(), resolved_label=actor.label, resolution=said)
            .execution_options(synchronize_session=False)
        )
        if not changed(done):
            if s.scalar(select(Incident.id).where(Incident.reference == reference)) is None:
                raise NotFound
            return
        s.expire_all()
        audit.record(actor, "exhibitions.resolve", f"incident:{reference}", resolution=said)
