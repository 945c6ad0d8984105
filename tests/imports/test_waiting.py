"""Tables beside what waits for a reviewer: said before anything is written, and taken back to what it was."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from shop.catalog import services as catalog
from shop.catalog.models import Product, ProductState, Variant
from shop.imports import queries as import_queries
from shop.imports.models import Import
from shop.kernel import clock, operations
from shop.kernel.db import session, transaction
from shop.listings import queries
from shop.listings import services as listings
from shop.listings.models import Change, State, Submission
from shop.listings.services import many, write
from shop.producers.models import Producer
from tests import factories
from tests.imports import sheets
from tests.imports.conftest import CLERK, Shop, broken
from tests.imports.test_services import prices
from tests.listings.goods import MEMBER, approve, put, send_back

HEAD = ["Mã hàng", "Tên sản phẩm", "Giá bán (₫)", "Tóm tắt", "Bảo quản"]


def shown(shop: Shop, name: str = "Chả mực", amount: int = 70_000) -> Variant:
    """Goods of the producer that customers know."""
    return factories.make_variant(name, amount=amount, producer=session().get_one(Producer, shop.producer_id))


def waits(shop: Shop, pack: Variant, facts: dict[str, Any]) -> str:
    """Let these facts wait for a reviewer."""
    reference = put(shop.producer_id, pack.product_id, facts, note="Nhãn mới").reference
    assert reference is not None
    return reference


def stands(reference: str) -> tuple[Any, ...]:
    """All that a reviewer, or the producer, sees of a submission."""
    session().expire_all()
    row = queries.submission(reference)
    assert row is not None
    lines = [(x.subject, x.field, x.before, x.after, x.decision, x.reason) for x in queries.lines(row.id)]
    return row.state, row.note, row.answer, row.sent_at, row.sent_by, lines


def history(pack: Variant) -> list[tuple[str, Any, Any, str]]:
    """What became of the goods' differences, the oldest first."""
    rows = session().scalars(select(Change).where(Change.product_id == pack.product_id).order_by(Change.id))
    return [(c.field, c.before, c.after, c.outcome.value) for c in rows]


def warned(shop: Shop, row: Import) -> list[list[str]]:
    """What each row says beside its changes."""
    return [[import_queries.said(p) for p in r.left or ()] for r in shop.rows(row)]


def send(shop: Shop, *rows: list[Any]) -> Import:
    return shop.send(sheets.book(HEAD, *rows))


def test_what_was_sent_back_is_neither_sent_nor_lost(shop: Shop) -> None:
    pack = shown(shop)
    reference = waits(shop, pack, {"summary": "Mực ngon nhất vịnh"})
    send_back(reference, {"product/summary": "Ghi rõ mùa câu"}, note="Gần xong")
    before = stands(reference)
    row = send(shop, [pack.sku, "Chả mực", 700_000, "", ""])
    assert warned(shop, row) == [[
        "Sản phẩm có bản bị trả lại để sửa; thay đổi cần duyệt được ghi vào bản đó và chưa gửi. "
        "Hãy sửa rồi gửi ở trang sản phẩm."
    ]]  # fmt: skip
    row = shop.write(row)
    after = stands(reference)
    assert after[0] is State.RETURNED
    assert [line[1] for line in after[-1]] == ["summary", "price"]
    assert after[-1][0] == before[-1][0], "what the office said of the text stays"
    row = shop.undo(row)
    assert (row.counts["undone"], row.counts["kept"]) == (1, 0)
    assert stands(reference) == before
    assert broken() == []


def test_small_changes_leave_a_draft_and_what_was_sent_back_alone(shop: Shop) -> None:
    pack, other = shown(shop), shown(shop, "Chả cá")
    back = waits(shop, pack, {"summary": "Mực ngon"})
    send_back(back, {"product/summary": "Ghi rõ mùa câu"})
    draft = listings.save_draft(
        MEMBER, shop.producer_id, other.product_id, {"summary": "Cá"}, op_key=operations.new_key()
    ).reference
    assert draft is not None
    before = stands(back), stands(draft)
    row = send(shop, [pack.sku, "Chả mực", 72_000, "", "Nơi mát"], [other.sku, "Chả cá", 72_000, "", "Nơi mát"])
    assert warned(shop, row) == [[], []]
    row = shop.write(row)
    assert (stands(back), stands(draft)) == before
    assert [p.storage_note for p in shop.products()] == ["Nơi mát", "Nơi mát"]
    shop.undo(row)
    assert (stands(back), stands(draft)) == before
    assert [p.storage_note for p in shop.products()] == [None, None]
    assert broken() == []


def test_a_price_that_waits_is_there_again_after_undoing(shop: Shop) -> None:
    pack = shown(shop, amount=100_000)
    reference = waits(shop, pack, {"summary": "Mực ngon", "variants": [{"sku": pack.sku, "price": 175_000}]})
    before = stands(reference)
    row = send(shop, [pack.sku, "Chả mực", 136_000, "", ""])
    assert warned(shop, row) == [[
        "Trong bản chưa duyệt xong đang ghi “175.000”; dòng này thay nội dung đó.",
        "Sản phẩm có bản đang chờ duyệt; thay đổi cần duyệt được ghép vào bản đó.",
    ]]  # fmt: skip
    revision = session().scalar(select(Submission.revision))
    row = shop.write(row)
    assert [line[3] for line in stands(reference)[-1]] == ["Mực ngon", 136_000]
    row = shop.undo(row)
    assert row.counts["undone"] == 1
    assert stands(reference) == before
    assert session().scalar(select(Submission.revision)) > revision + 1, "a reviewer who read another one is told"
    assert history(pack)[-1] == ("price", 136_000, 175_000, "withdrawn")
    assert broken() == []
    # It can be approved as if nothing had been.
    assert approve(reference)
    assert broken() == []


def test_the_history_says_that_a_change_was_taken_back(shop: Shop) -> None:
    pack = shown(shop)
    row = shop.write(send(shop, [pack.sku, "Chả mực", 700_000, "", ""]))
    assert history(pack) == [("price", 70_000, 700_000, "queued")]
    shop.undo(row)
    assert history(pack) == [("price", 70_000, 700_000, "queued"), ("price", 700_000, 70_000, "withdrawn")]
    assert [s.state for s in session().scalars(select(Submission))] == [State.DROPPED]
    assert broken() == []


def test_several_rows_of_one_product_are_unwound_one_after_the_other(shop: Shop) -> None:
    pack = shown(shop, amount=100_000)
    with transaction() as s:
        made = catalog.add_variant(CLERK, pack.product_id, sku="HAI-02", pack="Túi")
        catalog.set_price(CLERK, made, 50_000)
        second = s.get_one(Variant, made).sku
    reference = waits(shop, pack, {"summary": "Mực ngon"})
    before = stands(reference)
    row = send(shop, [pack.sku, "Chả mực", 190_000, "", ""], [second, "Chả mực", 90_000, "Mực rất ngon", ""])
    row = shop.write(row)
    assert sorted(str(line[3]) for line in stands(reference)[-1]) == ["190000", "90000", "Mực rất ngon"]
    row = shop.undo(row)
    assert row.counts["undone"] == 2
    assert stands(reference) == before
    assert broken() == []


@pytest.mark.parametrize("what", ["approved", "returned", "rewritten", "withdrawn"])
def test_what_was_seen_or_changed_since_is_kept_and_said(shop: Shop, what: str) -> None:
    pack = shown(shop, amount=100_000)
    row = shop.write(send(shop, [pack.sku, "Chả mực", 190_000, "", ""]))
    reference = session().scalar(select(Submission.reference)) or ""
    if what == "approved":
        approve(reference)
    elif what == "returned":
        send_back(reference, {"variant:" + pack.sku + "/price": "Cao quá"})
    elif what == "rewritten":
        waits(shop, pack, {"variants": [{"sku": pack.sku, "price": 180_000}]})
    else:
        listings.withdraw(MEMBER, reference)
    before = stands(reference)
    row = shop.undo(row)
    assert (row.counts["undone"], row.counts["kept"]) == (0, 1)
    assert warned(shop, row) == [["Thay đổi chờ duyệt đã được xem hoặc sửa nên giữ nguyên."]]
    assert stands(reference) == before
    assert "withdrawn" not in {outcome for *_rest, outcome in history(pack)}
    assert broken() == []


def never_shown(shop: Shop) -> tuple[str, Variant]:
    """A product that was never shown and waits for its first review."""
    pack = shown(shop, amount=175_000)
    with transaction() as s:
        product = s.get_one(Product, pack.product_id)
        product.published_at, product.state = None, ProductState.DRAFT
        many.begin(MEMBER, shop.producer_id, [product.id])
        row = s.scalars(select(Submission)).one()
        write.send_record(MEMBER, product, row)
    return row.reference, pack


def test_a_new_product_that_waits_is_as_it_was_after_undoing(shop: Shop) -> None:
    reference, pack = never_shown(shop)
    before = stands(reference)
    assert before[0] is State.SENT
    row = send(shop, [pack.sku, "Chả mực", 136_000, "Ngon lắm", ""])
    assert warned(shop, row) == [["Sản phẩm mới này đang chờ cửa hàng duyệt; dòng này sửa bản đang chờ."]]
    row = shop.write(row)
    assert [p.summary for p in shop.products()] == ["Ngon lắm"]
    row = shop.undo(row)
    assert row.counts["undone"] == 1
    assert stands(reference) == before
    assert {sku: amount for sku, (amount, _old) in prices(shop).items()} == {pack.sku: 175_000}
    assert broken() == []


def test_goods_approved_since_keep_what_was_approved(shop: Shop) -> None:
    row = shop.write(shop.send(sheets.book(sheets.HEAD, *sheets.goods(1))))
    row = shop.write(send(shop, ["SP-001", "Chả mực số 1", 130_000, "Ngon", ""]))
    with transaction() as s:
        product = s.get_one(Product, shop.products()[0].id)
        product.published_at, product.state = clock.now(), ProductState.SHOWN
    row = shop.undo(row)
    assert (row.counts["undone"], row.counts["kept"]) == (0, 1)
    assert warned(shop, row) == [["Sản phẩm đã được duyệt nên giữ nguyên."]]
    assert [p.summary for p in shop.products()] == ["Ngon"]
