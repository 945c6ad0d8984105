"""`/tro-giup/<page>`: how the shop works, in the reader's language. Terms and fees are read from where they are kept."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from flask import redirect, render_template
from flask_babel import gettext

from shop import FLOORS, problems
from shop.accounts import consents
from shop.accounts.guards import public
from shop.checkout import rules as checkout
from shop.delivery import queries as delivery
from shop.delivery.models import ZONE_NAMES
from shop.demand.rules import waiting as wait_list
from shop.kernel import web
from shop.kernel.errors import N_, NotFound, ShopError
from shop.messages import rules as messages
from shop.orders.models import PAYMENT_METHOD_NAMES
from shop.pages import rules
from shop.pages.storefront import bp
from shop.payments import services as payments

PAGES = {
    "giao-hang": N_("Giao hàng và phí"),
    "thanh-toan": N_("Thanh toán"),
    "doi-tra": N_("Đổi trả, hoàn tiền"),
    "chung-nhan": N_("Sao OCOP và chứng nhận"),
    "tieu-chi-xep-hang": N_("Tiêu chí xếp thứ tự"),
    "quyen-rieng-tu": N_("Dữ liệu cá nhân"),
    "khieu-nai": N_("Khiếu nại"),
    "dieu-khoan": N_("Điều khoản mua hàng"),
    "chu-so-huu": N_("Chủ sở hữu"),
    "loi": N_("Các thông báo lỗi"),
}
SENTENCES = {
    "giao-hang": N_("Giao tới đâu, mấy ngày, phí bao nhiêu theo khối lượng."),
    "thanh-toan": N_("Các cách trả tiền và khi nào đơn được giữ hàng."),
    "doi-tra": N_("Trả hàng trong bao lâu, ai chịu phí, khi nào có tiền lại."),
    "chung-nhan": N_("Sao OCOP nghĩa là gì và tra số chứng nhận ở đâu."),
    "tieu-chi-xep-hang": N_("Vì sao món này đứng trước món kia trong danh sách."),
    "quyen-rieng-tu": N_("Cửa hàng giữ gì của bạn, bao lâu, và cách xin xóa."),
    "khieu-nai": N_("Viết cho ai khi chưa vừa ý, bao lâu có trả lời."),
    "dieu-khoan": N_("Những điều hai bên đồng ý khi đặt hàng."),
    "chu-so-huu": N_("Ai bán hàng ở đây, địa chỉ và cách liên hệ."),
    "loi": N_("Từng thông báo nghĩa là gì và nên làm gì tiếp."),
}
# Short names that links on paper and in letters use.
ALIASES = {"xep-hang": "tieu-chi-xep-hang", "rieng-tu": "quyen-rieng-tu"}
# Names of the modules that define refusals.
REFUSAL_MODULES = frozenset({"errors", "operations", "sheets", "web"})


def _delivery() -> dict[str, Any]:
    return {"table": delivery.current_table(), "zone_names": ZONE_NAMES, "kilograms": delivery.kilograms}


def _payment() -> dict[str, Any]:
    return {
        "methods": [(m.value, gettext(PAYMENT_METHOD_NAMES[m])) for m in payments.available_methods()],
        "vietqr_hours": checkout.VIETQR_HOURS.get(),
        "card_minutes": checkout.CARD_MINUTES.get(),
    }


def _returns() -> dict[str, Any]:
    return {
        "return_days": rules.RETURN_DAYS.get(),
        "fresh_hours": rules.FRESH_HOURS.get(),
        "refund_days": rules.REFUND_DAYS.get(),
    }


def _privacy() -> dict[str, Any]:
    return {
        "basket_days": checkout.BASKET_DAYS.get(),
        "message_months": messages.KEEP_MONTHS.get(),
        "waiting_days": wait_list.KEEP_DAYS.get(),
        "consents": [gettext(text.text) for text in consents.CONSENTS.values()],
        "owner": rules.owner(),
    }


def _complaints() -> dict[str, Any]:
    return {"answer_days": messages.ANSWER_DAYS.get(), "complaint_days": rules.COMPLAINT_DAYS.get()}


def _terms() -> dict[str, Any]:
    return {"owner": rules.owner(), **_returns()}


def _owner() -> dict[str, Any]:
    return {"owner": rules.owner()}


def _errors() -> dict[str, Any]:
    return {"errors": [(code, status, without_placeholders(gettext(title))) for code, status, title in refusals()]}


VALUES: dict[str, Callable[[], dict[str, Any]]] = {
    "giao-hang": _delivery,
    "thanh-toan": _payment,
    "doi-tra": _returns,
    "quyen-rieng-tu": _privacy,
    "khieu-nai": _complaints,
    "dieu-khoan": _terms,
    "chu-so-huu": _owner,
    "loi": _errors,
}


@bp.get("/tro-giup")
@public
@web.public_page()
def help_index() -> str:
    """All help pages."""
    cards = [(slug, label, gettext(SENTENCES[slug])) for slug, label in _links()]
    return render_template("pages/storefront/help/index.html", section="help", cards=cards)


@bp.get("/tro-giup/<page>")
@public
@web.public_page()
def help_page(page: str) -> Any:
    """One help page."""
    if page in ALIASES:
        return redirect(web.path(f"/tro-giup/{ALIASES[page]}"), 301)
    if page not in PAGES:
        raise NotFound
    values = VALUES[page]() if page in VALUES else {}
    return render_template(
        f"pages/storefront/help/{page}.{web.language()}.html",
        section="help",
        heading=gettext(PAGES[page]),
        here=page,
        links=_links(),
        **values,
    )


def _links() -> list[tuple[str, str]]:
    return [(slug, gettext(title)) for slug, title in PAGES.items()]


@cache
def refusals() -> tuple[tuple[str, int, str], ...]:
    """Every code a page may carry: (code, HTTP status, title with its placeholders as …), in the order of the codes."""
    for floor in FLOORS:
        for room in floor:
            package = importlib.import_module(f"shop.{room}")
            for module in pkgutil.walk_packages(package.__path__, f"shop.{room}."):
                if module.name.rpartition(".")[2] in REFUSAL_MODULES:
                    importlib.import_module(module.name)
    found: dict[str, tuple[int, str]] = {
        code: (status, title) for status, (code, title) in problems.HTTP_TITLES.items()
    }
    waiting: list[type[ShopError]] = [ShopError]
    while waiting:
        kind = waiting.pop()
        found[kind.code] = (kind.status, kind.title)
        waiting += kind.__subclasses__()
    return tuple((code, *found[code]) for code in sorted(found))


def without_placeholders(title: str) -> str:
    """The title with `…` where a refusal would put its values."""
    return re.sub(r"%\(\w+\)[sd]", "…", title)
