"""Papers: what they stop, until when, under which rule; announced once; seen by those whose they are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select

from shop.accounts.permissions import Role
from shop.catalog import listing
from shop.catalog import queries as catalog
from shop.catalog.models import Listing, ProductGroup, ProductSet
from shop.kernel import clock, jobs, settings
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.kernel.errors import NotFound
from shop.kernel.facts import Refused
from shop.kernel.mail import Letter
from shop.kernel.operations import new_key
from shop.producers import queries, rules, tasks
from shop.producers.errors import NotInThisState, PapersLapsed, ProducerNotReady
from shop.producers.models import FOREVER, PaperKind, PaperState, Producer
from shop.producers.services import papers
from tests.checkout.conftest import BANK, Bench, bench, bench_with, code  # noqa: F401 - fixtures
from tests.factories import make_producer, make_variant, put_in
from tests.people import make_user, sign_in
from tests.producers.conftest import OFFICE, hand_in, pdf, upload
from tests.till.conftest import Counter, counter  # noqa: F401 - a fixture


def owner(producer: Producer) -> papers.Owner:
    return papers.Owner(producer_id=producer.id)


def until(producer: Producer) -> tuple[Any, Any]:
    row = session().get(Producer, producer.id, populate_existing=True)
    return row.food_until, row.alcohol_until


def refusal(variant: Any) -> str | None:
    found = catalog.sellable([variant.id], clock.now())[variant.id].refusal
    return found.code if found else None


def shelf(variant: Any) -> int:
    return session().scalar(select(Listing.shelf).where(Listing.product_id == variant.product_id)) or 0


def make_craft_set() -> int:
    with transaction() as s:
        group = ProductGroup(scheme="2026", slug="thu-cong-my-nghe", number="IV", name="Thủ công", name_en="Crafts")
        s.add(group)
        s.flush()
        made = ProductSet(scheme="2026", number=20, slug="bo-20", name="Bộ 20", name_en="Set 20", group_id=group.id)
        s.add(made)
    return made.number


def test_a_newer_paper_takes_over_and_each_kind_must_hold(ctx: Any) -> None:
    maker, today = make_producer(), clock.today()
    assert until(maker) == (None, None)
    first = hand_in(owner(maker), ends=10)
    assert until(maker)[0] == today + timedelta(days=10)
    newer = hand_in(owner(maker), ends=400, replaces=first, accept=False)
    assert until(maker)[0] == today + timedelta(days=10)  # nobody has looked at it yet
    papers.accept(OFFICE, newer)
    assert until(maker)[0] == today + timedelta(days=400)
    hand_in(owner(maker), PaperKind.DECLARATION, ends=None)
    assert until(maker)[0] == today + timedelta(days=400)
    hand_in(owner(maker), PaperKind.ALCOHOL_MAKING, ends=30)
    assert until(maker)[1] == today + timedelta(days=30)
    papers.refuse(OFFICE, newer, "Nơi cấp thu hồi")
    assert until(maker)[0] == today + timedelta(days=10)
    assert [s.to_state for s in queries.steps_of(paper_id=queries.paper(newer).id)] == [
        "waiting",
        "accepted",
        "revoked",
    ]
    with pytest.raises(NotInThisState):
        papers.accept(OFFICE, newer)
    with pytest.raises(NotFound):
        hand_in(owner(make_producer()), replaces=first)


def test_lapsed_papers_stop_what_rests_on_them(ctx: Any) -> None:
    maker = make_producer()
    food = make_variant("Chả mực", producer=maker)
    craft = make_variant("Giỏ mây", producer=maker, set_number=make_craft_set())
    wine = make_variant("Rượu mơ", producer=maker, set_number=20, is_alcohol=True)
    with transaction():
        listing.refresh([v.product_id for v in (food, craft, wine)])
    assert [refusal(v) for v in (food, craft, wine)] == [None, None, None]
    hand_in(owner(maker), ends=5)
    hand_in(owner(maker), PaperKind.ALCOHOL_MAKING, ends=9)
    assert shelf(food) > 0
    with time_machine.travel(clock.end_of(clock.today() + timedelta(days=5)), tick=False):
        assert refusal(food) == "papers-lapsed"
        assert [refusal(v) for v in (craft, wine)] == [None, None]
        assert listing.refresh_due() == 1
        assert (shelf(food), shelf(craft) > 0) == (0, True)
    with time_machine.travel(clock.end_of(clock.today() + timedelta(days=9)), tick=False):
        assert refusal(wine) == "papers-lapsed"
        hand_in(owner(maker), ends=700, number="03")
        assert refusal(food) is None
        assert shelf(food) > 0


@pytest.mark.parametrize(("rule", "unknown", "ended"), [
    (rules.OFF, None, None), (rules.LAPSED, None, "papers-lapsed"), (rules.RECORDED, "producer-not-ready", "papers-lapsed"),
])  # fmt: skip
def test_the_rule_is_the_staffs(ctx: Any, rule: str, unknown: str | None, ended: str | None) -> None:
    never, late = make_producer("Chưa ghi"), make_producer("Hết hạn")
    a, b = make_variant("Một", producer=never), make_variant("Hai", producer=late)
    hand_in(owner(late), ends=clock.today() - timedelta(days=1))
    if rule != rules.LAPSED:
        settings.change(SYSTEM, rules.PAPERS_RULE.key, rule)
        assert jobs.dispatch() >= 1
    else:
        with transaction():
            listing.refresh([a.product_id, b.product_id])
    assert (refusal(a), refusal(b)) == (unknown, ended)
    assert (shelf(a) > 0, shelf(b) > 0) == (unknown is None, ended is None)
    food = ProductGroup.slug == "thuc-pham"
    ready = select(Producer.id).where(rules.ready(clock.today(), food=food, alcohol=~food)).join(ProductGroup, food)
    found = set(session().scalars(ready))
    assert (never.id in found, late.id in found) == (unknown is None, ended is None)


def test_the_orders_door_refuses(bench: Bench) -> None:  # noqa: F811
    maker = make_producer()
    goods = make_variant("Mật ong", producer=maker)
    put_in(goods, bench.point, 5)
    assert bench.add(goods).status_code == 303
    hand_in(owner(maker), ends=clock.today() - timedelta(days=1))
    assert code(bench.client.get("/gio-hang")) in {"none (200)", "papers-lapsed"}
    assert "hết hạn nên tạm dừng bán" in bench.client.get("/gio-hang").get_data(as_text=True)
    assert code(bench.add(goods)) == "papers-lapsed"
    other = bench.app.test_client()
    papers_ref = hand_in(owner(maker), ends=90, number="02")
    assert bench.add(goods, client=other).status_code == 303
    page = other.get("/thanh-toan")
    papers.refuse(OFFICE, papers_ref, "thu hồi")
    assert page.status_code == 200
    assert code(bench.order(other)) == "papers-lapsed"
    product = bench.client.get(f"/san-pham/{catalog.sellable([goods.id], clock.now())[goods.id].slug}")
    assert "add-to-cart" not in product.get_data(as_text=True)


def test_the_till_refuses_and_leaves_it_out(counter: Counter) -> None:  # noqa: F811
    maker = make_producer()
    goods = make_variant("Mật ong quầy", producer=maker)
    put_in(goods, counter.point, 5)
    device = counter.device

    def offered() -> set[int]:
        return {v["id"] for v in device.get("/till/api/catalogue").get_json()["variants"]}

    assert goods.id in offered()
    device.send(device.open())
    assert "code" not in device.send(device.sale(device.line(goods)))[0]
    hand_in(owner(maker), ends=clock.today() - timedelta(days=1))
    assert goods.id not in offered()
    answer = device.send(device.sale(device.line(goods)))[0]
    assert answer["code"] == "papers-lapsed"


def test_announced_once_at_each_mark(ctx: Any) -> None:
    maker = make_producer()
    make_user("Chủ", (Role.PRODUCER_OWNER, f"producer:{maker.id}"))
    make_user("Người gói", (Role.PRODUCER_PACKING, f"producer:{maker.id}"))
    make_user("Người ngoài", (Role.PRODUCER_OWNER, f"producer:{make_producer().id}"))
    first = hand_in(owner(maker), ends=70)
    hand_in(owner(maker), PaperKind.TRADEMARK, ends=None)

    def told() -> list[str]:
        tasks.papers_ending()
        tasks.papers_ending()
        kept = select(Letter.key).where(Letter.kind == "producers.paper-ends")
        return [key.split(":")[2] for key in session().scalars(kept.order_by(Letter.id))]

    assert told() == []
    day = clock.today()
    for left, so_far in ((60, ["60"] * 2), (31, ["60"] * 2), (30, ["60", "60", "30", "30"])):
        with time_machine.travel(clock.start_of(day + timedelta(days=70 - left)) + timedelta(hours=3), tick=False):
            assert told() == so_far
    with time_machine.travel(clock.start_of(day + timedelta(days=66)), tick=False):
        assert told()[4:] == ["7", "7"]
    with time_machine.travel(clock.start_of(day + timedelta(days=71)), tick=False):
        assert told()[6:] == ["0", "0"]
        assert queries.waiting_portal(maker.id).lapsed == 1
        hand_in(owner(maker), ends=400, replaces=first)
        assert queries.waiting_portal(maker.id).lapsed == 0
        assert len(told()) == 8


def test_members_see_their_own_papers_only(ctx: Any, client: Any) -> None:
    mine, theirs = make_producer("Của tôi"), make_producer("Của người")
    ours, foreign = hand_in(owner(mine)), hand_in(owner(theirs))
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{mine.id}"))
    page = client.get("/producer/papers").get_data(as_text=True)
    assert ours in page
    assert foreign not in page
    assert client.get(f"/producer/papers/{ours}/file").status_code == 200
    for path in (f"/producer/papers/{foreign}", f"/producer/papers/{foreign}/file", f"/office/papers/{ours}/file"):
        assert client.get(path).status_code in {403, 404}, path
    assert client.get(f"/producer/papers/new?replaces={foreign}").status_code == 404
    sent = client.fill(
        f"/producer/papers/new?replaces={ours}", form="/producer/papers/new", number="2", issuer="Sở", file=upload("moi"),
        issued_on="2026-01-01", expires_on="2031-01-01",
    )  # fmt: skip
    assert sent.status_code == 303
    waits = session().scalars(select(papers.Paper).where(papers.Paper.state == PaperState.WAITING)).one()
    assert (waits.kind, waits.replaces_id) == (PaperKind.FOOD_SAFETY, queries.paper(ours).id)
    assert waits.reference in client.get("/producer/papers?state=waiting").get_data(as_text=True)
    assert "Giấy chờ cửa hàng xem" in client.get("/producer").get_data(as_text=True)
    sign_in(client, (Role.PRODUCER_PACKING, f"producer:{mine.id}"))
    assert client.get("/producer/papers").status_code == 200
    assert client.get("/producer/papers/new").status_code == 403
    assert client.get("/producer/papers?format=csv").status_code == 200


@pytest.mark.parametrize(
    ("facts", "content", "fields"),
    [
        ({"number": ""}, pdf(), {"number"}), ({"kind": "x", "issuer": ""}, None, {"kind", "issuer", "file"}),
        ({"issued_on": "2999-01-01"}, pdf(), {"issued_on"}), ({"expires_on": "1999-01-01"}, pdf(), {"expires_on"}),
        ({}, b"<svg onload=alert(1)>", {"file"}), ({"issued_on": "hôm qua"}, pdf(), {"issued_on"}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_field(
    ctx: Any, facts: dict[str, str], content: bytes | None, fields: set[str]
) -> None:
    good = {"kind": "other", "number": "1", "issuer": "Sở", "issued_on": "2026-01-01", "expires_on": ""}
    with pytest.raises(Exception) as refused:
        papers.hand_in(OFFICE, owner(make_producer()), content, op_key=new_key(), **(good | facts))
    error = refused.value
    assert {e.field for e in (error.all if isinstance(error, Refused) else [error])} == fields


def test_the_office_looks_and_answers(ctx: Any, client: Any) -> None:
    maker = make_producer()
    member = make_user("Chủ", (Role.PRODUCER_OWNER, f"producer:{maker.id}"))
    waits = hand_in(owner(maker), accept=False)
    sign_in(client, (Role.LOCALITY_OFFICER, "locality:07093"))
    assert client.get(f"/office/papers/{waits}").status_code == 404
    sign_in(client, (Role.LOCALITY_OFFICER, "locality:06661"))
    assert waits in client.get("/office/papers?state=waiting").get_data(as_text=True)
    token = client.token("/tai-khoan/dia-chi")
    assert client.post(f"/office/papers/{waits}/accept", data={"csrf_token": token}).status_code == 403
    sign_in(client, Role.PROGRAMME_OFFICER)
    here = f"/office/papers/{waits}"
    assert client.fill(here, form=f"{here}/refuse", reason="").status_code == 422
    assert client.fill(here, form=f"{here}/refuse", reason="Thiếu trang 2").location == here
    assert queries.paper(waits).reason == "Thiếu trang 2"
    assert session().scalar(select(Letter.recipient).where(Letter.kind == "producers.paper")) == member.email
    assert "Giấy tờ chờ xem" in client.get("/office").get_data(as_text=True)


DAYS = st.one_of(st.none(), st.integers(-400, 400))


@hypothesis_settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([PaperKind.FOOD_SAFETY, PaperKind.DECLARATION, PaperKind.OTHER]), DAYS), max_size=6),
    st.booleans(), st.sampled_from([rules.OFF, rules.LAPSED, rules.RECORDED]),
)  # fmt: skip
def test_last_day_and_rule_agree(kept: list[tuple[PaperKind, int | None]], food: bool, rule: str) -> None:
    """Goods may be sold exactly if every kind that is recorded has a paper that holds today."""
    today = clock.today()

    class One:
        def __init__(self, kind: PaperKind, left: int | None) -> None:
            self.kind, self.state = kind, PaperState.ACCEPTED
            self.expires_on = today + timedelta(days=left) if left is not None else None

    last = papers.last_day([One(*p) for p in kept], (PaperKind.FOOD_SAFETY, PaperKind.DECLARATION))
    kinds = {kind for kind, _left in kept} - {PaperKind.OTHER}
    holds = all(any(left is None or left >= 0 for k, left in kept if k is kind) for kind in kinds)
    assert (last is None) == (not kinds)
    assert last is None or last <= FOREVER
    found = rules.refusal(False, last, None, food=food, alcohol=False, day=today, rule=rule)
    if rule == rules.OFF or not food or (not kinds and rule == rules.LAPSED):
        assert found is None
    elif not kinds:
        assert isinstance(found, ProducerNotReady)
    else:
        assert (found is None) == holds
        assert found is None or isinstance(found, PapersLapsed)


__all__ = ["BANK", "Callable"]
