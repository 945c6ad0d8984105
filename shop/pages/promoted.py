"""What promotions cost, by month, by who bears it and by promotion, and the rows behind every number.

Counted by the day an order was placed (a counter's sale: sold), in Vietnam. Given is what came off its lines and its delivery;
back is the share of units that were not kept (refused, returned, cancelled), so that kept is what is really borne, to the đồng
the same as the ledger has once the goods are handed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import case, func, select

from shop.kernel import clock, dates, tables
from shop.kernel.db import session
from shop.kernel.errors import N_
from shop.kernel.tables import Column, Filter, Table, View
from shop.orders.models import CHANNEL_NAMES, Order, OrderLine, OrderLineDiscount
from shop.pages import spans
from shop.producers.models import Producer
from shop.promotions.models import PAYER_NAMES, Payer, Promotion

D = OrderLineDiscount
_units = func.coalesce(OrderLine.quantity, 1)
# As `money.share` has it: the first units of a line carry what is kept.
_kept = D.amount * (_units - D.gone_quantity) // _units
_back = D.amount - _kept


@dataclass(frozen=True, slots=True)
class Row:
    """A promotion in one month: how many orders, what came off, what of it came back; amounts in đồng."""

    month: date
    payer: Payer
    producer_id: int | None
    producer: str | None
    promotion: str
    name: str
    orders: int
    given: int
    back: int

    @property
    def kept(self) -> int:
        """What is borne."""
        return self.given - self.back

    @property
    def bearer(self) -> str:
        """Who bears it, in the reader's words."""
        return self.producer or gettext(PAYER_NAMES[self.payer])

    @property
    def query(self) -> dict[str, Any]:
        """The arguments of the address of the rows behind it."""
        return {
            "from": self.month.isoformat(),
            "to": (clock.add_months(self.month, 1) - date.resolution).isoformat(),
            "promotion": self.promotion,
            "payer": self.payer.value,
        }


@dataclass(frozen=True, slots=True)
class Sums:
    """What one kind of payer bears in the span."""

    payer: Payer
    name: str
    orders: int
    given: int
    back: int

    @property
    def kept(self) -> int:
        """What is borne."""
        return self.given - self.back


class Report:
    """The report of a span, of all payers or of one producer."""

    def __init__(self, args: Mapping[str, str], here: str, producer_id: int | None = None) -> None:
        today = clock.today()
        given = args if args.get("period") or args.get("from") or args.get("to") else {"period": str(today.year)}
        self.here, self.producer_id = here, producer_id
        self.asked, self.choices = spans.asked(given, today), spans.choices(today)
        self.span, self.runs = self.asked.span, self.asked.span.runs(today)
        self.rows = _rows(self.span.start, self.span.end, producer_id)
        self.file = args.get("format", "") if args.get("format") in {"csv", "xlsx"} else ""

    @property
    def sums(self) -> list[Sums]:
        """By payer, with what the rows of each add up to."""
        found = []
        for payer in Payer:
            mine = [r for r in self.rows if r.payer is payer]
            if mine:
                found.append(
                    Sums(
                        payer, gettext(PAYER_NAMES[payer]), sum(r.orders for r in mine), sum(r.given for r in mine),
                        sum(r.back for r in mine),
                    )
                )  # fmt: skip
        return found

    def days(self, **more: str) -> dict[str, str]:
        """The arguments of the rows of the whole span."""
        return {"from": self.span.start.isoformat(), "to": self.span.last.isoformat()} | more

    def download(self) -> Any:
        """The table as a file, with a line of sums."""
        head = [gettext(x) for x in HEAD]
        lines: list[list[Any]] = [
            [dates.month(r.month), r.bearer, r.promotion, r.name, r.orders, r.given, r.back, r.kept] for r in self.rows
        ]
        sums = [sum(r.given for r in self.rows), sum(r.back for r in self.rows), sum(r.kept for r in self.rows)]
        lines.append([gettext("Cộng"), "", "", "", "", *sums])
        send = tables.send_csv if self.file == "csv" else tables.send_xlsx
        return send(f"khuyen-mai-{self.span.start}-{self.span.last}", head, iter(lines))


HEAD = (
    N_("Tháng"), N_("Bên chịu"), N_("Mã chương trình"), N_("Tên"), N_("Số đơn"), N_("Đã giảm"), N_("Trả lại"),
    N_("Còn chịu"),
)  # fmt: skip


def _within(start: date, end: date) -> Any:
    return (Order.placed_at >= clock.start_of(start)) & (Order.placed_at < clock.start_of(end))


def _rows(start: date, end: date, producer_id: int | None) -> list[Row]:
    firsts, month = [], start.replace(day=1)
    while month < end:
        firsts.append(month)
        month = clock.add_months(month, 1)
    number = case(
        *((Order.placed_at < clock.start_of(clock.add_months(first, 1)), n) for n, first in enumerate(firsts)), else_=-1
    )
    found = (
        select(
            number.label("number"), D.payer, D.producer_id, Producer.name, Promotion.reference,
            Promotion.name.label("promotion"), func.count(D.order_id.distinct()), func.sum(D.amount), func.sum(_back),
        )
        .join(Order, Order.id == D.order_id)
        .join(Promotion, Promotion.id == D.promotion_id)
        .outerjoin(OrderLine, OrderLine.id == D.line_id)
        .outerjoin(Producer, Producer.id == D.producer_id)
        .where(_within(start, end))
        .group_by(number, D.payer, D.producer_id, Producer.name, Promotion.reference, Promotion.name)
    )  # fmt: skip
    if producer_id is not None:
        found = found.where(D.producer_id == producer_id)
    rows = [
        Row(firsts[n], payer, producer, name, reference, promotion, int(orders), int(given), int(back))
        for n, payer, producer, name, reference, promotion, orders, given, back in _asked(found)
    ]
    return sorted(rows, key=lambda r: (-r.month.toordinal(), r.payer.value, r.producer or "", r.promotion))


def _asked(statement: Any) -> list[Any]:
    return [tuple(row) for row in session().execute(statement)]


@dataclass(frozen=True, slots=True)
class Line:
    """One discount: of which line of which order, who bears it, how much, how much of it came back."""

    order: str
    at: datetime
    channel: str
    sku: str | None
    goods: str | None
    promotion: str
    name: str
    payer: Payer
    producer: str | None
    beyond: bool
    amount: int
    back: int

    @property
    def kept(self) -> int:
        """What is borne."""
        return self.amount - self.back

    @property
    def bearer(self) -> str:
        """Who bears it."""
        return self.producer or gettext(PAYER_NAMES[self.payer])

    @property
    def what(self) -> str:
        """The goods, or delivery."""
        return self.goods or gettext("Phí giao hàng")


LINES = Table(
    "khuyen-mai-tung-dong",
    (
        Column("order", N_("Đơn hàng"), sort=(Order.reference,)),
        Column("at", N_("Lúc"), sort=(Order.placed_at,)),
        Column("channel", N_("Bán ở"), value=lambda r: gettext(CHANNEL_NAMES[r.channel]), on_page=False),
        Column("what", N_("Hàng"), value="what"),
        Column("promotion", N_("Khuyến mại"), sort=(Promotion.reference,)),
        Column("bearer", N_("Bên chịu"), value="bearer"),
        Column("amount", N_("Đã giảm"), "num", sort=(D.amount,)),
        Column("back", N_("Trả lại"), "num"),
        Column("kept", N_("Còn chịu"), "num"),
    ),
    order="-at",
    tie=D.id,
    filters=(
        Filter("from", N_("Từ ngày"), lambda day: Order.placed_at >= clock.start_of(day), kind="day"),
        Filter(
            "to", N_("Đến hết ngày"), lambda day: Order.placed_at < clock.start_of(day + date.resolution), kind="day"
        ),
        Filter(
            "payer", N_("Bên chịu"), lambda v: D.payer == v,
            options=lambda: [(p.value, gettext(n)) for p, n in PAYER_NAMES.items()],
        ),
    ),
)  # fmt: skip


def _line(row: Any) -> Line:
    return Line(*row)


def lines(args: Mapping[str, str], here: str, producer_id: int | None = None) -> tuple[View, tuple[int, int]]:
    """The discounts that the address asks for, of one promotion (`promotion`) or all, and what all of them come to: given and
    kept, in đồng."""
    found = (
        select(
            Order.reference, Order.placed_at, Order.channel, OrderLine.sku, OrderLine.name,
            Promotion.reference.label("promotion"), D.name.label("called"), D.payer,
            Producer.name.label("producer"), D.beyond, D.amount, _back.label("back"),
        )
        .join(Order, Order.id == D.order_id)
        .join(Promotion, Promotion.id == D.promotion_id)
        .outerjoin(OrderLine, OrderLine.id == D.line_id)
        .outerjoin(Producer, Producer.id == D.producer_id)
    )  # fmt: skip
    if producer_id is not None:
        found = found.where(D.producer_id == producer_id)
    reference = args.get("promotion", "")[:20]
    if reference:
        found = found.where(Promotion.reference == reference)
    view = LINES.open(args, here, found, make=_line, keep=("promotion",))
    sums = view.statement.order_by(None).with_only_columns(
        func.coalesce(func.sum(D.amount), 0), func.coalesce(func.sum(_kept), 0), maintain_column_froms=True
    )
    given, kept = session().execute(sums).one()
    return view, (int(given), int(kept))
