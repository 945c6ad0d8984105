"""Goods for staff: what lies where, why it is so, corrections with a reason, goods that come in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask_babel import gettext
from sqlalchemy import false

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.catalog.models import Product, Variant
from shop.kernel import clock, operations, tables, text, web
from shop.kernel.errors import N_, Invalid, NotFound, ShopError
from shop.kernel.forms import messages
from shop.points import queries as points
from shop.points.models import Point
from shop.stock import queries, rules
from shop.stock import services as stock
from shop.stock.models import MOVEMENT_NAMES, SHOP, Lot, MovementKind, StockLevel

bp = Blueprint("stock", __name__)
HERE = "/office/stock"
HISTORY_ROWS = 50
P = Permission

STATES = (
    ("out", N_("Đã hết")),
    ("low", N_("Sắp hết")),
    ("ending", N_("Lô sắp hết hạn")),
    ("expired", N_("Lô quá hạn còn hàng")),
    ("claimed", N_("Đang được giữ")),
    ("road", N_("Đang trên đường")),
)
# What a correction does: the sign of the change and the kind of movement.
DIRECTIONS = {
    "in": (N_("Thêm vào (đếm thấy nhiều hơn)"), 1, MovementKind.ADJUSTMENT),
    "out": (N_("Bớt đi (đếm thấy ít hơn)"), -1, MovementKind.ADJUSTMENT),
    "off": (N_("Hủy hàng (hỏng, quá hạn, dùng thử)"), -1, MovementKind.WRITE_OFF),
}


def of_level(level_id: int) -> str | None:
    """A guard's scope: the point a level lies at."""
    found = queries.level_point(level_id)
    return None if found is None else f"point:{found}"


@dataclass(frozen=True, slots=True)
class LevelView:
    """A level as the list shows it. `row_class`: `late` past its date, `soon` ending or nothing free, `off` empty."""

    level: queries.LevelRow
    owner: str
    row_class: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.level, name)


def _owner(owner: str, names: dict[str, str]) -> str:
    return gettext("Cửa hàng") if owner == SHOP else names.get(owner, owner)


def _view(level: queries.LevelRow, names: dict[str, str]) -> LevelView:
    days = (level.expires_on - clock.today()).days if level.expires_on else None
    look = ""
    if level.on_hand == 0:
        look = "" if level.arriving else "off"
    elif days is not None and days < 0:
        look = "late"
    elif level.free == 0 or (days is not None and days <= rules.NEAR_EXPIRY.get()):
        look = "soon"
    return LevelView(level, _owner(level.owner, names), look)


def _table(mine: list[int] | None, seen: tuple[points.PointView, ...]) -> tables.Table:
    """The list of levels for somebody who sees the points `mine` (None: all)."""
    free = StockLevel.on_hand - StockLevel.held - StockLevel.allocated
    return tables.Table(
        name="ton-kho",
        columns=(
            tables.Column("product", N_("Sản phẩm"), sort=(Product.sort_name,), value="product"),
            tables.Column("pack", N_("Quy cách"), on_page=False),
            tables.Column("sku", "SKU", sort=(Variant.sku,), on_page=False),
            tables.Column("point", N_("Điểm bán"), sort=(Point.sort_name,)),
            tables.Column("lot", N_("Lô"), sort=(Lot.code,)),
            tables.Column("expires_on", N_("Hạn dùng"), sort=(Lot.expires_on,)),
            tables.Column("owner", N_("Hàng của")),
            tables.Column("on_hand", N_("Có"), "num", sort=(StockLevel.on_hand,)),
            tables.Column("held", N_("Giữ tạm"), "num", sort=(StockLevel.held,)),
            tables.Column("allocated", N_("Đã bán, chờ giao"), "num", sort=(StockLevel.allocated,)),
            tables.Column("free", N_("Còn bán được"), "num", sort=(free,)),
            tables.Column("arriving", N_("Trên đường"), "num"),
            tables.Column("leaving", N_("Đã gửi đi, chưa đến"), "num", on_page=False),
            tables.Column("updated_at", N_("Thay đổi lúc"), sort=(StockLevel.updated_at,), on_page=False),
        ),
        order="product",
        tie=StockLevel.id,
        filters=(
            tables.Filter(
                "point",
                N_("Điểm bán"),
                lambda v: StockLevel.point_id == int(v),
                lambda: [(str(p.id), p.name) for p in seen],
            ),
            tables.Filter("state", N_("Tình trạng"), lambda v: queries.in_state(v, mine), STATES),
        ),
        search=queries.matching,
    )


@bp.get("/stock")
@guards.requires(P.STOCK_READ)
def index() -> Any:
    """What lies where, at the points that the reader may see."""
    held = guards.scopes(P.STOCK_READ)
    mine = points.ids_in(held)
    names = queries.owner_names()
    statement = queries.level_rows()
    if mine is not None:
        statement = statement.where(StockLevel.point_id.in_(mine) if mine else false())
    view = _table(mine, points.within(points.all_points(), held)).open(
        request.args, HERE, statement, make=lambda row: queries.LevelRow(*tuple(row))
    )
    road = queries.on_the_road(None if view.export else [row.level_id for row in view.rows])

    def seen(level: queries.LevelRow) -> LevelView:
        arriving, leaving = road.get(level.level_id, (0, 0))
        return _view(replace(level, arriving=arriving, leaving=leaving), names)

    if view.export:
        view.make = lambda row: seen(queries.LevelRow(*tuple(row)))
        return view.download()
    view.rows = [seen(row) for row in view.rows]
    out = next(f.value for f in view.filters if f.name == "state") == "out"
    return render_template(
        "stock/office/index.html",
        here=HERE,
        view=view,
        never=queries.never_stocked() if out and mine is None else 0,
        may_receive=bool(_receiving_points()),
    )


# --- one level ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cause:
    """What a movement or claim is for, with a page to see if the reader may open it."""

    label: str
    url: str


def cause(reference: str | None) -> Cause:
    """Read an opaque reference for people."""
    kind, _, rest = (reference or "").partition(":")
    if kind == "order":
        order, _, number = rest.partition(":")
        url = ""
        if guards.may(P.ORDER_READ):
            url = web.path(f"/office/orders/{order}")
        elif guards.may(P.FULFILMENT_HANDLE) and number:
            url = web.path(f"/office/fulfilments/{order}/{number}")
        return Cause(gettext("Đơn %(r)s", r=order), url)
    if kind == "transfer":
        url = web.path(f"/office/transfers/{rest}") if guards.may(P.TRANSFER_HANDLE) else ""
        return Cause(gettext("Phiếu chuyển %(r)s", r=rest), url)
    if kind == "count":
        return Cause(gettext("Kiểm kê %(r)s", r=rest), web.path(f"/office/counts/{rest}"))
    if kind == "receipt":
        return Cause(gettext("Phiếu giao %(r)s", r=rest), web.path(f"/office/receipts/{rest}"))
    if kind == "write-off":
        return Cause(gettext("Hủy hàng %(r)s", r=rest), web.path(f"/office/write-offs/{rest}"))
    if kind == "paper":
        return Cause(gettext("Phiếu %(n)s", n=rest), "")
    return Cause(reference or "", "")


@bp.get("/stock/<int:level_id>")
@guards.requires(P.STOCK_READ, scope=of_level, name="the level's point")
def level(level_id: int) -> Any:
    """One level: how many, who has a claim, and every change; `before` is the last movement seen."""
    return _level_page(level_id)


def _level_page(level_id: int, error: ShopError | None = None) -> Any:
    row = queries.level_row(level_id)
    if row is None:
        raise NotFound
    raw = request.args.get("before", "")
    before = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 16 else None
    moves = queries.history(level_id, before=before, limit=HISTORY_ROWS + 1)
    sent = request.form if error is not None else {}
    kept = error is not None and error.code == Invalid.code and error.field != "op_key"
    field = {"change": "quantity"}.get(error.field or "", error.field) if error else None
    page = render_template(
        "stock/office/level.html",
        here=HERE,
        level=_view(row, queries.owner_names()),
        claims=queries.claims_on(level_id),
        moves=moves[:HISTORY_ROWS],
        newest_url=web.path(f"{HERE}/{level_id}") if before else "",
        older_url=f"{web.path(f'{HERE}/{level_id}')}?before={moves[HISTORY_ROWS - 1].id}"
        if len(moves) > HISTORY_ROWS
        else "",
        kinds={k: gettext(n) for k, n in MOVEMENT_NAMES.items()},
        cause=cause,
        may_adjust=guards.may(P.STOCK_ADJUST, f"point:{row.point_id}"),
        may_receive=any(p.id == row.point_id for p in _receiving_points()),
        directions=[(key, gettext(label)) for key, (label, _sign, _kind) in DIRECTIONS.items()],
        v=sent,
        errors={field or "": gettext(error.title, **error.values)} if error else {},
        error_code=error.code if error else None,
        op_key=sent.get("op_key") if kept else operations.new_key(),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/stock/<int:level_id>/adjust")
@guards.requires(P.STOCK_ADJUST, scope=of_level, name="the level's point")
def adjust(level_id: int) -> Any:
    """Correct a level, with a reason."""
    try:
        _label, sign, kind = DIRECTIONS.get(request.form.get("direction", ""), ("", 0, MovementKind.ADJUSTMENT))
        if not sign:
            raise Invalid(N_("Hãy chọn thêm hay bớt."), field="direction")
        change = sign * _count("quantity")
        stock.adjust(guards.actor(), level_id, change, _line("reason", 500), request.form.get("op_key", ""), kind=kind)
    except NotFound:
        raise
    except ShopError as error:
        return _level_page(level_id, error)
    flash(gettext("Đã điều chỉnh %(n)s.", n=f"{change:+d}"), "ok")
    return redirect(web.path(f"{HERE}/{level_id}"), 303)


def _line(field: str, limit: int) -> str:
    found = text.clean(request.form.get(field, "")).replace("\n", " ")
    if len(found) > limit:
        raise Invalid(N_("Nhiều nhất %(n)s ký tự."), field=field, n=limit)
    return found


def _count(field: str) -> int:
    raw = request.form.get(field, "").strip()
    if not raw.isascii() or not raw.isdigit() or len(raw) > 7 or int(raw) == 0:
        raise Invalid(N_("Số lượng phải là số nguyên lớn hơn 0."), field=field)
    return int(raw)


def _day(field: str) -> date | None:
    raw = request.form.get(field, "").strip()
    if not raw:
        return None
    try:
        return date.fromisoformat(raw)
    except ValueError as error:
        raise Invalid(N_("Ngày chưa đúng."), field=field) from error


# --- goods that come in ------------------------------------------------------------------------------------------


def _receiving_points() -> tuple[points.PointView, ...]:
    """The open points into which the reader may book goods."""
    return points.within(points.open_points(), guards.scopes(P.STOCK_ADJUST))


@bp.get("/stock/receive")
@guards.requires(P.STOCK_ADJUST)
def receive_form() -> Any:
    """The form for goods that came; `q` looks for the pack, `sku`, `point` and `lot` fill it in."""
    return _receive_page()


def _receive_page(error: ShopError | None = None) -> Any:
    values = request.values
    q = text.clean(request.args.get("q", "")).replace("\n", " ")[:100]
    never = request.args.get("never") == "1"
    kept = error is not None and error.code == Invalid.code and error.field != "op_key"
    chosen = queries.receivable(values.get("sku", "")[:80])
    choices = [(str(p.id), p.name) for p in _receiving_points()]
    page = render_template(
        "stock/office/receive.html",
        here=HERE,
        q=q,
        never=never,
        found=queries.find_receivable(q, never=never) if q or never else [],
        chosen=chosen,
        points=choices,
        v={
            name: values.get(name, "")
            for name in ("sku", "point", "quantity", "lot", "produced_on", "expires_on", "paper", "reason", "consigned")
        }
        | ({"point": choices[0][0]} if len(choices) == 1 else {}),
        errors=messages(error),
        error_code=error.code if error else None,
        op_key=request.form.get("op_key") if kept else operations.new_key(),
    )
    return make_response(page, error.status if error else 200)


@bp.post("/stock/receive")
@guards.requires(P.STOCK_ADJUST)
def receive() -> Any:
    """Book goods in."""
    try:
        pack = queries.receivable(_line("sku", 80))
        if pack is None:
            raise Invalid(N_("Không có quy cách nào mang SKU hoặc mã vạch này."), field="sku")
        point = next((p for p in _receiving_points() if str(p.id) == request.form.get("point")), None)
        if point is None:
            raise Invalid(N_("Hãy chọn điểm nhập hàng."), field="point")
        quantity = _count("quantity")
        paper, reason = _line("paper", 60), _line("reason", 500)
        if len(paper) < 2 and len(reason) < 2:
            raise Invalid(N_("Hãy ghi số phiếu của nhà cung cấp hoặc lý do."), field="paper")
        owner = SHOP
        if request.form.get("consigned"):
            if pack.producer_id is None:
                raise Invalid(N_("Sản phẩm này chưa ghi cơ sở sản xuất nên không nhận ký gửi được."), field="consigned")
            owner = f"producer:{pack.producer_id}"
        level_id = stock.receive(
            guards.actor(), pack.variant_id, point.id, quantity, owner=owner, lot_code=_line("lot", 40),
            produced_on=_day("produced_on"), expires_on=_day("expires_on"), reason=reason or None,
            reference=f"paper:{paper}" if paper else None, op_key=request.form.get("op_key", ""),
        )  # fmt: skip
    except ShopError as error:
        return _receive_page(error)
    flash(gettext("Đã nhập %(n)s × %(what)s.", n=quantity, what=f"{pack.product}, {pack.pack}"), "ok")
    return redirect(web.path(f"{HERE}/{level_id}"), 303)


from shop.stock.office import lots  # noqa: E402, F401 - its views belong to `bp`
