"""Make `docs/screenshot.png`: the front page of a fresh demo shop, as a visitor with a window of 1280×800 sees it.

    .venv/bin/python docs/make_screenshot.py [TARGET]

It needs what `make test` installs (playwright, Pillow) and the system's Chromium, whose path `CHROMIUM` may name.
The shop lives in a folder of its own, which is gone afterwards; nothing of `instance/` is touched.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
SIZE = (1280, 800)
LARGEST = 400_000
START_SECONDS = 300
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextlib.contextmanager
def demo_shop() -> Iterator[str]:
    """Run the demo on a free port and give its address.

    Raises:
        RuntimeError: it did not start; its own words are in the message.
    """
    keep = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")
    with tempfile.TemporaryDirectory(prefix="shop-screenshot-") as folder:
        environment = {name: os.environ[name] for name in keep if name in os.environ}
        environment |= {"INSTANCE_DIR": folder, "PORT": "0", "WORKERS": "1", "PYTHONUNBUFFERED": "1"}
        log = Path(folder) / "said.txt"
        with log.open("wb") as said:
            shop = subprocess.Popen(
                [sys.executable, "-P", str(ROOT / "shop" / "serve.py"), "--demo"],
                cwd=ROOT,
                env=environment,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        try:
            yield _address(shop, log)
        finally:
            shop.send_signal(signal.SIGTERM)
            shop.wait(60)


def _address(shop: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        said = log.read_text(errors="replace")
        if found := re.search(r"^ {2}(http://localhost:\d+)$", said, re.MULTILINE):
            return found[1]
        if shop.poll() is not None:
            break
        time.sleep(0.2)
    raise RuntimeError(f"the shop did not start:\n{log.read_text(errors='replace')}")


def photograph(address: str) -> bytes:
    """Return the first screen of the page at `address` as PNG."""
    browser_path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]}, locale="vi-VN")
        page.goto(address, wait_until="networkidle")
        picture = page.screenshot()
        browser.close()
    return picture


def smaller(picture: bytes) -> bytes:
    """Return `picture` with at most 256 colours if that is needed to stay below 400 kB, written tightly.

    Raises:
        RuntimeError: it is larger all the same.
    """
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    for attempt in (image, image.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.FLOYDSTEINBERG)):
        written = io.BytesIO()
        attempt.save(written, "PNG", optimize=True)
        if written.tell() <= LARGEST:
            return written.getvalue()
    raise RuntimeError(f"the picture has {written.tell():,} bytes, more than {LARGEST:,}")


def main() -> None:
    """Make the picture."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screenshot.png"
    with demo_shop() as address:
        picture = smaller(photograph(address))
    target.write_bytes(picture)
    print(f"{target}: {len(picture):,} bytes")


if __name__ == "__main__":
    main()
