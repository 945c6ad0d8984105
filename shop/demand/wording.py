"""Sharing in words: why a place gets what it gets, what changed since the plan before, how good an answer is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext

from shop.demand.allocate import Method
from shop.demand.needs import TOLD_DAYS, Source
from shop.demand.queries.sharing import Change
from shop.kernel.charts import number
from shop.kernel.errors import N_

WEB_NAME = N_("Phần bán trên mạng")

METHOD_TOLD = {
    Method.PROVEN: N_("Cách chia này phục vụ được nhiều nhất với các điều kiện đã chọn (đúng đến một phần nghìn)."),
    Method.IN_TIME: N_("Hết thời gian tính: đây là cách chia tốt nhất đã tìm được, có thể chưa phải tốt nhất."),
    Method.GREEDY: N_(
        "Máy tính không kịp tìm cách chia tốt nhất. Đây là cách chia từng thùng một, mỗi thùng đến nơi cần nhất; "
        "chưa tính phí chuyến xe."
    ),
}
_CHANGES = {
    "edited-before": N_("bản trước sửa tay từ %(before)s thành %(now)s"),
    "edited-now": N_("bản này sửa tay từ %(before)s thành %(now)s"),
    "no-pack": N_("không còn bày bán"),
    "no-place": N_("nơi nhận đã đóng cửa hoặc không còn được chia"),
    "no-giver": N_("có nơi chia đi đã đóng cửa"),
    "sent": N_("đã định chuyển %(before)s nhưng phiếu chuyển chỉ còn %(now)s"),
    "stock": N_("hàng chia được %(before)s → %(now)s"),
    "there": N_("ở đó có %(before)s → %(now)s"),
    "middle": N_("cần %(before)s → %(now)s"),
    "per_week": N_("bán mỗi tuần %(before)s → %(now)s"),
    "waiting": N_("có người chờ %(before)s → %(now)s"),
    "empty_days": N_("ngày hết hàng %(before)s → %(now)s"),
    "asks": N_("lượt hỏi không có %(before)s → %(now)s"),
}


def explain(place: str, units: int, why: Mapping[str, Any]) -> str:
    """`Móng Cái nhận 40: bán 22 mỗi tuần, hết hàng 3 trong 14 ngày, 9 đơn vị có người chờ`, in the reader's language."""
    parts = []
    source = why["source"]
    if source == Source.TARGET:
        parts.append(gettext(N_("chưa có số bán, lấy theo mức tồn kệ %(n)s"), n=number(why["middle"])))
    elif source == Source.FAIRS:
        parts.append(gettext(N_("các hội chợ trước bán %(n)s mỗi tuần"), n=number(why["per_week"])))
    elif why["per_week"]:
        parts.append(gettext(N_("bán %(n)s mỗi tuần"), n=number(why["per_week"])))
    if source == Source.FORECAST:
        parts.append(gettext(N_("dự báo cần %(low)s đến %(high)s"), low=number(why["low"]), high=number(why["high"])))
    if why["empty_days"]:
        parts.append(gettext(N_("hết hàng %(n)s trong %(days)s ngày"), n=why["empty_days"], days=TOLD_DAYS))
    if why["waiting"]:
        parts.append(gettext(N_("%(n)s đơn vị có người chờ"), n=why["waiting"]))
    if why["asks"]:
        parts.append(gettext(N_("%(n)s đơn vị hỏi mà không có"), n=why["asks"]))
    here, coming = why["there"]
    if here:
        parts.append(gettext(N_("ở đó còn %(n)s"), n=here))
    if coming:
        parts.append(gettext(N_("đang về %(n)s"), n=coming))
    head = gettext(N_("%(place)s nhận %(n)s"), place=place, n=units)
    return f"{head}: {', '.join(parts)}" if parts else head


def short(why: Mapping[str, Any], units: int) -> str:
    """How far a line stays below the floor of fairness, or ''."""
    missing = why["floor"] - sum(why["there"]) - units
    return gettext(N_("dưới sàn công bằng %(n)s đơn vị"), n=number(missing)) if missing >= 0.5 else ""


def change(found: Change) -> str:
    """Which inputs of a line moved."""
    parts = [gettext(_CHANGES[what], before=number(before), now=number(now)) for what, before, now in found.inputs[:4]]
    return ", ".join(parts) or gettext(N_("vì các dòng khác thay đổi"))
