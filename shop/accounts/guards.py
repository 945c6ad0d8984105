"""Guards: each view says who may use it; the door enforces it before the view runs. A view without one stops the start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, g, redirect, request
from flask_login import current_user

from shop.accounts import queries
from shop.accounts.errors import SecondFactorRequired
from shop.accounts.permissions import Permission
from shop.kernel import web
from shop.kernel.actor import GUEST, Actor
from shop.kernel.errors import Forbidden, NotFound, SignInRequired

V = TypeVar("V", bound=Callable[..., Any])
ScopeOf = Callable[..., str | None]


@dataclass(frozen=True, slots=True)
class Guard:
    """Who may use a view: `kind` is public, signed-in, permission or machine."""

    kind: str
    permission: Permission | None = None
    scope: ScopeOf | None = None
    scope_name: str | None = None

    def __str__(self) -> str:
        if self.permission is None:
            return self.kind
        return f"{self.permission}" + (f" @{self.scope_name}" if self.scope_name else "")


def _mark(view: V, guard: Guard) -> V:
    view.__guard__ = guard  # type: ignore[attr-defined]
    return view


def public(view: V) -> V:
    """Anybody, signed in or not."""
    return _mark(view, Guard("public"))


def signed_in(view: V) -> V:
    """Any user; the view itself shows only what is the user's own."""
    return _mark(view, Guard("signed-in"))


def machine(view: V) -> V:
    """A machine that proves itself in the view (signature or token); no cookie is looked at."""
    return web.machine_door(_mark(view, Guard("machine")))


def requires(permission: Permission, *, scope: ScopeOf | None = None, name: str | None = None) -> Callable[[V], V]:
    """A user with `permission`.

    `scope(**view_args)` returns the scope (`point:12`) of the object that the address names, or None if there is none; a user
    whose grants do not cover it is answered 404. Without `scope` any grant of the permission opens the door, and the view
    filters its list by `scopes(permission)`.
    """

    def decorate(view: V) -> V:
        return _mark(view, Guard("permission", permission, scope, name or (scope.__name__ if scope else None)))

    return decorate


def everywhere(**_values: Any) -> str:
    """A guard's scope: what belongs to no single place, so that only a grant for all covers it."""
    return "*"


def requires_all(permission: Permission) -> Callable[[V], V]:
    """A user with `permission` for everything; a grant that names one point, producer or locality is answered 404."""
    return requires(permission, scope=everywhere, name="all")


def actor() -> Actor:
    """Who acts in this request."""
    if "actor" not in g:
        if current_user.is_authenticated:
            g.actor = Actor("user", current_user.name, current_user.user_id, web.client_address())
        else:
            g.actor = Actor(GUEST.kind, GUEST.label, None, web.client_address())
    return g.actor  # type: ignore[no-any-return]


def may(permission: Permission, scope: str | None = None) -> bool:
    """Whether the present user has `permission`, for `scope` if one is given (for showing or hiding a way)."""
    if not current_user.is_authenticated:
        return False
    found = scopes(permission)
    return bool(found) if scope is None else "*" in found or scope in found


def scopes(permission: Permission) -> frozenset[str]:
    """The scopes for which the present user has `permission`; `*` means all. Lists are filtered by it."""
    if not current_user.is_authenticated:
        return frozenset()
    return queries.scopes_of(current_user.grants, permission)


def enforce() -> Any:
    """Let the request through, ask for log-in, or refuse. Runs before every view."""
    view = _view()
    if view is None:
        return None
    guard: Guard = view.__guard__
    if guard.kind in {"public", "machine"}:
        return None
    web.mark_private()
    if not current_user.is_authenticated:
        if request.method in web.SAFE_METHODS and not web.wants_json():
            from urllib.parse import quote

            here = web.path(request.full_path.rstrip("?"))
            return redirect(web.path("/dang-nhap") + "?next=" + quote(here, safe=""))
        raise SignInRequired
    if guard.permission is None:
        return None
    if current_user.needs_second_factor:
        if request.method in web.SAFE_METHODS and not web.wants_json():
            return redirect(web.path("/tai-khoan/bao-mat"))
        raise SecondFactorRequired
    found = scopes(guard.permission)
    if not found:
        raise Forbidden
    if guard.scope is not None and "*" not in found:
        scope = guard.scope(**(request.view_args or {}))
        if scope is None or scope not in found:
            raise NotFound
    return None


def _view() -> Any:
    if request.endpoint is None:
        return None
    from flask import current_app

    return current_app.view_functions[request.endpoint]


def check_all_guarded(app: Flask) -> None:
    """Refuse to start with an open door.

    Raises:
        RuntimeError: a view has no guard.
    """
    open_doors = sorted(name for name, view in app.view_functions.items() if not hasattr(view, "__guard__"))
    if open_doors:
        raise RuntimeError(f"views without a guard: {', '.join(open_doors)}")
