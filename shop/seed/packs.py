"""The shapes that demo goods are packed in (`data/packs.csv`): names, net content, gross weight and size for freight."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"


def lines(name: str) -> Iterator[dict[str, str]]:
    """The rows of one of the data files."""
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of pack. Weight (with packaging) in grams, sizes in millimetres, content in UN/ECE units."""

    pack: str
    pack_en: str
    net_content: Decimal | None
    net_unit: str | None
    weight_g: int
    length_mm: int
    width_mm: int
    height_mm: int

    def facts(self) -> dict[str, Any]:
        """The columns of a variant that the shape gives."""
        return {name: getattr(self, name) for name in self.__slots__}


@cache
def shapes() -> dict[str, Shape]:
    """All shapes by their short name."""
    return {
        row["shape"]: Shape(
            pack=row["pack"],
            pack_en=row["pack_en"],
            net_content=Decimal(row["net_content"]) if row["net_content"] else None,
            net_unit=row["net_unit"] or None,
            weight_g=int(row["weight_g"]),
            length_mm=int(row["length_mm"]),
            width_mm=int(row["width_mm"]),
            height_mm=int(row["height_mm"]),
        )
        for row in lines("packs.csv")
    }
