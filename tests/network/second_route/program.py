"""A mixed-integer program in plain words, and solvers that solve it: no part of batteryopt stands in between.

Every variable that is not a decision of the plan has a definition: what it is where the decisions are known. So a plan
that somebody else made can be put in, and every row and every sum of money be read off, without solving anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from pyscipopt import Model, quicksum
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from batteryopt.ground.status import StopReason

FEASIBILITY = 1e-9
"""Of SCIP's rows and whole numbers, so that what is left of it does not show in sums of money."""


@dataclass(frozen=True)
class Linear:
    """A number plus multiples of variables, by the variables' positions."""

    weights: Mapping[int, float] = field(default_factory=dict)
    constant: float = 0.0

    def __add__(self, other: Linear | float) -> Linear:
        return total([self, other])

    __radd__ = __add__

    def __neg__(self) -> Linear:
        return self * -1.0

    def __sub__(self, other: Linear | float) -> Linear:
        return total([self, other * -1.0])

    def __rsub__(self, other: float) -> Linear:
        return total([other, -self])

    def __mul__(self, factor: float) -> Linear:
        factor = float(factor)
        return Linear({i: weight * factor for i, weight in self.weights.items()}, self.constant * factor)

    __rmul__ = __mul__

    def at(self, values: Sequence[float]) -> float:
        """Return its value where the variables have these values."""
        return self.constant + math.fsum(weight * values[i] for i, weight in self.weights.items())

    def gross_at(self, values: Sequence[float]) -> float:
        """Return the sum of its terms' sizes."""
        return abs(self.constant) + math.fsum(abs(weight * values[i]) for i, weight in self.weights.items())


def total(terms: Iterable[Linear | float]) -> Linear:
    """Return a sum."""
    weights: dict[int, float] = {}
    constant = 0.0
    for term in terms:
        if isinstance(term, Linear):
            constant += term.constant
            for i, weight in term.weights.items():
                weights[i] = weights.get(i, 0.0) + weight
        else:
            constant += float(term)
    return Linear(weights, constant)


@dataclass(frozen=True)
class Row:
    """What must be at most zero, or exactly; where it has a gate, only while the gate is zero, else at most `most`."""

    name: str
    left: Linear
    is_equation: bool = False
    gate: Linear | None = None
    most: float = math.inf

    def as_inequality(self) -> tuple[dict[int, float], float]:
        """Return multiples of variables and what they add up to, at most or exactly."""
        left = self.left if self.gate is None else self.left - self.gate * self.most
        return {i: weight for i, weight in left.weights.items() if weight}, -left.constant

    def is_met_by(self, side: float, most: float) -> bool:
        """Return whether a left side is at most (or exactly) what it may be."""
        return abs(side - most) <= FEASIBILITY if self.is_equation else side <= most + FEASIBILITY


@dataclass(frozen=True)
class Outcome:
    """What a solver says: why it stopped, the least value, and the variables' values where there are any."""

    status: StopReason
    value: float = math.nan
    values: tuple[float, ...] = ()


class Program:
    """Variables, rows, and definitions of what is not decided."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.highs: list[float] = []
        self.lows: list[float] = []
        self.is_whole: list[bool] = []
        self.rows: list[Row] = []
        self.decisions: dict[Hashable, int] = {}
        self.definitions: dict[int, Callable[[Sequence[float]], float]] = {}

    # ---- variables

    def decide(self, *key: Hashable, most: float = math.inf, is_whole: bool = False) -> Linear:
        """Return a new decision of the plan, at least zero."""
        assert key not in self.decisions, f"{key} is decided twice"
        self.decisions[key] = len(self.names)
        return self._add(str(key), 0.0, most, is_whole)

    def decided(self, *key: Hashable) -> Linear:
        """Return a decision; nothing where there is none."""
        return Linear({self.decisions[key]: 1.0}) if key in self.decisions else Linear()

    def excess(self, name: str, over: Linear) -> Linear:
        """Return what an expression is above zero, where every unit of it costs: `v >= over`, `v >= 0`."""
        found = self._add(name, 0.0, math.inf, False)
        self.at_most_zero(name, over - found)
        return self._defined(found, lambda values: max(0.0, over.at(values)))

    def lesser(self, name: str, one: Linear, other: Linear) -> Linear:
        """Return the smaller of two expressions, where every unit of it pays: `v <= one`, `v <= other`, any sign."""
        found = self._add(name, -math.inf, math.inf, False)
        self.at_most_zero(f"{name} (due)", found - one)
        self.at_most_zero(f"{name} (pot)", found - other)
        return self._defined(found, lambda values: min(one.at(values), other.at(values)))

    def answer(self, name: str, definition: Callable[[Sequence[float]], bool]) -> Linear:
        """Return a yes (1) or no (0), whose rows the caller adds."""
        return self._defined(self._add(name, 0.0, 1.0, True), lambda values: float(definition(values)))

    def amount(self, name: str, definition: Callable[[Sequence[float]], float]) -> Linear:
        """Return a number of at least zero, whose rows the caller adds."""
        return self._defined(self._add(name, 0.0, math.inf, False), definition)

    def _add(self, name: str, low: float, high: float, is_whole: bool) -> Linear:
        self.names.append(name)
        self.lows.append(low)
        self.highs.append(high)
        self.is_whole.append(is_whole)
        return Linear({len(self.names) - 1: 1.0})

    def _defined(self, variable: Linear, definition: Callable[[Sequence[float]], float]) -> Linear:
        (position,) = variable.weights
        self.definitions[position] = definition
        return variable

    # ---- rows

    def at_most_zero(self, name: str, left: Linear) -> None:
        """Add a row: at most zero."""
        self.rows.append(Row(name, left))

    def zero(self, name: str, left: Linear) -> None:
        """Add a row: exactly zero."""
        self.rows.append(Row(name, left, is_equation=True))

    def only_if(self, name: str, left: Linear, gate: Linear, *, most: float) -> None:
        """Add a row: at most zero while the gate (a sum of yes-or-no variables) is zero.

        `most` is what the left side cannot exceed in any plan, or need not in a best one. (SCIP's own rows that are
        switched on and off need no such number, but with its strong dual reductions they have cut best plans off.)
        """
        self.rows.append(Row(name, left, gate=gate, most=most))

    # ---- values

    def completed(self, decided: Mapping[Hashable, float]) -> list[float]:
        """Return all variables' values at some decisions; those left out are zero."""
        values = [0.0] * len(self.names)
        for key, value in decided.items():
            values[self.decisions[key]] = value
        for position, definition in self.definitions.items():  # in the order made: later ones may use earlier ones
            values[position] = definition(values)
        return values

    def misses(self, values: Sequence[float], tolerance: float) -> list[str]:
        """Return the rows and bounds that values break, by how much relative to the size of what is compared."""
        found = []
        for row in self.rows:
            if row.gate is not None and row.gate.at(values) > 0.5:
                continue
            left = row.left.at(values)
            residual = (abs(left) if row.is_equation else left) / max(1.0, row.left.gross_at(values))
            if residual > tolerance:
                found.append(f"{row.name}: {residual:.3g}")
        for i, value in enumerate(values):
            if value < self.lows[i] - tolerance or value > self.highs[i] + tolerance * max(1.0, abs(value)):
                found.append(f"{self.names[i]}: {value:.9g} outside {self.lows[i]:g} .. {self.highs[i]:g}")
            if self.is_whole[i] and abs(value - round(value)) > tolerance:
                found.append(f"{self.names[i]}: {value:.9g} is not whole")
        return found

    # ---- solving

    def solve(self, cost: Linear, *, seconds: float = 3.0) -> Outcome:
        """Return the least of an expression at gap 0: by SCIP, and where that takes longer, by SciPy's solver."""
        outcome = self.by_scip(cost, seconds=seconds)
        return self.by_scipy(cost) if outcome.status is StopReason.TIME_LIMIT else outcome

    def by_scip(self, cost: Linear, *, seconds: float = math.inf) -> Outcome:
        """Return what SCIP says."""
        model = Model()
        model.hideOutput()
        for name, value in _PARAMETERS.items():
            model.setParam(name, value)
        if math.isfinite(seconds):
            model.setParam("timing/clocktype", 1)  # the processor's time: the same on a busy machine
            model.setParam("limits/time", seconds)
        columns = [self._column(model, i) for i in range(len(self.names))]
        for row in self.rows:
            weights, most = row.as_inequality()
            if not weights and not row.is_met_by(0.0, most):
                return Outcome(StopReason.INFEASIBLE)
            if weights:
                side = quicksum(weight * columns[i] for i, weight in weights.items())
                model.addCons(side == most if row.is_equation else side <= most)
        model.setObjective(quicksum(w * columns[i] for i, w in cost.weights.items()) + cost.constant)
        model.optimize()
        status = _SCIP_STATUSES.get(model.getStatus(), StopReason.NUMERICAL_TROUBLE)
        if status is not StopReason.CONVERGED:
            return Outcome(status)
        return Outcome(status, float(model.getObjVal()), tuple(float(model.getVal(column)) for column in columns))

    def _column(self, model: Model, i: int) -> object:
        low = None if math.isinf(self.lows[i]) else self.lows[i]
        high = None if math.isinf(self.highs[i]) else self.highs[i]
        kind = "B" if self.is_whole[i] and high == 1 else "I" if self.is_whole[i] else "C"
        return model.addVar(lb=low, ub=high, vtype=kind)

    def by_scipy(self, cost: Linear) -> Outcome:
        """Return what SciPy's solver says."""
        size = len(self.names)
        rows = [row.as_inequality() for row in self.rows]
        if not all(weights or row.is_met_by(0.0, most) for row, (weights, most) in zip(self.rows, rows, strict=True)):
            return Outcome(StopReason.INFEASIBLE)
        entries = [(r, i, weight) for r, (weights, _) in enumerate(rows) for i, weight in weights.items()]
        at_row, at_column, weight = np.array(entries, dtype=float).reshape(-1, 3).T
        matrix = csr_array((weight, (at_row.astype(int), at_column.astype(int))), shape=(len(rows), size))
        most = np.array([most for _, most in rows])
        least = np.where([row.is_equation for row in self.rows], most, -np.inf)
        prices = np.zeros(size)
        prices[list(cost.weights)] = list(cost.weights.values())
        answer = milp(
            prices,
            integrality=np.array(self.is_whole, dtype=int),
            bounds=Bounds(np.array(self.lows), np.array(self.highs)),
            constraints=LinearConstraint(matrix, least, most),
            options={"mip_rel_gap": 0.0},
        )
        status = _SCIPY_STATUSES.get(answer.status, StopReason.NUMERICAL_TROUBLE)
        if status is not StopReason.CONVERGED:
            return Outcome(status)
        return Outcome(status, float(answer.fun) + cost.constant, tuple(float(value) for value in answer.x))


_PARAMETERS = {
    "numerics/feastol": FEASIBILITY,
    "numerics/dualfeastol": FEASIBILITY,
    "limits/gap": 0.0,
    "limits/absgap": 0.0,
}
_SCIP_STATUSES = {
    "optimal": StopReason.CONVERGED,
    "infeasible": StopReason.INFEASIBLE,
    "unbounded": StopReason.UNBOUNDED,
    "inforunbd": StopReason.INFEASIBLE_OR_UNBOUNDED,
    "timelimit": StopReason.TIME_LIMIT,
}
_SCIPY_STATUSES = {0: StopReason.CONVERGED, 2: StopReason.INFEASIBLE, 3: StopReason.UNBOUNDED}
