"""The producers' door: what a person may be within a producer, and where a producer is paid."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BEFORE = (
    "customer", "producer_member", "point_keeper", "promotion_staff", "programme_officer", "locality_officer", "order_desk",
    "administrator",
)  # fmt: skip
ADDED = ("producer_owner", "producer_listings", "producer_packing", "producer_money")


def roles(known: tuple[str, ...]) -> None:
    """Let grants hold the roles in `known`."""
    listed = ", ".join(f"'{role}'" for role in known)
    with op.batch_alter_table("grants", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_grants_role_known"), type_="check")
        batch_op.create_check_constraint(op.f("ck_grants_role_known"), f"role IN ({listed})")


def upgrade() -> None:
    roles((BEFORE[0], "producer_owner", "producer_member", *ADDED[1:], *BEFORE[2:]))
    op.create_table(
        "producer_bank_accounts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("bank_bin", sa.String(length=20), nullable=False),
        sa.Column("account_number", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=255), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("set_by", sa.String(length=40), nullable=False),
        sa.Column("set_label", sa.String(length=255), nullable=False),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_producer_bank_accounts_span")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_producer_bank_accounts_producer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_producer_bank_accounts")),
    )
    with op.batch_alter_table("producer_bank_accounts", schema=None) as batch_op:
        batch_op.create_index("ix_producer_bank_accounts_producer", ["producer_id", "valid_from"], unique=True)


def downgrade() -> None:
    """The narrower roles did not exist: whoever has one becomes a member, or loses it where he is one already."""
    op.drop_table("producer_bank_accounts")
    listed = ", ".join(f"'{role}'" for role in ADDED)
    op.execute(
        f"DELETE FROM grants WHERE role IN ({listed}) AND EXISTS (SELECT 1 FROM grants other WHERE other.user_id = grants.user_id "
        f"AND other.scope = grants.scope AND other.id <> grants.id AND (other.role = 'producer_member' OR "
        f"(other.role IN ({listed}) AND other.id < grants.id)))"
    )
    op.execute(f"UPDATE grants SET role = 'producer_member' WHERE role IN ({listed})")
    roles(BEFORE)
