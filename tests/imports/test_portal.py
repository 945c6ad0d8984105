"""At the producers' door: a table sent, matched, corrected, written and taken back by plain forms; rights; exports."""

from __future__ import annotations

import io
from typing import Any

import pytest
from sqlalchemy import select, update

from shop.accounts.permissions import Role
from shop.imports import queries
from shop.imports.models import Import, State
from shop.kernel import jobs
from shop.kernel.db import session, transaction
from shop.kernel.sheets import Book
from tests import factories
from tests.imports import sheets
from tests.imports.conftest import Shop, broken
from tests.people import sign_in

HERE = "/producer/imports"


@pytest.fixture
def clerk(shop: Shop, client: Any) -> Any:
    """A member who may write listings."""
    sign_in(client, (Role.PRODUCER_LISTINGS, f"producer:{shop.producer_id}"))
    return client


def send(client: Any, content: bytes, name: str = "bảng giá.xlsx") -> str:
    """Send a file; the address it leads to."""
    answer = client.fill(HERE, form=HERE, file=(io.BytesIO(content), name))
    assert answer.status_code == 303, answer.get_data(as_text=True)[:2000]
    return str(answer.location)


def last() -> Import:
    session().expire_all()
    found = session().scalars(select(Import).order_by(Import.id.desc())).first()
    assert found is not None
    return found


MESSY = [
    ["BẢNG GIÁ NĂM 2026"],
    [],
    ["STT", "Mã SP", "Tên hàng", "Nhóm", "Đóng gói", "Trọng lượng", "Giá bán lẻ"],
    [1, "CM-500", "Chả mực giã tay", "8", "Hộp", "0,5kg", "185k"],
    [2, "CM-1K", "Chả mực giã tay", "", "Hộp to", "1 kg", "350.000 - 370.000"],
    [3, "NM-1", "Nước mắm", "8", "Chai", "500ml", "90.000đ"],
    ["", "", "Tổng cộng", "", "", "", "625.000"],
]


def test_a_messy_table_from_the_first_page_to_undoing(shop: Shop, clerk: Any) -> None:
    address = send(clerk, sheets.book(*MESSY))
    page = clerk.get(address).get_data(as_text=True)
    assert "Mã SP" in page and "CM-500" in page
    assert clerk.fill(address, form=f"{address}/columns").status_code == 303
    row = last()
    assert row.counts == {"new": 2, "changed": 0, "unchanged": 0, "refused": 1, "ignored": 1}
    page = clerk.get(address).get_data(as_text=True)
    assert "khoảng giá" in page and "Gợi ý: 370.000" in page
    fix = clerk.get(f"{address}/fix").get_data(as_text=True)
    assert "350.000 - 370.000" in fix
    assert clerk.fill(f"{address}/fix", form=f"{address}/fix", do="suggestions").status_code == 303
    assert last().counts["new"] == 3
    assert clerk.fill(address, form=f"{address}/write").status_code == 303
    assert last().state.value == "applied"
    assert sorted(p.name for p in shop.products()) == ["Chả mực giã tay", "Nước mắm"]
    assert "Hoàn tác được đến" in clerk.get(address).get_data(as_text=True)
    assert clerk.fill(address, form=f"{address}/undo").status_code == 303
    assert last().state.value == "undone"
    assert clerk.get(address).status_code == 200
    assert {p.state.value for p in shop.products()} == {"hidden"}
    # The head is remembered: the next file is not asked about.
    send(clerk, sheets.book(*MESSY))
    assert last().state.value == "ready"
    assert broken() == []
    # What was queued for the worker finds the work done.
    jobs.dispatch()
    assert last().state.value == "ready"


def test_the_page_that_waits_can_be_asked_again_without_javascript(shop: Shop, clerk: Any) -> None:
    address = send(clerk, sheets.book(*MESSY))
    with transaction() as s:
        s.execute(update(Import).values(state=State.CHECKING))
    assert f'<a class="btn" href="{address}">' in clerk.get(address).get_data(as_text=True)


def test_every_page_draws_in_both_languages(shop: Shop, clerk: Any) -> None:
    address = send(clerk, sheets.book(*MESSY))
    for prefix in ("", "/en"):
        assert clerk.get(prefix + HERE).status_code == 200
        assert clerk.get(prefix + address).status_code == 200
    clerk.fill(address, form=f"{address}/columns")
    clerk.fill(address, form=f"{address}/write")
    for prefix in ("", "/en"):
        for rest in ("", "/absent", "?outcome=refused", "?format=csv", "?format=xlsx", "/progress", "/refused.xlsx"):
            assert clerk.get(prefix + address + rest).status_code == 200, rest
        for path in ("form.xlsx", "form.csv", "export.xlsx", "export.csv"):
            assert clerk.get(f"{prefix}{HERE}/{path}").status_code == 200


def test_the_form_and_the_refused_rows_can_be_sent_again(shop: Shop, clerk: Any) -> None:
    form = clerk.get(f"{HERE}/form.xlsx").get_data()
    assert Book(form).names == ("Nhập hàng", "Ví dụ", "Giải thích", "Danh mục")
    send(clerk, clerk.get(f"{HERE}/form.csv").get_data(), "mau.csv")
    assert last().counts["ignored"] == 3  # its examples are nobody's goods
    address = send(
        clerk, sheets.book(sheets.HEAD, *sheets.goods(2), ["X-1", "Thiếu bộ", "", "Hộp", "1 kg", "120k-150k"])
    )
    told = clerk.get(f"{address}/refused.xlsx").get_data()
    lines = list(Book(told).lines("Sheet1"))
    assert len(lines) == 2 and "khoảng giá" in lines[1][1][-1]
    send(clerk, told, "sua.xlsx")
    assert last().counts["refused"] == 1


def test_foreign_imports_are_not_there(shop: Shop, clerk: Any, app: Any) -> None:
    address = send(clerk, sheets.book(sheets.HEAD, *sheets.goods(1)))
    other = app.test_client()
    sign_in(other, (Role.PRODUCER_OWNER, f"producer:{factories.make_producer('HTX khác').id}"))
    for rest in ("", "/fix", "/progress", "/refused.xlsx", "/absent"):
        assert other.get(address + rest).status_code == 404
    token = other.token(HERE)
    for rest in ("/columns", "/sheet", "/rematch", "/again", "/drop", "/write", "/undo", "/fix", "/absent"):
        assert other.post(address + rest, data={"csrf_token": token}).status_code == 404
    packing = app.test_client()
    sign_in(packing, (Role.PRODUCER_PACKING, f"producer:{shop.producer_id}"))
    assert packing.get(HERE).status_code == 403
    assert packing.get(address).status_code == 403
    assert queries.by_id(last().id).state.value == "ready"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04nonsense", b"\xd0\xcf\x11\xe0old", b"<html>", b"one column\nx\n"])
def test_what_is_no_table_is_said_at_the_field(clerk: Any, content: bytes) -> None:
    answer = clerk.fill(HERE, form=HERE, file=(io.BytesIO(content), "x.xlsx"))
    assert answer.status_code == 422
    assert 'data-testid="error"' in answer.get_data(as_text=True)


def test_steps_that_do_not_fit_are_refused_with_words(shop: Shop, clerk: Any) -> None:
    address = send(clerk, sheets.book(sheets.HEAD, *sheets.goods(2), ["SP-9", "Mới", "", "Hộp", "1 kg", "1k-2k"]))
    token = clerk.token(HERE)
    answer = clerk.post(f"{address}/write", data={"csrf_token": token, "mode": "all"})
    assert answer.status_code == 409 and "import-still-refused" in answer.get_data(as_text=True)
    answer = clerk.post(f"{address}/undo", data={"csrf_token": token})
    assert answer.status_code == 409 and "import-wrong-step" in answer.get_data(as_text=True)


@pytest.mark.parametrize("step", ["sheet", "columns", "rematch", "again", "drop", "write", "undo"])
def test_the_address_of_a_form_opened_again_leads_to_the_import(shop: Shop, clerk: Any, step: str) -> None:
    row = shop.send(sheets.book(sheets.HEAD, *sheets.goods(1)))
    answer = clerk.get(f"{HERE}/{row.reference}/{step}")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{HERE}/{row.reference}")
    assert clerk.get(f"{HERE}/B-NONE00/{step}").status_code == 404


def test_everything_is_said_in_english_too(shop: Shop, clerk: Any) -> None:
    where = send(
        clerk, sheets.book(["Code", "Name", "Group", "Pack", "Price", "Kho"], ["A-1", "Cha", 8, "Box", "1-2", "x"])
    )
    page = clerk.get("/en" + where).get_data(as_text=True)
    assert last().columns[:5] == ["sku", "name", "set", "pack", "price"]
    for told in ("Skip this column", "Net weight / volume", "Price (₫)", "Former price (₫)"):
        assert told in page
    for told in ("Giá bán", "Cancel</option>", "Khối lượng"):
        assert told not in page
