"""Reads of imports: the list of a producer's, one with its rows, what is refused, what the table does not name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext
from sqlalchemy import and_, func, or_, select

from shop.catalog import rules
from shop.catalog.models import Price, Product, ProductSet, ProductState, Variant, VariantState
from shop.imports.files import Raw
from shop.imports.models import OUTCOME_NAMES, RESULT_NAMES, STATE_NAMES, Import, ImportRow, Outcome, Result, State
from shop.kernel import clock, tables, text
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.errors import N_, NotFound
from shop.kernel.jobs import Job, JobState
from shop.producers.models import Producer


def by_id(import_id: int) -> Import:
    """The import as it is now.

    Raises:
        NotFound.
    """
    found = session().get(Import, import_id, populate_existing=True)
    if found is None:
        raise NotFound
    return found


def by_reference(reference: str) -> Import:
    """The import of this reference.

    Raises:
        NotFound.
    """
    found = session().scalar(select(Import).where(Import.reference == reference))
    if found is None:
        raise NotFound
    return found


def producer_of(reference: str) -> int | None:
    """Whose import it is."""
    return session().scalar(select(Import.producer_id).where(Import.reference == reference))


def maker(producer_id: int) -> tuple[str, str]:
    """Address and name of a producer."""
    slug, name = session().execute(select(Producer.slug, Producer.name).where(Producer.id == producer_id)).one()
    return slug, name


def lines_of(row: Import) -> int:
    """About how many rows the next round of work has: known once tried, else by the size of the file."""
    if row.total:
        return row.total
    from shop.kernel.storage import storage

    return len(storage().get(row.file_key)) // 150


def waiting_work(row: Import) -> Actor | None:
    """Who asked for the round of work that waits."""
    names = {State.CHECKING: "check", State.APPLYING: "apply", State.UNDOING: "undo"}
    key = f"imports.{names[row.state]}:{row.id}:{row.work}"
    found = session().scalar(select(Job.payload).where(Job.unique_key == key, Job.state == JobState.QUEUED))
    return actor_of(found) if found else None


def actor_of(payload: Mapping[str, Any]) -> Actor:
    """Who asked for a piece of work."""
    kind, label, user_id, address = payload["actor"]
    return Actor(kind, label, user_id, address)


def raws(import_id: int) -> Iterator[Raw]:
    """The rows as they were read and corrected, in order; those that are no goods stay so."""
    last = 0
    while True:
        rows = (
            session()
            .execute(
                select(ImportRow.position, ImportRow.number, ImportRow.cells, ImportRow.outcome, ImportRow.problems)
                .where(ImportRow.import_id == import_id, ImportRow.position > last)
                .order_by(ImportRow.position)
                .limit(1000)
            )
            .all()
        )
        for r in rows:
            why = r.problems[0]["title"] if r.outcome is Outcome.IGNORED else ""
            yield Raw(r.position, r.number, dict(r.cells), why)
        if not rows:
            return
        last = rows[-1].position


LIST = tables.Table(
    name="imports",
    order="-at",
    tie=Import.id,
    columns=[
        tables.Column("reference", N_("Mã lần nhập"), sort=(Import.reference,)),
        tables.Column("at", N_("Lúc"), sort=(Import.created_at,), value="created_at"),
        tables.Column("file", N_("Tệp"), sort=(Import.file_name,), value="file_name"),
        tables.Column("state", N_("Trạng thái"), sort=(Import.state,), value=lambda r: gettext(STATE_NAMES[r.state])),
        tables.Column("rows", N_("Số dòng"), "num", sort=(Import.total,), value="total"),
        tables.Column("by", N_("Người gửi"), sort=(Import.created_label,), value="created_label"),
    ],
    filters=[
        tables.Filter(
            "state", N_("Trạng thái"), lambda v: Import.state == v, [(s.value, STATE_NAMES[s]) for s in State]
        )
    ],
    search=lambda q: or_(Import.file_name.icontains(q, autoescape=True), Import.reference == text.normal_reference(q)),
)


def imports(args: Mapping[str, str], producer_id: int) -> tables.View:
    """The imports of a producer."""
    statement = select(
        Import.id, Import.reference, Import.created_at, Import.file_name, Import.state, Import.total,
        Import.created_label, Import.counts,
    ).where(Import.producer_id == producer_id)  # fmt: skip
    return LIST.open(args, "/producer/imports", statement)


ROWS = tables.Table(
    name="import-rows",
    order="number",
    tie=ImportRow.id,
    columns=[
        tables.Column("number", N_("Dòng số"), "num", sort=(ImportRow.position,)),
        tables.Column("sku", N_("Mã hàng"), sort=(ImportRow.sku,)),
        tables.Column("name", N_("Tên"), sort=(ImportRow.name,)),
        tables.Column("outcome", N_("Kết quả kiểm tra"), value=lambda r: gettext(OUTCOME_NAMES[r.outcome])),
        tables.Column("changes", N_("Thay đổi"), value="told"),
        tables.Column("result", N_("Kết quả ghi"), value=lambda r: gettext(RESULT_NAMES[r.result]) if r.result else ""),
    ],
    filters=[
        tables.Filter(
            "outcome", N_("Kết quả kiểm tra"), lambda v: ImportRow.outcome == v, [(o.value, OUTCOME_NAMES[o]) for o in Outcome]
        ),
        tables.Filter(
            "result", N_("Kết quả ghi"), lambda v: ImportRow.result == v, [(r.value, RESULT_NAMES[r]) for r in Result]
        ),
    ],
    search=lambda q: or_(ImportRow.sku == q.upper(), ImportRow.name.icontains(q, autoescape=True)),
    rows=30,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RowView:
    """A row as the page and the export show it; `why` has (column's head, words, suggestion)."""

    position: int
    number: int
    sku: str
    name: str
    outcome: Outcome
    result: Result | None
    changes: list[tuple[str, str, str, bool]]
    why: list[tuple[str, str, str]]
    corrected: bool

    @property
    def told(self) -> str:
        """All of it in one line."""
        parts = [f"{head}: {before or '–'} → {after or '–'}" for head, before, after, _queued in self.changes]
        parts += [f"{head}: {said}" if head else said for head, said, _suggestion in self.why]
        return "; ".join(parts)


def said(problem: Mapping[str, Any]) -> str:
    """The words of a refusal in the reader's language."""
    values = problem["values"]
    if "column" in values:  # kept by the name that our own files give it
        values = values | {"column": gettext(values["column"])}
    told = str(gettext(problem["title"], **values))
    return told if values else told.replace("%%", "%")


def row_view(r: Any) -> RowView:
    """A row for the page."""
    from shop.imports import columns

    return RowView(
        r.position, r.number, r.sku or "", r.name, r.outcome, r.result,
        [(columns.label(c[0]), c[1], c[2], len(c) > 3) for c in r.changes],
        [(columns.label(p["key"]), said(p), p.get("suggestion", "")) for p in [*r.problems, *(r.left or ())]],
        r.corrected,
    )  # fmt: skip


_ROW = (
    ImportRow.position, ImportRow.number, ImportRow.sku, ImportRow.name, ImportRow.outcome, ImportRow.result,
    ImportRow.changes, ImportRow.problems, ImportRow.left, ImportRow.corrected,
)  # fmt: skip


def rows(args: Mapping[str, str], row: Import) -> tables.View:
    """The rows of an import."""
    statement = select(*_ROW).where(ImportRow.import_id == row.id)
    return ROWS.open(args, f"/producer/imports/{row.reference}", statement, make=row_view)


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused row for correcting: its cells and what is wrong, by column."""

    position: int
    number: int
    name: str
    cells: dict[str, str]
    wrong: dict[str, tuple[str, str]]


def refused(import_id: int, page: int, size: int) -> tuple[list[Refused], bool]:
    """A page of the refused rows, and whether there are more."""
    found = (
        session()
        .execute(
            select(ImportRow.position, ImportRow.number, ImportRow.name, ImportRow.cells, ImportRow.problems)
            .where(ImportRow.import_id == import_id, ImportRow.outcome == Outcome.REFUSED)
            .order_by(ImportRow.position)
            .limit(size + 1)
            .offset((page - 1) * size)
        )
        .all()
    )
    made = [
        Refused(
            r.position,
            r.number,
            r.name,
            dict(r.cells),
            {p["key"] or "sku": (said(p), p["suggestion"]) for p in r.problems},
        )
        for r in found[:size]
    ]
    return made, len(found) > size


def all_refused(import_id: int) -> Iterator[tuple[int, dict[str, str], str]]:
    """Every refused row: its number, its cells, and why with what is suggested."""
    page = 1
    from shop.imports import columns

    while True:
        found, more = refused(import_id, page, 500)
        for r in found:
            told = []
            for key, (words, suggestion) in r.wrong.items():
                head = columns.label(key)
                hint = f" ({gettext('gợi ý: %(s)s', s=suggestion)})" if suggestion else ""
                told.append(f"{head}: {words}{hint}" if head else words + hint)
            yield r.number, r.cells, "; ".join(told)
        if not more:
            return
        page += 1


def sets() -> list[tuple[str, str]]:
    """The product sets in force: number and name."""
    today = clock.today()
    rows = session().execute(
        select(ProductSet.number, ProductSet.name, ProductSet.scheme)
        .where(or_(ProductSet.valid_to.is_(None), ProductSet.valid_to > today))
        .order_by(ProductSet.scheme)
    )
    latest = {str(number): name for number, name, _scheme in rows}
    return sorted(latest.items(), key=lambda pair: int(pair[0]))


def set_numbers() -> dict[int, str]:
    """The numbers of all sets by id."""
    return {i: str(n) for i, n in session().execute(select(ProductSet.id, ProductSet.number))}


@dataclass(frozen=True, slots=True)
class Absent:
    """A pack that the table does not name."""

    variant_id: int
    sku: str
    name: str
    pack: str
    amount: int | None


def absent(row: Import) -> list[Absent]:
    """The offered packs of the producer that no row of the import names, at most 2,000."""
    named = select(ImportRow.sku).where(ImportRow.import_id == row.id, ImportRow.sku.is_not(None))
    found = session().execute(
        select(Variant.id, Variant.sku, Product.name, Variant.pack, Price.amount)
        .join(Product)
        .outerjoin(Price, and_(Price.variant_id == Variant.id, rules.price_in_force(clock.now())))
        .where(
            Product.producer_id == row.producer_id,
            Product.state != ProductState.HIDDEN,
            Variant.state == VariantState.SHOWN,
            Variant.sku.not_in(named),
        )
        .order_by(Product.sort_name, Variant.position, Variant.id)
        .limit(2_000)
    )
    return [Absent(*r) for r in found]


def products_held(producer_id: int) -> int:
    """How many packs a producer has."""
    count = select(func.count()).select_from(Variant).join(Product).where(Product.producer_id == producer_id)
    return session().scalar(count) or 0
