"""From the contact form to the answer: nothing lost, nothing twice, only staff read."""

from __future__ import annotations

import pytest

from shop.accounts.permissions import Role
from shop.kernel import audit, jobs, settings
from shop.kernel.actor import GUEST, SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid
from shop.kernel.mail import Letter
from shop.kernel.operations import KeyUsedOtherwise
from shop.messages import queries
from shop.messages import services as messages
from shop.messages.errors import StepNotAllowed
from shop.messages.models import Message, MessageState, Topic
from tests.people import make_user, sign_in

STAFF = Actor("user", "Bình", None)
WORDS = "Hộp ruốc tôi nhận bị móp, xin đổi hộp khác."


def draft(**changes):
    values = {"topic": Topic.COMPLAINT, "name": "Lê Thu", "body": WORDS, "email": "thu@example.vn"}
    return messages.Draft(**(values | changes))


def letters(kind: str = "") -> list[Letter]:
    return [m for m in session().query(Letter).order_by(Letter.id) if not kind or m.kind == kind]


def form(**changes):
    values = {"topic": "complaint", "name": "Lê Thu", "email": "thu@example.vn", "phone": "", "body": WORDS}
    return values | changes


def test_a_message_reaches_staff_and_its_writer_hears_so(ctx):
    make_user("Bình", Role.ORDER_DESK, email="binh@example.vn")
    make_user("Xa", (Role.ORDER_DESK, "point:1"), email="xa@example.vn")
    make_user("Cán bộ", Role.LOCALITY_OFFICER, email="khac@example.vn")
    reference = messages.receive(GUEST, draft(), "key-000001")
    assert messages.receive(GUEST, draft(), "key-000001") == reference
    with pytest.raises(KeyUsedOtherwise):
        messages.receive(GUEST, draft(name="Ai khác"), "key-000001")
    jobs.dispatch()
    jobs.dispatch()
    assert [m.recipient for m in letters("message-received")] == ["binh@example.vn"]
    kept = letters("message-kept")
    assert [m.recipient for m in kept] == ["thu@example.vn"]
    assert reference in kept[0].body_text
    assert WORDS not in kept[0].body_text, "the form must not carry words to a stranger's address"
    assert queries.waiting() == 1
    assert all(m.sent_at for m in letters())


def test_the_address_staff_set_is_told_alone(ctx):
    make_user("Bình", Role.ORDER_DESK, email="binh@example.vn")
    settings.change(SYSTEM, "messages.staff_email", "chung@example.vn")
    messages.receive(GUEST, draft(), "key-000001")
    jobs.dispatch()
    assert [m.recipient for m in letters("message-received")] == ["chung@example.vn"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"email": None}, "email"),
        ({"body": "ơ"}, "body"),
        ({"body": "a" * 5001}, "body"),
    ],
)
def test_what_cannot_be_answered_is_refused(ctx, changes, field):
    with pytest.raises(Invalid) as refused:
        messages.receive(GUEST, draft(**changes), "key-000001")
    assert refused.value.field == field
    assert session().query(Message).count() == 0


def test_an_answer_goes_out_once(ctx):
    reference = messages.receive(GUEST, draft(), "key-000001")
    for _ in range(2):
        messages.answer(STAFF, reference, "Chúng tôi gửi hộp mới hôm nay.", "letter", "key-000002")
    jobs.dispatch()
    sent = letters("message-answer")
    assert [m.recipient for m in sent] == ["thu@example.vn"]
    assert "Chúng tôi gửi hộp mới hôm nay." in sent[0].body_text
    row = queries.message(reference.lower())
    assert row.state is MessageState.ANSWERED
    assert [(s.from_state, s.to_state) for s in row.steps] == [("", "new"), ("new", "answered")]


def test_the_same_answer_at_one_moment_is_one(app, ctx, together):
    reference = messages.receive(GUEST, draft(), "key-000001")

    def once() -> None:
        messages.answer(STAFF, reference, "Đã gửi hộp mới.", "letter", "key-000002")

    outcomes = together(app, once, times=6)
    assert [o.error for o in outcomes] == [None] * 6
    session().rollback()
    assert len(queries.message(reference).steps) == 2


def test_steps_out_of_order_are_refused(ctx):
    reference = messages.receive(GUEST, draft(email=None, phone="+84912345678"), "key-000001")
    with pytest.raises(Invalid):
        messages.answer(STAFF, reference, "Chào bạn", "letter", "key-000002")
    with pytest.raises(Invalid):
        messages.answer(STAFF, reference, "Chào bạn", "pigeon", "key-000002")
    with pytest.raises(Invalid):
        messages.answer(STAFF, reference, "", "phone", "key-000002")
    with pytest.raises(Invalid):
        messages.close(STAFF, reference, "")
    messages.take_up(STAFF, reference)
    messages.take_up(STAFF, reference)
    messages.close(STAFF, reference, "đã giải quyết tại quầy")
    with pytest.raises(StepNotAllowed):
        messages.answer(STAFF, reference, "Chào bạn", "phone", "key-000002")
    with pytest.raises(StepNotAllowed):
        messages.close(STAFF, reference, "lần nữa")
    messages.take_up(STAFF, reference)
    messages.answer(STAFF, reference, "Đã gọi", "phone", "key-000002")
    assert not letters("message-answer")
    assert not audit.broken_links()


def test_what_is_settled_is_blanked_after_its_term(ctx):
    old = messages.receive(GUEST, draft(), "key-000001")
    fresh = messages.receive(GUEST, draft(), "key-000002")
    still_open = messages.receive(GUEST, draft(), "key-000003")
    for reference, key in ((old, "key-000004"), (fresh, "key-000005")):
        messages.answer(STAFF, reference, "Xong", "phone", key)
    from datetime import timedelta

    from shop.kernel import clock

    with transaction():
        for reference in (old, still_open):
            queries.message(reference).updated_at = clock.now() - timedelta(days=800)
    assert jobs.run_periodic(group="retention", force=True) == []
    session().expire_all()
    assert (queries.message(old).name, queries.message(old).body, queries.message(old).email) == ("", "", None)
    assert all(step.note is None for step in queries.message(old).steps)
    assert queries.message(fresh).name == "Lê Thu"
    assert queries.message(still_open).name == "Lê Thu"


# --- the form ----------------------------------------------------------------------------------------------------


def test_the_form_works_without_scripts_in_both_languages(ctx, client):
    for prefix, locale in (("", "vi"), ("/en", "en")):
        done = client.fill(f"{prefix}/lien-he", form=f"{prefix}/lien-he", **form(), follow=True)
        assert done.status_code == 200
        row = session().query(Message).order_by(Message.id.desc()).first()
        assert row.reference in done.get_data(as_text=True)
        assert (row.locale, row.topic, row.user_id) == (locale, Topic.COMPLAINT, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"email": "", "phone": ""},
        {"email": "không phải"},
        {"email": "a@b"},
        {"phone": "12"},
        {"body": ""},
        {"topic": "khác"},
        {"name": "x" * 101},
        {"op_key": ""},
    ],
)
def test_a_refusal_keeps_what_was_typed(ctx, client, wrong):
    answer = client.fill("/lien-he", form="/lien-he", **form(**wrong))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'data-testid="error"' in page
    if "body" not in wrong:
        assert WORDS in page
    assert session().query(Message).count() == 0


def test_the_trap_catches_machines(ctx, client):
    answer = client.fill("/lien-he", form="/lien-he", **form(website="http://spam.example"))
    assert answer.status_code == 302
    assert session().query(Message).count() == 0


def test_script_in_a_message_stays_text(ctx, client):
    reference = messages_of(client, body="<script>alert(1)</script> & chào")
    sign_in(client, Role.ORDER_DESK)
    page = client.get(f"/office/messages/{reference}").get_data(as_text=True)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def messages_of(client, **changes) -> str:
    client.fill("/lien-he", form="/lien-he", **form(**changes))
    return session().query(Message).order_by(Message.id.desc()).first().reference


def test_too_many_messages_are_refused_without_losing_the_text(make_app):
    app = make_app(rate_limits=True)
    visitor = app.test_client()
    with app.app_context():
        answers = [visitor.fill("/lien-he", form="/lien-he", **form()).status_code for _ in range(6)]
        assert answers == [302] * 6
        refused = visitor.fill("/lien-he", form="/lien-he", **form(body="Thư thứ bảy của tôi"))
        assert refused.status_code == 429
        assert "Thư thứ bảy của tôi" in refused.get_data(as_text=True)


# --- the office --------------------------------------------------------------------------------------------------


def test_only_those_who_may_read_and_handle(ctx, client):
    reference = messages_of(client)
    assert client.get("/office/messages").status_code == 302
    sign_in(client, Role.LOCALITY_OFFICER)
    assert client.get("/office/messages").status_code == 403
    assert client.get(f"/office/messages/{reference}").status_code == 403


def test_staff_take_up_answer_close_and_export(ctx, client):
    reference = messages_of(client)
    sign_in(client, Role.ORDER_DESK)
    page = f"/office/messages/{reference}"
    assert reference in client.get("/office/messages?state=open&q=thu@").get_data(as_text=True)
    assert client.fill(page, form=f"{page}/take").status_code == 302
    wrong = client.fill(page, form=f"{page}/answer", words="")
    assert wrong.status_code == 422
    assert client.fill(page, form=f"{page}/answer", words="Mai có hàng.", channel="letter").status_code == 302
    assert client.fill(page, form=f"{page}/close", reason="xong").status_code == 302
    assert reference not in client.get("/office/messages?state=open").get_data(as_text=True)
    assert client.get("/office/messages/XXXX-YYYY").status_code == 404
    exported = client.get("/office/messages?format=csv", buffered=True)
    assert reference in exported.get_data(as_text=True)
    assert client.get("/en" + page).status_code == 200


def test_a_person_takes_his_messages_along_and_leaves_none_behind(ctx, client):
    from shop.accounts import personal
    from shop.accounts.events import UserErased
    from shop.kernel import events

    user = make_user("Lê Thu")
    reference = messages.receive(Actor("user", "Lê Thu", user.id), draft(), "key-000001")
    other = messages.receive(GUEST, draft(), "key-000002")
    taken = personal.parts()["messages"](user.id)
    assert [(m["reference"], m["text"]) for m in taken] == [(reference, WORDS)]
    with transaction():
        events.publish(UserErased(user.id))
    assert (queries.message(reference).body, queries.message(reference).user_id) == ("", None)
    assert queries.message(other).body == WORDS
