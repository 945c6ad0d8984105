"""Reads about papers: lists for the office and for members, what ends soon, histories."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext
from sqlalchemy import and_, case, exists, func, or_, select, true

from shop.kernel import clock, tables
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.producers.models import (
    OPEN_CHANGES,
    PAPER_KIND_NAMES,
    PAPER_STATE_NAMES,
    Application,
    ApplicationState,
    Change,
    Paper,
    PaperKind,
    PaperState,
    Producer,
    Step,
)
from shop.producers.queries import joining, register

_newer = Paper.__table__.alias("newer")
# A newer paper that was accepted stands in for an older one; one that waits does not yet.
REPLACED = exists().where(_newer.c.replaces_id == Paper.id, _newer.c.state == PaperState.ACCEPTED)
_LONGER = exists().where(
    _newer.c.producer_id == Paper.producer_id,
    _newer.c.kind == Paper.kind,
    _newer.c.id != Paper.id,
    _newer.c.state == PaperState.ACCEPTED,
    or_(_newer.c.expires_on.is_(None), _newer.c.expires_on > Paper.expires_on),
)


@dataclass(frozen=True, slots=True)
class PaperRow:
    """A paper as lists show it; `days` are left until its last day (None: it does not end), negative once it has lapsed."""

    id: int
    reference: str
    kind: PaperKind
    number: str
    issuer: str
    issued_on: date
    expires_on: date | None
    state: PaperState
    reason: str | None
    file_key: str
    added_at: datetime
    added_label: str
    checked_at: datetime | None
    checked_label: str | None
    replaced: bool
    is_demo: bool
    producer_id: int | None
    producer: str | None
    producer_slug: str | None
    application: str | None

    @property
    def days(self) -> int | None:
        return (self.expires_on - clock.today()).days if self.expires_on else None

    @property
    def urgency(self) -> str:
        """How its end is drawn: bad once lapsed or within a week, warn within sixty days."""
        if self.days is None or self.state is not PaperState.ACCEPTED or self.replaced:
            return ""
        return "bad" if self.days <= 7 else "warn" if self.days <= 60 else ""


def _rows() -> Any:
    p = Paper
    return (
        select(
            p.id, p.reference, p.kind, p.number, p.issuer, p.issued_on, p.expires_on, p.state, p.reason, p.file_key,
            p.added_at, p.added_label, p.checked_at, p.checked_label, REPLACED.label("replaced"), p.is_demo, p.producer_id,
            func.coalesce(Producer.name, Application.name), Producer.slug, Application.reference,
        )
        .outerjoin(Producer, Producer.id == p.producer_id)
        .outerjoin(Application, Application.id == p.application_id)
    )  # fmt: skip


def paper(reference: str, *, sent: bool = False) -> PaperRow:
    """The paper; with `sent`, not one that its applicant has not sent yet.

    Raises:
        NotFound.
    """
    wanted = _rows().where(Paper.reference == reference)
    found = session().execute(wanted.where(_SENT) if sent else wanted).first()
    if found is None:
        raise NotFound
    return PaperRow(*tuple(found))


def paper_scope(reference: str, *, office: bool) -> str | None:
    """The scope of a paper's owner: `producer:7` for members, `locality:06661` for the office; None: no such paper."""
    row = session().execute(
        select(Paper.producer_id, func.coalesce(Producer.commune_code, Application.commune_code), Application.state)
        .outerjoin(Producer, Producer.id == Paper.producer_id)
        .outerjoin(Application, Application.id == Paper.application_id)
        .where(Paper.reference == reference)
    ).first()  # fmt: skip
    if row is None:
        return None
    if office:
        return f"locality:{row[1]}" if row[1] else None
    return f"producer:{row[0]}" if row[0] is not None else None


def steps_of(**thing: int) -> list[Step]:
    """The turns of an application, paper or change (`application_id=…`), first to last."""
    ((column, value),) = thing.items()
    return list(session().scalars(select(Step).where(getattr(Step, column) == value).order_by(Step.id)))


def within(days: int) -> Any:
    """The condition that an accepted paper, which nothing replaces, ends within `days` and has not ended."""
    today = clock.today()
    return and_(
        Paper.state == PaperState.ACCEPTED,
        Paper.expires_on.between(today, today + timedelta(days=days)),
        ~REPLACED,
        ~_LONGER,
    )


def lapsed() -> Any:
    """The condition that an accepted paper has ended and nothing stands in for it."""
    return and_(Paper.state == PaperState.ACCEPTED, Paper.expires_on < clock.today(), ~REPLACED, ~_LONGER)


def _ends(value: str) -> Any:
    return lapsed() if value == "lapsed" else within(int(value))


_COLUMNS = [
    tables.Column("kind", N_("Loại giấy"), sort=(Paper.kind,), value=lambda p: gettext(PAPER_KIND_NAMES[p.kind])),
    tables.Column("number", N_("Số"), sort=(Paper.number,)),
    tables.Column("issuer", N_("Nơi cấp")),
    tables.Column("issued_on", N_("Ngày cấp"), sort=(Paper.issued_on,)),
    tables.Column("expires_on", N_("Hết hạn"), sort=(Paper.expires_on,)),
    tables.Column("state", N_("Trạng thái"), sort=(Paper.state,), value=lambda p: gettext(PAPER_STATE_NAMES[p.state])),
]
_FILTERS = [
    tables.Filter(
        "state", N_("Trạng thái"), lambda v: Paper.state == v, [(s.value, x) for s, x in PAPER_STATE_NAMES.items()]
    ),
    tables.Filter(
        "ends",
        N_("Hạn"),
        _ends,
        [
            ("lapsed", N_("Đã hết hạn")),
            ("7", N_("Hết hạn trong 7 ngày")),
            ("30", N_("Hết hạn trong 30 ngày")),
            ("60", N_("Hết hạn trong 60 ngày")),
        ],
    ),
    tables.Filter(
        "kind", N_("Loại giấy"), lambda v: Paper.kind == v, [(k.value, x) for k, x in PAPER_KIND_NAMES.items()]
    ),
]
OFFICE = tables.Table(
    name="giay-to-co-so",
    order="-added",
    tie=Paper.id,
    columns=[
        tables.Column("producer", N_("Cơ sở")),
        *_COLUMNS,
        tables.Column("added", N_("Gửi lúc"), sort=(Paper.added_at,), value="added_at"),
    ],
    filters=_FILTERS,
    search=lambda q: or_(
        Producer.name.icontains(q.strip(), autoescape=True),
        Application.name.icontains(q.strip(), autoescape=True),
        Paper.number.icontains(q.strip(), autoescape=True),
    ),
)
PORTAL = tables.Table(
    name="giay-to",
    order="-added",
    tie=Paper.id,
    columns=[*_COLUMNS, tables.Column("added", N_("Gửi lúc"), sort=(Paper.added_at,), value="added_at")],
    filters=_FILTERS,
    search=lambda q: Paper.number.icontains(q.strip(), autoescape=True),
)


def covered(scopes: Collection[str]) -> Any:
    """The condition that a reader of the office whose grants have these scopes may see a paper."""
    if "*" in scopes:
        return true()
    parts = [scope.partition(":") for scope in scopes]
    communes = [value for kind, _sep, value in parts if kind == "locality"]
    return func.coalesce(Producer.commune_code, Application.commune_code).in_(communes)


# What an applicant has not sent yet is his own.
_SENT = or_(Paper.producer_id.is_not(None), Application.state != ApplicationState.DRAFT)


def papers_office(args: Mapping[str, str], scopes: Collection[str]) -> tables.View:
    """The office's list of papers."""
    wanted = _rows().where(covered(scopes), _SENT, Paper.state != PaperState.WITHDRAWN)
    return OFFICE.open(args, "/office/papers", wanted, make=lambda row: PaperRow(*tuple(row)))


def papers_portal(args: Mapping[str, str], producer_id: int) -> tables.View:
    """The papers of one producer, former ones too."""
    wanted = _rows().where(Paper.producer_id == producer_id)
    return PORTAL.open(args, "/producer/papers", wanted, make=lambda row: PaperRow(*tuple(row)))


def ending(days: int) -> list[PaperRow]:
    """Papers of producers that end within `days` or have ended, and that nothing stands in for."""
    wanted = _rows().where(Paper.producer_id.is_not(None), or_(within(days), lapsed()))
    return [PaperRow(*tuple(row)) for row in session().execute(wanted.order_by(Paper.id))]


def with_an_end(producer_id: int) -> list[PaperRow]:
    """Accepted papers of a producer that end some day and that nothing stands in for, the soonest first."""
    wanted = _rows().where(
        Paper.producer_id == producer_id,
        Paper.state == PaperState.ACCEPTED,
        Paper.expires_on.is_not(None),
        ~REPLACED,
        ~_LONGER,
    )
    return [PaperRow(*tuple(row)) for row in session().execute(wanted.order_by(Paper.expires_on, Paper.id))]


@dataclass(frozen=True, slots=True)
class WaitingPapers:
    """Counts for the first page of the day."""

    waiting: int
    ending: int
    lapsed: int
    applications: int = 0
    changes: int = 0
    refused: int = 0


def _count(condition: Any) -> Any:
    return func.count(case((condition, 1)))


def waiting_office(scopes: Collection[str]) -> WaitingPapers:
    """What the office is to look at: papers, applications, changes."""
    s = session()
    papers = s.execute(
        select(_count(Paper.state == PaperState.WAITING), _count(within(30)), _count(lapsed()))
        .select_from(Paper)
        .outerjoin(Producer, Producer.id == Paper.producer_id)
        .outerjoin(Application, Application.id == Paper.application_id)
        .where(covered(scopes), _SENT)
    ).one()
    applications = s.scalar(
        select(func.count())
        .select_from(Application)
        .where(Application.state == ApplicationState.SUBMITTED, joining.covered(scopes))
    )
    changes = s.scalar(
        select(func.count())
        .select_from(Change)
        .join(Producer, Producer.id == Change.producer_id)
        .where(Change.state.in_(OPEN_CHANGES), register.covered(scopes))
    )
    return WaitingPapers(papers[0], papers[1], papers[2], applications or 0, changes or 0)


def waiting_portal(producer_id: int) -> WaitingPapers:
    """What a producer is to see to among its papers."""
    again = exists().where(_newer.c.replaces_id == Paper.id, _newer.c.state != PaperState.WITHDRAWN)
    row = session().execute(
        select(
            _count(Paper.state == PaperState.WAITING),
            _count(within(60)),
            _count(lapsed()),
            _count(and_(Paper.state == PaperState.REFUSED, ~again)),
        )
        .select_from(Paper)
        .where(Paper.producer_id == producer_id)
    ).one()  # fmt: skip
    return WaitingPapers(row[0], row[1], row[2], refused=row[3])
