"""Checks after recognition: planned or by surprise, what was found, what is asked by when, and how it was mended or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from shop.catalog import documents
from shop.catalog.models import Certificate
from shop.decisions.errors import CheckMovedOn
from shop.decisions.events import FindingsTold
from shop.decisions.models import (
    CheckFile,
    CheckFinding,
    CheckKind,
    CheckState,
    FindingState,
    Ground,
    PostCheck,
)
from shop.kernel import audit, clock, facts, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import locked, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.events import publish

# The folder of the storage for what a check brings home; nothing in it has a public address.
FOLDER = "post-checks"
MOST_FILES = 30


@dataclass(frozen=True, slots=True)
class Found:
    """Something that is not as it should be, and what is asked until the end of `due_on`."""

    ground: Ground
    found: str
    asked: str
    due_on: date


def plan(
    actor: Actor, certificate_id: int, kind: CheckKind, planned_on: date, inspectors: str, op_key: str, *,
    place: str | None = None, is_demo: bool = False,
) -> str:  # fmt: skip
    """Plan a check of the goods of a certificate; returns its reference.

    Raises:
        Invalid: there is no such certificate or it holds no more, the day is over, nobody is named.
    """

    def command() -> dict[str, Any]:
        c = session().get(Certificate, certificate_id)
        if c is None or c.revoked_on is not None or c.expires_on < clock.today():
            raise Invalid(N_("Chỉ kiểm tra sản phẩm có chứng nhận còn hiệu lực."), field="certificate")
        if planned_on < clock.today() and not is_demo:
            raise Invalid(N_("Ngày kiểm tra đã qua."), field="planned_on")
        row = PostCheck(
            reference=text.reference(), certificate_id=c.id, kind=kind, state=CheckState.PLANNED, planned_on=planned_on,
            inspectors=facts.needed_line(inspectors, "inspectors"), place=facts.line(place, "place"),
            created_at=clock.now(), created_by=actor.key, created_label=actor.label, is_demo=is_demo,
        )  # fmt: skip
        session().add(row)
        session().flush()
        audit.record(actor, "decisions.plan-check", f"check:{row.reference}", certificate=c.number, on=planned_on)
        return {"reference": row.reference}

    body = [certificate_id, kind, planned_on, inspectors, place]
    return str(operations.once(op_key, "decisions.plan-check", actor.key, body, command)["reference"])


def _locked(reference: str, *states: CheckState) -> PostCheck:
    row_id = session().scalar(select(PostCheck.id).where(PostCheck.reference == reference))
    if row_id is None:
        raise NotFound
    row = locked(PostCheck, row_id, NotFound)
    if row.state not in states:
        raise CheckMovedOn
    return row


def report(
    actor: Actor, reference: str, checked_on: date, summary: str, findings: Sequence[Found], op_key: str
) -> None:
    """Say what a check found; without findings it is done, else what was found is to be mended.

    Raises:
        NotFound, CheckMovedOn: it was reported or cancelled already.
        Invalid: a day or a sentence is missing or makes no sense.
    """
    words = facts.prose(summary, "summary")
    if not words:
        raise Invalid(N_("Hãy ghi kết quả kiểm tra."), field="summary")
    if checked_on > clock.today():
        raise Invalid(N_("Ngày kiểm tra chưa đến."), field="checked_on")
    rows = []
    for one in findings:
        found, asked = facts.prose(one.found, "found"), facts.prose(one.asked, "asked")
        if not found or not asked:
            raise Invalid(N_("Mỗi sai sót cần ghi rõ thấy gì và yêu cầu gì."), field="found")
        if one.due_on <= checked_on:
            raise Invalid(N_("Hạn khắc phục phải sau ngày kiểm tra."), field="due_on")
        rows.append((one, found, asked))

    def command() -> dict[str, Any]:
        row = _locked(reference, CheckState.PLANNED)
        row.checked_on, row.summary = checked_on, words
        row.state = CheckState.FOLLOWING if rows else CheckState.CLOSED
        for one, found, asked in rows:
            session().add(
                CheckFinding(
                    check_id=row.id, ground=one.ground, found=found, asked=asked, due_on=one.due_on, state=FindingState.OPEN
                )
            )  # fmt: skip
        session().flush()
        audit.record(actor, "decisions.report-check", f"check:{row.reference}", on=checked_on, findings=len(rows))
        if rows:
            publish(FindingsTold(row.id))
        return {}

    body = [reference, checked_on, words, [repr(f) for f in findings]]
    operations.once(op_key, "decisions.report-check", actor.key, body, command)


def settle(actor: Actor, reference: str, finding_id: int, state: FindingState, answer: str, op_key: str) -> None:
    """Say that something found was mended or was not; the last one that is mended closes the check.

    Raises:
        NotFound, CheckMovedOn: it was settled already. Invalid: nothing is said of it.
    """
    words = facts.prose(answer, "answer")
    if not words:
        raise Invalid(N_("Hãy ghi kết quả phúc tra."), field="answer")
    if state not in (FindingState.MENDED, FindingState.FAILED):
        raise Invalid(field="state")

    def command() -> dict[str, Any]:
        row = _locked(reference, CheckState.FOLLOWING)
        finding = session().get(CheckFinding, finding_id)
        if finding is None or finding.check_id != row.id:
            raise NotFound
        if finding.state is not FindingState.OPEN:
            raise CheckMovedOn
        finding.state, finding.answer, finding.closed_on, finding.closed_label = (
            state,
            words,
            clock.today(),
            actor.label,
        )
        session().flush()
        if all(f.state is FindingState.MENDED for f in row.findings):
            row.state = CheckState.CLOSED
        audit.record(
            actor, "decisions.settle-finding", f"check:{row.reference}", finding=finding.id, state=state, answer=words
        )
        return {}

    operations.once(op_key, "decisions.settle-finding", actor.key, [reference, finding_id, state, words], command)


def end(actor: Actor, reference: str, reason: str, op_key: str) -> None:
    """Cancel a check that is planned, or end one whose failures are answered otherwise than by a revocation.

    Raises:
        NotFound, CheckMovedOn: something found is still open, or it is over. Invalid: no reason.
    """
    why = facts.prose(reason, "reason")
    if not why:
        raise Invalid(N_("Hãy ghi lý do."), field="reason")

    def command() -> dict[str, Any]:
        row = _locked(reference, CheckState.PLANNED, CheckState.FOLLOWING)
        if any(f.state is FindingState.OPEN for f in row.findings):
            raise CheckMovedOn(N_("Còn sai sót chưa có kết quả phúc tra."))
        row.state = CheckState.CANCELLED if row.state is CheckState.PLANNED else CheckState.CLOSED
        row.summary = f"{row.summary}\n{why}" if row.summary else why
        audit.record(actor, "decisions.end-check", f"check:{row.reference}", reason=why)
        return {}

    operations.once(op_key, "decisions.end-check", actor.key, [reference, why], command)


def add_file(actor: Actor, reference: str, name: str, content: bytes) -> None:
    """Keep a photograph or paper of a check.

    Raises:
        NotFound, BadDocument. Invalid: no file, or too many.
    """
    if not content:
        raise Invalid(N_("Hãy chọn tệp PDF hoặc ảnh chụp giấy tờ."), field="file")
    key = documents.keep(content, folder=FOLDER)
    with transaction() as s:
        row = _locked(reference, CheckState.PLANNED, CheckState.FOLLOWING, CheckState.CLOSED)
        if any(f.file_key == key for f in row.files):
            return
        if len(row.files) >= MOST_FILES:
            raise Invalid(N_("Mỗi đợt kiểm tra giữ nhiều nhất %(n)s tệp."), field="file", n=MOST_FILES)
        s.add(
            CheckFile(
                check_id=row.id, name=facts.line(name[-255:], "file") or "tệp", file_key=key, added_at=clock.now(),
                added_label=actor.label,
            )
        )  # fmt: skip
        s.flush()
        audit.record(actor, "decisions.check-file", f"check:{row.reference}", file=key)
