"""Who wants what is not there yet: places in queues, and harvests that are ordered before they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import select, update

from shop.catalog import queries as catalog
from shop.demand.services import waiting
from shop.kernel import clock
from shop.kernel.actor import GUEST, Actor
from shop.kernel.db import session
from shop.orders.models import DEPOSIT, DeliveryKind, Order, PaymentMethod
from shop.payments import services as payments
from shop.payments.models import Payment, PaymentState
from shop.places.models import HOME_PROVINCE
from shop.preorders.models import OnShort
from shop.preorders.services import places, windows
from shop.preorders.services.places import Wish
from shop.preorders.services.windows import Terms
from shop.preorders.sharing import Rule
from shop.seed.people import Person
from shop.seed.rounds import CENTRE, HOUSE
from shop.seed.staff import Staff
from shop.stock import queries as stock

# So many people wait for each pack that is sold out, as far as there are that many such packs.
QUEUES = (6, 4, 3, 2, 1)


@dataclass(frozen=True, slots=True)
class Season:
    """One window of the demonstration: pack, units expected and taken, days from now (or before), what people asked for."""

    sku: str
    low: int
    high: int
    limit: int
    closes: int
    harvest: tuple[int, int]
    delivery: tuple[int, int]
    deposit: int
    household: int
    rule: Rule
    note: str
    wishes: Sequence[int]
    # What came of the harvest (None: not known yet).
    came: int | None = None
    # Opened so many days ago.
    opened: int = 7
    localities: Sequence[str] = field(default_factory=tuple)


SEASONS = (
    Season(
        "QN056-1", 150, 260, 200, 16, (20, 40), (42, 56), 20, 10, Rule.FIRST_COME,
        "Miến của vụ dong riềng năm nay, phơi nắng, giao trước Tết.", (2, 4, 10, 3, 5, 2, 6, 8, 2, 4, 10),
        opened=9,
    ),
    Season(
        "QN011-2", 40, 80, 60, 10, (12, 20), (21, 27), 0, 4, Rule.ONE_EACH,
        "Trứng gom trong tuần, mỗi nhà được ít nhất một khay rồi mới chia thêm.", (1, 2, 4, 2, 1, 3),
    ),
    Season(
        "QN045-1", 20, 40, 40, -4, (-3, -1), (1, 7), 30, 6, Rule.PRO_RATA,
        "Mẻ ruốc sau đợt gió mùa; nếu được ít thì ai cũng được theo phần.", (6, 4, 6, 5, 3, 6, 4, 6), came=26,
        opened=8,
    ),
)  # fmt: skip


def load(staff: Staff, crowd: Sequence[Person], member: Actor) -> None:
    """Let people wait and order beforehand; what the shop refuses on the day of loading is left out."""
    _queues(staff, crowd[:24], member)
    for n, season in enumerate(SEASONS):
        start = 24 + 12 * n
        staff.then(staff.day(season.opened, 9, 30), lambda s=season, c=crowd[start : start + 12]: _season(staff, s, c))  # type: ignore[misc]
        # A season that the shop refuses does not take the next ones with it.
        staff.work()


# --- queues ------------------------------------------------------------------------------------------------------


def _queues(staff: Staff, crowd: Sequence[Person], member: Actor) -> None:
    """Who found goods sold out left an address; staff have called most of those who left only a number."""
    ids = sorted(ware.variant_id for ware in staff.packs.values() if not ware.is_alcohol)
    goods, left = catalog.sellable(ids, staff.now), stock.availability(ids)
    gone = [
        ware
        for ware in sorted(staff.packs.values(), key=lambda ware: ware.sku)
        if not ware.is_alcohol
        and ware.variant_id in goods
        and goods[ware.variant_id].refusal is None
        and left.get(ware.variant_id, stock.NONE_LEFT).total == 0
    ]
    # One queue for each product: its first pack that is gone.
    first = {ware.product_id: ware for ware in reversed(gone)}
    desk, people = staff.people["donhang"], iter(crowd)
    for ware, size in zip(sorted(first.values(), key=lambda ware: ware.sku), QUEUES, strict=False):
        for n in range(size):
            person, when = next(people), staff.day(6 - n if n < 6 else 1, 10 + n, 15)
            contact = person.email if person.email and n % 2 else person.phone

            def join(sku: str = ware.sku, contact: str = contact, n: int = n) -> None:
                wish = waiting.Wish(sku, 1 + n % 3)
                if n == 1:
                    waiting.join(member, wish, "", locale="vi", adult=False)
                    return
                joined = waiting.join(GUEST, wish, contact, locale="vi", adult=False)
                if "@" in contact or n < 4:  # the last ones wait for their call
                    waiting.confirm(desk, joined.reference, by_staff="@" not in contact)

            staff.then(when, join)
        staff.work()


# --- harvests ----------------------------------------------------------------------------------------------------


def _season(staff: Staff, season: Season, crowd: Sequence[Person]) -> None:
    ware, now = staff.packs[season.sku], clock.now()
    price = ware.price_at(now)
    maker = ware.producer_id
    if price is None or maker is None:
        return
    today = clock.business_day(staff.now)

    # A shop without a bank account asks no deposits: nobody could pay them.
    deposit = season.deposit if PaymentMethod.VIETQR in payments.available_methods() else 0

    def days(span: tuple[int, int]) -> list[date]:
        return [today + timedelta(days=n) for n in span]

    harvest, delivery = days(season.harvest), days(season.delivery)
    terms = Terms(
        variant_id=ware.variant_id, point_id=staff.points[HOUSE], pickup_ids=(staff.points[CENTRE],), ships=True,
        low=season.low, high=season.high, limit_units=season.limit, opens_at=now,
        closes_at=clock.start_of(today + timedelta(days=season.closes)), harvest_from=harvest[0], harvest_to=harvest[1],
        delivery_from=delivery[0], delivery_to=delivery[1], price_low_amount=price[1],
        price_high_amount=price[1] * 11 // 10 // 1000 * 1000, deposit_percent=deposit,
        household_limit=season.household, rule=season.rule, localities=season.localities, note=season.note,
    )  # fmt: skip
    office = staff.people["chuongtrinh"]
    reference = windows.draft(office, maker, terms, staff.key(), is_demo=True)
    windows.approve(office, reference, staff.key())
    for n, (units, person) in enumerate(zip(season.wishes, crowd, strict=False)):
        when = now + timedelta(hours=5 + 9 * n)
        staff.then(
            min(when, staff.now - timedelta(minutes=30)),
            lambda units=units, person=person: _order(staff, reference, deposit, units, person),  # type: ignore[misc]
        )
    if season.came is not None:
        staff.then(terms.closes_at, windows.close_due)
        staff.then(staff.now - timedelta(minutes=12), lambda: _came(staff, reference, season.came or 0, price[1]))


def _order(staff: Staff, window: str, deposit: int, units: int, person: Person) -> None:
    ship = person.province_code == HOME_PROVINCE and staff.rng.random() < 0.5
    wish = Wish(
        quantity=units, name=person.name, phone=person.phone, email=person.email or f"khach{person.phone[1:]}@example.vn",
        delivery=DeliveryKind.SHIP if ship else DeliveryKind.PICKUP, rest=PaymentMethod.COD,
        payment=PaymentMethod.VIETQR if deposit else None,
        on_short=OnShort.CARRY if staff.rng.random() < 0.2 and deposit else OnShort.REFUND,
        province=person.province_code if ship else None, commune=person.commune_code if ship else None,
        street=person.street if ship else None, point_id=None if ship else staff.points[CENTRE],
    )  # fmt: skip
    placed = places.place(GUEST, window, wish, None, op_key=staff.key(), owner=f"seed:{person.phone}", locale="vi")
    if placed.deposit_reference is None:
        places.confirm(GUEST, placed.reference)
        return
    s = session()
    order_id = s.scalar(select(Order.id).where(Order.reference == placed.deposit_reference))
    s.execute(update(Order).where(Order.id == order_id, Order.channel == DEPOSIT).values(is_demo=True))
    payment = s.scalars(
        select(Payment).where(Payment.order_id == order_id, Payment.state == PaymentState.PENDING)
    ).one()  # fmt: skip
    number = f"FTMH{staff.rng.randrange(10**8):08d}"
    payments.confirm_transfer(staff.people["donhang"], payment.id, payment.amount, number, staff.key())


def _came(staff: Staff, window: str, units: int, price: int) -> None:
    """The harvest is known and short of what was ordered: it waits for the office to share it."""
    office = staff.people["chuongtrinh"]
    windows.record_harvest(office, window, units, price, staff.key())
