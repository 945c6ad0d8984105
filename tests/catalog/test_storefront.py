"""The public check of certificates, and the door to stored files."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from shop.catalog import queries
from shop.catalog import services as catalog
from shop.catalog.errors import NumberTaken
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.storage import storage
from tests.factories import make_producer, make_variant


def issue(product_id: int, number: str, **values: Any) -> int:
    return catalog.issue_certificate(
        SYSTEM, product_id, number=number, level="province", stars=4, **({"issued_on": clock.today()} | values)
    )


def check(client: Any, number: str, status: int = 200) -> str:
    answer = client.get("/chung-nhan/" + number)
    assert answer.status_code == status
    return str(answer.get_data(as_text=True))


def test_valid_lapsed_revoked_pending_unknown(ctx: Any, client: Any) -> None:
    v = make_variant("Chả mực", producer=make_producer("HTX Bến Giang"))
    today = clock.today()
    issue(v.product_id, "123/QĐ-UBND")
    issue(v.product_id, "45/QĐ-UBND", issued_on=date(2020, 1, 1))
    revoked = issue(v.product_id, "67/QĐ-UBND", issued_on=today - timedelta(days=9))
    catalog.revoke_certificate(SYSTEM, revoked, "Không còn sản xuất")
    issue(v.product_id, "89/QĐ-UBND", issued_on=today + timedelta(days=9))
    page = check(client, "123/QĐ-UBND")
    assert "Còn hiệu lực" in page
    assert "Chả mực" in page
    assert "HTX Bến Giang" in page
    assert "Đã hết hiệu lực" in check(client, "45/QĐ-UBND")
    assert "123/QĐ-UBND" in check(client, "45/QĐ-UBND")  # leads on to the one in force
    page = check(client, "67/QĐ-UBND")
    assert "Đã bị thu hồi" in page
    assert "Không còn sản xuất" in page
    assert "Chưa có hiệu lực" in check(client, "89/QĐ-UBND")
    unknown = check(client, "999/QĐ-UBND", 404)
    assert "Không tìm thấy" in unknown
    assert '<meta name="error-code" content="not-found">' in unknown


@pytest.mark.parametrize("typed", ["123/QĐ-UBND", "123 qd ubnd", "123-QD-UBND", " 123/qđ-ubnd ", "123/QĐ—UBND"])
def test_however_it_is_typed(ctx: Any, client: Any, typed: str) -> None:
    issue(make_variant().product_id, "123/QĐ-UBND")
    assert "Còn hiệu lực" in check(client, typed)
    sent = client.get("/chung-nhan", query_string={"so": typed}, follow_redirects=True)
    assert "Còn hiệu lực" in sent.get_data(as_text=True)


@pytest.mark.parametrize("typed", ["<script>alert(1)</script>", "../../etc/passwd", "%2e%2e", "a" * 3000, "///", "‮"])
def test_strange_numbers_are_plainly_unknown(ctx: Any, client: Any, typed: str) -> None:
    answer = client.get("/chung-nhan", query_string={"so": typed}, follow_redirects=True)
    assert answer.status_code in {200, 404}
    assert "<script>alert" not in answer.get_data(as_text=True)


def test_the_same_number_written_otherwise_is_refused(ctx: Any) -> None:
    v = make_variant()
    issue(v.product_id, "123/QĐ-UBND")
    with pytest.raises(NumberTaken):
        issue(v.product_id, "123 QD UBND")


def test_what_ends_soon(ctx: Any) -> None:
    today = clock.today()
    soon, later, renewed, far = (make_variant() for _ in range(4))
    issue(soon.product_id, "1", issued_on=today - timedelta(days=900), expires_on=today + timedelta(days=30))
    issue(later.product_id, "2", issued_on=today - timedelta(days=900), expires_on=today + timedelta(days=150))
    issue(renewed.product_id, "3", issued_on=today - timedelta(days=900), expires_on=today + timedelta(days=5))
    issue(renewed.product_id, "4", issued_on=today, expires_on=today + timedelta(days=1000))
    issue(far.product_id, "5", issued_on=today, expires_on=today + timedelta(days=181))
    assert [(e.number, e.days) for e in queries.ending_within(180)] == [("1", 30), ("2", 150)]
    assert [e.number for e in queries.ending_within(30)] == ["1"]
    assert queries.ending_within(29) == []
    assert queries.ending_counts() == {30: 1, 120: 1, 180: 2}


def test_files_are_given_with_their_type_for_ever(ctx: Any, client: Any) -> None:
    storage().put("photos/ab/cdef.webp", b"RIFF....WEBP")
    answer = client.get("/media/photos/ab/cdef.webp")
    assert answer.mimetype == "image/webp"
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    again = client.get("/media/photos/ab/cdef.webp", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    storage().put("certificates/ab/paper.pdf", b"%PDF-1.7 %%EOF")
    assert "attachment" in client.get("/media/certificates/ab/paper.pdf").headers["Content-Disposition"]


@pytest.mark.parametrize(
    "path",
    ["photos/ab/none.webp", "private/ab/x.webp", "photos/ab/x.html", "photos/ab/x.svg", "photos/../private/x.webp",
     "photos/..%2fprivate/x.webp", "photos//x.webp", "photos/X.WEBP", "/etc/passwd", "photos/%00.webp", "photos/"],
)  # fmt: skip
def test_nothing_else_is_given(ctx: Any, client: Any, path: str) -> None:
    storage().put("private/ab/x.webp", b"x")
    storage().put("photos/ab/x.html", b"<script>")
    assert client.get("/media/" + path).status_code in {404, 308}
