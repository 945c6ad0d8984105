"""`/office/scorecards`: the funnel of products and how well producers and localities keep their word."""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import clock, rows, tables
from shop.kernel.errors import N_
from shop.reports.office import bp
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


@bp.get("/scorecards")
@guards.requires(P.REPORT_READ)
def scorecards() -> Any:
    """The cards of the reader's producers (`by=locality`: of localities) over 1, 3 or 12 whole months."""
    raw = request.args.get("months", "")
    months = int(raw) if raw in {"1", "3", "12"} else 3
    by = "locality" if request.args.get("by") == "locality" else ""
    end = clock.today().replace(day=1)
    first = clock.add_months(end, -months)
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
        former={c.key: c for c in (before.localities if by else before.producers)},
    )  # fmt: skip
