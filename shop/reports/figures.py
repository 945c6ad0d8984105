"""What a monthly report counts: each figure with its name, kind and section. Pure.

A figure is the sum of its rows, and its rows are kept beside it: whoever reads a number can open what it is made of, in a
frozen version too.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shop.kernel.errors import N_
from shop.producers.models import LEGAL_FORM_NAMES

COUNT, MONEY = "count", "money"
# As of the last day of the month, or over the month.
STOCK, FLOW = "stock", "flow"


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the report: `part` says which section it stands in, `over` whether it is as of a day or over the month,
    `beneath` that it is a part of the figure above it."""

    key: str
    label: str
    part: str
    kind: str = COUNT
    over: str = STOCK
    beneath: str = ""


PARTS = {
    "makers": N_("Chủ thể, sản phẩm, điểm bán"),
    "sales": N_("Tiêu thụ qua Chợ Bến"),
    "demand": N_("Hội chợ, nhu cầu chưa đáp ứng"),
    "papers": N_("Giấy tờ sắp hết hạn"),
    "programme": N_("Chương trình, nông thôn mới"),
}

_ALL = [
    Figure("producers", N_("Chủ thể OCOP"), "makers"),
    *(
        Figure(f"producers.{form.value}", name, "makers", beneath="producers")
        for form, name in LEGAL_FORM_NAMES.items()
    ),
    Figure("producers.unknown", N_("Chưa rõ loại hình"), "makers", beneath="producers"),
    Figure("producers.new", N_("Chủ thể mới trong tháng"), "makers", over=FLOW),
    # What was told of producers up to the day; without a word of anybody they are missing, not 0.
    Figure("told.jobs", N_("Lao động của chủ thể, theo số đã ghi"), "makers"),
    Figure("told.turnover", N_("Doanh thu 12 tháng của chủ thể, theo số đã ghi"), "makers", MONEY),
    Figure("products", N_("Sản phẩm đang giới thiệu"), "makers"),
    Figure("stars", N_("Sản phẩm có chứng nhận còn hiệu lực"), "makers"),
    Figure("stars.5", N_("5 sao"), "makers", beneath="stars"),
    Figure("stars.4", N_("4 sao"), "makers", beneath="stars"),
    Figure("stars.3", N_("3 sao"), "makers", beneath="stars"),
    Figure("points", N_("Điểm bán đang mở"), "makers"),
    Figure("sales", N_("Doanh thu qua Chợ Bến"), "sales", MONEY, FLOW),
    Figure("sales.web", N_("Trên mạng"), "sales", MONEY, FLOW, "sales"),
    Figure("sales.counter", N_("Tại điểm bán"), "sales", MONEY, FLOW, "sales"),
    Figure("sales.fair", N_("Tại hội chợ"), "sales", MONEY, FLOW, "sales"),
    Figure("sales.outside", N_("Gửi ra ngoài tỉnh"), "sales", MONEY, FLOW),
    Figure("selling", N_("Sản phẩm bán được trong tháng"), "sales", COUNT, FLOW),
    Figure("fairs", N_("Lượt chủ thể dự hội chợ"), "demand", COUNT, FLOW),
    Figure("unmet", N_("Lượt hỏi mua mà không có"), "demand", COUNT, FLOW),
    Figure("unmet.lost", N_("Ước doanh thu mất vì thiếu hàng"), "demand", MONEY, FLOW),
    Figure("ending.certificates", N_("Chứng nhận hết hạn trong 180 ngày"), "papers"),
    Figure("ending.papers", N_("Giấy tờ khác hết hạn trong 60 ngày"), "papers"),
    Figure("ntm.registered", N_("Xã đăng ký nông thôn mới trong năm"), "programme"),
    Figure("ntm.recognised", N_("Xã được công nhận trong năm"), "programme"),
    Figure("boards", N_("Ban chỉ đạo OCOP"), "programme"),
    Figure("helpers", N_("Tổ giúp việc"), "programme"),
    Figure("steps.done", N_("Bước của chu trình đã xong"), "programme"),
    Figure("blockers", N_("Vướng mắc đang mở"), "programme"),
]
FIGURES: dict[str, Figure] = {figure.key: figure for figure in _ALL}
# What only the locality knows.
OWN = {
    "turnover": Figure("turnover", N_("Doanh thu của các chủ thể ở mọi kênh"), "own", MONEY, FLOW),
    "jobs": Figure("jobs", N_("Lao động thường xuyên của các chủ thể"), "own"),
    "reached": Figure("reached", N_("Lượt người dự họp, tập huấn"), "own", COUNT, FLOW),
}
TEXTS = {
    "done": N_("Việc đã làm trong tháng"),
    "next": N_("Việc làm tháng sau"),
    "support": N_("Đề nghị với tỉnh"),
}
# Of these a locality may know better: its own number stands beside the system's, with the reason.
MAY_DIFFER = ("producers", *(f"producers.{form.value}" for form in LEGAL_FORM_NAMES), "products", "stars", "points")
MAY_BE_PLANNED = ("producers", "products", "stars", "points", "sales")


@dataclass(frozen=True, slots=True)
class Row:
    """What a figure is made of: its name, the page of it (a path without language, empty: none), what it counts for, a word."""

    name: str
    path: str = ""
    value: int = 1
    note: str = ""

    def stored(self) -> list[Any]:
        """As plain values."""
        return [self.name, self.path, self.value, self.note]


@dataclass(slots=True)
class Counted:
    """The figures of one locality with their rows."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    # What cannot be counted of this span: without rows it is left out, for 0 would claim that somebody counted.
    silent: frozenset[str] = frozenset()

    def add(self, key: str, row: Row) -> None:
        """Count a row into a figure.

        Raises:
            KeyError: there is no such figure.
        """
        self.rows[FIGURES[key].key].append(row)

    @property
    def figures(self) -> dict[str, int]:
        """All figures; what has no rows is 0, or missing if nobody can count it."""
        return {
            key: sum(row.value for row in self.rows.get(key, ()))
            for key in FIGURES
            if self.rows.get(key) or key not in self.silent
        }

    def stored(self) -> dict[str, Any]:
        """Figures and rows as plain values."""
        return {
            "figures": self.figures,
            "rows": {
                key: [row.stored() for row in sorted(rows, key=lambda r: (-r.value, r.name, r.path))]
                for key, rows in self.rows.items()
                if rows
            },
        }


def total(found: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The sum of several localities' figures; what none of them has is missing."""
    sums: dict[str, int] = {}
    for figures in found:
        for key, value in figures.items():
            if key in FIGURES:
                sums[key] = sums.get(key, 0) + value
    return sums


def digest(content: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of a frozen content, whatever the order of its keys."""
    spelt = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(spelt.encode()).hexdigest()


def contradictions(
    figures: Mapping[str, int], own: Mapping[str, int], differs: Mapping[str, int]
) -> list[tuple[str, str]]:
    """What a locality's own numbers contradict: (field, sentence). `differs` are those beside the system's."""
    found = []
    if "turnover" in own and own["turnover"] < figures.get("sales", 0):
        found.append(("turnover", N_("Doanh thu mọi kênh không thể nhỏ hơn doanh thu qua Chợ Bến.")))
    held = {**dict.fromkeys(FIGURES, 0), **figures, **differs}
    forms = [key for key in FIGURES if FIGURES[key].beneath == "producers"]
    if any(key in differs for key in ("producers", *forms)) and held["producers"] != sum(held[key] for key in forms):
        found.append(("differs_producers", N_("Tổng số chủ thể không bằng cộng các loại hình.")))
    if held["stars"] > held["products"]:
        found.append(("differs_stars", N_("Sản phẩm có chứng nhận không thể nhiều hơn sản phẩm.")))
    if "jobs" in own and own["jobs"] > 0 and held["producers"] == 0:
        found.append(("jobs", N_("Chưa có chủ thể nào thì chưa có lao động để ghi.")))
    return found
