"""What the pages of a sheet share, for staff and for its producer."""

from __future__ import annotations

import json
from typing import Any

from flask import Response
from flask_babel import gettext

from shop.exhibitions import ledger, pen, sheet_words
from shop.exhibitions.models.closing import SIDE_NAMES, SheetVersion
from shop.exhibitions.queries import sheets
from shop.exhibitions.services import signing


def chosen_version(found: sheets.Whole, raw: str) -> SheetVersion | None:
    """The version that an address asks for, else None."""
    return next((v for v in found.versions if str(v.number) == raw), None)


def shown_version(found: sheets.Whole, raw: str) -> SheetVersion | None:
    """The version that a page shows: the one asked for, else the last; of a sheet that waits for signatures the figures of now
    (None), as these are what is signed."""
    asked = chosen_version(found, raw)
    if asked is None and found.unsigned and not found.late:
        return None
    return asked or found.last


def values(found: sheets.Whole) -> dict[str, Any]:
    """What every page of a sheet needs."""
    pairs = zip(found.versions, found.versions[1:], strict=False)
    return {
        "words": sheet_words,
        "columns": [(c, gettext(word)) for c, word in sheet_words.COLUMNS.items()],
        "amount_word": gettext(sheet_words.AMOUNT),
        "side_names": SIDE_NAMES,
        "names": sheets.STEPS,
        "kinds": sheets.STEP_KINDS,
        "pen": pen,
        "changes": {b.number: sheets.changes(a.figures, b.figures) for a, b in pairs},
        "late_changes": sheets.changes(found.last.figures, found.figures) if found.last and found.late else [],
        "order": ledger.COLUMNS,
    }


def strokes(raw: str) -> list[Any]:
    """The strokes that a form sends.

    Raises:
        Invalid.
    """
    if not raw.strip():
        return []
    try:
        told = json.loads(raw[:200_000])
    except (ValueError, RecursionError):
        told = None
    return signing.strokes_of(told)


def paper(found: sheets.Whole, raw: str) -> Response:
    """The sheet as PDF, in the version that the address asks for."""
    version = chosen_version(found, raw)
    made = Response(sheet_words.paper(found, version.number if version else None), mimetype="application/pdf")
    made.headers["Content-Disposition"] = f'inline; filename="{found.sheet.reference}.pdf"'
    return made
