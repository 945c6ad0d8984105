"""History from before the shop, brought out of a table: read, checked row by row, tried dry, taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select

from shop.catalog.models import Variant
from shop.demand.history import WEEK, monday
from shop.demand.models.forecasts import WEB, WHOLE, DemandWeek, Source
from shop.kernel import audit, clock, sheets, text
from shop.kernel.actor import Actor
from shop.kernel.db import in_batches, session, transaction
from shop.kernel.errors import N_, Invalid
from shop.points import queries as points

MOST_ROWS = 400_000
MOST_UNITS = 1_000_000
# How long ago history still teaches.
OLDEST = timedelta(weeks=156)
# How the columns of the table may be called, without marks.
COLUMNS = {
    "sku": ("sku", "ma hang", "ma sku"),
    "place": ("place", "point", "diem", "diem ban", "noi ban"),
    "week": ("week", "day", "tuan", "ngay"),
    "sold": ("sold", "ban", "da ban", "so ban"),
    "asked": ("asked", "hoi", "hoi mua", "hoi ma khong co"),
    "days": ("days", "days with goods", "ngay co hang", "so ngay co hang"),
}
NEEDED = ("sku", "place", "week", "sold")
WEB_WORDS = {"web", "mang", "tren mang", "online", "0"}


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was not taken: its number in the table and why (a marked sentence with its figures)."""

    number: int
    why: str
    values: dict[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class Report:
    """What became of each row: taken (rows, packs, places, units, from when to when) or refused with its reason."""

    rows: int = 0
    taken: int = 0
    units: int = 0
    variants: int = 0
    places: int = 0
    first_on: date | None = None
    last_on: date | None = None
    refused: list[Refused] = field(default_factory=list)


def bring(actor: Actor, content: bytes, *, name: str = "", dry: bool = False) -> Report:
    """Take the weeks of a table (CSV in UTF-8 or XLSX: `sku`, `place` (a point's slug or `web`), `week` (any day of it),
    `sold`; `asked` and `days` with goods, 0–7, if known). A refused row stops no other. The same table again changes nothing.

    Nothing that the shop has counted itself is touched: a row for such a week is refused.

    Raises:
        BadTable: it cannot be read.
        Invalid: a column is missing, or there are too many rows.
    """
    sheets.check_name(name, content)
    sheet = sheets.read(content)
    at = _columns(sheet.head)
    skus = {str(sku): int(v) for sku, v in session().execute(select(Variant.sku, Variant.id))}
    slugs = {p.slug: p.id for p in points.all_points()} | dict.fromkeys(WEB_WORDS, WEB)
    counted = {
        (v, p): day
        for v, p, day in session().execute(
            select(DemandWeek.variant_id, DemandWeek.place, func.min(DemandWeek.week_on))
            .where(DemandWeek.source == Source.SHOP)
            .group_by(DemandWeek.variant_id, DemandWeek.place)
        )
    }
    report, found = Report(), dict[tuple[date, int, int], dict[str, Any]]()
    this_week = monday(clock.today())
    for row in sheet.rows:
        report.rows += 1
        if report.rows > MOST_ROWS:
            raise Invalid(N_("Nhiều nhất %(n)s dòng; hãy chia bảng ra."), field="file", n=MOST_ROWS)
        cells = {key: row.cells[i].strip() if i < len(row.cells) else "" for key, i in at.items()}
        try:
            variant_id = skus.get(cells["sku"])
            if variant_id is None:
                raise _No(N_("Không có mã hàng %(v)s."), v=cells["sku"][:40])
            place = slugs.get(cells["place"], slugs.get(text.fold(cells["place"])))
            if place is None:
                raise _No(
                    N_("Không có điểm bán %(v)s (ghi phần cuối của địa chỉ trang điểm bán, hoặc web)."),
                    v=cells["place"][:40],
                )
            week = _week(cells["week"])
            if week >= this_week:
                raise _No(N_("Tuần này chưa qua."))
            if week < this_week - OLDEST:
                raise _No(N_("Quá cũ: dự báo chỉ đọc %(n)s tuần gần nhất."), n=OLDEST // WEEK)
            if (variant_id, place) in counted and week >= counted[variant_id, place]:
                raise _No(N_("Tuần này cửa hàng đã tự đếm từ sổ."))
            key = (week, variant_id, place)
            if key in found:
                raise _No(N_("Trùng mã hàng, điểm và tuần với một dòng trước."))
            found[key] = {
                "week_on": week, "variant_id": variant_id, "place": place,
                "sold": _units(cells["sold"], needed=True), "asked": _units(cells.get("asked", "")),
                "exposure": _days(cells.get("days", "")), "listed": WHOLE, "fair": 0, "price": WHOLE,
                "source": Source.BROUGHT,
            }  # fmt: skip
        except _No as no:
            report.refused.append(Refused(row.number, no.why, no.values))
    _sum_up(report, found)
    if not dry and found:
        _write(actor, report, [found[key] for key in sorted(found)])
    return report


class _No(Exception):
    def __init__(self, why: str, **values: object) -> None:
        self.why, self.values = why, values


def _columns(head: Sequence[str]) -> dict[str, int]:
    names = {" ".join(text.words(name)): i for i, name in enumerate(head)}
    at = {key: names[word] for key, words in COLUMNS.items() for word in words if word in names}
    missing = [key for key in NEEDED if key not in at]
    if missing:
        raise Invalid(N_("Bảng thiếu cột: %(names)s."), field="file", names=", ".join(missing))
    return at


def _week(raw: str) -> date:
    try:
        if "/" in raw:
            day, month, year = (int(part) for part in raw.split("/"))
            return monday(clock.read_day(date(year, month, day).isoformat()))
        return monday(clock.read_day(raw[:10]))
    except ValueError:
        raise _No(N_("Không đọc được ngày “%(v)s”; hãy ghi như 2026-03-16 hoặc 16/03/2026."), v=raw[:40]) from None


def _units(raw: str, *, needed: bool = False) -> int:
    if not raw and not needed:
        return 0
    if not raw.isascii() or not raw.isdigit() or len(raw) > 9 or int(raw) > MOST_UNITS:
        raise _No(N_("“%(v)s” không phải là số lượng (số nguyên từ 0 đến %(n)s)."), v=raw[:40], n=MOST_UNITS)
    return int(raw)


def _days(raw: str) -> int:
    """Days with goods as a share; where nobody knows there were goods all week."""
    if not raw:
        return WHOLE
    try:
        days = float(raw.replace(",", "."))
    except ValueError:
        days = -1
    if not 0 <= days <= 7:
        raise _No(N_("“%(v)s” không phải là số ngày có hàng (0 đến 7)."), v=raw[:40])
    return round(WHOLE * days / 7)


def _sum_up(report: Report, found: dict[tuple[date, int, int], dict[str, Any]]) -> None:
    report.taken = len(found)
    report.units = sum(int(str(row["sold"])) for row in found.values())
    report.variants, report.places = len({k[1] for k in found}), len({k[2] for k in found})
    report.first_on = min((k[0] for k in found), default=None)
    report.last_on = max((k[0] for k in found), default=None)


def _write(actor: Actor, report: Report, rows: Sequence[dict[str, Any]]) -> None:
    with transaction() as s:
        for part in in_batches(rows, 2_000):
            weeks = sorted({row["week_on"] for row in part})
            variants = sorted({row["variant_id"] for row in part})
            keys = {(row["week_on"], row["variant_id"], row["place"]) for row in part}
            here = [DemandWeek.week_on.in_(weeks), DemandWeek.variant_id.in_(variants)]
            old = s.execute(
                select(DemandWeek.week_on, DemandWeek.variant_id, DemandWeek.place).where(
                    *here, DemandWeek.source == Source.BROUGHT
                )
            )
            for week, variant_id, place in old.all():
                if (week, variant_id, place) in keys:
                    s.execute(
                        delete(DemandWeek).where(
                            DemandWeek.week_on == week, DemandWeek.variant_id == variant_id, DemandWeek.place == place,
                            DemandWeek.source == Source.BROUGHT,
                        )
                    )  # fmt: skip
            s.execute(insert(DemandWeek), list(part))
        audit.record(actor, "demand.bring", "weeks", rows=report.taken, refused=len(report.refused), units=report.units)


def take_back(actor: Actor) -> int:
    """Remove all weeks that were brought; return how many. Bringing is thereby undone as a whole."""
    with transaction() as s:
        n = s.scalar(select(func.count()).where(DemandWeek.source == Source.BROUGHT)) or 0
        if n:
            s.execute(delete(DemandWeek).where(DemandWeek.source == Source.BROUGHT))
            audit.record(actor, "demand.take-back", "weeks", rows=n)
    return n
