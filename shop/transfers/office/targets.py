"""What each point should have: below the minimum, set by hand or from a table, and the transfers that would fill it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext, ngettext

from shop.accounts import guards
from shop.catalog.models import Product, Variant
from shop.kernel import operations, tables, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.points import queries as points
from shop.points.models import Point
from shop.transfers import queries
from shop.transfers.models import Target
from shop.transfers.office.transfers import P, _key, _mine, _numbers, _op_key, bp
from shop.transfers.queries import replenish
from shop.transfers.queries.replenish import TargetRow
from shop.transfers.services import targets

HERE = "/office/targets"
MOST_PAIRS = 60


def of_point(slug: str) -> str | None:
    """A guard's scope: the point that the address names."""
    found = points.by_slug(slug)
    return found.scope if found else None


def _row(row: Any) -> TargetRow:
    return TargetRow(*tuple(row))


@dataclass(frozen=True, slots=True)
class RowView:
    """A row as lists show it; `row_class` is `late` where nothing that would help is coming, `soon` where it is."""

    row: TargetRow

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)

    @property
    def row_class(self) -> str:
        """How the row is drawn."""
        if self.row.here >= self.row.minimum:
            return ""
        return "late" if self.row.missing else "soon"


# --- below the minimum -------------------------------------------------------------------------------------------


@bp.get("/targets")
@guards.requires(P.TRANSFER_HANDLE)
def targets_index() -> Any:
    """What is below its minimum at the reader's points, or all that somebody wants to have there."""
    mine = _mine()
    found = replenish.at_all_points(mine)
    seen = points.within(points.all_points(), guards.scopes(P.TRANSFER_HANDLE))
    table = tables.Table(
        name="muc-ton",
        columns=(
            tables.Column("product", N_("Sản phẩm"), sort=(Product.sort_name,), value="name"),
            tables.Column("sku", "SKU", sort=(Variant.sku,), on_page=False),
            tables.Column("point", N_("Điểm bán"), sort=(Point.sort_name,), on_page=False),
            tables.Column("missing", N_("Cần thêm"), "num"),
            tables.Column("here", N_("Còn bán được"), "num", sort=(found.here,)),
            tables.Column("coming", N_("Sắp về"), "num", sort=(found.coming,)),
            tables.Column("minimum", N_("Tối thiểu"), "num", sort=(Target.minimum,)),
            tables.Column("target", N_("Mức đầy"), "num", sort=(Target.target,)),
        ),
        order="point",
        tie=Target.id,
        filters=(
            tables.Filter(
                "state",
                N_("Tình trạng"),
                lambda v: found.below if v == "below" else found.short,
                (("below", N_("Dưới mức tối thiểu")), ("short", N_("Dưới mức, hàng chưa sắp về"))),
            ),
            tables.Filter(
                "point",
                N_("Điểm bán"),
                lambda v: Target.point_id == int(v),
                lambda: [(str(p.id), p.name) for p in seen],
            ),
        ),
        search=replenish.matching,
    )
    args: Mapping[str, str] = request.args if "state" in request.args else {**request.args, "state": "below"}
    view = table.open(args, HERE, found.statement, make=lambda row: RowView(_row(row)))
    if view.export:
        return view.download()
    return render_template("transfers/office/targets.html", here=HERE, view=view, points=seen)


@bp.get("/targets/at")
@guards.requires(P.TRANSFER_HANDLE)
def target_point() -> Any:
    """From the chosen point to its page."""
    found = points.by_slug(request.args.get("point", "")[:80])
    if found is None or not guards.may(P.TRANSFER_HANDLE, found.scope):
        raise NotFound
    return redirect(web.path(f"{HERE}/at/{found.slug}"))


# --- one point ---------------------------------------------------------------------------------------------------


@bp.get("/targets/at/<slug>")
@guards.requires(P.TRANSFER_HANDLE, scope=of_point)
def point_targets(slug: str) -> Any:
    """Every pack on show, with two fields for its levels at this point."""
    return _point_page(slug)


def _point_page(slug: str, error: ShopError | None = None, report: dict[str, Any] | None = None, form: str = "") -> Any:
    point = points.by_slug(slug)
    if point is None:
        raise NotFound
    found = replenish.at_point(point.id)
    table = tables.Table(
        name=f"muc-ton-{slug}",
        columns=(
            tables.Column("product", N_("Sản phẩm"), sort=(Product.sort_name,), value="name"),
            tables.Column(
                "minimum",
                N_("Tối thiểu"),
                "num",
                sort=(Target.minimum,),
                value=lambda r: r.minimum if r.target else None,
            ),
            tables.Column("target", N_("Mức đầy"), "num", sort=(Target.target,), value=lambda r: r.target or None),
            tables.Column("here", N_("Còn bán được"), "num", sort=(found.here,)),
            tables.Column("coming", N_("Sắp về"), "num", sort=(found.coming,)),
            tables.Column("sku", "SKU", sort=(Variant.sku,)),
        ),
        order="product",
        tie=Variant.id,
        filters=(
            tables.Filter(
                "state",
                N_("Tình trạng"),
                lambda v: {
                    "set": Target.id.is_not(None),
                    "unset": Target.id.is_(None),
                    "below": found.below,
                    "here": found.here > 0,
                }[v],
                (
                    ("set", N_("Đã đặt mức")),
                    ("unset", N_("Chưa đặt mức")),
                    ("below", N_("Dưới mức tối thiểu")),
                    ("here", N_("Đang có hàng")),
                ),
            ),
        ),
        search=replenish.matching,
    )
    view = table.open(request.args, f"{HERE}/at/{slug}", found.statement, make=lambda row: RowView(_row(row)))
    if view.export:
        return view.download()
    page = render_template(
        "transfers/office/point_targets.html",
        here=HERE,
        point=point,
        view=view,
        address=web.path(f"{HERE}/at/{slug}"),
        query=request.query_string.decode("ascii", "ignore"),
        report=report,
        told=[(n, sku, gettext(title, **values)) for n, sku, title, values in report["told"]] if report else [],
        v=request.form if error and form == "levels" else {},
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=_op_key(error),
        import_key=operations.new_key(),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/targets/at/<slug>")
@guards.requires(P.TRANSFER_HANDLE, scope=of_point)
def set_point_targets(slug: str) -> Any:
    """Set the levels that were changed on the page."""
    point = points.by_slug(slug)
    if point is None:
        raise NotFound
    try:
        low, full = _numbers("min"), _numbers("target")
        shown = {f.removeprefix("was-"): v for f, v in request.form.items() if f.startswith("was-")}
        wanted: dict[int, tuple[int, int]] = {}
        for variant, was in shown.items():
            if not variant.isascii() or not variant.isdigit() or len(variant) > 15:
                continue
            now = (low.get(int(variant), 0), full.get(int(variant), 0))
            if f"{now[0]}/{now[1]}" != was:  # what somebody else sets meanwhile in another row stays
                wanted[int(variant)] = now
        changed = targets.set_targets(guards.actor(), point.id, wanted, _key())
    except ShopError as error:
        return _point_page(slug, error, form="levels")
    flash(ngettext("Đã đổi %(num)s mức.", "Đã đổi %(num)s mức.", changed), "ok")
    query = request.query_string.decode("ascii", "ignore")
    return redirect(web.path(f"{HERE}/at/{slug}") + (f"?{query}" if query else ""), 303)


@bp.post("/targets/at/<slug>/import")
@guards.requires(P.TRANSFER_HANDLE, scope=of_point)
def import_point_targets(slug: str) -> Any:
    """Set levels from a table; the page then tells what became of every row."""
    point = points.by_slug(slug)
    if point is None:
        raise NotFound
    try:
        sent = request.files.get("file")
        content = sent.read() if sent else b""
        if not content:
            raise Invalid(N_("Hãy chọn tệp CSV hoặc XLSX."), field="file")
        report = targets.import_targets(guards.actor(), point.id, content, _key())
    except ShopError as error:
        error.field = error.field or "file"
        return _point_page(slug, error, form="import")
    return _point_page(slug, report=report)


# --- suggestions -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PairView:
    """A suggested transfer as the page shows it."""

    name: str
    source: str
    destination: str
    units: int
    lines: list[tuple[str, int]]


@bp.get("/targets/suggested")
@guards.requires(P.TRANSFER_HANDLE)
def suggested() -> Any:
    """The transfers that would fill the points below their minimum, to be made with one click."""
    return _suggested_page()


def _suggested_page(error: ShopError | None = None) -> Any:
    found = replenish.plan(_mine())
    shown = found[:MOST_PAIRS]
    names = {p.variant_id: p.name for p in queries.packs(v for s in shown for v, _n in s.lines)}
    places = {p.id: p.name for p in points.all_points()}
    page = render_template(
        "transfers/office/suggested.html",
        here=HERE,
        pairs=[
            PairView(
                replenish.name_of(s),
                places[s.from_point_id],
                places[s.to_point_id],
                s.units,
                sorted(((names[v], n) for v, n in s.lines)),
            )
            for s in shown
        ],
        more=len(found) - len(shown),
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=_op_key(error),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/targets/suggested")
@guards.requires(P.TRANSFER_HANDLE)
def ask_suggested() -> Any:
    """Ask for the chosen ones, exactly as they were shown."""
    try:
        chosen = [name[:80] for name in request.form.getlist("pair")[:MOST_PAIRS]]
        made = targets.ask_suggested(guards.actor(), chosen, _mine(), _key())
    except ShopError as error:
        return _suggested_page(error)
    told = ngettext("Đã tạo %(num)s phiếu chuyển, chờ duyệt.", "Đã tạo %(num)s phiếu chuyển, chờ duyệt.", len(made))
    flash(told, "ok")
    return redirect(web.path("/office/transfers?state=asked"), 303)
