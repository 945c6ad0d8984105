"""What a booth costs whom."""

from __future__ import annotations

from typing import Any

import pytest

from shop.exhibitions.fees import fee_of
from shop.exhibitions.models.fairs import BoothType, SubsidyFor


def kind(**values: Any) -> BoothType:
    basis: dict[str, Any] = {
        "fee_amount": 6_000_000, "subsidy_for": SubsidyFor.PROVINCE, "subsidy_percent": 100, "subsidy_most_amount": None,
        "min_stars": 3, "makers": 1,
    }  # fmt: skip
    return BoothType(**(basis | values))


@pytest.mark.parametrize(
    ("values", "province", "stars", "told"),
    [
        ({}, "22", 0, (6_000_000, 6_000_000)),
        ({}, "01", 5, (6_000_000, 0)),
        ({}, None, 5, (6_000_000, 0)),
        ({"subsidy_percent": 50}, "22", 0, (6_000_000, 3_000_000)),
        ({"subsidy_most_amount": 4_000_000}, "22", 0, (6_000_000, 4_000_000)),
        ({"subsidy_for": SubsidyFor.STARRED, "min_stars": 4}, "22", 3, (6_000_000, 0)),
        ({"subsidy_for": SubsidyFor.STARRED, "min_stars": 4}, "22", 4, (6_000_000, 6_000_000)),
        ({"subsidy_for": SubsidyFor.STARRED, "min_stars": 4}, "01", 5, (6_000_000, 0)),
        ({"subsidy_for": SubsidyFor.EVERYBODY, "subsidy_percent": 30}, "01", 0, (6_000_000, 1_800_000)),
        ({"subsidy_for": SubsidyFor.NOBODY, "subsidy_percent": 0}, "22", 5, (6_000_000, 0)),
        ({"makers": 3}, "22", 0, (2_000_000, 2_000_000)),
        ({"makers": 4, "fee_amount": 1_000_001}, "01", 0, (250_001, 0)),
        ({"fee_amount": 333_333, "subsidy_percent": 50}, "22", 0, (333_333, 166_667)),
    ],
)
def test_fee_and_subsidy(values: dict[str, Any], province: str | None, stars: int, told: tuple[int, int]) -> None:
    assert fee_of(kind(**values), province, stars) == told
