"""`flask accounts …`."""

from __future__ import annotations

import re

from shop.accounts import queries
from shop.accounts.permissions import Role
from tests.accounts.people import OTHER_PASSWORD, PASSWORD, make, sign_in


def _run(app, *arguments, given=None):
    return app.test_cli_runner().invoke(args=["accounts", *arguments], input=given)


def test_the_first_administrator(app, client):
    answer = _run(app, "create-admin", "chief@example.com", given=f"{PASSWORD}\n{PASSWORD}\n")
    assert answer.exit_code == 0, answer.output
    assert PASSWORD not in answer.output
    assert sign_in(client, "chief@example.com").status_code == 303
    assert client.get("/office/users").status_code == 200


def test_without_a_password_a_link_sets_it(app, client):
    answer = _run(app, "create-admin", "0912345678", "--name", "Vũ An", "--password", "")
    link = re.search(r"http://localhost(/dat-lai-mat-khau/\S+)", answer.output).group(1)
    client.fill(link, password=OTHER_PASSWORD)
    assert sign_in(client, "0912 345 678", OTHER_PASSWORD).status_code == 303


def test_an_account_that_exists_is_raised(app):
    with app.app_context():
        user_id = make()
    assert _run(app, "create-admin", "lan@example.com", "--password", "").exit_code == 0
    with app.app_context():
        assert queries.administrators() == [user_id]


def test_roles_and_links(app):
    with app.app_context():
        user_id = make()
    assert _run(app, "grant", "lan@example.com", "point_keeper", "--scope", "point:3").exit_code == 0
    with app.app_context():
        assert queries.profile(user_id).grants == (queries.GrantView(Role.POINT_KEEPER, "point:3"),)
    assert _run(app, "revoke", "lan@example.com", "point_keeper", "--scope", "point:3").exit_code == 0
    assert "/dat-lai-mat-khau/" in _run(app, "reset-link", "lan@example.com").output


def test_refusals(app):
    with app.app_context():
        make()
    for arguments, word in (
        (("create-admin", "nobody", "--password", ""), "neither"),
        (("create-admin", "x@example.com", "--password", "12345678"), "weak-password"),
        (("grant", "nobody@example.com", "order_desk"), "no account"),
        (("grant", "lan@example.com", "point_keeper"), "bad-scope"),
        (("grant", "lan@example.com", "king"), "king"),
        (("revoke", "lan@example.com", "order_desk"), "not-found"),
        (("reset-link", "nobody@example.com"), "no account"),
    ):
        answer = _run(app, *arguments)
        assert answer.exit_code != 0, arguments
        assert word in answer.output, answer.output
