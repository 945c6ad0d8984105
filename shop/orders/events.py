"""Facts told by orders."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OrderPlaced:
    order_id: int


@dataclass(frozen=True, slots=True)
class SoldAtCounter:
    """An order was written that had been paid and handed over at a counter."""

    order_id: int


@dataclass(frozen=True, slots=True)
class OrderConfirmed:
    order_id: int


@dataclass(frozen=True, slots=True)
class OrderCancelled:
    """`reason` is what the buyer is told; `by` is the actor's kind (user, guest, system)."""

    order_id: int
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class OrderPaid:
    order_id: int


@dataclass(frozen=True, slots=True)
class OrderCompleted:
    order_id: int


@dataclass(frozen=True, slots=True)
class ParcelConfirmed:
    """Whoever sends a parcel said that he will; the order itself may still wait for others."""

    order_id: int
    fulfilment_id: int


@dataclass(frozen=True, slots=True)
class LinesRefused:
    """Ordered goods are not sent: `variants[i]` was refused `quantities[i]` times. `ends_order`: nothing was left, the order is
    cancelled by the same step and its money follows that; else `amount` đồng less are owed."""

    order_id: int
    fulfilment_id: int
    refusal_id: int
    variants: tuple[int, ...]
    quantities: tuple[int, ...]
    amount: int
    ends_order: bool


@dataclass(frozen=True, slots=True)
class FulfilmentPacked:
    order_id: int
    fulfilment_id: int


@dataclass(frozen=True, slots=True)
class FulfilmentHandedOver:
    order_id: int
    fulfilment_id: int


@dataclass(frozen=True, slots=True)
class FulfilmentDelivered:
    order_id: int
    fulfilment_id: int


@dataclass(frozen=True, slots=True)
class FulfilmentReturned:
    order_id: int
    fulfilment_id: int


@dataclass(frozen=True, slots=True)
class ReturnedUnpaid:
    """A parcel came back before its cash was taken, and others of its order were kept: `amount` đồng less are owed."""

    order_id: int
    fulfilment_id: int
    amount: int
