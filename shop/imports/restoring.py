"""What restores the goods of a row that was written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shop.catalog import intake
from shop.catalog.models import ProductState, VariantState
from shop.catalog.services import bulk
from shop.imports import words
from shop.imports.planning import Problem, price_at
from shop.kernel import clock
from shop.kernel.errors import N_

SINCE = N_("Đã được sửa lại sau lần nhập này nên giữ nguyên.")


def taking_back(
    goods: intake.Goods, pack: intake.Pack | None, before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[bulk.Wish, list[Problem]]:
    """What restores the facts of before, and what is kept because it was changed again since.

    A product that the import made is put away, its packs are no longer offered. What waits for a reviewer is not looked at.
    """
    wish = bulk.Wish(goods, pack=pack)
    kept: list[Problem] = []
    new_goods, new_pack = before.get("new", [False, False])
    waiting = {(subject.partition(":")[0], name) for subject, name, _value in after.get("queued", ())}
    if new_goods and goods.state is ProductState.DRAFT:
        wish.state = ProductState.HIDDEN
    if not new_goods:
        for fact, old in before.get("product", {}).items():
            if ("product", fact) in waiting:
                continue
            now = goods.state if fact == "state" else goods.facts.get(fact)
            if words.kept(now) != after["product"][fact]:
                kept.append(_kept(fact))
            elif fact == "state":
                wish.state = ProductState(old)
            else:
                wish.product[fact] = words.back(fact, old)
    if pack is None:
        return wish, kept
    if new_pack:
        wish.pack_state = VariantState.HIDDEN if pack.state is VariantState.SHOWN else None
        return wish, kept
    for fact, old in before.get("variant", {}).items():
        if ("variant", fact) in waiting:
            continue
        now = pack.state if fact == "state" else pack.facts.get(fact)
        if words.kept(now) != after["variant"][fact]:
            kept.append(_kept("pack_state" if fact == "state" else fact))
        elif fact == "state":
            wish.pack_state = VariantState(old)
        else:
            wish.variant[fact] = words.back(fact, old)
    if "price" in before and ("variant", "price") not in waiting:
        told = after.get("starts")
        starts = datetime.fromisoformat(told) if told else None
        at = clock.now() if starts is None or starts <= clock.now() else starts
        if list(price_at(pack, at)) != after["price"]:
            kept.append(_kept("price"))
        elif before["price"][0] is None or before["price"] != after["price"]:
            wish.price = (before["price"][0], before["price"][1])
            wish.starts = at if at == starts else None
    return wish, kept


def _kept(fact: str) -> Problem:
    return {"key": words.COLUMN_OF.get(fact, fact), "title": SINCE, "values": {}, "suggestion": ""}
