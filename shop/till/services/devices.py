"""Devices are enrolled by a code and revoked at once; keepers set the PIN by which a device knows them off line."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import select, update

from shop.accounts import queries as accounts
from shop.kernel import audit, clock, db, limits, text
from shop.kernel.actor import Actor
from shop.kernel.db import changed, session, transaction
from shop.kernel.errors import N_, Invalid, NotFound
from shop.points import queries as points
from shop.promotions.services import lending
from shop.till import rules
from shop.till.errors import (
    BadEnrolCode,
    BadPin,
    DeviceCodeTaken,
    DeviceRevoked,
    DeviceUnknown,
    TooManyGuesses,
)
from shop.till.models import Device, EnrolCode, KeeperPin

_CODE = re.compile(r"[A-Z][1-9][0-9]{0,2}")
_PIN = re.compile(r"[0-9]{4,6}")
SEEN_EVERY = timedelta(minutes=1)


def _code_hash(code: str) -> str:
    """A keyed hash: the code is short, so that the database alone must not be enough to find it."""
    return hmac.new(str(current_app.secret_key).encode(), b"till-enrol:" + code.encode(), hashlib.sha256).hexdigest()


def create(actor: Actor, code: str, name: str, point_id: int) -> int:
    """Make a device known, before it is enrolled; return its id. `code` is a letter and one to three digits, for ever.

    Raises:
        Invalid: the code or the name has not the right shape, or there is no such open point.
        DeviceCodeTaken: there is a device of this code.
    """
    code = text.clean(code).upper()
    name = text.clean(name).replace("\n", " ")
    if not _CODE.fullmatch(code):
        raise Invalid(N_("Ký hiệu máy gồm một chữ cái và một đến ba chữ số, ví dụ A7."), field="code")
    if not 2 <= len(name) <= 80:
        raise Invalid(N_("Tên máy từ 2 đến 80 ký tự."), field="name")
    with db.unique("till_devices.code", otherwise=lambda: DeviceCodeTaken(field="code")), transaction() as s:
        if point_id not in {p.id for p in points.open_points()}:
            raise Invalid(N_("Hãy chọn điểm bán đang mở."), field="point")
        if s.scalar(select(Device.id).where(Device.code == code)) is not None:
            raise DeviceCodeTaken(field="code")
        made = Device(code=code, name=name, point_id=point_id, created_at=clock.now(), last_seq=0, last_number=0)
        s.add(made)
        s.flush()
        audit.record(actor, "till.device-create", f"till-device:{code}", name=name, point=point_id)
        return made.id


@dataclass(frozen=True, slots=True)
class NewCode:
    """A code as it is shown once, and when it ends."""

    code: str
    expires_at: datetime


def new_code(actor: Actor, device_id: int) -> NewCode:
    """Make an enrolment code for a device; an older unused one ends.

    Raises:
        NotFound: there is no such device.
    """
    code = text.reference()
    now = clock.now()
    with transaction() as s:
        device = db.locked(Device, device_id, NotFound)
        s.execute(
            update(EnrolCode)
            .where(EnrolCode.device_id == device_id, EnrolCode.used_at.is_(None), EnrolCode.expires_at > now)
            .values(expires_at=now)
            .execution_options(synchronize_session=False)
        )
        s.add(
            EnrolCode(
                device_id=device_id, code_hash=_code_hash(code), created_by=actor.key, created_at=now,
                expires_at=now + rules.CODE_LASTS,
            )
        )  # fmt: skip
        audit.record(actor, "till.enrol-code", f"till-device:{device.code}")
    return NewCode(code, now + rules.CODE_LASTS)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A device that may sell from now on. The token is told once and kept as a hash."""

    device_id: int
    token: str


def enrol(raw: str, device_name: str, address: str | None) -> Enrolled:
    """Tie the machine that knows the code `raw` to its device; a token given before works no more.

    Raises:
        BadEnrolCode: no such code, used before, or out of date.
        TooManyGuesses: too many tries from this address, or from all together.
    """
    limits.take(
        limits.Limit(f"till-enrol:{limits.network(address)}", 10, timedelta(minutes=10)),
        limits.Limit("till-enrol:all", 200, timedelta(hours=1)),
        refusal=TooManyGuesses,
    )
    wanted = _code_hash(text.normal_reference(raw))
    token = secrets.token_urlsafe(32)
    now = clock.now()
    with transaction() as s:
        live = s.execute(
            select(EnrolCode.id, EnrolCode.device_id, EnrolCode.code_hash).where(
                EnrolCode.used_at.is_(None), EnrolCode.expires_at > now
            )
        ).all()
        # All are compared, each in constant time: how long the answer takes says nothing of the codes.
        matching = [row for row in live if hmac.compare_digest(row.code_hash, wanted)]
        if not matching:
            raise BadEnrolCode(field="code")
        used = s.execute(
            update(EnrolCode)
            .where(EnrolCode.id == matching[0].id, EnrolCode.used_at.is_(None))
            .values(used_at=now)
            .execution_options(synchronize_session=False)
        )
        if not changed(used):
            raise BadEnrolCode(field="code")
        device = db.locked(Device, matching[0].device_id, BadEnrolCode)
        device.revoked_hash = device.token_hash or device.revoked_hash
        device.token_hash = accounts.token_hash(token)
        device.enrolled_at, device.revoked_at, device.last_seen_at = now, None, now
        s.flush()
        audit.record(
            Actor("till", device.code, None, address), "till.enrol", f"till-device:{device.code}", machine=device_name
        )
        return Enrolled(device.id, token)


def holder(device_id: int) -> str:
    """The name under which promotions lend units to a device."""
    return f"till:{device_id}"


def revoke(actor: Actor, device_id: int, reason: str) -> None:
    """Take a device's right away at once: nothing it still holds is taken in any more. A second time changes nothing.

    Raises:
        Invalid: no reason.
        NotFound: there is no such device.
    """
    reason = text.clean(reason).replace("\n", " ")
    if len(reason) < 2:
        raise Invalid(N_("Hãy ghi lý do thu hồi."), field="reason")
    with transaction() as s:
        device = db.locked(Device, device_id, NotFound)
        s.execute(
            update(EnrolCode)
            .where(EnrolCode.device_id == device_id, EnrolCode.used_at.is_(None))
            .values(expires_at=clock.now())
            .execution_options(synchronize_session=False)
        )
        if device.token_hash is None:
            return
        device.revoked_hash, device.token_hash, device.revoked_at = device.token_hash, None, clock.now()
        s.flush()
        lending.take_home(holder(device_id))
        audit.record(actor, "till.revoke", f"till-device:{device.code}", reason=reason)


@dataclass(frozen=True, slots=True)
class Known:
    """The device that holds a token."""

    id: int
    code: str
    name: str
    point_id: int
    token_hash: str
    last_seq: int
    last_number: int


def by_token(token: str) -> Known:
    """The device that holds `token`. Its hash is looked up, so that comparing tells nothing of the token.

    Raises:
        DeviceRevoked: it was a device's once.
        DeviceUnknown: it never was.
    """
    hashed = accounts.token_hash(token)
    row: Any = session().execute(
        select(
            Device.id, Device.code, Device.name, Device.point_id, Device.token_hash, Device.last_seq, Device.last_number,
            Device.last_seen_at,
        ).where(Device.token_hash == hashed)
    ).first()  # fmt: skip
    if row is None:
        if session().scalar(select(Device.id).where(Device.revoked_hash == hashed)) is not None:
            raise DeviceRevoked
        raise DeviceUnknown
    now = clock.now()
    if row.last_seen_at is None or row.last_seen_at < now - SEEN_EVERY:
        with transaction() as s:
            s.execute(
                update(Device)
                .where(Device.id == row.id)
                .values(last_seen_at=now)
                .execution_options(synchronize_session=False)
            )
    return Known(*tuple(row)[:7])


def by_id(device_id: int) -> Known:
    """A device as it stands now."""
    d: Any = session().execute(
        select(
            Device.id, Device.code, Device.name, Device.point_id, Device.token_hash, Device.last_seq, Device.last_number
        ).where(Device.id == device_id)
    ).one()  # fmt: skip
    return Known(*tuple(d))


# --- PINs --------------------------------------------------------------------------------------------------------


def _easy(pin: str) -> bool:
    steps = {(int(b) - int(a)) % 10 for a, b in itertools.pairwise(pin)}
    return len(steps) == 1 and steps <= {0, 1, 9}


def pin_hash(pin: str, salt: bytes, rounds: int) -> str:
    """PBKDF2-HMAC-SHA256, 32 bytes, in hex: what the device works out as well."""
    return hashlib.pbkdf2_hmac("sha256", pin.encode(), salt, rounds, 32).hex()


def set_pin(actor: Actor, user_id: int, pin: str) -> None:
    """Set the PIN by which devices know a keeper.

    Raises:
        BadPin: not four to six digits, or all the same, or a run like 1234.
    """
    pin = pin.strip()
    if not _PIN.fullmatch(pin) or not pin.isascii() or _easy(pin):
        raise BadPin(field="pin")
    salt = secrets.token_bytes(16)
    values = {
        "salt": salt.hex(),
        "hash": pin_hash(pin, salt, rules.PIN_ROUNDS),
        "rounds": rules.PIN_ROUNDS,
        "set_at": clock.now(),
    }
    with transaction() as s:
        s.merge(KeeperPin(user_id=user_id, **values))
        s.flush()
        audit.record(actor, "till.pin", f"accounts:user:{user_id}")
