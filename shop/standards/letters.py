"""Letters of this room to the members of a producer, each in its reader's language, each fact once for each reader."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import current_app
from flask_babel import force_locale, gettext

from shop.accounts import queries as accounts
from shop.kernel import dates, mail
from shop.kernel.db import session
from shop.kernel.events import on
from shop.standards.events import StandardSettled
from shop.standards.models import KIND_NAMES, Standard, State

HERE = "/producer/standards"
Words = Callable[[], tuple[str, Sequence[str]]]


def _tell(row: Standard, key: str, kind: str, words: Words) -> None:
    producer_id = row.product.producer_id
    if producer_id is None:
        return
    for user_id in sorted({holder.user_id for holder in accounts.holders(f"producer:{producer_id}", None)}):
        reader = accounts.contact(user_id)
        if reader is None or reader.email is None:
            continue
        base = current_app.extensions["shop_config"].base_url + ("/en" if reader.locale == "en" else "")
        with force_locale(reader.locale):
            subject, lines = words()
            values = {
                "lang": reader.locale, "shop_url": base + "/", "button_url": f"{base}{HERE}/{row.reference}",
                "button_text": gettext("Xem giấy này"), "subject": subject, "lines": list(lines), "name": reader.name,
            }  # fmt: skip
            body, page = (
                current_app.jinja_env.get_template(f"standards/letters/note.{ending}").render(**values)
                for ending in ("txt", "html")
            )
        mail.post(f"{key}:{user_id}", kind, reader.email, subject, body, page, about=f"user:{user_id}")


def _named(row: Standard) -> str:
    return gettext(
        "%(kind)s “%(name)s” của sản phẩm “%(product)s”.", kind=gettext(KIND_NAMES[row.kind]), name=row.name,
        product=row.product.name,
    )  # fmt: skip


@on(StandardSettled)
def settled(fact: StandardSettled) -> None:
    """Tell what the office said of a paper."""
    row = session().get(Standard, fact.standard_id)
    if row is None or row.state not in (State.CONFIRMED, State.REFUSED):
        return

    def words() -> tuple[str, Sequence[str]]:
        if row.state is State.CONFIRMED:
            return gettext("Giấy đã được xác nhận"), [_named(row)]
        return gettext("Giấy cần sửa hoặc bổ sung"), [_named(row), row.refused_why or ""]

    _tell(row, f"standard:{row.id}:{row.version}:{row.state}", f"standard-{row.state}", words)


def ends(row: Standard, mark: int) -> None:
    """Remind of a paper that ends, in an open transaction; `mark` 0: it has ended."""
    if row.ends_on is None:
        return
    last = row.ends_on

    def words() -> tuple[str, Sequence[str]]:
        if mark == 0:
            return gettext("Giấy đã hết hạn: %(name)s", name=row.name), [
                _named(row), gettext("Hết hạn ngày %(day)s. Hãy ghi giấy mới.", day=dates.day(last)),
            ]  # fmt: skip
        return gettext("Giấy sắp hết hạn: %(name)s", name=row.name), [
            _named(row), gettext("Còn dùng đến hết %(day)s. Hãy làm giấy mới trước ngày ấy.", day=dates.day(last)),
        ]  # fmt: skip

    _tell(row, f"standard:{row.id}:ends:{last}:{mark}", "standard-ends", words)
