"""What must always hold of documents (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import aliased

from shop.invoices import goods
from shop.invoices.arithmetic import of_json
from shop.invoices.models import Cause, Invoice, InvoiceCounter, InvoiceState, Issuer, Series, number_of
from shop.invoices.queries import missing
from shop.invoices.services import following, issuing
from shop.kernel import clock
from shop.kernel.db import in_batches, session
from shop.kernel.invariants import invariant
from shop.orders.models import Order, OrderLine
from shop.payments.models import Payment


@invariant("invoices.numbers-have-no-gaps")
def no_gaps() -> Iterator[str]:
    """The documents of a series of an issuer in a year are numbered 1, 2, 3 … to their counter, later ones at later times."""
    i, c = Invoice, InvoiceCounter
    counted = (
        select(i.issuer_id, i.series, i.year, func.count().label("n"), func.max(i.number).label("last"))
        .group_by(i.issuer_id, i.series, i.year)
        .subquery()
    )
    rows = session().execute(
        select(Issuer.key, func.coalesce(c.series, counted.c.series), func.coalesce(c.year, counted.c.year),
               func.coalesce(c.last_number, 0), func.coalesce(counted.c.n, 0), func.coalesce(counted.c.last, 0))
        .select_from(c)
        .join(counted, and_(counted.c.issuer_id == c.issuer_id, counted.c.series == c.series, counted.c.year == c.year),
              full=True)
        .join(Issuer, Issuer.id == func.coalesce(c.issuer_id, counted.c.issuer_id))
        .order_by(Issuer.key)
    )  # fmt: skip
    for key, series, year, last, n, highest in rows:
        if not last == n == highest:
            yield f"{key} {series}{year}: counter {last}, documents {n}, highest number {highest}"
    later = aliased(i)
    turned = (
        select(i.series, i.year, i.number)
        .join(later, and_(later.issuer_id == i.issuer_id, later.series == i.series, later.year == i.year,
                          later.number == i.number + 1))
        .where(later.issued_at < i.issued_at)
    )  # fmt: skip
    yield from (f"{number_of(*row)} is later than the next" for row in session().execute(turned))


@invariant("invoices.what-is-frozen-has-not-changed")
def frozen() -> Iterator[str]:
    """The content makes the digest, and the columns of a document say what its content says."""
    for row in _all():
        c = row.content
        told = (c["series"], c["year"], c["number"], c["issued_on"], c["cause"], c["goods"], c["discount"], c["delivery"],
                c["other"], c["total"], c["issued_at"])  # fmt: skip
        said = (row.series.value, row.year, row.number, row.issued_on.isoformat(), row.cause.value, row.goods_amount,
                row.discount_amount, row.delivery_amount, row.other_amount, row.total_amount,
                row.issued_at.isoformat(timespec="microseconds"))  # fmt: skip
        if issuing.digest_of(c) != row.digest or told != said or of_json(c).total != row.total_amount:
            yield f"{row.name} ({row.reference})"


def _all() -> Iterator[Invoice]:
    s = session()
    ids = s.scalars(select(Invoice.id).order_by(Invoice.id)).all()
    for batch in in_batches(ids):
        yield from s.scalars(select(Invoice).where(Invoice.id.in_(batch)).order_by(Invoice.id))


@invariant("invoices.sums-are-those-of-the-order")
def sums() -> Iterator[str]:
    """A sold line stands in documents with at most the units that were sent and at its agreed price; where nothing was refused
    and no money went back, an order's documents add up to what was owed."""
    documents = (
        select(Invoice.order_id, func.sum(Invoice.total_amount).label("total"))
        .where(Invoice.state == InvoiceState.ISSUED, Invoice.cause == Cause.SALE)
        .group_by(Invoice.order_id)
        .subquery()
    )
    back = select(func.coalesce(func.sum(Payment.refunded_amount), 0)).where(Payment.order_id == Order.id)
    came = select(func.sum(Payment.captured_amount)).where(Payment.order_id == Order.id).scalar_subquery()
    rows = session().execute(
        select(Order, documents.c.total, back.scalar_subquery(), came).join(documents, documents.c.order_id == Order.id)
    )
    for order, total, refunded, captured in rows:
        owed = order.owed_amount + goods.prepaid(order)
        enough = captured is None or captured + goods.prepaid(order) >= owed
        whole = not refunded and enough and all(f.closed_at and not _apart(f) for f in order.fulfilments)
        if total > owed or (whole and total != owed):
            yield f"{order.reference}: documents {total}, owed {owed}"
    yield from _lines()


def _apart(parcel: Any) -> bool:
    return parcel.status.value == "returned"


def _lines() -> Iterator[str]:
    sold: dict[int, list[Any]] = {}
    for row in _all():
        if row.cause is Cause.SALE and row.state is InvoiceState.ISSUED:
            for x in row.content["lines"]:
                known = sold.setdefault(x["line"], [row.order_id, 0, x["unit"]])
                known[1] += x["quantity"]
                if x["unit"] != known[2] or x["gross"] != x["unit"] * x["quantity"] or not 0 <= x["net"] <= x["gross"]:
                    yield f"{row.name}: line {x['line']} does not add up"
    for batch in in_batches(sorted(sold)):
        agreed = session().execute(
            select(OrderLine.id, OrderLine.order_id, OrderLine.quantity - OrderLine.refused_quantity,
                   OrderLine.unit_price_amount).where(OrderLine.id.in_(batch))
        )  # fmt: skip
        right = {i: (order, most, unit) for i, order, most, unit in agreed}
        for i in batch:
            order_id, n, unit = sold[i]
            if i not in right or right[i][0] != order_id or n > right[i][1] or unit != right[i][2]:
                yield f"line {i}: documents say {n} at {unit}, the order {right.get(i)}"


@invariant("invoices.what-was-handed-over-and-paid-has-its-document")
def documented() -> Iterator[str]:
    """An order that is complete and paid for a quarter of an hour has a document that counts, unless all came back before."""
    late = clock.now() - missing.GRACE
    for order in session().scalars(missing.without_document().where(Order.completed_at < late)):
        if any(body.lines for body in goods.of_order(order).values()):
            yield order.reference


@invariant("invoices.credit-notes-do-not-exceed")
def within() -> Iterator[str]:
    """What credit notes take back of a document is at most what it says; they are of the same order and issuer, and later."""
    of, credit = aliased(Invoice), aliased(Invoice)
    rows = session().execute(
        select(of.series, of.year, of.number, of.total_amount, func.sum(credit.total_amount))
        .join(credit, and_(credit.corrects_id == of.id, credit.state == InvoiceState.ISSUED))
        .group_by(of.id, of.series, of.year, of.number, of.total_amount)
        .having(func.sum(credit.total_amount) > of.total_amount)
    )
    yield from (f"{number_of(*row[:3])}: {row[4]} of {row[3]}" for row in rows)
    strange = select(credit.series, credit.year, credit.number).join(of, credit.corrects_id == of.id).where(
        or_(of.order_id != credit.order_id, of.issuer_id != credit.issuer_id, of.series == Series.CREDIT,
            credit.issued_at < of.issued_at, of.state == InvoiceState.VOID)
    )  # fmt: skip
    yield from (f"{number_of(*row)} takes back what is none of its own" for row in session().execute(strange))


@invariant("invoices.what-went-back-has-its-credit-note")
def credited() -> Iterator[str]:
    """A quarter of an hour after money or goods went back, no more is documented than is kept, and no goods that came back."""
    s = session()
    back = select(Payment.order_id).where(Payment.refunded_amount > 0)
    corrected = select(Invoice.order_id).distinct()
    settled = clock.now() - missing.GRACE
    fresh = set(s.scalars(missing.moved_since(missing.GRACE)))
    returned = missing.returned_orders()
    for order in s.scalars(
        select(Order).where(or_(Order.id.in_(back), Order.id.in_(returned)), Order.id.in_(corrected)).order_by(Order.id)
    ):
        if order.id in fresh or (order.completed_at and order.completed_at > settled):
            continue
        found = following.documents(order.id)
        now = following.standing(found)
        money = goods.money(order)
        units = {key: body.units() for key, body in goods.of_order(order, {key for _row, key in found}).items()}
        over = money is not None and sum(s.left.total for s in now) > money.kept
        if over or any(following.lacking(s, units.get(s.issuer, {})).total for s in now):
            yield order.reference
