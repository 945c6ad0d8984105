"""Marks, geographical indications, reviews of labels and packaging, tests of products."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "product_standards",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("body", sa.String(length=255), nullable=True),
        sa.Column("number", sa.String(length=80), nullable=True),
        sa.Column("number_key", sa.String(length=80), nullable=True),
        sa.Column("filed_on", sa.Date(), nullable=True),
        sa.Column("granted_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("verdict", sa.String(length=24), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("file_key", sa.String(length=255), nullable=True),
        sa.Column("refused_why", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered_by", sa.String(length=40), nullable=False),
        sa.Column("entered_label", sa.String(length=255), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_label", sa.String(length=255), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(state = 'refused') = (refused_why IS NOT NULL)", name=op.f("ck_product_standards_refused_why")
        ),
        sa.CheckConstraint(
            "(verdict IS NOT NULL) = (kind IN ('label', 'packaging', 'test'))",
            name=op.f("ck_product_standards_verdict_of_reviews"),
        ),
        sa.CheckConstraint(
            "kind IN ('trademark', 'collective', 'certification', 'geographical', 'label', 'packaging', 'test')",
            name=op.f("ck_product_standards_kind_known"),
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'confirmed', 'refused', 'replaced', 'withdrawn')",
            name=op.f("ck_product_standards_state_known"),
        ),
        sa.CheckConstraint("verdict IN ('good', 'bad')", name=op.f("ck_product_standards_verdict_known")),
        sa.CheckConstraint(
            "ends_on IS NULL OR granted_on IS NULL OR ends_on >= granted_on", name=op.f("ck_product_standards_span")
        ),
        sa.CheckConstraint(
            "filed_on IS NULL OR granted_on IS NULL OR granted_on >= filed_on",
            name=op.f("ck_product_standards_filed_first"),
        ),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_product_standards_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_standards")),
        sa.UniqueConstraint("reference", name=op.f("uq_product_standards_reference")),
    )
    with op.batch_alter_table("product_standards", schema=None) as batch_op:
        batch_op.create_index("ix_product_standards_ends", ["ends_on"], unique=False)
        batch_op.create_index("ix_product_standards_product", ["product_id", "kind", "state"], unique=False)
        batch_op.create_index("ix_product_standards_state", ["state", "id"], unique=False)
        batch_op.create_index(
            "uq_product_standards_number",
            ["product_id", "kind", "number_key"],
            unique=True,
            sqlite_where=sa.text("number_key IS NOT NULL AND state IN ('waiting', 'confirmed')"),
            postgresql_where=sa.text("number_key IS NOT NULL AND state IN ('waiting', 'confirmed')"),
        )


def downgrade() -> None:
    with op.batch_alter_table("product_standards", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_product_standards_number",
            sqlite_where=sa.text("number_key IS NOT NULL AND state IN ('waiting', 'confirmed')"),
            postgresql_where=sa.text("number_key IS NOT NULL AND state IN ('waiting', 'confirmed')"),
        )
        batch_op.drop_index("ix_product_standards_state")
        batch_op.drop_index("ix_product_standards_product")
        batch_op.drop_index("ix_product_standards_ends")

    op.drop_table("product_standards")
