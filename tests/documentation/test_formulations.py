"""The pages of the formulations have every component of every model, each with its meaning."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pyomo.environ as pyo
import pytest

from batteryopt.families import FAMILIES
from docs.generate.formulations import PARTS, formulation
from docs.generate.parts import Kind, page
from docs.generate.pyomo_parts import parts_of

PACKAGE = Path(__file__).resolve().parents[2] / "batteryopt"
SOURCES = {
    "coordination": [PACKAGE / "games/coordination/model/build.py"],
    "differential-game": sorted((PACKAGE / "games/differential/model").glob("*.py")),
    "network": sorted(p for p in (PACKAGE / "network/formulation").glob("*.py") if p.name != "pyomo_model.py"),
}
COMPONENTS = {"Var", "Constraint", "Objective", "Expression", "Set", "RangeSet"}
COMPONENTS |= {"ContinuousSet", "DerivativeVar", "Follower"}
NETWORK_COMPONENTS = {"variables", "require"}
TOLD_IN_WORDS = {
    "network": {
        "twins_open_in_order",
        "shrinks_where_it_stands",
        "kept_of_what_shrinks_stands",
        "burden_is_kept",
        "what_one_recipe_sends_needs_a_taker",
        "what_one_recipe_keeps_needs_a_taker",
    }
}
"""What the network of the example lacks: equal sites, facilities that shrink for a refund, two ways to make a good."""


@pytest.fixture(scope="module", params=list(PARTS))
def family(request) -> str:
    return request.param


def test_every_family_has_a_page():
    assert set(PARTS) == set(SOURCES) == set(FAMILIES)


def test_every_component_says_what_it_means(family):
    silent = [(part.kind, part.name) for part in PARTS[family]() if not part.doc.strip()]
    assert silent == []


def test_every_component_of_the_source_is_on_the_page(family):
    shown = {part.name.rpartition(".")[2] for part in PARTS[family]()}
    written = {name for path in SOURCES[family] for name in _names(path)}
    assert len(written) > 10
    missing = written - shown
    assert missing == TOLD_IN_WORDS.get(family, set())
    text = (PACKAGE.parent / f"docs/formulations/{family}.md").read_text()
    assert all(name in text for name in missing)


def _names(path: Path) -> Iterator[str]:
    """Yield the names of components that a module makes, where they stand in the source as they are."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and _called(node.value) in COMPONENTS:
            yield from (target.attr for target in node.targets if isinstance(target, ast.Attribute))
        if isinstance(node, ast.Call) and _called(node) in NETWORK_COMPONENTS and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant):
                yield str(first.value)


def _called(node: ast.AST) -> str:
    return node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""


def test_a_component_without_a_meaning_is_refused():
    m = pyo.ConcreteModel()
    m.shipped = pyo.Var(doc="tonnes shipped")
    m.cap = pyo.Constraint(expr=m.shipped <= 3)
    with pytest.raises(ValueError, match="constraint cap"):
        page(list(parts_of(m, "toy")))


def test_a_small_model_is_written_as_it_reads():
    m = pyo.ConcreteModel()
    m.PLACES = pyo.Set(initialize=["a", "b"], doc="places")
    m.shipped = pyo.Var(m.PLACES, bounds=(0, None), doc="tonnes shipped")
    m.cap = pyo.Constraint(m.PLACES, rule=lambda m, p: 2.5 * m.shipped[p] <= 3, doc="no more than three")
    m.cost = pyo.Objective(expr=m.shipped["a"] ** 2, doc="money")
    parts = {part.name: part for part in parts_of(m, "toy")}
    assert [part.kind for part in parts.values()] == [Kind.SET, Kind.VARIABLE, Kind.CONSTRAINT, Kind.OBJECTIVE]
    assert (parts["shipped"].over, parts["shipped"].count, parts["shipped"].limits) == (("PLACES",), 2, "0 to ∞")
    assert parts["cap"].example == "2.5 shipped[b] ≤ 3"
    assert parts["cost"].example == "minimise shipped[a]^2"


def test_rows_are_those_of_the_instance():
    text = formulation("network")
    # what closes does not stand; Ash's small outlet in the first period
    assert "closed[Ash,outlet,small,1] + is_open[Ash,outlet,small,1] ≤ 1" in text
    # opening Ash's outlet: 100 for the small one
    assert "100 raised[Ash,outlet,small,1]" in text
    # retailer 1 keeps at least 2: (p_1 - w_1) Q_1 with Q_1 = 20 - p_1 + 0.1 p_0
    lines = " ".join(formulation("coordination").split())
    assert (
        "2 ≤ (retailer[1].retail_price - wholesale_price[1]) "
        "(20 - retailer[1].retail_price + 0.1 retailer[0].retail_price)" in lines
    )
