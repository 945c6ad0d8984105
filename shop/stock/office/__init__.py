"""Goods for staff: what lies where, and why. Numbers change by papers alone: receipts, transfers, counts, write-offs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import gettext
from sqlalchemy import false, select

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.catalog.models import Product, Variant
from shop.kernel import clock, tables, web
from shop.kernel.errors import N_, NotFound
from shop.points import queries as points
from shop.points.models import Point
from shop.stock import queries, rules
from shop.stock.models import MOVEMENT_NAMES, SHOP, Lot, StockLevel

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
    ("gone", N_("Lô đã hết")),
)
# Columns of levels themselves, and states that depend on their lots too.
OWN_NUMBERS = {"on_hand", "held", "allocated", "free", "updated_at"}
OF_LOTS = {"ending", "expired"}


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
    """What lies where, at the points that the reader may see; lots that are used up only if he looks for them."""
    held = guards.scopes(P.STOCK_READ)
    mine = points.ids_in(held)
    names = queries.owner_names()
    # Conditions that few levels meet are faster looked up than met on the way.
    sort, state = (request.args.get(name, "") for name in ("sort", "state"))
    by_goods = sort.lstrip("-") in {"", "product"} and state in {"", "low", "out"}
    conditions = []
    if mine is not None:
        conditions.append(StockLevel.point_id.in_(mine) if mine else false())
    if not request.args.get("q") and state != "gone":
        conditions.append(queries.not_used_up())
    # By its own numbers a level is found without what it is of, where it lies and from which lot.
    own = sort.lstrip("-") in OWN_NUMBERS and state not in OF_LOTS
    view = _table(mine, points.within(points.all_points(), held)).open(
        request.args,
        HERE,
        queries.level_rows(by_goods=by_goods).where(*conditions),
        make=lambda row: queries.LevelRow(*tuple(row)),
        narrow=select(StockLevel.id).where(*conditions) if own else None,
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
        may_receive=guards.may(P.RECEIPT_BOOK),
    )


# --- one level ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cause:
    """What a movement or claim is for, with a page to see if the reader may open it."""

    label: str
    url: str


# The other papers a movement may belong to: kind of reference, words, where it lies, who may open it.
PAPERS = {
    "transfer": (N_("Phiếu chuyển %(r)s"), "/office/transfers", P.TRANSFER_HANDLE),
    "count": (N_("Kiểm kê %(r)s"), "/office/counts", P.COUNT_DO),
    "receipt": (N_("Phiếu giao %(r)s"), "/office/receipts", P.RECEIPT_BOOK),
    "write-off": (N_("Phiếu hủy %(r)s"), "/office/write-offs", P.COUNT_DO),
    "shortage": (N_("Thiếu hàng ở quầy %(r)s"), "/office/tills/shortages", P.TILL_MANAGE),
    "recall": (N_("Thu hồi %(r)s"), "/office/recalls", P.RECALL_RUN),
}

# Papers of a producer about his own store: they lie in his door.
MAKERS_PAPERS = {"production": N_("Mẻ %(r)s"), "store-count": N_("Đếm lại %(r)s")}


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
    if kind in PAPERS:
        words, folder, right = PAPERS[kind]
        return Cause(gettext(words, r=rest), web.path(f"{folder}/{rest}") if guards.may(right) else "")
    if kind in MAKERS_PAPERS:
        return Cause(gettext(MAKERS_PAPERS[kind], r=rest), "")
    if kind == "paper":
        return Cause(gettext("Phiếu %(n)s", n=rest), "")
    return Cause(reference or "", "")


@bp.get("/stock/<int:level_id>")
@guards.requires(P.STOCK_READ, scope=of_level, name="the level's point")
def level(level_id: int) -> Any:
    """One level: how many, who has a claim, and every change; `before` is the last movement seen."""
    row = queries.level_row(level_id)
    if row is None:
        raise NotFound
    raw = request.args.get("before", "")
    before = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 16 else None
    moves = queries.history(level_id, before=before, limit=HISTORY_ROWS + 1)
    point = points.point(row.point_id)
    return render_template(
        "stock/office/level.html",
        here=HERE,
        level=_view(row, queries.owner_names()),
        point=point,
        claims=queries.claims_on(level_id),
        moves=moves[:HISTORY_ROWS],
        newest_url=web.path(f"{HERE}/{level_id}") if before else "",
        older_url=f"{web.path(f'{HERE}/{level_id}')}?before={moves[HISTORY_ROWS - 1].id}"
        if len(moves) > HISTORY_ROWS
        else "",
        kinds={k: gettext(n) for k, n in MOVEMENT_NAMES.items()},
        cause=cause,
        may_count=guards.may(P.COUNT_DO, point.scope),
        may_receive=guards.may(P.RECEIPT_BOOK, point.scope) and point.is_open_on(clock.today()),
    )


from shop.stock.office import lots  # noqa: E402, F401 - its views belong to `bp`
