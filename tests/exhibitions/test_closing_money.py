"""The money of a fair added up: whose the takings are, and that sheets, settlement and the ledger say the same."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, update

from shop.accounts.permissions import Role
from shop.exhibitions.queries import closings, money
from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.kernel.money import vnd
from shop.ledger.models import Entry as Posted
from shop.ledger.models import Posting
from shop.settlement.models import Entry, EntryKind, Loss, Party
from shop.settlement.services import finding
from tests.exhibitions.closing_made import Made, fairs_broken
from tests.exhibitions.test_closing_reports import closed, fair, trade
from tests.people import sign_in
from tests.statements import statements

__all__ = ["fair"]  # the fixture


def of(fair: Made) -> money.Money:
    """The money as it stands, every identity of the page checked."""
    session().rollback()
    session().expire_all()
    found = money.of_fair(fair.fair)
    assert sum(amount for _label, amount in found.shares()) == found.took
    for maker in found.makers:
        parts = maker.took + maker.borne + maker.commission + maker.booth + maker.tax + maker.other - maker.unposted
        assert parts == maker.owed, maker
    assert sum(a.debit for a in found.accounts) == sum(a.credit for a in found.accounts)
    return found


def off(found: money.Money) -> list[str]:
    """The sums that differ and should not."""
    return [check.label for check in found.checks if check.off and not check.waits]


def by_name(found: money.Money) -> dict[str, money.Maker]:
    return {maker.name: maker for maker in found.makers}


def test_a_closed_fair_agrees_to_the_last_dong(fair: Made) -> None:
    for name, rate in (("Mực", 2000), ("Trà", 1500), ("Ngoài", 1000)):  # nothing is agreed about Miến
        fair.agree(name, rate)
    trade(fair)
    before = of(fair)
    assert before.took == 1_460_000
    assert [check.label for check in before.checks if check.waits]
    closed(fair)
    finding.sweep()
    found = of(fair)
    assert found.agrees
    assert (off(found), found.open_sheets, found.sheets) == ([], 0, 4)
    assert {way.name: (way.took, way.sheets) for way in found.ways} == {
        "Tiền mặt": (360_000, 360_000), "Chuyển khoản VietQR": (600_000, 600_000), "Máy quẹt thẻ": (500_000, 500_000),
    }  # fmt: skip
    rows = by_name(found)
    # 3 × 120.000 ₫, 20 % of it, and a booth of 2.000.000 ₫ of which 1.500.000 ₫ are paid for him.
    assert (rows["HTX Mực"].took, rows["HTX Mực"].commission, rows["HTX Mực"].booth) == (360_000, -72_000, -500_000)
    assert rows["HTX Mực"].owed == 360_000 - 72_000 - 500_000
    assert (rows["HTX Miến"].commission, rows["HTX Trà"].commission) == (0, -54_000)
    assert found.total("booth") == -2_000_000
    assert (found.fees, found.subsidies) == (8_000_000, 6_000_000)
    assert fairs_broken() == []


def test_discounts_and_the_shops_own_goods(fair: Made) -> None:
    fair.agree("Mực", 2000, voucher_bearer=Party.SHOP)
    fair.agree("Ngoài", 1000, voucher_bearer=Party.PRODUCER)
    fair.bring("A1", "Trà", 5, owner="shop")
    for code, lines, discount in (("A1", (("Mực", 2), ("Trà", 1)), 15_000), ("B1", (("Ngoài", 4),), 10_000)):
        till = fair.till(code)
        till.send(till.open())
        sold = [till.line(fair.goods[name], n) for name, n in lines]
        till.send(till.sale(*sold, discount=discount, reason="khách quen"))
    finding.sweep()
    found = of(fair)
    rows = by_name(found)
    assert off(found) == []
    assert found.shop_goods == 115_000  # a third of 360.000 ₫ less a third of the discount
    assert (rows["HTX Mực"].took, rows["HTX Mực"].borne) == (230_000, 10_000)
    assert rows["HTX Mực"].owed == 240_000 - 48_000
    assert (rows["HTX Ngoài"].took, rows["HTX Ngoài"].borne) == (190_000, 0)
    assert rows["HTX Ngoài"].owed == 190_000 - 19_000


@pytest.mark.parametrize("fault", ["posting", "entry", "commission", "unposted"])
def test_a_planted_fault_shows(fair: Made, fault: str) -> None:
    fair.agree("Mực", 2000)
    trade(fair)
    finding.sweep()
    assert off(of(fair)) == []
    with transaction() as s:
        if fault == "posting":  # the ledger has another sum in a drawer
            cash = select(Posted.id).where(Posted.kind == "till-tender")
            (row,) = s.scalars(
                select(Posting)
                .where(Posting.account == "cash-till", Posting.entry_id.in_(cash), Posting.amount > 0)
                .limit(1)
            )
            s.execute(update(Posting).where(Posting.entry_id == row.entry_id).values(amount=Posting.amount * 2))
        elif fault == "entry":  # a sale of a producer is in the ledger, and settlement has lost it
            sale = s.scalars(select(Entry.id).where(Entry.kind == EntryKind.SALE, Entry.quantity == 10)).one()
            s.execute(delete(Entry).where(Entry.parent_id == sale))
            s.execute(delete(Entry).where(Entry.id == sale))
        elif fault == "commission":
            s.execute(update(Entry).where(Entry.kind == EntryKind.COMMISSION).values(amount=Entry.amount - 1))
        else:
            causes = select(Posted.id).where(Posted.cause.startswith("settlement-entry:"))
            s.execute(delete(Posting).where(Posting.entry_id.in_(causes)))
    session().expire_all()
    session().rollback()
    found = money.of_fair(fair.fair)
    assert not found.agrees
    assert off(found) or any(not maker.agrees for maker in found.makers)


def test_the_page_says_it_and_takes_a_fixed_number_of_statements(fair: Made) -> None:
    fair.agree("Mực", 2000)
    trade(fair)
    finding.sweep()
    client = fair.app.test_client()
    sign_in(client, Role.PROMOTION_STAFF)
    here = f"/office/exhibitions/{fair.slug}/report/money"
    assert here in client.get(f"/office/exhibitions/{fair.slug}/report").get_data(as_text=True)
    page = client.get(here).get_data(as_text=True)
    assert vnd(1_460_000) in page
    assert "Khớp, còn bảng chốt chưa xong" in page or "Mọi sổ khớp nhau" in page
    assert "Money of the fair" in client.get(f"/en{here}").get_data(as_text=True)
    file = client.get(f"{here}?format=csv")
    assert file.mimetype == "text/csv"
    assert "HTX Mực" in file.get_data(as_text=True)
    assert (
        "HTX Trà" not in client.get(f"{here}?q=muc").get_data(as_text=True).split('id="co-so"')[1].split("</table>")[0]
    )
    with statements() as few:
        money.of_fair(fair.fair)
    fair.booth("C1", "Thêm")
    fair.bring("C1", "Thêm", 5)
    till = fair.till("C1")
    till.send(till.open())
    till.send(till.sale(till.line(fair.goods["Thêm"], 2)))
    finding.sweep()
    with statements() as more:
        found = money.of_fair(fair.fair)
    assert len(few) == len(more)
    assert off(found) == []
    outsider = fair.app.test_client()
    sign_in(outsider, Role.ORDER_DESK)
    assert outsider.get(here).status_code == 403


def test_lost_goods_that_the_shop_pays_for(fair: Made) -> None:
    fair.agree("Mực", 2000, losses=(Loss.COUNT,))
    trade(fair)
    fair.begin("A1")
    (level,) = (row.level_id for row in closings.levels(fair.points["A1"].id, clock.today()))
    fair.count("A1", {level: 6}, "mất lúc dọn gian")  # seven should be left
    finding.sweep()
    found = of(fair)
    assert off(found) == []
    one = by_name(found)["HTX Mực"]
    assert one.other > 0
    assert one.owed == one.posted
