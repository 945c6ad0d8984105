"""Turns one uploaded photograph into the files the shop serves. Run as a program of its own, with bounds on time and memory.

    python encode.py SOURCE TARGET-FOLDER WIDTH,WIDTH,… KIND,KIND,… [TURN,WIDE,HIGH,LEFT,UPPER,RIGHT,LOWER]

It reads nothing but SOURCE and writes nothing but `<kind>-<width>` files and `answer.json` in TARGET-FOLDER. A program of its
own keeps a hostile file from taking the web server's memory or time, and gives the memory back when it ends.
"""

from __future__ import annotations

import json
import resource
import sys
import warnings
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")
SMALLEST_SIDE = 200
LARGEST_SIDE = 12_000
# JPEG is decoded at a fraction of its size; the others hold all their pixels at once (4 bytes each).
MOST_PIXELS = {"JPEG": 64_000_000, "PNG": 20_000_000, "WEBP": 12_500_000, "AVIF": 16_000_000}
CPU_SECONDS = 5
ADDRESS_SPACE = 420 * 1024 * 1024
QUALITY = {"avif": 55, "webp": 78, "jpeg": 80}
OPTIONS: dict[str, dict[str, int | bool]] = {
    "avif": {"speed": 7, "max_threads": 1},
    "webp": {"method": 4},
    "jpeg": {"progressive": True},
}


class Refused(Exception):
    """The file is not a photograph that can be taken; the text is a code the shop translates."""


def bounded() -> None:
    """Bound this process, so that nothing in a file can make it run or grow for long."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def opened(path: Path, width: int) -> Image.Image:
    """The photograph upright, in sRGB-like RGB without alpha or metadata, at most about twice `width` wide.

    Raises:
        Refused: wrong kind, broken, too large or too small.
    """
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = max(MOST_PIXELS.values())
    try:
        image: Image.Image = Image.open(path, formats=FORMATS)
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refused("too-large" if "pixels" in str(error) else "unreadable") from error
    kind = str(image.format)
    wide, high = image.size
    if wide * high > MOST_PIXELS[kind] or max(wide, high) > LARGEST_SIDE:
        raise Refused("too-large")
    if min(wide, high) < SMALLEST_SIDE:
        raise Refused("too-small")
    if kind == "JPEG":
        image.draft("RGB", (width * 2, width * 2))  # type: ignore[attr-defined]
    image.load()
    if factor := min(image.size) // (width * 2):
        image = image.reduce(factor) if factor > 1 else image
    upright = ImageOps.exif_transpose(image)
    if upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info:
        upright = upright.convert("RGBA")
        white = Image.new("RGB", upright.size, "white")
        white.paste(upright, mask=upright.getchannel("A"))
        return white
    if upright.mode.startswith("I;16") or upright.mode in {"I", "F"}:
        upright = upright.point(lambda v: v / 257).convert("L")
    return upright.convert("RGB")


TURNS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}


def cut(image: Image.Image, told: str) -> Image.Image:
    """The photograph turned clockwise, then cut to a box (in thousandths) and to a ratio of its sides (0: as it is).

    Raises:
        Refused: too little is left.
    """
    turn, wide, high, *box = (int(part) for part in told.split(","))
    if turn:
        image = image.transpose(TURNS[turn])
    left, upper, right, lower = (
        side * share // 1000 for side, share in zip((*image.size, *image.size), box, strict=True)
    )
    if wide and high:
        width, height = right - left, lower - upper
        keep = (min(width, height * wide // high), min(height, width * high // wide))
        left, upper = left + (width - keep[0]) // 2, upper + (height - keep[1]) // 2
        right, lower = left + keep[0], upper + keep[1]
    if min(right - left, lower - upper) < SMALLEST_SIDE:
        raise Refused("too-small")
    whole = (left, upper, right, lower) == (0, 0, *image.size)
    return image if whole else image.crop((left, upper, right, lower))


def main(source: str, target: str, widths: str, kinds: str, cut_as: str = "0,0,0,0,0,1000,1000") -> int:
    """Write the files and the answer; the exit code is 0 also for a refusal, which stands in the answer."""
    bounded()
    folder = Path(target)
    wanted = sorted(int(w) for w in widths.split(","))
    try:
        try:
            image = opened(Path(source), wanted[-1])
        except (OSError, SyntaxError, ValueError, EOFError, MemoryError, OverflowError) as error:
            raise Refused("unreadable") from error
        if cut_as != "0,0,0,0,0,1000,1000":
            image = cut(image, cut_as)
        sizes = [w for w in wanted if w <= image.width]
        if image.width < wanted[-1] and image.width not in sizes:
            sizes.append(image.width)
        largest = (sizes[-1], max(1, round(image.height * sizes[-1] / image.width)))
        clean = Image.new("RGB", image.size)
        clean.paste(image)
        del image
        for width in reversed(sizes):
            clean = clean.resize((width, max(1, round(clean.height * width / clean.width))), Image.Resampling.LANCZOS)
            for kind in kinds.split(","):
                clean.save(folder / f"{kind}-{width}", kind.upper(), quality=QUALITY[kind], **OPTIONS[kind])
        answer = {"widths": sizes, "width": largest[0], "height": largest[1]}
    except Refused as refusal:
        answer = {"refused": str(refusal)}
    (folder / "answer.json").write_text(json.dumps(answer), encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
