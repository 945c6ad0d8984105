"""What several commands of this room do with its rows."""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy import select, update

from shop.accounts import passwords
from shop.accounts.errors import TooManyAttempts, WrongPassword
from shop.accounts.models import LinkPurpose, OneTimeLink, User, UserSession
from shop.accounts.queries import token_hash
from shop.kernel import clock, limits, settings, text
from shop.kernel.db import leave_database, session
from shop.kernel.errors import N_, NotFound

WINDOW = timedelta(minutes=15)

FAILURES_ACCOUNT = settings.define(
    "accounts.failures_account",
    10,
    N_("Số lần đăng nhập sai cho một tài khoản trong 15 phút"),
    hint=N_("Quá số này, tài khoản chờ hết 15 phút; thiết bị từng đăng nhập được tính riêng."),
    low=3,
    high=100,
)
FAILURES_ADDRESS = settings.define(
    "accounts.failures_address",
    60,
    N_("Số lần đăng nhập sai từ một địa chỉ mạng trong 15 phút"),
    hint=N_("Nhiều thuê bao di động dùng chung một địa chỉ, nên đừng đặt quá thấp."),
    low=10,
    high=10000,
)
FAILURES_ALL = settings.define(
    "accounts.failures_all",
    1500,
    N_("Số lần đăng nhập sai của cả cửa hàng trong 15 phút"),
    hint=N_("Quá số này, chỉ thiết bị từng đăng nhập mới vào được cho đến khi yên trở lại."),
    low=50,
    high=1000000,
)


def target(user_id: int) -> str:
    """How the audit log names a user."""
    return f"accounts:user:{user_id}"


def locked(user_id: int) -> User:
    """The user, locked until the transaction ends.

    Raises:
        NotFound: there is none, or he was erased.
    """
    user = session().get(User, user_id, with_for_update=True)
    if user is None or user.erased_at is not None:
        raise NotFound
    return user


def describe(user: User) -> None:
    """Bring what the office sorts and searches by up to date with the user's name, address and number."""
    user.sort_name = text.sort_key(user.name)
    national = "0" + user.phone.removeprefix("+84") if user.phone and user.phone.startswith("+84") else ""
    user.search_text = " ".join(filter(None, [text.fold(user.name), user.email, user.phone, national]))


def new_link(user_id: int, purpose: LinkPurpose, lasts: timedelta, email: str | None = None) -> tuple[OneTimeLink, str]:
    """Store a one-time token; return its row and the token, which is kept nowhere else."""
    token = secrets.token_urlsafe(32)
    now = clock.now()
    link = OneTimeLink(
        token_hash=token_hash(token),
        purpose=purpose,
        user_id=user_id,
        email=email,
        created_at=now,
        expires_at=now + lasts,
    )
    session().add(link)
    session().flush()
    return link, token


def use_links(user_id: int, purpose: LinkPurpose) -> None:
    """Make all open links of one purpose useless."""
    session().execute(
        update(OneTimeLink)
        .where(OneTimeLink.user_id == user_id, OneTimeLink.purpose == purpose, OneTimeLink.used_at.is_(None))
        .values(used_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def end_all(user_id: int, *, but: int | None = None) -> int:
    """End all log-ins of a user, `but` one session id; return how many."""
    rows = session().scalars(
        select(UserSession).where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
    )
    ended = 0
    for row in rows:
        if row.id != but:
            row.revoked_at = clock.now()
            ended += 1
    return ended


def prove(user_id: int, password: str) -> str:
    """Let a signed-in user prove himself again by his password; return the hash it was checked against.

    Call outside a transaction: checking takes its time.

    Raises:
        NotFound: there is no such user.
        TooManyAttempts: too many wrong tries in a quarter of an hour.
        WrongPassword: it is not his.
    """
    user = session().get(User, user_id)
    if user is None or user.erased_at is not None:
        raise NotFound
    kept = user.password_hash
    limit = limits.Limit(f"password:user:{user_id}", FAILURES_ACCOUNT.get(), WINDOW)
    limits.take(limit, refusal=TooManyAttempts)
    leave_database()
    if not passwords.matches(kept, password):
        raise WrongPassword(field="current_password")
    return kept
