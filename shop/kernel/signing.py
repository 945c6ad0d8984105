"""Signed texts (cookies, tokens of forms) in itsdangerous' own format, with what never changes made once.

A page reads one cookie, writes another and signs a token. itsdangerous derives the key from the secret anew for each, builds
its objects anew and squeezes every text, though none of ours is long: together a tenth of a page's work.
"""

from __future__ import annotations

import hmac
import json
from typing import Any

from flask.json.tag import TaggedJSONSerializer
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from itsdangerous.encoding import base64_encode
from itsdangerous.signer import SigningAlgorithm

# Texts shorter than this go as they are: squeezing one takes longer than signing it and saves nothing that matters.
WORTH_SQUEEZING = 1000


class _HmacSha1(SigningAlgorithm):
    """What itsdangerous signs with by default; OpenSSL finds its SHA-1 and takes the key in once for each key."""

    def __init__(self) -> None:
        self.keyed: dict[bytes, hmac.HMAC] = {}

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        found = self.keyed.get(key)
        if found is None:
            found = self.keyed[key] = hmac.new(key, None, "sha1")
        mac = found.copy()
        mac.update(value)
        return mac.digest()


class _Signer(TimestampSigner):
    """A signer that remembers the keys that it has derived."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.derived: dict[str | bytes | None, bytes] = {}

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        found = self.derived.get(secret_key)
        if found is None:
            found = self.derived[secret_key] = super().derive_key(secret_key)
        return found


class _Json(TaggedJSONSerializer):
    """Flask's JSON of sessions, past the application's own settings of JSON, which make a new encoder for each text."""

    _encode = staticmethod(json.JSONEncoder(separators=(",", ":")).encode)

    def dumps(self, value: Any) -> str:
        return self._encode(self.tag(value))

    def loads(self, value: str) -> Any:
        return self._untag_scan(json.loads(value))


class Signed(URLSafeTimedSerializer):
    """Texts signed with `secret` for the purpose `salt`, with the time; those that itsdangerous signed are read as well.

    `key_derivation`: as the signer of the same purpose in Flask or Flask-WTF has it, so that no cookie is lost.
    """

    def __init__(self, secret: str, salt: str, key_derivation: str = "django-concat") -> None:
        how = {"key_derivation": key_derivation, "algorithm": _HmacSha1()}
        super().__init__(secret, salt, serializer=_Json(), signer=_Signer, signer_kwargs=how)
        self._kept = super().make_signer(salt)

    def make_signer(self, salt: str | bytes | None = None) -> Any:
        return self._kept if salt in {None, self.salt} else super().make_signer(salt)

    def dump_payload(self, obj: Any) -> bytes:
        text = self.serializer.dumps(obj).encode()
        return base64_encode(text) if len(text) < WORTH_SQUEEZING else super().dump_payload(obj)
