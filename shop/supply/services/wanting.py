"""What asks and announcements check alike: numbers, whose goods, where and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from shop.kernel.errors import N_, Invalid
from shop.points import queries as points
from shop.receipts import queries as receipts
from shop.supply import rules


def numbers(wanted: Mapping[int, int]) -> None:
    """Raises Invalid: nothing wanted, too many lines, or a number out of range (field `quantity-<variant>`)."""
    if not wanted:
        raise Invalid(N_("Hãy ghi số lượng của ít nhất một quy cách."), field="lines")
    if len(wanted) > rules.MOST_LINES:
        raise Invalid(
            N_("Một phiếu nhiều nhất %(n)s dòng. Hãy chia thành nhiều phiếu."), field="lines", n=rules.MOST_LINES
        )
    for variant_id, n in wanted.items():
        rules.whole(n, 1, rules.MOST_UNITS, f"quantity-{variant_id}")


def goods(producer_id: int, wanted: Mapping[int, int]) -> None:
    """Raises Invalid: a pack that this producer does not make."""
    makers = receipts.makers(list(wanted))
    if any(makers.get(variant_id) != producer_id for variant_id in wanted):
        raise Invalid(N_("Có quy cách không phải của cơ sở sản xuất này."), field="lines")


def place(point_id: int, on: date, field: str) -> None:
    """Raises Invalid: no such point, or it is not open on that day."""
    point = points.by_ids([point_id]).get(point_id)
    if point is None:
        raise Invalid(N_("Hãy chọn điểm nhận hàng."), field="point")
    if not point.is_open_on(on):
        raise Invalid(N_("Ngày đó điểm bán không hoạt động."), field=field)
