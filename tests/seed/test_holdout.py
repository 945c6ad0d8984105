"""Invented goods: the counts of the contract, other ones for every seed, on an empty shop and beside the demonstration."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from flask import Flask
from sqlalchemy import func, select

from shop.accounts.permissions import Role
from shop.catalog import queries as catalog
from shop.catalog.models import Product
from shop.kernel import clock, invariants
from shop.kernel.db import session
from shop.points.models import Point, PointKind
from shop.seed import holdout
from tests.seed.conftest import SEEDS

KEYS = {
    "products": {"slug", "sku", "available", "scarce", "alcohol", "producer"},
    "producers": {"slug", "name"},
    "points": {"slug", "name"},
    "exhibitions": {"slug"},
    "users": {"role", "scope", "username", "password", "totp"},
}


@pytest.mark.parametrize("seed", SEEDS)
def test_it_is_as_the_contract_says(shop: Any, seed: int) -> None:
    said = shop.holdouts[seed]
    assert {name: set(rows[0]) for name, rows in said.items()} == KEYS
    assert {name: len(rows) for name, rows in said.items() if name != "users"} == {
        "products": 60,
        "producers": 3,
        "points": 3,
        "exhibitions": 1,
    }
    scarce = [p for p in said["products"] if p["scarce"]]
    assert len(scarce) == 5
    assert all(3 <= p["available"] <= 10 and not p["alcohol"] for p in scarce)
    assert all(p["available"] >= 50 for p in said["products"] if not p["scarce"])
    assert sum(p["alcohol"] for p in said["products"]) == 6
    assert {p["producer"] for p in said["products"]} == {p["slug"] for p in said["producers"]}
    assert {u["role"] for u in said["users"]} == {role.value for role in Role}
    json.dumps(said)


def test_everything_can_be_bought_now(shop: Any) -> None:
    said = shop.holdouts[SEEDS[0]]
    goods = catalog.sellable_by_sku([p["sku"] for p in said["products"]], clock.now())
    assert len(goods) == 60
    assert [g.sku for g in goods.values() if g.refusal is not None] == []
    assert all(g.is_demo for g in goods.values())
    needing = [g for g in goods.values() if g.certificate_required]
    assert len(needing) == 20
    assert all(g.certificate_id for g in needing)
    for point in session().scalars(select(Point).where(Point.slug.in_([p["slug"] for p in said["points"]]))):
        assert point.ships
        assert point.pickup


def test_the_fair_runs_now_and_ends(shop: Any) -> None:
    slug = shop.holdouts[SEEDS[0]]["exhibitions"][0]["slug"]
    fair = session().scalars(select(Point).where(Point.slug == slug)).one()
    today = clock.today()
    assert fair.kind is PointKind.FAIR
    assert fair.opened_on is not None
    assert fair.closed_on is not None
    assert fair.opened_on <= today < fair.closed_on <= today + timedelta(days=14)
    assert not fair.ships
    assert not fair.pickup


def test_another_seed_gives_other_goods(shop: Any) -> None:
    first, second = (shop.holdouts[seed] for seed in SEEDS)
    for name, key in (
        ("products", "slug"),
        ("products", "sku"),
        ("producers", "slug"),
        ("points", "slug"),
        ("users", "username"),
    ):
        assert not {row[key] for row in first[name]} & {row[key] for row in second[name]}, name
    assert [p["available"] for p in first["products"]] != [p["available"] for p in second["products"]]


def test_a_second_run_says_the_same(shop: Any) -> None:
    before = session().scalar(select(func.count()).select_from(Product))
    session().rollback()
    assert holdout.load(SEEDS[0]) == shop.holdouts[SEEDS[0]]
    assert session().scalar(select(func.count()).select_from(Product)) == before


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_every_role_can_log_in(lived_in: Any, role: str) -> None:
    user = next(u for u in lived_in.holdouts[SEEDS[0]]["users"] if u["role"] == role)
    client = lived_in.app.test_client()
    answer = client.fill("/dang-nhap", username=user["username"], password=user["password"])
    assert answer.status_code in {302, 303}
    if user["totp"]:
        answer = client.fill(answer.headers["Location"], totp=pyotp.TOTP(user["totp"]).now())
        assert answer.status_code in {302, 303}, answer.get_data(as_text=True)[:300]
    assert client.get("/tai-khoan").status_code == 200


def test_it_loads_into_an_empty_shop(ctx: Flask) -> None:
    said = holdout.load(8)
    assert len(said["products"]) == 60
    assert [f.name for f in invariants.run() if not f.ok] == []
