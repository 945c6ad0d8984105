"""Reads of listings: what the catalogue says today, what is open, what is missing, what became of each change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from shop.catalog import queries as catalog
from shop.catalog import rules as catalog_rules
from shop.catalog.models import Photo, Price, Product, ProductKind, ProductSet, Variant, VariantState
from shop.catalog.queries import PhotoView
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.errors import N_
from shop.listings import facts, rules
from shop.listings.facts import PackToday, Today
from shop.listings.models import OPEN, Change, Decision, Line, Outcome, Picture, Step, Submission

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
