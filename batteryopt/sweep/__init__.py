"""Many instances around one: some of its numbers varied over a grid, every point solved and certified.

``sweep(instance, [Axis.evenly("usable_share", 0.3, 0.9, 25)])`` returns a table with a row a point and model.
"""

from batteryopt.sweep.sweep_grid import Axis, grid_of
from batteryopt.sweep.sweep_run import sweep

__all__ = ["Axis", "grid_of", "sweep"]
