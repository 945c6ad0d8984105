"""Commands of listings: `from shop.listings import services as listings`. The catalogue's own commands do the writing there."""

from __future__ import annotations

from shop.listings.services.pictures import add_picture, change_picture, cut_picture
from shop.listings.services.review import approve, send_back
from shop.listings.services.write import Submitted, ask_to_show, drop, hide, save_draft, send, show, submit, withdraw

__all__ = [
    "Submitted",
    "add_picture",
    "approve",
    "ask_to_show",
    "change_picture",
    "cut_picture",
    "drop",
    "hide",
    "save_draft",
    "send",
    "send_back",
    "show",
    "submit",
    "withdraw",
]
