"""What solvers that are called directly have in common: a name on the raw track, options, and a word of their own."""

from __future__ import annotations

import abc
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from batteryopt.accuracy.contest import Track, Word, called
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers.compile.components import Parts, parts_of

PREFIX = "raw:"
"""Before the solver's name, as ``engine:`` stands before a method's."""


@dataclass(frozen=True, kw_only=True)
class RawAnswer:
    """What came out of a solver: its closing words, and how they are read.

    Attributes
    ----------
    status
        The solver's own words.
    duals, reduced_costs
        As in `Word`.
    """

    status: str
    stop_reason: StopReason
    point_status: PointStatus
    bound: float | None = None
    iterations: int | None = None
    duals: Mapping[str, float] = field(default_factory=dict)
    reduced_costs: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class RawSolver(abc.ABC):
    """A solver called directly; subclasses fill `settings` and `run`.

    Attributes
    ----------
    options
        Native options beside those of `settings`, which make it a contestant of its own.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    levels: ClassVar[int] = 1
    track: ClassVar[Track] = Track.RAW
    solver: ClassVar[str]

    @property
    def name(self) -> str:
        """The solver's name on this track, and what is asked of it beside the tolerance."""
        return called(f"{PREFIX}{self.solver}", self.options)

    @abc.abstractmethod
    def is_available(self) -> bool:
        """Whether it is installed."""

    @abc.abstractmethod
    def version(self) -> str:
        """Return the solver's version."""

    @abc.abstractmethod
    def settings(self, tolerance: float, time_limit: float) -> dict[str, Any]:
        """Return every tolerance that the solver has, the time and one thread, by its own names."""

    @abc.abstractmethod
    def run(self, parts: Parts, settings: Mapping[str, Any]) -> RawAnswer:
        """Run the solver once and leave its point, as it is, in the model's variables."""

    def solve(self, model: Any, tolerance: float, time_limit: float) -> Word:
        """Run the solver once; what it says is passed on unread.

        Raises
        ------
        UnsupportedModel
            If the model is not for it.
        ValueError
            If it does not take an option.
        """
        settings = {**self.settings(tolerance, time_limit), **self.options}
        begin = time.perf_counter()
        answer = self.run(parts_of(model), settings)
        return Word(
            solver=self.solver,
            version=self.version(),
            stop_reason=answer.stop_reason,
            point_status=answer.point_status,
            bound=answer.bound,
            iterations=answer.iterations,
            seconds=time.perf_counter() - begin,
            raw_status=answer.status,
            options=settings,
            duals=answer.duals,
            reduced_costs=answer.reduced_costs,
        )
