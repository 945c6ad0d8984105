"""A few months of reports: most localities have none, one was returned, one is late; made up, and marked as such."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import update

from shop.cycle import localities
from shop.cycle.calendar import SOURCE, offered
from shop.cycle.models.ideas import DocumentKind, IdeaKind, IdeaState, MeetingKind
from shop.cycle.models.steps import BoardKind, StepStatus
from shop.cycle.queries import ideas as queries
from shop.cycle.services import figures, ideas, library, meetings
from shop.cycle.services import steps as cycle
from shop.cycle.services.steps import Seat, Word
from shop.kernel import clock, operations
from shop.kernel.actor import Actor
from shop.kernel.db import transaction
from shop.reports import rules
from shop.reports.models import MonthlyReport
from shop.reports.services import monthly
from shop.reports.services.monthly import Said

# Codes of localities that take part: the one with the demonstration's log-in, Móng Cái 1, Vân Đồn, Đông Triều.
HOME, SECOND, THIRD, FOURTH = "06994", "06712", "06838", "07093"
_DONE = (
    "Rà soát hồ sơ của các chủ thể, hướng dẫn ghi nhãn và mã truy xuất; kiểm tra điểm bán trên địa bàn.",
    "Họp với các chủ thể về kế hoạch cuối năm; vận động thêm hộ tham gia chương trình.",
)


def load(province: Actor, officer: Actor, member: Actor, producer_id: int) -> None:
    """Write the year of the programme and the reports of its last months, by the rooms' own commands."""
    today = clock.today()
    cycle.open_year(province, today.year, offered(today.year), SOURCE, is_demo=True)
    here = {found.code for found in localities.of_day(today)}
    codes = [code for code in (HOME, SECOND, THIRD, FOURTH) if code in here]
    _steps(officer, codes, today)
    blocker = cycle.open_blocker(
        officer, codes[0], 5, "Phòng thử nghiệm trả kết quả chậm, ba hồ sơ chưa kịp kỳ đánh giá tháng 10.",
        "Đề nghị tỉnh bố trí thêm phòng thử nghiệm cho đợt tới.", operations.new_key(),
        opened_on=today - timedelta(days=40), is_demo=True,
    )  # fmt: skip
    cycle.answer_blocker(
        province, blocker, "Giao trung tâm xúc tiến ký thêm một phòng thử nghiệm trước ngày 15.", seen=""
    )
    if len(codes) > 1:
        cycle.open_blocker(
            officer, codes[1], 2, "Ít hộ nộp phiếu ý tưởng vì chưa rõ nộp ở đâu.", "Đề nghị tập huấn tại xã.",
            operations.new_key(), opened_on=today - timedelta(days=20), is_demo=True,
        )  # fmt: skip
    _ideas(officer, member, producer_id)
    _library(province, officer, today)
    for back, jobs, turnover in ((2, 14, 3_120_000_000), (1, 18, 4_650_000_000)):
        figures.say(
            member,
            producer_id,
            date(today.year - back, 12, 31),
            jobs,
            turnover,
            "Cơ sở tự khai (minh họa)",
            seen=0,
            is_demo=True,
        )
    month = rules.latest()
    for back in (1, 0):
        of = clock.add_months(month, -back)
        for n, code in enumerate(codes if back else codes[:-1]):
            _report(province, officer, code, of, n, last=not back)
    monthly.plan(
        province, today.year, codes[0], {"producers": 8, "products": 15, "sales": 400_000_000}, None, is_demo=True
    )


def _library(province: Actor, officer: Actor, today: date) -> None:
    """The decision in force, and a training that its localities held."""
    library.add(
        province, DocumentKind.POLICY, "Bộ tiêu chí và quy trình đánh giá, phân hạng sản phẩm OCOP", "26/2026/QĐ-TTg",
        "Thay Quyết định 148/QĐ-TTg và 1489/QĐ-TTg; hai cấp đánh giá, chứng nhận 36 tháng, hồ sơ gia hạn nộp trước khi hết "
        "hạn từ 180 đến 120 ngày.",
        "https://vanban.chinhphu.vn/?classid=1&docid=218267&orggroupid=3&pageid=27160", None, date(2026, 5, 22),
        operations.new_key(), is_demo=True,
    )  # fmt: skip
    held = today - timedelta(days=25)
    ref = meetings.hold(
        officer, MeetingKind.TRAINING, "Tập huấn ghi nhãn và mã truy xuất", HOME, held, None, "Hội trường UBND đặc khu",
        "Các chủ thể tự in được tem truy xuất.", operations.new_key(), is_demo=True,
    )  # fmt: skip
    people = "Họ tên,Đơn vị,Có mặt\nNguyễn Văn Hòa (minh họa),Hộ nuôi hàu,x\nPhạm Thị Lài (minh họa),Hợp tác xã,vắng\n"
    meetings.attend(officer, ref, people.encode(), "danh-sach.csv")


def _ideas(officer: Actor, member: Actor, producer_id: int) -> None:
    """One idea that waits, one that is being carried out."""
    told = {
        "Muối hàu rong biển": {
            "what": "Muối chấm từ hàu sấy và rong biển",
            "materials": "Hàu nuôi, rong biển ở Vân Đồn",
        },
        "Chà bông cá ăn liền": {
            "what": "Chà bông cá gói nhỏ ăn ngay",
            "materials": "Cá biển mua của ngư dân trong khu",
        },
    }
    names = iter(told)
    _waits, runs = (
        ideas.write(
            member, producer_id, IdeaKind.NEW, name, None, told[name], operations.new_key(), submit=True, is_demo=True
        )
        for name in names
    )
    ideas.decide(officer, runs, IdeaState.ACCEPTED, "", seen=queries.idea(runs).turn)
    plan = {"output": "800 kg mỗi năm", "schedule": "Quý 4 hoàn thiện nhãn, quý 1 chạy thử"}
    ideas.plan(member, runs, plan, seen=queries.idea(runs).turn, submit=True)
    ideas.decide(officer, runs, IdeaState.RUNNING, "", seen=queries.idea(runs).turn)


def _steps(officer: Actor, codes: list[str], today: date) -> None:
    first = date(today.year, 1, 15)
    for n, code in enumerate(codes):
        for step in range(1, 7):
            done = step <= 4 - n
            word = Word(
                StepStatus.DONE if done else StepStatus.STUCK if step == 5 and n == 0 else StepStatus.RUNNING,
                first, min(first + timedelta(days=60 * step), today) if done else None,
                "Phó Chủ tịch UBND, Trưởng ban chỉ đạo", 12 + 3 * step if done else None,
                "lượt người dự" if done and step == 1 else "hồ sơ" if done else None,
            )  # fmt: skip
            if done or step <= 5 - n:
                cycle.say(officer, today.year, code, step, word, seen=0, is_demo=True)
    for kind, number, seats in (
        (
            BoardKind.BOARD,
            "125/QĐ-UBND",
            (Seat("Phó Chủ tịch UBND", "Trưởng ban"), Seat("Trưởng phòng Kinh tế", "Phó ban")),
        ),
        (BoardKind.HELPERS, "126/QĐ-UBND", (Seat("Chuyên viên phòng Kinh tế", "Tổ trưởng"),)),
    ):
        cycle.set_up_board(officer, codes[0], kind, first, number, seats, operations.new_key(), is_demo=True)


def _report(province: Actor, officer: Actor, code: str, of: date, n: int, *, last: bool) -> None:
    """One report: of the month before all are locked, of the last month one is locked, one returned, one waits."""
    said = Said({"done": _DONE[n % 2], "next": "Chuẩn bị hồ sơ cho kỳ đánh giá tới."}, {"reached": 25 + 10 * n}, {})
    monthly.submit(officer, code, of, said, seen=0, is_demo=True)
    # It was handed in on a day of its own time: the second locality was late with the last month.
    on = rules.due_on(of) + timedelta(days=3 if last and n == 1 else -1)
    with transaction() as s:
        s.execute(
            update(MonthlyReport)
            .where(MonthlyReport.locality_code == code, MonthlyReport.month == of)
            .values(submitted_on=min(on, clock.today()))
        )
    if last and n == 1:
        monthly.give_back(province, code, of, "Thiếu số lao động và doanh thu của các chủ thể.", seen=1)
    elif not last or n == 0:
        monthly.lock(province, code, of, seen=1)
