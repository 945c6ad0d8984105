"""Office tables: what may be sorted and filtered, pages that stay cheap, and exports that never carry a formula.

A room declares its `Table` once; a view opens it with the address's arguments and a SELECT that holds only what the reader
may see:

    view = PRODUCTS.open(request.args, "/office/catalog", select(Product.id, Product.name))
    return view.download() if view.export else render_template("catalog/office/products.html", view=view)
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any
from urllib.parse import urlencode

from flask import Response
from flask_babel import gettext
from sqlalchemy.engine import Row

from shop.kernel import clock, text, web
from shop.kernel.db import session, streamed
from shop.kernel.errors import N_

PAGE_ROWS = 50
# Nobody reads page 200 of a table; whoever needs that row filters, searches or exports.
LAST_PAGE = 200
EXPORT_ROWS = 100_000
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Options = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `label` is Vietnamese, marked with `N_`.

    `sort`: SQL expressions to order by (none: cannot be sorted). `value`: what an export writes, an attribute's name or a
    function of the row (default: the attribute called `key`). `kind`: `''`, `num`, `do` (buttons), `check`.
    `on_page`/`in_export` leave a column out of one of the two.
    """

    key: str
    label: str
    kind: str = ""
    sort: tuple[Any, ...] = ()
    value: str | Callable[[Any], Any] | None = None
    on_page: bool = True
    in_export: bool = True

    def of(self, row: Any) -> Any:
        """What an export writes for `row`."""
        if callable(self.value):
            return self.value(row)
        return getattr(row, self.value or self.key)


@dataclass(frozen=True, slots=True)
class Filter:
    """One narrowing of the list. `where(value)` gives the SQL condition.

    `options`: (value, label) pairs, or a function that gives them when the page is made (labels already in the reader's
    language); any other value is ignored. `kind="day"` takes an ISO day instead and hands `where` a `date`;
    a day that is none, or that no calendar of people reaches, is ignored too.
    """

    name: str
    label: str
    where: Callable[[Any], Any]
    options: Options | Callable[[], Options] = ()
    kind: str = "select"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A filter as the page shows it: `options` begin with "all"."""

    name: str
    label: str
    kind: str
    options: Options
    value: str


@dataclass(frozen=True, slots=True)
class Sort:
    """The order in force; `urls` leads each sortable column to its own order (or turns it round)."""

    key: str
    down: bool
    urls: dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A list of the office.

    `name` begins the name of exported files. `order` is the order at first sight, a column's key, `-` before it for
    descending. `tie` ends every order so that pages never overlap (usually the primary key). `search(q)` gives the condition
    of the search box; None: there is none.
    """

    name: str
    columns: Sequence[Column]
    order: str
    tie: Any
    filters: Sequence[Filter] = ()
    search: Callable[[str], Any] | None = None
    rows: int = PAGE_ROWS

    def open(
        self,
        args: Mapping[str, str],
        here: str,
        statement: Any,
        *,
        make: Callable[[Row[Any]], Any] | None = None,
        keep: Sequence[str] = (),
        view: type[View] | None = None,
        narrow: Any = None,
    ) -> View:
        """Read the page that `args` asks for, or get ready to export.

        `here` is the page's path without language; `make` turns a row into what templates and columns read; `keep` names
        further arguments of the address that links carry on. Arguments that make no sense are ignored. `view`: what is made of
        it (see `shop.kernel.rows`). `narrow`: a SELECT of `tie` alone, over what holds that column and those of the filters and
        the order; a page is then looked up in it, and only its own rows are joined with all that they show.
        """
        q = text.clean(args.get("q", ""))[:100].replace("\n", " ") if self.search else ""
        chosen = [self._choose(f, args.get(f.name, "")) for f in self.filters]
        conditions = [
            f.where(clock.read_day(c.value) if f.kind == "day" else c.value)
            for f, c in zip(self.filters, chosen, strict=True)
            if c.value
        ]
        if q and self.search:
            conditions.append(self.search(q))
        by_key = {c.key: c for c in self.columns if c.sort}
        asked = args.get("sort", self.order)
        if asked.removeprefix("-") not in by_key:
            asked = self.order
        down, key = asked.startswith("-"), asked.removeprefix("-")
        order = [
            *((e.desc() if down else e.asc()).nulls_last() for e in by_key[key].sort),
            self.tie.desc() if down else self.tie.asc(),
        ]
        kept = {name: args[name] for name in keep if args.get(name)}
        query = kept | ({"q": q} if q else {}) | {c.name: c.value for c in chosen if c.value}
        export = args.get("format", "")
        return (view or View)(
            table=self,
            statement=statement.where(*conditions).order_by(*order),
            narrow=None if narrow is None else narrow.where(*conditions).order_by(*order),
            make=make or (lambda row: row),
            base=web.path(here),
            query=query | ({"sort": asked} if asked != self.order else {}),
            q=q,
            filters=chosen,
            sort=Sort(key, down, {k: _url(web.path(here), query | {"sort": self._turned(k, asked)}) for k in by_key}),
            page=_page(args.get("page", "")),
            export=export if export in {"csv", "xlsx"} else "",
        )

    def _turned(self, key: str, asked: str) -> str:
        if asked.removeprefix("-") != key:
            return key
        return key if asked.startswith("-") else f"-{key}"

    @staticmethod
    def _choose(f: Filter, value: str) -> Chosen:
        if f.kind == "day":
            try:
                value = clock.read_day(value).isoformat()
            except ValueError:
                value = ""
            return Chosen(f.name, gettext(f.label), f.kind, (), value)
        options = list(f.options() if callable(f.options) else ((v, gettext(label)) for v, label in f.options))
        value = value if value in {str(v) for v, _label in options} else ""
        return Chosen(f.name, gettext(f.label), f.kind, [("", gettext(N_("Tất cả"))), *options], value)


@dataclass
class View:
    """One opening of a table: what `templates/_macros/table.html` shows, or a file to take away."""

    table: Table
    statement: Any
    make: Callable[[Row[Any]], Any]
    base: str
    query: dict[str, str]
    q: str
    filters: list[Chosen]
    sort: Sort
    page: int
    export: str
    narrow: Any = None
    rows: list[Any] = field(default_factory=list)
    more: bool = False

    def __post_init__(self) -> None:
        if not self.export:
            size = self.table.rows
            narrow = self.statement if self.narrow is None else self.narrow
            page = narrow.limit(size + 1).offset((self.page - 1) * size)
            if self.narrow is not None:
                page = self.statement.where(self.table.tie.in_(page.scalar_subquery()))
            found = session().execute(page).all()
            self.rows = [self.make(row) for row in found[:size]]
            self.more = len(found) > size

    @property
    def searchable(self) -> bool:
        """Whether the list has a search box."""
        return self.table.search is not None

    @property
    def narrowed(self) -> bool:
        """Whether a search or a filter is in force."""
        return bool(self.q or any(f.value for f in self.filters))

    @property
    def columns(self) -> list[tuple[str, str, str]]:
        """(key, label, kind) of the page's columns, labels in the reader's language."""
        return [(c.key, gettext(c.label) if c.label else "", c.kind) for c in self.table.columns if c.on_page]

    @property
    def previous_url(self) -> str:
        """The page before, or ''."""
        return self._to(self.page - 1) if self.page > 1 else ""

    @property
    def next_url(self) -> str:
        """The page after, or ''."""
        return self._to(self.page + 1) if self.more and self.page < LAST_PAGE else ""

    @property
    def clear_url(self) -> str:
        """The list without search and filters."""
        return self.base

    @property
    def csv_url(self) -> str:
        """The whole narrowed list as CSV."""
        return _url(self.base, self.query | {"format": "csv"})

    @property
    def xlsx_url(self) -> str:
        """The whole narrowed list as XLSX."""
        return _url(self.base, self.query | {"format": "xlsx"})

    def _to(self, page: int) -> str:
        return _url(self.base, self.query | ({"page": str(page)} if page > 1 else {}))

    def download(self, cover: Cover | None = None) -> Response:
        """The whole narrowed list (at most `EXPORT_ROWS` rows) as the file that was asked for; an XLSX begins with `cover`."""
        columns = [c for c in self.table.columns if c.in_export and c.kind != "do"]
        head = [gettext(c.label) for c in columns]
        lines = self._lines(columns)
        name = f"{self.table.name}-{clock.today().isoformat()}"
        return send_csv(name, head, lines) if self.export == "csv" else send_xlsx(name, head, lines, cover)

    def _lines(self, columns: Sequence[Column]) -> Iterator[list[Any]]:
        statement = self.statement.limit(EXPORT_ROWS + 1)
        for n, row in enumerate(streamed(statement, size=500)):
            if n == EXPORT_ROWS:
                yield [gettext(N_("… chỉ xuất %(n)s dòng đầu; hãy lọc hẹp hơn."), n=EXPORT_ROWS)]
                return
            made = self.make(row)
            yield [c.of(made) for c in columns]


def _page(raw: str) -> int:
    return min(max(int(raw), 1), LAST_PAGE) if raw.isascii() and raw.isdigit() and len(raw) < 6 else 1


def _url(base: str, query: Mapping[str, str]) -> str:
    return f"{base}?{urlencode(query)}" if query else base


# --- files -------------------------------------------------------------------------------------------------------

# A spreadsheet takes a cell for a formula when it begins with one of these, full-width forms included. A semicolon or tab
# inside a cell may begin a new one where the reader's list separator is another than ours.
_FORMULA = re.compile(r"(^|[;\t\r\n|])([\s'\"]*)([=+\-@＝＋－＠])")


def harmless(value: str) -> str:
    """Return `value` so that no spreadsheet reads a formula in it: an apostrophe before what could begin one."""
    return _FORMULA.sub(r"\1\2'\3", value)


def plain(value: str) -> str:
    """The reverse of `harmless`, for files of ours that come back."""
    if "'" not in value:  # as nearly every cell
        return value
    return re.sub(r"(^|[;\t\r\n|])([\s'\"]*?)'([=+\-@＝＋－＠])", r"\1\2\3", value)


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return gettext(N_("có")) if value else gettext(N_("không"))
    if isinstance(value, int | Decimal):
        return value
    if isinstance(value, datetime):
        return value.astimezone(clock.VIETNAM).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return harmless(str(value))


def csv_lines(head: Sequence[str], lines: Iterator[Sequence[Any]]) -> Iterator[str]:
    """The rows as CSV (RFC 4180, all cells quoted, with the mark by which Excel knows UTF-8), in pieces."""
    yield "\ufeff"
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL)
    writer.writerow([harmless(h) for h in head])
    for n, line in enumerate(lines, 1):
        writer.writerow([_cell(value) for value in line])
        if n % 200 == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def send_csv(name: str, head: Sequence[str], lines: Iterator[Sequence[Any]]) -> Response:
    """Send the rows as `<name>.csv`."""

    def write(made: IO[bytes]) -> None:
        for piece in csv_lines(head, lines):
            made.write(piece.encode())

    return _send(write, "text/csv", f"{name}.csv")


@dataclass(frozen=True, slots=True)
class Cover:
    """A sheet before the lines of an XLSX: its name, its rows (what it is, its value: text or whole đồng) and the name of the
    sheet that has the lines."""

    name: str
    rows: Sequence[tuple[str, str | int]]
    lines_name: str


# So many lines say how wide the columns of a sheet are; letters of a cover's values; points of a line.
_MEASURED, _COVER, _LINE = 500, 66, 15

# A sheet: its name, its head, its lines.
Page = tuple[str, Sequence[str], Iterator[Sequence[Any]]]


def write_xlsx(
    target: Any,
    head: Sequence[str],
    lines: Iterator[Sequence[Any]],
    cover: Cover | None = None,
    more: Sequence[Page] = (),
) -> None:
    """Write the rows as XLSX into the binary file `target`, row by row in constant memory; text stays text. `more` sheets
    follow."""
    import xlsxwriter

    book = xlsxwriter.Workbook(
        target,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "default_date_format": "yyyy-mm-dd",
        },
    )
    bold = book.add_format({"bold": True, "valign": "top"})
    top, wrapped = (
        book.add_format({"bold": True, "valign": "top", "text_wrap": True, "bottom": 1}),
        book.add_format({"text_wrap": True, "valign": "top", "align": "left"}),
    )
    whole, instant = book.add_format({"num_format": "#,##0"}), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    if cover is not None:
        front = book.add_worksheet(_sheet_name(cover.name))
        front.set_column(0, 0, 36)
        front.set_column(1, 1, _COVER)
        _printed(front, 100)
        for n, (label, value) in enumerate(cover.rows):
            front.set_row(n, _LINE * _lines_of(str(value), _COVER))
            front.write_string(n, 0, harmless(label), bold)
            if isinstance(value, int):
                front.write_number(n, 1, value, whole)
            else:
                front.write_string(n, 1, harmless(value), wrapped)
    first = _sheet_name(cover.lines_name) if cover is not None else None
    _fill(book.add_worksheet(first), head, lines, top, whole, instant)
    for name, its_head, its_lines in more:
        _fill(book.add_worksheet(_sheet_name(name)), its_head, its_lines, top, whole, instant)
    book.close()


def _fill(sheet: Any, head: Sequence[str], lines: Iterator[Sequence[Any]], bold: Any, whole: Any, instant: Any) -> None:
    sheet.freeze_panes(1, 0)
    wide = [max(10, min(len(label) + 3, 24)) for label in head]
    sheet.set_row(
        0, _LINE * max((_lines_of(label, letters) for label, letters in zip(head, wide, strict=True)), default=1)
    )
    for column, label in enumerate(head):
        sheet.write_string(0, column, label, bold)
    for n, line in enumerate(lines, 1):
        for column, value in enumerate(line):
            if value is None:
                continue
            if n <= _MEASURED and column < len(wide):
                wide[column] = max(wide[column], min(len(str(value)) + 2, 60))
            if isinstance(value, bool):
                sheet.write_string(n, column, _cell(value))
            elif isinstance(value, int):
                # A spreadsheet keeps 15 digits; longer numbers stay text.
                if abs(value) < 10**15:
                    sheet.write_number(n, column, value, whole)
                else:
                    sheet.write_string(n, column, str(value))
            elif isinstance(value, Decimal):
                sheet.write_number(n, column, float(value))
            elif isinstance(value, datetime):
                sheet.write_datetime(n, column, value.astimezone(clock.VIETNAM).replace(tzinfo=None), instant)
            elif isinstance(value, date):
                sheet.write_datetime(n, column, datetime(value.year, value.month, value.day))  # noqa: DTZ001 - a cell's day
            else:
                sheet.write_string(n, column, harmless(str(value))[:32_000])
    for column, letters in enumerate(wide):
        sheet.set_column(column, column, letters)
    _printed(sheet, sum(wide), head=True)


def _lines_of(value: str, letters: int) -> int:
    """How many lines a value takes in a column so many letters wide (bold ones are wider than the width counts)."""
    return -(-len(value) // max(1, letters - 2)) or 1


def _printed(sheet: Any, wide: int, head: bool = False) -> None:
    """On paper: A4 lying, columns side by side on as few pages as stay readable, pages numbered, the head on each."""
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.6)
    sheet.set_footer("&C&P/&N")
    sheet.fit_to_pages(-(-wide // 170), 0)
    if head:
        sheet.repeat_rows(0)
        sheet.repeat_columns(0)


def _sheet_name(name: str) -> str:
    """At most 31 letters and none that a spreadsheet forbids."""
    return re.sub(r"[\[\]:*?/\\']", " ", name)[:31]


def send_xlsx(
    name: str,
    head: Sequence[str],
    lines: Iterator[Sequence[Any]],
    cover: Cover | None = None,
    more: Sequence[Page] = (),
) -> Response:
    """Send the rows as `<name>.xlsx`, behind a first sheet if there is a `cover`, before `more` sheets."""
    return _send(lambda made: write_xlsx(made, head, lines, cover, more), XLSX_TYPE, f"{name}.xlsx")


def send(name: str, kind: str, write: Callable[[IO[bytes]], None]) -> Response:
    """Send as the file `name` of the type `kind` what `write` writes."""
    return _send(write, kind, name)


def _send(write: Callable[[IO[bytes]], None], kind: str, name: str) -> Response:
    """Write a temporary file and send it in pieces: nothing is held in memory, and what fails fails before the answer."""
    made = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the generator
    try:
        write(made)
    except BaseException:
        made.close()
        raise
    made.seek(0)

    def pieces() -> Iterator[bytes]:
        with made:
            while piece := made.read(65_536):
                yield piece

    return _as_file(Response(pieces(), mimetype=kind), name)


def _as_file(response: Response, name: str) -> Response:
    web.mark_private()
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response
