"""Supply: what producers can make, what they made, what they will bring, what they are asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# In the order in which they may go.
TABLES = (
    "store_counts", "productions", "harvest_words", "departure_lines", "supply_ask_steps", "supply_ask_lines",
    "harvests", "capacities", "announcement_steps", "announcement_lines", "supply_asks", "season_calendars",
    "departures", "delivery_days", "announcements",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "announcements",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("terms", sa.String(length=24), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("brings_on", sa.Date(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("announced_by", sa.String(length=40), nullable=False),
        sa.Column("announced_label", sa.String(length=255), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(status = 'accepted') = (delivery_id IS NOT NULL)", name=op.f("ck_announcements_accepted_is_expected")
        ),
        sa.CheckConstraint(
            "status IN ('announced', 'accepted', 'refused', 'withdrawn')", name=op.f("ck_announcements_status_known")
        ),
        sa.CheckConstraint("terms IN ('purchase', 'consignment')", name=op.f("ck_announcements_terms_known")),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name=op.f("fk_announcements_delivery_id")),
        sa.ForeignKeyConstraint(["point_id"], ["points.id"], name=op.f("fk_announcements_point_id")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_announcements_producer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcements")),
        sa.UniqueConstraint("delivery_id", name=op.f("uq_announcements_delivery_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_announcements_reference")),
    )
    with op.batch_alter_table("announcements", schema=None) as batch_op:
        batch_op.create_index("ix_announcements_point", ["point_id", "status", "id"])
        batch_op.create_index("ix_announcements_producer", ["producer_id", "id"])

    op.create_table(
        "delivery_days",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.CheckConstraint("from_on <> to_on", name=op.f("ck_delivery_days_day_differs")),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name=op.f("fk_delivery_days_delivery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_days")),
    )
    with op.batch_alter_table("delivery_days", schema=None) as batch_op:
        batch_op.create_index("ix_delivery_days_delivery", ["delivery_id", "id"])

    op.create_table(
        "departures",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name=op.f("fk_departures_delivery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departures")),
    )
    with op.batch_alter_table("departures", schema=None) as batch_op:
        batch_op.create_index("ix_departures_delivery", ["delivery_id", "id"])

    op.create_table(
        "season_calendars",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("months", sa.String(length=20), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said_by", sa.String(length=40), nullable=False),
        sa.Column("said_label", sa.String(length=255), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint("length(months) = 12", name=op.f("ck_season_calendars_twelve_months")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_season_calendars_producer_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_season_calendars_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_season_calendars")),
    )
    with op.batch_alter_table("season_calendars", schema=None) as batch_op:
        batch_op.create_index("ix_season_calendars_product", ["product_id", "id"])

    op.create_table(
        "supply_asks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("terms", sa.String(length=24), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("wanted_on", sa.Date(), nullable=False),
        sa.Column("answer_by", sa.Date(), nullable=False),
        sa.Column("offered_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(length=40), nullable=False),
        sa.Column("asked_label", sa.String(length=255), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(status = 'accepted') = (delivery_id IS NOT NULL)", name=op.f("ck_supply_asks_accepted_is_expected")
        ),
        sa.CheckConstraint(
            "status IN ('asked', 'changed', 'accepted', 'refused', 'withdrawn')",
            name=op.f("ck_supply_asks_status_known"),
        ),
        sa.CheckConstraint("terms IN ('purchase', 'consignment')", name=op.f("ck_supply_asks_terms_known")),
        sa.ForeignKeyConstraint(["delivery_id"], ["deliveries.id"], name=op.f("fk_supply_asks_delivery_id")),
        sa.ForeignKeyConstraint(["point_id"], ["points.id"], name=op.f("fk_supply_asks_point_id")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_supply_asks_producer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supply_asks")),
        sa.UniqueConstraint("delivery_id", name=op.f("uq_supply_asks_delivery_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_supply_asks_reference")),
    )
    with op.batch_alter_table("supply_asks", schema=None) as batch_op:
        batch_op.create_index("ix_supply_asks_point", ["point_id", "id"])
        batch_op.create_index("ix_supply_asks_producer", ["producer_id", "status", "id"])
        batch_op.create_index("ix_supply_asks_status", ["status", "answer_by"])

    op.create_table(
        "announcement_lines",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("announcement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_announcement_lines_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["announcement_id"], ["announcements.id"], name=op.f("fk_announcement_lines_announcement_id")
        ),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_announcement_lines_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcement_lines")),
        sa.UniqueConstraint(
            "announcement_id", "variant_id", name=op.f("uq_announcement_lines_announcement_id_variant_id")
        ),
    )
    op.create_table(
        "announcement_steps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("announcement_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("from_status", sa.String(length=20), nullable=False),
        sa.Column("to_status", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["announcement_id"], ["announcements.id"], name=op.f("fk_announcement_steps_announcement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcement_steps")),
    )
    with op.batch_alter_table("announcement_steps", schema=None) as batch_op:
        batch_op.create_index("ix_announcement_steps_announcement", ["announcement_id", "id"])

    op.create_table(
        "capacities",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("per", sa.String(length=24), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=True),
        sa.Column("lead_days", sa.Integer(), nullable=False),
        sa.Column("smallest_batch", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said_by", sa.String(length=40), nullable=False),
        sa.Column("said_label", sa.String(length=255), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_label", sa.String(length=255), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint("per IN ('week', 'month')", name=op.f("ck_capacities_per_known")),
        sa.CheckConstraint("lead_days >= 0", name=op.f("ck_capacities_lead_whole")),
        sa.CheckConstraint("smallest_batch IS NULL OR smallest_batch > 0", name=op.f("ck_capacities_batch_positive")),
        sa.CheckConstraint("to_on IS NULL OR to_on > from_on", name=op.f("ck_capacities_span")),
        sa.CheckConstraint("units > 0", name=op.f("ck_capacities_units_positive")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_capacities_producer_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_capacities_product_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_capacities_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_capacities")),
    )
    with op.batch_alter_table("capacities", schema=None) as batch_op:
        batch_op.create_index("ix_capacities_producer", ["producer_id", "id"])
        batch_op.create_index("ix_capacities_product", ["product_id", "variant_id", "from_on"])

    op.create_table(
        "harvests",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("low", sa.Integer(), nullable=False),
        sa.Column("high", sa.Integer(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=False),
        sa.Column("came", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint("(state = 'came') = (came IS NOT NULL)", name=op.f("ck_harvests_came_counted")),
        sa.CheckConstraint("state IN ('expected', 'came', 'given_up')", name=op.f("ck_harvests_state_known")),
        sa.CheckConstraint("0 <= low AND low <= high", name=op.f("ck_harvests_range")),
        sa.CheckConstraint("came IS NULL OR came >= 0", name=op.f("ck_harvests_came_whole")),
        sa.CheckConstraint("to_on > from_on", name=op.f("ck_harvests_span")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_harvests_producer_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_harvests_product_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_harvests_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_harvests")),
        sa.UniqueConstraint("reference", name=op.f("uq_harvests_reference")),
    )
    with op.batch_alter_table("harvests", schema=None) as batch_op:
        batch_op.create_index("ix_harvests_producer", ["producer_id", "state", "from_on"])
        batch_op.create_index("ix_harvests_product", ["product_id", "state"])

    op.create_table(
        "supply_ask_lines",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ask_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("unit_cost_amount", sa.BigInteger(), nullable=True),
        sa.Column("reply", sa.String(length=24), nullable=True),
        sa.Column("offered", sa.Integer(), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "offered IS NULL OR (offered > 0) = (reply <> 'refused')",
            name=op.f("ck_supply_ask_lines_refused_is_nothing"),
        ),
        sa.CheckConstraint("reply IN ('accepted', 'changed', 'refused')", name=op.f("ck_supply_ask_lines_reply_known")),
        sa.CheckConstraint(
            "reply IS NULL OR reply <> 'refused' OR refusal IS NOT NULL",
            name=op.f("ck_supply_ask_lines_refusal_explained"),
        ),
        sa.CheckConstraint("(reply IS NULL) = (offered IS NULL)", name=op.f("ck_supply_ask_lines_reply_has_number")),
        sa.CheckConstraint("asked > 0", name=op.f("ck_supply_ask_lines_asked_positive")),
        sa.CheckConstraint(
            "unit_cost_amount IS NULL OR unit_cost_amount >= 0", name=op.f("ck_supply_ask_lines_cost_whole")
        ),
        sa.ForeignKeyConstraint(["ask_id"], ["supply_asks.id"], name=op.f("fk_supply_ask_lines_ask_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_supply_ask_lines_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supply_ask_lines")),
        sa.UniqueConstraint("ask_id", "variant_id", name=op.f("uq_supply_ask_lines_ask_id_variant_id")),
    )
    op.create_table(
        "supply_ask_steps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ask_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("from_status", sa.String(length=20), nullable=False),
        sa.Column("to_status", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["ask_id"], ["supply_asks.id"], name=op.f("fk_supply_ask_steps_ask_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supply_ask_steps")),
    )
    with op.batch_alter_table("supply_ask_steps", schema=None) as batch_op:
        batch_op.create_index("ix_supply_ask_steps_ask", ["ask_id", "id"])

    op.create_table(
        "departure_lines",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("departure_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("line_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lot_code", sa.String(length=40), nullable=False),
        sa.Column("produced_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "expires_on IS NULL OR produced_on IS NULL OR expires_on >= produced_on",
            name=op.f("ck_departure_lines_span"),
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_departure_lines_quantity_positive")),
        sa.ForeignKeyConstraint(["departure_id"], ["departures.id"], name=op.f("fk_departure_lines_departure_id")),
        sa.ForeignKeyConstraint(["line_id"], ["delivery_lines.id"], name=op.f("fk_departure_lines_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departure_lines")),
    )
    with op.batch_alter_table("departure_lines", schema=None) as batch_op:
        batch_op.create_index("ix_departure_lines_departure", ["departure_id"])
        batch_op.create_index("ix_departure_lines_line", ["line_id"])

    op.create_table(
        "harvest_words",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("harvest_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("from_state", sa.String(length=20), nullable=False),
        sa.Column("to_state", sa.String(length=20), nullable=False),
        sa.Column("low", sa.Integer(), nullable=False),
        sa.Column("high", sa.Integer(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=False),
        sa.Column("came", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["harvest_id"], ["harvests.id"], name=op.f("fk_harvest_words_harvest_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_harvest_words")),
    )
    with op.batch_alter_table("harvest_words", schema=None) as batch_op:
        batch_op.create_index("ix_harvest_words_harvest", ["harvest_id", "id"])

    op.create_table(
        "productions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("level_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("op_key", sa.String(length=80), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_productions_quantity_positive")),
        sa.ForeignKeyConstraint(["level_id"], ["stock_levels.id"], name=op.f("fk_productions_level_id")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_productions_producer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_productions")),
        sa.UniqueConstraint("op_key", name=op.f("uq_productions_op_key")),
        sa.UniqueConstraint("reference", name=op.f("uq_productions_reference")),
    )
    with op.batch_alter_table("productions", schema=None) as batch_op:
        batch_op.create_index("ix_productions_level", ["level_id"])
        batch_op.create_index("ix_productions_producer", ["producer_id", "id"])

    op.create_table(
        "store_counts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("level_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("op_key", sa.String(length=80), nullable=False),
        sa.CheckConstraint(
            "counted = expected OR reason IS NOT NULL", name=op.f("ck_store_counts_difference_explained")
        ),
        sa.CheckConstraint("counted >= 0 AND expected >= 0", name=op.f("ck_store_counts_counts_whole")),
        sa.ForeignKeyConstraint(["level_id"], ["stock_levels.id"], name=op.f("fk_store_counts_level_id")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_store_counts_producer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_counts")),
        sa.UniqueConstraint("op_key", name=op.f("uq_store_counts_op_key")),
        sa.UniqueConstraint("reference", name=op.f("uq_store_counts_reference")),
    )
    with op.batch_alter_table("store_counts", schema=None) as batch_op:
        batch_op.create_index("ix_store_counts_level", ["level_id"])
        batch_op.create_index("ix_store_counts_producer", ["producer_id", "id"])


def downgrade() -> None:
    """The goods stay where they are; of the papers behind their movements only the numbers are left."""
    for table in TABLES:
        op.drop_table(table)
    for kind in ("production", "store-count"):
        length = len(kind) + 2
        op.execute(
            f"UPDATE stock_movements SET reference = 'paper:' || substr(reference, {length}) WHERE reference LIKE '{kind}:%'"
        )
