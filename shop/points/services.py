"""Commands on points: open, change, close, open again; and the loading of the registry."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select

from shop.kernel import audit, clock, db, events, operations, text
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import locked, session, transaction
from shop.kernel.errors import N_, Conflict, Invalid, NotFound
from shop.places.models import HOME_PROVINCE
from shop.points import hours as opening
from shop.points import queries
from shop.points.errors import PointClosed
from shop.points.events import PointChanged
from shop.points.models import SERVICE_NAMES, Point, PointKind

REGISTRY = Path(__file__).parent / "data" / "shop_points.csv"


@dataclass(frozen=True, slots=True)
class Draft:
    """All that staff may say of a point. `hours` is the stored table (`hours.checked`), None if unknown."""

    name: str
    kind: PointKind
    province_code: str = HOME_PROVINCE
    commune_code: str | None = None
    locality_text: str | None = None
    address: str | None = None
    phone: str | None = None
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    hours: dict[str, list[str]] | None = None
    services: tuple[str, ...] = ()
    floor_area_m2: int | None = None
    note: str | None = None
    note_en: str | None = None
    producer_id: int | None = None
    pickup: bool = False
    ships: bool = False
    # Sale units of each pack that the web leaves for the counter.
    web_reserve: int = 0
    is_public: bool = True
    opened_on: date | None = None
    # Of a booth: the days on which it sells, within its life.
    sells_from_on: date | None = None
    sells_to_on: date | None = None
    source_url: str | None = None
    is_demo: bool = False


def _check(draft: Draft) -> None:
    if not draft.name:
        raise Invalid(N_("Hãy ghi tên điểm bán."), field="name")
    if len(draft.name) > 255:
        raise Invalid(N_("Tên dài quá 255 ký tự."), field="name")
    if (draft.latitude is None) != (draft.longitude is None):
        raise Invalid(N_("Hãy ghi cả vĩ độ và kinh độ, hoặc để trống cả hai."), field="latitude")
    if draft.latitude is not None and draft.longitude is not None:
        if not Decimal(8) <= draft.latitude <= Decimal(24):
            raise Invalid(N_("Vĩ độ phải nằm trong Việt Nam (8 đến 24)."), field="latitude")
        if not Decimal(102) <= draft.longitude <= Decimal(115):
            raise Invalid(N_("Kinh độ phải nằm trong Việt Nam (102 đến 115)."), field="longitude")
    if draft.floor_area_m2 is not None and not 1 <= draft.floor_area_m2 <= 1_000_000:
        raise Invalid(N_("Diện tích phải từ 1 đến 1.000.000 m²."), field="floor_area_m2")
    if not 0 <= draft.web_reserve <= 10_000:
        raise Invalid(N_("Số giữ lại phải từ 0 đến 10.000."), field="web_reserve")
    if (draft.sells_from_on is None) != (draft.sells_to_on is None):
        raise Invalid(N_("Hãy ghi cả ngày bắt đầu bán và ngày thôi bán, hoặc để trống cả hai."), field="sells_from_on")
    if draft.sells_from_on is not None and draft.sells_to_on is not None and draft.sells_to_on <= draft.sells_from_on:
        raise Invalid(N_("Ngày thôi bán phải sau ngày bắt đầu bán."), field="sells_to_on")
    unknown = [s for s in draft.services if s not in SERVICE_NAMES]
    if unknown:
        raise Invalid(N_("Dịch vụ này chưa có trong danh mục."), field="services")
    if draft.producer_id is not None and draft.kind is not PointKind.PRODUCER_STORE:
        raise Invalid(N_("Chỉ cửa hàng, kho của cơ sở sản xuất mới thuộc về một cơ sở."), field="kind")
    if draft.kind is PointKind.WAREHOUSE and draft.pickup and not draft.is_public:
        raise Invalid(N_("Điểm không hiện công khai thì khách không đến nhận hàng được."), field="pickup")


def _free_slug(name: str) -> str:
    stem = text.slugify(name, limit=70)
    slug, number = stem, 2
    while slug == "new" or session().scalar(select(Point.id).where(Point.slug == slug)) is not None:
        slug, number = f"{stem}-{number}", number + 1
    return slug


def _apply(row: Point, draft: Draft) -> dict[str, Any]:
    """Write `draft` into `row`; return what changed as {field: [before, after]}."""
    changes: dict[str, Any] = {}
    for field in fields(draft):
        value = getattr(draft, field.name)
        if field.name == "services":
            value = [s for s in SERVICE_NAMES if s in draft.services]
        before = getattr(row, field.name)
        if before != value:
            changes[field.name] = [before, value]
            setattr(row, field.name, value)
    row.sort_name = text.sort_key(row.name)
    return changes


def _told(row: Point) -> None:
    session().flush()
    events.publish(PointChanged(row.id))
    db.after_commit(queries.forget)


def _create(actor: Actor, draft: Draft, slug: str | None = None) -> Point:
    _check(draft)
    now = clock.now()
    row = Point(slug=slug or _free_slug(draft.name), services=[], created_at=now, updated_at=now)
    _apply(row, draft)
    session().add(row)
    session().flush()
    audit.record(actor, "points.create", f"point:{row.slug}", **asdict(draft))
    _told(row)
    return row


def create(actor: Actor, draft: Draft, op_key: str) -> int:
    """Open a point; return its id. The same `op_key` again returns the same point.

    Raises:
        Invalid: the draft breaks a rule; the error names the field.
        KeyUsedOtherwise: the key was used for another draft.
    """
    made = operations.once(
        op_key, "points.create", actor.key, asdict(draft), lambda: {"point_id": _create(actor, draft).id}
    )
    return int(made["point_id"])


def update(actor: Actor, point_id: int, draft: Draft, *, seen: str | None = None) -> None:
    """Change a point. `seen` is the ISO instant of the last change that the editor saw.

    Raises:
        NotFound: there is no such point.
        Invalid: the draft breaks a rule.
        Conflict: somebody else changed the point in the meantime.
    """
    _check(draft)
    with transaction():
        row = locked(Point, point_id, NotFound)
        if seen is not None and row.updated_at.isoformat() != seen:
            raise Conflict(N_("Có người vừa sửa điểm bán này. Vui lòng tải lại trang để xem bản mới rồi sửa tiếp."))
        if row.producer_id is not None and draft.producer_id != row.producer_id:
            raise Invalid(N_("Kho đã thuộc về một cơ sở; hãy đóng kho này và mở kho khác."), field="producer")
        if row.closed_on is not None and draft.opened_on is not None and draft.opened_on >= row.closed_on:
            raise Invalid(N_("Ngày mở phải trước ngày đóng."), field="opened_on")
        changes = _apply(row, draft)
        if changes:
            row.updated_at = clock.now()
            audit.record(actor, "points.update", f"point:{row.slug}", changes=changes)
            _told(row)


def close(actor: Actor, point_id: int, closed_on: date, reason: str) -> None:
    """End a point's life: from `closed_on` (included) it gives, takes and ships nothing.

    Raises:
        NotFound: there is no such point.
        PointClosed: it is closed already.
        Invalid: the day lies before its opening, or no reason is given.
    """
    if not reason:
        raise Invalid(N_("Hãy ghi lý do."), field="reason")
    with transaction():
        row = locked(Point, point_id, NotFound)
        if row.closed_on is not None:
            raise PointClosed
        if row.opened_on is not None and closed_on <= row.opened_on:
            raise Invalid(N_("Ngày đóng phải sau ngày mở."), field="closed_on")
        row.closed_on = closed_on
        row.updated_at = clock.now()
        audit.record(actor, "points.close", f"point:{row.slug}", closed_on=closed_on, reason=reason)
        _told(row)


def reopen(actor: Actor, point_id: int, reason: str) -> None:
    """Take a closing back; nothing happens if the point is not closed.

    Raises:
        NotFound: there is no such point.
        Invalid: no reason is given.
    """
    if not reason:
        raise Invalid(N_("Hãy ghi lý do."), field="reason")
    with transaction():
        row = locked(Point, point_id, NotFound)
        if row.closed_on is None:
            return
        before, row.closed_on = row.closed_on, None
        row.updated_at = clock.now()
        audit.record(actor, "points.reopen", f"point:{row.slug}", before=before, reason=reason)
        _told(row)


def load_registry(path: Path = REGISTRY) -> int:
    """Load the points of the sources; what is known already (by slug) stays as staff left it. Return how many are new.

    What a source leaves blank stays NULL: no hours, no services, neither pick-up nor parcels.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    made = 0
    with transaction():
        known = set(session().scalars(select(Point.slug)))
        for row in rows:
            if row["slug"] not in known:
                _create(SYSTEM, _of_registry(row), row["slug"])
                made += 1
    return made


def _of_registry(row: Mapping[str, str]) -> Draft:
    def some(name: str) -> str | None:
        return row[name] or None

    return Draft(
        name=row["name"],
        kind=PointKind(row["kind"]),
        commune_code=some("commune_code"),
        locality_text=some("locality"),
        address=some("address"),
        floor_area_m2=int(row["floor_area_m2"]) if row["floor_area_m2"] else None,
        note=some("note"),
        note_en=some("note_en"),
        opened_on=date.fromisoformat(row["opened_on"]) if row["opened_on"] else None,
        source_url=some("source_url"),
    )


# What a demonstration adds to the registry: hours, services and offers that no source gives. Marked by `is_demo`.
_DEMO: dict[str, tuple[tuple[str, str], tuple[str, ...], bool, bool]] = {
    "trung-tam-ocop-ha-long": (("07:30", "21:00"), ("card", "vietqr", "parking", "coach", "cold", "gift"), True, True),
    "trung-tam-ocop-dong-trieu": (("07:00", "18:30"), ("vietqr", "parking", "coach", "parcel", "toilet"), True, True),
    "cua-hang-ocop-big-c-ha-long": (("08:00", "21:30"), ("card", "vietqr", "cold", "gift"), True, False),
    "quang-ninh-gate": (("06:00", "22:00"), ("card", "parking", "coach", "tasting", "toilet"), False, False),
    "binh-ngoc-mong-cai": (("07:30", "17:00"), ("vietqr", "cold"), True, True),
}
DEMO_WAREHOUSE = "kho-truc-tuyen"


def load_demo() -> int:
    """Give the registry's points hours, services and offers of a demonstration, and the web its warehouse.

    Each point it touches is marked `is_demo`; one that carries the mark already is left alone. Return how many changed.
    """
    touched = 0
    with transaction():
        now = clock.now()
        for row in session().scalars(select(Point).where(Point.slug.in_(_DEMO), Point.is_demo.is_(False))):
            (start, end), services, row.pickup, row.ships = _DEMO[row.slug]
            row.hours = {day: [start, end] for day in opening.DAYS}
            row.services = [s for s in SERVICE_NAMES if s in services]
            row.is_demo, row.updated_at = True, now
            audit.record(SYSTEM, "points.demo", f"point:{row.slug}")
            _told(row)
            touched += 1
        if session().scalar(select(Point.id).where(Point.slug == DEMO_WAREHOUSE)) is None:
            draft = Draft(
                name="Kho bán hàng trực tuyến (minh họa)",
                kind=PointKind.WAREHOUSE,
                commune_code="06688",
                locality_text="Hạ Long",
                ships=True,
                is_public=False,
                is_demo=True,
            )
            _create(SYSTEM, draft, DEMO_WAREHOUSE)
            touched += 1
    return touched
