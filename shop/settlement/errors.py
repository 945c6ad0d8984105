"""What settlement refuses."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict


class SettlementStep(Conflict):
    """That step may not follow the present state, or somebody else was first."""

    code = "settlement-step"
    title = N_("Việc này không làm được ở tình trạng hiện tại, hoặc người khác vừa làm trước. Hãy tải lại trang.")


class PeriodNotOver(Conflict):
    """The last day of the period has not passed."""

    code = "period-not-over"
    title = N_("Kỳ này chưa hết (đến hết ngày %(day)s) nên chưa chốt được.")


class NoAgreement(Conflict):
    """Goods were sold for a producer with whom nothing was agreed."""

    code = "no-agreement"
    title = N_(
        "Chưa có thỏa thuận nào được cơ sở đồng ý nên chưa tính được hoa hồng. Hãy ghi thỏa thuận trước khi chốt."
    )


class TwoPeople(Conflict):
    """Who prepared it does not approve it."""

    code = "two-people"
    title = N_("Người lập không tự duyệt được. Hãy nhờ người khác có quyền.")


class NothingToPay(Conflict):
    """No statement chosen can be paid."""

    code = "nothing-to-pay"
    title = N_("Không có bảng đối soát nào trong các dòng đã chọn có thể chi trả.")


class BankReferenceUsed(Conflict):
    """The bank's number stands for another payout."""

    code = "payout-reference-used"
    title = N_("Số giao dịch ngân hàng này đã ghi cho khoản chi khác.")


class RateDayTaken(Conflict):
    """There are rates from that day on; they are not changed."""

    code = "rate-day-taken"
    title = N_("Đã có thuế suất bắt đầu từ ngày này. Muốn đổi, hãy ghi dòng mới từ một ngày khác.")
