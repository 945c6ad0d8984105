"""The address book."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from shop.accounts import queries
from shop.accounts import services as accounts
from shop.accounts.models import Address
from shop.kernel.db import session
from shop.kernel.errors import Conflict, Invalid, NotFound
from tests.accounts.people import acting, make
from tests.accounts.test_privacy import GIVEN


def _given(**changes):
    from dataclasses import replace

    return replace(GIVEN, **changes)


def test_the_first_is_the_default_and_there_is_always_one(ctx):
    me = acting(make())
    first = accounts.add_address(me, GIVEN)
    second = accounts.add_address(me, _given(street_address="Thôn 3"))
    third = accounts.add_address(me, _given(street_address="Khu 5"), default=True)

    def book():
        return [(a.reference, a.is_default) for a in queries.addresses_of(me.user_id)]

    assert book() == [(third, True), (second, False), (first, False)]
    accounts.choose_address(me, first)
    assert book() == [(first, True), (third, False), (second, False)]
    accounts.remove_address(me, first)
    assert book() == [(third, True), (second, False)]
    accounts.edit_address(me, second, _given(telephone="0987 654 321"), default=True)
    assert book() == [(second, True), (third, False)]
    assert queries.address(me.user_id, second).telephone == "+84987654321"
    for reference in (second, third):
        accounts.remove_address(me, reference)
    assert book() == []


def test_somebody_elses_address_does_not_exist(ctx):
    me, other = acting(make()), acting(make("Khác", email="khac@example.com"))
    reference = accounts.add_address(me, GIVEN)
    for command in (
        lambda: accounts.edit_address(other, reference, GIVEN),
        lambda: accounts.choose_address(other, reference),
        lambda: accounts.remove_address(other, reference),
        lambda: queries.address(other.user_id, reference),
    ):
        with pytest.raises(NotFound):
            command()
    assert len(queries.addresses_of(me.user_id)) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"telephone": "123"}, "phone"),
        ({"street_address": ""}, "street"),
        ({"street_address": "x" * 201}, "street"),
        ({"locality_code": ""}, "commune"),
        ({"region_code": ""}, "province"),
    ],
)
def test_what_is_not_good_is_refused(ctx, changes, field):
    me = acting(make())
    with pytest.raises(Invalid) as refused:
        accounts.add_address(me, _given(**changes))
    assert refused.value.field == field
    assert queries.addresses_of(me.user_id) == []


def test_the_book_has_an_end(ctx):
    me = acting(make())
    for n in range(20):
        accounts.add_address(me, _given(street_address=f"Số {n}"))
    with pytest.raises(Conflict):
        accounts.add_address(me, GIVEN)


@pytest.mark.race
def test_at_one_moment_there_is_one_default(app, together):
    with app.app_context():
        me = acting(make())
        references = [accounts.add_address(me, _given(street_address=f"Số {n}")) for n in range(6)]
    outcomes = together(app, [lambda r=r: accounts.choose_address(me, r) for r in references])
    assert [o.error for o in outcomes if o.error] == []
    with app.app_context():
        assert session().scalar(select(func.count()).select_from(Address).where(Address.is_default)) == 1
