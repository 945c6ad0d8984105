"""The way through the producers' door: each page with the right it needs. One that is not built is not shown."""

from __future__ import annotations

from shop.accounts.permissions import Permission
from shop.kernel.errors import N_
from shop.pages.office.nav import Way, Ways

P = Permission
WAYS: Ways = (
    ("", (Way("/producer", N_("Việc hôm nay"), "home", P.PORTAL_ENTER),)),
    (
        N_("Bán hàng"),
        (
            Way("/producer/orders", N_("Đơn hàng"), "parcel", P.PORTAL_ORDERS),
            Way("/producer/conversations", N_("Trao đổi với khách"), "bell", P.PORTAL_ORDERS),
        ),
    ),
    (
        N_("Sản phẩm"),
        (
            Way("/producer/listings", N_("Sản phẩm của tôi"), "basket", P.LISTING_EDIT),
            Way("/producer/imports", N_("Nhập từ bảng tính"), "list", P.LISTING_EDIT),
            Way("/producer/ideas", N_("Ý tưởng sản phẩm"), "list", P.DOSSIER_FILE),
            Way("/producer/standards", N_("Nhãn hiệu, kiểm nghiệm"), "list", P.PORTAL_ENTER),
            Way("/producer/recognition", N_("Công nhận OCOP"), "seal", P.PORTAL_ENTER),
            Way("/producer/scoring", N_("Tự chấm sao OCOP"), "seal", P.LISTING_EDIT),
            Way("/producer/dossiers", N_("Hồ sơ OCOP"), "book", P.DOSSIER_FILE),
            Way("/producer/figures", N_("Lao động, doanh thu"), "chart", P.DOSSIER_FILE),
        ),
    ),
    (
        N_("Nguồn hàng"),
        (
            Way("/producer/stock", N_("Kho của cơ sở"), "box", P.SUPPLY_EDIT),
            Way("/producer/demand", N_("Cần làm thêm gì"), "chart", P.SALES_READ),
            Way("/producer/capacity", N_("Năng lực, mùa vụ"), "chart", P.SUPPLY_EDIT),
            Way("/producer/preorders", N_("Đặt trước mùa vụ"), "clock", P.SUPPLY_EDIT),
            Way("/producer/asks", N_("Đề nghị cung ứng"), "bell", P.SUPPLY_EDIT),
            Way("/producer/waiting", N_("Khách đang chờ"), "people", P.SUPPLY_EDIT),
            Way("/producer/deliveries", N_("Hàng giao đến điểm"), "truck", P.SUPPLY_EDIT),
        ),
    ),
    (
        N_("Hội chợ"),
        (
            Way("/producer/fairs", N_("Đăng ký hội chợ"), "pin", P.EXHIBITION_APPLY),
            Way("/producer/fairs/goods", N_("Hàng cho hội chợ"), "tent", P.EXHIBITION_APPLY),
            Way("/producer/fairs/sheets", N_("Bảng chốt gian"), "check", P.EXHIBITION_APPLY),
            Way("/producer/fairs/calendar", N_("Lịch hội chợ"), "clock", P.EXHIBITION_APPLY),
        ),
    ),
    (
        N_("Tiền và báo cáo"),
        (
            Way("/producer/statements", N_("Bảng đối soát"), "cash", P.STATEMENT_READ),
            Way("/producer/promotions", N_("Khuyến mại"), "cash", P.STATEMENT_READ),
            Way("/producer/invoices", N_("Chứng từ đã lập"), "book", P.STATEMENT_READ),
            Way("/producer/demand/forecast", N_("Dự báo nhu cầu"), "chart", P.SALES_READ),
            Way("/producer/reports", N_("Báo cáo"), "chart", P.SALES_READ),
            Way("/producer/demand/unmet", N_("Nhu cầu chưa đáp ứng"), "search", P.SALES_READ),
        ),
    ),
    (
        N_("Cơ sở"),
        (
            Way("/producer/profile", N_("Hồ sơ"), "people", P.PORTAL_PROFILE),
            Way("/producer/papers", N_("Giấy tờ"), "seal", P.PORTAL_ENTER),
            Way("/producer/members", N_("Thành viên cơ sở"), "person", P.MEMBER_MANAGE),
        ),
    ),
)
