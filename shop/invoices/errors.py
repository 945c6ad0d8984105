"""What documents refuse."""

from __future__ import annotations

from shop.kernel.errors import N_, Conflict, Invalid


class TaxCodeWrong(Invalid):
    """The code has another shape, or its check digit does not fit."""

    code = "tax-code-wrong"
    title = N_("Mã số thuế chưa đúng: 10 chữ số (số cuối để kiểm tra), 13 chữ số, hoặc 12 số định danh cá nhân.")


class AskedTooLate(Conflict):
    """The term in which a buyer may ask for a tax invoice is over."""

    code = "invoice-too-late"
    title = N_("Đã quá %(n)s ngày kể từ khi nhận hàng nên không yêu cầu hóa đơn ở đây được nữa. Hãy liên hệ cửa hàng.")


class NothingToInvoice(Conflict):
    """The order was cancelled, or all of it went back."""

    code = "nothing-to-invoice"
    title = N_("Đơn này không còn khoản nào để lập hóa đơn.")


class DocumentStep(Conflict):
    """The document was voided or taken back before, or it has credit notes."""

    code = "invoice-step"
    title = N_("Chứng từ này đã hủy, đã được thay hoặc đã có phiếu điều chỉnh nên không làm được việc này.")


class NoAddress(Invalid):
    """There is no e-mail address to send a document to."""

    code = "invoice-no-address"
    title = N_("Chưa có địa chỉ e-mail để gửi. Hãy ghi một địa chỉ.")


class ProviderNumberUsed(Conflict):
    """Another document of the same issuer has that number of the provider."""

    code = "invoice-provider-number-used"
    title = N_("Số hóa đơn điện tử này đã ghi cho chứng từ khác.")
