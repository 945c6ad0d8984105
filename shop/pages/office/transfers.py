"""The paper that travels with a transfer: what is in the boxes, its code to scan and the same code to type."""

from __future__ import annotations

from typing import Any

from flask import current_app, make_response
from flask_babel import gettext

from shop.accounts import guards
from shop.kernel import papers as typesetter
from shop.kernel.dates import day
from shop.kernel.errors import NotFound
from shop.pages import papers
from shop.pages.office import bp
from shop.pages.office.desk import P
from shop.stock import queries as stock
from shop.stock.models import SHOP
from shop.transfers import queries
from shop.transfers.office.transfers import of_either

NOTE = "pages/papers/transfer.typ"


@bp.get("/transfers/<reference>/note.pdf")
@guards.requires(P.TRANSFER_HANDLE, scope=of_either, name="either point")
def transfer_note(reference: str) -> Any:
    """The note for the boxes; there is one as soon as the goods are packed."""
    t = queries.view(reference)
    if not t.lots:
        raise NotFound
    answer = make_response(typesetter.pdf(NOTE, note_data(t), title=gettext("Phiếu chuyển hàng")))
    answer.headers["Content-Type"] = "application/pdf"
    answer.headers["Content-Disposition"] = f'inline; filename="{t.reference}.pdf"'
    return answer


def receiving_address(reference: str) -> str:
    """Where the note's code leads: the receiving page (after log-in, if need be)."""
    return f"{current_app.extensions['shop_config'].base_url}/office/transfers/{reference}/receive"


def note_data(t: queries.TransferView) -> dict[str, Any]:
    """What the note's template is given."""
    names = stock.owner_names()

    def owner(key: str) -> str:
        return "" if key == SHOP else names.get(key, key)

    def about(point: Any) -> dict[str, Any]:
        return {"name": point.name, "lines": [v for v in (point.address or point.locality_text, point.phone) if v]}

    return {
        **papers.head(),
        "t": {
            "title": gettext("Phiếu chuyển hàng"),
            "from": gettext("Từ điểm"),
            "to": gettext("Đến điểm"),
            "sent": gettext("Ngày gửi"),
            "due": gettext("Phải đến"),
            "name": gettext("Hàng"),
            "lot": gettext("Lô"),
            "expires": gettext("HSD"),
            "quantity": gettext("SL"),
            "came": gettext("Thực nhận"),
            "units": gettext("Tổng số"),
            "note": gettext("Ghi chú"),
            "scan": gettext("Quét mã bằng máy ảnh điện thoại để nhận hàng, hoặc nhập mã này ở trang Chuyển hàng:"),
            "giver": gettext("Người giao"),
            "carrier": gettext("Người chở"),
            "taker": gettext("Người nhận"),
            "sign": gettext("(ký, ghi rõ họ tên)"),
            "page": gettext("Trang"),
        },
        "reference": t.reference,
        "qr": papers.qr(receiving_address(t.reference)),
        "from": about(t.source),
        "to": about(t.destination),
        "sent": next((day(s.at.date()) for s in t.steps if s.to_status == "on_the_road"), ""),
        "due": day(t.due_on) if t.due_on else "",
        "note": t.note or "",
        "is_demo": t.is_demo,
        "units": t.units,
        "lines": [
            {
                "name": line.product,
                "pack": line.pack,
                "cold": "",
                "sku": line.sku,
                "lots": [
                    {
                        "lot": lot.lot or "–",
                        "expires": day(lot.expires_on) if lot.expires_on else "",
                        "owner": owner(lot.owner),
                        "quantity": lot.quantity,
                    }
                    for lot in line.lots
                ],
            }
            for line in t.lines
            if line.lots
        ],
    }
