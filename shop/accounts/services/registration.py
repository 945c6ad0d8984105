"""New accounts: by the person, or made for somebody by staff or a command."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from shop.accounts import passwords, queries
from shop.accounts.consents import CONSENTS, PRIVACY
from shop.accounts.errors import AccountExists
from shop.accounts.events import UserRegistered
from shop.accounts.models import Consent, User
from shop.accounts.permissions import Role
from shop.accounts.services import profile, rights, rows
from shop.accounts.services.signing_in import Browser, Entered, open_session
from shop.kernel import audit, clock, limits, text
from shop.kernel.actor import Actor
from shop.kernel.db import leave_database, session, transaction
from shop.kernel.errors import N_, Invalid, TooManyRequests
from shop.kernel.events import publish

LONGEST_NAME = 120


def checked_name(name: str) -> str:
    """Return a person's name cleaned.

    Raises:
        Invalid: empty or too long.
    """
    name = text.clean(name).replace("\n", " ")
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid(N_("Vui lòng nhập họ tên (tối đa 120 ký tự)."), field="name")
    return name


def checked_email(raw: str) -> str:
    """Return an e-mail address as it is kept.

    Raises:
        Invalid: it is none.
    """
    email = queries.normal_email(raw)
    if email is None:
        raise Invalid(N_("Địa chỉ e-mail chưa đúng, ví dụ ten@example.com."), field="email")
    return email


def checked_phone(raw: str) -> str:
    """Return a phone number as it is kept (E.164).

    Raises:
        Invalid: it is none.
    """
    found = queries.normal_username(raw)
    if found is None or found[0] != "phone":
        raise Invalid(N_("Số điện thoại chưa đúng, ví dụ 0912 345 678."), field="phone")
    return found[1]


def _insert(name: str, email: str | None, phone: str | None, kept: str, locale: str) -> User:
    s = session()
    if email and s.scalar(select(User.id).where(User.email == email)) is not None:
        raise AccountExists(field="email")
    if phone and s.scalar(select(User.id).where(User.phone == phone)) is not None:
        raise AccountExists(field="phone")
    now = clock.now()
    user = User(
        name=name,
        email=email,
        phone=phone,
        password_hash=kept,
        password_changed_at=now,
        locale=locale if locale in {"vi", "en"} else "vi",
        created_at=now,
    )
    rows.describe(user)
    s.add(user)
    s.flush()
    publish(UserRegistered(user.id))
    return user


def register(
    *,
    name: str,
    email: str,
    phone: str,
    password: str,
    locale: str,
    consents: Iterable[str],
    browser: Browser,
) -> Entered:
    """Make an account with an e-mail address, a phone number, or both, and log its owner in.

    A letter asks to confirm the address; the account works before that, but nothing that was bought as a guest with the
    address is shown in it until then.

    Raises:
        Invalid, WeakPassword: a field is missing or not good; the needed consent is not given.
        AccountExists: the address or the number is another account's.
        TooManyRequests: too many new accounts from one network address.
    """
    name = checked_name(name)
    mail = checked_email(email) if email.strip() else None
    number = checked_phone(phone) if phone.strip() else None
    if mail is None and number is None:
        raise Invalid(N_("Vui lòng nhập e-mail hoặc số điện thoại."), field="email")
    passwords.check_new(password, about=(name, email, phone, number))
    given = [kind for kind in CONSENTS if kind in set(consents)]
    if PRIVACY not in given:
        raise Invalid(N_("Cần bạn đồng ý để cửa hàng được giữ thông tin tài khoản."), field="consent_privacy")
    limits.take(
        limits.Limit(f"register:address:{limits.network(browser.address)}", 30, timedelta(hours=1)),
        limits.Limit("register:all", 2000, timedelta(hours=1)),
        refusal=TooManyRequests,
    )
    leave_database()
    kept = passwords.hash_of(password)
    try:
        with transaction() as s:
            user = _insert(name, mail, number, kept, locale)
            now = clock.now()
            s.add_all(
                [
                    Consent(user_id=user.id, kind=kind, text_version=CONSENTS[kind].version, given_at=now)
                    for kind in given
                ]
            )
            if mail is not None:
                profile.post_confirmation(user, mail)
            return open_session(user, browser, remember=False, second_factor=False)
    except IntegrityError as error:  # two at once
        raise AccountExists(field="email" if mail else "phone") from error


def create(
    actor: Actor,
    *,
    name: str,
    email: str | None = None,
    phone: str | None = None,
    password: str | None = None,
    locale: str = "vi",
    roles: Iterable[tuple[Role, str]] = (),
    confirmed: bool = False,
) -> int:
    """Make an account for somebody, with roles; return the user's id.

    Without a password nobody can log in until a reset link is used. `confirmed` says that the e-mail address is known to be
    his.

    Raises:
        Invalid, WeakPassword, BadScope: a value is not good.
        AccountExists: the address or the number is another account's.
    """
    name = checked_name(name)
    mail = checked_email(email) if email else None
    number = checked_phone(phone) if phone else None
    if mail is None and number is None:
        raise Invalid(N_("Vui lòng nhập e-mail hoặc số điện thoại."), field="email")
    kept = ""
    if password is not None:
        passwords.check_new(password, about=(name, email, phone, number))
        kept = passwords.hash_of(password)
    try:
        with transaction():
            user = _insert(name, mail, number, kept, locale)
            if confirmed and mail is not None:
                user.email_confirmed_at = clock.now()
            audit.record(actor, "accounts.create", rows.target(user.id))
            for role, scope in roles:
                rights.add(actor, user, role, scope)
            return user.id
    except IntegrityError as error:
        raise AccountExists(field="email" if mail else "phone") from error
