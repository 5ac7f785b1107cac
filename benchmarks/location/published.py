"""Published problems, where their files are at hand: OR-Library's capacitated location, and location of two stages.

The environment variable ``BATTERYOPT_LOCATION`` names the folder with `capa.txt`, `capb.txt`, `capc.txt`
(https://people.brunel.ac.uk/~mastjjb/jeb/orlib/capinfo.html), the files `PSC*-50.txt` (P. Fernandes and others,
Computers & Industrial Engineering 75, 2014, doi:10.1016/j.cie.2014.05.023) and `PSC*-50-5.txt` (G. Mauri and others,
International Transactions in Operational Research 28, 2021, doi:10.1111/itor.12930). What is not there is left out.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from batteryopt.network.data.instance import Network
from batteryopt.network.location import read_capacitated, read_two_stage
from benchmarks.location.cases import CASES, PEERS, Case

FOLDER = "BATTERYOPT_LOCATION"
CAPACITIES = {
    "capa": (8000, 10000, 12000, 14000),
    "capb": (5000, 6000, 7000, 8000),
    "capc": (5000, 5750, 6500, 7250),
}
TWO_STAGES = {
    **{"PSC1-C1-50": (0.001, 60.0), "PSC2-C2-50": (0.001, 60.0), "PSC1-C5-50": (0.002, 60.0)},
    **dict.fromkeys(("PSC1-C1-50-5", "PSC2-C2-50-5", "PSC3-C3-50-5"), (0.01, 120.0)),
}
"""Names of files, the gap that is the goal, and the seconds; the last ones have five products."""
STRONG_FORM = PEERS[1:2]
WITH_ALL_PEERS = frozenset({"capa-8000", "capb-5000", "PSC1-C1-50", "PSC2-C2-50"})
"""Where every peer takes part, not only the strongest."""
PATIENCE = 12.0
"""Peers have as many times our own seconds: ten times slower is the goal, and loads of machines change."""


def all_cases() -> tuple[Case, ...]:
    """Return the cases of this repository, and the published ones that are at hand."""
    folder = os.environ.get(FOLDER)
    return CASES if folder is None else (*CASES, *_published(Path(folder)))


def is_published(name: str) -> bool:
    """Return whether a case of this name is one of a published file."""
    return name in TWO_STAGES or name.partition("-")[0] in CAPACITIES


def _published(folder: Path) -> Iterator[Case]:
    for name, capacities in CAPACITIES.items():
        path = folder / f"{name}.txt"
        for capacity in capacities if path.exists() else ():
            network = functools.partial(read_capacitated, path, capacity=float(capacity))
            yield _case(f"{name}-{capacity}", network, 100.0, 1e-3)
    for name, (gap, seconds) in TWO_STAGES.items():
        path = folder / f"{name}.txt"
        if path.exists():
            yield _case(name, functools.partial(read_two_stage, path), seconds, gap)


def _case(name: str, network: Callable[[], Network], seconds: float, gap: float) -> Case:
    """Return a case in which everybody has one thread, so that seconds of the processor compare."""
    peers = PEERS if name in WITH_ALL_PEERS else STRONG_FORM
    return Case(name=name, network=network, seconds=seconds, gap=gap, peers=peers, patience=PATIENCE, threads=1)
