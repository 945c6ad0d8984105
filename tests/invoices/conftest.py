"""What tests of documents share: the goods and producers of settlement's, and how an order's documents are read."""

from __future__ import annotations

from sqlalchemy import select

from shop.invoices.models import Invoice
from shop.invoices.services import following
from shop.kernel import clock, invariants
from shop.kernel.db import session, transaction
from shop.payments.services import counter as money
from tests.settlement.conftest import DESK, key, trade, turn

__all__ = ["trade", "turn"]
BUYER = {
    "invoice_company": "Công ty TNHH Minh Họa", "invoice_tax_code": "9900000016", "invoice_address": "Số 1, phường Hồng Gai",
    "invoice_email": "ke-toan@example.vn",
}  # fmt: skip


def papers(order_id: int) -> list[Invoice]:
    """All documents of an order, first to last."""
    session().expire_all()
    return list(session().scalars(select(Invoice).where(Invoice.order_id == order_id).order_by(Invoice.id)))


def told(order_id: int) -> list[tuple[str, str, int]]:
    """Series, cause and total of each."""
    return [(p.series.value, p.cause.value, p.total_amount) for p in papers(order_id)]


def give_back(order_id: int, amount: int) -> None:
    """Money goes back."""
    with transaction():
        money.give_back(DESK, order_id, amount, "hoàn", event=key(), at=clock.now())


def left(order_id: int) -> int:
    """What all documents of an order say in the end, in đồng."""
    return sum(s.left.total for s in following.standing(following.documents(order_id)))


def broken() -> list[str]:
    """The invariants of this room that do not hold."""
    session().rollback()
    session().expire_all()
    return [f"{f.name}: {f.offenders}" for f in invariants.run() if not f.ok and f.name.startswith("invoices.")]
