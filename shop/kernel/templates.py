"""Jinja templates whose imports cost nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from jinja2 import Template
from jinja2.environment import TemplateModule
from jinja2.runtime import Context
from markupsafe import Markup, escape


class QuickTemplate(Template):
    """Jinja asks at every `{% import %}` of every page whether the page has globals that the imported template has not, by a
    loop in Python over all of them (8 % of a basket's page). They are the environment's, so the answer is kept."""

    _known: frozenset[str] | None = None

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:
        if ctx is not None:
            if self._known is None:
                self._known = frozenset(self.globals)
            if ctx.globals_keys <= self._known:
                ctx = None
        return super()._get_default_module(ctx)


_CELL = re.compile(r"<(t[dh])(?=[\s>])")


def labelled(cells: str, labels: Sequence[str]) -> Markup:
    """The cells of a table's row, each with the name of its column: on a phone a row stands as pairs of name and value.
    A cell with nothing to say but a dash is marked, and left out there.

    Cells hold no tables of their own.
    """
    names = iter(labels)

    def named(found: re.Match[str]) -> str:
        tag = found[1]
        role = "rowheader" if tag == "th" else "cell"
        name = next(names, "")
        return f'<{tag} role="{role}" data-label="{escape(name)}"' if name else f'<{tag} role="{role}"'

    return Markup(_CELL.sub(named, cells).replace(">–</td>", " data-none>–</td>"))  # noqa: S704 - drawn by a template already, names escaped


def install(environment: Any) -> None:
    """Let `environment` make such templates."""
    environment.template_class = QuickTemplate
    environment.filters["labelled"] = labelled
