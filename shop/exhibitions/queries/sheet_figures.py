"""The figures of sheets, read from the books as they stand: what became of each owner's goods at a point, what was paid for
them, why goods were found or lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import and_, case, func, or_, select, text

from shop.catalog.models import Product, Variant
from shop.counts.models import WriteOff, WriteOffReason
from shop.exhibitions import ledger
from shop.exhibitions.models.closing import Sheet
from shop.exhibitions.queries import takings
from shop.kernel.db import in_batches, session
from shop.kernel.errors import N_
from shop.receipts.services import HANDED_BACK
from shop.settlement.models import Agreement, AgreementState, Entry, EntryKind
from shop.stock.models import SHOP, MovementKind, StockLevel, StockMovement
from shop.till.models import Shortage

SHOP_NAME = N_("Hàng của cửa hàng")
_WRITTEN_OFF, _SHORTAGE = "write-off:", "shortage:"
# Words of why goods moved, for the kinds of movements that several things make.
_WHY: Any = case(
    (StockMovement.reference.startswith(HANDED_BACK), ledger.HOME),
    (StockMovement.reference.startswith(_SHORTAGE), ledger.SHORTAGE),
    (WriteOff.why == WriteOffReason.TASTING, ledger.GIVEN),
    (WriteOff.why == WriteOffReason.GIFT, ledger.GIFT),
    else_="",
)


def owner_of(producer_id: int | None) -> str:
    """Whose goods a producer's are in the books; the shop's own without one."""
    return SHOP if producer_id is None else f"producer:{producer_id}"


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
