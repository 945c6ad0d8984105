"""What recurs: orders past their time are cancelled, old baskets forgotten."""

from __future__ import annotations

from datetime import timedelta

from shop.checkout import services
from shop.checkout.services import late
from shop.kernel import jobs


@jobs.every(timedelta(seconds=30), name="checkout.overdue", group="sweep")
def overdue() -> None:
    """Cancel orders whose time to pay is over; their goods go back to the shelf."""
    services.cancel_overdue()


@jobs.every(timedelta(minutes=1), name="checkout.late-money", group="sweep")
def late_money() -> None:
    """Money that came too late and for which no goods were found in time goes back."""
    late.give_back_overdue()


@jobs.every(timedelta(hours=6), name="checkout.baskets", group="retention")
def baskets() -> None:
    """Forget baskets past their term."""
    while services.forget_baskets() == 2000:
        pass
