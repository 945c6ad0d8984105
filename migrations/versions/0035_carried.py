"""Payouts of a card provider and their arrival, bags of cash on their way to the bank, entries by hand that two people make."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0035"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_hand_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("lines", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("paper_key", sa.String(length=255), nullable=True),
        sa.Column("paper_name", sa.String(length=255), nullable=True),
        sa.Column("reverses_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by", sa.String(length=40), nullable=False),
        sa.Column("written_label", sa.String(length=255), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=40), nullable=True),
        sa.Column("decided_label", sa.String(length=255), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(state = 'waiting') = (decided_by IS NULL)", name=op.f("ck_ledger_hand_entries_decided_by_somebody")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'posted', 'refused', 'withdrawn')", name=op.f("ck_ledger_hand_entries_state_known")
        ),
        sa.CheckConstraint(
            "state NOT IN ('posted', 'refused') OR decided_by <> written_by",
            name=op.f("ck_ledger_hand_entries_two_people"),
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["ledger_hand_entries.id"], name=op.f("fk_ledger_hand_entries_reverses_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_hand_entries")),
        sa.UniqueConstraint("reference", name=op.f("uq_ledger_hand_entries_reference")),
    )
    with op.batch_alter_table("ledger_hand_entries", schema=None) as batch_op:
        batch_op.create_index("ix_ledger_hand_entries_state", ["state", "id"], unique=False)
        batch_op.create_index(
            "uq_ledger_hand_entries_reversal",
            ["reverses_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('waiting', 'posted')"),
            postgresql_where=sa.text("state IN ('waiting', 'posted')"),
        )

    op.create_table(
        "payment_gateway_payouts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=80), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("lines_amount", sa.BigInteger(), nullable=True),
        sa.Column("lines_count", sa.Integer(), nullable=False),
        sa.Column("arrived_amount", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.String(length=255), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'in_transit', 'paid', 'failed', 'canceled')",
            name=op.f("ck_payment_gateway_payouts_status_known"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payment_gateway_payouts_amount_positive")),
        sa.CheckConstraint(
            "arrived_amount BETWEEN 0 AND amount", name=op.f("ck_payment_gateway_payouts_arrived_within")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_gateway_payouts")),
        sa.UniqueConstraint("provider", "reference", name=op.f("uq_payment_gateway_payouts_provider_reference")),
    )
    with op.batch_alter_table("payment_gateway_payouts", schema=None) as batch_op:
        batch_op.create_index("ix_payment_gateway_payouts_due", ["status", "due_on"], unique=False)

    op.create_table(
        "payment_payout_arrivals",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("payout_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("reverses_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(amount > 0) = (reverses_id IS NULL) AND amount <> 0", name=op.f("ck_payment_payout_arrivals_amount_sign")
        ),
        sa.ForeignKeyConstraint(
            ["payout_id"], ["payment_gateway_payouts.id"], name=op.f("fk_payment_payout_arrivals_payout_id")
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["payment_payout_arrivals.id"], name=op.f("fk_payment_payout_arrivals_reverses_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_payout_arrivals")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_payment_payout_arrivals_reverses_id")),
    )
    with op.batch_alter_table("payment_payout_arrivals", schema=None) as batch_op:
        batch_op.create_index("ix_payment_payout_arrivals_payout", ["payout_id"], unique=False)

    op.create_table(
        "cash_bags",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("bag_number", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("counted_by", sa.String(length=255), nullable=False),
        sa.Column("carried_by", sa.String(length=255), nullable=False),
        sa.Column("carried_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("arrived_amount", sa.BigInteger(), nullable=False),
        sa.Column("difference_amount", sa.BigInteger(), nullable=False),
        sa.Column("difference_reason", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_label", sa.String(length=255), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_key", sa.String(length=40), nullable=False),
        sa.Column("created_label", sa.String(length=255), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(state = 'arrived') = (arrived_amount + difference_amount = amount)",
            name=op.f("ck_cash_bags_arrived_is_whole"),
        ),
        sa.CheckConstraint("state IN ('carried', 'arrived', 'back')", name=op.f("ck_cash_bags_state_known")),
        sa.CheckConstraint(
            "(difference_amount = 0) = (difference_reason IS NULL)", name=op.f("ck_cash_bags_differences_have_reasons")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_cash_bags_amount_positive")),
        sa.CheckConstraint(
            "arrived_amount >= 0 AND arrived_amount <= amount", name=op.f("ck_cash_bags_arrived_within")
        ),
        sa.ForeignKeyConstraint(["point_id"], ["points.id"], name=op.f("fk_cash_bags_point_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cash_bags")),
        sa.UniqueConstraint("reference", name=op.f("uq_cash_bags_reference")),
    )
    with op.batch_alter_table("cash_bags", schema=None) as batch_op:
        batch_op.create_index("ix_cash_bags_point", ["point_id"], unique=False)
        batch_op.create_index("ix_cash_bags_state", ["state", "id"], unique=False)

    op.create_table(
        "cash_bag_arrivals",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("bag_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("reverses_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(amount > 0) = (reverses_id IS NULL) AND amount <> 0", name=op.f("ck_cash_bag_arrivals_amount_sign")
        ),
        sa.ForeignKeyConstraint(["bag_id"], ["cash_bags.id"], name=op.f("fk_cash_bag_arrivals_bag_id")),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["cash_bag_arrivals.id"], name=op.f("fk_cash_bag_arrivals_reverses_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cash_bag_arrivals")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_cash_bag_arrivals_reverses_id")),
    )
    with op.batch_alter_table("cash_bag_arrivals", schema=None) as batch_op:
        batch_op.create_index("ix_cash_bag_arrivals_bag", ["bag_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("cash_bag_arrivals", schema=None) as batch_op:
        batch_op.drop_index("ix_cash_bag_arrivals_bag")

    op.drop_table("cash_bag_arrivals")
    with op.batch_alter_table("cash_bags", schema=None) as batch_op:
        batch_op.drop_index("ix_cash_bags_state")
        batch_op.drop_index("ix_cash_bags_point")

    op.drop_table("cash_bags")
    with op.batch_alter_table("payment_payout_arrivals", schema=None) as batch_op:
        batch_op.drop_index("ix_payment_payout_arrivals_payout")

    op.drop_table("payment_payout_arrivals")
    with op.batch_alter_table("payment_gateway_payouts", schema=None) as batch_op:
        batch_op.drop_index("ix_payment_gateway_payouts_due")

    op.drop_table("payment_gateway_payouts")
    with op.batch_alter_table("ledger_hand_entries", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_ledger_hand_entries_reversal",
            sqlite_where=sa.text("state IN ('waiting', 'posted')"),
            postgresql_where=sa.text("state IN ('waiting', 'posted')"),
        )
        batch_op.drop_index("ix_ledger_hand_entries_state")

    op.drop_table("ledger_hand_entries")
