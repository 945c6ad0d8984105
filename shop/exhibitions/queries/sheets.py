"""Sheets of booths: their figures as the books have them now, their frozen versions, and how far each booth's closing is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, or_, select, text

from shop.catalog.models import Product, Variant
from shop.counts.models import CountState, StockCount, WriteOff, WriteOffReason
from shop.exhibitions import ledger
from shop.exhibitions.models.calls import Application, Stand
from shop.exhibitions.models.closing import (
    BoothClosing,
    Sheet,
    SheetState,
    SheetVersion,
    Side,
    Signature,
)
from shop.exhibitions.models.fairs import Booth, Exhibition, FairState
from shop.exhibitions.queries import takings
from shop.kernel import clock
from shop.kernel.db import in_batches, session
from shop.kernel.errors import N_, NotFound
from shop.producers.models import Producer
from shop.receipts.services import HANDED_BACK
from shop.settlement.models import Agreement, AgreementState, Entry, EntryKind
from shop.stock.models import SHOP, Lot, MovementKind, Passage, StockLevel, StockMovement
from shop.till.models import Shortage

SHOP_NAME = N_("Hàng của cửa hàng")
_WRITTEN_OFF, _SHORTAGE = "write-off:", "shortage:"
# Words of why goods moved, for the kinds of movements that several things make.
_WHY: Any = case(
    (StockMovement.reference.startswith(HANDED_BACK), ledger.HOME),
    (StockMovement.reference.startswith(_SHORTAGE), ledger.SHORTAGE),
    (WriteOff.why == WriteOffReason.TASTING, ledger.GIVEN),
    else_="",
)


def owner_of(producer_id: int | None) -> str:
    """Whose goods a producer's are in the books; the shop's own without one."""
    return SHOP if producer_id is None else f"producer:{producer_id}"


# --- figures -----------------------------------------------------------------------------------------------------


def _moves(point_id: int) -> tuple[dict[str, dict[int, list[tuple[MovementKind, str, int]]]], dict[str, int]]:
    """By owner and pack what moved, why and how much; by owner how many movements there were."""
    rows = session().execute(
        select(
            StockLevel.owner, StockLevel.variant_id, StockMovement.kind, _WHY.label("moved_why"),
            func.sum(StockMovement.quantity), func.count(StockMovement.id),
        )
        .join(StockLevel, StockLevel.id == StockMovement.level_id)
        .outerjoin(
            WriteOff,
            and_(
                StockMovement.reference.startswith(_WRITTEN_OFF),
                WriteOff.reference == func.substr(StockMovement.reference, len(_WRITTEN_OFF) + 1),
            ),
        )
        .where(StockLevel.point_id == point_id)
        # By the name of the column: with values of its own the expression would not be known again as the same.
        .group_by(StockLevel.owner, StockLevel.variant_id, StockMovement.kind, text("moved_why"))
    )  # fmt: skip
    found: dict[str, dict[int, list[tuple[MovementKind, str, int]]]] = defaultdict(lambda: defaultdict(list))
    moves: dict[str, int] = defaultdict(int)
    for owner, variant_id, kind, why, n, times in rows:
        found[owner][variant_id].append((kind, str(why), int(n)))
        moves[owner] += times
    return found, moves


def _names(variant_ids: Collection[int]) -> dict[int, tuple[str, str, str, str]]:
    """Name, pack, SKU and sort key of packs."""
    found: dict[int, tuple[str, str, str, str]] = {}
    for some in in_batches(sorted(variant_ids)):
        rows = session().execute(
            select(Variant.id, Product.name, Variant.pack, Variant.sku, Product.sort_name)
            .join(Product, Product.id == Variant.product_id)
            .where(Variant.id.in_(some))
        )
        found |= {i: (name, pack, sku, sort) for i, name, pack, sku, sort in rows}
    return found


def _reasons(point_id: int) -> dict[str, list[list[Any]]]:
    """By owner what was found or lost, one by one: [pack, units, what it was, what somebody said, who, when]."""
    rows = session().execute(
        select(
            StockLevel.owner, Product.name, Variant.pack, StockMovement.quantity, StockMovement.kind,
            func.coalesce(StockMovement.reason, Shortage.reason), StockMovement.reference, StockMovement.actor_label,
            StockMovement.at,
        )
        .join(StockLevel, StockLevel.id == StockMovement.level_id)
        .join(Variant, Variant.id == StockLevel.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(
            Shortage,
            and_(
                StockMovement.reference.startswith(_SHORTAGE),
                Shortage.reference == func.substr(StockMovement.reference, len(_SHORTAGE) + 1),
            ),
        )
        .where(
            StockLevel.point_id == point_id,
            StockMovement.kind.in_([MovementKind.WRITE_OFF, MovementKind.COUNT, MovementKind.ADJUSTMENT]),
            or_(StockMovement.reference.is_(None), ~StockMovement.reference.startswith(HANDED_BACK)),
        )
        .order_by(StockMovement.id)
    )  # fmt: skip
    found: dict[str, list[list[Any]]] = defaultdict(list)
    for owner, name, pack, n, kind, reason, reference, who, at in rows:
        what = "shortage" if (reference or "").startswith(_SHORTAGE) else str(kind.value)
        found[owner].append([f"{name}, {pack}", n, what, reason or "", who, at.isoformat()])
    return found


def _commissions(point_id: int, producer_ids: Sequence[int]) -> dict[int, int | None]:
    """What commission sales at the point come to, as settlement has posted it; None where nothing is agreed."""
    if not producer_ids:
        return {}
    parent = Entry.__table__.alias("parent")
    rows = session().execute(
        select(Entry.producer_id, func.sum(-Entry.amount))
        .join(parent, parent.c.id == Entry.parent_id)
        .where(
            Entry.point_id == point_id,
            Entry.producer_id.in_(producer_ids),
            Entry.kind == EntryKind.COMMISSION,
            parent.c.kind.in_([k.value for k in (EntryKind.SALE, EntryKind.RETURN, EntryKind.REFUND)]),
        )
        .group_by(Entry.producer_id)
    )
    posted = {producer_id: int(amount) for producer_id, amount in rows}
    agreed = set(
        session().scalars(
            select(Agreement.producer_id).where(
                Agreement.producer_id.in_(producer_ids), Agreement.state == AgreementState.AGREED
            )
        )
    )
    return {i: posted.get(i, 0) if i in agreed else None for i in producer_ids}


def of_point(point_id: int | None, owners: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
    """The figures of each owner's goods at a point, those of `owners` in any case: plain values, as they are frozen. A fixed
    number of statements."""
    moved, moves = _moves(point_id) if point_id is not None else ({}, {})
    took = takings.of_points([point_id]) if point_id is not None else []
    reasons = _reasons(point_id) if point_id is not None else {}
    amounts: dict[tuple[str, int], int] = defaultdict(int)
    ways: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    receipts: dict[str, set[str]] = defaultdict(set)
    for one in took:
        amounts[one.owner, one.variant_id] += one.amount
        if one.units > 0:
            receipts[one.owner].add(one.reference)
        for way, n in one.tenders:
            ways[one.owner][way] += n
    everybody = sorted({*moved, *owners}, key=lambda o: (o != SHOP, o))
    makers = [int(o.removeprefix("producer:")) for o in everybody if o != SHOP]
    commissions = _commissions(point_id, makers) if point_id is not None else dict.fromkeys(makers)
    names = _names({v for of in moved.values() for v in of})
    found: dict[str, dict[str, Any]] = {}
    for owner in everybody:
        of = moved.get(owner, {})
        packs = []
        for variant_id in sorted(of, key=lambda v: (names[v][3], names[v][2])):
            pack = ledger.pack_of(of[variant_id])
            name, size, sku, _sort = names[variant_id]
            numbers = {column: getattr(pack, column) for column in ledger.COLUMNS}
            packs.append(
                {"variant": variant_id, "name": name, "pack": size, "sku": sku, "amount": amounts[owner, variant_id]}
                | numbers
            )
        found[owner] = {
            "packs": packs,
            "totals": {column: sum(p[column] for p in packs) for column in (*ledger.COLUMNS, "amount")},
            "tenders": {way: ways[owner][way] for way in takings.WAYS if ways[owner].get(way)},
            "receipts": len(receipts[owner]),
            "commission": None if owner == SHOP else commissions.get(int(owner.removeprefix("producer:"))),
            "reasons": reasons.get(owner, []),
            "moves": moves.get(owner, 0),
        }
    return found


def with_fee(figures: dict[str, Any], sheet: Sheet) -> dict[str, Any]:
    """The figures of a sheet with what its booth costs; what is owed to the producer after all of it (None: not agreed yet)."""
    due = sheet.fee_amount - sheet.subsidy_amount
    commission = figures["commission"]
    owed = None
    if sheet.producer_id is not None and commission is not None:
        owed = figures["totals"]["amount"] - commission - due
    return figures | {"fee": sheet.fee_amount, "subsidy": sheet.subsidy_amount, "due": due, "owed": owed}


# --- one sheet ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Whole:
    """A sheet with all that belongs to it. `figures` are those of now, `digest` their SHA-256; `versions` oldest first."""

    sheet: Sheet
    fair: Exhibition
    booth: Booth
    producer: Producer | None
    closing: BoothClosing
    figures: dict[str, Any]
    digest: str
    versions: tuple[SheetVersion, ...]
    signatures: tuple[Signature, ...]
    counted: bool
    on_road: int

    @property
    def last(self) -> SheetVersion | None:
        """The version that holds."""
        return self.versions[-1] if self.versions else None

    @property
    def late(self) -> bool:
        """Whether something was booked after it was frozen."""
        return self.last is not None and self.last.moves != self.figures["moves"]

    @property
    def shown(self) -> dict[str, Any]:
        """The figures that hold: frozen ones if there are, else those of now."""
        return self.last.figures if self.last is not None else self.figures

    @property
    def signed(self) -> dict[Side, Signature]:
        """Who has signed the figures of now."""
        return {s.side: s for s in self.signatures if s.digest == self.digest}

    @property
    def sides(self) -> tuple[Side, ...]:
        """Who must sign: the shop's own goods have no producer."""
        return (Side.STAFF,) if self.producer is None else (Side.PRODUCER, Side.STAFF)

    @property
    def missing(self) -> tuple[Side, ...]:
        """Who has still to sign the figures of now."""
        return tuple(side for side in self.sides if side not in self.signed)

    @property
    def left(self) -> int:
        """Units that still lie in the booth."""
        return int(self.figures["totals"]["left"])

    @property
    def to_sign(self) -> bool:
        """Whether it can be signed now: everything is counted and gone home, and its figures are not frozen yet."""
        ready = self.counted and not self.left and not self.on_road
        return ready and (self.sheet.state is SheetState.OPEN or self.late)

    @property
    def unexplained(self) -> bool:
        """Whether goods were found or lost of which nobody has said why."""
        return not self.sheet.explanation and any(not reason[3] for reason in self.figures["reasons"])

    @property
    def step(self) -> str:
        """How far it is: a word of `STEPS`."""
        if self.sheet.state is SheetState.FROZEN:
            return "late" if self.late else ("unsigned" if self.last and self.last.reason else "frozen")
        if not self.counted:
            return "count"
        return "home" if self.left or self.on_road else "sign"


STEPS = {
    "closed": N_("Chưa bắt đầu chốt"),
    "count": N_("Chờ đếm hàng còn lại"),
    "home": N_("Chờ chuyển hàng về"),
    "sign": N_("Chờ ký"),
    "frozen": N_("Đã chốt"),
    "unsigned": N_("Đã chốt, thiếu chữ ký"),
    "late": N_("Có phát sinh sau khi chốt"),
}
STEP_KINDS = {
    "closed": "", "count": "info", "home": "info", "sign": "warn", "frozen": "ok", "unsigned": "warn", "late": "bad",
}  # fmt: skip


def is_counted(closing: BoothClosing) -> bool:
    """Whether what was left in the booth is counted and booked."""
    if closing.nothing_there_at is not None:
        return True
    if closing.count_reference is None:
        return False
    state = session().scalar(select(StockCount.state).where(StockCount.reference == closing.count_reference))
    return state is CountState.DONE


def on_road(point_id: int | None) -> int:
    """Units that are still on their way to the point."""
    if point_id is None:
        return 0
    found = session().scalar(
        select(func.coalesce(func.sum(Passage.on_road), 0))
        .join(StockLevel, StockLevel.id == Passage.to_level_id)
        .where(StockLevel.point_id == point_id, Passage.on_road > 0)
    )
    return int(found or 0)


def digest_of(sheet: Sheet, figures: dict[str, Any]) -> str:
    """What is signed: whose sheet it is, all its figures and what was said about differences."""
    return ledger.digest([sheet.reference, sheet.owner, figures, sheet.explanation or ""])


def whole(reference: str) -> Whole:
    """A sheet as it stands now.

    Raises:
        NotFound.
    """
    booth_id = session().scalar(select(Sheet.booth_id).where(Sheet.reference == reference))
    if booth_id is None:
        raise NotFound
    return next(found for found in of_booth(booth_id) if found.sheet.reference == reference)


def of_booth(booth_id: int) -> list[Whole]:
    """All sheets of a booth as they stand now, the shop's first. A fixed number of statements."""
    s = session()
    rows = s.execute(
        select(Sheet, Exhibition, Booth, Producer, BoothClosing)
        .join(Exhibition, Exhibition.id == Sheet.exhibition_id)
        .join(Booth, Booth.id == Sheet.booth_id)
        .join(BoothClosing, BoothClosing.booth_id == Sheet.booth_id)
        .outerjoin(Producer, Producer.id == Sheet.producer_id)
        .where(Sheet.booth_id == booth_id)
        .order_by(Sheet.producer_id.is_not(None), Producer.sort_name, Sheet.id)
        .execution_options(populate_existing=True)
    ).all()
    if not rows:
        return []
    closing = rows[0][4]
    live = of_point(closing.point_id, [sheet.owner for sheet, *_x in rows])
    ids = [sheet.id for sheet, *_x in rows]
    versions: dict[int, list[SheetVersion]] = defaultdict(list)
    for version in s.scalars(
        select(SheetVersion).where(SheetVersion.sheet_id.in_(ids)).order_by(SheetVersion.sheet_id, SheetVersion.number)
    ):
        versions[version.sheet_id].append(version)
    signatures: dict[int, list[Signature]] = defaultdict(list)
    for signature in s.scalars(select(Signature).where(Signature.sheet_id.in_(ids)).order_by(Signature.id)):
        signatures[signature.sheet_id].append(signature)
    counted, coming = is_counted(closing), on_road(closing.point_id)
    found = []
    for sheet, fair, booth_row, producer, closing_row in rows:
        figures = with_fee(live[sheet.owner], sheet)
        found.append(
            Whole(
                sheet, fair, booth_row, producer, closing_row, figures, digest_of(sheet, figures),
                tuple(versions[sheet.id]), tuple(signatures[sheet.id]), counted, coming,
            )
        )  # fmt: skip
    return found


def in_fair(slug: str, reference: str) -> Whole:
    """The sheet, if it is one of that fair.

    Raises:
        NotFound.
    """
    found = whole(reference)
    if found.fair.slug != slug:
        raise NotFound
    return found


def producer_of(reference: str) -> int | None:
    """Whose sheet it is; None: the shop's, or there is none."""
    return session().scalar(select(Sheet.producer_id).where(Sheet.reference == reference))


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, int, int]]:
    """What differs between two versions: (pack, column, before, after), sums last."""
    found = []
    old = {p["variant"]: p for p in before["packs"]}
    new = {p["variant"]: p for p in after["packs"]}
    for variant in sorted({*old, *new}, key=lambda v: (new.get(v) or old[v])["name"]):
        a, b = old.get(variant, {}), new.get(variant, {})
        one = b or a
        found += [
            (f"{one['name']}, {one['pack']}", column, int(a.get(column, 0)), int(b.get(column, 0)))
            for column in (*ledger.COLUMNS, "amount")
            if a.get(column, 0) != b.get(column, 0)
        ]
    was, now = int(before["totals"]["amount"]), int(after["totals"]["amount"])
    return found + ([("", "amount", was, now)] if was != now else [])


# --- all booths of a fair ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A sheet as lists show it."""

    reference: str
    owner: str
    producer: str | None
    step: str
    left: int


@dataclass(slots=True)
class BoothRow:
    """A booth as the list of closings shows it; `step` is that of its furthest-back sheet."""

    booth_id: int
    code: str
    point_id: int | None
    stands: list[str] = field(default_factory=list)
    sheets: list[SheetRow] = field(default_factory=list)
    begun: bool = False
    left: int = 0
    on_road: int = 0

    @property
    def step(self) -> str:
        """How far the booth is: a word of `STEPS`."""
        if not self.begun:
            return "closed"
        order = ["count", "home", "sign", "late", "unsigned", "frozen"]
        return min((s.step for s in self.sheets), key=order.index, default="frozen")

    @property
    def done(self) -> bool:
        """Whether nothing is to be done about it any more."""
        return self.step in ("frozen", "unsigned")


def booths(exhibition_id: int) -> list[BoothRow]:
    """Every booth of a fair that somebody stands in or that goods were in, by code, with how far its closing is. A fixed number
    of statements."""
    s = session()
    rows = {
        b.id: BoothRow(b.id, b.code, b.point_id)
        for b in s.scalars(select(Booth).where(Booth.exhibition_id == exhibition_id).order_by(Booth.code))
    }
    points = {row.point_id: row for row in rows.values() if row.point_id is not None}
    for booth_id, name in s.execute(
        select(Stand.booth_id, Producer.name)
        .join(Producer, Producer.id == Stand.producer_id)
        .where(Stand.exhibition_id == exhibition_id, Stand.ended_at.is_(None))
        .order_by(Producer.sort_name)
    ):
        rows[booth_id].stands.append(name)
    of_fair = select(Booth.point_id).where(Booth.exhibition_id == exhibition_id, Booth.point_id.is_not(None))
    left: dict[tuple[int, str], int] = {
        (point_id, owner): int(n)
        for point_id, owner, n in s.execute(
            select(StockLevel.point_id, StockLevel.owner, func.sum(StockLevel.on_hand))
            .where(StockLevel.point_id.in_(of_fair))
            .group_by(StockLevel.point_id, StockLevel.owner)
        )
    }
    for (point_id, _owner), n in left.items():
        points[point_id].left += n
    for point_id, n in s.execute(
        select(StockLevel.point_id, func.sum(Passage.on_road))
        .join(StockLevel, StockLevel.id == Passage.to_level_id)
        .where(StockLevel.point_id.in_(of_fair), Passage.on_road > 0)
        .group_by(StockLevel.point_id)
    ):
        points[point_id].on_road = int(n)
    _add_sheets(exhibition_id, rows, left)
    held = {point_id for point_id, _owner in left}
    return [
        row
        for row in sorted(rows.values(), key=lambda r: _natural(r.code))
        if row.stands or row.on_road or row.begun or row.point_id in held
    ]


def _natural(code: str) -> tuple[str, int, str]:
    head = code.rstrip("0123456789")
    tail = code[len(head) :]
    return head, int(tail or 0), code


def _add_sheets(exhibition_id: int, rows: dict[int, BoothRow], left: dict[tuple[int, str], int]) -> None:
    s = session()
    counted: dict[int, bool] = {}
    for closing, state in s.execute(
        select(BoothClosing, StockCount.state)
        .outerjoin(StockCount, StockCount.reference == BoothClosing.count_reference)
        .where(BoothClosing.exhibition_id == exhibition_id)
    ):
        rows[closing.booth_id].begun = True
        counted[closing.booth_id] = closing.nothing_there_at is not None or state is CountState.DONE
    moves = {
        (booth_id, owner): n
        for booth_id, owner, n in s.execute(
            select(Booth.id, StockLevel.owner, func.count(StockMovement.id))
            .join(StockLevel, StockLevel.id == StockMovement.level_id)
            .join(Booth, Booth.point_id == StockLevel.point_id)
            .where(Booth.exhibition_id == exhibition_id)
            .group_by(Booth.id, StockLevel.owner)
        )
    }
    newest = (
        select(SheetVersion.sheet_id, func.max(SheetVersion.number).label("number"))
        .group_by(SheetVersion.sheet_id)
        .subquery()
    )
    for sheet, name, version in s.execute(
        select(Sheet, Producer.name, SheetVersion)
        .outerjoin(Producer, Producer.id == Sheet.producer_id)
        .outerjoin(newest, newest.c.sheet_id == Sheet.id)
        .outerjoin(
            SheetVersion, and_(SheetVersion.sheet_id == newest.c.sheet_id, SheetVersion.number == newest.c.number)
        )
        .where(Sheet.exhibition_id == exhibition_id)
        .order_by(Sheet.id)
    ):
        row = rows[sheet.booth_id]
        there = left.get((row.point_id, sheet.owner), 0) if row.point_id is not None else 0
        if sheet.state is SheetState.FROZEN and version is not None:
            late = version.moves != moves.get((sheet.booth_id, sheet.owner), 0)
            step = "late" if late else ("unsigned" if version.reason else "frozen")
        elif not counted.get(sheet.booth_id, False):
            step = "count"
        else:
            step = "home" if there or row.on_road else "sign"
        row.sheets.append(SheetRow(sheet.reference, sheet.owner, name, step, there))


@dataclass(frozen=True, slots=True)
class LevelRow:
    """Goods of one lot and owner that lie in a booth (sale units); `claimed` are kept for orders."""

    level_id: int
    variant_id: int
    name: str
    pack: str
    lot: str
    owner: str
    on_hand: int
    claimed: int
    barred: bool

    @property
    def free(self) -> int:
        """What may be moved."""
        return self.on_hand - self.claimed


def levels(point_id: int | None, today: Any) -> list[LevelRow]:
    """What lies at a point now, by owner and name. `barred`: its lot is stopped or past its date, so that it may not travel."""
    if point_id is None:
        return []
    rows = session().execute(
        select(
            StockLevel.id, StockLevel.variant_id, Product.name, Variant.pack, Lot.code, StockLevel.owner,
            StockLevel.on_hand, StockLevel.held + StockLevel.allocated, Lot.stopped_at, Lot.expires_on,
        )
        .join(Variant, Variant.id == StockLevel.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(StockLevel.point_id == point_id, StockLevel.on_hand > 0)
        .order_by(StockLevel.owner, Product.sort_name, Variant.position, StockLevel.id)
    )  # fmt: skip
    return [
        LevelRow(i, v, name, pack, lot, owner, n, claimed, stopped is not None or (ends is not None and ends < today))
        for i, v, name, pack, lot, owner, n, claimed, stopped, ends in rows
    ]


@dataclass(frozen=True, slots=True)
class BoothWhole:
    """One booth on the page that closes it."""

    fair: Exhibition
    booth: Booth
    closing: BoothClosing | None
    sheets: tuple[Whole, ...]
    levels: tuple[LevelRow, ...]
    counted: bool
    on_road: int
    count_state: CountState | None

    @property
    def step(self) -> str:
        """How far it is: a word of `STEPS`."""
        if self.closing is None:
            return "closed"
        order = ["count", "home", "sign", "late", "unsigned", "frozen"]
        return min((s.step for s in self.sheets), key=order.index, default="frozen")


def booth(slug: str, code: str) -> BoothWhole:
    """A booth of a fair with its sheets.

    Raises:
        NotFound.
    """
    s = session()
    row = s.execute(
        select(Exhibition, Booth)
        .join(Booth, Booth.exhibition_id == Exhibition.id)
        .where(Exhibition.slug == slug, Booth.code == code)
    ).first()
    if row is None:
        raise NotFound
    fair, found = row
    closing = s.scalar(select(BoothClosing).where(BoothClosing.booth_id == found.id))
    state = None
    if closing is not None and closing.count_reference is not None:
        state = s.scalar(select(StockCount.state).where(StockCount.reference == closing.count_reference))
    return BoothWhole(
        fair, found, closing, tuple(of_booth(found.id)), tuple(levels(found.point_id, clock.today())),
        closing is not None and is_counted(closing), on_road(found.point_id), state,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class MineRow:
    """A sheet in the producer's own door."""

    reference: str
    fair: str
    fair_slug: str
    booth: str
    state: SheetState
    version: int | None
    opened_at: datetime


def of_producers(producer_ids: Sequence[int]) -> list[MineRow]:
    """The sheets of these producers, newest first."""
    newest = select(func.max(SheetVersion.number)).where(SheetVersion.sheet_id == Sheet.id).scalar_subquery()
    rows = session().execute(
        select(Sheet.reference, Exhibition.name, Exhibition.slug, Booth.code, Sheet.state, newest, Sheet.opened_at)
        .join(Exhibition, Exhibition.id == Sheet.exhibition_id)
        .join(Booth, Booth.id == Sheet.booth_id)
        .where(Sheet.producer_id.in_(list(producer_ids)))
        .order_by(Sheet.id.desc())
        .limit(200)
    )
    return [MineRow(*tuple(row)) for row in rows]


def to_close() -> list[tuple[Exhibition, int]]:
    """Fairs that are over or cancelled and whose booths still hold goods, with how many units."""
    rows = session().execute(
        select(Exhibition, func.sum(StockLevel.on_hand))
        .join(Booth, Booth.exhibition_id == Exhibition.id)
        .join(StockLevel, StockLevel.point_id == Booth.point_id)
        .where(
            Exhibition.state.in_([FairState.RUNNING, FairState.CLOSED, FairState.REPORTED, FairState.CANCELLED]),
            StockLevel.on_hand > 0,
        )
        .group_by(Exhibition.id)
        .order_by(Exhibition.id)
    )
    return [(fair, int(n)) for fair, n in rows]


def localities(exhibition_id: int) -> dict[int, str | None]:
    """The commune of each producer on the day he applied, by producer."""
    rows = session().execute(
        select(Application.producer_id, Application.locality_code).where(Application.exhibition_id == exhibition_id)
    )
    return dict(rows.all())
