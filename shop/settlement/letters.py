"""The letters that producers' owners and money people get: something to agree to, something that was paid."""

from __future__ import annotations

from typing import Any

from flask import current_app, render_template
from flask_babel import force_locale, gettext
from sqlalchemy import select

from shop.accounts import queries as accounts
from shop.accounts.permissions import Role
from shop.kernel import mail
from shop.kernel.dates import day
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_
from shop.kernel.events import on_later
from shop.kernel.money import vnd
from shop.producers.models import Producer
from shop.settlement.events import AgreementProposed, PayoutPaid, StatementAnswered, StatementClosed
from shop.settlement.models import Agreement, Payout, Statement

PROPOSED = N_("Đề nghị thỏa thuận %(r)s: xin xem và trả lời")
CLOSED = N_("Bảng đối soát %(r)s đã chốt: xin xem và trả lời")
ANSWERED = N_("Cửa hàng đã trả lời ý kiến về bảng đối soát %(r)s")
PAID = N_("Đã chuyển khoản cho bảng đối soát %(r)s")


def _write(kind: str, row: Any, producer_id: int, page: str, subject: str, facts: Any) -> None:
    """One letter for each owner and each who looks after the money, in his language."""
    producer = session().get(Producer, producer_id)
    people = {
        c.user_id: c
        for role in (Role.PRODUCER_OWNER, Role.PRODUCER_MONEY)
        for c in accounts.holders(f"producer:{producer_id}", role)
    }
    config = current_app.extensions["shop_config"]
    for person in people.values():
        if not person.email or producer is None:
            continue
        base = config.base_url + ("/en" if person.locale == "en" else "")
        with force_locale(person.locale):
            told = gettext(subject, r=row.reference)
            context = {
                "lang": person.locale,
                "shop_url": base + "/",
                "why": gettext("Bạn nhận thư này vì làm việc về tiền cho %(name)s.", name=producer.name),
                "subject": told,
                "name": person.name,
                "facts": facts(),
                "button_url": f"{base}{page}",
                "button_text": gettext("Xem và trả lời") if kind != "payout-paid" else gettext("Xem bảng đối soát"),
            }
            text = render_template("settlement/letters/note.txt", **context)
            html = render_template("settlement/letters/note.html", **context)
        with transaction():
            mail.post(
                f"{kind}:{row.reference}:{person.user_id}",
                kind,
                person.email,
                told,
                text,
                html,
                about=f"user:{person.user_id}",
            )


@on_later(AgreementProposed, name="settlement.letter-agreement")
def proposed(fact: AgreementProposed) -> None:
    """An agreement waits for an answer."""
    row = session().get(Agreement, fact.agreement_id)
    if row is None:
        return
    _write(
        "agreement-proposed", row, row.producer_id, f"/producer/agreements/{row.reference}", PROPOSED,
        lambda: [(gettext("Từ ngày"), day(row.valid_from)), (gettext("Cửa hàng đề nghị"), row.proposed_label)],
    )  # fmt: skip


def _facts(row: Statement) -> list[tuple[str, str]]:
    until = row.answer_until
    return [
        (gettext("Kỳ"), f"{day(row.from_on)} – {day(row.to_on)}"),
        (gettext("Phải trả cơ sở"), vnd(row.payable_amount)),
        (gettext("Không có ý kiến coi như đồng ý từ"), day(until) if until is not None else "–"),
    ]


@on_later(StatementClosed, name="settlement.letter-closed")
def closed(fact: StatementClosed) -> None:
    """A statement waits for an answer."""
    row = session().get(Statement, fact.statement_id)
    if row is not None:
        _write(
            "statement-closed",
            row,
            row.producer_id,
            f"/producer/statements/{row.reference}",
            CLOSED,
            lambda: _facts(row),
        )


@on_later(StatementAnswered, name="settlement.letter-answered")
def answered(fact: StatementAnswered) -> None:
    """The shop has answered."""
    row = session().get(Statement, fact.statement_id)
    if row is not None and row.answer_until is not None:
        _write(
            f"statement-answered-{int(row.answer_until.timestamp())}"[:40], row, row.producer_id,
            f"/producer/statements/{row.reference}", ANSWERED, lambda: _facts(row),
        )  # fmt: skip


@on_later(PayoutPaid, name="settlement.letter-paid")
def paid(fact: PayoutPaid) -> None:
    """Money has gone out."""
    found = session().execute(
        select(Payout, Statement).join(Statement, Statement.id == Payout.statement_id).where(Payout.id == fact.payout_id)
    ).first()  # fmt: skip
    if found is None:
        return
    payout, row = found
    _write(
        "payout-paid", row, row.producer_id, f"/producer/statements/{row.reference}", PAID,
        lambda: [
            (gettext("Số tiền"), vnd(payout.amount)),
            (gettext("Số giao dịch"), payout.bank_reference or ""),
            (gettext("Ngày chi"), day(payout.paid_on) if payout.paid_on else ""),
        ],
    )  # fmt: skip
