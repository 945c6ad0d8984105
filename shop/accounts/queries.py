"""Reads about users and their rights."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext
from sqlalchemy import String, and_, cast, func, or_, select
from sqlalchemy.orm import selectinload

from shop.accounts import personal
from shop.accounts.models import (
    Address,
    Consent,
    Grant,
    LinkPurpose,
    OneTimeLink,
    RecoveryCode,
    User,
    UserSession,
)
from shop.accounts.permissions import OFFICE_ROLES, ROLE_NAMES, ROLE_PERMISSIONS, Permission, Role
from shop.kernel import clock, tables, text
from shop.kernel.audit import AuditRow
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound

# How long a log-in lasts without a click: until the browser is closed, or "remembered".
IDLE = timedelta(hours=4)
IDLE_REMEMBERED = timedelta(days=14)
SEEN_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class GrantView:
    """A role and what it is for."""

    role: Role
    scope: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The user of the present request, as the doors see him; `get_id` gives flask-login the session's token."""

    user_id: int
    session_id: int
    token: str
    name: str
    email: str | None
    phone: str | None
    locale: str
    has_totp: bool
    second_factor_passed: bool
    second_factor_compulsory: bool
    grants: tuple[GrantView, ...]
    email_confirmed: bool = False
    seen_long_ago: bool = False

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        return self.token

    @property
    def has_office_role(self) -> bool:
        """Whether one of the roles sees other people's data or money."""
        return any(grant.role in OFFICE_ROLES for grant in self.grants)

    @property
    def needs_second_factor(self) -> bool:
        """Whether an office role may not be used yet: the second factor is compulsory and was not passed."""
        return self.has_office_role and self.second_factor_compulsory and not self.second_factor_passed


def token_hash(token: str) -> str:
    """SHA-256 (hex) of a random token."""
    return hashlib.sha256(token.encode()).hexdigest()


def normal_email(raw: str) -> str | None:
    """Return an e-mail address as it is kept (lower case), or None if it is none. Nothing is asked of the network."""
    try:
        found = validate_email(text.clean(raw), check_deliverability=False)
    except EmailNotValidError:
        return None
    normal = found.normalized.lower()
    return normal if len(normal) <= 255 else None


def normal_username(raw: str) -> tuple[str, str] | None:
    """Return ("email", address) or ("phone", E.164) for what a person typed as his account, None if it is neither."""
    raw = text.clean(raw[:400])
    if "@" in raw:
        email = normal_email(raw)
        return ("email", email) if email else None
    try:
        number = phonenumbers.parse(raw, "VN")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return "phone", phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def by_username(raw: str) -> User | None:
    """The user (disabled ones too, erased ones not) whose e-mail address or phone number a person typed."""
    found = normal_username(raw)
    if found is None:
        return None
    column = User.email if found[0] == "email" else User.phone
    return session().scalar(select(User).where(column == found[1], User.erased_at.is_(None)))


def signed_in(token: str, *, compulsory: bool) -> SignedIn | None:
    """Return who holds the session `token`, or None if it ended, was revoked or its user was disabled."""
    now = clock.now()
    rows = (
        session()
        .execute(
            select(UserSession, User, Grant.role, Grant.scope)
            .join(User, User.id == UserSession.user_id)
            .outerjoin(Grant, Grant.user_id == User.id)
            .where(
                UserSession.token_hash == token_hash(token),
                UserSession.revoked_at.is_(None),
                UserSession.expires_at > now,
                User.disabled_at.is_(None),
                User.erased_at.is_(None),
            )
        )
        .all()
    )
    if not rows:
        return None
    opened: UserSession = rows[0][0]
    user: User = rows[0][1]
    if opened.last_seen_at <= now - (IDLE_REMEMBERED if opened.remember else IDLE):
        return None
    if user.totp_confirmed_at is not None and opened.second_factor_at is None:
        return None
    grants = tuple(GrantView(role, scope) for _s, _u, role, scope in rows if role is not None)
    return SignedIn(
        user_id=user.id,
        session_id=opened.id,
        token=token,
        name=user.name,
        email=user.email,
        phone=user.phone,
        locale=user.locale,
        has_totp=user.totp_confirmed_at is not None,
        second_factor_passed=opened.second_factor_at is not None,
        second_factor_compulsory=compulsory,
        grants=grants,
        email_confirmed=user.email_confirmed_at is not None,
        seen_long_ago=opened.last_seen_at <= now - SEEN_EVERY,
    )


def scopes_of(grants: Iterable[GrantView], permission: Permission) -> frozenset[str]:
    """The scopes for which `grants` give `permission`."""
    return frozenset(grant.scope for grant in grants if permission in ROLE_PERMISSIONS[grant.role])


# --- one's own account -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Profile:
    """What a user may see and correct of himself."""

    id: int
    name: str
    email: str | None
    email_confirmed: bool
    phone: str | None
    locale: str
    has_totp: bool
    totp_pending: bool
    recovery_codes_left: int
    created_at: datetime
    password_changed_at: datetime | None
    grants: tuple[GrantView, ...]
    disabled_at: datetime | None = None
    last_signed_in_at: datetime | None = None


def profile(user_id: int) -> Profile:
    """One user.

    Raises:
        NotFound: there is none, or he was erased.
    """
    user = session().get(User, user_id, options=[selectinload(User.grants)])
    if user is None or user.erased_at is not None:
        raise NotFound
    codes = session().scalar(
        select(func.count())
        .select_from(RecoveryCode)
        .where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    )
    return Profile(
        id=user.id,
        name=user.name,
        email=user.email,
        email_confirmed=user.email_confirmed_at is not None,
        phone=user.phone,
        locale=user.locale,
        has_totp=user.totp_confirmed_at is not None,
        totp_pending=user.totp_secret is not None and user.totp_confirmed_at is None,
        recovery_codes_left=codes or 0,
        created_at=user.created_at,
        password_changed_at=user.password_changed_at,
        grants=tuple(GrantView(grant.role, grant.scope) for grant in user.grants),
        disabled_at=user.disabled_at,
        last_signed_in_at=user.last_signed_in_at,
    )


def pending_totp_secret(user_id: int) -> str | None:
    """The secret of a second factor that is being set up, or None."""
    return session().scalar(select(User.totp_secret).where(User.id == user_id, User.totp_confirmed_at.is_(None)))


@dataclass(frozen=True, slots=True)
class SessionView:
    """A log-in as its owner sees it."""

    reference: str
    device: str
    address: str | None
    created_at: datetime
    last_seen_at: datetime
    current: bool


_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "coc_coc": "Cốc Cốc",
    "SamsungBrowser": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
_SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def device_of(agent: str | None) -> str:
    """A short name of a browser and its system for people, from a User-Agent; `` if nothing is known."""
    agent = agent or ""
    names = [next((name for sign, name in table.items() if sign in agent), "") for table in (_BROWSERS, _SYSTEMS)]
    return ", ".join(name for name in names if name) or agent.split("/")[0][:40]


def _live(now: datetime) -> Any:
    return and_(
        UserSession.revoked_at.is_(None),
        UserSession.expires_at > now,
        or_(
            and_(UserSession.remember.is_(True), UserSession.last_seen_at > now - IDLE_REMEMBERED),
            and_(UserSession.remember.is_(False), UserSession.last_seen_at > now - IDLE),
        ),
    )


def sessions_of(user_id: int, current: int | None = None) -> list[SessionView]:
    """The log-ins of a user that still count, last seen first; `current` is the id of the one that asks."""
    rows = session().scalars(
        select(UserSession)
        .where(UserSession.user_id == user_id, _live(clock.now()))
        .order_by(UserSession.last_seen_at.desc(), UserSession.id.desc())
        .limit(100)
    )
    return [
        SessionView(r.reference, device_of(r.agent), r.address, r.created_at, r.last_seen_at, r.id == current)
        for r in rows
    ]


@dataclass(frozen=True, slots=True)
class AddressView:
    """An address of a user's book, in the words of schema.org."""

    reference: str
    name: str
    telephone: str
    street_address: str
    address_locality: str
    locality_code: str
    address_region: str
    region_code: str
    is_default: bool


def addresses_of(user_id: int) -> list[AddressView]:
    """A user's address book, the default one first."""
    rows = session().scalars(
        select(Address).where(Address.user_id == user_id).order_by(Address.is_default.desc(), Address.id.desc())
    )
    return [_address(row) for row in rows]


def address(user_id: int, reference: str) -> AddressView:
    """One address of the user's own book.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    row = session().scalar(select(Address).where(Address.user_id == user_id, Address.reference == reference))
    if row is None:
        raise NotFound
    return _address(row)


def _address(row: Address) -> AddressView:
    return AddressView(
        row.reference,
        row.name,
        row.telephone,
        row.street_address,
        row.address_locality,
        row.locality_code,
        row.address_region,
        row.region_code,
        row.is_default,
    )


@dataclass(frozen=True, slots=True)
class ConsentView:
    """A consent as its giver sees it."""

    kind: str
    text_version: str
    given_at: datetime
    withdrawn_at: datetime | None


def consents_of(user_id: int) -> list[ConsentView]:
    """All consents a user gave, the newest first."""
    rows = session().scalars(select(Consent).where(Consent.user_id == user_id).order_by(Consent.id.desc()))
    return [ConsentView(r.kind, r.text_version, r.given_at, r.withdrawn_at) for r in rows]


def consents_in_force(user_id: int) -> dict[str, ConsentView]:
    """The consents of a user that were not taken back, by kind."""
    return {c.kind: c for c in reversed(consents_of(user_id)) if c.withdrawn_at is None}


def link_user(token: str, purpose: LinkPurpose) -> tuple[OneTimeLink, User] | None:
    """The link of `token` and its user if the link still works, else None."""
    row = (
        session()
        .execute(
            select(OneTimeLink, User)
            .join(User, User.id == OneTimeLink.user_id)
            .where(
                OneTimeLink.token_hash == token_hash(token),
                OneTimeLink.purpose == purpose,
                OneTimeLink.used_at.is_(None),
                OneTimeLink.expires_at > clock.now(),
                User.disabled_at.is_(None),
                User.erased_at.is_(None),
            )
        )
        .first()
    )
    return (row[0], row[1]) if row else None


def everything_about(user_id: int) -> dict[str, Any]:
    """All the house keeps of a user, as plain values for a JSON file; each room above adds its part."""
    me = profile(user_id)
    kept: dict[str, Any] = {
        "exported_at": clock.now().isoformat(),
        "account": {
            "name": me.name,
            "email": me.email,
            "email_confirmed": me.email_confirmed,
            "phone": me.phone,
            "language": me.locale,
            "created_at": me.created_at.isoformat(),
            "password_changed_at": me.password_changed_at and me.password_changed_at.isoformat(),
            "last_signed_in_at": me.last_signed_in_at and me.last_signed_in_at.isoformat(),
            "second_factor": me.has_totp,
            "roles": [{"role": grant.role.value, "scope": grant.scope} for grant in me.grants],
        },
        "addresses": [
            {
                "name": a.name,
                "telephone": a.telephone,
                "streetAddress": a.street_address,
                "addressLocality": a.address_locality,
                "addressRegion": a.address_region,
                "addressCountry": "VN",
                "locality_code": a.locality_code,
                "region_code": a.region_code,
                "default": a.is_default,
            }
            for a in addresses_of(user_id)
        ],
        "sessions": [
            {
                "device": s.device,
                "address": s.address,
                "created_at": s.created_at.isoformat(),
                "last_seen_at": s.last_seen_at.isoformat(),
            }
            for s in sessions_of(user_id)
        ],
        "consents": [
            {
                "kind": c.kind,
                "text_version": c.text_version,
                "given_at": c.given_at.isoformat(),
                "withdrawn_at": c.withdrawn_at and c.withdrawn_at.isoformat(),
            }
            for c in consents_of(user_id)
        ],
    }
    for name, read in personal.parts().items():
        kept[name] = read(user_id)
    return kept


# --- what rooms above ask ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Contact:
    """How a user is reached: `email` may be unconfirmed; letters about his own orders may go there all the same."""

    user_id: int
    name: str
    email: str | None
    email_confirmed: bool
    phone: str | None
    locale: str


def contact(user_id: int) -> Contact | None:
    """How to reach a user; None if he was erased."""
    user = session().get(User, user_id)
    if user is None or user.erased_at is not None:
        return None
    return Contact(user.id, user.name, user.email, user.email_confirmed_at is not None, user.phone, user.locale)


def names(user_ids: Sequence[int]) -> dict[int, str]:
    """The names of users by id."""
    rows = session().execute(select(User.id, User.name).where(User.id.in_(set(user_ids))))
    return {row.id: row.name for row in rows}


def holders(scope: str, role: Role | None = None) -> list[Contact]:
    """Users in good standing whose grants (of `role`, if one is given) are for exactly `scope`."""
    wanted = select(User).join(Grant, Grant.user_id == User.id).where(Grant.scope == scope, _standing())
    if role is not None:
        wanted = wanted.where(Grant.role == role)
    rows = session().scalars(wanted.order_by(User.sort_name, User.id).distinct())
    return [Contact(u.id, u.name, u.email, u.email_confirmed_at is not None, u.phone, u.locale) for u in rows]


def _standing() -> Any:
    return and_(User.disabled_at.is_(None), User.erased_at.is_(None))


def roles_of(user_id: int) -> set[Role]:
    """The roles that a user has been given, for whatever scope."""
    return set(session().scalars(select(Grant.role).where(Grant.user_id == user_id)))


def administrators() -> list[int]:
    """Ids of the administrators in good standing."""
    return list(
        session().scalars(
            select(User.id)
            .join(Grant, Grant.user_id == User.id)
            .where(Grant.role == Role.ADMINISTRATOR, Grant.scope == "*", _standing())
            .order_by(User.id)
        )
    )


# --- the office --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user in the office's list."""

    id: int
    name: str
    email: str | None
    phone: str | None
    created_at: datetime
    last_signed_in_at: datetime | None
    disabled_at: datetime | None
    totp_confirmed_at: datetime | None
    held: str | None

    @property
    def grants(self) -> list[GrantView]:
        """The roles with what they are for."""
        pairs = (one.split("|", 1) for one in (self.held or "").split(",") if one)
        return sorted((GrantView(Role(role), scope) for role, scope in pairs), key=lambda g: (g.role, g.scope))

    @property
    def state(self) -> str:
        """`disabled` or `active`."""
        return "disabled" if self.disabled_at else "active"


STATE_NAMES = {
    "active": N_("Đang hoạt động"),
    "disabled": N_("Đang khóa"),
    "staff": N_("Có vai trò"),
    "bare": N_("Quản trị chưa bật xác minh hai bước"),
}


def _search(q: str) -> Any:
    return and_(*(User.search_text.contains(word, autoescape=True) for word in text.fold(q).split()))


def _in_state(value: str) -> Any:
    if value == "active":
        return User.disabled_at.is_(None)
    if value == "disabled":
        return User.disabled_at.is_not(None)
    if value == "staff":
        return User.id.in_(select(Grant.user_id).where(Grant.role != Role.CUSTOMER))
    return and_(
        User.totp_confirmed_at.is_(None), User.id.in_(select(Grant.user_id).where(Grant.role.in_(OFFICE_ROLES)))
    )


def role_words(row: UserRow) -> str:
    """A user's roles in the reader's language, with what they are for."""
    return "; ".join(gettext(ROLE_NAMES[g.role]) + ("" if g.scope == "*" else f" ({g.scope})") for g in row.grants)


USERS = tables.Table(
    name="nguoi-dung",
    columns=(
        tables.Column("name", N_("Họ tên"), sort=(User.sort_name,)),
        tables.Column("email", N_("E-mail"), sort=(User.email,)),
        tables.Column("phone", N_("Số điện thoại")),
        tables.Column("roles", N_("Vai trò"), value=role_words),
        tables.Column("created", N_("Tạo lúc"), sort=(User.created_at,), value="created_at"),
        tables.Column("seen", N_("Đăng nhập gần nhất"), sort=(User.last_signed_in_at,), value="last_signed_in_at"),
        tables.Column("state", N_("Trạng thái"), value=lambda row: gettext(STATE_NAMES[row.state])),
    ),
    order="name",
    tie=User.id,
    filters=(
        tables.Filter(
            "role",
            N_("Vai trò"),
            lambda value: User.id.in_(select(Grant.user_id).where(Grant.role == Role(value))),
            [(role.value, label) for role, label in ROLE_NAMES.items()],
        ),
        tables.Filter("state", N_("Trạng thái"), _in_state, list(STATE_NAMES.items())),
    ),
    search=_search,
)


def users(args: Mapping[str, str]) -> tables.View:
    """The office's list of users, as the address asks for it."""
    held = (
        select(func.aggregate_strings(cast(Grant.role, String) + "|" + Grant.scope, ","))
        .where(Grant.user_id == User.id)
        .correlate(User)
        .scalar_subquery()
    )
    wanted = select(
        User.id,
        User.name,
        User.email,
        User.phone,
        User.created_at,
        User.last_signed_in_at,
        User.disabled_at,
        User.totp_confirmed_at,
        held.label("held"),
    ).where(User.erased_at.is_(None))
    return USERS.open(args, "/office/users", wanted, make=lambda row: UserRow(*tuple(row)))


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A line of the audit log about a user."""

    at: datetime
    actor_label: str
    action: str
    detail: dict[str, Any]


def history(user_id: int, limit: int = 50) -> list[HistoryRow]:
    """What was done to a user, the newest first."""
    rows = session().scalars(
        select(AuditRow).where(AuditRow.target == f"accounts:user:{user_id}").order_by(AuditRow.id.desc()).limit(limit)
    )
    return [HistoryRow(r.at, r.actor_label, r.action, r.detail) for r in rows]


# --- who is told -------------------------------------------------------------------------------------------------


def told_of(permission: Permission, scope: str) -> list[tuple[int, str, str]]:
    """(user id, e-mail address, language) of those whose grants give `permission` for exactly `scope`, by id: who is told of
    what happens to it. Disabled and erased users are not."""
    roles = [role for role, rights in ROLE_PERMISSIONS.items() if permission in rights]
    rows = session().execute(
        select(User.id, User.email, User.locale)
        .join(Grant, Grant.user_id == User.id)
        .where(
            Grant.role.in_(roles),
            Grant.scope == scope,
            User.email.is_not(None),
            User.disabled_at.is_(None),
            User.erased_at.is_(None),
        )
        .distinct()
        .order_by(User.id)
    )
    return [(user_id, str(email), locale) for user_id, email, locale in rows]
