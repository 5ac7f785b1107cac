"""The relaxation with the dearest kind of facilities whole: a tree over a few plants, all else in fractions.

Where a handful of plants costs more than all that is at stake elsewhere, the relaxation buys 1.7 of them, and most of
the distance between bound and plan is theirs. They are few: a tree over them alone ends, and its bound is one of the
whole problem, as all else is relaxed. That holds only over all items, and where levels charge nothing of their own,
which the relaxation leaves out.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from batteryopt.network.formulation.algebra import Bools, Floats
from batteryopt.network.search.lagrangian.sifting import Sifted
from batteryopt.network.search.relaxation import seconds_left
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_run import Watch, run

MOST_ITEMS = 200_000
"""More are not all in: then the tree is for a plan only."""


@dataclass(frozen=True, kw_only=True, eq=False)
class WholeKind:
    """What the tree found.

    Attributes
    ----------
    sizes
        Of all facilities, those of the kind whole, in the order of `Sifted.sizes`; None without a point.
    bound
        Of the whole problem; minus infinite where the tree proves none.
    """

    sizes: Floats | None
    bound: float


def whole_kind(sifted: Sifted, kind: Bools, options: Options, deadline: float) -> WholeKind:
    """Return what a tree over the sizes of one kind of facilities (F) finds in time."""
    s = sifted.s
    is_whole = len(s.items) <= MOST_ITEMS
    items = np.arange(len(s.items)) if is_whole else sifted.items
    program = sifted.program.of_items(items)
    facility = np.nonzero(s.careers.columns >= 0)[0]
    is_integer = np.zeros(len(program.c), dtype=bool)
    is_integer[sifted.sizes[kind[facility]]] = True
    limited = dataclasses.replace(
        options, relative_gap=options.relative_gap / 4, time_limit=seconds_left(deadline), log=False
    )
    found = run(dataclasses.replace(program, is_integer=is_integer), limited, Watch(flag=sifted.flag))
    proves = is_whole and s.pools.charge is None and found.bound is not None
    return WholeKind(
        sizes=None if found.x is None else found.x[sifted.sizes],
        bound=float(found.bound) if proves and found.bound is not None else -np.inf,
    )
