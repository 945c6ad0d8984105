"""Orders about to be placed: everything that will be copied into them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from shop.orders import discounts
from shop.orders.models import WEB, DeliveryKind, PaymentMethod
from shop.promotions.queries import NOBODY, Buyer
from shop.stock.services import Take


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One variant of a parcel as it will be sold: everything is copied into the order."""

    variant_id: int
    producer_id: int | None
    sku: str
    name: str
    pack: str
    quantity: int
    unit_price_amount: int
    price_id: int
    certificate_required: bool
    certificate_id: int | None
    is_alcohol: bool
    cold: str
    weight_g: int
    # Where the buyer met the goods, as a room above calls it.
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class DraftParcel:
    """What leaves one point together; `takes` are the levels its goods come from."""

    point_id: int
    kind: DeliveryKind
    lines: tuple[DraftLine, ...]
    takes: tuple[Take, ...]
    fee_amount: int
    weight_g: int
    expected_from_on: date | None = None
    expected_to_on: date | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """An order about to be placed. `pay_until` is None where nothing is paid beforehand (cash on delivery)."""

    op_key: str
    op_digest: str
    basket_key: str | None
    user_id: int | None
    locale: str
    payment_method: PaymentMethod
    delivery: DeliveryKind
    name: str
    phone: str
    email: str | None
    parcels: tuple[DraftParcel, ...]
    pay_until: datetime | None
    province_code: str | None = None
    province_name: str | None = None
    commune_code: str | None = None
    commune_name: str | None = None
    street: str | None = None
    pickup_point_id: int | None = None
    note: str | None = None
    invoice: dict[str, Any] | None = None
    # A discount that no promotion names (a deposit that was paid).
    discount_amount: int = 0
    age_confirmed_at: datetime | None = None
    channel: str = WEB
    address_key: str | None = None
    is_demo: bool = False
    # What promotions take off, and who the buyer is to their limits.
    discounts: tuple[discounts.Draft, ...] = ()
    buyer: Buyer = NOBODY
    placed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """What placing gave: `secret` opens the order's page by link and is known only now."""

    order_id: int
    reference: str
    secret: str
    total_amount: int
