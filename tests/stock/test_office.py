"""Goods for staff: lists of one's own points, history, what each change was for; no number changes by hand."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from shop.accounts.permissions import Role
from shop.kernel import clock, operations
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.stock import services as stock
from shop.stock.models import Lot, StockLevel
from shop.stock.services import Take
from tests.factories import make_point, make_producer, make_variant, put_in
from tests.people import sign_in
from tests.statements import count


def page(client: Any, address: str, status: int = 200) -> str:
    answer = client.get(address, buffered=True)
    assert answer.status_code == status, (address, answer.status_code)
    return str(answer.get_data(as_text=True))


def levels(shown: str) -> set[int]:
    return {int(found) for found in re.findall(r'href="/office/stock/(\d+)"', shown)}


def claim(*args: Any, **values: Any) -> None:
    with transaction():
        stock.take(*args, **values)


def level_of(level_id: int) -> StockLevel:
    session().rollback()
    session().expire_all()
    found = session().get(StockLevel, level_id)
    assert found is not None
    return found


@pytest.fixture
def clerk(ctx: Flask, client: Any) -> Any:
    """A client signed in as the order desk."""
    sign_in(client, Role.ORDER_DESK)
    return client


# --- the list ----------------------------------------------------------------------------------------------------


def test_only_who_may(ctx: Flask, client: Any) -> None:
    level = put_in(make_variant(), make_point(), 5)
    for address in ("/office/stock", f"/office/stock/{level}"):
        assert client.get(address).status_code == 302
    sign_in(client, Role.LOCALITY_OFFICER)
    for address in ("/office/stock", f"/office/stock/{level}"):
        page(client, address, 403)
    sign_in(client, Role.PROGRAMME_OFFICER)  # reads, neither counts nor receives
    shown = page(client, f"/office/stock/{level}")
    assert "/office/counts" not in shown
    assert "/office/receipts" not in shown


def test_levels_are_found_and_narrowed(clerk: Any) -> None:
    here, there, today = make_point("Đây"), make_point("Kia"), clock.today()
    plenty = put_in(make_variant("Chả mực Hạ Long"), here, 50)
    few = put_in(make_variant("Miến dong"), there, 3, lot_code="L-77", expires_on=today + timedelta(days=10))
    gone_variant = make_variant("Ngán")
    gone = put_in(gone_variant, here, 2)
    claim("order:AAAA-BBBB:1", [Take(gone, 2)])
    old = put_in(make_variant("Sá sùng"), here, 9, lot_code="CŨ", expires_on=today + timedelta(days=1))
    with transaction() as s:
        s.execute(update(Lot).where(Lot.code == "CŨ").values(expires_on=today - timedelta(days=1)))
    stock.refresh_availability()  # as the sweep does within minutes of a day's end
    make_variant("Chưa từng nhập")
    every = {plenty, few, gone, old}

    def found(query: str) -> set[int]:
        return levels(page(clerk, f"/office/stock?{query}"))

    assert found("") == every
    assert found("q=cha muc") == found("q=Chả MỰC hạ") == {plenty}
    assert found("q=l-77") == {few}
    sku = str(gone_variant.sku)
    assert found(f"q={sku.lower()}") == {gone}
    assert found("q=%25") == found("q=khong co gi") == set()
    assert found("state=low") == {few}
    assert found("state=out") == {gone, old}  # what is past its date cannot be sold
    assert found("state=ending") == {few}
    assert found("state=expired") == {old}
    assert found("state=claimed") == {gone}
    assert found(f"point={there.id}") == {few}
    for sort in ("product", "-sku", "point", "lot", "expires_on", "-on_hand", "held", "allocated", "-free"):
        assert found(f"sort={sort}") == every
    for nonsense in ("state=x", "point=x", "page=x", "sort=updated_at;", "format=pdf"):
        assert found(nonsense) == every
    assert "1 quy cách đang bày bán chưa từng được nhập hàng." in page(clerk, "/office/stock?state=out")
    assert "Stock" in page(clerk, "/en/office/stock")


def test_levels_in_the_order_of_their_own_numbers(clerk: Any) -> None:
    """Found by themselves, joined afterwards: the same rows in the same order, whatever else narrows the list."""
    here, there = make_point("Đây"), make_point("Kia")
    packs = [make_variant(name) for name in ("Chả mực", "Miến dong", "Ngán", "Sá sùng")]
    rows = [put_in(pack, here, n) for pack, n in zip(packs, (5, 60, 7, 20), strict=True)]
    far = put_in(packs[0], there, 50)
    claim("order:AAAA-BBBB:1", [Take(rows[1], 59)])

    def found(query: str) -> list[int]:
        shown = page(clerk, f"/office/stock?{query}")
        return list(dict.fromkeys(int(n) for n in re.findall(r'href="/office/stock/(\d+)"', shown)))

    by_free = [rows[1], rows[0], rows[2], rows[3], far]
    assert found("sort=free") == by_free
    assert found("sort=-free") == by_free[::-1]
    assert found(f"sort=-free&point={here.id}") == by_free[-2::-1]
    assert found("sort=-on_hand") == [rows[1], far, rows[3], rows[2], rows[0]]
    assert found("sort=free&state=claimed") == [rows[1]]
    assert found("sort=-free&state=low") == [rows[1]]  # of each other pack, counted as a whole, there is enough
    assert found("sort=-free&state=ending") == found("sort=free&q=khong co gi") == []
    assert found("sort=free&q=cha muc") == [rows[0], far]
    lines = page(clerk, "/office/stock?sort=free&format=csv").splitlines()[1:]
    assert ["Chả mực" in line for line in lines] == [False, True, False, False, True]


def test_lots_that_are_used_up_are_shown_to_who_looks_for_them(clerk: Any) -> None:
    here, there, pack, other = make_point("Đây"), make_point("Kia"), make_variant("Chả mực"), make_variant("Miến dong")
    old, now = (put_in(pack, here, 5, lot_code=code) for code in ("L-1", "L-2"))
    last = put_in(other, here, 5, lot_code="L-3")
    sent, elsewhere = put_in(pack, there, 5, lot_code="L-1"), put_in(pack, there, 5, lot_code="L-2")
    for level_id in (old, last, elsewhere):
        stock.adjust(SYSTEM, level_id, -5, "Đã bán hết", operations.new_key())

    def found(query: str = "") -> set[int]:
        return levels(page(clerk, f"/office/stock?{query}"))

    # The last lot of a shelf is its line, used up or not.
    assert found() == {now, last, sent, elsewhere}
    assert found("state=gone") == {old}
    assert found("q=l-1") == {old, sent}
    shown = page(clerk, "/office/stock/lots")
    assert [f">{code}<" in shown for code in ("L-1", "L-2", "L-3")] == [True, True, False]
    assert ">L-3<" in page(clerk, "/office/stock/lots?q=l-3")
    gone = page(clerk, "/office/stock/lots?state=gone")
    assert [f">{code}<" in gone for code in ("L-1", "L-2", "L-3")] == [True, True, True]


def test_a_keeper_sees_his_own_points_only(ctx: Flask, client: Any) -> None:
    mine, theirs, variant = make_point("Của tôi"), make_point("Của họ"), make_variant()
    own, foreign = put_in(variant, mine, 2), put_in(variant, theirs, 90)
    sign_in(client, (Role.POINT_KEEPER, f"point:{mine.id}"))
    assert levels(page(client, "/office/stock")) == {own}
    assert levels(page(client, f"/office/stock?point={theirs.id}")) == {own}  # no such choice
    assert levels(page(client, "/office/stock?state=low")) == {own}  # few of it at his point
    assert "Của họ" not in page(client, "/office/stock?format=csv")
    page(client, f"/office/stock/{own}")
    page(client, f"/office/stock/{foreign}", 404)
    page(client, "/office/stock/4711", 404)


def test_exports_carry_no_formula(clerk: Any) -> None:
    put_in(make_variant("=1+1"), make_point("+Điểm"), 7, lot_code="@L", expires_on=clock.today() + timedelta(days=90))
    rows = list(csv.DictReader(io.StringIO(page(clerk, "/office/stock?format=csv").lstrip("\ufeff"))))
    assert (rows[0]["Sản phẩm"], rows[0]["Điểm bán"], rows[0]["Lô"]) == ("'=1+1", "'+Điểm", "'@L")
    assert (rows[0]["Có"], rows[0]["Còn bán được"], rows[0]["Hàng của"]) == ("7", "7", "Cửa hàng")
    body = clerk.get("/office/stock?format=xlsx", buffered=True).get_data()
    assert body[:2] == b"PK"


def test_pages_ask_the_database_a_fixed_number_of_times(clerk: Any) -> None:
    point, variant = make_point(), make_variant()
    level = put_in(variant, point, 5)
    for address in ("/office/stock", f"/office/stock/{level}"):
        page(clerk, address)
    few = [count(lambda a=a: page(clerk, a)) for a in ("/office/stock", f"/office/stock/{level}")]
    for n in range(12):
        put_in(make_variant(f"Món {n}", producer=make_producer()), point, 5, owner=f"producer:{n + 1}")
        put_in(variant, point, 1)
        claim(f"order:AAAA-{n:04d}:1", [Take(level, 1)])
    many = [count(lambda a=a: page(clerk, a)) for a in ("/office/stock", f"/office/stock/{level}")]
    assert many == few
    assert max(few) <= 8  # session and grants of the reader among them


# --- one level ---------------------------------------------------------------------------------------------------


def test_the_history_is_read_backwards_page_by_page(clerk: Any) -> None:
    level = put_in(make_variant(), make_point(), 200)
    for n in range(60):
        stock.adjust(SYSTEM, level, -1, f"lần {n:02d}", f"adjust-key-{n:03d}")
    shown = page(clerk, f"/office/stock/{level}")
    assert "lần 59" in shown
    assert "lần 09" not in shown
    older = re.search(r'rel="next" href="([^"]+)"', shown)
    assert older
    second = page(clerk, older[1])
    assert "lần 09" in second
    assert "hàng thử" in second
    assert "lần 10" not in second
    assert 'rel="next"' not in second
    for nonsense in ("x", "-1", "9" * 40, "0"):
        page(clerk, f"/office/stock/{level}?before={nonsense}")


def test_claims_and_causes_lead_to_their_orders(clerk: Any) -> None:
    level = put_in(make_variant(), make_point(), 5, reference="paper:NB 12/24")
    claim("order:HX7K-3M2P:1", [Take(level, 2)], until=clock.now() + timedelta(hours=1))
    shown = page(clerk, f"/office/stock/{level}")
    assert 'href="/office/orders/HX7K-3M2P"' in shown
    assert "Phiếu NB 12/24" in shown


CAUSES = {
    "transfer:C-7K2P-Q4MD": ("Phiếu chuyển C-7K2P-Q4MD", "/office/transfers/C-7K2P-Q4MD"),
    "count:K-7K2P-Q4MD": ("Kiểm kê K-7K2P-Q4MD", "/office/counts/K-7K2P-Q4MD"),
    "receipt:N-7K2P-Q4MD": ("Phiếu giao N-7K2P-Q4MD", "/office/receipts/N-7K2P-Q4MD"),
    "write-off:H-7K2P-Q4MD": ("Phiếu hủy H-7K2P-Q4MD", "/office/write-offs/H-7K2P-Q4MD"),
    "shortage:T-7K2P-Q4MD": ("Thiếu hàng ở quầy T-7K2P-Q4MD", "/office/tills/shortages/T-7K2P-Q4MD"),
    "recall:R-7K2P-Q4MD": ("Thu hồi R-7K2P-Q4MD", "/office/recalls/R-7K2P-Q4MD"),
    "order:HX7K-3M2P:1": ("Đơn HX7K-3M2P", "/office/orders/HX7K-3M2P"),
}


def test_every_cause_is_said_in_words_and_leads_to_its_paper(ctx: Flask, client: Any) -> None:
    level = put_in(make_variant(), make_point(), 50)
    for n, reference in enumerate(CAUSES):
        stock.adjust(SYSTEM, level, -1, "thử", f"cause-key-{n:03d}", reference=reference)
    sign_in(client, Role.ADMINISTRATOR)
    shown = page(client, f"/office/stock/{level}")
    for reference, (words, address) in CAUSES.items():
        assert f'<a href="{address}">{words}</a>' in shown
        assert reference not in shown
    english = page(client, f"/en/office/stock/{level}")
    assert "Short at the counter T-7K2P-Q4MD" in english
    sign_in(client, Role.PROGRAMME_OFFICER)  # may open a recall, and none of the other papers
    shown = page(client, f"/office/stock/{level}")
    for reference, (words, address) in CAUSES.items():
        assert words in shown
        assert (f'href="{address}"' in shown) == reference.startswith("recall:")


def test_no_number_is_changed_by_hand(ctx: Flask, client: Any) -> None:
    """Neither corrections nor receipts beside the papers: those ask for a second person, these do not."""
    point, variant = make_point(), make_variant()
    level = put_in(variant, point, 10)
    sign_in(client, (Role.POINT_KEEPER, f"point:{point.id}"))
    shown = page(client, f"/office/stock/{level}")
    assert re.findall(r"<form[^>]*method=.post[^>]*action=.([^ >'\"]+)", shown.partition("<main")[2]) == []
    data = {"csrf_token": client.token("/tai-khoan"), "direction": "out", "quantity": "1", "reason": "Vỡ",
            "op_key": operations.new_key(), "sku": variant.sku, "point": str(point.id)}  # fmt: skip
    assert client.post(f"/office/stock/{level}/adjust", data=data).status_code == 404
    assert client.post("/office/stock/receive", data=data).status_code in (404, 405)
    assert level_of(level).on_hand == 10
    for address in re.findall(r'href="(/office/(?:counts|write-offs|receipts)/new\?[^"]+)"', shown):
        found = page(client, address.replace("&amp;", "&"))
        assert variant.sku in found or "chưa ghi cơ sở sản xuất" in found
