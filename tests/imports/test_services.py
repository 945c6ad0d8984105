"""From a file to the goods and back: tried dry, written once, undone."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, func, select, update

from shop.catalog import services as catalog
from shop.catalog.models import Price, Product, Variant, VariantState
from shop.imports import exports, planning, queries, services
from shop.imports.errors import StillRefused, TooLate
from shop.imports.models import Import, ImportRow, Mode, State
from shop.imports.services import steps
from shop.kernel import clock, facts, operations, tables
from shop.kernel.db import db, session, transaction
from shop.listings.models import Change, Submission
from shop.listings.models import State as ListingState
from shop.producers.models import Producer
from tests import factories
from tests.imports import sheets
from tests.imports.conftest import CLERK, Shop, broken


def test_new_goods_are_written_once_and_the_second_time_none_differs(shop: Shop) -> None:
    content = sheets.book(sheets.HEAD, *sheets.goods(3))
    row = shop.send(content)
    assert shop.outcomes(row) == ["new"] * 3
    assert shop.products() == []
    row = shop.write(row)
    assert row.counts["written"] == 3
    assert [p.name for p in shop.products()] == ["Chả mực số 1", "Chả mực số 2", "Chả mực số 3"]
    assert shop.outcomes(shop.send(content)) == ["unchanged"] * 3
    assert broken() == []
    row = shop.undo(row)
    assert row.counts["undone"] == 3
    assert shop.outcomes(shop.send(content)) == ["changed"] * 3
    assert broken() == []


class Killed(BaseException):
    """The process ends here."""


@contextmanager
def killed_at(n: int, moment: str) -> Iterator[None]:
    """Raise at the n-th statement or commit."""
    seen = [0]

    def strike(*_args: Any) -> None:
        seen[0] += 1
        if seen[0] == n:
            raise Killed

    name = {"after": "after_cursor_execute", "commit": "commit"}[moment]
    event.listen(db.engine, name, strike)
    try:
        yield
    finally:
        event.remove(db.engine, name, strike)


def counted() -> tuple[int, ...]:
    session().rollback()
    return tuple(
        session().scalar(select(func.count()).select_from(m)) or 0
        for m in (Product, Variant, Price, Change, Submission)
    )


@pytest.mark.parametrize("moment", ["after", "commit"])
@pytest.mark.parametrize("mode", list(Mode))
def test_killed_while_it_writes_each_effect_is_there_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, mode: Mode, moment: str
) -> None:
    monkeypatch.setattr(steps, "BATCH", 2)
    row = shop.send(sheets.book(sheets.HEAD, *sheets.goods(5)))
    services.start(CLERK, row.id, mode)
    work = queries.by_id(row.id).work
    struck = 0
    for n in [*range(1, 12), *range(12, 400, 17)]:
        with killed_at(n if moment == "after" else (n - 1) % 3 + 1, moment):
            try:
                services.apply(CLERK, row.id, work)
                break
            except Killed:
                struck += 1
        there = counted()
        assert there[0] == there[1] == there[2] <= 5
        if mode is Mode.ALL:
            assert there[0] in (0, 5)
        if struck > 14:
            break
    services.apply(CLERK, row.id, work)
    services.apply(CLERK, row.id, work)
    assert counted()[:3] == (5, 5, 5)
    assert struck > 0
    row = queries.by_id(row.id)
    assert (row.state, row.counts["written"], row.done) == (State.APPLIED, 5, 5)
    assert broken() == []


def test_two_workers_at_once_write_once(app: Any, shop: Shop, together: Any) -> None:
    row = shop.send(sheets.book(sheets.HEAD, *sheets.goods(8)))
    services.start(CLERK, row.id, Mode.EACH)
    import_id, work = row.id, queries.by_id(row.id).work
    session().rollback()
    outcomes = together(app, lambda: services.apply(CLERK, import_id, work), times=3)
    assert [o.error for o in outcomes] == [None] * 3
    assert counted()[:3] == (8, 8, 8)
    assert broken() == []


def test_the_same_file_under_the_same_key_is_one_import(shop: Shop) -> None:
    content, key = sheets.book(sheets.HEAD, *sheets.goods(1)), operations.new_key()
    first = services.upload(CLERK, shop.producer_id, content, "a.xlsx", op_key=key)
    assert services.upload(CLERK, shop.producer_id, content, "a.xlsx", op_key=key) == first


def shown(shop: Shop, name: str = "Chả mực", amount: int = 100_000) -> Variant:
    """Goods of the producer that customers know."""
    return factories.make_variant(name, amount=amount, producer=session().get_one(Producer, shop.producer_id))


def test_small_changes_of_shown_goods_show_at_once_and_others_wait(shop: Shop) -> None:
    small, large, name = shown(shop, "Một"), shown(shop, "Hai"), shown(shop, "Ba")
    head = ["Mã hàng", "Tên sản phẩm", "Giá bán (₫)", "Bảo quản"]
    row = shop.send(
        sheets.book(
            head,
            [small.sku, "Một", 110_000, "Nơi mát"],
            [large.sku, "Hai", 190_000, ""],
            [name.sku, "Ba mới", 100_000, ""],
        )
    )
    assert shop.outcomes(row) == ["changed"] * 3
    assert [[c[0] for c in r.changes if len(c) > 3] for r in shop.rows(row)] == [[], ["price"], ["name"]]
    row = shop.write(row)
    amounts = {sku: facts[0] for sku, facts in prices(shop).items()}
    assert amounts == {small.sku: 110_000, large.sku: 100_000, name.sku: 100_000}
    assert sorted(p.name for p in shop.products()) == ["Ba", "Hai", "Một"]
    waiting = session().scalars(select(Submission).where(Submission.state == ListingState.SENT)).all()
    assert len(waiting) == 2
    assert broken() == []
    row = shop.undo(row)
    assert row.counts["undone"] == 3
    assert prices(shop)[small.sku][0] == 100_000
    session().expire_all()
    assert {s.state for s in session().scalars(select(Submission))} == {ListingState.DROPPED}
    assert broken() == []


def prices(shop: Shop) -> dict[str, tuple[int | None, int | None]]:
    """What each pack costs now."""
    shelf = planning.Shelf(shop.producer_id)
    shelf.add([p.id for p in shop.products()])
    return {sku: (pack.amount, pack.compare) for sku, pack in shelf.by_sku.items()}


def test_undoing_leaves_what_was_changed_again(shop: Shop) -> None:
    one, two = shown(shop, "Một"), shown(shop, "Hai")
    head = ["Mã hàng", "Tên sản phẩm", "Giá bán (₫)", "Bảo quản"]
    row = shop.write(shop.send(sheets.book(head, [one.sku, "Một", 110_000, "Mát"], [two.sku, "Hai", 110_000, "Mát"])))
    catalog.set_price(CLERK, one.id, 115_000)
    row = shop.undo(row)
    assert (row.counts["undone"], row.counts["kept"]) == (1, 1)
    assert {sku: a for sku, (a, _c) in prices(shop).items()} == {one.sku: 115_000, two.sku: 100_000}
    assert [p.storage_note for p in shop.products()] == [None, None]
    assert [r.left and r.left[0]["key"] for r in shop.rows(row)] == ["price", None]
    assert broken() == []


def test_undoing_ends_after_a_day(shop: Shop) -> None:
    row = shop.write(shop.send(sheets.book(sheets.HEAD, *sheets.goods(1))))
    with transaction() as s:
        s.execute(update(Import).values(applied_at=clock.now() - timedelta(hours=25)))
    with pytest.raises(TooLate):
        services.start_undo(CLERK, row.id)


def test_all_or_nothing(shop: Shop) -> None:
    row = shop.send(sheets.book(sheets.HEAD, *sheets.goods(2), ["SP-9", "Cá", 8, "Hộp", "1 kg", "1-2"]))
    with pytest.raises(StillRefused):
        services.start(CLERK, row.id, Mode.ALL)
    row = shop.send(sheets.book(sheets.HEAD, *sheets.goods(2)))
    services.start(CLERK, row.id, Mode.ALL)
    factories.make_variant("Người khác", producer=factories.make_producer("Khác"))
    with transaction() as s:  # somebody takes the second SKU between the trial and the writing
        s.execute(update(Variant).values(sku="SP-002"))
    services.apply(CLERK, row.id, queries.by_id(row.id).work)
    row = queries.by_id(row.id)
    assert row.state is State.READY and row.problem is not None and row.problem["number"] == 3
    assert shop.products() == []
    assert broken() == []


def test_absent_packs_are_hidden_only_when_asked_and_come_back(shop: Shop) -> None:
    there, absent = shown(shop, "Một"), shown(shop, "Hai")
    row = shop.write(shop.send(sheets.book(["Mã hàng", "Tên sản phẩm", "Giá bán (₫)"], [there.sku, "Một", 101_000])))
    assert [a.sku for a in queries.absent(row)] == [absent.sku]
    pack = shop.variant(absent.sku)
    assert pack is not None and pack.state is VariantState.SHOWN
    assert services.hide_absent(CLERK, row.id, [absent.sku, there.sku]) == 1
    pack = shop.variant(absent.sku)
    assert pack is not None and pack.state is VariantState.HIDDEN
    shop.undo(queries.by_id(row.id))
    pack = shop.variant(absent.sku)
    assert pack is not None and pack.state is VariantState.SHOWN
    assert broken() == []


def test_a_price_for_a_later_day(shop: Shop) -> None:
    pack = shown(shop)
    head = ["Mã hàng", "Tên sản phẩm", "Giá bán (₫)", "Áp dụng giá từ ngày"]
    day = (clock.today() + timedelta(days=9)).strftime("%d/%m/%Y")
    content = sheets.book(head, [pack.sku, "Chả mực", 110_000, day])
    row = shop.write(shop.send(content))
    assert prices(shop)[pack.sku][0] == 100_000
    assert shop.outcomes(shop.send(content)) == ["unchanged"]
    shop.undo(row)
    assert shop.outcomes(shop.send(content)) == ["changed"]
    assert broken() == []


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=30)


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    data=st.lists(
        st.fixed_dictionaries(
            {
                "summary": st.sampled_from(["", "=1+1", "-", "+ cộng; =x", "'a", "a;'=b", '"dấu", phẩy', "dòng\nhai"])
                | texts,
                "amount": st.integers(1, 10**9),
                "months": st.integers(0, 4095),
                "content": st.none() | st.decimals("0.001", "9999", places=3),
                "days": st.none() | st.integers(1, 7300),
                "hidden": st.booleans(),
            }
        ),
        min_size=1,
        max_size=5,
    )
)
def test_an_export_comes_back_unchanged_and_holds_no_formula(shop: Shop, data: list[dict[str, Any]]) -> None:
    for one in data:
        pack = shown(shop, "Hàng", one["amount"])
        with transaction() as s:
            product = s.get_one(Product, pack.product_id)
            product.summary = facts.prose(one["summary"], "summary")
            product.season_months, product.shelf_life_days = one["months"], one["days"]
            made = s.get_one(Variant, pack.id)
            made.net_content, made.net_unit = one["content"], "KGM" if one["content"] is not None else None
            made.state = VariantState.HIDDEN if one["hidden"] else VariantState.SHOWN
    out = io.BytesIO()
    tables.write_xlsx(out, exports.HEAD, exports.goods(shop.producer_id))
    csv_text = "".join(tables.csv_lines(exports.HEAD, exports.goods(shop.producer_id)))
    for line in csv.reader(io.StringIO(csv_text.removeprefix("\ufeff"))):
        assert not any(re.match(r"[\s'\"]*[=+@-]", c) and not c.lstrip().startswith("'") for c in line)
    for content in (out.getvalue(), csv_text.encode()):
        row = shop.send(content)
        assert set(shop.outcomes(row)) == {"unchanged"}, [(r.cells, r.changes, r.problems) for r in shop.rows(row)]


@pytest.mark.parametrize("summary", ["=1+1", "@a", "#N/A", "-", "+ cộng; =x"])
def test_a_text_like_a_formula_comes_back_unchanged_but_is_taken_from_nobody(shop: Shop, summary: str) -> None:
    pack = shown(shop, "Hàng", 50_000)
    with transaction() as s:
        s.get_one(Product, pack.product_id).summary = summary
    lines = list(exports.goods(shop.producer_id))
    sent = "".join(tables.csv_lines(exports.HEAD, lines)).encode()
    assert shop.outcomes(shop.send(sent)) == ["unchanged"]
    if summary[0] in "=@#":
        with transaction() as s:
            s.get_one(Product, pack.product_id).summary = "Ngon"
        assert shop.outcomes(shop.send(sent)) == ["refused"]


FAULTS: dict[str, Any] = {
    "imports.every-row-is-accounted-for": lambda s: s.execute(delete(ImportRow).where(ImportRow.position == 1)),
    "imports.touch-the-producers-own-goods": lambda s: s.execute(update(Product).values(producer_id=None)),
    "imports.refused-rows-wrote-nothing": lambda s: s.execute(
        update(ImportRow).where(ImportRow.position == 1).values(outcome="refused")
    ),
    "imports.history-is-an-unbroken-chain": lambda s: s.execute(update(Import).values(state="ready")),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_audit_sees_a_planted_fault(shop: Shop, name: str) -> None:
    producer = factories.make_producer("HTX khác")
    shop.write(shop.send(sheets.book(sheets.HEAD, *sheets.goods(2))))
    assert broken() == []
    with transaction() as s:
        if name == "imports.touch-the-producers-own-goods":
            s.execute(update(Product).values(producer_id=producer.id))
        else:
            FAULTS[name](s)
    assert name in broken()
