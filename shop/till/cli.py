"""`flask till …`: enrolment codes and PINs without the office, for a first device and for tests."""

from __future__ import annotations

import json

import click
from flask.cli import AppGroup
from sqlalchemy import select

from shop.accounts import queries as accounts
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session
from shop.kernel.errors import ShopError
from shop.points import queries as points
from shop.till.models import Device
from shop.till.services import devices

group = AppGroup("till", help="Devices and keepers of the counters.")


@group.command("device")
@click.argument("code")
@click.argument("point_slug")
@click.option("--name", default="", help="What people call the device.")
def device(code: str, point_slug: str, name: str) -> None:
    """Make the device CODE known at a point, if it is not, and print an enrolment code as JSON."""
    point = points.by_slug(point_slug)
    if point is None:
        raise click.ClickException(f"no point {point_slug}")
    try:
        known = session().scalar(select(Device.id).where(Device.code == code.upper()))
        device_id = known if known is not None else devices.create(SYSTEM, code, name or f"Máy {code}", point.id)
        made = devices.new_code(SYSTEM, device_id)
    except ShopError as error:
        raise click.ClickException(str(error)) from error
    click.echo(json.dumps({"device": code.upper(), "code": made.code, "expires_at": made.expires_at.isoformat()}))


@group.command("pin")
@click.argument("username")
@click.argument("pin")
def pin(username: str, pin: str) -> None:
    """Set the PIN of the keeper USERNAME (e-mail address or phone)."""
    user = accounts.by_username(username)
    if user is None:
        raise click.ClickException(f"no user {username}")
    try:
        devices.set_pin(SYSTEM, user.id, pin)
    except ShopError as error:
        raise click.ClickException(str(error)) from error
