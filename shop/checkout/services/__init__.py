"""Commands of the basket (`basket`) and of checkout (`placing`): the only writers of this room."""

from __future__ import annotations

from shop.checkout.services.basket import Added, add, change, forget_baskets, merge_at_login, put_claimed
from shop.checkout.services.placing import (
    Ordered,
    Wish,
    ask_provider,
    basket_key_column,
    cancel_by_buyer,
    cancel_overdue,
    card_page,
    make_plan,
    pays_ahead,
    place,
    usual_payment,
    ways_ahead,
)

__all__ = [
    "Added",
    "Ordered",
    "Wish",
    "add",
    "ask_provider",
    "basket_key_column",
    "cancel_by_buyer",
    "cancel_overdue",
    "card_page",
    "change",
    "forget_baskets",
    "make_plan",
    "merge_at_login",
    "pays_ahead",
    "place",
    "put_claimed",
    "usual_payment",
    "ways_ahead",
]
