"""What is refused of marks, labels and tests."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict, NotFound


class NoSuchStandard(NotFound):
    code = "no-such-standard"
    title = N_("Không tìm thấy giấy này.")


class StandardMovedOn(Conflict):
    """It was confirmed, refused, withdrawn or changed since the page was opened."""

    code = "standard-moved-on"
    title = N_("Giấy này đã được xác nhận, trả lại hoặc sửa từ lúc bạn mở trang. Hãy tải lại rồi làm tiếp.")


class StandardNumberTaken(Conflict):
    code = "standard-number-taken"
    title = N_("Sản phẩm này đã có giấy cùng loại mang số ấy.")
