"""Reads about points: a few dozen rows, kept for some seconds, so that pages and baskets ask the database rarely."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import current_app
from sqlalchemy import select

from shop.kernel import clock, db
from shop.kernel.errors import NotFound
from shop.points import hours as opening
from shop.points.models import Point, PointKind

FRESH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class PointView:
    """A point as pages and other rooms see it. `closed_on` is the first day on which it is closed for good."""

    id: int
    slug: str
    name: str
    kind: PointKind
    producer_id: int | None
    province_code: str
    commune_code: str | None
    locality_text: str | None
    address: str | None
    phone: str | None
    latitude: float | None
    longitude: float | None
    # As stored: `{"mon": ["07:30", "21:00"], …}`; None is unknown.
    hours: Mapping[str, Sequence[str]] | None
    services: tuple[str, ...]
    floor_area_m2: int | None
    note: str | None
    note_en: str | None
    pickup: bool
    ships: bool
    web_reserve: int
    is_public: bool
    opened_on: date | None
    closed_on: date | None
    sells_from_on: date | None
    sells_to_on: date | None
    source_url: str | None
    is_demo: bool
    updated_at: datetime

    @property
    def week(self) -> opening.Week | None:
        """The opening hours day by day, Monday first."""
        return None if self.hours is None else opening.read(self.hours)

    @property
    def scope(self) -> str:
        """What grants name this point by."""
        return f"point:{self.id}"

    @property
    def begins_on(self) -> date | None:
        """The first day on which it sells, as far as is known: of a booth the first of its fair."""
        return self.sells_from_on or self.opened_on

    @property
    def ends_on(self) -> date | None:
        """The first day on which it sells no more, as far as is known."""
        if self.sells_to_on is None or (self.closed_on is not None and self.closed_on < self.sells_to_on):
            return self.closed_on
        return self.sells_to_on

    def sells_on(self, day: date) -> bool:
        """Whether it is there to sell on `day`, not only to take and give goods."""
        return (self.begins_on is None or self.begins_on <= day) and (self.ends_on is None or day < self.ends_on)

    def is_open_on(self, day: date) -> bool:
        """Whether the point exists on `day` (its span is half-open; an unknown start is the past)."""
        return (self.opened_on is None or self.opened_on <= day) and (self.closed_on is None or day < self.closed_on)

    def state(self, at: datetime) -> opening.OpenState:
        """Whether somebody is there at the instant `at`, and until or from when."""
        return opening.state(self.week, at)


def _view(p: Point) -> PointView:
    return PointView(
        p.id,
        p.slug,
        p.name,
        p.kind,
        p.producer_id,
        p.province_code,
        p.commune_code,
        p.locality_text,
        p.address,
        p.phone,
        None if p.latitude is None else float(p.latitude),
        None if p.longitude is None else float(p.longitude),
        p.hours,
        tuple(p.services or ()),
        p.floor_area_m2,
        p.note,
        p.note_en,
        p.pickup,
        p.ships,
        p.web_reserve,
        p.is_public,
        p.opened_on,
        p.closed_on,
        p.sells_from_on,
        p.sells_to_on,
        p.source_url,
        p.is_demo,
        p.updated_at,
    )


def _read() -> tuple[PointView, ...]:
    return tuple(_view(p) for p in db.session().scalars(select(Point).order_by(Point.sort_name, Point.id)))


def all_points() -> tuple[PointView, ...]:
    """Every point there is or was, by name; at most `FRESH_SECONDS` old, exact inside a transaction."""
    if db.in_transaction():
        return _read()
    kept: dict[str, Any] | None = current_app.extensions.get("shop_points")
    if kept is None or time.monotonic() - kept["at"] > FRESH_SECONDS:
        kept = {"at": time.monotonic(), "points": _read()}
        current_app.extensions["shop_points"] = kept
    points: tuple[PointView, ...] = kept["points"]
    return points


def forget() -> None:
    """Drop the copy; the next read asks the database."""
    current_app.extensions.pop("shop_points", None)


def open_points(on: date | None = None) -> tuple[PointView, ...]:
    """The points that exist on the business day `on` (default: today), warehouses included."""
    day = on or clock.today()
    return tuple(p for p in all_points() if p.is_open_on(day))


def pickup_points(on: date | None = None) -> tuple[PointView, ...]:
    """The points where buyers may collect on `on`."""
    day = on or clock.today()
    return tuple(p for p in open_points(day) if p.pickup and p.is_public and p.sells_on(day))


def shipping_points(on: date | None = None) -> tuple[PointView, ...]:
    """The points from which the web sells by parcel on `on`, warehouses included."""
    return tuple(p for p in open_points(on) if p.ships)


def public_points() -> tuple[PointView, ...]:
    """What the public list shows: shops open now or later and closed ones, without warehouses."""
    return tuple(p for p in all_points() if p.is_public and p.kind is not PointKind.WAREHOUSE)


def point(point_id: int) -> PointView:
    """Return the point.

    Raises:
        NotFound: there is none of this id.
    """
    found = next((p for p in all_points() if p.id == point_id), None)
    if found is None:
        raise NotFound
    return found


def by_slug(slug: str) -> PointView | None:
    """The point of this address, or None."""
    return next((p for p in all_points() if p.slug == slug), None)


def by_ids(ids: Iterable[int]) -> dict[int, PointView]:
    """The points of `ids` that exist."""
    wanted = set(ids)
    return {p.id: p for p in all_points() if p.id in wanted}


def within(points: Iterable[PointView], scopes: frozenset[str]) -> tuple[PointView, ...]:
    """Those of `points` that `scopes` cover (`*` or `point:12`)."""
    return tuple(p for p in points if "*" in scopes or p.scope in scopes)


def ids_in(scopes: frozenset[str]) -> list[int] | None:
    """The ids of the points that `scopes` name (`point:12`); None means all (`*`)."""
    if "*" in scopes:
        return None
    return sorted(int(s[6:]) for s in scopes if s.startswith("point:") and s[6:].isdecimal())
