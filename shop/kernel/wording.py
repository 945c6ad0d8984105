"""Templates speak: each is compiled once for each language, with its words in that language put in as fixed text.

A page has sixty to ninety messages. Asking for each of them whose language it is and what it says there was a tenth of drawing;
here `_("…")` becomes part of the text around it when the template is compiled. Which language is spoken is flask-babel's
answer at the moment a template is asked for, so `force_locale` (letters written by the worker) holds here too. What is
known only when the page is drawn (`_(name)`) is looked up then.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import Flask, g, has_app_context
from flask.templating import Environment
from flask_babel import force_locale, get_locale, get_translations
from jinja2 import Template, nodes, pass_eval_context
from jinja2.nodes import EvalContext
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

SOURCE_LANGUAGE = "vi"
_WORDS = frozenset({"_", "gettext"})


class SpokenTemplates(Environment):
    """The environment of an application's templates: one that hands out those of `spoken`, one for each language."""

    language: str | None = None

    def __init__(self, app: Flask, **options: Any) -> None:
        super().__init__(app, **options)
        self.overlays: dict[str, SpokenTemplates] = {}

    def get_template(self, name: Any, parent: Any = None, globals: Any = None) -> Template:
        """The template in the reader's language; one that it extends or imports, in its own."""
        if self.language is None:
            return self.spoken().get_template(name, parent, globals)
        return super().get_template(name, parent, globals)

    def from_string(self, source: Any, globals: Any = None, template_class: Any = None) -> Template:
        """A template of the text `source` in the reader's language."""
        if self.language is None:
            return self.spoken().from_string(source, globals, template_class)
        return super().from_string(source, globals, template_class)

    def spoken(self) -> SpokenTemplates:
        """The templates of the reader's language: the same functions, filters and settings, their own compiled code."""
        spoken = language()
        found = self.overlays.get(spoken)
        if found is None:
            found = self.overlay()
            found.language = spoken
            found = self.overlays.setdefault(spoken, found)
        return found

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """Jinja's hook between reading a template and compiling it."""
        tree = super()._parse(source, name, filename)
        escaped = self.autoescape(name) if callable(self.autoescape) else self.autoescape
        # A block that sets its own escaping says so only when it is drawn.
        if self.language is not None and tree.find(nodes.EvalContextModifier) is None:
            with force_locale(self.language):
                tree = _Speaker(self.language, escape=escaped).visit(tree)
        return tree


class _Speaker(NodeTransformer):
    """Puts what is said in place of `_("…")`; one with variables keeps only putting them in."""

    def __init__(self, language: str, *, escape: bool) -> None:
        self.language = language
        self.escape = escape

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        found = self.generic_visit(node)
        message = node.args[0] if len(node.args) == 1 else None
        if not (
            isinstance(node.node, nodes.Name)
            and node.node.name in _WORDS
            and isinstance(message, nodes.Const)
            and isinstance(message.value, str)
            and node.dyn_args is None
            and node.dyn_kwargs is None
        ):
            return found
        if not node.kwargs:
            return nodes.Const(_plain(self.language, message.value, self.escape), lineno=node.lineno)
        said = nodes.Const(_said(self.language, message.value, self.escape), lineno=node.lineno)
        pairs = [nodes.Pair(nodes.Const(k.key), k.value, lineno=node.lineno) for k in node.kwargs]
        return nodes.Mod(said, nodes.Dict(pairs, lineno=node.lineno), lineno=node.lineno)


def install(app: Flask) -> None:
    """Replace `_` and `gettext` of the app's templates; plurals stay flask-babel's."""
    app.jinja_env.globals.update(_=_gettext, gettext=_gettext)


def language() -> str:
    """The reader's language. Where it is known already it is taken from where flask-babel keeps it: asked for by its own way, a
    page's words cost it more than all they say."""
    locale = getattr(g.get("_flask_babel"), "babel_locale", None) if has_app_context() else None
    if locale is None:
        locale = get_locale()
    return SOURCE_LANGUAGE if locale is None else str(locale.language)


@pass_eval_context
def _gettext(context: EvalContext, message: str, /, **variables: Any) -> str:
    """`message` in the reader's language, safe for HTML where the template is; variables are escaped, `%%` is one per cent."""
    if variables:
        return _said(language(), message, context.autoescape) % variables
    return _plain(language(), message, context.autoescape)


def gettext(message: str, /, **variables: Any) -> str:
    """`message` in the reader's language, as flask-babel's (`%%` is one per cent only beside variables): for the code of
    pages that many see."""
    said = _said(language(), message, False)
    return said % variables if variables else said


@lru_cache(8192)
def _said(language: str, message: str, escape: bool) -> str:
    said = message if language == SOURCE_LANGUAGE else str(get_translations().ugettext(message))
    return Markup(said) if escape else said  # noqa: S704 - messages are ours, not people's


@lru_cache(8192)
def _plain(language: str, message: str, escape: bool) -> str:
    return _said(language, message, escape) % {}
