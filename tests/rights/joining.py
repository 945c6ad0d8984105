"""Makers of what joining and its papers leave: applications, papers, requests to change, invitations."""

from __future__ import annotations

from typing import Any

from shop.kernel.actor import SYSTEM, Actor
from shop.producers import queries
from shop.producers.models import PaperKind
from shop.producers.services import joining, members, papers, profile
from tests import people
from tests.producers.conftest import FACTS, actor_of, hand_in
from tests.rights.house import House, first, key, maker, shared

CLERK = Actor("user", "Người giữ giấy")


def _application(house: House) -> tuple[Any, str]:
    user = people.make_user(f"Người xin vào {house.name}")
    actor = actor_of(user)
    reference = joining.begin(actor, "")
    tax = {"tax_code": f"57012{user.id:05d}", "name": f"Hộ xin vào {house.name}"}
    joining.save_who(actor, reference, province="22", commune=house.commune, **(FACTS | tax))
    joining.save_bank(actor, reference, "970436", "0011001234567", "HOANG THI SIM")
    whose = papers.Owner(application_id=queries.open_application(user.id).id)
    for kind in (PaperKind.REGISTRATION, PaperKind.FOOD_SAFETY):
        hand_in(whose, kind, by=actor, accept=False, ends=None if kind is PaperKind.REGISTRATION else 300)
    return user, reference


@maker("/office/applications/<reference>", of="locality")
@shared
def application(house: House) -> dict[str, Any]:
    user, reference = _application(house)
    joining.submit(actor_of(user), reference)
    return {"reference": reference}


@maker("/producer/join/papers/<reference>", of="user")
def paper_to_join(house: House) -> dict[str, Any]:
    """Of an application that is not sent: only its writer sees it."""
    from shop.producers.models import Paper

    user, _reference = _application(house)
    return {"user": user, "reference": first(Paper, Paper.added_by == actor_of(user).key).reference}


@maker("/producer/papers/<reference>", of="producer")
@maker("/office/papers/<reference>", of="locality")
@shared
def paper(house: House) -> dict[str, Any]:
    whose = papers.Owner(producer_id=house.producer.id)
    return {"reference": hand_in(whose, by=CLERK, accept=False, number=f"{house.name}/2026")}


@maker("/producer/profile/changes/<reference>", of="producer")
@maker("/office/changes/<reference>", of="locality")
@shared
def change(house: House) -> dict[str, Any]:
    made = profile.ask_facts(SYSTEM, house.producer.id, province="22", commune="", name=f"HTX {house.name} mới")
    return {"reference": made}


@maker("/producer/members/invitations/<reference>", of="producer")
def invitation(house: House) -> dict[str, Any]:
    made = members.invite(CLERK, house.producer.id, "moi@example.vn", "producer_packing", op_key=key())
    return {"reference": made}
