"""A small shop that can sell: places, rates, one warehouse, goods on its shelf."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from shop.catalog.models import Variant
from shop.delivery import services as delivery
from shop.kernel.db import session
from shop.kernel.operations import new_key
from shop.orders.models import Order
from shop.points.models import Point
from tests import factories

BANK = {"bank_bin": "970436", "bank_account": "9889559357", "bank_account_name": "CHO BEN"}


@dataclass
class Bench:
    """What a checkout test works with; `page` is the last page seen."""

    app: Any
    client: Any
    variant: Variant
    point: Point
    page: Any = None

    def add(self, variant: Variant | None = None, quantity: int = 1, client: Any = None) -> Any:
        """Put goods into the basket by the form of a public page."""
        with self.app.test_request_context():
            from shop.kernel.web import public_token

            token = public_token()
        sku = (variant or self.variant).sku
        return (client or self.client).post(
            "/gio-hang/them", data={"sku": sku, "quantity": quantity, "csrf_token": token}
        )

    def order(self, client: Any = None, **fields: Any) -> Any:
        """Fill the checkout form as a person without JavaScript does and send it."""
        values = {
            "name": "Nguyễn Thị Thử", "phone": "0912 345 678", "delivery": "ship", "province": "22", "commune": "06661",
            "street": "12 Lê Lợi", "payment": "cod",
        } | fields  # fmt: skip
        return (client or self.client).fill("/thanh-toan", form="/thanh-toan", **values)

    def placed(self, answer: Any) -> Order:
        """The order an answer leads to."""
        assert answer.status_code == 303, code(answer)
        reference = answer.location.rstrip("/").rsplit("/", 1)[-1]
        found = session().query(Order).filter_by(reference=reference).one()
        session().refresh(found)
        return found


def code(answer: Any) -> str:
    """The code of a refusal on a page."""
    found = re.search(r'<meta name="error-code" content="([^"]+)"', answer.get_data(as_text=True))
    return found[1] if found else f"none ({answer.status_code})"


@pytest.fixture
def bench_with(make_app: Callable[..., Any]) -> Callable[..., Bench]:
    """Build the bench under other settings."""

    def make(**changes: Any) -> Bench:
        app = make_app(**(BANK | changes))
        context = app.app_context()
        context.push()
        factories.make_places()
        delivery.load_regions()
        delivery.load_demo_rates()
        variant, point = factories.make_variant(), factories.make_point("Kho Bến Thử")
        factories.put_in(variant, point, 10)
        made.append(context)
        return Bench(app, app.test_client(), variant, point)

    made: list[Any] = []
    yield make
    for context in made:
        context.pop()


@pytest.fixture
def bench(bench_with: Callable[..., Bench]) -> Bench:
    """A shop with ten packs of one product in one warehouse."""
    return bench_with()


__all__ = ["BANK", "new_key"]
