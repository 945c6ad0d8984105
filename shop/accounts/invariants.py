"""What must always be true of users, sessions and rights."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import or_, select

from shop.accounts import queries
from shop.accounts import services as accounts
from shop.accounts.models import Grant, RecoveryCode, User, UserSession
from shop.accounts.permissions import SCOPE_KIND, Role
from shop.kernel import audit, clock
from shop.kernel.db import session
from shop.kernel.invariants import invariant


@invariant("accounts.no-session-of-a-disabled-user")
def _sessions() -> Iterator[str]:
    rows = session().execute(
        select(UserSession.id, UserSession.user_id)
        .join(User, User.id == UserSession.user_id)
        .where(
            UserSession.revoked_at.is_(None),
            UserSession.expires_at > clock.now(),
            or_(User.disabled_at.is_not(None), User.erased_at.is_not(None)),
        )
        .limit(100)
    )
    for row in rows:
        yield f"session {row.id} of user {row.user_id}"


@invariant("accounts.the-erased-are-gone")
def _erased() -> Iterator[str]:
    for user_id in accounts.erased_with_traces():
        yield f"user {user_id}"


@invariant("accounts.an-administrator-is-left")
def _administrator() -> Iterator[str]:
    known = session().scalar(select(Grant.id).where(Grant.role == Role.ADMINISTRATOR).limit(1))
    if known is not None and not queries.administrators():
        yield "no administrator in good standing"


@invariant("accounts.scopes-go-with-roles")
def _scopes() -> Iterator[str]:
    for grant in session().scalars(select(Grant).order_by(Grant.id)):
        kind = grant.scope.partition(":")[0]
        needed = SCOPE_KIND.get(grant.role)
        if (needed is not None and kind != needed) or (
            grant.role in {Role.ADMINISTRATOR, Role.CUSTOMER} and grant.scope != "*"
        ):
            yield f"grant {grant.id} of user {grant.user_id}: {grant.role} for {grant.scope}"


@invariant("accounts.second-factor-whole")
def _factors() -> Iterator[str]:
    rows = session().scalars(
        select(User.id).where(User.totp_confirmed_at.is_not(None), User.totp_secret.is_(None)).limit(100)
    )
    for user_id in rows:
        yield f"user {user_id}: confirmed without a secret"
    rows = session().scalars(
        select(RecoveryCode.user_id)
        .join(User, User.id == RecoveryCode.user_id)
        .where(User.totp_confirmed_at.is_(None))
        .distinct()
        .limit(100)
    )
    for user_id in rows:
        yield f"user {user_id}: recovery codes without a second factor"


@invariant("kernel.audit-log-is-a-chain")
def _chain() -> Iterator[str]:
    yield from audit.broken_links()
