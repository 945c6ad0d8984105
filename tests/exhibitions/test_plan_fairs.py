"""A fair itself: written down, changed, announced, taken back, called off; its pages in the office."""

from __future__ import annotations

import re

import pytest

from shop.accounts.permissions import Role
from shop.exhibitions.errors import FairApplied, FairChanged, FairMovedOn
from shop.exhibitions.models.calls import Application, ApplicationState
from shop.exhibitions.models.fairs import FairState
from shop.exhibitions.services import fairs
from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid
from tests import factories
from tests.exhibitions.plan_made import DAY, STAFF, draft, fair, key, post, row
from tests.people import sign_in

HERE = "/office/exhibitions"


def typed(**values):
    today = clock.today()
    fields = {
        "name": "Hội chợ OCOP Xuân thử", "kind": "provincial", "from_on": today + 60 * DAY, "last_on": today + 65 * DAY,
        "day_opens": "8h", "day_closes": "22:00", "venue": "Cung Quy hoạch", "province": "22", "commune": "06661",
    }  # fmt: skip
    return {k: str(v) for k, v in (fields | values).items()}


@pytest.fixture
def office(ctx, client):
    factories.make_places()
    sign_in(client, Role.PROMOTION_STAFF)
    return client


def seen(page: str) -> str:
    return re.search(r'name="seen" value="([^"]+)"', page).group(1)


# --- commands ----------------------------------------------------------------------------------------------------


def test_a_fair_begins_in_draft_once(ctx):
    wanted, once = draft(name="Hội chợ Xuân"), key()
    slug = fairs.create(STAFF, wanted, once)
    assert fairs.create(STAFF, wanted, once) == slug == "hoi-cho-xuan"
    made = row(slug)
    assert made.state is FairState.DRAFT
    assert made.last_on == wanted.to_on - DAY
    assert [s.to_state for s in made.steps] == ["draft"]
    assert fairs.create(STAFF, wanted, key()) == "hoi-cho-xuan-2"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"venue": ""}, "venue"),
        ({"to_on": "from_on"}, "last_on"),
        ({"to_on": 100}, "last_on"),
        ({"day_opens": "sáng"}, "day_opens"),
        ({"day_closes": "25:00"}, "day_closes"),
        ({"day_opens": "09:00", "day_closes": "8h"}, "day_closes"),
        ({"call_from_on": None}, "call_from_on"),
        ({"call_to_on": None}, "call_last_on"),
        ({"call_to_on": -5}, "call_last_on"),
        ({"call_to_on": 61}, "call_last_on"),
        ({"home_point_id": 999}, "home_point_id"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_field(ctx, changes, field):
    good, today = draft(), clock.today()
    days = {"to_on": 60, "call_to_on": 0}
    for name, value in changes.items():
        if value == "from_on":
            changes = {name: good.from_on}
        elif isinstance(value, int) and name in days:
            changes = {name: today + (value + days[name]) * DAY}
    with pytest.raises(Invalid) as refused:
        fairs.create(STAFF, draft(**changes), key())
    assert refused.value.field == field


def test_announced_taken_back_and_called_off(ctx):
    made = fair()
    fairs.announce(STAFF, made.id, key())
    with pytest.raises(FairMovedOn):
        fairs.announce(STAFF, made.id, key())
    with pytest.raises(Invalid):
        fairs.take_back(STAFF, made.id, "", key())
    fairs.take_back(STAFF, made.id, "Chưa chốt ngày", key())
    fairs.announce(STAFF, made.id, key())
    once = key()
    fairs.cancel(STAFF, made.id, "Bão", once)
    fairs.cancel(STAFF, made.id, "Bão", once)
    made = row(made.slug)
    assert [s.to_state for s in made.steps] == ["draft", "announced", "draft", "announced", "cancelled"]
    assert made.steps[-1].reason == "Bão"
    with pytest.raises(FairMovedOn):
        fairs.cancel(STAFF, made.id, "Lại hủy", key())
    with pytest.raises(FairMovedOn):
        fairs.update(STAFF, made.id, draft(), seen=made.updated_at.isoformat())


def test_a_fair_that_somebody_applied_for_is_called_off_not_taken_back(ctx):
    made, maker = fair(announced=True), factories.make_producer()
    now = clock.now()
    with transaction() as s:
        s.add(
            Application(
                reference="HC-1", exhibition_id=made.id, producer_id=maker.id, state=ApplicationState.SUBMITTED,
                created_at=now, updated_at=now,
            )
        )  # fmt: skip
    with pytest.raises(FairApplied):
        fairs.take_back(STAFF, made.id, "Đổi ý", key())
    fairs.cancel(STAFF, made.id, "Đổi ý", key())


def test_a_fair_that_is_over_is_not_announced(ctx):
    today = clock.today()
    made = fair(from_on=today - 9 * DAY, to_on=today, call_from_on=None, call_to_on=None)
    with pytest.raises(Invalid):
        fairs.announce(STAFF, made.id, key())


def test_two_people_change_one_fair(ctx):
    made = fair()
    before = made.updated_at.isoformat()
    fairs.update(STAFF, made.id, draft(name="Tên mới"), seen=before)
    with pytest.raises(FairChanged):
        fairs.update(STAFF, made.id, draft(name="Tên khác"), seen=before)
    assert row(made.slug).name == "Tên mới"


def test_what_runs_keeps_its_first_day(ctx):
    made = fair()
    with transaction():
        row(made.slug).state = FairState.RUNNING
    made = row(made.slug)
    with pytest.raises(Invalid) as refused:
        fairs.update(STAFF, made.id, draft(from_on=made.from_on - DAY), seen=made.updated_at.isoformat())
    assert refused.value.field == "from_on"
    fairs.update(STAFF, made.id, draft(to_on=made.to_on + DAY), seen=made.updated_at.isoformat())


# --- the office --------------------------------------------------------------------------------------------------


def test_from_the_form_to_the_announced_fair(office):
    assert office.get(f"{HERE}/new").status_code == 200
    made = post(office, f"{HERE}/new", **typed(op_key=key()))
    assert made.status_code == 302, made.get_data(as_text=True)
    assert made.location == f"{HERE}/hoi-cho-ocop-xuan-thu"
    page = office.get(made.location).get_data(as_text=True)
    assert row("hoi-cho-ocop-xuan-thu").day_opens == "08:00"
    changed = post(office, made.location, **typed(venue="Quảng trường 30/10", seen=seen(page)))
    assert changed.status_code == 302
    late = post(office, made.location, **typed(venue="Chợ Hạ Long 1", seen=seen(page)))
    assert late.status_code == 409
    assert "Chợ Hạ Long 1" in late.get_data(as_text=True), "what was typed is not lost"
    assert post(office, f"{made.location}/announce", op_key=key()).status_code == 302
    assert post(office, f"{made.location}/announce", op_key=key()).status_code == 409
    refused = post(office, f"{made.location}/cancel", op_key=key(), reason=" ")
    assert refused.status_code == 422
    assert post(office, f"{made.location}/cancel", op_key=key(), reason="Bão").status_code == 302
    page = office.get(made.location).get_data(as_text=True)
    assert "Bão" in page
    assert "Quảng trường 30/10" in page
    assert "fair-save" not in page


def test_bad_fields_are_told_where_they_stand(office):
    answer = post(office, f"{HERE}/new", **typed(op_key=key(), from_on="2027-02-05", last_on="2027-02-01", commune="1"))
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert 'id="f-commune-error"' in page
    answer = post(office, f"{HERE}/new", **typed(op_key=key(), from_on="2027-02-05", last_on="2027-02-01"))
    assert 'id="f-last_on-error"' in answer.get_data(as_text=True)
    assert answer.status_code == 422
    # What the form's library says by itself is told in the reader's language.
    answer = post(office, f"{HERE}/new", **typed(op_key=key(), name="", venue="x" * 300, from_on="31/02/2027"))
    page = answer.get_data(as_text=True)
    for told in ("Hãy điền ô này.", "Ô này dài nhất 255 ký tự.", "Ngày chưa đúng."):
        assert told in page
    assert "required." not in page
    assert "Not a valid" not in page


def test_the_communes_of_another_province_without_a_script(office):
    answer = post(office, f"{HERE}/new", **typed(op_key=key(), choose_province="1", name="Tên đã gõ"))
    assert answer.status_code == 200
    assert "Tên đã gõ" in answer.get_data(as_text=True)
    assert session().query(Application).count() == 0


def test_the_list_is_narrowed_by_grant_and_exported(ctx, client):
    factories.make_places()
    mine, other = fair(name="Hội chợ của tôi"), fair(name="Hội chợ của người khác")
    sign_in(client, (Role.PROMOTION_STAFF, f"exhibition:{mine.id}"))
    page = client.get(HERE).get_data(as_text=True)
    assert mine.name in page
    assert other.name not in page
    assert f"{HERE}/new" not in page
    assert client.get(f"{HERE}/{other.slug}").status_code == 404
    assert client.get(f"{HERE}/{mine.slug}").status_code == 200
    file = client.get(f"{HERE}?format=csv").get_data(as_text=True)
    assert mine.name in file
    assert other.name not in file
    assert client.get(f"{HERE}?state=draft&when=coming&sort=-booths&q=của+tôi").status_code == 200
    assert client.get(f"{HERE}?when=past").status_code == 200


def test_who_only_reads_has_no_buttons(ctx, client):
    factories.make_places()
    made = fair()
    sign_in(client, Role.PROGRAMME_OFFICER)
    page = client.get(f"{HERE}/{made.slug}").get_data(as_text=True)
    assert "fair-save" not in page
    assert "fair-announce" not in page
    assert post(client, f"{HERE}/{made.slug}/announce", op_key=key()).status_code == 403
