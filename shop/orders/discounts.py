"""What promotions took off an order, line by line; what was really paid for each unit; what goes back with it.

One rule of shares everywhere: of a line of `quantity` units, the first n carry ⌊amount × n ÷ quantity⌋ of each discount, so the
shares of all units make the whole, in however many parts they come. What is refused or comes back is taken from the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import func, insert, select, update

from shop.kernel.db import session
from shop.kernel.money import share, split
from shop.orders import books
from shop.orders.models import PREORDER, Fulfilment, Order, OrderLine, OrderLineDiscount
from shop.producers.models import Producer
from shop.promotions.models import PAYER_NAMES, Payer, Promotion
from shop.promotions.queries import Buyer
from shop.promotions.services import using


@dataclass(frozen=True, slots=True)
class Draft:
    """A discount about to be written: of the variant of parcel `number` (1…), or of that parcel's delivery (None)."""

    number: int
    variant_id: int | None
    promotion_id: int
    slot: int
    units: int
    name: str
    amount: int
    payer: Payer
    producer_id: int | None
    # A counter gave it beyond what the promotion had left: the shop bears it, and the promotion does not count it.
    beyond: bool = False


def write(order_id: int, reference: str, drafts: Sequence[Draft], who: Buyer, at: datetime) -> None:
    """Write the discounts of a new order and take them from their promotions, in its transaction, after its goods were taken.

    Raises:
        OfferGone: a limit was reached meanwhile.
    """
    s = session()
    parcels = {
        n: i for i, n in s.execute(select(Fulfilment.id, Fulfilment.number).where(Fulfilment.order_id == order_id))
    }
    lines = {
        (f, v): i
        for i, f, v in s.execute(
            select(OrderLine.id, OrderLine.fulfilment_id, OrderLine.variant_id).where(OrderLine.order_id == order_id)
        )
    }
    write_rows(
        order_id,
        reference,
        [
            (parcels[d.number], None if d.variant_id is None else lines[parcels[d.number], d.variant_id], d)
            for d in drafts
        ],
        who,
        at,
    )


def write_rows(
    order_id: int, reference: str, rows: Sequence[tuple[int, int | None, Draft]], who: Buyer, at: datetime
) -> None:
    """The same where parcel and line of each discount are known."""
    _insert(order_id, rows)
    sums: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    for _fulfilment, _line, d in rows:
        taken = sums[d.promotion_id, d.slot]
        taken[0] += d.units
        taken[1] += d.amount
    takes = [using.Take(p, slot, units, amount) for (p, slot), (units, amount) in sorted(sums.items())]
    using.take(f"order:{reference}", takes, who, at)


def write_taken(order_id: int, rows: Sequence[tuple[int, int | None, Draft]]) -> None:
    """Write discounts of an order that a counter has sold, which their promotions have counted already."""
    if rows:
        _insert(order_id, rows)
        books.borne(order_id)


def _insert(order_id: int, rows: Sequence[tuple[int, int | None, Draft]]) -> None:
    session().execute(
        insert(OrderLineDiscount),
        [
            {
                "order_id": order_id, "fulfilment_id": fulfilment_id, "line_id": line_id, "promotion_id": d.promotion_id,
                "offer_id": d.slot or None, "units": d.units, "name": d.name, "amount": d.amount, "payer": d.payer,
                "producer_id": d.producer_id, "gone_quantity": 0, "beyond": d.beyond,
            }
            for fulfilment_id, line_id, d in rows
        ],
    )  # fmt: skip


# --- what was paid -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Paid:
    """One line: what its units cost, what came off, what was paid for them. Amounts in đồng."""

    line_id: int
    quantity: int
    line_amount: int
    discount_amount: int
    # Of the discount, what producers bear by promotions that they agreed to: (producer, đồng).
    borne: tuple[tuple[int, int], ...] = ()
    # Of the discount, what no promotion names: taken off by hand at a counter.
    unnamed_amount: int = 0

    @property
    def amount(self) -> int:
        """What was paid for the whole line."""
        return self.line_amount - self.discount_amount

    def of(self, first: int, units: int) -> int:
        """What was paid for `units` after the line's `first` ones; all of them make `amount`."""
        return share(self.amount, self.quantity, first, units)

    def borne_by(self, producer_id: int) -> int:
        """Of the discount, what this producer bears."""
        return sum(amount for i, amount in self.borne if i == producer_id)


def paid_by_line(order_id: int) -> dict[int, Paid]:
    """What was really paid for each line of an order, by line id, delivery aside."""
    return paid_by_lines([order_id]).get(order_id, {})


def paid_by_lines(order_ids: Collection[int]) -> dict[int, dict[int, Paid]]:
    """The same for several orders, by order id and line id; two statements, one where nothing came off.

    What is named stands on its line; the rest of an order's discount is shared by what is left to pay of each, largest
    remainders first. A deposit is no discount: it was paid beforehand.
    """
    s = session()
    rows = s.execute(
        select(
            OrderLine.order_id, OrderLine.id, OrderLine.quantity, OrderLine.line_amount, Order.discount_amount, Order.channel
        )
        .join(Order, Order.id == OrderLine.order_id)
        .where(OrderLine.order_id.in_(order_ids))
        .order_by(OrderLine.order_id, OrderLine.id)
    ).all()  # fmt: skip
    reduced = sorted({r.order_id for r in rows if r.discount_amount and r.channel != PREORDER})
    named: dict[tuple[int, int | None], int] = defaultdict(int)
    borne: dict[tuple[int, int | None], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    whole: dict[int, int] = defaultdict(int)
    if reduced:
        d = OrderLineDiscount
        for order_id, line_id, amount, producer_id in s.execute(
            select(d.order_id, d.line_id, d.amount, d.producer_id).where(d.order_id.in_(reduced)).order_by(d.id)
        ):
            named[order_id, line_id] += amount
            whole[order_id] += amount
            if producer_id is not None:
                borne[order_id, line_id][producer_id] += amount
    found: dict[int, dict[int, Paid]] = {}
    for order_id, some in groupby(rows, key=lambda r: r.order_id):
        mine = list(some)
        off = mine[0].discount_amount - whole[order_id] if order_id in reduced else 0
        rest = split(off, [r.line_amount - named[order_id, r.id] for r in mine])
        found[order_id] = {
            r.id: Paid(
                r.id, r.quantity, r.line_amount, named[order_id, r.id] + more, tuple(borne[order_id, r.id].items()), more
            )
            for r, more in zip(mine, rest, strict=True)
        }  # fmt: skip
    return found


def off_by_parcel(order_id: int) -> dict[int, int]:
    """What promotions take off what is still kept of each parcel, delivery included, by its id, in đồng; one statement."""
    rows = session().execute(
        select(OrderLineDiscount, OrderLine.quantity)
        .outerjoin(OrderLine, OrderLine.id == OrderLineDiscount.line_id)
        .where(OrderLineDiscount.order_id == order_id)
    )
    found: dict[int, int] = defaultdict(int)
    for row, quantity in rows:
        found[row.fulfilment_id] += share(row.amount, quantity or 1, 0, (quantity or 1) - row.gone_quantity)
    return dict(found)


def freight_off(order_id: int) -> dict[int, int]:
    """What came off the fee of each parcel, by its id, in đồng."""
    found: dict[int, int] = defaultdict(int)
    for fulfilment_id, amount in session().execute(
        select(OrderLineDiscount.fulfilment_id, OrderLineDiscount.amount).where(
            OrderLineDiscount.order_id == order_id, OrderLineDiscount.line_id.is_(None)
        )
    ):
        found[fulfilment_id] += amount
    return dict(found)


def rows_of(order_id: int) -> list[OrderLineDiscount]:
    """The discounts of an order, in the order of their ids."""
    return list(
        session().scalars(
            select(OrderLineDiscount).where(OrderLineDiscount.order_id == order_id).order_by(OrderLineDiscount.id)
        )
    )


@dataclass(frozen=True, slots=True)
class Borne:
    """What one promotion took off an order and who bears it: `payer` is a producer's name or a word of `PAYER_NAMES`."""

    reference: str
    name: str
    payer: str
    amount: int


def borne(order_id: int) -> tuple[Borne, ...]:
    """Who bears what of an order's discounts; one statement."""
    d = OrderLineDiscount
    rows = session().execute(
        select(Promotion.reference, d.name, d.payer, Producer.name.label("producer"), func.sum(d.amount))
        .join(Promotion, Promotion.id == d.promotion_id)
        .outerjoin(Producer, Producer.id == d.producer_id)
        .where(d.order_id == order_id)
        .group_by(Promotion.reference, d.name, d.payer, Producer.name)
        .order_by(Promotion.reference)
    )
    return tuple(Borne(r, n, maker or PAYER_NAMES[payer], amount) for r, n, payer, maker, amount in rows)


@dataclass(frozen=True, slots=True)
class Named:
    """Discounts as a page or a letter tells them: (name, đồng) by line (None: off delivery), and in all by name."""

    by_line: Mapping[int | None, tuple[tuple[str, int], ...]]
    sums: tuple[tuple[str, int], ...]


def named(order_id: int) -> Named:
    """What came off an order, by name; one statement."""
    lines: dict[int | None, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    sums: dict[str, int] = defaultdict(int)
    for row in rows_of(order_id):
        lines[row.line_id][row.name] += row.amount
        sums[row.name] += row.amount
    return Named({i: tuple(found.items()) for i, found in lines.items()}, tuple(sums.items()))


NOTHING = Named({}, ())


# --- what goes back ----------------------------------------------------------------------------------------------


def refused_share(
    rows: Sequence[OrderLineDiscount], asked: Mapping[int, tuple[int, int, int]], parcel_id: int | None
) -> int:
    """The discount that goes with units that are not sent: `asked` gives (quantity, refused before, refused now) by line;
    `parcel_id` is a parcel of which nothing is left, so that its delivery is not paid either."""
    found = 0
    for row in rows:
        if row.line_id is None:
            found += row.amount if row.fulfilment_id == parcel_id else 0
        elif row.line_id in asked:
            quantity, before, now = asked[row.line_id]
            found += share(row.amount, quantity, quantity - before - now, now)
    return found


def give_back(
    order_id: int, units: Mapping[int, int] | None = None, *, freight: int | None = None, in_all: bool = False
) -> None:
    """Units of lines that are not kept (or the whole order, None) give their share back to the promotions; `freight` is a
    parcel whose delivery is not paid either. `in_all`: `units` are not so many more, but so many of each line altogether, so
    that the same is never given back twice. Call inside a transaction, with the order locked. Doing it again for the whole
    order does nothing; units beyond a line's own are cut.
    """
    s = session()
    rows = rows_of(order_id)
    if not rows:
        return
    reference = s.scalar(select(Order.reference).where(Order.id == order_id))
    counted = s.execute(select(OrderLine.id, OrderLine.quantity).where(OrderLine.order_id == order_id))
    quantities: dict[int | None, int] = {row[0]: row[1] for row in counted}
    sums: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    changed = False
    for row in rows:
        quantity = 1 if row.line_id is None else quantities[row.line_id]
        before = row.gone_quantity
        more = quantity
        if units is not None:
            more = int(row.fulfilment_id == freight) if row.line_id is None else units.get(row.line_id, 0)
        gone = min(quantity, max(before, more) if in_all and row.line_id is not None else before + more)
        if gone == before:
            continue
        changed = True
        if not row.beyond:
            back = sums[row.promotion_id, row.offer_id or 0]
            back[0] += share(row.units, quantity, quantity - gone, gone - before)
            back[1] += share(row.amount, quantity, quantity - gone, gone - before)
        s.execute(
            update(OrderLineDiscount)
            .where(OrderLineDiscount.id == row.id)
            .values(gone_quantity=gone)
            .execution_options(synchronize_session=False)
        )
    for (promotion_id, slot), (n, amount) in sorted(sums.items()):
        using.give_back(f"order:{reference}", promotion_id, slot, n, amount)
    if changed:
        books.borne(order_id)


def take_again(order_id: int) -> None:
    """What an order gave back when it ended is taken again: it lives again. Call inside its transaction, after its goods.

    Raises:
        OfferGone: somebody else has it by now.
    """
    s = session()
    reference = s.scalar(select(Order.reference).where(Order.id == order_id, Order.discount_amount > 0))
    if reference is None or not rows_of(order_id):
        return
    using.take_again(f"order:{reference}")
    s.execute(
        update(OrderLineDiscount)
        .where(OrderLineDiscount.order_id == order_id)
        .values(gone_quantity=0)
        .execution_options(synchronize_session=False)
    )
