"""What one click would do about a line, said in the reader's language as things stand now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext
from sqlalchemy import select

from shop.accounts.permissions import ROLE_NAMES, ROLE_PERMISSIONS, Permission
from shop.banking import deciding
from shop.banking.models import CATEGORY_NAMES, BankLine, LineState
from shop.kernel.db import session
from shop.kernel.errors import N_
from shop.kernel.money import vnd
from shop.orders.models import Order
from shop.payments.models import Payment

# What may be awaited at the bank beside orders, by the word of the room that awaits it.
AWAITED_NAMES = {
    "remittance": N_("Đợt nộp tiền thu hộ"),
    "gateway-payout": N_("Cổng thanh toán chuyển về"),
    "cash-bag": N_("Tiền mặt mang nộp"),
}


@dataclass(frozen=True, slots=True)
class Offer:
    """What one click would do about a line: `said` for people, `act` the address's last word, `fields` what the form carries,
    `permission` the right it takes."""

    said: str
    label: str
    act: str
    fields: tuple[tuple[str, str], ...]
    permission: str


def reasons(hint: Mapping[str, Any]) -> str:
    """Why a suggestion was made, in the reader's language."""
    return ", ".join(gettext(deciding.REASONS[r]) for r in hint.get("reasons", []) if r in deciding.REASONS)


def orders_of(payment_ids: Iterable[int]) -> dict[int, str]:
    """The orders of payments, by payment."""
    rows = session().execute(
        select(Payment.id, Order.reference)
        .join(Order, Order.id == Payment.order_id)
        .where(Payment.id.in_(sorted(set(payment_ids))))
    )
    return dict(rows.all())


def difference(amount: int) -> str:
    """How much more or less a line brings than was awaited."""
    return gettext("thừa %(n)s", n=vnd(amount)) if amount > 0 else gettext("thiếu %(n)s", n=vnd(-amount))


def who_may(permission: str) -> str:
    """The roles whose people can do it, in the reader's language."""
    found = [gettext(ROLE_NAMES[role]) for role, rights in ROLE_PERMISSIONS.items() if Permission(permission) in rights]
    return ", ".join(found)


def hints_of(lines: Sequence[BankLine]) -> dict[int, dict[str, Any]]:
    """What can be said now of each open line."""
    decisions = deciding.decide([line for line in lines if line.state is LineState.OPEN])
    return {line_id: decision.hint for line_id, decision in decisions.items() if decision.hint}


def offers_of(lines: Sequence[BankLine]) -> dict[int, Offer]:
    """The suggestion of each open line that has one, in the reader's language: as things stand now, not as they were when the
    line was sorted."""
    hints = hints_of(lines)
    named = [i for h in hints.values() for i, _amount in h.get("parts", [])]
    named += [h["payment"] for h in hints.values() if "payment" in h]
    orders = orders_of(named) if named else {}
    found = {}
    for line in lines:
        hint = hints.get(line.id)
        made = _offer(line, hint, orders) if hint else None
        if made is not None:
            found[line.id] = made
    return found


def _offer(line: BankLine, hint: Mapping[str, Any], orders: Mapping[int, str]) -> Offer | None:
    why = reasons(hint)
    if "action" not in hint:
        return None
    if hint["action"] == "credit":
        parts = [(orders[i], amount) for i, amount in hint["parts"] if i in orders and amount > 0]
        if len(parts) != len(hint["parts"]):
            return None
        told = "; ".join(f"{amount} → {order}" for order, amount in ((o, vnd(a)) for o, a in parts))
        fields = [field for order, amount in parts for field in (("code", order), ("amount", str(amount)))]
        return Offer(f"{told} ({why})", gettext("Ghi vào đơn"), "credit", tuple(fields), "bank:handle")
    if hint["action"] == "return" and hint["payment"] in orders:
        order = orders[hint["payment"]]
        fields = [("code", order), ("reason", gettext("Trả thừa cho đơn %(r)s", r=order))]
        said = f"{gettext('Hoàn lại qua đơn %(r)s', r=order)} ({why})"
        return Offer(said, gettext("Hoàn lại"), "return", tuple(fields), "refund:make")
    if hint["action"] == "remit":
        of, lacks = gettext(AWAITED_NAMES.get(hint["kind"], hint["kind"])), hint["lacks"]
        said = f"{of}: {hint['reference']}, {vnd(lacks)} ({why})"
        fields = [("kind", hint["kind"]), ("target", hint["reference"])]
        if lacks != line.rest_amount:
            said += f" · {difference(line.rest_amount - lacks)}"
            fields.append(("why", why))
        return Offer(said, gettext("Đúng khoản này"), "remit", tuple(fields), "bank:handle")
    if hint["action"] == "adopt":
        said = f"{gettext('Nối với khoản đã ghi tay')} ({why})"
        return Offer(said, gettext("Nối"), "adopt", (("receipt", str(hint["receipt"])),), "bank:handle")
    if hint["action"] == "aside":
        name = gettext(CATEGORY_NAMES[hint["category"]])
        return Offer(
            f"{name} ({why})", gettext("Không thuộc đơn nào"), "aside", (("category", hint["category"]),), "bank:handle"
        )
    if hint["action"] in {"confirm", "recorded"}:
        refund = hint["kind"] == "refund"
        name = gettext("Khoản hoàn đã chuyển") if refund else gettext("Khoản chi đã chuyển")
        return Offer(
            f"{name} ({why})",
            gettext("Đúng khoản này"),
            "confirm-refund" if refund else "confirm-payout",
            (("target", hint["reference"]),),
            "refund:make" if refund else "payout:make",
        )
    return None
