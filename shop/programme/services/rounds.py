"""Commands on rounds: opened by the programme office, closed when their dossiers have results."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, select, update

from shop.kernel import audit, clock, operations
from shop.kernel.actor import Actor
from shop.kernel.db import locked, session, transaction, unique
from shop.kernel.errors import N_, Conflict, Invalid, NotFound
from shop.programme.errors import RoundNotOpen, RoundUnfinished
from shop.programme.models.dossiers import Dossier, DossierState, Round, RoundLevel
from shop.programme.services.dossiers import note

LETTERS = {RoundLevel.PROVINCE: "T", RoundLevel.MINISTRY: "B"}


def open_round(
    actor: Actor, level: RoundLevel, year: int, cut_off: date, ends_on: date, op_key: str, *, is_demo: bool = False
) -> str:
    """Open a round; what was proposed (province) or forwarded (ministry) up to its cut-off and waits comes into it. Returns its
    code (`T1-2026`: the first of the province in 2026).

    Raises:
        Invalid: days that cannot be, or a year that they are not in.
    """
    if not 2019 <= year <= 2100:
        raise Invalid(N_("Năm này không hợp lệ."), field="year")
    if not year <= cut_off.year <= year + 1:
        raise Invalid(N_("Ngày chốt phải thuộc năm của đợt hoặc đầu năm sau."), field="cut_off")
    if ends_on < cut_off:
        raise Invalid(N_("Ngày xong không thể trước ngày chốt hồ sơ."), field="ends_on")

    def command() -> dict[str, Any]:
        s = session()
        last = s.scalar(select(func.max(Round.number)).where(Round.level == level, Round.year == year)) or 0
        row = Round(
            code=f"{LETTERS[level]}{last + 1}-{year}",
            level=level,
            year=year,
            number=last + 1,
            cut_off=cut_off,
            ends_on=ends_on,
            opened_at=clock.now(),
            opened_by=actor.key,
            opened_label=actor.label,
            is_demo=is_demo,
        )
        with unique("programme_rounds.code", "programme_rounds.level", otherwise=Conflict):
            s.add(row)
            s.flush()
        took = gather(row, actor)
        audit.record(actor, "round.open", f"round:{row.code}", cut_off=cut_off, ends_on=ends_on, took=took)
        return {"code": row.code}

    body = {"level": level.value, "year": year, "cut_off": cut_off, "ends_on": ends_on}
    return str(operations.once(op_key, "round.open", actor.key, body, command)["code"])


def gather(row: Round, actor: Actor) -> int:
    """Take into an open round what waits for one and was proposed in time, in the open transaction; returns how many."""
    until = clock.end_of(row.cut_off)
    if row.level is RoundLevel.PROVINCE:
        waiting = (
            select(Dossier)
            .where(Dossier.state == DossierState.PROPOSED, Dossier.round_id.is_(None), Dossier.proposed_at < until)
            .order_by(Dossier.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        found = list(session().scalars(waiting))
        for dossier in found:
            dossier.round_id = row.id
            note(dossier, "round", actor, row.code)
        return len(found)
    sent = update(Dossier).where(
        Dossier.state == DossierState.FORWARDED, Dossier.ministry_round_id.is_(None), Dossier.forwarded_at < until
    )
    return int(session().execute(sent.values(ministry_round_id=row.id)).rowcount)  # type: ignore[attr-defined]


def close_round(actor: Actor, round_id: int) -> int:
    """Close a round; what was not heard waits for the next one. Returns how many wait.

    Raises:
        NotFound: there is no such round.
        RoundNotOpen: it is closed already.
        RoundUnfinished: a council has dossiers of it before it, or the ministry has not told a result.
    """
    with transaction() as s:
        row = locked(Round, round_id, NotFound)
        if row.closed_at is not None:
            raise RoundNotOpen
        mine = (
            (Dossier.round_id == row.id, Dossier.state == DossierState.COUNCIL)
            if row.level is RoundLevel.PROVINCE
            else (Dossier.ministry_round_id == row.id, Dossier.state == DossierState.FORWARDED)
        )
        if s.scalar(select(Dossier.id).where(*mine).limit(1)) is not None:
            raise RoundUnfinished
        row.closed_at = clock.now()
        rest = s.execute(
            update(Dossier)
            .where(Dossier.round_id == row.id, Dossier.state == DossierState.PROPOSED)
            .values(round_id=None)
        )
        s.flush()
        audit.record(actor, "round.close", f"round:{row.code}", waiting=rest.rowcount)  # type: ignore[attr-defined]
        return int(rest.rowcount)  # type: ignore[attr-defined]
