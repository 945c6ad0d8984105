"""Files of papers. The room above that can read photographs says here how one is kept; this room only asks for it."""

from __future__ import annotations

from typing import Any, Protocol

from flask import Response

from shop.kernel.errors import N_, Invalid
from shop.kernel.storage import storage

# Nobody may fetch from this folder but through the doors below.
FOLDER = "producer-papers"


class Keep(Protocol):
    """Store a PDF or a photograph (which is re-encoded) and return its key; refuse everything else."""

    def __call__(self, content: bytes, field: str = ..., *, folder: str = ...) -> str: ...


_keepers: list[Keep] = []


def register(keep: Keep) -> None:
    """Say how a paper's file is kept."""
    _keepers[:] = [keep]


def keep(content: bytes | None, field: str = "file") -> str:
    """Keep a paper's file; returns its key. Not inside a transaction: a photograph takes its time.

    Raises:
        Invalid: there is no file, or it is neither PDF nor photograph.
    """
    if not content:
        raise Invalid(N_("Hãy chọn tệp PDF hoặc ảnh chụp giấy tờ."), field=field)
    return _keepers[0](content, field, folder=FOLDER)


def answer(key: str, name: str) -> Any:
    """The file for somebody who may see it: never run, never cached by others."""
    pdf = key.endswith(".pdf")
    response = Response(storage().get(key), mimetype="application/pdf" if pdf else "image/jpeg")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Content-Disposition"] = (
        f'{"attachment" if pdf else "inline"}; filename="{name}.{"pdf" if pdf else "jpg"}"'
    )
    return response
