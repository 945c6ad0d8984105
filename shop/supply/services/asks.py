"""A point or fair asks a producer for goods; he accepts, changes or refuses; what both agree on is one expected delivery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import insert, select

from shop.kernel import audit, clock, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.events import publish
from shop.kernel.money import LARGEST_AMOUNT
from shop.producers.models import Producer, ProducerState
from shop.receipts import services as receipts
from shop.receipts.models import Delivery, Terms
from shop.receipts.services import Wanted
from shop.supply import rules
from shop.supply.errors import AskMovedOn
from shop.supply.events import AskAgreed, AskAnswered, AskMade, AskRefused, AskWithdrawn
from shop.supply.models import ASK_ALLOWED, A, AskStatus, Reply, SupplyAsk, SupplyAskLine, SupplyAskStep
from shop.supply.services import wanting

NO_REASON = N_("Hãy ghi lý do.")


@dataclass(frozen=True, slots=True)
class Errand:
    """What an ask wants and when: the day of the goods, the last day for an answer, how the goods are taken, and why."""

    point_id: int
    terms: Terms
    wanted_on: date
    reason: str
    # None: the shop's term after today, but not after the goods are wanted.
    answer_by: date | None = None


def ask(
    actor: Actor,
    producer_id: int,
    what: Errand,
    wanted: Mapping[int, int],
    *,
    costs: Mapping[int, int] | None = None,
    op_key: str,
    is_demo: bool = False,
) -> str:
    """Ask a producer for `wanted` (sale units by variant); return the reference. `costs` is what the shop pays for one unit
    (đồng, by variant). The same `op_key` again returns the same.

    Raises:
        NotFound: no such producer.
        Invalid: nothing wanted, somebody else's goods, numbers or days that cannot be, no reason, a producer who is suspended.
    """
    reason = rules.line(what.reason, 500, "reason", needed=NO_REASON)
    costs = costs or {}
    wanting.numbers(wanted)
    for variant_id, amount in costs.items():
        if not 0 <= amount <= LARGEST_AMOUNT:
            raise Invalid(N_("Giá nhập chưa đúng."), field=f"cost-{variant_id}")
    today = clock.today()
    if what.wanted_on < today:
        raise Invalid(N_("Ngày cần hàng không thể trước hôm nay."), field="wanted_on")
    rules.day(what.wanted_on, "wanted_on")
    answer_by = what.answer_by or min(today + timedelta(days=rules.ANSWER_DAYS.get()), what.wanted_on)
    if not today <= answer_by <= what.wanted_on:
        raise Invalid(N_("Hạn trả lời phải từ hôm nay đến ngày cần hàng."), field="answer_by")

    def command() -> dict[str, Any]:
        producer = session().get(Producer, producer_id)
        if producer is None:
            raise NotFound
        if producer.state is not ProducerState.ACTIVE:
            raise Invalid(N_("Cơ sở này đang tạm ngừng nên không nhận đề nghị."), field="producer")
        wanting.goods(producer_id, wanted)
        wanting.place(what.point_id, what.wanted_on, "wanted_on")
        now = clock.now()
        row = SupplyAsk(
            reference=f"Y-{text.reference()}",
            producer_id=producer_id,
            point_id=what.point_id,
            terms=what.terms,
            status=A.ASKED,
            wanted_on=what.wanted_on,
            answer_by=answer_by,
            reason=reason,
            asked_at=now,
            asked_by=actor.key,
            asked_label=actor.label,
            updated_at=now,
            is_demo=is_demo,
        )
        session().add(row)
        session().flush()
        lines = [
            {"ask_id": row.id, "variant_id": v, "asked": n, "unit_cost_amount": costs.get(v)}
            for v, n in sorted(wanted.items())
        ]
        session().execute(insert(SupplyAskLine), lines)
        _write_step(actor, row, "", reason)
        audit.record(actor, "supply.asked", f"ask:{row.reference}", producer=producer.slug, units=sum(wanted.values()))
        publish(AskMade(row.id))
        return {"reference": row.reference}

    body = [
        producer_id, what.point_id, what.terms.value, what.wanted_on, what.answer_by, sorted(wanted.items()),
        sorted(costs.items()), reason,
    ]  # fmt: skip
    return str(operations.once(op_key, "supply.ask", actor.key, body, command)["reference"])


# --- steps -------------------------------------------------------------------------------------------------------


def _locked(reference: str) -> SupplyAsk:
    """The ask as it is now, locked until the transaction ends.

    Raises:
        NotFound: there is none.
    """
    found = session().scalar(
        select(SupplyAsk).where(SupplyAsk.reference == reference).with_for_update(),
        execution_options={"populate_existing": True},
    )
    if found is None:
        raise NotFound
    return found


def _may(row: SupplyAsk, *to: AskStatus) -> None:
    """Raises AskMovedOn: none of these steps follows from the ask's status."""
    if not ASK_ALLOWED[row.status] & set(to):
        raise AskMovedOn


def _step(actor: Actor, row: SupplyAsk, to: AskStatus, reason: str | None = None, **told: Any) -> None:
    _may(row, to)
    before, row.status, row.updated_at = row.status, to, clock.now()
    _write_step(actor, row, before, reason)
    audit.record(actor, f"supply.{to.value}", f"ask:{row.reference}", reason=reason, **told)


def _write_step(actor: Actor, row: SupplyAsk, before: str, reason: str | None) -> None:
    session().flush()
    session().execute(
        insert(SupplyAskStep).values(
            ask_id=row.id,
            from_status=before,
            to_status=row.status,
            at=clock.now(),
            actor_key=actor.key,
            actor_label=actor.label,
            reason=reason,
        )
    )


# --- the producer answers ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """What a producer says to one line: yes, another number of units, or no with a reason."""

    reply: Reply
    quantity: int = 0
    refusal: str = ""


def answer(
    actor: Actor,
    reference: str,
    answers: Mapping[int, Answer],
    *,
    on: date | None = None,
    note: str = "",
    op_key: str,
) -> AskStatus:
    """Answer every line (by id) of an ask, all at once; `on` is another day for all of it. Return what the ask is now.

    With a yes to the asked day and numbers the delivery is expected at once; another number or day waits for the office;
    lines that are refused are told as unmet (`AskRefused`).

    Raises:
        NotFound: no such ask, or a line of another.
        AskMovedOn: it was answered or withdrawn before.
        Invalid: a line without an answer (field `reply-<line>`), a number out of range, a refusal without a reason, a day past.
    """
    note = rules.line(note, 500, "note")
    said: dict[int, Answer] = {}
    for line_id, one in answers.items():
        if one.reply is Reply.CHANGED:
            rules.whole(one.quantity, 1, rules.MOST_UNITS, f"quantity-{line_id}")
        why = rules.line(one.refusal, 500, f"refusal-{line_id}")
        if one.reply is Reply.REFUSED and len(why) < 2:
            raise Invalid(N_("Hãy ghi vì sao từ chối."), field=f"refusal-{line_id}")
        said[line_id] = Answer(one.reply, one.quantity, why)

    def command() -> dict[str, Any]:
        row = _locked(reference)
        _may(row, A.ACCEPTED, A.CHANGED, A.REFUSED)
        if row.status is not A.ASKED:
            raise AskMovedOn
        if not set(said) <= {line.id for line in row.lines}:
            raise NotFound
        refused = _take_down(row, said)
        to = A.REFUSED if len(refused) == len(row.lines) else _outcome(row, on)
        if to is A.ACCEPTED:
            _expect(actor, row)
        _step(actor, row, to, note or None, units=sum(line.offered or 0 for line in row.lines))
        publish(AskAnswered(row.id))
        if refused:
            publish(AskRefused(row.id, tuple(refused)))
        return {"status": to.value}

    body = [reference, on, note, sorted((n, o.reply.value, o.quantity, o.refusal) for n, o in said.items())]
    return AskStatus(operations.once(op_key, "supply.answer", actor.key, body, command)["status"])


def _take_down(row: SupplyAsk, said: Mapping[int, Answer]) -> list[int]:
    """Write the answers into the lines; return which were refused."""
    refused = []
    for line in row.lines:
        one = said.get(line.id)
        if one is None:
            raise Invalid(N_("Hãy trả lời từng dòng."), field=f"reply-{line.id}")
        line.reply = one.reply
        if one.reply is Reply.REFUSED:
            line.offered, line.refusal = 0, one.refusal
            refused.append(line.id)
            continue
        line.offered = one.quantity if one.reply is Reply.CHANGED else line.asked
        if line.offered == line.asked:
            line.reply = Reply.ACCEPTED
        line.refusal = (one.refusal or None) if line.reply is Reply.CHANGED else None
    session().flush()
    return refused


def _outcome(row: SupplyAsk, on: date | None) -> AskStatus:
    """Whether what was offered is what was asked; the other day is kept."""
    if on is not None and on != row.wanted_on:
        if on < clock.today():
            raise Invalid(N_("Ngày giao không thể trước hôm nay."), field="on")
        wanting.place(row.point_id, rules.day(on, "on"), "on")
        row.offered_on = on
    elif row.wanted_on < clock.today():
        raise Invalid(N_("Ngày cần hàng đã qua. Hãy hẹn ngày khác."), field="on")
    changed = row.offered_on is not None or any(line.reply is Reply.CHANGED for line in row.lines)
    return A.CHANGED if changed else A.ACCEPTED


def _expect(actor: Actor, row: SupplyAsk) -> str:
    """Turn what was agreed on into the one delivery of this ask."""
    wanted = {line.variant_id: Wanted(line.offered, line.unit_cost_amount) for line in row.lines if line.offered}
    delivery = receipts.expect(
        actor,
        row.producer_id,
        row.point_id,
        row.terms,
        row.offered_on or row.wanted_on,
        wanted,
        note=row.reference,
        op_key=f"ask:{row.reference}",
        is_demo=row.is_demo,
    )
    row.delivery_id = session().scalars(select(Delivery.id).where(Delivery.reference == delivery)).one()
    return delivery


# --- the office --------------------------------------------------------------------------------------------------


def agree(actor: Actor, reference: str, op_key: str) -> str:
    """Say yes to what the producer offers instead; return the reference of the delivery that is expected now.

    Raises:
        NotFound; AskMovedOn: nothing waits for a yes.
        Invalid: the day is past, or the point is closed on it.
    """

    def command() -> dict[str, Any]:
        row = _locked(reference)
        if row.status is not A.CHANGED:
            raise AskMovedOn
        if (row.offered_on or row.wanted_on) < clock.today():
            raise Invalid(N_("Ngày cơ sở hẹn đã qua. Hãy rút đề nghị này và gửi đề nghị mới."), field="on")
        delivery = _expect(actor, row)
        _step(actor, row, A.ACCEPTED)
        publish(AskAgreed(row.id))
        return {"delivery": delivery}

    return str(operations.once(op_key, "supply.agree", actor.key, [reference], command)["delivery"])


def withdraw(actor: Actor, reference: str, reason: str, op_key: str) -> None:
    """Take an ask back that is not settled.

    Raises:
        NotFound; AskMovedOn: it was settled before; Invalid: no reason.
    """
    why = rules.line(reason, 500, "reason", needed=NO_REASON)

    def command() -> dict[str, Any]:
        row = _locked(reference)
        _step(actor, row, A.WITHDRAWN, why)
        publish(AskWithdrawn(row.id))
        return {}

    operations.once(op_key, "supply.withdraw", actor.key, [reference, why], command)
