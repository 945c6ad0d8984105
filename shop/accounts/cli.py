"""`flask accounts …`: the first administrator, roles, and reset links from the command line."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import AppGroup

from shop.accounts import queries
from shop.accounts import services as accounts
from shop.accounts.permissions import Role
from shop.kernel.actor import Actor
from shop.kernel.errors import ShopError

group = AppGroup("accounts", help="Users and their roles.")
CONSOLE = Actor("system", "Dòng lệnh")


def _said(error: ShopError) -> click.ClickException:
    return click.ClickException(f"{error.code}: {error.title % error.values if error.values else error.title}")


def _user_id(username: str) -> int:
    user = queries.by_username(username)
    if user is None:
        raise click.ClickException(f"no account for {username!r}")
    return user.id


@group.command("create-admin")
@click.argument("username")
@click.option("--name", default="Quản trị", show_default=True)
@click.option(
    "--password",
    prompt="Password (empty: print a link that sets it)",
    hide_input=True,
    default="",
    confirmation_prompt=True,
    show_default=False,
)
def create_admin(username: str, name: str, password: str) -> None:
    """Make an administrator's account for USERNAME (e-mail address or phone number), or make an account one's."""
    found = queries.normal_username(username)
    if found is None:
        raise click.BadParameter("neither an e-mail address nor a phone number", param_hint="USERNAME")
    known = queries.by_username(username)
    try:
        if known is not None:
            accounts.grant(CONSOLE, known.id, Role.ADMINISTRATOR)
            click.echo(f"user {known.id} is an administrator; the password is unchanged")
            return
        user_id = accounts.create(
            CONSOLE,
            name=name,
            email=found[1] if found[0] == "email" else None,
            phone=found[1] if found[0] == "phone" else None,
            password=password or None,
            roles=[(Role.ADMINISTRATOR, "*")],
        )
        click.echo(f"user {user_id} is an administrator")
        if not password:
            _link(user_id)
    except ShopError as error:
        raise _said(error) from error


def _link(user_id: int) -> None:
    token = accounts.issue_reset_link(CONSOLE, user_id)
    click.echo(f"{current_app.extensions['shop_config'].base_url}/dat-lai-mat-khau/{token}")


@group.command("grant")
@click.argument("username")
@click.argument("role", type=click.Choice([role.value for role in Role]))
@click.option("--scope", default="*", show_default=True, help="*, producer:7, point:12, exhibition:3 or locality:06661")
def grant(username: str, role: str, scope: str) -> None:
    """Give USERNAME a ROLE."""
    try:
        accounts.grant(CONSOLE, _user_id(username), Role(role), scope)
    except ShopError as error:
        raise _said(error) from error
    click.echo(f"{username}: {role} for {scope}")


@group.command("revoke")
@click.argument("username")
@click.argument("role", type=click.Choice([role.value for role in Role]))
@click.option("--scope", default="*", show_default=True)
def revoke(username: str, role: str, scope: str) -> None:
    """Take a ROLE back from USERNAME."""
    try:
        accounts.revoke(CONSOLE, _user_id(username), Role(role), scope)
    except ShopError as error:
        raise _said(error) from error
    click.echo(f"{username}: no longer {role} for {scope}")


@group.command("reset-link")
@click.argument("username")
def reset_link(username: str) -> None:
    """Print a link, good once and for an hour, that sets a new password for USERNAME."""
    try:
        _link(_user_id(username))
    except ShopError as error:
        raise _said(error) from error
