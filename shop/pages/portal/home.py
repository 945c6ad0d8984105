"""`/producer`: what waits today; the choice between several producers."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import current_app, redirect, render_template, request
from flask_babel import gettext

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.kernel import web
from shop.pages.office import nav
from shop.pages.portal import beginning, bp, waiting
from shop.producers import maker
from shop.producers import queries as producers


@bp.get("", strict_slashes=False)
@guards.requires(Permission.PORTAL_ENTER)
def home() -> Any:
    """Counts with links of the producer that the reader works for."""
    here = maker.current(Permission.PORTAL_ENTER)
    found = waiting.waiting(here.id, guards.may)
    groups = [
        (
            gettext(group),
            [
                {
                    "label": gettext(w.label),
                    "count": w.count,
                    "url": web.path(w.path) if nav.is_built(current_app.name, w.path.partition("?")[0]) else "",
                    "kind": w.kind if w.count else "",
                }
                for w in rows
            ],
        )
        for group, rows in groupby(found, key=lambda w: w.group)
    ]
    return render_template(
        "pages/portal/home.html",
        here="/producer",
        maker=here,
        suspended=producers.suspended_why(here.id),
        choices=[(m.slug, m.name) for m in maker.mine(Permission.PORTAL_ENTER)],
        groups=groups,
        beginning=[
            {
                "words": gettext(step.words),
                "hint": "" if step.done else gettext(step.hint),
                "done": step.done,
                "url": web.path(step.path) if step.path and not step.done and guards.may(step.permission) else "",
            }
            for step in beginning.steps(here.id)
        ],
        nothing=not any(w.count for w in found if w.kind),
    )


@bp.post("/choose")
@guards.requires(Permission.PORTAL_ENTER)
def choose() -> Any:
    """Work for another producer from now on."""
    maker.choose(request.form.get("producer", "")[:80])
    return redirect(web.path("/producer"), 303)
