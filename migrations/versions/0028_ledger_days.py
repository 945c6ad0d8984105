"""Days of the ledger's channels, closed by a person on figures that are kept."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "ledger_channels",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_ledger_channels")),
    )
    op.create_table(
        "ledger_closings",
        sa.Column("id", ID, nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("figures", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.String(length=40), nullable=False),
        sa.Column("closed_label", sa.String(length=255), nullable=False),
        sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reopened_label", sa.String(length=255), nullable=True),
        sa.Column("reopen_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(reopened_at IS NULL) = (reopened_label IS NULL) AND (reopened_at IS NULL) = (reopen_reason IS NULL)",
            name=op.f("ck_ledger_closings_reopened_by_somebody"),
        ),
        sa.ForeignKeyConstraint(["channel"], ["ledger_channels.code"], name=op.f("fk_ledger_closings_channel")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_closings")),
    )
    with op.batch_alter_table("ledger_closings", schema=None) as batch_op:
        batch_op.create_index("ix_ledger_closings_day", ["day", "channel"], unique=False)
        batch_op.create_index(
            "uq_ledger_closings_live",
            ["channel", "day"],
            unique=True,
            sqlite_where=sa.text("reopened_at IS NULL"),
            postgresql_where=sa.text("reopened_at IS NULL"),
        )


def downgrade() -> None:
    op.drop_table("ledger_closings")
    op.drop_table("ledger_channels")
