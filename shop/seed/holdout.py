"""Invented goods for checks from outside: other names, addresses and counts for every seed, nothing of the real catalogue."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from shop.accounts.permissions import Role
from shop.catalog import services as catalog
from shop.catalog.models import CertificateLevel, Cold, Product, ProductSet
from shop.catalog.services import registry
from shop.delivery import services as delivery
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.places import queries as places
from shop.places import services as places_services
from shop.places.models import HOME_PROVINCE
from shop.points import hours
from shop.points import services as points
from shop.points.models import Point, PointKind
from shop.producers import services as producers
from shop.producers.models import LegalForm, Producer
from shop.programme.models.councils import Seat
from shop.programme.models.dossiers import Round, RoundLevel
from shop.programme.services import councils, rounds
from shop.seed import logins, marks, told
from shop.seed.logins import Login
from shop.seed.packs import shapes
from shop.stock import services as stock

REASON = "Số liệu kiểm thử"
PRODUCTS, SCARCE, ALCOHOL, CERTIFIED, NEEDING = 60, 5, 6, 30, 20

_FIRST = ("Bến", "Đồi", "Khe", "Vũng", "Suối", "Đồng", "Núi", "Cồn", "Bãi", "Đầm", "Rừng", "Gành")
_SECOND = (
    "Sậy",
    "Trăng",
    "Mây",
    "Đước",
    "Sương",
    "Thông",
    "Sếu",
    "Vẹt",
    "Cọ",
    "Rạng",
    "Nắng",
    "Sim",
    "Lau",
    "Gió",
    "Tùng",
)
# Kind of goods, its product set (2026), pack, lowest and highest price in thousands of đồng.
_ALCOHOL = (
    ("Rượu mơ ngâm", 15, "chai-500", 80, 190),
    ("Rượu sim rừng", 15, "chai-750", 120, 240),
    ("Rượu nếp cái", 14, "chai-500", 50, 110),
    ("Rượu men lá", 14, "chai-1000", 90, 180),
    ("Rượu ba kích tím", 15, "chai-500", 110, 260),
    ("Rượu dâu", 15, "qua-2x500", 190, 380),
    ("Rượu gạo nương", 14, "can-5l", 260, 420),
)
_GOODS = (
    ("Mật ong hoa rừng", 4, "chai-500", 120, 260),
    ("Mật ong bạc hà", 4, "hu-500", 150, 290),
    ("Sữa ong chúa", 4, "hu-100", 180, 350),
    ("Chè xanh búp", 11, "goi-200", 50, 130),
    ("Chè shan", 11, "hop-200", 90, 220),
    ("Trà gừng", 12, "hop-100", 35, 90),
    ("Trà atiso", 12, "goi-200", 45, 110),
    ("Trà hoa cúc", 12, "hu-50", 60, 140),
    ("Trà lá vối", 12, "goi-500", 40, 95),
    ("Miến dong", 6, "goi-500", 45, 85),
    ("Bún khô gạo đỏ", 6, "goi-500", 30, 60),
    ("Bánh đa cua", 6, "goi-500", 28, 55),
    ("Bánh khoai nướng", 6, "hop-200", 30, 70),
    ("Bánh lá gai", 6, "chuc-10", 40, 80),
    ("Gạo nếp nương", 3, "tui-2kg", 70, 120),
    ("Gạo tám", 3, "tui-5kg", 130, 220),
    ("Đỗ đen xanh lòng", 3, "goi-1000", 60, 110),
    ("Lạc đỏ", 3, "goi-1000", 55, 95),
    ("Ổi lê", 1, "tui-2kg", 40, 80),
    ("Cam sành", 1, "thung-5kg", 140, 260),
    ("Khoai lang mật", 1, "tui-2kg", 35, 70),
    ("Hành tăm", 1, "goi-500", 30, 65),
    ("Trứng gà thả đồi", 2, "vi-10", 35, 60),
    ("Trứng vịt muối", 8, "vi-10", 45, 80),
    ("Ruốc cá thu", 8, "hu-200", 110, 220),
    ("Ruốc tôm", 8, "hu-100", 80, 170),
    ("Ruốc hàu sữa", 8, "hu-100", 95, 190),
    ("Tôm nõn khô", 8, "goi-200", 160, 320),
    ("Cá chỉ vàng khô", 8, "tui-hut-500", 120, 240),
    ("Mực khô xé", 8, "goi-100", 130, 230),
    ("Nước mắm cốt", 9, "chai-500", 55, 140),
    ("Nước mắm nhĩ", 9, "chai-1000", 110, 240),
    ("Tương nếp", 9, "chai-500", 30, 65),
    ("Mắm tép chưng", 9, "hu-200", 60, 120),
    ("Muối tôm", 10, "hu-100", 25, 60),
    ("Tỏi đen", 10, "hop-200", 110, 230),
    ("Hạt tiêu rừng", 10, "goi-100", 70, 150),
    ("Muối hầm", 10, "goi-500", 20, 45),
    ("Cà phê chồn hương", 13, "goi-200", 90, 180),
    ("Măng khô nứa", 7, "goi-500", 90, 170),
    ("Mộc nhĩ", 7, "goi-200", 45, 90),
    ("Kẹo lạc", 7, "goi-500", 35, 75),
    ("Củ cải khô", 7, "goi-200", 25, 55),
    ("Dầu lạc ép", 7, "chai-1000", 110, 190),
    ("Dưa kiệu", 7, "hu-500", 45, 90),
    ("Tinh dầu sả", 20, "lo-30", 60, 130),
    ("Tinh dầu quế", 20, "lo-10", 40, 90),
    ("Tinh dầu khuynh diệp", 20, "lo-30", 70, 150),
    ("Cao gắm", 18, "hop-100", 160, 320),
    ("Nghệ viên mật ong", 18, "hu-200", 90, 180),
    ("Khăn thổ cẩm", 22, "goi-200", 120, 280),
    ("Túi thêu tay", 22, "goi-200", 150, 350),
    ("Giỏ đan guột", 21, "chau", 90, 220),
    ("Bình gốm men tro", 21, "binh-hoa", 180, 420),
    ("Ấm tích gốm", 21, "bo-am-chen", 250, 520),
    ("Nước ép dứa dại", 17, "chai-500", 30, 70),
    ("Giấm táo mèo", 17, "chai-500", 40, 85),
    ("Nước khoáng ga nhẹ", 16, "loc-6x500", 40, 70),
)
_COLD = (
    ("Chả mực giã tay", 8, "tui-hut-500", 190, 290),
    ("Giò nạc", 8, "tui-hut-500", 90, 150),
    ("Gà đồi làm sẵn", 2, "con-1500", 210, 360),
    ("Thịt lợn bản", 2, "khay-500", 75, 130),
    ("Nấm sò", 1, "khay-200", 20, 40),
    ("Cá thu một nắng", 8, "tui-hut-500", 160, 280),
)
_FORMS = (
    (LegalForm.COOPERATIVE, "HTX"),
    (LegalForm.COMPANY, "Công ty TNHH"),
    (LegalForm.HOUSEHOLD, "Hộ kinh doanh"),
)
_PEOPLE = (
    "Bùi Thị Thử",
    "Đặng Văn Thử",
    "Hoàng Thu Nghiệm",
    "Lý Minh Nghiệm",
    "Nông Thị Mẫu",
    "Phạm Gia Mẫu",
    "Trần Văn Ví",
)


@dataclass(frozen=True, slots=True)
class _Wares:
    """What one product will be."""

    kind: str
    set_number: int
    shape: str
    amount: int
    cold: Cold


def load(seed: int) -> dict[str, Any]:
    """Load the goods of `seed` if they are not there yet; return what `--json` prints.

    3 producers, 3 points that ship and give out, 1 fair, 60 products: 5 scarce, 6 of alcohol, 20 that may be sold only with
    their certificate (in force). Log-ins of every role.
    """
    target = f"seed:holdout:{seed}"
    places_services.load()
    with transaction():
        marks.take_turns()
        known = marks.found(target)
        if known is None:
            delivery.load_regions()
            delivery.load_demo_rates()
            registry.load_groups()
            known = _make(seed)
            logins.make(_logins(seed, known))
            councils.seat(SYSTEM, known["council_ids"][0], _council_member(seed, known), Seat.MEMBER, "Sở Công Thương")
            marks.note(target, **known)
    return told.everything(
        known["products"],
        set(known["scarce"]),
        known["producers"],
        known["points"],
        known["fairs"],
        _logins(seed, known),
    )


def _brands(rng: random.Random) -> Iterator[str]:
    """Names of places that do not exist, each once."""
    pairs = [f"{a} {b}" for a in _FIRST for b in _SECOND]
    rng.shuffle(pairs)
    yield from pairs


def _make(seed: int) -> dict[str, Any]:
    rng = random.Random(f"holdout:{seed}")
    brands = _brands(rng)
    communes = [unit.code for unit in places.communes(HOME_PROVINCE)]
    makers = [_producer(rng, form, word, next(brands), rng.choice(communes)) for form, word in _FORMS]
    shops = [_point(rng, seed, kind, next(brands), rng.choice(communes)) for kind in _KINDS]
    fair = _fair(seed, next(brands), rng.choice(communes))
    made = _products(
        rng, seed, [producer_id for producer_id, _brand in makers], [brand for _id, brand in makers], shops
    )
    s = session()
    return {
        "products": [slug for slug, _scarce in made],
        "scarce": [slug for slug, scarce in made if scarce],
        "producers": [s.scalar(select(Producer.slug).where(Producer.id == i)) for i, _brand in makers],
        "points": [s.scalar(select(Point.slug).where(Point.id == i)) for i in shops],
        "fairs": [s.scalar(select(Point.slug).where(Point.id == fair))],
        "producer_ids": [producer_id for producer_id, _brand in makers],
        "point_ids": shops,
        "communes": rng.sample(communes, 2),
        "council_ids": [_council(seed)],
    }


def _council(seed: int) -> int:
    """A council of a round that takes nothing in any more; returns its id."""
    cut_off = clock.today() - timedelta(days=1)
    code = rounds.open_round(
        SYSTEM, RoundLevel.PROVINCE, cut_off.year, cut_off, cut_off + timedelta(days=60), f"seed:holdout:{seed}:round",
        is_demo=True,
    )  # fmt: skip
    round_id = session().scalars(select(Round.id).where(Round.code == code)).one()
    return councils.create(
        SYSTEM, round_id, f"Hội đồng đợt {code}", f"{seed}/QĐ-KT", cut_off, f"seed:holdout:{seed}:council", is_demo=True
    )


def _council_member(seed: int, known: dict[str, Any]) -> str:
    """The user name of the council's member."""
    return next(login.username for login in _logins(seed, known) if login.role == Role.COUNCIL_MEMBER)


def _producer(rng: random.Random, form: LegalForm, word: str, brand: str, commune: str) -> tuple[int, str]:
    producer_id = producers.create_producer(
        SYSTEM,
        name=f"{word} {brand}",
        legal_form=form,
        tax_code=f"{rng.randrange(57_00_000_000, 58_00_000_000):010d}",
        representative=rng.choice(_PEOPLE),
        province_code=HOME_PROVINCE,
        commune_code=commune,
        is_demo=True,
    )
    return producer_id, brand


_KINDS = {
    PointKind.CENTRE: "Trung tâm OCOP",
    PointKind.SHOP: "Cửa hàng OCOP",
    PointKind.PRODUCER_STORE: "Cửa hàng",
}


def _point(rng: random.Random, seed: int, kind: PointKind, brand: str, commune: str) -> int:
    open_, close = rng.choice((("07:00", "19:00"), ("07:30", "20:30"), ("08:00", "21:00")))
    draft = points.Draft(
        name=f"{_KINDS[kind]} {brand}",
        kind=kind,
        province_code=HOME_PROVINCE,
        commune_code=commune,
        address=f"Số {rng.randrange(1, 200)}, đường {brand}",
        hours={day: [open_, close] for day in hours.DAYS},
        services=("vietqr", "parking"),
        pickup=True,
        ships=True,
        is_demo=True,
    )
    return points.create(SYSTEM, draft, f"seed:holdout:{seed}:point:{kind}")


def _fair(seed: int, brand: str, commune: str) -> int:
    """A fair that runs now: a point with an end, closed to web orders."""
    today = clock.today()
    draft = points.Draft(
        name=f"Hội chợ OCOP {brand}",
        kind=PointKind.FAIR,
        province_code=HOME_PROVINCE,
        commune_code=commune,
        address=f"Sân trung tâm {brand}",
        opened_on=today - timedelta(days=1),
        is_demo=True,
    )
    point_id = points.create(SYSTEM, draft, f"seed:holdout:{seed}:fair")
    points.close(SYSTEM, point_id, today + timedelta(days=6), "Hết kỳ hội chợ")
    return point_id


def _wares(rng: random.Random) -> list[_Wares]:
    """60 kinds of goods: 6 of alcohol, 4 chilled, the rest dry; in random order, alcohol and chilled ones last."""
    plain = rng.sample(_GOODS, PRODUCTS - ALCOHOL - 4)
    chosen = [(row, Cold.NONE) for row in plain]
    chosen += [(row, Cold.CHILLED) for row in rng.sample(_COLD, 4)]
    chosen += [(row, Cold.NONE) for row in rng.sample(_ALCOHOL, ALCOHOL)]
    return [
        _Wares(kind, number, shape, rng.randrange(low, high + 1) * 1000, cold)
        for (kind, number, shape, low, high), cold in chosen
    ]


def _products(
    rng: random.Random, seed: int, makers: list[int], brands: list[str], shops: list[int]
) -> list[tuple[str, bool]]:
    """Make the goods with their stock; return (address, scarce) of each, in random order."""
    numbered = select(ProductSet.number, ProductSet.id).where(ProductSet.scheme == registry.SCHEME)
    sets: dict[int, int] = dict(session().execute(numbered).all())
    wares = _wares(rng)
    plain = PRODUCTS - ALCOHOL - 4
    scarce = set(rng.sample(range(plain), SCARCE))
    certified = rng.sample(range(PRODUCTS), CERTIFIED)
    needing = set(certified[:NEEDING])
    made = []
    for n, ware in enumerate(wares):
        maker = rng.randrange(3)
        product_id = catalog.create_product(
            SYSTEM,
            name=f"{ware.kind} {brands[maker]}",
            set_id=sets[ware.set_number],
            show=True,
            producer_id=makers[maker],
            summary=f"{ware.kind} của {brands[maker]}, hàng kiểm thử.",
            cold=ware.cold,
            needs_certificate=n in needing,
            province_code=HOME_PROVINCE,
            is_demo=True,
        )
        variant_id = catalog.add_variant(
            SYSTEM, product_id, sku=f"KT{seed}-{n + 1:02d}", is_demo=True, **shapes()[ware.shape].facts()
        )
        catalog.set_price(SYSTEM, variant_id, ware.amount, is_demo=True, source=REASON)
        if n in certified:
            _certificate(rng, seed, n, product_id)
        _stock(rng, seed, n, variant_id, shops, scarce=n in scarce)
        made.append((str(session().scalar(select(Product.slug).where(Product.id == product_id))), n in scarce))
    rng.shuffle(made)
    return made


def _certificate(rng: random.Random, seed: int, n: int, product_id: int) -> None:
    stars = rng.choice((3, 3, 4, 4, 5))
    issued = clock.add_months(clock.today(), -rng.randrange(1, 30)) - timedelta(days=rng.randrange(28))
    catalog.issue_certificate(
        SYSTEM,
        product_id,
        number=f"KT-{seed}-{n + 1:04d}",
        level=CertificateLevel.MINISTRY if stars == 5 else CertificateLevel.PROVINCE,
        stars=stars,
        issued_on=issued,
        is_demo=True,
    )


def _stock(rng: random.Random, seed: int, n: int, variant_id: int, shops: list[int], *, scarce: bool) -> None:
    """Scarce goods lie at one point; of the others some lie at two."""
    at = rng.sample(shops, 1 if scarce or n % 3 else 2)
    for point_id in at:
        quantity = rng.randrange(3, 11) if scarce else rng.randrange(200, 500)
        stock.receive(
            SYSTEM, variant_id, point_id, quantity, reason=REASON, op_key=f"seed:holdout:{seed}:stock:{n}:{point_id}"
        )


def _logins(seed: int, known: dict[str, Any]) -> list[Login]:
    """Every role, several people where the scope matters."""
    wanted: list[tuple[Role, str]] = [(Role.CUSTOMER, "*")] * 3
    wanted += [(Role.PRODUCER_MEMBER, f"producer:{i}") for i in known["producer_ids"]]
    wanted += [(Role.PRODUCER_OWNER, f"producer:{i}") for i in known["producer_ids"]]
    first = f"producer:{known['producer_ids'][0]}"
    wanted += [(role, first) for role in (Role.PRODUCER_LISTINGS, Role.PRODUCER_PACKING, Role.PRODUCER_MONEY)]
    wanted += [(Role.POINT_KEEPER, f"point:{i}") for i in known["point_ids"]]
    wanted += [(Role.PROMOTION_STAFF, "*"), (Role.PROGRAMME_OFFICER, "*")]
    wanted += [(Role.LOCALITY_OFFICER, f"locality:{code}") for code in known["communes"]]
    # A shop that was filled before there were councils has none.
    wanted += [(Role.COUNCIL_MEMBER, f"council:{i}") for i in known.get("council_ids", ())]
    wanted += [(Role.ORDER_DESK, "*"), (Role.ADMINISTRATOR, "*")]
    made: list[Login] = []
    counts = dict.fromkeys(Role, 0)
    for role, scope in wanted:
        counts[role] += 1
        word = f"holdout:{seed}:{role}:{counts[role]}"
        made.append(
            Login(
                role=role.value,
                scope=scope,
                username=f"{role.value.replace('_', '-')}-{counts[role]}.kt{seed}@example.vn",
                password=logins.password_for(word),
                totp=logins.totp_for(word, role),
                name=_PEOPLE[(seed + len(made)) % len(_PEOPLE)],
            )
        )
    return made
