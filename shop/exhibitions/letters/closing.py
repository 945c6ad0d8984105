"""Letters about closing a fair: to those who close it."""

from __future__ import annotations

from flask import current_app, render_template
from flask_babel import force_locale, gettext

from shop.accounts import queries as accounts
from shop.accounts.permissions import ROLE_PERMISSIONS, SCOPE_KIND, Permission
from shop.exhibitions.models.fairs import Exhibition
from shop.kernel import clock, mail
from shop.kernel.dates import day
from shop.kernel.db import transaction
from shop.kernel.errors import N_

LEFT = N_("Gian hội chợ còn hàng chưa đưa về: %(name)s")


def closers(exhibition_id: int) -> list[accounts.Contact]:
    """Those who may close this fair and have an address that is theirs."""
    found: dict[int, accounts.Contact] = {}
    for role, rights in ROLE_PERMISSIONS.items():
        if Permission.EXHIBITION_CLOSE in rights and role not in SCOPE_KIND:
            for scope in ("*", f"exhibition:{exhibition_id}"):
                found |= {c.user_id: c for c in accounts.holders(scope, role)}
    return [c for _id, c in sorted(found.items()) if c.email and c.email_confirmed]


def goods_left(fair: Exhibition, units: int) -> int:
    """Tell them, once a day, that goods still lie in its booths; return how many letters."""
    readers = closers(fair.id)
    today = clock.today()
    for reader in readers:
        base = current_app.extensions["shop_config"].base_url + ("/en" if reader.locale == "en" else "")
        with force_locale(reader.locale):
            title = gettext(LEFT, name=fair.name)
            context = {
                "lang": reader.locale,
                "shop_url": base + "/",
                "why": gettext("Bạn nhận thư này vì lo việc chốt hội chợ ở Chợ Bến."),
                "subject": title,
                "name": reader.name,
                "fair": fair.name,
                "ended": day(fair.to_on) if fair.to_on else "",
                "units": units,
                "button_url": f"{base}/office/exhibitions/{fair.slug}/close",
                "button_text": gettext("Mở trang chốt gian"),
            }
            text = render_template("exhibitions/letters/goods_left.txt", **context)
            html = render_template("exhibitions/letters/goods_left.html", **context)
        about = f"user:{reader.user_id}"
        with transaction():
            mail.post(
                f"exhibitions:goods-left:{fair.id}:{today}:{about}"[:120], "exhibitions", reader.email or "", title, text, html,
                about=about,
            )  # fmt: skip
    return len(readers)
