"""Transfers in the office: a keeper asks, packs, sends and receives at his own points; each refusal stands at its place."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, update

from shop.accounts.permissions import Role
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import db, transaction
from shop.points.models import Point
from shop.stock import services as stock
from shop.stock.models import Lot
from shop.stock.services import Take
from shop.transfers import queries
from shop.transfers import services as transfers
from shop.transfers.models import S, Transfer
from tests import factories
from tests.people import sign_in
from tests.transfers.conftest import at_point, broken, key, road, stop, transfer


def page(client: Any, address: str, status: int = 200) -> str:
    answer = client.get(address, buffered=True)
    assert answer.status_code == status, (address, answer.status_code)
    return str(answer.get_data(as_text=True))


def errors(answer: Any) -> list[str]:
    return re.findall(r'data-testid="error">([^<]+)<', answer.get_data(as_text=True))


def keeper(client: Any, *points: Point) -> Any:
    return sign_in(client, *[(Role.POINT_KEEPER, f"point:{p.id}") for p in points])


def test_boxes_with_a_recalled_lot_are_unpacked_by_a_person(shelves, client):
    reference = shelves.packed()
    address = f"/office/transfers/{reference}"
    keeper(client, shelves.here)
    assert 'data-testid="dispatch"' in page(client, address)
    stop("SỚM")
    shown = page(client, address)
    assert "Trong thùng có lô bị dừng hoặc quá hạn (SỚM)" in shown
    assert 'data-testid="dispatch"' not in shown
    assert 'data-testid="unpack"' in shown
    refused = client.post(f"{address}/dispatch", data={"csrf_token": client.token(address), "op_key": key()})
    assert refused.status_code == 409
    assert '<meta name="error-code" content="lot-not-sent">' in refused.text
    assert client.fill(address, form=f"{address}/unpack", reason="thu hồi").status_code == 303
    packing = page(client, f"{address}/pack")
    assert f'name="pick-{shelves.early}"' not in packing
    assert f'name="pick-{shelves.late}" value="8"' in packing
    assert broken() == []


def test_a_past_date_keeps_boxes_at_home_too(shelves, client):
    reference = shelves.packed()
    keeper(client, shelves.here)
    with transaction() as s:
        s.execute(update(Lot).where(Lot.code == "SỚM").values(expires_on=clock.today() - timedelta(days=1)))
    assert "quá hạn (SỚM)" in page(client, f"/office/transfers/{reference}")


def test_looking_for_goods_says_why_there_are_none(shelves, client, app):
    keeper(client, shelves.there)
    found = client.fill("/office/transfers/new", **{"from": str(shelves.here.id), "do": "find"})
    assert "Bạn không giữ điểm gửi" in found.text
    staff = app.test_client()
    sign_in(staff, Role.PROMOTION_STAFF)
    found = staff.fill("/office/transfers/new", **{"from": str(shelves.there.id), "do": "find"})
    assert "Điểm gửi không có hàng nào." in found.text


def test_a_code_is_read_however_it_is_typed():
    for typed in ("C-HX7K-3M2P", "c hx7k 3m2p", "hx7k3m2p", " HX7K–3M2P ", "chx7k-3m2p", "C.HX7K.3M2P",
                  "http://localhost:8000/office/transfers/C-HX7K-3M2P/receive"):  # fmt: skip
        assert queries.normal(typed) == "C-HX7K-3M2P", typed
    assert queries.normal("CX7K-3M2P") == "C-CX7K-3M2P"  # a code that itself begins with C
    for nothing in ("", "C-", "HX7K", "HX7K-3M2P-99", "%", "C" * 200):
        assert queries.normal(nothing) == ""


def test_the_whole_way_through_the_pages(shelves, client, app):
    here, there = shelves.here, shelves.there
    taker, sender, staff = client, app.test_client(), app.test_client()
    keeper(taker, there)
    keeper(sender, here)
    sign_in(staff, Role.PROMOTION_STAFF)
    found = taker.fill("/office/transfers/new", **{"from": str(here.id), "q": "cha muc", "do": "find"})
    assert f'name="n-{shelves.squid.id}"' in found.text
    assert "Điểm gửi còn" not in found.text  # a keeper does not see what lies at other points
    asked = taker.fill(
        "/office/transfers/new",
        **{
            "from": str(here.id),
            "to": str(there.id),
            f"n-{shelves.squid.id}": "8",
            f"n-{shelves.tea.id}": "3",
            "note": "Hội chợ",
        },
    )
    assert asked.status_code == 303
    address = asked.headers["Location"]
    reference = address.rpartition("/")[2]
    assert "Chờ duyệt" in page(taker, address)
    assert 'data-testid="approve"' not in page(taker, address)
    shown = page(staff, address)
    assert "Xin 8 · điểm gửi còn 16" in shown
    line = next(x for x in transfer(reference).lines if x.variant_id == shelves.tea.id)
    answer = staff.fill(address, form=f"{address}/approve", **{f"line-{line.id}": "2"})
    assert answer.status_code == 303
    assert 'data-testid="pack"' in page(sender, address)
    assert 'data-testid="pack"' not in page(taker, address)
    packing = page(sender, f"{address}/pack")
    assert f'name="pick-{shelves.early}" value="6"' in packing  # first expiring first
    assert f'name="pick-{shelves.late}" value="2"' in packing
    assert sender.fill(f"{address}/pack", form=f"{address}/pack").status_code == 303
    assert sender.get(f"{address}/note.pdf").data.startswith(b"%PDF")
    assert sender.fill(address, form=f"{address}/dispatch").status_code == 303
    assert "10 đơn vị đang trên đường." in page(taker, address)
    assert (
        taker.get(f"/office/transfers/find?code={reference.lower().replace('-', ' ')}").headers["Location"]
        == f"{address}/receive"
    )
    early = road(reference)[shelves.early].id
    first = taker.fill(
        f"{address}/receive",
        form=f"{address}/receive",
        **{f"good-{early}": "4", f"damaged-{early}": "1", f"why-{early}": "Rách bao"},
    )
    assert first.status_code == 303
    shown = page(taker, address)
    assert "Mới nhận một phần" in shown and "Rách bao" in shown
    assert f'name="good-{early}" value="1"' in page(taker, f"{address}/receive")
    assert taker.fill(f"{address}/receive", form=f"{address}/receive").status_code == 303
    assert transfer(reference).status is S.CLOSED
    assert "Đã nhận xong" not in page(taker, address)
    again = taker.get(f"{address}/receive", follow_redirects=True)
    assert "Phiếu này đã được nhận xong." in again.get_data(as_text=True)
    assert at_point(there)[shelves.squid.id, "SỚM", "shop"] == 5
    assert at_point(there)[shelves.tea.id, "T1", shelves.owner] == 2
    assert broken() == []


def test_only_who_keeps_one_of_both_points(shelves, client, app):
    reference = shelves.asked()
    address = f"/office/transfers/{reference}"
    posts = ("approve", "refuse", "cancel", "pack", "unpack", "dispatch", "receive", "close")
    assert client.get(address).status_code == 302
    stranger = app.test_client()
    keeper(stranger, factories.make_point("Điểm khác"))
    for path in (
        address,
        f"{address}/pack",
        f"{address}/receive",
        f"{address}/note.pdf",
        "/office/transfers/C-AAAA-AAAA",
    ):
        assert stranger.get(path).status_code == 404, path
    assert reference not in page(stranger, "/office/transfers")
    assert reference not in page(stranger, "/office/transfers?format=csv")
    assert stranger.get(f"/office/transfers/find?code={reference}").status_code == 404
    token = stranger.token("/office/transfers/new")
    for step in posts:
        data = {"csrf_token": token, "op_key": key(), "reason": "Lạc", "seen": "0"}
        assert stranger.post(f"{address}/{step}", data=data).status_code in (403, 404), step
    # each end does its own part only
    source, destination = app.test_client(), app.test_client()
    keeper(source, shelves.here)
    keeper(destination, shelves.there)
    for who, foreign in (
        (source, ("receive", "close", "approve", "refuse")),
        (destination, ("pack", "unpack", "dispatch", "approve", "refuse")),
    ):
        page(who, address)
        token = who.token("/office/transfers/new")
        for step in foreign:
            data = {"csrf_token": token, "op_key": key(), "reason": "Lạc", "seen": "0"}
            assert who.post(f"{address}/{step}", data=data).status_code in (403, 404), step
    assert transfer(reference).status is S.ASKED
    officer = app.test_client()
    sign_in(officer, Role.LOCALITY_OFFICER)
    page(officer, "/office/transfers", 403)


def test_a_keeper_asks_only_for_or_from_his_own(shelves, client):
    other = factories.make_point("Điểm khác")
    keeper(client, other)
    refused = client.fill(
        "/office/transfers/new",
        **{"from": str(shelves.here.id), "to": str(shelves.there.id), f"n-{shelves.squid.id}": "1"},
    )
    assert refused.status_code == 422
    assert "Một trong hai điểm phải là điểm bạn giữ." in errors(refused)
    assert f'value="{shelves.here.id}" selected' in refused.text


def test_asking_keeps_what_was_typed(shelves, client):
    sign_in(client, Role.ORDER_DESK)
    n, m = f"n-{shelves.squid.id}", f"n-{shelves.tea.id}"
    refused = client.fill(
        "/office/transfers/new", **{"from": str(shelves.here.id), "to": str(shelves.there.id), n: "-4", m: "3"}
    )
    assert refused.status_code == 422
    assert errors(refused) == ["Chả mực Hạ Long, Gói 500 g: số lượng phải từ 1 đến 100.000."]
    assert f'name="{n}" value="-4"' in refused.text
    for absurd in ("nhiều", "1,5", "9999999999", "²"):
        refused = client.fill(
            "/office/transfers/new", **{"from": str(shelves.here.id), "to": str(shelves.there.id), n: absurd}
        )
        assert errors(refused) == ["Hãy ghi một số nguyên."], absurd
    same = client.fill("/office/transfers/new", **{"from": str(shelves.here.id), "to": str(shelves.here.id), n: "1"})
    assert errors(same) == ["Điểm gửi và điểm nhận phải khác nhau."]
    empty = client.fill("/office/transfers/new", **{"from": str(shelves.here.id), "to": str(shelves.there.id)})
    assert errors(empty) == ["Hãy chọn ít nhất một mặt hàng và ghi số lượng."]


def test_packing_tells_which_line_went_to_another(shelves, client):
    reference = shelves.approved()
    address = f"/office/transfers/{reference}"
    keeper(client, shelves.here)
    token, op = client.token(f"{address}/pack"), key()
    with transaction():
        stock.take("order:AAAA-BBBB:1", [Take(shelves.early, 3)])
    sent = {
        "csrf_token": token,
        "op_key": op,
        f"pick-{shelves.early}": "6",
        f"pick-{shelves.late}": "2",
        f"pick-{shelves.consigned}": "3",
    }
    refused = client.post(f"{address}/pack", data=sent)
    assert refused.status_code == 409
    assert errors(refused) == [
        "Chả mực Hạ Long, Gói 500 g (SỚM): lô này chỉ còn 3, phần khác vừa được giữ cho đơn khác."
    ]
    assert f'id="f-pick-{shelves.early}-error"' in refused.text
    assert '<meta name="error-code" content="goods-gone">' in refused.text
    stop("MUỘN")
    refused = client.post(f"{address}/pack", data=sent | {"op_key": key(), f"pick-{shelves.early}": "3"})
    assert errors(refused) == ["Chả mực Hạ Long, Gói 500 g: lô MUỘN đã bị dừng hoặc quá hạn nên không gửi đi được."]
    assert "Thiếu 5: điểm này không còn đủ hàng." in page(client, f"{address}/pack")


def test_receiving_more_than_was_sent_and_losses_without_reason(shelves, client):
    reference = shelves.sent()
    address, early = f"/office/transfers/{reference}", road(reference)[shelves.early].id
    keeper(client, shelves.there)
    refused = client.fill(f"{address}/receive", form=f"{address}/receive", **{f"good-{early}": "7"})
    assert refused.status_code == 422
    assert errors(refused)[0].startswith("Chả mực Hạ Long, Gói 500 g: ghi 7 nhưng trên đường chỉ còn 6.")
    assert '<meta name="error-code" content="more-than-sent">' in refused.text
    assert f'name="good-{early}" value="7"' in refused.text
    refused = client.fill(
        f"{address}/receive", form=f"{address}/receive", **{f"good-{early}": "5", f"missing-{early}": "1"}
    )
    assert errors(refused) == ["Chả mực Hạ Long, Gói 500 g: hãy ghi vì sao hỏng hoặc thiếu (tối đa 500 ký tự)."]
    assert "<details open>" in refused.text
    for absurd in ("-1", "abc"):
        assert (
            client.fill(f"{address}/receive", form=f"{address}/receive", **{f"good-{early}": absurd}).status_code == 422
        )
    assert sum(at_point(shelves.there).values()) == 0


def test_two_tabs_and_a_double_click_receive_once(shelves, client):
    reference = shelves.sent()
    address, early = f"/office/transfers/{reference}", road(reference)[shelves.early].id
    keeper(client, shelves.there)
    token = client.token(f"{address}/receive")
    tab = {"csrf_token": token, "seen": "0", f"good-{early}": "2", "op_key": key()}
    for _click in range(2):
        assert client.post(f"{address}/receive", data=tab).status_code == 303
    other = client.post(f"{address}/receive", data=tab | {"op_key": key()})
    assert other.status_code == 409
    assert errors(other) == ["Phiếu này vừa được nhận thêm ở nơi khác. Hãy xem lại số còn trên đường rồi ghi tiếp."]
    assert f'name="good-{early}" value="4"' in other.text  # starts anew from what is left
    assert sum(at_point(shelves.there).values()) == 2
    closed = client.fill(address, form=f"{address}/close", reason="Rơi xuống biển")
    assert closed.status_code == 303
    late = client.post(f"{address}/receive", data=tab | {"op_key": key(), "seen": "2"})
    assert late.status_code == 409
    assert "vừa sang bước khác" in errors(late)[0]
    assert broken() == []


def test_a_reason_is_asked_for_at_its_own_form(shelves, client):
    reference = shelves.asked()
    address = f"/office/transfers/{reference}"
    sign_in(client, Role.ADMINISTRATOR)
    refused = client.fill(address, form=f"{address}/refuse", reason=" ")
    assert refused.status_code == 422
    assert 'href="#f-refuse-reason"' in refused.text
    assert re.search(r"<details class=\"confirm\"[^>]* open>\s*<summary[^>]*data-testid=\"refuse\"", refused.text)
    assert refused.text.count('data-testid="error"') == 1
    assert client.fill(address, form=f"{address}/refuse", reason="Hết mùa").status_code == 303
    assert "Hết mùa" in page(client, address)


def test_the_list_is_narrowed_and_exported(shelves, client):
    sign_in(client, Role.PROMOTION_STAFF)
    asked, sent = shelves.asked({shelves.squid.id: 1}), shelves.approved({shelves.squid.id: 1})
    transfers.pack(SYSTEM, sent, {shelves.late: 1}, key())
    transfers.dispatch(SYSTEM, sent, key())
    late = shelves.approved({shelves.tea.id: 2})
    transfers.pack(SYSTEM, late, {shelves.consigned: 2}, key())
    transfers.dispatch(SYSTEM, late, key())
    with transaction() as s:
        s.execute(update(Transfer).where(Transfer.reference == late).values(due_on=clock.today() - timedelta(days=1)))
    lost = shelves.approved({shelves.squid.id: 1})
    transfers.pack(SYSTEM, lost, {shelves.late: 1}, key())
    transfers.dispatch(SYSTEM, lost, key())
    transfers.close(SYSTEM, lost, "Mất thùng", 0, key())

    def found(query: str) -> set[str]:
        return set(re.findall(r'href="/office/transfers/(C-[A-Z0-9-]+)"', page(client, f"/office/transfers?{query}")))

    every = {asked, sent, late, lost}
    assert found("") == every
    assert found("state=open") == {asked, sent, late}
    assert found("state=road") == {sent, late}
    assert found("state=late") == {late}
    assert found("state=lost") == {lost}
    assert found("state=asked") == {asked}
    assert found("state=to_pack") == set()
    assert found("q=tra hoa") == {late}
    assert found(f"q={asked.lower()}") == {asked}
    assert found(f"from={shelves.here.id}&to={shelves.there.id}") == every
    assert found(f"from={shelves.there.id}") == set()
    assert re.search(
        rf'<tr[^>]* class="late">\s*<th[^>]*><a href="/office/transfers/{late}"', page(client, "/office/transfers")
    )
    exported = page(client, "/office/transfers?format=csv&state=late")
    assert late in exported and "Đang trên đường" in exported
    home = page(client, "/office")
    for label in ("Chờ duyệt chuyển", "Hàng sắp về", "Hàng đến chậm"):
        assert label in home
    assert "Transfers" in page(client, "/en/office/transfers")


def test_a_page_asks_the_database_as_often_for_many_lines(shelves, client):
    sign_in(client, Role.ADMINISTRATOR)
    few = shelves.sent()
    lines = {}
    for n in range(40):
        variant = factories.make_variant(f"Hàng {n}")
        lines[variant.id] = factories.put_in(variant, shelves.here, 3, lot_code=f"L{n}")
    many = transfers.ask(SYSTEM, shelves.here.id, shelves.there.id, dict.fromkeys(lines, 2), key())
    transfers.approve(SYSTEM, many, {}, key())

    def counted(address: str) -> int:
        seen: list[str] = []
        page(client, address)

        def note(_c: Any, _cur: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            page(client, address)
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    one = shelves.approved({shelves.squid.id: 1})
    assert counted(f"/office/transfers/{many}/pack") == counted(f"/office/transfers/{one}/pack")
    transfers.pack(SYSTEM, many, dict.fromkeys(lines.values(), 2), key())
    transfers.dispatch(SYSTEM, many, key())
    for tail in ("", "/receive"):
        assert counted(f"/office/transfers/{many}{tail}") == counted(f"/office/transfers/{few}{tail}")


@pytest.mark.parametrize("signed_in", [True, False])
def test_the_notes_code_opens_the_receiving_page(shelves, client, signed_in):
    zxing = pytest.importorskip("zxingcpp")
    import io

    from PIL import Image

    from shop.kernel import papers
    from shop.pages.office import transfers as note

    reference = shelves.sent()
    with client.application.test_request_context():
        data = note.note_data(queries.view(reference))
        data["t"]["page"] = "Trang"
        picture = papers.picture(note.NOTE, data, dpi=150)[0]
    read = zxing.read_barcodes(Image.open(io.BytesIO(picture)))
    assert [code.text for code in read] == [f"http://localhost/office/transfers/{reference}/receive"]
    path = read[0].text.removeprefix("http://localhost")
    if signed_in:
        keeper(client, shelves.there)
        page(client, path)
    else:
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer.headers["Location"] == f"/dang-nhap?next={path.replace('/', '%2F')}"


def test_what_is_on_the_road_stands_on_both_points_stock_pages(shelves, client, app):
    reference = shelves.sent()
    coming = road(reference)[shelves.early].to_level_id
    everybody = app.test_client()
    sign_in(everybody, Role.ORDER_DESK)

    def cells(who: Any, query: str) -> dict[int, list[str]]:
        found = {}
        for row in re.findall(r"<tr[^>]*>(.*?)</tr>", page(who, f"/office/stock?{query}"), re.S):
            if level := re.search(r"/office/stock/(\d+)", row):
                last = re.sub(r"<[^>]+>", " ", row.split("<td")[-1].partition(">")[2])
                found[int(level[1])] = last.split()
        return found

    seen = cells(everybody, "state=road")
    assert seen[coming] == ["+6"]
    assert seen[shelves.early] == ["đã", "gửi", "đi", "6"]
    assert len(seen) == 6
    keeper(client, shelves.there)
    assert set(cells(client, "")) == {p.to_level_id for p in road(reference).values()}
    level_page = page(client, f"/office/stock/{coming}")
    assert "Trên đường về đây" in level_page
    export = page(everybody, f"/office/stock?format=csv&point={shelves.here.id}")
    assert '"Trên đường","Đã gửi đi, chưa đến"' in export
    transfers.receive(SYSTEM, reference, shelves.counts(reference), 0, key())
    assert cells(everybody, "state=road") == {}
    assert f"Phiếu chuyển {reference}" in page(client, f"/office/stock/{coming}")
