"""What producers of the demonstration say, make and promise, by the room's own commands; facts of seasons name their source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select

from shop.catalog.models import Variant
from shop.counts.models import WriteOffReason
from shop.kernel import clock
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.points import queries as points_read
from shop.points import services as points
from shop.points.models import Point, PointKind
from shop.receipts import queries as receipts_read
from shop.receipts import services as receipts
from shop.receipts.models import Delivery, Terms
from shop.receipts.services import Left
from shop.seed.staff import Staff
from shop.stock.models import StockLevel
from shop.supply.models import Per, Reply
from shop.supply.queries import asks as asks_read
from shop.supply.queries import store
from shop.supply.services import announcements, asks, own_store, plans
from shop.supply.services.asks import Answer, Errand
from shop.supply.services.plans import Expects, Makes

STORE = "Kho Bavabi, Vân Đồn (minh họa)"
HOUSE, CENTRE, BIG_C = "kho-truc-tuyen", "trung-tam-ocop-ha-long", "cua-hang-ocop-big-c-ha-long"
MADE_UP = "Số liệu minh họa"

# What is known of seasons, and where it stands; January first (0 none, 1 little, 2 normal, 3 plenty).
_SEASONS = {
    "QN056-1": (
        "222000002333",
        "Nguồn nguyên liệu ngừng từ tháng 4 đến tháng 8: "
        "https://thuonghieuquangninh.gov.vn/htx-dinh-trung-chu-dong-nguyen-lieu-san-xuat-tai-cho.html",
    ),
    "QN027-1": (
        "002223333200",
        "Sáu, bảy lứa từ tháng 3 đến tháng 10: "
        "https://langngheviet.com.vn/che-duong-hoa-hai-ha-san-pham-ocop-4-sao-12577.html",
    ),
    "QN022-1": (
        "322222222223",
        "Trước Tết làm gấp đôi: https://vietnam.vn/quangninh/san-pham-ocop-tien-yen-vao-vu-tet",
    ),
    "QN044-1": ("222222332222", MADE_UP),
}
# SKU → units, per, days of lead time, smallest batch; of the product as a whole where the last is true.
_MAKES: tuple[tuple[str, int, Per, int, int | None, bool], ...] = (
    ("QN044-1", 420, Per.WEEK, 3, 60, True),
    ("QN044-1", 300, Per.WEEK, 3, 60, False),
    ("QN045-1", 200, Per.WEEK, 3, 40, True),
    ("QN048-1", 150, Per.WEEK, 4, None, True),
    ("QN050-1", 600, Per.MONTH, 5, 50, True),
    ("QN056-1", 1600, Per.MONTH, 7, 100, True),
    ("QN027-1", 500, Per.MONTH, 10, None, True),
    ("QN022-1", 700, Per.WEEK, 2, 100, True),
    ("QN025-1", 300, Per.MONTH, 14, 50, True),
)


@dataclass(slots=True)
class _Supply:
    """The staff with the producer's own people, and keys of their own: what else is made up stays as it is."""

    staff: Staff
    member: Actor
    office: Actor
    producer_id: int

    def key(self) -> str:
        return self.staff.key()

    def variant(self, sku: str) -> int:
        return int(self.staff.packs[sku].variant_id)

    def product(self, sku: str) -> int:
        return session().scalars(select(Variant.product_id).where(Variant.id == self.variant(sku))).one()

    def maker(self, sku: str) -> int:
        found = self.staff.packs[sku].producer_id
        assert found is not None  # noqa: S101 - the SKUs above have one
        return int(found)

    def who(self, sku: str) -> Actor:
        """The producer's member where the demonstration has one; else the office writes down what it was told."""
        return self.member if self.maker(sku) == self.producer_id else self.office

    def on(self, ahead: int) -> date:
        return clock.business_day(self.staff.now) + timedelta(days=ahead)

    def then(self, ago: int, hour: int, act: Callable[..., Any], *args: Any) -> None:
        self.staff.then(self.staff.day(ago, hour), partial(act, self, *args))


def plan(staff: Staff, producer_id: int) -> None:
    """Put all of it on the list of what is to be done."""
    s = _Supply(staff, staff.people["chucoso"], staff.people["xuctien"], producer_id)
    s.then(60, 9, _statements)
    s.then(25, 10, _harvests)
    s.then(21, 8, _open_store)
    for ago, sku, n in (
        (20, "QN044-1", 90),
        (19, "QN045-1", 60),
        (12, "QN044-1", 80),
        (9, "QN048-1", 40),
        (3, "QN044-1", 70),
    ):
        s.then(ago, 15, _make, sku, n)
    s.then(8, 17, _count)
    s.then(6, 17, _write_off)
    _asks(s)
    _offers(s)
    s.then(0, 8, _left)


def _statements(s: _Supply) -> None:
    for sku, units, per, lead, batch, whole in _MAKES:
        makes = Makes(units, per, s.on(-60), None, lead, batch, MADE_UP)
        variant = None if whole else s.variant(sku)
        plans.state(s.who(sku), s.maker(sku), s.product(sku), variant, makes, s.key(), is_demo=True)
    for sku, (months, note) in _SEASONS.items():
        plans.set_season(s.who(sku), s.maker(sku), s.product(sku), months, note=note, is_demo=True)
    # A word about a month ahead that is another: the workshop is cleaned.
    makes = Makes(120, Per.WEEK, s.on(20), s.on(34), 3, 60, "Bảo dưỡng xưởng")
    plans.state(s.member, s.producer_id, s.product("QN044-1"), None, makes, s.key(), is_demo=True)


def _harvests(s: _Supply) -> None:
    def expect(sku: str, low: int, high: int, first: int, last: int) -> str:
        expects = Expects(low, high, s.on(first), s.on(last))
        return plans.expect(
            s.who(sku), s.maker(sku), s.product(sku), None, expects, s.key(), note=MADE_UP, is_demo=True
        )

    done = expect("QN044-1", 150, 220, -12, -9)
    s.then(8, 16, _came, done, 186)
    expect("QN045-1", 80, 120, -6, -3)  # nobody has said what came
    moved = expect("QN056-1", 900, 1400, 12, 26)
    s.then(5, 9, _less, moved)
    expect("QN050-1", 200, 260, 5, 6)
    lost = expect("QN025-1", 150, 300, 3, 10)
    s.then(4, 11, _given_up, lost)


def _came(s: _Supply, reference: str, units: int) -> None:
    plans.came(s.member, reference, units, s.key())


def _less(s: _Supply, reference: str) -> None:
    expects = Expects(700, 1100, s.on(16), s.on(30))
    plans.expect_anew(s.office, reference, expects, s.key(), note="Mưa nhiều, dong thu chậm (minh họa)")


def _given_up(s: _Supply, reference: str) -> None:
    plans.give_up(s.office, reference, "Mất mùa sau bão (minh họa)", s.key())


# --- the own store -----------------------------------------------------------------------------------------------


def _open_store(s: _Supply) -> None:
    draft = points.Draft(
        name=STORE,
        kind=PointKind.PRODUCER_STORE,
        locality_text="Vân Đồn",
        note=MADE_UP,
        producer_id=s.producer_id,
        is_public=False,
        is_demo=True,
    )
    points.create(s.office, draft, s.key())
    points_read.forget()


def _point_id() -> int:
    return session().scalars(select(Point.id).where(Point.name == STORE)).one()


def _make(s: _Supply, sku: str, n: int) -> None:
    lot: dict[str, Any] = dict(s.staff.lot(sku, clock.now()))
    own_store.make(
        s.member, s.producer_id, _point_id(), s.variant(sku), n, note=MADE_UP, op_key=s.key(), is_demo=True, **lot
    )


def _first_level(s: _Supply) -> StockLevel:
    wanted = select(StockLevel).where(
        StockLevel.point_id == _point_id(), StockLevel.owner == store.owner_of(s.producer_id)
    )
    found = session().scalars(wanted.order_by(StockLevel.id), execution_options={"populate_existing": True}).first()
    assert found is not None  # noqa: S101 - batches were made before
    return found


def _count(s: _Supply) -> None:
    level = _first_level(s)
    own_store.count(
        s.member, s.producer_id, level.id, level.on_hand - 2, seen=level.on_hand, reason="Hai lọ vỡ khi xếp (minh họa)",
        op_key=s.key(),
    )  # fmt: skip


def _write_off(s: _Supply) -> None:
    own_store.write_off(
        s.member, s.producer_id, _first_level(s).id, 1, WriteOffReason.TASTING, note="Mời khách nếm thử (minh họa)",
        op_key=s.key(), is_demo=True,
    )  # fmt: skip


# --- asks --------------------------------------------------------------------------------------------------------


def _asks(s: _Supply) -> None:
    """One in each state, and one whose answer is late."""
    s.then(1, 10, _ask, CENTRE, 9, {"QN044-1": 48, "QN045-1": 24, "QN049-1": 12}, "Đoàn khách cuối tuần tới", None)
    s.then(6, 9, _ask, BIG_C, 4, {"QN048-1": 24}, "Dưới mức tối thiểu", None)
    s.then(7, 9, _ask, CENTRE, 6, {"QN050-1": 36, "QN046-1": 24}, "Quầy giới thiệu đặc sản", "changed")
    s.then(8, 9, _ask, HOUSE, 10, {"QN045-1": 40}, "Đơn trên mạng tăng", "accepted")
    s.then(15, 9, _ask, CENTRE, -4, {"QN046-1": 60}, "Quầy mời khách nếm thử", "refused")
    s.then(12, 14, _ask, BIG_C, 8, {"QN044-1": 24}, "Dưới mức tối thiểu", "withdrawn")
    s.then(5, 14, _ask, CENTRE, 20, {"QN056-1": 120}, "Chuẩn bị hàng cuối năm", None)


def _ask(s: _Supply, point: str, ahead: int, units: dict[str, int], why: str, end: str | None) -> None:
    skus = list(units)
    now = clock.now()
    wanted = {s.variant(sku): n for sku, n in units.items()}
    costs = {s.variant(sku): cost for sku in skus if (cost := s.staff.cost(sku, now)) is not None}
    what = Errand(s.staff.points[point], Terms.PURCHASE, s.on(ahead), f"{why} (minh họa)")
    reference = asks.ask(s.office, s.maker(skus[0]), what, wanted, costs=costs, op_key=s.key(), is_demo=True)
    if end is not None:
        s.staff.then(now + timedelta(hours=20), lambda: _settle(s, reference, end))


def _settle(s: _Supply, reference: str, end: str) -> None:
    if end == "withdrawn":
        asks.withdraw(s.office, reference, "Kho trực tuyến còn thừa, chuyển từ kho (minh họa)", s.key())
        return
    lines = asks_read.lines(asks_read.ask(reference)[0].id)
    yes, no = Answer(Reply.ACCEPTED), Answer(Reply.REFUSED, refusal="Bề bề trái mùa, không mua được (minh họa)")
    said = {line.line_id: no if end == "refused" else yes for line in lines}
    if end == "changed":
        said[lines[-1].line_id] = Answer(Reply.CHANGED, lines[-1].asked // 2, "Chỉ kịp một nửa (minh họa)")
    asks.answer(s.member, reference, said, op_key=s.key())


# --- offers and what left ----------------------------------------------------------------------------------------


def _offers(s: _Supply) -> None:
    s.then(1, 16, _offer, CENTRE, 5, {"QN044-1": 40, "QN048-1": 12}, "")
    s.then(6, 16, _offer, BIG_C, 7, {"QN045-1": 18}, "accepted")
    s.then(10, 16, _offer, CENTRE, -2, {"QN047-1": 60}, "refused")
    s.then(9, 16, _offer, BIG_C, 3, {"QN050-1": 12}, "withdrawn")


def _offer(s: _Supply, point: str, ahead: int, units: dict[str, int], end: str) -> None:
    wanted = {s.variant(sku): n for sku, n in units.items()}
    reference = announcements.announce(
        s.member, s.producer_id, s.staff.points[point], Terms.CONSIGNMENT, s.on(ahead), wanted,
        note="Xe giao buổi sáng (minh họa)", op_key=s.key(), is_demo=True,
    )  # fmt: skip
    acts: dict[str, Callable[[], object]] = {
        "accepted": lambda: announcements.accept(s.office, reference, s.key()),
        "refused": lambda: announcements.refuse(s.office, reference, "Kệ ruốc tép đang đầy (minh họa)", s.key()),
        "withdrawn": lambda: announcements.withdraw(s.member, reference, "Hẹn lại tuần sau (minh họa)", s.key()),
    }
    if end:
        s.staff.then(clock.now() + timedelta(hours=3), acts[end])


def _left(s: _Supply) -> None:
    """What comes to the centre tomorrow has left this morning, in a lot that its keeper will find filled in."""
    wanted = select(Delivery.reference, Delivery.id).where(
        Delivery.producer_id == s.producer_id,
        Delivery.state.in_(receipts_read.OPEN),
        Delivery.expected_on == s.on(1),
    )
    found = session().execute(wanted.order_by(Delivery.id)).first()
    if found is None:
        return
    when: datetime = clock.now()
    left = []
    for line in receipts_read.lines(found.id):
        lot: dict[str, Any] = dict(s.staff.lot(line.sku, when))
        left.append(Left(line.line_id, line.quantity, **lot))
    receipts.depart(s.member, found.reference, left, note="Xe 14C (minh họa)", op_key=s.key())
