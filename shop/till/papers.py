"""Papers of the counter: the report of a session, and how what a device sent is shown to people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext

from shop.kernel import clock, papers, web
from shop.kernel.dates import instant
from shop.kernel.money import vnd
from shop.till import rules
from shop.till.forms import NOTES
from shop.till.models import TENDER_NAMES, TillClosing
from shop.till.queries.receipts import Receipt
from shop.till.queries.reports import Report

REPORT, RECEIPT = "till/papers/report.typ", "till/papers/receipt.typ"


def notes_of(closing: TillClosing | None) -> list[tuple[str, int, str]]:
    """The notes of a count, largest first: what it is, how many, what they make."""
    if closing is None:
        return []
    counted = {str(k): int(n) for k, n in closing.counted.items()}
    return [(vnd(int(note)), counted[note], vnd(int(note) * counted[note])) for note in NOTES if counted.get(note)]


def told(body: Mapping[str, Any], depth: int = 0) -> list[tuple[str, str]]:
    """What a device sent, as lines of name and value; parts of parts are named with dots."""
    lines: list[tuple[str, str]] = []
    for name, value in list(body.items())[:200]:
        if isinstance(value, Mapping) and depth < 3:
            lines += [(f"{name}.{inner}", words) for inner, words in told(value, depth + 1)]
        elif isinstance(value, list) and depth < 3:
            for n, part in enumerate(value[:200], 1):
                inner_lines = told(part, depth + 1) if isinstance(part, Mapping) else [("", str(part)[:200])]
                lines += [(f"{name}[{n}]{'.' if inner else ''}{inner}", words) for inner, words in inner_lines]
        elif value is not None and value != "" and name != "secret_hash":
            amount = name.endswith("amount") or name in {"given", "float_amount"}
            lines.append((name, vnd(value) if amount and isinstance(value, int) else str(value)[:200]))
    return lines


def _facts(found: Report) -> list[list[str]]:
    s = found.session
    return [
        [gettext("Điểm bán"), s.point.name],
        [gettext("Máy"), f"{s.device.code} · {s.device.name}"],
        [gettext("Người đứng quầy"), s.keeper_name],
        [gettext("Mở lúc"), instant(s.opened_at) if s.opened_at else "–"],
        [gettext("Đóng lúc"), instant(s.closed_at) if s.closed_at else gettext("Đang mở")],
    ]


def _money(found: Report) -> list[list[str]]:
    rows = [
        [gettext("Tiền lẻ đầu ca"), vnd(found.session.float_amount)],
        [gettext("Tiền mặt bán hàng"), vnd(found.cash_sales)],
        [gettext("Tiền mặt trả khách"), vnd(-sum(t.returned for t in found.tenders if t.kind == "cash"))],
        [gettext("Bỏ vào, lấy ra"), vnd(sum(t.amount for t in found.drawer))],
        [gettext("Sổ tính phải có"), vnd(found.expected_now)],
    ]
    if found.last is not None:
        rows += [
            [gettext("Đếm được"), vnd(found.last.counted_amount)],
            [gettext("Lệch khi đếm"), vnd(found.last.variance_amount)],
        ]
    if found.late_cash:
        rows.append([gettext("Tiền mặt ghi sau khi đóng ca"), vnd(found.late_cash)])
    return rows


def report_data(found: Report, owners: Mapping[str, str]) -> dict[str, Any]:
    """What the report's template is given: ready words and amounts."""
    words = {
        "title": gettext("Báo cáo ca bán hàng (Z)"),
        "page": gettext("Trang"),
        "drawer": gettext("Ngăn tiền"),
        "tenders": gettext("Theo cách trả"),
        "owners": gettext("Theo chủ hàng"),
        "keepers": gettext("Theo người đứng quầy"),
        "notes": gettext("Tờ tiền đã đếm"),
        "moves": gettext("Bỏ vào, lấy ra ngăn tiền"),
        "addendum": gettext("Phần bổ sung: ghi sau khi đóng ca"),
        "discounts": gettext("Giảm giá"),
        "returns": gettext("Khách trả hàng"),
        "sign": gettext("(ký, ghi rõ họ tên)"),
        "keeper": gettext("Người đứng quầy"),
        "checked_by": gettext("Người kiểm"),
    }
    tables: list[dict[str, Any]] = [
        {
            "title": words["tenders"],
            "head": [gettext("Cách trả"), gettext("Thu"), gettext("Trả lại"), gettext("Còn lại")],
            "rows": [
                [gettext(TENDER_NAMES[t.kind]), vnd(t.sales), vnd(t.returned), vnd(t.left)] for t in found.tenders
            ],
        },
        {
            "title": words["owners"],
            "head": [
                gettext("Chủ hàng"),
                gettext("Số bán"),
                gettext("Tiền bán"),
                gettext("Trả lại"),
                gettext("Còn lại"),
            ],
            "rows": [
                [owners.get(o.owner, o.owner), str(o.sold), vnd(o.sold_amount), vnd(o.back_amount), vnd(o.net_amount)]
                for o in found.owners
            ],
        },
        {
            "title": words["keepers"],
            "head": [gettext("Người đứng quầy"), gettext("Phiếu"), gettext("Giảm giá"), gettext("Tiền bán")],
            "rows": [[k.name, str(k.sales), vnd(k.discount), vnd(k.amount)] for k in found.keepers],
        },
        {
            "title": words["discounts"],
            "head": [gettext("Phiếu"), gettext("Lý do"), gettext("Giảm giá")],
            "rows": [
                [s.number, s.discount_reason or gettext("Khuyến mại"), vnd(s.discount_amount)]
                for s in found.sales
                if s.discount_amount
            ],
        },
        {
            "title": words["returns"],
            "head": [gettext("Phiếu"), gettext("Lý do"), gettext("Số lượng"), gettext("Trả khách")],
            "rows": [[b.number, b.reason, str(b.quantity), vnd(b.amount)] for b in found.returns],
        },
        {
            "title": words["moves"],
            "head": [gettext("Lúc"), gettext("Lý do"), gettext("Số tiền")],
            "rows": [[instant(t.at), t.reason or "", vnd(t.amount)] for t in found.drawer],
        },
        {
            "title": words["notes"],
            "head": [gettext("Mệnh giá"), gettext("Số tờ"), gettext("Thành tiền")],
            "rows": [[note, str(n), total] for note, n, total in notes_of(found.last)],
        },
        {
            "title": words["addendum"],
            "head": [gettext("Phiếu"), gettext("Lúc"), gettext("Số tiền")],
            "rows": [[s.number, instant(s.at), vnd(s.total_amount)] for s in found.late_sales]
            + [[b.number, instant(b.at), vnd(-b.amount)] for b in found.late_returns]
            + [[gettext("Tiền mặt"), instant(t.at), vnd(t.amount)] for t in found.drawer if t.late],
        },
    ]
    return {
        "lang": web.language(),
        "shop": str(rules.SHOP_NAME.get()),
        "owner": str(rules.SHOP_NAME.get()),
        "owner_line": str(rules.SHOP_ADDRESS.get()),
        "printed": gettext("In lúc %(at)s", at=instant(clock.now())),
        "demo": gettext("Số liệu minh họa"),
        "t": words,
        "sub": f"{found.session.device.code} · {found.session.point.name}",
        "facts": _facts(found),
        "money": _money(found),
        "tables": [table for table in tables if table["rows"]],
        "count_note": (found.last.note or "") if found.last else gettext("Chưa đếm tiền."),
    }


def report(found: Report, owners: Mapping[str, str]) -> bytes:
    """The report of a session as PDF, A4."""
    return papers.pdf(REPORT, report_data(found, owners), title=gettext("Báo cáo ca bán hàng (Z)"))


def receipt_data(found: Receipt) -> dict[str, Any]:
    """What the receipt's template is given. The link with the buyer's secret is on the paper of the sale alone: the shop
    keeps only its hash."""
    sale, order = found.sale, found.order
    given = sum(t.given_amount - t.amount for t in found.tenders if t.given_amount is not None)
    return {
        "lang": web.language(),
        "shop": str(rules.SHOP_NAME.get()),
        "head": [v for v in (found.point, found.address, str(rules.SHOP_PHONE.get())) if v],
        "facts": [
            [gettext("Phiếu"), sale.number],
            [gettext("Lúc"), instant(order.placed_at)],
            [gettext("Người đứng quầy"), sale.keeper_name],
        ],
        "lines": [
            {
                "name": f"{line.name}, {line.pack}",
                "quantity": line.quantity,
                "price": vnd(line.unit_price_amount),
                "amount": vnd(line.line_amount),
                "lot": gettext("Lô %(lot)s", lot=lot) if lot else "",
                "off": [[name, vnd(-amount)] for name, amount in found.off.by_line.get(line.id, ())],
            }
            for line, lot in found.lines
        ],
        "sums": [[gettext("Tiền hàng"), vnd(order.goods_amount)], [gettext("Giảm giá"), vnd(-order.discount_amount)]]
        if order.discount_amount
        else [],
        "t": {"total": gettext("Tổng cộng")},
        "total": vnd(order.total_amount),
        "tenders": [[gettext(TENDER_NAMES[t.kind]), vnd(t.given_amount or t.amount)] for t in found.tenders]
        + ([[gettext("Trả lại"), vnd(given)]] if given else []),
        "back": [[gettext("Khách trả hàng lúc %(at)s", at=instant(at)), vnd(-amount)] for at, amount in found.back],
        "footer": str(rules.FOOTER.get()),
    }


def receipt(found: Receipt) -> bytes:
    """A receipt as PDF, 80 mm wide."""
    return papers.pdf(RECEIPT, receipt_data(found), title=found.sale.number)
