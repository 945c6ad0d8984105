"""What the shop itself can prove of a product: sales outside its commune, fairs, its stall on line, its story, its trace codes.

Each figure has the rows that it adds up from. Buyers stay unnamed: sales are told by place, in the home province by commune,
beyond it by province. A year back from the day it is taken.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import case, func, or_, select

from shop.catalog.models import Product, ProductState, Variant, VariantState
from shop.exhibitions.models.calls import Application, ApplicationState
from shop.exhibitions.models.fairs import Exhibition, FairState
from shop.kernel import clock
from shop.kernel.db import session
from shop.orders.models import DeliveryKind, Fulfilment, FulfilmentStatus, Order, OrderLine
from shop.places import queries as places
from shop.places.models import HOME_PROVINCE
from shop.points.models import Point, PointKind
from shop.producers.models import Producer
from shop.programme.models.dossiers import Dossier
from shop.stock.models import Lot

SPAN = timedelta(days=365)
_HELD = (FairState.RUNNING, FairState.CLOSED, FairState.REPORTED)


@dataclass(frozen=True, slots=True)
class Offer:
    """The figures of a product on a day, as they are kept in a dossier: plain values, amounts in đồng."""

    taken_on: date
    since: date
    figures: dict[str, Any]

    def stored(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return {"taken_on": self.taken_on.isoformat(), "since": self.since.isoformat(), **self.figures}


def _sales(dossier: Dossier, since: date) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Delivered units of the product by place, and by fair."""
    ship = Order.delivery == DeliveryKind.SHIP
    units = OrderLine.quantity - OrderLine.refused_quantity
    province = case((ship, Order.province_code), else_=Point.province_code)
    commune = case((ship, Order.commune_code), else_=Point.commune_code)
    at_fair = case((Point.kind == PointKind.FAIR, Point.name), else_=None)
    # Named first and grouped by name: PostgreSQL does not see that two expressions with values in them are the same.
    sold = (
        select(
            province.label("place"),
            case((province == HOME_PROVINCE, commune), else_=None).label("within"),
            at_fair.label("fair"),
            Order.id.label("order_id"),
            units.label("units"),
            (units * OrderLine.unit_price_amount).label("amount"),
        )
        .select_from(OrderLine)
        .join(Variant, Variant.id == OrderLine.variant_id)
        .join(Order, Order.id == OrderLine.order_id)
        .join(Fulfilment, Fulfilment.id == OrderLine.fulfilment_id)
        .join(Point, Point.id == Fulfilment.point_id)
        .where(
            Variant.product_id == dossier.product_id,
            Fulfilment.status == FulfilmentStatus.DELIVERED,
            Order.placed_at >= clock.start_of(since),
            Order.placed_at <= clock.now(),
            or_(Fulfilment.delivered_at.is_(None), Fulfilment.delivered_at <= clock.now()),
            units > 0,
        )
        .subquery()
    ).c
    rows = session().execute(
        select(
            sold.place,
            sold.within,
            sold.fair,
            func.count(func.distinct(sold.order_id)),
            func.sum(sold.units),
            func.sum(sold.amount),
        ).group_by(sold.place, sold.within, sold.fair)
    )
    by_place: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    by_fair: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for where, within, fair, orders, count, amount in rows:
        for sums in (by_place[where or "", within or ""], *([by_fair[fair]] if fair else [])):
            for n, value in enumerate((orders, count, amount)):
                sums[n] += int(value or 0)
    placed = [
        {
            "place": _place(province_code, commune_code),
            "outside": _outside(province_code, commune_code, dossier.commune_code),
            "orders": sums[0],
            "units": sums[1],
            "amount": sums[2],
        }
        for (province_code, commune_code), sums in by_place.items()
    ]
    fairs = [{"fair": name, "orders": s[0], "units": s[1], "amount": s[2]} for name, s in by_fair.items()]
    return (
        sorted(placed, key=lambda r: (-int(str(r["amount"])), str(r["place"]))),
        sorted(fairs, key=lambda r: str(r["fair"])),
    )


def _outside(province: str, commune: str, own: str | None) -> bool:
    """Whether goods surely left their commune: what went to a place of the home province that nobody can put into a commune,
    or to an unknown one, proves nothing."""
    return commune != own if commune else province not in ("", HOME_PROVINCE)


def _place(province: str, commune: str) -> str:
    found = places.unit(commune or province)
    return found.name if found is not None else "Không rõ nơi nhận"


def _fairs(producer_id: int, today: date) -> list[dict[str, Any]]:
    rows = session().execute(
        select(Exhibition.name, Exhibition.from_on, Exhibition.to_on, Exhibition.venue)
        .join(Application, Application.exhibition_id == Exhibition.id)
        .where(
            Application.producer_id == producer_id,
            Application.state == ApplicationState.ACCEPTED,
            Exhibition.state.in_(_HELD),
            Exhibition.from_on <= today,
        )
        .order_by(Exhibition.from_on.desc())
    )
    return [
        {"name": name, "from": a.isoformat() if a else None, "to": b.isoformat() if b else None, "venue": venue}
        for name, a, b, venue in rows
    ]


def offer(dossier: Dossier) -> Offer:
    """What can be proved of the dossier's product today; nothing that comes after this day counts, whatever the books hold."""
    s, today = session(), clock.today()
    since = today - SPAN
    product = s.get_one(Product, dossier.product_id)
    producer = s.get_one(Producer, dossier.producer_id)
    sold, at_fairs = _sales(dossier, since)
    outside = [row for row in sold if row["outside"]]
    shown = (Variant.product_id == product.id, Variant.state == VariantState.SHOWN)
    lots = s.execute(
        select(Lot.code, Lot.produced_on, Lot.expires_on, Lot.trace_code)
        .join(Variant, Variant.id == Lot.variant_id)
        .where(Variant.product_id == product.id, Lot.code != "", Lot.produced_on.is_(None) | (Lot.produced_on <= today))
        .order_by(Lot.id.desc())
    ).all()
    since_on = clock.business_day(product.published_at) if product.published_at else None
    traced = [row for row in lots if row.trace_code]
    packs = int(s.scalar(select(func.count()).select_from(Variant).where(*shown)) or 0)
    figures = {
        "outside": {
            "orders": sum(row["orders"] for row in outside),
            "units": sum(row["units"] for row in outside),
            "amount": sum(row["amount"] for row in outside),
            "places": len(outside),
            "rows": sold[:60],
        },
        "fairs": {"attended": _fairs(producer.id, today), "sold": at_fairs},
        "stall": {
            "online": product.state is ProductState.SHOWN and packs > 0 and (since_on is None or since_on <= today),
            "path": f"/san-pham/{product.slug}",
            "since": since_on.isoformat() if since_on and since_on <= today else None,
            "packs": packs,
            "photos": len(product.photos),
        },
        "story": {
            "product_words": len((product.story or "").split()),
            "producer_words": len((producer.story or "").split()),
            "in_english": bool(product.story_en or producer.story_en),
            "producer_path": f"/nha-san-xuat/{producer.slug}",
        },
        "trace": {
            "lots": len(lots),
            "traced": len(traced),
            "rows": [
                {
                    "lot": row.code,
                    "produced_on": row.produced_on.isoformat() if row.produced_on else None,
                    "trace_code": row.trace_code,
                }
                for row in traced[:20]
            ],
        },
    }
    return Offer(today, since, figures)
