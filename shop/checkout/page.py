"""What the pages of basket, checkout and order show: ready values, no query starts in a template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from config import Config
from shop.checkout import received
from shop.checkout.errors import BasketSoldOutWhole
from shop.checkout.plan import Plan, PlanLine
from shop.checkout.received import Received
from shop.checkout.services import late
from shop.conversations import queries as conversations
from shop.kernel import clock, dates, web
from shop.kernel.errors import ShopError
from shop.kernel.money import vnd
from shop.kernel.wording import gettext
from shop.orders import contact, discounts
from shop.orders import models as m
from shop.orders import queries as order_read
from shop.orders import services as orders
from shop.orders.discounts import Named
from shop.orders.models import DEPOSIT, PREORDER, TILL, DeliveryKind, OrderStatus, PaymentMethod, PaymentStatus
from shop.orders.queries import Bought, BoughtParcel
from shop.payments import services as payments
from shop.places import queries as places
from shop.points import queries as points
from shop.promotions import queries as promotions
from shop.returns import queries as returns


def days(first: date | None, last: date | None) -> str:
    """`27/11` or `27/11–29/11`; empty for unknown days."""
    if first is None:
        return ""
    if last is None or last == first:
        return f"{first:%d/%m}"
    return f"{first:%d/%m}–{last:%d/%m}"


def words(error: ShopError | None) -> str:
    """A refusal in the reader's language; empty for none."""
    return gettext(error.title, **error.values) if error is not None else ""


@dataclass(frozen=True, slots=True)
class LineView:
    """A line of the basket as the page shows it."""

    sku: str
    name: str
    pack: str
    url: str
    set_no: int
    photo_url: str | None
    quantity: int
    unit_amount: int
    line_amount: int
    seen_amount: int
    price_changed: bool
    available: int
    most: int
    problem: str
    is_alcohol: bool
    demo: bool
    # Units of it that are kept for this basket alone.
    kept: int = 0
    # Nothing of it is left for this buyer: he may wait.
    sold_out: bool = False
    # A timed sale: what a unit costs in it, how many of these units do, until when, what is left of it.
    sale_amount: int = 0
    sale_units: int = 0
    sale_until: datetime | None = None
    sale_left: int = 0

    @classmethod
    def of(cls, line: PlanLine, quantity: int | None = None) -> LineView:
        """`quantity`: the units that one parcel carries of it."""
        g = line.goods
        english = web.language() == "en"
        n = line.quantity if quantity is None else quantity
        return cls(
            sku=g.sku,
            name=(g.name_en if english else None) or g.name,
            pack=(g.pack_en if english else None) or g.pack,
            url=web.path(f"/san-pham/{g.slug}"),
            set_no=g.set_number,
            photo_url=f"/media/{g.photo}" if g.photo else None,
            quantity=n,
            unit_amount=line.unit_amount,
            line_amount=line.unit_amount * n,
            seen_amount=line.seen_amount,
            price_changed=line.price_changed,
            available=line.available,
            most=line.limit,
            problem=words(line.problem),
            is_alcohol=g.is_alcohol,
            demo=g.is_demo,
            kept=min(line.kept, n),
            sold_out=isinstance(line.problem, BasketSoldOutWhole),
            **_sale(line),
        )


def _sale(line: PlanLine) -> dict[str, Any]:
    offer = line.offer
    if offer is None or not line.offer_units:
        return {}
    return {
        "sale_amount": offer.price_amount,
        "sale_units": line.offer_units,
        "sale_until": offer.ends_at,
        "sale_left": offer.left,
    }


def _savings(plan: Plan) -> list[tuple[str, int, str, bool]]:
    """What comes off, by the promotion's name in the reader's language, as rows of the totals."""
    english = web.language() == "en"
    found: dict[str, int] = {}
    for d in plan.discounts:
        name = (d.name_en if english else None) or d.name
        found[name] = found.get(name, 0) + d.amount
    return [(name, -amount, "saving", False) for name, amount in found.items()]


@dataclass(frozen=True, slots=True)
class ParcelView:
    """What one point sends or keeps ready."""

    number: int
    point: str
    fee_amount: int
    days: str
    lines: tuple[LineView, ...]
    problem: str
    parts: tuple[tuple[str, int], ...]


def _parcel_views(plan: Plan) -> tuple[ParcelView, ...]:
    lines = {line.goods.variant_id: line for line in plan.lines}
    names = points.by_ids(p.point_id for p in plan.parcels)
    return tuple(
        ParcelView(
            number=number,
            point=names[p.point_id].name if p.point_id in names else "",
            fee_amount=p.fee_amount,
            days=days(p.from_on, p.to_on),
            lines=tuple(LineView.of(lines[v], n) for v, n in p.counts),
            problem=words(p.problem),
            parts=tuple((gettext(label), amount) for label, amount in p.fee_parts),
        )
        for number, p in enumerate(plan.parcels, start=1)
    )


@dataclass(frozen=True, slots=True)
class BasketPage:
    """The basket: its lines in the order they were added, and how they would come."""

    lines: tuple[LineView, ...]
    parcels: tuple[ParcelView, ...]
    goods_amount: int
    delivery_amount: int
    # What paying at the door would add; 0 where it is not offered for these goods.
    collecting_amount: int
    total_amount: int
    units: int
    ready: bool
    has_alcohol: bool
    province: str
    savings: list[tuple[str, int, str, bool]] = field(default_factory=list)

    @classmethod
    def of(cls, plan: Plan, province: str) -> BasketPage:
        home = places.unit(province)
        return cls(
            lines=tuple(LineView.of(line) for line in plan.lines),
            parcels=_parcel_views(plan),
            goods_amount=plan.goods_amount,
            delivery_amount=plan.delivery_amount,
            collecting_amount=0 if plan.has_alcohol else plan.collecting_amount,
            total_amount=plan.total_amount,
            units=sum(line.quantity for line in plan.lines),
            ready=bool(plan.lines) and all(line.problem is None for line in plan.lines),
            has_alcohol=plan.has_alcohol,
            province=home.short if home else "",
            savings=_savings(plan),
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """A card of a set of radio buttons."""

    value: str
    label: str
    note: str = ""
    side: str = ""
    disabled: bool = False


# What the form of somebody unknown holds before he has written anything.
_PROPOSED = frozenset({"delivery", "province", "payment", "op_key", "agreed_amount", "basket", "code"})


@dataclass(frozen=True, slots=True)
class CheckoutPage:
    """The checkout page around its form. `untouched`: nobody has written anything into it yet, nor was it known before."""

    parcels: tuple[ParcelView, ...]
    lines: tuple[LineView, ...]
    goods_amount: int
    # Without what paying at the door costs: that is `collecting_amount`.
    delivery_amount: int
    collecting_amount: int
    total_amount: int
    deliveries: tuple[Choice, ...]
    points: tuple[Choice, ...]
    payments: tuple[Choice, ...]
    provinces: tuple[tuple[str, str], ...]
    communes: tuple[tuple[str, str], ...]
    errors: dict[str, Any]
    untouched: bool
    needs_age: bool
    has_alcohol: bool
    pickup: bool
    problem: str
    savings: list[tuple[str, int, str, bool]] = field(default_factory=list)
    # Whether codes may be used at all, what became of the one that was typed, and what it took off.
    has_codes: bool = False
    code: str = ""
    code_problem: str = ""

    @property
    def point_options(self) -> list[tuple[str, str]]:
        """(slug, name and address) of the points where the goods may be collected."""
        return [(c.value, f"{c.label} · {c.note}" if c.note else c.label) for c in self.points]

    @classmethod
    def of(cls, plan: Plan, form: Any, config: Config, *, adult: bool, ahead: bool = False) -> CheckoutPage:
        pickup = form.delivery.data == DeliveryKind.PICKUP
        open_points = points.pickup_points()
        methods = payments.available_methods()
        errors = {name: list(messages) for name, messages in form.errors.items() if name and messages}
        errors |= {None: list(form.form_errors)} if form.form_errors else {}
        return cls(
            parcels=_parcel_views(plan),
            lines=tuple(LineView.of(line) for line in plan.lines),
            goods_amount=plan.goods_amount,
            delivery_amount=plan.delivery_amount - (plan.collecting_amount if plan.wanted.cod else 0),
            collecting_amount=plan.collecting_amount if plan.wanted.cod else 0,
            total_amount=plan.total_amount,
            deliveries=_deliveries(bool(open_points)),
            points=tuple(Choice(p.slug, p.name, note=p.address or p.locality_text or "") for p in open_points),
            payments=_payments(methods, plan, ahead=ahead),
            provinces=tuple(places.province_choices()),
            communes=tuple(places.commune_choices(form.province.data)) if form.province.data else (),
            errors={k: v for k, v in errors.items() if k},
            untouched=not errors and not any(v for name, v in form.data.items() if name not in _PROPOSED),
            needs_age=plan.has_alcohol and not adult,
            has_alcohol=plan.has_alcohol,
            pickup=pickup,
            problem="" if pickup and plan.wanted.point_id is None else words(plan.problem),
            savings=_savings(plan),
            has_codes=promotions.has_codes() or bool(form.code.data),
            code=form.code.data or "",
            code_problem="" if "code" in errors else words(plan.code_problem),
        )


def _deliveries(pickup: bool) -> tuple[Choice, ...]:
    found = [Choice("ship", gettext("Giao tận nơi"))]
    if pickup:
        found.append(Choice("pickup", gettext("Nhận tại điểm bán"), side=gettext("Miễn phí")))
    return tuple(found)


def _payments(methods: Sequence[PaymentMethod], plan: Plan, *, ahead: bool) -> tuple[Choice, ...]:
    notes = {
        PaymentMethod.COD: gettext("Trả tiền mặt khi nhận, được xem hàng trước."),
        PaymentMethod.VIETQR: gettext("Quét mã bằng ứng dụng ngân hàng; hàng được giữ chờ chuyển khoản."),
        PaymentMethod.CARD: gettext("Thanh toán trên trang bảo mật của Stripe."),
    }
    why_not = ""
    if plan.has_alcohol:
        why_not = gettext("Không dùng được: đơn có rượu bia phải thanh toán không dùng tiền mặt.")
    elif ahead:
        why_not = gettext(
            "Không dùng được: các đơn trả tiền khi nhận hàng trước đây đã bị trả lại. Có nhầm lẫn, hãy liên hệ cửa hàng."
        )
    return tuple(
        Choice(
            x.value,
            gettext(m.PAYMENT_METHOD_NAMES[x]),
            note=why_not if why_not and x is PaymentMethod.COD else notes[x],
            disabled=bool(why_not) and x is PaymentMethod.COD,
        )
        for x in methods
    )


# --- the order ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StepView:
    """A line of the order's timeline."""

    title: str
    at: str
    state: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class RefusedView:
    """Goods that are not sent, as their buyer is told."""

    who: str
    why: str
    reason: str
    lines: tuple[order_read.RefusedLine, ...]
    at: datetime
    amount: int
    money: str
    delivery_amount: int


@dataclass(frozen=True, slots=True)
class OrderPage:
    """An order as its buyer sees it."""

    reference: str
    status: str
    status_kind: str
    payment_status: str
    payment_method: str
    goods_amount: int
    delivery_amount: int
    discount_amount: int
    total_amount: int
    owed_amount: int
    parcels: tuple[Any, ...]
    refusals: tuple[RefusedView, ...]
    threads: dict[int, Any]
    may_write: dict[int, bool]
    steps: tuple[StepView, ...]
    pickup_point: Any
    pay_until: datetime | None
    waits_for_transfer: bool
    waits_for_card: bool
    transfer: Any
    received: Received
    may_cancel: bool
    cancelled: bool
    is_new: bool
    secret_url: str
    # Paid too late: until when goods are looked for before the money goes back by itself.
    late_until: datetime | None
    # Money that goes, or went, back for some of the goods.
    returns: list[Any]
    # Of a deposit, and of the order that a pre-order became: the pre-order's own page.
    preorder_url: str
    named: Named

    @classmethod
    def of(cls, order: Bought, config: Config, key: str) -> OrderPage:
        parcels = order_read.bought_parcels(order.id)
        waiting = order.status == OrderStatus.AWAITING_PAYMENT
        got = received.of_order(order)
        transfer = None
        if waiting and order.payment_method == PaymentMethod.VIETQR:
            transfer = received.transfer(order, got)
        live = [f for f in parcels if f.status != m.FulfilmentStatus.CANCELLED]
        pending = all(f.status == m.FulfilmentStatus.PENDING for f in live)
        talks = conversations.threads([f.id for f in parcels]) if order.channel != TILL else {}
        cancellable = order.status in {OrderStatus.AWAITING_PAYMENT, OrderStatus.PLACED, OrderStatus.CONFIRMED}
        secret = orders.secret_for(key, order.reference)
        return cls(
            reference=order.reference,
            status=gettext(m.ORDER_STATUS_NAMES[order.status]),
            status_kind={
                "awaiting_payment": "warn",
                "placed": "info",
                "confirmed": "info",
                "completed": "ok",
                "cancelled": "bad",
            }[order.status.value],
            payment_status=gettext(m.PAYMENT_STATUS_NAMES[order.payment_status]),
            payment_method=gettext(m.PAYMENT_METHOD_NAMES[order.payment_method]),
            goods_amount=order.goods_amount,
            delivery_amount=order.delivery_amount,
            discount_amount=order.discount_amount,
            total_amount=order.total_amount,
            owed_amount=order.total_amount - order.reduced_amount,
            parcels=parcels,
            refusals=_refusals(order, parcels),
            threads=talks,
            may_write=_may_write(order, parcels),
            steps=_steps(order, parcels),
            pickup_point=points.by_ids([order.pickup_point_id]).get(order.pickup_point_id)
            if order.pickup_point_id
            else None,
            pay_until=order.pay_until if waiting else None,
            waits_for_transfer=transfer is not None,
            waits_for_card=waiting and order.payment_method == PaymentMethod.CARD,
            transfer=transfer,
            received=got,
            may_cancel=cancellable and pending,
            cancelled=order.status == OrderStatus.CANCELLED,
            is_new=(clock.now() - order.placed_at).total_seconds() < 1800,
            secret_url=f"{config.base_url}{'/en' if order.locale == 'en' else ''}/don-hang/{order.reference}?k={secret}",
            late_until=_late_until(order),
            returns=returns.of_order(order.id) if order.payment_status in _MAY_HAVE_RETURNS else [],
            preorder_url=_preorder_url(order, key),
            named=discounts.named(order.id) if order.discount_amount else discounts.NOTHING,
        )


_MAY_HAVE_RETURNS = (
    PaymentStatus.PAID,
    PaymentStatus.REFUND_PENDING,
    PaymentStatus.REFUNDED,
    PaymentStatus.DISPUTED,
    PaymentStatus.CHARGED_BACK,
)


def _late_until(order: Bought) -> datetime | None:
    """Until when goods are looked for; nothing is asked of the database where no money came for a cancelled order."""
    if order.status != OrderStatus.CANCELLED or order.payment_status != PaymentStatus.PAID:
        return None
    found = late.waits_until(order.id)
    return found[1] if found else None


def _preorder_url(order: Bought, key: str) -> str:
    """Where the pre-order stands that `order` is the deposit of, or was made from; empty for others."""
    if order.channel not in {DEPOSIT, PREORDER} or not order.basket_key:
        return ""
    reference = order.basket_key.split(":")[1]
    return web.path(f"/dat-truoc/{reference}?k={orders.secret_for(key, reference)}")


def _refusals(order: Bought, parcels: Sequence[BoughtParcel]) -> tuple[RefusedView, ...]:
    """What was refused; nothing is asked of the database where no line says that something was."""
    if not any(line.refused_quantity for f in parcels for line in f.lines):
        return ()
    senders = {f.id: f.sender or gettext("Cửa hàng") for f in parcels}
    return tuple(
        RefusedView(
            senders[r.fulfilment_id],
            gettext(m.REFUSAL_WHY_NAMES[r.why]),
            r.reason,
            r.lines,
            r.at,
            r.amount,
            r.money.value,
            r.delivery_amount,
        )
        for r in order_read.refusals_of(order.id)
    )


def _may_write(order: Bought, parcels: Sequence[BoughtParcel]) -> dict[int, bool]:
    """Whether the buyer may still write about each parcel; about one that nobody paid for there is nobody to write to."""
    if order.channel == TILL or order.status == OrderStatus.AWAITING_PAYMENT:
        return {}
    paid = order.payment_status != PaymentStatus.VOID or order.payment_method == PaymentMethod.COD
    return {f.id: paid and not contact.is_hidden(f.closed_at) for f in parcels}


def _steps(order: Bought, parcels: Sequence[BoughtParcel]) -> tuple[StepView, ...]:
    """The timeline: what has happened with its time, then what comes next."""
    when = order_read.bought_steps(order.id)

    def at(key: tuple[str, str]) -> str:
        return dates.instant(when[key]) if key in when else ""

    def step(title: str, key: tuple[str, str], note: str = "") -> StepView:
        return StepView(title, at(key), "done" if key in when else "", note)

    placed_at = dates.instant(order.placed_at)
    if order.channel == TILL:
        sold = (StepView(gettext("Đã mua và nhận hàng"), placed_at, "done"),)
        back = (step(gettext("Đã hoàn tiền"), ("payment", "refunded")),)
        return sold + back if order.payment_status == PaymentStatus.REFUNDED else sold
    if order.channel == DEPOSIT:
        steps = [StepView(gettext("Đã đặt trước"), placed_at, "done")]
        if order.status == OrderStatus.CANCELLED:
            why = gettext(order.cancel_reason) if order.cancel_reason else ""
            return (*steps, StepView(gettext("Đã hủy"), at(("order", "cancelled")), "bad", why))
        steps.append(step(gettext("Đã nhận tiền cọc"), ("payment", "paid")))
        back = (step(gettext("Đã hoàn tiền"), ("payment", "refunded")),)
        return (*steps, *back) if order.payment_status == PaymentStatus.REFUNDED else tuple(steps)
    found = [StepView(gettext("Đã đặt hàng"), placed_at, "done")]
    if order.payment_method != PaymentMethod.COD:
        found.append(step(gettext("Thanh toán"), ("payment", "paid")))
    if order.status == OrderStatus.CANCELLED:
        reason = gettext(order.cancel_reason) if order.cancel_reason else ""
        found = [s for s in found if s.state] + [StepView(gettext("Đã hủy"), at(("order", "cancelled")), "bad", reason)]
        if order.payment_status == PaymentStatus.REFUNDED:  # it may have been, and was undone
            found.append(step(gettext("Đã hoàn tiền"), ("payment", "refunded"), vnd(order.total_amount)))
        elif ("payment", "refund_pending") in when:
            found.append(StepView(gettext("Đang hoàn tiền"), "", "now", vnd(order.total_amount)))
        return tuple(found)
    found.append(step(gettext("Cửa hàng xác nhận"), ("order", "confirmed")))
    found.append(step(gettext("Đóng gói"), ("fulfilment", "packed")))
    if order.delivery == DeliveryKind.PICKUP:
        found.append(step(gettext("Nhận tại điểm bán"), ("fulfilment", "delivered")))
    else:
        tracking = ", ".join(f"{f.carrier or ''} {f.tracking_number or ''}".strip() for f in parcels if f.carrier)
        found.append(step(gettext("Bàn giao vận chuyển"), ("fulfilment", "handed_over"), tracking))
        found.append(step(gettext("Giao tận nơi"), ("fulfilment", "delivered")))
    for i, s in enumerate(found):
        if not s.state:
            found[i] = StepView(s.title, "", "now", s.note)
            break
    return tuple(found)
