"""A booth is closed: its closing begins, what is left is counted, goods go home (then its sheets are signed: `signing`).

A sheet's figures are read from the books whenever they are wanted; frozen ones are kept as they were. What a till sends after
that is booked like any sale, and the sheet then has something to be signed anew: a further version, the former stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from shop.counts import queries as counted
from shop.counts import services as counts
from shop.counts.models import CountKind, CountState, StockCount
from shop.counts.services import Counted
from shop.exhibitions.errors import (
    BoothNotClosing,
    FairMovedOn,
    GoodsClaimed,
    GoodsOnRoad,
    GoodsStillThere,
)
from shop.exhibitions.models.calls import Stand
from shop.exhibitions.models.closing import (
    BoothClosing,
    Sheet,
    SheetState,
)
from shop.exhibitions.models.fairs import Booth, Exhibition, FairState
from shop.exhibitions.queries import closings, sheet_figures, sheets
from shop.exhibitions.queries.closings import LevelRow
from shop.kernel import audit, clock, db, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.receipts import queries as deliveries
from shop.receipts import services as receipts
from shop.receipts.models import Delivery
from shop.stock import services as stock
from shop.stock.models import SHOP, MovementKind, StockLevel, StockMovement
from shop.transfers import services as transfers
from shop.transfers.models import WAITING, Transfer

MAY_CLOSE = (FairState.RUNNING, FairState.CANCELLED)
# The way home of an owner's goods.
HOME, OWNER = "home", "owner"


def said(raw: str, field: str, *, least: int = 2, most: int = 500) -> str:
    found = text.clean(raw).replace("\n", " ")
    if len(found) < least:
        raise Invalid(N_("Hãy ghi rõ lý do (ít nhất %(n)s ký tự)."), field=field, n=least)
    if len(found) > most:
        raise Invalid(N_("Nhiều nhất %(n)s ký tự."), field=field, n=most)
    return found


def _booth(slug: str, code: str) -> tuple[Exhibition, Booth]:
    """The fair and the booth, the booth locked. Call inside a transaction.

    Raises:
        NotFound.
    """
    found = session().execute(
        select(Exhibition, Booth.id)
        .join(Booth, Booth.exhibition_id == Exhibition.id)
        .where(Exhibition.slug == slug, Booth.code == code)
        .execution_options(populate_existing=True)
    ).first()  # fmt: skip
    if found is None:
        raise NotFound
    return found[0], db.locked(Booth, found[1], NotFound)


def _closing(booth: Booth) -> BoothClosing:
    """The closing of a locked booth.

    Raises:
        BoothNotClosing: it has not begun.
    """
    found = session().scalar(
        select(BoothClosing).where(BoothClosing.booth_id == booth.id),
        execution_options={"populate_existing": True},
    )
    if found is None:
        raise BoothNotClosing
    return found


# --- begin -------------------------------------------------------------------------------------------------------


def begin(actor: Actor, slug: str, code: str) -> None:
    """Begin to close a booth: one sheet for each producer who stands there and each owner whose goods were there. What was only
    on its way to be packed or brought is called off. Doing it again adds the sheets of owners who came later.

    Raises:
        NotFound: no such booth.
        FairMovedOn: the fair is neither running nor cancelled.
    """
    with transaction() as s:
        fair, booth = _booth(slug, code)
        known = s.scalar(select(BoothClosing).where(BoothClosing.booth_id == booth.id))
        if known is None:
            if fair.state not in MAY_CLOSE:
                raise FairMovedOn
            s.add(
                BoothClosing(
                    exhibition_id=fair.id,
                    booth_id=booth.id,
                    point_id=booth.point_id,
                    opened_at=clock.now(),
                    opened_by=actor.key,
                    opened_label=actor.label,
                )
            )
            s.flush()
            audit.record(actor, "exhibitions.close-booth", f"exhibition:{fair.slug}", booth=booth.code)
        if booth.point_id is not None:
            call_off(actor, booth.point_id)
        _add_sheets(fair, booth)


def call_off(actor: Actor, point_id: int) -> None:
    """Nothing more comes to a booth that closes: transfers that have not left and deliveries that have not come are ended."""
    why = "Gian hàng hội chợ đang chốt"
    waiting = session().scalars(
        select(Transfer.reference)
        .where(Transfer.to_point_id == point_id, Transfer.status.in_(WAITING))
        .order_by(Transfer.id)
    )
    for reference in waiting.all():
        transfers.cancel(actor, reference, why, f"close:{reference}")
    expected = session().scalars(
        select(Delivery.reference)
        .where(Delivery.point_id == point_id, Delivery.state.in_(deliveries.OPEN))
        .order_by(Delivery.id)
    )
    for reference in expected.all():
        receipts.finish(actor, reference, why)


def _add_sheets(fair: Exhibition, booth: Booth) -> None:
    s = session()
    have = set(s.scalars(select(Sheet.owner).where(Sheet.booth_id == booth.id)))
    stands = {
        sheet_figures.owner_of(stand.producer_id): stand
        for stand in s.scalars(
            select(Stand).where(Stand.booth_id == booth.id, Stand.ended_at.is_(None)).order_by(Stand.id)
        )
    }
    owners = set(stands)
    if booth.point_id is not None:
        owners |= set(
            s.scalars(
                select(StockLevel.owner)
                .join(StockMovement, StockMovement.level_id == StockLevel.id)
                .where(StockLevel.point_id == booth.point_id)
                .distinct()
            )
        )
    for owner in sorted(owners - have, key=lambda o: (o != SHOP, o)):
        stand = stands.get(owner)
        s.add(
            Sheet(
                reference=f"G-{text.reference()}",
                exhibition_id=fair.id,
                booth_id=booth.id,
                owner=owner,
                producer_id=None if owner == SHOP else int(owner.removeprefix("producer:")),
                stand_id=stand.id if stand else None,
                state=SheetState.OPEN,
                fee_amount=stand.fee_amount if stand else 0,
                subsidy_amount=stand.subsidy_amount if stand else 0,
                opened_at=clock.now(),
                is_demo=fair.is_demo,
            )
        )
    s.flush()


# --- count -------------------------------------------------------------------------------------------------------


def start_count(actor: Actor, slug: str, code: str, op_key: str) -> str:
    """Begin the count of what is left in a booth, or take over one of its point that is open; return its reference.

    Raises:
        NotFound; BoothNotClosing.
        Invalid: the books have nothing there (see `nothing_there`).
    """
    with transaction() as s:
        fair, booth = _booth(slug, code)
        closing = _closing(booth)
        if closing.count_reference is not None:
            state = s.scalar(select(StockCount.state).where(StockCount.reference == closing.count_reference))
            if state is not CountState.CANCELLED:
                return closing.count_reference
        if booth.point_id is None:
            raise Invalid(N_("Gian này không có điểm bán nên không có gì để đếm."), field="count")
        reference = s.scalar(
            select(StockCount.reference).where(
                StockCount.point_id == booth.point_id,
                StockCount.kind == CountKind.FULL,
                StockCount.state.in_([CountState.OPEN, CountState.SUBMITTED]),
            )
        ) or counts.open_count(actor, booth.point_id, CountKind.FULL, op_key=op_key, is_demo=fair.is_demo)
        closing.count_reference = reference
        s.flush()
        return reference


def write_count(actor: Actor, slug: str, code: str, numbers: Mapping[int, Counted], *, finish: bool) -> bool:
    """Keep the numbers of some lines of the booth's count; `finish` hands it in. Return whether it is booked: beyond the
    limit of the room of counts somebody else must agree first.

    Raises:
        NotFound; BoothNotClosing: no count was begun.
        Invalid, NotOpen: as `counts.services.write` and `submit`.
    """
    with transaction():
        _fair, booth = _booth(slug, code)
        closing = _closing(booth)
        if closing.count_reference is None:
            raise BoothNotClosing
        counts.write(actor, closing.count_reference, numbers)
        return finish and counts.submit(actor, closing.count_reference)


def nothing_there(actor: Actor, slug: str, code: str) -> None:
    """Somebody has looked: nothing is left in the booth, and the books have nothing either.

    Raises:
        NotFound; BoothNotClosing.
        GoodsStillThere: the books have goods there, which must be counted.
        GoodsOnRoad: goods are on their way to it.
    """
    with transaction():
        fair, booth = _booth(slug, code)
        closing = _closing(booth)
        if closing.nothing_there_at is not None:
            return
        _nothing_comes(booth)
        left = _left(booth.point_id)
        if left:
            raise GoodsStillThere(n=left)
        closing.nothing_there_at, closing.nothing_there_label = clock.now(), actor.label
        session().flush()
        audit.record(actor, "exhibitions.booth-empty", f"exhibition:{fair.slug}", booth=booth.code)


def _left(point_id: int | None) -> int:
    found = session().scalar(
        select(func.coalesce(func.sum(StockLevel.on_hand), 0)).where(StockLevel.point_id == point_id)
    )
    return int(found or 0)


def _nothing_comes(booth: Booth) -> None:
    coming = sheets.on_road(booth.point_id)
    if coming:
        raise GoodsOnRoad(n=coming)


# --- home --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Going:
    """So many units of one level leave the booth; `found`: why there are more than the books have."""

    quantity: int
    found: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """Where an owner's goods go: `home` to the fair's own point by transfer, or to their `owner`, taken by `taken_by`."""

    to: str = HOME
    taken_by: str = ""


@dataclass(frozen=True, slots=True)
class Gone:
    """The papers by which goods left."""

    transfers: tuple[str, ...]
    hand_backs: tuple[str, ...]


def send_home(
    actor: Actor, slug: str, code: str, goods: Mapping[int, Going], ways: Mapping[str, Way], op_key: str
) -> Gone:
    """Let goods leave a counted booth (`goods` by level, `ways` by owner). More than the books have is refused at its place,
    unless it is said why there are more: then the rest is booked as found first.

    Raises:
        NotFound; BoothNotClosing: it was not counted.
        GoodsOnRoad; GoodsClaimed (field `back-<level>`).
        Invalid: nothing goes, a number out of range, more than there is, a lot that may not travel (field `back-<level>`), the
            shop's goods to an owner, nobody named (field `taken_by-<owner>`), no point to go home to (field `way-<owner>`).
    """
    goods = {level_id: one for level_id, one in goods.items() if one.quantity}

    def command() -> dict[str, Any]:
        fair, booth = _booth(slug, code)
        closing = _closing(booth)
        if not sheets.is_counted(closing):
            raise BoothNotClosing
        _nothing_comes(booth)
        if not goods:
            raise Invalid(N_("Hãy ghi số lượng mang về."), field="goods")
        there = {row.level_id: row for row in closings.levels(booth.point_id, clock.today())}
        if set(goods) - set(there):
            raise NotFound
        by_owner: dict[str, dict[int, int]] = defaultdict(dict)
        for level_id, one in goods.items():
            row = there[level_id]
            _checked(row, one, ways.get(row.owner, Way()))
            if one.quantity > row.on_hand:
                stock.adjust(
                    actor, level_id, one.quantity - row.on_hand, one.found, f"{op_key}.f{level_id}",
                    kind=MovementKind.COUNT, reference=f"booth:{booth.id}",
                )  # fmt: skip
            by_owner[row.owner][level_id] = one.quantity
        gone: dict[str, list[str]] = {"transfers": [], "hand_backs": []}
        at_home: dict[int, int] = {}
        for owner, mine in sorted(by_owner.items()):
            way = ways.get(owner, Way())
            if way.to == OWNER:
                gone["hand_backs"].append(_to_owner(actor, fair, booth, owner, mine, way, op_key))
            else:
                at_home |= mine
        if at_home:
            gone["transfers"].append(_to_home(actor, fair, booth, at_home, there, op_key))
        audit.record(actor, "exhibitions.goods-home", f"exhibition:{fair.slug}", booth=booth.code, **gone)
        return gone

    body = [
        slug, code, sorted((i, g.quantity, g.found) for i, g in goods.items()),
        sorted((o, w.to, w.taken_by) for o, w in ways.items()),
    ]  # fmt: skip
    done = operations.once(op_key, "exhibitions.goods-home", actor.key, body, command)
    return Gone(tuple(done["transfers"]), tuple(done["hand_backs"]))


def _checked(row: LevelRow, one: Going, way: Way) -> None:
    field, name = f"back-{row.level_id}", f"{row.name}, {row.pack}"
    if not 1 <= one.quantity <= receipts.MOST_UNITS:
        raise Invalid(N_("Số lượng phải là số nguyên lớn hơn 0."), field=field)
    if row.claimed and one.quantity > row.free:
        raise GoodsClaimed(field=field, name=name, n=row.claimed)
    if one.quantity > row.on_hand and len(text.clean(one.found)) < 2:
        raise Invalid(
            N_("%(name)s: sổ chỉ còn %(n)s, không mang về nhiều hơn. Nếu thật sự thừa hàng, hãy ghi vì sao."),
            field=field,
            name=name,
            n=row.on_hand,
        )
    if row.barred and way.to == HOME:
        raise Invalid(
            N_("%(name)s: lô %(lot)s đang dừng hoặc quá hạn nên không chuyển được. Hãy trả cơ sở hoặc hủy hàng."),
            field=field,
            name=name,
            lot=row.lot or "–",
        )


def _to_owner(
    actor: Actor, fair: Exhibition, booth: Booth, owner: str, mine: Mapping[int, int], way: Way, op_key: str
) -> str:
    if owner == SHOP or booth.point_id is None:
        raise Invalid(N_("Hàng của cửa hàng thì chuyển về kho, không trả cho ai."), field=f"way-{owner}")
    try:
        return receipts.hand_back(
            actor, int(owner.removeprefix("producer:")), booth.point_id, mine, taken_by=way.taken_by,
            note=f"{fair.name}, gian {booth.code}", op_key=f"{op_key}.{owner}", is_demo=fair.is_demo,
        )  # fmt: skip
    except Invalid as error:
        field = f"taken_by-{owner}" if error.field == "taken_by" else error.field
        raise Invalid(error.title, field=field, **error.values) from error


def _to_home(
    actor: Actor, fair: Exhibition, booth: Booth, mine: Mapping[int, int], there: Mapping[int, LevelRow], op_key: str
) -> str:
    if fair.home_point_id is None or booth.point_id is None:
        raise Invalid(N_("Hội chợ chưa ghi kho nhận hàng về. Hãy chọn kho ở trang kế hoạch."), field="home")
    packs: dict[int, int] = defaultdict(int)
    for level_id, n in mine.items():
        packs[there[level_id].variant_id] += n
    reference = transfers.ask(
        actor, booth.point_id, fair.home_point_id, packs, f"{op_key}.ask", note=f"{fair.name}, gian {booth.code}: hàng về",
        is_demo=fair.is_demo,
    )  # fmt: skip
    transfers.approve(actor, reference, {}, f"{op_key}.approve")
    transfers.pack(actor, reference, mine, f"{op_key}.pack")
    transfers.dispatch(actor, reference, f"{op_key}.dispatch")
    return reference


def all_home(actor: Actor, slug: str, code: str, op_key: str) -> Gone:
    """Let everything that lies free in a counted booth go home: lots that may not travel go to nobody and stay.

    Raises:
        As `send_home`.
    """
    with transaction():
        _fair, booth = _booth(slug, code)
        rows = closings.levels(booth.point_id, clock.today())
        goods = {row.level_id: Going(row.free) for row in rows if row.free > 0 and not row.barred}
        return send_home(actor, slug, code, goods, {}, op_key)


def lines_to_count(closing: BoothClosing) -> list[counted.LineView]:
    """The lines of a booth's count."""
    if closing.count_reference is None:
        return []
    count_id = counted.id_of(closing.count_reference)
    return counted.lines(count_id) if count_id is not None else []
