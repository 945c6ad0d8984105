"""Reads of conferences, trainings and surveys, and of the library."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext
from sqlalchemy import func, select, true

from shop.cycle.models.ideas import (
    DOCUMENT_NAMES,
    MEETING_NAMES,
    Attendance,
    Document,
    DocumentVersion,
    Meeting,
    ReadReceipt,
)
from shop.kernel import tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.places import queries as places


def meeting(reference: str) -> Meeting:
    """One meeting.

    Raises:
        NotFound.
    """
    found = session().scalar(select(Meeting).where(Meeting.reference == reference))
    if found is None:
        raise NotFound
    return found


def meeting_scope(reference: str, **_values: Any) -> str | None:
    """A guard's scope: the locality that held it; `*` for one of the whole province."""
    code = session().scalar(select(Meeting.locality_code).where(Meeting.reference == reference))
    if code is None:
        return None
    return f"locality:{code}" if code else "*"


def place_of(code: str) -> str:
    """The locality's name today; empty for the whole province."""
    unit = places.unit(code) if code else None
    return unit.name if unit else ""


_came = (
    select(func.count())
    .select_from(Attendance)
    .where(Attendance.meeting_id == Meeting.id, Attendance.came)
    .correlate(Meeting)
    .scalar_subquery()
)
_makers = (
    select(func.count(Attendance.producer_id.distinct()))
    .where(Attendance.meeting_id == Meeting.id, Attendance.came)
    .correlate(Meeting)
    .scalar_subquery()
)
MEETINGS = tables.Table(
    name="hoi-nghi-tap-huan",
    columns=(
        tables.Column("title", N_("Tên"), value="title"),
        tables.Column("kind", N_("Loại"), sort=(Meeting.kind,), value=lambda r: gettext(MEETING_NAMES[r.kind])),
        tables.Column("held", N_("Ngày"), sort=(Meeting.held_on,), value="held_on"),
        tables.Column("place", N_("Địa phương"), value=lambda r: place_of(r.locality_code)),
        tables.Column("came", N_("Người dự"), "num", sort=(_came,)),
        tables.Column("makers", N_("Chủ thể dự"), "num", sort=(_makers,)),
    ),
    order="-held",
    tie=Meeting.id,
    filters=(
        tables.Filter("kind", N_("Loại"), lambda v: Meeting.kind == v, tuple((k.value, n) for k, n in MEETING_NAMES.items())),
        tables.Filter("from", N_("Từ ngày"), lambda day: Meeting.held_on >= day, kind="day"),
        tables.Filter("to", N_("Đến ngày"), lambda day: Meeting.held_on <= day, kind="day"),
    ),
    search=lambda q: Meeting.search_text.contains(text.fold(q), autoescape=True),
)  # fmt: skip


def meeting_rows(scopes: Collection[str]) -> Any:
    """The statement behind `MEETINGS`: one's own, for grants that name a locality."""
    seen: Any = true()
    if "*" not in scopes:
        seen = Meeting.locality_code.in_([s.partition(":")[2] for s in scopes if s.startswith("locality:")])
    return select(
        Meeting.reference, Meeting.title, Meeting.kind, Meeting.held_on, Meeting.locality_code, Meeting.is_demo,
        _came.label("came"), _makers.label("makers"),
    ).where(seen)  # fmt: skip


def people(meeting_id: int) -> list[Attendance]:
    """Everybody on its list, those who came first, by name."""
    mine = select(Attendance).where(Attendance.meeting_id == meeting_id)
    return sorted(session().scalars(mine), key=lambda a: (not a.came, text.sort_key(a.name), a.id))


# --- the library -------------------------------------------------------------------------------------------------


def document(reference: str) -> Document:
    """One document.

    Raises:
        NotFound.
    """
    found = session().scalar(select(Document).where(Document.reference == reference))
    if found is None:
        raise NotFound
    return found


def versions(document_id: int) -> list[DocumentVersion]:
    """All versions, the latest first."""
    mine = select(DocumentVersion).where(DocumentVersion.document_id == document_id)
    return list(session().scalars(mine.order_by(DocumentVersion.number.desc())))


def version(document_id: int, number: int) -> DocumentVersion:
    """One version.

    Raises:
        NotFound.
    """
    found = session().scalar(
        select(DocumentVersion).where(DocumentVersion.document_id == document_id, DocumentVersion.number == number)
    )
    if found is None:
        raise NotFound
    return found


def receipts(version_id: int) -> list[ReadReceipt]:
    """Who has read a version, in their order."""
    mine = select(ReadReceipt).where(ReadReceipt.version_id == version_id)
    return list(session().scalars(mine.order_by(ReadReceipt.id)))


def has_read(version_id: int, user_id: int) -> bool:
    """Whether a user says that he has read it."""
    mine = select(ReadReceipt.id).where(ReadReceipt.version_id == version_id, ReadReceipt.user_id == user_id)
    return session().scalar(mine) is not None


@dataclass(frozen=True, slots=True)
class Shelved:
    """A document in the list of the library; `read` says whether the reader has read its last version."""

    reference: str
    title: str
    kind: str
    number: str | None
    version: int
    from_on: date
    ended_on: date | None
    is_demo: bool
    readers: int
    read: bool


def library(q: str, kind: str, user_id: int) -> list[Shelved]:
    """The documents whose title, number or summary have all words of `q` (marks aside), by kind and title."""
    last = DocumentVersion
    readers = (
        select(func.count())
        .select_from(ReadReceipt)
        .where(ReadReceipt.version_id == last.id)
        .correlate(last)
        .scalar_subquery()
    )
    mine = select(ReadReceipt.id).where(ReadReceipt.version_id == last.id, ReadReceipt.user_id == user_id).exists()
    rows = (
        select(
            Document.reference, Document.title, Document.kind, Document.number, Document.version, last.from_on,
            Document.ended_on, Document.is_demo, readers, mine,
        )
        .join(last, (last.document_id == Document.id) & (last.number == Document.version))
        .order_by(Document.ended_on.is_not(None), Document.kind, Document.sort_name, Document.id)
    )  # fmt: skip
    for word in text.fold(q).split():
        rows = rows.where(Document.search_text.contains(word, autoescape=True))
    if kind in {k.value for k in DOCUMENT_NAMES}:
        rows = rows.where(Document.kind == kind)
    return [Shelved(*row) for row in session().execute(rows.limit(300))]
