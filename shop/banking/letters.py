"""The letters to payers whose money is not what their order needs: too little, or too much."""

from __future__ import annotations

from typing import Any

from flask import current_app, render_template
from flask_babel import force_locale, gettext
from sqlalchemy import select

from shop.banking.events import MoneyOver, MoneyShort, MoneyTakenOut
from shop.banking.models import Allocation, BankLine
from shop.kernel import mail
from shop.kernel.dates import instant
from shop.kernel.db import session, transaction
from shop.kernel.errors import N_
from shop.kernel.events import on_later
from shop.kernel.money import vnd
from shop.orders import services as orders
from shop.orders.models import Order
from shop.payments import queries as payments
from shop.payments.models import Payment, PaymentState

SHORT = N_("Đơn %(r)s còn thiếu tiền")
TAKEN = N_("Đơn %(r)s lại chờ thanh toán")
OVER = N_("Bạn đã chuyển thừa tiền cho đơn %(r)s")


def _part(allocation_id: int) -> tuple[Allocation, BankLine, Payment, Order] | None:
    """The part of a line that a letter is about; None if it was taken back meanwhile."""
    s = session()
    part = s.get(Allocation, allocation_id)
    if part is None or part.payment_id is None:
        return None
    if s.scalar(select(Allocation.id).where(Allocation.reverses_id == allocation_id)) is not None:
        return None
    payment = s.get_one(Payment, part.payment_id)
    return part, s.get_one(BankLine, part.line_id), payment, s.get_one(Order, payment.order_id)


def _post(kind: str, subject: str, line: BankLine, order: Order, words: Any, facts: Any) -> None:
    if not order.email:
        return
    config = current_app.extensions["shop_config"]
    base = config.base_url + ("/en" if order.locale == "en" else "")
    secret = orders.secret_for(str(current_app.secret_key), order.reference)
    with force_locale(order.locale):
        told = gettext(subject, r=order.reference)
        context = {
            "lang": order.locale,
            "shop_url": base + "/",
            "button_url": f"{base}/don-hang/{order.reference}?k={secret}",
            "button_text": gettext("Xem đơn hàng"),
            "why": gettext("Bạn nhận thư này vì đã đặt hàng ở Chợ Bến với địa chỉ này."),
            "subject": told,
            "name": order.name,
            "words": words(),
            "facts": facts(),
        }
        text = render_template("banking/letters/note.txt", **context)
        html = render_template("banking/letters/note.html", **context)
    about = f"user:{order.user_id}" if order.user_id is not None else None
    with transaction():
        mail.post(
            f"bank-{kind}:{line.reference}:{order.reference}",
            f"bank.{kind}",
            order.email,
            told,
            text,
            html,
            about=about,
        )


def _how(transfer: payments.TransferFacts | None) -> list[tuple[str, str]]:
    """How and until when to transfer, if there still is something to; in the letter's language."""
    if transfer is None:
        return []
    rows = [
        (gettext("Ngân hàng"), transfer.bank),
        (gettext("Số tài khoản"), transfer.account),
        (gettext("Nội dung"), transfer.code),
    ]
    if transfer.expires_at is not None:
        rows.append((gettext("Hạn trả"), instant(transfer.expires_at)))
    return rows


@on_later(MoneyShort, name="banking.letter-short")
def short(fact: MoneyShort) -> None:
    """What came, what is missing and how to send it; nothing if it is not missing any more."""
    found = _part(fact.allocation_id)
    if found is None or found[2].state is not PaymentState.HELD:
        return
    part, line, payment, order = found
    missing = payment.amount - payment.captured_amount + payment.refunded_amount
    if missing <= 0:
        return
    transfer = payments.transfer_of(order.id)

    def facts() -> list[tuple[str, str]]:
        rows = [(gettext("Đã nhận"), vnd(part.amount)), (gettext("Còn thiếu"), vnd(missing))]
        return rows + _how(transfer)

    _post(
        "short", SHORT, line, order,
        lambda: gettext("Cửa hàng đã nhận tiền của bạn nhưng chưa đủ. Đơn chỉ được giao khi nhận đủ: hãy chuyển thêm phần còn "
                        "thiếu với đúng nội dung dưới đây, hoặc liên hệ cửa hàng để được hoàn lại."),
        facts,
    )  # fmt: skip


@on_later(MoneyOver, name="banking.letter-over")
def over(fact: MoneyOver) -> None:
    """The order is paid; what is over waits for the shop to send it back."""
    found = _part(fact.allocation_id)
    if found is None:
        return
    part, line, _payment, order = found
    _post(
        "over", OVER, line, order,
        lambda: gettext("Đơn của bạn đã được trả đủ. Phần dư đang được giữ riêng; cửa hàng sẽ hoàn lại hoặc liên hệ với bạn."),
        lambda: [
            (gettext("Ghi vào đơn"), vnd(part.amount)),
            (gettext("Phần dư"), vnd(fact.rest_amount)),
        ],
    )  # fmt: skip


@on_later(MoneyTakenOut, name="banking.letter-taken-out")
def taken_out(fact: MoneyTakenOut) -> None:
    """The order waits for its money again: what to send, how and until when; nothing if it was paid meanwhile."""
    s = session()
    payment = s.get_one(Payment, fact.payment_id)
    if payment.state is PaymentState.CAPTURED:
        return
    order, part = s.get_one(Order, payment.order_id), s.get_one(Allocation, fact.allocation_id)
    line, transfer = s.get_one(BankLine, part.line_id), payments.transfer_of(order.id)

    def facts() -> list[tuple[str, str]]:
        missing = payment.amount - payment.captured_amount + payment.refunded_amount
        rows = [(gettext("Còn thiếu"), vnd(missing))]
        return rows + _how(transfer)

    _post(
        "taken-out", TAKEN, line, order,
        lambda: gettext("Cửa hàng đã ghi nhầm tiền của người khác vào đơn của bạn và vừa gỡ ra. Hàng vẫn được giữ; hãy chuyển "
                        "tiền với đúng nội dung dưới đây. Xin lỗi bạn vì sự bất tiện này."),
        facts,
    )  # fmt: skip
