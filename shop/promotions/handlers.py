"""What promotions do when they hear that somebody wants to be forgotten."""

from __future__ import annotations

from sqlalchemy import update

from shop.accounts.events import UserErased
from shop.kernel.db import session
from shop.kernel.events import on
from shop.promotions.models import Use


@on(UserErased)
def forget(fact: UserErased) -> None:
    """What was used stays counted; whose it was is forgotten."""
    session().execute(
        update(Use)
        .where(Use.user_id == fact.user_id)
        .values(user_id=None, person_key=None)
        .execution_options(synchronize_session=False)
    )
