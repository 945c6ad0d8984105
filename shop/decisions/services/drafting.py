"""Drafts of decisions: begun by the programme office, filled line by line, dropped. Nothing of a draft counts anywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from shop.catalog import documents
from shop.catalog.models import Certificate, CertificateLevel, Product, certificate_key
from shop.decisions import results
from shop.decisions.errors import DecisionMovedOn, DecisionNumberTaken, NoSuchDecision, ResultGone
from shop.decisions.models import Decision, DecisionLine, Ground, Kind, Source, State
from shop.kernel import audit, clock, facts, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import locked, session, unique
from shop.kernel.errors import N_, Invalid, NotFound

# What stands on the paper of a draft beside its head and its products: (name, longest).
PAPER = {"place": 80, "basis": 4000, "proposer": 400, "recipients": 1000, "signer_name": 120}
_PROSE = frozenset({"basis", "recipients"})

# Who signs at each level unless the draft says otherwise; districts ended on 1 July 2025, their decisions are history.
ISSUERS = {
    CertificateLevel.DISTRICT: "",
    CertificateLevel.PROVINCE: "Ủy ban nhân dân tỉnh Quảng Ninh",
    CertificateLevel.MINISTRY: "Bộ Nông nghiệp và Môi trường",
}


@dataclass(frozen=True, slots=True)
class Head:
    """What a decision says of itself; a draft may leave number, day and signer for later."""

    level: CertificateLevel
    issuer: str | None = None
    number: str | None = None
    decided_on: date | None = None
    signer: str | None = None
    summary: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A product to be recognised. `expires_on` only where an old certificate did not run for the time of its law."""

    product_id: int
    stars: int
    score: Decimal | None = None
    certificate_number: str | None = None
    expires_on: date | None = None
    dossier_id: int | None = None
    dossier_code: str | None = None


@dataclass(frozen=True, slots=True)
class Revocation:
    """A certificate to be taken back, on a ground of the law, for a reason, perhaps from a check."""

    certificate_id: int
    ground: Ground
    reason: str
    check_id: int | None = None


def issuer_key(name: str) -> str:
    """How two spellings of an authority are seen to be the same."""
    return "-".join(text.words(name))[:80]


def _head(head: Head) -> dict[str, Any]:
    issuer = facts.line(head.issuer, "issuer") or ISSUERS[head.level]
    if not issuer_key(issuer):
        raise Invalid(N_("Hãy ghi cơ quan ban hành."), field="issuer")
    number = facts.line(head.number, "number", 80)
    if number and not certificate_key(number):
        raise Invalid(N_("Số quyết định phải có chữ hoặc số."), field="number")
    if head.decided_on is not None and head.decided_on > clock.today():
        raise Invalid(N_("Ngày quyết định chưa đến."), field="decided_on")
    return {
        "level": head.level, "issuer": issuer, "issuer_key": issuer_key(issuer), "number": number,
        "number_key": certificate_key(number) if number else None, "decided_on": head.decided_on,
        "signer": facts.line(head.signer, "signer"), "summary": facts.prose(head.summary, "summary"),
    }  # fmt: skip


def own_number(issuer: str) -> Any:
    """Refuse a number that the authority has given to another decision."""
    return unique(
        "decisions.issuer_key", "decisions.number_key", "uq_decisions_issuer_key",
        otherwise=lambda: DecisionNumberTaken(field="number", issuer=issuer),
    )  # fmt: skip


def _free_number(values: dict[str, Any], but: int = 0) -> None:
    if values["number_key"] is None:
        return
    taken = select(Decision.id).where(
        Decision.issuer_key == values["issuer_key"], Decision.number_key == values["number_key"], Decision.id != but
    )
    if session().scalar(taken) is not None:
        raise DecisionNumberTaken(field="number", issuer=values["issuer"])


def locked_draft(reference: str, version: int | None) -> Decision:
    """The draft, locked, as it was seen.

    Raises:
        NoSuchDecision.
        DecisionMovedOn: it is no draft any more, or another version.
    """
    row_id = session().scalar(select(Decision.id).where(Decision.reference == reference))
    if row_id is None:
        raise NoSuchDecision
    row = locked(Decision, row_id, NoSuchDecision)
    if row.state is not State.DRAFT or (version is not None and row.version != version):
        raise DecisionMovedOn
    return row


def noted(actor: Actor, row: Decision, what: str, **values: Any) -> None:
    """Write into the audit log what was done to a decision."""
    audit.record(actor, f"decisions.{what}", f"decision:{row.reference}", number=row.number, **values)


def draft(
    actor: Actor, kind: Kind, source: Source, head: Head, op_key: str, *, result_ids: tuple[int, ...] = (),
    lines: Sequence[Grant | Revocation] = (), is_demo: bool = False,
) -> str:  # fmt: skip
    """Begin a decision; return its reference. `result_ids`: files of the programme whose results it takes up; `lines`:
    what else stands in it.

    Raises:
        Invalid, DecisionNumberTaken.
        ResultGone: a result does not wait for a decision any more.
    """

    def command() -> dict[str, Any]:
        values = _head(head)
        _free_number(values)
        row = Decision(
            reference=text.reference(), kind=kind, source=source, state=State.DRAFT, version=1, created_at=clock.now(),
            created_by=actor.key, created_label=actor.label, is_demo=is_demo, **values,
        )  # fmt: skip
        session().add(row)
        with own_number(values["issuer"]):
            session().flush()
        ready = {r.dossier_id: r for r in results.ready()} if result_ids else {}
        for n in result_ids:
            found = ready.get(n)
            if found is None:
                raise ResultGone(code=str(n))
            _add(
                row,
                Grant(
                    found.product_id, found.stars, found.score, certificate_number=found.code, dossier_id=found.dossier_id,
                    dossier_code=found.code,
                ),
            )  # fmt: skip
        for line in lines:
            _add(row, line)
        session().flush()
        noted(actor, row, "draft", kind=kind, lines=len(row.lines))
        return {"reference": row.reference}

    body = [kind, repr(head), result_ids, repr(lines)]
    return str(operations.once(op_key, "decisions.draft", actor.key, body, command)["reference"])


def _step(
    actor: Actor, reference: str, version: int | None, what: str, op_key: str, body: object,
    work: Callable[[Decision], dict[str, Any]],
) -> None:  # fmt: skip
    def command() -> dict[str, Any]:
        row = locked_draft(reference, version)
        values = work(row)
        row.version += 1
        with own_number(row.issuer):
            session().flush()
        noted(actor, row, what, **values)
        return {}

    operations.once(op_key, f"decisions.{what}", actor.key, [reference, body], command)


def change(actor: Actor, reference: str, head: Head, version: int, op_key: str) -> None:
    """Change what a draft says of itself.

    Raises:
        NoSuchDecision, DecisionMovedOn, DecisionNumberTaken, Invalid.
    """

    def work(row: Decision) -> dict[str, Any]:
        values = _head(head)
        _free_number(values, row.id)
        before, after = facts.apply(row, values)
        return {"before": before, "after": after}

    _step(actor, reference, version, "change", op_key, [repr(head), version], work)


def _add(row: Decision, line: Grant | Revocation) -> DecisionLine:
    position = max((n.position for n in row.lines), default=0) + 1
    if isinstance(line, Grant):
        made = _granted(line)
    else:
        certificate = session().get(Certificate, line.certificate_id)
        reason = facts.prose(line.reason, "reason")
        if certificate is None:
            raise Invalid(N_("Không có chứng nhận này."), field="certificate")
        if not reason:
            raise Invalid(N_("Hãy ghi lý do thu hồi."), field="reason")
        made = DecisionLine(
            product_id=certificate.product_id, certificate_id=certificate.id, ground=line.ground, reason=reason,
            check_id=line.check_id,
        )  # fmt: skip
    if any(n.product_id == made.product_id for n in row.lines):
        raise Invalid(N_("Sản phẩm này đã có trong quyết định."), field="product")
    made.position = position
    row.lines.append(made)
    return made


def _granted(line: Grant) -> DecisionLine:
    if line.stars not in {3, 4, 5}:
        raise Invalid(N_("Chứng nhận có từ 3 đến 5 sao."), field="stars")
    if session().get(Product, line.product_id) is None:
        raise Invalid(N_("Không có sản phẩm này."), field="product")
    return DecisionLine(
        product_id=line.product_id, stars=line.stars, score=facts.decimal("0", "100", 2)(line.score, "score"),
        certificate_number=facts.line(line.certificate_number, "certificate_number", 80), expires_on=line.expires_on,
        dossier_id=line.dossier_id, dossier_code=line.dossier_code,
    )  # fmt: skip


def add_line(actor: Actor, reference: str, line: Grant | Revocation, version: int, op_key: str) -> None:
    """Add a product to recognise, or a certificate to take back.

    Raises:
        NoSuchDecision, DecisionMovedOn.
        Invalid: it does not fit the kind of decision, is there already, or makes no sense.
    """

    def work(row: Decision) -> dict[str, Any]:
        if (row.kind is Kind.GRANT) != isinstance(line, Grant):
            raise Invalid(field="product")
        made = _add(row, line)
        return {"product": made.product_id, "stars": made.stars, "ground": made.ground}

    _step(actor, reference, version, "add-line", op_key, [repr(line), version], work)


def number_line(actor: Actor, reference: str, line_id: int, number: str | None, version: int, op_key: str) -> None:
    """Write the number of the certificate that a line will bring.

    Raises:
        NoSuchDecision, DecisionMovedOn, NotFound, Invalid.
    """

    def work(row: Decision) -> dict[str, Any]:
        line = next((n for n in row.lines if n.id == line_id and n.stars), None)
        if line is None:
            raise NotFound
        line.certificate_number = facts.line(number, "certificate_number", 80)
        return {"product": line.product_id, "certificate": line.certificate_number}

    _step(actor, reference, version, "number-line", op_key, [line_id, number, version], work)


def remove_line(actor: Actor, reference: str, line_id: int, version: int, op_key: str) -> None:
    """Take a line out of a draft.

    Raises:
        NoSuchDecision, DecisionMovedOn, NotFound.
    """

    def work(row: Decision) -> dict[str, Any]:
        line = next((n for n in row.lines if n.id == line_id), None)
        if line is None:
            raise NotFound
        row.lines.remove(line)
        return {"product": line.product_id}

    _step(actor, reference, version, "remove-line", op_key, [line_id, version], work)


def set_file(actor: Actor, reference: str, content: bytes, version: int, op_key: str) -> None:
    """Keep the signed paper (PDF or photograph); once signed, anybody may read it beside the certificates.

    Raises:
        NoSuchDecision, DecisionMovedOn, BadDocument.
    """
    if not content:
        raise Invalid(N_("Hãy chọn tệp PDF hoặc ảnh chụp giấy tờ."), field="file")
    key = documents.keep(content)

    def work(row: Decision) -> dict[str, Any]:
        row.file_key = key
        return {"file": key}

    _step(actor, reference, version, "file", op_key, [key, version], work)


def set_paper(actor: Actor, reference: str, said: Mapping[str, str], version: int, op_key: str) -> None:
    """Keep what stands on the paper that is laid before the signer (`PAPER`); what is blank stays blank on it.

    Raises:
        NoSuchDecision, DecisionMovedOn.
        Invalid: something is too long; `field` names it.
    """
    kept = {}
    for name, longest in PAPER.items():
        found = facts.prose(said.get(name), name) if name in _PROSE else facts.line(said.get(name), name, longest)
        if found and len(found) > longest:
            raise Invalid(N_("Nội dung dài quá %(n)s ký tự."), field=name, n=longest)
        kept[name] = found or ""

    def work(row: Decision) -> dict[str, Any]:
        row.paper = kept
        return {"paper": kept}

    _step(actor, reference, version, "paper", op_key, [kept, version], work)


def drop(actor: Actor, reference: str, reason: str, version: int, op_key: str) -> None:
    """Give a draft up; its number may be given to another.

    Raises:
        NoSuchDecision, DecisionMovedOn, Invalid.
    """
    why = facts.prose(reason, "reason")
    if not why:
        raise Invalid(N_("Hãy ghi lý do."), field="reason")

    def work(row: Decision) -> dict[str, Any]:
        row.state, row.dropped_why, row.number_key = State.DROPPED, why, None
        return {"reason": why}

    _step(actor, reference, version, "drop", op_key, [why, version], work)
