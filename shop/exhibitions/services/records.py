"""What is written of fairs: the fairs known from sources only, and figures with their source, of any fair."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from shop.exhibitions.models.fairs import Exhibition, FairKind, FairState
from shop.exhibitions.models.records import LABELLED_FIGURES, Figure, FigureKind
from shop.exhibitions.services import steps
from shop.kernel import audit, clock, operations, text, web
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import after_commit, locked, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound

DATA = Path(__file__).parent.parent / "data"
MOST_FIGURES = 200
LARGEST = 10**15
_LOADED = "Nguồn đã công bố"


@dataclass(frozen=True, slots=True)
class FigureDraft:
    """One figure of one source; see `models.records.Figure`."""

    what: FigureKind
    text: str
    value: int | None = None
    label: str | None = None
    label_en: str | None = None
    source: str | None = None
    source_url: str | None = None
    as_of: date | None = None


def _check(draft: FigureDraft) -> None:
    if not 1 <= len(draft.text) <= 80:
        raise Invalid(N_("Hãy ghi con số như nguồn viết, không quá 80 ký tự."), field="text")
    if draft.value is not None and not 0 <= draft.value <= LARGEST:
        raise Invalid(N_("Số này quá lớn hoặc âm."), field="value")
    if draft.what in LABELLED_FIGURES and not draft.label:
        raise Invalid(N_("Hãy ghi số này là của địa phương nào, hoặc là số gì."), field="label")
    if not draft.source and not draft.source_url:
        raise Invalid(N_("Hãy ghi nguồn: tên văn bản, bài báo hoặc địa chỉ web."), field="source")
    for part in (draft.source_url or "").split(" ; "):
        if part and not part.startswith(("https://", "http://")):
            raise Invalid(N_("Nguồn phải là địa chỉ web bắt đầu bằng https://."), field="source_url")
    if draft.as_of is not None and draft.as_of > clock.today():
        raise Invalid(N_("Ngày của nguồn không thể ở tương lai."), field="as_of")


def _add(label: str, row: Exhibition, draft: FigureDraft) -> Figure:
    made = Figure(exhibition_id=row.id, added_at=clock.now(), added_label=label, **asdict(draft))
    session().add(made)
    session().flush()
    return made


def add(actor: Actor, exhibition_id: int, draft: FigureDraft, op_key: str) -> int:
    """Put a figure beside those that are there already; return its id. The same `op_key` again returns the same figure.

    Raises:
        NotFound: there is no such fair.
        Invalid: the draft breaks a rule; the error names the field.
    """

    def make() -> dict[str, Any]:
        _check(draft)
        row = locked(Exhibition, exhibition_id, NotFound)
        if (session().scalar(select(func.count(Figure.id)).where(Figure.exhibition_id == row.id)) or 0) >= MOST_FIGURES:
            raise Invalid(N_("Một hội chợ có nhiều nhất %(n)s con số."), n=MOST_FIGURES)
        made = _add(actor.label, row, draft)
        audit.record(actor, "exhibitions.figure-add", f"exhibition:{row.slug}", figure=made.id, **asdict(draft))
        after_commit(web.forget_pages)
        return {"figure_id": made.id}

    done = operations.once(op_key, "exhibitions.figure", actor.key, [exhibition_id, asdict(draft)], make)
    return int(done["figure_id"])


def remove(actor: Actor, exhibition_id: int, figure_id: int) -> None:
    """Take back a figure that was written down wrongly; the audit log keeps what it said. Gone already: nothing happens.

    Raises:
        NotFound: there is no such fair, or the figure is another fair's.
    """
    with transaction():
        row = locked(Exhibition, exhibition_id, NotFound)
        found = session().get(Figure, figure_id)
        if found is None:
            return
        if found.exhibition_id != row.id:
            raise NotFound
        told = {field.name: getattr(found, field.name) for field in fields(FigureDraft)}
        session().delete(found)
        audit.record(actor, "exhibitions.figure-remove", f"exhibition:{row.slug}", figure=figure_id, **told)
        after_commit(web.forget_pages)


def load(folder: Path = DATA) -> int:
    """Load the fairs of the sources with their figures; a fair that is known already (by address) stays as it is. Return how
    many are new."""
    fairs = _rows(folder / "fairs.csv")
    try:
        return _load(folder, fairs)
    except IntegrityError:  # another start has loaded them at the same moment
        return 0


def _load(folder: Path, fairs: list[dict[str, str]]) -> int:
    with transaction():
        known = set(session().scalars(select(Exhibition.slug).where(Exhibition.slug.in_([f["slug"] for f in fairs]))))
        new = [f for f in fairs if f["slug"] not in known]
        if not new:
            return 0
        figures = defaultdict(list)
        for figure in _rows(folder / "figures.csv"):
            figures[figure["slug"]].append(figure)
        for told in new:
            row = _fair(told)
            session().add(row)
            steps.fair(SYSTEM, row, FairState.RECORDED)
            for figure in figures[told["slug"]]:
                draft = _figure(figure)
                _check(draft)
                _add(_LOADED, row, draft)
    return len(new)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _fair(told: Mapping[str, str]) -> Exhibition:
    def day(name: str) -> date | None:
        return date.fromisoformat(told[name]) if len(told[name]) == 10 else None

    first, last, now = day("start_date"), day("end_date"), clock.now()
    return Exhibition(
        slug=told["slug"],
        name=told["name"],
        name_en=told["name_en"] or None,
        sort_name=text.sort_key(told["name"]),
        kind=FairKind(told["kind"]),
        from_on=first,
        to_on=last + timedelta(days=1) if last else None,
        date_text=None if first else told["start_date"],
        venue=told["place"],
        province_code=told["province_code"],
        description=told["note"] or None,
        description_en=told["note_en"] or None,
        source_url=told["source_url"],
        created_at=now,
        updated_at=now,
    )


def _figure(told: Mapping[str, str]) -> FigureDraft:
    return FigureDraft(
        FigureKind(told["what"]),
        told["text"],
        int(told["value"]) if told["value"] else None,
        told["label"] or None,
        told["label_en"] or None,
        None,
        told["source_url"],
        date.fromisoformat(told["as_of"]) if told["as_of"] else None,
    )
