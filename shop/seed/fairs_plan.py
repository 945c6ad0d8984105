"""A fair of the demonstration that is being prepared: the spring fair before the next Tết, announced, with its plan and budget.

Days, plan and amounts are made up and marked so. That the province pays the whole fee of its own producers, 6.000.000 ₫ a
booth, was so in 2015
(https://nongthonmoi.hatinh.gov.vn/thong-tin-khac/Lan-dau-tien-Quang-Ninh-to-chuc-hoi-cho-Moi-xa-phuong-mot-san-pham-33983.html).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import select

from shop.demand import lunar
from shop.exhibitions.models.fairs import BudgetSide, Exhibition, FairKind, FeatureKind, SubsidyFor, ZoneColour
from shop.exhibitions.plan import Direction, row
from shop.exhibitions.services import budget, fairs, plan
from shop.exhibitions.services.budget import LineDraft
from shop.exhibitions.services.plan import BoothDraft, Drawing, FeatureDraft, Hall, TypeDraft, ZoneDraft
from shop.kernel import clock
from shop.kernel.db import session
from shop.places.models import HOME_PROVINCE
from shop.seed.staff import Staff
from shop.seed.then import Past

DAY = timedelta(days=1)
# The fair begins so many days before Tết and lasts so many; the call ends so many days before its first day.
BEFORE_TET, LASTS, CALL_ENDS = 10, 6, 35
# A fair that begins earlier than this cannot be called for any more: the demonstration then prepares that of the next year.
NOTICE = 45
HALL = Hall(54, 36, 100)

_CALL = """Cơ sở có sản phẩm OCOP hoặc đặc sản của địa phương đều đăng ký được.
Cần có: giấy chứng nhận còn hạn của sản phẩm; giấy tờ an toàn thực phẩm còn hạn đến hết hội chợ; danh mục hàng mang theo."""
_CALL_EN = """Any producer with OCOP products or local specialities may apply.
You need: certificates in force, food-safety papers valid to the end of the fair, a list of the goods you plan to bring."""


def spring(today: date) -> date:
    """The first day of the spring fair that can still be prepared on `today`."""
    days = (lunar.tet(year) - BEFORE_TET * DAY for year in range(today.year, today.year + 3))
    return next(day for day in days if day >= today + NOTICE * DAY)


def load(staff: Staff, home: str) -> str:
    """Write the fair down, draw its plan, announce it; return its address. Goods come from the point `home`."""
    officer, first = staff.people["xuctien"], spring(clock.business_day(staff.now))
    past = Past(staff.rng)
    with past.at(staff.day(21, 9)):
        draft = fairs.Draft(
            name=f"Hội chợ OCOP Quảng Ninh – Xuân {first.year} (minh họa)",
            name_en=f"Quảng Ninh OCOP Fair, Spring {first.year} (demonstration)",
            kind=FairKind.PROVINCIAL,
            from_on=first,
            to_on=first + LASTS * DAY,
            day_opens="08:00",
            day_closes="21:30",
            venue="Cung Quy hoạch, Hội chợ và Triển lãm tỉnh",
            province_code=HOME_PROVINCE,
            organiser="Ban tổ chức hội chợ (minh họa)",
            description="Hội chợ Xuân trước Tết Nguyên đán: đặc sản các xã, phường, đặc khu trong tỉnh và các tỉnh bạn.",
            description_en="The spring fair before Tết: specialities of the province's communes, wards and special zones, and "
            "of other provinces.",
            call_from_on=clock.business_day(staff.now) - 14 * DAY,
            call_to_on=first - CALL_ENDS * DAY,
            call_text=_CALL,
            call_text_en=_CALL_EN,
            home_point_id=staff.points[home],
        )
        slug = fairs.create(officer, draft, "seed:demo:fair", is_demo=True)
    fair_id = session().scalars(select(Exhibition.id).where(Exhibition.slug == slug)).one()
    with past.at(staff.day(18, 14)):
        _draw(staff, fair_id)
        _budget(staff, fair_id)
    with past.at(staff.day(14, 8)):
        fairs.announce(officer, fair_id, "seed:demo:fair-announced")
    return slug


def _draw(staff: Staff, fair_id: int) -> None:
    officer, version = staff.people["xuctien"], 0
    zones = {}
    for code, name, english, colour in (
        ("T", "Khu các xã, phường, đặc khu trong tỉnh", "Communes, wards and special zones", ZoneColour.SEA),
        ("N", "Khu các tỉnh bạn", "Other provinces", ZoneColour.TEA),
        ("L", "Khu làng nghề, quà lưu niệm", "Crafts and souvenirs", ZoneColour.GOLD),
        ("U", "Khu ẩm thực", "Food court", ZoneColour.KILN),
    ):
        zones[code] = plan.put_zone(officer, fair_id, None, ZoneDraft(code, name, colour, english), seen=version)
        version += 1
    standard = TypeDraft(
        "Gian tiêu chuẩn", 3, 3, 6_000_000, subsidy_for=SubsidyFor.PROVINCE, subsidy_percent=100, power_watts=500,
        name_en="Standard booth",
    )  # fmt: skip
    kinds = {}
    for key, kind in {
        "standard": standard,
        "shared": replace(standard, name="Gian chung", name_en="Shared booth", makers=3),
        "cold": TypeDraft(
            "Gian có tủ đông", 3, 3, 7_500_000, subsidy_for=SubsidyFor.STARRED, subsidy_percent=100, min_stars=3,
            subsidy_most_amount=6_000_000, power_watts=2_000, cold=True, name_en="Booth with freezer",
        ),
        "food": TypeDraft("Gian ẩm thực", 4, 3, 8_000_000, power_watts=3_000, water=True, name_en="Food booth"),
    }.items():  # fmt: skip
        kinds[key] = plan.put_type(officer, fair_id, None, kind, seen=version)
        version += 1

    def booths(first: str, count: int, x: int, y: int, kind: str, zone: str, down: bool = False) -> list[BoothDraft]:
        columns, rows = (4, 3) if kind == "food" else (3, 3)
        made = row(first, count, x, y, columns, rows, Direction.DOWN if down else Direction.RIGHT)
        return [BoothDraft(None, s.name, kinds[kind], zones[zone], s.x, s.y, s.columns, s.rows) for s in made]

    wanted = Drawing(
        HALL,
        (
            *booths("A1", 10, 3, 4, "standard", "T"),
            *booths("A11", 2, 33, 4, "cold", "T"),
            *booths("B1", 10, 3, 7, "standard", "T"),
            *booths("B11", 2, 33, 7, "shared", "T"),
            *booths("C1", 12, 3, 14, "standard", "N"),
            *booths("D1", 12, 3, 17, "standard", "N"),
            *booths("E1", 8, 3, 24, "standard", "L"),
            *booths("F1", 6, 46, 6, "food", "U", down=True),
        ),
        (
            FeatureDraft(None, FeatureKind.AISLE, 3, 10, 36, 4),
            FeatureDraft(None, FeatureKind.AISLE, 3, 20, 36, 4),
            FeatureDraft(None, FeatureKind.AISLE, 40, 2, 4, 32, "Lối chính", "Main aisle"),
            FeatureDraft(None, FeatureKind.STAGE, 10, 30, 16, 5, "Sân khấu", "Stage"),
            FeatureDraft(None, FeatureKind.ENTRANCE, 39, 35, 6, 1),
            FeatureDraft(None, FeatureKind.EXIT, 0, 11, 1, 3),
            FeatureDraft(None, FeatureKind.DESK, 46, 30, 6, 3),
            FeatureDraft(None, FeatureKind.CASHIER, 30, 24, 6, 3, "Thu ngân chung", "Shared cashier"),
            FeatureDraft(None, FeatureKind.FIRST_AID, 46, 26, 4, 3),
            FeatureDraft(None, FeatureKind.TOILET, 1, 32, 6, 3),
        ),
    )
    plan.save(officer, fair_id, wanted, seen=version)


def _budget(staff: Staff, fair_id: int) -> None:
    officer = staff.people["xuctien"]
    province = "Ngân sách tỉnh (minh họa)"
    for n, line in enumerate(
        (
            LineDraft(BudgetSide.COST, "Thuê mặt bằng, dựng gian", 620_000_000, funder=province),
            LineDraft(BudgetSide.COST, "Điện, nước, vệ sinh, an ninh", 140_000_000, funder=province),
            LineDraft(BudgetSide.COST, "Sân khấu, khai mạc, biểu diễn", 180_000_000, funder=province),
            LineDraft(BudgetSide.COST, "Truyền thông, in ấn", 90_000_000, 42_500_000, province, "Đã in đợt đầu"),
            LineDraft(BudgetSide.INCOME, "Phí gian của cơ sở ngoài tỉnh", 144_000_000, funder="Cơ sở tham gia"),
            LineDraft(BudgetSide.INCOME, "Tài trợ", 60_000_000, 30_000_000, "Doanh nghiệp tài trợ (minh họa)"),
        )
    ):
        budget.add(officer, fair_id, line, f"seed:demo:fair-budget-{n}")
