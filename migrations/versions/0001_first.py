"""The tables of the first version."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("address", sa.String(length=80), nullable=True),
        sa.Column("action", sa.String(length=80), nullable=False),
        sa.Column("target", sa.String(length=255), nullable=False),
        sa.Column("detail", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("seal", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
        sa.UniqueConstraint("seal", name=op.f("uq_audit_log_seal")),
    )
    with op.batch_alter_table("audit_log", schema=None) as batch_op:
        batch_op.create_index("ix_audit_log_actor", ["actor_key"], unique=False)
        batch_op.create_index("ix_audit_log_target", ["target"], unique=False)

    op.create_table(
        "job_schedules",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_schedules")),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("payload", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_by", sa.String(length=80), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("unique_key", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('queued', 'done', 'failed')", name=op.f("ck_jobs_state_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("unique_key", name=op.f("uq_jobs_unique_key")),
    )
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.create_index("ix_jobs_due", ["state", "run_at", "id"], unique=False)

    op.create_table(
        "letters",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("recipient", sa.String(length=255), nullable=False),
        sa.Column("about", sa.String(length=40), nullable=True),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("body_text", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letters")),
        sa.UniqueConstraint("key", name=op.f("uq_letters_key")),
    )
    with op.batch_alter_table("letters", schema=None) as batch_op:
        batch_op.create_index("ix_letters_about", ["about"], unique=False)
        batch_op.create_index("ix_letters_recipient", ["recipient"], unique=False)
        batch_op.create_index("ix_letters_unsent", ["sent_at", "id"], unique=False)

    op.create_table(
        "limit_counts",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_limit_counts")),
    )
    op.create_table(
        "operations",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("result", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_operations")),
    )
    op.create_table(
        "place_editions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("digest", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place_editions")),
    )
    op.create_table(
        "place_sources",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place_sources")),
        sa.UniqueConstraint("key", name=op.f("uq_place_sources_key")),
    )
    op.create_table(
        "producers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column(
            "sort_name",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("legal_form", sa.String(length=24), nullable=True),
        sa.Column("tax_code", sa.String(length=20), nullable=True),
        sa.Column("representative", sa.String(length=255), nullable=True),
        sa.Column("province_code", sa.String(length=20), nullable=True),
        sa.Column("commune_code", sa.String(length=20), nullable=True),
        sa.Column("locality_text", sa.String(length=255), nullable=True),
        sa.Column("street", sa.String(length=255), nullable=True),
        sa.Column("phone", sa.String(length=80), nullable=True),
        sa.Column("email", sa.String(length=255), nullable=True),
        sa.Column("website", sa.String(length=255), nullable=True),
        sa.Column("story", sa.Text(), nullable=True),
        sa.Column("story_en", sa.Text(), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "legal_form IN ('htx', 'tht', 'company', 'household', 'farm', 'public_unit', 'association')",
            name=op.f("ck_producers_legal_form_known"),
        ),
        sa.CheckConstraint("state IN ('active', 'suspended')", name=op.f("ck_producers_state_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_producers")),
        sa.UniqueConstraint("slug", name=op.f("uq_producers_slug")),
    )
    with op.batch_alter_table("producers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_producers_commune_code"), ["commune_code"], unique=False)
        batch_op.create_index("ix_producers_sort", ["sort_name", "id"], unique=False)

    op.create_table(
        "product_groups",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scheme", sa.String(length=20), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("name_en", sa.String(length=255), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_groups")),
        sa.UniqueConstraint("scheme", "slug", name=op.f("uq_product_groups_scheme_slug")),
    )
    op.create_table(
        "provider_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("payload", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=80), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_events")),
        sa.UniqueConstraint("provider", "event_id", name=op.f("uq_provider_events_provider_event_id")),
    )
    with op.batch_alter_table("provider_events", schema=None) as batch_op:
        batch_op.create_index("ix_provider_events_open", ["applied_at", "id"], unique=False)

    op.create_table(
        "province_regions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("province_code", sa.String(length=20), nullable=False),
        sa.Column("region", sa.String(length=24), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sa.String(length=255), nullable=False),
        sa.Column("by_staff", sa.Boolean(), nullable=False),
        sa.CheckConstraint("region IN ('north', 'central', 'south')", name=op.f("ck_province_regions_region_known")),
        sa.CheckConstraint("valid_to IS NULL OR valid_from < valid_to", name=op.f("ck_province_regions_span")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_province_regions")),
        sa.UniqueConstraint("province_code", "valid_from", name=op.f("uq_province_regions_province_code_valid_from")),
    )
    op.create_table(
        "rate_tables",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("origin_code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("divisor", sa.Integer(), nullable=False),
        sa.Column("limit_g", sa.Integer(), nullable=True),
        sa.Column("bulky_from_g", sa.Integer(), nullable=True),
        sa.Column("bulky_amount", sa.BigInteger(), nullable=False),
        sa.Column("cold_amount", sa.BigInteger(), nullable=False),
        sa.Column("cod_flat_amount", sa.BigInteger(), nullable=False),
        sa.Column("cod_per_10000", sa.Integer(), nullable=False),
        sa.Column("cod_minimum_amount", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.CheckConstraint(
            "bulky_amount >= 0 AND cold_amount >= 0 AND cod_flat_amount >= 0 AND cod_minimum_amount >= 0 AND cod_per_10000 BETWEEN 0 AND 10000",
            name=op.f("ck_rate_tables_fees_not_negative"),
        ),
        sa.CheckConstraint("divisor > 0", name=op.f("ck_rate_tables_divisor_positive")),
        sa.CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name=op.f("ck_rate_tables_span")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate_tables")),
    )
    with op.batch_alter_table("rate_tables", schema=None) as batch_op:
        batch_op.create_index(
            "uq_rate_tables_live",
            ["origin_code", "valid_from"],
            unique=True,
            sqlite_where=sa.text("valid_to IS NULL OR valid_from < valid_to"),
            postgresql_where=sa.text("valid_to IS NULL OR valid_from < valid_to"),
        )

    op.create_table(
        "search_bits",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("chunk", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bits", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", "chunk", name=op.f("pk_search_bits")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("search_bits", schema=None) as batch_op:
        batch_op.create_index("ix_search_bits_chunk", ["chunk"], unique=False)

    op.create_table(
        "search_misses",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("folded", sa.String(length=80), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("shown", sa.String(length=80), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "folded", "channel", name=op.f("pk_search_misses")),
    )
    with op.batch_alter_table("search_misses", schema=None) as batch_op:
        batch_op.create_index("ix_search_misses_day", ["day", "count"], unique=False)

    op.create_table(
        "search_words",
        sa.Column("word", sa.String(length=40), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_search_words")),
    )
    with op.batch_alter_table("search_words", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_search_words_touched_at"), ["touched_at"], unique=False)

    op.create_table(
        "settings",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("value", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_settings")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column(
            "sort_name",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=True),
        sa.Column("email_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("password_changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("locale", sa.String(length=20), nullable=False),
        sa.Column("totp_secret", sa.String(length=80), nullable=True),
        sa.Column("totp_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("totp_last_step", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_signed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "email IS NOT NULL OR phone IS NOT NULL OR erased_at IS NOT NULL", name=op.f("ck_users_reachable")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sa.UniqueConstraint("phone", name=op.f("uq_users_phone")),
    )
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.create_index("ix_users_created_at", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_users_last_signed_in_at", ["last_signed_in_at", "id"], unique=False)
        batch_op.create_index("ix_users_sort_name", ["sort_name", "id"], unique=False)

    op.create_table(
        "addresses",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("telephone", sa.String(length=20), nullable=False),
        sa.Column("street_address", sa.String(length=255), nullable=False),
        sa.Column("address_locality", sa.String(length=255), nullable=False),
        sa.Column("locality_code", sa.String(length=20), nullable=False),
        sa.Column("address_region", sa.String(length=255), nullable=False),
        sa.Column("region_code", sa.String(length=20), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_addresses_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_addresses")),
        sa.UniqueConstraint("reference", name=op.f("uq_addresses_reference")),
    )
    with op.batch_alter_table("addresses", schema=None) as batch_op:
        batch_op.create_index("ix_addresses_user", ["user_id", "id"], unique=False)
        batch_op.create_index(
            "uq_addresses_default",
            ["user_id"],
            unique=True,
            sqlite_where=sa.text("is_default"),
            postgresql_where=sa.text("is_default"),
        )

    op.create_table(
        "baskets",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token_hash", sa.String(length=80), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("age_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_baskets_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_baskets")),
    )
    with op.batch_alter_table("baskets", schema=None) as batch_op:
        batch_op.create_index("ix_baskets_expires", ["expires_at"], unique=False)
        batch_op.create_index("ix_baskets_token", ["token_hash", "id"], unique=False)
        batch_op.create_index("ix_baskets_user", ["user_id", "closed_at"], unique=False)
        batch_op.create_index(
            "uq_baskets_open",
            ["token_hash"],
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.create_table(
        "consents",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("text_version", sa.String(length=20), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_consents_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    with op.batch_alter_table("consents", schema=None) as batch_op:
        batch_op.create_index("ix_consents_user", ["user_id", "kind"], unique=False)

    op.create_table(
        "grants",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.Column("scope", sa.String(length=80), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "role IN ('customer', 'producer_member', 'point_keeper', 'promotion_staff', 'programme_officer', 'locality_officer', 'order_desk', 'administrator')",
            name=op.f("ck_grants_role_known"),
        ),
        sa.ForeignKeyConstraint(["granted_by"], ["users.id"], name=op.f("fk_grants_granted_by")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_grants_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
        sa.UniqueConstraint("user_id", "role", "scope", name=op.f("uq_grants_user_id_role_scope")),
    )
    with op.batch_alter_table("grants", schema=None) as batch_op:
        batch_op.create_index("ix_grants_role", ["role"], unique=False)
        batch_op.create_index("ix_grants_scope", ["scope"], unique=False)

    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("topic", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=True),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("order_reference", sa.String(length=20), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("locale", sa.String(length=20), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blanked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('new', 'read', 'answered', 'closed')", name=op.f("ck_messages_state_known")),
        sa.CheckConstraint(
            "topic IN ('order', 'product', 'complaint', 'privacy', 'producer', 'other')",
            name=op.f("ck_messages_topic_known"),
        ),
        sa.CheckConstraint(
            "email IS NOT NULL OR phone IS NOT NULL OR blanked_at IS NOT NULL", name=op.f("ck_messages_reachable")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_messages_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("reference", name=op.f("uq_messages_reference")),
    )
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.create_index("ix_messages_state", ["state", "id"], unique=False)
        batch_op.create_index("ix_messages_user", ["user_id"], unique=False)

    op.create_table(
        "one_time_links",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token_hash", sa.String(length=80), nullable=False),
        sa.Column("purpose", sa.String(length=24), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "purpose IN ('reset', 'confirm_email', 'second_step')", name=op.f("ck_one_time_links_purpose_known")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_one_time_links_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_one_time_links_token_hash")),
    )
    with op.batch_alter_table("one_time_links", schema=None) as batch_op:
        batch_op.create_index("ix_one_time_links_user", ["user_id", "purpose"], unique=False)

    op.create_table(
        "place_successions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("old_code", sa.String(length=5), nullable=False),
        sa.Column("new_code", sa.String(length=5), nullable=False),
        sa.Column("partly", sa.Boolean(), nullable=False),
        sa.Column("changed_on", sa.Date(), nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["place_sources.id"], name=op.f("fk_place_successions_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place_successions")),
        sa.UniqueConstraint(
            "old_code", "new_code", "changed_on", name=op.f("uq_place_successions_old_code_new_code_changed_on")
        ),
    )
    with op.batch_alter_table("place_successions", schema=None) as batch_op:
        batch_op.create_index("ix_place_successions_new", ["new_code", "changed_on"], unique=False)

    op.create_table(
        "place_units",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=5), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("short", sa.String(length=255), nullable=False),
        sa.Column("type", sa.String(length=24), nullable=False),
        sa.Column("level", sa.String(length=24), nullable=False),
        sa.Column("parent_code", sa.String(length=5), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("from_exact", sa.Boolean(), nullable=False),
        sa.Column("folded", sa.String(length=255), nullable=False),
        sa.Column(
            "sort_key",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("by_staff", sa.Boolean(), nullable=False),
        sa.CheckConstraint("(level = 'province') = (parent_code IS NULL)", name=op.f("ck_place_units_parent")),
        sa.CheckConstraint("level IN ('province', 'district', 'commune')", name=op.f("ck_place_units_level_known")),
        sa.CheckConstraint(
            "type IN ('thành phố trung ương', 'tỉnh', 'thành phố', 'thị xã', 'quận', 'huyện', 'phường', 'thị trấn', 'xã', 'đặc khu')",
            name=op.f("ck_place_units_type_known"),
        ),
        sa.CheckConstraint(
            "valid_from IS NULL OR valid_to IS NULL OR valid_from < valid_to", name=op.f("ck_place_units_span")
        ),
        sa.ForeignKeyConstraint(["source_id"], ["place_sources.id"], name=op.f("fk_place_units_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place_units")),
        sa.UniqueConstraint("code", "valid_from", name=op.f("uq_place_units_code_valid_from")),
    )
    with op.batch_alter_table("place_units", schema=None) as batch_op:
        batch_op.create_index("ix_place_units_folded", ["folded"], unique=False)
        batch_op.create_index("ix_place_units_parent", ["parent_code", "valid_to"], unique=False)
        batch_op.create_index("ix_place_units_sort", ["sort_key", "id"], unique=False)
        batch_op.create_index(
            "uq_place_units_code_unknown_start",
            ["code"],
            unique=True,
            sqlite_where=sa.text("valid_from IS NULL"),
            postgresql_where=sa.text("valid_from IS NULL"),
        )

    op.create_table(
        "points",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column(
            "sort_name",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("province_code", sa.String(length=20), nullable=False),
        sa.Column("commune_code", sa.String(length=20), nullable=True),
        sa.Column("locality_text", sa.String(length=255), nullable=True),
        sa.Column("address", sa.String(length=255), nullable=True),
        sa.Column("phone", sa.String(length=80), nullable=True),
        sa.Column("latitude", sa.Numeric(precision=9, scale=6), nullable=True),
        sa.Column("longitude", sa.Numeric(precision=9, scale=6), nullable=True),
        sa.Column("hours", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("services", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("floor_area_m2", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("note_en", sa.Text(), nullable=True),
        sa.Column("pickup", sa.Boolean(), nullable=False),
        sa.Column("ships", sa.Boolean(), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('centre', 'shop', 'rest_stop', 'producer_store', 'fair', 'warehouse')",
            name=op.f("ck_points_kind_known"),
        ),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_points_producer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points")),
        sa.UniqueConstraint("slug", name=op.f("uq_points_slug")),
    )
    with op.batch_alter_table("points", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_points_commune_code"), ["commune_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_points_producer_id"), ["producer_id"], unique=False)

    op.create_table(
        "product_sets",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scheme", sa.String(length=20), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("name_en", sa.String(length=255), nullable=False),
        sa.Column("subgroup", sa.String(length=255), nullable=True),
        sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("is_alcohol", sa.Boolean(), nullable=False),
        sa.Column("is_service", sa.Boolean(), nullable=False),
        sa.Column("managing_ministry", sa.String(length=255), nullable=True),
        sa.Column("sample_required", sa.Boolean(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["product_groups.id"], name=op.f("fk_product_sets_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_sets")),
        sa.UniqueConstraint("scheme", "number", name=op.f("uq_product_sets_scheme_number")),
    )
    with op.batch_alter_table("product_sets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_product_sets_group_id"), ["group_id"], unique=False)

    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code_hash", sa.String(length=80), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_recovery_codes_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
        sa.UniqueConstraint("user_id", "code_hash", name=op.f("uq_recovery_codes_user_id_code_hash")),
    )
    op.create_table(
        "user_sessions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("token_hash", sa.String(length=80), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("remember", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("second_factor_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("address", sa.String(length=80), nullable=True),
        sa.Column("agent", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_sessions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_sessions")),
        sa.UniqueConstraint("reference", name=op.f("uq_user_sessions_reference")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_user_sessions_token_hash")),
    )
    with op.batch_alter_table("user_sessions", schema=None) as batch_op:
        batch_op.create_index("ix_user_sessions_expires_at", ["expires_at"], unique=False)
        batch_op.create_index("ix_user_sessions_user", ["user_id", "revoked_at"], unique=False)

    op.create_table(
        "zone_rates",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("table_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("zone", sa.String(length=24), nullable=False),
        sa.Column("first_g", sa.Integer(), nullable=False),
        sa.Column("first_amount", sa.BigInteger(), nullable=False),
        sa.Column("step_g", sa.Integer(), nullable=False),
        sa.Column("step_amount", sa.BigInteger(), nullable=False),
        sa.Column("days_from", sa.Integer(), nullable=False),
        sa.Column("days_to", sa.Integer(), nullable=False),
        sa.Column("cold_allowed", sa.Boolean(), nullable=False),
        sa.Column("free_from_amount", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "zone IN ('same_province', 'same_region', 'other_region')", name=op.f("ck_zone_rates_zone_known")
        ),
        sa.CheckConstraint("0 <= days_from AND days_from <= days_to", name=op.f("ck_zone_rates_days")),
        sa.CheckConstraint("first_amount >= 0 AND step_amount >= 0", name=op.f("ck_zone_rates_fees_not_negative")),
        sa.CheckConstraint("first_g > 0 AND step_g > 0", name=op.f("ck_zone_rates_steps_positive")),
        sa.CheckConstraint("free_from_amount IS NULL OR free_from_amount >= 0", name=op.f("ck_zone_rates_free_from")),
        sa.ForeignKeyConstraint(["table_id"], ["rate_tables.id"], name=op.f("fk_zone_rates_table_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zone_rates")),
        sa.UniqueConstraint("table_id", "zone", name=op.f("uq_zone_rates_table_id_zone")),
    )
    op.create_table(
        "message_steps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("message_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("from_state", sa.String(length=20), nullable=False),
        sa.Column("to_state", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("channel", sa.String(length=20), nullable=True),
        sa.Column("op_key", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_message_steps_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_steps")),
        sa.UniqueConstraint("op_key", name=op.f("uq_message_steps_op_key")),
    )
    with op.batch_alter_table("message_steps", schema=None) as batch_op:
        batch_op.create_index("ix_message_steps_message", ["message_id", "id"], unique=False)

    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("secret_hash", sa.String(length=80), nullable=False),
        sa.Column("op_key", sa.String(length=80), nullable=False),
        sa.Column("op_digest", sa.String(length=80), nullable=False),
        sa.Column("basket_key", sa.String(length=80), nullable=True),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("locale", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("payment_status", sa.String(length=24), nullable=False),
        sa.Column("payment_method", sa.String(length=24), nullable=False),
        sa.Column("delivery", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("search_name", sa.String(length=255), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=True),
        sa.Column("address_key", sa.String(length=40), nullable=True),
        sa.Column("province_code", sa.String(length=20), nullable=True),
        sa.Column("province_name", sa.String(length=255), nullable=True),
        sa.Column("commune_code", sa.String(length=20), nullable=True),
        sa.Column("commune_name", sa.String(length=255), nullable=True),
        sa.Column("street", sa.String(length=255), nullable=True),
        sa.Column("pickup_point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("invoice", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("goods_amount", sa.BigInteger(), nullable=False),
        sa.Column("delivery_amount", sa.BigInteger(), nullable=False),
        sa.Column("discount_amount", sa.BigInteger(), nullable=False),
        sa.Column("total_amount", sa.BigInteger(), nullable=False),
        sa.Column("age_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pay_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint("delivery IN ('ship', 'pickup')", name=op.f("ck_orders_delivery_known")),
        sa.CheckConstraint("payment_method IN ('cod', 'vietqr', 'card')", name=op.f("ck_orders_payment_method_known")),
        sa.CheckConstraint(
            "payment_status IN ('unpaid', 'due', 'paid', 'refund_pending', 'refunded', 'void')",
            name=op.f("ck_orders_payment_status_known"),
        ),
        sa.CheckConstraint(
            "status IN ('awaiting_payment', 'placed', 'confirmed', 'completed', 'cancelled')",
            name=op.f("ck_orders_status_known"),
        ),
        sa.CheckConstraint(
            "goods_amount >= 0 AND delivery_amount >= 0 AND discount_amount >= 0", name=op.f("ck_orders_amounts_whole")
        ),
        sa.CheckConstraint(
            "total_amount = goods_amount + delivery_amount - discount_amount", name=op.f("ck_orders_total_adds_up")
        ),
        sa.ForeignKeyConstraint(["pickup_point_id"], ["points.id"], name=op.f("fk_orders_pickup_point_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_orders_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("basket_key", name=op.f("uq_orders_basket_key")),
        sa.UniqueConstraint("op_key", name=op.f("uq_orders_op_key")),
        sa.UniqueConstraint("reference", name=op.f("uq_orders_reference")),
    )
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.create_index("ix_orders_address", ["address_key", "status"], unique=False)
        batch_op.create_index("ix_orders_deadline", ["status", "pay_until"], unique=False)
        batch_op.create_index("ix_orders_phone", ["phone"], unique=False)
        batch_op.create_index("ix_orders_placed", ["placed_at"], unique=False)
        batch_op.create_index("ix_orders_status", ["status", "id"], unique=False)
        batch_op.create_index("ix_orders_user", ["user_id", "id"], unique=False)

    op.create_table(
        "products",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("name_en", sa.String(length=255), nullable=True),
        sa.Column(
            "sort_name",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("set_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("story", sa.Text(), nullable=True),
        sa.Column("story_en", sa.Text(), nullable=True),
        sa.Column("ingredients", sa.Text(), nullable=True),
        sa.Column("storage_note", sa.Text(), nullable=True),
        sa.Column("shelf_life_days", sa.Integer(), nullable=True),
        sa.Column("allergens", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("is_alcohol", sa.Boolean(), nullable=False),
        sa.Column("alcohol_percent", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("cold", sa.String(length=24), nullable=False),
        sa.Column("season_months", sa.Integer(), nullable=False),
        sa.Column("needs_certificate", sa.Boolean(), nullable=False),
        sa.Column("province_code", sa.String(length=20), nullable=True),
        sa.Column("commune_code", sa.String(length=20), nullable=True),
        sa.Column("locality_text", sa.String(length=255), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("evidence", sa.String(length=80), nullable=True),
        sa.Column("group_basis", sa.String(length=80), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("stated_stars", sa.Integer(), nullable=True),
        sa.Column("stated_year", sa.Integer(), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("cold IN ('none', 'chilled', 'frozen')", name=op.f("ck_products_cold_known")),
        sa.CheckConstraint("kind IN ('goods', 'service')", name=op.f("ck_products_kind_known")),
        sa.CheckConstraint("state IN ('draft', 'shown', 'hidden')", name=op.f("ck_products_state_known")),
        sa.CheckConstraint(
            "alcohol_percent IS NULL OR (alcohol_percent >= 0 AND alcohol_percent <= 100)",
            name=op.f("ck_products_alcohol_range"),
        ),
        sa.CheckConstraint("season_months BETWEEN 0 AND 4095", name=op.f("ck_products_season_months_known")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_products_producer_id")),
        sa.ForeignKeyConstraint(["set_id"], ["product_sets.id"], name=op.f("fk_products_set_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint("slug", name=op.f("uq_products_slug")),
    )
    with op.batch_alter_table("products", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_products_commune_code"), ["commune_code"], unique=False)
        batch_op.create_index(batch_op.f("ix_products_producer_id"), ["producer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_products_set_id"), ["set_id"], unique=False)

    op.create_table(
        "certificates",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.String(length=80), nullable=False),
        sa.Column("number_key", sa.String(length=80), nullable=False),
        sa.Column("told_in_force", sa.Boolean(), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("level", sa.String(length=24), nullable=False),
        sa.Column("decision_number", sa.String(length=80), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("score", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("revoked_on", sa.Date(), nullable=True),
        sa.Column("revoked_reason", sa.Text(), nullable=True),
        sa.Column("file_key", sa.String(length=255), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("level IN ('district', 'province', 'ministry')", name=op.f("ck_certificates_level_known")),
        sa.CheckConstraint("expires_on > issued_on", name=op.f("ck_certificates_span")),
        sa.CheckConstraint("stars BETWEEN 3 AND 5", name=op.f("ck_certificates_stars_known")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_certificates_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificates")),
        sa.UniqueConstraint("number", name=op.f("uq_certificates_number")),
        sa.UniqueConstraint("number_key", name=op.f("uq_certificates_number_key")),
    )
    with op.batch_alter_table("certificates", schema=None) as batch_op:
        batch_op.create_index("ix_certificates_expires", ["expires_on"], unique=False)
        batch_op.create_index("ix_certificates_product", ["product_id", "expires_on"], unique=False)

    op.create_table(
        "fulfilments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("fee_amount", sa.BigInteger(), nullable=False),
        sa.Column("weight_g", sa.Integer(), nullable=False),
        sa.Column("expected_from_on", sa.Date(), nullable=True),
        sa.Column("expected_to_on", sa.Date(), nullable=True),
        sa.Column("carrier", sa.String(length=80), nullable=True),
        sa.Column("tracking_number", sa.String(length=80), nullable=True),
        sa.Column("packed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('ship', 'pickup')", name=op.f("ck_fulfilments_kind_known")),
        sa.CheckConstraint(
            "status IN ('pending', 'packed', 'handed_over', 'delivered', 'returned', 'cancelled')",
            name=op.f("ck_fulfilments_status_known"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_fulfilments_order_id")),
        sa.ForeignKeyConstraint(["point_id"], ["points.id"], name=op.f("fk_fulfilments_point_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fulfilments")),
        sa.UniqueConstraint("order_id", "number", name=op.f("uq_fulfilments_order_id_number")),
    )
    with op.batch_alter_table("fulfilments", schema=None) as batch_op:
        batch_op.create_index("ix_fulfilments_point", ["point_id", "status"], unique=False)
        batch_op.create_index("ix_fulfilments_status", ["status", "id"], unique=False)

    op.create_table(
        "payments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("method", sa.String(length=24), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("captured_amount", sa.BigInteger(), nullable=False),
        sa.Column("refunded_amount", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.Column("provider_reference", sa.String(length=255), nullable=True),
        sa.Column("provider_payment", sa.String(length=255), nullable=True),
        sa.Column("redirect_url", sa.Text(), nullable=True),
        sa.Column("asked", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("evidence", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("method IN ('cod', 'vietqr', 'card')", name=op.f("ck_payments_method_known")),
        sa.CheckConstraint(
            "state IN ('pending', 'captured', 'held', 'failed', 'cancelled')", name=op.f("ck_payments_state_known")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payments_amount_positive")),
        sa.CheckConstraint("captured_amount >= 0 AND refunded_amount >= 0", name=op.f("ck_payments_amounts_whole")),
        sa.CheckConstraint("refunded_amount <= captured_amount", name=op.f("ck_payments_refunds_within_captured")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_payments_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("code", name=op.f("uq_payments_code")),
        sa.UniqueConstraint("provider", "provider_reference", name=op.f("uq_payments_provider_provider_reference")),
    )
    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.create_index("ix_payments_order", ["order_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payments_provider_payment"), ["provider_payment"], unique=False)
        batch_op.create_index("ix_payments_state", ["state", "expires_at"], unique=False)

    op.create_table(
        "photos",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("alt", sa.String(length=255), nullable=False),
        sa.Column("alt_en", sa.String(length=255), nullable=True),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("files", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_photos_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photos")),
    )
    with op.batch_alter_table("photos", schema=None) as batch_op:
        batch_op.create_index("ix_photos_product", ["product_id", "position"], unique=False)

    op.create_table(
        "product_listings",
        sa.Column(
            "product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_change_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shelf", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("name_en", sa.String(length=255), nullable=True),
        sa.Column(
            "sort_name",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("set_id", sa.Integer(), nullable=False),
        sa.Column("set_no", sa.Integer(), nullable=False),
        sa.Column("producer_id", sa.Integer(), nullable=True),
        sa.Column("producer_name", sa.String(length=255), nullable=True),
        sa.Column("producer_slug", sa.String(length=80), nullable=True),
        sa.Column("province_code", sa.String(length=20), nullable=True),
        sa.Column("commune_code", sa.String(length=20), nullable=True),
        sa.Column("place_key", sa.String(length=80), nullable=False),
        sa.Column("place", sa.String(length=255), nullable=True),
        sa.Column("variant_ids", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=True),
        sa.Column("pack", sa.String(length=255), nullable=True),
        sa.Column("pack_en", sa.String(length=255), nullable=True),
        sa.Column("choices", sa.Integer(), nullable=False),
        sa.Column("price_amount", sa.BigInteger(), nullable=True),
        sa.Column("old_amount", sa.BigInteger(), nullable=True),
        sa.Column("unit_amount", sa.BigInteger(), nullable=True),
        sa.Column("unit", sa.String(length=20), nullable=True),
        sa.Column("stars", sa.SmallInteger(), nullable=False),
        sa.Column("stars_until", sa.Date(), nullable=True),
        sa.Column("stars_level", sa.String(length=20), nullable=True),
        sa.Column("certificate_number", sa.String(length=80), nullable=True),
        sa.Column("needs_certificate", sa.Boolean(), nullable=False),
        sa.Column("picture", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("cold", sa.String(length=24), nullable=False),
        sa.Column("season_months", sa.Integer(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("in_stock", sa.SmallInteger(), nullable=False),
        sa.Column("sold", sa.Integer(), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("star_order", sa.BigInteger(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_product_listings_product_id")),
        sa.PrimaryKeyConstraint("product_id", name=op.f("pk_product_listings")),
    )
    with op.batch_alter_table("product_listings", schema=None) as batch_op:
        batch_op.create_index(
            "ix_listings_facets",
            [
                "product_id",
                "shelf",
                "group_id",
                "set_id",
                "place_key",
                "producer_id",
                "stars",
                "price_amount",
                "in_stock",
            ],
            unique=False,
        )
        batch_op.create_index(
            "ix_listings_group_id_price_amount", ["group_id", "price_amount", "product_id", "shelf"], unique=False
        )
        batch_op.create_index(
            "ix_listings_group_id_published_at", ["group_id", "published_at", "product_id", "shelf"], unique=False
        )
        batch_op.create_index("ix_listings_group_id_rank", ["group_id", "rank", "product_id", "shelf"], unique=False)
        batch_op.create_index("ix_listings_group_id_sold", ["group_id", "sold", "product_id", "shelf"], unique=False)
        batch_op.create_index(
            "ix_listings_group_id_sort_name", ["group_id", "sort_name", "product_id", "shelf"], unique=False
        )
        batch_op.create_index(
            "ix_listings_group_id_star_order", ["group_id", "star_order", "product_id", "shelf"], unique=False
        )
        batch_op.create_index(
            "ix_listings_place_key_price_amount", ["place_key", "price_amount", "product_id", "shelf"], unique=False
        )
        batch_op.create_index(
            "ix_listings_place_key_published_at", ["place_key", "published_at", "product_id", "shelf"], unique=False
        )
        batch_op.create_index("ix_listings_place_key_rank", ["place_key", "rank", "product_id", "shelf"], unique=False)
        batch_op.create_index("ix_listings_place_key_sold", ["place_key", "sold", "product_id", "shelf"], unique=False)
        batch_op.create_index(
            "ix_listings_place_key_sort_name", ["place_key", "sort_name", "product_id", "shelf"], unique=False
        )
        batch_op.create_index(
            "ix_listings_place_key_star_order", ["place_key", "star_order", "product_id", "shelf"], unique=False
        )
        batch_op.create_index("ix_listings_price_amount", ["price_amount", "product_id", "shelf"], unique=False)
        batch_op.create_index("ix_listings_producer", ["producer_id", "rank"], unique=False)
        batch_op.create_index("ix_listings_published_at", ["published_at", "product_id", "shelf"], unique=False)
        batch_op.create_index("ix_listings_rank", ["rank", "product_id", "shelf"], unique=False)
        batch_op.create_index(
            "ix_listings_set_id_price_amount", ["set_id", "price_amount", "product_id", "shelf"], unique=False
        )
        batch_op.create_index(
            "ix_listings_set_id_published_at", ["set_id", "published_at", "product_id", "shelf"], unique=False
        )
        batch_op.create_index("ix_listings_set_id_rank", ["set_id", "rank", "product_id", "shelf"], unique=False)
        batch_op.create_index("ix_listings_set_id_sold", ["set_id", "sold", "product_id", "shelf"], unique=False)
        batch_op.create_index(
            "ix_listings_set_id_sort_name", ["set_id", "sort_name", "product_id", "shelf"], unique=False
        )
        batch_op.create_index(
            "ix_listings_set_id_star_order", ["set_id", "star_order", "product_id", "shelf"], unique=False
        )
        batch_op.create_index("ix_listings_sold", ["sold", "product_id", "shelf"], unique=False)
        batch_op.create_index("ix_listings_sort_name", ["sort_name", "product_id", "shelf"], unique=False)
        batch_op.create_index("ix_listings_star_order", ["star_order", "product_id", "shelf"], unique=False)
        batch_op.create_index(
            "ix_listings_stars_price_amount", ["stars", "price_amount", "product_id", "shelf"], unique=False
        )
        batch_op.create_index(
            "ix_listings_stars_published_at", ["stars", "published_at", "product_id", "shelf"], unique=False
        )
        batch_op.create_index("ix_listings_stars_rank", ["stars", "rank", "product_id", "shelf"], unique=False)
        batch_op.create_index("ix_listings_stars_sold", ["stars", "sold", "product_id", "shelf"], unique=False)
        batch_op.create_index(
            "ix_listings_stars_sort_name", ["stars", "sort_name", "product_id", "shelf"], unique=False
        )
        batch_op.create_index(
            "ix_listings_stars_star_order", ["stars", "star_order", "product_id", "shelf"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_product_listings_next_change_at"), ["next_change_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_product_listings_touched_at"), ["touched_at"], unique=False)

    op.create_table(
        "variants",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("gtin", sa.String(length=20), nullable=True),
        sa.Column("pack", sa.String(length=255), nullable=False),
        sa.Column("pack_en", sa.String(length=255), nullable=True),
        sa.Column("net_content", sa.Numeric(precision=12, scale=3), nullable=True),
        sa.Column("net_unit", sa.String(length=20), nullable=True),
        sa.Column("weight_g", sa.Integer(), nullable=True),
        sa.Column("length_mm", sa.Integer(), nullable=True),
        sa.Column("width_mm", sa.Integer(), nullable=True),
        sa.Column("height_mm", sa.Integer(), nullable=True),
        sa.Column("order_limit", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('shown', 'hidden')", name=op.f("ck_variants_state_known")),
        sa.CheckConstraint("net_content IS NULL OR net_content > 0", name=op.f("ck_variants_net_content_positive")),
        sa.CheckConstraint("weight_g IS NULL OR weight_g > 0", name=op.f("ck_variants_weight_positive")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_variants_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_variants")),
        sa.UniqueConstraint("gtin", name=op.f("uq_variants_gtin")),
        sa.UniqueConstraint("sku", name=op.f("uq_variants_sku")),
    )
    with op.batch_alter_table("variants", schema=None) as batch_op:
        batch_op.create_index("ix_variants_product", ["product_id", "position"], unique=False)

    op.create_table(
        "basket_lines",
        sa.Column("basket_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("seen_amount", sa.BigInteger(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity BETWEEN 1 AND 9999", name=op.f("ck_basket_lines_quantity_range")),
        sa.ForeignKeyConstraint(["basket_id"], ["baskets.id"], name=op.f("fk_basket_lines_basket_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_basket_lines_variant_id")),
        sa.PrimaryKeyConstraint("basket_id", "variant_id", name=op.f("pk_basket_lines")),
    )
    op.create_table(
        "lots",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("produced_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "expires_on IS NULL OR produced_on IS NULL OR expires_on >= produced_on", name=op.f("ck_lots_span")
        ),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_lots_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lots")),
        sa.UniqueConstraint("variant_id", "code", name=op.f("uq_lots_variant_id_code")),
    )
    op.create_table(
        "order_transitions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fulfilment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("from_status", sa.String(length=20), nullable=False),
        sa.Column("to_status", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "subject IN ('order', 'payment', 'fulfilment')", name=op.f("ck_order_transitions_subject_known")
        ),
        sa.ForeignKeyConstraint(["fulfilment_id"], ["fulfilments.id"], name=op.f("fk_order_transitions_fulfilment_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_transitions_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_transitions")),
    )
    with op.batch_alter_table("order_transitions", schema=None) as batch_op:
        batch_op.create_index("ix_order_transitions_order", ["order_id", "id"], unique=False)

    op.create_table(
        "payment_issues",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("detail", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=40), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_payment_issues_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_issues")),
        sa.UniqueConstraint("key", name=op.f("uq_payment_issues_key")),
    )
    with op.batch_alter_table("payment_issues", schema=None) as batch_op:
        batch_op.create_index("ix_payment_issues_open", ["closed_at", "id"], unique=False)

    op.create_table(
        "payment_receipts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=255), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("evidence", sa.String(length=255), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payment_receipts_amount_positive")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_payment_receipts_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_receipts")),
        sa.UniqueConstraint("provider", "reference", name=op.f("uq_payment_receipts_provider_reference")),
    )
    with op.batch_alter_table("payment_receipts", schema=None) as batch_op:
        batch_op.create_index("ix_payment_receipts_payment", ["payment_id"], unique=False)

    op.create_table(
        "prices",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("compare_amount", sa.BigInteger(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("created_by", sa.String(length=40), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_prices_amount_positive")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_prices_span")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_prices_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prices")),
    )
    with op.batch_alter_table("prices", schema=None) as batch_op:
        batch_op.create_index("ix_prices_variant_from", ["variant_id", "valid_from"], unique=True)

    op.create_table(
        "refunds",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("op_key", sa.String(length=80), nullable=False),
        sa.Column("provider_reference", sa.String(length=255), nullable=True),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('pending', 'succeeded', 'failed')", name=op.f("ck_refunds_state_known")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_refunds_amount_positive")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_refunds_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("op_key", name=op.f("uq_refunds_op_key")),
        sa.UniqueConstraint("provider_reference", name=op.f("uq_refunds_provider_reference")),
    )
    with op.batch_alter_table("refunds", schema=None) as batch_op:
        batch_op.create_index("ix_refunds_payment", ["payment_id"], unique=False)
        batch_op.create_index("ix_refunds_state", ["state", "id"], unique=False)

    op.create_table(
        "stock_availability",
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ship", sa.Integer(), nullable=False),
        sa.Column("pickup", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_stock_availability_variant_id")),
        sa.PrimaryKeyConstraint("variant_id", name=op.f("pk_stock_availability")),
    )
    op.create_table(
        "order_lines",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fulfilment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("pack", sa.String(length=255), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price_amount", sa.BigInteger(), nullable=False),
        sa.Column("line_amount", sa.BigInteger(), nullable=False),
        sa.Column("price_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("certificate_required", sa.Boolean(), nullable=False),
        sa.Column("certificate_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("is_alcohol", sa.Boolean(), nullable=False),
        sa.Column("cold", sa.String(length=20), nullable=False),
        sa.Column("weight_g", sa.Integer(), nullable=False),
        sa.CheckConstraint("line_amount = unit_price_amount * quantity", name=op.f("ck_order_lines_line_adds_up")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_lines_quantity_positive")),
        sa.ForeignKeyConstraint(["certificate_id"], ["certificates.id"], name=op.f("fk_order_lines_certificate_id")),
        sa.ForeignKeyConstraint(["fulfilment_id"], ["fulfilments.id"], name=op.f("fk_order_lines_fulfilment_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_lines_order_id")),
        sa.ForeignKeyConstraint(["price_id"], ["prices.id"], name=op.f("fk_order_lines_price_id")),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_order_lines_producer_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_order_lines_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_lines")),
    )
    with op.batch_alter_table("order_lines", schema=None) as batch_op:
        batch_op.create_index("ix_order_lines_fulfilment", ["fulfilment_id"], unique=False)
        batch_op.create_index("ix_order_lines_order", ["order_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_order_lines_producer_id"), ["producer_id"], unique=False)
        batch_op.create_index("ix_order_lines_variant", ["variant_id"], unique=False)

    op.create_table(
        "stock_levels",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("allocated", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "held >= 0 AND allocated >= 0 AND held + allocated <= on_hand",
            name=op.f("ck_stock_levels_claims_within_on_hand"),
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_stock_levels_lot_id")),
        sa.ForeignKeyConstraint(["point_id"], ["points.id"], name=op.f("fk_stock_levels_point_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variants.id"], name=op.f("fk_stock_levels_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_levels")),
        sa.UniqueConstraint(
            "variant_id", "point_id", "lot_id", "owner", name=op.f("uq_stock_levels_variant_id_point_id_lot_id_owner")
        ),
    )
    with op.batch_alter_table("stock_levels", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stock_levels_lot_id"), ["lot_id"], unique=False)
        batch_op.create_index("ix_stock_levels_point", ["point_id", "variant_id"], unique=False)

    op.create_table(
        "stock_holds",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=80), nullable=False),
        sa.Column("level_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=24), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=24), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(stage = 'held') = (expires_at IS NOT NULL)", name=op.f("ck_stock_holds_held_has_term")),
        sa.CheckConstraint("outcome IN ('taken', 'released', 'lapsed')", name=op.f("ck_stock_holds_outcome_known")),
        sa.CheckConstraint("stage IN ('held', 'allocated')", name=op.f("ck_stock_holds_stage_known")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_stock_holds_quantity_positive")),
        sa.ForeignKeyConstraint(["level_id"], ["stock_levels.id"], name=op.f("fk_stock_holds_level_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_holds")),
    )
    with op.batch_alter_table("stock_holds", schema=None) as batch_op:
        batch_op.create_index("ix_stock_holds_level", ["level_id", "outcome"], unique=False)
        batch_op.create_index("ix_stock_holds_reference", ["reference", "outcome"], unique=False)
        batch_op.create_index("ix_stock_holds_term", ["outcome", "expires_at"], unique=False)

    op.create_table(
        "stock_movements",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("level_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("balance", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reference", sa.String(length=80), nullable=True),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("op_key", sa.String(length=255), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('receipt', 'sale', 'return', 'transfer_out', 'transfer_in', 'adjustment', 'write_off', 'count')",
            name=op.f("ck_stock_movements_kind_known"),
        ),
        sa.CheckConstraint("balance >= 0", name=op.f("ck_stock_movements_balance_whole")),
        sa.CheckConstraint("quantity <> 0", name=op.f("ck_stock_movements_quantity_some")),
        sa.ForeignKeyConstraint(["level_id"], ["stock_levels.id"], name=op.f("fk_stock_movements_level_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_movements")),
        sa.UniqueConstraint("op_key", name=op.f("uq_stock_movements_op_key")),
    )
    with op.batch_alter_table("stock_movements", schema=None) as batch_op:
        batch_op.create_index("ix_stock_movements_level", ["level_id", "id"], unique=False)
        batch_op.create_index("ix_stock_movements_reference", ["reference"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("stock_movements", schema=None) as batch_op:
        batch_op.drop_index("ix_stock_movements_reference")
        batch_op.drop_index("ix_stock_movements_level")

    op.drop_table("stock_movements")
    with op.batch_alter_table("stock_holds", schema=None) as batch_op:
        batch_op.drop_index("ix_stock_holds_term")
        batch_op.drop_index("ix_stock_holds_reference")
        batch_op.drop_index("ix_stock_holds_level")

    op.drop_table("stock_holds")
    with op.batch_alter_table("stock_levels", schema=None) as batch_op:
        batch_op.drop_index("ix_stock_levels_point")
        batch_op.drop_index(batch_op.f("ix_stock_levels_lot_id"))

    op.drop_table("stock_levels")
    with op.batch_alter_table("order_lines", schema=None) as batch_op:
        batch_op.drop_index("ix_order_lines_variant")
        batch_op.drop_index(batch_op.f("ix_order_lines_producer_id"))
        batch_op.drop_index("ix_order_lines_order")
        batch_op.drop_index("ix_order_lines_fulfilment")

    op.drop_table("order_lines")
    op.drop_table("stock_availability")
    with op.batch_alter_table("refunds", schema=None) as batch_op:
        batch_op.drop_index("ix_refunds_state")
        batch_op.drop_index("ix_refunds_payment")

    op.drop_table("refunds")
    with op.batch_alter_table("prices", schema=None) as batch_op:
        batch_op.drop_index("ix_prices_variant_from")

    op.drop_table("prices")
    with op.batch_alter_table("payment_receipts", schema=None) as batch_op:
        batch_op.drop_index("ix_payment_receipts_payment")

    op.drop_table("payment_receipts")
    with op.batch_alter_table("payment_issues", schema=None) as batch_op:
        batch_op.drop_index("ix_payment_issues_open")

    op.drop_table("payment_issues")
    with op.batch_alter_table("order_transitions", schema=None) as batch_op:
        batch_op.drop_index("ix_order_transitions_order")

    op.drop_table("order_transitions")
    op.drop_table("lots")
    op.drop_table("basket_lines")
    with op.batch_alter_table("variants", schema=None) as batch_op:
        batch_op.drop_index("ix_variants_product")

    op.drop_table("variants")
    with op.batch_alter_table("product_listings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_product_listings_touched_at"))
        batch_op.drop_index(batch_op.f("ix_product_listings_next_change_at"))
        batch_op.drop_index("ix_listings_stars_star_order")
        batch_op.drop_index("ix_listings_stars_sort_name")
        batch_op.drop_index("ix_listings_stars_sold")
        batch_op.drop_index("ix_listings_stars_rank")
        batch_op.drop_index("ix_listings_stars_published_at")
        batch_op.drop_index("ix_listings_stars_price_amount")
        batch_op.drop_index("ix_listings_star_order")
        batch_op.drop_index("ix_listings_sort_name")
        batch_op.drop_index("ix_listings_sold")
        batch_op.drop_index("ix_listings_set_id_star_order")
        batch_op.drop_index("ix_listings_set_id_sort_name")
        batch_op.drop_index("ix_listings_set_id_sold")
        batch_op.drop_index("ix_listings_set_id_rank")
        batch_op.drop_index("ix_listings_set_id_published_at")
        batch_op.drop_index("ix_listings_set_id_price_amount")
        batch_op.drop_index("ix_listings_rank")
        batch_op.drop_index("ix_listings_published_at")
        batch_op.drop_index("ix_listings_producer")
        batch_op.drop_index("ix_listings_price_amount")
        batch_op.drop_index("ix_listings_place_key_star_order")
        batch_op.drop_index("ix_listings_place_key_sort_name")
        batch_op.drop_index("ix_listings_place_key_sold")
        batch_op.drop_index("ix_listings_place_key_rank")
        batch_op.drop_index("ix_listings_place_key_published_at")
        batch_op.drop_index("ix_listings_place_key_price_amount")
        batch_op.drop_index("ix_listings_group_id_star_order")
        batch_op.drop_index("ix_listings_group_id_sort_name")
        batch_op.drop_index("ix_listings_group_id_sold")
        batch_op.drop_index("ix_listings_group_id_rank")
        batch_op.drop_index("ix_listings_group_id_published_at")
        batch_op.drop_index("ix_listings_group_id_price_amount")
        batch_op.drop_index("ix_listings_facets")

    op.drop_table("product_listings")
    with op.batch_alter_table("photos", schema=None) as batch_op:
        batch_op.drop_index("ix_photos_product")

    op.drop_table("photos")
    with op.batch_alter_table("payments", schema=None) as batch_op:
        batch_op.drop_index("ix_payments_state")
        batch_op.drop_index(batch_op.f("ix_payments_provider_payment"))
        batch_op.drop_index("ix_payments_order")

    op.drop_table("payments")
    with op.batch_alter_table("fulfilments", schema=None) as batch_op:
        batch_op.drop_index("ix_fulfilments_status")
        batch_op.drop_index("ix_fulfilments_point")

    op.drop_table("fulfilments")
    with op.batch_alter_table("certificates", schema=None) as batch_op:
        batch_op.drop_index("ix_certificates_product")
        batch_op.drop_index("ix_certificates_expires")

    op.drop_table("certificates")
    with op.batch_alter_table("products", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_products_set_id"))
        batch_op.drop_index(batch_op.f("ix_products_producer_id"))
        batch_op.drop_index(batch_op.f("ix_products_commune_code"))

    op.drop_table("products")
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_index("ix_orders_user")
        batch_op.drop_index("ix_orders_status")
        batch_op.drop_index("ix_orders_placed")
        batch_op.drop_index("ix_orders_phone")
        batch_op.drop_index("ix_orders_deadline")
        batch_op.drop_index("ix_orders_address")

    op.drop_table("orders")
    with op.batch_alter_table("message_steps", schema=None) as batch_op:
        batch_op.drop_index("ix_message_steps_message")

    op.drop_table("message_steps")
    op.drop_table("zone_rates")
    with op.batch_alter_table("user_sessions", schema=None) as batch_op:
        batch_op.drop_index("ix_user_sessions_user")
        batch_op.drop_index("ix_user_sessions_expires_at")

    op.drop_table("user_sessions")
    op.drop_table("recovery_codes")
    with op.batch_alter_table("product_sets", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_product_sets_group_id"))

    op.drop_table("product_sets")
    with op.batch_alter_table("points", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_points_producer_id"))
        batch_op.drop_index(batch_op.f("ix_points_commune_code"))

    op.drop_table("points")
    with op.batch_alter_table("place_units", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_place_units_code_unknown_start",
            sqlite_where=sa.text("valid_from IS NULL"),
            postgresql_where=sa.text("valid_from IS NULL"),
        )
        batch_op.drop_index("ix_place_units_sort")
        batch_op.drop_index("ix_place_units_parent")
        batch_op.drop_index("ix_place_units_folded")

    op.drop_table("place_units")
    with op.batch_alter_table("place_successions", schema=None) as batch_op:
        batch_op.drop_index("ix_place_successions_new")

    op.drop_table("place_successions")
    with op.batch_alter_table("one_time_links", schema=None) as batch_op:
        batch_op.drop_index("ix_one_time_links_user")

    op.drop_table("one_time_links")
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.drop_index("ix_messages_user")
        batch_op.drop_index("ix_messages_state")

    op.drop_table("messages")
    with op.batch_alter_table("grants", schema=None) as batch_op:
        batch_op.drop_index("ix_grants_scope")
        batch_op.drop_index("ix_grants_role")

    op.drop_table("grants")
    with op.batch_alter_table("consents", schema=None) as batch_op:
        batch_op.drop_index("ix_consents_user")

    op.drop_table("consents")
    with op.batch_alter_table("baskets", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_baskets_open", sqlite_where=sa.text("closed_at IS NULL"), postgresql_where=sa.text("closed_at IS NULL")
        )
        batch_op.drop_index("ix_baskets_user")
        batch_op.drop_index("ix_baskets_token")
        batch_op.drop_index("ix_baskets_expires")

    op.drop_table("baskets")
    with op.batch_alter_table("addresses", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_addresses_default", sqlite_where=sa.text("is_default"), postgresql_where=sa.text("is_default")
        )
        batch_op.drop_index("ix_addresses_user")

    op.drop_table("addresses")
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_index("ix_users_sort_name")
        batch_op.drop_index("ix_users_last_signed_in_at")
        batch_op.drop_index("ix_users_created_at")

    op.drop_table("users")
    op.drop_table("settings")
    with op.batch_alter_table("search_words", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_search_words_touched_at"))

    op.drop_table("search_words")
    with op.batch_alter_table("search_misses", schema=None) as batch_op:
        batch_op.drop_index("ix_search_misses_day")

    op.drop_table("search_misses")
    with op.batch_alter_table("search_bits", schema=None) as batch_op:
        batch_op.drop_index("ix_search_bits_chunk")

    op.drop_table("search_bits")
    with op.batch_alter_table("rate_tables", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_rate_tables_live",
            sqlite_where=sa.text("valid_to IS NULL OR valid_from < valid_to"),
            postgresql_where=sa.text("valid_to IS NULL OR valid_from < valid_to"),
        )

    op.drop_table("rate_tables")
    op.drop_table("province_regions")
    with op.batch_alter_table("provider_events", schema=None) as batch_op:
        batch_op.drop_index("ix_provider_events_open")

    op.drop_table("provider_events")
    op.drop_table("product_groups")
    with op.batch_alter_table("producers", schema=None) as batch_op:
        batch_op.drop_index("ix_producers_sort")
        batch_op.drop_index(batch_op.f("ix_producers_commune_code"))

    op.drop_table("producers")
    op.drop_table("place_sources")
    op.drop_table("place_editions")
    op.drop_table("operations")
    op.drop_table("limit_counts")
    with op.batch_alter_table("letters", schema=None) as batch_op:
        batch_op.drop_index("ix_letters_unsent")
        batch_op.drop_index("ix_letters_recipient")
        batch_op.drop_index("ix_letters_about")

    op.drop_table("letters")
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_index("ix_jobs_due")

    op.drop_table("jobs")
    op.drop_table("job_schedules")
    with op.batch_alter_table("audit_log", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_log_target")
        batch_op.drop_index("ix_audit_log_actor")

    op.drop_table("audit_log")
