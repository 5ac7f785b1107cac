"""Published problems, where their files are at hand: OR-Library's capacitated location, and location of two stages.

The environment variable ``BATTERYOPT_LOCATION`` names the folder with `capa.txt`, `capb.txt`, `capc.txt`
(https://people.brunel.ac.uk/~mastjjb/jeb/orlib/capinfo.html) and the files `PSC*-50.txt` (P. Fernandes and others,
Computers & Industrial Engineering 75, 2014, doi:10.1016/j.cie.2014.05.023). What is not there is left out.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from pathlib import Path

from batteryopt.network.location import read_capacitated, read_two_stage
from benchmarks.location.cases import CASES, PEERS, Case

FOLDER = "BATTERYOPT_LOCATION"
CAPACITIES = {
    "capa": (8000, 10000, 12000, 14000),
    "capb": (5000, 6000, 7000, 8000),
    "capc": (5000, 5750, 6500, 7250),
}
TWO_STAGES = {"PSC1-C1-50": 0.001, "PSC2-C2-50": 0.001, "PSC1-C5-50": 0.002}
"""Names of files, and the gap that is the goal."""
STRONG_FORM = PEERS[1:2]


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
            yield Case(name=f"{name}-{capacity}", network=network, seconds=100.0, gap=1e-3, peers=STRONG_FORM)
    for name, gap in TWO_STAGES.items():
        path = folder / f"{name}.txt"
        if path.exists():
            network = functools.partial(read_two_stage, path)
            yield Case(name=name, network=network, seconds=60.0, gap=gap, peers=STRONG_FORM)
