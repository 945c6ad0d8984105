"""Counts: blind, sales go on meanwhile, a second person beyond the limit, booked once. Write-offs likewise."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from shop.accounts.permissions import Role
from shop.counts import queries, rules
from shop.counts import services as counts
from shop.counts.errors import NotByTheSame, NotOpen, OpenAlready
from shop.counts.models import CountKind, CountLine, CountState, StockCount, WriteOff, WriteOffReason, WriteOffState
from shop.kernel import invariants, operations
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from shop.stock import services as stock
from shop.stock.errors import NotEnough
from shop.stock.models import MovementKind, Passage, StockLevel, StockMovement
from shop.stock.services import Take
from shop.transfers import services as transfers
from tests import factories
from tests.people import sign_in

KEEPER = Actor("user", "Người giữ", 901, "127.0.0.1")
CHIEF = Actor("user", "Người duyệt", 902, "127.0.0.1")


@pytest.fixture
def shelf(ctx: Any) -> dict[str, Any]:
    """A point with ten jars (one lot) and four bags."""
    point = factories.make_point()
    jar, bag = factories.make_variant("Mắm tép", amount=50_000), factories.make_variant("Chè hoa vàng", amount=300_000)
    return {
        "point": point,
        "jar": factories.put_in(jar, point, 10, lot_code="L1"),
        "bag": factories.put_in(bag, point, 4),
        "bag_variant": bag,
    }


def _open(at: dict[str, Any], **more: Any) -> str:
    values: dict[str, Any] = {"op_key": operations.new_key()} | more
    return counts.open_count(KEEPER, at["point"].id, values.pop("kind", CountKind.FULL), **values)


def _claim(level_id: int, quantity: int) -> None:
    with transaction():
        stock.take("order:X:1", [Take(level_id, quantity)])


def _lines(reference: str) -> dict[int, queries.LineView]:
    return {line.level_id: line for line in queries.lines(queries.view(reference).id)}


def _write(reference: str, numbers: dict[int, int], reason: str = "đếm lại hai lần") -> None:
    lines = _lines(reference)
    counts.write(KEEPER, reference, {lines[level].line_id: counts.Counted(n, reason) for level, n in numbers.items()})


def _on_hand(level_id: int) -> int:
    session().expire_all()
    return session().get(StockLevel, level_id).on_hand


def _broken() -> list[str]:
    return [check.name for check in invariants.run() if not check.ok]


def test_small_differences_are_booked_at_once_and_once(shelf: dict[str, Any]) -> None:
    reference = _open(shelf)
    _write(reference, {shelf["jar"]: 8, shelf["bag"]: 5})
    assert counts.submit(KEEPER, reference) is True
    assert (_on_hand(shelf["jar"]), _on_hand(shelf["bag"])) == (8, 5)
    assert queries.view(reference).state is CountState.DONE
    moved = session().query(StockMovement).filter_by(reference=f"count:{reference}").all()
    assert sorted(m.quantity for m in moved) == [-2, 1]
    with pytest.raises(NotOpen):
        counts.submit(KEEPER, reference)
    assert _broken() == []


def test_a_sale_while_counting_changes_nothing_of_the_difference(shelf: dict[str, Any]) -> None:
    reference = _open(shelf)
    _write(reference, {shelf["jar"]: 9, shelf["bag"]: 4})
    _claim(shelf["jar"], 3)
    stock.hand_over(KEEPER, "order:X:1")
    counts.submit(KEEPER, reference)
    assert _on_hand(shelf["jar"]) == 6  # ten, less three sold, less one that was not there
    # The same number written again with the whole page keeps the earlier look.
    assert _broken() == []


def test_a_count_while_a_transfer_is_on_the_road_keeps_the_sum(shelf: dict[str, Any], client: Any) -> None:
    """At both ends: boxes that are packed still belong here, what is on the road to neither, what comes in the middle of
    the count is no difference."""
    there = factories.make_point("Quầy Vân Đồn")
    bag = shelf["bag_variant"]
    far = factories.put_in(bag, there, 5)
    moved = transfers.ask(CHIEF, shelf["point"].id, there.id, {bag.id: 3}, operations.new_key())
    transfers.approve(CHIEF, moved, {}, operations.new_key())
    transfers.pack(CHIEF, moved, {shelf["bag"]: 3}, operations.new_key())
    here = _open(shelf)
    _write(here, {shelf["jar"]: 10, shelf["bag"]: 4})  # three of the four are in the box
    sign_in(client, (Role.POINT_KEEPER, f"point:{shelf['point'].id}"), (Role.POINT_KEEPER, f"point:{there.id}"))
    assert "mà chưa rời điểm vẫn thuộc điểm này: đếm cả" in client.get(f"/office/counts/{here}").text
    transfers.dispatch(CHIEF, moved, operations.new_key())
    beyond = counts.open_count(KEEPER, there.id, CountKind.FULL, op_key=operations.new_key())
    shown = client.get(f"/office/counts/{beyond}").text
    assert "3 đơn vị đang trên đường về đây" in shown
    assert "đếm cả" not in shown
    _write(beyond, {far: 5})
    [passage] = session().query(Passage).filter_by(reference=f"transfer:{moved}").all()
    transfers.receive(CHIEF, moved, [transfers.Count(passage.id, 2)], 0, operations.new_key())
    assert counts.submit(KEEPER, here) is True
    assert counts.submit(KEEPER, beyond) is True
    assert (_on_hand(shelf["bag"]), _on_hand(far)) == (1, 7)
    assert session().query(StockMovement).filter_by(kind=MovementKind.COUNT).count() == 0
    again = counts.open_count(KEEPER, there.id, CountKind.FULL, op_key=operations.new_key())
    _write(again, {far: 8})  # the third was counted before it was received: one too many is a difference like any other
    counts.submit(KEEPER, again)
    assert _on_hand(far) == 8
    assert "1 unit" in client.get(f"/en/office/counts/{_open(shelf | {'point': there})}").text
    assert _broken() == []


def test_a_number_sent_again_keeps_the_books_of_the_first_look(shelf: dict[str, Any]) -> None:
    reference = _open(shelf)
    _write(reference, {shelf["jar"]: 9})
    _claim(shelf["jar"], 3)
    stock.hand_over(KEEPER, "order:X:1")
    _write(reference, {shelf["jar"]: 9})
    assert _lines(reference)[shelf["jar"]].difference == -1
    _write(reference, {shelf["jar"]: 6})
    assert _lines(reference)[shelf["jar"]].difference == -1  # counted anew: seven in the books


def test_beyond_the_limit_somebody_else_approves(shelf: dict[str, Any]) -> None:
    reference = _open(shelf)
    _write(reference, {shelf["jar"]: 10, shelf["bag"]: 1})
    assert counts.submit(KEEPER, reference) is False
    assert _on_hand(shelf["bag"]) == 4
    with pytest.raises(NotByTheSame):
        counts.approve(KEEPER, reference)
    assert counts.approve(CHIEF, reference) is True
    assert _on_hand(shelf["bag"]) == 1
    assert _broken() == []


def test_goods_of_an_order_stay_until_the_order_is_settled(shelf: dict[str, Any]) -> None:
    _claim(shelf["bag"], 4)
    reference = _open(shelf)
    _write(reference, {shelf["jar"]: 9, shelf["bag"]: 3})
    assert counts.submit(KEEPER, reference) is False  # the bag is claimed
    assert (_on_hand(shelf["jar"]), _on_hand(shelf["bag"])) == (9, 4)
    stock.release("order:X:1")
    assert counts.approve(CHIEF, reference) is True
    assert (_on_hand(shelf["jar"]), _on_hand(shelf["bag"])) == (9, 3)
    assert _broken() == []


def test_what_is_refused(shelf: dict[str, Any]) -> None:
    reference = _open(shelf)
    with pytest.raises(OpenAlready):
        _open(shelf)
    with pytest.raises(Invalid, match="chưa đếm"):
        counts.submit(KEEPER, reference)
    _write(reference, {shelf["jar"]: 9, shelf["bag"]: 4}, reason="")
    with pytest.raises(Invalid) as refused:
        counts.submit(KEEPER, reference)
    assert refused.value.field == f"reason-{_lines(reference)[shelf['jar']].line_id}"
    with pytest.raises(Invalid):
        _write(reference, {shelf["jar"]: rules.MOST_UNITS + 1})
    with pytest.raises(NotFound):
        counts.write(KEEPER, reference, {10**9: counts.Counted(1)})
    with pytest.raises(NotFound):
        counts.submit(KEEPER, "K-XXXX-XXXX")
    with pytest.raises(Invalid):
        counts.cancel(KEEPER, reference, " ")
    counts.cancel(KEEPER, reference, "nhầm điểm")
    with pytest.raises(NotOpen):
        _write(reference, {shelf["jar"]: 9})
    with pytest.raises(Invalid):
        _open(shelf, kind=CountKind.SHELF, level_ids=[shelf["jar"]])
    other = factories.make_point("Điểm khác")
    foreign = factories.put_in(shelf["bag_variant"], other, 1)
    with pytest.raises(NotFound):
        _open(shelf, kind=CountKind.SHELF, level_ids=[foreign], shelf="Kệ 1")
    with pytest.raises(Invalid):
        counts.open_count(KEEPER, factories.make_point("Trống").id, CountKind.FULL, op_key=operations.new_key())


def test_the_same_key_opens_one_count(shelf: dict[str, Any]) -> None:
    key = operations.new_key()
    assert _open(shelf, op_key=key) == _open(shelf, op_key=key)


def test_goods_the_books_do_not_know_are_taken_in(shelf: dict[str, Any]) -> None:
    reference = _open(shelf, kind=CountKind.SHELF, level_ids=[shelf["jar"]], shelf="Kệ mắm")
    line = counts.add_found(KEEPER, reference, shelf["bag_variant"].id, "LẠ", "shop")
    assert counts.add_found(KEEPER, reference, shelf["bag_variant"].id, "LẠ", "shop") == line
    _write(reference, {shelf["jar"]: 10})
    counts.write(KEEPER, reference, {line: counts.Counted(1, "thấy sau kệ")})
    assert counts.submit(KEEPER, reference) is True
    found = session().query(StockLevel).filter_by(variant_id=shelf["bag_variant"].id, on_hand=1).one()
    assert found.owner == "shop"
    assert _broken() == []


def test_sent_back_and_counted_again(shelf: dict[str, Any]) -> None:
    reference = _open(shelf)
    _write(reference, {shelf["jar"]: 10, shelf["bag"]: 1})
    counts.submit(KEEPER, reference)
    counts.reopen(CHIEF, reference, "đếm lại chè")
    _write(reference, {shelf["bag"]: 4})
    assert counts.submit(KEEPER, reference) is True
    assert _on_hand(shelf["bag"]) == 4


def test_two_who_hand_in_at_once_book_once(app: Any, shelf: dict[str, Any], together: Any) -> None:
    reference = _open(shelf)
    _write(reference, {shelf["jar"]: 8, shelf["bag"]: 4})
    session().rollback()
    outcomes = together(app, lambda: counts.submit(KEEPER, reference), times=4)
    assert sum(1 for o in outcomes if o.error is None) == 1
    assert all(o.error is None or isinstance(o.error, NotOpen) for o in outcomes)
    assert _on_hand(shelf["jar"]) == 8
    assert _broken() == []


@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 50), st.one_of(st.none(), st.integers(1, 900_000))), max_size=8
    )
)
def test_the_sum_of_differences(rows: list[tuple[int, int, int | None]]) -> None:
    lines = [
        queries.LineView(n, n, "", "", "", None, "", None, "shop", c, e, None, None, None, None, False, price)
        for n, (c, e, price) in enumerate(rows)
    ]
    off = [(abs(c - e), price) for c, e, price in rows if c != e]
    expected = None if any(p is None for _n, p in off) else sum(n * (p or 0) for n, p in off)
    assert queries.differences_amount(lines) == expected


# --- write-offs --------------------------------------------------------------------------------------------------


def _write_off(shelf: dict[str, Any], level: str = "jar", quantity: int = 2, **more: Any) -> str:
    values: dict[str, Any] = {"why": WriteOffReason.DAMAGED, "op_key": operations.new_key()} | more
    return counts.write_off(KEEPER, shelf[level], quantity, values.pop("why"), **values)


def test_a_small_write_off_is_booked_once(shelf: dict[str, Any]) -> None:
    key = operations.new_key()
    reference = _write_off(shelf, op_key=key)
    assert _write_off(shelf, op_key=key) == reference
    assert _on_hand(shelf["jar"]) == 8
    assert queries.write_off(reference).amount == 100_000
    assert _broken() == []


def test_a_large_one_waits_for_another(shelf: dict[str, Any]) -> None:
    reference = _write_off(shelf, "bag", 3)
    assert _on_hand(shelf["bag"]) == 4
    with pytest.raises(NotByTheSame):
        counts.decide(KEEPER, reference, agree=True)
    with pytest.raises(Invalid):
        counts.decide(CHIEF, reference, agree=False, note="")
    counts.decide(CHIEF, reference, agree=True)
    assert _on_hand(shelf["bag"]) == 1
    with pytest.raises(NotOpen):
        counts.decide(CHIEF, reference, agree=True)
    refused = _write_off(shelf, "jar", 1, why=WriteOffReason.OTHER, note="hộp móp", may_approve=True)
    assert queries.write_off(refused).state is WriteOffState.BOOKED
    assert _broken() == []


def test_write_offs_refused(shelf: dict[str, Any]) -> None:
    for change in ({"quantity": 0}, {"why": WriteOffReason.LOST}, {"photo": b"<svg/>"}):
        with pytest.raises(Invalid):
            _write_off(shelf, **change)
    with pytest.raises(NotEnough):
        _write_off(shelf, "jar", 11)
    with pytest.raises(NotEnough):
        _write_off(shelf, "bag", 5)
    with pytest.raises(NotFound):
        counts.write_off(KEEPER, 10**9, 1, WriteOffReason.DAMAGED, op_key=operations.new_key())
    assert session().query(WriteOff).count() == 0


def test_faults_are_found_by_the_audit(shelf: dict[str, Any]) -> None:
    reference = _open(shelf)
    _write(reference, {shelf["jar"]: 8, shelf["bag"]: 4})
    counts.submit(KEEPER, reference)
    off = _write_off(shelf)
    with transaction() as s:
        s.query(CountLine).filter_by(level_id=shelf["jar"]).one().counted = 9
        s.query(WriteOff).filter_by(reference=off).one().quantity = 3
        s.query(WriteOff).filter_by(reference=off).one().photo_key = "write-offs/00/none.jpg"
    assert {
        "counts.booked-is-the-difference",
        "counts.written-off-once",
        "counts.photographs-have-their-bytes",
    } <= set(_broken())


# --- pages -------------------------------------------------------------------------------------------------------


def test_the_page_is_blind_and_loses_nothing(client: Any, shelf: dict[str, Any]) -> None:
    sign_in(client, (Role.POINT_KEEPER, f"point:{shelf['point'].id}"))
    answer = client.fill("/office/counts/new?point=" + shelf["point"].slug, form="/office/counts/new")
    assert answer.status_code == 303
    address = answer.location
    page = client.get(address).get_data(as_text=True)
    assert "Mắm tép" in page
    assert ">10<" not in page
    reference = address.rpartition("/")[2]
    lines = _lines(reference)
    jar, bag = lines[shelf["jar"]].line_id, lines[shelf["bag"]].line_id
    wrong = client.fill(address, form=address, **{f"counted-{jar}": "tám", f"counted-{bag}": "4"})
    assert wrong.status_code == 422
    assert 'value="tám"' in wrong.get_data(as_text=True)
    done = client.fill(
        address, form=address, **{f"counted-{jar}": "8", f"reason-{jar}": "vỡ", f"counted-{bag}": "4", "submit": "1"}
    )
    assert done.status_code == 303
    assert _on_hand(shelf["jar"]) == 8
    assert session().query(StockCount).one().state is CountState.DONE


def test_a_keeper_sees_his_own_points_only(client: Any, shelf: dict[str, Any]) -> None:
    reference, off = _open(shelf), _write_off(shelf)
    other = factories.make_point("Điểm khác")
    sign_in(client, (Role.POINT_KEEPER, f"point:{other.id}"))
    for address in (
        f"/office/counts/{reference}",
        f"/office/write-offs/{off}",
        f"/office/write-offs/new?level={shelf['jar']}",
    ):
        assert client.get(address).status_code == 404, address
    assert reference not in client.get("/office/counts").get_data(as_text=True)
    assert off not in client.get("/office/write-offs").get_data(as_text=True)
    token = client.token("/tai-khoan")
    data = {
        "csrf_token": token,
        "level": shelf["jar"],
        "quantity": "1",
        "why": "damaged",
        "op_key": operations.new_key(),
    }
    assert client.post("/office/write-offs/new", data=data).status_code == 404
    assert client.post(f"/office/counts/{reference}/approve", data={"csrf_token": token}).status_code in (403, 404)


def test_a_write_off_with_a_photograph(client: Any, shelf: dict[str, Any]) -> None:
    sign_in(client, (Role.POINT_KEEPER, f"point:{shelf['point'].id}"))
    address = f"/office/write-offs/new?level={shelf['jar']}"
    out = io.BytesIO()
    Image.new("RGB", (400, 300), (20, 90, 90)).save(out, "JPEG")
    refused = client.fill(address, form="/office/write-offs/new", quantity="x", why="damaged", note="rơi vỡ")
    assert refused.status_code == 422
    assert "rơi vỡ" in refused.get_data(as_text=True)
    data = {
        "csrf_token": client.token(address), "level": shelf["jar"], "quantity": "2", "why": "damaged", "note": "rơi vỡ",
        "op_key": operations.new_key(), "photo": (io.BytesIO(out.getvalue()), "a.jpg"),
    }  # fmt: skip
    done = client.post("/office/write-offs/new", data=data, content_type="multipart/form-data")
    assert done.status_code == 303
    assert client.get(done.location + "/photo").mimetype == "image/jpeg"
    assert "Đã hủy hàng" in client.get(done.location).get_data(as_text=True)
