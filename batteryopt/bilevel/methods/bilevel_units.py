"""A bilevel problem restated in its own natural units, for a search and for checks with absolute tolerances.

With decisions of 1e-6 an objective of 4e-12 is zero to every solver, and to a check that allows 1e-6 of violation or
of a follower's gain; with decisions of 1e6 a tolerance of 1e-6 is beyond what solvers reach. There `solve` works on a
restatement: every variable over its unit, every objective and row over the size of its terms. Powers of two, so that
nothing is rounded. See `batteryopt.solvers.scaling.units`.

Where units are small, what a certificate then says is relative to the problem's own numbers, and so is the gap. Where
they are large the restatement serves the search only: the answer is certified as the problem stands, and counts only
where its numbers are about as large as the units say (`Restatement.is_to_scale`).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo
from pyomo.common.collections import ComponentMap, ComponentSet
from pyomo.core.expr.visitor import ExpressionReplacementVisitor

from batteryopt.bilevel.answer import BilevelAnswer
from batteryopt.bilevel.problem.forms import OwnForm, own_form
from batteryopt.bilevel.problem.normal_form import BilevelProblem, FollowerProblem, FollowerRow
from batteryopt.solvers.scaling.natural_units import restated, rewriter
from batteryopt.solvers.scaling.units import SMALL, Units, fitting, natural_units

RUNAWAY = 1e6
"""A multiplier of this size says that the follower's constraint qualification fails at or near the point; with a
decision of this size a solver's tolerances decide what the followers seem to prefer."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Restatement:
    """A problem in natural units, and the way back.

    Attributes
    ----------
    original, problem
        The user's problem, and the one to solve.
    height
        Unit of the leader's objective.
    multiplier_units
        By the user's constraint or variable.
    """

    original: BilevelProblem
    problem: BilevelProblem
    units: Units
    variables: ComponentMap
    height: float
    multiplier_units: ComponentMap

    def bring_back(self, answer: BilevelAnswer) -> BilevelAnswer:
        """Put the point into the user's variables, and return the answer in the user's units."""
        note = f"solved in natural units: the leader's objective in units of {self.height:.3g}"
        note += ", checked as it stands" if self.units.loosen else ", and so are tolerances"
        changes: dict[str, Any] = {
            "notes": (*answer.notes, note),
            "bound": None if answer.bound is None else answer.bound * self.height,
            "objective_unit": min(1.0, self.height),
        }
        if answer.has_point:
            self._bring_back_duals()
            for old, new in self.variables.items():
                old.set_value(None if new.value is None else self.units[old] * new.value, skip_validation=True)
            changes |= {
                "objective": float(pyo.value(self.original.objective)),
                "values": {old.name: float(old.value) for old in self.variables if old.value is not None},
                "multipliers": self._multipliers(answer),
                "pessimistic_objective": _times(answer.pessimistic_objective, self.height),
            }
        return dataclasses.replace(answer, **changes)

    def is_to_scale(self, answer: BilevelAnswer) -> bool:
        """Whether an answer, brought back, is about as large as the units say, so that tolerances were small to it.

        They are not where a loose bound alone has made the units large. A decision may be small in its unit, but not if
        it is so large that rounding decides what the followers seem to prefer.
        """
        if answer.objective is None or abs(answer.objective) < SMALL * self.height:
            return False
        sizes = ((abs(old.value or 0.0), self.units[old]) for old in self.variables)
        return all(size <= RUNAWAY or size >= SMALL * unit for size, unit in sizes)

    def _bring_back_duals(self) -> None:
        """Give every `dual_of` expression, which holds a number by now, that number in the user's units."""
        for dual, constraint in self.original.all_duals.items():
            value = pyo.value(dual, exception=False)
            if value is not None and constraint in self.multiplier_units:
                dual.set_value(value * self.multiplier_units[constraint])

    def _multipliers(self, answer: BilevelAnswer) -> dict[str, float]:
        units = {row.name: self.multiplier_units[row.origin] for f in self.original.followers for row in f.rows}
        return {name: value * units[name] for name, value in answer.multipliers.items()}


def restatement(problem: BilevelProblem, *, alike: bool = False) -> Restatement | None:
    """Return a problem in its natural units; None where those of its author will do.

    Parameters
    ----------
    alike
        Whether all followers' objectives get the same unit, so that multipliers of several may be equated.
    """
    leader = _Leader.of(problem)
    units = fitting(_units_of(problem, leader), lambda units: _heights(problem, leader, units))
    if units is None:
        return None
    _, *heights = _heights(problem, leader, units)
    if alike:
        heights = [max(heights)] * len(heights)
    sizes = [_sizes(follower, units) for follower in problem.followers]
    multiplier_units = ComponentMap(
        (origin, tall / size) for own, tall in zip(sizes, heights, strict=True) for origin, size in own.items()
    )
    for dual, constraint in problem.duals.items():
        units.of[leader.prices[dual]] = multiplier_units[constraint]
    height = units.size(leader.objective, has_level=False)
    everyone = [*problem.leader_variables, *(v for follower in problem.followers for v in follower.variables)]
    model, new = restated(everyone, units)
    write = rewriter(new, units, {id(d): multiplier_units[constraint] * d for d, constraint in problem.duals.items()})
    model.objective = pyo.Objective(
        expr=write.walk_expression(problem.objective.expr) / height, sense=problem.objective.sense
    )
    model.row = pyo.ConstraintList()
    for constraint, row in zip(problem.constraints, leader.rows, strict=True):
        lower, body, upper = constraint.to_bounded_expression(evaluate_bounds=True)
        size = units.size(*row)
        model.row.add((_over(lower, size), write.walk_expression(body) / size, _over(upper, size)))
    followers = tuple(
        _restated(follower, new, write, own, tall)
        for follower, own, tall in zip(problem.followers, sizes, heights, strict=True)
    )
    other = BilevelProblem(
        model, model.objective, tuple(model.row.values()), followers, problem.duals, problem.idle_duals
    )
    other.leader_variables  # noqa: B018 (read now, as in `extract`)
    return Restatement(
        original=problem,
        problem=other,
        units=units,
        variables=new,
        height=height,
        multiplier_units=multiplier_units,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Leader:
    """The leader's objective and rows (body, lower, upper), with a variable in the place of each multiplier in them."""

    objective: Any
    rows: tuple[tuple[Any, float | None, float | None], ...]
    prices: ComponentMap

    @classmethod
    def of(cls, problem: BilevelProblem) -> _Leader:
        prices = ComponentMap((dual, _named_variable(dual)) for dual in problem.duals)
        write = ExpressionReplacementVisitor(substitute={id(dual): price for dual, price in prices.items()})
        rows = []
        for constraint in problem.constraints:
            lower, body, upper = constraint.to_bounded_expression(evaluate_bounds=True)
            rows.append((write.walk_expression(body), lower, upper))
        return cls(objective=write.walk_expression(problem.objective.expr), rows=tuple(rows), prices=prices)


def _named_variable(dual: Any) -> Any:
    variable = pyo.Var(name=str(dual.name))
    variable.construct()
    return variable


def _units_of(problem: BilevelProblem, leader: _Leader) -> Units:
    """Return the units of all variables, from the objectives, constraints and bounds of leader and followers."""
    objectives = [leader.objective, *(follower.objective.expression for follower in problem.followers)]
    rows = [
        *leader.rows,
        *((r.form.expression, None, 0.0) for f in problem.followers for r in f.rows if r.origin.ctype is not pyo.Var),
    ]
    return natural_units(objectives, rows, problem.leader_variables)


def _heights(problem: BilevelProblem, leader: _Leader, units: Units) -> list[float]:
    """Return the sizes of the leader's objective and of the followers'."""
    objectives = [leader.objective, *(follower.objective.expression for follower in problem.followers)]
    return [units.size(objective, has_level=False) for objective in objectives]


def _sizes(follower: FollowerProblem, units: Units) -> ComponentMap:
    """Return the size of each constraint, and of each variable's bounds, by what the user wrote."""
    sizes: ComponentMap = ComponentMap()
    for row in follower.rows:
        is_bound = row.origin.ctype is pyo.Var
        size = units[row.origin] if is_bound else units.size(row.form.expression)
        sizes[row.origin] = max(size, sizes.get(row.origin, 0.0))
    return sizes


def _restated(
    follower: FollowerProblem, new: ComponentMap, write: Any, sizes: ComponentMap, height: float
) -> FollowerProblem:
    own = ComponentSet(new[v] for v in follower.variables)

    def form(expression: Any, size: float) -> OwnForm:
        return own_form(write.walk_expression(expression) / size, own)

    rows = tuple(
        FollowerRow(row.name, form(row.form.expression, sizes[row.origin]), row.side, row.origin)
        for row in follower.rows
    )
    objective = form(follower.objective.expression, height)
    return FollowerProblem(follower.block, tuple(own), objective, follower.sense, rows)


def _over(bound: float | None, size: float) -> float | None:
    return None if bound is None else bound / size


def _times(value: float | None, unit: float) -> float | None:
    return None if value is None else value * unit
