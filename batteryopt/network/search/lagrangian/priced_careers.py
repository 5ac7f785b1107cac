"""Careers of facilities: which sizes may follow each other, and what the cheapest sequence of them is.

A career goes through levels, 0 (nothing stands yet) to the largest, may rise, and may end by closing. Salvage is paid
for what was raised if the facility stands at the end, so that it is known from the beginning whether it will: each
facility's careers are those that last and those that end, apart. Cheapest careers come from going backwards through the
periods, once; going forwards too tells what any level in any period costs at least.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from batteryopt.network.formulation.algebra import Bools, Floats
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.search.searched_problem import Problem
from batteryopt.network.search.start import Facilities

LASTS, ENDS = 0, 1
"""The two fates of a career."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Careers:
    """Costs and rules of facilities' sizes; F facilities, T periods, levels 0 (none) to L, and L + 1: closed for good.

    Attributes
    ----------
    columns
        Of ``is_open`` by facility, step and period (F, L, T); -1 where there is no such step.
    turns
        The same of ``raised``, ``closed`` and ``kept``, by name.
    capacity
        By level (F, T, L + 1).
    charge
        What a tonne processed costs more at a level (F, T, L + 1); None where levels do not differ.
    standing
        What a level costs in a period (F, T, L + 2), infinite where it may not stand.
    raising
        Sum of prices up to a level, by fate (2, F, T, L + 1): from a to b costs the difference.
    blocked
        Number of steps up to a level that may not be raised in a period (F, T, L + 1).
    closing
        What closing from a level costs (F, T, L + 1), infinite where it may not be.
    first
        Level before the first period (F).
    """

    columns: Ints
    turns: Mapping[str, Ints]
    capacity: Floats
    charge: Floats | None
    standing: Floats
    raising: Floats
    blocked: Ints
    closing: Floats
    first: Ints

    @property
    def shape(self) -> tuple[int, int, int]:
        """Facilities, periods, levels with none."""
        return self.capacity.shape[0], self.capacity.shape[1], self.capacity.shape[2]

    def charged(self, paid: Floats | None) -> Careers:
        """Return careers that cost less by what is paid for each column (columns)."""
        if paid is None:
            return self
        of = {name: _at_columns(paid, columns) for name, columns in self.turns.items()}
        standing = np.array(self.standing)
        standing[:, :, :-1] -= _levels(_at_columns(paid, self.columns))
        raising = self.raising - np.stack([_levels(of["raised"] + of["kept"]), _levels(of["raised"])])
        return dataclasses.replace(
            self, standing=standing, raising=raising, closing=self.closing - _levels(of["closed"])
        )

    def put(self, x: Floats, best: Best) -> None:
        """Write the columns of careers into a point."""
        level = best.level
        before = np.concatenate([self.first[:, None], level[:, :-1]], axis=1)
        step = np.arange(self.columns.shape[1])[:, None]
        stands, stood = step < level[:, None, :], step < before[:, None, :]
        _put(x, self.columns, stands)
        _put(x, self.turns["raised"], stands & ~stood)
        _put(x, self.turns["closed"], stood & ~stands)
        _put(x, self.turns["kept"], stands & ~stood & (best.fate == LASTS)[:, None, None])

    @cached_property
    def steps(self) -> Floats:
        """What going from a state to another costs at the beginning of a period (2, T, states, states, F)."""
        F, T, levels = self.shape
        table = np.full((2, T, levels + 1, levels + 1, F), np.inf)
        for a in range(levels):
            for b in range(a, levels):
                is_free = self.blocked[:, :, b] == self.blocked[:, :, a]
                cost = self.raising[:, :, :, b] - self.raising[:, :, :, a]
                table[:, :, a, b] = np.where(is_free, cost, np.inf).transpose(0, 2, 1)
            if a > 0:
                table[ENDS, :, a, levels] = self.closing[:, :, a].T
        table[:, :, levels, levels] = 0.0
        return table


@dataclass(frozen=True, kw_only=True, eq=False)
class Best:
    """Cheapest careers.

    Attributes
    ----------
    value
        Of each facility (F).
    level
        In each period (F, T); 0 where nothing stands.
    fate
        Which (F).
    through
        Least cost of a career that has a level in a period (F, T, L + 1); closed counts as 0.
    """

    value: Floats
    level: Ints
    fate: Ints
    through: Floats


def best_careers(careers: Careers, gain: Floats, *, with_through: bool = False) -> Best:
    """Return the cheapest careers where levels earn something.

    Parameters
    ----------
    gain
        Cost of what a level does in a period, negative where it earns (F, T, L + 1).
    """
    F, T, levels = careers.shape
    here = np.array(careers.standing)
    here[:, :, :levels] += gain
    here = np.ascontiguousarray(here.transpose(1, 2, 0))
    ahead, choice = _backwards(careers, here)
    start = np.arange(F)
    total = np.stack([ahead[fate][0][careers.first, start] for fate in (LASTS, ENDS)])
    fate = np.argmin(total, axis=0)
    state, level = careers.first, np.zeros((F, T), dtype=np.int64)
    for t in range(T):
        state = choice[fate, t, state, start]
        level[:, t] = np.where(state == levels, 0, state)
    value = total[fate, start]
    through = _through(careers, here, ahead) if with_through else np.zeros((F, T, levels))
    return Best(value=value, level=level, fate=fate, through=through)


def _backwards(careers: Careers, here: Floats) -> tuple[Floats, Ints]:
    """Return the least cost from the beginning of each period on, by state before it, and the state chosen."""
    F, T, levels = careers.shape
    ahead = np.zeros((2, T + 1, levels + 1, F))
    ahead[LASTS, T, levels] = np.inf
    ahead[ENDS, T, :levels] = np.inf
    choice = np.zeros((2, T, levels + 1, F), dtype=np.int64)
    for t in range(T - 1, -1, -1):
        ways = careers.steps[:, t] + (here[t] + ahead[:, t + 1])[:, None]
        choice[:, t] = np.argmin(ways, axis=2)
        ahead[:, t] = np.take_along_axis(ways, choice[:, t][:, :, None], axis=2)[:, :, 0]
    return ahead, choice


def _through(careers: Careers, here: Floats, ahead: Floats) -> Floats:
    """Return the least cost of a career through each level in each period."""
    F, T, levels = careers.shape
    before = np.full((2, levels + 1, F), np.inf)
    before[:, careers.first, np.arange(F)] = 0.0
    through = np.zeros((F, T, levels))
    for t in range(T):
        now = (before[:, :, None] + careers.steps[:, t]).min(axis=1) + here[t]
        whole = (now + ahead[:, t + 1]).min(axis=0)
        through[:, t] = whole[:levels].T
        through[:, t, 0] = np.minimum(whole[0], whole[levels])
        before = now
    return through


def careers_of(problem: Problem) -> Careers | None:
    """Return the careers of a problem's facilities; None where sizes lie between levels, or shrink."""
    m, core = problem.m, problem.core
    sizes = m.families["is_open"]
    if not sizes.is_integer.all() or core.lower[m.families["raised"].positions].any():
        return None
    facility, step, period = (sizes.index[key] for key in ("facility", "step", "period"))
    F, L, T = (int(codes.max(initial=-1)) + 1 for codes in (facility, step, period))
    place = facility, step, period
    columns = np.full((F, L, T), -1, dtype=np.int64)
    columns[place] = np.arange(sizes.positions.start, sizes.positions.stop)
    exists = columns >= 0
    initial = np.zeros((F, L))
    changes = m.rows["size_changes_by_steps"]
    at = changes.index["facility"], changes.index["step"]
    np.maximum.at(initial, at, changes.lower)  # what stood before is the right side of the first period's rows
    if not np.isin(initial, (0.0, 1.0)).all():
        return None
    turns = {name: _columns(problem, name, columns) for name in ("raised", "closed", "kept")}
    costs = {name: _at_columns(core.c, of) for name, of in (("is_open", columns), *turns.items())}
    return Careers(
        columns=columns,
        turns=turns,
        capacity=_levels(_capacity(problem, columns)),
        charge=_charge(problem, columns),
        standing=_standing(problem, columns, costs["is_open"]),
        raising=np.stack([_levels(costs["raised"] + costs["kept"]), _levels(costs["raised"])]),
        blocked=_levels(exists & _is_blocked(problem, columns)).astype(np.int64) + _missing(exists),
        closing=np.where((turns["closed"] >= 0)[:, 0, :, None], _levels(costs["closed"]), np.inf),
        first=initial.sum(axis=1).astype(np.int64),
    )


def _at_columns(values: Floats, columns: Ints) -> Floats:
    """Return the values of columns; 0 where there is none."""
    return np.where(columns >= 0, values[np.maximum(columns, 0)], 0.0)


def _put(x: Floats, columns: Ints, values: Bools) -> None:
    exists = columns >= 0
    x[columns[exists]] = values[exists]


def _levels(steps: Floats | Bools) -> Floats:
    """Return figures of levels, none first, of figures of steps: (F, L, T) to (F, T, L + 1)."""
    F, _, T = steps.shape
    whole = np.concatenate([np.zeros((F, 1, T)), np.cumsum(steps, axis=1)], axis=1)
    return np.ascontiguousarray(whole.transpose(0, 2, 1))


def _missing(exists: Bools) -> Ints:
    """Return a large number of blocks from the first level on that a facility does not have (F, T, L + 1)."""
    return np.asarray(_levels(~exists) * (exists.shape[1] + 1), dtype=np.int64)


def _columns(problem: Problem, name: str, like: Ints) -> Ints:
    """Return the columns of a family by facility, step and period; -1 where there is none."""
    found = np.full(like.shape, -1, dtype=np.int64)
    family = problem.m.families.get(name)
    if family is not None and len(family):
        place = tuple(family.index[key] for key in ("facility", "step", "period"))
        found[place] = np.arange(family.positions.start, family.positions.stop)
    return found


def _is_blocked(problem: Problem, columns: Ints) -> Bools:
    """Return which steps may not be raised in a period."""
    raised = problem.m.families["raised"]
    found = np.zeros(columns.shape, dtype=bool)
    place = tuple(raised.index[key] for key in ("facility", "step", "period"))
    found[place] = problem.core.upper[raised.positions] < 0.5
    return found


def _capacity(problem: Problem, columns: Ints) -> Floats:
    """Return the capacity that each step adds, in the network's own tonne."""
    by_size = Facilities(problem.m).capacity
    return np.where(columns >= 0, by_size[np.maximum(columns - problem.m.families["is_open"].first, 0)], 0.0)


def _charge(problem: Problem, columns: Ints) -> Floats | None:
    """Return what a tonne costs at each level, none first; None where no facility's levels differ."""
    at_level = _columns(problem, "at_level", columns)
    if not (at_level >= 0).any():
        return None
    costs = _at_columns(problem.core.c, at_level).transpose(0, 2, 1)
    return np.concatenate([np.zeros((*costs.shape[:2], 1)), costs], axis=2)


def _standing(problem: Problem, columns: Ints, costs: Floats) -> Floats:
    """Return what levels cost in a period, infinite where bounds of the steps do not allow them; closed as none."""
    low, high = (
        np.where(columns >= 0, side[np.maximum(columns, 0)], 0.0) for side in (problem.core.lower, problem.core.upper)
    )
    found = _levels(costs)
    too_few = _levels(low > 0.5)  # steps that must stand, among those up to a level
    must = too_few[:, :, -1:]
    found = np.where(too_few < must, np.inf, found)
    found = np.where(_levels(high < 0.5) > 0, np.inf, found)
    return np.concatenate([found, found[:, :, :1]], axis=2)
