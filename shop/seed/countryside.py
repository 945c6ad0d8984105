"""New-rural communes of the demonstration: real communes of July 2025, what is said of them is made up and marked as such."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select

from shop.kernel import clock, operations
from shop.kernel.actor import Actor
from shop.kernel.db import transaction
from shop.places import queries as places
from shop.programme.models.ntm import NtmAssessment, NtmRecord, NtmStatus
from shop.programme.queries import ntm as queries
from shop.programme.services import ntm
from shop.programme.services.ntm import Finding

PASSED, FAILED = NtmStatus.PASSED, NtmStatus.FAILED
# What stands in the way, by criterion of Decision 51/2025/QĐ-TTg: (what is measured, what is asked).
_SHORT = {
    2: ("còn 4,2 km đường thôn chưa cứng hóa", None),
    3: ("1 sản phẩm OCOP, hợp tác xã chưa có hợp đồng bao tiêu", None),
    4: ("61,5 % lao động qua đào tạo", None),
    5: ("91,8 % người dân có bảo hiểm y tế", None),
    6: ("3,4 % hộ nghèo đa chiều", None),
    7: ("48 % dịch vụ công nộp qua mạng", None),
    8: ("nghĩa trang chưa theo quy hoạch; 82 % rác được thu gom", None),
}
# How many days ago the recognised ones were: the months' reports count them one after another.
_RECOGNISED = {"07054": 95, "06862": 62, "06895": 20}
# Code of the commune, its group, the criteria that are short, how many were looked at (10: all), what became of it.
_COMMUNES: tuple[tuple[str, int | None, tuple[int, ...], int, str], ...] = (
    ("07054", 2, (), 10, "recognised"),
    ("06862", 1, (), 10, "recognised"),
    ("06895", 2, (), 10, "recognised"),
    ("06922", 1, (), 10, "ready"),
    ("07060", 2, (5, 8), 10, ""),
    ("06877", 2, (5,), 10, ""),
    ("06886", 2, (4, 8), 10, ""),
    ("06733", 2, (8,), 10, ""),
    ("06838", 3, (4, 5, 6), 10, ""),
    ("06970", 3, (2, 4, 5, 6, 8), 10, ""),
    ("06985", 3, (3, 4, 6, 7), 9, ""),
    ("06979", 3, (2, 4, 6), 8, ""),
    ("06841", 3, (5, 7), 6, ""),
    ("06913", 2, (5, 8), 7, ""),
    ("06967", None, (), 0, ""),
    ("06757", 2, (2,), 3, "withdrawn"),
)


def load(province: Actor, officer: Actor) -> None:
    """Communes aim at this year, by the room's own commands; none where the year has other criteria than those above."""
    today = clock.today()
    year = today.year
    criteria = queries.criteria(year)
    if len(criteria) != 10:
        return
    here = {u.code for u in places.communes("22", today)}
    begun = min(date(year, 2, 20), today)
    for code, group, short, seen, fate in _COMMUNES:
        if code not in here:
            continue
        ntm.register(province, code, year, begun, operations.new_key(), group=group, is_demo=True)
        # Those that a decision recognises were looked at in good time before it.
        early = _RECOGNISED.get(code, 0)
        for n in range(1, seen + 1):
            looked = max(begun, today - timedelta(days=early + 150 - 11 * n))
            if n in short:
                value, threshold = _SHORT[n]
                finding = Finding(FAILED, value, threshold, "Số liệu minh họa.", looked)
            else:
                finding = Finding(PASSED, None, None, "Số liệu minh họa.", looked)
            ntm.assess(officer, code, year, n, finding, seen=0)
        if fate == "recognised":
            decided = max(begun, today - timedelta(days=early))
            ntm.recognise(province, code, year, f"{2100 + int(code) % 90}/QĐ-UBND (minh họa)", decided)
        elif fate == "withdrawn":
            ntm.withdraw(province, code, year, "Chuyển sang năm sau vì chưa xong đường ra bến (số liệu minh họa).")
    _in_their_time()


def _in_their_time() -> None:
    """What was found was said on the day of looking, not all of it today."""
    with transaction() as s:
        mine = select(NtmAssessment).join(NtmRecord).where(NtmRecord.is_demo.is_(True))
        for row in s.scalars(mine):
            if row.assessed_on is not None:
                row.said_at = clock.start_of(row.assessed_on) + timedelta(hours=9)
