"""Static files: named by content, squeezed once, copies of earlier content kept for a day."""

from __future__ import annotations

import gzip
import os
import time

from shop.kernel import static


def folder(tmp_path, text: str = "a { color: red }\n" * 200):
    root = tmp_path / "static"
    (root / "css").mkdir(parents=True, exist_ok=True)
    (root / "css" / "a.css").write_text(text)
    (root / "tiny.png").write_bytes(b"\x89PNG not really")
    return root


def test_texts_stand_beside_their_squeezed_forms(tmp_path):
    root, target = folder(tmp_path), tmp_path / "squeezed"
    static.squeeze(root, target)
    (copy,) = target.iterdir()
    names = sorted(p.relative_to(copy).as_posix() for p in copy.rglob("*") if p.is_file())
    assert names == ["css/a.css", "css/a.css.br", "css/a.css.gz", "tiny.png"]
    assert gzip.decompress((copy / "css" / "a.css.gz").read_bytes()) == (root / "css" / "a.css").read_bytes()
    assert sorted(root.rglob("*.br")) == []


def test_a_second_time_nothing_is_done_and_old_copies_go_after_a_day(tmp_path):
    root, target = folder(tmp_path), tmp_path / "squeezed"
    static.squeeze(root, target)
    (first,) = target.iterdir()
    before = (first / "css" / "a.css.br").stat().st_mtime_ns
    static.squeeze(root, target)
    assert (first / "css" / "a.css.br").stat().st_mtime_ns == before

    folder(tmp_path, "b { color: blue }\n" * 200)
    static.squeeze(root, target)
    assert len(list(target.iterdir())) == 2
    os.utime(first, (time.time() - static.KEPT_SECONDS - 60,) * 2)
    static.squeeze(root, target)
    assert first not in set(target.iterdir())
    assert len(list(target.iterdir())) == 1


def test_a_browser_gets_the_squeezed_form_for_ever(make_app, tmp_path):
    from config import ROOT

    static.squeeze(ROOT / "static", tmp_path / "instance" / "static")
    app = make_app(fresh=True)
    with app.test_request_context():
        address = static.url("css/shop.css")
    visitor = app.test_client()
    with visitor.get(address, headers={"Accept-Encoding": "br"}) as squeezed:
        assert (squeezed.status_code, squeezed.headers["Content-Encoding"]) == (200, "br")
        assert "immutable" in squeezed.headers["Cache-Control"]
        small = len(squeezed.data)
    with visitor.get(address, headers={"Accept-Encoding": "identity"}) as plain:
        assert "Content-Encoding" not in plain.headers
        assert small * 3 < len(plain.data)
