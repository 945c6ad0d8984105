"""Papers about a lot: kept, shown to the public or not, taken off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from shop.catalog import documents
from shop.kernel import audit, clock, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import locked, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.stock.models import Lot, LotPaper, PaperKind

FOLDER = "lot-papers"


@dataclass(frozen=True, slots=True)
class PaperDraft:
    """What staff enter of a paper; `content` are the bytes of its file, b'' without one."""

    kind: str
    number: str = ""
    issuer: str = ""
    issued_on: date | None = None
    content: bytes = b""
    is_public: bool = False


def _line(raw: str, limit: int, field: str) -> str | None:
    found = text.clean(raw).replace("\n", " ")
    if len(found) > limit:
        raise Invalid(N_("Nhiều nhất %(n)s ký tự."), field=field, n=limit)
    return found or None


def add_paper(actor: Actor, lot_id: int, draft: PaperDraft, op_key: str) -> int:
    """Keep a paper of a lot; return its id.

    Raises:
        Invalid: no such kind, neither number nor file, a day in the future, a line too long.
        BadDocument: the file is neither PDF nor photograph, or carries active content.
        NotFound: there is no such lot.
    """
    kind = next((k for k in PaperKind if k == draft.kind), None)
    if kind is None:
        raise Invalid(N_("Hãy chọn loại giấy tờ."), field="kind")
    number, issuer = _line(draft.number, 80, "number"), _line(draft.issuer, 255, "issuer")
    if not draft.content and not number:
        raise Invalid(N_("Hãy ghi số giấy tờ hoặc chọn tệp."), field="number")
    if draft.issued_on and draft.issued_on > clock.today():
        raise Invalid(N_("Ngày cấp không thể ở tương lai."), field="issued_on")
    # The file is read and kept before the transaction: storage may be another machine.
    file_key = documents.keep(draft.content, folder=FOLDER) if draft.content else None

    def command() -> dict[str, Any]:
        lot = locked(Lot, lot_id, NotFound)
        row = LotPaper(
            lot_id=lot.id,
            kind=kind,
            number=number,
            issuer=issuer,
            issued_on=draft.issued_on,
            file_key=file_key,
            is_public=draft.is_public,
            created_at=clock.now(),
        )
        session().add(row)
        session().flush()
        audit.record(actor, "stock.add_paper", f"lot:{lot_id}", paper=row.id, kind=kind.value, public=draft.is_public)
        return {"id": row.id}

    body = [lot_id, draft.kind, number, issuer, str(draft.issued_on), file_key, draft.is_public]
    return int(operations.once(op_key, "stock.add_paper", actor.key, body, command)["id"])


def set_public(actor: Actor, paper_id: int, *, is_public: bool) -> None:
    """Show a paper on the trace page, or not any more.

    Raises:
        NotFound: there is no such paper.
    """
    with transaction():
        row = locked(LotPaper, paper_id, NotFound)
        row.is_public = is_public
        audit.record(actor, "stock.set_paper_public", f"lot:{row.lot_id}", paper=paper_id, public=is_public)


def remove_paper(actor: Actor, paper_id: int) -> None:
    """Take off a paper that was entered by mistake; its row and file stay for the record.

    Raises:
        NotFound: there is no such paper.
    """
    with transaction():
        row = locked(LotPaper, paper_id, NotFound)
        if row.removed_at is None:
            row.removed_at, row.is_public = clock.now(), False
            audit.record(actor, "stock.remove_paper", f"lot:{row.lot_id}", paper=paper_id)
