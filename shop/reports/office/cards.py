"""`/office/scorecards`: the funnel of products and how well producers and localities keep their word."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import clock, rows, tables, web
from shop.kernel.errors import N_, NotFound
from shop.reports import rules
from shop.reports.office import bp
from shop.reports.queries import card_rows, monthly
from shop.reports.queries import cards as queries

P = Permission
HERE = "/office/scorecards"
STEP_NAMES = {
    "registered": N_("Đã ghi tên"),
    "selected": N_("Được chọn, có hồ sơ"),
    "certified": N_("Có chứng nhận"),
    "selling": N_("Đang bán được"),
    "outside": N_("Bán ra ngoài tỉnh"),
}
WORD_NAMES = {
    "filled": N_("Giao đủ (%)"),
    "punctual": N_("Đúng hẹn (%)"),
    "days_bare": N_("Ngày hết hàng"),
    "complaints": N_("Khiếu nại"),
}
# What the columns of the rows count, and which of that is as it should be.
VALUES = {
    "filled": (N_("Đã đặt"), N_("Đã gửi")),
    "punctual": (N_("Kiện"), N_("Đúng hẹn")),
    "days_bare": (N_("Ngày hết hàng"), ""),
}
SPANS = {1: N_("Tháng trước"), 3: N_("3 tháng trước"), 12: N_("12 tháng trước")}


def _key(name: str) -> rows.Key:
    return rows.Key(lambda card: getattr(card, name))


def _table(name: str, label: str) -> tables.Table:
    return tables.Table(
        name=name,
        columns=[
            tables.Column("name", label, sort=(_key("name"),), value="name"),
            tables.Column("products", N_("Sản phẩm"), "num", sort=(rows.Key(lambda c: len(c.funnel["registered"])),),
                          value=lambda c: len(c.funnel["registered"])),
            tables.Column("certified", N_("Có chứng nhận"), "num", sort=(rows.Key(lambda c: len(c.funnel["certified"])),),
                          value=lambda c: len(c.funnel["certified"])),
            tables.Column("selling", N_("Đang bán được"), "num", sort=(rows.Key(lambda c: len(c.funnel["selling"])),),
                          value=lambda c: len(c.funnel["selling"])),
            tables.Column("filled", N_("Giao đủ (%)"), "num", sort=(_key("filled"),), value="filled"),
            tables.Column("punctual", N_("Đúng hẹn (%)"), "num", sort=(_key("punctual"),), value="punctual"),
            tables.Column("bare", N_("Ngày hết hàng"), "num", sort=(_key("days_bare"),), value="days_bare"),
            tables.Column("complaints", N_("Khiếu nại"), "num", sort=(_key("complaints"),), value="complaints"),
        ],
        order="-selling",
        tie=_key("key"),
        search=lambda q: lambda card: q.casefold() in f"{card.name} {card.place}".casefold(),
    )  # fmt: skip


PRODUCERS, LOCALITIES = _table("phieu-diem-chu-the", N_("Chủ thể")), _table("phieu-diem-dia-phuong", N_("Địa phương"))


def _rows_table(figure: str, *, single: bool) -> tables.Table:
    """The columns that a figure's rows have something for."""
    value, good = VALUES.get(figure, (N_("Tính vào số"), ""))
    counted = figure in VALUES
    of_makers = not single and figure in ("filled", "punctual")
    columns = [tables.Column("name", N_("Chủ thể") if of_makers else N_("Tên"), sort=(_key("name"),), value="name")]
    if not single and not of_makers:
        columns.append(tables.Column("maker", N_("Chủ thể"), sort=(_key("maker"),), value="maker"))
    if counted:
        columns.append(tables.Column("value", value, "num", sort=(_key("value"),), value="value"))
    if good:
        columns.append(tables.Column("good", good, "num", sort=(_key("good"),), value="good"))
    if figure not in queries.FUNNEL and not of_makers:
        columns.append(tables.Column("note", N_("Ghi chú"), sort=(_key("note"),), value="note"))
    return tables.Table(
        name="dong-phieu-diem", columns=columns, order="-value" if counted else "name",
        tie=rows.Key(lambda r: (r.name, r.note, r.order)),
        search=lambda q: lambda r: q.casefold() in f"{r.name} {r.maker} {r.note}".casefold(),
    )  # fmt: skip


# Cells of a card over time: the funnel's steps that a month can change, and how well word is kept.
OVER_TIME = ("certified", "selling", "outside", *card_rows.WORD)


def _span(months: int) -> tuple[date, date]:
    """From the first of the whole months before this one until before this one."""
    end = clock.today().replace(day=1)
    return clock.add_months(end, -months), end


def _names() -> dict[str, str]:
    """The figures in the reader's language; a percent sign of a name is no place to fill in."""
    return {key: gettext(name) for key, name in (STEP_NAMES | WORD_NAMES).items()}


def _months() -> int:
    raw = request.args.get("months", "")
    return int(raw) if raw in {"1", "3", "12"} else 3


def _rows_url(figure: str, of: str = "", months: int = 0, month: date | None = None) -> str:
    span = f"month={rules.spelt(month)}" if month else f"months={months}"
    return web.path(f"{HERE}/rows") + f"?f={figure}&of={of}&{span}"


@bp.get("/scorecards/card")
@guards.requires(P.REPORT_READ)
def scorecard() -> Any:
    """The card of a producer, a locality (`of`) or all in each of the last twelve whole months."""
    first, _end = _span(12)
    months = [clock.add_months(first, n) for n in range(12)]
    found = queries.over_time(request.args.get("of", "")[:20], months, guards.scopes(P.REPORT_READ))
    if found is None:
        raise NotFound
    head, told = found
    return render_template(
        "reports/office/card.html", here=HERE, head=head, told=told[::-1], columns=OVER_TIME, names=_names(),
        funnel=queries.FUNNEL, rows_url=_rows_url,
    )  # fmt: skip


@bp.get("/scorecards/rows")
@guards.requires(P.REPORT_READ)
def scorecard_rows() -> Any:
    """What a figure (`f`) of a card (`of`) is made of, in a span of whole months (`months`) or a month (`month`)."""
    figure, of = request.args.get("f", ""), request.args.get("of", "")[:20]
    names = _names()
    if figure not in names:
        raise NotFound
    if raw := request.args.get("month", ""):
        first = monthly.month_of(raw)
        end = clock.add_months(first, 1)
    else:
        first, end = _span(_months())
    chosen = queries.chosen(of, end, guards.scopes(P.REPORT_READ))
    if chosen is None:
        raise NotFound
    head, mine = chosen
    single = bool(of) and not of.startswith("l")
    table = _rows_table(figure, single=single)
    view = rows.open_rows(
        table, request.args, f"{HERE}/rows", card_rows.rows(figure, mine, first, end, single=single),
        keep=("f", "of", "months", "month"),
    )  # fmt: skip
    if view.export:
        return view.download()
    return render_template(
        "reports/office/card_rows.html", here=HERE, view=view, name=names[figure], figure=figure,
        value=card_rows.whole(figure, mine, first, end), of=of, first=first, end=end,
columns=[c.key for c in table.columns], rows_url=_rows_url, months=_months(),
        month=first if raw else None, may_orders=guards.may(P.ORDER_READ), may_returns=guards.may(P.PAYMENT_READ),
        who=head.name or gettext("Mọi chủ thể bạn xem được"),
    )  # fmt: skip


@bp.get("/scorecards")
@guards.requires(P.REPORT_READ)
def scorecards() -> Any:
    """The cards of the reader's producers (`by=locality`: of localities) over 1, 3 or 12 whole months."""
    months = _months()
    by = "locality" if request.args.get("by") == "locality" else ""
    first, end = _span(months)
    scopes = guards.scopes(P.REPORT_READ)
    now = queries.cards(first, end, scopes)
    view = rows.open_rows(
        LOCALITIES if by else PRODUCERS,
        request.args,
        HERE,
        now.localities if by else now.producers,
        keep=("months", "by"),
    )
    if view.export:
        return view.download()
    before = queries.cards(clock.add_months(first, -months), first, scopes)
    return render_template(
        "reports/office/cards.html", here=HERE, view=view, now=now, before=before.whole, months=months, by=by, spans=SPANS,
        names=STEP_NAMES, was={step: n for step, n, _share in before.whole.steps},
        rows_url=_rows_url,
        former={c.key: c for c in (before.localities if by else before.producers)},
    )  # fmt: skip
