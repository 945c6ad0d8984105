"""Accounts of the shop, their statements and lines; a receipt of money may be taken back by another."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bank_notices",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=False),
        sa.Column("payload", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_notices")),
        sa.UniqueConstraint("event_id", name=op.f("uq_bank_notices_event_id")),
    )
    op.create_table(
        "shop_accounts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("bank_bin", sa.String(length=20), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=255), nullable=False),
        sa.Column("mappings", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_label", sa.String(length=255), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_accounts")),
        sa.UniqueConstraint("bank_bin", "number", name=op.f("uq_shop_accounts_bank_bin_number")),
        sa.UniqueConstraint("reference", name=op.f("uq_shop_accounts_reference")),
    )
    op.create_table(
        "bank_files",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("file_key", sa.String(length=255), nullable=False),
        sa.Column("layout", sa.String(length=40), nullable=True),
        sa.Column("sheet", sa.String(length=255), nullable=False),
        sa.Column("head_row", sa.Integer(), nullable=False),
        sa.Column("head", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("samples", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("columns", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("verdicts", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("counts", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_key", sa.String(length=40), nullable=False),
        sa.Column("created_label", sa.String(length=255), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_label", sa.String(length=255), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "state IN ('matching', 'tried', 'applied', 'dropped')", name=op.f("ck_bank_files_state_known")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["shop_accounts.id"], name=op.f("fk_bank_files_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_files")),
        sa.UniqueConstraint("reference", name=op.f("uq_bank_files_reference")),
    )
    with op.batch_alter_table("bank_files", schema=None) as batch_op:
        batch_op.create_index("ix_bank_files_account", ["account_id", "id"], unique=False)

    op.create_table(
        "bank_lines",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("bank_reference", sa.String(length=80), nullable=True),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("memo", sa.Text(), nullable=False),
        sa.Column("memo_key", sa.String(length=40), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("payer_name", sa.String(length=255), nullable=True),
        sa.Column("payer_account", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("queue", sa.String(length=20), nullable=True),
        sa.Column("handled_amount", sa.BigInteger(), nullable=False),
        sa.Column("hint", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("taken_key", sa.String(length=40), nullable=True),
        sa.Column("taken_label", sa.String(length=255), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("notice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(state <> 'open') = (handled_amount = abs(amount))", name=op.f("ck_bank_lines_done_is_whole")
        ),
        sa.CheckConstraint("(state = 'open') = (queue IS NOT NULL)", name=op.f("ck_bank_lines_open_waits_somewhere")),
        sa.CheckConstraint(
            "state IN ('open', 'credited', 'confirmed', 'aside')", name=op.f("ck_bank_lines_state_known")
        ),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_bank_lines_amount_moves")),
        sa.CheckConstraint(
            "handled_amount BETWEEN 0 AND abs(amount)", name=op.f("ck_bank_lines_handled_within_amount")
        ),
        sa.CheckConstraint("ordinal >= 1 AND version >= 0", name=op.f("ck_bank_lines_counted")),
        sa.ForeignKeyConstraint(["account_id"], ["shop_accounts.id"], name=op.f("fk_bank_lines_account_id")),
        sa.ForeignKeyConstraint(["file_id"], ["bank_files.id"], name=op.f("fk_bank_lines_file_id")),
        sa.ForeignKeyConstraint(["notice_id"], ["bank_notices.id"], name=op.f("fk_bank_lines_notice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_lines")),
        sa.UniqueConstraint(
            "account_id", "bank_reference", "amount", name=op.f("uq_bank_lines_account_id_bank_reference_amount")
        ),
        sa.UniqueConstraint(
            "account_id",
            "booked_on",
            "amount",
            "memo_key",
            "ordinal",
            name=op.f("uq_bank_lines_account_id_booked_on_amount_memo_key_ordinal"),
        ),
        sa.UniqueConstraint("reference", name=op.f("uq_bank_lines_reference")),
    )
    with op.batch_alter_table("bank_lines", schema=None) as batch_op:
        batch_op.create_index("ix_bank_lines_booked", ["booked_on", "id"], unique=False)
        batch_op.create_index("ix_bank_lines_payer", ["payer_account"], unique=False)
        batch_op.create_index("ix_bank_lines_queue", ["queue", "id"], unique=False)

    op.create_table(
        "bank_file_rows",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("file_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=24), nullable=False),
        sa.Column("why", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("booked_on", sa.Date(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("memo", sa.Text(), nullable=True),
        sa.Column("bank_reference", sa.String(length=80), nullable=True),
        sa.Column("payer_name", sa.String(length=255), nullable=True),
        sa.Column("payer_account", sa.String(length=40), nullable=True),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('new', 'known', 'refused', 'ignored')", name=op.f("ck_bank_file_rows_outcome_known")
        ),
        sa.ForeignKeyConstraint(["file_id"], ["bank_files.id"], name=op.f("fk_bank_file_rows_file_id")),
        sa.ForeignKeyConstraint(["line_id"], ["bank_lines.id"], name=op.f("fk_bank_file_rows_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_file_rows")),
        sa.UniqueConstraint("file_id", "number", name=op.f("uq_bank_file_rows_file_id_number")),
    )
    with op.batch_alter_table("bank_file_rows", schema=None) as batch_op:
        batch_op.create_index("ix_bank_file_rows_line", ["line_id"], unique=False)

    op.create_table(
        "bank_line_steps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["line_id"], ["bank_lines.id"], name=op.f("fk_bank_line_steps_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_line_steps")),
    )
    with op.batch_alter_table("bank_line_steps", schema=None) as batch_op:
        batch_op.create_index("ix_bank_line_steps_line", ["line_id", "id"], unique=False)

    op.create_table(
        "bank_allocations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("use", sa.String(length=24), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("receipt_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("adopted", sa.Boolean(), nullable=False),
        sa.Column("target", sa.String(length=80), nullable=True),
        sa.Column("category", sa.String(length=20), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("reverses_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(payment_id IS NOT NULL) = (use IN ('payment', 'return')) AND (receipt_id IS NOT NULL) = (use IN ('payment', 'return'))",
            name=op.f("ck_bank_allocations_money_of_an_order_has_its_receipt"),
        ),
        sa.CheckConstraint(
            "use IN ('payment', 'return', 'kept', 'aside', 'refund', 'payout')",
            name=op.f("ck_bank_allocations_use_known"),
        ),
        sa.CheckConstraint(
            "(amount > 0) = (reverses_id IS NULL) AND amount <> 0", name=op.f("ck_bank_allocations_amount_sign")
        ),
        sa.ForeignKeyConstraint(["line_id"], ["bank_lines.id"], name=op.f("fk_bank_allocations_line_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_bank_allocations_payment_id")),
        sa.ForeignKeyConstraint(["receipt_id"], ["payment_receipts.id"], name=op.f("fk_bank_allocations_receipt_id")),
        sa.ForeignKeyConstraint(["reverses_id"], ["bank_allocations.id"], name=op.f("fk_bank_allocations_reverses_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_allocations")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_bank_allocations_reverses_id")),
    )
    with op.batch_alter_table("bank_allocations", schema=None) as batch_op:
        batch_op.create_index("ix_bank_allocations_line", ["line_id"], unique=False)
        batch_op.create_index("ix_bank_allocations_payment", ["payment_id"], unique=False)
        batch_op.create_index("ix_bank_allocations_receipt", ["receipt_id"], unique=False)

    with op.batch_alter_table("payment_receipts", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("reverses_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.drop_constraint(batch_op.f("ck_payment_receipts_amount_positive"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_payment_receipts_amount_sign"), "(amount > 0) = (reverses_id IS NULL) AND amount <> 0"
        )
        batch_op.create_unique_constraint(batch_op.f("uq_payment_receipts_reverses_id"), ["reverses_id"])
        batch_op.create_foreign_key(
            batch_op.f("fk_payment_receipts_reverses_id"), "payment_receipts", ["reverses_id"], ["id"]
        )


def downgrade() -> None:
    with op.batch_alter_table("bank_allocations", schema=None) as batch_op:
        batch_op.drop_index("ix_bank_allocations_receipt")
        batch_op.drop_index("ix_bank_allocations_payment")
        batch_op.drop_index("ix_bank_allocations_line")

    op.drop_table("bank_allocations")
    with op.batch_alter_table("bank_line_steps", schema=None) as batch_op:
        batch_op.drop_index("ix_bank_line_steps_line")

    op.drop_table("bank_line_steps")
    with op.batch_alter_table("bank_file_rows", schema=None) as batch_op:
        batch_op.drop_index("ix_bank_file_rows_line")

    op.drop_table("bank_file_rows")
    with op.batch_alter_table("bank_lines", schema=None) as batch_op:
        batch_op.drop_index("ix_bank_lines_queue")
        batch_op.drop_index("ix_bank_lines_payer")
        batch_op.drop_index("ix_bank_lines_booked")

    op.drop_table("bank_lines")
    with op.batch_alter_table("bank_files", schema=None) as batch_op:
        batch_op.drop_index("ix_bank_files_account")

    op.drop_table("bank_files")
    op.drop_table("shop_accounts")
    op.drop_table("bank_notices")
    # What was taken back is nothing to a shop that knows no taking back.
    op.execute(
        "DELETE FROM payment_receipts WHERE id IN (SELECT reverses_id FROM payment_receipts WHERE reverses_id IS NOT NULL)"
        " OR reverses_id IS NOT NULL"
    )
    with op.batch_alter_table("payment_receipts", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_payment_receipts_reverses_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("uq_payment_receipts_reverses_id"), type_="unique")
        batch_op.drop_constraint(batch_op.f("ck_payment_receipts_amount_sign"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_payment_receipts_amount_positive"), "amount > 0")
        batch_op.drop_column("reverses_id")
