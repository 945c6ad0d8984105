"""Goods of a fair: per stand and pack what was suggested, wanted, committed, is on its way and there; papers; what ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import case, func, select

from shop.catalog import queries as catalog
from shop.catalog.models import Product, Variant
from shop.exhibitions import quantity
from shop.exhibitions.models.calls import Application, ApplicationGoods, PapersState, Stand
from shop.exhibitions.models.days import Commitment, Paper, PaperFor, PaperKind, Setup
from shop.exhibitions.models.fairs import Booth, BoothType, Exhibition, FairState
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.producers.models import Producer
from shop.receipts.models import DELIVERY_STATE_NAMES, Delivery, DeliveryLine, Departure, Receipt, ReceiptLine
from shop.receipts.queries import OPEN as DELIVERY_OPEN
from shop.stock.models import MovementKind, Passage, StockLevel, StockMovement
from shop.supply.models import ASK_NAMES, ASK_OPEN, SupplyAsk, SupplyAskLine
from shop.transfers.models import STATUS_NAMES, UNDER_WAY, WAITING, S, Transfer, TransferLine

Pair = tuple[int, int]
SHOWN = (FairState.ALLOTTED, FairState.RUNNING, FairState.CLOSED, FairState.REPORTED, FairState.CANCELLED)
CAME = (MovementKind.RECEIPT, MovementKind.TRANSFER_IN)


def points_of(exhibition_id: int) -> Any:
    """The points of a fair's booths, as a sub-select."""
    return select(Booth.point_id).where(Booth.exhibition_id == exhibition_id, Booth.point_id.is_not(None))


def bring_on(fair: Exhibition, today: date) -> date | None:
    """The day on which goods should come: the day before the fair, as far as its points are open then; today if it is over."""
    if fair.from_on is None:
        return None
    setup = session().get(Setup, fair.id)
    before = 1 if setup is None or setup.days_before >= 1 else 0
    return max(fair.from_on - timedelta(days=before), today)


# --- what lies at the booths and what is on its way --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moving:
    """By (point, variant), in sale units: on hand, free of claims, come so far, not yet come (by papers that are open)."""

    there: dict[Pair, int]
    free: dict[Pair, int]
    came: dict[Pair, int]
    coming: dict[Pair, int]


def moving(exhibition_id: int) -> Moving:
    """What is known of goods at and for the booths; five statements."""
    s, here = session(), points_of(exhibition_id)
    there: dict[Pair, int] = {}
    free: dict[Pair, int] = {}
    levels = s.execute(
        select(
            StockLevel.point_id, StockLevel.variant_id, func.sum(StockLevel.on_hand),
            func.sum(StockLevel.on_hand - StockLevel.held - StockLevel.allocated),
        )
        .where(StockLevel.point_id.in_(here))
        .group_by(StockLevel.point_id, StockLevel.variant_id)
    )  # fmt: skip
    for point_id, variant_id, n, open_ in levels:
        there[point_id, variant_id], free[point_id, variant_id] = int(n), int(open_)
    came = _pairs(
        select(StockLevel.point_id, StockLevel.variant_id, func.sum(StockMovement.quantity))
        .join(StockMovement, StockMovement.level_id == StockLevel.id)
        .where(StockLevel.point_id.in_(here), StockMovement.kind.in_(CAME))
        .group_by(StockLevel.point_id, StockLevel.variant_id)
    )
    coming: dict[Pair, int] = defaultdict(int)
    for found in (_by_transfer(here), _on_road(here), _by_delivery(here), _asked(here)):
        for pair, n in found.items():
            coming[pair] += n
    return Moving(there, free, came, dict(coming))


def _pairs(statement: Any) -> dict[Pair, int]:
    return {(point, variant): int(n) for point, variant, n in session().execute(statement) if n}


def _by_transfer(here: Any) -> dict[Pair, int]:
    """Asked for, approved or packed, and not yet sent."""
    units = func.sum(func.coalesce(TransferLine.approved, TransferLine.asked))
    return _pairs(
        select(Transfer.to_point_id, TransferLine.variant_id, units)
        .join(TransferLine, TransferLine.transfer_id == Transfer.id)
        .where(Transfer.to_point_id.in_(here), Transfer.status.in_(WAITING))
        .group_by(Transfer.to_point_id, TransferLine.variant_id)
    )


def _on_road(here: Any) -> dict[Pair, int]:
    return _pairs(
        select(StockLevel.point_id, StockLevel.variant_id, func.sum(Passage.on_road))
        .join(Passage, Passage.to_level_id == StockLevel.id)
        .where(StockLevel.point_id.in_(here), Passage.on_road > 0)
        .group_by(StockLevel.point_id, StockLevel.variant_id)
    )


def _by_delivery(here: Any) -> dict[Pair, int]:
    done = (
        select(func.coalesce(func.sum(ReceiptLine.quantity + ReceiptLine.refused), 0))
        .join(Receipt, Receipt.id == ReceiptLine.receipt_id)
        .where(ReceiptLine.line_id == DeliveryLine.id)
        .correlate(DeliveryLine)
        .scalar_subquery()
    )
    left = case((DeliveryLine.quantity > done, DeliveryLine.quantity - done), else_=0)
    return _pairs(
        select(Delivery.point_id, DeliveryLine.variant_id, func.sum(left))
        .join(DeliveryLine, DeliveryLine.delivery_id == Delivery.id)
        .where(Delivery.point_id.in_(here), Delivery.state.in_(DELIVERY_OPEN))
        .group_by(Delivery.point_id, DeliveryLine.variant_id)
    )


def _asked(here: Any) -> dict[Pair, int]:
    """Asked of producers and not answered with a refusal, before it is a delivery."""
    return _pairs(
        select(
            SupplyAsk.point_id, SupplyAskLine.variant_id,
            func.sum(func.coalesce(SupplyAskLine.offered, SupplyAskLine.asked)),
        )
        .join(SupplyAskLine, SupplyAskLine.ask_id == SupplyAsk.id)
        .where(SupplyAsk.point_id.in_(here), SupplyAsk.status.in_(ASK_OPEN))
        .group_by(SupplyAsk.point_id, SupplyAskLine.variant_id)
    )  # fmt: skip


# --- rows of the page --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GoodsRow:
    """One pack of one stand (sale units). `missing`: committed and neither come nor on its way. `ends`: why it may not be sold
    to the end, and from when on."""

    goods_id: int
    stand_id: int
    variant_id: int
    product: str
    product_slug: str
    pack: str
    sku: str
    papers: PapersState
    wanted: int | None
    suggested: int | None
    why: tuple[tuple[str, dict[str, Any]], ...]
    committed: int | None
    reason: str | None
    start_by: date | None
    coming: int
    came: int
    there: int
    ends_on: date | None
    ends: str
    today: date

    @property
    def missing(self) -> int:
        """What was promised and has neither come nor a paper."""
        return max((self.committed or 0) - self.came - self.coming, 0)

    @property
    def late(self) -> bool:
        """Whether the last day to begin making it is over before anybody has committed."""
        return self.committed is None and self.start_by is not None and self.start_by < self.today

    @property
    def sentences(self) -> list[str]:
        """Why so many, in the reader's language."""
        return [gettext(title, **values) for title, values in self.why]


@dataclass(frozen=True, slots=True)
class StandGoods:
    """A stand with its goods."""

    stand_id: int
    reference: str
    booth_id: int
    booth: str
    point_id: int | None
    shared: bool
    producer_id: int
    producer: str
    producer_slug: str
    application: str
    rows: tuple[GoodsRow, ...]

    @property
    def missing(self) -> int:
        """Units of all its packs that are promised and not under way."""
        return sum(row.missing for row in self.rows)

    @property
    def answered(self) -> bool:
        """Whether its producer has said something of every pack that he may bring."""
        return all(row.committed is not None for row in self.rows if row.papers is not PapersState.REFUSED)


def stands(fair: Exhibition, *, application: str | None = None) -> list[StandGoods]:
    """The living stands of a fair with their goods, by booth (only one application's, if it is named)."""
    statement = (
        select(Stand, Booth, BoothType.makers, Producer.name, Producer.slug, Application.reference)
        .join(Booth, Booth.id == Stand.booth_id)
        .join(BoothType, BoothType.id == Booth.type_id)
        .join(Producer, Producer.id == Stand.producer_id)
        .join(Application, Application.id == Stand.application_id)
        .where(Stand.exhibition_id == fair.id, Stand.ended_at.is_(None))
        .order_by(Booth.code, Stand.id)
    )
    if application is not None:
        statement = statement.where(Application.reference == application)
    found = session().execute(statement).all()
    by_application = _goods([stand.application_id for stand, *_rest in found])
    flow = moving(fair.id)
    ends = ends_during(fair, [g.variant_id for goods in by_application.values() for g, *_r in goods])
    today = clock.today()
    made = []
    for stand, booth, makers, producer, slug, reference in found:
        rows = []
        for goods, product, product_slug, pack, sku, reason in by_application.get(stand.application_id, []):
            pair = (booth.point_id or 0, goods.variant_id)
            end = ends.get(goods.variant_id)
            rows.append(
                GoodsRow(
                    goods.id, stand.id, goods.variant_id, product, product_slug, pack, sku, goods.papers, goods.wanted,
                    goods.suggested, tuple(quantity.told(goods.suggested_why)), goods.committed, reason, goods.start_by,
                    flow.coming.get(pair, 0), flow.came.get(pair, 0), flow.there.get(pair, 0),
                    end[0] if end else None, gettext(end[1]) if end else "", today,
                )
            )  # fmt: skip
        made.append(
            StandGoods(
                stand.id, stand.reference, booth.id, booth.code, booth.point_id, makers > 1, stand.producer_id, producer,
                slug, reference, tuple(rows),
            )
        )  # fmt: skip
    return sorted(made, key=lambda s: (_natural(s.booth), s.stand_id))


def _natural(code: str) -> tuple[str, int, str]:
    """A2 before A10."""
    letters = code.rstrip("0123456789")
    digits = code[len(letters) :]
    return letters, int(digits) if digits else 0, code


def _goods(application_ids: Sequence[int]) -> dict[int, list[Any]]:
    newest = (
        select(func.max(Commitment.id)).where(Commitment.goods_id == ApplicationGoods.id).correlate(ApplicationGoods)
    ).scalar_subquery()
    rows = session().execute(
        select(ApplicationGoods, Product.name, Product.slug, Variant.pack, Variant.sku, Commitment.reason)
        .join(Variant, Variant.id == ApplicationGoods.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(Commitment, Commitment.id == newest)
        .where(ApplicationGoods.application_id.in_(application_ids))
        .order_by(ApplicationGoods.id)
    )
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row[0].application_id].append(tuple(row))
    return found


def ends_during(fair: Exhibition, variant_ids: Sequence[int]) -> dict[int, tuple[date, str]]:
    """Packs that may be sold when the fair begins and not on all its days: from which day on not, and why (a msgid). The
    counter refuses them by itself from that day on."""
    if fair.from_on is None or fair.to_on is None or not variant_ids:
        return {}
    ids = sorted(set(variant_ids))
    first, last = fair.from_on, fair.to_on - timedelta(days=1)
    at_end = {v: g.refusal for v, g in catalog.sellable(ids, _noon(last)).items() if g.refusal is not None}
    if not at_end:
        return {}
    found: dict[int, tuple[date, str]] = {}
    day = first
    while day <= last and len(found) < len(at_end):
        for v, goods in catalog.sellable(sorted(at_end.keys() - found.keys()), _noon(day)).items():
            if goods.refusal is not None:
                found[v] = (day, goods.refusal.title)
        day += timedelta(days=1)
    return found


def _noon(day: date) -> datetime:
    return clock.start_of(day) + timedelta(hours=12)


# --- papers ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PaperRow:
    """One paper: where it is from, how it stands (a msgid), whether it is settled. `url` leads to the page that books."""

    reference: str
    kind: PaperKind
    purpose: PaperFor
    booth: str
    producer: str
    state: str
    badge: str
    open: bool
    on: date | None
    url: str


_TRANSFER_BADGES = {S.ON_THE_ROAD: "info", S.RECEIVED: "warn", S.CLOSED: "ok", S.REFUSED: "bad"}
LEFT_MAKER = N_("Đã rời cơ sở")


def papers(exhibition_id: int) -> list[PaperRow]:
    """Every paper of a fair, those that are open first; one statement."""
    left = select(Departure.id).where(Departure.delivery_id == Delivery.id).correlate(Delivery).exists()
    rows = session().execute(
        select(
            Paper, Booth.code, func.coalesce(Producer.name, ""), Transfer.status, Transfer.due_on, Delivery.state,
            Delivery.expected_on, Delivery.reference, SupplyAsk.status, SupplyAsk.wanted_on, left,
        )
        .join(Booth, Booth.id == Paper.booth_id)
        .outerjoin(Stand, Stand.id == Paper.stand_id)
        .outerjoin(Producer, Producer.id == Stand.producer_id)
        .outerjoin(Transfer, Transfer.reference == Paper.reference)
        .outerjoin(SupplyAsk, SupplyAsk.reference == Paper.reference)
        .outerjoin(Delivery, (Delivery.reference == Paper.reference) | (Delivery.id == SupplyAsk.delivery_id))
        .where(Paper.exhibition_id == exhibition_id)
        .order_by(Paper.id)
    )  # fmt: skip
    found = []
    for paper, booth, producer, status, due_on, state, expected_on, delivery, ask, wanted_on, has_left in rows:
        if paper.kind is PaperKind.TRANSFER:
            title, badge = STATUS_NAMES[status], _TRANSFER_BADGES.get(status, "")
            is_open, on, url = status in (*WAITING, *UNDER_WAY), due_on, f"/office/transfers/{paper.reference}"
        elif state is not None:
            is_open, on, url = state in DELIVERY_OPEN, expected_on, f"/office/receipts/{delivery}"
            title = LEFT_MAKER if has_left and is_open else DELIVERY_STATE_NAMES[state]
            badge = {"expected": "info", "partly": "warn", "received": "ok"}.get(state, "")
        else:
            is_open, on, url = ask in ASK_OPEN, wanted_on, f"/office/asks/{paper.reference}"
            title, badge = ASK_NAMES[ask], {"asked": "warn", "changed": "info", "refused": "bad"}.get(ask, "")
        found.append(
            PaperRow(paper.reference, paper.kind, paper.purpose, booth, producer, title, badge, is_open, on, url)
        )
    return sorted(found, key=lambda p: not p.open)


@dataclass(frozen=True, slots=True)
class Left:
    """Goods that still lie at a booth's point, or are on the road to or from it (sale units)."""

    booth: str
    point_id: int
    there: int
    coming: int


def leftovers(exhibition_id: int) -> list[Left]:
    """The booths at which anything is left, or to which anything is on its way."""
    flow = moving(exhibition_id)
    there: dict[int, int] = defaultdict(int)
    coming: dict[int, int] = defaultdict(int)
    for (point_id, _v), n in flow.there.items():
        there[point_id] += n
    for (point_id, _v), n in flow.coming.items():
        coming[point_id] += n
    rows = session().execute(
        select(Booth.code, Booth.point_id).where(Booth.exhibition_id == exhibition_id, Booth.point_id.is_not(None))
    )
    found = [
        Left(code, point_id, there[point_id], coming[point_id])
        for code, point_id in rows
        if point_id is not None and (there[point_id] or coming[point_id])
    ]
    return sorted(found, key=lambda one: _natural(one.booth))


def leaving(point_id: int) -> dict[int, int]:
    """Units that papers from this point speak of and that have not been packed: they are free still, and spoken for."""
    rows = session().execute(
        select(TransferLine.variant_id, func.sum(func.coalesce(TransferLine.approved, TransferLine.asked)))
        .join(Transfer, Transfer.id == TransferLine.transfer_id)
        .where(Transfer.from_point_id == point_id, Transfer.status.in_((S.ASKED, S.APPROVED)))
        .group_by(TransferLine.variant_id)
    )
    return {variant_id: int(n) for variant_id, n in rows}


def home_stock(point_id: int, variant_ids: Sequence[int]) -> dict[int, int]:
    """Units of packs at the home store that are free and on no paper yet, by variant."""
    rows = session().execute(
        select(StockLevel.variant_id, func.sum(StockLevel.on_hand - StockLevel.held - StockLevel.allocated))
        .where(
            StockLevel.point_id == point_id, StockLevel.variant_id.in_(variant_ids), StockLevel.is_stopped.is_(False)
        )
        .group_by(StockLevel.variant_id)
    )
    spoken_for = leaving(point_id)
    return {variant_id: max(int(n) - spoken_for.get(variant_id, 0), 0) for variant_id, n in rows}


# --- the producer's door -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FairOf:
    """A fair in which a producer has a booth: packs he has not answered, the first day on which something must be begun."""

    reference: str
    fair: Exhibition
    booth: str
    waiting: int
    start_by: date | None


def fairs_of(producer_id: int) -> list[FairOf]:
    """The fairs in which the producer has a booth now, the next first; one statement."""
    open_ = func.sum(case((ApplicationGoods.committed.is_(None) & (ApplicationGoods.papers != "refused"), 1), else_=0))
    rows = session().execute(
        select(Application.reference, Exhibition, Booth.code, open_, func.min(ApplicationGoods.start_by))
        .join(Stand, Stand.application_id == Application.id)
        .join(Booth, Booth.id == Stand.booth_id)
        .join(Exhibition, Exhibition.id == Application.exhibition_id)
        .outerjoin(ApplicationGoods, ApplicationGoods.application_id == Application.id)
        .where(Application.producer_id == producer_id, Stand.ended_at.is_(None), Exhibition.state.in_(SHOWN))
        .group_by(Application.reference, Exhibition.id, Booth.code)
        .order_by(Exhibition.from_on.desc(), Application.reference)
    )
    return [FairOf(reference, fair, code, int(n or 0), start) for reference, fair, code, n, start in rows]


def application(reference: str) -> tuple[Application, Exhibition]:
    """An application and its fair.

    Raises:
        NotFound: there is none.
    """
    row = session().execute(
        select(Application, Exhibition)
        .join(Exhibition, Exhibition.id == Application.exhibition_id)
        .where(Application.reference == reference)
    )
    found = row.first()
    if found is None:
        raise NotFound
    return found[0], found[1]
