"""Statements of the demonstration's account, one for each month, and one of this month with something for every queue; sent by
the room's own commands. Lines of money that people had written down are put to their uses at once (`shop.seed.bank_uses`).

Orders stay as they are: what would pay one is left out.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from shop.banking.services import accounts, files, matching
from shop.kernel import clock
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.orders.models import Order, OrderStatus
from shop.payments.models import Payment, PaymentState
from shop.seed import bank_uses
from shop.seed.then import Past

# The account of a demonstration without settings (`serve.py`): no bank has it.
BANK, NUMBER, HOLDER = "999999", "0000000000", "TAI KHOAN MINH HOA"
HEAD = ("STT", "Ngày giao dịch", "Số bút toán", "Phát sinh nợ", "Phát sinh có", "Số dư", "Nội dung",
        "Đơn vị thụ hưởng/Đơn vị chuyển", "Tài khoản")  # fmt: skip
OPENING = 50_000_000
# Day, bank's number, amount, memo, payer, his account.
Row = tuple[date, str, int, str, str, str]


def load(seed: int, since: date, now: datetime, desk: Actor) -> None:
    """Send a statement for each month, put the lines that people had written down to their uses, let the machine sort the rest.

    What was written down in the last hours is on no statement yet.
    """
    rng, s = random.Random(f"demo:bank:{seed}"), session()
    with Past(rng).at(clock.start_of(since) + timedelta(hours=9)):
        account = accounts.put(desk, BANK, NUMBER, HOLDER, is_demo=True)
    uses = bank_uses.known(rng, since, now - timedelta(hours=20))
    today, balance = clock.business_day(now), OPENING
    first = since.replace(day=1)
    while first <= today:
        after = clock.add_months(first, 1)
        last = min(after - timedelta(days=1), today)
        rows = [(u.day, u.reference, u.amount, u.memo, u.name, u.account) for u in uses if first <= u.day <= last]
        if after > today:
            rows += _rows(rng, first, today)
        content, balance = _statement(sorted(rows, key=lambda row: row[0]), balance)
        with Past(rng).at(min(clock.start_of(after + timedelta(days=1)) + timedelta(hours=9), now)):
            sent = files.upload(
                desk,
                account,
                content,
                f"sao-ke-{first:%Y-%m}.csv",
                op_key=f"seed:demo:bank:{seed}:{first}",
                is_demo=True,
            )
            files.apply(desk, sent)
        first = after
    s.flush()
    bank_uses.put(uses, desk)
    with Past(rng).at(now):
        matching.run()


def _payments(*conditions: Any, limit: int) -> list[Any]:
    wanted = (
        select(Payment.code, Payment.amount, Order.name, Order.placed_at)
        .join(Order, Order.id == Payment.order_id)
        .where(Payment.code.is_not(None), *conditions)
    )
    return list(session().execute(wanted.order_by(Payment.id.desc()).limit(limit)))


def _rows(rng: random.Random, first: date, today: date) -> list[Row]:
    """Lines of the last days so that every queue has something in it."""
    number = iter(range(26332001, 26333000))

    def one(amount: int, memo: str, name: str = "", ago: int = 0) -> Row:
        account = f"190{rng.randrange(10**8):08d}" if name else ""
        return max(first, today - timedelta(days=ago)), f"FT{next(number)}", amount, memo, name, account

    rows = []
    waiting = _payments(Payment.state == PaymentState.PENDING, Order.status == OrderStatus.AWAITING_PAYMENT, limit=6)
    for n, (code, amount, name, _at) in enumerate(waiting):
        if n == 0:
            rows.append(one(amount - 20_000, f"{code} chuyen tien mua hang", name))
        elif n == 1:
            rows.append(one(amount + 15_000, f"IBFT {code.lower()}", name))
        elif n == 2:
            rows.append(one(amount, f"{name} chuyen tien dac san", name))
    if len(waiting) > 4:
        (one_code, a, name, _a), (second, b, _name, _b) = waiting[3], waiting[4]
        rows.append(one(a + b, f"{one_code} {second} tra hai don", name))
    for code, amount, name, _at in _payments(Payment.state == PaymentState.CANCELLED, limit=1):
        rows.append(one(amount - 5_000, f"CT DEN:{rng.randrange(10**9)} {code}", name))
    for code, amount, name, _at in _payments(Payment.state == PaymentState.CAPTURED, limit=1):
        rows.append(one(amount, f"{code} chuyen lan 2", name))
    rows += [
        one(350_000, "chuyen tien", "NGUYEN VAN BINH", 1),
        one(150_000, "ung ho cho que", "TRAN THI CUC", 1),
        one(-11_000, "Thu phi SMS Banking thang nay"),
        one(-185_000, "Hoan tien cho khach", "LE VAN DUNG"),
        one(1_234, "Tra lai tien gui khong ky han", ago=2),
    ]
    return sorted(rows, key=lambda row: row[0])


def _statement(rows: Sequence[Row], balance: int) -> tuple[bytes, int]:
    """The file, and the balance at its end."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["SAO KÊ TÀI KHOẢN (MINH HỌA)"])
    writer.writerow(["Số tài khoản", NUMBER])
    writer.writerow(HEAD)
    for n, (day, reference, amount, memo, name, account) in enumerate(rows, 1):
        balance += amount
        dotted = f"{abs(amount):,}"
        writer.writerow(
            [n, day.strftime("%d/%m/%Y"), reference, "" if amount > 0 else dotted, dotted if amount > 0 else "", f"{balance:,}",
             memo, name, account]
        )  # fmt: skip
    writer.writerow(["Tổng cộng", "", "", "", "", f"{balance:,}"])
    return out.getvalue().encode("utf-8-sig"), balance
