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


class DossierMovedOn(Conflict):
    code = "dossier-moved-on"
    title = N_("Hồ sơ đã sang bước khác từ lúc bạn mở trang. Hãy tải lại rồi làm tiếp.")


class DossierLives(Conflict):
    code = "dossier-lives"
    title = N_("Sản phẩm này đang có hồ sơ %(code)s chưa xong. Hãy tiếp tục hồ sơ đó.")


class DossierIncomplete(Conflict):
    code = "dossier-incomplete"
    title = N_("Chưa nộp được, còn thiếu: %(lines)s.")


class PapersLacking(Conflict):
    """What the commune meets when a paper has ended since the dossier was handed in."""

    code = "papers-lacking"
    title = N_("Giấy tờ bắt buộc còn thiếu hoặc đã hết hạn: %(lines)s. Hãy trả lại để cơ sở bổ sung.")


class NoSheet(Conflict):
    code = "no-scoring-sheet"
    title = N_("Chưa có phiếu chấm đang hiệu lực cho bộ sản phẩm này.")


class AfterCutOff(Conflict):
    code = "after-cut-off"
    title = N_("Hồ sơ %(code)s được xã đề nghị sau ngày chốt %(day)s của đợt này nên chờ đợt sau.")


class RoundNotOpen(Conflict):
    code = "round-not-open"
    title = N_("Đợt đánh giá này đã khép.")


class RoundUnfinished(Conflict):
    code = "round-unfinished"
    title = N_("Hội đồng của đợt này còn hồ sơ đang chấm, chưa khép được.")


class ResultNotReady(Conflict):
    code = "result-not-ready"
    title = N_("Hồ sơ này chưa có kết quả đứng vững, hoặc đã có quyết định.")


class ObjectionOver(Conflict):
    code = "objection-over"
    title = N_("Đã hết hạn kiến nghị, hoặc kết quả này đã có kiến nghị.")


class CouncilMovedOn(Conflict):
    code = "council-moved-on"
    title = N_("Hội đồng hoặc phiên họp đã thay đổi từ lúc bạn mở trang. Hãy tải lại rồi làm tiếp.")


class SessionOver(Conflict):
    code = "session-over"
    title = N_("Phiên họp đã khép hoặc chưa mở, không chấm được nữa.")


class AlreadyScored(Conflict):
    code = "already-scored"
    title = N_("Bạn đã nộp phiếu chấm hồ sơ này. Muốn chấm lại, chủ tịch hội đồng phải mở lại phiếu.")


class ConflictOfInterest(Conflict):
    code = "conflict-of-interest"
    title = N_("Bạn có lợi ích liên quan đến hồ sơ này nên không chấm.")


class WrongSheet(Conflict):
    code = "wrong-sheet"
    title = N_("Phiếu này không phải phiếu của bộ sản phẩm trong hồ sơ. Hãy mở lại hồ sơ để chấm đúng phiếu.")


class SheetIncomplete(Conflict):
    code = "sheet-incomplete"
    title = N_("Còn %(n)s câu chưa chọn. Điểm đã chấm được giữ lại; hãy chọn đủ rồi nộp.")


class NotEnoughSheets(Conflict):
    code = "not-enough-sheets"
    title = N_("Chưa khép được: hồ sơ %(codes)s chưa đủ phiếu (cần ít nhất %(n)s).")
