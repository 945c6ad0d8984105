"""Disputes with their papers and the money that moves for them; the lines of a provider's balance; refunds to an account and by
two people; cases with an owner and a last day."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

CHECKS = {
    "goes_somewhere": "(to_account IS NULL) = (to_bank IS NULL) AND (to_account IS NULL) = (to_holder IS NULL)",
    "two_people": "NOT needs_second OR state IN ('waiting', 'failed') OR agreed_by IS NOT NULL",
    "another_person": "agreed_by IS NULL OR agreed_by <> actor_key",
    "waits_for_somebody": "state <> 'waiting' OR needs_second",
}


def upgrade() -> None:
    op.create_table(
        "payment_disputes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("provider_reference", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("is_inquiry", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=80), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_amount", sa.BigInteger(), nullable=False),
        sa.Column("fee_amount", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("words", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("sending_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_by", sa.String(length=255), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'review', 'won', 'lost', 'closed')", name=op.f("ck_payment_disputes_state_known")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payment_disputes_amount_positive")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_payment_disputes_owner_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_payment_disputes_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_disputes")),
        sa.UniqueConstraint(
            "provider", "provider_reference", name=op.f("uq_payment_disputes_provider_provider_reference")
        ),
    )
    with op.batch_alter_table("payment_disputes", schema=None) as batch_op:
        batch_op.create_index("ix_payment_disputes_payment", ["payment_id"], unique=False)
        batch_op.create_index("ix_payment_disputes_state", ["state", "due_at"], unique=False)

    op.create_table(
        "payment_gateway_lines",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("fee_amount", sa.BigInteger(), nullable=False),
        sa.Column("net_amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=255), nullable=True),
        sa.Column("provider_payment", sa.String(length=255), nullable=True),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("matched_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('charge', 'refund', 'refund_back', 'dispute', 'fee', 'payout', 'other')",
            name=op.f("ck_payment_gateway_lines_kind_known"),
        ),
        sa.CheckConstraint("net_amount = amount - fee_amount", name=op.f("ck_payment_gateway_lines_net_adds_up")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_payment_gateway_lines_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_gateway_lines")),
        sa.UniqueConstraint("provider", "reference", name=op.f("uq_payment_gateway_lines_provider_reference")),
    )
    with op.batch_alter_table("payment_gateway_lines", schema=None) as batch_op:
        batch_op.create_index("ix_payment_gateway_lines_at", ["provider", "at"], unique=False)
        batch_op.create_index("ix_payment_gateway_lines_open", ["matched_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_gateway_lines_payment_id"), ["payment_id"], unique=False)
        batch_op.create_index("ix_payment_gateway_lines_source", ["provider", "source"], unique=False)

    op.create_table(
        "payment_dispute_moves",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("dispute_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=255), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("fee_amount", sa.BigInteger(), nullable=False),
        sa.Column("evidence", sa.String(length=255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_payment_dispute_moves_amount_moves")),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["payment_disputes.id"], name=op.f("fk_payment_dispute_moves_dispute_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_dispute_moves")),
        sa.UniqueConstraint("provider", "reference", name=op.f("uq_payment_dispute_moves_provider_reference")),
    )
    with op.batch_alter_table("payment_dispute_moves", schema=None) as batch_op:
        batch_op.create_index("ix_payment_dispute_moves_dispute", ["dispute_id"], unique=False)

    op.create_table(
        "payment_dispute_papers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("dispute_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("file_key", sa.String(length=255), nullable=False),
        sa.Column("provider_file", sa.String(length=255), nullable=True),
        sa.Column("added_by", sa.String(length=255), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('shipping_documentation', 'receipt', 'customer_communication', 'refund_policy', 'service_documentation', 'uncategorized_file')",
            name=op.f("ck_payment_dispute_papers_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["payment_disputes.id"], name=op.f("fk_payment_dispute_papers_dispute_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_dispute_papers")),
        sa.UniqueConstraint("dispute_id", "kind", name=op.f("uq_payment_dispute_papers_dispute_id_kind")),
    )
    with op.batch_alter_table("payment_issues", schema=None) as batch_op:
        batch_op.add_column(sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_payment_issues_owner_id"), "users", ["owner_id"], ["id"])

    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.add_column(sa.Column("disputed_amount", sa.BigInteger(), server_default="0", nullable=False))

    with op.batch_alter_table("refunds", schema=None) as batch_op:
        batch_op.add_column(sa.Column("to_bank", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("to_account", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("to_holder", sa.String(length=255), nullable=True))
        batch_op.add_column(sa.Column("needs_second", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("agreed_by", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("agreed_label", sa.String(length=255), nullable=True))
        batch_op.add_column(sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.drop_constraint(op.f("ck_refunds_state_known"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_refunds_state_known"), "state IN ('waiting', 'pending', 'succeeded', 'failed')"
        )
        for name, condition in CHECKS.items():
            batch_op.create_check_constraint(op.f(f"ck_refunds_{name}"), condition)


def downgrade() -> None:
    # What waits for a second person waits for a person in a shop that knows no second one.
    op.execute("UPDATE refunds SET state = 'pending', agreed_by = 'system' WHERE state = 'waiting'")
    with op.batch_alter_table("refunds", schema=None) as batch_op:
        for name in CHECKS:
            batch_op.drop_constraint(op.f(f"ck_refunds_{name}"), type_="check")
        batch_op.drop_constraint(op.f("ck_refunds_state_known"), type_="check")
        batch_op.create_check_constraint(op.f("ck_refunds_state_known"), "state IN ('pending', 'succeeded', 'failed')")
        batch_op.drop_column("agreed_at")
        batch_op.drop_column("agreed_label")
        batch_op.drop_column("agreed_by")
        batch_op.drop_column("needs_second")
        batch_op.drop_column("to_holder")
        batch_op.drop_column("to_account")
        batch_op.drop_column("to_bank")

    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.drop_column("disputed_amount")

    with op.batch_alter_table("payment_issues", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_payment_issues_owner_id"), type_="foreignkey")
        batch_op.drop_column("owner_id")
        batch_op.drop_column("due_at")

    op.drop_table("payment_dispute_papers")
    with op.batch_alter_table("payment_dispute_moves", schema=None) as batch_op:
        batch_op.drop_index("ix_payment_dispute_moves_dispute")

    op.drop_table("payment_dispute_moves")
    with op.batch_alter_table("payment_gateway_lines", schema=None) as batch_op:
        batch_op.drop_index("ix_payment_gateway_lines_source")
        batch_op.drop_index(batch_op.f("ix_payment_gateway_lines_payment_id"))
        batch_op.drop_index("ix_payment_gateway_lines_open")
        batch_op.drop_index("ix_payment_gateway_lines_at")

    op.drop_table("payment_gateway_lines")
    with op.batch_alter_table("payment_disputes", schema=None) as batch_op:
        batch_op.drop_index("ix_payment_disputes_state")
        batch_op.drop_index("ix_payment_disputes_payment")

    op.drop_table("payment_disputes")
