"""`/office`: what waits today."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import current_app, render_template
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import web
from shop.pages import waiting
from shop.pages.office import bp, nav


@bp.get("", strict_slashes=False)
@guards.requires(Permission.OFFICE_ENTER)
def home() -> Any:
    """Counts with links, only of what the reader may see; a link only to a page that he may open."""
    found = waiting.waiting(guards.scopes)
    member = guards.actor().user_id
    if member is not None and guards.may(Permission.COUNCIL_SCORE):
        own = waiting.sheets(member)
        last = max((n + 1 for n, w in enumerate(found) if w.group == own[0].group), default=len(found))
        found[last:last] = own
    groups = [
        (
            gettext(group),
            [
                {
                    "label": gettext(w.label),
                    "count": w.count,
                    "url": web.path(w.path)
                    if nav.is_built(current_app.name, w.path.partition("?")[0]) and nav.may_open(w.path)
                    else "",
                    "kind": w.kind if w.count else "",
                }
                for w in rows
            ],
        )
        for group, rows in groupby(found, key=lambda w: w.group)
    ]
    return render_template(
        "pages/office/home.html",
        here="/office",
        groups=groups,
        nothing=not any(w.count for w in found if w.kind),
    )
