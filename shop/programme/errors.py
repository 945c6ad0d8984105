"""What the programme refuses."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict


class ScoredMeanwhile(Conflict):
    code = "scored-meanwhile"
    title = N_("Có người của cơ sở vừa lưu bản chấm khác của sản phẩm này. Hãy mở lại để xem, rồi chấm tiếp.")


class NtmRegistered(Conflict):
    code = "ntm-registered"
    title = N_("Xã này đã đăng ký cho năm đó.")


class NtmMovedOn(Conflict):
    code = "ntm-moved-on"
    title = N_("Hồ sơ xã đã thay đổi từ lúc bạn mở trang. Hãy tải lại rồi làm tiếp.")
