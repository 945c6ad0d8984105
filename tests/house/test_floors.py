"""Imports and foreign keys go down the floors of `FLOORS` only; rooms of one floor do not know each other."""

import ast
import re
from pathlib import Path

import shop
from shop import FLOORS
from shop.kernel.db import db
from tests.house import source

FLOOR = {room: number for number, floor in enumerate(FLOORS) for room in floor}
# What stands above all rooms: the factory, the pages of failures, the commands, the demonstration and the supervisor.
ROOF = {"__init__", "problems", "commands", "seed", "serve", "warm", "forker", "translations"}
# The one page that lists the refusals of the whole house reads the whole house.
ROOF_WINDOWS = {("shop/pages/storefront/help.py", name) for name in ("shop.FLOORS", "shop.problems")}
# The layers inside a room, lowest first; a lower one never imports a higher one of its own room.
VIEWS = {"storefront", "office", "portal", "till", "api", "webhooks", "cli"}
BELOW_VIEWS = {"models", "queries", "services", "events", "handlers", "errors", "rules", "letters"}


def room_of(path: Path) -> str:
    return path.relative_to(source.ROOT / "shop").parts[0].removesuffix(".py")


def imports(path: Path) -> list[tuple[int, str]]:
    """Every module of the shop that the file imports, at the top or inside a function."""
    found = []
    for node in source.nodes(path):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source.place(path, node.lineno)}: relative import"
            if node.module == "shop":
                found += [(node.lineno, f"shop.{alias.name}") for alias in node.names]
            elif node.module:
                found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
    return [(line, name) for line, name in found if name.startswith("shop.")]


def upward(path: Path) -> list[str]:
    here = room_of(path)
    wrong = []
    for line, name in imports(path):
        there = name.split(".")[1]
        if (source.place(path), name) in ROOF_WINDOWS:
            continue
        if there == here or here in ROOF:
            continue
        if there in ROOF:
            wrong.append(f"{source.place(path, line)}: {here} looks up at the roof ({name})")
        elif there not in FLOOR:
            wrong.append(f"{source.place(path, line)}: {name} is on no floor")
        elif FLOOR[there] > FLOOR[here]:
            wrong.append(f"{source.place(path, line)}: {here} looks up at {there}")
        elif FLOOR[there] == FLOOR[here]:
            wrong.append(f"{source.place(path, line)}: {here} and {there} stand on one floor")
    return wrong


def test_imports_go_down():
    assert not [words for path in source.python("shop") for words in upward(path)]


def test_every_folder_is_a_room_on_a_floor():
    folders = {room_of(p) for p in source.python("shop")}
    assert folders - ROOF == set(FLOOR)
    assert len(FLOOR) == sum(len(floor) for floor in FLOORS), "a room stands on two floors"


def test_every_room_says_what_it_is():
    for room in FLOOR:
        module = source.tree(source.ROOT / "shop" / room / "__init__.py")
        assert ast.get_docstring(module), f"shop/{room}/__init__.py: one sentence, what the room is"
        assert len(module.body) == 1, f"shop/{room}/__init__.py holds more than its sentence"


def table_rooms() -> dict[str, str]:
    """The room of every table."""
    shop.create_app  # noqa: B018 - the models are imported by the factory, which the `app` fixture has run
    return {
        mapper.local_table.name: mapper.class_.__module__.split(".")[1]
        for mapper in db.Model.registry.mappers
        if mapper.class_.__module__.startswith("shop.")
    }


def test_foreign_keys_point_down(app):
    rooms = table_rooms()
    wrong = []
    for table in db.metadata.sorted_tables:
        here = rooms.get(table.name)
        for key in table.foreign_keys:
            there = rooms.get(key.column.table.name)
            if here is None or there is None or here == there:
                continue
            if FLOOR[there] >= FLOOR[here]:
                wrong.append(f"{key.parent} ({here}) → {key.column} ({there})")
    assert not wrong


def test_every_table_belongs_to_a_room(app):
    assert {t.name for t in db.metadata.sorted_tables} - set(table_rooms()) == set()


def test_rules_do_not_know_the_web():
    """Models, queries, services and facts know no request and no page."""
    web = {"flask", "werkzeug", "wtforms", "flask_login", "flask_wtf"}
    wrong = []
    for path in source.python("shop"):
        if room_of(path) in ROOF | {"kernel"}:
            continue
        parts = path.relative_to(source.ROOT / "shop").parts
        kind = parts[1].removesuffix(".py")
        if kind not in {"models", "services", "events", "errors", "rules"}:
            continue
        for node in source.nodes(path):
            names = (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            imported = {alias.name for alias in getattr(node, "names", [])}
            if any(n.split(".")[0] in web for n in names) and not imported <= {"current_app"}:
                wrong.append(source.place(path, node.lineno))
    assert not wrong


def test_views_stand_above_rules_inside_a_room():
    wrong = []
    for path in source.python("shop"):
        parts = path.relative_to(source.ROOT / "shop").parts
        if len(parts) < 2 or parts[0] not in FLOOR or parts[1].removesuffix(".py") not in BELOW_VIEWS:
            continue
        for line, name in imports(path):
            words = name.split(".")
            if words[1] == parts[0] and len(words) > 2 and words[2] in VIEWS:
                wrong.append(f"{source.place(path, line)}: {name}")
    assert not wrong


NAMELESS = {"utils", "util", "helpers", "helper", "common", "base", "misc", "manager"}


@source.each("path", source.python("shop"), ids=source.place)
def test_files_are_named_for_what_they_hold_and_stay_readable(path):
    assert not NAMELESS & {part.removesuffix(".py") for part in path.relative_to(source.ROOT).parts}
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= 700, f"{lines} lines: make it a package of the same name"


def test_the_drawing_in_the_documentation_names_every_room():
    """`docs/architecture.md` shows the floors; a room that is missing there is missing from the drawing."""
    words = set(re.findall(r"[a-z_]+", (source.ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")))
    assert set(FLOOR) <= words
