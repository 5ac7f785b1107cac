"""Random games at the edges of what is allowed, against a second route that shares nothing with the package."""

from __future__ import annotations

import time

import numpy as np
import pytest

from batteryopt.games.differential.data.general import GeneralDifferentialGame
from batteryopt.games.differential.data.generator import random_general
from batteryopt.games.differential.solution import Model
from batteryopt.games.differential.solve import solve
from batteryopt.ground.errors import InvalidInput
from batteryopt.ground.status import StopReason

from . import second_route

LIMIT = 25.0
"""Seconds for all models of one instance: a search that needs longer ends short of a claim, and says so."""
MOST_SECONDS = 30.0
"""Of the processor: other work on the machine does not count."""


def random_edge(seed: int) -> GeneralDifferentialGame:
    """Return 1 to 6 vehicles with rates far apart, ends, paths of the credit price, and caps."""
    draw = np.random.default_rng([seed, 7])
    vehicles = int(draw.integers(1, 7))
    states, retailers = int(draw.integers(1, min(vehicles, 3) + 1)), int(draw.integers(1, min(vehicles, 3) + 1))
    game = random_general(seed, vehicles=vehicles, states=states, retailers=retailers)
    pace = 10 ** draw.uniform(-1.0, 1.0)
    rate = draw.choice([draw.uniform(0.02, 0.2), 10 ** draw.uniform(-0.5, 1.0)], p=[0.6, 0.4])
    extras = {
        "discount_rate": float(rate),
        "efficiency_decay": tuple(tuple(row) for row in pace * np.array(game.efficiency_decay)),
        "innovation_effectiveness": tuple(tuple(row) for row in pace * np.array(game.innovation_effectiveness)),
    }
    if draw.random() < 0.4:
        extras["horizon_length"] = float(10 ** draw.uniform(-0.3, 1.3) / max(rate, 0.3))
        if draw.random() < 0.5:
            extras["salvage_values"] = tuple(draw.uniform(0.0, 3.0, states))
    if draw.random() < 0.35:
        end = extras.get("horizon_length", 3.0 / rate)
        times = np.append(0.0, np.sort(draw.uniform(0.05, 0.9, int(draw.integers(1, 4)))) * end)
        extras["credit_price_times"] = tuple(times)
        extras["credit_price_values"] = tuple(game.credit_price * draw.uniform(0.3, 1.0, len(times)))
    kind = draw.choice(["free", "innovation", "prices"], p=[0.5, 0.3, 0.2])
    if kind == "innovation":
        extras["innovation_caps"] = tuple(10 ** draw.uniform(-1.5, 0.7, states))
    elif kind == "prices" and vehicles <= 2:
        reach = np.linalg.solve(np.array(game.price_effect), np.array(game.market_size))
        extras["price_caps"] = tuple(reach * draw.uniform(0.55, 1.1, vehicles))
    cost = np.array(game.innovation_cost)
    for _ in range(40):
        try:
            return game.replace(innovation_cost=tuple(tuple(row) for row in cost), **extras)
        except InvalidInput:  # no steady state at these rates: make innovation dearer
            cost *= 2.0
    raise AssertionError(seed)


def judge(seed: int) -> None:
    """Hold what both routes claim, and their certificates, against the second route."""
    game = random_edge(seed)
    models = [Model.INTEGRATED, Model.DECENTRALIZED] + [Model.CONTRACT] * (len(game.retailers or ()) == 1)
    begin = time.process_time()
    result = solve(game, models, time_limit=LIMIT)
    assert time.process_time() - begin < MOST_SECONDS, seed
    answers = [a for a in (*result.models.values(), *(result.closed_form or {}).values()) if a.solution is not None]
    assert answers or any(a.run.stop_reason.is_limit for a in result.models.values()), seed
    for answer in answers:
        if not answer.run.stop_reason.is_limit:
            assert answer.certificate.passed, (seed, answer.model, answer.run.route, str(answer.certificate))
    right = {model: _right(game, model) for model in models[:2]}
    for answer in answers:
        if answer.model is Model.CONTRACT:
            _hold_contract(seed, answer, right)
        elif answer.run.point_status.is_claim:
            _hold(seed, game, answer, right[answer.model])
    contract = result.models.get(Model.CONTRACT)
    if contract is not None and game.price_caps is None and contract.run.stop_reason is StopReason.CONVERGED:
        assert contract.solution is not None, (seed, contract.reason)


def _right(game, model):
    is_led = model is Model.DECENTRALIZED
    if game.price_caps is not None:
        return [second_route.capped_prices(game, is_led)]
    if game.innovation_caps is not None:
        return [second_route.capped_innovation(game, is_led)]
    return second_route.values(game, is_led)


def _hold(seed, game, answer, right):
    value = answer.solution.present_value
    ours = [value.supply_chain] if answer.model is Model.INTEGRATED else [value.manufacturer, *value.retailers]
    if game.price_caps is not None and answer.model is Model.DECENTRALIZED:  # the second route searches locally, too
        assert ours[0] >= right[0] * (1 - 1e-5), (seed, answer.model, ours, right)
        return
    tolerance = 1e-6 if game.price_caps is None and game.innovation_caps is None else 1e-5
    assert ours[: len(right)] == pytest.approx(right, rel=tolerance), (seed, answer.model, answer.run.route)


def _hold_contract(seed, answer, right):
    """A share leaves both with what they have without contract: J_R/J to 1 - J_M/J, where J is the owner's."""
    if len(right[Model.DECENTRALIZED]) < 2 or answer.solution.share_range is None:
        return
    whole, (manufacturer, retailer) = right[Model.INTEGRATED][0], right[Model.DECENTRALIZED]
    expected = retailer / whole, 1 - manufacturer / whole
    assert answer.solution.share_range == pytest.approx(expected, rel=1e-5), (seed, answer.run.route)


@pytest.mark.parametrize("seed", [1])
def test_a_random_edge_against_a_second_route(seed):
    judge(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200))
def test_two_hundred_random_edges_against_a_second_route(seed):
    judge(seed)
