"""How booths are closed and fairs reported: sheets with their versions and signatures, frozen reports; consigned goods that went
back to their owner; what a booth costs its producer."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

BEFORE = (
    "sale", "return", "refund", "voucher", "commission", "freight", "loss", "purchase", "vat", "income", "correction",
)  # fmt: skip


def kinds(*known: str) -> None:
    """Let entries of settlement be of these kinds."""
    listed = ", ".join(f"'{kind}'" for kind in known)
    with op.batch_alter_table("settlement_entries", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_settlement_entries_kind_known"), type_="check")
        batch_op.create_check_constraint(op.f("ck_settlement_entries_kind_known"), f"kind IN ({listed})")


def upgrade() -> None:
    kinds(*BEFORE[:8], "booth", *BEFORE[8:])
    op.create_table(
        "hand_backs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("taken_by", sa.String(length=255), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["point_id"], ["points.id"], name=op.f("fk_hand_backs_point_id")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_hand_backs_producer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_backs")),
        sa.UniqueConstraint("reference", name=op.f("uq_hand_backs_reference")),
    )
    with op.batch_alter_table("hand_backs", schema=None) as batch_op:
        batch_op.create_index("ix_hand_backs_point", ["point_id", "id"], unique=False)
        batch_op.create_index("ix_hand_backs_producer", ["producer_id", "id"], unique=False)

    op.create_table(
        "exhibition_reports",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("exhibition_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("figures", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("frozen_by", sa.String(length=40), nullable=False),
        sa.Column("frozen_label", sa.String(length=255), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_exhibition_reports_counted_from_one")),
        sa.ForeignKeyConstraint(
            ["exhibition_id"], ["exhibitions.id"], name=op.f("fk_exhibition_reports_exhibition_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exhibition_reports")),
        sa.UniqueConstraint("exhibition_id", "number", name=op.f("uq_exhibition_reports_exhibition_id_number")),
    )
    op.create_table(
        "exhibition_closings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("exhibition_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("booth_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("count_reference", sa.String(length=20), nullable=True),
        sa.Column("nothing_there_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("nothing_there_label", sa.String(length=255), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.String(length=40), nullable=False),
        sa.Column("opened_label", sa.String(length=255), nullable=False),
        sa.CheckConstraint(
            "(nothing_there_at IS NULL) = (nothing_there_label IS NULL)",
            name=op.f("ck_exhibition_closings_seen_by_somebody"),
        ),
        sa.ForeignKeyConstraint(["booth_id"], ["exhibition_booths.id"], name=op.f("fk_exhibition_closings_booth_id")),
        sa.ForeignKeyConstraint(
            ["exhibition_id"], ["exhibitions.id"], name=op.f("fk_exhibition_closings_exhibition_id")
        ),
        sa.ForeignKeyConstraint(["point_id"], ["points.id"], name=op.f("fk_exhibition_closings_point_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exhibition_closings")),
        sa.UniqueConstraint("booth_id", name=op.f("uq_exhibition_closings_booth_id")),
    )
    with op.batch_alter_table("exhibition_closings", schema=None) as batch_op:
        batch_op.create_index("ix_exhibition_closings_exhibition", ["exhibition_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_exhibition_closings_point_id"), ["point_id"], unique=False)

    op.create_table(
        "exhibition_sheets",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("exhibition_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("booth_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("stand_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("fee_amount", sa.BigInteger(), nullable=False),
        sa.Column("subsidy_amount", sa.BigInteger(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint("(owner = 'shop') = (producer_id IS NULL)", name=op.f("ck_exhibition_sheets_owner_named")),
        sa.CheckConstraint("state IN ('open', 'frozen')", name=op.f("ck_exhibition_sheets_state_known")),
        sa.CheckConstraint(
            "stand_id IS NULL OR producer_id IS NOT NULL", name=op.f("ck_exhibition_sheets_stands_somebody")
        ),
        sa.CheckConstraint(
            "subsidy_amount >= 0 AND subsidy_amount <= fee_amount", name=op.f("ck_exhibition_sheets_fee_covered")
        ),
        sa.ForeignKeyConstraint(["booth_id"], ["exhibition_booths.id"], name=op.f("fk_exhibition_sheets_booth_id")),
        sa.ForeignKeyConstraint(["exhibition_id"], ["exhibitions.id"], name=op.f("fk_exhibition_sheets_exhibition_id")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_exhibition_sheets_producer_id")),
        sa.ForeignKeyConstraint(["stand_id"], ["exhibition_stands.id"], name=op.f("fk_exhibition_sheets_stand_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exhibition_sheets")),
        sa.UniqueConstraint("booth_id", "owner", name=op.f("uq_exhibition_sheets_booth_id_owner")),
        sa.UniqueConstraint("reference", name=op.f("uq_exhibition_sheets_reference")),
    )
    with op.batch_alter_table("exhibition_sheets", schema=None) as batch_op:
        batch_op.create_index("ix_exhibition_sheets_exhibition", ["exhibition_id", "state"], unique=False)
        batch_op.create_index("ix_exhibition_sheets_producer", ["producer_id", "id"], unique=False)
        batch_op.create_index(
            "uq_exhibition_sheets_stand",
            ["stand_id"],
            unique=True,
            sqlite_where=sa.text("stand_id IS NOT NULL"),
            postgresql_where=sa.text("stand_id IS NOT NULL"),
        )

    op.create_table(
        "exhibition_sheet_versions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sheet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("figures", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("moves", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("frozen_by", sa.String(length=40), nullable=False),
        sa.Column("frozen_label", sa.String(length=255), nullable=False),
        sa.Column("seal", sa.String(length=80), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_exhibition_sheet_versions_counted_from_one")),
        sa.ForeignKeyConstraint(
            ["sheet_id"], ["exhibition_sheets.id"], name=op.f("fk_exhibition_sheet_versions_sheet_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exhibition_sheet_versions")),
        sa.UniqueConstraint("sheet_id", "number", name=op.f("uq_exhibition_sheet_versions_sheet_id_number")),
    )
    op.create_table(
        "exhibition_signatures",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sheet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("side", sa.String(length=24), nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("strokes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("seal", sa.String(length=80), nullable=False),
        sa.CheckConstraint("side IN ('producer', 'staff')", name=op.f("ck_exhibition_signatures_side_known")),
        sa.ForeignKeyConstraint(["sheet_id"], ["exhibition_sheets.id"], name=op.f("fk_exhibition_signatures_sheet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exhibition_signatures")),
        sa.UniqueConstraint("sheet_id", "side", "digest", name=op.f("uq_exhibition_signatures_sheet_id_side_digest")),
    )


def downgrade() -> None:
    op.drop_table("exhibition_signatures")
    op.drop_table("exhibition_sheet_versions")
    with op.batch_alter_table("exhibition_sheets", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_exhibition_sheets_stand",
            sqlite_where=sa.text("stand_id IS NOT NULL"),
            postgresql_where=sa.text("stand_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_exhibition_sheets_producer")
        batch_op.drop_index("ix_exhibition_sheets_exhibition")

    op.drop_table("exhibition_sheets")
    with op.batch_alter_table("exhibition_closings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_exhibition_closings_point_id"))
        batch_op.drop_index("ix_exhibition_closings_exhibition")

    op.drop_table("exhibition_closings")
    op.drop_table("exhibition_reports")
    with op.batch_alter_table("hand_backs", schema=None) as batch_op:
        batch_op.drop_index("ix_hand_backs_producer")
        batch_op.drop_index("ix_hand_backs_point")

    op.drop_table("hand_backs")
    # The shop before knows no fees of booths: what was charged stays, as a correction with its words.
    op.execute(sa.text("UPDATE settlement_entries SET kind = 'correction' WHERE kind = 'booth'"))
    kinds(*BEFORE)
