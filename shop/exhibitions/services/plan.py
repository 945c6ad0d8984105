"""Commands on the plan of a fair: its hall, zones, types of booths, and what stands where.

Each raises the fair's `plan_version`; whoever changes an older version is refused and loses nothing he has typed or drawn.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import func, select

from shop.exhibitions import plan
from shop.exhibitions.errors import BoothsOverlap, BoothStood, FairChanged, FairMovedOn, PlanPartUsed
from shop.exhibitions.models.allotting import BoothOffer
from shop.exhibitions.models.calls import Application, Stand
from shop.exhibitions.models.fairs import (
    FAIR_LIVE,
    FEATURE_NAMES,
    Booth,
    BoothType,
    Exhibition,
    Feature,
    FeatureKind,
    SubsidyFor,
    Zone,
    ZoneColour,
)
from shop.kernel import audit, web
from shop.kernel.actor import Actor
from shop.kernel.db import after_commit, locked, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.producers.models import Producer

WAYS_IN = (FeatureKind.ENTRANCE, FeatureKind.EXIT)
_LARGEST_SIDE = 40  # cells, of a booth
_CODE = re.compile(r"[^\W_](?:[^\W_]|[ ./-]){0,19}")


@dataclass(frozen=True, slots=True)
class Hall:
    """The grid: cells across, cells down, centimetres of a cell."""

    columns: int
    rows: int
    cell_cm: int


@dataclass(frozen=True, slots=True)
class BoothDraft:
    """One booth. `id` None: a new one."""

    id: int | None
    code: str
    type_id: int
    zone_id: int | None
    x: int
    y: int
    columns: int
    rows: int
    note: str | None = None
    out_of_use: bool = False


@dataclass(frozen=True, slots=True)
class FeatureDraft:
    """One rectangle where nothing is sold. `id` None: a new one."""

    id: int | None
    kind: FeatureKind
    x: int
    y: int
    columns: int
    rows: int
    label: str | None = None
    label_en: str | None = None


@dataclass(frozen=True, slots=True)
class Drawing:
    """All that stands in a hall; what is not in it is removed."""

    hall: Hall
    booths: tuple[BoothDraft, ...]
    features: tuple[FeatureDraft, ...]


@dataclass(frozen=True, slots=True)
class ZoneDraft:
    """A part of the fair. `code` stands on the plan, beside its name."""

    code: str
    name: str
    colour: ZoneColour
    name_en: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class TypeDraft:
    """A kind of booth: size in cells, fee for the whole fair and subsidy in whole đồng, power in watts."""

    name: str
    columns: int
    rows: int
    fee_amount: int
    subsidy_for: SubsidyFor = SubsidyFor.NOBODY
    subsidy_percent: int = 0
    subsidy_most_amount: int | None = None
    min_stars: int = 3
    power_watts: int = 0
    water: bool = False
    cold: bool = False
    makers: int = 1
    name_en: str | None = None


def shape_of_booth(row: Booth | BoothDraft) -> plan.Shape:
    """The rectangle of a booth."""
    return plan.Shape(row.code, row.x, row.y, row.columns, row.rows, booth=True)


def shape_of_feature(row: Feature | FeatureDraft, name: str) -> plan.Shape:
    """The rectangle of anything else, called `name`."""
    return plan.Shape(
        name, row.x, row.y, row.columns, row.rows, aisle=row.kind is FeatureKind.AISLE, way_in=row.kind in WAYS_IN
    )


def drawing(exhibition_id: int) -> tuple[Drawing, int]:
    """The plan as it is, and its version.

    Raises:
        NotFound: there is no such fair.
    """
    row = session().get(Exhibition, exhibition_id)
    if row is None:
        raise NotFound
    return _drawn(row), row.plan_version


def _drawn(row: Exhibition) -> Drawing:
    booths = session().scalars(select(Booth).where(Booth.exhibition_id == row.id).order_by(Booth.id))
    features = session().scalars(select(Feature).where(Feature.exhibition_id == row.id).order_by(Feature.id))
    return Drawing(
        Hall(row.columns, row.rows, row.cell_cm),
        tuple(BoothDraft(**{f.name: getattr(b, f.name) for f in fields(BoothDraft)}) for b in booths),
        tuple(FeatureDraft(**{f.name: getattr(b, f.name) for f in fields(FeatureDraft)}) for b in features),
    )


def check(wanted: Drawing) -> None:
    """Refuse what cannot be drawn.

    Raises:
        Invalid: a hall, booth or feature of no sense, one outside the hall, or two booths of one code.
        BoothsOverlap: two lie on the same cells; the error names both.
    """
    hall = wanted.hall
    for name, value in (("columns", hall.columns), ("rows", hall.rows)):
        if not 8 <= value <= 200:
            raise Invalid(N_("Mặt bằng rộng và dài từ 8 đến 200 ô."), field=name)
    if not 25 <= hall.cell_cm <= 500:
        raise Invalid(N_("Mỗi ô từ 25 đến 500 cm."), field="cell_cm")
    if len(wanted.booths) > plan.MOST_BOOTHS or len(wanted.features) > plan.MOST_FEATURES:
        raise Invalid(N_("Sơ đồ có nhiều nhất %(booths)s gian và %(features)s hình khác."), booths=plan.MOST_BOOTHS,
                      features=plan.MOST_FEATURES)  # fmt: skip
    for booth in wanted.booths:
        if not _CODE.fullmatch(booth.code):
            raise Invalid(
                N_("Mã gian “%(code)s” phải có từ 1 đến 20 chữ, số, dấu chấm, gạch ngang hoặc gạch chéo."),
                field="code",
                code=booth.code,
            )
        if not (1 <= booth.columns <= _LARGEST_SIDE and 1 <= booth.rows <= _LARGEST_SIDE):
            raise Invalid(N_("Gian %(code)s phải rộng và sâu từ 1 đến 40 ô."), field="columns", code=booth.code)
        if len(booth.note or "") > 255:
            raise Invalid(N_("Ghi chú của gian %(code)s dài quá 255 ký tự."), field="note", code=booth.code)
    twice = [code for code, n in Counter(b.code for b in wanted.booths).items() if n > 1]
    if twice:
        raise Invalid(N_("Có hai gian cùng mã %(code)s."), field="code", code=twice[0])
    for feature in wanted.features:
        if len(feature.label or "") > 80 or len(feature.label_en or "") > 80:
            raise Invalid(N_("Tên trên sơ đồ dài quá 80 ký tự."), field="label")
    shapes = [shape_of_booth(b) for b in wanted.booths]
    shapes += [shape_of_feature(f, f.label or FEATURE_NAMES[f.kind]) for f in wanted.features]
    for shape in shapes:
        if not plan.inside(shape, hall.columns, hall.rows):
            raise Invalid(N_("“%(name)s” nằm ngoài mặt bằng."), field="x", name=shape.name)
    for first, second in plan.overlaps(shapes):
        raise BoothsOverlap(first=first.name, second=second.name)


def save(actor: Actor, exhibition_id: int, wanted: Drawing, *, seen: int) -> int:
    """Let the plan be `wanted`; return its new version. `seen`: the version that was changed.

    Raises:
        NotFound: there is no such fair, or a booth or feature is not of this fair.
        FairMovedOn: it is over.
        FairChanged: somebody changed the plan in the meantime.
        Invalid, BoothsOverlap: see `check`; or a zone or type is not of this fair.
        BoothStood: a booth where somebody stands, or stood, would go or be taken out of use.
    """
    with transaction():
        row = _open(exhibition_id, seen)
        check(wanted)
        before = _drawn(row)
        if before == wanted:
            return row.plan_version
        _own(row, wanted)
        told: dict[str, Any] = {}
        if wanted.hall != before.hall:
            told["hall"] = [asdict(before.hall), asdict(wanted.hall)]
            row.columns, row.rows, row.cell_cm = wanted.hall.columns, wanted.hall.rows, wanted.hall.cell_cm
        told |= _booths(row, before.booths, wanted.booths)
        told |= _features(row, before.features, wanted.features)
        return _changed(actor, row, "exhibitions.plan", **told)


def _open(exhibition_id: int, seen: int) -> Exhibition:
    row = locked(Exhibition, exhibition_id, NotFound)
    if row.state not in FAIR_LIVE:
        raise FairMovedOn
    if row.plan_version != seen:
        raise FairChanged
    return row


def _changed(actor: Actor, row: Exhibition, action: str, **told: Any) -> int:
    row.plan_version += 1
    session().flush()
    audit.record(actor, action, f"exhibition:{row.slug}", version=row.plan_version, **told)
    after_commit(web.forget_pages)
    return row.plan_version


def _own(row: Exhibition, wanted: Drawing) -> None:
    """All that the drawing names is of this fair."""
    types = set(session().scalars(select(BoothType.id).where(BoothType.exhibition_id == row.id)))
    zones = set(session().scalars(select(Zone.id).where(Zone.exhibition_id == row.id)))
    for booth in wanted.booths:
        if booth.type_id not in types:
            raise Invalid(N_("Hãy chọn loại của gian %(code)s."), field="type_id", code=booth.code)
        if booth.zone_id is not None and booth.zone_id not in zones:
            raise Invalid(N_("Khu của gian %(code)s không còn nữa."), field="zone_id", code=booth.code)


def _booths(row: Exhibition, before: Sequence[BoothDraft], wanted: Sequence[BoothDraft]) -> dict[str, Any]:
    known = {b.id: b for b in before}
    kept = {b.id: b for b in wanted if b.id is not None}
    if set(kept) - set(known) or len(kept) != sum(b.id is not None for b in wanted):
        raise NotFound
    gone = [b for b in before if b.id not in kept]
    changed = [b for b in wanted if b.id is not None and b != known[b.id]]
    _nobody_stands(gone, changed)
    rows = {b.id: b for b in session().scalars(select(Booth).where(Booth.exhibition_id == row.id))}
    for old in gone:
        session().delete(rows[old.id or 0])
    # Codes may be exchanged: those that change step aside first, for each code is one booth's at any moment.
    for new in changed:
        if new.code != known[new.id].code:
            rows[new.id or 0].code = f"~{new.id}"
    session().flush()
    for new in changed:
        for field in fields(BoothDraft):
            setattr(rows[new.id or 0], field.name, getattr(new, field.name))
    session().flush()
    made = [b for b in wanted if b.id is None]
    for new in made:
        session().add(Booth(exhibition_id=row.id, **(asdict(new) | {"id": None})))
    told = {
        "added": [b.code for b in made],
        "removed": [b.code for b in gone],
        "changed": [_difference(known[b.id], b) for b in changed],
    }
    return {what: found for what, found in told.items() if found}


def _difference(old: BoothDraft, new: BoothDraft) -> dict[str, Any]:
    both, now = asdict(old), asdict(new)
    return {"code": old.code} | {key: [both[key], now[key]] for key in both if both[key] != now[key]}


def _nobody_stands(gone: Sequence[BoothDraft], changed: Sequence[BoothDraft]) -> None:
    """No booth goes where somebody stands or stood; none is closed, or made smaller than its makers, under them."""
    ids = [b.id for b in (*gone, *changed)]
    if not ids:
        return
    who = (
        session()
        .execute(
            select(Stand.booth_id, Stand.ended_at, Producer.name)
            .join(Producer, Producer.id == Stand.producer_id)
            .where(Stand.booth_id.in_(ids))
            .order_by(Stand.ended_at.is_not(None), Stand.id)
        )
        .all()
    )
    points = set(
        session().scalars(select(Booth.id).where(Booth.id.in_([b.id for b in gone]), Booth.point_id.is_not(None)))
    )
    offered = set(session().scalars(select(BoothOffer.booth_id).where(BoothOffer.booth_id.in_([b.id for b in gone]))))
    for booth in gone:
        if booth.id in offered:
            raise BoothStood(
                N_("Gian %(code)s từng được mời một cơ sở nên không xóa được; hãy đánh dấu không dùng."),
                code=booth.code,
            )
        for _id, ended_at, name in (found for found in who if found.booth_id == booth.id):
            if ended_at is None:
                raise BoothStood(code=booth.code, name=name)
            raise BoothStood(
                N_("Gian %(code)s từng có cơ sở đứng nên không xóa được; hãy đánh dấu không dùng."), code=booth.code
            )
        if booth.id in points:
            raise BoothStood(N_("Gian %(code)s đã có điểm bán nên không xóa được."), code=booth.code)
    living = Counter(found.booth_id for found in who if found.ended_at is None)
    makers = {
        t.id: t.makers
        for t in session().scalars(select(BoothType).where(BoothType.id.in_([b.type_id for b in changed])))
    }
    for booth in changed:
        here = living[booth.id]
        if here and booth.out_of_use:
            name = next(found.name for found in who if found.booth_id == booth.id)
            raise BoothStood(code=booth.code, name=name)
        if here > makers.get(booth.type_id, here):
            raise BoothStood(N_("Gian %(code)s có %(n)s cơ sở đứng chung, nhiều hơn loại gian mới cho phép."), code=booth.code,
                             n=here)  # fmt: skip


def _features(row: Exhibition, before: Sequence[FeatureDraft], wanted: Sequence[FeatureDraft]) -> dict[str, Any]:
    known = {f.id: f for f in before}
    kept = {f.id: f for f in wanted if f.id is not None}
    if set(kept) - set(known) or len(kept) != sum(f.id is not None for f in wanted):
        raise NotFound
    rows = {f.id: f for f in session().scalars(select(Feature).where(Feature.exhibition_id == row.id))}
    gone = [f for f in before if f.id not in kept]
    for old in gone:
        session().delete(rows[old.id or 0])
    changed = [f for f in kept.values() if f != known[f.id]]
    for new in changed:
        for field in fields(FeatureDraft):
            setattr(rows[new.id or 0], field.name, getattr(new, field.name))
    made = [f for f in wanted if f.id is None]
    for new in made:
        session().add(Feature(exhibition_id=row.id, **(asdict(new) | {"id": None})))
    counts = {"features_added": len(made), "features_removed": len(gone), "features_changed": len(changed)}
    return {what: n for what, n in counts.items() if n}


# --- zones and types ---------------------------------------------------------------------------------------------


def _one(kind: type[Any], exhibition_id: int, row_id: int) -> Any:
    found = session().get(kind, row_id, populate_existing=True)
    if found is None or found.exhibition_id != exhibition_id:
        raise NotFound
    return found


def _write(row: Any, draft: Any) -> dict[str, Any]:
    changes = {}
    for field in fields(draft):
        before, now = getattr(row, field.name), getattr(draft, field.name)
        if before != now:
            changes[field.name] = [before, now]
            setattr(row, field.name, now)
    return changes


def _taken(kind: type[Any], column: Any, exhibition_id: int, value: str, but: int | None) -> bool:
    found = session().scalar(select(kind.id).where(kind.exhibition_id == exhibition_id, column == value))
    return found is not None and found != but


def put_zone(actor: Actor, exhibition_id: int, zone_id: int | None, draft: ZoneDraft, *, seen: int) -> int:
    """Add a zone (`zone_id` None) or change one; return its id.

    Raises:
        NotFound: there is no such fair or zone of it.
        FairMovedOn, FairChanged: as in `save`.
        Invalid: the draft breaks a rule; the error names the field.
    """
    if not 1 <= len(draft.code) <= 20:
        raise Invalid(N_("Mã khu phải có từ 1 đến 20 ký tự."), field="code")
    if not 1 <= len(draft.name) <= 255:
        raise Invalid(N_("Hãy ghi tên khu."), field="name")
    with transaction():
        row = _open(exhibition_id, seen)
        if _taken(Zone, Zone.code, row.id, draft.code, zone_id):
            raise Invalid(N_("Đã có khu mang mã này."), field="code")
        zone = _one(Zone, row.id, zone_id) if zone_id else Zone(exhibition_id=row.id)
        changes = _write(zone, draft)
        session().add(zone)
        session().flush()
        _changed(actor, row, "exhibitions.zone", zone=draft.code, changes=changes)
        return int(zone.id)


def remove_zone(actor: Actor, exhibition_id: int, zone_id: int, *, seen: int) -> None:
    """Remove a zone that no booth and no application names.

    Raises:
        NotFound, FairMovedOn, FairChanged: as in `put_zone`.
        PlanPartUsed: something names it.
    """
    with transaction():
        row = _open(exhibition_id, seen)
        zone = _one(Zone, row.id, zone_id)
        if _count(Booth.zone_id == zone_id) or _count(Application.zone_id == zone_id):
            raise PlanPartUsed(name=zone.name)
        session().delete(zone)
        _changed(actor, row, "exhibitions.zone-remove", zone=zone.code)


def _count(condition: Any) -> int:
    return session().scalar(select(func.count()).where(condition)) or 0


def _check_type(draft: TypeDraft) -> None:
    if not 1 <= len(draft.name) <= 80:
        raise Invalid(N_("Hãy ghi tên loại gian, không quá 80 ký tự."), field="name")
    for name in ("columns", "rows"):
        if not 1 <= getattr(draft, name) <= _LARGEST_SIDE:
            raise Invalid(N_("Gian phải rộng và sâu từ 1 đến 40 ô."), field=name)
    if draft.fee_amount < 0:
        raise Invalid(N_("Phí không được âm."), field="fee_amount")
    if not 0 <= draft.subsidy_percent <= 100:
        raise Invalid(N_("Mức hỗ trợ từ 0 đến 100%%."), field="subsidy_percent")
    if (draft.subsidy_for is SubsidyFor.NOBODY) != (draft.subsidy_percent == 0):
        raise Invalid(
            N_("Hãy ghi cả đối tượng và mức hỗ trợ, hoặc không hỗ trợ ai với mức 0."), field="subsidy_percent"
        )
    if draft.subsidy_most_amount is not None and draft.subsidy_most_amount < 0:
        raise Invalid(N_("Mức cao nhất không được âm."), field="subsidy_most_amount")
    if not 3 <= draft.min_stars <= 5:
        raise Invalid(N_("Số sao từ 3 đến 5."), field="min_stars")
    if not 0 <= draft.power_watts <= 100_000:
        raise Invalid(N_("Công suất điện từ 0 đến 100.000 W."), field="power_watts")
    if not 1 <= draft.makers <= 12:
        raise Invalid(N_("Một gian có từ 1 đến 12 cơ sở."), field="makers")


def put_type(actor: Actor, exhibition_id: int, type_id: int | None, draft: TypeDraft, *, seen: int) -> int:
    """Add a type of booths (`type_id` None) or change one; return its id. Booths drawn before keep their size, fees given
    before stay as they were.

    Raises:
        NotFound: there is no such fair or type of it.
        FairMovedOn, FairChanged: as in `save`.
        Invalid: the draft breaks a rule; the error names the field.
    """
    _check_type(draft)
    with transaction():
        row = _open(exhibition_id, seen)
        if _taken(BoothType, BoothType.name, row.id, draft.name, type_id):
            raise Invalid(N_("Đã có loại gian mang tên này."), field="name")
        kind = _one(BoothType, row.id, type_id) if type_id else BoothType(exhibition_id=row.id)
        if type_id and draft.makers < (most := _most_makers(type_id)):
            raise Invalid(N_("Có gian loại này đang có %(n)s cơ sở."), field="makers", n=most)
        changes = _write(kind, draft)
        session().add(kind)
        session().flush()
        _changed(actor, row, "exhibitions.type", type=draft.name, changes=changes)
        return int(kind.id)


def _most_makers(type_id: int) -> int:
    """How many stand in the fullest booth of the type."""
    counts = session().scalars(
        select(func.count(Stand.id))
        .join(Booth, Booth.id == Stand.booth_id)
        .where(Booth.type_id == type_id, Stand.ended_at.is_(None))
        .group_by(Stand.booth_id)
    )
    return max(counts, default=0)


def remove_type(actor: Actor, exhibition_id: int, type_id: int, *, seen: int) -> None:
    """Remove a type that no booth and no application names.

    Raises:
        NotFound, FairMovedOn, FairChanged: as in `put_type`.
        PlanPartUsed: something names it.
    """
    with transaction():
        row = _open(exhibition_id, seen)
        kind = _one(BoothType, row.id, type_id)
        if _count(Booth.type_id == type_id) or _count(Application.type_id == type_id):
            raise PlanPartUsed(name=kind.name)
        session().delete(kind)
        _changed(actor, row, "exhibitions.type-remove", type=kind.name)
