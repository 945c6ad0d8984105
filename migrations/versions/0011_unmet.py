"""What was wanted and not had: single asks, the sums of days, the secrets of visitors. What searches missed moves in."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KINDS = (
    "kind IN ('search_nothing', 'search_sold_out', 'page_sold_out', 'basket_cut', 'hold_lapsed', 'wait_list', 'till_asked', "
    "'booth_empty', 'refused')"
)
CHANNELS = "channel IN ('web', 'till', 'fair', 'office')"
VIETNAM = timedelta(hours=7)


def _id() -> sa.types.TypeEngine:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "unmet_asks",
        sa.Column("id", _id(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("channel", sa.String(length=24), nullable=False),
        sa.Column("product_id", _id(), nullable=True),
        sa.Column("variant_id", _id(), nullable=True),
        sa.Column("text", sa.String(length=80), nullable=True),
        sa.Column("words", sa.String(length=80), nullable=True),
        sa.Column("point_id", _id(), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_amount", sa.BigInteger(), nullable=True),
        sa.Column("lost_units", sa.BigInteger(), nullable=False),
        sa.Column("lost_amount", sa.BigInteger(), nullable=False),
        sa.Column("visitor_key", sa.String(length=40), nullable=True),
        sa.Column("reference", sa.String(length=80), nullable=True),
        sa.Column("once", sa.String(length=255), nullable=False),
        sa.CheckConstraint(CHANNELS, name=op.f("ck_unmet_asks_channel_known")),
        sa.CheckConstraint(KINDS, name=op.f("ck_unmet_asks_kind_known")),
        sa.CheckConstraint("lost_units >= 0 AND lost_amount >= 0", name=op.f("ck_unmet_asks_lost_whole")),
        sa.CheckConstraint("product_id IS NOT NULL OR text IS NOT NULL", name=op.f("ck_unmet_asks_something")),
        sa.CheckConstraint("quantity >= 1", name=op.f("ck_unmet_asks_quantity_positive")),
        sa.CheckConstraint("unit_amount IS NULL OR unit_amount >= 0", name=op.f("ck_unmet_asks_price_whole")),
        sa.CheckConstraint(
            "variant_id IS NULL OR product_id IS NOT NULL", name=op.f("ck_unmet_asks_variant_has_product")
        ),
        sa.ForeignKeyConstraint(["point_id"], ["points.id"], name=op.f("fk_unmet_asks_point_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_unmet_asks_product_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_unmet_asks_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unmet_asks")),
        sa.UniqueConstraint("once", name=op.f("uq_unmet_asks_once")),
    )
    with op.batch_alter_table("unmet_asks", schema=None) as batch_op:
        batch_op.create_index("ix_unmet_asks_day", ["day", "id"], unique=False)
        batch_op.create_index("ix_unmet_asks_product", ["product_id", "day"], unique=False)
        batch_op.create_index("ix_unmet_asks_visitor", ["visitor_key", "day"], unique=False)
    op.create_table(
        "unmet_days",
        sa.Column("id", _id(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("channel", sa.String(length=24), nullable=False),
        sa.Column("product_id", _id(), nullable=True),
        sa.Column("variant_id", _id(), nullable=True),
        sa.Column("text", sa.String(length=80), nullable=True),
        sa.Column("words", sa.String(length=80), nullable=True),
        sa.Column("point_id", _id(), nullable=True),
        sa.Column("asks", sa.Integer(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("lost_units", sa.BigInteger(), nullable=False),
        sa.Column("lost_amount", sa.BigInteger(), nullable=False),
        sa.Column("has_asks", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.CheckConstraint(
            "asks >= 0 AND units >= 0 AND lost_units >= 0 AND lost_amount >= 0", name=op.f("ck_unmet_days_sums_whole")
        ),
        sa.CheckConstraint(CHANNELS, name=op.f("ck_unmet_days_channel_known")),
        sa.CheckConstraint(KINDS, name=op.f("ck_unmet_days_kind_known")),
        sa.CheckConstraint("product_id IS NOT NULL OR text IS NOT NULL", name=op.f("ck_unmet_days_something")),
        sa.ForeignKeyConstraint(["point_id"], ["points.id"], name=op.f("fk_unmet_days_point_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_unmet_days_product_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_unmet_days_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unmet_days")),
        sa.UniqueConstraint("key", name=op.f("uq_unmet_days_key")),
    )
    with op.batch_alter_table("unmet_days", schema=None) as batch_op:
        batch_op.create_index("ix_unmet_days_day", ["day", "kind"], unique=False)
        batch_op.create_index("ix_unmet_days_product", ["product_id", "day"], unique=False)
        batch_op.create_index("ix_unmet_days_variant", ["variant_id", "day"], unique=False)
    op.create_table(
        "unmet_keys",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_unmet_keys")),
    )
    _take_over()
    with op.batch_alter_table("search_misses", schema=None) as batch_op:
        batch_op.drop_index("ix_search_misses_day")
    op.drop_table("search_misses")


def _days() -> sa.Table:
    return sa.table(
        "unmet_days",
        *(
            sa.column(name, kind)
            for name, kind in {
                "key": sa.String(), "day": sa.Date(), "kind": sa.String(), "channel": sa.String(), "product_id": sa.BigInteger(),
                "variant_id": sa.BigInteger(), "text": sa.String(), "words": sa.String(), "point_id": sa.BigInteger(),
                "asks": sa.Integer(), "units": sa.BigInteger(), "lost_units": sa.BigInteger(), "lost_amount": sa.BigInteger(),
                "has_asks": sa.Boolean(),
            }.items()
        ),
    )  # type: ignore[return-value]  # fmt: skip


def _take_over() -> None:
    """Sums of what was counted before: searches at their share of 5 %, questions at counters whole; prices of then are not
    known. No single asks belong to them."""
    link = op.get_bind()
    rows: dict[str, dict[str, Any]] = {}
    misses = sa.table(
        "search_misses", sa.column("day", sa.Date()), sa.column("folded"), sa.column("shown"), sa.column("count")
    )
    for day, folded, shown, n in link.execute(sa.select(misses.c.day, misses.c.folded, misses.c.shown, misses.c.count)):
        key = f"{day}|search_nothing|web||||{folded}"
        row = rows.setdefault(key, _row(key, day, "search_nothing", "web", text=folded, words=shown))
        for name, value in (("asks", n), ("units", n), ("lost_units", n * 50)):
            row[name] += value
    asked = sa.text(
        "SELECT a.at, p.kind AS point_kind, a.variant_id, v.product_id, a.folded, a.words, a.point_id, a.quantity "
        "FROM till_asks a JOIN points p ON p.id = a.point_id LEFT JOIN variants v ON v.id = a.variant_id ORDER BY a.id"
    )
    for at, kind, variant_id, product_id, folded, words, point_id, quantity in link.execute(asked):
        when = datetime.fromisoformat(at).replace(tzinfo=UTC) if isinstance(at, str) else at
        day = (when.astimezone(UTC) + VIETNAM).date()
        channel = "fair" if kind == "fair" else "till"
        text = None if variant_id else (folded or "")[:80].strip()
        if not variant_id and (not text or _personal(words or "")):
            continue
        parts = (day, "till_asked", channel, product_id, variant_id, point_id, text)
        key = "|".join("" if part is None else str(part) for part in parts)
        made = _row(
            key, day, "till_asked", channel, text=text, words=(words or "")[:80].strip() if text else None,
            product_id=product_id, variant_id=variant_id, point_id=point_id,
        )  # fmt: skip
        row = rows.setdefault(key, made)
        for name, value in (("asks", 1), ("units", quantity), ("lost_units", quantity * 1000)):
            row[name] += value
    found = list(rows.values())
    for start in range(0, len(found), 500):
        link.execute(sa.insert(_days()), found[start : start + 500])


def _personal(words: str) -> bool:
    """An address or a number of seven digits may name a person; such words are not taken over."""
    return "@" in words or sum(c.isdigit() for c in words) >= 7


def _row(key: str, day: Any, kind: str, channel: str, **about: Any) -> dict[str, Any]:
    nothing = {"product_id": None, "variant_id": None, "text": None, "words": None, "point_id": None}
    sums = {"asks": 0, "units": 0, "lost_units": 0, "lost_amount": 0, "has_asks": False}
    return {"key": key, "day": day, "kind": kind, "channel": channel} | nothing | sums | about


def downgrade() -> None:
    op.create_table(
        "search_misses",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("folded", sa.String(length=80), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("shown", sa.String(length=80), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "folded", "channel", name=op.f("pk_search_misses")),
    )
    with op.batch_alter_table("search_misses", schema=None) as batch_op:
        batch_op.create_index("ix_search_misses_day", ["day", "count"], unique=False)
    link, t = op.get_bind(), _days().c
    sums: dict[tuple[Any, str], list[Any]] = defaultdict(lambda: ["", 0])
    kept = sa.select(t.day, t.text, t.words, t.asks).where(t.kind == "search_nothing", t.text.is_not(None))
    for day, text, words, asks in link.execute(kept):
        sums[day, text] = [words or text, sums[day, text][1] + asks]
    misses = sa.table(
        "search_misses", sa.column("day", sa.Date()), sa.column("folded"), sa.column("channel"), sa.column("shown"),
        sa.column("count"),
    )  # fmt: skip
    rows = [
        {"day": day, "folded": text, "channel": "web", "shown": shown, "count": n}
        for (day, text), (shown, n) in sums.items()
    ]
    for start in range(0, len(rows), 500):
        link.execute(sa.insert(misses), rows[start : start + 500])
    op.drop_table("unmet_keys")
    op.drop_table("unmet_days")
    op.drop_table("unmet_asks")
