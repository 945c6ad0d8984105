"""What the demonstration adds to certificates: renewals that were filed, a decision that renews, a draft, checks."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select

from shop.catalog.models import Certificate, CertificateLevel, Product, ProductKind, ProductState
from shop.decisions.models import CheckKind, FindingState, Ground, Source
from shop.decisions.models import Kind as Deed
from shop.decisions.queries import checks as read
from shop.decisions.services import checks, drafting, renewals, signing
from shop.kernel import clock
from shop.kernel.actor import Actor
from shop.kernel.db import session
from shop.standards import services as standards
from shop.standards.models import Kind, Verdict
from shop.standards.services import Said

KEY = "demo-recognition"


def load(officer: Actor, producer_id: int | None) -> None:
    """Do as the programme office does; all of it is marked as demonstration."""
    today, day = clock.today(), timedelta(days=1)
    rows = list(
        session().scalars(
            select(Certificate)
            .where(
                Certificate.is_demo, Certificate.level == CertificateLevel.PROVINCE, Certificate.expires_on > today - 20 * day
            )
            .order_by(Certificate.expires_on, Certificate.id)
        )
    )  # fmt: skip
    left = {(c.expires_on - today).days: c for c in rows}
    for n, filed, code in ((165, 3, "HS-GH-01"), (130, 20, "HS-GH-02"), (110, 1, "HS-GH-03"), (-12, 60, "HS-GH-04")):
        if (c := left.get(n)) is not None:
            renewals.file(officer, c.id, today - filed * day, f"{KEY}-filed-{n}", dossier_code=code, is_demo=True)
    if (c := left.get(150)) is not None:
        renewals.file(officer, c.id, today - 25 * day, f"{KEY}-filed-150", dossier_code="HS-GH-05", is_demo=True)
        _decide(officer, c, "DEMO-01/QĐ-UBND", signed=True)
    if (c := left.get(130)) is not None:
        _decide(officer, c, "DEMO-02/QĐ-UBND", signed=False)
    _checks(officer, rows, producer_id)


def _decide(officer: Actor, c: Certificate, number: str, *, signed: bool) -> None:
    head = drafting.Head(
        CertificateLevel.PROVINCE, number=number, decided_on=clock.today() if signed else None,
        signer="Phó Chủ tịch" if signed else None, summary="Quyết định minh họa, không do cơ quan nào ban hành.",
    )  # fmt: skip
    score = {3: Decimal("62.5"), 4: Decimal("78.5"), 5: Decimal("91")}[c.stars]
    line = drafting.Grant(c.product_id, min(c.stars, 4), score, f"{c.number}-GH")
    made = drafting.draft(
        officer, Deed.GRANT, Source.HISTORY, head, f"{KEY}-{number}".replace("/", "-").replace("Đ", "D"), lines=(line,),
        is_demo=True,
    )  # fmt: skip
    if signed:
        signing.sign(officer, made, 1, f"{KEY}-sign-{c.id:04d}")


def _checks(officer: Actor, rows: list[Certificate], producer_id: int | None) -> None:
    today, day = clock.today(), timedelta(days=1)
    firm = [c for c in rows if (c.expires_on - today).days > 200]
    own = [c for c in firm if session().get_one(Product, c.product_id).producer_id == producer_id]
    told = [*own[:1], *(c for c in firm if c not in own)][:3]
    if len(told) < 3:
        return
    team = "Văn phòng điều phối OCOP tỉnh, Chi cục Chất lượng (minh họa)"
    ahead, mended, open_one = (
        checks.plan(
            officer, c.id, kind, today + shift * day, team, f"{KEY}-check-{n}", place="Nơi sản xuất", is_demo=True
        )
        for n, (c, kind, shift) in enumerate(
            zip(told, (CheckKind.PLANNED, CheckKind.SURPRISE, CheckKind.PLANNED), (12, -40, -9), strict=True)
        )
    )
    del ahead
    found = checks.Found(
        Ground.MISUSE, "Biểu trưng OCOP in trên một mẫu túi chưa được công nhận.", "Thu lại mẫu túi ấy, gửi ảnh bao bì mới.",
        today - 10 * day,
    )  # fmt: skip
    checks.report(
        officer, mended, today - 40 * day, "Giữ quy trình như hồ sơ; một mẫu túi dùng sai.", [found], f"{KEY}-r1"
    )
    first = read.one(mended).findings[0]
    checks.settle(officer, mended, first.id, FindingState.MENDED, "Đã thay túi, có ảnh.", f"{KEY}-settled")
    found = checks.Found(
        Ground.CRITERIA, "Phiếu kiểm nghiệm định kỳ đã quá hạn.", "Kiểm nghiệm lại và nộp phiếu mới.", today + 21 * day
    )
    checks.report(
        officer, open_one, today - 9 * day, "Nhà xưởng, nhãn đạt; thiếu phiếu kiểm nghiệm mới.", [found], f"{KEY}-r2"
    )


def papers(officer: Actor, owner: Actor, producer_id: int | None) -> None:
    """Marks, labels and tests of the producer of the demonstration and of some others; some end soon, some wait."""
    today, day = clock.today(), timedelta(days=1)
    rows = (
        session()
        .execute(
            select(Product.id, Product.name, Product.producer_id)
            .where(
                Product.state == ProductState.SHOWN, Product.kind == ProductKind.GOODS, Product.producer_id.is_not(None)
            )
            .order_by((Product.producer_id == producer_id).desc(), Product.id)
            .limit(14)
        )
        .all()
    )
    for n, (product_id, name, _maker) in enumerate(rows):
        said = [
            Said(
                Kind.TEST, "Chỉ tiêu vi sinh, kim loại nặng", "Phòng kiểm nghiệm (minh họa)", f"KN-{n + 1:03d}/DEMO",
                granted_on=today - 340 * day, ends_on=today + (12, 40, 85, 150, -3)[n % 5] * day, verdict=Verdict.GOOD,
            )
        ]  # fmt: skip
        if n % 2 == 0:
            said.append(
                Said(
                    Kind.TRADEMARK, name[:60], "Cục Sở hữu trí tuệ", f"4-DEMO-{n + 1:05d}", filed_on=today - 900 * day,
                    granted_on=today - 300 * day if n % 4 == 0 else None,
                    ends_on=clock.add_months(today - 900 * day, 120) if n % 4 == 0 else None,
                )
            )  # fmt: skip
        if n % 3 == 0:
            said.append(
                Said(
                    Kind.LABEL, "Nhãn bao gói", "Chi cục Chất lượng (minh họa)", granted_on=today - 60 * day,
                    verdict=Verdict.GOOD if n % 2 == 0 else Verdict.BAD, note="Số liệu minh họa",
                )
            )  # fmt: skip
        for i, one in enumerate(said):
            waits = n == 0 and one.kind is Kind.LABEL
            standards.enter(
                owner if waits else officer,
                product_id,
                one,
                f"{KEY}-paper-{n:02d}-{i}",
                confirmed=not waits,
                is_demo=True,
            )
