"""What decisions, renewals and checks refuse."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict, Invalid, NotFound


class NoSuchDecision(NotFound):
    code = "no-such-decision"
    title = N_("Không tìm thấy quyết định này.")


class DecisionMovedOn(Conflict):
    """It was signed, dropped or changed since the page was opened."""

    code = "decision-moved-on"
    title = N_("Quyết định này đã được ký, bỏ hoặc sửa từ lúc bạn mở trang. Hãy tải lại rồi làm tiếp.")


class DecisionNumberTaken(Conflict):
    code = "decision-number-taken"
    title = N_("%(issuer)s đã có quyết định số này trong sổ.")


class CertificatesOverlap(Conflict):
    """A product has a certificate that begins no earlier than the one of the decision."""

    code = "certificates-overlap"
    title = N_("“%(name)s” đã có chứng nhận %(number)s từ ngày %(day)s; chứng nhận mới phải bắt đầu sau ngày ấy.")


class NotFromThisAuthority(Invalid):
    code = "not-from-this-authority"
    title = N_("“%(name)s”: cấp này không công nhận hạng %(stars)s sao theo %(law)s.")


class ScoreBelowStars(Invalid):
    code = "score-below-stars"
    title = N_("“%(name)s”: %(score)s điểm chưa đủ cho %(stars)s sao.")


class ResultGone(Conflict):
    """The result was decided elsewhere or taken back since the draft was made."""

    code = "result-gone"
    title = N_("Kết quả của hồ sơ %(code)s không còn chờ quyết định. Hãy bỏ dòng này khỏi dự thảo.")


class RenewalOpen(Conflict):
    code = "renewal-open"
    title = N_("Chứng nhận này đã có hồ sơ gia hạn đang xét.")


class RenewalRefused(Invalid):
    code = "renewal-refused"
    title = N_("Ngày nộp phải trong thời hạn của chứng nhận và không sớm hơn %(opens)s.")


class CheckMovedOn(Conflict):
    code = "check-moved-on"
    title = N_("Đợt kiểm tra này đã chuyển bước. Hãy tải lại trang rồi làm tiếp.")
