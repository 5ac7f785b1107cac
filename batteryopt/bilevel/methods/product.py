"""Complementarity as it is written: every multiplier times its slack is zero (at most, since both are nonnegative)."""

from __future__ import annotations

import pyomo.environ as pyo

from batteryopt.bilevel.kkt import single_level as kkt
from batteryopt.bilevel.methods.base import Method, MethodSettings, Reformulation
from batteryopt.bilevel.problem.normal_form import BilevelProblem


class ProductMethod(Method):
    """A nonconvex quadratic condition: global with SCIP, local (and without constraint qualification) with Ipopt."""

    name = "product"
    is_global = True

    def refusal(self, problem: BilevelProblem, settings: MethodSettings) -> str | None:  # noqa: ARG002
        """Accept every problem that the convexity gate lets through."""
        return None

    def apply(self, problem: BilevelProblem, settings: MethodSettings) -> Reformulation:
        """Write the products."""
        system = kkt.build(problem, fritz_john=settings.fritz_john, equal=settings.equal, limits=settings.limits)
        single = system.model
        single.PAIRS = pyo.RangeSet(0, len(system.all_pairs) - 1)
        single.complementarity = pyo.Constraint(
            single.PAIRS, rule=lambda _, k: system.all_pairs[k].multiplier * system.all_pairs[k].slack <= 0
        )
        return Reformulation(system=system)
