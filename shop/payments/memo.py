"""The code a buyer puts into the memo of a bank transfer: the order's reference with two check symbols.

Banks change memos: they add prefixes, drop blanks, change case. The code is therefore letters and digits only, from
an alphabet without look-alikes, and ends in two check symbols of a Reed-Solomon code over the field of 25 elements. Any
two wrong symbols, or two symbols changed round, are noticed. Which payment of the order it is (the first, the second …)
is a symbol that is counted in the check but not written, so codes of two payments of one order differ as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from shop.kernel import text

PREFIX = "OCOP"
REFERENCE_SYMBOLS = 8
LENGTH = REFERENCE_SYMBOLS + 2
MOST_ATTEMPTS = 9
_ALPHABET = text.REFERENCE_ALPHABET
_VALUE = {symbol: value for value, symbol in enumerate(_ALPHABET)}
_STRETCHES = re.compile(f"[{_ALPHABET}]{{{LENGTH},}}")


def _times(u: int, v: int) -> int:
    """Product in the field of 25: numbers are 5a + b for a·x + b, and x² = −x − 2."""
    a, b = divmod(u, 5)
    c, d = divmod(v, 5)
    square, first, rest = a * c, a * d + b * c, b * d
    return 5 * ((first - square) % 5) + (rest - 2 * square) % 5


def _plus(u: int, v: int) -> int:
    return 5 * ((u // 5 + v // 5) % 5) + (u % 5 + v % 5) % 5


def _minus(u: int, v: int) -> int:
    return 5 * ((u // 5 - v // 5) % 5) + (u % 5 - v % 5) % 5


_ROOT = 5  # x itself, which generates all 24 elements but zero
_ROOT_SQUARED = _times(_ROOT, _ROOT)
# (z − x)(z − x²) = z² − (x + x²)·z + x³
_LINEAR, _CONSTANT = _plus(_ROOT, _ROOT_SQUARED), _times(_ROOT, _ROOT_SQUARED)


def _remainder(values: Iterable[int]) -> tuple[int, int]:
    """The two check values: minus the remainder of the message shifted by two, divided by the generator."""
    high = low = 0
    for value in values:
        lead = _SUM[high][value]
        high, low = _SUM[low][_BY_LINEAR[lead]], _BY_MINUS_CONSTANT[lead]
    return _NEGATIVE[high], _NEGATIVE[low]


_FIELD = range(25)
_SUM = [[_plus(u, v) for v in _FIELD] for u in _FIELD]
_NEGATIVE = [_minus(0, u) for u in _FIELD]
_BY_LINEAR = [_times(u, _LINEAR) for u in _FIELD]
_BY_MINUS_CONSTANT = [_minus(0, _times(u, _CONSTANT)) for u in _FIELD]
# The code is linear: what an attempt adds to the check values is the same for every reference.
_OF_ATTEMPT = {_remainder([attempt, *[0] * REFERENCE_SYMBOLS]): attempt for attempt in range(1, MOST_ATTEMPTS + 1)}


def _check(symbols: str, attempt: int) -> str:
    """The two check symbols of the reference's symbols and the number of its payment."""
    high, low = _remainder([attempt, *(_VALUE[s] for s in symbols)])
    return _ALPHABET[high] + _ALPHABET[low]


def _attempt_of(window: str) -> int | None:
    """Which payment of its order ten symbols are the code of; None if their check fails for all."""
    high, low = _remainder(_VALUE[s] for s in window[:REFERENCE_SYMBOLS])
    given = (_minus(_VALUE[window[-2]], high), _minus(_VALUE[window[-1]], low))
    return _OF_ATTEMPT.get(given)


def code_for(reference: str, attempt: int = 1) -> str:
    """The memo code of the order `reference` (`HX7K-3M2P`), e.g. `OCOPHX7K3M2PQT`; ASCII, 14 characters.

    `attempt` counts the transfers offered for one order, from 1.

    Raises:
        ValueError: `reference` is not of the shop's shape, or there were too many attempts.
    """
    symbols = reference.upper().replace("-", "")
    if len(symbols) != REFERENCE_SYMBOLS or not set(symbols) <= set(_ALPHABET):
        raise ValueError(f"{reference!r} is no reference that a memo can carry")
    if not 1 <= attempt <= MOST_ATTEMPTS:
        raise ValueError(f"attempt {attempt} is out of range")
    return PREFIX + symbols + _check(symbols, attempt)


def codes_in(memo: str) -> list[str]:
    """All codes that can be read in a memo as a bank gives it, in order, each once.

    Case, blanks, marks and punctuation do not matter, nor what stands before or after. A stretch of foreign text passes the
    check now and then, so what is returned counts only if a payment with that code exists, and only if it is the only one.
    """
    symbols = re.sub(r"[^A-Z0-9]", "", text.fold(memo[:2000]).upper())
    found: list[str] = []
    for stretch in _STRETCHES.findall(symbols):
        for start in range(len(stretch) - LENGTH + 1):
            code = PREFIX + stretch[start : start + LENGTH]
            if code not in found and _attempt_of(code[len(PREFIX) :]) is not None:
                found.append(code)
    return found
