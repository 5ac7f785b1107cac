"""The cases: what is solved, to which gap, in which time, beside whom. A further one is a line more."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from batteryopt.network.data.instance import Network
from batteryopt.network.tables import read
from benchmarks.location.growing import growing
from benchmarks.location.lumpy import lumpy

NETWORKS = Path(__file__).parents[2] / "data" / "networks"
PEERS = ("HiGHS on the usual form through Pyomo", "HiGHS on our arrays", "SCIP on our arrays")
PATIENCE_S = (30.0, 200.0)
"""Seconds that a peer has at least, and at most, where its limit is a multiple of ours."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A case with its goal.

    Attributes
    ----------
    network
        Makes or reads it.
    seconds
        Time limit of every contestant.
    share_of_gross
        Money between plan and bound at which it is proven, as a share of all money that moves; 0: by `gap` alone.
    gap
        Relative gap at which it is proven.
    peers
        Who else takes part: names of `PEERS`.
    patience
        Peers have this multiple of the seconds that we took, within `PATIENCE_S`; None: `seconds`, as we do.
    threads
        Of every contestant; None: as many as each likes.
    results
        File of ``benchmarks/results`` that keeps what it measures.
    """

    name: str
    network: Callable[[], Network]
    seconds: float
    share_of_gross: float = 0.0
    gap: float = 0.0
    peers: tuple[str, ...] = PEERS
    patience: float | None = None
    threads: int | None = None
    results: str = "location"

    @property
    def goal(self) -> str:
        """What is to be proven, in words."""
        if self.share_of_gross:
            return f"{self.share_of_gross:.1%} of gross money"
        return f"gap {self.gap:.2%}"

    def for_peers(self, ours: float) -> Case:
        """Return the case as peers have it, where we took so many seconds: who needs longer is slower by as much."""
        if self.patience is None:
            return self
        least, most = PATIENCE_S
        return dataclasses.replace(self, seconds=min(max(self.patience * ours, least), most))


def _stored(name: str) -> Callable[[], Network]:
    return functools.partial(read, NETWORKS / name)


def _growing(zones: int, seconds: float, *peers: str) -> Case:
    """Return the case of a growing country: the same goal at every size."""
    make = functools.partial(growing, zones)
    return Case(name=f"growing-{zones}", network=make, seconds=seconds, gap=0.02, peers=peers, results="growing")


GROWING = (
    _growing(100, 60.0, PEERS[1]),
    _growing(300, 60.0, PEERS[1]),
    _growing(1_000, 60.0, PEERS[1]),
    _growing(3_000, 180.0),
    _growing(10_000, 900.0),
)
"""The scale goal: 1,000 sites and 10,000 places, and how time and memory grow up to there."""
CASES = (
    Case(name="16-cities", network=functools.partial(lumpy, 16, 11), seconds=60.0, share_of_gross=0.003),
    Case(name="45-cities", network=functools.partial(lumpy, 45, 33), seconds=60.0, share_of_gross=0.003),
    Case(name="china-province", network=_stored("china-province"), seconds=60.0, gap=1e-4),
    Case(name="china-capitals", network=_stored("china-capitals"), seconds=60.0, gap=1e-3, peers=PEERS[:1]),
    Case(name="china", network=_stored("china"), seconds=300.0, gap=1e-2, peers=()),
    *GROWING,
)
