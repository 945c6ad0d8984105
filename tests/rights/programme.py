"""Makers of what producers score, and of new-rural communes."""

from __future__ import annotations

from typing import Any

from shop.accounts.models import User
from shop.kernel import clock, text
from shop.kernel.db import session, transaction
from shop.programme.models.ntm import NtmRecord, NtmState
from shop.programme.services import ntm
from shop.programme.services import scoring as services
from tests.rights.house import House, maker, shared

YEAR = 2014


@maker("/producer/scoring/<slug>", of="producer")
@shared
def score(house: House) -> dict[str, Any]:
    services.load_sheets()
    return {"slug": house.slug}


@maker("/producer/scoring/<slug>/form-02.pdf", of="producer")
def score_paper(house: House) -> dict[str, Any]:
    from shop.kernel.actor import SYSTEM
    from shop.programme.queries import scoring as queries

    made = score(house)
    found = queries.scored(made["slug"])
    code = found.official.sheet.sections[0].questions[0].code
    services.save_self_score(SYSTEM, found.product_id, found.official.id, {code: 0}, [], seen=0)
    return made


@maker(
    "/office/scoring-sheets/<int:number>",
    of="shared",
    why="the law is the same for everybody who may read the catalogue",
)
def sheet(house: House) -> dict[str, Any]:
    services.load_sheets()
    return {"number": 8}


@maker(
    "/office/ntm/<int:year>",
    of="shared",
    why="a year of the province; the list in it is narrowed to one's own communes",
)
def year_of_communes(house: House) -> dict[str, Any]:
    ntm.load_registry()
    return {"year": YEAR}


@maker("/office/ntm/<int:year>/<code>", of="locality")
@shared
def commune(house: House) -> dict[str, Any]:
    """Written straight into the table: the house has no commune of 2014."""
    ntm.load_registry()
    with transaction():
        session().add(
            NtmRecord(
                commune_code=house.commune, commune_name=house.name, sort_name=text.sort_key(house.name), on_day=clock.today(),
                target_year=YEAR, state=NtmState.REGISTERED, created_at=clock.now(), updated_at=clock.now(),
            )
        )  # fmt: skip
    return {"year": YEAR, "code": house.commune}


@maker("/office/ntm/<int:year>/<code>/<int:number>", of="locality")
def criterion(house: House) -> dict[str, Any]:
    return {**commune(house), "number": 1}


def _dossier(house: House, *, proposed: bool = False) -> str:
    """A dossier of the house's producer, with its commune, by the rooms' own commands."""
    from tests.programme import assessing

    services.load_sheets()
    field = assessing.Field(house.producer)
    return (field.proposed() if proposed else field.submitted()).code


@maker("/producer/dossiers/<code>", of="producer")
@maker("/office/dossiers/<code>", of="locality")
@shared
def dossier(house: House) -> dict[str, Any]:
    return {"code": _dossier(house)}


@maker("/producer/dossiers/<code>/papers/<int:paper_id>", of="producer")
@maker("/office/dossiers/<code>/papers/<int:paper_id>", of="locality")
def dossier_paper(house: House) -> dict[str, Any]:
    from shop.programme.queries import dossiers

    code = dossier(house)["code"]
    return {"code": code, "paper_id": dossiers.papers_of(dossiers.by_code(code).id)[0].id}


@maker("/office/dossiers/<code>/objection", "/office/dossiers/<code>/ministry", of="all")
def decided_dossier(house: House) -> dict[str, Any]:
    return dossier(house)


@shared
def panel(house: House) -> Any:
    """A council of five with a session that heard a dossier; `user` is its chair."""
    from shop.programme.models.dossiers import RoundLevel
    from shop.programme.queries import dossiers, rounds
    from shop.programme.services import ballots
    from tests.programme import assessing

    services.load_sheets()
    here = rounds.taking(RoundLevel.PROVINCE, clock.today())
    made = assessing.make_panel(here.code if here is not None else None)
    heard = dossiers.by_code(_dossier(house, proposed=True))
    session_id, (hearing_id,) = made.session(heard)
    for actor in made.scorers:
        assessing.score(actor, hearing_id)
    ballots.close(made.chair, session_id)
    return {
        "round": made.round_code, "council_id": made.id, "session_id": session_id, "hearing_id": hearing_id,
        "paper_id": dossiers.papers_of(heard.id)[0].id, "user": session().get_one(User, made.chair.user_id),
    }  # fmt: skip


def _of(house: House, *names: str) -> dict[str, Any]:
    made = panel(house)
    return {name: made[name] for name in names}


@maker("/office/rounds/<code>", of="all")
def round_(house: House) -> dict[str, Any]:
    return {"code": panel(house)["round"]}


@maker("/office/councils/<int:council_id>", of="all")
def council(house: House) -> dict[str, Any]:
    return _of(house, "council_id")


@maker("/office/councils/<int:council_id>/sessions/<int:session_id>", of="all")
def planned_session(house: House) -> dict[str, Any]:
    return _of(house, "council_id", "session_id")


@maker("/office/council/<int:council_id>/sessions/<int:session_id>", of="council")
def council_session(house: House) -> dict[str, Any]:
    return _of(house, "council_id", "session_id", "user")


@maker("/office/council/<int:council_id>/hearings/<int:hearing_id>", of="council")
def hearing(house: House) -> dict[str, Any]:
    return _of(house, "council_id", "hearing_id", "user")


@maker("/office/council/<int:council_id>/hearings/<int:hearing_id>/papers/<int:paper_id>", of="council")
def hearing_paper(house: House) -> dict[str, Any]:
    return _of(house, "council_id", "hearing_id", "paper_id", "user")
