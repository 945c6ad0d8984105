"""What this room needs when the shop starts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from flask import Flask
from sqlalchemy import select

from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.payments import outgoing
from shop.payments.outgoing import Expected
from shop.settlement.models import Payout, PayoutState, Statement
from shop.settlement.services import payouts


class _Payouts:
    """What producers are paid: approved payouts wait for the bank's word."""

    kind = "payout"

    def waiting(self, amounts: Collection[int]) -> list[Expected]:
        rows = session().execute(_PAYOUTS.where(Payout.state == PayoutState.APPROVED, Payout.amount.in_(amounts)))
        return [_told(*row) for row in rows]

    def recorded(self, bank_references: Collection[str]) -> dict[str, Expected]:
        paid = _PAYOUTS.add_columns(Payout.bank_reference).where(Payout.bank_reference.in_(bank_references))
        return {str(row[-1]): _told(*row[:-1]) for row in session().execute(paid)}

    def confirm(self, actor: Actor, reference: str, bank_reference: str, day: date, op_key: str) -> None:
        payouts.paid(actor, reference, bank_reference, day, op_key=op_key)

    def take_back(self, actor: Actor, reference: str, bank_reference: str) -> None:
        payouts.unpaid(actor, reference, bank_reference)


_PAYOUTS = select(Payout.reference, Payout.amount, Payout.holder, Payout.account_number, Statement.reference).join(
    Statement, Statement.id == Payout.statement_id
)


def _told(reference: str, amount: int, holder: str | None, account: str | None, statement: str) -> Expected:
    return Expected("payout", reference, amount, holder or "", (statement, reference), account)


def init_app(app: Flask) -> None:
    """Let a line of the bank that shows money leaving be matched with the payouts that wait."""
    outgoing.register(_Payouts())
