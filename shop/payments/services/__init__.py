"""The only writers of money: what the rooms above may ask for, in one place.

`opening` begins and gives up payments, `money` records what comes, `refunds` what goes back, `provider` hears machines.
"""

from __future__ import annotations

from shop.payments.services.money import (
    Outcome,
    capture_from_provider,
    collect_cod,
    confirm_transfer,
    credit_transfer,
    expire,
    fail,
    open_issue,
    settle_issue,
    take_back,
)
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
    drop_surplus,
    give_up_refund,
    reduce,
    request_refund,
    return_surplus,
    settle_refund,
)

__all__ = [
    "Outcome",
    "PaymentOpened",
    "Redirect",
    "RefundAsked",
    "available_methods",
    "begin_card",
    "capture_from_provider",
    "close_for_order",
    "collect_cod",
    "confirm_transfer",
    "credit_transfer",
    "drop_surplus",
    "expire",
    "fail",
    "give_up_refund",
    "hear",
    "open_issue",
    "open_payment",
    "reconcile",
    "reduce",
    "request_refund",
    "return_surplus",
    "settle_issue",
    "settle_refund",
    "take_back",
]
