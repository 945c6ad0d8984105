"""What a booth costs a producer, and what the organiser pays of it, by the rule of its type. Pure: knows no database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from shop.exhibitions.models.fairs import SubsidyFor
from shop.kernel.errors import N_


class Rule(Protocol):
    """What the type of a booth says of its fee; `BoothType` is one."""

    @property
    def fee_amount(self) -> int: ...
    @property
    def subsidy_for(self) -> SubsidyFor: ...
    @property
    def subsidy_percent(self) -> int: ...
    @property
    def subsidy_most_amount(self) -> int | None: ...
    @property
    def min_stars(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Fee:
    """Whole đồng: the fee for the whole fair, what is paid of it for the producer, and why (a msgid and its values)."""

    fee_amount: int
    subsidy_amount: int
    why: str
    values: dict[str, int]

    @property
    def due_amount(self) -> int:
        """What the producer pays."""
        return self.fee_amount - self.subsidy_amount


def fee(rule: Rule, *, in_province: bool, stars: int) -> Fee:
    """The fee of a booth for one producer.

    `in_province`: the producer's commune lies in the organiser's province. `stars`: the highest rating in force among the
    products he brings, 0 for none.
    """
    given = {
        SubsidyFor.NOBODY: False,
        SubsidyFor.PROVINCE: in_province,
        SubsidyFor.STARRED: in_province and stars >= rule.min_stars,
        SubsidyFor.EVERYBODY: True,
    }[rule.subsidy_for]
    if not given:
        why = {
            SubsidyFor.PROVINCE: N_("Chỉ hỗ trợ cơ sở trong tỉnh."),
            SubsidyFor.STARRED: N_("Chỉ hỗ trợ cơ sở trong tỉnh có sản phẩm từ %(stars)s sao còn hạn."),
        }.get(rule.subsidy_for, N_("Loại gian này không được hỗ trợ."))
        return Fee(rule.fee_amount, 0, why, {"stars": rule.min_stars})
    share = (rule.fee_amount * rule.subsidy_percent + 50) // 100  # half up
    most = rule.subsidy_most_amount
    if most is not None and share > most:
        return Fee(
            rule.fee_amount, min(most, rule.fee_amount), N_("Hỗ trợ %(percent)s%%, đến mức cao nhất."), _values(rule)
        )
    return Fee(rule.fee_amount, share, N_("Hỗ trợ %(percent)s%%."), _values(rule))


def _values(rule: Rule) -> dict[str, int]:
    return {"percent": rule.subsidy_percent}
