"""The rule of a fair in words: why somebody has a booth, what an edit breaks."""

from __future__ import annotations

from flask_babel import gettext

from shop.exhibitions.allot import FULL, By, Departure, Outcome, QuotaKind, Rule, Warn
from shop.exhibitions.queries.allotting import OUTSIDE, Inputs
from shop.places import queries as places


def locality(code: str) -> str:
    """The name of a locality that has a quota."""
    if code == OUTSIDE:
        return gettext("Ngoài tỉnh")
    if not code:
        return gettext("Chưa rõ xã, phường")
    found = places.unit(code)
    return found.name if found else code


def _hundredths(points: int) -> str:
    return f"{points * 100 / FULL:.0f}"


def why(o: Outcome, given: Inputs, rule: Rule) -> str:
    """One sentence for each thing that decided, in the reader's language."""
    parts = [gettext("Hạng %(n)s trong %(all)s hồ sơ", n=o.rank, all=len(given.askers))]
    if rule.endorsed_first:
        parts.append(gettext("được địa phương giới thiệu") if o.endorsed else gettext("địa phương chưa giới thiệu"))
    parts.append(
        gettext("%(n)s sao còn hạn suốt hội chợ", n=o.stars) if o.stars else gettext("chưa có sao còn hạn suốt hội chợ")
    )
    if rule.past:
        parts.append(
            gettext("mới tham gia nên tính mức giữa (%(n)s/100)", n=_hundredths(o.past_points))
            if o.newcomer
            else gettext("các hội chợ trước %(n)s/100", n=_hundredths(o.past_points))
        )
    parts.append(gettext("số rút thăm %(n)s", n=o.number))
    if o.quota:
        parts.append(
            gettext(
                "%(place)s có %(quota)s suất, còn %(left)s khi đến lượt", place=locality(o.locality), quota=o.quota,
                left=max(o.quota_left, 0),
            )
        )  # fmt: skip
    ended = {
        By.QUOTA: gettext("có gian theo suất của địa phương"),
        By.REST: gettext("có gian trong số gian còn lại"),
        By.WAITS: gettext("đã hết gian phù hợp, vào danh sách chờ"),
        By.NO_SUCH_BOOTH: gettext("không gian nào có đủ điện, nước, tủ lạnh hoặc đúng loại đã xin, vào danh sách chờ"),
    }
    parts.append(ended[o.by])
    if o.in_zone is not None:
        parts.append(gettext("đúng khu mong muốn") if o.in_zone else gettext("khu mong muốn không còn gian phù hợp"))
    return "; ".join(parts) + "."


def by_hand(reason: str, rule_says: str) -> str:
    """Why somebody stands where people put him."""
    return gettext("Ban tổ chức xếp: %(reason)s (Theo quy tắc: %(rule)s)", reason=reason, rule=rule_says)


def warning(w: Departure, given: Inputs, result_quotas: dict[str, int]) -> str:
    """What an arrangement breaks, in the reader's language."""
    name = given.askers[w.reference].producer_name if w.reference in given.askers else w.reference
    booth = given.booths[w.booth_id].code if w.booth_id is not None and w.booth_id in given.booths else ""
    if w.kind is Warn.NOT_DONE:
        return gettext(
            "Thay đổi bằng tay cho %(name)s không làm được: gian đã đủ hoặc hồ sơ không còn tham gia.", name=name
        )
    if w.kind is Warn.LACKS:
        return gettext(
            "Gian %(booth)s không có đủ điện, nước, tủ lạnh hoặc không đúng loại mà %(name)s xin.",
            booth=booth,
            name=name,
        )
    if w.kind is Warn.BEFORE_OTHERS:
        return gettext(
            "%(name)s có gian %(booth)s trong khi %(n)s hồ sơ hạng trên vẫn chờ.", name=name, booth=booth, n=w.count
        )
    if w.kind is Warn.QUOTA:
        return gettext(
            "%(place)s còn thiếu %(n)s trong %(quota)s suất, trong khi nơi khác vượt suất.", place=locality(w.locality),
            n=w.count, quota=result_quotas.get(w.locality, 0),
        )  # fmt: skip
    return gettext("Gian %(booth)s còn trống %(n)s chỗ trong khi có hồ sơ chờ phù hợp.", booth=booth, n=w.count)


def rule_lines(rule: Rule) -> list[str]:
    """The rule in words, for everybody."""
    lines = [
        gettext(
            "Điểm của một hồ sơ = %(stars)s phần sao + %(past)s phần kết quả các hội chợ trước + %(draw)s phần rút thăm;"
            " bằng điểm thì số rút thăm nhỏ hơn đứng trước.",
            stars=rule.stars, past=rule.past, draw=rule.draw,
        ),
        gettext("5 sao được 100, 4 sao 80, 3 sao 60 điểm; chỉ tính chứng nhận còn hiệu lực mọi ngày của hội chợ."),
        gettext(
            "Hội chợ trước: so doanh thu mỗi ngày với các cơ sở khác, trừ phần giờ gian hết hàng; cơ sở mới tính mức giữa."
        ),
    ]  # fmt: skip
    if rule.endorsed_first:
        lines.append(gettext("Hồ sơ được địa phương giới thiệu đứng trước mọi hồ sơ khác."))
    if rule.quotas:
        unit = "%" if rule.quota_kind is QuotaKind.SHARE else ""
        told = ", ".join(f"{locality(code)} {n}{unit}" for code, n in sorted(rule.quotas.items()) if n)
        if told:
            lines.append(
                gettext(
                    "Suất dành cho địa phương: %(told)s. Suất không dùng hết thì chia cho các hồ sơ còn lại.", told=told
                )
            )
    lines.append(gettext("Điện, nước, tủ lạnh và loại gian là điều kiện bắt buộc; khu là nguyện vọng."))
    return lines
