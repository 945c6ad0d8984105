"""What was asked for and not found: counted, so that the shop learns what people miss.

A question is asked by GET, and no GET changes data or waits for the database's writer. So each process counts in memory and a
thread of its own writes the counts about twice a minute; a process that dies loses at most those. Nothing is kept of who
asked, and texts that may name a person (an address, a long number) are not kept at all.
"""

from __future__ import annotations

import atexit
import re
import threading
from collections import Counter
from datetime import date, timedelta

import structlog
from flask import Flask, current_app
from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from shop.catalog.models import SearchMiss
from shop.kernel import clock
from shop.kernel.db import changed, db, is_sqlite, session, transaction
from shop.kernel.errors import ShopError
from shop.kernel.text import clean, fold

log = structlog.get_logger("misses")
FLUSH_SECONDS = 30.0
_MOST_KEPT = 1000
_LONGEST = 80
_KEPT = timedelta(days=400)
_PERSONAL = re.compile(r"@|\d(?:[\s.-]?\d){6}")
_MACHINE = re.compile(r"bot|crawl|spider|slurp|preview|monitor|curl|wget|python|java/|go-http|scrapy|headless", re.I)


class Misses:
    """The counts of one process that are not written yet."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.lock = threading.Lock()
        self.counts: Counter[tuple[date, str, str]] = Counter()
        self.shown: dict[str, str] = {}
        self.thread: threading.Thread | None = None
        self.stop = threading.Event()

    def add(self, text: str, channel: str) -> None:
        """Count one question that found nothing."""
        folded = fold(text)[:_LONGEST]
        with self.lock:
            if len(self.counts) >= _MOST_KEPT:
                return
            self.counts[clock.today(), folded, channel] += 1
            self.shown.setdefault(folded, text[:_LONGEST])
            if self.thread is None and not self.app.testing:
                # Started at the first miss, so after the server's fork.
                self.thread = threading.Thread(target=self._work, name="search-misses", daemon=True)
                self.thread.start()
                atexit.register(self.stop.set)

    def flush(self) -> int:
        """Write what was counted; return the number of different questions."""
        with self.lock:
            counts, shown = self.counts, self.shown
            self.counts, self.shown = Counter(), {}
        if not counts:
            return 0
        rows = [
            {"day": day, "folded": folded, "channel": channel, "shown": shown.get(folded, folded), "count": n}
            for (day, folded, channel), n in sorted(counts.items())
        ]
        try:
            with transaction():
                statement = (sqlite if is_sqlite() else postgresql).insert(SearchMiss.__table__)
                session().execute(
                    statement.on_conflict_do_update(
                        index_elements=["day", "folded", "channel"],
                        set_={"count": SearchMiss.__table__.c.count + statement.excluded.count},
                    ),
                    rows,
                )
        except (ShopError, SQLAlchemyError):
            with self.lock:
                self.counts.update(counts)
                self.shown = shown | self.shown
            raise
        return len(rows)

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


def _misses() -> Misses:
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    found: Misses = app.extensions.setdefault("shop_misses", Misses(app))
    return found


def record(text: str, channel: str, agent: str | None) -> bool:
    """Count that `text` found nothing; return whether it is counted: not for machines, not if it may name a person."""
    text = clean(text)
    if not fold(text) or not agent or _MACHINE.search(agent) or _PERSONAL.search(text):
        return False
    _misses().add(text, channel)
    return True


def flush() -> int:
    """Write what this process has counted."""
    return _misses().flush()


def forget_old() -> int:
    """Delete counts of more than 400 days ago; return how many."""
    with transaction() as s:
        return changed(s.execute(delete(SearchMiss).where(SearchMiss.day < clock.today() - _KEPT)))
