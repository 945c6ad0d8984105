"""The words of templates in the reader's language, looked up once per message and not once per call.

flask-babel asks for its context, domain and catalogue again for each of the sixty to ninety messages of a page. Which language
is spoken is still flask-babel's answer, so `force_locale` (letters written by the worker) holds here too.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import Flask
from flask_babel import get_locale, get_translations
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

SOURCE_LANGUAGE = "vi"


def install(app: Flask) -> None:
    """Replace `_` and `gettext` of the app's templates; plurals stay flask-babel's."""
    app.jinja_env.globals.update(_=_gettext, gettext=_gettext)


@pass_eval_context
def _gettext(context: EvalContext, message: str, /, **variables: Any) -> str:
    """`message` in the reader's language, safe for HTML where the template is; variables are escaped, `%%` is one per cent."""
    locale = get_locale()
    language = SOURCE_LANGUAGE if locale is None else locale.language
    if variables:
        return _said(language, message, context.autoescape) % variables
    return _plain(language, message, context.autoescape)


def word(message: str) -> str:
    """`message` in the reader's language, for code that says the same short word on many pages."""
    locale = get_locale()
    return _plain(SOURCE_LANGUAGE if locale is None else locale.language, message, False)


@lru_cache(8192)
def _said(language: str, message: str, escape: bool) -> str:
    said = message if language == SOURCE_LANGUAGE else str(get_translations().ugettext(message))
    return Markup(said) if escape else said  # noqa: S704 - messages are ours, not people's


@lru_cache(8192)
def _plain(language: str, message: str, escape: bool) -> str:
    return _said(language, message, escape) % {}
