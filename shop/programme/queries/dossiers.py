"""Reads of dossiers: the checklist as it stands, lists for producer, commune and office, what happened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, case, exists, false, func, or_, select

from shop.catalog.models import Certificate, Product, ProductSet
from shop.kernel import clock, tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.places import queries as places
from shop.places.models import HOME_PROVINCE
from shop.producers.models import Producer
from shop.programme import checklist, scoring, workdays
from shop.programme.models.councils import Objection, ObjectionState
from shop.programme.models.dossiers import (
    DOSSIER_KIND_NAMES,
    DOSSIER_STATE_NAMES,
    Dossier,
    DossierKind,
    DossierPaper,
    DossierState,
    DossierStep,
    Round,
)
from shop.programme.models.scoring import SelfScore
from shop.programme.queries import scoring as scoring_queries
from shop.programme.queries.scoring import OfficialSheet
from shop.programme.sheets import NO_FOOD_SAFETY


def last_certificate(product_id: int) -> Certificate | None:
    """The certificate of a product that ends last, revoked ones aside."""
    return session().scalar(
        select(Certificate)
        .where(Certificate.product_id == product_id, Certificate.revoked_on.is_(None))
        .order_by(Certificate.expires_on.desc(), Certificate.id.desc())
        .limit(1)
    )


def living(product_id: int) -> Dossier | None:
    """The dossier of a product that is not over."""
    return session().scalar(select(Dossier).where(Dossier.product_id == product_id, Dossier.ended_at.is_(None)))


def is_lost(dossier: Dossier) -> bool:
    """Whether its result stands, gives no certificate (art. 4.1), and nobody can object to it any more."""
    return (
        dossier.state is DossierState.SCORED
        and (dossier.stars or 0) < scoring.STARRED[0]
        and (dossier.accepted_at is not None or (dossier.objection_until or clock.today()) < clock.today())
        and not has_objection(dossier.id)
    )


def ceased() -> Any:
    """The condition on living dossiers whose commune is not in force today."""
    here = [unit.code for unit in places.communes(HOME_PROVINCE)]
    return and_(Dossier.ended_at.is_(None), Dossier.commune_code.not_in(here)) if here else false()


def has_ceased(dossier: Dossier) -> bool:
    """Whether the commune of a dossier is not in force today."""
    return all(unit.code != dossier.commune_code for unit in places.communes(HOME_PROVINCE))


def heirs_of(dossier: Dossier) -> list[places.UnitView]:
    """The communes of the province that hold land of the dossier's commune, which has ceased; whole ones first."""
    return [heir.unit for heir in places.heirs(dossier.commune_code) if heir.unit.parent_code == HOME_PROVINCE]


def receivers(dossier: Dossier) -> list[places.UnitView]:
    """The communes to which a dossier whose commune ceased may be handed: those that hold its land, all if nobody knows."""
    return heirs_of(dossier) or places.communes(HOME_PROVINCE)


def has_objection(dossier_id: int) -> bool:
    """Whether an objection of the producer waits for its answer."""
    here = (Objection.dossier_id == dossier_id, Objection.state == ObjectionState.OPEN)
    return session().scalar(select(Objection.id).where(*here).limit(1)) is not None


def by_code(code: str) -> Dossier:
    """The dossier with `code`.

    Raises:
        NotFound: there is none.
    """
    found = session().scalar(select(Dossier).where(Dossier.code == code))
    if found is None:
        raise NotFound
    return found


def scope_of(code: str, **_values: Any) -> str | None:
    """A guard's scope in the office: the commune that checks the dossier."""
    found = session().scalar(select(Dossier.commune_code).where(Dossier.code == code))
    return None if found is None else f"locality:{found}"


def producer_of(code: str, **_values: Any) -> str | None:
    """A guard's scope in the producers' door."""
    found = session().scalar(select(Dossier.producer_id).where(Dossier.code == code))
    return None if found is None else f"producer:{found}"


def is_service(product_id: int) -> bool:
    """Whether the product is of a set of services (tourism)."""
    return bool(
        session().scalar(
            select(ProductSet.is_service).join(Product, Product.set_id == ProductSet.id).where(Product.id == product_id)
        )
    )


def sheet_for(dossier: Dossier) -> OfficialSheet | None:
    """The sheet that the dossier is scored by: the one fixed when it was handed in, before that the one of today."""
    if dossier.sheet_id is not None:
        return scoring_queries.sheet_by_id(dossier.sheet_id)
    return scoring_queries.sheet_of(dossier.product_id, clock.today())


def checklist_of(dossier: Dossier) -> tuple[checklist.Requirement, ...]:
    """The lines that this dossier must or may have."""
    official = sheet_for(dossier)
    food = official is not None and NO_FOOD_SAFETY in official.sheet.stops
    return checklist.required(dossier.kind, food=food, service=is_service(dossier.product_id))


def own_score(dossier: Dossier, sheet_id: int) -> dict[str, Any] | None:
    """What the producer scored by the sheet, if he answered all of it: form 02."""
    row = session().scalar(
        select(SelfScore).where(SelfScore.product_id == dossier.product_id, SelfScore.sheet_id == sheet_id)
    )
    official = scoring_queries.sheet_by_id(sheet_id)
    if row is None or row.answered < len(official.sheet.questions):
        return None
    return {
        "answers": row.answers,
        "stops": row.stops,
        "total": row.total,
        "stars": row.stars,
        "saved_at": row.saved_at.isoformat(),
        "saved_label": row.saved_label,
    }


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the checklist with its papers, the latest first. `by_self_score`: form 02 is what he scored in the shop."""

    requirement: checklist.Requirement
    papers: tuple[DossierPaper, ...]
    by_self_score: bool
    ended: bool

    @property
    def lacking(self) -> bool:
        """Whether the dossier cannot be handed in for want of it."""
        return self.requirement.needed and (self.ended or not (self.papers or self.by_self_score))


def papers_of(dossier_id: int) -> list[DossierPaper]:
    """The papers that are in the dossier, the latest first."""
    return list(
        session().scalars(
            select(DossierPaper)
            .where(DossierPaper.dossier_id == dossier_id, DossierPaper.removed_at.is_(None))
            .order_by(DossierPaper.id.desc())
        )
    )


def standing(dossier: Dossier) -> list[Line]:
    """The checklist as it stands."""
    by_line: dict[str, list[DossierPaper]] = {}
    for paper in papers_of(dossier.id):
        by_line.setdefault(paper.requirement, []).append(paper)
    official = sheet_for(dossier)
    scored = dossier.self_score is not None or (official is not None and own_score(dossier, official.id) is not None)
    today = clock.today()
    found = []
    for requirement in checklist_of(dossier):
        mine = tuple(by_line.get(requirement.code, ()))
        ended = bool(mine) and all(p.ends_on is not None and p.ends_on < today for p in mine)
        found.append(Line(requirement, mine, requirement.code == checklist.FORM_02 and scored, ended))
    return found


def paper(dossier: Dossier, paper_id: int) -> DossierPaper:
    """A paper of the dossier, also one that was taken out.

    Raises:
        NotFound: the dossier has no such paper.
    """
    found = session().get(DossierPaper, paper_id)
    if found is None or found.dossier_id != dossier.id:
        raise NotFound
    return found


def steps_of(dossier_id: int) -> list[DossierStep]:
    """What happened to it, the latest first."""
    wanted = select(DossierStep).where(DossierStep.dossier_id == dossier_id).order_by(DossierStep.id.desc())
    return list(session().scalars(wanted))


@dataclass(frozen=True, slots=True)
class Named:
    """What a page calls a dossier's product and producer."""

    product: str
    product_slug: str
    producer: str
    producer_slug: str
    set_name: str
    set_name_en: str


def named(dossier: Dossier) -> Named:
    """The names of a dossier's product, producer and set."""
    row = session().execute(
        select(Product.name, Product.slug, Producer.name, Producer.slug, ProductSet.name, ProductSet.name_en)
        .join(Producer, Producer.id == Product.producer_id)
        .join(ProductSet, ProductSet.id == Product.set_id)
        .where(Product.id == dossier.product_id)
    )
    return Named(*row.one())


def clock_of(dossier: Dossier) -> int | None:
    """The working days that the commune has left; negative: so many over; None: its clock does not run."""
    if dossier.due_on is None or dossier.state not in (DossierState.SUBMITTED, DossierState.COMPLETE):
        return None
    return workdays.left(clock.today(), dossier.due_on)


# --- lists -------------------------------------------------------------------------------------------------------

_WITH_COMMUNE = (DossierState.SUBMITTED, DossierState.COMPLETE)


@dataclass(frozen=True, slots=True)
class DossierRow:
    """One line of a list of dossiers."""

    code: str
    kind: DossierKind
    state: DossierState
    product: str
    producer: str
    commune: str
    submitted_at: datetime | None
    due_on: date | None
    round: str | None
    score: Any
    stars: int | None
    updated_at: datetime
    is_demo: bool

    @property
    def days_left(self) -> int | None:
        """The commune's working days that are left, while its clock runs."""
        if self.due_on is None or self.state not in _WITH_COMMUNE:
            return None
        return workdays.left(clock.today(), self.due_on)

    @property
    def age(self) -> int | None:
        """Days since it was handed in."""
        return None if self.submitted_at is None else (clock.today() - clock.business_day(self.submitted_at)).days

    @property
    def kind_name(self) -> str:
        """For exports."""
        return DOSSIER_KIND_NAMES[self.kind]

    @property
    def state_name(self) -> str:
        """For exports."""
        return DOSSIER_STATE_NAMES[self.state]


_ROW = (
    Dossier.code, Dossier.kind, Dossier.state, Product.name, Producer.name, Dossier.commune_name, Dossier.submitted_at,
    Dossier.due_on, Round.code, Dossier.score, Dossier.stars, Dossier.updated_at, Dossier.is_demo,
)  # fmt: skip


def _matching(q: str) -> Any:
    key = text.sort_key(q).partition("\t")[0]
    return or_(
        Dossier.code.icontains(q, autoescape=True),
        Product.sort_name.contains(key, autoescape=True),
        Producer.sort_name.contains(key, autoescape=True),
        Dossier.commune_name.icontains(q, autoescape=True),
    )


def _late() -> Any:
    return and_(Dossier.state.in_(_WITH_COMMUNE), Dossier.due_on < clock.today())


def _objected() -> Any:
    return exists().where(Objection.dossier_id == Dossier.id, Objection.state == ObjectionState.OPEN)


def late() -> list[Dossier]:
    """The dossiers whose commune has not proposed or returned them in its working days, the earliest first."""
    return list(session().scalars(select(Dossier).where(_late()).order_by(Dossier.due_on, Dossier.id)))


_COLUMNS = (
    tables.Column("code", N_("Hồ sơ"), sort=(Dossier.code,)),
    tables.Column("product", N_("Sản phẩm"), sort=(Product.sort_name,)),
    tables.Column("producer", N_("Cơ sở"), on_page=False),
    tables.Column("commune", N_("Xã"), sort=(Dossier.commune_name,)),
    tables.Column("kind", N_("Loại"), value="kind_name", sort=(Dossier.kind,)),
    tables.Column("state", N_("Tình trạng"), value="state_name", sort=(Dossier.state,)),
    tables.Column("due_on", N_("Hạn của xã"), sort=(Dossier.due_on,)),
    tables.Column("round", N_("Đợt")),
    tables.Column("score", N_("Điểm"), "num", sort=(Dossier.score,)),
    tables.Column("stars", N_("Sao"), "num", on_page=False),
    tables.Column("submitted_at", N_("Nộp"), sort=(Dossier.submitted_at,)),
)
_STATE = tables.Filter(
    "state", N_("Tình trạng"), lambda v: Dossier.state == v,
    tuple((state.value, name) for state, name in DOSSIER_STATE_NAMES.items()),
)  # fmt: skip
_KIND = tables.Filter(
    "kind", N_("Loại"), lambda v: Dossier.kind == v,
    tuple((kind.value, name) for kind, name in DOSSIER_KIND_NAMES.items()),
)  # fmt: skip


def _communes() -> list[tuple[str, str]]:
    rows = session().execute(
        select(Dossier.commune_code, func.max(Dossier.commune_name)).group_by(Dossier.commune_code)
    )
    return sorted(((code, name) for code, name in rows), key=lambda pair: text.sort_key(pair[1]))


DOSSIERS = tables.Table(
    name="ho-so-ocop",
    columns=_COLUMNS,
    order="-submitted_at",
    tie=Dossier.id,
    filters=(
        _STATE,
        _KIND,
        tables.Filter("commune", N_("Xã"), lambda v: Dossier.commune_code == v, _communes),
        tables.Filter(
            "late",
            N_("Hạn của xã"),
            lambda v: _late() if v == "1" else Dossier.state.in_(_WITH_COMMUNE),
            (("1", N_("Quá hạn")), ("0", N_("Xã đang xử lý"))),
        ),
        tables.Filter("ceased", N_("Xã"), lambda _v: ceased(), (("1", N_("Không còn, chờ giao xã mới")),)),
        tables.Filter("objection", N_("Kiến nghị"), lambda _v: _objected(), (("1", N_("Chờ trả lời")),)),
    ),
    search=_matching,
)
# A producer's page is narrower: commune and kind stand under the product's name.
OWN = tables.Table(
    name="ho-so-cua-toi",
    columns=[replace(c, on_page=False) if c.key in ("commune", "kind") else c for c in _COLUMNS],
    order="-submitted_at",
    tie=Dossier.id,
    filters=(_STATE,),
    search=_matching,
)


def _rows() -> Any:
    return (
        select(*_ROW)
        .join(Product, Product.id == Dossier.product_id)
        .join(Producer, Producer.id == Dossier.producer_id)
        .outerjoin(Round, Round.id == Dossier.round_id)
    )


def in_scopes(scopes: Iterable[str]) -> Any:
    """The condition on dossiers that `scopes` (of an office's right) cover."""
    found = set(scopes)
    if "*" in found:
        return Dossier.id.is_not(None)
    return Dossier.commune_code.in_([s.partition(":")[2] for s in sorted(found) if s.startswith("locality:")])


def office_rows(scopes: Iterable[str]) -> Any:
    """The statement behind `DOSSIERS`: what `scopes` cover. What a producer is still writing is his own."""
    return _rows().where(in_scopes(scopes), Dossier.state != DossierState.DRAFT)


def own_rows(producer_id: int) -> Any:
    """The statement behind `OWN`."""
    return _rows().where(Dossier.producer_id == producer_id)


@dataclass(frozen=True, slots=True)
class Figures:
    """What the list begins with."""

    with_commune: int
    late: int
    waiting: int
    council: int
    objections: int
    ceased: int


def figures(scopes: Iterable[str]) -> Figures:
    """How many dossiers are where, of what `scopes` cover."""

    def count(condition: Any) -> Any:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    row = session().execute(
        select(
            count(Dossier.state.in_(_WITH_COMMUNE)),
            count(_late()),
            count(Dossier.state == DossierState.PROPOSED),
            count(Dossier.state == DossierState.COUNCIL),
            count(_objected()),
            count(and_(ceased(), Dossier.state != DossierState.DRAFT)),
        ).where(in_scopes(scopes))
    )
    return Figures(*(int(n) for n in row.one()))


def may_open(producer_id: int) -> list[tuple[int, str]]:
    """The goods of a producer that have no dossier under way: (id, name). One that was not ranked may be tried again."""
    from shop.catalog.models import ProductState

    rows = session().execute(
        select(Product.id, Product.name, Dossier)
        .outerjoin(Dossier, and_(Dossier.product_id == Product.id, Dossier.ended_at.is_(None)))
        .where(Product.producer_id == producer_id, Product.state != ProductState.HIDDEN)
        .order_by(Product.sort_name, Product.id)
    )
    return [(i, name) for i, name, dossier in rows if dossier is None or is_lost(dossier)]


def living_of(product_id: int, producer_id: int) -> str | None:
    """The code of the living dossier that a producer has for a product of his."""
    return session().scalar(
        select(Dossier.code).where(
            Dossier.product_id == product_id, Dossier.producer_id == producer_id, Dossier.ended_at.is_(None)
        )
    )


def round_rows(row: Round) -> Any:
    """The statement behind a round's list: what is in it, and what waits and may come into it."""
    mine = or_(Dossier.round_id == row.id, Dossier.ministry_round_id == row.id)
    return _rows().where(mine)
