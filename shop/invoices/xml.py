"""A document as XML for whoever issues e-invoices for the seller.

Which elements a provider takes, and their names, are assumptions (docs/invoices.md has them one by one): the technical annex to
Decree 254/2026 is not among the shop's sources. Amounts are whole đồng.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree.ElementTree import Comment, Element, SubElement, indent, tostring

from shop.invoices.models import SERIES_NAMES, Series
from shop.kernel import spoken
from shop.orders.models import PAYMENT_METHOD_NAMES, PaymentMethod

# Kinds of goods lines: sold goods, a discount or freight named apart.
GOODS, APART = "1", "4"
# Stands at the head of each file, for whoever takes it in.
ASSUMED = (
    " GIẢ ĐỊNH, chưa đối chiếu với phụ lục kỹ thuật của Nghị định 254/2026/NĐ-CP và Thông tư 91/2026:"
    " tên của mọi thẻ (theo tên ngắn dùng dưới các nghị định trước);"
    " KHHDon, SHDon là ký hiệu và số của cửa hàng, nhà cung cấp hóa đơn thay bằng của mình;"
    " NLap là ngày giao đủ hàng và thu đủ tiền; HTTToan ghi bằng chữ; MDHang và Digest là thẻ thêm;"
    " TTHDLQuan/TCHDon 2 là điều chỉnh; MST có thể là số định danh cá nhân;"
    " HHDVu/TChat 1 là hàng, 4 là giao hàng hoặc tiền không kèm hàng; đơn giá đã gồm thuế."
    " KHÔNG CÓ thuế suất và tiền thuế (TSuat, TgTThue): kế toán hoặc nhà cung cấp hóa đơn điền. "
)


def _put(parent: Element, **values: Any) -> None:
    """Children of these names, in this order; what is not known is left out."""
    for name, value in values.items():
        if value is not None and value != "":
            SubElement(parent, name).text = str(value)


def document(content: Mapping[str, Any]) -> Element:
    """The element of one document, made of its frozen content alone."""
    c = content
    root = Element("HDon")
    data = SubElement(root, "DLHDon", Id=c["name"])
    head = SubElement(data, "TTChung")
    _put(
        head,
        THDon=SERIES_NAMES[Series(c["series"])],
        KHHDon=f"{c['series']}{c['year'] % 100:02d}",
        SHDon=c["number"],
        NLap=c["issued_on"],
        TDLap=c["issued_at"],
        DVTTe=c["currency"],
        TGia=1,
        HTTToan=PAYMENT_METHOD_NAMES[PaymentMethod(c["payment"])],
        MDHang=c["order"],
    )
    if c["corrects"]:
        _put(
            SubElement(head, "TTHDLQuan"),
            TCHDon=2,
            SHDCLQuan=c["corrects"]["name"],
            NLHDCLQuan=c["corrects"]["issued_on"],
            GChu=c["reason"] or c["cause"],
        )
    body = SubElement(data, "NDHDon")
    seller, buyer = c["seller"], c["buyer"]
    _put(
        SubElement(body, "NBan"),
        Ten=seller["name"],
        MST=seller["tax_code"],
        DChi=seller["address"],
        SDThoai=seller["phone"],
    )
    _put(
        SubElement(body, "NMua"),
        Ten=buyer["company"],
        MST=buyer["tax_code"],
        DChi=buyer["address"],
        DCTDTu=buyer["email"],
        HVTNMHang=buyer["name"],
    )
    _lines(SubElement(body, "DSHHDVu"), c)
    _put(
        SubElement(body, "TToan"),
        TTCKTMai=c["discount"] or None,
        TgTTTBSo=c["total"],
        TgTTTBChu=spoken.dong(c["total"], "vi"),
    )
    return root


def _lines(parent: Element, c: Mapping[str, Any]) -> None:
    n = 0
    for n, x in enumerate(c["lines"], 1):
        _put(
            SubElement(parent, "HHDVu"),
            TChat=GOODS,
            STT=n,
            MHHDVu=x["sku"],
            THHDVu=x["name"],
            DVTinh=x["pack"],
            SLuong=x["quantity"],
            DGia=x["unit"],
            STCKhau=x["discount"] or None,
            ThTien=x["net"],
        )
    for name, amount in (("Giao hàng", c["delivery"]), ("Hoàn tiền", c["other"])):
        if amount:
            n += 1
            _put(SubElement(parent, "HHDVu"), TChat=APART, STT=n, THHDVu=name, ThTien=amount)


def one(content: Mapping[str, Any], digest: str) -> bytes:
    """One document as a file."""
    return _file(_sealed(content, digest))


def many(documents: Iterable[tuple[Mapping[str, Any], str]]) -> bytes:
    """Several documents, each with its digest, as one file."""
    root = Element("DSHDon")
    root.extend(_sealed(content, digest) for content, digest in documents)
    return _file(root)


def _sealed(content: Mapping[str, Any], digest: str) -> Element:
    made = document(content)
    SubElement(made, "Digest", Algorithm="SHA-256").text = digest
    return made


def _file(root: Element) -> bytes:
    root.insert(0, Comment(ASSUMED))
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))
