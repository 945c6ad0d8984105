"""The office's own pages: what waits, settings, jobs, the audit log; each only for those who may."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from shop.accounts.permissions import PRODUCER_ROLES, ROLE_PERMISSIONS, Permission, Role
from shop.kernel import audit, clock, jobs, settings
from shop.kernel.actor import GUEST, SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.kernel.jobs import Job, JobState
from shop.messages import services as messages
from shop.messages.models import Topic
from shop.pages import waiting
from shop.pages.office import nav
from shop.till.models import Device, Gap, GapKind, Notice
from tests.factories import make_certificate, make_point, make_variant, put_in
from tests.people import sign_in

PAGES = {
    "/office": Permission.OFFICE_ENTER,
    "/office/settings": Permission.SETTING_EDIT,
    "/office/jobs": Permission.JOB_READ,
    "/office/jobs/schedules": Permission.JOB_READ,
    "/office/audit": Permission.AUDIT_READ,
}


def text(client, address: str, status: int = 200) -> str:
    answer = client.get(address, buffered=True)
    assert answer.status_code == status, address
    return answer.get_data(as_text=True)


@pytest.mark.parametrize("address", PAGES)
def test_each_page_asks_for_its_right(ctx, client, address):
    assert client.get(address).location.startswith("/dang-nhap")
    sign_in(client)
    text(client, address, 403)
    sign_in(client, Role.LOCALITY_OFFICER)
    text(client, address, 200 if address == "/office" else 403)
    sign_in(client, Role.ADMINISTRATOR)
    for prefix in ("", "/en"):
        answer = client.get(prefix + address)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_navigation_shows_what_the_reader_may_open(ctx, client):
    sign_in(client, Role.ADMINISTRATOR)
    page = text(client, "/office")
    for _group, ways in nav.WAYS:
        for way in ways:
            # Nobody but a council's members scores.
            built = nav.is_built("shop", way.path) and way.permission in ROLE_PERMISSIONS[Role.ADMINISTRATOR]
            assert (f'href="{way.path}"' in page) is built, way.path
            if built:
                # The way to the monthly reports leads on to the latest month.
                assert client.get(way.path, follow_redirects=True).status_code == 200, way.path
    sign_in(client, Role.LOCALITY_OFFICER)
    page = text(client, "/office")
    for hidden in ("/office/settings", "/office/users", "/office/audit", "/office/messages"):
        assert f'href="{hidden}' not in page


# --- what waits --------------------------------------------------------------------------------------------------


def counts(*scopes: tuple[Permission, str]) -> dict[str, int]:
    held: dict[Permission, frozenset[str]] = {}
    for permission, scope in scopes:
        held[permission] = held.get(permission, frozenset()) | {scope}
    return {w.label: w.count for w in waiting.waiting(lambda p: held.get(p, frozenset()))}


def test_nothing_waits_in_an_empty_shop(ctx, client):
    sign_in(client, Role.ADMINISTRATOR)
    assert "Không có việc nào đang chờ bạn." in text(client, "/office")


def test_goods_that_run_out_are_counted(ctx):
    here, there = make_point("Đây"), make_point("Kia")
    put_in(make_variant("Nhiều"), here, 50)
    put_in(make_variant("Ít"), here, 5)
    put_in(make_variant("Ít ở kia"), there, 1)
    make_variant("Hết")
    all_points = counts((Permission.STOCK_READ, "*"))
    assert (all_points["Đã hết hàng"], all_points["Sắp hết hàng"]) == (1, 2)
    mine = counts((Permission.STOCK_READ, here.scope if hasattr(here, "scope") else f"point:{here.id}"))
    assert (mine["Đã hết hàng"], mine["Sắp hết hàng"]) == (0, 1)
    settings.change(SYSTEM, "office.low_stock", "1")
    assert counts((Permission.STOCK_READ, "*"))["Sắp hết hàng"] == 1


def test_certificates_that_end_are_counted(ctx):
    today = clock.today()
    for days in (-1, 0, 30, 31, 120, 180, 181):
        make_certificate(
            make_variant(f"Món {days}"), issued_on=today - timedelta(900), expires_on=today + timedelta(days)
        )
    found = counts((Permission.CATALOG_READ, "*"))
    assert (found["Hết hạn trong 30 ngày"], found["Hết hạn trong 120 ngày"], found["Hết hạn trong 180 ngày"]) == (
        2,
        4,
        5,
    )


def test_messages_and_failures_are_counted(ctx):
    messages.receive(GUEST, messages.Draft(Topic.OTHER, "Lê Thu", "Xin chào", "a@b.vn"), "key-000001")
    with transaction() as s:
        jobs.enqueue("test.lost", {})
        s.execute(update(Job).where(Job.name == "test.lost").values(state=JobState.FAILED))
    assert counts((Permission.MESSAGE_READ, "*"))["Thư mới của khách"] == 1
    assert counts((Permission.JOB_READ, "*"))["Việc nền thất bại"] == 1
    assert "Việc nền thất bại" not in counts((Permission.MESSAGE_READ, "*"))


def test_what_a_counter_leaves_to_people_is_counted(ctx):
    point, now = make_point("Bến tàu"), clock.now()
    with transaction() as s:
        device = Device(code="A1", name="Quầy", point_id=point.id, created_at=now)
        s.add(device)
        s.flush()
        s.add(Gap(device_id=device.id, kind=GapKind.NUMBER, first=2, last=3, found_at=now))
        s.add(Notice(kind="seq-twice", device_id=device.id, detail={}, opened_at=now))
    found = counts((Permission.TILL_MANAGE, "*"))
    assert (found["Phiếu nhảy số, điều lạ"], found["Thiếu hàng ở quầy"], found["Sổ từ chối, chờ xem"]) == (2, 0, 0)
    assert counts((Permission.TILL_MANAGE, "point:999"))["Phiếu nhảy số, điều lạ"] == 0


def test_home_links_only_to_pages_that_the_reader_may_open(ctx, client):
    messages.receive(GUEST, messages.Draft(Topic.OTHER, "Lê Thu", "Xin chào", "a@b.vn"), "key-000001")
    sign_in(client, Role.ORDER_DESK)
    page = text(client, "/office")
    assert 'href="/office/messages?state=new"' in page
    for link in re.findall(r'class="tile[^"]*" href="([^"]+)"', page):
        text(client, link.replace("&amp;", "&"))


def test_every_count_of_every_role_can_be_read(ctx, client):
    for role in Role:
        if role in (Role.CUSTOMER, *PRODUCER_ROLES):
            continue
        sign_in(client, (role, "point:1") if role is Role.POINT_KEEPER else role)
        text(client, "/office")


# --- settings ----------------------------------------------------------------------------------------------------


def test_a_setting_is_changed_on_record(ctx, client):
    user = sign_in(client, Role.ADMINISTRATOR)
    answer = client.fill("/office/settings", form="/office/settings/terms.return_days", value="9")
    assert answer.status_code == 302
    settings.forget()
    assert settings.known["terms.return_days"].get() == 9
    row = session().query(audit.AuditRow).one()
    assert (row.action, row.actor_key, row.detail) == ("settings.change", f"user:{user.id}", {"before": 7, "after": 9})
    assert "Nguyễn Thử" in text(client, "/office/settings")


@pytest.mark.parametrize("wrong", ["0", "61", "-3", "nhiều", "", "1e9", "9" * 40])
def test_a_setting_out_of_its_bounds_is_refused_and_stays_typed(ctx, client, wrong):
    sign_in(client, Role.ADMINISTRATOR)
    answer = client.fill("/office/settings", form="/office/settings/terms.return_days", value=wrong)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'data-testid="error"' in page
    if wrong:
        assert f'value="{wrong}"' in page
    assert session().query(settings.SettingRow).count() == 0


def test_every_setting_takes_its_own_value_from_its_own_form(ctx, client):
    sign_in(client, Role.ADMINISTRATOR)
    for key, setting in settings.known.items():
        if setting.kind is str and not setting.default and setting.low:
            continue
        answer = client.fill("/office/settings", form=f"/office/settings/{key}")
        assert answer.status_code == 302, key
    settings.forget()
    assert all(setting.get() == setting.default for setting in settings.known.values())


def test_unknown_settings_and_choices_are_refused(ctx, client):
    sign_in(client, Role.ADMINISTRATOR)
    token = client.token("/office/settings")
    assert client.post("/office/settings/secret_key", data={"csrf_token": token, "value": "x"}).status_code == 404
    answer = client.fill("/office/settings", form="/office/settings/catalog.certificate_rule", value="sometimes")
    assert answer.status_code == 422


def test_line_breaks_do_not_enter_a_setting(ctx, client):
    sign_in(client, Role.ADMINISTRATOR)
    client.fill("/office/settings", form="/office/settings/messages.staff_email", value="a@b.vn\r\nBcc: c@d.vn")
    settings.forget()
    assert "\n" not in settings.known["messages.staff_email"].get()


def test_two_first_changes_at_one_moment_do_not_fail(app, ctx, together):
    outcomes = together(app, lambda: settings.change(SYSTEM, "terms.return_days", "9"), times=6)
    from shop.kernel.errors import Conflict

    assert all(o.error is None or isinstance(o.error, Conflict) for o in outcomes)
    assert any(o.error is None for o in outcomes)


# --- jobs and the log --------------------------------------------------------------------------------------------


def test_a_failed_job_is_shown_and_run_again(ctx, client):
    with transaction() as s:
        jobs.enqueue("test.lost", {"order": "<b>7</b>"})
        s.execute(
            update(Job)
            .where(Job.name == "test.lost")
            .values(state=JobState.FAILED, attempts=12, last_error="x\nBoom <i>")
        )
    sign_in(client, Role.ADMINISTRATOR)
    page = text(client, "/office/jobs?state=failed")
    assert "test.lost" in page
    assert "<b>7" not in page
    assert "<i>" not in page
    job = session().query(Job).one()
    answer = client.fill("/office/jobs?state=failed", form=f"/office/jobs/{job.id}/retry")
    assert answer.status_code == 302
    session().expire_all()
    job = session().query(Job).one()
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)
    assert [row.action for row in session().query(audit.AuditRow)] == ["jobs.retry"]
    assert not jobs.again(SYSTEM, job.id)
    assert "jobs.forget" in text(client, "/office/jobs/schedules")


def test_reading_jobs_is_not_running_them(ctx, client, monkeypatch):
    from shop.accounts import permissions

    rights = dict(permissions.ROLE_PERMISSIONS)
    rights[Role.ORDER_DESK] = rights[Role.ORDER_DESK] | {Permission.JOB_READ}
    monkeypatch.setattr("shop.accounts.queries.ROLE_PERMISSIONS", rights)
    sign_in(client, Role.ORDER_DESK)
    page = text(client, "/office/jobs")
    token = client.token("/office/settings") if "csrf_token" in page else ""
    assert client.post("/office/jobs/1/retry", data={"csrf_token": token}).status_code in {400, 403}


def test_the_log_is_searched_exported_and_its_seals_checked(ctx, client, plain_engine):
    with transaction():
        audit.record(Actor("user", "Bình", 7), "stock.adjust", "level:3", before=5, after=4, note="<script>")
        audit.record(SYSTEM, "points.create", "point:ben")
    sign_in(client, Role.ADMINISTRATOR)
    page = text(client, "/office/audit?q=adjust")
    assert "stock.adjust" in page
    assert "points.create" not in page
    assert "<script>" not in page.replace('<script type="module"', "")
    today = clock.today().isoformat()
    assert "stock.adjust" in text(client, f"/office/audit?since={today}&until={today}")
    assert "stock.adjust" not in text(client, f"/office/audit?until={(clock.today() - timedelta(1)).isoformat()}")
    assert "stock.adjust" in text(client, "/office/audit?format=csv")
    assert "Niêm phong còn nguyên" in text(client, "/office/audit?check=1")
    with plain_engine.begin() as connection:
        connection.execute(
            update(audit.AuditRow.__table__).where(audit.AuditRow.action == "stock.adjust").values(target="level:4")
        )
    assert "Niêm phong bị vỡ ở: audit row 1" in text(client, "/office/audit?check=1")
