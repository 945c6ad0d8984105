"""What forms send, as typed arguments."""

from __future__ import annotations

from collections.abc import Mapping

from shop.catalog.forms import day, upload, version
from shop.kernel import facts
from shop.standards.models import Kind, Standard, Verdict
from shop.standards.services import Said

__all__ = ["upload", "version"]
FIELDS = ("kind", "name", "body", "number", "filed_on", "granted_on", "ends_on", "verdict", "note")


def said(form: Mapping[str, str]) -> Said:
    """What a form says of a paper.

    Raises:
        Invalid: at its field.
    """
    verdict = form.get("verdict") or None
    return Said(
        facts.one_of(Kind)(form.get("kind"), "kind"), form.get("name", ""), form.get("body"), form.get("number"),
        day(form.get("filed_on"), "filed_on"), day(form.get("granted_on"), "granted_on"), day(form.get("ends_on"), "ends_on"),
        facts.one_of(Verdict)(verdict, "verdict") if verdict else None, form.get("note"),
    )  # fmt: skip


def values(row: Standard | None) -> dict[str, str]:
    """A paper as its form shows it again."""
    if row is None:
        return dict.fromkeys(FIELDS, "")
    found = {name: getattr(row, name) for name in FIELDS}
    return {k: "" if v is None else v.isoformat() if hasattr(v, "isoformat") else str(v) for k, v in found.items()}
