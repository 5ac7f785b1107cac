"""Complementarity as a binary choice that the solver enforces itself: either multiplier or slack is zero."""

from __future__ import annotations

import pyomo.environ as pyo

from batteryopt.bilevel.kkt import single_level as kkt
from batteryopt.bilevel.kkt.identities import convexified
from batteryopt.bilevel.methods.base import Method, MethodSettings, Reformulation
from batteryopt.bilevel.problem.normal_form import BilevelProblem
from batteryopt.solvers import Indicator


class IndicatorConstraints(Method):
    """Like big-M without an M: the solver derives what it needs."""

    name = "indicator"
    is_global = True

    def refusal(self, problem: BilevelProblem, settings: MethodSettings) -> str | None:  # noqa: ARG002
        """Accept every problem that the convexity gate lets through."""
        return None

    def apply(self, problem: BilevelProblem, settings: MethodSettings) -> Reformulation:
        """Give every pair a binary: 1 where the row may bind, 0 where its multiplier is zero."""
        system = kkt.build(problem, fritz_john=settings.fritz_john, equal=settings.equal, limits=settings.limits)
        single = system.model
        if not settings.fritz_john and (form := convexified(system)) is not None:
            single.objective.set_value(form.expression())
        single.PAIRS = pyo.RangeSet(0, len(system.all_pairs) - 1)
        single.is_binding = pyo.Var(single.PAIRS, domain=pyo.Binary)
        indicators = [
            indicator
            for k, pair in enumerate(system.all_pairs)
            for indicator in (
                Indicator(binary=single.is_binding[k], active_value=1, body=pair.slack),
                Indicator(binary=single.is_binding[k], active_value=0, body=pair.multiplier),
            )
        ]
        return Reformulation(system=system, indicators=indicators)
