"""Numbering and freezing. A number is taken from its counter's locked row in the transaction that writes the document: whoever
comes second waits, and what is rolled back gives its number back, so that there are no gaps."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from shop.invoices import rules
from shop.invoices.arithmetic import Body, as_json
from shop.invoices.events import InvoiceIssued
from shop.invoices.goods import OWNER, SHOP, prepaid
from shop.invoices.models import Cause, Invoice, InvoiceCounter, InvoiceState, Issuer, Series, number_of
from shop.kernel import clock, text
from shop.kernel.actor import Actor
from shop.kernel.db import insert_missing, session
from shop.kernel.events import publish
from shop.orders import discounts
from shop.orders.models import TILL, Order
from shop.places import queries as places
from shop.producers.models import Producer

CONTENT_VERSION = 1


def digest_of(content: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of a content's canonical JSON: keys sorted, no blanks, letters as they are."""
    told = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Draft:
    """A document about to be written: in whose name, of which series, with what, instead of or against which other."""

    issuer: str
    series: Series
    cause: Cause
    body: Body
    corrects: Invoice | None = None
    reason: str = ""


def began(order_completed_at: datetime) -> datetime:
    """Since when the shop writes documents here: it was noted when this room was built in; else the first order begins."""
    issuer_of(SHOP, order_completed_at)
    found = session().scalar(select(Issuer.began_at).where(Issuer.key == SHOP))
    assert found is not None  # noqa: S101 - it was just made
    return found


def issuer_of(key: str, at: datetime) -> int:
    """The id of the issuer called `key`, made if it is new."""
    producer = int(key.removeprefix(OWNER)) if key.startswith(OWNER) else None
    insert_missing(Issuer, [{"key": key, "producer_id": producer, "began_at": at}], ["key"])
    return int(session().execute(select(Issuer.id).where(Issuer.key == key)).scalar_one())


def write(actor: Actor, order: Order, drafts: Sequence[Draft]) -> list[Invoice]:
    """Number and freeze `drafts` in the open transaction, in which the order is locked; return them as written.

    Counters are locked in the order of issuer and series, so that two orders never wait for each other.
    """
    now = clock.now()
    year = clock.business_day(now).year
    ids = {key: issuer_of(key, now) for key in sorted({d.issuer for d in drafts})}
    wanted = Counter((ids[d.issuer], d.series) for d in drafts)
    taken = {counter: _take(*counter, year, n) for counter, n in sorted(wanted.items())}
    # Only now, behind the counters' locks: a later number never has an earlier time.
    now = clock.now()
    made = []
    for draft in drafts:
        counter = (ids[draft.issuer], draft.series)
        number = taken[counter]
        taken[counter] += 1
        made.append(_one(actor, order, draft, counter[0], year, number, now))
    return made


def _take(issuer_id: int, series: Series, year: int, n: int) -> int:
    """Take `n` numbers of a counter; return the first."""
    key = {"issuer_id": issuer_id, "series": series, "year": year}
    insert_missing(InvoiceCounter, [key | {"last_number": 0}], ["issuer_id", "series", "year"])
    last: int = session().execute(
        update(InvoiceCounter)
        .filter_by(**key)
        .values(last_number=InvoiceCounter.last_number + n)
        .returning(InvoiceCounter.last_number)
        .execution_options(synchronize_session=False)
    ).scalar_one()  # fmt: skip
    return last - n + 1


def buyer_of(order: Order) -> dict[str, Any]:
    """The buyer as a document names him: of a counter nobody's name is known."""
    asked = order.invoice or {}
    address = ", ".join(x for x in (order.street, order.commune_name, order.province_name) if x)
    return {
        "name": order.name,
        "company": asked.get("company"),
        "tax_code": asked.get("tax_code"),
        "address": asked.get("address") or address or None,
        "email": asked.get("email") or order.email,
    }


def seller_of(key: str) -> dict[str, Any]:
    """The issuer as it stands on paper today: the owner of the shop, or the producer."""
    if not key.startswith(OWNER):
        told = {
            "name": rules.OWNER_NAME,
            "tax_code": rules.OWNER_TAX_CODE,
            "address": rules.OWNER_ADDRESS,
            "phone": rules.OWNER_PHONE,
        }
        return {"key": key} | {name: str(setting.get()) or None for name, setting in told.items()}
    row = session().execute(select(Producer).where(Producer.id == int(key.removeprefix(OWNER)))).scalar_one()
    units = [places.unit(code) for code in (row.commune_code, row.province_code) if code]
    where = [row.street, *(u.name for u in units if u)] if units else [row.street, row.locality_text]
    return {
        "key": key,
        "name": row.name,
        "tax_code": row.tax_code,
        "address": ", ".join(x for x in where if x) or None,
        "phone": row.phone,
    }


def _one(
    actor: Actor, order: Order, draft: Draft, issuer_id: int, year: int, number: int, now: datetime
) -> Invoice:  # fmt: skip
    on = clock.business_day(now)
    against = draft.corrects
    # A credit note names the buyer as the document did that it takes back.
    buyer = dict(against.content["buyer"]) if against is not None else buyer_of(order)
    if draft.series is Series.RECEIPT:
        buyer |= {"company": None, "tax_code": None}
    content = {
        "v": CONTENT_VERSION,
        "name": number_of(draft.series, year, number),
        "series": draft.series.value,
        "year": year,
        "number": number,
        "issued_at": now.isoformat(timespec="microseconds"),
        "issued_on": on.isoformat(),
        "cause": draft.cause.value,
        "reason": draft.reason,
        "corrects": None
        if against is None
        else {"name": against.name, "issued_on": against.issued_on.isoformat(), "reference": against.reference},
        "order": order.reference,
        "channel": order.channel,
        "slip": order.reference if order.channel == TILL else None,
        "seller": dict(against.content["seller"]) if against is not None else seller_of(draft.issuer),
        "buyer": buyer,
        "payment": order.payment_method.value,
        "currency": "VND",
        "prepaid": prepaid(order),
        "promotions": sorted(name for name, _amount in discounts.named(order.id).sums) if order.discount_amount else [],
    } | as_json(draft.body)
    body = draft.body
    row_id: int = session().execute(
        insert(Invoice)
        .values(
            reference=text.reference(), issuer_id=issuer_id, series=draft.series, year=year, number=number,
            state=InvoiceState.ISSUED, cause=draft.cause, order_id=order.id, corrects_id=against.id if against else None,
            issued_at=now, issued_on=on, buyer_name=(buyer["company"] or buyer["name"])[:255],
            buyer_tax_code=buyer["tax_code"], goods_amount=body.goods, discount_amount=body.discount,
            delivery_amount=body.delivery, other_amount=body.other, total_amount=body.total, content=content,
            digest=digest_of(content), actor_key=actor.key, actor_label=actor.label, is_demo=order.is_demo,
        )
        .returning(Invoice.id)
    ).scalar_one()  # fmt: skip
    publish(InvoiceIssued(row_id, order.id))
    return session().get_one(Invoice, row_id)
