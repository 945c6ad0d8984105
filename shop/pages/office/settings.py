"""`/office/settings`: the rules of trade that staff may change, each with its own form."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import settings, text, web
from shop.kernel.errors import N_, ShopError
from shop.pages import queries
from shop.pages.office import bp

# What the first word of a key is called; a room that is missing here stands under its own word.
GROUPS = {
    "owner": N_("Chủ sở hữu"),
    "terms": N_("Điều khoản với khách"),
    "checkout": N_("Giỏ hàng, đặt hàng"),
    "payments": N_("Thanh toán"),
    "delivery": N_("Giao hàng"),
    "stock": N_("Tồn kho"),
    "catalog": N_("Danh mục sản phẩm"),
    "demand": N_("Cung và cầu"),
    "messages": N_("Thư của khách"),
    "settlement": N_("Đối soát"),
    "invoices": N_("Biên nhận, hóa đơn"),
    "accounts": N_("Tài khoản"),
    "office": N_("Quản trị"),
}


@bp.get("/settings")
@guards.requires(Permission.SETTING_EDIT)
def settings_page() -> Any:
    """All settings by room."""
    return _page()


@bp.post("/settings/<key>")
@guards.requires(Permission.SETTING_EDIT)
def change_setting(key: str) -> Any:
    """Change one setting; what was typed stays on the page if it is refused."""
    typed = text.clean(request.form.get("value", "")).replace("\n", " ")
    try:
        settings.change(guards.actor(), key, typed)
    except ShopError as error:
        if error.status == 404:
            raise
        return _page(key, typed, gettext(error.title, **error.values), error.status)
    flash(gettext("Đã lưu."), "ok")
    return redirect(web.path(f"/office/settings#{key.replace('.', '-')}"))


def _page(bad_key: str = "", typed: str = "", refusal: str = "", status: int = 200) -> Any:
    changed = queries.settings_changed()
    groups: dict[str, list[dict[str, Any]]] = {}
    order = {word: n for n, word in enumerate(GROUPS)}
    for key in sorted(settings.known, key=lambda k: (order.get(k.partition(".")[0], 99), k.partition(".")[0])):
        setting, word = settings.known[key], key.partition(".")[0]
        row = changed.get(key)
        groups.setdefault(gettext(GROUPS[word]) if word in GROUPS else word, []).append(
            {
                "key": key,
                "id": key.replace(".", "-"),
                "kind": "choice" if setting.choices else setting.kind.__name__,
                "label": gettext(setting.label),
                "hint": gettext(setting.hint) if setting.hint else "",
                "value": typed if key == bad_key else (row.value if row else setting.default),
                "default": setting.default,
                "low": setting.low,
                "high": setting.high,
                "choices": [(v, gettext(label)) for v, label in (setting.choices or {}).items()],
                "error": refusal if key == bad_key else "",
                "changed_at": row.updated_at if row else None,
                "changed_by": row.name if row else "",
            }
        )
    return make_response(render_template("pages/office/settings.html", here="/office/settings", groups=groups), status)
