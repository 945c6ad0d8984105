"""What the order desk reads: the lists of orders and parcels, everything of one order, what to fetch from the shelves."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import and_, false, func, or_, select
from sqlalchemy.orm import selectinload

from shop.kernel import clock, forms, tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.orders import desk, discounts, services
from shop.orders import queries as orders
from shop.orders.models import (
    CHANNEL_NAMES,
    FULFILMENT_STATUS_NAMES,
    ORDER_STATUS_NAMES,
    PAYMENT_METHOD_NAMES,
    PAYMENT_STATUS_NAMES,
    DeliveryKind,
    Fulfilment,
    FulfilmentStatus,
    Order,
    OrderLine,
    OrderStatus,
    OrderTransition,
    PaymentStatus,
)
from shop.orders.services import returns
from shop.pages import overdue
from shop.payments import queries as payments
from shop.payments.models import Payment
from shop.points import queries as points
from shop.points.models import Point
from shop.stock import queries as stock
from shop.stock.models import Lot, StockHold, StockLevel

OPEN = (FulfilmentStatus.PENDING, FulfilmentStatus.PACKED, FulfilmentStatus.HANDED_OVER)

DELIVERY_NAMES = {DeliveryKind.SHIP: N_("Giao tận nơi"), DeliveryKind.PICKUP: N_("Nhận tại điểm bán")}
STATUS_KINDS = {
    OrderStatus.AWAITING_PAYMENT: "",
    OrderStatus.PLACED: "warn",
    OrderStatus.CONFIRMED: "info",
    OrderStatus.COMPLETED: "ok",
    OrderStatus.CANCELLED: "bad",
}
PAYMENT_KINDS = {
    PaymentStatus.UNPAID: "",
    PaymentStatus.DUE: "info",
    PaymentStatus.PAID: "ok",
    PaymentStatus.REFUND_PENDING: "warn",
    PaymentStatus.REFUNDED: "",
    PaymentStatus.VOID: "",
    PaymentStatus.DISPUTED: "bad",
    PaymentStatus.CHARGED_BACK: "bad",
}
PARCEL_KINDS = {
    FulfilmentStatus.PENDING: "warn",
    FulfilmentStatus.PACKED: "info",
    FulfilmentStatus.HANDED_OVER: "info",
    FulfilmentStatus.DELIVERED: "ok",
    FulfilmentStatus.RETURNED: "bad",
    FulfilmentStatus.CANCELLED: "bad",
}
# At a counter nothing is on the road.
PICKUP_NAMES = {
    FulfilmentStatus.PACKED: N_("Chờ khách đến nhận"),
    FulfilmentStatus.HANDED_OVER: N_("Đã trao khách"),
    FulfilmentStatus.DELIVERED: N_("Khách đã nhận"),
}


def parcel_status(kind: str, status: str) -> str:
    """The status of a parcel in the reader's language, in the words of its way."""
    names = FULFILMENT_STATUS_NAMES | (PICKUP_NAMES if kind == DeliveryKind.PICKUP else {})
    return gettext(names[FulfilmentStatus(status)])


# --- orders ------------------------------------------------------------------------------------------------------


def _with_parcel(*conditions: Any) -> Any:
    return select(Fulfilment.id).where(Fulfilment.order_id == Order.id, *conditions).exists()


def _search(q: str) -> Any:
    """Reference, name without marks, phone number (whole or a part of its digits)."""
    digits = re.sub(r"\D", "", q)
    found = [Order.search_name.contains(text.fold(q), autoescape=True)]
    if reference := text.normal_reference(q):
        found.append(Order.reference.startswith(reference, autoescape=True))
    if len(digits) >= 3 and re.fullmatch(r"[\d\s.+()-]+", q):
        found.append(Order.phone.contains(digits.removeprefix("84").removeprefix("0")))
    return or_(*found)


def _point_options() -> list[tuple[str, str]]:
    return [(str(p.id), p.name) for p in points.all_points()]


def _names(names: Mapping[Any, str]) -> list[tuple[str, str]]:
    return [(str(key), label) for key, label in names.items()]


ORDERS = tables.Table(
    name="don-hang",
    columns=(
        tables.Column("reference", N_("Mã đơn"), sort=(Order.reference,)),
        tables.Column("placed_at", N_("Đặt lúc"), sort=(Order.placed_at,)),
        tables.Column(
            "channel",
            N_("Kênh bán"),
            sort=(Order.channel,),
            on_page=False,
            value=lambda r: gettext(CHANNEL_NAMES.get(r.channel, r.channel)),
        ),
        tables.Column("name", N_("Người mua"), sort=(Order.search_name,)),
        tables.Column("phone", N_("Điện thoại"), on_page=False, value=lambda row: forms.phone_for_people(row.phone)),
        tables.Column(
            "status", N_("Đơn hàng"), sort=(Order.status,), value=lambda r: gettext(ORDER_STATUS_NAMES[r.status])
        ),
        tables.Column(
            "payment_status",
            N_("Tiền"),
            sort=(Order.payment_status,),
            value=lambda r: gettext(PAYMENT_STATUS_NAMES[r.payment_status]),
        ),
        tables.Column(
            "method",
            N_("Cách trả"),
            sort=(Order.payment_method,),
            on_page=False,
            value=lambda r: gettext(PAYMENT_METHOD_NAMES[r.payment_method]),
        ),
        tables.Column("parcels", N_("Kiện"), value="parcels"),
        tables.Column("delivery", N_("Cách giao"), on_page=False, value=lambda r: gettext(DELIVERY_NAMES[r.delivery])),
        tables.Column("street", N_("Địa chỉ"), on_page=False),
        tables.Column("commune_name", N_("Xã, phường"), on_page=False),
        tables.Column("province_name", N_("Tỉnh, thành phố"), on_page=False),
        tables.Column("goods_amount", N_("Tiền hàng"), "num", on_page=False),
        tables.Column("delivery_amount", N_("Phí giao"), "num", on_page=False),
        tables.Column("total_amount", N_("Tổng"), "num", sort=(Order.total_amount,)),
        tables.Column("reduced_amount", N_("Giảm vì hàng bị từ chối"), "num", on_page=False),
        tables.Column("note", N_("Lời nhắn"), on_page=False),
        tables.Column("cancel_reason", N_("Lý do hủy"), on_page=False),
        tables.Column("is_demo", N_("Số liệu minh họa"), on_page=False),
    ),
    order="-placed_at",
    tie=Order.id,
    filters=(
        tables.Filter(
            "status",
            N_("Đơn hàng"),
            lambda v: overdue.WAITS[v][1]() if v in overdue.WAITS else Order.status == v,
            [*_names(ORDER_STATUS_NAMES), *((key, label) for key, (label, _sql) in overdue.WAITS.items())],
        ),
        tables.Filter("payment", N_("Tiền"), lambda v: Order.payment_status == v, _names(PAYMENT_STATUS_NAMES)),
        tables.Filter("method", N_("Cách trả"), lambda v: Order.payment_method == v, _names(PAYMENT_METHOD_NAMES)),
        tables.Filter("channel", N_("Kênh bán"), lambda v: Order.channel == v, _names(CHANNEL_NAMES)),
        tables.Filter("point", N_("Điểm bán"), lambda v: _with_parcel(Fulfilment.point_id == int(v)), _point_options),
        tables.Filter("from", N_("Từ ngày"), lambda day: Order.placed_at >= clock.start_of(day), kind="day"),
        tables.Filter("until", N_("Đến ngày"), lambda day: Order.placed_at < clock.end_of(day), kind="day"),
    ),
    search=_search,
)


def order_list(args: Mapping[str, str], scopes: frozenset[str]) -> tables.View:
    """The orders that `scopes` cover (those with a parcel of their points), as the address asks."""
    mine = points.ids_in(scopes)
    count, status = func.count(Fulfilment.id), func.min(Fulfilment.status)
    gone = func.count(Fulfilment.handed_over_at)

    def of_parcels(what: Any) -> Any:
        return select(what).where(Fulfilment.order_id == Order.id).correlate(Order).scalar_subquery()

    statement = select(
        Order.id, Order.reference, Order.placed_at, Order.channel, Order.name, Order.phone, Order.status, Order.payment_status,
        Order.payment_method, Order.delivery, Order.street, Order.commune_name, Order.province_name, Order.goods_amount,
        Order.delivery_amount, Order.total_amount, Order.reduced_amount, Order.note, Order.cancel_reason, Order.is_demo,
        of_parcels(count).label("parcels"), of_parcels(gone).label("gone"), of_parcels(status).label("parcel_status"),
    )  # fmt: skip
    if mine is not None:
        statement = statement.where(_with_parcel(Fulfilment.point_id.in_(mine)))
    return ORDERS.open(args, "/office/orders", statement)


# --- parcels -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ParcelRow:
    """A parcel as the list shows it. `row_class` is `late`, `soon` or ''."""

    id: int
    key: str
    reference: str
    number: int
    status: FulfilmentStatus
    kind: DeliveryKind
    point: str
    name: str
    phone: str
    where: str
    units: int
    expected_from_on: date | None
    expected_to_on: date | None
    carrier: str | None
    tracking_number: str | None
    payment_status: PaymentStatus
    note: str | None
    row_class: str
    is_demo: bool


def lateness(kind: str, status: str, first: date | None, last: date | None, today: date) -> str:
    """`late` if the promised day has come and the parcel has not, `soon` if that is tomorrow, else ''.

    A parcel must have left before the first day promised; a pick-up must be packed on its day and then waits for its buyer.
    """
    due = None
    if status == FulfilmentStatus.HANDED_OVER and kind == DeliveryKind.SHIP:
        due = last
    elif status == FulfilmentStatus.PENDING or (status == FulfilmentStatus.PACKED and kind == DeliveryKind.SHIP):
        due = first - timedelta(days=1) if first and kind == DeliveryKind.SHIP else first
    if due is None:
        return ""
    return "late" if due < today else "soon" if due == today else ""


def _late(_value: str) -> Any:
    today = clock.today()
    ships = Fulfilment.kind == DeliveryKind.SHIP
    return or_(
        and_(ships, Fulfilment.status.in_(OPEN[:2]), Fulfilment.expected_from_on <= today),
        and_(~ships, Fulfilment.status == FulfilmentStatus.PENDING, Fulfilment.expected_from_on < today),
        and_(ships, Fulfilment.status == FulfilmentStatus.HANDED_OVER, Fulfilment.expected_to_on < today),
    )


PARCELS = tables.Table(
    name="kien-hang",
    columns=(
        tables.Column("reference", N_("Kiện"), sort=(Order.reference,), value="key"),
        tables.Column("point", N_("Điểm bán"), sort=(Point.sort_name,)),
        tables.Column("due", N_("Hẹn giao"), sort=(Fulfilment.expected_from_on,), value="expected_from_on"),
        tables.Column("until", N_("Hẹn đến"), value="expected_to_on", on_page=False),
        tables.Column("name", N_("Người nhận"), sort=(Order.search_name,)),
        tables.Column("phone", N_("Điện thoại"), on_page=False, value=lambda row: forms.phone_for_people(row.phone)),
        tables.Column("where", N_("Nơi nhận"), on_page=False),
        tables.Column("units", N_("Số lượng"), "num"),
        tables.Column(
            "status", N_("Trạng thái"), sort=(Fulfilment.status,), value=lambda r: parcel_status(r.kind, r.status)
        ),
        tables.Column("carrier", N_("Đơn vị vận chuyển"), on_page=False),
        tables.Column("tracking_number", N_("Mã vận đơn"), on_page=False),
        tables.Column("do", "", "do", in_export=False),
    ),
    order="due",
    tie=Fulfilment.id,
    filters=(
        tables.Filter(
            "state",
            N_("Trạng thái"),
            lambda v: Fulfilment.status == v,
            [(s, n) for s, n in FULFILMENT_STATUS_NAMES.items()],
        ),
        tables.Filter("point", N_("Điểm bán"), lambda v: Fulfilment.point_id == int(v), _point_options),
        tables.Filter("kind", N_("Cách giao"), lambda v: Fulfilment.kind == v, _names(DELIVERY_NAMES)),
        tables.Filter("late", N_("Hẹn giao"), _late, [("1", N_("đã trễ"))]),
    ),
    search=_search,
)


def _handled(statement: Any, scopes: frozenset[str]) -> Any:
    """Only parcels of the points of `scopes` that were confirmed, with their order or alone: others are not to be touched."""
    mine = points.ids_in(scopes)
    if mine is not None:
        statement = statement.where(Fulfilment.point_id.in_(mine) if mine else false())
    alone = and_(Order.status == OrderStatus.PLACED, Fulfilment.confirmed_at.is_not(None))
    return statement.where(or_(Order.status.in_((OrderStatus.CONFIRMED, OrderStatus.COMPLETED)), alone))


def parcel_list(args: Mapping[str, str], scopes: frozenset[str]) -> tables.View:
    """The parcels that `scopes` cover; those still to be worked on unless the address asks for a status."""
    units = (
        select(func.sum(OrderLine.quantity - OrderLine.refused_quantity))
        .where(OrderLine.fulfilment_id == Fulfilment.id)
        .correlate(Fulfilment)
        .scalar_subquery()
    )
    statement = _handled(
        select(
            Fulfilment.id,
            Order.reference,
            Fulfilment.number,
            Fulfilment.status,
            Fulfilment.kind,
            Point.name.label("point"),
            Order.name,
            Order.phone,
            Order.commune_name,
            Order.province_name,
            units.label("units"),
            Fulfilment.expected_from_on,
            Fulfilment.expected_to_on,
            Fulfilment.carrier,
            Fulfilment.tracking_number,
            Order.payment_status,
            Order.note,
            Order.is_demo,
        )
        .join(Order, Order.id == Fulfilment.order_id)
        .join(Point, Point.id == Fulfilment.point_id),
        scopes,
    )
    if not args.get("state"):
        statement = statement.where(Fulfilment.status.in_(OPEN))
    today = clock.today()

    def make(r: Any) -> ParcelRow:
        pickup = r.kind == DeliveryKind.PICKUP
        return ParcelRow(
            r.id,
            f"{r.reference}/{r.number}",
            r.reference,
            r.number,
            r.status,
            r.kind,
            r.point,
            r.name,
            r.phone,
            r.point if pickup else ", ".join(p for p in (r.commune_name, r.province_name) if p),
            int(r.units or 0),
            r.expected_from_on,
            r.expected_to_on,
            r.carrier,
            r.tracking_number,
            r.payment_status,
            r.note,
            lateness(r.kind, r.status, r.expected_from_on, r.expected_to_on, today),
            r.is_demo,
        )

    return PARCELS.open(args, "/office/fulfilments", statement, make=make)


def parcel_counts(scopes: frozenset[str]) -> dict[str, int]:
    """How many parcels are to pack, to hand over, on the road; and how many of them are late."""
    by_status = _handled(
        select(Fulfilment.status, func.count(), func.count(Fulfilment.id).filter(_late("1")))
        .join(Order, Order.id == Fulfilment.order_id)
        .where(Fulfilment.status.in_(OPEN))
        .group_by(Fulfilment.status),
        scopes,
    )
    rows = session().execute(by_status).all()
    counts = {str(status): count for status, count, _late_ones in rows}
    return counts | {"late": sum(late for _status, _count, late in rows)}


def parcel_point(reference: str, number: int) -> int | None:
    """The point a parcel leaves from; None if there is no such parcel."""
    return session().scalar(
        select(Fulfilment.point_id)
        .join(Order, Order.id == Fulfilment.order_id)
        .where(Order.reference == reference, Fulfilment.number == number)
    )


def order_points(reference: str) -> list[int]:
    """The points that the parcels of an order leave from; empty if there is no such order."""
    return list(
        session().scalars(
            select(Fulfilment.point_id)
            .join(Order, Order.id == Fulfilment.order_id)
            .where(Order.reference == reference)
            .distinct()
        )
    )


def parcel_ids(keys: Iterable[str], scopes: frozenset[str]) -> list[tuple[str, int]]:
    """(key, id) of the parcels called `keys` (`HX7K-3M2P/1`).

    Raises:
        NotFound: one does not exist, or `scopes` do not cover it: the two look the same.
    """
    wanted: set[tuple[str, int]] = set()
    for key in keys:
        reference, _, number = key.partition("/")
        if not (number.isascii() and number.isdecimal() and len(number) < 4):
            raise NotFound
        wanted.add((reference, int(number)))
    mine = points.ids_in(scopes)
    statement = (
        select(Order.reference, Fulfilment.number, Fulfilment.id, Fulfilment.point_id)
        .join(Order, Order.id == Fulfilment.order_id)
        .where(Order.reference.in_({reference for reference, _number in wanted}))
        .order_by(Fulfilment.id)
    )
    found = {
        (r, n): (i, p)
        for r, n, i, p in session().execute(statement)
        if (r, n) in wanted and (mine is None or p in mine)
    }
    if len(found) < len(wanted):
        raise NotFound
    return [(f"{r}/{n}", i) for (r, n), (i, _p) in found.items()]


# --- one order, one parcel ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LineView:
    """One line of a parcel with the lots its goods come from. `quantity` is what is (to be) sent, `refused` what is not."""

    id: int
    refused: int
    name: str
    pack: str
    sku: str
    quantity: int
    unit_price_amount: int
    line_amount: int
    lots: tuple[tuple[str, date | None, int], ...]
    cold: bool
    alcohol: bool


@dataclass(frozen=True, slots=True)
class ParcelView:
    """One parcel with what may be done with it. `due_amount` is what its share of an unpaid cash order is, in đồng."""

    id: int
    number: int
    parcel: Fulfilment
    lines: tuple[LineView, ...]
    status: str
    kind: str
    late: str
    steps: desk.ParcelSteps
    due_amount: int

    @property
    def units(self) -> int:
        """How many sale units are in it."""
        return sum(line.quantity for line in self.lines)

    @property
    def pickup(self) -> bool:
        """Whether the buyer collects it."""
        return self.parcel.kind == DeliveryKind.PICKUP


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """One step of the history as `badges.timeline` shows it."""

    title: str
    at: Any
    note: str
    state: str


@dataclass(frozen=True, slots=True)
class OrderFile:
    """Everything of one order."""

    order: Order
    parcels: tuple[ParcelView, ...]
    history: tuple[HistoryStep, ...]
    money: tuple[payments.PaymentFile, ...]
    may_confirm: bool
    may_cancel: bool
    late: bool
    pickup_point: points.PointView | None = field(default=None)
    refusals: tuple[orders.Refused, ...] = ()
    discounts: tuple[discounts.Borne, ...] = ()

    def parcel(self, number: int) -> ParcelView:
        """The parcel called `number`.

        Raises:
            NotFound: there is none.
        """
        found = next((p for p in self.parcels if p.number == number), None)
        if found is None:
            raise NotFound
        return found


def _lots(order_list: Sequence[Order]) -> dict[tuple[str, int], list[stock.ClaimRow]]:
    """The lots of every parcel's goods by (reference of the claim, variant): claimed now, or sold from."""
    names = [services.hold_reference(o.reference, f.number) for o in order_list for f in o.fulfilments]
    found: dict[tuple[str, int], list[stock.ClaimRow]] = defaultdict(list)
    for row in [*stock.claims_under(names), *stock.lots_sold(names)]:
        found[row.reference, row.variant_id].append(row)
    return found


def _parcels(order: Order, lots: Mapping[tuple[str, int], list[stock.ClaimRow]]) -> tuple[ParcelView, ...]:
    today = clock.today()
    shares = returns.cash_shares(order)
    unpaid = order.payment_status == PaymentStatus.DUE
    views = []
    for parcel in order.fulfilments:
        name = services.hold_reference(order.reference, parcel.number)
        lines = tuple(
            LineView(
                line.id,
                line.refused_quantity,
                line.name,
                line.pack,
                line.sku,
                line.left_quantity,
                line.unit_price_amount,
                line.left_amount,
                tuple((c.lot, c.expires_on, c.quantity) for c in lots.get((name, line.variant_id), ())),
                line.cold != "none",
                line.is_alcohol,
            )
            for line in order.lines
            if line.fulfilment_id == parcel.id
        )
        views.append(
            ParcelView(
                parcel.id,
                parcel.number,
                parcel,
                lines,
                parcel_status(parcel.kind, parcel.status),
                PARCEL_KINDS[parcel.status],
                lateness(parcel.kind, parcel.status, parcel.expected_from_on, parcel.expected_to_on, today)
                if order.status == OrderStatus.CONFIRMED or parcel.confirmed_at is not None
                else "",
                desk.parcel_steps(order, parcel),
                shares.get(parcel.number, 0) if unpaid and parcel.status != FulfilmentStatus.RETURNED else 0,
            )
        )
    return tuple(views)


def _history(order: Order) -> tuple[HistoryStep, ...]:
    numbers = {f.id: (f.number, f.kind) for f in order.fulfilments}
    many = len(numbers) > 1

    def title(step: OrderTransition) -> str:
        if step.subject == "order":
            return gettext(ORDER_STATUS_NAMES[OrderStatus(step.to_status)])
        if step.subject == "payment":
            return gettext(PAYMENT_STATUS_NAMES[PaymentStatus(step.to_status)])
        number, kind = numbers[step.fulfilment_id or 0]
        status = parcel_status(kind, step.to_status)
        return gettext("Kiện %(n)s: %(status)s", n=number, status=status) if many else status

    bad = {OrderStatus.CANCELLED.value, FulfilmentStatus.RETURNED.value}
    return tuple(
        HistoryStep(
            title(step),
            step.at,
            " · ".join(gettext(part) for part in (step.actor_label, step.reason) if part),
            "bad" if step.to_status in bad else "done",
        )
        for step in order.transitions
        if step.from_status or step.subject == "order"
    )


def order_file(reference: str) -> OrderFile:
    """Everything of one order; a fixed number of statements.

    Raises:
        NotFound: there is no such order.
    """
    order = orders.by_reference(reference)
    if order is None:
        raise NotFound
    ids = session().scalars(select(Payment.id).where(Payment.order_id == order.id).order_by(Payment.id)).all()
    return OrderFile(
        order,
        _parcels(order, _lots([order])),
        _history(order),
        tuple(payments.file_of(payment_id) for payment_id in ids),
        desk.may_confirm(order),
        desk.may_cancel(order),
        order.status == OrderStatus.PLACED and order.placed_at < overdue.late_before(),
        points.by_ids([order.pickup_point_id]).get(order.pickup_point_id) if order.pickup_point_id else None,
        orders.refusals_of(order.id),
        discounts.borne(order.id) if order.discount_amount else (),
    )


def parcel_views(parcel_ids: Sequence[int]) -> list[tuple[Order, ParcelView]]:
    """Parcels with their orders, for papers; in the order of their points, then of the orders."""
    wanted = set(parcel_ids)
    found = list(
        session().scalars(
            select(Order)
            .where(Order.id.in_(select(Fulfilment.order_id).where(Fulfilment.id.in_(wanted))))
            .options(selectinload(Order.lines), selectinload(Order.fulfilments).selectinload(Fulfilment.point))
        )
    )
    lots = _lots(found)
    pairs = [(order, view) for order in found for view in _parcels(order, lots) if view.id in wanted]
    return sorted(pairs, key=lambda p: (p[1].parcel.point.sort_name, p[0].id, p[1].number))


# --- picking -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PickLine:
    """What to fetch from a shelf: `quantity` sale units of one lot, for `parcels` parcels."""

    sku: str
    name: str
    pack: str
    lot: str
    expires_on: date | None
    quantity: int
    parcels: int
    cold: bool


@dataclass(frozen=True, slots=True)
class PickList:
    """What one point has to fetch for the parcels it has to pack."""

    point_id: int
    point: str
    lines: tuple[PickLine, ...]
    parcels: int

    @property
    def units(self) -> int:
        """How many sale units in all."""
        return sum(line.quantity for line in self.lines)


def picking(scopes: frozenset[str], point_id: int | None = None) -> list[PickList]:
    """The goods of all parcels to pack, summed by point, pack and lot; goods of confirmed orders only. Two statements."""
    name = func.concat("order:", Order.reference, ":", Fulfilment.number)
    base = (
        select(Fulfilment.point_id, Fulfilment.id, OrderLine.sku, OrderLine.name, OrderLine.pack, OrderLine.cold,
               Lot.code, Lot.expires_on, StockHold.quantity)
        .select_from(Fulfilment)
        .join(Order, Order.id == Fulfilment.order_id)
        .join(StockHold, and_(StockHold.reference == name, StockHold.outcome.is_(None)))
        .join(StockLevel, StockLevel.id == StockHold.level_id)
        .join(Lot, Lot.id == StockLevel.lot_id)
        .join(OrderLine, and_(OrderLine.fulfilment_id == Fulfilment.id, OrderLine.variant_id == StockLevel.variant_id))
        .where(Fulfilment.status == FulfilmentStatus.PENDING)
    )  # fmt: skip
    if point_id is not None:
        base = base.where(Fulfilment.point_id == point_id)
    sums: dict[int, dict[tuple[Any, ...], list[int]]] = defaultdict(dict)
    parcels: dict[int, set[int]] = defaultdict(set)
    for point, parcel, *goods, quantity in session().execute(_handled(base, scopes)):
        found = sums[point].setdefault(tuple(goods), [0, 0])
        found[0] += quantity
        found[1] += 1
        parcels[point].add(parcel)
    names = points.by_ids(sums)
    lists = []
    for point in sorted(sums, key=lambda i: text.sort_key(names[i].name)):
        lines = [
            PickLine(sku, goods, pack, lot, expires, n, many, cold != "none")
            for (sku, goods, pack, cold, lot, expires), (n, many) in sums[point].items()
        ]
        lines.sort(key=lambda line: (line.cold, text.sort_key(line.name), line.pack, line.lot))
        lists.append(PickList(point, names[point].name, tuple(lines), len(parcels[point])))
    return lists
