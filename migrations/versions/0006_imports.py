"""Imports: the tables that producers send, every row with what became of it, and what their columns were taken for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATES = "'matching', 'checking', 'ready', 'applying', 'applied', 'undoing', 'undone', 'failed', 'dropped'"


def upgrade() -> None:
    op.create_table(
        "import_columns",
        sa.Column("id", ID, nullable=False),
        sa.Column("producer_id", ID, nullable=False),
        sa.Column("signature", sa.String(length=80), nullable=False),
        sa.Column("columns", JSON, nullable=False),
        sa.Column("default_set", sa.String(length=20), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_import_columns_producer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_columns")),
        sa.UniqueConstraint("producer_id", "signature", name=op.f("uq_import_columns_producer_id_signature")),
    )
    op.create_table(
        "imports",
        sa.Column("id", ID, nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("producer_id", ID, nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("mode", sa.String(length=24), nullable=True),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("file_key", sa.String(length=255), nullable=False),
        sa.Column("sheet", sa.String(length=255), nullable=False),
        sa.Column("sheets", JSON, nullable=False),
        sa.Column("head_row", sa.Integer(), nullable=False),
        sa.Column("head", JSON, nullable=False),
        sa.Column("samples", JSON, nullable=False),
        sa.Column("hidden_columns", JSON, nullable=False),
        sa.Column("columns", JSON, nullable=False),
        sa.Column("hints", JSON, nullable=False),
        sa.Column("verdicts", JSON, nullable=False),
        sa.Column("default_set", sa.String(length=20), nullable=True),
        sa.Column("work", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("blank", sa.Integer(), nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.Column("hidden", JSON, nullable=False),
        sa.Column("problem", JSON, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=40), nullable=False),
        sa.Column("created_label", sa.String(length=255), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("mode IN ('each', 'all')", name=op.f("ck_imports_mode_known")),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_imports_state_known")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_imports_producer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        sa.UniqueConstraint("reference", name=op.f("uq_imports_reference")),
    )
    with op.batch_alter_table("imports", schema=None) as batch_op:
        batch_op.create_index("ix_imports_producer", ["producer_id", "id"], unique=False)

    op.create_table(
        "import_steps",
        sa.Column("id", ID, nullable=False),
        sa.Column("import_id", ID, nullable=False),
        sa.Column("state_from", sa.String(length=24), nullable=True),
        sa.Column("state_to", sa.String(length=24), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint(f"state_from IN ({STATES})", name=op.f("ck_import_steps_state_from_known")),
        sa.CheckConstraint(f"state_to IN ({STATES})", name=op.f("ck_import_steps_state_to_known")),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_import_steps_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_steps")),
    )
    with op.batch_alter_table("import_steps", schema=None) as batch_op:
        batch_op.create_index("ix_import_steps_import", ["import_id", "id"], unique=False)

    op.create_table(
        "import_rows",
        sa.Column("id", ID, nullable=False),
        sa.Column("import_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cells", JSON, nullable=False),
        sa.Column("corrected", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.String(length=24), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("changes", JSON, nullable=False),
        sa.Column("problems", JSON, nullable=False),
        sa.Column("result", sa.String(length=24), nullable=True),
        sa.Column("product_id", ID, nullable=True),
        sa.Column("variant_id", ID, nullable=True),
        sa.Column("before", JSON, nullable=True),
        sa.Column("after", JSON, nullable=True),
        sa.Column("left", JSON, nullable=True),
        sa.CheckConstraint(
            "outcome IN ('new', 'changed', 'unchanged', 'refused', 'ignored')",
            name=op.f("ck_import_rows_outcome_known"),
        ),
        sa.CheckConstraint("result IN ('written', 'left', 'undone', 'kept')", name=op.f("ck_import_rows_result_known")),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_import_rows_import_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_import_rows_product_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_import_rows_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_rows")),
        sa.UniqueConstraint("import_id", "position", name=op.f("uq_import_rows_import_id_position")),
    )
    with op.batch_alter_table("import_rows", schema=None) as batch_op:
        batch_op.create_index("ix_import_rows_outcome", ["import_id", "outcome", "position"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("import_rows", schema=None) as batch_op:
        batch_op.drop_index("ix_import_rows_outcome")

    op.drop_table("import_rows")
    with op.batch_alter_table("import_steps", schema=None) as batch_op:
        batch_op.drop_index("ix_import_steps_import")

    op.drop_table("import_steps")
    with op.batch_alter_table("imports", schema=None) as batch_op:
        batch_op.drop_index("ix_imports_producer")

    op.drop_table("imports")
    op.drop_table("import_columns")
