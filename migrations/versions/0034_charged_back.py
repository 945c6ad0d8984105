"""What a buyer's bank has taken of an order shows on the order."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0037"
branch_labels = None
depends_on = None

BEFORE = ("unpaid", "due", "paid", "refund_pending", "refunded", "void")
NEW = ("disputed", "charged_back")


def statuses(*known: str) -> None:
    listed = ", ".join(f"'{status}'" for status in known)
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_orders_payment_status_known"), type_="check")
        batch_op.create_check_constraint(op.f("ck_orders_payment_status_known"), f"payment_status IN ({listed})")


def upgrade() -> None:
    # What buyers' banks took before is brought onto its orders at the next start (`flask prepare`), with a row of history each.
    statuses(*BEFORE, *NEW)


def downgrade() -> None:
    link = op.get_bind()
    link.execute(
        sa.text("DELETE FROM order_transitions WHERE subject = 'payment' AND to_status IN ('disputed', 'charged_back')")
    )
    link.execute(
        sa.text(
            "DELETE FROM order_transitions WHERE subject = 'payment' AND from_status IN ('disputed', 'charged_back')"
        )
    )
    link.execute(
        sa.text("UPDATE orders SET payment_status = 'paid' WHERE payment_status IN ('disputed', 'charged_back')")
    )
    statuses(*BEFORE)
