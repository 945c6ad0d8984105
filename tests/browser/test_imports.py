"""A clerk with a phone and a messy table: matched, looked at, corrected, written, taken back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.imports import sheets

MESSY = [
    ["BẢNG GIÁ HỢP TÁC XÃ"],
    [],
    ["STT", "Mã SP", "Tên hàng", "Nhóm", "Đóng gói", "Trọng lượng", "Giá bán lẻ"],
    [1, "TM-500", "Tép moi khô", "8", "Túi", "0,5kg", "185k"],
    [2, "TM-1K", "Tép moi khô", "", "Túi to", "1 kg", "350.000 - 370.000"],
    ["", "", "Tổng cộng", "", "", "", "535.000"],
]


@pytest.fixture
def table(tmp_path):
    made = tmp_path / "bang gia.xlsx"
    made.write_bytes(sheets.book(*MESSY))
    return made


def test_a_messy_table_on_a_phone(phone, sign_in, axe, fits, table):
    def looked_at() -> None:
        axe(phone)
        fits(phone)

    sign_in(phone, "producer_owner")
    phone.goto("/producer/imports")
    looked_at()
    phone.set_input_files("input[type=file]", str(table))
    phone.get_by_test_id("send-file").click()
    phone.wait_for_url(re.compile(r"/producer/imports/B-"))
    looked_at()
    phone.get_by_test_id("match").click()
    phone.get_by_test_id("fix").wait_for()
    looked_at()
    phone.get_by_test_id("fix").click()
    phone.get_by_test_id("correct").wait_for()
    looked_at()
    phone.locator("input[name$='-price']").first.fill("360.000")
    phone.get_by_test_id("correct").click()
    phone.get_by_test_id("write").wait_for()
    phone.get_by_test_id("write").click()
    phone.get_by_test_id("undo").wait_for()
    looked_at()
    phone.goto(phone.url + "/absent")
    looked_at()
    phone.go_back()
    phone.get_by_test_id("undo").click()
    phone.get_by_test_id("undo-yes").click()
    expect(phone.get_by_test_id("import-state")).to_contain_text("hoàn tác")
    looked_at()


@pytest.mark.one_database
def test_a_long_word_in_a_refused_row_fits_a_phone(phone, sign_in, fits, tmp_path):
    made = tmp_path / "dai.xlsx"
    made.write_bytes(sheets.book(sheets.HEAD, ["A-1", "W" * 500, 8, "Hộp", "500 g", "1-2"]))
    sign_in(phone, "producer_owner")
    phone.goto("/producer/imports")
    phone.set_input_files("input[type=file]", str(made))
    phone.get_by_test_id("send-file").click()
    phone.get_by_test_id("fix").wait_for()
    fits(phone)
    phone.get_by_test_id("fix").click()
    phone.get_by_test_id("correct").wait_for()
    fits(phone)
