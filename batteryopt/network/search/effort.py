"""How many steps a search may take, whatever the clock says: with the same number the same plan, on any machine."""

from __future__ import annotations

import dataclasses
import math

from batteryopt.solvers.contract.adapter import Options


class Effort:
    """Steps that are left: of prices, searches around a plan, nodes of trees, each counted as one.

    Parameters
    ----------
    most
        None for no end.
    """

    def __init__(self, most: int | None = None) -> None:
        self.left = math.inf if most is None else float(most)

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left."""
        return self.left <= 0

    def spend(self, steps: int = 1) -> None:
        """Count steps that were taken."""
        self.left -= steps

    def limited(self, options: Options) -> Options:
        """Return options of a tree that has no more nodes than are left."""
        return (
            options if math.isinf(self.left) else dataclasses.replace(options, iteration_limit=max(0, int(self.left)))
        )
