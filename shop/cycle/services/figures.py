"""What a producer employs and takes in, told of a day by itself or by an officer."""

from __future__ import annotations

from datetime import date

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from shop.cycle.errors import CycleMovedOn
from shop.cycle.models.figures import ProducerFigure
from shop.cycle.queries import figures as queries
from shop.kernel import audit, clock, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.producers.models import Producer

# The programme began in 2013; nothing is told of before.
FIRST = date(2013, 1, 1)


def say(
    actor: Actor, producer_id: int, as_of: date, jobs: int | None, turnover: int | None, source: str, *, seen: int,
    is_demo: bool = False,
) -> None:  # fmt: skip
    """Say how many people work for a producer on `as_of` and what it took in (đồng) in the twelve months before; None: not
    told. `seen` is the id of the word for that day which the reader had before him (0: none); what was said before stays to be
    read. The same once more is not a change.

    Raises:
        NotFound: no such producer. Invalid: a day to come or before the programme, neither number, no source.
        CycleMovedOn: somebody else has said something of that day since.
    """
    source = text.clean(source).replace("\n", " ")[:255]
    if as_of > clock.today():
        raise Invalid(N_("Ngày này không thể ở sau hôm nay."), field="as_of")
    if as_of < FIRST:
        raise Invalid(N_("Ngày phải từ %(day)s."), field="as_of", day=FIRST.strftime("%d/%m/%Y"))
    if jobs is None and turnover is None:
        raise Invalid(N_("Hãy ghi số lao động hoặc doanh thu."), field="jobs")
    if len(source) < 3:
        raise Invalid(N_("Hãy ghi số này lấy từ đâu."), field="source")
    if session().get(Producer, producer_id) is None:
        raise NotFound
    try:
        with transaction() as s:
            before = queries.standing(producer_id, as_of, lock=True)
            told = (jobs, turnover, source)
            if before is not None and (before.jobs, before.turnover, before.source) == told:
                return
            if before is not None and before.id != seen:
                raise CycleMovedOn(N_("Ngày này đã có số khác, ghi bên dưới. Hãy xem rồi ghi lại nếu muốn thay."))
            now = clock.now()
            if before is not None:
                s.execute(update(ProducerFigure).where(ProducerFigure.id == before.id).values(replaced_at=now))
            s.add(
                ProducerFigure(
                    producer_id=producer_id, as_of=as_of, jobs=jobs, turnover=turnover, source=source, said_at=now,
                    said_by=actor.key, said_label=actor.label, is_demo=is_demo,
                )
            )  # fmt: skip
            s.flush()
            audit.record(
                actor, "cycle.producer-figure", f"producer:{producer_id}", as_of=as_of, jobs=jobs, turnover=turnover
            )
    except IntegrityError:
        raise CycleMovedOn from None
