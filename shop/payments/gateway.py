"""The port to whoever moves the money. Each file in `gateways/` is one way; a new one is one more file.

Such a file has a function `build(config) -> Gateway | None`, which returns None when the settings do not offer it. An adapter
holds its own client, keeps no global state, calls `kernel.db.leave_database()` before it talks to another machine, answers
within ten seconds or raises `ProviderBusy`, and speaks of money only in `News`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from flask import Flask, current_app

from config import Config
from shop.orders.models import PaymentMethod
from shop.payments import gateways
from shop.payments.errors import MethodNotOffered


class What(StrEnum):
    """What a provider says: `look` means that it is worth asking again, `nothing` that it does not concern us."""

    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"
    OPEN = "open"
    REFUND = "refund"
    DISPUTE = "dispute"
    LOOK = "look"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Moved:
    """Money of a dispute that moved, by the provider's line `reference`: below zero taken from us, above it brought back."""

    reference: str
    amount: int
    fee_amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Disputed:
    """How a dispute stands. `state` is one of open, review, won, lost, closed; `moves` are all of its money so far."""

    reference: str
    state: str
    reason: str
    is_inquiry: bool
    opened_at: datetime | None
    due_at: datetime | None
    moves: tuple[Moved, ...] = ()


@dataclass(frozen=True, slots=True)
class News:
    """One fact in a provider's words, put into ours. Amounts are in the smallest unit of `currency` (đồng for `vnd`).

    `reference` is what `begin` returned, `provider_payment` the provider's payment (what refunds name); `payment_id` and
    `order_reference` are what we had attached. For refunds: `refund_reference` is the provider's, `refund_id` ours,
    `refund_state` one of pending, succeeded, failed.
    """

    what: What
    reference: str | None = None
    provider_payment: str | None = None
    payment_id: int | None = None
    order_reference: str | None = None
    amount: int | None = None
    currency: str | None = None
    refund_reference: str | None = None
    refund_id: int | None = None
    refund_state: str | None = None
    reason: str | None = None
    dispute: Disputed | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """A payment to begin. `key` is the idempotency key: the same key asks for the same thing."""

    key: str
    payment_id: int
    order_reference: str
    amount: int
    expires_at: datetime
    success_url: str
    cancel_url: str
    locale: str
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """What the provider made of it, and where the buyer goes."""

    reference: str
    redirect_url: str


@dataclass(frozen=True, slots=True)
class RefundAsk:
    """Money to send back."""

    key: str
    refund_id: int
    payment_id: int
    order_reference: str
    provider_payment: str
    amount: int


@dataclass(frozen=True, slots=True)
class Word:
    """What a provider said, to be kept once under `event_id`: a webhook's event, or (`api:…`) an answer of its API."""

    event_id: str
    kind: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a provider's balance, in the smallest unit of `currency`; `kind` as in `LineKind`. `amount` is before the
    fee; `source` is the provider's name of what caused it, `provider_payment` of the payment behind that."""

    reference: str
    kind: str
    amount: int
    fee_amount: int
    currency: str
    at: datetime
    source: str | None
    provider_payment: str | None
    payment_id: int | None
    order_reference: str | None


@dataclass(frozen=True, slots=True)
class Defence:
    """The answer to a dispute: short texts and names of uploaded files, by the provider's names of them."""

    key: str
    reference: str
    evidence: dict[str, str]


@runtime_checkable
class KeepsBooks(Protocol):
    """What a provider can be asked beside single payments: disputes and the lines of its balance. Each raises ProviderBusy and
    ProviderRefused."""

    def dispute(self, reference: str) -> list[Word]:
        """How a dispute stands."""

    def disputes(self, since: datetime) -> list[Word]:
        """The disputes opened since then."""

    def upload(self, key: str, name: str, content: bytes) -> str:
        """Give a paper; return the provider's name of it. The same key is the same paper."""

    def defend(self, defence: Defence) -> Word:
        """Send the answer to a dispute; it cannot be changed afterwards."""

    def concede(self, key: str, reference: str) -> Word:
        """Give a dispute up."""

    def lines(self, since: datetime) -> list[Line]:
        """The lines of the balance since then, oldest first."""


@dataclass(frozen=True, slots=True)
class Payout:
    """Money that a provider sends to our bank: `amount` in the currency's smallest unit, `due_on` the day it should be there,
    `words` what the bank's line is to show. `lines` are the provider's own names of what it is made of, `net_amount` their sum;
    None where it does not say."""

    reference: str
    status: str
    amount: int
    currency: str
    sent_at: datetime
    due_on: date
    words: str
    lines: tuple[str, ...] | None = None
    net_amount: int | None = None


@runtime_checkable
class PaysOut(Protocol):
    """A provider that sends what it has collected to our bank by itself. Raises ProviderBusy, ProviderRefused."""

    def payouts(self, since: datetime, known: Collection[str] = ()) -> list[Payout]:
        """The payouts made since then, and those of `known` as they stand now, oldest first."""


class Gateway(Protocol):
    """One way of moving money. `name` is kept with each payment for ever; `by_hand` ones are recorded by people; those that
    are not `on_web` are for counters."""

    name: str
    method: PaymentMethod
    by_hand: bool
    on_web: bool

    def begin(self, ask: Ask) -> Begun:
        """Ask for a payment. Raises ProviderBusy, ProviderRefused."""

    def look(self, reference: str) -> list[Word]:
        """Ask how a payment and its refunds stand; nothing while it is open. Raises ProviderBusy, ProviderRefused."""

    def close(self, reference: str) -> list[Word]:
        """End an unpaid payment, so that no money can come any more; tell how it stands. Raises as `look`."""

    def refund(self, ask: RefundAsk) -> Word:
        """Send money back. Raises ProviderBusy, ProviderRefused."""

    def read(self, word: dict[str, Any]) -> list[News]:
        """What the payload of a `Word` means. Never raises: what cannot be read is no news."""


class ByHand:
    """What the ways without a machine have in common: nothing to ask."""

    name: str
    by_hand = True
    on_web = True

    def begin(self, ask: Ask) -> Begun:
        raise MethodNotOffered

    def look(self, reference: str) -> list[Word]:
        return []

    def close(self, reference: str) -> list[Word]:
        return []

    def refund(self, ask: RefundAsk) -> Word:
        raise MethodNotOffered

    def read(self, word: dict[str, Any]) -> list[News]:
        return []


def build_all(config: Config) -> dict[str, Gateway]:
    """All gateways that `config` offers, by name, in the order in which buyers see their methods."""
    built: list[Gateway] = []
    for module in pkgutil.iter_modules(gateways.__path__):
        found = importlib.import_module(f"{gateways.__name__}.{module.name}").build(config)
        if found is not None:
            built.append(found)
    order = list(PaymentMethod)
    return {g.name: g for g in sorted(built, key=lambda g: order.index(g.method))}


def install(app: Flask, config: Config) -> None:
    """Give `app` its gateways."""
    app.extensions["shop_gateways"] = build_all(config)


def offered() -> dict[str, Gateway]:
    """The gateways of the running shop by name."""
    found: dict[str, Gateway] = current_app.extensions["shop_gateways"]
    return found


def by_hand(provider: str) -> bool:
    """Whether people move the money of payments that went through `provider`; also if the settings do not offer it any more:
    what was paid then can still be given back."""
    return provider in by_hand_names()


def by_hand_names() -> list[str]:
    """The names of all ways whose money people record, offered or not."""
    return [way.name for way in ByHand.__subclasses__()]


def for_method(method: PaymentMethod) -> Gateway:
    """The gateway new payments of `method` go through.

    Raises:
        MethodNotOffered: the settings offer none.
    """
    for found in offered().values():
        if found.method == method:
            return found
    raise MethodNotOffered


def named(provider: str) -> Gateway:
    """The gateway a payment went through, by the name kept with it; a test payment never meets a live key.

    Raises:
        MethodNotOffered: the settings do not have it (any more).
    """
    found = offered().get(provider)
    if found is None:
        raise MethodNotOffered
    return found
