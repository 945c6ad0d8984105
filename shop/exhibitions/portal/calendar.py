"""The coming fairs for a producer: by when each of his products must be begun."""

from __future__ import annotations

from flask import render_template

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.exhibitions.portal import bp
from shop.exhibitions.queries import public, starts
from shop.kernel import clock
from shop.producers import maker
from shop.supply.queries.plans import season_words


@bp.get("/fairs/calendar")
@guards.requires(Permission.EXHIBITION_APPLY)
def calendar() -> str:
    """Fairs that are coming, and for each the producer's goods with the last day to begin."""
    today = clock.today()
    mine, coming = maker.current(Permission.EXHIBITION_APPLY), public.coming(today)
    return render_template(
        "exhibitions/portal/calendar.html",
        here="/producer/fairs/calendar",
        fairs=coming,
        off=public.called_off(today),
        goods=starts.of_producer(mine.id, coming, today),
        season_words=season_words,
        today=today,
    )
