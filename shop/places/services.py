"""Commands: load the files of units, and the changes that staff enter between two editions of the files."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from shop.kernel import audit, clock, text
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import after_commit, in_batches, is_sqlite, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.places import names, queries
from shop.places.errors import UnitsOverlap
from shop.places.models import TYPES_OF, Edition, Level, Source, Succession, Unit, UnitType

DATA = Path(__file__).parent / "data"
REFORM = date(2025, 7, 1)
FILES = (
    "sources.csv",
    "units_2025.csv",
    "units_before_2025.csv",
    "units_history.csv",
    "units_changes_2026.csv",
    "units_successors_2025.csv",
    "communes_2025.csv",
)
# Raise it when the loader itself reads the same files otherwise.
LOADER = 1
_LOCK = 7_202_632

Key = tuple[str, date | None]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did. `kept` are codes that staff have changed, which the files no longer decide."""

    unchanged: bool = False
    added: int = 0
    changed: int = 0
    removed: int = 0
    successions: int = 0
    kept: tuple[str, ...] = ()


def load(actor: Actor = SYSTEM, folder: Path = DATA, *, force: bool = False) -> Loaded:
    """Bring the units in line with the files; a second load of the same files does nothing.

    Sources: `data/sources.csv`, kept in `place_sources`. Rows that staff entered or dated stay as they are.

    Raises:
        ValueError: a file is not what it should be (the database is untouched).
    """
    digest = _digest(folder)
    with transaction() as s:
        if not is_sqlite():  # two loads at once: the second finds the first one's rows
            s.execute(sql("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK})
        last = s.scalar(select(Edition.digest).where(Edition.kind == "files").order_by(Edition.id.desc()).limit(1))
        if last == digest and not force and s.scalar(select(Unit.id).limit(1)) is not None:
            return Loaded(unchanged=True)
        sources = _load_sources(s, folder)
        wanted = _units(folder, sources)
        kept = frozenset(s.scalars(select(Unit.code).where(Unit.by_staff).distinct()))
        added, changed, removed = _bring_in_line(s, wanted, kept)
        successions = _successions(folder, sources)
        s.execute(delete(Succession).where(Succession.source_id.is_not(None)))
        for batch in in_batches(successions, 5000):
            s.execute(insert(Succession), batch)
        s.execute(insert(Edition).values(at=clock.now(), kind="files", digest=digest))
        done = Loaded(False, added, changed, removed, len(successions), tuple(sorted(kept)))
        audit.record(actor, "places.load", "places:files", added=added, changed=changed, removed=removed)
        after_commit(queries.forget)
        return done


def _digest(folder: Path) -> str:
    found = hashlib.sha256(f"loader {LOADER}".encode())
    for name in FILES:
        found.update((folder / name).read_bytes())
    return found.hexdigest()


def _rows(folder: Path, name: str) -> Iterable[dict[str, str]]:
    with (folder / name).open(encoding="utf-8-sig", newline="") as stream:
        yield from csv.DictReader(stream)


def _load_sources(s: Session, folder: Path) -> dict[str, int]:
    known = {row.key: row for row in s.scalars(select(Source))}
    for row in _rows(folder, "sources.csv"):
        source = known.get(row["key"])
        if source is None:
            source = known[row["key"]] = Source(key=row["key"])
            s.add(source)
        source.title, source.url, source.note = row["title"], row["url"], row["note"]
    s.flush()
    return {key: row.id for key, row in known.items()}


def _unit(
    row: dict[str, str],
    start: date | None,
    end: date | None,
    source: int,
    *,
    exact: bool = True,
    note: str | None = None,
) -> dict[str, Any]:
    level = Level(row["level"])
    kind, short = names.parts(text.clean(row["name"]), level)
    return {
        "code": row["code"],
        "name": names.full(kind, short),
        "short": short,
        "type": kind,
        "level": level,
        "parent_code": row["parent_code"] or None,
        "valid_from": start,
        "valid_to": end,
        "from_exact": exact,
        "folded": names.fold(short),
        "sort_key": text.sort_key(short),
        "source_id": source,
        "note": note,
        "by_staff": False,
    }


def _units(folder: Path, sources: dict[str, int]) -> dict[Key, dict[str, Any]]:
    """All rows that the files ask for."""
    found: list[dict[str, Any]] = []
    starts: dict[str, date] = {}
    for row in _rows(folder, "units_history.csv"):
        end = date.fromisoformat(row["valid_to"])
        start = date.fromisoformat(row["valid_from"]) if row["valid_from"] else None
        source = sources[row["source"].removesuffix(".csv")]
        found.append(_unit(row, start, end, source, note=row["note"] or None))
        starts[row["code"]] = max(end, starts.get(row["code"], end))
    for row in _rows(folder, "units_before_2025.csv"):
        end = date.fromisoformat(row["valid_to"]) + timedelta(days=1)  # the file names the last day
        found.append(_unit(row, starts.get(row["code"]), end, sources["units_before_2025"]))
    changes = {row["code"]: row for row in _rows(folder, "units_changes_2026.csv")}
    for row in _rows(folder, "units_2025.csv"):
        change = changes.get(row["code"])
        end_2025 = date.fromisoformat(change["in_force_by"]) if change else None
        found.append(_unit(row, date.fromisoformat(row["valid_from"]), end_2025, sources["units_2025"]))
    found += [
        _unit(
            row,
            date.fromisoformat(row["in_force_by"]),
            None,
            sources["units_changes_2026"],
            exact=False,
            note=row["note"],
        )
        for row in changes.values()
    ]
    wanted = {(row["code"], row["valid_from"]): row for row in found}
    if len(wanted) != len(found):
        raise ValueError("the files give one code twice for the same time")
    return wanted


def _bring_in_line(s: Session, wanted: dict[Key, dict[str, Any]], kept: frozenset[str]) -> tuple[int, int, int]:
    table = Unit.__table__
    present: dict[Key, Any] = {
        (row.code, row.valid_from): row for row in s.execute(select(*table.c)) if row.code not in kept
    }
    new = [row for key, row in wanted.items() if key not in present and row["code"] not in kept]
    gone = [row.id for key, row in present.items() if key not in wanted]
    other = [
        row | {"id": present[key].id}
        for key, row in wanted.items()
        if key in present and any(getattr(present[key], name) != value for name, value in row.items())
    ]
    for ids in in_batches(gone):
        s.execute(delete(Unit).where(Unit.id.in_(ids)))
    if other:
        s.execute(update(Unit), other)
    for batch in in_batches(new, 2500):
        s.execute(insert(table), batch)  # type: ignore[arg-type]
    return len(new), len(other), len(gone)


def _successions(folder: Path, sources: dict[str, int]) -> list[dict[str, Any]]:
    def row(old: str, new: str, partly: bool, source: str) -> dict[str, Any]:
        return {
            "old_code": old, "new_code": new, "partly": partly, "changed_on": REFORM, "source_id": sources[source],
        }  # fmt: skip

    links = list(_rows(folder, "units_successors_2025.csv"))
    heirs_of = Counter(r["old_code"] for r in links)
    parts_of = Counter(r["new_code"] for r in links)
    found = []
    for r in links:
        # The source marks units that the law leaves as they were "partly"; one old and one new unit, of each other
        # only, is whole.
        alone = heirs_of[r["old_code"]] == parts_of[r["new_code"]] == 1
        found.append(row(r["old_code"], r["new_code"], r["partly"] == "1" and not alone, "units_successors_2025"))
    gone = {r["name"].split(" ", 1)[1]: r["code"] for r in _rows(folder, "units_history.csv") if r["code"] == "204"}
    # A commune made of several districts' land holds a part of each.
    found += [
        row(gone[locality], c["code"], ";" in c["locality_2014"], "communes_2025")
        for c in _rows(folder, "communes_2025.csv")
        for locality in c["locality_2014"].split("; ")
        if locality in gone
    ]
    return found


# --- changes by staff ----------------------------------------------------------------------------------------------


def change_start(actor: Actor, unit_id: int, valid_from: date, *, exact: bool = True, note: str = "") -> None:
    """Enter the day from which a unit is in force; the one before it under the same code ends then.

    Raises:
        NotFound: there is no such unit.
        UnitsOverlap: the day is not after the start of the one before, or not before the unit's own end.
    """
    with transaction() as s:
        _lock(s, s.scalar(select(Unit.code).where(Unit.id == unit_id)))
        unit = s.get(Unit, unit_id, populate_existing=True)
        if unit is None:
            raise NotFound
        before = s.scalars(
            select(Unit).where(Unit.code == unit.code, Unit.id != unit.id, Unit.valid_to == unit.valid_from)
        ).first()
        if (unit.valid_to and valid_from >= unit.valid_to) or (
            before is not None and before.valid_from and valid_from <= before.valid_from
        ):
            raise UnitsOverlap(field="valid_from", code=unit.code)
        was = {"valid_from": unit.valid_from, "exact": unit.from_exact}
        if before is not None:
            before.valid_to = valid_from
            before.by_staff = True
        unit.valid_from, unit.from_exact, unit.by_staff = valid_from, exact, True
        unit.note = text.clean(note)[:1000] or unit.note
        s.flush()
        _refuse_overlaps(s, unit.code)
        audit.record(
            actor, "places.change-start", f"places:{unit.code}",
            name=unit.name, before=was, after={"valid_from": valid_from, "exact": exact}, note=note,
        )  # fmt: skip
        _edited(s, actor)


def change_rank(
    actor: Actor, code: str, *, kind: UnitType, short: str, valid_from: date, exact: bool = True, note: str = ""
) -> int:
    """From `valid_from` the unit `code` is of another type or name; what it was ends then. Returns the new row's id.

    Raises:
        NotFound: no unit with this code is in force without an end.
        Invalid: the type is not one of its level, the name is empty, or nothing would change (`field` says which).
        UnitsOverlap: the day is not after the start of the present row.
    """
    short = text.clean(short)
    with transaction() as s:
        _lock(s, code)
        present = s.scalars(select(Unit).where(Unit.code == code, Unit.valid_to.is_(None))).first()
        if present is None:
            raise NotFound
        if kind not in TYPES_OF[present.level]:
            raise Invalid(N_("Loại đơn vị không hợp với cấp này."), field="type")
        if not 1 <= len(short) <= 120:
            raise Invalid(N_("Vui lòng nhập tên đơn vị."), field="short")
        if (kind, short) == (present.type, present.short):
            raise Invalid(N_("Tên và loại mới giống hệt hiện tại."), field="short")
        if present.valid_from and valid_from <= present.valid_from:
            raise UnitsOverlap(field="valid_from", code=code)
        present.valid_to, present.by_staff = valid_from, True
        new = Unit(
            code=code,
            name=names.full(kind, short),
            short=short,
            type=kind,
            level=present.level,
            parent_code=present.parent_code,
            valid_from=valid_from,
            valid_to=None,
            from_exact=exact,
            folded=names.fold(short),
            sort_key=text.sort_key(short),
            note=text.clean(note)[:1000] or None,
            by_staff=True,
        )
        s.add(new)
        s.flush()
        _refuse_overlaps(s, code)
        audit.record(
            actor, "places.change-rank", f"places:{code}",
            before=present.name, after=new.name, valid_from=valid_from, exact=exact, note=note,
        )  # fmt: skip
        _edited(s, actor)
        return new.id


def _lock(s: Session, code: str | None) -> None:
    """Take turns at a code. What is read afterwards is what the one before left."""
    s.execute(select(Unit.id).where(Unit.code == code).order_by(Unit.id).with_for_update())


def _refuse_overlaps(s: Session, code: str) -> None:
    if code in queries.overlapping_codes(code):
        raise UnitsOverlap(field="valid_from", code=code)


def _edited(s: Session, actor: Actor) -> None:
    number = s.scalar(select(func.count()).select_from(Edition))
    s.execute(insert(Edition).values(at=clock.now(), kind="staff", digest=f"{actor.key}:{number}"))
    after_commit(queries.forget)
