"""Merge the rooms' English parts into the one catalogue that the shop reads.

Source strings are Vietnamese. Every room keeps its English in `parts/<room>.po`, so that two people
who work in two rooms never edit the same file. The merged `en/LC_MESSAGES/messages.mo` is made here
and not committed. Needs nothing but Babel: `python -P shop/translations/build.py`.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

HERE = Path(__file__).resolve().parent
PARTS = HERE / "parts"
COMPILED = HERE / "en" / "LC_MESSAGES" / "messages.mo"


class CatalogueError(ValueError):
    """The parts cannot be merged: two of them disagree, or one cannot be read."""


def merged(parts: Path = PARTS, *, strict: bool = True) -> Catalog:
    """Return the English catalogue made of every part.

    Where two parts disagree on one source string, `strict` refuses; otherwise the first file by name wins
    and standard error says so, because a start of the shop must not hang on a word.

    Raises:
        CatalogueError: a part is malformed or, when `strict`, two parts disagree.
    """
    catalogue = Catalog(locale="en", charset="utf-8", fuzzy=False)
    origin: dict[tuple[str | None, str], tuple[str, Message]] = {}
    for path in sorted(parts.glob("*.po")):
        try:
            with path.open("rb") as stream:
                part = read_po(stream, locale="en", charset="utf-8", abort_invalid=True)
        except (ValueError, UnicodeDecodeError) as error:
            raise CatalogueError(f"{path.name}: {error}") from error
        for message in part:
            if not message.id:
                continue
            if message.fuzzy:
                raise CatalogueError(f"{path.name}: {message.id!r} is still marked fuzzy")
            singular = message.id if isinstance(message.id, str) else message.id[0]
            key = (message.context, singular)
            earlier = origin.get(key)
            if earlier is None:
                origin[key] = (path.name, message)
                catalogue.add(message.id, message.string, context=message.context, flags=message.flags)
            elif (earlier[1].id, earlier[1].string) != (message.id, message.string):
                problem = f"{singular!r} is {earlier[1].string!r} in {earlier[0]}, {message.string!r} in {path.name}"
                if strict:
                    raise CatalogueError(problem)
                sys.stderr.write(f"translations: {problem}\n")
    return catalogue


def build(parts: Path = PARTS, compiled: Path = COMPILED) -> Path:
    """Write the compiled catalogue if a part is newer than it, and return its path.

    The file appears in one step, so that several test processes may build at once.
    """
    newest = max((path.stat().st_mtime for path in [parts, Path(__file__), *parts.glob("*.po")]), default=0.0)
    if compiled.exists() and compiled.stat().st_mtime > newest:
        return compiled
    catalogue = merged(parts, strict=False)
    compiled.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=compiled.parent, suffix=".part")
    with os.fdopen(descriptor, "wb") as stream:
        write_mo(stream, catalogue)
    Path(temporary).chmod(0o644)
    Path(temporary).replace(compiled)
    return compiled


if __name__ == "__main__":
    try:
        build()
    except CatalogueError as problem:
        sys.exit(f"translations: {problem}")
