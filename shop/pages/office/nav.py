"""The way through the office: every page of staff with the right it needs. A page that is not built is not shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from flask import current_app
from flask_babel import gettext
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from shop.accounts.guards import may
from shop.accounts.permissions import Permission
from shop.kernel.errors import N_


@dataclass(frozen=True, slots=True)
class Way:
    """One line of the navigation."""

    path: str
    label: str
    symbol: str
    permission: Permission


P = Permission
WAYS: tuple[tuple[str, tuple[Way, ...]], ...] = (
    (
        "",
        (
            Way("/office", N_("Việc hôm nay"), "home", P.OFFICE_ENTER),
            Way("/office/my-points", N_("Điểm của tôi"), "pin", P.FULFILMENT_HANDLE),
        ),
    ),
    (
        N_("Bán hàng"),
        (
            Way("/office/orders", N_("Đơn hàng"), "parcel", P.ORDER_READ),
            Way("/office/fulfilments", N_("Đóng gói, giao"), "box", P.FULFILMENT_HANDLE),
            Way("/office/tills", N_("Quầy bán"), "cash", P.TILL_ENTER),
            Way("/office/payments", N_("Thanh toán"), "card", P.PAYMENT_READ),
            Way("/office/messages", N_("Thư của khách"), "bell", P.MESSAGE_READ),
        ),
    ),
    (
        N_("Hàng hóa"),
        (
            Way("/office/products", N_("Sản phẩm"), "basket", P.CATALOG_READ),
            Way("/office/certificates", N_("Chứng nhận"), "seal", P.CATALOG_READ),
            Way("/office/sets", N_("Bộ sản phẩm"), "list", P.CATALOG_READ),
            Way("/office/producers", N_("Cơ sở sản xuất"), "people", P.PRODUCER_READ),
            Way("/office/stock", N_("Tồn kho"), "box", P.STOCK_READ),
            Way("/office/stock/lots", N_("Lô hàng"), "clock", P.STOCK_READ),
            Way("/office/recalls", N_("Thu hồi lô"), "bell", P.RECALL_RUN),
            Way("/office/transfers", N_("Chuyển hàng"), "truck", P.TRANSFER_HANDLE),
            Way("/office/targets", N_("Mức tồn kệ"), "chart", P.TRANSFER_HANDLE),
            Way("/office/receipts", N_("Hàng về"), "parcel", P.RECEIPT_BOOK),
            Way("/office/counts", N_("Kiểm kê"), "list", P.COUNT_DO),
            Way("/office/write-offs", N_("Hủy hàng"), "close", P.COUNT_DO),
            Way("/office/points", N_("Điểm bán"), "pin", P.POINT_READ),
            Way("/office/inspections", N_("Kiểm tra điểm bán"), "check", P.POINT_READ),
            Way("/office/searches", N_("Tìm kiếm"), "search", P.CATALOG_READ),
        ),
    ),
    (
        N_("Cửa hàng"),
        (
            Way("/office/rates", N_("Phí giao hàng"), "truck", P.RATE_EDIT),
            Way("/office/places", N_("Địa danh"), "globe", P.PLACE_READ),
            Way("/office/users", N_("Người dùng"), "person", P.USER_READ),
            Way("/office/settings", N_("Cài đặt"), "gear", P.SETTING_EDIT),
            Way("/office/jobs", N_("Việc chạy nền"), "clock", P.JOB_READ),
            Way("/office/audit", N_("Nhật ký"), "book", P.AUDIT_READ),
        ),
    ),
)


class Links:
    """The navigation of the present user, worked out when a template walks through it."""

    def __iter__(self) -> Iterator[Group]:
        return iter(links())


Group = tuple[str, list[tuple[str, str, str, int | None]]]


def links() -> list[Group]:
    """The navigation of the present user, in the reader's language, as `_layouts/office.html` takes it."""
    found: list[Group] = []
    for group, ways in WAYS:
        shown: list[tuple[str, str, str, int | None]] = [
            (way.path, gettext(way.label), way.symbol, None)
            for way in ways
            if may(way.permission) and is_built(current_app.name, way.path)
        ]
        if shown:
            found.append((gettext(group) if group else "", shown))
    return found


def may_open(path: str) -> bool:
    """Whether the present user has the right that the page at `path` (or the section it lies in) needs."""
    ways = [way for _group, found in WAYS for way in found if path.partition("?")[0].startswith(way.path)]
    return bool(ways) and may(max(ways, key=lambda way: len(way.path)).permission)


@lru_cache(maxsize=256)
def is_built(_app: str, path: str) -> bool:
    """Whether a view answers GET at `path`."""
    try:
        current_app.url_map.bind("localhost").match(path, "GET")
    except MethodNotAllowed:
        return False
    except HTTPException as error:
        return (error.code or 404) < 400  # a redirect to the same page with a slash
    return True
