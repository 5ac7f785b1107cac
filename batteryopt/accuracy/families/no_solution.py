"""Models that have no answer: whoever finds one is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pyomo.environ as pyo

from batteryopt.accuracy.problem import AccuracyProblem, ProblemKind, Truth

MARGIN = 1e-2
"""By how much the infeasible models miss: far above every tolerance."""


def problems(seed: int, quick: bool) -> Iterator[AccuracyProblem]:  # noqa: ARG001 (nothing to draw, and all are quick)
    """Yield a linear and a quadratic model without a feasible point, and one without a limit."""
    cases = [
        ("linear", ProblemKind.INFEASIBLE),
        ("quadratic", ProblemKind.INFEASIBLE),
        ("linear", ProblemKind.UNBOUNDED),
    ]
    for form, kind in cases:
        yield AccuracyProblem(
            family="no-solution",
            name=f"{form}-{kind.value}",
            variant=kind.value,
            size=2,
            build=partial(build, form, kind),
            find_truth=partial(Truth, kind=kind, variables=("x", "y")),
        )


def build(form: str, kind: ProblemKind) -> Any:
    """Return ``min x + y [+ x^2]`` with ``x + y <= 1``, and ``x + y >= 1.01`` or nothing that keeps x from falling."""
    m = pyo.ConcreteModel(name=f"{form} {kind.value}")
    m.x, m.y = pyo.Var(initialize=0.0), pyo.Var(initialize=0.0, bounds=(0, 10))
    m.most = pyo.Constraint(expr=m.x + m.y <= 1)
    if kind is ProblemKind.INFEASIBLE:
        m.least = pyo.Constraint(expr=m.x + m.y >= 1 + MARGIN)
    m.objective = pyo.Objective(expr=m.x + m.y + (m.x**2 if form == "quadratic" else 0))
    return m
