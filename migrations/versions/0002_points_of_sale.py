"""Goods at many points: lots with names, transfers, receipts, counts, the counter, recalls."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


COUNTER = ("cash", "terminal", "mixed")
METHODS = (("orders", "payment_method"), ("payments", "method"))


def ways_to_pay(*more: str) -> None:
    """Let the columns of ways to pay hold those of the web and `more`."""
    allowed = ", ".join(f"'{way}'" for way in ("cod", "vietqr", "card", *more))
    for table, column in METHODS:
        known = op.f(f"ck_{table}_{column}_known")
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_constraint(known, type_="check")
            batch_op.create_check_constraint(known, f"{column} IN ({allowed})")


def upgrade() -> None:
    ways_to_pay(*COUNTER)
    op.create_table(
        "till_pins",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("salt", sa.String(length=80), nullable=False),
        sa.Column("hash", sa.String(length=80), nullable=False),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_till_pins_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_till_pins")),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("terms", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("expected_on", sa.Date(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=40), nullable=False),
        sa.Column("created_label", sa.String(length=255), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_label", sa.String(length=255), nullable=True),
        sa.Column("close_note", sa.Text(), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "state IN ('expected', 'partly', 'received', 'cancelled')", name=op.f("ck_deliveries_state_known")
        ),
        sa.CheckConstraint("terms IN ('purchase', 'consignment')", name=op.f("ck_deliveries_terms_known")),
        sa.ForeignKeyConstraint(["point_id"], ["points.id"], name=op.f("fk_deliveries_point_id")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_deliveries_producer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("reference", name=op.f("uq_deliveries_reference")),
    )
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.create_index("ix_deliveries_point", ["point_id", "state", "expected_on"], unique=False)
        batch_op.create_index("ix_deliveries_producer", ["producer_id", "id"], unique=False)

    op.create_table(
        "inspections",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("edition", sa.String(length=40), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("inspector", sa.String(length=255), nullable=False),
        sa.Column("result", sa.String(length=24), nullable=False),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint("result IN ('meets', 'fails', 'incomplete')", name=op.f("ck_inspections_result_known")),
        sa.ForeignKeyConstraint(["point_id"], ["points.id"], name=op.f("fk_inspections_point_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspections")),
    )
    with op.batch_alter_table("inspections", schema=None) as batch_op:
        batch_op.create_index("ix_inspections_point", ["point_id", "held_on", "id"], unique=False)

    op.create_table(
        "stock_counts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("shelf", sa.String(length=255), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.String(length=40), nullable=False),
        sa.Column("opened_label", sa.String(length=255), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_by", sa.String(length=40), nullable=True),
        sa.Column("submitted_label", sa.String(length=255), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_label", sa.String(length=255), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('full', 'shelf')", name=op.f("ck_stock_counts_kind_known")),
        sa.CheckConstraint(
            "state IN ('open', 'submitted', 'done', 'cancelled')", name=op.f("ck_stock_counts_state_known")
        ),
        sa.ForeignKeyConstraint(["point_id"], ["points.id"], name=op.f("fk_stock_counts_point_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_counts")),
        sa.UniqueConstraint("reference", name=op.f("uq_stock_counts_reference")),
    )
    with op.batch_alter_table("stock_counts", schema=None) as batch_op:
        batch_op.create_index("ix_stock_counts_point", ["point_id", "state", "id"], unique=False)

    op.create_table(
        "till_devices",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token_hash", sa.String(length=80), nullable=True),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_hash", sa.String(length=80), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["point_id"], ["points.id"], name=op.f("fk_till_devices_point_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_till_devices")),
        sa.UniqueConstraint("code", name=op.f("uq_till_devices_code")),
        sa.UniqueConstraint("revoked_hash", name=op.f("uq_till_devices_revoked_hash")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_till_devices_token_hash")),
    )
    with op.batch_alter_table("till_devices", schema=None) as batch_op:
        batch_op.create_index("ix_till_devices_point", ["point_id"], unique=False)

    op.create_table(
        "transfers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("from_point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("to_point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("arrivals", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "status IN ('asked', 'approved', 'refused', 'packed', 'on_the_road', 'received', 'closed', 'cancelled')",
            name=op.f("ck_transfers_status_known"),
        ),
        sa.CheckConstraint("arrivals >= 0", name=op.f("ck_transfers_arrivals_counted")),
        sa.CheckConstraint("from_point_id <> to_point_id", name=op.f("ck_transfers_goes_somewhere")),
        sa.ForeignKeyConstraint(["from_point_id"], ["points.id"], name=op.f("fk_transfers_from_point_id")),
        sa.ForeignKeyConstraint(["to_point_id"], ["points.id"], name=op.f("fk_transfers_to_point_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
        sa.UniqueConstraint("reference", name=op.f("uq_transfers_reference")),
    )
    with op.batch_alter_table("transfers", schema=None) as batch_op:
        batch_op.create_index("ix_transfers_from", ["from_point_id", "id"], unique=False)
        batch_op.create_index("ix_transfers_status", ["status", "due_on"], unique=False)
        batch_op.create_index("ix_transfers_to", ["to_point_id", "id"], unique=False)

    op.create_table(
        "inspection_findings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("inspection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("verdict", sa.String(length=24), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("photo_key", sa.String(length=255), nullable=True),
        sa.CheckConstraint(
            "verdict IN ('met', 'not_met', 'not_seen')", name=op.f("ck_inspection_findings_verdict_known")
        ),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspections.id"], name=op.f("fk_inspection_findings_inspection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection_findings")),
        sa.UniqueConstraint("inspection_id", "code", name=op.f("uq_inspection_findings_inspection_id_code")),
    )
    op.create_table(
        "receipts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("paper_number", sa.String(length=80), nullable=True),
        sa.Column("paper_key", sa.String(length=255), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("op_key", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name=op.f("fk_receipts_delivery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipts")),
        sa.UniqueConstraint("op_key", name=op.f("uq_receipts_op_key")),
    )
    with op.batch_alter_table("receipts", schema=None) as batch_op:
        batch_op.create_index("ix_receipts_delivery", ["delivery_id", "id"], unique=False)

    op.create_table(
        "till_enrol_codes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code_hash", sa.String(length=80), nullable=False),
        sa.Column("created_by", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["till_devices.id"], name=op.f("fk_till_enrol_codes_device_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_till_enrol_codes")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_till_enrol_codes_code_hash")),
    )
    with op.batch_alter_table("till_enrol_codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_till_enrol_codes_device_id"), ["device_id"], unique=False)
        batch_op.create_index("ix_till_enrol_codes_live", ["used_at", "expires_at"], unique=False)

    op.create_table(
        "till_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uuid", sa.String(length=40), nullable=False),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("result", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.Column("body", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(length=255), nullable=True),
        sa.Column("settlement", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('session-open', 'session-close', 'cash', 'sale', 'return', 'ask')",
            name=op.f("ck_till_events_kind_known"),
        ),
        sa.CheckConstraint("state IN ('done', 'refused')", name=op.f("ck_till_events_state_known")),
        sa.ForeignKeyConstraint(["device_id"], ["till_devices.id"], name=op.f("fk_till_events_device_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_till_events")),
        sa.UniqueConstraint("uuid", name=op.f("uq_till_events_uuid")),
    )
    with op.batch_alter_table("till_events", schema=None) as batch_op:
        batch_op.create_index("ix_till_events_device", ["device_id", "seq"], unique=False)
        batch_op.create_index("ix_till_events_state", ["state", "settled_at", "id"], unique=False)

    op.create_table(
        "till_gaps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=255), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('seq', 'number')", name=op.f("ck_till_gaps_kind_known")),
        sa.CheckConstraint("first <= last", name=op.f("ck_till_gaps_span")),
        sa.ForeignKeyConstraint(["device_id"], ["till_devices.id"], name=op.f("fk_till_gaps_device_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_till_gaps")),
    )
    with op.batch_alter_table("till_gaps", schema=None) as batch_op:
        batch_op.create_index("ix_till_gaps_device", ["device_id", "kind", "first"], unique=False)
        batch_op.create_index("ix_till_gaps_open", ["closed_at", "id"], unique=False)

    op.create_table(
        "till_sessions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uuid", sa.String(length=40), nullable=False),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("keeper_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("keeper_name", sa.String(length=255), nullable=False),
        sa.Column("float_amount", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("close_received_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("float_amount >= 0", name=op.f("ck_till_sessions_float_whole")),
        sa.ForeignKeyConstraint(["device_id"], ["till_devices.id"], name=op.f("fk_till_sessions_device_id")),
        sa.ForeignKeyConstraint(["keeper_id"], ["users.id"], name=op.f("fk_till_sessions_keeper_id")),
        sa.ForeignKeyConstraint(["point_id"], ["points.id"], name=op.f("fk_till_sessions_point_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_till_sessions")),
        sa.UniqueConstraint("uuid", name=op.f("uq_till_sessions_uuid")),
    )
    with op.batch_alter_table("till_sessions", schema=None) as batch_op:
        batch_op.create_index("ix_till_sessions_device", ["device_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_till_sessions_keeper_id"), ["keeper_id"], unique=False)
        batch_op.create_index("ix_till_sessions_point", ["point_id", "id"], unique=False)
        batch_op.create_index(
            "uq_till_sessions_open",
            ["device_id"],
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.create_table(
        "transfer_arrivals",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("transfer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfers.id"], name=op.f("fk_transfer_arrivals_transfer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_arrivals")),
        sa.UniqueConstraint("transfer_id", "number", name=op.f("uq_transfer_arrivals_transfer_id_number")),
    )
    op.create_table(
        "transfer_steps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("transfer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("from_status", sa.String(length=20), nullable=False),
        sa.Column("to_status", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfers.id"], name=op.f("fk_transfer_steps_transfer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_steps")),
    )
    with op.batch_alter_table("transfer_steps", schema=None) as batch_op:
        batch_op.create_index("ix_transfer_steps_transfer", ["transfer_id", "id"], unique=False)

    op.create_table(
        "delivery_lines",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_cost_amount", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_delivery_lines_quantity_positive")),
        sa.CheckConstraint("unit_cost_amount >= 0", name=op.f("ck_delivery_lines_cost_whole")),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name=op.f("fk_delivery_lines_delivery_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_delivery_lines_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_lines")),
        sa.UniqueConstraint("delivery_id", "variant_id", name=op.f("uq_delivery_lines_delivery_id_variant_id")),
    )
    op.create_table(
        "stock_targets",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("minimum", sa.Integer(), nullable=False),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=255), nullable=False),
        sa.CheckConstraint(
            "minimum >= 0 AND minimum <= target AND target > 0", name=op.f("ck_stock_targets_minimum_within_target")
        ),
        sa.ForeignKeyConstraint(["point_id"], ["points.id"], name=op.f("fk_stock_targets_point_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_stock_targets_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_targets")),
        sa.UniqueConstraint("point_id", "variant_id", name=op.f("uq_stock_targets_point_id_variant_id")),
    )
    with op.batch_alter_table("stock_targets", schema=None) as batch_op:
        batch_op.create_index("ix_stock_targets_variant", ["variant_id"], unique=False)

    op.create_table(
        "till_asks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("words", sa.String(length=255), nullable=True),
        sa.Column("folded", sa.String(length=255), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_till_asks_quantity_positive")),
        sa.CheckConstraint("variant_id IS NOT NULL OR words IS NOT NULL", name=op.f("ck_till_asks_something")),
        sa.ForeignKeyConstraint(["device_id"], ["till_devices.id"], name=op.f("fk_till_asks_device_id")),
        sa.ForeignKeyConstraint(["event_id"], ["till_events.id"], name=op.f("fk_till_asks_event_id")),
        sa.ForeignKeyConstraint(["point_id"], ["points.id"], name=op.f("fk_till_asks_point_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_till_asks_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_till_asks")),
        sa.UniqueConstraint("event_id", name=op.f("uq_till_asks_event_id")),
    )
    with op.batch_alter_table("till_asks", schema=None) as batch_op:
        batch_op.create_index("ix_till_asks_point", ["point_id", "id"], unique=False)
        batch_op.create_index("ix_till_asks_variant", ["variant_id"], unique=False)

    op.create_table(
        "till_closings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("counted", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("counted_amount", sa.BigInteger(), nullable=False),
        sa.Column("float_amount", sa.BigInteger(), nullable=False),
        sa.Column("expected_amount", sa.BigInteger(), nullable=False),
        sa.Column("variance_amount", sa.BigInteger(), nullable=False),
        sa.Column("tenders_until", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("counted_amount >= 0", name=op.f("ck_till_closings_counted_whole")),
        sa.CheckConstraint(
            "variance_amount = counted_amount - expected_amount", name=op.f("ck_till_closings_variance_adds_up")
        ),
        sa.ForeignKeyConstraint(["event_id"], ["till_events.id"], name=op.f("fk_till_closings_event_id")),
        sa.ForeignKeyConstraint(["session_id"], ["till_sessions.id"], name=op.f("fk_till_closings_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_till_closings")),
    )
    with op.batch_alter_table("till_closings", schema=None) as batch_op:
        batch_op.create_index("ix_till_closings_session", ["session_id", "id"], unique=False)

    op.create_table(
        "till_notices",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("detail", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=255), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["till_devices.id"], name=op.f("fk_till_notices_device_id")),
        sa.ForeignKeyConstraint(["event_id"], ["till_events.id"], name=op.f("fk_till_notices_event_id")),
        sa.ForeignKeyConstraint(["session_id"], ["till_sessions.id"], name=op.f("fk_till_notices_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_till_notices")),
    )
    with op.batch_alter_table("till_notices", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_till_notices_device_id"), ["device_id"], unique=False)
        batch_op.create_index("ix_till_notices_open", ["closed_at", "id"], unique=False)

    op.create_table(
        "till_sales",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("keeper_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("keeper_name", sa.String(length=255), nullable=False),
        sa.Column("discount_reason", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["till_devices.id"], name=op.f("fk_till_sales_device_id")),
        sa.ForeignKeyConstraint(["event_id"], ["till_events.id"], name=op.f("fk_till_sales_event_id")),
        sa.ForeignKeyConstraint(["keeper_id"], ["users.id"], name=op.f("fk_till_sales_keeper_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_till_sales_order_id")),
        sa.ForeignKeyConstraint(["session_id"], ["till_sessions.id"], name=op.f("fk_till_sales_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_till_sales")),
        sa.UniqueConstraint("event_id", name=op.f("uq_till_sales_event_id")),
        sa.UniqueConstraint("number", name=op.f("uq_till_sales_number")),
        sa.UniqueConstraint("order_id", name=op.f("uq_till_sales_order_id")),
    )
    with op.batch_alter_table("till_sales", schema=None) as batch_op:
        batch_op.create_index("ix_till_sales_device", ["device_id", "sequence"], unique=True)
        batch_op.create_index("ix_till_sales_session", ["session_id", "id"], unique=False)

    op.create_table(
        "transfer_lines",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("transfer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("approved", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "approved IS NULL OR (approved >= 0 AND approved <= asked)",
            name=op.f("ck_transfer_lines_approved_within_asked"),
        ),
        sa.CheckConstraint("asked > 0", name=op.f("ck_transfer_lines_asked_positive")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfers.id"], name=op.f("fk_transfer_lines_transfer_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_transfer_lines_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_lines")),
        sa.UniqueConstraint("transfer_id", "variant_id", name=op.f("uq_transfer_lines_transfer_id_variant_id")),
    )
    with op.batch_alter_table("transfer_lines", schema=None) as batch_op:
        batch_op.create_index("ix_transfer_lines_variant", ["variant_id"], unique=False)

    op.create_table(
        "lot_papers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("number", sa.String(length=80), nullable=True),
        sa.Column("issuer", sa.String(length=255), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("file_key", sa.String(length=255), nullable=True),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('test', 'declaration', 'food_safety', 'origin', 'other')", name=op.f("ck_lot_papers_kind_known")
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_lot_papers_lot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot_papers")),
    )
    with op.batch_alter_table("lot_papers", schema=None) as batch_op:
        batch_op.create_index("ix_lot_papers_lot", ["lot_id", "id"], unique=False)

    op.create_table(
        "recalls",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("lot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("advice", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by", sa.String(length=255), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=255), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.CheckConstraint("(closed_at IS NULL) = (summary IS NULL)", name=op.f("ck_recalls_closed_with_summary")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_recalls_lot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recalls")),
        sa.UniqueConstraint("lot_id", name=op.f("uq_recalls_lot_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_recalls_reference")),
    )
    with op.batch_alter_table("recalls", schema=None) as batch_op:
        batch_op.create_index("ix_recalls_closed", ["closed_at", "id"], unique=False)

    op.create_table(
        "till_returns",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sale_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("keeper_name", sa.String(length=255), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["till_events.id"], name=op.f("fk_till_returns_event_id")),
        sa.ForeignKeyConstraint(["sale_id"], ["till_sales.id"], name=op.f("fk_till_returns_sale_id")),
        sa.ForeignKeyConstraint(["session_id"], ["till_sessions.id"], name=op.f("fk_till_returns_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_till_returns")),
        sa.UniqueConstraint("event_id", name=op.f("uq_till_returns_event_id")),
    )
    with op.batch_alter_table("till_returns", schema=None) as batch_op:
        batch_op.create_index("ix_till_returns_sale", ["sale_id"], unique=False)
        batch_op.create_index("ix_till_returns_session", ["session_id", "id"], unique=False)

    op.create_table(
        "till_shortages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("sale_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("level_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("claimed", sa.Integer(), nullable=False),
        sa.Column("settled", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=255), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('open', 'owed', 'found', 'short')", name=op.f("ck_till_shortages_state_known")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_till_shortages_quantity_positive")),
        sa.CheckConstraint("settled >= 0 AND settled <= quantity", name=op.f("ck_till_shortages_settled_within")),
        sa.ForeignKeyConstraint(["point_id"], ["points.id"], name=op.f("fk_till_shortages_point_id")),
        sa.ForeignKeyConstraint(["sale_id"], ["till_sales.id"], name=op.f("fk_till_shortages_sale_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_till_shortages_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_till_shortages")),
        sa.UniqueConstraint("reference", name=op.f("uq_till_shortages_reference")),
    )
    with op.batch_alter_table("till_shortages", schema=None) as batch_op:
        batch_op.create_index("ix_till_shortages_point", ["point_id", "state"], unique=False)
        batch_op.create_index(batch_op.f("ix_till_shortages_sale_id"), ["sale_id"], unique=False)
        batch_op.create_index("ix_till_shortages_state", ["state", "id"], unique=False)

    op.create_table(
        "recall_buyers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("recall_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("reach", sa.String(length=24), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_by", sa.String(length=255), nullable=True),
        sa.Column("back", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("reach IN ('letter', 'call', 'nobody')", name=op.f("ck_recall_buyers_reach_known")),
        sa.CheckConstraint(
            "quantity > 0 AND back >= 0 AND back <= quantity", name=op.f("ck_recall_buyers_back_within_quantity")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_recall_buyers_order_id")),
        sa.ForeignKeyConstraint(["recall_id"], ["recalls.id"], name=op.f("fk_recall_buyers_recall_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recall_buyers")),
        sa.UniqueConstraint("recall_id", "order_id", name=op.f("uq_recall_buyers_recall_id_order_id")),
    )
    with op.batch_alter_table("recall_buyers", schema=None) as batch_op:
        batch_op.create_index("ix_recall_buyers_order", ["order_id"], unique=False)

    op.create_table(
        "receipt_lines",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("receipt_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("level_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lot_code", sa.String(length=40), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("unit_cost_amount", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "quantity >= 0 AND refused >= 0 AND quantity + refused > 0", name=op.f("ck_receipt_lines_something_came")
        ),
        sa.CheckConstraint("unit_cost_amount >= 0", name=op.f("ck_receipt_lines_cost_whole")),
        sa.ForeignKeyConstraint(["level_id"], ["stock_levels.id"], name=op.f("fk_receipt_lines_level_id")),
        sa.ForeignKeyConstraint(["line_id"], ["delivery_lines.id"], name=op.f("fk_receipt_lines_line_id")),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipts.id"], name=op.f("fk_receipt_lines_receipt_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_lines")),
    )
    with op.batch_alter_table("receipt_lines", schema=None) as batch_op:
        batch_op.create_index("ix_receipt_lines_line", ["line_id"], unique=False)
        batch_op.create_index("ix_receipt_lines_receipt", ["receipt_id"], unique=False)

    op.create_table(
        "stock_count_lines",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("count_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("level_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=True),
        sa.Column("expected", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counted_by", sa.String(length=40), nullable=True),
        sa.Column("counted_label", sa.String(length=255), nullable=True),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(counted IS NULL) = (expected IS NULL)", name=op.f("ck_stock_count_lines_both_or_none")),
        sa.CheckConstraint("counted >= 0 AND expected >= 0", name=op.f("ck_stock_count_lines_counts_whole")),
        sa.ForeignKeyConstraint(["count_id"], ["stock_counts.id"], name=op.f("fk_stock_count_lines_count_id")),
        sa.ForeignKeyConstraint(["level_id"], ["stock_levels.id"], name=op.f("fk_stock_count_lines_level_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_count_lines")),
        sa.UniqueConstraint("count_id", "level_id", name=op.f("uq_stock_count_lines_count_id_level_id")),
    )
    with op.batch_alter_table("stock_count_lines", schema=None) as batch_op:
        batch_op.create_index("ix_stock_count_lines_level", ["level_id"], unique=False)

    op.create_table(
        "stock_passages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=80), nullable=False),
        sa.Column("level_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("to_level_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("on_road", sa.Integer(), nullable=False),
        sa.Column("lost", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("level_id <> to_level_id", name=op.f("ck_stock_passages_goes_somewhere")),
        sa.CheckConstraint(
            "on_road >= 0 AND lost >= 0 AND on_road + lost <= quantity",
            name=op.f("ck_stock_passages_parts_within_quantity"),
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_stock_passages_quantity_positive")),
        sa.ForeignKeyConstraint(["level_id"], ["stock_levels.id"], name=op.f("fk_stock_passages_level_id")),
        sa.ForeignKeyConstraint(["to_level_id"], ["stock_levels.id"], name=op.f("fk_stock_passages_to_level_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_passages")),
        sa.UniqueConstraint("reference", "level_id", name=op.f("uq_stock_passages_reference_level_id")),
    )
    with op.batch_alter_table("stock_passages", schema=None) as batch_op:
        batch_op.create_index("ix_stock_passages_from", ["level_id", "on_road"], unique=False)
        batch_op.create_index("ix_stock_passages_on_road", ["on_road"], unique=False)
        batch_op.create_index("ix_stock_passages_to", ["to_level_id", "on_road"], unique=False)

    op.create_table(
        "till_lines",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sale_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lot_code", sa.String(length=40), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("net_amount", sa.BigInteger(), nullable=False),
        sa.Column("returned", sa.Integer(), nullable=False),
        sa.CheckConstraint("net_amount >= 0", name=op.f("ck_till_lines_net_whole")),
        sa.CheckConstraint("returned >= 0 AND returned <= quantity", name=op.f("ck_till_lines_returned_within_sold")),
        sa.ForeignKeyConstraint(["order_line_id"], ["order_lines.id"], name=op.f("fk_till_lines_order_line_id")),
        sa.ForeignKeyConstraint(["sale_id"], ["till_sales.id"], name=op.f("fk_till_lines_sale_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_till_lines_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_till_lines")),
        sa.UniqueConstraint("order_line_id", name=op.f("uq_till_lines_order_line_id")),
    )
    with op.batch_alter_table("till_lines", schema=None) as batch_op:
        batch_op.create_index("ix_till_lines_sale", ["sale_id"], unique=False)

    op.create_table(
        "till_tenders",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sale_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("return_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("refund_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("purpose", sa.String(length=24), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("given_amount", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('cash', 'vietqr', 'terminal', 'transfer')", name=op.f("ck_till_tenders_kind_known")
        ),
        sa.CheckConstraint("purpose <> 'drawer' OR kind = 'cash'", name=op.f("ck_till_tenders_drawer_is_cash")),
        sa.CheckConstraint("purpose IN ('sale', 'return', 'drawer')", name=op.f("ck_till_tenders_purpose_known")),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_till_tenders_amount_some")),
        sa.ForeignKeyConstraint(["event_id"], ["till_events.id"], name=op.f("fk_till_tenders_event_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_till_tenders_payment_id")),
        sa.ForeignKeyConstraint(["refund_id"], ["refunds.id"], name=op.f("fk_till_tenders_refund_id")),
        sa.ForeignKeyConstraint(["return_id"], ["till_returns.id"], name=op.f("fk_till_tenders_return_id")),
        sa.ForeignKeyConstraint(["sale_id"], ["till_sales.id"], name=op.f("fk_till_tenders_sale_id")),
        sa.ForeignKeyConstraint(["session_id"], ["till_sessions.id"], name=op.f("fk_till_tenders_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_till_tenders")),
    )
    with op.batch_alter_table("till_tenders", schema=None) as batch_op:
        batch_op.create_index("ix_till_tenders_event", ["event_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_till_tenders_return_id"), ["return_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_till_tenders_sale_id"), ["sale_id"], unique=False)
        batch_op.create_index("ix_till_tenders_session", ["session_id", "id"], unique=False)

    op.create_table(
        "write_offs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("level_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(length=24), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("photo_key", sa.String(length=255), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(length=40), nullable=False),
        sa.Column("asked_label", sa.String(length=255), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_label", sa.String(length=255), nullable=True),
        sa.Column("decision_note", sa.Text(), nullable=True),
        sa.Column("op_key", sa.String(length=80), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint("state IN ('asked', 'booked', 'refused')", name=op.f("ck_write_offs_state_known")),
        sa.CheckConstraint(
            "why IN ('damaged', 'expired', 'recalled', 'tasting', 'lost', 'other')",
            name=op.f("ck_write_offs_why_known"),
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_write_offs_amount_whole")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_write_offs_quantity_positive")),
        sa.ForeignKeyConstraint(["level_id"], ["stock_levels.id"], name=op.f("fk_write_offs_level_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_write_offs")),
        sa.UniqueConstraint("op_key", name=op.f("uq_write_offs_op_key")),
        sa.UniqueConstraint("reference", name=op.f("uq_write_offs_reference")),
    )
    with op.batch_alter_table("write_offs", schema=None) as batch_op:
        batch_op.create_index("ix_write_offs_level", ["level_id"], unique=False)
        batch_op.create_index("ix_write_offs_state", ["state", "id"], unique=False)

    op.create_table(
        "till_return_lines",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("return_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("restock", sa.Boolean(), nullable=False),
        sa.Column("net_amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_till_return_lines_quantity_positive")),
        sa.ForeignKeyConstraint(["line_id"], ["till_lines.id"], name=op.f("fk_till_return_lines_line_id")),
        sa.ForeignKeyConstraint(["return_id"], ["till_returns.id"], name=op.f("fk_till_return_lines_return_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_till_return_lines")),
    )
    with op.batch_alter_table("till_return_lines", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_till_return_lines_line_id"), ["line_id"], unique=False)
        batch_op.create_index("ix_till_return_lines_return", ["return_id"], unique=False)

    op.create_table(
        "transfer_arrival_lines",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("arrival_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("passage_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("good", sa.Integer(), nullable=False),
        sa.Column("damaged", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "damaged + missing = 0 OR reason IS NOT NULL", name=op.f("ck_transfer_arrival_lines_loss_explained")
        ),
        sa.CheckConstraint("good + damaged + missing > 0", name=op.f("ck_transfer_arrival_lines_says_something")),
        sa.CheckConstraint(
            "good >= 0 AND damaged >= 0 AND missing >= 0", name=op.f("ck_transfer_arrival_lines_counts_whole")
        ),
        sa.ForeignKeyConstraint(
            ["arrival_id"], ["transfer_arrivals.id"], name=op.f("fk_transfer_arrival_lines_arrival_id")
        ),
        sa.ForeignKeyConstraint(
            ["passage_id"], ["stock_passages.id"], name=op.f("fk_transfer_arrival_lines_passage_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_arrival_lines")),
        sa.UniqueConstraint("arrival_id", "passage_id", name=op.f("uq_transfer_arrival_lines_arrival_id_passage_id")),
    )
    with op.batch_alter_table("transfer_arrival_lines", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_transfer_arrival_lines_passage_id"), ["passage_id"], unique=False)

    with op.batch_alter_table("lots", schema=None) as batch_op:
        batch_op.add_column(sa.Column("trace_code", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("stop_reason", sa.Text(), nullable=True))
        batch_op.create_index("ix_lots_expires", ["expires_on"], unique=False)
        batch_op.create_index("ix_lots_trace_code", ["trace_code"], unique=True)

    with op.batch_alter_table("points", schema=None) as batch_op:
        batch_op.add_column(sa.Column("web_reserve", sa.Integer(), server_default="0", nullable=False))

    with op.batch_alter_table("stock_levels", schema=None) as batch_op:
        batch_op.add_column(sa.Column("is_stopped", sa.Boolean(), server_default=sa.text("(false)"), nullable=False))
        batch_op.create_index("ix_stock_levels_owner", ["owner"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("stock_levels", schema=None) as batch_op:
        batch_op.drop_index("ix_stock_levels_owner")
        batch_op.drop_column("is_stopped")

    with op.batch_alter_table("points", schema=None) as batch_op:
        batch_op.drop_column("web_reserve")

    with op.batch_alter_table("lots", schema=None) as batch_op:
        batch_op.drop_index("ix_lots_trace_code")
        batch_op.drop_index("ix_lots_expires")
        batch_op.drop_column("stop_reason")
        batch_op.drop_column("stopped_at")
        batch_op.drop_column("trace_code")

    with op.batch_alter_table("transfer_arrival_lines", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_transfer_arrival_lines_passage_id"))

    op.drop_table("transfer_arrival_lines")
    with op.batch_alter_table("till_return_lines", schema=None) as batch_op:
        batch_op.drop_index("ix_till_return_lines_return")
        batch_op.drop_index(batch_op.f("ix_till_return_lines_line_id"))

    op.drop_table("till_return_lines")
    with op.batch_alter_table("write_offs", schema=None) as batch_op:
        batch_op.drop_index("ix_write_offs_state")
        batch_op.drop_index("ix_write_offs_level")

    op.drop_table("write_offs")
    with op.batch_alter_table("till_tenders", schema=None) as batch_op:
        batch_op.drop_index("ix_till_tenders_session")
        batch_op.drop_index(batch_op.f("ix_till_tenders_sale_id"))
        batch_op.drop_index(batch_op.f("ix_till_tenders_return_id"))
        batch_op.drop_index("ix_till_tenders_event")

    op.drop_table("till_tenders")
    with op.batch_alter_table("till_lines", schema=None) as batch_op:
        batch_op.drop_index("ix_till_lines_sale")

    op.drop_table("till_lines")
    with op.batch_alter_table("stock_passages", schema=None) as batch_op:
        batch_op.drop_index("ix_stock_passages_to")
        batch_op.drop_index("ix_stock_passages_on_road")
        batch_op.drop_index("ix_stock_passages_from")

    op.drop_table("stock_passages")
    with op.batch_alter_table("stock_count_lines", schema=None) as batch_op:
        batch_op.drop_index("ix_stock_count_lines_level")

    op.drop_table("stock_count_lines")
    with op.batch_alter_table("receipt_lines", schema=None) as batch_op:
        batch_op.drop_index("ix_receipt_lines_receipt")
        batch_op.drop_index("ix_receipt_lines_line")

    op.drop_table("receipt_lines")
    with op.batch_alter_table("recall_buyers", schema=None) as batch_op:
        batch_op.drop_index("ix_recall_buyers_order")

    op.drop_table("recall_buyers")
    with op.batch_alter_table("till_shortages", schema=None) as batch_op:
        batch_op.drop_index("ix_till_shortages_state")
        batch_op.drop_index(batch_op.f("ix_till_shortages_sale_id"))
        batch_op.drop_index("ix_till_shortages_point")

    op.drop_table("till_shortages")
    with op.batch_alter_table("till_returns", schema=None) as batch_op:
        batch_op.drop_index("ix_till_returns_session")
        batch_op.drop_index("ix_till_returns_sale")

    op.drop_table("till_returns")
    with op.batch_alter_table("recalls", schema=None) as batch_op:
        batch_op.drop_index("ix_recalls_closed")

    op.drop_table("recalls")
    with op.batch_alter_table("lot_papers", schema=None) as batch_op:
        batch_op.drop_index("ix_lot_papers_lot")

    op.drop_table("lot_papers")
    with op.batch_alter_table("transfer_lines", schema=None) as batch_op:
        batch_op.drop_index("ix_transfer_lines_variant")

    op.drop_table("transfer_lines")
    with op.batch_alter_table("till_sales", schema=None) as batch_op:
        batch_op.drop_index("ix_till_sales_session")
        batch_op.drop_index("ix_till_sales_device")

    op.drop_table("till_sales")
    with op.batch_alter_table("till_notices", schema=None) as batch_op:
        batch_op.drop_index("ix_till_notices_open")
        batch_op.drop_index(batch_op.f("ix_till_notices_device_id"))

    op.drop_table("till_notices")
    with op.batch_alter_table("till_closings", schema=None) as batch_op:
        batch_op.drop_index("ix_till_closings_session")

    op.drop_table("till_closings")
    with op.batch_alter_table("till_asks", schema=None) as batch_op:
        batch_op.drop_index("ix_till_asks_variant")
        batch_op.drop_index("ix_till_asks_point")

    op.drop_table("till_asks")
    with op.batch_alter_table("stock_targets", schema=None) as batch_op:
        batch_op.drop_index("ix_stock_targets_variant")

    op.drop_table("stock_targets")
    op.drop_table("delivery_lines")
    with op.batch_alter_table("transfer_steps", schema=None) as batch_op:
        batch_op.drop_index("ix_transfer_steps_transfer")

    op.drop_table("transfer_steps")
    op.drop_table("transfer_arrivals")
    with op.batch_alter_table("till_sessions", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_till_sessions_open",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.drop_index("ix_till_sessions_point")
        batch_op.drop_index(batch_op.f("ix_till_sessions_keeper_id"))
        batch_op.drop_index("ix_till_sessions_device")

    op.drop_table("till_sessions")
    with op.batch_alter_table("till_gaps", schema=None) as batch_op:
        batch_op.drop_index("ix_till_gaps_open")
        batch_op.drop_index("ix_till_gaps_device")

    op.drop_table("till_gaps")
    with op.batch_alter_table("till_events", schema=None) as batch_op:
        batch_op.drop_index("ix_till_events_state")
        batch_op.drop_index("ix_till_events_device")

    op.drop_table("till_events")
    with op.batch_alter_table("till_enrol_codes", schema=None) as batch_op:
        batch_op.drop_index("ix_till_enrol_codes_live")
        batch_op.drop_index(batch_op.f("ix_till_enrol_codes_device_id"))

    op.drop_table("till_enrol_codes")
    with op.batch_alter_table("receipts", schema=None) as batch_op:
        batch_op.drop_index("ix_receipts_delivery")

    op.drop_table("receipts")
    op.drop_table("inspection_findings")
    with op.batch_alter_table("transfers", schema=None) as batch_op:
        batch_op.drop_index("ix_transfers_to")
        batch_op.drop_index("ix_transfers_status")
        batch_op.drop_index("ix_transfers_from")

    op.drop_table("transfers")
    with op.batch_alter_table("till_devices", schema=None) as batch_op:
        batch_op.drop_index("ix_till_devices_point")

    op.drop_table("till_devices")
    with op.batch_alter_table("stock_counts", schema=None) as batch_op:
        batch_op.drop_index("ix_stock_counts_point")

    op.drop_table("stock_counts")
    with op.batch_alter_table("inspections", schema=None) as batch_op:
        batch_op.drop_index("ix_inspections_point")

    op.drop_table("inspections")
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_index("ix_deliveries_producer")
        batch_op.drop_index("ix_deliveries_point")

    op.drop_table("deliveries")
    op.drop_table("till_pins")
    # What was paid at a counter is, to the version before, money taken by hand.
    counter = ", ".join(f"'{way}'" for way in COUNTER)
    for table, column in METHODS:
        op.execute(f"UPDATE {table} SET {column} = 'cod' WHERE {column} IN ({counter})")
    ways_to_pay()
