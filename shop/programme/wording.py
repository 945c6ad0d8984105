"""What a score means, in words of the reader's language."""

from __future__ import annotations

from decimal import Decimal

from flask_babel import format_decimal, gettext, ngettext

from shop.kernel.errors import N_
from shop.programme.queries.heard import Heard, Lacking
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
    "round": N_("Vào đợt đánh giá"),
    "hand-over": N_("Chuyển sang xã mới phụ trách"),
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


def points(value: Decimal | int | str | None) -> str:
    """Points as the reader writes them: `87,4`."""
    return "–" if value is None else format_decimal(Decimal(value).normalize(), format="0.##")


def clock_words(left: int | None) -> str:
    """How long the commune still has: `còn 6 ngày làm việc`; empty if its clock does not run."""
    if left is None:
        return ""
    if left < 0:
        return ngettext("quá hạn %(num)s ngày làm việc", "quá hạn %(num)s ngày làm việc", -left)
    if left == 0:
        return gettext("hôm nay là ngày cuối")
    return ngettext("còn %(num)s ngày làm việc", "còn %(num)s ngày làm việc", left)


def lack_words(lack: Lacking) -> str:
    """A minimum that was missed: what the question needs, and how many sheets saw it."""
    return gettext(
        "%(stars)s sao cần «%(option)s» ở câu %(code)s (%(reached)s/%(of)s phiếu đạt)",
        stars=lack.stars, option=lack.option, code=lack.code, reached=lack.reached, of=lack.of,
    )  # fmt: skip


def council_verdict(heard: Heard) -> str:
    """One sentence: what the council's sheets come to and why not more (`87,4 điểm, nhưng 4 sao cần …`)."""
    told = gettext("%(n)s điểm", n=points(heard.total))
    if heard.stopped:
        return gettext("%(points)s, nhưng hội đồng dừng đánh giá nên không được xếp sao.", points=told)
    if heard.stars < heard.by_points and heard.by_points in STARRED:
        first = heard.lacks_for(heard.stars + 1)
        return gettext(
            "%(points)s, đủ điểm %(by)s sao, nhưng chỉ được %(stars)s sao: %(why)s.",
            points=told, by=heard.by_points, stars=heard.stars, why="; ".join(lack_words(one) for one in first[:2]),
        )  # fmt: skip
    if heard.stars < STARRED[0]:
        return gettext(
            "%(points)s: %(stars)s sao. Chứng nhận chỉ cấp từ 3 sao, cần %(least)s điểm.", points=told, stars=heard.stars,
            least=least(STARRED[0]),
        )  # fmt: skip
    if heard.stars == STARRED[-1]:
        return gettext(
            "%(points)s: %(stars)s sao. Từ 90 điểm, tỉnh chuyển hồ sơ lên bộ.", points=told, stars=heard.stars
        )
    return gettext(
        "%(points)s: %(stars)s sao. %(next)s sao cần từ %(least)s điểm và đủ mức tối thiểu.", points=told,
        stars=heard.stars, next=heard.stars + 1, least=least(heard.stars + 1),
    )  # fmt: skip
