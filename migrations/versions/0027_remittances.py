"""Cash on delivery: who holds the cash of parcels, what is handed in of it, what came for that, who pays ahead; what was found of
parcels that came back, and how much less is owed for them; money of the bank that is for a batch of cash."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


USES = ("payment", "return", "kept", "aside", "refund", "payout")


def uses(*known: str) -> None:
    """Let parts of the bank's lines be for these."""
    listed = ", ".join(f"'{use}'" for use in known)
    with op.batch_alter_table("bank_allocations", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_bank_allocations_use_known"), type_="check")
        batch_op.create_check_constraint(op.f("ck_bank_allocations_use_known"), f"use IN ({listed})")


def upgrade() -> None:
    op.create_table(
        "cod_steps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("subject IN ('parcel', 'row', 'batch')", name=op.f("ck_cod_steps_subject_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cod_steps")),
    )
    with op.batch_alter_table("cod_steps", schema=None) as batch_op:
        batch_op.create_index("ix_cod_steps_subject", ["subject", "subject_id", "id"], unique=False)

    op.create_table(
        "cod_lifts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_cod_lifts_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cod_lifts")),
    )
    with op.batch_alter_table("cod_lifts", schema=None) as batch_op:
        batch_op.create_index("ix_cod_lifts_phone", ["phone"], unique=False)
        batch_op.create_index("ix_cod_lifts_user", ["user_id"], unique=False)

    op.create_table(
        "cod_holders",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("mappings", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(kind = 'point') = (point_id IS NOT NULL)", name=op.f("ck_cod_holders_points_are_points")),
        sa.CheckConstraint("kind IN ('carrier', 'driver', 'point')", name=op.f("ck_cod_holders_kind_known")),
        sa.CheckConstraint("days BETWEEN 0 AND 90", name=op.f("ck_cod_holders_days_within")),
        sa.ForeignKeyConstraint(["point_id"], ["points.id"], name=op.f("fk_cod_holders_point_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cod_holders")),
        sa.UniqueConstraint("key", name=op.f("uq_cod_holders_key")),
    )
    op.create_table(
        "cod_remittances",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("holder_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("gross_amount", sa.BigInteger(), nullable=False),
        sa.Column("fee_amount", sa.BigInteger(), nullable=False),
        sa.Column("net_amount", sa.BigInteger(), nullable=False),
        sa.Column("paid_amount", sa.BigInteger(), nullable=False),
        sa.Column("adjusted_amount", sa.BigInteger(), nullable=False),
        sa.Column("adjust_reason", sa.Text(), nullable=True),
        sa.Column("batch_fee_amount", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=True),
        sa.Column("file_key", sa.String(length=255), nullable=True),
        sa.Column("digest", sa.String(length=80), nullable=True),
        sa.Column("layout", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_key", sa.String(length=40), nullable=False),
        sa.Column("created_label", sa.String(length=255), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_key", sa.String(length=40), nullable=True),
        sa.Column("taken_label", sa.String(length=255), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('file', 'hand', 'cash')", name=op.f("ck_cod_remittances_kind_known")),
        sa.CheckConstraint(
            "state <> 'paid' OR net_amount = paid_amount + adjusted_amount", name=op.f("ck_cod_remittances_paid_is_net")
        ),
        sa.CheckConstraint(
            "state IN ('matching', 'tried', 'open', 'paid', 'dropped')", name=op.f("ck_cod_remittances_state_known")
        ),
        sa.CheckConstraint(
            "gross_amount >= 0 AND fee_amount >= 0 AND paid_amount >= 0", name=op.f("ck_cod_remittances_amounts_whole")
        ),
        sa.CheckConstraint("net_amount = gross_amount - fee_amount", name=op.f("ck_cod_remittances_net_adds_up")),
        sa.ForeignKeyConstraint(["holder_id"], ["cod_holders.id"], name=op.f("fk_cod_remittances_holder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cod_remittances")),
        sa.UniqueConstraint("reference", name=op.f("uq_cod_remittances_reference")),
    )
    with op.batch_alter_table("cod_remittances", schema=None) as batch_op:
        batch_op.create_index("ix_cod_remittances_digest", ["digest"], unique=False)
        batch_op.create_index("ix_cod_remittances_state", ["state", "id"], unique=False)

    op.create_table(
        "cod_arrivals",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("remittance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("reverses_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(amount > 0) = (reverses_id IS NULL) AND amount <> 0", name=op.f("ck_cod_arrivals_amount_sign")
        ),
        sa.ForeignKeyConstraint(["remittance_id"], ["cod_remittances.id"], name=op.f("fk_cod_arrivals_remittance_id")),
        sa.ForeignKeyConstraint(["reverses_id"], ["cod_arrivals.id"], name=op.f("fk_cod_arrivals_reverses_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cod_arrivals")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_cod_arrivals_reverses_id")),
    )
    with op.batch_alter_table("cod_arrivals", schema=None) as batch_op:
        batch_op.create_index("ix_cod_arrivals_remittance", ["remittance_id"], unique=False)
        batch_op.create_index("ix_cod_arrivals_source", ["source"], unique=False)

    op.create_table(
        "cod_parcels",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fulfilment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("holder_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("expected_amount", sa.BigInteger(), nullable=False),
        sa.Column("owed_amount", sa.BigInteger(), nullable=False),
        sa.Column("remitted_amount", sa.BigInteger(), nullable=False),
        sa.Column("written_amount", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("collected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("by_buyer", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("taken_key", sa.String(length=40), nullable=True),
        sa.Column("taken_label", sa.String(length=255), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('out', 'collected', 'settled', 'refused', 'returned', 'lost')",
            name=op.f("ck_cod_parcels_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('refused', 'returned') OR owed_amount = 0", name=op.f("ck_cod_parcels_refused_owes_nothing")
        ),
        sa.CheckConstraint("expected_amount >= 0 AND owed_amount >= 0", name=op.f("ck_cod_parcels_amounts_whole")),
        sa.CheckConstraint(
            "remitted_amount >= 0 AND written_amount >= 0 AND remitted_amount + written_amount <= owed_amount",
            name=op.f("ck_cod_parcels_handed_in_within_owed"),
        ),
        sa.ForeignKeyConstraint(["fulfilment_id"], ["fulfilments.id"], name=op.f("fk_cod_parcels_fulfilment_id")),
        sa.ForeignKeyConstraint(["holder_id"], ["cod_holders.id"], name=op.f("fk_cod_parcels_holder_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_cod_parcels_order_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_cod_parcels_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cod_parcels")),
        sa.UniqueConstraint("fulfilment_id", name=op.f("uq_cod_parcels_fulfilment_id")),
    )
    with op.batch_alter_table("cod_parcels", schema=None) as batch_op:
        batch_op.create_index("ix_cod_parcels_due", ["state", "due_on"], unique=False)
        batch_op.create_index("ix_cod_parcels_holder", ["holder_id", "state"], unique=False)
        batch_op.create_index("ix_cod_parcels_order", ["order_id"], unique=False)

    op.create_table(
        "cod_rows",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("remittance_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("queue", sa.String(length=20), nullable=True),
        sa.Column("why", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("fee_amount", sa.BigInteger(), nullable=False),
        sa.Column("parcel_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("parcel_amount", sa.BigInteger(), nullable=False),
        sa.Column("surplus_amount", sa.BigInteger(), nullable=False),
        sa.Column("surplus", sa.String(length=20), nullable=True),
        sa.Column("written_amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_label", sa.String(length=255), nullable=True),
        sa.Column("taken_key", sa.String(length=40), nullable=True),
        sa.Column("taken_label", sa.String(length=255), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'open') = (queue IS NOT NULL)", name=op.f("ck_cod_rows_open_waits_somewhere")),
        sa.CheckConstraint(
            "parcel_amount >= 0 AND surplus_amount >= 0 AND written_amount >= 0 AND ((state = 'done' AND amount = parcel_amount + surplus_amount) OR (state <> 'done' AND parcel_amount = 0 AND surplus_amount = 0 AND written_amount = 0))",
            name=op.f("ck_cod_rows_done_is_whole"),
        ),
        sa.CheckConstraint(
            "state IN ('unread', 'aside', 'tried', 'new', 'open', 'done')", name=op.f("ck_cod_rows_state_known")
        ),
        sa.CheckConstraint(
            "(surplus_amount > 0) = (surplus IS NOT NULL)", name=op.f("ck_cod_rows_surplus_has_its_end")
        ),
        sa.CheckConstraint("amount >= 0 AND fee_amount >= 0", name=op.f("ck_cod_rows_amounts_whole")),
        sa.ForeignKeyConstraint(["parcel_id"], ["cod_parcels.id"], name=op.f("fk_cod_rows_parcel_id")),
        sa.ForeignKeyConstraint(["remittance_id"], ["cod_remittances.id"], name=op.f("fk_cod_rows_remittance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cod_rows")),
        sa.UniqueConstraint("remittance_id", "number", name=op.f("uq_cod_rows_remittance_id_number")),
    )
    with op.batch_alter_table("cod_rows", schema=None) as batch_op:
        batch_op.create_index("ix_cod_rows_parcel", ["parcel_id"], unique=False)
        batch_op.create_index("ix_cod_rows_queue", ["queue", "id"], unique=False)

    op.create_table(
        "return_looks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fulfilment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("good_quantity", sa.Integer(), nullable=False),
        sa.Column("bad_quantity", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.CheckConstraint("good_quantity >= 0 AND bad_quantity >= 0", name=op.f("ck_return_looks_quantities_whole")),
        sa.ForeignKeyConstraint(["fulfilment_id"], ["fulfilments.id"], name=op.f("fk_return_looks_fulfilment_id")),
        sa.ForeignKeyConstraint(["line_id"], ["order_lines.id"], name=op.f("fk_return_looks_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_looks")),
        sa.UniqueConstraint("line_id", name=op.f("uq_return_looks_line_id")),
    )
    with op.batch_alter_table("return_looks", schema=None) as batch_op:
        batch_op.create_index("ix_return_looks_fulfilment", ["fulfilment_id"], unique=False)

    with op.batch_alter_table("fulfilments", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unpaid_amount", sa.BigInteger(), server_default="0", nullable=False))
        batch_op.create_check_constraint(
            op.f("ck_fulfilments_unpaid_came_back"), "unpaid_amount >= 0 AND (unpaid_amount = 0 OR status = 'returned')"
        )
    uses(*USES, "remittance")


def downgrade() -> None:
    # What a line brought for a batch is no order's money, as before there were batches.
    op.execute("UPDATE bank_allocations SET use = 'aside', category = 'other' WHERE use = 'remittance'")
    uses(*USES)
    with op.batch_alter_table("fulfilments", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_fulfilments_unpaid_came_back"), type_="check")
        batch_op.drop_column("unpaid_amount")

    with op.batch_alter_table("return_looks", schema=None) as batch_op:
        batch_op.drop_index("ix_return_looks_fulfilment")

    op.drop_table("return_looks")
    with op.batch_alter_table("cod_rows", schema=None) as batch_op:
        batch_op.drop_index("ix_cod_rows_queue")
        batch_op.drop_index("ix_cod_rows_parcel")

    op.drop_table("cod_rows")
    with op.batch_alter_table("cod_parcels", schema=None) as batch_op:
        batch_op.drop_index("ix_cod_parcels_order")
        batch_op.drop_index("ix_cod_parcels_holder")
        batch_op.drop_index("ix_cod_parcels_due")

    op.drop_table("cod_parcels")
    with op.batch_alter_table("cod_arrivals", schema=None) as batch_op:
        batch_op.drop_index("ix_cod_arrivals_source")
        batch_op.drop_index("ix_cod_arrivals_remittance")

    op.drop_table("cod_arrivals")
    with op.batch_alter_table("cod_remittances", schema=None) as batch_op:
        batch_op.drop_index("ix_cod_remittances_state")
        batch_op.drop_index("ix_cod_remittances_digest")

    op.drop_table("cod_remittances")
    op.drop_table("cod_holders")
    with op.batch_alter_table("cod_lifts", schema=None) as batch_op:
        batch_op.drop_index("ix_cod_lifts_user")
        batch_op.drop_index("ix_cod_lifts_phone")

    op.drop_table("cod_lifts")
    with op.batch_alter_table("cod_steps", schema=None) as batch_op:
        batch_op.drop_index("ix_cod_steps_subject")

    op.drop_table("cod_steps")
