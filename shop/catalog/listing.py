"""Keep the rows that lists read in step with the catalogue (`Listing`), and the words that search reads (`search`).

`refresh` runs inside the transaction of whoever changed a product, so a page never shows what has been changed away. What
changes by itself, a price that begins, a certificate or a producer's paper that ends, is met by `refresh_due`, each minute.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy import text as sql
from sqlalchemy.dialects import postgresql, sqlite

from shop.catalog import rules, search
from shop.catalog.events import ListingsRebuilt
from shop.catalog.models import (
    Certificate,
    Listing,
    Photo,
    Price,
    Product,
    ProductGroup,
    ProductKind,
    ProductSet,
    ProductState,
    Shelf,
    Variant,
    VariantState,
)
from shop.kernel import clock, text
from shop.kernel.db import in_batches, is_sqlite, session, transaction
from shop.kernel.events import publish
from shop.places import queries as places
from shop.producers import rules as papers
from shop.producers.models import FOREVER, Producer, ProducerState

# Weights of the one number that "Nổi bật" sorts by: first what can be had, then stars in force, then what people buy
# (steps of twice as much), then what came last (days). The page of ranking criteria says the same in words.
_IN_STOCK = 10**9
_STAR = 10**8
_SOLD_STEP = 10**6
# "Nhiều sao nhất": stars outweigh all the rest.
_STAR_FIRST = 10**10
_FIRST_DAY = date(2014, 1, 1)


def rank_of(in_stock: bool, stars: int, sold: int, published_at: datetime) -> int:
    """The number that the default order sorts by, highest first."""
    days = max(0, min(999_999, (clock.business_day(published_at) - _FIRST_DAY).days))
    return in_stock * _IN_STOCK + stars * _STAR + min(sold.bit_length(), 99) * _SOLD_STEP + days


# --- making rows -------------------------------------------------------------------------------------------------


@cache
def _upsert(kind: str, columns: tuple[str, ...]) -> Any:
    """A statement that writes rows of `columns` or changes those that are there; naming all its columns takes a while."""
    insert = (sqlite if kind == "sqlite" else postgresql).insert(Listing.__table__)
    changed = {column: insert.excluded[column] for column in columns if column != "product_id"}
    return insert.on_conflict_do_update(index_elements=["product_id"], set_=changed)


@contextmanager
def gathered() -> Iterator[None]:
    """Inside one transaction: refresh once at the end what many commands change, instead of after each of them.

    For loaders and imports; if the block fails, so does the transaction, and nothing is refreshed.
    """
    info = session().info
    if "listing_gathered" in info:
        yield
        return
    info["listing_gathered"] = set()
    try:
        yield
        ids = info.pop("listing_gathered")
        refresh(ids)
    finally:
        info.pop("listing_gathered", None)


def refresh(product_ids: Iterable[int]) -> None:
    """Make the rows and search words of these products anew. Call inside the transaction that changed them."""
    waiting: set[int] | None = session().info.get("listing_gathered")
    if waiting is not None:
        waiting.update(product_ids)
        return
    for batch in in_batches(sorted(set(product_ids))):
        _refresh(batch)


_PRODUCTS = (
    select(
        *Product.__table__.c[
            "id", "slug", "name", "name_en", "sort_name", "kind", "producer_id", "set_id", "is_alcohol", "cold",
            "season_months", "needs_certificate", "province_code", "commune_code", "locality_text", "state",
            "is_demo", "published_at", "created_at",
        ],
        Producer.name.label("producer_name"),
        Producer.slug.label("producer_slug"),
        Producer.state.label("producer_state"),
        Producer.province_code.label("producer_province"),
        Producer.commune_code.label("producer_commune"),
        Producer.locality_text.label("producer_locality"),
        Producer.identity_due,
        Producer.food_until,
        Producer.alcohol_until,
        ProductSet.number.label("set_no"),
        ProductSet.name.label("set_name"),
        ProductSet.name_en.label("set_name_en"),
        ProductSet.group_id,
        ProductGroup.slug.label("group_slug"),
        ProductGroup.name.label("group_name"),
        ProductGroup.name_en.label("group_name_en"),
    )
    .join(ProductSet, ProductSet.id == Product.set_id)
    .join(ProductGroup, ProductGroup.id == ProductSet.group_id)
    .outerjoin(Producer, Producer.id == Product.producer_id)
)  # fmt: skip


def _refresh(ids: Sequence[int], *, words: bool = True) -> None:
    s = session()
    s.flush()
    # Locked first, so that of two who change one product the second sees what the first has written.
    before = {
        row.product_id: row
        for row in s.execute(
            select(
                Listing.product_id, Listing.shelf, Listing.name, Listing.name_en, Listing.search_text,
                Listing.in_stock, Listing.sold,
            )
            .where(Listing.product_id.in_(ids))
            .order_by(Listing.product_id)
            .with_for_update()
        )
    }  # fmt: skip
    now, today = clock.now(), clock.today()
    products = s.execute(_PRODUCTS.where(Product.id.in_(ids))).all()
    packs = _packs(ids)
    prices, price_turns = _prices([v.id for vs in packs.values() for v in vs], now)
    certificates, certificate_turns = _certificates(ids, today)
    photos = _photos(ids)
    units = places.on_day().by_code
    papers_rule = papers.PAPERS_RULE.get()
    rows, changes = [], []
    for p in products:
        had = before.get(p.id)
        shown = p.state == ProductState.SHOWN and p.producer_state != ProducerState.SUSPENDED
        food = p.group_slug in rules.FOOD_GROUPS
        # What a producer's papers do not let be sold is not offered either.
        if shown and p.producer_id is not None and p.kind == ProductKind.GOODS:
            refused = papers.refusal(
                p.identity_due,
                p.food_until,
                p.alcohol_until,
                food=food,
                alcohol=p.is_alcohol,
                day=today,
                rule=papers_rule,
            )
            shown = refused is None
        shelf = (Shelf.ADULTS if p.is_alcohol else Shelf.EVERYBODY) if shown else Shelf.HIDDEN
        own_place = p.commune_code or p.locality_text
        commune = p.commune_code if own_place else p.producer_commune
        locality = p.locality_text if own_place else p.producer_locality
        unit = units.get(commune) if commune else None
        place = unit.name if unit else locality
        place_key = commune or (text.slugify(locality) if locality else "")
        variants = packs.get(p.id, [])
        priced = sorted((v for v in variants if v.id in prices), key=lambda v: (prices[v.id].amount, v.position, v.id))
        best = priced[0] if priced else None
        price = prices[best.id] if best else None
        certificate = certificates.get(p.id)
        stars = certificate.stars if certificate else 0
        photo = photos.get(p.id)
        published = p.published_at or p.created_at
        in_stock, sold = (had.in_stock, had.sold) if had else (0, 0)
        rank = rank_of(bool(in_stock), stars, sold, published)
        per = None
        if price and best and p.kind == ProductKind.GOODS:
            per = rules.per_unit(price.amount, best.net_content, best.net_unit)
        paper_turns = [
            clock.end_of(until)
            for concerned, until in ((food, p.food_until), (p.is_alcohol, p.alcohol_until))
            if concerned and until is not None and today <= until < FOREVER
        ]
        turns = [
            *paper_turns,
            *certificate_turns.get(p.id, ()),
            *(t for v in variants for t in price_turns.get(v.id, ())),
        ]
        looked_in = (p.producer_name, place, locality, p.set_name, p.set_name_en, p.group_name, p.group_name_en)
        search_text = "\n".join(part for part in looked_in if part)
        rows.append(
            {
                "product_id": p.id,
                "touched_at": now,
                "next_change_at": min(turns, default=None),
                "shelf": int(shelf),
                "kind": p.kind,
                "slug": p.slug,
                "name": p.name,
                "name_en": p.name_en,
                "sort_name": p.sort_name,
                "group_id": p.group_id,
                "set_id": p.set_id,
                "set_no": p.set_no,
                "producer_id": p.producer_id,
                "producer_name": p.producer_name,
                "producer_slug": p.producer_slug,
                "province_code": p.province_code if own_place else p.producer_province,
                "commune_code": commune,
                "place_key": place_key,
                "place": place,
                "variant_ids": [v.id for v in variants],
                "sku": best.sku if best else None,
                "pack": best.pack if best else None,
                "pack_en": best.pack_en if best else None,
                "choices": len(priced),
                "price_amount": price.amount if price else None,
                "old_amount": price.compare_amount if price and (price.compare_amount or 0) > price.amount else None,
                "unit_amount": per[0] if per else None,
                "unit": per[1] if per else None,
                "stars": stars,
                "stars_until": _last_day(certificate) if certificate else None,
                "stars_level": certificate.level.value if certificate else None,
                "certificate_number": certificate.number if certificate else None,
                "needs_certificate": p.needs_certificate,
                "picture": {"files": photo.files, "alt": photo.alt, "alt_en": photo.alt_en} if photo else None,
                "cold": p.cold,
                "season_months": p.season_months,
                "is_demo": p.is_demo or bool(price and price.is_demo),
                "published_at": published,
                "in_stock": in_stock,
                "sold": sold,
                "rank": rank,
                "star_order": stars * _STAR_FIRST + rank,
                "search_text": search_text,
            }
        )
        if words:
            was = search.keys(had.name, had.name_en, had.search_text) if had and had.shelf else search.NO_KEYS
            now_is = search.keys(p.name, p.name_en, search_text) if shelf else search.NO_KEYS
            changes.append(search.Change(p.id, was, now_is))
    if rows:
        s.execute(_upsert("sqlite" if is_sqlite() else "postgresql", tuple(rows[0])), rows)
        if words:
            search.apply(changes)


def _packs(ids: Sequence[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in session().execute(
        select(
            *Variant.__table__.c["id", "product_id", "sku", "pack", "pack_en", "net_content", "net_unit", "position"]
        )
        .where(Variant.product_id.in_(ids), Variant.state == VariantState.SHOWN)
        .order_by(Variant.product_id, Variant.position, Variant.id)
    ):
        found[row.product_id].append(row)
    return found


def _prices(variant_ids: Sequence[int], now: datetime) -> tuple[dict[int, Any], dict[int, list[datetime]]]:
    """The price of each variant in force, and the instants at which that will change."""
    found: dict[int, Any] = {}
    turns: dict[int, list[datetime]] = defaultdict(list)
    for batch in in_batches(variant_ids):
        for row in session().execute(
            select(
                *Price.__table__.c["variant_id", "amount", "compare_amount", "valid_from", "valid_to", "is_demo"]
            ).where(Price.variant_id.in_(batch), or_(Price.valid_to.is_(None), Price.valid_to > now))
        ):
            if row.valid_from > now:
                turns[row.variant_id].append(row.valid_from)
                continue
            found[row.variant_id] = row
            if row.valid_to is not None:
                turns[row.variant_id].append(row.valid_to)
    return found, turns


def _last_day(certificate: Any) -> date:
    if certificate.revoked_on is not None and certificate.revoked_on <= certificate.expires_on:
        return date.fromordinal(certificate.revoked_on.toordinal() - 1)
    return certificate.expires_on  # type: ignore[no-any-return]


def _certificates(ids: Sequence[int], today: date) -> tuple[dict[int, Any], dict[int, list[datetime]]]:
    """The best certificate of each product in force today, and the instants at which that will change."""
    found: dict[int, Any] = {}
    turns: dict[int, list[datetime]] = defaultdict(list)
    for row in session().execute(
        select(
            *Certificate.__table__.c["product_id", "number", "level", "stars", "issued_on", "expires_on", "revoked_on"]
        )
        .where(Certificate.product_id.in_(ids), Certificate.expires_on >= today)
        .order_by(Certificate.product_id, Certificate.stars, Certificate.expires_on, Certificate.id)
    ):
        last = _last_day(row)
        if last < today or last < row.issued_on:
            continue
        turns[row.product_id].append(clock.end_of(last))
        if row.issued_on > today:
            turns[row.product_id].append(clock.start_of(row.issued_on))
            continue
        found[row.product_id] = row
    return found, turns


def _photos(ids: Sequence[int]) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for row in session().execute(
        select(*Photo.__table__.c["product_id", "files", "alt", "alt_en"])
        .where(Photo.product_id.in_(ids))
        .order_by(Photo.product_id, Photo.position.desc(), Photo.id.desc())
    ):
        found[row.product_id] = row
    return found


# --- what the floors above tell ----------------------------------------------------------------------------------


def set_stock(in_stock: Mapping[int, bool]) -> None:
    """Say of products (by id) whether any pack can be had. Call inside the transaction that changed it."""
    for wanted in (False, True):
        ids = sorted(i for i, there in in_stock.items() if there is wanted)
        for batch in in_batches(ids):
            step = _IN_STOCK if wanted else -_IN_STOCK
            session().execute(
                update(Listing)
                .where(Listing.product_id.in_(batch), Listing.in_stock != int(wanted))
                .values(
                    in_stock=int(wanted),
                    rank=Listing.rank + step,
                    star_order=Listing.star_order + step,
                    touched_at=clock.now(),
                )
                .execution_options(synchronize_session=False)
            )


def add_sold(sold: Mapping[int, int]) -> None:
    """Count units sold (or, negative, taken back) of products, by id. Call inside a transaction."""
    s = session()
    rows = s.execute(
        select(Listing.product_id, Listing.sold)
        .where(Listing.product_id.in_(sold))
        .order_by(Listing.product_id)
        .with_for_update()
    ).all()
    for product_id, before in rows:
        after = max(0, before + sold[product_id])
        step = (min(after.bit_length(), 99) - min(before.bit_length(), 99)) * _SOLD_STEP
        s.execute(
            update(Listing)
            .where(Listing.product_id == product_id)
            .values(sold=after, rank=Listing.rank + step, star_order=Listing.star_order + step)
            .execution_options(synchronize_session=False)
        )


# --- by itself ---------------------------------------------------------------------------------------------------


DUE_AT_ONCE = 2000


def refresh_due(limit: int = DUE_AT_ONCE) -> int:
    """Refresh products whose price or certificate has begun or ended since; return how many."""
    ids = session().scalars(
        select(Listing.product_id)
        .where(Listing.next_change_at <= clock.now())
        .order_by(Listing.next_change_at)
        .limit(limit)
    )
    done = 0
    for batch in in_batches(ids.all(), 200):
        with transaction():
            refresh(batch)
        done += len(batch)
    return done


def refresh_producer(producer_id: int) -> None:
    """Refresh all products of a producer (its name, place or state has changed). Call inside a transaction."""
    refresh(session().scalars(select(Product.id).where(Product.producer_id == producer_id)).all())


_PORTION = 2000


def refresh_all() -> None:
    """Make every row anew, some at a time: a rule of the shop has changed."""
    last = 0
    while True:
        ids = session().scalars(select(Product.id).where(Product.id > last).order_by(Product.id).limit(200)).all()
        if not ids:
            return
        with transaction():
            refresh(ids)
        last = ids[-1]


def reindex() -> int:
    """Make every row and every search word anew, in short transactions; return the number of products.

    The shop may run meanwhile: a portion shows either its old or its new state.
    """
    done, last = 0, 0
    while True:
        with transaction() as s:
            ids = s.scalars(select(Product.id).where(Product.id > last).order_by(Product.id).limit(_PORTION)).all()
            if not ids:
                break
            _refresh(ids, words=False)
            publish(ListingsRebuilt(tuple(ids)))
        done, last = done + len(ids), ids[-1]
    search.rebuild(last)
    if not is_sqlite():
        # The planner must know the new rows before their first reader comes; SQLite's needs no counts for these indexes.
        with transaction() as s:
            s.execute(sql("ANALYZE product_listings"))
    return done
