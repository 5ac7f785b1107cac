"""Complementarity as special ordered sets: at most one of multiplier and slack is not zero. No M is needed."""

from __future__ import annotations

import pyomo.environ as pyo

from batteryopt.bilevel.kkt import single_level as kkt
from batteryopt.bilevel.methods.base import Method, MethodSettings, Reformulation
from batteryopt.bilevel.problem.normal_form import BilevelProblem


class Sos1(Method):
    """Branching on the sets by a spatial branch-and-bound solver gives a global bound."""

    name = "sos1"
    is_global = True

    def refusal(self, problem: BilevelProblem, settings: MethodSettings) -> str | None:  # noqa: ARG002
        """Accept every problem that the convexity gate lets through."""
        return None

    def apply(self, problem: BilevelProblem, settings: MethodSettings) -> Reformulation:
        """Put every pair into a set of its own."""
        system = kkt.build(problem, fritz_john=settings.fritz_john, equal=settings.equal, limits=settings.limits)
        single = system.model
        single.PAIRS = pyo.RangeSet(0, len(system.all_pairs) - 1)
        single.complementarity = pyo.SOSConstraint(
            single.PAIRS,
            rule=lambda _, k: ([system.all_pairs[k].multiplier, system.all_pairs[k].slack], [1, 2]),
            sos=1,
        )
        return Reformulation(system=system)
