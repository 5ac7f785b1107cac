"""One formulation, two routes: Pyomo's own compiler must read back the very matrix, row by row and name by name."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from batteryopt.network.data.objective import Objective
from batteryopt.network.formulation.build import build
from batteryopt.network.formulation.formulation_arrays import column_names, row_names, to_arrays
from batteryopt.network.formulation.objective import costs_of
from batteryopt.network.formulation.pyomo_model import to_pyomo
from batteryopt.network.tables import read
from batteryopt.solvers import get
from batteryopt.solvers.compile.arrays import compile_model
from tests.network.echelon import echelon
from tests.network.everything import everything

NETWORKS = Path(__file__).parents[2] / "data" / "networks"


def towns():
    return echelon(np.array([[0.0, 5, 9], [5, 0, 4], [9, 4, 0]]), [3, 2, 1], [7, 8, 9], uncollected=6.0)


INSTANCES = {"everything": everything, "hand": lambda: read(NETWORKS / "hand"), "towns": towns}


@pytest.mark.parametrize("is_tight", [True, False])
@pytest.mark.parametrize("name", INSTANCES)
def test_both_routes_give_the_same_matrix(name, is_tight):
    m = build(INSTANCES[name](), is_tight=is_tight)
    costs = costs_of(m, Objective.COST)
    ours = to_arrays(m, costs.vector, constant=costs.constant)
    theirs = compile_model(to_pyomo(m, costs.vector, constant=costs.constant))
    assert [plain(v.name) for v in theirs.variables] == column_names(m)
    assert [plain(c.name) for c in theirs.constraints] == row_names(m)
    assert abs(ours.A - theirs.A).max() == 0
    assert ours.c0 == pytest.approx(theirs.c0)
    for field in ("c", "row_lower", "row_upper", "lower", "upper", "is_integer"):
        assert np.array_equal(getattr(ours, field), getattr(theirs, field)), field


def plain(name: str) -> str:
    """Pyomo puts names that look like numbers in quotes."""
    return re.sub(r"'([^']*)'", r"\1", name)


def test_pyomo_model_is_readable_and_solves():
    m = build(INSTANCES["hand"]())
    costs = costs_of(m, Objective.COST)
    model = to_pyomo(m, costs.vector, constant=costs.constant)
    assert "what comes to a site leaves it or stays" in model.every_node_is_in_balance.doc
    report = get("scip").solve(model)
    assert report.objective == pytest.approx(-7640, rel=1e-6)


def test_the_loose_form_has_no_cuts():
    m = build(everything(), is_tight=False)
    assert not any(rows.is_cut for rows in m.rows.values())
    assert {"what_is_sent_needs_a_taker", "what_is_kept_needs_a_taker"} <= build(everything()).rows.keys()
