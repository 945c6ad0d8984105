"""Reads of transfers: one with its lots, steps and arrivals; what can be packed; lists of what the reader may see."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, case, false, func, or_, select

from shop.catalog.models import Product, Variant
from shop.kernel import clock, text
from shop.kernel.db import in_batches, session
from shop.kernel.errors import NotFound
from shop.points import queries as points
from shop.stock.models import Lot, Passage, StockHold, StockLevel
from shop.transfers.models import (
    UNDER_WAY,
    S,
    Transfer,
    TransferArrival,
    TransferArrivalLine,
    TransferLine,
    TransferStatus,
    TransferStep,
)

_IN_ADDRESS = re.compile(r"/TRANSFERS/([A-Z0-9-]+)")
_CODE = re.compile(r"C?([A-Z0-9]{4})([A-Z0-9]{4})")


def normal(raw: str) -> str:
    """The reference that a person typed or a scanner read (a code in any case, with or without blanks, dashes and the C in
    front, or the address behind the note's QR code), in its stored shape; '' if it is none.

    >>> normal("c hx7k 3m2p")
    'C-HX7K-3M2P'
    """
    found = text.fold(raw).upper()
    if address := _IN_ADDRESS.search(found):
        found = address[1]
    code = _CODE.fullmatch(re.sub(r"[^A-Z0-9]", "", found))
    return f"C-{code[1]}-{code[2]}" if code else ""


def ends(reference: str) -> tuple[int, int] | None:
    """From which point to which a transfer goes; None if there is no such transfer."""
    row = (
        session()
        .execute(select(Transfer.from_point_id, Transfer.to_point_id).where(Transfer.reference == reference))
        .first()
    )
    return (row[0], row[1]) if row else None


# --- one transfer ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LotView:
    """Units of one lot and owner: packed, and from when they leave how many are on the road and how many were lost.

    `passage_id` is None while they are packed only. `stopped`: the lot was called back.
    """

    level_id: int
    passage_id: int | None
    variant_id: int
    lot: str
    expires_on: date | None
    stopped: bool
    owner: str
    quantity: int
    on_road: int
    lost: int

    @property
    def arrived(self) -> int:
        """Units that lie at the destination now or did so for a moment."""
        return self.quantity - self.on_road - self.lost if self.passage_id else 0


@dataclass(frozen=True, slots=True)
class LineView:
    """One pack of a transfer with the lots it goes in."""

    id: int
    variant_id: int
    sku: str
    product: str
    pack: str
    asked: int
    approved: int | None
    lots: tuple[LotView, ...]

    @property
    def name(self) -> str:
        """Product and pack."""
        return f"{self.product}, {self.pack}" if self.pack else self.product


@dataclass(frozen=True, slots=True)
class ArrivalView:
    """One part that was counted in."""

    number: int
    at: datetime
    actor_label: str
    good: int
    damaged: int
    missing: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TransferView:
    """A transfer as its page shows it."""

    reference: str
    source: points.PointView
    destination: points.PointView
    status: TransferStatus
    note: str | None
    due_on: date | None
    arrivals: int
    asked_at: datetime
    updated_at: datetime
    is_demo: bool
    lines: tuple[LineView, ...]
    steps: tuple[TransferStep, ...]
    parts: tuple[ArrivalView, ...]

    @property
    def lots(self) -> list[LotView]:
        """All lots in the order of the lines."""
        return [lot for line in self.lines for lot in line.lots]

    @property
    def on_road(self) -> int:
        """Units on the road now."""
        return sum(lot.on_road for lot in self.lots)

    @property
    def units(self) -> int:
        """Units packed or sent; before that, approved or asked for."""
        if self.lots:
            return sum(lot.quantity for lot in self.lots)
        return sum(line.asked if line.approved is None else line.approved for line in self.lines)

    @property
    def late(self) -> bool:
        """Whether goods should have arrived before today."""
        return self.status in UNDER_WAY and self.due_on is not None and self.due_on < clock.today()


def view(reference: str) -> TransferView:
    """One transfer with everything of it; at most seven statements.

    Raises:
        NotFound: there is none.
    """
    s = session()
    found = s.scalar(select(Transfer).where(Transfer.reference == reference))
    if found is None:
        raise NotFound
    lots = _lots(f"transfer:{reference}")
    lines: Any = s.execute(
        select(
            TransferLine.id,
            TransferLine.variant_id,
            Variant.sku,
            Product.name,
            Variant.pack,
            TransferLine.asked,
            TransferLine.approved,
        )
        .join(Variant, Variant.id == TransferLine.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(TransferLine.transfer_id == found.id)
        .order_by(Product.sort_name, Variant.position, TransferLine.id)
    )
    ends_of = points.by_ids([found.from_point_id, found.to_point_id])
    return TransferView(
        found.reference,
        ends_of[found.from_point_id],
        ends_of[found.to_point_id],
        found.status,
        found.note,
        found.due_on,
        found.arrivals,
        found.asked_at,
        found.updated_at,
        found.is_demo,
        tuple(
            LineView(
                row.id,
                row.variant_id,
                row.sku,
                row.name,
                row.pack,
                row.asked,
                row.approved,
                tuple(lots.get(row.variant_id, ())),
            )
            for row in lines
        ),
        tuple(
            s.scalars(select(TransferStep).where(TransferStep.transfer_id == found.id).order_by(TransferStep.id)).all()
        ),
        _parts(found.id) if found.arrivals else (),
    )


def _lots(reference: str) -> dict[int, list[LotView]]:
    """What is packed or was sent under `reference`, by variant, first expiring first."""
    s = session()
    about = (StockLevel.id, StockLevel.variant_id, Lot.code, Lot.expires_on, Lot.stopped_at, StockLevel.owner)
    order = (Lot.expires_on.is_(None), Lot.expires_on, StockLevel.id)
    rows: list[Any] = list(
        s.execute(
            select(*about, Passage.id, Passage.quantity, Passage.on_road, Passage.lost)
            .join(StockLevel, StockLevel.id == Passage.level_id)
            .join(Lot, Lot.id == StockLevel.lot_id)
            .where(Passage.reference == reference)
            .order_by(*order)
        )
    )
    if not rows:
        claims = s.execute(
            select(*about, func.sum(StockHold.quantity))
            .join(StockLevel, StockLevel.id == StockHold.level_id)
            .join(Lot, Lot.id == StockLevel.lot_id)
            .where(StockHold.reference == reference, StockHold.outcome.is_(None))
            .group_by(*about)
            .order_by(*order)
        )
        rows = [(*row[:6], None, row[6], 0, 0) for row in claims]
    found: dict[int, list[LotView]] = defaultdict(list)
    for level_id, variant_id, code, expires_on, stopped_at, owner, passage_id, quantity, on_road, lost in rows:
        found[variant_id].append(
            LotView(
                level_id,
                passage_id,
                variant_id,
                code,
                expires_on,
                stopped_at is not None,
                owner,
                quantity,
                on_road,
                lost,
            )
        )
    return found


def _parts(transfer_id: int) -> tuple[ArrivalView, ...]:
    rows = session().execute(
        select(
            TransferArrival.number,
            TransferArrival.at,
            TransferArrival.actor_label,
            TransferArrivalLine.good,
            TransferArrivalLine.damaged,
            TransferArrivalLine.missing,
            TransferArrivalLine.reason,
        )
        .join(TransferArrivalLine, TransferArrivalLine.arrival_id == TransferArrival.id)
        .where(TransferArrival.transfer_id == transfer_id)
        .order_by(TransferArrival.number, TransferArrivalLine.id)
    )
    by_number: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        by_number[row.number].append(row)
    return tuple(
        ArrivalView(
            number,
            found[0].at,
            found[0].actor_label,
            sum(r.good for r in found),
            sum(r.damaged for r in found),
            sum(r.missing for r in found),
            tuple(dict.fromkeys(r.reason for r in found if r.reason)),
        )
        for number, found in by_number.items()
    )


# --- packing -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PackableLot:
    """A lot at the source that a line may be packed from; `free` units have no claim on them. `chosen` is the proposal.

    `barred`: the lot was called back or is past its date, so nothing of it may be sent.
    """

    level_id: int
    variant_id: int
    lot: str
    expires_on: date | None
    owner: str
    free: int
    chosen: int
    barred: bool


def packable(point_id: int, wanted: Mapping[int, int], keep: Iterable[int] = ()) -> dict[int, list[PackableLot]]:
    """By variant the lots at the point, first expiring first, `wanted` units shared out in that order over those that may be
    sent. Lots without free units are left out unless `keep` names their level (somebody has just chosen them)."""
    today = clock.today()
    free = StockLevel.on_hand - StockLevel.held - StockLevel.allocated
    left, kept = dict(wanted), list(keep)
    found: dict[int, list[PackableLot]] = defaultdict(list)
    for batch in in_batches(sorted(wanted)):
        rows = session().execute(
            select(
                StockLevel.id, StockLevel.variant_id, Lot.code, Lot.expires_on, StockLevel.owner, free, Lot.stopped_at
            )
            .join(Lot, Lot.id == StockLevel.lot_id)
            .where(
                StockLevel.point_id == point_id,
                StockLevel.variant_id.in_(batch),
                or_(free > 0, StockLevel.id.in_(kept)),
            )
            .order_by(Lot.expires_on.is_(None), Lot.expires_on, StockLevel.id)
        )
        for level_id, variant_id, code, expires_on, owner, n, stopped_at in rows:
            barred = stopped_at is not None or (expires_on is not None and expires_on < today)
            chosen = 0 if barred else min(left[variant_id], n)
            left[variant_id] -= chosen
            found[variant_id].append(PackableLot(level_id, variant_id, code, expires_on, owner, n, chosen, barred))
    return found


def sendable(variant_ids: Iterable[int], point_ids: Sequence[int]) -> dict[tuple[int, int], int]:
    """Units that could be packed now, by point and variant: free, of lots that may be sent."""
    today = clock.today()
    free = StockLevel.on_hand - StockLevel.held - StockLevel.allocated
    found: dict[tuple[int, int], int] = {}
    for batch in in_batches(sorted(set(variant_ids))):
        rows = session().execute(
            select(StockLevel.point_id, StockLevel.variant_id, func.sum(free))
            .join(Lot, Lot.id == StockLevel.lot_id)
            .where(
                StockLevel.point_id.in_(point_ids),
                StockLevel.variant_id.in_(batch),
                Lot.stopped_at.is_(None),
                or_(Lot.expires_on.is_(None), Lot.expires_on >= today),
            )
            .group_by(StockLevel.point_id, StockLevel.variant_id)
        )
        found |= {(point_id, variant_id): int(n) for point_id, variant_id, n in rows}
    return found


def most_at(point_id: int, limit: int = 40) -> list[int]:
    """The variants of which the point has goods to give, by name."""
    free = StockLevel.on_hand - StockLevel.held - StockLevel.allocated
    today = clock.today()
    rows = session().execute(
        select(Variant.id)
        .join(Product, Product.id == Variant.product_id)
        .join(StockLevel, StockLevel.variant_id == Variant.id)
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(
            StockLevel.point_id == point_id,
            free > 0,
            Lot.stopped_at.is_(None),
            or_(Lot.expires_on.is_(None), Lot.expires_on >= today),
        )
        .group_by(Variant.id, Product.sort_name, Variant.position)
        .order_by(Product.sort_name, Variant.position, Variant.id)
        .limit(limit)
    )
    return [variant_id for (variant_id,) in rows]


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack that can be asked for."""

    variant_id: int
    sku: str
    product: str
    pack: str

    @property
    def name(self) -> str:
        """Product and pack."""
        return f"{self.product}, {self.pack}" if self.pack else self.product


def packs(variant_ids: Iterable[int]) -> list[Pack]:
    """These packs by name."""
    found: list[Any] = []
    for batch in in_batches(sorted(set(variant_ids))):
        found += session().execute(
            select(Variant.id, Variant.sku, Product.name, Variant.pack, Product.sort_name, Variant.position)
            .join(Product, Product.id == Variant.product_id)
            .where(Variant.id.in_(batch))
        )
    return [Pack(*tuple(row)[:4]) for row in sorted(found, key=lambda row: (row[4], row[5], row[0]))]


# --- lists -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TransferRow:
    """A transfer as the list shows it; `units` asked for or approved, `on_road` now, `lost` written off."""

    reference: str
    from_point_id: int
    to_point_id: int
    status: TransferStatus
    due_on: date | None
    asked_at: datetime
    updated_at: datetime
    is_demo: bool
    lines: int
    units: int
    on_road: int
    lost: int


def touching(mine: Sequence[int] | None) -> Any:
    """The condition that a transfer starts or ends at one of the points `mine` (None: any)."""
    if mine is None:
        return Transfer.id > 0
    return or_(Transfer.from_point_id.in_(mine), Transfer.to_point_id.in_(mine)) if mine else false()


def rows(mine: Sequence[int] | None) -> Any:
    """The statement behind the list of transfers that touch the points `mine`; the table adds filters and a page."""
    lines = select(func.count()).where(TransferLine.transfer_id == Transfer.id).scalar_subquery()
    units = (
        select(func.sum(func.coalesce(TransferLine.approved, TransferLine.asked)))
        .where(TransferLine.transfer_id == Transfer.id)
        .scalar_subquery()
    )
    under = "transfer:" + Transfer.reference
    road = func.coalesce(select(func.sum(Passage.on_road)).where(Passage.reference == under).scalar_subquery(), 0)
    lost = func.coalesce(select(func.sum(Passage.lost)).where(Passage.reference == under).scalar_subquery(), 0)
    return select(
        Transfer.reference,
        Transfer.from_point_id,
        Transfer.to_point_id,
        Transfer.status,
        Transfer.due_on,
        Transfer.asked_at,
        Transfer.updated_at,
        Transfer.is_demo,
        lines.label("lines"),
        units.label("units"),
        road.label("on_road"),
        lost.label("lost"),
    ).where(touching(mine))


def in_state(state: str) -> Any:
    """The condition behind the list's filter: a status, `open` (not ended), `to_pack`, `road`, `late`, or `lost` (goods were
    written off)."""
    if state == "open":
        return Transfer.status.not_in((S.CLOSED, S.REFUSED, S.CANCELLED))
    if state == "to_pack":
        return Transfer.status.in_((S.APPROVED, S.PACKED))
    if state == "road":
        return Transfer.status.in_(UNDER_WAY)
    if state == "late":
        return and_(Transfer.status.in_(UNDER_WAY), Transfer.due_on < clock.today())
    if state == "lost":
        under = "transfer:" + Transfer.reference
        return select(Passage.id).where(Passage.reference == under, Passage.lost > 0).exists()
    return Transfer.status == state


def matching(q: str) -> Any:
    """The condition of the search box: reference, goods (name without marks, SKU, bar code)."""
    raw = q.strip()
    goods = [Variant.sku.icontains(raw, autoescape=True), Variant.gtin == raw]
    if words := text.words(raw):
        goods.append(Product.slug.contains("-".join(words), autoescape=True))
    holding = (
        select(TransferLine.transfer_id)
        .join(Variant, Variant.id == TransferLine.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(or_(*goods))
    )
    found = [Transfer.id.in_(holding), Transfer.reference.icontains(raw, autoescape=True)]
    if reference := normal(raw):
        found.append(Transfer.reference == reference)
    return or_(*found)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many transfers wait for somebody: to say yes, to pack and send, to receive, and late on the road."""

    to_approve: int
    to_pack: int
    expected: int
    late: int


def waiting(mine: Sequence[int] | None) -> Waiting:
    """What waits at the points `mine` (None: all): goods to pack where they leave, goods to expect where they arrive."""

    def at(column: Any) -> Any:
        return Transfer.id > 0 if mine is None else column.in_(mine) if mine else false()

    leaving, coming = at(Transfer.from_point_id), at(Transfer.to_point_id)
    road = and_(Transfer.status.in_(UNDER_WAY), coming)
    row = (
        session()
        .execute(
            select(
                func.count(case((and_(Transfer.status == S.ASKED, leaving), 1))),
                func.count(case((and_(Transfer.status.in_((S.APPROVED, S.PACKED)), leaving), 1))),
                func.count(case((road, 1))),
                func.count(case((and_(road, Transfer.due_on < clock.today()), 1))),
            ).where(Transfer.status.in_((S.ASKED, S.APPROVED, S.PACKED, *UNDER_WAY)))
        )
        .one()
    )
    return Waiting(*row)
