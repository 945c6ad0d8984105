"""Commands on the budget of a fair: lines of costs and income, planned and actual. Whole đồng."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import func, select

from shop.exhibitions.errors import FairChanged, FairMovedOn
from shop.exhibitions.models.fairs import BudgetLine, BudgetSide, Exhibition, FairState
from shop.kernel import audit, clock, operations
from shop.kernel.actor import Actor
from shop.kernel.db import locked, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.money import LARGEST_AMOUNT

MOST_LINES = 200
# Bills come in after the fair is over; what is known from sources, or was called off in draft, has no budget to keep.
_KEPT = frozenset(FairState) - {FairState.RECORDED}


@dataclass(frozen=True, slots=True)
class LineDraft:
    """One line. `actual_amount` None: not known yet."""

    side: BudgetSide
    name: str
    planned_amount: int
    actual_amount: int | None = None
    funder: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Sums:
    """The sums of one side: planned, actual as far as it is known, and how many lines have no actual amount yet."""

    planned_amount: int
    actual_amount: int
    open_lines: int


def _check(draft: LineDraft) -> None:
    if not 1 <= len(draft.name) <= 255:
        raise Invalid(N_("Hãy ghi tên khoản."), field="name")
    for name in ("planned_amount", "actual_amount"):
        amount = getattr(draft, name)
        if amount is not None and not 0 <= amount <= LARGEST_AMOUNT:
            raise Invalid(N_("Số tiền không được âm."), field=name)
    if len(draft.funder or "") > 255:
        raise Invalid(N_("Tên dài quá 255 ký tự."), field="funder")


def _kept(exhibition_id: int) -> Exhibition:
    row = locked(Exhibition, exhibition_id, NotFound)
    if row.state not in _KEPT:
        raise FairMovedOn
    return row


def add(actor: Actor, exhibition_id: int, draft: LineDraft, op_key: str) -> int:
    """Add a line; return its id. The same `op_key` again returns the same line.

    Raises:
        NotFound: there is no such fair.
        FairMovedOn: it is known from sources only.
        Invalid: the draft breaks a rule; the error names the field.
    """

    def make() -> dict[str, Any]:
        _check(draft)
        row = _kept(exhibition_id)
        count = session().scalar(select(func.count(BudgetLine.id)).where(BudgetLine.exhibition_id == row.id)) or 0
        if count >= MOST_LINES:
            raise Invalid(N_("Dự toán có nhiều nhất %(n)s khoản."), n=MOST_LINES)
        line = BudgetLine(exhibition_id=row.id, updated_at=clock.now(), **asdict(draft))
        session().add(line)
        session().flush()
        audit.record(actor, "exhibitions.budget-add", f"exhibition:{row.slug}", line=line.id, **asdict(draft))
        return {"line_id": line.id}

    done = operations.once(op_key, "exhibitions.budget", actor.key, [exhibition_id, asdict(draft)], make)
    return int(done["line_id"])


def _line(exhibition_id: int, line_id: int, seen: str) -> tuple[Exhibition, BudgetLine]:
    row = _kept(exhibition_id)
    line = session().get(BudgetLine, line_id, populate_existing=True)
    if line is None or line.exhibition_id != row.id:
        raise NotFound
    if line.updated_at.isoformat() != seen:
        raise FairChanged
    return row, line


def change(actor: Actor, exhibition_id: int, line_id: int, draft: LineDraft, *, seen: str) -> None:
    """Change a line. `seen` is the ISO instant of the last change that the editor saw.

    Raises:
        NotFound: there is no such line of this fair.
        FairMovedOn, Invalid: as in `add`.
        FairChanged: somebody changed the line in the meantime.
    """
    _check(draft)
    with transaction():
        row, line = _line(exhibition_id, line_id, seen)
        changes: dict[str, Any] = {}
        for field in fields(draft):
            before, now = getattr(line, field.name), getattr(draft, field.name)
            if before != now:
                changes[field.name] = [before, now]
                setattr(line, field.name, now)
        if changes:
            line.updated_at = clock.now()
            audit.record(actor, "exhibitions.budget-change", f"exhibition:{row.slug}", line=line.id, changes=changes)


def remove(actor: Actor, exhibition_id: int, line_id: int, *, seen: str) -> None:
    """Remove a line; the audit log keeps what it said.

    Raises:
        NotFound, FairMovedOn, FairChanged: as in `change`.
    """
    with transaction():
        row, line = _line(exhibition_id, line_id, seen)
        told = {name: getattr(line, name) for name in (f.name for f in fields(LineDraft))}
        session().delete(line)
        audit.record(actor, "exhibitions.budget-remove", f"exhibition:{row.slug}", line=line_id, **told)


def lines(exhibition_id: int) -> list[BudgetLine]:
    """The lines of a fair, costs first, in the order of their coming."""
    return list(
        session().scalars(
            select(BudgetLine).where(BudgetLine.exhibition_id == exhibition_id).order_by(BudgetLine.side, BudgetLine.id)
        )
    )


def sums(found: list[BudgetLine]) -> dict[BudgetSide, Sums]:
    """The sums of both sides of `lines`."""
    return {
        side: Sums(
            sum(line.planned_amount for line in found if line.side is side),
            sum(line.actual_amount or 0 for line in found if line.side is side),
            sum(line.actual_amount is None for line in found if line.side is side),
        )
        for side in BudgetSide
    }
