"""Whose room the producers' door is in: the producer that the present member works for, of those that his grants name.

A view of the portal asks `current(permission)` for its lists, and guards a single object by the scope of its producer
(`guards.requires(P.LISTING_EDIT, scope=…)`), so that somebody else's answers 404.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import g
from flask import session as visitor
from sqlalchemy import select

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel.db import session
from shop.kernel.errors import Forbidden, NotFound
from shop.producers.models import Producer, ProducerState

CHOSEN = "producer"


@dataclass(frozen=True, slots=True)
class Maker:
    """A producer as its members see it."""

    id: int
    slug: str
    name: str
    state: ProducerState

    @property
    def scope(self) -> str:
        """The scope of grants for it."""
        return f"producer:{self.id}"


def ids_in(scopes: Iterable[str]) -> list[int]:
    """The producers that `scopes` name; `*` names none here: the office has its own door."""
    return sorted(int(s.partition(":")[2]) for s in scopes if s.startswith("producer:"))


def mine(permission: Permission) -> list[Maker]:
    """The producers for which the present user has `permission`, by name."""
    ids = ids_in(guards.scopes(permission))
    if not ids:
        return []
    rows = select(Producer.id, Producer.slug, Producer.name, Producer.state).where(Producer.id.in_(ids))
    return [Maker(*row) for row in session().execute(rows.order_by(Producer.sort_name, Producer.id))]


def current(permission: Permission) -> Maker:
    """The producer whose pages are shown: the one chosen last, else the first for which the user has `permission`.

    Raises:
        Forbidden: there is none.
    """
    found = mine(permission)
    if not found:
        raise Forbidden
    chosen = visitor.get(CHOSEN)
    maker = next((m for m in found if m.slug == chosen), found[0])
    g.maker = maker
    return maker


def choose(slug: str) -> Maker:
    """Work for another producer from now on.

    Raises:
        NotFound: the user's grants name no such producer.
    """
    maker = next((m for m in mine(Permission.PORTAL_ENTER) if m.slug == slug), None)
    if maker is None:
        raise NotFound
    visitor[CHOSEN] = maker.slug
    return maker


def name_shown() -> str:
    """What the head of the page says whose room it is; empty for somebody without one."""
    if "maker" not in g:
        found = mine(Permission.PORTAL_ENTER)
        if not found:
            return ""
        g.maker = next((m for m in found if m.slug == visitor.get(CHOSEN)), found[0])
    return str(g.maker.name)
