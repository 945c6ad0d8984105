"""Bags of cash that keepers write down and a second person counts."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0047"
branch_labels = None
depends_on = None

BEFORE = ("carried", "arrived", "back")


def states(*known: str) -> str:
    return "state IN (" + ", ".join(f"'{state}'" for state in known) + ")"


def upgrade() -> None:
    with op.batch_alter_table("cash_bags", schema=None) as batch_op:
        batch_op.add_column(sa.Column("second_key", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("second_label", sa.String(length=255), nullable=True))
        batch_op.add_column(sa.Column("second_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.drop_constraint(op.f("ck_cash_bags_state_known"), type_="check")
        batch_op.create_check_constraint(op.f("ck_cash_bags_state_known"), states("sealed", *BEFORE))
        batch_op.create_check_constraint(
            op.f("ck_cash_bags_two_count"), "second_key IS NULL OR second_key <> created_key"
        )
        batch_op.create_check_constraint(op.f("ck_cash_bags_sealed_waits"), "state <> 'sealed' OR second_key IS NULL")


def downgrade() -> None:
    # Nothing of a sealed bag is in the books: its cash lies where it was.
    op.execute(
        "UPDATE cash_bags SET state = 'back', closed_at = created_at, closed_label = created_label WHERE state = 'sealed'"
    )
    with op.batch_alter_table("cash_bags", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_cash_bags_sealed_waits"), type_="check")
        batch_op.drop_constraint(op.f("ck_cash_bags_two_count"), type_="check")
        batch_op.drop_constraint(op.f("ck_cash_bags_state_known"), type_="check")
        batch_op.create_check_constraint(op.f("ck_cash_bags_state_known"), states(*BEFORE))
        batch_op.drop_column("second_at")
        batch_op.drop_column("second_label")
        batch_op.drop_column("second_key")
