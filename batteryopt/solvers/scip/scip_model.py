"""One Pyomo model in SCIP: variables, constraints, sets, indicators, and the way back to values and bounds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyomo.environ as pyo
import pyscipopt
from pyomo.common.collections import ComponentMap
from pyscipopt.scip import CONST, ExprCons

from batteryopt.ground.errors import UnsupportedModel
from batteryopt.solvers.compile.components import Parts
from batteryopt.solvers.contract.adapter import Indicator
from batteryopt.solvers.scip.scip_expressions import Translator, degree

INFINITY = 1e20
"""What SCIP takes for infinite."""

CONSTANT_TOLERANCE = 1e-9
"""Relative violation up to which a constraint without free variables holds."""


class ScipModel:
    """A model translated for SCIP.

    Attributes
    ----------
    scip
        SCIP's model.
    fault
        What makes the model infeasible before it is solved; empty where nothing does.

    Rows are handed over times their `factors`, where they have one.
    """

    def __init__(self, parts: Parts, indicators: Sequence[Indicator], factors: ComponentMap | None = None) -> None:
        self.scip = pyscipopt.Model()
        self.fault = ""
        self._parts = parts
        self._indicators = tuple(indicators)
        self._factors = ComponentMap() if factors is None else factors
        self._auxiliaries: list[tuple[Any, Any]] = []
        self._translator = Translator(self._new_variable)
        for constraint in parts.constraints:
            self._add_constraint(constraint)
        for special_set in parts.sos:
            self._add_sos1(special_set)
        for indicator in indicators:
            self._add_indicator(indicator)
        self._set_objective()

    @property
    def variables(self) -> tuple[Any, ...]:
        """The Pyomo variables that SCIP decides, in order."""
        return self._translator.decided

    def _new_variable(self, variable: Any) -> Any:
        lower, upper = variable.bounds
        kind = "C" if variable.is_continuous() else "I"
        if kind == "I" and lower is not None and lower >= 0 and upper is not None and upper <= 1:
            kind = "B"
        return self.scip.addVar(vtype=kind, lb=_finite_or_none(lower), ub=_finite_or_none(upper))

    def _add_constraint(self, constraint: Any) -> None:
        lower, body, upper = constraint.to_bounded_expression(evaluate_bounds=True)
        if constraint in self._factors:
            factor = self._factors[constraint]
            body = factor * body
            lower, upper = (None if side is None else factor * side for side in (lower, upper))
        expression = self._translator.expression(body, constraint)
        if degree(expression) == 0:
            self._check_constant(float(expression[CONST]), lower, upper, constraint.name)
        else:
            self.scip.addCons(ExprCons(expression, lhs=_finite_or_none(lower), rhs=_finite_or_none(upper)))

    def _check_constant(self, value: float, lower: float | None, upper: float | None, name: str) -> None:
        slack = CONSTANT_TOLERANCE * max(1.0, abs(value))
        below = lower is not None and value < lower - slack
        above = upper is not None and value > upper + slack
        if below or above:
            self.fault = f"constraint '{name}' has no free variable and does not hold: {lower} <= {value} <= {upper}"

    def _add_sos1(self, special_set: Any) -> None:
        members = list(special_set.get_items())
        free = [(self._translator.variable(v), weight) for v, weight in members if not v.fixed]
        nonzero = [v.name for v, _ in members if v.fixed and v.value != 0]
        if len(nonzero) > 1:
            self.fault = f"special ordered set '{special_set.name}' has several members fixed to other than 0"
        elif nonzero:
            for variable, _ in free:
                self.scip.addCons(variable == 0)
        elif len(free) > 1:
            self.scip.addConsSOS1([v for v, _ in free], [weight for _, weight in free])

    def _add_indicator(self, indicator: Indicator) -> None:
        binary = indicator.binary
        body = self._translator.expression(indicator.body, binary)
        if binary.fixed:
            if round(binary.value) == indicator.active_value:
                self._add_below_zero(body, binary.name)
            return
        switch = self._translator.variable(binary)
        if switch.vtype() != "BINARY":
            raise UnsupportedModel(f"the indicator's variable '{binary.name}' is not binary")
        if degree(body) > 1:
            body = self._stand_in(body, indicator.body) + 0.0
        if degree(body) == 0:
            if float(body[CONST]) > CONSTANT_TOLERANCE:
                self.scip.addCons(switch == 1 - indicator.active_value)
            return
        self.scip.addConsIndicator(ExprCons(body, rhs=0.0), binvar=switch, activeone=bool(indicator.active_value))

    def _add_below_zero(self, body: Any, name: str) -> None:
        if degree(body) == 0:
            self._check_constant(float(body[CONST]), None, 0.0, name)
        else:
            self.scip.addCons(ExprCons(body, rhs=0.0))

    def _stand_in(self, expression: Any, source: Any) -> Any:
        """Return a new free variable that equals an expression; `source` gives its value at a point."""
        auxiliary = self.scip.addVar(lb=None, ub=None)
        self._auxiliaries.append((auxiliary, source))
        self.scip.addCons(ExprCons(expression - auxiliary, lhs=0.0, rhs=0.0))
        return auxiliary

    def _set_objective(self) -> None:
        """Set a linear objective as it is; any other through a variable that limits it on the side that matters."""
        objective = self._parts.objective
        if objective is None:
            return
        expression = self._translator.expression(objective.expr, objective)
        sense = "maximize" if self._parts.is_maximisation else "minimize"
        if degree(expression) > 1:
            limit = self.scip.addVar(lb=None, ub=None)
            self._auxiliaries.append((limit, objective.expr))
            sides = {"lhs": 0.0} if self._parts.is_maximisation else {"rhs": 0.0}
            self.scip.addCons(ExprCons(expression - limit, **sides))
            expression = limit + 0.0
        self.scip.setObjective(expression, sense)

    def offer(self, point: npt.NDArray[np.float64]) -> None:
        """Give SCIP a point to start from; it takes it if it is feasible. Leaves the point in the model's variables."""
        solution = self.scip.createSol()
        for variable, value in zip(self.variables, point, strict=True):
            variable.set_value(float(value), skip_validation=True)
            self.scip.setSolVal(solution, self._translator.variable(variable), float(value))
        for auxiliary, source in self._auxiliaries:
            self.scip.setSolVal(solution, auxiliary, float(pyo.value(source)))
        self.scip.addSol(solution)

    def interrupt(self) -> None:
        """Ask SCIP to stop, from another thread; in a stage in which it does not listen, it is asked again later."""
        with contextlib.suppress(Exception):
            self.scip.interruptSolve()

    def best_point(self, *, is_rounded: bool = True) -> list[float] | None:
        """Return the values of `variables` at the best point, integers rounded or not; None where there is no point."""
        if self.scip.getNSols() == 0:
            return None
        solution = self.scip.getBestSol()
        values = [self.scip.getSolVal(solution, self._translator.variable(v)) for v in self.variables]
        if not is_rounded:
            return values
        return [x if v.is_continuous() else float(round(x)) for v, x in zip(self.variables, values, strict=True)]

    def ray(self) -> ComponentMap | None:
        """Return the direction, by variable, along which SCIP found no limit; None where it tells of none."""
        if not self.scip.hasPrimalRay():
            return None
        return ComponentMap((v, self.scip.getPrimalRayVal(self._translator.variable(v))) for v in self.variables)

    def bound(self) -> float | None:
        """Return the proven bound of the objective; None where there is none."""
        bound = float(self.scip.getDualbound())
        return bound if abs(bound) < INFINITY else None

    def logic_violation(self) -> float:
        """Return the largest violation of a set or an indicator where the model's variables stand."""
        sets = (_second_largest(v.value for v in s.variables) for s in self._parts.sos)
        switched = (float(pyo.value(i.body)) for i in self._indicators if round(i.binary.value) == i.active_value)
        return max((0.0, *sets, *switched))

    def infeasible_or_unbounded(self, time_limit: float | None) -> str:
        """Return which of the two it is, by asking for any feasible point; SCIP's own word where that fails."""
        self.scip.freeTransform()
        self.scip.setObjective(0.0)
        if time_limit is not None:
            self.scip.setParam("limits/time", max(0.0, time_limit))
        self.scip.optimize()
        found = str(self.scip.getStatus())
        return {"optimal": "unbounded", "infeasible": "infeasible"}.get(found, "inforunbd")


def _finite_or_none(bound: float | None) -> float | None:
    return None if bound is None or abs(bound) >= INFINITY else float(bound)


def _second_largest(values: Iterable[float]) -> float:
    ordered = sorted((abs(value) for value in values), reverse=True)
    return ordered[1] if len(ordered) > 1 else 0.0
