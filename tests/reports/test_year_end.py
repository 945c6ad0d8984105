"""The figures of the 2014 meeting, reproduced from data: differing sources side by side."""

from __future__ import annotations

from typing import Any

import pytest

from shop.accounts.permissions import Role
from shop.catalog.services import registry
from shop.kernel.errors import NotFound
from shop.programme.services import ntm
from shop.reports import sheet
from shop.reports.queries import history
from tests.pdftext import words
from tests.people import sign_in


@pytest.fixture
def sources(gazetteer: Any) -> None:
    registry.load_registry()
    ntm.load_registry()


def test_the_end_of_2014_as_its_sources_tell_it(sources: None) -> None:
    y = history.year_end(2014)
    told = {s.key: s.values for s in y.subjects}
    assert told["units"] == [30, 20] and told["products"] == [65, 48]
    assert told["products-kept"] == [34] and told["boards"] == [13] and told["helper-teams"] == [4]
    assert {s.key for s in y.subjects if s.disputed} == {"units", "products"}
    assert len(y.places) == 14, "13 of 14 localities had a board"
    assert len(y.groups) == 6, "34 products in six groups"
    assert [(g.registered, g.passed, g.left, g.unknown) for g in y.gaps] == [(36, 7, 22, 7)]
    units = y.of("units")
    assert units is not None and len({f.source_title for f in units.figures}) == 2
    with pytest.raises(NotFound):
        history.year_end(2012)


def test_the_page_and_the_paper(client: Any, sources: None) -> None:
    sign_in(client, Role.PROGRAMME_OFFICER)
    page = client.get("/office/reports/2014").get_data(as_text=True)
    for piece in ("30 | 20", "65 | 48", "13/14", "nguồn khác nhau", "tự mâu thuẫn", "Vải và may mặc"):
        assert piece in page
    text = "".join(words(sheet.year_end_pdf(history.year_end(2014))).split())
    assert "30hoặc20" in text and "65hoặc48" in text
    assert client.get("/office/reports/2014.pdf").mimetype == "application/pdf"
    assert client.get("/office/reports/2012").status_code == 404
