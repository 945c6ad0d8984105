"""The only writers of money: what the rooms above may ask for, in one place.

`opening` begins and gives up payments, `money` records what comes, `refunds` what goes back, `provider` hears machines,
`disputes` answers buyers' banks, `balance` compares with a provider's own lines, `issues` are cases for people.
"""

from __future__ import annotations

from shop.payments.services.agreeing import Account, account, destination
from shop.payments.services.balance import ask_disputes, compare, keepers
from shop.payments.services.disputes import add_paper, concede, drop_paper, own_dispute, send, write
from shop.payments.services.issues import ask_for_rest, may_waive, own, reopen
from shop.payments.services.issues import settle as settle_issue
from shop.payments.services.many import Arrival, credit_many
from shop.payments.services.money import (
    Outcome,
    capture_from_provider,
    close_case,
    collect_cod,
    confirm_transfer,
    credit_transfer,
    expire,
    fail,
    open_issue,
    take_back,
)
from shop.payments.services.money import own as own_payment
from shop.payments.services.opening import (
    PaymentOpened,
    Redirect,
    available_methods,
    begin_card,
    close_for_order,
    open_payment,
)
from shop.payments.services.provider import hear, reconcile
from shop.payments.services.refunds import (
    RefundAsked,
    agree,
    drop_surplus,
    give_up_refund,
    reduce,
    request_refund,
    return_surplus,
    settle_refund,
)
from shop.payments.services.refunds import own as own_refund

__all__ = [
    "Account",
    "Arrival",
    "Outcome",
    "PaymentOpened",
    "Redirect",
    "RefundAsked",
    "account",
    "add_paper",
    "agree",
    "ask_disputes",
    "ask_for_rest",
    "available_methods",
    "begin_card",
    "capture_from_provider",
    "close_case",
    "close_for_order",
    "collect_cod",
    "compare",
    "concede",
    "confirm_transfer",
    "credit_many",
    "credit_transfer",
    "destination",
    "drop_paper",
    "drop_surplus",
    "expire",
    "fail",
    "give_up_refund",
    "hear",
    "keepers",
    "may_waive",
    "open_issue",
    "open_payment",
    "own",
    "own_dispute",
    "own_payment",
    "own_refund",
    "reconcile",
    "reduce",
    "reopen",
    "request_refund",
    "return_surplus",
    "send",
    "settle_issue",
    "settle_refund",
    "take_back",
    "write",
]
