"""Ideas: written by a producer, returned or chosen by the locality, planned, carried out, filed; groups with their history."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from shop.accounts.permissions import Role
from shop.catalog.models import ProductGroup
from shop.cycle import tasks
from shop.cycle.errors import CycleMovedOn
from shop.cycle.models.ideas import Idea, IdeaKind, IdeaState
from shop.cycle.queries import ideas as queries
from shop.cycle.services import ideas as services
from shop.kernel import clock, invariants, operations
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid
from shop.places import queries as places
from shop.places.models import Succession, Unit
from shop.producers.models import LegalForm, Producer
from shop.programme.services import scoring
from tests import factories
from tests.people import sign_in

MEMBER = Actor("user", "Thành viên", 821, "127.0.0.1")
OFFICER = Actor("user", "Cán bộ địa phương", 822, "127.0.0.1")
VAN_DON, MONG_CAI = "06994", "06712"
IDEA = {"what": "Ruốc hàu ăn liền", "materials": "Hàu nuôi ở Vân Đồn"}
PLAN = {"output": "2 tấn mỗi năm", "schedule": "Quý 1 lắp máy sấy"}
I = IdeaState


@pytest.fixture
def maker(gazetteer: Any) -> Producer:
    return factories.make_producer("HTX Ruốc", commune_code=VAN_DON, legal_form=LegalForm.COOPERATIVE)


def written(maker: Producer, *, submit: bool = True, **idea: Any) -> Idea:
    kind, product = idea.get("kind", IdeaKind.NEW), idea.get("product")
    ref = services.write(
        MEMBER, maker.id, kind, idea.get("name", "Ruốc hàu"), product, IDEA, operations.new_key(), submit=submit
    )
    return fresh(ref)


def fresh(reference: str) -> Idea:
    session().rollback()
    session().expire_all()
    return queries.idea(reference)


def decide(row: Idea, to: IdeaState, reason: str = "") -> Idea:
    services.decide(OFFICER, row.reference, to, reason, seen=row.turn)
    return fresh(row.reference)


def test_from_idea_to_dossier(maker: Producer) -> None:
    scoring.load_sheets()
    goods = factories.make_variant("Ruốc hàu", producer=maker)
    row = decide(written(maker), I.RETURNED, "Ghi rõ nguồn nguyên liệu")
    assert row.reason == "Ghi rõ nguồn nguyên liệu" and row.locality_code == VAN_DON
    services.edit(MEMBER, row.reference, "Ruốc hàu Cái Rồng", IDEA, seen=row.turn, submit=True)
    row = decide(fresh(row.reference), I.ACCEPTED)
    services.plan(MEMBER, row.reference, PLAN, seen=row.turn, submit=True)
    row = decide(fresh(row.reference), I.RUNNING)
    with pytest.raises(Invalid):
        services.file_dossier(OFFICER, row.reference, None, "first", seen=row.turn)
    code = services.file_dossier(OFFICER, row.reference, goods.product_id, "first", seen=row.turn)
    row = fresh(row.reference)
    assert (row.state, row.dossier_code, row.product_id) == (I.FILED, code, goods.product_id)
    assert [s.to_state for s in reversed(queries.history(row.id))] == [
        "draft", "submitted", "returned", "submitted", "accepted", "planned", "running", "filed",
    ]  # fmt: skip


def test_what_cannot_be_is_refused(maker: Producer) -> None:
    other = factories.make_variant("Của cơ sở khác", producer=factories.make_producer("HTX Khác"))
    with pytest.raises(Invalid):
        written(maker, kind=IdeaKind.EXISTING)
    with pytest.raises(Invalid) as refused:
        written(maker, kind=IdeaKind.EXISTING, product=other.product_id)
    assert refused.value.field == "product"
    row = written(maker, submit=False)
    with pytest.raises(Invalid) as refused:
        services.edit(MEMBER, row.reference, row.name, {"what": "Ruốc hàu"}, seen=row.turn, submit=True)
    assert refused.value.field == "materials"
    with pytest.raises(CycleMovedOn):
        services.decide(OFFICER, row.reference, I.ACCEPTED, "", seen=row.turn)  # not handed in
    row = written(maker)
    with pytest.raises(Invalid):
        services.decide(OFFICER, row.reference, I.RETURNED, "", seen=row.turn)
    with pytest.raises(CycleMovedOn):
        services.plan(MEMBER, row.reference, PLAN, seen=row.turn)  # not chosen
    with pytest.raises(CycleMovedOn):
        services.edit(MEMBER, row.reference, "Tên khác", IDEA, seen=row.turn)  # it waits
    row = decide(row, I.DROPPED, "Trùng sản phẩm đã có")
    with pytest.raises(CycleMovedOn):
        services.decide(OFFICER, row.reference, I.ACCEPTED, "", seen=row.turn)


def test_accepted_and_returned_at_once(gazetteer: Any, maker: Producer, together: Any) -> None:
    row = written(maker)
    ref, turn = row.reference, row.turn
    told = together(
        gazetteer,
        [
            lambda: services.decide(OFFICER, ref, I.ACCEPTED, "", seen=turn),
            lambda: services.decide(OFFICER, ref, I.RETURNED, "Thiếu số liệu", seen=turn),
        ],
    )
    assert sorted(type(one.error).__name__ if one.error else "won" for one in told) == ["CycleMovedOn", "won"]


def test_a_product_keeps_every_group_it_was_put_into(maker: Producer) -> None:
    goods = factories.make_variant("Ruốc hàu", producer=maker)
    with transaction() as s:
        groups = [ProductGroup(scheme=x, slug=f"nhom-{n}", number=str(n), name=f"Nhóm {n}", name_en=f"Group {n}")
                  for n, x in enumerate(("2014", "2014", "2026"))]  # fmt: skip
        s.add_all(groups)
    ids = [g.id for g in groups]
    for group in (ids[0], ids[0], ids[1], ids[2]):
        services.put_in_group(OFFICER, goods.product_id, group, "Theo danh mục của năm")
    found = queries.groups_of(goods.product_id)
    assert [(g.scheme, g.until is None) for g in found] == [("2026", True), ("2014", True), ("2014", False)]
    with pytest.raises(Invalid):
        services.put_in_group(OFFICER, goods.product_id, 999_999, "Theo danh mục")
    with pytest.raises(Invalid):
        services.put_in_group(OFFICER, goods.product_id, ids[0], "")


def test_a_producer_writes_and_the_locality_chooses(client: Any, maker: Producer) -> None:
    foreign = written(factories.make_producer("HTX Móng Cái", commune_code=MONG_CAI), name="Ghẹ Trà Cổ")
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{maker.id}"))
    assert "Chưa có ý tưởng nào" in client.get("/producer/ideas").get_data(as_text=True)
    assert client.get(f"/producer/ideas/{foreign.reference}").status_code == 404
    new = "/producer/ideas/new"
    assert client.fill(new, form=new, kind="existing").status_code == 422
    begun = client.fill(new, form=new, kind="new", name="Ruốc hàu")
    assert begun.status_code == 303
    mine = begun.headers["Location"].removeprefix("http://localhost")
    bad = client.fill(mine, form=mine, do="submit", what="Ruốc hàu ăn liền")
    assert bad.status_code == 422 and "Ruốc hàu ăn liền" in bad.get_data(as_text=True)
    assert client.fill(mine, form=mine, do="submit", **IDEA).status_code == 303
    ref = mine.rpartition("/")[2]
    sign_in(client, (Role.LOCALITY_OFFICER, f"locality:{VAN_DON}"))
    listed = client.get("/office/ideas").get_data(as_text=True)
    assert "Ruốc hàu" in listed and "Đặc khu Vân Đồn" in listed and "Ghẹ Trà Cổ" not in listed
    assert client.get(f"/office/ideas/{foreign.reference}").status_code == 404
    assert client.get("/office/ideas?screened=out&format=csv").status_code == 200
    page = f"/office/ideas/{ref}"
    token = {"csrf_token": client.token("/tai-khoan"), "seen": "2", "to": "accepted"}
    assert client.post(f"{page}/decide", data=token).status_code == 303
    assert "Được chọn, chờ kế hoạch" in client.get(page).get_data(as_text=True)
    paper = "/office/ideas/new"
    assert "Hãy chọn chủ thể" in client.get(f"{paper}?producer=&kind=new").get_data(as_text=True)
    theirs = f"{paper}?producer={maker.id}&kind=new"
    assert client.fill(theirs, form=paper, name="Nước mắm").status_code == 422
    assert client.fill(theirs, form=paper, name="Nước mắm Cái Rồng", **IDEA).status_code == 303
    assert client.get("/office/ideas?q=nuoc+mam").get_data(as_text=True).count("Nước mắm Cái Rồng") >= 1


def test_an_officer_writes_the_form_of_an_existing_product(client: Any, maker: Producer) -> None:
    """Form 2 for a product of the producer, and of nobody else; the name is the product's own if none is given."""
    paper, other = "/office/ideas/new", factories.make_producer("HTX Móng Cái", commune_code=MONG_CAI)
    sign_in(client, (Role.LOCALITY_OFFICER, f"locality:{VAN_DON}"))
    asked = f"{paper}?producer={maker.id}&kind=existing"
    assert "chưa có sản phẩm nào" in client.get(asked).get_data(as_text=True)
    mine = factories.make_variant("Ruốc hàu", producer=maker).product
    foreign = factories.make_variant("Ghẹ Trà Cổ", producer=other).product
    page = client.get(asked).get_data(as_text=True)
    assert "Ruốc hàu" in page and "Ghẹ Trà Cổ" not in page
    for product in ("", str(foreign.id)):
        bad = client.fill(asked, form=paper, product=product, **IDEA)
        assert bad.status_code == 422 and IDEA["what"] in bad.get_data(as_text=True)
    done = client.fill(asked, form=paper, product=str(mine.id), **IDEA)
    assert done.status_code == 303
    row = queries.idea(done.headers["Location"].rpartition("/")[2])
    assert (row.kind, row.name, row.product_id, row.state) == (
        IdeaKind.EXISTING,
        "Ruốc hàu",
        mine.id,
        IdeaState.SUBMITTED,
    )
    elsewhere = client.get(f"{paper}?producer={other.id}&kind=existing").get_data(as_text=True)
    assert "Hãy chọn chủ thể" in elsewhere and "Ghẹ Trà Cổ" not in elsewhere


def test_the_audit_sees_an_idea_that_jumped(maker: Producer) -> None:
    row = written(maker)
    name = "cycle.ideas-stand-where-their-steps-lead"
    assert invariants.look(name).ok
    with transaction() as s:
        s.execute(sa.update(Idea).values(state="running"))
    fresh(row.reference)
    assert invariants.look(name).offenders == [row.reference]


def test_a_products_page_leads_to_its_groups(maker: Producer, client: Any) -> None:
    goods = factories.make_variant("Ruốc hàu", producer=maker, commune_code=VAN_DON)
    with transaction() as s:
        group = ProductGroup(scheme="2019", slug="nhom-1", number="1", name="Thực phẩm thử", name_en="Food")
        s.add(group)
    page = f"/office/products/{goods.product.slug}"
    sign_in(client, Role.PROGRAMME_OFFICER)
    assert f"{page}/groups" in client.get(page).get_data(as_text=True)
    assert "Chưa xếp vào nhóm nào" in client.get(f"{page}/groups").get_data(as_text=True)
    bad = client.fill(f"{page}/groups", form=f"{page}/groups", group=str(group.id), why="")
    assert bad.status_code == 422 and f'value="{group.id}" selected' in bad.get_data(as_text=True)
    done = client.fill(f"{page}/groups", form=f"{page}/groups", group=str(group.id), why="Theo danh mục của năm")
    assert done.status_code == 303, "without an idea before it"
    shown = client.get(f"{page}/groups").get_data(as_text=True)
    assert "Thực phẩm thử" in shown and "Theo danh mục của năm" in shown
    assert client.get("/office/products/khong-co/groups").status_code == 404
    sign_in(client, (Role.LOCALITY_OFFICER, f"locality:{MONG_CAI}"))
    assert client.get(f"{page}/groups").status_code == 404


def test_an_officer_writes_down_a_plan_brought_on_paper(client: Any, maker: Producer) -> None:
    row = written(maker)
    sign_in(client, (Role.LOCALITY_OFFICER, f"locality:{VAN_DON}"))
    here = f"/office/ideas/{row.reference}"
    plan = f"{here}/plan"
    assert f'action="{plan}"' not in client.get(here).get_data(as_text=True), "no plan is asked for yet"
    row = decide(row, I.ACCEPTED)
    bad = client.fill(here, form=plan, output="2 tấn mỗi năm", selling="Chợ Cái Rồng", schedule="")
    text = bad.get_data(as_text=True)
    assert bad.status_code == 422 and "Chợ Cái Rồng" in text and 'href="#f-schedule"' in text
    stale = {"csrf_token": client.token("/tai-khoan"), "seen": str(row.turn), **PLAN}
    assert client.fill(here, form=plan, **PLAN).status_code == 303
    row = fresh(row.reference)
    assert row.state is I.PLANNED and row.plan == PLAN
    assert client.post(plan, data=stale).status_code == 409, "sent twice"
    shown = client.get(here).get_data(as_text=True)
    assert "Quý 1 lắp máy sấy" in shown and f'action="{plan}"' not in shown
    row = decide(row, I.PLAN_RETURNED, "Thiếu nguồn vốn")
    assert "Quý 1 lắp máy sấy" in client.get(here).get_data(as_text=True), "what was written stands in the form"
    assert client.fill(here, form=plan, investment="Vốn tự có", **PLAN).status_code == 303
    assert fresh(row.reference).plan["investment"] == "Vốn tự có"
    sign_in(client, (Role.LOCALITY_OFFICER, f"locality:{MONG_CAI}"))
    assert client.post(plan, data=stale | {"csrf_token": client.token("/tai-khoan")}).status_code == 404


def test_an_idea_follows_the_land_of_its_locality(client: Any, maker: Producer) -> None:
    row = written(maker)
    tasks.follow_land()
    assert fresh(row.reference).locality_code == VAN_DON
    with transaction() as s:
        s.execute(sa.update(Unit).where(Unit.code == VAN_DON).values(valid_to=clock.today()))
        s.add(Succession(old_code=VAN_DON, new_code=MONG_CAI, partly=False, changed_on=clock.today()))
    places.forget()
    tasks.follow_land()
    assert fresh(row.reference).locality_code == MONG_CAI
    sign_in(client, (Role.LOCALITY_OFFICER, f"locality:{MONG_CAI}"))
    assert row.name in client.get("/office/ideas").get_data(as_text=True)
    assert client.get(f"/office/ideas/{row.reference}").status_code == 200
