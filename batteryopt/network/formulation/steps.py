"""Sizes in steps: step k is the difference between levels k-1 and k; what is decided about them beforehand."""

from __future__ import annotations

import numpy as np

from batteryopt.network.data.facilities import Sizes, Standing
from batteryopt.network.formulation.algebra import Bools, Floats, Index, Terms
from batteryopt.network.formulation.draft import Draft
from batteryopt.network.formulation.matching import Ints


class Standings:
    """What is decided beforehand, by step of size: what stands, what must and what may stand in each period."""

    def __init__(self, b: Draft) -> None:
        steps, T = b.sets.STEPS, b.sets.T
        self.initial = np.zeros(len(steps))
        self.lower = np.zeros((len(steps), T))
        self.upper = np.ones((len(steps), T))
        self.may_grow = np.ones((len(steps), T), dtype=bool)
        self.may_close = np.zeros(len(b.sets.candidates), dtype=bool)
        firsts = np.searchsorted(steps["facility"], np.arange(len(b.sets.candidates) + 1))
        for facility in range(len(b.sets.candidates)):
            self._decide(b, facility, slice(firsts[facility], firsts[facility + 1]))

    def _decide(self, b: Draft, facility: int, rows: slice) -> None:
        candidate, levels = b.sets.candidates[facility], b.sets.levels(facility)
        names = [level.name for level in levels]
        count = names.index(candidate.level) + 1 if candidate.level in names else 1
        period = b.network.period_index
        type_ = b.network.types_by_name[candidate.type]
        is_existing = candidate.standing is Standing.EXISTING
        if is_existing:
            self.initial[rows] = shares_of_steps([v.capacity_t for v in levels], count, candidate.capacity_t)
            self.may_close[facility] = candidate.may_close
            if not candidate.may_close:
                self.lower[rows] = self.initial[rows, None]
            if type_.refunds_shrinking:
                self.lower[rows.start + 1 : rows.stop] = 0.0
        else:
            self.may_close[facility] = type_.new_may_close
        if candidate.earliest:
            self.upper[rows, : period[candidate.earliest]] = self.initial[rows, None]
            self.may_grow[rows, : period[candidate.earliest]] = False
        if candidate.standing is Standing.FORCED:
            begin = period[candidate.forced_from] if candidate.forced_from else 0
            self.lower[rows.start : rows.start + count, begin:] = 1.0


def shares_of_steps(capacities: list[float], count: int, capacity_t: float | None) -> Floats:
    """Return how much of each step stands: all of the first `count`, or what makes up a capacity between levels."""
    if capacity_t is None:
        return (np.arange(len(capacities)) < count).astype(float)
    below = np.array([0.0, *capacities[:-1]])
    widths = np.array(capacities) - below
    shares = np.clip((capacity_t - below) / np.where(widths > 0, widths, 1.0), 0, 1)
    shares[0] = 1.0  # the smallest level has no smaller one to lie between
    return np.asarray(shares, dtype=float)


def is_between(b: Draft) -> Bools:
    """Return whether each facility may have sizes between levels (facilities)."""
    types = b.network.types_by_name
    return np.array([types[c.type].sizes is Sizes.BETWEEN for c in b.sets.candidates], dtype=bool)


def shrinks(b: Draft) -> Bools:
    """Return whether each facility may shrink and is paid for it (facilities)."""
    types = b.network.types_by_name
    refunds = [types[c.type].refunds_shrinking for c in b.sets.candidates]
    return np.asarray(np.array(refunds, dtype=bool) & is_between(b), dtype=bool)


def first_step(b: Draft) -> Terms:
    """Return whether each facility stands, by facility and period."""
    is_open = b.m["is_open"]
    return is_open.where(is_open["step"] == 0)


def at_first_period(STEPS: Index, values: Floats) -> Floats:
    """Return values of steps at the rows of the first period, 0 at the others."""
    return np.where(STEPS["period"] == 0, np.repeat(values, int(STEPS["period"].max(initial=0)) + 1), 0.0)


def has_larger(b: Draft, STEPS: Index) -> Bools:
    """Return whether a step has another one above it (rows)."""
    counts = np.array([len(b.sets.levels(f)) for f in range(len(b.sets.candidates))], dtype=np.int64)
    return np.asarray(STEPS["step"] + 1 < counts[STEPS["facility"]], dtype=bool)


def opening_prices(b: Draft) -> Floats:
    """Return the price of raising each step in each period (steps x T), undiscounted."""
    facility = np.repeat(b.sets.STEPS["facility"], b.sets.T)
    return b.sets.by_step("opening_cost").ravel() * b.sets.by_facility("opening_cost_factor")[facility]


def level_figures(steps: Floats, step: Ints) -> Floats:
    """Return running sums of steps within each facility: the figure of the level."""
    sums = np.cumsum(steps, axis=0)
    first = np.maximum.accumulate(np.where(step == 0, np.arange(len(step)), 0))
    return sums - (sums[first] - steps[first])


def rows_of(b: Draft, LEVELS: Index) -> Ints:
    """Return where rows of a part of STEPS x periods stand among all of them."""
    firsts = np.searchsorted(b.sets.STEPS["facility"], LEVELS["facility"])
    return np.asarray((firsts + LEVELS["step"]) * b.sets.T + LEVELS["period"], dtype=np.int64)
