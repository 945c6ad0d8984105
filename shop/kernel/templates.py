"""Jinja templates whose imports cost nothing."""

from __future__ import annotations

from typing import Any

from jinja2 import Template
from jinja2.environment import TemplateModule
from jinja2.runtime import Context


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


def install(environment: Any) -> None:
    """Let `environment` make such templates."""
    environment.template_class = QuickTemplate
