"""An old address is understood, all its successors are offered, nothing is chosen silently."""

from __future__ import annotations

import time
from datetime import date

from shop.places import queries
from shop.places.models import Level

NOW = date(2026, 11, 24)

CASES = {
    # what is typed → readings as (text, successors); a successor marked * holds a part only
    "huyện Ba Chẽ": [("Huyện Ba Chẽ, Tỉnh Quảng Ninh", "Xã Ba Chẽ, Xã Kỳ Thượng, Xã Lương Minh")],
    "huyen ba che": [("Huyện Ba Chẽ, Tỉnh Quảng Ninh", "Xã Ba Chẽ, Xã Kỳ Thượng, Xã Lương Minh")],
    "huyện Ba Chr": [("Huyện Ba Chẽ, Tỉnh Quảng Ninh", "Xã Ba Chẽ, Xã Kỳ Thượng, Xã Lương Minh")],
    "xã Đồng Rui, Tiên Yên": [("Xã Đồng Rui, Huyện Tiên Yên, Tỉnh Quảng Ninh", "Xã Hải Lạng")],
    "xa dong rui tien yen quang ninh": [("Xã Đồng Rui, Huyện Tiên Yên, Tỉnh Quảng Ninh", "Xã Hải Lạng")],
    "TP Uông Bí, Quảng Ninh": [
        ("Thành phố Uông Bí, Tỉnh Quảng Ninh", "Phường Uông Bí, Phường Vàng Danh, Phường Yên Tử")
    ],
    "12/5 ngõ 3, đường Nguyễn Văn Cừ, P. Hồng Hải, TP Hạ Long": [
        ("Phường Hồng Hải, Thành phố Hạ Long, Tỉnh Quảng Ninh", "Phường Hạ Long")
    ],
    "thôn 3 xã Hải Lạng huyện Tiên Yên": [
        ("Xã Hải Lạng, Huyện Tiên Yên, Tỉnh Quảng Ninh", "Xã Ba Chẽ*, Xã Hải Hòa*, Xã Hải Lạng*")
    ],
    "Hạ Long, Quảng Ninh": [
        ("Thành phố Hạ Long, Tỉnh Quảng Ninh", None),
        ("Phường Hạ Long, Thành phố Quảng Ninh", "Phường Hạ Long"),
        ("Xã Hạ Long, Huyện Vân Đồn, Tỉnh Quảng Ninh", "Đặc khu Vân Đồn"),
    ],
    "xã Hạ Long, Vân Đồn": [("Xã Hạ Long, Huyện Vân Đồn, Tỉnh Quảng Ninh", "Đặc khu Vân Đồn")],
    "huyện Hoành Bồ": [
        (
            "Huyện Hoành Bồ, Tỉnh Quảng Ninh",
            "Phường Hoành Bồ, Xã Quảng La, Xã Thống Nhất, Xã Kỳ Thượng*, Xã Lương Minh*",
        )
    ],
    "huyện Yên Hưng": [
        (
            "Huyện Yên Hưng, Tỉnh Quảng Ninh",
            "Phường Đông Mai, Phường Hà An, Phường Hiệp Hòa, Phường Liên Hòa, Phường Phong Cốc, Phường Quảng Yên",
        )
    ],
    "huyện Đông Triều": [
        (
            "Thành phố Đông Triều, Tỉnh Quảng Ninh",
            "Phường An Sinh, Phường Bình Khê, Phường Đông Triều, Phường Hoàng Quế, Phường Mạo Khê",
        )
    ],
    "tỉnh Bắc Giang": [("Tỉnh Bắc Giang", "Thành phố Bắc Ninh")],
    "tỉnh Quảng Ninh": [("Tỉnh Quảng Ninh", "Thành phố Quảng Ninh")],
    "phường Bến Nghé, Q1, TPHCM": [("Phường Bến Nghé, Quận 1, Thành phố Hồ Chí Minh", "Phường Sài Gòn")],
    "phường Hạ Long, thành phố Quảng Ninh": [("Phường Hạ Long, Thành phố Quảng Ninh", "Phường Hạ Long")],
    "xã Cái Chiên, Hải Hà": [("Xã Cái Chiên, Huyện Hải Hà, Tỉnh Quảng Ninh", "Xã Cái Chiên")],
}


def test_old_addresses(gazetteer):
    for typed, expected in CASES.items():
        found = [
            (r.text, ", ".join(s.unit.name + ("*" if s.partly else "") for s in r.successors))
            for r in queries.understand(typed, NOW)
        ]
        assert [text for text, _ in found] == [text for text, _ in expected], typed
        for (_, successors), (_, wanted) in zip(found, expected, strict=True):
            assert wanted is None or successors == wanted, typed


def test_the_twelve_split_communes_are_never_decided_for_the_buyer(gazetteer):
    split = {
        "phường Đức Chính, Đông Triều": 2, "phường Hà Khẩu, Hạ Long": 2, "xã Đồng Lâm, Hạ Long": 2,
        "xã Hải Lạng, Tiên Yên": 3, "xã Đại Dực, Tiên Yên": 2, "xã Yên Than, Tiên Yên": 2, "xã Vô Ngại, Bình Liêu": 2,
        "phường Trưng Vương, Uông Bí": 2, "xã Quảng Long, Hải Hà": 2, "xã Liên Hòa, Quảng Yên": 2,
        "xã Đông Ngũ, Tiên Yên": 2, "xã Hải Hòa, Cẩm Phả": 2,
    }  # fmt: skip
    for typed, parts in split.items():
        (reading,) = queries.understand(typed, NOW)
        assert len(reading.successors) == parts, typed
        assert all(s.partly for s in reading.successors), typed
        assert not reading.certain
        assert not reading.current


def test_every_old_commune_of_the_province_leads_somewhere(gazetteer):
    old = queries.communes("22", date(2025, 6, 30))
    assert len(old) == 171
    home = {u.code for u in queries.communes("22", NOW)}
    for commune in old:
        readings = queries.understand(queries.display(commune.code, date(2025, 6, 30)), NOW)
        reading = next(r for r in readings if r.unit.code == commune.code)
        assert reading.successors, commune.name
        assert {s.unit.code for s in reading.successors} <= home


def test_recurring_names_are_all_offered(gazetteer):
    for name in ("Hải Hòa", "Đông Ngũ", "Bắc Sơn", "Thanh Sơn", "Hòa Bình"):
        assert len(queries.understand(name, NOW)) >= 2, name
    readings = queries.understand("Vân Đồn", NOW)
    assert {r.unit.level for r in readings} == {Level.DISTRICT, Level.COMMUNE}


def test_what_the_source_does_not_tell_is_called_a_guess(gazetteer):
    (reading,) = queries.understand("P14, Q. Bình Thạnh, TPHCM", NOW)
    assert reading.guessed
    assert not reading.certain
    assert len(reading.successors) == 5


def test_on_a_day_before_the_reform_the_old_units_are_the_present_ones(gazetteer):
    (reading,) = queries.understand("huyện Ba Chẽ", date(2025, 6, 30))
    assert reading.current
    assert reading.certain


NONSENSE = ("", " ", ",,,", "xyzzy", "xã", "phường", "<script>alert(1)</script>", "5", "\x00")


def test_nonsense_is_not_understood(gazetteer):
    for typed in NONSENSE:
        assert queries.understand(typed, NOW) == [], typed


def test_endless_text_costs_little(gazetteer):
    began = time.process_time()
    for typed in ("a" * 100_000, ", ".join(["xã Tân An"] * 5000), "xã " * 5000):
        queries.understand(typed, NOW)
        queries.find(typed, on=NOW)
    assert time.process_time() - began < 5
