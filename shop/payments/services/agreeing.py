"""Where a refund goes that does not go back the way the money came, and when a second person must agree to one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import select

from shop.kernel import banks, text
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.errors import N_, Invalid
from shop.kernel.text import fold
from shop.payments import rules
from shop.payments.models import Payment, Refund, RefundState


@dataclass(frozen=True, slots=True)
class Account:
    """Where a refund goes that does not go back the way it came: the bank's number (BIN), the account, its holder's name."""

    bank: str
    number: str
    holder: str


def account(bank: str, number: str, holder: str) -> Account:
    """What was typed, as banks write it.

    Raises:
        Invalid: no such bank, no account number, or no name.
    """
    number = re.sub(r"[\s.-]", "", number)
    holder = " ".join(fold(text.clean(holder)).upper().split())
    if bank not in dict(banks.choices()):
        raise Invalid(N_("Hãy chọn ngân hàng."), field="to_bank")
    if not re.fullmatch(r"[A-Za-z0-9]{4,19}", number):
        raise Invalid(N_("Số tài khoản gồm 4 đến 19 chữ số, chữ cái."), field="to_account")
    if not 2 <= len(holder) <= 120:
        raise Invalid(N_("Hãy ghi tên chủ tài khoản."), field="to_holder")
    return Account(bank, number, holder)


def needs_second(actor: Actor, order_id: int, amount: int, to: Account | None) -> bool:
    """Whether another person must agree: a person decides about a large sum, or where a less large one goes. What people have
    sent back of the same locked order without a second one counts too, so that parts do not pass where their sum would not."""
    if actor.kind != "user":
        return False
    alone = (
        select(Refund.amount, Refund.to_account)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(
            Payment.order_id == order_id,
            Refund.state != RefundState.FAILED,
            Refund.actor_key.startswith("user:"),
            Refund.needs_second.is_(False),
        )
    )
    before = session().execute(alone).all()
    elsewhere = sum(n for n, account_number in before if account_number is not None)
    return amount + sum(n for n, _account in before) >= rules.REFUND_LIMIT.get() or (
        to is not None and amount + elsewhere >= rules.TRANSFER_LIMIT.get()
    )
