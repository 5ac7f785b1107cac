"""Laws of the Stackelberg engine on random convex problems: nested search agrees, and equivalent models do too.

A problem here has one leader's variable in [0, 3] and followers with strictly convex quadratic objectives over one
linear row and bounds, so that each answer is unique and a search over the leader's variable verifies the optimum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar

from batteryopt import bilevel

TOP = 3.0
BLUR = 3e-6
"""SCIP's feasibility tolerance can put its bound this far from the polished point: not called optimal, not wrong."""
AGREE = 2e-4
"""Relative: the nested search stops at steps of 1e-7 around a kink."""


@dataclass(frozen=True)
class Player:
    """min h/2 y1^2 + y2^2 + (c + d x) y1 + e y2 s.t. y1 + g y2 <= r + s x, 0 <= y <= 2."""

    h: float
    c: float
    d: float
    e: float
    g: float
    r: float
    s: float

    def cost(self, x: Any, y1: Any, y2: Any) -> Any:
        """The objective, for numbers and for Pyomo."""
        return 0.5 * self.h * y1**2 + y2**2 + (self.c + self.d * x) * y1 + self.e * y2

    def room(self, x: Any, y1: Any, y2: Any) -> Any:
        """What the row leaves: >= 0."""
        return self.r + self.s * x - y1 - self.g * y2


@dataclass(frozen=True)
class Game:
    """Leader: min a (x - t)^2 + sum_i (p y1_i + q y2_i^2)."""

    players: tuple[Player, ...]
    a: float
    t: float
    p: float
    q: float

    def leader_cost(self, x: Any, answers: Any) -> Any:
        """The leader's objective."""
        return self.a * (x - self.t) ** 2 + sum(self.p * y1 + self.q * y2**2 for y1, y2 in answers)


def quarter(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers in quarters, so that nothing is nearly degenerate."""
    return st.integers(round(4 * low), round(4 * high)).map(lambda k: k / 4)


PLAYERS = st.builds(
    Player,
    h=quarter(0.5, 3),
    c=quarter(-3, 1),
    d=quarter(-1.5, 1.5),
    e=quarter(-3, 1),
    g=quarter(-1, 1),
    r=quarter(0.5, 2),
    s=quarter(0, 1),
)
GAMES = st.builds(
    Game,
    players=st.lists(PLAYERS, min_size=1, max_size=2).map(tuple),
    a=quarter(0.25, 1),
    t=quarter(0, 3),
    p=quarter(-2, 2),
    q=quarter(0, 1),
)


def build(
    game: Game,
    *,
    order: Any = None,
    follower_scale: float = 1.0,
    leader_scale: float = 1.0,
    maximise: bool = False,
    bounds_as_constraints: bool = False,
    equality: str = "none",
) -> pyo.ConcreteModel:
    """Write the game in one of many equivalent ways."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, TOP))
    indices = list(order or range(len(game.players)))
    m.f = bilevel.Follower(indices)
    sign = -1 if maximise else 1
    sense = pyo.maximize if maximise else pyo.minimize
    for i in indices:
        player, block = game.players[i], m.f[i]
        block.y = pyo.Var([1, 2], bounds=(None, None) if bounds_as_constraints else (0, 2))
        if bounds_as_constraints:
            block.least = pyo.Constraint([1, 2], rule=lambda b, k: b.y[k] >= 0)
            block.most = pyo.Constraint([1, 2], rule=lambda b, k: 2 * b.y[k] <= 4)
        block.row = pyo.Constraint(expr=player.room(m.x, block.y[1], block.y[2]) >= 0)
        cost = player.cost(m.x, block.y[1], block.y[2])
        if equality != "none":
            block.z = pyo.Var()
            cost = cost + block.z**2
            _tie(block, equality)
        block.cost = pyo.Objective(expr=sign * follower_scale * cost, sense=sense)
    total = game.leader_cost(m.x, [(m.f[i].y[1], m.f[i].y[2]) for i in indices])
    m.cost = pyo.Objective(expr=sign * leader_scale * total, sense=sense)
    return m


def _tie(block: Any, equality: str) -> None:
    """z = y1 - y2, as one equality, two inequalities or a range without width."""
    difference = block.z - block.y[1] + block.y[2]
    if equality == "equality":
        block.tie = pyo.Constraint(expr=difference == 0)
    elif equality == "two inequalities":
        block.above = pyo.Constraint(expr=difference >= 0)
        block.below = pyo.Constraint(expr=difference <= 0)
    else:
        block.tie = pyo.Constraint(expr=(0, difference, 0))


def optimum(model: pyo.ConcreteModel, *, scale: float = 1.0, method: str = "auto") -> float:
    """Return the leader's optimum, proven up to rounding, per unit of scale; infinite where there is none."""
    answer = bilevel.solve(model, method=method, time_limit=30)
    if answer.stop_reason.is_no_solution:
        return math.inf
    assert answer.is_optimal or (answer.gap is not None and answer.gap <= BLUR), str(answer)
    return answer.objective / scale


def answer_of(player: Player, x: float) -> tuple[float, float] | None:
    """One follower's answer by SciPy, None where its row leaves nothing."""
    found = minimize(
        lambda y: player.cost(x, y[0], y[1]),
        np.array([0.1, 0.1]),
        jac=lambda y: np.array([player.h * y[0] + player.c + player.d * x, 2 * y[1] + player.e]),
        bounds=[(0, 2), (0, 2)],
        constraints=[
            {
                "type": "ineq",
                "fun": lambda y: player.room(x, y[0], y[1]),
                "jac": lambda y: np.array([-1.0, -player.g]),
            }
        ],
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 200},
    )
    return (found.x[0], found.x[1]) if player.room(x, *found.x) >= -1e-8 else None


def nested_search(game: Game) -> float:
    """The least leader's cost over a grid of decisions, refined around the three best."""

    def value(x: float) -> float:
        answers = [answer_of(player, x) for player in game.players]
        return math.inf if None in answers else float(game.leader_cost(x, answers))

    grid = np.linspace(0, TOP, 121)
    values = [value(x) for x in grid]
    step = grid[1] - grid[0]
    best = min(values)
    for k in np.argsort(values)[:3]:
        low, high = max(0.0, grid[k] - step), min(TOP, grid[k] + step)
        best = min(best, float(minimize_scalar(value, bounds=(low, high), options={"xatol": 1e-9}).fun))
    return best


def assert_agrees_with_nested_search(game: Game) -> None:
    found, searched = optimum(build(game)), nested_search(game)
    assert found == pytest.approx(searched, rel=AGREE, abs=AGREE)


@settings(max_examples=5)
@given(game=GAMES)
def test_nested_search_finds_the_same(game: Game):
    assert_agrees_with_nested_search(game)


@pytest.mark.slow
@settings(max_examples=150)
@given(game=GAMES)
def test_nested_search_finds_the_same_many_times(game: Game):
    assert_agrees_with_nested_search(game)


EQUIVALENT: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "followers permuted": ({}, {"order": (1, 0)}),
    "followers' money scaled": ({}, {"follower_scale": 40.0}),
    "leader's money scaled": ({}, {"leader_scale": 25.0}),
    "maximised": ({}, {"maximise": True}),
    "bounds as constraints": ({}, {"bounds_as_constraints": True}),
    "equality split": ({"equality": "equality"}, {"equality": "two inequalities"}),
    "equality as a range": ({"equality": "equality"}, {"equality": "range"}),
}


def assert_same(name: str, game: Game) -> None:
    if len(game.players) == 1:
        game = replace(game, players=(game.players[0], replace(game.players[0], c=-1.0)))
    first, second = EQUIVALENT[name]
    scale = second.get("leader_scale", 1.0) * (-1 if second.get("maximise") else 1)
    one, other = optimum(build(game, **first)), optimum(build(game, **second), scale=scale)
    assert other == pytest.approx(one, rel=2e-5, abs=2e-5)


@pytest.mark.parametrize("name", EQUIVALENT)
@settings(max_examples=3)
@given(game=GAMES)
def test_equivalent_models_have_the_same_optimum(name: str, game: Game):
    assert_same(name, game)


@pytest.mark.slow
@pytest.mark.parametrize("name", EQUIVALENT)
@settings(max_examples=40)
@given(game=GAMES)
def test_equivalent_models_have_the_same_optimum_many_times(name: str, game: Game):
    assert_same(name, game)


@pytest.mark.slow
@pytest.mark.parametrize("method", [name for name, method in bilevel.METHODS.items() if method.is_global])
@settings(max_examples=15)
@given(game=GAMES)
def test_methods_agree(method: str, game: Game):
    model = build(game)
    if method in bilevel.accepting_methods(model):
        assert optimum(model, method=method) == pytest.approx(optimum(build(game)), rel=2e-5, abs=2e-5)


@settings(max_examples=5)
@given(game=GAMES, room=quarter(0.25, 1))
def test_more_room_for_the_leader_never_costs_it(game: Game, room: float):
    narrow, wide = build(game), build(game)
    narrow.x.setub(1 + room)
    wide.x.setub(2 + room if room <= 1 else TOP)
    assert optimum(wide) <= optimum(narrow) + 1e-5
