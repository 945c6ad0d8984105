"""A person's rights over his data: consents given and taken back, and erasure."""

from __future__ import annotations

from sqlalchemy import delete, select, update

from shop.accounts import queries
from shop.accounts.consents import CONSENTS
from shop.accounts.errors import OwnRights
from shop.accounts.events import UserErased
from shop.accounts.models import Address, Consent, Grant, OneTimeLink, RecoveryCode, User, UserSession
from shop.accounts.services import factors, rights, rows
from shop.kernel import audit, clock, limits, mail
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.events import publish

ERASED_NAME = "Khách đã xóa tài khoản"


def _me(actor: Actor) -> int:
    if actor.user_id is None:
        raise NotFound
    return actor.user_id


def give_consent(actor: Actor, kind: str) -> None:
    """Note that the actor agrees to the present text of `kind`.

    Raises:
        NotFound: there is no such consent.
    """
    user_id = _me(actor)
    wanted = CONSENTS.get(kind)
    if wanted is None:
        raise NotFound
    with transaction() as s:
        rows.locked(user_id)
        held = queries.consents_in_force(user_id).get(kind)
        if held is None or held.text_version != wanted.version:
            _withdraw(user_id, kind)
            s.add(Consent(user_id=user_id, kind=kind, text_version=wanted.version, given_at=clock.now()))


def withdraw_consent(actor: Actor, kind: str) -> None:
    """Take an optional consent back; one that was never given is no error.

    Raises:
        NotFound: there is no such consent.
        Invalid: the account cannot be kept without it; erasing is the way.
    """
    user_id = _me(actor)
    wanted = CONSENTS.get(kind)
    if wanted is None:
        raise NotFound
    if not wanted.optional:
        raise Invalid(N_("Không thể giữ tài khoản khi rút đồng ý này. Bạn có thể xóa tài khoản."), field="consent")
    with transaction():
        rows.locked(user_id)
        _withdraw(user_id, kind)


def _withdraw(user_id: int, kind: str | None) -> None:
    wanted = update(Consent).where(Consent.user_id == user_id, Consent.withdrawn_at.is_(None))
    if kind is not None:
        wanted = wanted.where(Consent.kind == kind)
    session().execute(wanted.values(withdrawn_at=clock.now()).execution_options(synchronize_session=False))


def erase_oneself(actor: Actor, password: str, code: str | None) -> None:
    """Erase the actor's own account.

    Raises:
        WrongPassword, WrongCode, CodeUsed, TooManyAttempts: he could not prove himself.
        LastAdministrator: the shop would have no administrator.
        ShopError: a room above cannot let go yet (an order is on its way).
    """
    user_id = _me(actor)
    rows.prove(user_id, password)
    factors.count_try(user_id)
    with transaction():
        user = rows.locked(user_id)
        if user.totp_confirmed_at is not None:
            factors.use_code(user, code or "")
        _erase(actor, user)


def erase(actor: Actor, user_id: int) -> None:
    """Staff erase an account on its owner's request.

    Raises:
        NotFound: there is no such user.
        OwnRights: staff tried it on themselves; they prove themselves like everybody (`erase_oneself`).
        LastAdministrator: the shop would have no administrator.
        ShopError: a room above cannot let go yet.
    """
    if actor.user_id == user_id:
        raise OwnRights
    with transaction():
        _erase(actor, rows.locked(user_id))


def _erase(actor: Actor, user: User) -> None:
    """Empty the row and remove what hangs on it. Orders and invoices keep what the law asks, in their own rooms."""
    s = session()
    if rights.is_administrator(user.id):
        rights.keep_an_administrator(user.id)
    publish(UserErased(user.id))
    now = clock.now()
    asked = s.scalars(select(OneTimeLink.email).where(OneTimeLink.user_id == user.id, OneTimeLink.email.is_not(None)))
    mail.blank(about=f"user:{user.id}", recipients={user.email or "", *(email for email in asked if email)})
    for table in (UserSession, OneTimeLink, RecoveryCode, Address, Grant):
        s.execute(delete(table).where(table.user_id == user.id).execution_options(synchronize_session=False))
    _withdraw(user.id, None)
    names = [queries.token_hash(name) for name in (user.email, user.phone) if name]
    limits.forget(
        *(f"{kind}:account:{name}" for kind in ("sign-in", "reset") for name in names),
        *(f"{kind}:user:{user.id}" for kind in ("password", "code", "confirm")),
    )
    user.name, user.email, user.phone, user.password_hash = ERASED_NAME, None, None, ""
    user.sort_name, user.search_text, user.locale = "", "", "vi"
    user.totp_secret = user.totp_confirmed_at = user.totp_last_step = None
    user.email_confirmed_at = user.password_changed_at = user.last_signed_in_at = None
    user.disabled_at = user.disabled_at or now
    user.erased_at = now
    s.flush()
    by_himself = actor.user_id == user.id
    audit.record(Actor("user", ERASED_NAME, user.id) if by_himself else actor, "accounts.erase", rows.target(user.id))
    # Names and network addresses are not under the seal of the log, so that they can go without breaking its chain.
    s.execute(
        update(audit.AuditRow)
        .where(audit.AuditRow.actor_key == f"user:{user.id}")
        .values(actor_label=ERASED_NAME, address=None)
        .execution_options(synchronize_session=False)
    )


def erased_with_traces() -> list[int]:
    """Ids of erased users of whom something is left: for the audit."""
    s = session()
    left: set[int] = set(
        s.scalars(
            select(User.id).where(
                User.erased_at.is_not(None),
                (User.email.is_not(None))
                | (User.phone.is_not(None))
                | (User.name != ERASED_NAME)
                | (User.password_hash != "")
                | (User.search_text != "")
                | (User.totp_secret.is_not(None)),
            )
        )
    )
    for table in (UserSession, OneTimeLink, RecoveryCode, Address, Grant):
        left |= set(
            s.scalars(
                select(User.id).join(table, table.user_id == User.id).where(User.erased_at.is_not(None)).distinct()
            )
        )
    return sorted(left)
