"""A product through the browser: idea, plan, dossier, the commune's word, a council of five, minutes, the ministry's word, the
decision, the badge in the shop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from shop.accounts.models import User
from shop.accounts.permissions import Role
from shop.catalog.models import Product
from shop.kernel import clock
from shop.kernel.db import db, session, transaction
from shop.producers.models import Producer
from shop.programme.models.dossiers import Dossier, RoundLevel
from shop.programme.queries import dossiers as queries
from shop.programme.queries import rounds
from tests.browser.waits import leaves, stands, until
from tests.conftest import Run, _build
from tests.factories import make_variant
from tests.people import make_user, open_session
from tests.programme import assessing
from tests.servers import LiveServer, Seeded


@pytest.fixture(scope="module")
def live_server(seeded: Seeded, run: Run) -> Iterator[LiveServer]:
    with LiveServer.on_copy(seeded, run) as server:
        yield server


@pytest.fixture
def shop(live_server: LiveServer, tmp_path: Any) -> Iterator[Any]:
    """The server's database from behind."""
    app = _build(live_server.database_url, tmp_path)
    with app.app_context():
        yield app
        session().close()
        db.engine.dispose()


def enter(app: Any, page: Page, user: User, base: str) -> None:
    """Let the browser be signed in as `user`, second factor passed."""
    client = app.test_client()
    open_session(client, user)
    cookie = client.get_cookie("shop_session")
    page.context.add_cookies([{"name": "shop_session", "value": cookie.value, "url": base}])


def confirmed(page: Page, testid: str) -> None:
    """Answer a question with yes."""
    stands(page)
    page.get_by_test_id(testid).click()
    with leaves(page):
        page.get_by_test_id(f"{testid}-yes").click()


def thought_of(page: Page, product_id: int) -> str:
    """Write an idea of an existing product and hand it in; its reference."""
    page.goto("/producer/ideas/new")
    stands(page)
    page.locator('input[name="kind"][value="existing"]').check(force=True)
    page.locator("#f-product").select_option(str(product_id))
    with leaves(page):
        page.get_by_test_id("idea-begin").click()
    stands(page)
    page.locator("#f-what").fill("Ruốc hàu ăn liền")
    page.locator("#f-materials").fill("Hàu nuôi ở Vân Đồn")
    with leaves(page):
        page.get_by_test_id("idea-submit").click()
    expect(page.get_by_test_id("idea-state")).to_have_text("Ý tưởng chờ xem")
    return page.url.rpartition("/")[2]


def decided(page: Page, dossier_id: int, paper: Path) -> None:
    """Draft the ministry's decision from the result, number its certificate, add its paper and enter that it was signed."""
    page.goto("/office/decisions/new/grant")
    stands(page)
    page.locator(f'input[name="result"][value="{dossier_id}"]').check()
    page.locator("#f-level").select_option("ministry")
    for name, words in (
        ("number", "88/QĐ-BNNMT"), ("decided_on", clock.today().isoformat()), ("signer", "Thứ trưởng"),
    ):  # fmt: skip
        page.locator(f"#f-{name}").fill(words)
    with leaves(page):
        page.get_by_test_id("save-draft").click()
    stands(page)
    page.locator('input[name="certificate_number"]').first.fill("BNN 88 01")
    with leaves(page):
        page.locator('input[name="certificate_number"]').first.press("Enter")
    stands(page)
    paper.write_bytes(assessing.PDF)
    page.locator("#f-file").set_input_files(paper)
    with leaves(page):
        page.get_by_test_id("upload").click()
    stands(page)
    with leaves(page):
        page.get_by_test_id("sign").click()
    expect(page.get_by_test_id("state")).to_have_text("Đã ký")


def test_from_an_idea_to_the_badge(
    live_server: LiveServer, shop: Any, open_page: Callable[..., Page], phone: Page, axe: Any, fits: Any,
    tmp_path: Path,
) -> None:  # fmt: skip
    base = live_server.url
    producer_id = int(live_server.user("producer_owner")["scope"].partition(":")[2])
    with transaction() as s:
        s.get_one(Producer, producer_id).commune_code = assessing.COMMUNE
    producer = session().get_one(Producer, producer_id)
    field = assessing.Field(producer)
    variant = make_variant("Ruốc hàu thử", set_number=8, producer=producer)
    slug = session().get_one(Product, variant.product_id).slug
    assessing.open_round()
    assessing.open_round(RoundLevel.MINISTRY)
    # The idea, from a phone; the commune chooses it, and writes down the plan that was brought on paper.
    owner = make_user("Chủ cơ sở", (Role.PRODUCER_OWNER, f"producer:{producer_id}"))
    officer = open_page()
    enter(shop, officer, make_user("Cán bộ phường", (Role.LOCALITY_OFFICER, f"locality:{assessing.COMMUNE}")), base)
    enter(shop, phone, owner, base)
    idea = thought_of(phone, variant.product_id)
    officer.goto(f"/office/ideas/{idea}")
    confirmed(officer, "idea-accepted")
    officer.locator("#ke-hoach summary").click()
    officer.locator("#f-output").fill("2 tấn mỗi năm")
    officer.locator("#f-schedule").fill("Quý 1 lắp máy sấy")
    axe(officer)
    with leaves(officer):
        officer.get_by_test_id("idea-plan").click()
    confirmed(officer, "idea-running")
    confirmed(officer, "idea-dossier")
    expect(officer.get_by_test_id("idea-state")).to_have_text("Đã mở hồ sơ")
    session().rollback()
    dossier = field.with_papers(queries.by_code(queries.living_of(variant.product_id, producer_id) or ""))
    # The producer hands it in.
    phone.goto(f"/producer/dossiers/{dossier.code}")
    fits(phone)
    axe(phone)
    phone.get_by_test_id("dossier-submit").click()
    expect(phone.get_by_test_id("dossier-clock")).to_contain_text("15 ngày làm việc")
    # The commune finds it complete and proposes it.
    officer.goto(f"/office/dossiers/{dossier.code}")
    officer.get_by_test_id("dossier-complete").click()
    for key in ("origin", "material", "labour", "idea", "identity"):
        officer.locator(f"#f-{key}").select_option("met")
    officer.locator("#f-proposal").fill("Đề nghị tỉnh đánh giá")
    axe(officer)
    officer.get_by_test_id("dossier-propose").click()
    expect(officer.get_by_test_id("dossier-state")).to_contain_text("chờ hội đồng")
    # A council of five: three by the commands, a member from a phone, the chair at a desk.
    session().rollback()
    session().expire_all()
    here = rounds.taking(RoundLevel.PROVINCE, clock.today())
    assert here is not None and queries.by_code(dossier.code).round_id == here.id
    panel = assessing.make_panel(here.code)
    session_id, (hearing_id,) = panel.session(session().get_one(Dossier, dossier.id))
    for actor in panel.members[1:]:
        assessing.score(actor, hearing_id)
    sheet = f"/office/council/{panel.id}/hearings/{hearing_id}"
    member = open_page(viewport={"width": 360, "height": 780})
    enter(shop, member, session().get_one(User, panel.members[0].user_id), base)
    member.goto(sheet)
    stands(member)
    fits(member)
    axe(member)
    answers = assessing.best(8)
    for n, (code, position) in enumerate(answers.items()):
        member.locator(f'input[name="q-{code}"][value="{position}"]').check()
        if n == 2:
            expect(member.locator("[data-score-saved]")).to_contain_text("Đã tự lưu")
    with leaves(member):
        member.get_by_test_id("score-hand-in").click()
    expect(member.get_by_text("đã nộp").first).to_be_visible()
    chair = open_page()
    enter(shop, chair, session().get_one(User, panel.chair.user_id), base)
    chair.goto(sheet)
    stands(chair)
    for code, position in answers.items():
        chair.locator(f'input[name="q-{code}"][value="{position}"]').check()
    with leaves(chair):
        chair.get_by_test_id("score-hand-in").click()
    expect(chair.locator("#tien-do")).to_contain_text("5/5")
    axe(chair)
    chair.get_by_test_id("session-close").click()
    chair.locator("#f-remarks").fill("Thống nhất")
    with leaves(chair):
        chair.get_by_test_id("session-close-yes").click()
    expect(chair.get_by_test_id("minutes")).to_be_visible()
    answer = chair.request.get(f"/office/council/{panel.id}/sessions/{session_id}/minutes.pdf")
    assert answer.ok and answer.body().startswith(b"%PDF-")
    phone.reload()
    expect(phone.get_by_test_id("verdict")).to_contain_text("100 điểm")
    fits(phone)
    axe(phone)
    # From 90 points the ministry has the word; its decision puts the badge into the shop.
    desk = open_page()
    enter(shop, desk, make_user("Chương trình", Role.PROGRAMME_OFFICER), base)
    desk.goto(f"/office/dossiers/{dossier.code}")
    stands(desk)
    for name, words in (("score", "91,5"), ("stars", "5"), ("paper", "12/BNNMT-VPĐP")):
        desk.locator(f"#f-{name}").fill(words)
    with leaves(desk):
        desk.get_by_test_id("dossier-ministry").click()
    phone.reload()
    if phone.get_by_test_id("dossier-accept").count():
        confirmed(phone, "dossier-accept")
    decided(desk, dossier.id, tmp_path / "quyet-dinh.pdf")

    def starred() -> bool:
        phone.goto(f"/san-pham/{slug}")
        return "BNN 88 01" in phone.content()

    until(starred, "the badge in the shop")
    phone.goto(f"/producer/dossiers/{dossier.code}")
    expect(phone.get_by_test_id("dossier-state")).to_have_text("Đã có quyết định")
