"""Which papers a dossier has, by its kind and by what the product is. Pure, no database.

Source: Decision 26/2026/QĐ-TTg, art. 6.1 (forms 01 and 02; proof of changes for an upgrade; updates for a renewal) and the
grounds of Annex II that end an assessment (food safety). Papers marked as not needed by themselves are what the sheet asks
proof for: without them the points are not given.
"""

from __future__ import annotations

from dataclasses import dataclass

from shop.kernel.errors import N_
from shop.programme.models.dossiers import DossierKind

FORM_01, FORM_02, FOOD_SAFETY, CHANGES = "mau-01", "mau-02", "attp", "minh-chung-thay-doi"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of the checklist. `needed`: without it the dossier cannot be handed in. `dated`: the paper has an end, so its
    last day must be told and may not have passed."""

    code: str
    name: str
    needed: bool = True
    dated: bool = False
    hint: str = ""


_ALWAYS = (
    Requirement(FORM_01, N_("Phiếu đăng ký đánh giá, phân hạng (mẫu 01)")),
    Requirement(
        FORM_02, N_("Bản tự đánh giá (mẫu 02)"),
        hint=N_("Chấm đủ các câu ở mục Tự chấm sao OCOP thì không cần tệp: bản tự chấm đi cùng hồ sơ."),
    ),
    Requirement("dang-ky-kinh-doanh", N_("Giấy đăng ký kinh doanh, quyết định thành lập")),
)  # fmt: skip
_GOODS = (
    Requirement("cong-bo-chat-luong", N_("Bản tự công bố hoặc tiêu chuẩn chất lượng"), needed=False),
    Requirement("kiem-nghiem", N_("Phiếu kiểm nghiệm"), needed=False),
    Requirement("nhan-bao-bi", N_("Nhãn, bao bì, tem truy xuất"), needed=False),
)
_PROOF = (
    Requirement("nguon-goc", N_("Nguồn gốc nguyên liệu, hợp đồng liên kết"), needed=False),
    Requirement("so-huu-tri-tue", N_("Nhãn hiệu, chỉ dẫn địa lý"), needed=False),
    Requirement("moi-truong", N_("Giấy phép, cam kết bảo vệ môi trường"), needed=False),
    Requirement("phan-phoi", N_("Hợp đồng phân phối, chứng từ bán hàng"), needed=False),
    Requirement("khac", N_("Minh chứng khác"), needed=False),
)
_FOOD = Requirement(FOOD_SAFETY, N_("Giấy tờ về an toàn thực phẩm"), dated=True)
_CHANGES = Requirement(CHANGES, N_("Minh chứng thay đổi so với lần công nhận trước"))
_RENEWAL = (
    Requirement("cap-nhat-san-xuat", N_("Cập nhật nguyên liệu, công nghệ, bao bì, nhãn")),
    Requirement("cap-nhat-thi-truong", N_("Cập nhật thị trường, sản lượng, doanh thu")),
)
_TESTS_AGAIN = Requirement("kiem-nghiem", N_("Phiếu kiểm nghiệm định kỳ"))
_TOURISM = (Requirement("phuong-an-du-lich", N_("Phương án tổ chức dịch vụ, sơ đồ điểm đến")),)


def required(kind: DossierKind, *, food: bool, service: bool) -> tuple[Requirement, ...]:
    """The checklist of a dossier. `food`: its sheet ends the assessment without food safety papers; `service`: tourism, which
    has no label, test or sample."""
    lines = list(_ALWAYS)
    if food:
        lines.append(_FOOD)
    if service:
        lines += _TOURISM
    if kind is DossierKind.UPGRADE:
        lines.append(_CHANGES)
    if kind is DossierKind.RENEWAL:
        lines += _RENEWAL
        if not service:
            lines.append(_TESTS_AGAIN)
    known = {line.code for line in lines}
    if not service:
        lines += [line for line in _GOODS if line.code not in known]
    return (*lines, *_PROOF)


# What the commune assesses itself (art. 7.2, form 03).
REPORT = {
    "origin": N_("Nguồn gốc sản phẩm"),
    "material": N_("Nguyên liệu địa phương"),
    "labour": N_("Lao động địa phương"),
    "idea": N_("Ý tưởng sản phẩm"),
    "identity": N_("Bản sắc địa phương"),
}
FOUND = {"met": N_("Đạt"), "partly": N_("Đạt một phần"), "missed": N_("Chưa đạt")}
# Sample products that the commune sends along (art. 6.2); none for tourism.
SAMPLES = 5
