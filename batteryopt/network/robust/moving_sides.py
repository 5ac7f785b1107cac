"""The linear program of a future whose sides move with the returns: its base, and what each move adds to it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Sequence

import numpy as np
import scipy.sparse as sp

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.network.data.instance import Network
from batteryopt.network.formulation.algebra import Bools, Floats, Formulation
from batteryopt.network.formulation.formulate import formulate
from batteryopt.network.formulation.formulation_arrays import to_arrays
from batteryopt.network.formulation.objective import weighted
from batteryopt.network.futures.first_stage import FIRST_STAGE
from batteryopt.network.futures.in_hindsight import WEIGHTS
from batteryopt.network.robust.deviations import Move, moved
from batteryopt.network.search.search_units import SearchUnits, natural_units
from batteryopt.solvers.compile.arrays import QuadraticProgram

HALF = 0.5
"""Where the sides are read off: with all moves half made whatever may return is above 0, and has its columns."""
SAME = 1e-9
"""Relative difference of two numbers that are the same but for rounding."""
SIDES = ("row_lower", "row_upper", "lower", "upper")
FROM_REACH = ("processed", "shipped", "sold", "disposed", "stock")
BOUND_BY_A_ROW = "only_what_returned_is_left"
"""Families whose upper bounds say what can reach a place: the least of capacities and of what returns, a kink that no
step can follow. Balances and limits imply them, so that those of more returns than ever are looked at hold as well."""


class MovingSides:
    """How the sides of the linear program depend on the moves: base, and what each move adds.

    Parameters
    ----------
    pause
        Called before each formulation, of which there are as many as rows that move; may raise what ends it.

    Raises
    ------
    InvalidInput
        If returns stand elsewhere than on the right-hand sides: in rules about service near the returns.
    """

    def __init__(self, network: Network, moves: Sequence[Move], pause: Callable[[], object] = lambda: None) -> None:
        self.network, self.moves, self._pause = network, tuple(moves), pause
        half = np.full(len(moves), HALF)
        self.m = self._formulated(half)
        # no corner that the adversary looks at has more returns than with each row made as often as there are rows
        far = float(len({move.row for move in moves}))
        most = _arrays(self._formulated(np.array([far * move.is_more for move in moves])))
        self._is_first = columns_of(self.m, FIRST_STAGE)
        self._may_be_far = _with_far_bounds(self.m)
        self.program = _arrays(self.m)
        self._refuse_unless_alike(most)
        self.program = dataclasses.replace(self.program, A=most.A)
        self.units: SearchUnits = natural_units(self.m, self.program)
        steps = self._steps(half)
        self._adds = {side: sp.csr_array(np.array([step[side] for step in steps])) for side in SIDES}
        self._constants = np.array([step["c0"][0] for step in steps])
        self._base = {side: getattr(self.program, side) - self._adds[side].T @ half for side in SIDES}
        self._base["upper"][self._may_be_far] = most.upper[self._may_be_far]
        self._constant = self.program.c0 - float(self._constants @ half)

    def _steps(self, half: Floats) -> list[dict[str, Floats]]:
        """Return what each move adds to the sides; what moves a row the same way in another size, in that size."""
        found: list[dict[str, Floats]] = []
        for i, move in enumerate(self.moves):
            before = self.moves[i - 1] if i else None
            times = None if before is None or before.row != move.row else _times(move.by, before.by)
            if times is not None:
                found.append({side: times * step for side, step in found[-1].items()})
                continue
            less = half.copy()
            less[i] *= HALF
            found.append(self._step(_arrays(self._formulated(less)), (1.0 - HALF) * HALF))
        return found

    def _formulated(self, amounts: Floats) -> Formulation:
        self._pause()
        return formulate(moved(self.network, self.moves, amounts.tolist()), WEIGHTS, is_tight=False)

    def _step(self, other: QuadraticProgram, by: float) -> dict[str, Floats]:
        """Return what a whole move adds to each side, from two programs that differ by a part of it.

        Bounds by reach and of whole numbers (rounded up) are not among it: those of the most returns hold for all.
        """
        self._refuse_unless_alike(other)
        found = {side: _difference(getattr(self.program, side), getattr(other, side)) / by for side in SIDES}
        found["upper"][self._may_be_far] = 0.0
        return {**found, "c0": np.array([(self.program.c0 - other.c0) / by])}

    def _refuse_unless_alike(self, other: QuadraticProgram) -> None:
        """Raise `InvalidInput` where two programs differ in more than their sides.

        How many trips an open depot allows is a factor of a variable of the first stage; it is rounded up and only has
        to be large enough, so that the one of the most returns holds everywhere.
        """
        mine = self.program
        is_same = mine.A.shape == other.A.shape and _are_close(mine.c, other.c)
        off = abs(mine.A - other.A).tocsc() if is_same else None
        if off is None or _largest(off[:, np.flatnonzero(~self._is_first)]) > SAME * max(1.0, _largest(abs(mine.A))):
            problem = "returns are weights in it, and a plan for the worst of them takes rules with returns beside only"
            remedy = "leave the table 'coverage' out, or use --model stochastic"
            raise InvalidInput(self.network.name, [Fault(place="coverage", problem=problem, remedy=remedy)])

    def at(self, amounts: Floats) -> QuadraticProgram:
        """Return the program where moves are made as much as their amounts say."""
        used = np.flatnonzero(amounts)
        sides = {side: self._base[side] + self._adds[side][used].T @ amounts[used] for side in SIDES}
        constant = self._constant + float(self._constants @ amounts)
        return dataclasses.replace(self.program, c0=constant, **sides)

    def slopes(self, program: QuadraticProgram, row_duals: Floats, fixed: tuple[Floats, Floats]) -> Floats:
        """Return what each move adds, by duals of a program in units, to what they prove of it (moves).

        Columns that are fixed do not move.
        """
        moving = fixed[0] != fixed[1]
        rows, columns = row_duals / self.units.rows, (program.c - program.A.T @ row_duals) / self.units.columns * moving
        sides = {"row_lower": rows > 0, "row_upper": rows < 0, "lower": columns > 0, "upper": columns < 0}
        parts = {"row_lower": rows, "row_upper": rows, "lower": columns, "upper": columns}
        money = sum(self._adds[side] @ np.where(mask, parts[side], 0.0) for side, mask in sides.items())
        return np.asarray(money * self.units.money + self._constants, dtype=float)


def whole_columns(m: Formulation) -> list[int]:
    """Return the positions of whole numbers that are decided with hindsight."""
    found: list[int] = []
    for name, family in m.families.items():
        if name not in FIRST_STAGE:
            found += np.arange(m.size)[family.positions][family.is_integer].tolist()
    return found


def columns_of(m: Formulation, names: Collection[str]) -> Bools:
    """Return whether each variable is of one of some families (n)."""
    found = np.zeros(m.size, dtype=bool)
    for name in names:
        if name in m.families:
            found[m.families[name].positions] = True
    return found


def _with_far_bounds(m: Formulation) -> Bools:
    """Return whether the upper bound of each variable is implied, so that any larger one does as well (n)."""
    found = columns_of(m, FROM_REACH)
    found[whole_columns(m)] = True
    if BOUND_BY_A_ROW in m.rows:  # what is left of goods that come back, too
        found[m.rows[BOUND_BY_A_ROW].variable] = True
    return found


def _times(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Return how many times another profile one is; None where it is no multiple of it."""
    a, b = np.array(one), np.array(other)
    largest = int(np.argmax(np.abs(b)))
    times = float(a[largest] / b[largest])
    return times if np.allclose(a, times * b, rtol=SAME, atol=0.0) else None


def _largest(matrix: sp.csc_array | sp.csr_array) -> float:
    return float(matrix.max()) if matrix.nnz else 0.0


def _arrays(m: Formulation) -> QuadraticProgram:
    costs = weighted(m, WEIGHTS)
    return to_arrays(m, costs.vector, constant=costs.constant)


def _are_close(one: Floats, other: Floats) -> bool:
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=SAME, atol=0.0))


def _difference(one: Floats, other: Floats) -> Floats:
    """Return a difference, 0 where both are infinite."""
    both = np.isinf(one) & np.isinf(other)
    return np.where(both, 0.0, np.where(both, 0.0, one) - np.where(both, 0.0, other))
