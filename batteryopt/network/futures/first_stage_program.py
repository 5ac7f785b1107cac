"""The first stage with what is known of the futures behind it: a small program that grows by rows of their costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.network.data.magnitude import power_of_two
from batteryopt.network.formulation.algebra import Floats
from batteryopt.network.futures.first_stage import FirstStage
from batteryopt.network.futures.recourse import ValueCut
from batteryopt.network.futures.risk_measure import Risk
from batteryopt.network.search.search_units import LARGEST_COST
from batteryopt.network.search.searched_problem import dual_bound, with_rows
from batteryopt.solvers.compile.arrays import QuadraticProgram
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_growing import GrowingProgram

TINY = 1e-12
"""Coefficients of a row, relative to its largest, that are rounding."""


class FirstStageProgram:
    """Columns: the first stage (k), what each future costs with hindsight (N), and what the risk needs.

    The cost of future s is ``costs with hindsight + opening[s] @ x``; the risk is one of these.

    Parameters
    ----------
    opening
        Costs of the first stage in each future (N, k).
    shares
        Probabilities (N).
    money
        The unit in which the futures count; that of the first stage may be a larger one, and then counts.
    """

    def __init__(
        self,
        first: FirstStage,
        opening: Floats,
        shares: Floats,
        risk: Risk,
        options: Options,
        flag: InterruptFlag,
        *,
        money: float = 1.0,
    ) -> None:
        self.first, self.opening, self.shares, self.risk = first, opening, shares, risk
        self.cuts: list[tuple[int, ValueCut]] = []
        most = float(np.max(np.abs(opening), initial=0.0))
        self.money = max(money, power_of_two(most / LARGEST_COST)) if most > 0 else money
        self._options, self._flag = options, flag
        self.base = self._base()
        self.live = GrowingProgram(self.base, options, flag)

    # ---- the program

    @property
    def _weights(self) -> Floats:
        """Weights of the futures' costs outside of the risk (N)."""
        return self.shares * (1.0 - self.risk.weight)

    def _base(self) -> QuadraticProgram:
        first, count, k = self.first, len(self.shares), len(self.first)
        free = np.full(count, np.inf)
        c = np.concatenate([self._weights @ self.opening / self.money, self._weights])
        lower, upper = np.concatenate([first.lower, -free]), np.concatenate([first.upper, free])
        if self.risk.weight > 0:
            of_tail = 0.0 if self.risk.is_worst else 1.0 / (1.0 - self.risk.alpha)
            c = np.concatenate([c, [self.risk.weight], self.risk.weight * of_tail * self.shares])
            lower = np.concatenate([lower, [-np.inf], np.zeros(count)])
            upper = np.concatenate([upper, [np.inf], np.zeros(count) if self.risk.is_worst else free])
        size = len(c)
        A = sp.csr_array(sp.hstack([first.A, sp.csr_array((first.A.shape[0], size - k))], format="csr"))
        rows = QuadraticProgram(
            c=c, Q=sp.csc_array((size, size)), A=A, row_lower=first.row_lower, row_upper=first.row_upper,
            lower=lower, upper=upper, is_integer=np.concatenate([first.is_integer, np.zeros(size - k, dtype=bool)]),
        )  # fmt: skip
        if self.risk.weight == 0:
            return rows
        eye = np.eye(count)
        of_risk = np.hstack([self.opening / self.money, eye, -np.ones((count, 1)), -eye])
        return with_rows(rows, sp.csr_array(of_risk), -free, np.zeros(count))

    def add(self, cuts: Sequence[tuple[int, ValueCut]]) -> None:
        """Add rows: of the costs of futures, by their number, or of their rules. Empty ones stay out."""
        telling = [(future, cut) for future, cut in cuts if np.isfinite(cut.constant)]
        if telling:
            self.live.add_rows(*self._rows(telling))
            self.cuts.extend(telling)

    def _rows(self, cuts: Sequence[tuple[int, ValueCut]]) -> tuple[sp.csr_array, Floats, Floats]:
        table = np.zeros((len(cuts), len(self.base.c)))
        lower = np.zeros(len(cuts))
        for row, (future, cut) in enumerate(cuts):
            unit = 1.0 if cut.is_of_rules else self.money
            table[row, : len(self.first)] = -cut.slope / unit
            if not cut.is_of_rules:
                table[row, len(self.first) + future] = 1.0
            lower[row] = cut.constant / unit
        table[np.abs(table) < TINY * np.max(np.abs(table), axis=1, keepdims=True)] = 0.0
        return sp.csr_array(table), lower, np.full(len(cuts), np.inf)

    def whole(self, kept: Sequence[int] | None = None) -> QuadraticProgram:
        """Return the program with whole numbers and with its rows, or with those of some numbers."""
        cuts = self.cuts if kept is None else [self.cuts[i] for i in kept]
        if not cuts:
            return self.base
        A, lower, upper = self._rows(cuts)
        return with_rows(self.base, A, lower, upper)

    def completed(self, x: Floats) -> Floats:
        """Return a first stage with the least values of the other columns that the rows allow."""
        count = len(self.shares)
        later = np.full(count, -np.inf)
        for future, cut in self.cuts:
            if not cut.is_of_rules:
                later[future] = max(later[future], cut.at(x))
        point = np.concatenate([x, later / self.money])
        if self.risk.weight == 0:
            return point
        costs = (later + self.opening @ x) / self.money
        eta = self._eta(costs)
        return np.concatenate([point, [eta], np.maximum(0.0, costs - eta)])

    def least(self, x: Floats) -> float:
        """Return what the rows say that a first stage costs at least, in money."""
        later = self.completed(x)[len(x) : len(x) + len(self.shares)] * self.money
        return self.value((later + self.opening @ x).tolist())

    def _eta(self, costs: Floats) -> float:
        """Return what the good futures cost at most: at an optimum, one of the costs."""
        if self.risk.is_worst:
            return float(costs.max())
        tail = [float(np.dot(self.shares, np.maximum(0.0, costs - c))) / (1 - self.risk.alpha) + c for c in costs]
        return float(costs[int(np.argmin(tail))])

    # ---- what is proven

    def value(self, costs: Sequence[float]) -> float:
        """Return the measure of the futures' costs."""
        return self.risk.of(costs, self.shares.tolist())

    def proven(self, row_duals: Floats) -> float:
        """Return the lower bound of the measure that duals of the rows prove, in money, by weak duality alone.

        A mean of the rows of a future is a row of it. The measure is at least the mean of the futures' costs with any
        weights that it allows: the probabilities, or those that the worst ones get in it. What is left is a linear
        function of the first stage, and its least value over the rows and bounds of that is bounded by duals again.
        """
        parts = self._parts_of_rows(row_duals)
        if parts is None:
            return -np.inf
        given, of_rows = parts
        weights = self._allowed(given)
        costs, constant = weights @ self.opening / self.money, 0.0
        for share, (future, cut) in zip(of_rows, self.cuts, strict=True):
            if share > 0:
                costs += share * weights[future] * cut.slope / self.money
                constant += share * weights[future] * cut.constant / self.money
        rules = [i for i, (_, cut) in enumerate(self.cuts) if cut.is_of_rules]
        return self._over_the_first_stage(costs, constant, row_duals, rules) * self.money

    def active(self, row_duals: Floats) -> set[int]:
        """Return the numbers of the rows of futures that have a dual."""
        return set(np.flatnonzero(row_duals[len(self.base.row_lower) :] > 0).tolist())

    def slopes(self, row_duals: Floats) -> Floats | None:
        """Return by how much each future's cost grows with the first stage (N, k): the mean of its rows by their duals.

        Opening is in it. None where a future has no row.
        """
        parts = self._parts_of_rows(row_duals)
        if parts is None:
            return None
        found = np.array(self.opening, dtype=float)
        for share, (future, cut) in zip(parts[1], self.cuts, strict=False):
            if share > 0:
                found[future] += share * cut.slope
        return found

    def _parts_of_rows(self, row_duals: Floats) -> tuple[Floats, Floats] | None:
        """Return the duals of each future (N), and each row's part of its future's; None where one has no row.

        A future whose rows have no dual is not among the worst; its first row says something of it all the same.
        """
        own = np.maximum(0.0, row_duals[len(self.base.row_lower) :])
        cuts = self.cuts[: len(own)]  # others have joined since the duals were taken
        of_costs = np.array([not cut.is_of_rules for _, cut in cuts], dtype=bool)
        futures = np.array([future for future, _ in cuts], dtype=np.int64)
        given = np.bincount(futures[of_costs], weights=own[of_costs], minlength=len(self.shares))
        parts = np.where(of_costs & (given[futures] > 0), own / np.maximum(given[futures], 1e-300), 0.0)
        for future in np.flatnonzero(given == 0):
            first = np.flatnonzero(of_costs & (futures == future))
            if not len(first):
                return None
            parts[first[0]] = 1.0
        return np.asarray(given, dtype=float), np.asarray(parts, dtype=float)

    def _over_the_first_stage(self, costs: Floats, constant: float, row_duals: Floats, rules: Sequence[int]) -> float:
        first, k = self.first, len(self.first)
        A, lower, upper = first.A, first.row_lower, first.row_upper
        duals = row_duals[: A.shape[0]]
        if rules:
            of_rules, least, most = self._rows([self.cuts[i] for i in rules])
            A = sp.csr_array(sp.vstack([A, of_rules[:, :k]], format="csr"))
            lower, upper = np.concatenate([lower, least]), np.concatenate([upper, most])
            duals = np.concatenate([duals, row_duals[len(self.base.row_lower) :][rules]])
        program = QuadraticProgram(
            c=costs, c0=constant, Q=sp.csc_array((k, k)), A=A, row_lower=lower, row_upper=upper,
            lower=first.lower, upper=first.upper, is_integer=first.is_integer,
        )  # fmt: skip
        return dual_bound(program, duals)

    def _allowed(self, given: Floats) -> Floats:
        """Return weights of the futures that the measure is at least the mean with: those that duals gave, mended.

        Of the expected cost the probabilities; of the worst ones any that sum to 1, none above ``p / (1 - alpha)``.
        """
        if self.risk.weight == 0:
            return self.shares
        most = np.full(len(self.shares), np.inf) if self.risk.is_worst else self.shares / (1.0 - self.risk.alpha)
        tail = np.clip((given - self._weights) / self.risk.weight, 0.0, most)
        lacks = 1.0 - float(tail.sum())
        if lacks < 0:
            tail /= tail.sum()
        elif self.risk.is_worst:
            tail += lacks * (tail / tail.sum() if tail.sum() > 0 else self.shares)
        elif lacks > 0:
            room = most - tail
            tail += lacks * room / room.sum()
        return np.asarray(self._weights + self.risk.weight * tail, dtype=float)
