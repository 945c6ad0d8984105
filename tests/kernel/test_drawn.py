"""Pieces drawn before: found by all they show, in each language, within a bound; nothing private among them."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, render_template_string
from markupsafe import Markup

from shop.kernel import drawn, web

PIECE = "{% call kept('price', amount) %}{{ amount|vnd }} {{ name }}{% endcall %}"


def test_the_same_values_are_drawn_once_and_others_anew(app: Flask) -> None:
    with app.test_request_context("/"):
        assert render_template_string(PIECE, amount=1000, name="a") == "1.000\u00a0₫ a"
        # The key did not hold the name: it is the first drawing that comes back, so pieces are really remembered.
        assert render_template_string(PIECE, amount=1000, name="b") == "1.000\u00a0₫ a"
        assert render_template_string(PIECE, amount=2000, name="b") == "2.000\u00a0₫ b"


def test_each_language_has_its_own(app: Flask) -> None:
    source = "{% call kept('add') %}{{ _('Thêm vào giỏ') }} {{ path('/gio-hang') }}{% endcall %}"
    with app.test_request_context("/"):
        assert render_template_string(source) == "Thêm vào giỏ /gio-hang"
    with app.test_request_context("/", environ_overrides={"shop.language": "en"}):
        assert render_template_string(source) == "Add to basket /en/gio-hang"
    with app.test_request_context("/"):
        assert render_template_string(source) == "Thêm vào giỏ /gio-hang"


def test_what_people_wrote_is_escaped_inside_a_piece_and_once(app: Flask) -> None:
    source = "{% call kept('name', name) %}{{ name }}{% endcall %}"
    with app.test_request_context("/"):
        for _ in range(2):
            assert render_template_string(source, name="<b>&") == "&lt;b&gt;&amp;"


@pytest.mark.parametrize("private", [web.csp_nonce, web.mark_private])
def test_a_private_piece_is_not_kept(app: Flask, private: Any) -> None:
    def draw() -> str:
        private()
        return "mine"

    with app.test_request_context("/"):
        assert drawn.piece(("who",), draw) == "mine"
    with app.test_request_context("/"):
        assert drawn.piece(("who",), lambda: "yours") == "yours"


def test_a_block_may_be_drawn_each_time(app: Flask) -> None:
    source = "{% call kept('me', when=false) %}{{ name }}{% endcall %}"
    with app.test_request_context("/"):
        assert [render_template_string(source, name=n) for n in "ab"] == ["a", "b"]


def test_values_that_may_change_are_no_key(app: Flask) -> None:
    with app.test_request_context("/"), pytest.raises(TypeError):
        drawn.piece(("list", []), lambda: "")  # type: ignore[arg-type]


def test_the_memory_is_bounded_and_gives_up_what_is_used_least() -> None:
    memory: drawn.Memory[Markup] = drawn.Memory(100_000)
    for n in range(1000):
        memory.put(n, Markup("x" * 1000))
        assert memory.get("often") is not None or n == 0
        if n == 0:
            memory.put("often", Markup("o"))
    held = [*memory.young, *memory.old]
    assert "often" in held
    assert 20 <= len(held) <= 64
    assert memory.get(0) is None
    memory.put("whale", Markup("x" * 60_000))
    assert memory.get("whale") is None


def test_the_same_page_is_squeezed_once_and_another_never_taken_for_it(app: Flask, client: Any) -> None:
    """A public page goes out squeezed as it is; one that changed is squeezed anew; one without a digest is not kept."""
    import brotli

    kept = drawn.Squeezed()
    assert kept.get("br;") is None
    kept.set("br;", b"of nobody")
    assert kept.get("br;") is None
    plain = client.get("/tro-giup", headers={"Accept-Encoding": "identity"}).data
    for _ in range(2):
        answer = client.get("/tro-giup", headers={"Accept-Encoding": "br"})
        assert answer.headers["Content-Encoding"] == "br"
        assert brotli.decompress(answer.data) == plain
    english = client.get("/en/tro-giup", headers={"Accept-Encoding": "br"})
    assert b'lang="en"' in brotli.decompress(english.data)
    assert client.get("/tro-giup", headers={"Accept-Encoding": "gzip"}).data[:2] == b"\x1f\x8b"
