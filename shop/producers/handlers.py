"""What this room writes when it hears a fact: the erased leave nothing of themselves in applications that came to nothing."""

from __future__ import annotations

from sqlalchemy import select

from shop.accounts import personal
from shop.accounts.events import UserErased
from shop.kernel.db import session
from shop.kernel.events import on
from shop.producers.models import Application, ApplicationState, Invitation


@on(UserErased)
def erased(fact: UserErased) -> None:
    """An approved application is the record of a producer; of the others the person is taken out."""
    rows = session().scalars(
        select(Application).where(Application.user_id == fact.user_id, Application.state != ApplicationState.APPROVED)
    )
    for row in rows:
        row.representative = row.phone = row.email = row.street = row.account_number = row.holder = None


@personal.part("applications")
def applications(user_id: int) -> list[dict[str, object]]:
    """What somebody said when he asked to sell, and the invitations he took."""
    names = (
        "reference",
        "name",
        "tax_code",
        "representative",
        "street",
        "phone",
        "email",
        "bank_bin",
        "account_number",
        "holder",
    )
    told: list[dict[str, object]] = [
        {name: getattr(row, name) for name in names}
        | {"state": row.state.value, "created_at": row.created_at.isoformat()}
        for row in session().scalars(select(Application).where(Application.user_id == user_id).order_by(Application.id))
    ]
    taken = session().scalars(select(Invitation).where(Invitation.accepted_by == user_id).order_by(Invitation.id))
    return told + [
        {"invitation": row.reference, "role": row.role.value, "email": row.email, "phone": row.phone} for row in taken
    ]
