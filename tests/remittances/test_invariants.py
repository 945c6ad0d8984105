"""Each invariant of cash on delivery is seen to fire on a planted fault, and holds without one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, insert, text, update

from shop.kernel import clock, invariants
from shop.kernel.db import is_sqlite, session, transaction
from shop.ledger.models import Posting
from shop.orders.models import Fulfilment, Order, PaymentStatus, ReturnLook
from shop.orders.services import returns
from shop.payments.models import PaymentReceipt
from shop.remittances.models import Arrival, CodParcel, Remittance, Row
from shop.remittances.services import batches
from tests.remittances.conftest import CLERK, PRICE, Shelf, broken, content, holder, key, refuse, rows_of, send

_GUARDS = [
    ("cod_parcels", "ck_cod_parcels_handed_in_within_owed"),
    ("cod_rows", "ck_cod_rows_done_is_whole"),
    ("cod_remittances", "ck_cod_remittances_paid_is_net"),
    ("cod_remittances", "ck_cod_remittances_net_adds_up"),
    ("fulfilments", "ck_fulfilments_unpaid_came_back"),
]


SEEN = {"orders.what-came-back-was-looked-at", "orders.refusals-add-up"}


class Undo(Exception):
    """Takes the fault back."""


@pytest.fixture
def books(shelf: Shelf) -> dict[str, Any]:
    """A batch with an exact row and one that waits, counted cash, a parcel on the road, one that came back."""
    (one,), (road,), (back,), (own,) = (
        shelf.sent(tracking="A1"), shelf.sent(tracking="A2"), shelf.sent(tracking="A3"), shelf.sent(carrier="Tự giao")
    )  # fmt: skip
    refuse(back)
    returns.take_back(CLERK, back.fulfilment_id, restock=True, reason="Nguyên vẹn")
    batch = send(content(["A1", "", PRICE, 1000], ["KHAC", "", 5, 0]))
    cash = batches.by_hand(CLERK, holder("Tự giao"), [(own.id, PRICE)], 0, PRICE, "", op_key=key())
    assert broken() == []
    return {
        "one": one.id, "road": road.id, "back": back.id, "batch": batch.id, "done": rows_of(batch)[0].id,
        "cash": batches.named(cash), "order": one.order_id, "payment": one.payment_id,
    }  # fmt: skip


def fires(*faults: Any) -> set[str]:
    """The invariants that see faults, which are written past the database's own guards and taken back."""
    found: set[str] = set()
    try:
        with transaction() as s:
            if is_sqlite():
                s.execute(text("PRAGMA ignore_check_constraints = ON"))
            else:
                for table, constraint in _GUARDS:
                    s.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}"))
            for fault in faults:
                s.execute(fault)
            s.expire_all()
            for name, check in invariants._checks.items():
                if name in SEEN or name.startswith("remittances."):
                    found |= {name} if list(check()) else set()
            raise Undo
    except Undo:
        pass
    finally:
        if is_sqlite():
            session().execute(text("PRAGMA ignore_check_constraints = OFF"))
            session().rollback()
    return found


def test_every_planted_fault_is_seen(ctx: Flask, books: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    b = books
    receipt = session().query(PaymentReceipt).filter_by(payment_id=b["payment"]).one()
    again = {"payment_id": b["payment"], "provider": receipt.provider, "reference": "cod:again", "amount": PRICE,
             "evidence": "x", "actor_key": "x", "actor_label": "x", "at": clock.now()}  # fmt: skip
    arrival = {"remittance_id": b["batch"], "amount": 7, "source": "bank:SK-X", "actor_key": "x", "actor_label": "x",
               "at": clock.now()}  # fmt: skip
    entry = session().query(Posting).filter_by(account="cod-in-transit").first()
    paid = session().get_one(Remittance, b["cash"]).reference
    posting = {"entry_id": entry.entry_id, "account": "cod-in-transit", "party": f"remittance:{paid}", "amount": 1}
    parcel, once, cash, batch = (
        f"remittances.{n}" for n in ("parcel-is-its-rows", "each-row-once", "cash-collected-once", "batch-is-its-rows")
    )
    of = {"one": CodParcel.id == b["one"], "done": Row.id == b["done"], "batch": Remittance.id == b["batch"]}
    cases: list[tuple[str, list[Any]]] = [
        (parcel, [update(CodParcel).where(of["one"]).values(remitted_amount=PRICE - 1)]),
        (parcel, [update(CodParcel).where(of["one"]).values(remitted_amount=2 * PRICE)]),
        (parcel, [update(CodParcel).where(CodParcel.id == b["road"]).values(owed_amount=1)]),
        (once, [update(Row).where(of["done"]).values(parcel_amount=PRICE - 1)]),
        (once, [update(Row).where(of["done"]).values(parcel_id=None)]),
        (once, [update(Remittance).where(Remittance.id == b["cash"]).values(digest="d"),
                update(Remittance).where(of["batch"]).values(digest="d")]),
        (cash, [insert(PaymentReceipt).values(**again)]),
        (cash, [update(Order).where(Order.id == b["order"]).values(payment_status=PaymentStatus.DUE)]),
        (cash, [update(CodParcel).where(of["one"]).values(expected_amount=PRICE - 1)]),
        (batch, [update(Remittance).where(of["batch"]).values(gross_amount=1)]),
        (batch, [update(Remittance).where(of["batch"]).values(fee_amount=0)]),
        (batch, [insert(Arrival).values(**arrival)]),
        (batch, [update(Remittance).where(Remittance.id == b["cash"]).values(adjusted_amount=5)]),
        ("remittances.left-with-its-cash-expected", [delete(CodParcel).where(CodParcel.id == b["road"])]),
        ("remittances.ledger-says-the-same", [update(Row).where(of["done"]).values(parcel_amount=PRICE - 1)]),
        ("remittances.paid-batches-leave-nothing-in-transit", [insert(Posting).values(**posting)]),
        ("remittances.open-cash-is-its-parcels", [insert(Posting).values(**posting | {"party": "order:KHONG-CO"})]),
        ("remittances.open-cash-is-its-parcels",
         [update(CodParcel).where(CodParcel.id == b["one"]).values(remitted_amount=PRICE - 1)]),
        ("remittances.sorted-in-time", [update(Row).where(of["done"]).values(state="new")]),
        ("remittances.files-have-their-bytes", [update(Remittance).where(of["batch"]).values(file_key="remittances/none.csv")]),
        ("orders.what-came-back-was-looked-at", [update(ReturnLook).values(bad_quantity=1, good_quantity=0)]),
        ("orders.what-came-back-was-looked-at", [update(ReturnLook).values(good_quantity=3)]),
        ("orders.refusals-add-up", [update(Fulfilment).where(Fulfilment.order_id == b["order"]).values(unpaid_amount=1)]),
    ]  # fmt: skip
    # Bags have theirs where they are tried (`test_bags.py`).
    mine = {n for n in invariants._checks if n.startswith("remittances.")} - {"remittances.bags-add-up"}
    assert {name for name, _faults in cases} >= mine
    later = clock.now() + timedelta(hours=1)  # what is allowed a quarter of an hour has had it
    monkeypatch.setattr(clock, "now", lambda: later)
    for name, faults in cases:
        assert name in fires(*faults), (name, [str(f) for f in faults])
