"""Cash from the door to the batch: exact, short, over, unknown, twice, refused; each row once, and every act undone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from shop.banking.services import accounts, handling
from shop.kernel import clock, jobs, storage
from shop.kernel.db import session, transaction
from shop.kernel.errors import Conflict, Invalid, NotFound
from shop.ledger import names
from shop.orders import services as orders
from shop.orders.models import FulfilmentStatus, Order, OrderStatus, PaymentStatus
from shop.orders.services import returns
from shop.payments import services as payments
from shop.payments.models import Payment
from shop.remittances.errors import BatchStep, FileKnown, ParcelStep, RowChanged, RowTaken
from shop.remittances.models import CodParcel, CodState, Queue, RemittanceState, Row, RowState
from shop.remittances.services import batches, parcels, rows, steps
from shop.stock.models import StockLevel
from tests.banking import conftest as bank
from tests.remittances.conftest import (
    CLERK,
    OTHER,
    PRICE,
    Shelf,
    broken,
    cash_of,
    content,
    deliver,
    fresh,
    holder,
    key,
    name_of,
    refuse,
    rows_of,
    send,
)


def test_every_row_of_a_file_ends_where_it_belongs(shelf: Shelf) -> None:
    by_number, by_order, short, _over, gone, late = (
        shelf.sent(tracking=t)[0] for t in ("GHN001", "", "GHN003", "GHN004", "GHN005", "GHN006")
    )
    refuse(gone)
    deliver(by_order)
    body = content(
        ["ghn 001", "", "100.000", "22.000"],
        ["", name_of(by_order), "100,000 đ", "22000"],
        ["GHN003", "", 99_999, 0],
        ["GHN004", "", 100_001, 0],
        ["GHN005", "", PRICE, 0],
        ["GHN006", "", PRICE, 0],
        ["GHN006", "", PRICE, 0],
        ["GHN999", "", 50_000, 0],
        [f"{name_of(late)} {name_of(short)}", "", 10_000, 0],
        ["GHN005", "", 0, 15_000],
        ["GHN004", "", "=1+1", 0],
        ["", "", 77_000, 0],
        ["Tổng cộng", "", 999, 0],
    )
    batch = send(body)
    told = [(r.state, r.queue) for r in rows_of(batch)]
    assert told == [
        (RowState.DONE, None),
        (RowState.DONE, None),
        (RowState.OPEN, Queue.SHORT),
        (RowState.OPEN, Queue.OVER),
        (RowState.OPEN, Queue.REFUSED),
        (RowState.DONE, None),
        (RowState.OPEN, Queue.TWICE),
        (RowState.OPEN, Queue.UNKNOWN),
        (RowState.OPEN, Queue.UNKNOWN),
        (RowState.DONE, None),
        (RowState.UNREAD, None),
        (RowState.UNREAD, None),
        (RowState.ASIDE, None),
    ]
    # The books call what they say of it by the batch and by the order.
    first = rows_of(batch)[0]
    whole, row, parcel = (f"remittance:{batch.reference}", f"cod-row:{first.id}", f"cod-parcel:{first.parcel_id}")
    called = names.of([whole, row, parcel])
    assert called[whole] == called[row]
    assert (called[whole].label, called[parcel].label) == (batch.reference, name_of(by_number).split("/")[0])
    assert called[whole].path == f"/office/remittances/batches/{batch.reference}"
    # Gross is every readable row's, fees both of parcels and of what went back.
    assert (batch.gross_amount, batch.fee_amount, batch.state) == (760_000, 59_000, RemittanceState.OPEN)
    one = fresh(CodParcel, by_number.id)
    assert (one.state, one.remitted_amount) == (CodState.SETTLED, PRICE)
    order = fresh(Order, one.order_id)
    # The carrier's word is the delivery's as well: the order is paid and over.
    assert (order.status, order.payment_status) == (OrderStatus.COMPLETED, PaymentStatus.PAID)
    assert order.fulfilments[0].status is FulfilmentStatus.DELIVERED
    assert fresh(Order, short.order_id).payment_status is PaymentStatus.DUE
    with pytest.raises(FileKnown):
        send(body)
    with pytest.raises(BatchStep):
        batches.apply(CLERK, batch.reference)
    assert broken() == []


def test_a_short_row_is_claimed_then_undone_then_written_off(shelf: Shelf) -> None:
    (cash,) = shelf.sent(tracking="GHN1")
    (row,) = rows_of(send(content(["GHN1", "", 90_000, 0])))
    with pytest.raises(Invalid):
        rows.credit(CLERK, row.id, row.version, op_key=key())
    rows.credit(CLERK, row.id, row.version, rest="claim", op_key=key())
    cash = fresh(CodParcel, cash.id)
    # The buyer has paid in full: it is the carrier who owes the rest.
    assert (cash.state, cash.open_amount) == (CodState.COLLECTED, 10_000)
    assert fresh(Order, cash.order_id).payment_status is PaymentStatus.PAID
    (rest,) = rows_of(send(content(["GHN1", "", 10_000, 0])))
    assert (rest.state, fresh(CodParcel, cash.id).state) == (RowState.DONE, CodState.SETTLED)
    rows.undo(CLERK, rest.id, rest.version, op_key=key())
    assert (fresh(CodParcel, cash.id).open_amount, fresh(Row, rest.id).state) == (10_000, RowState.OPEN)
    row = fresh(Row, row.id)
    rows.undo(CLERK, row.id, row.version, op_key=key())
    assert fresh(CodParcel, cash.id).open_amount == PRICE
    assert fresh(Order, cash.order_id).payment_status is PaymentStatus.PAID
    row = fresh(Row, row.id)
    with pytest.raises(Invalid):
        rows.credit(CLERK, row.id, row.version, rest="written", op_key=key())
    again, version = key(), row.version
    for _click in range(2):  # twice under one key: once
        rows.credit(CLERK, row.id, version, rest="written", why="Cước phát sinh", op_key=again)
    cash = fresh(CodParcel, cash.id)
    assert (cash.state, cash.remitted_amount, cash.written_amount) == (CodState.SETTLED, 90_000, 10_000)
    assert broken() == []


def test_over_twice_and_unknown_money_is_kept_or_owed_back_with_a_reason(shelf: Shelf) -> None:
    (cash,) = shelf.sent(tracking="GHN1")
    over, twice, strange = rows_of(
        send(content(["GHN1", "", 100_001, 0], ["GHN1", "", 5_000, 0], ["KHAC", "", 7_000, 0]))
    )
    with pytest.raises(RowChanged):
        rows.credit(CLERK, over.id, over.version - 1, surplus="owed", op_key=key())
    rows.credit(CLERK, over.id, over.version, surplus="owed", op_key=key())
    over = fresh(Row, over.id)
    assert (over.parcel_amount, over.surplus_amount) == (PRICE, 1)
    twice = fresh(Row, twice.id)
    with pytest.raises(ParcelStep):
        rows.credit(CLERK, twice.id, twice.version, surplus="owed", op_key=key())
    with pytest.raises(Invalid):
        rows.set_aside(CLERK, twice.id, "owed", "", twice.version, op_key=key())
    rows.set_aside(CLERK, twice.id, "owed", "Ghi hai lần", twice.version, op_key=key())
    (other,) = shelf.sent(tracking="GHN2")
    steps_before = strange.version
    rows.assign(CLERK, strange.id, "GHN2", steps_before, op_key=key())
    strange = fresh(Row, strange.id)
    assert (strange.queue, strange.parcel_id) == (Queue.SHORT, other.id)
    assert fresh(CodParcel, cash.id).state is CodState.SETTLED
    assert broken() == []


def test_a_row_in_somebodys_hands_is_his_until_taken_over(shelf: Shelf) -> None:
    shelf.sent(tracking="GHN1")
    (row,) = rows_of(send(content(["GHN9", "", 5_000, 0])))
    with transaction():
        steps.take(OTHER, Row, row.id)
    row = fresh(Row, row.id)
    with pytest.raises(RowTaken):
        rows.set_aside(CLERK, row.id, "kept", "Không rõ", row.version, op_key=key())
    rows.set_aside(OTHER, row.id, "kept", "Không rõ", row.version, op_key=key())


def test_refused_but_collected_is_taken_after_all_unless_it_is_back(shelf: Shelf) -> None:
    (one,), (two,) = shelf.sent(tracking="A1"), shelf.sent(tracking="A2")
    refuse(one)
    refuse(two)
    returns.take_back(CLERK, two.fulfilment_id, restock=True, reason="Nguyên vẹn")
    first, second = rows_of(send(content(["A1", "", PRICE, 0], ["A2", "", PRICE, 0])))
    assert [first.queue, second.queue] == [Queue.REFUSED, Queue.REFUSED]
    rows.credit(CLERK, first.id, first.version, op_key=key())
    assert fresh(Order, one.order_id).status is OrderStatus.COMPLETED
    assert fresh(CodParcel, one.id).refused_at is None
    with pytest.raises(ParcelStep):
        rows.credit(CLERK, second.id, second.version, op_key=key())
    rows.set_aside(CLERK, second.id, "owed", "Hàng đã về kho", second.version, op_key=key())
    assert fresh(CodParcel, two.id).state is CodState.RETURNED
    assert broken() == []


def test_an_order_of_two_parcels_is_paid_by_both_or_by_the_one_that_was_kept(shelf: Shelf) -> None:
    both = shelf.sent(shelf.parcel(1, 15_001), shelf.parcel(2, 15_000))
    assert [p.expected_amount for p in both] == [115_001, 215_000]
    parcels.say_collected(CLERK, both[0].id, both[0].version, op_key=key())
    assert fresh(Order, both[0].order_id).payment_status is PaymentStatus.DUE
    parcels.say_collected(CLERK, both[1].id, cash_of(both[0].order_id)[1].version, op_key=key())
    assert fresh(Order, both[0].order_id).payment_status is PaymentStatus.PAID
    one, two = shelf.sent(shelf.parcel(1, 15_001), shelf.parcel(2, 15_000))
    parcels.say_collected(CLERK, one.id, one.version, op_key=key())
    two = refuse(cash_of(one.order_id)[1])
    order = fresh(Order, one.order_id)
    line = order.fulfilments[1].lines[0]
    before = fresh(StockLevel, shelf.level).on_hand
    returns.take_back(CLERK, two.fulfilment_id, restock=False, reason="Một gói bẹp", bad={line.id: 1})
    order = fresh(Order, one.order_id)
    assert (order.status, order.owed_amount) == (OrderStatus.COMPLETED, 115_001)
    payment = session().query(Payment).filter_by(order_id=order.id).one()
    assert (payment.amount, payment.captured_amount) == (115_001, 115_001)
    assert fresh(StockLevel, shelf.level).on_hand == before + 1  # one is good, one was written off
    assert broken() == []


def test_what_is_lost_ends_the_order_and_is_owed_by_its_carrier(shelf: Shelf) -> None:
    (cash,) = shelf.sent(tracking="L1")
    parcels.lose(CLERK, cash.id, 80_000, "Kho báo mất", cash.version, op_key=key())
    order = fresh(Order, cash.order_id)
    assert (order.status, order.payment_status) == (OrderStatus.CANCELLED, PaymentStatus.VOID)
    assert order.cancel_reason == "Thất lạc khi vận chuyển"
    (row,) = rows_of(send(content(["L1", "", 80_000, 0])))
    cash = fresh(CodParcel, cash.id)
    assert (row.state, cash.state, cash.open_amount) == (RowState.DONE, CodState.LOST, 0)
    assert broken() == []


def test_cash_is_counted_by_a_person_and_a_difference_needs_a_reason(shelf: Shelf) -> None:
    one, two = shelf.sent(carrier="Tự giao")[0], shelf.sent(carrier="tự  giao")[0]
    who = holder("Tự giao")
    parts = [(one.id, PRICE), (two.id, PRICE)]
    with pytest.raises(Invalid):
        batches.by_hand(CLERK, who, parts, 0, 199_000, "", op_key=key())
    reference = batches.by_hand(CLERK, who, parts, 0, 199_000, "Thiếu một nghìn tiền lẻ", op_key=key())
    batch = fresh(batches.Remittance, batches.named(reference))
    assert (batch.state, batch.paid_amount, batch.adjusted_amount) == (RemittanceState.PAID, 199_000, 1_000)
    assert fresh(Order, two.order_id).payment_status is PaymentStatus.PAID
    again = batches.by_hand(CLERK, who, [(one.id, PRICE)], 0, PRICE, "", op_key=key())
    (row,) = rows_of(fresh(batches.Remittance, batches.named(again)))
    assert row.queue == Queue.TWICE
    assert broken() == []


def test_the_desk_that_takes_the_cash_of_an_order_is_seen_by_its_parcels(shelf: Shelf) -> None:
    (cash,) = shelf.sent()
    deliver(cash)
    payments.collect_cod(CLERK, cash.payment_id, PRICE, key())
    assert fresh(CodParcel, cash.id).state is CodState.COLLECTED
    assert fresh(Order, cash.order_id).status is OrderStatus.COMPLETED
    with pytest.raises(Conflict):
        orders.deliver(CLERK, cash.fulfilment_id)
    assert broken() == []


def test_two_who_hand_in_one_parcel_at_once_bring_its_cash_once(
    ctx: Flask, shelf: Shelf, together: Callable[..., Any]
) -> None:
    (cash,) = shelf.sent(tracking="R1")
    sent = [send(content(["R1", "", PRICE, n]), apply=False).reference for n in (1, 2)]
    together(ctx, [lambda r=r: batches.apply(CLERK, r) for r in sent])
    cash = fresh(CodParcel, cash.id)
    assert (cash.state, cash.remitted_amount) == (CodState.SETTLED, PRICE)
    states = sorted((r.state, r.queue) for r in session().query(Row).all())
    assert states == [(RowState.DONE, None), (RowState.OPEN, Queue.TWICE)]
    assert broken() == []


def test_the_banks_line_pays_its_batch_by_name_or_by_carrier_and_amount_and_is_undone(shelf: Shelf) -> None:
    account = accounts.own()
    shelf.sent(tracking="B1")
    shelf.sent(tracking="B2")
    one, two = send(content(["B1", "", PRICE, 10_000])), send(content(["B2", "", PRICE, 20_000]))
    rows_in = [
        bank.told(90_000, "GHN chuyen tien COD"),  # the amount and the carrier: this batch alone
        bank.told(85_000, f"CT {two.reference.replace('-', '')} thang 11"),  # its name, and more than it lacks
        bank.told(90_000, "khong ro cua ai"),
    ]
    bank.send(account, bank.statement(*rows_in))
    exact, over, strange = bank.lines()
    assert [x.queue for x in (exact, over, strange)] == ["remitted", "remitted", "remitted"]
    assert [(x.hint or {})["reasons"] for x in (exact, over, strange)] == [["sum", "holder"], ["batch"], ["sum"]]
    for line, batch, why in ((exact, one, ""), (over, two, "kèm đợt trước")):
        handling.remit(CLERK, line.reference, "remittance", batch.reference, line.version, why, op_key=key())
    assert [b.state for b in (fresh(batches.Remittance, one.id), fresh(batches.Remittance, two.id))] == ["paid", "paid"]
    exact, over, strange = bank.lines()
    assert (exact.state, over.rest_amount, over.queue) == ("credited", 5_000, "rest")
    with pytest.raises(NotFound):  # it waits for nothing any more
        handling.remit(CLERK, strange.reference, "remittance", one.reference, strange.version, op_key=key())
    (part,) = bank.parts(exact)
    handling.undo(CLERK, exact.reference, part.id, exact.version, op_key=key())
    batch = fresh(batches.Remittance, one.id)
    assert (batch.state, batch.paid_amount, bank.lines()[0].queue) == ("open", 0, "remitted")
    assert broken() == []


def test_a_carriers_file_is_forgotten_after_its_term_and_its_rows_stay(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = accounts.own()
    for tracking in ("Q1", "Q2"):
        shelf.sent(tracking=tracking)
    left = send(content(["Q2", "", PRICE, 10_000]), apply=False)
    batches.drop(CLERK, left.reference)
    waiting = send(content(["Q2", "", PRICE, 10_000]))  # the same bytes again; its money has not come
    paid = send(content(["Q1", "", PRICE, 15_000]))
    bank.send(account, bank.statement(bank.told(85_000, f"CT {paid.reference} thang 11")))
    (line,) = bank.lines()
    handling.remit(CLERK, line.reference, "remittance", paid.reference, line.version, op_key=key())
    kept = {batch.id: str(batch.file_key) for batch in (left, waiting, paid)}
    assert kept[left.id] == kept[waiting.id]
    (work,) = [one for one in jobs.periodic() if one.name == "remittances.forget-files"]
    assert work.group == "retention"
    work.run()
    assert all(storage.storage().exists(name) for name in kept.values())
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=800))
    work.run()
    assert [fresh(batches.Remittance, i).file_key for i in kept] == [None, kept[waiting.id], None]
    assert storage.storage().exists(kept[waiting.id])
    assert not storage.storage().exists(kept[paid.id])
    assert [r.amount for r in rows_of(fresh(batches.Remittance, paid.id))] == [PRICE]
    assert broken() == []
