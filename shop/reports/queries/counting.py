"""Counts what the system knows of every locality, as of a day and over a span of days, with the rows behind each figure.

Sold is what orders hold that are neither unpaid nor cancelled, by the day they were placed, without parcels and units that
came back; amounts are đồng after discounts. A fixed number of statements, however many localities there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import and_, case, func, literal, or_, select, union_all

from shop.catalog import rules
from shop.catalog.models import Certificate, Price, Product, ProductState, Variant
from shop.cycle.localities import UNKNOWN, Finder
from shop.cycle.models.figures import ProducerFigure
from shop.cycle.models.steps import BOARD_NAMES, STEP_NAMES, Blocker, Board, BoardKind, CycleWord, StepStatus
from shop.demand.models.unmet import UnmetDay
from shop.exhibitions.models.calls import Stand
from shop.exhibitions.models.fairs import Exhibition, FairState
from shop.kernel import clock, dates
from shop.kernel.db import session
from shop.kernel.errors import N_
from shop.orders.models import (
    TILL,
    DeliveryKind,
    Fulfilment,
    FulfilmentStatus,
    Order,
    OrderLine,
    OrderLineDiscount,
    OrderStatus,
)
from shop.payments.models import Refund, RefundState
from shop.places import queries as places
from shop.places.models import HOME_PROVINCE
from shop.points.models import POINT_KIND_NAMES, Point, PointKind
from shop.producers.models import PAPER_KIND_NAMES, Paper, PaperState, Producer, ProducerState
from shop.producers.queries.papers import REPLACED
from shop.programme.models.ntm import NTM_NAMES, NtmRecord, NtmState
from shop.programme.queries import ntm
from shop.reports.figures import Counted, Row
from shop.returns.models import Return, ReturnLine
from shop.till.models import TillLine, TillReturnLine

SOLD = (OrderStatus.PLACED, OrderStatus.CONFIRMED, OrderStatus.COMPLETED)
GONE = (FulfilmentStatus.CANCELLED, FulfilmentStatus.RETURNED)
HELD = (FairState.ALLOTTED, FairState.RUNNING, FairState.CLOSED, FairState.REPORTED)
# Decision 26/2026/QĐ-TTg, art. 7.6: the file for renewal may be handed in from 180 days before the end.
RENEWAL_DAYS = 180
PAPER_DAYS = 60
TOLD_FIGURES = frozenset({"told.jobs", "told.turnover"})
NTM_FIGURES = frozenset({"ntm.registered", "ntm.recognised"})
WEB, COUNTER, FAIR = "web", "counter", "fair"


@dataclass(frozen=True, slots=True)
class Ground:
    """From `first` until before `end`; figures of a day are those of `last`, the day before `end` or today."""

    first: date
    end: date
    last: date
    finder: Finder
    # Product → (name, slug, its locality); producer → its locality.
    products: dict[int, tuple[str, str, str]]
    producers: dict[int, str]

    def between(self, at: Any) -> Any:
        """The condition that an instant lies in the span."""
        return and_(at >= clock.start_of(self.first), at < clock.start_of(self.end))


def month_end(month: date) -> date:
    """The first day of the month after `month`'s."""
    return clock.add_months(month.replace(day=1), 1)


def ground(first: date, end: date) -> Ground:
    """What all figures of a span stand on."""
    last = min(end - timedelta(days=1), max(first, clock.today()))
    finder = Finder(last)
    s = session()
    makers = {
        i: finder.of(code, words)
        for i, code, words in s.execute(select(Producer.id, Producer.commune_code, Producer.locality_text))
    }
    products = {
        i: (name, slug, makers.get(maker or 0, UNKNOWN) or finder.of(code, words))
        for i, name, slug, maker, code, words in s.execute(
            select(
                Product.id, Product.name, Product.slug, Product.producer_id, Product.commune_code, Product.locality_text
            )
        )
    }
    return Ground(first, end, last, finder, products, makers)


Tally = dict[str, Counted]


def count(first: date, end: date) -> Tally:
    """The figures of every locality from `first` until before `end`, by code; `UNKNOWN` holds what belongs to none."""
    g = ground(first, end)
    # Of a year whose criteria no decision sets nobody can say how many communes aim at them.
    silent = TOLD_FIGURES if ntm.period(g.last.year) else TOLD_FIGURES | NTM_FIGURES
    found: Tally = defaultdict(lambda: Counted(silent=silent))
    for found_here in g.finder.all:
        found[found_here.code] = Counted(silent=silent)
    for source in SOURCES:
        source(g, found)
    return found


def _of(g: Ground, product_id: int | None) -> tuple[str, str, str]:
    return g.products.get(product_id or 0, ("?", "", UNKNOWN))


def _offered(g: Ground) -> Any:
    """Products shown now that were offered by the end of the span: published, priced or certified by then. Goods of the
    registers were written down later than that."""
    end = clock.start_of(g.end)
    priced = (
        select(Price.id).join(Variant, Variant.id == Price.variant_id)
        .where(Variant.product_id == Product.id, Price.valid_from < end).exists()
    )  # fmt: skip
    certified = (
        select(Certificate.id).where(Certificate.product_id == Product.id, Certificate.issued_on <= g.last).exists()
    )
    published = func.coalesce(Product.published_at, Product.created_at) < end
    return select(Product.id).where(Product.state == ProductState.SHOWN, or_(published, priced, certified))


def _there(g: Ground) -> Any:
    """The condition on producers that were there by the end of the span."""
    known = select(Product.producer_id).where(Product.id.in_(_offered(g)), Product.producer_id.is_not(None))
    since = or_(Producer.created_at < clock.start_of(g.end), Producer.id.in_(known))
    return and_(Producer.state == ProducerState.ACTIVE, since)


def _producers(g: Ground, found: Tally) -> None:
    rows = session().execute(
        select(Producer.id, Producer.name, Producer.slug, Producer.legal_form, Producer.created_at, Producer.source_url)
        .where(_there(g))
        .order_by(Producer.sort_name, Producer.id)
    )
    for i, name, slug, form, since, source in rows:
        here, row = found[g.producers[i]], Row(name, f"/office/producers/{slug}")
        here.add("producers", row)
        here.add(f"producers.{form.value}" if form else "producers.unknown", row)
        # Those of the registers were there before we wrote them down.
        if source is None and g.first <= clock.business_day(since) < g.end:
            here.add("producers.new", Row(name, row.path, note=dates.day(since)))


def _told(g: Ground, found: Tally) -> None:
    """The last number of jobs and of turnover that was told of each producer up to the day."""
    f = ProducerFigure
    rows = session().execute(
        select(f.producer_id, f.jobs, f.turnover, f.as_of, f.source, Producer.name, Producer.slug)
        .join(Producer, Producer.id == f.producer_id)
        .where(f.replaced_at.is_(None), f.as_of <= g.last, _there(g))
        .order_by(f.as_of)
    )
    last: dict[tuple[str, int], Row] = {}
    for producer_id, jobs, turnover, as_of, source, name, slug in rows:
        for key, value in (("told.jobs", jobs), ("told.turnover", turnover)):
            if value is not None:
                note = f"{dates.day(as_of)}, {source}"
                last[key, producer_id] = Row(name, f"/office/producer-figures/{slug}", int(value), note)
    for (key, producer_id), row in last.items():
        found[g.producers[producer_id]].add(key, row)


def _products(g: Ground, found: Tally) -> None:
    for i in session().scalars(_offered(g).order_by(Product.sort_name, Product.id)):
        name, slug, code = _of(g, i)
        found[code].add("products", Row(name, f"/office/products/{slug}"))


def _certificates(g: Ground, found: Tally) -> None:
    c = Certificate
    rows = session().execute(
        select(c.product_id, c.stars, c.number, c.expires_on)
        .where(rules.certificate_in_force(g.last))
        .order_by(c.stars, c.expires_on, c.id)
    )
    best = {product_id: (stars, number, ends) for product_id, stars, number, ends in rows}
    for product_id, (stars, number, ends) in best.items():
        name, _slug, code = _of(g, product_id)
        row = Row(
            name, f"/chung-nhan/{number}", note=gettext(N_("%(n)s sao, đến %(day)s"), n=stars, day=dates.day(ends))
        )
        for key in ("stars", f"stars.{stars}"):
            found[code].add(key, row)
        if ends <= g.last + timedelta(days=RENEWAL_DAYS):
            found[code].add("ending.certificates", Row(name, row.path, note=dates.day(ends)))


def _papers(g: Ground, found: Tally) -> None:
    rows = session().execute(
        select(Producer.id, Paper.kind, Paper.number, Paper.expires_on, Producer.name, Producer.slug)
        .join(Producer, Producer.id == Paper.producer_id)
        .where(
            Paper.state == PaperState.ACCEPTED, Paper.issued_on <= g.last, Paper.expires_on >= g.last,
            Paper.expires_on <= g.last + timedelta(days=PAPER_DAYS), ~REPLACED,
        )
    )  # fmt: skip
    for producer_id, kind, number, ends, name, slug in rows:
        note = f"{gettext(PAPER_KIND_NAMES[kind])} {number}, {dates.day(ends) if ends else ''}"
        found[g.producers[producer_id]].add("ending.papers", Row(name, f"/office/producers/{slug}", note=note))


def _points(g: Ground, found: Tally) -> None:
    rows = session().scalars(
        select(Point).where(
            Point.kind.not_in((PointKind.FAIR, PointKind.WAREHOUSE)),
            Point.province_code == HOME_PROVINCE,
            or_(Point.opened_on.is_(None), Point.opened_on <= g.last),
            or_(Point.closed_on.is_(None), Point.closed_on > g.last),
        )
    )
    for p in rows:
        code = g.finder.of(p.commune_code, p.locality_text)
        found[code].add("points", Row(p.name, f"/office/points/{p.slug}", note=gettext(POINT_KIND_NAMES[p.kind])))


def _lines(g: Ground) -> Any:
    """What was sold and what came back: product, channel, whether it was sent out of the province, units, đồng."""
    outside = case((and_(Order.delivery == DeliveryKind.SHIP, Order.province_code != HOME_PROVINCE), 1), else_=0).label(
        "outside"
    )
    channel = case(
        (Order.channel != TILL, literal(WEB)), (Point.kind == PointKind.FAIR, literal(FAIR)), else_=literal(COUNTER)
    ).label("channel")
    off = (
        select(OrderLineDiscount.line_id, func.sum(OrderLineDiscount.amount).label("amount"))
        .join(Order, Order.id == OrderLineDiscount.order_id)
        .where(g.between(Order.placed_at), OrderLineDiscount.line_id.is_not(None))
        .group_by(OrderLineDiscount.line_id)
        .subquery()
    )
    kept = (Order.status.in_(SOLD), Fulfilment.status.not_in(GONE), g.between(Order.placed_at))
    sent = OrderLine.quantity - OrderLine.refused_quantity

    def over(source: Any, units: Any, amount: Any) -> Any:
        return (
            source.join(Order, Order.id == OrderLine.order_id)
            .join(Fulfilment, Fulfilment.id == OrderLine.fulfilment_id)
            .join(Point, Point.id == Fulfilment.point_id)
            .where(*kept)
            .with_only_columns(OrderLine.variant_id, channel, outside, units.label("units"), amount.label("amount"))
        )

    paid = sent * OrderLine.unit_price_amount - func.coalesce(off.c.amount, 0) * sent / OrderLine.quantity
    sold = over(
        select(OrderLine.id)
        .select_from(OrderLine)
        .outerjoin(TillLine, TillLine.order_line_id == OrderLine.id)
        .outerjoin(off, off.c.line_id == OrderLine.id),
        sent,
        func.coalesce(TillLine.net_amount, paid),
    )
    back = over(
        select(OrderLine.id)
        .select_from(TillReturnLine)
        .join(TillLine, TillLine.id == TillReturnLine.line_id)
        .join(OrderLine, OrderLine.id == TillLine.order_line_id),
        -TillReturnLine.quantity,
        -TillReturnLine.net_amount,
    )
    refunded = over(
        select(OrderLine.id)
        .select_from(ReturnLine)
        .join(Return, Return.id == ReturnLine.return_id)
        .join(Refund, and_(Refund.id == Return.refund_id, Refund.state != RefundState.FAILED))
        .join(OrderLine, OrderLine.id == ReturnLine.line_id),
        -ReturnLine.quantity,
        -ReturnLine.amount,
    )
    return union_all(sold, back, refunded).cte("lines")


def _sales(g: Ground, found: Tally) -> None:
    lines = _lines(g)
    rows = session().execute(
        select(Variant.product_id, lines.c.channel, lines.c.outside, func.sum(lines.c.units), func.sum(lines.c.amount))
        .join(Variant, Variant.id == lines.c.variant_id)
        .group_by(Variant.product_id, lines.c.channel, lines.c.outside)
        .order_by(Variant.product_id, lines.c.channel, lines.c.outside)
    )
    sums: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0])
    for product_id, channel, outside, units, amount in rows:
        keys = ["sales", f"sales.{channel}"] + (["sales.outside"] if outside else [])
        for key in keys:
            sums[product_id, key][0] += int(units)
            sums[product_id, key][1] += int(amount)
    for (product_id, key), (units, amount) in sums.items():
        name, slug, code = _of(g, product_id)
        note = gettext(N_("%(n)s đơn vị"), n=units)
        path = f"/office/products/{slug}" if slug else ""
        if units or amount:
            found[code].add(key, Row(name, path, amount, note))
        if key == "sales" and units > 0:
            found[code].add("selling", Row(name, path, note=note))


def _fairs(g: Ground, found: Tally) -> None:
    e = Exhibition
    rows = session().execute(
        select(e.name, e.slug, Stand.producer_id, Producer.name)
        .join(Stand, Stand.exhibition_id == e.id)
        .join(Producer, Producer.id == Stand.producer_id)
        .where(e.state.in_(HELD), e.from_on < g.end, e.to_on > g.first, e.from_on <= g.last, Stand.ended_at.is_(None))
        .distinct()
    )
    for fair, slug, producer_id, name in rows:
        found[g.producers[producer_id]].add("fairs", Row(name, f"/office/exhibitions/{slug}", note=fair))


def _unmet(g: Ground, found: Tally) -> None:
    d = UnmetDay
    rows = session().execute(
        select(d.product_id, func.sum(d.asks), func.sum(d.lost_amount))
        .where(d.product_id.is_not(None), d.day >= g.first, d.day < g.end)
        .group_by(d.product_id)
    )
    for product_id, asks, lost in rows:
        name, slug, code = _of(g, product_id)
        path = f"/office/products/{slug}" if slug else ""
        if asks:
            found[code].add("unmet", Row(name, path, int(asks)))
        if lost:
            found[code].add("unmet.lost", Row(name, path, int(lost)))


def _ntm(g: Ground, found: Tally) -> None:
    then = places.on_day(g.last).by_code
    for r in session().scalars(
        select(NtmRecord).where(NtmRecord.target_year == g.last.year, NtmRecord.state != NtmState.WITHDRAWN)
    ):
        unit = then.get(r.commune_code)
        above = unit.parent_code if unit is not None and unit.parent_code in g.finder.by_code else ""
        code = r.commune_code if r.commune_code in g.finder.by_code else above or UNKNOWN
        row = Row(r.commune_name, f"/office/ntm/{r.target_year}/{r.commune_code}", note=gettext(NTM_NAMES[r.state]))
        if r.registered_on is None or r.registered_on <= g.last:
            found[code].add("ntm.registered", row)
        if r.recognised_on is not None and r.recognised_on <= g.last:
            found[code].add("ntm.recognised", row)


def _cycle(g: Ground, found: Tally) -> None:
    s = session()
    known = g.finder.by_code
    for b in s.scalars(
        select(Board).where(Board.set_up_on <= g.last, or_(Board.ended_on.is_(None), Board.ended_on > g.last))
    ):
        if b.locality_code in known:
            key = "boards" if b.kind is BoardKind.BOARD else "helpers"
            note = f"{b.decision_number}, {dates.day(b.set_up_on)}"
            row = Row(gettext(BOARD_NAMES[b.kind]), f"/office/cycle/localities/{b.locality_code}", note=note)
            found[b.locality_code].add(key, row)
    done = s.execute(
        select(CycleWord.locality_code, CycleWord.step, CycleWord.finished_on).where(
            CycleWord.year == g.last.year, CycleWord.replaced_at.is_(None), CycleWord.status == StepStatus.DONE,
            CycleWord.finished_on <= g.last,
        )
    )  # fmt: skip
    for code, step, on in done:
        if code in known:
            path = f"/office/cycle/{g.last.year}/{code}"
            found[code].add("steps.done", Row(gettext(STEP_NAMES[step]), path, note=dates.day(on) if on else ""))
    open_ones = select(Blocker).where(
        Blocker.opened_on <= g.last, or_(Blocker.solved_on.is_(None), Blocker.solved_on > g.last)
    )
    for x in s.scalars(open_ones.order_by(Blocker.id)):
        if x.locality_code in known:
            row = Row(x.what[:120], f"/office/blockers/{x.reference}", note=gettext(STEP_NAMES[x.step]))
            found[x.locality_code].add("blockers", row)


SOURCES: tuple[Callable[[Ground, Tally], None], ...] = (
    _producers, _told, _products, _certificates, _papers, _points, _sales, _fairs, _unmet, _ntm, _cycle,
)  # fmt: skip
