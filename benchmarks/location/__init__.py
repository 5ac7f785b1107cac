"""Location at scale: cases with peers, seconds until a gap is proven, or what gap the time limit leaves.

    python -m benchmarks location                      every case, each with its peers: an hour
    python -m benchmarks.location CASE ... [--alone] [--seconds S]   some cases; without their peers; in less time

Published problems take part where `BATTERYOPT_LOCATION` names a folder with their files (`published.py`).

Each run has a process of its own. Beside wall time stands the processor's: on a busy machine that is what compares.
"""

from __future__ import annotations

import dataclasses

from benchmarks.location.measure import measured, merged_into_results


def run(
    names: list[str] | None = None, *, with_peers: bool = True, seconds: float | None = None
) -> dict[str, float | str]:
    """Return figures by case, contestant and quantity, and keep them in ``benchmarks/results``."""
    from benchmarks.location.published import all_cases

    figures: dict[str, float | str] = {}
    for case in all_cases():
        if names and case.name not in names:
            continue
        case = case if seconds is None else dataclasses.replace(case, seconds=seconds)
        for contestant, row in measured(case, with_peers=with_peers):
            merged_into_results(case, contestant, row)
            figures.update({f"{case.name}, {contestant}: {key}": value for key, value in row.items()})
    return figures
