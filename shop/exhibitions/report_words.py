"""A fair's report in words: for its page, its paper and its spreadsheet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from flask import Response
from flask_babel import gettext

from shop.exhibitions.models.closing import FairReport
from shop.exhibitions.models.fairs import Exhibition
from shop.exhibitions.queries import reporting
from shop.exhibitions.queries.report_ground import UNKNOWN
from shop.exhibitions.queries.reporting import SUMS, TABLES
from shop.kernel import charts, clock, papers, tables, web
from shop.kernel.dates import day, instant, span
from shop.kernel.errors import N_
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
    "own_booths": "own_stands", "producers": "stands", "asks": "asks", "lost": "shortage", "contacts": "trade",
    "agreements": "agreed", "agreed_amount": "agreed", "bought_30": "trade", "bought_90": "trade", "orders_30": "orders_30",
    "orders_30_amount": "orders_30", "orders_90": "orders_90", "orders_90_amount": "orders_90", "cost": "cost",
    "income": "income", "cost_per_1000": "cost",
}  # fmt: skip
# Numbers of tables that other rows stand behind than those of their line.
BEHIND_CELLS = {
    ("day", "visitors"): "visitors", ("booth", "empty"): "empty_booth", ("shortage", "empty"): "empty_goods",
    ("shortage", "asks"): "asks", ("shortage", "lacked"): "asks",
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
    """One row of a table: its name, its numbers written out, where its rows are; `urls`: where a number has rows of its own
    ('' where it has those of the line)."""

    name: str
    cells: list[str]
    url: str
    urls: list[str]


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


def sum_label(key: str, figures: dict[str, Any]) -> str:
    """What a sum is called; of a span after the fair that was not over when it was counted it says so."""
    label = str(gettext(SUMS[key][0]))
    told = next((on for days, on in figures.get("spans", {}).items() if key.startswith(f"orders_{days}")), None)
    ends = datetime.fromisoformat(told) if told else None
    if ends is not None and datetime.fromisoformat(figures["as_of"]) < ends:
        last = day(clock.business_day(ends) - timedelta(days=1))
        return str(gettext("%(what)s (mới tính đến nay, đủ vào cuối ngày %(day)s)", what=label, day=last))
    return label


def sums(figures: dict[str, Any], slug: str, number: int | None) -> list[Sum]:
    """The sums that are known."""
    return [
        Sum(key, sum_label(key, figures), tell(figures["sums"][key], kind), rows_url(slug, BEHIND[key], "", number))
        for key, (_label, kind) in SUMS.items()
        if figures["sums"].get(key) is not None
    ]


def _columns(key: str, figures: dict[str, Any]) -> tuple[list[tuple[str, str, str]], int]:
    """The columns of a table of which anything is known, and the turnover that its amounts are parts of (0: they are not); the
    same on the page, on paper and in the spreadsheet."""
    mine = figures["tables"].get(key, [])
    known = [c for c in TABLES[key][1] if any(row[2].get(c[0]) is not None for row in mine)]
    return known, (figures["sums"]["turnover"] or 0) if key not in ("day", "shortage") else 0


def report_tables(figures: dict[str, Any], slug: str, number: int | None) -> list[Table]:
    """The tables that have rows."""
    found = []
    for key, (title, _all) in TABLES.items():
        mine = figures["tables"].get(key, [])
        if not mine:
            continue
        known, turnover = _columns(key, figures)
        lines = [
            Line(
                row_name(key, row),
                [
                    *(tell(row[2].get(column, 0), kind) for column, _label, kind in known),
                    *([_share(row[2]["amount"], turnover)] if turnover > 0 else []),
                ],
                rows_url(slug, key, str(row[0]), number),
                [
                    *(
                        rows_url(slug, by, str(row[0]), number) if by and row[2].get(column) else ""
                        for column, by in ((c[0], BEHIND_CELLS.get((key, c[0]))) for c in known)
                    ),
                    *([""] if turnover > 0 else []),
                ],
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


def own_row(fair: Exhibition, figures: dict[str, Any]) -> tuple[str, str, list[str]]:
    """The fair itself as a row above former ones: (name, when, numbers written out)."""
    told = [tell(figures["sums"].get(key), "money" if "turnover" in key else "count") for key in FORMER]
    return fair.name, day(fair.from_on) if fair.from_on else fair.date_text or "", told


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
        "former": _with_own(fair, figures),
        "digest": report.digest if report else "",
        "t": {
            "title": gettext("Báo cáo hội chợ"),
            "page": gettext("Trang"),
            "sums": gettext("Số chính"),
            "former": gettext("So với các hội chợ trước"),
            "digest": gettext("Dấu niêm"),
        },
    }


def _with_own(fair: Exhibition, figures: dict[str, Any]) -> list[list[str]]:
    """Former fairs below the fair itself; nothing where there are none to compare it with."""
    former = former_rows(figures)
    name, when, told = own_row(fair, figures)
    return [[name, when, *told], *([n, w, *cells] for n, _slug, w, cells in former)] if former else []


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
        if report.note:
            facts.append((gettext("Ghi chú"), report.note))
        facts.append((gettext("Dấu niêm"), f"SHA-256 {report.digest}"))
    for key in SUMS:
        value = figures["sums"].get(key)
        if value is not None:
            facts.append((sum_label(key, figures), value))
    if figures["sums"].get("cost") is not None:
        facts.append((gettext("Chi phí và nguồn thu:"), gettext(COST_BASIS[figures["cost_basis"]])))
    pages = [_page(key, figures) for key in TABLES if figures["tables"].get(key)]
    first, more = pages[0] if pages else _former_page(figures), pages[1:]
    if pages and figures["former"]:
        more.append(_former_page(figures))
    name = f"bao-cao-{fair.slug}" + (f"-v{report.number}" if report else "")
    cover = tables.Cover(gettext("Số chính"), facts, first[0])
    return tables.send_xlsx(name, first[1], first[2], cover, more)


def _page(key: str, figures: dict[str, Any]) -> tables.Page:
    known, turnover = _columns(key, figures)
    heads = [str(gettext(ROWS[key])), *(str(gettext(label)) for _c, label, _k in known)]
    if turnover > 0:
        heads.append(f"{gettext('Tỷ lệ')} (%)")
    lines = (
        [
            row_name(key, row),
            *(_number(row[2].get(column, 0), kind) for column, _label, kind in known),
            *([round(Decimal(100 * row[2]["amount"]) / turnover, 1)] if turnover > 0 else []),
        ]
        for row in figures["tables"][key]
    )
    return str(gettext(TABLES[key][0])), heads, lines


def _number(value: int | None, kind: str) -> int | Decimal | None:
    return Decimal(value) / 10 if kind == "hours" and value is not None else value


def _former_page(figures: dict[str, Any]) -> tables.Page:
    head = [str(gettext("Hội chợ")), str(gettext("Ngày")), *(str(gettext(word)) for word in FORMER.values())]
    lines = ([name, when, *cells] for name, _slug, when, cells in former_rows(figures))
    return str(gettext("Các hội chợ trước")), head, iter(lines)
