"""How producers join: applications, identity checks, papers, members' invitations, changes that the office approves."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UNDECIDED = sa.text("state IN ('draft', 'submitted', 'returned')")
OPEN = sa.text("state IN ('asked', 'checked')")


def upgrade() -> None:
    op.create_table(
        "producer_applications",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("claimed_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("legal_form", sa.String(length=24), nullable=True),
        sa.Column("tax_code", sa.String(length=20), nullable=True),
        sa.Column("representative", sa.String(length=255), nullable=True),
        sa.Column("province_code", sa.String(length=20), nullable=True),
        sa.Column("commune_code", sa.String(length=20), nullable=True),
        sa.Column("street", sa.String(length=255), nullable=True),
        sa.Column("phone", sa.String(length=80), nullable=True),
        sa.Column("email", sa.String(length=255), nullable=True),
        sa.Column("website", sa.String(length=255), nullable=True),
        sa.Column("story", sa.Text(), nullable=True),
        sa.Column("makes_food", sa.Boolean(), nullable=False),
        sa.Column("makes_alcohol", sa.Boolean(), nullable=False),
        sa.Column("bank_bin", sa.String(length=20), nullable=True),
        sa.Column("account_number", sa.String(length=40), nullable=True),
        sa.Column("holder", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(state = 'approved') = (producer_id IS NOT NULL)",
            name=op.f("ck_producer_applications_approved_has_producer"),
        ),
        sa.CheckConstraint(
            "legal_form IN ('htx', 'tht', 'company', 'household', 'farm', 'public_unit', 'association')",
            name=op.f("ck_producer_applications_legal_form_known"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'returned', 'approved', 'refused')",
            name=op.f("ck_producer_applications_state_known"),
        ),
        sa.ForeignKeyConstraint(["claimed_id"], ["producers.id"], name=op.f("fk_producer_applications_claimed_id")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_producer_applications_producer_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_producer_applications_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_producer_applications")),
        sa.UniqueConstraint("reference", name=op.f("uq_producer_applications_reference")),
    )
    with op.batch_alter_table("producer_applications", schema=None) as batch_op:
        batch_op.create_index("ix_producer_applications_state", ["state", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_producer_applications_tax_code"), ["tax_code"], unique=False)
        batch_op.create_index(
            "uq_producer_applications_undecided",
            ["user_id"],
            unique=True,
            sqlite_where=UNDECIDED,
            postgresql_where=UNDECIDED,
        )

    op.create_table(
        "producer_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("before", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("after", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(length=40), nullable=False),
        sa.Column("asked_label", sa.String(length=255), nullable=False),
        sa.Column("checked_by", sa.String(length=40), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('facts', 'bank')", name=op.f("ck_producer_changes_kind_known")),
        sa.CheckConstraint(
            "state IN ('asked', 'checked', 'approved', 'refused', 'withdrawn')",
            name=op.f("ck_producer_changes_state_known"),
        ),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_producer_changes_producer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_producer_changes")),
        sa.UniqueConstraint("reference", name=op.f("uq_producer_changes_reference")),
    )
    with op.batch_alter_table("producer_changes", schema=None) as batch_op:
        batch_op.create_index("ix_producer_changes_state", ["state", "id"], unique=False)
        batch_op.create_index(
            "uq_producer_changes_open", ["producer_id", "kind"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
        )

    op.create_table(
        "producer_invitations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("invited_label", sa.String(length=255), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('customer', 'producer_owner', 'producer_member', 'producer_listings', 'producer_packing', 'producer_money', 'point_keeper', 'promotion_staff', 'programme_officer', 'locality_officer', 'order_desk', 'administrator')",
            name=op.f("ck_producer_invitations_role_known"),
        ),
        sa.CheckConstraint("email IS NOT NULL OR phone IS NOT NULL", name=op.f("ck_producer_invitations_reachable")),
        sa.ForeignKeyConstraint(["accepted_by"], ["users.id"], name=op.f("fk_producer_invitations_accepted_by")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_producer_invitations_producer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_producer_invitations")),
        sa.UniqueConstraint("reference", name=op.f("uq_producer_invitations_reference")),
    )
    with op.batch_alter_table("producer_invitations", schema=None) as batch_op:
        batch_op.create_index("ix_producer_invitations_producer", ["producer_id", "id"], unique=False)

    op.create_table(
        "producer_identity_checks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("application_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("document", sa.String(length=24), nullable=False),
        sa.Column("ends", sa.String(length=20), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.CheckConstraint(
            "document IN ('citizen_card', 'electronic', 'passport')",
            name=op.f("ck_producer_identity_checks_document_known"),
        ),
        sa.CheckConstraint("length(ends) = 4", name=op.f("ck_producer_identity_checks_only_the_end")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["producer_applications.id"], name=op.f("fk_producer_identity_checks_application_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_producer_identity_checks")),
    )
    with op.batch_alter_table("producer_identity_checks", schema=None) as batch_op:
        batch_op.create_index("ix_producer_identity_checks_application", ["application_id"], unique=False)

    op.create_table(
        "producer_papers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("application_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("number", sa.String(length=80), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("file_key", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("replaces_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(length=40), nullable=False),
        sa.Column("added_label", sa.String(length=255), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_label", sa.String(length=255), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('registration', 'food_safety', 'declaration', 'alcohol_making', 'alcohol_selling', 'trademark', 'other')",
            name=op.f("ck_producer_papers_kind_known"),
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'accepted', 'refused', 'revoked', 'withdrawn')",
            name=op.f("ck_producer_papers_state_known"),
        ),
        sa.CheckConstraint("expires_on IS NULL OR expires_on >= issued_on", name=op.f("ck_producer_papers_span")),
        sa.CheckConstraint(
            "producer_id IS NOT NULL OR application_id IS NOT NULL", name=op.f("ck_producer_papers_belongs_to_somebody")
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["producer_applications.id"], name=op.f("fk_producer_papers_application_id")
        ),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_producer_papers_producer_id")),
        sa.ForeignKeyConstraint(["replaces_id"], ["producer_papers.id"], name=op.f("fk_producer_papers_replaces_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_producer_papers")),
        sa.UniqueConstraint("reference", name=op.f("uq_producer_papers_reference")),
    )
    with op.batch_alter_table("producer_papers", schema=None) as batch_op:
        batch_op.create_index("ix_producer_papers_application", ["application_id"], unique=False)
        batch_op.create_index("ix_producer_papers_producer", ["producer_id", "kind"], unique=False)
        batch_op.create_index("ix_producer_papers_state", ["state", "expires_on"], unique=False)

    op.create_table(
        "producer_steps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("application_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("paper_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("change_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("from_state", sa.String(length=20), nullable=True),
        sa.Column("to_state", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(application_id IS NOT NULL AND paper_id IS NULL AND change_id IS NULL) OR (application_id IS NULL AND paper_id IS NOT NULL AND change_id IS NULL) OR (application_id IS NULL AND paper_id IS NULL AND change_id IS NOT NULL)",
            name=op.f("ck_producer_steps_of_one_thing"),
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["producer_applications.id"], name=op.f("fk_producer_steps_application_id")
        ),
        sa.ForeignKeyConstraint(["change_id"], ["producer_changes.id"], name=op.f("fk_producer_steps_change_id")),
        sa.ForeignKeyConstraint(["paper_id"], ["producer_papers.id"], name=op.f("fk_producer_steps_paper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_producer_steps")),
    )
    with op.batch_alter_table("producer_steps", schema=None) as batch_op:
        batch_op.create_index("ix_producer_steps_application", ["application_id", "id"], unique=False)
        batch_op.create_index("ix_producer_steps_change", ["change_id", "id"], unique=False)
        batch_op.create_index("ix_producer_steps_paper", ["paper_id", "id"], unique=False)

    with op.batch_alter_table("producers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("identity_due", sa.Boolean(), server_default=sa.text("(false)"), nullable=False))
        batch_op.add_column(sa.Column("food_until", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("alcohol_until", sa.Date(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("producers", schema=None) as batch_op:
        batch_op.drop_column("alcohol_until")
        batch_op.drop_column("food_until")
        batch_op.drop_column("identity_due")

    with op.batch_alter_table("producer_steps", schema=None) as batch_op:
        batch_op.drop_index("ix_producer_steps_paper")
        batch_op.drop_index("ix_producer_steps_change")
        batch_op.drop_index("ix_producer_steps_application")

    op.drop_table("producer_steps")
    with op.batch_alter_table("producer_papers", schema=None) as batch_op:
        batch_op.drop_index("ix_producer_papers_state")
        batch_op.drop_index("ix_producer_papers_producer")
        batch_op.drop_index("ix_producer_papers_application")

    op.drop_table("producer_papers")
    with op.batch_alter_table("producer_identity_checks", schema=None) as batch_op:
        batch_op.drop_index("ix_producer_identity_checks_application")

    op.drop_table("producer_identity_checks")
    with op.batch_alter_table("producer_invitations", schema=None) as batch_op:
        batch_op.drop_index("ix_producer_invitations_producer")

    op.drop_table("producer_invitations")
    with op.batch_alter_table("producer_changes", schema=None) as batch_op:
        batch_op.drop_index("uq_producer_changes_open", sqlite_where=OPEN, postgresql_where=OPEN)
        batch_op.drop_index("ix_producer_changes_state")

    op.drop_table("producer_changes")
    with op.batch_alter_table("producer_applications", schema=None) as batch_op:
        batch_op.drop_index("uq_producer_applications_undecided", sqlite_where=UNDECIDED, postgresql_where=UNDECIDED)
        batch_op.drop_index(batch_op.f("ix_producer_applications_tax_code"))
        batch_op.drop_index("ix_producer_applications_state")

    op.drop_table("producer_applications")
