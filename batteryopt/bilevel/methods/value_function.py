"""Followers who decide on integers: cuts from their best answers, added until leader and followers agree.

No KKT conditions express an integer optimum. What does is the follower's value: at a decision x of the leader with an
answer y of the follower, ``f(x, y) <= f(x, z)`` for every z that is feasible at x. So for an answer z, found once,
every bilevel feasible point satisfies

    f(x, y) <= f(x, z) + sum over the rows k that x enters of M_k v_k,      v_k = 1 only where row k excludes z at x,

one binary a row. The program with finitely many of these is a relaxation, and its optimum a bound. Where its point is
one at which every follower is at its best, it is the optimum; else their best answers there are the next cuts.
(Mitsos 2010 for the idea; Fischetti, Ljubic, Monaci and Sinnl 2019 for the small M of packing followers.)

Without the followers' integrality the program is a relaxation too, and much smaller: it begins so, and where leader and
followers want opposite things it ends so. Integrality comes back once no new cut does.

Where the leader moves in whole numbers a row that excludes z does so by a whole number at least. Where it does not, z
is excluded only beyond a limit, and there may be no best decision: one may come as near as one likes. Then point and
bound stay apart, and the answer says so.
"""

from __future__ import annotations

import dataclasses
import math
import time
from typing import Any

import numpy as np
import pyomo.environ as pyo

from batteryopt.bilevel.judge.responses import fixed, response_model, restored
from batteryopt.bilevel.methods.answer_cuts import AnswerCuts, High
from batteryopt.bilevel.methods.base import (
    Method,
    MethodOutcome,
    MethodSettings,
    Reformulation,
    complete,
    report_of_highs,
)
from batteryopt.bilevel.methods.fractional_cuts import FractionalCuts
from batteryopt.bilevel.problem.forms import variables_in
from batteryopt.bilevel.problem.normal_form import BilevelProblem, FollowerProblem
from batteryopt.ground.errors import UnsupportedModel
from batteryopt.ground.status import StopReason
from batteryopt.solvers import Options, Report, get
from batteryopt.solvers.compile.arrays import compile_model
from batteryopt.solvers.highs.highs_arrays import ArraySolution, solve_arrays

INTEGRAL = 1e-6
"""Distance from a whole number that is a solver's rounding."""
FRACTION_SECONDS = 20.0
FRACTION_SHARE = 0.3
"""How long cuts at fractional decisions are looked for: without a time limit, and of one."""
DIVES, LEAST_DIVE = 2.0, 0.1
"""Dives after each program take so many times as long as it has taken, and at least so many seconds."""
AT_ITS_BEST = 1e-7
"""What a follower may gain, relative to its own value or 1, where it counts as being at its best."""


class ValueFunction(Method):
    """Cuts over HiGHS."""

    name = "value-function"
    only_solver = "highs"
    is_global = True
    takes_integers = True
    has_conditions = False

    def refusal(self, problem: BilevelProblem, settings: MethodSettings) -> str | None:  # noqa: ARG002
        """Accept linear followers of which some decide on integers, all of them within bounds."""
        if problem.integer_decision is None:
            return "no follower decides on integers: the other methods know more of such a problem"
        if problem.duals:
            return "the leader uses multipliers, which an integer follower has none of"
        for follower in problem.followers:
            if not follower.objective.is_affine or not follower.has_affine_rows:
                return f"follower '{follower.name}' is not linear in its variables"
        try:
            high = High(problem)
            compile_model(high.model)
        except UnsupportedModel as reason:
            return f"the model is not linear, but for products with bounded variables of binaries: {reason}"
        for follower in problem.followers:
            functions = {"objective": follower.objective, **{r.name: r.form for r in follower.rows if _is_entered(r)}}
            for name, form in functions.items():
                if not all(math.isfinite(end) for end in high.interval(form.expression)):
                    return f"{name} of follower '{follower.name}' has no limits: bound its variables and the leader's"
        return None

    def apply(self, problem: BilevelProblem, settings: MethodSettings) -> Reformulation:  # noqa: ARG002
        """Write leader and followers as if they were of one mind: cuts come while it is solved."""
        high = High(problem)
        words = "followers' values bounded by those of answers found, each until the leader's decision excludes it"
        return Reformulation(system=high.system, assumptions=(words,), extra={"high": high})

    def solve(self, problem: BilevelProblem, settings: MethodSettings) -> MethodOutcome:
        """Add cuts until nobody gains, or the time is over."""
        reformulation = self.apply(problem, settings)
        complete(problem)
        return self.invert(reformulation, _CutRounds(reformulation.extra["high"], settings).run())


class _CutRounds:
    """Solve, let the followers answer, cut."""

    def __init__(self, high: High, settings: MethodSettings) -> None:
        self.high, self.settings, self.problem = high, settings, high.problem
        self.cuts = AnswerCuts(high)
        self.fractions = FractionalCuts(high, self.cuts, self._options_at_start())
        self.began = time.perf_counter()
        self.variables = high.everyone
        self.value: float | None = None
        self.point: list[float] = []
        self.bound: float | None = None
        self.rounds = 0
        self.is_relaxed = True

    def run(self) -> Report:
        """Return what the rounds came to; the best point is in the variables."""
        left = self._left()
        self.fractions.cut(FRACTION_SECONDS if left is None else FRACTION_SHARE * left)
        while True:
            self.rounds += 1
            round_began = time.perf_counter()
            found = self._program()
            if found.bound is not None and not found.stop_reason.is_no_solution:
                self._tighten(found.bound)
            if found.stop_reason is StopReason.INFEASIBLE and self.value is not None:  # a point that the cuts deny
                self.bound = None
                return self._report(StopReason.NUMERICAL_TROUBLE)
            if found.stop_reason is not StopReason.CONVERGED or found.x is None:
                return self._report(found.stop_reason)
            if self._is_closed() or self._settles():
                return self._report(StopReason.CONVERGED if self._is_closed() else StopReason.NUMERICAL_TROUBLE)
            self.fractions.dive(max(LEAST_DIVE, DIVES * (time.perf_counter() - round_began)), self.value)
            if self._is_late():
                return self._report(StopReason.TIME_LIMIT)

    def _tighten(self, bound: float) -> None:
        """Keep the tightest bound: a program that is stopped knows less than the one before it proved."""
        sense = self.problem.sense
        self.bound = bound if self.bound is None else sense * max(sense * bound, sense * self.bound)

    def _program(self) -> ArraySolution:
        """Solve the program, at first without the followers' integrality, and put its point into the variables."""
        program = compile_model(self.high.model)
        if self.is_relaxed:
            theirs = {id(v) for follower in self.problem.followers for v in follower.variables}
            kept = [w and id(v) not in theirs for v, w in zip(program.variables, program.is_integer, strict=True)]
            program = dataclasses.replace(program, is_integer=np.array(kept, dtype=bool))
        found = solve_arrays(program, self._options())
        if found.x is not None:
            for variable, value in zip(program.variables, found.x, strict=True):
                is_whole = not variable.is_continuous() and abs(value - round(value)) <= INTEGRAL
                variable.set_value(float(round(value) if is_whole else value), skip_validation=True)
        return found

    def _settles(self) -> bool:
        """Cut the point off if a follower is not at its best there; returns whether nothing was to be done."""
        here = [v.value for v in self.variables]
        answers: list[tuple[FollowerProblem, list[float], float]] = []
        gains = False
        for follower in self.problem.followers:
            now = float(pyo.value(follower.objective.expression))
            best = self._answer(follower)
            if best is None and self.is_relaxed:  # none in whole numbers, which the program did not ask for
                self._put(here)
                self.is_relaxed = False
                return False
            if best is None:
                return True  # no answer though the program has one: rounding decides, and nothing more is claimed
            values, value = best
            self._put(here)
            answers.append((follower, values, value))
            gains = gains or now - value > AT_ITS_BEST * max(1.0, abs(value))
        is_whole = all(v.is_continuous() or v.value == round(v.value) for v in self.variables)
        if not gains and is_whole:
            self._keep()
            return True
        if not self.problem.followers_depend_on_each_other:
            self._like_best([value for _, _, value in answers])
            self._put(here)
        added = [self.cuts.add(follower, values) for follower, values, _ in answers]
        if not any(added) and self.is_relaxed:
            self.is_relaxed = False
            return False
        return not any(added)

    def _answer(self, follower: FollowerProblem) -> tuple[list[float], float] | None:
        """Return a best answer where the data stand, the one that fewest decisions of the leader exclude; its value."""
        with restored(follower.variables), fixed(follower.data_variables):
            model = response_model(follower)
            if not get("highs").solve(model, self._options(gap=0.0)).is_optimal:
                return None
            value = float(pyo.value(follower.objective.expression))
            found = _rounded(follower.variables)
            entered = [row for row in follower.inequalities if _is_entered(row)]
            if entered and follower.objective.variables:
                slack = AT_ITS_BEST * max(1.0, abs(value))
                model.is_best = pyo.Constraint(expr=follower.objective.expression <= value + 0.1 * slack)
                model.objective.deactivate()
                model.room = pyo.Objective(expr=sum(row.form.expression for row in entered))
                if get("highs").solve(model, self._options(gap=0.0)).has_point:
                    value = min(value, float(pyo.value(follower.objective.expression)))
                    found = _rounded(follower.variables)
            return found, value

    def _like_best(self, values: list[float]) -> None:
        """Let the followers give the best answers that the leader likes best at its decision, and keep the point."""
        model = pyo.ConcreteModel()
        model.is_best = pyo.ConstraintList()
        for follower, value in zip(self.problem.followers, values, strict=True):
            if follower.objective.variables:
                model.is_best.add(follower.objective.expression <= value + 0.1 * AT_ITS_BEST * max(1.0, abs(value)))
            rows = [r for r in follower.rows if r.origin.ctype is not pyo.Var and not r.is_data]
            for row in rows:
                model.is_best.add((0.0 if row.is_equality else None, row.form.expression, 0.0))
        own = {id(v) for f in self.problem.followers for v in f.variables}
        for constraint in self.problem.constraints:
            lower, body, upper = constraint.to_bounded_expression(evaluate_bounds=True)
            if any(id(v) in own for v in self.high.variables_of(body)):
                model.is_best.add((lower, body, upper))
        model.objective = pyo.Objective(expr=self.problem.objective.expr, sense=self.problem.objective.sense)
        with fixed(self.problem.leader_variables):
            if get("highs").solve(model, self._options(gap=0.0)).has_point:
                self._whole()
                self._keep()

    def _keep(self) -> None:
        value = float(pyo.value(self.problem.objective.expr))
        if self.value is None or self.problem.sense * (self.value - value) > 0:
            self.value, self.point = value, [v.value for v in self.variables]

    def _whole(self) -> None:
        for variable in self.variables:
            if not variable.is_continuous():
                variable.set_value(round(variable.value), skip_validation=True)

    def _put(self, values: list[float]) -> None:
        for variable, value in zip(self.variables, values, strict=True):
            variable.set_value(value, skip_validation=True)

    def _is_closed(self) -> bool:
        if self.value is None or self.bound is None:
            return False
        return self.problem.sense * (self.value - self.bound) <= self.settings.gap * max(1.0, abs(self.value))

    def _options(self, gap: float | None = None) -> Options:
        changes: dict[str, Any] = {
            "time_limit": self._left(),
            "feasibility_tolerance": self.settings.tolerance,
            "threads": self.settings.threads or 1,  # many small programs: threads would wait for each other
        }
        return self.settings.options(**changes, **({} if gap is None else {"relative_gap": gap}))

    def _options_at_start(self) -> Options:
        """Return options for small programs of which there are many: exact, and on one thread."""
        tolerance = self.settings.tolerance
        return self.settings.options(relative_gap=0.0, feasibility_tolerance=tolerance, threads=1)

    def _left(self) -> float | None:
        limit = self.settings.time_limit
        return None if limit is None else max(0.1, limit - (time.perf_counter() - self.began))

    def _is_late(self) -> bool:
        limit = self.settings.time_limit
        return limit is not None and time.perf_counter() - self.began > limit

    def _report(self, reason: StopReason) -> Report:
        report = report_of_highs(reason, self.value, self.bound, self.began, iterations=self.rounds)
        if report.has_point:
            self._put(self.point)
        return report


def _rounded(variables: tuple[Any, ...]) -> list[float]:
    return [v.value if v.is_continuous() else float(round(v.value)) for v in variables]


def _is_entered(row: Any) -> bool:
    """Whether data are in a row, so that the leader may exclude an answer by it."""
    return len(variables_in([row.form.constant, *row.form.linear.values()])) > 0
