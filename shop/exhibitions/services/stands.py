"""Who stands in which booth once the booths are published: given, given up, changed. All steps are kept."""

from __future__ import annotations

from sqlalchemy import or_, select

from shop.exhibitions.errors import BoothsInUse
from shop.exhibitions.events import StandEnded, StandGiven, SwapMoved
from shop.exhibitions.models.allotting import StandSwap, SwapState
from shop.exhibitions.models.calls import Application, Stand
from shop.exhibitions.models.fairs import Booth, BoothType, Exhibition, FairState
from shop.exhibitions.queries import allotting
from shop.kernel import audit, clock, text
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.events import publish
from shop.producers import queries as producers

F, S = FairState, SwapState
# Why somebody stands somewhere, in the words that are kept with the stand.
FROM_LIST = "Được mời từ danh sách chờ."


def living(application_id: int) -> Stand | None:
    """The stand of an application, if it has one."""
    return session().scalar(
        select(Stand).where(Stand.application_id == application_id, Stand.ended_at.is_(None)).with_for_update()
    )


def give(
    actor: Actor, fair: Exhibition, row: Application, booth_id: int, why: str, *, like: Stand | None = None,
    stars: int | None = None,
) -> Stand:  # fmt: skip
    """Let the locked application stand in a booth of its locked fair; fee and subsidy are copied. `like` is a stand in a booth
    of the same kind whose fee stays his."""
    s = session()
    booth = s.get_one(Booth, booth_id)
    if like is not None and s.get_one(Booth, like.booth_id).type_id == booth.type_id:
        fee, subsidy = like.fee_amount, like.subsidy_amount
    else:
        producer = producers.by_id(row.producer_id)
        best = allotting.stars_of(fair, [row.id])[row.id] if stars is None else stars
        kind = s.get_one(BoothType, booth.type_id)
        fee, subsidy = allotting.fee_of(fair, kind, producer.province_code if producer else None, best)
    stand = Stand(
        reference=text.reference(), exhibition_id=fair.id, booth_id=booth_id, application_id=row.id,
        producer_id=row.producer_id, fee_amount=fee, subsidy_amount=subsidy, why=why, given_at=clock.now(),
        given_label=actor.label,
    )  # fmt: skip
    s.add(stand)
    s.flush()
    audit.record(
        actor, "exhibitions.stand", f"application:{row.reference}", booth=booth.code, fee=fee, subsidy=subsidy, why=why
    )
    publish(StandGiven(stand.id))
    return stand


def end(actor: Actor, stand: Stand, reason: str | None) -> None:
    """Let nobody stand there any more; wishes to change with it are over. Its fair is locked."""
    stand.ended_at, stand.end_reason = clock.now(), reason
    session().flush()
    booth = session().get_one(Booth, stand.booth_id)
    audit.record(actor, "exhibitions.stand-end", f"stand:{stand.reference}", booth=booth.code, reason=reason)
    publish(StandEnded(stand.id))
    _end_swaps(actor, stand.id)


def _end_swaps(actor: Actor, stand_id: int) -> None:
    rows = select(StandSwap).where(
        StandSwap.state == S.ASKED, or_(StandSwap.stand_id == stand_id, StandSwap.other_id == stand_id)
    )
    for swap in session().scalars(rows.order_by(StandSwap.id)).all():
        close(actor, swap, S.ENDED)


def close(actor: Actor, swap: StandSwap, state: SwapState) -> None:
    """Let a wish to change booths end in `state`; its fair is locked."""
    swap.state, swap.decided_at, swap.decided_label = state, clock.now(), actor.label
    session().flush()
    publish(SwapMoved(swap.id, state.value))


def end_swaps(actor: Actor, exhibition_id: int) -> None:
    """Let all wishes to change booths that wait for an answer end, at a locked fair."""
    rows = select(StandSwap).where(StandSwap.state == S.ASKED, StandSwap.exhibition_id == exhibition_id)
    for swap in session().scalars(rows.order_by(StandSwap.id)).all():
        close(actor, swap, S.ENDED)


def check_free_of_goods(*booth_ids: int) -> None:
    """Let booths change hands only while they have no point of sale.

    Raises:
        BoothsInUse: one has, so that goods may be on their way to it.
    """
    used = select(Booth.id).where(Booth.id.in_(booth_ids), Booth.point_id.is_not(None))
    if session().scalar(used.limit(1)) is not None:
        raise BoothsInUse


def leave(actor: Actor, fair: Exhibition, row: Application, reason: str | None) -> int | None:
    """Give the booth of a locked application up; returns which it was.

    Raises:
        BoothsInUse: it has been made ready for goods.
    """
    stand = living(row.id)
    if stand is None:
        return None
    if fair.state is not F.CANCELLED:
        check_free_of_goods(stand.booth_id)
    end(actor, stand, reason)
    return stand.booth_id
