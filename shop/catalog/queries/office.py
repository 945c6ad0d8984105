"""Lists and records of the catalogue as staff see them, narrowed to what a reader's grants cover."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import and_, func, or_, select, true

from shop.catalog import rules
from shop.catalog.models import (
    CERTIFICATE_LEVEL_NAMES,
    Certificate,
    Listing,
    Price,
    Product,
    ProductGroup,
    ProductKind,
    ProductSet,
    ProductState,
    Variant,
    certificate_key,
)
from shop.catalog.queries.certificates import Standing, standing
from shop.kernel import audit, clock, tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_
from shop.producers import queries as producers
from shop.producers.models import Producer

STATE_NAMES = {
    ProductState.DRAFT: N_("Bản nháp"),
    ProductState.SHOWN: N_("Đang hiện"),
    ProductState.HIDDEN: N_("Đã ẩn"),
}
KIND_NAMES = {ProductKind.GOODS: N_("Hàng hóa"), ProductKind.SERVICE: N_("Dịch vụ (chỉ giới thiệu)")}
STANDING_NAMES = {
    Standing.VALID: N_("Còn hiệu lực"),
    Standing.PENDING: N_("Chưa có hiệu lực"),
    Standing.LAPSED: N_("Đã hết hiệu lực"),
    Standing.REVOKED: N_("Đã bị thu hồi"),
    Standing.REPLACED: N_("Đã được thay"),
}


ACTIONS = {
    "catalog.create": N_("Tạo sản phẩm"),
    "catalog.update": N_("Sửa thông tin"),
    "catalog.state": N_("Đổi trạng thái"),
    "catalog.add-variant": N_("Thêm quy cách"),
    "catalog.update-variant": N_("Sửa quy cách"),
    "catalog.variant-state": N_("Ẩn hoặc bán lại quy cách"),
    "catalog.set-price": N_("Đặt giá"),
    "catalog.end-price": N_("Ngừng giá"),
    "catalog.cancel-price": N_("Bỏ giá dự kiến"),
    "catalog.add-photo": N_("Thêm ảnh"),
    "catalog.change-photo": N_("Sửa ảnh"),
    "catalog.remove-photo": N_("Gỡ ảnh"),
    "catalog.issue-certificate": N_("Ghi chứng nhận"),
    "catalog.update-certificate": N_("Sửa chứng nhận"),
    "catalog.certificate-file": N_("Lưu bản chụp chứng nhận"),
    "catalog.revoke-certificate": N_("Thu hồi chứng nhận"),
    "catalog.replace-certificate": N_("Thay chứng nhận bằng chứng nhận mới"),
    "catalog.let-certificate-hold": N_("Cho dùng chứng nhận tiếp khi chờ gia hạn"),
    "catalog.end-holding": N_("Ngừng cho dùng chứng nhận tiếp"),
    "catalog.import": N_("Nhập từ tệp"),
}


def covered(scopes: Collection[str]) -> Any:
    """The condition that a reader whose grants have these scopes may see a product."""
    if "*" in scopes:
        return true()
    parts = [scope.partition(":") for scope in scopes]
    makers = [int(value) for kind, _sep, value in parts if kind == "producer" and value.isdigit()]
    communes = [value for kind, _sep, value in parts if kind == "locality"]
    return or_(Product.producer_id.in_(makers), Product.commune_code.in_(communes), Producer.commune_code.in_(communes))


def _slug(q: str) -> str:
    """What a person typed as it would stand in an address; a mark no address has if there is no letter in it."""
    return "-".join(text.words(q)) or "?"


# --- products ----------------------------------------------------------------------------------------------------


def _no_price() -> Any:
    now = clock.now()
    priced = (
        select(Price.id)
        .join(Variant, Variant.id == Price.variant_id)
        .where(Variant.product_id == Product.id, rules.price_in_force(now))
    )
    return and_(Product.kind == ProductKind.GOODS, ~priced.exists())


def _lacks(what: str) -> Any:
    if what == "price":
        return _no_price()
    if what == "photo":
        return Listing.picture.is_(None)
    if what == "weight":
        bare = select(Variant.id).where(Variant.product_id == Product.id, Variant.weight_g.is_(None))
        return bare.exists()
    if what == "producer":
        return Product.producer_id.is_(None)
    return and_(Product.needs_certificate, Listing.stars == 0)


def _of_group(slug: str) -> Any:
    return ProductGroup.slug == slug


PRODUCTS = tables.Table(
    name="products",
    order="-updated",
    tie=Product.id,
    columns=[
        tables.Column("name", N_("Tên"), sort=(Product.sort_name,)),
        tables.Column("producer", N_("Nhà sản xuất"), sort=(Producer.sort_name,), value="producer_name"),
        tables.Column(
            "set", N_("Bộ sản phẩm"), sort=(ProductSet.number,), value=lambda r: f"{r.set_number}. {r.set_name}"
        ),
        tables.Column("price", N_("Giá từ"), "num", sort=(Listing.price_amount,), value="price_amount"),
        tables.Column("stars", N_("Sao"), "num", sort=(Listing.stars,), value=lambda r: r.stars or None),
        tables.Column("state", N_("Trạng thái"), sort=(Product.state,), value=lambda r: gettext(STATE_NAMES[r.state])),
        tables.Column("updated", N_("Sửa lúc"), sort=(Product.updated_at,), value="updated_at"),
        tables.Column("slug", N_("Địa chỉ"), on_page=False),
        tables.Column("place", N_("Địa phương"), on_page=False, value=producers.place_of),
        tables.Column("alcohol", N_("Có cồn"), on_page=False, value="is_alcohol"),
        tables.Column("certificate", N_("Số chứng nhận"), on_page=False, value="certificate_number"),
        tables.Column("source", N_("Nguồn"), on_page=False, value="source_url"),
        tables.Column("demo", N_("Minh họa"), on_page=False, value="is_demo"),
    ],
    filters=[
        tables.Filter("state", N_("Trạng thái"), lambda v: Product.state == v, list(STATE_NAMES.items())),
        tables.Filter("group", N_("Nhóm"), _of_group, lambda: [(g.slug, g.name) for g in groups(current=True)]),
        tables.Filter(
            "lacks",
            N_("Còn thiếu"),
            _lacks,
            [
                ("price", N_("giá bán")),
                ("photo", N_("ảnh")),
                ("weight", N_("khối lượng")),
                ("producer", N_("nhà sản xuất")),
                ("certificate", N_("chứng nhận phải có")),
            ],
        ),
        tables.Filter(
            "kind",
            N_("Loại"),
            lambda v: Product.is_alcohol if v == "alcohol" else Product.kind == v,
            [*KIND_NAMES.items(), ("alcohol", N_("Đồ uống có cồn"))],
        ),
    ],
    search=lambda q: or_(
        Product.slug.contains(_slug(q), autoescape=True),
        Product.name.icontains(q, autoescape=True),
        Producer.slug.contains(_slug(q), autoescape=True),
        select(Variant.id)
        .where(
            Variant.product_id == Product.id,
            or_(Variant.sku.startswith(q.upper(), autoescape=True), Variant.gtin == q),
        )
        .exists(),
    ),
)


def products(args: Mapping[str, str], scopes: Collection[str]) -> tables.View:
    """The office's list of products."""
    p = Product
    statement = (
        select(
            p.id, p.slug, p.name, p.state, p.kind, p.is_alcohol, p.is_demo, p.updated_at, p.commune_code, p.locality_text,
            p.source_url, p.needs_certificate, ProductSet.number.label("set_number"), ProductSet.name.label("set_name"),
            Producer.name.label("producer_name"), Listing.price_amount, Listing.choices, Listing.stars,
            Listing.stars_until, Listing.certificate_number,
        )
        .join(ProductSet, ProductSet.id == p.set_id)
        .join(ProductGroup, ProductGroup.id == ProductSet.group_id)
        .outerjoin(Producer, Producer.id == p.producer_id)
        .outerjoin(Listing, Listing.product_id == p.id)
        .where(covered(scopes))
    )  # fmt: skip
    return PRODUCTS.open(args, "/office/products", statement)


def product(slug: str) -> Product | None:
    """The product of this address in whatever state."""
    return session().scalars(select(Product).where(Product.slug == slug)).one_or_none()


def product_slug(product_id: int) -> str:
    """The address of the product with this id."""
    return str(session().scalar(select(Product.slug).where(Product.id == product_id)))


def product_scope(slug: str) -> str | None:
    """The scope of a product for grants that name a locality: its own commune's, else its maker's; None: there is none."""
    row = (
        session()
        .execute(
            select(Product.commune_code, Producer.commune_code)
            .outerjoin(Producer, Producer.id == Product.producer_id)
            .where(Product.slug == slug)
        )
        .one_or_none()
    )
    code = None if row is None else row[0] or row[1]
    return f"locality:{code}" if code else None


@dataclass(frozen=True, slots=True)
class PriceView:
    """A price of a pack; `now` is -1 for a past one, 0 for the one in force, 1 for a planned one."""

    price_id: int
    amount: int
    compare_amount: int | None
    valid_from: datetime
    valid_to: datetime | None
    is_demo: bool
    source: str | None
    now: int


def prices(variant_id: int) -> list[PriceView]:
    """All prices of a pack, latest first."""
    now = clock.now()
    rows = session().scalars(select(Price).where(Price.variant_id == variant_id).order_by(Price.valid_from.desc()))
    return [
        PriceView(
            p.id, p.amount, p.compare_amount, p.valid_from, p.valid_to, p.is_demo, p.source,
            1 if p.valid_from > now else (-1 if p.valid_to is not None and p.valid_to <= now else 0),
        )
        for p in rows
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class PackRow:
    """A pack in the office's record of a product, with its price in force and the next one planned."""

    variant: Variant
    price_amount: int | None
    planned: PriceView | None


def packs(product_id: int) -> list[PackRow]:
    """All packs of a product in their order."""
    variants = session().scalars(
        select(Variant).where(Variant.product_id == product_id).order_by(Variant.position, Variant.id)
    )
    found = []
    for v in variants.all():
        spans = prices(v.id)
        current = next((p for p in spans if p.now == 0), None)
        planned = [p for p in spans if p.now == 1]
        found.append(PackRow(v, current.amount if current else None, planned[-1] if planned else None))
    return found


def pack(product_id: int, sku: str) -> Variant | None:
    """The pack of a product with this SKU."""
    return session().scalars(select(Variant).where(Variant.product_id == product_id, Variant.sku == sku)).one_or_none()


# --- groups and sets ---------------------------------------------------------------------------------------------


def groups(*, current: bool = False) -> list[ProductGroup]:
    """The groups of all lists, newest list first; `current`: of the list in force only."""
    statement = select(ProductGroup).order_by(ProductGroup.scheme.desc(), ProductGroup.id)
    found = list(session().scalars(statement))
    return [g for g in found if g.scheme == found[0].scheme] if current and found else found


def set_choices() -> list[tuple[int, str]]:
    """(id, "number. name") of the sets in force, for a form."""
    today = clock.today()
    rows = session().execute(
        select(ProductSet.id, ProductSet.number, ProductSet.name)
        .where(or_(ProductSet.valid_to.is_(None), ProductSet.valid_to > today))
        .order_by(ProductSet.scheme.desc(), ProductSet.number)
    )
    return [(row.id, f"{row.number}. {row.name}") for row in rows]


def sets() -> list[tuple[ProductSet, int]]:
    """All sets with how many products each has."""
    rows = session().execute(
        select(ProductSet, func.count(Product.id))
        .outerjoin(Product, Product.set_id == ProductSet.id)
        .group_by(ProductSet.id)
        .order_by(ProductSet.scheme.desc(), ProductSet.number)
    )
    return [(row[0], row[1]) for row in rows]


# --- certificates ------------------------------------------------------------------------------------------------


def _stands(value: str) -> Any:
    today = clock.today()
    c = Certificate
    revoked = and_(c.revoked_on.is_not(None), c.revoked_on <= today)
    if value == Standing.REVOKED:
        return and_(revoked, c.replaced_by_id.is_(None))
    if value == Standing.REPLACED:
        return and_(revoked, c.replaced_by_id.is_not(None))
    if value == Standing.LAPSED:
        return and_(~revoked, c.expires_on < today)
    if value == Standing.PENDING:
        return and_(~revoked, c.issued_on > today)
    return rules.certificate_in_force(today)


def _ends(value: str) -> Any:
    today = clock.today()
    return and_(rules.certificate_in_force(today), Certificate.expires_on <= today + timedelta(days=int(value)))


CERTIFICATES = tables.Table(
    name="certificates",
    order="expires",
    tie=Certificate.id,
    columns=[
        tables.Column("number", N_("Số"), sort=(Certificate.number,)),
        tables.Column("product", N_("Sản phẩm"), sort=(Product.sort_name,), value="product_name"),
        tables.Column("producer", N_("Nhà sản xuất"), sort=(Producer.sort_name,), value="producer_name"),
        tables.Column("stars", N_("Sao"), "num", sort=(Certificate.stars,)),
        tables.Column(
            "level", N_("Cấp"), sort=(Certificate.level,), value=lambda r: gettext(CERTIFICATE_LEVEL_NAMES[r.level])
        ),
        tables.Column("issued", N_("Ngày cấp"), sort=(Certificate.issued_on,), value="issued_on"),
        tables.Column("expires", N_("Hiệu lực đến hết"), sort=(Certificate.expires_on,), value="expires_on"),
        tables.Column(
            "standing", N_("Tình trạng"), value=lambda r: gettext(STANDING_NAMES[standing(r, clock.today())])
        ),
        tables.Column("decision", N_("Quyết định"), on_page=False, value="decision_number"),
        tables.Column("score", N_("Điểm"), on_page=False),
        tables.Column("demo", N_("Minh họa"), on_page=False, value="is_demo"),
    ],
    filters=[
        tables.Filter("standing", N_("Tình trạng"), _stands, list(STANDING_NAMES.items())),
        tables.Filter(
            "ends",
            N_("Sắp hết hạn"),
            _ends,
            [("30", N_("trong 30 ngày")), ("120", N_("trong 120 ngày")), ("180", N_("trong 180 ngày"))],
        ),
        tables.Filter("stars", N_("Sao"), lambda v: Certificate.stars == int(v), [("3", "3"), ("4", "4"), ("5", "5")]),
        tables.Filter("level", N_("Cấp"), lambda v: Certificate.level == v, list(CERTIFICATE_LEVEL_NAMES.items())),
    ],
    search=lambda q: or_(
        Certificate.number_key.contains(certificate_key(q) or "?", autoescape=True),
        Product.slug.contains(_slug(q), autoescape=True),
        Producer.slug.contains(_slug(q), autoescape=True),
    ),
)


def certificates(args: Mapping[str, str], scopes: Collection[str]) -> tables.View:
    """The office's list of certificates."""
    c = Certificate
    statement = (
        select(
            c.id, c.number, c.stars, c.level, c.issued_on, c.expires_on, c.revoked_on, c.replaced_by_id, c.decision_number,
            c.score, c.is_demo, Product.slug, Product.name.label("product_name"), Producer.name.label("producer_name"),
        )
        .join(Product, Product.id == c.product_id)
        .outerjoin(Producer, Producer.id == Product.producer_id)
        .where(covered(scopes))
    )  # fmt: skip
    return CERTIFICATES.open(args, "/office/certificates", statement)


def certificate(certificate_id: int) -> Certificate | None:
    """The certificate with this id."""
    return session().get(Certificate, certificate_id)


def certificates_of(product_id: int) -> list[tuple[Certificate, Standing]]:
    """All certificates a product has had, latest first, with what each is today."""
    today = clock.today()
    rows = session().scalars(
        select(Certificate).where(Certificate.product_id == product_id).order_by(Certificate.expires_on.desc())
    )
    return [(c, standing(c, today)) for c in rows]


def days_left(expires_on: date) -> int:
    """Days from today to the last day of a certificate."""
    return (expires_on - clock.today()).days


def history(target: str, count: int = 30) -> list[audit.AuditRow]:
    """What the audit log says of `target`, latest first."""
    return list(
        session().scalars(
            select(audit.AuditRow)
            .where(audit.AuditRow.target == target)
            .order_by(audit.AuditRow.id.desc())
            .limit(count)
        )
    )
