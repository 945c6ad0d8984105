"""Small differences of payments that a person agrees to; who works on transfers, refunds and goods that come back; the payment whose code a
line of the bank holds."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.add_column(sa.Column("waived_amount", sa.BigInteger(), server_default="0", nullable=False))

    for table in ("payments", "refunds", "returns"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(
                sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
            )
            batch_op.create_foreign_key(batch_op.f(f"fk_{table}_owner_id"), "users", ["owner_id"], ["id"])

    with op.batch_alter_table("bank_lines", schema=None) as batch_op:
        batch_op.add_column(sa.Column("about_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_bank_lines_about_id"), "payments", ["about_id"], ["id"])
        batch_op.create_index("ix_bank_lines_about", ["about_id"], unique=False)

    # Of lines that wait, the code was found when they were sorted.
    lines = sa.table("bank_lines", sa.column("id"), sa.column("hint"), sa.column("state"), sa.column("about_id"))
    bind = op.get_bind()
    for line_id, hint in bind.execute(sa.select(lines.c.id, lines.c.hint).where(lines.c.state == "open")).all():
        told = (json.loads(hint) if isinstance(hint, str) else hint) or {}
        parts = told.get("parts") or []
        about = told.get("payment") or (parts[0][0] if len(parts) == 1 else None)
        if about is not None and "code" in told.get("reasons", []):
            bind.execute(lines.update().where(lines.c.id == line_id).values(about_id=about))


def downgrade() -> None:
    with op.batch_alter_table("bank_lines", schema=None) as batch_op:
        batch_op.drop_index("ix_bank_lines_about")
        batch_op.drop_constraint(batch_op.f("fk_bank_lines_about_id"), type_="foreignkey")
        batch_op.drop_column("about_id")

    for table in ("returns", "refunds", "payments"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_constraint(batch_op.f(f"fk_{table}_owner_id"), type_="foreignkey")
            batch_op.drop_column("owner_id")

    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.drop_column("waived_amount")
