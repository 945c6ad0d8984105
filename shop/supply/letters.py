"""Letters of supply: to the members of a producer who look after its goods, and to whoever asked or offered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import current_app, render_template
from flask_babel import force_locale, gettext

from shop.accounts import queries as accounts
from shop.accounts.permissions import PRODUCER_ROLES, ROLE_PERMISSIONS, Permission
from shop.accounts.queries import Contact
from shop.kernel import mail
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_
from shop.kernel.events import on_later
from shop.supply.events import AnnouncementDecided, AskAgreed, AskAnswered, AskMade, AskWithdrawn
from shop.supply.models import ANNOUNCEMENT_NAMES, ASK_NAMES, A, Announcement, N, SupplyAsk
from shop.supply.queries import asks, deliveries, store

MADE = N_("Đề nghị cung ứng %(r)s: cần hàng ngày %(day)s")
AGREED = N_("Cửa hàng đồng ý như bạn hẹn: đề nghị %(r)s")
WITHDRAWN = N_("Cửa hàng rút đề nghị cung ứng %(r)s")
ANSWERED = N_("Cơ sở đã trả lời đề nghị %(r)s")
OFFER = N_("Điểm bán đã trả lời phiếu báo giao %(r)s")


def members(producer_id: int) -> list[Contact]:
    """Members of a producer who may look after its goods and have an address that is theirs."""
    found: dict[int, Contact] = {}
    for role in sorted(PRODUCER_ROLES):
        if Permission.SUPPLY_EDIT in ROLE_PERMISSIONS[role]:
            found |= {c.user_id: c for c in accounts.holders(store.owner_of(producer_id), role)}
    return [c for _id, c in sorted(found.items()) if c.email and c.email_confirmed]


def _one(key: str) -> list[Contact]:
    """The user that a row names (`user:7`), if he can be written to."""
    kind, _, number = key.partition(":")
    found = accounts.contact(int(number)) if kind == "user" and number.isdigit() else None
    return [found] if found and found.email and found.email_confirmed else []


@on_later(AskMade, name="supply.letter-ask")
def asked(fact: AskMade) -> None:
    """Tell the producer that somebody wants goods."""
    row = session().get(SupplyAsk, fact.ask_id)
    if row is not None and row.status is A.ASKED:
        _about_ask(row, members(row.producer_id), "ask", MADE, "/producer/asks")


@on_later(AskAgreed, name="supply.letter-agreed")
def agreed(fact: AskAgreed) -> None:
    """Tell the producer that his other number or day is welcome."""
    row = session().get(SupplyAsk, fact.ask_id)
    if row is not None:
        _about_ask(row, members(row.producer_id), "agreed", AGREED, "/producer/asks")


@on_later(AskWithdrawn, name="supply.letter-withdrawn")
def withdrawn(fact: AskWithdrawn) -> None:
    """Tell the producer that the goods are not wanted any more."""
    row = session().get(SupplyAsk, fact.ask_id)
    if row is not None:
        _about_ask(row, members(row.producer_id), "withdrawn", WITHDRAWN, "/producer/asks")


@on_later(AskAnswered, name="supply.letter-answer")
def answered(fact: AskAnswered) -> None:
    """Tell whoever asked."""
    row = session().get(SupplyAsk, fact.ask_id)
    if row is not None:
        _about_ask(row, _one(row.asked_by), "answer", ANSWERED, "/office/asks")


@on_later(AnnouncementDecided, name="supply.letter-offer")
def decided(fact: AnnouncementDecided) -> None:
    """Tell whoever offered to bring goods."""
    row = session().get(Announcement, fact.announcement_id)
    if row is None:
        return
    _found, shown = deliveries.announcement(row.reference)
    why = row.steps[-1].reason if row.status is N.REFUSED else None
    for reader in _one(row.announced_by):
        _post(
            reader,
            f"offer-{row.status.value}:{row.reference}",
            OFFER,
            {"r": row.reference},
            f"/producer/deliveries/announced/{row.reference}",
            status=ANNOUNCEMENT_NAMES[row.status],
            point=shown.point,
            day=row.brings_on,
            reason=why,
            lines=[],
        )


def _about_ask(row: SupplyAsk, readers: Iterable[Contact], what: str, subject: str, folder: str) -> None:
    _found, shown = asks.ask(row.reference)
    last = row.steps[-1]
    for reader in readers:
        _post(
            reader,
            f"{what}:{row.reference}",
            subject,
            {"r": row.reference, "day": f"{row.wanted_on:%d/%m/%Y}"} if what == "ask" else {"r": row.reference},
            f"{folder}/{row.reference}",
            status=ASK_NAMES[row.status],
            point=shown.point,
            producer=shown.producer,
            day=row.offered_on or row.wanted_on,
            answer_by=row.answer_by if what == "ask" else None,
            reason=last.reason,
            lines=asks.lines(row.id),
        )


def _post(reader: Contact, key: str, subject: str, values: dict[str, Any], path: str, **context: Any) -> None:
    base = current_app.extensions["shop_config"].base_url + ("/en" if reader.locale == "en" else "")
    with force_locale(reader.locale):
        title = gettext(subject, **values)
        context |= {
            "lang": reader.locale,
            "shop_url": base + "/",
            "why": gettext("Bạn nhận thư này vì lo nguồn hàng ở Chợ Bến."),
            "subject": title,
            "name": reader.name,
            "button_url": base + path,
            "button_text": gettext("Mở xem"),
        }
        text = render_template("supply/letters/paper.txt", **context)
        html = render_template("supply/letters/paper.html", **context)
    about = f"user:{reader.user_id}"
    with transaction():
        mail.post(f"supply:{key}:{about}", "supply", reader.email or "", title, text, html, about=about)
