"""What staff may set about the wait list, and how long goods are kept."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from shop.kernel import clock, settings
from shop.kernel.errors import N_

OFFER_HOURS = settings.define(
    "waiting.offer_hours",
    24,
    N_("Giữ hàng cho người chờ trong (giờ)"),
    hint=N_("Không tính từ 22 giờ đến 7 giờ. Hết hạn thì hàng sang người chờ tiếp theo."),
    low=1,
    high=168,
)
MOST_LAPSES = settings.define(
    "waiting.most_lapses",
    2,
    N_("Bỏ lỡ mấy lần giữ hàng thì mất chỗ chờ"),
    hint=N_("Trước đó, mỗi lần bỏ lỡ thì chuyển xuống cuối hàng chờ."),
    low=1,
    high=10,
)
CONFIRM_HOURS = settings.define(
    "waiting.confirm_hours",
    72,
    N_("Chờ người đăng ký xác nhận e-mail trong (giờ)"),
    low=1,
    high=720,
)
KEEP_DAYS = settings.define(
    "waiting.keep_days",
    90,
    N_("Giữ liên hệ của người đã thôi chờ trong (ngày)"),
    hint=N_("Sau thời gian này, e-mail và số điện thoại được xóa; con số thống kê ở lại."),
    low=1,
    high=730,
)

# Nobody is asked to decide at night: these hours do not count.
NIGHT_BEGINS, NIGHT_ENDS = time(22), time(7)
# Between the end of an offer's term and the end of its claim: the wait list passes the goods on within this time, so that
# stock's own sweep never gives them to the shelf in between. Less than what `flask audit` allows a claim after its term.
GRACE = timedelta(minutes=4)


def until(begin: datetime, hours: int) -> datetime:
    """The instant (UTC) at which `hours` of daytime (7 to 22 o'clock in Vietnam) have passed since `begin`."""
    left = timedelta(hours=hours)
    at = begin.astimezone(clock.VIETNAM)
    while True:
        if at.time() >= NIGHT_BEGINS:
            at = datetime.combine(at.date() + timedelta(days=1), NIGHT_ENDS, clock.VIETNAM)
        elif at.time() < NIGHT_ENDS:
            at = datetime.combine(at.date(), NIGHT_ENDS, clock.VIETNAM)
        night = datetime.combine(at.date(), NIGHT_BEGINS, clock.VIETNAM)
        if night - at >= left:
            return (at + left).astimezone(begin.tzinfo)
        left -= night - at
        at = night
