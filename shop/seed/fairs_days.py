"""The fair of the demonstration that is over: its two booths with who stood there, its visitors, buyers and one incident.

What was sold there is told by `booths`; all numbers here are made up and marked so.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import timedelta

from sqlalchemy import select

from shop.exhibitions.models.calls import (
    Stand,
)
from shop.exhibitions.models.days import ContactKind, IncidentKind, Severity
from shop.exhibitions.models.fairs import (
    Booth,
    Exhibition,
    FairKind,
)
from shop.exhibitions.queries import days as reads
from shop.exhibitions.services import booths, days, fairs
from shop.exhibitions.services.booths import Terms
from shop.exhibitions.services.days import Happened, Met
from shop.kernel import clock
from shop.kernel.db import session
from shop.places.models import HOME_PROVINCE
from shop.seed import fairs_stands
from shop.seed.staff import Staff
from shop.seed.then import Past

# Visitors of the two gates by the hour, from eight in the morning to ten at night: a quiet day; evenings are full.
USUAL = (40, 70, 110, 120, 80, 60, 90, 130, 190, 280, 360, 390, 300, 150)
SHARE = {"Cổng chính": 0.7, "Cổng bãi xe": 0.3}


def plan(
    staff: Staff, name: str, first: int, end: int, brought: Mapping[str, Mapping[str, int]], home: int
) -> dict[str, int]:
    """Write the fair down as it was prepared, and put its days on the list of what is to be done. `brought`: units by SKU and
    booth's code. Return the points of its booths by their codes."""
    rng = random.Random(f"demo:fair-days:{name}")
    office = staff.people["xuctien"]
    key, makers = fairs_stands.keys(rng), fairs_stands.of_booths(staff, brought)
    with Past(rng).at(staff.day(first + 60, 9)):
        fair = _announced(staff, name, first, end, home)
        fairs_stands.draw(fair, tuple(brought))
    with Past(rng).at(staff.day(first + 57, 10)):
        fairs_stands.plan_budget(staff, fair)
    with Past(rng).at(staff.day(first + 50, 10)):
        fairs_stands.apply(staff, fair, makers)
    with Past(rng).at(staff.day(first + 38, 14)):
        fairs_stands.look(staff, fair)
    with Past(rng).at(staff.day(first + 30, 15)):
        fairs_stands.give_out(staff, fair, makers, key)
        fairs_stands.agree(staff, fair, key)
    with Past(rng).at(staff.day(first + 9, 10)):
        booths.prepare(office, fair.id, Terms(days_before=9, days_after=1))
        days.add_gate(office, fair.id, "Cổng bãi xe")
        fairs_stands.promise(staff, fair, key)

    def later(ago: int, hour: int, act: Callable[[], object], minute: int = 0) -> None:
        """Do something then, with a chance of its own: what the booths sell stays as it is told."""

        def do() -> None:
            with Past(rng).at(clock.now()):
                act()

        staff.then(staff.day(ago, hour, minute), do)

    later(first, 7, lambda: booths.open_fair(office, fair.id), 45)
    for ago in range(first, end, -1):
        later(ago, 22, lambda ago=ago: _visitors(staff, fair, ago, first, rng), 20)  # type: ignore[misc]
    _buyers(staff, fair, later, first, rng)
    told = Happened(
        IncidentKind.COLD, Severity.HIGH, "Tủ mát của gian TY1 ngừng chạy, hàng lạnh phải gửi nhờ gian bên.", None
    )
    later(first - 1, 18, lambda: days.report_incident(office, fair.id, told, _key(rng)), 10)
    later(first - 1, 19, lambda: _settled(staff, fair), 25)
    found = session().execute(select(Booth.code, Booth.point_id).where(Booth.exhibition_id == fair.id))
    return {code: int(point_id or 0) for code, point_id in found}


def _key(rng: random.Random) -> str:
    return f"seed:demo:{rng.getrandbits(64):016x}"


def _announced(staff: Staff, name: str, first: int, end: int, home: int) -> Exhibition:
    today = clock.business_day(staff.now)
    from_on = today - timedelta(days=first)
    draft = fairs.Draft(
        name=name,
        kind=FairKind.PROVINCIAL,
        from_on=from_on,
        to_on=today - timedelta(days=end),
        day_opens="08:00",
        day_closes="22:00",
        venue="Quảng trường 30/10",
        address="phường Hồng Gai (minh họa)",
        province_code=HOME_PROVINCE,
        organiser="Ban tổ chức hội chợ (minh họa)",
        call_from_on=from_on - timedelta(days=55),
        call_to_on=from_on - timedelta(days=35),
        home_point_id=home,
    )
    office = staff.people["xuctien"]
    slug = fairs.create(office, draft, "seed:demo:fair-days", is_demo=True)
    fair = session().scalars(select(Exhibition).where(Exhibition.slug == slug)).one()
    fairs.announce(office, fair.id, "seed:demo:fair-days-announce")
    return fair


def _visitors(staff: Staff, fair: Exhibition, ago: int, first: int, rng: random.Random) -> None:
    """What the gates counted on one day: most on the first evening and at the week's end."""
    day = clock.business_day(staff.day(ago))
    busy = 1.5 if ago == first else 1.3 if day.weekday() >= 5 else 1.0
    for gate in reads.gates(fair.id):
        numbers = {
            8 + n: round(usual * busy * SHARE.get(gate.name, 0.5) * rng.uniform(0.85, 1.15))
            for n, usual in enumerate(USUAL)
        }
        days.type_hours(staff.people["xuctien"], fair.id, gate.id, day, dict(numbers))


def _buyers(staff: Staff, fair: Exhibition, later: Callable[..., None], first: int, rng: random.Random) -> None:
    """A few trade buyers, each of whom agreed to be written down."""
    makers = list(
        session().scalars(
            select(Stand.producer_id).where(Stand.exhibition_id == fair.id).order_by(Stand.id)
        )
    )  # fmt: skip
    met = (
        (1, 15, ContactKind.AGREEMENT, "Vũ Thị Hạnh", "Siêu thị (minh họa)", "300 phần một tháng", 45_000_000),
        (2, 10, ContactKind.CONTACT, "Đặng Quốc Bảo", "Nhà hàng Vịnh Lặng (minh họa)", "Xin báo giá và mẫu thử", None),
        (3, 16, ContactKind.AGREEMENT, "Lò Thị Mai", "Cửa hàng quà (minh họa)", "Quà Tết, giao trước rằm", 80_000_000),
        (4, 11, ContactKind.CONTACT, "Bùi Văn Tín", "", "Đại lý ở Hải Phòng, muốn lấy hàng ký gửi", None),
    )  # fmt: skip
    follow = clock.business_day(staff.now) + timedelta(days=7)
    for n, (after, hour, kind, name, company, what, value) in enumerate(met):
        one = Met(makers[n % len(makers)], kind, name, what, company, "", "", None, value, follow)
        later(
            first - after, hour,
            lambda one=one: days.meet(
                staff.people["xuctien"], fair.id, one, consent=days.CONSENT, op_key=_key(rng), is_demo=True
            ),
        )  # fmt: skip


def _settled(staff: Staff, fair: Exhibition) -> None:
    for row in reads.incidents(fair.id):
        days.resolve(staff.people["xuctien"], row.i.reference, "Thay cầu chì, đặt thêm một tủ dự phòng cạnh gian.")
