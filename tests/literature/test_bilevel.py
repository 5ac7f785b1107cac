"""The engine on the library: every method on every problem that it accepts.

What is asked of an answer: the value within 1e-4 where it says that it is optimal; a bound that does not cut the
optimum off; a feasible point that is not better than the optimum; and, of `auto` and the global methods, the optimum
itself. Where a method gives up, `UNSOLVED` says so: then the first three are asked and the last is reported.
"""

from __future__ import annotations

import dataclasses
import math

import pyomo.environ as pyo
import pytest

from batteryopt import bilevel
from batteryopt.bilevel.methods import METHODS
from batteryopt.ground.errors import BatteryOptError
from batteryopt.ground.status import StopReason

from .bilevel import LIBRARY, Problem, problem_named

TIME_LIMIT = 20
TOLERANCE = 1e-4
LOCAL = {"regularized"}
QUICK_METHODS = {"auto", "big-m"}

TOLLS = ("toll-one-commodity", "toll-two-commodities", "toll-scaled-commodity")
HARD = {
    *TOLLS,
    "murphy-sherali-soyster-1982",
    "outrata-1990-2c",
    "permits",
    "stackelberg-cournot-eight",
    "zlobec-2001-not-attained",
}

# Where a method accepts a problem and does not solve it, and says so: a point flagged as not optimal or not feasible.
UNSOLVED: dict[str, tuple[str, set[str]]] = {
    "sos1": ("free multipliers times unbounded tolls leave the branching without bounds", {*TOLLS, "permits"}),
    "indicator": ("free multipliers times unbounded tolls leave the branching without bounds", {*TOLLS}),
    "branching": (
        "HiGHS's quadratic solver gives up in a node",
        {"outrata-1990-1c", "outrata-1990-2a", "shimizu-aiyoshi-1981-bilinear"},
    ),
    "product": (
        "the products of free multipliers have no bounds",
        {*TOLLS, "fanzeres-2017-withholding", "strategic-bid", "conejo-2016-investment"},
    ),
    "strong-duality": (
        "huge multipliers meet the equality of both objectives within the solver's tolerance while the follower loses",
        {
            *TOLLS,
            "bard-1983-efficient-point",
            "bard-falk-1982-one",
            "bard-falk-1982-two",
            "ben-ayed-blair-1990-plane",
            "calamai-vicente-1994-separable",
            "candler-townsley-1982",
            "candler-townsley-1982-slacks",
            "clark-westerberg-1990-quadratic",
            "savard-1989",
            "shimizu-aiyoshi-1981-one",
            "tuy-1993",
        },
    ),
}


@dataclasses.dataclass(frozen=True)
class Seen:
    """What came of a solve: an outcome in the words of `Problem.outcomes`, and the answer if there was one."""

    outcomes: frozenset[str]
    answer: bilevel.Answer | None


def outcome_of(problem: Problem, method: str) -> Seen:
    """Solve, and say which of the outcomes it was."""
    try:
        answer = bilevel.solve(problem.build(), method=method, time_limit=TIME_LIMIT, **problem.options)
    except bilevel.UnsupportedFollower:
        return Seen(frozenset({"refused"}), None)
    if answer.stop_reason is StopReason.INFEASIBLE_OR_UNBOUNDED:
        return Seen(frozenset({"infeasible", "unbounded"}), answer)
    if answer.stop_reason.is_no_solution:
        return Seen(frozenset({answer.stop_reason.value}), answer)
    return Seen(frozenset(_kinds(problem, answer)), answer)


def _kinds(problem: Problem, answer: bilevel.Answer) -> set[str]:
    value_is_right = answer.objective is not None and problem.is_right(answer.objective, TOLERANCE)
    kinds = {"right"} if value_is_right and (answer.is_optimal or answer.point_status.is_feasible) else set()
    return kinds if answer.is_optimal else kinds | {"flagged"}


def assert_honest(problem: Problem, answer: bilevel.Answer | None) -> None:
    """No claim of the answer contradicts the reference."""
    if answer is None:
        return
    if answer.is_optimal:
        assert answer.objective is not None
        assert problem.is_right(answer.objective, TOLERANCE), f"claims {answer.objective} is optimal"
    assert answer.bound is None or _loss(problem, answer.bound) <= TOLERANCE, f"bound {answer.bound} cuts it off"
    if answer.point_status.is_feasible:
        assert answer.objective is not None
        assert _loss(problem, answer.objective) >= -TOLERANCE, f"feasible {answer.objective} beats the optimum"


def _loss(problem: Problem, value: float) -> float:
    """Return how much worse than the optimum a value is, relative to max(1, |optimum|)."""
    if math.isinf(problem.optimal_value):
        better = value if problem.sense == pyo.minimize else -value
        infimum = problem.optimal_value if problem.sense == pyo.minimize else -problem.optimal_value
        return 0.0 if infimum < 0 else -math.inf if math.isfinite(better) else 0.0
    difference = value - problem.optimal_value
    return (difference if problem.sense == pyo.minimize else -difference) / max(1.0, abs(problem.optimal_value))


def _cases() -> list[object]:
    cases = []
    for method in ("auto", *bilevel.METHODS):
        for problem in LIBRARY:
            is_slow = method not in QUICK_METHODS or problem.name in HARD
            marks = [pytest.mark.slow] if is_slow else []
            cases.append(pytest.param(problem, method, marks=marks, id=f"{method}-{problem.name}"))
    return cases


def _accepts(problem: Problem, method: str) -> bool:
    """Return whether a method takes a problem; also True where every method would refuse the followers."""
    if method == "auto":
        return True
    if "integer-follower" in problem.tags and not METHODS[method].takes_integers:
        return True  # it refuses the followers, by their name
    try:
        return method in bilevel.accepting_methods(problem.build(), **problem.options)
    except bilevel.UnsupportedFollower:
        return True


@pytest.mark.parametrize(("problem", "method"), _cases())
def test_method_on_problem(problem: Problem, method: str):
    if not _accepts(problem, method):
        with pytest.raises(BatteryOptError, match=f"'{method}' does not accept"):
            bilevel.solve(problem.build(), method=method, **problem.options)
        return

    seen = outcome_of(problem, method)

    assert_honest(problem, seen.answer)
    allowed = problem.outcomes | ({"flagged"} if method in LOCAL else set())
    reason, names = UNSOLVED.get(method, ("", set()))
    if problem.name in names and seen.outcomes == {"flagged"}:
        pytest.xfail(reason)
    assert seen.outcomes & allowed, f"{sorted(seen.outcomes)}, expected {sorted(allowed)}\n{seen.answer}"
    if method in LOCAL and seen.answer is not None:
        assert not seen.answer.is_optimal


@pytest.mark.parametrize("name", [p.name for p in LIBRARY if "unconstrained-follower" in p.tags])
def test_local_method_finds_the_optimum_of_a_smooth_convex_problem(name: str):
    problem = problem_named(name)

    answer = bilevel.solve(problem.build(), method="regularized", time_limit=TIME_LIMIT)

    assert answer.objective is not None
    assert problem.is_right(answer.objective, TOLERANCE)


@pytest.mark.parametrize("problem", [p for p in LIBRARY if p.pessimistic_value is not None], ids=str)
def test_pessimistic_value(problem: Problem):
    answer = bilevel.solve(problem.build(), time_limit=TIME_LIMIT, pessimistic_gap=True)

    assert answer.objective is not None
    assert problem.is_right(answer.objective, TOLERANCE)
    assert answer.pessimistic_objective == pytest.approx(problem.pessimistic_value, rel=1e-3, abs=1e-3)
