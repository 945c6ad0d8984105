"""What the room of producers refuses."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict, Invalid, NotFound


class NoSuchProducer(NotFound):
    """No producer has this address, or it is not shown."""

    code = "no-such-producer"
    title = N_("Không tìm thấy nhà sản xuất này.")


class TaxCodeTaken(Conflict):
    """Another producer has that tax code."""

    code = "tax-code-taken"
    title = N_("Mã số thuế này đã thuộc về một cơ sở khác.")


class ProducerNotReady(Conflict):
    """The producer has joined, but nobody has checked yet who its representative is, or it lacks papers that it must have."""

    code = "producer-not-ready"
    title = N_("Cơ sở làm ra hàng này chưa hoàn tất thủ tục bán hàng nên cửa hàng chưa bán.")


class PapersLapsed(Conflict):
    """A paper that the goods rest on has ended and no newer one was accepted."""

    code = "papers-lapsed"
    title = N_("Giấy tờ an toàn thực phẩm hoặc giấy phép của cơ sở đã hết hạn nên cửa hàng tạm ngừng bán.")


class NotInThisState(Conflict):
    """The application, paper or change has moved on; what is asked does not follow from where it stands."""

    code = "not-in-this-state"
    title = N_("Việc này không còn làm được: hồ sơ vừa đổi trạng thái. Hãy tải lại trang.")


class ApplicationUnfinished(Invalid):
    """Something is missing that an application must have before it is sent."""

    code = "application-unfinished"
    title = N_("Đơn còn thiếu: %(what)s.")


class ApplicationOpen(Conflict):
    """A user has one application at a time."""

    code = "application-open"
    title = N_("Bạn đang có một đơn chưa xong. Hãy làm tiếp đơn ấy.")


class ProducerClaimed(Conflict):
    """The producer of the registry has an owner already."""

    code = "producer-claimed"
    title = N_("Cơ sở này đã có chủ tài khoản. Hãy nhờ người ấy mời bạn làm thành viên.")


class PapersUnchecked(Conflict):
    """An application cannot be approved while a paper waits or one that it needs was not accepted."""

    code = "papers-unchecked"
    title = N_("Hãy xem xong giấy tờ trước: mọi giấy phải được nhận hoặc trả lời, và có đủ %(what)s.")


class LastOwner(Conflict):
    """A producer always has an owner."""

    code = "last-owner"
    title = N_("Đây là chủ cơ sở duy nhất. Hãy giao vai trò chủ cơ sở cho người khác trước.")


class InvitationEnded(NotFound):
    """The invitation was used, withdrawn or has run out."""

    code = "invitation-ended"
    title = N_("Lời mời này đã dùng, đã rút hoặc hết hạn. Hãy xin chủ cơ sở một lời mời mới.")


class ChangeOpen(Conflict):
    """A request of that kind waits already."""

    code = "change-open"
    title = N_("Đang có một đề nghị thay đổi chờ cửa hàng xem. Hãy rút đề nghị ấy trước khi gửi đề nghị mới.")


class SecondPerson(Conflict):
    """A new account is checked and approved by two people of the office, neither of whom asked for it."""

    code = "second-person"
    title = N_(
        "Tài khoản nhận tiền phải do hai người của cửa hàng xem; bạn đã là người thứ nhất hoặc là người đề nghị."
    )
