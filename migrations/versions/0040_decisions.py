"""Decisions with their lines, renewals that were filed, checks after recognition; certificates that others replace or that hold on."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("source", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("level", sa.String(length=24), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("issuer_key", sa.String(length=80), nullable=False),
        sa.Column("number", sa.String(length=80), nullable=True),
        sa.Column("number_key", sa.String(length=80), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("signer", sa.String(length=255), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("file_key", sa.String(length=255), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=40), nullable=False),
        sa.Column("created_label", sa.String(length=255), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_by", sa.String(length=40), nullable=True),
        sa.Column("signed_label", sa.String(length=255), nullable=True),
        sa.Column("dropped_why", sa.Text(), nullable=True),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint("(state = 'dropped') = (dropped_why IS NOT NULL)", name=op.f("ck_decisions_dropped_why")),
        sa.CheckConstraint("kind IN ('grant', 'revoke')", name=op.f("ck_decisions_kind_known")),
        sa.CheckConstraint("level IN ('district', 'province', 'ministry')", name=op.f("ck_decisions_level_known")),
        sa.CheckConstraint("source IN ('results', 'history')", name=op.f("ck_decisions_source_known")),
        sa.CheckConstraint(
            "state <> 'signed' OR (number IS NOT NULL AND decided_on IS NOT NULL AND signer IS NOT NULL AND signed_at IS NOT NULL)",
            name=op.f("ck_decisions_signed_is_whole"),
        ),
        sa.CheckConstraint("state IN ('draft', 'signed', 'dropped')", name=op.f("ck_decisions_state_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        sa.UniqueConstraint("issuer_key", "number_key", name=op.f("uq_decisions_issuer_key_number_key")),
        sa.UniqueConstraint("reference", name=op.f("uq_decisions_reference")),
    )
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.create_index("ix_decisions_state", ["state", "decided_on"], unique=False)

    op.create_table(
        "post_checks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reference", sa.String(length=20), nullable=False),
        sa.Column("certificate_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.Column("inspectors", sa.String(length=255), nullable=False),
        sa.Column("place", sa.String(length=255), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=40), nullable=False),
        sa.Column("created_label", sa.String(length=255), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('planned', 'surprise')", name=op.f("ck_post_checks_kind_known")),
        sa.CheckConstraint(
            "state IN ('planned', 'cancelled') OR checked_on IS NOT NULL", name=op.f("ck_post_checks_checked_when")
        ),
        sa.CheckConstraint(
            "state IN ('planned', 'following', 'closed', 'cancelled')", name=op.f("ck_post_checks_state_known")
        ),
        sa.ForeignKeyConstraint(["certificate_id"], ["certificates.id"], name=op.f("fk_post_checks_certificate_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post_checks")),
        sa.UniqueConstraint("reference", name=op.f("uq_post_checks_reference")),
    )
    with op.batch_alter_table("post_checks", schema=None) as batch_op:
        batch_op.create_index("ix_post_checks_certificate", ["certificate_id"], unique=False)
        batch_op.create_index("ix_post_checks_state", ["state", "planned_on"], unique=False)

    op.create_table(
        "renewals",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("certificate_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("filed_on", sa.Date(), nullable=False),
        sa.Column("dossier_code", sa.String(length=80), nullable=True),
        sa.Column("is_late", sa.Boolean(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("decision_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=40), nullable=False),
        sa.Column("created_label", sa.String(length=255), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.CheckConstraint("(state = 'filed') = (closed_on IS NULL)", name=op.f("ck_renewals_closed_when")),
        sa.CheckConstraint(
            "state IN ('filed', 'granted', 'refused', 'withdrawn')", name=op.f("ck_renewals_state_known")
        ),
        sa.ForeignKeyConstraint(["certificate_id"], ["certificates.id"], name=op.f("fk_renewals_certificate_id")),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.id"], name=op.f("fk_renewals_decision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_renewals")),
    )
    with op.batch_alter_table("renewals", schema=None) as batch_op:
        batch_op.create_index("ix_renewals_certificate", ["certificate_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_renewals_decision_id"), ["decision_id"], unique=False)
        batch_op.create_index(
            "uq_renewals_open",
            ["certificate_id"],
            unique=True,
            sqlite_where=sa.text("state = 'filed'"),
            postgresql_where=sa.text("state = 'filed'"),
        )

    op.create_table(
        "check_files",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("check_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("file_key", sa.String(length=255), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_label", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["check_id"], ["post_checks.id"], name=op.f("fk_check_files_check_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_files")),
    )
    with op.batch_alter_table("check_files", schema=None) as batch_op:
        batch_op.create_index("ix_check_files_check", ["check_id"], unique=False)

    op.create_table(
        "check_findings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("check_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ground", sa.String(length=24), nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("closed_label", sa.String(length=255), nullable=True),
        sa.CheckConstraint("(state = 'open') = (closed_on IS NULL)", name=op.f("ck_check_findings_closed_when")),
        sa.CheckConstraint(
            "ground IN ('forged', 'criteria', 'breach', 'misuse', 'stopped', 'other')",
            name=op.f("ck_check_findings_ground_known"),
        ),
        sa.CheckConstraint("state IN ('open', 'mended', 'failed')", name=op.f("ck_check_findings_state_known")),
        sa.ForeignKeyConstraint(["check_id"], ["post_checks.id"], name=op.f("fk_check_findings_check_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_findings")),
    )
    with op.batch_alter_table("check_findings", schema=None) as batch_op:
        batch_op.create_index("ix_check_findings_check", ["check_id"], unique=False)
        batch_op.create_index("ix_check_findings_due", ["state", "due_on"], unique=False)

    op.create_table(
        "decision_lines",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("decision_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("dossier_id", sa.Integer(), nullable=True),
        sa.Column("dossier_code", sa.String(length=80), nullable=True),
        sa.Column("score", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("stars", sa.Integer(), nullable=True),
        sa.Column("certificate_number", sa.String(length=80), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("certificate_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("ground", sa.String(length=24), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("check_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "ground IN ('forged', 'criteria', 'breach', 'misuse', 'stopped', 'other')",
            name=op.f("ck_decision_lines_ground_known"),
        ),
        sa.CheckConstraint("(stars IS NULL) = (ground IS NOT NULL)", name=op.f("ck_decision_lines_grants_or_revokes")),
        sa.CheckConstraint(
            "ground IS NULL OR (certificate_id IS NOT NULL AND reason IS NOT NULL)",
            name=op.f("ck_decision_lines_revokes_one"),
        ),
        sa.CheckConstraint("score IS NULL OR score BETWEEN 0 AND 100", name=op.f("ck_decision_lines_score_within")),
        sa.CheckConstraint("stars IS NULL OR stars BETWEEN 3 AND 5", name=op.f("ck_decision_lines_stars_known")),
        sa.ForeignKeyConstraint(["certificate_id"], ["certificates.id"], name=op.f("fk_decision_lines_certificate_id")),
        sa.ForeignKeyConstraint(["check_id"], ["post_checks.id"], name=op.f("fk_decision_lines_check_id")),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.id"], name=op.f("fk_decision_lines_decision_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_decision_lines_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_lines")),
        sa.UniqueConstraint("decision_id", "product_id", name=op.f("uq_decision_lines_decision_id_product_id")),
    )
    with op.batch_alter_table("decision_lines", schema=None) as batch_op:
        batch_op.create_index("ix_decision_lines_certificate", ["certificate_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_decision_lines_check_id"), ["check_id"], unique=False)
        batch_op.create_index("ix_decision_lines_dossier", ["dossier_id"], unique=False)
        batch_op.create_index("ix_decision_lines_product", ["product_id"], unique=False)

    with op.batch_alter_table("certificates", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("replaced_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.add_column(sa.Column("term_ends_on", sa.Date(), nullable=True))
        batch_op.create_index(batch_op.f("ix_certificates_replaced_by_id"), ["replaced_by_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_certificates_replaced_by_id"), "certificates", ["replaced_by_id"], ["id"]
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_certificates_term_within"), "term_ends_on IS NULL OR term_ends_on <= expires_on"
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_certificates_replaced_ends"), "replaced_by_id IS NULL OR revoked_on IS NOT NULL"
        )


def downgrade() -> None:
    # Without the column nobody would know any more that it holds past its term.
    op.execute("UPDATE certificates SET expires_on = term_ends_on WHERE term_ends_on IS NOT NULL")
    with op.batch_alter_table("certificates", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_certificates_replaced_ends"), type_="check")
        batch_op.drop_constraint(batch_op.f("ck_certificates_term_within"), type_="check")
        batch_op.drop_constraint(batch_op.f("fk_certificates_replaced_by_id"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_certificates_replaced_by_id"))
        batch_op.drop_column("term_ends_on")
        batch_op.drop_column("replaced_by_id")

    with op.batch_alter_table("decision_lines", schema=None) as batch_op:
        batch_op.drop_index("ix_decision_lines_product")
        batch_op.drop_index("ix_decision_lines_dossier")
        batch_op.drop_index(batch_op.f("ix_decision_lines_check_id"))
        batch_op.drop_index("ix_decision_lines_certificate")

    op.drop_table("decision_lines")
    with op.batch_alter_table("check_findings", schema=None) as batch_op:
        batch_op.drop_index("ix_check_findings_due")
        batch_op.drop_index("ix_check_findings_check")

    op.drop_table("check_findings")
    with op.batch_alter_table("check_files", schema=None) as batch_op:
        batch_op.drop_index("ix_check_files_check")

    op.drop_table("check_files")
    with op.batch_alter_table("renewals", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_renewals_open", sqlite_where=sa.text("state = 'filed'"), postgresql_where=sa.text("state = 'filed'")
        )
        batch_op.drop_index(batch_op.f("ix_renewals_decision_id"))
        batch_op.drop_index("ix_renewals_certificate")

    op.drop_table("renewals")
    with op.batch_alter_table("post_checks", schema=None) as batch_op:
        batch_op.drop_index("ix_post_checks_state")
        batch_op.drop_index("ix_post_checks_certificate")

    op.drop_table("post_checks")
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.drop_index("ix_decisions_state")

    op.drop_table("decisions")
