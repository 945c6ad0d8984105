"""Figures that are written of fairs, grouped so that what differs stands side by side."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import select

from shop.exhibitions.models.closing import FairReport
from shop.exhibitions.models.records import MONEY_FIGURES, Figure, FigureKind
from shop.kernel import charts, wording
from shop.kernel.db import session
from shop.kernel.money import vnd


@dataclass(frozen=True, slots=True)
class Told:
    """A figure as it is shown: its text (whole đồng with their sign), its sources as (address, name)."""

    row: Figure
    text: str
    sources: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """All that sources write of one thing; `differ`: they do not agree on it."""

    what: FigureKind
    figures: tuple[Told, ...]
    differ: bool


def _told(row: Figure) -> Told:
    digits = "".join(sign for sign in row.text if sign.isdecimal())
    text = row.text
    if row.what in MONEY_FIGURES and row.value is not None and digits == str(row.value):
        text = vnd(row.value)
    addresses = [part.strip() for part in (row.source_url or "").split(" ; ") if part.strip()]
    return Told(row, text, tuple((url, urlsplit(url).netloc.removeprefix("www.")) for url in addresses))


def of(exhibition_id: int) -> list[Group]:
    """The figures of a fair by what they count, in the order of `FigureKind`."""
    found = session().scalars(select(Figure).where(Figure.exhibition_id == exhibition_id).order_by(Figure.id))
    kinds: dict[FigureKind, list[Told]] = {}
    for row in found:
        kinds.setdefault(row.what, []).append(_told(row))
    return [Group(kind, tuple(kinds[kind]), _differ(kinds[kind])) for kind in FigureKind if kind in kinds]


def _differ(told: list[Told]) -> bool:
    """Whether two sources give one thing different numbers: of locality and other figures, only under one label."""
    by_label: dict[str | None, set[int | str]] = {}
    for one in told:
        labelled = one.row.what in (FigureKind.LOCALITY_TURNOVER, FigureKind.OTHER)
        value = one.row.value if one.row.value is not None else one.row.text
        by_label.setdefault(one.row.label if labelled else None, set()).add(value)
    return any(len(values) > 1 for values in by_label.values())


# What a card of the list shows.
ON_CARDS = (FigureKind.BOOTHS, FigureKind.PRODUCTS, FigureKind.VISITORS, FigureKind.TURNOVER)


def cards(exhibition_ids: Collection[int]) -> dict[int, list[tuple[FigureKind, str]]]:
    """For each fair what its card shows: what its own frozen report says; else what sources write, each of their figures where
    they differ, those of a part with the words of what they are of."""
    if not exhibition_ids:
        return {}
    own = _reported(exhibition_ids)
    rows = session().scalars(
        select(Figure).where(Figure.exhibition_id.in_(exhibition_ids), Figure.what.in_(ON_CARDS)).order_by(Figure.id)
    )
    found: dict[int, dict[FigureKind, list[str]]] = {}
    for row in rows:
        texts = found.setdefault(row.exhibition_id, {}).setdefault(row.what, [])
        text = _told(row).text
        if label := (row.label_en if wording.language() == "en" and row.label_en else row.label):
            text = f"{text} ({label})"
        if text not in texts:
            texts.append(text)
    return {
        key: [(kind, " · ".join(kinds[kind])) for kind in ON_CARDS if kind in kinds] for key, kinds in found.items()
    } | own


def _reported(exhibition_ids: Collection[int]) -> dict[int, list[tuple[FigureKind, str]]]:
    """What the last frozen reports of these fairs say of it."""
    reports = session().scalars(
        select(FairReport).where(FairReport.exhibition_id.in_(exhibition_ids)).order_by(FairReport.number)
    )
    found = {}
    for report in reports:
        sums = report.figures["sums"]
        cells = [
            (FigureKind.BOOTHS, charts.number(sums["booths"])),
            (FigureKind.VISITORS, charts.number(sums["visitors"]) if sums["visitors"] is not None else ""),
            (FigureKind.TURNOVER, vnd(sums["turnover"])),
        ]
        found[report.exhibition_id] = [(kind, text) for kind, text in cells if text]
    return found
