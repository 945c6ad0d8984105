"""The one page of rights: what can be done, which role may do it. Grants tie a role to a scope."""

from __future__ import annotations

from enum import StrEnum

from shop.kernel.errors import N_


class Permission(StrEnum):
    """`<resource>:<action>`."""

    OFFICE_ENTER = "office:enter"
    ORDER_READ = "order:read"
    ORDER_HANDLE = "order:handle"
    PAYMENT_READ = "payment:read"
    PAYMENT_HANDLE = "payment:handle"
    REFUND_MAKE = "refund:make"
    CATALOG_READ = "catalog:read"
    CATALOG_EDIT = "catalog:edit"
    CERTIFICATE_EDIT = "certificate:edit"
    PRODUCER_READ = "producer:read"
    PRODUCER_EDIT = "producer:edit"
    POINT_READ = "point:read"
    POINT_EDIT = "point:edit"
    STOCK_READ = "stock:read"
    # Put a lot's code, dates and papers right. Numbers change by receipts, transfers, counts and write-offs alone.
    LOT_EDIT = "lot:edit"
    # Ask for, pack, send and receive goods at one's own point; say yes for all.
    TRANSFER_HANDLE = "transfer:handle"
    TRANSFER_APPROVE = "transfer:approve"
    RECEIPT_BOOK = "receipt:book"
    # See and set what goods were bought for.
    RECEIPT_PRICE = "receipt:price"
    COUNT_DO = "count:do"
    COUNT_APPROVE = "count:approve"
    RECALL_RUN = "recall:run"
    POINT_INSPECT = "point:inspect"
    RATE_EDIT = "rate:edit"
    PLACE_READ = "place:read"
    PLACE_EDIT = "place:edit"
    USER_READ = "user:read"
    USER_EDIT = "user:edit"
    SETTING_EDIT = "setting:edit"
    JOB_READ = "job:read"
    JOB_RETRY = "job:retry"
    AUDIT_READ = "audit:read"
    MESSAGE_READ = "message:read"
    MESSAGE_HANDLE = "message:handle"
    PORTAL_ENTER = "portal:enter"
    TILL_ENTER = "till:enter"
    # Enrol and revoke devices, see all sessions, settle shortages.
    TILL_MANAGE = "till:manage"
    FULFILMENT_HANDLE = "fulfilment:handle"


class Role(StrEnum):
    CUSTOMER = "customer"
    PRODUCER_MEMBER = "producer_member"
    POINT_KEEPER = "point_keeper"
    PROMOTION_STAFF = "promotion_staff"
    PROGRAMME_OFFICER = "programme_officer"
    LOCALITY_OFFICER = "locality_officer"
    ORDER_DESK = "order_desk"
    ADMINISTRATOR = "administrator"


P = Permission

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.CUSTOMER: frozenset(),
    Role.PRODUCER_MEMBER: frozenset({P.PORTAL_ENTER, P.FULFILMENT_HANDLE}),
    Role.POINT_KEEPER: frozenset(
        {
            P.TILL_ENTER,
            P.OFFICE_ENTER,
            P.POINT_READ,
            P.STOCK_READ,
            P.TRANSFER_HANDLE,
            P.RECEIPT_BOOK,
            P.COUNT_DO,
            P.FULFILMENT_HANDLE,
        }
    ),
    Role.PROMOTION_STAFF: frozenset(
        {
            P.OFFICE_ENTER,
            P.POINT_READ,
            P.POINT_EDIT,
            P.STOCK_READ,
            P.LOT_EDIT,
            P.TRANSFER_HANDLE,
            P.TRANSFER_APPROVE,
            P.RECEIPT_BOOK,
            P.RECEIPT_PRICE,
            P.COUNT_DO,
            P.COUNT_APPROVE,
            P.RECALL_RUN,
            P.POINT_INSPECT,
            P.TILL_MANAGE,
            P.CATALOG_READ,
            P.PRODUCER_READ,
            P.ORDER_READ,
            P.FULFILMENT_HANDLE,
            P.TILL_ENTER,
            P.PLACE_READ,
        }
    ),
    Role.PROGRAMME_OFFICER: frozenset(
        {
            P.OFFICE_ENTER,
            P.CATALOG_READ,
            P.CATALOG_EDIT,
            P.CERTIFICATE_EDIT,
            P.PRODUCER_READ,
            P.PRODUCER_EDIT,
            P.POINT_READ,
            P.STOCK_READ,
            P.RECALL_RUN,
            P.POINT_INSPECT,
            P.PLACE_READ,
        }
    ),
    Role.LOCALITY_OFFICER: frozenset({P.OFFICE_ENTER, P.CATALOG_READ, P.PRODUCER_READ, P.PLACE_READ}),
    Role.ORDER_DESK: frozenset(
        {
            P.OFFICE_ENTER,
            P.ORDER_READ,
            P.ORDER_HANDLE,
            P.PAYMENT_READ,
            P.PAYMENT_HANDLE,
            P.REFUND_MAKE,
            P.CATALOG_READ,
            P.POINT_READ,
            P.STOCK_READ,
            P.LOT_EDIT,
            P.TRANSFER_HANDLE,
            P.RECEIPT_BOOK,
            P.COUNT_DO,
            P.RECALL_RUN,
            P.FULFILMENT_HANDLE,
            P.MESSAGE_READ,
            P.MESSAGE_HANDLE,
            P.PRODUCER_READ,
            P.PLACE_READ,
        }
    ),
    Role.ADMINISTRATOR: frozenset(P) - {P.PORTAL_ENTER},
}

# A role whose grants must name what they are for; the others are given for all (`*`) or narrowed the same way.
SCOPE_KIND: dict[Role, str] = {
    Role.PRODUCER_MEMBER: "producer",
    Role.POINT_KEEPER: "point",
    Role.LOCALITY_OFFICER: "locality",
}

# Roles that see other people's data or money: a second factor is compulsory outside the demo.
OFFICE_ROLES = frozenset(Role) - {Role.CUSTOMER, Role.PRODUCER_MEMBER, Role.POINT_KEEPER}

ROLE_NAMES: dict[Role, str] = {
    Role.CUSTOMER: N_("Khách hàng"),
    Role.PRODUCER_MEMBER: N_("Thành viên cơ sở sản xuất"),
    Role.POINT_KEEPER: N_("Người giữ điểm bán"),
    Role.PROMOTION_STAFF: N_("Cán bộ xúc tiến thương mại"),
    Role.PROGRAMME_OFFICER: N_("Cán bộ chương trình OCOP"),
    Role.LOCALITY_OFFICER: N_("Cán bộ địa phương"),
    Role.ORDER_DESK: N_("Bộ phận đơn hàng"),
    Role.ADMINISTRATOR: N_("Quản trị"),
}
