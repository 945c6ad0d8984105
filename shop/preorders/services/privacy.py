"""What is known of buyers, and for how long."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import exists, select, update

from shop.kernel import audit, clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_
from shop.orders.models import Order, OrderStatus
from shop.preorders import rules
from shop.preorders.models import ENDED, Preorder, S
from shop.preorders.services import carrying, deposits, places

_NOBODY = {
    "user_id": None, "name": "", "phone": "", "email": None, "province_code": None, "province_name": None,
    "commune_code": None, "commune_name": None, "street": None, "address_folded": None,
}  # fmt: skip


def _open_order() -> Any:
    """The pre-order's goods are still on their way: its buyer must be reached."""
    living = Order.status.in_([OrderStatus.AWAITING_PAYMENT, OrderStatus.PLACED, OrderStatus.CONFIRMED])
    return exists().where(Order.id == Preorder.order_id, living)


def forget_ended() -> int:
    """Blank the buyers of pre-orders that ended longer ago than the shop's term, their money settled; return how many."""
    before = clock.now() - timedelta(days=int(rules.CONTACT_DAYS.get()))
    with transaction() as s:
        found = s.execute(
            update(Preorder)
            .where(
                Preorder.state.in_(ENDED), Preorder.ended_at < before, Preorder.name != "", Preorder.credit_amount == 0,
                Preorder.back_amount == Preorder.sent_amount, ~_open_order(),
            )
            .values(**_NOBODY)
            .returning(Preorder.id)
            .execution_options(synchronize_session=False)
        ).all()  # fmt: skip
        return len(found)


def forget_person(user_id: int) -> int:
    """A member asked to be erased: he leaves what is not shared yet, what waits for the next window goes back, and who he was
    is blanked. Orders of goods keep what the law needs by themselves. Return how many pre-orders."""
    mine = list(session().scalars(select(Preorder.reference).where(Preorder.user_id == user_id).order_by(Preorder.id)))
    with transaction() as s:
        for reference in mine:
            _window, row = places.lock(reference)
            if row.state is S.WAITING:
                places.end(row, S.LAPSED, N_("Khách xóa tài khoản"))
                if row.deposit_order_id is not None:
                    deposits.give_back_later(row.id)
            elif row.state is S.CONFIRMED:
                paid = row.deposit_amount
                places.end(row, S.LEFT, N_("Khách xóa tài khoản"))
                if paid:
                    row.back_amount = paid
                    deposits.give_back_later(row.id)
            if row.credit_amount:
                carrying.close_credit(row, moved=0)
            s.flush()
        s.execute(
            update(Preorder)
            .where(Preorder.user_id == user_id)
            .values(**_NOBODY)
            .execution_options(synchronize_session=False)
        )
        if mine:
            audit.record(SYSTEM, "preorders.forget_person", f"user:{user_id}", preorders=len(mine))
    return len(mine)
