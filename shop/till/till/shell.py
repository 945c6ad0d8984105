"""The shell of the counter's app: one page without data, its service worker, its manifest and its words.

The shell is public because it holds nothing: what a counter knows comes through the API, to an enrolled device. There is one
shell for both languages; the device keeps which one it speaks, so that it can change off line.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from flask import Response, current_app, jsonify, redirect, render_template
from flask_babel import force_locale, gettext

from config import ROOT
from shop.accounts.guards import public
from shop.kernel import static, web
from shop.till.till import bp
from shop.till.words import WORDS

STATIC = ROOT / "static"
# What the device keeps so that it opens without a network; patterns under `static/`.
KEPT = (
    "css/shop.css",
    "css/till.css",
    "img/empty-basket.svg",
    "img/favicon.svg",
    "img/icons.svg",
    "img/till-*.png",
    "js/fold.js",
    "js/till/*.js",
    "plates/*.svg",
)
WORKER = Path("js/till/worker.js")
PAGES = ("/till", "/till/words.json", "/en/till/words.json", "/till/manifest.webmanifest")


@bp.get("")
@public
@web.public_page()
def shell() -> Any:
    """The page that becomes the till; the same bytes for everybody."""
    if web.language() == "en":
        return redirect("/till?lang=en")
    return render_template("till/till/shell.html")


@bp.get("/words.json")
@public
@web.public_page()
def words() -> Response:
    """Every sentence of the app in the language of the path."""
    return jsonify(_words())


@bp.get("/manifest.webmanifest")
@public
@web.public_page()
def manifest() -> Response:
    """What a phone needs to install the till."""
    return Response(json.dumps(_manifest(), ensure_ascii=False), mimetype="application/manifest+json")


@bp.get("/sw.js")
@public
def worker() -> Response:
    """The service worker with the list of what to keep; its text changes when anything of the shell does."""
    body = _worker()
    response = Response(body, mimetype="text/javascript")
    response.set_etag(hashlib.sha256(body.encode()).hexdigest()[:24], weak=True)
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Service-Worker-Allowed"] = "/till"
    return response


def _words() -> dict[str, str]:
    return {key: gettext(sentence) for key, sentence in WORDS.items()}


def _manifest() -> dict[str, Any]:
    return {
        "id": "/till",
        "name": gettext("Chợ Bến · Quầy bán"),
        "short_name": gettext("Quầy bán"),
        "lang": "vi",
        "start_url": "/till",
        "scope": "/till",
        "display": "standalone",
        "background_color": "#fbf7ef",
        "theme_color": "#0a363d",
        "icons": [
            {"src": static.url("img/till-192.png"), "sizes": "192x192", "type": "image/png"},
            {"src": static.url("img/till-512.png"), "sizes": "512x512", "type": "image/png"},
            {
                "src": static.url("img/till-maskable.png"),
                "sizes": "512x512",
                "type": "image/png",
                "purpose": "maskable",
            },
        ],
    }


def _worker() -> str:
    """The worker's text. Made once for a process: static files and templates do not change under it."""
    made = current_app.extensions.get("shop_till_worker")
    if made is None:
        files = sorted(f for pattern in KEPT for f in STATIC.glob(pattern) if f != STATIC / WORKER)
        kept = [*PAGES, *(static.url(f.relative_to(STATIC).as_posix()) for f in files)]
        said = []
        for language in ("vi", "en"):
            with force_locale(language):
                said.append(_words())
        text = (STATIC / WORKER).read_text(encoding="utf-8")
        whole = [render_template("till/till/shell.html"), said, _manifest(), kept, text]
        version = hashlib.sha256(json.dumps(whole).encode()).hexdigest()[:16]
        made = f"const VERSION = {json.dumps(version)};\nconst SHELL = {json.dumps(kept)};\n{text}"
        current_app.extensions["shop_till_worker"] = made
    return str(made)
