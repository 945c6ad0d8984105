"""Reads of windows and pre-orders."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import get_locale
from sqlalchemy import func, or_, select

from shop.catalog import queries as catalog
from shop.catalog.models import Product, Variant
from shop.catalog.queries import Sellable
from shop.kernel import clock, tables
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.kernel.wording import gettext
from shop.orders import services as orders
from shop.orders.models import Order, OrderStatus, PaymentStatus
from shop.places import queries as places
from shop.points import queries as points
from shop.preorders.errors import NoSuchPreorder
from shop.preorders.models import (
    LIVE,
    PREORDER_NAMES,
    WINDOW_NAMES,
    HarvestWindow,
    Preorder,
    PreorderState,
    S,
    W,
    WindowState,
    WindowStep,
)
from shop.preorders.sharing import RULE_NAMES, Rule
from shop.producers.models import Producer
from shop.supply.models import Harvest, HarvestState

SHOWN = (W.OPEN, W.CLOSED, W.HARVESTED, W.SHARED, W.DONE, W.CANCELLED)
STATE_KINDS = {
    W.DRAFT: "", W.PROPOSED: "warn", W.OPEN: "ok", W.CLOSED: "info", W.HARVESTED: "warn", W.SHARED: "ok", W.DONE: "",
    W.CANCELLED: "bad",
}  # fmt: skip
PREORDER_KINDS = {
    S.WAITING: "warn", S.CONFIRMED: "ok", S.SHARED: "ok", S.LAPSED: "", S.LEFT: "", S.CALLED_OFF: "bad",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class WindowView:
    """A window with its goods and places named, in the reader's language."""

    row: HarvestWindow
    name: str
    pack: str
    slug: str
    photo: str | None
    set_number: int
    producer: str
    pickups: tuple[points.PointView, ...]
    departure: str
    localities: tuple[str, ...]

    @property
    def left(self) -> int:
        """Places that are left."""
        return self.row.limit_units - self.row.taken

    @property
    def takes(self) -> bool:
        """Whether it may be ordered now, places aside."""
        return self.row.takes_at(clock.now())

    @property
    def is_to_come(self) -> bool:
        """Whether it is published and opens later."""
        return self.row.state is W.OPEN and clock.now() < self.row.opens_at

    @property
    def state_name(self) -> str:
        """How it stands, for people."""
        if self.is_to_come:
            return gettext(N_("Sắp mở"))
        if self.row.state is W.OPEN and not self.takes:
            return gettext(WINDOW_NAMES[W.CLOSED])
        if self.takes and self.left <= 0:
            return gettext(N_("Đã đặt hết"))
        return gettext(WINDOW_NAMES[self.row.state])


def _views(rows: Sequence[HarvestWindow]) -> list[WindowView]:
    goods = catalog.sellable([row.variant_id for row in rows], clock.now())
    names: dict[int, str] = dict(session().execute(
            select(Producer.id, Producer.name).where(Producer.id.in_([row.producer_id for row in rows]))
        ).all())  # fmt: skip
    return [_view(row, goods[row.variant_id], names.get(row.producer_id, "")) for row in rows]


def _view(row: HarvestWindow, g: Sellable, producer: str) -> WindowView:
    english = getattr(get_locale(), "language", "vi") == "en"  # letters have no request
    known = points.by_ids([row.point_id, *(p.point_id for p in row.pickups)])
    return WindowView(
        row, (g.name_en if english else None) or g.name, (g.pack_en if english else None) or g.pack, g.slug, g.photo,
        g.set_number, producer, tuple(known[p.point_id] for p in row.pickups if p.point_id in known),
        known[row.point_id].name if row.point_id in known else "", tuple(places.display(c) for c in row.localities),
    )  # fmt: skip


def window(reference: str, *, public: bool = False) -> WindowView:
    """A window; `public`: only one that was published.

    Raises:
        NotFound.
    """
    row = session().scalar(select(HarvestWindow).where(HarvestWindow.reference == reference))
    if row is None or (public and (row.state not in SHOWN or _was_never_open(row))):
        raise NotFound
    return _views([row])[0]


def _was_never_open(row: HarvestWindow) -> bool:
    return not any(step.to_state == W.OPEN for step in row.steps)


def owner_of(reference: str) -> int | None:
    """The producer whose window it is."""
    return session().scalar(select(HarvestWindow.producer_id).where(HarvestWindow.reference == reference))


def on_offer() -> list[WindowView]:
    """Windows that may be ordered now or soon, those that close first first."""
    now = clock.now()
    rows = session().scalars(
        select(HarvestWindow)
        .where(HarvestWindow.state == W.OPEN, HarvestWindow.closes_at > now)
        .order_by(HarvestWindow.opens_at > now, HarvestWindow.closes_at, HarvestWindow.id)
        .limit(100)
    ).all()  # fmt: skip
    return _views(rows)


def open_for(product_id: int) -> tuple[str, str, datetime] | None:
    """(reference, pack, closes) of the window of a product that may be ordered now and closes first, if there is one."""
    now = clock.now()
    row = session().execute(
        select(HarvestWindow.reference, Variant.pack, HarvestWindow.closes_at)
        .join(Variant, Variant.id == HarvestWindow.variant_id)
        .where(
            HarvestWindow.product_id == product_id, HarvestWindow.state == W.OPEN, HarvestWindow.opens_at <= now,
            HarvestWindow.closes_at > now, HarvestWindow.taken < HarvestWindow.limit_units,
        )
        .order_by(HarvestWindow.closes_at, HarvestWindow.id)
        .limit(1)
    ).first()  # fmt: skip
    return (row[0], row[1], row[2]) if row is not None else None


# --- pre-orders --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mine:
    """A pre-order as its buyer sees it: its window, the orders of its deposit and of its goods (reference, status, money)."""

    row: Preorder
    window: WindowView
    deposit: tuple[str, OrderStatus, PaymentStatus] | None
    goods: tuple[str, OrderStatus, PaymentStatus] | None
    pickup: points.PointView | None

    @property
    def state_name(self) -> str:
        """How it stands."""
        return gettext(PREORDER_NAMES[self.row.state])

    @property
    def kind(self) -> str:
        """How its state is drawn."""
        return PREORDER_KINDS[self.row.state]


def _order(order_id: int | None) -> tuple[str, OrderStatus, PaymentStatus] | None:
    if order_id is None:
        return None
    row = session().execute(
        select(Order.reference, Order.status, Order.payment_status).where(Order.id == order_id)
    ).first()  # fmt: skip
    return (row[0], row[1], row[2]) if row is not None else None


def mine(reference: str, *, secret: str | None, user_id: int | None, opened: Sequence[str] = ()) -> Mine:
    """A pre-order, for who shows its secret, whose account it is or who made it in this browser (`opened`).

    Raises:
        NoSuchPreorder: there is none, or it is not his: the two look the same.
    """
    row = session().scalar(select(Preorder).where(Preorder.reference == reference))
    if row is None:
        raise NoSuchPreorder
    shown = secret is not None and hmac.compare_digest(orders.secret_hash(secret), row.secret_hash)
    if not (shown or reference in opened or (user_id is not None and row.user_id == user_id)):
        raise NoSuchPreorder
    return whole(row)


def whole(row: Preorder) -> Mine:
    """A pre-order with all that its page shows."""
    seen = session().get(HarvestWindow, row.window_id)
    assert seen is not None  # noqa: S101 - a foreign key
    pickup = points.by_ids([row.pickup_point_id]).get(row.pickup_point_id) if row.pickup_point_id else None
    return Mine(row, _views([seen])[0], _order(row.deposit_order_id), _order(row.order_id), pickup)


@dataclass(frozen=True, slots=True)
class Moved:
    """The days of a window were moved: when, why, and what they were (harvest from, to, delivery from, to)."""

    at: datetime
    reason: str
    before: tuple[date, ...]

    @classmethod
    def of(cls, step: WindowStep) -> Moved:
        """What a step of moved days has written down."""
        return cls(step.at, step.reason or "", tuple(date.fromisoformat(day) for day in step.told.get("before", ())))


def last_move(row: HarvestWindow) -> Moved | None:
    """The last time that a window's days were moved."""
    if row.moved_at is None:
        return None
    steps = session().scalars(
        select(WindowStep)
        .where(WindowStep.window_id == row.id, WindowStep.from_state == WindowStep.to_state)
        .order_by(WindowStep.id.desc())
    )
    return next((Moved.of(step) for step in steps if "after" in step.told), None)


def by_id(preorder_id: int) -> Preorder | None:
    """One pre-order."""
    return session().get(Preorder, preorder_id)


@dataclass(frozen=True, slots=True)
class MineRow:
    """A pre-order in its buyer's list."""

    reference: str
    product: str
    pack: str
    quantity: int
    state: PreorderState
    allotted: int | None
    placed_at: datetime
    is_demo: bool


def of_user(user_id: int, limit: int = 100) -> list[MineRow]:
    """A member's pre-orders, newest first."""
    rows = session().execute(
        select(
            Preorder.reference, Product.name, Variant.pack, Preorder.quantity, Preorder.state, Preorder.allotted,
            Preorder.placed_at, Preorder.is_demo,
        )
        .join(Variant, Variant.id == Preorder.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(Preorder.user_id == user_id)
        .order_by(Preorder.id.desc())
        .limit(limit)
    )  # fmt: skip
    return [MineRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Claim:
    """A pre-order as those see it who look after its window: nothing of the buyer but where his goods go."""

    reference: str
    state: PreorderState
    quantity: int
    allotted: int | None
    place: int | None
    where: str
    deposit_amount: int
    back_amount: int
    sent_amount: int
    credit_amount: int
    placed_at: datetime
    order_reference: str | None
    deposit_reference: str | None


def claims(window_id: int, limit: int = 2000) -> list[Claim]:
    """The pre-orders of a window in the order of their arrival."""
    deposit = Order.__table__.alias("deposit")
    rows = session().execute(
        select(Preorder, Order.reference, deposit.c.reference)
        .outerjoin(Order, Order.id == Preorder.order_id)
        .outerjoin(deposit, deposit.c.id == Preorder.deposit_order_id)
        .where(Preorder.window_id == window_id)
        .order_by(Preorder.id)
        .limit(limit)
    ).all()  # fmt: skip
    names = points.by_ids({p.pickup_point_id for p, _o, _d in rows if p.pickup_point_id})
    return [
        Claim(
            p.reference, p.state, p.quantity, p.allotted, p.place,
            names[p.pickup_point_id].name if p.pickup_point_id in names else (p.province_name or ""),
            p.deposit_amount, p.back_amount, p.sent_amount, p.credit_amount, p.placed_at, goods, paid,
        )
        for p, goods, paid in rows
    ]  # fmt: skip


def sums(window_id: int) -> dict[str, int]:
    """Units and money of a window's pre-orders: `confirmed`, `waiting` units, `deposits` held, `back` due, `sent`, `credit`."""
    row = session().execute(
        select(
            func.coalesce(func.sum(Preorder.quantity).filter(Preorder.state == S.CONFIRMED), 0),
            func.coalesce(func.sum(Preorder.quantity).filter(Preorder.state == S.WAITING), 0),
            func.coalesce(func.sum(Preorder.deposit_amount).filter(Preorder.state.in_([S.CONFIRMED, S.SHARED])), 0),
            func.coalesce(func.sum(Preorder.back_amount), 0),
            func.coalesce(func.sum(Preorder.sent_amount), 0),
            func.coalesce(func.sum(Preorder.credit_amount), 0),
        ).where(Preorder.window_id == window_id)
    ).one()  # fmt: skip
    return dict(zip(("confirmed", "waiting", "deposits", "back", "sent", "credit"), map(int, row), strict=True))


def nothing_open() -> list[str]:
    """References of shared windows of which no order of goods is open and no money is due."""
    living = [OrderStatus.AWAITING_PAYMENT, OrderStatus.PLACED, OrderStatus.CONFIRMED]
    busy = (
        select(Preorder.id)
        .outerjoin(Order, Order.id == Preorder.order_id)
        .where(
            Preorder.window_id == HarvestWindow.id,
            or_(Order.status.in_(living), Preorder.back_amount > Preorder.sent_amount),
        )
        .exists()
    )
    return list(session().scalars(select(HarvestWindow.reference).where(HarvestWindow.state == W.SHARED, ~busy)))


def waiting() -> tuple[int, int]:
    """How many windows wait to be approved, and how many to be shared."""
    row = session().execute(
        select(
            func.count().filter(HarvestWindow.state == W.PROPOSED), func.count().filter(HarvestWindow.state == W.HARVESTED)
        ).select_from(HarvestWindow)
    ).one()  # fmt: skip
    return int(row[0]), int(row[1])


def drawn_lots(window_id: int) -> list[tuple[str, int | None, int, int | None]]:
    """(reference, place, wished, got) of everybody a shared window served, in the order by which its rule served."""
    rows = session().execute(
        select(Preorder.reference, Preorder.place, Preorder.quantity, Preorder.allotted)
        .where(Preorder.window_id == window_id, Preorder.state == S.SHARED)
        .order_by(Preorder.place, Preorder.id)
    )
    return [(r, place, wished, got) for r, place, wished, got in rows]


def living(window_id: int) -> list[int]:
    """The pre-orders of a window that still count."""
    rows = select(Preorder.id).where(Preorder.window_id == window_id, Preorder.state.in_(LIVE)).order_by(Preorder.id)
    return list(session().scalars(rows))


def as_data(user_id: int) -> list[dict[str, Any]]:
    """A user's pre-orders as plain values (JSON), newest first: what he may take along."""
    found = session().scalars(select(Preorder).where(Preorder.user_id == user_id).order_by(Preorder.id.desc()))
    return [
        {
            "reference": p.reference,
            "placed_at": p.placed_at.isoformat(),
            "state": p.state.value,
            "quantity": p.quantity,
            "allotted": p.allotted,
            "name": p.name,
            "telephone": p.phone,
            "email": p.email,
            "address": {"street": p.street, "locality": p.commune_name, "region": p.province_name},
            "deposit_amount": p.deposit_amount,
            "back_amount": p.back_amount,
        }
        for p in found
    ]


# --- what a form may choose --------------------------------------------------------------------------------------


def packs_of(producer_id: int) -> list[tuple[int, str]]:
    """The packs of a producer that may be ordered beforehand: (variant, name)."""
    rows = session().execute(
        select(Variant.id, Product.name, Variant.pack)
        .join(Product, Product.id == Variant.product_id)
        .where(Product.producer_id == producer_id, Product.is_alcohol.is_(False))
        .order_by(Product.sort_name, Variant.position, Variant.id)
    )
    return [(i, f"{name}, {pack}") for i, name, pack in rows]


def harvests_of(producer_id: int) -> list[tuple[int, str]]:
    """The harvests that a producer expects: (id, name)."""
    rows = session().execute(
        select(Harvest.id, Product.name, Harvest.low, Harvest.high, Harvest.from_on)
        .join(Product, Product.id == Harvest.product_id)
        .where(Harvest.producer_id == producer_id, Harvest.state == HarvestState.EXPECTED)
        .order_by(Harvest.from_on, Harvest.id)
    )
    return [(i, f"{name}: {low}–{high}, {on:%d/%m/%Y}") for i, name, low, high, on in rows]


# --- lists of staff and producers --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WindowRow:
    """A window as lists show it."""

    id: int
    reference: str
    state: WindowState
    product: str
    pack: str
    producer: str
    taken: int
    limit_units: int
    closes_at: datetime
    harvest_from: Any
    rule: Rule
    is_demo: bool


def rows() -> Any:
    """SELECT of windows for `WindowRow`."""
    return (
        select(
            HarvestWindow.id, HarvestWindow.reference, HarvestWindow.state, Product.name, Variant.pack, Producer.name,
            HarvestWindow.taken, HarvestWindow.limit_units, HarvestWindow.closes_at, HarvestWindow.harvest_from,
            HarvestWindow.rule, HarvestWindow.is_demo,
        )
        .join(Variant, Variant.id == HarvestWindow.variant_id)
        .join(Product, Product.id == HarvestWindow.product_id)
        .join(Producer, Producer.id == HarvestWindow.producer_id)
    )  # fmt: skip


def make_row(row: Any) -> WindowRow:
    """A row of `rows`."""
    return WindowRow(*tuple(row))


def _search(q: str) -> Any:
    code = HarvestWindow.reference.startswith(q.strip().upper(), autoescape=True)
    return or_(code, *(name.contains(q.strip(), autoescape=True) for name in (Product.name, Producer.name)))


def _named(names: Mapping[Any, str]) -> Callable[[], list[tuple[str, str]]]:
    return lambda: [(key.value, gettext(name)) for key, name in names.items()]


def _table(*, office: bool) -> tables.Table:
    columns = [
        tables.Column("reference", N_("Mã đợt"), sort=(HarvestWindow.reference,)),
        tables.Column("product", N_("Mặt hàng"), sort=(Product.sort_name,), value=lambda r: f"{r.product}, {r.pack}"),
        tables.Column("producer", N_("Cơ sở sản xuất"), sort=(Producer.sort_name,), on_page=office),
        tables.Column(
            "state", N_("Tình trạng"), sort=(HarvestWindow.state,), value=lambda r: gettext(WINDOW_NAMES[r.state])
        ),
        tables.Column("taken", N_("Đã đặt"), "num", sort=(HarvestWindow.taken,)),
        tables.Column("limit_units", N_("Số nhận đặt"), "num", sort=(HarvestWindow.limit_units,)),
        tables.Column("closes_at", N_("Đóng lúc"), sort=(HarvestWindow.closes_at,)),
        tables.Column("harvest_from", N_("Thu hoạch từ"), sort=(HarvestWindow.harvest_from,)),
        tables.Column("rule", N_("Quy tắc chia"), value=lambda r: gettext(RULE_NAMES[r.rule]), on_page=False),
    ]
    return tables.Table(
        name="dat-truoc",
        columns=columns,
        order="-closes_at",
        tie=HarvestWindow.id,
        filters=[
            tables.Filter("state", N_("Tình trạng"), lambda v: HarvestWindow.state == v, _named(WINDOW_NAMES)),
        ],
        search=_search,
    )


OFFICE, PORTAL = _table(office=True), _table(office=False)
