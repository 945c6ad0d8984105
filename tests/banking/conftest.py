"""A shop with an account, orders that wait for transfers, and statements of that account."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shop.banking.models import Allocation, BankFile, BankLine, ShopAccount
from shop.banking.services import accounts, files, matching
from shop.kernel import clock, invariants, operations
from shop.kernel.actor import Actor
from shop.kernel.db import session
from tests.imports import sheets
from tests.payments.conftest import BANK, Placed, payment_of, place

SECRET = "whsec_of_the_bank_of_the_tests"
CLERK = Actor("user", "Vũ Thị Hạnh", 11)
OTHER = Actor("user", "Bùi Đức Long", 12)
HEAD = ["Ngày giao dịch", "Số tham chiếu", "Ghi nợ", "Ghi có", "Số dư", "Nội dung giao dịch", "Tên tài khoản đối ứng",
        "Tài khoản đối ứng", "Số giao dịch"]  # fmt: skip
_numbers = itertools.count(100_001)

__all__ = ["BANK", "CLERK", "OTHER", "SECRET", "Placed", "payment_of", "place"]


def key() -> str:
    return operations.new_key()


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """The shop with its account and the secret of the service that watches it."""
    return make_app(bank_webhook_secret=SECRET, base_url="http://localhost", **BANK)


@pytest.fixture
def account(ctx: Flask) -> str:
    """The reference of the account that VietQR names."""
    accounts.own()
    return session().scalars(select(ShopAccount.reference)).one()


def number() -> str:
    """A bank's number of a transaction that was never used."""
    return f"FT26{next(_numbers)}"


def told(
    amount: int, memo: str, reference: str | None = None, *, on: date | None = None, name: str = "", account: str = ""
) -> list[Any]:
    """A row of a statement; `reference` '' for a bank that gives none."""
    day = (on or clock.today()).strftime("%d/%m/%Y")
    dotted = f"{abs(amount):,}".replace(",", ".")
    reference = number() if reference is None else reference
    return [day, "", "" if amount > 0 else dotted, dotted if amount > 0 else "", "", memo, name, account, reference]


def statement(*rows: Sequence[Any]) -> bytes:
    """A CSV as VietinBank's is assumed to be."""
    return sheets.text(["SAO KÊ TÀI KHOẢN"], HEAD[:1] + HEAD[2:], *([r[0], *r[2:]] for r in rows))


def send(account: str, content: bytes, *, name: str = "sao-ke.csv", apply: bool = True) -> BankFile:
    """Send a statement, write it and let the machine match it."""
    reference = files.upload(CLERK, account, content, name, op_key=key())
    if apply:
        files.apply(CLERK, reference)
        matching.run()
    return session().scalars(select(BankFile).where(BankFile.reference == reference)).one()


def lines(**wanted: Any) -> list[BankLine]:
    """The lines there are now, first to last."""
    s = session()
    s.rollback()
    s.expire_all()
    return list(s.scalars(select(BankLine).filter_by(**wanted).order_by(BankLine.id)))


def only() -> BankLine:
    """The one line there is."""
    (found,) = lines()
    return found


def parts(line: BankLine) -> list[Allocation]:
    """All parts of a line, those taken back and their reversals too."""
    return list(session().scalars(select(Allocation).where(Allocation.line_id == line.id).order_by(Allocation.id)))


def broken() -> set[str]:
    """The invariants of money that do not hold."""
    session().rollback()
    session().expire_all()
    return {f.name for f in invariants.run("banking", "payments") if not f.ok}
