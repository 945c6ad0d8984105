"""Rates for staff: what is in force, what is planned, what was; a new table from a day on."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.delivery import forms, queries, services
from shop.delivery.models import REGION_NAMES, ZONE_NAMES, Region
from shop.kernel import clock, web
from shop.kernel.errors import N_, NotFound, ShopError
from shop.places import queries as places

bp = Blueprint("delivery", __name__)
HERE = "/office/rates"


@bp.get("/rates")
@guards.requires(Permission.RATE_EDIT)
def rates() -> str:
    """All tables, newest first, and the regions."""
    return _overview()


def _overview(region_form: forms.RegionForm | None = None) -> str:
    book = queries.book(fresh=True)
    names = dict(places.province_choices())
    today = clock.today()
    return render_template(
        "delivery/office/rates.html",
        here=HERE,
        current=[t for t in book.tables if t.on(today)],
        planned=[t for t in book.tables if t.valid_from > today and not t.replaced],
        past=[t for t in book.tables if t.replaced or (t.valid_to is not None and t.valid_to <= today)],
        names=names,
        zone_names=ZONE_NAMES,
        region_names=REGION_NAMES,
        by_region=[
            (REGION_NAMES[region] if region else N_("Chưa xếp miền"), [p.short for p in found])
            for region, found in queries.provinces_by_region(rates=book).items()
        ],
        basis=next((r.source for r in book.regions if not r.by_staff), "–"),
        moves=[r for r in book.regions if r.by_staff or r.valid_to is not None],
        day=today,
        kilograms=queries.kilograms,
        form=region_form or forms.RegionForm(formdata=None),
        provinces=places.province_choices(),
        region_choices=[(r.value, gettext(REGION_NAMES[r])) for r in Region],
    )


@bp.get("/rates/new")
@guards.requires(Permission.RATE_EDIT)
def new_rates() -> str:
    """The form of a new table, filled with the newest one of its origin."""
    origin = request.args.get("origin", "") or queries.HOME.get()
    book = queries.book(fresh=True)
    newest = max((t for t in book.tables if t.origin_code == origin), key=lambda t: t.id, default=None)
    main, zones = forms.from_table(book.table(origin, clock.today()) or newest)
    main.origin.data, main.seen.data = origin, str(newest.id) if newest else ""
    main.valid_from.data = clock.today()
    return _form(main, zones)


def _form(main: forms.RatesForm, zones: Any) -> str:
    return render_template(
        "delivery/office/rates_form.html",
        here=HERE,
        form=main,
        zones=zones,
        zone_names=ZONE_NAMES,
        provinces=places.province_choices(),
        earliest=clock.today(),
    )


@bp.post("/rates")
@guards.requires(Permission.RATE_EDIT)
def change_rates() -> Any:
    """A new table from a day on."""
    main, zones = forms.from_table(None, request.form)
    good = [form.validate() for form in (main, *zones.values())]
    if not all(good) or main.valid_from.data is None:
        return _form(main, zones), 422
    raw = main.seen.data or ""
    seen = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 16 else None
    try:
        services.change_rates(
            guards.actor(), main.origin.data or "", main.draft(zones), valid_from=main.valid_from.data, seen_id=seen
        )
    except ShopError as error:
        zone, _, name = (error.field or "").partition("-")
        target = next((form for key, form in zones.items() if key.value == zone and name), main)
        target.refuse(type(error)(error.title, field=name or zone, **error.values))
        return _form(main, zones), error.status
    flash(gettext("Đã ghi biểu phí mới, áp dụng từ %(day)s.", day=main.valid_from.data.strftime("%d/%m/%Y")), "ok")
    return redirect(web.path(HERE), 303)


@bp.post("/rates/<int:table_id>/withdraw")
@guards.requires(Permission.RATE_EDIT)
def withdraw_rates(table_id: int) -> Any:
    """Take back a planned table."""
    services.withdraw_rates(guards.actor(), table_id)
    flash(gettext("Đã rút biểu phí chưa áp dụng."), "ok")
    return redirect(web.path(HERE), 303)


@bp.get("/rates/<int:table_id>")
@guards.requires(Permission.RATE_EDIT)
def one_table(table_id: int) -> str:
    """One table as it is or was."""
    table = next((t for t in queries.book(fresh=True).tables if t.id == table_id), None)
    if table is None:
        raise NotFound
    return render_template(
        "delivery/office/table.html",
        here=HERE,
        table=table,
        names=dict(places.province_choices()),
        zone_names=ZONE_NAMES,
        day=clock.today(),
        kilograms=queries.kilograms,
    )


@bp.post("/rates/regions")
@guards.requires(Permission.RATE_EDIT)
def change_region() -> Any:
    """A province belongs to another region from a day on."""
    form = forms.RegionForm()
    if not form.validate() or form.valid_from.data is None:
        return _overview(form), 422
    try:
        services.change_region(
            guards.actor(), form.province.data or "", Region(form.region.data or ""), valid_from=form.valid_from.data
        )
    except ShopError as error:
        form.refuse(error)
        return _overview(form), error.status
    flash(gettext("Đã ghi miền mới của tỉnh."), "ok")
    return redirect(web.path(HERE), 303)
