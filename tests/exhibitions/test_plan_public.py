"""Fairs for everybody: the list, a fair with its plan, figures of sources side by side, the calendar and its feed; the
producers' own calendar; the loading of what sources say."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.accounts.permissions import Role
from shop.exhibitions import ics
from shop.exhibitions.models.fairs import Exhibition, FairState
from shop.exhibitions.models.records import Figure, FigureKind
from shop.exhibitions.queries import public
from shop.exhibitions.queries import records as reads
from shop.exhibitions.services import fairs, records
from shop.exhibitions.services.records import FigureDraft
from shop.exhibitions.starts import ALL_YEAR, start
from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from shop.supply.models import Capacity, Per, SeasonCalendar
from tests import factories
from tests.exhibitions.plan_made import DAY, STAFF, draft, fair, key, planned, post, row
from tests.exhibitions.test_plan_plan import stand
from tests.people import sign_in
from tests.statements import statements

HERE = "/office/exhibitions"


def text(client, address, status=200):
    answer = client.get(address)
    assert answer.status_code == status, address
    return answer.get_data(as_text=True)


@pytest.fixture
def recorded(ctx):
    records.load()
    return ctx


# --- what sources say --------------------------------------------------------------------------------------------


def test_loading_twice_loads_once(recorded):
    assert session().query(Exhibition).count() == 19
    count = session().query(Figure).count()
    assert count > 40
    assert records.load() == 0
    assert session().query(Figure).count() == count


def test_what_staff_changed_stays_after_loading_again(recorded):
    made = row("hoi-cho-2015")
    for figure in session().query(Figure).filter_by(exhibition_id=made.id):
        records.remove(STAFF, made.id, figure.id)
    assert records.load() == 0
    assert reads.of(made.id) == []


def test_every_fair_has_its_page_with_sources(recorded, client):
    for found in session().query(Exhibition):
        for prefix in ("", "/en"):
            page = text(client, f"{prefix}/hoi-cho/{found.slug}")
            for url in found.source_url.split(" ; "):
                assert url.replace("&", "&amp;") in page
    text(client, "/hoi-cho/khong-co", 404)


def test_figures_that_disagree_stand_side_by_side(recorded, client):
    page = text(client, "/hoi-cho/hoi-cho-2017-xuan")
    for figure in ("150", "94", "210", "289"):
        assert f"<strong>{figure}</strong>" in page
    assert page.count("nguồn khác nhau") == 2
    assert "20/01/2017" in page, "the day of the source"
    groups = {g.what: g for g in reads.of(row("hoi-cho-he-2019").id)}
    assert not groups[FigureKind.LOCALITY_TURNOVER].differ, "five localities are no five opinions"
    assert groups[FigureKind.TURNOVER].figures[0].text == "10.200.000.000\N{NO-BREAK SPACE}₫"


def test_no_fair_is_announced_that_is_not_known(recorded, client):
    assert public.upcoming(date(2026, 11, 24)) is None
    assert public.upcoming(date(2026, 2, 8)) is None, "what is known from sources is not called out again"
    page = text(client, "/hoi-cho")
    assert "chưa công bố ngày" in page
    assert page.index("hoi-cho-xuan-2026") < page.index("hoi-cho-2015")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": "a" * 81}, "text"),
        ({"value": -1}, "value"),
        ({"value": 10**16}, "value"),
        ({"source": None}, "source"),
        ({"source_url": "javascript:alert(1)"}, "source_url"),
        ({"what": FigureKind.OTHER}, "label"),
        ({"as_of": date(2199, 1, 1)}, "as_of"),
    ],
)
def test_a_figure_without_sense_or_source_is_refused(ctx, changes, field):
    made = fair()
    good = FigureDraft(FigureKind.BOOTHS, "~60", 60, source="Báo Quảng Ninh")
    with pytest.raises(Invalid) as refused:
        records.add(STAFF, made.id, replace(good, **changes), key())
    assert refused.value.field == field


def test_staff_add_a_figure_beside_the_others(recorded, client):
    sign_in(client, Role.PROMOTION_STAFF)
    here = f"{HERE}/hoi-cho-he-2023/figures"
    assert "Số liệu theo nguồn" in text(client, here)
    fields = {
        "what": "visitors",
        "text": "hơn 60.000",
        "value": "60.000",
        "source": "Báo cáo tổng kết",
        "as_of": "2023-05-10",
    }
    once = key()
    assert post(client, here, **fields, op_key=once).status_code == 302
    assert post(client, here, **fields, op_key=once).status_code == 302
    groups = {g.what: g for g in reads.of(row("hoi-cho-he-2023").id)}
    assert [t.row.value for t in groups[FigureKind.VISITORS].figures] == [55_000, 60_000]
    assert groups[FigureKind.VISITORS].differ
    public_page = text(client, "/hoi-cho/hoi-cho-he-2023")
    assert "hơn 60.000" in public_page
    refused = post(client, here, **(fields | {"source": "", "text": "gần 70.000"}), op_key=key())
    assert refused.status_code == 422
    assert "gần 70.000" in refused.get_data(as_text=True)
    added = groups[FigureKind.VISITORS].figures[1].row.id
    assert post(client, here, remove=added).status_code == 302
    assert post(client, here, remove=added).status_code == 302
    other = session().query(Figure.id).filter(Figure.exhibition_id != row("hoi-cho-he-2023").id).first()[0]
    assert post(client, here, remove=other).status_code == 404


def test_a_recorded_fair_has_no_plan_and_no_budget(recorded, client):
    sign_in(client, Role.PROMOTION_STAFF)
    page = text(client, f"{HERE}/hoi-cho-2015")
    assert "/plan" not in page
    assert "/budget" not in page
    assert "fair-save" not in page


# --- the public pages --------------------------------------------------------------------------------------------


def test_a_draft_is_seen_by_nobody(ctx, client):
    made = fair()
    planned(made)
    text(client, f"/hoi-cho/{made.slug}", 404)
    text(client, f"/hoi-cho/{made.slug}/so-do.pdf", 404)
    assert made.name not in text(client, "/hoi-cho")
    fairs.announce(STAFF, made.id, key())
    page = text(client, f"/hoi-cho/{made.slug}")
    assert "Đang nhận hồ sơ" in page
    assert client.get(f"/hoi-cho/{made.slug}/so-do.pdf").data.startswith(b"%PDF")
    assert made.name in text(client, "/hoi-cho")
    assert made.name in text(client, "/")
    fairs.cancel(STAFF, made.id, "Bão số 9", key())
    page = text(client, f"/hoi-cho/{made.slug}")
    assert "Hội chợ đã hủy" in page
    assert "Bão số 9" in page
    for address in ("/hoi-cho", "/hoi-cho/lich"):
        assert "Đã hủy" in text(client, address), address
    assert made.name not in text(client, "/")
    # The code of a booth that hangs in the hall leads to the word.
    assert client.get(f"/hoi-cho/{made.slug}/gian/A1").headers["Location"] == f"/hoi-cho/{made.slug}"


def test_a_draft_that_was_called_off_was_never_seen(ctx, client):
    made = fair()
    fairs.cancel(STAFF, made.id, "Không đủ kinh phí", key())
    text(client, f"/hoi-cho/{made.slug}", 404)
    assert made.name not in text(client, "/hoi-cho")
    assert made.name not in text(client, "/hoi-cho/lich.ics")


def test_who_stands_where_is_shown_once_it_is_published(ctx, client):
    made = fair(announced=True)
    planned(made)
    maker = stand(made, "A2")
    page = text(client, f"/hoi-cho/{made.slug}")
    assert maker.name not in page
    assert 'id="gian-A2"' in page
    assert 'href="#gian-A2"' in page
    assert "hatch-1" in page
    assert "Khu trong tỉnh" in page
    with transaction():
        row(made.slug).state = FairState.ALLOTTED
    public.forget()
    assert maker.name in text(client, f"/hoi-cho/{made.slug}")
    assert maker.slug in text(client, f"/en/hoi-cho/{made.slug}")


def test_the_call_says_when(ctx, client):
    today = clock.today()
    later = fair(announced=True, call_from_on=today + 5 * DAY, call_to_on=today + 9 * DAY)
    over = fair(announced=True, call_from_on=today - 9 * DAY, call_to_on=today - 5 * DAY)
    assert "Nhận hồ sơ từ" in text(client, f"/hoi-cho/{later.slug}")
    assert "Đã hết hạn nhận hồ sơ" in text(client, f"/hoi-cho/{over.slug}")


def test_a_fairs_page_takes_few_statements(ctx, app, client):
    made = fair(announced=True)
    planned(made)
    text(client, f"/hoi-cho/{made.slug}")
    with statements(app) as seen:
        text(client, f"/hoi-cho/{made.slug}?a=1")
    assert len(seen) <= 8
    records.load()
    public.forget()
    with statements(app) as seen:
        text(client, "/hoi-cho?a=1")
    assert len(seen) <= 3


def test_the_calendar_by_month(recorded, client):
    made = fair(announced=True)
    page = text(client, "/hoi-cho/lich")
    assert made.name in page
    assert "/hoi-cho/lich.ics" in page
    old = text(client, "/hoi-cho/lich?nam=2019")
    assert "hoi-cho-he-2019" in old
    assert "tuan-tieu-dung-2019" in old, "what has no month is not lost"
    assert made.name not in old
    assert text(client, "/hoi-cho/lich?nam=abc")
    assert text(client, "/en/hoi-cho/lich")


# --- the feed ----------------------------------------------------------------------------------------------------


def parsed(feed: str) -> list[dict[str, str]]:
    """The events of a feed as a strict reader takes them: unfolded, unescaped, by name with parameters."""
    assert feed.endswith("\r\n")
    assert "\n" not in feed.replace("\r\n", "")
    for line in feed.split("\r\n"):
        assert len(line.encode()) <= 75
    lines = feed.replace("\r\n ", "").split("\r\n")[:-1]
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-1] == "END:VCALENDAR"
    events: list[dict[str, str]] = []
    for line in lines:
        name, _, value = line.partition(":")
        if line == "BEGIN:VEVENT":
            events.append({})
        elif events and line != "END:VEVENT":
            raw = re.sub(r"\\([\\;,nN])", lambda m: "\n" if m[1] in "nN" else m[1], value)
            assert not re.search(r"(?<!\\)(?:\\\\)*[;,]", value) or name in {"URL"}, line
            assert name not in events[-1], f"{name} twice"
            events[-1][name] = raw
    return events


def test_the_feed_is_what_calendars_read(recorded, client):
    made = fair(announced=True, name="Hội chợ; Xuân, thử", description="Dòng một,\nDòng hai; \\ hết")
    answer = client.get("/hoi-cho/lich.ics")
    assert answer.mimetype == "text/calendar"
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    events = parsed(answer.get_data(as_text=True))
    assert len({e["UID"] for e in events}) == len(events)
    mine = next(e for e in events if e["SUMMARY"] == "Hội chợ; Xuân, thử")
    assert mine["DTSTART;VALUE=DATE"] == f"{made.from_on:%Y%m%d}"
    assert mine["DTEND;VALUE=DATE"] == f"{made.to_on:%Y%m%d}", "the end is the day after the last"
    assert mine["DESCRIPTION"] == "Dòng một,\nDòng hai; \\ hết"
    assert re.fullmatch(r"\d{8}T\d{6}Z", mine["DTSTAMP"])
    assert mine["URL"].endswith(f"/hoi-cho/{made.slug}")
    assert mine["STATUS"] == "CONFIRMED"
    uid = mine["UID"]
    fairs.cancel(STAFF, made.id, "Bão", key())
    again = next(e for e in parsed(text(client, "/hoi-cho/lich.ics")) if e["UID"] == uid)
    assert again["STATUS"] == "CANCELLED"
    assert again["SUMMARY"] == "ĐÃ HỦY: Hội chợ; Xuân, thử"
    assert int(again["SEQUENCE"]) >= int(mine["SEQUENCE"])


LETTERS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n,;\\ếộ"), max_size=200)


@given(LETTERS, LETTERS)
def test_any_text_comes_through_the_feed(summary, about):
    event = ics.Event("u@x", summary, date(2027, 1, 27), None, datetime(2026, 11, 1, tzinfo=UTC), text=about)
    # What ends a line for Python (a line separator of Unicode too) is a new line for calendars.
    (found,) = parsed(ics.calendar("Hội chợ", [event]))
    assert found["SUMMARY"] == "\n".join(summary.splitlines())
    assert found.get("DESCRIPTION", "") == "\n".join(about.splitlines())
    assert "DTEND;VALUE=DATE" not in found


# --- by when to begin --------------------------------------------------------------------------------------------


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 400), st.text("0123", min_size=12, max_size=12))
def test_goods_are_ready_in_their_season_before_the_fair(first, lead, months):
    found = start(first, lead, months)
    if months == "0" * 12:
        assert found.never
        assert found.by is None
        return
    assert found.ready_on < first
    assert months[found.ready_on.month - 1] != "0"
    assert found.by == found.ready_on - timedelta(days=lead)
    assert found.early == (months[(first - timedelta(days=1)).month - 1] == "0")


def test_unknown_lead_time_is_unknown():
    assert start(date(2027, 1, 27), None, ALL_YEAR).by is None
    assert start(date(2027, 1, 27), 60, ALL_YEAR).by == date(2026, 11, 27)
    # Nothing in December and January: the last goods are those of November.
    out = start(date(2027, 1, 27), 10, "022222222220")
    assert (out.ready_on, out.by, out.early) == (date(2026, 11, 30), date(2026, 11, 20), True)


def test_the_producers_calendar(ctx, client):
    made = fair(announced=True)
    fair(name="Hội chợ đang soạn")
    mine, other = factories.make_producer("HTX Của Tôi"), factories.make_producer("HTX Khác")
    known = factories.make_variant("Miến dong lâu", producer=mine)
    factories.make_variant("Chè chưa khai", producer=mine)
    factories.make_variant("Hàng người khác", producer=other)
    now = clock.now()
    with transaction() as s:
        s.add(
            Capacity(
                producer_id=mine.id, product_id=known.product_id, per=Per.WEEK, units=10, from_on=clock.today() - DAY,
                lead_days=75, said_at=now, said_by="x", said_label="x",
            )
        )  # fmt: skip
        s.add(
            SeasonCalendar(
                producer_id=mine.id, product_id=known.product_id, months="2" * 12, said_at=now, said_by="x", said_label="x"
            )
        )  # fmt: skip
    sign_in(client, (Role.PRODUCER_OWNER, f"producer:{mine.id}"))
    page = text(client, "/producer/fairs/calendar")
    assert made.name in page
    assert "Hội chợ đang soạn" not in page
    assert "đã quá ngày" in page, "75 days before a fair in 60 days is over"
    assert "75 ngày" in page
    assert "bạn chưa khai thời gian làm hàng" in page
    assert "Hàng người khác" not in page
    fairs.cancel(STAFF, made.id, "Bão", key())
    page = text(client, "/producer/fairs/calendar")
    assert made.name in page
    assert "Đã hủy" in page
    assert "75 ngày" not in page
    assert draft().from_on == made.from_on


def test_another_fairs_figures_are_not_taken_back(recorded):
    with pytest.raises(NotFound):
        records.remove(
            STAFF,
            row("hoi-cho-2015").id,
            session().query(Figure.id).filter(Figure.exhibition_id == row("hoi-cho-he-2019").id).first()[0],
        )
