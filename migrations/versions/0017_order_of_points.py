"""What points lack is read in the order of points, and what is coming to one is found by its state."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_points_sort_name", "points", ["sort_name"], unique=False)
    op.create_index("ix_transfers_coming", "transfers", ["to_point_id", "status"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_transfers_coming", table_name="transfers")
    op.drop_index("ix_points_sort_name", table_name="points")
