"""Papers of certificates, lots and deliveries: a PDF without active content, or a photograph, which is re-encoded."""

from __future__ import annotations

import re

from shop.catalog import pictures
from shop.catalog.errors import BadDocument, BadPicture
from shop.kernel import storage
from shop.kernel.errors import N_

LARGEST_FILE = 10 * 1024 * 1024
# Names in a PDF that run something, open something or carry other files; `#xx` spellings of them are refused as well.
_ACTIVE = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFile|RichMedia|XFA|OpenAction|SubmitForm|ImportData)\b")
_HIDDEN_NAME = re.compile(rb"/[A-Za-z]*#[0-9A-Fa-f]{2}")
_FOREIGN = re.compile(rb"<script|<svg|<html|<!doctype|<\?php", re.I)


def keep(content: bytes, field: str = "file", *, folder: str = "certificates") -> str:
    """Store a paper in a folder of the storage and return its key. What lies under `certificates` anybody may fetch.

    Raises:
        BadDocument: it is neither PDF nor photograph, too heavy, or carries active content.
    """
    if len(content) > LARGEST_FILE:
        raise BadDocument(N_("Tệp nặng quá 10 MB."), field=field)
    if content.startswith(b"%PDF-"):
        if b"%%EOF" not in content[-2048:]:
            raise BadDocument(N_("Tệp PDF bị cắt hoặc hỏng."), field=field)
        if (
            _ACTIVE.search(content)
            or _HIDDEN_NAME.search(content)
            or _FOREIGN.search(content)
            or b"PK\x05\x06" in content[-65_600:]
        ):
            raise BadDocument(N_("Tệp PDF có nội dung hoạt động (kịch bản, tệp kèm) nên bị từ chối."), field=field)
        key = storage.key_for(folder, content, "pdf")
        storage.storage().put(key, content)
        return key
    try:
        made = pictures.encode(content, widths=(1600,), kinds=("jpeg",), folder=folder)
    except BadPicture as error:
        raise BadDocument(error.title if error.title != BadPicture.title else None, field=field) from error
    return next(iter(made.files["jpeg"].values()))
