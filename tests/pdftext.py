"""Reads the words of a PDF that typst made back: fonts of two-byte glyphs with a ToUnicode map, drawn by `TJ` and `Tj`."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

# What is packed may end with any byte, a carriage return too: only the line feed belongs to `endstream`.
_OBJECT = re.compile(rb"(\d+) 0 obj\s*(<<.*?>>)\s*(?:stream\r?\n(.*?)\nendstream)?\s*endobj", re.S)
_SELECTED = re.compile(rb"/(f\d+) [\d.]+ Tf|/Lang\([^)]*\)|\bET\b|(?<!<)<([0-9A-F]+)>")
_ESCAPED = re.compile(rb"\\([0-7]{1,3}|.)", re.S)
_NAMED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def _unescaped(raw: bytes) -> bytes:
    def one(m: re.Match[bytes]) -> bytes:
        return bytes([int(m[1], 8)]) if m[1].isdigit() else _NAMED.get(m[1], m[1])

    return _ESCAPED.sub(one, raw)


def _drawn(page: bytes) -> Iterator[bytes]:
    """Names of fonts (`/f0`), strings (`(…` escaped, `<…` as they are), ends of runs (`ET`) in the order of a page; strings
    hold balanced brackets as they are."""
    at = 0
    while at < len(page):
        if page[at : at + 1] == b"(":
            start, depth = at, 0
            while True:
                sign = page[at : at + 1]
                depth += (sign == b"(") - (sign == b")")
                at += 2 if sign == b"\\" else 1
                if not depth:
                    break
            yield page[start : at - 1]
        elif found := _SELECTED.match(page, at):
            if found[2]:
                yield b"<" + bytes.fromhex(found[2].decode())
            elif not found[0].startswith(b"/Lang"):
                yield b"/" + found[1] if found[1] else found[0]
            at = found.end()
        else:
            at += 1


def _map(cmap: bytes) -> dict[int, str]:
    found = {}
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", cmap, re.S):
        for glyph, letters in re.findall(rb"<([0-9A-F]+)>\s*<([0-9A-F]+)>", block):
            found[int(glyph, 16)] = bytes.fromhex(letters.decode()).decode("utf-16-be")
    return found


def _fonts(head: bytes, objects: dict[int, tuple[bytes, bytes]]) -> dict[bytes, dict[int, str]]:
    """The fonts of a page by their names: two pages may call different fonts `f0`."""
    named = head + b"".join(objects[int(n)][0] for n in re.findall(rb"/Resources (\d+) 0 R", head))
    named += b"".join(objects[int(n)][0] for n in re.findall(rb"/Font (\d+) 0 R", named))
    fonts = {}
    for name, number in re.findall(rb"/(f\d+) (\d+) 0 R", named):
        to_unicode = re.search(rb"/ToUnicode (\d+) 0 R", objects[int(number)][0])
        if to_unicode:
            fonts[name] = _map(objects[int(to_unicode[1])][1])
    return fonts


def words(pdf: bytes) -> str:
    """The text of all pages, runs apart by line ends; a glyph that no letter belongs to is `\ufffd`."""
    objects = {}
    for m in _OBJECT.finditer(pdf):
        stream = zlib.decompress(m[3]) if m[3] and b"/FlateDecode" in m[2] else m[3] or b""
        objects[int(m[1])] = (m[2], stream)
    said = ""
    for head, _stream in objects.values():
        fonts = _fonts(head, objects) if b"/Contents" in head else {}
        for number in re.findall(rb"/Contents (\d+) 0 R", head):
            font: dict[int, str] = {}
            for token in _drawn(objects[int(number)][1]):
                if token.startswith(b"/"):
                    font = fonts.get(token[1:], {})
                elif token == b"ET":
                    said += "\n"
                else:
                    raw = _unescaped(token[1:]) if token.startswith(b"(") else token[1:]
                    said += "".join(font.get(int.from_bytes(raw[i : i + 2]), "\ufffd") for i in range(0, len(raw), 2))
    return said
