"""Openings moved one by one: the cheapest year is found from any other, by arithmetic."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.network.data.facilities import Sizes
from batteryopt.network.data.instance import Level, Network, Period
from batteryopt.network.data.objective import Objective
from batteryopt.network.formulation.build import build
from batteryopt.network.formulation.objective import costs_of
from batteryopt.network.search.effort import Effort
from batteryopt.network.search.relaxation import Relaxation
from batteryopt.network.search.searched_problem import make_problem
from batteryopt.network.search.shifted import openings_of, shift_openings
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_arrays import solve_arrays

from .echelon import echelon


def town(*, sizes: Sizes = Sizes.BETWEEN) -> Network:
    """10 t return in each of three periods; what is left costs 20 a tonne, a point of 10 t or more 300 to open."""
    base = echelon(np.zeros((1, 1)), [10], [1], uncollected=20.0)
    levels = (
        Level(name="small", capacity_t=10.0, opening_cost=300.0),
        Level(name="large", capacity_t=50.0, opening_cost=900.0),
    )
    (point,) = base.types
    return dataclasses.replace(
        base,
        periods=tuple(Period(name=str(n)) for n in range(3)),
        types=(dataclasses.replace(point, levels=levels, sizes=sizes),),
    )


def begun(network: Network, first: int) -> tuple[Relaxation, np.ndarray]:
    """Return the relaxation, and the best plan whose point opens in a period."""
    m = build(network)
    problem = make_problem(m, costs_of(m, Objective.COST))
    relaxation = Relaxation(problem, Options(), InterruptFlag())
    relaxation.begin(np.inf)
    relaxation.tighten(np.inf, lambda: None)
    family = m.families["is_open"]
    columns = family.first + np.flatnonzero(family.index["step"] == 0)
    lower, upper = problem.core.lower.copy(), problem.core.upper.copy()
    lower[columns] = upper[columns] = np.arange(3) >= first
    x = solve_arrays(dataclasses.replace(problem.core, lower=lower, upper=upper), Options(relative_gap=0.0)).x
    assert x is not None
    return relaxation, x


@pytest.mark.parametrize(("first", "cost"), [(3, 600), (2, 700), (1, 500)])
def test_an_opening_moves_to_its_best_period(first, cost):
    """Open from the beginning: 300. From the second period on 200 + 300, from the third 400 + 300; never 600."""
    relaxation, x = begun(town(), first)
    core, money = relaxation.problem.core, relaxation.problem.money
    assert core.objective(x) * money == pytest.approx(cost)
    found: list[np.ndarray] = []
    shift_openings(relaxation, x, np.inf, Effort(), found.append)
    assert [core.objective(plan) * money for plan in found] == pytest.approx([300])
    assert core.integrality_violation(found[0]) < 1e-6
    assert core.violation(found[0]) < 1e-6


def test_a_limit_of_one_run_does_not_hold_for_the_next():
    relaxation, _ = begun(town(), 2)
    family = relaxation.problem.m.families["is_open"]
    columns = np.arange(family.first, family.first + len(family))
    assert relaxation.loose.solve(10.0).x is not None
    relaxation.loose.set_bounds(columns, np.zeros(len(columns)), np.zeros(len(columns)))
    assert relaxation.loose.solve(0.0).x is None
    assert relaxation.loose.solve().x is not None


def test_steps_may_end_before_a_move():
    relaxation, x = begun(town(), 2)
    found: list[np.ndarray] = []
    shift_openings(relaxation, x, np.inf, Effort(0), found.append)
    assert found == []


def test_whole_sizes_are_left_to_other_ways():
    relaxation, x = begun(town(sizes=Sizes.LEVELS), 2)
    assert openings_of(relaxation, x) is None
