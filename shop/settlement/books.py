"""What settlement means in the books (`ledger`): an entry moves between a producer and what it is for, a payout to the bank."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select

from shop.kernel import clock
from shop.kernel.actor import Actor
from shop.kernel.db import in_batches, session
from shop.ledger import names, sources
from shop.ledger import services as ledger
from shop.ledger.names import Named
from shop.ledger.services import Draft, Line
from shop.orders.models import Order
from shop.producers.models import Producer
from shop.settlement.models import Batch, Entry, EntryKind, Payout, PayoutState

CHANNEL = "settlement"
# Against what an entry stands. Goods stand against what their buyer got them for: a discount that the producer bears is less of
# it, and what nobody else is owed of an order is the shop's own.
_OF_ORDER = {
    EntryKind.SALE: "sales",
    EntryKind.RETURN: "sales",
    EntryKind.REFUND: "sales",
    EntryKind.VOUCHER: "sales",
    EntryKind.FREIGHT: "freight",
}
_OF_PRODUCER = {
    EntryKind.COMMISSION: "commission",
    EntryKind.LOSS: "goods-lost",
    EntryKind.PURCHASE: "purchases",
    EntryKind.BOOTH: "booth-fees",
    EntryKind.VAT: "tax-withheld",
    EntryKind.INCOME: "tax-withheld",
}


def _entries(ids: Sequence[int]) -> list[Draft]:
    rows = session().execute(
        select(Entry.id, Entry.kind, Entry.amount, Entry.producer_id, Entry.happened_at, Entry.reason, Order.reference)
        .outerjoin(Order, Order.id == Entry.order_id)
        .where(Entry.id.in_(ids))
    )
    drafts = []
    for i, kind, amount, producer_id, at, reason, order in rows:
        producer, cause = f"producer:{producer_id}", ENTRY.cause(i)
        if kind in _OF_ORDER and order is not None:
            against = Line(_OF_ORDER[kind], amount, f"order:{order}")
        else:
            against = Line(_OF_PRODUCER.get(kind, "corrections"), amount, producer)
        lines = [against, Line("producers", -amount, producer)]
        drafts.append(Draft(ENTRY.kind, cause, CHANNEL, cause, at, lines, reason))
    return drafts


def _payouts(ids: Sequence[int]) -> list[Draft]:
    """Those that the bank has paid; of others nothing is left in the books."""
    rows = session().execute(
        select(
            Payout.id, Payout.reference, Payout.producer_id, Payout.amount, Payout.state, Payout.paid_on,
        ).where(Payout.id.in_(ids))
    )  # fmt: skip
    drafts = []
    for i, reference, producer_id, amount, state, paid_on in rows:
        there, road = f"producer:{producer_id}", f"payout:{reference}"
        lines = [Line("producers", amount, there), Line("transit", -amount, road)]
        at = clock.start_of(paid_on) if paid_on is not None else clock.now()
        gone = lines if state is PayoutState.PAID else []
        drafts.append(Draft(PAYOUT.kind, PAYOUT.cause(i), CHANNEL, PAYOUT.cause(i), at, gone))
    return drafts


ENTRY = sources.register(
    sources.Source("settlement-entry", lambda: select(Entry.id).where(Entry.amount != 0), _entries)
)
PAYOUT = sources.register(
    sources.Source("payout", lambda: select(Payout.id).where(Payout.state == PayoutState.PAID), _payouts)
)


def _producers(ids: Collection[str]) -> dict[str, Named]:
    rows = session().execute(
        select(Producer.id, Producer.name, Producer.slug).where(Producer.id.in_(names.numbers(ids)))
    )
    return {str(i): Named(name, f"/office/producers/{slug}") for i, name, slug in rows}


def _entries_named(ids: Collection[str]) -> dict[str, Named]:
    rows = session().execute(
        select(Entry.id, Entry.reference, Entry.label, Order.reference)
        .outerjoin(Order, Order.id == Entry.order_id)
        .where(Entry.id.in_(names.numbers(ids)))
    )
    return {
        str(i): Named(order or reference or label, f"/office/orders/{order}" if order else "")
        for i, reference, label, order in rows
    }


def _payouts_named(told: Collection[str]) -> dict[str, Named]:
    """A payout is called by its id as a cause, by its reference as a party."""
    ids = names.numbers(told)
    rows = session().execute(
        select(Payout.id, Payout.reference, Batch.reference)
        .join(Batch, Batch.id == Payout.batch_id)
        .where(Payout.id.in_(ids) | Payout.reference.in_(told))
    )
    found: dict[str, Named] = {}
    for i, reference, batch in rows:
        found[str(i)] = found[reference] = Named(reference, f"/office/payouts/{batch}/{reference}")
    return found


names.register("producer", _producers)
names.register("settlement-entry", _entries_named)
names.register("payout", _payouts_named)


def posted(actor: Actor, causes: Sequence[str]) -> None:
    """Post the entries of these causes, in the transaction that writes them."""
    for some in in_batches(causes, 500):
        ids = session().scalars(select(Entry.id).where(Entry.cause.in_(some))).all()
        ledger.post_all(actor, _entries(ids))


def paid(actor: Actor, payout_id: int) -> None:
    """Bring a payout that the bank has made, or has not after all, in step, in the transaction that says so."""
    session().flush()
    ledger.bring(actor, _payouts([payout_id]))
