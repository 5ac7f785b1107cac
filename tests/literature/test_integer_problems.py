"""Published problems of integer followers: every claim against enumeration, and how many are proven in a minute."""

from __future__ import annotations

import pytest

from batteryopt import bilevel

from .integer_followers import INTEGER_PROBLEMS, IntegerProblem

TIME_LIMIT = 60
OPEN = frozenset({"k5020w05", "k5020w08"})
"""What is not proven within the limit, or hardly; no claim is made of it then."""
QUICK = {"moore-bard-1990-one", "moore-bard-1990-two", "linderoth", "k5010w09"}


def test_at_least_nine_in_ten_are_proven():
    assert len(INTEGER_PROBLEMS) >= 40
    assert len({problem.name for problem in INTEGER_PROBLEMS}) == len(INTEGER_PROBLEMS)
    assert {problem.name for problem in INTEGER_PROBLEMS} >= OPEN
    assert len(OPEN) <= 0.1 * len(INTEGER_PROBLEMS)


@pytest.mark.parametrize("problem", [p for p in INTEGER_PROBLEMS if p.printed is not None], ids=str)
def test_enumeration_and_print_agree(problem: IntegerProblem):
    assert problem.enumerated() == pytest.approx(problem.printed)


@pytest.mark.parametrize(
    "problem",
    [pytest.param(p, marks=[] if p.name in QUICK else [pytest.mark.slow], id=p.name) for p in INTEGER_PROBLEMS],
)
def test_against_enumeration(problem: IntegerProblem):
    value = problem.enumerated()
    answer = bilevel.solve(problem.build(), time_limit=TIME_LIMIT)
    assert answer.point_status.is_feasible, str(answer)
    assert answer.objective is not None
    assert problem.sense * (answer.objective - value) >= -1e-5, "better than the best"
    assert answer.bound is None or problem.sense * (value - answer.bound) >= -1e-5, "the optimum is cut off"
    if answer.is_optimal:
        assert answer.objective == pytest.approx(value, abs=1e-5)
    else:
        assert problem.name in OPEN, str(answer)
