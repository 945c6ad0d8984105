"""`/producer/recognition`: the certificates of a producer's goods, when to renew them, what checks found."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from shop.accounts import guards
from shop.accounts.permissions import Permission
from shop.decisions import terms
from shop.decisions.models import CHECK_KIND_NAMES, CHECK_STATE_NAMES, FINDING_STATE_NAMES, GROUND_NAMES
from shop.decisions.office.checks import FINDING_KINDS, STATE_KINDS
from shop.decisions.queries import checks, renewals
from shop.kernel import clock
from shop.producers import maker

bp = Blueprint("decisions", __name__)
HERE = "/producer/recognition"


@bp.get("/recognition")
@guards.requires(Permission.PORTAL_ENTER)
def recognition() -> Any:
    """Certificates with the days of their renewal, and checks."""
    here = maker.current(Permission.PORTAL_ENTER)
    return render_template(
        "decisions/portal/recognition.html",
        here=HERE,
        may_file=guards.may(Permission.DOSSIER_FILE, here.scope),
        rows=renewals.of_producer(here.id),
        stands=renewals.STANDS,
        stand_kinds=renewals.STAND_KINDS,
        law=terms.on(clock.today()),
        checks=checks.of_producer(here.id),
        check_kinds=CHECK_KIND_NAMES,
        check_states=CHECK_STATE_NAMES,
        check_state_kinds=STATE_KINDS,
        grounds=GROUND_NAMES,
        finding_names=FINDING_STATE_NAMES,
        finding_kinds=FINDING_KINDS,
        today=clock.today(),
    )
