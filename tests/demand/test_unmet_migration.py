"""What was counted before moves into unmet demand with the upgrade, and back with its undoing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from flask_migrate import downgrade, upgrade

from shop.kernel import db
from tests.house.test_migrations import MIGRATIONS, fresh  # noqa: F401 - a fixture

LATE = datetime(2026, 10, 3, 18, 30, tzinfo=UTC)  # already the fourth in Vietnam


# A pack and a point as they stood at the revision below.
_GROUP = {"scheme": "2023", "slug": "thuc-pham", "name": "Thực phẩm", "name_en": "Food"}
_NAMED = {"slug": "cha-muc", "name": "Chả mực", "sort_name": "cha muc", "is_demo": False}
GOODS: dict[str, dict[str, Any]] = {
    "product_groups": {"id": 1, "number": "I", **_GROUP},
    "product_sets": {"id": 2, "number": 8, "group_id": 1, "is_alcohol": False, "is_service": False, **_GROUP},
    "products": {
        "id": 5, "set_id": 2, "kind": "goods", "allergens": [], "is_alcohol": False, "cold": "none", "season_months": 0,
        "needs_certificate": False, "state": "shown", **_NAMED,
    },
    "variants": {"id": 7, "product_id": 5, "sku": "THU-1", "pack": "Gói", "position": 1, "state": "shown", "is_demo": False},
    "points": {
        "id": 3, "kind": "shop", "province_code": "22", "services": [], "pickup": True, "ships": True, "is_public": True,
        **_NAMED,
    },
}  # fmt: skip


def rows(statement: str) -> list[tuple[Any, ...]]:
    with db.db.engine.connect() as link:
        return [tuple(row) for row in link.execute(sa.text(statement))]


def insert(link: Any, table: str, **values: Any) -> None:
    known = sa.Table(table, sa.MetaData(), autoload_with=link)
    link.execute(sa.insert(known).values(**values))


def test_searches_and_questions_of_before_are_taken_over(fresh: Any) -> None:  # noqa: F811
    app = fresh()
    with app.app_context():
        upgrade(directory=str(MIGRATIONS), revision="0010")
        variant_id, product_id, point_id = (GOODS[table]["id"] for table in ("variants", "products", "points"))
        at = LATE.replace(tzinfo=None) if db.db.engine.dialect.name == "sqlite" else LATE
        engine = db.migration_engine(app.config["SQLALCHEMY_DATABASE_URI"])
        with engine.begin() as link:
            for table, values in GOODS.items():
                times = {"created_at": at, "updated_at": at} if table in {"products", "variants", "points"} else {}
                insert(link, table, **values, **times)
            for folded, shown, n in (("buoi dien", "Bưởi Diễn", 7), ("ca thu", "cá thu", 1)):
                insert(link, "search_misses", day=date(2026, 9, 1), folded=folded, channel="web", shown=shown, count=n)
            insert(
                link,
                "till_devices",
                id=901,
                code="Z9",
                name="Máy",
                point_id=point_id,
                last_seq=0,
                last_number=0,
                created_at=at,
            )
            asks = [
                (variant_id, None, None, 2), (variant_id, None, None, 3), (None, "Sá sùng", "sa sung", 4),
                (None, "gọi 0912 345 678", "goi 0912 345 678", 1),
            ]  # fmt: skip
            for n, (variant, words, folded, quantity) in enumerate(asks, start=901):
                insert(
                    link, "till_events", id=n, uuid=f"u{n}", device_id=901, seq=n, kind="ask", digest="x", at=at,
                    received_at=at, state="done",
                )  # fmt: skip
                insert(
                    link, "till_asks", id=n, event_id=n, device_id=901, point_id=point_id, variant_id=variant, words=words,
                    folded=folded, quantity=quantity, at=at, received_at=at,
                )  # fmt: skip
        upgrade(directory=str(MIGRATIONS), revision="0011")
        told = "SELECT kind, product_id, variant_id, point_id, text, words, asks, units, lost_units, has_asks FROM unmet_days"
        found = rows(f"{told} WHERE day IN ('2026-09-01', '2026-10-04') ORDER BY kind, text")
        assert sorted(map(str, found)) == sorted(
            map(
                str,
                [
                    ("search_nothing", None, None, None, "buoi dien", "Bưởi Diễn", 7, 7, 350, bool_(False)),
                    ("search_nothing", None, None, None, "ca thu", "cá thu", 1, 1, 50, bool_(False)),
                    ("till_asked", None, None, point_id, "sa sung", "Sá sùng", 1, 4, 4000, bool_(False)),
                    ("till_asked", product_id, variant_id, point_id, None, None, 2, 5, 5000, bool_(False)),
                ],
            )
        )
        downgrade(directory=str(MIGRATIONS), revision="0010")
        back = rows("SELECT folded, shown, channel, count FROM search_misses ORDER BY folded")
        assert back == [("buoi dien", "Bưởi Diễn", "web", 7), ("ca thu", "cá thu", "web", 1)]


def bool_(value: bool) -> Any:
    """As the open database gives truths."""
    return int(value) if db.db.engine.dialect.name == "sqlite" else value
