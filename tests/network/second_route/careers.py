"""Every career that a facility may have, one by one: where it stands at which size in each period, or nowhere.

One yes-or-no variable a career. With sizes between levels a career says between which two levels the size is in each
period, and the size is a variable of its own; on that stretch every figure of the levels is a straight line.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from batteryopt.network.data.instance import Candidate, FacilityType, Level, Network, Sizes, Standing
from tests.network.second_route.program import Linear, Program, total

Stretch = tuple[int, int]
"""Positions of the levels between which a size lies; twice the same: that level."""
Course = tuple[Stretch | None, ...]
"""The stretch in each period; None where nothing stands."""


@dataclass(frozen=True)
class Career:
    """A course that may be taken, whether it is (0 or 1), and its size before the plan and in each period."""

    course: Course
    is_taken: Linear
    sizes: tuple[Linear, ...]
    before: float | None


class Place:
    """A candidate's careers in a program, and what they mean in each period, as sums over the careers."""

    def __init__(self, program: Program, network: Network, candidate: Candidate) -> None:
        self.network, self.candidate = network, candidate
        self.site, self.type = candidate.site, candidate.type
        self.kind: FacilityType = network.types_by_name[candidate.type]
        self.levels: tuple[Level, ...] = network.levels_of(candidate)
        self.initial = _initial_size(candidate, self.levels)
        self.careers = [self._career(program, course) for course in courses(network, candidate)]
        program.zero(f"{self.site}/{self.type} has one career", total(c.is_taken for c in self.careers) - 1.0)

    def _career(self, program: Program, course: Course) -> Career:
        taken = program.decide("career", self.site, self.type, course, most=1.0, is_whole=True)
        sizes = tuple(self._size(program, course, t, taken) for t in range(len(course)))
        career = Career(course, taken, sizes, self.initial)
        if not _may_shrink(self.kind):
            for t, (now, before) in enumerate(zip(sizes, self._befores(career), strict=True)):
                if course[t] is not None and before is not None:
                    program.at_most_zero(f"{self.site}/{self.type} does not shrink in {t}", before - now)
        for t in range(len(course)):
            self._hold_dates(program, career, t)
        return career

    def _size(self, program: Program, course: Course, t: int, taken: Linear) -> Linear:
        if course[t] is None:
            return Linear()
        low, high = (self.levels[position].capacity_t for position in course[t] or ())
        if low == high:
            return taken * low
        size = program.decide("size", self.site, self.type, course, t)
        program.at_most_zero(f"size of {self.site}/{self.type} (least)", taken * low - size)
        program.at_most_zero(f"size of {self.site}/{self.type} (most)", size - taken * high)
        return size

    def _befores(self, career: Career) -> list[Linear | None]:
        first = None if career.before is None else career.is_taken * career.before
        later = (None if s is None else x for s, x in zip(career.course[:-1], career.sizes[:-1], strict=True))
        return [first, *later]

    def _hold_dates(self, program: Program, career: Career, t: int) -> None:
        """Not raised too early; not below the least level of a forced one."""
        begin = self.network.period_index.get(self.candidate.earliest, 0)
        before = self._befores(career)[t]
        if career.course[t] is None:
            return
        if t < begin and before is not None:
            program.at_most_zero(f"{self.site}/{self.type} is not raised in {t}", career.sizes[t] - before)
        if self.candidate.standing is Standing.FORCED:
            least = {level.name: level.capacity_t for level in self.levels}.get(self.candidate.level, 0.0)
            if t >= self.network.period_index.get(self.candidate.forced_from, 0):
                program.at_most_zero(f"{self.site}/{self.type} is forced", career.is_taken * least - career.sizes[t])

    # ---- what the careers mean

    def is_open(self, t: int) -> Linear:
        """Return whether it stands in a period."""
        return total(c.is_taken for c in self.careers if c.course[t] is not None)

    def opens(self, t: int) -> Linear:
        """Return whether it opens in a period."""
        return total(c.is_taken for c in self.careers if c.course[t] is not None and self._stretch_before(c, t) is None)

    def size(self, t: int) -> Linear:
        """Return its capacity in a period, t."""
        return total(c.sizes[t] for c in self.careers)

    def stretches(self, t: int) -> list[Stretch]:
        """Return the stretches in which its size may lie in a period."""
        return sorted({c.course[t] for c in self.careers if c.course[t] is not None})  # type: ignore[type-var]

    def size_on(self, t: int, stretch: Stretch) -> Linear:
        """Return its capacity in a period where that lies in a stretch, else 0."""
        return total(c.sizes[t] for c in self.careers if c.course[t] == stretch)

    def is_on(self, t: int, stretch: Stretch) -> Linear:
        """Return whether its size lies in a stretch in a period."""
        return total(c.is_taken for c in self.careers if c.course[t] == stretch)

    def figure(self, name: str, t: int) -> Linear:
        """Return a figure of the levels at the size that stands."""
        return total(self._figure(name, t, c, c.course[t], c.sizes[t]) for c in self.careers)

    def invested(self, t: int) -> Linear:
        """Return the money for opening and raising in a period, less what shrinking gives back; not discounted."""
        return total(self._invested(c, t) for c in self.careers)

    def closing_cost(self, t: int) -> Linear:
        """Return the cost of closing in a period: that of the size that stood before."""
        return total(self._before_figure("closing_cost", t, c) for c in self.careers if c.course[t] is None)

    def worth(self, shares: Sequence[float]) -> Linear:
        """Return what its investments are worth at the end, where it still stands; `shares` of each is the owner's."""
        life, periods = self.kind.life_periods, len(shares)
        if life is None:
            return Linear()
        left = [max(0.0, 1.0 - (periods - t) / life) for t in range(periods)]
        standing = [c for c in self.careers if c.course[-1] is not None]
        return total(self._invested(c, t) * (left[t] * shares[t]) for c in standing for t in range(periods))

    def _invested(self, career: Career, t: int) -> Linear:
        if career.course[t] is None:
            return Linear()
        now = self._figure("opening_cost", t, career, career.course[t], career.sizes[t])
        return (now - self._before_figure("opening_cost", t, career)) * self.candidate.opening_cost_factor

    def _before_figure(self, name: str, t: int, career: Career) -> Linear:
        before = self._befores(career)[t]
        stretch = self._stretch_before(career, t)
        return Linear() if before is None else self._figure(name, t, career, stretch, before)

    def _stretch_before(self, career: Career, t: int) -> Stretch | None:
        if t:
            return career.course[t - 1]
        return None if self.initial is None else _stretch_of(self.initial, self.levels)

    def _figure(self, name: str, t: int, career: Career, stretch: Stretch | None, size: Linear) -> Linear:
        """Return a figure on the straight line between the two levels of a stretch."""
        if stretch is None:
            return Linear()
        ends = [float(self.network.profile(getattr(self.levels[position], name))[t]) for position in stretch]
        return self._between(ends, career, stretch, size)

    def capacity_of(self, product: str, t: int) -> Linear:
        """Return how much of a product it may take in a period, where its levels say so."""
        found = []
        for career in self.careers:
            stretch = career.course[t]
            if stretch is not None:
                ends = [self.levels[position].capacity_of(product) for position in stretch]
                assert None not in ends, "sizes of a facility have the same products"
                found.append(self._between([end or 0.0 for end in ends], career, stretch, career.sizes[t]))
        return total(found)

    def _between(self, ends: Sequence[float], career: Career, stretch: Stretch, size: Linear) -> Linear:
        low, high = (self.levels[position] for position in stretch)
        begin, end = ends
        if low is high:
            return career.is_taken * begin
        slope = (end - begin) / (high.capacity_t - low.capacity_t)
        return career.is_taken * begin + (size - career.is_taken * low.capacity_t) * slope


def _may_shrink(kind: FacilityType) -> bool:
    """The reference speaks of "a facility with sizes between levels" only."""
    return kind.refunds_shrinking and kind.sizes is Sizes.BETWEEN


def _initial_size(candidate: Candidate, levels: Sequence[Level]) -> float | None:
    if candidate.standing is not Standing.EXISTING:
        return None
    if candidate.capacity_t is not None:
        return max(candidate.capacity_t, levels[0].capacity_t)
    return {level.name: level.capacity_t for level in levels}.get(candidate.level, levels[0].capacity_t)


def _stretch_of(size: float, levels: Sequence[Level]) -> Stretch:
    """Return where a size that stands before the plan lies; on a level both its stretches say the same."""
    for position, level in enumerate(levels):
        if size == level.capacity_t:
            return (position, position)
        if size < level.capacity_t:
            return (position - 1, position)
    raise ValueError(f"no level is as large as {size}")


def courses(network: Network, candidate: Candidate) -> Iterator[Course]:
    """Yield every course that a candidate may take; what sizes may do within a stretch is left to rows."""
    kind, levels = network.types_by_name[candidate.type], network.levels_of(candidate)
    positions = range(len(levels))
    stretches: list[Stretch] = [(i, i) for i in positions]
    if kind.sizes is Sizes.BETWEEN and len(levels) > 1:
        stretches = list(itertools.pairwise(positions))
    for course in itertools.product([None, *stretches], repeat=len(network.periods)):
        if _is_legal(network, candidate, kind, course):
            yield course


def _is_legal(network: Network, candidate: Candidate, kind: FacilityType, course: Course) -> bool:
    is_existing = candidate.standing is Standing.EXISTING
    may_close = candidate.may_close if is_existing else kind.new_may_close
    begin = network.period_index.get(candidate.earliest, 0)
    stood = [is_existing, *(stretch is not None for stretch in course)]
    for t, stretch in enumerate(course):
        closes, opens = stood[t] and not stood[t + 1], stood[t + 1] and not stood[t]
        if (closes and not may_close) or (opens and (t < begin or any(stood[: t + 1]))):
            return False
        before = course[t - 1] if t else None
        if stretch is not None and before is not None and not _may_shrink(kind) and stretch < before:
            return False
    if candidate.standing is Standing.FORCED:
        return all(stood[1 + network.period_index.get(candidate.forced_from, 0) :])
    return candidate.standing is not Standing.CLOSED or not any(stood)
