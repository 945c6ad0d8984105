"""An order's documents follow its goods and its money: `follow` writes what is missing, as often as it is called.

- **Written** when all of an order is handed over and paid (it is completed): one for each seller, of what arrived. Money that
  went back before, or never came, is taken off like a discount.
- **Goods that came back** are taken back by a credit note, unit by unit, at what was paid for them, as far as credit notes for
  money have not taken that back before.
- **Money that went back** beyond that is taken back by a credit note without lines: then no more is documented than is kept.
- **A refund that bounced** leaves a credit note that is wrong: it is voided, and keeps its number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select, update

from shop.invoices import goods
from shop.invoices.arithmetic import Body, left_of, of_json
from shop.invoices.models import Cause, Invoice, InvoiceState, Issuer, Series
from shop.invoices.services import issuing
from shop.invoices.services.issuing import Draft
from shop.kernel import clock, taxcodes
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_
from shop.kernel.money import split
from shop.orders.models import DEPOSIT, Order, OrderStatus, PaymentStatus

BOUNCED = N_("Khoản hoàn tiền không đến được người mua")


@dataclass(slots=True)
class Standing:
    """A document that counts, with its credit notes and what is left of it."""

    row: Invoice
    issuer: str
    credits: list[Invoice]
    left: Body


def locked(order_id: int) -> Order | None:
    """The order, locked: all that is done to its documents queues here."""
    return session().scalar(
        select(Order).where(Order.id == order_id).with_for_update().execution_options(populate_existing=True)
    )


def documents(order_id: int) -> list[tuple[Invoice, str]]:
    """All documents of an order with the key of their issuer, first to last, voided ones too."""
    rows = session().execute(
        select(Invoice, Issuer.key)
        .join(Issuer, Issuer.id == Invoice.issuer_id)
        .where(Invoice.order_id == order_id)
        .order_by(Invoice.id)
        .execution_options(populate_existing=True)
    )
    return [(row, key) for row, key in rows]


def standing(found: Sequence[tuple[Invoice, str]]) -> list[Standing]:
    """The receipts and tax documents among an order's documents that count, with what is left of each."""
    live = [(row, key) for row, key in found if row.state is InvoiceState.ISSUED]
    made = []
    for row, key in live:
        if row.series is Series.CREDIT:
            continue
        credits = [c for c, _key in live if c.corrects_id == row.id]
        made.append(Standing(row, key, credits, left_of(of_json(row.content), (of_json(c.content) for c in credits))))
    return made


def follow(order_id: int, actor: Actor = SYSTEM) -> list[Invoice]:
    """Write what an order's documents lack; return what was written."""
    with transaction():
        order = locked(order_id)
        if order is None or order.channel == DEPOSIT:
            return []
        found = documents(order_id)
        if not standing(found):
            return _first(actor, order, {key for _row, key in found} or None)
        return _credits(actor, order, found)


def is_due(order: Order) -> bool:
    """Whether all of an order is handed over and paid."""
    return (
        order.channel != DEPOSIT
        and order.status == OrderStatus.COMPLETED
        and order.payment_status == PaymentStatus.PAID
        and order.completed_at is not None
    )


def series_of(order: Order) -> Series:
    """HD where a tax code was given that may be one; one that is none was refused when it was typed, or is older."""
    asked = (order.invoice or {}).get("tax_code")
    return Series.TAX if asked and taxcodes.normal(str(asked)) else Series.RECEIPT


def _first(actor: Actor, order: Order, sellers: set[str] | None) -> list[Invoice]:
    if not is_due(order) or order.completed_at is None or order.completed_at < issuing.began(order.completed_at):
        return []
    bodies = goods.of_order(order, sellers)
    money = goods.money(order)
    if money is not None:
        short = sum(b.total for b in bodies.values()) - money.kept
        bodies = _spread(bodies, short)
    drafts = [
        Draft(key, series_of(order), Cause.SALE, body)
        for key, body in sorted(bodies.items())
        if body.lines or body.total
    ]
    return issuing.write(actor, order, drafts) if drafts else []


def _spread(bodies: dict[str, Body], short: int) -> dict[str, Body]:
    """The bodies for `short` đồng less in all."""
    if short <= 0:
        return bodies
    keys = sorted(bodies)
    parts = split(short, [bodies[k].total for k in keys])
    return {k: bodies[k].less(n) for k, n in zip(keys, parts, strict=True)}


def _credits(actor: Actor, order: Order, found: Sequence[tuple[Invoice, str]]) -> list[Invoice]:
    now = standing(found)
    if (money := goods.money(order)) is not None:
        _void_bounced(now, money.back)
    units = {key: body.units() for key, body in goods.of_order(order, {key for _row, key in found}).items()}
    drafts: list[Draft] = []
    for s in now:
        back = lacking(s, units.get(s.issuer, {}))
        if back.total:
            drafts.append(Draft(s.issuer, Series.CREDIT, Cause.RETURN, back, s.row))
            s.left = s.left.without(back)
    if money is not None:
        over = sum(s.left.total for s in now) - money.kept
        if over > 0:
            for s, n in zip(now, split(over, [s.left.total for s in now]), strict=True):
                if n:
                    body = _named(s, goods.refunded_units(order.id), n)
                    drafts.append(Draft(s.issuer, Series.CREDIT, Cause.REFUND, body, s.row))
    return issuing.write(actor, order, drafts) if drafts else []


def lacking(s: Standing, units: Mapping[tuple[int, int], int]) -> Body:
    """What a credit note must take back of a document because its goods came back, `units` by (parcel, variant) being what
    stands: their worth without what was taken back of it before, whatever for."""
    worth = of_json(s.row.content).beyond(units).total
    due = worth - sum(c.total_amount for c in s.credits)
    back = s.left.beyond(units)
    if due <= 0:
        return Body()
    return back.less(back.total - due) if back.total >= due else back


def _named(s: Standing, refunded: Mapping[int, int], amount: int) -> Body:
    """A credit note of `amount` đồng for a refund: with the units that the refund was for, if a return says so."""
    named: dict[int, int] = {}
    for credit in s.credits:
        for x in of_json(credit.content).lines:
            named[x.line] = named.get(x.line, 0) + x.quantity
    lines = []
    for x in s.left.lines:
        n = min(refunded.get(x.line, 0) - named.get(x.line, 0), x.quantity)
        if n > 0:
            lines.append(x.take(n))
    body = Body(tuple(lines)).less(sum(x.net for x in lines) - amount)
    return Body(body.lines, 0, amount - body.total)


def _void_bounced(now: Sequence[Standing], back: int) -> None:
    """Void credit notes for refunds that did not arrive after all, latest first, as long as they take back more than the `back`
    đồng that went. One that others follow stays: they were reckoned on what it left."""
    for s in now:
        while s.credits and s.credits[-1].cause is Cause.REFUND:
            if sum(c.total_amount for x in now for c in x.credits if c.cause is Cause.REFUND) <= back:
                return
            void(s.credits.pop().id, SYSTEM, BOUNCED)
            s.left = left_of(of_json(s.row.content), (of_json(c.content) for c in s.credits))


def void(invoice_id: int, actor: Actor, reason: str) -> None:
    """Let a document count no more, in the open transaction; its number stays taken."""
    session().execute(
        update(Invoice)
        .where(Invoice.id == invoice_id, Invoice.state == InvoiceState.ISSUED)
        .values(state=InvoiceState.VOID, voided_at=clock.now(), voided_label=actor.label, void_reason=reason)
        .execution_options(synchronize_session=False)
    )
    session().expire_all()


def replaced(actor: Actor, order: Order, reason: str, only: int | None = None) -> list[Invoice]:
    """Take back what is left of an order's documents (or of `only` one) and write new ones with the buyer as he stands in the
    order now."""
    drafts: list[Draft] = []
    for s in standing(documents(order.id)):
        if (only is None or s.row.id == only) and (s.left.lines or s.left.total):
            drafts.append(Draft(s.issuer, Series.CREDIT, Cause.CHANGE, s.left, s.row, reason))
            drafts.append(Draft(s.issuer, series_of(order), Cause.CHANGE, s.left, None, reason))
    return issuing.write(actor, order, drafts) if drafts else []
