"""Cuts of `value_function` at fractional decisions, before the first program in whole numbers is solved.

Where a leader's binaries forbid items to a packing follower, the cut of an answer z is linear in the leader's decision,

    f(x, y) <= sum_j d_j z_j (1 - x_j)        (d_j <= 0: the follower minimises),

valid for every z that the follower's own rows allow, and the z that cuts most at a fractional x is the best packing
with costs ``d_j (1 - x_j)``: a small program. Linear programs with such cuts are quick and bring most of the bound
(Fischetti, Ljubic, Monaci and Sinnl 2019, on interdiction of monotone followers).
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.environ as pyo

from batteryopt.bilevel.judge.responses import restored
from batteryopt.bilevel.kkt.identities import QuadraticForm
from batteryopt.bilevel.methods.answer_cuts import AnswerCuts, High, is_packing
from batteryopt.bilevel.problem.forms import variables_in
from batteryopt.bilevel.problem.normal_form import FollowerProblem, FollowerRow
from batteryopt.ground.status import StopReason
from batteryopt.solvers import Options, get
from batteryopt.solvers.compile.arrays import compile_model
from batteryopt.solvers.highs.highs_arrays import solve_arrays

VIOLATED = 1e-6
"""By so much, relative to the follower's value or 1, a cut is missed that is worth adding."""
MOST_ROUNDS = 400


@dataclass(frozen=True, eq=False)
class Forbidden:
    """An own variable, and the expression that is 1 where the leader forbids it; else it is at most ``most``."""

    variable: Any
    by: Any
    most: float


def forbidden_items(follower: FollowerProblem) -> list[Forbidden] | None:
    """Return what a leader's binaries forbid to a packing follower; None where data do anything else to it."""
    if not is_packing(follower) or any(v.lb != 0 for v in follower.variables):
        return None
    if any(not isinstance(c, (int, float)) or c > 0 for c in follower.objective.linear.values()):
        return None
    found = []
    for row in follower.inequalities:
        if len(variables_in([row.form.constant])) == 0:
            continue
        item = _forbidden(row)
        if item is None:
            return None
        found.append(item)
    return found if found and not follower.data_rows else None


def _forbidden(row: FollowerRow) -> Forbidden | None:
    """Read ``c y_j <= b (1 - x)`` or ``c y_j <= b x``."""
    form = QuadraticForm.of(row.form.constant)
    if len(row.form.variables) != 1 or form is None or form.products or len(form.linear) != 1:
        return None
    (variable,) = row.form.variables
    ((key, slope),) = form.linear.items()
    binary = form.variables[key]
    if not binary.is_binary():
        return None
    at_zero, at_one = (-end / row.form.linear[variable] for end in (form.constant, form.constant + slope))
    if abs(at_one) <= VIOLATED < at_zero:
        return Forbidden(variable, binary, at_zero)
    return Forbidden(variable, 1 - binary, at_one) if abs(at_zero) <= VIOLATED < at_one else None


class FractionalCuts:
    """The cuts of one problem: at its linear relaxation, and along dives from there to whole decisions."""

    def __init__(self, high: High, cuts: AnswerCuts, options: Options) -> None:
        self.high, self.cuts, self.options = high, cuts, options
        self.followers = [(f, items) for f in high.problem.followers if (items := forbidden_items(f)) is not None]
        depends = high.problem.followers_depend_on_each_other
        self.is_useful = len(self.followers) == len(high.problem.followers) and not depends
        self.binaries = [v for v in high.problem.leader_variables if v.is_binary()]
        self.generator = np.random.default_rng(0)

    def cut(self, seconds: float) -> None:
        """Add cuts while the linear relaxation misses them, for so many seconds at most."""
        if self.is_useful:
            self._cut_at({}, time.perf_counter() + seconds)

    def dive(self, seconds: float, cutoff: float | None) -> None:
        """Fix fractional decisions one after the other, at random in proportion to their values, and cut at each step.

        A program in whole numbers finds the same cuts, one for each of its solves.
        """
        end = time.perf_counter() + seconds
        while self.is_useful and time.perf_counter() < end:
            pinned: dict[int, float] = {}
            while (value := self._cut_at(pinned, end)) is not None:
                if cutoff is not None and self.high.problem.sense * (value - cutoff) >= 0:
                    break  # no better decision here than one that is known
                split = [v for v in self.binaries if VIOLATED < v.value < 1 - VIOLATED]
                if not split or time.perf_counter() > end:
                    break
                chosen = split[int(self.generator.integers(len(split)))]
                pinned[id(chosen)] = float(self.generator.random() < chosen.value)

    def _cut_at(self, pinned: dict[int, float], end: float) -> float | None:
        """Solve the linear relaxation with decisions pinned until no cut is missed; returns its value."""
        for _ in range(MOST_ROUNDS):
            program = compile_model(self.high.model)
            lower, upper = program.lower.copy(), program.upper.copy()
            for column, variable in enumerate(program.variables):
                if id(variable) in pinned:
                    lower[column] = upper[column] = pinned[id(variable)]
            whole = np.zeros(len(program.variables), dtype=bool)
            relaxed = dataclasses.replace(program, is_integer=whole, lower=lower, upper=upper)
            found = solve_arrays(relaxed, self.options)
            if found.stop_reason is not StopReason.CONVERGED or found.x is None:
                return None
            for variable, value in zip(program.variables, found.x, strict=True):
                variable.set_value(float(value), skip_validation=True)
            added = [_add_one(self.cuts, follower, items, self.options) for follower, items in self.followers]
            if not any(added) or time.perf_counter() > end:
                return float(pyo.value(self.high.model.objective))
        return None


def _add_one(cuts: AnswerCuts, follower: FollowerProblem, items: list[Forbidden], options: Options) -> bool:
    """Add the cut that is missed most at the point; returns whether there is one."""
    now = float(pyo.value(follower.objective.expression))
    share = {id(item.variable): 1.0 - min(1.0, max(0.0, float(pyo.value(item.by)))) for item in items}
    costs = follower.objective.linear
    with restored(follower.variables):
        model = pyo.ConcreteModel()
        weighted = sum(c * share.get(id(v), 1.0) * v for v, c in costs.items())
        model.objective = pyo.Objective(expr=weighted + 0.0 * follower.variables[0])
        model.row = pyo.ConstraintList()
        for row in follower.inequalities:
            if row.origin.ctype is not pyo.Var and len(variables_in([row.form.constant])) == 0:
                model.row.add(row.form.expression <= 0)
        for item in items:
            model.row.add(item.variable <= item.most)
        if not get("highs").solve(model, options).is_optimal:
            return False
        best = float(pyo.value(model.objective)) + float(pyo.value(follower.objective.constant))
        answer = [v.value if v.is_continuous() else float(round(v.value)) for v in follower.variables]
    return now - best > VIOLATED * max(1.0, abs(best)) and cuts.add(follower, answer)
