"""The demonstration's applications: on a stub of the coming fair, as the seed finds it."""

from __future__ import annotations

import random
from collections import Counter
from types import SimpleNamespace
from typing import Any

from shop.exhibitions.models.calls import Application, Endorsement
from shop.exhibitions.queries import allotting
from shop.kernel import clock, invariants
from shop.kernel.actor import Actor
from shop.kernel.db import session, transaction
from shop.seed import fairs_call
from shop.seed.staff import Staff
from tests import factories
from tests.exhibitions.call_made import make_fair, make_maker


def staff(packs: dict[str, Any]) -> Staff:
    people = {"xuctien": Actor("user", "Cán bộ (minh họa)", 901)}
    return Staff(random.Random("demo:calls:1"), clock.now(), people, {}, packs, None)  # type: ignore[arg-type]


def test_fourteen_producers_stand_at_every_step(ctx: Any) -> None:
    factories.make_places()
    fair = make_fair()
    for n in range(6):
        fair.booth(f"A{n}", zone="A")
    makers = [make_maker(f"HTX {n}", stars=n % 3 + 3 if n % 4 else 0) for n in range(16)]
    packs = {
        f"QN{n:03d}-{k}": SimpleNamespace(producer_id=m.row.id, variant_id=v.id)
        for n, m in enumerate(makers)
        for k, v in enumerate([m.variant, factories.make_variant(f"Món {n}", producer=m.row)])
    }
    packs["QN999-1"] = SimpleNamespace(producer_id=None, variant_id=1)
    mine, member, officer = makers[5].row.id, Actor("user", "Người làm", 902), Actor("user", "Cán bộ phường", 903)
    with transaction():
        fairs_call.load(staff(packs), fair.slug, mine, member, officer)
    rows = session().query(Application).all()
    assert len(rows) == fairs_call.COUNT
    assert all(row.is_demo for row in rows)
    states = Counter(str(row.state) for row in rows)
    assert states == {"submitted": 9, "draft": 2, "sent_back": 2, "withdrawn": 1}
    assert Counter(row.endorsement for row in rows)[Endorsement.YES] == 3
    assert next(row for row in rows if row.producer_id == mine).state == "draft"
    # Written by the rooms' own commands: the books are whole, and the booths could be given out.
    assert not [name for name, check in invariants._checks.items() if name.startswith("exhibitions.") and any(check())]
    kept = allotting.rule_row(fair.row.id)
    assert kept is not None
    found = allotting.preview(fair.row, allotting.rule_of(kept), kept.seed)
    assert len(found.arrangement.booths) == 6
