"""The producers' door: what a person may be within a producer."""

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


def downgrade() -> None:
    """The narrower roles did not exist: whoever has one becomes a member, or loses it where he is one already."""
    listed = ", ".join(f"'{role}'" for role in ADDED)
    op.execute(
        f"DELETE FROM grants WHERE role IN ({listed}) AND EXISTS (SELECT 1 FROM grants other WHERE other.user_id = grants.user_id "
        f"AND other.scope = grants.scope AND other.id <> grants.id AND (other.role = 'producer_member' OR "
        f"(other.role IN ({listed}) AND other.id < grants.id)))"
    )
    op.execute(f"UPDATE grants SET role = 'producer_member' WHERE role IN ({listed})")
    roles(BEFORE)
