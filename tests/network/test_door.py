"""The Pyomo model that everybody may have, and the plan in a solved one, whoever solved it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pyomo.environ as pyo
import pytest

import batteryopt
from batteryopt import solvers
from batteryopt.ground.errors import InvalidInput
from batteryopt.ground.status import PointStatus
from batteryopt.network.data.instance import Scenario
from batteryopt.network.data.objective import Objective
from batteryopt.network.formulation.build import build
from batteryopt.network.formulation.formulation_arrays import to_arrays
from batteryopt.network.formulation.objective import costs_of
from batteryopt.network.formulation.widened import MOST_TRIPS
from batteryopt.network.search.elsewhere import linear_model
from batteryopt.network.solve import solve
from batteryopt.solvers import Options
from batteryopt.solvers.compile.arrays import compile_model
from tests.network.everything import everything

HAND = Path(__file__).parents[2] / "data" / "networks" / "hand"


@pytest.fixture(scope="module")
def hand():
    return batteryopt.read(HAND)


def test_everything_in_the_model_has_a_name_and_a_meaning():
    model = batteryopt.model(everything())
    documented = (pyo.Set, pyo.Var, pyo.Constraint, pyo.Expression, pyo.Objective)
    silent = [
        component.name
        for component in model.component_objects(documented)
        if not component.doc and not component.name.endswith("_index")
    ]
    assert silent == []
    assert list(model.SITES) == [site.name for site in everything().sites]
    origin, destination, mode, product, period = next(iter(model.SHIPPED))
    assert origin in model.SITES
    assert destination in model.SITES
    assert mode in model.MODES
    assert product in model.PRODUCTS
    assert period in model.PERIODS
    assert "tonnes" in model.shipped.doc
    assert "by origin, destination, mode, product, period" in model.shipped.doc


def test_the_three_names_of_the_door_are_one(hand):
    one, other = batteryopt.model(hand), batteryopt.network.model(hand)
    assert str(one.objective.expr) == str(other.objective.expr)
    with pytest.raises(InvalidInput, match="did you mean 'design'"):
        batteryopt.model(hand, "desing")


def test_nothing_in_the_model_holds_for_one_of_equal_plans_only():
    model = batteryopt.model(everything())
    assert not hasattr(model, "twins_open_in_order")
    assert len(model.trips) > 0
    assert all(trips.ub >= MOST_TRIPS for trips in model.trips.values())


def test_cost_terms_sum_to_the_objective(hand):
    model = batteryopt.model(hand)
    solvers.get("highs").solve(model, Options(threads=1))
    terms = {name: pyo.value(term) for name, term in model.cost_terms.items()}
    assert sum(terms.values()) == pytest.approx(pyo.value(model.objective))
    assert terms["revenue"] == pytest.approx(-34560)  # by the README of the data


@pytest.mark.parametrize("solver", ["highs", "scip"])
def test_the_plan_in_a_model_that_somebody_solved(hand, solver):
    model = batteryopt.model(hand)
    report = solvers.get(solver).solve(model)
    with_report, without = batteryopt.plan_of(model, report), batteryopt.plan_of(model)
    for answer in (with_report, without):
        assert answer.objective == pytest.approx(-7640)
        assert answer.certificate.passed
    assert with_report.run.bound == pytest.approx(-7640)
    assert with_report.run.point_status is PointStatus.OPTIMAL
    assert with_report.certificate["bound-below-the-objective"].passed
    assert without.run.bound is None
    assert without.run.point_status is PointStatus.FEASIBLE


def test_pyomo_alone_can_solve_it(hand):
    model = batteryopt.model(hand)
    pyo.SolverFactory("appsi_highs").solve(model, options={"threads": 1})
    assert batteryopt.plan_of(model).objective == pytest.approx(-7640)


def test_the_most_collected_is_told_as_people_ask_for_it(hand):
    """All returns of both zones and periods are collected: the model minimises the negative."""
    model = batteryopt.model(hand, objective=Objective.COLLECTION)
    answer = batteryopt.plan_of(model, solvers.get("highs").solve(model))
    returns = sum(np.sum(hand.profile(row.tonnes)) for row in hand.returns)
    assert answer.objective == pytest.approx(returns)
    assert answer.run.bound == pytest.approx(returns)
    assert answer.certificate["bound-below-the-objective"].passed


def test_a_plan_that_breaks_a_rule_fails_its_certificate(hand):
    model = batteryopt.model(hand)
    solvers.get("highs").solve(model)
    model.mine = pyo.Constraint(expr=sum(model.is_open.values()) <= 0)
    answer = batteryopt.plan_of(model)
    assert not answer.certificate["rule-mine"].passed
    assert answer.run.point_status is PointStatus.INFEASIBLE


def test_a_point_that_makes_no_sense_fails_its_certificate(hand):
    model = batteryopt.model(hand)
    solvers.get("highs").solve(model)
    largest = max(model.sold.values(), key=lambda sold: sold.value)
    largest.set_value(2 * largest.value, skip_validation=True)
    assert not batteryopt.plan_of(model).certificate.passed


def test_a_bound_beyond_the_objective_fails(hand):
    model = batteryopt.model(hand)
    report = solvers.get("highs").solve(model)
    wrong = dataclasses.replace(report, bound=report.bound + 1000.0)
    assert not batteryopt.plan_of(model, wrong).certificate["bound-below-the-objective"].passed


def test_with_rules_in_the_model_itself(hand):
    """Variables of one's own are in the answer; the same rule in `solve` gives the same plan."""

    def rules(m):
        m.is_open_in_bray = pyo.Var(domain=pyo.Binary)
        m.no_bray = pyo.Constraint(expr=m.is_open_in_bray <= 0)
        bray = [key for key in m.IS_OPEN if key[0] == "Bray"]
        m.bray = pyo.Constraint(bray, rule=lambda m, *key: m.is_open[key] <= m.is_open_in_bray)

    model = batteryopt.model(hand)
    rules(model)
    there = batteryopt.plan_of(model, solvers.get("highs").solve(model))
    here = solve(hand, gap=0.0, rules=rules)
    assert there.objective == pytest.approx(here.objective)
    # one large shredder in Aston: 29,924 before revenue of 34,560, by the README's table
    assert here.objective == pytest.approx(29924 - 34560)
    assert there.extras == here.extras == {"is_open_in_bray": 0.0}


def test_what_holds_no_plan_is_told(hand):
    with pytest.raises(InvalidInput, match="holds no values; solve it first"):
        batteryopt.plan_of(batteryopt.model(hand))
    with pytest.raises(InvalidInput, match="was not made from an instance"):
        batteryopt.plan_of(pyo.ConcreteModel())


def test_several_futures_are_not_one_model(hand):
    futures = tuple(Scenario(name=name, probability=0.5) for name in ("low", "high"))
    with pytest.raises(InvalidInput, match="several futures"):
        batteryopt.model(dataclasses.replace(hand, scenarios=futures))


def test_arrays_come_back_from_the_model_without_names():
    m = build(everything())
    costs = costs_of(m, Objective.COST)
    ours = to_arrays(m, costs.vector, constant=costs.constant)
    model, columns = linear_model(ours)
    theirs = compile_model(model)
    assert len(columns) == len(ours.c)
    assert abs(ours.A - theirs.A).max() == 0
    for field in ("c", "row_lower", "row_upper", "lower", "upper", "is_integer"):
        assert np.array_equal(getattr(ours, field), getattr(theirs, field)), field
