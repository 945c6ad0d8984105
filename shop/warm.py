"""What the web server does once before it forks, so that its workers share the result instead of each keeping a copy."""

from __future__ import annotations

import gc

import structlog
from flask import Flask
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import configure_mappers

from shop.kernel import memory
from shop.kernel.db import db

# Pages that between them load most templates, the catalogue of words and the maps of tables.
PAGES = ("/", "/en/", "/san-pham", "/diem-ban", "/gio-hang", "/dang-nhap", "/tro-giup", "/sitemap.xml")
log = structlog.get_logger("warm")


def warm(app: Flask) -> None:
    """Ask the shop for its own public pages. No connection, thread or garbage is left behind."""
    configure_mappers()
    visitor = app.test_client(use_cookies=False)
    address = app.extensions["shop_config"].base_url
    for page in PAGES:
        visitor.get(page, base_url=address)
    with app.app_context():
        try:
            db.session.remove()
        except DBAPIError:
            log.warning("the database did not answer while warming up")
        db.engine.dispose()
    memory.give_back()  # what loading has left free would be copied, half empty, by every worker
    gc.freeze()
