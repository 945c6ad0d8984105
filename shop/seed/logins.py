"""Log-ins of every role, made up, with passwords that can be printed again."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from flask import current_app

from shop.accounts import queries as accounts_read
from shop.accounts import services as accounts
from shop.accounts.models import User
from shop.accounts.permissions import OFFICE_ROLES, Role
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction


@dataclass(frozen=True, slots=True)
class Login:
    """One person who can log in. `totp` is the secret of the second factor (base32), None where there is none."""

    role: str
    scope: str
    username: str
    password: str
    totp: str | None
    name: str

    def told(self) -> dict[str, Any]:
        """What is printed: the keys that scripts rely on."""
        facts = asdict(self)
        del facts["name"]
        return facts


def derived(what: str) -> bytes:
    """32 bytes that this shop's key and `what` give again and again, and nobody else can guess."""
    key = str(current_app.secret_key).encode()
    return hmac.new(key, f"seed:{what}".encode(), hashlib.sha256).digest()


def password_for(what: str) -> str:
    """A password for `what`: four groups of letters and digits."""
    symbols = base64.b32encode(derived(f"password:{what}")).decode().lower()
    return "-".join(symbols[i : i + 4] for i in range(0, 16, 4))


def totp_for(what: str, role: Role) -> str | None:
    """The secret of a second factor for office roles, base32; the others have none."""
    return base64.b32encode(derived(f"totp:{what}")[:20]).decode() if role in OFFICE_ROLES else None


def make(logins: Iterable[Login]) -> dict[str, int]:
    """Make the accounts that are not there yet, in the open transaction; return user ids by user name."""
    ids = {}
    with transaction():
        for login in logins:
            known = accounts_read.by_username(login.username)
            if known is None:
                role = Role(login.role)
                roles = [] if role is Role.CUSTOMER else [(role, login.scope)]
                user_id = accounts.create(
                    SYSTEM, name=login.name, email=login.username, password=login.password, roles=roles, confirmed=True
                )
                user = session().get(User, user_id)
                if user is not None and login.totp is not None:
                    user.totp_secret, user.totp_confirmed_at = login.totp, clock.now()
            else:
                user_id = known.id
            ids[login.username] = user_id
    return ids
