"""Complementarity by branching on it: at a node each pair is open, or one of its two is fixed at zero. No M at all.

Every node is the linear or convex quadratic single-level problem with some multipliers and slacks fixed at zero, and
its optimum bounds everything below it. Integers of the leader are branched on too. HiGHS needs no special ordered
sets for this, and no mixed-integer quadratic solver.
"""

from __future__ import annotations

import dataclasses
import heapq
import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from batteryopt.bilevel.kkt import single_level as kkt
from batteryopt.bilevel.kkt.identities import convexified, without_products
from batteryopt.bilevel.kkt.single_level import KktSystem, Pair
from batteryopt.bilevel.methods.base import Method, MethodOutcome, MethodSettings, Reformulation, complete
from batteryopt.bilevel.problem.normal_form import BilevelProblem
from batteryopt.ground.errors import UnsupportedModel
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers import Options, Report, get
from batteryopt.solvers.compile.arrays import Floats, QuadraticProgram, compile_model
from batteryopt.solvers.highs.highs_arrays import solve_arrays
from batteryopt.solvers.highs.highs_session import LinearSession

ZERO = 1e-9
"""A multiplier or slack up to this size, relative to what its own rows balance, counts as zero."""
TIGHT = 1e-9
"""Tolerances of the linear programs at the nodes: costs that differ by less than they do not differ."""
INTEGRAL = 1e-7
NODE_SECONDS = 2.0
"""A quadratic node that takes longer is branched on without its point: the active-set code can stall."""

Relaxation = Callable[[Floats, Floats], tuple[StopReason, Floats | None]]


@dataclass(frozen=True, eq=False)
class _Node:
    """Column bounds of a node, and the bound its parent gave (as a minimisation)."""

    bound: float
    lower: Floats
    upper: Floats


class Branching(Method):
    """Branch and bound on complementarity over HiGHS."""

    name = "branching"
    only_solver = "highs"
    is_global = True

    def refusal(self, problem: BilevelProblem, settings: MethodSettings) -> str | None:
        """Accept problems whose optimality conditions, but for complementarity, are linear, and the leader convex."""
        try:
            program = compile_model(_without_complementarity(problem, settings).model)
        except UnsupportedModel as reason:
            return f"without complementarity the model is neither linear nor quadratic: {reason}"
        return None if program.is_convex() else "the leader's objective is not convex in all variables together"

    def apply(self, problem: BilevelProblem, settings: MethodSettings) -> Reformulation:
        """Return the KKT system as it is: the tree search knows the pairs."""
        return Reformulation(system=_without_complementarity(problem, settings))

    def solve(self, problem: BilevelProblem, settings: MethodSettings) -> MethodOutcome:
        """Search the tree within the time limit."""
        reformulation = self.apply(problem, settings)
        complete(problem)
        tree = Tree(compile_model(reformulation.system.model), reformulation.system.all_pairs, settings)
        return self.invert(reformulation, tree.search())


def _without_complementarity(problem: BilevelProblem, settings: MethodSettings) -> KktSystem:
    """Return the KKT system, the leader's objective without products where the conditions say what these are worth."""
    system = kkt.build(problem, equal=settings.equal, limits=settings.limits)
    form = without_products(system) or convexified(system)
    if form is not None:
        system.model.objective.set_value(form.expression())
    return system


class Tree:
    """Best-first search; the objective is treated as a minimisation throughout.

    Parameters
    ----------
    program
        The single-level model without complementarity.
    pairs
        What is branched on.
    relaxation
        What solves a node for given column bounds; linear or quadratic programs of HiGHS where it is None.
    """

    def __init__(
        self,
        program: QuadraticProgram,
        pairs: Sequence[Pair],
        settings: MethodSettings,
        *,
        relaxation: Relaxation | None = None,
    ) -> None:
        self.program = program
        self.settings = settings
        self.began = time.perf_counter()
        position = {id(v): k for k, v in enumerate(program.variables)}
        self.pairs = [(position[id(p.multiplier)], position[id(p.slack)]) for p in pairs]
        # A relaxation that is given takes care of integers itself.
        self.integers = np.flatnonzero(program.is_integer) if relaxation is None else np.array([], dtype=int)
        self.units = _units(program)
        self.solve_relaxation = relaxation or _relaxation(program)
        self.incumbent: Floats | None = None
        self.value = math.inf
        self.known = math.inf
        self.given_up = math.inf
        self.visiting = -math.inf
        self.nodes = 0
        self._order = itertools.count()

    def cut_off_at(self, value: float) -> None:
        """Look only for what is better than a point that is known elsewhere; the tree's own point may stay none."""
        self.known = value

    def search(self) -> Report:
        """Run the search and leave its best point in the variables."""
        heap: list[tuple[float, int, _Node]] = []
        self._push(heap, _Node(-math.inf, self.program.lower.copy(), self.program.upper.copy()))
        reason = StopReason.CONVERGED
        try:
            while heap and heap[0][0] < self._cutoff():
                if self._is_late():
                    reason = StopReason.TIME_LIMIT
                    break
                self.visiting, _, node = heapq.heappop(heap)
                if self._visit(node, heap) is StopReason.UNBOUNDED:
                    return self._report(StopReason.UNBOUNDED, None)
        except KeyboardInterrupt:
            reason = StopReason.INTERRUPTED
            self.given_up = min(self.given_up, self.visiting)
        bound = min([self.value, self.known, self.given_up, *(entry[0] for entry in heap[:1])])
        if reason is StopReason.CONVERGED and self.given_up < self._cutoff():
            reason = StopReason.NUMERICAL_TROUBLE
        if self.incumbent is None and reason is StopReason.CONVERGED and math.isinf(self.known):
            return self._report(StopReason.INFEASIBLE, None)
        return self._report(reason, bound)

    def _visit(self, node: _Node, heap: list[tuple[float, int, _Node]]) -> StopReason:
        """Solve a node's relaxation, and keep its point or branch."""
        self.nodes += 1
        reason, x = self._relaxed(node.lower, node.upper)
        if x is None:
            return reason if reason is StopReason.INFEASIBLE else self._branch_blindly(node, heap, reason)
        value = self.program.sign * self.program.objective(x)
        if value >= self._cutoff():
            return reason
        choice = self._violated(x)
        if choice is None:
            self.incumbent, self.value = x, value
            return reason
        if self.incumbent is None:
            self._dive(node, x)
        for child in self._children(node, choice, x):
            self._push(heap, dataclasses.replace(child, bound=value))
        return reason

    def _relaxed(self, lower: Floats, upper: Floats) -> tuple[StopReason, Floats | None]:
        """Solve a relaxation; an interrupt that the solver took for itself ends the tree as well."""
        reason, x = self.solve_relaxation(lower, upper)
        if reason is StopReason.INTERRUPTED:
            raise KeyboardInterrupt
        return reason, x

    def _branch_blindly(self, node: _Node, heap: list[tuple[float, int, _Node]], reason: StopReason) -> StopReason:
        """Branch on any open pair of a node without a point; with none left, say what the piece itself is.

        That is feasible and unbounded, or infeasible, or given up, with its bound in the answer.
        """
        for pair in self.pairs:
            if node.upper[pair[0]] > 0 and node.upper[pair[1]] > 0:
                for column in pair:
                    self._push(heap, self._with_zero(node, column))
                return StopReason.CONVERGED
        if reason not in (StopReason.UNBOUNDED, StopReason.INFEASIBLE_OR_UNBOUNDED):
            self.given_up = min(self.given_up, node.bound)
            return reason
        flat = dataclasses.replace(self.program, c=np.zeros_like(self.program.c), lower=node.lower, upper=node.upper)
        is_feasible = solve_arrays(flat).stop_reason is StopReason.CONVERGED
        return StopReason.UNBOUNDED if is_feasible else StopReason.INFEASIBLE

    def _violated(self, x: Floats) -> tuple[int, int] | int | None:
        """Return the worst pair, else the most fractional integer column, else None."""
        if self.pairs:
            smaller = [min(x[a] / self.units[a], x[b] / self.units[b]) for a, b in self.pairs]
            worst = int(np.argmax(smaller))
            if smaller[worst] > ZERO:
                return self.pairs[worst]
        if len(self.integers):
            fraction = np.abs(x[self.integers] - np.round(x[self.integers]))
            if fraction.max() > INTEGRAL:
                return int(self.integers[int(np.argmax(fraction))])
        return None

    def _children(self, node: _Node, choice: tuple[int, int] | int, x: Floats) -> Iterator[_Node]:
        if isinstance(choice, tuple):
            for column in choice:
                yield self._with_zero(node, column)
            return
        upper, lower = node.upper.copy(), node.lower.copy()
        upper[choice], lower[choice] = math.floor(x[choice]), math.ceil(x[choice])
        yield _Node(node.bound, node.lower, upper)
        yield _Node(node.bound, lower, node.upper)

    def _with_zero(self, node: _Node, column: int) -> _Node:
        upper = node.upper.copy()
        upper[column] = 0.0
        return _Node(node.bound, node.lower, upper)

    def _dive(self, node: _Node, x: Floats) -> None:
        """Fix the smaller of each pair at zero, round the integers, and keep the point if there is one."""
        lower, upper = node.lower.copy(), node.upper.copy()
        for a, b in self.pairs:
            upper[a if x[a] <= x[b] else b] = 0.0
        for column in self.integers:
            lower[column] = upper[column] = round(x[column])
        _, found = self._relaxed(lower, upper)
        if found is not None:
            value = self.program.sign * self.program.objective(found)
            if value < self.value:
                self.incumbent, self.value = found, value

    def _cutoff(self) -> float:
        """Return the value from which on a node is not worth visiting."""
        value = min(self.value, self.known)
        if math.isinf(value):
            return math.inf
        return value - 0.3 * self.settings.gap * max(1.0, abs(value))

    def _is_late(self) -> bool:
        limit = self.settings.time_limit
        return limit is not None and time.perf_counter() - self.began > limit

    def _push(self, heap: list[tuple[float, int, _Node]], node: _Node) -> None:
        heapq.heappush(heap, (node.bound, -next(self._order), node))

    def _report(self, reason: StopReason, bound: float | None) -> Report:
        status, objective = PointStatus.NONE, None
        if self.incumbent is not None and not reason.is_no_solution:
            for variable, value in zip(self.program.variables, self.incumbent, strict=True):
                variable.set_value(float(value), skip_validation=True)
            objective = float(self.program.objective(self.incumbent))
            status = PointStatus.OPTIMAL if reason is StopReason.CONVERGED else PointStatus.FEASIBLE
        is_bounded = bound is not None and math.isfinite(bound)
        return Report(
            solver="highs",
            version=get("highs").version(),
            stop_reason=reason,
            point_status=status,
            objective=objective,
            bound=self.program.sign * bound if bound is not None and is_bounded else None,
            seconds=time.perf_counter() - self.began,
            iterations=self.nodes,
        )


def _units(program: QuadraticProgram) -> Floats:
    """Return a unit of each column (n): what makes the largest number in the tightest of its rows, or 1 if less.

    A multiplier of 1e-4 is no zero where it balances a cost of 1e-4, however large the multipliers of other rows are.
    """
    matrix = abs(program.A).tocsc()
    limits = np.nan_to_num(np.maximum(abs(program.row_lower), abs(program.row_upper)), posinf=0.0)
    units = np.ones(len(program.c))
    for column in range(len(units)):
        entries = slice(matrix.indptr[column], matrix.indptr[column + 1])
        sizes = limits[matrix.indices[entries]] / matrix.data[entries]
        units[column] = min([1.0, *sizes[sizes > 0]])
    return units


def _relaxation(program: QuadraticProgram) -> Relaxation:
    """Return what solves a node: a session that keeps its basis for linear programs, fresh runs for quadratic ones."""
    if not program.is_quadratic:
        return LinearSession(program, Options(feasibility_tolerance=TIGHT, optimality_tolerance=TIGHT)).solve
    continuous = program.relaxed()

    def solve(lower: Floats, upper: Floats) -> tuple[StopReason, Floats | None]:
        options = Options(time_limit=NODE_SECONDS)
        answer = solve_arrays(dataclasses.replace(continuous, lower=lower, upper=upper), options)
        return answer.stop_reason, answer.x if answer.stop_reason is StopReason.CONVERGED else None

    return solve
