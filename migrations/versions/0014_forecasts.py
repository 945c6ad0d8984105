"""What was wanted week by week, runs of the forecast with their lines and totals, packs that carry on others."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "demand_weeks",
        sa.Column("week_on", sa.Date(), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("place", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sold", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("exposure", sa.Integer(), nullable=False),
        sa.Column("listed", sa.Integer(), nullable=False),
        sa.Column("fair", sa.Integer(), nullable=False),
        sa.Column("price", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=24), nullable=False),
        sa.CheckConstraint("source IN ('shop', 'brought')", name=op.f("ck_demand_weeks_source_known")),
        sa.CheckConstraint(
            "exposure BETWEEN 0 AND 10000 AND listed BETWEEN 0 AND 10000", name=op.f("ck_demand_weeks_shares_known")
        ),
        sa.CheckConstraint(
            "fair BETWEEN 0 AND 10000 AND price BETWEEN 1 AND 1000000", name=op.f("ck_demand_weeks_events_known")
        ),
        sa.CheckConstraint("place >= 0", name=op.f("ck_demand_weeks_place_known")),
        sa.CheckConstraint("sold >= 0 AND asked >= 0", name=op.f("ck_demand_weeks_units_whole")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_demand_weeks_variant_id")),
        sa.PrimaryKeyConstraint("week_on", "variant_id", "place", name=op.f("pk_demand_weeks")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "demand_builds",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("built_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("until_on > first_on", name=op.f("ck_demand_builds_span")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demand_builds")),
    )
    op.create_table(
        "demand_heirs",
        sa.Column("from_variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("to_variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said_by", sa.String(length=40), nullable=False),
        sa.Column("said_label", sa.String(length=255), nullable=False),
        sa.CheckConstraint("from_variant_id <> to_variant_id", name=op.f("ck_demand_heirs_not_itself")),
        sa.CheckConstraint("weight BETWEEN 1 AND 100000", name=op.f("ck_demand_heirs_weight_known")),
        sa.ForeignKeyConstraint(["from_variant_id"], ["variants.id"], name=op.f("fk_demand_heirs_from_variant_id")),
        sa.ForeignKeyConstraint(["to_variant_id"], ["variants.id"], name=op.f("fk_demand_heirs_to_variant_id")),
        sa.PrimaryKeyConstraint("from_variant_id", "to_variant_id", name=op.f("pk_demand_heirs")),
    )
    op.create_table(
        "forecast_runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("weeks", sa.Integer(), nullable=False),
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("took_ms", sa.Integer(), nullable=True),
        sa.Column("memory_mb", sa.Integer(), nullable=True),
        sa.Column("measured", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forecast_runs")),
    )
    op.create_index("ix_forecast_runs_done", "forecast_runs", ["done_at"], unique=False)
    op.create_table(
        "forecast_lines",
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("place", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("level", sa.Float(), nullable=False),
        sa.Column("lean", sa.Float(), nullable=False),
        sa.Column("spread", sa.Float(), nullable=False),
        sa.Column("mean", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("low", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("middle", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("high", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("reasons", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("units_4", sa.Float(), nullable=False),
        sa.Column("units_13", sa.Float(), nullable=False),
        sa.Column("lost_4", sa.Float(), nullable=False),
        sa.CheckConstraint("lean >= 0 AND lean <= 1 AND level >= 0", name=op.f("ck_forecast_lines_level_known")),
        sa.ForeignKeyConstraint(["run_id"], ["forecast_runs.id"], name=op.f("fk_forecast_lines_run_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_forecast_lines_variant_id")),
        sa.PrimaryKeyConstraint("run_id", "variant_id", "place", name=op.f("pk_forecast_lines")),
    )
    op.create_table(
        "forecast_totals",
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("of", sa.String(length=24), nullable=False),
        sa.Column("key_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("mean", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("low", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("middle", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("high", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("units_4", sa.Float(), nullable=False),
        sa.Column("units_13", sa.Float(), nullable=False),
        sa.Column("lost_4", sa.Float(), nullable=False),
        sa.CheckConstraint("of IN ('variant', 'product', 'place', 'shop')", name=op.f("ck_forecast_totals_of_known")),
        sa.ForeignKeyConstraint(["run_id"], ["forecast_runs.id"], name=op.f("fk_forecast_totals_run_id")),
        sa.PrimaryKeyConstraint("run_id", "of", "key_id", name=op.f("pk_forecast_totals")),
    )


def downgrade() -> None:
    op.drop_table("forecast_totals")
    op.drop_table("forecast_lines")
    op.drop_table("forecast_runs")
    op.drop_table("demand_heirs")
    op.drop_table("demand_builds")
    op.drop_table("demand_weeks")
