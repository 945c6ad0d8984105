"""A page of one fair that may tell of a refusal."""

from __future__ import annotations

from typing import Any

from shop.exhibitions.models.fairs import Exhibition
from shop.exhibitions.office import fairs
from shop.kernel.errors import ShopError
from shop.kernel.forms import messages


def page(template: str, fair: Exhibition, part: str, error: ShopError | None = None, **values: Any) -> Any:
    """A page of one fair (`fairs.page`). With an error it says so, under its status."""
    return fairs.page(
        template,
        fair,
        part,
        error.status if error else 200,
        errors=messages(error),
        error_code=error.code if error else None,
        **values,
    )
