"""Booths change hands after they were published: by staff, or when two producers agree."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from shop.exhibitions.errors import BoothFull, BoothUnfit, FairMovedOn, SwapOver
from shop.exhibitions.events import SwapMoved
from shop.exhibitions.models.allotting import StandSwap, SwapState
from shop.exhibitions.models.calls import Application, ApplicationState, Stand
from shop.exhibitions.models.fairs import Booth, BoothType, Exhibition, FairState
from shop.exhibitions.services import offers, rows, stands, steps
from shop.kernel import audit, clock, facts, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import locked, session, transaction
from shop.kernel.errors import N_, Conflict, Invalid, NotFound
from shop.kernel.events import publish

A, F, S = ApplicationState, FairState, SwapState
BY_SWAP = "Đổi gian: %(why)s"


# --- by staff ------------------------------------------------------------------------------------------------------


def put(actor: Actor, reference: str, booth_code: str, reason: str | None, op_key: str) -> None:
    """Give a free booth to somebody who waits, or let somebody who has one move there.

    Raises:
        NotFound: no such application, or no such booth at its fair; FairMovedOn.
        BoothFull; BoothUnfit: it lacks what he needs; BoothsInUse.
        Invalid: no reason.
    """

    def command() -> dict[str, str]:
        fair, row = rows.lock(reference)
        said = rows.reason(reason)
        if fair.state is not F.ALLOTTED or row.state not in (A.WAITING, A.ACCEPTED):
            raise FairMovedOn
        booth = session().scalar(select(Booth).where(Booth.exhibition_id == fair.id, Booth.code == booth_code))
        if booth is None:
            raise Invalid(N_("Hội chợ này không có gian %(code)s."), field="booth", code=booth_code)
        if rows.free_seats(booth.id) < 1:
            raise BoothFull(field="booth", code=booth.code)
        if not rows.place_of(booth, session().get_one(BoothType, booth.type_id)).fits(rows.needs(row)):
            raise BoothUnfit(field="booth", code=booth.code)
        stands.check_free_of_goods(booth.id)
        old = stands.living(row.id)
        if old is not None:
            stands.check_free_of_goods(old.booth_id)
            stands.end(actor, old, said)
        else:
            steps.application(actor, row, A.ACCEPTED, said)
            offers.leave_list(actor, fair, row)
        stands.give(actor, fair, row, booth.id, said, like=old)
        if old is not None:
            offers.offer_booth(actor, fair, old.booth_id)
        return {"reference": reference}

    operations.once(op_key, "exhibitions.put", actor.key, [reference, booth_code, reason], command)


def take_out(actor: Actor, reference: str, to: ApplicationState, reason: str | None, op_key: str) -> None:
    """Take the booth from somebody: to the end of the waiting list or refused; the next of the list is offered it.

    Raises:
        NotFound; FairMovedOn; BoothsInUse; Invalid: no reason.
    """
    if to not in (A.WAITING, A.REFUSED):
        raise ValueError(to)

    def command() -> dict[str, str]:
        fair, row = rows.lock(reference)
        said = rows.reason(reason)
        if fair.state is not F.ALLOTTED or row.state is not A.ACCEPTED:
            raise FairMovedOn
        booth_id = stands.leave(actor, fair, row, said)
        if to is A.REFUSED:
            steps.application(actor, row, to, said)
        if booth_id is not None:
            offers.offer_booth(actor, fair, booth_id)
        # Behind those who are offered his booth: he is not offered it himself.
        if to is A.WAITING:
            rows.join_list(actor, row, said)
        return {"reference": reference}

    operations.once(op_key, "exhibitions.take-out", actor.key, [reference, to.value, reason], command)


def swap_by_staff(actor: Actor, reference: str, other: str, reason: str | None, op_key: str) -> None:
    """Let two producers change booths.

    Raises:
        NotFound; FairMovedOn; BoothUnfit; BoothsInUse; Invalid: no reason, or the same twice.
    """

    def command() -> dict[str, str]:
        said = rows.reason(reason)
        fair, one, two = _lock_two(reference, other)
        if fair.state is not F.ALLOTTED:
            raise FairMovedOn
        mine, his = stands.living(one.id), stands.living(two.id)
        if mine is None or his is None:
            raise FairMovedOn
        _exchange(actor, fair, (one, mine), (two, his), said)
        return {"reference": reference}

    operations.once(op_key, "exhibitions.swap", actor.key, [reference, other, reason], command)


def _lock_two(reference: str, other: str) -> tuple[Exhibition, Application, Application]:
    known = {
        row.reference: row
        for row in session().execute(
            select(Application.reference, Application.id, Application.exhibition_id).where(
                Application.reference.in_([reference, other])
            )
        )
    }
    if reference not in known or other not in known:
        raise NotFound
    if reference == other or known[reference].exhibition_id != known[other].exhibition_id:
        raise Invalid(N_("Hãy chọn hai cơ sở khác nhau của hội chợ này."), field="other")
    fair = locked(Exhibition, known[reference].exhibition_id, NotFound)
    found = {i: locked(Application, i, NotFound) for i in sorted(row.id for row in known.values())}
    return fair, found[known[reference].id], found[known[other].id]


def _exchange(
    actor: Actor, fair: Exhibition, one: tuple[Application, Stand], two: tuple[Application, Stand], why: str
) -> None:
    (a, mine), (b, his) = one, two
    if mine.booth_id == his.booth_id:
        raise Conflict(N_("Hai cơ sở đang cùng một gian."))
    stands.check_free_of_goods(mine.booth_id, his.booth_id)
    for row, stand in ((a, his), (b, mine)):
        booth = session().get_one(Booth, stand.booth_id)
        # The type is the producers' own affair when both agree to change.
        if not rows.place_of(booth, session().get_one(BoothType, booth.type_id)).fits(
            replace(rows.needs(row), type_id=None)
        ):
            raise BoothUnfit(code=booth.code)
    stands.end(actor, mine, why)
    stands.end(actor, his, why)
    words = BY_SWAP % {"why": why}
    stands.give(actor, fair, a, his.booth_id, words, like=mine)
    stands.give(actor, fair, b, mine.booth_id, words, like=his)


# --- by two producers ----------------------------------------------------------------------------------------------


def ask_swap(actor: Actor, reference: str, other_stand: str, reason: str | None, op_key: str) -> str:
    """Ask who stands at `other_stand` to change booths; returns the reference of the wish.

    Raises:
        NotFound; FairMovedOn; SwapOver: one of the two has no booth any more.
        Conflict: there is a wish already that waits for an answer.
    """

    def command() -> dict[str, str]:
        fair, row = rows.lock(reference)
        mine = stands.living(row.id)
        his = session().scalar(
            select(Stand).where(
                Stand.reference == other_stand, Stand.exhibition_id == fair.id, Stand.ended_at.is_(None)
            )
        )
        if fair.state is not F.ALLOTTED:
            raise FairMovedOn
        if mine is None or his is None:
            raise SwapOver
        if mine.booth_id == his.booth_id:
            raise Invalid(N_("Hãy chọn một gian khác gian của bạn."), field="other")
        waiting = select(StandSwap.id).where(StandSwap.stand_id == mine.id, StandSwap.state == S.ASKED)
        if session().scalar(waiting) is not None:
            raise Conflict(N_("Bạn đang chờ một cơ sở trả lời. Hãy rút đề nghị ấy trước."))
        stands.check_free_of_goods(mine.booth_id, his.booth_id)
        swap = StandSwap(
            reference=text.reference(), exhibition_id=fair.id, stand_id=mine.id, other_id=his.id, state=S.ASKED,
            reason=facts.prose(reason, "reason"), asked_at=clock.now(), asked_label=actor.label,
        )  # fmt: skip
        session().add(swap)
        session().flush()
        audit.record(actor, "exhibitions.swap-asked", f"application:{reference}", stand=other_stand)
        publish(SwapMoved(swap.id, S.ASKED.value))
        return {"reference": swap.reference}

    body = [reference, other_stand, reason]
    return str(operations.once(op_key, "exhibitions.swap-ask", actor.key, body, command)["reference"])


def _lock_swap(reference: str) -> tuple[Exhibition, StandSwap]:
    found = session().execute(
        select(StandSwap.id, StandSwap.exhibition_id).where(StandSwap.reference == reference)
    ).one_or_none()  # fmt: skip
    if found is None:
        raise NotFound
    fair = locked(Exhibition, found.exhibition_id, NotFound)
    return fair, locked(StandSwap, found.id, NotFound)


def answer_swap(actor: Actor, reference: str, *, yes: bool) -> None:
    """Agree to change booths, or not.

    Raises:
        NotFound; SwapOver; BoothUnfit; BoothsInUse.
    """
    with transaction():
        fair, swap = _lock_swap(reference)
        if swap.state is not S.ASKED or fair.state is not F.ALLOTTED:
            raise SwapOver
        if not yes:
            stands.close(actor, swap, S.REFUSED)
            audit.record(actor, "exhibitions.swap-refused", f"swap:{reference}")
            return
        s = session()
        mine, his = s.get_one(Stand, swap.stand_id), s.get_one(Stand, swap.other_id)
        one, two = (locked(Application, i, NotFound) for i in sorted((mine.application_id, his.application_id)))
        pair = {one.id: one, two.id: two}
        stands.close(actor, swap, S.DONE)
        why = N_("hai cơ sở cùng đồng ý")
        _exchange(actor, fair, (pair[mine.application_id], mine), (pair[his.application_id], his), why)


def withdraw_swap(actor: Actor, reference: str) -> None:
    """Take a wish back that nobody has answered.

    Raises:
        NotFound; SwapOver.
    """
    with transaction():
        _fair, swap = _lock_swap(reference)
        if swap.state is not S.ASKED:
            raise SwapOver
        stands.close(actor, swap, S.ENDED)
        audit.record(actor, "exhibitions.swap-withdrawn", f"swap:{reference}")
