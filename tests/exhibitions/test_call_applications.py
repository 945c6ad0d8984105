"""Applications: written, handed in, sent back, endorsed, withdrawn; what is refused, and that nothing is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shop.exhibitions.errors import (
    AlreadyApplied,
    ApplicationSealed,
    CallClosed,
    FairCancelled,
    FairMovedOn,
    NoCall,
    NotYourGoods,
)
from shop.exhibitions.models.calls import Application, ApplicationState, Endorsement, PapersState
from shop.exhibitions.models.fairs import FairState
from shop.exhibitions.queries import papers
from shop.exhibitions.services import applications
from shop.kernel import clock
from shop.kernel.db import session, transaction
from shop.kernel.errors import Invalid, NotFound
from shop.kernel.facts import Refused
from shop.producers.errors import ProducerNotReady
from shop.producers.models import Producer, ProducerState
from tests import factories
from tests.exhibitions.call_made import (
    LOCAL,
    MAKER,
    STAFF,
    apply,
    check,
    file_papers,
    goods_of,
    in_days,
    make_fair,
    make_maker,
    row_of,
    state_of,
)

A = ApplicationState


def test_an_application_is_written_step_by_step_and_handed_in(ctx: Any) -> None:
    fair, maker = make_fair(), make_maker()
    reference = applications.start(MAKER, maker.row.id, fair.slug)
    assert state_of(reference) == "draft"
    # What the register knows stands there already.
    assert (row_of(reference).contact_name, row_of(reference).contact_phone) == ("Trần Thị Bưởi", "+84912345678")
    with pytest.raises(Refused) as refused:
        applications.submit(MAKER, reference)
    assert [e.field for e in refused.value.all] == ["goods"]
    applications.save_goods(MAKER, reference, {maker.variant.id: 40})
    applications.save_place(MAKER, reference, fair.zones["A"], fair.types["own"], 300, water=False, cold=True)
    applications.save_contact(MAKER, reference, "Nguyễn Văn Bến", "0987 654 321", "Cần gần lối vào")
    applications.submit(MAKER, reference)
    row = row_of(reference)
    assert (row.state, row.locality_code, row.contact_phone) == (A.SUBMITTED, "06661", "+84987654321")
    assert row.submitted_at is not None
    assert [(s.from_state, s.to_state) for s in row.steps] == [("", "draft"), ("draft", "submitted")]
    applications.submit(MAKER, reference)  # a second click
    assert len(row_of(reference).steps) == 2
    with pytest.raises(ApplicationSealed):
        applications.save_goods(MAKER, reference, {})
    applications.refuse(MAKER, reference, "Hết chỗ")
    with pytest.raises(ApplicationSealed):
        applications.submit(MAKER, reference)


def test_too_late_too_early_cancelled_twice(ctx: Any) -> None:
    fair, maker = make_fair(), make_maker()
    reference = apply(fair, maker, submit=False)
    fair.move_call(-20, 0)
    for late in (
        lambda: applications.submit(MAKER, reference),
        lambda: applications.save_contact(MAKER, reference, "Khác", "0912345678", None),
        lambda: applications.start(MAKER, make_maker("Khác").row.id, fair.slug),
    ):
        with pytest.raises(CallClosed):
            late()
    assert (state_of(reference), len(goods_of(reference)), row_of(reference).contact_name) == (
        "draft",
        1,
        "Trần Thị Bưởi",
    )
    fair.move_call(1, 10)
    with pytest.raises(CallClosed):
        applications.submit(MAKER, reference)
    fair.move_call(-20, 10)
    with pytest.raises(AlreadyApplied) as twice:
        applications.start(MAKER, maker.row.id, fair.slug)
    assert twice.value.values["reference"] == reference
    fair.cancel()
    with pytest.raises(FairCancelled):
        applications.submit(MAKER, reference)
    with pytest.raises(FairCancelled):
        applications.start(MAKER, make_maker("Nữa").row.id, fair.slug)
    assert state_of(reference) == "draft"
    with pytest.raises(NotFound):
        applications.start(MAKER, maker.row.id, make_fair(announced=False).slug)
    with pytest.raises(NoCall):
        applications.start(MAKER, maker.row.id, make_fair(call_from_on=None, call_to_on=None).slug)
    with transaction() as s:
        s.get_one(Producer, maker.row.id).state = ProducerState.SUSPENDED
    with pytest.raises(ProducerNotReady):
        applications.start(MAKER, maker.row.id, make_fair().slug)


def test_somebody_elses_goods_and_numbers_that_make_no_sense_lose_nothing(ctx: Any) -> None:
    fair, maker, other = make_fair(), make_maker(), make_maker("Nhà khác")
    reference = apply(fair, maker, submit=False)
    with pytest.raises(NotYourGoods) as refused:
        applications.save_goods(MAKER, reference, {maker.variant.id: 5, other.variant.id: 5})
    assert refused.value.field == "goods"
    with pytest.raises(Invalid):
        applications.save_goods(MAKER, reference, {maker.variant.id: 0})
    assert [(g.variant_id, g.wanted) for g in goods_of(reference)] == [(maker.variant.id, 20)]
    strange = make_fair("Hội chợ khác")
    for place in (
        (strange.zones["A"], None, 0),
        (None, strange.types["own"], 0),
        (None, None, 100_001),
    ):
        with pytest.raises(Invalid):
            applications.save_place(MAKER, reference, *place, water=False, cold=False)
    with pytest.raises(Refused) as both:
        applications.save_contact(MAKER, reference, " ", "12", None)
    assert [e.field for e in both.value.all] == ["contact_name", "contact_phone"]


def test_sent_back_after_the_call_it_may_be_handed_in_again_and_findings_stay(ctx: Any) -> None:
    fair, maker = make_fair(), make_maker()
    second = factories.make_variant("Ruốc hàu", producer=maker.row)
    reference = apply(fair, maker)
    with pytest.raises(Invalid):
        applications.send_back(STAFF, reference, "  ")
    applications.send_back(STAFF, reference, "Thiếu bản tự công bố.")
    fair.close_call()
    applications.save_goods(MAKER, reference, {maker.variant.id: 30, second.id: None})
    assert [(g.wanted, g.papers) for g in goods_of(reference)] == [
        (30, PapersState.GOOD),
        (None, PapersState.UNCHECKED),
    ]
    applications.submit(MAKER, reference)
    assert [s.reason for s in row_of(reference).steps if s.to_state == "sent_back"] == ["Thiếu bản tự công bố."]
    applications.refuse(STAFF, reference, "Hết chỗ cho hàng này.")
    assert state_of(reference) == "refused"
    with pytest.raises(FairMovedOn):
        applications.withdraw(MAKER, reference)


def test_withdrawn_it_may_be_taken_up_again_under_the_same_number(ctx: Any) -> None:
    fair, maker = make_fair(), make_maker()
    reference = apply(fair, maker)
    applications.withdraw(MAKER, reference, "Mất mùa")
    assert state_of(reference) == "withdrawn"
    assert applications.start(MAKER, maker.row.id, fair.slug) == reference
    assert (state_of(reference), len(goods_of(reference))) == ("draft", 1)
    applications.withdraw(MAKER, reference)
    fair.close_call()
    with pytest.raises(CallClosed):
        applications.start(MAKER, maker.row.id, fair.slug)


def test_a_waiting_list_is_counted_from_one(ctx: Any) -> None:
    fair = make_fair()
    one, two, three = (apply(fair) for _ in range(3))
    for reference in (two, one, three):
        applications.to_waiting(STAFF, reference)
    assert fair.waiting() == [two, one, three]
    applications.withdraw(MAKER, two)
    applications.refuse(STAFF, three, "không đủ giấy")
    assert fair.waiting() == [one]
    with pytest.raises(FairMovedOn):
        applications.to_waiting(STAFF, one)


def test_a_locality_vouches_or_not(ctx: Any) -> None:
    fair = make_fair()
    reference = apply(fair)
    with pytest.raises(Invalid):
        applications.endorse(LOCAL, reference, Endorsement.NO, "")
    applications.endorse(LOCAL, reference, Endorsement.YES, "Cơ sở làm thật")
    row = row_of(reference)
    assert (row.endorsement, row.endorsed_label, row.endorsed_word) == (
        Endorsement.YES,
        "Cán bộ phường",
        "Cơ sở làm thật",
    )
    applications.endorse(LOCAL, reference, Endorsement.NONE, None)
    assert (row_of(reference).endorsement, row_of(reference).endorsed_at) == (Endorsement.NONE, None)
    draft = apply(fair, submit=False)
    with pytest.raises(FairMovedOn):
        applications.endorse(LOCAL, draft, Endorsement.YES, None)


def test_papers_are_found_good_or_refused_with_a_reason(ctx: Any) -> None:
    fair, maker = make_fair(), make_maker(stars=4)
    reference = apply(fair, maker, checked=False)
    (goods,) = goods_of(reference)
    with pytest.raises(Invalid) as refused:
        applications.find(STAFF, reference, goods.id, PapersState.REFUSED, "")
    assert refused.value.field == f"finding-{goods.id}"
    applications.find(STAFF, reference, goods.id, PapersState.REFUSED, "Nhãn thiếu hạn dùng")
    assert goods_of(reference)[0].finding == "Nhãn thiếu hạn dùng"
    applications.find(STAFF, reference, goods.id, PapersState.UNCHECKED, None)
    # The dates are good, but the books have no copy: nobody is told that all is there.
    known = papers.of_packs(fair.row, [goods.variant_id])[goods.variant_id]
    assert (known.fits, known.complete, known.worst) == (True, False, papers.WARN)
    assert applications.find_all_good(STAFF, reference, [goods.id]) == 0
    with pytest.raises(Invalid) as unseen:
        applications.find(STAFF, reference, goods.id, PapersState.GOOD, None)
    assert unseen.value.field == f"finding-{goods.id}"
    file_papers(maker)
    assert papers.of_packs(fair.row, [goods.variant_id])[goods.variant_id].worst == papers.OK
    assert applications.find_all_good(STAFF, reference, [goods.id]) == 1
    assert goods_of(reference)[0].checked_label == "Cán bộ xúc tiến"
    with pytest.raises(NotFound):
        applications.find(STAFF, reference, goods_of(apply(fair))[0].id, PapersState.GOOD, None)


# --- papers by their dates -----------------------------------------------------------------------------------------


def told(fair: Any, maker: Any) -> papers.Papers:
    session().expire_all()
    return papers.of_packs(fair.row, [maker.variant.id])[maker.variant.id]


def of(found: papers.Papers, about: str) -> papers.Found:
    return next(f for f in found.found if f.about == about)


def test_a_certificate_that_ends_during_the_fair_is_said_with_its_day(ctx: Any) -> None:
    fair = make_fair()  # from day 30 to day 34
    whole = make_maker("a", stars=4, until=in_days(34))
    file_papers(whole)
    good = told(fair, whole)
    assert (good.stars, of(good, "certificate").kind) == (4, papers.OK)
    short = told(fair, make_maker("b", stars=4, until=in_days(33)))
    found = of(short, "certificate")
    assert (short.stars, found.kind) == (0, papers.WARN)
    assert found.values["day"] == in_days(33)
    assert in_days(34).strftime("%d/%m/%Y") in found.told
    over = of(told(fair, make_maker("c", stars=4, until=in_days(29))), "certificate")
    assert "trước ngày khai mạc" in over.told
    # Two that meet hold all days; of each day the better one counts, of all days the least.
    maker = make_maker("d", stars=4, until=in_days(31))
    factories.make_certificate(maker.variant, stars=3, issued_on=in_days(32), expires_on=in_days(900))
    assert told(fair, maker).stars == 3
    factories.make_certificate(maker.variant, stars=5, issued_on=in_days(31), expires_on=in_days(900))
    assert told(fair, maker).stars == 4
    later = make_maker("e")
    factories.make_certificate(later.variant, stars=5, issued_on=in_days(31), expires_on=in_days(900))
    assert "sau ngày khai mạc" in of(told(fair, later), "certificate").told
    far = make_maker("f")
    factories.make_certificate(far.variant, stars=5, issued_on=in_days(40), expires_on=in_days(900))
    assert "sau khi hội chợ kết thúc" in of(told(fair, far), "certificate").told


def test_goods_that_need_a_certificate_are_bad_without_one(ctx: Any) -> None:
    fair, maker = make_fair(), make_maker("a", stars=4, until=in_days(33))
    session().expire_all()
    from shop.catalog.models import Product

    with transaction() as s:
        s.get_one(Product, maker.variant.product_id).needs_certificate = True
    found = told(fair, maker)
    assert not found.fits
    assert "không được bán" in of(found, "certificate").told
    revoked = make_maker("b", stars=5)
    from shop.catalog.models import Certificate

    with transaction() as s:
        s.query(Certificate).filter_by(product_id=revoked.variant.product_id).update(
            {"revoked_on": in_days(32), "revoked_reason": "thử"}
        )
    assert "bị thu hồi từ" in of(told(fair, revoked), "certificate").told


def test_food_and_alcohol_rest_on_papers_of_the_house(ctx: Any) -> None:
    fair = make_fair()
    none = told(fair, make_maker("a", food_until=None))
    assert (of(none, "food").kind, none.fits) == (papers.WARN, True)
    ends = told(fair, make_maker("b", food_until=in_days(32)))
    assert (of(ends, "food").kind, ends.fits) == (papers.BAD, False)
    assert in_days(32).strftime("%d/%m/%Y") in of(ends, "food").told
    maker = make_maker("c", alcohol_until=in_days(10))
    from shop.catalog.models import Product

    with transaction() as s:
        s.get_one(Product, maker.variant.product_id).is_alcohol = True
    assert "trước ngày khai mạc" in of(told(fair, maker), "alcohol").told
    assert not told(fair, make_maker("d", identity_due=True)).fits


def test_the_fair_must_not_have_begun(ctx: Any) -> None:
    fair = make_fair()
    fair.booth("A1")
    reference = apply(fair)
    fair.publish()
    fair.step(FairState.RUNNING)
    with pytest.raises(FairMovedOn):
        applications.withdraw(MAKER, reference)
    assert state_of(reference) == "accepted"
    assert clock.now() - row_of(reference).updated_at < timedelta(minutes=5)
    assert session().query(Application).count() == 1
    check(reference)
