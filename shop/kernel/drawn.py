"""Pieces of pages that were drawn before, found again by all that they show.

A card, a panel of filters, the foot of a page is a function of some values. A request still asks the database for these
values; only drawing the same ones again is saved, and drawing is most of a page's work. The key of a piece holds every value
that it shows (the language is put in here, for all), so a changed price has another key and nothing old can be shown: there is
nothing to forget and no time to wait for. What a key need not hold is what stays while the process lives: templates,
translations, addresses of static files, which doors are built.

In a template: `{% call kept('foot', …) %}…{% endcall %}`; in Python: `piece(key, draw)`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sized
from typing import Any, Generic, TypeVar

from flask import Flask, current_app, g
from markupsafe import Markup

from shop.kernel import web, wording

T = TypeVar("T", bound=Sized)
# Characters that a process keeps, keys counted with a guess; Vietnamese text takes two bytes for each.
MOST = 4_000_000
# The same for whole pages, a few dozen: those that nobody asks for again must not drive out the pieces of all others.
MOST_PAGES = 2_000_000
# Bytes of whole pages that a process keeps squeezed, some two hundred of them.
MOST_SQUEEZED = 1_500_000
_KEY = 600


class Memory(Generic[T]):
    """Pieces of one process: at most `most` characters or bytes, the least lately used given up first.

    In two halves: what is used moves to the young one; when that is full it becomes the old one, and what the old one held and
    nobody asked for is gone. So a hit among the young, the usual case, is one look into a dictionary and takes no lock.
    """

    def __init__(self, most: int) -> None:
        self.half = most // 2
        self.young: dict[Hashable, T] = {}
        self.old: dict[Hashable, T] = {}
        self.weight = 0
        self.lock = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        """The piece under `key`."""
        found = self.young.get(key)
        if found is None:
            found = self.old.get(key)
            if found is not None:
                self.put(key, found)
        return found

    def put(self, key: Hashable, piece: T) -> None:
        """Keep `piece` under `key`; one longer than a quarter of all is not kept."""
        weight = len(piece) + _KEY
        if weight * 2 > self.half:
            return
        with self.lock:
            if self.weight + weight > self.half:
                self.old, self.young, self.weight = self.young, {}, 0
            self.young[key] = piece
            self.weight += weight

    def clear(self) -> None:
        """Forget all."""
        with self.lock:
            self.old, self.young, self.weight = {}, {}, 0


def install(app: Flask) -> None:
    """Give `app` a memory of its own and its templates `kept`."""
    forget(app)
    app.jinja_env.globals["kept"] = _kept


def forget(app: Flask) -> None:
    """Drop all that was drawn."""
    app.extensions["shop_drawn"] = Memory[Markup](MOST)
    app.extensions["shop_drawn_pages"] = Memory[Markup](MOST_PAGES)


def page(key: tuple[Hashable, ...], draw: Callable[[], str]) -> Markup:
    """A whole page, as `piece`; its address and the day's token, which every page shows, are put into the key here."""
    return piece((*key, web.other_language_url(), web.public_token()), draw, memory="shop_drawn_pages")


def piece(key: tuple[Hashable, ...], draw: Callable[[], str], *, memory: str = "shop_drawn") -> Markup:
    """The piece under `key` in the reader's language, else what `draw` draws.

    A piece that turns out to be private (a token or nonce of its visitor) is not kept.
    """
    kept: Memory[Markup] = current_app.extensions[memory]
    whole = (web.path(""), wording.language(), *key)
    found = kept.get(whole)
    if found is None:
        private = g.get("private_page")
        found = Markup(draw())  # noqa: S704 - drawn by a template, which has escaped what people wrote
        if g.get("private_page") == private and not current_app.jinja_env.auto_reload:
            kept.put(whole, found)
    return found


class Squeezed:
    """For flask-compress: public pages by their content, so that the same bytes are squeezed once.

    `public_page` tells the digest of a page as `g.content`; what has none is squeezed each time.
    """

    def __init__(self) -> None:
        self.memory: Memory[bytes] = Memory(MOST_SQUEEZED)

    @staticmethod
    def key(_request: Any) -> str:
        """The digest of the page being answered."""
        return str(g.get("content", ""))

    def get(self, key: str) -> bytes | None:
        """The page under `algorithm;digest`."""
        return self.memory.get(key)

    def set(self, key: str, value: bytes) -> None:
        """Keep what has a digest."""
        if not key.endswith(";") and key not in self.memory.young:
            self.memory.put(key, value)


def _kept(*key: Hashable, caller: Callable[[], str], when: bool = True) -> str:
    """For templates: the block as it was drawn for `key` before; drawn anew unless `when`."""
    return piece(key, caller) if when else caller()


def draw(template: str, **values: Any) -> str:
    """Draw a template of `values` alone: nothing of the request's reader (`me`, `notices`) is put in."""
    return current_app.jinja_env.get_template(template).render(values)
