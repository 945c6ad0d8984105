"""The notice that hangs at the points: what not to use, and what to do."""

from __future__ import annotations

import io

import segno
from flask import current_app
from flask_babel import gettext

from shop.kernel import clock, papers, web
from shop.kernel.dates import day
from shop.recalls.models import Recall
from shop.stock.queries.lots import LotView

NOTICE = "recalls/papers/notice.typ"


def notice_data(recall: Recall, lot: LotView) -> dict[str, object]:
    """What the template is given."""
    base = current_app.extensions["shop_config"].base_url
    code = ""
    if lot.trace_code:
        out = io.BytesIO()
        segno.make_qr(f"{base}/truy-xuat/{lot.trace_code}", error="m").save(out, kind="svg", border=0, xmldecl=False)
        code = out.getvalue().decode()
    english = web.language() == "en"
    facts = [
        (gettext("Sản phẩm"), f"{(lot.product_en if english else None) or lot.product}, {lot.pack}"),
        (gettext("Số lô"), lot.code),
        (gettext("Ngày sản xuất"), day(lot.produced_on) if lot.produced_on else ""),
        (gettext("Hạn dùng"), day(lot.expires_on) if lot.expires_on else ""),
        (gettext("Cơ sở sản xuất"), lot.producer or ""),
        (gettext("Lý do"), recall.reason),
    ]
    return {
        "lang": web.language(),
        "shop": gettext("Chợ Bến"),
        "heading": gettext("Thông báo thu hồi"),
        "warning": gettext("Xin đừng ăn, đừng dùng"),
        "facts": [[label, value] for label, value in facts if value],
        "do": gettext("Xin bạn làm như sau"),
        "advice": recall.advice,
        "qr": code,
        "scan": gettext("Quét để xem trang của lô hàng"),
        "foot": gettext("Mã thu hồi %(r)s · thông báo ngày %(day)s", r=recall.reference, day=day(clock.today())),
    }


def notice(recall: Recall, lot: LotView) -> bytes:
    """The notice as PDF, A4."""
    return papers.pdf(NOTICE, notice_data(recall, lot), title=gettext("Thông báo thu hồi"))
