"""Codes and timed sales. Amounts are whole đồng, quotas sale units; what was used stands beside its limit under a CHECK."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.accounts.models import User
from shop.catalog.models import Variant
from shop.kernel.db import Amount, Base, EnumText, Id, Instant, LongText, Str20, Str40, Str80, Str255, one_of
from shop.kernel.errors import N_
from shop.producers.models import Producer


class Kind(StrEnum):
    CODE = "code"
    SALE = "sale"


KIND_NAMES = {Kind.CODE: N_("Mã giảm giá"), Kind.SALE: N_("Giá khuyến mại có hạn")}


class State(StrEnum):
    """`waiting`: its producer has yet to agree. `open`: it counts within its span. `stopped` is for good."""

    DRAFT = "draft"
    WAITING = "waiting"
    OPEN = "open"
    STOPPED = "stopped"


STATE_NAMES = {
    State.DRAFT: N_("Bản nháp"),
    State.WAITING: N_("Chờ cơ sở đồng ý"),
    State.OPEN: N_("Đã mở"),
    State.STOPPED: N_("Đã dừng"),
}


class Measure(StrEnum):
    """How a code's discount is reckoned: basis points of the goods, or a sum of đồng."""

    PERCENT = "percent"
    SUM = "sum"


MEASURE_NAMES = {Measure.PERCENT: N_("Phần trăm"), Measure.SUM: N_("Số tiền")}


class Payer(StrEnum):
    """Who bears the discount."""

    SHOP = "shop"
    PRODUCER = "producer"
    FAIR = "fair"


PAYER_NAMES = {
    Payer.SHOP: N_("Cửa hàng"),
    Payer.PRODUCER: N_("Cơ sở sản xuất"),
    Payer.FAIR: N_("Kinh phí hội chợ"),
}


class ScopeKind(StrEnum):
    """What a code is for. Product, set and producer narrow the goods; point and fair narrow where they are bought."""

    PRODUCT = "product"
    SET = "set"
    PRODUCER = "producer"
    POINT = "point"
    FAIR = "fair"


class Promotion(Base):
    """A code or a timed sale, with what has been used of it.

    `spent_amount` and `uses` move by conditional UPDATEs alone (`services.using`), so that no race passes a limit.
    """

    __tablename__ = "promotions"
    __table_args__ = (
        one_of("kind", Kind),
        one_of("state", State),
        one_of("measure", Measure),
        one_of("payer", Payer),
        CheckConstraint("ends_at > starts_at", name="span"),
        CheckConstraint("(kind = 'code') = (code_key IS NOT NULL AND measure IS NOT NULL)", name="code_has_terms"),
        CheckConstraint("(payer = 'producer') = (producer_id IS NOT NULL)", name="payer_named"),
        CheckConstraint("payer <> 'fair' OR fair_id IS NOT NULL", name="fair_named"),
        CheckConstraint("measure <> 'percent' OR (value > 0 AND value <= 10000)", name="percent_within"),
        CheckConstraint("measure <> 'sum' OR value > 0", name="sum_positive"),
        CheckConstraint("minimum_amount >= 0", name="minimum_whole"),
        CheckConstraint("ceiling_amount IS NULL OR ceiling_amount > 0", name="ceiling_positive"),
        CheckConstraint(
            "spent_amount >= 0 AND (budget_amount IS NULL OR spent_amount <= budget_amount)", name="budget"
        ),
        CheckConstraint("uses >= 0 AND (uses_limit IS NULL OR uses <= uses_limit)", name="uses_within"),
        CheckConstraint("person_limit IS NULL OR person_limit > 0", name="person_limit_positive"),
        Index("ix_promotions_live", "kind", "state", "ends_at"),
        Index("ix_promotions_producer", "producer_id"),
        Index(
            "uq_promotions_code_key",
            "code_key",
            unique=True,
            sqlite_where=text("code_key IS NOT NULL"),
            postgresql_where=text("code_key IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    kind: Mapped[Kind] = mapped_column(EnumText(Kind))
    state: Mapped[State] = mapped_column(EnumText(State))
    # What buyers read on the line of their order.
    name: Mapped[Str255]
    name_en: Mapped[Str255 | None]
    # As it is printed, and as it is compared: without marks, letters that look alike made one. Never given out twice.
    code: Mapped[Str40 | None]
    code_key: Mapped[Str40 | None]
    measure: Mapped[Measure | None] = mapped_column(EnumText(Measure))
    # Basis points or đồng, by `measure`.
    value: Mapped[Amount | None]
    ceiling_amount: Mapped[Amount | None]
    # Goods that it is for must come to this much, after timed sales.
    minimum_amount: Mapped[Amount] = mapped_column(default=0)
    # Off the fee of delivery instead of the goods.
    on_freight: Mapped[bool] = mapped_column(default=False)
    # Uses of a code, units of each pack of a sale.
    person_limit: Mapped[int | None]
    uses_limit: Mapped[int | None]
    budget_amount: Mapped[Amount | None]
    starts_at: Mapped[Instant]
    ends_at: Mapped[Instant]
    payer: Mapped[Payer] = mapped_column(EnumText(Payer))
    # The producer who bears it, and what he said.
    producer_id: Mapped[int | None] = mapped_column(ForeignKey(Producer.id))
    agreed_at: Mapped[Instant | None]
    agreed_by: Mapped[Str255 | None]
    refused_why: Mapped[LongText | None]
    # The fair whose budget bears it, as the room above knows it.
    fair_id: Mapped[int | None]
    uses: Mapped[int] = mapped_column(default=0)
    spent_amount: Mapped[Amount] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[Instant]
    created_by: Mapped[Str40]
    stopped_at: Mapped[Instant | None]
    is_demo: Mapped[bool] = mapped_column(default=False)

    scopes: Mapped[list[Scope]] = relationship(order_by="Scope.id", cascade="all, delete-orphan")
    offers: Mapped[list[Offer]] = relationship(order_by="Offer.id", cascade="all, delete-orphan")
    producer: Mapped[Producer | None] = relationship()


class Scope(Base):
    """One thing that a code is for: any of the goods named will do, and any of the places named."""

    __tablename__ = "promotion_scopes"
    __table_args__ = (one_of("kind", ScopeKind), UniqueConstraint("promotion_id", "kind", "subject_id"))

    id: Mapped[Id]
    promotion_id: Mapped[int] = mapped_column(ForeignKey(Promotion.id))
    kind: Mapped[ScopeKind] = mapped_column(EnumText(ScopeKind))
    # The id of a product, producer, point or fair; the number of a product set.
    subject_id: Mapped[int]


class Offer(Base):
    """One pack of a timed sale: its price, how many units there are at it and how many are sold.

    `lent` units are with counters, which may sell them without a network; nobody else can have them (`Loan`).
    """

    __tablename__ = "promotion_offers"
    __table_args__ = (
        CheckConstraint("price_amount > 0", name="price_positive"),
        CheckConstraint("quota > 0 AND sold >= 0 AND lent >= 0 AND sold + lent <= quota", name="quota"),
        UniqueConstraint("promotion_id", "variant_id"),
        Index("ix_promotion_offers_variant", "variant_id"),
    )

    id: Mapped[Id]
    promotion_id: Mapped[int] = mapped_column(ForeignKey(Promotion.id))
    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id))
    price_amount: Mapped[Amount]
    # The lowest price of the thirty days before the sale, as it was when the sale was opened.
    lowest_amount: Mapped[Amount | None]
    quota: Mapped[int]
    sold: Mapped[int] = mapped_column(default=0)
    lent: Mapped[int] = mapped_column(default=0)

    variant: Mapped[Variant] = relationship()


class Loan(Base):
    """Units of an offer that a counter may sell by itself: `units` in all, `used` of them sold. `holder` is opaque here.

    A counter without a network cannot ask what is left, so it sells at a sale's price only what it holds.
    """

    __tablename__ = "promotion_loans"
    __table_args__ = (
        CheckConstraint("used >= 0 AND used <= units", name="used_within"),
        UniqueConstraint("offer_id", "holder"),
        Index("ix_promotion_loans_holder", "holder"),
    )

    id: Mapped[Id]
    offer_id: Mapped[int] = mapped_column(ForeignKey(Offer.id))
    holder: Mapped[Str40]
    units: Mapped[int] = mapped_column(default=0)
    used: Mapped[int] = mapped_column(default=0)
    at: Mapped[Instant]


class Use(Base):
    """What one order used of a code, or of one offer of a sale; what came back (cancelled, refused, returned) beside it.

    `reference` is the order's, `order:<reference>`: this room knows no orders. A counter takes a code before it has a sale,
    under `till:<uuid>`, which the sale then takes over. `person_key` is a keyed hash of the telephone number, so that guests
    are counted and no number lies here.
    """

    __tablename__ = "promotion_uses"
    __table_args__ = (
        CheckConstraint("amount > 0 AND back_amount >= 0 AND back_amount <= amount", name="amounts"),
        CheckConstraint("units >= 0 AND back_units >= 0 AND back_units <= units", name="units"),
        # `slot` is the offer's id, 0 for a code.
        UniqueConstraint("promotion_id", "reference", "slot"),
        Index("ix_promotion_uses_reference", "reference"),
        Index("ix_promotion_uses_person", "promotion_id", "person_key"),
        Index("ix_promotion_uses_user", "promotion_id", "user_id"),
    )

    id: Mapped[Id]
    promotion_id: Mapped[int] = mapped_column(ForeignKey(Promotion.id))
    offer_id: Mapped[int | None] = mapped_column(ForeignKey(Offer.id))
    slot: Mapped[int] = mapped_column(default=0)
    reference: Mapped[Str80]
    user_id: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    person_key: Mapped[Str40 | None]
    units: Mapped[int] = mapped_column(default=0)
    back_units: Mapped[int] = mapped_column(default=0)
    amount: Mapped[Amount]
    back_amount: Mapped[Amount] = mapped_column(default=0)
    at: Mapped[Instant]


class Step(Base):
    """What became of a promotion: append-only."""

    __tablename__ = "promotion_steps"
    __table_args__ = (Index("ix_promotion_steps_promotion", "promotion_id", "id"),)

    id: Mapped[Id]
    promotion_id: Mapped[int] = mapped_column(ForeignKey(Promotion.id))
    what: Mapped[Str20]
    at: Mapped[Instant]
    actor_key: Mapped[Str40]
    actor_label: Mapped[Str255]
    reason: Mapped[LongText | None]
