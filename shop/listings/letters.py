"""The letter that tells a producer's members what the office said of what they sent."""

from __future__ import annotations

from flask import current_app, g, render_template
from flask_babel import force_locale, gettext

from shop.accounts import queries as accounts
from shop.accounts.permissions import Permission
from shop.catalog.models import Product
from shop.kernel import mail
from shop.kernel.db import session, transaction
from shop.kernel.events import on_later
from shop.listings import queries, wording
from shop.listings.events import SubmissionDecided
from shop.listings.models import State, Step, Submission


@on_later(SubmissionDecided, name="listings.tell")
def tell(fact: SubmissionDecided) -> None:
    """One letter for each member who may change the producer's listings."""
    row, step = session().get(Submission, fact.submission_id), session().get(Step, fact.step_id)
    product = session().get(Product, row.product_id) if row is not None else None
    if row is None or step is None or product is None:
        return
    lines = [line for line in queries.lines(row.id) if line.reason]
    config = current_app.extensions["shop_config"]
    with transaction():
        for user_id, address, locale in accounts.told_of(Permission.LISTING_EDIT, f"producer:{row.producer_id}"):
            person = accounts.contact(user_id)
            base = config.base_url + ("/en" if locale == "en" else "")
            g.letter_language = locale
            with force_locale(locale):
                approved = step.state_to is State.APPROVED
                subject = (
                    gettext("Đã duyệt: %(name)s", name=product.name)
                    if approved
                    else gettext("Cần sửa: %(name)s", name=product.name)
                )
                values = {
                    "lang": locale,
                    "shop_url": base + "/",
                    "subject": subject,
                    "why": gettext("Bạn nhận thư này vì bạn là thành viên của cơ sở sản xuất ở Chợ Bến."),
                    "button_url": f"{base}/producer/listings/{product.slug}",
                    "button_text": gettext("Mở sản phẩm"),
                    "approved": approved,
                    "name": product.name,
                    "reader": person.name if person is not None else address,
                    "answer": step.note,
                    "returned": [(wording.label(x.subject, x.field), x.reason) for x in lines] if not approved else [],
                }
                mail.post(
                    f"listing-decided:{step.id}:{user_id}", "listing-decided", address, subject,
                    render_template("listings/letters/decided.txt", **values),
                    render_template("listings/letters/decided.html", **values), about=f"user:{user_id}",
                )  # fmt: skip
