"""Meetings with their lists of people; the library with versions, read receipts and a search without marks."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
import xlsxwriter

from shop.accounts.permissions import Role
from shop.cycle.errors import CycleMovedOn
from shop.cycle.models.ideas import DocumentKind, MeetingKind
from shop.cycle.queries import meetings as queries
from shop.cycle.services import library, meetings
from shop.kernel import clock, operations
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.errors import Invalid
from tests import factories
from tests.people import sign_in

OFFICER = Actor("user", "Cán bộ địa phương", 831, "127.0.0.1")
VAN_DON, MONG_CAI = "06994", "06712"


def held(code: str = VAN_DON, **values: Any) -> str:
    title = values.get("title", "Tập huấn ghi nhãn")
    return meetings.hold(
        OFFICER,
        MeetingKind.TRAINING,
        title,
        code,
        values.get("on", clock.today()),
        None,
        None,
        None,
        operations.new_key(),
    )


def sheet(*rows: tuple[str, ...]) -> bytes:
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made)
    page = book.add_worksheet()
    for n, row in enumerate((("STT", "Họ và tên", "Đơn vị", "Có mặt"), *rows)):
        for at, cell in enumerate(row):
            page.write_string(n, at, cell)
    book.close()
    return made.getvalue()


def test_a_list_of_people_is_brought_once(gazetteer: Any) -> None:
    maker = factories.make_producer("HTX Ruốc Cái Rồng")
    ref = held()
    content = sheet(
        ("1", "Nguyễn Văn An", "HTX Ruốc Cái Rồng", "x"), ("2", "Lê Thị Bình", "", "vắng"), ("3", "", "", "")
    )
    done = meetings.attend(OFFICER, ref, content, "ds.xlsx")
    assert (done.added, done.changed, done.skipped) == (2, 0, 1)
    again = meetings.attend(OFFICER, ref, content, "ds.xlsx")
    assert (again.added, again.changed) == (0, 0)
    people = queries.people(queries.meeting(ref).id)
    assert [(p.name, p.producer_id, p.came) for p in people] == [
        ("Nguyễn Văn An", maker.id, True), ("Lê Thị Bình", None, False),
    ]  # fmt: skip
    late = meetings.attend(OFFICER, ref, sheet(("2", "Lê Thị Bình", "", "có")), "ds.xlsx")
    assert (late.added, late.changed) == (0, 1)


def test_a_person_is_put_on_the_list_by_hand_and_marked(gazetteer: Any, client: Any) -> None:
    maker = factories.make_producer("HTX Ruốc Cái Rồng")
    ref = held()
    sign_in(client, (Role.LOCALITY_OFFICER, f"locality:{VAN_DON}"))
    page = f"/office/meetings/{ref}"
    sent = {"csrf_token": client.token(page), "do": "one"}
    half = client.post(f"{page}/people", data=sent | {"name": " ", "unit": "HTX Ruốc Cái Rồng"})
    assert half.status_code == 422 and 'value="HTX Ruốc Cái Rồng"' in half.get_data(as_text=True), "typed words stay"
    one = sent | {"name": "Vũ Thị Cẩm", "unit": "HTX Ruốc Cái Rồng", "office": "Giám đốc"}
    for _ in range(2):
        assert client.post(f"{page}/people", data=one).status_code == 303
    (person,) = queries.people(queries.meeting(ref).id)
    assert (person.name, person.producer_id, person.came) == ("Vũ Thị Cẩm", maker.id, False)
    mark = {"csrf_token": client.token(page), "do": "mark", "person": person.id}
    assert client.post(f"{page}/people", data=mark | {"came": "1"}).status_code == 303
    session().expire_all()
    assert queries.people(queries.meeting(ref).id)[0].came
    elsewhere = held(VAN_DON, title="Lớp khác")
    wrong = client.post(f"/office/meetings/{elsewhere}/people", data=mark | {"came": "0"})
    assert wrong.status_code == 404, "somebody of another list"


def test_lists_and_meetings_that_are_none(gazetteer: Any) -> None:
    ref = held()
    for content, name in ((b"", ""), (b"a,b\n1,2\n", "x.csv"), (b"Ho ten\n", "x.csv"), (b"khong phai", "x.xlsx")):
        with pytest.raises(Invalid):
            meetings.attend(OFFICER, ref, content, name)
    with pytest.raises(Invalid):
        held(title=" ")
    assert queries.people(queries.meeting(ref).id) == []


def document(**values: Any) -> str:
    return library.add(
        OFFICER, DocumentKind.FORM, values.get("title", "Mẫu 01: Đơn đăng ký ý tưởng"), "26/2026/QĐ-TTg",
        "Đơn đăng ký đánh giá, phân hạng sản phẩm.", values.get("link"), None, date(2026, 5, 22), operations.new_key(),
    )  # fmt: skip


def test_versions_and_who_has_read_them(gazetteer: Any) -> None:
    ref = document()
    reader = Actor("user", "Người đọc", 7, "127.0.0.1")
    for _ in range(2):
        library.read(reader, ref, 1, VAN_DON)
    row = queries.document(ref)
    assert [r.reader for r in queries.receipts(queries.version(row.id, 1).id)] == ["Người đọc"]
    with pytest.raises(Invalid):
        library.revise(OFFICER, ref, "Đơn theo mẫu mới của bộ.", None, None, date(2026, 6, 1), "", seen=1)
    assert (
        library.revise(OFFICER, ref, "Đơn theo mẫu mới của bộ.", None, None, date(2026, 6, 1), "Mẫu thay đổi", seen=1)
        == 2
    )
    with pytest.raises(CycleMovedOn):
        library.revise(OFFICER, ref, "Đơn theo mẫu mới của bộ.", None, None, date(2026, 6, 1), "Lần nữa", seen=1)
    shelf = queries.library("don theo mau", "", 7)
    assert [(x.version, x.read) for x in shelf] == [(2, False)], "who has read the former version has not read this one"
    assert queries.library("Quyết định thuế", "", 7) == []
    assert queries.library("", "policy", 7) == []
    with pytest.raises(Invalid):
        document(link="javascript:alert(1)")


def test_only_files_that_are_documents_are_kept(ctx: Any) -> None:
    assert library.keep(None, "") is None
    for content, name in ((b"MZ\x90", "a.pdf"), (b"%PDF-1.7", "a.exe"), (b"<html>", "a.docx")):
        with pytest.raises(Invalid):
            library.keep(content, name)
    key = library.keep(b"%PDF-1.7 thu", "a.pdf")
    assert key is not None and key.endswith(".pdf")


def test_the_pages(client: Any, gazetteer: Any) -> None:
    other = held(MONG_CAI, title="Hội nghị Móng Cái")
    sign_in(client, Role.PROGRAMME_OFFICER)
    form = "/office/library/new"
    assert client.fill(form, form=form, title="Hướng dẫn").status_code == 422
    more = {"kind": "guidance", "summary": "Cách ghi nhãn hàng hóa theo quy định."}
    assert client.fill(form, form=form, title="Hướng dẫn ghi nhãn", **more).status_code == 303
    listed = client.get("/office/library?q=ghi+nhan").get_data(as_text=True)
    assert "Hướng dẫn ghi nhãn" in listed and "chưa đọc" in listed
    sign_in(client, (Role.LOCALITY_OFFICER, f"locality:{VAN_DON}"))
    ref = queries.library("", "", 0)[0].reference
    page = f"/office/library/{ref}"
    assert client.fill(page, form=f"{page}/read").status_code == 303
    assert "bạn đã đọc" in client.get(page).get_data(as_text=True)
    assert client.get(f"{page}/file").status_code == 404
    new = "/office/meetings/new"
    typed = {"kind": "training", "title": "Lớp ghi nhãn", "held_on": clock.today().isoformat()}
    assert client.fill(new, form=new, **typed, locality=MONG_CAI).status_code == 422
    assert client.fill(new, form=new, **typed, locality="").status_code == 422, "not of the whole province"
    made = client.fill(new, form=new, **typed)
    assert made.status_code == 303, "an officer of one locality need not choose it"
    mine = made.headers["Location"].removeprefix("http://localhost")
    assert "Lớp ghi nhãn" in client.get(mine).get_data(as_text=True)
    rows = client.get("/office/meetings").get_data(as_text=True)
    assert "Lớp ghi nhãn" in rows and "Hội nghị Móng Cái" not in rows
    assert client.get(f"/office/meetings/{other}").status_code == 404
