"""What a provider sends to our bank: imported, compared with what it is made of, awaited until the bank's line shows it.

Its own line of the provider's balance posts it (`books`): from the gateway onto its way; the bank's line takes it from there.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import func, or_, select

from shop.kernel import clock
from shop.kernel.actor import Actor
from shop.kernel.db import insert_missing, session, transaction
from shop.kernel.errors import NotFound
from shop.payments import gateway, rules
from shop.payments.errors import PayoutMoved
from shop.payments.incoming import Awaited
from shop.payments.models import PAYOUT_GONE, GatewayPayout, PayoutArrival, PayoutStatus
from shop.payments.services import money

FIRST_LOOK, OVERLAP = timedelta(days=30), timedelta(days=3)
_LACKS = GatewayPayout.amount - GatewayPayout.arrived_amount


def fetch(name: str, way: gateway.PaysOut) -> None:
    """Keep the payouts since the newest that we have and bring those on their way in step, each once; outside any transaction.

    Raises:
        ProviderBusy, ProviderRefused.
    """
    s = session()
    newest = s.scalar(select(func.max(GatewayPayout.sent_at)).where(GatewayPayout.provider == name))
    open_ones = s.scalars(
        select(GatewayPayout.reference).where(
            GatewayPayout.provider == name,
            GatewayPayout.is_demo.is_(False),
            GatewayPayout.status.in_([PayoutStatus.PENDING, PayoutStatus.IN_TRANSIT]),
        )
    ).all()
    told = way.payouts((newest - OVERLAP) if newest else clock.now() - FIRST_LOOK, open_ones)
    for one in told:
        with transaction():
            _keep(name, one)


def _keep(name: str, told: gateway.Payout) -> None:
    key = f"payout:{name}:{told.reference}"
    if told.currency.lower() != money.CURRENCY or told.amount <= 0 or told.status not in set(PayoutStatus):
        money.open_issue(
            "payout_differs", f"{key}:shape", received=told.amount, currency=told.currency, reference=told.reference
        )
        return
    insert_missing(
        GatewayPayout,
        [
            {
                "provider": name, "reference": told.reference, "status": PayoutStatus(told.status), "amount": told.amount,
                "lines_count": 0, "arrived_amount": 0, "words": told.words, "sent_at": told.sent_at, "due_on": told.due_on,
                "seen_at": clock.now(), "is_demo": False,
            }
        ],
        ["provider", "reference"],
    )  # fmt: skip
    row = _locked(GatewayPayout.provider == name, GatewayPayout.reference == told.reference)
    if told.amount != row.amount:
        money.open_issue(
            "payout_differs", f"{key}:amount:{told.amount}", received=told.amount, due=row.amount,
            reference=told.reference,
        )  # fmt: skip
        return
    row.status, row.due_on = PayoutStatus(told.status), told.due_on
    if told.lines is not None:
        row.lines_amount, row.lines_count = told.net_amount, len(told.lines)
        if told.net_amount != row.amount:
            money.open_issue(
                "payout_differs", f"{key}:sum", received=told.net_amount, due=row.amount, reference=told.reference
            )
        else:
            money.close_issue(f"{key}:sum", "Các dòng cộng lại đúng số đã chuyển.")
    if row.status in PAYOUT_GONE:
        money.close_issue(key, "Cổng báo không chuyển được.")
        money.open_issue("payout_failed", f"{key}:{row.status}", received=row.amount, reference=row.reference)
    session().flush()


def put_late_before_people() -> int:
    """A case for each payout that the bank has not shown some days after it should have; return how many are late now."""
    late = session().scalars(
        select(GatewayPayout).where(
            GatewayPayout.status.not_in(PAYOUT_GONE),
            _LACKS > 0,
            GatewayPayout.due_on < clock.today() - timedelta(days=rules.PAYOUT_DAYS.get()),
        )
    )
    rows = [(row.provider, row.reference, row.amount, row.arrived_amount) for row in late]
    if rows:
        with transaction():
            for provider, reference, amount, arrived in rows:
                money.open_issue(
                    "payout_late", f"payout:{provider}:{reference}", received=arrived, due=amount, reference=reference
                )
    return len(rows)


def _locked(*where: object) -> GatewayPayout:
    row: GatewayPayout | None = session().scalar(
        select(GatewayPayout).where(*where).with_for_update(),  # type: ignore[arg-type]
        execution_options={"populate_existing": True},
    )
    if row is None:
        raise NotFound
    return row


class Payouts:
    """What this room waits for at the bank beside orders."""

    kind = "gateway-payout"

    def waiting(self, amounts: Collection[int] | None = None, references: Collection[str] = ()) -> list[Awaited]:
        """Payouts that the bank has not shown whole."""
        wanted = (
            select(GatewayPayout.reference, GatewayPayout.provider, GatewayPayout.words, _LACKS)
            .where(GatewayPayout.status.not_in(PAYOUT_GONE), _LACKS > 0)
            .order_by(GatewayPayout.id)
            .limit(500)
        )
        if amounts is not None:
            wanted = wanted.where(or_(_LACKS.in_(amounts), GatewayPayout.reference.in_(references)))
        return [
            Awaited(self.kind, reference, int(lacks), provider, (words, provider.partition("_")[0]))
            for reference, provider, words, lacks in session().execute(wanted)
        ]

    def arrived(self, actor: Actor, reference: str, amount: int, line: str) -> int:
        """`amount` đồng of the bank's line are a payout's.

        Raises:
            PayoutMoved: it does not lack as much. NotFound.
        """
        row = _locked(GatewayPayout.reference == reference)
        if row.status in PAYOUT_GONE or not 0 < amount <= row.amount - row.arrived_amount:
            raise PayoutMoved
        made = PayoutArrival(
            payout_id=row.id, amount=amount, source=f"bank:{line}", actor_key=actor.key, actor_label=actor.label,
            at=clock.now(),
        )  # fmt: skip
        session().add(made)
        row.arrived_amount += amount
        if row.arrived_amount == row.amount:
            row.arrived_at = clock.now()
            money.close_issue(f"payout:{row.provider}:{row.reference}", "Ngân hàng đã nhận.")
        session().flush()
        return made.id

    def take_back(self, actor: Actor, reference: str, number: int) -> None:
        """They were not; it is awaited again.

        Raises:
            NotFound; PayoutMoved: it was taken back before.
        """
        row = _locked(GatewayPayout.reference == reference)
        s = session()
        part = s.get(PayoutArrival, number)
        if part is None or part.payout_id != row.id:
            raise NotFound
        gone = s.scalar(select(PayoutArrival.id).where(PayoutArrival.reverses_id == number))
        if part.reverses_id is not None or gone is not None:
            raise PayoutMoved
        s.add(
            PayoutArrival(
                payout_id=row.id, amount=-part.amount, source=part.source, reverses_id=part.id, actor_key=actor.key,
                actor_label=actor.label, at=clock.now(),
            )
        )  # fmt: skip
        row.arrived_amount -= part.amount
        row.arrived_at = None
        s.flush()
