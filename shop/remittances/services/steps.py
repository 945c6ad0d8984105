"""What all commands of this room share: locks, histories, whose work something is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import insert, select

from shop.kernel import audit, clock, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.errors import N_, Invalid, NotFound
from shop.orders.models import Order
from shop.payments.services import money
from shop.remittances.errors import RowChanged, RowTaken
from shop.remittances.models import CodParcel, Remittance, Row, Step

T = TypeVar("T", CodParcel, Remittance, Row)
SUBJECTS: dict[Any, str] = {CodParcel: "parcel", Remittance: "batch", Row: "row"}


def note(actor: Actor, subject: CodParcel | Remittance | Row, what: str, **detail: Any) -> None:
    """Write a step of its history."""
    session().execute(
        insert(Step),
        [
            {"subject": SUBJECTS[type(subject)], "subject_id": subject.id, "what": what, "detail": detail,
             "actor_key": actor.key, "actor_label": actor.label, "at": clock.now()}
        ],
    )  # fmt: skip


def lock(kind: type[T], row_id: int) -> T:
    """The row as it is now, locked.

    Raises:
        NotFound.
    """
    found: T | None = session().get(kind, row_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound
    return found


def lock_parcel(parcel_id: int) -> CodParcel:
    """Lock a parcel's order, its payment and then the parcel, which is how all rooms lock them.

    Raises:
        NotFound.
    """
    s = session()
    found = s.execute(select(CodParcel.order_id, CodParcel.payment_id).where(CodParcel.id == parcel_id)).first()
    if found is None:
        raise NotFound
    s.execute(select(Order.id).where(Order.id == found.order_id).with_for_update())
    money.lock(found.payment_id)
    return lock(CodParcel, parcel_id)


def mine(actor: Actor, subject: CodParcel | Remittance | Row, version: int) -> None:
    """See that nobody was quicker and that it is nobody else's work.

    Raises:
        RowChanged, RowTaken.
    """
    if subject.version != version:
        raise RowChanged
    if subject.taken_key not in {None, actor.key}:
        raise RowTaken(who=subject.taken_label or "")


def once(actor: Actor, op_key: str, kind: str, body: object, command: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Run a command once for its form's key, with a line in the audit log."""

    def run() -> dict[str, Any]:
        result = command()
        audit.record(actor, f"remittances.{kind}", f"remittances:{str(body)[:60]}", **result)
        return result

    return operations.once(op_key, f"remittances.{kind}", actor.key, body, run)


def reason(told: str) -> str:
    """A reason as it is kept.

    Raises:
        Invalid: fewer than two characters.
    """
    kept = text.clean(told).replace("\n", " ")[:500]
    if len(kept) < 2:
        raise Invalid(N_("Hãy ghi lý do, ít nhất 2 ký tự."), field="reason")
    return kept


def take(actor: Actor, kind: type[T], row_id: int) -> None:
    """Say that one works on it; somebody else's is taken over, which its history shows.

    Raises:
        NotFound.
    """
    found = lock(kind, row_id)
    found.taken_key, found.taken_label = actor.key, actor.label
    found.version += 1
    session().flush()
    note(actor, found, "taken")


def leave(actor: Actor, kind: type[T], row_id: int) -> None:
    """Leave it to others.

    Raises:
        NotFound; RowChanged: it is not one's own.
    """
    found = lock(kind, row_id)
    if found.taken_key != actor.key:
        raise RowChanged
    found.taken_key = found.taken_label = None
    found.version += 1
    session().flush()
    note(actor, found, "left")
