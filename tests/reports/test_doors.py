"""The pages of reports: whose they are, forms that keep what was typed, files."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image

from shop.accounts.permissions import Permission, Role
from shop.cycle.services import figures as told
from shop.kernel import clock, papers
from shop.pages import waiting
from shop.reports import document, rules, sheet
from shop.reports.models import ReportState
from shop.reports.queries import province
from shop.reports.services import monthly as services
from shop.reports.services.monthly import Said
from tests.people import sign_in
from tests.reports.conftest import MONG_CAI, OFFICER, PROVINCE, VAN_DON, Place, report, submitted

MONTH = rules.spelt(rules.latest())
HERE = f"/office/reports/{MONTH}"
DONE = "Hướng dẫn các chủ thể ghi nhãn và mã truy xuất."


def test_an_officer_writes_his_own_and_sees_no_other(client: Any, place: Place) -> None:
    submitted(MONG_CAI, Said({"done": DONE}))
    sign_in(client, (Role.LOCALITY_OFFICER, f"locality:{VAN_DON}"))
    mine = f"{HERE}/{VAN_DON}"
    assert client.get(HERE).status_code == 302, "one locality: straight to its report"
    page = client.get(mine).get_data(as_text=True)
    assert "HTX" not in page and 'f=producers">1<' in page
    assert "Cả tỉnh, tháng" not in page, "the list of the province would lead him straight back"
    for month in (clock.today(), clock.add_months(rules.latest(), -3)):
        other = f"/office/reports/{rules.spelt(month)}/{VAN_DON}"
        assert f'href="{other}"' in page and client.get(other).status_code == 200
    for address in (f"{HERE}/{MONG_CAI}", f"{HERE}/{MONG_CAI}/rows?f=producers"):
        assert client.get(address).status_code == 404
    assert client.get(f"{HERE}/summary").status_code == 403
    bad = client.fill(mine, form=mine, do="submit", done=DONE, turnover="một triệu", jobs="7")
    text = bad.get_data(as_text=True)
    assert bad.status_code == 422 and "một triệu" in text and DONE in text and 'value="7"' in text
    assert client.fill(mine, form=mine, do="save", done=DONE).status_code == 303
    assert client.fill(mine, form=mine, do="submit", done=DONE, jobs="7").status_code == 303
    assert report().state is ReportState.SUBMITTED
    token = {"csrf_token": client.token("/tai-khoan"), "seen": "1"}
    assert client.post(f"{mine}/lock", data=token).status_code == 403
    assert client.post(f"{HERE}/{MONG_CAI}", data=token | {"do": "save"}).status_code == 404


def test_the_province_returns_locks_and_sums_up(client: Any, place: Place) -> None:
    submitted()
    sign_in(client, Role.PROGRAMME_OFFICER)
    mine = f"{HERE}/{VAN_DON}"
    listed = client.get(HERE).get_data(as_text=True)
    assert listed.count("Chưa soạn") == 53 and "1/54" in listed
    assert client.get(f"{HERE}?state=waiting").get_data(as_text=True).count("/office/reports/" + MONTH + "/0") == 1
    empty = client.fill(mine, form=f"{mine}/return", reason="")
    assert empty.status_code == 422 and "vì sao trả lại" in empty.get_data(as_text=True)
    assert client.fill(mine, form=f"{mine}/lock").status_code == 303
    assert report().state is ReportState.LOCKED
    plan = client.fill(mine, form=f"{mine}/plan", plan_producers="10", plan_sales="1.000.000")
    assert plan.status_code == 303 and "đạt 10 %" in client.get(mine).get_data(as_text=True)
    summary = f"{HERE}/summary"
    refused = client.fill(summary, form=summary, organ="Văn phòng điều phối")
    assert refused.status_code == 422 and "Văn phòng điều phối" in refused.get_data(as_text=True)
    done = client.fill(
        summary, form=summary, organ="Văn phòng điều phối", number="1/BC", place="Hạ Long", day="2026-01-05",
        signer_office="Chánh Văn phòng", recipients="Lưu: VT",
    )  # fmt: skip
    assert done.status_code == 303
    for ending, kind in (("pdf", "application/pdf"), ("xlsx", "spreadsheetml"), ("docx", "wordprocessingml")):
        answer = client.get(f"{summary}.{ending}?v=1")
        assert answer.status_code == 200 and kind in answer.content_type and len(answer.get_data()) > 2_000
    rows = client.get(f"{summary}/rows?f=producers&v=1").get_data(as_text=True)
    assert "HTX Ruốc Cái Rồng" in rows and "Đặc khu Vân Đồn" in rows
    assert client.get(f"{summary}/rows?f=producers&v=1&format=csv").status_code == 200


def test_the_summary_tells_first_who_is_late_and_what_changed(client: Any, place: Place) -> None:
    content = {
        "localities": [
            {"code": "1", "name": "A", "state": None, "late": True, "differs": {}},
            {"code": "2", "name": "B", "state": "locked", "late": False, "differs": {"producers": {"value": 3}}},
        ],
        "blockers": [{"answer": ""}, {"answer": "Đã giao Sở."}],
        "totals": {"producers": 12, "products": 50, "sales": 100, "points": 2},
        "before": {"producers": 8, "products": 49, "sales": 200, "points": 0},
    }
    first = province.first_of_all(content)
    assert ([p["name"] for p in first.late], first.handed, first.unanswered) == (["A"], 1, 1)
    assert [p["name"] for p in first.differing] == ["B"]
    assert [(x.key, x.percent) for x in first.changed] == [("points", None), ("producers", 50), ("sales", -50)]
    sign_in(client, Role.PROGRAMME_OFFICER)
    page = client.get(f"{HERE}/summary?live=1").get_data(as_text=True)
    for anchor in ("xem-truoc", "phan-sales", "vuong-mac", "dia-phuong"):
        assert f'href="#{anchor}"' in page and f'id="{anchor}"' in page
    assert page.index('id="xem-truoc"') < page.index('id="phan-makers"') < page.index('id="dia-phuong"')
    assert 'class="fold-part"' in page and page.count("<details") >= 5


@pytest.mark.parametrize("address", ["2026-13", "2013-01", "9999-01", "x", "2026-1"])
def test_a_month_that_is_none(client: Any, place: Place, address: str) -> None:
    sign_in(client, Role.PROGRAMME_OFFICER)
    assert client.get(f"/office/reports/{address}").status_code == 404
    assert client.get(f"/office/reports/{address}/{VAN_DON}").status_code == 404


def test_a_frozen_number_opens_the_rows_of_its_version(client: Any, place: Place) -> None:
    from tests import factories

    submitted()
    factories.make_producer("HTX Đến Sau", commune_code=VAN_DON)
    sign_in(client, Role.PROGRAMME_OFFICER)
    old = client.get(f"{HERE}/{VAN_DON}/rows?f=producers&v=1").get_data(as_text=True)
    assert "HTX Ruốc Cái Rồng" in old and "HTX Đến Sau" not in old
    assert client.get(f"{HERE}/{VAN_DON}/rows?f=producers&v=2").status_code == 404
    assert client.get(f"{HERE}/{VAN_DON}/rows?f=nothing").status_code == 404


def test_a_correction_is_asked_for_by_the_locality(client: Any, place: Place) -> None:
    submitted()
    services.lock(PROVINCE, VAN_DON, rules.latest(), seen=1)
    sign_in(client, (Role.LOCALITY_OFFICER, f"locality:{VAN_DON}"))
    mine = f"{HERE}/{VAN_DON}"
    assert client.fill(mine, form=f"{mine}/correct", reason="Ghi nhầm số lao động").status_code == 303
    assert report().state is ReportState.CORRECTING
    assert "Đang đính chính" in client.get(mine).get_data(as_text=True)


def test_what_was_handed_in_and_what_is_owed_waits_on_the_first_page(client: Any, place: Place) -> None:
    def counts(scope: str) -> dict[str, int]:
        found = waiting.waiting(lambda p: frozenset([scope]) if p is Permission.REPORT_READ else frozenset())
        return {w.label: w.count for w in found}

    assert counts(f"locality:{VAN_DON}") == {"Báo cáo tháng trước chưa nộp": 1}
    submitted()
    assert counts(f"locality:{VAN_DON}") == {"Báo cáo tháng trước chưa nộp": 0}
    assert counts("*")["Báo cáo tháng chờ tỉnh xem"] == 1
    sign_in(client, (Role.LOCALITY_OFFICER, f"locality:{VAN_DON}"))
    assert "Báo cáo tháng trước chưa nộp" in client.get("/office").get_data(as_text=True)


def test_the_sheets_are_such_as_an_official_signs(client: Any, place: Place) -> None:
    submitted()
    services.lock(PROVINCE, VAN_DON, rules.latest(), seen=1)
    found = sheet.facts(rules.latest(), None, province.summary(rules.latest()))
    assert [row[1] for row in found["own"]] == ["–", "12", "30"], "what nobody sent is not zero"
    assert len(found["all"]) == len(found["columns"]) and found["all"][0] == "1"
    parts = document.body(found)
    head = parts[0]
    assert head.index("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM") > head.index("<w:b/>")
    made = io.BytesIO()
    document.write(made, found)
    with zipfile.ZipFile(made) as opened:
        ElementTree.fromstring(opened.read("word/document.xml"))
    pages = papers.picture("reports/papers/summary.typ", found, dpi=20)
    width, height = Image.open(io.BytesIO(pages[-1])).size
    assert width > height and len(pages) <= 5, "the annex lies on its side, a locality on a line"


def test_jobs_that_producers_told_stand_in_the_form_until_something_is_saved(client: Any, place: Place) -> None:
    told.say(
        OFFICER, place.maker.id, rules.end_of(rules.latest()) - timedelta(days=1), 17, 2_000_000, "Tự khai", seen=0
    )
    sign_in(client, (Role.LOCALITY_OFFICER, f"locality:{VAN_DON}"))
    mine = f"{HERE}/{VAN_DON}"
    page = client.get(mine).get_data(as_text=True)
    assert 'name="jobs" type="text" value="17"' in " ".join(page.split()), page
    assert "Số đã ghi: 17, của 1/1 chủ thể." in page and 'f=told.turnover">2.000.000' in page
    rows = client.get(f"{mine}/rows?f=told.jobs").get_data(as_text=True)
    assert f"/office/producer-figures/{place.maker.slug}" in rows and "Tự khai" in rows
    assert client.get(f"/office/producer-figures/{place.maker.slug}").status_code == 200
    assert client.fill(mine, form=mine, do="save", done=DONE, jobs="").status_code == 303
    page = client.get(mine).get_data(as_text=True)
    assert 'value="17"' not in page, "what was cleared stays cleared"
    assert client.fill(mine, form=mine, do="submit", done=DONE, jobs="18").status_code == 303
    assert report().said["figures"] == {"jobs": 18}
