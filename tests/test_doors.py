"""The Pyomo doors of the games: a solved model is an answer, judged as any other; the formula is the second route."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest

import batteryopt
from batteryopt import solvers
from batteryopt.games.coordination.formula import closed_form
from batteryopt.games.coordination.paper.published import TABLE_2_INSTANCE
from batteryopt.games.coordination.solution import Model
from batteryopt.games.differential.paper.published import BASE_CASE
from batteryopt.ground.errors import InvalidInput
from batteryopt.ground.status import PointStatus


def test_the_centralised_game():
    model = batteryopt.model(TABLE_2_INSTANCE)
    answer = batteryopt.plan_of(model, solvers.get("highs").solve(model))
    assert answer.objective == pytest.approx(closed_form.solve(TABLE_2_INSTANCE, Model.CENTRALIZED).objective)
    assert answer.run.point_status is PointStatus.OPTIMAL
    assert answer.certificate.passed


def test_followers_that_the_engine_solved():
    model = batteryopt.model(TABLE_2_INSTANCE, "decentralized")
    batteryopt.bilevel.solve(model)
    answer = batteryopt.plan_of(model)
    assert answer.objective == pytest.approx(closed_form.solve(TABLE_2_INSTANCE, Model.DECENTRALIZED).objective)
    assert answer.certificate["best-response-manufacturer"].passed
    assert answer.run.bound is None


def test_a_rule_of_ones_own_in_a_game():
    """The chain sells a - p at p - c: 5 below the best price it earns 5^2 less."""
    best = closed_form.solve(TABLE_2_INSTANCE, Model.CENTRALIZED)
    model = batteryopt.model(TABLE_2_INSTANCE)
    model.price_cap = pyo.Constraint(expr=model.retail_price[0] <= best.retail_price - 5)
    answer = batteryopt.plan_of(model, solvers.get("highs").solve(model))
    assert answer.objective == pytest.approx(best.objective - 25)
    assert answer.certificate.passed
    assert answer.certificate["rule-price_cap"].passed
    assert not [check for check in answer.certificate if check.name.endswith("supply-chain")]


@pytest.mark.parametrize("game", [TABLE_2_INSTANCE, BASE_CASE])
def test_rules_of_a_solve_are_for_networks_and_a_game_says_how_else(game):
    with pytest.raises(InvalidInput, match=r"batteryopt\.model.*batteryopt\.plan_of"):
        batteryopt.solve(game, rules=lambda model: None)


def test_a_differential_game():
    model = batteryopt.model(BASE_CASE, "integrated")
    answer = batteryopt.plan_of(model, solvers.get("ipopt").solve(model))
    formula = batteryopt.solve(BASE_CASE, ["integrated"], route="closed-form")["integrated"]
    assert answer.objective == pytest.approx(formula.objective, rel=1e-6)
    assert answer.certificate.passed


def test_what_is_no_model_or_has_no_terms_is_told():
    with pytest.raises(InvalidInput, match="did you mean 'decentralized'"):
        batteryopt.model(TABLE_2_INSTANCE, "decentralised")
    with pytest.raises(InvalidInput, match="a contract has no share"):
        batteryopt.model(BASE_CASE, "contract")
