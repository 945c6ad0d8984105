"""Commands on messages: receive, read, answer, close, open again, blank."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from shop.kernel import audit, clock, events, jobs, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.messages import rules
from shop.messages.errors import StepNotAllowed
from shop.messages.events import MessageAnswered, MessageReceived
from shop.messages.models import ALLOWED, Message, MessageState, MessageStep, Topic

LONGEST = 5000


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person wrote. `phone` is E.164; at least one of e-mail and phone is there."""

    topic: Topic
    name: str
    body: str
    email: str | None = None
    phone: str | None = None
    order_reference: str | None = None
    locale: str = "vi"


def receive(actor: Actor, draft: Draft, op_key: str) -> str:
    """Keep a message and tell staff; return its reference. The same `op_key` again returns the same message.

    Raises:
        Invalid: no name, no text, too long a text, or no way to answer; the error names the field.
        KeyUsedOtherwise: the key was used for other words.
    """
    if not draft.name:
        raise Invalid(N_("Vui lòng cho biết tên của bạn."), field="name")
    if not draft.email and not draft.phone:
        raise Invalid(N_("Vui lòng để lại e-mail hoặc số điện thoại để chúng tôi trả lời."), field="email")
    if len(draft.body) < 5:
        raise Invalid(N_("Vui lòng viết nội dung cần gửi."), field="body")
    if len(draft.body) > LONGEST:
        raise Invalid(N_("Nội dung dài quá %(n)s ký tự."), field="body", n=LONGEST)

    def keep() -> dict[str, str]:
        now = clock.now()
        row = Message(
            **asdict(draft),
            reference=text.reference(),
            state=MessageState.NEW,
            user_id=actor.user_id,
            created_at=now,
            updated_at=now,
        )
        session().add(row)
        session().flush()
        _step(actor, row, "", MessageState.NEW)
        events.publish(MessageReceived(row.id))
        return {"reference": row.reference}

    return str(operations.once(op_key, "messages.receive", actor.key, asdict(draft), keep)["reference"])


def _row(reference: str) -> Message:
    found = session().scalar(select(Message).where(Message.reference == reference).with_for_update())
    if found is None:
        raise NotFound
    return found


def _step(
    actor: Actor,
    row: Message,
    before: str,
    after: MessageState,
    note: str | None = None,
    channel: str | None = None,
    op_key: str | None = None,
) -> MessageStep:
    step = MessageStep(
        message_id=row.id,
        from_state=before,
        to_state=after.value,
        at=clock.now(),
        actor_key=actor.key,
        actor_label=actor.label,
        note=note,
        channel=channel,
        op_key=op_key,
    )
    session().add(step)
    session().flush()
    return step


def _move(
    actor: Actor,
    row: Message,
    to: MessageState,
    note: str | None = None,
    channel: str | None = None,
    op_key: str | None = None,
) -> MessageStep:
    if to not in ALLOWED[row.state]:
        raise StepNotAllowed
    before, row.state, row.updated_at = row.state, to, clock.now()
    step = _step(actor, row, before.value, to, note, channel, op_key)
    audit.record(actor, f"messages.{to.value}", f"message:{row.reference}", before=before.value, channel=channel)
    return step


def take_up(actor: Actor, reference: str) -> None:
    """Say that somebody is looking into a message (new, answered or closed); nothing happens if one is already.

    Raises:
        NotFound: there is no such message.
    """
    with transaction():
        row = _row(reference)
        if row.state is not MessageState.READ:
            _move(actor, row, MessageState.READ)


def answer(actor: Actor, reference: str, words: str, channel: str, op_key: str) -> None:
    """Answer: by `letter` the words go to the writer's e-mail address; by `phone` they are the note of the call.

    The same `op_key` again is the same answer: nothing is sent twice.

    Raises:
        NotFound: there is no such message.
        Invalid: no words, too many, an unknown channel, or a letter without an address.
        StepNotAllowed: the message is closed.
    """
    op_key = operations.checked_key(op_key)
    if len(words) < 2:
        raise Invalid(N_("Hãy viết câu trả lời."), field="words")
    if len(words) > LONGEST:
        raise Invalid(N_("Nội dung dài quá %(n)s ký tự."), field="words", n=LONGEST)
    if channel not in {"letter", "phone"}:
        raise Invalid(N_("Hãy chọn cách trả lời."), field="channel")
    try:
        with transaction() as s:
            if s.scalar(select(MessageStep.id).where(MessageStep.op_key == op_key)) is not None:
                return
            row = _row(reference)
            if channel == "letter" and not row.email:
                raise Invalid(N_("Khách không để lại e-mail; hãy gọi điện."), field="channel")
            step = _move(actor, row, MessageState.ANSWERED, words, channel, op_key)
            if channel == "letter":
                events.publish(MessageAnswered(row.id, step.id))
    except IntegrityError:
        # The same form sent twice at one moment: the other request has answered.
        if session().scalar(select(MessageStep.id).where(MessageStep.op_key == op_key)) is None:
            raise


def close(actor: Actor, reference: str, reason: str) -> None:
    """Put a message aside without an answer, or after one (spam, settled elsewhere).

    Raises:
        NotFound: there is no such message.
        Invalid: no reason is given.
        StepNotAllowed: it is closed already.
    """
    if not reason:
        raise Invalid(N_("Hãy ghi lý do."), field="reason")
    with transaction():
        _move(actor, _row(reference), MessageState.CLOSED, reason)


def blank(rows: list[Message]) -> None:
    """Remove the person's part of messages for good, inside the open transaction."""
    now = clock.now()
    for row in rows:
        row.name, row.email, row.phone, row.body, row.order_reference = "", None, None, "", None
        row.user_id, row.blanked_at, row.updated_at = None, now, now
        for step in row.steps:
            step.note = None


@jobs.every(timedelta(days=1), name="messages.forget", group="retention")
def _forget() -> None:
    """Blank what was settled longer ago than the term staff set."""
    term = clock.start_of(clock.add_months(clock.today(), -rules.KEEP_MONTHS.get()))
    done = (MessageState.ANSWERED, MessageState.CLOSED)
    with transaction() as s:
        old = select(Message).where(Message.blanked_at.is_(None), Message.state.in_(done), Message.updated_at < term)
        blank(list(s.scalars(old.limit(2000))))
