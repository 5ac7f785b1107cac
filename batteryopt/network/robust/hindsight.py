"""What a plan's facilities cost in any future of the set: one linear program whose sides move with the returns.

With the facilities and every whole number fixed, what is decided with hindsight is a linear program in which returns
stand on the right-hand sides alone. So its optimum is a convex function of the moves, which is all that the adversary
needs; and it is never below what the best whole numbers would cost, so that bounds from it hold for them too.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Collection, Mapping

import numpy as np

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.ground.status import StopReason
from batteryopt.network.formulation.algebra import Floats
from batteryopt.network.formulation.fix import planned_shares
from batteryopt.network.futures.first_stage import FIRST_STAGE
from batteryopt.network.plan.solution import Solution
from batteryopt.network.robust.moving_sides import SAME, MovingSides, columns_of, whole_columns
from batteryopt.network.search.deadlines import seconds_left
from batteryopt.network.search.search_units import in_units
from batteryopt.solvers.compile.arrays import QuadraticProgram
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_arrays import solve_arrays
from batteryopt.solvers.highs.highs_growing import GrowingProgram


class Hindsight:
    """The least cost of a plan's facilities wherever the returns move.

    Parameters
    ----------
    plan
        Whose facilities are kept; or values of a formulation's variables, whose first stage is, with its fractions.
    wholes
        Values of whole numbers that are decided with hindsight (trips), by position: they are kept too.
    """

    def __init__(
        self,
        sides: MovingSides,
        plan: Solution | Floats,
        options: Options,
        flag: InterruptFlag,
        wholes: Mapping[int, float] | None = None,
        *,
        deadline: float = np.inf,
    ) -> None:
        self._sides, self._deadline = sides, deadline
        self._fixed = self._fixed_columns(plan, wholes or {})
        self._known: dict[tuple[tuple[int, float], ...], tuple[float, Floats]] = {}
        self.seconds, self.solved = 0.0, 0
        program = self._program({})
        self._live = GrowingProgram(program, dataclasses.replace(options, time_limit=None, relative_gap=0.0), flag)
        self._columns = np.arange(len(program.c))
        self._c = program.c

    def _fixed_columns(self, plan: Solution | Floats, wholes: Mapping[int, float]) -> tuple[Floats, Floats]:
        m = self._sides.m
        lower, upper = np.full(m.size, -np.inf), np.full(m.size, np.inf)
        if isinstance(plan, Solution):
            at = m.families["is_open"].positions
            lower[at] = upper[at] = planned_shares(m, plan)
        else:
            first = columns_of(m, FIRST_STAGE)
            lower[first] = upper[first] = plan[first]
        for position, value in wholes.items():
            lower[position] = upper[position] = value
        return lower, upper

    def _program(self, amounts: Mapping[int, float]) -> QuadraticProgram:
        vector = np.zeros(len(self._sides.moves))
        vector[list(amounts)] = list(amounts.values())
        program, (lower, upper) = self._sides.at(vector), self._fixed
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
        return self._at(amounts)[0]

    def slopes(self, amounts: Mapping[int, float]) -> Floats:
        """Return what each move would cost there by the duals, made once more in a small part (moves); 0 if infinite.

        The cost anywhere is no less than the one there and these slopes times the difference of amounts.
        """
        return self._at(amounts)[1]

    def _at(self, amounts: Mapping[int, float]) -> tuple[float, Floats]:
        key = tuple(sorted(amounts.items()))
        if key not in self._known:
            if time.monotonic() > self._deadline:
                raise TimeoutError
            began = time.monotonic()
            self._known[key] = self._solved(amounts)
            self.seconds, self.solved = self.seconds + time.monotonic() - began, self.solved + 1
        return self._known[key]

    def _solved(self, amounts: Mapping[int, float]) -> tuple[float, Floats]:
        program, nowhere = self._program(amounts), (float(np.inf), np.zeros(len(self._sides.moves)))
        if np.any(program.lower > program.upper + SAME):
            return nowhere
        self._live.set_bounds(self._columns, program.lower, np.maximum(program.upper, program.lower))
        self._live.set_row_bounds(program.row_lower, program.row_upper)
        found = self._live.solve(seconds_left(self._deadline, least=0.0))
        if found.stop_reason is StopReason.INTERRUPTED:
            raise KeyboardInterrupt
        if found.stop_reason is StopReason.TIME_LIMIT:
            raise TimeoutError
        if found.x is None or found.row_duals is None:
            return nowhere
        money = self._sides.units.money
        return program.objective(found.x) * money, self._sides.slopes(program, found.row_duals, self._fixed)

    def with_whole_numbers(self, amounts: Mapping[int, float], options: Options) -> tuple[float, dict[int, float]]:
        """Return the least cost with whole numbers where they must be, and these by position; infinite without any."""
        program = self._program(amounts)
        # the first stage is decided, and whole in the plan: nothing is left of it but bookkeeping
        is_integer = program.is_integer & ~columns_of(self._sides.m, FIRST_STAGE)
        program = dataclasses.replace(program, upper=np.maximum(program.upper, program.lower), is_integer=is_integer)
        found = solve_arrays(program, options)
        if found.x is None and found.stop_reason.is_limit:
            raise TimeoutError
        if found.x is None:
            return float(np.inf), {}
        x = self._sides.units.outside(found.x)
        wholes = {position: float(round(x[position])) for position in whole_columns(self._sides.m)}
        return program.objective(found.x) * self._sides.units.money, wholes


def chosen(amounts: Collection[int]) -> dict[int, float]:
    """Return whole moves as amounts."""
    return dict.fromkeys(sorted(amounts), 1.0)
