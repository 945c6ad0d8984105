"""Commands of those who wait: join a queue, confirm, change, leave; and of staff for those who have no e-mail address."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import EllipsisType

from sqlalchemy import select

from shop.accounts.models import User
from shop.catalog import queries as catalog
from shop.checkout import errors as checkout_errors
from shop.checkout import plan
from shop.demand.errors import NoSuchWait, NotSoldOut, WaitOver
from shop.demand.events import WaitAsked, WaitJoined
from shop.demand.models.waiting import OPEN, Choice, OfferState, WaitEntry, WaitOffer, WaitState, WaitStep
from shop.demand.rules import waiting as rules
from shop.demand.services import offers
from shop.kernel import audit, clock, text
from shop.kernel.actor import GUEST, SYSTEM, Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Invalid
from shop.kernel.events import publish
from shop.kernel.forms import phone
from shop.points import queries as points
from shop.stock import queries as stock

_EMAIL = re.compile(r"^[^@\s,;<>\"()]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$")


@dataclass(frozen=True, slots=True)
class Contact:
    """How somebody is reached: one of both; the e-mail in lower case, the phone E.164."""

    email: str | None = None
    phone: str | None = None

    @property
    def key(self) -> str:
        """A digest by which the same contact is known again."""
        return hashlib.sha256(f"waiting:{self.email or self.phone}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to wait for: `quantity` sale units of the pack `sku`."""

    sku: str
    quantity: int
    choice: Choice = Choice.ALIKE
    partial: bool = True
    point_id: int | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """Where joining ended: `known` if this contact stood in the queue already (then nothing of his entry is shown)."""

    reference: str
    state: WaitState
    known: bool
    own: bool


def contact_of(raw: str) -> Contact:
    """Read an e-mail address or a phone number.

    Raises:
        Invalid: it is neither; `field` is `contact`.
    """
    raw = text.clean(raw).strip()
    if not raw:
        raise Invalid(N_("Vui lòng để lại e-mail hoặc số điện thoại để chúng tôi báo."), field="contact")
    if "@" in raw:
        if len(raw) > 200 or not _EMAIL.match(raw):
            raise Invalid(N_("Địa chỉ e-mail chưa đúng, ví dụ ten@example.com."), field="contact")
        return Contact(email=raw.lower())
    try:
        return Contact(phone=phone(raw))
    except Invalid as error:
        raise Invalid(
            N_("Hãy ghi e-mail (ten@example.com) hoặc số điện thoại (0912 345 678)."), field="contact"
        ) from error


def _account_contact(user: User | None) -> Contact | None:
    if user is None:
        return None
    if user.email and (user.email_confirmed_at or not user.phone):
        return Contact(email=user.email)
    return Contact(phone=user.phone) if user.phone else None


def _confirmed(user: User | None, contact: Contact) -> bool:
    """Whether the account shows that the contact is his: its own phone number, or its e-mail address once confirmed."""
    if user is None:
        return False
    if contact.email:
        return user.email == contact.email and user.email_confirmed_at is not None
    return user.phone == contact.phone


def join(actor: Actor, wish: Wish, raw_contact: str, *, locale: str, adult: bool) -> Joined:
    """Stand in the queue for goods that are sold out. Signed in, an empty contact is the account's own.

    A contact stands in a queue once: joining again leads to the same entry. An e-mail address must say so first by the link in
    a letter, a phone number when the shop calls; what the account vouches for counts at once.

    Raises:
        Invalid: no or a wrong contact, quantity, pack or point; the error names the field.
        NotSoldOut: there is enough.
        AgeRequired: alcohol, and the visitor has not said that he is of age.
        NotForSale, …: these goods cannot be sold at all now.
    """
    with transaction() as s:
        user = s.get(User, actor.user_id) if actor.user_id is not None else None
        account = _account_contact(user)
        contact = account if account is not None and not raw_contact.strip() else contact_of(raw_contact)
        goods = catalog.sellable_by_sku([wish.sku], clock.now()).get(wish.sku)
        if goods is None:
            raise Invalid(N_("Không có loại hàng này."), field="sku")
        if goods.refusal is not None:
            raise checkout_errors.of_goods(goods.refusal, goods.name)
        if goods.is_alcohol and not adult:
            raise checkout_errors.AgeRequired
        _check_quantity(wish.quantity, plan.limit_of(goods))
        _check_point(wish.point_id)
        offers.lock_queue(goods.product_id)
        known = s.scalar(
            select(WaitEntry).where(
                WaitEntry.product_id == goods.product_id,
                WaitEntry.contact_key == contact.key,
                WaitEntry.state.in_(OPEN),
            )
        )
        if known is not None:
            own = user is not None and known.user_id == user.id
            if not own and known.email:
                publish(WaitAsked(known.id, clock.today().isoformat()))
            return Joined(known.reference, known.state, known=True, own=own)
        _check_sold_out(goods, wish)
        now = clock.now()
        entry = WaitEntry(
            reference=text.reference(), product_id=goods.product_id, variant_id=goods.variant_id, choice=wish.choice,
            quantity=wish.quantity, partial=wish.partial, point_id=wish.point_id, email=contact.email,
            phone=contact.phone, contact_key=contact.key, locale=locale, user_id=user.id if user else None,
            state=WaitState.UNCONFIRMED, joined_at=now,
        )  # fmt: skip
        s.add(entry)
        s.flush()
        s.add(
            WaitStep(
                entry_id=entry.id, from_state="", to_state=entry.state.value, at=now, actor_key=actor.key,
                actor_label=actor.label, note=None,
            )
        )  # fmt: skip
        if _confirmed(user, contact):
            _confirm(actor, entry)
        elif contact.email:
            publish(WaitAsked(entry.id, clock.today().isoformat()))
        return Joined(entry.reference, entry.state, known=False, own=user is not None)


def _check_quantity(quantity: int, most: int) -> None:
    if not 1 <= quantity <= most:
        raise Invalid(N_("Số lượng phải từ %(low)s đến %(high)s."), field="quantity", low=1, high=most)


def _check_sold_out(goods: catalog.Sellable, wish: Wish) -> None:
    """Refuse to let somebody wait for what he can buy now.

    Raises:
        NotSoldOut.
    """
    packs, sold = offers.accepted(goods.product_id)
    mine = [v for v in offers.takes_of(wish.choice, goods.variant_id, packs) if v in sold]
    levels = stock.free_levels(mine, web=True)
    for variant_id in mine:
        able = [
            x.free
            for x in levels
            if x.variant_id == variant_id
            and (x.ships if wish.point_id is None else x.pickup and x.point_id == wish.point_id)
        ]
        if sum(able) >= wish.quantity:
            raise NotSoldOut(name=goods.name)


def _confirm(actor: Actor, entry: WaitEntry, queued_at: datetime | None = None) -> None:
    now = clock.now()
    entry.confirmed_at = now
    entry.queued_at = queued_at or now
    offers.move(actor, entry, WaitState.WAITING)
    publish(
        WaitJoined(entry.id, entry.product_id, None if entry.choice is Choice.ANY else entry.variant_id, entry.quantity)
    )
    offers.offer_goods(entry.product_id)


def _check_point(point_id: int | None) -> None:
    """Raises Invalid: nobody can collect there."""
    if point_id is not None and all(p.id != point_id for p in points.pickup_points()):
        raise Invalid(N_("Điểm này không nhận khách đến lấy hàng."), field="point")


def _ids(reference: str) -> tuple[int, int]:
    wanted = select(WaitEntry.id, WaitEntry.product_id).where(WaitEntry.reference == reference)
    found = session().execute(wanted).first()
    if found is None:
        raise NoSuchWait
    return found.id, found.product_id


def _locked(reference: str) -> WaitEntry:
    """The entry with its queue locked, for steps of entries that nothing is kept for.

    Raises:
        NoSuchWait.
    """
    entry_id, product_id = _ids(reference)
    offers.lock_queue(product_id)
    return offers.locked_entry(entry_id)


def confirm(actor: Actor, reference: str, *, by_staff: bool = False) -> None:
    """The contact is right and its owner wants to wait. By letter the place counts from now; by a call of staff
    from the day of joining: the wait for the call was the shop's. A second time changes nothing.

    Raises:
        NoSuchWait: there is none.
        WaitOver: the entry is over.
    """
    with transaction():
        entry = _locked(reference)
        if entry.state in {WaitState.WAITING, WaitState.OFFERED}:
            return
        if entry.state is not WaitState.UNCONFIRMED:
            raise WaitOver
        _confirm(actor, entry, entry.joined_at if by_staff else None)
        if by_staff:
            audit.record(actor, "waiting.confirm", f"wait:{reference}")


def change(
    actor: Actor, reference: str, quantity: int, *, partial: bool, point_id: int | EllipsisType | None = ...
) -> None:
    """Want more or fewer, or have it elsewhere (`point_id`; None: at one's door; left out: as before). Who wants more goes to
    the end of the queue; else the place stays.

    Raises:
        NoSuchWait: there is none.
        WaitOver: goods are kept for it now, or it is over.
        Invalid: the quantity is none that one order may have, or nobody can collect at the point.
    """
    with transaction():
        entry = _locked(reference)
        if entry.state not in {WaitState.UNCONFIRMED, WaitState.WAITING}:
            raise WaitOver
        if not isinstance(point_id, EllipsisType):
            _check_point(point_id)
            entry.point_id = point_id
        goods = catalog.sellable([entry.variant_id], clock.now()).get(entry.variant_id)
        _check_quantity(quantity, plan.limit_of(goods) if goods else entry.quantity)
        if quantity > entry.quantity and entry.state is WaitState.WAITING:
            entry.queued_at = clock.now()
        entry.quantity, entry.partial = quantity, partial
        session().flush()
        if entry.state is WaitState.WAITING:
            offers.offer_goods(entry.product_id)


def leave(actor: Actor, reference: str, note: str | None = None) -> None:
    """Leave the queue; goods that were kept go to the next. A second time changes nothing.

    Raises:
        NoSuchWait: there is none.
    """
    with transaction() as s:
        entry_id, product_id = _ids(reference)
        offers.lock_queue(product_id)
        offer_id = s.scalar(
            select(WaitOffer.id).where(WaitOffer.entry_id == entry_id, WaitOffer.state == OfferState.OPEN)
        )
        if offer_id is not None and offers.end(actor, offer_id, OfferState.DECLINED):
            return
        entry = offers.locked_entry(entry_id)
        if entry.state in OPEN:
            offers.move(actor, entry, WaitState.LEFT, note)


def remove(actor: Actor, reference: str, reason: str) -> None:
    """Staff take an entry out (nobody answers, a number that is wrong), with a reason.

    Raises:
        NoSuchWait: there is none.
        Invalid: no reason is given.
    """
    if len(reason.strip()) < 2:
        raise Invalid(N_("Hãy ghi lý do."), field="reason")
    with transaction():
        leave(actor, reference, reason.strip()[:500])
        audit.record(actor, "waiting.remove", f"wait:{reference}", reason=reason.strip()[:500])


def forget_unconfirmed(limit: int = 500) -> int:
    """End entries whose e-mail address was never confirmed; return how many. Those who wait for a call stay."""
    before = clock.now() - timedelta(hours=int(rules.CONFIRM_HOURS.get()))
    old = session().scalars(
        select(WaitEntry.reference)
        .where(WaitEntry.state == WaitState.UNCONFIRMED, WaitEntry.email.is_not(None), WaitEntry.joined_at < before)
        .order_by(WaitEntry.id)
        .limit(limit)
    ).all()  # fmt: skip
    for reference in old:
        with transaction():
            entry = _locked(reference)
            if entry.state is WaitState.UNCONFIRMED:
                offers.move(SYSTEM, entry, WaitState.ENDED, N_("E-mail không được xác nhận"))
    return len(old)


def blank_old(limit: int = 2000) -> int:
    """Remove the contacts of entries that ended longer ago than staff keep them; return how many."""
    before = clock.now() - timedelta(days=int(rules.KEEP_DAYS.get()))
    with transaction() as s:
        old = s.scalars(
            select(WaitEntry).where(WaitEntry.ended_at < before, WaitEntry.blanked_at.is_(None)).limit(limit)
        ).all()
        for entry in old:
            blank(entry)
        return len(old)


def blank(entry: WaitEntry) -> None:
    """Remove the person's part of an entry for good, in the open transaction."""
    for step in entry.steps:
        if entry.user_id is not None and step.actor_key == f"user:{entry.user_id}":
            step.actor_label = GUEST.label
    entry.blanked_at = clock.now()
    entry.email = entry.phone = entry.contact_key = entry.user_id = None


def forget_person(user_id: int) -> None:
    """Take an erased user out of all queues and remove his part, in the open transaction."""
    s = session()
    for entry in s.scalars(select(WaitEntry).where(WaitEntry.user_id == user_id).order_by(WaitEntry.id)).all():
        leave(SYSTEM, entry.reference, N_("Tài khoản đã xóa"))
        blank(entry)
    s.flush()


# --- who may see an entry ----------------------------------------------------------------------------------------


def secret_for(key: str, reference: str) -> str:
    """The secret of the link in letters to an entry or an offer, derived from the shop's key."""
    return hmac.digest(key.encode(), f"waiting:{reference}".encode(), "sha256").hex()[:32]


def opens(key: str, reference: str, secret: str | None) -> bool:
    """Whether `secret` is the one of the entry's or offer's link."""
    return bool(secret) and hmac.compare_digest(str(secret).encode(), secret_for(key, reference).encode())
