"""What this room needs when the shop starts."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask

from shop.payments import gateway, incoming
from shop.payments.services import payouts


def init_app(app: Flask) -> None:
    """Build the gateways; let forms lead to where card payments are made."""
    config = app.extensions["shop_config"]
    gateway.install(app, config)
    incoming.register(payouts.Payouts())
    if config.stripe_api_base:
        parts = urlsplit(config.stripe_api_base)
        app.extensions["shop_form_targets"] = (
            *app.extensions["shop_form_targets"],
            f"{parts.scheme}://{parts.netloc}",
        )
