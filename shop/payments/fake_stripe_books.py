"""What the imitation of Stripe (`fake_stripe.py`) knows beside payments: disputes, files, and the lines of its balance.

It needs nothing of the shop. Fees are the imitation's own: 3 % of a charge, 150,000 đồng for a dispute.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from typing import Any

Thing = dict[str, Any]
CHARGE_FEE_PERCENT = 3
DISPUTE_FEE = 150_000


class Refused(Exception):
    """An error as Stripe words it."""

    def __init__(
        self, status: int, message: str, *, kind: str = "invalid_request_error", code: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "message": message, "code": code}}


def page_of(things: list[Thing], fields: Thing, url: str) -> Thing:
    """A list as Stripe pages it: newest first, `limit`, `starting_after`, `created[gte]`."""
    since = int(fields.get("created", {}).get("gte", 0)) if isinstance(fields.get("created"), dict) else 0
    found = [thing for thing in reversed(things) if thing["created"] >= since]
    after = fields.get("starting_after")
    if after is not None:
        at = next((n for n, thing in enumerate(found) if thing["id"] == after), len(found))
        found = found[at + 1 :]
    limit = int(fields.get("limit", 10))
    return {"object": "list", "url": url, "has_more": len(found) > limit, "data": found[:limit]}


class Books:
    """The half of the imitation that keeps disputes, files and the balance. `now` and `tell` are the other half's."""

    lock: threading.RLock
    intents: dict[str, Thing]
    now: Callable[[], int]
    tell: Callable[..., Thing]

    def __init__(self) -> None:
        self.disputes: dict[str, Thing] = {}
        self.files: dict[str, bytes] = {}
        self.balance: list[Thing] = []
        self.payouts: dict[str, Thing] = {}

    def line(self, kind: str, amount: int, source: Thing | None, *, fee: int = 0, currency: str = "vnd") -> Thing:
        """Write a line of the balance. `amount` is what moved before the fee, below zero when it left."""
        line = {
            "id": f"txn_{secrets.token_hex(12)}",
            "object": "balance_transaction",
            "type": kind,
            "reporting_category": {"adjustment": "dispute"}.get(kind, kind),
            "amount": amount,
            "fee": fee,
            "net": amount - fee,
            "currency": currency,
            "created": self.now(),
            "available_on": self.now() + 7 * 86400,
            "source": source,
        }
        self.balance.append(line)
        return line

    def charged(self, intent: Thing) -> None:
        """A payment stands in the balance."""
        charge = {"id": intent["latest_charge"], "object": "charge", "payment_intent": intent["id"]}
        amount = int(intent["amount_received"])
        self.line("charge", amount, charge | {"metadata": intent["metadata"]}, fee=amount * CHARGE_FEE_PERCENT // 100)

    def pay_out(self) -> Thing:
        """All of the balance goes to the bank."""
        with self.lock:
            inside = [line for line in self.balance if not line.get("payout")]
            amount, key = sum(line["net"] for line in inside), f"po_{secrets.token_hex(12)}"
            for line in inside:
                line["payout"] = key
            self.payouts[key] = {
                "id": key, "object": "payout", "amount": amount, "currency": "vnd", "status": "in_transit",
                "created": self.now(), "arrival_date": self.now() + 2 * 86400, "automatic": True, "livemode": False,
                "statement_descriptor": "STRIPE CHO BEN", "metadata": {},
            }  # fmt: skip
            return self.line("payout", -amount, {"id": key, "object": "payout"})

    def fail_payout(self, key: str) -> None:
        """The bank would not take it: the money is in the balance again."""
        with self.lock:
            payout = self.payouts[key]
            payout["status"] = "failed"
            line = self.line("payout_failure", payout["amount"], {"id": key, "object": "payout"})
            line["payout"] = None

    def payout_call(self, parts: list[str], fields: Thing) -> Thing:
        """One call of the API about payouts.

        Raises:
            Refused: as Stripe would.
        """
        if not parts:
            return page_of(list(self.payouts.values()), fields, "/v1/payouts")
        if parts[0] not in self.payouts:
            raise Refused(404, f"No such payout: '{parts[0]}'", code="resource_missing")
        return self.payouts[parts[0]]

    # --- disputes ---

    def dispute(
        self, intent_id: str, amount: int | None = None, *, reason: str = "product_not_received", inquiry: bool = False,
        days: int = 7,
    ) -> Thing:  # fmt: skip
        """The buyer's bank takes a payment back, or (`inquiry`) only asks."""
        with self.lock:
            intent = self.intents[intent_id]
            key = f"dp_{secrets.token_hex(12)}"
            dispute = self.disputes[key] = {
                "id": key,
                "object": "dispute",
                "amount": int(intent["amount_received"]) if amount is None else amount,
                "currency": intent["currency"],
                "charge": intent["latest_charge"],
                "payment_intent": intent_id,
                "reason": reason,
                "status": "warning_needs_response" if inquiry else "needs_response",
                "created": self.now(),
                "livemode": False,
                "metadata": {},
                "evidence": {},
                "evidence_details": {
                    "due_by": self.now() + days * 86400, "has_evidence": False, "past_due": False, "submission_count": 0,
                },
                "balance_transactions": [],
            }  # fmt: skip
            self.tell("charge.dispute.created", dispute)
            if not inquiry:
                self._moved(dispute, -dispute["amount"], DISPUTE_FEE)
                self.tell("charge.dispute.funds_withdrawn", dispute)
            return dispute

    def _moved(self, dispute: Thing, amount: int, fee: int) -> None:
        source = {k: dispute[k] for k in ("id", "object", "payment_intent", "charge")}
        line = self.line("adjustment", amount, source, fee=fee)
        dispute["balance_transactions"].append({k: v for k, v in line.items() if k != "source"})

    def rule(self, dispute_id: str, status: str) -> Thing:
        """The bank has decided: `won`, `lost` or `warning_closed`."""
        with self.lock:
            dispute = self.disputes[dispute_id]
            dispute["status"] = status
            self.tell("charge.dispute.closed", dispute)
            if status == "won":
                self._moved(dispute, dispute["amount"], -DISPUTE_FEE)
                self.tell("charge.dispute.funds_reinstated", dispute)
            return dispute

    def dispute_call(self, method: str, parts: list[str], fields: Thing) -> Thing:
        """One call of the API about disputes.

        Raises:
            Refused: as Stripe would.
        """
        if method == "GET" and not parts:
            return page_of(list(self.disputes.values()), fields, "/v1/disputes")
        dispute = self.disputes.get(parts[0]) if parts else None
        if dispute is None and parts and parts[0].startswith("dp_demo_"):
            dispute = self._of_the_demonstration(parts[0])
        if dispute is None:
            raise Refused(404, f"No such dispute: '{parts[:1]}'", code="resource_missing")
        if method == "GET":
            return dispute
        if dispute["status"] not in {"needs_response", "warning_needs_response"}:
            raise Refused(400, "This dispute is already closed.", code="dispute_not_open")
        if parts[1:] == ["close"]:
            dispute["status"] = "lost"
            self.tell("charge.dispute.closed", dispute)
            return dispute
        evidence = fields.get("evidence", {})
        for name, value in evidence.items():
            if str(value).startswith("file_") and value not in self.files:
                raise Refused(400, f"No such file upload: '{value}'", code="resource_missing")
            dispute["evidence"][name] = value
        if fields.get("submit") != "false":
            dispute["status"] = "warning_under_review" if "warning" in dispute["status"] else "under_review"
            details = dispute["evidence_details"]
            details.update(has_evidence=True, submission_count=details["submission_count"] + 1)
        self.tell("charge.dispute.updated", dispute)
        return dispute

    def _of_the_demonstration(self, key: str) -> Thing:
        """The dispute that the demonstration's data tell of, so that it can be answered; its name says its amount."""
        dispute = self.disputes[key] = {
            "id": key, "object": "dispute", "amount": int(key.removeprefix("dp_demo_")), "currency": "vnd",
            "charge": "ch_minh_hoa", "payment_intent": "pi_minh_hoa", "reason": "product_not_received",
            "status": "needs_response", "created": self.now(), "livemode": False, "metadata": {}, "evidence": {},
            "evidence_details": {"due_by": self.now() + 7 * 86400, "has_evidence": False, "submission_count": 0},
            "balance_transactions": [],
        }  # fmt: skip
        return dispute

    def keep_file(self, content: bytes) -> Thing:
        """A file that was sent, whole."""
        key = f"file_{secrets.token_hex(12)}"
        self.files[key] = content
        return {"id": key, "object": "file", "purpose": "dispute_evidence", "size": len(content), "created": self.now()}
