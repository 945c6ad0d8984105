"""What may be a password."""

from __future__ import annotations

import pytest

from shop.accounts import passwords
from shop.accounts.errors import WeakPassword
from shop.kernel.errors import Invalid


@pytest.mark.parametrize(
    "easy",
    [
        "password", "Password1!", "matkhau123", "Mật khẩu 2026", "anhyeuem", "12345678", "123456789012", "0912345678",
        "aaaaaaaa", "abcabcabc", "qwertyuiop", "qwerty12", "asdfghjkl", "abcdefgh", "11112222", "vietnam2026",
        "Qu@ngNinh1", "halong88", "87654321", "P@ssw0rd", "admin@123", "letmein!!",
    ],
)  # fmt: skip
def test_what_is_tried_first_is_refused(easy):
    with pytest.raises((WeakPassword, Invalid)):
        passwords.check_new(easy)


@pytest.mark.parametrize(
    "good", ["thuyen-va-nui-12", "chả mực ngon lắm", "Zr8#kw2Lq", "correct horse battery staple", "ba con mèo đen 3"]
)
def test_good_ones_are_taken(good):
    passwords.check_new(good)


def test_ones_own_name_address_and_number_are_refused():
    about = ("Trần Thị Ngọc Lan", "ngoclan.tran@example.com", "+84912345678")
    for easy in ("tranthingoclan", "ngoclan2026", "NgocLan!1", "ngoclan.tran"):
        with pytest.raises(WeakPassword):
            passwords.check_new(easy, about=about)
    passwords.check_new("lan can sat bien 4", about=about)


@pytest.mark.parametrize("length", [0, 7, 129, 100_000])
def test_length_is_bounded(length):
    with pytest.raises(Invalid) as refused:
        passwords.check_new(("xk9-Bw" * (length // 6 + 1))[:length])
    assert refused.value.code == "invalid"


def test_a_hash_never_matches_an_empty_or_broken_row():
    for kept in (None, "", "-", "$argon2id$broken"):
        assert passwords.matches(kept, "nobody has this password") is False


def test_hashes_are_salted_argon2id(monkeypatch, real_hasher):
    monkeypatch.setattr(passwords, "_hasher", real_hasher)
    one, two = passwords.hash_of("thuyen-va-nui-12"), passwords.hash_of("thuyen-va-nui-12")
    assert one != two
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert len(one) < 255
    assert passwords.matches(one, "thuyen-va-nui-12")
    assert not passwords.matches(one, "thuyen-va-nui-13")
