"""New-rural criteria by period: how many there are, and which groups of communes, is the period's own."""

from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0042"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "ntm_periods",
        sa.Column("id", BIG, nullable=False),
        sa.Column("decision", sa.String(length=80), nullable=False),
        sa.Column("first_year", sa.Integer(), nullable=False),
        sa.Column("last_year", sa.Integer(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("in_force_on", sa.Date(), nullable=True),
        sa.Column("targets", sa.Integer(), nullable=True),
        sa.Column("source_url", sa.Text(), nullable=False),
        sa.CheckConstraint("last_year >= first_year", name=op.f("ck_ntm_periods_span")),
        sa.CheckConstraint("targets IS NULL OR targets > 0", name=op.f("ck_ntm_periods_targets_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ntm_periods")),
        sa.UniqueConstraint("decision", name=op.f("uq_ntm_periods_decision")),
    )
    op.create_table(
        "ntm_groups",
        sa.Column("id", BIG, nullable=False),
        sa.Column("period_id", BIG, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("source_url", sa.Text(), nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_ntm_groups_number_positive")),
        sa.ForeignKeyConstraint(["period_id"], ["ntm_periods.id"], name=op.f("fk_ntm_groups_period_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ntm_groups")),
        sa.UniqueConstraint("period_id", "number", name=op.f("uq_ntm_groups_period_id_number")),
    )
    with op.batch_alter_table("ntm_criteria") as batch_op:
        batch_op.add_column(sa.Column("period_id", BIG, nullable=True))
    _periods_of_criteria()
    with op.batch_alter_table("ntm_criteria") as batch_op:
        batch_op.drop_constraint(op.f("uq_ntm_criteria_decision_number"), type_="unique")
        batch_op.drop_constraint(op.f("ck_ntm_criteria_number_within"), type_="check")
        batch_op.drop_constraint(op.f("ck_ntm_criteria_span"), type_="check")
        batch_op.drop_column("decision")
        batch_op.drop_column("valid_from")
        batch_op.drop_column("valid_to")
        batch_op.alter_column("period_id", existing_type=BIG, nullable=False)
        batch_op.create_foreign_key(op.f("fk_ntm_criteria_period_id"), "ntm_periods", ["period_id"], ["id"])
        batch_op.create_unique_constraint(op.f("uq_ntm_criteria_period_id_number"), ["period_id", "number"])
        batch_op.create_check_constraint(op.f("ck_ntm_criteria_number_positive"), "number >= 1")
    with op.batch_alter_table("ntm_records") as batch_op:
        batch_op.add_column(sa.Column("group_number", sa.Integer(), nullable=True))
        batch_op.create_check_constraint(
            op.f("ck_ntm_records_group_positive"), "group_number IS NULL OR group_number >= 1"
        )


def _periods_of_criteria() -> None:
    """Every decision that the criteria name becomes a period: its last year is the one before its end."""
    bind = op.get_bind()
    criteria = sa.table(
        "ntm_criteria", sa.column("decision"), sa.column("valid_from", sa.Date()), sa.column("valid_to", sa.Date()),
        sa.column("source_url"), sa.column("period_id"),
    )  # fmt: skip
    periods = sa.table(
        "ntm_periods", sa.column("id"), sa.column("decision"), sa.column("first_year"), sa.column("last_year"),
        sa.column("issued_on", sa.Date()), sa.column("source_url"),
    )  # fmt: skip
    rows = bind.execute(
        sa.select(
            criteria.c.decision, sa.func.min(criteria.c.valid_from, type_=sa.Date()),
            sa.func.max(criteria.c.valid_to, type_=sa.Date()), sa.func.min(criteria.c.source_url),
        ).group_by(criteria.c.decision)
    ).all()  # fmt: skip
    for number, (decision, first, end, source) in enumerate(rows, 1):
        bind.execute(
            periods.insert().values(
                id=number, decision=decision, first_year=first.year, last_year=end.year - 1 if end else first.year,
                issued_on=first if first != date(first.year, 1, 1) else None, source_url=source,
            )
        )  # fmt: skip
        bind.execute(criteria.update().where(criteria.c.decision == decision).values(period_id=number))
    if rows and bind.dialect.name == "postgresql":
        bind.execute(sa.text("SELECT setval(pg_get_serial_sequence('ntm_periods', 'id'), :n)"), {"n": len(rows)})


def downgrade() -> None:
    """Criteria keep the years of their period; groups of communes, and what a period says of itself, are lost."""
    bind = op.get_bind()
    with op.batch_alter_table("ntm_records") as batch_op:
        batch_op.drop_constraint(op.f("ck_ntm_records_group_positive"), type_="check")
        batch_op.drop_column("group_number")
    with op.batch_alter_table("ntm_criteria") as batch_op:
        batch_op.add_column(sa.Column("decision", sa.String(length=80), nullable=True))
        batch_op.add_column(sa.Column("valid_from", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("valid_to", sa.Date(), nullable=True))
    criteria = sa.table(
        "ntm_criteria", sa.column("decision"), sa.column("valid_from", sa.Date()), sa.column("valid_to", sa.Date()),
        sa.column("period_id"),
    )  # fmt: skip
    periods = sa.table(
        "ntm_periods", sa.column("id"), sa.column("decision"), sa.column("first_year"), sa.column("last_year"),
        sa.column("issued_on", sa.Date()),
    )  # fmt: skip
    for row in bind.execute(sa.select(periods)).all():
        begins = date(row.first_year, 1, 1)
        if row.issued_on and row.issued_on.year == row.first_year == 2009:
            begins = row.issued_on
        bind.execute(
            criteria.update()
            .where(criteria.c.period_id == row.id)
            .values(decision=row.decision, valid_from=begins, valid_to=date(row.last_year + 1, 1, 1))
        )
    with op.batch_alter_table("ntm_criteria") as batch_op:
        batch_op.drop_constraint(op.f("ck_ntm_criteria_number_positive"), type_="check")
        batch_op.drop_constraint(op.f("uq_ntm_criteria_period_id_number"), type_="unique")
        batch_op.drop_constraint(op.f("fk_ntm_criteria_period_id"), type_="foreignkey")
        batch_op.drop_column("period_id")
        batch_op.alter_column("decision", existing_type=sa.String(length=80), nullable=False)
        batch_op.alter_column("valid_from", existing_type=sa.Date(), nullable=False)
        batch_op.create_unique_constraint(op.f("uq_ntm_criteria_decision_number"), ["decision", "number"])
        batch_op.create_check_constraint(op.f("ck_ntm_criteria_number_within"), "number BETWEEN 1 AND 19")
        batch_op.create_check_constraint(op.f("ck_ntm_criteria_span"), "valid_to IS NULL OR valid_to > valid_from")
    op.drop_table("ntm_groups")
    op.drop_table("ntm_periods")
