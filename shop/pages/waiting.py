"""What waits for staff today: counts over several rooms, each only of what the reader's grants cover."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, select

from shop.accounts.permissions import Permission
from shop.banking import queries as banking
from shop.catalog import queries as catalog
from shop.catalog.models import Product, ProductKind, ProductState, Variant, VariantState
from shop.conversations import queries as conversations
from shop.counts import queries as counts
from shop.cycle.queries import ideas, steps
from shop.decisions import results
from shop.decisions.queries import checks, decisions, renewals
from shop.demand.queries import waiting as wait_list
from shop.exhibitions.queries import applications as lists
from shop.kernel.db import session
from shop.kernel.errors import N_
from shop.kernel.jobs import Job, JobState, Schedule
from shop.listings import queries as listings
from shop.messages.models import Message, MessageState
from shop.orders import queries as orders
from shop.orders.models import Fulfilment, FulfilmentStatus, Order, OrderStatus, PaymentMethod
from shop.pages import overdue
from shop.payments.models import Dispute, DisputeState, Payment, PaymentIssue, PaymentState, Refund, RefundState
from shop.points import queries as points_read
from shop.preorders import queries as preorders
from shop.producers import queries as producers
from shop.programme.models.councils import SessionState
from shop.programme.queries import councils, dossiers
from shop.recalls import queries as recalls
from shop.receipts import queries as receipts
from shop.remittances.queries import bags
from shop.remittances.queries import parcels as remittances
from shop.reports import rules as report_rules
from shop.reports.models import ReportState
from shop.reports.queries import monthly as reports
from shop.settlement.queries import statements as settlement
from shop.standards import queries as standards
from shop.stock import rules as stock_rules
from shop.stock.models import Availability, StockLevel
from shop.supply.queries import asks, plans
from shop.supply.queries import deliveries as supply_deliveries
from shop.till.queries import desk as tills
from shop.transfers import queries as transfers
from shop.transfers.queries import replenish

Scopes = Callable[[Permission], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Waiting:
    """One number and where to work on it. `kind` is how it is drawn when it is not zero: warn, bad or ''."""

    group: str
    label: str
    count: int
    path: str
    kind: str = "warn"


def _count(*conditions: Any, table: Any) -> int:
    return session().scalar(select(func.count()).select_from(table).where(*conditions)) or 0


def _orders(scopes: frozenset[str]) -> list[Waiting]:
    group = N_("Đơn hàng")
    late = overdue.late_before()
    wanted = select(
        func.count(case((Order.status == OrderStatus.PLACED, 1))),
        func.count(case(((Order.status == OrderStatus.PLACED) & (Order.placed_at < late), 1))),
        func.count(case((Order.status == OrderStatus.AWAITING_PAYMENT, 1))),
    ).where(Order.status.in_((OrderStatus.PLACED, OrderStatus.AWAITING_PAYMENT)))
    mine = points_read.ids_in(scopes)
    if mine is not None:
        wanted = wanted.where(Order.id.in_(select(Fulfilment.order_id).where(Fulfilment.point_id.in_(mine))))
    rows = session().execute(wanted).one()
    cash = select(func.count()).select_from(Order).where(orders.cash_to_come())
    if mine is not None:
        cash = cash.where(Order.id.in_(select(Fulfilment.order_id).where(Fulfilment.point_id.in_(mine))))
    return [
        Waiting(group, N_("Chờ xác nhận"), rows[0], "/office/orders?status=placed"),
        Waiting(group, N_("Chờ xác nhận quá 24 giờ"), rows[1], "/office/orders?status=late", "bad"),
        Waiting(group, N_("Chờ khách trả tiền"), rows[2], "/office/orders?status=awaiting_payment", ""),
        Waiting(group, N_("Đã giao, chưa ghi tiền thu"), session().scalar(cash) or 0, "/office/orders?status=cash"),
    ]


def _parcels(scopes: frozenset[str]) -> list[Waiting]:
    group, points = N_("Đơn hàng"), points_read.ids_in(scopes)
    wanted = (
        select(Fulfilment.status, func.count())
        .join(Order, Order.id == Fulfilment.order_id)
        .where(
            Order.status == OrderStatus.CONFIRMED,
            Fulfilment.status.in_((FulfilmentStatus.PENDING, FulfilmentStatus.PACKED)),
        )
        .group_by(Fulfilment.status)
    )
    if points is not None:
        wanted = wanted.where(Fulfilment.point_id.in_(points))
    found = dict(session().execute(wanted).all())
    return [
        Waiting(group, N_("Chờ đóng gói"), found.get(FulfilmentStatus.PENDING, 0), "/office/fulfilments?state=pending"),
        Waiting(
            group, N_("Đã gói, chờ giao đi"), found.get(FulfilmentStatus.PACKED, 0), "/office/fulfilments?state=packed"
        ),
    ]


def _payments(scopes: frozenset[str]) -> list[Waiting]:
    if "*" not in scopes:  # their pages are for grants that cover all
        return []
    group = N_("Tiền")
    transfers = _count(Payment.state == PaymentState.PENDING, Payment.method == PaymentMethod.VIETQR, table=Payment)
    issues = _count(PaymentIssue.closed_at.is_(None), table=PaymentIssue)
    refunds = _count(Refund.state == RefundState.PENDING, table=Refund)
    second = _count(Refund.state == RefundState.WAITING, table=Refund)
    disputes = _count(Dispute.state == DisputeState.OPEN, table=Dispute)
    return [
        Waiting(group, N_("Chuyển khoản cần đối chiếu"), transfers, "/office/payments/transfers"),
        Waiting(group, N_("Khoản tiền cần người xem"), issues, "/office/payments/issues?open=1", "bad"),
        Waiting(group, N_("Hoàn tiền chưa xong"), refunds, "/office/payments/refunds?state=pending"),
        Waiting(group, N_("Khoản hoàn chờ người thứ hai"), second, "/office/payments/refunds?state=waiting"),
        Waiting(group, N_("Khiếu nại thẻ chờ trả lời"), disputes, "/office/payments/disputes?state=open", "bad"),
    ]


def _bank(scopes: frozenset[str]) -> list[Waiting]:
    if "*" not in scopes:  # its pages are for grants that cover all
        return []
    return [Waiting(N_("Tiền"), N_("Dòng sao kê chờ xử lý"), sum(banking.waiting().values()), "/office/bank")]


def _cash(scopes: frozenset[str]) -> list[Waiting]:
    if "*" not in scopes:  # its pages are for grants that cover all
        return []
    found, group, here = remittances.waiting(), N_("Tiền"), "/office/remittances"
    return [
        Waiting(group, N_("Dòng thu hộ chờ xử lý"), sum(found.rows.values()), here),
        Waiting(group, N_("Kiện thu hộ quá hạn"), found.overdue, f"{here}/parcels?what=late", "bad"),
        Waiting(group, N_("Đợt nộp thu hộ chờ tiền về"), found.batches, f"{here}/batches?state=open"),
    ]


def _bags(scopes: frozenset[str]) -> list[Waiting]:
    found = bags.to_count(points_read.ids_in(scopes))
    return [Waiting(N_("Tiền"), N_("Túi tiền chờ người thứ hai đếm"), found, "/office/point-cash?state=sealed")]


def _stock(scopes: frozenset[str]) -> list[Waiting]:
    group, low, points = N_("Hàng hóa"), stock_rules.LOW_STOCK.get(), points_read.ids_in(scopes)
    if points is None:
        left = func.coalesce(
            case((Availability.ship > Availability.pickup, Availability.ship), else_=Availability.pickup), 0
        )
        wanted = (
            select(func.count(case((left <= 0, 1))), func.count(case(((left > 0) & (left <= low), 1))))
            .select_from(Variant)
            .join(Product, Product.id == Variant.product_id)
            .outerjoin(Availability, Availability.variant_id == Variant.id)
            .where(
                Product.state == ProductState.SHOWN,
                Product.kind == ProductKind.GOODS,
                Variant.state == VariantState.SHOWN,
            )
        )
    else:
        free = func.sum(StockLevel.on_hand - StockLevel.held - StockLevel.allocated)
        here = (
            select(free.label("left")).where(StockLevel.point_id.in_(points)).group_by(StockLevel.variant_id).subquery()
        )
        wanted = select(
            func.count(case((here.c.left <= 0, 1))), func.count(case(((here.c.left > 0) & (here.c.left <= low), 1)))
        ).select_from(here)
    gone, few = session().execute(wanted).one()
    return [
        Waiting(group, N_("Đã hết hàng"), gone, "/office/stock?state=out", "bad"),
        Waiting(group, N_("Sắp hết hàng"), few, "/office/stock?state=low"),
    ]


def _recalls(_scopes: frozenset[str]) -> list[Waiting]:
    group, (running, short) = N_("Thu hồi lô"), recalls.waiting()
    return [
        Waiting(group, N_("Đơn thiếu hàng vì thu hồi"), short, "/office/recalls?state=open", "bad"),
        Waiting(group, N_("Lô đang thu hồi"), running, "/office/recalls?state=open"),
    ]


def _transfers(scopes: frozenset[str]) -> list[Waiting]:
    mine = points_read.ids_in(scopes)
    group, found = N_("Chuyển hàng"), transfers.waiting(mine)
    rows = [
        Waiting(group, N_("Chờ duyệt chuyển"), found.to_approve, "/office/transfers?state=asked"),
        Waiting(group, N_("Chờ đóng gói, gửi"), found.to_pack, "/office/transfers?state=to_pack"),
        Waiting(group, N_("Hàng sắp về"), found.expected, "/office/transfers?state=road", ""),
        Waiting(group, N_("Hàng đến chậm"), found.late, "/office/transfers?state=late", "bad"),
    ]
    if (
        mine is not None
    ):  # counted for a keeper's few points; over hundreds it is a list to open, not a number of every morning
        rows.append(Waiting(group, N_("Dưới mức tối thiểu"), replenish.below(mine), "/office/targets?state=below"))
    return rows


def _receipts(scopes: frozenset[str]) -> list[Waiting]:
    group = N_("Hàng về")
    today, late = receipts.waiting(points_read.ids_in(scopes))
    return [
        Waiting(group, N_("Hẹn giao đến hôm nay"), today, "/office/receipts?state=open", ""),
        Waiting(group, N_("Giao chậm"), late, "/office/receipts?state=late", "bad"),
    ]


def _offers(scopes: frozenset[str]) -> list[Waiting]:
    offered = supply_deliveries.offered(points_read.ids_in(scopes))
    return [
        Waiting(N_("Hàng về"), N_("Cơ sở báo giao, chờ nhận lời"), offered, "/office/announcements?status=announced")
    ]


def _supply(scopes: frozenset[str]) -> list[Waiting]:
    if "*" not in scopes:  # counted over all producers
        return []
    group, (late, changed) = N_("Nguồn hàng"), asks.waiting()
    return [
        Waiting(group, N_("Cơ sở hẹn khác, chờ đồng ý"), changed, "/office/asks?status=changed"),
        Waiting(group, N_("Đề nghị quá hạn trả lời"), late, "/office/asks?status=late", "bad"),
        Waiting(
            group,
            N_("Vụ đã qua, chưa ghi kết quả"),
            plans.harvests_overdue(),
            "/office/capacity/harvests?state=overdue",
            "",
        ),
    ]


def _preorders(scopes: frozenset[str]) -> list[Waiting]:
    if "*" not in scopes:  # their pages are for grants that cover all
        return []
    group, (proposed, harvested) = N_("Đặt trước mùa vụ"), preorders.waiting()
    return [
        Waiting(group, N_("Đợt chờ duyệt"), proposed, "/office/preorders?state=proposed"),
        Waiting(group, N_("Đã thu hoạch, chờ chia hàng"), harvested, "/office/preorders?state=harvested"),
    ]


def _counts(scopes: frozenset[str]) -> list[Waiting]:
    group, found = N_("Kiểm kê"), counts.waiting(points_read.ids_in(scopes))
    return [
        Waiting(group, N_("Phiếu đang đếm"), found.counting, "/office/counts?state=open", ""),
        Waiting(group, N_("Phiếu chờ duyệt"), found.to_approve, "/office/counts?state=submitted"),
        Waiting(group, N_("Hủy hàng chờ duyệt"), found.write_offs, "/office/write-offs?state=asked"),
        Waiting(group, N_("Điểm đến hạn kiểm kê"), found.due, "/office/counts"),
    ]


def _tills(scopes: frozenset[str]) -> list[Waiting]:
    group, found = N_("Quầy bán"), tills.waiting(points_read.ids_in(scopes))
    return [
        Waiting(group, N_("Thiếu hàng ở quầy"), found.shortages, "/office/tills/shortages"),
        Waiting(group, N_("Sổ từ chối, chờ xem"), found.refused, "/office/tills/refused", "bad"),
        Waiting(group, N_("Phiếu nhảy số, điều lạ"), found.gaps + found.notices, "/office/tills/odd"),
    ]


def _makers(scopes: frozenset[str]) -> list[Waiting]:
    group, found = N_("Cơ sở sản xuất"), producers.waiting_office(scopes)
    return [
        Waiting(group, N_("Đơn xin tham gia chờ xem"), found.applications, "/office/applications?state=submitted"),
        Waiting(group, N_("Giấy tờ chờ xem"), found.waiting, "/office/papers?state=waiting"),
        Waiting(group, N_("Đề nghị thay đổi chờ xem"), found.changes, "/office/changes?state=open"),
        Waiting(group, N_("Giấy hết hạn trong 30 ngày"), found.ending, "/office/papers?ends=30"),
        Waiting(group, N_("Giấy đã hết hạn"), found.lapsed, "/office/papers?ends=lapsed", "bad"),
    ]


def _certificates(_scopes: frozenset[str]) -> list[Waiting]:
    group, found = N_("Chứng nhận"), catalog.ending_counts()
    labels = (
        (30, N_("Hết hạn trong 30 ngày"), "bad"),
        (120, N_("Hết hạn trong 120 ngày"), "warn"),
        (180, N_("Hết hạn trong 180 ngày"), ""),
    )
    return [
        Waiting(group, label, found[days], f"/office/certificates?ends={days}", kind) for days, label, kind in labels
    ]


def _decisions(_scopes: frozenset[str]) -> list[Waiting]:
    group, drafts = N_("Chương trình"), decisions.drafts()
    return [
        Waiting(group, N_("Kết quả hội đồng chờ quyết định"), len(results.ready()), "/office/decisions/new/grant"),
        Waiting(group, N_("Quyết định chờ ghi đã ký"), drafts, "/office/decisions?state=draft"),
    ]


def _renewals(scopes: frozenset[str]) -> list[Waiting]:
    group, found = N_("Chương trình"), renewals.counts(scopes)
    return [
        Waiting(group, N_("Hồ sơ gia hạn đang xét"), found.get("filed", 0), "/office/renewals?stands=filed", ""),
        Waiting(group, N_("Quá hạn nộp hồ sơ gia hạn"), found.get("late", 0), "/office/renewals?stands=late", "bad"),
    ]


def _checks(scopes: frozenset[str]) -> list[Waiting]:
    if "*" not in scopes:
        return []
    group, (missed, behind) = N_("Chương trình"), checks.waiting()
    return [
        Waiting(group, N_("Đến ngày hậu kiểm"), missed, "/office/post-checks?needs=missed"),
        Waiting(
            group, N_("Sai sót quá hạn hoặc không khắc phục"), behind, "/office/post-checks?state=following", "bad"
        ),
    ]


def _standards(_scopes: frozenset[str]) -> list[Waiting]:
    group, found = N_("Chương trình"), standards.waiting_count()
    return [Waiting(group, N_("Nhãn hiệu, kiểm nghiệm chờ xác nhận"), found, "/office/standards?state=waiting")]


def _dossiers(scopes: frozenset[str]) -> list[Waiting]:
    group, found, here = N_("Chương trình"), dossiers.figures(scopes), "/office/dossiers"
    rows = [
        Waiting(
            group, N_("Hồ sơ xã đang xử lý"), found.with_commune, f"{here}?late=0", "" if "*" in scopes else "warn"
        ),
        Waiting(group, N_("Hồ sơ quá hạn 15 ngày làm việc"), found.late, f"{here}?late=1", "bad"),
    ]
    if "*" in scopes:
        rows.append(Waiting(group, N_("Hồ sơ chờ hội đồng"), found.waiting, f"{here}?state=proposed"))
        rows.append(Waiting(group, N_("Hồ sơ chờ giao cho xã mới"), found.ceased, f"{here}?ceased=1"))
        rows.append(Waiting(group, N_("Kiến nghị về kết quả chấm"), found.objections, f"{here}?objection=1"))
    return rows


def _ideas(scopes: frozenset[str]) -> list[Waiting]:
    # Whoever sees the whole province leaves them to the localities.
    kind = "" if "*" in scopes else "warn"
    return [Waiting(N_("Chương trình"), N_("Ý tưởng, kế hoạch chờ xem"), ideas.waiting(scopes), "/office/ideas", kind)]


def _blockers(_scopes: frozenset[str]) -> list[Waiting]:
    silent = steps.open_blockers(["*"], answered=False)
    return [Waiting(N_("Chương trình"), N_("Vướng mắc chờ tỉnh trả lời"), len(silent), "/office/blockers?answered=no")]


def _reports(scopes: frozenset[str]) -> list[Waiting]:
    """Of the last month that is over: the province sees what was handed in, a locality what it still owes."""
    group, month = N_("Chương trình"), report_rules.latest()
    here = f"/office/reports/{report_rules.spelt(month)}"
    found = reports.lines(month, scopes)
    owed = [line for line in found if not line.handed_in]
    if "*" in scopes:
        to_read = sum(line.state == ReportState.SUBMITTED for line in found)
        late = sum(line.is_late for line in owed)
        return [
            Waiting(group, N_("Báo cáo tháng chờ tỉnh xem"), to_read, f"{here}?state=waiting"),
            Waiting(group, N_("Địa phương chậm báo cáo tháng"), late, f"{here}?state=late", ""),
        ]
    kind = "bad" if any(line.is_late for line in owed) else "warn"
    return [Waiting(group, N_("Báo cáo tháng trước chưa nộp"), len(owed), here, kind)]


def sheets(user_id: int) -> list[Waiting]:
    """What a member of councils has still to score in open sessions."""
    todo = 0
    for council, member, _round in councils.of_user(user_id):
        for meeting in councils.sessions_of([council.id]):
            if meeting.state is SessionState.OPEN:
                hearings = [item.hearing.id for item in councils.items(meeting.id)]
                mine = councils.progress(hearings, [member])
                todo += sum(p.state in (councils.DRAFT, councils.NOTHING) for line in mine.values() for p in line)
    return [Waiting(N_("Chương trình"), N_("Phiếu bạn chưa nộp"), todo, "/office/council")]


def _messages(scopes: frozenset[str]) -> list[Waiting]:
    if "*" not in scopes:
        return []
    group = N_("Khách hàng")
    new = _count(Message.state == MessageState.NEW, table=Message)
    held = _count(Message.state == MessageState.READ, table=Message)
    unread, late = conversations.waiting_for_office()
    return [
        Waiting(group, N_("Thư mới của khách"), new, "/office/messages?state=new"),
        Waiting(group, N_("Thư đang xử lý"), held, "/office/messages?state=read", ""),
        Waiting(group, N_("Khách nhắn về đơn"), unread, "/office/conversations?state=unread"),
        Waiting(group, N_("Khách chờ cơ sở trả lời quá 24 giờ"), late, "/office/conversations?state=late", "bad"),
    ]


def _wait_list(scopes: frozenset[str]) -> list[Waiting]:
    if "*" not in scopes:
        return []
    return [Waiting(N_("Khách hàng"), N_("Cần gọi về hàng chờ"), wait_list.to_call(), "/office/demand/waiting")]


def _listings(scopes: frozenset[str]) -> list[Waiting]:
    group, (waiting, late) = N_("Sản phẩm của cơ sở"), listings.waiting_in_office(scopes)
    return [
        Waiting(group, N_("Chờ duyệt"), waiting, "/office/listings?state=sent"),
        Waiting(group, N_("Chờ duyệt quá 3 ngày"), late, "/office/listings?state=sent&age=3", "bad"),
    ]


def _fairs(scopes: frozenset[str]) -> list[Waiting]:
    fresh = lists.unchecked(scopes)
    return [Waiting(N_("Hội chợ"), N_("Hồ sơ chờ xem giấy tờ"), fresh, "/office/exhibitions")]


def _endorsements(scopes: frozenset[str]) -> list[Waiting]:
    silent = lists.unendorsed(scopes)
    path = "/office/endorsements?endorsement=none&state=submitted"
    return [Waiting(N_("Hội chợ"), N_("Hồ sơ chờ ý kiến địa phương"), silent, path)]


def _jobs(_scopes: frozenset[str]) -> list[Waiting]:
    group = N_("Máy móc")
    failed = _count(Job.state == JobState.FAILED, table=Job)
    trying = _count(Job.state == JobState.QUEUED, Job.attempts > 0, Job.last_error.is_not(None), table=Job)
    broken = _count(Schedule.last_error.is_not(None), table=Schedule)
    return [
        Waiting(group, N_("Việc nền thất bại"), failed, "/office/jobs?state=failed", "bad"),
        Waiting(group, N_("Việc nền đang thử lại"), trying, "/office/jobs?state=trying"),
        Waiting(group, N_("Việc định kỳ bị lỗi"), broken, "/office/jobs/schedules", "bad"),
    ]


def _settlement(scopes: frozenset[str]) -> list[Waiting]:
    if "*" not in scopes:  # their pages are for grants that cover all
        return []
    group, found = N_("Đối soát, chi trả"), settlement.waiting()
    return [
        Waiting(group, N_("Bảng hết kỳ, chờ chốt"), found.to_close, "/office/statements?state=due"),
        Waiting(group, N_("Cơ sở có ý kiến"), found.disputed, "/office/statements?state=disputed", "bad"),
        Waiting(group, N_("Điều chỉnh chờ duyệt"), found.corrections, "/office/statements/corrections?state=asked"),
        Waiting(group, N_("Bảng chờ chi trả"), found.to_pay, "/office/statements?state=to_pay"),
        Waiting(group, N_("Đợt chi chờ duyệt"), found.to_approve, "/office/payouts?state=prepared"),
        Waiting(group, N_("Cơ sở bán hàng chưa có thỏa thuận"), found.without_agreement, "/office/statements", "bad"),
        Waiting(group, N_("Hàng mua đứt chưa có giá"), found.unpriced, "/office/statements"),
    ]


_PARTS: tuple[tuple[Permission, Callable[[frozenset[str]], list[Waiting]]], ...] = (
    (Permission.ORDER_READ, _orders),
    (Permission.FULFILMENT_HANDLE, _parcels),
    (Permission.PAYMENT_READ, _payments),
    (Permission.BANK_READ, _bank),
    (Permission.REMITTANCE_READ, _cash),
    (Permission.CASH_CARRY, _bags),
    (Permission.MESSAGE_READ, _messages),
    (Permission.WAITING_HANDLE, _wait_list),
    (Permission.STOCK_READ, _stock),
    (Permission.TRANSFER_HANDLE, _transfers),
    (Permission.RECEIPT_BOOK, _receipts),
    (Permission.RECEIPT_BOOK, _offers),
    (Permission.SUPPLY_READ, _supply),
    (Permission.PREORDER_HANDLE, _preorders),
    (Permission.COUNT_DO, _counts),
    (Permission.RECALL_RUN, _recalls),
    (Permission.TILL_MANAGE, _tills),
    (Permission.APPLICATION_CHECK, _makers),
    (Permission.SETTLEMENT_READ, _settlement),
    (Permission.CATALOG_READ, _certificates),
    (Permission.DECISION_READ, _decisions),
    (Permission.CATALOG_READ, _renewals),
    (Permission.CHECK_READ, _checks),
    (Permission.STANDARD_CONFIRM, _standards),
    (Permission.DOSSIER_READ, _dossiers),
    (Permission.CYCLE_EDIT, _ideas),
    (Permission.CYCLE_DECIDE, _blockers),
    (Permission.REPORT_READ, _reports),
    (Permission.LISTING_REVIEW, _listings),
    (Permission.EXHIBITION_EDIT, _fairs),
    (Permission.EXHIBITION_ENDORSE, _endorsements),
    (Permission.JOB_READ, _jobs),
)


def waiting(scopes: Scopes) -> list[Waiting]:
    """Everything that waits and that somebody with these scopes may see, in the order of the day's work."""
    found: list[Waiting] = []
    for permission, part in _PARTS:
        covered = scopes(permission)
        if covered:
            found += part(covered)
    return found
