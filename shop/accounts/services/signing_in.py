"""Coming in and going out: password, second step, sessions."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

import structlog
from flask import current_app
from sqlalchemy import select, update

from shop.accounts import passwords, queries
from shop.accounts.errors import AccountDisabled, StepExpired, TooManyAttempts, WrongCredentials
from shop.accounts.events import UserSignedIn
from shop.accounts.models import Grant, LinkPurpose, OneTimeLink, User, UserSession
from shop.accounts.permissions import OFFICE_ROLES
from shop.accounts.services import factors, rows
from shop.kernel import audit, clock, limits, text
from shop.kernel.actor import Actor
from shop.kernel.db import changed, leave_database, session, transaction
from shop.kernel.errors import Busy, NotFound
from shop.kernel.events import publish

log = structlog.get_logger("accounts")
# From log-in to the end, however busy: a day, a month where the device is remembered, a working day for the office.
LASTS = timedelta(hours=24)
LASTS_REMEMBERED = timedelta(days=30)
LASTS_OFFICE = timedelta(hours=12)
SECOND_STEP_LASTS = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a log-in comes from. `device` is (user id, key) of the account that was used on this device before (from its
    signed cookie), `visitor` the key it had as a guest, `old_token` the session it still holds."""

    address: str | None = None
    agent: str | None = None
    device: tuple[int, str] | None = None
    visitor: str | None = None
    old_token: str | None = None


@dataclass(frozen=True, slots=True)
class Entered:
    """How far a log-in came: `token` opens the session; or `step_token` leads to the second step."""

    user_id: int
    locale: str
    token: str | None = None
    step_token: str | None = None
    remember: bool = False


def _limits(username: str, user_id: int | None, browser: Browser) -> list[limits.Limit]:
    """What one try counts against. A device that was in before has a count of its own, so that a stranger who keeps
    guessing an account does not keep its owner out."""
    if browser.device and browser.device[0] == user_id:
        key = f"sign-in:device:{user_id}:{browser.device[1]}"
        return [limits.Limit(key, rows.FAILURES_ACCOUNT.get(), rows.WINDOW)]
    found = queries.normal_username(username)
    named = found[1] if found else text.fold(username[:400])
    return [
        limits.Limit(f"sign-in:account:{queries.token_hash(named)}", rows.FAILURES_ACCOUNT.get(), rows.WINDOW),
        limits.Limit(f"sign-in:address:{limits.network(browser.address)}", rows.FAILURES_ADDRESS.get(), rows.WINDOW),
        limits.Limit("sign-in:all", rows.FAILURES_ALL.get(), rows.WINDOW),
    ]


def sign_in(
    username: str, password: str, *, browser: Browser, remember: bool = False, code: str | None = None
) -> Entered:
    """Log in with an e-mail address or phone number and a password.

    With a second factor set up, `code` is asked at once if given; without it the answer is a token for `second_step`.
    An unknown account and a wrong password look the same and take the same time.

    Raises:
        TooManyAttempts: of the account, the network address or the whole shop.
        WrongCredentials: unknown account or wrong password.
        AccountDisabled: the password is right, but staff locked the account.
        WrongCode, CodeUsed: `code` is not good.
    """
    user = queries.by_username(username)
    user_id, kept = (user.id, user.password_hash) if user is not None else (None, None)
    counted = _limits(username, user_id, browser)
    limits.take(*counted, refusal=TooManyAttempts)
    leave_database()  # hashing takes its time; no connection waits for it
    if not passwords.matches(kept or None, password) or user_id is None or kept is None:
        raise WrongCredentials
    if password == passwords.DEMO and current_app.extensions["shop_config"].mode == "production":
        log.warning("a log-in of the demonstration was refused", user=user_id)
        raise WrongCredentials
    fresh = passwords.hash_of(password) if passwords.stale(kept) else None
    if code:
        factors.count_try(user_id)
    with transaction():
        user = session().get(User, user_id, with_for_update=True)
        if user is None or user.password_hash != kept or user.erased_at is not None:
            raise WrongCredentials
        if user.disabled_at is not None:
            raise AccountDisabled
        if fresh is not None:
            user.password_hash = fresh
        limits.forget(counted[0].key)
        limits.give_back(limit.key for limit in counted[1:])
        if user.totp_confirmed_at is not None:
            if not code:
                _link, step = rows.new_link(user.id, LinkPurpose.SECOND_STEP, SECOND_STEP_LASTS)
                return Entered(user.id, user.locale, step_token=step, remember=remember)
            factors.use_code(user, code)
        return open_session(user, browser, remember=remember, second_factor=bool(code))


def second_step(step_token: str, code: str, *, browser: Browser, remember: bool = False) -> Entered:
    """Finish a log-in with a code of the second factor or a recovery code.

    Raises:
        StepExpired: the first step was too long ago, was finished, or the account was locked meanwhile.
        TooManyAttempts: too many wrong codes.
        WrongCode, CodeUsed: the code is not good.
    """
    found = queries.link_user(step_token, LinkPurpose.SECOND_STEP)
    if found is None:
        raise StepExpired
    link_id, user_id = found[0].id, found[1].id
    factors.count_try(user_id)
    with transaction():
        user = session().get(User, user_id, with_for_update=True)
        used = session().execute(
            update(OneTimeLink)
            .where(OneTimeLink.id == link_id, OneTimeLink.used_at.is_(None))
            .values(used_at=clock.now())
            .execution_options(synchronize_session=False)
        )
        if user is None or user.disabled_at is not None or user.erased_at is not None or changed(used) != 1:
            raise StepExpired
        factors.use_code(user, code)
        return open_session(user, browser, remember=remember, second_factor=True)


def open_session(user: User, browser: Browser, *, remember: bool, second_factor: bool) -> Entered:
    """Open a session in the open transaction; the session the browser held before ends."""
    now = clock.now()
    office = session().scalar(select(Grant.id).where(Grant.user_id == user.id, Grant.role.in_(OFFICE_ROLES)).limit(1))
    remember = remember and office is None
    lasts = LASTS_OFFICE if office is not None else LASTS_REMEMBERED if remember else LASTS
    token = secrets.token_urlsafe(32)
    if browser.old_token:
        _end_token(browser.old_token)
    session().add(
        UserSession(
            reference=text.reference(3),
            token_hash=queries.token_hash(token),
            user_id=user.id,
            remember=remember,
            created_at=now,
            last_seen_at=now,
            expires_at=now + lasts,
            second_factor_at=now if second_factor else None,
            address=(browser.address or "")[:80] or None,
            agent=text.clean(browser.agent or "")[:255] or None,
        )
    )
    user.last_signed_in_at = now
    session().flush()
    if office is not None:
        audit.record(Actor("user", user.name, user.id, browser.address), "accounts.sign-in", rows.target(user.id))
    publish(UserSignedIn(user.id, browser.visitor))
    return Entered(user.id, user.locale, token=token, remember=remember)


def _end_token(token: str) -> None:
    session().execute(
        update(UserSession)
        .where(UserSession.token_hash == queries.token_hash(token), UserSession.revoked_at.is_(None))
        .values(revoked_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def sign_out(token: str) -> None:
    """End the session of `token`; one that is over is no error."""
    with transaction():
        _end_token(token)


def end_session(actor: Actor, reference: str) -> None:
    """End one of the actor's own sessions by its reference.

    Raises:
        NotFound: it is not his, or it is over.
    """
    with transaction() as s:
        row = s.scalar(
            select(UserSession).where(
                UserSession.reference == reference,
                UserSession.user_id == actor.user_id,
                UserSession.revoked_at.is_(None),
            )
        )
        if row is None:
            raise NotFound
        row.revoked_at = clock.now()


def end_sessions(actor: Actor, *, but: int | None = None) -> int:
    """End all sessions of the actor, `but` the one with this id; return how many."""
    if actor.user_id is None:
        raise NotFound
    with transaction():
        return rows.end_all(actor.user_id, but=but)


def end_sessions_of(actor: Actor, user_id: int) -> int:
    """Staff end all sessions of a user; return how many.

    Raises:
        NotFound: there is no such user.
    """
    with transaction():
        rows.locked(user_id)
        ended = rows.end_all(user_id)
        audit.record(actor, "accounts.end-sessions", rows.target(user_id), ended=ended)
        return ended


def touch(session_id: int) -> None:
    """Note that a session is in use, at most each five minutes; a database that is busy is left alone."""
    now = clock.now()
    try:
        with transaction() as s:
            s.execute(
                update(UserSession)
                .where(UserSession.id == session_id, UserSession.last_seen_at <= now - queries.SEEN_EVERY)
                .values(last_seen_at=now)
                .execution_options(synchronize_session=False)
            )
    except Busy:
        return
