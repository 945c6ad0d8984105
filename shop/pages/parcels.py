"""What a producer reads of orders: the parcels that leave his own store, and of their buyers what the parcel needs.

Everything here begins with `_of`: parcels of points that are the producer's, of orders that were placed. Other parcels of the
same order, its total and how it was paid are not read at all; after the term the buyer is not either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import and_, case, func, or_, select

from shop.conversations.models import Conversation
from shop.kernel import clock, forms, tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.orders import contact, rules
from shop.orders import queries as orders
from shop.orders.errors import ContactGone
from shop.orders.models import (
    CLOSED,
    FULFILMENT_STATUS_NAMES,
    DeliveryKind,
    Fulfilment,
    FulfilmentStatus,
    Order,
    OrderLine,
    OrderStatus,
    PaymentStatus,
)
from shop.orders.services.parcels import latest_day, promised
from shop.pages import desk as read
from shop.points.models import Point

ADDRESS = "/producer/orders"
# A parcel should have its sender's word within a day of the order.
CONFIRM_HOURS = 24
S = FulfilmentStatus


def _of(statement: Any, producer_id: int) -> Any:
    """Only parcels that leave the producer's own store, of orders that were placed. `statement` joins order and point."""
    return statement.where(Point.producer_id == producer_id, orders.was_placed())


# --- what stands where -------------------------------------------------------------------------------------------


def _to_confirm() -> Any:
    open_ = Order.status.in_((OrderStatus.PLACED, OrderStatus.CONFIRMED))
    return and_(Fulfilment.status == S.PENDING, Fulfilment.confirmed_at.is_(None), open_)


def _due_on() -> Any:
    """SQL: the day on which it should have left (or be ready): what its sender said, else the day before the one promised."""
    return func.coalesce(Fulfilment.send_on, Fulfilment.expected_from_on)


def _late() -> Any:
    today = clock.today()
    return or_(
        and_(_to_confirm(), Order.placed_at < clock.now() - timedelta(hours=CONFIRM_HOURS)),
        and_(Fulfilment.status.in_((S.PENDING, S.PACKED)), Fulfilment.confirmed_at.is_not(None), _due_on() < today),
        and_(
            Fulfilment.status == S.HANDED_OVER,
            Fulfilment.kind == DeliveryKind.SHIP,
            Fulfilment.expected_to_on < today,
        ),
    )


STATES: dict[str, tuple[str, Any]] = {
    "confirm": (N_("Cần xác nhận"), _to_confirm),
    "pack": (
        N_("Cần đóng gói"),
        lambda: and_(Fulfilment.status == S.PENDING, Fulfilment.confirmed_at.is_not(None)),
    ),
    "hand-over": (N_("Cần giao đi"), lambda: Fulfilment.status == S.PACKED),
    "road": (N_("Đang trên đường"), lambda: Fulfilment.status == S.HANDED_OVER),
    "late": (N_("Trễ hẹn"), _late),
    "done": (N_("Đã xong"), lambda: Fulfilment.status.in_(CLOSED)),
    "all": (N_("Tất cả"), lambda: Fulfilment.id.is_not(None)),
}


def late_words(row: Any) -> str:
    """By how much a parcel is late: hours without its sender's word, days after that; empty if it is not."""
    now, today = clock.now(), clock.today()
    if row.status == S.PENDING and row.confirmed_at is None:
        hours = int((now - row.placed_at).total_seconds() // 3600)
        if hours < CONFIRM_HOURS:
            return ""
        if hours < 72:
            return gettext("Chờ %(n)s giờ", n=hours)
        return gettext("Chờ %(n)s ngày", n=hours // 24)
    due: date | None = None
    if row.status in {S.PENDING, S.PACKED}:
        due = row.send_on or row.expected_from_on
    elif row.status == S.HANDED_OVER and row.kind == DeliveryKind.SHIP:
        due = row.expected_to_on
    if due is None or due >= today:
        return ""
    return gettext("Trễ %(n)s ngày", n=(today - due).days)


def status_words(row: Any) -> str:
    """The status in the words of whoever sends it."""
    if row.status == S.PENDING:
        return gettext("Chờ xác nhận") if row.confirmed_at is None else gettext("Chờ đóng gói")
    return read.parcel_status(row.kind, row.status)


# --- the list ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """A parcel as its sender's list shows it; of one past the term the buyer is left out."""

    id: int
    key: str
    placed_at: datetime
    status: FulfilmentStatus
    kind: DeliveryKind
    confirmed_at: datetime | None
    send_on: date | None
    expected_from_on: date | None
    expected_to_on: date | None
    name: str
    phone: str
    street: str
    where: str
    units: int
    goods: str
    note: str
    carrier: str
    tracking_number: str
    cod: bool
    is_demo: bool
    unread: int
    late: str
    row_class: str


def _search(q: str) -> Any:
    """Reference; name and number only of buyers who are still shown: a search must not tell what the page hides."""
    found = []
    if reference := text.normal_reference(q):
        found.append(Order.reference.startswith(reference, autoescape=True))
    digits = "".join(c for c in q if c.isdigit())
    who = [Order.search_name.contains(text.fold(q), autoescape=True)]
    if len(digits) >= 4 and not any(c.isalpha() for c in q):
        who.append(Order.phone.contains(digits.removeprefix("84").removeprefix("0")))
    shown = or_(Fulfilment.closed_at.is_(None), Fulfilment.closed_at >= contact.hidden_before())
    return or_(*found, and_(shown, or_(*who)))


PARCELS = tables.Table(
    name="don-cua-co-so",
    columns=(
        tables.Column("reference", N_("Kiện"), sort=(Order.reference,), value="key"),
        tables.Column("placed", N_("Đặt lúc"), sort=(Order.placed_at,), value="placed_at"),
        tables.Column("due", N_("Ngày gửi"), sort=(_due_on(),), value=lambda r: r.send_on or r.expected_from_on),
        tables.Column("until", N_("Hẹn đến"), value="expected_to_on", on_page=False),
        # Not to be sorted by: the place in the list of one past the term would still tell his name.
        tables.Column("name", N_("Người nhận")),
        tables.Column("phone", N_("Điện thoại"), on_page=False),
        tables.Column("street", N_("Địa chỉ"), on_page=False),
        tables.Column("where", N_("Nơi nhận"), on_page=False),
        tables.Column("goods", N_("Hàng"), on_page=False),
        tables.Column("units", N_("Số lượng"), "num"),
        tables.Column("note", N_("Lời nhắn"), on_page=False),
        tables.Column("status", N_("Trạng thái"), sort=(Fulfilment.status,), value=status_words),
        tables.Column("late", N_("Chậm"), on_page=False),
        tables.Column("carrier", N_("Đơn vị vận chuyển"), on_page=False),
        tables.Column("tracking_number", N_("Mã vận đơn"), on_page=False),
        tables.Column("is_demo", N_("Số liệu minh họa"), on_page=False),
        tables.Column("do", "", "do", in_export=False),
    ),
    order="due",
    tie=Fulfilment.id,
    filters=(
        tables.Filter(
            "state", N_("Trạng thái"), lambda v: STATES[v][1](), [(key, label) for key, (label, _sql) in STATES.items()]
        ),
        tables.Filter(
            "kind",
            N_("Cách giao"),
            lambda v: Fulfilment.kind == v,
            [(str(k), label) for k, label in read.DELIVERY_NAMES.items()],
        ),
        tables.Filter("from", N_("Từ ngày"), lambda day: Order.placed_at >= clock.start_of(day), kind="day"),
        tables.Filter("until", N_("Đến ngày"), lambda day: Order.placed_at < clock.end_of(day), kind="day"),
    ),
    search=_search,
)


def parcel_list(args: Mapping[str, str], producer_id: int) -> tables.View:
    """The producer's parcels; those still to be worked on unless the address asks for a state."""

    def of_lines(what: Any) -> Any:
        return select(what).where(OrderLine.fulfilment_id == Fulfilment.id).correlate(Fulfilment).scalar_subquery()

    left = OrderLine.quantity - OrderLine.refused_quantity
    unread = (
        select(Conversation.maker_unread)
        .where(Conversation.fulfilment_id == Fulfilment.id)
        .correlate(Fulfilment)
        .scalar_subquery()
    )
    hidden = and_(Fulfilment.closed_at.is_not(None), Fulfilment.closed_at < contact.hidden_before())
    shown = {
        name: case((hidden, None), else_=column).label(name)
        for name, column in (
            ("phone", Order.phone),
            ("street", Order.street),
            ("commune_name", Order.commune_name),
            ("province_name", Order.province_name),
            ("note", Order.note),
        )
    }
    statement = _of(
        select(
            Fulfilment.id, Order.reference, Fulfilment.number, Order.placed_at, Fulfilment.status, Fulfilment.kind,
            Fulfilment.confirmed_at, Fulfilment.send_on, Fulfilment.expected_from_on, Fulfilment.expected_to_on,
            Fulfilment.closed_at, Fulfilment.carrier, Fulfilment.tracking_number, Order.name, Point.name.label("point"),
            *shown.values(), of_lines(func.coalesce(func.sum(left), 0)).label("units"),
            (Order.payment_status == PaymentStatus.DUE).label("cod"), Order.is_demo, unread.label("unread"),
            of_lines(func.min(OrderLine.name + ", " + OrderLine.pack)).label("goods"),
            of_lines(func.count()).label("kinds"),
        )
        .join(Order, Order.id == Fulfilment.order_id)
        .join(Point, Point.id == Fulfilment.point_id),
        producer_id,
    )  # fmt: skip
    if not args.get("state"):
        statement = statement.where(Fulfilment.status.in_(read.OPEN))
    return PARCELS.open(args, ADDRESS, statement, make=_row)


def _row(r: Any) -> Row:
    late = late_words(r)
    more = f" (+{r.kinds - 1})" if r.kinds > 1 else ""
    pickup = r.kind == DeliveryKind.PICKUP
    return Row(
        r.id,
        f"{r.reference}/{r.number}",
        r.placed_at,
        r.status,
        r.kind,
        r.confirmed_at,
        r.send_on,
        r.expected_from_on,
        r.expected_to_on,
        contact.initials(r.name) if contact.is_hidden(r.closed_at) else r.name,
        forms.phone_for_people(r.phone) if r.phone else "",
        "" if pickup else r.street or "",
        r.point if pickup else ", ".join(p for p in (r.commune_name, r.province_name) if p),
        int(r.units),
        f"{r.goods}{more}",
        r.note or "",
        r.carrier or "",
        r.tracking_number or "",
        bool(r.cod),
        r.is_demo,
        r.unread or 0,
        late,
        "late" if late else "",
    )


def counts(producer_id: int) -> dict[str, int]:
    """How many parcels of the producer stand in each open state, and how many of them are late; one statement."""
    named = [key for key in STATES if key not in {"done", "all"}]
    wanted = _of(
        select(*(func.count().filter(STATES[key][1]()) for key in named))
        .select_from(Fulfilment)
        .join(Order, Order.id == Fulfilment.order_id)
        .join(Point, Point.id == Fulfilment.point_id)
        .where(Fulfilment.status.in_(read.OPEN)),
        producer_id,
    )
    return dict(zip(named, session().execute(wanted).one(), strict=True))


def ids(keys: Iterable[str], producer_id: int) -> list[tuple[str, int]]:
    """(key, id) of the producer's parcels called `keys` (`HX7K-3M2P/1`).

    Raises:
        NotFound: one does not exist, or is not his: the two look the same.
    """
    wanted: set[tuple[str, int]] = set()
    for key in keys:
        reference, _, number = key.partition("/")
        if not (number.isascii() and number.isdecimal() and len(number) < 4):
            raise NotFound
        wanted.add((reference, int(number)))
    statement = _of(
        select(Order.reference, Fulfilment.number, Fulfilment.id)
        .join(Order, Order.id == Fulfilment.order_id)
        .join(Point, Point.id == Fulfilment.point_id)
        .where(Order.reference.in_({reference for reference, _number in wanted}))
        .order_by(Fulfilment.id),
        producer_id,
    )
    found = {(r, n): i for r, n, i in session().execute(statement) if (r, n) in wanted}
    if len(found) < len(wanted):
        raise NotFound
    return [(f"{r}/{n}", i) for (r, n), i in found.items()]


def printable(parcel_ids: Sequence[int]) -> None:
    """Whether papers of these parcels may still be printed.

    Raises:
        ContactGone: the buyer of one is out of view.
    """
    gone = select(func.count()).where(Fulfilment.id.in_(parcel_ids), Fulfilment.closed_at < contact.hidden_before())
    if session().scalar(gone):
        raise ContactGone


# --- one parcel --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a parcel's own history."""

    title: str
    at: datetime
    note: str
    state: str


@dataclass(frozen=True, slots=True)
class ParcelPage:
    """One parcel as its sender sees it. `view.due_amount` is the cash to take for this parcel alone."""

    key: str
    reference: str
    number: int
    view: read.ParcelView
    placed_at: datetime
    status: str
    late: str
    hidden: bool
    shown_until: date | None
    name: str
    phone: str
    where: tuple[str, ...]
    note: str
    refusals: tuple[orders.Refused, ...]
    history: tuple[Step, ...]
    waits_for_desk: bool
    cancelled: bool
    cancel_reason: str
    is_demo: bool
    send_from: date
    send_by: date
    promised: date | None
    usual_day: date


def page(reference: str, number: int, producer_id: int) -> ParcelPage:
    """The parcel `number` of the order `reference`.

    Raises:
        NotFound: there is none, or it does not leave the producer's store.
    """
    ((_key, parcel_id),) = ids([f"{reference}/{number}"], producer_id)
    ((order, view),) = read.parcel_views([parcel_id])
    parcel = view.parcel
    hidden = contact.is_hidden(parcel.closed_at)
    pickup = parcel.kind == DeliveryKind.PICKUP
    where = (
        (parcel.point.name,)
        if pickup
        else (order.street or "", ", ".join(p for p in (order.commune_name, order.province_name) if p))
    )
    days = timedelta(days=int(rules.CONTACT_DAYS.get()))
    today = clock.today()
    wanted = parcel.expected_from_on - timedelta(days=1) if parcel.expected_from_on and not pickup else today
    return ParcelPage(
        key=f"{reference}/{number}",
        reference=reference,
        number=number,
        view=view,
        placed_at=order.placed_at,
        status=status_words(parcel),
        late=late_words(_Flat(order, parcel)),
        hidden=hidden,
        shown_until=clock.business_day(parcel.closed_at + days) if parcel.closed_at else None,
        name=contact.initials(order.name) if hidden else order.name,
        phone="" if hidden else order.phone,
        where=() if hidden else tuple(w for w in where if w),
        note="" if hidden else order.note or "",
        refusals=orders.refusals_of(order.id, parcel.id),
        history=_history(order, parcel),
        waits_for_desk=order.status == OrderStatus.PLACED and parcel.status != S.CANCELLED,
        cancelled=order.status == OrderStatus.CANCELLED,
        cancel_reason=order.cancel_reason or "",
        is_demo=order.is_demo,
        send_from=today,
        send_by=latest_day(parcel),
        promised=promised(parcel),
        usual_day=max(today, wanted),
    )


class _Flat:
    """A parcel with its order's day, as `late_words` reads a row."""

    def __init__(self, order: Order, parcel: Fulfilment) -> None:
        self.placed_at = order.placed_at
        self.status, self.kind, self.confirmed_at = parcel.status, parcel.kind, parcel.confirmed_at
        self.send_on, self.expected_from_on = parcel.send_on, parcel.expected_from_on
        self.expected_to_on = parcel.expected_to_on


def _history(order: Order, parcel: Fulfilment) -> tuple[Step, ...]:
    """The steps of this parcel, and nothing of the order's others."""
    found = [Step(gettext("Khách đặt hàng"), order.placed_at, "", "done")]
    if parcel.confirmed_at:
        found.append(Step(gettext("Cơ sở xác nhận"), parcel.confirmed_at, "", "done"))
    bad = {S.CANCELLED.value, S.RETURNED.value}
    for t in order.transitions:
        if t.fulfilment_id == parcel.id and t.from_status:
            note = " · ".join(
                p for p in (t.actor_label if t.actor_key.startswith("user:") else "", t.reason or "") if p
            )
            title = gettext(FULFILMENT_STATUS_NAMES[S(t.to_status)])
            found.append(Step(title, t.at, note, "bad" if t.to_status in bad else "done"))
    return tuple(sorted(found, key=lambda s: s.at))
