"""Between tests an audit leaves out what cannot find anything: it finds all the same what is there."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import and_, func, literal, select, text, union_all
from sqlalchemy.orm import aliased

from shop.accounts.models import User
from shop.catalog.models import Product, Variant
from shop.kernel import clock, invariants
from shop.kernel.db import session, transaction
from shop.kernel.jobs import Job, JobState
from tests.audits import Audits, reads

OTHER = aliased(Product)
COUNTED = select(Variant.product_id, func.count().label("n")).group_by(Variant.product_id).subquery()
SUMMED = select(func.count().label("n")).select_from(Variant).subquery()


@pytest.mark.parametrize(
    ("statement", "needs"),
    [
        (select(Product.id), [{"products"}]),
        (select(Product.id).where(select(User.id).exists()), [{"products"}]),
        (select(Variant.id).join(Product, Variant.product_id == Product.id), [{"variants", "products"}]),
        (select(Product.id).outerjoin(Variant, Variant.product_id == Product.id), [{"products"}]),
        (select(Product.id).join(Variant, Variant.product_id == Product.id, full=True), [set()]),
        (select(Variant.id, OTHER.id), [{"variants", "products"}]),
        (select(func.count()).select_from(Product), [set()]),
        (select(func.coalesce(func.sum(Product.id), 0)), [set()]),
        (select(literal(1)).select_from(Product).having(func.count() == 0), [set()]),
        (select(Product.producer_id, func.count()).group_by(Product.producer_id), [{"products"}]),
        (select(Product.id).join(COUNTED, COUNTED.c.product_id == Product.id), [{"variants", "products"}]),
        (select(Product.id).join(SUMMED, and_(SUMMED.c.n > Product.id)), [{"products"}]),
        (select(literal(1)), [set()]),
        (union_all(select(Product.id), select(User.id)), [{"products"}, {"users"}]),
        (text("SELECT id FROM products"), [set()]),
    ],
)
def test_which_tables_a_statement_cannot_do_without(statement: Any, needs: list[set[str]]) -> None:
    assert reads(statement) == needs


def test_a_check_is_asked_again_once_its_table_holds_a_row(ctx: Any) -> None:
    audits = Audits()
    with audits.installed():
        audits.learn()
        assert all(found.ok for found in invariants.run())
        assert audits.left_out > 0.8 * len(invariants.names()), "an empty shop is not looked through"
        with transaction() as s:
            s.add(
                Job(
                    name="test.never-tried",
                    state=JobState.DONE,
                    payload={},
                    attempts=0,
                    run_at=clock.now(),
                    created_at=clock.now(),
                )
            )
        session().expire_all()
        assert "kernel.jobs-are-done-at-least-once" in {found.name for found in invariants.run() if not found.ok}
