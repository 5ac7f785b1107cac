"""One name, one meaning: a search for a class or a file lands in one place, but for the rooms that families share."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from batteryopt.families import FAMILIES as REGISTER

PACKAGE = Path(__file__).parents[1] / "batteryopt"
CLASSES = {"Model", "Solution"}
"""The same thing in each family: which models there are, and the decisions of one."""
PYTHONS = {"__init__", "__main__"}
ROOMS = {
    "answer",
    "build",
    "check",
    "closed_form",
    "contradicted",
    "deviations",
    "door",
    "drawn_figures",
    "generator",
    "instance",
    "numbered",
    "optimizer",
    "printed_formulas",
    "published",
    "reproduce",
    "responses",
    "sections",
    "solution",
    "solve",
    "statements",
    "template",
}
"""Files that are the same room in several of the families, or in the engine beneath them."""
TOPICS = {"facilities", "objective", "policy"}
"""What a network's `data` and its `formulation` both speak of: the entity here, its equations there."""
FAMILIES = (*(family.package.partition(".")[2].replace(".", "/") for family in REGISTER.values()), "bilevel")


def places(names):
    """Return the names that stand more than once, each with its places."""
    found = defaultdict(list)
    for name, place in names:
        found[name].append(place)
    return {name: where for name, where in found.items() if len(where) > 1}


def modules():
    """Yield every module of the package with its place in it."""
    return ((path, path.relative_to(PACKAGE)) for path in sorted(PACKAGE.rglob("*.py")))


def test_a_class_name_stands_once():
    found = places(
        (node.name, f"{place}:{node.lineno}")
        for path, place in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    assert {name: where for name, where in found.items() if name not in CLASSES} == {}


def test_a_file_name_stands_once_or_is_a_room():
    found = places((place.stem, place.as_posix()) for _, place in modules())
    agreed = PYTHONS | ROOMS | TOPICS
    assert {name: where for name, where in found.items() if name not in agreed} == {}


def test_a_room_stands_once_in_each_family_and_nowhere_else():
    found = places((place.stem, place.as_posix()) for _, place in modules())
    for name in ROOMS:
        homes = [next((home for home in FAMILIES if where.startswith(f"{home}/")), where) for where in found[name]]
        assert set(homes) <= set(FAMILIES), f"{name} is the name of a room: {found[name]}"
        assert len(homes) == len(set(homes)), f"{name} stands twice in a family: {found[name]}"


def test_a_topic_stands_once_in_data_and_once_in_formulation():
    found = places((place.stem, place.as_posix()) for _, place in modules())
    assert {name: found[name] for name in TOPICS} == {
        name: [f"network/data/{name}.py", f"network/formulation/{name}.py"] for name in TOPICS
    }


NEVER_NEEDED = (
    "network.formulation.added",
    "network.formulation.pyomo_model",
    "network.futures",
    "network.plan.output",
    "network.search.elsewhere",
    "network.studies.infeasibility",
    "solvers.highs.highs_quadratic",
)
"""A user's rules, several futures, tables, other solvers, conflicts, curved objectives: not for a plan there is."""


def test_a_solve_imports_what_it_needs_and_no_more():
    script = f"""
import sys
import batteryopt
result = batteryopt.solve(batteryopt.read({str(PACKAGE.parent / "data/networks/hand")!r}))
assert result.models["design"].certificate.passed
met = [name for name in {NEVER_NEEDED} if f"batteryopt.{{name}}" in sys.modules]
print(met)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
