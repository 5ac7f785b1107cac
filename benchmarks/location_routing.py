"""Location-routing: depots and rounds of Prodhon's instances, beside the best values known.

The files (`coord20-5-1.dat` ...; C. Prins, C. Prodhon, R. Wolfler Calvo, 4OR 4, 2006) are not part of this repository:
the environment variable ``BATTERYOPT_LOCATION_ROUTING`` names their folder, ``BATTERYOPT_SECONDS`` the time of each (60
by default), ``BATTERYOPT_INSTANCES`` those wanted, parted by commas (all by default). Figures are cost, gap to the best
value known, the gap to the bound that is proven here, and seconds of the clock and of the processor: on a busy machine
the limit, which is of the clock, leaves little of the latter. A cost below the best known value would be an error, and
is raised as one.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.network.rounds.location_routing import locate_rounds
from batteryopt.network.rounds.prodhon_file import read_prodhon
from batteryopt.network.rounds.vehicle_routing import RoundEffort

FOLDER, SECONDS, INSTANCES = "BATTERYOPT_LOCATION_ROUTING", "BATTERYOPT_SECONDS", "BATTERYOPT_INSTANCES"
BEST_KNOWN = {
    "20-5-1": 54_793, "20-5-1b": 39_104, "20-5-2": 48_908, "20-5-2b": 37_542,
    "50-5-1": 90_111, "50-5-1b": 63_242, "50-5-2": 88_293, "50-5-2b": 67_308, "50-5-2BIS": 84_055,
    "50-5-2bBIS": 51_822, "50-5-3": 86_203, "50-5-3b": 61_830,
    "100-5-1": 274_814, "100-5-1b": 213_568, "100-5-2": 193_671, "100-5-2b": 157_095, "100-5-3": 200_079,
    "100-5-3b": 152_441, "100-10-1": 287_661, "100-10-1b": 230_989, "100-10-2": 243_590, "100-10-2b": 203_988,
    "100-10-3": 250_882, "100-10-3b": 203_114,
    "200-10-1": 474_850, "200-10-1b": 375_177, "200-10-2": 448_077, "200-10-2b": 373_696, "200-10-3": 469_433,
    "200-10-3b": 362_320,
}  # fmt: skip
"""Of the literature, as the repository NEOS-LRP-Codes (MIT) lists them."""


def run() -> dict[str, float]:
    """Return cost, gaps and seconds of each instance, and the mean and the worst gap to the best known values."""
    files = _files()
    seconds = float(os.environ.get(SECONDS, "60"))
    figures: dict[str, float] = {}
    gaps = []
    for name, path in files.items():
        began = time.process_time()
        found = locate_rounds(read_prodhon(path).location_routing(), RoundEffort(seconds=seconds))
        worked = time.process_time() - began
        if found is None or not found.certificate.passed:
            raise AssertionError(f"{name}: no rounds, or a certificate that failed")
        if found.cost < BEST_KNOWN[name] - 0.5:
            raise AssertionError(f"{name}: {found.cost} is below the best known {BEST_KNOWN[name]}: a rule is missing")
        gaps.append(100.0 * (found.cost / BEST_KNOWN[name] - 1.0))
        figures |= {
            f"{name}: best known": BEST_KNOWN[name],
            f"{name}: cost": found.cost,
            f"{name}: % above best known": gaps[-1],
            f"{name}: % above the bound proven here": 100.0 * found.gap,
            f"{name}: seconds": found.seconds,
            f"{name}: processor seconds": worked,
        }
        took = f"{found.seconds:.0f} s ({worked:.0f} s of a core)"
        print(f"  {name}: {found.cost:,.0f}, {gaps[-1]:.2f} % above best known, {took}", flush=True)
    figures |= {"mean % above best known": sum(gaps) / len(gaps), "worst % above best known": max(gaps)}
    return figures


def _files() -> dict[str, Path]:
    """Return the files of the instances by name."""
    folder, wanted = os.environ.get(FOLDER, ""), os.environ.get(INSTANCES, "")
    names = [name.strip() for name in wanted.split(",") if name.strip()] or list(BEST_KNOWN)
    found = {name: Path(folder) / f"coord{name}.dat" for name in names if name in BEST_KNOWN}
    there = {name: path for name, path in found.items() if folder and path.exists()}
    if not there:
        remedy = f"set {FOLDER} to the folder that has coord20-5-1.dat and the others"
        raise InvalidInput("benchmarks", [Fault(place=FOLDER, problem="names no such instance", remedy=remedy)])
    return there
