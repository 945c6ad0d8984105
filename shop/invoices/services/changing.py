"""What people ask of documents: a tax invoice after all, another buyer on it, one that was wrong voided, the number that a
provider gave. What is frozen is never changed: it is taken back, and written anew."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update

from shop.invoices import rules
from shop.invoices.arithmetic import of_json
from shop.invoices.errors import AskedTooLate, DocumentStep, NothingToInvoice, ProviderNumberUsed
from shop.invoices.forms import TaxBuyer
from shop.invoices.models import Cause, Invoice, InvoiceState, Series
from shop.invoices.services import following, issuing
from shop.kernel import audit, clock, facts, operations
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.errors import N_, Invalid, NotFound
from shop.orders.models import DEPOSIT, Fulfilment, Order, OrderStatus, PaymentStatus
from shop.orders.services import invoicing

ASKED = N_("Người mua yêu cầu hóa đơn thuế")
_OVER = frozenset({PaymentStatus.REFUNDED, PaymentStatus.REFUND_PENDING, PaymentStatus.VOID})


def last_day(order_id: int) -> Any:
    """The last day on which the buyer may ask for a tax invoice; None while goods are still to come."""
    arrived, waiting = session().execute(
        select(func.max(Fulfilment.delivered_at), func.count().filter(Fulfilment.closed_at.is_(None))).where(
            Fulfilment.order_id == order_id
        )
    ).one()  # fmt: skip
    if arrived is None or waiting:
        return None
    return clock.business_day(arrived) + timedelta(days=int(rules.ASK_DAYS.get()))


def may_ask(order: Any) -> bool:
    """Whether an order has something that may be invoiced (whatever the term)."""
    alive = order.status not in {OrderStatus.CANCELLED}
    return order.channel != DEPOSIT and alive and order.payment_status not in _OVER


def ask(actor: Actor, order_id: int, buyer: TaxBuyer, op_key: str) -> dict[str, Any]:
    """The buyer wants a tax invoice: kept with the order until its documents are written, else those are taken back and
    new ones written. Asking for what stands already does nothing.

    Raises:
        NotFound: no such order.
        NothingToInvoice: it was cancelled, or its money goes back.
        AskedTooLate: the term is over.
        KeyUsedOtherwise.
    """

    def command() -> dict[str, Any]:
        order = following.locked(order_id)
        if order is None:
            raise NotFound
        if not may_ask(order):
            raise NothingToInvoice
        until = last_day(order_id)
        if until is not None and clock.today() > until:
            raise AskedTooLate(n=int(rules.ASK_DAYS.get()))
        return {"documents": _with_buyer(actor, order, buyer, ASKED)}

    return operations.once(op_key, "invoices.ask", actor.key, [order_id, buyer.as_json()], command)


def _with_buyer(actor: Actor, order: Order, buyer: TaxBuyer, reason: str) -> list[str]:
    if order.invoice == buyer.as_json():
        return []
    invoicing.ask(order.id, buyer.as_json())
    again = following.locked(order.id)
    assert again is not None  # noqa: S101 - it is locked
    return [row.name for row in following.replaced(actor, again, reason)]


def change(actor: Actor, reference: str, buyer: TaxBuyer, reason: str, op_key: str) -> dict[str, Any]:
    """The office puts right whom an order's documents are for: each that counts is taken back by a credit note, and a new one
    is written.

    Raises:
        NotFound; Invalid: no reason.
        DocumentStep: the document does not count any more, or nothing of it is left.
    """
    why = _reason(reason)

    def command() -> dict[str, Any]:
        _row, order = _locked(reference, counts=True)
        made = _with_buyer(actor, order, buyer, why)
        if not made:
            raise DocumentStep
        audit.record(actor, "invoices.change", f"invoice:{reference}", reason=why, documents=", ".join(made))
        return {"documents": made}

    return operations.once(op_key, "invoices.change", actor.key, [reference, buyer.as_json(), why], command)


def void(actor: Actor, reference: str, reason: str, op_key: str) -> dict[str, Any]:
    """A document was written wrongly (the seller's own facts, say): it counts no more and keeps its number; the same is written
    again under a new one, with buyer and seller as they stand today.

    Raises:
        NotFound; Invalid: no reason.
        DocumentStep: it is a credit note, does not count any more, or has credit notes.
    """
    why = _reason(reason)

    def command() -> dict[str, Any]:
        row, order = _locked(reference, counts=True)
        found = next((s for s in following.standing(following.documents(order.id)) if s.row.id == row.id), None)
        if found is None or found.credits:
            raise DocumentStep
        following.void(row.id, actor, why)
        again = following.locked(order.id)
        assert again is not None  # noqa: S101 - it is locked
        draft = issuing.Draft(
            found.issuer, following.series_of(again), Cause(row.cause), of_json(row.content), None, why
        )  # fmt: skip
        made = [*issuing.write(actor, again, [draft]), *following.follow(order.id, actor)]
        names = [r.name for r in made]
        audit.record(actor, "invoices.void", f"invoice:{reference}", reason=why, documents=", ".join(names))
        return {"documents": names}

    return operations.once(op_key, "invoices.void", actor.key, [reference, why], command)


def note_provider(actor: Actor, reference: str, number: str, op_key: str) -> None:
    """A provider of e-invoices gave the document this number.

    Raises:
        NotFound; Invalid: no number.
        DocumentStep: it is a receipt without tax data.
        ProviderNumberUsed: another document of the same issuer has it.
    """
    given = facts.line(number, "provider_number", 80)
    if given is None:
        raise Invalid(N_("Hãy ghi số hóa đơn điện tử."), field="provider_number")

    def command() -> dict[str, Any]:
        row, _order = _locked(reference)
        if row.content["buyer"]["tax_code"] is None:
            raise DocumentStep
        s = session()
        other = s.scalar(
            select(Invoice.id).where(
                Invoice.issuer_id == row.issuer_id, Invoice.provider_number == given, Invoice.id != row.id
            )
        )
        if other is not None:
            raise ProviderNumberUsed(field="provider_number")
        s.execute(
            update(Invoice)
            .where(Invoice.id == row.id)
            .values(provider_number=given, provider_at=clock.now())
            .execution_options(synchronize_session=False)
        )
        audit.record(actor, "invoices.provider", f"invoice:{reference}", number=given)
        return {}

    operations.once(op_key, "invoices.provider", actor.key, [reference, given], command)


def _reason(raw: str) -> str:
    reason = facts.line(raw, "reason", 500)
    if reason is None or len(reason) < 2:
        raise Invalid(N_("Hãy ghi lý do, ít nhất 2 ký tự."), field="reason")
    return reason


def _locked(reference: str, *, counts: bool = False) -> tuple[Invoice, Order]:
    """The document with its order, locked; `counts`: it must be a receipt or tax document that counts.

    Raises:
        NotFound; DocumentStep.
    """
    order_id = session().scalar(select(Invoice.order_id).where(Invoice.reference == reference))
    order = following.locked(order_id) if order_id is not None else None
    if order is None:
        raise NotFound
    row = session().scalars(
        select(Invoice).where(Invoice.reference == reference).execution_options(populate_existing=True)
    ).one()  # fmt: skip
    if counts and (row.series is Series.CREDIT or row.state is InvoiceState.VOID):
        raise DocumentStep
    return row, order
