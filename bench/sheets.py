"""A council member's page of the longest official sheet, and a producer's own: milliseconds of the server's work."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

from bench.points import _settle
from bench.shops import config_of, database

MILLISECONDS, ROUNDS = 300.0, 15


def measure(db: str, server: str, folder: Path) -> dict[str, float]:
    """The median of the server's processor time for each page, the first drawing left out."""
    from shop import create_app
    from shop.accounts.models import User
    from shop.accounts.permissions import Role
    from shop.kernel.db import db as shop_db
    from shop.kernel.db import session
    from tests.people import make_user, open_session
    from tests.programme import assessing

    home = folder / f"{db}-sheets"
    with database(db, server, home, "bench_sheets") as url:
        home.mkdir(parents=True, exist_ok=True)
        app = create_app(config_of(url, home))
        try:
            with app.app_context():
                shop_db.create_all()
                field = assessing.prepare()
                panel = assessing.make_panel()
                longest = max(assessing.ALL.values(), key=lambda s: sum(len(q.options) for q in s.questions)).number
                product = field.product(longest)
                slug = product.slug
                _session, (hearing,) = panel.session(field.proposed(product=product))
                member, maker = app.test_client(), app.test_client()
                open_session(member, session().get_one(User, panel.members[0].user_id))
                owner = make_user("Lê Thị Đo", (Role.PRODUCER_OWNER, f"producer:{field.producer.id}"))
                open_session(maker, owner)
                council = panel.id
                _settle()
                shop_db.session.remove()
            return {
                "a member's sheet": _page(member, f"/office/council/{council}/hearings/{hearing}"),
                "a producer's sheet": _page(maker, f"/producer/scoring/{slug}"),
            }
        finally:
            with app.app_context():
                shop_db.engine.dispose()


def _page(client: Any, path: str) -> float:
    told = []
    for n in range(ROUNDS + 1):
        began = time.process_time()
        answer = client.get(path, base_url="http://localhost")
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        if n:
            told.append((time.process_time() - began) * 1000)
    return statistics.median(told)
