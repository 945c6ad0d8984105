"""The pages of the imitation of Stripe (`fake_stripe.py`); they need nothing of the shop."""

from __future__ import annotations

import html
from typing import Any

Thing = dict[str, Any]

_PAGE = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 1.05rem/1.6 system-ui, sans-serif; margin: 0; background: #f4f5f7; color: #1d2733; }}
main {{ max-width: 26rem; margin: 8vh auto; padding: 1.5rem; background: #fff; border-radius: .75rem; }}
strong {{ display: block; font-size: 1.9rem; }} form {{ display: grid; gap: .6rem; margin-top: 1.2rem; }}
button {{ font: inherit; padding: .8rem; border: 1px solid #8a94a3; border-radius: .5rem; background: #fff; cursor: pointer; }}
button[value=pay] {{ background: #0b5cad; border-color: #0b5cad; color: #fff; }}
p.note {{ background: #fff6dd; border: 1px solid #e6cf8a; border-radius: .5rem; padding: .6rem .8rem; }}
</style></head><body><main>{main}</main></body></html>"""

_WORDS = {
    "vi": {
        "title": "Thanh toán thử bằng thẻ",
        "note": "Trang thử của bản trình diễn: không có tiền thật, đừng nhập số thẻ.",
        "order": "Đơn hàng",
        "pay": "Trả tiền",
        "decline": "Thẻ bị từ chối",
        "cancel": "Quay lại cửa hàng",
        "complete": "Phiên này đã trả tiền xong.",
        "expired": "Phiên thanh toán đã hết hạn.",
    },
    "en": {
        "title": "Test payment by card",
        "note": "A test page of the demo: no real money, do not enter a card number.",
        "order": "Order",
        "pay": "Pay",
        "decline": "Card is declined",
        "cancel": "Back to the shop",
        "complete": "This session has been paid.",
        "expired": "This session has expired.",
    },
}


def message_page(text: str) -> str:
    return _PAGE.format(lang="en", title="Fake Stripe", main=f"<p>{html.escape(text)}</p>")


def hosted_page(session: Thing) -> str:
    lang = "en" if session["locale"] == "en" else "vi"
    words = _WORDS[lang]
    amount = f"{session['amount_total']:,}".replace(",", ".") + "\u00a0₫"
    main = [
        f'<h1>{words["title"]}</h1><p class="note">{words["note"]}</p>',
        f"<p>{words['order']} {html.escape(str(session['client_reference_id']))}<strong>{amount}</strong></p>",
    ]
    if session["status"] == "open":
        buttons = "".join(
            f'<button name="do" value="{name}" data-testid="fake-{name}">{words[name]}</button>'
            for name in ("pay", "decline", "cancel")
        )
        main.append(f'<form method="post">{buttons}</form>')
    else:
        main.append(f"<p>{words[session['status']]}</p>")
    return _PAGE.format(lang=lang, title=words["title"], main="".join(main))
