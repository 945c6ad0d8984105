"""Reads: what a delivery costs, how long it takes, which tables were in force."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import aliased, selectinload

from shop.delivery import days, fees
from shop.delivery.errors import ColdNotDeliverable, NoRate, TooHeavy
from shop.delivery.models import ProvinceRegion, RateTable, Region, Zone
from shop.kernel import clock, settings, text
from shop.kernel.db import session
from shop.kernel.errors import N_, Invalid
from shop.places import queries as places
from shop.places.models import Level

FRESH_SECONDS = 5.0
UNKNOWN_WEIGHT = settings.define(
    "delivery.unknown_weight_g", 1000, N_("Cân nặng tạm tính khi sản phẩm chưa ghi cân nặng (gam)"), low=1, high=50_000
)
HOME = settings.define(
    "delivery.home_province", "22", N_("Mã tỉnh gửi hàng để ước tính phí khi chưa biết kho gửi"), low=2, high=2
)
PREPARE_HOURS = settings.define(
    "delivery.pickup_hours", 2, N_("Số giờ chuẩn bị hàng nhận tại điểm bán"), low=0, high=48
)


@dataclass(frozen=True, slots=True)
class TableView:
    """A rate table with its zones; `replaced` means that another took its place before it applied."""

    id: int
    origin_code: str
    name: str
    valid_from: date
    valid_to: date | None
    terms: fees.Terms
    zones: tuple[fees.ZoneTerms, ...]
    note: str | None
    is_demo: bool
    created_at: datetime
    created_by: str

    @property
    def replaced(self) -> bool:
        return self.valid_to == self.valid_from

    def on(self, day: date) -> bool:
        """Whether it is in force on `day`."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    def zone(self, zone: Zone) -> fees.ZoneTerms:
        """The line of `zone`."""
        return next(z for z in self.zones if z.zone is zone)


@dataclass(frozen=True, slots=True)
class RegionView:
    """The region of a province between two days."""

    id: int
    province_code: str
    region: Region
    valid_from: date
    valid_to: date | None
    source: str
    by_staff: bool

    def on(self, day: date) -> bool:
        """Whether it holds on `day`."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class Quote:
    """The price of one parcel. `assumed` says that the weight of some goods is not known and was taken as usual."""

    table_id: int
    zone: Zone
    fee: fees.Fee
    weight: fees.Weight
    days_from: int
    days_to: int
    free_from_amount: int | None
    is_demo: bool
    # What collecting the money at the door costs, in the fee or not.
    collecting_amount: int = 0

    @property
    def total_amount(self) -> int:
        return self.fee.total_amount

    @property
    def weight_g(self) -> int:
        """Chargeable grams."""
        return self.weight.chargeable_g

    @property
    def assumed(self) -> bool:
        return self.weight.assumed

    def parts(self) -> list[tuple[str, int]]:
        """(key of `fees.PART_NAMES`, amount); they add up to the total."""
        return self.fee.parts()

    def arrives(self, sent_on: date) -> tuple[date, date]:
        """First and last day on which a parcel handed over on `sent_on` is expected."""
        return days.after(sent_on, self.days_from), days.after(sent_on, self.days_to)


@dataclass(frozen=True, slots=True)
class Book:
    """All tables and regions there are, newest first."""

    tables: tuple[TableView, ...]
    regions: tuple[RegionView, ...]

    def table(self, origin: str, day: date) -> TableView | None:
        """The table in force on `day` for parcels from `origin`."""
        return next((t for t in self.tables if t.origin_code == origin and t.on(day)), None)

    def region(self, province: str, day: date) -> Region | None:
        """The region of a province on `day`."""
        return next((r.region for r in self.regions if r.province_code == province and r.on(day)), None)

    def zone(self, origin: str, to: str, day: date) -> Zone:
        """How far it is; a province without a region is far."""
        if origin == to:
            return Zone.SAME_PROVINCE
        here = self.region(origin, day)
        return Zone.SAME_REGION if here is not None and here is self.region(to, day) else Zone.OTHER_REGION


def _read() -> Book:
    tables = session().scalars(
        select(RateTable)
        .options(selectinload(RateTable.zones))
        .order_by(RateTable.valid_from.desc(), RateTable.id.desc())
    )
    regions = session().scalars(
        select(ProvinceRegion).order_by(ProvinceRegion.province_code, ProvinceRegion.valid_from.desc())
    )
    return Book(
        tuple(_table(t) for t in tables),
        tuple(
            RegionView(r.id, r.province_code, r.region, r.valid_from, r.valid_to, r.source, r.by_staff) for r in regions
        ),
    )


def _table(t: RateTable) -> TableView:
    return TableView(
        t.id,
        t.origin_code,
        t.name,
        t.valid_from,
        t.valid_to,
        fees.Terms(
            t.divisor,
            t.limit_g,
            t.bulky_from_g,
            t.bulky_amount,
            t.cold_amount,
            t.cod_flat_amount,
            t.cod_per_10000,
            t.cod_minimum_amount,
        ),
        tuple(
            fees.ZoneTerms(
                z.zone,
                z.first_g,
                z.first_amount,
                z.step_g,
                z.step_amount,
                z.days_from,
                z.days_to,
                z.cold_allowed,
                z.free_from_amount,
            )
            for z in sorted(t.zones, key=lambda z: list(Zone).index(z.zone))
        ),
        t.note,
        t.is_demo,
        t.created_at,
        t.created_by,
    )


def book(*, fresh: bool = False) -> Book:
    """All rates, at most `FRESH_SECONDS` old (tables begin on a day, so a sale may rest on that), exact with `fresh`."""
    if fresh:
        return _read()
    kept: dict[str, Any] = current_app.extensions.setdefault("shop_rates", {"at": -1e9, "book": None})
    if kept["book"] is None or time.monotonic() - kept["at"] > FRESH_SECONDS:
        kept["book"], kept["at"] = _read(), time.monotonic()
    found: Book = kept["book"]
    return found


def forget() -> None:
    """Drop the copy; the next read asks the database."""
    current_app.extensions.pop("shop_rates", None)


def quote(
    lines: Iterable[fees.Line],
    origin_province: str,
    to_province: str,
    *,
    cold: bool = False,
    cod: bool = False,
    goods_amount: int = 0,
    on: date | None = None,
) -> Quote:
    """What one parcel costs from province to province on `on` (today). `goods_amount` is what its goods cost, in đồng.

    Raises:
        Invalid: `province` is unknown.
        NoRate: no table is in force for the province it leaves from.
        ColdNotDeliverable: chilled goods do not go there.
        TooHeavy: the chargeable weight is above the carrier's limit.
    """
    day = on or clock.today()
    province = places.unit(to_province, day)
    if province is None or province.level is not Level.PROVINCE:
        raise Invalid(N_("Không có tỉnh, thành phố này. Vui lòng chọn lại trong danh sách."), field="province")
    rates = book()
    table = rates.table(origin_province, day)
    if table is None:
        raise NoRate(field="province")
    zone = table.zone(rates.zone(origin_province, to_province, day))
    if cold and not zone.cold_allowed:
        raise ColdNotDeliverable(field="province", province=province.name)
    weight = fees.weigh(lines, table.terms.divisor, assumed_g=UNKNOWN_WEIGHT.get())
    limit = table.terms.limit_g
    if limit is not None and weight.chargeable_g > limit:
        raise TooHeavy(weight=kilograms(weight.chargeable_g), limit=kilograms(limit))
    fee = fees.charge(weight.chargeable_g, table.terms, zone, cold=cold, cod=cod, goods_amount=goods_amount)
    return Quote(
        table.id, zone.zone, fee, weight, zone.days_from, zone.days_to, zone.free_from_amount, table.is_demo,
        fees.collecting(goods_amount, table.terms),
    )  # fmt: skip


def kilograms(grams: int) -> str:
    """`1,25 kg` for 1250."""
    return text.trimmed(f"{grams / 1000:.2f}") + " kg"


def current_table(origin: str | None = None, on: date | None = None) -> TableView | None:
    """The table in force for parcels from `origin` (the shop's home province), for help pages; None if there is none."""
    return book().table(origin or HOME.get(), on or clock.today())


def pickup_ready(hours: Mapping[str, Sequence[str]] | None, at: datetime | None = None) -> date | None:
    """The day on which goods that are at a point now can be collected there (`days.pickup_ready`)."""
    return days.pickup_ready(at or clock.now(), hours, prepare=timedelta(hours=PREPARE_HOURS.get()))


def provinces_by_region(
    on: date | None = None, *, rates: Book | None = None
) -> dict[Region | None, list[places.UnitView]]:
    """The provinces in force on `on` (today) by region; None holds those without one."""
    day = on or clock.today()
    rates = rates or book()
    found: dict[Region | None, list[places.UnitView]] = {region: [] for region in Region}
    for province in places.provinces(day):
        found.setdefault(rates.region(province.code, day), []).append(province)
    return found


def overlapping_tables() -> list[str]:
    """Origins with two tables in force at once (there must be none)."""
    a, b = aliased(RateTable), aliased(RateTable)
    rows = session().execute(
        select(a.origin_code, a.valid_from, a.valid_to, b.valid_from, b.valid_to).join(
            b, (a.origin_code == b.origin_code) & (a.id < b.id)
        )
    )
    return sorted(
        {
            origin
            for origin, f1, t1, f2, t2 in rows
            if t1 != f1 and t2 != f2 and (t2 is None or f1 < t2) and (t1 is None or f2 < t1)
        }
    )
