"""The shop's own columns for goods: what each is called, how its cells are read, and what a row would change."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from flask_babel import gettext
from sqlalchemy import select

from shop.catalog import rules
from shop.catalog.models import ALLERGEN_NAMES, Cold, Price, Product, ProductSet, ProductState, Variant, VariantState
from shop.catalog.services import codes, products, variants
from shop.kernel import clock, facts, money, text
from shop.kernel.db import in_batches, session
from shop.kernel.errors import N_, Invalid, ShopError
from shop.kernel.sheets import BadTable, Row
from shop.producers import queries as producers

CLEAR = "-"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `part` says whose fact it is (key, product, variant, price), `help` what may stand in it (English)."""

    key: str
    names: tuple[str, ...]
    part: str
    help: str


COLUMNS = (
    Column("sku", ("mã hàng", "ma sku"), "key", "stock-keeping unit: A–Z, 0–9, . _ -; names the pack"),
    Column(
        "slug",
        ("địa chỉ",),
        "key",
        "address of a product that exists (cha-muc-ha-long); else it is found by name and producer",
    ),
    Column("name", ("tên", "tên sản phẩm"), "product", "name of the product; needed for a new one"),
    Column("name_en", ("tên tiếng anh",), "product", "English name"),
    Column(
        "producer",
        ("nhà sản xuất", "cơ sở sản xuất", "chủ thể"),
        "product",
        "name or address of a producer that exists",
    ),
    Column("set", ("bộ sản phẩm", "bộ"), "product", "number 1–26 or name of the product set; needed for a new product"),
    Column("summary", ("tóm tắt",), "product", "one sentence"),
    Column("story", ("câu chuyện",), "product", "story"),
    Column("story_en", ("câu chuyện tiếng anh",), "product", "story in English"),
    Column("ingredients", ("thành phần",), "product", "ingredients"),
    Column("storage_note", ("bảo quản", "cách bảo quản"), "product", "how to keep it"),
    Column("shelf_life_days", ("hạn dùng", "hạn dùng (ngày)"), "product", "shelf life in days"),
    Column("allergens", ("chất gây dị ứng", "dị ứng"), "product", "separated by commas: " + ", ".join(ALLERGEN_NAMES)),
    Column("alcohol_percent", ("độ cồn",), "product", "% vol. (of an alcoholic drink)"),
    Column("alcohol", ("có cồn",), "product", "yes/no; sets 14 and 15 are alcohol anyway"),
    Column("cold", ("nhiệt độ",), "product", "none, chilled or frozen"),
    Column("months", ("mùa vụ", "tháng"), "product", "months it is to be had: 7-9, 12; all = all year"),
    Column("needs_certificate", ("cần chứng nhận",), "product", "yes/no: sold only with a certificate in force"),
    Column("locality", ("địa phương",), "product", "place as the source names it"),
    Column("commune_code", ("mã xã",), "product", "five digits of the commune"),
    Column("source_url", ("nguồn",), "product", "source of the facts"),
    Column("state", ("trạng thái",), "state", "draft, shown or hidden (a new product is a draft)"),
    Column("pack", ("quy cách",), "variant", "name of the pack (Hộp 500 g); needed for a new pack"),
    Column("pack_en", ("quy cách tiếng anh",), "variant", "name of the pack in English"),
    Column("gtin", ("mã vạch", "barcode"), "variant", "bar code of 8, 12, 13 or 14 digits"),
    Column("net_content", ("khối lượng tịnh", "thể tích"), "variant", "number, with net_unit"),
    Column("net_unit", ("đơn vị",), "variant", "g, kg, ml, l or piece"),
    Column("weight_g", ("khối lượng cả bao bì", "khối lượng gửi"), "variant", "grams with packing, for freight"),
    Column("length_mm", ("dài",), "variant", "millimetres"),
    Column("width_mm", ("rộng",), "variant", "millimetres"),
    Column("height_mm", ("cao",), "variant", "millimetres"),
    Column("order_limit", ("mỗi đơn nhiều nhất",), "variant", "most units an order may hold"),
    Column("price", ("giá", "giá bán"), "price", "whole đồng, VAT included, from now on"),
    Column("compare_price", ("giá trước", "giá gốc"), "price", "former price shown struck through"),
)
_BY_KEY = {c.key: c for c in COLUMNS}


def called(key: str) -> str:
    """What the report calls a column: its Vietnamese name, and the key that stands in heads; other words as they are."""
    column = _BY_KEY.get(key)
    return f"{column.names[0]} ({key})" if column and column.names else key


_BY_NAME = {text.fold(name).replace("_", " "): c.key for c in COLUMNS for name in (c.key, *c.names)}
# Facts that may not be taken away once given.
_LASTING = {"name", "set", "pack", "cold", "state", "months", "alcohol", "needs_certificate"}


def columns_of(head: Sequence[str]) -> tuple[list[str | None], list[str]]:
    """The key of each column of a head (None: not one of ours), and the words that are none of ours.

    Raises:
        BadTable: there is neither a column for the SKU nor one for the name, or one column stands there twice.
    """
    keys = [_BY_NAME.get(text.fold(word).replace("_", " ")) for word in head]
    known = [k for k in keys if k]
    twice = {k for k in known if known.count(k) > 1}
    if twice:
        raise BadTable(N_("Cột “%(name)s” có hai lần."), name=", ".join(sorted(twice)))
    if "sku" not in known and "name" not in known and "slug" not in known:
        raise BadTable(N_("Tệp cần có cột sku (mã hàng), name (tên) hoặc slug (địa chỉ)."))
    return keys, [word for word, key in zip(head, keys, strict=True) if key is None and word]


# --- cells -------------------------------------------------------------------------------------------------------

_YES = {"1", "co", "yes", "y", "x", "true", "dung"}
_NO = {"0", "khong", "no", "n", "false", "sai"}
_COLD = {
    "none": Cold.NONE, "thuong": Cold.NONE, "nhiet do thuong": Cold.NONE, "chilled": Cold.CHILLED, "mat": Cold.CHILLED,
    "lanh": Cold.CHILLED, "giu mat": Cold.CHILLED, "frozen": Cold.FROZEN, "dong": Cold.FROZEN, "dong lanh": Cold.FROZEN,
    "giu dong": Cold.FROZEN,
}  # fmt: skip
_STATES = {
    "draft": ProductState.DRAFT, "nhap": ProductState.DRAFT, "ban nhap": ProductState.DRAFT, "shown": ProductState.SHOWN,
    "hien": ProductState.SHOWN, "dang hien": ProductState.SHOWN, "hidden": ProductState.HIDDEN, "an": ProductState.HIDDEN,
    "da an": ProductState.HIDDEN,
}  # fmt: skip
_UNITS = {
    "g": "GRM", "gram": "GRM", "grm": "GRM", "kg": "KGM", "kgm": "KGM", "ml": "MLT", "mlt": "MLT", "l": "LTR", "lit": "LTR",
    "ltr": "LTR", "piece": "H87", "cai": "H87", "chiec": "H87", "qua": "H87", "h87": "H87",
}  # fmt: skip
_ALLERGENS = {text.fold(code): code for code in ALLERGEN_NAMES} | {
    text.fold(label).split(" (", maxsplit=1)[0]: code for code, label in ALLERGEN_NAMES.items()
}


def _choice(values: Mapping[str, Any], cell: str, key: str) -> Any:
    found = values.get(text.fold(cell))
    if found is None:
        raise Invalid(N_("“%(cell)s” không dùng được cho cột %(column)s."), field=key, cell=cell[:40], column=key)
    return found


def yes(cell: str, key: str) -> bool:
    """Whether a cell says yes.

    Raises:
        Invalid: it says neither yes nor no.
    """
    return bool(_choice({**dict.fromkeys(_YES, 1), **dict.fromkeys(_NO, 0)}, cell, key))


def _months(cell: str, key: str) -> int:
    if text.fold(cell) in {"all", "quanh nam", "ca nam"}:
        return 0
    bits = 0
    for part in re.split(r"[,;]", cell):
        found = re.fullmatch(r"\s*(?:T|tháng\s*)?(\d{1,2})\s*(?:[-–]\s*(\d{1,2}))?\s*", part, re.I)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not (1 <= first <= 12 and 1 <= last <= 12):
            raise Invalid(N_("Tháng ghi như 7-9, 12 hoặc “quanh năm”."), field=key)
        month = first
        while True:
            bits |= 1 << (month - 1)
            if month == last:
                break
            month = month % 12 + 1
    return bits


def _allergens(cell: str, key: str) -> list[str]:
    return codes.allergens(
        [_choice(_ALLERGENS, part.strip(), key) for part in re.split(r"[,;]", cell) if part.strip()], key
    )


def _vnd(cell: str, key: str) -> int:
    try:
        return money.parse_vnd(cell, low=1)
    except Invalid as error:
        error.field = key
        raise


@dataclass
class Lookups:
    """What cells name: producers and sets, read once for a file."""

    sets: dict[str, int] = field(default_factory=dict)
    drinks: set[int] = field(default_factory=set)
    makers: dict[str, list[int]] = field(default_factory=dict)
    names: dict[str, dict[int, str]] = field(default_factory=lambda: {"set": {}, "producer": {}})

    @classmethod
    def read(cls) -> Lookups:
        """Read them from the database."""
        made = cls()
        today = clock.today()
        for s in session().scalars(select(ProductSet).order_by(ProductSet.scheme)):
            if s.valid_to is None or s.valid_to > today:
                made.sets |= {str(s.number): s.id, text.fold(s.name): s.id}
            made.names["set"][s.id] = str(s.number)
            if s.is_alcohol:
                made.drinks.add(s.id)
        for producer_id, slug, name in producers.names():
            for key in {slug, text.fold(name)}:
                made.makers.setdefault(key, []).append(producer_id)
            made.names["producer"][producer_id] = name
        return made

    def set_id(self, cell: str, key: str) -> int:
        """The set that a cell names."""
        return int(_choice(self.sets, cell.split(".")[0] if re.match(r"\d+\.", cell) else cell, key))

    def producer_id(self, cell: str, key: str) -> int:
        """The producer that a cell names; two of one name must be told apart by address."""
        found = self.makers.get(text.fold(cell)) or self.makers.get(cell.strip(), [])
        if not found:
            raise Invalid(N_("Chưa có nhà sản xuất “%(name)s”. Hãy tạo trước rồi nhập lại."), field=key, name=cell[:80])
        if len(found) > 1:
            raise Invalid(
                N_("Có nhiều nhà sản xuất tên “%(name)s”. Hãy ghi địa chỉ (slug)."), field=key, name=cell[:80]
            )
        return found[0]


# Column → fact of the product or pack it sets.
_FACT = {
    "set": "set_id",
    "producer": "producer_id",
    "months": "season_months",
    "locality": "locality_text",
    "alcohol": "is_alcohol",
}
_CHECKS: dict[str, facts.Check] = {**products.FIELDS, **variants.FIELDS}


def fact_of(key: str) -> str:
    """The name of the fact that a column sets."""
    return _FACT.get(key, key)


def value_of(key: str, cell: str, known: Lookups) -> Any:
    """The value of a cell that is not blank.

    Raises:
        Invalid: the cell cannot be read, or is no value of the column.
    """
    if cell == CLEAR:
        if key in _LASTING:
            raise Invalid(N_("Cột %(column)s không để trống được."), field=key, column=key)
        return [] if key == "allergens" else None
    readers: dict[str, Callable[[str, str], Any]] = {
        "set": known.set_id,
        "producer": known.producer_id,
        "allergens": _allergens,
        "alcohol": yes,
        "needs_certificate": yes,
        "months": _months,
        "cold": lambda c, k: _choice(_COLD, c, k),
        "state": lambda c, k: _choice(_STATES, c, k),
        "net_unit": lambda c, k: _choice(_UNITS, c, k),
        "price": _vnd,
        "compare_price": _vnd,
    }
    if key in readers:
        return readers[key](cell, key)
    if cell.startswith(("=", "@")):
        raise Invalid(N_("Ô chứa công thức, không phải nội dung."), field=key)
    if len(cell) > 20_000:
        raise Invalid(N_("Nội dung dài quá %(n)s ký tự."), field=key, n="20.000")
    return _CHECKS[fact_of(key)](cell, key)


# --- rows --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Draft:
    """A row read: the facts it gives, by part, and what is wrong with its cells."""

    number: int
    sku: str | None
    slug: str | None
    product: dict[str, Any]
    variant: dict[str, Any]
    price: dict[str, int | None]
    state: ProductState | None
    wrong: list[str]
    pack_state: VariantState | None = None
    price_from: date | None = None


def read_row(row: Row, keys: Sequence[str | None], known: Lookups) -> Draft:
    """Read the cells of a row; blank cells say nothing, `-` takes a fact away."""
    parts: dict[str, dict[str, Any]] = {"product": {}, "variant": {}, "price": {}, "state": {}}
    sku = slug = None
    wrong = []
    for key, cell in zip(keys, row.cells, strict=True):
        if key is None or not cell:
            continue
        try:
            if key == "sku":
                sku = codes.sku(cell, key)
            elif key == "slug":
                slug = cell.strip().strip("/").rpartition("/")[2]
            else:
                parts[_BY_KEY[key].part][fact_of(key)] = value_of(key, cell, known)
        except ShopError as error:
            wrong.append(f"{called(key)}: {gettext(error.title, **error.values)}")
    state = parts["state"].get("state")
    return Draft(row.number, sku, slug, parts["product"], parts["variant"], parts["price"], state, wrong)


class Span(NamedTuple):
    """What a pack costs (đồng) from `start` until before `end`."""

    start: datetime
    end: datetime | None
    amount: int
    compare: int | None


@dataclass(slots=True)
class Goods:
    """A product as it is, or as the rows before make it; `product_id` is None while it is only planned."""

    product_id: int | None
    facts: dict[str, Any]
    state: ProductState
    given: dict[str, tuple[Any, int]] = field(default_factory=dict)
    was_shown: bool = False


@dataclass(slots=True)
class Pack:
    """A pack the same way, with the price in force; `spans` are its prices that hold now or later, where they were read."""

    variant_id: int | None
    goods: Goods
    facts: dict[str, Any]
    amount: int | None
    compare: int | None
    row: int = 0
    state: VariantState = VariantState.SHOWN
    spans: tuple[Span, ...] = ()


@dataclass
class Present:
    """What the shop has of the goods that a file names, filled batch by batch as the file is read."""

    by_sku: dict[str, Pack] = field(default_factory=dict)
    by_slug: dict[str, Goods] = field(default_factory=dict)
    by_name: dict[str, list[Goods]] = field(default_factory=dict)
    by_id: dict[int, Goods] = field(default_factory=dict)
    by_gtin: dict[str, str] = field(default_factory=dict)

    def look_up(self, drafts: Sequence[Draft]) -> None:
        """Read what these rows name and is not known yet: five statements for a batch."""
        skus = [d.sku for d in drafts if d.sku and d.sku not in self.by_sku]
        slugs = [d.slug for d in drafts if d.slug and d.slug not in self.by_slug]
        names = [d.product["name"] for d in drafts if d.product.get("name")]
        gtins = [d.variant["gtin"] for d in drafts if d.variant.get("gtin")]
        s = session()
        ids: set[int] = set()
        for batch in in_batches(skus):
            ids |= set(s.scalars(select(Variant.product_id).where(Variant.sku.in_(batch))))
        for where, values in ((Product.slug, slugs), (Product.name, names)):
            for batch in in_batches(values):
                ids |= set(s.scalars(select(Product.id).where(where.in_(batch))))
        for batch in in_batches(gtins):
            for row in s.execute(select(Variant.gtin, Variant.sku).where(Variant.gtin.in_(batch))):
                self.by_gtin.setdefault(str(row.gtin), row.sku)
        self._add(sorted(ids - set(self.by_id)))

    def _add(self, ids: Sequence[int]) -> None:
        s = session()
        for batch in in_batches(ids):
            for p in s.scalars(select(Product).where(Product.id.in_(batch))):
                goods = Goods(p.id, {name: getattr(p, name) for name in products.FIELDS}, p.state)
                self.by_id[p.id] = self.by_slug[p.slug] = goods
                self.by_name.setdefault(p.name, []).append(goods)
            rows = s.execute(
                select(Variant, Price.amount, Price.compare_amount)
                .outerjoin(Price, (Price.variant_id == Variant.id) & rules.price_in_force(clock.now()))
                .where(Variant.product_id.in_(batch))
            )
            for v, amount, compare in rows:
                values = {name: getattr(v, name) for name in variants.FIELDS}
                self.by_sku.setdefault(v.sku, Pack(v.id, self.by_id[v.product_id], values, amount, compare))


def blank_goods() -> Goods:
    """A product of which nothing is said yet."""
    return Goods(
        None,
        dict.fromkeys(products.FIELDS)
        | {"is_alcohol": False, "needs_certificate": False, "cold": Cold.NONE, "season_months": 0, "allergens": []},
        ProductState.DRAFT,
    )


def shown(value: Any) -> str:
    """A value as a report writes it."""
    if value is None or value == []:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return text.trimmed(f"{value:f}", ".")
    found = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return found if len(found) <= 60 else found[:57] + "…"
