"""Answers proven in rational numbers: an optimum by its multipliers, no answer by a Farkas vector or a ray.

The doubles of a compiled model are rationals; so are the certificates that a family gives. Nothing is rounded here: an
equation holds or does not.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp

from batteryopt.accuracy.digits import NoReference, Number, exact
from batteryopt.accuracy.dual_errors import judge_of
from batteryopt.accuracy.exact_program import ExactProgram
from batteryopt.accuracy.problem import Evaluation, Point, ProblemKind, Truth
from batteryopt.solvers.compile.arrays import QuadraticProgram, compile_model

Rational: TypeAlias = Fraction | int
"""Whole numbers stay what they are: their arithmetic is ten times as fast."""
Named = Mapping[str, Rational]
"""Values by the name of a variable or of a constraint; what is not named is 0."""


def rational_of(value: float) -> Rational:
    """Return a double as it is."""
    return int(value) if value.is_integer() else Fraction(value)


def digits_of(value: Rational) -> Number:
    """Return a rational in fifty digits."""
    fraction = Fraction(value)
    return exact(fraction.numerator) / exact(fraction.denominator)


class RationalProgram:
    """The arrays of a model as rationals.

    Attributes
    ----------
    names, rows
        Of variables and constraints, in order.
    """

    def __init__(self, model: Any) -> None:
        self.model = model  # kept alive: its variables lose their names with it
        self.program: QuadraticProgram = compile_model(model)
        self.names = tuple(str(v.name) for v in self.program.variables)
        self.rows = tuple(str(c.name) for c in self.program.constraints)
        self.sign = -1 if self.program.maximise else 1

    def point(self, values: Named) -> list[Rational]:
        """Return values in the order of the variables."""
        return _ordered(values, self.names)

    def multipliers(self, values: Named) -> list[Rational]:
        """Return multipliers of a minimisation in the order of the rows, from derivatives of the optimal value."""
        return [self.sign * value for value in _ordered(values, self.rows)]

    def activity(self, x: Sequence[Rational]) -> list[Rational]:
        """Return the rows' values."""
        return _times(self.program.A, x)

    def transposed(self, y: Sequence[Rational]) -> list[Rational]:
        """Return ``A'y``."""
        return _times(self.program.A.T, y)

    def gradient(self, x: Sequence[Rational]) -> list[Rational]:
        """Return the gradient of the objective as a minimisation."""
        curved = _times(self.program.Q, x)
        return [self.sign * (rational_of(c) + q) for c, q in zip(self.program.c.tolist(), curved, strict=True)]

    def objective(self, x: Sequence[Rational]) -> Rational:
        """Return the objective in the model's own sense."""
        curved = _times(self.program.Q, x)
        terms = ((2 * rational_of(c) + q) * v for c, q, v in zip(self.program.c.tolist(), curved, x, strict=True))
        return Fraction(self.program.c0) + Fraction(sum(terms)) / 2

    def row_sides(self) -> list[tuple[float, float]]:
        """Return lower and upper sides of the rows."""
        return list(zip(self.program.row_lower.tolist(), self.program.row_upper.tolist(), strict=True))

    def bounds(self) -> list[tuple[float, float]]:
        """Return lower and upper bounds of the variables."""
        return list(zip(self.program.lower.tolist(), self.program.upper.tolist(), strict=True))

    def require_feasible(self, x: Sequence[Rational]) -> None:
        """Raise `NoReference` unless a point satisfies everything, whole numbers included."""
        everything = (*zip(self.activity(x), self.row_sides(), strict=True), *zip(x, self.bounds(), strict=True))
        if any(not _is_between(value, *sides) for value, sides in everything):
            raise NoReference("the point of the reference is not feasible")
        whole = itertools.compress(x, self.program.is_integer.tolist())
        if any(value.denominator != 1 for value in whole):
            raise NoReference("the point of the reference is not whole")


def truth_of_proof(model: Any, x: Named, y: Named, *, is_unique: bool = False) -> Truth:
    """Return the truth about a linear or convex quadratic program, proven by a point and its rows' duals.

    Parameters
    ----------
    x
        The optimum.
    y
        Duals of the rows, as derivatives of the optimal value; reduced costs follow.
    is_unique
        Whether the family has shown that no other point is as good, so that decisions may be compared.

    Raises
    ------
    NoReference
        If the point is not feasible, a multiplier has a sign that no side allows, or belongs to a side that is not met.
    """
    rational = RationalProgram(model)
    if not rational.program.is_convex():
        raise NoReference("the program is not convex: multipliers prove nothing")
    point, duals = rational.point(x), rational.multipliers(y)
    rational.require_feasible(point)
    reduced = [g - a for g, a in zip(rational.gradient(point), rational.transposed(duals), strict=True)]
    rows = zip(duals, rational.activity(point), rational.row_sides(), strict=True)
    columns = zip(reduced, point, rational.bounds(), strict=True)
    for multiplier, value, (low, high) in (*rows, *columns):
        side = low if multiplier > 0 else high
        if multiplier != 0 and (not np.isfinite(side) or value != Fraction(side)):
            raise NoReference("a multiplier belongs to no side that is met")
    by_row = dict(zip(rational.rows, (rational.sign * value for value in duals), strict=True))
    by_column = dict(zip(rational.names, (rational.sign * value for value in reduced), strict=True))
    return _truth(rational, point, is_unique=is_unique, multipliers=by_row, reduced_costs=by_column)


def truth_of_plan(model: Any, x: Named, objective: Rational, *, is_unique: bool = False, **rest: Any) -> Truth:
    """Return the truth about a problem that a recursion or an enumeration has solved: its optimum, and a plan for it.

    Parameters
    ----------
    objective
        The optimum, found without the model.
    rest
        Of `Truth`: how a local claim is tried, how far plans are apart.

    Raises
    ------
    NoReference
        If the plan is not feasible in the model, or is worth something else there.
    """
    rational = RationalProgram(model)
    point = rational.point(x)
    rational.require_feasible(point)
    if rational.objective(point) != objective:
        raise NoReference("the plan of the reference is not worth in the model what it is worth in the reference")
    return _truth(rational, point, is_unique=is_unique, **rest)


def truth_of_infeasible(model: Any, y: Named) -> Truth:
    """Return the truth that nothing is feasible, proven by a Farkas vector.

    ``y'Ax`` is at least the sum of the sides that the signs of y choose, for whoever satisfies the rows; and less than
    that for all x within the bounds.

    Raises
    ------
    NoReference
        If the vector proves nothing.
    """
    rational = RationalProgram(model)
    vector = _ordered(y, rational.rows)
    least = _sum_of_sides(vector, rational.row_sides())
    most = _sum_of_sides([-value for value in rational.transposed(vector)], rational.bounds())
    if least is None or most is None or least + most <= 0:
        raise NoReference("the Farkas vector does not prove that nothing is feasible")
    return Truth(
        kind=ProblemKind.INFEASIBLE,
        variables=rational.names,
        certificate={name: Fraction(value) for name, value in y.items()},
        is_rational=True,
        evaluate=_evaluation(rational),
    )


def truth_of_unbounded(model: Any, x: Named, ray: Named, *, margin: float) -> Truth:
    """Return the truth that nothing limits the objective, proven by a feasible point and a ray.

    Parameters
    ----------
    margin
        As in `Truth`.

    Raises
    ------
    NoReference
        If the point is not feasible, the ray leaves the feasible set, or the objective does not improve along it.
    """
    rational = RationalProgram(model)
    point, direction = rational.point(x), rational.point(ray)
    rational.require_feasible(point)
    ways = (*zip(rational.activity(direction), rational.row_sides(), strict=True),)
    ways += (*zip(direction, rational.bounds(), strict=True),)
    leaves = any((way < 0 and np.isfinite(low)) or (way > 0 and np.isfinite(high)) for way, (low, high) in ways)
    slope = sum((a * b for a, b in zip(rational.gradient(point), direction, strict=True)))
    if leaves or any(_times(rational.program.Q, direction)) or slope >= 0:
        raise NoReference("the ray does not prove that the objective has no limit")
    return Truth(
        kind=ProblemKind.UNBOUNDED,
        maximise=rational.program.maximise,
        variables=rational.names,
        certificate={name: Fraction(value) for name, value in ray.items()},
        margin=margin,
        is_rational=True,
        evaluate=_evaluation(rational),
    )


def _truth(rational: RationalProgram, x: Sequence[Rational], *, is_unique: bool, **rest: Any) -> Truth:
    decisions = {name: digits_of(value) for name, value in zip(rational.names, x, strict=True)}
    return Truth(
        maximise=rational.program.maximise,
        variables=rational.names,
        objective=digits_of(rational.objective(x)),
        decisions=decisions if is_unique else {},
        judge_duals=judge_of(ExactProgram(rational.program)) if "multipliers" in rest else None,
        is_rational=True,
        evaluate=_evaluation(rational),
        **rest,
    )


def _evaluation(rational: RationalProgram) -> Any:
    """Return what evaluates a point in fifty digits; it keeps the model alive."""
    program = ExactProgram(rational.program)

    def evaluate(point: Point) -> Evaluation:
        x = [point[name] for name in rational.names]
        return Evaluation(objective=program.objective(x), violation=program.violation(x))

    return evaluate


def _ordered(values: Named, names: Sequence[str]) -> list[Rational]:
    unknown = set(values) - set(names)
    if unknown:
        raise NoReference(f"the reference names what the model does not have: {sorted(unknown)[0]}")
    return [values.get(name, 0) for name in names]


def _times(matrix: Any, x: Sequence[Rational]) -> list[Rational]:
    rows = sp.csr_array(matrix)
    starts, columns, entries = rows.indptr.tolist(), rows.indices.tolist(), rows.data.tolist()
    return [sum(rational_of(entries[k]) * x[columns[k]] for k in range(a, b)) for a, b in itertools.pairwise(starts)]


def _is_between(value: Rational, lower: float, upper: float) -> bool:
    return (not np.isfinite(lower) or value >= Fraction(lower)) and (not np.isfinite(upper) or value <= Fraction(upper))


def _sum_of_sides(multipliers: Sequence[Rational], sides: Sequence[tuple[float, float]]) -> Rational | None:
    """Return the least of ``multipliers'v`` over v within the sides; None where there is none."""
    total = Fraction(0)
    for multiplier, (low, high) in zip(multipliers, sides, strict=True):
        side = low if multiplier > 0 else high
        if multiplier != 0 and not np.isfinite(side):
            return None
        total += multiplier * Fraction(side) if multiplier != 0 else 0
    return total
