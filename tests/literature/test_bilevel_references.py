"""Every reference of the bilevel library, found again by its second route."""

from __future__ import annotations

import collections
import math

import pyomo.environ as pyo
import pytest

from .bilevel import LIBRARY, Problem


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
