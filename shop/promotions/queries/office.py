"""Reads of the office and of producers: lists, one promotion with all of it, choices of forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import selectinload

from shop.catalog import queries as catalog
from shop.catalog.models import Product, ProductSet, Variant
from shop.kernel import clock, text
from shop.kernel.db import session
from shop.kernel.errors import N_
from shop.kernel.tables import Column, Filter, Table, View
from shop.points import queries as points
from shop.producers.models import Producer
from shop.promotions import estimates, fairs
from shop.promotions.errors import NoSuchPromotion
from shop.promotions.estimates import Estimate
from shop.promotions.models import (
    KIND_NAMES,
    PAYER_NAMES,
    STATE_NAMES,
    Kind,
    Offer,
    Payer,
    Promotion,
    ScopeKind,
    State,
    Step,
    Use,
)

# How a promotion stands now, by its state and its span.
ON, TO_COME, OVER, USED_UP = "on", "to-come", "over", "used-up"
STANDS = {
    State.DRAFT.value: STATE_NAMES[State.DRAFT],
    State.WAITING.value: STATE_NAMES[State.WAITING],
    TO_COME: N_("Sắp chạy"),
    ON: N_("Đang chạy"),
    USED_UP: N_("Đã dùng hết"),
    OVER: N_("Đã kết thúc"),
    State.STOPPED.value: STATE_NAMES[State.STOPPED],
}
STAND_KINDS = {
    State.DRAFT.value: "", State.WAITING.value: "warn", TO_COME: "info", ON: "ok", USED_UP: "warn", OVER: "",
    State.STOPPED.value: "bad",
}  # fmt: skip
STEP_NAMES = {
    "draft": N_("Lập bản nháp"),
    "change": N_("Sửa bản nháp"),
    "ask": N_("Gửi cơ sở xem"),
    "open": N_("Mở"),
    "agree": N_("Cơ sở đồng ý và mở"),
    "refuse": N_("Cơ sở không đồng ý"),
    "adjust": N_("Đổi thời hạn, giới hạn"),
    "stop": N_("Dừng"),
}


def _full() -> Any:
    sold_out = select(Offer.id).where(Offer.promotion_id == Promotion.id, Offer.sold < Offer.quota).exists()
    return or_(
        Promotion.uses >= Promotion.uses_limit,
        Promotion.spent_amount >= Promotion.budget_amount,
        (Promotion.kind == Kind.SALE) & ~sold_out,
    )


def _stands() -> Any:
    now = clock.now()
    return case(
        (Promotion.state != State.OPEN, Promotion.state),
        (Promotion.ends_at <= now, OVER),
        (Promotion.starts_at > now, TO_COME),
        (_full(), USED_UP),
        else_=ON,
    )


@dataclass(frozen=True, slots=True)
class Row:
    """A promotion in the list."""

    reference: str
    kind: Kind
    name: str
    code: str | None
    stands: str
    payer: Payer
    producer: str | None
    starts_at: datetime
    ends_at: datetime
    uses: int
    uses_limit: int | None
    spent_amount: int
    budget_amount: int | None
    is_demo: bool

    @property
    def left_amount(self) -> int | None:
        """What is left of the budget, in đồng; None where there is none."""
        return None if self.budget_amount is None else self.budget_amount - self.spent_amount


def _words(q: str) -> Any:
    like = f"%{q}%"
    return or_(Promotion.name.ilike(like), Promotion.code.ilike(like), Promotion.reference.ilike(like))


OFFICE = Table(
    "khuyen-mai",
    (
        Column("reference", N_("Mã chương trình"), sort=(Promotion.reference,)),
        Column("name", N_("Tên"), sort=(Promotion.name,)),
        Column("kind", N_("Loại"), value=lambda r: gettext(KIND_NAMES[r.kind]), on_page=False),
        Column("code", N_("Mã khách nhập"), sort=(Promotion.code,)),
        Column("stands", N_("Tình trạng"), value=lambda r: gettext(STANDS[r.stands])),
        Column("payer", N_("Bên chịu"), value=lambda r: r.producer or gettext(PAYER_NAMES[r.payer])),
        Column("starts_at", N_("Bắt đầu"), sort=(Promotion.starts_at,)),
        Column("ends_at", N_("Kết thúc"), sort=(Promotion.ends_at,)),
        Column("uses", N_("Lượt dùng"), "num", sort=(Promotion.uses,)),
        Column("uses_limit", N_("Giới hạn lượt"), "num", on_page=False),
        Column("spent_amount", N_("Đã giảm"), "num", sort=(Promotion.spent_amount,)),
        Column("budget_amount", N_("Ngân sách"), "num", on_page=False),
        Column("left_amount", N_("Còn lại"), "num"),
    ),
    order="-starts_at",
    tie=Promotion.id,
    filters=(
        Filter(
            "kind",
            N_("Loại"),
            lambda v: Promotion.kind == v,
            options=lambda: [(k.value, gettext(n)) for k, n in KIND_NAMES.items()],
        ),
        Filter(
            "stands",
            N_("Tình trạng"),
            lambda v: _stands() == v,
            options=lambda: [(k, gettext(n)) for k, n in STANDS.items()],
        ),
        Filter(
            "payer",
            N_("Bên chịu"),
            lambda v: Promotion.payer == v,
            options=lambda: [(k.value, gettext(n)) for k, n in PAYER_NAMES.items()],
        ),
    ),
    search=_words,
)


def rows() -> Any:
    """Every promotion, for `OFFICE`."""
    return select(
        Promotion.reference, Promotion.kind, Promotion.name, Promotion.code, _stands().label("stands"), Promotion.payer,
        Producer.name.label("producer"), Promotion.starts_at, Promotion.ends_at, Promotion.uses, Promotion.uses_limit,
        Promotion.spent_amount, Promotion.budget_amount, Promotion.is_demo,
    ).outerjoin(Producer, Producer.id == Promotion.producer_id)  # fmt: skip


def of_producer(producer_id: int) -> list[Row]:
    """What a producer is asked to bear, or bears; newest first."""
    found = rows().where(Promotion.producer_id == producer_id, Promotion.state != State.DRAFT)
    return [Row(*r) for r in session().execute(found.order_by(Promotion.id.desc()).limit(200))]


def waiting_for(producer_id: int) -> int:
    """How many promotions wait for the producer's word."""
    found = select(func.count()).where(Promotion.producer_id == producer_id, Promotion.state == State.WAITING)
    return session().scalar(found) or 0


USES = Table(
    "luot-dung",
    (
        Column("reference", N_("Đơn hàng"), sort=(Use.reference,)),
        Column("at", N_("Lúc"), sort=(Use.at,)),
        Column("sku", N_("Mã hàng"), sort=(Variant.sku,)),
        Column("units", N_("Số lượng"), "num", sort=(Use.units,)),
        Column("amount", N_("Đã giảm"), "num", sort=(Use.amount,)),
        Column("back_amount", N_("Trả lại"), "num", sort=(Use.back_amount,)),
    ),
    order="-at",
    tie=Use.id,
)


@dataclass(frozen=True, slots=True)
class UseRow:
    """One use: by which order, of what, and what of it came back."""

    reference: str
    at: datetime
    sku: str | None
    units: int
    amount: int
    back_amount: int


def _use(row: Any) -> UseRow:
    return UseRow(*row)


def make_row(row: Any) -> Row:
    """What the list shows of a promotion."""
    return Row(*row)


def uses(args: Any, promotion_id: int, here: str) -> View:
    """The uses of one promotion."""
    found = (
        select(
            func.substr(Use.reference, 7).label("reference"),
            Use.at,
            Variant.sku,
            Use.units,
            Use.amount,
            Use.back_amount,
        )
        .outerjoin(Offer, Offer.id == Use.offer_id)
        .outerjoin(Variant, Variant.id == Offer.variant_id)
        .where(Use.promotion_id == promotion_id)
    )
    return USES.open(args, here, found, make=_use)


@dataclass(frozen=True, slots=True)
class OfferView:
    """One pack of a sale, with the price in force beside the sale's."""

    variant_id: int
    sku: str
    name: str
    price_amount: int
    usual_amount: int | None
    lowest_amount: int | None
    quota: int
    sold: int


@dataclass(frozen=True, slots=True)
class Whole:
    """A promotion with all that its page shows."""

    row: Promotion
    stands: str
    offers: tuple[OfferView, ...]
    scopes: tuple[tuple[ScopeKind, str], ...]
    steps: tuple[Step, ...]
    fair: str
    estimate: Estimate | None = None

    @property
    def likely_amount(self) -> int | None:
        """What it would cost at the pace of the last weeks, within its limits, in đồng; None: not known, or it is over."""
        if self.estimate is None or self.stands in (OVER, State.STOPPED.value):
            return None
        left = [self.estimate.amount]
        if self.most_amount is not None:
            left.append(max(0, self.most_amount - self.row.spent_amount))
        return min(left)

    @property
    def most_amount(self) -> int | None:
        """What it can cost at most, in đồng: its budget, or its quotas at today's prices; None: nothing bounds it."""
        if self.row.kind is Kind.SALE:
            return sum(max(0, (o.usual_amount or 0) - o.price_amount) * o.quota for o in self.offers)
        bounds = [self.row.budget_amount] if self.row.budget_amount is not None else []
        each = self.row.ceiling_amount if self.row.measure == "percent" else self.row.value
        if self.row.uses_limit is not None and each is not None:
            bounds.append(self.row.uses_limit * each)
        return min(bounds) if bounds else None


def by_reference(reference: str) -> Promotion:
    """A promotion with what it is for.

    Raises:
        NoSuchPromotion.
    """
    found = session().scalar(
        select(Promotion)
        .options(selectinload(Promotion.scopes), selectinload(Promotion.offers).selectinload(Offer.variant))
        .where(Promotion.reference == text.normal_reference(reference))
    )
    if found is None:
        raise NoSuchPromotion
    return found


def scope_of(reference: str) -> str | None:
    """The scope of the producer who bears a promotion and has been asked; None: nobody's."""
    found = session().scalar(
        select(Promotion.producer_id).where(
            Promotion.reference == text.normal_reference(reference), Promotion.state != State.DRAFT
        )
    )
    return None if found is None else f"producer:{found}"


def whole(reference: str) -> Whole:
    """All of one promotion.

    Raises:
        NoSuchPromotion.
    """
    row = by_reference(reference)
    goods = catalog.sellable([o.variant_id for o in row.offers], clock.now())
    stands = session().scalar(select(_stands()).where(Promotion.id == row.id))
    return Whole(
        row,
        str(stands),
        tuple(
            OfferView(
                o.variant_id, o.variant.sku, f"{goods[o.variant_id].name}, {goods[o.variant_id].pack}", o.price_amount,
                goods[o.variant_id].unit_price_amount, o.lowest_amount, o.quota, o.sold,
            )
            for o in row.offers
        ),
        tuple(_scope_names(row)),
        tuple(session().scalars(select(Step).where(Step.promotion_id == row.id).order_by(Step.id))),
        fairs.name(row.fair_id) if row.fair_id is not None else "",
        estimates.of(row),
    )  # fmt: skip


def _scope_names(row: Promotion) -> list[tuple[ScopeKind, str]]:
    products = [s.subject_id for s in row.scopes if s.kind is ScopeKind.PRODUCT]
    named: dict[tuple[ScopeKind, int], str] = {
        (ScopeKind.PRODUCT, i): n
        for i, n in session().execute(select(Product.id, Product.name).where(Product.id.in_(products)))
    }
    for kind in {s.kind for s in row.scopes} - {ScopeKind.PRODUCT}:
        named |= {(kind, i): n for i, n in scope_choices(kind)}
    return [(s.kind, named.get((s.kind, s.subject_id), str(s.subject_id))) for s in row.scopes]


def scope_choices(kind: ScopeKind) -> Sequence[tuple[int, str]]:
    """(number or id, name) of what a code may be for; products are named by their SKUs instead."""
    s = session()
    if kind is ScopeKind.SET:
        rows = s.execute(select(ProductSet.number, ProductSet.name).order_by(ProductSet.number, ProductSet.id)).all()
        return list({n: (n, f"{n}. {name}") for n, name in rows}.values())
    if kind is ScopeKind.PRODUCER:
        return [
            (i, n) for i, n in s.execute(select(Producer.id, Producer.name).order_by(Producer.sort_name, Producer.id))
        ]
    if kind is ScopeKind.POINT:
        return [(p.id, p.name) for p in points.open_points()]
    if kind is ScopeKind.FAIR:
        return fairs.choices()
    return ()


def products_of(skus: Sequence[str]) -> dict[str, int]:
    """The products of packs, by SKU."""
    found = session().execute(select(Variant.sku, Variant.product_id).where(Variant.sku.in_(skus)))
    return {row.sku: row.product_id for row in found}


def variants_of(skus: Sequence[str]) -> dict[str, int]:
    """The ids of packs, by SKU."""
    found = session().execute(select(Variant.sku, Variant.id).where(Variant.sku.in_(skus)))
    return {row.sku: row.id for row in found}


def sku_of_product(product_ids: Sequence[int]) -> list[str]:
    """One SKU of each product."""
    found = session().execute(
        select(func.min(Variant.sku)).where(Variant.product_id.in_(product_ids)).group_by(Variant.product_id)
    )
    return sorted(sku for (sku,) in found)


def packs() -> list[tuple[str, str]]:
    """(SKU, name and pack) of everything that is sold, for the lists of forms."""
    found = session().execute(
        select(Variant.sku, Product.name, Variant.pack)
        .join(Product, Product.id == Variant.product_id)
        .order_by(Product.name, Variant.sku)
    )
    return [(sku, f"{name}, {pack}") for sku, name, pack in found]
