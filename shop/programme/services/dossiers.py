"""Commands on dossiers: opened, filled, handed in, checked and proposed by the commune, withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select, update

from shop.catalog.models import Product, ProductSet, ProductState
from shop.kernel import audit, clock, events
from shop.kernel.actor import Actor
from shop.kernel.db import insert_missing, locked, session, transaction, unique
from shop.kernel.errors import N_, Invalid, NotFound
from shop.places import queries as places
from shop.places.models import HOME_PROVINCE
from shop.producers import files
from shop.producers.models import LegalForm, Producer
from shop.programme import checklist, scoring, workdays
from shop.programme.errors import DossierIncomplete, DossierLives, DossierMovedOn, NoSheet, PapersLacking
from shop.programme.events import DossierMoved
from shop.programme.models.dossiers import (
    OPEN_TO_PRODUCER,
    Dossier,
    DossierKind,
    DossierPaper,
    DossierSerial,
    DossierState,
    DossierStep,
    RoundLevel,
)
from shop.programme.queries import dossiers as queries
from shop.programme.queries import rounds
from shop.programme.queries import scoring as scoring_queries
from shop.programme.settings import CHECK_DAYS

# A renewal is handed in no earlier than this before the certificate ends (art. 7.6).
RENEWAL_FROM = timedelta(days=180)
ONLY_SERVICES = frozenset({LegalForm.ASSOCIATION, LegalForm.PUBLIC_UNIT})
# Steps that somebody else than the one who took them is told of. A decision is told by the room that makes it.
TOLD = frozenset(
    {
        "submit", "return", "complete", "propose", "round", "council", "council-out", "result", "ministry", "object",
        "uphold", "refuse-objection", "hand-over",
    }
)  # fmt: skip


def note(dossier: Dossier, what: str, actor: Actor, words: str | None = None, **detail: Any) -> None:
    """Write down a step in the open transaction, and tell of it; `what` is one of `wording.STEP_NAMES`. What the dossier is now
    must be set already."""
    dossier.updated_at = clock.now()
    dossier.version += 1
    step = DossierStep(
        dossier_id=dossier.id,
        what=what,
        state=dossier.state,
        at=clock.now(),
        actor_key=actor.key,
        actor_label=actor.label,
        note=words,
    )
    session().add(step)
    session().flush()
    audit.record(actor, f"dossier.{what}", f"dossier:{dossier.code}", **detail)
    if what in TOLD:
        events.publish(DossierMoved(dossier.id, step.id))


def locked_dossier(dossier_id: int, *states: DossierState) -> Dossier:
    """The dossier, locked, if it is in one of `states`.

    Raises:
        NotFound: there is none.
        DossierMovedOn: it is in another state.
    """
    found = locked(Dossier, dossier_id, NotFound)
    if states and found.state not in states:
        raise DossierMovedOn
    return found


def _commune(product: Product, producer: Producer, told: str | None) -> tuple[str, str]:
    """The commune that checks the dossier: as told, else the product's, else the producer's."""
    code = told or product.commune_code or producer.commune_code
    unit = places.unit(code, clock.today()) if code else None
    if unit is None or unit.parent_code != HOME_PROVINCE:
        raise Invalid(N_("Hãy chọn xã nơi sản xuất: xã này kiểm tra hồ sơ."), field="commune")
    return unit.code, unit.name


def _serial(commune_code: str, year: int) -> int:
    insert_missing(DossierSerial, [{"commune_code": commune_code, "year": year, "last": 0}], ["commune_code", "year"])
    here = (DossierSerial.commune_code == commune_code, DossierSerial.year == year)
    session().execute(update(DossierSerial).where(*here).values(last=DossierSerial.last + 1))
    return int(session().execute(select(DossierSerial.last).where(*here)).scalar_one())


def _fits(product: Product, producer: Producer, kind: DossierKind, *, service: bool) -> None:
    if producer.legal_form in ONLY_SERVICES and not service:
        raise Invalid(N_("Hội, đơn vị công lập chỉ lập hồ sơ cho dịch vụ du lịch."), field="product")
    certified = queries.last_certificate(product.id)
    if kind is DossierKind.FIRST:
        if certified is not None and certified.expires_on >= clock.today():
            raise Invalid(
                N_("Sản phẩm đang có chứng nhận %(stars)s sao đến %(day)s: hãy chọn nâng hạng hoặc công nhận lại."),
                field="kind", stars=certified.stars, day=certified.expires_on.strftime("%d/%m/%Y"),
            )  # fmt: skip
    elif certified is None:
        raise Invalid(N_("Sản phẩm chưa từng được công nhận: hãy chọn công nhận lần đầu."), field="kind")
    elif kind is DossierKind.UPGRADE and certified.expires_on < clock.today():
        raise Invalid(
            N_("Chứng nhận %(stars)s sao đã hết hạn ngày %(day)s nên không nâng hạng được: hãy chọn công nhận lần đầu."),
            field="kind", stars=certified.stars, day=certified.expires_on.strftime("%d/%m/%Y"),
        )  # fmt: skip
    elif kind is DossierKind.UPGRADE and certified.stars == scoring.STARRED[-1]:
        raise Invalid(N_("Sản phẩm đang có hạng cao nhất, 5 sao: hãy chọn công nhận lại."), field="kind")


def open_dossier(
    actor: Actor, product_id: int, kind: str, *, commune_code: str | None = None, is_demo: bool = False
) -> str:
    """Open a dossier for a product of a producer; return its code (province-commune-serial-year, the form that the sheets
    print). A former one that was not ranked and whose term to object is over ends by it.

    Raises:
        NotFound: there is no such product of a producer, or it is hidden.
        NoSheet: no decision has a sheet for its set today.
        Invalid: an unknown kind, one that does not fit the product's certificates, no commune of the province, a legal form
            that may not apply (art. 2.3).
        DossierLives: the product has a dossier that is not over.
    """
    try:
        wanted = DossierKind(kind)
    except ValueError:
        raise Invalid(N_("Hãy chọn loại hồ sơ."), field="kind") from None
    with transaction() as s:
        product = locked(Product, product_id, NotFound)
        if product.producer_id is None or product.state is ProductState.HIDDEN:
            raise NotFound
        producer = s.get_one(Producer, product.producer_id)
        known_set = s.get_one(ProductSet, product.set_id)
        official = scoring_queries.sheet_of(product.id, clock.today())
        if official is None:
            raise NoSheet(field="product")
        living = queries.living(product.id)
        if living is not None:
            if not queries.is_lost(living):
                raise DossierLives(field="product", code=living.code)
            fail(actor, living)
        _fits(product, producer, wanted, service=known_set.is_service)
        code, name = _commune(product, producer, commune_code)
        year = clock.today().year
        dossier = Dossier(
            code=f"{HOME_PROVINCE}-{code}-{_serial(code, year):03d}-{year}",
            kind=wanted,
            state=DossierState.DRAFT,
            product_id=product.id,
            producer_id=producer.id,
            commune_code=code,
            commune_name=name,
            set_number=official.sheet.number,
            created_at=clock.now(),
            created_by=actor.key,
            created_label=actor.label,
            updated_at=clock.now(),
            version=0,
            is_demo=is_demo,
        )
        # On PostgreSQL two who open at once are kept apart by the product's lock; the index says it once more.
        with unique("dossiers.living", "dossiers.product_id", otherwise=DossierMovedOn):
            s.add(dossier)
            s.flush()
        note(dossier, "open", actor, kind=wanted.value, product=product.slug)
        return dossier.code


def no_product() -> Invalid:
    """Nothing was chosen, or what is not the producer's."""
    return Invalid(N_("Hãy chọn sản phẩm của cơ sở."), field="product")


def fail(actor: Actor, dossier: Dossier) -> None:
    """End a dossier that was not ranked, in the open transaction."""
    dossier.state, dossier.ended_at = DossierState.FAILED, clock.now()
    note(dossier, "fail", actor)
    session().flush()


def keep_file(content: bytes | None) -> str:
    """Keep the file of a paper; returns its key. Before the transaction, as it may take its time.

    Raises:
        Invalid: no file, or neither PDF nor photograph.
    """
    return files.keep(content)


def add_paper(
    actor: Actor,
    dossier_id: int,
    requirement: str,
    file_key: str,
    *,
    number: str | None = None,
    issued_on: date | None = None,
    ends_on: date | None = None,
) -> int:
    """Put a paper into a dossier; the one before for the same line stays beside it. The same file with the same number and days
    once more is not a second paper. Returns its id.

    Raises:
        NotFound: there is no such dossier.
        DossierMovedOn: the producer may not write in it now.
        Invalid: no such line, days that cannot be, a paper that has ended or whose end must be told.
    """
    today = clock.today()
    with transaction() as s:
        dossier = locked_dossier(dossier_id, *OPEN_TO_PRODUCER)
        line = next((r for r in queries.checklist_of(dossier) if r.code == requirement), None)
        if line is None:
            raise Invalid(N_("Danh mục của hồ sơ này không có giấy tờ đó."), field="requirement")
        if issued_on is not None and issued_on > today:
            raise Invalid(N_("Ngày cấp không thể ở sau hôm nay."), field="issued_on")
        if ends_on is not None and issued_on is not None and ends_on < issued_on:
            raise Invalid(N_("Ngày hết hạn không thể trước ngày cấp."), field="ends_on")
        if ends_on is not None and ends_on < today:
            raise Invalid(N_("Giấy tờ này đã hết hạn."), field="ends_on")
        if line.dated and ends_on is None:
            raise Invalid(N_("Giấy tờ này có thời hạn: hãy ghi ngày hết hạn."), field="ends_on")
        same = s.scalar(
            select(DossierPaper.id).where(
                DossierPaper.dossier_id == dossier.id,
                DossierPaper.requirement == requirement,
                DossierPaper.file_key == file_key,
                DossierPaper.number.is_not_distinct_from(number),
                DossierPaper.issued_on.is_not_distinct_from(issued_on),
                DossierPaper.ends_on.is_not_distinct_from(ends_on),
                DossierPaper.removed_at.is_(None),
            )
        )
        if same is not None:  # sent twice
            return same
        paper = DossierPaper(
            dossier_id=dossier.id,
            requirement=requirement,
            number=number,
            issued_on=issued_on,
            ends_on=ends_on,
            file_key=file_key,
            added_at=clock.now(),
            added_by=actor.key,
            added_label=actor.label,
        )
        s.add(paper)
        s.flush()
        note(dossier, "paper", actor, number, requirement=requirement)
        return paper.id


def remove_paper(actor: Actor, dossier_id: int, paper_id: int) -> None:
    """Take a paper out; it stays to be read in the history.

    Raises:
        NotFound: the dossier has no such paper.
        DossierMovedOn: the producer may not write in it now.
    """
    with transaction():
        dossier = locked_dossier(dossier_id, *OPEN_TO_PRODUCER)
        paper = session().get(DossierPaper, paper_id)
        if paper is None or paper.dossier_id != dossier.id:
            raise NotFound
        if paper.removed_at is None:
            paper.removed_at = clock.now()
            note(dossier, "paper-out", actor, paper.number, requirement=paper.requirement)


def submit(actor: Actor, dossier_id: int) -> date:
    """Hand the dossier in to the commune (the one that took its place, if it has ceased); return the last of its working days.

    Raises:
        NotFound: there is no such dossier.
        DossierMovedOn: it is handed in already.
        NoSheet: no sheet holds for the product's set any more.
        DossierIncomplete: papers that are needed are not there, or have ended.
        Invalid: a renewal more than 180 days before the certificate ends (art. 7.6).
    """
    from shop.programme.services import moving

    with transaction():
        dossier = locked_dossier(dossier_id, *OPEN_TO_PRODUCER)
        official = scoring_queries.sheet_of(dossier.product_id, clock.today())
        if official is None:
            raise NoSheet
        if dossier.kind is DossierKind.RENEWAL:
            certified = queries.last_certificate(dossier.product_id)
            opens = (certified.term_ends_on or certified.expires_on) - RENEWAL_FROM if certified is not None else None
            if opens is not None and clock.today() < opens:
                raise Invalid(
                    N_("Còn sớm: hồ sơ công nhận lại nộp từ ngày %(day)s (180 ngày trước khi chứng nhận hết hạn)."),
                    day=opens.strftime("%d/%m/%Y"),
                )
        lacking = [line.requirement for line in queries.standing(dossier) if line.lacking]
        if lacking:
            raise DossierIncomplete(lines="; ".join(requirement.name for requirement in lacking))
        again = dossier.submitted_at is not None
        due, own = workdays.after(clock.today(), CHECK_DAYS.get()), queries.own_score(dossier, official.id)
        dossier.sheet_id, dossier.set_number, dossier.self_score = official.id, official.sheet.number, own
        dossier.state, dossier.submitted_at, dossier.due_on = DossierState.SUBMITTED, clock.now(), due
        dossier.returned_why = None
        moving.follow(actor, dossier)
        note(dossier, "submit", actor, due_on=due, again=again)
        return due


def give_back(actor: Actor, dossier_id: int, why: str) -> None:
    """The commune returns the dossier with its reasons, also one that it had found complete; everything in it stays.

    Raises:
        NotFound: there is no such dossier.
        Invalid: no reason.
        DossierMovedOn: it is not with the commune.
    """
    if not why:
        raise Invalid(N_("Hãy ghi rõ thiếu gì, cần bổ sung gì."), field="why")
    with transaction():
        dossier = locked_dossier(dossier_id, DossierState.SUBMITTED, DossierState.COMPLETE)
        dossier.state, dossier.returned_why, dossier.due_on = DossierState.RETURNED, why, None
        dossier.checked_at = None
        note(dossier, "return", actor, why)


def _all_papers(dossier: Dossier) -> None:
    """Papers may have ended since the dossier was handed in; an assessment would end on them."""
    lacking = [line.requirement.name for line in queries.standing(dossier) if line.lacking]
    if lacking:
        raise PapersLacking(lines="; ".join(lacking))


def complete(actor: Actor, dossier_id: int) -> None:
    """The commune says that the dossier is complete.

    Raises:
        NotFound: there is no such dossier.
        DossierMovedOn: it is not with the commune.
        PapersLacking: papers that are needed are not there, or have ended since.
    """
    with transaction():
        dossier = locked_dossier(dossier_id, DossierState.SUBMITTED)
        _all_papers(dossier)
        dossier.state, dossier.checked_at = DossierState.COMPLETE, clock.now()
        note(dossier, "complete", actor)


def propose(actor: Actor, dossier_id: int, report: Mapping[str, Any], proposal: str) -> str | None:
    """The commune's own criteria (`report`: for each of `checklist.REPORT` what was found and a word, and `samples`) and its
    proposal. Returns the code of the province's round that takes the dossier; None: the cut-off has passed, it waits for the
    next round.

    Raises:
        NotFound: there is no such dossier.
        Invalid: a criterion without a finding, a finding that is not the best without a word, samples missing, no proposal.
        DossierMovedOn: it is not complete, or proposed already.
        PapersLacking: papers that are needed have ended since.
    """
    with transaction() as s:
        dossier = locked_dossier(dossier_id, DossierState.COMPLETE)
        _all_papers(dossier)
        kept: dict[str, Any] = {}
        for key, label in checklist.REPORT.items():
            found, words = str(report.get(key, "")), str(report.get(f"{key}_note", "")).strip()
            if found not in checklist.FOUND:
                raise Invalid(N_("Hãy chọn kết quả cho từng tiêu chí."), field=key)
            if found != "met" and not words:
                raise Invalid(N_("Chưa đạt hoặc đạt một phần thì hãy ghi rõ."), field=f"{key}_note")
            kept[key] = {"found": found, "note": words, "label": label}
        service = queries.is_service(dossier.product_id)
        samples = report.get("samples")
        if not service and (not isinstance(samples, int) or samples < checklist.SAMPLES):
            raise Invalid(N_("Cần ít nhất %(n)s sản phẩm mẫu gửi kèm."), field="samples", n=checklist.SAMPLES)
        kept["samples"] = None if service else samples
        if not proposal:
            raise Invalid(N_("Hãy ghi đề nghị của xã."), field="proposal")
        dossier.report, dossier.proposal, dossier.proposed_at = kept, proposal, clock.now()
        dossier.state = DossierState.PROPOSED
        here = rounds.taking(RoundLevel.PROVINCE, clock.today())
        dossier.round_id = here.id if here is not None else None
        s.flush()
        note(dossier, "propose", actor, proposal, round=here.code if here is not None else None)
        return here.code if here is not None else None


def withdraw(actor: Actor, dossier_id: int, why: str) -> None:
    """The producer takes the dossier back before a council has it; it stays to be read.

    Raises:
        NotFound: there is no such dossier.
        Invalid: no reason.
        DossierMovedOn: a council has it, or it is over.
    """
    if not why:
        raise Invalid(N_("Hãy ghi lý do."), field="why")
    before_council = [
        DossierState.DRAFT, DossierState.SUBMITTED, DossierState.RETURNED, DossierState.COMPLETE, DossierState.PROPOSED,
    ]  # fmt: skip
    with transaction():
        dossier = locked_dossier(dossier_id, *before_council)
        if dossier.score is not None:
            raise DossierMovedOn
        dossier.state, dossier.ended_at, dossier.round_id = DossierState.WITHDRAWN, clock.now(), None
        dossier.due_on = None
        note(dossier, "withdraw", actor, why)
