"""The report on a producer's sales as its members and the office read it: tables, charts, files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from flask_babel import gettext

from shop.kernel import charts, clock, dates, money, tables, web
from shop.kernel.errors import N_
from shop.pages import sales as read
from shop.pages import spans

# Rows of a table on the page; its file has them all.
SHOWN = 30
Lines = Iterator[Sequence[Any]]
_COMPARED = (
    N_("Số bán"), N_("Số bán kỳ trước"), N_("Chênh lệch số bán"), N_("Tiền hàng (đ)"), N_("Tiền hàng kỳ trước (đ)"),
    N_("Chênh lệch tiền hàng (đ)"), N_("Chênh lệch (%)"),
)  # fmt: skip


class Report:
    """All of one producer in one span; each part is read when it is first asked for."""

    def __init__(self, producer_id: int, slug: str, args: Mapping[str, str], here: str) -> None:
        self.producer_id, self.slug, self.here = producer_id, slug, here
        self.today = clock.today()
        self.asked = spans.asked(args, self.today)
        self.span = self.asked.span
        self.before = self.span.before(self.today)
        self.runs = self.span.runs(self.today)
        self.table = args.get("table", "")
        self.format = args.get("format", "")

    @property
    def choices(self) -> list[tuple[str, str]]:
        """What the chooser of the span offers, the one in force among it."""
        found = spans.choices(self.today)
        key = self.asked.typed["period"]
        return found if any(key == k for k, _name in found) else [(key, self.span.name), *found]

    @cached_property
    def packs(self) -> dict[int, read.Pack]:
        return read.packs(self.producer_id)

    @cached_property
    def sales(self) -> read.Sales:
        return read.sales(self.producer_id, self.span, self.packs, self.today)

    @cached_property
    def months(self) -> list[read.Month]:
        return read.trend(self.producer_id, min(self.span.last, self.today), self.today)

    @cached_property
    def missing(self) -> list[read.Missing]:
        return read.out_of_stock(self.packs, self.span, self.today)

    @cached_property
    def asks(self) -> list[read.Asked]:
        return read.asks(self.producer_id, self.span)

    @cached_property
    def wishes(self) -> list[read.Asked]:
        return read.wishes(self.span)

    @cached_property
    def papers(self) -> list[read.Paper]:
        return read.papers(self.producer_id, self.today)

    # --- drawn ---------------------------------------------------------------------------------------------------

    @cached_property
    def trend_chart(self) -> charts.Chart:
        """Đồng of each month."""
        labels = [dates.month(m.first) for m in self.months]
        now = charts.Series(gettext(N_("Tiền hàng")), [m.figures.amount for m in self.months])
        note = "" if self.months[-1].is_over else gettext(N_("Tháng cuối chưa hết."))
        return charts.bars(gettext(N_("Tiền hàng từng tháng")), labels, [now], tell=money.vnd, note=note)

    @cached_property
    def channel_chart(self) -> charts.Chart:
        """Đồng of each channel, this span beside the one before."""
        rows = self.sales.channels
        return charts.bars(
            gettext(N_("Tiền hàng theo kênh")),
            [name for name, _figures in rows],
            [
                charts.Series(gettext(N_("Kỳ này")), [f.amount for _name, f in rows]),
                charts.Series(gettext(N_("Kỳ trước")), [f.amount_before for _name, f in rows]),
            ],
            tell=money.vnd,
        )

    @cached_property
    def pack_ranks(self) -> list[charts.Rank]:
        return charts.ranks(
            [(f"{pack.product}, {pack.pack}" if pack.pack else pack.product, f.amount) for pack, f in self.sales.packs],
            tell=money.vnd,
        )

    @cached_property
    def place_ranks(self) -> list[charts.Rank]:
        return charts.ranks([(name, f.amount) for name, f in self.sales.places], tell=money.vnd)

    # --- files ---------------------------------------------------------------------------------------------------

    def url(self, table: str, kind: str) -> str:
        """Where the file of a table is."""
        return f"{web.path(self.here)}?{urlencode(self.asked.query | {'table': table, 'format': kind})}"

    @property
    def wants_file(self) -> bool:
        """Whether the address asks for a table as a file, of a span that makes sense."""
        return self.table in _FILES and self.format in {"csv", "xlsx"} and not self.asked.errors

    def download(self) -> Any:
        """The table that was asked for as a file."""
        made = _FILES[self.table]
        send = tables.send_csv if self.format == "csv" else tables.send_xlsx
        name = f"{made.name}-{self.slug}-{self.span.start.isoformat()}-{self.span.last.isoformat()}"
        return send(name, [gettext(label) for label in made.head], made.lines(self))


@dataclass(frozen=True, slots=True)
class _File:
    """A table as a file: what its name begins with, its head, its rows."""

    name: str
    head: Sequence[str]
    lines: Callable[[Report], Lines]


def _compared(f: read.Figures) -> list[Any]:
    return [f.units, f.units_before, f.more_units, f.amount, f.amount_before, f.more_amount, f.percent]


def _pack_lines(r: Report) -> Lines:
    return ([pack.product, pack.pack, pack.sku, *_compared(f)] for pack, f in r.sales.packs)


def _channel_lines(r: Report) -> Lines:
    return ([name, *_compared(f)] for name, f in r.sales.channels)


def _place_lines(r: Report) -> Lines:
    return ([name, *_compared(f)] for name, f in r.sales.places)


def _month_lines(r: Report) -> Lines:
    return ([dates.month(m.first), *_compared(m.figures)] for m in r.months)


def _missing_lines(r: Report) -> Lines:
    return ([m.pack.product, m.pack.pack, m.pack.sku, m.days, m.counted, m.percent] for m in r.missing)


def _ask_lines(r: Report) -> Lines:
    return ([a.source, a.what, a.times, a.units] for a in (*r.asks, *r.wishes))


def _paper_lines(r: Report) -> Lines:
    return ([p.kind, p.about, p.number, p.ends_on, p.left] for p in r.papers)


_FILES = {
    "packs": _File("san-pham", (N_("Sản phẩm"), N_("Quy cách"), "SKU", *_COMPARED), _pack_lines),
    "channels": _File("kenh", (N_("Kênh bán"), *_COMPARED), _channel_lines),
    "places": _File("noi-nhan", (N_("Nơi nhận"), *_COMPARED), _place_lines),
    "months": _File("thang", (N_("Tháng"), *_COMPARED), _month_lines),
    "missing": _File(
        "het-hang",
        (N_("Sản phẩm"), N_("Quy cách"), "SKU", N_("Ngày hết hàng"), N_("Số ngày tính"), N_("Tỷ lệ (%)")),
        _missing_lines,
    ),
    "asks": _File("khach-hoi", (N_("Biết từ đâu"), N_("Hỏi gì"), N_("Số người"), N_("Số lượng")), _ask_lines),
    "papers": _File(
        "giay-to",
        (N_("Loại giấy"), N_("Sản phẩm"), N_("Số giấy"), N_("Ngày cuối còn hiệu lực"), N_("Còn lại (ngày)")),
        _paper_lines,
    ),
}


def size(value: int) -> str:
    """A whole number without its sign, as people write it."""
    return charts.number(abs(value))


def share(value: Any) -> str:
    """A percentage without its sign."""
    return f"{charts.number(abs(float(value)))} %"


def words() -> dict[str, Any]:
    """What the template of a report needs beside the report."""
    return {"number": charts.number, "size": size, "share": share, "most": SHOWN, "day": _day}


def _day(value: date) -> str:
    return dates.day(value)
