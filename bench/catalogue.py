"""Big catalogues for tests and benchmarks: plausible goods, packs, prices, stars and stock, the same for the same seed.

    from bench import catalogue
    with app.app_context():
        catalogue.make(100_000, seed=7)

Rows are written in bulk past the services, but so that every invariant of the books holds (`flask audit`): each level has the
movement that filled it. Everything is marked as demo.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, text

from shop.catalog import listing
from shop.catalog.models import (
    Certificate,
    CertificateLevel,
    Cold,
    Price,
    Product,
    ProductGroup,
    ProductKind,
    ProductSet,
    ProductState,
    Variant,
    VariantState,
    certificate_key,
)
from shop.kernel import clock
from shop.kernel.db import Base, db, is_sqlite, session, transaction
from shop.kernel.text import slugify, sort_key
from shop.places import queries as places
from shop.points.models import Point, PointKind
from shop.producers.models import LegalForm, Producer, ProducerState
from shop.stock.models import Availability, Lot, MovementKind, StockLevel, StockMovement

QUANG_NINH = "22"
_PLACES = (
    "Hạ Long", "Móng Cái", "Cẩm Phả", "Uông Bí", "Đông Triều", "Quảng Yên", "Vân Đồn", "Tiên Yên", "Đầm Hà", "Hải Hà",
    "Ba Chẽ", "Bình Liêu", "Cô Tô",
)  # fmt: skip
_GROUPS = (
    ("thuc-pham", "Thực phẩm", "Food"),
    ("do-uong", "Đồ uống", "Drinks"),
    ("duoc-lieu", "Dược liệu và sản phẩm từ dược liệu", "Medicinal herbs"),
    ("thu-cong-my-nghe", "Hàng thủ công mỹ nghệ", "Handicrafts"),
    ("sinh-vat-canh", "Sinh vật cảnh", "Ornamental plants and animals"),
)
# (group, set, English, share of the catalogue, goods, content in grams or millilitres, unit, price per 100 of it, cold)
_SETS = (
    (0, "Rau, củ, quả, hạt tươi", "Fresh vegetables and fruit", 12,
     ("Khoai sọ", "Na dai", "Vải chín sớm", "Cam sành", "Thanh long ruột đỏ", "Củ cải", "Ổi", "Dưa lưới"),
     "KGM", 4, Cold.NONE),
    (0, "Thịt, thủy sản, trứng, sữa tươi", "Fresh meat, seafood and eggs", 10,
     ("Gà Tiên Yên", "Cá song", "Tôm thẻ", "Hàu sữa", "Trứng vịt biển", "Lợn Móng Cái", "Ngao hai cùi"),
     "GRM", 22, Cold.CHILLED),
    (0, "Chế biến từ thủy sản", "Processed seafood", 16,
     ("Chả mực", "Ruốc hàu", "Cá thu một nắng", "Mực một nắng", "Sá sùng khô", "Tôm khô", "Nước mắm", "Chả cá thu"),
     "GRM", 38, Cold.FROZEN),
    (0, "Chế biến từ gạo, ngũ cốc", "Rice and cereal products", 12,
     ("Miến dong", "Bánh gật gù", "Gạo nếp cái hoa vàng", "Bún khô", "Bánh chưng gấc", "Rượu nếp cái không cồn"),
     "GRM", 9, Cold.NONE),
    (0, "Chế biến từ rau, củ, quả, hạt", "Preserved fruit and vegetables", 8,
     ("Mứt gừng", "Dưa cải", "Lạc rang tỏi ớt", "Củ cải khô", "Tương ớt", "Măng khô"), "GRM", 14, Cold.NONE),
    (0, "Chế biến từ thịt, trứng, sữa", "Processed meat", 7,
     ("Giò lụa", "Chả lợn", "Lạp xưởng", "Thịt gác bếp", "Ruốc gà"), "GRM", 30, Cold.CHILLED),
    (0, "Chè tươi, chè chế biến", "Tea", 7,
     ("Chè búp", "Chè vằng", "Chè hoa vàng", "Trà xanh", "Trà ướp sen"), "GRM", 45, Cold.NONE),
    (0, "Mật ong và sản phẩm từ mật ong", "Honey", 6,
     ("Mật ong rừng", "Mật ong hoa vải", "Sữa ong chúa"),
     "MLT", 30, Cold.NONE),
    (1, "Rượu trắng", "Rice spirit", 4, ("Rượu gạo", "Rượu nếp", "Rượu ngô"), "MLT", 16, Cold.NONE),
    (1, "Đồ uống có cồn khác", "Other alcoholic drinks", 3,
     ("Rượu ba kích", "Rượu mơ", "Rượu nấm lim xanh"),
     "MLT", 28, Cold.NONE),
    (1, "Nước uống không cồn", "Soft drinks", 4,
     ("Nước cốt gấc", "Nước ép dứa", "Nước khoáng", "Nước mơ lên men"),
     "MLT", 6, Cold.NONE),
    (2, "Thực phẩm chức năng, thuốc dược liệu", "Herbal remedies", 4,
     ("Cao ba kích", "Tinh bột nghệ", "Trà túi lọc cà gai leo", "Nấm linh chi"), "GRM", 70, Cold.NONE),
    (2, "Mỹ phẩm có thành phần từ thảo dược", "Herbal cosmetics", 2,
     ("Dầu gội bồ kết", "Xà phòng quế", "Tinh dầu sả"),
     "MLT", 40, Cold.NONE),
    (3, "Thủ công mỹ nghệ gia dụng, trang trí", "Home crafts", 4,
     ("Gốm men nâu", "Tranh than đá", "Đèn lồng tre", "Ngọc trai"), "H87", 260, Cold.NONE),
    (4, "Hoa, cây cảnh", "Flowers", 1, ("Hoa đào", "Mai vàng Yên Tử", "Lan hồ điệp"), "H87", 300, Cold.NONE),
)  # fmt: skip
_ALCOHOL = ("Rượu gạo", "Rượu nếp", "Rượu ngô", "Rượu ba kích", "Rượu mơ", "Rượu nấm lim xanh")
_KINDS = (
    "",
    "",
    "đặc biệt",
    "truyền thống",
    "loại một",
    "thượng hạng",
    "hữu cơ",
    "nhà làm",
    "sấy lạnh",
    "hộp quà",
    "ba sạch",
)
_FORMS = (("HTX", LegalForm.COOPERATIVE), ("Công ty TNHH", LegalForm.COMPANY), ("Hộ kinh doanh", LegalForm.HOUSEHOLD),
          ("Tổ hợp tác", LegalForm.COOPERATIVE_GROUP))  # fmt: skip
_TRADES = (
    "nông nghiệp",
    "thủy sản",
    "chế biến",
    "dịch vụ nông lâm",
    "sản xuất và thương mại",
    "dược liệu",
    "chăn nuôi",
)
_PEOPLE = ("An", "Bình", "Cường", "Dung", "Đức", "Giang", "Hạnh", "Hiền", "Hòa", "Huệ", "Khánh", "Lan", "Liên", "Mai",
           "Minh", "Nga", "Ngọc", "Oanh", "Phúc", "Quang", "Sơn", "Tâm", "Thảo", "Thắng", "Trang", "Tuấn", "Vân",
           "Yến")  # fmt: skip
# Syllables of trade names: a real shop has a few thousand different words.
_BRANDS = tuple(
    a + b
    for a in ("Th", "H", "Ph", "Tr", "V", "Kh", "Q", "Ng", "B", "L", "M", "Nh", "C", "D", "S")
    for b in ("iên", "ưng", "át", "ường", "inh", "ải", "uân", "ọc", "ình", "ộc", "oa", "ang", "ơn", "ành", "ịnh", "ân", "úc",
              "ương", "ái", "ễn")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """What was made: ids of products in a row, SKUs by product, and counts."""

    first_product_id: int
    products: int
    variants: int
    levels: int


class _Writer:
    """Appends rows to tables: COPY on PostgreSQL, one prepared statement on SQLite."""

    def __init__(self) -> None:
        self.raw: Any = session().connection().connection.driver_connection
        self.sqlite = is_sqlite()

    def next_id(self, table: type[Base]) -> int:
        return int(session().scalar(select(func.coalesce(func.max(table.__table__.c.id), 0))) or 0) + 1

    def write(self, table: type[Base], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        # What the model would fill in by itself.
        filled = {
            c.name: c.default.arg for c in table.__table__.columns if c.name not in columns and c.default is not None
            and c.default.is_scalar
        }  # fmt: skip
        name, listed = table.__tablename__, ", ".join((*columns, *filled))
        rows = ((*row, *filled.values()) for row in rows)
        columns = (*columns, *filled)
        cursor = self.raw.cursor()
        if self.sqlite:
            marks = ", ".join("?" * len(columns))
            cursor.executemany(f"INSERT INTO {name} ({listed}) VALUES ({marks})", (tuple(map(_plain, r)) for r in rows))
        else:
            with cursor.copy(f"COPY {name} ({listed}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            if "id" in columns:
                session().execute(
                    text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))")
                )
        cursor.close()


def _plain(value: Any) -> Any:
    """A value as SQLAlchemy would store it in SQLite."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def make(products: int, *, seed: int = 1, reindex: bool = True) -> Made:
    """Add `products` products with all that belongs to them, and (unless told not to) make lists and search anew."""
    rng = random.Random(seed)
    now = clock.now().replace(microsecond=0)
    today = clock.today()
    with transaction():
        w = _Writer()
        sets = _sets(w)
        homes = _homes()
        producers = _producers(w, rng, max(8, products // 50), homes, now)
        points = _points(w, now)
        made = _goods(w, rng, products, sets, homes, producers, points, now, today)
    if reindex:
        listing.reindex()
    if products >= 5000 and not is_sqlite():
        # What a server's own upkeep would have done by the time so many goods are in.
        session().rollback()
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    return made


def _sets(w: _Writer) -> list[tuple[int, int]]:
    """(row of `_SETS`, set id); groups and sets are made where the shop has none of that name yet."""
    known = {name: i for i, name in session().execute(select(ProductSet.id, ProductSet.name))}
    if missing := [s for s in _SETS if s[1] not in known]:
        group_ids = {slug: i for i, slug in session().execute(select(ProductGroup.id, ProductGroup.slug))}
        first = w.next_id(ProductGroup)
        fresh = [(i, *g) for i, g in enumerate((g for g in _GROUPS if g[0] not in group_ids), first)]
        w.write(
            ProductGroup,
            ("id", "scheme", "number", "slug", "name", "name_en"),
            [(i, "bench", str(i), slug, name, english) for i, slug, name, english in fresh],
        )
        group_ids |= {slug: i for i, slug, _n, _e in fresh}
        first = w.next_id(ProductSet)
        w.write(
            ProductSet,
            ("id", "scheme", "number", "slug", "name", "name_en", "group_id"),
            [
                (i, "bench", n, slugify(s[1]), s[1], s[2], group_ids[_GROUPS[s[0]][0]])
                for n, (i, s) in enumerate(enumerate(missing, first), 1)
            ],
        )
        known |= {s[1]: i for i, s in enumerate(missing, first)}
    return [(row, known[s[1]]) for row, s in enumerate(_SETS)]


def _homes() -> list[tuple[str | None, str | None]]:
    """(commune code, old locality): the communes of today where the shop knows them, else the localities of 2014."""
    communes = places.on_day().communes.get(QUANG_NINH, [])
    return [(c.code, None) for c in communes] or [(None, place) for place in _PLACES]


def _producers(
    w: _Writer, rng: random.Random, count: int, homes: Sequence[Any], now: datetime
) -> list[tuple[int, Any]]:
    first = w.next_id(Producer)
    rows, made = [], []
    for i in range(first, first + count):
        word, form = rng.choice(_FORMS)
        place = rng.choice(_PLACES)
        name = f"{word} {rng.choice(_TRADES)} {rng.choice(_BRANDS)} {rng.choice(_BRANDS)} {rng.choice(_PEOPLE)} {place}"
        home = rng.choice(homes)
        rows.append(
            (i, f"{slugify(name, limit=60)}-{i}", name, sort_key(name), form.value, QUANG_NINH, home[0], home[1],
             ProducerState.ACTIVE.value, True, now, now)
        )  # fmt: skip
        made.append((i, home))
    w.write(
        Producer,
        ("id", "slug", "name", "sort_name", "legal_form", "province_code", "commune_code", "locality_text", "state",
         "is_demo", "created_at", "updated_at"),
        rows,
    )  # fmt: skip
    return made


def _points(w: _Writer, now: datetime) -> list[tuple[int, bool, bool]]:
    """Two points that give and ship: (id, ships, pickup)."""
    first = w.next_id(Point)
    rows = []
    made = []
    for i, (name, kind, ships, pickup) in enumerate(
        (
            ("Kho bán hàng trực tuyến", PointKind.WAREHOUSE, True, False),
            ("Trung tâm OCOP", PointKind.CENTRE, True, True),
        ),
        first,
    ):
        rows.append(
            (
                i,
                f"{slugify(name)}-{i}",
                name,
                sort_key(name),
                kind.value,
                QUANG_NINH,
                pickup,
                ships,
                pickup,
                "[]",
                True,
                now,
                now,
            )
        )
        made.append((i, ships, pickup))
    w.write(
        Point,
        ("id", "slug", "name", "sort_name", "kind", "province_code", "pickup", "ships", "is_public", "services",
         "is_demo", "created_at", "updated_at"),
        rows,
    )  # fmt: skip
    return made


def _goods(
    w: _Writer,
    rng: random.Random,
    count: int,
    sets: Sequence[tuple[int, int]],
    homes: Sequence[Any],
    producers: Sequence[tuple[int, Any]],
    points: Sequence[tuple[int, bool, bool]],
    now: datetime,
    today: date,
) -> Made:
    first = w.next_id(Product)
    variant, certificate, lot = w.next_id(Variant), w.next_id(Certificate), w.next_id(Lot)
    level, movement, price = w.next_id(StockLevel), w.next_id(StockMovement), w.next_id(Price)
    weights = [_SETS[row][3] for row, _ in sets]
    chosen = rng.choices(sets, weights, k=count)
    products: list[Any] = []
    variants: list[Any] = []
    prices: list[Any] = []
    certificates: list[Any] = []
    lots: list[Any] = []
    levels: list[Any] = []
    movements: list[Any] = []
    available: list[Any] = []
    since = now - timedelta(days=40)
    for i, (row, set_id) in enumerate(chosen, first):
        _g, _name, _english, _share, goods, unit, per_hundred, cold = _SETS[row]
        good = rng.choice(goods)
        producer, home = producers[rng.randrange(len(producers))]
        place = home[1] or rng.choice(_PLACES)
        name = " ".join(f"{good} {rng.choice(_KINDS)} {place if rng.random() < 0.6 else ''}".split())
        published = now - timedelta(minutes=rng.randrange(60 * 24 * 900))
        begins = rng.randrange(12)
        season = 0 if rng.random() < 0.8 else sum(1 << (m % 12) for m in range(begins, begins + 4))
        products.append(
            (i, f"{slugify(name, limit=60)}-{i}", name, sort_key(name), ProductKind.GOODS.value, producer, set_id,
             good in _ALCOHOL, Decimal(29) if good in _ALCOHOL else None, cold.value, season, False, QUANG_NINH,
             home[0], home[1], "[]", ProductState.SHOWN.value, True, published, published, published)
        )  # fmt: skip
        if (roll := rng.random()) < 0.62:
            stars = 3 if roll < 0.40 else 4 if roll < 0.60 else 5
            issued = today - timedelta(days=rng.randrange(1, 1000))
            level_of = CertificateLevel.MINISTRY if stars == 5 else CertificateLevel.PROVINCE
            certificates.append(
                (
                    certificate,
                    f"BM-{certificate}",
                    certificate_key(f"BM-{certificate}"),
                    True,
                    i,
                    level_of.value,
                    stars,
                    issued,
                    clock.add_months(issued, 36),
                    True,
                    now,
                )
            )
            certificate += 1
        base = rng.randrange(1, 4)
        for position in range(1 if rng.random() < 0.75 else 2):
            if unit == "KGM":
                content, grams, pack = Decimal(base + position), 1000 * (base + position), f"túi {base + position} kg"
            elif unit == "H87":
                content, grams, pack = Decimal(1), 900, "chiếc"
            else:
                grams = 250 * base * (1 + position)
                content, pack = (
                    Decimal(grams),
                    f"{'chai' if unit == 'MLT' else 'hộp'} {grams} {'ml' if unit == 'MLT' else 'g'}",
                )
            amount = max(8, round(grams * per_hundred / 100 * rng.uniform(0.7, 1.5))) * 1000
            variants.append(
                (
                    variant,
                    i,
                    f"BM-{variant}",
                    pack,
                    content,
                    unit,
                    grams,
                    position,
                    VariantState.SHOWN.value,
                    True,
                    since,
                    since,
                )
            )
            prices.append(
                (price, variant, amount, amount * 6 // 5 if rng.random() < 0.1 else None, since, True, "bench")
            )
            price += 1
            ship = pickup = 0
            if rng.random() < 0.9:
                lots.append((lot, variant, "", since))
                for point, ships, gives in points if rng.random() < 0.5 else points[:1]:
                    units = rng.choice((2, 5, 20, 60, 200))
                    levels.append((level, variant, point, lot, "shop", units, 0, 0, since))
                    movements.append(
                        (
                            movement,
                            level,
                            MovementKind.RECEIPT.value,
                            units,
                            units,
                            "bench",
                            "system",
                            "bench",
                            f"bench:{level}",
                            since,
                        )
                    )
                    ship += units * ships
                    pickup += units * gives
                    level, movement = level + 1, movement + 1
                lot += 1
            available.append((variant, ship, pickup, since))
            variant += 1
    w.write(
        Product,
        ("id", "slug", "name", "sort_name", "kind", "producer_id", "set_id", "is_alcohol", "alcohol_percent", "cold",
         "season_months", "needs_certificate", "province_code", "commune_code", "locality_text", "allergens", "state",
         "is_demo", "published_at", "created_at", "updated_at"),
        products,
    )  # fmt: skip
    w.write(
        Variant,
        ("id", "product_id", "sku", "pack", "net_content", "net_unit", "weight_g", "position", "state", "is_demo",
         "created_at", "updated_at"),
        variants,
    )  # fmt: skip
    w.write(Price, ("id", "variant_id", "amount", "compare_amount", "valid_from", "is_demo", "created_by"), prices)
    w.write(
        Certificate,
        (
            "id",
            "number",
            "number_key",
            "told_in_force",
            "product_id",
            "level",
            "stars",
            "issued_on",
            "expires_on",
            "is_demo",
            "created_at",
        ),
        certificates,
    )
    w.write(Lot, ("id", "variant_id", "code", "created_at"), lots)
    w.write(
        StockLevel,
        ("id", "variant_id", "point_id", "lot_id", "owner", "on_hand", "held", "allocated", "updated_at"),
        levels,
    )
    w.write(
        StockMovement,
        ("id", "level_id", "kind", "quantity", "balance", "reason", "actor_key", "actor_label", "op_key", "at"),
        movements,
    )
    w.write(Availability, ("variant_id", "ship", "pickup", "updated_at"), available)
    return Made(first, count, len(variants), len(levels))
