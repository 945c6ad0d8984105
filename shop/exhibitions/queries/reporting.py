"""What a fair's report counts: sums and tables as plain values; its frozen versions.

Everything is counted from what the books held at one instant (`as_of`): sales and returns are only ever added, so the rows
behind a frozen number can be shown again later. Units are sale units, amounts whole đồng after discount, returns taken off.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import or_, select

from shop.demand.models.unmet import Kind
from shop.exhibitions.models.closing import FairReport
from shop.exhibitions.models.days import OUTCOME_DAYS
from shop.exhibitions.models.fairs import BudgetLine, BudgetSide, Exhibition, FairState
from shop.exhibitions.queries import beside, lacking, takings
from shop.exhibitions.queries.lacking import Missed
from shop.exhibitions.queries.report_ground import KEYS, UNKNOWN, Ground, ground, place_name, points, producer_key
from shop.exhibitions.queries.takings import Taking
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound

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


def compute(fair: Exhibition, as_of: datetime | None = None) -> dict[str, Any]:
    """Everything a report of the fair says, as plain values, from what the books held at `as_of` (default: now)."""
    as_of = as_of or clock.now()
    point_ids = points(fair.id)
    found = takings.of_points(point_ids, as_of)
    g = ground(fair, found)
    empty_booths: dict[str, int] = defaultdict(int)
    empty_packs: dict[int, int] = defaultdict(int)
    for row in lacking.empty_rows(fair, found, point_ids, as_of):
        if row.variant_id is None:
            empty_booths[row.booth] += row.hours
        else:
            empty_packs[row.variant_id] += row.hours
    visits = beside.visitors(fair)
    missed = lacking.missed(fair, point_ids)
    tables = _tables(g, found, visits, empty_booths)
    tables["shortage"] = lacking.shortages(missed, empty_packs, g)
    sums = _sums(fair, g, found, visits, missed)
    return {
        "as_of": as_of.isoformat(),
        # Until when what came of it after so many days is counted.
        "spans": _spans(fair),
        "sums": sums,
        "cost_basis": _cost(fair.id)[2],
        "tables": tables,
        "former": former(fair),
    }


def _sums(
    fair: Exhibition, g: Ground, found: Sequence[Taking], visits: dict[date, int] | None, missed: Sequence[Missed]
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
            makers[g.place_of(one)].add(producer_key(g, one)[0])
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
        row["producers"] = len(makers[key] - {UNKNOWN})
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


def _spans(fair: Exhibition) -> dict[str, str]:
    if fair.to_on is None:
        return {}
    return {str(n): clock.start_of(fair.to_on + timedelta(days=n)).isoformat() for n in OUTCOME_DAYS}


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
