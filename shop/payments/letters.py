"""Letters to staff about disputes: one for each reader when one comes, when its answer is nearly due, when it has ended.
And one to a buyer who paid short and is asked for the rest by a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from flask import current_app, render_template
from flask_babel import force_locale, gettext
from sqlalchemy import select

from shop.accounts import queries as accounts
from shop.accounts.permissions import Permission
from shop.kernel import clock, mail
from shop.kernel.dates import instant
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_
from shop.kernel.events import on_later
from shop.kernel.money import vnd
from shop.orders import services as orders
from shop.orders.models import Order
from shop.payments import queries as transfers
from shop.payments.events import DisputeEnded, DisputeOpened, RestAsked
from shop.payments.models import DISPUTE_STATE_NAMES, Dispute, DisputeState, Payment, PaymentState
from shop.payments.reads import REASONS

OPENED = N_("Khiếu nại thẻ mới: đơn %(r)s")
DUE = N_("Sắp hết hạn trả lời khiếu nại thẻ của đơn %(r)s")
ENDED = N_("Khiếu nại thẻ của đơn %(r)s đã có kết quả")
REMIND_BEFORE = timedelta(days=2)


def _post(kind: str, subject: str, dispute_id: int, words: Callable[[], str]) -> None:
    s = session()
    dispute = s.get(Dispute, dispute_id)
    if dispute is None:
        return
    reference = s.scalar(
        select(Order.reference).join(Payment, Payment.order_id == Order.id).where(Payment.id == dispute.payment_id)
    )
    base = current_app.extensions["shop_config"].base_url
    for user_id, address, locale in accounts.told_of(Permission.REFUND_MAKE, "*"):
        with force_locale(locale):
            told = gettext(subject, r=reference)
            facts = [
                (gettext("Đơn hàng"), str(reference)),
                (gettext("Số tiền"), vnd(dispute.amount)),
                (gettext("Lý do"), gettext(REASONS.get(dispute.reason, dispute.reason))),
                (gettext("Trạng thái"), gettext(DISPUTE_STATE_NAMES[dispute.state])),
            ]
            if dispute.state is DisputeState.OPEN and dispute.due_at is not None:
                facts.append((gettext("Hạn trả lời"), instant(dispute.due_at)))
            context = {
                "lang": locale,
                "shop_url": f"{base}/",
                "button_url": f"{base}{'/en' if locale == 'en' else ''}/office/payments/disputes/{dispute_id}",
                "button_text": gettext("Mở khiếu nại"),
                "why": gettext("Bạn nhận thư này vì được giao việc hoàn tiền của Chợ Bến."),
                "subject": told,
                "words": words(),
                "facts": facts,
            }
            text = render_template("payments/letters/note.txt", **context)
            html = render_template("payments/letters/note.html", **context)
        with transaction():
            mail.post(
                f"dispute-{kind}:{dispute_id}:{user_id}", f"dispute.{kind}", address, told, text, html,
                about=f"user:{user_id}",
            )  # fmt: skip


@on_later(DisputeOpened, name="payments.letter-dispute-opened")
def opened(fact: DisputeOpened) -> None:
    """A buyer's bank takes money back, or asks."""
    _post("opened", OPENED, fact.dispute_id, lambda: gettext(
        "Ngân hàng của khách đòi lại tiền của một đơn trả bằng thẻ. Hãy gửi giấy tờ trước hạn; không trả lời thì tiền thuộc "
        "về khách."
    ))  # fmt: skip


@on_later(DisputeEnded, name="payments.letter-dispute-ended")
def ended(fact: DisputeEnded) -> None:
    """The bank has decided."""
    state = session().scalar(select(Dispute.state).where(Dispute.id == fact.dispute_id))
    told = {DisputeState.WON: _won, DisputeState.LOST: _lost}.get(DisputeState(state or DisputeState.CLOSED), _closed)
    _post("ended", ENDED, fact.dispute_id, told)


def _won() -> str:
    return gettext("Cửa hàng thắng: ngân hàng trả lại tiền, đơn trở về đã thanh toán khi tiền về tới cổng.")


def _lost() -> str:
    return gettext(
        "Cửa hàng thua: tiền thuộc về khách, đơn ghi là bị đòi lại và khoản này vào chi phí của cửa hàng. Bảng kê của cơ sở "
        "sản xuất không đổi; nếu lỗi ở cơ sở (không gửi, gửi sai, hàng hỏng) thì lập khoản điều chỉnh với cơ sở."
    )


def _closed() -> str:
    return gettext("Ngân hàng khép lại câu hỏi này, không lấy tiền.")


def remind() -> None:
    """Tell staff of disputes whose answer is due within two days and has not been sent, once each."""
    rows = session().scalars(
        select(Dispute.id).where(
            Dispute.state == DisputeState.OPEN,
            Dispute.sending_at.is_(None),
            Dispute.due_at.between(clock.now(), clock.now() + REMIND_BEFORE),
        )
    )
    for dispute_id in rows.all():
        _post("due", DUE, dispute_id, lambda: gettext("Câu trả lời chưa được gửi và hạn sắp hết."))


REST = N_("Xin chuyển thêm phần còn thiếu của đơn %(r)s")


@on_later(RestAsked, name="payments.letter-rest-asked")
def rest_asked(fact: RestAsked) -> None:
    """What came, what lacks and how to send it; nothing if it does not lack any more."""
    s = session()
    payment = s.get_one(Payment, fact.payment_id)
    order = s.get_one(Order, payment.order_id)
    got = payment.left
    if not order.email or payment.state is not PaymentState.HELD or got >= payment.amount:
        return
    transfer = transfers.transfer_of(order.id)
    config = current_app.extensions["shop_config"]
    base = config.base_url + ("/en" if order.locale == "en" else "")
    secret = orders.secret_for(str(current_app.secret_key), order.reference)
    with force_locale(order.locale):
        facts = [(gettext("Đã nhận"), vnd(got)), (gettext("Còn thiếu"), vnd(payment.amount - got))]
        if transfer is not None:
            facts += [
                (gettext("Ngân hàng"), transfer.bank),
                (gettext("Số tài khoản"), transfer.account),
                (gettext("Nội dung"), transfer.code),
            ]
            if transfer.expires_at is not None:
                facts.append((gettext("Hạn trả"), instant(transfer.expires_at)))
        told = gettext(REST, r=order.reference)
        context = {
            "lang": order.locale,
            "shop_url": base + "/",
            "button_url": f"{base}/don-hang/{order.reference}?k={secret}",
            "button_text": gettext("Xem đơn hàng"),
            "why": gettext("Bạn nhận thư này vì đã đặt hàng ở Chợ Bến với địa chỉ này."),
            "subject": told,
            "words": gettext("Cửa hàng đã nhận tiền của bạn nhưng chưa đủ. Trang đơn hàng có mã VietQR đúng phần còn thiếu; "
                             "nếu không muốn chuyển thêm, hãy trả lời để được hoàn lại."),
            "facts": facts,
        }  # fmt: skip
        text = render_template("payments/letters/note.txt", **context)
        html = render_template("payments/letters/note.html", **context)
    about = f"user:{order.user_id}" if order.user_id is not None else None
    with transaction():
        mail.post(
            f"rest-asked:{fact.issue_id}:{fact.times}",
            "payments.rest-asked",
            order.email,
            told,
            text,
            html,
            about=about,
        )
