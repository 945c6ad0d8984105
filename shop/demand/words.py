"""Why a forecast is what it is, said to people in their language."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext, ngettext

from shop.demand import lunar
from shop.kernel.charts import number
from shop.kernel.errors import N_

METHOD_NAMES = {
    "gp-0.8": N_("mức bán mấy tuần gần nhất"),
    "gp-0.88": N_("mức bán hai tháng gần nhất"),
    "gp-0.93": N_("mức bán ba tháng gần nhất"),
    "gp-0.965": N_("mức bán nửa năm gần nhất"),
    "gp-0.985": N_("mức bán một năm gần nhất"),
    "gp-1": N_("mức bán của cả thời gian"),
    "sba": N_("Croston (SBA), cho hàng bán thưa"),
    "tsb": N_("TSB, cho hàng bán thưa dần"),
}
MEASURED_NAMES = {
    "chosen": N_("Dự báo này"),
    "naive": N_("Lấy bốn tuần vừa qua"),
    "seasonal": N_("Lấy cùng tuần năm ngoái"),
    "uncorrected": N_("Trung bình nửa năm chưa sửa"),
}
FESTIVAL_NAMES = {
    "tet": N_("Tết Nguyên đán"),
    "nguyen-tieu": N_("Rằm tháng Giêng"),
    "doan-ngo": N_("Tết Đoan ngọ"),
    "vu-lan": N_("Rằm tháng Bảy (Vu lan)"),
    "trung-thu": N_("Tết Trung thu"),
}
AHEAD = timedelta(weeks=13)


def method(name: str) -> str:
    """A method's name."""
    return gettext(METHOD_NAMES[name]) if name in METHOD_NAMES else name


def measured(name: str) -> str:
    """The name of what stands on the page of quality."""
    return gettext(MEASURED_NAMES[name]) if name in MEASURED_NAMES else method(name)


def festivals(first: date) -> list[tuple[str, date, int]]:
    """(name, day, weeks from `first`) of the lunar festivals within the weeks ahead, the next first."""
    found = []
    for year in (first.year - 1, first.year, first.year + 1):
        for f in lunar.FESTIVALS:
            day = lunar.day_of(year, f.month, f.day)
            if first <= day < first + AHEAD:
                found.append((gettext(FESTIVAL_NAMES[f.key]), day, (day - first).days // 7))
    return sorted(found, key=lambda f: f[1])


def say(reasons: Sequence[Sequence[Any]], first: date, unit: str) -> list[str]:
    """Sentences, the weightiest first. `first`: the Monday of the first week ahead; `unit`: what is counted (`gói`)."""
    said = []
    for word, *values in reasons:
        sentence = _SAY[word](values, first, unit) if word in _SAY else ""
        if sentence:
            said.append(sentence)
    return said


LEVEL, YEAR, BEFORE, PRICE = N_("mức thường"), N_("mức cả năm"), N_("ba tháng trước"), N_("giá thường")


def _against(n: int, what: str = LEVEL) -> str:
    """How far something is from what is usual."""
    if n >= 0:
        return gettext("cao hơn %(what)s %(n)s %%", what=gettext(what), n=n)
    return gettext("thấp hơn %(what)s %(n)s %%", what=gettext(what), n=-n)


def _day(raw: str) -> str:
    return date.fromisoformat(raw).strftime("%d/%m/%Y")


def _level(v: list[Any], _f: date, unit: str) -> str:
    return gettext(
        "Mức thường: khoảng %(n)s %(unit)s mỗi tuần.",
        n=number(v[0]) if v[0] >= 0.1 else str(v[0]).replace(".", ","),
        unit=unit,
    )


def _new(v: list[Any], _f: date, _u: str) -> str:
    return ngettext(
        "Mới bán %(num)s tuần: %(p)s %% của mức này mượn từ sản phẩm cùng bộ và các điểm khác.",
        "Mới bán %(num)s tuần: %(p)s %% của mức này mượn từ sản phẩm cùng bộ và các điểm khác.",
        v[0], p=v[1],
    )  # fmt: skip


def _tet(v: list[Any], first: date, _u: str) -> str:
    week = (first + timedelta(weeks=v[2])).strftime("%d/%m")
    return gettext("Tết Nguyên đán %(day)s: tuần từ %(week)s %(p)s.", day=_day(v[0]), week=week, p=_against(v[1]))


def _season(v: list[Any], _f: date, _u: str) -> str:
    return gettext("Mùa: tháng %(m)s thường %(p)s.", m=v[0], p=_against(v[1], YEAR))


def _fair(v: list[Any], _f: date, _u: str) -> str:
    if v[0] == 0:
        return gettext("Tuần này có hội chợ trong tỉnh: theo các kỳ trước, khi có hội chợ %(p)s.", p=_against(v[1]))
    return gettext(
        "Hội chợ trong tỉnh sau %(n)s tuần: theo các kỳ trước, khi có hội chợ %(p)s.", n=v[0], p=_against(v[1])
    )


def _price(v: list[Any], _f: date, _u: str) -> str:
    return gettext("Giá %(a)s, vì vậy mức bán %(b)s.", a=_against(v[0], PRICE), b=_against(v[1]))


def _method(v: list[Any], _f: date, _u: str) -> str:
    if len(v) > 1 and v[1] > 0:
        return gettext(
            "Cách tính: %(m)s; thử lại trên quá khứ, sai ít hơn %(p)s %% so với lấy mức bán cả năm.",
            m=method(v[0]),
            p=v[1],
        )
    return gettext(
        "Cách tính: %(m)s; được chọn vì thử lại trên quá khứ của nhóm hàng cùng cỡ sai ít nhất.", m=method(v[0])
    )


_SAY: dict[str, Any] = {
    "level": _level,
    "no-history": lambda v, _f, _u: gettext(
        "Chưa có lịch sử ở nơi này: mức này mượn của sản phẩm ấy ở nơi khác và của sản phẩm cùng bộ."
    ),
    "new": _new,
    "lean": lambda v, _f, _u: gettext(
        "Ít số liệu: %(p)s %% của mức này mượn từ sản phẩm cùng bộ và các điểm khác.", p=v[0]
    ),
    "no-sale": lambda v, _f, _u: gettext("Một năm qua không bán được đơn vị nào, dù có hàng %(n)s tuần.", n=v[0]),
    "one-sale": lambda v, _f, _u: gettext("Một năm qua chỉ bán được một đơn vị: con số này chỉ là ước chừng."),
    "empty": lambda v, _f, _u: gettext(
        "Hết hàng %(a)s trên %(b)s ngày gần nhất: nhu cầu ước theo những ngày còn hàng.", a=v[0], b=v[1]
    ),
    "trend": lambda v, _f, _u: gettext("Xu hướng: %(p)s.", p=_against(v[0], BEFORE)),
    "season": _season,
    "tet": _tet,
    "fair": _fair,
    "price": _price,
    "closed": lambda v, _f, _u: gettext("Nơi bán đóng cửa trong các tuần tới (từ tuần %(day)s).", day=_day(v[0])),
    "brought": lambda v, _f, _u: gettext("Có %(n)s tuần số liệu cũ từ trước khi mở cửa hàng.", n=v[0]),
    "method": _method,
}
