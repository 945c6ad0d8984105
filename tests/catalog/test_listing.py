"""The rows that lists read, their orders, filters and counts: against a plain reading of the same catalogue."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bench import catalogue
from shop.catalog import browse, facets, listing, search
from shop.catalog.browse import PAGE_SIZE, Sort
from shop.catalog.events import CertificateChanged, ProductChanged
from shop.catalog.facets import Filters
from shop.catalog.models import Certificate, Listing, Price, Product, ProductGroup, ProductSet, Shelf, Variant
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import db, is_sqlite, session, transaction
from shop.kernel.events import publish
from shop.producers.models import Producer, ProducerState
from shop.stock import services as stock
from tests.factories import make_certificate, make_point, make_producer, make_variant, put_in
from tests.statements import Statements, count, statements


def row_of(product_id: int) -> Listing:
    session().expire_all()
    return session().get_one(Listing, product_id)


def told(product_id: int) -> Listing:
    with transaction():
        publish(ProductChanged(product_id))
    return row_of(product_id)


# ---------------------------------------------------------------- one product


def test_a_row_has_what_a_card_shows(ctx: Any) -> None:
    maker = make_producer("HTX Vân Đồn", commune_code=None, locality_text="Vân Đồn")
    v = make_variant("Ruốc hàu", amount=90_000, producer=maker)
    certificate = make_certificate(v, stars=4)
    row = told(v.product_id)
    assert (row.name, row.producer_name, row.place, row.place_key) == ("Ruốc hàu", "HTX Vân Đồn", "Vân Đồn", "van-don")
    assert (row.price_amount, row.unit_amount, row.unit, row.pack) == (90_000, 180_000, "kg", "Gói 500 g")
    assert (row.stars, row.stars_until, row.certificate_number) == (4, certificate.expires_on, certificate.number)
    assert (row.shelf, row.sku, row.choices, row.variant_ids) == (Shelf.EVERYBODY, v.sku, 1, [v.id])
    assert (row.in_stock, row.sold) == (0, 0)


def test_the_cheapest_pack_is_shown(ctx: Any) -> None:
    v = make_variant("Chả mực", amount=200_000)
    now = clock.now()
    with transaction() as s:
        small = Variant(
            product_id=v.product_id, sku="THU-NHO", pack="Gói 250 g", position=1, created_at=now, updated_at=now
        )
        s.add(small)
        s.flush()
        s.add(Price(variant_id=small.id, amount=110_000, valid_from=now - timedelta(days=1), created_by="t"))
    row = told(v.product_id)
    assert (row.price_amount, row.sku, row.choices) == (110_000, "THU-NHO", 2)


def test_a_price_that_begins_by_itself(ctx: Any) -> None:
    v = make_variant(amount=100_000)
    turn = clock.now() + timedelta(hours=1)
    with transaction() as s:
        s.execute(update(Price).where(Price.variant_id == v.id).values(valid_to=turn))
        s.add(Price(variant_id=v.id, amount=80_000, compare_amount=100_000, valid_from=turn, created_by="t"))
    row = told(v.product_id)
    assert row.price_amount == 100_000
    assert row.next_change_at == turn
    assert listing.refresh_due() == 0
    earlier = clock.now() - timedelta(seconds=1)
    with transaction() as s:
        s.execute(update(Price).where(Price.valid_to == turn).values(valid_to=earlier))
        s.execute(update(Price).where(Price.valid_from == turn).values(valid_from=earlier))
        s.execute(update(Listing).values(next_change_at=earlier))
    assert listing.refresh_due() == 1
    row = row_of(v.product_id)
    assert (row.price_amount, row.old_amount, row.next_change_at) == (80_000, 100_000, None)


def test_a_star_ends_with_its_certificate_and_is_never_borrowed(ctx: Any) -> None:
    maker = make_producer()
    v, other = make_variant(producer=maker), make_variant(producer=maker)
    today = clock.today()
    c = make_certificate(v, stars=5, expires_on=today)
    with transaction():
        publish(CertificateChanged(c.id, v.product_id))
        publish(ProductChanged(other.product_id))
    assert row_of(v.product_id).stars == 5  # its last day is still in force
    assert row_of(v.product_id).next_change_at == clock.end_of(today)
    assert row_of(other.product_id).stars == 0
    with transaction() as s:
        s.execute(update(Certificate).values(expires_on=today - timedelta(days=1)))
        s.execute(update(Listing).values(next_change_at=clock.now()))
    listing.refresh_due()
    assert row_of(v.product_id).stars == 0


def test_a_revoked_certificate_gives_no_star(ctx: Any) -> None:
    v = make_variant()
    make_certificate(v, stars=3)
    make_certificate(v, stars=4)
    assert told(v.product_id).stars == 4
    with transaction() as s:
        s.execute(update(Certificate).where(Certificate.stars == 4).values(revoked_on=clock.today()))
    assert told(v.product_id).stars == 3


def test_stock_is_told_from_above(ctx: Any) -> None:
    v = make_variant()
    told(v.product_id)
    level = put_in(v, make_point(), 3)
    assert row_of(v.product_id).in_stock == 1
    there = row_of(v.product_id).rank
    stock.adjust(SYSTEM, level, -3, reason="hỏng", op_key="test-out")
    after = row_of(v.product_id)
    assert after.in_stock == 0
    assert there > after.rank
    rank = after.rank
    assert told(v.product_id).rank == rank  # making the row anew gives the same
    assert listing.reindex() == 1
    assert row_of(v.product_id).rank == rank


def test_sales_raise_a_product(ctx: Any) -> None:
    a, b = make_variant(), make_variant()
    told(a.product_id), told(b.product_id)
    with transaction():
        listing.add_sold({a.product_id: 12, 999_999: 5})
    assert row_of(a.product_id).sold == 12
    assert row_of(a.product_id).rank > row_of(b.product_id).rank
    rank = row_of(a.product_id).rank
    assert told(a.product_id).rank == rank
    with transaction():
        listing.add_sold({a.product_id: -20})
    assert row_of(a.product_id).sold == 0


def test_goods_of_a_suspended_producer_are_not_listed(ctx: Any) -> None:
    maker = make_producer()
    v = make_variant(producer=maker)
    assert told(v.product_id).shelf == Shelf.EVERYBODY
    with transaction() as s:
        s.get_one(Producer, maker.id).state = ProducerState.SUSPENDED
        listing.refresh_producer(maker.id)
    assert row_of(v.product_id).shelf == Shelf.HIDDEN
    assert facets.facets().of("all") == 0


def test_two_changes_at_once_both_arrive(app: Any, together: Any) -> None:
    with app.app_context():
        v = make_variant("Tên cũ", amount=100_000)
        variant_id, product_id = v.id, v.product_id
        told(product_id)

    written = threading.Event()

    def name() -> None:
        with transaction() as s:
            s.get_one(Product, product_id, with_for_update=True).name = "Tên mới"
            publish(ProductChanged(product_id))
            written.set()
            time.sleep(0.4)  # the other must not make the row from what it sees before this is committed

    def price() -> None:
        written.wait(5)
        with transaction() as s:
            s.execute(update(Price).where(Price.variant_id == variant_id).values(amount=70_000))
            publish(ProductChanged(product_id))

    outcomes = together(app, [name, price])
    assert [o.error for o in outcomes] == [None, None]
    with app.app_context():
        row = row_of(product_id)
        assert (row.name, row.price_amount) == ("Tên mới", 70_000)
        assert search.ask("tên mới").all.bit_count() == 1
        assert search.ask("cũ").all == 0


# ---------------------------------------------------------------- a catalogue


class Plain:
    """The rows of the lists in memory, filtered, sorted and counted without any cleverness."""

    def __init__(self) -> None:
        s = session()
        groups = dict(s.execute(select(ProductGroup.id, ProductGroup.slug)).all())
        numbers = dict(s.execute(select(ProductSet.id, ProductSet.number)).all())
        self.rows = s.scalars(select(Listing)).all()
        self.group = {r.product_id: groups[r.group_id] for r in self.rows}
        self.set = {r.product_id: numbers[r.set_id] for r in self.rows}

    def fits(self, r: Listing, f: Filters, *, without: str = "") -> bool:
        checks = {
            "groups": not f.groups or self.group[r.product_id] in f.groups,
            "sets": not f.sets or self.set[r.product_id] in f.sets,
            "stars": not f.stars or r.stars in f.stars,
            "places": not f.places or r.place_key in f.places,
            "producers": not f.producers or r.producer_slug in f.producers,
            "price": (f.low is None and f.high is None)
            or (r.price_amount is not None and (f.low or 0) <= r.price_amount <= (f.high or 10**15)),
            "in_stock": not f.in_stock or r.in_stock == 1,
            "shelf": r.shelf == 1 or (f.adult and r.shelf == 2),
        }
        return all(ok for name, ok in checks.items() if name != without)

    def list(self, f: Filters, sort: Sort) -> list[int]:
        column, falling = browse._ORDERS[sort]
        rows = [r for r in self.rows if self.fits(r, f)]
        if sort in browse._PRICE_SORTS:
            rows = [r for r in rows if r.price_amount is not None]
        rows.sort(key=lambda r: (getattr(r, column.key), r.product_id), reverse=falling)
        return [r.product_id for r in rows]


@pytest.fixture
def big(ctx: Any) -> Plain:
    catalogue.make(600, seed=5)
    with transaction() as s:
        s.execute(update(Listing).where(Listing.product_id % 17 == 0).values(price_amount=None))
        s.execute(update(Listing).values(sold=Listing.product_id % 7))
    facets.forget()
    return Plain()


def choices(plain: Plain) -> list[Filters]:
    rng = random.Random(3)
    some = rng.sample(list(plain.rows), 12)
    found = [
        Filters(),
        Filters(groups=("thuc-pham",)),
        Filters(groups=("thuc-pham", "do-uong"), adult=True),
        Filters(stars=(4,)),
        Filters(stars=(5, 3), in_stock=True),
        Filters(low=100_000, high=250_000),
        Filters(low=250_001),
        Filters(high=99_999, in_stock=True),
        Filters(sets=(3,), low=50_000),
        Filters(groups=("khong-co",)),
        Filters(places=("khong-co",)),
    ]
    found += [Filters(places=(r.place_key,), stars=(r.stars,) if r.stars else ()) for r in some[:4]]
    found += [Filters(producers=(r.producer_slug or "",), adult=True) for r in some[4:8]]
    found += [Filters(groups=(plain.group[r.product_id],), stars=(3, 4), high=r.price_amount) for r in some[8:]]
    return found


def page(f: Filters, sort: Sort, number: int = 1) -> browse.Page:
    known = facets.facets()
    return browse.page(known, facets.choose(known, f), sort, number)


def test_every_order_and_filter_reads_what_a_plain_reading_reads(big: Plain) -> None:
    orders = [s for s in Sort if s is not Sort.RELEVANCE]
    for f, sort in itertools.product(choices(big), orders):
        wanted = big.list(f, sort)
        read: list[int] = []
        for number in itertools.count(1):
            got = page(f, sort, number)
            assert got.total == len(wanted), (f, sort)
            read += [r.product_id for r in got.rows]
            if not got.more:
                break
            assert len(got.rows) == PAGE_SIZE
        assert read == wanted, (f, sort)


def test_long_lists_are_walked_and_short_ones_sorted_with_one_result(big: Plain, monkeypatch: Any) -> None:
    f = Filters(groups=("thuc-pham", "do-uong"), stars=(3, 4), low=30_000, adult=True)
    wanted = [r.product_id for r in page(f, Sort.NAME, 2).rows]
    monkeypatch.setattr(browse, "_FEW", 0)
    monkeypatch.setattr(browse, "_MANY", 0)
    assert [r.product_id for r in page(f, Sort.NAME, 2).rows] == wanted


def test_counts_are_those_of_a_plain_count(big: Plain) -> None:
    known = facets.facets()
    for f in choices(big):
        counts = facets.counts(known, facets.choose(known, f), known.shown(f.adult))

        def plain(part: str, of: Any, f: Filters = f) -> Counter[str]:
            rows = (r for r in big.rows if big.fits(r, f, without=part))
            return Counter(str(of(r)) for r in rows)

        assert {o.value: o.size for o in counts.groups if o.size} == plain("groups", lambda r: big.group[r.product_id])
        assert {o.value: o.size for o in counts.sets if o.size} == plain("sets", lambda r: big.set[r.product_id])
        stars = plain("stars", lambda r: r.stars)
        assert {o.value: o.size for o in counts.stars if o.size} == {k: n for k, n in stars.items() if k != "0"}
        assert {o.value: o.size for o in counts.places if o.size} == plain("places", lambda r: r.place_key)
        assert {o.value: o.size for o in counts.producers if o.size} == plain("producers", lambda r: r.producer_slug)
        priced = [r.price_amount for r in big.rows if big.fits(r, f, without="price") and r.price_amount is not None]
        for band in counts.bands:
            assert band.size == sum((band.low or 0) <= p <= (band.high or 10**15) for p in priced)
        assert counts.in_stock == plain("in_stock", lambda r: r.in_stock)["1"]


def test_counts_of_hits_are_kept_for_the_last_few_questions(big: Plain) -> None:
    known = facets.facets()
    choice, hits = facets.choose(known, Filters()), search.ask("ha long").all
    first = facets.counts(known, choice, hits)
    assert facets.counts(known, choice, hits) is first
    assert facets.counts(known, facets.choose(known, Filters(stars=(4,))), hits) != first
    for n in range(facets._HITS_KEPT):
        facets.counts(known, choice, 1 << n)
    again = facets.counts(known, choice, hits)
    assert again == first
    assert again is not first
    assert len(known.made["hits"]) == facets._HITS_KEPT
    v = make_variant("Món mới", producer=make_producer())
    make_certificate(v, stars=4)
    told(v.product_id)
    known = facets.facets()
    assert facets.counts(known, facets.choose(known, Filters()), hits | 1 << v.product_id) != first


def test_changes_reach_the_counts(big: Plain) -> None:
    before = facets.facets().of("stars:4").bit_count()
    v = make_variant("Món mới", producer=make_producer())
    make_certificate(v, stars=4)
    told(v.product_id)
    known = facets.facets()
    assert known.of("stars:4").bit_count() == before + 1
    with transaction() as s:
        s.get_one(Product, v.product_id).is_alcohol = True
        publish(ProductChanged(v.product_id))
    assert facets.facets().of("adults") >> v.product_id & 1
    fresh = dict(known.sets)
    facets.forget()
    assert {k: v for k, v in facets.facets().sets.items() if v} == {k: v for k, v in fresh.items() if v}


def test_searched_lists_in_every_order(big: Plain) -> None:
    known = facets.facets()
    found = search.ask("ha long")
    hits = set(facets.bits.members(found.all & known.shown(False)))
    assert len(hits) > PAGE_SIZE
    for sort in Sort:
        read: list[int] = []
        for number in itertools.count(1):
            got = browse.page(known, facets.choose(known, Filters()), sort, number, found)
            read += [r.product_id for r in got.rows]
            if not got.more:
                break
        wanted = hits if sort not in browse._PRICE_SORTS else {i for i in hits if known.of("priced") >> i & 1}
        assert set(read) == wanted
        assert len(read) == len(wanted)
        if sort is not Sort.RELEVANCE:
            assert read == [i for i in big.list(Filters(), sort) if i in hits]


def test_a_walk_through_hits_reads_the_same(big: Plain, monkeypatch: Any) -> None:
    known = facets.facets()
    found = search.ask("htx")
    choice = facets.choose(known, Filters(stars=(3, 4)))
    wanted = [r.product_id for r in browse.page(known, choice, Sort.CHEAPEST, 2, found).rows]
    monkeypatch.setattr(browse, "_FEW", 0)
    monkeypatch.setattr(browse, "_MANY", 0)
    assert [r.product_id for r in browse.page(known, choice, Sort.CHEAPEST, 2, found).rows] == wanted
    assert wanted


ALONE = (
    Filters(),
    Filters(groups=("thuc-pham",)),
    Filters(sets=(3,)),
    Filters(stars=(4,)),
    Filters(places=("ha-long",)),
)


def test_no_order_scans_or_sorts_the_table(big: Plain, monkeypatch: Any) -> None:
    monkeypatch.setattr(browse, "_FEW", 0)
    monkeypatch.setattr(browse, "_MANY", 0)
    for f, sort in itertools.product(ALONE, (s for s in Sort if s is not Sort.RELEVANCE)):
        with statements() as seen:
            page(f, sort, 2)
        check_plan(seen)


def check_plan(seen: Statements) -> None:
    """The page's ids come off an index in their order; only the rows of the page are looked up."""
    text, values = next((s.text, s.values) for s in seen if "chosen" in s.text)
    connection = session().connection(bind_arguments={"bind": db.engine})
    if is_sqlite():
        plan = [r[3] for r in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + text, values)]
        listed = [line for line in plan if "product_listings" in line]
        assert listed
        assert all("USING COVERING INDEX ix_listings_" in line or "PRIMARY KEY" in line for line in listed), plan
        # Two sorts at most: none inside, and the 25 rows of the page outside.
        inner = plan[: next(i for i, line in enumerate(plan) if "chosen" in line and "SCAN" in line)]
        assert not [line for line in inner if "TEMP B-TREE" in line], plan
    else:
        for off in ("enable_seqscan", "enable_bitmapscan", "enable_sort"):
            connection.exec_driver_sql(f"SET LOCAL {off} = off")
        plan = [r[0] for r in connection.exec_driver_sql("EXPLAIN " + text, values)]
        joined = "\n".join(plan)
        limit = joined[joined.index("Limit") :]
        assert "using ix_listings_" in limit, joined
        assert "Sort" not in limit.split("using ix_listings_")[0], joined


def test_a_page_asks_as_much_of_six_hundred_as_of_six(client: Any, ctx: Any) -> None:
    def asked(path: str) -> int:
        assert client.get(path).status_code == 200
        return count(lambda: client.get(path))

    queries = ("", "nhom=thuc-pham&sao=4&sap_xep=gia-tang", "q=ha+long", "q=htx&sap_xep=ten", "q=zzzz", "con_hang=1")
    paths = [f"/san-pham?{query}" for query in queries] + ["/san-pham/goi-y?q=mi"]
    catalogue.make(30, seed=1)
    few = [asked(p) for p in paths]
    catalogue.make(600, seed=2)
    many = [asked(p) for p in paths]
    assert max(few + many) <= 6, dict(zip(paths, zip(few, many, strict=True), strict=True))
    assert many[0] <= few[0]


def test_the_same_seed_makes_the_same_goods(ctx: Any) -> None:
    from shop.kernel import invariants

    catalogue.make(50, seed=9)
    first = (
        session().execute(select(Listing.name, Listing.price_amount, Listing.stars).order_by(Listing.product_id)).all()
    )
    catalogue.make(50, seed=9)
    second = (
        session().execute(select(Listing.name, Listing.price_amount, Listing.stars).order_by(Listing.product_id)).all()
    )
    assert second == first + first
    assert [f for f in invariants.run() if not f.ok] == []
