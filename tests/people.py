"""Users with a role and an open session, written straight into the tables."""

from __future__ import annotations

import itertools
import secrets
from datetime import timedelta
from typing import Any

from shop.accounts.models import Grant, User, UserSession
from shop.accounts.permissions import Role
from shop.accounts.queries import token_hash
from shop.kernel import clock, text
from shop.kernel.db import transaction

_numbers = itertools.count(1)


def make_user(name: str = "Nguyễn Thử", *roles: Role | tuple[Role, str], **values: Any) -> User:
    """A user; a role alone is granted for all (`*`), a pair for its scope."""
    n, now = next(_numbers), clock.now()
    with transaction() as s:
        user = User(
            name=name, password_hash="-", created_at=now, **({"email": f"thu{n}@example.vn"} | values)
        )  # fmt: skip
        s.add(user)
        s.flush()
        for role in roles:
            kind, scope = role if isinstance(role, tuple) else (role, "*")
            s.add(Grant(user_id=user.id, role=kind, scope=scope, granted_at=now))
    return user


def sign_in(client: Any, *roles: Role | tuple[Role, str], **values: Any) -> User:
    """Let `client` be signed in as a new user with `roles`, second factor passed; returns the user."""
    user = make_user("Nguyễn Thử", *roles, **values)
    open_session(client, user)
    return user


def open_session(client: Any, user: User) -> None:
    """Let `client` (another browser, say) be signed in as `user`, second factor passed."""
    now, token = clock.now(), secrets.token_urlsafe(16)
    with transaction() as s:
        s.add(
            UserSession(
                reference=text.reference(), token_hash=token_hash(token), user_id=user.id, created_at=now, last_seen_at=now,
                expires_at=now + timedelta(days=1), second_factor_at=now,
            )
        )  # fmt: skip
    with client.session_transaction() as cookie:
        cookie["_user_id"], cookie["_fresh"] = token, True
