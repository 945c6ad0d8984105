"""Recording an inspection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from shop.catalog import pictures
from shop.catalog.errors import BadPicture
from shop.inspections import criteria
from shop.inspections.models import Finding, Inspection, Result, Verdict
from shop.kernel import audit, clock, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.errors import N_, Invalid, NotFound
from shop.points import queries as points

PHOTO_WIDTH = 1280


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of the criterion `code`; `photo` are the bytes of an uploaded photograph."""

    code: str
    verdict: Verdict
    note: str = ""
    photo: bytes | None = None


def result_of(verdicts: Sequence[Verdict]) -> Result:
    """The result of an inspection: fails if anything is not met, incomplete if anything was not seen, else meets."""
    if Verdict.NOT_MET in verdicts:
        return Result.FAILS
    return Result.INCOMPLETE if Verdict.NOT_SEEN in verdicts or not verdicts else Result.MEETS


def record(
    actor: Actor,
    point_id: int,
    *,
    held_on: date,
    inspector: str,
    seen: Sequence[Seen],
    summary: str = "",
    op_key: str,
    is_demo: bool = False,
) -> int:
    """Keep an inspection of a point; return its id. The same `op_key` again returns the same inspection.

    Raises:
        NotFound: there is no such point.
        Invalid: a day to come or before the point opened, nobody named, a criterion missing or unknown, no reason for
            what is not met, a photograph that cannot be taken (`field` names it).
    """
    point = points.point(point_id)
    inspector, summary = text.clean(inspector).replace("\n", " "), text.clean(summary)
    edition = criteria.edition_for(held_on)
    if held_on > clock.today():
        raise Invalid(N_("Ngày kiểm tra chưa đến."), field="held_on")
    if point.opened_on is not None and held_on < point.opened_on:
        raise Invalid(N_("Ngày này điểm bán chưa mở."), field="held_on")
    if not 2 <= len(inspector) <= 255:
        raise Invalid(N_("Hãy ghi ai đã kiểm tra."), field="inspector")
    if len(summary) > 2000:
        raise Invalid(N_("Nhiều nhất %(n)s ký tự."), field="summary", n=2000)
    by_code = {s.code: s for s in seen}
    if set(by_code) != {c.code for c in edition.criteria} or len(by_code) != len(seen):
        raise Invalid(N_("Hãy chọn kết quả cho mọi tiêu chí."), field=_first_missing(edition, by_code))
    rows = [_finding(by_code[c.code]) for c in edition.criteria]
    result = result_of([row["verdict"] for row in rows])

    def command() -> dict[str, Any]:
        made = Inspection(
            point_id=point.id,
            edition=edition.name,
            held_on=held_on,
            inspector=inspector,
            result=result,
            summary=summary or None,
            actor_key=actor.key,
            actor_label=actor.label,
            created_at=clock.now(),
            is_demo=is_demo,
            findings=[Finding(**row) for row in rows],
        )
        session().add(made)
        session().flush()
        audit.record(actor, "inspections.record", f"point:{point.slug}", held_on=held_on, result=result.value)
        return {"inspection_id": made.id}

    body = [point_id, held_on, inspector, summary, rows]
    return int(operations.once(op_key, "inspections.record", actor.key, body, command)["inspection_id"])


def _first_missing(edition: criteria.Edition, by_code: dict[str, Seen]) -> str:
    return next((f"verdict-{c.code}" for c in edition.criteria if c.code not in by_code), "verdict")


def _finding(seen: Seen) -> dict[str, Any]:
    """One finding as it is stored; its photograph is re-encoded and kept (files are kept before the row that names them).

    Raises:
        Invalid, BadPicture.
    """
    note = text.clean(seen.note)
    if seen.verdict is Verdict.NOT_MET and len(note) < 2:
        raise Invalid(N_("Hãy ghi vì sao chưa đạt."), field=f"note-{seen.code}")
    if len(note) > 500:
        raise Invalid(N_("Nhiều nhất %(n)s ký tự."), field=f"note-{seen.code}", n=500)
    key = None
    if seen.photo:
        try:
            made = pictures.encode(seen.photo, widths=(PHOTO_WIDTH,), kinds=("jpeg",), folder="inspections")
        except BadPicture as error:
            raise BadPicture(error.title, field=f"photo-{seen.code}") from error
        key = next(iter(made.files["jpeg"].values()))
    return {"code": seen.code, "verdict": seen.verdict, "note": note or None, "photo_key": key}


def photo(point_id: int, finding_id: int) -> str:
    """The storage key of a finding's photograph.

    Raises:
        NotFound: no such finding at this point, or it has none.
    """
    found = session().get(Finding, finding_id)
    owner = session().get(Inspection, found.inspection_id) if found else None
    if found is None or owner is None or owner.point_id != point_id or not found.photo_key:
        raise NotFound
    return found.photo_key
