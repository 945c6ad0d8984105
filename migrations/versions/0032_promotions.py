"""Codes and timed sales: what they are for, what is left of them, who used them; what they took off the lines of orders."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "promotions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("name_en", sa.String(length=255), nullable=True),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.Column("code_key", sa.String(length=40), nullable=True),
        sa.Column("measure", sa.String(length=24), nullable=True),
        sa.Column("value", sa.BigInteger(), nullable=True),
        sa.Column("ceiling_amount", sa.BigInteger(), nullable=True),
        sa.Column("minimum_amount", sa.BigInteger(), nullable=False),
        sa.Column("on_freight", sa.Boolean(), nullable=False),
        sa.Column("person_limit", sa.Integer(), nullable=True),
        sa.Column("uses_limit", sa.Integer(), nullable=True),
        sa.Column("budget_amount", sa.BigInteger(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payer", sa.String(length=24), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("agreed_by", sa.String(length=255), nullable=True),
        sa.Column("refused_why", sa.Text(), nullable=True),
        sa.Column("fair_id", sa.Integer(), nullable=True),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("spent_amount", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=40), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'code') = (code_key IS NOT NULL AND measure IS NOT NULL)",
            name=op.f("ck_promotions_code_has_terms"),
        ),
        sa.CheckConstraint("(payer = 'producer') = (producer_id IS NOT NULL)", name=op.f("ck_promotions_payer_named")),
        sa.CheckConstraint("kind IN ('code', 'sale')", name=op.f("ck_promotions_kind_known")),
        sa.CheckConstraint(
            "measure <> 'percent' OR (value > 0 AND value <= 10000)", name=op.f("ck_promotions_percent_within")
        ),
        sa.CheckConstraint("measure <> 'sum' OR value > 0", name=op.f("ck_promotions_sum_positive")),
        sa.CheckConstraint("measure IN ('percent', 'sum')", name=op.f("ck_promotions_measure_known")),
        sa.CheckConstraint("payer <> 'fair' OR fair_id IS NOT NULL", name=op.f("ck_promotions_fair_named")),
        sa.CheckConstraint("payer IN ('shop', 'producer', 'fair')", name=op.f("ck_promotions_payer_known")),
        sa.CheckConstraint("state IN ('draft', 'waiting', 'open', 'stopped')", name=op.f("ck_promotions_state_known")),
        sa.CheckConstraint("ceiling_amount IS NULL OR ceiling_amount > 0", name=op.f("ck_promotions_ceiling_positive")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_promotions_span")),
        sa.CheckConstraint("minimum_amount >= 0", name=op.f("ck_promotions_minimum_whole")),
        sa.CheckConstraint(
            "person_limit IS NULL OR person_limit > 0", name=op.f("ck_promotions_person_limit_positive")
        ),
        sa.CheckConstraint(
            "spent_amount >= 0 AND (budget_amount IS NULL OR spent_amount <= budget_amount)",
            name=op.f("ck_promotions_budget"),
        ),
        sa.CheckConstraint(
            "uses >= 0 AND (uses_limit IS NULL OR uses <= uses_limit)", name=op.f("ck_promotions_uses_within")
        ),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_promotions_producer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotions")),
        sa.UniqueConstraint("reference", name=op.f("uq_promotions_reference")),
    )
    with op.batch_alter_table("promotions", schema=None) as batch_op:
        batch_op.create_index("ix_promotions_live", ["kind", "state", "ends_at"], unique=False)
        batch_op.create_index("ix_promotions_producer", ["producer_id"], unique=False)
        batch_op.create_index(
            "uq_promotions_code_key",
            ["code_key"],
            unique=True,
            sqlite_where=sa.text("code_key IS NOT NULL"),
            postgresql_where=sa.text("code_key IS NOT NULL"),
        )

    op.create_table(
        "promotion_scopes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("promotion_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('product', 'set', 'producer', 'point', 'fair')", name=op.f("ck_promotion_scopes_kind_known")
        ),
        sa.ForeignKeyConstraint(["promotion_id"], ["promotions.id"], name=op.f("fk_promotion_scopes_promotion_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion_scopes")),
        sa.UniqueConstraint(
            "promotion_id", "kind", "subject_id", name=op.f("uq_promotion_scopes_promotion_id_kind_subject_id")
        ),
    )
    op.create_table(
        "promotion_steps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("promotion_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["promotion_id"], ["promotions.id"], name=op.f("fk_promotion_steps_promotion_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion_steps")),
    )
    with op.batch_alter_table("promotion_steps", schema=None) as batch_op:
        batch_op.create_index("ix_promotion_steps_promotion", ["promotion_id", "id"], unique=False)

    op.create_table(
        "promotion_offers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("promotion_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("price_amount", sa.BigInteger(), nullable=False),
        sa.Column("lowest_amount", sa.BigInteger(), nullable=True),
        sa.Column("quota", sa.Integer(), nullable=False),
        sa.Column("sold", sa.Integer(), nullable=False),
        sa.CheckConstraint("price_amount > 0", name=op.f("ck_promotion_offers_price_positive")),
        sa.CheckConstraint("quota > 0 AND sold >= 0 AND sold <= quota", name=op.f("ck_promotion_offers_quota")),
        sa.ForeignKeyConstraint(["promotion_id"], ["promotions.id"], name=op.f("fk_promotion_offers_promotion_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_promotion_offers_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion_offers")),
        sa.UniqueConstraint("promotion_id", "variant_id", name=op.f("uq_promotion_offers_promotion_id_variant_id")),
    )
    with op.batch_alter_table("promotion_offers", schema=None) as batch_op:
        batch_op.create_index("ix_promotion_offers_variant", ["variant_id"], unique=False)

    op.create_table(
        "promotion_uses",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("promotion_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("offer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=80), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("person_key", sa.String(length=40), nullable=True),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("back_units", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("back_amount", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "amount > 0 AND back_amount >= 0 AND back_amount <= amount", name=op.f("ck_promotion_uses_amounts")
        ),
        sa.CheckConstraint(
            "units >= 0 AND back_units >= 0 AND back_units <= units", name=op.f("ck_promotion_uses_units")
        ),
        sa.ForeignKeyConstraint(["offer_id"], ["promotion_offers.id"], name=op.f("fk_promotion_uses_offer_id")),
        sa.ForeignKeyConstraint(["promotion_id"], ["promotions.id"], name=op.f("fk_promotion_uses_promotion_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_promotion_uses_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion_uses")),
        sa.UniqueConstraint(
            "promotion_id", "reference", "slot", name=op.f("uq_promotion_uses_promotion_id_reference_slot")
        ),
    )
    with op.batch_alter_table("promotion_uses", schema=None) as batch_op:
        batch_op.create_index("ix_promotion_uses_person", ["promotion_id", "person_key"], unique=False)
        batch_op.create_index("ix_promotion_uses_reference", ["reference"], unique=False)
        batch_op.create_index("ix_promotion_uses_user", ["promotion_id", "user_id"], unique=False)

    op.create_table(
        "order_line_discounts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fulfilment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("promotion_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("offer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("payer", sa.String(length=24), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("gone_quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(payer = 'producer') = (producer_id IS NOT NULL)", name=op.f("ck_order_line_discounts_payer_named")
        ),
        sa.CheckConstraint("payer IN ('shop', 'producer', 'fair')", name=op.f("ck_order_line_discounts_payer_known")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_order_line_discounts_amount_positive")),
        sa.CheckConstraint("units >= 0 AND gone_quantity >= 0", name=op.f("ck_order_line_discounts_units_whole")),
        sa.ForeignKeyConstraint(
            ["fulfilment_id"], ["fulfilments.id"], name=op.f("fk_order_line_discounts_fulfilment_id")
        ),
        sa.ForeignKeyConstraint(["line_id"], ["order_lines.id"], name=op.f("fk_order_line_discounts_line_id")),
        sa.ForeignKeyConstraint(["offer_id"], ["promotion_offers.id"], name=op.f("fk_order_line_discounts_offer_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_line_discounts_order_id")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_order_line_discounts_producer_id")),
        sa.ForeignKeyConstraint(["promotion_id"], ["promotions.id"], name=op.f("fk_order_line_discounts_promotion_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_line_discounts")),
    )
    with op.batch_alter_table("order_line_discounts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_order_line_discounts_fulfilment_id"), ["fulfilment_id"], unique=False)
        batch_op.create_index("ix_order_line_discounts_line", ["line_id"], unique=False)
        batch_op.create_index("ix_order_line_discounts_offer", ["offer_id"], unique=False)
        batch_op.create_index("ix_order_line_discounts_order", ["order_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_order_line_discounts_producer_id"), ["producer_id"], unique=False)
        batch_op.create_index("ix_order_line_discounts_promotion", ["promotion_id", "id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("order_line_discounts", schema=None) as batch_op:
        batch_op.drop_index("ix_order_line_discounts_promotion")
        batch_op.drop_index(batch_op.f("ix_order_line_discounts_producer_id"))
        batch_op.drop_index("ix_order_line_discounts_order")
        batch_op.drop_index("ix_order_line_discounts_offer")
        batch_op.drop_index("ix_order_line_discounts_line")
        batch_op.drop_index(batch_op.f("ix_order_line_discounts_fulfilment_id"))

    op.drop_table("order_line_discounts")
    with op.batch_alter_table("promotion_uses", schema=None) as batch_op:
        batch_op.drop_index("ix_promotion_uses_user")
        batch_op.drop_index("ix_promotion_uses_reference")
        batch_op.drop_index("ix_promotion_uses_person")

    op.drop_table("promotion_uses")
    with op.batch_alter_table("promotion_offers", schema=None) as batch_op:
        batch_op.drop_index("ix_promotion_offers_variant")

    op.drop_table("promotion_offers")
    with op.batch_alter_table("promotion_steps", schema=None) as batch_op:
        batch_op.drop_index("ix_promotion_steps_promotion")

    op.drop_table("promotion_steps")
    op.drop_table("promotion_scopes")
    with op.batch_alter_table("promotions", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_promotions_code_key",
            sqlite_where=sa.text("code_key IS NOT NULL"),
            postgresql_where=sa.text("code_key IS NOT NULL"),
        )
        batch_op.drop_index("ix_promotions_producer")
        batch_op.drop_index("ix_promotions_live")

    op.drop_table("promotions")
