"""Lots on the pages of staff and of the public: who sees what, what is refused, labels that can be scanned."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
import zxingcpp
from flask import Flask
from PIL import Image
from sqlalchemy import event, insert

from shop.accounts.permissions import Role
from shop.kernel import clock, operations, papers
from shop.kernel.actor import SYSTEM
from shop.kernel.db import db, session, transaction
from shop.stock import labels
from shop.stock import services as stock
from shop.stock.models import Lot, LotPaper, MovementKind, StockLevel, StockMovement
from shop.stock.queries import lots as queries
from shop.stock.services import Take, lots
from tests.factories import make_certificate, make_point, make_producer, make_variant, put_in
from tests.people import sign_in

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def page(client: Any, address: str, status: int = 200) -> str:
    answer = client.get(address, buffered=True)
    assert answer.status_code == status, (address, answer.status_code)
    return str(answer.get_data(as_text=True))


def lot_of(level_id: int) -> int:
    return session().get_one(StockLevel, level_id).lot_id


@pytest.fixture
def desk(ctx: Flask, client: Any) -> Any:
    """A client signed in as the order desk, and a lot of ten at one point."""
    producer = make_producer("HTX Thủy sản Bến Thử")
    variant = make_variant("Chả mực Hạ Long", producer=producer)
    point = make_point("Kho Một")
    level = put_in(
        variant, point, 10, lot_code="L-0312", produced_on=clock.today() - timedelta(days=3),
        expires_on=clock.today() + timedelta(days=12),
    )  # fmt: skip
    sign_in(client, Role.ORDER_DESK)
    client.variant, client.point, client.level, client.lot = variant, point, level, lot_of(level)
    return client


def post(client: Any, address: str, status: int = 303, **fields: Any) -> Any:
    token = client.token(f"/office/stock/lots/{client.lot}")
    data = {"csrf_token": token, "op_key": operations.new_key()} | fields
    answer = client.post(address, data=data, content_type="multipart/form-data")
    assert answer.status_code == status, (address, answer.status_code)
    return answer


# --- the list ----------------------------------------------------------------------------------------------------


def test_the_list_shows_each_lot_at_each_point(desk: Any) -> None:
    far = make_point("Kho Hai")
    put_in(desk.variant, far, 4, lot_code="L-0312")
    put_in(desk.variant, far, 7, lot_code="L-XA", expires_on=clock.today() + timedelta(days=200))
    put_in(make_variant("Miến dong"), far, 7)  # no lot recorded: not a lot

    def rows(query: str = "") -> list[str]:
        shown = page(desk, f"/office/stock/lots?{query}")
        return re.findall(r'<td[^>]* class="nowrap">(L-[^<]+)</td>\s*<td[^>]* class="wide">([^<]+)<', shown)

    assert sorted(rows()) == [("L-0312", "Kho Hai"), ("L-0312", "Kho Một"), ("L-XA", "Kho Hai")]
    assert sorted(rows("state=ending")) == [("L-0312", "Kho Hai"), ("L-0312", "Kho Một")]
    assert rows(f"point={desk.point.id}") == [("L-0312", "Kho Một")]
    assert rows("q=l-xa") == [("L-XA", "Kho Hai")]
    assert rows("state=stopped") == rows("state=expired") == []
    for sort in ("product", "-lot", "point", "-expires_on", "on_hand", "-claimed", "stopped_at", "produced_on"):
        assert len(rows(f"sort={sort}")) == 3
    assert page(desk, "/office/stock/lots?format=csv").count("L-0312") == 2
    assert [(x.lot, x.point, x.on_hand) for x in queries.ending([far.id])] == [("L-0312", "Kho Hai", 4)]
    assert "Lots" in page(desk, "/en/office/stock/lots")


def test_a_keeper_sees_his_own_points_and_changes_no_lot(desk: Any, app: Flask) -> None:
    far = make_point("Kho Hai")
    put_in(desk.variant, far, 4, lot_code="L-0312")
    foreign = lot_of(put_in(desk.variant, desk.point, 7, lot_code="L-RIENG"))
    keeper = app.test_client()
    sign_in(keeper, (Role.POINT_KEEPER, f"point:{far.id}"))
    shown = page(keeper, f"/office/stock/lots/{desk.lot}")
    assert "Kho Hai" in shown
    assert "Kho Một" not in shown
    assert "L-RIENG" not in page(keeper, "/office/stock/lots")
    page(keeper, f"/office/stock/lots/{foreign}", 404)
    page(keeper, "/office/stock/lots/4711", 404)
    data = {"csrf_token": keeper.token(f"/office/stock/lots/{desk.lot}"), "reason": "thử", "op_key": "keeper-key-1"}
    assert keeper.post(f"/office/stock/lots/{desk.lot}/stop", data=data).status_code == 403
    for path in ("", "/papers"):
        assert keeper.post(f"/office/stock/lots/{desk.lot}{path}", data=data).status_code in {403, 404}
    assert session().get_one(Lot, desk.lot).stopped_at is None


# --- one lot -----------------------------------------------------------------------------------------------------


def test_a_lot_is_stopped_and_resumed_on_its_page(desk: Any) -> None:
    base = f"/office/stock/lots/{desk.lot}"
    assert "Hãy ghi lý do" in post(desk, f"{base}/stop", 422, reason=" ").get_data(as_text=True)
    post(desk, f"{base}/stop", reason="khách báo có mùi lạ")
    assert "khách báo có mùi lạ" in page(desk, base)
    assert "Đang dừng" in page(desk, "/office/stock/lots?state=stopped")
    post(desk, f"{base}/resume", reason="kiểm nghiệm đạt")
    assert "Dừng lô ở mọi nơi" in page(desk, base)


def test_claims_of_a_stopped_lot_move_by_a_button(desk: Any) -> None:
    base = f"/office/stock/lots/{desk.lot}"
    other = put_in(desk.variant, desk.point, 5, lot_code="L-KHAC")
    with transaction():
        stock.take("order:AAAA-BBBB:1", [Take(desk.level, 2)])
    assert 'data-testid="swap-lot"' not in page(desk, base)
    lots.stop_lot(SYSTEM, desk.lot, "nghi hỏng", "swap-stop-1")
    assert 'data-testid="swap-lot"' in page(desk, base)
    post(desk, f"{base}/swap")
    assert session().get_one(StockLevel, other).allocated == 2
    assert 'data-testid="swap-lot"' not in page(desk, base)


def test_code_and_dates_are_put_right(desk: Any) -> None:
    base = f"/office/stock/lots/{desk.lot}"
    bad = {"code": "L-0312", "produced_on": "2026-02-02", "expires_on": "2026-02-01", "reason": "nhầm"}
    assert "Hạn dùng không thể trước" in post(desk, base, 422, **bad).get_data(as_text=True)
    assert "Ngày chưa đúng" in post(desk, base, 422, **(bad | {"expires_on": "hôm qua"})).get_data(as_text=True)
    post(desk, base, code="L-0313", produced_on="", expires_on="", reason="tem in nhầm")
    found = session().get_one(Lot, desk.lot)
    assert (found.code, found.produced_on, found.expires_on) == ("L-0313", None, None)


def test_movements_of_a_lot_are_named_and_paged(desk: Any) -> None:
    with transaction():
        stock.take("order:AAAA-BBBB:1", [Take(desk.level, 2)])
    stock.hand_over(SYSTEM, "order:AAAA-BBBB:1")
    shown = page(desk, f"/office/stock/lots/{desk.lot}")
    assert "Đơn AAAA-BBBB" in shown
    assert "Bán ra" in shown
    with transaction() as s:
        s.execute(
            insert(StockMovement),
            [
                {
                    "level_id": desk.level, "kind": MovementKind.COUNT, "quantity": 1, "balance": 9 + n, "reason": "đếm",
                    "actor_key": "system", "actor_label": "x", "op_key": f"bulk-{n}", "at": clock.now(),
                }
                for n in range(60)
            ],
        )  # fmt: skip
    first = page(desk, f"/office/stock/lots/{desk.lot}")
    older = re.search(r'href="([^"]+before=\d+)"', first)
    assert older
    assert "Đơn AAAA-BBBB" not in first
    assert "Đơn AAAA-BBBB" in page(desk, older[1].replace("&amp;", "&"))


def test_a_level_of_a_hundred_thousand_movements_opens_in_six_statements(desk: Any) -> None:
    with transaction() as s:
        for start in range(0, 100_000, 5_000):
            s.execute(
                insert(StockMovement),
                [
                    {
                        "level_id": desk.level, "kind": MovementKind.COUNT, "quantity": 1, "balance": 11 + n, "reason": "đếm",
                        "actor_key": "system", "actor_label": "x", "op_key": f"many-{n}", "at": clock.now(),
                    }
                    for n in range(start, start + 5_000)
                ],
            )  # fmt: skip
    for address in (f"/office/stock/{desk.level}", f"/office/stock/lots/{desk.lot}"):
        page(desk, address)
        seen: list[str] = []

        def note(_c: Any, _cursor: Any, sql: str, *_rest: Any, seen: list[str] = seen) -> None:
            if not sql.startswith(("BEGIN", "PRAGMA")):
                seen.append(sql)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            page(desk, address)
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        of_goods = [sql for sql in seen if re.search(r"\b(stock_|lots|lot_papers|points|producers)", sql)]
        assert len(of_goods) <= 6, "\n\n".join(of_goods)


# --- papers and the trace page -----------------------------------------------------------------------------------


def test_papers_are_shown_to_the_public_only_if_staff_say_so(desk: Any, app: Flask) -> None:
    base = f"/office/stock/lots/{desk.lot}"
    for fields in ({"kind": "x", "number": "1"}, {"kind": "test"}, {"kind": "test", "number": "9" * 81}):
        post(desk, f"{base}/papers", 422, **fields)
    hostile = {"kind": "test", "file": (io.BytesIO(b"<svg onload=alert(1)>"), "a.pdf")}
    post(desk, f"{base}/papers", 422, **hostile)
    assert session().query(LotPaper).count() == 0
    post(desk, f"{base}/papers", kind="test", number="KN-77", issuer="Trung tâm Kiểm nghiệm", issued_on="2026-11-01",
         file=(io.BytesIO(PDF), "kn.pdf"))  # fmt: skip
    paper = session().query(LotPaper).one()
    code = lots.trace_code(SYSTEM, desk.lot)
    public = app.test_client()
    file = f"/truy-xuat/{code}/giay-to/{paper.id}"
    assert "KN-77" not in page(public, f"/truy-xuat/{code}")
    page(public, file, 404)
    assert public.get(f"{base}/papers/{paper.id}").status_code == 302
    assert desk.get(f"{base}/papers/{paper.id}").data == PDF
    post(desk, f"{base}/papers/{paper.id}", do="show")
    assert "KN-77" in page(public, f"/truy-xuat/{code}")
    answer = public.get(file)
    assert (answer.data, answer.headers["Content-Security-Policy"]) == (PDF, "default-src 'none'; sandbox")
    page(public, f"/truy-xuat/AAAA-AAAA/giay-to/{paper.id}", 404)
    other = lot_of(put_in(desk.variant, desk.point, 1, lot_code="L-KHAC"))
    assert desk.get(f"/office/stock/lots/{other}/papers/{paper.id}").status_code == 404
    post(desk, f"{base}/papers/{paper.id}", do="remove")
    assert "KN-77" not in page(public, f"/truy-xuat/{code}")
    page(public, file, 404)


def test_the_trace_form_is_found_and_answers_codes_of_nothing_kindly(desk: Any, app: Flask) -> None:
    public = app.test_client()
    for address in (
        "/",
        "/tro-giup",
        "/tro-giup/chung-nhan",
        f"/san-pham/{desk.variant.product.slug}",
        "/sitemap/trang.xml",
    ):
        assert "/truy-xuat" in page(public, address), address
    assert "/en/truy-xuat" in page(public, "/en/tro-giup/chung-nhan")
    assert 'name="ma"' in page(public, "/truy-xuat")
    for code in ("AAAA-AAAA", "8936001234567", "không có", "%3Cscript%3E", "x" * 300):
        answer = public.get(f"/truy-xuat?ma={code}", follow_redirects=True)
        shown = answer.get_data(as_text=True)
        assert answer.status_code == 404
        assert '<meta name="error-code" content="not-found">' in shown
        assert "Không tìm thấy" in shown
        assert "<script>" not in shown.partition("<main")[2]
    assert "Not found" in public.get("/en/truy-xuat/AAAA-AAAA").get_data(as_text=True)
    assert page(public, "/truy-xuat?ma=---")


def test_the_trace_page_tells_the_origin_and_nothing_of_the_house(desk: Any, app: Flask) -> None:
    certificate = make_certificate(desk.variant, stars=4)
    put_in(desk.variant, desk.point, 87_323, lot_code="L-0312")
    code = lots.trace_code(SYSTEM, desk.lot)
    assert lots.trace_code(SYSTEM, desk.lot) == code
    public = app.test_client()
    shown = page(public, f"/truy-xuat/{code}")
    for word in ("Chả mực Hạ Long", "L-0312", "HTX Thủy sản Bến Thử", certificate.number, "4 sao"):
        assert word in shown
    main = shown[shown.index("<main") : shown.index("</main>")]
    assert "Kho Một" not in main
    assert "/office" not in main
    said = re.sub(r"<[^>]+>", "", main)  # how many there are is the shop's affair
    assert "87.323" not in said
    assert "87323" not in said
    answer = public.get(f"/truy-xuat/{code}")
    assert answer.headers["ETag"]
    assert "public" in answer.headers["Cache-Control"]
    assert public.get(f"/truy-xuat?ma={code.lower().replace('-', ' ')}").headers["Location"].endswith(code)
    assert "Batch" in page(public, f"/en/truy-xuat/{code}") or "Lot" in page(public, f"/en/truy-xuat/{code}")
    for unknown in ("AAAA-AAAA", "x", "%F0%9F%90%9F", "A" * 300):
        assert "Không tìm thấy" in page(public, f"/truy-xuat/{unknown}", 404)
    lots.stop_lot(SYSTEM, desk.lot, "nội bộ: nghi nhiễm khuẩn", "trace-stop-1")
    stopped = page(public, f"/truy-xuat/{code}")
    assert "tạm dừng bán" in stopped
    assert "nghi nhiễm khuẩn" not in stopped


# --- labels ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", list(labels.SIZES))
def test_the_code_of_every_label_leads_to_the_trace_page(desk: Any, size: str) -> None:
    found = queries.lot(desk.lot)
    assert found is not None
    code = lots.trace_code(SYSTEM, desk.lot)
    asked = labels.wish({"size": size, "count": "3", "start": "5", "price": "1"})
    pages = papers.picture(labels.TEMPLATE, labels.data(found, code, asked), dpi=300)
    read = [b.text for p in pages for b in zxingcpp.read_barcodes(Image.open(io.BytesIO(p)))]
    assert read == [f"http://localhost/truy-xuat/{code}"] * 3
    assert len(pages) == (3 if asked.size.on_roll else 1)
    assert not asked.size.on_roll or asked.start == 1
    assert labels.sheet(found, code, asked).startswith(b"%PDF-")


def test_a_sheet_goes_on_where_the_last_one_ended(desk: Any) -> None:
    found = queries.lot(desk.lot)
    assert found is not None
    asked = labels.wish({"size": "a4-70x37", "count": "3", "start": "23"})
    pages = papers.picture(labels.TEMPLATE, labels.data(found, "H7KQ-2XM9", asked), dpi=150)
    spots = [
        sorted(
            (b.position.top_left.x, b.position.top_left.y) for b in zxingcpp.read_barcodes(Image.open(io.BytesIO(p)))
        )
        for p in pages
    ]
    assert [len(s) for s in spots] == [2, 1]
    mm = 150 / 25.4
    assert all(70 * mm < x for x, _y in spots[0])  # places 23 and 24 are the second and third of the last row
    assert all(y > 259 * mm for _x, y in spots[0])
    assert spots[1][0][0] < 70 * mm
    assert spots[1][0][1] < 37 * mm


def test_labels_are_asked_for_on_the_lot_page(desk: Any) -> None:
    base = f"/office/stock/lots/{desk.lot}"
    for wrong in (
        {"size": "a3", "count": "1"},
        {"size": "a4-70x37", "count": "0"},
        {"size": "a4-70x37", "count": "-1"},
        {"size": "a4-70x37", "count": "1001"},
        {"size": "a4-70x37", "count": "1", "start": "25"},
        {"size": "a4-70x37", "count": "x"},
    ):
        post(desk, f"{base}/labels", 422, **wrong)
    assert session().get_one(Lot, desk.lot).trace_code is None
    answer = post(desk, f"{base}/labels", 200, size="roll-40x30", count="2", price="1")
    assert answer.mimetype == "application/pdf"
    assert session().get_one(Lot, desk.lot).trace_code
