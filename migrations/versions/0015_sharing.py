"""Who gets what there is: plans with their lines and transfers; what the web leaves of one pack at one point."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sharing_plans",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("family", sa.String(length=20), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("follows_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("weeks", sa.Integer(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("floor_percent", sa.Integer(), nullable=False),
        sa.Column("waiting_first", sa.Boolean(), nullable=False),
        sa.Column("trip_units", sa.Integer(), nullable=False),
        sa.Column("whole_lots", sa.Boolean(), nullable=False),
        sa.Column("inputs", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=True),
        sa.Column("compared", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("edits", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_key", sa.String(length=40), nullable=False),
        sa.Column("made_by", sa.String(length=255), nullable=False),
        sa.Column("solved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=255), nullable=True),
        sa.CheckConstraint(
            "(state = 'computing') = (solved_at IS NULL) OR state IN ('withdrawn', 'superseded')",
            name=op.f("ck_sharing_plans_solved"),
        ),
        sa.CheckConstraint(
            "state <> 'approved' OR (decided_at IS NOT NULL AND decided_by IS NOT NULL)",
            name=op.f("ck_sharing_plans_approved_by"),
        ),
        sa.CheckConstraint(
            "state IN ('computing', 'draft', 'approved', 'superseded', 'withdrawn')",
            name=op.f("ck_sharing_plans_state_known"),
        ),
        sa.CheckConstraint("floor_percent BETWEEN 0 AND 100", name=op.f("ck_sharing_plans_floor_is_a_share")),
        sa.CheckConstraint("number >= 1 AND edits >= 0", name=op.f("ck_sharing_plans_counted")),
        sa.CheckConstraint("trip_units BETWEEN 0 AND 100", name=op.f("ck_sharing_plans_trip_counted")),
        sa.CheckConstraint("weeks BETWEEN 1 AND 8", name=op.f("ck_sharing_plans_weeks_few")),
        sa.ForeignKeyConstraint(["follows_id"], ["sharing_plans.id"], name=op.f("fk_sharing_plans_follows_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sharing_plans")),
        sa.UniqueConstraint("reference", name=op.f("uq_sharing_plans_reference")),
    )
    with op.batch_alter_table("sharing_plans", schema=None) as batch_op:
        batch_op.create_index("ix_sharing_plans_family", ["family", "id"], unique=False)
        batch_op.create_index("ix_sharing_plans_follows", ["follows_id"], unique=False)
        batch_op.create_index(
            "ix_sharing_plans_holds",
            ["family"],
            unique=True,
            sqlite_where=sa.text("state = 'approved'"),
            postgresql_where=sa.text("state = 'approved'"),
        )
        batch_op.create_index("ix_sharing_plans_state", ["state", "id"], unique=False)

    op.create_table(
        "sharing_transfers",
        sa.Column(
            "transfer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["sharing_plans.id"], name=op.f("fk_sharing_transfers_plan_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["transfers.id"], name=op.f("fk_sharing_transfers_transfer_id")),
        sa.PrimaryKeyConstraint("transfer_id", name=op.f("pk_sharing_transfers")),
    )
    with op.batch_alter_table("sharing_transfers", schema=None) as batch_op:
        batch_op.create_index("ix_sharing_transfers_plan", ["plan_id"], unique=False)

    op.create_table(
        "sharing_lines",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("proposed", sa.Integer(), nullable=False),
        sa.Column("parts", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("why", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.CheckConstraint("units >= 0 AND proposed >= 0", name=op.f("ck_sharing_lines_units_counted")),
        sa.ForeignKeyConstraint(["plan_id"], ["sharing_plans.id"], name=op.f("fk_sharing_lines_plan_id")),
        sa.ForeignKeyConstraint(["point_id"], ["points.id"], name=op.f("fk_sharing_lines_point_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_sharing_lines_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sharing_lines")),
        sa.UniqueConstraint(
            "plan_id", "variant_id", "point_id", name=op.f("uq_sharing_lines_plan_id_variant_id_point_id")
        ),
    )
    with op.batch_alter_table("sharing_lines", schema=None) as batch_op:
        batch_op.create_index("ix_sharing_lines_point", ["point_id", "plan_id"], unique=False)
        batch_op.create_index("ix_sharing_lines_variant", ["variant_id"], unique=False)

    op.create_table(
        "web_reserves",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at_point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("of_variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("reference", sa.String(length=80), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.String(length=255), nullable=False),
        sa.CheckConstraint("units >= 0", name=op.f("ck_web_reserves_units_counted")),
        sa.ForeignKeyConstraint(["at_point_id"], ["points.id"], name=op.f("fk_web_reserves_at_point_id")),
        sa.ForeignKeyConstraint(["of_variant_id"], ["variants.id"], name=op.f("fk_web_reserves_of_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_reserves")),
        sa.UniqueConstraint("at_point_id", "of_variant_id", name=op.f("uq_web_reserves_at_point_id_of_variant_id")),
    )
    with op.batch_alter_table("web_reserves", schema=None) as batch_op:
        batch_op.create_index("ix_web_reserves_reference", ["reference"], unique=False)
        batch_op.create_index("ix_web_reserves_variant", ["of_variant_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("web_reserves", schema=None) as batch_op:
        batch_op.drop_index("ix_web_reserves_variant")
        batch_op.drop_index("ix_web_reserves_reference")

    op.drop_table("web_reserves")
    with op.batch_alter_table("sharing_lines", schema=None) as batch_op:
        batch_op.drop_index("ix_sharing_lines_variant")
        batch_op.drop_index("ix_sharing_lines_point")

    op.drop_table("sharing_lines")
    with op.batch_alter_table("sharing_transfers", schema=None) as batch_op:
        batch_op.drop_index("ix_sharing_transfers_plan")

    op.drop_table("sharing_transfers")
    with op.batch_alter_table("sharing_plans", schema=None) as batch_op:
        batch_op.drop_index("ix_sharing_plans_state")
        batch_op.drop_index(
            "ix_sharing_plans_holds",
            sqlite_where=sa.text("state = 'approved'"),
            postgresql_where=sa.text("state = 'approved'"),
        )
        batch_op.drop_index("ix_sharing_plans_follows")
        batch_op.drop_index("ix_sharing_plans_family")

    op.drop_table("sharing_plans")
