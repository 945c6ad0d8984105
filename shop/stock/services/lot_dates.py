"""What the dates of a lot may be, whichever way they come in."""

from __future__ import annotations

from datetime import date

from shop.kernel import clock
from shop.kernel.errors import N_, Invalid

# The shop sells nothing older, and nothing keeps longer: what lies outside was typed wrong.
EARLIEST = date(2000, 1, 1)
LONGEST_YEARS = 50


def check(produced: date | None, expires: date | None) -> None:
    """Refuse dates that no lot has: production from `EARLIEST` to today, expiry not before it and at most `LONGEST_YEARS`
    after it (after today, where production is not known).

    Raises:
        Invalid: naming `produced_on` or `expires_on`.
    """
    today = clock.today()
    if produced and produced > today:
        raise Invalid(N_("Ngày sản xuất không thể ở tương lai."), field="produced_on")
    if produced and produced < EARLIEST:
        raise Invalid(N_("Ngày sản xuất không thể trước năm %(year)s."), field="produced_on", year=EARLIEST.year)
    if expires is None:
        return
    if produced and expires < produced:
        raise Invalid(N_("Hạn dùng không thể trước ngày sản xuất."), field="expires_on")
    if expires < EARLIEST:
        raise Invalid(N_("Hạn dùng không thể trước năm %(year)s."), field="expires_on", year=EARLIEST.year)
    if expires > clock.add_months(produced or today, 12 * LONGEST_YEARS):
        raise Invalid(N_("Hạn dùng không thể quá %(n)s năm sau ngày sản xuất."), field="expires_on", n=LONGEST_YEARS)
