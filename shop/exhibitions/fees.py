"""What a booth costs a producer, and what of it the organiser pays. Pure; whole đồng."""

from __future__ import annotations

from shop.exhibitions.models.fairs import BoothType, SubsidyFor

# The province whose producers its own fairs pay for.
HOME_PROVINCE = "22"


def fee_of(booth_type: BoothType, producer_province: str | None, best_stars: int) -> tuple[int, int]:
    """(fee, subsidy) in đồng for one maker in a booth of this type.

    The fee of a shared booth is parted among its makers, each part rounded up to a whole đồng. `best_stars` of the best product
    brought whose certificate holds on every day of the fair (0: none).
    """
    fee = -(-booth_type.fee_amount // booth_type.makers)
    if not _for_him(booth_type, producer_province, best_stars):
        return fee, 0
    paid = (fee * booth_type.subsidy_percent + 50) // 100
    if booth_type.subsidy_most_amount is not None:
        paid = min(paid, booth_type.subsidy_most_amount)
    return fee, min(paid, fee)


def _for_him(booth_type: BoothType, province: str | None, stars: int) -> bool:
    home = province == HOME_PROVINCE
    match booth_type.subsidy_for:
        case SubsidyFor.EVERYBODY:
            return True
        case SubsidyFor.PROVINCE:
            return home
        case SubsidyFor.STARRED:
            return home and stars >= booth_type.min_stars
        case _:
            return False
