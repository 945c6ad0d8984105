"""`/office/demand/forecast` and `/office/demand/history`: what is expected and why, how good it is, history brought."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.catalog.queries import office as catalog
from shop.demand import pages
from shop.demand.models.forecasts import Of
from shop.demand.office import bp
from shop.demand.queries import forecasts as reads
from shop.demand.services import bring, forecasts
from shop.kernel import charts, operations, sheets, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages

P = Permission
HERE = "/office/demand/forecast"
HISTORY = "/office/demand/history"
# A tried table up to this size comes back with the page, so that it need not be chosen a second time.
KEPT_BYTES = 300_000
REFUSED_SHOWN = 200


def of_product(slug: str, **_more: Any) -> str | None:
    """A guard's scope: the locality of the product that the address names."""
    return catalog.product_scope(slug)


@bp.get("/demand/forecast")
@guards.requires(P.DEMAND_READ)
def forecast_index() -> Any:
    """What is expected of each pack, everywhere or at one place."""
    run = reads.newest()
    if run is None:
        return render_template("demand/office/forecast.html", here=HERE, run=None, view=None)
    scopes = guards.scopes(P.DEMAND_READ)
    places = reads.places_of(run.id)
    raw = request.args.get("place", "")
    place = int(raw) if raw in {str(p) for p, _name in places} else None
    source, statement = reads.statement(run.id, place)
    if "*" not in scopes:
        statement = statement.where(catalog.covered(scopes))
    view = reads.table(source).open(
        request.args, HERE, statement, make=lambda row: reads.Row(*tuple(row)), keep=("place",)
    )
    if view.export:
        return view.download()
    ahead = None
    if "*" in scopes:
        ahead = reads.total(run.id, Of.SHOP) if place is None else reads.total(run.id, Of.PLACE, place)
    name = gettext(N_("mọi nơi")) if place is None else reads.place_name(place)
    return render_template(
        "demand/office/forecast.html",
        here=HERE,
        run=run,
        view=view,
        total=ahead,
        chart=pages.chart(gettext(N_("13 tuần tới, %(place)s"), place=name), run.first_on, ahead) if ahead else None,
        weeks=pages.weeks_ahead(run.first_on, ahead) if ahead else [],
        places=[("", gettext(N_("Mọi nơi"))), *((str(p), n) for p, n in places)],
        place="" if place is None else place,
        number=charts.number,
    )


@bp.get("/demand/forecast/products/<slug>")
@guards.requires(P.DEMAND_READ, scope=of_product)
def forecast_product(slug: str) -> Any:
    """One product: the weeks ahead, and each pack at each place with its reasons."""
    return render_template(
        "demand/office/forecast_product.html", here=HERE, base=HERE + "/products/", **pages.product_page(slug)
    )


@bp.get("/demand/forecast/products/<slug>/<sku>/<int(max=9007199254740991):place>")
@guards.requires(P.DEMAND_READ, scope=of_product)
def forecast_series(slug: str, sku: str, place: int) -> Any:
    """One pack at one place: its past, what is expected, why."""
    return _series(slug, sku, place)


def _series(slug: str, sku: str, place: int, error: ShopError | None = None) -> Any:
    page = render_template(
        "demand/office/forecast_series.html",
        here=HERE,
        base=HERE + "/products/",
        v=request.form if error else {},
        errors=messages(error),
        error_code=error.code if error else None,
        **pages.series_page(slug, sku, place),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/demand/forecast/products/<slug>/<sku>/<int(max=9007199254740991):place>/inherit")
@guards.requires(P.DEMAND_EDIT, scope=of_product)
def forecast_inherit(slug: str, sku: str, place: int) -> Any:
    """Say whose history this pack carries on."""
    found = reads.goods(slug)
    variant_id = next((v for v, s, _pack in found.variants if s == sku), None)
    if variant_id is None:
        raise NotFound
    raw = request.form.get("weight", "").strip().replace(",", ".")
    try:
        old = reads.variant_of(request.form.get("from", ""))
        if old is None:
            raise Invalid(N_("Không có mã hàng này."), field="from")
        forecasts.inherit(guards.actor(), variant_id, old, _weight(raw))
    except NotFound:
        raise
    except ShopError as error:
        return _series(slug, sku, place, error)
    flash(gettext("Đã ghi. Lần dự báo tới sẽ tính theo."), "ok")
    return redirect(web.path(f"{HERE}/products/{slug}/{sku}/{place}"), 303)


def _weight(raw: str) -> int:
    """Units of the new pack for one of the old, as hundredths; `0` takes the link back."""
    try:
        value = float(raw)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1000 or 0 < value < 0.01:
        raise Invalid(N_("Hãy ghi một số từ 0,01 đến 1000; 0 là bỏ nối."), field="weight")
    return round(value * 100)


@bp.get("/demand/forecast/quality")
@guards.requires_all(P.DEMAND_READ)
def forecast_quality() -> Any:
    """How good the forecast has been on weeks it did not know, beside what people do without one."""
    return render_template("demand/office/forecast_quality.html", here=HERE, **pages.quality_page())


# --- history that is brought -------------------------------------------------------------------------------------


@bp.get("/demand/history")
@guards.requires_all(P.DEMAND_EDIT)
def history_index() -> Any:
    """The form for a table of former sales."""
    return _history()


def _history(
    error: ShopError | None = None, report: bring.Report | None = None, kept: str = "", dry: bool = True
) -> Any:
    page = render_template(
        "demand/office/history.html",
        here=HISTORY,
        brought=reads.brought(),
        report=report,
        kept=kept,
        dry=dry,
        refused=[(r.number, gettext(r.why, **r.values)) for r in (report.refused[:REFUSED_SHOWN] if report else [])],
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=operations.new_key(),
        most=charts.number(bring.MOST_ROWS),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/demand/history")
@guards.requires_all(P.DEMAND_EDIT)
def history_bring() -> Any:
    """Try a table, or take it."""
    dry = request.form.get("do") != "take"
    sent = request.files.get("file")
    try:
        if sent is not None and sent.filename:
            name, content = sent.filename, sent.read()
        elif request.form.get("kept"):
            name, content = "", _unpacked(request.form["kept"])
        else:
            raise Invalid(N_("Hãy chọn tệp."), field="file")
        report = bring.bring(guards.actor(), content, name=name, dry=dry)
    except ShopError as error:
        error.field = error.field or "file"
        return _history(error)
    return _history(None, report, _packed(content) if dry and report.taken else "", dry)


@bp.post("/demand/history/take-back")
@guards.requires_all(P.DEMAND_EDIT)
def history_take_back() -> Any:
    """Remove all that was brought."""
    n = bring.take_back(guards.actor())
    flash(gettext("Đã bỏ %(n)s tuần số liệu cũ.", n=charts.number(n)), "ok")
    return redirect(web.path(HISTORY), 303)


def _packed(content: bytes) -> str:
    packed = base64.b64encode(zlib.compress(content, 9)).decode()
    return packed if len(packed) <= KEPT_BYTES else ""


def _unpacked(raw: str) -> bytes:
    try:
        opened = zlib.decompressobj()
        content = opened.decompress(base64.b64decode(raw, validate=True), sheets.LARGEST_FILE + 1)
    except (zlib.error, binascii.Error, ValueError):
        raise Invalid(N_("Hãy chọn lại tệp."), field="file") from None
    return content
