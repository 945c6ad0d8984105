"""`flask catalog …`: a shop without the demo gets its lists by command."""

from __future__ import annotations

from sqlalchemy import func, select

from shop.catalog.models import Product, ProductGroup, ProductSet
from shop.kernel.db import session


def test_load_brings_groups_and_sets_once_and_no_goods(app, ctx):
    for _again in range(2):
        done = app.test_cli_runner().invoke(args=["catalog", "load"])
        assert done.exit_code == 0, done.output
        rows = [
            session().scalar(select(func.count()).select_from(model)) for model in (ProductGroup, ProductSet, Product)
        ]
        assert rows == [18, 26, 0]
