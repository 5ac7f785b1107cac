"""A linear or quadratic program in fifty digits: its objective, what a point violates, and its KKT residual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from batteryopt.accuracy.digits import FIFTY, DigitMatrix, Number, exact, exacts
from batteryopt.solvers.compile.arrays import QuadraticProgram


@dataclass(frozen=True, kw_only=True, eq=False)
class KktPoint:
    """A KKT point of a convex program, which is an optimum; the multipliers prove it.

    The multipliers are those of the program as a minimisation: the gradient is ``A'y + z``.
    """

    x: list[Number]
    y: list[Number]
    z: list[Number]


class ExactProgram:
    """The arrays of a program in fifty digits."""

    def __init__(self, program: QuadraticProgram) -> None:
        self.program = program
        self.sign = -1 if program.maximise else 1
        self.c = exacts(program.c)
        self.names = tuple(str(v.name) for v in program.variables)

    @cached_property
    def A(self) -> DigitMatrix:
        """The rows."""
        return DigitMatrix(self.program.A)

    @cached_property
    def columns(self) -> DigitMatrix:
        """The rows, transposed."""
        return DigitMatrix(self.program.A.T)

    @cached_property
    def Q(self) -> DigitMatrix:
        """The Hessian."""
        return DigitMatrix(self.program.Q)

    def objective(self, x: list[Number]) -> Number:
        """Return ``c0 + c'x + x'Qx/2``."""
        return exact(self.program.c0) + FIFTY.fdot(self.c, x) + FIFTY.fdot(x, self.Q.times(x)) / 2

    def violation(self, x: list[Number], units: Sequence[float] | None = None) -> Number:
        """Return the worst violation, each relative to the size of its terms; of whole numbers as it is.

        No term counts as smaller than its coefficient times the unit of its variable (n), which is 1 by default.
        """
        p = self.program
        least = exacts(units) if units is not None else [exact(1)] * len(x)
        magnitudes = [max(abs(v), unit) for v, unit in zip(x, least, strict=True)]
        activity, sizes = self.A.times(x), self.A.sizes(magnitudes)
        rows = [_outside(*row) for row in zip(activity, sizes, p.row_lower, p.row_upper, strict=True)]
        bounds = [_outside(*column) for column in zip(x, magnitudes, p.lower, p.upper, strict=True)]
        whole = [abs(v - FIFTY.nint(v)) for v, is_whole in zip(x, p.is_integer, strict=True) if is_whole]
        return max([*rows, *bounds, *whole, exact(0)])

    def stationarity(self, x: list[Number], optimum: KktPoint) -> Number:
        """Return the worst KKT residual of a point with the exact multipliers.

        Stationarity a column, relative to the size of its terms; and the products of multipliers and slacks, summed,
        relative to the objective. Of a convex program both are 0 only where a feasible point is optimal.
        """
        curved, from_rows = self.Q.times(x), self.columns.times(optimum.y)
        gradient = [self.sign * (a + b) for a, b in zip(self.c, curved, strict=True)]
        sizes = [
            max(a, abs(b), abs(c), abs(d))
            for a, b, c, d in zip(self.Q.sizes(x), self.c, from_rows, optimum.z, strict=True)
        ]
        floor = exact(1e-12) * max([*sizes, exact(0)])
        residuals = [abs(g - r - z) for g, r, z in zip(gradient, from_rows, optimum.z, strict=True)]
        worst = max([r / max(s, floor) for r, s in zip(residuals, sizes, strict=True) if r], default=exact(0))
        return max(worst, self._slack_products(x, optimum) / (abs(self.objective(optimum.x)) or 1))

    def _slack_products(self, x: list[Number], optimum: KktPoint) -> Number:
        """Return ``|y| |Ax - Ax*| + |z| |x - x*|``: a multiplier that is not 0 belongs to an active constraint."""
        moved = [a - b for a, b in zip(x, optimum.x, strict=True)]
        of_rows = FIFTY.fsum(abs(y * d) for y, d in zip(optimum.y, self.A.times(moved), strict=True))
        return of_rows + FIFTY.fsum(abs(z * d) for z, d in zip(optimum.z, moved, strict=True))


def _outside(value: Number, size: Number, lower: float, upper: float) -> Number:
    worst = exact(0)
    for excess, bound in ((lower - value, lower), (value - upper, upper)):
        if np.isfinite(bound) and excess > 0:
            worst = max(worst, excess / max(size, abs(exact(bound)), exact(1e-300)))
    return worst
