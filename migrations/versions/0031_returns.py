"""Refunds by line: what goes back for which units, and goods that come back to be looked at."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "returns",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("refund_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("why", sa.String(length=24), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("goods_amount", sa.BigInteger(), nullable=False),
        sa.Column("freight_amount", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "why IN ('damaged', 'wrong', 'quality', 'missing', 'late', 'changed_mind', 'other')",
            name=op.f("ck_returns_why_known"),
        ),
        sa.CheckConstraint("amount = goods_amount + freight_amount", name=op.f("ck_returns_amount_adds_up")),
        sa.CheckConstraint(
            "goods_amount >= 0 AND freight_amount >= 0 AND amount > 0", name=op.f("ck_returns_amounts_whole")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_returns_order_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_returns_payment_id")),
        sa.ForeignKeyConstraint(["refund_id"], ["refunds.id"], name=op.f("fk_returns_refund_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_returns")),
        sa.UniqueConstraint("reference", name=op.f("uq_returns_reference")),
        sa.UniqueConstraint("refund_id", name=op.f("uq_returns_refund_id")),
    )
    with op.batch_alter_table("returns", schema=None) as batch_op:
        batch_op.create_index("ix_returns_order", ["order_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_returns_payment_id"), ["payment_id"], unique=False)

    op.create_table(
        "return_lines",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("return_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("comes_back", sa.Boolean(), nullable=False),
        sa.Column("good_quantity", sa.Integer(), nullable=True),
        sa.Column("bad_quantity", sa.Integer(), nullable=True),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("looked_by", sa.String(length=255), nullable=True),
        sa.CheckConstraint(
            "(looked_at IS NULL) = (bad_quantity IS NULL)", name=op.f("ck_return_lines_looked_at_whole")
        ),
        sa.CheckConstraint(
            "(looked_at IS NULL) = (good_quantity IS NULL)", name=op.f("ck_return_lines_looked_at_once")
        ),
        sa.CheckConstraint(
            "good_quantity >= 0 AND bad_quantity >= 0 AND good_quantity + bad_quantity <= quantity",
            name=op.f("ck_return_lines_within_quantity"),
        ),
        sa.CheckConstraint("looked_at IS NULL OR comes_back", name=op.f("ck_return_lines_only_what_comes_back")),
        sa.CheckConstraint("quantity > 0 AND amount >= 0", name=op.f("ck_return_lines_quantity_positive")),
        sa.ForeignKeyConstraint(["line_id"], ["order_lines.id"], name=op.f("fk_return_lines_line_id")),
        sa.ForeignKeyConstraint(["return_id"], ["returns.id"], name=op.f("fk_return_lines_return_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_lines")),
        sa.UniqueConstraint("return_id", "line_id", name=op.f("uq_return_lines_return_id_line_id")),
    )
    with op.batch_alter_table("return_lines", schema=None) as batch_op:
        batch_op.create_index("ix_return_lines_line", ["line_id"], unique=False)
        batch_op.create_index("ix_return_lines_waiting", ["comes_back", "looked_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("return_lines", schema=None) as batch_op:
        batch_op.drop_index("ix_return_lines_waiting")
        batch_op.drop_index("ix_return_lines_line")

    op.drop_table("return_lines")
    with op.batch_alter_table("returns", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_returns_payment_id"))
        batch_op.drop_index("ix_returns_order")

    op.drop_table("returns")
