"""What a plan's facilities cost in any future of the set: one linear program whose sides move with the returns.

With the facilities and every whole number fixed, what is decided with hindsight is a linear program in which returns
stand on the right-hand sides alone. So its optimum is a convex function of the moves, which is all that the adversary
needs; and it is never below what the best whole numbers would cost, so that bounds from it hold for them too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import scipy.sparse as sp

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.ground.status import StopReason
from batteryopt.network.data.instance import Network
from batteryopt.network.data.objective import Objective
from batteryopt.network.formulation.algebra import Bools, Floats, Formulation
from batteryopt.network.formulation.fix import planned_shares
from batteryopt.network.formulation.formulate import formulate
from batteryopt.network.formulation.formulation_arrays import to_arrays
from batteryopt.network.formulation.objective import weighted
from batteryopt.network.plan.solution import Solution
from batteryopt.network.robust.deviations import Move, moved
from batteryopt.network.search.search_units import SearchUnits, in_units, natural_units
from batteryopt.solvers.compile.arrays import QuadraticProgram
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_arrays import solve_arrays
from batteryopt.solvers.highs.highs_growing import GrowingProgram

WEIGHTS = {Objective.COST: 1.0}
FIRST_STAGE = ("is_open", "raised", "closed", "is_full")
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

    Raises
    ------
    InvalidInput
        If returns stand elsewhere than on the right-hand sides: in rules about service near the returns.
    """

    def __init__(self, network: Network, moves: Sequence[Move]) -> None:
        self.network, self.moves = network, tuple(moves)
        half = np.full(len(moves), HALF)
        self.m = self._formulated(half)
        # no corner that the adversary looks at has more returns than with each row made as often as there are rows
        far = float(len({move.row for move in moves}))
        most = _arrays(self._formulated(np.array([far * move.is_more for move in moves])))
        self._is_first = _columns_of(self.m, FIRST_STAGE)
        self._may_be_far = _with_far_bounds(self.m)
        self.program = _arrays(self.m)
        self._refuse_unless_alike(most)
        self.program = dataclasses.replace(self.program, A=most.A)
        self.units: SearchUnits = natural_units(self.m, self.program)
        steps = []
        for i in range(len(moves)):
            less = half.copy()
            less[i] *= HALF
            steps.append(self._step(_arrays(self._formulated(less)), (1.0 - HALF) * HALF))
        self._adds = {side: sp.csr_array(np.array([step[side] for step in steps])) for side in SIDES}
        self._constants = np.array([step["c0"][0] for step in steps])
        self._base = {side: getattr(self.program, side) - self._adds[side].T @ half for side in SIDES}
        self._base["upper"][self._may_be_far] = most.upper[self._may_be_far]
        self._constant = self.program.c0 - float(self._constants @ half)

    def _formulated(self, amounts: Floats) -> Formulation:
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


class Hindsight:
    """The least cost of a plan's facilities wherever the returns move.

    Parameters
    ----------
    plan
        Whose facilities are kept.
    wholes
        Values of whole numbers that are decided with hindsight (trips), by position: they are kept too.
    """

    def __init__(
        self,
        sides: MovingSides,
        plan: Solution,
        options: Options,
        flag: InterruptFlag,
        wholes: Mapping[int, float] | None = None,
    ) -> None:
        self._sides = sides
        self._fixed = self._fixed_columns(plan, wholes or {})
        self._known: dict[tuple[tuple[int, float], ...], float] = {}
        program = self._program(np.zeros(len(sides.moves)))
        self._live = GrowingProgram(program, dataclasses.replace(options, time_limit=None, relative_gap=0.0), flag)
        self._columns = np.arange(len(program.c))
        self._c = program.c

    def _fixed_columns(self, plan: Solution, wholes: Mapping[int, float]) -> tuple[Floats, Floats]:
        m = self._sides.m
        lower, upper = np.full(m.size, -np.inf), np.full(m.size, np.inf)
        at = m.families["is_open"].positions
        lower[at] = upper[at] = planned_shares(m, plan)
        for position, value in wholes.items():
            lower[position] = upper[position] = value
        return lower, upper

    def _program(self, amounts: Floats) -> QuadraticProgram:
        program, (lower, upper) = self._sides.at(amounts), self._fixed
        fixed = lower == upper
        program = dataclasses.replace(
            program,
            lower=np.where(fixed, lower, program.lower),
            upper=np.where(fixed, upper, program.upper),
        )
        return in_units(program, self._sides.units)

    def cost(self, amounts: Mapping[int, float]) -> float:
        """Return the least cost where some moves are made; infinite where no rule-abiding answer to them exists.

        Raises
        ------
        KeyboardInterrupt
            If it was interrupted.
        """
        key = tuple(sorted(amounts.items()))
        if key not in self._known:
            self._known[key] = self._solved(amounts)
        return self._known[key]

    def _solved(self, amounts: Mapping[int, float]) -> float:
        vector = np.zeros(len(self._sides.moves))
        for i, amount in amounts.items():
            vector[i] = amount
        program = self._program(vector)
        if np.any(program.lower > program.upper + SAME):
            return float(np.inf)
        self._live.set_bounds(self._columns, program.lower, np.maximum(program.upper, program.lower))
        self._live.set_row_bounds(program.row_lower, program.row_upper)
        found = self._live.solve()
        if found.stop_reason is StopReason.INTERRUPTED:
            raise KeyboardInterrupt
        if found.x is None:
            return float(np.inf)
        return program.objective(found.x) * self._sides.units.money

    def with_whole_numbers(self, amounts: Mapping[int, float], options: Options) -> tuple[float, dict[int, float]]:
        """Return the least cost with whole numbers where they must be, and these by position; infinite without any."""
        vector = np.zeros(len(self._sides.moves))
        for i, amount in amounts.items():
            vector[i] = amount
        program = self._program(vector)
        first_stage = [self._sides.m.families[n].positions for n in FIRST_STAGE if n in self._sides.m.families]
        is_integer = program.is_integer.copy()
        for positions in first_stage:  # decided, and whole in the plan: nothing is left of them but bookkeeping
            is_integer[positions] = False
        program = dataclasses.replace(program, upper=np.maximum(program.upper, program.lower), is_integer=is_integer)
        found = solve_arrays(program, options)
        if found.x is None:
            return float(np.inf), {}
        x = self._sides.units.outside(found.x)
        wholes = {position: float(round(x[position])) for position in whole_columns(self._sides.m)}
        return program.objective(found.x) * self._sides.units.money, wholes


def whole_columns(m: Formulation) -> list[int]:
    """Return the positions of whole numbers that are decided with hindsight."""
    found: list[int] = []
    for name, family in m.families.items():
        if name not in FIRST_STAGE:
            found += np.arange(m.size)[family.positions][family.is_integer].tolist()
    return found


def _columns_of(m: Formulation, names: Collection[str]) -> Bools:
    """Return whether each variable is of one of some families (n)."""
    found = np.zeros(m.size, dtype=bool)
    for name in names:
        if name in m.families:
            found[m.families[name].positions] = True
    return found


def _with_far_bounds(m: Formulation) -> Bools:
    """Return whether the upper bound of each variable is implied, so that any larger one does as well (n)."""
    found = _columns_of(m, FROM_REACH)
    found[whole_columns(m)] = True
    if BOUND_BY_A_ROW in m.rows:  # what is left of goods that come back, too
        found[m.rows[BOUND_BY_A_ROW].variable] = True
    return found


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


def chosen(amounts: Collection[int]) -> dict[int, float]:
    """Return whole moves as amounts."""
    return dict.fromkeys(sorted(amounts), 1.0)
