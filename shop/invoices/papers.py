"""A document on A4: what is frozen in it, amounts written out in words."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Response
from flask_babel import gettext

from shop.invoices import xml
from shop.invoices.models import CAUSE_NAMES, SERIES_NAMES, Cause, InvoiceState, Series
from shop.invoices.queries.documents import Whole
from shop.kernel import clock, papers, spoken, web
from shop.kernel.dates import day, instant
from shop.kernel.money import vnd
from shop.orders.models import PAYMENT_METHOD_NAMES, PaymentMethod

TEMPLATE = "invoices/papers/document.typ"


def party(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Seller or buyer as label and value."""
    named = [
        (gettext("Tên đơn vị"), facts.get("company")),
        (gettext("Họ tên") if "company" in facts else gettext("Tên"), facts["name"]),
        (gettext("Mã số thuế"), facts["tax_code"]),
        (gettext("Địa chỉ"), facts["address"]),
        (gettext("Điện thoại"), facts.get("phone")),
        (gettext("E-mail"), facts.get("email")),
    ]
    return [(label, str(value)) for label, value in named if value]


def about(whole: Whole) -> list[tuple[str, str]]:
    """What stands at the head of a document."""
    c = whole.content
    found = [
        (gettext("Số"), c["name"]),
        (gettext("Lập lúc"), instant(datetime.fromisoformat(c["issued_at"]))),
        (gettext("Phiếu bán") if c["slip"] else gettext("Đơn hàng"), c["order"]),
        (gettext("Cách trả"), gettext(PAYMENT_METHOD_NAMES[PaymentMethod(c["payment"])])),
    ]
    if c["corrects"]:
        on = day(date.fromisoformat(c["corrects"]["issued_on"]))
        found.append((gettext("Điều chỉnh cho"), gettext("%(name)s ngày %(day)s", name=c["corrects"]["name"], day=on)))
    if c["corrects"] or c["cause"] != Cause.SALE.value:
        found.append((gettext("Vì"), gettext(c["reason"]) if c["reason"] else gettext(CAUSE_NAMES[Cause(c["cause"])])))
    if whole.row.taken_by:
        taken = gettext("%(name)s, đã ghi giảm %(n)s", name=whole.row.taken_by, n=vnd(whole.row.taken_amount))
        found.append((gettext("Ghi giảm bởi"), taken))
    if whole.row.provider_number:
        found.append((gettext("Số hóa đơn điện tử"), whole.row.provider_number))
    return found


def sums(c: dict[str, Any]) -> list[tuple[str, int]]:
    """The sums above the total."""
    found = [
        (gettext("Tiền hàng"), c["goods"]),
        (
            ": ".join([gettext("Giảm giá"), *([", ".join(c["promotions"])] if c.get("promotions") else [])]),
            -c["discount"],
        ),
        (gettext("Giao hàng"), c["delivery"]),
        (gettext("Hoàn tiền"), c["other"]),
    ]
    return [(label, n) for label, n in found if n]


def note(series: Series) -> str:
    """What a document is, and is not, before the law."""
    if series is Series.TAX:
        return str(
            gettext(
                "Dữ liệu để lập hóa đơn điện tử. Hóa đơn có giá trị pháp lý là bản do nhà cung cấp hóa đơn phát hành."
            )
        )
    if series is Series.CREDIT:
        return str(gettext("Ghi giảm số tiền của chứng từ nêu trên; chứng từ đó giữ nguyên số và nội dung."))
    return str(gettext("Biên nhận bán hàng, không thay cho hóa đơn giá trị gia tăng."))


def data(whole: Whole) -> dict[str, Any]:
    """What the template is given: ready words."""
    c, language = whole.content, web.language()
    void = whole.row.state is InvoiceState.VOID
    return {
        "lang": language,
        "shop": c["seller"]["name"],
        "owner": c["seller"]["name"],
        "owner_line": c["name"],
        "printed": gettext("In lúc %(at)s", at=instant(clock.now())),
        "demo": gettext("Số liệu minh họa"),
        "is_demo": whole.row.is_demo,
        "name": c["name"],
        "about": [list(x) for x in about(whole)[1:]],
        "seller": [list(x) for x in party(c["seller"])],
        "buyer": [list(x) for x in party(c["buyer"])],
        "lines": [
            [str(n), x["name"], x["sku"], x["pack"], str(x["quantity"]), vnd(x["unit"]), vnd(-x["discount"]) if x["discount"]
             else "–", vnd(x["net"])]
            for n, x in enumerate(c["lines"], 1)
        ],
        "sums": [[label, vnd(n)] for label, n in sums(c)],
        "total": [gettext("Tổng cộng ghi giảm") if c["corrects"] else gettext("Tổng cộng"), vnd(c["total"])],
        "words": spoken.dong(c["total"], language),
        "prepaid": gettext("Đã trừ tiền cọc trả trước %(a)s khi thanh toán.", a=vnd(c["prepaid"])) if c["prepaid"] else "",
        "note": note(Series(c["series"])),
        "void": gettext("ĐÃ HỦY") if void else "",
        "void_line": _voided(whole) if void else "",
        "digest": whole.digest,
        "t": {
            "title": gettext(SERIES_NAMES[Series(c["series"])]),
            "page": gettext("Trang"),
            "seller": gettext("Bên bán"),
            "buyer": gettext("Bên mua"),
            "head": [
                gettext("STT"), gettext("Tên hàng"), gettext("Quy cách"), gettext("SL"), gettext("Đơn giá"),
                gettext("Giảm"), gettext("Thành tiền"),
            ],
            "words": gettext("Bằng chữ"),
            "seal": gettext("Mã kiểm nội dung (SHA-256)"),
        },
    }  # fmt: skip


def _voided(whole: Whole) -> str:
    why = gettext(whole.void_reason or "")
    return str(gettext("Hủy lúc %(at)s: %(why)s", at=instant(whole.voided_at), why=why))


def as_pdf(whole: Whole) -> Response:
    """The document to look at."""
    made = Response(
        papers.pdf(TEMPLATE, data(whole), title=f"{gettext(SERIES_NAMES[whole.row.series])} {whole.row.name}"),
        mimetype="application/pdf",
    )
    made.headers["Content-Disposition"] = f'inline; filename="{whole.row.name}.pdf"'
    return made


def as_xml(whole: Whole) -> Response:
    """The document to take away."""
    return xml_file(xml.one(whole.content, whole.digest), whole.row.name)


def xml_file(content: bytes, name: str) -> Response:
    """A file of documents for a provider."""
    made = Response(content, mimetype="application/xml")
    made.headers["Content-Disposition"] = f'attachment; filename="{name}.xml"'
    return made
