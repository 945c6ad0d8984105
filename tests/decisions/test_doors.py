"""The pages of the room as people without JavaScript use them."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from shop.accounts.permissions import Role
from shop.catalog.models import Certificate
from shop.decisions.models import CheckKind, Decision, PostCheck
from shop.decisions.services import checks
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session
from shop.kernel.operations import new_key
from tests.checkout.conftest import code
from tests.decisions.conftest import PDF, certificate, goods, granted, picture, signed
from tests.people import sign_in

HERE = "/office/decisions"


def text_of(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def test_a_decision_from_the_blank_form_to_the_shop(ctx: Any, client: Any, audit_clean: Callable[[], None]) -> None:
    pack = goods("Chả mực Hạ Long")
    slug = pack.product.slug
    sign_in(client, Role.PROGRAMME_OFFICER)
    new = f"{HERE}/new/grant"
    wrong = client.fill(new, form=new, level="province", decided_on="32/13/2026", signer="Phó Chủ tịch")
    assert wrong.status_code == 422 and "Phó Chủ tịch" in text_of(wrong)
    made = client.fill(new, form=new, level="province", number="7/QĐ-UBND", decided_on=clock.today().isoformat())
    assert made.status_code == 303
    address = made.location
    unknown = client.fill(address, form=f"{address}/lines", product="không có", stars="4")
    assert unknown.status_code == 422 and "Không có sản phẩm này" in text_of(unknown)
    line = client.fill(
        address, form=f"{address}/lines", product="chả mực hạ long", score="78,5", stars="4", certificate_number="CN-7"
    )
    assert line.status_code == 303
    early = client.fill(address, form=f"{address}/sign")
    assert early.status_code == 422 and "chức vụ người ký" in text_of(early)
    head = client.fill(
        address, form=address, level="province", number="7/QĐ-UBND", decided_on=clock.today().isoformat(),
        signer="Phó Chủ tịch",
    )  # fmt: skip
    assert head.status_code == 303
    sent = client.fill(address, form=f"{address}/file", file=(io.BytesIO(PDF), "qd.pdf"))
    assert sent.status_code == 303
    assert 'data-testid="stars"' not in text_of(client.get(f"/san-pham/{slug}"))
    assert client.fill(address, form=f"{address}/sign").status_code == 303
    page = text_of(client.get(address))
    assert "CN-7" in page and "Đã ký" in page
    assert "4 sao" in text_of(client.get(f"/san-pham/{slug}"))
    assert "7/QĐ-UBND" in text_of(client.get("/chung-nhan/CN-7"))
    assert "7/QĐ-UBND" in text_of(client.get(HERE))
    assert client.get(f"{HERE}?format=xlsx").status_code == 200
    key = session().query(Decision).one().file_key
    assert client.get(f"/media/{key}").status_code == 200
    assert code(
        client.post(f"{address}/sign", data={"csrf_token": client.token(new), "op_key": new_key(), "version": "9"})
    ) == ("decision-moved-on")
    audit_clean()


def test_a_check_from_plan_to_revocation(ctx: Any, client: Any, audit_clean: Callable[[], None]) -> None:
    pack = goods("Ruốc hàu")
    c = certificate(pack, 500, number="CN-9")
    sign_in(client, Role.PROGRAMME_OFFICER)
    new = "/office/post-checks/new"
    typed = {"kind": "surprise", "planned_on": clock.today().isoformat(), "inspectors": "Chi cục"}
    wrong = client.fill(new, form=new, certificate="CN-X", **typed)
    assert wrong.status_code == 422 and "Không có chứng nhận này" in text_of(wrong)
    made = client.fill(new, form=new, certificate="cn 9", **typed)
    assert made.status_code == 303
    address = made.location
    bad = client.fill(
        address, form=f"{address}/report", summary="Có sai sót", found=["Sao in trên hàng khác", "", "", "", ""]
    )
    assert bad.status_code == 422 and "Sao in trên hàng khác" in text_of(bad)
    more = client.fill(
        address, form=f"{address}/report", summary="Nhiều sai sót", do="more", found=[str(n) for n in range(5)]
    )
    shown = text_of(more)
    assert more.status_code == 200 and "Nhiều sai sót" in shown and 'id="sai-sot-10"' in shown and 'value="4"' in shown
    assert not session().query(PostCheck).one().findings
    due = (clock.today() + timedelta(days=15)).isoformat()
    good = client.fill(
        address, form=f"{address}/report", summary="Có sai sót", ground=["misuse"] * 5,
        found=["Sao in trên hàng khác", "", "", "", ""], asked=["Gỡ sao", "", "", "", ""], due_on=[due, "", "", "", ""],
    )  # fmt: skip
    assert good.status_code == 303, text_of(good)
    assert client.fill(address, form=f"{address}/files", file=(io.BytesIO(picture()), "anh.jpg")).status_code == 303
    row = session().query(PostCheck).one()
    shown = client.get(f"{address}/files/{row.files[0].id}")
    assert shown.status_code == 200 and shown.mimetype == "image/jpeg"
    assert client.get(f"/media/{row.files[0].file_key}").status_code == 404
    finding = f"{address}/findings/{row.findings[0].id}"
    assert client.fill(address, form=finding, answer="", state="failed").status_code == 422
    assert client.fill(address, form=finding, answer="Vẫn in", state="failed").status_code == 303
    draft = client.fill(address, form=f"{address}/revoke")
    assert draft.status_code == 303
    to = draft.location
    head = client.fill(
        to, form=to, level="province", number="8/QĐ-UBND", decided_on=clock.today().isoformat(), signer="Chủ tịch"
    )
    assert head.status_code == 303
    assert client.fill(to, form=f"{to}/file", file=(io.BytesIO(PDF), "qd.pdf")).status_code == 303
    assert client.fill(to, form=f"{to}/sign").status_code == 303
    session().refresh(c)
    assert c.revoked_on == clock.today()
    assert "Đã xong" in text_of(client.get(address))
    assert "thu hồi" in text_of(client.get("/chung-nhan/CN-9"))
    audit_clean()


def test_renewals_by_hand(ctx: Any, client: Any) -> None:
    c = certificate(goods("Miến dong"), 150, number="CN-5")
    sign_in(client, Role.PROGRAMME_OFFICER)
    assert "CN-5" in text_of(client.get("/office/renewals?stands=open"))
    assert "CN-5" not in text_of(client.get("/office/renewals?stands=late"))
    address = f"/office/renewals/{c.id}"
    early = client.fill(address, form=f"{address}/file", filed_on=(clock.today() - timedelta(days=60)).isoformat())
    assert early.status_code == 422 and "không sớm hơn" in text_of(early)
    assert client.fill(address, form=f"{address}/file", filed_on=clock.today().isoformat()).status_code == 303
    assert "Đã nộp, đang xét" in text_of(client.get(address))
    close = next(f for f in (f"{address}/close/{n}" for n in range(1, 9)) if f in text_of(client.get(address)))
    assert client.fill(address, form=close, outcome="refused", note="").status_code == 422
    assert client.fill(address, form=close, outcome="refused", note="45 điểm").status_code == 303


def test_a_locality_sees_its_own_alone(ctx: Any, client: Any) -> None:
    from tests import factories

    mine = certificate(goods("Món nhà", producer=factories.make_producer(commune_code="06661")), 150, number="CN-1")
    other = certificate(goods("Món người", producer=factories.make_producer(commune_code="06709")), 150, number="CN-2")
    for c in (mine, other):
        checks.plan(SYSTEM, c.id, CheckKind.PLANNED, clock.today(), "Đoàn kiểm tra", new_key())
    sign_in(client, (Role.LOCALITY_OFFICER, "locality:06661"))
    for path in ("/office/renewals", "/office/post-checks"):
        page = text_of(client.get(path))
        assert "CN-1" in page and "CN-2" not in page
    assert client.get(f"/office/renewals/{other.id}").status_code == 404
    assert client.get(HERE).status_code == 403


def test_the_producers_door(ctx: Any, client: Any) -> None:
    pack = goods("Ruốc hàu")
    c = certificate(pack, 150, number="CN-3")
    for kind in CheckKind:
        checks.plan(SYSTEM, c.id, kind, clock.today() + timedelta(days=3), f"Đoàn {kind}", new_key())
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{pack.product.producer_id}"))
    page = text_of(client.get("/producer/recognition"))
    assert "Hồ sơ gia hạn nộp từ" in page and "CN-3" in page
    assert "Theo kế hoạch" in page and "Đột xuất" not in page  # a surprise is one
    assert "renewal" in text_of(client.get("/en/producer/recognition")).lower()


def test_the_public_register(ctx: Any, client: Any) -> None:
    from tests import factories

    maker = factories.make_producer("HTX Đất Mới")
    one, two = goods("Chả mực giã tay", producer=maker), goods("Ruốc hàu", producer=maker)
    certificate(one, 500, stars=4, number="OCOP-22-0001")
    certificate(two, -20, stars=3, number="OCOP-22-0002")
    page = text_of(client.get("/so-dang-ky-ocop"))
    assert "Chả mực giã tay" in page and "Ruốc hàu" in page and "2 chứng nhận" in page
    for asked, shown in [
        ("q=cha+muc", {1}), ("q=dat+moi", {1, 2}), ("q=OCOP+22+0002", {2}), ("q=khongcogi", set()), ("q=%25%27", set()),
        ("sao=3", {2}), ("sao=9", {1, 2}), ("tinh-trang=valid", {1}), ("tinh-trang=lapsed", {2}), ("bo=8", {1, 2}),
        ("bo=9", set()), ("cap=ministry", set()), ("xa=khong", set()), ("trang=99", set()),
    ]:  # fmt: skip
        told = text_of(client.get(f"/so-dang-ky-ocop?{asked}"))
        assert {n for n in (1, 2) if f"OCOP-22-000{n}" in told} == shown, asked
    assert "in force" in text_of(client.get("/en/so-dang-ky-ocop")).lower()
    file = client.get("/so-dang-ky-ocop.csv?sao=4")
    assert file.mimetype == "text/csv" and "OCOP-22-0001" in text_of(file) and "OCOP-22-0002" not in text_of(file)
    assert "/so-dang-ky-ocop" in text_of(client.get("/chung-nhan"))
    row = session().query(Certificate).filter_by(number="OCOP-22-0001").one()
    from shop.catalog import services as catalog

    catalog.revoke_certificate(SYSTEM, row.id, "thử")
    assert "Đã bị thu hồi" in text_of(client.get("/so-dang-ky-ocop?q=cha+muc"))


def test_what_a_decision_issued_is_taken_back_by_a_decision(
    ctx: Any, client: Any, audit_clean: Callable[[], None]
) -> None:
    """Its page leads to a draft that names it; one that was typed in as history is ended on its own page."""
    signed(granted(goods("Chả mực"), number="CN-77"))
    c = session().query(Certificate).filter_by(number="CN-77").one()
    old = certificate(goods("Miến dong"), 150, number="CŨ-1")
    sign_in(client, Role.PROGRAMME_OFFICER)
    page = f"/office/certificates/{c.id}"
    shown = text_of(client.get(page))
    assert f"{page}/revoke" not in shown and "/office/decisions/new/revoke?certificate=CN-77" in shown
    alone = client.post(f"{page}/revoke", data={"csrf_token": client.token(page), "reason": "Hồ sơ sai"})
    assert alone.status_code == 409 and "soạn quyết định thu hồi" in text_of(alone)
    session().refresh(c)
    assert c.revoked_on is None
    new = "/office/decisions/new/revoke"
    made = client.fill(f"{new}?certificate=CN-77", form=new, level="province", certificate="CN-77")
    assert made.status_code == 303 and made.location.endswith("?certificate=CN-77")
    draft = made.location.partition("?")[0]
    assert 'value="CN-77"' in text_of(client.get(made.location))
    line = client.fill(made.location, form=f"{draft}/lines", ground="misuse", reason="Sao in trên hàng khác")
    assert line.status_code == 303, text_of(line)
    page = f"/office/certificates/{old.id}"
    assert client.fill(page, form=f"{page}/revoke", reason="Đã thu hồi năm 2024").status_code == 303
    session().refresh(old)
    assert old.revoked_on == clock.today()
    audit_clean()
