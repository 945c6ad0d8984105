"""Members: invited by a link that works once, changed, removed at once; there is always an owner."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from shop.accounts.models import Grant
from shop.accounts.permissions import Role
from shop.kernel.db import session
from shop.kernel.errors import Invalid, NotFound
from shop.kernel.mail import Letter
from shop.kernel.operations import new_key
from shop.producers import queries
from shop.producers.errors import InvitationEnded, LastOwner
from shop.producers.models import Invitation
from shop.producers.services import members
from tests.factories import make_producer
from tests.people import make_user, sign_in
from tests.producers.conftest import OFFICE, actor_of


def roles(user: Any) -> list[str]:
    session().rollback()
    return sorted(g.role.value for g in session().scalars(select(Grant).where(Grant.user_id == user.id)))


def test_invited_by_mail_taken_once(ctx: Any, client: Any) -> None:
    maker = make_producer()
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{maker.id}"))
    invite = "/producer/members/invite"
    assert client.fill("/producer/members", form=invite, username="x", role="producer_packing").status_code == 422
    sent = client.fill("/producer/members", form=invite, username="dong@example.vn", role="producer_packing")
    assert sent.status_code == 303
    letter = session().scalars(select(Letter).where(Letter.kind == "producers.invite")).one()
    path = re.search(r"http://localhost(/loi-moi/\S+)", letter.body_text)[1]
    assert path in client.get("/producer/members").get_data(as_text=True)

    guest = ctx.test_client()
    page = guest.get(path)
    assert page.headers["Referrer-Policy"] == "strict-origin"
    assert "/dang-ky?next=" in page.get_data(as_text=True)
    assert guest.get(path[:-3] + "abc").status_code == 404
    user = sign_in(guest)
    assert guest.fill(path, form=path).location == "/producer"
    assert roles(user) == ["producer_packing"]
    assert guest.get("/producer").status_code == 200
    assert guest.get("/producer/members").status_code == 403
    assert guest.get(path).status_code == 404
    joined = session().scalars(select(Letter).where(Letter.kind == "producers.joined")).one()
    assert "Nguyễn Thử" in joined.subject

    # Out at once.
    assert client.fill("/producer/members", form="/producer/members/remove", member=str(user.id)).status_code == 303
    assert guest.get("/producer").status_code == 403


def test_by_phone_the_link_is_passed_on(ctx: Any, client: Any) -> None:
    maker = make_producer()
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{maker.id}"))
    client.fill("/producer/members", form="/producer/members/invite", username="0912 345 678", role="producer_money")
    row = session().scalars(select(Invitation)).one()
    assert (row.phone, row.email) == ("+84912345678", None)
    assert session().scalars(select(Letter)).all() == []
    assert queries.link(row.reference) in client.get("/producer/members").get_data(as_text=True)
    foreign = ctx.test_client()
    sign_in(foreign, (Role.PRODUCER_OWNER, f"producer:{make_producer().id}"))
    token = foreign.token("/producer/members")
    path = f"/producer/members/invitations/{row.reference}/withdraw"
    assert foreign.post(path, data={"csrf_token": token}).status_code == 404
    assert client.fill("/producer/members", form=path).status_code == 303
    with pytest.raises(InvitationEnded):
        members.join(actor_of(make_user()), row.reference)


def test_never_without_an_owner(ctx: Any, client: Any) -> None:
    maker = make_producer()
    scope = f"producer:{maker.id}"
    first = sign_in(client, (Role.PRODUCER_OWNER, scope))
    second = make_user("Hải", (Role.PRODUCER_MEMBER, scope))
    stranger = make_user("Lạ", (Role.PRODUCER_OWNER, f"producer:{make_producer().id}"))
    refused = client.fill("/producer/members", form="/producer/members/remove", member=str(first.id))
    assert 'content="last-owner"' in refused.get_data(as_text=True)
    with pytest.raises(LastOwner):
        members.remove(OFFICE, maker.id, first.id)
    with pytest.raises(LastOwner):
        members.change_role(OFFICE, maker.id, first.id, "producer_member")
    with pytest.raises(NotFound):
        members.remove(OFFICE, maker.id, stranger.id)
    with pytest.raises(Invalid):
        members.change_role(OFFICE, maker.id, second.id, "administrator")
    assert members.change_role(OFFICE, maker.id, second.id, "producer_owner")
    assert not members.change_role(OFFICE, maker.id, second.id, "producer_owner")
    assert members.change_role(OFFICE, maker.id, first.id, "producer_listings")
    assert (roles(first), roles(second)) == (["producer_listings"], ["producer_owner"])
    assert client.get("/producer/members").status_code == 403


def test_an_owner_who_takes_a_lesser_invitation_stays_owner(ctx: Any) -> None:
    maker = make_producer()
    user = make_user("Chủ", (Role.PRODUCER_OWNER, f"producer:{maker.id}"))
    member = make_user("Gói", (Role.PRODUCER_PACKING, f"producer:{maker.id}"))
    for person, role in ((user, "producer_packing"), (member, "producer_money")):
        taken = members.invite(OFFICE, maker.id, "a@example.vn", role, op_key=new_key())
        members.join(actor_of(person), taken)
    assert (roles(user), roles(member)) == (["producer_owner"], ["producer_money"])


def test_two_owners_who_remove_each_other(ctx: Any, together: Callable[..., Any]) -> None:
    maker = make_producer()
    scope = f"producer:{maker.id}"
    a, b = make_user("A", (Role.PRODUCER_OWNER, scope)), make_user("B", (Role.PRODUCER_OWNER, scope))

    def remove(victim: int) -> str:
        try:
            members.remove(OFFICE, maker.id, victim)
        except LastOwner:
            return "kept"
        return "gone"

    one, two = a.id, b.id  # read here: threads do not share what a session holds
    found = together(ctx, [lambda: remove(one), lambda: remove(two)])
    assert sorted(outcome.value for outcome in found) == ["gone", "kept"]
    assert len(roles(a)) + len(roles(b)) == 1


def test_one_link_two_people(ctx: Any, together: Callable[..., Any]) -> None:
    maker = make_producer()
    reference = members.invite(OFFICE, maker.id, "a@example.vn", "producer_member", op_key=new_key())
    people = [actor_of(make_user(f"N{n}")) for n in range(3)]

    def take(actor: Any) -> bool:
        try:
            members.join(actor, reference)
        except InvitationEnded:
            return False
        return True

    assert sorted(o.value for o in together(ctx, [lambda p=p: take(p) for p in people])) == [False, False, True]
