"""A first plan within seconds: linear programs whose prices learn what whole facilities cost.

The relaxation likes a third of a plant at every site, since a third costs a third. So the price of each facility is
scaled, again and again, to what the size that its flow needs would cost as a whole ("dynamic slope scaling", after
Kim and Pardalos, Operations Research Letters 24, 1999): where little flows a tonne becomes dear, and flows gather
where they fill what they pay for. Then sizes are fixed, flows decided at true prices, and sizes that are not needed
given up.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from batteryopt.network.formulation.algebra import Bools, Floats, Formulation, Rows
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.search.deadlines import seconds_left
from batteryopt.network.search.kept_together import groups_of, one_of_each
from batteryopt.network.search.relaxation import Relaxation

SCALINGS = 8
"""Times that prices are scaled."""
CLEANINGS = 4
"""Times that sizes are cut to what flows need."""
DEAREST = 1e3
"""Largest factor of a price."""
WHOLE = 1e-6
SURE, SHARE, MOST_ROUNDS = 0.7, 0.34, 40
"""What is larger than `SURE`, or among the largest `SHARE`, is rounded up between two solves, so many times at most."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Limit:
    """A capacity of facilities: that in all, or that of one product.

    Attributes
    ----------
    capacity
        What each step adds (n), in the network's own tonnes; 0 where a facility has no such capacity.
    work, use, place
        Columns of what takes it, how much a unit takes, and its facility, period and future.
    """

    capacity: Floats
    work: Ints
    use: Floats
    place: tuple[Ints, ...]
    futures: int


def _limits(m: Formulation) -> Iterator[_Limit]:
    """Yield the capacity in all, then those of single products."""
    yield _limit(m, m.rows["capacity_is_kept"], None)
    rows = m.rows.get("product_capacity_is_kept")
    if rows is not None:
        for product in np.unique(rows.index["product"]).tolist():
            yield _limit(m, rows, product)


def _limit(m: Formulation, rows: Rows, product: int | None) -> _Limit:
    sizes, chosen = m.families["is_open"], np.ones(len(rows), dtype=bool)
    if product is not None:
        chosen = rows.index["product"] == product
    mine, work = (rows.of(m.families[name]) & chosen[rows.row] for name in ("is_open", "processed"))
    capacity = np.zeros(len(sizes))
    capacity[rows.variable[mine] - sizes.first] = -rows.coefficient[mine] / m.tonne
    # where one plan is for several futures, a size is for the one that needs most
    future = rows.index.columns.get("future", np.zeros(len(rows), dtype=np.int64))
    return _Limit(
        capacity=capacity,
        work=rows.variable[work],
        use=rows.coefficient[work],
        place=tuple(codes[rows.row[work]] for codes in (rows.index["facility"], rows.index["period"], future)),
        futures=int(future.max(initial=0)) + 1,
    )


class Facilities:
    """Sizes and capacities of facilities, read off a formulation.

    Attributes
    ----------
    owner
        Facility of each variable of ``is_open`` (n).
    capacity
        What each step adds (n), in the network's own tonnes, as the search counts what is processed.
    """

    def __init__(self, m: Formulation) -> None:
        family = m.families["is_open"]
        self.sizes, self.raised = family.positions, m.families["raised"].positions
        self.owner = family.index["facility"]
        self.step, self.period = family.index["step"], family.index["period"]
        self.is_integer = np.array(family.is_integer)
        self.count, self.periods = int(self.owner.max(initial=-1)) + 1, int(self.period.max(initial=-1)) + 1
        self.limits = list(_limits(m))
        self.capacity = self.limits[0].capacity
        previous = np.searchsorted(self._keys(self.step), self._keys(self.step, earlier=1))
        self._previous: Ints = np.where(self.period > 0, previous, -1)
        self._find_full_steps(m)

    def _find_full_steps(self, m: Formulation) -> None:
        """Note, where sizes lie between levels, which variable says that a step is used up, and the step above it."""
        family = m.families.get("is_full")
        none = np.zeros(0, dtype=np.int64)
        self.full, self._above = none, none
        if family is not None:
            steps = int(self.step.max(initial=0)) + 1
            above = (family.index["facility"] * steps + family.index["step"] + 1) * self.periods
            self.full = np.arange(family.first, family.first + len(family), dtype=np.int64)
            self._above = np.searchsorted(self._keys(self.step), above + family.index["period"])

    def is_full(self, sizes: Floats) -> Floats:
        """Return whether steps are used up (those of ``full``): the one above has begun."""
        return (sizes[self._above] > 0).astype(float)

    def _keys(self, step: Ints, *, earlier: int = 0) -> Ints:
        """Return sortable keys of (facility, step, period); rows stand in this order."""
        steps = int(self.step.max(initial=0)) + 1
        return np.asarray((self.owner * steps + step) * self.periods + self.period - earlier, dtype=np.int64)

    def cover(self, x: Floats, lower: Floats, upper: Floats) -> Floats:
        """Return sizes (n) that are just large enough for what a point processes, and never shrink.

        Steps are whole, or begun as far as needed where sizes lie between levels.
        """
        needed = np.max([self._needed(limit, x) for limit in self.limits], axis=0)
        return np.asarray(np.clip(needed, lower, upper), dtype=float)

    def _needed(self, limit: _Limit, x: Floats) -> Floats:
        """Return the sizes (n) that one capacity asks for."""
        by_future = np.zeros((self.count, self.periods, limit.futures))
        np.add.at(by_future, limit.place, limit.use * x[limit.work])
        needed = np.maximum.accumulate(by_future.max(axis=2), axis=1)[self.owner, self.period]
        below = self._below(limit.capacity)
        size = max(1.0, float(needed.max(initial=0.0)))
        whole = (needed > below + WHOLE * size).astype(float)
        part = np.clip((needed - below) / np.maximum(limit.capacity, WHOLE), 0.0, 1.0)
        return np.where(self.is_integer, whole, whole * part)

    def _below(self, capacity: Floats) -> Floats:
        """Return the capacity of all smaller steps (n)."""
        table = np.zeros((self.count, int(self.step.max(initial=0)) + 2, self.periods))
        table[self.owner, self.step + 1, self.period] = capacity
        return np.asarray(np.cumsum(table, axis=1)[self.owner, self.step, self.period], dtype=float)

    def costs(self, costs: Floats, sizes: Floats) -> Floats:
        """Return what whole careers cost (facilities): standing and raising."""
        before = np.where(self._previous >= 0, sizes[self._previous], 0.0)
        spent = costs[self.sizes] * sizes + costs[self.raised] * np.maximum(0.0, sizes - before)
        return np.asarray(np.bincount(self.owner, weights=spent, minlength=self.count), dtype=float)

    def costs_at(self, costs: Floats, x: Floats) -> Floats:
        """Return what facilities cost at a point (facilities)."""
        spent = costs[self.sizes] * x[self.sizes] + costs[self.raised] * x[self.raised]
        return np.asarray(np.bincount(self.owner, weights=spent, minlength=self.count), dtype=float)


def dive(relaxation: Relaxation, deadline: float, *, opens: Floats | None = None) -> Floats | None:
    """Return a point with whole integers, or None where the dive ends nowhere.

    Parameters
    ----------
    opens
        Values of ``is_open`` of which the first steps are taken; None for prices that learn what whole ones cost.
    """
    if relaxation.x is None:
        return None
    diver = _Diver(relaxation, deadline)
    if opens is None:
        diver.scale_prices()
    else:
        diver.open(opens)
    diver.fix_sizes()
    diver.round_the_rest()
    diver.reset()
    return diver.x if diver.x is not None and not diver.fractional().any() else None


class _Diver:
    """Bounds, prices and point while a dive goes down."""

    def __init__(self, relaxation: Relaxation, deadline: float) -> None:
        self.relaxation, self.deadline = relaxation, deadline
        self.core = relaxation.problem.core
        self.integers = np.flatnonzero(self.core.is_integer)
        self.lower, self.upper = np.array(self.core.lower), np.array(self.core.upper)
        self.facilities = Facilities(relaxation.problem.m)
        self.x: Floats | None = relaxation.x
        self.group = groups_of(relaxation.problem.m)

    def is_over(self) -> bool:
        """Whether time or hope is gone."""
        return self.x is None or time.monotonic() > self.deadline or self.relaxation.flag.is_set

    def solve(self) -> Floats | None:
        """Return the core's optimum under the bounds and prices."""
        bounds = self.lower[self.integers], self.upper[self.integers]
        self.relaxation.loose.set_bounds(self.integers, *bounds)
        return self.relaxation.loose.solve(seconds_left(self.deadline, least=0.0)).x

    def reset(self) -> None:
        """Give the relaxation its bounds back."""
        self.relaxation.loose.set_bounds(self.integers, self.core.lower[self.integers], self.core.upper[self.integers])

    def cover(self) -> Floats:
        """Return whole sizes for the point."""
        assert self.x is not None
        sizes = self.facilities.sizes
        return self.facilities.cover(self.x, self.core.lower[sizes], self.core.upper[sizes])

    def scale_prices(self) -> None:
        """Solve with prices that say what facilities of the size needed cost as a whole."""
        true, places = self.core.c, self.facilities
        factor = np.ones(places.count)
        for _ in range(SCALINGS):
            if self.is_over() or self.x is None:
                break
            whole, paid = places.costs(true, self.cover()), places.costs_at(true, self.x)
            is_used = (paid > WHOLE) & (whole > 0)
            factor[is_used] = np.clip(whole[is_used] / paid[is_used], 1.0, DEAREST)
            prices = true.copy()
            prices[places.sizes] *= factor[places.owner]
            prices[places.raised] *= factor[places.owner]
            self.relaxation.loose.set_costs(prices)
            self.x = self.solve()
        self.relaxation.loose.set_costs(true)

    def open(self, sizes: Floats) -> None:
        """Fix which facilities stand, and solve."""
        self._fix(sizes, opens_only=True)
        self.x = self.solve()

    def fix_sizes(self) -> None:
        """Fix what opens, then sizes, and cut sizes to what flows need at true prices, as long as that saves."""
        best = np.inf
        for turn in range(CLEANINGS):
            if self.is_over():
                return
            before = self.lower.copy(), self.upper.copy(), self.x
            self._fix(self.cover(), opens_only=turn == 0)
            self.x = self.solve()
            if self.x is None:  # too small for some rule: at least so large, and more where it is needed
                self.lower, self.upper, self.x = before
                self._hold_below(self.cover())
                self.x = self.solve()
                return
            value = self.core.objective(self.x)
            if turn > 0 and value > best - WHOLE * max(1.0, abs(best)):
                return
            best = value if turn > 0 else np.inf

    def _fix(self, sizes: Floats, *, opens_only: bool) -> None:
        """Fix the first step of size of each facility, or all steps that are whole."""
        places = self.facilities
        mine = places.is_integer & ((places.step == 0) | (not opens_only))
        columns = np.arange(places.sizes.start, places.sizes.stop)[mine]
        self.lower[columns] = self.upper[columns] = sizes[mine]
        if not opens_only:
            self.lower[places.full] = self.upper[places.full] = places.is_full(sizes)

    def _hold_below(self, sizes: Floats) -> None:
        """Have facilities at least so large."""
        places = self.facilities
        columns = np.arange(places.sizes.start, places.sizes.stop)[places.is_integer]
        self.lower[columns], self.upper[columns] = sizes[places.is_integer], self.core.upper[columns]

    def fractional(self) -> Bools:
        """Return which integers are not whole (integers)."""
        assert self.x is not None
        values = self.x[self.integers]
        return np.asarray(abs(values - np.round(values)) > WHOLE, dtype=bool)

    def round_the_rest(self) -> None:
        """Round what is not whole up, the largest fractions first; where that ends nowhere there is no point."""
        for _ in range(MOST_ROUNDS):
            if self.is_over() or self.x is None or not self.fractional().any():
                return
            columns = self.integers[self.fractional()]
            fraction = self.x[columns] - np.floor(self.x[columns])
            large = fraction >= min(SURE, float(np.quantile(fraction, 1 - SHARE)))
            large &= one_of_each(self.group[columns], fraction)
            before = self.lower.copy(), self.upper.copy(), self.x
            self._round_up(columns[large])
            if self.x is None and (self.group[columns] >= 0).any():
                self.lower, self.upper, self.x = before
                self._decide_one(int(columns[np.argmax(fraction)]))

    def _round_up(self, columns: Ints) -> None:
        assert self.x is not None
        self.lower[columns] = np.minimum(np.ceil(self.x[columns]), self.core.upper[columns])
        self.upper[columns] = np.maximum(self.upper[columns], self.lower[columns])
        self.x = self.solve()

    def _decide_one(self, column: int) -> None:
        """Round one integer up, or down where that ends nowhere: a place that is one too many for a facility."""
        before = self.lower.copy(), self.upper.copy(), self.x
        self._round_up(np.array([column]))
        if self.x is None:
            self.lower, self.upper, self.x = before
            assert self.x is not None
            self.upper[column] = np.floor(self.x[column])
            self.x = self.solve()
