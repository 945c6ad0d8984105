"""Memo codes: read through everything a bank does to a memo, never read wrongly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.kernel.text import REFERENCE_ALPHABET
from shop.payments import memo

references = st.text(REFERENCE_ALPHABET, min_size=8, max_size=8).map(lambda s: f"{s[:4]}-{s[4:]}")


@pytest.mark.parametrize(
    "mangled",
    [
        "{c}",
        "{l}",
        "MBVCB.6543210987.{c}.CT tu 0123456789 NGUYEN VAN A toi 9876543210 CHO BEN",
        "CUSTOMER {c} - Ma giao dich/ Trace 845123",
        "ocop {s} chuyen tien",
        "{b}",
        "thanh toan don hang {l} cảm ơn shop",
        "QR - {c}-CHUYEN TIEN-OQCH000123 Ma GD ACSP/ab123456",
        "FT26328000111222 {c}GD 100001-112426",
    ],
)
def test_a_mangled_memo_is_read(mangled: str) -> None:
    code = memo.code_for("HX7K-3M2P")
    symbols = code.removeprefix(memo.PREFIX)
    given_by_bank = mangled.format(
        c=code, l=code.lower(), s=f"{symbols[:4]} {symbols[4:8]} {symbols[8:]}", b=" ".join(code)
    )
    assert code in memo.codes_in(given_by_bank)


@given(references, st.integers(1, memo.MOST_ATTEMPTS), st.text(max_size=30), st.text(max_size=30))
def test_case_blanks_and_neighbours_do_not_matter(reference: str, attempt: int, before: str, after: str) -> None:
    code = memo.code_for(reference, attempt)
    assert code in memo.codes_in(f"{before} {code[:5].lower()} {code[5:]} {after}")


@given(
    references,
    st.integers(0, 9),
    st.sampled_from(REFERENCE_ALPHABET),
    st.integers(0, 9),
    st.sampled_from(REFERENCE_ALPHABET),
)
def test_two_wrong_symbols_are_noticed(reference: str, i: int, a: str, j: int, b: str) -> None:
    symbols = list(memo.code_for(reference)[4:])
    right = "".join(symbols)
    symbols[i], symbols[j] = a, b
    wrong = "".join(symbols)
    if wrong != right:
        assert memo._check(wrong[:8], 1) != wrong[8:]


@given(references, st.integers(0, 9), st.sampled_from(REFERENCE_ALPHABET))
def test_one_wrong_symbol_is_no_code_of_any_attempt(reference: str, i: int, a: str) -> None:
    symbols = memo.code_for(reference)[4:]
    wrong = symbols[:i] + a + symbols[i + 1 :]
    if wrong != symbols:
        assert memo.codes_in(wrong) == []


@given(references, st.integers(0, 8))
def test_two_symbols_changed_round_are_noticed(reference: str, i: int) -> None:
    symbols = memo.code_for(reference)[4:]
    wrong = symbols[:i] + symbols[i + 1] + symbols[i] + symbols[i + 2 :]
    if wrong != symbols:
        assert memo._check(wrong[:8], 1) != wrong[8:]


def test_payments_of_one_order_have_codes_of_their_own() -> None:
    codes = {memo.code_for("HX7K-3M2P", n) for n in range(1, memo.MOST_ATTEMPTS + 1)}
    assert len(codes) == memo.MOST_ATTEMPTS
    assert all(c.isascii() and c.isalnum() and len(c) == 14 for c in codes)


def test_two_codes_in_one_memo_are_both_seen() -> None:
    one, two = memo.code_for("HX7K-3M2P"), memo.code_for("QRTW-4679")
    assert memo.codes_in(f"{one} va {two}") == [one, two]


@pytest.mark.parametrize("reference", ["HX7K", "HX7K-3M2P-9", "HX7K-3M20", "", "đx7k-3m2p"])
def test_a_reference_of_another_shape_is_a_defect(reference: str) -> None:
    with pytest.raises(ValueError):
        memo.code_for(reference)


def test_long_rubbish_is_read_quickly() -> None:
    assert memo.codes_in("X" * 1_000_000) in ([], [memo.PREFIX + "X" * 10])


PREFIXES = [
    "",
    "MBVCB.6543210987.",
    "CT DEN:633212345678 ",
    "IBFT ",
    "FT26328000111222;",
    "QR - ",
    "Ma GD ACSP/ab123456 ",
]
ENDS = [
    "",
    ".CT tu 0123456789 NGUYEN VAN A toi 9876543210",
    " GD 100001-112426",
    "-CHUYEN TIEN-OQCH000123",
    " thanh toan don",
]


@st.composite
def mangled(draw: st.DrawFn) -> tuple[str, str, bool]:
    """A code, what a bank or a payer made of it, and whether it was only dressed up (case, blanks, what stands around)."""
    code = memo.code_for(draw(references), draw(st.integers(1, memo.MOST_ATTEMPTS)))
    symbols = list(code[len(memo.PREFIX) :])
    wounds = draw(st.integers(0, 2))
    for _ in range(wounds):
        place = draw(st.integers(0, len(symbols) - 1))
        match draw(st.sampled_from(["other", "lost", "twice", "round"])):
            case "other":
                symbols[place] = draw(st.sampled_from(REFERENCE_ALPHABET + "01589BILOSUV"))
            case "lost" if len(symbols) > 1:
                del symbols[place]
            case "twice":
                symbols.insert(place, symbols[place])
            case "round" if place:
                symbols[place - 1], symbols[place] = symbols[place], symbols[place - 1]
    blanks = draw(st.lists(st.sampled_from(["", "", "", " ", "  ", ".", "-", "\n"]), min_size=14, max_size=14))
    body = "".join(s + b for s, b in zip([*memo.PREFIX, *symbols], blanks + [""] * 20, strict=False))
    dressed = body.lower() if draw(st.booleans()) else body
    return code, draw(st.sampled_from(PREFIXES)) + dressed + draw(st.sampled_from(ENDS)), wounds == 0


@given(mangled(), st.lists(st.tuples(references, st.integers(1, memo.MOST_ATTEMPTS)), min_size=1, max_size=200))
def test_a_mangled_memo_is_read_right_or_not_at_all(
    found: tuple[str, str, bool], others: list[tuple[str, int]]
) -> None:
    """Among the codes that payments have, a wounded memo names its own or none; one that is only dressed up names its own."""
    code, told, whole = found
    known = {code} | {memo.code_for(reference, attempt) for reference, attempt in others}
    read = set(memo.codes_in(told)) & known
    assert read == {code} if whole else read <= {code}


@given(references, st.integers(1, memo.MOST_ATTEMPTS))
def test_the_quick_check_is_the_slow_one(reference: str, attempt: int) -> None:
    """The tables give what the field's own arithmetic gives."""
    symbols = reference.replace("-", "")
    high = low = 0
    for value in (attempt, *(memo._VALUE[s] for s in symbols)):
        lead = memo._plus(high, value)
        high = memo._plus(low, memo._times(lead, memo._LINEAR))
        low = memo._minus(0, memo._times(lead, memo._CONSTANT))
    assert memo._check(symbols, attempt) == "".join(REFERENCE_ALPHABET[memo._minus(0, v)] for v in (high, low))
    assert memo._attempt_of(symbols + memo._check(symbols, attempt)) == attempt


def test_codes_made_before_are_read_still() -> None:
    assert memo.code_for("HX7K-3M2P") == "OCOPHX7K3M2PDQ"
    assert memo.codes_in("ocop hx7k 3m2p dq") == ["OCOPHX7K3M2PDQ"]
