"""A fair's report in words: for its page, its paper and its spreadsheet; and the lists behind its numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from flask import Response
from flask_babel import gettext

from shop.exhibitions.models.closing import FairReport
from shop.exhibitions.models.fairs import BUDGET_SIDE_NAMES, Exhibition
from shop.exhibitions.queries import beside, reporting
from shop.exhibitions.queries.reporting import SUMS, TABLES, UNKNOWN
from shop.exhibitions.queries.takings import WAYS
from shop.kernel import charts, clock, papers, rows, tables, text, web
from shop.kernel.dates import day, instant, span
from shop.kernel.errors import N_, NotFound
from shop.kernel.money import vnd
from shop.settlement import rules

TEMPLATE = "exhibitions/papers/report.typ"
COST_BASIS = {
    "actual": N_("Theo số đã chi thật."),
    "planned": N_("Có dòng chưa biết số thật, tính theo dự toán."),
}
# Which list stands behind each sum (`by` of the rows' address).
BEHIND = {
    "visitors": "visitors", "turnover": "", "own_turnover": "own", "receipts": "", "units": "", "booths": "stands",
    "own_booths": "stands", "producers": "stands", "asks": "shortage", "lost": "shortage", "contacts": "trade",
    "agreements": "trade", "agreed_amount": "trade", "bought_30": "trade", "bought_90": "trade", "orders_30": "orders_30",
    "orders_30_amount": "orders_30", "orders_90": "orders_90", "orders_90_amount": "orders_90", "cost": "budget",
    "income": "budget", "cost_per_1000": "budget",
}  # fmt: skip
FORMER = {
    "booths": N_("Gian"),
    "visitors": N_("Lượt khách"),
    "turnover": N_("Doanh thu"),
    "own_turnover": N_("Doanh thu các gian trong tỉnh"),
}
# What a row of a table is, and what its lying bars measure.
ROWS = {
    "day": N_("Ngày"), "tender": N_("Cách trả tiền"), "locality": N_("Địa phương"), "producer": N_("Cơ sở"),
    "group": N_("Nhóm sản phẩm"), "booth": N_("Gian"), "best": N_("Mặt hàng"), "shortage": N_("Mặt hàng hoặc lời hỏi"),
}  # fmt: skip
MEASURES = {"amount": N_("Doanh thu"), "units": N_("Đơn vị bán"), "lost": N_("Ước mất doanh thu")}
COUNTED_BY = {"typed": N_("Số ghi tay theo giờ"), "sensor": N_("Máy đếm"), "tap": N_("Bấm trên điện thoại")}


def tell(value: int | None, kind: str) -> str:
    """A number of a report as people write it; `–` where it is not known."""
    if value is None:
        return "–"
    if kind == "money":
        return vnd(value)
    return charts.number(value / 10) if kind == "hours" else charts.number(value)


def _share(amount: int, of: int) -> str:
    """A part of the turnover: `12,5 %`."""
    return f"{charts.number(100 * amount / of)}\u00a0%"


def row_name(table: str, row: list[Any]) -> str:
    """What a row of a table is called."""
    key, name = str(row[0]), str(row[1])
    if table == "day":
        return day(date.fromisoformat(key))
    if table == "booth":
        return str(gettext("Gian %(code)s", code=name))
    if name == UNKNOWN:
        return str(gettext("Chưa rõ"))
    return str(gettext(name)) if table == "tender" else name


def rows_url(slug: str, by: str = "", key: str = "", number: int | None = None) -> str:
    """Where the rows behind a number are."""
    query = {k: v for k, v in (("by", by), ("key", key), ("v", str(number or ""))) if v}
    here = web.path(f"/office/exhibitions/{slug}/report/rows")
    return f"{here}?{urlencode(query)}" if query else here


@dataclass(frozen=True, slots=True)
class Sum:
    """One sum: its word, its number written out, where its rows are."""

    key: str
    label: str
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table: its name, its numbers written out, where its rows are."""

    name: str
    cells: list[str]
    url: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table: title, words over its columns, rows; a chart of its amounts for some."""

    key: str
    title: str
    heads: list[str]
    lines: list[Line]
    ranks: list[charts.Rank]
    measure: str
    chart: charts.Chart | None


def sums(figures: dict[str, Any], slug: str, number: int | None) -> list[Sum]:
    """The sums that are known."""
    return [
        Sum(key, str(gettext(label)), tell(figures["sums"][key], kind), rows_url(slug, BEHIND[key], "", number))
        for key, (label, kind) in SUMS.items()
        if figures["sums"].get(key) is not None
    ]


def report_tables(figures: dict[str, Any], slug: str, number: int | None) -> list[Table]:
    """The tables that have rows."""
    found = []
    for key, (title, columns) in TABLES.items():
        mine = figures["tables"].get(key, [])
        if not mine:
            continue
        known = [c for c in columns if any(row[2].get(c[0]) is not None for row in mine)]
        turnover = (figures["sums"]["turnover"] or 0) if key not in ("day", "shortage") else 0
        lines = [
            Line(
                row_name(key, row),
                [
                    *(tell(row[2].get(column, 0), kind) for column, _label, kind in known),
                    *([_share(row[2]["amount"], turnover)] if turnover > 0 else []),
                ],
                rows_url(slug, key, str(row[0]), number),
            )
            for row in mine
        ]
        heads = [str(gettext(ROWS[key])), *(str(gettext(label)) for _column, label, _kind in known)]
        if turnover > 0:
            heads.append(str(gettext("Tỷ lệ")))
        measure = "units" if key == "best" else "lost" if key == "shortage" else "amount"
        ranked: list[charts.Rank] = []
        chart = None
        if key == "day":
            chart = charts.bars(
                str(gettext("Doanh thu theo ngày")),
                [f"{date.fromisoformat(str(r[0])):%d/%m}" for r in mine],
                [charts.Series(str(gettext("Doanh thu")), [r[2]["amount"] for r in mine])],
                tell=vnd,
            )
        elif len(mine) > 1:
            ranked = charts.ranks(
                [(row_name(key, row), row[2].get(measure, 0)) for row in mine],
                tell=charts.number if measure == "units" else vnd,
            )
        found.append(Table(key, str(gettext(title)), heads, lines, ranked, str(gettext(MEASURES[measure])), chart))
    return found


def former_rows(figures: dict[str, Any]) -> list[tuple[str, str, str, list[str]]]:
    """Former fairs: (name, slug, when, numbers written out or as their sources write them)."""
    found = []
    for one in figures["former"]:
        cells = []
        for key in FORMER:
            kind = "money" if "turnover" in key else "count"
            cells.append(one[f"{key}_text"] or tell(one[key], kind) if one[key] is None else tell(one[key], kind))
        when = one["when"]
        found.append((one["name"], one["slug"], day(date.fromisoformat(when)) if len(when) == 10 else when, cells))
    return found


def change_rows(before: FairReport | None, figures: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What a version changed: (what, before, after)."""
    if before is None:
        return []
    found = []
    for table, what, column, a, b in reporting.changes(before.figures, figures):
        if not table:
            label, kind = SUMS[what]
            found.append((str(gettext(label)), tell(a, kind), tell(b, kind)))
            continue
        title, columns = TABLES[table]
        _column, label, kind = next(c for c in columns if c[0] == column)
        called = row_name(table, [what, what]) if table != "best" else what
        found.append((f"{gettext(title)} · {called} · {gettext(label)}", tell(a, kind), tell(b, kind)))
    return found


# --- paper and spreadsheet ---------------------------------------------------------------------------------------


def fair_days(fair: Exhibition) -> str:
    """The days of a fair."""
    return span(fair.from_on, fair.last_on) if fair.from_on and fair.last_on else fair.date_text or "–"


def paper_data(fair: Exhibition, report: FairReport | None, figures: dict[str, Any]) -> dict[str, Any]:
    """What the paper's template is given."""
    number = report.number if report else None
    facts = [
        [gettext("Ngày"), fair_days(fair)],
        [gettext("Nơi tổ chức"), fair.venue],
        [gettext("Đơn vị tổ chức"), fair.organiser or "–"],
        [gettext("Số liệu đến"), instant(datetime.fromisoformat(figures["as_of"]))],
    ]
    if report is not None:
        facts.append([gettext("Chốt báo cáo"), f"{report.frozen_label}, {instant(report.frozen_at)}"])
        if report.note:
            facts.append([gettext("Ghi chú"), report.note])
    return {
        "lang": web.language(),
        "shop": str(rules.PAPER_NAME.get()),
        "owner": str(rules.PAPER_NAME.get()),
        "owner_line": "",
        "printed": gettext("In lúc %(at)s", at=instant(clock.now())),
        "demo": gettext("Số liệu minh họa"),
        "is_demo": fair.is_demo,
        "sub": fair.name + (f" · {gettext('bản %(n)s', n=number)}" if number else ""),
        "draft": "" if report is not None else gettext("Chưa chốt"),
        "facts": facts,
        "sums": [[x.label, x.text] for x in sums(figures, fair.slug, number)],
        "basis": gettext(COST_BASIS[figures["cost_basis"]]) if figures["sums"].get("cost") is not None else "",
        "tables": [
            {"title": x.title, "head": x.heads, "rows": [[line.name, *line.cells] for line in x.lines]}
            for x in report_tables(figures, fair.slug, number)
        ],
        "former_head": [gettext("Hội chợ"), gettext("Ngày"), *(gettext(word) for word in FORMER.values())],
        "former": [[name, when, *cells] for name, _slug, when, cells in former_rows(figures)],
        "digest": report.digest if report else "",
        "t": {
            "title": gettext("Báo cáo hội chợ"),
            "page": gettext("Trang"),
            "sums": gettext("Số chính"),
            "former": gettext("So với các hội chợ trước"),
            "digest": gettext("Dấu niêm"),
        },
    }


def paper(fair: Exhibition, report: FairReport | None, figures: dict[str, Any]) -> bytes:
    """The report on A4."""
    return papers.pdf(TEMPLATE, paper_data(fair, report, figures), title=gettext("Báo cáo hội chợ"))


def spreadsheet(fair: Exhibition, report: FairReport | None, figures: dict[str, Any]) -> Response:
    """The report as XLSX: sums first, a sheet for each table, numbers as numbers, no formula."""
    facts: list[tuple[str, str | int]] = [
        (gettext("Hội chợ"), fair.name),
        (gettext("Ngày"), fair_days(fair)),
        (gettext("Nơi tổ chức"), fair.venue),
        (gettext("Số liệu đến"), instant(datetime.fromisoformat(figures["as_of"]))),
    ]
    if report is not None:
        facts.append((gettext("Bản"), report.number))
        facts.append((gettext("Chốt báo cáo"), f"{report.frozen_label}, {instant(report.frozen_at)}"))
    for key, (label, _kind) in SUMS.items():
        value = figures["sums"].get(key)
        if value is not None:
            facts.append((str(gettext(label)), value))
    pages = [_page(key, figures) for key in TABLES if figures["tables"].get(key)]
    first, more = pages[0] if pages else _former_page(figures), pages[1:]
    if pages and figures["former"]:
        more.append(_former_page(figures))
    name = f"bao-cao-{fair.slug}" + (f"-v{report.number}" if report else "")
    cover = tables.Cover(gettext("Số chính"), facts, first[0])
    return tables.send_xlsx(name, first[1], first[2], cover, more)


def _page(key: str, figures: dict[str, Any]) -> tables.Page:
    title, columns = TABLES[key]
    lines = (
        [row_name(key, row), *(_number(row[2].get(column, 0), kind) for column, _label, kind in columns)]
        for row in figures["tables"][key]
    )
    return str(gettext(title)), [str(gettext(ROWS[key])), *(str(gettext(label)) for _c, label, _k in columns)], lines


def _number(value: int | None, kind: str) -> int | Decimal | None:
    return Decimal(value) / 10 if kind == "hours" and value is not None else value


def _former_page(figures: dict[str, Any]) -> tables.Page:
    head = [str(gettext("Hội chợ")), str(gettext("Ngày")), *(str(gettext(word)) for word in FORMER.values())]
    lines = ([name, when, *cells] for name, _slug, when, cells in former_rows(figures))
    return str(gettext("Các hội chợ trước")), head, iter(lines)


# --- lists behind numbers ----------------------------------------------------------------------------------------


def _c(key: str, label: str, kind: str = "", value: Any = None) -> tables.Column:
    return tables.Column(key, label, kind, sort=(rows.Key(lambda row: getattr(row, key)),), value=value)


def _list(name: str, order: str, *columns: tables.Column, search: Callable[[Any], str] | None = None) -> tables.Table:
    def finds(q: str) -> Callable[[Any], bool]:
        wanted = text.fold(q)
        return lambda row: wanted in text.fold(search(row) if search else "")

    return tables.Table(
        name=name, order=order, tie=rows.Key(lambda row: 0), columns=columns, search=finds if search else None
    )  # fmt: skip


SALES = _list(
    "hoi-cho-ban-hang", "at", _c("at", N_("Lúc")), _c("reference", N_("Hóa đơn")), _c("booth", N_("Gian")),
    _c("goods", N_("Mặt hàng")), _c("producer", N_("Cơ sở")), _c("locality", N_("Địa phương")), _c("ways", N_("Cách trả")),
    _c("units", N_("SL"), "num"), _c("amount", N_("Tiền"), "num"),
    search=lambda r: f"{r.reference} {r.goods} {r.producer} {r.booth}",
)  # fmt: skip
SHORTAGES = _list(
    "hoi-cho-thieu-hang", "day", _c("day", N_("Ngày")), _c("booth", N_("Gian")), _c("name", N_("Mặt hàng hoặc lời hỏi")),
    _c("kind_name", N_("Việc")), _c("asks", N_("Lượt"), "num"), _c("lacked", N_("Đơn vị thiếu"), "num"),
    _c("lost", N_("Ước mất"), "num"), search=lambda r: f"{r.name} {r.booth}",
)  # fmt: skip
STANDS = _list(
    "hoi-cho-gian", "booth", _c("booth", N_("Gian")), _c("producer", N_("Cơ sở")), _c("locality", N_("Địa phương")),
    _c("own", N_("Trong tỉnh")), _c("fee", N_("Phí gian"), "num"), _c("subsidy", N_("Hỗ trợ"), "num"),
    search=lambda r: f"{r.producer} {r.booth}",
)  # fmt: skip
BUDGET = _list(
    "hoi-cho-kinh-phi", "side",
    _c("side", N_("Bên"), value=lambda r: gettext(BUDGET_SIDE_NAMES[r.side])), _c("name", N_("Khoản")),
    _c("funder", N_("Nguồn")), _c("planned_amount", N_("Dự toán"), "num"), _c("actual_amount", N_("Thực tế"), "num"),
)  # fmt: skip
VISITS = _list(
    "hoi-cho-luot-khach", "hour", _c("hour", N_("Giờ")),
    _c("source", N_("Đếm bằng"), value=lambda r: gettext(COUNTED_BY[r.source])), _c("visitors", N_("Lượt khách"), "num"),
)  # fmt: skip
TRADE = _list(
    "hoi-cho-giao-thuong", "at", _c("at", N_("Lúc")), _c("reference", N_("Mã")), _c("producer", N_("Cơ sở")),
    _c("agreed", N_("Có thỏa thuận")), _c("what", N_("Nội dung")), _c("value", N_("Giá trị"), "num"),
    _c("after_30", N_("Đã mua sau 30 ngày"), "num"), _c("after_90", N_("Đã mua sau 90 ngày"), "num"),
)  # fmt: skip
LATER = _list(
    "hoi-cho-don-sau", "at", _c("at", N_("Lúc")), _c("reference", N_("Đơn")), _c("booth", N_("Gian")),
    _c("goods", N_("Mặt hàng")), _c("units", N_("SL"), "num"), _c("amount", N_("Tiền"), "num"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Behind:
    """The list behind a number: its title, the table that shows it, its rows."""

    title: str
    table: tables.Table
    rows: list[Any]


def behind(fair: Exhibition, by: str, key: str, as_of: datetime | None) -> Behind:
    """The rows that a number counts.

    Raises:
        NotFound: there is no such list.
    """
    if by == "shortage":
        return Behind(str(gettext("Thiếu hàng")), SHORTAGES, reporting.shortage_rows(fair, key))
    if by == "stands":
        return Behind(str(gettext("Gian và cơ sở")), STANDS, reporting.stand_rows(fair))
    if by == "budget":
        return Behind(str(gettext("Kinh phí")), BUDGET, list(reporting.budget_rows(fair)))
    if by == "visitors":
        return Behind(str(gettext("Lượt khách")), VISITS, list(beside.visit_rows(fair)))
    if by == "trade":
        return Behind(str(gettext("Giao thương")), TRADE, list(beside.trade_rows(fair)))
    if by in ("orders_30", "orders_90"):
        days = int(by.removeprefix("orders_"))
        title = gettext("Đơn đặt sau hội chợ, trong %(n)s ngày", n=days)
        return Behind(str(title), LATER, list(beside.later_rows(fair, days)))
    found = reporting.sale_rows(fair, by, key, as_of)
    title = gettext("Bán hàng")
    if by == "own":
        title = gettext("Bán hàng của các gian trong tỉnh")
    elif by and key:
        if by not in TABLES:
            raise NotFound
        name = next((row_name(by, [key, row]) for row in _called(by, key, found)), key)
        title = f"{gettext(TABLES[by][0])}: {name}"
    return Behind(str(title), SALES, list(found))


def _called(by: str, key: str, found: list[reporting.SaleRow]) -> list[str]:
    """The name of a table's row as its sales say it."""
    if by == "day":
        return [key]
    attribute = {"locality": "locality", "producer": "producer", "booth": "booth", "best": "goods"}.get(by)
    if by == "tender":
        return [WAYS[key]] if key in WAYS else []
    return [getattr(found[0], attribute)] if attribute and found else [key]
