"""Who looks at a page, for its header: asked only when a template or `/me` wants to know."""

from __future__ import annotations

from functools import cached_property

from flask import current_app
from flask_login import current_user

from shop.accounts.guards import may
from shop.accounts.permissions import Permission
from shop.checkout import queries as baskets
from shop.kernel import web
from shop.pages.office import nav


class Visitor:
    """What a header says of the visitor of this request; each line is found out at its first use."""

    @cached_property
    def signed_in(self) -> bool:
        return bool(current_user.is_authenticated)

    @cached_property
    def name(self) -> str:
        return str(current_user.name) if self.signed_in else ""

    @cached_property
    def cart_count(self) -> int:
        """Units in the basket."""
        return baskets.count(web.visitor(), current_user.user_id if self.signed_in else None)

    @cached_property
    def office(self) -> bool:
        return may(Permission.OFFICE_ENTER)

    @cached_property
    def producer(self) -> bool:
        return may(Permission.PORTAL_ENTER) and nav.is_built(current_app.name, "/producer")

    @cached_property
    def till(self) -> bool:
        return may(Permission.TILL_ENTER) and nav.is_built(current_app.name, "/till")

    def as_dict(self) -> dict[str, object]:
        """The answer of `/me`."""
        return {
            "signed_in": self.signed_in,
            "name": self.name,
            "cart_count": self.cart_count,
            "office": self.office,
            "producer": self.producer,
            "till": self.till,
        }
