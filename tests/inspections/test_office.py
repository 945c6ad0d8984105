"""Inspections: recorded once, never changed, seen by those who may."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

import pytest
from PIL import Image

from shop.accounts.permissions import Role
from shop.inspections import criteria, queries
from shop.inspections import services as inspections
from shop.inspections.models import Finding, Inspection, Result, Verdict
from shop.kernel import clock, invariants, operations
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid
from tests import factories
from tests.people import sign_in

DAY = date(2025, 6, 1)


def _photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (400, 300), (20, 90, 90)).save(out, "JPEG")
    return out.getvalue()


def _seen(**changes: Verdict) -> list[inspections.Seen]:
    return [
        inspections.Seen(c.code, changes.get(c.code.replace("-", "_"), Verdict.MET), "thiếu biển")
        for c in criteria.edition_for(DAY).criteria
    ]


def _record(point_id: int, **changes: Any) -> int:
    values = {"held_on": DAY, "inspector": "Phạm Văn An", "seen": _seen(), "op_key": operations.new_key()}
    return inspections.record(SYSTEM, point_id, **(values | changes))


def test_the_result_follows_the_findings() -> None:
    met, bad, dark = Verdict.MET, Verdict.NOT_MET, Verdict.NOT_SEEN
    assert inspections.result_of([met, met]) == Result.MEETS
    assert inspections.result_of([met, dark]) == Result.INCOMPLETE
    assert inspections.result_of([dark, bad]) == Result.FAILS
    assert inspections.result_of([]) == Result.INCOMPLETE


def test_an_edition_without_successor_is_still_used_and_said_to_be_over() -> None:
    found = criteria.edition_for(date(2026, 11, 1))
    assert found.name == "950/QĐ-BCT"
    assert not found.in_force(date(2026, 1, 1))
    assert found.in_force(date(2025, 12, 31))
    assert all(c.vi and c.en and c.source.startswith("http") for e in criteria.editions() for c in e.criteria)


def test_recorded_once_and_the_last_one_counts(ctx: Any) -> None:
    point = factories.make_point()
    key = operations.new_key()
    first = _record(point.id, op_key=key, seen=_seen(equipment_sign=Verdict.NOT_MET))
    assert _record(point.id, op_key=key, seen=_seen(equipment_sign=Verdict.NOT_MET)) == first
    assert session().get(Inspection, first).result == Result.FAILS
    _record(point.id, held_on=DAY + timedelta(days=30))
    [standing] = queries.standings({}, [point.id]).rows
    assert (standing.result, standing.held_on) == (Result.MEETS, DAY + timedelta(days=30))
    assert standing.due  # more than a year ago


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("held_on", {"held_on": date(2999, 1, 1)}),
        ("inspector", {"inspector": " "}),
        ("summary", {"summary": "x" * 2001}),
        ("verdict-place-easy", {"seen": _seen()[1:]}),
        ("verdict", {"seen": [*_seen(), _seen()[0]]}),
        ("note-place-easy", {"seen": [inspections.Seen("place-easy", Verdict.NOT_MET, " "), *_seen()[1:]]}),
        ("photo-place-easy", {"seen": [inspections.Seen("place-easy", Verdict.MET, "", b"<svg/>"), *_seen()[1:]]}),
    ],
)
def test_what_is_refused(ctx: Any, field: str, change: dict[str, Any]) -> None:
    point = factories.make_point()
    with pytest.raises(Invalid) as refused:
        _record(point.id, **change)
    assert refused.value.field == field
    assert queries.of_point(point.id) == []


def test_the_form_keeps_what_was_typed_and_takes_a_photograph(app: Any, client: Any, ctx: Any) -> None:
    point = factories.make_point()
    sign_in(client, Role.PROMOTION_STAFF)
    address = f"/office/inspections/{point.slug}"
    fields = {f"verdict-{c.code}": "met" for c in criteria.edition_for(clock.today()).criteria}
    answer = client.fill(address, inspector="", summary="Cần thêm kệ", **fields)
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert "Hãy ghi ai đã kiểm tra" in page
    assert "Cần thêm kệ" in page
    photo = {"photo-equipment-sign": (io.BytesIO(_photo()), "bien.jpg")}
    data = {**fields, **photo, "inspector": "An", "held_on": clock.today().isoformat(), "op_key": operations.new_key()}
    data["csrf_token"] = client.token(address)
    assert client.post(address, data=data, content_type="multipart/form-data").status_code == 303
    [made] = queries.of_point(point.id)
    found = next(f for f in made.findings if f.photo_key)
    assert client.get(f"{address}/photo/{found.id}").mimetype == "image/jpeg"
    other = factories.make_point("Điểm khác")
    assert client.get(f"/office/inspections/{other.slug}/photo/{found.id}").status_code == 404
    assert "Đạt tiêu chí" in client.get("/office/inspections").get_data(as_text=True)


def test_a_keeper_reads_his_own_point_and_records_nothing(client: Any, ctx: Any) -> None:
    mine, other = factories.make_point("Điểm của tôi"), factories.make_point("Điểm khác")
    sign_in(client, (Role.POINT_KEEPER, f"point:{mine.id}"))
    assert client.get(f"/office/inspections/{mine.slug}").status_code == 200
    assert client.get(f"/office/inspections/{other.slug}").status_code == 404
    assert "Điểm khác" not in client.get("/office/inspections").get_data(as_text=True)
    data = {"csrf_token": client.token("/tai-khoan"), "op_key": operations.new_key()}
    assert client.post(f"/office/inspections/{mine.slug}", data=data).status_code in (403, 404)


def test_a_lost_photograph_is_found_by_the_audit(ctx: Any) -> None:
    point = factories.make_point()
    made = _record(point.id)
    assert all(check.ok for check in invariants.run("inspections"))
    with transaction():
        session().query(Finding).filter_by(inspection_id=made).first().photo_key = "inspections/00/none.jpg"
    [broken] = [check for check in invariants.run() if check.name == "inspections.photographs-have-their-bytes"]
    assert not broken.ok
