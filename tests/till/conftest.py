"""A counter that can sell: a point, goods, a keeper with a PIN, an enrolled device that speaks the API."""

from __future__ import annotations

import hashlib
import itertools
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from shop.accounts.models import User
from shop.accounts.permissions import Role
from shop.catalog.models import Price, Variant
from shop.kernel import clock, invariants
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.points.models import Point
from shop.till.services import devices
from tests import factories, people

BOSS = Actor("user", "Trần Thị Quản", 7)


def uid() -> str:
    return str(uuid.uuid4())


@dataclass
class Device:
    """An enrolled device: builds events in its own counting and sends them."""

    app: Flask
    code: str
    token: str
    id: int
    keeper: User
    seq: Any = field(default_factory=lambda: itertools.count(1))
    number: Any = field(default_factory=lambda: itertools.count(1))
    session: str = ""

    def event(self, kind: str, body: dict[str, Any], *, at: datetime | None = None, **more: Any) -> dict[str, Any]:
        """An event as the app makes it."""
        made = {"uuid": uid(), "kind": kind, "at": (at or clock.now()).isoformat(), "body": body}
        return made | {"seq": more.pop("seq", None) or next(self.seq)} | more

    def open(self, float_amount: int = 500_000, **more: Any) -> dict[str, Any]:
        self.session = uid()
        body = {"session": self.session, "keeper_id": self.keeper.id, "float_amount": float_amount}
        return self.event("session-open", body, **more)

    def close(self, counted: int, **more: Any) -> dict[str, Any]:
        return self.event("session-close", {"session": self.session, "counted": {}, "counted_amount": counted}, **more)

    def cash(self, amount: int, reason: str = "đổi tiền lẻ", **more: Any) -> dict[str, Any]:
        return self.event("cash", {"session": self.session, "amount": amount, "reason": reason}, **more)

    def line(self, variant: Variant, quantity: int = 1, **changes: Any) -> dict[str, Any]:
        price = session().query(Price).filter_by(variant_id=variant.id).order_by(Price.id.desc()).first()
        assert price is not None
        return {
            "variant_id": variant.id, "quantity": quantity, "unit_price_amount": price.amount, "price_id": price.id,
            "lot_code": None,
        } | changes  # fmt: skip

    def sale(
        self, *lines: dict[str, Any], tenders: list[dict[str, Any]] | None = None, discount: int = 0, reason: str | None = None,
        number: str | None = None, at: datetime | None = None, event: dict[str, Any] | None = None, **body: Any,
    ) -> dict[str, Any]:  # fmt: skip
        total = sum(x["quantity"] * x["unit_price_amount"] for x in lines) - discount
        made = {
            "session": self.session,
            "number": number or f"{self.code}-{next(self.number):06d}",
            "lines": list(lines),
            "discount_amount": discount,
            "discount_reason": reason,
            "tenders": [{"kind": "cash", "amount": total, "given": total}] if tenders is None else tenders,
            "total_amount": total,
            "age_confirmed": False,
            "certificate_seen": {},
            "secret_hash": hashlib.sha256(b"secret").hexdigest(),
        } | body
        return self.event("sale", made, at=at, **(event or {}))

    def back(
        self,
        number: str,
        *lines: dict[str, Any],
        amount: int,
        kind: str = "cash",
        reason: str = "khách đổi ý",
        **more: Any,
    ) -> dict[str, Any]:
        body = {
            "session": self.session, "sale_number": number, "lines": list(lines), "refund": {"kind": kind, "amount": amount},
            "reason": reason,
        }  # fmt: skip
        return self.event("return", body, **more)

    def post(self, events: list[Any], **more: Any) -> Any:
        batch = {"device": self.code, "sent_at": clock.now().isoformat(), "batch": uid(), "events": events} | more
        return self.app.test_client().post("/till/api/sync", json=batch, headers=self.headers)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def send(self, *events: dict[str, Any]) -> list[dict[str, Any]]:
        """Send a batch; the results."""
        answer = self.post(list(events))
        assert answer.status_code == 200, answer.get_data(as_text=True)
        found: list[dict[str, Any]] = answer.get_json()["results"]
        return found

    def get(self, path: str) -> Any:
        return self.app.test_client().get(path, headers=self.headers)


@dataclass
class Counter:
    """What a test of the till works with."""

    app: Flask
    point: Point
    keeper: User
    goods: Variant
    device: Device
    make_device: Callable[..., Device]


def audit_clean() -> None:
    """No invariant is broken."""
    session().rollback()
    session().expire_all()
    assert [f"{f.name}: {f.offenders}" for f in invariants.run() if not f.ok] == []


@pytest.fixture
def counter(make_app: Callable[..., Flask]) -> Iterator[Counter]:
    """A point with 20 packs of one product, its keeper, one device."""
    app = make_app(bank_bin="970436", bank_account="9889559357", bank_account_name="CHO BEN")
    with app.app_context():
        point = factories.make_point("Bến tàu Thử")
        goods = factories.make_variant("Chả mực quầy", amount=120_000)
        factories.put_in(goods, point, 20)
        keeper = people.make_user("Lê Thị Quầy", (Role.POINT_KEEPER, f"point:{point.id}"))
        devices.set_pin(BOSS, keeper.id, "2580")

        def make_device(code: str = "A1", at: Point | None = None) -> Device:
            device_id = devices.create(BOSS, code, f"Máy {code}", (at or point).id)
            made = devices.new_code(BOSS, device_id)
            answer = app.test_client().post("/till/api/enrol", json={"code": made.code, "device_name": "thử"})
            assert answer.status_code == 200, answer.get_data(as_text=True)
            return Device(app, code, answer.get_json()["token"], device_id, keeper)

        yield Counter(app, point, keeper, goods, make_device(), make_device)


DAY = timedelta(days=1)
