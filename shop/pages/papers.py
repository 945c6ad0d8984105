"""The desk's papers: packing lists, delivery notes with a code to scan, picking lists; in the reader's language."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from typing import Any

import segno
from flask_babel import gettext
from sqlalchemy import select

from shop.kernel import clock, papers, web
from shop.kernel.dates import day, instant
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.kernel.forms import phone_for_people
from shop.kernel.money import vnd
from shop.orders.models import Fulfilment, FulfilmentStatus, Order, PaymentStatus
from shop.pages import desk, rules
from shop.pages.desk import ParcelView, PickList
from shop.places import queries as places
from shop.points import queries as points
from shop.points.models import Point

# A paper of more than this is asked for in parts.
MOST = 100
HOW_MANY = N_("Hãy chọn từ 1 đến %(n)s dòng để in.")
PACKING, NOTE, PICKING, LABEL = (f"pages/papers/{name}.typ" for name in ("packing", "note", "picking", "label"))


def of_orders(references: Sequence[str], scopes: frozenset[str]) -> list[int]:
    """The parcels of these orders that still matter and that `scopes` cover.

    Raises:
        NotFound: there are none.
    """
    mine = points.ids_in(scopes)
    statement = (
        select(Fulfilment.id)
        .join(Order, Order.id == Fulfilment.order_id)
        .where(Order.reference.in_(references), Fulfilment.status != FulfilmentStatus.CANCELLED)
        .order_by(Fulfilment.id)
    )
    if mine is not None:
        statement = statement.where(Fulfilment.point_id.in_(mine))
    found = list(session().scalars(statement))
    if not found:
        raise NotFound
    return found


def head() -> dict[str, Any]:
    """What stands on every paper."""
    told = {setting.key: str(setting.get()) for setting in (rules.OWNER_NAME, rules.OWNER_ADDRESS, rules.OWNER_PHONE)}
    return {
        "lang": web.language(),
        "shop": gettext("Chợ Bến"),
        "owner": told[rules.OWNER_NAME.key],
        "owner_line": " · ".join(v for v in list(told.values())[1:] if v),
        "printed": gettext("In lúc %(at)s", at=instant(clock.now())),
        "demo": gettext("Số liệu minh họa"),
    }


def _lots(lots: Sequence[tuple[str, date | None, int]]) -> list[str]:
    """The lots of a line: `L0312 · HSD 24/11/2026 × 2`; nothing where no lot is recorded."""
    told = []
    for code, expires, quantity in lots:
        parts = [code] if code else []
        if expires:
            parts.append(gettext("HSD %(day)s", day=day(expires)))
        if parts:
            told.append(" · ".join(parts) + (f" × {quantity}" if len(lots) > 1 else ""))
    return told


def _line(line: desk.LineView) -> dict[str, Any]:
    return {
        "name": line.name,
        "pack": line.pack,
        "sku": line.sku,
        "quantity": line.quantity,
        "price": vnd(line.unit_price_amount),
        "amount": vnd(line.line_amount),
        "lots": _lots(line.lots),
        "cold": gettext("Hàng lạnh") if line.cold else "",
    }


def qr(content: str) -> str:
    """A QR code as SVG."""
    out = io.BytesIO()
    segno.make_qr(content, error="m").save(out, kind="svg", border=2, scale=4, xmldecl=False)
    return out.getvalue().decode()


def _reach(point: Point) -> str:
    """Where a carrier takes a parcel back to, and whom he calls; empty where neither is known."""
    unit = places.unit(point.commune_code) if point.commune_code else None
    told = [point.address or point.locality_text or "", unit.name if unit else ""]
    phone = phone_for_people(point.phone) if point.phone else ""
    return " · ".join(p for p in (", ".join(filter(None, told)), phone) if p)


def _parcel(order: Order, view: ParcelView) -> dict[str, Any]:
    pickup = points.by_ids([view.parcel.point_id])[view.parcel.point_id] if view.pickup else None
    where = (
        [pickup.name, pickup.address or pickup.locality_text or ""]
        if pickup
        else [order.street or "", ", ".join(p for p in (order.commune_name, order.province_name) if p)]
    )
    first, last = view.parcel.expected_from_on, view.parcel.expected_to_on
    many = len(order.fulfilments)
    return {
        "reference": order.reference,
        "number": gettext("Kiện %(n)s/%(all)s", n=view.number, all=many) if many > 1 else "",
        "qr": qr(order.reference),
        "key": f"{order.reference}/{view.number}" if many > 1 else order.reference,
        "point": view.parcel.point.name,
        "from_where": _reach(view.parcel.point),
        "placed": day(order.placed_at),
        "name": order.name,
        "phone": phone_for_people(order.phone),
        "where": [w for w in where if w],
        "pickup": view.pickup,
        "due": (f"{day(first)} – {day(last)}" if last and last != first else day(first)) if first else "",
        "note": order.note or "",
        "paid": order.payment_status == PaymentStatus.PAID,
        "collect": vnd(view.due_amount) if view.due_amount else "",
        "goods": vnd(sum(line.line_amount for line in view.lines)),
        "fee": vnd(view.parcel.fee_amount),
        "carrier": " ".join(p for p in (view.parcel.carrier, view.parcel.tracking_number) if p),
        "units": view.units,
        "weight": f"{view.parcel.weight_g / 1000:.1f} kg".replace(".", "," if web.language() == "vi" else "."),
        "weighed": view.parcel.weight_g > 0,
        "adult": any(line.alcohol for line in view.lines),
        "demo": order.is_demo,
        "lines": [_line(line) for line in view.lines],
    }


def _words() -> dict[str, str]:
    """The words of parcels' papers."""
    return {
        "packing": gettext("Phiếu đóng gói"),
        "note_title": gettext("Phiếu giao hàng"),
        "order": gettext("Đơn hàng"),
        "from": gettext("Xuất từ"),
        "to": gettext("Người nhận"),
        "pickup": gettext("Nhận tại điểm bán"),
        "due": gettext("Hẹn giao"),
        "ready": gettext("Hẹn nhận từ"),
        "placed": gettext("Đặt ngày"),
        "name": gettext("Hàng"),
        "lot": gettext("Lô"),
        "quantity": gettext("SL"),
        "price": gettext("Đơn giá"),
        "amount": gettext("Thành tiền"),
        "goods": gettext("Tiền hàng"),
        "fee": gettext("Phí giao"),
        "note": gettext("Lời nhắn"),
        "units": gettext("Tổng số"),
        "weight": gettext("Cân nặng"),
        "packed_by": gettext("Người đóng gói"),
        "checked_by": gettext("Người kiểm"),
        "giver": gettext("Người giao"),
        "taker": gettext("Người nhận"),
        "sign": gettext("(ký, ghi rõ họ tên)"),
        "collect": gettext("Thu của khách"),
        "nothing": gettext("Đã thanh toán, không thu tiền"),
        "adult": gettext("Có rượu: chỉ giao cho người đủ 18 tuổi."),
        "carrier": gettext("Vận chuyển"),
        "page": gettext("Trang"),
        "units_of": gettext("món"),
    }


def _data(parcel_ids: Sequence[int]) -> dict[str, Any]:
    parcels = [_parcel(order, view) for order, view in desk.parcel_views(parcel_ids)]
    if not parcels:
        raise NotFound
    return {**head(), "t": _words(), "parcels": parcels}


def packing_lists(parcel_ids: Sequence[int]) -> bytes:
    """One A4 page (or more) for each parcel: what goes in, from which lot, with boxes to tick.

    Raises:
        NotFound: there are no such parcels.
    """
    return papers.pdf(PACKING, _data(parcel_ids), title=gettext("Phiếu đóng gói"))


def note_data(parcel_ids: Sequence[int], size: str = "") -> dict[str, Any]:
    """What the delivery note's template is given."""
    return {**_data(parcel_ids), "size": "a4" if size.lower() == "a4" else "a5"}


def delivery_notes(parcel_ids: Sequence[int], size: str = "") -> bytes:
    """The note that goes with each parcel, A5 unless `size` is `a4`; its code to scan holds the order's reference.

    Raises:
        NotFound: there are no such parcels.
    """
    return papers.pdf(NOTE, note_data(parcel_ids, size), title=gettext("Phiếu giao hàng"))


def label_data(parcel_ids: Sequence[int], size: str = "") -> dict[str, Any]:
    """What the label's template is given; its code to scan holds the parcel's name."""
    data = _data(parcel_ids)
    for parcel in data["parcels"]:
        parcel["qr"] = qr(parcel["key"])
    return {**data, "size": "a4" if size.lower() == "a4" else "a6"}


def labels(parcel_ids: Sequence[int], size: str = "") -> bytes:
    """The label that is stuck on each parcel: whom to, what to collect, a code to scan. One on each A6 sheet, or four on an A4
    sheet (`size` is `a4`).

    Raises:
        NotFound: there are no such parcels.
    """
    return papers.pdf(LABEL, label_data(parcel_ids, size), title=gettext("Nhãn kiện"))


def picking(lists: Sequence[PickList]) -> bytes:
    """What to fetch from the shelves, one page (or more) for each point."""
    words = {
        "picking": gettext("Phiếu nhặt hàng"),
        "name": gettext("Hàng"),
        "sku": gettext("SKU"),
        "lot": gettext("Lô"),
        "quantity": gettext("SL"),
        "parcels": gettext("Kiện"),
        "nothing": gettext("Không có gì phải nhặt."),
        "units": gettext("Tổng số"),
        "page": gettext("Trang"),
    }
    data = {
        **head(),
        "t": words,
        "lists": [
            {
                "point": found.point,
                "parcels": found.parcels,
                "units": found.units,
                "lines": [
                    {
                        "sku": line.sku,
                        "name": line.name,
                        "pack": line.pack,
                        "lots": _lots([(line.lot, line.expires_on, line.quantity)]),
                        "quantity": line.quantity,
                        "parcels": line.parcels,
                        "cold": gettext("Hàng lạnh") if line.cold else "",
                    }
                    for line in found.lines
                ],
            }
            for found in lists
        ],
    }
    return papers.pdf(PICKING, data, title=gettext("Phiếu nhặt hàng"))
