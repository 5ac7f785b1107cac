"""When rows of the futures' costs are the way, and what a search by them has found in the words of any search."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.network.formulation.algebra import Formulation
from batteryopt.network.futures.relaxed_by_cuts import KnownByCuts
from batteryopt.network.search.search import DUALS, TREE, Found
from batteryopt.solvers.contract.adapter import Options

CUTS_FROM = 200_000
"""Coefficients of all futures beyond which rows of their costs come before the extensive form: a province of 21 cities
with three futures (60,000) for the worst of a budget was nearer by the extensive form (2.6 % after 45 s of a core, not
2.9 % after 58), with 20 futures (400,000) by rows (1.2 % to 1.5 %, not 3.1 %)."""


def is_for_cuts(forms: Sequence[Formulation], times: float = 1.0) -> bool:
    """Return whether futures are too many, or too large, for their extensive form to be begun with.

    Parameters
    ----------
    times
        How many times larger than others their extensive form may be.
    """
    entries = sum(len(rows.variable) for m in forms for rows in m.rows.values())
    return len(forms) > 1 and entries > times * CUTS_FROM


def found_by_cuts(known: KnownByCuts, options: Options, *, is_over: bool, is_interrupted: bool) -> Found | None:
    """Return what was found; None where it ended before the time and short of the gap: something else is to go on."""
    is_near = bool(known.points) and options.is_near_enough(known.value, known.bound)
    if not is_near and not is_over:
        return None
    why = StopReason.INTERRUPTED if is_interrupted else StopReason.TIME_LIMIT
    status = PointStatus.OPTIMAL if is_near else PointStatus.FEASIBLE
    bound = known.bound if np.isfinite(known.bound) else None
    return Found(
        stop_reason=StopReason.CONVERGED if is_near else why,
        point_status=status if known.points else PointStatus.NONE,
        bound=bound,
        root_bound=known.root_bound if np.isfinite(known.root_bound) else None,
        rests_on="" if bound is None else DUALS if bound == known.root_bound else TREE,
    )


def with_better_bound(found: Found, known: KnownByCuts) -> Found:
    """Return what was found with the better of two bounds; both are proven."""
    if found.stop_reason.is_no_solution or not np.isfinite(known.bound):
        return found
    return dataclasses.replace(found, bound=max(known.bound, -np.inf if found.bound is None else found.bound))
