"""Goods at many points: lots with names, transfers, receipts, counts, the counter, recalls."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


COUNTER = ("cash", "terminal", "mixed")
METHODS = (("orders", "payment_method"), ("payments", "method"))


def ways_to_pay(*more: str) -> None:
    """Let the columns of ways to pay hold those of the web and `more`."""
    allowed = ", ".join(f"'{way}'" for way in ("cod", "vietqr", "card", *more))
    for table, column in METHODS:
        known = op.f(f"ck_{table}_{column}_known")
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_constraint(known, type_="check")
            batch_op.create_check_constraint(known, f"{column} IN ({allowed})")


def upgrade() -> None:
    ways_to_pay(*COUNTER)
    with op.batch_alter_table("lots", schema=None) as batch_op:
        batch_op.add_column(sa.Column("trace_code", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("stop_reason", sa.Text(), nullable=True))
        batch_op.create_index("ix_lots_expires", ["expires_on"], unique=False)
        batch_op.create_index("ix_lots_trace_code", ["trace_code"], unique=True)

    with op.batch_alter_table("points", schema=None) as batch_op:
        batch_op.add_column(sa.Column("web_reserve", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("points", schema=None) as batch_op:
        batch_op.drop_column("web_reserve")

    with op.batch_alter_table("lots", schema=None) as batch_op:
        batch_op.drop_index("ix_lots_trace_code")
        batch_op.drop_index("ix_lots_expires")
        batch_op.drop_column("stop_reason")
        batch_op.drop_column("stopped_at")
        batch_op.drop_column("trace_code")
    # What was paid at a counter is, to the version before, money taken by hand.
    counter = ", ".join(f"'{way}'" for way in COUNTER)
    for table, column in METHODS:
        op.execute(f"UPDATE {table} SET {column} = 'cod' WHERE {column} IN ({counter})")
    ways_to_pay()
