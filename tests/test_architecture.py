"""Who may know whom: reads the imports of every module. The picture is in CONTRIBUTING.md."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "batteryopt"
FAMILIES = ("coordination", "differential_game", "network")
FLOORS = (
    (
        "errors",
        "status",
        "certificate",
        "compiled_output",
        "examples",
        "files",
        "input_faults",
        "inputs",
        "marks",
        "signals",
        "spreadsheet",
        "toml_input",
        "toml_output",
        "units",
    ),
    ("solvers", "owned", "precedence"),
    ("bilevel", "run", "reproduction", "presentation", "routes", "doors"),
    FAMILIES,
    ("families", "output"),
    ("sweep",),
    ("report", "accuracy"),
    ("cli", "__init__", "__main__"),
)
KNOWN = {name: floor for floor, names in enumerate(FLOORS) for name in names}
OPTIMISER = {"model", "optimizer", "solve"}
ROOMS = {
    "closed_form": {*OPTIMISER, "check"},
    "model": {"closed_form", "check", "solve"},
    "check": {*OPTIMISER, "closed_form"},
    "solution": {*OPTIMISER, "closed_form", "check"},
    "instance": {*OPTIMISER, "closed_form", "check", "solution"},
}
"""What a room of a family must not reach, not even by way of others; a room may have several modules or folders."""


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


NAMED_FROM_BELOW = {("presentation", "batteryopt.report.present")}
"""Modules named in a text by one that stands below them. Answers have the methods `table`, `plot` and `report`, whose
work is the report's: `presentation` finds it by name when one is called. No other module may do so."""

FILES = {path.relative_to(PACKAGE).with_suffix("").parts: path for path in sorted(PACKAGE.rglob("*.py"))}


def room_of(parts):
    """Return the room that a family's module belongs to: ``closed_form_network`` to ``closed_form``."""
    return next((room for room in (*ROOMS, *OPTIMISER) if parts[1].startswith(room)), parts[1])


def test_every_module_has_a_floor():
    assert {parts[0] for parts in FILES} <= set(KNOWN)


@pytest.mark.parametrize("parts", FILES, ids=".".join)
def test_arrows_go_down(parts):
    own = parts[0]
    for target in imports_of(FILES[parts]):
        name = target.partition(".")[0]
        if name in KNOWN and name != own:
            is_level = KNOWN[name] == KNOWN[own] and own not in (*FAMILIES, "report", "accuracy")
            assert is_level or KNOWN[name] < KNOWN[own], f"{'.'.join(parts)} imports {target}"


def names_from_below(parts):
    """Yield the modules of higher floors that a module names in its texts, as `importlib` would have them."""
    for node in ast.walk(ast.parse(FILES[parts].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
            names = node.value.split(".")
            if names[0] == "batteryopt" and KNOWN.get((*names, "")[1], -1) > KNOWN[parts[0]]:
                yield node.value


def test_one_module_alone_names_what_stands_above_it():
    found = {(".".join(parts), name) for parts in FILES for name in names_from_below(parts)}
    assert found == NAMED_FROM_BELOW


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("room", ROOMS)
def test_the_rooms_of_a_family_are_apart(family, room):
    reached = {parts for parts in FILES if parts[0] == family and room_of(parts) == room}
    assert reached, f"{family} has no {room}"
    waiting = list(reached)
    while waiting:
        for target in imports_of(FILES[waiting.pop()]):
            names = tuple(target.split("."))
            homes = {names, (*names, "__init__"), names[:-1], (*names[:-1], "__init__")} & set(FILES)
            new = {other for other in homes if other[0] == family} - reached
            reached |= new
            waiting += new
    trespassed = {room_of(parts) for parts in reached} & ROOMS[room]
    assert not trespassed, f"{family}.{room} reaches {trespassed}"
