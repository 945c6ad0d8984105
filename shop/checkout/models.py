"""Baskets: kept thirty days, no claim on goods."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.accounts.models import User
from shop.catalog.models import Variant
from shop.kernel.db import Amount, Base, Id, Instant, Str80


class Basket(Base):
    """What a visitor means to buy, under the SHA-256 of his browser's key. Closed once ordered."""

    __tablename__ = "baskets"
    __table_args__ = (
        # A browser has at most one open basket.
        Index(
            "uq_baskets_open",
            "token_hash",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_baskets_token", "token_hash", "id"),
        Index("ix_baskets_user", "user_id", "closed_at"),
        Index("ix_baskets_expires", "expires_at"),
    )

    id: Mapped[Id]
    token_hash: Mapped[Str80]
    user_id: Mapped[int | None] = mapped_column(ForeignKey(User.id))
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    closed_at: Mapped[Instant | None]
    # Alcohol is shown to and bought by adults only: when the visitor said so.
    age_confirmed_at: Mapped[Instant | None]

    lines: Mapped[list[BasketLine]] = relationship(back_populates="basket", order_by="BasketLine.variant_id")


class BasketLine(Base):
    """One variant in a basket; `seen_amount` is the unit price last shown, so that a change is never sold silently."""

    __tablename__ = "basket_lines"
    __table_args__ = (CheckConstraint("quantity BETWEEN 1 AND 9999", name="quantity_range"),)

    basket_id: Mapped[int] = mapped_column(ForeignKey(Basket.id), primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey(Variant.id), primary_key=True)
    quantity: Mapped[int]
    seen_amount: Mapped[Amount]
    added_at: Mapped[Instant]
    # Goods that stock keeps for this line already (an opaque reference); ordering uses them up.
    claim_reference: Mapped[Str80 | None]
    # Where the buyer met the goods (an opaque reference, `exhibition:3:A12`); the order's line keeps it.
    origin: Mapped[Str80 | None]

    basket: Mapped[Basket] = relationship(back_populates="lines")
