"""Office tables: white lists, pages, and exports that a spreadsheet can only read as text."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from shop.kernel import clock, tables, templates
from shop.producers.models import LegalForm, Producer
from tests.factories import make_producer

TABLE = tables.Table(
    name="makers",
    order="name",
    tie=Producer.id,
    rows=3,
    columns=[
        tables.Column("name", "Tên", sort=(Producer.sort_name,)),
        tables.Column("tax", "Mã số thuế", sort=(Producer.tax_code,), value="tax_code"),
        tables.Column("story", "Câu chuyện", on_page=False),
        tables.Column("do", "", "do"),
    ],
    filters=[
        tables.Filter("form", "Loại hình", lambda v: Producer.legal_form == v, [(f.value, f.value) for f in LegalForm]),
        tables.Filter("since", "Từ ngày", lambda d: Producer.created_at >= clock.start_of(d), kind="day"),
    ],
    search=lambda q: Producer.name.contains(q, autoescape=True),
)  # fmt: skip
SELECT = select(Producer.id, Producer.name, Producer.tax_code, Producer.story)


@pytest.fixture(params=[None, select(Producer.id)], ids=["whole", "narrow"])
def seen(ctx: Any, request: Any) -> Any:
    """Opens the table, as it is and with the page looked up in its keys alone: the two show the same."""

    def opened(**args: str) -> tables.View:
        with ctx.test_request_context("/office/makers"):
            view = TABLE.open(args, "/office/makers", SELECT, narrow=request.param)
            _ = view.previous_url, view.columns
            return view

    return opened


def names(view: tables.View) -> list[str]:
    return [row.name for row in view.rows]


def test_sorts_by_the_dictionary_and_turns_round(seen: Any) -> None:
    for name in ("Đầm Hà", "Ba Chẽ", "Dầu Sở", "Ân", "Anh"):
        make_producer(name)
    first = seen()
    assert names(first) == ["Anh", "Ân", "Ba Chẽ"]
    assert first.more
    assert "page=2" in first.next_url
    assert first.sort.urls["name"].endswith("sort=-name")
    assert names(seen(page="2")) == ["Dầu Sở", "Đầm Hà"]
    assert names(seen(sort="-name")) == ["Đầm Hà", "Dầu Sở", "Ba Chẽ"]


@pytest.mark.parametrize(
    "args",
    [
        {"sort": "story"}, {"sort": "name; DROP TABLE producers"}, {"sort": "--name"}, {"page": "-1"}, {"page": "x"},
        {"page": "²"}, {"form": "' OR 1=1"}, {"since": "2026-13-01"}, {"format": "exe"},
    ],
)  # fmt: skip
def test_senseless_arguments_are_ignored(seen: Any, args: dict[str, str]) -> None:
    make_producer("A")
    view = seen(**args)
    assert names(view) == ["A"]
    assert view.sort.key == "name"
    assert not view.export


def test_pages_are_capped(seen: Any) -> None:
    assert seen(page="99999").page == tables.LAST_PAGE


def test_unknown_values_come_last_both_ways(seen: Any) -> None:
    make_producer("A", tax_code=None)
    make_producer("B", tax_code="1")
    make_producer("C", tax_code="2")
    assert names(seen(sort="tax")) == ["B", "C", "A"]
    assert names(seen(sort="-tax")) == ["C", "B", "A"]


def test_filters_and_search(seen: Any) -> None:
    make_producer("HTX 100%", legal_form=LegalForm.COOPERATIVE)
    make_producer("Hộ A", legal_form=LegalForm.HOUSEHOLD)
    assert names(seen(form="htx")) == ["HTX 100%"]
    assert names(seen(q="100%")) == ["HTX 100%"]
    assert names(seen(q="%")) == ["HTX 100%"]
    assert names(seen(since="2199-01-01")) == []
    assert seen(q="x").narrowed
    assert "form=htx" in seen(form="htx").csv_url


EVIL = ["=1+1", "+84912", "-2", "@SUM(A1)", "\t=1", " =1", "＝1", "a;=1", 'x\n"=1', "|=1"]


def test_exports_never_carry_a_formula(ctx: Any) -> None:
    for i, evil in enumerate(EVIL):
        make_producer(f"P{i}", story=evil, tax_code="0123")
    with ctx.test_request_context():
        for kind in ("csv", "xlsx"):
            response = TABLE.open({"format": kind}, "/office/makers", SELECT).download()
            content = response.get_data()
            assert response.headers["Content-Disposition"].startswith('attachment; filename="makers-')
            if kind == "csv":
                assert content.startswith(b"\xef\xbb\xbf")
                lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
            else:
                lines = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
                assert b"<f>" not in content
            assert lines[0] == ["Tên", "Mã số thuế", "Câu chuyện"]
            assert len(lines) == len(EVIL) + 1
            for line, evil in zip(lines[1:], EVIL, strict=True):
                assert line[1] == "0123"
                for part in line[2].replace("\t", ";").replace("\n", ";").replace("|", ";").split(";"):
                    assert part.strip(" \"'") == part.strip(' "') or part.lstrip(' "').startswith("'")
                    assert not part.lstrip(' "').startswith(("=", "+", "-", "@", "＝"))
                assert tables.plain(line[2]) == evil


@given(st.text(alphabet="=+-@'\";|\t\n aA1", max_size=12))
def test_no_text_is_read_as_a_formula(value: str) -> None:
    made = tables.harmless(value)
    for part in made.replace("\t", ";").replace("\n", ";").replace("\r", ";").replace("|", ";").split(";"):
        assert (
            not part.lstrip(" \"'").startswith(("=", "+", "-", "@")) or "'" in part[: part.index(part.lstrip(" \"'"))]
        )


def test_numbers_days_and_instants_keep_their_kind() -> None:
    target = io.BytesIO()
    tables.write_xlsx(
        target,
        ["a"],
        iter([[125_000, Decimal("2.5"), date(2026, 11, 24), datetime(2026, 11, 23, 17, 30, tzinfo=UTC), 10**17, None]]),
    )
    row = CalamineWorkbook.from_filelike(io.BytesIO(target.getvalue())).get_sheet_by_index(0).to_python()[1]
    assert row[:2] == [125_000, 2.5]
    assert row[2] == date(2026, 11, 24)
    assert row[3] == datetime(2026, 11, 24, 0, 30)
    assert row[4] == str(10**17)


def test_further_sheets_follow() -> None:
    target = io.BytesIO()
    more = [("Ngày/gian", ["a", "b"], iter([["=1+1", 3]])), ("Rỗng", ["c"], iter([]))]
    tables.write_xlsx(target, ["x"], iter([[1]]), tables.Cover("Bìa", [("Tổng", 9)], "Dòng"), more)
    book = CalamineWorkbook.from_filelike(io.BytesIO(target.getvalue()))
    assert book.sheet_names == ["Bìa", "Dòng", "Ngày gian", "Rỗng"]
    assert book.get_sheet_by_name("Ngày gian").to_python()[1] == ["'=1+1", 3]


def test_cells_are_named_for_a_phone() -> None:
    """Each cell carries the name of its column, escaped; one that only says a dash is marked."""
    drawn = templates.labelled(
        '<th scope="row">Miến</th><td class="num">–</td><td>3 <td2></td>', ["Hàng", 'Giá "gốc"', "Còn & có"]
    )
    assert drawn == (
        '<th role="rowheader" data-label="Hàng" scope="row">Miến</th>'
        '<td role="cell" data-label="Giá &#34;gốc&#34;" class="num" data-none>–</td>'
        '<td role="cell" data-label="Còn &amp; có">3 <td2></td>'
    )


def test_a_cell_beyond_the_columns_has_no_name() -> None:
    assert (
        templates.labelled("<td>a</td><td>b</td>", ["A"])
        == '<td role="cell" data-label="A">a</td><td role="cell">b</td>'
    )
