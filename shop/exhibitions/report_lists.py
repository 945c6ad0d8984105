"""The lists behind the numbers of a fair's report: which rows each number counts, and how they are shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext

from shop.exhibitions.models.days import COUNTED_BY_NAMES
from shop.exhibitions.models.fairs import BUDGET_SIDE_NAMES, BudgetSide, Exhibition
from shop.exhibitions.queries import beside, report_rows
from shop.exhibitions.queries.report_rows import SaleRow
from shop.exhibitions.queries.reporting import TABLES
from shop.exhibitions.queries.takings import WAYS
from shop.exhibitions.report_words import row_name
from shop.kernel import rows, tables, text
from shop.kernel.errors import N_, NotFound


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
EMPTY = _list(
    "hoi-cho-gio-trong", "from_at", _c("day", N_("Ngày")), _c("booth", N_("Gian")), _c("goods", N_("Mặt hàng")),
    _c("from_at", N_("Hết từ")), _c("to_at", N_("Đến")), _c("hours", N_("Giờ"), "num"),
    search=lambda r: f"{r.goods} {r.booth}",
)  # fmt: skip
STANDS = _list(
    "hoi-cho-gian", "booth", _c("booth", N_("Gian")), _c("producer", N_("Cơ sở")), _c("locality", N_("Địa phương")),
    _c("own", N_("Trong tỉnh")), _c("fee", N_("Phí gian"), "num"), _c("subsidy", N_("Hỗ trợ"), "num"),
    search=lambda r: f"{r.producer} {r.booth}",
)  # fmt: skip
BUDGET = _list(
    "hoi-cho-kinh-phi", "side",
    _c("side", N_("Bên"), value=lambda r: gettext(BUDGET_SIDE_NAMES[r.side])), _c("name", N_("Khoản")),
    _c("funder", N_("Nguồn")), _c("planned", N_("Dự toán"), "num"), _c("actual", N_("Thực tế"), "num"),
    _c("counted", N_("Được tính"), "num"),
)  # fmt: skip
VISITS = _list(
    "hoi-cho-luot-khach", "hour", _c("hour", N_("Giờ")), _c("gate", N_("Cổng")),
    _c("source", N_("Đếm bằng"), value=lambda r: gettext(COUNTED_BY_NAMES[r.source])), _c("written", N_("Số đã ghi")),
    _c("instead", N_("Đã lấy số khác"), value=lambda r: gettext(COUNTED_BY_NAMES[r.instead]) if r.instead else ""),
    _c("visitors", N_("Được tính"), "num"),
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


# What of a list is counted rather than added up: (word, column), each different value once.
_COUNTED = {
    SALES.name: ((N_("Hóa đơn"), "reference"),), LATER.name: ((N_("Đơn"), "reference"),),
    STANDS.name: ((N_("Gian"), "booth"), (N_("Cơ sở"), "producer")),
}  # fmt: skip


def counted(table: tables.Table, found: Sequence[Any]) -> list[tuple[str, int]]:
    """(word, number) of what these rows are counted by: a receipt or order with goods, a booth, a producer."""
    mine = [row for row in found if getattr(row, "units", 1) > 0]
    return [(word, len({getattr(row, key) for row in mine})) for word, key in _COUNTED.get(table.name, ())]


# Lists that are read as they are now, also for a frozen version: what they tell may have been put right since.
OF_NOW = frozenset({"visitors", "stands", "own_stands", "asks", "shortage", "trade", "agreed", "orders_30", "orders_90",
                    "cost", "income", "budget"})  # fmt: skip


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
    if by in ("shortage", "asks"):
        title = gettext("Thiếu hàng") if by == "shortage" else gettext("Hỏi mà không có")
        return Behind(str(title), SHORTAGES, report_rows.shortage_rows(fair, key, asked=by == "asks"))
    if by in ("empty_booth", "empty_goods"):
        return Behind(str(gettext("Giờ hết hàng")), EMPTY, report_rows.empty_rows(fair, by, key, as_of))
    if by in ("stands", "own_stands"):
        return Behind(str(gettext("Gian và cơ sở")), STANDS, report_rows.stand_rows(fair, own=by == "own_stands"))
    if by in ("budget", *BudgetSide):
        side = BudgetSide(by) if by != "budget" else None
        return Behind(str(gettext("Kinh phí")), BUDGET, report_rows.budget_rows(fair, side))
    if by == "visitors":
        return Behind(str(gettext("Lượt khách")), VISITS, list(beside.visit_rows(fair, _day(key))))
    if by in ("trade", "agreed"):
        return Behind(str(gettext("Giao thương")), TRADE, list(beside.trade_rows(fair, agreed=by == "agreed")))
    if by in ("orders_30", "orders_90"):
        days = int(by.removeprefix("orders_"))
        title = gettext("Đơn đặt sau hội chợ, trong %(n)s ngày", n=days)
        return Behind(str(title), LATER, list(beside.later_rows(fair, days)))
    found = report_rows.sale_rows(fair, by, key, as_of)
    title = gettext("Bán hàng")
    if by == "own":
        title = gettext("Bán hàng của các gian trong tỉnh")
    elif by and key:
        if by not in TABLES:
            raise NotFound
        name = next((row_name(by, [key, row]) for row in _called(by, key, found)), key)
        title = f"{gettext(TABLES[by][0])}: {name}"
    return Behind(str(title), SALES, list(found))


def _day(key: str) -> date | None:
    try:
        return date.fromisoformat(key) if key else None
    except ValueError as error:
        raise NotFound from error


def _called(by: str, key: str, found: list[SaleRow]) -> list[str]:
    """The name of a table's row as its sales say it."""
    if by == "day":
        day = _day(key)
        return [day.isoformat()] if day else []
    attribute = {"locality": "locality", "producer": "producer", "booth": "booth", "best": "goods"}.get(by)
    if by == "tender":
        return [WAYS[key]] if key in WAYS else []
    return [getattr(found[0], attribute)] if attribute and found else [key]
