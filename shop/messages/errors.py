"""Refusals about messages."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict


class StepNotAllowed(Conflict):
    code = "message-step-not-allowed"
    title = N_("Thư đang ở trạng thái khác nên không làm được bước này. Vui lòng tải lại trang.")
