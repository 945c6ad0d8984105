"""Reads of listings: what the catalogue says today, what is open, what is missing, what became of each change."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import and_, bindparam, case, exists, func, or_, select

from shop.catalog import queries as catalog
from shop.catalog import rules as catalog_rules
from shop.catalog.models import (
    Certificate,
    Photo,
    Price,
    Product,
    ProductGroup,
    ProductKind,
    ProductSet,
    ProductState,
    Variant,
    VariantState,
)
from shop.catalog.queries import PhotoView
from shop.catalog.queries.office import STATE_NAMES as PRODUCT_STATES
from shop.catalog.queries.office import covered, product_scope
from shop.kernel import clock, tables, text
from shop.kernel.db import UtcDateTime, session
from shop.kernel.errors import N_
from shop.listings import facts, rules
from shop.listings.facts import PackToday, Today
from shop.listings.models import (
    KIND_NAMES,
    OPEN,
    STATE_NAMES,
    Change,
    Decision,
    Kind,
    Line,
    Outcome,
    Picture,
    State,
    Step,
    Submission,
)
from shop.producers.models import Producer

# What a product's page needs before customers see it, in the order a person fills it in.
MISSING_NAMES = {
    "summary": N_("Tóm tắt một câu"),
    "place": N_("Nơi làm ra: xã, phường, đặc khu"),
    "ingredients": N_("Thành phần"),
    "shelf_life_days": N_("Hạn dùng"),
    "alcohol_percent": N_("Độ cồn"),
    "pack": N_("Ít nhất một quy cách"),
    "net_content": N_("Khối lượng tịnh hoặc thể tích của từng quy cách"),
    "weight_g": N_("Khối lượng cả bao bì của từng quy cách, để tính phí giao"),
    "price": N_("Giá bán của từng quy cách"),
    "photos": N_("Ít nhất một ảnh"),
}
# Groups whose goods are eaten or drunk.
EATEN = frozenset({"thuc-pham", "do-uong"})


def today(product: Product, at: datetime | None = None) -> Today:
    """The product as the catalogue has it at the instant `at` (now): two statements."""
    at = at or clock.now()
    rows = session().execute(
        select(Variant, Price.amount)
        .outerjoin(Price, (Price.variant_id == Variant.id) & catalog_rules.price_in_force(at))
        .where(Variant.product_id == product.id)
        .order_by(Variant.position, Variant.id)
    )
    packs = {variant.sku: PackToday(variant, amount) for variant, amount in rows}
    return Today(product, packs, facts.photo_wishes(photos_of(product.id)))


def photos_of(product_id: int) -> list[PhotoView]:
    """The product's photographs in the catalogue, as the open transaction sees them."""
    rows = session().execute(
        select(Photo.id, Photo.files, Photo.alt, Photo.alt_en, Photo.width, Photo.height)
        .where(Photo.product_id == product_id)
        .order_by(Photo.position, Photo.id)
    )
    return [PhotoView(*row) for row in rows]


def product_of(producer_id: int, product_id: int) -> Product | None:
    """The producer's own product with this id."""
    row = session().get(Product, product_id)
    return row if row is not None and row.producer_id == producer_id else None


def by_slug(slug: str) -> Product | None:
    """The product of this address, whatever its state."""
    return session().scalar(select(Product).where(Product.slug == slug))


def open_submission(product_id: int) -> Submission | None:
    """The product's open submission."""
    wanted = select(Submission).where(Submission.product_id == product_id, Submission.state.in_(OPEN))
    return session().scalar(wanted)


def submission(reference: str) -> Submission | None:
    """The submission of this reference."""
    return session().scalar(select(Submission).where(Submission.reference == reference))


def lines(submission_id: int) -> list[Line]:
    """What a submission wants, in the order it was written."""
    wanted = select(Line).where(Line.submission_id == submission_id).order_by(Line.id)
    return list(session().scalars(wanted))


def steps(submission_id: int) -> list[Step]:
    """How a submission came to its state."""
    return list(session().scalars(select(Step).where(Step.submission_id == submission_id).order_by(Step.id)))


def changes(product_id: int, limit: int = 100) -> list[Change]:
    """What became of a product's differences, the youngest first."""
    wanted = select(Change).where(Change.product_id == product_id).order_by(Change.id.desc()).limit(limit)
    return list(session().scalars(wanted))


def pictures(product_id: int, keys: Sequence[str]) -> dict[str, Picture]:
    """Pictures that were sent for the product, by reference."""
    if not keys:
        return {}
    wanted = select(Picture).where(Picture.product_id == product_id, Picture.reference.in_(keys))
    return {row.reference: row for row in session().scalars(wanted)}


def prices_lately(subject: str, now: int | None) -> list[int]:
    """The prices of a pack (đồng) that led to the one in force without a reviewer, within the window; empty without a price."""
    if now is None:
        return []
    rows = session().execute(price_steps([subject]))
    return rules.chain(now, [(before, after, outcome is Outcome.SHOWN) for _, before, after, outcome in rows])


def price_steps(subjects: Sequence[str]) -> Any:
    """The statement for the prices of packs (subject, before, after, outcome) within the window, the youngest first."""
    return (
        select(Change.subject, Change.before, Change.after, Change.outcome)
        .where(
            Change.subject.in_(subjects),
            Change.field == "price",
            Change.outcome.in_((Outcome.SHOWN, Outcome.APPROVED)),
            Change.at > clock.now() - rules.PRICE_WINDOW,
        )
        .order_by(Change.id.desc())
    )


def stars_held(product_id: int) -> int | None:
    """The stars of the product's own certificate in force today; None without one."""
    held = catalog.current_certificate(product_id, clock.today())
    return held.stars if held else None


def stars_of_producer(producer_id: int) -> frozenset[int]:
    """The stars of all certificates in force today of the producer's products."""
    rows = session().scalars(
        select(Certificate.stars)
        .join(Product, Product.id == Certificate.product_id)
        .where(Product.producer_id == producer_id, catalog_rules.certificate_in_force(clock.today()))
        .distinct()
    )
    return frozenset(rows)


def missing(now: Today) -> tuple[str, ...]:
    """What the product's page still needs (keys of `MISSING_NAMES`)."""
    p = now.product
    goods = p.kind is ProductKind.GOODS
    group = session().get(ProductSet, p.set_id)
    eaten = goods and group is not None and group.group.slug in EATEN
    packs = [pack for pack in now.packs.values() if pack.variant.state is VariantState.SHOWN]
    lacks = {
        "summary": not p.summary,
        "place": not (p.commune_code or p.locality_text),
        "ingredients": eaten and not p.ingredients,
        "shelf_life_days": eaten and p.shelf_life_days is None,
        "alcohol_percent": p.is_alcohol and p.alcohol_percent is None,
        "pack": goods and not packs,
        "net_content": goods and any(pack.variant.net_content is None for pack in packs),
        "weight_g": goods and any(pack.variant.weight_g is None for pack in packs),
        "price": goods and any(pack.price is None for pack in packs),
        "photos": not now.photos,
    }
    return tuple(name for name in MISSING_NAMES if lacks[name])


def wanted(found: Sequence[Line]) -> dict[str, Any]:
    """What the open lines say instead of the catalogue: facts by line key."""
    return {line.key: line.after for line in found if line.decision is not Decision.APPROVED}


def thumb(files: dict[str, dict[str, str]]) -> str:
    """The storage key of a photograph's small copy."""
    return catalog.small_photo(files) or ""


def arranged(product: Product) -> list[dict[str, Any]]:
    """The photographs of the product as its producer wants them: of the open submission, else the catalogue's."""
    row = open_submission(product.id)
    if row is not None and product.published_at is not None:
        for line in lines(row.id):
            if line.subject == facts.PHOTOS and line.decision is not Decision.APPROVED:
                return [dict(one) for one in line.after]
    return facts.photo_wishes(photos_of(product.id))


def files_of(product_id: int, key: str) -> dict[str, dict[str, str]] | None:
    """The files of a photograph of the product, in the catalogue (`c<id>`) or sent for it; None if there is none."""
    if key.startswith("c") and key[1:].isdigit():
        found = next((p for p in photos_of(product_id) if p.photo_id == int(key[1:])), None)
        return found.files if found else None
    row = pictures(product_id, [key]).get(key)
    return row.files if row else None


# --- lists -------------------------------------------------------------------------------------------------------


def set_name(set_id: int) -> str:
    """A product set by name."""
    return session().scalar(select(ProductSet.name).where(ProductSet.id == set_id)) or str(set_id)


def set_groups(chosen: int | None = None) -> list[tuple[str, list[tuple[int, str]]]]:
    """The sets in force by group, for a form: (group, [(id, name)]); the one `chosen` too if it is no longer in force."""
    now = clock.today()
    in_force = or_(ProductSet.valid_to.is_(None), ProductSet.valid_to > now)
    rows = session().execute(
        select(ProductGroup.name, ProductSet.id, ProductSet.name)
        .join(ProductGroup, ProductGroup.id == ProductSet.group_id)
        .where(or_(in_force, ProductSet.id == (chosen or 0)))
        .order_by(ProductSet.scheme.desc(), ProductSet.number)
    )
    found: dict[str, list[tuple[int, str]]] = {}
    for group, set_id, name in rows:
        found.setdefault(group, []).append((set_id, name))
    return list(found.items())


_PRICE_NOW = (
    select(Price.amount)
    .where(Price.variant_id == Variant.id, catalog_rules.price_in_force(bindparam("now", type_=UtcDateTime())))
    .correlate(Variant)
    .scalar_subquery()
)


def _listing_state(value: str) -> Any:
    if value in {s.value for s in OPEN}:
        return Submission.state == State(value)
    return Product.state == ProductState(value.removeprefix("product-"))


def _matches(q: str) -> Any:
    return or_(
        Product.slug.contains("-".join(text.words(q)) or "?", autoescape=True),
        Variant.sku.startswith(q.strip().upper(), autoescape=True),
        Variant.pack.icontains(q.strip(), autoescape=True),
    )


MINE = tables.Table(
    name="san-pham",
    order="name",
    tie=func.coalesce(Variant.id, 0),
    columns=[
        tables.Column("name", N_("Sản phẩm"), sort=(Product.sort_name, Product.id)),
        tables.Column("pack", N_("Quy cách"), sort=(Variant.pack,)),
        tables.Column("price", N_("Giá bán"), "num", value="price"),
        tables.Column(
            "state", N_("Trạng thái"), sort=(Product.state,), value=lambda r: gettext(PRODUCT_STATES[r.state])
        ),
        tables.Column(
            "review", N_("Duyệt"), sort=(Submission.state,),
            value=lambda r: gettext(STATE_NAMES[r.review]) if r.review else "",
        ),
        tables.Column("updated", N_("Sửa lúc"), sort=(Product.updated_at,), value="updated_at"),
        tables.Column("sku", N_("Mã hàng"), on_page=False, value="sku"),
    ],
    filters=[
        tables.Filter(
            "state",
            N_("Trạng thái"),
            _listing_state,
            [
                ("product-shown", PRODUCT_STATES[ProductState.SHOWN]),
                ("product-draft", PRODUCT_STATES[ProductState.DRAFT]),
                ("product-hidden", PRODUCT_STATES[ProductState.HIDDEN]),
                ("draft", N_("Có bản nháp chưa gửi")),
                ("sent", STATE_NAMES[State.SENT]),
                ("returned", STATE_NAMES[State.RETURNED]),
            ],
        ),
    ],
    search=_matches,
)  # fmt: skip


def mine(args: Mapping[str, str], producer_id: int) -> tables.View:
    """The producer's packs (and products without one) with price, state and what waits: one statement for a page."""
    rows = (
        select(
            Product.slug, Product.name, Product.state, Product.updated_at, Product.is_demo, Variant.sku, Variant.pack,
            Variant.state.label("pack_state"), _PRICE_NOW.label("price"), Submission.state.label("review"),
        )
        .outerjoin(Variant, Variant.product_id == Product.id)
        .outerjoin(Submission, and_(Submission.product_id == Product.id, Submission.state.in_(OPEN)))
        .where(Product.producer_id == producer_id)
        .params(now=clock.now())
    )  # fmt: skip
    return MINE.open(args, "/producer/listings", rows)


@dataclass(frozen=True, slots=True)
class Queued:
    """A submission in the office's list; `days` since it was sent."""

    reference: str
    kind: Kind
    state: State
    product: str
    producer: str
    lines: int
    sent_at: datetime | None
    sent_label: str | None
    is_demo: bool

    @property
    def days(self) -> int:
        """Whole days since it was sent."""
        return (clock.now() - self.sent_at).days if self.sent_at else 0

    @property
    def late(self) -> str:
        """The class of a row that has waited for over three days."""
        return "late" if self.state is State.SENT and self.days >= LATE_DAYS else ""


LATE_DAYS = 3
_WAITS = case((Submission.state == State.SENT, 0), else_=1)
_LINES = select(func.count()).where(Line.submission_id == Submission.id).correlate(Submission).scalar_subquery()


def _age(value: str) -> Any:
    return Submission.sent_at < clock.now() - timedelta(days=int(value))


def _about(value: str) -> Any:
    fields = {"price": ("price",), "photos": ("photos",), "name": ("name", "name_en")}[value]
    return exists().where(Line.submission_id == Submission.id, Line.field.in_(fields))


QUEUE = tables.Table(
    name="duyet-san-pham",
    order="sent",
    tie=Submission.id,
    columns=[
        tables.Column("product", N_("Sản phẩm"), sort=(Product.sort_name,)),
        tables.Column("producer", N_("Cơ sở sản xuất"), sort=(Producer.sort_name,)),
        tables.Column("kind", N_("Loại"), sort=(Submission.kind,), value=lambda r: gettext(KIND_NAMES[r.kind])),
        tables.Column("lines", N_("Mục"), "num"),
        tables.Column("sent", N_("Gửi lúc"), sort=(_WAITS, Submission.sent_at), value="sent_at"),
        tables.Column("state", N_("Tình trạng"), value=lambda r: gettext(STATE_NAMES[r.state])),
        tables.Column("reference", N_("Mã"), on_page=False),
        tables.Column("by", N_("Người gửi"), on_page=False, value="sent_label"),
    ],
    filters=[
        tables.Filter("state", N_("Tình trạng"), lambda v: Submission.state == State(v), list(STATE_NAMES.items())),
        tables.Filter("kind", N_("Loại"), lambda v: Submission.kind == Kind(v), list(KIND_NAMES.items())),
        tables.Filter(
            "about",
            N_("Có thay đổi về"),
            _about,
            [("price", N_("Giá bán")), ("photos", N_("Ảnh")), ("name", N_("Tên sản phẩm"))],
        ),
        tables.Filter(
            "age", N_("Chờ đã lâu"), _age, [("3", N_("Hơn 3 ngày")), ("7", N_("Hơn 7 ngày")), ("30", N_("Hơn 30 ngày"))]
        ),
    ],
    search=lambda q: or_(
        Submission.reference == q.strip().upper(),
        Product.slug.contains("-".join(text.words(q)) or "?", autoescape=True),
        Producer.slug.contains("-".join(text.words(q)) or "?", autoescape=True),
    ),
)


def queue(args: Mapping[str, str], scopes: Collection[str]) -> tables.View:
    """What producers have sent, of goods that `scopes` cover: at first what waits, the oldest first."""
    rows = (
        select(
            Submission.reference, Submission.kind, Submission.state, Product.name, Producer.name, _LINES, Submission.sent_at,
            Submission.sent_label, Submission.is_demo,
        )
        .join(Product, Product.id == Submission.product_id)
        .join(Producer, Producer.id == Submission.producer_id)
        .where(Submission.sent_at.is_not(None), covered(scopes))
    )  # fmt: skip
    return QUEUE.open(args, "/office/listings", rows, make=lambda row: Queued(*tuple(row)))


def submission_scope(reference: str) -> str | None:
    """The scope of the place that a submission's product is from (`locality:06661`); None: there is no such submission."""
    row = submission(reference)
    return None if row is None else product_scope(slug_of(row.product_id))


def waiting_in_office(scopes: Collection[str]) -> tuple[int, int]:
    """How many submissions of goods that `scopes` cover wait for a reviewer, and how many of them for over three days."""
    late = clock.now() - timedelta(days=LATE_DAYS)
    rows = session().execute(
        select(func.count(), func.count(case((Submission.sent_at < late, 1))))
        .select_from(Submission)
        .join(Product, Product.id == Submission.product_id)
        .join(Producer, Producer.id == Submission.producer_id)
        .where(Submission.state == State.SENT, covered(scopes))
    )
    found = rows.one()
    return int(found[0]), int(found[1])


def waiting_at(producer_id: int) -> tuple[int, int, int]:
    """How many of the producer's submissions were sent back, are drafts, wait for the office."""
    rows = session().execute(
        select(Submission.state, func.count())
        .where(Submission.producer_id == producer_id, Submission.state.in_(OPEN))
        .group_by(Submission.state)
    )
    found = {state: int(count) for state, count in rows}
    return found.get(State.RETURNED, 0), found.get(State.DRAFT, 0), found.get(State.SENT, 0)


def producer_name(producer_id: int) -> str:
    """A producer's name."""
    return session().scalar(select(Producer.name).where(Producer.id == producer_id)) or ""


def slug_of(product_id: int) -> str:
    """A product's address."""
    return session().scalar(select(Product.slug).where(Product.id == product_id)) or ""


def large_of(product_id: int, key: str) -> str:
    """The storage key of the largest JPEG of a photograph of the product; '' if there is none."""
    files = files_of(product_id, key) or {}
    widths = files.get("jpeg") or {}
    return widths[max(widths, key=int)] if widths else ""
