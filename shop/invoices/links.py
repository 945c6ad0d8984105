"""Links that open one document and nothing else: what a letter about it holds."""

from __future__ import annotations

import hmac

from flask import current_app


def token_for(document: str) -> str:
    """The secret part of the link to a document, derived from the shop's key."""
    key = str(current_app.secret_key)
    return hmac.digest(key.encode(), f"invoice:{document}".encode(), "sha256").hex()[:32]


def opens(document: str, token: str) -> bool:
    """Whether `token` is the one of the link to that document."""
    return token.isascii() and hmac.compare_digest(token, token_for(document))
