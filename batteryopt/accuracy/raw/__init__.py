"""Solvers as their makers ship them: called directly, told the tolerance and the time, and taken at their word.

Nothing here asks twice, changes units, rounds a point or withdraws a claim; the doubles are those that the adapters
hand over too, so that the two tracks differ by what the adapters do and by nothing else.
"""

from batteryopt.accuracy.raw.raw_highs import RawHighs
from batteryopt.accuracy.raw.raw_interior import RawIpopt, RawPounce
from batteryopt.accuracy.raw.raw_scip import RawScip
from batteryopt.accuracy.raw.raw_solver import RawSolver

RAW: tuple[type[RawSolver], ...] = (RawHighs, RawIpopt, RawScip, RawPounce)

__all__ = ["RAW", "RawHighs", "RawIpopt", "RawPounce", "RawScip", "RawSolver"]
