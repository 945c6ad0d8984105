"""The shop's accounts: the one that VietQR names, and others that are put down by hand."""

from __future__ import annotations

import re

from sqlalchemy import select

from shop.banking.errors import AccountKnown, AccountUnknown
from shop.banking.models import ShopAccount
from shop.kernel import audit, banks, clock, text
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction, unique
from shop.kernel.errors import N_, Invalid
from shop.payments import gateway
from shop.payments.gateways.vietqr import BankTransfer


def normal_number(raw: str) -> str:
    """An account's number as it is kept: letters and digits alone, upper case."""
    return re.sub(r"[^A-Z0-9]", "", raw.upper())


def add(actor: Actor, bank_bin: str, number: str, holder: str) -> str:
    """Put an account down; return its reference.

    Raises:
        Invalid: no known bank, no number of 4 to 19 letters and digits, no holder.
        AccountKnown: it is there.
    """
    if bank_bin not in dict(banks.choices()):
        raise Invalid(N_("Hãy chọn ngân hàng."), field="bank_bin")
    return put(actor, bank_bin, number, holder)


def put(actor: Actor, bank_bin: str, number: str, holder: str, *, is_demo: bool = False) -> str:
    """The same for a bank that may be on no list.

    Raises:
        As `add`.
    """
    number, holder = normal_number(number), text.clean(holder).replace("\n", " ")[:200]
    if not 4 <= len(number) <= 19:
        raise Invalid(N_("Số tài khoản gồm 4 đến 19 chữ số, chữ cái."), field="number")
    if len(holder) < 2:
        raise Invalid(N_("Hãy ghi tên chủ tài khoản."), field="holder")
    names = ("shop_accounts.bank_bin", "shop_accounts_bank_bin_number")
    with unique(*names, otherwise=lambda: AccountKnown(field="number")), transaction() as s:
        row = ShopAccount(
            reference=f"TK-{text.reference()}",
            bank_bin=bank_bin,
            number=number,
            holder=holder,
            mappings={},
            created_at=clock.now(),
            created_label=actor.label,
            is_demo=is_demo,
        )
        s.add(row)
        s.flush()
        audit.record(actor, "banking.account", f"bank-account:{row.reference}", bank=bank_bin, ends=number[-4:])
        return row.reference


def own() -> str:
    """Put down the account that VietQR names, if it is not there yet; its reference, '' if VietQR is not offered."""
    way = next((g for g in gateway.offered().values() if isinstance(g, BankTransfer)), None)
    if way is None:
        return ""
    found = find(way.bank_bin, way.account)
    try:
        return found.reference if found else put(SYSTEM, way.bank_bin, way.account, way.holder or "Cửa hàng")
    except AccountKnown:  # somebody was quicker
        again = find(way.bank_bin, way.account)
        return again.reference if again else ""


def find(bank_bin: str | None, number: str) -> ShopAccount | None:
    """The account of that number, at that bank if one is named; None if there is none, or several."""
    wanted = select(ShopAccount).where(ShopAccount.number == normal_number(number))
    if bank_bin:
        wanted = wanted.where(ShopAccount.bank_bin == bank_bin)
    found = session().scalars(wanted.limit(2)).all()
    return found[0] if len(found) == 1 else None


def named(bank_bin: str | None, number: str) -> ShopAccount:
    """The same, the account of VietQR put down if need be.

    Raises:
        AccountUnknown: it is none of the shop's.
    """
    found = find(bank_bin, number)
    if found is None:
        own()
        found = find(bank_bin, number)
    if found is None:
        raise AccountUnknown
    return found
