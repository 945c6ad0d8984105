"""What this room refuses."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict, Forbidden, Invalid, ShopError, TooManyRequests


class WrongCredentials(ShopError):
    """The same answer for an unknown account and for a wrong password."""

    code = "wrong-credentials"
    title = N_("Tài khoản hoặc mật khẩu không đúng.")
    status = 401


class WrongPassword(Invalid):
    code = "wrong-password"
    title = N_("Mật khẩu hiện tại không đúng.")


class AccountDisabled(Forbidden):
    code = "account-disabled"
    title = N_("Tài khoản này đang bị tạm khóa. Vui lòng liên hệ cửa hàng để được hỗ trợ.")


class TooManyAttempts(TooManyRequests):
    code = "too-many-attempts"
    title = N_("Đã thử sai quá nhiều lần. Vui lòng đợi 15 phút rồi thử lại, hoặc đặt lại mật khẩu.")


class AccountExists(Conflict):
    code = "account-exists"
    title = N_("Đã có tài khoản dùng e-mail hoặc số điện thoại này. Bạn có thể đăng nhập hoặc đặt lại mật khẩu.")


class WeakPassword(Invalid):
    code = "weak-password"
    title = N_("Mật khẩu này dễ đoán. Hãy chọn mật khẩu khác, ví dụ vài từ không liên quan ghép lại.")


class LinkExpired(ShopError):
    code = "link-expired"
    title = N_("Đường dẫn này đã được dùng hoặc đã hết hạn. Vui lòng yêu cầu đường dẫn mới.")
    status = 410


class StepExpired(ShopError):
    code = "sign-in-expired"
    title = N_("Lần đăng nhập này đã hết hạn. Vui lòng đăng nhập lại.")
    status = 410


class WrongCode(Invalid):
    code = "wrong-code"
    title = N_("Mã xác minh không đúng hoặc đã hết hạn.")


class CodeUsed(Invalid):
    code = "code-used"
    title = N_("Mã này đã được dùng. Vui lòng đợi ứng dụng hiện mã mới.")


class SecondFactorRequired(Forbidden):
    code = "second-factor-required"
    title = N_("Vai trò của bạn cần xác minh hai bước. Vui lòng thiết lập ở mục Bảo mật của tài khoản.")


class SecondFactorCompulsory(Forbidden):
    code = "second-factor-compulsory"
    title = N_("Vai trò của bạn bắt buộc xác minh hai bước nên không tắt được.")


class LastAdministrator(Conflict):
    code = "last-administrator"
    title = N_("Đây là quản trị viên cuối cùng. Hãy giao quyền quản trị cho người khác trước.")


class OwnRights(Forbidden):
    code = "own-rights"
    title = N_("Không ai tự đổi quyền của chính mình được. Hãy nhờ một quản trị viên khác.")


class BadScope(Invalid):
    code = "bad-scope"
    title = N_("Phạm vi không hợp với vai trò này.")
