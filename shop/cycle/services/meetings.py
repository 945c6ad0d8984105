"""Commands of conferences, trainings and surveys: written down, with a list of who came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from shop.cycle.models.ideas import Attendance, Meeting, MeetingKind
from shop.cycle.queries import meetings as queries
from shop.cycle.services.steps import in_force
from shop.kernel import audit, clock, db, operations, sheets, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.producers import queries as producers

MOST_ROWS = 2000
# Words of a list's head → what the column holds.
COLUMNS = {
    "name": ("ho va ten", "ho ten", "ten", "name", "nguoi du"),
    "unit": ("don vi", "co so", "chu the", "to chuc", "unit"),
    "office": ("chuc vu", "chuc danh", "office"),
    "came": ("co mat", "du", "tham du", "came"),
}
_NO = frozenset({"khong", "vang", "no", "0", "k"})


def hold(
    actor: Actor, kind: MeetingKind, title: str, locality_code: str, held_on: date, last_on: date | None,
    place: str | None, outcome: str | None, op_key: str, *, is_demo: bool = False,
) -> str:  # fmt: skip
    """Write down a meeting; an empty `locality_code` is one of the whole province. Return its reference.

    Raises:
        Invalid: no title, an end before its beginning. LocalityCeased: no such locality on that day.
    """
    title = text.clean(title)
    last = last_on or held_on
    if len(title) < 3:
        raise Invalid(N_("Hãy ghi tên cuộc họp, lớp hoặc đợt khảo sát."), field="title")
    if last < held_on:
        raise Invalid(N_("Ngày kết thúc ở trước ngày bắt đầu."), field="last_on")
    if locality_code:
        in_force(locality_code, min(held_on, clock.today()))

    def command() -> dict[str, Any]:
        row = Meeting(
            reference=text.reference(), kind=kind, title=title[:255], search_text=text.fold(f"{title} {place or ''}"),
            locality_code=locality_code, held_on=held_on, last_on=last, place=text.clean(place or "")[:255] or None,
            outcome=text.clean(outcome or "") or None, created_at=clock.now(), created_label=actor.label, is_demo=is_demo,
        )  # fmt: skip
        session().add(row)
        session().flush()
        audit.record(actor, "cycle.meeting", f"meeting:{row.reference}", kind=kind.value, on=held_on)
        return {"reference": row.reference}

    body = [kind.value, title, locality_code, held_on, last, place, outcome]
    return str(operations.once(op_key, "cycle.meeting", actor.key, body, command)["reference"])


def conclude(actor: Actor, reference: str, outcome: str) -> None:
    """Write down what came of it.

    Raises:
        NotFound. Invalid: no words.
    """
    outcome = text.clean(outcome)
    if len(outcome) < 5:
        raise Invalid(N_("Hãy ghi kết quả (ít nhất 5 ký tự)."), field="outcome")
    row_id = queries.meeting(reference).id
    with transaction():
        row = db.locked(Meeting, row_id, NotFound)
        row.outcome = outcome
        audit.record(actor, "cycle.meeting-outcome", f"meeting:{reference}")


@dataclass(frozen=True, slots=True)
class Listed:
    """What came of a list: people new on it, people whose coming changed, rows without a name."""

    added: int
    changed: int
    skipped: int


def attend(actor: Actor, reference: str, content: bytes, file_name: str) -> Listed:
    """Bring a list (CSV or XLSX) of who was invited or came. The same list again changes nothing; somebody is found again by
    name and unit.

    Raises:
        NotFound. BadTable: no table. Invalid: no column of names, no rows, too many.
    """
    if not content:
        raise Invalid(N_("Hãy chọn tệp danh sách."), field="file")
    sheets.check_name(file_name, content)
    table = sheets.read(content)
    at = _columns(table.head)
    people: dict[str, dict[str, Any]] = {}
    skipped = 0
    for row in table.rows:
        found = {what: text.clean(row.cells[n])[:255] for what, n in at.items()}
        if not found["name"]:
            skipped += 1
            continue
        key = _key(found["name"], found.get("unit", ""))
        people[key] = {**found, "came": text.fold(found.get("came", "")) not in _NO}
        if len(people) > MOST_ROWS:
            raise Invalid(N_("Danh sách nhiều nhất %(n)s người."), field="file", n=MOST_ROWS)
    if not people:
        raise Invalid(N_("Danh sách không có ai."), field="file")
    return _listed(actor, reference, people, skipped)


def _key(name: str, unit: str) -> str:
    return text.fold(f"{name}|{unit}")[:255]


def _listed(actor: Actor, reference: str, people: dict[str, dict[str, Any]], skipped: int) -> Listed:
    makers = {text.fold(name): i for i, _slug, name in producers.names()}
    row_id = queries.meeting(reference).id
    with transaction() as s:
        db.locked(Meeting, row_id, NotFound)
        known = {a.key: a for a in s.scalars(select(Attendance).where(Attendance.meeting_id == row_id))}
        changed, now = 0, clock.now()
        for key, cells in people.items():
            before = known.get(key)
            if before is None:
                unit = cells.get("unit") or None
                s.add(
                    Attendance(
                        meeting_id=row_id, key=key, name=cells["name"], unit=unit, office=cells.get("office") or None,
                        producer_id=makers.get(text.fold(unit or "")), came=cells["came"], added_at=now,
                        added_label=actor.label,
                    )
                )  # fmt: skip
            elif before.came != cells["came"]:
                before.came, changed = cells["came"], changed + 1
        added = sum(key not in known for key in people)
        if added or changed:
            audit.record(actor, "cycle.attendance", f"meeting:{reference}", added=added, changed=changed)
        return Listed(added, changed, skipped)


def add_person(actor: Actor, reference: str, name: str, unit: str, office: str, *, came: bool) -> Listed:
    """Put one person on the list by hand. Who is on it already, by name and unit, is not put there twice; whether he came is
    what was said last.

    Raises:
        NotFound. Invalid: no name.
    """
    found = {what: text.clean(said).replace("\n", " ")[:255] for what, said in
             (("name", name), ("unit", unit), ("office", office))}  # fmt: skip
    if len(found["name"]) < 2:
        raise Invalid(N_("Hãy ghi họ tên."), field="name")
    return _listed(actor, reference, {_key(found["name"], found["unit"]): {**found, "came": came}}, 0)


def mark(actor: Actor, reference: str, person_id: int, *, came: bool) -> None:
    """Say whether somebody on the list came. The same once more is not a change.

    Raises:
        NotFound: no such meeting, or he is not on its list.
    """
    row_id = queries.meeting(reference).id
    with transaction():
        row = db.locked(Attendance, person_id, NotFound)
        if row.meeting_id != row_id:
            raise NotFound
        if row.came != came:
            row.came = came
            audit.record(actor, "cycle.attendance", f"meeting:{reference}", added=0, changed=1)


def _columns(head: tuple[str, ...]) -> dict[str, int]:
    folded = [text.fold(word) for word in head]
    found: dict[str, int] = {}
    for what, names in COLUMNS.items():
        for name in names:
            n = next((i for i, word in enumerate(folded) if word == name and i not in found.values()), None)
            if n is not None:
                found[what] = n
                break
    if "name" not in found:
        raise Invalid(N_("Danh sách cần một cột “Họ tên”."), field="file")
    return found
