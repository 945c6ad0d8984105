"""What the forms of dossiers and councils send, read once for all doors."""

from __future__ import annotations

import re
from datetime import date

from flask import request

from shop.kernel import forms, text
from shop.kernel.errors import N_, Invalid

_POSITION = re.compile(r"[0-9]{1,2}")
_ID = re.compile(r"[0-9]{1,18}")


def line(name: str, limit: int = 255) -> str:
    """A field of one line."""
    return text.clean(request.form.get(name, "")).replace("\n", " ").strip()[:limit]


def words(name: str, limit: int = 4000) -> str:
    """A field of several lines."""
    return text.clean(request.form.get(name, "")).strip()[:limit]


def day(name: str) -> date | None:
    """The day of a field; None if it is empty.

    Raises:
        Invalid: it is no day.
    """
    return forms.day(request.form.get(name, ""), name)


def needed_day(name: str) -> date:
    """The day of a field.

    Raises:
        Invalid: it is no day, or empty.
    """
    found = day(name)
    if found is None:
        raise Invalid(N_("Hãy ghi ngày."), field=name)
    return found


def number(name: str) -> int:
    """A whole number that a page itself wrote (an id, a version); 0 if it is none."""
    raw = request.form.get(name, "").strip()
    return int(raw) if _ID.fullmatch(raw) else 0


def upload(name: str = "file") -> bytes | None:
    """The bytes of a file that was sent."""
    found = request.files.get(name)
    return found.read() if found and found.filename else None


def sheet() -> tuple[dict[str, int], list[str], dict[str, str]]:
    """A scoring sheet: question's code → position of the option (-1: no number was sent), the grounds, the words."""
    answers = {
        field[2:]: int(value) if _POSITION.fullmatch(value) else -1
        for field, value in request.form.items()
        if field.startswith("q-") and value
    }
    notes = {
        field[5:]: text.clean(value)
        for field, value in request.form.items()
        if field.startswith("note-") and value.strip()
    }
    return answers, sorted(set(request.form.getlist("stops"))), notes
