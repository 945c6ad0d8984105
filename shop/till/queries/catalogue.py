"""What a device holds to sell for a day without a network: goods, prices, stock of its point, keepers, words of the receipt.

A key whose value would be null, false or empty is left out, so that 2,000 variants stay small.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from datetime import date, datetime
from typing import Any

from flask import current_app
from sqlalchemy import bindparam, case, or_, select

from shop.accounts.models import Grant, User
from shop.accounts.permissions import Role
from shop.catalog import rules as catalog_rules
from shop.catalog.models import (
    Certificate,
    Price,
    Product,
    ProductGroup,
    ProductKind,
    ProductSet,
    ProductState,
    Variant,
    VariantState,
)
from shop.catalog.queries.certificates import best_certificate
from shop.kernel import clock, text
from shop.kernel.db import execute
from shop.points import queries as points
from shop.points.queries import PointView
from shop.producers import rules as papers
from shop.producers.models import Producer, ProducerState
from shop.promotions import queries as promotions
from shop.promotions.services import lending
from shop.stock.models import SHOP, Lot, StockLevel
from shop.till import rules
from shop.till.models import KeeperPin

_HERE = (
    select(StockLevel.id)
    .where(StockLevel.variant_id == Variant.id, StockLevel.point_id == bindparam("point_id"), StockLevel.on_hand > 0)
    .correlate(Variant)
    .exists()
)
_VARIANTS = (
    select(
        Variant.id,
        Variant.sku,
        Variant.gtin,
        Variant.pack,
        Variant.net_unit,
        Product.name,
        Product.is_alcohol,
        Product.needs_certificate,
        Producer.identity_due,
        Producer.food_until,
        Producer.alcohol_until,
        ProductGroup.slug.label("group"),
        ProductSet.number.label("plate"),
        Producer.name.label("producer"),
        Price.id.label("price_id"),
        Price.amount,
        Price.compare_amount,
        Certificate.number.label("certificate"),
        Certificate.stars,
        Certificate.expires_on,
    )
    .join(Product, Product.id == Variant.product_id)
    .join(ProductSet, ProductSet.id == Product.set_id)
    .join(ProductGroup, ProductGroup.id == ProductSet.group_id)
    .join(Price, (Price.variant_id == Variant.id) & catalog_rules.price_in_force(bindparam("at")))
    .outerjoin(Producer, Producer.id == Product.producer_id)
    .outerjoin(Certificate, Certificate.id == best_certificate(bindparam("day")))
    .where(
        Variant.state == VariantState.SHOWN,
        Product.state == ProductState.SHOWN,
        Product.kind == ProductKind.GOODS,
        or_(Producer.id.is_(None), Producer.state != ProducerState.SUSPENDED),
    )
    .order_by(case((_HERE, 0), else_=1), Product.sort_name, Variant.position, Variant.id)
    .limit(rules.CATALOGUE_ROWS)
)
_LEVELS = (
    select(
        StockLevel.variant_id,
        StockLevel.owner,
        (StockLevel.on_hand - StockLevel.held - StockLevel.allocated).label("free"),
        Lot.code,
        Lot.expires_on,
    )
    .join(Lot, Lot.id == StockLevel.lot_id)
    .where(
        StockLevel.point_id == bindparam("point_id"),
        StockLevel.on_hand > 0,
        Lot.stopped_at.is_(None),
        or_(Lot.expires_on.is_(None), Lot.expires_on >= bindparam("day")),
    )
    .order_by(Lot.expires_on.is_(None), Lot.expires_on, StockLevel.id)
)
_KEEPERS = (
    select(User.id, User.name, Grant.role, KeeperPin.salt, KeeperPin.hash, KeeperPin.rounds)
    .join(Grant, Grant.user_id == User.id)
    .outerjoin(KeeperPin, KeeperPin.user_id == User.id)
    .where(
        Grant.role.in_(sorted(rules.KEEPER_ROLES)),
        Grant.scope.in_(bindparam("scopes", expanding=True)),
        User.disabled_at.is_(None),
        User.erased_at.is_(None),
    )
    .order_by(User.sort_name, User.id)
)


def point_of(point_id: int) -> PointView:
    """The point a device stands at; the kept list may be some seconds older than the point."""
    found = next((p for p in points.all_points() if p.id == point_id), None)
    if found is None:
        points.forget()
        found = next(p for p in points.all_points() if p.id == point_id)
    return found


def _address(street: str, locality: str) -> str:
    """The address of a point on a receipt; a place that the street's line names already is not named twice."""
    named = f" {text.fold(street).replace(',', ' ')} "
    more = [part for part in locality.split(", ") if f" {text.fold(part)} " not in named]
    return ", ".join(part for part in (street, *more) if part)


def point_facts(point: PointView) -> dict[str, Any]:
    """A point as a device knows it."""
    return {
        "id": point.id,
        "slug": point.slug,
        "name": point.name,
        "address": _address(point.address or "", point.locality_text or ""),
        "phone": point.phone or "",
    }


def shop_facts() -> dict[str, Any]:
    """The shop as receipts name it; `bank` is what a transfer's code is made of, None without an account."""
    config = current_app.extensions["shop_config"]
    bank = None
    if config.bank_bin and config.bank_account:
        account = "".join(c for c in config.bank_account if c.isalnum())
        bank = {"bin": config.bank_bin, "account": account, "name": config.bank_account_name or ""}
    return {
        "name": str(rules.SHOP_NAME.get()),
        "phone": str(rules.SHOP_PHONE.get()),
        "address": str(rules.SHOP_ADDRESS.get()),
        "bank": bank,
    }


def keepers(point_id: int) -> list[dict[str, Any]]:
    """Who may stand at the counter of a point, with what a device needs to know them by their PIN."""
    found: dict[int, dict[str, Any]] = {}
    roles: dict[int, set[Role]] = defaultdict(set)
    for row in execute(_KEEPERS, {"scopes": ["*", f"point:{point_id}"]}):
        roles[row.id].add(Role(row.role))
        pin = {"salt": row.salt, "hash": row.hash, "rounds": row.rounds} if row.hash else None
        found[row.id] = {"id": row.id, "name": row.name, "pin": pin}
    for user_id, keeper in found.items():
        keeper["discount_percent"] = rules.discount_percent(frozenset(roles[user_id]))
    return list(found.values())


def _stock(point_id: int, day: Any) -> dict[int, dict[str, Any]]:
    """Free units and fresh lots of each variant at a point, first expiring first, and whose they are if not the shop's."""
    names: dict[str, str] = {}
    found: dict[int, dict[str, Any]] = {}
    rows = execute(_LEVELS, {"point_id": point_id, "day": day}).all()
    owners = sorted({int(r.owner.partition(":")[2]) for r in rows if r.owner != SHOP and r.owner[9:].isdigit()})
    if owners:
        statement = select(Producer.id, Producer.name).where(Producer.id.in_(owners))
        names = {f"producer:{i}": name for i, name in execute(statement)}
    for row in rows:
        kept = found.setdefault(row.variant_id, {"stock": 0, "lots": {}, "owners": {}})
        kept["stock"] += row.free
        if row.owner in names:
            kept["owners"][names[row.owner]] = None
        if row.code or row.expires_on:
            lot = kept["lots"].setdefault((row.code, row.expires_on), 0)
            kept["lots"][row.code, row.expires_on] = lot + row.free
    return found


def _offers(at: datetime) -> dict[int, list[dict[str, Any]]]:
    """Timed sales that are on or begin soon, by variant; how many a device may sell it is told by itself (`lending`)."""
    return {
        variant_id: [
            {
                "id": o.offer_id, "name": o.name, "price": o.price_amount, "from": o.starts_at.isoformat(),
                "until": o.ends_at.isoformat(), "limit": o.person_limit or 0,
            }
            for o in some
            if o.starts_at <= at + lending.AHEAD and o.ends_at > at
        ]
        for variant_id, some in promotions.book_now().items()
    }  # fmt: skip


def here(point_id: int) -> list[int]:
    """The variants that lie at a point."""
    found = execute(
        select(StockLevel.variant_id).where(StockLevel.point_id == point_id, StockLevel.on_hand > 0).distinct()
    )
    return list(found.scalars())


def _variant(row: Any, here: dict[str, Any] | None, rule: str, offers: list[dict[str, Any]]) -> dict[str, Any]:
    needed = catalog_rules.needs_certificate(rule, row.needs_certificate)
    certificate: dict[str, Any] | None = None
    if needed or row.certificate:
        certificate = {"required": True} if needed else {}
        if row.certificate:
            certificate |= {
                "number": row.certificate, "stars": row.stars, "expires_on": row.expires_on.isoformat()
            }  # fmt: skip
    lots = [
        {"code": code, "expires_on": ends.isoformat() if ends else None, "stock": n}
        for (code, ends), n in (here["lots"].items() if here else ())
        if n > 0
    ]
    told = {
        "id": row.id,
        "sku": row.sku,
        "gtin": row.gtin,
        "name": row.name,
        "fold": text.fold(f"{row.name} {row.pack} {row.producer or ''}"),
        "pack": row.pack,
        "price": {"id": row.price_id, "amount": row.amount},
        "old_amount": row.compare_amount,
        "alcohol": row.is_alcohol,
        "lots": lots,
        "certificate": certificate,
        "owner_label": ", ".join(here["owners"]) if here else "",
        "plate": row.plate,
        "unit": row.net_unit,
        "offers": offers,
    }
    return {k: v for k, v in told.items() if v} | {"stock": here["stock"] if here else 0}


def _stopped(row: Any, rule: str, day: date) -> bool:
    """Whether the producer's papers do not let the goods be sold."""
    if row.producer is None:
        return False
    food = row.group in catalog_rules.FOOD_GROUPS
    return papers.refusal(
        row.identity_due, row.food_until, row.alcohol_until, food=food, alcohol=row.is_alcohol, day=day, rule=rule
    ) is not None  # fmt: skip


def catalogue(point_id: int, at: datetime) -> dict[str, Any]:
    """All a device of the point holds. `version` changes whenever anything of it but `at` does."""
    day = clock.business_day(at)
    rule, papers_rule = catalog_rules.CERTIFICATE_RULE.get(), papers.PAPERS_RULE.get()
    here, offers = _stock(point_id, day), _offers(at)
    point = point_of(point_id)
    base = current_app.extensions["shop_config"].base_url.rstrip("/")
    told = {
        "point": point_facts(point),
        "shop": shop_facts(),
        "keepers": keepers(point_id),
        "variants": [
            _variant(row, here.get(row.id), rule, offers.get(row.id, []))
            for row in execute(_VARIANTS, {"at": at, "day": day, "point_id": point_id})
            if not _stopped(row, papers_rule, day)
        ],
        "codes": promotions.has_codes_now(),
        "settings": {
            "float_default": int(rules.FLOAT.get()),
            "max_discount": max(int(found.get()) for found in rules.DISCOUNT.values()),
        },
        "receipts": {
            "header": [v for v in (str(rules.SHOP_NAME.get()), point.name, point_facts(point)["address"]) if v],
            "footer": str(rules.FOOTER.get()),
            "link": f"{base}/don-hang/{{number}}?k={{secret}}",
        },
    }
    version = hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]
    return {"version": version, "at": at.isoformat(), **told}
