"""Facts of this room. A token in a fact never leaves the transaction that made it: only `letters` hears of it, at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UserRegistered:
    """Somebody has an account now."""

    user_id: int


@dataclass(frozen=True, slots=True)
class UserSignedIn:
    """A user came in; `visitor` is the key the browser had as a guest (`web.visitor()`), so that a basket can be merged."""

    user_id: int
    visitor: str | None = None


@dataclass(frozen=True, slots=True)
class UserErased:
    """A user's personal data is being erased, in this transaction; rooms above erase theirs or refuse by raising."""

    user_id: int


@dataclass(frozen=True, slots=True)
class GrantsChanged:
    """A user's roles or scopes changed."""

    user_id: int


@dataclass(frozen=True, slots=True)
class PasswordResetAsked:
    """A reset link is to be sent to the user's confirmed or own address."""

    user_id: int
    link_id: int
    token: str


@dataclass(frozen=True, slots=True)
class EmailToConfirm:
    """`email` is to be confirmed by its reader before it counts."""

    user_id: int
    email: str
    link_id: int
    token: str


@dataclass(frozen=True, slots=True)
class TakenEmailAsked:
    """A user asked for an address that is another account's; only its reader is told."""

    user_id: int
    email: str
    attempt: str


@dataclass(frozen=True, slots=True)
class SecurityChanged:
    """Something a thief would change was changed: `what` is a key of `letters.NOTICES`. `email` is who is told."""

    user_id: int
    what: str
    email: str
    attempt: str
