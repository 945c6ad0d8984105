"""Cards by Stripe Checkout, through Stripe's own client, in VND (which has no smaller unit at Stripe either).

Test and live money never meet: they are two providers by name, a notice of the other kind is ignored, and a live key does not
start with a demo or with an imitation of the API.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import structlog

from config import Config, ConfigError
from shop.kernel import notices
from shop.kernel.db import leave_database
from shop.orders.models import PaymentMethod
from shop.payments.errors import BadSignature, ProviderBusy, ProviderRefused
from shop.payments.gateway import Ask, Begun, News, RefundAsk, What, Word

log = structlog.get_logger("payments")
API = "https://api.stripe.com"
# Each call is tried twice: together they end within ten seconds.
CONNECT_SECONDS, READ_SECONDS = 3.0, 4.5
# So many calls at once in one process; more would leave no thread for those who only look at the shop.
MOST_CALLS, WAIT_SECONDS = 4, 1.0
TOLERANCE_SECONDS = 300

_AMOUNTS = ("amount", "amount_total", "amount_received", "amount_refunded")
_WORDS = (
    "id",
    "object",
    "currency",
    "payment_intent",
    "payment_status",
    "status",
    "client_reference_id",
    "failure_reason",
)
_OURS = ("payment", "order", "refund")
_REFUND_STATES = {
    "succeeded": "succeeded",
    "pending": "pending",
    "requires_action": "pending",
    "failed": "failed",
    "canceled": "failed",
}


class StripeCards:
    """Stripe with one key."""

    method = PaymentMethod.CARD
    by_hand = False
    on_web = True

    def __init__(self, key: str, api_base: str | None, webhook_secret: str | None) -> None:
        import stripe  # costs memory, so only shops that have a key load it

        self.live = "_live_" in key
        self.name = "stripe" if self.live else "stripe_test"
        self.webhook_secret = webhook_secret
        self._errors = stripe
        self._slots = threading.BoundedSemaphore(MOST_CALLS)
        self._client = stripe.StripeClient(
            key,
            base_addresses={"api": (api_base or API).rstrip("/")},
            http_client=stripe.RequestsClient(timeout=(CONNECT_SECONDS, READ_SECONDS)),
            max_network_retries=1,
        )

    # --- asking ---

    @contextmanager
    def _call(self) -> Any:
        leave_database()
        if not self._slots.acquire(timeout=WAIT_SECONDS):
            raise ProviderBusy
        try:
            yield self._client.v1
        except self._errors.InvalidRequestError as error:
            raise ProviderRefused(_reason(error)) from error
        except self._errors.CardError as error:
            raise ProviderRefused(_reason(error)) from error
        except (self._errors.AuthenticationError, self._errors.PermissionError) as error:
            log.error("stripe does not accept the key", error=_reason(error))
            raise ProviderBusy from error
        except self._errors.StripeError as error:
            log.warning("stripe did not answer", error=_reason(error))
            raise ProviderBusy from error
        finally:
            self._slots.release()

    def begin(self, ask: Ask) -> Begun:
        marks = {"payment": str(ask.payment_id), "order": ask.order_reference}
        name = ("Order %s" if ask.locale == "en" else "Đơn hàng %s") % ask.order_reference
        params: dict[str, Any] = {
            "mode": "payment",
            "payment_method_types": ["card"],
            "client_reference_id": ask.order_reference,
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {"currency": "vnd", "unit_amount": ask.amount, "product_data": {"name": name}},
                }
            ],
            "metadata": marks,
            "payment_intent_data": {"metadata": marks, "description": name},
            "locale": "en" if ask.locale == "en" else "vi",
            "expires_at": int(ask.expires_at.timestamp()),
            "success_url": ask.success_url,
            "cancel_url": ask.cancel_url,
        }
        if ask.email:
            params["customer_email"] = ask.email
        with self._call() as v1:
            made = v1.checkout.sessions.create(params, {"idempotency_key": ask.key})
        if not made.url:
            raise ProviderRefused("the session has no address")
        return Begun(made.id, made.url)

    def look(self, reference: str) -> list[Word]:
        with self._call() as v1:
            session = v1.checkout.sessions.retrieve(reference).to_dict()
        words = self._session_word(session)
        intent = session.get("payment_intent")
        if session.get("payment_status") == "paid" and isinstance(intent, str):
            with self._call() as v1:
                refunds = v1.refunds.list({"payment_intent": intent, "limit": 100}).to_dict()
            words += [_refund_word(refund) for refund in refunds.get("data", [])]
        return words

    def close(self, reference: str) -> list[Word]:
        try:
            with self._call() as v1:
                session = v1.checkout.sessions.expire(reference).to_dict()
        except ProviderRefused:  # it is no longer open
            return self.look(reference)
        return self._session_word(session)

    def refund(self, ask: RefundAsk) -> Word:
        marks = {"refund": str(ask.refund_id), "payment": str(ask.payment_id), "order": ask.order_reference}
        params = {"payment_intent": ask.provider_payment, "amount": ask.amount, "metadata": marks}
        try:
            with self._call() as v1:
                return _refund_word(v1.refunds.create(params, {"idempotency_key": ask.key}).to_dict())
        except ProviderRefused:
            # A try whose answer was lost so long ago that Stripe has forgotten its key.
            with self._call() as v1:
                known = v1.refunds.list({"payment_intent": ask.provider_payment, "limit": 100}).to_dict()
            for refund in known.get("data", []):
                if (refund.get("metadata") or {}).get("refund") == marks["refund"]:
                    return _refund_word(refund)
            raise

    @staticmethod
    def _session_word(session: dict[str, Any]) -> list[Word]:
        state = session.get("payment_status") if session.get("status") == "complete" else session.get("status")
        if state not in {"paid", "expired"}:
            return []
        return [Word(f"api:{session['id']}:{state}", "api.session", _prune("api.session", session))]

    # --- listening ---

    def verified(self, body: bytes, header: str | None) -> None:
        """Check that Stripe signed the raw `body` within five minutes before or after now.

        Raises:
            BadSignature: it did not, or we have no secret to tell.
        """
        if not notices.is_signed(self.webhook_secret, body, header, within=TOLERANCE_SECONDS):
            raise BadSignature

    def word(self, event: Any) -> Word | None:
        """The part of a verified event that we keep; None if it has not the shape of one."""
        if not isinstance(event, dict) or not isinstance(event.get("data"), dict):
            return None
        event_id, kind, thing = _text(event.get("id")), _text(event.get("type"), 80), event["data"].get("object")
        if event_id is None or kind is None or not isinstance(thing, dict):
            return None
        payload = _prune(kind, thing)
        payload["livemode"] = event.get("livemode") is True
        return Word(event_id, kind, payload)

    def read(self, word: dict[str, Any]) -> list[News]:
        if "livemode" in word and word["livemode"] is not self.live:
            return []
        meaning = _MEANINGS.get(str(word.get("type")))
        return [meaning(word.get("object") or {})] if meaning else []


def _reason(error: Any) -> str:
    return str(getattr(error, "user_message", None) or error)[:500]


def _text(value: Any, longest: int = 255) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= longest and value.isprintable() else None


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**15 else None


def _prune(kind: str, thing: dict[str, Any]) -> dict[str, Any]:
    """Keep what decides about money; names, addresses and cards stay with Stripe. Only short text and whole numbers."""
    kept: dict[str, Any] = {name: n for name in _AMOUNTS if (n := _number(thing.get(name))) is not None}
    for name in _WORDS:
        value = thing.get(name)
        if name == "payment_intent" and isinstance(value, dict):
            value = value.get("id")
        if (words := _text(value)) is not None:
            kept[name] = words
    marks = thing.get("metadata")
    if isinstance(marks, dict):
        kept["metadata"] = {name: value for name in _OURS if (value := _text(marks.get(name), 40)) is not None}
    return {"type": kind, "object": kept}


def _refund_word(refund: dict[str, Any]) -> Word:
    return Word(f"api:{refund.get('id')}:{refund.get('status')}", "api.refund", _prune("api.refund", refund))


def _mark(thing: dict[str, Any], name: str) -> int | None:
    raw = (thing.get("metadata") or {}).get(name, "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 16 else None


def _common(thing: dict[str, Any]) -> dict[str, Any]:
    return {
        "payment_id": _mark(thing, "payment"),
        "order_reference": (thing.get("metadata") or {}).get("order") or thing.get("client_reference_id"),
        "currency": thing.get("currency"),
    }


def _session(what: What | None) -> Callable[[dict[str, Any]], News]:
    def meaning(thing: dict[str, Any]) -> News:
        said = what
        if said is None:
            paid, ended = thing.get("payment_status") == "paid", thing.get("status") == "expired"
            said = What.PAID if paid else What.EXPIRED if ended else What.OPEN
        return News(
            said,
            reference=thing.get("id"),
            provider_payment=thing.get("payment_intent"),
            amount=thing.get("amount_total"),
            **_common(thing),
        )

    return meaning


def _intent(what: What) -> Callable[[dict[str, Any]], News]:
    def meaning(thing: dict[str, Any]) -> News:
        return News(what, provider_payment=thing.get("id"), amount=thing.get("amount_received"), **_common(thing))

    return meaning


def _charge_refunded(thing: dict[str, Any]) -> News:
    """It does not say which refunds, so the API is asked."""
    return News(What.LOOK, provider_payment=thing.get("payment_intent"), **_common(thing))


def _refund(thing: dict[str, Any]) -> News:
    return News(
        What.REFUND,
        provider_payment=thing.get("payment_intent"),
        amount=thing.get("amount"),
        refund_reference=thing.get("id"),
        refund_id=_mark(thing, "refund"),
        refund_state=_REFUND_STATES.get(str(thing.get("status"))),
        reason=thing.get("failure_reason"),
        **_common(thing),
    )


_MEANINGS: dict[str, Callable[[dict[str, Any]], News]] = {
    "api.session": _session(None),
    "api.refund": _refund,
    # "completed" says that the buyer is through; whether money has come stands in `payment_status`.
    "checkout.session.completed": _session(None),
    "checkout.session.async_payment_succeeded": _session(What.PAID),
    "checkout.session.async_payment_failed": _session(What.FAILED),
    "checkout.session.expired": _session(What.EXPIRED),
    "payment_intent.succeeded": _intent(What.PAID),
    # One card was refused; the buyer may take another until the session ends.
    "payment_intent.payment_failed": _intent(What.NOTHING),
    "charge.refunded": _charge_refunded,
    "refund.created": _refund,
    "refund.updated": _refund,
    "refund.failed": _refund,
    "charge.refund.updated": _refund,
}


def build(config: Config) -> StripeCards | None:
    """Stripe, if `STRIPE_API_KEY` is set.

    Raises:
        ConfigError: a live key in a demo or test, or beside a foreign `STRIPE_API_BASE`.
    """
    key = config.stripe_api_key
    if not key:
        return None
    if "_live_" in key:
        if config.mode in {"demo", "test"}:
            raise ConfigError("STRIPE_API_KEY is a live key; a demo takes a test key only")
        if config.stripe_api_base and config.stripe_api_base.rstrip("/") != API:
            raise ConfigError("STRIPE_API_KEY is a live key; it is not sent to STRIPE_API_BASE")
    return StripeCards(key, config.stripe_api_base, config.stripe_webhook_secret)
