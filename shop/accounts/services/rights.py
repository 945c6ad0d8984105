"""Roles: given, taken back; accounts locked and opened. All of it acts with the next request."""

from __future__ import annotations

from sqlalchemy import func, select

from shop.accounts import scopes
from shop.accounts.errors import LastAdministrator, OwnRights
from shop.accounts.events import GrantsChanged
from shop.accounts.models import Grant, LinkPurpose, User, UserSession
from shop.accounts.permissions import OFFICE_ROLES, Role
from shop.accounts.services import rows
from shop.accounts.services.signing_in import LASTS_OFFICE
from shop.kernel import audit, clock
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import NotFound
from shop.kernel.events import publish


def keep_an_administrator(without: int) -> None:
    """Refuse, in the open transaction, what would leave the shop without an administrator when `without` is none any more.

    Raises:
        LastAdministrator: he is the last.
    """
    s = session()
    # Everybody who takes an administrator away locks the same rows first, so two who take each other away go one by one.
    s.execute(
        select(Grant.id)
        .where(Grant.role == Role.ADMINISTRATOR, Grant.scope == "*")
        .order_by(Grant.id)
        .with_for_update()
    )
    others = s.scalar(
        select(func.count())
        .select_from(Grant)
        .join(User, User.id == Grant.user_id)
        .where(
            Grant.role == Role.ADMINISTRATOR,
            Grant.scope == "*",
            User.id != without,
            User.disabled_at.is_(None),
            User.erased_at.is_(None),
        )
    )
    if not others:
        raise LastAdministrator


def is_administrator(user_id: int) -> bool:
    """Whether a user holds the administrator's role."""
    return (
        session().scalar(select(Grant.id).where(Grant.user_id == user_id, Grant.role == Role.ADMINISTRATOR).limit(1))
        is not None
    )


def add(actor: Actor, user: User, role: Role, scope: str) -> None:
    """Give `user` a role in the open transaction; one he has already is no error.

    Raises:
        BadScope: the scope does not go with the role.
    """
    scope = scopes.checked(role, scope)
    s = session()
    known = select(Grant.id).where(Grant.user_id == user.id, Grant.role == role, Grant.scope == scope)
    if s.scalar(known) is not None:
        return
    now = clock.now()
    s.add(Grant(user_id=user.id, role=role, scope=scope, granted_at=now, granted_by=actor.user_id))
    if role in OFFICE_ROLES:
        # Log-ins from before last no longer than those of the office do.
        open_now = select(UserSession).where(UserSession.user_id == user.id, UserSession.revoked_at.is_(None))
        for row in s.scalars(open_now):
            row.remember = False
            row.expires_at = min(row.expires_at, now + LASTS_OFFICE)
    s.flush()
    audit.record(actor, "accounts.grant", rows.target(user.id), role=role.value, scope=scope)
    publish(GrantsChanged(user.id))


def grant(actor: Actor, user_id: int, role: Role, scope: str = "*") -> None:
    """Give a user a role for a scope.

    Raises:
        NotFound: there is no such user.
        OwnRights: nobody raises himself.
        BadScope: the scope does not go with the role.
    """
    if actor.user_id == user_id:
        raise OwnRights
    with transaction():
        add(actor, rows.locked(user_id), role, scope)


def revoke(actor: Actor, user_id: int, role: Role, scope: str = "*") -> None:
    """Take a role back.

    Raises:
        NotFound: the user does not have it.
        LastAdministrator: the shop would have none.
    """
    with transaction() as s:
        if role is Role.ADMINISTRATOR:
            keep_an_administrator(user_id)
        rows.locked(user_id)
        row = s.scalar(select(Grant).where(Grant.user_id == user_id, Grant.role == role, Grant.scope == scope))
        if row is None:
            raise NotFound
        s.delete(row)
        s.flush()
        audit.record(actor, "accounts.revoke", rows.target(user_id), role=role.value, scope=scope)
        publish(GrantsChanged(user_id))


def disable(actor: Actor, user_id: int, reason: str) -> None:
    """Lock an account: its sessions and open links end at once.

    Raises:
        NotFound: there is no such user.
        OwnRights: nobody locks himself.
        LastAdministrator: the shop would have none.
    """
    if actor.user_id == user_id:
        raise OwnRights
    with transaction():
        if is_administrator(user_id):
            keep_an_administrator(user_id)
        user = rows.locked(user_id)
        if user.disabled_at is None:
            user.disabled_at = clock.now()
        rows.end_all(user_id)
        for purpose in LinkPurpose:
            rows.use_links(user_id, purpose)
        audit.record(actor, "accounts.disable", rows.target(user_id), reason=reason[:500])


def enable(actor: Actor, user_id: int) -> None:
    """Open a locked account again.

    Raises:
        NotFound: there is no such user.
    """
    with transaction():
        user = rows.locked(user_id)
        user.disabled_at = None
        audit.record(actor, "accounts.enable", rows.target(user_id))
