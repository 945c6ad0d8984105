"""A producer scores his own goods; the office reads the sheets; nobody sees another producer's score."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa

from shop.accounts.permissions import Role
from shop.catalog.models import Product
from shop.kernel import invariants, text
from shop.kernel.db import session, transaction
from shop.programme import self_paper
from shop.programme.models.scoring import ScoringSheet, SelfScore
from shop.programme.queries import scoring as queries
from shop.programme.services import scoring as services
from tests.factories import make_producer, make_variant
from tests.people import sign_in
from tests.programme.test_sheets import ALL, best

NUMBER = 8


@pytest.fixture
def product(ctx: Any) -> Product:
    services.load_sheets()
    variant = make_variant("Chả mực thử", set_number=NUMBER, producer=make_producer())
    found = session().get(Product, variant.product_id)
    assert found is not None
    return found


def page(client: Any, product: Product) -> str:
    return text.clean(client.get(f"/producer/scoring/{product.slug}").get_data(as_text=True))


def post(client: Any, product: Product, form: dict[str, str]) -> Any:
    token = {"csrf_token": client.token("/tai-khoan")}
    return client.post(f"/producer/scoring/{product.slug}", data=token | form)


def send(client: Any, product: Product, answers: dict[str, int], *, seen: int = 0, **more: Any) -> Any:
    form = {f"q-{code}": str(n) for code, n in answers.items()} | {"seen": str(seen)} | more
    return post(client, product, form)


def owner(client: Any, product: Product) -> None:
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{product.producer_id}"))


def kept() -> SelfScore | None:
    session().rollback()
    session().expire_all()
    return session().query(SelfScore).one_or_none()


def test_sheets_come_in_once(ctx: Any) -> None:
    assert services.load_sheets() == 26
    assert services.load_sheets() == 0
    assert session().query(ScoringSheet).count() == 26


def test_a_score_is_kept_and_explained(client: Any, product: Product) -> None:
    owner(client, product)
    assert send(client, product, best(NUMBER) | {"2.2": 0}).status_code == 303
    row = kept()
    assert row is not None and row.answers == best(NUMBER) | {"2.2": 0} and row.version == 1
    shown = page(client, product)
    assert f"{row.total} điểm" in shown and "mức tối thiểu" in shown
    assert 'href="#f-q-2.2"' in shown, "the page leads to what is missing"
    assert len(re.findall(r'type="radio"[^>]*checked', shown)) == len(ALL[NUMBER].questions)
    listed = client.get("/producer/scoring").get_data(as_text=True)
    assert f">{row.total}<" in listed


def test_questions_may_stay_open(client: Any, product: Product) -> None:
    owner(client, product)
    send(client, product, {"1.1": 1})
    assert kept().answered == 1  # type: ignore[union-attr]
    assert "câu chưa chọn" in page(client, product)


def test_a_ground_takes_the_stars(client: Any, product: Product) -> None:
    owner(client, product)
    send(client, product, best(NUMBER), stops="attp")
    row = kept()
    assert row is not None and (row.total, row.stars, row.stops) == (100, 0, ["attp"])
    assert "dừng đánh giá" in page(client, product)


def test_what_was_kept_is_printed_as_form_02(client: Any, product: Product) -> None:
    owner(client, product)
    paper = f"/producer/scoring/{product.slug}/form-02.pdf"
    assert client.get(paper).status_code == 404, "nothing was kept yet"
    answers = dict(best(NUMBER))
    left_open = sorted(answers)[0]
    del answers[left_open]
    assert send(client, product, answers).status_code == 303
    assert paper in page(client, product)
    answer = client.get(paper)
    assert answer.mimetype == "application/pdf"
    assert answer.data.startswith(b"%PDF-")
    said = self_paper.data(queries.scored(product.slug))
    assert (said["form"], said["facts"][0][1]) == ("Mẫu 02", "Chả mực thử") and "26/2026/QĐ-TTg" in said["basis"]
    assert said["open"] == "Còn 1 nội dung chưa chọn, tính 0 điểm."
    lines = [row for part in said["parts"] for row in part["rows"] if not row["head"]]
    assert [row["points"] for row in lines if row["said"] == "Chưa chọn"] == ["–"]
    points = sum(int(row["points"]) for row in lines if row["points"] != "–")
    assert said["total"] == f"Tổng điểm: {points}/100"
    other = make_producer("Cơ sở khác")
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{other.id}"))
    assert client.get(paper).status_code == 404


def test_two_people_do_not_overwrite_each_other(client: Any, product: Product) -> None:
    owner(client, product)
    send(client, product, {"1.1": 1})
    late = send(client, product, {"1.1": 2}, seen=0)
    assert late.status_code == 409 and "scored-meanwhile" in late.get_data(as_text=True)
    assert re.search(r'name="q-1\.1" value="2"[^>]*checked', late.get_data(as_text=True)), (
        "what was chosen is still there"
    )
    assert kept().answers == {"1.1": 1}  # type: ignore[union-attr]
    assert send(client, product, {"1.1": 2}, seen=1).status_code == 303


def test_the_same_twice_is_one_version(client: Any, product: Product) -> None:
    owner(client, product)
    for _ in range(2):
        assert send(client, product, {"1.1": 1}).status_code == 303
    assert kept().version == 1  # type: ignore[union-attr]


@pytest.mark.parametrize("spoilt", [{"q-1.1": "77"}, {"q-1.1": "x"}, {"q-99": "0"}, {"stops": "khong-co"}])
def test_what_is_not_on_the_sheet_is_told(client: Any, product: Product, spoilt: dict[str, str]) -> None:
    owner(client, product)
    answer = post(client, product, {"seen": "0"} | spoilt)
    assert answer.status_code == 422 and 'class="error-summary"' in answer.get_data(as_text=True)
    assert kept() is None


def test_others_see_nothing(client: Any, product: Product) -> None:
    other = make_producer("HTX Khác")
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{other.id}"))
    assert client.get(f"/producer/scoring/{product.slug}").status_code == 404
    assert send(client, product, {"1.1": 1}).status_code == 404
    assert product.name not in client.get("/producer/scoring").get_data(as_text=True)
    assert kept() is None


def test_whoever_packs_does_not_score(client: Any, product: Product) -> None:
    sign_in(client, (Role.PRODUCER_PACKING, f"producer:{product.producer_id}"))
    assert client.get(f"/producer/scoring/{product.slug}").status_code == 403


def test_the_office_reads_every_sheet(client: Any, product: Product) -> None:
    sign_in(client, Role.PROGRAMME_OFFICER)
    assert client.get("/office/scoring-sheets").status_code == 200
    shown = client.get(f"/office/scoring-sheets/{NUMBER}").get_data(as_text=True)
    assert "26/2026/QĐ-TTg" in shown and shown.count("tối thiểu cho") == sum(
        option.min_star is not None for q in ALL[NUMBER].questions for option in q.options
    )
    assert client.get("/office/scoring-sheets/27").status_code == 404


@pytest.mark.parametrize("fault", ["total = 99", "stars = 5", "answers = '{\"77.7\": 0}'", "answered = 9"])
def test_the_audit_sees_a_score_that_does_not_add_up(client: Any, product: Product, fault: str) -> None:
    owner(client, product)
    send(client, product, {"1.1": 1})
    assert not list(invariants._checks["programme.self-scores-add-up"]())
    with transaction() as s:
        s.execute(sa.text(f"UPDATE self_scores SET {fault}"))
    session().expire_all()
    assert list(invariants._checks["programme.self-scores-add-up"]()) == [product.slug]
