"""Reads for sharing: what can be given, what is there, plans and their lines, what changed since the plan before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import case, false, func, select

from shop.catalog.models import Product, ProductKind, ProductState, Variant, VariantState
from shop.demand import needs as demand
from shop.demand.models.sharing import PlanState, SharingLine, SharingPlan, SharingTransfer
from shop.demand.needs import WEB
from shop.kernel import clock
from shop.kernel.db import in_batches, session
from shop.points import queries as points
from shop.points.models import Point, PointKind
from shop.points.queries import PointView
from shop.stock import queries as stock
from shop.stock.models import Lot, Passage, StockHold, StockLevel, WebReserve
from shop.transfers.models import S, Transfer, TransferLine
from shop.transfers.queries import replenish


def shown(variant_ids: Iterable[int]) -> set[int]:
    """Those of `variant_ids` that are for sale."""
    found: set[int] = set()
    for batch in in_batches(sorted(set(variant_ids))):
        found |= set(
            session().scalars(
                select(Variant.id)
                .join(Product, Product.id == Variant.product_id)
                .where(
                    Variant.id.in_(batch),
                    Variant.state == VariantState.SHOWN,
                    Product.state == ProductState.SHOWN,
                    Product.kind == ProductKind.GOODS,
                )
            )
        )
    return found


def will_be_open(point: PointView, today: date, last: date) -> bool:
    """Whether the point is open on some day from `today` until before `last`: a fair that opens in these weeks is."""
    if demand.is_undated_fair(point):
        return False
    return (point.opened_on is None or point.opened_on < last) and (point.closed_on is None or point.closed_on > today)


def usual_givers() -> list[PointView]:
    """The open warehouses: goods for sharing lie there, and deliveries of producers arrive there."""
    return [p for p in points.open_points() if p.kind is PointKind.WAREHOUSE]


def usual_places(weeks: int) -> list[PointView]:
    """Who may get goods: shops, centres, rest stops and fairs open in these weeks; producers' own stores are the producers'."""
    today = clock.today()
    last = today + timedelta(weeks=weeks)
    kinds = (PointKind.WAREHOUSE, PointKind.PRODUCER_STORE)
    return [p for p in points.all_points() if p.kind not in kinds and will_be_open(p, today, last)]


# --- goods -------------------------------------------------------------------------------------------------------


def on_offer(variant_ids: Sequence[int], givers: Sequence[int]) -> dict[tuple[int, int], int]:
    """Units that each giving place can spare, by (point, variant): free units of sound lots less what transfers not yet packed
    will take, less its level (a shop keeps its own shelf full) and what its counter keeps from the web."""
    by_id = points.by_ids(givers)
    found = {}
    for (point_id, variant_id), at in replenish.standings(variant_ids).items():
        if point_id in by_id:
            own = max(at.target, by_id[point_id].web_reserve)
            found[point_id, variant_id] = max(0, at.here - at.leaving - own)
    return found


def offered(
    cartons: Mapping[int, int], givers: Sequence[int], places: Sequence[int], *, whole: bool
) -> list[dict[str, Any]]:
    """The goods to share as a plan keeps them: `{"variant_id", "point_id", "ships", "units", "carton", "whole", "lot"}`.

    With `whole` each lot that is free in full is one line; otherwise all lots of a pack at a place are.
    """
    spare = on_offer(sorted(cartons), givers)
    by_id = points.by_ids(givers)
    found = []
    if whole:
        lots: dict[tuple[int, int], list[tuple[str, int]]] = defaultdict(list)
        codes = _lot_codes(cartons, givers)
        for level in stock.free_levels(sorted(cartons)):
            if level.point_id in by_id:
                lots[level.point_id, level.variant_id].append((codes.get(level.level_id, ""), level.free))
    for (point_id, variant_id), units in sorted(spare.items(), key=lambda row: (row[0][1], row[0][0])):
        if not units:
            continue
        row = {
            "variant_id": variant_id, "point_id": point_id, "ships": by_id[point_id].ships, "units": units,
            "carton": cartons[variant_id], "whole": False, "lot": "",
        }  # fmt: skip
        if not whole:
            found.append(row)
            continue
        left = units
        for code, n in lots.get((point_id, variant_id), ()):
            if n <= left:
                found.append(row | {"units": n, "whole": True, "carton": 1, "lot": code})
                left -= n
    return found


def _lot_codes(variant_ids: Iterable[int], point_ids: Sequence[int]) -> dict[int, str]:
    rows = session().execute(
        select(StockLevel.id, Lot.code)
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(StockLevel.variant_id.in_(sorted(variant_ids)), StockLevel.point_id.in_(point_ids))
    )
    return dict(tuple(row) for row in rows)  # type: ignore[misc]


def there(
    variant_ids: Sequence[int], givers: Sequence[int], places: Sequence[int]
) -> dict[tuple[int, int], tuple[int, int]]:
    """What each place has already and what is under way to it, by (variant, place). The web has what lies at other places that
    send parcels and get nothing in this sharing."""
    ships = {p.id for p in points.open_points() if p.ships} - set(givers) - set(places)
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for (point_id, variant_id), at in replenish.standings(variant_ids).items():
        here = max(0, at.here - at.leaving)
        if point_id in places:
            found[variant_id, point_id] = (here, at.coming)
        elif point_id in ships:
            before = found.get((variant_id, WEB), (0, 0))
            found[variant_id, WEB] = (before[0] + here, before[1])
    return found


@dataclass(frozen=True, slots=True)
class Scarce:
    """A pack that a person may share: units that can be given, units there already at the places, sold in a week everywhere."""

    variant_id: int
    sku: str
    name: str
    units: int
    there: int
    per_week: float
    need: int


def _giveable(givers: Sequence[int]) -> list[int]:
    rows = session().scalars(
        select(StockLevel.variant_id)
        .where(StockLevel.point_id.in_(givers), StockLevel.on_hand > StockLevel.held + StockLevel.allocated)
        .distinct()
    )
    return sorted(shown(rows))


def scarce(weeks: int, givers: Sequence[int], places: Sequence[int]) -> list[Scarce]:
    """Packs of which the giving places have some, but fewer than is sold in `weeks` weeks beyond what is there already."""
    variants = _giveable(givers)
    return [row for row in rows_of(variants, weeks, givers, places) if row.units and row.need > row.units]


def rows_of(variant_ids: Sequence[int], weeks: int, givers: Sequence[int], places: Sequence[int]) -> list[Scarce]:
    """These packs as a person chooses among them, by name."""
    if not variant_ids:
        return []
    spare: dict[int, int] = defaultdict(int)
    for (_point, variant_id), n in on_offer(variant_ids, givers).items():
        spare[variant_id] += n
    have: dict[int, int] = defaultdict(int)
    for (variant_id, _place), (here, coming) in there(variant_ids, givers, places).items():
        have[variant_id] += here + coming
    pace = demand.weekly(variant_ids)
    found = []
    for batch in in_batches(variant_ids):
        rows = session().execute(
            select(Variant.id, Variant.sku, Product.name, Variant.pack, Product.sort_name)
            .join(Product, Product.id == Variant.product_id)
            .where(Variant.id.in_(batch))
        )
        for variant_id, sku, name, pack, sort_name in rows:
            each = pace.get(variant_id, 0.0)
            need = max(0, round(each * weeks) - have[variant_id])
            label = f"{name}, {pack}" if pack else name
            found.append(
                (sort_name, sku, Scarce(variant_id, sku, label, spare[variant_id], have[variant_id], each, need))
            )
    return [row for _sort, _sku, row in sorted(found, key=lambda f: f[:2])]


def by_skus(skus: Sequence[str]) -> dict[str, int]:
    """The packs of these SKUs (in capitals) that are for sale."""
    rows = session().execute(
        select(func.upper(Variant.sku), Variant.id).where(func.upper(Variant.sku).in_([s.upper() for s in skus]))
    )
    found: dict[str, int] = dict(tuple(row) for row in rows)
    fit = shown(found.values())
    return {sku: variant_id for sku, variant_id in found.items() if variant_id in fit}


def last_cartons() -> dict[int, int]:
    """The carton that was last used for each pack."""
    found: dict[int, int] = {}
    for inputs in session().scalars(select(SharingPlan.inputs).order_by(SharingPlan.id.desc()).limit(20)):
        for variant_id, size in inputs["wanted"]["cartons"]:
            found.setdefault(int(variant_id), int(size))
    return found


# --- plans -------------------------------------------------------------------------------------------------------


def by_reference(reference: str) -> SharingPlan | None:
    """The plan with this reference."""
    return session().scalars(select(SharingPlan).where(SharingPlan.reference == reference)).one_or_none()


def by_id(plan_id: int) -> SharingPlan | None:
    """The plan with this id."""
    return session().get(SharingPlan, plan_id)


def follower(plan_id: int) -> SharingPlan | None:
    """The latest re-run of a plan, if there is one."""
    return session().scalar(
        select(SharingPlan).where(SharingPlan.follows_id == plan_id).order_by(SharingPlan.id.desc()).limit(1)
    )


# What a keeper may see: plans that hold.
TOLD = (PlanState.APPROVED, PlanState.SUPERSEDED)


def plan_rows(mine: Sequence[int] | None) -> Any:
    """The statement behind the list of plans; keepers (`mine`: their points) see approved ones that name a point of theirs."""
    lines = (
        select(func.count(func.distinct(SharingLine.variant_id)))
        .where(SharingLine.plan_id == SharingPlan.id)
        .correlate(SharingPlan)
        .scalar_subquery()
    )
    units = (
        select(func.coalesce(func.sum(SharingLine.units), 0))
        .where(SharingLine.plan_id == SharingPlan.id)
        .correlate(SharingPlan)
        .scalar_subquery()
    )
    statement = select(
        SharingPlan.id,
        SharingPlan.reference,
        SharingPlan.number,
        SharingPlan.state,
        SharingPlan.weeks,
        SharingPlan.from_on,
        SharingPlan.until_on,
        SharingPlan.made_at,
        SharingPlan.made_by,
        SharingPlan.decided_at,
        SharingPlan.decided_by,
        lines.label("goods"),
        units.label("units"),
    )
    if mine is None:
        return statement
    named = select(SharingLine.plan_id).where(SharingLine.point_id.in_(mine) if mine else false())
    return statement.where(SharingPlan.state.in_(TOLD), SharingPlan.id.in_(named))


def points_of(reference: str) -> tuple[PlanState, frozenset[int]] | None:
    """A plan's state and the points that its lines name; None if there is no such plan."""
    row = session().execute(select(SharingPlan.id, SharingPlan.state).where(SharingPlan.reference == reference)).first()
    if row is None:
        return None
    found = session().scalars(
        select(SharingLine.point_id).where(SharingLine.plan_id == row.id, SharingLine.point_id.is_not(None)).distinct()
    )
    return row.state, frozenset(p for p in found if p is not None)


def line_rows(plan_id: int, mine: Sequence[int] | None) -> Any:
    """The statement behind a plan's lines, those of the points `mine` (None: all)."""
    statement = (
        select(
            SharingLine.id,
            SharingLine.variant_id,
            Variant.sku,
            Product.name.label("product"),
            Variant.pack,
            SharingLine.point_id,
            Point.name.label("point"),
            SharingLine.units,
            SharingLine.proposed,
            SharingLine.parts,
            SharingLine.why,
        )
        .join(Variant, Variant.id == SharingLine.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(Point, Point.id == SharingLine.point_id)
        .where(SharingLine.plan_id == plan_id)
    )
    return statement if mine is None else statement.where(SharingLine.point_id.in_(mine) if mine else false())


def transfers_of(plan_id: int) -> list[tuple[str, str, str, str]]:
    """(reference, status, from, to) of the transfers that a plan made."""
    source, target = Point.__table__.alias("source"), Point.__table__.alias("target")
    rows = session().execute(
        select(Transfer.reference, Transfer.status, source.c.name, target.c.name)
        .join(SharingTransfer, SharingTransfer.transfer_id == Transfer.id)
        .join(source, source.c.id == Transfer.from_point_id)
        .join(target, target.c.id == Transfer.to_point_id)
        .where(SharingTransfer.plan_id == plan_id)
        .order_by(Transfer.id)
    )
    return [(reference, status, a, b) for reference, status, a, b in rows]


# --- what the web leaves -----------------------------------------------------------------------------------------


def plan_of_transfer(transfer_id: int) -> str | None:
    """The reference of the plan that made a transfer."""
    return session().scalar(
        select(SharingPlan.reference)
        .join(SharingTransfer, SharingTransfer.plan_id == SharingPlan.id)
        .where(SharingTransfer.transfer_id == transfer_id)
    )


def pairs_of_transfer(transfer_id: int) -> set[tuple[int, int]]:
    """(source, variant) of a transfer's lines."""
    rows = session().execute(
        select(Transfer.from_point_id, TransferLine.variant_id)
        .join(TransferLine, TransferLine.transfer_id == Transfer.id)
        .where(Transfer.id == transfer_id)
    )
    return {(point_id, variant_id) for point_id, variant_id in rows}


def pairs_of(plan_id: int) -> set[tuple[int, int]]:
    """(point, variant) where an approved plan may have set something aside."""
    lines = session().execute(
        select(SharingLine.point_id, SharingLine.variant_id).where(
            SharingLine.plan_id == plan_id, SharingLine.point_id.is_not(None)
        )
    )
    found = {(point_id, variant_id) for point_id, variant_id in lines if point_id is not None}
    rows = session().scalars(select(SharingTransfer.transfer_id).where(SharingTransfer.plan_id == plan_id))
    for transfer_id in rows:
        found |= pairs_of_transfer(transfer_id)
    return found


def set_aside(pairs: Iterable[tuple[int, int]] | None = None) -> dict[tuple[int, int], tuple[int, date | None]]:
    """Units that plans set aside from the web, and until when, by (point, variant) (`pairs`; None: all).

    What transfers of plans have yet to take, without a term; and what approved plans gave to counters of places that sell by
    parcel, until the plan's last day.
    """
    wanted = None if pairs is None else set(pairs)
    out = session().execute(
        select(
            Transfer.from_point_id, TransferLine.variant_id, func.sum(func.coalesce(TransferLine.approved, TransferLine.asked))
        )
        .join(TransferLine, TransferLine.transfer_id == Transfer.id)
        .join(SharingTransfer, SharingTransfer.transfer_id == Transfer.id)
        .where(Transfer.status.in_((S.ASKED, S.APPROVED)))
        .group_by(Transfer.from_point_id, TransferLine.variant_id)
    )  # fmt: skip
    found: dict[tuple[int, int], tuple[int, date | None]] = {
        (point_id, variant_id): (int(n), None) for point_id, variant_id, n in out if n
    }
    kept = session().execute(
        select(SharingLine.point_id, SharingLine.variant_id, SharingLine.units, SharingPlan.until_on)
        .join(SharingPlan, SharingPlan.id == SharingLine.plan_id)
        .join(Point, Point.id == SharingLine.point_id)
        .where(
            SharingPlan.state == PlanState.APPROVED,
            SharingPlan.until_on >= clock.today(),
            SharingLine.units > 0,
            Point.ships,
        )
    )
    for point_id, variant_id, n, until in kept:
        assert point_id is not None  # noqa: S101 - joined with its point
        before, term = found.get((point_id, variant_id), (0, until))
        found[point_id, variant_id] = (before + int(n), None if term is None else max(term, until))
    return found if wanted is None else {pair: value for pair, value in found.items() if pair in wanted}


def own_reserves(pairs: Iterable[tuple[int, int]] | None = None) -> dict[tuple[int, int], tuple[int, date | None]]:
    """The reserves that stand under a plan's name, by (point, variant)."""
    wanted = None if pairs is None else set(pairs)
    rows = session().execute(
        select(WebReserve.at_point_id, WebReserve.of_variant_id, WebReserve.units, WebReserve.until_on).where(
            WebReserve.reference.startswith("sharing:", autoescape=True)
        )
    )
    found = {(point_id, variant_id): (units, until) for point_id, variant_id, units, until in rows}
    return found if wanted is None else {pair: value for pair, value in found.items() if pair in wanted}


# --- what changed ------------------------------------------------------------------------------------------------


def given_on(plan_id: int) -> dict[tuple[int, int], int]:
    """Units that transfers of a plan have brought, bring or will bring to points, by (variant, point): as approved until they
    are packed, as packed from then on, less what was lost; of what was cancelled or refused none."""
    found: dict[tuple[int, int], int] = defaultdict(int)
    mine = (
        select(Transfer.id, Transfer.reference, Transfer.status, Transfer.to_point_id)
        .join(SharingTransfer, SharingTransfer.transfer_id == Transfer.id)
        .where(SharingTransfer.plan_id == plan_id)
        .subquery()
    )
    meant = func.coalesce(TransferLine.approved, TransferLine.asked)
    asked = select(
        TransferLine.variant_id, mine.c.to_point_id, case((mine.c.status.in_((S.ASKED, S.APPROVED)), meant), else_=0)
    ).join(mine, mine.c.id == TransferLine.transfer_id)
    packed = (
        select(StockLevel.variant_id, mine.c.to_point_id, StockHold.quantity)
        .join(StockHold, StockHold.level_id == StockLevel.id)
        .join(mine, StockHold.reference == "transfer:" + mine.c.reference)
        .where(mine.c.status == S.PACKED, StockHold.outcome.is_(None))
    )
    sent = (
        select(StockLevel.variant_id, mine.c.to_point_id, Passage.quantity - Passage.lost)
        .join(Passage, Passage.level_id == StockLevel.id)
        .join(mine, Passage.reference == "transfer:" + mine.c.reference)
    )
    for statement in (asked, packed, sent):
        for variant_id, point_id, n in session().execute(statement):
            found[variant_id, point_id] += int(n)
    return dict(found)


@dataclass(frozen=True, slots=True)
class Change:
    """A line that differs from the plan before: `before` units as they stood there, changes by hand included; `given` of them
    have been sent since (their transfers live), `now` units more are given. `inputs` are what differs: (what, before, now)."""

    variant_id: int
    point_id: int | None
    before: int
    given: int
    now: int
    inputs: tuple[tuple[str, float, float], ...]


_COMPARED = ("middle", "per_week", "waiting", "empty_days", "asks")
NO_PACK, NO_PLACE, NO_GIVER = "no-pack", "no-place", "no-giver"


def changes(plan: SharingPlan, before: SharingPlan) -> list[Change]:
    """What is given otherwise than in the plan before, line by line, and which of its inputs moved.

    What the plan before has sent already is no change: it counts as given here, as goods of the givers, and not as goods that
    a place has got otherwise.
    """
    old, new = _units(before.id), _units(plan.id)
    old_needs, new_needs = _needs(before), _needs(plan)
    old_goods, new_goods = _supply(before), _supply(plan)
    given = {(int(v), int(p)): int(n) for v, p, n in plan.inputs.get("given", ())}
    sent: dict[int, int] = defaultdict(int)
    for (variant_id, _place), n in given.items():
        sent[variant_id] += n
    packs = {int(v) for v, _size in plan.inputs["wanted"]["cartons"]}
    places = set(plan.inputs["wanted"]["places"])
    fewer = set(before.inputs["wanted"]["givers"]) - set(plan.inputs["wanted"]["givers"])
    found = []
    for key in sorted(set(old) | set(new), key=lambda k: (k[0], k[1] or 0)):
        variant_id, place = key[0], key[1] or WEB
        was, was_proposed = old.get(key, (0, 0))
        now, now_proposed = new.get(key, (0, 0))
        gone, meant = given.get((variant_id, place), 0), (variant_id, place) in given
        if was == gone + now:
            continue
        moved: list[tuple[str, float, float]] = []
        if was != was_proposed:
            moved.append(("edited-before", was_proposed, was))
        if now != now_proposed:
            moved.append(("edited-now", now_proposed, now))
        if variant_id not in packs:
            moved.append((NO_PACK, 0, 0))
        elif place not in places:
            moved.append((NO_PLACE, 0, 0))
        else:
            if meant and gone != was:
                moved.append(("sent", was, gone))
            if fewer:
                moved.append((NO_GIVER, 0, 0))
            a, b = old_goods.get(variant_id, 0), new_goods.get(variant_id, 0) + sent[variant_id]
            if a != b:
                moved.append(("stock", a, b))
            moved += _moved(old_needs.get((variant_id, place)), new_needs.get((variant_id, place)), gone)
        found.append(Change(*key, was, gone, now, tuple(moved)))
    return found


def _moved(was: Mapping[str, Any] | None, now: Mapping[str, Any] | None, given: int) -> list[tuple[str, float, float]]:
    """What of a place's need differs. Goods that were sent there since are no goods it had otherwise, and people they were
    sent for have not gone away."""
    was, now = was or {}, now or {}
    a, b = sum(was.get("there", ())), max(sum(now.get("there", ())) - given, 0)
    found: list[tuple[str, float, float]] = [("there", a, b)] if a != b else []
    for name in _COMPARED:
        x, y = float(was.get(name, 0)), float(now.get(name, 0))
        if name == "waiting" and y < x <= y + given:
            continue
        if x != y:
            found.append((name, x, y))
    return found


def _units(plan_id: int) -> dict[tuple[int, int | None], tuple[int, int]]:
    """(units, what was worked out) by (variant, point)."""
    rows = session().execute(
        select(SharingLine.variant_id, SharingLine.point_id, SharingLine.units, SharingLine.proposed).where(
            SharingLine.plan_id == plan_id
        )
    )
    return {(variant_id, point_id): (units, proposed) for variant_id, point_id, units, proposed in rows}


def _needs(plan: SharingPlan) -> dict[tuple[int, int], Mapping[str, Any]]:
    """The needs as the plan keeps them: of packs that nothing was left of, too."""
    return {(int(n["variant_id"]), int(n["place"])): n for n in plan.inputs["needs"]}


def _supply(plan: SharingPlan) -> dict[int, int]:
    total: dict[int, int] = defaultdict(int)
    for row in plan.inputs["goods"]:
        total[row["variant_id"]] += row["units"]
    return total


def edited(plan_id: int) -> dict[tuple[int, int], int] | None:
    """The units that a plan gives by (variant, place), if somebody changed any of them by hand."""
    found = _units(plan_id)
    if all(units == proposed for units, proposed in found.values()):
        return None
    return {(variant_id, point_id or WEB): units for (variant_id, point_id), (units, _was) in found.items()}


def in_state(state: str) -> Any:
    """The condition behind the list's filter: a state, or `open` for what waits for somebody."""
    if state == "open":
        return SharingPlan.state.in_((PlanState.COMPUTING, PlanState.DRAFT))
    return SharingPlan.state == state


def line_state(state: str) -> Any:
    """The condition behind the lines' filter: `given`, `none`, or `edited` by hand."""
    if state == "given":
        return SharingLine.units > 0
    return SharingLine.units == 0 if state == "none" else SharingLine.units != SharingLine.proposed
