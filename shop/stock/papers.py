"""The files of lots' papers on their way out."""

from __future__ import annotations

from flask import Response

from shop.kernel import storage
from shop.kernel.errors import NotFound

TYPES = {"jpg": "image/jpeg", "pdf": "application/pdf"}


def send_paper(file_key: str | None) -> Response:
    """The bytes of a paper's file; nothing in them runs in the reader's browser.

    Raises:
        NotFound: it has none.
    """
    kind = TYPES.get((file_key or "").rpartition(".")[2])
    if file_key is None or kind is None:
        raise NotFound
    response = Response(storage.storage().get(file_key), mimetype=kind)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    if kind == "application/pdf":
        response.headers["Content-Disposition"] = f'attachment; filename="{file_key.rpartition("/")[2]}"'
    return response
