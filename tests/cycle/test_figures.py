"""Jobs and turnover of producers: told of a day, never written over, summed by legal form."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from shop.accounts.permissions import Role
from shop.cycle.errors import CycleMovedOn
from shop.cycle.queries import figures as queries
from shop.cycle.services import figures
from shop.kernel import clock
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.kernel.errors import Invalid, NotFound
from shop.producers.models import LegalForm
from tests import factories
from tests.people import sign_in

OFFICER = Actor("user", "Cán bộ đặc khu", 902, "127.0.0.1")
VAN_DON, MONG_CAI = "06994", "06709"
EVERYWHERE = ["*"]


def maker(name: str, form: LegalForm | None = LegalForm.COOPERATIVE, commune: str | None = VAN_DON) -> Any:
    return factories.make_producer(name, legal_form=form, commune_code=commune)


def say(
    producer: Any, as_of: date, jobs: int | None, turnover: int | None, seen: int = 0, source: str = "Xã khảo sát"
) -> None:
    figures.say(OFFICER, producer.id, as_of, jobs, turnover, source, seen=seen)


def test_what_cannot_be_told(ctx: Any) -> None:
    one, today = maker("HTX Ruốc"), clock.today()
    for day, jobs, turnover, source, at in (
        (today + timedelta(days=1), 3, None, "Xã", "as_of"),
        (date(2012, 12, 31), 3, None, "Xã", "as_of"),
        (today, None, None, "Xã khảo sát", "jobs"),
        (today, 3, None, " ", "source"),
    ):
        with pytest.raises(Invalid) as refused:
            figures.say(OFFICER, one.id, day, jobs, turnover, source, seen=0)
        assert refused.value.field == at
    with pytest.raises(NotFound):
        figures.say(OFFICER, 999_999, today, 3, None, "Xã khảo sát", seen=0)
    assert queries.of_producer(one.id) == []


def test_a_later_word_takes_the_place_of_an_earlier_one_that_was_seen(ctx: Any) -> None:
    one, day = maker("HTX Ruốc"), date(2025, 12, 31)
    say(one, day, 12, 900_000_000)
    say(one, day, 12, 900_000_000)
    (first,) = queries.of_producer(one.id)
    with pytest.raises(CycleMovedOn):
        say(one, day, 15, 900_000_000)
    say(one, day, 15, 950_000_000, seen=first.id)
    session().expire_all()
    assert [(r.jobs, r.replaced_at is None) for r in queries.of_producer(one.id)] == [(15, True), (12, False)]


def test_the_statistics_of_a_day_take_the_last_number_until_it(ctx: Any) -> None:
    one, two, three = maker("HTX Ruốc"), maker("HTX Sá sùng"), maker("Hộ Lan", LegalForm.HOUSEHOLD)
    other = maker("Công ty Trà Cổ", None, MONG_CAI)
    say(one, date(2024, 12, 31), 10, 500_000_000)
    say(one, date(2025, 12, 31), 14, None)
    say(two, date(2025, 6, 30), 0, 70_000_000)
    say(other, date(2025, 3, 1), 40, None)
    last = queries.by_form(EVERYWHERE, date(2025, 12, 31))
    assert [(s.form, s.producers, s.with_jobs, s.jobs, s.with_turnover, s.turnover) for s in last] == [
        ("htx", 2, 2, 14, 2, 570_000_000), ("household", 1, 0, None, 0, None), (None, 1, 1, 40, 0, None),
    ]  # fmt: skip
    before = queries.by_form(EVERYWHERE, date(2024, 12, 31))[0]
    assert (before.with_jobs, before.jobs, before.turnover) == (1, 10, 500_000_000)
    mine = queries.by_form([f"locality:{VAN_DON}"], date(2025, 12, 31))
    assert queries.total(mine).producers == 3 and queries.total(mine).jobs == 14
    assert queries.total([]).jobs is None and three.id


@pytest.mark.parametrize(("raw", "day"), [("2024", date(2024, 12, 31)), ("x", None), ("9999", None), ("2000", None)])
def test_a_year_is_told_of_its_last_day(ctx: Any, raw: str, day: date | None) -> None:
    assert queries.day_of(raw) == (day or clock.today())


def test_an_officer_and_the_producer_tell_and_read(client: Any, ctx: Any) -> None:
    one, other = maker("HTX Ruốc"), maker("HTX Trà Cổ", commune=MONG_CAI)
    day = f"{clock.today().year - 1}-12-31"
    sign_in(client, (Role.LOCALITY_OFFICER, f"locality:{VAN_DON}"))
    here = f"/office/producer-figures/{one.slug}"
    assert client.get(f"/office/producer-figures/{other.slug}").status_code == 404
    typed = {"as_of": day, "jobs": "1.250", "turnover": "12.500.000.000", "source": "Báo cáo thuế"}
    for spoilt in ({"jobs": "12.5"}, {"turnover": "1,5 tỷ"}, {"as_of": ""}, {"source": ""}):
        bad = client.fill(here, form=here, **(typed | spoilt))
        shown = bad.get_data(as_text=True)
        assert bad.status_code == 422, spoilt
        assert all(f'value="{value}"' in shown for value in (typed | spoilt).values() if value), "nothing typed is lost"
    assert client.fill(here, form=here, **typed).status_code == 303
    assert "12.500.000.000" in client.get(here).get_data(as_text=True)
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{one.id}"))
    own = "/producer/figures"
    meanwhile = client.fill(own, form=own, as_of=day, jobs="1300", turnover="")
    assert meanwhile.status_code == 409 and "1250" in meanwhile.get_data(as_text=True), "it was not seen yet"
    now = client.fill(own, form=own, jobs="1300", turnover="")
    assert now.status_code == 303
    assert [r.jobs for r in queries.of_producer(one.id)] == [1300, 1250]
    sign_in(client, Role.PROGRAMME_OFFICER)
    listed = client.get(f"/office/producer-figures?year={clock.today().year - 1}").get_data(as_text=True)
    assert "HTX Ruốc" in listed and "HTX Trà Cổ" in listed and ">1250<" in listed and "1300" not in listed
    file = client.get("/office/producer-figures?format=csv").get_data(as_text=True)
    assert "1300" in file and "12500000000" in file
