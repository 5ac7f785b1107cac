"""No method calls an answer optimal that is not: random treacherous followers against exact enumeration.

A method may refuse, or say less than it found. What it calls optimal is so to 1e-5; what it calls feasible is not
better than the optimum, and what it calls a bound cuts nothing off, to 1e-4; what it calls infeasible has no answer.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from batteryopt import bilevel
from batteryopt.ground.errors import BatteryOptError

from .treacherous import LinearGame, SeparableGame, Treacherous, mixed_units, problem_number, vertices

QUICK, SLOW = 42, 500
TOLERANCE = 1e-5
TIME_LIMIT = 5.0
METHODS = ("auto", *bilevel.METHODS)
QUICK_METHODS = 2
"""How many of the methods besides `auto` each quick problem is solved by, in turn."""


def assert_never_wrong(problem: Treacherous, method: str) -> None:
    """Solve, and compare every claim with the optimum; the leader maximises."""
    try:
        answer = bilevel.solve(problem.build(), method=method, time_limit=TIME_LIMIT, starts=1, **problem.options)
    except bilevel.UnsupportedFollower:
        return
    except BatteryOptError as refusal:
        if "does not accept" not in str(refusal):
            raise
        return
    optimum = problem.optimum()
    slack = TOLERANCE * max(1.0, abs(optimum))
    assert not answer.stop_reason.is_no_solution, f"{problem.name}: {answer.stop_reason}, but {optimum} is there"
    assert answer.bound is None or answer.bound >= optimum - 10 * slack, (
        f"{problem.name}: {optimum} is cut off\n{answer}"
    )
    if answer.point_status.is_feasible:
        assert answer.objective is not None
        assert answer.objective <= optimum + 10 * slack, f"{problem.name}: better than the optimum {optimum}\n{answer}"
    if answer.is_optimal:
        assert answer.objective == pytest.approx(optimum, rel=TOLERANCE, abs=TOLERANCE), f"{problem.name}\n{answer}"


def quick_methods(number: int) -> tuple[str, ...]:
    """Return `auto` and the next few of the others, so that all of them meet every family."""
    others = list(bilevel.METHODS)
    first = QUICK_METHODS * (number + number // 7)
    return ("auto", *(others[(first + k) % len(others)] for k in range(QUICK_METHODS)))


@pytest.mark.parametrize("number", range(QUICK))
def test_no_answer_called_optimal_is_wrong(number: int):
    problem = problem_number(number)
    for method in quick_methods(number):
        assert_never_wrong(problem, method)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(SLOW))
def test_no_answer_called_optimal_is_wrong_many_times(number: int):
    problem = problem_number(number)
    for method in METHODS:
        assert_never_wrong(problem, method)


def test_a_local_search_without_a_point_does_not_call_the_problem_infeasible():
    """Ipopt ends at a point of local infeasibility from the first starts; the optimum is -0.654."""
    assert_never_wrong(mixed_units(10), "regularized")


def test_auto_solves_what_it_accepts():
    """Modesty alone would pass the tests above: of the first of each family `auto` proves all but the refused."""
    for number in range(5):
        problem = problem_number(number)
        answer = bilevel.solve(problem.build(), time_limit=20, **problem.options)
        assert answer.is_optimal, f"{problem.name}\n{answer}"


def test_the_enumeration_of_vertices():
    """The unit square, cut by y1 + y2 <= 3/2: five vertices."""
    rows = [([1, 0], 1), ([-1, 0], 0), ([0, 1], 1), ([0, -1], 0), ([1, 1], Fraction(3, 2))]
    exact = [([Fraction(a) for a in row], Fraction(right)) for row, right in rows]
    found = {tuple(map(float, point)) for point in vertices(exact)}
    assert found == {(0, 0), (1, 0), (0, 1), (1, 0.5), (0.5, 1)}


def test_the_enumeration_of_a_linear_game():
    """min y1 + (1 + 1e-9) y2 with y1 + y2 >= 2 - x, both at most 1.5: y1 first. max y2 has 0.5 at x = 0."""
    game = LinearGame(w0=0, w=[0, 1], top=1, c=[1, 1 + 1e-9], A=[[-1, -1]], b=[-2], s=[1], u=[1.5, 1.5])
    assert game.optimum() == 0.5


def test_the_enumeration_of_a_separable_game():
    """min y^2/2 - x y on [0, 1] is y = min(x, 1): max 2 y - x over x in [0, 2] has 1 at x = 1.

    min -y^2/2 + (x - 1) y on [0, 1]: -1/2 + x - 1 <= 0 up to x = 3/2, where y = 1: max y + x has 5/2.
    """
    bent = SeparableGame(w0=-1, w=[2], top=2, q=[1], c=[0], d=[-1], u=[1])
    assert bent.optimum() == 1
    hollow = SeparableGame(w0=1, w=[1], top=2, q=[-1], c=[-1], d=[1], u=[1])
    assert hollow.optimum() == 2.5
