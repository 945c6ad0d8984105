"""Static files: under a prefix that names their content, so that they are cached for ever; squeezed once, before the start."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from flask import Flask, current_app
from whitenoise import WhiteNoise
from whitenoise.compress import Compressor

from shop.kernel import clock

KEPT_SECONDS = 24 * 3600


def mount(app: Flask, root: Path, squeezed: Path) -> None:
    """Serve the files of `root`, or its copy in `squeezed` if `squeeze` has made one."""
    digest = _digest(root)
    copy = squeezed / digest
    prefix = f"static/{digest}/"
    noise = WhiteNoise(app.wsgi_app, max_age=31_536_000, immutable_file_test=lambda _p, _u: True, charset="utf-8")
    noise.add_files(str(copy if copy.is_dir() else root), prefix=prefix)
    app.wsgi_app = noise  # type: ignore[method-assign]
    app.extensions["shop_static"] = "/" + prefix


def url(name: str) -> str:
    """The address of a static file, the same for both languages."""
    return str(current_app.extensions["shop_static"]) + name


def squeezed(root: Path, target: Path) -> bool:
    """Whether `squeeze` has nothing to do."""
    return (target / _digest(root)).is_dir()


def squeeze(root: Path, target: Path) -> None:
    """Copy `root` into `target` under the name of its content, each text beside its `.br` and `.gz`; if not done already.

    Copies of earlier content are removed a day later: a server that still runs may be reading them.
    """
    digest = _digest(root)
    target.mkdir(parents=True, exist_ok=True)
    if not (target / digest).is_dir():
        with tempfile.TemporaryDirectory(dir=target) as folder:
            copy = Path(folder) / digest
            shutil.copytree(root, copy)
            copy.chmod(0o755)
            tool = Compressor(quiet=True)
            for file in _files(copy):
                if tool.should_compress(str(file)):
                    tool.compress(str(file))
            try:
                copy.rename(target / digest)
            except OSError:
                if not (target / digest).is_dir():  # otherwise another process was first
                    raise
    for other in target.iterdir():
        if other.name != digest and other.stat().st_mtime < clock.now().timestamp() - KEPT_SECONDS:
            shutil.rmtree(other, ignore_errors=True)


def _files(root: Path) -> list[Path]:
    return sorted(p for p in root.rglob("*") if p.is_file() and p.suffix not in {".gz", ".br"})


def _digest(root: Path) -> str:
    """Twelve characters that change with any name or content."""
    digest = hashlib.sha256()
    for file in _files(root):
        digest.update(file.relative_to(root).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
