"""Sheets with the QR codes of booths, as PDF: one page each, to hang at the booth."""

from __future__ import annotations

import io
from collections.abc import Sequence
from urllib.parse import quote

import segno
from flask import current_app
from flask_babel import gettext

from shop.exhibitions.models.fairs import Exhibition
from shop.exhibitions.queries.days import BoothRow
from shop.kernel import papers, web

BOOTHS = "exhibitions/papers/booths.typ"


def qr_sheets(fair: Exhibition, rows: Sequence[BoothRow]) -> bytes:
    """One page for each booth that somebody stands in."""
    base = current_app.extensions["shop_config"].base_url
    booths = []
    for row in rows:
        link = f"{base}/hoi-cho/{fair.slug}/gian/{quote(row.code)}"
        out = io.BytesIO()
        segno.make_qr(link, error="m").save(out, kind="svg", border=0, xmldecl=False)
        booths.append(
            {
                "code": gettext("Gian %(code)s", code=row.code),
                "makers": row.maker_names,
                "qr": out.getvalue().decode(),
                "link": link,
            }
        )
    data = {
        "lang": web.language(),
        "shop": gettext("Chợ Bến"),
        "fair": fair.name,
        "scan": gettext("Quét mã để xem hàng của gian và đặt giao về nhà, cả sau hội chợ."),
        "booths": booths,
    }
    return papers.pdf(BOOTHS, data, title=gettext("Mã QR của các gian"))
