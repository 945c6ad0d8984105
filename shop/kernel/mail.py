"""Letters: written to the `letters` table with the fact they tell, sent by the worker, each once.

Without `SMTP_URL` they become files under `instance/mail/`. A letter has a key; the same key twice is one letter. Its
Message-ID is made from the key, so that a letter sent again after a crash is recognised by mail systems.
"""

from __future__ import annotations

import hashlib
import re
import smtplib
from collections.abc import Iterable
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import current_app
from sqlalchemy import Index, func, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from shop.kernel import clock, jobs
from shop.kernel.db import Base, Id, Instant, LongText, Str40, Str255, leave_database, session, transaction


class Letter(Base):
    """A letter to one address; `sent_at` is empty until a server or the folder has it."""

    __tablename__ = "letters"
    __table_args__ = (
        Index("ix_letters_unsent", "sent_at", "id"),
        Index("ix_letters_about", "about"),
        Index("ix_letters_recipient", "recipient"),
    )

    id: Mapped[Id]
    key: Mapped[Str255] = mapped_column(unique=True)
    kind: Mapped[Str40]
    recipient: Mapped[Str255]
    about: Mapped[Str40 | None]
    subject: Mapped[Str255]
    body_text: Mapped[LongText]
    body_html: Mapped[LongText | None]
    created_at: Mapped[Instant]
    sent_at: Mapped[Instant | None]


_HOLES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+\n")


def post(
    key: str,
    kind: str,
    recipient: str,
    subject: str,
    body_text: str,
    body_html: str | None = None,
    *,
    about: str | None = None,
) -> bool:
    """Store a letter and the job that sends it, in the open transaction; return False if the key is already known.

    `key` names the fact and the reader (`order-placed:HX7K-3M2P`); `subject` is one line; `about` names the person whose data
    the letter holds (`user:7`), so that it can be blanked when he is erased.
    """
    s = session()
    if known(key):
        return False
    subject = " ".join(subject.split())[:255]
    # Parts that have nothing to say leave no holes in a letter.
    body_text = _HOLES.sub("\n\n", body_text).strip("\n") + "\n"
    letter = Letter(
        key=key,
        kind=kind,
        recipient=recipient,
        about=about,
        subject=subject,
        body_text=body_text,
        body_html=body_html,
        created_at=clock.now(),
    )
    s.add(letter)
    s.flush()
    jobs.enqueue("mail.send", {"letter_id": letter.id}, key=f"mail.send:{letter.id}")
    return True


def known(key: str) -> bool:
    """Whether a letter of that key was posted."""
    return session().scalar(select(Letter.id).where(Letter.key == key)) is not None


def blank(*, about: str, recipients: Iterable[str] = ()) -> None:
    """Blank all letters about a person or to one of his addresses, in the open transaction; unsent ones are never sent."""
    session().execute(
        update(Letter)
        .where(or_(Letter.about == about, Letter.recipient.in_([r for r in recipients if r])))
        .values(
            recipient="",
            subject="",
            body_text="",
            body_html=None,
            sent_at=func.coalesce(Letter.sent_at, clock.now(), type_=Letter.sent_at.type),
        )
        .execution_options(synchronize_session=False)
    )


def _message(letter: Letter) -> EmailMessage:
    config = current_app.extensions["shop_config"]
    message = EmailMessage()
    message["From"] = config.mail_from
    message["To"] = letter.recipient
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.created_at)
    host = urlsplit(config.base_url).hostname or "localhost"
    message["Message-ID"] = f"<{hashlib.sha256(letter.key.encode()).hexdigest()[:32]}@{host}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.body_text)
    if letter.body_html:
        message.add_alternative(letter.body_html, subtype="html")
    # Only once the bodies are in it, whose lines stay short. Python 3.11 folds a long subject into pieces and may lose the
    # blank between two of them; a line may have 998 signs (RFC 5322, 2.1.1).
    message.policy = message.policy.clone(max_line_length=998)
    return message


def deliver(message: EmailMessage, name: str) -> None:
    """Hand `message` to the SMTP server of `SMTP_URL` (smtp, smtp+tls or smtps), or to the mail folder as `<name>.eml`.

    Raises:
        OSError, smtplib.SMTPException: the server did not take it.
    """
    leave_database()
    config = current_app.extensions["shop_config"]
    if not config.smtp_url:
        folder: Path = config.instance_dir / "mail"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.eml").write_bytes(bytes(message))
        return
    parts = urlsplit(config.smtp_url)
    kind = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
    with kind(
        parts.hostname or "localhost", parts.port or (465 if parts.scheme == "smtps" else 25), timeout=20
    ) as server:
        if parts.scheme == "smtp+tls":
            server.starttls()
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)


@jobs.job("mail.send")
def _send(payload: dict[str, Any]) -> None:
    letter = session().get(Letter, payload["letter_id"])
    if letter is None or letter.sent_at is not None:
        return
    message = _message(letter)
    name = f"{letter.created_at:%Y%m%dT%H%M%S}-{letter.id:06d}-{letter.kind}"
    letter_id = letter.id
    deliver(message, name)
    with transaction() as s:
        sent = s.get(Letter, letter_id)
        if sent is not None:
            sent.sent_at = clock.now()


@jobs.every(timedelta(days=7), name="letters.forget", group="retention")
def _forget() -> None:
    """Bodies of letters sent a year ago hold personal data nobody needs any more."""
    with transaction() as s:
        old = select(Letter).where(Letter.sent_at < clock.now() - timedelta(days=365), Letter.body_text != "")
        for letter in s.scalars(old.limit(5000)):
            letter.body_text, letter.body_html, letter.recipient = "", None, ""
