"""The exact answers against second routes: closed forms in double precision, brute force, rational arithmetic."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pyomo.environ as pyo
import pytest

from batteryopt.accuracy import AccuracyProblem, problems
from batteryopt.accuracy.digits import NoReference, exact, solve_linear
from batteryopt.accuracy.exact_program import ExactProgram
from batteryopt.accuracy.families import coordination, differential_game, facility_location
from batteryopt.accuracy.families.followers import interval_gain
from batteryopt.accuracy.kkt_points import active_set, prove_optimum, truth_of_program
from batteryopt.accuracy.problem import ProblemKind
from batteryopt.games.coordination.data.generator import random_instance, random_network
from batteryopt.games.coordination.formula import closed_form
from batteryopt.games.coordination.solution import Model
from batteryopt.solvers.compile.arrays import compile_model

QUICK = problems(quick=True)


@pytest.mark.parametrize("problem", QUICK, ids=lambda p: p.name)
def test_every_reference_passes_its_own_measures_and_fits_its_model(problem: AccuracyProblem) -> None:
    truth, model = problem.find_truth(), problem.build()
    if truth.kind is not ProblemKind.OPTIMUM:
        assert truth.objective is None
        return
    assert all(model.find_component(name) is not None for name in truth.variables)
    if set(truth.decisions) == set(truth.variables):
        found = truth.evaluate(truth.decisions)
        assert found.objective == truth.objective
        assert found.violation < 1e-30
        assert found.stationarity is None or found.stationarity < 1e-30
        assert found.follower_gain is None or found.follower_gain < 1e-30


@pytest.mark.parametrize(
    "model", [Model.CENTRALIZED, Model.DECENTRALIZED, Model.DECENTRALIZED_WHOLESALE, Model.CONTRACT]
)
@pytest.mark.parametrize("seed", [3, 4])
def test_coordination_against_the_closed_form(model: Model, seed: int) -> None:
    instance = random_instance(seed)
    formula = closed_form.solve(instance, model)
    if model is Model.CENTRALIZED:
        truth = coordination._owner_truth(instance, 1.0, without_service=False)
        decisions = {"recycling_service[0]": formula.recycling_service, "retail_price[0]": formula.retail_price}
    else:
        truth = coordination.game_truth(instance, model, 1.0)
        decisions = {"retailer[0].retail_price": formula.retail_price, "cost_share": formula.cost_share}
    for name, value in decisions.items():
        assert float(truth.decisions[name]) == pytest.approx(value, rel=1e-12, abs=1e-12)
    for player, value in truth.profits.items():
        assert float(value) == pytest.approx(getattr(formula.profits, player), rel=1e-11, abs=1e-9)


def test_the_network_against_its_linear_system() -> None:
    instance = random_network(5, 7, 3)
    truth = coordination._network_truth(instance)
    formula = closed_form.solve(instance, Model.CENTRALIZED)
    prices = [float(truth.decisions[f"retail_price[{r}]"]) for r in range(7)]
    assert prices == pytest.approx(list(formula.retail_price), rel=1e-11)
    assert float(truth.objective) == pytest.approx(formula.profits.supply_chain, rel=1e-11)


def test_the_discretised_game_comes_near_the_continuous_one_as_the_grid_gets_finer() -> None:
    coarse, fine = (differential_game.discretisation_error(2, elements, 0) for elements in (2, 8))
    assert fine < coarse / 10
    assert fine < 1e-4


@pytest.mark.parametrize("is_tied", [False, True])
def test_enumeration_of_sites_against_every_assignment_of_clients(is_tied: bool) -> None:
    """Whoever is served decides what is open: all sites^clients assignments, no thought of the cheapest site."""
    line = facility_location.random_line(7, 3, 4, is_tied=is_tied)
    costs = (
        sum(line.opening[s] for s in set(sites)) + sum(row[s] for row, s in zip(line.serving, sites, strict=True))
        for sites in itertools.product(line.sites, repeat=4)
    )
    assert facility_location.best_by_enumeration(line)[0] == min(costs)


@pytest.mark.parametrize("is_tied", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_recursion_along_the_line_against_enumeration(seed: int, is_tied: bool) -> None:
    line = facility_location.random_line(seed, 7, 9, is_tied=is_tied)
    cost, plan, is_unique = facility_location.best_by_enumeration(line)
    found = facility_location.best_by_recursion(line)
    assert found[0] == cost
    assert found[2] == is_unique
    assert not is_unique or found[1] == tuple(sorted(plan))


def test_plans_that_cost_the_same_are_counted() -> None:
    """One client at 5 between sites at 0 and 10, alike in all: either may be opened."""
    line = facility_location.Line(opening=(3, 3), serving=((5, 5),), where=(0, 10), lives=(5,))
    assert facility_location.best_by_recursion(line)[0] == 8
    assert not facility_location.best_by_recursion(line)[2]


def test_a_network_in_which_some_regions_are_sold_nothing() -> None:
    """Demand Q = a - p + Gamma p, profit (p - c)'Q: its gradient Q + (Gamma' - I)(p - c) is outweighed by what
    Q >= 0 would cost, (Gamma' - I) y with y > 0 where nothing is sold and 0 elsewhere.
    """
    truths = {p.variant: p.find_truth() for p in problems(["coordination-network"], quick=True)}
    assert set(truths) == {"plain", "demand-binds"}
    network = coordination._with_dear_vehicles(random_network(0, 3, 2))
    prices = np.array([float(truths["demand-binds"].decisions[f"retail_price[{r}]"]) for r in range(3)])
    effects = np.zeros((3, 3))
    for r, s, effect in network.cross_price_effect:
        effects[r, s] = effect
    demands = np.array(network.market_size) - prices + effects @ prices
    assert demands.min() == pytest.approx(0, abs=1e-12)
    assert demands.max() > 1
    is_idle, turned = demands <= 1e-9, effects.T - np.eye(3)
    gradient = demands + turned @ (prices - network.production_cost)
    costs = np.linalg.lstsq(turned[:, is_idle], -gradient, rcond=None)[0]
    assert (costs > 0.1).all()
    assert gradient + turned[:, is_idle] @ costs == pytest.approx(0, abs=1e-9)


def test_an_active_set_is_found() -> None:
    model = quadratic()
    assert active_set(ExactProgram(compile_model(model.clone()))) == {"line"}


def test_a_linear_system_against_rational_arithmetic() -> None:
    """The 5 by 5 Hilbert matrix, rounded to doubles, with condition number 5e5; Gauss in fractions."""
    hilbert = np.array([[1.0 / (i + j + 1) for j in range(5)] for i in range(5)])
    rows = [[Fraction(v) for v in row] + [Fraction(1)] for row in hilbert.tolist()]
    for k in range(5):
        rows[k] = [v / rows[k][k] for v in rows[k]]
        for i in range(5):
            if i != k:
                rows[i] = [a - rows[i][k] * b for a, b in zip(rows[i], rows[k], strict=True)]
    found = solve_linear(hilbert, [exact(1)] * 5)
    for value, row in zip(found, rows, strict=True):
        fraction = exact(row[-1].numerator) / exact(row[-1].denominator)
        assert abs(value - fraction) < 1e-30 * abs(fraction)


def quadratic() -> pyo.ConcreteModel:
    """min x^2 - 2x + y^2 - 6y with x + y <= 2.

    Gradient (2x - 2, 2y - 6) = -(1, 1) m gives x = 1 - m/2, y = 3 - m/2 and 4 - m = 2, so m = 2, x = 0, y = 2: -8.
    """
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(bounds=(-9, 9)), pyo.Var(bounds=(-9, 9))
    m.line = pyo.Constraint(expr=m.x + m.y <= 2)
    m.objective = pyo.Objective(expr=m.x**2 - 2 * m.x + m.y**2 - 6 * m.y)
    return m


def test_a_program_by_hand() -> None:
    model = quadratic()
    program = ExactProgram(compile_model(model))
    optimum = prove_optimum(program, {"line"})
    for found, value in zip([*optimum.x, *optimum.y, program.objective(optimum.x)], [0, 2, -2, -8], strict=True):
        assert abs(found - value) < 1e-40


def test_a_wrong_active_set_is_refused() -> None:
    with pytest.raises(NoReference, match="not feasible"):
        truth_of_program(quadratic())
    with pytest.raises(NoReference, match=r"wrong sign|not feasible"):
        truth_of_program(quadratic(), {"line", "x"})


def test_a_program_that_is_not_convex_is_refused() -> None:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(-1, 1))
    m.objective = pyo.Objective(expr=-(m.x**2))
    with pytest.raises(NoReference, match="not convex"):
        truth_of_program(m)


def test_what_a_follower_gains() -> None:
    """y^2 - 6y over [0, 2] is least at 2, -8; at y = 1 it is -5, so that the gain is 3, of stakes 10."""
    found = interval_gain(exact(1), curvature=2, slope=exact(-6), lower=exact(0), upper=exact(2), stakes=exact(10))
    assert float(found) == pytest.approx(0.3)
