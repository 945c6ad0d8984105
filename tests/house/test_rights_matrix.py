"""Every route × every role × a thing of somebody else: no foreign read, no foreign write.

Walked from the door table (`flask doors`), so a new door is tried the day it is opened. What an address names is made by
`tests/rights`: a new parameter without a maker there fails here and says so.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask, g
from sqlalchemy import update

from shop.accounts import guards
from shop.accounts.guards import Guard
from shop.accounts.permissions import PRODUCER_ROLES, ROLE_PERMISSIONS, SCOPE_KIND, Role
from shop.accounts.queries import GrantView
from shop.commands import door_rows
from shop.conversations import services as conversations
from shop.conversations.models import Side
from shop.kernel import web
from shop.kernel.actor import SYSTEM
from shop.kernel.db import db, session, transaction
from shop.kernel.errors import Forbidden, NotFound, ShopError
from tests import factories, rights
from tests.people import sign_in
from tests.rights import House
from tests.statements import statements

JSON = {"Accept": "application/json"}
KINDS = ("point", "producer", "locality", "exhibition")
# What a person who tries it would send: enough for a command to act if nobody stopped it.
TYPED = {
    "reason": "thử xem có được không", "note": "thử", "quantity": "1", "amount": "1000", "do": "1", "confirm": "1",
    "why": "damaged", "answer": "xin chào quý khách", "name": "Tên khác", "state": "done", "value": "1",
}  # fmt: skip
# Tables that every visit writes to: when somebody was last seen.
VISITS = {"user_sessions"}


@dataclass(frozen=True, slots=True)
class Door:
    """One method of one route."""

    method: str
    rule: str
    guard: Guard

    def __str__(self) -> str:
        return f"{self.method} {self.rule}"

    @property
    def names_something(self) -> bool:
        return bool(rights.parameters(self.rule))


def doors(app: Flask) -> list[Door]:
    """The door table, a line for each method."""
    return [
        Door(method, row["rule"], app.view_functions[row["endpoint"]].__guard__)  # type: ignore[attr-defined]
        for row in door_rows(app)
        for method in row["methods"]
        if row["endpoint"] != "static"
    ]


def roles_with(guard: Guard) -> list[Role]:
    return [role for role, held in ROLE_PERMISSIONS.items() if guard.permission in held]


def narrowings(role: Role) -> list[str]:
    """The kinds of scope a grant of `role` may have; `*` if it may be for all."""
    if role in {Role.ADMINISTRATOR, Role.CUSTOMER}:
        return ["*"]
    return [SCOPE_KIND[role]] if role in SCOPE_KIND else ["*", *KINDS]


@dataclass
class People:
    """Visitors of each role and scope, signed in once."""

    app: Flask
    known: dict[Any, tuple[Any, str]] = field(default_factory=dict)

    def visitor(self, role: Role | None, scopes: tuple[str, ...] = (), user: Any = None) -> tuple[Any, str]:
        """A client and the token of its forms; without a role one who is not signed in."""
        key = (role, scopes, user and user.id)
        if key not in self.known:
            client = self.app.test_client()
            if user is not None:
                sign_in_as(client, user)
            elif role is not None:
                sign_in(client, *[(role, scope) for scope in scopes])
            self.known[key] = client, self.token(client)
        return self.known[key]

    def token(self, client: Any) -> str:
        """A good form token of the client's session."""
        with client.session_transaction() as cookie:
            cookie["csrf_token"] = known = rights.key()
        with self.app.app_context():
            return str(web._sessions().forms.dumps(known))

    def ask(self, door: Door, path: str, who: tuple[Any, str], **options: Any) -> Any:
        client, token = who
        if door.method == "GET":
            return client.get(path, buffered=True, **options)
        return client.post(path, data=TYPED | {"csrf_token": token, "op_key": rights.key()}, buffered=True, **options)


def sign_in_as(client: Any, user: Any) -> None:
    """Let `client` be signed in as `user`."""
    made = sign_in(client)
    from shop.accounts.models import UserSession
    from shop.kernel.db import transaction

    with transaction() as s:
        s.query(UserSession).filter_by(user_id=made.id).update({"user_id": user.id})


@pytest.fixture
def house(app: Flask) -> Iterator[House]:
    with app.app_context():
        factories.make_places()
        yield House(app, "A", "06661")


def books() -> dict[str, str]:
    """Every table as a digest of its rows, but for those that visits write to."""
    session().rollback()
    found = {}
    for table in db.metadata.sorted_tables:
        if table.name not in VISITS:
            rows = session().execute(table.select().order_by(*table.primary_key.columns)).all()
            found[table.name] = hashlib.sha256(repr([tuple(row) for row in rows]).encode()).hexdigest()
    session().rollback()
    return found


@contextmanager
def watched(door: Door, written: list[str]) -> Iterator[None]:
    """Note in `written` what the block sends to the database beyond reading, and beyond what every visit writes."""
    with statements() as seen:
        yield
    for sent in seen.writes:
        table = re.match(r'(?:UPDATE|INSERT INTO|DELETE FROM)\s+"?(\w+)', sent)
        if table is not None and table[1] not in VISITS:
            written.append(f"{door}: {' '.join(sent.split())[:160]}")


# --- the makers and the doors ------------------------------------------------------------------------------------


@pytest.mark.sqlite_only
def test_every_address_that_names_something_has_a_maker(app: Flask) -> None:
    missing = [
        str(door)
        for door in doors(app)
        if door.names_something
        and rights.found(door.rule) is None
        and not (door.guard.permission is None and door.rule in rights.PUBLIC)
    ]
    assert not missing, (
        "add a @maker to tests/rights for what these name (or, if everybody may read it, a line to PUBLIC): "
        + "; ".join(missing)
    )
    rules = {door.rule for door in doors(app)}
    unused = [
        rule for rule in rights.MAKERS if not any(r == rule or r.startswith((f"{rule}/", f"{rule}.")) for r in rules)
    ]
    assert not unused, f"makers of tests/rights for rules that are no more: {unused}"
    assert not sorted(set(rights.PUBLIC) - rules)


@pytest.mark.sqlite_only
def test_an_unknown_parameter_is_noticed() -> None:
    assert rights.found("/office/nothing/<reference>") is None
    assert rights.found("/office/transfers/<reference>/cancel").rule == "/office/transfers/<reference>"  # type: ignore[union-attr]
    assert rights.found("/office/transfers/<reference>/lines/<int:line_id>") is None
    papers = "/office/transfers/<reference>/<any('note', 'label'):paper>.pdf"
    assert rights.parameters(papers) == ["reference"]
    assert rights.address(papers, {"reference": "C-1"}) == "/office/transfers/C-1/note.pdf"
    assert rights.found("/office/transfers/<reference>/receive").rule.endswith("/receive")  # type: ignore[union-attr]


# --- without the right -------------------------------------------------------------------------------------------


@pytest.mark.sqlite_only
def test_nobody_signed_out_gets_behind_a_guard(app: Flask) -> None:
    people = People(app)
    who = people.visitor(None)
    let_in = []
    for door in doors(app):
        if door.guard.kind == "public":
            continue
        path = rights.address(door.rule, dict.fromkeys(rights.parameters(door.rule), "1"))
        answer = people.ask(door, path, who)
        if door.guard.kind == "machine":
            good = answer.status_code in {400, 401, 403, 422}
        elif door.method == "GET":
            good = answer.status_code == 302 and answer.location.startswith("/dang-nhap?next=")
        else:
            good = answer.status_code == 401
        if not good:
            let_in.append(f"{door}: {answer.status_code}")
    assert not let_in


@pytest.mark.sqlite_only
def test_a_role_without_the_right_is_refused_everywhere(app: Flask) -> None:
    """A customer tries every door for real; for the other roles the guard itself is asked, which is what stopped him."""
    people, let_in, tried = People(app), [], 0
    with app.app_context():
        who = people.visitor(Role.CUSTOMER, ("*",))
    for door in _behind_a_right(app):
        path = rights.address(door.rule, dict.fromkeys(rights.parameters(door.rule), "1"))
        code = people.ask(door, path, who, headers=JSON).status_code
        if code != 403:
            let_in.append(f"customer: {door}: {code}")
    for role, held in ROLE_PERMISSIONS.items():
        scope = f"{SCOPE_KIND[role]}:1" if role in SCOPE_KIND else "*"
        for door in _behind_a_right(app):
            if door.guard.permission in held:
                continue
            tried += 1
            path = rights.address(door.rule, dict.fromkeys(rights.parameters(door.rule), "1"))
            if _guard_says(app, door, path, role, (scope,)) is not Forbidden:
                let_in.append(f"{role}: {door}")
    assert not let_in
    assert tried > 1000


def _behind_a_right(app: Flask) -> list[Door]:
    return [door for door in doors(app) if door.guard.permission is not None]


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody signed in, as guards see him."""

    grants: tuple[GrantView, ...]
    is_authenticated: bool = True
    needs_second_factor: bool = False
    user_id: int = 1
    name: str = "Ai đó"


# --- somebody else's ---------------------------------------------------------------------------------------------


def test_somebody_elses_thing_is_not_there(app: Flask, house: House) -> None:
    people = People(app)
    things: dict[str, dict[str, Any]] = {}
    for door in doors(app):
        found = rights.found(door.rule) if door.names_something else None
        if found is not None and found.rule not in things:
            things[found.rule] = found.make(house)
    other = House(app, "B", "07093")
    tries = [
        (door, rights.address(door.rule, things[found.rule]), label, role, tuple(scopes))
        for door, found in _named(app)
        for label, role, scopes in _strangers(door, found, house, other)
    ]
    for role, scopes in {(role, scopes) for _door, _path, _label, role, scopes in tries}:
        people.visitor(role, scopes)
    before, let_in, real = books(), [], set()
    for door, path, label, role, scopes in tries:
        # Where the guard itself asks whose it is, one visitor goes the whole way and the guard alone is asked about the others.
        if door.guard.scope is not None and door in real:
            refused = _guard_says(app, door, path, role, scopes) is NotFound
        else:
            refused = people.ask(door, path, people.visitor(role, scopes), headers=JSON).status_code == 404
            real.add(door)
        if not refused:
            let_in.append(f"{label}: {door}")
    assert not let_in, "\n".join(let_in)
    assert len(tries) > 300
    after = books()
    assert [name for name in before if before[name] != after[name]] == [], "a refused request has written"
    _owners_get_in(app, people, house, things)


def _guard_says(app: Flask, door: Door, path: str, role: Role, scopes: tuple[str, ...]) -> type[ShopError] | None:
    """What the guard of `door` answers somebody with these grants: None lets him in."""
    with app.test_request_context(path, method=door.method):
        g._login_user = Member(tuple(GrantView(role, scope) for scope in scopes))
        g.pop("actor", None)
        try:
            guards.enforce()
        except ShopError as refusal:
            return type(refusal)
    return None


def _named(app: Flask) -> list[tuple[Door, rights.Maker]]:
    """The guarded doors that name something, reading ones first."""
    found = [
        (door, rights.found(door.rule)) for door in doors(app) if door.names_something and door.guard.kind != "public"
    ]
    return sorted(((d, m) for d, m in found if m is not None and m.of != "device"), key=lambda pair: pair[0].method)


def _strangers(door: Door, found: rights.Maker, house: House, other: House) -> Iterator[tuple[str, Role, list[str]]]:
    """Everybody who has the right, but not for this thing."""
    if found.of == "user":
        yield "another user", Role.CUSTOMER, ["*"]
    if found.of in {"user", "shared"}:
        return
    for role in roles_with(door.guard):
        kinds = [kind for kind in narrowings(role) if kind != "*"]
        for kind in kinds:
            yield f"{role} of another {kind}", role, other.scopes(kind)
            if found.of == "all" or kind != found.of:
                # A grant for a thing of another kind names nothing here, whoever's it is.
                yield f"{role} of one {kind}", role, house.scopes(kind)


def _owners_get_in(app: Flask, people: People, house: House, things: dict[str, dict[str, Any]]) -> None:
    """The same addresses answer those whose they are: the refusals above were not about things that do not exist."""
    shut, shown, asked, written = [], set[str](), set[Door](), list[str]()
    for door, found in _named(app):
        values = things[found.rule]
        path = rights.address(door.rule, values)
        for label, role, scopes in _owners(door, found, house):
            if found.of != "user" and _guard_says(app, door, path, role, tuple(scopes)) is not None:
                shut.append(f"{label}: {door}: its guard refuses")
            if door.method == "GET" and door not in asked:
                asked.add(door)
                who = people.visitor(role, tuple(scopes), values.get("user"))
                with watched(door, written):
                    code = people.ask(door, path, who).status_code
                # What one address shows must be there; some below it need another state, and say so without falling over.
                if code != 200 and (found.rule not in shown or code not in {302, 303, 409}):
                    shut.append(f"{label}: {door}: {code}")
                shown.add(found.rule)
    assert not shut, "\n".join(shut)
    assert not written, "a GET has written:\n" + "\n".join(written)
    assert len(shown) > 40


def _owners(door: Door, found: rights.Maker, house: House) -> Iterator[tuple[str, Role, list[str]]]:
    if found.of == "user":
        yield "the owner", Role.CUSTOMER, ["*"]
        return
    for role in roles_with(door.guard):
        kinds = narrowings(role)
        if found.of in kinds and door.guard.scope_name != "all":
            yield f"{role} of its {found.of}", role, house.scopes(found.of)
        elif "*" in kinds:
            yield f"{role} of all", role, ["*"]


# --- what the buyer alone may see, and what a device may ----------------------------------------------------------


def test_a_strangers_order_shows_nothing(app: Flask, house: House) -> None:
    people = People(app)
    buyers = [
        door
        for door in doors(app)
        if (m := rights.found(door.rule)) is not None and m.of == "buyer" and door.names_something
    ]
    assert len(buyers) > 4
    named = rights.invoices.of_order(house) | rights.orders.parcel_of_point(house)
    strangers = people.visitor(None), people.visitor(Role.CUSTOMER)
    before = books()
    for door in buyers:
        for who in strangers:
            answer = people.ask(door, rights.address(door.rule, named), who)
            told = answer.get_data(as_text=True)
            assert answer.status_code in {302, 303, 403, 404}, f"{door}: {answer.status_code}"
            assert rights.PHONE[3:] not in told
            assert rights.BUYER not in told
    after = books()
    assert [name for name in before if before[name] != after[name]] == []


def test_a_device_reads_receipts_of_its_own_point_alone(app: Flask, house: House) -> None:
    other = House(app, "B", "07093")
    number = rights.shop.till_receipt(house)["number"] if house.till else ""
    assert house.till.get(f"/till/receipt/{number}.pdf").status_code == 200
    assert other.till.get(f"/till/receipt/{number}.pdf").status_code == 404


# --- reading ----------------------------------------------------------------------------------------------------


def test_no_get_changes_anything(app: Flask, house: House) -> None:
    """Every page that names nothing or that everybody may read, by somebody who may; own things are read above."""
    for found in rights.MAKERS.values():
        found.make(house)
    people, written, broken = People(app), list[str](), list[str]()
    public = _public_things(app, house)
    known, tried = set(public), 0
    for door in doors(app):
        if door.method != "GET" or door.guard.kind == "machine" or (door.names_something and door.rule not in known):
            continue
        if door.rule == "/readyz":  # a shop without a worker is not ready, and says so by 503
            continue
        if door.guard.permission is None:
            who = people.visitor(None if door.guard.kind == "public" else Role.CUSTOMER, ("*",))
        else:
            wanted = (Role.ADMINISTRATOR, Role.PRODUCER_OWNER, Role.COUNCIL_MEMBER)
            role = next(r for r in wanted if r in roles_with(door.guard))
            scopes = ["*"] if role is Role.ADMINISTRATOR else house.scopes(SCOPE_KIND[role])
            who = people.visitor(role, tuple(scopes))
        tried += 1
        with watched(door, written):
            answer = people.ask(door, public.get(door.rule, door.rule), who)
            if door.rule in known and answer.status_code == 302:  # the secret goes from the address into the cookie
                answer = people.ask(door, answer.location, who)
        if answer.status_code >= 500 or (door.rule in known and answer.status_code != 200):
            broken.append(f"{door}: {answer.status_code}")
    assert not broken, "\n".join(broken)
    assert not written, "a GET has written:\n" + "\n".join(written)
    assert tried > 150


def _public_things(app: Flask, house: House) -> dict[str, str]:
    """Addresses that need no right, of things of `house`: by rule."""
    from shop.orders import services as orders
    from shop.orders.models import Order

    reference = house.order.reference
    conversations.write(SYSTEM, house.order.fulfilments[0].id, Side.OFFICE, "Dạ, gói ba lớp ạ", rights.key())
    secret = orders.secret_for(str(app.secret_key), reference)
    with transaction() as s:
        s.execute(update(Order).where(Order.id == house.order.id).values(secret_hash=orders.secret_hash(secret)))
    return {
        "/don-hang/<reference>": f"/don-hang/{reference}?k={secret}",
        "/san-pham/<slug>": f"/san-pham/{house.slug}",
        "/nha-san-xuat/<slug>": f"/nha-san-xuat/{house.producer.slug}",
        "/diem-ban/<slug>": f"/diem-ban/{house.point.slug}",
    }


# --- lists -------------------------------------------------------------------------------------------------------


@pytest.mark.sqlite_only
def test_lists_hold_nothing_of_others(app: Flask, house: House) -> None:
    """Every page and file without a parameter, read by those who have its right for another point, producer or locality."""
    for rule, found in rights.MAKERS.items():
        if found.of != "shared" and rule not in {"/office/users/<int:user_id>", "/till/receipt/<number>.pdf"}:
            found.make(house)
    other = House(app, "B", "07093")
    assert other.till  # its own things are there too, so that lists are not empty
    assert other.order
    marks = secrets_of(house)
    people, leaks, seen = People(app), [], set[str]()
    for door in doors(app):
        if door.method != "GET" or door.names_something or door.guard.permission is None:
            continue
        # What a list shows follows from the scopes of the right, whichever role brought it: one role for each kind.
        readers = {kind: role for role in roles_with(door.guard) for kind in narrowings(role) if kind != "*"}
        for kind, role in readers.items():
            who = people.visitor(role, tuple(other.scopes(kind)))
            # A table's file holds all that its page shows, and is made sooner.
            told = people.ask(door, door.rule + "?format=csv", who).data
            leaks += [f"{role} of another {kind}: {door} shows {m}" for m in marks if marks[m] in told]
        if Role.ADMINISTRATOR in roles_with(door.guard):
            told = people.ask(door, door.rule + "?format=csv", people.visitor(Role.ADMINISTRATOR, ("*",))).data
            seen |= {m for m in marks if marks[m] in told}
    assert not leaks, "\n".join(sorted(set(leaks)))
    # Whoever may see all does see them: what was looked for is there to be found.
    assert sorted(set(marks) - seen) == []


def secrets_of(house: House) -> dict[str, bytes]:
    """What stands on pages about the things of `house`, and nowhere else."""
    from shop.messages.models import Message

    reference = session().query(Message).one().reference
    found = {
        "an order": house.order.reference,
        "a transfer": house.transfer,
        "a delivery": house.delivery,
        "a device": f"Máy {house.name}",
        "a message": reference,
        "a buyer": f"{rights.BUYER} {house.name}",
    }
    for name, make in {
        "a submission": rights.listings.submission, "an application": rights.joining.application,
        "a request to change": rights.joining.change, "an ask": rights.supply.ask,
        "an announcement": rights.supply.announcement, "an agreement": rights.settlement.agreement,
        "a statement": rights.settlement.statement, "a batch of payouts": rights.settlement.batch,
        "a parcel written about": rights.orders.parcel_of_store,
    }.items():  # fmt: skip
        found[name] = make(house)["reference"]
    return {name: value.encode() for name, value in found.items()}


# --- at once -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", sorted(PRODUCER_ROLES))
def test_a_producers_member_loses_the_door_at_once(app: Flask, house: House, role: Role) -> None:
    """Log-out, disabling and taking the role away act on the next request, with every session that is open."""
    from shop.accounts import services as accounts
    from shop.kernel.actor import SYSTEM

    scope = f"producer:{house.producer.id}"

    def member() -> tuple[Any, int]:
        client = app.test_client()
        user = sign_in(client, (role, scope))
        assert client.get("/producer").status_code == 200
        return client, user.id

    client, _user = member()
    assert client.post("/dang-xuat", data={"csrf_token": client.token("/tai-khoan/ho-so")}).status_code == 303
    assert client.get("/producer").status_code == 302
    client, user_id = member()
    accounts.revoke(SYSTEM, user_id, role, scope)
    assert client.get("/producer").status_code == 403
    client, user_id = member()
    accounts.disable(SYSTEM, user_id, "nghỉ việc")
    assert client.get("/producer").status_code == 302
    client, user_id = member()
    accounts.end_sessions_of(SYSTEM, user_id)
    assert client.get("/producer").status_code == 302
