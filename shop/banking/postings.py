"""What the bank's lines mean in the books (`ledger`): a line lies in suspense until its parts are put to their uses."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select

from shop.banking.models import Allocation, BankLine, Category, ShopAccount, Use
from shop.kernel import banks, clock
from shop.kernel.actor import SYSTEM, Actor
from shop.kernel.db import in_batches, session
from shop.ledger import names, sources
from shop.ledger import services as ledger
from shop.ledger.names import Named
from shop.ledger.services import Draft, Line
from shop.orders.models import Order
from shop.payments.models import Payment, Refund

# Where money lies that came for something else than an order, until the bank shows it; its party is named so as well.
_OF_KIND = {"remittance": "cod-in-transit", "gateway-payout": "transit", "cash-bag": "cash-carried"}
_OF_CATEGORY = {Category.FEE: "bank-fees", Category.INTEREST: "interest"}


def _lines(ids: Sequence[int]) -> list[Draft]:
    rows = session().execute(
        select(BankLine.id, BankLine.reference, BankLine.account_id, BankLine.amount, BankLine.booked_on).where(
            BankLine.id.in_(ids)
        )
    )
    return [
        Draft(
            LINE.kind, LINE.cause(i), f"bank-account:{account_id}", LINE.cause(i), clock.start_of(booked_on),
            [Line("bank", amount, f"bank-account:{account_id}"), Line("suspense", -amount, f"bank-line:{reference}")],
        )
        for i, reference, account_id, amount, booked_on in rows
    ]  # fmt: skip


def _parts(ids: Sequence[int]) -> list[Draft]:
    s = session()
    rows = s.execute(
        select(Allocation.id, Allocation.use, Allocation.amount, Allocation.target, Allocation.category, Allocation.note,
               Allocation.at, BankLine.reference, BankLine.amount, BankLine.account_id, Order.reference)
        .join(BankLine, BankLine.id == Allocation.line_id)
        .outerjoin(Payment, Payment.id == Allocation.payment_id)
        .outerjoin(Order, Order.id == Payment.order_id)
        .where(Allocation.id.in_(ids))
    ).all()  # fmt: skip
    gone = [int(row.target) for row in rows if row.use is Use.REFUND and row.target]
    refunded: dict[str, str] = {}
    for some in in_batches(gone, 500):
        found = (
            select(Refund.id, Order.reference)
            .join(Payment, Payment.id == Refund.payment_id)
            .join(Order, Order.id == Payment.order_id)
            .where(Refund.id.in_(some))
        )
        refunded |= {str(i): order for i, order in s.execute(found)}
    drafts = []
    for i, use, amount, target, category, note, at, line, line_amount, account_id, order in rows:
        moved, party, cause = amount if line_amount > 0 else -amount, f"bank-line:{line}", PART.cause(i)
        if use in {Use.PAYMENT, Use.RETURN}:
            there = "transit", f"order:{order}"
        elif use is Use.REFUND:
            there = "transit", f"order:{refunded[str(target)]}"
        elif use is Use.PAYOUT:
            there = "transit", f"payout:{target}"
        elif use is Use.REMITTANCE:  # <kind>:<what came>:<arrival>
            kind, name, _arrival = str(target).split(":")
            there = _OF_KIND[kind], f"{kind}:{name}"
        elif use is Use.KEPT:
            there = "kept", party
        else:
            there = _OF_CATEGORY.get(Category(category or Category.OTHER), "elsewhere"), party
        lines = [Line("suspense", moved, party), Line(there[0], -moved, there[1])]
        drafts.append(Draft(PART.kind, cause, f"bank-account:{account_id}", cause, at, lines, note))
    return drafts


LINE = sources.register(sources.Source("bank-line", lambda: select(BankLine.id), _lines))
PART = sources.register(sources.Source("bank-part", lambda: select(Allocation.id), _parts))


def _lines_named(told: Collection[str]) -> dict[str, Named]:
    """A line is called by its id as a cause, by its reference as a party."""
    ids = names.numbers(told)
    rows = session().execute(
        select(BankLine.id, BankLine.reference).where(BankLine.id.in_(ids) | BankLine.reference.in_(told))
    )
    found: dict[str, Named] = {}
    for i, reference in rows:
        found[str(i)] = found[reference] = Named(reference, f"/office/bank/lines/{reference}")
    return found


def _parts_named(ids: Collection[str]) -> dict[str, Named]:
    rows = session().execute(
        select(Allocation.id, BankLine.reference)
        .join(BankLine, BankLine.id == Allocation.line_id)
        .where(Allocation.id.in_(names.numbers(ids)))
    )
    return {str(i): Named(reference, f"/office/bank/lines/{reference}") for i, reference in rows}


def _accounts_named(ids: Collection[str]) -> dict[str, Named]:
    rows = session().execute(
        select(ShopAccount.id, ShopAccount.bank_bin, ShopAccount.number).where(ShopAccount.id.in_(names.numbers(ids)))
    )
    return {str(i): Named(f"{banks.name(bank_bin)} …{number[-4:]}") for i, bank_bin, number in rows}


names.register("bank-line", _lines_named)
names.register("bank-part", _parts_named)
names.register("bank-account", _accounts_named)


def came(line_ids: Sequence[int], actor: Actor = SYSTEM) -> None:
    """Post new lines, in the transaction that writes them."""
    for some in in_batches(line_ids, 500):
        ledger.post_all(actor, _lines(some))


def put(actor: Actor, *part_ids: int) -> None:
    """Post parts of lines, or what takes one back, in the transaction that writes them."""
    ledger.post_all(actor, _parts(part_ids))
