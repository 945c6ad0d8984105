"""What recurs: certificates whose renewal is being decided hold on; producers are reminded."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from shop.catalog.models import Certificate, Product
from shop.decisions import letters
from shop.decisions.models import CheckFinding, FindingState, PostCheck
from shop.decisions.queries import renewals as read
from shop.decisions.services import renewals
from shop.kernel import clock, jobs
from shop.kernel.db import session, transaction

# How long before its deadline something to be mended is called to mind.
_BEFORE = timedelta(days=3)


@jobs.every(timedelta(hours=1), name="decisions.let-hold", group="sweep")
def let_hold() -> None:
    """On their last day certificates whose renewal is being decided are let hold as long as the law allows."""
    renewals.let_waiting_hold()


@jobs.every(timedelta(minutes=5), name="decisions.follow-dossiers", group="sweep")
def follow_dossiers() -> None:
    """Enter renewals that were handed in through the programme, close those that failed or were taken back."""
    renewals.follow_dossiers()


@jobs.every(timedelta(hours=6), name="decisions.remind", group="report")
def remind() -> None:
    """Tell producers of renewals and of what is to be mended, each fact once (letters have keys)."""
    today = clock.today()
    for due in read.told_about(today):
        what = letters.mark(due, (due.days.closes_on - today).days) if due.days else ""
        if what:
            with transaction():
                letters.renewal_due(due, what)
    rows = session().execute(
        select(CheckFinding, Product)
        .join(PostCheck, PostCheck.id == CheckFinding.check_id)
        .join(Certificate, Certificate.id == PostCheck.certificate_id)
        .join(Product, Product.id == Certificate.product_id)
        .where(
            CheckFinding.state == FindingState.OPEN, CheckFinding.due_on <= today + _BEFORE, CheckFinding.due_on >= today
        )
    ).all()  # fmt: skip
    for finding, product in rows:
        with transaction():
            letters.finding_due(finding, product)
