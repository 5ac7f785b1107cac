"""Everything as one mixed-integer linear program for HiGHS, as far as that can be proven to be the same problem.

- The leader's objective without products, where the followers' conditions say what these are worth (`kkt.identities`).
- A follower whose strong duality has products of binaries with bounded variables only gets that one condition, exact
  with McCormick's envelopes, and needs no complementarity.
- A follower who wants the opposite of what the leader wants is replaced by its dual (`opposed`).
- Other pairs get a binary where limits of both sides can be proven. The rest stays open: without them the program
  is a relaxation, whose bound holds, and whose leader's decision the followers then answer. Where that leaves a gap the
  tree search of `branching` goes on over these pairs, with such a program at each node.
"""

from __future__ import annotations

import dataclasses
import functools
import time
from typing import Any

import pyomo.environ as pyo
from pyomo.common.collections import ComponentMap

from batteryopt.bilevel.kkt import single_level as kkt
from batteryopt.bilevel.kkt.identities import QuadraticForm, duality_gap, without_products
from batteryopt.bilevel.kkt.single_level import KktSystem, Pair
from batteryopt.bilevel.methods.base import Method, MethodOutcome, MethodSettings, Reformulation, complete
from batteryopt.bilevel.methods.envelopes import Envelopes
from batteryopt.bilevel.methods.opposed import opposed_value
from batteryopt.bilevel.methods.program_search import ProgramSearch, Written
from batteryopt.bilevel.problem.normal_form import BilevelProblem, FollowerRow
from batteryopt.bilevel.proof import bounds
from batteryopt.ground.errors import UnsupportedModel
from batteryopt.solvers.compile.arrays import QuadraticProgram, compile_model

LIMIT_SHARE = 0.2
"""Of the time, what linear programs for limits of multipliers may take."""
LIMIT_SECONDS = 10.0
"""The same where no time limit was given."""
LEAST_M = 1e-3
"""A smaller limit is loosened to this: rows with numbers near a solver's tolerance have cut off what is there."""
LOOSER = 1e-6
"""By so much of itself every limit is loosened: where a multiplier must be as large as its limit, a program without
slack has no interior, and HiGHS at tolerances of 1e-9 cut such a point off."""
LARGEST_M = 1e6
"""A larger limit is none to a solver: its integrality tolerance times the limit is no small number."""


@functools.lru_cache(maxsize=1)
def _linear_system(
    problem: BilevelProblem,
    equal: tuple[tuple[FollowerRow, FollowerRow], ...],
    limits_given: tuple[tuple[Any, float], ...],
) -> tuple[KktSystem, ComponentMap, QuadraticForm | None]:
    """Return the KKT system, limits that cost little, and the objective; kept from a refusal to what follows it."""
    system = kkt.build(problem, equal=equal, limits=limits_given)
    limits = bounds.derive_cheaply(system)
    return system, limits, without_products(system, Envelopes(system.model, limits).takes)


class MixedInteger(Method):
    """One program for HiGHS, exact where limits are proven and a relaxation where they are not."""

    name = "milp"
    only_solver = "highs"
    is_global = True

    def refusal(self, problem: BilevelProblem, settings: MethodSettings) -> str | None:
        """Accept linear conditions and objectives that become linear, but for products with binaries."""
        if settings.fritz_john:
            return "a follower has no proven constraint qualification"
        system, _, form = _linear_system(problem, settings.equal, settings.limits)
        if form is None:
            return "the leader's objective has products that the followers' conditions do not replace"
        system.model.objective.deactivate()
        try:
            compile_model(system.model)
        except UnsupportedModel as reason:
            return f"without complementarity the model is not linear: {reason}"
        finally:
            system.model.objective.activate()
        return None

    def apply(self, problem: BilevelProblem, settings: MethodSettings) -> Reformulation:
        """Write the program; `Written` is in ``extra``."""
        written = self.written(problem, settings)
        return Reformulation(system=written.system, assumptions=written.assumptions, extra={"written": written})

    def written(self, problem: BilevelProblem, settings: MethodSettings) -> Written:
        """Write the program."""
        system, limits, form = _linear_system(problem, settings.equal, settings.limits)
        _linear_system.cache_clear()  # the system is changed from here on
        if form is None:
            raise UnsupportedModel("the leader's objective has products that nothing replaces")
        kkt.connect_duals(problem, system.model)
        envelopes = Envelopes(system.model, limits)
        if (opposed := opposed_value(system, envelopes)) is not None:
            return self._opposed(system, envelopes, opposed)
        settled = [i for i in range(len(problem.followers)) if _settle(system, i, envelopes)]
        pairs = [pair for i, own in enumerate(system.pairs) if i not in settled for pair in own]
        _ask_for_limits(pairs, system, limits, settings)
        open_pairs = tuple(p for p in pairs if not (_is_limited(p.multiplier, limits) and _is_limited(p.slack, limits)))
        closed = [p for p in pairs if p not in open_pairs]
        _close(system, closed, limits)
        return Written(
            system=system,
            program=_limited(_compiled(system, form, envelopes), closed, limits),
            open_pairs=open_pairs,
            closed_pairs=tuple(closed),
            envelopes=envelopes,
            assumptions=_assumptions(system, settled, closed, limits),
        )

    @staticmethod
    def _opposed(system: KktSystem, envelopes: Envelopes, value: QuadraticForm) -> Written:
        """Leave the follower's dual alone: what it minimises, the leader's own optimum pushes to its limit."""
        block = system.model.kkt[0]
        for rows in (block.slack_is, block.equality):
            rows.deactivate()
        program = _compiled(system, value, envelopes)
        for rows in (block.slack_is, block.equality):
            rows.activate()
        words = f"the leader and {system.problem.followers[0].name} want opposite things: its dual stands for it"
        return Written(system=system, program=program, envelopes=envelopes, is_dual=True, assumptions=(words,))

    def solve(self, problem: BilevelProblem, settings: MethodSettings) -> MethodOutcome:
        """Solve the program, let the followers answer, and branch on what is open while a gap is left."""
        began = time.perf_counter()
        reformulation = self.apply(problem, settings)
        written: Written = reformulation.extra["written"]
        complete(problem)
        report = ProgramSearch(written, settings, began).run()
        return self.invert(reformulation, report)


def _compiled(system: KktSystem, form: QuadraticForm, envelopes: Envelopes) -> QuadraticProgram:
    """Return the program's arrays; the model keeps an objective for whoever polishes a point, with binaries fixed."""
    system.model.objective.set_value(envelopes.linear(form))
    program = compile_model(system.model)
    system.model.objective.set_value(form.expression())
    return program


def _limited(program: QuadraticProgram, pairs: list[Pair], limits: ComponentMap) -> QuadraticProgram:
    """Return the program with the limits as bounds of columns too: a solver finds out more with them."""
    position = {id(v): k for k, v in enumerate(program.variables)}
    upper = program.upper.copy()
    for pair in pairs:
        for variable in (pair.multiplier, pair.slack):
            column = position[id(variable)]
            upper[column] = min(upper[column], _m(limits, variable))
    return dataclasses.replace(program, upper=upper)


def _settle(system: KktSystem, i: int, envelopes: Envelopes) -> bool:
    """Add a follower's strong duality where it can be written exactly; returns whether it was."""
    form = QuadraticForm.of(duality_gap(system.model.kkt[i], system.problem.followers[i]))
    if form is None or not all(envelopes.takes(form.variables[a], form.variables[b]) for a, b in form.products):
        return False
    if not hasattr(system.model, "no_duality_gap"):
        system.model.no_duality_gap = pyo.ConstraintList()
    system.model.no_duality_gap.add(envelopes.linear(form) <= 0)
    return True


def _ask_for_limits(pairs: list[Pair], system: KktSystem, limits: ComponentMap, settings: MethodSettings) -> None:
    """Ask linear programs for limits that are missing or large, within a share of the time."""
    wanted = [
        variable
        for pair in pairs
        for variable in (pair.slack, pair.multiplier)
        if variable not in limits or limits[variable].value > bounds.INTERVAL_GOOD_ENOUGH
    ]
    seconds = LIMIT_SECONDS if settings.time_limit is None else LIMIT_SHARE * settings.time_limit
    bounds.bound_by_linear_programs(system, wanted, limits, seconds=seconds)


def _is_limited(variable: Any, limits: ComponentMap) -> bool:
    return variable in limits and limits[variable].value <= LARGEST_M


def _m(limits: ComponentMap, variable: Any) -> float:
    return max(LEAST_M, (1.0 + LOOSER) * float(limits[variable].value))


def _close(system: KktSystem, pairs: list[Pair], limits: ComponentMap) -> None:
    """Give pairs a binary each: 1 where the row may bind."""
    single = system.model
    single.CLOSED = pyo.RangeSet(0, len(pairs) - 1)
    single.is_binding = pyo.Var(single.CLOSED, domain=pyo.Binary, initialize=0)
    single.multiplier_bound = pyo.Constraint(
        single.CLOSED, rule=lambda s, k: pairs[k].multiplier <= _m(limits, pairs[k].multiplier) * s.is_binding[k]
    )
    single.slack_bound = pyo.Constraint(
        single.CLOSED, rule=lambda s, k: pairs[k].slack <= _m(limits, pairs[k].slack) * (1 - s.is_binding[k])
    )


def _assumptions(system: KktSystem, settled: list[int], closed: list[Pair], limits: ComponentMap) -> tuple[str, ...]:
    words = []
    if settled:
        names = ", ".join(system.problem.followers[i].name for i in settled[:3])
        more = f" and {len(settled) - 3} more" if len(settled) > 3 else ""
        words.append(f"strong duality of {names}{more}, its products with binaries written exactly")
    if closed:
        reasons = sorted({limits[v].by for pair in closed for v in (pair.multiplier, pair.slack)})
        words.append(f"multipliers and slacks within proven bounds, derived from {', '.join(reasons)}")
    return tuple(words)
