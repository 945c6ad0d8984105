"""Uploads: what is taken is re-encoded without a trace of where it was made; what is hostile is refused, fast."""

from __future__ import annotations

import io
import struct
import time
import zipfile
import zlib
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from shop.catalog import documents, pictures
from shop.catalog import services as catalog
from shop.catalog.errors import BadDocument, BadPicture
from shop.catalog.invariants import certificates_have_their_bytes, photos_have_their_bytes
from shop.catalog.models import Certificate, Photo
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.kernel.errors import Conflict, Invalid, NotFound
from shop.kernel.storage import storage
from tests.factories import make_variant


def picture(wide: int = 640, high: int = 480, kind: str = "JPEG", mode: str = "RGB", **options: Any) -> bytes:
    image = Image.new(mode, (wide, high), (200, 30, 30) if mode == "RGB" else 0)
    image.paste((20, 90, 200) if mode == "RGB" else 255, (0, 0, wide // 2, high // 2))
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def opened(key: str) -> Image.Image:
    return Image.open(io.BytesIO(storage().get(key)))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_each_kind_becomes_all_three_in_sizes(ctx: Any, kind: str) -> None:
    made = pictures.encode(picture(1500, 900, kind))
    assert set(made.files) == {"avif", "webp", "jpeg"}
    for files in made.files.values():
        assert set(files) == {"320", "640", "1280"}
        for width, key in files.items():
            assert opened(key).width == int(width)
    assert (made.width, made.height) == (1280, 768)
    assert made.files["jpeg"]["320"].startswith("photos/")


def test_small_pictures_are_not_blown_up(ctx: Any) -> None:
    made = pictures.encode(picture(500, 400))
    assert set(made.files["webp"]) == {"320", "500"}
    assert (made.width, made.height) == (500, 400)


def test_turned_upright_and_without_metadata(ctx: Any) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90°
    exif[0x010F] = "Máy ảnh của tôi"
    exif.get_ifd(0x8825)[2] = (21.0, 1.0, 30.0)  # GPS latitude
    made = pictures.encode(picture(640, 480, exif=exif.tobytes(), comment=b"nha toi"))
    assert (made.width, made.height) == (480, 640)
    for files in made.files.values():
        for key in files.values():
            raw = storage().get(key)
            assert b"nha toi" not in raw
            image = opened(key)
            assert not image.getexif()
            assert "xmp" not in image.info
            assert "icc_profile" not in image.info
    # The blue quarter of the sensor's upper left is the upper right of the upright picture.
    upright = opened(made.files["jpeg"]["320"]).convert("RGB")
    assert upright.getpixel((upright.width - 20, 20))[2] > 150
    assert upright.getpixel((20, 20))[0] > 150


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "1", "I;16"])
def test_every_mode_of_png(ctx: Any, mode: str) -> None:
    image = (
        Image.new("RGBA", (300, 300), (255, 0, 0, 0)).convert(mode) if mode != "I;16" else Image.new("I;16", (300, 300))
    )
    target = io.BytesIO()
    image.save(target, "PNG")
    made = pictures.encode(target.getvalue())
    assert opened(made.files["jpeg"]["300"]).mode == "RGB"


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def zipped(content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as box:
        box.writestr("x.txt", content)
    return target.getvalue()


def png_claiming(wide: int, high: int) -> bytes:
    """A tiny file whose head claims a picture of that size, with a little compressed data that would fill it."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", wide, high, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 10_000_000))
        + chunk(b"IEND", b"")
    )


HOSTILE = {
    "svg": SVG,
    "svg in xml": b'<?xml version="1.0"?>' + SVG,
    "html": b"<!doctype html><script>alert(1)</script>",
    "nothing": b"",
    "text": b"hello",
    "gif": b"GIF89a" + b"\0" * 100,
    "bmp": b"BM" + b"\0" * 100,
    "pdf": b"%PDF-1.7\n%%EOF",
    "cut off": picture()[:200],
    "html behind a jpeg": picture() + b"<html><script>alert(1)</script>",
    "script in a comment": picture(comment=b"<script>alert(1)</script>"),
    "zip behind a png": picture(kind="PNG") + zipped(b"x"),
    "php behind a png": picture(kind="PNG") + b"<?php system($_GET[0]); ?>",
    "bomb": png_claiming(30_000, 30_000),
    "long bomb": png_claiming(300, 4_000_000),
    "too many pixels": png_claiming(6000, 6000),
    "more claimed than there": png_claiming(2000, 2000)[:2000],
    "too small": picture(100, 100),
    "too heavy": b"\xff\xd8\xff" + b"\0" * (12 * 1024 * 1024),
    "eps as jpeg": b"\xff\xd8\xff%!PS-Adobe-3.0 EPSF-3.0",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_within_seconds(ctx: Any, name: str) -> None:
    product_id = make_variant().product_id
    began = time.process_time()
    with pytest.raises(BadPicture) as refusal:
        catalog.add_photo(SYSTEM, product_id, HOSTILE[name], "Ảnh")
    assert time.process_time() - began < 5
    assert refusal.value.field == "photo"
    assert session().scalar(select(Photo.id)) is None


def test_photos_of_a_product(ctx: Any) -> None:
    product_id = make_variant().product_id
    with pytest.raises(Invalid):
        catalog.add_photo(SYSTEM, product_id, picture(), "  ")
    with pytest.raises(NotFound):
        catalog.add_photo(SYSTEM, 999_999, picture(), "Ảnh")
    first, second, third = (catalog.add_photo(SYSTEM, product_id, picture(300 + n, 300), f"Ảnh {n}") for n in range(3))

    def order() -> list[int]:
        return list(session().scalars(select(Photo.id).where(Photo.product_id == product_id).order_by(Photo.position)))

    assert order() == [first, second, third]
    assert catalog.change_photo(SYSTEM, third, "Ảnh đẹp nhất", position=0)
    assert order() == [third, first, second]
    assert not catalog.change_photo(SYSTEM, third, "Ảnh đẹp nhất", position=0)
    catalog.remove_photo(SYSTEM, first)
    assert order() == [third, second]
    with pytest.raises(NotFound):
        catalog.remove_photo(SYSTEM, first)
    with transaction() as s:
        files = s.get(Photo, third).files
        for n in range(10):
            s.add(
                Photo(
                    product_id=product_id,
                    position=9 + n,
                    alt="x",
                    width=1,
                    height=1,
                    files=files,
                    created_at=clock.now(),
                )
            )
    with pytest.raises(Conflict):
        catalog.add_photo(SYSTEM, product_id, picture(), "Ảnh thứ mười ba")
    assert not list(photos_have_their_bytes())


def test_a_missing_file_is_found(ctx: Any) -> None:
    photo = catalog.add_photo(SYSTEM, make_variant().product_id, picture(), "Ảnh")
    storage().delete(session().get(Photo, photo).files["avif"]["320"])
    assert len(list(photos_have_their_bytes())) == 1
    certificate = catalog.issue_certificate(
        SYSTEM, make_variant().product_id, number="1", level="province", stars=3, issued_on=clock.today(), file=PDF
    )
    assert not list(certificates_have_their_bytes())
    storage().delete(session().get(Certificate, certificate).file_key)
    assert len(list(certificates_have_their_bytes())) == 1


PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n"


def test_papers_are_pdf_or_pictures(ctx: Any) -> None:
    key = documents.keep(PDF)
    assert key.endswith(".pdf")
    assert storage().get(key) == PDF
    scanned = documents.keep(picture(2000, 1500))
    assert scanned.startswith("certificates/")
    assert opened(scanned).size == (1600, 1200)


@pytest.mark.parametrize(
    "content",
    [
        SVG, b"hello", b"", b"%PDF-1.7 cut", PDF.replace(b"/Catalog", b"/Catalog /OpenAction 5 0 R"),
        PDF.replace(b"/Catalog", b"/Catalog /AA << /JavaScript 5 0 R >>"), PDF.replace(b"/Catalog", b"/Catalog /J#53 1"),
        PDF.replace(b"/Catalog", b"/Catalog /EmbeddedFile"), PDF + zipped(b"x"), PDF.replace(b"endobj", b"<script>"),
        b"%PDF-1.7" + b"\0" * (10 * 1024 * 1024) + b"%%EOF",
    ],
)  # fmt: skip
def test_hostile_papers_are_refused(ctx: Any, content: bytes) -> None:
    with pytest.raises(BadDocument):
        documents.keep(content)
