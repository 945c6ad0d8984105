"""Commands of the six steps: a year is opened, a locality says how it stands, blockers come and are answered, boards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from shop.cycle import localities
from shop.cycle.calendar import Span
from shop.cycle.errors import BoardStands, CycleMovedOn, LocalityCeased, YearOpened
from shop.cycle.localities import Locality
from shop.cycle.models.steps import STEPS, Blocker, Board, BoardKind, BoardMember, CycleStep, CycleWord, StepStatus
from shop.cycle.queries import steps as queries
from shop.kernel import audit, clock, db, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Invalid, NotFound

CARRIED = (StepStatus.RUNNING, StepStatus.STUCK)


def in_force(code: str, day: date) -> Locality:
    """The locality of this code on `day`.

    Raises:
        LocalityCeased: there is none any more (or yet).
    """
    found = localities.find(code, day)
    if found is None:
        raise LocalityCeased(heirs=", ".join(localities.heirs(code, clock.today())) or "–")
    return found


def open_year(actor: Actor, year: int, spans: Sequence[Span], source_url: str | None, *, is_demo: bool = False) -> int:
    """Open a year with its six steps; return how many unfinished steps of localities were carried over from the year before.

    Raises:
        Invalid: a step is missing, ends before it begins or lies outside the year.
        YearOpened.
    """
    if not 2014 <= year <= clock.today().year + 1:
        raise Invalid(N_("Năm phải từ 2014 đến năm sau."), field="year")
    if [s.number for s in spans] != list(range(1, STEPS + 1)):
        raise Invalid(N_("Phải có đủ sáu bước."), field="year")
    for s in spans:
        if s.to_on < s.from_on:
            raise Invalid(N_("Ngày kết thúc ở trước ngày bắt đầu."), field=f"to_{s.number}")
        if s.from_on.year != year or s.to_on.year not in (year, year + 1):
            raise Invalid(N_("Ngày của bước không thuộc năm này."), field=f"from_{s.number}")
    try:
        with transaction() as db_session:
            if db_session.scalar(select(CycleStep.id).where(CycleStep.year == year).limit(1)) is not None:
                raise YearOpened
            now = clock.now()
            db_session.add_all(
                CycleStep(
                    year=year, number=s.number, from_on=s.from_on, to_on=s.to_on, peak=text.clean(s.peak) or None,
                    source_url=source_url, opened_at=now, opened_label=actor.label,
                )
                for s in spans
            )  # fmt: skip
            carried = _carry_over(actor, year, is_demo=is_demo)
            db_session.flush()
            audit.record(actor, "cycle.open-year", f"cycle:{year}", carried=carried)
            return carried
    except IntegrityError:
        raise YearOpened from None


def _carry_over(actor: Actor, year: int, *, is_demo: bool) -> int:
    """What was running or stuck at the end of the year before goes on, where the locality still is."""
    here = {found.code for found in localities.of_day(queries.day_of(year))}
    unfinished = session().scalars(
        select(CycleWord).where(
            CycleWord.year == year - 1, CycleWord.replaced_at.is_(None), CycleWord.status.in_(CARRIED)
        )
    )
    rows = [
        CycleWord(
            year=year, locality_code=w.locality_code, step=w.step, status=w.status, started_on=w.started_on,
            office=w.office, figure=w.figure, figure_of=w.figure_of, note=w.note, carried_from=w.carried_from or w.year,
            said_at=clock.now(), said_by=actor.key, said_label=actor.label, is_demo=is_demo,
        )
        for w in unfinished
        if w.locality_code in here
    ]  # fmt: skip
    session().add_all(rows)
    return len(rows)


@dataclass(frozen=True, slots=True)
class Word:
    """What is said of one step of a locality."""

    status: StepStatus
    started_on: date | None = None
    finished_on: date | None = None
    office: str | None = None
    figure: int | None = None
    figure_of: str | None = None
    note: str | None = None


def say(actor: Actor, year: int, code: str, step: int, word: Word, *, seen: int, is_demo: bool = False) -> None:
    """Say how a locality stands in a step; `seen` is the id of the word that the reader had before him (0: none). The same
    once more is not a change.

    Raises:
        NotFound: no such year or step. LocalityCeased.
        Invalid: done without a day, a day after today, an end before its beginning, running without a beginning.
        CycleMovedOn: somebody else has said something since.
    """
    queries.steps(year)
    if not 1 <= step <= STEPS:
        raise NotFound
    in_force(code, queries.day_of(year))
    _check(word)
    try:
        with transaction() as s:
            before = s.scalar(
                select(CycleWord)
                .where(
                    CycleWord.year == year, CycleWord.locality_code == code, CycleWord.step == step,
                    CycleWord.replaced_at.is_(None),
                )
                .with_for_update()
            )  # fmt: skip
            if before is not None and word == Word(
                before.status, before.started_on, before.finished_on, before.office, before.figure, before.figure_of,
                before.note,
            ):  # fmt: skip
                return
            if (before.id if before else 0) != seen:
                raise CycleMovedOn
            now = clock.now()
            if before is not None:
                s.execute(update(CycleWord).where(CycleWord.id == before.id).values(replaced_at=now))
            s.add(
                CycleWord(
                    year=year, locality_code=code, step=step, status=word.status, started_on=word.started_on,
                    finished_on=word.finished_on, office=word.office, figure=word.figure, figure_of=word.figure_of,
                    note=word.note, carried_from=before.carried_from if before else None, said_at=now, said_by=actor.key,
                    said_label=actor.label, is_demo=is_demo,
                )
            )  # fmt: skip
            s.flush()
            audit.record(actor, "cycle.say", f"cycle:{year}:{code}", step=step, status=word.status.value)
    except IntegrityError:
        raise CycleMovedOn from None


def _check(word: Word) -> None:
    today = clock.today()
    if word.status is StepStatus.DONE and word.finished_on is None:
        raise Invalid(N_("Xong thì hãy ghi ngày xong."), field="finished_on")
    if word.status in CARRIED and word.started_on is None:
        raise Invalid(N_("Đang làm thì hãy ghi ngày bắt đầu."), field="started_on")
    if word.started_on is not None and word.started_on > today:
        raise Invalid(N_("Ngày này không thể ở sau hôm nay."), field="started_on")
    if word.finished_on is not None and word.finished_on > today:
        raise Invalid(N_("Ngày này không thể ở sau hôm nay."), field="finished_on")
    if word.started_on and word.finished_on and word.finished_on < word.started_on:
        raise Invalid(N_("Ngày xong ở trước ngày bắt đầu."), field="finished_on")
    if word.figure is not None and not 0 <= word.figure <= 1_000_000:
        raise Invalid(N_("Số phải từ 0 đến 1.000.000."), field="figure")
    if word.figure is not None and not word.figure_of:
        raise Invalid(N_("Hãy ghi số này đếm gì."), field="figure_of")


# --- blockers ----------------------------------------------------------------------------------------------------


def open_blocker(
    actor: Actor, code: str, step: int, what: str, support: str | None, op_key: str, *,
    opened_on: date | None = None, is_demo: bool = False,
) -> str:  # fmt: skip
    """A locality says what stands in its way; return the reference.

    Raises:
        Invalid: no step, no words. LocalityCeased.
    """
    what = text.clean(what)
    if not 1 <= step <= STEPS:
        raise Invalid(N_("Hãy chọn bước."), field="step")
    if len(what) < 5:
        raise Invalid(N_("Hãy ghi vướng mắc (ít nhất 5 ký tự)."), field="what")
    day = opened_on or clock.today()
    here = in_force(code, day)

    def command() -> dict[str, Any]:
        row = Blocker(
            reference=text.reference(), locality_code=code, locality_name=here.name, sort_name=text.sort_key(here.short),
            step=step, what=what, support=text.clean(support or "") or None, opened_on=day, opened_at=clock.now(),
            opened_by=actor.key, opened_label=actor.label, is_demo=is_demo,
        )  # fmt: skip
        session().add(row)
        session().flush()
        audit.record(actor, "cycle.block", f"blocker:{row.reference}", locality=code, step=step)
        return {"reference": row.reference}

    body = [code, step, what, support]
    return str(operations.once(op_key, "cycle.block", actor.key, body, command)["reference"])


def answer_blocker(actor: Actor, reference: str, answer: str, *, seen: str) -> None:
    """The province says what it decided; a later answer takes the place of an earlier one (`seen`: the answer that was read).

    Raises:
        NotFound. Invalid: no words. CycleMovedOn: answered or solved meanwhile.
    """
    answer = text.clean(answer)
    if len(answer) < 3:
        raise Invalid(N_("Hãy ghi ý kiến của tỉnh."), field="answer")
    row_id = queries.blocker(reference).id
    with transaction():
        row = db.locked(Blocker, row_id, NotFound)
        if row.answer == answer:
            return
        if row.solved_on is not None or (row.answer or "") != seen:
            raise CycleMovedOn
        row.answer, row.answered_at, row.answered_label = answer, clock.now(), actor.label
        audit.record(actor, "cycle.answer", f"blocker:{reference}")


def solve_blocker(actor: Actor, reference: str, how: str, solved_on: date | None = None) -> None:
    """The locality says that nothing stands in its way any more, and what helped.

    Raises:
        NotFound. Invalid: no words, a day before it began or after today. CycleMovedOn: solved already.
    """
    how, day = text.clean(how), solved_on or clock.today()
    if len(how) < 3:
        raise Invalid(N_("Hãy ghi đã gỡ bằng cách nào."), field="how")
    row_id = queries.blocker(reference).id
    with transaction():
        row = db.locked(Blocker, row_id, NotFound)
        if row.solved_on is not None:
            raise CycleMovedOn
        if not row.opened_on <= day <= clock.today():
            raise Invalid(N_("Ngày gỡ phải từ ngày nêu đến hôm nay."), field="solved_on")
        row.solved_on, row.solved_how = day, how
        audit.record(actor, "cycle.solve", f"blocker:{reference}")


# --- boards and helper teams -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seat:
    """A member of a board: the office that he holds, his part, his name if it is to be kept."""

    office: str
    part: str
    name: str | None = None


def set_up_board(
    actor: Actor, code: str, kind: BoardKind, set_up_on: date, decision_number: str, seats: Sequence[Seat], op_key: str,
    *, is_demo: bool = False,
) -> str:  # fmt: skip
    """A locality has a steering board or helper team by a decision; return its reference.

    Raises:
        Invalid: no number, no members, a day after today. LocalityCeased. BoardStands: one stands already.
    """
    number = text.clean(decision_number)
    if not number:
        raise Invalid(N_("Hãy ghi số quyết định."), field="decision_number")
    if set_up_on > clock.today():
        raise Invalid(N_("Ngày quyết định không thể ở sau hôm nay."), field="set_up_on")
    if not seats:
        raise Invalid(N_("Hãy ghi ít nhất một thành viên."), field="seats")
    in_force(code, clock.today())

    def command() -> dict[str, Any]:
        with db.unique("cycle_boards.locality_code", "cycle_boards.living", otherwise=BoardStands):
            row = Board(
                reference=text.reference(), locality_code=code, kind=kind, set_up_on=set_up_on, decision_number=number,
                created_at=clock.now(), created_label=actor.label, is_demo=is_demo,
            )  # fmt: skip
            session().add(row)
            session().flush()
        session().add_all(
            BoardMember(board_id=row.id, office=x.office, part=x.part, name=x.name, from_on=set_up_on) for x in seats
        )
        audit.record(actor, "cycle.board", f"board:{row.reference}", locality=code, kind=kind.value, decision=number)
        return {"reference": row.reference}

    body = [code, kind.value, set_up_on, number, [[x.office, x.part, x.name] for x in seats]]
    return str(operations.once(op_key, "cycle.board", actor.key, body, command)["reference"])


def end_board(actor: Actor, reference: str, ended_on: date) -> None:
    """A board or helper team is there no more; its members' seats end with it.

    Raises:
        NotFound. Invalid: a day before it was set up or after today. CycleMovedOn: it has ended already.
    """
    row_id = queries.board_by(reference).id
    with transaction() as s:
        row = db.locked(Board, row_id, NotFound)
        if row.ended_on is not None:
            raise CycleMovedOn
        if not row.set_up_on <= ended_on <= clock.today():
            raise Invalid(N_("Ngày kết thúc phải từ ngày thành lập đến hôm nay."), field="ended_on")
        row.ended_on = ended_on
        s.execute(
            update(BoardMember)
            .where(BoardMember.board_id == row.id, BoardMember.to_on.is_(None))
            .values(to_on=ended_on)
        )
        audit.record(actor, "cycle.board-end", f"board:{reference}", on=ended_on)
