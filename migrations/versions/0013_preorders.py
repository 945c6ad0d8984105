"""Harvest windows and pre-orders."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "harvest_windows",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("harvest_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ships", sa.Boolean(), nullable=False),
        sa.Column("low", sa.Integer(), nullable=False),
        sa.Column("high", sa.Integer(), nullable=False),
        sa.Column("limit_units", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("harvest_from", sa.Date(), nullable=False),
        sa.Column("harvest_to", sa.Date(), nullable=False),
        sa.Column("delivery_from", sa.Date(), nullable=False),
        sa.Column("delivery_to", sa.Date(), nullable=False),
        sa.Column("price_low_amount", sa.BigInteger(), nullable=False),
        sa.Column("price_high_amount", sa.BigInteger(), nullable=False),
        sa.Column("deposit_percent", sa.Integer(), nullable=False),
        sa.Column("household_limit", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=24), nullable=False),
        sa.Column("localities", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("seed", sa.String(length=80), nullable=False),
        sa.Column("seed_hash", sa.String(length=80), nullable=False),
        sa.Column("harvested", sa.Integer(), nullable=True),
        sa.Column("final_price_amount", sa.BigInteger(), nullable=True),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "rule IN ('first_come', 'one_each', 'pro_rata', 'draw', 'locals_first')",
            name=op.f("ck_harvest_windows_rule_known"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'proposed', 'open', 'closed', 'harvested', 'shared', 'done', 'cancelled')",
            name=op.f("ck_harvest_windows_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('harvested', 'shared', 'done') OR (harvested IS NOT NULL AND final_price_amount IS NOT NULL)",
            name=op.f("ck_harvest_windows_harvest_known"),
        ),
        sa.CheckConstraint("0 < low AND low <= high", name=op.f("ck_harvest_windows_range")),
        sa.CheckConstraint(
            "0 < price_low_amount AND price_low_amount <= price_high_amount",
            name=op.f("ck_harvest_windows_price_range"),
        ),
        sa.CheckConstraint("0 <= taken AND taken <= limit_units", name=op.f("ck_harvest_windows_taken_within_limit")),
        sa.CheckConstraint("closes_at > opens_at", name=op.f("ck_harvest_windows_span")),
        sa.CheckConstraint("delivery_from >= harvest_from", name=op.f("ck_harvest_windows_delivered_after_harvest")),
        sa.CheckConstraint("deposit_percent BETWEEN 0 AND 50", name=op.f("ck_harvest_windows_deposit_fair")),
        sa.CheckConstraint(
            "final_price_amount IS NULL OR (final_price_amount > 0 AND final_price_amount <= price_high_amount)",
            name=op.f("ck_harvest_windows_price_kept"),
        ),
        sa.CheckConstraint(
            "harvest_to >= harvest_from AND delivery_to >= delivery_from", name=op.f("ck_harvest_windows_days_in_order")
        ),
        sa.CheckConstraint("harvested IS NULL OR harvested >= 0", name=op.f("ck_harvest_windows_harvest_whole")),
        sa.CheckConstraint("household_limit > 0", name=op.f("ck_harvest_windows_household_positive")),
        sa.CheckConstraint("limit_units BETWEEN low AND high", name=op.f("ck_harvest_windows_limit_in_range")),
        sa.ForeignKeyConstraint(["harvest_id"], ["harvests.id"], name=op.f("fk_harvest_windows_harvest_id")),
        sa.ForeignKeyConstraint(["point_id"], ["points.id"], name=op.f("fk_harvest_windows_point_id")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_harvest_windows_producer_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_harvest_windows_product_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_harvest_windows_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_harvest_windows")),
        sa.UniqueConstraint("reference", name=op.f("uq_harvest_windows_reference")),
    )
    with op.batch_alter_table("harvest_windows", schema=None) as batch_op:
        batch_op.create_index("ix_harvest_windows_producer", ["producer_id", "id"], unique=False)
        batch_op.create_index("ix_harvest_windows_state", ["state", "closes_at"], unique=False)
        batch_op.create_index("ix_harvest_windows_variant", ["variant_id", "state"], unique=False)

    op.create_table(
        "harvest_window_points",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("window_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["point_id"], ["points.id"], name=op.f("fk_harvest_window_points_point_id")),
        sa.ForeignKeyConstraint(["window_id"], ["harvest_windows.id"], name=op.f("fk_harvest_window_points_window_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_harvest_window_points")),
        sa.UniqueConstraint("window_id", "point_id", name=op.f("uq_harvest_window_points_window_id_point_id")),
    )
    with op.batch_alter_table("harvest_window_points", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_harvest_window_points_point_id"), ["point_id"], unique=False)

    op.create_table(
        "harvest_window_steps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("window_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("from_state", sa.String(length=20), nullable=False),
        sa.Column("to_state", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("told", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["window_id"], ["harvest_windows.id"], name=op.f("fk_harvest_window_steps_window_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_harvest_window_steps")),
    )
    with op.batch_alter_table("harvest_window_steps", schema=None) as batch_op:
        batch_op.create_index("ix_harvest_window_steps_window", ["window_id", "id"], unique=False)

    op.create_table(
        "preorders",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("secret_hash", sa.String(length=80), nullable=False),
        sa.Column("window_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("hold_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("locale", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=True),
        sa.Column("delivery", sa.String(length=24), nullable=False),
        sa.Column("province_code", sa.String(length=20), nullable=True),
        sa.Column("province_name", sa.String(length=255), nullable=True),
        sa.Column("commune_code", sa.String(length=20), nullable=True),
        sa.Column("commune_name", sa.String(length=255), nullable=True),
        sa.Column("street", sa.String(length=255), nullable=True),
        sa.Column("address_folded", sa.String(length=255), nullable=True),
        sa.Column("pickup_point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("fee_amount", sa.BigInteger(), nullable=False),
        sa.Column("rest_method", sa.String(length=24), nullable=False),
        sa.Column("on_short", sa.String(length=24), nullable=False),
        sa.Column("deposit_order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("deposit_amount", sa.BigInteger(), nullable=False),
        sa.Column("used_amount", sa.BigInteger(), nullable=False),
        sa.Column("returned_amount", sa.BigInteger(), nullable=False),
        sa.Column("back_amount", sa.BigInteger(), nullable=False),
        sa.Column("sent_amount", sa.BigInteger(), nullable=False),
        sa.Column("credit_amount", sa.BigInteger(), nullable=False),
        sa.Column("credit_units", sa.Integer(), nullable=False),
        sa.Column("moved_amount", sa.BigInteger(), nullable=False),
        sa.Column("carried_from_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("allotted", sa.Integer(), nullable=True),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(state = 'shared') = (allotted IS NOT NULL)", name=op.f("ck_preorders_allotted_when_shared")
        ),
        sa.CheckConstraint("(state = 'waiting') = (hold_until IS NOT NULL)", name=op.f("ck_preorders_waits_until")),
        sa.CheckConstraint("delivery IN ('ship', 'pickup')", name=op.f("ck_preorders_delivery_known")),
        sa.CheckConstraint("on_short IN ('refund', 'carry')", name=op.f("ck_preorders_on_short_known")),
        sa.CheckConstraint(
            "rest_method IN ('cod', 'vietqr', 'card', 'cash', 'terminal', 'mixed')",
            name=op.f("ck_preorders_rest_method_known"),
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'confirmed', 'shared', 'lapsed', 'left', 'called_off')",
            name=op.f("ck_preorders_state_known"),
        ),
        sa.CheckConstraint(
            "allotted IS NULL OR (allotted >= 0 AND allotted <= quantity)", name=op.f("ck_preorders_allotted_within")
        ),
        sa.CheckConstraint(
            "deposit_amount = 0 OR deposit_order_id IS NOT NULL", name=op.f("ck_preorders_deposit_has_its_order")
        ),
        sa.CheckConstraint(
            "deposit_amount >= 0 AND used_amount >= 0 AND back_amount >= 0 AND sent_amount >= 0 AND credit_amount >= 0"
            " AND moved_amount >= 0 AND returned_amount >= 0 AND credit_units >= 0",
            name=op.f("ck_preorders_amounts_whole"),
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_preorders_quantity_positive")),
        sa.CheckConstraint(
            "sent_amount <= back_amount AND returned_amount <= used_amount", name=op.f("ck_preorders_parts_within")
        ),
        sa.CheckConstraint(
            "used_amount - returned_amount + back_amount + credit_amount + moved_amount <= deposit_amount",
            name=op.f("ck_preorders_deposit_holds_its_parts"),
        ),
        sa.ForeignKeyConstraint(["carried_from_id"], ["preorders.id"], name=op.f("fk_preorders_carried_from_id")),
        sa.ForeignKeyConstraint(["deposit_order_id"], ["orders.id"], name=op.f("fk_preorders_deposit_order_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_preorders_order_id")),
        sa.ForeignKeyConstraint(["pickup_point_id"], ["points.id"], name=op.f("fk_preorders_pickup_point_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_preorders_user_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_preorders_variant_id")),
        sa.ForeignKeyConstraint(["window_id"], ["harvest_windows.id"], name=op.f("fk_preorders_window_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preorders")),
        sa.UniqueConstraint("order_id", name=op.f("uq_preorders_order_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_preorders_reference")),
    )
    with op.batch_alter_table("preorders", schema=None) as batch_op:
        batch_op.create_index("ix_preorders_credit", ["variant_id", "credit_amount"], unique=False)
        batch_op.create_index("ix_preorders_deposit", ["deposit_order_id"], unique=False)
        batch_op.create_index("ix_preorders_ended", ["ended_at"], unique=False)
        batch_op.create_index("ix_preorders_hold", ["state", "hold_until"], unique=False)
        batch_op.create_index("ix_preorders_user", ["user_id", "id"], unique=False)
        batch_op.create_index("ix_preorders_window", ["window_id", "state", "id"], unique=False)


def downgrade() -> None:
    for table in ("preorders", "harvest_window_steps", "harvest_window_points", "harvest_windows"):
        op.drop_table(table)
