"""Reads of a fair's days: booths with their points, machines and keepers; visitors; buyers; incidents; more goods asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import and_, func, or_, select

from shop.accounts.models import Grant, User
from shop.accounts.permissions import PRODUCER_ROLES, Role
from shop.catalog.models import Product, Variant
from shop.exhibitions import rules, sensors
from shop.exhibitions.models.calls import ApplicationGoods, PapersState, Stand
from shop.exhibitions.models.days import (
    Contact,
    ContactOutcome,
    CountedBy,
    Gate,
    Incident,
    Keeper,
    PaperKind,
    Replenishment,
    Setup,
    VisitFile,
    Visits,
)
from shop.exhibitions.models.fairs import Booth, BoothType, Exhibition, Zone
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.orders.models import Order, OrderLine, OrderStatus
from shop.points.models import Point
from shop.producers.models import Producer
from shop.receipts.models import Delivery, DeliveryState
from shop.supply.models import ASK_NAMES, ASK_OPEN, A, SupplyAsk
from shop.till.models import Device
from shop.transfers.models import STATUS_NAMES, S, Transfer

# --- booths ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class BoothRow:
    """A booth that somebody stands in, or whose point has not been cleared: who, which point, machines, keepers."""

    id: int
    code: str
    zone: str
    shared: bool
    point_id: int | None
    point_slug: str | None
    closed_on: date | None
    makers: list[tuple[str, str]] = field(default_factory=list)
    devices: list[tuple[str, str]] = field(default_factory=list)
    keepers: list[tuple[int, str]] = field(default_factory=list)

    @property
    def given(self) -> bool:
        """Whether somebody stands there."""
        return bool(self.makers)

    @property
    def maker_names(self) -> str:
        """Who stands there."""
        return ", ".join(name for name, _slug in self.makers)


def booths(exhibition_id: int) -> list[BoothRow]:
    """The booths of a fair that are used, by code; four statements."""
    s = session()
    found: dict[int, BoothRow] = {}
    for booth, makers, zone, slug, closed_on in s.execute(
        select(Booth, BoothType.makers, Zone.code, Point.slug, Point.closed_on)
        .join(BoothType, BoothType.id == Booth.type_id)
        .outerjoin(Zone, Zone.id == Booth.zone_id)
        .outerjoin(Point, Point.id == Booth.point_id)
        .where(Booth.exhibition_id == exhibition_id)
        .order_by(Booth.id)
    ):
        found[booth.id] = BoothRow(booth.id, booth.code, zone or "", makers > 1, booth.point_id, slug, closed_on)
    for booth_id, name, slug in s.execute(
        select(Stand.booth_id, Producer.name, Producer.slug)
        .join(Producer, Producer.id == Stand.producer_id)
        .where(Stand.exhibition_id == exhibition_id, Stand.ended_at.is_(None))
        .order_by(Stand.id)
    ):
        found[booth_id].makers.append((name, slug))
    for booth_id, code, token, revoked_at in s.execute(
        select(Booth.id, Device.code, Device.token_hash, Device.revoked_at)
        .join(Device, Device.point_id == Booth.point_id)
        .where(Booth.exhibition_id == exhibition_id)
        .order_by(Device.id)
    ):
        found[booth_id].devices.append((code, "enrolled" if token else "revoked" if revoked_at else "new"))
    for booth_id, user_id, name in s.execute(
        select(Keeper.booth_id, User.id, User.name)
        .join(Booth, Booth.id == Keeper.booth_id)
        .join(User, User.id == Keeper.user_id)
        .where(Booth.exhibition_id == exhibition_id, Keeper.ended_at.is_(None))
        .order_by(Keeper.id)
    ):
        found[booth_id].keepers.append((user_id, name))
    used = [row for row in found.values() if row.given or row.point_id is not None]
    return sorted(used, key=lambda row: natural(row.code))


def natural(code: str) -> tuple[str, int, str]:
    """A2 before A10."""
    letters = code.rstrip("0123456789")
    digits = code[len(letters) :]
    return letters, int(digits) if digits else 0, code


def candidates(exhibition_id: int) -> list[tuple[int, str, str]]:
    """Who may be asked to stand at a counter: (user, name, whose member or '' for staff of the shop), by name."""
    standing = session().execute(
        select(Producer.id, Producer.name)
        .join(Stand, Stand.producer_id == Producer.id)
        .where(Stand.exhibition_id == exhibition_id, Stand.ended_at.is_(None))
    )
    makers = {row.id: row.name for row in standing}
    scopes = [f"producer:{n}" for n in makers]
    rows = session().execute(
        select(User.id, User.name, Grant.scope)
        .join(Grant, Grant.user_id == User.id)
        .where(
            or_(
                and_(Grant.role.in_(PRODUCER_ROLES), Grant.scope.in_(scopes)),
                Grant.role.in_([Role.POINT_KEEPER, Role.PROMOTION_STAFF]),
            ),
            User.disabled_at.is_(None),
            User.erased_at.is_(None),
        )
        .order_by(User.sort_name, User.id)
    )
    found: dict[int, tuple[int, str, str]] = {}
    for user_id, name, scope in rows:
        whose = makers.get(int(scope.partition(":")[2]), "") if scope.startswith("producer:") else ""
        if user_id not in found or (whose and not found[user_id][2]):
            found[user_id] = (user_id, name, whose)
    return list(found.values())


def booth(exhibition_id: int, code: str) -> Booth:
    """The booth of this code.

    Raises:
        NotFound: there is none.
    """
    found = session().scalar(select(Booth).where(Booth.exhibition_id == exhibition_id, Booth.code == code))
    if found is None:
        raise NotFound
    return found


def booth_point(booth_id: int, **_values: Any) -> str | None:
    """A guard's scope: the point of a booth."""
    found = session().scalar(select(Booth.point_id).where(Booth.id == booth_id))
    return None if found is None else f"point:{found}"


def booth_of(booth_id: int) -> tuple[Booth, Exhibition]:
    """A booth with its fair.

    Raises:
        NotFound: there is none.
    """
    found = session().get(Booth, booth_id)
    if found is None:
        raise NotFound
    return found, session().get_one(Exhibition, found.exhibition_id)


def booths_at(points: Sequence[int] | None) -> list[tuple[Booth, Exhibition]]:
    """The booths whose points are among these (None: all) and whose fair is prepared or on, newest fair first."""
    statement = (
        select(Booth, Exhibition)
        .join(Exhibition, Exhibition.id == Booth.exhibition_id)
        .where(Booth.point_id.is_not(None), Exhibition.state.in_(("allotted", "running", "cancelled")))
        .order_by(Exhibition.from_on.desc(), Booth.code)
    )
    if points is not None:
        statement = statement.where(Booth.point_id.in_(points))
    return [(booth, fair) for booth, fair in session().execute(statement)]


def setup(exhibition_id: int) -> Setup | None:
    """How a fair was prepared; None if it was not."""
    return session().get(Setup, exhibition_id)


def fair_of_screen(token: str) -> Exhibition | None:
    """The fair whose hall screen has this secret."""
    return session().scalar(
        select(Exhibition).join(Setup, Setup.exhibition_id == Exhibition.id).where(Setup.screen_token == token)
    )


@dataclass(frozen=True, slots=True)
class PackHere:
    """A pack that may be sold at a booth: units on hand and free."""

    variant_id: int
    producer_id: int
    product: str
    pack: str


def packs_of(booth_id: int) -> list[PackHere]:
    """What those who stand in a booth may sell there, by name."""
    rows = session().execute(
        select(Variant.id, Stand.producer_id, Product.name, Variant.pack)
        .join(ApplicationGoods, ApplicationGoods.variant_id == Variant.id)
        .join(Product, Product.id == Variant.product_id)
        .join(Stand, Stand.application_id == ApplicationGoods.application_id)
        .where(
            Stand.booth_id == booth_id,
            Stand.ended_at.is_(None),
            ApplicationGoods.papers != PapersState.REFUSED,
        )
        .order_by(Product.sort_name, Variant.id)
    )
    return [PackHere(*row) for row in rows]


# --- more goods --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MoreRow:
    """A replenishment as it stands. `state`: a msgid; `open`: it may still come."""

    reference: str
    booth: str
    booth_id: int
    variant_id: int
    product: str
    pack: str
    units: int
    kind: PaperKind
    needed_at: datetime
    due_at: datetime | None
    note: str | None
    asked_at: datetime
    asked_label: str
    state: str
    badge: str
    open: bool
    may_end: bool
    url: str

    @property
    def due_local(self) -> str:
        """The time of arrival as a field of day and time shows it."""
        return self.due_at.astimezone(clock.VIETNAM).strftime("%Y-%m-%dT%H:%M") if self.due_at else ""

    @property
    def late(self) -> bool:
        """Whether it should have been there by now."""
        return self.open and (self.due_at or self.needed_at) < clock.now()


def replenishments_statement(exhibition_id: int) -> Any:
    """The statement behind `replenishments`; its rows make `more_row`."""
    return (
        select(
            Replenishment, Booth.code, Product.name, Variant.pack, Transfer.status, SupplyAsk.status, Delivery.state,
            Delivery.reference,
        )
        .join(Booth, Booth.id == Replenishment.booth_id)
        .join(Variant, Variant.id == Replenishment.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(Transfer, Transfer.reference == Replenishment.reference)
        .outerjoin(SupplyAsk, SupplyAsk.reference == Replenishment.reference)
        .outerjoin(Delivery, Delivery.id == SupplyAsk.delivery_id)
        .where(Replenishment.exhibition_id == exhibition_id)
        .order_by(Replenishment.id.desc())
    )  # fmt: skip


PROMISED = N_("Cơ sở đã nhận lời, đang giao")
ARRIVED = N_("Đã đến gian")


def more_row(found: Any) -> MoreRow:
    """A row of `replenishments_statement`."""
    r, booth_code, product, pack, transfer, ask, delivery, delivery_reference = found
    if r.kind is PaperKind.TRANSFER:
        state, is_open = STATUS_NAMES[transfer], transfer not in (S.CLOSED, S.REFUSED, S.CANCELLED)
        badge = {S.ON_THE_ROAD: "info", S.RECEIVED: "info", S.CLOSED: "ok", S.REFUSED: "bad"}.get(transfer, "warn")
        if transfer is S.CANCELLED:
            badge = ""
        may_end, url = transfer in (S.ASKED, S.APPROVED, S.PACKED), f"/office/transfers/{r.reference}"
        if transfer is S.CLOSED:
            state = ARRIVED
    elif delivery is not None:
        is_open = delivery in (DeliveryState.EXPECTED, DeliveryState.PARTLY)
        state = PROMISED if is_open else ARRIVED if delivery is DeliveryState.RECEIVED else ASK_NAMES[A.WITHDRAWN]
        badge = "info" if is_open else "ok" if delivery is DeliveryState.RECEIVED else ""
        may_end, url = False, f"/office/receipts/{delivery_reference}"
    else:
        state, is_open, may_end = ASK_NAMES[ask], ask in ASK_OPEN, ask in ASK_OPEN
        badge = {A.ASKED: "warn", A.CHANGED: "info", A.REFUSED: "bad"}.get(ask, "")
        url = f"/office/asks/{r.reference}"
    return MoreRow(
        r.reference, booth_code, r.booth_id, r.variant_id, product, pack, r.units, r.kind, r.needed_at, r.due_at, r.note,
        r.asked_at, r.asked_label, state, badge, is_open, may_end, url,
    )  # fmt: skip


def replenishments(exhibition_id: int, *, booth_id: int | None = None) -> list[MoreRow]:
    """What booths have asked for, the newest first, those that are open before the others."""
    statement = replenishments_statement(exhibition_id)
    if booth_id is not None:
        statement = statement.where(Replenishment.booth_id == booth_id)
    rows = [more_row(row) for row in session().execute(statement.limit(500))]
    return sorted(rows, key=lambda row: not row.open)


def replenishment(reference: str) -> tuple[Replenishment, Booth]:
    """One replenishment and its booth.

    Raises:
        NotFound: there is none.
    """
    row = session().execute(
        select(Replenishment, Booth)
        .join(Booth, Booth.id == Replenishment.booth_id)
        .where(Replenishment.reference == reference)
    )
    found = row.first()
    if found is None:
        raise NotFound
    return found[0], found[1]


# --- visitors ----------------------------------------------------------------------------------------------------


def gates(exhibition_id: int) -> list[Gate]:
    """The gates of a fair, as they were added."""
    return list(session().scalars(select(Gate).where(Gate.exhibition_id == exhibition_id).order_by(Gate.id)))


def visit_rows(exhibition_id: int) -> list[tuple[int, datetime, CountedBy, int]]:
    """What every way of counting says: (gate, hour, source, visitors)."""
    rows = session().execute(
        select(Visits.gate_id, Visits.hour, Visits.source, Visits.visitors)
        .where(Visits.exhibition_id == exhibition_id)
        .order_by(Visits.hour, Visits.gate_id)
    )
    return [(gate, hour, source, n) for gate, hour, source, n in rows]


@dataclass(frozen=True, slots=True)
class VisitTable:
    """Visitors of a day by hour and gate, as they count, with how each was counted."""

    day: date
    hours: tuple[int, ...]
    cells: dict[tuple[int, int], tuple[int, CountedBy]]
    total: int


def visits_of_day(rows: Sequence[tuple[int, datetime, CountedBy, int]], fair: Exhibition, day: date) -> VisitTable:
    """The table of one day, from its opening to its closing hour and beyond where somebody was counted."""
    first, last = int(fair.day_opens[:2]), int(fair.day_closes[:2])
    hours = set(range(first, max(last, first + 1)))
    cells: dict[tuple[int, int], tuple[int, CountedBy]] = {}
    here = [row for row in rows if clock.business_day(row[1]) == day]
    for (gate, at), n in sensors.counted(here).items():
        hour = at.astimezone(clock.VIETNAM).hour
        hours.add(hour)
        source = min((r[2] for r in here if r[0] == gate and r[1] == at), key=sensors.SUREST.index)
        cells[gate, hour] = (n, source)
    return VisitTable(day, tuple(sorted(hours)), cells, sum(n for n, _s in cells.values()))


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row of a sensor's file and what becomes of it: `new`, `changed`, `same`, `added` (to its hour's row), `refused`."""

    number: int
    gate: str
    hour: datetime | None
    visitors: int | None
    before: int | None
    becomes: str
    why: str


BECOMES = {
    "new": (N_("Mới"), "ok"),
    "changed": (N_("Thay số cũ"), "warn"),
    "same": (N_("Như cũ"), ""),
    "added": (N_("Cộng vào giờ trên"), "info"),
    "refused": (N_("Không nhận"), "bad"),
}


def visit_file(exhibition_id: int, reference: str) -> tuple[VisitFile, list[FileRow]]:
    """A file that was read, with what becomes of each row.

    Raises:
        NotFound: no such file of this fair.
    """
    row = session().scalar(
        select(VisitFile).where(VisitFile.reference == reference, VisitFile.exhibition_id == exhibition_id)
    )
    if row is None:
        raise NotFound
    known = {
        (name, hour): n
        for name, hour, n in session().execute(
            select(Gate.name, Visits.hour, Visits.visitors)
            .join(Visits, Visits.gate_id == Gate.id)
            .where(Visits.exhibition_id == exhibition_id, Visits.source == CountedBy.SENSOR)
        )
    }
    found = []
    for one in row.rows:
        hour = datetime.fromisoformat(one["hour"]) if one["hour"] else None
        before = known.get((one["gate"], hour)) if hour else None
        if one["why"]:
            becomes = "refused"
        elif "into" in one:
            becomes = "added"
        else:
            becomes = "new" if before is None else "same" if before == one["visitors"] else "changed"
        why = gettext(sensors.WHY[one["why"]]) if one["why"] else ""
        found.append(FileRow(one["n"], one["gate"], hour, one["visitors"], before, becomes, why))
    return row, found


# --- trade buyers and incidents ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ContactRow:
    """A trade buyer with whom he dealt and what came of it after 30 and 90 days."""

    c: Contact
    booth: str | None
    producer: str
    outcomes: dict[int, ContactOutcome]
    end: date | None

    @property
    def due(self) -> int | None:
        """Which outcome should be written down by now: 30 or 90 days; None if none."""
        today = clock.today()
        if self.end is None:
            return None
        waiting = [n for n in (30, 90) if n not in self.outcomes and today >= self.end + timedelta(days=n)]
        return max(waiting, default=None)


def contacts(fair: Exhibition, *, producer_id: int | None = None) -> list[ContactRow]:
    """The buyers met at a fair, the newest first; two statements."""
    statement = (
        select(Contact, Booth.code, Producer.name)
        .join(Producer, Producer.id == Contact.producer_id)
        .outerjoin(Booth, Booth.id == Contact.booth_id)
        .where(Contact.exhibition_id == fair.id)
        .order_by(Contact.id.desc())
    )
    if producer_id is not None:
        statement = statement.where(Contact.producer_id == producer_id)
    rows = session().execute(statement).all()
    outcomes: dict[int, dict[int, ContactOutcome]] = defaultdict(dict)
    for one in session().scalars(
        select(ContactOutcome)
        .join(Contact, Contact.id == ContactOutcome.contact_id)
        .where(Contact.exhibition_id == fair.id)
    ):
        outcomes[one.contact_id][one.after_days] = one
    return [ContactRow(c, code, name, outcomes.get(c.id, {}), fair.to_on) for c, code, name in rows]


def fair_of_contact(reference: str) -> int | None:
    """The fair at which a buyer was met."""
    return session().scalar(select(Contact.exhibition_id).where(Contact.reference == reference))


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An incident with its booth's code (None: in the hall)."""

    i: Incident
    booth: str | None


def incidents(exhibition_id: int) -> list[IncidentRow]:
    """The incidents of a fair: open ones first, the gravest of them first, then the newest."""
    rows = session().execute(
        select(Incident, Booth.code)
        .outerjoin(Booth, Booth.id == Incident.booth_id)
        .where(Incident.exhibition_id == exhibition_id)
        .order_by(Incident.id.desc())
    )
    grave = {"danger": 0, "high": 1, "low": 2}
    found = [IncidentRow(i, code) for i, code in rows]
    return sorted(found, key=lambda r: (r.i.resolved_at is not None, grave[r.i.severity] if not r.i.resolved_at else 0))


def fair_of_incident(reference: str) -> int | None:
    """The fair at which an incident happened."""
    return session().scalar(select(Incident.exhibition_id).where(Incident.reference == reference))


# --- orders after the fair ---------------------------------------------------------------------------------------


def origin_of(exhibition_id: int, booth_code: str) -> str:
    """What the lines of baskets and orders are called that come from a booth's page."""
    return f"exhibition:{exhibition_id}:{booth_code}"


def counts_until(fair: Exhibition) -> date | None:
    """The first day on which orders from booths' pages count for the fair no more."""
    return fair.to_on + timedelta(days=int(rules.LATER_DAYS.get())) if fair.to_on is not None else None


@dataclass(frozen=True, slots=True)
class Later:
    """What was ordered by the page of a booth from one producer: orders, sale units, đồng."""

    booth: str
    producer_id: int | None
    orders: int
    units: int
    amount: int


_GOOD = (OrderStatus.PLACED, OrderStatus.CONFIRMED, OrderStatus.COMPLETED)


def later_orders(fair: Exhibition, *, until: date | None = None) -> list[Later]:
    """Orders that count for a fair because they came from its booths' pages, by booth and producer (a shared booth has
    several); until before the day `until` if that is sooner. Refused units do not count; one statement."""
    end = counts_until(fair)
    if end is None:
        return []
    if until is not None:
        end = min(end, until)
    prefix = origin_of(fair.id, "")
    left = OrderLine.quantity - OrderLine.refused_quantity
    rows = session().execute(
        select(
            OrderLine.origin, OrderLine.producer_id, func.count(OrderLine.order_id.distinct()), func.sum(left),
            func.sum(left * OrderLine.unit_price_amount),
        )
        .join(Order, Order.id == OrderLine.order_id)
        .where(
            OrderLine.origin.startswith(prefix, autoescape=True),
            Order.status.in_(_GOOD),
            Order.placed_at < clock.start_of(end),
        )
        .group_by(OrderLine.origin, OrderLine.producer_id)
        .order_by(OrderLine.origin, OrderLine.producer_id)
    )  # fmt: skip
    return [
        Later(str(origin).removeprefix(prefix), producer_id, int(n), int(units), int(amount))
        for origin, producer_id, n, units, amount in rows
        if units
    ]
