"""Duals and reduced costs judged in fifty digits: dual residual, complementarity, and the gap they prove.

Signs are those of `batteryopt.solvers.contract.adapter`: the dual of a row, and the reduced cost of a column, is the
derivative of the optimal value by the bound that binds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from batteryopt.accuracy.digits import FIFTY, Number, exact
from batteryopt.accuracy.exact_program import ExactProgram

Named = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class DualErrors:
    """What a solver's multipliers are worth; NaN where it gave none.

    Attributes
    ----------
    residual
        The worst column of ``c + Qx - A'y - z``, relative to the size of its terms, or to what would move the objective
        by all of itself at the decision's size (1 at least), where that is more; after multipliers of a sign that no
        bound allows were set to 0. In a column whose multipliers are all 0 but for rounding, terms have no size.
    complementarity
        The worst product of a multiplier and the distance to its bound, relative to the objective.
    gap
        The distance of primal and dual objective, relative to the objective.
    """

    residual: float = math.nan
    complementarity: float = math.nan
    gap: float = math.nan

    @property
    def are_known(self) -> bool:
        """Whether there was anything to judge."""
        return not math.isnan(self.residual)

    def are_within(self, allowed: float) -> bool:
        """Whether the multipliers are right to a relative tolerance."""
        return self.are_known and max(self.residual, self.complementarity, self.gap) <= allowed


Judge = Callable[[Mapping[str, Number], Named, Named], DualErrors]


def judge_of(program: ExactProgram) -> Judge:
    """Return what judges duals and reduced costs at a point of a linear or convex quadratic program."""
    return lambda point, duals, reduced: judged_duals(program, point, duals, reduced)


def judged_duals(program: ExactProgram, point: Mapping[str, Number], duals: Named, reduced_costs: Named) -> DualErrors:
    """Return the errors of duals by constraint and reduced costs by variable; what is not named is 0.

    Without any reduced cost the best ones for the given duals are taken: some solvers return no more than duals.
    """
    p = program.program
    x = [point[name] for name in program.names]
    y = [_signed(program.sign * exact(duals.get(str(c.name), 0.0)), *sides) for c, sides in _rows(program)]
    left = [
        program.sign * (a + b) - r
        for a, b, r in zip(program.c, program.Q.times(x), program.columns.times(y), strict=True)
    ]
    columns = list(zip(program.names, left, p.lower.tolist(), p.upper.tolist(), strict=True))
    if reduced_costs:
        z = [_signed(program.sign * exact(reduced_costs.get(n, 0.0)), low, high) for n, _, low, high in columns]
    else:
        z = [_signed(value, low, high) for _, value, low, high in columns]
    size = abs(program.objective(x)) or 1
    products = _products(program, x, y, z)
    return DualErrors(
        residual=float(_residual(program, x, y, z, left)),
        complementarity=float(max(map(abs, products), default=exact(0)) / size),
        gap=float(abs(FIFTY.fsum(products)) / size),
    )


def _rows(program: ExactProgram) -> list[tuple[Any, tuple[float, float]]]:
    p = program.program
    return list(zip(p.constraints, zip(p.row_lower.tolist(), p.row_upper.tolist(), strict=True), strict=True))


def _signed(value: Number, lower: float, upper: float) -> Number:
    """Return a multiplier of a minimisation where a bound allows its sign: a lower one above 0, an upper one below."""
    if value > 0 and not np.isfinite(lower):
        return exact(0)
    return exact(0) if value < 0 and not np.isfinite(upper) else value


def _products(program: ExactProgram, x: list[Number], y: list[Number], z: list[Number]) -> list[Number]:
    """Return each multiplier times the way to the bound that it belongs to; they sum to the gap where nothing is left.

    ``primal - dual = y'(Ax - b) + z'(x - bound)`` for multipliers that leave no residual.
    """
    p = program.program
    rows = zip(y, program.A.times(x), p.row_lower.tolist(), p.row_upper.tolist(), strict=True)
    columns = zip(z, x, p.lower.tolist(), p.upper.tolist(), strict=True)
    return [
        multiplier * (value - exact(low if multiplier > 0 else high))
        for multiplier, value, low, high in (*rows, *columns)
        if multiplier != 0
    ]


def _residual(program: ExactProgram, x: list[Number], y: list[Number], z: list[Number], left: list[Number]) -> Number:
    sizes = [
        max(a, abs(b), c, abs(d))
        for a, b, c, d in zip(program.Q.sizes(x), program.c, program.columns.sizes(y), z, strict=True)
    ]
    floor = exact(1e-12) * max([*sizes, exact(0)])
    stake = abs(program.objective(x))
    felt = [stake / max(abs(value), 1) for value in x]
    residuals = [abs(value - d) for value, d in zip(left, z, strict=True)]
    return max([r / max(s, f, floor) for r, s, f in zip(residuals, sizes, felt, strict=True) if r], default=exact(0))
