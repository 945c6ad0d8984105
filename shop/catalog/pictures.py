"""Uploaded photographs: checked before a byte is decoded, decoded in a bounded process, stored in our own encodings only."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import structlog

from shop.catalog.errors import BadPicture
from shop.kernel import storage
from shop.kernel.errors import N_

log = structlog.get_logger("pictures")
PROGRAM = Path(__file__).parent / "encode.py"
LARGEST_FILE = 12 * 1024 * 1024
SECONDS = 10
WIDTHS = (320, 640, 1280)
KINDS = ("avif", "webp", "jpeg")
ENDINGS = {"avif": "avif", "webp": "webp", "jpeg": "jpg"}

# What must never hide in a photograph: other formats that a reader finds by looking inside the file.
_FOREIGN = re.compile(rb"<script|<svg|<html|<!doctype|<iframe|<\?php|javascript:", re.I)
_REFUSALS = {
    "unreadable": BadPicture.title,
    "too-large": N_("Ảnh có quá nhiều điểm ảnh. Hãy thu nhỏ rồi tải lại (tối đa 12.000 điểm mỗi chiều)."),
    "too-small": N_("Ảnh quá nhỏ: mỗi chiều cần ít nhất 200 điểm ảnh."),
    "foreign": N_("Tệp này chứa nội dung khác ngoài ảnh nên bị từ chối."),
    "too-heavy": N_("Ảnh nặng quá 12 MB. Hãy thu nhỏ rồi tải lại."),
    "too-slow": N_("Ảnh này xử lý quá lâu nên bị từ chối. Hãy lưu lại ảnh bằng chương trình khác rồi tải lên."),
}


@dataclass(frozen=True, slots=True)
class Cut:
    """How a photograph is turned and what is kept of it: degrees clockwise, then `ratio` (width to height, from the middle;
    None: as it is) within `box`, the left, upper, right and lower edge in thousandths of the turned photograph."""

    turn: int = 0
    ratio: tuple[int, int] | None = None
    box: tuple[int, int, int, int] = (0, 0, 1000, 1000)

    def __post_init__(self) -> None:
        left, upper, right, lower = self.box
        if self.turn not in {0, 90, 180, 270} or not (0 <= left < right <= 1000 and 0 <= upper < lower <= 1000):
            raise BadPicture(N_("Cách xoay hoặc cắt ảnh chưa đúng."), field="photo")
        if self.ratio is not None and not all(1 <= side <= 100 for side in self.ratio):
            raise BadPicture(N_("Cách xoay hoặc cắt ảnh chưa đúng."), field="photo")

    @property
    def told(self) -> str:
        """How the encoding program is told."""
        wide, high = self.ratio or (0, 0)
        return ",".join(map(str, (self.turn, wide, high, *self.box)))


AS_IT_IS = Cut()


@dataclass(frozen=True, slots=True)
class Encoded:
    """What is kept of a photograph: storage keys by kind and width, and the size in pixels of the largest."""

    width: int
    height: int
    files: dict[str, dict[str, str]]


def refusal(code: str, field: str = "photo") -> BadPicture:
    """The refusal with this code."""
    return BadPicture(_REFUSALS[code], field=field)


def looks_like(content: bytes) -> str | None:
    """The kind of photograph that the first bytes claim (`jpeg`, `png`, `webp`, `avif`), or None."""
    if content.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    if content[4:8] == b"ftyp" and b"avif" in content[8:64]:
        return "avif"
    return None


def check(content: bytes, field: str = "photo") -> None:
    """Refuse what is no photograph by its bytes, or is something else as well.

    Raises:
        BadPicture.
    """
    if len(content) > LARGEST_FILE:
        raise refusal("too-heavy", field)
    if looks_like(content) is None:
        raise refusal("unreadable", field)
    if _FOREIGN.search(content) or b"%PDF-" in content[:1024] or b"PK\x05\x06" in content[-65_600:]:
        raise refusal("foreign", field)


def encode(
    content: bytes,
    *,
    widths: tuple[int, ...] = WIDTHS,
    kinds: tuple[str, ...] = KINDS,
    folder: str = "photos",
    cut: Cut = AS_IT_IS,
) -> Encoded:
    """Re-encode a photograph, turned and cut as `cut` says, and keep the results; the original is not kept. Metadata (place,
    camera) is gone.

    Raises:
        BadPicture: it is no photograph, hides something else, is too large, too small or takes too long.
    """
    check(content)
    with tempfile.TemporaryDirectory(prefix="picture-") as place:
        source = Path(place) / "source"
        source.write_bytes(content)
        command = [sys.executable, "-I", str(PROGRAM), str(source), place, ",".join(map(str, widths)), ",".join(kinds)]
        command.append(cut.told)
        try:
            done = subprocess.run(  # noqa: S603 - our own program, our own arguments
                command, capture_output=True, timeout=SECONDS, check=False, cwd=place
            )
        except subprocess.TimeoutExpired:
            raise refusal("too-slow") from None
        answer_file = Path(place) / "answer.json"
        if done.returncode != 0 or not answer_file.exists():
            log.warning("picture refused", code=done.returncode, error=done.stderr.decode(errors="replace")[-300:])
            raise refusal("too-slow" if done.returncode in {-24, -9} else "unreadable")
        answer = json.loads(answer_file.read_text(encoding="ascii"))
        if "refused" in answer:
            raise refusal(answer["refused"])
        files: dict[str, dict[str, str]] = {kind: {} for kind in kinds}
        for kind in kinds:
            for width in answer["widths"]:
                made = (Path(place) / f"{kind}-{width}").read_bytes()
                key = storage.key_for(folder, made, ENDINGS[kind])
                storage.storage().put(key, made)
                files[kind][str(width)] = key
    return Encoded(answer["width"], answer["height"], files)
