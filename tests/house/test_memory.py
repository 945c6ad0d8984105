"""What a process remembers from one request to the next lies in `app.extensions`: known, bounded and forgotten there."""

from __future__ import annotations

import dataclasses
import types
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine
from werkzeug.local import LocalProxy

from shop.kernel.db import db
from tests.shops import Kept, Shops, house, remembers

# What would make a kept answer depend on more than its arguments.
CHANGING = {
    "session", "execute", "db", "current_app", "g", "request", "clock", "now", "today", "get_locale", "gettext", "monotonic",
}  # fmt: skip
# They ask only which addresses the program has.
BUILT_IN = {"shop.pages.office.nav.is_built", "shop.pages.office.nav._is_for_all", "shop.pages.api._described"}
# Statements with their compiled texts, which depend on nothing but the statement and the kind of database.
STATEMENTS = {"Prepared", "Reading"}


def names(code: types.CodeType) -> set[str]:
    """The names a function uses, those of functions inside it too."""
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return set(code.co_names).union(*(names(c) for c in inner))


@pytest.mark.sqlite_only
def test_what_is_kept_by_its_arguments_depends_on_nothing_else(app: Flask) -> None:
    kept = [(name, thing) for name, thing in house() if hasattr(type(thing), "cache_info")]
    assert len(kept) > 10
    wrong = {name: names(thing.__wrapped__.__code__) & CHANGING for name, thing in kept if name not in BUILT_IN}
    assert not {name: found for name, found in wrong.items() if found}


@pytest.mark.sqlite_only
def test_no_module_holds_a_thing_that_can_change(app: Flask) -> None:
    wrong = []
    for name, thing in house():
        kind = type(thing)
        if (
            kind is LocalProxy
            or not kind.__module__.startswith("shop.")
            or isinstance(thing, type | tuple | Enum | SQLAlchemy)
            or kind.__name__ in STATEMENTS
        ):
            continue
        if not (dataclasses.is_dataclass(kind) and kind.__dataclass_params__.frozen):  # type: ignore[attr-defined]
            wrong.append(name)
    assert not wrong


@pytest.mark.sqlite_only
def test_a_memory_made_with_the_shop_can_be_cleared(make_app: Any) -> None:
    app = make_app(fresh=True)
    for name, thing in dict(app.extensions).items():
        kind = type(thing)
        if not name.startswith("shop_") or name == "shop_gateways":  # these are built anew between tests
            continue
        frozen = dataclasses.is_dataclass(kind) and kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
        plain = isinstance(thing, str | tuple | frozenset | Path | Engine | None)
        assert frozen or plain or remembers(thing) or kind.__name__ in {"LocalStorage", "S3Storage"}, name


def test_a_used_shop_is_made_new(make_app: Any, shops: Shops) -> None:
    app = make_app()
    with app.app_context():
        new = set(app.extensions)
        db.session.connection()
        app.extensions["shop_later"] = {"seen": 1}
        app.extensions["shop_drawn"].put("key", "drawn")
        app.config["NEW"] = app.jinja_env.globals["new"] = 1
        config = app.extensions["shop_config"] = app.extensions["shop_config"].but(page_cache_seconds=60)
        (config.instance_dir / "mail").mkdir(parents=True)
    kept = next(kept for kept in shops.kept.values() if kept.app is app)
    kept.renew()
    assert set(app.extensions) == new
    assert app.extensions["shop_drawn"].get("key") is None
    assert app.extensions["shop_config"].page_cache_seconds == 0
    assert "NEW" not in app.config
    assert "new" not in app.jinja_env.globals
    assert not config.instance_dir.exists()


def test_a_shop_that_was_changed_is_not_kept(make_app: Any, shops: Shops) -> None:
    def kept(app: Flask) -> bool:
        return any(one.app is app for one in shops.kept.values())

    app, other = (
        make_app(bank_bin="970436", bank_account=account, bank_account_name="X") for account in ("0001", "0002")
    )
    shops.give_back()
    assert kept(app)
    app.view_functions["storefront.pages.home.index"] = lambda: ""
    with other.app_context():
        db.session.connection()
        assert current_app
        shops.give_back()
    assert not kept(app)
    assert not kept(other)


def test_what_grows_in_a_module_is_found(make_app: Any, shops: Shops) -> None:
    from shop.kernel import jobs

    make_app()
    assert shops.grown() == []
    jobs._handlers["test.memory"] = print
    try:
        assert "shop.kernel.jobs._handlers" in shops.grown()
        assert shops.grown() == []
    finally:
        del jobs._handlers["test.memory"]
        shops.grown()


def test_the_check_of_kept_answers_can_fail() -> None:
    @lru_cache
    def wrong() -> Any:
        return [current_app.name for _ in "x"]

    assert names(wrong.__wrapped__.__code__) & CHANGING
    assert Kept
