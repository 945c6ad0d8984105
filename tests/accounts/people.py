"""People for the tests of this room."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pyotp
from flask import Flask

from shop.accounts import services as accounts
from shop.accounts.permissions import Role
from shop.kernel import clock
from shop.kernel.actor import SYSTEM, Actor

PASSWORD = "thuyen-va-nui-12"
OTHER_PASSWORD = "cau-cang-som-mai-9"


def make(name: str = "Trần Thị Lan", **values: Any) -> int:
    """A user in an application context; by default with e-mail address and the password `PASSWORD`."""
    if "email" not in values and "phone" not in values:
        values["email"] = "lan@example.com"
    values.setdefault("password", PASSWORD)
    return accounts.create(SYSTEM, name=name, **values)


def staff(
    role: Role = Role.ADMINISTRATOR, scope: str = "*", *, email: str = "an@example.com", name: str = "Vũ Văn An"
) -> int:
    """A user with a role."""
    return make(name, email=email, roles=[(role, scope)])


def acting(user_id: int, name: str = "Ai đó") -> Actor:
    """The user as the actor of a command; 0 is the system."""
    if user_id == 0:
        return SYSTEM
    return Actor("user", name, user_id, "127.0.0.1")


def sign_in(client: Any, username: str = "lan@example.com", password: str = PASSWORD, **fields: Any) -> Any:
    """Log in as a person does; gives the answer of the form."""
    return client.fill("/dang-nhap", form="/dang-nhap", username=username, password=password, **fields)


def with_totp(app: Flask, user_id: int) -> tuple[str, list[str]]:
    """Switch the second factor on for a user; gives the secret and the recovery codes."""
    from shop.accounts import queries
    from shop.accounts.models import User
    from shop.kernel.db import session, transaction

    accounts.begin_totp(acting(user_id), PASSWORD)
    secret = queries.pending_totp_secret(user_id)
    assert secret is not None
    codes = accounts.confirm_totp(acting(user_id), code_now(secret), session_id=0)
    with transaction():
        user = session().get(User, user_id)
        assert user is not None
        user.totp_last_step = None  # as if set up some time ago
    return secret, codes


def code_now(secret: str, at: datetime | None = None) -> str:
    """The code an app shows now."""
    return pyotp.TOTP(secret).at(at or clock.now())
