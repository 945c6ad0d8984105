"""Levels are set by hand and from tables, every row accounted for; suggestions are made as they were shown, once."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from sqlalchemy import func, select

from shop.accounts.permissions import Role
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid
from shop.points import queries as points
from shop.points.models import Point, PointKind
from shop.transfers import services as transfers
from shop.transfers.errors import PlanChanged
from shop.transfers.models import Target, Transfer, TransferLine
from shop.transfers.queries import replenish
from shop.transfers.services import targets
from tests import factories
from tests.people import sign_in
from tests.transfers.conftest import broken, fresh, key, road


def page(client: Any, address: str, status: int = 200) -> str:
    answer = client.get(address, buffered=True)
    assert answer.status_code == status, (address, answer.status_code)
    return str(answer.get_data(as_text=True))


def errors(answer: Any) -> list[str]:
    return re.findall(r'data-testid="error">([^<]+)<', answer.get_data(as_text=True))


def levels(point: Point) -> dict[int, tuple[int, int]]:
    return {
        t.variant_id: (t.minimum, t.target) for t in fresh().scalars(select(Target).where(Target.point_id == point.id))
    }


def set_level(point: Point, variant: Any, minimum: int, target: int) -> None:
    targets.set_targets(SYSTEM, point.id, {variant.id: (minimum, target)}, key())


@pytest.fixture
def warehouse(shelves):
    with transaction() as s:
        s.get(Point, shelves.here.id).kind = PointKind.WAREHOUSE
    points.forget()
    return shelves


def test_levels_are_set_changed_and_taken_away(shelves):
    squid, tea = shelves.squid.id, shelves.tea.id
    assert targets.set_targets(SYSTEM, shelves.there.id, {squid: (3, 9), tea: (0, 4)}, key()) == 2
    assert levels(shelves.there) == {squid: (3, 9), tea: (0, 4)}
    assert targets.set_targets(SYSTEM, shelves.there.id, {squid: (3, 9), tea: (1, 4)}, key()) == 1
    assert targets.set_targets(SYSTEM, shelves.there.id, {squid: (0, 0)}, key()) == 1
    assert levels(shelves.there) == {tea: (1, 4)}
    for wrong, field in (((5, 4), "min"), ((-1, 4), "min"), ((0, 100_001), "target"), ((0, -1), "target")):
        with pytest.raises(Invalid) as refused:
            targets.set_targets(SYSTEM, shelves.there.id, {tea: wrong}, key())
        assert refused.value.field == f"{field}-{tea}"
    with pytest.raises(Invalid):
        targets.set_targets(SYSTEM, shelves.there.id, {999_999: (1, 2)}, key())
    assert levels(shelves.there) == {tea: (1, 4)}


def test_a_keeper_sets_the_levels_of_his_own_point(shelves, client):
    sign_in(client, (Role.POINT_KEEPER, f"point:{shelves.there.id}"))
    address, squid, tea = f"/office/targets/at/{shelves.there.slug}", shelves.squid.id, shelves.tea.id
    page(client, f"/office/targets/at/{shelves.here.slug}", 404)
    token = client.token(address)
    foreign = client.post(f"/office/targets/at/{shelves.here.slug}", data={"csrf_token": token, "op_key": key()})
    assert foreign.status_code == 404
    assert client.get(f"/office/targets/at?point={shelves.here.slug}").status_code == 404
    assert client.get(f"/office/targets/at?point={shelves.there.slug}").headers["Location"] == address
    done = client.fill(f"{address}?q=cha+muc", form=address, **{f"min-{squid}": "3", f"target-{squid}": "9"})
    assert done.headers["Location"] == f"{address}?q=cha+muc"
    assert levels(shelves.there) == {squid: (3, 9)}
    refused = client.fill(address, form=address, **{f"min-{tea}": "5", f"target-{tea}": "2"})
    assert refused.status_code == 422
    assert errors(refused) == ["Trà hoa vàng, Gói 500 g: mức tối thiểu không thể lớn hơn mức đầy."]
    assert f'name="min-{tea}" value="5"' in refused.text
    assert errors(client.fill(address, form=address, **{f"min-{tea}": "-2"}))[0].endswith(
        "số lượng phải từ 0 đến 100.000."
    )
    assert errors(client.fill(address, form=address, **{f"min-{tea}": "vài"})) == ["Hãy ghi một số nguyên."]
    assert levels(shelves.there) == {squid: (3, 9)}
    # Somebody else has changed a row meanwhile that this page did not touch: it stays.
    shown = client.get(address).get_data(as_text=True)
    set_level(shelves.there, shelves.squid, 4, 8)
    was = dict(re.findall(r'name="(was-\d+)" value="([^"]+)"', shown))
    old = {
        "csrf_token": token,
        "op_key": key(),
        f"min-{squid}": "3",
        f"target-{squid}": "9",
        f"target-{tea}": "2",
        **was,
    }
    assert client.post(address, data=old).status_code == 303
    assert levels(shelves.there) == {squid: (4, 8), tea: (0, 2)}
    for state, there in (("set", {squid, tea}), ("unset", set()), ("below", {squid}), ("here", set())):
        found = {int(i) for i in re.findall(r'name="min-(\d+)"', page(client, f"{address}?state={state}"))}
        assert found == there, state
    assert "Shelf levels" in page(client, f"/en{address}")


def test_a_table_goes_out_and_comes_back(shelves, client):
    sign_in(client, Role.PROMOTION_STAFF)
    address = f"/office/targets/at/{shelves.there.slug}"
    odd = factories.make_variant("=HYPERLINK(1)")
    set_level(shelves.there, shelves.squid, 3, 9)
    rows = list(csv.DictReader(io.StringIO(page(client, f"{address}?format=csv").lstrip("\ufeff"))))
    assert any(row["Sản phẩm"].startswith("'=HYPERLINK") for row in rows)
    by_sku = {row["SKU"]: row for row in rows}
    assert (by_sku[shelves.squid.sku]["Tối thiểu"], by_sku[shelves.squid.sku]["Mức đầy"]) == ("3", "9")
    assert by_sku[odd.sku]["Tối thiểu"] == ""

    def send(content: bytes, name: str = "muc.csv") -> Any:
        data = {"csrf_token": client.token(address), "op_key": key(), "file": (io.BytesIO(content), name)}
        return client.post(f"{address}/import", data=data, content_type="multipart/form-data")

    body = "\n".join(
        [
            "SKU;Sản phẩm;TỐI THIỂU;Mức đầy",
            f"{shelves.squid.sku.lower()};x;4;8",
            f"{shelves.tea.sku};x;1;2",
            f"{odd.sku};x;;",
            f"{shelves.tea.sku};x;2;3",
            "KHONG-CO;x;1;2",
            f"{odd.sku};x;=1+1;9",
            f"{odd.sku};x;9;1",
            f"{odd.sku};x;-1;5",
        ]
    )
    answer = send(body.encode())
    assert answer.status_code == 200
    shown = answer.get_data(as_text=True)
    assert "đổi 2 mức, giữ nguyên 0, để trống 1, không nhận 5 dòng" in shown
    row = r'<th[^>]* scope="row" class="num">(\d+)</th><td[^>]*>([^<]*)</td><td[^>]* class="wide">([^<]*)</td>'
    told = re.findall(row, shown)
    assert [(n, why) for n, _sku, why in told] == [
        ("5", "SKU này đã có ở một dòng trước."),
        ("6", "Không có mặt hàng nào mang SKU này."),
        ("7", "Hai mức phải là số nguyên từ 0 trở lên."),
        ("8", f"{odd.sku}: mức tối thiểu không thể lớn hơn mức đầy."),
        ("9", "Hai mức phải là số nguyên từ 0 trở lên."),
    ]
    assert levels(shelves.there) == {shelves.squid.id: (4, 8), shelves.tea.id: (1, 2)}
    xlsx = client.get(f"{address}?format=xlsx", buffered=True).get_data()
    assert "đổi 0 mức, giữ nguyên 2, để trống 1" in send(xlsx, "muc.xlsx").get_data(as_text=True)
    english = client.get(f"/en{address}?format=csv", buffered=True).get_data()
    assert "giữ nguyên 2" in send(english).get_data(as_text=True)
    for wrong, why in (
        (b"", "Hãy chọn tệp CSV hoặc XLSX."),
        ("SKU,Tối thiểu\nA,1\n".encode(), "Tệp phải có ba cột SKU, Tối thiểu và Mức đầy."),
        (b"\x89PNG\r\n\x1a\n\xff\xfe\x00", "Tệp không phải UTF-8. Hãy lưu lại với bảng mã UTF-8."),
    ):
        refused = send(wrong)
        assert refused.status_code == 422
        assert errors(refused) == [why]


def test_what_is_below_its_minimum(warehouse, client):
    there, squid, tea = warehouse.there, warehouse.squid, warehouse.tea
    set_level(there, squid, 4, 10)
    set_level(there, tea, 2, 5)
    set_level(warehouse.here, squid, 2, 5)
    closed = factories.make_point("Điểm đã đóng", closed_on=clock.today())
    set_level(closed, tea, 2, 5)
    sign_in(client, Role.ADMINISTRATOR)

    def found(query: str) -> list[tuple[str, str]]:
        rows = csv.DictReader(io.StringIO(page(client, f"/office/targets?format=csv&{query}").lstrip("\ufeff")))
        return sorted((row["Sản phẩm"].split(",")[0], row["Cần thêm"]) for row in rows)

    assert found("") == [("Chả mực Hạ Long", "10"), ("Trà hoa vàng", "5")]
    assert len(found("state=")) == 3
    reference = transfers.ask(SYSTEM, warehouse.here.id, there.id, {squid.id: 7}, key())
    assert found("state=short") == [("Trà hoa vàng", "5")]
    assert found("state=below&q=cha+muc") == [("Chả mực Hạ Long", "0")]  # seven are coming
    transfers.cancel(SYSTEM, reference, "Thôi", key())
    assert replenish.below(None) == replenish.below([there.id]) == 2
    assert replenish.below([warehouse.here.id]) == 0
    page(client, "/office/targets")
    sign_in(client, (Role.POINT_KEEPER, f"point:{there.id}"))
    assert "Dưới mức tối thiểu" in page(client, "/office")
    assert found("state=") == [("Chả mực Hạ Long", "10"), ("Trà hoa vàng", "5")]


def test_a_suggestion_counts_what_is_under_way_at_each_step(warehouse):
    """Asked, approved, packed, on the road, arrived: at no step is the same suggested again."""
    there, squid = warehouse.there, warehouse.squid
    set_level(there, squid, 4, 10)
    (only,) = replenish.plan()
    assert (only.from_point_id, only.to_point_id, only.lines) == (warehouse.here.id, there.id, ((squid.id, 10),))
    (reference,) = targets.ask_suggested(SYSTEM, [replenish.name_of(only)], None, key())
    assert replenish.plan() == []
    transfers.approve(SYSTEM, reference, {}, key())
    assert replenish.plan() == []
    transfers.pack(SYSTEM, reference, {warehouse.early: 6, warehouse.late: 4}, key())
    assert replenish.plan() == []
    transfers.dispatch(SYSTEM, reference, key())
    assert replenish.plan() == []
    transfers.receive(SYSTEM, reference, warehouse.counts(reference), 0, key())
    assert replenish.plan() == []
    assert broken() == []
    assert road(reference)


def test_nobody_gives_below_his_own_target(shelves):
    """`here` is a shop: it gives only what it has over its own target, and only of what it has a target for."""
    there, squid, tea = shelves.there, shelves.squid, shelves.tea
    set_level(there, squid, 5, 20)
    set_level(there, tea, 1, 5)
    assert replenish.plan() == []
    set_level(shelves.here, squid, 2, 12)
    assert [s.lines for s in replenish.plan()] == [((squid.id, 4),)]  # sixteen less twelve
    promised = transfers.ask(SYSTEM, shelves.here.id, factories.make_point("Kia").id, {squid.id: 3}, key())
    assert [s.lines for s in replenish.plan()] == [((squid.id, 1),)]
    transfers.cancel(SYSTEM, promised, "Thôi", key())
    assert replenish.plan([shelves.here.id]) == replenish.plan([there.id]) == replenish.plan()
    assert replenish.plan([factories.make_point("Khác").id]) == []


def test_suggestions_are_made_as_shown_and_once(warehouse, client):
    there, other = warehouse.there, factories.make_point("Quầy Cô Tô")
    set_level(there, warehouse.squid, 4, 10)
    set_level(other, warehouse.tea, 2, 3)
    sign_in(client, Role.ORDER_DESK)
    address = "/office/targets/suggested"
    shown = page(client, address)
    names = re.findall(r'name="pair" value="([^"]+)"', shown)
    assert len(names) == 2
    token, op = client.token(address), key()
    sent = {"csrf_token": token, "op_key": op, "pair": names}
    for _click in range(2):
        assert client.post(address, data=sent).status_code == 303
    assert session().scalar(select(func.count()).select_from(Transfer)) == 2
    assert session().scalar(select(func.sum(TransferLine.asked))) == 13
    late = client.post(address, data=sent | {"op_key": key()})
    assert late.status_code == 409
    assert '<meta name="error-code" content="suggestion-changed">' in late.text
    assert session().scalar(select(func.count()).select_from(Transfer)) == 2
    assert "Chưa có gì phải chuyển" in page(client, address)
    none = client.post(address, data={"csrf_token": token, "op_key": key()})
    assert none.status_code == 422
    assert broken() == []


@pytest.mark.race
def test_two_people_make_the_same_suggestion_at_once(warehouse, app, together):
    set_level(warehouse.there, warehouse.squid, 4, 10)
    name = replenish.name_of(replenish.plan()[0])
    session().rollback()
    outcomes = together(app, lambda: targets.ask_suggested(SYSTEM, [name], None, key()), times=5)
    assert sum(o.error is None for o in outcomes) == 1
    assert all(isinstance(o.error, PlanChanged) for o in outcomes if o.error)
    assert fresh().scalar(select(func.count()).select_from(Transfer)) == 1
