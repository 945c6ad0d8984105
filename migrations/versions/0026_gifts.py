"""Goods that were given away are told from those that guests tasted."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

BEFORE = ("damaged", "expired", "recalled", "tasting")
AFTER = ("lost", "other")


def reasons(*known: str) -> None:
    listed = ", ".join(f"'{why}'" for why in known)
    with op.batch_alter_table("write_offs", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_write_offs_why_known"), type_="check")
        batch_op.create_check_constraint(op.f("ck_write_offs_why_known"), f"why IN ({listed})")


def upgrade() -> None:
    reasons(*BEFORE, "gift", *AFTER)


def downgrade() -> None:
    # The shop before booked gifts as tasted; settlement knew no such loss, and paid for none unless it was agreed.
    op.execute(sa.text("UPDATE write_offs SET why = 'tasting' WHERE why = 'gift'"))
    reasons(*BEFORE, *AFTER)
