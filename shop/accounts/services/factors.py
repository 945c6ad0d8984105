"""The second factor: time-based codes (RFC 6238) and recovery codes on paper."""

from __future__ import annotations

import hmac

import pyotp
from sqlalchemy import delete, or_, update

from shop.accounts.errors import CodeUsed, OwnRights, SecondFactorCompulsory, TooManyAttempts, WrongCode
from shop.accounts.models import RecoveryCode, User, UserSession
from shop.accounts.permissions import OFFICE_ROLES
from shop.accounts.queries import token_hash
from shop.accounts.services import notices, rows
from shop.kernel import audit, clock, limits, text
from shop.kernel.actor import Actor
from shop.kernel.db import changed, session, transaction
from shop.kernel.errors import Conflict, NotFound

STEP_SECONDS = 30
RECOVERY_CODES = 10


def count_try(user_id: int) -> None:
    """Count one try of a code.

    Raises:
        TooManyAttempts: ten in a quarter of an hour were wrong.
    """
    limits.take(limits.Limit(f"code:user:{user_id}", 10, rows.WINDOW), refusal=TooManyAttempts)


def step_of(secret: str, code: str) -> int | None:
    """The time step (now, the one before or after) whose code is `code`, or None."""
    present = int(clock.now().timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret)
    found = None
    for step in (present - 1, present, present + 1):
        if hmac.compare_digest(totp.generate_otp(step), code):
            found = step
    return found


def use_code(user: User, typed: str) -> None:
    """Use a code of the app, or a recovery code, in the open transaction. Each works once.

    Raises:
        WrongCode: it is neither.
        CodeUsed: this code, or a later one, was used already.
    """
    typed = text.clean(typed)
    digits = "".join(typed.split())
    if user.totp_secret and len(digits) == 6 and digits.isascii() and digits.isdigit():
        step = step_of(user.totp_secret, digits)
        if step is None:
            raise WrongCode(field="totp")
        taken = session().execute(
            update(User)
            .where(User.id == user.id, or_(User.totp_last_step.is_(None), User.totp_last_step < step))
            .values(totp_last_step=step)
        )
        if changed(taken) != 1:
            raise CodeUsed(field="totp")
    else:
        used = session().execute(
            update(RecoveryCode)
            .where(
                RecoveryCode.user_id == user.id,
                RecoveryCode.code_hash == token_hash(text.normal_reference(typed)),
                RecoveryCode.used_at.is_(None),
            )
            .values(used_at=clock.now())
            .execution_options(synchronize_session=False)
        )
        if changed(used) != 1:
            raise WrongCode(field="totp")
        notices.tell(user, "recovery-code-used")
    limits.forget(f"code:user:{user.id}")


def _new_codes(user: User) -> list[str]:
    codes = [text.reference(4) for _ in range(RECOVERY_CODES)]
    session().execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    session().add_all([RecoveryCode(user_id=user.id, code_hash=token_hash(code)) for code in codes])
    return codes


def _me(actor: Actor) -> int:
    if actor.user_id is None:
        raise NotFound
    return actor.user_id


def begin_totp(actor: Actor, password: str) -> None:
    """Make a secret for the actor's app; it counts only once a code of it was typed.

    Raises:
        WrongPassword, TooManyAttempts: he could not prove himself.
        Conflict: a second factor is set up already.
    """
    user_id = _me(actor)
    rows.prove(user_id, password)
    with transaction():
        user = rows.locked(user_id)
        if user.totp_confirmed_at is not None:
            raise Conflict
        user.totp_secret = pyotp.random_base32()
        user.totp_last_step = None
        limits.forget(f"password:user:{user_id}")


def confirm_totp(actor: Actor, code: str, *, session_id: int) -> list[str]:
    """Finish the set-up with a code of the app; return the recovery codes, shown once and kept as hashes.

    All other sessions end: they were opened with the password alone.

    Raises:
        WrongCode, TooManyAttempts: the code is not good.
        Conflict: no set-up was begun, or it was finished.
    """
    user_id = _me(actor)
    count_try(user_id)
    with transaction() as s:
        user = rows.locked(user_id)
        if user.totp_secret is None or user.totp_confirmed_at is not None:
            raise Conflict
        use_code(user, code)
        now = clock.now()
        user.totp_confirmed_at = now
        s.execute(
            update(UserSession)
            .where(UserSession.id == session_id, UserSession.user_id == user_id)
            .values(second_factor_at=now)
            .execution_options(synchronize_session=False)
        )
        rows.end_all(user_id, but=session_id)
        codes = _new_codes(user)
        audit.record(actor, "accounts.second-factor-on", rows.target(user_id))
        notices.tell(user, "second-factor-on")
        return codes


def new_recovery_codes(actor: Actor, password: str) -> list[str]:
    """Make new recovery codes; the old ones stop working.

    Raises:
        WrongPassword, TooManyAttempts: he could not prove himself.
        Conflict: no second factor is set up.
    """
    user_id = _me(actor)
    rows.prove(user_id, password)
    with transaction():
        user = rows.locked(user_id)
        if user.totp_confirmed_at is None:
            raise Conflict
        codes = _new_codes(user)
        limits.forget(f"password:user:{user_id}")
        audit.record(actor, "accounts.recovery-codes", rows.target(user_id))
        notices.tell(user, "recovery-codes")
        return codes


def end_totp(actor: Actor, password: str, code: str, *, compulsory: bool) -> None:
    """Switch the second factor off; `compulsory` says whether office roles must have one.

    Raises:
        WrongPassword, WrongCode, CodeUsed, TooManyAttempts: he could not prove himself.
        SecondFactorCompulsory: one of his roles needs it.
        Conflict: none is set up.
    """
    user_id = _me(actor)
    rows.prove(user_id, password)
    count_try(user_id)
    with transaction():
        user = rows.locked(user_id)
        if user.totp_confirmed_at is None:
            raise Conflict
        if compulsory and any(grant.role in OFFICE_ROLES for grant in user.grants):
            raise SecondFactorCompulsory
        use_code(user, code)
        _switch_off(user)
        limits.forget(f"password:user:{user_id}")
        audit.record(actor, "accounts.second-factor-off", rows.target(user_id))
        notices.tell(user, "second-factor-off")


def _switch_off(user: User) -> None:
    user.totp_secret = user.totp_confirmed_at = user.totp_last_step = None
    session().execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))


def reset_totp(actor: Actor, user_id: int) -> None:
    """Staff take the second factor off a user who lost his device; his sessions end.

    Raises:
        NotFound: there is no such user.
        OwnRights: staff tried it on themselves.
    """
    if actor.user_id == user_id:
        raise OwnRights
    with transaction():
        user = rows.locked(user_id)
        _switch_off(user)
        rows.end_all(user_id)
        audit.record(actor, "accounts.second-factor-reset", rows.target(user_id))
        notices.tell(user, "second-factor-off")
