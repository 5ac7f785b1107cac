"""Complementarity with binaries and proven bounds: ``multiplier <= M z`` and ``slack <= N (1 - z)``.

M and N come from `bilevel.proof.bounds`, each with its reason; where one cannot be derived the method does not
accept the problem. For what HiGHS can solve that is all it needs; SCIP takes the rest.
"""

from __future__ import annotations

import functools
from typing import Any

import pyomo.environ as pyo
from pyomo.common.collections import ComponentMap

from batteryopt.bilevel.kkt import single_level as kkt
from batteryopt.bilevel.kkt.single_level import KktSystem
from batteryopt.bilevel.methods.base import Method, MethodSettings, Reformulation
from batteryopt.bilevel.problem.normal_form import BilevelProblem, FollowerRow
from batteryopt.bilevel.proof import bounds
from batteryopt.ground.errors import UnsupportedModel
from batteryopt.solvers.compile.arrays import compile_model

MOST_NAMED = 3
"""Rows that a refusal names before it counts the rest."""


@functools.lru_cache(maxsize=1)
def _bounded_system(
    problem: BilevelProblem,
    equal: tuple[tuple[FollowerRow, FollowerRow], ...],
    limits_given: tuple[tuple[Any, float], ...],
) -> tuple[KktSystem, ComponentMap, list[str]]:
    """Return the KKT system with its proven bounds; kept once, since a refusal is followed by an application."""
    system = kkt.build(problem, equal=equal, limits=limits_given)
    return (system, *bounds.derive(system))


class BigM(Method):
    """A mixed-integer model for any solver of such."""

    name = "big-m"
    is_global = True

    def refusal(self, problem: BilevelProblem, settings: MethodSettings) -> str | None:
        """Accept problems for which every M can be derived."""
        _, _, missing = _bounded_system(problem, settings.equal, settings.limits)
        if not missing:
            return None
        more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        return f"no bound can be derived for {', '.join(missing[:MOST_NAMED])}{more}"

    def apply(self, problem: BilevelProblem, settings: MethodSettings) -> Reformulation:
        """Write the binaries and their bounds."""
        system, found, _ = _bounded_system(problem, settings.equal, settings.limits)
        _bounded_system.cache_clear()  # the system is changed from here on
        kkt.connect_duals(problem, system.model)
        single, pairs = system.model, system.all_pairs
        single.PAIRS = pyo.RangeSet(0, len(pairs) - 1)
        single.is_binding = pyo.Var(single.PAIRS, domain=pyo.Binary)
        single.multiplier_bound = pyo.Constraint(
            single.PAIRS,
            rule=lambda s, k: pairs[k].multiplier <= found[pairs[k].multiplier].value * s.is_binding[k],
        )
        single.slack_bound = pyo.Constraint(
            single.PAIRS, rule=lambda s, k: pairs[k].slack <= found[pairs[k].slack].value * (1 - s.is_binding[k])
        )
        reasons = ", ".join(sorted({bound.by for bound in found.values()})) or "nothing: there are no inequalities"
        return Reformulation(
            system=system, assumptions=(f"multipliers and slacks within proven bounds, derived from {reasons}",)
        )

    def default_solver(self, reformulation: Reformulation) -> str:
        """HiGHS where the model is a mixed-integer linear program, else SCIP."""
        try:
            program = compile_model(reformulation.system.model)
        except UnsupportedModel:
            return "scip"
        return "scip" if program.is_quadratic else "highs"
