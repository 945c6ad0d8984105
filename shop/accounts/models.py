"""Users, their grants, sessions, second factors, addresses and consents."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.accounts.permissions import Role
from shop.kernel.db import Base, BigId, EnumText, Id, Instant, LongText, SortKey, Str20, Str40, Str80, Str255, one_of
from shop.kernel.text import reference


class User(Base):
    """A person who can log in, by e-mail address (lower case) or phone number (E.164).

    An erased user keeps the row, so that orders and histories still point somewhere, and nothing of the person.
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("email IS NOT NULL OR phone IS NOT NULL OR erased_at IS NOT NULL", name="reachable"),
        Index("ix_users_sort_name", "sort_name", "id"),
        Index("ix_users_created_at", "created_at", "id"),
        Index("ix_users_last_signed_in_at", "last_signed_in_at", "id"),
    )

    id: Mapped[Id]
    name: Mapped[Str255]
    sort_name: Mapped[SortKey] = mapped_column(default="")
    search_text: Mapped[LongText] = mapped_column(default="")
    email: Mapped[Str255 | None] = mapped_column(unique=True)
    email_confirmed_at: Mapped[Instant | None]
    phone: Mapped[Str20 | None] = mapped_column(unique=True)
    password_hash: Mapped[Str255]
    password_changed_at: Mapped[Instant | None]
    locale: Mapped[Str20] = mapped_column(default="vi")
    totp_secret: Mapped[Str80 | None]
    totp_confirmed_at: Mapped[Instant | None]
    totp_last_step: Mapped[int | None] = mapped_column(BigId)
    created_at: Mapped[Instant]
    last_signed_in_at: Mapped[Instant | None]
    disabled_at: Mapped[Instant | None]
    erased_at: Mapped[Instant | None]

    grants: Mapped[list[Grant]] = relationship(back_populates="user", foreign_keys="Grant.user_id", order_by="Grant.id")


class Grant(Base):
    """A role for a scope: `*`, `producer:7`, `point:12`, `exhibition:3`, `locality:06661`."""

    __tablename__ = "grants"
    __table_args__ = (
        UniqueConstraint("user_id", "role", "scope"),
        one_of("role", Role),
        Index("ix_grants_scope", "scope"),
        Index("ix_grants_role", "role"),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    role: Mapped[Role] = mapped_column(EnumText(Role))
    scope: Mapped[Str80] = mapped_column(default="*")
    granted_at: Mapped[Instant]
    granted_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    user: Mapped[User] = relationship(back_populates="grants", foreign_keys=[user_id])


class UserSession(Base):
    """One log-in on one device. The browser holds the token; only its SHA-256 is kept."""

    __tablename__ = "user_sessions"
    __table_args__ = (
        Index("ix_user_sessions_user", "user_id", "revoked_at"),
        Index("ix_user_sessions_expires_at", "expires_at"),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True, default=lambda: reference(3))
    token_hash: Mapped[Str80] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    remember: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Instant]
    last_seen_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    revoked_at: Mapped[Instant | None]
    second_factor_at: Mapped[Instant | None]
    address: Mapped[Str80 | None]
    agent: Mapped[Str255 | None]

    user: Mapped[User] = relationship()


class LinkPurpose(StrEnum):
    """What a one-time token proves."""

    RESET = "reset"
    CONFIRM_EMAIL = "confirm_email"
    SECOND_STEP = "second_step"


class OneTimeLink(Base):
    """A token that works once and not for long. Only its SHA-256 is kept."""

    __tablename__ = "one_time_links"
    __table_args__ = (one_of("purpose", LinkPurpose), Index("ix_one_time_links_user", "user_id", "purpose"))

    id: Mapped[Id]
    token_hash: Mapped[Str80] = mapped_column(unique=True)
    purpose: Mapped[LinkPurpose] = mapped_column(EnumText(LinkPurpose))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    email: Mapped[Str255 | None]
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]


class RecoveryCode(Base):
    """A code of paper that stands in for the second factor once. Only its SHA-256 is kept."""

    __tablename__ = "recovery_codes"
    __table_args__ = (UniqueConstraint("user_id", "code_hash"),)

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    code_hash: Mapped[Str80]
    used_at: Mapped[Instant | None]


class Address(Base):
    """A place a user has goods sent to, in the words of schema.org/PostalAddress.

    Codes and names of the places are copies: the room of places lies beside this one, and units change over the years.
    """

    __tablename__ = "addresses"
    __table_args__ = (
        Index("ix_addresses_user", "user_id", "id"),
        Index(
            "uq_addresses_default",
            "user_id",
            unique=True,
            sqlite_where=text("is_default"),
            postgresql_where=text("is_default"),
        ),
    )

    id: Mapped[Id]
    reference: Mapped[Str20] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[Str255]
    telephone: Mapped[Str20]
    street_address: Mapped[Str255]
    address_locality: Mapped[Str255]
    locality_code: Mapped[Str20]
    address_region: Mapped[Str255]
    region_code: Mapped[Str20]
    is_default: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]


class Consent(Base):
    """That a user agreed to a text (`kind` and the version he read), and when he took it back."""

    __tablename__ = "consents"
    __table_args__ = (Index("ix_consents_user", "user_id", "kind"),)

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[Str40]
    text_version: Mapped[Str20]
    given_at: Mapped[Instant]
    withdrawn_at: Mapped[Instant | None]
