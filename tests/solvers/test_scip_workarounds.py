"""Models that SCIP 10.0 gets wrong without `scip.WORKAROUNDS`, each with its answer by another route."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest

from batteryopt import bilevel
from batteryopt.games.coordination.data.generator import random_network
from batteryopt.games.coordination.formula import closed_form
from batteryopt.games.coordination.model.build import build
from batteryopt.games.coordination.solution import Model
from batteryopt.solvers.scip.scip_solver import WORKAROUNDS


@pytest.mark.parametrize(
    ("method", "seed", "regions", "enterprises"),
    [("indicator", 15, 2, 3), pytest.param("sos1", 0, 50, 10, marks=pytest.mark.slow)],
)
def test_a_feasible_network_is_not_called_infeasible(method: str, seed: int, regions: int, enterprises: int):
    """The formula, one linear system, gives the point whose existence SCIP denied."""
    instance = random_network(seed, regions, enterprises)
    answer = bilevel.solve(build(instance, Model.DECENTRALIZED), method=method, time_limit=60)
    assert answer.objective == pytest.approx(closed_form.solve(instance, Model.DECENTRALIZED).objective, rel=1e-6)


NOT_FOR_THIS = {"milp", "value-function"}
"""A leader's square is not linear, and no follower here decides on integers: they refuse."""


@pytest.mark.parametrize("method", ["auto", *sorted({*bilevel.METHODS} - NOT_FOR_THIS)])
def test_an_optimum_is_not_presolved_away(method: str):
    """Indicator constraints alone made SCIP prove 0.3207 at x = 0.949, where y1 begins, for 0.2420 at x = 1.346.

    Follower: min y1^2 / 4 + y2^2 - 3/4 x y1 - 5/2 y2 with u >= 0 the multiplier of y1 + 3/4 y2 <= 1/2 + x/4. With
    the row active and both positive, u = 3/4 x - y1/2 and y2 = 5/4 - 3/8 u, so that 73/64 y1 = (59 x - 56) / 128. The
    leader pays (x - 7/4)^2 / 2 + y1, with y1 = (59 x - 56) / 146: least at x = 7/4 - 59/146.
    """
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 3))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var([1, 2], bounds=(0, 2))
    m.f.row = pyo.Constraint(expr=m.f.y[1] + 0.75 * m.f.y[2] <= 0.5 + 0.25 * m.x)
    m.f.cost = pyo.Objective(expr=0.25 * m.f.y[1] ** 2 + m.f.y[2] ** 2 - 0.75 * m.x * m.f.y[1] - 2.5 * m.f.y[2])
    m.cost = pyo.Objective(expr=0.5 * (m.x - 1.75) ** 2 + m.f.y[1])
    answer = bilevel.solve(m, method=method, time_limit=60)
    slope = 59 / 146
    x = 1.75 - slope
    assert answer.objective == pytest.approx(slope**2 / 2 + slope * x - 56 / 146, abs=1e-6)
    assert m.x.value == pytest.approx(x, abs=1e-4)
    assert answer.bound is None or answer.bound <= answer.objective + 1e-6


@pytest.mark.parametrize("seed", range(12))
def test_an_optimum_of_nothing_is_found_whatever_the_seed(seed: int, monkeypatch):
    """The leader pays x^2 / 4 alone, so that x = 0 is best; SCIP proved 1/16, and worse, with one seed of five."""
    monkeypatch.setitem(WORKAROUNDS, "randomization/randomseedshift", seed)
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 3))
    m.f, m.g = bilevel.Follower(), bilevel.Follower()
    for follower in (m.f, m.g):
        follower.y = pyo.Var([1, 2], bounds=(0, 2))
    m.f.row = pyo.Constraint(expr=m.f.y[1] + 0.75 * m.f.y[2] <= 0.5 + 0.25 * m.x)
    m.f.cost = pyo.Objective(expr=0.25 * m.f.y[1] ** 2 + m.f.y[2] ** 2 - 0.75 * m.x * m.f.y[1] - 2.5 * m.f.y[2])
    m.g.row = pyo.Constraint(expr=m.g.y[1] + 0.5 * m.g.y[2] <= 1.75 + m.x)
    m.g.cost = pyo.Objective(expr=0.25 * m.g.y[1] ** 2 + m.g.y[2] ** 2 - 2 * m.g.y[1] - m.g.y[2])
    m.cost = pyo.Objective(expr=0.25 * m.x**2)
    answer = bilevel.solve(m, method="indicator", time_limit=60)
    assert answer.objective == pytest.approx(0, abs=1e-6)
    assert answer.bound == pytest.approx(0, abs=1e-6)
