"""`flask catalog import`: every row accounted for, dirty ones refused alone, the second time nothing changes."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from sqlalchemy import func, select

from shop.catalog import services as catalog
from shop.catalog.models import Cold, Listing, Price, Product, ProductSet, ProductState, Variant
from shop.catalog.services import Outcome, RowReport
from shop.kernel import audit, invariants
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.kernel.sheets import BadTable
from shop.producers.models import Producer
from tests.factories import make_producer, make_set, make_variant


@pytest.fixture(autouse=True)
def lists(ctx: Any) -> None:
    make_set(8)
    drinks = make_set(15).id
    make_producer("HTX Bến Giang")
    with transaction() as s:
        s.get(ProductSet, drinks).is_alcohol = True


def run(told: str | bytes, **options: Any) -> list[RowReport]:
    content = told if isinstance(told, bytes) else told.encode()
    report, rows = catalog.take_in(SYSTEM, content, **options)
    found = list(rows)
    assert sum(report.counts.values()) == len(found)
    return found


def outcomes(rows: list[RowReport]) -> list[str]:
    return [row.outcome.value for row in rows]


def counts() -> tuple[int, ...]:
    return tuple(
        session().scalar(select(func.count()).select_from(m)) or 0 for m in (Product, Variant, Price, audit.AuditRow)
    )


GOOD = """sku,name,producer,set,pack,price,compare_price,net_content,net_unit,weight_g,allergens,months,cold,state,hạn dùng
CM-500,Chả mực giã tay,HTX Bến Giang,8,Hộp 500 g,"185.000",210000,500,g,580,"molluscs, trứng","11-2, 7",mát,hiện,90
CM-1K,Chả mực giã tay,HTX Bến Giang,8,Hộp 1 kg,350000,,1,kg,1100,,,,,
RM,Rượu mơ,,15,Chai 500 ml,120000,,500,ml,,,quanh năm,,,
,Chỉ để xem,htx-ben-giang,8,,,,,,,,,,,
"""


def test_new_goods_and_the_second_time_none(ctx: Any) -> None:
    told = GOOD.replace("htx-ben-giang", session().scalars(select(Producer.slug)).one())
    rows = run(told)
    assert outcomes(rows) == ["new"] * 4
    squid = session().scalars(select(Product).where(Product.name == "Chả mực giã tay")).one()
    assert (squid.allergens, squid.cold) == (["molluscs", "eggs"], Cold.CHILLED)
    assert (squid.state, squid.shelf_life_days) == (ProductState.SHOWN, 90)
    assert squid.season_months == sum(1 << (m - 1) for m in (11, 12, 1, 2, 7))
    assert [v.sku for v in squid.variants] == ["CM-500", "CM-1K"]
    price = session().scalars(select(Price).where(Price.variant_id == squid.variants[0].id)).one()
    assert (price.amount, price.compare_amount) == (185_000, 210_000)
    wine = session().scalars(select(Product).where(Product.name == "Rượu mơ")).one()
    assert (wine.is_alcohol, wine.state) == (True, ProductState.DRAFT)
    # Lists know them, with their prices.
    assert session().scalar(select(Listing.price_amount).where(Listing.product_id == squid.id)) == 185_000
    assert all(f.ok for f in invariants.run("catalog"))
    before = counts()
    assert outcomes(run(told)) == ["unchanged"] * 4
    assert counts()[:3] == before[:3]
    assert counts()[3] == before[3] + 1  # only the line that says an import took place


def test_changes_are_told_with_before_and_after(ctx: Any) -> None:
    run(GOOD.replace("htx-ben-giang", "HTX Bến Giang"))
    rows = run("Mã hàng;Giá bán;Tên;Tóm tắt;weight_g\nCM-500;190.000;Chả mực Bến Giang;Giã tay;-\n")
    assert outcomes(rows) == ["changed"]
    assert rows[0].changes == (
        ("name", "Chả mực giã tay", "Chả mực Bến Giang"),
        ("summary", "–", "Giã tay"),
        ("weight_g", "580", "–"),
        ("price", "185000", "190000"),
    )
    squid = session().scalars(select(Product).where(Product.summary == "Giã tay")).one()
    assert squid.slug == "cha-muc-gia-tay"
    assert squid.variants[0].weight_g is None
    assert squid.variants[0].net_content == 500  # a blank or missing column leaves the fact as it is
    assert outcomes(run("slug,story\n/san-pham/cha-muc-gia-tay,Chuyện\n")) == ["changed"]


def test_a_dry_run_says_the_same_and_writes_nothing(ctx: Any) -> None:
    told = (
        GOOD.replace("htx-ben-giang", "HTX Bến Giang")
        + "BAD,X,,8,Gói,không,,,,,,,,,\nCM-500,Chả mực giã tay,,8,,,,,,,,,,,\n"
    )
    before = counts()
    dry = run(told, dry_run=True)
    assert counts() == before
    wet = run(told)
    assert dry == wet
    assert outcomes(dry) == ["new"] * 4 + ["refused"] * 2


DIRTY = [
    ("sku,name,set,pack\n,,8,Hộp", "Quy cách và giá cần có mã hàng"),
    ("sku,name,set,pack\nA-1,,8,Hộp", "Sản phẩm mới cần có tên"),
    ("sku,name,set,pack\nA-1,X,,Hộp", "Sản phẩm mới cần có bộ sản phẩm"),
    ("sku,name,set,pack\nA-1,X,8,", "Quy cách mới cần có tên"),
    ("sku,name,set,pack\nA-1,X,99,Hộp", "set"),
    ("sku,name,set,pack\nmã lạ,X,8,Hộp", "sku"),
    ("sku,name,set,pack,price\nA-1,X,8,Hộp,12.5", "price"),
    ("sku,name,set,pack,price\nA-1,X,8,Hộp,0", "price"),
    ("sku,name,set,pack,price\nA-1,X,8,Hộp,-5", "price"),
    ("sku,name,set,pack,price\nA-1,X,8,Hộp,1e5", "price"),
    ("sku,name,set,pack,price,compare_price\nA-1,X,8,Hộp,5000,4000", "compare_price"),
    ("sku,name,set,pack,compare_price\nA-1,X,8,Hộp,4000", "compare_price"),
    ("sku,name,set,pack,producer\nA-1,X,8,Hộp,HTX Ma", "Chưa có nhà sản xuất"),
    ("sku,name,set,pack,gtin\nA-1,X,8,Hộp,8934563138166", "gtin"),
    ("sku,name,set,pack,net_content\nA-1,X,8,Hộp,5", "net_content"),
    ("sku,name,set,pack,net_unit\nA-1,X,8,Hộp,thùng", "net_unit"),
    ("sku,name,set,pack,months\nA-1,X,8,Hộp,13", "months"),
    ("sku,name,set,pack,allergens\nA-1,X,8,Hộp,bụi", "allergens"),
    ("sku,name,set,pack,weight_g\nA-1,X,8,Hộp,nặng", "weight_g"),
    ("sku,name,set,pack,alcohol\nA-1,X,15,Chai,không", "alcohol"),
    ("sku,name,set,pack,alcohol_percent\nA-1,X,8,Chai,12", "alcohol_percent"),
    ("sku,name,set,pack,state\nA-1,X,8,Hộp,bán", "state"),
    ('sku,name,set,pack\nA-1,"=HYPERLINK(""http://x"")",8,Hộp', "Ô chứa công thức"),
    ("sku,name,set,pack\nA-1,-,8,Hộp", "name"),
    (f"sku,name,set,pack\nA-1,{'x' * 300},8,Hộp", "name"),
    ("slug,name\nkhong-co,X", "Không có sản phẩm với địa chỉ này"),
    ("slug,name\n../../etc,X", "Không có sản phẩm với địa chỉ này"),
]


def test_dirty_rows_are_refused_with_their_reason(ctx: Any) -> None:
    for told, reason in DIRTY:
        for dry_run in (True, False):
            rows = run(told, dry_run=dry_run)
            assert outcomes(rows) == ["refused"], told
            assert reason in rows[0].reason
    assert counts()[:3] == (0, 0, 0)


def test_a_bad_row_never_stops_the_others(ctx: Any) -> None:
    told = "sku,name,set,pack,price\n" + "".join(
        f"M-{n},Món {n},{8 if n % 3 else 'x'},Gói,{n}000\n" for n in range(1, 451)
    )
    rows = run(told)
    assert [row.number for row in rows] == list(range(2, 452))
    assert outcomes(rows) == ["new" if n % 3 else "refused" for n in range(1, 451)]
    assert counts()[0] == 300
    assert session().scalar(select(func.count()).select_from(Listing)) == 300


def test_rows_that_contradict_each_other(ctx: Any) -> None:
    rows = run(
        "sku,name,set,pack,summary,gtin\n"
        "A-1,Món,8,Gói nhỏ,Một,8934563138165\nA-2,Món,8,Gói to,Hai,\nA-1,Món,8,Gói,Một,\nA-3,Món,8,Gói vừa,Một,8934563138165\n"
    )
    assert outcomes(rows) == ["new", "refused", "refused", "refused"]
    assert "dòng 2" in rows[1].reason
    assert "dòng 2" in rows[2].reason
    assert "gtin" in rows[3].reason
    assert counts()[:2] == (1, 1)


def test_goods_are_found_by_name_and_never_mixed(ctx: Any) -> None:
    mine = make_variant("Mật ong", producer=make_producer("HTX Một"))
    make_variant("Mật ong", producer=make_producer("HTX Hai"))
    rows = run(
        "sku,name,pack,producer\nMO-1,Mật ong,Chai,htx một\nMO-2,Mật ong,Chai,\nMO-3,Mật ong,Chai,HTX Bến Giang\n"
    )
    assert outcomes(rows) == ["new", "refused", "refused"]
    assert "trùng tên" in rows[1].reason
    assert "bộ sản phẩm" in rows[2].reason  # another maker's honey is another product
    assert session().scalar(select(Variant.product_id).where(Variant.sku == "MO-1")) == mine.product_id
    make_producer("HTX Một")
    assert "nhiều nhà sản xuất" in run("sku,name,pack,producer\nMO-1,Mật ong,Chai,HTX Một\n")[0].reason


def test_another_gtin_of_the_shop_is_refused(ctx: Any) -> None:
    v = make_variant()
    catalog.update_variant(SYSTEM, v.id, gtin="8934563138165")
    assert outcomes(run("sku,name,set,pack,gtin\nA-1,X,8,Gói,8934563138165\n")) == ["refused"]


@pytest.mark.parametrize("told", ["giá,màu\n1,đỏ\n", "sku,SKU\n1,2\n", "", "sku\n" + '"x'])
def test_files_that_are_none_of_ours(ctx: Any, told: str) -> None:
    with pytest.raises(BadTable):
        run(told)


def test_xlsx(ctx: Any) -> None:
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["Mã hàng", "Tên sản phẩm", "Bộ", "Quy cách", "Giá bán", "Ghi chú"])
    sheet.write_row(1, 0, ["A-1", "Món", 8, "Gói", 25000, "x"])
    sheet.write_row(2, 0, ["A-2", "Món", 8, "Gói to", 40000.0, ""])
    book.close()
    report, rows = catalog.take_in(SYSTEM, target.getvalue())
    assert outcomes(list(rows)) == ["new", "new"]
    assert report.unknown_columns == ["Ghi chú"]
    assert session().scalars(select(Price.amount).order_by(Price.amount)).all() == [25_000, 40_000]


def test_what_we_export_comes_back_harmless(ctx: Any, client: Any) -> None:
    run("sku,name,set,pack\nA-1,Món,8,Gói\n")
    rows = run("sku,summary\nA-1,'=1+1\n")  # as our exports write it
    assert outcomes(rows) == ["refused"]
    assert "công thức" in rows[0].reason


def invoke(ctx: Any, tmp_path: Path, told: str, *options: str) -> Any:
    file = tmp_path / "hang.csv"
    file.write_text(told, encoding="utf-8")
    session().rollback()
    return ctx.test_cli_runner().invoke(args=["catalog", "import", str(file), *options])


def test_the_command(ctx: Any, tmp_path: Path) -> None:
    told = "sku,name,set,pack,price\nA-1,Món,8,Gói,25000\nA-2,Khác,99,Gói,1\n"
    dry = invoke(ctx, tmp_path, told, "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert "(chạy thử, không ghi gì)" in dry.output
    assert counts()[0] == 0
    none = invoke(ctx, tmp_path, told, "--all-or-nothing")
    assert none.exit_code == 1
    assert counts()[0] == 0
    done = invoke(ctx, tmp_path, told)
    assert done.exit_code == 0
    assert "mới        A-1" in done.output
    assert "từ chối    A-2" in done.output
    assert "1 mới, 0 đã sửa, 0 không đổi, 1 từ chối" in done.output
    assert "bộ sản phẩm (set): " in done.output
    assert not re.search(r"\b(new|refused|unchanged|dry run)\b", done.output)
    no_table = tmp_path / "hang.xlsx"
    no_table.write_text(told, encoding="utf-8")
    session().rollback()
    refused = ctx.test_cli_runner().invoke(args=["catalog", "import", str(no_table)])
    assert refused.exit_code == 1
    assert "không phải là tệp XLSX" in refused.output
    lines = [json.loads(line) for line in invoke(ctx, tmp_path, told, "--json").output.splitlines()]
    assert [line.get("outcome") for line in lines] == ["unchanged", "refused", None]
    assert lines[-1]["counts"] == {"new": 0, "changed": 0, "unchanged": 1, "refused": 1}
    broken = invoke(ctx, tmp_path, "<html>")
    assert broken.exit_code == 1
    assert "Traceback" not in broken.output
    shown = ctx.test_cli_runner().invoke(args=["catalog", "import", "--help"])
    assert "compare_price" in shown.output
    assert set(Outcome) == {"new", "changed", "unchanged", "refused"}
