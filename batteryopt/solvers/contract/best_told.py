"""Progress that never goes back: what has been told of plans and bounds stays true, whatever is told next."""

from __future__ import annotations

import dataclasses
import math

from batteryopt.solvers.contract.adapter import Progress, ProgressListener


class BestTold:
    """A listener that tells another one, in place of each objective and bound of a minimisation, the best so far.

    A search of several steps hears each of them tell what it knows itself, which is less at first than what the steps
    before it have proven.
    """

    def __init__(self, listener: ProgressListener) -> None:
        self._listener = listener
        self.objective, self.bound = math.inf, -math.inf

    def __call__(self, progress: Progress) -> None:
        """Tell on what is known now."""
        self.objective = min(self.objective, math.inf if progress.objective is None else progress.objective)
        self.bound = max(self.bound, -math.inf if progress.bound is None else progress.bound)
        objective, bound = (v if math.isfinite(v) else None for v in (self.objective, self.bound))
        self._listener(dataclasses.replace(progress, objective=objective, bound=bound))
