"""The one page of rights: what can be done, which role may do it. Grants tie a role to a scope."""

from __future__ import annotations

from enum import StrEnum

from shop.kernel.errors import N_


class Permission(StrEnum):
    """`<resource>:<action>`."""

    OFFICE_ENTER = "office:enter"
    ORDER_READ = "order:read"
    ORDER_HANDLE = "order:handle"
    # See receipts, tax documents and credit notes; void, change and send them.
    INVOICE_READ = "invoice:read"
    INVOICE_HANDLE = "invoice:handle"
    PAYMENT_READ = "payment:read"
    PAYMENT_HANDLE = "payment:handle"
    REFUND_MAKE = "refund:make"
    # See the shop's accounts and their lines; send statements, put lines to their orders.
    BANK_READ = "bank:read"
    BANK_HANDLE = "bank:handle"
    # See the ledger; close its days and open them again.
    LEDGER_READ = "ledger:read"
    LEDGER_CLOSE = "ledger:close"
    # See the cash of parcels and what is handed in of it; send lists, resolve differences, lift what makes a buyer pay ahead.
    REMITTANCE_READ = "remittance:read"
    REMITTANCE_HANDLE = "remittance:handle"
    # Write down bags of a point's cash for the bank, count those of others.
    CASH_CARRY = "cash:carry"
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
    # See who gets what of scarce goods (keepers: the lines of their own points); make, change and approve such plans.
    SHARING_READ = "sharing:read"
    SHARING_EDIT = "sharing:edit"
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
    # What members of a producer do in their own door, for their own producer.
    LISTING_EDIT = "listing:edit"
    SUPPLY_EDIT = "supply:edit"
    PORTAL_ORDERS = "portal:orders"
    SALES_READ = "sales:read"
    STATEMENT_READ = "statement:read"
    STATEMENT_AGREE = "statement:agree"
    PORTAL_PROFILE = "portal:profile"
    MEMBER_MANAGE = "member:manage"
    # What the office does about producers.
    APPLICATION_CHECK = "application:check"
    LISTING_REVIEW = "listing:review"
    SUPPLY_READ = "supply:read"
    SUPPLY_ASK = "supply:ask"
    # See what people wanted and the shop had not.
    DEMAND_READ = "demand:read"
    # Bring history from before the shop, say which pack carries on which.
    DEMAND_EDIT = "demand:edit"
    # See windows of what may be ordered before its harvest; publish them and share what came.
    PREORDER_READ = "preorder:read"
    PREORDER_HANDLE = "preorder:handle"
    # See codes and timed sales, what they cost and who used them; make, change and stop them.
    PROMOTION_READ = "promotion:read"
    PROMOTION_EDIT = "promotion:edit"
    SETTLEMENT_READ = "settlement:read"
    SETTLEMENT_HANDLE = "settlement:handle"
    # Say that statements may be paid, and that the bank has paid them.
    PAYOUT_MAKE = "payout:make"
    TILL_ENTER = "till:enter"
    # Enrol and revoke devices, see all sessions, settle shortages.
    TILL_MANAGE = "till:manage"
    FULFILMENT_HANDLE = "fulfilment:handle"
    # See who waits for which goods; see contacts, call, confirm and remove.
    WAITING_READ = "waiting:read"
    WAITING_HANDLE = "waiting:handle"
    # See decisions of recognition and revocation; draft them; enter that they were signed.
    DECISION_READ = "decision:read"
    DECISION_EDIT = "decision:edit"
    DECISION_SIGN = "decision:sign"
    # See checks after recognition; plan them, say what was found, follow it up.
    CHECK_READ = "check:read"
    CHECK_RUN = "check:run"
    # See marks, labels and tests of products; say that they are right.
    STANDARD_READ = "standard:read"
    STANDARD_CONFIRM = "standard:confirm"
    # See new-rural communes; say how their criteria stand; register, recognise and withdraw them.
    NTM_READ = "ntm:read"
    NTM_EDIT = "ntm:edit"
    NTM_REGISTER = "ntm:register"
    # See the programme's year; say how one's locality stands in it; open years and answer what blocks.
    CYCLE_READ = "cycle:read"
    CYCLE_EDIT = "cycle:edit"
    CYCLE_DECIDE = "cycle:decide"
    # See monthly reports; write those of one's locality; return, lock and sum them up.
    REPORT_READ = "report:read"
    REPORT_WRITE = "report:write"
    REPORT_DECIDE = "report:decide"
    # File and follow dossiers of one's own goods: in the producers' own door.
    DOSSIER_FILE = "dossier:file"
    # See dossiers; check them for one's own commune and propose them.
    DOSSIER_READ = "dossier:read"
    DOSSIER_CHECK = "dossier:check"
    # Open rounds, set up councils, answer objections, write down what the ministry found.
    ROUND_EDIT = "round:edit"
    # Score the dossiers of one's own council, alone.
    COUNCIL_SCORE = "council:score"
    # See fairs; plan them, call and share out booths; run their days; close their sheets and freeze their reports.
    EXHIBITION_READ = "exhibition:read"
    EXHIBITION_EDIT = "exhibition:edit"
    EXHIBITION_RUN = "exhibition:run"
    EXHIBITION_CLOSE = "exhibition:close"
    # Say for one's own locality whether a producer should be at a fair.
    EXHIBITION_ENDORSE = "exhibition:endorse"
    # Apply for a booth, say what one brings, sign one's sheet: in the producers' own door.
    EXHIBITION_APPLY = "exhibition:apply"


class Role(StrEnum):
    CUSTOMER = "customer"
    PRODUCER_OWNER = "producer_owner"
    PRODUCER_MEMBER = "producer_member"
    PRODUCER_LISTINGS = "producer_listings"
    PRODUCER_PACKING = "producer_packing"
    PRODUCER_MONEY = "producer_money"
    POINT_KEEPER = "point_keeper"
    PROMOTION_STAFF = "promotion_staff"
    PROGRAMME_OFFICER = "programme_officer"
    LOCALITY_OFFICER = "locality_officer"
    COUNCIL_MEMBER = "council_member"
    ORDER_DESK = "order_desk"
    ADMINISTRATOR = "administrator"


P = Permission

# Rights in the producers' own door: nobody of the office has them. Scoring is a member's alone, not the administrator's.
_MEMBER = frozenset(
    {
        P.PORTAL_ENTER,
        P.LISTING_EDIT,
        P.SUPPLY_EDIT,
        P.PORTAL_ORDERS,
        P.SALES_READ,
        P.STATEMENT_READ,
        P.STATEMENT_AGREE,
        P.EXHIBITION_APPLY,
        P.DOSSIER_FILE,
    }
)
PORTAL_RIGHTS = _MEMBER | {P.PORTAL_PROFILE, P.MEMBER_MANAGE}

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.CUSTOMER: frozenset(),
    Role.PRODUCER_OWNER: PORTAL_RIGHTS,
    Role.PRODUCER_MEMBER: _MEMBER,
    Role.PRODUCER_LISTINGS: frozenset(
        {P.PORTAL_ENTER, P.LISTING_EDIT, P.SUPPLY_EDIT, P.EXHIBITION_APPLY, P.DOSSIER_FILE}
    ),
    Role.PRODUCER_PACKING: frozenset({P.PORTAL_ENTER, P.PORTAL_ORDERS, P.SUPPLY_EDIT}),
    Role.PRODUCER_MONEY: frozenset({P.PORTAL_ENTER, P.SALES_READ, P.STATEMENT_READ, P.STATEMENT_AGREE}),
    Role.POINT_KEEPER: frozenset(
        {
            P.TILL_ENTER,
            P.OFFICE_ENTER,
            P.POINT_READ,
            P.STOCK_READ,
            P.SHARING_READ,
            P.TRANSFER_HANDLE,
            P.RECEIPT_BOOK,
            P.COUNT_DO,
            P.FULFILMENT_HANDLE,
            P.CASH_CARRY,
        }
    ),
    Role.PROMOTION_STAFF: frozenset(
        {
            P.OFFICE_ENTER,
            P.POINT_READ,
            P.POINT_EDIT,
            P.SHARING_READ,
            P.SHARING_EDIT,
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
            P.SUPPLY_READ,
            P.SUPPLY_ASK,
            P.DEMAND_READ,
            P.DEMAND_EDIT,
            P.PREORDER_READ,
            P.PREORDER_HANDLE,
            P.PROMOTION_READ,
            P.PROMOTION_EDIT,
            P.SETTLEMENT_READ,
            P.ORDER_READ,
            P.FULFILMENT_HANDLE,
            P.TILL_ENTER,
            P.PLACE_READ,
            P.WAITING_READ,
            P.EXHIBITION_READ,
            P.EXHIBITION_EDIT,
            P.EXHIBITION_RUN,
            P.EXHIBITION_CLOSE,
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
            P.APPLICATION_CHECK,
            P.LISTING_REVIEW,
            P.SUPPLY_READ,
            P.SUPPLY_ASK,
            P.DEMAND_READ,
            P.DEMAND_EDIT,
            P.PREORDER_READ,
            P.PREORDER_HANDLE,
            P.POINT_READ,
            P.SHARING_READ,
            P.SHARING_EDIT,
            P.STOCK_READ,
            P.RECALL_RUN,
            P.POINT_INSPECT,
            P.PLACE_READ,
            P.WAITING_READ,
            P.DECISION_READ,
            P.DECISION_EDIT,
            P.DECISION_SIGN,
            P.CHECK_READ,
            P.CHECK_RUN,
            P.STANDARD_READ,
            P.STANDARD_CONFIRM,
            P.NTM_READ,
            P.NTM_EDIT,
            P.NTM_REGISTER,
            P.CYCLE_READ,
            P.CYCLE_EDIT,
            P.CYCLE_DECIDE,
            P.REPORT_READ,
            P.REPORT_DECIDE,
            P.DOSSIER_READ,
            P.ROUND_EDIT,
            P.EXHIBITION_READ,
        }
    ),
    Role.LOCALITY_OFFICER: frozenset(
        {
            P.OFFICE_ENTER,
            P.CATALOG_READ,
            P.PRODUCER_READ,
            P.DEMAND_READ,
            P.PLACE_READ,
            P.CHECK_READ,
            P.STANDARD_READ,
            P.NTM_READ,
            P.NTM_EDIT,
            P.CYCLE_READ,
            P.CYCLE_EDIT,
            P.REPORT_READ,
            P.REPORT_WRITE,
            P.DOSSIER_READ,
            P.DOSSIER_CHECK,
            P.EXHIBITION_ENDORSE,
        }
    ),
    Role.COUNCIL_MEMBER: frozenset({P.OFFICE_ENTER, P.COUNCIL_SCORE}),
    Role.ORDER_DESK: frozenset(
        {
            P.OFFICE_ENTER,
            P.PROMOTION_READ,
            P.ORDER_READ,
            P.ORDER_HANDLE,
            P.INVOICE_READ,
            P.INVOICE_HANDLE,
            P.PAYMENT_READ,
            P.PAYMENT_HANDLE,
            P.REFUND_MAKE,
            P.BANK_READ,
            P.BANK_HANDLE,
            P.LEDGER_READ,
            P.LEDGER_CLOSE,
            P.REMITTANCE_READ,
            P.REMITTANCE_HANDLE,
            P.CASH_CARRY,
            P.SETTLEMENT_READ,
            P.SETTLEMENT_HANDLE,
            P.PREORDER_READ,
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
            P.WAITING_READ,
            P.WAITING_HANDLE,
        }
    ),
    Role.ADMINISTRATOR: frozenset(P) - PORTAL_RIGHTS - {P.COUNCIL_SCORE},
}

# A role whose grants must name what they are for; the others are given for all (`*`) or narrowed the same way.
SCOPE_KIND: dict[Role, str] = {
    Role.PRODUCER_OWNER: "producer",
    Role.PRODUCER_MEMBER: "producer",
    Role.PRODUCER_LISTINGS: "producer",
    Role.PRODUCER_PACKING: "producer",
    Role.PRODUCER_MONEY: "producer",
    Role.POINT_KEEPER: "point",
    Role.LOCALITY_OFFICER: "locality",
    Role.COUNCIL_MEMBER: "council",
}

# What a person may be within a producer.
PRODUCER_ROLES = frozenset(role for role, kind in SCOPE_KIND.items() if kind == "producer")

# Roles that see other people's data or money: a second factor is compulsory outside the demo.
OFFICE_ROLES = frozenset(Role) - PRODUCER_ROLES - {Role.CUSTOMER, Role.POINT_KEEPER}

ROLE_NAMES: dict[Role, str] = {
    Role.CUSTOMER: N_("Khách hàng"),
    Role.PRODUCER_OWNER: N_("Chủ cơ sở sản xuất"),
    Role.PRODUCER_MEMBER: N_("Thành viên cơ sở sản xuất"),
    Role.PRODUCER_LISTINGS: N_("Thành viên: sản phẩm, nguồn hàng"),
    Role.PRODUCER_PACKING: N_("Thành viên: đóng gói, giao hàng"),
    Role.PRODUCER_MONEY: N_("Thành viên: tiền, đối soát"),
    Role.POINT_KEEPER: N_("Người giữ điểm bán"),
    Role.PROMOTION_STAFF: N_("Cán bộ xúc tiến thương mại"),
    Role.PROGRAMME_OFFICER: N_("Cán bộ chương trình OCOP"),
    Role.LOCALITY_OFFICER: N_("Cán bộ địa phương"),
    Role.COUNCIL_MEMBER: N_("Thành viên hội đồng OCOP"),
    Role.ORDER_DESK: N_("Bộ phận đơn hàng"),
    Role.ADMINISTRATOR: N_("Quản trị"),
}
