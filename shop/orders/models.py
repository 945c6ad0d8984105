"""Orders copy what they need (address, names, prices), so that later changes of the catalogue do not rewrite them."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, UniqueConstraint, column
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.accounts.models import User
from shop.catalog.models import Certificate, Price, Variant
from shop.kernel import text
from shop.kernel.db import (
    Amount,
    Base,
    EnumText,
    Id,
    Instant,
    Json,
    LongText,
    Str20,
    Str40,
    Str80,
    Str255,
    one_of,
)
from shop.kernel.errors import N_
from shop.points.models import Point
from shop.producers.models import Producer
from shop.promotions.models import Offer, Payer, Promotion


class OrderStatus(StrEnum):
    AWAITING_PAYMENT = "awaiting_payment"
    PLACED = "placed"
    CONFIRMED = "confirmed"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class PaymentStatus(StrEnum):
    """How the money stands: `due` is cash on delivery not yet taken."""

    UNPAID = "unpaid"
    DUE = "due"
    PAID = "paid"
    REFUND_PENDING = "refund_pending"
    REFUNDED = "refunded"
    VOID = "void"
    DISPUTED = "disputed"
    CHARGED_BACK = "charged_back"


class FulfilmentStatus(StrEnum):
    PENDING = "pending"
    PACKED = "packed"
    HANDED_OVER = "handed_over"
    DELIVERED = "delivered"
    RETURNED = "returned"
    CANCELLED = "cancelled"


# A deposit has neither lines nor parcels: money alone, for goods that are not there yet. What a pre-order becomes once the
# goods are there is an order of `PREORDER`: its discount is the deposit that was paid, its price the one of its harvest.
WEB, TILL, DEPOSIT, PREORDER = "web", "till", "deposit", "preorder"
CHANNEL_NAMES = {
    WEB: N_("Trên mạng"),
    TILL: N_("Tại quầy"),
    DEPOSIT: N_("Tiền đặt cọc"),
    PREORDER: N_("Đặt trước mùa vụ"),
}
# Orders of which parcels are sent, or kept ready, to a buyer whom we know.
SENT = (WEB, PREORDER)

# For each subject the steps that may follow a status; everything else is refused. Only what was sold at a counter begins at
# its end: the goods were handed over and paid before the shop's books heard of it.
ALLOWED: dict[str, dict[str, frozenset[str]]] = {
    "order": {
        "": frozenset({OrderStatus.AWAITING_PAYMENT, OrderStatus.PLACED, OrderStatus.COMPLETED}),
        OrderStatus.AWAITING_PAYMENT: frozenset({OrderStatus.PLACED, OrderStatus.CANCELLED}),
        # Back to waiting: money that was put to the wrong order is taken out of it before anybody has said he will send it.
        OrderStatus.PLACED: frozenset({OrderStatus.CONFIRMED, OrderStatus.CANCELLED, OrderStatus.AWAITING_PAYMENT}),
        OrderStatus.CONFIRMED: frozenset({OrderStatus.COMPLETED, OrderStatus.CANCELLED}),
        OrderStatus.COMPLETED: frozenset(),
        # Money that arrives after the term may revive an order if its goods can be taken again.
        OrderStatus.CANCELLED: frozenset({OrderStatus.PLACED}),
    },
    "payment": {
        "": frozenset({PaymentStatus.UNPAID, PaymentStatus.DUE, PaymentStatus.PAID}),
        PaymentStatus.UNPAID: frozenset({PaymentStatus.PAID, PaymentStatus.VOID}),
        PaymentStatus.DUE: frozenset({PaymentStatus.PAID, PaymentStatus.VOID}),
        # A buyer's bank takes the money of a card away while it looks, for good, or brings it back.
        PaymentStatus.PAID: frozenset(
            {
                PaymentStatus.REFUND_PENDING,
                PaymentStatus.REFUNDED,
                PaymentStatus.UNPAID,
                PaymentStatus.DISPUTED,
                PaymentStatus.CHARGED_BACK,
            }
        ),
        PaymentStatus.DISPUTED: frozenset({PaymentStatus.PAID, PaymentStatus.CHARGED_BACK}),
        PaymentStatus.CHARGED_BACK: frozenset({PaymentStatus.PAID, PaymentStatus.DISPUTED}),
        PaymentStatus.REFUND_PENDING: frozenset({PaymentStatus.REFUNDED, PaymentStatus.PAID}),
        # The transfer that was taken for its refund was another.
        PaymentStatus.REFUNDED: frozenset({PaymentStatus.REFUND_PENDING}),
        PaymentStatus.VOID: frozenset({PaymentStatus.PAID}),
    },
    "fulfilment": {
        "": frozenset({FulfilmentStatus.PENDING, FulfilmentStatus.DELIVERED}),
        FulfilmentStatus.PENDING: frozenset({FulfilmentStatus.PACKED, FulfilmentStatus.CANCELLED}),
        FulfilmentStatus.PACKED: frozenset({FulfilmentStatus.HANDED_OVER, FulfilmentStatus.CANCELLED}),
        FulfilmentStatus.HANDED_OVER: frozenset({FulfilmentStatus.DELIVERED, FulfilmentStatus.RETURNED}),
        FulfilmentStatus.DELIVERED: frozenset({FulfilmentStatus.RETURNED}),
        FulfilmentStatus.RETURNED: frozenset(),
        FulfilmentStatus.CANCELLED: frozenset({FulfilmentStatus.PENDING}),
    },
}

# A parcel with which nothing is to be done any more.
CLOSED = frozenset({FulfilmentStatus.DELIVERED, FulfilmentStatus.RETURNED, FulfilmentStatus.CANCELLED})

ORDER_STATUS_NAMES = {
    OrderStatus.AWAITING_PAYMENT: N_("Chờ thanh toán"),
    OrderStatus.PLACED: N_("Đã đặt, chờ xác nhận"),
    OrderStatus.CONFIRMED: N_("Đã xác nhận"),
    OrderStatus.COMPLETED: N_("Hoàn tất"),
    OrderStatus.CANCELLED: N_("Đã hủy"),
}
PAYMENT_STATUS_NAMES = {
    PaymentStatus.UNPAID: N_("Chưa thanh toán"),
    PaymentStatus.DUE: N_("Thu khi giao hàng"),
    PaymentStatus.PAID: N_("Đã thanh toán"),
    PaymentStatus.REFUND_PENDING: N_("Đang hoàn tiền"),
    PaymentStatus.REFUNDED: N_("Đã hoàn tiền"),
    PaymentStatus.VOID: N_("Không thu tiền"),
    PaymentStatus.DISPUTED: N_("Đang bị khiếu nại thẻ"),
    PaymentStatus.CHARGED_BACK: N_("Bị đòi lại qua thẻ"),
}
FULFILMENT_STATUS_NAMES = {
    FulfilmentStatus.PENDING: N_("Chờ đóng gói"),
    FulfilmentStatus.PACKED: N_("Đã đóng gói"),
    FulfilmentStatus.HANDED_OVER: N_("Đang giao"),
    FulfilmentStatus.DELIVERED: N_("Đã giao"),
    FulfilmentStatus.RETURNED: N_("Đã trả lại"),
    FulfilmentStatus.CANCELLED: N_("Đã hủy"),
}


class PaymentMethod(StrEnum):
    COD = "cod"
    VIETQR = "vietqr"
    CARD = "card"
    # At a counter only: cash in the drawer, a bank's card terminal, several ways together.
    CASH = "cash"
    TERMINAL = "terminal"
    MIXED = "mixed"


PAYMENT_METHOD_NAMES = {
    PaymentMethod.COD: N_("Thanh toán khi nhận hàng (COD)"),
    PaymentMethod.VIETQR: N_("Chuyển khoản ngân hàng (VietQR)"),
    PaymentMethod.CARD: N_("Thẻ ngân hàng (Visa, Mastercard…)"),
    PaymentMethod.CASH: N_("Tiền mặt tại quầy"),
    PaymentMethod.TERMINAL: N_("Máy quẹt thẻ tại quầy"),
    PaymentMethod.MIXED: N_("Nhiều cách tại quầy"),
}


class DeliveryKind(StrEnum):
    SHIP = "ship"
    PICKUP = "pickup"


def search_name(name: str) -> str:
    """A buyer's name as the desk searches it."""
    return text.fold(name)[:255]


def _without_marks(context: Any) -> str:
    return search_name(context.get_current_parameters()["name"])


class RefusalWhy(StrEnum):
    """Why ordered goods are not sent."""

    SOLD_OUT = "sold_out"
    DAMAGED = "damaged"
    NOT_READY = "not_ready"
    CANNOT_SHIP = "cannot_ship"
    OTHER = "other"


REFUSAL_WHY_NAMES = {
    RefusalWhy.SOLD_OUT: N_("Hết hàng"),
    RefusalWhy.DAMAGED: N_("Hàng hỏng, không đạt"),
    RefusalWhy.NOT_READY: N_("Không kịp làm"),
    RefusalWhy.CANNOT_SHIP: N_("Không gửi được đến nơi này"),
    RefusalWhy.OTHER: N_("Lý do khác"),
}


class MoneyFollows(StrEnum):
    """What a refusal does to the order's money: less is due at the door, a part goes back, or the whole order ended."""

    DUE = "due"
    REFUND = "refund"
    ORDER = "order"


class Order(Base):
    """One purchase. Amounts are whole đồng: total = goods + delivery − discount, as agreed when it was placed.

    `reduced_amount` is what the refusals of a living order and its parcels that came back unpaid took off; what is owed is
    total − reduced.
    """

    __tablename__ = "orders"
    __table_args__ = (
        one_of("status", OrderStatus),
        one_of("payment_status", PaymentStatus),
        one_of("payment_method", PaymentMethod),
        one_of("delivery", DeliveryKind),
        CheckConstraint("total_amount = goods_amount + delivery_amount - discount_amount", name="total_adds_up"),
        CheckConstraint("goods_amount >= 0 AND delivery_amount >= 0 AND discount_amount >= 0", name="amounts_whole"),
        CheckConstraint("reduced_amount >= 0 AND reduced_amount <= total_amount", name="reduced_within_total"),
        Index("ix_orders_status", "status", "id"),
        Index("ix_orders_user", "user_id", "id"),
        Index("ix_orders_deadline", "status", "pay_until"),
        Index("ix_orders_placed", "placed_at"),
        Index("ix_orders_phone", "phone"),
        Index("ix_orders_address", "address_key", "status"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    # SHA-256 of the secret in the link of the confirmation letter.
    secret_hash: Mapped[Str80]
    op_key: Mapped[Str80] = mapped_column(unique=True)
    op_digest: Mapped[Str80]
    # Opaque: the basket it came from; one order per basket.
    basket_key: Mapped[Str80 | None] = mapped_column(unique=True)
    channel: Mapped[Str20] = mapped_column(default=WEB)
    user_id: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    locale: Mapped[Str20] = mapped_column(default="vi")
    status: Mapped[OrderStatus] = mapped_column(EnumText(OrderStatus))
    payment_status: Mapped[PaymentStatus] = mapped_column(EnumText(PaymentStatus))
    payment_method: Mapped[PaymentMethod] = mapped_column(EnumText(PaymentMethod))
    delivery: Mapped[DeliveryKind] = mapped_column(EnumText(DeliveryKind))
    name: Mapped[Str255]
    # The name as the desk searches it: without marks, lower case.
    search_name: Mapped[Str255] = mapped_column(default=_without_marks)
    phone: Mapped[Str20]
    email: Mapped[Str255 | None]
    # A keyed hash of the network address it came from, for sharing scarce goods; forgotten once nothing is open.
    address_key: Mapped[Str40 | None]
    province_code: Mapped[Str20 | None]
    province_name: Mapped[Str255 | None]
    commune_code: Mapped[Str20 | None]
    commune_name: Mapped[Str255 | None]
    street: Mapped[Str255 | None]
    pickup_point_id: Mapped[int | None] = mapped_column(ForeignKey(Point.id))
    note: Mapped[LongText | None]
    # {"company": …, "tax_code": …, "address": …, "email": …} when a tax invoice was asked for.
    invoice: Mapped[dict[str, Any] | None] = mapped_column(Json)
    goods_amount: Mapped[Amount]
    delivery_amount: Mapped[Amount]
    discount_amount: Mapped[Amount] = mapped_column(default=0)
    total_amount: Mapped[Amount]
    reduced_amount: Mapped[Amount] = mapped_column(server_default="0")
    age_confirmed_at: Mapped[Instant | None]
    placed_at: Mapped[Instant]
    pay_until: Mapped[Instant | None]
    cancelled_at: Mapped[Instant | None]
    cancel_reason: Mapped[LongText | None]
    completed_at: Mapped[Instant | None]
    is_demo: Mapped[bool] = mapped_column(default=False)

    lines: Mapped[list[OrderLine]] = relationship(back_populates="order", order_by="OrderLine.id")
    fulfilments: Mapped[list[Fulfilment]] = relationship(back_populates="order", order_by="Fulfilment.number")
    transitions: Mapped[list[OrderTransition]] = relationship(order_by="OrderTransition.id")

    @property
    def owed_amount(self) -> int:
        """What the buyer pays for what he gets, in đồng."""
        return self.total_amount - self.reduced_amount


class Fulfilment(Base):
    """One parcel or one pick-up: what leaves one point together. Goods are claimed under `order:<reference>:<number>`."""

    __tablename__ = "fulfilments"
    __table_args__ = (
        one_of("status", FulfilmentStatus),
        one_of("kind", DeliveryKind),
        CheckConstraint("unpaid_amount >= 0 AND (unpaid_amount = 0 OR status = 'returned')", name="unpaid_came_back"),
        UniqueConstraint("order_id", "number"),
        Index("ix_fulfilments_point", "point_id", "status"),
        Index("ix_fulfilments_status", "status", "id"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey(Order.id))
    number: Mapped[int]
    point_id: Mapped[int] = mapped_column(ForeignKey(Point.id))
    kind: Mapped[DeliveryKind] = mapped_column(EnumText(DeliveryKind))
    status: Mapped[FulfilmentStatus] = mapped_column(EnumText(FulfilmentStatus))
    fee_amount: Mapped[Amount] = mapped_column(default=0)
    # Of a parcel that came back before its cash was taken, while others of its order were kept: so much less is owed.
    unpaid_amount: Mapped[Amount] = mapped_column(server_default="0")
    weight_g: Mapped[int] = mapped_column(default=0)
    expected_from_on: Mapped[date | None] = mapped_column(Date)
    expected_to_on: Mapped[date | None] = mapped_column(Date)
    carrier: Mapped[Str80 | None]
    tracking_number: Mapped[Str80 | None]
    # The word of whoever sends it, beside the desk's word on the whole order; and the day he means to hand it over.
    confirmed_at: Mapped[Instant | None]
    send_on: Mapped[date | None] = mapped_column(Date)
    packed_at: Mapped[Instant | None]
    handed_over_at: Mapped[Instant | None]
    # A photograph of the parcel as it was handed over.
    photo_key: Mapped[Str255 | None]
    delivered_at: Mapped[Instant | None]
    # Delivered, returned or cancelled: from then on runs the term after which the buyer's data is out of its sender's view.
    closed_at: Mapped[Instant | None]

    order: Mapped[Order] = relationship(back_populates="fulfilments")
    lines: Mapped[list[OrderLine]] = relationship(back_populates="fulfilment", order_by="OrderLine.id")
    point: Mapped[Point] = relationship()


class OrderLine(Base):
    """One variant of one parcel, with what was agreed copied."""

    __tablename__ = "order_lines"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("line_amount = unit_price_amount * quantity", name="line_adds_up"),
        CheckConstraint("refused_quantity >= 0 AND refused_quantity <= quantity", name="refused_within"),
        Index("ix_order_lines_order", "order_id"),
        Index("ix_order_lines_fulfilment", "fulfilment_id"),
        Index("ix_order_lines_variant", "variant_id"),
        # Of the few lines that have one.
        Index(
            "ix_order_lines_origin",
            "origin",
            sqlite_where=column("origin").is_not(None),
            postgresql_where=column("origin").is_not(None),
        ),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey(Order.id))
    fulfilment_id: Mapped[int] = mapped_column(ForeignKey(Fulfilment.id))
    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id))
    producer_id: Mapped[int | None] = mapped_column(ForeignKey(Producer.id), index=True)
    sku: Mapped[Str40]
    name: Mapped[Str255]
    pack: Mapped[Str255]
    quantity: Mapped[int]
    # Units of it that were refused (`OrderRefusal`); what was agreed stays beside them.
    refused_quantity: Mapped[int] = mapped_column(server_default="0")
    unit_price_amount: Mapped[Amount]
    line_amount: Mapped[Amount]
    price_id: Mapped[int] = mapped_column(ForeignKey(Price.id))
    certificate_required: Mapped[bool] = mapped_column(default=False)
    certificate_id: Mapped[int | None] = mapped_column(ForeignKey(Certificate.id))
    is_alcohol: Mapped[bool] = mapped_column(default=False)
    cold: Mapped[Str20] = mapped_column(default="none")
    weight_g: Mapped[int] = mapped_column(default=0)
    # Where the buyer met the goods, in the words of a room above (`exhibition:3:A12`).
    origin: Mapped[Str80 | None]

    order: Mapped[Order] = relationship(back_populates="lines")
    fulfilment: Mapped[Fulfilment] = relationship(back_populates="lines")

    @property
    def left_quantity(self) -> int:
        """The units that are (to be) sent."""
        return self.quantity - self.refused_quantity

    @property
    def left_amount(self) -> int:
        """What the units that are sent cost, in đồng."""
        return self.unit_price_amount * self.left_quantity


class OrderRefusal(Base):
    """Goods of one parcel that are not sent after all: append-only. amount = goods + delivery − discount, the refused part
    of what was agreed."""

    __tablename__ = "order_refusals"
    __table_args__ = (
        one_of("why", RefusalWhy),
        one_of("money", MoneyFollows),
        CheckConstraint("amount = goods_amount + delivery_amount - discount_amount", name="amount_adds_up"),
        CheckConstraint("goods_amount > 0 AND delivery_amount >= 0 AND discount_amount >= 0", name="amounts_whole"),
        CheckConstraint("amount >= 0", name="amount_whole"),
        Index("ix_order_refusals_order", "order_id", "id"),
        Index("ix_order_refusals_fulfilment", "fulfilment_id"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey(Order.id))
    fulfilment_id: Mapped[int] = mapped_column(ForeignKey(Fulfilment.id))
    # Nothing of the parcel is left to be sent.
    whole: Mapped[bool]
    why: Mapped[RefusalWhy] = mapped_column(EnumText(RefusalWhy))
    # In the words of whoever refuses; the buyer reads them.
    reason: Mapped[LongText]
    goods_amount: Mapped[Amount]
    delivery_amount: Mapped[Amount]
    discount_amount: Mapped[Amount]
    amount: Mapped[Amount]
    money: Mapped[MoneyFollows] = mapped_column(EnumText(MoneyFollows))
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]

    lines: Mapped[list[OrderRefusalLine]] = relationship(order_by="OrderRefusalLine.id")


class OrderRefusalLine(Base):
    """The refused units of one line."""

    __tablename__ = "order_refusal_lines"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        UniqueConstraint("refusal_id", "line_id"),
        Index("ix_order_refusal_lines_line", "line_id"),
    )

    id: Mapped[Id]
    refusal_id: Mapped[int] = mapped_column(ForeignKey(OrderRefusal.id))
    line_id: Mapped[int] = mapped_column(ForeignKey(OrderLine.id))
    quantity: Mapped[int]
    amount: Mapped[Amount]

    line: Mapped[OrderLine] = relationship()


class OrderLineDiscount(Base):
    """What one promotion took off a line, or off the delivery of a parcel (`line_id` NULL), and who bears it. The discounts of
    an order add up to its `discount_amount`, save what a counter took off by hand; a deposit is no discount.

    `beyond`: a counter without a network sold beyond what the promotion had left, or after it was stopped. The buyer keeps the
    price he paid and the shop bears it; the promotion knows nothing of it, so that its limits hold.

    `gone_quantity` are the line's units that were not kept after all (refused, returned, cancelled): their share went back to
    the promotion.
    """

    __tablename__ = "order_line_discounts"
    __table_args__ = (
        one_of("payer", Payer),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("units >= 0 AND gone_quantity >= 0", name="units_whole"),
        CheckConstraint("(payer = 'producer') = (producer_id IS NOT NULL)", name="payer_named"),
        CheckConstraint("NOT beyond OR payer = 'shop'", name="beyond_is_the_shops"),
        Index("ix_order_line_discounts_order", "order_id", "id"),
        Index("ix_order_line_discounts_line", "line_id"),
        Index("ix_order_line_discounts_promotion", "promotion_id", "id"),
        Index("ix_order_line_discounts_offer", "offer_id"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey(Order.id))
    fulfilment_id: Mapped[int] = mapped_column(ForeignKey(Fulfilment.id), index=True)
    line_id: Mapped[int | None] = mapped_column(ForeignKey(OrderLine.id))
    promotion_id: Mapped[int] = mapped_column(ForeignKey(Promotion.id))
    # The pack of a timed sale, and how many units were sold at its price.
    offer_id: Mapped[int | None] = mapped_column(ForeignKey(Offer.id))
    units: Mapped[int] = mapped_column(default=0)
    # The promotion's name in the order's language, copied.
    name: Mapped[Str255]
    amount: Mapped[Amount]
    payer: Mapped[Payer] = mapped_column(EnumText(Payer))
    producer_id: Mapped[int | None] = mapped_column(ForeignKey(Producer.id), index=True)
    gone_quantity: Mapped[int] = mapped_column(default=0)
    beyond: Mapped[bool] = mapped_column(default=False)


class ReturnLook(Base):
    """What somebody found of one line when its parcel came back: `good_quantity` went to the shelf, `bad_quantity` was written
    off. Written by the step that takes the parcel back, so that nothing comes to stock unseen."""

    __tablename__ = "return_looks"
    __table_args__ = (
        CheckConstraint("good_quantity >= 0 AND bad_quantity >= 0", name="quantities_whole"),
        UniqueConstraint("line_id"),
        Index("ix_return_looks_fulfilment", "fulfilment_id"),
    )

    id: Mapped[Id]
    fulfilment_id: Mapped[int] = mapped_column(ForeignKey(Fulfilment.id))
    line_id: Mapped[int] = mapped_column(ForeignKey(OrderLine.id))
    good_quantity: Mapped[int]
    bad_quantity: Mapped[int]
    note: Mapped[LongText]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]


class OrderTransition(Base):
    """One step of an order, of its payment or of one fulfilment: from, to, when, who, why."""

    __tablename__ = "order_transitions"
    __table_args__ = (
        CheckConstraint("subject IN ('order', 'payment', 'fulfilment')", name="subject_known"),
        Index("ix_order_transitions_order", "order_id", "id"),
    )

    id: Mapped[Id]
    order_id: Mapped[int] = mapped_column(ForeignKey(Order.id))
    fulfilment_id: Mapped[int | None] = mapped_column(ForeignKey(Fulfilment.id))
    subject: Mapped[Str20]
    from_status: Mapped[Str20]
    to_status: Mapped[Str20]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    reason: Mapped[LongText | None]
