"""What the points of the demonstration do beside the web's trade, by the rooms' own commands.

Producers bring goods; points send them to each other, count, write off, are inspected; a lot is called back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from shop.counts import queries as counts_read
from shop.counts import services as counts
from shop.counts.models import CountKind, WriteOffReason
from shop.counts.services import Counted
from shop.inspections import criteria
from shop.inspections import services as inspections
from shop.inspections.models import Verdict
from shop.inspections.services import Seen
from shop.kernel import clock
from shop.kernel.db import session
from shop.kernel.mail import Letter
from shop.points import services as points
from shop.points.models import Point
from shop.recalls import letters as recall_letters
from shop.recalls import queries as recalls_read
from shop.recalls import services as recalls
from shop.recalls.events import RecallStarted
from shop.recalls.models import Reach
from shop.receipts import queries as receipts_read
from shop.receipts import services as receipts
from shop.receipts.models import Terms
from shop.receipts.services import Came, Wanted
from shop.seed.liking import FAVOURITES
from shop.seed.shelves import Batch, chance
from shop.seed.staff import Staff
from shop.stock.models import Lot, Passage, StockLevel
from shop.stock.services import lot_papers, lots
from shop.stock.services.lot_papers import PaperDraft
from shop.transfers import services as transfers
from shop.transfers.models import Transfer
from shop.transfers.services import Count, held_under, targets

HOUSE, CENTRE, EAST = "kho-truc-tuyen", "trung-tam-ocop-ha-long", "binh-ngoc-mong-cai"
WEST, BIG_C, GATE = "trung-tam-ocop-dong-trieu", "cua-hang-ocop-big-c-ha-long", "quang-ninh-gate"
BOUGHT, LENT = Terms.PURCHASE, Terms.CONSIGNMENT


def plan(staff: Staff, recalled: tuple[Batch, datetime] | None) -> None:
    """Put all of it on the list of what is to be done."""
    _deliveries(staff)
    _transfers(staff)
    _counts(staff)
    _write_offs(staff)
    _inspections(staff)
    staff.then(staff.day(30, 9, 40), lambda: _web_rule(staff))
    staff.then(staff.day(20, 15), lambda: _targets(staff))
    if recalled is not None:
        _recall(staff, *recalled)


# --- producers bring goods ---------------------------------------------------------------------------------------

# So many days ago, where to, how, units by SKU; (SKU → units sent back and why) of what came.
_CAME: tuple[tuple[int, str, Terms, dict[str, int], dict[str, tuple[int, str]]], ...] = (
    (48, HOUSE, BOUGHT, {"QN056-1": 60, "QN056-2": 30}, {}),
    (47, HOUSE, BOUGHT, {"QN023-1": 40, "QN023-2": 24, "QN051-1": 40}, {"QN051-1": (2, "Hai chai rò nắp")}),
    (46, HOUSE, BOUGHT, {"QN022-1": 90, "QN022-2": 40}, {}),
    (45, HOUSE, BOUGHT, {"QN007-1": 40, "QN062-1": 30}, {}),
    (44, HOUSE, BOUGHT, {"QN066-1": 12, "QN066-2": 8}, {}),
    (43, HOUSE, BOUGHT, {"QN064-1": 18, "QN058-1": 40, }, {}),
    (36, CENTRE, LENT, {"QN046-1": 12, "QN047-1": 20, "QN048-1": 20, "QN044-1": 18}, {"QN047-1": (2, "Hở nắp, mất tem")}),
    (34, GATE, LENT, {"QN044-1": 24, "QN050-1": 24, "QN045-1": 12}, {}),
    (33, GATE, LENT, {"QN016-1": 10}, {}),
    (27, CENTRE, LENT, {"QN081-1": 10, "QN081-2": 5}, {}),
    (25, BIG_C, LENT, {"QN109-1": 12, "QN111-1": 12, "QN110-1": 8}, {}),
    (13, CENTRE, LENT, {"QN046-1": 12, "QN050-2": 10}, {}),
)  # fmt: skip


def _deliveries(staff: Staff) -> None:
    for ago, point, terms, units, refused in _CAME:
        for maker, mine in _by_maker(staff, units).items():
            _delivery(staff, ago, point, terms, maker, mine, refused)
    office = staff.people["xuctien"]

    def expected(ago: int, point: str, terms: Terms, units: dict[str, int], on: int, note: str = "") -> None:
        maker, mine = next(iter(_by_maker(staff, units).items()))
        staff.then(staff.day(ago, 10, 5), lambda: _expect(staff, point, terms, maker, mine, -on, note))

    expected(4, CENTRE, LENT, {"QN044-1": 24, "QN045-1": 12, "QN049-1": 12}, 1, "Xe giao buổi sáng, gọi trước 30 phút")
    expected(5, GATE, LENT, {"QN050-1": 24, "QN048-1": 12}, 4)
    expected(9, HOUSE, BOUGHT, {"QN025-1": 30, "QN026-1": 20}, -2, "Hẹn lại sau mưa bão, chưa thấy giao")

    def partly() -> None:
        maker, units = next(iter(_by_maker(staff, {"QN027-1": 30, "QN027-2": 16}).items()))
        reference = _expect(staff, CENTRE, BOUGHT, maker, units, 3)
        half = {sku: Came(n // 2, **lot(staff, sku, staff.day(2))) for sku, n in units.items()}
        staff.then(staff.day(2, 8, 50), lambda: receive(staff, reference, half, "PXK-MH-0217"))

    staff.then(staff.day(8, 14), partly)

    def given_up() -> None:
        maker, units = next(iter(_by_maker(staff, {"QN061-1": 20}).items()))
        reference = _expect(staff, CENTRE, BOUGHT, maker, units, 17)
        staff.then(
            staff.day(16, 16), lambda: receipts.finish(office, reference, "Cơ sở hết nguyên liệu, hẹn tháng sau")
        )

    staff.then(staff.day(22, 9), given_up)


def _by_maker(staff: Staff, units: Mapping[str, int]) -> dict[int, dict[str, int]]:
    """`units` by the producer of the goods."""
    found: dict[int, dict[str, int]] = {}
    for sku, n in units.items():
        maker = staff.packs[sku].producer_id
        if maker is not None:
            found.setdefault(maker, {})[sku] = n
    return found


def lot(staff: Staff, sku: str, when: datetime) -> dict[str, Any]:
    return dict(staff.lot(sku, when))


def _expect(
    staff: Staff, point: str, terms: Terms, maker: int, units: Mapping[str, int], on_ago: int, note: str = ""
) -> str:
    now = clock.now()
    wanted = {staff.packs[sku].variant_id: Wanted(n, staff.cost(sku, now)) for sku, n in units.items()}
    on = clock.business_day(staff.now) - timedelta(days=on_ago)
    return receipts.expect(
        staff.people["xuctien"], maker, staff.points[point], terms, on, wanted, note=note, op_key=staff.key(),
        is_demo=True,
    )  # fmt: skip


def _delivery(
    staff: Staff,
    ago: int,
    point: str,
    terms: Terms,
    maker: int,
    units: Mapping[str, int],
    refused: Mapping[str, tuple[int, str]],
) -> None:
    def expect() -> None:
        reference = _expect(staff, point, terms, maker, units, ago)
        when, came = staff.day(ago, 9, 20), {}
        for sku, n in units.items():
            back, why = refused.get(sku, (0, ""))
            came[sku] = Came(n - back, back, why, **lot(staff, sku, when))
        staff.then(when, lambda: receive(staff, reference, came, f"PXK-MH-{ago:02d}{maker:02d}"))

    staff.then(staff.day(ago + 4, 15, 30), expect)


def receive(staff: Staff, reference: str, came: Mapping[str, Came], paper: str) -> None:
    found, _row = receipts_read.delivery(reference)
    lines = {line.sku: line.line_id for line in receipts_read.lines(found.id)}
    keeper = staff.people["diemban" if found.point_id == staff.points[CENTRE] else "xuctien"]
    receipts.receive(
        keeper, reference, {lines[sku]: one for sku, one in came.items()}, paper_number=paper, op_key=staff.key()
    )
    for sku in list(came)[:1]:  # one lot of each delivery has its papers
        _papers(staff, sku, came[sku])


def _papers(staff: Staff, sku: str, came: Came) -> None:
    lot_id = session().scalar(
        select(Lot.id).where(Lot.variant_id == staff.packs[sku].variant_id, Lot.code == came.lot_code)
    )
    if lot_id is None or came.produced_on is None:
        return
    desk, n, declared = staff.people["donhang"], staff.packs[sku].no, came.produced_on - timedelta(days=200)
    drafts = (
        PaperDraft("declaration", f"{n:02d}/TCB-MH", "Cơ sở tự công bố (minh họa)", declared, is_public=True),
        PaperDraft("test", f"KN-MH-{n:03d}", "Phòng kiểm nghiệm (minh họa)", came.produced_on, is_public=True),
    )
    for draft in drafts:
        lot_papers.add_paper(desk, lot_id, draft, staff.key())
    lots.trace_code(desk, lot_id)


# --- points send to each other -----------------------------------------------------------------------------------


def _ask(staff: Staff, who: str, start: str, end: str, units: Mapping[str, int], note: str | None = None) -> str:
    wanted = {staff.packs[sku].variant_id: n for sku, n in units.items()}
    return transfers.ask(
        staff.people[who], staff.points[start], staff.points[end], wanted, staff.key(), note=note, is_demo=True
    )


def _transfers(staff: Staff) -> None:
    office, stock = staff.people["xuctien"], staff.people["donhang"]

    # Days since it was asked for, approved, packed, sent: as far as it has come.
    def travel(
        who: str, start: str, end: str, units: dict[str, int], ago: tuple[int, ...], note: str | None = None
    ) -> str:
        reference = _ask(staff, who, start, end, units, note)
        steps = (
            lambda: transfers.approve(office, reference, {}, staff.key()),
            lambda: transfers.pack(
                stock, reference, staff.picks(start, units), staff.key(), reason="Theo số còn ở kho"
            ),
            lambda: transfers.dispatch(stock, reference, staff.key()),
        )
        for hour, (days, step) in enumerate(zip(ago, steps, strict=False)):
            staff.then(staff.day(days, 10 + 2 * hour, 15), step)
        return reference

    def comes(reference: str, who: str, ago: int, say: Any) -> None:
        staff.then(staff.day(ago, 9, 10), lambda: arrive(staff, reference, who, say))

    def whole(left: int, _sku: str) -> tuple[int, int, int, str | None]:
        return left, 0, 0, None

    def with_loss(left: int, sku: str) -> tuple[int, int, int, str | None]:
        if sku == "QN022-1":
            return left - 2, 2, 0, "Thùng ướt một góc, hai gói ẩm"
        if sku == "QN023-1":
            return left - 1, 0, 1, "Đếm hai lần, thiếu một chai so với phiếu"
        return left, 0, 0, None

    def half(left: int, _sku: str) -> tuple[int, int, int, str | None]:
        return left // 2, 0, 0, None

    def to_gate() -> None:
        units = {"QN056-1": 24, "QN056-2": 8, "QN023-1": 14, "QN022-1": 30, "QN007-1": 12, "QN058-1": 12, "QN051-1": 12}
        comes(
            travel("tramdung", HOUSE, GATE, units, (38, 38, 37), "Mở lại quầy ở trạm dừng nghỉ"),
            "tramdung",
            36,
            with_loss,
        )

    def to_big_c() -> None:
        comes(
            travel("xuctien", HOUSE, BIG_C, {"QN066-1": 4, "QN023-2": 8, "QN064-1": 6}, (31, 30, 30)),
            "xuctien",
            29,
            whole,
        )

    def to_centre() -> None:
        units = {"QN066-1": 6, "QN058-1": 12, "QN062-1": 12, "QN022-2": 14, "QN064-1": 6}
        reference = travel("diemban", HOUSE, CENTRE, units, (15, 15, 14))
        comes(reference, "diemban", 13, half)
        comes(reference, "diemban", 12, whole)

    def to_west() -> None:
        comes(travel("xuctien", HOUSE, WEST, {"QN022-1": 16, "QN007-1": 10}, (4, 4, 3)), "xuctien", 1, half)

    def given_up() -> None:
        reference = travel("tramdung", HOUSE, GATE, {"QN022-2": 10}, (11, 10))
        staff.then(
            staff.day(9, 16), lambda: transfers.cancel(office, reference, "Trạm sửa điện, chưa bày được", staff.key())
        )

    def refused() -> None:
        reference = _ask(staff, "tramdung", CENTRE, GATE, {"QN081-1": 6})
        why = "Trung tâm chỉ còn đủ bán cuối tuần"
        staff.then(staff.day(7, 15), lambda: transfers.refuse(office, reference, why, staff.key()))

    staff.then(staff.day(39, 9), to_gate)
    staff.then(staff.day(32, 9), to_big_c)
    staff.then(staff.day(16, 9), to_centre)
    staff.then(staff.day(12, 9), given_up)
    staff.then(staff.day(8, 9), refused)
    staff.then(staff.day(5, 9), to_west)
    staff.then(staff.day(8, 11), lambda: travel("xuctien", HOUSE, EAST, {"QN051-1": 10}, (7, 7, 6)))
    on_road = {"QN056-1": 12, "QN022-1": 12}
    staff.then(
        staff.day(3, 9), lambda: travel("diemban", HOUSE, CENTRE, on_road, (2, 2, 1), "Hết trên kệ từ cuối tuần")
    )
    staff.then(staff.day(2, 9), lambda: travel("xuctien", CENTRE, BIG_C, {"QN046-1": 4, "QN062-1": 4}, (2, 1)))
    staff.then(staff.day(2, 11), lambda: travel("tramdung", HOUSE, GATE, {"QN051-1": 8, "QN062-1": 8}, (1,)))
    staff.then(staff.day(1, 17), lambda: travel("diemban", HOUSE, CENTRE, {"QN064-1": 4, "QN066-2": 3}, ()))


def arrive(staff: Staff, reference: str, who: str, say: Any) -> None:
    """Count in what `say` tells of each lot: (good, damaged, missing, why) from units on the road and SKU."""
    rows = session().execute(
        select(Passage.id, Passage.on_road, StockLevel.variant_id)
        .join(StockLevel, StockLevel.id == Passage.level_id)
        .where(Passage.reference == held_under(reference), Passage.on_road > 0)
        .order_by(Passage.id)
    )
    skus = {ware.variant_id: sku for sku, ware in staff.packs.items()}
    found = [Count(passage_id, *say(left, skus[variant_id])) for passage_id, left, variant_id in rows]
    seen = session().scalar(select(Transfer.arrivals).where(Transfer.reference == reference)) or 0
    transfers.receive(staff.people[who], reference, found, seen, staff.key())


def _targets(staff: Staff) -> None:
    """How much each point should have: the best known goods more than the others."""
    wares = {ware.variant_id: ware for ware in staff.packs.values()}
    for slug, usual in ((CENTRE, 8), (BIG_C, 6), (WEST, 6), (GATE, 10)):
        point_id, wanted = staff.points[slug], {}
        rows = session().scalars(select(StockLevel.variant_id).where(StockLevel.point_id == point_id).distinct())
        for variant_id in sorted(rows):
            ware = wares[variant_id]
            if ware.keeps is not None and (slug == GATE or chance("target", variant_id, point_id) < 45):
                target = min(usual + 4 * (ware.no in FAVOURITES), 4 if ware.keeps < 60 else 40)
                wanted[variant_id] = (max(2, target * 2 // 5), target)
        targets.set_targets(staff.people["xuctien"], point_id, wanted, staff.key())


def _web_rule(staff: Staff) -> None:
    """One point keeps some of each pack for its counter; another (`load_demo`) is for collection only."""
    row = session().get(Point, staff.points[WEST])
    if row is not None:
        draft = points.Draft(**{f.name: getattr(row, f.name) for f in fields(points.Draft)})
        points.update(staff.people["xuctien"], row.id, replace(draft, services=tuple(row.services), web_reserve=2))


# --- counts, write-offs ------------------------------------------------------------------------------------------


def _counts(staff: Staff) -> None:
    keeper, office = staff.people["tramdung"], staff.people["xuctien"]
    skus = {ware.variant_id: ware for ware in staff.packs.values()}

    def whole_gate() -> None:
        point_id = staff.points[GATE]
        reference = counts.open_count(keeper, point_id, CountKind.FULL, op_key=staff.key(), is_demo=True)
        told = {"QN016-1": (-2, "Không thấy hai hộp, đã tìm cả kho sau"), "QN058-1": (-1, "Chai vỡ chưa ghi phiếu")}
        _write(staff, "tramdung", reference, told)
        counts.submit(keeper, reference)
        staff.then(staff.day(17, 9), lambda: _agree(staff, reference))

    def waiting() -> None:
        # What is left there differs with the day: the dearest of it is missed, so that somebody else must agree.
        worth = {
            level.id: min(2, level.on_hand) * found[1]
            for level, _lot in staff.levels(BIG_C)
            if level.on_hand and (found := skus[level.variant_id].price_at(staff.day(1, 19)))
        }
        dearest = max(worth, key=lambda level_id: (worth[level_id], level_id))
        reference = counts.open_count(
            office, staff.points[BIG_C], CountKind.SHELF, level_ids=list(worth), shelf="Kệ trà và rượu", op_key=staff.key(),
            is_demo=True,
        )  # fmt: skip
        missed = session().get(StockLevel, dearest)
        told = {}
        if missed is not None:
            why = "Hàng trưng bày bị khách làm hỏng, chưa rõ ai cho bỏ"
            told = {skus[missed.variant_id].sku: (-min(2, missed.on_hand), why)}
        _write(staff, "xuctien", reference, told)
        counts.submit(office, reference)

    def begun() -> None:
        rows = session().execute(
            select(StockLevel.id)
            .where(StockLevel.point_id == staff.points[CENTRE], StockLevel.on_hand > 0)
            .order_by(StockLevel.variant_id, StockLevel.id)
            .limit(14)
        )
        reference = counts.open_count(
            staff.people["diemban"], staff.points[CENTRE], CountKind.SHELF, level_ids=[i for (i,) in rows],
            shelf="Kệ số 1, tầng trệt", op_key=staff.key(), is_demo=True,
        )  # fmt: skip
        _write(staff, "diemban", reference, {}, first=6)

    staff.then(staff.day(18, 20, 30), whole_gate)
    staff.then(staff.day(1, 19), waiting)
    staff.then(staff.now - timedelta(minutes=25), begun)


def _write(
    staff: Staff, who: str, reference: str, told: Mapping[str, tuple[int, str]], first: int | None = None
) -> None:
    """Write the numbers of a count: what the books say, but for what `told` says of a SKU."""
    count_id = counts_read.id_of(reference)
    lines = counts_read.lines(count_id) if count_id is not None else []
    found = {}
    for line in lines[:first]:
        level = session().get(StockLevel, line.level_id, populate_existing=True)
        if level is not None:
            more, why = told.get(line.sku, (0, ""))
            found[line.line_id] = Counted(max(0, level.on_hand + more), why)
    counts.write(staff.people[who], reference, found)


def _agree(staff: Staff, reference: str) -> None:
    counts.approve(staff.people["xuctien"], reference)


def _write_offs(staff: Staff) -> None:
    def off(
        who: str,
        point: str,
        sku: str,
        n: int,
        why: WriteOffReason,
        note: str,
        decide: bool | None = None,
        said: str = "",
    ) -> None:
        there = (level for level, _lot in staff.levels(point, [sku]) if level.on_hand - level.allocated >= n)
        level = next(there, None)
        if level is None:  # sold out by then
            return
        reference = counts.write_off(staff.people[who], level.id, n, why, note=note, op_key=staff.key(), is_demo=True)
        if decide is not None:
            later = clock.now() + timedelta(hours=3)
            staff.then(later, lambda: counts.decide(staff.people["xuctien"], reference, agree=decide, note=said))

    def plan(when: datetime, *what: Any) -> None:
        staff.then(when, lambda: off(*what))

    plan(staff.day(11, 10), "tramdung", GATE, "QN050-1", 1, WriteOffReason.TASTING, "Mời đoàn khách Hải Phòng nếm thử")
    plan(staff.day(6, 17), "diemban", CENTRE, "QN048-1", 2, WriteOffReason.DAMAGED, "Rơi khi sắp lại kệ, vỡ hũ")
    plan(
        staff.day(9, 8), "tramdung", GATE, "QN016-1", 2, WriteOffReason.OTHER, "Hộp móp góc, sợ khách chê", False,
        "Trà còn nguyên, giảm giá theo quyền rồi bán tiếp",
    )  # fmt: skip
    plan(staff.day(1, 8, 20), "diemban", CENTRE, "QN081-2", 1, WriteOffReason.DAMAGED, "Hũ nứt, hàng hút ẩm")


# --- inspections -------------------------------------------------------------------------------------------------

_VISITS: tuple[tuple[int, str, str, dict[str, tuple[Verdict, str]]], ...] = (
    (150, CENTRE, "", {}),
    (64, GATE, "Hẹn xem lại sau khi dán giá.", {
        "equipment-prices": (Verdict.NOT_MET, "Một kệ hàng mới về chưa dán giá"),
        "equipment-managed": (Verdict.NOT_SEEN, "Người phụ trách đi vắng"),
    }),
    (35, BIG_C, "", {"goods-kind": (Verdict.NOT_SEEN, "Chưa xem hết hồ sơ của hàng ký gửi")}),
    (21, GATE, "Đã dán giá đủ.", {}),
)  # fmt: skip


def _inspections(staff: Staff) -> None:
    officer = staff.people["chuongtrinh"]

    def visit(when: datetime, point: str, summary: str, odd: Mapping[str, tuple[Verdict, str]]) -> None:
        day = clock.business_day(when)
        seen = [Seen(c.code, *odd.get(c.code, (Verdict.MET, ""))) for c in criteria.edition_for(day).criteria]
        inspections.record(
            officer, staff.points[point], held_on=day, inspector=officer.label, seen=seen, summary=summary,
            op_key=staff.key(), is_demo=True,
        )  # fmt: skip

    def plan(ago: int, *what: Any) -> None:
        when = staff.day(ago, 14)
        staff.then(when, lambda: visit(when, *what))

    for ago, point, summary, odd in _VISITS:
        plan(ago, point, summary, odd)


# --- a lot called back -------------------------------------------------------------------------------------------

REASON = "Diễn tập thu hồi (số liệu minh họa): giả định nhãn của lô in sai hạn dùng. Hàng thật không có lỗi này."
ADVICE = "Xin đừng dùng và mang hàng đến điểm bán gần nhất, hoặc gọi cửa hàng để được hoàn tiền. Đây là thư minh họa."
CLOSED = (
    "Đã báo mọi người mua có địa chỉ hoặc điện thoại, hủy hàng còn ở các điểm. Kết thúc diễn tập (số liệu minh họa)."
)


def _recall(staff: Staff, batch: Batch, when: datetime) -> None:
    officer, desk = staff.people["chuongtrinh"], staff.people["donhang"]

    def run() -> None:
        lot_id = session().scalar(select(Lot.id).where(Lot.variant_id == batch.variant_id, Lot.code == batch.code))
        if lot_id is None:
            return
        lots.trace_code(desk, lot_id)
        reference = recalls.run(officer, lot_id, REASON, ADVICE, staff.key())
        found = recalls_read.by_reference(reference)
        if found is None:
            return
        recall_id = found.id
        # Nobody is there to read them: the letters are written, and never leave.
        recall_letters.started(RecallStarted(recall_id))
        session().execute(
            update(Letter).where(Letter.kind == "recall", Letter.sent_at.is_(None)).values(sent_at=clock.now())
        )
        staff.then(when + timedelta(hours=3), lambda: _call(staff, recall_id))
        staff.then(when + timedelta(days=2), lambda: _clear(staff, recall_id, lot_id))
        staff.then(when + timedelta(days=6), lambda: _back(staff, recall_id))
        staff.then(when + timedelta(days=11), lambda: recalls.close(officer, recall_id, CLOSED))

    def _call(staff: Staff, recall_id: int) -> None:
        rows = [row.id for row in recalls_read.buyers(recall_id) if row.reach is Reach.CALL]
        recalls.told(desk, recall_id, rows, "Đã gọi, khách đã rõ")

    staff.then(when, run)


def _clear(staff: Staff, recall_id: int, lot_id: int) -> None:
    rows = session().scalars(
        select(StockLevel.id).where(StockLevel.lot_id == lot_id, StockLevel.on_hand > 0).order_by(StockLevel.id)
    )
    for level_id in list(rows):
        recalls.clear_level(staff.people["xuctien"], recall_id, level_id, "destroyed", staff.key())


def _back(staff: Staff, recall_id: int) -> None:
    for n, row in enumerate(recalls_read.buyers(recall_id)):
        if n % 2 == 0:
            recalls.came_back(staff.people["donhang"], recall_id, row.id, row.quantity, "Khách mang đến điểm bán")
