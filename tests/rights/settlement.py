"""Makers of what is agreed with producers, owed and paid to them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import time_machine
from sqlalchemy import select

from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.producers.models import BankAccount
from shop.receipts import queries as receipts_read
from shop.receipts import services as receipts
from shop.receipts.models import ReceiptLine, Terms
from shop.settlement.models import Payout, Remark, Statement, StatementState
from shop.settlement.services import agreements, corrections, payouts, statements
from shop.settlement.services.agreements import Draft, Rates
from tests.rights.house import House, first, key, maker, picture, shared
from tests.settlement.conftest import BOSS, DESK, OWNER


@maker("/office/agreements/<reference>", of="all")
@maker("/producer/agreements/<reference>", of="producer")
@shared
def agreement(house: House) -> dict[str, Any]:
    """Signed on paper."""
    draft = Draft(clock.today() - timedelta(days=90), Rates(1000, 1500, 2000))
    return {"reference": agreements.propose(DESK, house.producer.id, draft, paper=picture(), op_key=key())}


@maker("/office/statements/<reference>", of="all")
@maker("/producer/statements/<reference>", of="producer")
@shared
def statement(house: House) -> dict[str, Any]:
    """Of last month: closed, disputed, answered, agreed."""
    agreement(house)
    with time_machine.travel(clock.now() - timedelta(days=40), tick=True):
        corrections.correct(DESK, house.producer.id, 300_000, "Tiền thùng xốp", op_key=key())
    open_ = (Statement.producer_id == house.producer.id, Statement.state == StatementState.OPEN)
    reference = session().scalars(select(Statement.reference).where(*open_)).one()
    statements.close(DESK, reference, op_key=key())
    statements.dispute(OWNER, reference, "Thiếu một gói", op_key=key())
    statements.answer(DESK, first(Remark).reference, "Đã xem lại, đủ rồi", op_key=key())
    statements.agree(OWNER, reference)
    return {"reference": reference}


@maker("/office/statements/<reference>/answer/<remark>", of="all")
def remark(house: House) -> dict[str, Any]:
    made = statement(house)
    about = first(Statement, Statement.reference == made["reference"]).id
    return made | {"remark": first(Remark, Remark.statement_id == about).reference}


@maker("/office/payouts/<reference>", of="all")
@shared
def batch(house: House) -> dict[str, Any]:
    """One payout, approved."""
    owed = statement(house)["reference"]
    with transaction() as s:
        s.add(
            BankAccount(
                producer_id=house.producer.id, bank_bin="970436", account_number="0011001234567", holder="HTX BEN",
                valid_from=clock.now() - timedelta(days=100), set_by="system", set_label="Hệ thống",
            )
        )  # fmt: skip
    made = payouts.prepare(DESK, [owed], op_key=key())
    payouts.approve(BOSS, made, op_key=key())
    return {"reference": made}


@maker("/office/payouts/<reference>/<payout>", of="all")
def payout(house: House) -> dict[str, Any]:
    made = batch(house)
    return made | {"payout": first(Payout).reference}


@maker("/office/statements/corrections/<reference>", of="all")
def correction(house: House) -> dict[str, Any]:
    """So large that a second person must say yes."""
    return {"reference": corrections.correct(DESK, house.producer.id, -900_000, "Trừ tiền thùng xốp", op_key=key())}


@maker("/office/statements/price/<int:line>", of="all")
def bought_without_price(house: House) -> dict[str, Any]:
    reference = receipts.expect(
        SYSTEM, house.producer.id, house.point.id, Terms.PURCHASE, clock.today(),
        {house.variant.id: receipts.Wanted(10)}, op_key=key(),
    )  # fmt: skip
    row, _view = receipts_read.delivery(reference)
    line = receipts_read.lines(row.id)[0]
    receipts.receive(SYSTEM, reference, {line.line_id: receipts.Came(7)}, op_key=key())
    return {"line": first(ReceiptLine).id}
