"""What reports refuse."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict


class ReportMovedOn(Conflict):
    """The report has changed since the page was made."""

    code = "report-moved-on"
    title = N_("Báo cáo vừa có người sửa, hoặc đã chuyển bước. Hãy tải lại trang để xem rồi làm tiếp.")


class ReportLocked(Conflict):
    """The report is locked, or waits for the province."""

    code = "report-locked"
    title = N_("Báo cáo đã nộp hoặc đã chốt nên không sửa được nữa. Cần sửa thì xin đính chính, có ghi lý do.")


class SummaryMovedOn(Conflict):
    """The figures of the summary have changed since the page was made."""

    code = "summary-moved-on"
    title = N_("Số liệu đã thay đổi từ lúc mở trang. Hãy xem lại rồi chốt.")
