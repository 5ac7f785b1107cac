"""What becomes of each facility in a plan: its capacity over time, and what its levels mean at any capacity."""

from __future__ import annotations

import functools
from collections import namedtuple
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from batteryopt.network.data.facilities import Candidate, Level, Standing

if TYPE_CHECKING:
    from batteryopt.network.data.instance import Network

Floats = npt.NDArray[np.float64]


@functools.cache
def _row_of(columns: tuple[str, ...]) -> Any:
    """Return the type of a row: made once, where `itertuples` makes one a call, dearer than a small table's rows."""
    return namedtuple("Row", columns)


def records(table: pd.DataFrame) -> Iterable[Any]:
    """Return a table's rows, with its columns as attributes."""
    columns = tuple(table.columns)
    return map(_row_of(columns)._make, zip(*(table[column].tolist() for column in columns), strict=True))


class Career:
    """A candidate's capacity in each period; a capacity is None where nothing stands."""

    def __init__(self, network: Network, candidate: Candidate) -> None:
        self.network = network
        self.candidate = candidate
        self.levels: tuple[Level, ...] = network.levels_of(candidate)
        self.sizes: list[float | None] = [None] * len(network.periods)

    @property
    def initial(self) -> float | None:
        """The capacity that stands before the plan."""
        if self.candidate.standing is not Standing.EXISTING:
            return None
        if self.candidate.capacity_t is not None:
            return max(self.candidate.capacity_t, self.levels[0].capacity_t)
        by_name = {level.name: level.capacity_t for level in self.levels}
        return by_name.get(self.candidate.level, self.levels[0].capacity_t)

    @property
    def befores(self) -> list[float | None]:
        """The capacity that stood in the period before each."""
        return [self.initial, *self.sizes[:-1]]

    @property
    def is_open(self) -> npt.NDArray[np.bool_]:
        """Whether it stands, by period (T)."""
        return np.array([size is not None for size in self.sizes], dtype=bool)

    def figure(self, name: str, period: int, capacity: float | None) -> float:
        """Return a figure of the levels at a capacity, on the straight line between two levels; 0 if closed."""
        if capacity is None:
            return 0.0
        values = [float(self.network.profile(getattr(level, name))[period]) for level in self.levels]
        return float(np.interp(capacity, [level.capacity_t for level in self.levels], values))

    def over_time(self, name: str) -> Floats:
        """Return a figure at the capacity that stands, by period (T)."""
        return np.array([self.figure(name, t, size) for t, size in enumerate(self.sizes)])

    def investments(self) -> Floats:
        """Return what opening and raising costs (T), undiscounted; the difference of two levels where it is raised."""
        spent = [
            0.0 if size is None else self.figure("opening_cost", t, size) - self.figure("opening_cost", t, before)
            for t, (size, before) in enumerate(zip(self.sizes, self.befores, strict=True))
        ]
        return np.array(spent) * self.candidate.opening_cost_factor

    def closings(self) -> Floats:
        """Return what closing costs (T), undiscounted."""
        return np.array(
            [
                self.figure("closing_cost", t, before) if size is None else 0.0
                for t, (size, before) in enumerate(zip(self.sizes, self.befores, strict=True))
            ]
        )

    def worth_at_the_end(self) -> float:
        """Return what is left of what its owner paid, refunds with their minus; 0 if it does not stand then.

        On a straight line over its life; subsidies on the opening cost were paid by somebody else.
        """
        life = self.network.types_by_name[self.candidate.type].life_periods
        if life is None or self.sizes[-1] is None:
            return 0.0
        ages = len(self.sizes) - np.arange(len(self.sizes))
        own = self.investments() * (1.0 - self.network.subsidised_share(self.candidate))
        return float(own @ np.clip(1.0 - ages / life, 0.0, 1.0))


def careers_of(network: Network, facilities: pd.DataFrame) -> dict[tuple[str, str], Career]:
    """Return the careers of all candidates that may stand, by site and type.

    Raises
    ------
    ValueError
        If something stands that is not a candidate.
    """
    careers = {(c.site, c.type): Career(network, c) for c in network.candidates if c.standing is not Standing.CLOSED}
    for row in records(facilities):
        if (row.site, row.type) not in careers:
            raise ValueError(f"a plan has '{row.type}' at '{row.site}', where none may stand")
        careers[row.site, row.type].sizes[network.period_index[row.period]] = float(row.capacity_t)
    return careers
