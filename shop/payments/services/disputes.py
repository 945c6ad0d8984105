"""Disputes: what a buyer's bank says, in whatever order it comes; the shop's papers and its answer; the money that moves.

The provider's line (`Moved.reference`) is the key of each movement, so money moves once however often it is told. Lock order:
the order, its payment, the dispute.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select, update

from shop.catalog import documents
from shop.kernel import audit, clock, jobs, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import insert_missing, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.events import publish
from shop.kernel.storage import storage
from shop.payments import books, gateway
from shop.payments.errors import DisputeClosed, DisputeSending, NoEvidence, ProviderBusy, ProviderRefused
from shop.payments.events import DisputeEnded, DisputeMoneyMoved, DisputeOpened
from shop.payments.models import (
    DISPUTE_LIVE,
    Dispute,
    DisputeMove,
    DisputePaper,
    DisputeState,
    PaperKind,
    Payment,
)
from shop.payments.services import money

FOLDER = "disputes"
# Short answers beside the papers, by the provider's names; the longest that it takes of all together is far more.
WORDS = {
    "product_description": N_("Hàng đã bán"),
    "shipping_carrier": N_("Đơn vị vận chuyển"),
    "shipping_tracking_number": N_("Mã vận đơn"),
    "shipping_date": N_("Ngày giao"),
    "uncategorized_text": N_("Điều cửa hàng muốn nói"),
}
LONGEST_WORD = 4000


def _rank(state: DisputeState, *, inquiry: bool) -> int:
    """How far a dispute has come: an inquiry may become a dispute, nothing goes backwards."""
    if inquiry:
        return 0 if state is DisputeState.OPEN else 1 if state is DisputeState.REVIEW else 2
    return 3 if state is DisputeState.OPEN else 4 if state is DisputeState.REVIEW else 5


def heard(payment_id: int, news: gateway.News, provider: str, evidence: str) -> str:
    """Take in what a provider says of a dispute, in the open transaction; return in one word what was made of it."""
    told = news.dispute
    if told is None:
        return "nothing"
    payment = money.lock(payment_id)
    foreign = any(move.currency.lower() != money.CURRENCY for move in told.moves)
    if foreign or (news.currency or "").lower() != money.CURRENCY or not news.amount or news.amount <= 0:
        money.open_issue(
            "wrong_currency", f"dispute-currency:{provider}:{told.reference}", payment_id, received=news.amount,
            currency=news.currency, reference=told.reference,
        )  # fmt: skip
        return "differs"
    s = session()
    row = s.scalar(
        select(Dispute).where(Dispute.provider == provider, Dispute.provider_reference == told.reference),
        execution_options={"populate_existing": True},
    )
    if row is not None and row.payment_id != payment_id:
        return "unknown"
    state = DisputeState(told.state)
    fresh = row is None
    if row is None:
        row = Dispute(
            payment_id=payment_id, provider=provider, provider_reference=told.reference, state=state,
            is_inquiry=told.is_inquiry, reason=told.reason[:80], amount=news.amount, withdrawn_amount=0, fee_amount=0,
            opened_at=told.opened_at or clock.now(), due_at=told.due_at, words={},
            closed_at=None if state in DISPUTE_LIVE else clock.now(),
        )  # fmt: skip
        s.add(row)
        s.flush()
        publish(DisputeOpened(row.id, payment.order_id))
        ended = state not in DISPUTE_LIVE
    else:
        ended = _follow(row, state, told, news.amount)
    _move(payment, row, told.moves, evidence)
    books.disputed(row.id)
    if ended:
        publish(DisputeEnded(row.id, payment.order_id))
    return "disputed" if fresh else state.value


def _follow(row: Dispute, state: DisputeState, told: gateway.Disputed, amount: int) -> bool:
    """Bring a known dispute in step with a word that is not older; return whether it ended just now."""
    if _rank(state, inquiry=told.is_inquiry) < _rank(row.state, inquiry=row.is_inquiry):
        return False
    was_live = row.state in DISPUTE_LIVE
    row.state, row.is_inquiry, row.amount = state, told.is_inquiry, amount
    row.due_at = told.due_at or row.due_at
    if state is not DisputeState.OPEN:
        row.sending_at = row.last_error = None
    row.closed_at = None if state in DISPUTE_LIVE else row.closed_at or clock.now()
    session().flush()
    return was_live and state not in DISPUTE_LIVE


def _move(payment: Payment, row: Dispute, moves: tuple[gateway.Moved, ...], evidence: str) -> None:
    s = session()
    known = set(s.scalars(select(DisputeMove.reference).where(DisputeMove.dispute_id == row.id)))
    new = [m for m in moves if m.reference not in known and m.amount]
    insert_missing(
        DisputeMove,
        [
            {
                "dispute_id": row.id, "provider": row.provider, "reference": m.reference, "amount": m.amount,
                "fee_amount": m.fee_amount, "evidence": evidence, "at": clock.now(),
            }
            for m in new
        ],
        ["provider", "reference"],
    )  # fmt: skip
    if not new:
        return
    moved, fees = s.execute(
        select(
            func.coalesce(func.sum(DisputeMove.amount), 0), func.coalesce(func.sum(DisputeMove.fee_amount), 0)
        ).where(DisputeMove.dispute_id == row.id)
    ).one()
    row.withdrawn_amount, row.fee_amount = -int(moved), int(fees)
    s.flush()
    payment.disputed_amount = int(
        s.scalar(select(func.coalesce(func.sum(Dispute.withdrawn_amount), 0)).where(Dispute.payment_id == payment.id))
        or 0
    )
    s.flush()
    for move in s.scalars(select(DisputeMove).where(DisputeMove.reference.in_([m.reference for m in new]))):
        publish(DisputeMoneyMoved(move.id, row.id, payment.order_id))


# --- people ------------------------------------------------------------------------------------------------------


def _locked(dispute_id: int) -> Dispute:
    s = session()
    payment_id = s.scalar(select(Dispute.payment_id).where(Dispute.id == dispute_id))
    if payment_id is None:
        raise NotFound
    money.lock(payment_id)
    return s.scalars(
        select(Dispute).where(Dispute.id == dispute_id), execution_options={"populate_existing": True}
    ).one()


def _answerable(dispute_id: int) -> Dispute:
    row = _locked(dispute_id)
    if row.state is not DisputeState.OPEN:
        raise DisputeClosed
    if row.sending_at is not None:
        raise DisputeSending
    return row


def add_paper(actor: Actor, dispute_id: int, kind: str, content: bytes) -> None:
    """Put a paper (PDF or photograph) beside a dispute; another one of its kind is replaced.

    Raises:
        NotFound, DisputeClosed, DisputeSending.
        Invalid: no such kind, or no file. BadDocument: it is no paper.
    """
    if kind not in set(PaperKind):
        raise Invalid(N_("Hãy chọn loại giấy tờ."), field="kind")
    if not content:
        raise Invalid(N_("Hãy chọn tệp."), field="file")
    key = documents.keep(content, folder=FOLDER)
    with transaction() as s:
        row = _answerable(dispute_id)
        old = s.scalar(select(DisputePaper).where(DisputePaper.dispute_id == row.id, DisputePaper.kind == kind))
        if old is None:
            old = DisputePaper(dispute_id=row.id, kind=PaperKind(kind))
            s.add(old)
        old.file_key, old.provider_file = key, None
        old.added_by, old.added_at = actor.label, clock.now()
        audit.record(actor, "payments.dispute-paper", f"dispute:{row.id}", kind=kind)


def drop_paper(actor: Actor, dispute_id: int, paper_id: int) -> None:
    """Take a paper away that has not been sent.

    Raises:
        NotFound, DisputeClosed, DisputeSending.
    """
    with transaction() as s:
        row = _answerable(dispute_id)
        paper = s.get(DisputePaper, paper_id)
        if paper is None or paper.dispute_id != row.id:
            raise NotFound
        s.delete(paper)
        audit.record(actor, "payments.dispute-paper-dropped", f"dispute:{row.id}", kind=paper.kind.value)


def write(actor: Actor, dispute_id: int, words: dict[str, str]) -> None:
    """Keep the short answers of a dispute (see `WORDS`) until they are sent.

    Raises:
        NotFound, DisputeClosed, DisputeSending. Invalid: one is too long.
    """
    kept = {name: text.clean(words.get(name, "")) for name in WORDS}
    for name, value in kept.items():
        if len(value) > LONGEST_WORD:
            raise Invalid(N_("Nhiều nhất %(n)s ký tự."), field=name, n=LONGEST_WORD)
    with transaction():
        row = _answerable(dispute_id)
        row.words = {name: value for name, value in kept.items() if value}
        audit.record(actor, "payments.dispute-words", f"dispute:{row.id}")


def own_dispute(actor: Actor, dispute_id: int, *, mine: bool) -> None:
    """Take a dispute to work on it, or leave it to others again.

    Raises:
        NotFound: there is none.
    """
    with transaction():
        _locked(dispute_id).owner_id = actor.user_id if mine else None
        audit.record(actor, "payments.dispute-owner", f"dispute:{dispute_id}", mine=mine)


def send(actor: Actor, dispute_id: int, op_key: str) -> None:
    """Answer the dispute with what was gathered; a job gives it to the provider, which takes it once.

    Raises:
        NotFound, DisputeClosed, DisputeSending. NoEvidence: there is nothing to send.
    """
    _ask_job(actor, dispute_id, "payments.defend", op_key)


def concede(actor: Actor, dispute_id: int, op_key: str) -> None:
    """Give the dispute up: the money stays with the buyer.

    Raises:
        NotFound, DisputeClosed, DisputeSending.
    """
    _ask_job(actor, dispute_id, "payments.concede", op_key)


def _ask_job(actor: Actor, dispute_id: int, name: str, op_key: str) -> None:
    def command() -> dict[str, Any]:
        row = _answerable(dispute_id)
        if name == "payments.defend" and not row.words and not row.papers:
            raise NoEvidence
        row.sending_at, row.sent_by, row.last_error = clock.now(), actor.label, None
        jobs.enqueue(name, {"dispute_id": dispute_id})
        audit.record(actor, name, f"dispute:{dispute_id}", amount=row.amount)
        return {}

    operations.once(op_key, name, actor.key, [dispute_id], command)


# --- asking the provider -----------------------------------------------------------------------------------------


def _asked(provider: str) -> gateway.KeepsBooks:
    """The gateway of that name, if it can be asked for its books.

    Raises:
        ProviderRefused: it cannot.
    """
    way = gateway.named(provider)
    if not isinstance(way, gateway.KeepsBooks):
        raise ProviderRefused("no disputes here")
    return way


def give_papers(dispute_id: int) -> None:
    """Give the provider the papers and answers of a dispute; the job `payments.defend`, outside any transaction.

    Raises:
        ProviderBusy: no answer; the job tries again under the same keys.
    """

    def ask(way: gateway.KeepsBooks, row: Dispute) -> gateway.Word:
        evidence = dict(row.words)
        papers = [(p.id, p.kind.value, p.file_key, p.provider_file) for p in row.papers]
        reference = row.provider_reference
        for paper_id, kind, file_key, known in papers:
            if known is None:
                content = storage().get(file_key)
                ending = file_key.rpartition(".")[2]
                known = way.upload(f"paper-{paper_id}-{file_key[-40:]}", f"{kind}.{ending}", content)
                with transaction() as s:
                    s.execute(update(DisputePaper).where(DisputePaper.id == paper_id).values(provider_file=known))
            evidence[kind] = known
        return way.defend(gateway.Defence(f"defend-{dispute_id}", reference, evidence))

    _give(dispute_id, ask)


def give_up(dispute_id: int) -> None:
    """Tell the provider that a dispute is given up; the job `payments.concede`, outside any transaction.

    Raises:
        ProviderBusy: as `give_papers`.
    """
    _give(dispute_id, lambda way, row: way.concede(f"concede-{dispute_id}", row.provider_reference))


def _give(dispute_id: int, ask: Any) -> None:
    from shop.payments.services import provider

    row = session().get(Dispute, dispute_id)
    if row is None or row.sending_at is None or row.state is not DisputeState.OPEN:
        return
    name, reference = row.provider, row.provider_reference
    try:
        word = ask(_asked(name), row)
    except ProviderRefused as error:
        # It may have been decided meanwhile: how it stands says more than the refusal.
        look(name, reference)
        with transaction() as s:
            s.execute(
                update(Dispute)
                .where(Dispute.id == dispute_id, Dispute.state == DisputeState.OPEN)
                .values(sending_at=None, last_error=error.reason[:2000])
            )
        return
    except ProviderBusy:
        with transaction() as s:
            s.execute(
                update(Dispute).where(Dispute.id == dispute_id).values(last_error="Cổng thanh toán chưa trả lời.")
            )
        raise
    with transaction() as s:
        s.execute(update(Dispute).where(Dispute.id == dispute_id).values(sent_at=clock.now(), last_error=None))
    provider.hear(name, word)


def look(name: str, reference: str) -> None:
    """Ask how a dispute stands and take the answer in; outside any transaction.

    Raises:
        ProviderBusy, ProviderRefused.
    """
    from shop.payments.services import provider

    for word in _asked(name).dispute(reference):
        provider.hear(name, word)
