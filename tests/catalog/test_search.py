"""Search: the same hits on both databases, whatever marks, order or slips the words are typed with."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from shop.catalog import bits, facets, listing, search
from shop.catalog.events import ProductChanged
from shop.catalog.models import Product, ProductState, SearchBits, SearchWord, Variant
from shop.kernel.db import session, transaction
from shop.kernel.events import publish
from shop.kernel.text import fold, words
from tests.factories import make_producer, make_variant
from tests.statements import statements

FAST = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def shown(*names: str, **values: Any) -> dict[str, int]:
    """Products of these names, known to search: id by name."""
    made = {name: make_variant(name, **values).product_id for name in names}
    with transaction():
        listing.refresh(made.values())
    return made


def names_of(question: str, *, unfinished: bool = False) -> list[str]:
    """Names in the order of the tiers (within one: newest first)."""
    found = search.ask(question, unfinished=unfinished)
    ids = [i for tier in found.tiers for i in bits.newest(tier, 0, 100)]
    names = dict(session().execute(select(Product.id, Product.name)).all())
    return [names[i] for i in ids]


def test_without_marks_in_any_order(ctx: Any) -> None:
    shown("Chả mực Hạ Long", "Miến dong Bình Liêu", "Gốm Đông Triều")
    assert names_of("cha muc") == ["Chả mực Hạ Long"]
    assert names_of("LONG  ha, mực") == ["Chả mực Hạ Long"]
    assert names_of("dong trieu") == ["Gốm Đông Triều"]
    assert names_of("đông triều") == ["Gốm Đông Triều"]
    assert names_of("binh lieu mien") == ["Miến dong Bình Liêu"]


def test_beginnings(ctx: Any) -> None:
    shown("Miến dong Bình Liêu", "Mật ong rừng")
    assert names_of("mie") == ["Miến dong Bình Liêu"]
    assert names_of("mie don") == ["Miến dong Bình Liêu"]
    assert set(names_of("m", unfinished=True)) == set()
    assert set(names_of("mi", unfinished=True)) == {"Miến dong Bình Liêu"}


def test_a_whole_word_comes_before_words_that_begin_with_it(ctx: Any) -> None:
    shown("Miến dong", "Mì chũ", "Dong riềng")
    assert names_of("mi") == ["Mì chũ", "Miến dong"]


@pytest.mark.parametrize("typed", ["mien dogn", "mein dong", "mien dongg", "mien dng", "nien dong", "miendong"])
def test_one_slip(ctx: Any, typed: str) -> None:
    shown("Miến dong Bình Liêu", "Chả mực Hạ Long")
    found = search.ask(typed)
    assert found.all.bit_count() == 1
    assert names_of(typed) == ["Miến dong Bình Liêu"]
    assert found.spelled


def test_two_slips_and_short_words_are_not_guessed(ctx: Any) -> None:
    shown("Miến dong Bình Liêu", "Chè búp")
    assert names_of("mxxn") == []
    assert names_of("xe") == []
    assert names_of("nien") == []  # alone, a short word keeps its first letter
    assert names_of("mieen") == ["Miến dong Bình Liêu"]
    assert names_of("buoi nien") == []  # beside a word nobody knows nothing is guessed


def test_marks_as_typed_come_first(ctx: Any) -> None:
    shown("Chà bông gà", "Chả mực", "Cha la sấy")
    assert names_of("chả")[0] == "Chả mực"
    assert names_of("chà")[0] == "Chà bông gà"
    assert set(names_of("cha")) == {"Chà bông gà", "Chả mực", "Cha la sấy"}
    shown("Trà hoà tan")
    assert names_of("hòa tan") == ["Trà hoà tan"]


def test_the_name_comes_before_what_stands_elsewhere(ctx: Any) -> None:
    maker = make_producer("HTX Mật ong Ba Chẽ")
    shown("Trà hoa vàng", producer=maker)
    shown("Mật ong rừng")
    shown("Bánh mật ong")
    assert names_of("mat ong") == ["Mật ong rừng", "Bánh mật ong", "Trà hoa vàng"]
    assert names_of("ba che") == ["Trà hoa vàng"]


def test_producer_place_set_group_and_codes(ctx: Any) -> None:
    made = shown("Ruốc hàu", producer=make_producer("Công ty Bái Tử Long", locality_text="Vân Đồn", commune_code=None))
    sku = session().scalar(select(Variant.sku).where(Variant.product_id == made["Ruốc hàu"]))
    for question in ("bai tu long", "vân đồn", "bo 8", "thuc pham", "food", str(sku), str(sku).lower()):
        assert names_of(question) == ["Ruốc hàu"], question


def test_what_holds_all_but_one(ctx: Any) -> None:
    shown("Chả mực Hạ Long", "Sá sùng khô")
    found = search.ask("chả mực zzzz")
    assert found.left_out == ("zzzz",)
    assert names_of("chả mực zzzz") == ["Chả mực Hạ Long"]
    apart = search.ask("cha sung")
    assert apart.left_out
    assert apart.all


@pytest.mark.parametrize("question", ["", "   ", "!!!", "—", "💐", "%", "' OR 1=1 --", "\\", "a" * 5000, "字"])
def test_odd_questions(ctx: Any, question: str) -> None:
    shown("Chả mực")
    search.ask(question)
    search.spellings(question, -1)


def test_a_change_takes_old_words_away(ctx: Any) -> None:
    made = shown("Chả mực", "Chả cá")
    with transaction() as s:
        product = s.get_one(Product, made["Chả mực"])
        product.name = "Mực một nắng"
        publish(ProductChanged(product.id))
    assert names_of("cha") == ["Chả cá"]
    assert names_of("nang") == ["Mực một nắng"]
    with transaction() as s:
        s.get_one(Product, made["Chả mực"]).state = ProductState.HIDDEN
        publish(ProductChanged(made["Chả mực"]))
    assert names_of("nang") == []
    assert session().scalar(select(SearchWord.hits).where(SearchWord.word == "nang")) == 0
    assert session().scalars(select(SearchBits).where(SearchBits.key == "n:nang")).all() == []


def test_nothing_changed_writes_nothing(ctx: Any) -> None:
    made = shown("Chả mực")
    with statements() as seen, transaction():
        listing.refresh(made.values())
    assert not [s for s in seen.writes if "search_" in s and "product_listings" not in s]


def test_made_anew_is_the_same_as_kept_in_step(ctx: Any) -> None:
    shown("Chả mực Hạ Long", "Miến dong", "Trà hoa vàng", producer=make_producer())
    with transaction() as s:
        s.execute(Product.__table__.update().where(Product.name == "Miến dong").values(name="Miến dong Đầm Hà"))
        listing.refresh(s.scalars(select(Product.id)).all())

    def state() -> tuple[Any, Any]:
        s = session()
        stored = s.execute(select(SearchBits.key, SearchBits.chunk, SearchBits.bits)).all()
        counted = s.execute(select(SearchWord.word, SearchWord.hits).where(SearchWord.hits > 0)).all()
        return {(k, c): bits.unpack(b) for k, c, b in stored}, dict(counted)

    before = state()
    assert listing.reindex() == 3
    assert state() == before


SYLLABLES = [
    "chả",
    "mực",
    "miến",
    "dong",
    "hạ",
    "long",
    "trà",
    "hoa",
    "đỏ",
    "ổi",
    "nước",
    "mắm",
    "sá",
    "sùng",
    "ba",
    "bà",
]


@FAST
@given(st.lists(st.lists(st.sampled_from(SYLLABLES), min_size=1, max_size=4), min_size=1, max_size=6))
def test_each_product_is_found_by_its_words_and_their_beginnings(ctx: Any, drawn: list[list[str]]) -> None:
    made = shown(*{" ".join(d) for d in drawn})
    search.forget()
    for name, product_id in made.items():
        bit = 1 << product_id
        assert search.ask(name).tiers[0] & bit or len(made) > 1
        assert search.ask(name).all & bit
        assert search.ask(" ".join(reversed(fold(name).split()))).all & bit
        for word in words(name):
            assert search.ask(word).all & bit
            for end in range(2, len(word)):
                assert search.ask(word[:end], unfinished=True).all & bit


@FAST
@given(st.sets(st.integers(0, 3 * bits.CHUNK - 1), max_size=300))
def test_sets_come_back_as_they_were_stored(ids: set[int]) -> None:
    whole = bits.of(sorted(ids))
    assert list(bits.members(whole)) == sorted(ids)
    pieces = []
    for number in range(3):
        piece = whole >> number * bits.CHUNK & (1 << bits.CHUNK) - 1
        stored = bits.pack(piece)
        assert bits.unpack(stored) == piece
        if piece:
            pieces.append((number, stored))
    assert bits.join(pieces) == whole
    down = sorted(ids, reverse=True)
    assert bits.newest(whole, 7, 20) == down[7:27]


def test_spellings_only_where_something_is_found(ctx: Any) -> None:
    shown("Chả mực", "Chà bông")
    known = facets.facets()
    assert search.spellings("cha muv", known.shown(False)) == ["cha muc"]
    assert search.spellings("bong muv", known.shown(False)) == []
