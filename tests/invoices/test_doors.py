"""The buyer's page, the office's and the producers' pages; PDF read back, XML, letters."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest
from sqlalchemy import select

from shop.accounts.permissions import Role
from shop.invoices import forms, links
from shop.invoices.services import changing
from shop.kernel import jobs, spoken
from shop.kernel.actor import GUEST
from shop.kernel.db import session, transaction
from shop.kernel.mail import Letter
from shop.kernel.money import vnd
from shop.orders.models import Order
from shop.settlement.models import LegalRole
from tests import pdftext
from tests.invoices.conftest import BUYER, broken, give_back, papers, told
from tests.people import sign_in
from tests.settlement.conftest import Trade, key
from tests.statements import statements as counted

LETTERS = "AĂÂBCDĐEÊGHIKLMNOÔƠPQRSTUƯVXY"
TONES = "àảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ"
EVERY = f"{LETTERS} {LETTERS.lower()} {TONES} {TONES.upper()}"


def sold(trade: Trade, **fields: Any) -> int:
    """An order of two packs that is paid and delivered, its receipt written."""
    order = trade.order((trade.fish, 2, trade.levels["fish of the shop"]), fee=15_000, **fields)
    trade.arrive(order)
    jobs.dispatch()
    return order


def reference(order: int) -> str:
    return session().get_one(Order, order).reference


def text(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def remember(client: Any, order: int) -> str:
    """Let the browser be the one that ordered; return the path of the order's page."""
    with client.session_transaction() as cookie:
        cookie["orders"] = [reference(order)]
    return f"/don-hang/{reference(order)}"


def test_the_buyer_finds_his_receipt_and_asks_for_a_tax_invoice(client: Any, trade: Trade) -> None:
    order = sold(trade)
    page = f"/don-hang/{reference(order)}"
    for path in (f"{page}/hoa-don", f"{page}/hoa-don/{papers(order)[0].reference}.pdf"):
        assert client.get(path).status_code == 404, "a stranger"
    here = remember(client, order)
    assert papers(order)[0].name in text(client.get(here))
    bad = client.fill(f"{here}/hoa-don", **BUYER | {"invoice_tax_code": "9900000015"})
    assert bad.status_code == 422
    assert 'id="f-invoice_tax_code-error"' in text(bad)
    assert "Công ty TNHH Minh Họa" in text(bad), "what was typed stays"
    done = client.fill(f"{here}/hoa-don", follow=True, **BUYER)
    assert [s for s, _c, _n in told(order)] == ["BN", "GT", "HD"]
    for paper in papers(order):
        assert paper.name in text(done)
    tax = papers(order)[2]
    assert pdftext.words(client.get(f"{here}/hoa-don/{tax.reference}.pdf").data).count("9900000016") == 1
    other = sold(trade)
    assert client.get(f"{here}/hoa-don/{papers(other)[0].reference}.pdf").status_code == 404, "of another order"
    unpaid = trade.order((trade.fish, 1, trade.levels["fish of the shop"]))
    early = remember(client, unpaid)
    assert client.fill(f"{early}/hoa-don", follow=True, **BUYER).status_code == 200
    assert (told(unpaid), session().get_one(Order, unpaid).invoice["tax_code"]) == ([], "9900000016")
    assert broken() == []


@pytest.mark.parametrize("language", ["", "/en"])
def test_a_paper_has_every_letter_and_says_what_is_frozen(client: Any, trade: Trade, language: str) -> None:
    order = trade.order((trade.fish, 2, trade.levels["fish of the shop"]), discount=10_001)
    with transaction() as s:
        s.get_one(Order, order).name = EVERY[:120]
    changing.ask(GUEST, order, forms.tax_buyer(BUYER | {"invoice_company": EVERY}), key())
    trade.arrive(order)
    jobs.dispatch()
    paper = papers(order)[0]
    read = pdftext.words(client.get(f"{language}{remember(client, order)}/hoa-don/{paper.reference}.pdf").data)
    assert "\ufffd" not in read
    assert set(EVERY) - {" "} <= set(read)
    plain = re.sub(r"\s+", "", read)
    for said in (paper.name, vnd(239_999 - 10_001 + 1), spoken.dong(229_999, language[1:] or "vi"), paper.digest,
                 "Tax invoice data" if language else "Dữ liệu hóa đơn thuế"):  # fmt: skip
        assert re.sub(r"\s+", "", said) in plain, said
    again = pdftext.words(client.get(f"{language}{remember(client, order)}/hoa-don/{paper.reference}.pdf").data)
    assert again.count(paper.name) == read.count(paper.name)


def test_the_xml_has_what_a_provider_needs(client: Any, trade: Trade) -> None:
    order = sold(trade, discount=20_000)
    changing.ask(GUEST, order, forms.tax_buyer(BUYER), key())
    give_back(order, 5_000)
    jobs.dispatch()
    sign_in(client, Role.ORDER_DESK)
    answer = client.get("/office/invoices/export.xml")
    root = ElementTree.fromstring(answer.data)
    assert answer.mimetype == "application/xml"
    documents = root.findall("HDon")
    assert [d.findtext(".//TgTTTBSo") for d in documents] == ["235000", "5000"], "the receipt has no buyer's tax code"
    tax = documents[0]
    assert tax.findtext(".//NMua/MST") == "9900000016"
    assert tax.findtext(".//TgTTTBChu") == "Hai trăm ba mươi lăm nghìn đồng"
    lines = [[x.findtext(n) for n in ("THHDVu", "SLuong", "DGia", "STCKhau", "ThTien")] for x in tax.iter("HHDVu")]
    assert lines == [["Chả mực", "2", "120000", "20000", "220000"], ["Giao hàng", None, None, None, "15000"]]
    assert "GIẢ ĐỊNH" in text(answer) and "không có thuế suất" in text(answer).lower(), (
        "what is assumed is said in the file"
    )
    assert documents[1].findtext(".//TTHDLQuan/SHDCLQuan") == papers(order)[2].name
    assert client.get("/office/invoices/export.xml?from=2026-02-02&to=2026-01-01").status_code == 422


def test_the_office_finds_changes_voids_notes_and_sends(client: Any, trade: Trade) -> None:
    order = sold(trade)
    sign_in(client, Role.ORDER_DESK)
    first = papers(order)[0]
    assert first.reference in text(client.get(f"/office/invoices?q={first.name.lower()}"))
    assert first.reference in text(
        client.get(f"/office/invoices?q={reference(order)}&series=BN&issuer=shop&state=issued")
    )
    assert "340" not in text(client.get("/office/invoices?series=GT"))
    here = f"/office/invoices/{first.reference}"
    assert client.fill(here, form=f"{here}/send", email="").status_code == 422, "no address is known"
    assert client.fill(here, form=f"{here}/send", email="khach@example.vn").status_code == 303
    assert client.fill(here, form=f"{here}/void", reason="").status_code == 422
    assert client.fill(here, form=f"{here}/void", reason="sai địa chỉ").status_code == 303
    second = papers(order)[1]
    assert (papers(order)[0].state.value, second.number) == ("void", 2)
    there = f"/office/invoices/{second.reference}"
    wrong = client.fill(there, form=f"{there}/change", reason="thư", **BUYER | {"invoice_tax_code": "9900000015"})
    assert (wrong.status_code, text(wrong).count('<details class="disclose" open>')) == (422, 1), "the form stays open"
    assert 'id="f-invoice_tax_code-error"' in text(wrong)
    assert client.fill(there, form=f"{there}/change", reason="theo thư của khách", **BUYER).status_code == 303
    tax = papers(order)[-1]
    at = f"/office/invoices/{tax.reference}"
    assert client.fill(at, form=f"{at}/provider", provider_number="1C26TAA 0000012").status_code == 303
    assert "1C26TAA 0000012" in text(client.get(at))
    again = client.get(here)
    assert (again.status_code, "sai địa chỉ" in text(again)) == (200, True)
    jobs.dispatch()
    letters = session().scalars(select(Letter).where(Letter.kind == "invoice").order_by(Letter.id)).all()
    assert [x.recipient for x in letters] == ["khach@example.vn", "ke-toan@example.vn"]
    link = re.search(r"http\S+?/don-hang/(\S+?\.pdf\?t=\w+)", letters[1].body_text)
    assert link is not None
    outside = trade.app.test_client()
    assert outside.get(f"/don-hang/{link[1]}").status_code == 200
    wrong = link[1].replace(links.token_for(tax.reference), links.token_for(first.reference))
    assert outside.get(f"/don-hang/{wrong}").status_code == 404, "a link opens its own document alone"
    assert broken() == []


def test_what_a_credit_note_took_back_says_so_everywhere(client: Any, trade: Trade) -> None:
    part, whole = sold(trade), sold(trade)
    give_back(part, 5_000)
    jobs.dispatch()
    changing.ask(GUEST, whole, forms.tax_buyer(BUYER), key())
    kept, gone = papers(part), papers(whole)
    assert [[s for s, _c, _n in told(order)] for order in (part, whole)] == [["BN", "GT"], ["BN", "GT", "HD"]]
    sign_in(client, Role.ORDER_DESK)
    for of, state in ((kept, "Đã ghi giảm một phần"), (gone, "Đã ghi giảm hết")):
        page = text(client.get(f"/office/invoices/{of[0].reference}"))
        assert f'data-testid="state">{state}<' in page
        assert f'href="/office/invoices/{of[1].reference}" data-testid="taken-by"' in page
        assert of[1].name in pdftext.words(client.get(f"/office/invoices/{of[0].reference}.pdf").data)
    assert 'data-testid="state">Có hiệu lực<' in text(client.get(f"/office/invoices/{gone[2].reference}"))
    lists = {"issued": [*kept[1:], *gone[1:]], "reduced": kept[:1], "taken": gone[:1], "void": []}
    for state, wanted in lists.items():
        page = text(client.get(f"/office/invoices?state={state}"))
        rows = re.findall(r'<th [^>]*scope="row"[^>]*><a href="/office/invoices/([^"]+)"', page)
        assert sorted(rows) == sorted(p.reference for p in wanted), state
    here = remember(client, whole)
    page = text(client.get(f"{here}/hoa-don"))
    assert f'Đã ghi giảm hết: <a href="{here}/hoa-don/{gone[1].reference}.pdf' in page
    assert broken() == []


def test_lists_cost_the_same_however_long(client: Any, trade: Trade) -> None:
    sold(trade)
    sign_in(client, Role.ORDER_DESK)
    client.get("/office/invoices")
    with counted() as one:
        client.get("/office/invoices")
    for _ in range(3):
        sold(trade)
    with counted() as four:
        client.get("/office/invoices")
    assert len(four) == len(one)


def test_a_producer_sees_what_he_issued_and_nothing_else(client: Any, trade: Trade) -> None:
    trade.agree(role=LegalRole.INTERMEDIARY)
    shops = sold(trade)
    order = trade.order((trade.fish, 1, trade.levels["fish"]))
    trade.arrive(order)
    jobs.dispatch()
    mine, theirs = papers(order)[0], papers(shops)[0]
    sign_in(client, (Role.PRODUCER_MONEY, f"producer:{trade.producer.id}"))
    page = text(client.get("/producer/invoices"))
    assert (mine.reference in page, theirs.reference in page) == (True, False)
    assert trade.producer.name in pdftext.words(client.get(f"/producer/invoices/{mine.reference}.pdf").data)
    assert client.get(f"/producer/invoices/{theirs.reference}.xml").status_code == 404
    assert client.get("/producer/invoices?format=csv").status_code == 200
