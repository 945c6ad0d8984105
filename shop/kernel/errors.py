"""Refusals: what a rule says when it says no. A door turns them into a page or into problem+json."""

from __future__ import annotations


def N_(message: str) -> str:
    """Mark `message` for translation; a door translates it in the reader's language."""
    return message


class ShopError(Exception):
    """A refusal by a rule of the shop.

    Subclasses give `code` (kebab-case, never renamed), `title` (Vietnamese, marked with `N_`) and the HTTP
    `status`. `values` fill the placeholders of the title; `field` names the form field at fault, if one is.
    """

    code = "refused"
    title = N_("Yêu cầu không thực hiện được.")
    status = 400

    def __init__(self, title: str | None = None, *, field: str | None = None, **values: object) -> None:
        self.title = title or type(self).title
        self.field = field
        self.values = values
        super().__init__(self.code)

    def __str__(self) -> str:
        return f"{self.code}: {self.title % self.values if self.values else self.title}"


class NotFound(ShopError):
    code = "not-found"
    title = N_("Không tìm thấy trang hoặc nội dung này.")
    status = 404


class Forbidden(ShopError):
    code = "forbidden"
    title = N_("Tài khoản của bạn không có quyền làm việc này.")
    status = 403


class SignInRequired(ShopError):
    code = "sign-in-required"
    title = N_("Vui lòng đăng nhập để tiếp tục.")
    status = 401


class Invalid(ShopError):
    """Input that cannot be understood or breaks a rule of form."""

    code = "invalid"
    title = N_("Thông tin chưa hợp lệ, vui lòng kiểm tra lại.")
    status = 422


class Conflict(ShopError):
    """The state has changed, or a key was used for something else."""

    code = "conflict"
    title = N_("Dữ liệu vừa thay đổi. Vui lòng tải lại trang và thử lại.")
    status = 409


class Busy(ShopError):
    """The database or another machine could not take the request in time; trying again is safe."""

    code = "busy"
    title = N_("Cửa hàng đang rất đông khách. Vui lòng thử lại sau vài giây; bạn chưa bị tính tiền.")
    status = 503


class TooManyRequests(ShopError):
    code = "too-many-requests"
    title = N_("Bạn thao tác quá nhanh. Vui lòng đợi một lát rồi thử lại.")
    status = 429
