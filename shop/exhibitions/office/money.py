"""`/office/exhibitions/<slug>/report/money`: the fair's money added up, beside what sheets, settlement and the ledger say."""

from __future__ import annotations

from typing import Any

from flask import request

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.exhibitions.office import bp
from shop.exhibitions.office.closing import HERE, page
from shop.exhibitions.office.reports import PART, report_fair
from shop.exhibitions.queries import fairs, money
from shop.kernel import rows, tables, text
from shop.kernel.errors import N_
from shop.ledger.chart import SIDE_NAMES

P = Permission


def _c(key: str, label: str, *, on_page: bool = True) -> tables.Column:
    return tables.Column(key, label, "num", sort=(rows.Key(lambda row: getattr(row, key)),), on_page=on_page)


def _search(q: str) -> Any:
    wanted = text.fold(q)
    return lambda row: wanted in text.fold(row.name)


MAKERS = tables.Table(
    name="hoi-cho-tien-co-so",
    order="-took",
    tie=rows.Key(lambda row: row.id),
    columns=[
        tables.Column("name", N_("Cơ sở"), sort=(rows.Key(lambda row: text.sort_key(row.name)),)),
        _c("took", N_("Tiền bán hàng")),
        _c("borne", N_("Giảm giá cửa hàng chịu"), on_page=False),
        _c("commission", N_("Hoa hồng")),
        _c("booth", N_("Phí gian")),
        _c("tax", N_("Thuế khấu trừ"), on_page=False),
        _c("other", N_("Bù và khoản khác"), on_page=False),
        _c("rest", N_("Giảm giá, thuế, bù")),
        _c("owed", N_("Còn phải trả")),
        _c("posted", N_("Trên sổ cái")),
    ],
    search=_search,
)


@bp.get("/exhibitions/<slug>/report/money")
@guards.requires(P.EXHIBITION_READ, scope=fairs.scope)
def report_money(slug: str) -> Any:
    """What was taken and whose it is, and whether all books agree; the list of producers as a file too."""
    fair = report_fair(slug)
    found = money.of_fair(fair)
    view = rows.open_rows(MAKERS, request.args, f"{HERE}/{slug}/report/money", found.makers)
    if view.export:
        return view.download()
    return page(
        "exhibitions/office/report_money.html",
        fair,
        PART,
        m=found,
        view=view,
        sides=SIDE_NAMES,
        totals={
            name: found.total(name) for name in ("took", "borne", "commission", "booth", "tax", "other", "rest", "owed")
        },
        may_ledger=guards.may(P.LEDGER_READ, "*"),
        may_producers=guards.may(P.PRODUCER_READ, "*"),
    )
