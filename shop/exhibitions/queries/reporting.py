"""What a fair's report counts: sums and tables as plain values, and the rows behind each of them.

Everything is counted from what the books held at one instant (`as_of`): sales and returns are only ever added, so the rows
behind a frozen number can be shown again later. Units are sale units, amounts whole đồng after discount, returns taken off.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import func, or_, select

from shop.catalog.models import Product, ProductGroup, ProductSet, Variant
from shop.demand.booths import Move, Span, emptiness
from shop.demand.models.unmet import KIND_NAMES, Kind, UnmetDay
from shop.exhibitions.models.calls import Stand
from shop.exhibitions.models.closing import FairReport
from shop.exhibitions.models.fairs import Booth, BudgetLine, BudgetSide, Exhibition, FairState
from shop.exhibitions.queries import beside, sheets, takings
from shop.exhibitions.queries.takings import Taking
from shop.kernel import clock
from shop.kernel.db import in_batches, session
from shop.kernel.errors import N_, NotFound
from shop.places import queries as places
from shop.producers.models import Producer
from shop.stock.models import SHOP, MovementKind, StockLevel, StockMovement

UNKNOWN = "?"
MOST_BEST = 20
# Tables of a report: what a row is, and its columns (`money`, `count`, `hours`: tenths of an hour).
TABLES: dict[str, tuple[str, tuple[tuple[str, str, str], ...]]] = {
    "day": (N_("Theo ngày"), (("visitors", N_("Lượt khách"), "count"), ("receipts", N_("Hóa đơn"), "count"),
                              ("units", N_("Đơn vị bán"), "count"), ("amount", N_("Doanh thu"), "money"))),
    "tender": (N_("Theo cách trả tiền"), (("amount", N_("Doanh thu"), "money"),)),
    "locality": (N_("Theo địa phương"), (("producers", N_("Cơ sở"), "count"), ("units", N_("Đơn vị bán"), "count"),
                                         ("amount", N_("Doanh thu"), "money"))),
    "producer": (N_("Theo cơ sở"), (("units", N_("Đơn vị bán"), "count"), ("amount", N_("Doanh thu"), "money"))),
    "group": (N_("Theo nhóm sản phẩm"), (("units", N_("Đơn vị bán"), "count"), ("amount", N_("Doanh thu"), "money"))),
    "booth": (N_("Theo gian"), (("empty", N_("Giờ trống hàng"), "hours"), ("units", N_("Đơn vị bán"), "count"),
                                ("amount", N_("Doanh thu"), "money"))),
    "best": (N_("Bán chạy nhất"), (("units", N_("Đơn vị bán"), "count"), ("amount", N_("Doanh thu"), "money"))),
    "shortage": (N_("Thiếu hàng"), (("asks", N_("Người hỏi mà không có"), "count"), ("lacked", N_("Đơn vị thiếu"), "count"),
                                    ("empty", N_("Giờ hết hàng"), "hours"), ("lost", N_("Ước mất doanh thu"), "money"))),
}  # fmt: skip
# The sums of a report in the order in which people read them, and what kind of number each is.
SUMS: dict[str, tuple[str, str]] = {
    "visitors": (N_("Lượt khách"), "count"),
    "turnover": (N_("Doanh thu toàn hội chợ"), "money"),
    "own_turnover": (N_("Doanh thu các gian trong tỉnh"), "money"),
    "receipts": (N_("Hóa đơn"), "count"),
    "units": (N_("Đơn vị đã bán"), "count"),
    "booths": (N_("Gian có người đứng"), "count"),
    "own_booths": (N_("Gian trong tỉnh"), "count"),
    "producers": (N_("Cơ sở tham gia"), "count"),
    "asks": (N_("Lượt hỏi mà không có"), "count"),
    "lost": (N_("Ước mất doanh thu vì thiếu hàng"), "money"),
    "contacts": (N_("Khách mua buôn đã gặp"), "count"),
    "agreements": (N_("Thỏa thuận ký tại hội chợ"), "count"),
    "agreed_amount": (N_("Giá trị thỏa thuận"), "money"),
    "bought_30": (N_("Khách buôn đã mua sau 30 ngày"), "money"),
    "bought_90": (N_("Khách buôn đã mua sau 90 ngày"), "money"),
    "orders_30": (N_("Đơn đặt sau hội chợ, 30 ngày"), "count"),
    "orders_30_amount": (N_("Tiền hàng đặt sau hội chợ, 30 ngày"), "money"),
    "orders_90": (N_("Đơn đặt sau hội chợ, 90 ngày"), "count"),
    "orders_90_amount": (N_("Tiền hàng đặt sau hội chợ, 90 ngày"), "money"),
    "cost": (N_("Chi phí"), "money"),
    "income": (N_("Nguồn thu của hội chợ"), "money"),
    "cost_per_1000": (N_("Chi phí cho 1.000 đồng bán được"), "money"),
}


# --- what a sale belongs to --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ware:
    """A pack with what reports count it under."""

    name: str
    pack: str
    producer_id: int | None
    group: str


@dataclass(slots=True)
class Ground:
    """What a fair's sales are counted against: its booths, stands, producers and places; read once."""

    fair: Exhibition
    booths: dict[int, str]
    stands: dict[str, list[int]]
    producers: dict[int, Producer]
    localities: dict[int, str | None]
    wares: dict[int, Ware]

    def producer_of(self, one: Taking) -> int | None:
        """Who made the goods; else whose they are."""
        ware = self.wares.get(one.variant_id)
        if ware is not None and ware.producer_id is not None:
            return ware.producer_id
        return None if one.owner == SHOP else int(one.owner.removeprefix("producer:"))

    def locality_of(self, producer_id: int | None) -> str:
        """The code of the place that a producer's sales count for: his commune, or his province if it is another one."""
        producer = self.producers.get(producer_id) if producer_id is not None else None
        if producer is None:
            return UNKNOWN
        if producer.province_code != self.fair.province_code:
            return producer.province_code or UNKNOWN
        return self.localities.get(producer.id) or producer.commune_code or UNKNOWN

    def is_own(self, one: Taking) -> bool:
        """Whether it was sold by a booth of the province: all who stand there are of it, or the goods' own producer is."""
        home = self.fair.province_code
        there = [self.producers[i].province_code for i in self.stands.get(self.booths.get(one.point_id, ""), [])]
        if there and all(code == home for code in there):
            return True
        maker = self.producers.get(self.producer_of(one) or 0)
        return any(code == home for code in there) and maker is not None and maker.province_code == home


def ground(fair: Exhibition, found: Iterable[Taking]) -> Ground:
    """What these sales are counted against; a fixed number of statements but for batches of packs."""
    s = session()
    booths = _codes(fair.id)
    stands: dict[str, list[int]] = defaultdict(list)
    for code, producer_id in s.execute(
        select(Booth.code, Stand.producer_id)
        .join(Stand, Stand.booth_id == Booth.id)
        .where(Stand.exhibition_id == fair.id, Stand.ended_at.is_(None))
        .order_by(Stand.id)
    ):
        stands[code].append(producer_id)
    wares: dict[int, Ware] = {}
    for some in in_batches(sorted({one.variant_id for one in found})):
        for i, name, pack, maker_id, group in s.execute(
            select(Variant.id, Product.name, Variant.pack, Product.producer_id, ProductGroup.name)
            .join(Product, Product.id == Variant.product_id)
            .join(ProductSet, ProductSet.id == Product.set_id)
            .join(ProductGroup, ProductGroup.id == ProductSet.group_id)
            .where(Variant.id.in_(some))
        ):
            wares[i] = Ware(name, pack, maker_id, group)
    wanted = {i for ids in stands.values() for i in ids} | {w.producer_id for w in wares.values() if w.producer_id}
    wanted |= {int(one.owner.removeprefix("producer:")) for one in found if one.owner != SHOP}
    producers: dict[int, Producer] = {}
    for some in in_batches(sorted(wanted)):
        producers |= {p.id: p for p in s.scalars(select(Producer).where(Producer.id.in_(some)))}
    return Ground(fair, booths, stands, producers, sheets.localities(fair.id), wares)


def _codes(exhibition_id: int) -> dict[int, str]:
    """The code of the booth of each point."""
    rows = session().execute(
        select(Booth.code, Booth.point_id).where(Booth.exhibition_id == exhibition_id, Booth.point_id.is_not(None))
    )
    return {point_id: code for code, point_id in rows if point_id is not None}


def place_name(code: str) -> str:
    """A place as people call it."""
    if code == UNKNOWN:
        return str(gettext("Chưa rõ địa phương"))
    found = places.unit(code)
    return found.name if found is not None else code


# Of each table the key and the name of the row that a sale counts in; a way of paying takes its part of the amount.
KEYS: dict[str, Callable[[Ground, Taking], tuple[str, str]]] = {
    "day": lambda g, t: (clock.business_day(t.at).isoformat(), clock.business_day(t.at).isoformat()),
    "locality": lambda g, t: (g.locality_of(g.producer_of(t)), g.locality_of(g.producer_of(t))),
    "producer": lambda g, t: _producer_key(g, t),
    "group": lambda g, t: (g.wares[t.variant_id].group, g.wares[t.variant_id].group),
    "booth": lambda g, t: (g.booths[t.point_id], g.booths[t.point_id]),
    "best": lambda g, t: (str(t.variant_id), f"{g.wares[t.variant_id].name}, {g.wares[t.variant_id].pack}"),
}


def _producer_key(g: Ground, one: Taking) -> tuple[str, str]:
    producer_id = g.producer_of(one)
    producer = g.producers.get(producer_id) if producer_id is not None else None
    return (producer.slug, producer.name) if producer is not None else (UNKNOWN, UNKNOWN)


# --- the report --------------------------------------------------------------------------------------------------


def compute(fair: Exhibition, as_of: datetime | None = None) -> dict[str, Any]:
    """Everything a report of the fair says, as plain values, from what the books held at `as_of` (default: now)."""
    as_of = as_of or clock.now()
    point_ids = _points(fair.id)
    found = takings.of_points(point_ids, as_of)
    g = ground(fair, found)
    empty_booths, empty_packs = _empty_hours(fair, found, point_ids, as_of)
    visits = beside.visitors(fair)
    missed = _missed(fair, point_ids)
    tables = _tables(g, found, visits, empty_booths)
    tables["shortage"] = _shortages(missed, empty_packs, g)
    sums = _sums(fair, g, found, visits, missed)
    return {
        "as_of": as_of.isoformat(),
        "sums": sums,
        "cost_basis": _cost(fair.id)[2],
        "tables": tables,
        "former": former(fair),
    }


def _points(exhibition_id: int) -> list[int]:
    return [
        i
        for i in session().scalars(
            select(Booth.point_id).where(Booth.exhibition_id == exhibition_id, Booth.point_id.is_not(None))
        )
        if i is not None
    ]


def _sums(
    fair: Exhibition, g: Ground, found: Sequence[Taking], visits: dict[date, int] | None, missed: Sequence[Any]
) -> dict[str, int | None]:
    turnover = sum(one.amount for one in found)
    cost, income, _basis = _cost(fair.id)
    standing = {i for ids in g.stands.values() for i in ids}
    home = fair.province_code
    own = [
        code for code, ids in g.stands.items() if any(g.producers[i].province_code == home for i in ids)
    ]  # fmt: skip
    return {
        "visitors": sum(visits.values()) if visits is not None else None,
        "turnover": turnover,
        "own_turnover": sum(one.amount for one in found if g.is_own(one)),
        "receipts": len({one.reference for one in found if one.units > 0}),
        "units": sum(one.units for one in found),
        "booths": len(g.stands),
        "own_booths": len(own),
        "producers": len(standing),
        "asks": sum(row.asks for row in missed if row.kind is not Kind.BOOTH_EMPTY),
        "lost": sum(row.lost for row in missed),
        **beside.trade(fair),
        "cost": cost,
        "income": income,
        "cost_per_1000": (cost * 1000 + turnover // 2) // turnover if cost is not None and turnover > 0 else None,
    }


def _tables(
    g: Ground, found: Sequence[Taking], visits: dict[date, int] | None, empty: dict[str, int]
) -> dict[str, list[list[Any]]]:
    rows: dict[str, dict[str, dict[str, Any]]] = {table: {} for table in (*KEYS, "tender")}
    names: dict[tuple[str, str], str] = {}
    receipts: dict[str, set[str]] = defaultdict(set)
    makers: dict[str, set[str]] = defaultdict(set)
    # All but its day a sale shares with the others of its goods in its booth.
    alike: dict[tuple[int, int, str], list[dict[str, Any]]] = {}
    for one in found:
        known = alike.get((one.point_id, one.variant_id, one.owner))
        if known is None:
            mine = []
            for table, key_of in KEYS.items():
                if table != "day":
                    key, names[table, key] = key_of(g, one)
                    mine.append(rows[table].setdefault(key, {"units": 0, "amount": 0}))
            makers[g.locality_of(g.producer_of(one))].add(_producer_key(g, one)[0])
            known = alike[one.point_id, one.variant_id, one.owner] = mine
        day = clock.business_day(one.at).isoformat()
        names["day", day] = day
        for row in (*known, rows["day"].setdefault(day, {"units": 0, "amount": 0})):
            row["units"] += one.units
            row["amount"] += one.amount
        if one.units > 0:
            receipts[day].add(one.reference)
        for way, amount in one.tenders:
            row = rows["tender"].setdefault(way, {"amount": 0})
            row["amount"] += amount
            names["tender", way] = takings.WAYS[way]
    for on, n in (visits or {}).items():
        rows["day"].setdefault(on.isoformat(), {"units": 0, "amount": 0})["visitors"] = n
        names["day", on.isoformat()] = on.isoformat()
    for key, row in rows["day"].items():
        row["receipts"] = len(receipts[key])
    for key, row in rows["locality"].items():
        row["producers"] = len(makers[key])
        names["locality", key] = place_name(key)
    for code in g.stands:
        rows["booth"].setdefault(code, {"units": 0, "amount": 0})
        names["booth", code] = code
    for code, row in rows["booth"].items():
        row["empty"] = empty.get(code, 0)
    made: dict[str, list[list[Any]]] = {
        table: [[key, names[table, key], row] for key, row in of.items()] for table, of in rows.items()
    }
    for table, of_table in made.items():
        of_table.sort(key=(lambda r: (0, r[0])) if table == "day" else (lambda r: (-r[2]["amount"], r[1])))
    made["best"] = sorted(made["best"], key=lambda r: (-r[2]["units"], -r[2]["amount"], r[1]))[:MOST_BEST]
    return made


# --- what lacked -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Missed:
    """What was asked for and not had, or ran empty, on one day at one booth (units, đồng)."""

    day: date
    booth: str
    kind: Kind
    variant_id: int | None
    name: str
    asks: int
    lacked: int
    lost: int

    @property
    def kind_name(self) -> str:
        """What it was, in the reader's language."""
        return str(gettext(KIND_NAMES[self.kind]))

    @property
    def key(self) -> str:
        """The row of the report's table that it counts in."""
        return str(self.variant_id) if self.variant_id is not None else f"w:{self.name}"


def _missed(fair: Exhibition, point_ids: Sequence[int]) -> list[Missed]:
    if not point_ids or fair.from_on is None or fair.to_on is None:
        return []
    rows = session().execute(
        select(
            UnmetDay.day, Booth.code, UnmetDay.kind, UnmetDay.variant_id, Product.name, Variant.pack,
            func.coalesce(UnmetDay.words, UnmetDay.text), UnmetDay.asks, UnmetDay.units, UnmetDay.lost_amount,
        )
        .join(Booth, Booth.point_id == UnmetDay.point_id)
        .outerjoin(Product, Product.id == UnmetDay.product_id)
        .outerjoin(Variant, Variant.id == UnmetDay.variant_id)
        .where(UnmetDay.point_id.in_(point_ids), UnmetDay.day >= fair.from_on, UnmetDay.day < fair.to_on)
        .order_by(UnmetDay.day, UnmetDay.id)
    )  # fmt: skip
    return [
        Missed(on, code, kind, v, ", ".join(x for x in (name, pack) if x) or words or "–", int(asks), int(units), int(lost))
        for on, code, kind, v, name, pack, words, asks, units, lost in rows
    ]  # fmt: skip


def _shortages(missed: Sequence[Missed], empty: dict[int, int], g: Ground) -> list[list[Any]]:
    rows: dict[str, dict[str, int]] = {}
    names: dict[str, str] = {}
    for one in missed:
        row = rows.setdefault(one.key, {"asks": 0, "lacked": 0, "empty": 0, "lost": 0})
        names[one.key] = one.name
        row["lost"] += one.lost
        if one.kind is not Kind.BOOTH_EMPTY:
            row["asks"] += one.asks
            row["lacked"] += one.lacked
    for variant_id, tenths in empty.items():
        ware = g.wares.get(variant_id)
        if tenths and ware is not None:
            key = str(variant_id)
            rows.setdefault(key, {"asks": 0, "lacked": 0, "empty": 0, "lost": 0})["empty"] = tenths
            names.setdefault(key, f"{ware.name}, {ware.pack}")
    return sorted(
        ([key, names[key], row] for key, row in rows.items()),
        key=lambda r: (-r[2]["lost"], -r[2]["asks"], -r[2]["empty"], r[1]),
    )


def spans(fair: Exhibition) -> list[Span]:
    """The opening of each day of the fair."""
    if fair.from_on is None or fair.to_on is None:
        return []
    first, last = ((int(t[:2]) * 60 + int(t[3:5])) for t in (fair.day_opens, fair.day_closes))
    found = []
    for n in range((fair.to_on - fair.from_on).days):
        start = clock.start_of(fair.from_on + timedelta(days=n))
        found.append((start + timedelta(minutes=first), start + timedelta(minutes=last)))
    return found


def _empty_hours(
    fair: Exhibition, found: Sequence[Taking], point_ids: Sequence[int], as_of: datetime
) -> tuple[dict[str, int], dict[int, int]]:
    """Tenths of open hours without goods: of each booth without any, of each pack over all booths that had run out of it."""
    moves: dict[tuple[int, int], list[Move]] = defaultdict(list)
    for one in found:
        moves[one.point_id, one.variant_id].append(Move(one.at, -one.units, sold=True))
    codes: dict[int, str] = {}
    if point_ids:
        for point_id, variant_id, at, n in session().execute(
            select(StockLevel.point_id, StockLevel.variant_id, StockMovement.at, StockMovement.quantity)
            .join(StockLevel, StockLevel.id == StockMovement.level_id)
            .where(
                StockLevel.point_id.in_(point_ids),
                StockMovement.kind.not_in([MovementKind.SALE, MovementKind.RETURN]),
                StockMovement.at <= as_of,
            )
            .order_by(StockMovement.id)
        ):
            moves[point_id, variant_id].append(Move(at, n, sold=False))
        codes = _codes(fair.id)
    days = [span for span in spans(fair) if span[0] < as_of]
    of_booth: dict[int, list[Move]] = defaultdict(list)
    packs: dict[int, int] = defaultdict(int)
    for (point_id, variant_id), mine in moves.items():
        of_booth[point_id] += mine
        packs[variant_id] += _tenths(mine, days)
    return {codes[p]: _tenths(mine, days) for p, mine in of_booth.items()}, packs


def _tenths(moves: list[Move], days: list[Span]) -> int:
    balance = 0
    for move in sorted(moves, key=lambda m: (m.at, m.quantity < 0)):
        balance += move.quantity
        if move.sold and balance <= 0:
            break
    else:  # it never sold out: most goods of most booths
        return 0
    return round(10 * sum(emptiness(moves, days[:i], span).hours for i, span in enumerate(days)))


# --- cost, former fairs ------------------------------------------------------------------------------------------


def _cost(exhibition_id: int) -> tuple[int | None, int | None, str]:
    """What the fair cost and brought in beside its sales (None: no budget), and whether these are `actual` sums or, where one
    is not known yet, `planned` ones."""
    rows = session().execute(
        select(BudgetLine.side, BudgetLine.planned_amount, BudgetLine.actual_amount).where(
            BudgetLine.exhibition_id == exhibition_id
        )
    )
    found: dict[BudgetSide, list[int]] = defaultdict(list)
    basis = "actual"
    for side, planned, actual in rows:
        if actual is None:
            basis = "planned"
        found[side].append(planned if actual is None else actual)
    costs, incomes = found.get(BudgetSide.COST), found.get(BudgetSide.INCOME)
    return (sum(costs) if costs else None), (sum(incomes) if incomes else None), basis


def former(fair: Exhibition) -> list[dict[str, Any]]:
    """Fairs before this one: those the shop has reported itself, and those known from sources, latest first. Numbers of sources
    that differ stand side by side, as they were written."""
    before = or_(Exhibition.from_on.is_(None), Exhibition.from_on < fair.from_on)
    rows = (
        session()
        .scalars(
            select(Exhibition)
            .where(
                Exhibition.id != fair.id,
                Exhibition.state.in_([FairState.REPORTED, FairState.RECORDED]),
                before,
            )
            .order_by(Exhibition.from_on.desc().nulls_last(), Exhibition.id.desc())
            .limit(30)
        )
        .all()
    )
    ids = [row.id for row in rows]
    own = {
        report.exhibition_id: report.figures["sums"]
        for report in session().scalars(
            select(FairReport).where(FairReport.exhibition_id.in_(ids)).order_by(FairReport.number)
        )
    }
    written = beside.recorded(ids)
    found = []
    for row in rows:
        figures: dict[str, Any] = {
            "slug": row.slug,
            "name": row.name,
            "when": _when(row),
            "recorded": row.id not in own,
        }
        sums, texts = own.get(row.id, {}), written.get(row.id, {})
        for key in ("booths", "visitors", "turnover", "own_turnover"):
            figures[key] = sums.get(key) if row.id in own else None
            figures[f"{key}_text"] = texts.get(key, "")
        found.append(figures)
    return found


def _when(row: Exhibition) -> str:
    return row.from_on.isoformat() if row.from_on is not None else (row.date_text or "")


# --- versions ----------------------------------------------------------------------------------------------------


def versions(exhibition_id: int) -> list[FairReport]:
    """The frozen reports of a fair, oldest first."""
    return list(
        session().scalars(
            select(FairReport).where(FairReport.exhibition_id == exhibition_id).order_by(FairReport.number)
        )
    )


def version(exhibition_id: int, number: int) -> FairReport:
    """One frozen report.

    Raises:
        NotFound.
    """
    found = session().scalar(
        select(FairReport).where(FairReport.exhibition_id == exhibition_id, FairReport.number == number)
    )
    if found is None:
        raise NotFound
    return found


def latest(exhibition_id: int) -> FairReport | None:
    """The frozen report that holds."""
    found = versions(exhibition_id)
    return found[-1] if found else None


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, str, int | None, int | None]]:
    """What differs between two versions: (table or '' for a sum, row or the sum's key, column, before, after)."""
    found: list[tuple[str, str, str, int | None, int | None]] = []
    for key in SUMS:
        a, b = before["sums"].get(key), after["sums"].get(key)
        if a != b:
            found.append(("", key, "", a, b))
    for table, (_title, columns) in TABLES.items():
        old = {row[0]: row for row in before["tables"].get(table, [])}
        new = {row[0]: row for row in after["tables"].get(table, [])}
        for key in [*new, *(k for k in old if k not in new)]:
            one = new.get(key) or old[key]
            for column, _label, _kind in columns:
                a, b = (rows[key][2].get(column) if key in rows else None for rows in (old, new))
                if (a or 0) != (b or 0):
                    found.append((table, str(one[1]), column, a, b))
    return found


# --- the rows behind a number ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SaleRow:
    """One pack on one receipt, as the page behind a number shows it."""

    at: datetime
    reference: str
    booth: str
    goods: str
    producer: str
    locality: str
    owner: str
    ways: str
    units: int
    amount: int


def sale_rows(fair: Exhibition, by: str, key: str, as_of: datetime | None) -> list[SaleRow]:
    """The sales and returns that a number counts: all, those of one row of a table, or `own` ones.

    Raises:
        NotFound: there is no such table.
    """
    if by and by != "own" and by not in (*KEYS, "tender"):
        raise NotFound
    found = takings.of_points(_points(fair.id), as_of)
    g = ground(fair, found)
    words: dict[tuple[int, int, str], tuple[str, str, str, str, str]] = {}
    ways: dict[tuple[str, ...], str] = {}
    rows = []
    for one in found:
        amount = one.amount
        if by == "own" and not g.is_own(one):
            continue
        if by == "tender" and key:
            amount = dict(one.tenders).get(key, 0)
            if not amount:
                continue
        elif by in KEYS and key and KEYS[by](g, one)[0] != key:
            continue
        alike = (one.point_id, one.variant_id, one.owner)
        if alike not in words:
            words[alike] = _words(g, one)
        paid = tuple(way for way, _n in one.tenders)
        if paid not in ways:
            ways[paid] = ", ".join(str(gettext(takings.WAYS[way])) for way in paid)
        rows.append(SaleRow(one.at, one.reference, *words[alike], ways[paid], one.units, amount))
    return rows


def _words(g: Ground, one: Taking) -> tuple[str, str, str, str, str]:
    """Booth, goods, producer, locality and owner of a sale."""
    ware, producer = g.wares[one.variant_id], _producer_key(g, one)[1]
    maker = "–" if producer == UNKNOWN else producer
    place = place_name(g.locality_of(g.producer_of(one)))
    return g.booths[one.point_id], f"{ware.name}, {ware.pack}", maker, place, one.owner


def shortage_rows(fair: Exhibition, key: str) -> list[Missed]:
    """What was asked for and not had, or ran empty: all of it, or of one row of the table."""
    return [row for row in _missed(fair, _points(fair.id)) if not key or row.key == key]


@dataclass(frozen=True, slots=True)
class StandRow:
    """Who stood where (fee and subsidy in đồng)."""

    booth: str
    producer: str
    locality: str
    own: bool
    fee: int
    subsidy: int


def stand_rows(fair: Exhibition) -> list[StandRow]:
    """The stands of a fair, by booth."""
    applied = sheets.localities(fair.id)
    rows = session().execute(
        select(Booth.code, Producer, Stand.fee_amount, Stand.subsidy_amount)
        .join(Booth, Booth.id == Stand.booth_id)
        .join(Producer, Producer.id == Stand.producer_id)
        .where(Stand.exhibition_id == fair.id, Stand.ended_at.is_(None))
        .order_by(Booth.code, Stand.id)
    )
    found = []
    for code, producer, fee, subsidy in rows:
        own = producer.province_code == fair.province_code
        place = (applied.get(producer.id) or producer.commune_code) if own else producer.province_code
        found.append(StandRow(code, producer.name, place_name(place or UNKNOWN), own, fee, subsidy))
    return found


def budget_rows(fair: Exhibition) -> list[BudgetLine]:
    """The lines of the fair's budget."""
    return list(
        session().scalars(select(BudgetLine).where(BudgetLine.exhibition_id == fair.id).order_by(BudgetLine.id))
    )


def summary(fair: Exhibition) -> tuple[FairReport, list[tuple[str, int, str]]] | None:
    """What the public is told once a report is frozen: (name, number, kind) of its first sums; None before."""
    found = latest(fair.id)
    if found is None:
        return None
    told = ("visitors", "turnover", "own_turnover", "booths", "producers", "agreements", "agreed_amount")
    sums = found.figures["sums"]
    return found, [(str(gettext(SUMS[key][0])), sums[key], SUMS[key][1]) for key in told if sums.get(key) is not None]


def public_best(found: FairReport, most: int = 5) -> list[str]:
    """The names of what sold best, for the public."""
    return [str(row[1]) for row in found.figures["tables"]["best"][:most]]
