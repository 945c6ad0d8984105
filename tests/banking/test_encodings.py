"""Statements and carriers' files in old or wrong encodings are read rightly or refused with words that say why."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from shop.banking import reading as bank
from shop.kernel.sheets import BadTable
from shop.remittances import reading as cash

TEXT = "Ngày giao dịch;Số tiền;Nội dung\n28/11/2026;185.000;Chuyển tiền mua chả mực\n"


def first_line(room: Any, content: bytes) -> str:
    _number, cells = next(iter(room.opened(content, "a.csv").lines("")))
    return " ".join(cells)


@pytest.mark.parametrize("room", [bank, cash], ids=["bank", "carrier"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_its_mark_says_so(room: Any, encoding: str) -> None:
    with pytest.raises(BadTable) as refused:
        first_line(room, TEXT.encode(encoding))
    assert "UTF-16" in refused.value.title


@pytest.mark.parametrize("room", [bank, cash], ids=["bank", "carrier"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8", "cp1258"])
def test_what_can_be_told_is_read(room: Any, encoding: str) -> None:
    told = unicodedata.normalize("NFD", TEXT) if encoding == "cp1258" else TEXT
    content = told.encode(encoding, "ignore" if encoding == "cp1258" else "strict")
    assert unicodedata.normalize("NFC", first_line(room, content)).startswith("Ngày giao dịch")
