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


Ways = tuple[tuple[str, tuple[Way, ...]], ...]

P = Permission
WAYS: Ways = (
    (
        "",
        (
            Way("/office", N_("Việc hôm nay"), "home", P.OFFICE_ENTER),
            Way("/office/my-points", N_("Điểm của tôi"), "pin", P.FULFILMENT_HANDLE),
            Way("/office/fair-booths", N_("Gian hội chợ của tôi"), "tent", P.TRANSFER_HANDLE),
        ),
    ),
    (
        N_("Bán hàng"),
        (
            Way("/office/orders", N_("Đơn hàng"), "parcel", P.ORDER_READ),
            Way("/office/fulfilments", N_("Đóng gói, giao"), "box", P.FULFILMENT_HANDLE),
            Way("/office/tills", N_("Ca bán, máy quầy"), "cash", P.TILL_ENTER),
            Way("/office/preorders", N_("Đặt trước mùa vụ"), "clock", P.PREORDER_READ),
            Way("/office/promotions", N_("Khuyến mại"), "cash", P.PROMOTION_READ),
            Way("/office/payments", N_("Thanh toán"), "card", P.PAYMENT_READ),
            Way("/office/returns", N_("Hoàn theo dòng hàng"), "return", P.PAYMENT_READ),
            Way("/office/invoices", N_("Biên nhận, hóa đơn"), "book", P.INVOICE_READ),
            Way("/office/bank", N_("Sao kê ngân hàng"), "list", P.BANK_READ),
            Way("/office/ledger", N_("Sổ cái"), "book", P.LEDGER_READ),
            Way("/office/remittances", N_("Thu hộ (COD)"), "cash", P.REMITTANCE_READ),
            Way("/office/messages", N_("Thư của khách"), "bell", P.MESSAGE_READ),
            Way("/office/conversations", N_("Trao đổi về đơn"), "bell", P.MESSAGE_READ),
            Way("/office/demand/waiting", N_("Hàng chờ"), "clock", P.WAITING_READ),
        ),
    ),
    (
        N_("Cơ sở sản xuất"),
        (
            Way("/office/producers", N_("Danh bạ cơ sở"), "people", P.PRODUCER_READ),
            Way("/office/applications", N_("Đơn xin tham gia"), "people", P.APPLICATION_CHECK),
            Way("/office/papers", N_("Giấy tờ cơ sở"), "seal", P.PRODUCER_READ),
            Way("/office/changes", N_("Đề nghị thay đổi"), "list", P.APPLICATION_CHECK),
            Way("/office/listings", N_("Duyệt sản phẩm"), "check", P.LISTING_REVIEW),
            Way("/office/capacity", N_("Năng lực, mùa vụ"), "chart", P.SUPPLY_READ),
            Way("/office/asks", N_("Đề nghị cung ứng"), "bell", P.SUPPLY_READ),
            Way("/office/statements", N_("Đối soát"), "list", P.SETTLEMENT_READ),
            Way("/office/payouts", N_("Chi trả"), "cash", P.SETTLEMENT_READ),
            Way("/office/endorsements", N_("Giới thiệu dự hội chợ"), "check", P.EXHIBITION_ENDORSE),
        ),
    ),
    (
        N_("Cung và cầu"),
        (
            Way("/office/demand", N_("Bức tranh cung và cầu"), "chart", P.DEMAND_READ),
            Way("/office/demand/start", N_("Phải bắt đầu làm gì"), "clock", P.DEMAND_READ),
            Way("/office/demand/unsold", N_("Hàng khó bán kịp"), "box", P.DEMAND_READ),
            Way("/office/demand/forecast", N_("Dự báo nhu cầu"), "chart", P.DEMAND_READ),
            Way("/office/demand/unmet", N_("Nhu cầu chưa đáp ứng"), "search", P.DEMAND_READ),
            Way("/office/demand/history", N_("Số liệu bán cũ"), "list", P.DEMAND_EDIT),
        ),
    ),
    (
        N_("Hội chợ"),
        (Way("/office/exhibitions", N_("Hội chợ"), "tent", P.EXHIBITION_READ),),
    ),
    (
        N_("Hàng hóa"),
        (
            Way("/office/products", N_("Sản phẩm"), "basket", P.CATALOG_READ),
            Way("/office/certificates", N_("Chứng nhận"), "seal", P.CATALOG_READ),
            Way("/office/sets", N_("Bộ sản phẩm"), "list", P.CATALOG_READ),
            Way("/office/stock", N_("Tồn kho"), "box", P.STOCK_READ),
            Way("/office/stock/lots", N_("Lô hàng"), "clock", P.STOCK_READ),
            Way("/office/recalls", N_("Thu hồi lô"), "bell", P.RECALL_RUN),
            Way("/office/transfers", N_("Chuyển hàng"), "truck", P.TRANSFER_HANDLE),
            Way("/office/targets", N_("Mức tồn kệ"), "chart", P.TRANSFER_HANDLE),
            Way("/office/sharing", N_("Chia hàng"), "people", P.SHARING_READ),
            Way("/office/receipts", N_("Hàng về"), "parcel", P.RECEIPT_BOOK),
            Way("/office/announcements", N_("Cơ sở báo giao"), "truck", P.RECEIPT_BOOK),
            Way("/office/counts", N_("Kiểm kê"), "list", P.COUNT_DO),
            Way("/office/write-offs", N_("Hủy hàng"), "close", P.COUNT_DO),
            Way("/office/point-cash", N_("Tiền mặt của điểm"), "cash", P.CASH_CARRY),
            Way("/office/points", N_("Điểm bán"), "pin", P.POINT_READ),
            Way("/office/inspections", N_("Kiểm tra điểm bán"), "check", P.POINT_READ),
        ),
    ),
    (
        N_("Chương trình"),
        (
            Way("/office/reports", N_("Báo cáo tháng"), "chart", P.REPORT_READ),
            Way("/office/scorecards", N_("Phiếu điểm"), "check", P.REPORT_READ),
            Way("/office/cycle", N_("Chu trình năm"), "clock", P.CYCLE_READ),
            Way("/office/ideas", N_("Ý tưởng, kế hoạch"), "list", P.CYCLE_READ),
            Way("/office/producer-figures", N_("Lao động, doanh thu chủ thể"), "chart", P.CYCLE_READ),
            Way("/office/meetings", N_("Hội nghị, tập huấn"), "people", P.CYCLE_READ),
            Way("/office/library", N_("Thư viện chương trình"), "book", P.CYCLE_READ),
            Way("/office/blockers", N_("Vướng mắc"), "bell", P.CYCLE_READ),
            Way("/office/dossiers", N_("Hồ sơ OCOP"), "book", P.DOSSIER_READ),
            Way("/office/rounds", N_("Đợt đánh giá, hội đồng"), "people", P.ROUND_EDIT),
            Way("/office/council", N_("Chấm hồ sơ của hội đồng"), "check", P.COUNCIL_SCORE),
            Way("/office/decisions", N_("Quyết định"), "seal", P.DECISION_READ),
            Way("/office/renewals", N_("Gia hạn chứng nhận"), "clock", P.CATALOG_READ),
            Way("/office/post-checks", N_("Hậu kiểm"), "check", P.CHECK_READ),
            Way("/office/standards", N_("Sở hữu trí tuệ, tiêu chuẩn"), "list", P.STANDARD_READ),
            Way("/office/scoring-sheets", N_("Phiếu chấm OCOP"), "seal", P.CATALOG_READ),
            Way("/office/ntm", N_("Nông thôn mới"), "chart", P.NTM_READ),
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
    """The navigation of the present user through `ways`, worked out when a template walks through it."""

    def __init__(self, ways: Ways = WAYS) -> None:
        self.ways = ways

    def __iter__(self) -> Iterator[Group]:
        return iter(links(self.ways))


Group = tuple[str, list[tuple[str, str, str, int | None]]]


def links(among: Ways = WAYS) -> list[Group]:
    """The navigation of the present user, in the reader's language, as `_layouts/office.html` takes it."""
    found: list[Group] = []
    for group, ways in among:
        shown: list[tuple[str, str, str, int | None]] = [
            (way.path, gettext(way.label), way.symbol, None)
            for way in ways
            if is_built(current_app.name, way.path) and _may_see(way)
        ]
        if shown:
            found.append((gettext(group) if group else "", shown))
    return found


def may_open(path: str) -> bool:
    """Whether the present user has the right that the page at `path` (or the section it lies in) needs."""
    ways = [way for _group, found in WAYS for way in found if path.partition("?")[0].startswith(way.path)]
    return bool(ways) and _may_see(max(ways, key=lambda way: len(way.path)))


def _may_see(way: Way) -> bool:
    """Whether the present user's grants open the page: some pages ask for one that covers all."""
    return may(way.permission, "*" if _is_for_all(current_app.name, way.path) else None)


@lru_cache(maxsize=256)
def _is_for_all(_app: str, path: str) -> bool:
    """Whether the view at `path` lets in only grants that name no single place."""
    try:
        endpoint, _values = current_app.url_map.bind("localhost").match(path, "GET")
    except HTTPException:
        return False
    return str(getattr(current_app.view_functions[endpoint], "__guard__", "")).endswith("@all")


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
