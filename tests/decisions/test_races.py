"""Several at once: real threads, real commits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from shop.catalog import services as catalog
from shop.catalog.models import Certificate, Product
from shop.decisions.models import Decision, Ground, Kind, Renewal, State
from shop.decisions.services import renewals, signing
from shop.decisions.services.drafting import Revocation
from shop.kernel import clock
from shop.kernel.actor import SYSTEM
from shop.kernel.db import session, transaction
from shop.kernel.errors import ShopError
from shop.kernel.operations import new_key
from tests.checkout.conftest import Bench, bench, bench_with
from tests.decisions.conftest import certificate, drafted, goods, granted

__all__ = ["bench", "bench_with"]


def codes(told: list[Any]) -> list[str]:
    assert all(one.error is None or isinstance(one.error, ShopError) for one in told), [one.error for one in told]
    return sorted(one.error.code if one.error else "ok" for one in told)


def test_two_sign_the_same_decision(app: Any, together: Any, audit_clean: Callable[[], None]) -> None:
    with app.app_context():
        pack = goods()
        reference = drafted(granted(pack))
        product = pack.product_id
    told = together(app, [lambda: signing.sign(SYSTEM, reference, 1, new_key()) for _ in range(4)])
    assert codes(told) == ["decision-moved-on"] * 3 + ["ok"]
    with app.app_context():
        assert session().query(Certificate).filter_by(product_id=product).count() == 1
        audit_clean()


def test_two_decisions_on_one_product(app: Any, together: Any, audit_clean: Callable[[], None]) -> None:
    """The second sees the first one's certificate, of the same day."""
    with app.app_context():
        pack = goods()
        certificate(pack, 100, stars=3)
        made = [drafted(granted(pack, number=f"CN-{n}"), number=f"{n}/QĐ-UBND") for n in range(3)]
    told = together(app, [lambda r=r: signing.sign(SYSTEM, r, 1, new_key()) for r in made])
    assert codes(told) == ["certificates-overlap"] * 2 + ["ok"]
    with app.app_context():
        assert session().query(Decision).filter_by(state=State.SIGNED).count() == 1
        audit_clean()


def test_two_enter_the_same_renewal(app: Any, together: Any) -> None:
    with app.app_context():
        n = certificate(goods(), 150).id
        day = clock.today()
    told = together(app, [lambda: renewals.file(SYSTEM, n, day, new_key()) for _ in range(4)])
    assert codes(told) == ["ok"] + ["renewal-open"] * 3
    with app.app_context():
        assert session().query(Renewal).count() == 1


def test_revoked_while_people_buy(bench: Bench, together: Any, audit_clean: Callable[[], None]) -> None:
    """Each order was placed with a certificate that held, or refused with a word; the audit finds nothing."""
    with transaction() as s:
        product = s.get_one(Product, bench.variant.product_id)
        product.needs_certificate = True
    last = clock.today() + timedelta(days=300)
    n = catalog.issue_certificate(
        SYSTEM, product.id, number="CN-1", level="province", stars=4, issued_on=clock.add_months(last, -36)
    )  # fmt: skip
    reference = drafted(Revocation(n, Ground.BREACH, "Không an toàn"), kind=Kind.REVOKE)
    point = bench.point.slug
    clients = [bench.app.test_client() for _ in range(4)]
    for client in clients:
        bench.add(client=client)
    work: list[Callable[[], Any]] = [
        lambda c=c, i=i: bench.order(client=c, phone=f"0912 345 6{i:02d}", delivery="pickup", point=point)
        for i, c in enumerate(clients)
    ]

    def sign() -> Any:
        with bench.app.app_context():
            signing.sign(SYSTEM, reference, 1, new_key())

    told = together(None, [*work[:2], sign, *work[2:]])
    assert [one.error for one in told if one.error is not None] == []
    assert {one.value.status_code for one in told if one.value is not None} <= {303, 409, 422}
    late = bench.app.test_client()
    added = bench.add(client=late)
    assert (
        added is None or added.status_code >= 400 or bench.order(client=late, phone="0912 345 699").status_code != 303
    )
    audit_clean()
