"""Commands of imports: send a file, say what its columns are, try it, correct rows, write it, take it back."""

from __future__ import annotations

from shop.imports.services.sending import choose_sheet, drop, match, rematch, upload
from shop.imports.services.small import now_if_small
from shop.imports.services.steps import LARGEST_FILE, MOST_AT_ONCE, SMALL
from shop.imports.services.trying import check, correct, try_again
from shop.imports.services.undoing import start_undo, undo
from shop.imports.services.writing import apply, hide_absent, start

__all__ = [
    "LARGEST_FILE",
    "MOST_AT_ONCE",
    "SMALL",
    "apply",
    "check",
    "choose_sheet",
    "correct",
    "drop",
    "hide_absent",
    "match",
    "now_if_small",
    "rematch",
    "start",
    "start_undo",
    "try_again",
    "undo",
    "upload",
]
