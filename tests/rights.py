"""Whose things are whose: for every address that names a thing, how to make one that is there, and who owns it.

`tests/house/test_rights_matrix.py` walks the door table with it. A new address with a parameter needs one maker here:

    @maker("/producer/listings/<reference>", of="producer")
    def listing(house):
        return {"reference": …}          # a thing of `house.producer`, made by the room's own commands

`of` says whose it is: `point`, `producer`, `locality` (a grant for another one must be answered 404), `user` (somebody
signed in), `all` (only a grant for all opens it), `shared` (whoever has the right at all: say why), `buyer` (public by a
secret), `device` (a counter's machine).
A maker serves the rule itself and every rule below it that has no parameter of its own; the longest one that fits is taken.
"""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import select

from shop.accounts.permissions import Role
from shop.catalog.models import Photo, Price, Variant
from shop.kernel import clock, jobs, operations, text
from shop.kernel.actor import GUEST, SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.points.models import Point
from shop.producers.models import Producer
from tests import factories, people

BUYER, PHONE = "Trần Thị Bưởi", "+84912345678"
_KEYS = itertools.count(1)
_PARAMETER = re.compile(r"<(?:[^<>:]+:)?([^<>]+)>")
# One of a few words is a choice, not a thing: the first of them stands for all.
_CHOICE = re.compile(r"<any\(['\"]?([^'\",)]+)[^)]*\):\w+>")

# Public addresses that name what everybody may read; a new one must be thought about and written down.
PUBLIC = {
    "/api/v1/certificates/<path:number>": "certificates are public",
    "/api/v1/products/<slug>": "the catalogue",
    "/chung-nhan/<path:number>": "certificates are public",
    "/dat-lai-mat-khau/<token>": "the token is the right",
    "/diem-ban/<slug>": "points that are shown",
    "/hoi-cho/<slug>": "fairs",
    "/media/<path:key>": "public pictures only: other folders answer 404 (tests of each room)",
    "/nha-san-xuat/<slug>": "producers",
    "/san-pham/<slug>": "the catalogue",
    "/sitemap/san-pham-<int:part>.xml": "the catalogue",
    "/tro-giup/<page>": "help",
    "/truy-xuat/<code>": "what a label says",
    "/truy-xuat/<code>/giay-to/<int:paper_id>": "papers that staff made public",
    "/xac-nhan-email/<token>": "the token is the right",
}


@dataclass(frozen=True, slots=True)
class Maker:
    """How to make the thing that the rules under `rule` name; `why` tells why a `shared` one is nobody's."""

    rule: str
    of: str
    make: Callable[[House], dict[str, Any]]
    why: str = ""


MAKERS: dict[str, Maker] = {}


def maker(*rules: str, of: str, why: str = "") -> Callable[[Callable[[House], dict[str, Any]]], Any]:
    """Register the decorated function for `rules`."""

    def register(make: Callable[[House], dict[str, Any]]) -> Any:
        assert of != "shared" or why, f"{rules}: why may everybody with the right see each of them?"
        for rule in rules:
            assert rule not in MAKERS, f"two makers for {rule}"
            MAKERS[rule] = Maker(rule, of, make, why)
        return make

    return register


def parameters(rule: str) -> list[str]:
    """The names of what an address names."""
    return _PARAMETER.findall(_CHOICE.sub(r"\1", rule))


def found(rule: str) -> Maker | None:
    """The maker for `rule`: its own, else that of the longest rule above it which names the same things."""
    fitting = [
        m
        for m in MAKERS.values()
        if (rule == m.rule or rule.startswith((m.rule + "/", m.rule + ".")))
        and len(parameters(rule)) == len(parameters(m.rule))
    ]
    return max(fitting, key=lambda m: len(m.rule), default=None)


def address(rule: str, values: dict[str, Any]) -> str:
    """`rule` with its parameters filled in."""
    return _PARAMETER.sub(lambda m: str(values[m[1]]), _CHOICE.sub(r"\1", rule))


def key() -> str:
    """A fresh operation key."""
    return f"rights-key-{next(_KEYS):06d}"


def picture() -> bytes:
    """The bytes of a small photograph."""
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (320, 240), (20, 90, 90)).save(out, "JPEG")
    return out.getvalue()


class House:
    """A point with its second, a producer of another commune than other houses', and all that lies and happens there."""

    def __init__(self, app: Any, name: str, commune: str) -> None:
        self.app, self.name, self.commune = app, name, commune
        self.producer: Producer = factories.make_producer(f"HTX {name}", commune_code=commune)
        self.point: Point = factories.make_point(f"Kho {name}", commune_code=commune)
        self.second: Point = factories.make_point(f"Quầy {name}", commune_code=commune)

    def scopes(self, kind: str) -> list[str]:
        """What grants for this house name."""
        return {
            "point": [f"point:{self.point.id}", f"point:{self.second.id}"],
            "producer": [f"producer:{self.producer.id}"],
            "locality": [f"locality:{self.commune}"],
        }[kind]

    @cached_property
    def variant(self) -> Variant:
        return factories.make_variant(f"Chả mực {self.name}", producer=self.producer, commune_code=self.commune)

    @cached_property
    def level(self) -> int:
        return factories.put_in(
            self.variant, self.point, 60, lot_code=f"L-{self.name}", expires_on=clock.today() + timedelta(days=90)
        )

    @cached_property
    def lot(self) -> int:
        from shop.stock.models import StockLevel

        return session().get_one(StockLevel, self.level).lot_id

    @cached_property
    def slug(self) -> str:
        from shop.catalog.models import Product

        return session().get_one(Product, self.variant.product_id).slug

    @cached_property
    def order(self) -> Any:
        """An order of two packs, paid on delivery."""
        return self.place()

    def place(self) -> Any:
        """Place an order of two packs that leaves the point by parcel."""
        from shop.orders import services as orders
        from shop.orders.models import DeliveryKind, Order, PaymentMethod
        from shop.payments import services as payments
        from shop.stock.services import Take

        level, price = self.level, session().scalars(select(Price).where(Price.variant_id == self.variant.id)).first()
        assert price is not None
        line = orders.DraftLine(
            self.variant.id, self.producer.id, self.variant.sku, f"Chả mực {self.name}", "Gói 500 g", 2, price.amount, price.id,
            False, None, False, "none", 550,
        )  # fmt: skip
        parcel = orders.DraftParcel(self.point.id, DeliveryKind.SHIP, (line,), (Take(level, 2),), 30_000, 1_100)
        draft = orders.Draft(
            op_key=operations.new_key(), op_digest="x", basket_key=None, user_id=None, locale="vi",
            payment_method=PaymentMethod.COD, delivery=DeliveryKind.SHIP, name=f"{BUYER} {self.name}", phone=PHONE, email=None,
            parcels=(parcel,), pay_until=None, province_code="22", province_name="Quảng Ninh", commune_code=self.commune,
            commune_name="Phường", street="12 Lê Lợi",
        )  # fmt: skip
        with transaction():
            placed = orders.place(GUEST, draft, key="rights")
            payments.open_payment(placed.order_id, placed.reference, PaymentMethod.COD, placed.total_amount, None)
        return session().get_one(Order, placed.order_id)

    @cached_property
    def payment(self) -> int:
        from shop.payments.models import Payment

        return session().scalars(select(Payment.id).where(Payment.order_id == self.order.id)).one()

    def packed(self) -> str:
        """A transfer to the second point, packed."""
        from shop.transfers import services as transfers

        level = self.level
        reference = transfers.ask(SYSTEM, self.point.id, self.second.id, {self.variant.id: 4}, key())
        transfers.approve(SYSTEM, reference, {}, key())
        transfers.pack(SYSTEM, reference, {level: 4}, key())
        return reference

    @cached_property
    def transfer(self) -> str:
        return self.packed()

    @cached_property
    def sent(self) -> str:
        from shop.transfers import services as transfers

        reference = self.packed()
        transfers.dispatch(SYSTEM, reference, key())
        return reference

    @cached_property
    def delivery(self) -> str:
        from shop.receipts import services as receipts
        from shop.receipts.models import Terms

        return receipts.expect(
            SYSTEM, self.producer.id, self.point.id, Terms.CONSIGNMENT, clock.today(),
            {self.variant.id: receipts.Wanted(10, 90_000)}, op_key=key(),
        )  # fmt: skip

    @cached_property
    def till(self) -> Any:
        """A device of the point that has opened a session, sold more than the books have, and sent something refused."""
        from shop.till.services import devices
        from tests.till.conftest import Device

        keeper = people.make_user("Lê Thị Quầy", (Role.POINT_KEEPER, f"point:{self.point.id}"))
        code = f"{self.name}9"
        device_id = devices.create(SYSTEM, code, f"Máy {self.name}", self.point.id)
        made = devices.new_code(Actor("user", "Quản", 1), device_id)
        answer = self.app.test_client().post("/till/api/enrol", json={"code": made.code, "device_name": "thử"})
        assert answer.status_code == 200, answer.get_data(as_text=True)
        device = Device(self.app, code, answer.get_json()["token"], device_id, keeper)
        few = factories.make_variant(f"Nem {self.name}", producer=self.producer)
        factories.put_in(few, self.point, 1)
        device.send(device.open())
        device.send(device.sale(device.line(few, 3)))
        device.send(device.sale(device.line(few, 1, variant_id=999_999_999)))
        device.send(device.cash(1_000, seq=next(device.seq) + 5))
        return device


def _first(model: Any, *conditions: Any) -> Any:
    return session().scalars(select(model).where(*conditions).order_by(model.id.desc())).first()


# --- goods -------------------------------------------------------------------------------------------------------


@maker("/office/products/<slug>", of="locality")
def product(house: House) -> dict[str, Any]:
    house.level  # noqa: B018 - some goods of it
    return {"slug": house.slug}


@maker("/office/products/<slug>/packs/<sku>", of="locality")
def pack(house: House) -> dict[str, Any]:
    return {"slug": house.slug, "sku": house.variant.sku}


@maker("/office/products/<slug>/packs/<sku>/prices/<int:price_id>", of="locality")
def price(house: House) -> dict[str, Any]:
    with transaction() as s:
        planned = Price(
            variant_id=house.variant.id, amount=99_000, valid_from=clock.now() + timedelta(days=9), created_by="system"
        )
        s.add(planned)
    return pack(house) | {"price_id": planned.id}


@maker("/office/products/<slug>/photos/<int:photo_id>", of="locality")
def photo(house: House) -> dict[str, Any]:
    with transaction() as s:
        made = Photo(
            product_id=house.variant.product_id, alt="Ảnh", width=480, height=480, created_at=clock.now(),
            files={"jpeg": {"480": "products/00/none.jpg"}},
        )  # fmt: skip
        s.add(made)
    return {"slug": house.slug, "photo_id": made.id}


@maker("/office/certificates/<int:certificate_id>", of="locality")
def certificate(house: House) -> dict[str, Any]:
    return {"certificate_id": factories.make_certificate(house.variant).id}


@maker("/office/producers/<slug>", of="locality")
def producer(house: House) -> dict[str, Any]:
    return {"slug": house.producer.slug}


@maker("/office/producers/<slug>/sales", of="producer")
def producer_sales(house: House) -> dict[str, Any]:
    assert house.order
    return {"slug": house.producer.slug}


# --- points and goods at them ------------------------------------------------------------------------------------


@maker("/office/points/<slug>", "/office/inspections/<slug>", "/office/targets/at/<slug>", of="point")
def point(house: House) -> dict[str, Any]:
    house.level  # noqa: B018
    return {"slug": house.point.slug}


@maker("/office/inspections/<slug>/photo/<int:finding_id>", of="point")
def finding(house: House) -> dict[str, Any]:
    from shop.inspections import criteria
    from shop.inspections import services as inspections
    from shop.inspections.models import Finding, Verdict

    day = date(2025, 6, 1)
    seen = [inspections.Seen(c.code, Verdict.NOT_MET, "thiếu biển") for c in criteria.edition_for(day).criteria]
    seen[0] = inspections.Seen(seen[0].code, Verdict.NOT_MET, "thiếu biển", picture())
    inspections.record(SYSTEM, house.point.id, held_on=day, inspector="Phạm Văn An", seen=seen, op_key=key())
    return {"slug": house.point.slug, "finding_id": _first(Finding, Finding.photo_key.is_not(None)).id}


@maker("/office/stock/<int:level_id>", of="point")
def level(house: House) -> dict[str, Any]:
    return {"level_id": house.level}


@maker("/office/stock/lots/<int:lot_id>", "/office/stock/lots/<int:lot_id>/labels", of="point")
def lot(house: House) -> dict[str, Any]:
    return {"lot_id": house.lot}


@maker("/office/stock/lots/<int:lot_id>/papers/<int:paper_id>", of="point")
def lot_paper(house: House) -> dict[str, Any]:
    from shop.stock.services import lot_papers

    draft = lot_papers.PaperDraft("test", number="KN-1", content=picture())
    return {"lot_id": house.lot, "paper_id": lot_papers.add_paper(SYSTEM, house.lot, draft, key())}


@maker("/office/transfers/<reference>", of="point")
def transfer(house: House) -> dict[str, Any]:
    return {"reference": house.transfer}


@maker("/office/transfers/<reference>/receive", "/office/transfers/<reference>/close", of="point")
def transfer_on_the_road(house: House) -> dict[str, Any]:
    return {"reference": house.sent}


@maker("/office/receipts/<reference>", of="point")
def delivery(house: House) -> dict[str, Any]:
    return {"reference": house.delivery}


@maker("/office/receipts/<reference>/paper/<int:receipt_id>", of="point")
def receipt_paper(house: House) -> dict[str, Any]:
    from shop.receipts import queries
    from shop.receipts import services as receipts

    row, _view = queries.delivery(house.delivery)
    line = queries.lines(row.id)[0]
    receipts.receive(
        SYSTEM, house.delivery, {line.line_id: receipts.Came(2)}, paper_number="PX-1", paper=picture(), op_key=key()
    )
    from shop.receipts.models import Receipt

    return {"reference": house.delivery, "receipt_id": _first(Receipt, Receipt.delivery_id == row.id).id}


@maker("/office/counts/<reference>", of="point")
def stock_count(house: House) -> dict[str, Any]:
    from shop.counts import services as counts
    from shop.counts.models import CountKind

    house.level  # noqa: B018
    return {"reference": counts.open_count(SYSTEM, house.point.id, CountKind.FULL, op_key=key())}


@maker("/office/write-offs/<reference>", of="point")
def write_off(house: House) -> dict[str, Any]:
    from shop.counts import services as counts
    from shop.counts.models import WriteOffReason

    made = counts.write_off(
        SYSTEM, house.level, 1, WriteOffReason.DAMAGED, note="rách bao", photo=picture(), op_key=key()
    )
    return {"reference": made}


# --- orders and money --------------------------------------------------------------------------------------------


@maker("/office/orders/<reference>", of="point")
def order(house: House) -> dict[str, Any]:
    return {"reference": house.order.reference}


@maker("/office/fulfilments/<reference>/<int:number>", of="point")
def parcel(house: House) -> dict[str, Any]:
    return {"reference": house.order.reference, "number": 1}


@maker("/office/payments/<int:payment_id>", of="all")
def payment(house: House) -> dict[str, Any]:
    return {"payment_id": house.payment}


@maker("/office/payments/<int:payment_id>/refunds/<int:refund_id>", of="all")
def refund(house: House) -> dict[str, Any]:
    from shop.payments.models import Payment, PaymentState, Refund, RefundState

    with transaction() as s:
        paid = s.scalars(select(Payment).where(Payment.order_id == house.place().id)).one()
        paid.state, paid.captured_amount, paid.refunded_amount = PaymentState.CAPTURED, paid.amount, 1_000
        made = Refund(
            payment_id=paid.id, amount=1_000, state=RefundState.PENDING, reason="thử", op_key=key(), actor_key="system",
            actor_label="Hệ thống", created_at=clock.now(),
        )  # fmt: skip
        s.add(made)
    return {"payment_id": paid.id, "refund_id": made.id}


@maker("/office/payments/issues/<int:issue_id>", of="all")
def payment_issue(house: House) -> dict[str, Any]:
    from shop.payments.models import PaymentIssue

    with transaction() as s:
        made = PaymentIssue(
            kind="amount", payment_id=house.payment, key=key(), detail={"received": 1, "due": 2}, opened_at=clock.now()
        )
        s.add(made)
    return {"issue_id": made.id}


@maker("/don-hang/<reference>", of="buyer")
def own_order(house: House) -> dict[str, Any]:
    return {"reference": house.order.reference}


# --- counters ----------------------------------------------------------------------------------------------------


@maker("/office/tills/devices/<code>", of="point")
def device(house: House) -> dict[str, Any]:
    return {"code": house.till.code}


@maker("/office/tills/sessions/<int:session_id>", of="point")
def till_session(house: House) -> dict[str, Any]:
    from shop.till.models import TillSession

    return {"session_id": _first(TillSession, TillSession.device_id == house.till.id).id}


@maker("/office/tills/refused/<int:event_id>", of="point")
def refused(house: House) -> dict[str, Any]:
    from shop.till.models import EventState, TillEvent

    return {
        "event_id": _first(TillEvent, TillEvent.device_id == house.till.id, TillEvent.state == EventState.REFUSED).id
    }


@maker("/office/tills/odd/gap/<int:gap_id>", of="point")
def gap(house: House) -> dict[str, Any]:
    from shop.till.models import Gap

    return {"gap_id": _first(Gap, Gap.device_id == house.till.id).id}


@maker("/office/tills/odd/notice/<int:notice_id>", of="point")
def notice(house: House) -> dict[str, Any]:
    from shop.till.models import Notice

    with transaction() as s:
        made = Notice(kind="clock-ahead", device_id=house.till.id, detail={}, opened_at=clock.now())
        s.add(made)
    return {"notice_id": made.id}


@maker("/office/tills/shortages/<reference>", of="point")
def shortage(house: House) -> dict[str, Any]:
    from shop.till.models import Shortage

    assert house.till
    return {"reference": _first(Shortage, Shortage.point_id == house.point.id).reference}


@maker("/till/receipt/<number>.pdf", of="device")
def till_receipt(house: House) -> dict[str, Any]:
    from shop.till.models import TillSale

    return {"number": _first(TillSale, TillSale.device_id == house.till.id).number}


# --- of all ------------------------------------------------------------------------------------------------------


@maker("/office/stock/lots/<int:lot_id>/resume", "/office/stock/lots/<int:lot_id>/stop", of="all")
@maker("/office/stock/lots/<int:lot_id>/swap", "/office/stock/lots/<int:lot_id>/papers", of="all")
def lot_of_all(house: House) -> dict[str, Any]:
    return lot(house)


@maker("/office/recalls/<reference>", of="all")
def recall(house: House) -> dict[str, Any]:
    from shop.recalls import services as recalls

    variant = factories.make_variant(f"Sá sùng {house.name}", producer=house.producer)
    from shop.stock.models import StockLevel

    bad = factories.put_in(variant, house.point, 3, lot_code="XAU")
    lot_id = session().get_one(StockLevel, bad).lot_id
    return {"reference": recalls.run(SYSTEM, lot_id, "Kiểm nghiệm vượt mức", "Mang đến điểm bán gần nhất.", key())}


@maker("/office/recalls/<reference>/buyers/<int:buyer_id>", of="all")
def recall_buyer(house: House) -> dict[str, Any]:
    from shop.recalls.models import Reach, Recall, RecallBuyer

    made = recall(house)
    with transaction() as s:
        row = RecallBuyer(
            recall_id=_first(Recall, Recall.reference == made["reference"]).id, order_id=house.order.id, quantity=1,
            reach=Reach.CALL,
        )  # fmt: skip
        s.add(row)
    return made | {"buyer_id": row.id}


@maker("/office/recalls/<reference>/levels/<int:level_id>", of="all")
def recall_level(house: House) -> dict[str, Any]:
    from shop.recalls.models import Recall
    from shop.stock.models import StockLevel

    made = recall(house)
    lot_id = _first(Recall, Recall.reference == made["reference"]).lot_id
    return made | {"level_id": _first(StockLevel, StockLevel.lot_id == lot_id).id}


@maker("/office/messages/<reference>", of="all")
def message(house: House) -> dict[str, Any]:
    from shop.messages.models import Message, Topic

    with transaction() as s:
        made = Message(
            reference=text.reference(), topic=next(iter(Topic)), name=f"{BUYER} {house.name}", phone=PHONE,
            body="Hỏi về đơn hàng", created_at=clock.now(), updated_at=clock.now(),
        )  # fmt: skip
        s.add(made)
    return {"reference": made.reference}


@maker("/office/users/<int:user_id>", of="all")
def user(_house: House) -> dict[str, Any]:
    return {"user_id": people.make_user("Phạm Thị Kia").id}


@maker("/office/jobs/<int:job_id>", of="all")
def job(_house: House) -> dict[str, Any]:
    now = clock.now()
    with transaction() as s:
        made = jobs.Job(name="none", payload={}, state=jobs.JobState.FAILED, run_at=now, attempts=9, created_at=now)
        s.add(made)
    return {"job_id": made.id}


@maker("/office/rates/<int:table_id>", of="all")
def rate_table(_house: House) -> dict[str, Any]:
    from shop.delivery.models import RateTable

    with transaction() as s:
        made = RateTable(
            origin_code=f"{next(_KEYS):02d}", name="Bảng thử", valid_from=clock.today() + timedelta(days=30),
            created_at=clock.now(), created_by="Hệ thống",
        )  # fmt: skip
        s.add(made)
    return {"table_id": made.id}


@maker("/office/settings/<key>", of="all")
def setting(_house: House) -> dict[str, Any]:
    from shop.kernel import settings

    return {"key": next(iter(settings.known))}


@maker("/office/places/<code>", of="shared", why="the gazetteer is public knowledge; who may change it has it for all")
def place(_house: House) -> dict[str, Any]:
    return {"code": "06661"}


# --- one's own ---------------------------------------------------------------------------------------------------


@maker("/tai-khoan/dia-chi/<reference>", of="user")
def own_address(house: House) -> dict[str, Any]:
    from shop.accounts.services import addresses

    owner = people.make_user(f"Chủ nhà {house.name}")
    given = addresses.AddressGiven("Chủ nhà", "0912345678", "12 Lê Lợi", "Hạ Long", "06661", "Quảng Ninh", "22")
    return {"user": owner, "reference": addresses.add_address(Actor("user", owner.name, owner.id), given)}


@maker("/tai-khoan/bao-mat/thiet-bi/<reference>", of="user")
def own_session(house: House) -> dict[str, Any]:
    from shop.accounts.models import UserSession

    owner, now = people.make_user(f"Chủ máy {house.name}"), clock.now()
    with transaction() as s:
        made = UserSession(
            token_hash=key(), user_id=owner.id, created_at=now, last_seen_at=now, expires_at=now + timedelta(days=1)
        )
        s.add(made)
    return {"user": owner, "reference": made.reference}
