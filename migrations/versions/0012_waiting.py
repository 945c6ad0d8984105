"""The wait list: queues, entries, offers, steps; what stock keeps for a line of a basket."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "wait_queues",
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_wait_queues_product_id")),
        sa.PrimaryKeyConstraint("product_id", name=op.f("pk_wait_queues")),
    )
    op.create_table(
        "wait_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("choice", sa.String(length=24), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("partial", sa.Boolean(), nullable=False),
        sa.Column("point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("email", sa.String(length=255), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("contact_key", sa.String(length=80), nullable=True),
        sa.Column("locale", sa.String(length=20), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lapses", sa.Integer(), nullable=False),
        sa.Column("bought", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("blanked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state IN ('bought', 'left', 'ended')) = (ended_at IS NOT NULL)", name=op.f("ck_wait_entries_end_has_time")
        ),
        sa.CheckConstraint("choice IN ('this', 'alike', 'any')", name=op.f("ck_wait_entries_choice_known")),
        sa.CheckConstraint(
            "state IN ('unconfirmed', 'left', 'ended') OR (confirmed_at IS NOT NULL AND queued_at IS NOT NULL)",
            name=op.f("ck_wait_entries_queue_is_confirmed"),
        ),
        sa.CheckConstraint(
            "state IN ('unconfirmed', 'waiting', 'offered', 'bought', 'left', 'ended')",
            name=op.f("ck_wait_entries_state_known"),
        ),
        sa.CheckConstraint(
            "email IS NOT NULL OR phone IS NOT NULL OR blanked_at IS NOT NULL", name=op.f("ck_wait_entries_reachable")
        ),
        sa.CheckConstraint("lapses >= 0 AND bought >= 0", name=op.f("ck_wait_entries_counts_whole")),
        sa.CheckConstraint("quantity BETWEEN 1 AND 9999", name=op.f("ck_wait_entries_quantity_range")),
        sa.ForeignKeyConstraint(["point_id"], ["points.id"], name=op.f("fk_wait_entries_point_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_wait_entries_product_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_wait_entries_user_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_wait_entries_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wait_entries")),
        sa.UniqueConstraint("reference", name=op.f("uq_wait_entries_reference")),
    )
    with op.batch_alter_table("wait_entries", schema=None) as batch_op:
        batch_op.create_index("ix_wait_entries_ended", ["ended_at", "blanked_at"], unique=False)
        batch_op.create_index("ix_wait_entries_queue", ["product_id", "state", "queued_at", "id"], unique=False)
        batch_op.create_index("ix_wait_entries_state", ["state", "joined_at", "id"], unique=False)
        batch_op.create_index("ix_wait_entries_user", ["user_id", "id"], unique=False)
        batch_op.create_index(
            "uq_wait_entries_open_contact",
            ["product_id", "contact_key"],
            unique=True,
            sqlite_where=sa.text("state IN ('unconfirmed', 'waiting', 'offered') AND contact_key IS NOT NULL"),
            postgresql_where=sa.text("state IN ('unconfirmed', 'waiting', 'offered') AND contact_key IS NOT NULL"),
        )

    op.create_table(
        "wait_offers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("passed_over", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("basket_hash", sa.String(length=80), nullable=True),
        sa.Column("basket_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_by", sa.String(length=255), nullable=True),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("(state = 'bought') = (order_id IS NOT NULL)", name=op.f("ck_wait_offers_bought_has_order")),
        sa.CheckConstraint("(state = 'open') = (closed_at IS NULL)", name=op.f("ck_wait_offers_closed_has_time")),
        sa.CheckConstraint(
            "state IN ('open', 'bought', 'lapsed', 'declined', 'withdrawn')", name=op.f("ck_wait_offers_state_known")
        ),
        sa.CheckConstraint("quantity BETWEEN 1 AND 9999", name=op.f("ck_wait_offers_quantity_range")),
        sa.ForeignKeyConstraint(["entry_id"], ["wait_entries.id"], name=op.f("fk_wait_offers_entry_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_wait_offers_order_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_wait_offers_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wait_offers")),
        sa.UniqueConstraint("reference", name=op.f("uq_wait_offers_reference")),
    )
    with op.batch_alter_table("wait_offers", schema=None) as batch_op:
        batch_op.create_index("ix_wait_offers_entry", ["entry_id", "id"], unique=False)
        batch_op.create_index("ix_wait_offers_until", ["state", "until"], unique=False)
        batch_op.create_index(
            "uq_wait_offers_open",
            ["entry_id"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "wait_steps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("from_state", sa.String(length=20), nullable=False),
        sa.Column("to_state", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["wait_entries.id"], name=op.f("fk_wait_steps_entry_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wait_steps")),
    )
    with op.batch_alter_table("wait_steps", schema=None) as batch_op:
        batch_op.create_index("ix_wait_steps_entry", ["entry_id", "id"], unique=False)

    with op.batch_alter_table("basket_lines", schema=None) as batch_op:
        batch_op.add_column(sa.Column("claim_reference", sa.String(length=80), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("basket_lines", schema=None) as batch_op:
        batch_op.drop_column("claim_reference")

    with op.batch_alter_table("wait_steps", schema=None) as batch_op:
        batch_op.drop_index("ix_wait_steps_entry")

    op.drop_table("wait_steps")
    with op.batch_alter_table("wait_offers", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_wait_offers_open", sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'")
        )
        batch_op.drop_index("ix_wait_offers_until")
        batch_op.drop_index("ix_wait_offers_entry")

    op.drop_table("wait_offers")
    with op.batch_alter_table("wait_entries", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_wait_entries_open_contact",
            sqlite_where=sa.text("state IN ('unconfirmed', 'waiting', 'offered') AND contact_key IS NOT NULL"),
            postgresql_where=sa.text("state IN ('unconfirmed', 'waiting', 'offered') AND contact_key IS NOT NULL"),
        )
        batch_op.drop_index("ix_wait_entries_user")
        batch_op.drop_index("ix_wait_entries_state")
        batch_op.drop_index("ix_wait_entries_queue")
        batch_op.drop_index("ix_wait_entries_ended")

    op.drop_table("wait_entries")
    op.drop_table("wait_queues")
