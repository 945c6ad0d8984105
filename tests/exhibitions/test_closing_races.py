"""Two people at once: a sheet is frozen once, the books of a fair are closed once, and a sale meanwhile is never lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select

from shop.exhibitions.errors import FairMovedOn, SheetChanged, SheetNotReady
from shop.exhibitions.models.closing import SheetVersion, Side, Signature
from shop.exhibitions.services import finishing, signing
from shop.kernel.db import session
from shop.kernel.errors import Invalid
from shop.settlement.models import Entry, EntryKind
from tests.exhibitions.closing_made import MAKER, PEN, STAFF, Made, fairs_broken, key, make_fair


@pytest.fixture
def fair(make_app: Callable[..., Flask]) -> Iterator[Made]:
    app = make_app(bank_bin="970436", bank_account="9889559357", bank_account_name="CHO BEN")
    with app.app_context():
        made = make_fair(app)
        made.booth("A1", "Mực")
        made.bring("A1", "Mực", 6)
        yield made


def test_both_sides_sign_at_once(fair, together):
    fair.begin("A1")
    fair.count("A1")
    fair.home_with("A1")
    found = fair.sheet("A1", "Mực")
    reference, digest = found.sheet.reference, found.digest

    def staff():
        return signing.sign(STAFF, reference, Side.STAFF, name="Đỗ Xuân", ticked=True, digest=digest)

    def maker():
        return signing.sign(MAKER, reference, Side.PRODUCER, name="Bà Thu", strokes=PEN, digest=digest)

    done = together(fair.app, [staff, maker, staff, maker])
    assert [o.error for o in done] == [None] * 4
    session().rollback()
    assert session().scalars(select(SheetVersion.number)).all() == [1]
    assert session().scalar(select(func.count(Signature.id))) == 2
    assert fairs_broken() == []


def test_a_sale_beside_the_signatures_is_never_lost(fair, together):
    till = fair.till("A1")
    till.send(till.open())
    sale = till.sale(till.line(fair.goods["Mực"], 1))
    fair.begin("A1")
    fair.count("A1")
    fair.home_with("A1")
    found = fair.sheet("A1", "Mực")
    reference, digest = found.sheet.reference, found.digest

    def sign(side):
        return lambda: signing.sign(STAFF, reference, side, name="Người ký", ticked=True, digest=digest)

    done = together(fair.app, [sign(Side.STAFF), sign(Side.PRODUCER), lambda: till.send(sale)])
    assert all(o.error is None or isinstance(o.error, SheetChanged | SheetNotReady | Invalid) for o in done)
    session().rollback()
    after = fair.sheet("A1", "Mực")
    assert after.figures["totals"]["sold"] == 1
    # Whoever was first: either nothing is frozen yet, or the sheet says that something came later.
    assert after.last is None or (after.late and after.last.figures["totals"]["sold"] == 0)
    assert fairs_broken() == []


def test_the_books_are_closed_once(fair, together):
    fair.close("A1")
    slug = fair.slug
    done = together(fair.app, [lambda: finishing.close_fair(STAFF, slug, op_key=key()) for _ in range(3)])
    assert sorted(type(o.error).__name__ for o in done) == ["FairMovedOn", "FairMovedOn", "NoneType"]
    assert FairMovedOn.status == 409
    session().rollback()
    assert session().scalar(select(func.count(Entry.id)).where(Entry.kind == EntryKind.BOOTH)) == 1
    assert fairs_broken() == []
