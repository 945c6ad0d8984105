"""Notices of services that watch an account: each kept once, its lines written in the same transaction."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from shop.banking.models import Notice
from shop.banking.reading import Read, reference_of
from shop.banking.services import accounts, lines, matching
from shop.kernel import clock, jobs, text
from shop.kernel.actor import SYSTEM
from shop.kernel.db import transaction, unique
from shop.kernel.errors import Busy, Conflict
from shop.kernel.money import LARGEST_AMOUNT
from shop.payments import services as payments
from shop.payments.errors import BadNotice

MOST_LINES = 100
EARLIEST = timedelta(days=400)


class Known(Conflict):
    """The notice was kept before; not an error for its sender."""


def hear(word: Any) -> list[int]:
    """Keep a notice whose signature held and write its lines; return the ids of those that wait to be matched. One that is
    known by its `id` changes nothing.

    What is not in đồng is a case for a person (`payments` keeps it) and no line.

    Raises:
        BadNotice: it is not of the described shape. AccountUnknown: it speaks of an account that is none of the shop's.
    """
    event_id, transfers = _shape(word)
    account = accounts.named(_text(word.get("bank_bin"), 20) or None, _text(word.get("account"), 40))
    read = [(_line(n, one), _foreign(one)) for n, one in enumerate(transfers, 1)]
    rows = [row for row, foreign in read if foreign is None]
    try:
        with unique("bank_notices.event_id", otherwise=Known), transaction() as s:
            if s.scalar(select(Notice.id).where(Notice.event_id == event_id)) is not None:
                return []
            locked = lines.lock(account.id)
            made = s.execute(
                insert(Notice)
                .values(event_id=event_id, payload=text.storable(word), received_at=clock.now(), outcome="kept")
                .returning(Notice.id)
            ).scalar_one()
            for row, foreign in read:
                if foreign is not None:
                    payments.open_issue(
                        "wrong_currency", f"bank:{account.reference}:{event_id}:{row.number}", received=None,
                        currency=foreign, reference=row.bank_reference,
                    )  # fmt: skip
            verdicts = lines.compare(account.id, rows, notice=True)
            ids = lines.write(SYSTEM, locked, rows, verdicts, source="notice", notice_id=made)
            for row, verdict in zip(rows, verdicts, strict=True):
                if verdict.outcome == "refused":
                    payments.open_issue(
                        "bank_differs", f"bank:{account.reference}:{event_id}:{row.number}", received=row.amount,
                        reference=row.bank_reference,
                    )  # fmt: skip
            jobs.enqueue("banking.match", {})
            return ids
    except Known:
        return []


def hear_and_match(word: Any) -> None:
    """Take a notice in and match its lines at once; what cannot be matched now is left to the job that was stored with it.

    Raises:
        As `hear`.
    """
    ids = hear(word)
    if ids:
        with suppress(Busy):
            matching.run(ids)


def _shape(word: Any) -> tuple[str, list[dict[str, Any]]]:
    if not isinstance(word, dict):
        raise BadNotice
    event_id, transfers = _text(word.get("id"), 200), word.get("transactions")
    if not event_id or not isinstance(transfers, list) or not 1 <= len(transfers) <= MOST_LINES:
        raise BadNotice
    if not all(isinstance(one, dict) for one in transfers) or not isinstance(word.get("account"), str):
        raise BadNotice
    return event_id, transfers


def _text(value: Any, limit: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise BadNotice
    return text.clean(str(value))[:limit]


def _foreign(one: dict[str, Any]) -> str | None:
    currency = _text(one.get("currency"), 10).upper()
    return currency if currency not in {"", "VND"} else None


def _line(number: int, one: dict[str, Any]) -> Read:
    amount, at = one.get("amount"), _text(one.get("at"), 40)
    if isinstance(amount, bool) or not isinstance(amount, int) or not 0 < abs(amount) <= LARGEST_AMOUNT:
        raise BadNotice
    try:
        when = datetime.fromisoformat(at)
    except ValueError:
        raise BadNotice from None
    now = clock.now()
    if when.tzinfo is None or not now - EARLIEST <= when <= now + timedelta(days=1):
        raise BadNotice
    return Read(
        number,
        booked_on=clock.business_day(when),
        amount=amount,
        memo=_text(one.get("memo"), 1000),
        bank_reference=reference_of(_text(one.get("reference"), 80)),
        payer_name=_text(one.get("payer_name"), 200).replace("\n", " ") or None,
        payer_account=re.sub(r"[^A-Z0-9]", "", _text(one.get("payer_account"), 40).upper()) or None,
    )
