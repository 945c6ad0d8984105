"""What producers are owed: agreements, entries, statements, corrections, payouts, rates of withholding."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "settlement_batches",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("prepared_by", sa.String(length=40), nullable=False),
        sa.Column("prepared_label", sa.String(length=255), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.String(length=40), nullable=True),
        sa.Column("approved_label", sa.String(length=255), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(state = 'approved') = (approved_at IS NOT NULL)", name=op.f("ck_settlement_batches_approved_by_somebody")
        ),
        sa.CheckConstraint(
            "state IN ('prepared', 'approved', 'cancelled')", name=op.f("ck_settlement_batches_state_known")
        ),
        sa.CheckConstraint(
            "approved_by IS NULL OR approved_by <> prepared_by", name=op.f("ck_settlement_batches_two_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_batches")),
        sa.UniqueConstraint("reference", name=op.f("uq_settlement_batches_reference")),
    )
    op.create_table(
        "settlement_steps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("from_state", sa.String(length=20), nullable=False),
        sa.Column("to_state", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "subject IN ('agreement', 'statement', 'correction', 'batch', 'payout')",
            name=op.f("ck_settlement_steps_subject_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_steps")),
    )
    with op.batch_alter_table("settlement_steps", schema=None) as batch_op:
        batch_op.create_index("ix_settlement_steps_subject", ["subject", "row_id", "id"], unique=False)

    op.create_table(
        "settlement_withholding_rates",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tax_kind", sa.String(length=24), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("vat_bp", sa.Integer(), nullable=False),
        sa.Column("income_bp", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered_label", sa.String(length=255), nullable=False),
        sa.CheckConstraint(
            "tax_kind IN ('organisation', 'household', 'individual')",
            name=op.f("ck_settlement_withholding_rates_tax_kind_known"),
        ),
        sa.CheckConstraint(
            "vat_bp BETWEEN 0 AND 10000 AND income_bp BETWEEN 0 AND 10000",
            name=op.f("ck_settlement_withholding_rates_rates"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_withholding_rates")),
        sa.UniqueConstraint("tax_kind", "valid_from", name=op.f("uq_settlement_withholding_rates_tax_kind_valid_from")),
    )
    op.create_table(
        "settlement_accounts",
        sa.Column(
            "producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_settlement_accounts_producer_id")),
        sa.PrimaryKeyConstraint("producer_id", name=op.f("pk_settlement_accounts")),
    )
    op.create_table(
        "settlement_agreements",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.Column("web_bp", sa.Integer(), nullable=False),
        sa.Column("point_bp", sa.Integer(), nullable=False),
        sa.Column("fair_bp", sa.Integer(), nullable=False),
        sa.Column("period", sa.String(length=24), nullable=False),
        sa.Column("term_days", sa.Integer(), nullable=False),
        sa.Column("voucher_bearer", sa.String(length=24), nullable=False),
        sa.Column("freight_earner", sa.String(length=24), nullable=False),
        sa.Column("losses", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=True),
        sa.Column("tax_kind", sa.String(length=24), nullable=False),
        sa.Column("tax_status", sa.String(length=24), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("paper_key", sa.String(length=255), nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_label", sa.String(length=255), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.String(length=40), nullable=True),
        sa.Column("answered_label", sa.String(length=255), nullable=True),
        sa.Column("answer_note", sa.Text(), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(state = 'agreed') = (effective_from IS NOT NULL)",
            name=op.f("ck_settlement_agreements_agreed_is_in_force"),
        ),
        sa.CheckConstraint(
            "freight_earner IN ('shop', 'producer')", name=op.f("ck_settlement_agreements_freight_earner_known")
        ),
        sa.CheckConstraint("period IN ('month', 'half_month')", name=op.f("ck_settlement_agreements_period_known")),
        sa.CheckConstraint("role IN ('direct', 'intermediary')", name=op.f("ck_settlement_agreements_role_known")),
        sa.CheckConstraint(
            "state IN ('proposed', 'agreed', 'refused', 'withdrawn')", name=op.f("ck_settlement_agreements_state_known")
        ),
        sa.CheckConstraint(
            "tax_kind IN ('organisation', 'household', 'individual')",
            name=op.f("ck_settlement_agreements_tax_kind_known"),
        ),
        sa.CheckConstraint(
            "tax_status IN ('unknown', 'taxable', 'below')", name=op.f("ck_settlement_agreements_tax_status_known")
        ),
        sa.CheckConstraint(
            "voucher_bearer IN ('shop', 'producer')", name=op.f("ck_settlement_agreements_voucher_bearer_known")
        ),
        sa.CheckConstraint("term_days BETWEEN 0 AND 180", name=op.f("ck_settlement_agreements_term")),
        sa.CheckConstraint(
            "web_bp BETWEEN 0 AND 10000 AND point_bp BETWEEN 0 AND 10000 AND fair_bp BETWEEN 0 AND 10000",
            name=op.f("ck_settlement_agreements_rates"),
        ),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_settlement_agreements_producer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_agreements")),
        sa.UniqueConstraint("reference", name=op.f("uq_settlement_agreements_reference")),
    )
    with op.batch_alter_table("settlement_agreements", schema=None) as batch_op:
        batch_op.create_index("ix_settlement_agreements_producer", ["producer_id", "effective_from"], unique=False)
        batch_op.create_index("ix_settlement_agreements_state", ["state", "id"], unique=False)

    op.create_table(
        "settlement_agreement_sets",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("agreement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("set_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("web_bp", sa.Integer(), nullable=False),
        sa.Column("point_bp", sa.Integer(), nullable=False),
        sa.Column("fair_bp", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "web_bp BETWEEN 0 AND 10000 AND point_bp BETWEEN 0 AND 10000 AND fair_bp BETWEEN 0 AND 10000",
            name=op.f("ck_settlement_agreement_sets_rates"),
        ),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["settlement_agreements.id"], name=op.f("fk_settlement_agreement_sets_agreement_id")
        ),
        sa.ForeignKeyConstraint(["set_id"], ["product_sets.id"], name=op.f("fk_settlement_agreement_sets_set_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_agreement_sets")),
        sa.UniqueConstraint("agreement_id", "set_id", name=op.f("uq_settlement_agreement_sets_agreement_id_set_id")),
    )
    op.create_table(
        "settlement_statements",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("opening_amount", sa.BigInteger(), nullable=False),
        sa.Column("entries_amount", sa.BigInteger(), nullable=False),
        sa.Column("closing_amount", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("totals", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("withholding", sa.String(length=20), nullable=True),
        sa.Column("seal_version", sa.Integer(), nullable=False),
        sa.Column("seal", sa.String(length=80), nullable=True),
        sa.Column("agreement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_label", sa.String(length=255), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("answer_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("agreed_by", sa.String(length=40), nullable=True),
        sa.Column("agreed_label", sa.String(length=255), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint("(state = 'open') = (seal IS NULL)", name=op.f("ck_settlement_statements_closed_is_sealed")),
        sa.CheckConstraint(
            "state IN ('open', 'closed', 'disputed', 'answered', 'agreed', 'paid')",
            name=op.f("ck_settlement_statements_state_known"),
        ),
        sa.CheckConstraint(
            "closing_amount = opening_amount + entries_amount", name=op.f("ck_settlement_statements_closing_adds_up")
        ),
        sa.CheckConstraint("opening_amount <= 0", name=op.f("ck_settlement_statements_only_debts_are_carried")),
        sa.CheckConstraint("to_on >= from_on", name=op.f("ck_settlement_statements_span")),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["settlement_agreements.id"], name=op.f("fk_settlement_statements_agreement_id")
        ),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_settlement_statements_producer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_statements")),
        sa.UniqueConstraint("producer_id", "from_on", name=op.f("uq_settlement_statements_producer_id_from_on")),
        sa.UniqueConstraint("reference", name=op.f("uq_settlement_statements_reference")),
    )
    with op.batch_alter_table("settlement_statements", schema=None) as batch_op:
        batch_op.create_index("ix_settlement_statements_state", ["state", "id"], unique=False)
        batch_op.create_index(
            "uq_settlement_statements_open",
            ["producer_id"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "settlement_payouts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("statement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("bank_bin", sa.String(length=20), nullable=True),
        sa.Column("account_number", sa.String(length=40), nullable=True),
        sa.Column("holder", sa.String(length=255), nullable=True),
        sa.Column("memo", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("bank_reference", sa.String(length=80), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_label", sa.String(length=255), nullable=True),
        sa.CheckConstraint(
            "(state = 'paid') = (bank_reference IS NOT NULL)", name=op.f("ck_settlement_payouts_paid_is_proved")
        ),
        sa.CheckConstraint(
            "state IN ('held', 'dropped') OR account_number IS NOT NULL",
            name=op.f("ck_settlement_payouts_goes_somewhere"),
        ),
        sa.CheckConstraint(
            "state IN ('prepared', 'held', 'approved', 'paid', 'failed', 'dropped')",
            name=op.f("ck_settlement_payouts_state_known"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_settlement_payouts_amount_positive")),
        sa.ForeignKeyConstraint(["batch_id"], ["settlement_batches.id"], name=op.f("fk_settlement_payouts_batch_id")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_settlement_payouts_producer_id")),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["settlement_statements.id"], name=op.f("fk_settlement_payouts_statement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_payouts")),
        sa.UniqueConstraint("bank_reference", name=op.f("uq_settlement_payouts_bank_reference")),
        sa.UniqueConstraint("reference", name=op.f("uq_settlement_payouts_reference")),
    )
    with op.batch_alter_table("settlement_payouts", schema=None) as batch_op:
        batch_op.create_index("ix_settlement_payouts_batch", ["batch_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_settlement_payouts_producer_id"), ["producer_id"], unique=False)
        batch_op.create_index("ix_settlement_payouts_state", ["state", "id"], unique=False)
        batch_op.create_index(
            "uq_settlement_payouts_live",
            ["statement_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('prepared', 'approved', 'paid')"),
            postgresql_where=sa.text("state IN ('prepared', 'approved', 'paid')"),
        )

    op.create_table(
        "settlement_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cause", sa.String(length=80), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=True),
        sa.Column("point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("movement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("agreement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_amount", sa.BigInteger(), nullable=True),
        sa.Column("discount_amount", sa.BigInteger(), nullable=False),
        sa.Column("base_amount", sa.BigInteger(), nullable=True),
        sa.Column("rate_bp", sa.Integer(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(length=255), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('sale', 'return', 'refund', 'voucher', 'commission', 'freight', 'loss', 'purchase', 'vat', 'income', 'correction')",
            name=op.f("ck_settlement_entries_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["settlement_agreements.id"], name=op.f("fk_settlement_entries_agreement_id")
        ),
        sa.ForeignKeyConstraint(["line_id"], ["order_lines.id"], name=op.f("fk_settlement_entries_line_id")),
        sa.ForeignKeyConstraint(
            ["movement_id"], ["stock_movements.id"], name=op.f("fk_settlement_entries_movement_id")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_settlement_entries_order_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["settlement_entries.id"], name=op.f("fk_settlement_entries_parent_id")),
        sa.ForeignKeyConstraint(["point_id"], ["points.id"], name=op.f("fk_settlement_entries_point_id")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_settlement_entries_producer_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_settlement_entries_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_entries")),
        sa.UniqueConstraint("cause", name=op.f("uq_settlement_entries_cause")),
    )
    with op.batch_alter_table("settlement_entries", schema=None) as batch_op:
        batch_op.create_index("ix_settlement_entries_movement", ["movement_id"], unique=False)
        batch_op.create_index("ix_settlement_entries_order", ["order_id"], unique=False)
        batch_op.create_index("ix_settlement_entries_parent", ["parent_id"], unique=False)
        batch_op.create_index("ix_settlement_entries_producer", ["producer_id", "happened_on", "id"], unique=False)

    op.create_table(
        "settlement_corrections",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("needs_second", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(length=40), nullable=False),
        sa.Column("asked_label", sa.String(length=255), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=40), nullable=True),
        sa.Column("decided_label", sa.String(length=255), nullable=True),
        sa.Column("decision_note", sa.Text(), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "state = 'asked' OR NOT needs_second OR decided_by <> asked_by",
            name=op.f("ck_settlement_corrections_two_people"),
        ),
        sa.CheckConstraint(
            "state IN ('asked', 'posted', 'refused')", name=op.f("ck_settlement_corrections_state_known")
        ),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_settlement_corrections_amount_some")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["settlement_entries.id"], name=op.f("fk_settlement_corrections_entry_id")
        ),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_settlement_corrections_producer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_corrections")),
        sa.UniqueConstraint("reference", name=op.f("uq_settlement_corrections_reference")),
    )
    with op.batch_alter_table("settlement_corrections", schema=None) as batch_op:
        batch_op.create_index("ix_settlement_corrections_producer", ["producer_id", "id"], unique=False)
        batch_op.create_index("ix_settlement_corrections_state", ["state", "id"], unique=False)

    op.create_table(
        "settlement_lines",
        sa.Column(
            "entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("statement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["settlement_entries.id"], name=op.f("fk_settlement_lines_entry_id")),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["settlement_statements.id"], name=op.f("fk_settlement_lines_statement_id")
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_settlement_lines")),
    )
    with op.batch_alter_table("settlement_lines", schema=None) as batch_op:
        batch_op.create_index("ix_settlement_lines_statement", ["statement_id", "entry_id"], unique=False)

    op.create_table(
        "settlement_remarks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("statement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_label", sa.String(length=255), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_label", sa.String(length=255), nullable=True),
        sa.Column("correction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("(answered_at IS NULL) = (answer IS NULL)", name=op.f("ck_settlement_remarks_answer_whole")),
        sa.ForeignKeyConstraint(
            ["correction_id"], ["settlement_corrections.id"], name=op.f("fk_settlement_remarks_correction_id")
        ),
        sa.ForeignKeyConstraint(["entry_id"], ["settlement_entries.id"], name=op.f("fk_settlement_remarks_entry_id")),
        sa.ForeignKeyConstraint(
            ["statement_id"], ["settlement_statements.id"], name=op.f("fk_settlement_remarks_statement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_remarks")),
        sa.UniqueConstraint("reference", name=op.f("uq_settlement_remarks_reference")),
    )
    with op.batch_alter_table("settlement_remarks", schema=None) as batch_op:
        batch_op.create_index("ix_settlement_remarks_statement", ["statement_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("settlement_remarks")
    op.drop_table("settlement_lines")
    op.drop_table("settlement_corrections")
    op.drop_table("settlement_entries")
    op.drop_table("settlement_payouts")
    op.drop_table("settlement_statements")
    op.drop_table("settlement_agreement_sets")
    op.drop_table("settlement_agreements")
    op.drop_table("settlement_accounts")
    op.drop_table("settlement_withholding_rates")
    op.drop_table("settlement_steps")
    op.drop_table("settlement_batches")
