"""Orders of the demonstration that leave a producer's own store: one in each state, by the rooms' own commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from shop.catalog import queries as catalog
from shop.conversations import services as conversations
from shop.conversations.models import Side
from shop.kernel import clock
from shop.kernel.actor import GUEST, Actor
from shop.kernel.db import session
from shop.orders import services as orders
from shop.orders.models import DeliveryKind, Fulfilment, Order, OrderLine, PaymentMethod, RefusalWhy
from shop.orders.services import parcels
from shop.payments import services as payments
from shop.payments.models import Payment
from shop.places.models import HOME_PROVINCE
from shop.points import services as points
from shop.points.models import Point, PointKind
from shop.producers.models import Producer
from shop.seed.goods import Ware
from shop.seed.people import Person
from shop.seed.staff import Staff
from shop.stock import services as stock
from shop.stock.services import Take

# Its address is `cua-hang-bavabi`.
NAME = "Cửa hàng Bavabi"
FEE = 32_000
EACH = 40


@dataclass(slots=True)
class Store:
    """The producer's own store, its goods and the member who sends them."""

    staff: Staff
    producer: Producer
    member: Actor
    crowd: list[Person]
    wares: list[Ware]
    key: str
    point_id: int = 0
    levels: dict[int, int] = field(default_factory=dict)


def plan(
    staff: Staff, producer_id: int | None, member: Actor, crowd: list[Person], wares: list[Ware], key: str
) -> None:
    """Put the store and its orders on the list of what is to be done; nothing without the producer or goods of his."""
    producer = session().get(Producer, producer_id) if producer_id is not None else None
    mine = [w for w in wares if w.producer_id == producer_id and not w.is_alcohol and w.note != "sold-out"][:3]
    if producer is None or not mine:
        return
    store = Store(staff, producer, member, crowd, mine, key)
    staff.then(staff.day(12, 8), lambda: _open(store))
    then = staff.then
    then(staff.day(9, 9), lambda: _done(store))
    then(staff.day(3, 10), lambda: _on_the_road(store))
    then(staff.day(2, 8), lambda: _order(store, 3, {0: 1}))  # late: nobody has said anything
    then(staff.day(1, 9), lambda: _packed(store))
    then(staff.day(1, 11), lambda: _refused(store))
    then(staff.day(1, 14), lambda: _to_pack(store))
    then(staff.now - timedelta(hours=2), lambda: _asked(store))


def _open(store: Store) -> None:
    """The store, unless another part of the demonstration has opened it, and what lies in it."""
    s = session()
    found = s.scalars(
        select(Point).where(Point.producer_id == store.producer.id, Point.kind == PointKind.PRODUCER_STORE, Point.ships)
    ).first()
    if found is None:
        draft = points.Draft(
            name=NAME, kind=PointKind.PRODUCER_STORE, province_code=store.producer.province_code or HOME_PROVINCE,
            commune_code=store.producer.commune_code, producer_id=store.producer.id, ships=True, is_public=False,
            opened_on=clock.today(), is_demo=True,
        )  # fmt: skip
        store.point_id = points.create(store.member, draft, store.staff.key())
    else:
        store.point_id = found.id
    owner = f"producer:{store.producer.id}"
    for ware in store.wares:
        batch = store.staff.shelves.batch(ware, clock.today())
        code = f"{batch.code}-CS" if batch.expires_on else ""
        level = stock.receive(
            store.member, ware.variant_id, store.point_id, EACH, owner=owner, lot_code=code,
            produced_on=batch.produced_on if code else None, expires_on=batch.expires_on if code else None,
            reason="Cơ sở nhập kho (số liệu minh họa)", op_key=store.staff.key(),
        )  # fmt: skip
        store.levels[ware.variant_id] = level


def _order(store: Store, who: int, wanted: Mapping[int, int], *, paid: bool = False) -> Order | None:
    """Somebody orders: units by number of the ware. None where none of it may be sold just then."""
    at, buyer = clock.now(), store.crowd[who % len(store.crowd)]
    units = {store.wares[n].variant_id: q for n, q in wanted.items() if n < len(store.wares)}
    goods = catalog.sellable(list(units), at)
    lines = []
    for variant_id, quantity in units.items():
        g = goods.get(variant_id)
        if (
            g is None
            or g.unit_price_amount is None
            or g.price_id is None
            or (g.certificate_required and not g.certificate_id)
        ):
            continue
        lines.append(
            orders.DraftLine(
                variant_id, g.producer_id, g.sku, g.name, g.pack, quantity, g.unit_price_amount, g.price_id,
                g.certificate_required, g.certificate_id, g.is_alcohol, g.cold.value, g.weight_g or 0,
            )
        )  # fmt: skip
    if not lines:
        return None
    transfer = paid and PaymentMethod.VIETQR in payments.available_methods()
    method = PaymentMethod.VIETQR if transfer else PaymentMethod.COD
    until = at + timedelta(hours=24) if transfer else None
    day = clock.business_day(at)
    takes = tuple(Take(store.levels[x.variant_id], x.quantity) for x in lines)
    parcel = orders.DraftParcel(
        store.point_id, DeliveryKind.SHIP, tuple(lines), takes, FEE,
        sum(x.weight_g * x.quantity for x in lines), day + timedelta(days=2), day + timedelta(days=4),
    )  # fmt: skip
    placed = orders.place(
        GUEST,
        orders.Draft(
            op_key=store.staff.key(), op_digest="seed", basket_key=None, user_id=None, locale="vi", payment_method=method,
            delivery=DeliveryKind.SHIP, name=buyer.name, phone=buyer.phone, email=None, parcels=(parcel,), pay_until=until,
            province_code=buyer.province_code, province_name=buyer.province_name, commune_code=buyer.commune_code,
            commune_name=buyer.commune_name, street=buyer.street, is_demo=True, placed_at=at,
        ),
        key=store.key,
    )  # fmt: skip
    opened = payments.open_payment(placed.order_id, placed.reference, method, placed.total_amount, until)
    if transfer:
        desk = store.staff.people["donhang"]
        payments.confirm_transfer(desk, opened.id, placed.total_amount, f"FTDEMO{opened.id:06d}", store.staff.key())
    return session().get(Order, placed.order_id, populate_existing=True)


def _parcel(order: Order) -> Fulfilment:
    return session().scalars(select(Fulfilment).where(Fulfilment.order_id == order.id)).one()


def _then(store: Store, hours: float, act: Callable[[], object]) -> None:
    """Later, but not after now."""
    when: datetime = min(clock.now() + timedelta(hours=hours), store.staff.now - timedelta(minutes=5))
    store.staff.then(when, act)


def _said(store: Store, order: Order) -> int:
    parcel = _parcel(order)
    parcels.confirm_parcel(store.member, parcel.id, clock.today() + timedelta(days=1))
    return parcel.id


def _asked(store: Store) -> None:
    """To confirm, and its buyer wants to know something."""
    order = _order(store, 5, {0: 2, 1: 1})
    if order is not None:
        _talk(store, order, Side.BUYER, "Chị ơi, em muốn nhận trước cuối tuần thì có kịp không?")


def _talk(store: Store, order: Order, side: Side, words: str) -> None:
    who = GUEST if side is Side.BUYER else store.member
    conversations.write(who, _parcel(order).id, side, words, store.staff.key())


def _to_pack(store: Store) -> None:
    order = _order(store, 8, {0: 1, 2: 2}, paid=True)
    if order is not None:
        _then(store, 2, lambda: _said(store, order))


def _packed(store: Store) -> None:
    order = _order(store, 11, {1: 2}, paid=True)
    if order is None:
        return
    _talk(store, order, Side.BUYER, "Nhờ cơ sở gói kỹ giúp, em gửi biếu người lớn tuổi.")

    def pack() -> None:
        orders.pack(store.member, _said(store, order))
        _talk(store, order, Side.MAKER, "Dạ vâng, bên em gói ba lớp và lót rơm, chị yên tâm ạ.")

    _then(store, 5, pack)


def _on_the_road(store: Store) -> None:
    order = _order(store, 14, {0: 3})
    if order is not None:
        _then(store, 6, lambda: _sent(store, order))


def _sent(store: Store, order: Order) -> int:
    parcel_id = _said(store, order)
    orders.pack(store.member, parcel_id)
    number = f"DEMO{store.staff.rng.randrange(10**6):06d}"
    orders.hand_over(store.member, parcel_id, carrier="Viettel Post", tracking_number=number)
    return parcel_id


def _done(store: Store) -> None:
    order = _order(store, 17, {0: 1, 1: 1})
    if order is None:
        return

    def arrive() -> None:
        parcel_id = _sent(store, order)

        def delivered() -> None:
            orders.deliver(store.member, parcel_id)
            found = session().scalars(select(Payment).where(Payment.order_id == order.id)).one()
            payments.collect_cod(store.staff.people["donhang"], found.id, found.amount, store.staff.key())

        _then(store, 48, delivered)

    _then(store, 6, arrive)


def _refused(store: Store) -> None:
    """Some units of it are not sent: the buyer keeps the rest."""
    order = _order(store, 20, {0: 3, 1: 2}, paid=True)
    if order is None:
        return

    def refuse() -> None:
        parcel = _parcel(order)
        lines = session().scalars(select(OrderLine).where(OrderLine.fulfilment_id == parcel.id).order_by(OrderLine.id))
        first = next(iter(lines))
        parcels.refuse(store.member, parcel.id, {first.id: 1}, RefusalWhy.DAMAGED, "Kiểm lại thấy một gói bị hở mép")
        _said(store, order)

    _then(store, 3, refuse)
