"""VietQR: the published vectors there and back, the picture read by an independent reader, the picture's address."""

from __future__ import annotations

import io
from datetime import date

import pytest
import zxingcpp
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from shop.kernel.db import transaction
from shop.payments import queries, vietqr
from shop.payments import services as payments
from shop.payments.vietqr import BadPayload, Transfer
from tests.payments.conftest import CLERK, place

NAPAS_1 = "00020101021138570010A00000072701270006970403011200110123456780208QRIBFTTA53037045802VN6304F4E5"
VECTORS = {
    "00020101021138600010A00000072701300006970403011697040311012345670208QRIBFTTC53037045802VN63044F52": Transfer(
        "970403", "9704031101234567", to_card=True
    ),
    "00020101021238570010A00000072701270006970403011300110123456780208QRIBFTTA530370454061800005802VN62340107NPS6869"
    "0819thanh toan don hang63042E2E": Transfer("970403", "0011012345678", 180_000, "thanh toan don hang", "NPS6869"),
    "00020101021238600010A00000072701300006970403011697040311012345670208QRIBFTTC530370454061800005802VN62340107NPS6869"
    "0819thanh toan don hang6304A203": Transfer(
        "970403", "9704031101234567", 180_000, "thanh toan don hang", "NPS6869", True
    ),
    "00020101021238540010A00000072701240006970436011098895593570208QRIBFTTA53037045405100005802VN62320828day la noi dung "
    "chuyen khoan6304EEF5": Transfer("970436", "9889559357", 10_000, "day la noi dung chuyen khoan"),
    "00020101021238570010A00000072701270006970422011371045208946240208QRIBFTTA5303704540430005802VN62180814TT1BQG8F khanh"
    "6304D4F6": Transfer("970422", "7104520894624", 3_000, "TT1BQG8F khanh"),
}


@pytest.mark.parametrize(("text", "transfer"), VECTORS.items())
def test_published_vectors_there_and_back(text: str, transfer: Transfer) -> None:
    assert vietqr.parse(text) == transfer
    assert vietqr.payload(transfer) == text


def test_the_check_sum() -> None:
    assert vietqr.crc("123456789") == "29B1"
    assert vietqr.crc(NAPAS_1[:-4]) == NAPAS_1[-4:]


def test_the_first_published_vector_is_cut_inside_and_refused() -> None:
    with pytest.raises(BadPayload):
        vietqr.parse(NAPAS_1)


ascii_text = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=25)


@given(
    st.from_regex(r"\A[0-9]{6}\Z"),
    st.from_regex(r"\A[0-9A-Za-z]{1,19}\Z"),
    st.none() | st.integers(1, 10**12),
    ascii_text,
    ascii_text,
    st.booleans(),
)
def test_any_transfer_there_and_back(
    bank: str, account: str, amount: int | None, purpose: str, bill: str, card: bool
) -> None:
    transfer = Transfer(bank, account, amount, purpose, bill, card)
    assert vietqr.parse(vietqr.payload(transfer)) == transfer


@given(st.sampled_from(list(VECTORS)), st.integers(0, 200), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_changed_symbol_is_noticed(text: str, at: int, symbol: str) -> None:
    at %= len(text)
    wrong = text[:at] + symbol + text[at + 1 :]
    if wrong != text:
        with pytest.raises(BadPayload):
            vietqr.parse(wrong)


@given(st.text(max_size=200))
def test_rubbish_is_refused(text: str) -> None:
    with pytest.raises(BadPayload):
        vietqr.parse(text)


@pytest.mark.parametrize(
    "transfer",
    [
        Transfer("97043", "1"),
        Transfer("97043x", "1"),
        Transfer("970436", ""),
        Transfer("970436", "1" * 20),
        Transfer("970436", "12 3"),
        Transfer("970436", "1", 0),
        Transfer("970436", "1", -5),
        Transfer("970436", "1", 10**13),
        Transfer("970436", "1", 1, "thanh toán"),
        Transfer("970436", "1", 1, "x" * 100),
    ],
)
def test_what_cannot_be_carried_is_refused(transfer: Transfer) -> None:
    with pytest.raises(BadPayload):
        vietqr.payload(transfer)


def test_memos_lose_their_marks() -> None:
    assert vietqr.plain("Thanh toán  đơn hàng Chả mực", 25) == "thanh toan don hang cha m"
    assert vietqr.plain("OCOPHX7K3M2PDQ") == "OCOPHX7K3M2PDQ"


@pytest.mark.parametrize("text", list(VECTORS))
def test_an_independent_reader_reads_the_picture(text: str) -> None:
    picture = Image.open(io.BytesIO(vietqr.png(text)))
    assert [found.text for found in zxingcpp.read_barcodes(picture)] == [text]
    assert vietqr.svg(text).startswith("<svg")
    assert "style" not in vietqr.svg(text)


def test_banks_by_number() -> None:
    assert vietqr.bank_name("970436") == "Vietcombank"
    assert vietqr.bank_name("970436", date(2024, 1, 1)) == "Vietcombank"
    assert vietqr.bank_name("123456") == "123456"


def test_what_a_buyer_needs_for_a_transfer(ctx: Flask) -> None:
    placed = place("vietqr", 245_000)
    facts = queries.transfer_of(placed.order_id)
    assert facts is not None
    assert (facts.bank, facts.account, facts.holder, facts.amount) == ("Vietcombank", "0123456789", "CHO BEN", 245_000)
    assert facts.code == placed.code
    assert vietqr.parse(facts.payload) == Transfer("970436", "0123456789", 245_000, placed.code or "")


def test_nothing_is_asked_for_once_a_payment_has_ended(ctx: Flask) -> None:
    placed = place("vietqr")
    payments.confirm_transfer(CLERK, placed.payment_id, placed.amount, "FT26328001", "key-of-test-1")
    assert queries.transfer_of(placed.order_id) is None
    other = place("vietqr")
    with transaction():
        payments.close_for_order(other.order_id)
    assert queries.transfer_of(other.order_id) is None


def test_after_part_of_the_money_the_code_asks_for_the_rest(ctx: Flask) -> None:
    placed = place("vietqr", 200_000)
    payments.confirm_transfer(CLERK, placed.payment_id, 150_000, "FT26328001", "key-of-test-1")
    facts = queries.transfer_of(placed.order_id)
    assert facts is not None
    assert vietqr.parse(facts.payload).amount == 50_000
