"""The address book of a user. Codes of places are checked by the door that knows them; here they are kept as given."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select, update

from shop.accounts.models import Address
from shop.accounts.services import registration, rows
from shop.kernel import clock, text
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_, Conflict, Invalid, NotFound

MOST = 20


@dataclass(frozen=True, slots=True)
class AddressGiven:
    """What a person typed or chose: a name, a phone number, street, and codes and names of the two places."""

    name: str
    telephone: str
    street_address: str
    address_locality: str
    locality_code: str
    address_region: str
    region_code: str


def _me(actor: Actor) -> int:
    if actor.user_id is None:
        raise NotFound
    return actor.user_id


def _fill(row: Address, given: AddressGiven) -> None:
    street = text.clean(given.street_address).replace("\n", ", ")
    if not 1 <= len(street) <= 200:
        raise Invalid(N_("Vui lòng nhập số nhà, đường, thôn hoặc khu (tối đa 200 ký tự)."), field="street")
    if not given.locality_code:
        raise Invalid(N_("Vui lòng chọn xã, phường hoặc đặc khu."), field="commune")
    if not given.region_code:
        raise Invalid(N_("Vui lòng chọn tỉnh, thành phố."), field="province")
    row.name = registration.checked_name(given.name)
    row.telephone = registration.checked_phone(given.telephone)
    row.street_address = street
    row.address_locality = text.clean(given.address_locality)[:255]
    row.locality_code = given.locality_code
    row.address_region = text.clean(given.address_region)[:255]
    row.region_code = given.region_code
    row.updated_at = clock.now()


def _own(user_id: int, reference: str) -> Address:
    row = session().scalar(
        select(Address).where(Address.user_id == user_id, Address.reference == reference).with_for_update()
    )
    if row is None:
        raise NotFound
    return row


def _make_default(user_id: int, reference: str) -> None:
    session().flush()
    session().execute(
        update(Address).where(Address.user_id == user_id, Address.is_default.is_(True)).values(is_default=False)
    )
    session().execute(
        update(Address).where(Address.user_id == user_id, Address.reference == reference).values(is_default=True)
    )


def add_address(actor: Actor, given: AddressGiven, *, default: bool = False) -> str:
    """Add an address to the actor's book and return its reference; the first one becomes the default.

    Raises:
        Invalid: a field is not good.
        Conflict: the book is full (20).
    """
    user_id = _me(actor)
    with transaction() as s:
        rows.locked(user_id)  # one change of a book at a time
        count = s.scalar(select(func.count()).select_from(Address).where(Address.user_id == user_id)) or 0
        if count >= MOST:
            raise Conflict(N_("Sổ địa chỉ đã đủ 20 nơi. Hãy xóa bớt địa chỉ không dùng."))
        now = clock.now()
        row = Address(reference=text.reference(3), user_id=user_id, is_default=False, created_at=now)
        _fill(row, given)
        s.add(row)
        if default or count == 0:
            _make_default(user_id, row.reference)
        return row.reference


def edit_address(actor: Actor, reference: str, given: AddressGiven, *, default: bool = False) -> None:
    """Correct an address of the actor's own book.

    Raises:
        NotFound: it is not in it.
        Invalid: a field is not good.
    """
    user_id = _me(actor)
    with transaction():
        rows.locked(user_id)
        _fill(_own(user_id, reference), given)
        if default:
            _make_default(user_id, reference)


def choose_address(actor: Actor, reference: str) -> None:
    """Make an address of the actor's own book the default.

    Raises:
        NotFound: it is not in it.
    """
    user_id = _me(actor)
    with transaction():
        rows.locked(user_id)
        _own(user_id, reference)
        _make_default(user_id, reference)


def remove_address(actor: Actor, reference: str) -> None:
    """Remove an address from the actor's own book; the newest of the rest becomes the default if it was.

    Raises:
        NotFound: it is not in it.
    """
    user_id = _me(actor)
    with transaction() as s:
        rows.locked(user_id)
        row = _own(user_id, reference)
        was_default = row.is_default
        s.delete(row)
        s.flush()
        if was_default:
            following = s.scalar(
                select(Address.reference).where(Address.user_id == user_id).order_by(Address.id.desc()).limit(1)
            )
            if following is not None:
                _make_default(user_id, following)
