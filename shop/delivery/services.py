"""Commands: a change of rates is a new dated table, a change of a region a new dated row."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from shop.delivery import fees, queries
from shop.delivery.errors import RatesChanged
from shop.delivery.models import ProvinceRegion, RateTable, Region, Zone, ZoneRate
from shop.kernel import audit, clock, text
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import after_commit, is_sqlite, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.places import queries as places
from shop.places.models import Level

DATA = Path(__file__).parent / "data"
# Writers of rates take turns until their commit.
_LOCK = 7_202_631
LARGEST_FEE = 100_000_000
LARGEST_WEIGHT = 10_000_000


@dataclass(frozen=True, slots=True)
class Draft:
    """A rate table as staff want it: all three zones, amounts in whole đồng, weights in grams."""

    name: str
    terms: fees.Terms
    zones: tuple[fees.ZoneTerms, ...]
    note: str = ""


def change_rates(
    actor: Actor, origin: str, draft: Draft, *, valid_from: date, seen_id: int | None, is_demo: bool = False
) -> int:
    """From `valid_from` parcels that leave from province `origin` cost what `draft` says. Returns the new table's id.

    `seen_id` is the newest table (by id) of the origin that the person saw, None if there was none. A table planned for a later
    day stays planned; one that starts on the same day is replaced.

    Raises:
        Invalid: `valid_from` lies in the past, the province is unknown, or a figure is out of bounds (`field` says which).
        RatesChanged: somebody else changed the rates of this origin meanwhile.
    """
    _check(draft)
    if valid_from < clock.today() and not is_demo:
        raise Invalid(N_("Biểu phí mới chỉ áp dụng từ hôm nay trở đi."), field="valid_from")
    home = places.unit(origin)
    if home is None or home.level is not Level.PROVINCE:
        raise Invalid(N_("Không có tỉnh, thành phố này. Vui lòng chọn lại trong danh sách."), field="origin")
    with transaction() as s:
        _take_turns(s)
        if _newest(s, origin) != seen_id:
            raise RatesChanged
        until = _make_room(s, origin, valid_from)
        table = RateTable(
            origin_code=origin,
            name=text.clean(draft.name),
            valid_from=valid_from,
            valid_to=until,
            note=text.clean(draft.note)[:1000] or None,
            is_demo=is_demo,
            created_at=clock.now(),
            created_by=actor.label,
            zones=[ZoneRate(**asdict(zone)) for zone in draft.zones],
            **asdict(draft.terms),
        )
        s.add(table)
        s.flush()
        audit.record(
            actor, "delivery.change-rates", f"rates:{origin}",
            table=table.id, valid_from=valid_from, valid_to=until, name=draft.name, note=draft.note,
            terms=asdict(draft.terms), zones=[asdict(zone) for zone in draft.zones],
        )  # fmt: skip
        after_commit(queries.forget)
        return table.id


def _take_turns(s: Session) -> None:
    """Let one change of rates or regions at a time through; what is read afterwards is what the one before left.

    SQLite does so by itself. Row locks would not do: an origin or province without rows has nothing to lock.
    """
    if not is_sqlite():
        s.execute(sql("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK})


def _newest(s: Session, origin: str) -> int | None:
    return s.scalar(select(func.max(RateTable.id)).where(RateTable.origin_code == origin))


def _make_room(s: Session, origin: str, start: date) -> date | None:
    """End what is in force on `start`; return the day on which the next planned table begins, if there is one."""
    until: date | None = None
    for table in s.scalars(select(RateTable).where(RateTable.origin_code == origin).order_by(RateTable.valid_from)):
        if table.valid_to == table.valid_from:
            continue
        if table.valid_from > start:
            until = until or table.valid_from
        elif table.valid_to is None or start < table.valid_to:
            table.valid_to = start  # an empty span if it would have begun on the same day
    s.flush()
    return until


def withdraw_rates(actor: Actor, table_id: int) -> None:
    """Take back a table that is planned but not yet in force; the one before it goes on.

    Raises:
        NotFound: there is no such table, or it was replaced already.
        Invalid: it is or was in force: history stays.
    """
    with transaction() as s:
        _take_turns(s)
        table = s.get(RateTable, table_id)
        if table is None or table.valid_to == table.valid_from:
            raise NotFound
        if table.valid_from <= clock.today():
            raise Invalid(N_("Biểu phí đã áp dụng thì không rút lại được; hãy tạo biểu phí mới."))
        before = s.scalars(
            select(RateTable).where(
                RateTable.origin_code == table.origin_code,
                RateTable.valid_to == table.valid_from,
                RateTable.valid_from < table.valid_from,
            )
        ).first()
        until, table.valid_to = table.valid_to, table.valid_from
        s.flush()
        if before is not None:
            before.valid_to = until
        audit.record(
            actor, "delivery.withdraw-rates", f"rates:{table.origin_code}", table=table.id, valid_from=table.valid_from
        )
        after_commit(queries.forget)


def _check(draft: Draft) -> None:
    """Refuse figures that cannot be meant.

    Raises:
        Invalid: `field` is the name of the form's field (`name`, `divisor`, `same_region-first_g`, …).
    """

    def within(name: str, value: int | None, low: int, high: int) -> None:
        if value is not None and not low <= value <= high:
            raise Invalid(N_("Giá trị phải từ %(low)s đến %(high)s."), field=name, low=low, high=high)

    if not 1 <= len(text.clean(draft.name)) <= 80:
        raise Invalid(N_("Vui lòng đặt tên cho biểu phí (tối đa 80 ký tự)."), field="name")
    terms = draft.terms
    within("divisor", terms.divisor, 1000, 20_000)
    within("limit_g", terms.limit_g, 100, LARGEST_WEIGHT)
    within("bulky_from_g", terms.bulky_from_g, 1, LARGEST_WEIGHT)
    for name in ("bulky_amount", "cold_amount", "cod_flat_amount", "cod_minimum_amount"):
        within(name, getattr(terms, name), 0, LARGEST_FEE)
    within("cod_per_10000", terms.cod_per_10000, 0, 10_000)
    if [zone.zone for zone in draft.zones] != list(Zone):
        raise Invalid(N_("Biểu phí phải có đủ ba vùng."))
    for zone in draft.zones:
        within(f"{zone.zone}-first_g", zone.first_g, 1, LARGEST_WEIGHT)
        within(f"{zone.zone}-step_g", zone.step_g, 1, LARGEST_WEIGHT)
        within(f"{zone.zone}-first_amount", zone.first_amount, 0, LARGEST_FEE)
        within(f"{zone.zone}-step_amount", zone.step_amount, 0, LARGEST_FEE)
        within(f"{zone.zone}-free_from_amount", zone.free_from_amount, 0, 1_000_000_000)
        within(f"{zone.zone}-days_from", zone.days_from, 0, 60)
        within(f"{zone.zone}-days_to", zone.days_to, zone.days_from, 60)


# --- regions -----------------------------------------------------------------------------------------------------------


def change_region(actor: Actor, province: str, region: Region, *, valid_from: date) -> None:
    """From `valid_from` (today or later) a province belongs to `region`.

    Raises:
        Invalid: the province is unknown, the day lies in the past, or nothing would change.
    """
    unit = places.unit(province)
    if unit is None or unit.level is not Level.PROVINCE:
        raise Invalid(N_("Không có tỉnh, thành phố này. Vui lòng chọn lại trong danh sách."), field="province")
    if valid_from < clock.today():
        raise Invalid(N_("Thay đổi chỉ áp dụng từ hôm nay trở đi."), field="valid_from")
    with transaction() as s:
        _take_turns(s)
        rows = s.scalars(
            select(ProvinceRegion).where(ProvinceRegion.province_code == province).order_by(ProvinceRegion.valid_from)
        ).all()
        last = rows[-1] if rows else None
        if last is not None and last.region is region:
            raise Invalid(N_("Tỉnh này đã thuộc miền đó."), field="region")
        if last is not None and valid_from < last.valid_from:
            raise Invalid(N_("Đã có thay đổi sau ngày này."), field="valid_from")
        was = last.region if last is not None else None
        if last is not None and last.valid_from == valid_from:
            last.region, last.by_staff, last.source = region, True, actor.label
        else:
            if last is not None:
                last.valid_to = valid_from
            s.add(
                ProvinceRegion(
                    province_code=province, region=region, valid_from=valid_from, valid_to=None,
                    source=actor.label, by_staff=True,
                )
            )  # fmt: skip
        audit.record(
            actor, "delivery.change-region", f"places:{province}", before=was, after=region, valid_from=valid_from
        )
        after_commit(queries.forget)


# --- what comes with the shop --------------------------------------------------------------------------------------------


def _rows(name: str) -> Iterable[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def load_regions(actor: Actor = SYSTEM) -> int:
    """Store the regions of `data/regions.csv` for provinces that have none; returns how many. Needs the places loaded."""
    with transaction() as s:
        _take_turns(s)
        known = set(s.scalars(select(ProvinceRegion.province_code)))
        new = [row for row in _rows("regions.csv") if row["province_code"] not in known]
        for row in new:
            s.add(
                ProvinceRegion(
                    province_code=row["province_code"],
                    region=Region(row["region"]),
                    valid_from=date.fromisoformat(row["valid_from"]),
                    source=row["source"],
                )
            )
        if new:
            audit.record(actor, "delivery.load-regions", "rates:regions", provinces=len(new))
            after_commit(queries.forget)
        return len(new)


def load_demo_rates(actor: Actor = SYSTEM, *, valid_from: date = date(2025, 7, 1)) -> int:
    """Make the demo tables of `data/`, marked as demo, for origins that have no table; returns how many."""
    made = 0
    zones = list(_rows("demo_zones.csv"))
    for row in _rows("demo_rates.csv"):
        with transaction() as s:
            if s.scalar(select(func.count()).where(RateTable.origin_code == row["origin"])):
                continue
            draft = Draft(
                row["name"],
                fees.Terms(
                    **{
                        name: int(row[name])
                        for name in (
                            "divisor", "limit_g", "bulky_from_g", "bulky_amount", "cold_amount",
                            "cod_flat_amount", "cod_per_10000", "cod_minimum_amount",
                        )
                    }
                ),
                tuple(_zone(z) for z in zones if z["origin"] == row["origin"]),
                row["note"],
            )  # fmt: skip
            change_rates(actor, row["origin"], draft, valid_from=valid_from, seen_id=None, is_demo=True)
            made += 1
    return made


def _zone(row: dict[str, str]) -> fees.ZoneTerms:
    return fees.ZoneTerms(
        zone=Zone(row["zone"]),
        first_g=int(row["first_g"]),
        first_amount=int(row["first_amount"]),
        step_g=int(row["step_g"]),
        step_amount=int(row["step_amount"]),
        days_from=int(row["days_from"]),
        days_to=int(row["days_to"]),
        cold_allowed=row["cold_allowed"] == "1",
        free_from_amount=int(row["free_from_amount"]) if row["free_from_amount"] else None,
    )
