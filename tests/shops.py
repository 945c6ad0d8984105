"""Built shops, kept from one test to the next: building one takes a fifth of a second, and most tests want the same.

What a process remembers from one request to the next lies in `app.extensions` and nowhere else. So a used shop is new again
once it has the extensions back that it was built with, and those of them that remember are cleared: a memory that somebody
adds tomorrow is emptied between tests without anybody thinking of it here. `grown` and tests/house/test_memory.py see to it
that no memory lies elsewhere.
"""

from __future__ import annotations

import shutil
import sys
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from flask import Flask

MOST_KEPT = 12
# The hash that is compared with when there is no account.
EXEMPT = {"shop.accounts.passwords._nobody"}


def house() -> Iterator[tuple[str, Any]]:
    """Every name of every imported module of the shop with what it stands for."""
    for module in [name for name in sys.modules if name == "shop" or name.startswith("shop.")]:
        for name, thing in vars(sys.modules[module]).items():
            if not name.startswith("__"):
                yield f"{module}.{name}", thing


def remembers(thing: Any) -> bool:
    """Whether an extension is a memory of ours that is made with the shop."""
    return type(thing).__module__.startswith("shop.") and hasattr(thing, "clear")


class Kept:
    """One built shop and what it was like when it was new."""

    def __init__(self, app: Flask, folder: Path) -> None:
        self.app = app
        self.folder = folder
        self._new = [(room, dict(room)) for room in self._rooms()]
        self._shape = self._shape_now()

    def _rooms(self) -> tuple[dict[str, Any], ...]:
        env = self.app.jinja_env
        return self.app.extensions, self.app.config, env.globals, env.filters, env.tests

    def _shape_now(self) -> tuple[Any, ...]:
        """What cannot be put back: views, rules, hooks, what lies around the application."""
        app = self.app
        hooks = (
            app.before_request_funcs,
            app.after_request_funcs,
            app.teardown_request_funcs,
            app.template_context_processors,
        )
        return (
            dict(app.view_functions),
            # Rules are only ever added; reading them all would take longer than many a test.
            sum(map(len, app.url_map._rules_by_endpoint.values())),
            [{door: list(functions) for door, functions in hook.items()} for hook in hooks],
            list(app.teardown_appcontext_funcs),
            app.wsgi_app,
        )

    def is_whole(self) -> bool:
        """Whether it still has the views and hooks it was built with, and all connections are back."""
        from shop.kernel.db import db

        with self.app.app_context():
            out = db.engine.pool.checkedout()  # type: ignore[attr-defined]
        return out == 0 and self._shape_now() == self._shape

    def renew(self) -> None:
        """Make it as it was when it was new."""
        import shop
        from shop.kernel import limits
        from shop.payments import gateway

        for room, new in self._new:
            room.clear()
            room.update(new)
        for thing in self.app.extensions.values():
            if remembers(thing):
                thing.clear()
        config = self.app.extensions["shop_config"]
        gateway.install(self.app, config)  # a gateway keeps connections to whoever answered the test before
        # These two are the process's; the shop built last has set them.
        limits.limiter.enabled = config.rate_limits
        shop._logging(config)
        for left in self.folder.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()


class Shops:
    """The shops of this process by their settings."""

    def __init__(self, folder: Path, build: Callable[..., Flask]) -> None:
        self.folder = folder
        self.build = build
        self.kept: dict[tuple[Any, ...], Kept] = {}
        self.made = 0
        self.containers: list[tuple[str, Any, int]] = []

    def take(self, url: str, number: int, changes: dict[str, Any]) -> Flask:
        """A shop on `url` with `changes`, as new; `number` tells apart several with the same settings in one test."""
        key = (url, number, *sorted(changes.items()))
        found = self.kept.pop(key, None)
        if found is None:
            self.made += 1
            folder = self.folder / f"shop{self.made}"
            found = Kept(self.build(url, folder, **changes), folder)
        else:
            found.renew()
        self.kept[key] = found
        while len(self.kept) > MOST_KEPT:
            del self.kept[next(iter(self.kept))]
        return found.app

    def give_back(self) -> None:
        """Forget those that a test has changed for good."""
        for key in [key for key, kept in self.kept.items() if not kept.is_whole()]:
            del self.kept[key]

    def grown(self) -> list[str]:
        """Names of modules under which more or less is kept than when last asked (first: when the first shop was built)."""
        if not self.containers:
            kinds = (dict, list, set, bytearray, deque, OrderedDict, defaultdict)
            self.containers = [
                (name, thing, len(thing)) for name, thing in house() if type(thing) in kinds and name not in EXEMPT
            ]
        found = [name for name, thing, size in self.containers if len(thing) != size]
        if found:  # only the test that did it is to blame
            self.containers = [(name, thing, len(thing)) for name, thing, _size in self.containers]
        return found
