"""Commands of the library: documents with versions and files, and who says he has read them."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy.exc import IntegrityError

from shop.cycle.errors import CycleMovedOn
from shop.cycle.models.ideas import Document, DocumentKind, DocumentVersion, ReadReceipt
from shop.cycle.queries import meetings as queries
from shop.kernel import audit, clock, db, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.storage import key_for, storage

FOLDER = "programme-library"
LARGEST = 10 * 1024 * 1024
# What a file begins with → its ending. Word and Excel files of today are ZIP archives; which one, their name says.
STARTS = ((b"%PDF-", ("pdf",)), (b"PK\x03\x04", ("docx", "xlsx")))


def keep(content: bytes | None, name: str) -> str | None:
    """Keep a file (PDF, DOCX, XLSX); return its key, None if there is none. Not inside a transaction.

    Raises:
        Invalid: another kind of file, or a large one.
    """
    if not content:
        return None
    if len(content) > LARGEST:
        raise Invalid(N_("Tệp nặng quá %(n)s MB."), field="file", n=LARGEST // 1024 // 1024)
    ending = name.rpartition(".")[2].lower()
    if not any(content.startswith(start) and ending in endings for start, endings in STARTS):
        raise Invalid(N_("Chỉ nhận tệp PDF, DOCX hoặc XLSX."), field="file")
    key = key_for(FOLDER, content, ending)
    storage().put(key, content)
    return key


def _checked(title: str, summary: str, link: str | None) -> tuple[str, str, str | None]:
    title, summary, link = text.clean(title), text.clean(summary), (link or "").strip() or None
    if len(title) < 3:
        raise Invalid(N_("Hãy ghi tên văn bản."), field="title")
    if len(summary) < 10:
        raise Invalid(N_("Hãy ghi tóm tắt (ít nhất 10 ký tự)."), field="summary")
    if link is not None and not link.startswith(("https://", "http://")):
        raise Invalid(N_("Đường dẫn phải bắt đầu bằng https://"), field="link")
    return title, summary, link


def add(
    actor: Actor, kind: DocumentKind, title: str, number: str | None, summary: str, link: str | None, file_key: str | None,
    from_on: date, op_key: str, *, is_demo: bool = False,
) -> str:  # fmt: skip
    """Put a document into the library; return its reference.

    Raises:
        Invalid: no title or summary, a link that is none.
    """
    title, summary, link = _checked(title, summary, link)
    number = text.clean(number or "")[:80] or None

    def command() -> dict[str, Any]:
        row = Document(
            reference=text.reference(), kind=kind, title=title[:255], sort_name=text.sort_key(title), number=number,
            search_text=text.fold(f"{title} {number or ''} {summary}"), version=1, created_at=clock.now(), is_demo=is_demo,
        )  # fmt: skip
        session().add(row)
        session().flush()
        _version(actor, row, summary, link, file_key, from_on, None)
        return {"reference": row.reference}

    body = [kind.value, title, number, summary, link, file_key, from_on]
    return str(operations.once(op_key, "cycle.document", actor.key, body, command)["reference"])


def _version(
    actor: Actor, row: Document, summary: str, link: str | None, file_key: str | None, from_on: date, why: str | None
) -> None:
    session().add(
        DocumentVersion(
            document_id=row.id, number=row.version, summary=summary, link=link, file_key=file_key, from_on=from_on, why=why,
            added_at=clock.now(), added_label=actor.label,
        )
    )  # fmt: skip
    session().flush()
    audit.record(actor, "cycle.document", f"document:{row.reference}", version=row.version)


def revise(
    actor: Actor,
    reference: str,
    summary: str,
    link: str | None,
    file_key: str | None,
    from_on: date,
    why: str,
    *,
    seen: int,
) -> int:
    """Add a version; `seen` is the one that was read. What readers confirmed of the former one stays of the former one.

    Raises:
        NotFound. Invalid: no summary, no reason. CycleMovedOn: there is a newer version.
    """
    row_id = queries.document(reference).id
    why = text.clean(why)
    if len(why) < 5:
        raise Invalid(N_("Hãy ghi vì sao có bản mới (ít nhất 5 ký tự)."), field="why")
    with transaction():
        row = db.locked(Document, row_id, NotFound)
        _title, summary, link = _checked(row.title, summary, link)
        if row.version != seen:
            raise CycleMovedOn
        row.version += 1
        row.search_text = text.fold(f"{row.title} {row.number or ''} {summary}")
        row.ended_on = None
        _version(actor, row, summary, link, file_key, from_on, why)
        return row.version


def end(actor: Actor, reference: str, ended_on: date) -> None:
    """A document is no longer to be followed; it stays to be read.

    Raises:
        NotFound. CycleMovedOn: it has ended already.
    """
    row_id = queries.document(reference).id
    with transaction():
        row = db.locked(Document, row_id, NotFound)
        if row.ended_on is not None:
            raise CycleMovedOn
        row.ended_on = ended_on
        audit.record(actor, "cycle.document-end", f"document:{reference}", on=ended_on)


def read(actor: Actor, reference: str, number: int, locality: str | None) -> None:
    """A user says that he has read a version; once is enough.

    Raises:
        NotFound.
    """
    row = queries.version(queries.document(reference).id, number)
    if actor.user_id is None:
        raise NotFound
    if queries.has_read(row.id, actor.user_id):
        return
    try:
        with transaction() as s:
            s.add(
                ReadReceipt(
                    version_id=row.id, user_id=actor.user_id, reader=actor.label, locality_code=locality,
                    read_at=clock.now(),
                )
            )  # fmt: skip
            s.flush()
    except IntegrityError:
        return  # the same person in two windows
