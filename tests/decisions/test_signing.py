"""A decision takes effect at once and whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shop.catalog import queries as catalog
from shop.catalog.errors import NumberTaken
from shop.catalog.models import Certificate, CertificateLevel, Listing
from shop.catalog.queries import Standing, standing
from shop.decisions.errors import (
    CertificatesOverlap,
    DecisionMovedOn,
    DecisionNumberTaken,
    NotFromThisAuthority,
    ScoreBelowStars,
)
from shop.decisions.models import Decision, Ground, Kind, State
from shop.decisions.services import drafting, signing
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session
from shop.kernel.errors import Conflict, Invalid
from shop.kernel.mail import Letter
from shop.kernel.operations import new_key
from tests import people
from tests.decisions.conftest import certificate, drafted, goods, granted, signed


def stars_shown(variant: Any) -> int:
    session().rollback()
    return session().get_one(Listing, variant.product_id).stars


def sellable(variant: Any) -> bool:
    found = catalog.sellable([variant.id], clock.now())[variant.id]
    return not found.certificate_required or found.certificate_id is not None


def test_signing_issues_certificates_at_once(ctx: Any, audit_clean: Callable[[], None]) -> None:
    one, two = goods("Chả mực"), goods("Ruốc hàu")
    people.make_user("Chủ cơ sở", (people.Role.PRODUCER_OWNER, f"producer:{one.product.producer_id}"))
    reference = drafted(granted(one, 4), granted(two, 3, "52"))
    assert not sellable(one)
    signing.sign(SYSTEM, reference, 1, new_key())
    assert (stars_shown(one), stars_shown(two)) == (4, 3) and sellable(one)
    row = session().query(Decision).one()
    made = session().get_one(Certificate, row.lines[0].certificate_id)
    assert row.state is State.SIGNED
    assert (made.decision_number, made.issued_on) == ("12/QĐ-UBND", clock.today())
    assert made.expires_on == clock.add_months(clock.today(), 36)
    letter = session().query(Letter).filter_by(kind="decision-grant").one()
    assert "4 sao" in letter.body_text
    audit_clean()


def test_a_later_decision_takes_the_place_of_the_certificate(ctx: Any, audit_clean: Callable[[], None]) -> None:
    """An upgrade or renewal starts on its own day; what was sold this morning keeps its certificate."""
    pack = goods()
    old = certificate(pack, 150, stars=3)
    signed(granted(pack, 4))
    session().refresh(old)
    new = catalog.current_certificate(pack.product_id, clock.today())
    assert new is not None and new.stars == 4
    assert (old.replaced_by_id, old.revoked_on) == (new.certificate_id, clock.today())
    assert standing(old, clock.today()) is Standing.REPLACED
    audit_clean()


def test_a_lower_result_takes_the_place_too(ctx: Any) -> None:
    pack = goods()
    certificate(pack, 150, stars=5)
    signed(granted(pack, 3, "55"))
    assert stars_shown(pack) == 3


def test_all_or_nothing(ctx: Any, audit_clean: Callable[[], None]) -> None:
    """One line that cannot be leaves the others undone too."""
    good, bad = goods("Chả mực"), goods("Nem chua")
    certificate(bad, 900)  # began not long ago, after the decision
    reference = drafted(granted(good), granted(bad), on=clock.today() - timedelta(days=400))
    with pytest.raises(CertificatesOverlap):
        signing.sign(SYSTEM, reference, 1, new_key())
    session().rollback()
    assert session().query(Certificate).filter_by(product_id=good.product_id).count() == 0
    assert session().query(Decision).one().state is State.DRAFT
    audit_clean()


def test_what_cannot_be_signed(ctx: Any) -> None:
    pack = goods()
    today = clock.today()
    refused = [
        (drafted(number="1"), Invalid),
        (drafted(granted(pack), number=None), Invalid),
        (drafted(granted(pack, 4, "69.99"), number="3"), ScoreBelowStars),
        (drafted(granted(pack, 5, "91"), number="4"), NotFromThisAuthority),
        (drafted(granted(pack, 4), number="5", level=CertificateLevel.MINISTRY), NotFromThisAuthority),
        (drafted(drafting.Grant(pack.product_id, 4), number="6"), Invalid),
    ]
    for reference, error in refused:
        with pytest.raises(error):
            signing.sign(SYSTEM, reference, 1, new_key())
        session().rollback()
    with pytest.raises(Invalid):
        drafted(granted(pack), number="7", on=today + timedelta(days=1))
    assert session().query(Certificate).count() == 0


def test_a_number_is_the_authoritys_own(ctx: Any) -> None:
    drafted(number="12/QĐ-UBND")
    with pytest.raises(DecisionNumberTaken):
        drafted(number="12 qđ ubnd")
    session().rollback()
    drafted(number="12/QĐ-UBND", level=CertificateLevel.MINISTRY)
    first = session().query(Decision).filter_by(level=CertificateLevel.PROVINCE).one()
    drafting.drop(SYSTEM, first.reference, "nhầm", 1, new_key())
    drafted(number="12/QĐ-UBND")  # a dropped draft gives its number back


def test_a_certificates_number_is_known_once(ctx: Any) -> None:
    one, two = goods("Chả mực"), goods("Ruốc hàu")
    certificate(one, 500, number="CN 1")
    reference = drafted(granted(two, number="cn-1"))
    with pytest.raises(NumberTaken):
        signing.sign(SYSTEM, reference, 1, new_key())


def test_history_needs_no_rule_of_today(ctx: Any, audit_clean: Callable[[], None]) -> None:
    """District, three stars, 2022, with its own last day: nothing of today is touched."""
    pack = goods()
    now = certificate(pack, 300)
    day = clock.today() - timedelta(days=1600)
    reference = drafting.draft(
        SYSTEM, Kind.GRANT, drafting.Source.HISTORY,
        drafting.Head(CertificateLevel.DISTRICT, "UBND thành phố Hạ Long", "7/QĐ-UBND", day, "Chủ tịch"), new_key(),
        lines=(granted(pack, 3, None, expires_on=day + timedelta(days=400)),),
    )  # fmt: skip
    signing.sign(SYSTEM, reference, 1, new_key())
    session().refresh(now)
    assert now.revoked_on is None
    audit_clean()


def test_a_signed_decision_does_not_change(ctx: Any) -> None:
    pack = goods()
    reference = signed(granted(pack))
    for act in (
        lambda: signing.sign(SYSTEM, reference, 2, new_key()),
        lambda: drafting.drop(SYSTEM, reference, "thôi", 2, new_key()),
        lambda: drafting.change(SYSTEM, reference, drafting.Head(CertificateLevel.PROVINCE), 2, new_key()),
    ):
        with pytest.raises(DecisionMovedOn):
            act()
        session().rollback()


def test_a_draft_that_changed_is_not_signed_unseen(ctx: Any) -> None:
    one, two = goods("Chả mực"), goods("Ruốc hàu")
    reference = drafted(granted(one))
    drafting.add_line(SYSTEM, reference, granted(two), 1, new_key())
    with pytest.raises(DecisionMovedOn):
        signing.sign(SYSTEM, reference, 1, new_key())
    with pytest.raises(Invalid):
        drafting.add_line(SYSTEM, reference, granted(two), 2, new_key())


def test_a_revocation_reaches_the_shop_at_once(ctx: Any, audit_clean: Callable[[], None]) -> None:
    pack = goods()
    c = certificate(pack, 500)
    assert stars_shown(pack) == 4 and sellable(pack)
    reference = signed(
        drafting.Revocation(c.id, Ground.STOPPED, "Cơ sở ngừng làm từ tháng trước."), kind=Kind.REVOKE,
        on=clock.today() - timedelta(days=3),
    )  # fmt: skip
    assert stars_shown(pack) == 0 and not sellable(pack)
    session().refresh(c)
    assert c.revoked_on == clock.today() and "12/QĐ-UBND" in (c.revoked_reason or "")
    again = drafted(drafting.Revocation(c.id, Ground.OTHER, "lần nữa"), kind=Kind.REVOKE, number="13")
    with pytest.raises(Conflict):
        signing.sign(SYSTEM, again, 1, new_key())
    session().rollback()
    assert session().query(Decision).filter_by(reference=reference).one().state is State.SIGNED
    audit_clean()


def test_what_a_decision_says_is_not_corrected_alone(ctx: Any, audit_clean: Callable[[], None]) -> None:
    """A typing error of the number may be put right; stars and days are the decision's."""
    from shop.catalog import services

    pack = goods()
    signed(granted(pack))
    n = session().query(Certificate).one().id
    for change in ({"stars": 5}, {"issued_on": clock.today() - timedelta(days=9)}, {"decision_number": "1"}):
        with pytest.raises(Conflict):
            services.update_certificate(SYSTEM, n, **change)
        session().rollback()
    assert services.update_certificate(SYSTEM, n, number="CN-PUT-RIGHT")
    audit_clean()


def test_only_who_certified_revokes(ctx: Any) -> None:
    c = certificate(goods(), 500)
    reference = drafted(
        drafting.Revocation(c.id, Ground.OTHER, "lý do"), kind=Kind.REVOKE, level=CertificateLevel.MINISTRY
    )
    with pytest.raises(Conflict):
        signing.sign(SYSTEM, reference, 1, new_key())
