"""Who gets what when a harvest is smaller than what was ordered. Pure: no database, no clock, no chance but the seed.

Every rule shares out unit by unit, so that of a larger harvest nobody ever gets less (a share rounded by largest remainders
would not keep that: the Alabama paradox). What is shared is exactly the smaller of the harvest and what is wanted.
"""

from __future__ import annotations

import hashlib
import heapq
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from shop.kernel.errors import N_


class Rule(StrEnum):
    """The published ways of sharing a shortfall."""

    FIRST_COME = "first_come"
    ONE_EACH = "one_each"
    PRO_RATA = "pro_rata"
    DRAW = "draw"
    LOCALS_FIRST = "locals_first"


RULE_NAMES = {
    Rule.FIRST_COME: N_("Ai đặt trước được trước"),
    Rule.ONE_EACH: N_("Mỗi người một phần trước, rồi chia tiếp"),
    Rule.PRO_RATA: N_("Chia theo tỷ lệ số đã đặt"),
    Rule.DRAW: N_("Rút thăm"),
    Rule.LOCALS_FIRST: N_("Ưu tiên người trong vùng"),
}
RULE_WORDS = {
    Rule.FIRST_COME: N_("Nếu hàng thu được không đủ, ai đặt trước được nhận đủ trước, đến khi hết hàng."),
    Rule.ONE_EACH: N_(
        "Nếu hàng thu được không đủ, mỗi người được một phần theo thứ tự đặt, rồi chia tiếp từng phần một cho đến khi hết."
    ),
    Rule.PRO_RATA: N_(
        "Nếu hàng thu được không đủ, mỗi người được chia theo tỷ lệ số mình đã đặt; phần lẻ chia cho người đang được ít nhất so"
        " với tỷ lệ của mình, bằng nhau thì ai đặt trước được trước."
    ),
    Rule.DRAW: N_(
        "Nếu hàng thu được không đủ, thứ tự nhận do rút thăm quyết định. Mã niêm phong của lần rút được công bố trước; mã gốc"
        " được công bố cùng kết quả để ai cũng kiểm tra được."
    ),
    Rule.LOCALS_FIRST: N_(
        "Nếu hàng thu được không đủ, người ở những xã, phường nêu dưới đây được nhận trước, theo thứ tự đặt; sau đó đến người"
        " nơi khác. Nơi ở là nơi người đặt tự ghi lúc đặt."
    ),
}


@dataclass(frozen=True, slots=True)
class Want:
    """One pre-order in the order of arrival: `key` is its public reference, `units` more than none; `local`: lives in
    one of the localities that come first."""

    key: str
    units: int
    local: bool = False


@dataclass(frozen=True, slots=True)
class Got:
    """What came of a want: its place (from 1) in the order by which the rule serves, and its units."""

    key: str
    place: int
    units: int


def new_seed() -> str:
    """A fresh seed of a draw: 256 bits of chance, as hex."""
    return secrets.token_hex(32)


def commitment(seed: str) -> str:
    """SHA-256 (hex) of a seed: published before anybody orders, so that the seed cannot be chosen afterwards."""
    return hashlib.sha256(seed.encode()).hexdigest()


def lot(seed: str, key: str) -> str:
    """The lot that `key` draws: SHA-256 (hex) of `<seed>:<key>`; the smaller comes first. Anybody can do it again."""
    return hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()


def order_of(rule: Rule, wants: Sequence[Want], seed: str = "") -> list[int]:
    """The positions of `wants` in the order in which `rule` serves them.

    Raises:
        ValueError: a draw without a seed.
    """
    places = list(range(len(wants)))
    if rule is Rule.DRAW:
        if not seed:
            raise ValueError("a draw needs its seed")
        return sorted(places, key=lambda i: (lot(seed, wants[i].key), i))
    if rule is Rule.LOCALS_FIRST:
        return sorted(places, key=lambda i: (not wants[i].local, i))
    return places


def share(rule: Rule, harvest: int, wants: Sequence[Want], *, seed: str = "") -> list[Got]:
    """Share `harvest` units among `wants` (in the order of their arrival) by `rule`; the answer is in the same order.

    Raises:
        ValueError: a harvest below nothing, a want of nothing, or a draw without a seed.
    """
    if harvest < 0 or any(want.units <= 0 for want in wants):
        raise ValueError("a harvest is nothing or more, a want is of something")
    order = order_of(rule, wants, seed)
    units = [want.units for want in wants]
    if rule is Rule.PRO_RATA:
        got = _by_size(harvest, units)
    elif rule is Rule.ONE_EACH:
        got = _round_by_round(harvest, units)
    else:
        got = _one_after_another(harvest, units, order)
    place = {i: n for n, i in enumerate(order, start=1)}
    return [Got(want.key, place[i], got[i]) for i, want in enumerate(wants)]


def _one_after_another(harvest: int, units: Sequence[int], order: Sequence[int]) -> list[int]:
    got = [0] * len(units)
    for i in order:
        got[i] = min(units[i], harvest)
        harvest -= got[i]
    return got


def _round_by_round(harvest: int, units: Sequence[int]) -> list[int]:
    """One unit each in the order of arrival, round after round; whole rounds are given at once."""
    got = [0] * len(units)
    hungry = [i for i, n in enumerate(units) if n]
    while harvest and hungry:
        rounds = min(harvest // len(hungry), min(units[i] - got[i] for i in hungry))
        if not rounds:
            for i in hungry[:harvest]:
                got[i] += 1
            break
        for i in hungry:
            got[i] += rounds
        harvest -= rounds * len(hungry)
        hungry = [i for i in hungry if got[i] < units[i]]
    return got


def _by_size(harvest: int, units: Sequence[int]) -> list[int]:
    """Each next unit to whoever is furthest behind his share (Sainte-Laguë: the smallest (2·got + 1) ÷ wanted), the earlier
    first. With all of it shared out everybody has exactly what he wanted, so nobody is ever above it."""
    total = sum(units)
    if harvest >= total:
        return list(units)
    # All turns before a common measure x come before all others, so they may be given at once. With x a little below the
    # last turn's, x = 2·(harvest − people) ÷ total, those are never more than the harvest.
    least = max(0, harvest - len(units))
    got = [max(0, -((total - 2 * least * n) // (2 * total))) for n in units]
    heap = [_Turn(2 * got[i] + 1, n, i) for i, n in enumerate(units)]
    heapq.heapify(heap)
    for _ in range(harvest - sum(got)):
        turn = heap[0]
        got[turn.index] += 1
        heapq.heapreplace(heap, _Turn(turn.top + 2, turn.wanted, turn.index))
    return got


@dataclass(slots=True)
class _Turn:
    """Whose turn it is: `top` ÷ `wanted`, the smaller first, then who came earlier."""

    top: int
    wanted: int
    index: int

    def __lt__(self, other: _Turn) -> bool:
        left, right = self.top * other.wanted, other.top * self.wanted
        return (left, self.index) < (right, other.index)
