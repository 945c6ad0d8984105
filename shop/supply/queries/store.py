"""What lies in a producer's own store, and of his goods elsewhere; what he made and counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, func, not_, or_, select

from shop.catalog.models import Product, Variant
from shop.kernel import clock, tables
from shop.kernel.db import session
from shop.kernel.errors import N_
from shop.points import queries as points
from shop.points.models import Point, PointKind
from shop.points.queries import PointView
from shop.stock import queries as stock
from shop.stock.models import Lot, StockLevel
from shop.supply.models import Production, StoreCount


def owner_of(producer_id: int) -> str:
    """How stock names the owner of a producer's goods; also the scope of grants for him."""
    return f"producer:{producer_id}"


def own_points(producer_id: int) -> list[PointView]:
    """The open points that are stores of the producer himself."""
    return [p for p in points.open_points() if is_own(p, producer_id)]


def is_own(point: Point | PointView, producer_id: int) -> bool:
    """Whether a point is the producer's own store."""
    return point.kind is PointKind.PRODUCER_STORE and point.producer_id == producer_id


def level_owner(level_id: int) -> str | None:
    """Whose goods a level holds."""
    return session().scalar(select(StockLevel.owner).where(StockLevel.id == level_id))


def _own(producer_id: int) -> Any:
    return and_(Point.kind == PointKind.PRODUCER_STORE, Point.producer_id == producer_id)


def free_of(producer_id: int, variant_ids: Sequence[int]) -> dict[int, int]:
    """Free units of the producer's own goods in his own stores that may be sent, by variant."""
    rows = session().execute(
        select(StockLevel.variant_id, func.sum(StockLevel.on_hand - StockLevel.held - StockLevel.allocated))
        .join(Point, Point.id == StockLevel.point_id)
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(
            _own(producer_id),
            StockLevel.owner == owner_of(producer_id),
            StockLevel.variant_id.in_(variant_ids),
            StockLevel.is_stopped.is_(False),
            or_(Lot.expires_on.is_(None), Lot.expires_on >= clock.today()),
        )
        .group_by(StockLevel.variant_id)
    )
    return {variant_id: int(n) for variant_id, n in rows}


@dataclass(frozen=True, slots=True)
class StoreLevel:
    """A level of a producer's goods as he sees it (sale units). `own`: it lies in his own store."""

    level_id: int
    product: str
    pack: str
    sku: str
    point: str
    own: bool
    lot: str
    produced_on: date | None
    expires_on: date | None
    stopped: bool
    on_hand: int
    claimed: int
    updated_at: datetime

    @property
    def free(self) -> int:
        """Units nobody has a claim on."""
        return self.on_hand - self.claimed

    @property
    def row_class(self) -> str:
        """How the row is drawn: past its date or stopped, or empty."""
        if self.on_hand == 0:
            return "off"
        past = self.expires_on is not None and self.expires_on < clock.today()
        return "late" if past or self.stopped else ""


def levels(producer_id: int) -> Any:
    """The statement behind the list of a producer's goods; its rows make `StoreLevel`."""
    return (
        select(
            StockLevel.id,
            Product.name,
            Variant.pack,
            Variant.sku,
            Point.name,
            _own(producer_id).label("own"),
            Lot.code,
            Lot.produced_on,
            Lot.expires_on,
            StockLevel.is_stopped,
            StockLevel.on_hand,
            StockLevel.held + StockLevel.allocated,
            StockLevel.updated_at,
        )
        .join(Variant, Variant.id == StockLevel.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .join(Point, Point.id == StockLevel.point_id)
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(StockLevel.owner == owner_of(producer_id))
    )


def level(producer_id: int, level_id: int) -> StoreLevel | None:
    """One level of a producer's goods."""
    row = session().execute(levels(producer_id).where(StockLevel.id == level_id)).first()
    return StoreLevel(*row) if row else None


def levels_table(producer_id: int) -> tables.Table:
    """The list of a producer's goods, wherever they lie."""
    own, free = _own(producer_id), StockLevel.on_hand - StockLevel.held - StockLevel.allocated
    return tables.Table(
        name="kho-co-so",
        columns=(
            tables.Column("product", N_("Sản phẩm"), sort=(Product.sort_name, Variant.position)),
            tables.Column("pack", N_("Quy cách"), on_page=False),
            tables.Column("sku", "SKU", sort=(Variant.sku,), on_page=False),
            tables.Column("point", N_("Nằm ở"), sort=(Point.sort_name,)),
            tables.Column("lot", N_("Lô"), sort=(Lot.code,)),
            tables.Column("produced_on", N_("Ngày sản xuất"), sort=(Lot.produced_on,), on_page=False),
            tables.Column("expires_on", N_("Hạn dùng"), sort=(Lot.expires_on,)),
            tables.Column("on_hand", N_("Có"), "num", sort=(StockLevel.on_hand,)),
            tables.Column("free", N_("Còn bán được"), "num", sort=(free,)),
        ),
        order="product",
        tie=StockLevel.id,
        filters=(
            tables.Filter(
                "where",
                N_("Nằm ở"),
                lambda v: own if v == "own" else not_(own),
                (("own", N_("Kho của cơ sở")), ("away", N_("Ký gửi ở điểm bán"))),
            ),
            tables.Filter(
                "state",
                N_("Tình trạng"),
                lambda v: StockLevel.on_hand == 0 if v == "gone" else stock.in_state(v, None),
                (
                    ("ending", N_("Lô sắp hết hạn")),
                    ("expired", N_("Lô quá hạn còn hàng")),
                    ("claimed", N_("Đang được giữ")),
                    ("gone", N_("Lô đã hết")),
                ),
            ),
        ),
        search=stock.matching,
    )


def totals(producer_id: int) -> tuple[int, int]:
    """Units of a producer's goods in his own stores, and elsewhere."""
    own = _own(producer_id)  # named once: PostgreSQL groups by what it can see to be the same
    rows = session().execute(
        select(own, func.sum(StockLevel.on_hand))
        .join(Point, Point.id == StockLevel.point_id)
        .where(StockLevel.owner == owner_of(producer_id))
        .group_by(own)
    )
    found = {bool(is_own): int(n or 0) for is_own, n in rows}
    return found.get(True, 0), found.get(False, 0)


@dataclass(frozen=True, slots=True)
class ProductionRow:
    """Goods made and put into the own store."""

    reference: str
    at: datetime
    product: str
    pack: str
    sku: str
    lot: str
    produced_on: date | None
    expires_on: date | None
    quantity: int
    note: str | None
    actor: str
    level_id: int
    is_demo: bool


PRODUCTIONS = tables.Table(
    name="me-da-lam",
    columns=(
        tables.Column("at", N_("Ghi lúc"), sort=(Production.id,)),
        tables.Column("reference", N_("Phiếu"), on_page=False),
        tables.Column("product", N_("Sản phẩm"), sort=(Product.sort_name,)),
        tables.Column("pack", N_("Quy cách"), on_page=False),
        tables.Column("sku", "SKU", on_page=False),
        tables.Column("lot", N_("Lô"), sort=(Lot.code,)),
        tables.Column("produced_on", N_("Ngày sản xuất"), sort=(Lot.produced_on,)),
        tables.Column("expires_on", N_("Hạn dùng"), sort=(Lot.expires_on,)),
        tables.Column("quantity", N_("Số lượng"), "num", sort=(Production.quantity,)),
        tables.Column("actor", N_("Ai ghi")),
        tables.Column("note", N_("Ghi chú"), on_page=False),
    ),
    order="-at",
    tie=Production.id,
    filters=(
        tables.Filter("from", N_("Từ ngày"), lambda day: Production.at >= clock.start_of(day), kind="day"),
        tables.Filter("to", N_("Đến ngày"), lambda day: Production.at < clock.end_of(day), kind="day"),
    ),
    search=stock.matching,
)


def productions(producer_id: int) -> Any:
    """The statement behind the list of what a producer made; its rows make `ProductionRow`."""
    return (
        select(
            Production.reference,
            Production.at,
            Product.name,
            Variant.pack,
            Variant.sku,
            Lot.code,
            Lot.produced_on,
            Lot.expires_on,
            Production.quantity,
            Production.note,
            Production.actor_label,
            Production.level_id,
            Production.is_demo,
        )
        .join(StockLevel, StockLevel.id == Production.level_id)
        .join(Variant, Variant.id == StockLevel.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .join(Lot, Lot.id == StockLevel.lot_id)
        .where(Production.producer_id == producer_id)
    )


def counts_of(level_id: int, limit: int = 20) -> list[StoreCount]:
    """The last counts of one level, newest first."""
    wanted = select(StoreCount).where(StoreCount.level_id == level_id).order_by(StoreCount.id.desc())
    return list(session().scalars(wanted.limit(limit)))
