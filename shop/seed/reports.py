"""Some months of reports: a good third of the localities hand them in, one was returned, one is late; made up, and marked as
such."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select, update

from shop.catalog.models import Product, ProductGroup, ProductSet
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
from shop.kernel.db import session, transaction
from shop.reports import rules
from shop.reports.models import MonthlyReport
from shop.reports.services import monthly
from shop.reports.services.monthly import Said

# Codes of localities that take part: the one with the demonstration's log-in, Móng Cái 1, Vân Đồn, Đông Triều.
HOME, SECOND, THIRD, FOURTH = "06994", "06712", "06838", "07093"
# Further ones that report, some from earlier, some later: code → how many months back they began.
MORE = {
    "06862": 3, "06895": 3, "06922": 3, "06970": 2, "07192": 3, "06886": 2, "06811": 3, "07132": 2, "06793": 2, "07030": 1,
    "06736": 1, "07069": 1, "06856": 1, "06673": 0,
}  # fmt: skip
_DONE = (
    "Rà soát hồ sơ của các chủ thể, hướng dẫn ghi nhãn và mã truy xuất; kiểm tra điểm bán trên địa bàn.",
    "Họp với các chủ thể về kế hoạch cuối năm; vận động thêm hộ tham gia chương trình.",
    "Tập huấn bán hàng trên mạng tại nhà văn hóa thôn; rà soát nhãn của sản phẩm sắp hết hạn chứng nhận.",
    "Khảo sát vùng nguyên liệu, lập danh sách sản phẩm có thể tham gia năm sau.",
)
_NEXT = (
    "Chuẩn bị hồ sơ cho kỳ đánh giá tới.",
    "Hướng dẫn hai hộ làm bản tự công bố; chuẩn bị hàng cho hội chợ xuân.",
    "Kiểm tra việc dùng dấu OCOP tại chợ và điểm bán.",
)


def load(province: Actor, officer: Actor, member: Actor, producer_id: int) -> None:
    """Write the year of the programme and the reports of its last months, by the rooms' own commands."""
    today = clock.today()
    cycle.open_year(province, today.year, offered(today.year), SOURCE, is_demo=True)
    here = {found.code for found in localities.of_day(today)}
    codes = [code for code in (HOME, SECOND, THIRD, FOURTH) if code in here]
    _steps(officer, codes, today)
    _more_steps(officer, [code for code in MORE if code in here], today)
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
    _groups(officer)
    month = rules.latest()
    for back in (3, 2, 1, 0):
        of = clock.add_months(month, -back)
        if back < 2:
            for n, code in enumerate(codes if back else codes[:-1]):
                _report(province, officer, code, of, n, last=not back)
        for n, (code, since) in enumerate(MORE.items(), start=len(codes)):
            if code in here and since >= back:
                _report(province, officer, code, of, n, last=not back and n % 4 == 0)
    monthly.plan(
        province, today.year, codes[0], {"producers": 8, "products": 15, "sales": 400_000_000}, None, is_demo=True
    )


# Kind, title, number, what it is about, where it is published, in force from (a text that gives way to another: until).
_TEXTS = (
    ("POLICY", "Bộ tiêu chí và quy trình đánh giá, phân hạng sản phẩm OCOP", "26/2026/QĐ-TTg",
     "Thay Quyết định 148/QĐ-TTg và 1489/QĐ-TTg; hai cấp đánh giá, chứng nhận 36 tháng, hồ sơ gia hạn nộp trước khi hết "
     "hạn từ 180 đến 120 ngày.",
     "https://vanban.chinhphu.vn/?classid=1&docid=218267&orggroupid=3&pageid=27160", date(2026, 5, 22)),
    ("POLICY", "Điều chỉnh bộ tiêu chí OCOP cho chính quyền hai cấp", "1489/QĐ-TTg",
     "Sửa Quyết định 148/QĐ-TTg theo mô hình không còn cấp huyện; nay đã được thay bằng Quyết định 26/2026/QĐ-TTg.",
     "https://vanban.chinhphu.vn/?classid=2&docid=214441&pageid=27160", date(2025, 7, 6)),
    ("POLICY", "Bộ tiêu chí quốc gia về nông thôn mới giai đoạn 2026–2030", "51/2025/QĐ-TTg",
     "Ban hành 29/12/2025; 10 tiêu chí, 47 chỉ tiêu, ba nhóm xã.",
     "https://xaydungchinhsach.chinhphu.vn/toan-van-quyet-dinh-51-2025-qd-ttg-ban-hanh-bo-tieu-chi-quoc-gia-ve-nong-thon-moi-"
     "giai-doan-2026-2030-119251230104614909.htm", date(2026, 2, 15)),
    ("POLICY", "Bộ tiêu chí quốc gia về xã nông thôn mới giai đoạn 2021–2025", "318/QĐ-TTg",
     "19 tiêu chí, dùng cho các xã phấn đấu đến hết năm 2025.",
     "https://thuvienphapluat.vn/chinh-sach-phap-luat-moi/vn/thong-bao-van-ban-moi/email/39774/ban-hanh-bo-tieu-chi-xa-nong-"
     "thon-moi-giai-doan-2021-2025", date(2022, 3, 8)),
    ("POLICY", "Luật Thương mại điện tử", "122/2025/QH15",
     "Sàn và cửa hàng trên mạng: thông báo hoặc đăng ký trước khi hoạt động, xác thực người bán.",
     "https://nghean24h.vn/tu-172026-phai-xac-thuc-danh-tinh-nguoi-livestream-ban-hang-a769441.html", date(2026, 7, 1)),
    ("POLICY", "Nghị định quy định chi tiết Luật Thương mại điện tử", "248/2026/NĐ-CP",
     "Thay các Nghị định 52/2013 và 85/2021: thông tin phải hiện trên cửa hàng, lưu hợp đồng, bán hàng trực tiếp trên mạng.",
     "https://luatvietnam.vn/thuong-mai/nghi-dinh-248-2026-nd-cp-quy-dinh-chi-tiet-luat-thuong-mai-dien-tu-2026-439480-d1.html",
     date(2026, 7, 1)),
    ("POLICY", "Nghị định về hóa đơn điện tử, chứng từ điện tử", "254/2026/NĐ-CP",
     "Thay các Nghị định 123/2020 và 70/2025; hộ kinh doanh dùng hóa đơn từ máy tính tiền.",
     "https://xaydungchinhsach.chinhphu.vn/toan-van-nghi-dinh-so-254-2026-nd-cp-ve-hoa-don-dien-tu-chung-tu-dien-tu-"
     "119260713164251972.htm", date(2026, 7, 1)),
    ("POLICY", "Nghị định hướng dẫn Luật Quản lý thuế: sàn khấu trừ thuế", "252/2026/NĐ-CP",
     "Thay Nghị định 117/2025 về khấu trừ thuế của hộ, cá nhân bán hàng trên sàn.",
     "https://xaydungchinhsach.chinhphu.vn/toan-van-nghi-dinh-252-2026-nd-cp-huong-dan-thi-hanh-luat-quan-ly-thue-"
     "119260715155021635.htm", date(2026, 7, 1)),
    ("POLICY", "Luật Bảo vệ dữ liệu cá nhân", "91/2025/QH15",
     "Đồng ý phải tự nguyện và rõ ràng; người dân có quyền xem, sửa, xóa, rút lại.",
     "https://plo.vn/xu-ly-du-lieu-ca-nhan-nhieu-thay-doi-lon-tu-ngay-1-1-2026-nguoi-dan-can-biet-post889644.html",
     date(2026, 1, 1)),
    ("POLICY", "Tiêu chí điểm giới thiệu và bán sản phẩm OCOP 2023–2025", "950/QĐ-BCT",
     "Địa điểm, hàng hóa, cơ sở vật chất và quản lý của điểm bán; chưa thấy văn bản nối tiếp cho năm 2026.",
     "https://luatvietnam.vn/thuong-mai/quyet-dinh-950-qd-bct-2023-tieu-chi-diem-gioi-thieu-va-ban-san-pham-271009-d1.html",
     date(2023, 4, 18)),
)  # fmt: skip


def _library(province: Actor, officer: Actor, today: date) -> None:
    """The texts that the programme stands on, by title, number and source; and a training that its localities held."""
    for kind, title, number, summary, link, since in _TEXTS:
        if since <= today:
            library.add(
                province,
                DocumentKind[kind],
                title,
                number,
                summary,
                link,
                None,
                since,
                operations.new_key(),
                is_demo=True,
            )
    held = today - timedelta(days=25)
    ref = meetings.hold(
        officer, MeetingKind.TRAINING, "Tập huấn ghi nhãn và mã truy xuất", HOME, held, None, "Hội trường UBND đặc khu",
        "Các chủ thể tự in được tem truy xuất.", operations.new_key(), is_demo=True,
    )  # fmt: skip
    people = "Họ tên,Đơn vị,Có mặt\nNguyễn Văn Hòa (minh họa),Hộ nuôi hàu,x\nPhạm Thị Lài (minh họa),Hợp tác xã,vắng\n"
    meetings.attend(officer, ref, people.encode(), "danh-sach.csv")


# Numbers of the sets of 2026 → the group of 2014 and of 2019 that they would have been in. Dry tea was a drink then and is food
# now; plants for show had no group. It is read from the product's set alone, and says so.
_FORMER = (
    (range(1, 11), "thuc-pham", "thuc-pham"),
    (range(11, 17), "do-uong", "do-uong"),
    (range(17, 21), "thao-duoc", "thao-duoc"),
    (range(21, 22), "noi-that-luu-niem", "thu-cong-my-nghe"),
    (range(22, 23), "vai-may-mac", "vai-may-mac"),
    (range(26, 27), "dich-vu", "du-lich"),
)
_BASIS = "Minh họa: suy từ bộ sản phẩm năm 2026, chưa đối chiếu danh mục khi đó"


def _groups(officer: Actor) -> None:
    """Into which groups of 2014 and 2019 today's products would have been put; of one, a first word that was mended."""
    s = session()
    known = {(g.scheme, g.slug): g.id for g in s.scalars(select(ProductGroup))}
    goods = s.execute(
        select(Product.id, ProductSet.number).join(ProductSet, ProductSet.id == Product.set_id).order_by(Product.id)
    ).all()
    mended = False
    for product_id, number in goods:
        for numbers, old, later in _FORMER:
            if number in numbers:
                if old == "thao-duoc" and not mended:
                    ideas.put_in_group(
                        officer, product_id, known["2014", "thuc-pham"], "Minh họa: ghi theo tên sản phẩm", is_demo=True
                    )
                    mended = True
                ideas.put_in_group(officer, product_id, known["2014", old], _BASIS, is_demo=True)
                ideas.put_in_group(officer, product_id, known["2019", later], _BASIS, is_demo=True)


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


def _more_steps(officer: Actor, codes: list[str], today: date) -> None:
    """How far the further localities have come: some are at the third step, some have only begun; most have a board."""
    first = date(today.year, 1, 15)
    for n, code in enumerate(codes):
        far = (3, 2, 4, 1)[n % 4]
        for step in range(1, far + 2):
            done = step <= far
            word = Word(
                StepStatus.DONE if done else StepStatus.RUNNING, min(first + timedelta(days=40 * (step - 1)), today),
                min(first + timedelta(days=40 * step + 3 * n), today) if done else None, "Phó Chủ tịch UBND", None, None,
            )  # fmt: skip
            cycle.say(officer, today.year, code, step, word, seen=0, is_demo=True)
        if n % 3:
            seats = (Seat("Phó Chủ tịch UBND", "Trưởng ban"), Seat("Chuyên viên phòng Kinh tế", "Thành viên"))
            cycle.set_up_board(
                officer, code, BoardKind.BOARD, first, f"{130 + n}/QĐ-UBND", seats, operations.new_key(), is_demo=True
            )


def _report(province: Actor, officer: Actor, code: str, of: date, n: int, *, last: bool) -> None:
    """One report: of the month before all are locked, of the last month one is locked, one returned, one waits."""
    said = Said({"done": _DONE[n % len(_DONE)], "next": _NEXT[n % len(_NEXT)]}, {"reached": 25 + 10 * (n % 7)}, {})
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
        # The one that is late was sent back as well.
        monthly.give_back(province, code, of, "Thiếu số lao động và doanh thu của các chủ thể.", seen=1)
    elif not last or n == 0:
        monthly.lock(province, code, of, seen=1)
