"""Where a refund goes that does not go back the way the money came, and when a second person must agree to one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from zlib import crc32

from sqlalchemy import func, select
from sqlalchemy import text as sql

from shop.kernel import banks, clock, text
from shop.kernel.actor import Actor
from shop.kernel.db import is_sqlite, session
from shop.kernel.errors import N_, Invalid
from shop.kernel.text import fold
from shop.payments import rules
from shop.payments.models import Payment, Refund, RefundState

# What goes to one account within this span is looked at together.
DAY = timedelta(hours=24)
_ROOM = 19 << 32  # tells these locks from others


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


def destination(way: str, bank: str, number: str, holder: str) -> Account | None:
    """Where a clerk's form says that a refund goes: None the way it came, else to the account.

    Raises:
        Invalid: as `account`; or an account was typed and the box that sends the money there was not ticked.
    """
    if way == "transfer":
        return account(bank, number, holder)
    if bank or number.strip() or holder.strip():
        raise Invalid(
            N_(
                "Bạn đã ghi một tài khoản. Hãy đánh dấu ô này để chuyển vào đó, hoặc xóa tài khoản để hoàn theo đường đã trả."
            ),
            field="way",
        )
    return None


def needs_second(actor: Actor, order_id: int, amount: int, to: Account | None) -> bool:
    """Whether another person must agree: a person decides about a large sum, or where a less large one goes. What people have
    sent back of the same locked order without a second one counts too, and so does what they sent within a day to the same
    account, whatever its order: parts do not pass where their sum would not."""
    if actor.kind != "user":
        return False
    alone = (
        select(Refund.amount, Refund.to_account)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(
            Refund.state != RefundState.FAILED,
            Refund.actor_key.startswith("user:"),
            Refund.needs_second.is_(False),
        )
    )
    before = session().execute(alone.where(Payment.order_id == order_id)).all()
    limit = rules.REFUND_LIMIT.get()
    if amount + sum(n for n, _account in before) >= limit:
        return True
    if to is None:
        return False
    limit = min(limit, rules.TRANSFER_LIMIT.get())
    if amount + sum(n for n, number in before if number is not None) >= limit:
        return True
    _queue(to)
    there = alone.where(
        func.upper(Refund.to_account) == to.number.upper(),
        Refund.to_bank == to.bank,
        Refund.created_at > clock.now() - DAY,
    )
    return bool(amount + sum(n for n, _account in session().execute(there)) >= limit)


def _queue(to: Account) -> None:
    """Let those who decide about one account at the same moment, of different orders, come one after the other."""
    if not is_sqlite():  # which has one writer anyway
        name = f"{to.bank}:{to.number.upper()}".encode()
        session().execute(sql("SELECT pg_advisory_xact_lock(:n)"), {"n": _ROOM + crc32(name)})
