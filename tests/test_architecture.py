"""Who may know whom: reads the imports of every module. The picture is in CONTRIBUTING.md."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from batteryopt.families import FAMILIES as REGISTER

PACKAGE = Path(__file__).parents[1] / "batteryopt"
FAMILIES = {kind: tuple(family.package.split(".")[1:]) for kind, family in REGISTER.items()}
"""Where each family stands."""
FLOORS = (
    ("ground",),
    ("tables",),
    ("solvers",),
    ("families",),
    ("report",),
    ("work",),
    ("bilevel",),
    ("games", "network"),
    ("sweep",),
    ("accuracy",),
    ("cli", "__init__"),
    ("__main__",),
)
KNOWN = {name: floor for floor, names in enumerate(FLOORS) for name in names}
OPTIMISER = {"model", "formulation", "search", "judged_answer", "solve"}
ROOMS = {
    "formula": {*OPTIMISER, "judge", "view"},
    "exact": {*OPTIMISER, "judge", "view"},
    "model": {"formula", "exact", "judge", "solve", "view"},
    "formulation": {"formula", "exact", "judge", "solve", "view"},
    "judge": {*OPTIMISER, "formula", "exact", "view"},
    "solution": {*OPTIMISER, "formula", "exact", "judge", "view"},
    "plan": {*OPTIMISER, "formula", "exact", "judge", "view"},
    "money": {*OPTIMISER, "formula", "exact", "judge", "view"},
    "fleet": {*OPTIMISER, "exact", "judge", "plan", "view"},
    "places": {*OPTIMISER, "exact", "judge", "plan", "view"},
    "starter": {*OPTIMISER, "exact", "judge", "plan", "view"},
    "data": {*OPTIMISER, "formula", "exact", "judge", "plan", "solution", "view"},
}
"""What a room of a family must not reach, not even by way of others: a room is a folder, or a module of the family."""


def imports_of(path):
    """Yield the modules of this package that a file imports, without the package's own name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name[11:] for alias in node.names if alias.name.startswith("batteryopt."))
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports say the whole name"
            parts = (node.module or "").split(".")
            if parts[0] == "batteryopt":
                yield from (".".join([*parts[1:], alias.name]) for alias in node.names)


FILES = {path.relative_to(PACKAGE).with_suffix("").parts: path for path in sorted(PACKAGE.rglob("*.py"))}


def family_of(parts):
    """Return the family that a module belongs to, or None."""
    return next((name for name, home in FAMILIES.items() if parts[: len(home)] == home), None)


def room_of(parts):
    """Return the room of a family that a module stands in."""
    home = FAMILIES[family_of(parts)]
    return parts[len(home)] if len(parts) > len(home) else "__init__"


def test_every_module_has_a_floor():
    assert {parts[0] for parts in FILES} <= set(KNOWN)


@pytest.mark.parametrize("parts", FILES, ids=".".join)
def test_arrows_go_down(parts):
    for target in imports_of(FILES[parts]):
        name = target.partition(".")[0]
        if name in KNOWN and name != parts[0]:
            assert KNOWN[name] < KNOWN[parts[0]], f"{'.'.join(parts)} imports {target}"


@pytest.mark.parametrize("parts", [parts for parts in FILES if family_of(parts)], ids=".".join)
def test_families_do_not_know_each_other(parts):
    others = {".".join(home) for name, home in FAMILIES.items() if name != family_of(parts)}
    met = {target for target in imports_of(FILES[parts]) for other in others if f"{target}.".startswith(f"{other}.")}
    assert not met


def modules_named(target):
    """Return the module that an import means, as a set: the module itself, or the one that a name stands in."""
    names = tuple(target.split("."))
    places = (names, (*names, "__init__"), names[:-1], (*names[:-1], "__init__"))
    return set([place for place in places if place in FILES][:1])


def rooms_with_modules():
    """Yield the rooms of each family that have rules."""
    for family in FAMILIES:
        mine = {room_of(parts) for parts in FILES if family_of(parts) == family}
        yield from ((family, room) for room in ROOMS if room in mine)


def test_every_family_has_the_rooms_that_keep_opinions_apart():
    rooms = set(rooms_with_modules())
    for family in (name for name, home in FAMILIES.items() if home[0] == "games"):
        assert {(family, room) for room in ("data", "formula", "model", "judge", "solution")} <= rooms
    assert {("network", room) for room in ("data", "exact", "formulation", "judge", "plan")} <= rooms


@pytest.mark.parametrize(("family", "room"), list(rooms_with_modules()))
def test_the_rooms_of_a_family_are_apart(family, room):
    reached = {parts for parts in FILES if family_of(parts) == family and room_of(parts) == room}
    waiting = list(reached)
    while waiting:
        for target in imports_of(FILES[waiting.pop()]):
            new = {other for other in modules_named(target) if family_of(other) == family} - reached
            reached |= new
            waiting += new
    trespassed = {room_of(parts) for parts in reached} & ROOMS[room]
    assert not trespassed, f"{family}.{room} reaches {trespassed}"


def test_no_module_reaches_itself():
    """Imports under `TYPE_CHECKING` count: what is needed to understand a module is needed."""
    graph = {parts: set().union(*map(modules_named, imports_of(path))) for parts, path in FILES.items()}
    for parts in graph:
        waiting, seen = list(graph[parts]), set()
        while waiting:
            other = waiting.pop()
            assert other != parts, f"a circle of imports goes through {'.'.join(parts)}"
            if other not in seen:
                seen.add(other)
                waiting += graph[other]


def names_from_below(parts):
    """Yield what stands above a module and is named in its texts, as `importlib` would have it."""
    for node in ast.walk(ast.parse(FILES[parts].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
            names = node.value.split(".")
            if names[0] == "batteryopt" and KNOWN.get((*names, "")[1], -1) > KNOWN[parts[0]]:
                yield node.value


def test_only_the_register_names_what_stands_above_it():
    """`families` names the places of readers, solves and views, and imports them when they are asked for."""
    assert {parts[0] for parts in FILES if any(names_from_below(parts))} == {"families"}
