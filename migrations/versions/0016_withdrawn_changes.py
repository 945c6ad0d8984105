"""The history of a listing says when a change that waited was taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BEFORE = ("draft", "shown", "queued", "approved", "returned")


def outcomes(*known: str) -> None:
    listed = ", ".join(f"'{outcome}'" for outcome in known)
    with op.batch_alter_table("listing_changes", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_listing_changes_outcome_known"), type_="check")
        batch_op.create_check_constraint(op.f("ck_listing_changes_outcome_known"), f"outcome IN ({listed})")


def upgrade() -> None:
    outcomes(*BEFORE, "withdrawn")


def downgrade() -> None:
    # The shop before knows no such lines; what they took back was never shown to customers.
    op.execute(sa.text("DELETE FROM listing_changes WHERE outcome = 'withdrawn'"))
    outcomes(*BEFORE)
