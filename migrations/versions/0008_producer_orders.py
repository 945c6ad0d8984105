"""What producers do with their part of an order: their word, refusals, a photograph, letters with the buyer."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _id() -> sa.types.TypeEngine:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reduced_amount", sa.BigInteger(), server_default="0", nullable=False))
        batch_op.create_check_constraint(
            op.f("ck_orders_reduced_within_total"), "reduced_amount >= 0 AND reduced_amount <= total_amount"
        )
    with op.batch_alter_table("order_lines", schema=None) as batch_op:
        batch_op.add_column(sa.Column("refused_quantity", sa.Integer(), server_default="0", nullable=False))
        batch_op.create_check_constraint(
            op.f("ck_order_lines_refused_within"), "refused_quantity >= 0 AND refused_quantity <= quantity"
        )
    with op.batch_alter_table("fulfilments", schema=None) as batch_op:
        batch_op.add_column(sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("send_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("photo_key", sa.String(length=255), nullable=True))
        batch_op.add_column(sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    # What is over says since when: the moment of its last step.
    op.execute(
        "UPDATE fulfilments SET closed_at = (SELECT max(at) FROM order_transitions WHERE order_transitions.fulfilment_id = "
        "fulfilments.id) WHERE status IN ('delivered', 'returned', 'cancelled')"
    )
    op.create_table(
        "order_refusals",
        sa.Column("id", _id(), nullable=False),
        sa.Column("order_id", _id(), nullable=False),
        sa.Column("fulfilment_id", _id(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("why", sa.String(length=24), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("goods_amount", sa.BigInteger(), nullable=False),
        sa.Column("delivery_amount", sa.BigInteger(), nullable=False),
        sa.Column("discount_amount", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("money", sa.String(length=24), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.CheckConstraint("amount = goods_amount + delivery_amount - discount_amount", name=op.f("ck_order_refusals_amount_adds_up")),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_order_refusals_amount_whole")),
        sa.CheckConstraint("goods_amount > 0 AND delivery_amount >= 0 AND discount_amount >= 0", name=op.f("ck_order_refusals_amounts_whole")),
        sa.CheckConstraint("money IN ('due', 'refund', 'order')", name=op.f("ck_order_refusals_money_known")),
        sa.CheckConstraint(
            "why IN ('sold_out', 'damaged', 'not_ready', 'cannot_ship', 'other')", name=op.f("ck_order_refusals_why_known")
        ),
        sa.ForeignKeyConstraint(["fulfilment_id"], ["fulfilments.id"], name=op.f("fk_order_refusals_fulfilment_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_refusals_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_refusals")),
    )  # fmt: skip
    with op.batch_alter_table("order_refusals", schema=None) as batch_op:
        batch_op.create_index("ix_order_refusals_order", ["order_id", "id"], unique=False)
        batch_op.create_index("ix_order_refusals_fulfilment", ["fulfilment_id"], unique=False)
    op.create_table(
        "order_refusal_lines",
        sa.Column("id", _id(), nullable=False),
        sa.Column("refusal_id", _id(), nullable=False),
        sa.Column("line_id", _id(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_refusal_lines_quantity_positive")),
        sa.ForeignKeyConstraint(["line_id"], ["order_lines.id"], name=op.f("fk_order_refusal_lines_line_id")),
        sa.ForeignKeyConstraint(["refusal_id"], ["order_refusals.id"], name=op.f("fk_order_refusal_lines_refusal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_refusal_lines")),
        sa.UniqueConstraint("refusal_id", "line_id", name=op.f("uq_order_refusal_lines_refusal_id_line_id")),
    )
    with op.batch_alter_table("order_refusal_lines", schema=None) as batch_op:
        batch_op.create_index("ix_order_refusal_lines_line", ["line_id"], unique=False)
    op.create_table(
        "conversations",
        sa.Column("id", _id(), nullable=False),
        sa.Column("fulfilment_id", _id(), nullable=False),
        sa.Column("producer_id", _id(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_side", sa.String(length=24), nullable=False),
        sa.Column("buyer_unread", sa.Integer(), server_default="0", nullable=False),
        sa.Column("maker_unread", sa.Integer(), server_default="0", nullable=False),
        sa.Column("office_unread", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("buyer_unread >= 0 AND maker_unread >= 0 AND office_unread >= 0", name=op.f("ck_conversations_unread_whole")),
        sa.CheckConstraint("last_side IN ('buyer', 'maker', 'office')", name=op.f("ck_conversations_last_side_known")),
        sa.ForeignKeyConstraint(["fulfilment_id"], ["fulfilments.id"], name=op.f("fk_conversations_fulfilment_id")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_conversations_producer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
        sa.UniqueConstraint("fulfilment_id", name=op.f("uq_conversations_fulfilment_id")),
    )  # fmt: skip
    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.create_index("ix_conversations_producer", ["producer_id", "last_at"], unique=False)
        batch_op.create_index("ix_conversations_last", ["last_at"], unique=False)
    op.create_table(
        "conversation_messages",
        sa.Column("id", _id(), nullable=False),
        sa.Column("conversation_id", _id(), nullable=False),
        sa.Column("side", sa.String(length=24), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("masked", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("blanked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(body IS NULL) = (blanked_at IS NOT NULL)", name=op.f("ck_conversation_messages_blank_says_when")),
        sa.CheckConstraint("side IN ('buyer', 'maker', 'office')", name=op.f("ck_conversation_messages_side_known")),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_conversation_messages_conversation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation_messages")),
    )  # fmt: skip
    with op.batch_alter_table("conversation_messages", schema=None) as batch_op:
        batch_op.create_index("ix_conversation_messages_conversation", ["conversation_id", "id"], unique=False)


def downgrade() -> None:
    """An order that was reduced cannot be told without its refusals: what it is worth as agreed stays, its payment too."""
    op.drop_table("conversation_messages")
    op.drop_table("conversations")
    op.execute(
        "UPDATE payments SET amount = amount + (SELECT reduced_amount FROM orders WHERE orders.id = payments.order_id) "
        "WHERE state IN ('pending', 'captured', 'held') AND EXISTS (SELECT 1 FROM orders WHERE orders.id = payments.order_id "
        "AND orders.reduced_amount > 0)"
    )
    op.drop_table("order_refusal_lines")
    op.drop_table("order_refusals")
    with op.batch_alter_table("fulfilments", schema=None) as batch_op:
        batch_op.drop_column("closed_at")
        batch_op.drop_column("photo_key")
        batch_op.drop_column("send_on")
        batch_op.drop_column("confirmed_at")
    with op.batch_alter_table("order_lines", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_order_lines_refused_within"), type_="check")
        batch_op.drop_column("refused_quantity")
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_orders_reduced_within_total"), type_="check")
        batch_op.drop_column("reduced_amount")
