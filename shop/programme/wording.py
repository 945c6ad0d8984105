"""What a score means, in words of the reader's language."""

from __future__ import annotations

from flask_babel import gettext, ngettext

from shop.kernel.errors import N_
from shop.programme.scoring import STARRED, Result, least


def verdict(result: Result) -> str:
    """One sentence: what the sheet comes to and why not more (`87 điểm, nhưng còn thiếu 2 mức tối thiểu của 4 sao`)."""
    points = gettext("%(n)s điểm", n=result.total)
    if result.stopped:
        return gettext("%(points)s, nhưng hồ sơ bị dừng đánh giá nên không được xếp sao.", points=points)
    if result.stars < result.by_points and result.by_points in STARRED:
        lacking = len(result.lacks(result.stars + 1))
        return gettext("%(points)s, đủ điểm %(by)s sao, nhưng chỉ được %(stars)s sao: ", points=points, by=result.by_points,
                       stars=result.stars) + ngettext(
            "còn %(num)s mức tối thiểu của %(next)s sao chưa đạt.", "còn %(num)s mức tối thiểu của %(next)s sao chưa đạt.",
            lacking, next=result.stars + 1,
        )  # fmt: skip
    if result.stars < STARRED[0]:
        return gettext("%(points)s: %(stars)s sao. Chứng nhận chỉ cấp từ 3 sao.", points=points, stars=result.stars)
    return gettext("%(points)s: %(stars)s sao.", points=points, stars=result.stars)


def points_needed(result: Result, stars: int) -> str:
    """How many points are missing for `stars`; empty if there are enough."""
    missing = result.points_to(stars)
    if not missing:
        return ""
    return gettext("Cần thêm %(n)s điểm (từ %(least)s điểm trở lên).", n=missing, least=least(stars))


# What the steps of a dossier are called.
STEP_NAMES = {
    "open": N_("Lập hồ sơ"),
    "paper": N_("Thêm giấy tờ"),
    "paper-out": N_("Bỏ giấy tờ"),
    "evidence": N_("Đưa số liệu của cửa hàng vào hồ sơ"),
    "submit": N_("Nộp cho xã"),
    "return": N_("Xã trả lại"),
    "complete": N_("Xã xác nhận đủ hồ sơ"),
    "propose": N_("Xã đề nghị tỉnh đánh giá"),
    "withdraw": N_("Cơ sở rút hồ sơ"),
    "council": N_("Đưa ra hội đồng"),
    "council-out": N_("Rút khỏi phiên họp"),
    "result": N_("Hội đồng khép phiên, có kết quả"),
    "ministry": N_("Bộ báo kết quả"),
    "accept": N_("Cơ sở đồng ý với kết quả"),
    "object": N_("Cơ sở kiến nghị"),
    "uphold": N_("Chấp nhận kiến nghị, chấm lại"),
    "refuse-objection": N_("Không chấp nhận kiến nghị"),
    "decide": N_("Có quyết định công nhận"),
    "fail": N_("Kết thúc, không được xếp hạng"),
}
