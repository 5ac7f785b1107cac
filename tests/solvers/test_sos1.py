"""SCIP's special ordered sets against enumeration: each set is decided by hand, what is left is linear, for HiGHS."""

from __future__ import annotations

import itertools

import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batteryopt import solvers
from batteryopt.ground.status import StopReason

PAIRS = range(3)


def complementary_program(seed: int):
    """Return a linear program over 3 pairs of variables, of each of which one at most may be other than 0."""
    random = np.random.default_rng(seed)
    model = pyo.ConcreteModel()
    model.x = pyo.Var(PAIRS, [0, 1], bounds=(0, int(random.integers(2, 9)) if random.random() < 0.5 else None))
    model.free = pyo.Var(bounds=(-5, 5))
    members = [*model.x.values(), model.free]
    model.rows = pyo.ConstraintList()
    for _ in range(int(random.integers(2, 6))):
        body = sum(int(a) * v for a, v in zip(random.integers(-3, 4, len(members)), members, strict=True))
        right = int(random.integers(-6, 7))
        model.rows.add(body + 0 * model.free == right if random.random() < 0.4 else body + 0 * model.free <= right)
    model.box = pyo.Constraint(expr=sum(model.x.values()) <= 20)
    costs = zip(random.integers(-4, 5, len(members)), members, strict=True)
    model.cost = pyo.Objective(expr=sum(int(c) * v for c, v in costs))
    model.either = pyo.SOSConstraint(PAIRS, rule=lambda m, i: ([m.x[i, 0], m.x[i, 1]], [1, 2]), sos=1)
    return model


def by_enumeration(model):
    """Return the least cost over all 8 choices of the zero of each pair; None where none is feasible."""
    model.either.deactivate()
    values = []
    for zeros in itertools.product([0, 1], repeat=len(PAIRS)):
        for i, j in zip(PAIRS, zeros, strict=True):
            model.x[i, j].fix(0)
        report = solvers.get("highs").solve(model)
        assert report.is_optimal or report.stop_reason is StopReason.INFEASIBLE
        values += [report.objective] if report.is_optimal else []
        model.x.unfix()
    model.either.activate()
    return min(values, default=None)


@settings(max_examples=40)
@given(seed=st.integers(0, 100_000))
def test_sets_against_enumeration(seed):
    model = complementary_program(seed)
    expected = by_enumeration(model)
    report = solvers.get("scip").solve(model)
    if expected is None:
        assert report.stop_reason is StopReason.INFEASIBLE
    else:
        assert report.is_optimal
        assert report.objective == pytest.approx(expected, abs=1e-6)
        assert all(min(model.x[i, 0].value, model.x[i, 1].value) <= 1e-6 for i in PAIRS)
