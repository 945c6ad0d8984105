"""Jobs and turnover of producers, told of a day with their source."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cycle_producer_figures",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("jobs", sa.Integer(), nullable=True),
        sa.Column("turnover", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.String(length=255), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said_by", sa.String(length=40), nullable=False),
        sa.Column("said_label", sa.String(length=255), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "jobs IS NOT NULL OR turnover IS NOT NULL", name=op.f("ck_cycle_producer_figures_tells_something")
        ),
        sa.CheckConstraint("jobs IS NULL OR jobs >= 0", name=op.f("ck_cycle_producer_figures_jobs_not_negative")),
        sa.CheckConstraint(
            "turnover IS NULL OR turnover >= 0", name=op.f("ck_cycle_producer_figures_turnover_not_negative")
        ),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_cycle_producer_figures_producer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cycle_producer_figures")),
    )
    op.create_index("ix_cycle_producer_figures_producer", "cycle_producer_figures", ["producer_id", "as_of"])
    op.create_index(
        "uq_cycle_producer_figures_standing",
        "cycle_producer_figures",
        ["producer_id", "as_of"],
        unique=True,
        sqlite_where=sa.text("replaced_at IS NULL"),
        postgresql_where=sa.text("replaced_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("cycle_producer_figures")
