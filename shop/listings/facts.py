"""What a producer sends of a product → typed facts; what the catalogue says today; and the differences of the two, as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from shop.catalog.models import Product, Variant, VariantState
from shop.catalog.queries import small_photo
from shop.catalog.services import codes
from shop.catalog.services.products import FIELDS as OF_PRODUCTS
from shop.catalog.services.variants import FIELDS as OF_VARIANTS
from shop.kernel import facts, money
from shop.kernel.errors import N_, Invalid
from shop.listings import rules

PRODUCT, PHOTOS = "product", "photos"
MOST_PHOTOS = 12
MOST_PACKS = 40
Thumbs = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact that is wanted otherwise, in JSON; `free`: of a product that is shown it shows at once."""

    subject: str
    field: str
    before: Any
    after: Any
    free: bool = False

    @property
    def key(self) -> str:
        """How forms name it."""
        return f"{self.subject}/{self.field}"


@dataclass
class PackWish:
    """A pack as a producer wants it; `at` is its place in what was sent, for naming the field at fault."""

    at: int
    sku: str | None
    values: dict[str, Any]
    price: int | None = None
    state: str | None = None


@dataclass
class Wish:
    """What was sent: only what is named in it is touched. `photos` is the whole arrangement, if given."""

    product: dict[str, Any] = field(default_factory=dict)
    packs: list[PackWish] = field(default_factory=list)
    photos: list[dict[str, Any]] | None = None


def subject_of(sku: str) -> str:
    """How lines name a pack."""
    return f"variant:{sku}"


def sku_of(subject: str) -> str:
    """The pack that a line is about."""
    return subject.partition(":")[2]


def _amount(value: Any, name: str) -> int | None:
    if value is None or value == "":
        return None
    try:
        return money.parse_vnd(str(value), low=1)
    except Invalid as error:
        error.field = name
        raise


def read(sent: Mapping[str, Any]) -> Wish:
    """What was sent, typed. Fields of the nth pack are named `variant-<n>-<field>`, those of a photograph `photos`.

    Raises:
        facts.Refused: some cannot be read; all refusals are in it.
        TypeError: a fact that producers may not state (a defect of the caller).
    """
    plainly = {name: value for name, value in sent.items() if name not in ("variants", "photos")}
    refusals: list[Invalid] = []
    made = Wish()
    made.product = _checked({name: OF_PRODUCTS[name] for name in rules.PRODUCT_FIELDS}, plainly, "", refusals)
    if made.product.get("season_months", 0) is None:
        made.product["season_months"] = 0
    packs = list(sent.get("variants") or ())
    if len(packs) > MOST_PACKS:
        refusals.append(Invalid(N_("Mỗi sản phẩm có nhiều nhất %(n)s quy cách."), field="variants", n=MOST_PACKS))
    made.packs = [_pack(at, one, refusals) for at, one in enumerate(packs[:MOST_PACKS])]
    for i, pack in enumerate(made.packs):
        if pack.sku and any(other.sku == pack.sku for other in made.packs[:i]):
            refusals.append(Invalid(N_("Mã hàng này đứng hai lần."), field=f"variant-{pack.at}-sku"))
    if sent.get("photos") is not None:
        made.photos = _photos(sent["photos"], refusals)
    if refusals:
        raise facts.Refused(refusals)
    return made


def _checked(
    checks: Mapping[str, facts.Check], sent: Mapping[str, Any], prefix: str, refusals: list[Invalid]
) -> dict[str, Any]:
    try:
        return facts.checked(checks, sent)
    except facts.Refused as error:
        for one in error.all:
            one.field = f"{prefix}{one.field}"
        refusals += error.all
        return {}


def _pack(at: int, sent: Mapping[str, Any], refusals: list[Invalid]) -> PackWish:
    prefix = f"variant-{at}-"
    rest = {name: value for name, value in sent.items() if name not in ("sku", "price", "state")}
    values = _checked({name: OF_VARIANTS[name] for name in rules.VARIANT_FIELDS}, rest, prefix, refusals)
    if values.get("position", 0) is None:
        del values["position"]
    made = PackWish(at, None, values)
    try:
        if str(sent.get("sku") or "").strip():
            made.sku = codes.sku(sent["sku"], f"{prefix}sku")
        made.price = _amount(sent.get("price"), f"{prefix}price")
        if sent.get("state"):
            made.state = facts.one_of(VariantState)(sent["state"], f"{prefix}state").value
    except Invalid as error:
        refusals.append(error)
    return made


def _photos(sent: Iterable[Mapping[str, Any]], refusals: list[Invalid]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for one in sent:
        try:
            alt = facts.line(one.get("alt"), "photos")
            if alt is None:
                raise Invalid(N_("Hãy mô tả ảnh bằng lời cho người không nhìn thấy ảnh."), field="photos")
            made.append({"key": str(one["key"])[:20], "alt": alt, "alt_en": facts.line(one.get("alt_en"), "photos")})
        except Invalid as error:
            refusals.append(error)
    if len(made) > MOST_PHOTOS:
        refusals.append(Invalid(N_("Mỗi sản phẩm có nhiều nhất %(n)s ảnh."), field="photos", n=MOST_PHOTOS))
    if len({one["key"] for one in made}) < len(made):
        refusals.append(Invalid(N_("Một ảnh đứng hai lần."), field="photos"))
    return made


# --- JSON --------------------------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """A fact as JSON keeps it; equal facts are equal."""
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def same(one: Any, other: Any) -> bool:
    """Whether two facts in JSON say the same; of a photograph its picture and words count, not where its small copy lies."""
    return _bare(one) == _bare(other)


def _bare(value: Any) -> Any:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [(v.get("key"), v.get("alt"), v.get("alt_en") or None) for v in value]
    return value or None if value == [] else value


# --- today -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PackToday:
    """A pack as the catalogue has it, with its price in force (đồng)."""

    variant: Variant
    price: int | None


@dataclass(frozen=True, slots=True)
class Today:
    """A product as the catalogue has it."""

    product: Product
    packs: dict[str, PackToday]
    photos: list[dict[str, Any]]

    def value(self, subject: str, name: str) -> Any:
        """A fact in JSON; None for a pack that is not there."""
        if subject == PRODUCT:
            return self.product.state.value if name == "state" else plain(getattr(self.product, name))
        if subject == PHOTOS:
            return self.photos
        pack = self.packs.get(sku_of(subject))
        if pack is None:
            return None
        if name == "new":
            return self.pack_facts(pack)
        if name == "price":
            return pack.price
        return pack.variant.state.value if name == "state" else plain(getattr(pack.variant, name))

    @staticmethod
    def pack_facts(pack: PackToday) -> dict[str, Any]:
        """All that is said of a pack, in JSON."""
        named = {name: plain(getattr(pack.variant, name)) for name in rules.VARIANT_FIELDS if name != "position"}
        return {name: value for name, value in named.items() if value is not None} | {"price": pack.price}


def photo_wishes(photos: Sequence[Any]) -> list[dict[str, Any]]:
    """The catalogue's photographs as a wish that changes nothing."""
    return [
        {"key": f"c{p.photo_id}", "alt": p.alt, "alt_en": p.alt_en, "thumb": small_photo(p.files) or ""} for p in photos
    ]


def _is_free(subject: str, name: str) -> bool:
    return name in (rules.FREE_PRODUCT_FIELDS if subject == PRODUCT else rules.FREE_VARIANT_FIELDS)


def differences(wish: Wish, today: Today, thumbs: Thumbs) -> tuple[list[Difference], list[tuple[str, str]]]:
    """How the wish differs from today, and the (subject, field) of what it names as it is. Prices are not `free` here, since
    that hangs on what the price was; packs need their SKU. `thumbs` are small copies of pictures by key."""
    found: list[Difference] = []
    as_is: list[tuple[str, str]] = []

    def compare(subject: str, name: str, after: Any, *, free: bool = False) -> None:
        before = today.value(subject, name)
        if same(before, after):
            as_is.append((subject, name))
        else:
            found.append(Difference(subject, name, before, after, free))

    for name, value in wish.product.items():
        compare(PRODUCT, name, plain(value), free=_is_free(PRODUCT, name))
    for pack in wish.packs:
        subject = subject_of(pack.sku or "")
        if pack.sku not in today.packs:
            said = {name: plain(value) for name, value in pack.values.items() if value is not None}
            found.append(Difference(subject, "new", None, said | {"price": pack.price}))
            continue
        for name, value in pack.values.items():
            compare(subject, name, plain(value), free=_is_free(subject, name))
        if pack.price is not None:
            compare(subject, "price", pack.price)
        if pack.state is not None:
            compare(subject, "state", pack.state, free=pack.state == VariantState.HIDDEN)
    if wish.photos is not None:
        known = {one["key"]: one["thumb"] for one in today.photos} | dict(thumbs)
        compare(PHOTOS, "photos", [one | {"thumb": known.get(one["key"], "")} for one in wish.photos])
    return found, as_is
