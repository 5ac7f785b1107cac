"""OR-Library's capacitated location of 100 sites and 1,000 zones, where its files are at hand.

The files, a megabyte each, are not part of this repository: the environment variable ``BATTERYOPT_LOCATION`` names the
folder that has `capa.txt`, `capb.txt` and `capc.txt` (https://people.brunel.ac.uk/~mastjjb/jeb/orlib/capinfo.html).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from batteryopt.network.location import read_capacitated
from batteryopt.network.solve import solve

FOLDER = os.environ.get("BATTERYOPT_LOCATION")
PUBLISHED = {
    ("capa", 8000): 19240822.449,
    ("capa", 10000): 18438046.543,
    ("capa", 12000): 17765201.949,
    ("capa", 14000): 17160439.012,
    ("capb", 5000): 13656379.578,
    ("capb", 6000): 13361927.449,
    ("capb", 7000): 13198556.434,
    ("capb", 8000): 13082516.496,
    ("capc", 5000): 11646596.974,
    ("capc", 5750): 11570340.289,
    ("capc", 6500): 11518743.744,
    ("capc", 7250): 11505767.394,
}
GAP = 1e-3
"""Asked for, and so how near to the published optimum plan and bound are."""


@pytest.mark.slow
@pytest.mark.skipif(FOLDER is None, reason="BATTERYOPT_LOCATION names no folder of OR-Library's files")
@pytest.mark.parametrize(("name", "capacity"), list(PUBLISHED))
def test_the_published_optimum(name, capacity):
    network = read_capacitated(Path(str(FOLDER)) / f"{name}.txt", capacity=capacity)
    answer = solve(network, gap=GAP, threads=1)
    assert answer.certificate.passed
    assert answer.gap <= GAP
    assert answer.objective == pytest.approx(PUBLISHED[name, capacity], rel=2 * GAP)
