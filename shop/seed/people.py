"""Buyers who do not exist: common names, numbers of one closed block (090 000 ….), places from the list of communes."""

from __future__ import annotations

import random
from dataclasses import dataclass

from shop.places import queries as places

_FAMILY = (
    "Nguyễn",
    "Trần",
    "Lê",
    "Phạm",
    "Hoàng",
    "Vũ",
    "Bùi",
    "Đỗ",
    "Ngô",
    "Đặng",
    "Dương",
    "Lý",
    "Đinh",
    "Phan",
    "Hà",
)
_WOMEN = (
    ("Thị", "Thu", "Ngọc", "Thanh", "Minh", "Bích", "Kim", "Hồng"),
    (
        "Lan",
        "Hương",
        "Mai",
        "Hoa",
        "Hạnh",
        "Trang",
        "Thảo",
        "Yến",
        "Nga",
        "Huệ",
        "Linh",
        "Phương",
        "Thủy",
        "Vân",
        "Hà",
        "Nhung",
    ),
)
_MEN = (
    ("Văn", "Đức", "Quang", "Minh", "Hữu", "Xuân", "Ngọc", "Anh"),
    (
        "Nam",
        "Hùng",
        "Dũng",
        "Tuấn",
        "Sơn",
        "Hải",
        "Long",
        "Thành",
        "Việt",
        "Cường",
        "Khánh",
        "Phúc",
        "Bình",
        "Toàn",
        "Trung",
    ),
)
_STREETS = (
    "Trần Phú",
    "Lê Lợi",
    "Nguyễn Du",
    "Hai Bà Trưng",
    "Quang Trung",
    "Lý Thường Kiệt",
    "Hoàng Hoa Thám",
    "Bạch Đằng",
)
# Where buyers live: code of the province and weight.
_PROVINCES = {"22": 46, "01": 22, "31": 10, "33": 4, "24": 4, "25": 3, "37": 3, "79": 5, "48": 2, "40": 1}


@dataclass(frozen=True, slots=True)
class Person:
    """A made-up buyer. Phone in E.164; places as codes and names."""

    name: str
    phone: str
    email: str | None
    province_code: str
    province_name: str
    commune_code: str
    commune_name: str
    street: str


def crowd(rng: random.Random, count: int) -> list[Person]:
    """`count` buyers, the first ones those who buy most."""
    provinces = {unit.code: unit for unit in places.provinces()}
    weights = {code: weight for code, weight in _PROVINCES.items() if code in provinces}
    communes = {code: places.communes(code) for code in weights}
    made = []
    for n in range(count):
        middle, given = _WOMEN if rng.random() < 0.62 else _MEN
        name = f"{rng.choice(_FAMILY)} {rng.choice(middle)} {rng.choice(given)}"
        code = rng.choices(list(weights), list(weights.values()))[0]
        commune = rng.choice(communes[code])
        made.append(
            Person(
                name=name,
                phone=f"+8490000{n + 100:04d}",
                email=f"khach{n + 1:03d}@example.vn" if rng.random() < 0.3 else None,
                province_code=code,
                province_name=provinces[code].name,
                commune_code=commune.code,
                commune_name=commune.name,
                street=f"Số {rng.randrange(1, 180)}, đường {rng.choice(_STREETS)} (địa chỉ minh họa)",
            )
        )
    return made
