"""Commands of the catalogue, one module for each noun: `from shop.catalog import services as catalog`."""

from __future__ import annotations

from shop.catalog.services.certificates import (
    bind,
    end_holding,
    issue_certificate,
    let_hold,
    replace_certificate,
    rests_on_a_decision,
    revoke_certificate,
    set_certificate_file,
    tell_certificates,
    update_certificate,
)
from shop.catalog.services.imports import Outcome, Report, RowReport, take_in
from shop.catalog.services.photos import add_encoded, add_photo, change_photo, remove_photo
from shop.catalog.services.prices import add_pack, cancel_price, end_price, set_price
from shop.catalog.services.products import create_product, hide, show, update_product
from shop.catalog.services.registry import load_registry
from shop.catalog.services.variants import add_variant, hide_variant, show_variant, update_variant

__all__ = [
    "Outcome",
    "Report",
    "RowReport",
    "add_encoded",
    "add_pack",
    "add_photo",
    "add_variant",
    "bind",
    "cancel_price",
    "change_photo",
    "create_product",
    "end_holding",
    "end_price",
    "hide",
    "hide_variant",
    "issue_certificate",
    "let_hold",
    "load_registry",
    "remove_photo",
    "replace_certificate",
    "rests_on_a_decision",
    "revoke_certificate",
    "set_certificate_file",
    "set_price",
    "show",
    "show_variant",
    "take_in",
    "tell_certificates",
    "update_certificate",
    "update_product",
    "update_variant",
]
