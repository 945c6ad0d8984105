"""Passwords: how they are kept (argon2id), and which are too easy to guess."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shop.accounts.errors import WeakPassword
from shop.kernel import text
from shop.kernel.errors import N_, Invalid

SHORTEST = 8
# A longer one gives no more safety and costs work; counted in symbols after NFC.
LONGEST = 128

# Every demonstration prints it, so it opens nothing in production: the made-up accounts of a demonstration's database are
# closed there until staff send their owners a link for a password of their own.
DEMO = "cho-ben-vinh-ha-long"

# argon2id with 19 MiB, 2 passes, 1 lane: the first choice of the OWASP Password Storage Cheat Sheet for argon2id.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# At most two at a time in a process: a flood of log-ins must not take the memory of the shop.
_gate = threading.BoundedSemaphore(2)
_nobody: list[str] = []

# Words that people make passwords of; as they are or with a few digits or signs around them they are guessed first.
_WORD_LIST = """
password passwort passw0rd pass qwerty qwertyuiop qwertz azerty asdfgh asdfghjkl zxcvbn zxcvbnm iloveyou letmein
welcome monkey dragon master football baseball superman batman sunshine princess shadow michael jordan hello
freedom whatever trustno1 starwars computer internet secret admin administrator root login guest user test demo
changeme default abc abcd abcdef abcdefgh qazwsx qweasd onetwothree facebook google samsung iphone nokia pokemon
matkhau matkhaumoi matkhaucu anhyeuem emyeuanh toiyeuem yeuem yeuanh nhoem nhoanh tinhyeu khongbiet khongcho
vietnam vietnamvodich hanoi saigon halong quangninh haiphong danang hochiminh bacho anhhungvietnam xinchao
taikhoan dangnhap khachhang cuahang muahang banhang ocop choben choquang quantri quantrivien nguoidung conyeu
conheo congchua giadinh hanhphuc banbe thuyduong minhanh hoanganh nguyen nguyenvan tranvan phuong linh anhem
chiem bome metoi thuong yeuthuong chimyen mualua hoahong trasua caphe phobo bunca
"""
_WORDS = frozenset(_WORD_LIST.split())
_ROWS = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890")
_LEET = str.maketrans("0134578@$!", "oleastbasi")


def normal(password: str) -> str:
    """Return `password` in NFC: the same keys give the same password on every machine."""
    return unicodedata.normalize("NFC", password)


def hash_of(password: str) -> str:
    """Return what is kept instead of `password`."""
    with _gate:
        return _hasher.hash(normal(password))


def matches(kept: str | None, password: str) -> bool:
    """Whether `password` is the one of `kept`. With `kept` None (no such account) it takes as long and says no."""
    given = normal(password)
    if len(given) > LONGEST:
        given, kept = "x", None
    with _gate:
        if not _nobody:
            _nobody.append(_hasher.hash("nobody has this password"))
        try:
            return _hasher.verify(kept or _nobody[0], given) and bool(kept)
        except (VerificationError, InvalidHashError):
            return False


def stale(kept: str) -> bool:
    """Whether `kept` was made with other settings than today's and should be made again at log-in."""
    return _hasher.check_needs_rehash(kept)


def check_new(password: str, *, about: Iterable[str | None] = ()) -> None:
    """Refuse a password that is too short, too long or among the first an attacker tries.

    `about` are words that name the person (name, e-mail address, phone number).

    Raises:
        Invalid: its length, with `field="password"`.
        WeakPassword: it is easy to guess.
    """
    password = normal(password)
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid(N_("Mật khẩu dài từ %(low)s đến %(high)s ký tự."), field="password", low=SHORTEST, high=LONGEST)
    if easy(password, about=about):
        raise WeakPassword(field="password")


def easy(password: str, *, about: Iterable[str | None] = ()) -> bool:
    """Whether `password` is among the first an attacker tries."""
    plain = text.fold(password).replace(" ", "")
    if len(set(plain)) < 4 or (plain.isdigit() and len(plain) < 12) or _repeats(plain) or _walks(plain):
        return True
    core = plain.strip("0123456789!@#$%^&*()-_=+.,?/ ")
    if any(word in _WORDS for word in (plain, core, plain.translate(_LEET), core.translate(_LEET))):
        return True
    rest = plain
    for word in sorted({w for one in about for w in text.words((one or "").partition("@")[0])}, key=len, reverse=True):
        if len(word) > 1:
            rest = rest.replace(word, "")
    return rest != plain and sum(c.isalpha() for c in rest) < 4


def _repeats(plain: str) -> bool:
    """A short piece again and again: `abcabcabc`."""
    return any(plain == (plain[:n] * len(plain))[: len(plain)] for n in range(1, min(4, len(plain) // 2) + 1))


def _walks(plain: str) -> bool:
    """Nearly every step goes to a neighbour on the keyboard or in the alphabet, or stays: `12345678`, `qwertyui`."""
    steps = {row[i : i + 2] for row in _ROWS for i in range(len(row) - 1)}
    steps |= {step[::-1] for step in steps}
    pairs = [plain[i : i + 2] for i in range(len(plain) - 1)]
    odd = sum(1 for pair in pairs if pair not in steps and pair[0] != pair[1])
    return odd <= max(1, len(pairs) // 6)
