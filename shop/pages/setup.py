"""What the layouts of private pages need: who looks, the messages of the last command, the way through the office."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, g, get_flashed_messages, request

from shop.pages import scopes
from shop.pages.office import nav
from shop.pages.portal import nav as portal
from shop.pages.visitor import Visitor
from shop.producers import maker


def init_app(app: Flask) -> None:
    """Give private pages `me` and `notices`, office pages `office_nav`, the producers' door `portal_nav` and `producer_name`;
    a view's own values win.

    A public page gets nothing: it is the same bytes for everybody.
    """
    scopes.register()
    # A way to a door is shown once there is something behind it.
    app.jinja_env.globals["is_built"] = lambda path: nav.is_built(app.name, path)

    @app.context_processor
    def of_the_reader() -> dict[str, Any]:
        if not request or request.endpoint is None:
            return {}
        guard = getattr(current_app.view_functions[request.endpoint], "__guard__", None)
        if guard is None or (guard.kind in {"public", "machine"} and not g.get("private_page")):
            return {}
        values: dict[str, Any] = {"me": Visitor(), "notices": get_flashed_messages(with_categories=True)}
        door = (request.blueprint or "").partition(".")[0]
        if door == "office":
            values["office_nav"] = nav.Links()
        elif door == "portal":
            values["portal_nav"] = nav.Links(portal.WAYS)
            values["producer_name"] = maker.name_shown()
        return values
