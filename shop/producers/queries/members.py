"""Reads about members and invitations. An invitation's link is made of its reference and the shop's key, and kept nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import gettext
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import func, select

from shop.accounts.models import Grant, User
from shop.accounts.permissions import PRODUCER_ROLES, ROLE_NAMES, Role
from shop.kernel import clock, tables
from shop.kernel.db import session
from shop.kernel.errors import N_
from shop.producers.models import Invitation, Producer


@dataclass(frozen=True, slots=True)
class Member:
    """A person within a producer; `since` is when the role was given."""

    user_id: int
    name: str
    email: str | None
    phone: str | None
    role: Role
    since: datetime
    locked: bool


def _rows(producer_id: int) -> Any:
    return (
        select(User.id, User.name, User.email, User.phone, Grant.role, Grant.granted_at, User.disabled_at.is_not(None))
        .join(Grant, Grant.user_id == User.id)
        .where(
            Grant.scope == f"producer:{producer_id}", Grant.role.in_(sorted(PRODUCER_ROLES)), User.erased_at.is_(None)
        )
    )


TABLE = tables.Table(
    name="thanh-vien",
    order="name",
    tie=Grant.id,
    columns=[
        tables.Column("name", N_("Tên"), sort=(User.sort_name,)),
        tables.Column("email", N_("E-mail")),
        tables.Column("phone", N_("Điện thoại")),
        tables.Column("role", N_("Việc"), sort=(Grant.role,), value=lambda m: gettext(ROLE_NAMES[m.role])),
        tables.Column("since", N_("Từ"), sort=(Grant.granted_at,)),
        tables.Column("do", "", "do"),
    ],
    search=lambda q: User.name.icontains(q.strip(), autoescape=True),
)


def members(producer_id: int, args: Mapping[str, str] | None = None) -> tables.View:
    """The members of a producer."""
    return TABLE.open(args or {}, "/producer/members", _rows(producer_id), make=lambda row: Member(*tuple(row)))


def member_of(producer_id: int) -> list[Member]:
    """All members, by name."""
    return [
        Member(*tuple(row))
        for row in session().execute(_rows(producer_id).order_by(User.sort_name, Grant.id).limit(500))
    ]


def invitations(producer_id: int) -> list[tuple[Invitation, str]]:
    """Invitations that may still be taken, latest first, each with the path of its link."""
    rows = session().scalars(
        select(Invitation)
        .where(
            Invitation.producer_id == producer_id,
            Invitation.accepted_at.is_(None),
            Invitation.withdrawn_at.is_(None),
            Invitation.expires_at > clock.now(),
        )
        .order_by(Invitation.id.desc())
        .limit(50)
    )
    return [(row, link(row.reference)) for row in rows]


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="producer-invitation")


def link(reference: str) -> str:
    """The path of an invitation's link."""
    return f"/loi-moi/{_signer().dumps(reference)}"


def invitation(token: str) -> tuple[Invitation, Producer] | None:
    """The invitation whose link has `token`, if it may be taken now."""
    try:
        reference = str(_signer().loads(token))
    except BadSignature:
        return None
    found = session().execute(
        select(Invitation, Producer)
        .join(Producer, Producer.id == Invitation.producer_id)
        .where(
            Invitation.reference == reference,
            Invitation.accepted_at.is_(None),
            Invitation.withdrawn_at.is_(None),
            func.coalesce(Invitation.expires_at, clock.now()) > clock.now(),
        )
    ).first()  # fmt: skip
    return (found[0], found[1]) if found else None
