"""What everybody may see of joining: what selling here needs, and an invitation's link."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template
from flask_babel import gettext
from flask_login import current_user

from shop.accounts import guards
from shop.accounts.permissions import ROLE_NAMES
from shop.kernel import web
from shop.producers import queries
from shop.producers.errors import InvitationEnded
from shop.producers.services import members

bp = Blueprint("producers", __name__)


@bp.get("/ban-hang")
@guards.public
@web.public_page()
def sell_here() -> str:
    """What one needs to sell here, and the way to begin."""
    return render_template("producers/storefront/sell.html", section="help", canonical_url=web.path("/ban-hang"))


@bp.get("/loi-moi/<token>")
@guards.public
def invitation(token: str) -> Any:
    """The invitation, for whoever has its link."""
    web.mark_private()
    found = queries.invitation(token)
    if found is None:
        raise InvitationEnded
    row, producer = found
    page = render_template(
        "producers/storefront/invitation.html",
        p=producer,
        row=row,
        role=gettext(ROLE_NAMES[row.role]),
        here=web.path(f"/loi-moi/{token}"),
        signed_in=current_user.is_authenticated,
        name=current_user.name if current_user.is_authenticated else "",
    )
    return web.keep_address(page)


@bp.post("/loi-moi/<token>")
@guards.signed_in
def take_invitation(token: str) -> Any:
    """Become a member."""
    found = queries.invitation(token)
    if found is None:
        raise InvitationEnded
    members.join(guards.actor(), found[0].reference)
    flash(gettext("Bạn đã là thành viên của cơ sở."), "ok")
    return redirect(web.path("/producer"), 303)
