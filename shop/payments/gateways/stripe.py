"""Cards by Stripe Checkout, through Stripe's own client, in VND (which has no smaller unit at Stripe either).

Test and live money never meet: they are two providers by name, a notice of the other kind is ignored, and a live key does not
start with a demo or with an imitation of the API.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Collection
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import structlog

from config import Config, ConfigError
from shop.kernel import clock, notices
from shop.kernel.db import leave_database
from shop.orders.models import PaymentMethod
from shop.payments.errors import BadSignature, ProviderBusy, ProviderRefused
from shop.payments.gateway import Ask, Begun, Defence, Disputed, Line, Moved, News, Payout, RefundAsk, What, Word

log = structlog.get_logger("payments")
API, FILES = "https://api.stripe.com", "https://files.stripe.com"
# A list is read page by page; more pages than this at once are left for the next time.
PAGE, MOST_PAGES = 100, 100
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
    "charge",
    "reason",
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
            base_addresses={"api": (api_base or API).rstrip("/"), "files": (api_base or FILES).rstrip("/")},
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

    # --- its books ---

    def dispute(self, reference: str) -> list[Word]:
        with self._call() as v1:
            return [_dispute_word(v1.disputes.retrieve(reference).to_dict())]

    def disputes(self, since: datetime) -> list[Word]:
        params = {"created": {"gte": int(since.timestamp())}}
        return [_dispute_word(found) for found in self._pages(lambda v1, p: v1.disputes.list(p), params)]

    def upload(self, key: str, name: str, content: bytes) -> str:
        file = io.BytesIO(content)
        file.name = name
        with self._call() as v1:
            made = v1.files.create({"purpose": "dispute_evidence", "file": file}, {"idempotency_key": key})
        return str(made.id)

    def defend(self, defence: Defence) -> Word:
        params = {"evidence": defence.evidence, "submit": True}
        with self._call() as v1:
            return _dispute_word(
                v1.disputes.update(defence.reference, params, {"idempotency_key": defence.key}).to_dict()
            )

    def concede(self, key: str, reference: str) -> Word:
        with self._call() as v1:
            return _dispute_word(v1.disputes.close(reference, {}, {"idempotency_key": key}).to_dict())

    def lines(self, since: datetime) -> list[Line]:
        params = {"created": {"gte": int(since.timestamp())}, "expand": ["data.source"]}
        found = self._pages(lambda v1, p: v1.balance_transactions.list(p), params)
        return [line for raw in reversed(found) if (line := _line(raw)) is not None]

    def payouts(self, since: datetime, known: Collection[str] = ()) -> list[Payout]:
        found = self._pages(lambda v1, p: v1.payouts.list(p), {"created": {"gte": int(since.timestamp())}})
        told = {str(raw.get("id")) for raw in found}
        for reference in sorted(set(known) - told):
            with self._call() as v1:
                found.append(v1.payouts.retrieve(reference).to_dict())
        made = []
        for raw in sorted(found, key=lambda raw: int(raw.get("created") or 0)):
            payout = _payout(raw)
            if payout is None:
                continue
            # Only automatic payouts say what they are made of; of one made by hand nobody can.
            if raw.get("automatic"):
                inside = self._pages(lambda v1, p: v1.balance_transactions.list(p), {"payout": payout.reference})
                parts = [one for line in inside if (one := _line(line)) is not None and one.kind != "payout"]
                net = sum(one.amount - one.fee_amount for one in parts)
                payout = replace(payout, lines=tuple(one.reference for one in parts), net_amount=net)
            made.append(payout)
        return made

    def _pages(self, ask: Callable[[Any, dict[str, Any]], Any], params: dict[str, Any]) -> list[dict[str, Any]]:
        """All pages of a list, newest first."""
        found: list[dict[str, Any]] = []
        for _ in range(MOST_PAGES):
            after = {"starting_after": found[-1]["id"]} if found else {}
            with self._call() as v1:
                page = ask(v1, params | {"limit": PAGE} | after).to_dict()
            found += page.get("data", [])
            if not page.get("has_more") or not page.get("data"):
                return found
        log.error("a list of stripe was longer than we read", pages=MOST_PAGES)
        return found

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
    if thing.get("object") == "dispute":
        kept |= _prune_dispute(thing)
    marks = thing.get("metadata")
    if isinstance(marks, dict):
        kept["metadata"] = {name: value for name in _OURS if (value := _text(marks.get(name), 40)) is not None}
    return {"type": kind, "object": kept}


def _prune_dispute(thing: dict[str, Any]) -> dict[str, Any]:
    details, moves = thing.get("evidence_details"), thing.get("balance_transactions")
    kept: dict[str, Any] = {"moves": []}
    for name, value in (
        ("created", thing.get("created")),
        ("due_by", details.get("due_by") if isinstance(details, dict) else None),
    ):
        if (number := _number(value)) is not None:
            kept[name] = number
    for move in moves if isinstance(moves, list) else []:
        if isinstance(move, dict) and _text(move.get("id")) and isinstance(move.get("amount"), int):
            fee = move.get("fee")
            kept["moves"].append(
                {
                    "id": move["id"],
                    "amount": move["amount"],
                    "fee": fee if isinstance(fee, int) else 0,
                    "currency": _text(move.get("currency"), 8) or "",
                }
            )
    return kept


def _dispute_word(dispute: dict[str, Any]) -> Word:
    payload = _prune("api.dispute", dispute)
    # The same state with the same money is the same word.
    stamp = f"{dispute.get('id')}:{dispute.get('status')}:{len(payload['object']['moves'])}"
    return Word(f"api:{stamp}", "api.dispute", payload)


_LINE_KINDS = {
    "charge": "charge",
    "payment": "charge",
    "refund": "refund",
    "payment_refund": "refund",
    "refund_failure": "refund_back",
    "payment_failure_refund": "refund_back",
    "stripe_fee": "fee",
    "stripe_fx_fee": "fee",
    "tax_fee": "fee",
    "payout": "payout",
    "payout_cancel": "payout",
    "payout_failure": "payout",
}


def _payout(raw: dict[str, Any]) -> Payout | None:
    """A payout; None if it has not the shape of one."""
    reference, currency, status = _text(raw.get("id")), _text(raw.get("currency"), 8), _text(raw.get("status"), 20)
    at, due, amount = _number(raw.get("created")), _number(raw.get("arrival_date")), raw.get("amount")
    if reference is None or currency is None or status is None or at is None or not isinstance(amount, int):
        return None
    sent = datetime.fromtimestamp(at, UTC)
    day = clock.business_day(datetime.fromtimestamp(due, UTC)) if due is not None else clock.business_day(sent)
    return Payout(
        reference, status, amount, currency, sent, day, _text(raw.get("statement_descriptor"), 60) or "STRIPE"
    )


def _line(raw: dict[str, Any]) -> Line | None:
    """A line of the balance; None if it has not the shape of one."""
    reference, currency, at = _text(raw.get("id")), _text(raw.get("currency"), 8), _number(raw.get("created"))
    amount, fee = raw.get("amount"), raw.get("fee")
    if reference is None or currency is None or at is None or not isinstance(amount, int) or not isinstance(fee, int):
        return None
    found = raw.get("source")
    source: dict[str, Any] = found if isinstance(found, dict) else {"id": found}
    kind = _LINE_KINDS.get(str(raw.get("type")), "other")
    if kind == "other" and source.get("object") == "dispute":
        kind = "dispute"
    intent = source.get("payment_intent")
    return Line(
        reference, kind, amount, fee, currency, datetime.fromtimestamp(at, UTC), _text(source.get("id")),
        _text(intent.get("id") if isinstance(intent, dict) else intent), _mark(source, "payment"),
        _text((source.get("metadata") or {}).get("order"), 40),
    )  # fmt: skip


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


_DISPUTE_STATES = {
    "needs_response": "open",
    "warning_needs_response": "open",
    "under_review": "review",
    "warning_under_review": "review",
    "won": "won",
    "lost": "lost",
    "warning_closed": "closed",
    "prevented": "closed",
}


def _instant(seconds: Any) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) and seconds > 0 else None


def _dispute(thing: dict[str, Any]) -> News:
    status = str(thing.get("status"))
    told = None
    if thing.get("id") and status in _DISPUTE_STATES:
        told = Disputed(
            reference=thing["id"],
            state=_DISPUTE_STATES[status],
            reason=thing.get("reason") or "general",
            is_inquiry=status.startswith("warning"),
            opened_at=_instant(thing.get("created")),
            due_at=_instant(thing.get("due_by")),
            moves=tuple(
                Moved(move["id"], move["amount"], move["fee"], move["currency"]) for move in thing.get("moves", [])
            ),
        )
    return News(
        What.DISPUTE,
        provider_payment=thing.get("payment_intent"),
        amount=thing.get("amount"),
        dispute=told,
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
    "payment_intent.created": _intent(What.NOTHING),
    "payment_intent.processing": _intent(What.NOTHING),
    "payment_intent.requires_action": _intent(What.NOTHING),
    # Taken by nobody and given up: how the session stands decides.
    "payment_intent.amount_capturable_updated": _intent(What.LOOK),
    "payment_intent.partially_funded": _intent(What.LOOK),
    "payment_intent.canceled": _intent(What.LOOK),
    "charge.refunded": _charge_refunded,
    "refund.created": _refund,
    "refund.updated": _refund,
    "refund.failed": _refund,
    "charge.refund.updated": _refund,
    "api.dispute": _dispute,
    "charge.dispute.created": _dispute,
    "charge.dispute.updated": _dispute,
    "charge.dispute.closed": _dispute,
    "charge.dispute.funds_withdrawn": _dispute,
    "charge.dispute.funds_reinstated": _dispute,
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
