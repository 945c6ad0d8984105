"""The plan's forms: what a browser sends, as drawing or as fields → `services.plan` drafts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from flask_babel import gettext

from shop.exhibitions.drawn import Drawn
from shop.exhibitions.models.fairs import FEATURE_NAMES, FeatureKind, SubsidyFor, ZoneColour
from shop.exhibitions.plan import Direction, row
from shop.exhibitions.services.plan import BoothDraft, Drawing, FeatureDraft, Hall, TypeDraft, ZoneDraft
from shop.kernel import money, text
from shop.kernel.errors import N_, Invalid

# A drawing of the largest hall is a fifth of this.
LARGEST = 512 * 1024
_UNREADABLE = N_("Sơ đồ gửi lên không đọc được.")


def whole(raw: str | None, field: str, *, low: int = 0, high: int = 10**9, empty: int | None = None) -> int:
    """The whole number in a field.

    Raises:
        Invalid: it is none, or out of bounds.
    """
    raw = (raw or "").strip()
    if not raw and empty is not None:
        return empty
    digits = raw.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 12):
        raise Invalid(N_("Hãy ghi một số nguyên."), field=field)
    if not low <= int(raw) <= high:
        raise Invalid(N_("Hãy ghi số từ %(low)s đến %(high)s."), field=field, low=low, high=high)
    return int(raw)


def amount(raw: str | None, field: str) -> int | None:
    """Whole đồng as people write them; None: nothing was written.

    Raises:
        Invalid: no amount.
    """
    if not (raw or "").strip():
        return None
    try:
        return money.parse_vnd(raw or "")
    except Invalid as error:
        raise Invalid(error.title, field=field, **error.values) from error


def line(raw: str | None) -> str:
    """One clean line."""
    return text.clean(raw or "").replace("\n", " ")


def read(sent: str) -> tuple[Drawing, int]:
    """The drawing that the editor sends, and the version that it was drawn on.

    Raises:
        Invalid: it is no drawing.
    """
    if len(sent) > LARGEST:
        raise Invalid(_UNREADABLE)
    try:
        told = json.loads(sent)
        found = Drawing(
            Hall(_int(told["columns"]), _int(told["rows"]), _int(told["cell_cm"])),
            tuple(_booth(b) for b in told["booths"]),
            tuple(_feature(f) for f in told["features"]),
        )
        return found, _int(told["version"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Invalid(_UNREADABLE) from error


def _int(value: Any) -> int:
    if type(value) is not int or abs(value) >= 2**53:
        raise TypeError(value)
    return value


def _id(value: Any) -> int | None:
    return None if value is None else _int(value)


def _str(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or "\x00" in value:
        raise TypeError(value)
    return line(value) or None


def _sides(told: Mapping[str, Any]) -> dict[str, int]:
    return {side: _int(told[side]) for side in ("x", "y", "columns", "rows")}


def _booth(told: Mapping[str, Any]) -> BoothDraft:
    if not isinstance(told["out_of_use"], bool):
        raise TypeError(told)
    return BoothDraft(
        _id(told["id"]), _str(told["code"]) or "", _int(told["type_id"]), _id(told["zone_id"]), **_sides(told),
        note=_str(told["note"]), out_of_use=told["out_of_use"],
    )  # fmt: skip


def _feature(told: Mapping[str, Any]) -> FeatureDraft:
    return FeatureDraft(
        _id(told["id"]), FeatureKind(told["kind"]), **_sides(told), label=_str(told["label"]), label_en=_str(told["label_en"])
    )  # fmt: skip


def written(drawn: Drawn) -> dict[str, Any]:
    """What the editor begins with: the drawing, its version, and the words it needs."""
    fair = drawn.fair
    return {
        "version": fair.plan_version,
        "columns": fair.columns,
        "rows": fair.rows,
        "cell_cm": fair.cell_cm,
        "booths": [
            {
                "id": b.row.id, "code": b.row.code, "type_id": b.row.type_id, "zone_id": b.row.zone_id, "x": b.row.x,
                "y": b.row.y, "columns": b.row.columns, "rows": b.row.rows, "note": b.row.note,
                "out_of_use": b.row.out_of_use, "makers": [m.name for m in b.makers],
            }
            for b in drawn.booths
        ],
        "features": [
            {
                "id": f.row.id, "kind": f.row.kind.value, "x": f.row.x, "y": f.row.y, "columns": f.row.columns,
                "rows": f.row.rows, "label": f.row.label, "label_en": f.row.label_en,
            }
            for f in drawn.features
        ],
        "types": [{"id": t.id, "name": t.name, "columns": t.columns, "rows": t.rows} for t in drawn.types],
        "zones": [{"id": z.row.id, "name": z.name, "colour": z.row.colour.value, "hatch": z.hatch} for z in drawn.zones],
        "kinds": {kind.value: gettext(name) for kind, name in FEATURE_NAMES.items()},
    }  # fmt: skip


# --- without a script: one form, one change of the drawing --------------------------------------------------------


Fields = Mapping[str, str]


def hall(before: Drawing, sent: Fields) -> Drawing:
    """`before` in a hall of another size.

    Raises:
        Invalid: a field is no number.
    """
    sizes = [whole(sent.get(name), name, low=low, high=high) for name, low, high in _HALL]
    return Drawing(Hall(*sizes), before.booths, before.features)


_HALL = (("columns", 8, 200), ("rows", 8, 200), ("cell_cm", 25, 500))


def _place(sent: Fields) -> dict[str, int]:
    # People count columns and rows from one.
    return {
        "x": whole(sent.get("x"), "x", low=1, high=200) - 1,
        "y": whole(sent.get("y"), "y", low=1, high=200) - 1,
        "columns": whole(sent.get("columns"), "columns", low=1, high=200),
        "rows": whole(sent.get("rows"), "rows", low=1, high=200),
    }


def _key(sent: Fields, field: str) -> int | None:
    raw = sent.get(field, "").strip()
    return whole(raw, field, low=1, high=10**12) if raw else None


def booth(before: Drawing, sent: Fields) -> Drawing:
    """`before` with one booth added or changed.

    Raises:
        Invalid: a field makes no sense.
    """
    row_id, type_id = _key(sent, "id"), _key(sent, "type_id")
    if type_id is None:
        raise Invalid(N_("Hãy chọn loại gian."), field="type_id")
    made = BoothDraft(
        row_id, line(sent.get("code")), type_id, _key(sent, "zone_id"), **_place(sent), note=line(sent.get("note")) or None,
        out_of_use="out_of_use" in sent,
    )  # fmt: skip
    booths = [made if b.id == row_id else b for b in before.booths] if row_id else [*before.booths, made]
    return Drawing(before.hall, tuple(booths), before.features)


def feature(before: Drawing, sent: Fields) -> Drawing:
    """`before` with one aisle, stage … added or changed.

    Raises:
        Invalid: a field makes no sense.
    """
    row_id = _key(sent, "id")
    try:
        kind = FeatureKind(sent.get("kind", ""))
    except ValueError as error:
        raise Invalid(N_("Hãy chọn loại hình."), field="kind") from error
    made = FeatureDraft(
        row_id, kind, **_place(sent), label=line(sent.get("label")) or None, label_en=line(sent.get("label_en")) or None
    )
    features = [made if f.id == row_id else f for f in before.features] if row_id else [*before.features, made]
    return Drawing(before.hall, before.booths, tuple(features))


def booth_row(before: Drawing, sent: Fields) -> Drawing:
    """`before` with a row of new booths.

    Raises:
        Invalid: a field makes no sense.
    """
    type_id = _key(sent, "type_id")
    if type_id is None:
        raise Invalid(N_("Hãy chọn loại gian."), field="type_id")
    try:
        direction = Direction(sent.get("direction", ""))
    except ValueError as error:
        raise Invalid(N_("Hãy chọn hướng của dãy."), field="direction") from error
    shapes = row(
        line(sent.get("first"))[:20],
        whole(sent.get("count"), "count", low=1, high=100),
        direction=direction,
        gap=whole(sent.get("gap"), "gap", high=50, empty=0),
        step=whole(sent.get("step"), "step", low=1, high=2, empty=1),
        **_place(sent),
    )
    zone_id = _key(sent, "zone_id")
    made = [BoothDraft(None, s.name, type_id, zone_id, s.x, s.y, s.columns, s.rows) for s in shapes]
    return Drawing(before.hall, (*before.booths, *made), before.features)


def without(before: Drawing, sent: Fields) -> Drawing:
    """`before` without the booth or feature that `what` names (`booth:12`)."""
    what, _, key = sent.get("what", "").partition(":")
    row_id = whole(key, "what", low=1, high=10**12)
    return Drawing(
        before.hall,
        tuple(b for b in before.booths if what != "booth" or b.id != row_id),
        tuple(f for f in before.features if what != "feature" or f.id != row_id),
    )


CHANGES: dict[str, Callable[[Drawing, Fields], Drawing]] = {
    "hall": hall,
    "booth": booth,
    "feature": feature,
    "row": booth_row,
    "remove": without,
}


def zone(sent: Fields) -> tuple[int | None, ZoneDraft]:
    """Which zone (None: a new one), and what it shall be.

    Raises:
        Invalid: a field makes no sense.
    """
    try:
        colour = ZoneColour(sent.get("colour", ""))
    except ValueError as error:
        raise Invalid(N_("Hãy chọn màu."), field="colour") from error
    return _key(sent, "id"), ZoneDraft(
        line(sent.get("code")), line(sent.get("name"))[:300], colour, line(sent.get("name_en"))[:255] or None,
        text.clean(sent.get("note", ""))[:2000] or None,
    )  # fmt: skip


def booth_type(sent: Fields) -> tuple[int | None, TypeDraft]:
    """Which type of booths (None: a new one), and what it shall be.

    Raises:
        Invalid: a field makes no sense.
    """
    try:
        whom = SubsidyFor(sent.get("subsidy_for", ""))
    except ValueError as error:
        raise Invalid(N_("Hãy chọn đối tượng hỗ trợ."), field="subsidy_for") from error
    fee = amount(sent.get("fee_amount"), "fee_amount")
    if fee is None:
        raise Invalid(N_("Hãy ghi phí; không thu phí thì ghi 0."), field="fee_amount")
    return _key(sent, "id"), TypeDraft(
        name=line(sent.get("name")),
        name_en=line(sent.get("name_en"))[:80] or None,
        columns=whole(sent.get("columns"), "columns", low=1, high=40),
        rows=whole(sent.get("rows"), "rows", low=1, high=40),
        fee_amount=fee,
        subsidy_for=whom,
        subsidy_percent=whole(sent.get("subsidy_percent"), "subsidy_percent", high=100, empty=0),
        subsidy_most_amount=amount(sent.get("subsidy_most_amount"), "subsidy_most_amount"),
        min_stars=whole(sent.get("min_stars"), "min_stars", low=3, high=5, empty=3),
        power_watts=whole(sent.get("power_watts"), "power_watts", high=100_000, empty=0),
        water="water" in sent,
        cold="cold" in sent,
        makers=whole(sent.get("makers"), "makers", low=1, high=12, empty=1),
    )


def as_fields(draft: Any) -> dict[str, Any]:
    """A draft or row as the form's fields show it."""
    told = asdict(draft)
    return told | {"x": told["x"] + 1, "y": told["y"] + 1} if "x" in told else told
