"""What visitors missed: one visitor once per product and day, nobody of the house, no machine, nothing of who he was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from shop.accounts.events import UserErased
from shop.accounts.permissions import Role
from shop.catalog.events import ProductChanged
from shop.demand import visits
from shop.demand.models.unmet import Channel, Kind, UnmetAsk, UnmetDay, UnmetKey
from shop.demand.rules import unmet as rules
from shop.demand.services import unmet
from shop.demand.services.unmet import Visit, Wish
from shop.kernel import clock, invariants, settings
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.kernel.errors import Busy
from shop.kernel.events import publish
from tests.factories import make_point, make_producer, make_variant, put_in
from tests.people import sign_in
from tests.statements import statements

BROWSER = {"User-Agent": "Mozilla/5.0 (Linux; Android 14)", "Accept-Language": "vi"}


def rows() -> list[UnmetAsk]:
    session().rollback()
    session().expire_all()
    return list(session().scalars(select(UnmetAsk).order_by(UnmetAsk.id)))


def kinds() -> list[tuple[str, int]]:
    return [(row.kind.value, row.quantity) for row in rows()]


def whole() -> None:
    """The sums are those of the single asks, and none is too old."""
    assert broken("demand.unmet-days-add-up") == []
    assert broken("demand.unmet-asks-end") == []


def broken(name: str) -> list[str]:
    """What a check of the audit finds."""
    session().rollback()
    session().expire_all()
    return list(invariants._checks[name]())


@pytest.fixture
def goods(ctx: Flask) -> dict[str, Any]:
    """Squid that is sold out, noodles that are there."""
    point, maker = make_point(), make_producer("HTX Bái Tử Long")
    made = {
        "squid": make_variant("Chả mực Hạ Long", amount=185_000, producer=maker),
        "noodles": make_variant("Miến dong Bình Liêu", amount=60_000),
    }
    put_in(made["noodles"], point, 5)
    tell(*made.values())
    return made | {"point": point, "maker": maker}


def tell(*variants: Any) -> None:
    with transaction():
        for v in variants:
            publish(ProductChanged(v.product_id))


def slug(variant: Any) -> str:
    from shop.catalog.models import Product

    return str(session().scalar(select(Product.slug).where(Product.id == variant.product_id)))


def look(client: Any, path: str, **headers: str) -> Any:
    return client.get(path, headers=BROWSER | headers)


# --- pages -------------------------------------------------------------------------------------------------------


def test_a_search_and_a_sold_out_page_are_one_wish_and_no_page_writes(client: Any, goods: Any) -> None:
    look(client, "/san-pham")
    with statements() as seen:
        assert look(client, "/san-pham?q=chả+mực").status_code == 200
        assert look(client, f"/san-pham/{slug(goods['squid'])}").status_code == 200
        look(client, "/san-pham?q=bưởi+diễn")
        look(client, "/san-pham?q=bưởi+diễn&trang=1")
        look(client, f"/san-pham/{slug(goods['noodles'])}")
        look(client, "/san-pham?q=miến+dong")
    assert not seen.writes
    assert visits.flush() == 2
    assert visits.flush() == 0
    page, words = sorted(rows(), key=lambda row: row.kind.value)
    assert (page.kind, page.channel, page.variant_id, page.unit_amount) == (
        Kind.PAGE_SOLD_OUT, Channel.WEB, goods["squid"].id, 185_000,
    )  # fmt: skip
    assert (page.lost_units, page.lost_amount) == (100, 18_500)  # a tenth of one unit
    assert (words.kind, words.text, words.words, words.product_id) == (
        Kind.SEARCH_NOTHING, "buoi dien", "bưởi diễn", None,
    )  # fmt: skip
    whole()


def test_a_search_that_finds_only_sold_out_goods(client: Any, goods: Any) -> None:
    look(client, "/san-pham?q=chả+mực")
    look(client, "/en/san-pham?q=cha+muc")
    assert visits.flush() == 1
    (row,) = rows()
    assert (row.kind, row.product_id, row.variant_id) == (Kind.SEARCH_SOLD_OUT, goods["squid"].product_id, None)


def test_a_page_from_memory_counts_each_of_its_visitors(make_app: Callable[..., Flask]) -> None:
    app = make_app(page_cache_seconds=60)
    with app.app_context():
        squid = make_variant("Chả mực Hạ Long")
        tell(squid)
        path = f"/san-pham/{slug(squid)}"
        first = look(app.test_client(), path)
        with statements() as seen:
            second = look(app.test_client(), path, **{"User-Agent": "Mozilla/5.0 (iPhone)"})
            third = look(
                app.test_client(), path, **{"User-Agent": "Mozilla/5.0 (X11)", "If-None-Match": first.headers["ETag"]}
            )
        assert len(seen) == 0, "the page was not shown from memory"
        assert first.data == second.data
        assert third.status_code == 304
        assert {"Set-Cookie", "Vary"} & set(second.headers.keys()) <= {"Vary"}
        assert "Cookie" not in second.headers["Vary"]
        assert visits.flush() == 3
        assert kinds() == [("page_sold_out", 1)] * 3


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "Googlebot/2.1"},
        {"User-Agent": "curl/8.5"},
        {"User-Agent": ""},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Accept-Language": None},
    ],
)
def test_machines_are_left_out(client: Any, goods: Any, headers: dict[str, Any]) -> None:
    sent = {k: v for k, v in (BROWSER | headers).items() if v is not None}
    assert client.get(f"/san-pham/{slug(goods['squid'])}", headers=sent).status_code == 200
    assert visits.flush() == 0
    assert rows() == []


@pytest.mark.parametrize(("role", "counted"), [(Role.PROGRAMME_OFFICER, 0), (Role.PRODUCER_MEMBER, 0), (None, 1)])
def test_people_of_the_house_are_left_out(client: Any, goods: Any, role: Role | None, counted: int) -> None:
    sign_in(client, *([(role, f"producer:{goods['maker'].id}" if "producer" in role else "*")] if role else []))
    answer = look(client, f"/san-pham/{slug(goods['squid'])}")
    assert "Cookie" not in answer.headers.get("Vary", "")  # the page does not look at the session
    assert visits.flush() == counted


def test_a_count_that_fails_harms_no_page(client: Any, goods: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(visits, "present", broken)
    assert look(client, f"/san-pham/{slug(goods['squid'])}").status_code == 200


def test_a_busy_database_loses_nothing(client: Any, goods: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    look(client, f"/san-pham/{slug(goods['squid'])}")
    with monkeypatch.context() as patch:

        def busy(*_: Any) -> int:
            raise Busy

        patch.setattr(unmet, "record_visits", busy)
        with pytest.raises(Busy):
            visits.flush()
    assert visits.flush() == 1


def test_a_flood_is_written_in_parts(ctx: Flask, goods: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(120):
        with ctx.test_request_context("/", headers=BROWSER | {"User-Agent": f"Mozilla/5.0 (X{n})"}):
            visits.note(page_wish(goods["squid"]))
    parts: list[int] = []
    write = unmet.record_visits

    def some(found: Any) -> int:
        parts.append(len(found))
        return write(found)

    monkeypatch.setattr(unmet, "record_visits", some)
    assert visits.flush() == 120
    assert parts == [50, 50, 20]
    (day,) = session().scalars(select(UnmetDay))
    assert (day.asks, day.units) == (120, 120)
    whole()


def test_one_wish_that_cannot_be_written_keeps_no_other_back(ctx: Flask, goods: Any) -> None:
    for n, wish in enumerate([page_wish(goods["squid"]), Wish(Kind.PAGE_SOLD_OUT, Channel.WEB, product_id=999_999)]):
        with ctx.test_request_context("/", headers=BROWSER | {"User-Agent": f"Mozilla/5.0 (X{n})"}):
            visits.note(wish)
    assert visits.flush() == 1
    assert visits.flush() == 0
    assert kinds() == [("page_sold_out", 1)]
    whole()


def test_words_that_may_name_somebody_are_not_kept(client: Any, goods: Any) -> None:
    for q in ("0912 345 678", "lan@thu.vn", "***"):
        look(client, f"/san-pham?q={q}")
    assert visits.flush() == 0
    assert rows() == []


# --- baskets -----------------------------------------------------------------------------------------------------


def token(app: Flask) -> str:
    from shop.kernel.web import public_token

    with app.test_request_context():
        return public_token()


def put(client: Any, app: Flask, variant: Any, quantity: int) -> Any:
    data = {"sku": variant.sku, "quantity": quantity, "csrf_token": token(app)}
    return client.post("/gio-hang/them", data=data, headers=BROWSER)


def test_a_basket_cut_or_refused_counts_what_lacked(client: Any, goods: Any, ctx: Flask) -> None:
    assert put(client, ctx, goods["noodles"], 8).status_code == 303  # 5 are there
    assert put(client, ctx, goods["squid"], 4).status_code == 409
    assert visits.flush() == 2
    assert kinds() == [("basket_cut", 3), ("basket_cut", 4)]
    assert [(row.lost_units, row.lost_amount) for row in rows()] == [(3000, 180_000), (4000, 740_000)]
    # More than one order may have is no want of goods.
    other = ctx.test_client()
    put_in(goods["noodles"], goods["point"], 100)
    put(other, ctx, goods["noodles"], 90)
    assert visits.flush() == 0
    whole()


def test_a_change_of_the_basket_counts_too(client: Any, goods: Any, ctx: Flask) -> None:
    put(client, ctx, goods["noodles"], 2)
    assert visits.flush() == 0
    form = {"sku": goods["noodles"].sku, "quantity": "9", "csrf_token": client.token("/gio-hang")}
    assert client.post("/gio-hang", data=form, headers=BROWSER).status_code == 303
    assert client.post("/gio-hang", data=form | {"quantity": "4"}, headers=BROWSER).status_code == 303
    assert visits.flush() == 1
    assert kinds() == [("basket_cut", 4)]


def test_seen_then_wanted_is_one_and_a_cookie_that_comes_later_is_the_same_visitor(
    client: Any, goods: Any, ctx: Flask
) -> None:
    look(client, f"/san-pham/{slug(goods['squid'])}")  # without a cookie
    visits.flush()
    before = [(row.id, row.visitor_key) for row in rows()]
    put(client, ctx, goods["noodles"], 1)  # now the browser has a key
    put(client, ctx, goods["squid"], 2)
    assert visits.flush() == 1
    (after,) = rows()
    assert (after.kind, after.quantity) == (Kind.BASKET_CUT, 2)
    assert [after.id] == [number for number, _key in before]
    assert after.visitor_key not in {None, *(key for _number, key in before)}
    look(client, f"/san-pham/{slug(goods['squid'])}")  # weaker than what is known
    assert visits.flush() == 0
    # Another browser behind the same address is another person.
    other = ctx.test_client()
    put(other, ctx, goods["noodles"], 1)
    put(other, ctx, goods["squid"], 1)
    visits.flush()
    assert kinds() == [("basket_cut", 2), ("basket_cut", 1)]
    whole()


# --- the rule of one ---------------------------------------------------------------------------------------------


def visit(wish: Wish, *who: str, days: int = 0) -> Visit:
    return Visit(clock.today() - timedelta(days=days), who or ("from:a",), wish)


def page_wish(variant: Any, quantity: int = 1, kind: Kind = Kind.PAGE_SOLD_OUT) -> Wish:
    return Wish(kind, Channel.WEB, quantity, product_id=variant.product_id, variant_id=variant.id)


def test_the_strongest_word_and_the_largest_number_win_in_any_order(goods: Any) -> None:
    squid = goods["squid"]
    said = [page_wish(squid), page_wish(squid, 3, Kind.BASKET_CUT), page_wish(squid, 1, Kind.SEARCH_SOLD_OUT)]
    said.append(page_wish(squid, 2, Kind.BASKET_CUT))
    for n, order in enumerate(([0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1])):
        for i in order:
            unmet.record_visits([visit(said[i], f"from:{n}")])
    assert kinds() == [("basket_cut", 3)] * 3
    waiting = page_wish(squid, 2, Kind.WAIT_LIST)
    unmet.record_visits([visit(waiting, "from:0")])
    assert kinds()[0] == ("wait_list", 3)
    (day,) = session().scalars(select(UnmetDay).where(UnmetDay.kind == Kind.BASKET_CUT))
    assert (day.asks, day.units, day.lost_units, day.lost_amount) == (2, 6, 6000, 6 * 185_000)
    whole()


def test_another_day_is_another_wish_and_its_key_another(goods: Any) -> None:
    wish = page_wish(goods["squid"])
    unmet.record_visits([visit(wish)])
    yesterday = clock.now() - timedelta(days=1)
    from dataclasses import replace

    unmet.record_visits([visit(replace(wish, at=yesterday), days=1)])
    first, second = rows()
    assert first.visitor_key != second.visitor_key
    assert session().scalar(select(func.count()).select_from(UnmetKey)) == 2


def test_a_visitor_of_more_than_a_person_can_look_at_is_a_machine(goods: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unmet, "MOST_A_DAY", 3)
    for n in range(5):
        unmet.record_visits([visit(Wish(Kind.SEARCH_NOTHING, Channel.WEB, words=f"món {n}"))])
    assert len(rows()) == 3
    whole()


def test_two_processes_that_write_at_once_count_one_visitor_once(
    goods: Any, ctx: Flask, together: Callable[..., Any]
) -> None:
    wish = page_wish(goods["squid"])
    outcomes = together(
        ctx, [lambda n=n: unmet.record_visits([visit(wish, "cookie:x", f"from:{n % 2}")]) for n in range(8)]
    )
    assert [o.error for o in outcomes if o.error] == []
    assert sum(o.value for o in outcomes) == 1
    assert kinds() == [("page_sold_out", 1)]
    whole()


def test_a_cause_is_written_once_by_many_at_once(goods: Any, ctx: Flask, together: Callable[..., Any]) -> None:
    wish = Wish(Kind.TILL_ASKED, Channel.TILL, 2, variant_id=goods["squid"].id, point_id=goods["point"].id)
    outcomes = together(ctx, [lambda n=n: unmet.record(wish, once=f"till:{n}") for n in range(6)])
    assert [o.error for o in outcomes if o.error] == []
    assert not unmet.record(wish, once="till:0")
    (day,) = session().scalars(select(UnmetDay))
    assert (day.asks, day.units, day.lost_amount) == (6, 12, 12 * 185_000)
    whole()


def test_the_shares_are_settings_and_hold_from_then_on(goods: Any) -> None:
    unmet.record_visits([visit(page_wish(goods["squid"]), "from:1")])
    settings.change(SYSTEM, rules.PAGE_SHARE.key, "50")
    unmet.record_visits([visit(page_wish(goods["squid"]), "from:2")])
    assert [row.lost_units for row in rows()] == [100, 500]
    (day,) = session().scalars(select(UnmetDay))
    assert day.lost_units == 600
    whole()


# --- terms and faults --------------------------------------------------------------------------------------------


def test_single_asks_end_and_their_sums_stay(goods: Any) -> None:
    old = clock.now() - timedelta(days=95)
    wish = Wish(Kind.REFUSED, Channel.WEB, 2, variant_id=goods["squid"].id)
    from dataclasses import replace

    unmet.record(replace(wish, at=old), once="a")
    unmet.record(wish, once="b")
    with transaction() as s:
        s.add(UnmetKey(day=clock.today() - timedelta(days=2), key="x"))
        s.add(UnmetKey(day=clock.today(), key="y"))
    assert broken("demand.unmet-asks-end") != []
    assert unmet.thin() == 1
    assert unmet.thin() == 0
    assert [row.once for row in rows()] == ["r:b"]
    days = session().scalars(select(UnmetDay).order_by(UnmetDay.day)).all()
    assert [(day.units, day.has_asks) for day in days] == [(2, False), (2, True)]
    assert session().scalars(select(UnmetKey.key)).all() == ["y"]
    whole()


def test_the_audit_sees_sums_that_are_wrong(goods: Any) -> None:
    unmet.record(Wish(Kind.REFUSED, Channel.WEB, 2, variant_id=goods["squid"].id), once="a")
    whole()
    with transaction() as s:
        s.execute(update(UnmetDay).values(units=3))
    assert len(broken("demand.unmet-days-add-up")) == 1
    with transaction() as s:
        s.query(UnmetDay).delete()
    assert len(broken("demand.unmet-days-add-up")) == 1


def test_the_erased_leave_no_tie(client: Any, goods: Any) -> None:
    user = sign_in(client)
    look(client, f"/san-pham/{slug(goods['squid'])}")
    visits.flush()
    assert rows()[0].visitor_key
    with transaction():
        publish(UserErased(user.id))
    (row,) = rows()
    assert row.visitor_key is None
    whole()
