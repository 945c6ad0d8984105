"""Fairs: the words of the call, sources, the version of the plan, and what is written of a fair."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("exhibitions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("call_text", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("call_text_en", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("source_url", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("plan_version", sa.Integer(), nullable=False, server_default="0"))

    with op.batch_alter_table("exhibitions", schema=None) as batch_op:
        batch_op.alter_column("plan_version", existing_type=sa.Integer(), server_default=None)

    op.create_table(
        "exhibition_figures",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("exhibition_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("what", sa.String(length=24), nullable=False),
        sa.Column("label", sa.String(length=255), nullable=True),
        sa.Column("label_en", sa.String(length=255), nullable=True),
        sa.Column("text", sa.String(length=80), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.String(length=255), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_label", sa.String(length=255), nullable=False),
        sa.CheckConstraint(
            "what IN ('booths', 'own_booths', 'producers', 'products', 'visitors', 'turnover', 'own_turnover', "
            "'locality_turnover', 'other')",
            name=op.f("ck_exhibition_figures_what_known"),
        ),
        sa.CheckConstraint("source IS NOT NULL OR source_url IS NOT NULL", name=op.f("ck_exhibition_figures_sourced")),
        sa.CheckConstraint("value IS NULL OR value >= 0", name=op.f("ck_exhibition_figures_value_whole")),
        sa.CheckConstraint(
            "what NOT IN ('locality_turnover', 'other') OR label IS NOT NULL",
            name=op.f("ck_exhibition_figures_labelled"),
        ),
        sa.ForeignKeyConstraint(
            ["exhibition_id"], ["exhibitions.id"], name=op.f("fk_exhibition_figures_exhibition_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exhibition_figures")),
    )
    with op.batch_alter_table("exhibition_figures", schema=None) as batch_op:
        batch_op.create_index("ix_exhibition_figures_exhibition", ["exhibition_id", "id"], unique=False)
        batch_op.create_index("ix_exhibition_figures_what", ["what", "exhibition_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("exhibition_figures", schema=None) as batch_op:
        batch_op.drop_index("ix_exhibition_figures_what")
        batch_op.drop_index("ix_exhibition_figures_exhibition")

    op.drop_table("exhibition_figures")
    with op.batch_alter_table("exhibitions", schema=None) as batch_op:
        batch_op.drop_column("plan_version")
        batch_op.drop_column("source_url")
        batch_op.drop_column("call_text_en")
        batch_op.drop_column("call_text")
