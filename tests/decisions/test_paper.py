"""The draft of a decision on paper: what stands on it, in which letters, and until when there is one."""

from __future__ import annotations

from typing import Any

import pytest

from shop.accounts.permissions import Role
from shop.decisions import paper
from shop.decisions.models import Ground, Kind
from shop.decisions.queries import decisions as read
from shop.decisions.services import drafting, signing
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.errors import NotFound
from shop.kernel.operations import new_key
from tests import pdftext
from tests.decisions.conftest import certificate, drafted, goods, granted
from tests.people import sign_in

LETTERS = "".join(
    f"{base}{base.upper()}" for base in "aàáảãạăằắẳẵặâầấẩẫậeèéẻẽẹêềếểễệiìíỉĩịoòóỏõọôồốổỗộơờớởỡợuùúủũụưừứửữựyỳýỷỹỵđ"
)


def said(reference: str) -> str:
    """The words of the paper, as a reader sees them."""
    return " ".join(pdftext.words(paper.answer(read.one(reference)).get_data()).split())


def test_the_draft_names_its_products_and_leaves_number_and_day_blank(ctx: Any) -> None:
    four, three = goods("Chả mực Hạ Long"), goods("Nước mắm Cái Rồng")
    reference = drafted(granted(four, 4, "78.5"), granted(three, 3, "61.25", number=None), number=None)
    drafting.change(SYSTEM, reference, drafting.Head(read.one(reference).level, signer="Phó Chủ tịch"), 1, new_key())
    drafting.set_paper(
        SYSTEM, reference,
        {"place": "Quảng Ninh", "basis": "Căn cứ Luật A;\nNghị quyết B", "proposer": "Giám đốc Sở",
         "recipients": "- Như Điều 3;", "signer_name": "Nguyễn Thị Ước"},
        2, new_key(),
    )  # fmt: skip
    words = said(reference)
    assert words.count("DỰ THẢO") >= 2 * 2, "above and behind each of both pages"
    assert "Công nhận 2 sản phẩm của 2 chủ thể" in words
    assert "gồm 1 sản phẩm hạng 4 sao và 1 sản phẩm hạng 3 sao" in words and "thời hạn 36 tháng" in words
    assert "Số: ……/QĐ-UBND" in words and "Quảng Ninh, ngày …… tháng …… năm ……" in words
    assert "Căn cứ Luật A;" in words and "Căn cứ Nghị quyết B;" in words and "Theo đề nghị của Giám đốc Sở." in words
    for one in ("Chả mực Hạ Long", "78,50", "4 sao", "Nước mắm Cái Rồng", "61,25", "3 sao"):
        assert one in words
    assert "TM. ỦY BAN NHÂN DÂN KT. CHỦ TỊCH PHÓ CHỦ TỊCH Nguyễn Thị Ước" in words and "- Như Điều 3;" in words


def test_a_revocation_gives_ground_and_reason(ctx: Any) -> None:
    c = certificate(goods("Ruốc hàu"), 500, number="CN-9")
    line = drafting.Revocation(c.id, Ground.STOPPED, "Cơ sở nghỉ từ tháng 3.")
    words = said(drafted(line, kind=Kind.REVOKE))
    assert "Thu hồi 1 giấy chứng nhận" in words and "CN-9" in words
    assert "Không còn sản xuất sản phẩm" in words and "Cơ sở nghỉ từ tháng 3." in words


def test_every_vietnamese_letter_is_drawn(ctx: Any) -> None:
    parts = [LETTERS[at : at + 40] for at in range(0, len(LETTERS), 40)]
    reference = drafted(*(granted(goods(part), number=f"CN-{n}") for n, part in enumerate(parts)))
    kept = {name: LETTERS[:size] for name, size in drafting.PAPER.items()}
    drafting.set_paper(SYSTEM, reference, kept, 1, new_key())
    words = pdftext.words(paper.answer(read.one(reference)).get_data())
    assert "\ufffd" not in words
    assert set(LETTERS) <= set(words)


@pytest.mark.parametrize(
    ("issuer", "signer", "lines"),
    [
        ("Ủy ban nhân dân tỉnh Quảng Ninh", "Chủ tịch", ["TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"]),
        ("Bộ Nông nghiệp và Môi trường", "Thứ trưởng", ["KT. BỘ TRƯỞNG", "THỨ TRƯỞNG"]),
        ("Ủy ban nhân dân tỉnh Quảng Ninh", None, ["TM. ỦY BAN NHÂN DÂN", paper.BLANK]),
    ],
)
def test_who_signs_in_whose_stead(issuer: str, signer: str | None, lines: list[str]) -> None:
    assert paper.signature(issuer, signer) == lines


def test_what_is_signed_or_empty_has_no_draft(ctx: Any) -> None:
    empty, whole = drafted(number="1/QĐ"), drafted(granted(goods()), number="2/QĐ")
    signing.sign(SYSTEM, whole, 1, new_key())
    for reference in (empty, whole):
        with pytest.raises(NotFound):
            paper.facts(read.one(reference))


def test_the_page_offers_what_stood_on_the_last_paper(ctx: Any, client: Any) -> None:
    sign_in(client, Role.PROGRAMME_OFFICER)
    first, second = drafted(granted(goods("Một")), number="1/QĐ"), drafted(granted(goods("Hai")), number="2/QĐ")
    at = f"/office/decisions/{first}"
    wrong = client.fill(at, form=f"{at}/paper", basis="Luật A", proposer="x" * 401)
    assert wrong.status_code == 422 and "Luật A" in wrong.get_data(as_text=True)
    assert client.fill(at, form=f"{at}/paper", basis="Luật A", place="Quảng Ninh").status_code == 303
    assert "Luật A" in client.get(f"/office/decisions/{second}").get_data(as_text=True)
    made = client.get(f"{at}/draft.pdf")
    assert made.mimetype == "application/pdf" and made.headers["Cache-Control"] == "no-store"
    assert f"{clock.today():%Y}" in pdftext.words(made.get_data())
