"""What a score means, in words of the reader's language."""

from __future__ import annotations

from flask_babel import gettext, ngettext

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
