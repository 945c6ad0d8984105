"""Rounds of assessment, dossiers with papers and steps, councils with sessions and the sheets of their members."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0037"
down_revision = "0032"
branch_labels = None
depends_on = None

BEFORE = (
    "customer", "producer_owner", "producer_member", "producer_listings", "producer_packing", "producer_money", "point_keeper",
    "promotion_staff", "programme_officer", "locality_officer", "order_desk", "administrator",
)  # fmt: skip
AFTER = (*BEFORE[:-2], "council_member", *BEFORE[-2:])


def roles(known: tuple[str, ...]) -> None:
    """Let grants hold the roles in `known`; invitations name the same roles."""
    listed = ", ".join(f"'{role}'" for role in known)
    for table in ("grants", "producer_invitations"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_constraint(op.f(f"ck_{table}_role_known"), type_="check")
            batch_op.create_check_constraint(op.f(f"ck_{table}_role_known"), f"role IN ({listed})")


def upgrade() -> None:
    roles(AFTER)
    op.create_table(
        "dossier_serials",
        sa.Column("commune_code", sa.String(length=20), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("commune_code", "year", name=op.f("pk_dossier_serials")),
    )
    op.create_table(
        "programme_rounds",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("level", sa.String(length=24), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cut_off", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.String(length=40), nullable=False),
        sa.Column("opened_label", sa.String(length=255), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint("level IN ('province', 'ministry')", name=op.f("ck_programme_rounds_level_known")),
        sa.CheckConstraint("ends_on >= cut_off", name=op.f("ck_programme_rounds_span")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programme_rounds")),
        sa.UniqueConstraint("code", name=op.f("uq_programme_rounds_code")),
        sa.UniqueConstraint("level", "year", "number", name=op.f("uq_programme_rounds_level_year_number")),
    )
    with op.batch_alter_table("programme_rounds", schema=None) as batch_op:
        batch_op.create_index("ix_programme_rounds_open", ["level", "closed_at", "cut_off"], unique=False)

    op.create_table(
        "councils",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("round_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("decision_number", sa.String(length=80), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=40), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["programme_rounds.id"], name=op.f("fk_councils_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_councils")),
    )
    with op.batch_alter_table("councils", schema=None) as batch_op:
        batch_op.create_index("ix_councils_round", ["round_id"], unique=False)

    op.create_table(
        "council_members",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("council_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("office_held", sa.String(length=255), nullable=False),
        sa.Column("seat", sa.String(length=24), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("seat IN ('chair', 'member', 'secretary')", name=op.f("ck_council_members_seat_known")),
        sa.ForeignKeyConstraint(["council_id"], ["councils.id"], name=op.f("fk_council_members_council_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_council_members_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_council_members")),
        sa.UniqueConstraint("council_id", "user_id", name=op.f("uq_council_members_council_id_user_id")),
    )
    with op.batch_alter_table("council_members", schema=None) as batch_op:
        batch_op.create_index("ix_council_members_user", ["user_id"], unique=False)

    op.create_table(
        "council_sessions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("council_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("place", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=255), nullable=True),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("seats", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_council_sessions_closed_at_known")
        ),
        sa.CheckConstraint("state IN ('planned', 'open', 'closed')", name=op.f("ck_council_sessions_state_known")),
        sa.ForeignKeyConstraint(["council_id"], ["councils.id"], name=op.f("fk_council_sessions_council_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_council_sessions")),
        sa.UniqueConstraint("council_id", "number", name=op.f("uq_council_sessions_council_id_number")),
    )
    op.create_table(
        "dossiers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("producer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("commune_code", sa.String(length=20), nullable=False),
        sa.Column("commune_name", sa.String(length=255), nullable=False),
        sa.Column("set_number", sa.Integer(), nullable=False),
        sa.Column("sheet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("self_score", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("evidence", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=40), nullable=False),
        sa.Column("created_label", sa.String(length=255), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_why", sa.Text(), nullable=True),
        sa.Column("report", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("proposal", sa.Text(), nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("round_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("ministry_round_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("forwarded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("score", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("stars", sa.Integer(), nullable=True),
        sa.Column("level", sa.String(length=24), nullable=True),
        sa.Column("result_on", sa.Date(), nullable=True),
        sa.Column("ministry_paper", sa.String(length=80), nullable=True),
        sa.Column("objection_until", sa.Date(), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_number", sa.String(length=80), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(ended_at IS NOT NULL) = (state IN ('decided', 'failed', 'withdrawn'))", name=op.f("ck_dossiers_ended")
        ),
        sa.CheckConstraint(
            "(state = 'decided') = (decision_number IS NOT NULL)", name=op.f("ck_dossiers_decided_has_number")
        ),
        sa.CheckConstraint("kind IN ('first', 'upgrade', 'renewal')", name=op.f("ck_dossiers_kind_known")),
        sa.CheckConstraint("level IN ('province', 'ministry')", name=op.f("ck_dossiers_level_known")),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'returned', 'complete', 'proposed', 'council', 'scored', 'forwarded', 'decided', 'failed', 'withdrawn')",
            name=op.f("ck_dossiers_state_known"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'withdrawn') OR sheet_id IS NOT NULL", name=op.f("ck_dossiers_handed_in_has_sheet")
        ),
        sa.CheckConstraint(
            "(score IS NULL) = (stars IS NULL) AND (score IS NULL) = (level IS NULL) AND (score IS NULL) = (result_on IS NULL)",
            name=op.f("ck_dossiers_result_whole"),
        ),
        sa.CheckConstraint("score IS NULL OR (score >= 0 AND score <= 100)", name=op.f("ck_dossiers_score_within")),
        sa.CheckConstraint("stars IS NULL OR (stars >= 0 AND stars <= 5)", name=op.f("ck_dossiers_stars_within")),
        sa.ForeignKeyConstraint(
            ["ministry_round_id"], ["programme_rounds.id"], name=op.f("fk_dossiers_ministry_round_id")
        ),
        sa.ForeignKeyConstraint(["producer_id"], ["producers.id"], name=op.f("fk_dossiers_producer_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_dossiers_product_id")),
        sa.ForeignKeyConstraint(["round_id"], ["programme_rounds.id"], name=op.f("fk_dossiers_round_id")),
        sa.ForeignKeyConstraint(["sheet_id"], ["scoring_sheets.id"], name=op.f("fk_dossiers_sheet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossiers")),
        sa.UniqueConstraint("code", name=op.f("uq_dossiers_code")),
    )
    with op.batch_alter_table("dossiers", schema=None) as batch_op:
        batch_op.create_index("ix_dossiers_commune", ["commune_code", "state"], unique=False)
        batch_op.create_index("ix_dossiers_ministry_round", ["ministry_round_id"], unique=False)
        batch_op.create_index("ix_dossiers_producer", ["producer_id", "id"], unique=False)
        batch_op.create_index("ix_dossiers_product", ["product_id", "id"], unique=False)
        batch_op.create_index("ix_dossiers_round", ["round_id", "state"], unique=False)
        batch_op.create_index("ix_dossiers_sheet", ["sheet_id"], unique=False)
        batch_op.create_index("ix_dossiers_state", ["state", "due_on"], unique=False)
        batch_op.create_index(
            "uq_dossiers_living",
            ["product_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "dossier_papers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("dossier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("requirement", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=80), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("file_key", sa.String(length=255), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(length=40), nullable=False),
        sa.Column("added_label", sa.String(length=255), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "ends_on IS NULL OR issued_on IS NULL OR ends_on >= issued_on", name=op.f("ck_dossier_papers_span")
        ),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_dossier_papers_dossier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossier_papers")),
    )
    with op.batch_alter_table("dossier_papers", schema=None) as batch_op:
        batch_op.create_index("ix_dossier_papers_dossier", ["dossier_id", "id"], unique=False)

    op.create_table(
        "dossier_steps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("dossier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_key", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=255), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_dossier_steps_dossier_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossier_steps")),
    )
    with op.batch_alter_table("dossier_steps", schema=None) as batch_op:
        batch_op.create_index("ix_dossier_steps_dossier", ["dossier_id", "id"], unique=False)

    op.create_table(
        "hearings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("dossier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sheet_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("again_why", sa.Text(), nullable=True),
        sa.Column("total", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("stars", sa.Integer(), nullable=True),
        sa.Column("sheets", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.CheckConstraint("(total IS NULL) = (stars IS NULL)", name=op.f("ck_hearings_result_whole")),
        sa.CheckConstraint("total IS NULL OR (total >= 0 AND total <= 100)", name=op.f("ck_hearings_total_within")),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_hearings_dossier_id")),
        sa.ForeignKeyConstraint(["session_id"], ["council_sessions.id"], name=op.f("fk_hearings_session_id")),
        sa.ForeignKeyConstraint(["sheet_id"], ["scoring_sheets.id"], name=op.f("fk_hearings_sheet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hearings")),
        sa.UniqueConstraint("session_id", "dossier_id", name=op.f("uq_hearings_session_id_dossier_id")),
    )
    with op.batch_alter_table("hearings", schema=None) as batch_op:
        batch_op.create_index("ix_hearings_dossier", ["dossier_id", "id"], unique=False)
        batch_op.create_index("ix_hearings_sheet", ["sheet_id"], unique=False)

    op.create_table(
        "council_abstentions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hearing_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["hearing_id"], ["hearings.id"], name=op.f("fk_council_abstentions_hearing_id")),
        sa.ForeignKeyConstraint(["member_id"], ["council_members.id"], name=op.f("fk_council_abstentions_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_council_abstentions")),
        sa.UniqueConstraint("hearing_id", "member_id", name=op.f("uq_council_abstentions_hearing_id_member_id")),
    )
    with op.batch_alter_table("council_abstentions", schema=None) as batch_op:
        batch_op.create_index("ix_council_abstentions_member", ["member_id"], unique=False)

    op.create_table(
        "dossier_objections",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("dossier_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hearing_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=40), nullable=False),
        sa.Column("made_label", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_label", sa.String(length=255), nullable=True),
        sa.CheckConstraint("(state = 'open') = (answered_at IS NULL)", name=op.f("ck_dossier_objections_answered")),
        sa.CheckConstraint("state IN ('open', 'upheld', 'refused')", name=op.f("ck_dossier_objections_state_known")),
        sa.ForeignKeyConstraint(["dossier_id"], ["dossiers.id"], name=op.f("fk_dossier_objections_dossier_id")),
        sa.ForeignKeyConstraint(["hearing_id"], ["hearings.id"], name=op.f("fk_dossier_objections_hearing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossier_objections")),
        sa.UniqueConstraint("hearing_id", name=op.f("uq_dossier_objections_hearing_id")),
    )
    with op.batch_alter_table("dossier_objections", schema=None) as batch_op:
        batch_op.create_index("ix_dossier_objections_dossier", ["dossier_id", "state"], unique=False)

    op.create_table(
        "member_scores",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hearing_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("answers", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("stops", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("notes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_why", sa.Text(), nullable=True),
        sa.Column("asked_questions", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.CheckConstraint("stars BETWEEN 0 AND 5", name=op.f("ck_member_scores_stars_within")),
        sa.CheckConstraint("total BETWEEN 0 AND 100", name=op.f("ck_member_scores_total_within")),
        sa.ForeignKeyConstraint(["hearing_id"], ["hearings.id"], name=op.f("fk_member_scores_hearing_id")),
        sa.ForeignKeyConstraint(["member_id"], ["council_members.id"], name=op.f("fk_member_scores_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_scores")),
        sa.UniqueConstraint("hearing_id", "member_id", name=op.f("uq_member_scores_hearing_id_member_id")),
    )
    with op.batch_alter_table("member_scores", schema=None) as batch_op:
        batch_op.create_index("ix_member_scores_member", ["member_id"], unique=False)

    op.create_table(
        "score_versions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("score_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("answers", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("stops", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("notes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("handed_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(length=255), nullable=False),
        sa.Column("asked_why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["score_id"], ["member_scores.id"], name=op.f("fk_score_versions_score_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_score_versions")),
    )
    with op.batch_alter_table("score_versions", schema=None) as batch_op:
        batch_op.create_index("ix_score_versions_score", ["score_id", "id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("score_versions", schema=None) as batch_op:
        batch_op.drop_index("ix_score_versions_score")

    op.drop_table("score_versions")
    with op.batch_alter_table("member_scores", schema=None) as batch_op:
        batch_op.drop_index("ix_member_scores_member")

    op.drop_table("member_scores")
    with op.batch_alter_table("dossier_objections", schema=None) as batch_op:
        batch_op.drop_index("ix_dossier_objections_dossier")

    op.drop_table("dossier_objections")
    with op.batch_alter_table("council_abstentions", schema=None) as batch_op:
        batch_op.drop_index("ix_council_abstentions_member")

    op.drop_table("council_abstentions")
    with op.batch_alter_table("hearings", schema=None) as batch_op:
        batch_op.drop_index("ix_hearings_sheet")
        batch_op.drop_index("ix_hearings_dossier")

    op.drop_table("hearings")
    with op.batch_alter_table("dossier_steps", schema=None) as batch_op:
        batch_op.drop_index("ix_dossier_steps_dossier")

    op.drop_table("dossier_steps")
    with op.batch_alter_table("dossier_papers", schema=None) as batch_op:
        batch_op.drop_index("ix_dossier_papers_dossier")

    op.drop_table("dossier_papers")
    with op.batch_alter_table("dossiers", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_dossiers_living", sqlite_where=sa.text("ended_at IS NULL"), postgresql_where=sa.text("ended_at IS NULL")
        )
        batch_op.drop_index("ix_dossiers_state")
        batch_op.drop_index("ix_dossiers_sheet")
        batch_op.drop_index("ix_dossiers_round")
        batch_op.drop_index("ix_dossiers_product")
        batch_op.drop_index("ix_dossiers_producer")
        batch_op.drop_index("ix_dossiers_ministry_round")
        batch_op.drop_index("ix_dossiers_commune")

    op.drop_table("dossiers")
    op.drop_table("council_sessions")
    with op.batch_alter_table("council_members", schema=None) as batch_op:
        batch_op.drop_index("ix_council_members_user")

    op.drop_table("council_members")
    with op.batch_alter_table("councils", schema=None) as batch_op:
        batch_op.drop_index("ix_councils_round")

    op.drop_table("councils")
    with op.batch_alter_table("programme_rounds", schema=None) as batch_op:
        batch_op.drop_index("ix_programme_rounds_open")

    op.drop_table("programme_rounds")
    op.drop_table("dossier_serials")
    op.execute("DELETE FROM grants WHERE role = 'council_member'")
    roles(BEFORE)
