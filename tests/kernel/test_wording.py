"""Words of templates: the reader's language, whoever reads; HTML in them is ours, in their variables it is not."""

from __future__ import annotations

import pytest
from flask import Flask, render_template_string
from flask_babel import force_locale

pytestmark = pytest.mark.one_database

WORD = "Thêm vào giỏ"


def say(source: str, **values: object) -> str:
    return render_template_string(source, **values)


def test_the_language_of_the_address(app: Flask) -> None:
    source = '{{ _("Thêm vào giỏ") }}'
    with app.test_request_context("/"):
        assert say(source) == WORD
    with app.test_request_context("/", environ_overrides={"shop.language": "en"}):
        assert say(source) == "Add to basket"
    with app.test_request_context("/"):
        assert say(source) == WORD


def test_a_letter_is_written_in_its_own_language(ctx: Flask) -> None:
    """The worker has no request: the language is forced for one letter and over with it."""
    source = '{{ _("Thêm vào giỏ") }}'
    assert say(source) == WORD
    with force_locale("en"):
        assert say(source) == "Add to basket"
        with force_locale("vi"):
            assert say(source) == WORD
        assert say(source) == "Add to basket"
    assert say(source) == WORD


@pytest.mark.parametrize("language", ["vi", "en"])
def test_variables_are_escaped_and_messages_are_not(app: Flask, language: str) -> None:
    with app.test_request_context("/", environ_overrides={"shop.language": language}):
        assert "&lt;b&gt;" in say('{{ _("Kết quả cho “%(q)s”", q=q) }}', q="<b>")
        assert say('{{ _("<i>100%%</i>") }}') == "<i>100%</i>"
        assert say("{% autoescape false %}{{ _('%(q)s', q=q) }}{% endautoescape %}", q="<b>") == "<b>"


def test_blocks_of_words_speak_too(app: Flask) -> None:
    with app.test_request_context("/", environ_overrides={"shop.language": "en"}):
        assert say("{% trans %}Thêm vào giỏ{% endtrans %}") == "Add to basket"


def test_what_a_template_takes_in_speaks_its_language(app: Flask) -> None:
    """One language after the other: neither is served what was compiled for the other."""
    source = '{% from "_macros/product.html" import stock %}{% include "_layouts/_flashes.html" %}{{ stock(0) }} {{ stock(3) }}'
    for language, gone, few in (("vi", "Hết hàng", "Còn 3"), ("en", "Sold out", "3 left"), ("vi", "Hết hàng", "Còn 3")):
        with app.test_request_context("/", environ_overrides={"shop.language": language}):
            found = say(source)
            assert gone in found and few in found
