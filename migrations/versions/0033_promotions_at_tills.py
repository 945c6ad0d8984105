"""Promotions at counters: units of sales that counters hold, codes granted to a basket, and what was sold beyond them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0033"
down_revision = "0034"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("promotion_offers") as batch_op:
        batch_op.add_column(sa.Column("lent", sa.Integer(), nullable=False, server_default="0"))
        batch_op.drop_constraint(op.f("ck_promotion_offers_quota"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_promotion_offers_quota"), "quota > 0 AND sold >= 0 AND lent >= 0 AND sold + lent <= quota"
        )
    with op.batch_alter_table("promotion_offers") as batch_op:
        batch_op.alter_column("lent", server_default=None)
    with op.batch_alter_table("order_line_discounts") as batch_op:
        batch_op.add_column(sa.Column("beyond", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.create_check_constraint(
            op.f("ck_order_line_discounts_beyond_is_the_shops"), "NOT beyond OR payer = 'shop'"
        )
    with op.batch_alter_table("order_line_discounts") as batch_op:
        batch_op.alter_column("beyond", server_default=None)
    op.create_table(
        "promotion_loans",
        sa.Column("id", ID, nullable=False),
        sa.Column("offer_id", ID, nullable=False),
        sa.Column("holder", sa.String(length=40), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("used >= 0 AND used <= units", name=op.f("ck_promotion_loans_used_within")),
        sa.ForeignKeyConstraint(["offer_id"], ["promotion_offers.id"], name=op.f("fk_promotion_loans_offer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion_loans")),
        sa.UniqueConstraint("offer_id", "holder", name=op.f("uq_promotion_loans_offer_id_holder")),
    )
    op.create_index("ix_promotion_loans_holder", "promotion_loans", ["holder"])
    op.create_table(
        "till_coupons",
        sa.Column("id", ID, nullable=False),
        sa.Column("uuid", sa.String(length=40), nullable=False),
        sa.Column("device_id", ID, nullable=False),
        sa.Column("promotion_id", ID, nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("shares", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sale_id", ID, nullable=True),
        sa.CheckConstraint("state IN ('held', 'used', 'let-go')", name=op.f("ck_till_coupons_state_known")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_till_coupons_amount_positive")),
        sa.CheckConstraint("(state = 'held') = (ended_at IS NULL)", name=op.f("ck_till_coupons_end_known")),
        sa.ForeignKeyConstraint(["device_id"], ["till_devices.id"], name=op.f("fk_till_coupons_device_id")),
        sa.ForeignKeyConstraint(["promotion_id"], ["promotions.id"], name=op.f("fk_till_coupons_promotion_id")),
        sa.ForeignKeyConstraint(["sale_id"], ["till_sales.id"], name=op.f("fk_till_coupons_sale_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_till_coupons")),
        sa.UniqueConstraint("uuid", name=op.f("uq_till_coupons_uuid")),
    )
    op.create_index("ix_till_coupons_device", "till_coupons", ["device_id", "state"])
    op.create_index(op.f("ix_till_coupons_sale_id"), "till_coupons", ["sale_id"])


def downgrade() -> None:
    op.drop_table("till_coupons")
    op.drop_table("promotion_loans")
    with op.batch_alter_table("order_line_discounts") as batch_op:
        batch_op.drop_constraint(op.f("ck_order_line_discounts_beyond_is_the_shops"), type_="check")
        batch_op.drop_column("beyond")
    with op.batch_alter_table("promotion_offers") as batch_op:
        batch_op.drop_constraint(op.f("ck_promotion_offers_quota"), type_="check")
        batch_op.create_check_constraint(op.f("ck_promotion_offers_quota"), "quota > 0 AND sold >= 0 AND sold <= quota")
        batch_op.drop_column("lent")
