"""In this room's tests any well-formed scope will do: what it is for belongs to rooms above."""

from __future__ import annotations

import pytest

from shop.accounts import scopes


@pytest.fixture(autouse=True)
def any_scope(monkeypatch):
    monkeypatch.setattr(scopes, "_sources", {})
    monkeypatch.setattr("shop.pages.scopes.register", lambda: None)
