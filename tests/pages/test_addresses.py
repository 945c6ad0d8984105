"""The address book's page: places are chosen, not typed; other people's books do not exist."""

from __future__ import annotations

import pytest

from shop.accounts import queries
from tests.accounts.people import make, sign_in

HERE = "/tai-khoan/dia-chi"
FIELDS = {
    "name": "Trần Thị Lan", "phone": "0912 345 678", "province": "22", "commune": "06676", "street": "Số 5 Bến Tàu"
}  # fmt: skip


@pytest.fixture
def lan(gazetteer, client):
    user_id = make()
    sign_in(client)
    return client, user_id


def _book(app, user_id):
    with app.app_context():
        return queries.addresses_of(user_id)


def test_an_address_is_added_corrected_and_removed(app, lan):
    client, user_id = lan
    assert client.fill(HERE, form=HERE, **FIELDS).location == HERE
    (row,) = _book(app, user_id)
    assert (row.locality_code, row.region_code, row.telephone, row.is_default) == ("06676", "22", "+84912345678", True)
    assert row.address_region.endswith("Quảng Ninh")
    page = f"{HERE}/{row.reference}"
    assert client.fill(page, form=page, street="Số 7 Bến Tàu").location == HERE
    (row,) = _book(app, user_id)
    assert (row.street_address, row.locality_code) == ("Số 7 Bến Tàu", "06676")
    assert "Số 7 Bến Tàu" in client.get(HERE).get_data(as_text=True)
    client.fill(HERE, form=HERE, **FIELDS)
    second = next(a for a in _book(app, user_id) if not a.is_default)
    client.fill(HERE, form=f"{HERE}/{second.reference}/mac-dinh")
    assert _book(app, user_id)[0].reference == second.reference
    client.fill(HERE, form=f"{HERE}/{second.reference}/xoa")
    assert [a.reference for a in _book(app, user_id)] == [row.reference]


def test_without_scripts_the_province_comes_first(lan):
    client, _user_id = lan
    answer = client.fill(HERE, form=HERE, province="22", choose_province="1", name="", street="")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert '<option value="06676"' in page
    assert 'data-testid="error"' not in page


def test_what_is_not_good_is_said_and_nothing_is_kept(app, lan):
    client, user_id = lan
    for changes in (
        {"commune": "99999"},
        {"commune": ""},
        {"province": "", "commune": ""},
        {"province": "01"},
        {"commune": "06676' OR 1=1"},
        {"phone": "12"},
        {"street": ""},
        {"name": ""},
    ):
        answer = client.fill(HERE, form=HERE, **{**FIELDS, **changes})
        assert answer.status_code == 422, changes
        assert 'data-testid="error"' in answer.get_data(as_text=True)
    assert _book(app, user_id) == []


def test_somebody_elses_address_is_not_there(app, lan):
    client, user_id = lan
    client.fill(HERE, form=HERE, **FIELDS)
    (row,) = _book(app, user_id)
    with app.app_context():
        make("Bình", email="binh@example.com")
    other = app.test_client()
    sign_in(other, "binh@example.com")
    token = other.token(HERE)
    page = f"{HERE}/{row.reference}"
    assert other.get(page).status_code == 404
    for path in (page, f"{page}/mac-dinh", f"{page}/xoa"):
        assert other.post(path, data={"csrf_token": token, **FIELDS}).status_code == 404
    assert _book(app, user_id) == [row]


def test_a_place_that_is_gone_is_said(app, lan):
    client, user_id = lan
    from shop.accounts import services as accounts
    from tests.accounts.people import acting

    with app.app_context():
        accounts.add_address(
            acting(user_id),
            accounts.AddressGiven("Lan", "0912345678", "Thôn 1", "Xã Cũ", "00000", "Tỉnh Quảng Ninh", "22"),
        )
    assert "Đơn vị hành chính này đã đổi" in client.get(HERE).get_data(as_text=True)


def test_roles_are_given_for_things_by_name(gazetteer, client):
    """The office chooses from names, and only from what there is."""
    from shop.accounts.permissions import Role
    from tests.accounts.people import staff

    staff(email="chief@example.com")
    user_id = make()
    sign_in(client, "chief@example.com")
    page = f"/office/users/{user_id}"
    assert '<option value="locality:06676">' in client.get(page).get_data(as_text=True)
    answer = client.fill(page, form=f"{page}/grant", role="locality_officer", scope="locality:99999")
    assert answer.status_code == 422
    assert client.fill(page, form=f"{page}/grant", role="locality_officer", scope="locality:06676").status_code == 303
    with gazetteer.app_context():
        assert queries.profile(user_id).grants == (queries.GrantView(Role.LOCALITY_OFFICER, "locality:06676"),)
