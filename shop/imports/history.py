"""What an import writes, as lines of the listings' history: every difference of a product or pack, the way back too."""

from __future__ import annotations

from typing import Any

from shop.imports import words
from shop.imports.models import ImportRow
from shop.imports.planning import Tried
from shop.listings.facts import PRODUCT, subject_of
from shop.listings.models import Outcome

# Product, subject, field, before, after, outcome.
Line = tuple[int, str, str, Any, Any, Outcome]


def _plain(value: Any) -> Any:
    return value["number"] if isinstance(value, dict) and "number" in value else value


def of(t: Tried) -> list[Line]:
    """The lines of a row that has just been written."""
    wish, before, after = t.wish, t.before or {}, t.after or {}
    if wish is None or wish.goods.product_id is None:
        return []
    outcome = Outcome.SHOWN if wish.goods.was_shown else Outcome.DRAFT
    return _lines(wish.goods.product_id, wish.sku, t.name, before, after, outcome)


def _lines(
    product_id: int, sku: str, name: str, before: dict[str, Any], after: dict[str, Any], outcome: Outcome
) -> list[Line]:
    new_goods, new_pack = before.get("new", [False, False])
    subject = subject_of(sku)
    found: list[Line] = []
    if new_goods:
        found.append((product_id, PRODUCT, "new", None, name, outcome))
    else:
        for fact, value in after.get("product", {}).items():
            # Closing and opening a page that customers know is written down by the command that does it.
            if fact != "state" or outcome is Outcome.DRAFT:
                found.append((product_id, PRODUCT, fact, _plain(before["product"][fact]), _plain(value), outcome))
    if new_pack:
        said = {n: _plain(v) for n, v in after.get("variant", {}).items() if v is not None}
        found.append((product_id, subject, "new", None, said | {"price": after.get("price", [None])[0]}, outcome))
        return found
    for fact, value in after.get("variant", {}).items():
        found.append((product_id, subject, fact, _plain(before["variant"][fact]), _plain(value), outcome))
    if "price" in after and after["price"][0] != before["price"][0]:
        found.append((product_id, subject, "price", before["price"][0], after["price"][0], outcome))
    return found


def back(row: ImportRow, outcome: Outcome) -> list[Line]:
    """The lines of a row that has just been taken back, but for what was kept or only waited."""
    before, after = row.before or {}, row.after or {}
    if row.product_id is None or before.get("new", [False, False])[1]:
        return []
    kept = {problem["key"] for problem in row.left or ()}
    waiting = {name for _subject, name, _value in after.get("queued", ())}
    lines = _lines(row.product_id, row.sku or "", row.name, before, after, outcome)
    return [
        (product_id, subject, fact, new, old, outcome)
        for product_id, subject, fact, old, new, outcome in lines
        if words.COLUMN_OF.get(fact, fact) not in kept and fact not in waiting
    ]
