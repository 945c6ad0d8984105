"""What the rule of a fair is worked out from, and what it gives: read whole, nothing written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from shop.exhibitions import allot, fees
from shop.exhibitions.allot import Applicant, Arrangement, Edit, Place, QuotaKind, Result, Rule
from shop.exhibitions.models.allotting import AllotmentEdit, ExhibitionRule
from shop.exhibitions.models.calls import Application, ApplicationGoods, ApplicationState, Endorsement, PapersState
from shop.exhibitions.models.fairs import Booth, BoothType, Exhibition
from shop.exhibitions.queries import papers, past
from shop.kernel.db import in_batches, session
from shop.producers.models import Producer

A = ApplicationState
# The quota of producers from other provinces.
OUTSIDE = "other"
# Who takes part when booths are given out.
TAKES_PART = (A.SUBMITTED, A.WAITING)


def rule_row(exhibition_id: int) -> ExhibitionRule | None:
    """The rule of a fair and its seed; None before the call was announced or anything was set."""
    return session().get(ExhibitionRule, exhibition_id)


def rule_of(row: ExhibitionRule | None) -> Rule:
    """The rule as it is set, else the usual one."""
    return read_rule(row.settings) if row is not None else Rule()


def read_rule(kept: Mapping[str, Any]) -> Rule:
    """A rule from how it is kept."""
    return Rule(
        quotas={str(k): int(v) for k, v in kept.get("quotas", {}).items()},
        quota_kind=QuotaKind(kept.get("quota_kind", QuotaKind.NUMBER)),
        stars=int(kept.get("stars", 50)),
        past=int(kept.get("past", 30)),
        draw=int(kept.get("draw", 20)),
        endorsed_first=bool(kept.get("endorsed_first", False)),
    )


def kept_rule(rule: Rule) -> dict[str, Any]:
    """A rule as it is kept."""
    return {
        "quotas": dict(sorted(rule.quotas.items())),
        "quota_kind": rule.quota_kind.value,
        "stars": rule.stars,
        "past": rule.past,
        "draw": rule.draw,
        "endorsed_first": rule.endorsed_first,
    }


@dataclass(frozen=True, slots=True)
class Asker:
    """An application that takes part, with what its page and letters say of it. `locality`: by which quota (the commune's
    code, `OUTSIDE`, or empty where the commune is not known)."""

    row: Application
    producer_name: str
    producer_slug: str
    province_code: str | None
    locality: str
    stars: int
    goods: int
    unchecked: int


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that decides, read at one moment. `without_goods`: applications whose goods were all refused."""

    fair: Exhibition
    askers: Mapping[str, Asker]
    applicants: tuple[Applicant, ...]
    places: tuple[Place, ...]
    booths: Mapping[int, Booth]
    types: Mapping[int, BoothType]
    without_goods: tuple[Asker, ...]

    @property
    def unchecked(self) -> int:
        """Packs whose papers nobody has checked."""
        return sum(a.unchecked for a in (*self.askers.values(), *self.without_goods))


def fee_of(fair: Exhibition, kind: BoothType, province_code: str | None, stars: int) -> tuple[int, int]:
    """(fee, subsidy) in đồng of a booth of this type for one producer of that province: of a shared booth each maker bears an
    equal part. `stars`: the best that hold on every day of the fair among what he brings (0: none)."""
    found = fees.fee(kind, in_province=province_code == fair.province_code, stars=stars)
    return found.fee_amount // kind.makers, found.subsidy_amount // kind.makers


def stars_of(fair: Exhibition, application_ids: Sequence[int]) -> dict[int, int]:
    """The best stars that hold on every day of the fair among the goods of each application, refused ones aside."""
    goods: list[tuple[int, int]] = []
    for batch in in_batches(sorted(application_ids)):
        rows = session().execute(
            select(ApplicationGoods.application_id, ApplicationGoods.variant_id).where(
                ApplicationGoods.application_id.in_(batch), ApplicationGoods.papers != PapersState.REFUSED
            )
        )
        goods += [(application_id, variant_id) for application_id, variant_id in rows]
    known = papers.of_packs(fair, [v for _a, v in goods])
    found = dict.fromkeys(application_ids, 0)
    for application_id, variant_id in goods:
        found[application_id] = max(found[application_id], known[variant_id].stars)
    return found


def inputs(fair: Exhibition) -> Inputs:
    """Read what decides at this fair. A fixed number of statements."""
    s = session()
    rows = s.execute(
        select(Application, Producer.name, Producer.slug, Producer.province_code)
        .join(Producer, Producer.id == Application.producer_id)
        .where(Application.exhibition_id == fair.id, Application.state.in_(TAKES_PART))
        .order_by(Application.id)
    ).all()
    counts = _goods([row.id for row, *_x in rows])
    stars = stars_of(fair, [row.id for row, *_x in rows])
    known = past.of_producers({row.producer_id for row, *_x in rows})
    askers, bare = {}, []
    for row, name, slug, province in rows:
        away = province is not None and province != fair.province_code
        good, unchecked = counts.get(row.id, (0, 0))
        asker = Asker(
            row, name, slug, province, OUTSIDE if away else row.locality_code or "", stars[row.id], good,
            unchecked,
        )  # fmt: skip
        if good:
            askers[row.reference] = asker
        else:
            bare.append(asker)
    booths = {
        b.id: b for b in s.scalars(select(Booth).where(Booth.exhibition_id == fair.id).order_by(Booth.id))
    }  # fmt: skip
    types = {t.id: t for t in s.scalars(select(BoothType).where(BoothType.exhibition_id == fair.id))}
    places = tuple(
        Place(b.id, b.code, t.id, b.zone_id, t.makers, t.power_watts, water=t.water, cold=t.cold)
        for b in booths.values()
        if not b.out_of_use and (t := types[b.type_id])
    )
    applicants = tuple(
        Applicant(
            reference,
            a.locality,
            a.stars,
            known[a.row.producer_id].past if a.row.producer_id in known else None,
            endorsed=a.row.endorsement is Endorsement.YES,
            power_watts=a.row.power_watts,
            water=a.row.water,
            cold=a.row.cold,
            type_id=a.row.type_id,
            zone_id=a.row.zone_id,
        )
        for reference, a in askers.items()
    )
    return Inputs(fair, askers, applicants, places, booths, types, tuple(bare))


def _goods(application_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """(packs that may be shown, packs nobody has checked) by application."""
    found: dict[int, tuple[int, int]] = {}
    for batch in in_batches(sorted(application_ids)):
        rows = session().execute(
            select(ApplicationGoods.application_id, ApplicationGoods.papers).where(
                ApplicationGoods.application_id.in_(batch)
            )
        )
        for application_id, state in rows:
            good, unchecked = found.get(application_id, (0, 0))
            found[application_id] = (
                good + (state is not PapersState.REFUSED),
                unchecked + (state is PapersState.UNCHECKED),
            )
    return found


def edits(exhibition_id: int) -> list[AllotmentEdit]:
    """The changes by hand to the booths of a fair that hold, first to last."""
    rows = select(AllotmentEdit).where(AllotmentEdit.exhibition_id == exhibition_id, AllotmentEdit.undone_at.is_(None))
    return list(session().scalars(rows.order_by(AllotmentEdit.id)))


def told_edits(exhibition_id: int) -> list[tuple[AllotmentEdit, str, str]]:
    """All changes by hand, undone ones too: the change, whom it concerns, and the booth or the other one."""
    one, two = aliased(Producer), aliased(Producer)
    his, other = aliased(Application), aliased(Application)
    rows = session().execute(
        select(AllotmentEdit, one.name, two.name)
        .join(his, his.id == AllotmentEdit.application_id)
        .join(one, one.id == his.producer_id)
        .outerjoin(other, other.id == AllotmentEdit.other_id)
        .outerjoin(two, two.id == other.producer_id)
        .where(AllotmentEdit.exhibition_id == exhibition_id)
        .order_by(AllotmentEdit.id)
    )
    return [(edit, name, edit.booth_code or with_ or "") for edit, name, with_ in rows]


@dataclass(frozen=True, slots=True)
class Preview:
    """What the rule gives, and what it comes to after the changes by hand."""

    given: Inputs
    rule: Rule
    result: Result
    edits: tuple[AllotmentEdit, ...]
    arrangement: Arrangement

    @property
    def digest(self) -> str:
        """What a person has seen when he publishes."""
        return self.arrangement.digest()


def preview(fair: Exhibition, rule: Rule, seed: str, given: Inputs | None = None) -> Preview:
    """Work the booths out as things stand."""
    given = given or inputs(fair)
    result = allot.allot(rule, given.applicants, given.places, seed)
    by_hand = edits(fair.id)
    names = _references([i for e in by_hand for i in (e.application_id, e.other_id) if i is not None])
    codes = {p.code: p.booth_id for p in given.places}
    told = [
        Edit(
            e.id,
            e.kind,
            names[e.application_id],
            codes.get(e.booth_code or ""),
            names[e.other_id] if e.other_id is not None else None,
        )
        for e in by_hand
    ]
    arranged = allot.arrange(result, given.applicants, given.places, told)
    return Preview(given, rule, result, tuple(by_hand), arranged)


def _references(ids: Sequence[int]) -> dict[int, str]:
    if not ids:
        return {}
    rows = session().execute(select(Application.id, Application.reference).where(Application.id.in_(ids)))
    return {row.id: row.reference for row in rows}
