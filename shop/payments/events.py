"""Facts of this room."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PaymentCaptured:
    """The agreed amount has come, in time or late; who hears it finds the goods or asks for a refund."""

    payment_id: int
    order_id: int


@dataclass(frozen=True, slots=True)
class PaymentFailed:
    """The payment ended without money: refused, given up or past its term."""

    payment_id: int
    order_id: int


@dataclass(frozen=True, slots=True)
class RefundRequested:
    """An amount is set aside to go back; it has not gone yet."""

    refund_id: int
    order_id: int


@dataclass(frozen=True, slots=True)
class RefundSucceeded:
    """Money has gone back."""

    refund_id: int
    order_id: int


@dataclass(frozen=True, slots=True)
class RefundFailed:
    """The money could not be given back; what was set aside is free again. `told` is `Refund.told` of the success that is no
    more, empty if there was none."""

    refund_id: int
    order_id: int
    told: str = ""


@dataclass(frozen=True, slots=True)
class RestAsked:
    """A person asks the buyer for what a payment lacks; `times` counts it within the case."""

    payment_id: int
    issue_id: int
    times: int


@dataclass(frozen=True, slots=True)
class RefundReopened:
    """What was taken for a refund's transfer was not it: the refund waits to be sent again; `told` as in `RefundFailed`."""

    refund_id: int
    order_id: int
    told: str = ""


@dataclass(frozen=True, slots=True)
class DisputeOpened:
    """A buyer's bank disputes a card payment, or asks about it."""

    dispute_id: int
    order_id: int


@dataclass(frozen=True, slots=True)
class DisputeMoneyMoved:
    """Money of a dispute was taken from us or brought back, once for each of the provider's lines."""

    move_id: int
    dispute_id: int
    order_id: int


@dataclass(frozen=True, slots=True)
class DisputeEnded:
    """A dispute was won, lost or let go."""

    dispute_id: int
    order_id: int


@dataclass(frozen=True, slots=True)
class GatewayLineMatched:
    """A line of a provider's balance is the same as what our books say, or a person has accepted it."""

    line_id: int
