"""Letters about messages: to staff when one comes, to its writer that it came and what was answered."""

from __future__ import annotations

from flask import current_app, g, render_template
from flask_babel import force_locale, gettext

from shop.kernel import events, mail
from shop.kernel.db import session, transaction
from shop.messages import queries, rules
from shop.messages.events import MessageAnswered, MessageReceived
from shop.messages.models import TOPIC_NAMES, Message, MessageStep


@events.on_later(MessageReceived, name="messages.tell")
def tell(fact: MessageReceived) -> None:
    """Tell staff (in Vietnamese) and confirm the receipt to the writer, without repeating his words to that address."""
    row = session().get(Message, fact.message_id)
    if row is None or row.blanked_at is not None:
        return
    base = current_app.extensions["shop_config"].base_url
    with transaction():
        for address in queries.staff_addresses():
            _post(
                f"message-received:{row.reference}:{address}",
                "message-received",
                address,
                "vi",
                message=row,
                button_url=f"{base}/office/messages/{row.reference}",
            )
        if row.email:
            _post(
                f"message-kept:{row.reference}", "message-kept", row.email, row.locale, message=row,
                days=rules.ANSWER_DAYS.get(),
            )  # fmt: skip


@events.on_later(MessageAnswered, name="messages.answer")
def answered(fact: MessageAnswered) -> None:
    """Send the answer."""
    row, step = session().get(Message, fact.message_id), session().get(MessageStep, fact.step_id)
    if row is None or step is None or not row.email or row.blanked_at is not None:
        return
    with transaction():
        _post(f"message-answer:{step.id}", "message-answer", row.email, row.locale, message=row, words=step.note)


def _post(key: str, kind: str, recipient: str, locale: str, **values: object) -> None:
    base = current_app.extensions["shop_config"].base_url
    g.letter_language = locale
    with force_locale(locale):
        message = values["message"]
        assert isinstance(message, Message)  # noqa: S101 - a defect of this module, not of a caller
        topic = gettext(TOPIC_NAMES[message.topic])
        subjects = {
            "message-received": gettext("Thư mới của khách %(ref)s: %(topic)s", ref=message.reference, topic=topic),
            "message-kept": gettext("Chợ Bến đã nhận thư của bạn (%(ref)s)", ref=message.reference),
            "message-answer": gettext("Trả lời thư của bạn (%(ref)s)", ref=message.reference),
        }
        values |= {"lang": locale, "shop_url": base, "topic": topic, "subject": subjects[kind]}
        template = f"messages/letters/{kind.replace('-', '_')}"
        mail.post(
            key,
            kind,
            recipient,
            subjects[kind],
            render_template(f"{template}.txt", **values),
            render_template(f"{template}.html", **values),
        )
