"""Reads about applications: how far one is, what it lacks, whom it resembles, the office's list."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext
from rapidfuzz import fuzz
from sqlalchemy import and_, exists, or_, select, true

from shop.accounts.models import Grant, User
from shop.accounts.permissions import Role
from shop.kernel import tables, text
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.producers.models import (
    ALCOHOL_PAPERS,
    APPLICATION_STATE_NAMES,
    FOOD_PAPERS,
    LEGAL_FORM_NAMES,
    PAPER_KIND_NAMES,
    UNDECIDED,
    Application,
    ApplicationState,
    IdentityCheck,
    Paper,
    PaperKind,
    PaperState,
    Producer,
)

# The steps in their order: the last part of the address, and the name.
PROGRESS = (
    ("who", N_("Cơ sở của bạn")),
    ("papers", N_("Giấy tờ")),
    ("bank", N_("Tài khoản nhận tiền")),
    ("send", N_("Xem lại và gửi")),
)


def application_of(user_id: int) -> Application | None:
    """The user's application that is not decided, else the latest one."""
    rows = session().scalars(
        select(Application)
        .where(Application.user_id == user_id)
        .order_by(Application.state.in_(UNDECIDED).desc(), Application.id.desc())
        .limit(1)
    )
    return rows.first()


def open_application(user_id: int) -> Application:
    """The user's application that is not decided.

    Raises:
        NotFound: he has none.
    """
    found = application_of(user_id)
    if found is None or found.state not in UNDECIDED:
        raise NotFound
    return found


def application(reference: str) -> Application:
    """The application; drafts are their writer's own.

    Raises:
        NotFound.
    """
    found = session().scalar(
        select(Application).where(Application.reference == reference, Application.state != ApplicationState.DRAFT)
    )
    if found is None:
        raise NotFound
    return found


def papers_of_application(application_id: int) -> list[Paper]:
    """The papers that came with an application and count, oldest first: not those withdrawn or replaced."""
    newer = Paper.__table__.alias("newer")
    replaced = exists().where(newer.c.replaces_id == Paper.id, newer.c.state != PaperState.WITHDRAWN)
    rows = select(Paper).where(Paper.application_id == application_id, Paper.state != PaperState.WITHDRAWN, ~replaced)
    return list(session().scalars(rows.order_by(Paper.id)))


def lacking_papers(row: Application, papers: Sequence[Paper]) -> list[str]:
    """Names of the kinds of papers that `row` needs and `papers` do not hold."""
    kinds = {p.kind for p in papers if p.state is not PaperState.REFUSED}
    found = []
    if PaperKind.REGISTRATION not in kinds:
        found.append(gettext(PAPER_KIND_NAMES[PaperKind.REGISTRATION]))
    if row.makes_food and not kinds & set(FOOD_PAPERS):
        found.append(gettext("giấy an toàn thực phẩm hoặc bản tự công bố"))
    if row.makes_alcohol and not kinds & set(ALCOHOL_PAPERS):
        found.append(gettext("giấy phép rượu"))
    return found


def missing(row: Application, papers: Sequence[Paper]) -> list[tuple[str, str]]:
    """What an application lacks before it can be sent: (step, name)."""
    needed = (
        ("name", N_("tên cơ sở")),
        ("legal_form", N_("loại hình")),
        ("tax_code", N_("mã số thuế")),
        ("representative", N_("người đại diện")),
        ("commune_code", N_("xã, phường, đặc khu")),
        ("phone", N_("điện thoại")),
    )
    found = [("who", gettext(label)) for field, label in needed if not getattr(row, field)]
    found += [("papers", label) for label in lacking_papers(row, papers)]
    if not row.account_number:
        found.append(("bank", gettext("tài khoản nhận tiền")))
    return found


def claimable() -> list[tuple[str, str]]:
    """(address, name) of the producers of the registry that nobody owns yet."""
    owned = exists().where(
        Grant.role == Role.PRODUCER_OWNER, Grant.scope == "producer:" + Producer.id.cast(Grant.scope.type)
    )
    rows = session().execute(
        select(Producer.slug, Producer.name).where(~owned).order_by(Producer.sort_name, Producer.id)
    )
    return [(slug, name) for slug, name in rows]


def identity_checks(application_id: int) -> list[IdentityCheck]:
    """Who made sure who the representative is, first to last."""
    rows = select(IdentityCheck).where(IdentityCheck.application_id == application_id)
    return list(session().scalars(rows.order_by(IdentityCheck.id)))


@dataclass(frozen=True, slots=True)
class Twin:
    """A producer or application that resembles another, and by what; `path` leads there in the office."""

    name: str
    path: str
    why: str


ALIKE = 88  # of 100, by words in any order: "HTX Bến Giang" and "Hợp tác xã Bến Giang" resemble, two villages do not
_FORMS = (("hop tac xa", ""), ("to hop tac", ""), ("cong ty", ""), ("tnhh", ""), ("co phan", ""), ("htx", ""))


def _core(name: str | None) -> str:
    found = text.fold(name or "")
    for word, instead in _FORMS:
        found = found.replace(word, instead)
    return " ".join(found.split())


def twins(row: Application) -> list[Twin]:
    """Producers and other applications with the tax code or phone of `row`, or nearly its name."""
    found: list[Twin] = []
    rows: list[Any] = [
        (p.id, p.name, p.tax_code, p.phone, f"/office/producers/{p.slug}")
        for p in session().execute(select(Producer.id, Producer.name, Producer.tax_code, Producer.phone, Producer.slug))
        if p.id not in (row.claimed_id, row.producer_id)
    ]
    others = select(Application.name, Application.tax_code, Application.phone, Application.reference).where(
        Application.id != row.id, Application.state.in_((ApplicationState.SUBMITTED, ApplicationState.RETURNED))
    )
    rows += [
        (None, a.name, a.tax_code, a.phone, f"/office/applications/{a.reference}") for a in session().execute(others)
    ]
    mine = _core(row.name)
    for _id, name, tax_code, phone, path in rows:
        why = []
        if row.tax_code and tax_code == row.tax_code:
            why.append(gettext("cùng mã số thuế"))
        if row.phone and phone == row.phone:
            why.append(gettext("cùng điện thoại"))
        theirs = _core(name)
        if mine and theirs and fuzz.token_sort_ratio(mine, theirs) >= ALIKE:
            why.append(gettext("tên gần giống"))
        if why:
            found.append(Twin(name or "–", path, ", ".join(why)))
    return found


def covered(scopes: Collection[str]) -> Any:
    """The condition that a reader whose grants have these scopes may see an application."""
    if "*" in scopes:
        return true()
    communes = [value for kind, _sep, value in (s.partition(":") for s in scopes) if kind == "locality"]
    return Application.commune_code.in_(communes)


TABLE = tables.Table(
    name="don-xin-tham-gia",
    order="-sent",
    tie=Application.id,
    columns=[
        tables.Column("reference", N_("Mã đơn"), sort=(Application.reference,)),
        tables.Column("name", N_("Cơ sở"), sort=(Application.name,)),
        tables.Column(
            "legal_form", N_("Loại hình"), sort=(Application.legal_form,),
            value=lambda row: gettext(LEGAL_FORM_NAMES[row.legal_form]) if row.legal_form else None,
        ),
        tables.Column("applicant", N_("Người nộp"), sort=(User.sort_name,)),
        tables.Column("sent", N_("Gửi lúc"), sort=(Application.submitted_at,), value="submitted_at"),
        tables.Column(
            "state", N_("Trạng thái"), sort=(Application.state,),
            value=lambda row: gettext(APPLICATION_STATE_NAMES[row.state]),
        ),
    ],
    filters=[
        tables.Filter(
            "state", N_("Trạng thái"), lambda v: Application.state == v,
            [(s.value, label) for s, label in APPLICATION_STATE_NAMES.items() if s is not ApplicationState.DRAFT],
        ),
        tables.Filter(
            "claim", N_("Danh bạ"), lambda v: (Application.claimed_id.is_not(None)) == (v == "yes"),
            [("yes", N_("Cơ sở đã có trong danh bạ")), ("no", N_("Cơ sở mới"))],
        ),
    ],
    search=lambda q: or_(
        Application.reference.contains(q.strip().upper(), autoescape=True),
        Application.name.icontains(q.strip(), autoescape=True),
        Application.tax_code.startswith(q.strip(), autoescape=True),
    ),
)  # fmt: skip


def applications(args: Mapping[str, str], scopes: Collection[str]) -> tables.View:
    """The office's list of applications that were sent."""
    a = Application
    return TABLE.open(
        args,
        "/office/applications",
        select(
            a.id, a.reference, a.name, a.legal_form, User.name.label("applicant"), a.submitted_at, a.state, a.claimed_id,
            a.is_demo,
        )
        .join(User, User.id == a.user_id)
        .where(and_(a.state != ApplicationState.DRAFT, covered(scopes))),
    )  # fmt: skip
