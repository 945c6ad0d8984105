"""What visitors of the web miss, counted beside the pages: a page never waits for it and never fails by it.

A page is asked by GET, and no GET changes data or waits for the database's writer. So each process keeps what was missed in
memory and a thread of its own writes it down every few seconds; a process that dies loses at most those. Pages shown from the
process's memory are counted too (`web.each_view`); a cache in front of the shop hides what it answers itself, at most for the
seconds of `PAGE_CACHE_SECONDS`.

Left out are machines and people of the house. A machine is a caller without `User-Agent` or with one that says so, one that
takes no language (every browser sends `Accept-Language`), a browser that fetches ahead of its reader, and whoever misses more
goods in a day than a person looks at (`unmet.MOST_A_DAY`). People of the house are all who have a role: staff and members of
producers. The cookie that tells it is looked at when the count is written, not while the page is made.
"""

from __future__ import annotations

import atexit
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import structlog
from flask import Flask, current_app, has_request_context, request
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from shop.accounts import queries as accounts
from shop.accounts.permissions import Role
from shop.demand.models.unmet import STRENGTH
from shop.demand.services import unmet
from shop.demand.services.unmet import Visit, Wish
from shop.kernel import clock, web
from shop.kernel.db import db, in_batches
from shop.kernel.errors import ShopError
from shop.kernel.limits import network
from shop.kernel.text import fold

log = structlog.get_logger("demand")
FLUSH_SECONDS = 5.0
# A page that a flood of visitors asks for costs no more memory than so many visitors.
_MOST_KEPT = 5000
_MACHINE = re.compile(
    r"bot|crawl|spider|slurp|preview|monitor|uptime|curl|wget|python|java/|go-http|okhttp|axios|node-fetch|httpclient|libwww|"
    r"scrapy|headless|phantom|lighthouse|facebookexternalhit|feedfetcher|validator|archiver",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, for the moment until it is written: the session's cookie, the browser's key, and where he calls from."""

    session: str | None
    visitor: str | None
    origin: str


def present() -> Caller | None:
    """Who is being answered; None for machines and outside of a request."""
    if not has_request_context():
        return None
    agent = request.user_agent.string
    ahead = "prefetch" in request.headers.get("Sec-Purpose", request.headers.get("Purpose", ""))
    if (
        not agent
        or _MACHINE.search(agent)
        or "Accept-Language" not in request.headers
        or ahead
        or request.method == "HEAD"
    ):
        return None
    cookie = request.cookies.get(current_app.config["SESSION_COOKIE_NAME"])
    return Caller(cookie, web.visitor(), f"{network(web.client_address())} {agent}")


def at_storefront() -> bool:
    """Whether a visitor's own request is being answered."""
    return has_request_context() and (request.endpoint or "").startswith("storefront.")


class Visits:
    """What one process has counted and not written yet."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.lock = threading.Lock()
        self.kept: dict[tuple[date, Caller, str], Wish] = {}
        self.thread: threading.Thread | None = None
        self.stop = threading.Event()

    def add(self, caller: Caller, wish: Wish) -> None:
        """Keep a wish; of the same visitor and thing only the strongest."""
        about = str(wish.product_id or wish.variant_id or fold(wish.words or ""))
        key = (clock.today(), caller, f"{wish.product_id is not None}:{about}")
        with self.lock:
            there = self.kept.get(key)
            if there is None and len(self.kept) >= _MOST_KEPT:
                return
            rank = (STRENGTH.get(wish.kind, 0), wish.quantity)
            if there is None or rank > (STRENGTH.get(there.kind, 0), there.quantity):
                self.kept[key] = replace(wish, at=clock.now())
            if self.thread is None and not self.app.testing:
                # Started at the first wish, so after the server's fork.
                self.thread = threading.Thread(target=self._work, name="unmet-visits", daemon=True)
                self.thread.start()
                atexit.register(self.stop.set)

    def flush(self) -> int:
        """Write what was counted; returns how many wishes were taken in.

        Raises:
            Busy: the database was; nothing is lost, the next flush tries again.
        """
        with self.lock:
            kept, self.kept = self.kept, {}
        if not kept:
            return 0
        try:
            house: dict[str, int | None] = {}
            visits = []
            for (day, caller, _about), wish in kept.items():
                identities = _identities(caller, house)
                if identities:
                    visits.append(Visit(day, identities, wish))
            # In parts, so that nobody who sells waits long for the database's writer. A part that was written before another
            # failed is written again and changes nothing.
            return sum(_written(some) for some in in_batches(visits, 50))
        except (ShopError, SQLAlchemyError):
            with self.lock:
                self.kept = kept | self.kept
            raise

    def _work(self) -> None:
        ended = False
        while not ended:
            ended = self.stop.wait(FLUSH_SECONDS)
            with self.app.app_context():
                try:
                    self.flush()
                except (ShopError, SQLAlchemyError) as error:
                    log.warning("not written, kept for later", error=type(error).__name__)
                finally:
                    db.session.remove()


def _written(visits: Sequence[Visit]) -> int:
    """Write a part. One wish that cannot be written (its goods are gone meanwhile) must not keep all others back for ever."""
    try:
        return unmet.record_visits(visits)
    except IntegrityError as error:
        if len(visits) > 1:
            return sum(_written([one]) for one in visits)
        log.warning("dropped", wish=visits[0].wish.kind.value, error=str(error.orig))
        return 0


def _identities(caller: Caller, known: dict[str, int | None]) -> tuple[str, ...]:
    """What the caller is known by, the surest first; nothing for people of the house. `known`: what `_user` said
    of a cookie."""
    user_id: int | None = None
    if caller.session:
        if caller.session not in known:
            known[caller.session] = _user(caller.session)
        user_id = known[caller.session]
        if user_id == 0:
            return ()
    found = [f"user:{user_id}"] if user_id else []
    if caller.visitor:
        found.append(f"cookie:{caller.visitor}")
    return (*found, f"from:{caller.origin}")


def _user(cookie: str) -> int | None:
    """The id of a customer who is signed in; 0 for somebody with a role; None for a guest."""
    token = web.signed_in_token(cookie)
    user = accounts.signed_in(token, compulsory=False) if token else None
    if user is None:
        return None
    return 0 if any(grant.role != Role.CUSTOMER for grant in user.grants) else user.user_id


def _visits() -> Visits:
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    found: Visits = app.extensions.setdefault("shop_unmet_visits", Visits(app))
    return found


def note(wish: Wish) -> None:
    """Count that whoever is being answered missed something. Never raises, touches no database."""
    try:
        caller = present()
        if caller is not None:
            _visits().add(caller, wish)
    except Exception as error:  # noqa: BLE001 - a count is not worth a page
        log.warning("not counted", error=type(error).__name__)


def flush() -> int:
    """Write what this process has counted."""
    return _visits().flush()
