"""One future as arrays that are solved again and again: with prices on its first stage, a penalty, or it fixed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from batteryopt.network.cluster.first_prices import first_columns
from batteryopt.network.data.instance import Network
from batteryopt.network.formulation.algebra import Floats
from batteryopt.network.formulation.formulate import formulate
from batteryopt.network.formulation.objective import weighted
from batteryopt.network.futures.in_hindsight import WEIGHTS, WHOLE_GAP
from batteryopt.network.search.searched_problem import make_problem, with_rows
from batteryopt.solvers.compile.arrays import QuadraticProgram
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_arrays import solve_arrays

TANGENTS = np.linspace(0.0, 1.0, 9)
"""Where the square of a size between levels, a share from 0 to 1, is bounded from below: by a line, for HiGHS has no
method for squares beside whole numbers. It is off by 1/256 at most."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Penalty:
    """``rho / 2 (x - center)^2`` of each size (k)."""

    rho: Floats
    center: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class Solved:
    """Values of the formulation's variables, and the bound of what was minimised, in money; None: there is none."""

    x: Floats | None
    bound: float | None


class FutureArrays:
    """A future's program with all of its cuts, which is made once.

    What only chooses among equally good plans is left out: prices may tell them apart.
    """

    def __init__(self, network: Network) -> None:
        self.m = formulate(network, WEIGHTS)
        self.m.drop_choices()
        self.problem = make_problem(self.m, weighted(self.m, WEIGHTS))
        self.columns = first_columns(self.m)
        self.sizes = len(self.m.families["is_open"])
        self.program = self.problem.with_cuts()
        own = self.columns[: self.sizes]
        is_between = ~self.program.is_integer[own] & (self.program.lower[own] < self.program.upper[own])
        self._between = np.flatnonzero(is_between)
        self._squared: QuadraticProgram | None = None
        self._last: Floats | None = None

    @property
    def lower(self) -> Floats:
        """Bounds of the first stage (k)."""
        return np.asarray(self.program.lower[self.columns] * self._unit, dtype=float)

    @property
    def upper(self) -> Floats:
        """Bounds of the first stage (k)."""
        return np.asarray(self.program.upper[self.columns] * self._unit, dtype=float)

    @property
    def _unit(self) -> Floats:
        return self.problem.units.columns[self.columns]

    def at(self, x: Floats, options: Options) -> Solved:
        """Return the best with sizes (k of a first stage, of which the sizes count) that are fixed."""
        program, own = self.program, self.columns[: self.sizes]
        lower, upper, is_integer = program.lower.copy(), program.upper.copy(), program.is_integer.copy()
        whole = np.where(is_integer[own], np.round(x[: self.sizes]), x[: self.sizes]) / self._unit[: self.sizes]
        lower[own] = upper[own] = np.clip(whole, lower[own], upper[own])
        is_integer[own] = False
        fixed = dataclasses.replace(program, lower=lower, upper=upper, is_integer=is_integer)
        found = solve_arrays(fixed, dataclasses.replace(options, relative_gap=WHOLE_GAP))
        return self._outside(found.x, found.bound)

    def best(self, prices: Floats, penalty: Penalty | None, options: Options) -> Solved:
        """Return the best with prices on the first stage (k), and a penalty on its sizes: the bound is of that."""
        program = self.program if penalty is None else self._with_squares()
        c, n = program.c.copy(), len(self.program.c)
        scale = self._unit / self.problem.money
        c[self.columns] += prices * scale
        if penalty is not None:
            # of whole numbers, 0 or 1, the square is the number itself
            is_whole = np.ones(self.sizes)
            is_whole[self._between] = 0.0
            rho, center = penalty.rho[: self.sizes], penalty.center[: self.sizes]
            c[self.columns[: self.sizes]] += rho * (0.5 * is_whole - center) * scale[: self.sizes]
            c[n:] = 0.5 * rho[self._between] / self.problem.money
        start = self._last if penalty is None or self._last is None else self._squares_of(self._last)
        found = solve_arrays(dataclasses.replace(program, c=c), options, start=start)
        if found.x is not None:
            self._last = found.x[:n]
        return self._outside(None if found.x is None else found.x[:n], found.bound)

    def _outside(self, x: Floats | None, bound: float | None) -> Solved:
        return Solved(
            x=None if x is None else self.problem.units.outside(x),
            bound=None if bound is None else bound * self.problem.money,
        )

    def _squares_of(self, x: Floats) -> Floats:
        """Return a point with the squares of its sizes between levels behind it."""
        return np.concatenate([x, (x * self.problem.units.columns)[self.columns[self._between]] ** 2])

    def _with_squares(self) -> QuadraticProgram:
        """Return the program with a column for the square of each size between levels, and tangents below it."""
        if self._squared is None:
            self._squared = self.program if not len(self._between) else self._squares()
        return self._squared

    def _squares(self) -> QuadraticProgram:
        program, count, points = self.program, len(self._between), len(TANGENTS)
        n, zeros = len(program.c), np.zeros(count)
        wider = dataclasses.replace(
            program,
            c=np.concatenate([program.c, zeros]),
            Q=sp.csc_array((n + count, n + count)),
            A=sp.csr_array(sp.hstack([program.A, sp.csr_array((program.A.shape[0], count))], format="csr")),
            lower=np.concatenate([program.lower, zeros]),
            upper=np.concatenate([program.upper, zeros + 1.0]),
            is_integer=np.concatenate([program.is_integer, zeros.astype(bool)]),
        )
        row, place = np.arange(count * points), np.repeat(np.arange(count), points)
        at = np.tile(TANGENTS, count)
        own = self.columns[self._between][place]
        data = np.concatenate([np.ones(len(row)), -2.0 * at * self.problem.units.columns[own]])
        where = (np.concatenate([row, row]), np.concatenate([n + place, own]))
        A = sp.csr_array(sp.coo_array((data, where), shape=(len(row), n + count)))
        return with_rows(wider, A, -(at**2), np.full(len(row), np.inf))
