"""What this room refuses."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict, Invalid


class RowChanged(Conflict):
    code = "cod-changed"
    title = N_("Người khác vừa xử lý mục thu hộ này. Hãy xem lại rồi mới làm tiếp.")


class RowTaken(Conflict):
    code = "cod-taken"
    title = N_("Mục thu hộ này đang do %(who)s xử lý. Hãy nhận việc trước nếu muốn làm thay.")


class BatchStep(Conflict):
    code = "cod-batch-step"
    title = N_("Đợt nộp này đã sang bước khác. Hãy tải lại trang.")


class FileKnown(Conflict):
    code = "cod-file-known"
    title = N_("Tệp này đã được gửi (đợt %(reference)s). Mỗi tệp chỉ nhận một lần.")


class ParcelUnknown(Invalid):
    code = "cod-parcel-unknown"
    title = N_("Không có kiện thu hộ nào với mã “%(told)s”.")


class ParcelStep(Conflict):
    code = "cod-parcel-step"
    title = N_("Kiện này không làm được bước đó ở tình trạng hiện tại.")


class BagStep(Conflict):
    code = "cash-bag-step"
    title = N_("Túi tiền này không làm được bước đó ở tình trạng hiện tại. Hãy tải lại trang.")


class SamePerson(Conflict):
    code = "cash-bag-same-person"
    title = N_("Người ghi túi này không tự đếm lần hai được: cần một người khác đăng nhập và đếm.")


class CountsDiffer(Invalid):
    code = "cash-bag-counts-differ"
    title = N_(
        "Số bạn đếm khác số người ghi túi đã đếm. Hai người hãy đếm lại; nếu số đã ghi sai, mở túi rồi ghi túi mới."
    )


class LessCash(Invalid):
    code = "less-cash-there"
    title = N_("Theo sổ, nơi này chỉ còn %(there)s ₫ ngoài ngăn kéo.")
