"""What must always hold of the six steps (`flask audit`)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select

from shop.cycle.models.steps import STEPS, Board, BoardMember, CycleStep, CycleWord
from shop.kernel.db import session
from shop.kernel.invariants import invariant


@invariant("cycle.years-have-six-steps")
def _years_have_six_steps() -> Iterable[str]:
    """A year that was opened has its six steps, and words are only of such years."""
    whole = set()
    for year, n in session().execute(select(CycleStep.year, func.count()).group_by(CycleStep.year)):
        if n == STEPS:
            whole.add(year)
        else:
            yield str(year)
    for year in session().scalars(select(CycleWord.year).distinct()):
        if year not in whole:
            yield f"{year}: words"


@invariant("cycle.seats-lie-within-their-board")
def _seats_lie_within_their_board() -> Iterable[str]:
    """Nobody sits in a board before it was set up or after it has ended."""
    rows = session().execute(
        select(Board.reference)
        .join(BoardMember, BoardMember.board_id == Board.id)
        .where(
            (BoardMember.from_on < Board.set_up_on)
            | (Board.ended_on.is_not(None) & (BoardMember.to_on.is_(None) | (BoardMember.to_on > Board.ended_on)))
        )
        .distinct()
    )
    yield from (row.reference for row in rows)
