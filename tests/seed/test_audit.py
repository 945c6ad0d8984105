"""Every invariant holds on a shop that has lived for a year, and fires on a fault planted in it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from shop.accounts.models import User, UserSession
from shop.catalog.models import Photo, Product
from shop.delivery.models import RateTable, ZoneRate
from shop.kernel import clock, invariants
from shop.kernel.db import Base, is_sqlite, session, transaction
from shop.kernel.jobs import Job, JobState
from shop.kernel.mail import Letter
from shop.kernel.operations import Operation
from shop.payments.models import ProviderEvent

LONG_AGO = "'2026-01-05 00:00:00.000000'"


def session_of_the_disabled(s: Any) -> None:
    user = s.scalars(select(User).limit(1)).one()
    now = clock.now()
    user.disabled_at = now
    s.add(
        UserSession(
            token_hash=secrets.token_hex(16), user_id=user.id, created_at=now, last_seen_at=now,
            expires_at=now + timedelta(days=1),
        )
    )  # fmt: skip


def photo_without_bytes(s: Any) -> None:
    product_id = s.scalar(select(Product.id).limit(1))
    files = {"webp": {"480": "photos/no/ne.webp"}}
    s.add(Photo(product_id=product_id, alt="x", width=1, height=1, files=files, created_at=clock.now()))


def second_table(s: Any) -> None:
    first = s.scalars(select(RateTable).limit(1)).one()
    again = {c.name: getattr(first, c.name) for c in RateTable.__table__.c if c.name not in {"id", "valid_from"}}
    made = RateTable(valid_from=first.valid_from + timedelta(days=30), **again)
    s.add(made)
    s.flush()
    names = [c.name for c in ZoneRate.__table__.c if c.name not in {"id", "table_id"}]
    for zone in s.scalars(select(ZoneRate).where(ZoneRate.table_id == first.id)).all():
        s.add(ZoneRate(table_id=made.id, **{name: getattr(zone, name) for name in names}))


def job_nobody_took_again(s: Any) -> None:
    ended = clock.now() - timedelta(hours=2)
    s.add(
        Job(name="x", payload={}, state=JobState.QUEUED, run_at=ended, attempts=1, leased_until=ended, created_at=ended)
    )


def operation_without_end(s: Any) -> None:
    s.add(Operation(key="half-done-1", kind="x", digest="x", created_at=clock.now()))


def letter_nobody_sends(s: Any) -> None:
    at = clock.now() - timedelta(hours=1)
    s.add(Letter(key="x", kind="x", recipient="a@example.vn", subject="x", body_text="x", created_at=at))


def word_not_taken_in(s: Any) -> None:
    s.add(
        ProviderEvent(
            provider="stripe-test", event_id="evt_1", kind="x", payload={}, received_at=clock.now() - timedelta(hours=1)
        )
    )


def without(table: str, constraint: str) -> Callable[[Any], None]:
    """Take the database's own guard away, so that a fault it would refuse can be planted."""

    def drop(s: Any) -> None:
        if is_sqlite():
            s.execute(text("PRAGMA defer_foreign_keys = ON"))  # until the end, which never comes
            s.execute(text(f"CREATE TABLE copy_of_it AS SELECT * FROM {table}"))
            s.execute(text(f"DROP TABLE {table}"))
            s.execute(text(f"ALTER TABLE copy_of_it RENAME TO {table}"))
        else:
            s.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}"))

    return drop


def unguarded(constraint: str) -> Callable[[Any], None]:
    """The same for a CHECK of `stock_levels`."""

    def off(s: Any) -> None:
        if is_sqlite():
            s.execute(text("PRAGMA ignore_check_constraints = ON"))
        else:
            s.execute(text(f"ALTER TABLE stock_levels DROP CONSTRAINT {constraint}"))

    return off


FAULTS: dict[str, str | Callable[[Any], None] | Sequence[Any]] = {
    "accounts.an-administrator-is-left": f"UPDATE users SET disabled_at = {LONG_AGO} "
    "WHERE id IN (SELECT user_id FROM grants WHERE role = 'administrator')",
    "accounts.no-session-of-a-disabled-user": session_of_the_disabled,
    "accounts.scopes-go-with-roles": "UPDATE grants SET scope = '*' WHERE role = 'point_keeper'",
    "accounts.second-factor-whole": f"UPDATE users SET totp_confirmed_at = {LONG_AGO}, totp_secret = NULL",
    "accounts.the-erased-are-gone": f"UPDATE users SET erased_at = {LONG_AGO} WHERE id = 1",
    "catalog.certificates-have-their-bytes": "UPDATE certificates SET file_key = 'certificates/no/ne.pdf'",
    "catalog.goods-are-what-their-set-says": "UPDATE products SET is_alcohol = false",
    "catalog.photos-have-their-bytes": photo_without_bytes,
    "catalog.price-spans-do-not-overlap": "UPDATE prices SET valid_to = NULL",
    "checkout.alcohol-is-never-paid-in-cash": "UPDATE orders SET payment_method = 'cod'",
    "checkout.every-order-has-its-confirmation": "UPDATE orders SET is_demo = false, email = 'a@example.vn'",
    "checkout.no-captured-money-without-a-living-order": "UPDATE payments SET refunded_amount = 0",
    "delivery.every rate table has all zones": "DELETE FROM zone_rates WHERE zone = 'same_region'",
    "delivery.one rate table per origin and day": second_table,
    "kernel.audit-log-is-a-chain": "UPDATE audit_log SET detail = '{}' WHERE id = 3",
    "kernel.jobs-are-done-at-least-once": job_nobody_took_again,
    "kernel.letters-go-out": letter_nobody_sends,
    "kernel.operations-are-whole": operation_without_end,
    "kernel.what-is-unique-is-there-once": (
        without("refunds", "uq_refunds_op_key"),
        "UPDATE refunds SET op_key = 'the same'",
    ),
    "orders.goods-follow-the-status": "UPDATE fulfilments SET status = 'packed' WHERE status = 'delivered'",
    "orders.have-lines-that-add-up": (
        # one that nothing else refers to
        "DELETE FROM order_lines WHERE id = (SELECT min(l.id) FROM order_lines l "
        "WHERE NOT EXISTS (SELECT 1 FROM settlement_entries e WHERE e.line_id = l.id) "
        "AND NOT EXISTS (SELECT 1 FROM order_refusal_lines r WHERE r.line_id = l.id) "
        "AND NOT EXISTS (SELECT 1 FROM till_lines t WHERE t.order_line_id = l.id))"
    ),
    "orders.history-is-unbroken": "DELETE FROM order_transitions WHERE id = (SELECT max(id) FROM order_transitions)",
    "orders.line-and-product-agree-on-the-producer": (
        "UPDATE products SET updated_at = '2020-01-01 00:00:00.000000'",
        "UPDATE order_lines SET producer_id = NULL",
    ),
    "orders.parcels-hold-the-orders-lines": "UPDATE order_lines SET fulfilment_id = (SELECT max(id) FROM fulfilments) "
    "WHERE id = (SELECT min(id) FROM order_lines)",
    "orders.price-charged-was-in-force": "UPDATE prices SET amount = amount + 1",
    "orders.sold-only-with-a-certificate-where-one-is-required": "UPDATE certificates SET expires_on = '2033-01-01', "
    "issued_on = '2030-01-01'",
    "orders.unpaid-sit-on-no-goods-past-their-deadline": "UPDATE orders SET status = 'awaiting_payment', "
    f"pay_until = {LONG_AGO} WHERE status = 'completed'",
    "payments.amounts-in-range": "UPDATE payments SET captured_amount = 5 WHERE state = 'pending'",
    "payments.captured-has-its-order": "UPDATE orders SET payment_status = 'void' WHERE payment_status = 'paid'",
    "payments.captured-is-its-receipts": "DELETE FROM payment_receipts WHERE id = (SELECT min(id) FROM payment_receipts)",
    "payments.card-rests-on-evidence": "UPDATE payments SET method = 'card'",
    "payments.paid-means-captured": "UPDATE payments SET state = 'pending' WHERE state = 'captured'",
    "payments.references-unique": "UPDATE payments SET provider_payment = 'pi_1'",
    "payments.refunds-within-captured": "UPDATE refunds SET amount = amount + 1",
    "payments.words-once": word_not_taken_in,
    "places.every successor exists": "UPDATE place_successions SET new_code = '99999' "
    "WHERE id = (SELECT min(id) FROM place_successions)",
    "places.every unit lies in another of its time": "UPDATE place_units SET parent_code = '99' WHERE code = '06661'",
    "places.one unit per code and day": "UPDATE place_units SET valid_to = NULL",
    "settlement.agreements-are-applied": "UPDATE settlement_entries SET parent_id = NULL WHERE kind = 'commission'",
    "settlement.closed-statements-keep-their-seal": "UPDATE settlement_entries SET reference = 'X' WHERE kind = 'sale'",
    "settlement.commission-adds-up": "UPDATE settlement_entries SET rate_bp = rate_bp + 1 WHERE kind = 'commission'",
    "settlement.one-entry-one-statement": (
        without("settlement_entries", "uq_settlement_entries_cause"),
        "UPDATE settlement_entries SET cause = 'the same'",
    ),
    "settlement.paid-once": "UPDATE settlement_statements SET state = 'agreed' WHERE state = 'paid'",
    "settlement.purchases-are-what-came": "UPDATE settlement_entries SET amount = amount + 1 WHERE kind = 'purchase'",
    "settlement.statements-are-their-lines": "UPDATE settlement_entries SET amount = amount + 1 WHERE kind = 'sale'",
    "settlement.two-people": (
        without("settlement_batches", "ck_settlement_batches_two_people"),
        "UPDATE settlement_batches SET approved_by = prepared_by",
    ),
    "settlement.what-was-sold-is-owed": "UPDATE settlement_entries SET quantity = quantity + 1 WHERE kind = 'sale'",
    "stock.allocated-is-committed-claims": "UPDATE stock_holds SET outcome = 'released' WHERE outcome IS NULL",
    "stock.availability-in-step": "UPDATE stock_availability SET ship = ship + 1",
    "stock.claims-within-on-hand": (
        unguarded("ck_stock_levels_claims_within_on_hand"),
        "UPDATE stock_levels SET held = on_hand + 1",
    ),
    "stock.handed-over-is-sold": "DELETE FROM stock_movements WHERE id = "
    "(SELECT min(id) FROM stock_movements WHERE kind = 'sale')",
    "stock.held-is-live-holds": "UPDATE stock_levels SET held = held + 1 WHERE held + allocated < on_hand",
    "stock.movements-have-a-cause": "UPDATE stock_movements SET reason = NULL, reference = NULL",
    "stock.no-hold-past-its-term": f"UPDATE stock_holds SET outcome = NULL, expires_at = {LONG_AGO} WHERE stage = 'held'",
    "stock.on-hand-is-its-movements": "UPDATE stock_levels SET on_hand = on_hand + 1",
    "stock.running-balance": "UPDATE stock_movements SET balance = balance + 1",
}


class Undo(Exception):
    """Ends the transaction of a fault."""


def test_everything_holds(shop: Any) -> None:
    assert {f.name: f.offenders for f in invariants.run() if not f.ok} == {}


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_planted_fault_is_found(shop: Any, name: str) -> None:
    steps = FAULTS[name]
    try:
        with transaction() as s:
            for step in [steps] if isinstance(steps, str) or callable(steps) else steps:
                if callable(step):
                    step(s)
                else:
                    s.execute(text(step))
            s.flush()
            s.expire_all()
            found = list(invariants._checks[name]())
            raise Undo
    except Undo:
        pass
    finally:
        if is_sqlite():
            session().execute(text("PRAGMA ignore_check_constraints = OFF"))
            session().rollback()
    assert found


def test_each_invariant_is_seen_to_fire_somewhere() -> None:
    tests = [path.read_text() for path in Path(__file__).parents[1].rglob("test_*.py")]
    unseen = [
        name
        for name in sorted(invariants._checks)
        if name not in FAULTS and not any(name in found or name.partition(".")[2] in found for found in tests)
    ]
    assert unseen == [], "plant a fault for each of these: here, or in the tests of its room"


def test_the_check_of_what_is_unique_knows_every_table(shop: Any) -> None:
    assert len(Base.metadata.sorted_tables) > 40
