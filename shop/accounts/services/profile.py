"""A user's own name, address, number and password; forgotten passwords."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from shop.accounts import passwords, queries
from shop.accounts.errors import AccountExists, LinkExpired
from shop.accounts.events import EmailToConfirm, PasswordResetAsked, TakenEmailAsked
from shop.accounts.models import LinkPurpose, OneTimeLink, User
from shop.accounts.services import notices, registration, rows
from shop.kernel import audit, clock, jobs, limits, text
from shop.kernel.actor import Actor
from shop.kernel.db import leave_database, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.kernel.events import publish

RESET_LASTS = timedelta(hours=1)
CONFIRM_LASTS = timedelta(days=3)


def _me(actor: Actor) -> int:
    if actor.user_id is None:
        raise NotFound
    return actor.user_id


def edit_profile(actor: Actor, *, name: str, locale: str) -> None:
    """Change the actor's own name and language (`vi` or `en`).

    Raises:
        Invalid: the name is empty or too long.
    """
    name = registration.checked_name(name)
    with transaction():
        user = rows.locked(_me(actor))
        user.name = name
        user.locale = locale if locale in {"vi", "en"} else "vi"
        rows.describe(user)


def change_phone(actor: Actor, phone: str, password: str) -> None:
    """Change or (with an empty text) remove the actor's own phone number.

    Raises:
        Invalid: no number, or nothing would be left to log in with.
        WrongPassword, TooManyAttempts: he could not prove himself.
        AccountExists: the number is another account's.
    """
    user_id = _me(actor)
    number = registration.checked_phone(phone) if phone.strip() else None
    rows.prove(user_id, password)
    try:
        with transaction():
            user = rows.locked(user_id)
            if number is None and user.email is None:
                raise Invalid(N_("Tài khoản cần ít nhất một e-mail hoặc số điện thoại."), field="phone")
            user.phone = number
            rows.describe(user)
            limits.forget(f"password:user:{user_id}")
            notices.tell(user, "phone")
    except IntegrityError as error:
        raise AccountExists(field="phone") from error


def post_confirmation(user: User, email: str) -> None:
    """Have a letter ask the reader of `email` to confirm it, in the open transaction."""
    link, token = rows.new_link(user.id, LinkPurpose.CONFIRM_EMAIL, CONFIRM_LASTS, email)
    publish(EmailToConfirm(user.id, email, link.id, token))


def ask_email(actor: Actor, email: str, password: str) -> None:
    """Ask for another e-mail address; it counts once its reader has confirmed it. An address that is another account's
    gets the same answer here; only its reader is told.

    Raises:
        Invalid: it is no address.
        WrongPassword, TooManyAttempts: he could not prove himself, or asked too often.
    """
    user_id = _me(actor)
    mail = registration.checked_email(email)
    rows.prove(user_id, password)
    limits.take(limits.Limit(f"confirm:user:{user_id}", 10, timedelta(hours=1)))
    with transaction() as s:
        user = rows.locked(user_id)
        limits.forget(f"password:user:{user_id}")
        rows.use_links(user_id, LinkPurpose.CONFIRM_EMAIL)
        holder = s.scalar(select(User.id).where(User.email == mail))
        if holder is not None and holder != user_id:
            publish(TakenEmailAsked(holder, mail, text.reference(3)))
        else:
            post_confirmation(user, mail)


def send_confirmation(actor: Actor) -> None:
    """Send the letter that asks to confirm the actor's present address once more.

    Raises:
        NotFound: he has no address, or it is confirmed.
        TooManyRequests: he asked too often.
    """
    user_id = _me(actor)
    limits.take(limits.Limit(f"confirm:user:{user_id}", 10, timedelta(hours=1)))
    with transaction():
        user = rows.locked(user_id)
        if user.email is None or user.email_confirmed_at is not None:
            raise NotFound
        rows.use_links(user_id, LinkPurpose.CONFIRM_EMAIL)
        post_confirmation(user, user.email)


def confirm_email(token: str) -> str:
    """Make the address of a confirmation link the user's own; return it.

    Raises:
        LinkExpired: the link was used, is too old, or was replaced.
        AccountExists: the address became another account's meanwhile.
    """
    try:
        with transaction():
            link, user = _link(token, LinkPurpose.CONFIRM_EMAIL)
            if link.email is None:
                raise LinkExpired
            before = user.email
            user.email = link.email
            user.email_confirmed_at = clock.now()
            rows.describe(user)
            rows.use_links(user.id, LinkPurpose.CONFIRM_EMAIL)
            if before is not None and before != link.email:
                # Links in the old mailbox must not open the account any more.
                rows.use_links(user.id, LinkPurpose.RESET)
                notices.tell(user, "email", email=before)
            return link.email
    except IntegrityError as error:
        raise AccountExists(field="email") from error


def _link(token: str, purpose: LinkPurpose) -> tuple[OneTimeLink, User]:
    """The link of `token` and its user, both locked, in the open transaction.

    Raises:
        LinkExpired: it does not work (any more).
    """
    s = session()
    link = s.scalar(
        select(OneTimeLink)
        .where(
            OneTimeLink.token_hash == queries.token_hash(token),
            OneTimeLink.purpose == purpose,
            OneTimeLink.used_at.is_(None),
            OneTimeLink.expires_at > clock.now(),
        )
        .with_for_update()
    )
    user = s.get(User, link.user_id, with_for_update=True) if link is not None else None
    if link is None or user is None or user.disabled_at is not None or user.erased_at is not None:
        raise LinkExpired
    return link, user


def change_password(actor: Actor, current: str, new: str, *, session_id: int) -> None:
    """Change the actor's own password; his other sessions end.

    Raises:
        WrongPassword, TooManyAttempts: the present one is wrong.
        Invalid, WeakPassword: the new one is not good.
    """
    user_id = _me(actor)
    me = queries.profile(user_id)
    passwords.check_new(new, about=(me.name, me.email, me.phone))
    seen = rows.prove(user_id, current)
    kept = passwords.hash_of(new)
    with transaction():
        user = rows.locked(user_id)
        if user.password_hash != seen:  # changed meanwhile: what was proved is not true any more
            raise LinkExpired
        limits.forget(f"password:user:{user_id}")
        _set(user, kept)
        rows.end_all(user_id, but=session_id)
        audit.record(actor, "accounts.password", rows.target(user_id))


def _set(user: User, kept: str) -> None:
    user.password_hash = kept
    user.password_changed_at = clock.now()
    rows.use_links(user.id, LinkPurpose.RESET)
    rows.use_links(user.id, LinkPurpose.SECOND_STEP)
    notices.tell(user, "password")


def ask_reset(username: str, *, address: str | None) -> None:
    """Have a reset letter sent to the account that a person named, if there is one and it has an e-mail address.

    Known and unknown accounts take the same work here: who it is for is looked up, and the worker does the rest.

    Raises:
        TooManyRequests: too many for this account or from this network address.
    """
    found = queries.normal_username(username)
    named = queries.token_hash(found[1] if found else text.fold(username[:400]))
    limits.take(
        limits.Limit(f"reset:account:{named}", 5, timedelta(hours=1)),
        limits.Limit(f"reset:address:{limits.network(address)}", 30, timedelta(hours=1)),
    )
    user = queries.by_username(username)
    user_id = user.id if user is not None else None
    with transaction():
        jobs.enqueue("accounts.reset-letter", {"user_id": user_id, "asked": text.reference(4)})


def post_reset(user_id: int) -> None:
    """Make a reset link and have its letter sent, if the user is in good standing and has an e-mail address."""
    with transaction() as s:
        user = s.get(User, user_id, with_for_update=True)
        if user is None or user.disabled_at is not None or user.erased_at is not None or user.email is None:
            return
        link, token = rows.new_link(user.id, LinkPurpose.RESET, RESET_LASTS, user.email)
        publish(PasswordResetAsked(user.id, link.id, token))


def issue_reset_link(actor: Actor, user_id: int) -> str:
    """Staff make a reset link to hand to a user who cannot get letters; return its token, shown once.

    Raises:
        NotFound: there is no such user.
        LinkExpired: the account is locked.
    """
    with transaction():
        user = rows.locked(user_id)
        if user.disabled_at is not None:
            raise LinkExpired(N_("Tài khoản đang bị khóa nên không cấp đường dẫn được."))
        _link_row, token = rows.new_link(user.id, LinkPurpose.RESET, RESET_LASTS)
        audit.record(actor, "accounts.reset-link", rows.target(user_id))
        notices.tell(user, "reset-link")
        return token


def set_password(token: str, new: str) -> None:
    """Set a password with the token of a reset link; all sessions end. The second factor stays.

    Raises:
        LinkExpired: the link was used or is too old.
        Invalid, WeakPassword: the new password is not good.
    """
    found = queries.link_user(token, LinkPurpose.RESET)
    if found is None:
        raise LinkExpired
    user = found[1]
    passwords.check_new(new, about=(user.name, user.email, user.phone))
    leave_database()
    kept = passwords.hash_of(new)
    with transaction():
        link, user = _link(token, LinkPurpose.RESET)
        if link.email is not None and link.email == user.email and user.email_confirmed_at is None:
            user.email_confirmed_at = clock.now()
        _set(user, kept)
        rows.end_all(user.id)
        actor = Actor("user", user.name, user.id)
        audit.record(actor, "accounts.password-reset", rows.target(user.id))
