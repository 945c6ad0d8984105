"""A fair's report: its numbers are the books', each opens its rows, frozen versions stay; paper, spreadsheet, public page."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select, update

from shop.accounts.permissions import Role
from shop.catalog.models import Product
from shop.demand.models.unmet import Channel, Kind
from shop.demand.services import unmet
from shop.exhibitions import report_lists, report_words
from shop.exhibitions.errors import FairMovedOn, ReportMoved
from shop.exhibitions.models.closing import BoothClosing, FairReport
from shop.exhibitions.models.days import ContactKind, CountedBy, Gate, Visits
from shop.exhibitions.models.fairs import BudgetLine, BudgetSide, Exhibition, ExhibitionStep, FairKind, FairState
from shop.exhibitions.models.records import Figure, FigureKind
from shop.exhibitions.queries import lacking, records, report_ground, report_rows, reporting, takings
from shop.exhibitions.services import days, finishing, signing
from shop.exhibitions.services import reporting as services
from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from shop.kernel.money import vnd
from shop.stock.models import StockLevel, StockMovement
from shop.till.models import TillTender
from tests import factories
from tests.exhibitions.closing_made import STAFF, Made, fairs_broken, key, make_fair
from tests.people import sign_in


@pytest.fixture
def fair(make_app: Callable[..., Flask]) -> Iterator[Made]:
    app = make_app(bank_bin="970436", bank_account="9889559357", bank_account_name="CHO BEN")
    with app.app_context():
        factories.make_places()
        made = make_fair(app)
        made.booth("A1", "Mực")
        made.booth("A2", "Trà", "Miến", place="07093")
        made.producers["Ngoài"] = factories.make_producer("HTX Ngoài", province_code="01", commune_code="00004")
        made.goods["Ngoài"] = factories.make_variant("Cốm Vòng", producer=made.producers["Ngoài"], amount=50_000)
        made.booth("B1", "Ngoài")
        for code, name, units in (("A1", "Mực", 10), ("A2", "Trà", 3), ("A2", "Miến", 8), ("B1", "Ngoài", 20)):
            made.bring(code, name, units)
        yield made


def trade(fair: Made) -> dict[str, Any]:
    """Sales in all three booths, one return, one way of paying each; the devices."""
    tills = {code: fair.till(code) for code in fair.booths}
    goods = fair.goods
    for till in tills.values():
        till.send(till.open())
    sold = tills["A1"].sale(tills["A1"].line(goods["Mực"], 4))
    tills["A1"].send(sold)
    back = {"variant_id": goods["Mực"].id, "quantity": 1, "restock": True, "lot_code": None}
    tills["A1"].send(tills["A1"].back(sold["body"]["number"], back, amount=120_000))
    both = [tills["A2"].line(goods["Trà"], 3), tills["A2"].line(goods["Miến"], 2)]
    tills["A2"].send(tills["A2"].sale(*both, tenders=[{"kind": "vietqr", "amount": 600_000, "given": None}]))
    tills["B1"].send(
        tills["B1"].sale(
            tills["B1"].line(goods["Ngoài"], 10), tenders=[{"kind": "terminal", "amount": 500_000, "given": None}]
        )
    )
    for till in tills.values():
        till.send(till.close(500_000))
    return tills


def closed(fair: Made) -> None:
    for code in fair.booths:
        fair.close(code)
    finishing.close_fair(STAFF, fair.slug, op_key=key())
    session().expire_all()


def frozen(fair: Made, note: str = "") -> int:
    figures = reporting.compute(fair.fair)
    return services.freeze(STAFF, fair.slug, note, services.seen(figures), op_key=key())


def table(figures: dict[str, Any], name: str) -> dict[str, dict[str, Any]]:
    return {row[0]: row[2] for row in figures["tables"][name]}


def test_the_numbers_are_those_of_the_books(fair):
    trade(fair)
    with transaction() as s:
        for side, name, planned, actual in (
            (BudgetSide.COST, "Thuê gian", 400_000, 292_000), (BudgetSide.INCOME, "Tài trợ", 100_000, None),
        ):  # fmt: skip
            s.add(
                BudgetLine(
                    exhibition_id=fair.fair.id, side=side, name=name, planned_amount=planned, actual_amount=actual,
                    updated_at=clock.now(),
                )
            )  # fmt: skip
    figures = reporting.compute(fair.fair)
    sums = figures["sums"]
    assert sums["turnover"] == 3 * 120_000 + 600_000 + 500_000
    assert sums["turnover"] == session().scalar(select(func.sum(TillTender.amount)))
    assert sums["own_turnover"] == 960_000
    assert (sums["receipts"], sums["units"]) == (3, 18)
    assert (sums["booths"], sums["own_booths"], sums["producers"]) == (3, 2, 4)
    assert (sums["cost"], sums["income"], figures["cost_basis"]) == (292_000, 100_000, "planned")
    assert sums["cost_per_1000"] == 200
    assert sums["visitors"] is None
    assert {k: v["amount"] for k, v in table(figures, "tender").items()} == {
        "cash": 360_000, "vietqr": 600_000, "terminal": 500_000,
    }  # fmt: skip
    assert {k: (v["producers"], v["amount"]) for k, v in table(figures, "locality").items()} == {
        "06661": (1, 360_000), "07093": (2, 600_000), "01": (1, 500_000),
    }  # fmt: skip
    for name in ("day", "tender", "locality", "producer", "group", "booth", "best"):
        assert sum(row["amount"] for row in table(figures, name).values()) == sums["turnover"], name
    assert str(figures["tables"]["best"][0][1]).startswith("Cốm Vòng")
    assert [row[1] for row in figures["tables"]["locality"]] == [
        "Phường Đông Triều",
        "Thành phố Hà Nội",
        "Phường Hạ Long",
    ]


def test_every_number_opens_its_rows(fair):
    trade(fair)
    figures = reporting.compute(fair.fair)
    client = fair.app.test_client()
    sign_in(client, Role.PROGRAMME_OFFICER)
    for one in report_words.sums(figures, fair.slug, None):
        assert client.get(one.url).status_code == 200, one.url
    for name in report_ground.KEYS:
        for row in figures["tables"][name]:
            rows = report_rows.sale_rows(fair.fair, name, str(row[0]), None)
            assert sum(r.amount for r in rows) == row[2]["amount"], (name, row[0])
            assert sum(r.units for r in rows) == row[2]["units"], (name, row[0])
            assert client.get(report_words.rows_url(fair.slug, name, str(row[0]))).status_code == 200
    for row in figures["tables"]["tender"]:
        rows = report_rows.sale_rows(fair.fair, "tender", row[0], None)
        assert sum(r.amount for r in rows) == row[2]["amount"]
    assert sum(r.amount for r in report_rows.sale_rows(fair.fair, "own", "", None)) == figures["sums"]["own_turnover"]
    with pytest.raises(NotFound):
        report_rows.sale_rows(fair.fair, "nothing", "", None)
    here = f"/office/exhibitions/{fair.slug}/report/rows"
    assert client.get(f"{here}?by=nothing").status_code == 404
    shown = client.get(f"{here}?by=producer&key={fair.producers['Mực'].slug}&q=Mực&sort=-amount").get_data(as_text=True)
    assert "HTX Mực" in shown
    assert "HTX Ngoài" not in shown
    file = client.get(f"{here}?format=csv")
    assert file.status_code == 200
    assert file.get_data(as_text=True).count("\n") >= 6


def beside_sales(fair):
    """Two countings of one hour at one gate, two buyers met, a budget."""
    now, hour = clock.now(), clock.start_of(clock.today())
    with transaction() as s:
        gate = Gate(exhibition_id=fair.fair.id, name="Cổng chính")
        s.add(gate)
        s.flush()
        for source, n, hours in ((CountedBy.TAP, 90, 9), (CountedBy.SENSOR, 130, 9), (CountedBy.TAP, 40, 10)):
            at = hour + timedelta(hours=hours)
            values = {"visitors": n, "updated_at": now, "updated_label": "A"}
            s.add(Visits(exhibition_id=fair.fair.id, gate_id=gate.id, hour=at, source=source, **values))
        for side, planned, actual in (
            (BudgetSide.COST, 700, None),
            (BudgetSide.COST, 500, 300),
            (BudgetSide.INCOME, 90, 80),
        ):
            s.add(
                BudgetLine(
                    exhibition_id=fair.fair.id, side=side, name="Khoản", planned_amount=planned, actual_amount=actual,
                    updated_at=now,
                )
            )  # fmt: skip
    for kind, value in ((ContactKind.AGREEMENT, 5_000_000), (ContactKind.CONTACT, 900_000)):
        met = days.Met(fair.producers["Mực"].id, kind, "Ông Ba", "mua mực", value_amount=value)
        days.meet(STAFF, fair.fair.id, met, consent="đồng ý", op_key=key())


def test_sums_that_are_no_sales_open_their_rows(fair):
    trade(fair)
    beside_sales(fair)
    sums = reporting.compute(fair.fair)["sums"]
    # The sensor's 130 stands before the taps of the same hour: nothing is added twice.
    assert (sums["visitors"], sums["cost"], sums["income"]) == (170, 1_000, 80)

    def rows(name):
        return report_lists.behind(fair.fair, report_words.BEHIND[name], "", None).rows

    added = {"visitors": "visitors", "cost": "counted", "income": "counted", "agreed_amount": "value", "asks": "asks"}
    for name, column in added.items():
        assert sum(getattr(row, column) for row in rows(name)) == sums[name], name
    assert [len(rows(name)) for name in ("contacts", "agreements")] == [sums["contacts"], sums["agreements"]] == [2, 1]
    for name, word in (("booths", "Gian"), ("own_booths", "Gian"), ("producers", "Cơ sở"), ("receipts", "Hóa đơn")):
        found = report_lists.behind(fair.fair, report_words.BEHIND[name], "", None)
        assert dict(report_lists.counted(found.table, found.rows))[word] == sums[name], name
    of_day = report_lists.behind(fair.fair, "visitors", clock.today().isoformat(), None).rows
    assert sum(row.visitors for row in of_day) == 170
    assert {(row.written, row.instead) for row in of_day} == {(90, CountedBy.SENSOR), (130, None), (40, None)}


def test_what_was_asked_for_and_not_had(fair):
    tills = trade(fair)
    mine = fair.goods["Trà"]
    wish = unmet.Wish(
        Kind.TILL_ASKED, Channel.FAIR, 2, variant_id=mine.id, point_id=fair.points["A2"].id, reference="till:x",
        at=clock.now(),
    )  # fmt: skip
    with transaction():
        unmet.put(wish, once="thử-1")
    figures = reporting.compute(fair.fair)
    row = table(figures, "shortage")[str(mine.id)]
    assert (row["asks"], row["lacked"]) == (1, 2)
    assert figures["sums"]["asks"] == 1
    assert [r.lacked for r in report_rows.shortage_rows(fair.fair, str(mine.id))] == [2]
    assert tills


def sold_out(fair, opens):
    """A1 was filled on the first morning and sold all of it on the second day, two hours before its end."""
    till = fair.till("A1")
    with transaction() as s:
        ids = select(StockLevel.id).where(StockLevel.point_id == fair.points["A1"].id)
        for move in s.scalars(select(StockMovement).where(StockMovement.level_id.in_(ids))):
            move.at = opens[0][0]
        fair_row = s.get_one(Exhibition, fair.fair.id)
        for step in s.scalars(select(ExhibitionStep).where(ExhibitionStep.exhibition_id == fair_row.id)):
            if step.to_state == FairState.RUNNING.value:
                step.at = opens[0][0]
    at = opens[1][1] - timedelta(hours=2)
    till.send(till.open(at=at - timedelta(hours=1)))
    till.send(till.sale(till.line(fair.goods["Mực"], 10), at=at))
    return at


def days_of(fair):
    first = clock.start_of(fair.fair.from_on)
    return [
        (first + timedelta(days=n, hours=8), first + timedelta(days=n, hours=22))
        for n in range((fair.fair.to_on - fair.fair.from_on).days)
    ]


def test_hours_without_goods(fair):
    opens = days_of(fair)
    sold_out(fair, opens)
    # A report counts what had come in when it was made: this one is made when the till has sent everything.
    made = opens[1][1] + timedelta(days=3)
    figures = reporting.compute(fair.fair, made)
    booth = table(figures, "booth")["A1"]
    span = (opens[2][1] - opens[2][0]).total_seconds() / 3600
    assert booth["empty"] == round(10 * (2 + span))
    assert table(figures, "shortage")[str(fair.goods["Mực"].id)]["empty"] == booth["empty"]
    assert table(figures, "booth")["A2"]["empty"] == 0
    # Not by night, not after the moment the report was counted.
    ids = report_ground.points(fair.fair.id)
    found = takings.of_points(ids)
    for until, tenths in ((opens[1][1] - timedelta(hours=1), 10), (opens[2][0] - timedelta(minutes=1), 20)):
        rows = lacking.empty_rows(fair.fair, found, ids, until)
        assert sum(row.hours for row in rows if row.variant_id is None) == tenths
    rows = report_rows.empty_rows(fair.fair, "empty_booth", "A1", made)
    assert sum(row.hours for row in rows) == booth["empty"]
    assert [row.day for row in rows] == [clock.business_day(a) for a, _b in opens[1:3]]


@pytest.mark.parametrize("how", ["closing", "cancelled"])
def test_a_booth_that_is_not_open_is_not_empty(fair, how):
    opens = days_of(fair)
    at = sold_out(fair, opens)
    with transaction() as s:
        if how == "closing":
            s.add(
                BoothClosing(
                    exhibition_id=fair.fair.id, booth_id=fair.booths["A1"].id, point_id=fair.points["A1"].id,
                    opened_at=at + timedelta(hours=1), opened_by="user:1", opened_label="A",
                )
            )  # fmt: skip
        else:
            s.add(
                ExhibitionStep(
                    exhibition_id=fair.fair.id, from_state="running", to_state="cancelled", at=at + timedelta(hours=1),
                    actor_key="user:1", actor_label="A", told={},
                )
            )  # fmt: skip
    figures = reporting.compute(fair.fair, opens[2][1] + timedelta(days=1))
    assert table(figures, "booth")["A1"]["empty"] == 10


def test_a_frozen_version_stays_and_a_later_one_says_what_changed(fair):
    tills = trade(fair)
    till = tills["A1"]
    with pytest.raises(FairMovedOn):
        frozen(fair)
    till.send(till.open())
    late = till.sale(till.line(fair.goods["Mực"], 2))
    closed(fair)
    with pytest.raises(ReportMoved):
        services.freeze(STAFF, fair.slug, "", "khác", op_key=key())
    figures = reporting.compute(fair.fair)
    assert services.freeze(STAFF, fair.slug, "", services.seen(figures), op_key="report-key-1") == 1
    assert services.freeze(STAFF, fair.slug, "", services.seen(figures), op_key="report-key-1") == 1
    session().expire_all()
    assert session().get_one(Exhibition, fair.fair.id).state is FairState.REPORTED
    first = reporting.version(fair.fair.id, 1)
    before = dict(first.figures["sums"])
    till.send(late, till.close(740_000))
    session().expire_all()
    assert reporting.version(fair.fair.id, 1).figures["sums"] == before
    with pytest.raises(Invalid) as refused:
        frozen(fair)
    assert refused.value.field == "note"
    assert frozen(fair, "máy gian A1 gửi về muộn") == 2
    second = reporting.version(fair.fair.id, 2)
    assert second.figures["sums"]["turnover"] == before["turnover"] + 240_000
    changed = {(t, k, c): (a, b) for t, k, c, a, b in reporting.changes(first.figures, second.figures)}
    assert changed["", "turnover", ""] == (before["turnover"], before["turnover"] + 240_000)
    assert changed["booth", "A1", "units"] == (3, 5)
    # The rows of a version are those that the books had then.
    as_of = report_words.datetime.fromisoformat(first.figures["as_of"])
    assert sum(r.amount for r in report_rows.sale_rows(fair.fair, "", "", as_of)) == before["turnover"]
    signing.put_right(STAFF, fair.sheet("A1", "Mực").sheet.reference)
    signing.explain(STAFF, fair.sheet("A1", "Mực").sheet.reference, "máy gửi về muộn")
    fair.sign("A1", "Mực")
    assert fairs_broken() == []


def plain(cell: object) -> str:
    """A number as page and spreadsheet both have it: digits and a comma for tenths."""
    if isinstance(cell, float):
        return f"{cell:.1f}".replace(".", ",").removesuffix(",0")
    return "".join(c for c in str(cell) if c.isdigit() or c == ",").removesuffix(",0")


def test_page_paper_and_spreadsheet(fair):
    trade(fair)
    beside_sales(fair)
    closed(fair)
    client = fair.app.test_client()
    sign_in(client, Role.PROMOTION_STAFF)
    here = f"/office/exhibitions/{fair.slug}/report"
    shown = client.get(here).get_data(as_text=True)
    assert "1.460.000" in shown
    assert client.get(f"/hoi-cho/{fair.slug}/ket-qua").status_code == 404
    done = client.fill(here, form=here, note="Báo cáo bế mạc")
    assert done.status_code == 303
    shown = client.get(here).get_data(as_text=True)
    assert "bản 1" in shown
    assert "Báo cáo bế mạc" in shown
    assert f'href="{here}.pdf?v=1"' in shown
    assert client.get(f"{here}?v=2").status_code == 404
    assert client.get(f"{here}?live=1").status_code == 200
    assert client.get(f"{here}.pdf?v=1").data.startswith(b"%PDF-")
    book = client.get(f"{here}.xlsx?v=1").data
    sheets = CalamineWorkbook.from_filelike(io.BytesIO(book))
    front = dict(row[:2] for row in sheets.get_sheet_by_index(0).to_python())
    assert front["Doanh thu toàn hội chợ"] == 1_460_000
    assert len(sheets.sheet_names) >= 8
    frozen_1 = reporting.version(fair.fair.id, 1)
    with fair.app.test_request_context():
        on_paper = report_words.paper_data(fair.fair, frozen_1, frozen_1.figures)["tables"]
        on_page = report_words.report_tables(frozen_1.figures, fair.slug, 1)
    for one, paper in zip(on_page, on_paper, strict=True):
        head, *rows = sheets.get_sheet_by_name(one.title).to_python()
        assert len(head) == len(one.heads) == len(paper["head"]), one.key
        shown_rows = [[line.name, *line.cells] for line in one.lines]
        assert paper["rows"] == shown_rows
        found = [[plain(cell) for cell in row[1:]] for row in rows]
        assert found == [[plain(cell) for cell in row[1:]] for row in shown_rows], one.key
    # What is no sale may be put right later: its rows are those of now, and the page says what the version has.
    with transaction() as s:
        s.execute(update(BudgetLine).where(BudgetLine.actual_amount.is_(None)).values(actual_amount=900))
    changed = client.get(f"{here}/rows?by=cost&v=1").get_data(as_text=True)
    assert "1.200" in changed
    assert "1.000" in changed
    with zipfile.ZipFile(io.BytesIO(book)) as box:
        assert not any(b"<f>" in box.read(name) for name in box.namelist() if "worksheets" in name)
    public = fair.app.test_client().get(f"/hoi-cho/{fair.slug}/ket-qua").get_data(as_text=True)
    assert "1.460.000" in public
    assert "960.000" in public
    officer = fair.app.test_client()
    sign_in(officer, Role.PROGRAMME_OFFICER)
    shown = officer.get(f"{here}?live=1").get_data(as_text=True)
    assert "freeze-report" not in shown
    assert officer.get(f"/en{here}").status_code == 200


def test_former_fairs_stand_beside(fair):
    trade(fair)
    with transaction() as s:
        s.add(
            Exhibition(
                slug="hoi-cho-2015", name="Hội chợ OCOP 2015", sort_name="hoi cho", kind=FairKind.PROVINCIAL,
                state=FairState.RECORDED, venue="Hạ Long", province_code="22", date_text="04/2015", created_at=clock.now(),
                updated_at=clock.now(),
            )
        )  # fmt: skip
    closed(fair)
    frozen(fair)
    following = make_fair(fair.app, "Hội chợ OCOP Sau", from_on=clock.today(), to_on=clock.today() + timedelta(days=3))
    rows = reporting.former(following.fair)
    assert [(r["slug"], r["turnover"], r["recorded"]) for r in rows] == [
        (fair.slug, 1_460_000, False), ("hoi-cho-2015", None, True),
    ]  # fmt: skip


def test_goods_without_a_known_maker(fair):
    with transaction() as s:
        s.get_one(Product, fair.goods["Mực"].product_id).producer_id = None
    trade(fair)
    figures = reporting.compute(fair.fair)
    # Whose goods they were is known all the same.
    assert fair.producers["Mực"].slug in table(figures, "producer")
    # The shop's own count for the place that the booth stands for, if it stands for one.
    with transaction() as s:
        s.execute(update(StockLevel).where(StockLevel.variant_id == fair.goods["Mực"].id).values(owner="shop"))
    figures = reporting.compute(fair.fair)
    assert table(figures, "producer")["?"]["amount"] == 360_000
    assert (table(figures, "locality")["06661"]["amount"], table(figures, "locality")["06661"]["producers"]) == (
        360_000,
        0,
    )
    (row,) = {r.locality for r in report_rows.sale_rows(fair.fair, "locality", "06661", None)}
    assert row == "Phường Hạ Long"
    with transaction() as s:  # two places in one booth: nobody can tell
        s.get_one(type(fair.stands["Mực"]), fair.stands["Miến"].id).booth_id = fair.booths["A1"].id
    assert table(reporting.compute(fair.fair), "locality")["?"]["amount"] == 360_000
    assert session().query(FairReport).count() == 0


def test_a_span_that_is_not_over_says_so(fair):
    trade(fair)
    closed(fair)
    with transaction() as s:
        s.get_one(Exhibition, fair.fair.id).to_on = clock.today() - timedelta(days=40)
        s.get_one(Exhibition, fair.fair.id).from_on = clock.today() - timedelta(days=45)
    session().expire_all()
    told = {x.key: x.label for x in report_words.sums(reporting.compute(fair.fair), fair.slug, None)}
    assert told["orders_30"] == "Đơn đặt sau hội chợ, 30 ngày"
    last = clock.today() + timedelta(days=49)
    assert told["orders_90"] == f"Đơn đặt sau hội chợ, 90 ngày (mới tính đến nay, đủ vào cuối ngày {last:%d/%m/%Y})"
    # Reports that were frozen before their spans were told are read as they are.
    old = reporting.compute(fair.fair)
    del old["spans"]
    assert report_words.sum_label("orders_90", old) == "Đơn đặt sau hội chợ, 90 ngày"


def test_what_sources_say_of_a_part_is_told_with_its_part(fair):
    with transaction() as s:
        old = Exhibition(
            slug="hoi-cho-2020", name="Hội chợ OCOP 2020", sort_name="hoi cho", kind=FairKind.PROVINCIAL,
            state=FairState.RECORDED, venue="Hạ Long", province_code="22", date_text="05/2020", created_at=clock.now(),
            updated_at=clock.now(),
        )  # fmt: skip
        s.add(old)
        s.flush()
        for text, label in (("17.000", "ba ngày đầu"), ("20.000", None)):
            s.add(
                Figure(
                    exhibition_id=old.id, what=FigureKind.VISITORS, text=text, label=label, source="Báo",
                    added_at=clock.now(), added_label="Thử",
                )
            )  # fmt: skip
    (row,) = reporting.former(fair.fair)
    assert row["visitors_text"] == "17.000 (ba ngày đầu) / 20.000"
    assert records.cards([old.id]) == {old.id: [(FigureKind.VISITORS, "17.000 (ba ngày đầu) · 20.000")]}
    # A fair that the shop has reported is told by its own report.
    trade(fair)
    closed(fair)
    frozen(fair)
    assert dict(records.cards([fair.fair.id])[fair.fair.id]) == {
        FigureKind.BOOTHS: "3", FigureKind.TURNOVER: vnd(1_460_000),
    }  # fmt: skip
