"""A statement of the demonstration's account, so that every queue has something in it; by the room's own commands, as of today.

Orders stay as they are: what would pay one is left out, so only money that people had recorded is joined with its line.
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
from shop.payments.models import Payment, PaymentReceipt, PaymentState
from shop.seed.then import Past

# The account of a demonstration without settings (`serve.py`): no bank has it.
BANK, NUMBER, HOLDER = "999999", "0000000000", "TAI KHOAN MINH HOA"
HEAD = ("STT", "Ngày giao dịch", "Số bút toán", "Phát sinh nợ", "Phát sinh có", "Số dư", "Nội dung",
        "Đơn vị thụ hưởng/Đơn vị chuyển", "Tài khoản")  # fmt: skip
JOINED = 12


def load(seed: int, now: datetime, desk: Actor) -> None:
    """Send the statement of the last days and let the machine sort it."""
    rng = random.Random(f"demo:bank:{seed}")
    with Past(rng).at(now):
        account = accounts.put(desk, BANK, NUMBER, HOLDER, is_demo=True)
        content = _statement(_rows(rng, clock.today()))
        sent = files.upload(
            desk, account, content, "sao-ke-minh-hoa.csv", op_key=f"seed:demo:bank:{seed}", is_demo=True
        )
        files.apply(desk, sent)
        matching.run()


def _payments(*conditions: Any, limit: int) -> list[Any]:
    wanted = (
        select(Payment.code, Payment.amount, Order.name, Order.placed_at)
        .join(Order, Order.id == Payment.order_id)
        .where(Payment.code.is_not(None), *conditions)
    )
    return list(session().execute(wanted.order_by(Payment.id.desc()).limit(limit)))


def _rows(rng: random.Random, today: date) -> list[tuple[date, str, int, str, str, str]]:
    """Day, bank's number, amount, memo, payer, his account."""
    number = iter(range(26332001, 26333000))

    def one(
        amount: int, memo: str, name: str = "", ago: int = 0, reference: str = ""
    ) -> tuple[date, str, int, str, str, str]:
        account = f"190{rng.randrange(10**8):08d}" if name else ""
        return today - timedelta(days=ago), reference or f"FT{next(number)}", amount, memo, name, account

    rows = []
    recorded = session().execute(
        select(PaymentReceipt.reference, PaymentReceipt.amount, Payment.code, Order.name, PaymentReceipt.at)
        .join(Payment, Payment.id == PaymentReceipt.payment_id)
        .join(Order, Order.id == Payment.order_id)
        .where(Payment.code.is_not(None), Payment.state == PaymentState.CAPTURED)
        .order_by(PaymentReceipt.at.desc())
        .limit(JOINED)
    )
    for reference, amount, code, name, at in recorded:
        ago = max(0, (today - clock.business_day(at)).days)
        rows.append(one(amount, f"MBVCB.{rng.randrange(10**9)}.{code}.CT tu 190 toi 000", name, ago, reference))
    waiting = _payments(Payment.state == PaymentState.PENDING, Order.status == OrderStatus.AWAITING_PAYMENT, limit=6)
    for n, (code, amount, name, _at) in enumerate(waiting):
        if n == 0:
            rows.append(one(amount - 20_000, f"{code} chuyen tien mua hang", name))
        elif n == 1:
            rows.append(one(amount + 15_000, f"IBFT {code.lower()}", name))
        elif n == 2:
            rows.append(one(amount, f"{name} chuyen tien dac san", name))
    if len(waiting) > 4:
        (first, a, name, _a), (second, b, _name, _b) = waiting[3], waiting[4]
        rows.append(one(a + b, f"{first} {second} tra hai don", name))
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


def _statement(rows: Sequence[tuple[date, str, int, str, str, str]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["SAO KÊ TÀI KHOẢN (MINH HỌA)"])
    writer.writerow(["Số tài khoản", NUMBER])
    writer.writerow(HEAD)
    balance = 50_000_000
    for n, (day, reference, amount, memo, name, account) in enumerate(rows, 1):
        balance += amount
        dotted = f"{abs(amount):,}"
        writer.writerow(
            [n, day.strftime("%d/%m/%Y"), reference, "" if amount > 0 else dotted, dotted if amount > 0 else "", f"{balance:,}",
             memo, name, account]
        )  # fmt: skip
    writer.writerow(["Tổng cộng", "", "", "", "", f"{balance:,}"])
    return out.getvalue().encode("utf-8-sig")
