"""Listings: what producers want to say of their goods, its review, and the history of every difference."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
OPEN = sa.text("state IN ('draft', 'sent', 'returned')")


def upgrade() -> None:
    op.create_table(
        "listing_pictures",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("files", JSON, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_listing_pictures_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing_pictures")),
        sa.UniqueConstraint("reference", name=op.f("uq_listing_pictures_reference")),
    )
    with op.batch_alter_table("listing_pictures", schema=None) as batch_op:
        batch_op.create_index("ix_listing_pictures_product", ["product_id"], unique=False)

    op.create_table(
        "listing_submissions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_by", sa.String(length=40), nullable=True),
        sa.Column("sent_label", sa.String(length=255), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('new', 'change')", name=op.f("ck_listing_submissions_kind_known")),
        sa.CheckConstraint(
            "state IN ('draft', 'sent', 'returned', 'approved', 'dropped')",
            name=op.f("ck_listing_submissions_state_known"),
        ),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_listing_submissions_producer_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_listing_submissions_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing_submissions")),
        sa.UniqueConstraint("reference", name=op.f("uq_listing_submissions_reference")),
    )
    with op.batch_alter_table("listing_submissions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_listing_submissions_open", ["product_id"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
        )
        batch_op.create_index("ix_listing_submissions_producer", ["producer_id", "state"], unique=False)
        batch_op.create_index("ix_listing_submissions_product", ["product_id", "id"], unique=False)
        batch_op.create_index("ix_listing_submissions_state", ["state", "sent_at"], unique=False)

    op.create_table(
        "listing_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("submission_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("before", JSON, nullable=False),
        sa.Column("after", JSON, nullable=False),
        sa.Column("outcome", sa.String(length=24), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('draft', 'shown', 'queued', 'approved', 'returned')",
            name=op.f("ck_listing_changes_outcome_known"),
        ),
        sa.CheckConstraint("subject <> ''", name=op.f("ck_listing_changes_subject_given")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_listing_changes_product_id")),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["listing_submissions.id"], name=op.f("fk_listing_changes_submission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing_changes")),
    )
    with op.batch_alter_table("listing_changes", schema=None) as batch_op:
        batch_op.create_index("ix_listing_changes_product", ["product_id", "id"], unique=False)
        batch_op.create_index("ix_listing_changes_subject", ["subject", "field", "at"], unique=False)

    op.create_table(
        "listing_lines",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("submission_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("before", JSON, nullable=False),
        sa.Column("after", JSON, nullable=False),
        sa.Column("decision", sa.String(length=24), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("decision IN ('approved', 'returned')", name=op.f("ck_listing_lines_decision_known")),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["listing_submissions.id"], name=op.f("fk_listing_lines_submission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing_lines")),
        sa.UniqueConstraint(
            "submission_id", "subject", "field", name=op.f("uq_listing_lines_submission_id_subject_field")
        ),
    )
    op.create_table(
        "listing_steps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("submission_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state_from", sa.String(length=24), nullable=True),
        sa.Column("state_to", sa.String(length=24), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state_from IN ('draft', 'sent', 'returned', 'approved', 'dropped')",
            name=op.f("ck_listing_steps_state_from_known"),
        ),
        sa.CheckConstraint(
            "state_to IN ('draft', 'sent', 'returned', 'approved', 'dropped')",
            name=op.f("ck_listing_steps_state_to_known"),
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["listing_submissions.id"], name=op.f("fk_listing_steps_submission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing_steps")),
    )
    with op.batch_alter_table("listing_steps", schema=None) as batch_op:
        batch_op.create_index("ix_listing_steps_submission", ["submission_id", "id"], unique=False)


def downgrade() -> None:
    for table in ("listing_steps", "listing_lines", "listing_changes", "listing_submissions", "listing_pictures"):
        op.drop_table(table)
