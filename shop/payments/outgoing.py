"""What the shop has said it will pay by transfer: each room that owes money tells its own, so that a line of the bank which
shows money leaving can be matched with it. The rooms that owe stand above this one and register themselves.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from sqlalchemy import or_, select

from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.orders.models import Order, PaymentMethod
from shop.payments.models import Payment, Refund, RefundState
from shop.payments.services import refunds


@dataclass(frozen=True, slots=True)
class Expected:
    """A transfer that is to leave. `reference` is its own room's, `words` what its memo may hold, `amount` whole đồng."""

    kind: str
    reference: str
    amount: int
    holder: str
    words: tuple[str, ...] = ()
    account: str | None = None


class Source(Protocol):
    """A room that pays by transfer."""

    kind: str

    def waiting(self, amounts: Collection[int]) -> list[Expected]:
        """What waits to leave, of these amounts."""

    def recorded(self, bank_references: Collection[str]) -> dict[str, Expected]:
        """What people have recorded as gone under the bank's own numbers, by number."""

    def confirm(self, actor: Actor, reference: str, bank_reference: str, day: date, op_key: str) -> None:
        """It has gone, in the open transaction. Raises what the room's own command raises."""

    def take_back(self, actor: Actor, reference: str, bank_reference: str) -> None:
        """That transfer was not it: it waits again, in the open transaction. Raises what the room's own command raises."""


_sources: dict[str, Source] = {}


def register(source: Source) -> None:
    """Let the transfers of a room be found; the same kind twice is the later one."""
    _sources[source.kind] = source


def sources() -> dict[str, Source]:
    """All that were registered, by kind."""
    return _sources


class _Refunds:
    """Refunds that people send by transfer."""

    kind = "refund"

    def waiting(self, amounts: Collection[int]) -> list[Expected]:
        return [self._told(*row) for row in session().execute(_REFUNDS.where(
            Refund.state == RefundState.PENDING, Refund.amount.in_(amounts),
            or_(Payment.method == PaymentMethod.VIETQR, Refund.to_account.is_not(None)),
        ))]  # fmt: skip

    def recorded(self, bank_references: Collection[str]) -> dict[str, Expected]:
        keys = {f"{PaymentMethod.VIETQR.value}:{r}": r for r in bank_references}
        rows = session().execute(
            _REFUNDS.add_columns(Refund.provider_reference).where(
                Refund.state == RefundState.SUCCEEDED, Refund.provider_reference.in_(keys)
            )
        )
        return {keys[row[-1]]: self._told(*row[:-1]) for row in rows}

    def confirm(self, actor: Actor, reference: str, bank_reference: str, day: date, op_key: str) -> None:
        refunds.settle_refund(actor, int(reference), bank_reference, op_key)

    def take_back(self, actor: Actor, reference: str, bank_reference: str) -> None:
        refunds.unsettle(actor, int(reference), bank_reference)

    @staticmethod
    def _told(refund_id: int, amount: int, order: str, name: str, account: str | None, holder: str | None) -> Expected:
        return Expected("refund", str(refund_id), amount, holder or name, (order,), account)


_REFUNDS = (
    select(Refund.id, Refund.amount, Order.reference, Order.name, Refund.to_account, Refund.to_holder)
    .join(Payment, Payment.id == Refund.payment_id)
    .join(Order, Order.id == Payment.order_id)
)
register(_Refunds())
