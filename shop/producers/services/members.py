"""Commands on members: invite by a link that works once, take the invitation, change, remove; an owner always stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from shop.accounts import queries as accounts
from shop.accounts.events import GrantsChanged
from shop.accounts.models import Grant
from shop.accounts.permissions import PRODUCER_ROLES, Role
from shop.accounts.services import rights, rows
from shop.kernel import audit, clock, events, operations, text
from shop.kernel.actor import Actor
from shop.kernel.db import locked, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.producers.errors import InvitationEnded, LastOwner, NoSuchProducer
from shop.producers.events import MemberInvited, MemberJoined
from shop.producers.models import Invitation, Producer

LASTS = timedelta(days=7)


def _role(raw: str) -> Role:
    if raw not in {role.value for role in PRODUCER_ROLES}:
        raise Invalid(N_("Hãy chọn việc của thành viên."), field="role")
    return Role(raw)


def invite(actor: Actor, producer_id: int, username: str, role: str, *, op_key: str) -> str:
    """Invite somebody by e-mail address or phone number; returns the invitation's reference.

    Raises:
        Invalid: it is neither, or there is no such role.
        NoSuchProducer.
    """
    chosen, found = _role(role), accounts.normal_username(username)
    if found is None:
        raise Invalid(N_("Hãy ghi e-mail hoặc số điện thoại của người được mời."), field="username")

    def command() -> dict[str, Any]:
        with transaction() as s:
            producer = locked(Producer, producer_id, NoSuchProducer)
            now = clock.now()
            made = Invitation(
                reference=text.reference(4),
                producer_id=producer_id,
                role=chosen,
                email=found[1] if found[0] == "email" else None,
                phone=found[1] if found[0] == "phone" else None,
                invited_at=now,
                invited_label=actor.label,
                expires_at=now + LASTS,
            )
            s.add(made)
            s.flush()
            audit.record(actor, "producers.member-invite", f"producer:{producer.slug}", role=chosen, by=found[0])
            events.publish(MemberInvited(made.id))
            return {"reference": made.reference}

    body = {"username": found[1], "role": chosen.value}
    return str(
        operations.once(op_key, "producers.invite", f"{actor.key} producer:{producer_id}", body, command)["reference"]
    )


def withdraw(actor: Actor, producer_id: int, reference: str) -> None:
    """Make an invitation useless.

    Raises:
        NotFound: the producer has no such invitation.
        InvitationEnded: it was taken or withdrawn.
    """
    with transaction() as s:
        producer = locked(Producer, producer_id, NoSuchProducer)
        row = s.scalar(
            select(Invitation).where(Invitation.reference == reference, Invitation.producer_id == producer_id)
        )
        if row is None:
            raise NotFound
        if row.accepted_at is not None or row.withdrawn_at is not None:
            raise InvitationEnded
        row.withdrawn_at = clock.now()
        audit.record(actor, "producers.member-withdraw", f"producer:{producer.slug}", role=row.role)


def join(actor: Actor, reference: str) -> int:
    """Take an invitation; returns the producer's id. A role that one has already there is replaced, but never lowered.

    Raises:
        NotFound: nobody is signed in.
        InvitationEnded: it was taken, withdrawn or has run out.
    """
    if actor.user_id is None:
        raise NotFound
    with transaction() as s:
        known = s.execute(
            select(Invitation.id, Invitation.producer_id).where(Invitation.reference == reference)
        ).first()
        if known is None:
            raise InvitationEnded
        producer = locked(Producer, known.producer_id, NoSuchProducer)
        row = locked(Invitation, known.id, InvitationEnded)
        now = clock.now()
        if row.accepted_at is not None or row.withdrawn_at is not None or row.expires_at <= now:
            raise InvitationEnded
        row.accepted_at, row.accepted_by = now, actor.user_id
        user = rows.locked(actor.user_id)
        has = {grant.role for grant in _grants(producer.id, user.id)}
        if Role.PRODUCER_OWNER not in has:
            for role in has - {row.role}:
                rights.revoke(actor, user.id, role, f"producer:{producer.id}")
            rights.add(actor, user, row.role, f"producer:{producer.id}")
        audit.record(actor, "producers.member-join", f"producer:{producer.slug}", role=row.role)
        events.publish(MemberJoined(row.id))
        return producer.id


def _grants(producer_id: int, user_id: int) -> list[Grant]:
    wanted = select(Grant).where(
        Grant.user_id == user_id, Grant.scope == f"producer:{producer_id}", Grant.role.in_(PRODUCER_ROLES)
    )
    return list(session().scalars(wanted))


def _keep_an_owner(producer_id: int, without: int) -> None:
    owners = accounts.holders(f"producer:{producer_id}", Role.PRODUCER_OWNER)
    if not any(owner.user_id != without for owner in owners):
        raise LastOwner


def change_role(actor: Actor, producer_id: int, user_id: int, role: str) -> bool:
    """Give a member another role; returns whether anything changed.

    Raises:
        NotFound: the user is no member of the producer.
        Invalid: there is no such role.
        LastOwner: nobody else would be the owner.
    """
    chosen = _role(role)
    with transaction() as s:
        # Whoever changes members locks the producer first: two owners who lower each other go one by one.
        producer = locked(Producer, producer_id, NoSuchProducer)
        has = _grants(producer_id, user_id)
        if not has:
            raise NotFound
        if {grant.role for grant in has} == {chosen}:
            return False
        if chosen is not Role.PRODUCER_OWNER and any(g.role is Role.PRODUCER_OWNER for g in has):
            _keep_an_owner(producer_id, user_id)
        before = sorted(grant.role.value for grant in has)
        for grant in has:
            s.delete(grant)
        s.flush()
        rights.add(actor, rows.locked(user_id), chosen, f"producer:{producer_id}")
        audit.record(
            actor, "producers.member-role", f"producer:{producer.slug}", user=user_id, before=before, after=chosen
        )
        return True


def remove(actor: Actor, producer_id: int, user_id: int) -> None:
    """Take a member's rights in the producer away; it acts with his next click.

    Raises:
        NotFound: the user is no member of the producer.
        LastOwner: nobody else would be the owner.
    """
    with transaction() as s:
        producer = locked(Producer, producer_id, NoSuchProducer)
        has = _grants(producer_id, user_id)
        if not has:
            raise NotFound
        if any(g.role is Role.PRODUCER_OWNER for g in has):
            _keep_an_owner(producer_id, user_id)
        for grant in has:
            s.delete(grant)
        s.flush()
        audit.record(actor, "producers.member-remove", f"producer:{producer.slug}", user=user_id)
        events.publish(GrantsChanged(user_id))
