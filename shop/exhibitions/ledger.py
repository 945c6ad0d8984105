"""The sums of a sheet, pure: what came of each pack and where it went, how money of a receipt is shared among the owners of its
goods. Units are sale units, amounts whole đồng.

Of each pack, whatever happened: came + found = (sold − returned) + tasted (`given`) + gifts + lost + back + left.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shop.kernel.money import split
from shop.stock.models import MovementKind

K = MovementKind
# Why goods moved, beside the kind of the movement: words of the reads below.
HOME, SHORTAGE, GIVEN, GIFT = "home", "shortage", "given", "gift"
COLUMNS = ("came", "found", "sold", "returned", "given", "gift", "lost", "back", "left")


@dataclass(slots=True)
class Pack:
    """What became of one pack of one owner in one booth. `given`: guests tasted it; `gift`: it was given away whole."""

    came: int = 0
    found: int = 0
    sold: int = 0
    returned: int = 0
    given: int = 0
    gift: int = 0
    lost: int = 0
    back: int = 0
    left: int = 0

    @property
    def adds_up(self) -> bool:
        """Whether every unit is accounted for."""
        gone = self.sold - self.returned + self.given + self.gift + self.lost + self.back
        return self.came + self.found == gone + self.left

    @property
    def out(self) -> int:
        """How many the booth had in all."""
        return self.came + self.found


def pack_of(moves: Iterable[tuple[MovementKind, str, int]]) -> Pack:
    """Add up (kind, why, units as signed by the books) of one pack. What counts found and missed is set against each other,
    so that a slip of counting that the next count put right is no loss; units that the books had lacked for a sale are found,
    and no more so once they were taken off again as really short."""
    pack = Pack()
    counted = lacked = 0
    for kind, why, n in moves:
        pack.left += n
        if kind in (K.RECEIPT, K.TRANSFER_IN):
            pack.came += n
        elif kind is K.SALE:
            pack.sold -= n
        elif kind is K.RETURN:
            pack.returned += n
        elif kind is K.TRANSFER_OUT or why == HOME:
            pack.back -= n
        elif kind is K.WRITE_OFF:
            if why == GIVEN:
                pack.given -= n
            elif why == GIFT:
                pack.gift -= n
            else:
                pack.lost -= n
        elif why == SHORTAGE:
            lacked += n
        else:
            counted += n
    for n in (counted, lacked):
        pack.found += max(n, 0)
        pack.lost += max(-n, 0)
    return pack


def added(packs: Iterable[Pack]) -> Pack:
    """The sum of packs."""
    total = Pack()
    for pack in packs:
        for name in COLUMNS:
            setattr(total, name, getattr(total, name) + getattr(pack, name))
    return total


def by_owner(amount: int, units: Mapping[Any, int]) -> dict[Any, int]:
    """Share what was paid for a line among the owners of its units; the parts make the amount."""
    if len(units) == 1:  # nearly every line
        return dict.fromkeys(units, amount)
    return dict(zip(units, split(amount, list(units.values())), strict=True))


def by_tender(amounts: Sequence[int], tenders: Sequence[tuple[str, int]]) -> list[dict[str, int]]:
    """Which way of paying paid for which line: both are walked together, so that each line has its amount and each way pays
    what it paid. `amounts` and the tenders (name, đồng) have the same sum; all are ≥ 0."""
    if len(tenders) == 1:  # nearly every receipt
        return [{tenders[0][0]: amount} if amount else {} for amount in amounts]
    found: list[dict[str, int]] = [{} for _ in amounts]
    todo = [(name, n) for name, n in tenders if n > 0]
    for mine, amount in zip(found, amounts, strict=True):
        left = amount
        while left and todo:
            name, n = todo.pop(0)
            part = min(left, n)
            mine[name] = mine.get(name, 0) + part
            left -= part
            if n > part:
                todo.insert(0, (name, n - part))
    return found


def digest(value: Any) -> str:
    """SHA-256 (hex) of plain values in one fixed spelling."""
    spelt = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(spelt.encode()).hexdigest()
