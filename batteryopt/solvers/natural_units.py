"""Units in which a model's numbers are near 1, read off the model itself, and solving in them.

A solver's tolerances are absolute: to it an objective of 4e-12 is zero. Each term of a row ``sum_t c_t x_i x_j + b``
should have about the size of the row, so ``log|c_t| + log u_i + log u_j = log r`` and ``log|b| = log r`` for every
term, ``log|bound| = log u`` for every bound of a variable; the units u and sizes r solve all of these in the sense of
least squares (the scaling of Curtis and Reid, 1972, with right-hand sides, bounds and quadratic terms). All money of a
game times k gives all units times k.

Only what is small is scaled: where answers are large, absolute tolerances are stricter than they need be, and misled
nobody. Units are powers of two, so that nothing is rounded on the way.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyomo.environ as pyo
import scipy.sparse as sp
from pyomo.common.collections import ComponentMap
from pyomo.common.modeling import unique_component_name
from pyomo.core.expr.visitor import ExpressionReplacementVisitor, identify_variables
from pyomo.repn import generate_standard_repn
from scipy.sparse.linalg import splu

from batteryopt.solvers.adapter import Adapter, BoundDuals, Options, Report
from batteryopt.solvers.arrays import expression_value
from batteryopt.solvers.components import Parts, parts_of
from batteryopt.status import PointStatus

SMALL = 2.0**-7
"""Where every unit is above this, the model is solved as it stands: its own units will do."""
RIDGE = 1e-4
"""Weight of ``log u = 0``: a variable of which the model says nothing keeps its unit."""
LEAST = 2.0**-100


@dataclass(frozen=True, kw_only=True, eq=False)
class Terms:
    """An expression as terms, each a coefficient and the variables of its product, with multiplicity."""

    constant: float
    products: tuple[tuple[float, tuple[Any, ...]], ...]
    rest: Any | None
    """What is not quadratic; None where nothing is left."""


def terms_of(expression: Any) -> Terms:
    """Return an expression as terms; fixed variables are numbers."""
    repn = generate_standard_repn(expression, quadratic=True)
    linear = zip(repn.linear_coefs, ((v,) for v in repn.linear_vars), strict=True)
    quadratic = zip(repn.quadratic_coefs, repn.quadratic_vars, strict=True)
    products = tuple((float(c), tuple(vs)) for c, vs in (*linear, *quadratic) if c)
    return Terms(constant=float(repn.constant), products=products, rest=repn.nonlinear_expr)


@dataclass(frozen=True, kw_only=True, eq=False)
class Units:
    """Units of variables; 1 for one that is not among them."""

    of: ComponentMap = field(default_factory=ComponentMap)

    @property
    def are_small(self) -> bool:
        """Whether any is so small that tolerances of solvers are not."""
        return any(unit < SMALL for unit in self.of.values())

    def __getitem__(self, variable: Any) -> float:
        return float(self.of.get(variable, 1.0))

    def size(self, expression: Any, *constants: float | None, has_level: bool = True) -> float:
        """Return the size of the largest term at natural values, a power of two, at most 1.

        Parameters
        ----------
        constants
            Further constants of the row: its bounds.
        has_level
            Whether the expression's own constant counts: not that of an objective, which nobody decides.
        """
        terms = terms_of(expression)
        sizes = [abs(c) * math.prod(self[v] for v in variables) for c, variables in terms.products]
        sizes += [abs(b) for b in constants if b is not None and math.isfinite(b)]
        if has_level:
            sizes.append(abs(terms.constant))
        if terms.rest is not None:
            sizes.append(self._value(terms.rest))
        return _power(max(sizes, default=1.0) or 1.0)

    def _value(self, expression: Any) -> float:
        """Return the size of an expression where every variable is its unit; 1 where it has none there."""
        variables = list(identify_variables(expression, include_fixed=False))
        before = [v.value for v in variables]
        try:
            for variable in variables:
                variable.set_value(self[variable], skip_validation=True)
            value = abs(pyo.value(expression))
        except (ArithmeticError, ValueError, TypeError):
            return 1.0
        finally:
            for variable, old in zip(variables, before, strict=True):
                variable.set_value(old, skip_validation=True)
        return float(value) if math.isfinite(value) else 1.0


def natural_units(
    objectives: Iterable[Any], rows: Iterable[tuple[Any, float | None, float | None]], variables: Iterable[Any] = ()
) -> Units:
    """Return the units of all variables in objectives and rows (body, lower, upper).

    Parameters
    ----------
    variables
        Others that may occur nowhere.
    """
    fit = _Fit()
    for objective in objectives:
        fit.add_row(terms_of(objective), (), has_level=False)
    for body, lower, upper in rows:
        fit.add_row(terms_of(body), (lower, upper), has_level=True)
    for variable in variables:
        fit.column(variable)
    return Units(of=fit.solved())


class _Fit:
    """The equations of the least-squares problem, in logarithms to base 2."""

    def __init__(self) -> None:
        self._columns: ComponentMap = ComponentMap()
        self._rows = 0
        self._entries: list[tuple[int, int, float]] = []  # equation, unknown (rows count from -1 down), coefficient
        self._right: list[float] = []

    def column(self, variable: Any) -> int:
        """Return the position of a variable; one met for the first time brings its bounds."""
        if variable not in self._columns:
            self._columns[variable] = position = len(self._columns)
            for bound in variable.bounds:
                if bound is not None and bound != 0 and math.isfinite(bound):
                    self._add([(position, 1.0)], math.log2(abs(bound)))
        return int(self._columns[variable])

    def add_row(self, terms: Terms, bounds: Sequence[float | None], *, has_level: bool) -> None:
        """Ask that every term have the size of its row."""
        self._rows += 1
        row = -self._rows
        for coefficient, variables in terms.products:
            self._add([*((self.column(v), 1.0) for v in variables), (row, -1.0)], -math.log2(abs(coefficient)))
        levels = [b - terms.constant for b in bounds if b is not None and math.isfinite(b)] if has_level else []
        for level in levels:
            if level:
                self._add([(row, 1.0)], math.log2(abs(level)))
        if terms.rest is not None:
            for variable in identify_variables(terms.rest, include_fixed=False):
                self.column(variable)

    def _add(self, entries: list[tuple[int, float]], right: float) -> None:
        self._entries.extend((len(self._right), unknown, value) for unknown, value in entries)
        self._right.append(right)

    def solved(self) -> ComponentMap:
        """Return the units."""
        count = len(self._columns)
        if not self._right:
            return ComponentMap((v, 1.0) for v in self._columns)
        equations, unknowns, values = (np.array(part) for part in zip(*self._entries, strict=True))
        unknowns = np.where(unknowns >= 0, unknowns, count - 1 - unknowns)
        shape = (len(self._right), count + self._rows)
        matrix = sp.coo_array((values.astype(float), (equations, unknowns)), shape=shape).tocsr()
        weights = sp.diags_array(np.where(np.arange(shape[1]) < count, RIDGE, RIDGE**2))
        normal = sp.csc_matrix(matrix.T @ matrix + weights)
        found = splu(normal).solve(matrix.T @ np.array(self._right))
        return ComponentMap(
            (v, _power(2.0 ** float(found[k])) if v.is_continuous() else 1.0) for v, k in self._columns.items()
        )


def _power(size: float) -> float:
    """Return the nearest power of two, between `LEAST` and 1."""
    return float(min(1.0, max(LEAST, 2.0 ** round(math.log2(size))))) if math.isfinite(size) else 1.0


# --- one model in other units ----------------------------------------------------------------------------------------


def restated(variables: Iterable[Any], units: Units) -> tuple[Any, ComponentMap]:
    """Return a model with a variable ``x / u`` for each, at its value, and the map from the old to the new ones."""
    model = pyo.ConcreteModel(name="in natural units")
    new: ComponentMap = ComponentMap()
    for variable in variables:
        unit = units[variable]
        lower, upper = (None if bound is None else bound / unit for bound in variable.bounds)
        new[variable] = other = pyo.Var(domain=pyo.Reals if variable.is_continuous() else pyo.Integers)
        # A component each, not an index: Pyomo's visitors take up a whole component at once, data and variables alike.
        model.add_component(unique_component_name(model, str(variable.name)), other)
        other.setlb(lower)
        other.setub(upper)
        other.set_value(None if variable.value is None else variable.value / unit, skip_validation=True)
        if variable.fixed:
            other.fix()
    return model, new


def rewriter(new: ComponentMap, units: Units, others: dict[int, Any] | None = None) -> ExpressionReplacementVisitor:
    """Return what writes expressions in the new variables."""
    substitutes = {id(old): units[old] * variable for old, variable in new.items()}
    return ExpressionReplacementVisitor(substitute=substitutes | (others or {}))


def small_units(parts: Parts, objective: float) -> tuple[Units, float] | None:
    """Return the units of a model and of its objective where the latter is small; None where 1 will do.

    They are worked out only where an objective is small, so that other claims cost nothing.
    """
    if parts.objective is None or abs(objective) >= SMALL:
        return None
    units = _units_of(parts)
    height = units.size(parts.objective.expr, has_level=False)
    return (units, height) if height < SMALL else None


def _units_of(parts: Parts) -> Units:
    objectives = [] if parts.objective is None else [parts.objective.expr]
    return natural_units(objectives, map(_row, parts.constraints), parts.variables)


def solve_in_natural_units(adapter: Adapter, model: Any, options: Options | None = None) -> Report:
    """Solve a model as `Adapter.solve` does, in its natural units where its own are small.

    Tolerances are then relative to the model's own numbers, and so is what the report claims.
    """
    parts = parts_of(model)
    objective = 0.0 if parts.objective is None else parts.objective.expr
    units = _units_of(parts)
    height = units.size(objective, has_level=False)
    if parts.sos or not (units.are_small or height < SMALL):
        return adapter.solve(model, options)
    scaled, new = restated(units.of, units)
    write = rewriter(new, units)
    scaled.row = pyo.ConstraintList()
    lines: ComponentMap = ComponentMap()
    for constraint in parts.constraints:
        body, lower, upper = _row(constraint)
        size = units.size(body, lower, upper)
        bounds = tuple(None if bound is None else bound / size for bound in (lower, upper))
        lines[constraint] = (_added(scaled.row, write.walk_expression(body) / size, *bounds), size)
    if parts.objective is not None:
        scaled.objective = pyo.Objective(expr=write.walk_expression(objective) / height, sense=parts.objective.sense)
    report = adapter.solve(scaled, _in_units(options or Options(), height))
    return _brought_back(report, parts, new, units, lines, height)


def _row(constraint: Any) -> tuple[Any, float | None, float | None]:
    lower, body, upper = constraint.to_bounded_expression(evaluate_bounds=True)
    return body, lower, upper


def _added(rows: Any, body: Any, lower: float | None, upper: float | None) -> Any:
    if lower is not None and lower == upper:
        return rows.add(body == lower)
    return rows.add((lower, body, upper))


def _in_units(options: Options, height: float) -> Options:
    return dataclasses.replace(options, absolute_gap=options.absolute_gap / height)


def _brought_back(
    report: Report, parts: Parts, new: ComponentMap, units: Units, lines: ComponentMap, height: float
) -> Report:
    """Put the point into the user's variables, and the report's numbers into the user's units."""
    if report.point_status is not PointStatus.NONE:
        for old, variable in new.items():
            if not old.fixed and variable.value is not None:
                old.set_value(units[old] * variable.value, skip_validation=True)
    duals = ComponentMap((c, report.duals[r] * height / size) for c, (r, size) in lines.items() if r in report.duals)
    bound_duals: ComponentMap = ComponentMap()
    for old, variable in new.items():
        if variable in report.bound_duals:
            found, factor = report.bound_duals[variable], height / units[old]
            bound_duals[old] = BoundDuals(lower=found.lower * factor, upper=found.upper * factor)
    return dataclasses.replace(
        report,
        objective=None if report.objective is None else expression_value(parts.objective),
        bound=None if report.bound is None else report.bound * height,
        duals=duals,
        bound_duals=bound_duals,
    )
