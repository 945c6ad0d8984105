"""Lists of goods at many points are read in the order of products' names."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_products_sort_name", "products", ["sort_name"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_products_sort_name", table_name="products")
