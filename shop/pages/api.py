"""`/api/v1`: what the shop shows the public, for other programs. Read only, no key; goods for adults are left out.

Lists go on after the last address of a page (`after`), so a page never repeats or skips what was there all the time.
Amounts are whole đồng. Refusals are problem+json (RFC 9457). `flask openapi` prints the description.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any

from flask import Blueprint, Response, current_app, jsonify, request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from spectree import Response as Answers
from spectree import SpecTree

from shop.accounts.guards import public
from shop.catalog import browse
from shop.catalog import queries as catalog
from shop.catalog.models import ProductKind
from shop.kernel import clock, web
from shop.kernel.errors import Invalid, NotFound
from shop.kernel.limits import limiter
from shop.pages import queries
from shop.points import queries as points
from shop.points.models import PointKind
from shop.promotions import queries as promotions
from shop.stock import queries as stock

bp = Blueprint("pages", __name__)

PER_ADDRESS = "240 per minute"


class Problem(BaseModel):
    """Why a request was refused (RFC 9457)."""

    type: str
    code: str
    title: str
    status: int
    field: str | None = None


spec = SpecTree(
    "flask",
    title="Chợ Bến",
    description="Goods, producers and shops of the OCOP programme of Quảng Ninh, as the public sees them.",
    version="1",
    mode="strict",
    annotations=False,
    naming_strategy=lambda model: model.__name__,
    nested_naming_strategy=lambda _parent, child: child,
    validation_error_model=Problem,
    before=lambda *_: None,
    after=lambda *_: None,
)


class Page(BaseModel):
    """Which part of a list: after which address, how many."""

    model_config = ConfigDict(extra="ignore")

    after: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{0,80}$")] = Field(
        "", description="`next` of the page before; empty for the first page"
    )
    limit: int = Field(50, ge=1, le=200)


class Maker(BaseModel):
    slug: str
    name: str


class ProductLine(BaseModel):
    """A product in a list. `price_amount` is that of its cheapest pack, `availability` over all ways of delivery."""

    slug: str
    url: str
    name: str
    name_en: str | None
    kind: str
    producer: Maker | None
    place: str | None
    product_set: int = Field(description="number of the OCOP product set (1–26)")
    price_amount: int | None = Field(description="whole đồng, tax included; null: not sold now")
    availability: str = Field(description="in_stock, out_of_stock or not_sold")
    stars: int = Field(description="of the certificate in force today; 0: none")
    certificate_number: str | None
    certificate_until: date | None
    is_demo: bool = Field(description="something of it was made up for a demonstration")


class ProductPage(BaseModel):
    items: list[ProductLine]
    next: str | None = Field(description="`after` of the next page; null on the last one")


class Pack(BaseModel):
    sku: str
    gtin: str | None
    name: str
    name_en: str | None
    net_content: Decimal | None
    net_unit: str | None = Field(description="UN/ECE Recommendation 20")
    weight_g: int | None
    price_amount: int | None = Field(description="whole đồng, tax included, without any sale; null: not sold now")
    sale_price_amount: int | None = Field(None, description="of the timed sale that is on, while its quota lasts")
    sale_until: datetime | None = None
    availability: str


class ProductDetail(ProductLine):
    story: str | None
    story_en: str | None
    ingredients: str | None
    storage: str | None
    shelf_life_days: int | None
    allergens: list[str]
    season_months: list[int] = Field(description="1 to 12; empty: all year")
    source_url: str | None
    packs: list[Pack]


class ProducerLine(BaseModel):
    slug: str
    url: str
    name: str
    legal_form: str | None
    province_code: str | None
    commune_code: str | None
    place: str | None


class ProducerPage(BaseModel):
    items: list[ProducerLine]
    next: str | None


class PointLine(BaseModel):
    slug: str
    url: str
    name: str
    kind: str
    province_code: str
    commune_code: str | None
    address: str | None
    phone: str | None
    latitude: float | None
    longitude: float | None
    hours: dict[str, list[str]] | None = Field(description="per weekday opening and closing; null: unknown")
    services: list[str]
    pickup: bool
    opened_on: date | None
    closed_on: date | None
    is_demo: bool


class PointList(BaseModel):
    items: list[PointLine]


class CertificateCheck(BaseModel):
    """A certificate as it stands on `checked_on`."""

    number: str
    standing: str = Field(description="valid, pending, lapsed, replaced or revoked")
    stars: int
    level: str
    decision_number: str | None
    issued_on: date
    expires_on: date
    revoked_on: date | None
    product: Maker
    producer: Maker | None
    is_demo: bool
    checked_on: date


REFUSED = {"HTTP_404": Problem, "HTTP_429": Problem}


def _page() -> Page:
    """The part of a list that the address asks for.

    Raises:
        Invalid: it makes no sense; the error names the first wrong field.
    """
    try:
        return Page.model_validate(request.args.to_dict())
    except ValidationError as error:
        raise Invalid(field=str(error.errors()[0]["loc"][0])) from None


def _url(path: str) -> str:
    return str(current_app.extensions["shop_config"].base_url) + path


def _json(model: BaseModel) -> Response:
    return jsonify(model.model_dump(mode="json"))


def _availability(left: int, price: int | None) -> str:
    if price is None:
        return "not_sold"
    return "in_stock" if left > 0 else "out_of_stock"


def _line(row: browse.Row, left: int, today: date) -> ProductLine:
    certified = bool(row.stars and row.stars_until is not None and row.stars_until >= today)
    goods = row.kind == ProductKind.GOODS
    return ProductLine(
        slug=row.slug,
        url=_url(f"/san-pham/{row.slug}"),
        name=row.name,
        name_en=row.name_en,
        kind=str(row.kind),
        producer=Maker(slug=row.producer_slug, name=row.producer_name)
        if row.producer_slug and row.producer_name
        else None,
        place=row.place,
        product_set=row.set_no,
        price_amount=row.price_amount if goods else None,
        availability=_availability(left, row.price_amount if goods else None),
        stars=row.stars if certified else 0,
        certificate_number=row.certificate_number if certified else None,
        certificate_until=row.stars_until if certified else None,
        is_demo=row.is_demo,
    )


@bp.get("/products")
@public
@spec.validate(query=Page, resp=Answers(HTTP_200=ProductPage, HTTP_422=Problem, **REFUSED), skip_validation=True)
@limiter.limit(PER_ADDRESS)
@web.public_page()
def product_list() -> Response:
    """Products, in the order of their addresses."""
    page = _page()
    ids, following = queries.products_after(page.after, page.limit)
    rows = browse.rows_of(ids)
    counts = stock.availability([v for row in rows for v in row.variant_ids])
    today = clock.today()
    items = [_line(row, sum(counts.get(v, stock.NONE_LEFT).total for v in row.variant_ids), today) for row in rows]
    return _json(ProductPage(items=items, next=following))


@bp.get("/products/<slug>")
@public
@spec.validate(resp=Answers(HTTP_200=ProductDetail, **REFUSED), skip_validation=True)
@limiter.limit(PER_ADDRESS)
@web.public_page()
def product_detail(slug: str) -> Response:
    """One product with its packs."""
    found = catalog.product_page(slug, clock.now())
    rows = browse.rows_of([found.product.id]) if found is not None and not found.product.is_alcohol else []
    if found is None or not rows:
        raise NotFound
    counts = stock.availability([pack.variant_id for pack in found.packs])
    left = {pack.variant_id: counts.get(pack.variant_id, stock.NONE_LEFT).total for pack in found.packs}
    sales = promotions.shown(left)
    p = found.product
    line = _line(rows[0], sum(left.values()), clock.today())
    packs = [
        Pack(
            sku=pack.sku,
            gtin=pack.gtin,
            name=pack.name,
            name_en=pack.name_en,
            net_content=pack.net_content,
            net_unit=pack.net_unit,
            weight_g=pack.weight_g,
            price_amount=pack.price_amount,
            sale_price_amount=sales[pack.variant_id].price_amount if pack.variant_id in sales else None,
            sale_until=sales[pack.variant_id].ends_at if pack.variant_id in sales else None,
            availability=_availability(left[pack.variant_id], pack.price_amount),
        )
        for pack in found.packs
    ]
    return _json(
        ProductDetail(
            **line.model_dump(),
            story=p.story,
            story_en=p.story_en,
            ingredients=p.ingredients,
            storage=p.storage_note,
            shelf_life_days=p.shelf_life_days,
            allergens=list(p.allergens or []),
            season_months=[m for m in range(1, 13) if p.season_months >> (m - 1) & 1],
            source_url=p.source_url,
            packs=packs,
        )
    )


@bp.get("/producers")
@public
@spec.validate(query=Page, resp=Answers(HTTP_200=ProducerPage, HTTP_422=Problem, **REFUSED), skip_validation=True)
@limiter.limit(PER_ADDRESS)
@web.public_page()
def producer_list() -> Response:
    """Producers, in the order of their addresses."""
    page = _page()
    rows, following = queries.producers_after(page.after, page.limit)
    items = [
        ProducerLine(
            slug=p.slug,
            url=_url(f"/nha-san-xuat/{p.slug}"),
            name=p.name,
            legal_form=p.legal_form.value if p.legal_form else None,
            province_code=p.province_code,
            commune_code=p.commune_code,
            place=p.locality_text,
        )
        for p in rows
    ]
    return _json(ProducerPage(items=items, next=following))


@bp.get("/points")
@public
@spec.validate(resp=Answers(HTTP_200=PointList, **REFUSED), skip_validation=True)
@limiter.limit(PER_ADDRESS)
@web.public_page()
def point_list() -> Response:
    """Shops that are open or will be; fair venues are left out."""
    today = clock.today()
    items = [
        PointLine(
            slug=p.slug,
            url=_url(f"/diem-ban/{p.slug}"),
            name=p.name,
            kind=p.kind.value,
            province_code=p.province_code,
            commune_code=p.commune_code,
            address=p.address,
            phone=p.phone,
            latitude=p.latitude,
            longitude=p.longitude,
            hours=None if p.hours is None else {day: list(span) for day, span in p.hours.items()},
            services=list(p.services),
            pickup=p.pickup,
            opened_on=p.opened_on,
            closed_on=p.closed_on,
            is_demo=p.is_demo,
        )
        for p in points.public_points()
        if p.kind is not PointKind.FAIR and (p.closed_on is None or p.closed_on > today)
    ]
    return _json(PointList(items=items))


@bp.get("/certificates/<path:number>")
@public
@spec.validate(resp=Answers(HTTP_200=CertificateCheck, **REFUSED), skip_validation=True)
@limiter.limit(PER_ADDRESS)
@web.public_page()
def certificate_check(number: str) -> Response:
    """How a certificate stands today; marks, blanks and separators of the number do not matter."""
    found = catalog.certificate_by_number(number[:200])
    if found is None:
        raise NotFound
    c, product, maker = found
    today = clock.today()
    return _json(
        CertificateCheck(
            number=c.number,
            standing=catalog.standing(c, today).value,
            stars=c.stars,
            level=c.level.value,
            decision_number=c.decision_number,
            issued_on=c.issued_on,
            expires_on=c.expires_on,
            revoked_on=c.revoked_on,
            product=Maker(slug=product.slug, name=product.name),
            producer=Maker(slug=maker.slug, name=maker.name) if maker else None,
            is_demo=c.is_demo,
            checked_on=today,
        )
    )


@cache
def _described() -> dict[str, Any]:
    """What spectree makes of this module, once: it takes the nested models out of its own registry while it writes."""
    spec.app = current_app
    made: dict[str, Any] = spec._generate_spec()
    for path in made["paths"].values():
        for operation in path.values():
            for status, answer in operation["responses"].items():
                if not status.startswith("2") and "content" in answer:
                    answer["content"] = {"application/problem+json": next(iter(answer["content"].values()))}
    return made


def document() -> dict[str, Any]:
    """The OpenAPI 3.1 description of this door."""
    return _described() | {"servers": [{"url": _url("")}]}


@bp.get("/openapi.json")
@public
@web.public_page()
def openapi() -> Response:
    """The description of this door."""
    return jsonify(document())
