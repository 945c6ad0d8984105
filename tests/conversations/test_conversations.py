"""Messages about a parcel: through the shop, masked, told by letter, limited, blanked after their term."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update

from shop.accounts.events import UserErased
from shop.accounts.permissions import Role
from shop.conversations import letters, queries, rules
from shop.conversations import services as conversations
from shop.conversations.errors import ConversationOver, TooManyMessages
from shop.conversations.events import MessageWritten
from shop.conversations.masks import MASK, mask
from shop.conversations.models import Conversation, Side
from shop.kernel import clock, events, invariants, jobs, operations
from shop.kernel.actor import GUEST
from shop.kernel.db import session, transaction
from shop.kernel.jobs import Job
from shop.kernel.mail import Letter
from shop.orders import rules as order_rules
from shop.orders import services as orders
from shop.orders.models import Fulfilment, Order
from tests.orders.conftest import MEMBER, Store, app, make_store, one_parcel, store  # noqa: F401 - fixtures
from tests.pages.test_order_desk import page, place, post, shelf
from tests.people import make_user, sign_in


def say(order: Order, side: Side = Side.BUYER, words: str = "Gói giúp tôi kỹ nhé", key: str = "") -> bool:
    return conversations.write(
        GUEST if side is Side.BUYER else MEMBER, order.fulfilments[0].id, side, words, key or operations.new_key()
    )


def thread(order: Order) -> queries.Thread:
    session().rollback()
    found = queries.thread(order.fulfilments[0].id)
    assert found is not None
    return found


def broken() -> set[str]:
    session().rollback()
    return {found.name for found in invariants.run() if not found.ok}


def opened(order: Order, ctx: Flask) -> str:
    """The address of the buyer's page, by its secret."""
    secret = orders.secret_for(str(ctx.secret_key), order.reference)
    with transaction() as s:
        s.execute(update(Order).where(Order.id == order.id).values(secret_hash=orders.secret_hash(secret)))
    return f"/don-hang/{order.reference}?k={secret}"


# --- masks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "gọi 0912345678 nhé", "0912 345 678", "0912.345.678", "+84 912 345 678", "84912345678", "(091) 234-5678",
        "0 9 1 2 3 4 5 6 7 8",
        "viết lan.nguyen@gmail.com", "lan @ gmail.com", "vào www.htx.vn", "https://zalo.me/0912", "fb.com/htxbenthu",
        "htx-ben.com.vn",
        "STK 0011001234567", "stk: 1903 3456 7890 12 Techcombank", "số tài khoản 12345678 ở BIDV", "tài khoản 0011.0034.5678.9",
        "9704 3456 - 7890 1234 ngân hàng Vietcombank", "CK cho mình 34512345 MB nhé", "Chuyển cho 103345678901",
        "tk 12345670 VCB", "evil[.]com/345", "evil[.]com", "evil (dot) com", "htx ben chấm vn", "evil [dot] com", "hxxps://x/345",
        "lan[at]gmail.com", "O9l2 345 678", "o912345678", "09l2.345.678", "O9I2 345 678", "０９１２３４５６７８",
        "vận đơn 0912345678", "mã đơn: 84912345678",
    ],
)  # fmt: skip
def test_ways_around_the_shop_are_masked(words: str) -> None:
    kept, masked = mask(words)
    assert masked
    assert MASK in kept
    assert "345" not in kept
    assert "@" not in kept
    assert mask(kept) == (kept, False)


@pytest.mark.parametrize(
    "words",
    [
        "Đơn HX7K-3M2P/1",
        "giá 1.250.000 đồng",
        "giao 05/12/2026 lúc 08:30",
        "0,5 kg",
        "số 12 ngõ 105",
        "Gửi 2 gói.Cảm ơn",
        "Đã chuyển khoản 12.500.000 đồng ngày 05.12.2026",
        "CK 12 500 000đ rồi nhé",
        "tài khoản của tôi bị trừ 1.250.000 đ hôm 05-12-2026",
        "ngân hàng báo ngày 2026-12-05 lúc 08:30",
        "mã vận đơn 842123456789",
        "Vận đơn số: 1234567890123",
        "mã bưu gửi EB123456789VN, VTP12345678901",
        "Hộp 500 g, 12 hộp, 1.000.000.000 đồng",
        "muối chấm me, ruốc chấm cơm",
        "mã vạch 8936012345678",
        "Loại 1, loại 2, lô 20261205",
        "lO, ol, Il 12 345",
        "tk 2 gói, ck rồi, đơn HX7K-3M2P/1",
    ],
)
def test_plain_words_stay(words: str) -> None:
    assert mask(words) == (words, False)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    digits=st.text("0123456789", min_size=9, max_size=9),
    gap=st.sampled_from(["", " ", ".", "-", " - "]),
    head=st.sampled_from(["0", "+84", "84", "+84 "]),
    around=st.sampled_from([("", ""), ("gọi ", " nhé"), ("(", ")"), ("số:", ".")]),
)
def test_a_number_however_parted_is_masked(digits: str, gap: str, head: str, around: tuple[str, str]) -> None:
    number = head + "".join(gap + d for d in digits)
    kept, masked = mask(around[0] + number + around[1])
    assert masked
    assert sum(c.isdigit() for c in kept) == 0


# --- writing -----------------------------------------------------------------------------------------------------


def test_both_sides_write_and_each_is_counted(store: Store, ctx: Flask) -> None:  # noqa: F811
    order = one_parcel(store)
    assert say(order, words="Gọi tôi 0912 345 678") is True
    say(order, words="Nhờ gói kỹ")
    found = thread(order)
    assert (found.unread[Side.MAKER], found.unread[Side.BUYER], found.unread[Side.OFFICE]) == (2, 0, 0)
    assert found.messages[0].body == f"Gọi tôi {MASK}"
    assert queries.unread_of_producer(store.producer.id) == 1
    say(order, Side.MAKER, "Dạ vâng")
    found = thread(order)
    assert (found.unread[Side.MAKER], found.unread[Side.BUYER]) == (0, 1)  # whoever answers has read
    say(order, Side.OFFICE, "Cửa hàng xin góp lời")
    assert thread(order).unread == {Side.BUYER: 2, Side.MAKER: 1, Side.OFFICE: 0}
    told = [m.payload for m in session().query(Job).filter_by(name="conversations.tell").order_by(Job.id)]
    assert [(m["tell_buyer"], m["tell_maker"]) for m in told] == [
        (False, True),
        (False, False),
        (True, False),
        (False, True),
    ]
    assert broken() == set()


def test_a_double_click_writes_once(store: Store, app: Flask, together: Any) -> None:  # noqa: F811
    order, key = one_parcel(store), operations.new_key()
    parcel = order.fulfilments[0].id
    told = together(app, lambda: conversations.write(GUEST, parcel, Side.BUYER, "Chào", key), times=4)
    assert [one.error for one in told if one.error is not None] == []
    together(app, lambda: conversations.write(GUEST, parcel, Side.BUYER, "Nữa", operations.new_key()), times=4)
    found = thread(order)
    assert (len(found.messages), found.unread[Side.MAKER]) == (5, 5)
    assert session().query(Conversation).count() == 1
    assert broken() == set()


def test_what_is_refused(store: Store, ctx: Flask) -> None:  # noqa: F811
    order = one_parcel(store)
    for words in ("", "  \n ", "x" * 1001):
        with pytest.raises(conversations.Invalid):
            say(order, words=words)
    unpaid = one_parcel(store, method="vietqr")
    with pytest.raises(conversations.NotFound):
        say(unpaid)
    for _ in range(rules.HOURLY.get()):
        say(order)
    with pytest.raises(TooManyMessages):
        say(order)
    say(order, Side.MAKER)  # the other side's count is its own
    old = clock.now() - timedelta(days=order_rules.CONTACT_DAYS.get(), minutes=1)
    with transaction() as s:
        s.execute(update(Fulfilment).values(closed_at=old))
    with pytest.raises(ConversationOver):
        say(order, Side.MAKER)


def test_what_came_after_the_page_stays_unread(store: Store, ctx: Flask) -> None:  # noqa: F811
    order = one_parcel(store)
    parcel = order.fulfilments[0].id
    say(order)
    say(order)
    conversations.seen(parcel, Side.MAKER, 1)
    assert thread(order).unread[Side.MAKER] == 2
    conversations.seen(parcel, Side.OFFICE, 2)
    assert thread(order).unread[Side.MAKER] == 2
    for _ in range(2):
        conversations.seen(parcel, Side.MAKER, 2)
        assert thread(order).unread == dict.fromkeys(Side, 0)
    assert broken() == set()


def test_an_office_grant_for_one_point_opens_no_conversation(store: Store, client: Any, ctx: Flask) -> None:  # noqa: F811
    order = one_parcel(store)
    say(order, words="Lời riêng")
    sign_in(client, (Role.ORDER_DESK, f"point:{store.point.id}"))
    for address in ("/office/conversations", f"/office/conversations/{order.reference}/1"):
        page(client, address, 404)
    assert "/office/conversations" not in page(client, "/office")


# --- pages -------------------------------------------------------------------------------------------------------


def test_from_the_buyers_page_to_the_producer_and_back(store: Store, client: Any, ctx: Flask) -> None:  # noqa: F811
    order = one_parcel(store)
    address = opened(order, ctx)
    form = f"/don-hang/{order.reference}/trao-doi/1"
    shown = page(client, address)
    assert "Trao đổi với HTX Bến Thử" in shown
    empty = client.fill(address, form=form, words=" ")
    assert (empty.status_code, "Hãy viết nội dung tin nhắn." in empty.get_data(as_text=True)) == (422, True)
    done = client.fill(address, form=form, words="Gói kỹ giúp, số tôi 0987654321")
    assert (done.status_code, done.location) == (303, f"/don-hang/{order.reference}#trao-doi-1")
    assert "đã được che" in page(client, f"/don-hang/{order.reference}")
    member = ctx.test_client()
    sign_in(member, (Role.PRODUCER_PACKING, store.scope))
    assert "Khách nhắn, chưa đọc" in page(member, "/producer")
    here = f"/producer/conversations/{order.reference}/1"
    assert f"{order.reference}/1" in page(member, "/producer/conversations?state=unread")
    shown = page(member, here)
    assert f"Gói kỹ giúp, số tôi {MASK}" in shown
    assert "0987654321" not in shown
    assert f"{order.reference}/1" in page(member, "/producer/conversations?state=unread")  # looking changes nothing
    assert member.fill(here, form=f"{here}/seen").location == here
    assert f"{order.reference}/1" not in page(member, "/producer/conversations?state=unread")
    assert f"{here}/seen" not in page(member, here)
    assert member.fill(here, words="").status_code == 422
    member.fill(here, words="Dạ, gói ba lớp ạ")
    shown = page(client, f"/don-hang/{order.reference}")
    assert "Dạ, gói ba lớp ạ" in shown
    assert "1 tin mới" in shown
    assert "1 tin mới" in page(client, f"/don-hang/{order.reference}")
    read = client.fill(f"/don-hang/{order.reference}", form=f"{form}/da-doc")
    assert (read.status_code, read.location) == (303, f"/don-hang/{order.reference}#trao-doi-1")
    assert "1 tin mới" not in page(client, f"/don-hang/{order.reference}")
    for export in ("csv", "xlsx"):
        assert member.get(f"/producer/conversations?export={export}", buffered=True).status_code == 200


def test_whose_conversations(store: Store, client: Any, ctx: Flask) -> None:  # noqa: F811
    other = make_store("HTX Khác")
    foreign = one_parcel(other)
    say(foreign)
    sign_in(client, (Role.PRODUCER_OWNER, store.scope))
    assert foreign.reference not in page(client, "/producer/conversations")
    here = f"/producer/conversations/{foreign.reference}/1"
    page(client, here, 404)
    assert post(client, here, "/producer/conversations", words="Chào").status_code == 404
    page(client, "/producer/conversations/XXXX-XXXX/1", 404)
    assert client.post(f"/don-hang/{foreign.reference}/trao-doi/1", data={"words": "x"}).status_code in {400, 403, 404}


def test_the_office_reads_along_and_answers_for_its_own(store: Store, client: Any, ctx: Flask) -> None:  # noqa: F811
    ours, theirs = place(shelf()), one_parcel(store)
    say(ours, words="Bao giờ gửi?")
    say(theirs, words="Gói kỹ nhé")
    assert queries.waiting_for_office() == (1, 0)
    sign_in(client, Role.ORDER_DESK)
    shown = page(client, "/office/conversations")
    assert ours.reference in shown
    assert theirs.reference in shown
    here = f"/office/conversations/{theirs.reference}/1"
    assert "Gói kỹ nhé" in page(client, here)
    client.fill(here, words="Cửa hàng nhắc cơ sở rồi")
    assert thread(theirs).unread[Side.MAKER] == 2
    page(client, f"/office/conversations/{ours.reference}/1")
    assert queries.waiting_for_office() == (1, 0)
    client.fill(f"/office/conversations/{ours.reference}/1", form=f"/office/conversations/{ours.reference}/1/seen")
    assert queries.waiting_for_office() == (0, 0)
    with transaction() as s:
        s.execute(update(Conversation).values(last_at=clock.now() - timedelta(hours=25), last_side=Side.BUYER))
    assert queries.waiting_for_office()[1] == 2
    page(client, "/office/conversations?state=late")
    page(client, "/office/conversations/XXXX-XXXX/1", 404)


# --- letters -----------------------------------------------------------------------------------------------------


def test_letters_tell_without_words_or_addresses(store: Store, ctx: Flask) -> None:  # noqa: F811
    make_user("Thu", (Role.PRODUCER_PACKING, store.scope), email="thu@example.vn")
    make_user("Tiền", (Role.PRODUCER_MONEY, store.scope), email="tien@example.vn")
    order = one_parcel(store)
    say(order, words="Lời riêng")
    say(order, Side.MAKER, "Trả lời riêng")
    for job in session().query(Job).filter_by(name="conversations.tell").order_by(Job.id).all():
        letters.tell(MessageWritten(**job.payload))
        letters.tell(MessageWritten(**job.payload))  # a job may run twice, a letter is one
    sent = {row.recipient: row for row in session().query(Letter).filter_by(kind="conversation.new")}
    assert set(sent) == {"thu@example.vn", "buoi@example.vn"}
    for row in sent.values():
        both = row.body_text + (row.body_html or "")
        assert "riêng" not in both
        assert "912" not in both
        others = set(sent) - {row.recipient}
        assert not any(address in both for address in others)
    assert f"/producer/conversations/{order.reference}/1" in sent["thu@example.vn"].body_text
    assert f"/don-hang/{order.reference}?k=" in sent["buoi@example.vn"].body_text


# --- what goes ---------------------------------------------------------------------------------------------------


def test_after_the_term_the_producer_reads_nothing_and_later_nobody(store: Store, client: Any, ctx: Flask) -> None:  # noqa: F811
    order = one_parcel(store)
    say(order, words="Nhà ở ngõ nhỏ")
    sign_in(client, (Role.PRODUCER_OWNER, store.scope))
    old = clock.now() - timedelta(days=order_rules.CONTACT_DAYS.get(), minutes=1)
    with transaction() as s:
        s.execute(update(Fulfilment).values(closed_at=old, status="delivered"))
    here = f"/producer/conversations/{order.reference}/1"
    for address in (
        here,
        "/producer/conversations",
        "/producer/conversations?export=csv",
        f"/producer/orders/{order.reference}/1",
    ):
        shown = page(client, address)
        assert "ngõ nhỏ" not in shown
        assert "Bưởi" not in shown
    assert post(client, here, "/producer/conversations", words="Chào").status_code == 409
    assert order.reference not in page(client, "/producer/conversations?q=buoi")
    assert jobs.run_periodic(group="retention", force=True) == []
    assert thread(order).messages[0].body == "Nhà ở ngõ nhỏ"  # the office still has it
    with transaction() as s:
        s.execute(update(Fulfilment).values(closed_at=clock.now() - timedelta(days=31 * (rules.KEEP_MONTHS.get() + 1))))
    assert "conversations.texts-are-blanked-after-their-term" in broken()
    assert jobs.run_periodic(group="retention", force=True) == []
    assert thread(order).messages[0].body is None
    assert "conversations.texts-are-blanked-after-their-term" not in broken()


def test_an_erased_buyer_takes_his_words_along(store: Store, ctx: Flask) -> None:  # noqa: F811
    from shop.conversations.handlers import of_user

    user = make_user("Trần Thị Bưởi")
    order = one_parcel(store)
    with transaction() as s:
        s.execute(update(Order).values(user_id=user.id))
    say(order, words="Lời của tôi")
    say(order, Side.MAKER, "Lời cơ sở")
    assert [(row["parcel"], row["text"]) for row in of_user(user.id)] == [(f"{order.reference}/1", "Lời của tôi")]
    with transaction():
        events.publish(UserErased(user.id))
    assert [m.body for m in thread(order).messages] == [None, "Lời cơ sở"]


@pytest.mark.parametrize(
    ("fault", "fires"),
    [
        ("DELETE FROM conversation_messages", "conversations.begin-with-words-about-a-placed-order"),
        ("UPDATE conversations SET last_side = 'office'", "conversations.begin-with-words-about-a-placed-order"),
        ("UPDATE conversation_messages SET body = 'gọi 0912345678'", "conversations.keep-no-way-around-the-shop"),
        ("UPDATE conversations SET maker_unread = 7", "conversations.unread-are-written-by-others"),
    ],
)
def test_a_planted_fault_is_found(store: Store, plain_engine: Any, fault: str, fires: str) -> None:  # noqa: F811
    say(one_parcel(store))
    assert broken() == set()
    with plain_engine.begin() as connection:
        connection.execute(text(fault))
    assert fires in broken()
