"""Files: bytes under a key, in a local folder or in S3-compatible storage (`MEDIA_URL=s3://bucket/prefix`)."""

from __future__ import annotations

import hashlib
import mimetypes
import os
import re
import tempfile
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from flask import current_app

from shop.kernel.db import leave_database
from shop.kernel.errors import NotFound

_KEY = re.compile(r"^[a-z0-9][a-z0-9/_.-]{0,200}$")


class Storage(Protocol):
    """A place for files. Keys are lower-case ASCII paths; bytes under a key never change."""

    def put(self, key: str, content: bytes) -> None:
        """Keep `content` under `key`; the same bytes twice are no error."""

    def get(self, key: str) -> bytes:
        """Return the bytes under `key`. Raises NotFound."""

    def exists(self, key: str) -> bool:
        """Whether there are bytes under `key`."""

    def delete(self, key: str) -> None:
        """Forget `key`; an unknown one is no error."""


def checked(key: str) -> str:
    """Return `key` if it is safe.

    Raises:
        NotFound: it could leave the storage or has symbols outside the allowed set.
    """
    if not _KEY.match(key) or ".." in key or "//" in key:
        raise NotFound
    return key


class LocalStorage:
    """Files below one folder, written whole or not at all."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def _path(self, key: str) -> Path:
        return self.root / checked(key)

    def put(self, key: str, content: bytes) -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def get(self, key: str) -> bytes:
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            raise NotFound from None

    def exists(self, key: str) -> bool:
        return self._path(key).is_file()

    def delete(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)


class S3Storage:
    """Files in an S3-compatible bucket, through boto3 (the optional dependency group `s3`).

    `s3://bucket/prefix?endpoint=http://127.0.0.1:9000&region=…`; credentials come from the ordinary AWS variables.
    """

    def __init__(self, url: str) -> None:
        import boto3  # optional: only shops that keep files in S3 install it

        parts = urlsplit(url)
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self.bucket, self.prefix = parts.netloc, parts.path.strip("/")
        self.client: Any = boto3.client("s3", endpoint_url=options.get("endpoint"), region_name=options.get("region"))

    def _name(self, key: str) -> str:
        leave_database()
        return f"{self.prefix}/{checked(key)}" if self.prefix else checked(key)

    def put(self, key: str, content: bytes) -> None:
        kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
        self.client.put_object(Bucket=self.bucket, Key=self._name(key), Body=content, ContentType=kind)

    def get(self, key: str) -> bytes:
        try:
            return bytes(self.client.get_object(Bucket=self.bucket, Key=self._name(key))["Body"].read())
        except self.client.exceptions.NoSuchKey:
            raise NotFound from None

    def exists(self, key: str) -> bool:
        try:
            self.client.head_object(Bucket=self.bucket, Key=self._name(key))
        except self.client.exceptions.ClientError:
            return False
        return True

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=self._name(key))


def open_storage(media_dir: Path, media_url: str | None) -> Storage:
    """Return the storage that the settings name."""
    return S3Storage(media_url) if media_url else LocalStorage(media_dir)


def storage() -> Storage:
    """The storage of the running shop."""
    return current_app.extensions["shop_storage"]  # type: ignore[no-any-return]


def key_for(folder: str, content: bytes, ending: str) -> str:
    """Return a key that names `content` by its SHA-256, so that equal files are kept once and a key never lies."""
    digest = hashlib.sha256(content).hexdigest()
    return f"{folder}/{digest[:2]}/{digest[2:34]}.{ending}"
