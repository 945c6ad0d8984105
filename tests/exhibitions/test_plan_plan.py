"""The plan of a fair as data: saved at once or refused, by two people at once, under booths that are taken."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from shop.accounts.permissions import Role
from shop.exhibitions import drawn
from shop.exhibitions.errors import BoothsOverlap, BoothStood, FairChanged, FairMovedOn, PlanPartUsed
from shop.exhibitions.models.allotting import BoothOffer, OfferState
from shop.exhibitions.models.calls import Application, ApplicationState, Stand
from shop.exhibitions.models.fairs import Booth, FeatureKind, SubsidyFor, Zone, ZoneColour
from shop.exhibitions.services import fairs, plan
from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from tests import factories
from tests.exhibitions.plan_made import STAFF, fair, key, planned, post, row
from tests.people import sign_in
from tests.statements import statements

HERE = "/office/exhibitions"


def stand(made, code, name="HTX Đứng Đây", ended=False):
    """Somebody stands in the booth."""
    maker, now = factories.make_producer(name), clock.now()
    booth = session().query(Booth).filter_by(exhibition_id=made.id, code=code).one()
    with transaction() as s:
        application = Application(
            reference=f"HC-{maker.id}", exhibition_id=made.id, producer_id=maker.id, state=ApplicationState.ACCEPTED,
            created_at=now, updated_at=now,
        )  # fmt: skip
        s.add(application)
        s.flush()
        s.add(
            Stand(
                reference=f"G-{maker.id}", exhibition_id=made.id, booth_id=booth.id, application_id=application.id,
                producer_id=maker.id, fee_amount=0, why="thử", given_at=now, given_label="thử",
                ended_at=now if ended else None,
            )
        )  # fmt: skip
    return maker


def of(made):
    return plan.drawing(made.id)


def codes(made):
    return sorted(b.code for b in of(made)[0].booths)


# --- the command -------------------------------------------------------------------------------------------------


def test_saved_changed_and_saved_again(ctx):
    made = fair()
    planned(made)
    now, version = of(made)
    assert version == 3
    a1, a2, a3 = now.booths
    # A1 and A2 exchange their codes, A3 goes and a new A3 comes elsewhere: one save.
    wanted = replace(
        now,
        booths=(replace(a1, code="A2"), replace(a2, code="A1"), replace(a3, id=None, x=20)),
        features=(
            replace(now.features[0], rows=3),
            plan.FeatureDraft(None, FeatureKind.STAGE, 30, 10, 6, 4, "Sân khấu"),
        ),
    )
    assert plan.save(STAFF, made.id, wanted, seen=3) == 4
    after, _version = of(made)
    assert {(b.code, b.x) for b in after.booths} == {("A2", 3), ("A1", 6), ("A3", 20)}
    assert after.booths[0].id == a1.id
    assert [f.kind for f in after.features] == [FeatureKind.AISLE, FeatureKind.STAGE]
    assert plan.save(STAFF, made.id, after, seen=4) == 4, "nothing changed, nothing written"


def test_overlapping_booths_are_refused_by_name(ctx):
    made = fair()
    planned(made)
    now, version = of(made)
    wanted = replace(now, booths=(now.booths[0], replace(now.booths[1], x=5), now.booths[2]))
    with pytest.raises(BoothsOverlap) as refused:
        plan.save(STAFF, made.id, wanted, seen=version)
    assert {refused.value.values["first"], refused.value.values["second"]} == {"A1", "A2"}
    assert of(made) == (now, version)
    aisle = replace(now.features[0], y=4)
    with pytest.raises(BoothsOverlap):
        plan.save(STAFF, made.id, replace(now, features=(aisle,)), seen=version)
    crossing = plan.FeatureDraft(None, FeatureKind.AISLE, 5, 5, 2, 10)
    plan.save(STAFF, made.id, replace(now, features=(*now.features, crossing)), seen=version)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"x": 38}, "x"),
        ({"y": -1}, "x"),
        ({"code": "A2"}, "code"),
        ({"code": ""}, "code"),
        ({"code": "~1"}, "code"),
        ({"code": "<b>"}, "code"),
        ({"columns": 0}, "columns"),
        ({"columns": 41}, "columns"),
        ({"type_id": 999_999}, "type_id"),
        ({"zone_id": 999_999}, "zone_id"),
        ({"note": "a" * 256}, "note"),
    ],
)
def test_a_booth_of_no_sense_is_refused(ctx, changes, field):
    made = fair()
    planned(made)
    now, version = of(made)
    with pytest.raises(Invalid) as refused:
        plan.save(
            STAFF, made.id, replace(now, booths=(replace(now.booths[0], **changes), *now.booths[1:])), seen=version
        )
    assert refused.value.field == field


def test_a_hall_cannot_shrink_under_its_booths(ctx):
    made = fair()
    planned(made)
    now, version = of(made)
    with pytest.raises(Invalid):
        plan.save(STAFF, made.id, replace(now, hall=plan.Hall(10, 24, 100)), seen=version)
    for hall in (plan.Hall(7, 24, 100), plan.Hall(40, 201, 100), plan.Hall(40, 24, 10)):
        with pytest.raises(Invalid):
            plan.save(STAFF, made.id, replace(now, hall=hall), seen=version)
    plan.save(STAFF, made.id, replace(now, hall=plan.Hall(60, 30, 150)), seen=version)
    assert row(made.slug).cell_cm == 150


def test_what_is_another_fairs_is_not_there(ctx):
    mine, other = fair(), fair()
    zone_id, type_id = planned(mine)
    planned(other)
    now, version = of(mine)
    theirs, _version = of(other)
    with pytest.raises(NotFound):
        plan.save(
            STAFF,
            mine.id,
            replace(now, booths=(replace(theirs.booths[0], type_id=type_id, zone_id=None),)),
            seen=version,
        )
    with pytest.raises(Invalid):
        plan.save(
            STAFF,
            mine.id,
            replace(now, booths=(replace(now.booths[0], type_id=theirs.booths[0].type_id),)),
            seen=version,
        )
    for command in (plan.remove_zone, plan.remove_type):
        with pytest.raises(NotFound):
            command(STAFF, other.id, zone_id if command is plan.remove_zone else type_id, seen=3)
    twice = replace(now, booths=(now.booths[0], replace(now.booths[0], code="B1", x=30)))
    with pytest.raises(NotFound):
        plan.save(STAFF, mine.id, twice, seen=version)


def test_two_people_draw_at_once(ctx):
    made = fair()
    planned(made)
    now, version = of(made)
    plan.save(STAFF, made.id, replace(now, booths=now.booths[:2]), seen=version)
    with pytest.raises(FairChanged):
        plan.save(STAFF, made.id, replace(now, booths=now.booths[1:]), seen=version)
    assert codes(made) == ["A1", "A2"]


def test_a_booth_with_somebody_in_it_stays(ctx):
    made = fair()
    planned(made)
    stand(made, "A1")
    stand(made, "A2", ended=True)
    now, version = of(made)
    a1, a2, a3 = now.booths
    with pytest.raises(BoothStood) as refused:
        plan.save(STAFF, made.id, replace(now, booths=(a2, a3)), seen=version)
    assert refused.value.values == {"code": "A1", "name": "HTX Đứng Đây"}
    with pytest.raises(BoothStood):
        plan.save(STAFF, made.id, replace(now, booths=(a1, a3)), seen=version)
    with pytest.raises(BoothStood):
        plan.save(STAFF, made.id, replace(now, booths=(replace(a1, out_of_use=True), a2, a3)), seen=version)
    plan.save(STAFF, made.id, replace(now, booths=(replace(a1, x=20), replace(a2, out_of_use=True))), seen=version)
    assert codes(made) == ["A1", "A2"]


def test_a_booth_that_was_offered_stays(ctx):
    made = fair()
    planned(made)
    stand(made, "A1")
    now, version = of(made)
    a1, a2, a3 = now.booths
    with transaction() as s:
        asked = s.query(Application).one()
        s.add(
            BoothOffer(
                reference="M-0001", exhibition_id=made.id, application_id=asked.id, booth_id=a3.id, state=OfferState.OPEN,
                offered_at=clock.now(), until=clock.now() + timedelta(days=1),
            )
        )  # fmt: skip
    with pytest.raises(BoothStood):
        plan.save(STAFF, made.id, replace(now, booths=(a1, a2)), seen=version)
    plan.save(STAFF, made.id, replace(now, booths=(a1, a3)), seen=version)


def test_a_shared_booth_is_not_made_smaller_than_its_makers(ctx):
    made = fair()
    _zone, single = planned(made)
    shared = plan.put_type(STAFF, made.id, None, plan.TypeDraft("Gian chung", 3, 3, 0, makers=3), seen=3)
    now, version = of(made)
    plan.save(
        STAFF, made.id, replace(now, booths=(replace(now.booths[0], type_id=shared), *now.booths[1:])), seen=version
    )
    stand(made, "A1", "HTX Một")
    stand(made, "A1", "HTX Hai")
    now, version = of(made)
    with pytest.raises(BoothStood):
        plan.save(
            STAFF, made.id, replace(now, booths=(replace(now.booths[0], type_id=single), *now.booths[1:])), seen=version
        )
    with pytest.raises(Invalid) as refused:
        plan.put_type(STAFF, made.id, shared, plan.TypeDraft("Gian chung", 3, 3, 0, makers=1), seen=version)
    assert refused.value.field == "makers"


def test_a_fair_that_is_over_keeps_its_plan(ctx):
    made = fair()
    planned(made)
    now, version = of(made)
    fairs.cancel(STAFF, made.id, "Bão", key())
    with pytest.raises(FairMovedOn):
        plan.save(STAFF, made.id, replace(now, booths=()), seen=version)


def test_zones_and_types(ctx):
    made = fair()
    zone_id, type_id = planned(made)
    with pytest.raises(PlanPartUsed):
        plan.remove_zone(STAFF, made.id, zone_id, seen=3)
    with pytest.raises(PlanPartUsed):
        plan.remove_type(STAFF, made.id, type_id, seen=3)
    with pytest.raises(Invalid) as refused:
        plan.put_zone(STAFF, made.id, None, plan.ZoneDraft("T", "Khu khác", ZoneColour.TEA), seen=3)
    assert refused.value.field == "code"
    with pytest.raises(Invalid) as refused:
        plan.put_type(STAFF, made.id, None, plan.TypeDraft("Gian chuẩn", 2, 2, 0), seen=3)
    assert refused.value.field == "name"
    free = plan.put_zone(STAFF, made.id, None, plan.ZoneDraft("N", "Khu ngoài tỉnh", ZoneColour.TEA), seen=3)
    with pytest.raises(FairChanged):
        plan.put_zone(STAFF, made.id, free, plan.ZoneDraft("N", "Tên muộn", ZoneColour.TEA), seen=3)
    plan.remove_zone(STAFF, made.id, free, seen=4)
    assert session().query(Zone).count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"columns": 0}, "columns"),
        ({"fee_amount": -1}, "fee_amount"),
        ({"subsidy_percent": 101}, "subsidy_percent"),
        ({"subsidy_percent": 50}, "subsidy_percent"),
        ({"subsidy_for": SubsidyFor.PROVINCE}, "subsidy_percent"),
        ({"subsidy_most_amount": -1}, "subsidy_most_amount"),
        ({"min_stars": 2}, "min_stars"),
        ({"power_watts": -5}, "power_watts"),
        ({"makers": 13}, "makers"),
    ],
)
def test_a_type_of_no_sense_is_refused(ctx, changes, field):
    made = fair()
    with pytest.raises(Invalid) as refused:
        plan.put_type(STAFF, made.id, None, replace(plan.TypeDraft("Gian", 3, 3, 6_000_000), **changes), seen=0)
    assert refused.value.field == field


# --- the office: by script ---------------------------------------------------------------------------------------


@pytest.fixture
def office(ctx, client):
    sign_in(client, Role.PROMOTION_STAFF)
    return client


def sent(made, **changes):
    """What the editor sends."""
    from shop.exhibitions import planforms

    told = planforms.written(drawn.of(row(made.slug), who=True))
    return told | changes


def test_the_editor_saves_and_is_told_what_is_there(office):
    made = fair()
    planned(made)
    told = sent(made)
    told["booths"] += [told["booths"][0] | {"id": None, "code": "B1", "x": 30}]
    answer = post(office, f"{HERE}/{made.slug}/plan", plan=json.dumps(told))
    assert answer.status_code == 200
    back = answer.get_json()["plan"]
    assert back["version"] == 4
    assert [b["code"] for b in back["booths"]] == ["A1", "A2", "A3", "B1"]
    assert all(b["id"] for b in back["booths"])


def test_a_late_drawing_answers_409_with_what_is_there(office):
    made = fair()
    planned(made)
    late = sent(made)
    early = sent(made)
    early["booths"] = early["booths"][:1]
    assert post(office, f"{HERE}/{made.slug}/plan", plan=json.dumps(early)).status_code == 200
    answer = post(office, f"{HERE}/{made.slug}/plan", plan=json.dumps(late))
    assert answer.status_code == 409
    told = answer.get_json()
    assert told["code"] == "fair-changed"
    assert [b["code"] for b in told["plan"]["booths"]] == ["A1"]


def test_an_overlap_names_both_and_writes_nothing(office):
    made = fair()
    planned(made)
    told = sent(made)
    told["booths"][1]["x"] = 4
    answer = post(office, f"{HERE}/{made.slug}/plan", plan=json.dumps(told))
    assert answer.status_code == 422
    assert answer.get_json()["title"] == "“A1” và “A2” chồng lên nhau."
    assert answer.get_json()["shapes"] == ["A1", "A2"]
    assert of(made)[1] == 3


@pytest.mark.parametrize(
    "body",
    [
        "", "nothing", "[]", "{}", '{"columns": 40}', "[" * 100_000, '{"columns": 1e400}',
        '{"columns":40,"rows":24,"cell_cm":100,"version":3,"booths":[5],"features":[]}',
        '{"columns":true,"rows":24,"cell_cm":100,"version":3,"booths":[],"features":[]}',
        '{"columns":40,"rows":24,"cell_cm":100,"version":3,"booths":[],"features":[{"id":null,"kind":"bomb","x":0,"y":0,'
        '"columns":1,"rows":1,"label":null,"label_en":null}]}',
    ],
)  # fmt: skip
def test_what_is_no_drawing_is_refused(office, body):
    made = fair()
    planned(made)
    assert post(office, f"{HERE}/{made.slug}/plan", plan=body).status_code == 422
    assert codes(made) == ["A1", "A2", "A3"]


# --- the office: form by form ------------------------------------------------------------------------------------


def test_without_a_script_each_change_is_a_form(office):
    made = fair()
    zone_id, type_id = planned(made)
    here = f"{HERE}/{made.slug}/plan"
    page = office.get(here).get_data(as_text=True)
    assert "gian-A1" in page
    place = {"type_id": type_id, "x": 1, "y": 10, "columns": 3, "rows": 3}
    a_row = place | {"do": "row", "first": "B1", "count": 5, "direction": "right", "zone_id": zone_id, "seen": 3}
    assert post(office, here, **a_row).status_code == 302
    assert codes(made) == ["A1", "A2", "A3", "B1", "B2", "B3", "B4", "B5"]
    answer = post(office, here, **(place | {"do": "booth", "code": "C1", "seen": 4}))
    assert answer.status_code == 422
    assert "chồng lên nhau" in answer.get_data(as_text=True)
    assert post(office, here, **(place | {"do": "booth", "code": "C1", "y": 15, "seen": 4})).status_code == 302
    late = post(office, here, **(place | {"do": "booth", "code": "C2", "y": 20, "seen": 4}))
    assert late.status_code == 409
    assert 'value="C2"' in late.get_data(as_text=True), "what was typed is not lost"
    stage = {"do": "feature", "kind": "stage", "label": "Sân khấu chính", "x": 20, "y": 20, "columns": 8, "rows": 4}
    assert post(office, here, **stage, seen=5).status_code == 302
    assert post(office, here, do="hall", columns=50, rows=30, cell_cm=100, seen=6).status_code == 302
    now, version = of(made)
    gone = next(b for b in now.booths if b.code == "C1")
    assert office.get(f"{here}?booth={gone.id}").status_code == 200
    changed = {"do": "booth", "id": gone.id, "code": "C9", "note": "gần cửa", "out_of_use": "1", "y": 15}
    assert post(office, here, **(place | changed | {"seen": version})).status_code == 302
    assert post(office, here, do="remove", what=f"booth:{gone.id}", seen=version + 1).status_code == 302
    assert "C9" not in codes(made)
    assert post(office, here, do="row", type_id=type_id, first="D", count="nhiều", seen=8).status_code == 422


def test_zones_and_types_by_form(office):
    made = fair()
    here = f"{HERE}/{made.slug}/plan/kinds"
    assert office.get(here).status_code == 200
    zone = {"do": "zone", "code": "T", "name": "Khu trong tỉnh", "colour": "sea"}
    assert post(office, here, **zone, seen=0).status_code == 302
    kind = {"do": "type", "name": "Gian chuẩn", "columns": 3, "rows": 3, "fee_amount": "6.000.000", "makers": 1}
    kind |= {"subsidy_for": "province", "subsidy_percent": 100, "min_stars": 3}
    assert post(office, here, **kind, seen=1).status_code == 302
    page = office.get(here).get_data(as_text=True)
    assert "6.000.000" in page
    late = post(office, here, **(zone | {"code": "N", "name": "Khu đã gõ"}), seen=1)
    assert late.status_code == 409
    assert "Khu đã gõ" in late.get_data(as_text=True)
    answer = post(office, here, **(kind | {"name": "Khác", "subsidy_for": "nobody"}), seen=2)
    assert answer.status_code == 422
    assert 'id="f-subsidy_percent-error"' in answer.get_data(as_text=True)
    zone_id = session().query(Zone.id).scalar()
    assert office.get(f"{here}?zone={zone_id}").status_code == 200
    assert post(office, here, do="remove-zone", id=zone_id, seen=2).status_code == 302
    assert session().query(Zone).count() == 0


def test_print_and_pdf(office):
    made = fair()
    planned(made)
    stand(made, "A1")
    page = office.get(f"{HERE}/{made.slug}/plan/print").get_data(as_text=True)
    assert "HTX Đứng Đây" in page
    answer = office.get(f"{HERE}/{made.slug}/plan.pdf")
    assert answer.mimetype == "application/pdf"
    assert answer.data.startswith(b"%PDF")


def test_a_plan_takes_few_statements_however_large(ctx):
    made = fair()
    planned(made)
    now, version = of(made)
    many = [replace(now.booths[0], id=None, code=f"C{n}", x=3 * (n % 13), y=10 + 3 * (n // 13)) for n in range(39)]
    plan.save(STAFF, made.id, replace(now, booths=(*now.booths, *many)), seen=version)
    found = row(made.slug)
    with statements() as seen:
        drawn.of(found, who=True)
    assert len(seen) <= 5


def test_codes_stand_in_the_order_that_people_count():
    assert sorted(["A10", "B1", "A2", "A1", "10", "9", "A"], key=drawn.order_of) == [
        "9",
        "10",
        "A",
        "A1",
        "A2",
        "A10",
        "B1",
    ]
