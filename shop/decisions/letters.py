"""Letters of this room to the members of a producer, each in its reader's language, each fact once for each reader."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import current_app
from flask_babel import force_locale, gettext
from sqlalchemy import select

from shop.accounts import queries as accounts
from shop.catalog.models import Certificate, Product
from shop.decisions import terms
from shop.decisions.events import DecisionSigned, FindingsTold, RenewalClosed
from shop.decisions.models import (
    FILED_NAMES,
    GROUND_NAMES,
    CheckFinding,
    Decision,
    DecisionLine,
    FiledState,
    Kind,
    PostCheck,
    Renewal,
)
from shop.decisions.queries.renewals import Due
from shop.kernel import dates, mail
from shop.kernel.db import session
from shop.kernel.events import on

HERE = "/producer/recognition"
Words = Callable[[], tuple[str, Sequence[str]]]


def _tell(producer_id: int | None, key: str, kind: str, words: Words) -> None:
    """Post a letter to all members of a producer; `words()` gives subject and lines in the language in force."""
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
                "lang": reader.locale, "shop_url": base + "/", "button_url": base + HERE,
                "button_text": gettext("Xem công nhận OCOP"), "subject": subject, "lines": list(lines), "name": reader.name,
            }  # fmt: skip
            body, page = (
                current_app.jinja_env.get_template(f"decisions/letters/note.{ending}").render(**values)
                for ending in ("txt", "html")
            )
        mail.post(f"{key}:{user_id}", kind, reader.email, subject, body, page, about=f"user:{user_id}")


@on(DecisionSigned)
def decision_signed(fact: DecisionSigned) -> None:
    """Tell each producer what a decision says of his goods."""
    row = session().get(Decision, fact.decision_id)
    if row is None:
        return
    by_producer: dict[int, list[DecisionLine]] = {}
    for line in row.lines:
        if line.product.producer_id is not None:
            by_producer.setdefault(line.product.producer_id, []).append(line)
    for producer_id, lines in sorted(by_producer.items()):
        _tell(producer_id, f"decision:{row.id}:{producer_id}", f"decision-{row.kind}", _decided(row, lines))


def _decided(row: Decision, lines: Sequence[DecisionLine]) -> Words:
    def words() -> tuple[str, Sequence[str]]:
        if row.kind is Kind.GRANT:
            return gettext("Quyết định %(n)s: sản phẩm được công nhận OCOP", n=row.number), [
                gettext(
                    "“%(name)s”: %(stars)s sao, chứng nhận %(number)s, hiệu lực đến hết %(day)s.", name=n.product.name,
                    stars=n.stars, number=n.certificate_number, day=dates.day(n.certificate.expires_on),
                )
                for n in lines if n.certificate is not None
            ] + [
                gettext("“%(name)s” được công nhận lại, thay chứng nhận %(number)s.", name=c.product.name, number=c.number)
                for c in _renewed(row, lines)
            ]  # fmt: skip
        return gettext("Quyết định %(n)s: thu hồi chứng nhận OCOP", n=row.number), [
            *(
                gettext(
                    "“%(name)s”, chứng nhận %(number)s. Căn cứ: %(ground)s. %(reason)s", name=n.product.name,
                    number=n.certificate.number if n.certificate else "", reason=n.reason,
                    ground=gettext(GROUND_NAMES[n.ground]) if n.ground else "",
                )
                for n in lines
            ),
            gettext("Sao không còn hiện trên cửa hàng; sản phẩm buộc phải có chứng nhận thì ngừng bán."),
            gettext("Vui lòng gỡ sao khỏi bao bì."),
        ]  # fmt: skip

    return words


def _renewed(row: Decision, lines: Sequence[DecisionLine]) -> list[Certificate]:
    """The certificates of the goods in `lines` whose renewal this decision grants."""
    return list(
        session().scalars(
            select(Certificate)
            .join(Renewal, Renewal.certificate_id == Certificate.id)
            .where(Renewal.decision_id == row.id, Certificate.product_id.in_([n.product_id for n in lines]))
            .order_by(Certificate.id)
        )
    )


@on(RenewalClosed)
def renewal_closed(fact: RenewalClosed) -> None:
    """Tell of a renewal that was not granted; one that was is told by its decision."""
    row = session().get(Renewal, fact.renewal_id)
    if row is None or row.state not in (FiledState.REFUSED, FiledState.WITHDRAWN):
        return
    c = row.certificate

    def words() -> tuple[str, Sequence[str]]:
        return gettext("Hồ sơ gia hạn chứng nhận %(n)s", n=c.number), [
            f"“{c.product.name}”: {gettext(FILED_NAMES[row.state])}.",
            row.note or "",
            gettext("Chứng nhận được dùng đến hết %(day)s.", day=dates.day(c.expires_on)),
        ]

    _tell(c.product.producer_id, f"renewal-closed:{row.id}", "renewal-closed", words)


def mark(due: Due, left: int) -> str:
    """What a producer is told of a certificate now: the time for filing is on, is nearly over, is over, or all is over."""
    window = due.window
    if window is terms.Window.OPEN:
        return "closing" if left <= 20 else "open"
    return {terms.Window.LATE: "late", terms.Window.ENDED: "ended"}.get(window, "")


def renewal_due(due: Due, what: str) -> None:
    """Remind of a renewal, in an open transaction; `what` is from `mark`."""
    days = due.days
    if days is None:
        return

    def words() -> tuple[str, Sequence[str]]:
        span = gettext(
            "Hồ sơ gia hạn nộp từ %(opens)s đến hết %(closes)s.", opens=dates.day(days.opens_on),
            closes=dates.day(days.closes_on),
        )  # fmt: skip
        name = gettext(
            "“%(name)s” được %(stars)s sao, chứng nhận %(number)s hết hạn ngày %(day)s.", name=due.product_name,
            stars=due.stars, number=due.number, day=dates.day(due.term_ends_on),
        )  # fmt: skip
        subject, more = {
            "open": (gettext("Đến kỳ gia hạn chứng nhận %(n)s", n=due.number), span),
            "closing": (gettext("Sắp hết hạn nộp hồ sơ gia hạn %(n)s", n=due.number), span),
            "late": (
                gettext("Đã quá hạn nộp hồ sơ gia hạn %(n)s", n=due.number),
                gettext(
                    "Hãy nộp ngay: nộp trước khi hết hạn thì được dùng chứng nhận đến khi có kết quả, nhiều nhất đến %(day)s.",
                    day=dates.day(days.last_on),
                ),
            ),
            "ended": (
                gettext("Chứng nhận %(n)s đã hết hạn", n=due.number),
                gettext("Sao không còn hiện trên cửa hàng. Muốn được công nhận lại, hãy nộp hồ sơ mới."),
            ),
        }[what]
        return subject, [name, more]

    _tell(due.producer_id, f"renewal:{due.certificate_id}:{what}", f"renewal-{what}", words)


@on(FindingsTold)
def findings_told(fact: FindingsTold) -> None:
    """Tell a producer what a check found and by when it is to be mended."""
    row = session().get(PostCheck, fact.check_id)
    if row is None:
        return
    product = (
        session()
        .scalars(
            select(Product)
            .join(Certificate, Certificate.product_id == Product.id)
            .where(Certificate.id == row.certificate_id)
        )
        .one()
    )

    def words() -> tuple[str, Sequence[str]]:
        return gettext("Kết quả kiểm tra “%(name)s”: cần khắc phục", name=product.name), [
            gettext("%(found)s Yêu cầu: %(asked)s Hạn: %(day)s.", found=f.found, asked=f.asked, day=dates.day(f.due_on))
            for f in row.findings
        ]

    _tell(product.producer_id, f"post-check:{row.id}", "post-check", words)


def finding_due(finding: CheckFinding, product: Product) -> None:
    """Remind of something to be mended, in an open transaction."""

    def words() -> tuple[str, Sequence[str]]:
        return gettext("Sắp đến hạn khắc phục: “%(name)s”", name=product.name), [
            gettext("Yêu cầu: %(asked)s Hạn: %(day)s.", asked=finding.asked, day=dates.day(finding.due_on))
        ]

    _tell(product.producer_id, f"finding:{finding.id}:due", "finding-due", words)
