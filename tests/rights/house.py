"""The registry of makers, and the house whose things they are."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, wraps
from typing import Any

from sqlalchemy import select

from shop.accounts.permissions import Role
from shop.catalog.models import Price, Variant
from shop.kernel import clock, operations
from shop.kernel.actor import GUEST, SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.points.models import Point, PointKind
from shop.producers.models import Producer
from tests import factories, people

BUYER, PHONE = "Trần Thị Bưởi", "+84912345678"
KEYS = itertools.count(1)
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
    "/hoi-cho/<slug>": "fairs that are announced or known from sources",
    "/hoi-cho/<slug>/so-do.pdf": "their plans",
    "/hoi-cho/<slug>/rut-tham": "the draw of a fair: references and numbers without names",
    "/hoi-cho/<slug>/gian": "who sells what at a fair whose booths are published",
    "/hoi-cho/<slug>/gian/<path:code>": "a booth of it",
    "/hoi-cho/<slug>/gian/<path:code>/them": "into one's own basket",
    "/hoi-cho/<slug>/man-hinh/<token>": "the token is the right",
    "/hoi-cho/<slug>/man-hinh/<token>/nay": "the token is the right",
    "/hoi-cho/<slug>/ket-qua": "what the public is told of a fair once its report is frozen",
    "/loi-moi/<token>": "the token is the right; who takes the invitation must be signed in",
    "/mua-vu/<reference>": "harvest windows that were published",
    "/mua-vu/<reference>/dat": "the form to order in one",
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


def shared(make: Callable[[House], Any]) -> Callable[[House], Any]:
    """What the decorated function makes is made once for each house: several doors may name the same thing."""

    @wraps(make)
    def once(house: House) -> Any:
        if make not in house.kept:
            house.kept[make] = make(house)
        return house.kept[make]

    return once


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
    return f"rights-key-{next(KEYS):06d}"


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
        self.kept: dict[Any, Any] = {}
        self.producer: Producer = factories.make_producer(f"HTX {name}", commune_code=commune)
        self.point: Point = factories.make_point(f"Kho {name}", commune_code=commune)
        self.second: Point = factories.make_point(f"Quầy {name}", commune_code=commune)

    def scopes(self, kind: str) -> list[str]:
        """What grants for this house name."""
        if kind == "council":
            return [f"council:{self.council}"]
        return {
            "point": [f"point:{self.point.id}", f"point:{self.second.id}"],
            "producer": [f"producer:{self.producer.id}"],
            "locality": [f"locality:{self.commune}"],
            "exhibition": [f"exhibition:{self.fair.id}", f"exhibition:{self.running_fair.id}"],
        }[kind]

    @cached_property
    def council(self) -> int:
        """A council that heard a dossier of the producer."""
        from tests.rights import programme

        return int(programme.panel(self)["council_id"])

    @cached_property
    def fair(self) -> Any:
        """A fair of spring, announced, that takes applications today."""
        from shop.exhibitions.models.fairs import Exhibition, FairKind
        from shop.exhibitions.services import fairs

        today, day = clock.today(), timedelta(days=1)
        draft = fairs.Draft(
            name=f"Hội chợ {self.name}", kind=FairKind.PROVINCIAL, from_on=today + 60 * day, to_on=today + 66 * day,
            venue="Cung Quy hoạch", call_from_on=today - day, call_to_on=today + 20 * day, home_point_id=self.point.id,
        )  # fmt: skip
        slug = fairs.create(SYSTEM, draft, key())
        found = session().scalars(select(Exhibition).where(Exhibition.slug == slug)).one()
        fairs.announce(SYSTEM, found.id, key())
        return found

    @cached_property
    def running_fair(self) -> Any:
        """Another fair, which is on: its booths are given by whoever needs them."""
        from shop.exhibitions.models.fairs import Exhibition, FairKind, FairState
        from shop.exhibitions.services import fairs

        today, day = clock.today(), timedelta(days=1)
        draft = fairs.Draft(
            name=f"Hội chợ đang mở {self.name}", kind=FairKind.PROVINCIAL, from_on=today, to_on=today + 6 * day,
            venue="Cung Quy hoạch", home_point_id=self.point.id,
        )  # fmt: skip
        slug = fairs.create(SYSTEM, draft, key())
        with transaction() as s:
            found = s.scalars(select(Exhibition).where(Exhibition.slug == slug)).one()
            found.state = FairState.RUNNING
        return found

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

    @cached_property
    def store(self) -> Point:
        """The producer's own store."""
        own: dict[str, Any] = {
            "kind": PointKind.PRODUCER_STORE,
            "producer_id": self.producer.id,
            "ships": False,
            "pickup": False,
        }
        return factories.make_point(f"Kho cơ sở {self.name}", commune_code=self.commune, **own)

    @cached_property
    def own_level(self) -> int:
        """The producer's goods in his own store."""
        return factories.put_in(
            self.variant, self.store, 30, owner=f"producer:{self.producer.id}", lot_code=f"O-{self.name}"
        )

    def place(self, point: Point | None = None, level: int | None = None) -> Any:
        """Place an order of two packs that leaves the point (or another, of goods there) by parcel."""
        from shop.orders import services as orders
        from shop.orders.models import DeliveryKind, Order, PaymentMethod
        from shop.payments import services as payments
        from shop.stock.services import Take

        level, price = (
            level or self.level,
            session().scalars(select(Price).where(Price.variant_id == self.variant.id)).first(),
        )
        assert price is not None
        line = orders.DraftLine(
            self.variant.id, self.producer.id, self.variant.sku, f"Chả mực {self.name}", "Gói 500 g", 2, price.amount, price.id,
            False, None, False, "none", 550,
        )  # fmt: skip
        parcel = orders.DraftParcel(
            (point or self.point).id, DeliveryKind.SHIP, (line,), (Take(level, 2),), 30_000, 1_100
        )
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


def first(model: Any, *conditions: Any) -> Any:
    return session().scalars(select(model).where(*conditions).order_by(model.id.desc())).first()
