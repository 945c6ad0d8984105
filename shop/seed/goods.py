"""What the demonstration adds to the real catalogue: packs, prices, certificates, cold chain, seasons and stories.

Only blanks are filled, and what is made up carries `is_demo`: a name, price or star that a source gives stays as it is.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select, update

from shop.catalog import services as catalog
from shop.catalog.events import ProductChanged
from shop.catalog.models import Certificate, CertificateLevel, Cold, Price, Product, ProductKind, Variant, VariantState
from shop.catalog.services import registry
from shop.kernel import clock, events
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session
from shop.seed.packs import lines, shapes

REASON = "Số liệu minh họa"


@dataclass(frozen=True, slots=True)
class Ware:
    """One pack as the year's trade needs it. `note` is `fresh` (sold in season only) or `sold-out`; months are 1 to 12."""

    no: int
    variant_id: int
    product_id: int
    producer_id: int | None
    sku: str
    name: str
    pack: str
    set_number: int
    locality: str
    is_alcohol: bool
    cold: Cold
    months: frozenset[int]
    note: str
    # Days from production to the last one on which it may be sold (made up, plausible for its kind); None: it keeps.
    keeps: int | None
    weight_g: int
    size_mm: tuple[int, int, int]
    needs_certificate: bool
    # (from, until, price id, đồng), oldest first.
    prices: tuple[tuple[datetime, datetime | None, int, int], ...]
    # (first day, last day, id).
    certificates: tuple[tuple[date, date, int], ...]

    def price_at(self, at: datetime) -> tuple[int, int] | None:
        """(price id, đồng) in force at an instant."""
        for start, end, price_id, amount in self.prices:
            if start <= at and (end is None or at < end):
                return price_id, amount
        return None

    def certificate_on(self, day: date) -> int | None:
        """The certificate that holds on a day."""
        return next((i for first, last, i in self.certificates if first <= day <= last), None)


def _months(raw: str) -> int:
    """Months as bits, January first."""
    return sum(1 << (int(month) - 1) for month in raw.split())


def load(rng: random.Random, since: datetime) -> None:
    """Add what the sources leave open to the goods of the registry; prices hold from `since`. In the open transaction."""
    slugs = registry.registry_slugs()
    ids = registry.registry_product_ids()
    said = {int(row["no"]): row for row in lines("goods.csv")}
    told = {int(row["no"]): row for row in lines("stories.csv")}
    product_ids = {no: ids[slug] for no, slug in enumerate(slugs, start=1) if slug in ids}
    for no, product_id in product_ids.items():
        _fill(product_id, said.get(no), told.get(no))
    _packs(product_ids, said, since)
    _certificates(rng, product_ids)
    for product_id in product_ids.values():
        events.publish(ProductChanged(product_id))


def _fill(product_id: int, row: dict[str, str] | None, story: dict[str, str] | None) -> None:
    """Fill blanks of one product; what staff or a source wrote stays."""
    s = session()
    product = s.get(Product, product_id)
    if product is None:
        return
    if story is not None:
        product.story = product.story or story["story"]
        product.story_en = product.story_en or story["story_en"]
    if row is None:
        return
    if product.cold is Cold.NONE and row["cold"]:
        product.cold = Cold(row["cold"])
    if product.season_months == 0:
        product.season_months = _months(row["months"])
    if product.stated_stars in {3, 4, 5}:
        product.needs_certificate = True
    product.updated_at = clock.now()
    s.flush()


def _packs(product_ids: dict[int, int], said: dict[int, dict[str, str]], since: datetime) -> None:
    """Packs and prices. A pack that a source prices keeps its price; its freight size is ours, so the pack is marked."""
    s, now, shaped = session(), clock.now(), shapes()
    known: dict[str, int] = dict(s.execute(select(Variant.sku, Variant.id)).all())
    priced: dict[int, tuple[datetime, int]] = {
        variant_id: (start, amount)
        for variant_id, start, amount in s.execute(
            select(Price.variant_id, Price.valid_from, Price.amount).order_by(Price.valid_from.desc())
        )
    }
    variants, prices = [], []
    for no, product_id in product_ids.items():
        for n, word in enumerate(said[no]["packs"].split() if no in said else (), start=1):
            shape_name, _, amount = word.partition(":")
            shape, sku = shaped[shape_name], f"QN{no:03d}-{n}"
            if sku not in known:
                variants.append(
                    {
                        "product_id": product_id,
                        "sku": sku,
                        "position": n - 1,
                        "state": VariantState.SHOWN,
                        "is_demo": True,
                        "created_at": now,
                        "updated_at": now,
                    }
                    | shape.facts()
                )
                prices.append((sku, int(amount)))
            elif known[sku] in priced and not amount:
                freight = {k: v for k, v in shape.facts().items() if k.endswith(("_g", "_mm"))}
                s.execute(
                    update(Variant).where(Variant.id == known[sku]).values(is_demo=True, updated_at=now, **freight)
                )
                variant_id = known[sku]
                start, paid = priced[variant_id]
                if start > since:
                    s.execute(insert(Price).values(**_price(variant_id, paid, since, start)))
    if variants:
        s.execute(insert(Variant), variants)
        made = select(Variant.sku, Variant.id).where(Variant.product_id.in_(product_ids.values()))
        ids: dict[str, int] = dict(s.execute(made).all())
        s.execute(insert(Price), [_price(ids[sku], amount, since, None) for sku, amount in prices])


def _price(variant_id: int, amount: int, start: datetime, end: datetime | None) -> dict[str, Any]:
    return {
        "variant_id": variant_id,
        "amount": amount,
        "valid_from": start,
        "valid_to": end,
        "is_demo": True,
        "source": REASON,
        "created_by": SYSTEM.key,
    }


# Days until the certificates of the first starred goods end: some have ended, some end soon; the others hold on.
_ENDS = (-75, -40, -12, 9, 22, 27, 55, 80, 110, 118, 130, 150, 165, 178)


# Five stars of the province: the source's list of national ones does not have these.
_PROVINCIAL = (44, 45)


def _certificates(rng: random.Random, product_ids: dict[int, int]) -> None:
    """A certificate of the demonstration for each product of which a source states a star, without one so far."""
    rows = session().execute(
        select(Product.id, Product.stated_stars)
        .where(Product.id.in_(product_ids.values()), Product.stated_stars.in_((3, 4, 5)))
        .order_by(Product.id)
    )
    starred = [(product_id, stars) for product_id, stars in rows if stars]
    today = clock.today()
    ends: list[int] = [*_ENDS, *(rng.randrange(200, 1000) for _ in range(len(starred) - len(_ENDS)))]
    # Best known goods keep their stars: the short terms go to goods from the middle of the list.
    ours = {product_ids[no] for no in _PROVINCIAL if no in product_ids}
    order = sorted(range(len(starred)), key=lambda i: (starred[i][1] == 5, (i * 7) % len(starred)))
    for n, place in enumerate(order):
        product_id, stars = starred[place]
        last = today + timedelta(days=ends[n])
        issued = clock.add_months(last, -36)
        low, high = {3: (50, 69), 4: (70, 89), 5: (90, 97)}[stars]
        catalog.issue_certificate(
            SYSTEM,
            product_id,
            number=f"DEMO-22-{place + 1:04d}",
            level=CertificateLevel.MINISTRY if stars == 5 and product_id not in ours else CertificateLevel.PROVINCE,
            stars=stars,
            score=Decimal(rng.randrange(low * 10, high * 10)) / 10,
            issued_on=issued,
            expires_on=last,
            is_demo=True,
        )


def wares() -> list[Ware]:
    """All packs of the registry's goods as the year needs them."""
    s = session()
    numbers = {slug: no for no, slug in enumerate(registry.registry_slugs(), start=1)}
    said = {int(row["no"]): row for row in lines("goods.csv")}
    prices: dict[int, list[tuple[datetime, datetime | None, int, int]]] = {}
    for price in s.scalars(select(Price).order_by(Price.valid_from)):
        prices.setdefault(price.variant_id, []).append((price.valid_from, price.valid_to, price.id, price.amount))
    papers: dict[int, list[tuple[date, date, int]]] = {}
    for c in s.scalars(select(Certificate).order_by(Certificate.id)):
        papers.setdefault(c.product_id, []).append((c.issued_on, c.revoked_on or c.expires_on, c.id))
    found = []
    rows = s.execute(
        select(Variant, Product)
        .join(Product, Product.id == Variant.product_id)
        .where(Product.slug.in_(numbers), Product.kind == ProductKind.GOODS, Variant.state == VariantState.SHOWN)
        .order_by(Variant.id)
    )
    for variant, product in rows:
        no = numbers[product.slug]
        found.append(
            Ware(
                no=no,
                variant_id=variant.id,
                product_id=product.id,
                producer_id=product.producer_id,
                sku=variant.sku,
                name=product.name,
                pack=variant.pack,
                set_number=product.product_set.number,
                locality=product.locality_text or "",
                is_alcohol=product.is_alcohol,
                cold=product.cold,
                months=frozenset(m for m in range(1, 13) if product.season_months >> (m - 1) & 1),
                note=said[no]["note"] if no in said else "",
                keeps=int(said[no]["keeps"]) if no in said and said[no]["keeps"] else None,
                weight_g=variant.weight_g or 1000,
                size_mm=(variant.length_mm or 0, variant.width_mm or 0, variant.height_mm or 0),
                needs_certificate=product.needs_certificate,
                prices=tuple(prices.get(variant.id, ())),
                certificates=tuple(papers.get(product.id, ())),
            )
        )
    return found
