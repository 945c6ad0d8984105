"""Days of fairs: booths as points, goods and their papers, visitors, trade buyers, incidents; where a buyer met the goods."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exhibition_gates",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("exhibition_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["exhibition_id"], ["exhibitions.id"], name=op.f("fk_exhibition_gates_exhibition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exhibition_gates")),
        sa.UniqueConstraint("exhibition_id", "name", name=op.f("uq_exhibition_gates_exhibition_id_name")),
    )
    op.create_table(
        "exhibition_setups",
        sa.Column(
            "exhibition_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("days_before", sa.Integer(), nullable=False),
        sa.Column("days_after", sa.Integer(), nullable=False),
        sa.Column("pickup", sa.Boolean(), nullable=False),
        sa.Column("screen_token", sa.String(length=80), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("prepared_label", sa.String(length=255), nullable=False),
        sa.CheckConstraint(
            "days_before BETWEEN 0 AND 30 AND days_after BETWEEN 1 AND 30", name=op.f("ck_exhibition_setups_days_sane")
        ),
        sa.ForeignKeyConstraint(["exhibition_id"], ["exhibitions.id"], name=op.f("fk_exhibition_setups_exhibition_id")),
        sa.PrimaryKeyConstraint("exhibition_id", name=op.f("pk_exhibition_setups")),
        sa.UniqueConstraint("screen_token", name=op.f("uq_exhibition_setups_screen_token")),
    )
    op.create_table(
        "exhibition_visit_files",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("exhibition_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("sha256", sa.String(length=80), nullable=False),
        sa.Column("rows", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_label", sa.String(length=255), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["exhibition_id"], ["exhibitions.id"], name=op.f("fk_exhibition_visit_files_exhibition_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exhibition_visit_files")),
        sa.UniqueConstraint("exhibition_id", "sha256", name=op.f("uq_exhibition_visit_files_exhibition_id_sha256")),
        sa.UniqueConstraint("reference", name=op.f("uq_exhibition_visit_files_reference")),
    )
    op.create_table(
        "exhibition_visits",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("exhibition_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("gate_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(length=24), nullable=False),
        sa.Column("visitors", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_label", sa.String(length=255), nullable=False),
        sa.CheckConstraint("source IN ('typed', 'sensor', 'tap')", name=op.f("ck_exhibition_visits_source_known")),
        sa.CheckConstraint("visitors >= 0", name=op.f("ck_exhibition_visits_visitors_whole")),
        sa.ForeignKeyConstraint(["exhibition_id"], ["exhibitions.id"], name=op.f("fk_exhibition_visits_exhibition_id")),
        sa.ForeignKeyConstraint(["gate_id"], ["exhibition_gates.id"], name=op.f("fk_exhibition_visits_gate_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exhibition_visits")),
        sa.UniqueConstraint(
            "exhibition_id",
            "gate_id",
            "hour",
            "source",
            name=op.f("uq_exhibition_visits_exhibition_id_gate_id_hour_source"),
        ),
    )
    op.create_table(
        "exhibition_contacts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("exhibition_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("booth_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("company", sa.String(length=255), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("email", sa.String(length=255), nullable=True),
        sa.Column("consent", sa.Text(), nullable=True),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("value_amount", sa.BigInteger(), nullable=True),
        sa.Column("follow_on", sa.Date(), nullable=True),
        sa.Column("erase_on", sa.Date(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erased_why", sa.String(length=80), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_label", sa.String(length=255), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('contact', 'agreement')", name=op.f("ck_exhibition_contacts_kind_known")),
        sa.CheckConstraint(
            "erased_at IS NOT NULL OR consented_at IS NOT NULL", name=op.f("ck_exhibition_contacts_kept_with_consent")
        ),
        sa.CheckConstraint("erased_at IS NOT NULL OR name IS NOT NULL", name=op.f("ck_exhibition_contacts_somebody")),
        sa.CheckConstraint(
            "erased_at IS NULL OR (name IS NULL AND company IS NULL AND phone IS NULL AND email IS NULL)",
            name=op.f("ck_exhibition_contacts_erased_is_gone"),
        ),
        sa.CheckConstraint(
            "value_amount IS NULL OR value_amount >= 0", name=op.f("ck_exhibition_contacts_value_whole")
        ),
        sa.ForeignKeyConstraint(["booth_id"], ["exhibition_booths.id"], name=op.f("fk_exhibition_contacts_booth_id")),
        sa.ForeignKeyConstraint(
            ["exhibition_id"], ["exhibitions.id"], name=op.f("fk_exhibition_contacts_exhibition_id")
        ),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_exhibition_contacts_producer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exhibition_contacts")),
        sa.UniqueConstraint("reference", name=op.f("uq_exhibition_contacts_reference")),
    )
    with op.batch_alter_table("exhibition_contacts", schema=None) as batch_op:
        batch_op.create_index("ix_exhibition_contacts_erase", ["erased_at", "erase_on"], unique=False)
        batch_op.create_index("ix_exhibition_contacts_exhibition", ["exhibition_id", "id"], unique=False)
        batch_op.create_index("ix_exhibition_contacts_producer", ["producer_id", "id"], unique=False)

    op.create_table(
        "exhibition_incidents",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("exhibition_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("booth_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("severity", sa.String(length=24), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_label", sa.String(length=255), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_label", sa.String(length=255), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('power', 'water', 'cold', 'food', 'theft', 'quarrel', 'health', 'fire', 'till', 'other')",
            name=op.f("ck_exhibition_incidents_kind_known"),
        ),
        sa.CheckConstraint(
            "severity IN ('low', 'high', 'danger')", name=op.f("ck_exhibition_incidents_severity_known")
        ),
        sa.CheckConstraint(
            "(resolved_at IS NULL) = (resolution IS NULL)", name=op.f("ck_exhibition_incidents_resolved_how")
        ),
        sa.CheckConstraint(
            "resolved_at IS NULL OR resolved_at >= at", name=op.f("ck_exhibition_incidents_resolved_after")
        ),
        sa.ForeignKeyConstraint(["booth_id"], ["exhibition_booths.id"], name=op.f("fk_exhibition_incidents_booth_id")),
        sa.ForeignKeyConstraint(
            ["exhibition_id"], ["exhibitions.id"], name=op.f("fk_exhibition_incidents_exhibition_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exhibition_incidents")),
        sa.UniqueConstraint("reference", name=op.f("uq_exhibition_incidents_reference")),
    )
    with op.batch_alter_table("exhibition_incidents", schema=None) as batch_op:
        batch_op.create_index(
            "ix_exhibition_incidents_exhibition", ["exhibition_id", "resolved_at", "id"], unique=False
        )

    op.create_table(
        "exhibition_keepers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("booth_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_label", sa.String(length=255), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("had_before", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["booth_id"], ["exhibition_booths.id"], name=op.f("fk_exhibition_keepers_booth_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_exhibition_keepers_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exhibition_keepers")),
    )
    with op.batch_alter_table("exhibition_keepers", schema=None) as batch_op:
        batch_op.create_index("ix_exhibition_keepers_booth", ["booth_id", "ended_at"], unique=False)
        batch_op.create_index("ix_exhibition_keepers_user", ["user_id"], unique=False)
        batch_op.create_index(
            "uq_exhibition_keepers_living",
            ["booth_id", "user_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "exhibition_replenishments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("exhibition_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("booth_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("needed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_label", sa.String(length=255), nullable=False),
        sa.CheckConstraint("kind <> 'delivery'", name=op.f("ck_exhibition_replenishments_ask_or_transfer")),
        sa.CheckConstraint(
            "kind IN ('delivery', 'transfer', 'ask')", name=op.f("ck_exhibition_replenishments_kind_known")
        ),
        sa.CheckConstraint("units > 0", name=op.f("ck_exhibition_replenishments_units_positive")),
        sa.ForeignKeyConstraint(
            ["booth_id"], ["exhibition_booths.id"], name=op.f("fk_exhibition_replenishments_booth_id")
        ),
        sa.ForeignKeyConstraint(
            ["exhibition_id"], ["exhibitions.id"], name=op.f("fk_exhibition_replenishments_exhibition_id")
        ),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_exhibition_replenishments_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exhibition_replenishments")),
        sa.UniqueConstraint("reference", name=op.f("uq_exhibition_replenishments_reference")),
    )
    with op.batch_alter_table("exhibition_replenishments", schema=None) as batch_op:
        batch_op.create_index("ix_exhibition_replenishments_booth", ["booth_id", "id"], unique=False)
        batch_op.create_index("ix_exhibition_replenishments_exhibition", ["exhibition_id", "id"], unique=False)

    op.create_table(
        "exhibition_commitments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("goods_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("suggested", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.CheckConstraint(
            "suggested IS NULL OR suggested >= 0", name=op.f("ck_exhibition_commitments_suggested_whole")
        ),
        sa.CheckConstraint("units > 0 OR reason IS NOT NULL", name=op.f("ck_exhibition_commitments_none_explained")),
        sa.CheckConstraint("units >= 0", name=op.f("ck_exhibition_commitments_units_whole")),
        sa.ForeignKeyConstraint(["goods_id"], ["exhibition_goods.id"], name=op.f("fk_exhibition_commitments_goods_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exhibition_commitments")),
    )
    with op.batch_alter_table("exhibition_commitments", schema=None) as batch_op:
        batch_op.create_index("ix_exhibition_commitments_goods", ["goods_id", "id"], unique=False)

    op.create_table(
        "exhibition_outcomes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("after_days", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.CheckConstraint(
            "kind = 'ordered' OR amount = 0", name=op.f("ck_exhibition_outcomes_only_orders_have_money")
        ),
        sa.CheckConstraint(
            "kind IN ('none', 'talking', 'ordered', 'lost')", name=op.f("ck_exhibition_outcomes_kind_known")
        ),
        sa.CheckConstraint("after_days IN (30, 90)", name=op.f("ck_exhibition_outcomes_days_known")),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_exhibition_outcomes_amount_whole")),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["exhibition_contacts.id"], name=op.f("fk_exhibition_outcomes_contact_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exhibition_outcomes")),
        sa.UniqueConstraint("contact_id", "after_days", name=op.f("uq_exhibition_outcomes_contact_id_after_days")),
    )
    op.create_table(
        "exhibition_papers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("exhibition_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("booth_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stand_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("purpose", sa.String(length=24), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_label", sa.String(length=255), nullable=False),
        sa.CheckConstraint("kind IN ('delivery', 'transfer', 'ask')", name=op.f("ck_exhibition_papers_kind_known")),
        sa.CheckConstraint(
            "purpose IN ('opening', 'replenish', 'home')", name=op.f("ck_exhibition_papers_purpose_known")
        ),
        sa.ForeignKeyConstraint(["booth_id"], ["exhibition_booths.id"], name=op.f("fk_exhibition_papers_booth_id")),
        sa.ForeignKeyConstraint(["exhibition_id"], ["exhibitions.id"], name=op.f("fk_exhibition_papers_exhibition_id")),
        sa.ForeignKeyConstraint(["stand_id"], ["exhibition_stands.id"], name=op.f("fk_exhibition_papers_stand_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exhibition_papers")),
        sa.UniqueConstraint("reference", name=op.f("uq_exhibition_papers_reference")),
    )
    with op.batch_alter_table("exhibition_papers", schema=None) as batch_op:
        batch_op.create_index("ix_exhibition_papers_booth", ["booth_id", "id"], unique=False)
        batch_op.create_index("ix_exhibition_papers_exhibition", ["exhibition_id", "purpose", "id"], unique=False)

    with op.batch_alter_table("basket_lines", schema=None) as batch_op:
        batch_op.add_column(sa.Column("origin", sa.String(length=80), nullable=True))

    with op.batch_alter_table("order_lines", schema=None) as batch_op:
        batch_op.add_column(sa.Column("origin", sa.String(length=80), nullable=True))
        batch_op.create_index(
            "ix_order_lines_origin",
            ["origin"],
            unique=False,
            sqlite_where=sa.text("origin IS NOT NULL"),
            postgresql_where=sa.text("origin IS NOT NULL"),
        )

    with op.batch_alter_table("points", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sells_from_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("sells_to_on", sa.Date(), nullable=True))
        batch_op.create_check_constraint(
            op.f("ck_points_sells_both_days"), "(sells_from_on IS NULL) = (sells_to_on IS NULL)"
        )
        batch_op.create_check_constraint(
            op.f("ck_points_sells_span"), "sells_to_on IS NULL OR sells_to_on > sells_from_on"
        )


def downgrade() -> None:
    with op.batch_alter_table("points", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_points_sells_span"), type_="check")
        batch_op.drop_constraint(op.f("ck_points_sells_both_days"), type_="check")
        batch_op.drop_column("sells_to_on")
        batch_op.drop_column("sells_from_on")

    with op.batch_alter_table("order_lines", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_order_lines_origin",
            sqlite_where=sa.text("origin IS NOT NULL"),
            postgresql_where=sa.text("origin IS NOT NULL"),
        )
        batch_op.drop_column("origin")

    with op.batch_alter_table("basket_lines", schema=None) as batch_op:
        batch_op.drop_column("origin")

    with op.batch_alter_table("exhibition_papers", schema=None) as batch_op:
        batch_op.drop_index("ix_exhibition_papers_exhibition")
        batch_op.drop_index("ix_exhibition_papers_booth")

    op.drop_table("exhibition_papers")
    op.drop_table("exhibition_outcomes")
    with op.batch_alter_table("exhibition_commitments", schema=None) as batch_op:
        batch_op.drop_index("ix_exhibition_commitments_goods")

    op.drop_table("exhibition_commitments")
    with op.batch_alter_table("exhibition_replenishments", schema=None) as batch_op:
        batch_op.drop_index("ix_exhibition_replenishments_exhibition")
        batch_op.drop_index("ix_exhibition_replenishments_booth")

    op.drop_table("exhibition_replenishments")
    with op.batch_alter_table("exhibition_keepers", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_exhibition_keepers_living",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index("ix_exhibition_keepers_user")
        batch_op.drop_index("ix_exhibition_keepers_booth")

    op.drop_table("exhibition_keepers")
    with op.batch_alter_table("exhibition_incidents", schema=None) as batch_op:
        batch_op.drop_index("ix_exhibition_incidents_exhibition")

    op.drop_table("exhibition_incidents")
    with op.batch_alter_table("exhibition_contacts", schema=None) as batch_op:
        batch_op.drop_index("ix_exhibition_contacts_producer")
        batch_op.drop_index("ix_exhibition_contacts_exhibition")
        batch_op.drop_index("ix_exhibition_contacts_erase")

    op.drop_table("exhibition_contacts")
    op.drop_table("exhibition_visits")
    op.drop_table("exhibition_visit_files")
    op.drop_table("exhibition_setups")
    op.drop_table("exhibition_gates")
