"""What one future costs at least, as a function of what was decided before it was known.

With the first stage x fixed, the relaxation of a future with its cuts is a linear program, and its optimum Q(x) is
convex in x. For any duals y of its rows, whoever has them from where,

    Q(x)  >=  y b + sum over its own columns of the least that (c - A y) can be there  -  (A_x y) x,

by weak duality alone: so no solver need be believed for the row ``cost of the future >= constant + slope x`` (Benders
1962; multi-cut after Birge and Louveaux 1988). The cuts of the formulation join where they are violated, as they do
in one future: a row from a relaxation without them would be worth little.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.ground.status import StopReason
from batteryopt.network.formulation.algebra import Bools, Floats, Formulation
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.formulation.objective import Costs
from batteryopt.network.search.deadlines import seconds_left
from batteryopt.network.search.searched_problem import dual_bound, make_problem, with_rows
from batteryopt.solvers.compile.arrays import QuadraticProgram
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_arrays import solve_arrays
from batteryopt.solvers.highs.highs_growing import GrowingProgram, Vertex

LEAST_SECONDS = 0.2
VIOLATED = 1e-6
"""Distance beyond a cut from which it joins."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ValueCut:
    """A row that holds for every first stage x: ``cost >= constant + slope @ x``, in money.

    Attributes
    ----------
    is_of_rules
        Whether it speaks of what rules lack instead of the cost: ``0 >= constant + slope @ x``.
    """

    constant: float
    slope: Floats
    is_of_rules: bool = False

    def at(self, x: Floats) -> float:
        """Return its value."""
        return float(self.constant + self.slope @ x)


class Recourse:
    """One future behind the first stage.

    Parameters
    ----------
    positions
        Columns of the first stage in the formulation (k); what they cost themselves is not of hindsight.

    Attributes
    ----------
    deadline
        By the monotonic clock.
    """

    def __init__(self, m: Formulation, costs: Costs, positions: Ints, options: Options, flag: InterruptFlag) -> None:
        self.m, self.positions, self._flag = m, positions, flag
        self._options = dataclasses.replace(options, time_limit=None, relative_gap=0.0, absolute_gap=0.0, threads=1)
        later = costs.vector.copy()
        later[positions] = 0.0
        self.problem = make_problem(m, Costs(vector=later, constant=costs.constant))
        self.opening = costs.vector[positions]
        self._unit = self.problem.units.columns[positions]
        self.deadline = np.inf
        self._live = GrowingProgram(self.problem.core, self._options, flag)
        self._is_in: Bools = np.zeros(len(self.problem.cuts.lower), dtype=bool)
        self._joined: Ints = np.zeros(0, dtype=np.int64)

    # ---- the relaxation

    def alone(self) -> tuple[ValueCut, Floats, float] | None:
        """Return the cut and the first stage of the future's own best plan, relaxed; None where there is none.

        With them what the same duals prove that the future costs at least, whatever is decided before it.

        Raises
        ------
        KeyboardInterrupt
            If it was interrupted.
        TimeoutError
            If the deadline came first.
        """
        core = self.problem.core
        own = core.c.copy()
        own[self.positions] = self.opening * self._unit / self.problem.money
        self._live.set_costs(own)
        try:
            vertex = self._optimum()
        finally:  # whatever ended it: others go on with these rows
            self._live.set_costs(core.c)
        if vertex is None or vertex.x is None or vertex.row_duals is None:
            return None
        cuts, rows = self.problem.cuts, self._joined
        whole = with_rows(dataclasses.replace(core, c=own), cuts.A[rows], cuts.lower[rows], cuts.upper[rows])
        bound = dual_bound(whole, vertex.row_duals) * self.problem.money
        self._leave_the_first_stage()
        return self._cut(vertex.row_duals), self.problem.units.outside(vertex.x)[self.positions], bound

    def _leave_the_first_stage(self) -> None:
        """Ask no more for rows of the first stage alone: whoever fixes it keeps them, but for a rounding.

        What their duals would add to a row of the cost is never above 0 where they hold: without it the row says more.
        """
        core = self.problem.core
        is_first = np.zeros(len(core.c), dtype=bool)
        is_first[self.positions] = True
        own = sp.csr_array(core.A[:, np.flatnonzero(~is_first)])
        alone = np.diff(own.indptr) == 0
        lower = np.where(alone, -np.inf, core.row_lower)
        upper = np.where(alone, np.inf, core.row_upper)
        self._live.set_row_bounds(lower, upper)
        self.problem = dataclasses.replace(
            self.problem, core=dataclasses.replace(core, row_lower=lower, row_upper=upper)
        )

    def at(self, x: Floats) -> tuple[float, ValueCut | None]:
        """Return what the future costs at least with a first stage, and the cut there; infinite where rules forbid it.

        Raises
        ------
        KeyboardInterrupt
            If it was interrupted.
        TimeoutError
            If the deadline came first.
        """
        inside = x / self._unit
        self._live.set_bounds(self.positions, inside, inside)
        vertex = self._optimum()
        if vertex is None:
            return np.inf, self._cut_of_rules(inside)
        assert vertex.x is not None
        assert vertex.row_duals is not None
        return self.problem.core.objective(vertex.x) * self.problem.money, self._cut(vertex.row_duals)

    def _optimum(self) -> Vertex | None:
        """Return the optimum with every cut that matters; None where rules cannot be kept."""
        while True:
            vertex = self._live.solve(seconds_left(self.deadline, LEAST_SECONDS))
            if vertex.stop_reason is StopReason.INTERRUPTED or self._flag.is_set:
                raise KeyboardInterrupt
            if vertex.stop_reason is StopReason.TIME_LIMIT:
                raise TimeoutError
            if vertex.x is None:
                return None
            if not self._join(vertex.x):
                return vertex

    def _join(self, x: Floats) -> bool:
        cuts = self.problem.cuts
        violation = cuts.violation(x)
        violation[self._is_in] = 0.0
        rows = np.flatnonzero(violation > VIOLATED)
        if len(rows):
            self._live.add_rows(cuts.A[rows], cuts.lower[rows], cuts.upper[rows])
            self._is_in[rows] = True
            self._joined = np.concatenate([self._joined, rows])
        return len(rows) > 0

    def _program(self) -> QuadraticProgram:
        """Return the core with the cuts that have joined, in their order; the first stage is 0 in it."""
        core, cuts, rows = self.problem.core, self.problem.cuts, self._joined
        whole = with_rows(core, cuts.A[rows], cuts.lower[rows], cuts.upper[rows])
        return dataclasses.replace(whole, lower=self._at_zero(whole.lower), upper=self._at_zero(whole.upper))

    def _at_zero(self, side: Floats) -> Floats:
        side = np.array(side)
        side[self.positions] = 0.0
        return side

    def _cut(self, row_duals: Floats) -> ValueCut:
        """Return what duals prove for any first stage."""
        program = self._program()
        money = self.problem.money
        sides = np.where(row_duals > 0, program.row_lower, program.row_upper)
        row_duals = np.where(np.isfinite(sides), row_duals, 0.0)  # of rows that are not asked for, or of a wrong sign
        slope = -(program.A.T @ row_duals)[self.positions] * money / self._unit
        return ValueCut(constant=dual_bound(program, row_duals) * money, slope=np.asarray(slope, dtype=float))

    # ---- rules that a first stage does not allow to be kept

    def _cut_of_rules(self, inside: Floats) -> ValueCut | None:
        """Return a cut that says by how much, at least, a first stage would have to be another one; None if it cannot.

        The least sum of deviations of the first stage with which the rules can be kept, by the same weak duality.
        """
        program = self._with_deviations(inside)
        vertex = GrowingProgram(program, self._options, self._flag).solve()
        if vertex.stop_reason is StopReason.INTERRUPTED or self._flag.is_set:
            raise KeyboardInterrupt
        if vertex.row_duals is None:
            return None
        free = dataclasses.replace(program, lower=self._at_zero(program.lower), upper=self._at_zero(program.upper))
        sides = np.where(vertex.row_duals > 0, program.row_lower, program.row_upper)
        row_duals = np.where(np.isfinite(sides), vertex.row_duals, 0.0)
        slope = -(program.A.T @ row_duals)[self.positions] / self._unit
        constant = dual_bound(free, row_duals)
        return ValueCut(constant=constant, slope=np.asarray(slope, dtype=float), is_of_rules=True)

    def _with_deviations(self, inside: Floats) -> QuadraticProgram:
        """Return the program whose columns of the first stage may deviate, up or down, and that minimises that."""
        core, cuts, rows = self.problem.core, self.problem.cuts, self._joined
        whole = with_rows(core, cuts.A[rows], cuts.lower[rows], cuts.upper[rows])
        first = whole.A[:, self.positions]
        room = np.maximum(1.0, np.where(np.isfinite(core.upper), core.upper, 1.0))[self.positions]
        lower, upper = whole.lower.copy(), whole.upper.copy()
        lower[self.positions] = upper[self.positions] = inside
        count = len(inside)
        return QuadraticProgram(
            c=np.concatenate([np.zeros(len(core.c)), np.ones(2 * count)]),
            Q=sp.csc_array((len(core.c) + 2 * count, len(core.c) + 2 * count)),
            A=sp.csr_array(sp.hstack([whole.A, first, -first], format="csr")),
            row_lower=whole.row_lower,
            row_upper=whole.row_upper,
            lower=np.concatenate([lower, np.zeros(2 * count)]),
            upper=np.concatenate([upper, room, room]),
            is_integer=np.zeros(len(core.c) + 2 * count, dtype=bool),
        )

    # ---- with whole numbers

    def point(self, x: Floats, gap: float) -> Floats | None:
        """Return values of the formulation's variables with a first stage, the best within a relative gap of its cost.

        None where rules forbid that first stage, or the time is over.
        """
        whole = self.problem.with_cuts()
        lower, upper, is_integer = whole.lower.copy(), whole.upper.copy(), whole.is_integer.copy()
        lower[self.positions] = upper[self.positions] = x / self._unit
        is_integer[self.positions] = False  # they are as they are
        fixed = dataclasses.replace(whole, lower=lower, upper=upper, is_integer=is_integer)
        found = solve_arrays(
            fixed,
            dataclasses.replace(self._options, relative_gap=gap, time_limit=seconds_left(self.deadline, LEAST_SECONDS)),
        )
        return None if found.x is None else self.problem.units.outside(found.x)
