"""A small imitation of Stripe over HTTP, for the tests and for `make run`: the card path can be walked without an account.

    python -m shop.payments.fake_stripe --port 12111 --webhook-url http://127.0.0.1:8000/webhooks/stripe \\
        --webhook-secret whsec_…

It speaks what the real client needs of Stripe's API: Checkout Sessions (make, read, expire, a hosted page on which to pay),
PaymentIntents (read), Refunds (make, read, list), Disputes (read, list, answer, give up), Files, and the lines of the balance
(`fake_stripe_books.py`). `Idempotency-Key` is honoured: the same key gives the same answer, another body under it is refused.
Webhooks are signed as Stripe signs them and repeated until they are taken. Everything is in memory and ends with the process;
no real card number is ever asked for.

Tests turn the knobs of `FakeStripe`: slow or failing API, webhooks that are late, doubled, shuffled or lost.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import random
import re
import secrets
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

if __package__:
    from shop.payments import fake_stripe_pages as pages
    from shop.payments.fake_stripe_books import Books, Refused, page_of
else:  # a program of its own, which loads nothing of the shop
    sys.path.append(os.path.dirname(os.path.abspath(__file__)))
    import fake_stripe_pages as pages  # type: ignore[import-not-found, no-redef]
    from fake_stripe_books import Books, Refused, page_of  # type: ignore[import-not-found, no-redef]

SHORTEST_SESSION = 30 * 60
LONGEST_SESSION = 24 * 3600
SMALLEST_AMOUNT = 10_000  # đồng; Stripe asks for about half a US dollar
LARGEST_AMOUNT = 99_999_999  # eight digits
Thing = dict[str, Any]


def nested(pairs: list[tuple[str, str]]) -> Thing:
    """Form fields `a[b][0][c]=v` as nested dicts; numbers of lists stay keys (`{"0": …}`)."""
    root: Thing = {}
    for name, value in pairs:
        keys = re.findall(r"[^\[\]]+", name)
        at = root
        for key in keys[:-1]:
            at = at.setdefault(key, {})
        at[keys[-1]] = value
    return root


def sign(body: bytes, secret: str, at: float | None = None) -> str:
    """The `Stripe-Signature` header of `body`."""
    stamp = int(time.time() if at is None else at)
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={mac}"


class FakeStripe(Books):
    """The imitation. `deliver(body, signature) -> status` sends one webhook; without it they go to `webhook_url`."""

    def __init__(
        self,
        *,
        webhook_url: str | None = None,
        webhook_secret: str = "whsec_fake",  # noqa: S107 - of the imitation only
        deliver: Callable[[bytes, str], int] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        super().__init__()
        self.webhook_url = webhook_url
        self.webhook_secret = webhook_secret
        self.deliver = deliver
        # Knobs.
        self.delay = 0.0  # seconds before a webhook goes out
        self.copies = 1  # how often each webhook is sent
        self.drop = False  # webhooks are lost
        self.hold = False  # webhooks wait in `waiting` for `release`
        self.slow = 0.0  # seconds before the API answers
        self.lose_reply = 0  # so many answers of the API are cut off after the work was done
        self.fail = 0  # so many calls of the API end in 500 before any work
        self.lose = 0.0  # this share of webhooks never goes out, by `chance`
        self.chance = random.Random(1)
        self.refunds_pending = False  # refunds are made but not finished
        # Memory.
        self.lock = threading.RLock()
        self.sessions: dict[str, Thing] = {}
        self.intents: dict[str, Thing] = {}
        self.refunds: dict[str, Thing] = {}
        self.keys: dict[str, tuple[str, int, bytes]] = {}
        self.events: list[Thing] = []
        self.waiting: list[Thing] = []
        self.calls: list[tuple[str, str]] = []
        self._senders: list[threading.Thread] = []
        self._closing = threading.Event()
        self.server = _Server((host, port), self)
        self.address = f"http://{host}:{self.server.server_address[1]}"

    def now(self) -> int:
        """Seconds, as Stripe stamps things."""
        return int(time.time())

    # --- life ---

    def start(self) -> FakeStripe:
        """Answer in a thread of its own."""
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def stop(self) -> None:
        """Stop answering and sending."""
        self._closing.set()
        self.server.shutdown()
        self.server.server_close()
        self.settle(5)

    def settle(self, seconds: float = 20.0) -> None:
        """Wait until every webhook that is on its way has been taken or given up."""
        end = time.monotonic() + seconds
        while True:
            with self.lock:
                self._senders = [t for t in self._senders if t.is_alive()]
                running = list(self._senders)
            if not running or time.monotonic() > end:
                return
            running[0].join(0.1)

    # --- webhooks ---

    def tell(self, kind: str, thing: Thing) -> Thing:
        """Make an event of what `thing` is now and send it as the knobs say."""
        event = {
            "id": f"evt_{secrets.token_hex(12)}",
            "object": "event",
            "api_version": "2026-10-28.endive",
            "created": int(time.time()),
            "livemode": False,
            "type": kind,
            "data": {"object": json.loads(json.dumps(thing))},
        }
        with self.lock:
            self.events.append(event)
            if self.hold:
                self.waiting.append(event)
                return event
        if not self.drop and self.chance.random() >= self.lose:
            self.send(event, times=self.copies)
        return event

    def release(self, *, shuffle: random.Random | None = None, times: int = 1) -> None:
        """Send what waits, each `times` times, in a random order if a source of chance is given; wait until it is taken."""
        with self.lock:
            events = [event for event in self.waiting for _ in range(times)]
            self.waiting = []
        if shuffle is not None:
            shuffle.shuffle(events)
        for event in events:
            self.post(event)

    def send(self, event: Thing, *, times: int = 1) -> None:
        """Send `event` in threads of their own."""
        for _ in range(times):
            thread = threading.Thread(target=self._deliver, args=(event,), daemon=True)
            with self.lock:
                self._senders.append(thread)
            thread.start()

    def _deliver(self, event: Thing) -> None:
        self._closing.wait(self.delay)
        for pause in (0.5, 1, 2, 4, 8):
            if self._closing.is_set() or 200 <= self.post(event) < 300:
                return
            self._closing.wait(pause)

    def post(self, event: Thing) -> int:
        """Send `event` once, now; return the HTTP status, 0 if nobody answered."""
        body = json.dumps(event).encode()
        signature = sign(body, self.webhook_secret)
        if self.deliver is not None:
            return self.deliver(body, signature)
        if not self.webhook_url:
            return 200
        headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signature}
        request = urllib.request.Request(self.webhook_url, body, headers)  # noqa: S310 - the address we were started with
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code
        except OSError:
            return 0

    # --- what happens to money ---

    def pay(self, session_id: str) -> Thing:
        """The buyer pays; the session is complete and its money taken.

        Raises:
            Refused: the session is not open.
        """
        with self.lock:
            session = self._open(session_id)
            session.update(status="complete", payment_status="paid", url=None)
            intent = self.intents[session["payment_intent"]] = self._intent(session)
            self.charged(intent)
            self.tell("payment_intent.succeeded", intent)
            self.tell("checkout.session.completed", self._public(session))
            return session

    def decline(self, session_id: str) -> Thing:
        """A card is refused; the session stays open for another try."""
        with self.lock:
            session = self._open(session_id)
            intent = self._intent(session) | {"status": "requires_payment_method", "amount_received": 0}
            intent["last_payment_error"] = {"code": "card_declined"}
            self.tell("payment_intent.payment_failed", intent)
            return session

    def _intent(self, session: Thing) -> Thing:
        session["payment_intent"] = session["payment_intent"] or f"pi_{secrets.token_hex(12)}"
        return {
            "id": session["payment_intent"],
            "object": "payment_intent",
            "amount": session["amount_total"],
            "amount_received": session["amount_total"],
            "currency": session["currency"],
            "status": "succeeded",
            "livemode": False,
            "metadata": session["intent_metadata"],
            "latest_charge": f"ch_{session['id'][3:]}",
        }

    def lapse(self) -> None:
        """Expire the sessions whose time is over."""
        with self.lock:
            for session in self.sessions.values():
                if session["status"] == "open" and session["expires_at"] <= time.time():
                    session.update(status="expired", url=None)
                    self.tell("checkout.session.expired", self._public(session))

    def finish_refund(self, refund_id: str, status: str = "succeeded") -> Thing:
        """A refund that was pending comes to its end: `succeeded` or `failed`."""
        with self.lock:
            refund = self.refunds[refund_id]
            refund["status"] = status
            if status == "failed":
                refund["failure_reason"] = "expired_or_canceled_card"
                self.line("refund_failure", refund["amount"], refund)
            self.tell("refund.failed" if status == "failed" else "refund.updated", refund)
            return refund

    def _open(self, session_id: str) -> Thing:
        self.lapse()
        session = self.sessions.get(session_id)
        if session is None:
            raise Refused(404, f"No such checkout.session: '{session_id}'", code="resource_missing")
        if session["status"] != "open":
            raise Refused(400, "This Checkout Session is not open.")
        return session

    # --- the API ---

    def api(self, method: str, path: str, fields: Thing) -> Thing:
        """One call; returns the answer's object.

        Raises:
            Refused: as Stripe would.
        """
        parts = path.strip("/").split("/")
        with self.lock:
            self.lapse()
            match (method, *parts):
                case ("POST", "v1", "checkout", "sessions"):
                    return self._make_session(fields)
                case ("GET", "v1", "checkout", "sessions", session_id):
                    return self._public(self._get(self.sessions, "checkout.session", session_id))
                case ("POST", "v1", "checkout", "sessions", session_id, "expire"):
                    self._get(self.sessions, "checkout.session", session_id)
                    session = self._open(session_id)
                    session.update(status="expired", url=None)
                    self.tell("checkout.session.expired", self._public(session))
                    return self._public(session)
                case ("GET", "v1", "payment_intents", intent_id):
                    return self._get(self.intents, "payment_intent", intent_id)
                case ("POST", "v1", "refunds"):
                    return self._make_refund(fields)
                case ("GET", "v1", "refunds"):
                    intent = fields.get("payment_intent")
                    found = [r for r in self.refunds.values() if intent in (None, r["payment_intent"])]
                    return page_of(found, fields, "/v1/refunds")
                case ("GET", "v1", "balance_transactions"):
                    inside = fields.get("payout")
                    found = [line for line in self.balance if inside is None or line.get("payout") == inside]
                    return page_of(found, fields, "/v1/balance_transactions")
                case ("GET", "v1", "payouts", *rest):
                    return self.payout_call(rest, fields)
                case (_, "v1", "disputes", *rest):
                    return self.dispute_call(method, rest, fields)
                case ("GET", "v1", "refunds", refund_id):
                    return self._get(self.refunds, "refund", refund_id)
        raise Refused(404, f"Unrecognized request URL ({method}: {path}).")

    @staticmethod
    def _get(things: dict[str, Thing], name: str, key: str) -> Thing:
        if key not in things:
            raise Refused(404, f"No such {name}: '{key}'", code="resource_missing")
        return things[key]

    @staticmethod
    def _public(session: Thing) -> Thing:
        return {k: v for k, v in session.items() if k != "intent_metadata"}

    def _make_session(self, fields: Thing) -> Thing:
        lines = fields.get("line_items", {}).values()
        now = int(time.time())
        try:
            ends = int(fields.get("expires_at", now + LONGEST_SESSION))
            total = sum(int(line["price_data"]["unit_amount"]) * int(line.get("quantity", 1)) for line in lines)
            currencies = {line["price_data"]["currency"] for line in lines}
        except (KeyError, ValueError, TypeError) as error:
            raise Refused(400, f"Invalid line_items or expires_at: {error}") from error
        if fields.get("mode") != "payment" or not fields.get("success_url") or len(currencies) != 1:
            raise Refused(400, "mode must be payment, with success_url and lines of one currency")
        if not now + SHORTEST_SESSION - 60 <= ends <= now + LONGEST_SESSION + 60:
            raise Refused(400, "The `expires_at` timestamp must be from 30 minutes to 24 hours from now.")
        if total < SMALLEST_AMOUNT:
            raise Refused(400, "The Checkout Session's total amount is too small.", code="amount_too_small")
        if total > LARGEST_AMOUNT:
            raise Refused(400, "Amount must be no more than 99,999,999 đồng", code="amount_too_large")
        key = f"cs_test_{secrets.token_hex(20)}"
        session = self.sessions[key] = {
            "id": key,
            "object": "checkout.session",
            "mode": "payment",
            "status": "open",
            "payment_status": "unpaid",
            "amount_subtotal": total,
            "amount_total": total,
            "currency": currencies.pop(),
            "client_reference_id": fields.get("client_reference_id"),
            "customer_email": fields.get("customer_email"),
            "payment_intent": None,
            "payment_method_types": ["card"],
            "metadata": fields.get("metadata", {}),
            "intent_metadata": fields.get("payment_intent_data", {}).get("metadata", {}),
            "locale": fields.get("locale", "auto"),
            "created": now,
            "expires_at": ends,
            "livemode": False,
            "success_url": fields["success_url"],
            "cancel_url": fields.get("cancel_url"),
            "url": f"{self.address}/c/pay/{key}",
        }
        return self._public(session)

    def _make_refund(self, fields: Thing) -> Thing:
        intent = self._get(self.intents, "payment_intent", str(fields.get("payment_intent")))
        if any(d["payment_intent"] == intent["id"] and d["status"] != "won" for d in self.disputes.values()):
            raise Refused(400, f"Charge {intent['latest_charge']} has been charged back.", code="charge_disputed")
        mine = [r for r in self.refunds.values() if r["payment_intent"] == intent["id"] and r["status"] != "failed"]
        left = int(intent["amount_received"]) - sum(r["amount"] for r in mine)
        amount = int(fields.get("amount", left))
        if left == 0:
            raise Refused(
                400, f"Charge {intent['latest_charge']} has already been refunded.", code="charge_already_refunded"
            )
        if not 0 < amount <= left:
            raise Refused(400, f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})")
        key = f"re_{secrets.token_hex(12)}"
        refund = self.refunds[key] = {
            "id": key,
            "object": "refund",
            "amount": amount,
            "currency": intent["currency"],
            "payment_intent": intent["id"],
            "charge": intent["latest_charge"],
            "status": "pending" if self.refunds_pending else "succeeded",
            "metadata": fields.get("metadata", {}),
            "created": int(time.time()),
        }
        charge = {
            "id": intent["latest_charge"],
            "object": "charge",
            "payment_intent": intent["id"],
            "amount": intent["amount"],
            "amount_refunded": int(intent["amount_received"]) - left + amount,
            "currency": intent["currency"],
            "refunded": amount == left,
            "metadata": intent["metadata"],
        }
        self.line("refund", -amount, refund)
        self.tell("charge.refunded", charge)
        self.tell("refund.updated", refund)
        return refund


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], stripe: FakeStripe) -> None:
        self.stripe = stripe
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no error of ours."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    timeout = 30

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _file(self, body: bytes) -> Thing:
        """The content of a posted `multipart/form-data` with one file."""
        boundary = self.headers.get("Content-Type", "").partition("boundary=")[2].encode()
        for part in body.split(b"--" + boundary):
            head, _, content = part.partition(b"\r\n\r\n")
            if b'name="file"' in head:
                return self.server.stripe.keep_file(content.removesuffix(b"\r\n"))
        raise Refused(400, "Missing required param: file.")

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def do_GET(self) -> None:
        self._answer("GET", b"")

    def do_POST(self) -> None:
        self._answer("POST", self._body())

    def _answer(self, method: str, body: bytes) -> None:
        url = urlsplit(self.path)
        if url.path.startswith("/v1/"):
            self._api(method, url.path, url.query.encode() if method == "GET" else body)
        elif url.path.startswith("/c/pay/"):
            self._page(method, url.path.removeprefix("/c/pay/"), body)
        else:
            self._send(404, b"not found", "text/plain")

    def _api(self, method: str, path: str, form: bytes) -> None:
        stripe = self.server.stripe
        stripe.calls.append((method, path))
        time.sleep(stripe.slow)
        key = self.headers.get("Idempotency-Key") if method == "POST" else None
        digest = hashlib.sha256(path.encode() + b"?" + form).hexdigest()
        upload = (method, path) == ("POST", "/v1/files")  # its boundary is another one each time
        if upload:
            digest = path
        try:
            if not self.headers.get("Authorization", "").startswith("Bearer sk_test_"):
                raise Refused(401, "Invalid API Key provided")
            with stripe.lock:
                if stripe.fail > 0:
                    stripe.fail -= 1
                    raise Refused(500, "An unknown error occurred", kind="api_error")
                if key in stripe.keys:
                    known, status, answer = stripe.keys[key]
                    if known != digest:
                        raise Refused(
                            400,
                            "Keys for idempotent requests can only be used with the same parameters they were first used with.",
                            kind="idempotency_error",
                        )
                else:
                    status, answer = 200, b""
                    try:
                        done = (
                            self._file(form)
                            if upload
                            else stripe.api(method, path, nested(parse_qsl(form.decode(), keep_blank_values=True)))
                        )
                        answer = json.dumps(done).encode()
                    except Refused as error:
                        status, answer = error.status, json.dumps(error.body).encode()
                    if key:
                        stripe.keys[key] = (digest, status, answer)
                if stripe.lose_reply > 0:
                    stripe.lose_reply -= 1
                    self.close_connection = True
                    return
        except Refused as error:
            status, answer = error.status, json.dumps(error.body).encode()
        self._send(status, answer, "application/json")

    def _page(self, method: str, session_id: str, body: bytes) -> None:
        stripe = self.server.stripe
        try:
            if method == "GET":
                with stripe.lock:
                    stripe.lapse()
                    session = stripe._get(stripe.sessions, "checkout.session", session_id)
                    self._send(200, pages.hosted_page(session).encode(), "text/html; charset=utf-8")
                return
            button = dict(parse_qsl(body.decode())).get("do")
            if button == "pay":
                session = stripe.pay(session_id)
                self._redirect(session["success_url"].replace("{CHECKOUT_SESSION_ID}", session_id))
            elif button == "decline":
                stripe.decline(session_id)
                self._redirect(f"/c/pay/{session_id}?declined")
            else:
                session = stripe._get(stripe.sessions, "checkout.session", session_id)
                self._redirect(session["cancel_url"] or session["success_url"])
        except Refused as error:
            self._send(error.status, pages.message_page(str(error)).encode(), "text/html; charset=utf-8")

    def _redirect(self, to: str) -> None:
        self.send_response(303)
        self.send_header("Location", to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Request-Id", f"req_{secrets.token_hex(7)}")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Run until told to stop; unset options come from the shop's own environment."""
    port = os.environ.get("PORT", "8000")
    parser = argparse.ArgumentParser(description="A small imitation of Stripe.")
    parser.add_argument("--port", type=int, default=12111)
    parser.add_argument("--webhook-url", default=f"http://127.0.0.1:{port}/webhooks/stripe")
    parser.add_argument("--webhook-secret", default=os.environ.get("STRIPE_WEBHOOK_SECRET", "whsec_fake"))
    options = parser.parse_args()
    stripe = FakeStripe(webhook_url=options.webhook_url, webhook_secret=options.webhook_secret, port=options.port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        stripe.server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
