"""Every reference of the bilevel library, found again by its second route."""

from __future__ import annotations

import collections
import math

import numpy as np
import pyomo.environ as pyo
import pytest

from .bilevel import LIBRARY, Problem
from .bilevel.second_route import kth_best, nash_answer, nested_minimum, smallest_on_faces, toll_revenue


@pytest.mark.parametrize("problem", LIBRARY, ids=str)
def test_second_route_gives_the_reference(problem: Problem):
    found = problem.verify()

    assert isinstance(found, float)
    assert problem.is_right(found, problem.verify_tolerance), f"second route {found}, reference {problem.optimal_value}"


@pytest.mark.parametrize("problem", LIBRARY, ids=str)
def test_model_has_the_sense_that_is_stated(problem: Problem):
    model = problem.build()
    objectives = list(model.component_data_objects(pyo.Objective, active=True, descend_into=False))

    assert [objective.sense for objective in objectives] == [problem.sense]


def test_library_is_large_enough():
    solvable = [p for p in LIBRARY if not p.is_trap]
    traps = [p for p in LIBRARY if p.is_trap]

    assert len(solvable) >= 45
    assert len(traps) >= 12


def test_names_are_unique():
    counts = collections.Counter(p.name for p in LIBRARY)

    assert [name for name, count in counts.items() if count > 1] == []


def test_traps_say_what_may_happen():
    for problem in LIBRARY:
        assert problem.outcomes <= {"right", "refused", "flagged", "infeasible", "unbounded"}
        assert problem.is_trap or "right" in problem.outcomes
        assert problem.is_trap or math.isfinite(problem.optimal_value)


@pytest.mark.parametrize(
    "tag",
    [
        "lp-lp",
        "qp",
        "qcqp",
        "nlp",
        "nash",
        "dual",
        "dual-in-constraint",
        "leader-constraints",
        "integer-leader",
        "several-followers",
        "indexed-followers",
        "equalities",
        "range-constraints",
        "sub-blocks",
        "params",
        "expressions",
        "fixed-variables",
        "free-variables",
        "unbounded-leader-variable",
        "leader-in-hessian",
        "leader-in-matrix",
        "pessimistic",
        "maximise",
    ],
)
def test_library_covers(tag: str):
    assert any(tag in p.tags for p in LIBRARY)


def test_kth_best_passes_over_vertices_that_the_follower_would_leave():
    # max y under 0 <= y <= 1 + x, x <= 2, against a follower that wants y small: y = 0, not the vertex (2, 3).
    rows = [(-1, 1, 1), (0, -1, 0)]

    value = kth_best([0, -1], [0, 1], leaders=1, follower_rows=rows, leader_rows=[(1, 0, 2), (-1, 0, 0)])

    assert value == pytest.approx(0.0)


def test_kth_best_is_infinite_where_no_vertex_is_a_best_answer():
    assert (
        kth_best([1, 0], [0, -1], leaders=1, follower_rows=[(0, 1, 1)], leader_rows=[(0, 1, 0), (-1, 0, 0)]) == math.inf
    )


def test_nested_minimum_finds_the_deeper_of_two_wells_and_isolated_points():
    def wells(x: np.ndarray) -> float:
        return min((x[0] - 0.123456) ** 2, (x[0] - 3.2) ** 2 - 0.01)

    assert nested_minimum(wells, [(0, 5)]) == pytest.approx(-0.01, abs=1e-9)
    assert nested_minimum(lambda x: 0.0 if x[0] == 1 / 3 else 1.0, [(0, 1)], also=[1 / 3]) == 0.0


def test_smallest_on_faces_is_a_projection_for_the_identity():
    # (2, 2) onto y1 + y2 <= 1, y >= 0 is (0.5, 0.5); (2, -1) is (1, 0).
    rows = [(1, 1, 1), (-1, 0, 0), (0, -1, 0)]

    assert smallest_on_faces(np.eye(2), [-2.0, -2.0], rows) == pytest.approx([0.5, 0.5])
    assert smallest_on_faces(np.eye(2), [-2.0, 1.0], rows) == pytest.approx([1.0, 0.0])
    assert smallest_on_faces(np.eye(1), [0.0], [(1, -1), (-1, -1)]) is None


def test_nash_answer_of_a_linear_duopoly():
    # y_i = (90 - y_j)/2: both 30.
    answers = [lambda y: (90 - y[1]) / 2, lambda y: (90 - y[0]) / 2]

    assert nash_answer(answers, [0.0, 0.0]) == pytest.approx([30.0, 30.0])


def test_nash_answer_says_when_followers_do_not_settle():
    with pytest.raises(ArithmeticError, match="still move"):
        nash_answer([lambda y: -2 * y[1], lambda y: 3 * y[0] + 1], [1.0, 1.0], rounds=20)


def test_toll_revenue_of_two_parallel_roads():
    # A toll road of cost 2 beside a free one of cost 5, three users: 3 each; where a toll weighs twice, half of it.
    assert toll_revenue([[2, 5]], [[(1,), (0,)]], demands=[3]) == pytest.approx(9.0)
    assert toll_revenue([[2, 5]], [[(1,), (0,)]], demands=[3], toll_weight=2.0) == pytest.approx(4.5)
