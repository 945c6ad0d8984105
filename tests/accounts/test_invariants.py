"""Each check is seen to fire on a planted fault."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from shop.accounts import services as accounts
from shop.accounts.permissions import Role
from shop.kernel import invariants
from tests.accounts.people import PASSWORD, acting, make, staff, with_totp


def _broken() -> set[str]:
    return {f.name for f in invariants.run() if not f.ok}


FAULTS = {
    "accounts.no-session-of-a-disabled-user": "UPDATE users SET disabled_at = created_at",
    "accounts.the-erased-are-gone": "UPDATE users SET erased_at = created_at, disabled_at = NULL, password_hash = ''",
    "accounts.an-administrator-is-left": "DELETE FROM user_sessions; UPDATE users SET disabled_at = created_at",
    "accounts.scopes-go-with-roles": "UPDATE grants SET scope = 'producer:1' WHERE role = 'administrator'",
    "accounts.second-factor-whole": "UPDATE users SET totp_secret = NULL WHERE totp_confirmed_at IS NOT NULL",
    "kernel.audit-log-is-a-chain": "UPDATE audit_log SET action = 'accounts.revoke' WHERE id = 2",
}


@pytest.mark.parametrize("name", FAULTS)
def test_fires(ctx, plain_engine, name):
    staff(email="chief@example.com")
    user_id = make()
    with_totp(ctx, user_id)
    accounts.grant(acting(0), user_id, Role.POINT_KEEPER, "point:1")
    accounts.sign_in("chief@example.com", PASSWORD, browser=accounts.Browser())
    assert _broken() == set()
    with plain_engine.begin() as connection:
        for statement in FAULTS[name].split("; "):
            connection.execute(text(statement))
    from shop.kernel.db import db

    db.session.rollback()
    db.session.expire_all()
    assert name in _broken()


def test_sessions_that_are_over_are_no_fault(ctx):
    import time_machine

    from shop.kernel import clock

    staff(email="chief@example.com")
    user_id = make()
    accounts.sign_in("lan@example.com", PASSWORD, browser=accounts.Browser())
    accounts.disable(acting(0), user_id, "x")
    assert _broken() == set()
    with time_machine.travel(clock.now() + timedelta(days=40)):
        assert _broken() == set()
